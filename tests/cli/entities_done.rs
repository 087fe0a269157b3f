//! Forty days of videos on a private MariaDB, night by night: what `growth` says of every day against what the
//! tables that the test itself wrote give.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use chrono::{Days, NaiveDate};
use serde_json::{Value, json};

use crate::support::command::Place;
use crate::support::mariadb::{Db, REPORT, db, free_port};

/// The first day. The clocks go back on 2025-11-02.
const FIRST: (i32, u32, u32) = (2025, 10, 6);
const DAYS: u64 = 40;
/// The night in which nothing ran.
const MISSED: u64 = 12;
/// The night in which the source could not be reached; in the morning it was too late.
const LATE: u64 = 25;
pub const COUNTERS: [&str; 4] = ["views", "likes", "comments", "shares"];

/// A row that the test wrote: whose it is, and its four counters.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub user: Option<i64>,
    pub counters: [Option<i64>; 4],
}

pub type Table = BTreeMap<String, Row>;

/// What a counter did: over the newer side, over the older one, of what appeared, of what disappeared, how
/// many went down and are unknown on a side where they are, and how many have a part in it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Sums {
    current: i64,
    previous: i64,
    appeared: i64,
    disappeared: i64,
    decreased: i64,
    unknown: i64,
    rows: i64,
}

pub fn date(day: u64) -> NaiveDate {
    NaiveDate::from_ymd_opt(FIRST.0, FIRST.1, FIRST.2).unwrap() + Days::new(day)
}

/// The clock of Chicago in the morning after a day.
pub fn morning(day: u64, time: &str) -> String {
    let date = date(day + 1);
    // The clocks are put back at two in the night of 2 November.
    let offset = if date <= NaiveDate::from_ymd_opt(2025, 11, 2).unwrap() { "-05:00" } else { "-06:00" };
    format!("{date}T{time}{offset}")
}

/// A day in the life of the table: growth, drops, new rows, deletions, rows that come back.
pub fn live(table: &mut Table, gone: &mut Table, day: u64, rng: &mut fastrand::Rng) {
    let new = if day == 0 { 14 } else { rng.u64(0..3) };
    for one in 0..new {
        // As text, v10 stands before v9; and some keys are no ASCII.
        let key = if (day + one).is_multiple_of(7) {
            format!("ü{day}·{one}")
        } else {
            format!("v{}", day * 10 + one)
        };
        let user = [Some(5), Some(12), Some(100), None][rng.usize(0..4)];
        let views = rng.i64(0..90_000);
        table.insert(key, Row { user, counters: [Some(views), Some(views / 9), Some(0), None] });
    }
    for row in table.values_mut() {
        for (at, counter) in row.counters.iter_mut().enumerate() {
            let most = [4000, 300, 20, 9][at];
            *counter = match counter {
                // An audit takes some away.
                Some(value) if rng.u32(0..20) == 0 => Some(*value - *value * rng.i64(1..30) / 100),
                // A counter may get lost, and come back.
                Some(_) if rng.u32(0..60) == 0 => None,
                Some(value) => Some(*value + rng.i64(0..most)),
                None if rng.u32(0..6) == 0 => Some(rng.i64(0..most)),
                None => None,
            };
        }
        if rng.u32(0..80) == 0 {
            row.user = Some(12);
        }
    }
    let keys: Vec<String> = table.keys().cloned().collect();
    for key in keys {
        if table.len() > 8 && rng.u32(0..35) == 0 {
            let row = table.remove(&key).unwrap();
            gone.insert(key, row);
        }
    }
    if rng.u32(0..5) == 0
        && let Some((key, row)) = gone.pop_first()
    {
        table.insert(key, row);
    }
    // More than fits into 32 bits, and than a float can tell apart.
    if day == 20 {
        let row = Row { user: Some(100), counters: [Some(9_007_199_254_740_993), Some(0), Some(0), Some(0)] };
        table.insert("huge".to_owned(), row);
    }
}

fn write(db: &Db, table: &Table) {
    let sql = |number: Option<i64>| number.map_or_else(|| "null".to_owned(), |number| number.to_string());
    let mut script = "begin; delete from videos;\n".to_owned();
    for (key, row) in table {
        let [views, likes, comments, shares] = row.counters.map(sql);
        let user = sql(row.user);
        let _ = writeln!(
            script,
            "insert into videos values ('{key}', {user}, 'Video {key}', {views}, {likes}, {comments}, {shares});"
        );
    }
    db.sql(&(script + "commit;"));
}

/// What two tables say, counter by counter, of the rows of the users that are meant.
fn sums(new: &Table, old: &Table, is_meant: impl Fn(Option<i64>) -> bool) -> [Sums; 4] {
    let mut all = [Sums::default(); 4];
    let keys: BTreeSet<&String> = new.keys().chain(old.keys()).collect();
    for key in keys {
        let (new, old) = (new.get(key), old.get(key));
        // It belongs to where it is now, or was last.
        if !is_meant(new.or(old).unwrap().user) {
            continue;
        }
        for (at, sums) in all.iter_mut().enumerate() {
            let sides = (new.map(|row| row.counters[at]), old.map(|row| row.counters[at]));
            let unknown = sides.0 == Some(None) || sides.1 == Some(None);
            sums.unknown += i64::from(unknown);
            sums.rows += i64::from(!unknown && sides != (None, None));
            match sides {
                (Some(Some(new)), Some(Some(old))) => {
                    sums.current += new;
                    sums.previous += old;
                    sums.decreased += i64::from(new < old);
                }
                (Some(Some(new)), None) => {
                    sums.current += new;
                    sums.appeared += new;
                }
                (None, Some(Some(old))) => {
                    sums.previous += old;
                    sums.disappeared += old;
                }
                _ => {}
            }
        }
    }
    all
}

/// The change in percent with two decimals, half to even; null from nothing.
pub fn percentage(current: i64, previous: i64) -> String {
    if previous == 0 {
        return "null".to_owned();
    }
    let (change, base) = (i128::from(current - previous) * 10_000, i128::from(previous.abs()));
    let (mut hundredths, rest) = (change.abs() / base, change.abs() % base);
    if rest * 2 > base || (rest * 2 == base && hundredths % 2 == 1) {
        hundredths += 1;
    }
    let sign = if change < 0 && hundredths > 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", hundredths / 100, hundredths % 100)
}

#[track_caller]
fn same(told: &Value, expected: &Sums, what: &str) {
    let growth = expected.current - expected.previous;
    let whole = |name: &str| told[name].as_i64();
    if expected.rows == 0 && expected.unknown > 0 {
        // Of rows of which none is known there is no sum, not even 0.
        for name in ["current", "previous", "growth", "percentage", "isIncrease"] {
            assert_eq!(told[name], Value::Null, "{what}, {name}");
        }
        assert_eq!(whole("unknown"), Some(expected.unknown), "{what}");
        return;
    }
    assert_eq!(whole("current"), Some(expected.current), "{what}");
    assert_eq!(whole("previous"), Some(expected.previous), "{what}");
    assert_eq!(whole("growth"), Some(growth), "{what}");
    assert_eq!(told["percentage"].to_string(), percentage(expected.current, expected.previous), "{what}");
    assert_eq!(told["isIncrease"], growth > 0, "{what}");
    let parts = [expected.appeared, expected.disappeared, expected.decreased, expected.unknown];
    let names = ["appeared", "disappeared", "decreased", "unknown"];
    assert_eq!(names.map(whole), parts.map(Some), "{what}");
}

/// What `growth` says of two tables.
pub fn compare(told: &Value, new: &Table, old: &Table, what: &str) {
    for (name, sums) in COUNTERS.iter().zip(sums(new, old, |_| true)) {
        same(&told["growth"][name], &sums, &format!("{what}, {name}"));
    }
    let users: BTreeSet<Option<i64>> = new.values().chain(old.values()).map(|row| row.user).collect();
    let groups = told["groups"].as_array().unwrap();
    for user in users {
        let key = user.map_or(Value::Null, |user| user.to_string().into());
        let all = sums(new, old, |of| of == user);
        let told = groups.iter().find(|group| group["key"] == key);
        let Some(told) = told else {
            assert_eq!(all, [Sums::default(); 4], "{what}, user {user:?}");
            continue;
        };
        for (name, sums) in COUNTERS.iter().zip(all) {
            same(&told["growth"][name], &sums, &format!("{what}, {name} of {user:?}"));
        }
    }
    let both = || new.iter().filter_map(|(key, row)| Some((key, row, old.get(key)?)));
    let any = |of: &dyn Fn(usize, &Row, &Row) -> bool| {
        both().filter(|(_, new, old)| (0..4).any(|at| of(at, new, old))).count()
    };
    let known = |at: usize, new: &Row, old: &Row| new.counters[at].zip(old.counters[at]);
    let unknown = |row: Option<&Row>| row.is_some_and(|row| row.counters.contains(&None));
    let keys: BTreeSet<&String> = new.keys().chain(old.keys()).collect();
    let expected = [
        ("matched", both().count()),
        ("appeared", new.keys().filter(|key| !old.contains_key(*key)).count()),
        ("disappeared", old.keys().filter(|key| !new.contains_key(*key)).count()),
        ("decreased", any(&|at, new, old| known(at, new, old).is_some_and(|(new, old)| new < old))),
        ("unknown", keys.iter().filter(|key| unknown(new.get(**key)) || unknown(old.get(**key))).count()),
        ("not_due", 0),
    ];
    for (part, count) in expected {
        assert_eq!(told["parts"][part], count, "{what}, {part}");
    }
    let mut grown: Vec<(i64, &String)> =
        both().filter_map(|(key, new, old)| known(0, new, old).map(|(new, old)| (new - old, key))).collect();
    grown.sort_by_key(|(growth, key)| (-growth, *key));
    let top = told["top"]["views"].as_array().unwrap();
    let expected = grown.iter().take(3).map(|(growth, key)| {
        let [now, then] = [new, old].map(|side| side[*key].counters[0].unwrap());
        let percentage = parsed(&percentage(now, then));
        json!({ "key": key, "label": format!("Video {key}"), "current": now, "previous": then,
                "growth": growth, "percentage": percentage })
    });
    assert_eq!(*top, expected.collect::<Vec<Value>>(), "{what}, what grew most");
}

/// The rows of two tables that `--where user_id=USER` means: those of the user now, and of what is gone those that
/// were the user's.
pub fn of_user(user: i64, new: &Table, old: &Table) -> [Table; 2] {
    let is_meant = |key: &String| new.get(key).or_else(|| old.get(key)).unwrap().user == Some(user);
    [new, old].map(|table| {
        table.iter().filter(|(key, _)| is_meant(key)).map(|(key, row)| (key.clone(), row.clone())).collect()
    })
}

/// What `growth --key` says of one video, be it new, gone or there all the time.
pub fn one(place: &Place, looks: &BTreeMap<u64, Table>, (newest, period): (u64, u64), key: &str) {
    let what = format!("{key} over {period} days before {}", date(newest));
    let run = place.asof(&format!("growth --period {period} --key {key} --by user_id --top 3 --json"));
    place.forget();
    let Some(row) = looks[&newest].get(key) else {
        let said = format!("video {key:?} has no row in the look of {}: it was not there", date(newest));
        assert_eq!(run.code, 1, "{what}");
        assert_eq!(parsed(&run.stderr)["error"]["message"], said, "{what}");
        return;
    };
    let only = |row: &Row| -> Table { [(key.to_owned(), row.clone())].into() };
    assert_eq!(run.code, 0, "{what}: {}", run.stderr);
    let told = parsed(&run.stdout);
    let then = newest.checked_sub(period).and_then(|then| looks.get(&then));
    if let Some(old) = then.and_then(|then| then.get(key)) {
        compare(&told, &only(row), &only(old), &what);
        return;
    }
    assert_eq!((&told["previous"], &told["parts"]), (&Value::Null, &Value::Null), "{what}");
    let reason = told["reason"].as_str().unwrap();
    assert_eq!(reason.ends_with(": it was not there then"), then.is_some(), "{what}: {reason}");
    for (at, name) in COUNTERS.iter().enumerate() {
        let counter = &told["growth"][name];
        assert_eq!(counter["current"], Value::from(row.counters[at]), "{what}, {name}");
        for unknown in ["previous", "growth", "percentage", "isIncrease"] {
            assert_eq!(counter[unknown], Value::Null, "{what}, {name}, {unknown}");
        }
    }
}

/// Captures at noon, several at once and of all videos: what is newest then is no daily look.
fn noon(
    place: &Place,
    db: &Db,
    table: &mut Table,
    gone: &mut Table,
    rng: &mut fastrand::Rng,
    day: u64,
) -> Table {
    live(table, gone, day, rng);
    write(db, table);
    place.at(&morning(day - 1, "12:00:00"));
    let mut keys = table.keys().rev();
    let (one, other) = (keys.next().unwrap(), keys.next().unwrap());
    place.done(&[
        &format!("capture video --key {one} --key {other} --type event_driven"),
        "capture video --type scheduled",
        &format!("capture video --key {other} --type event_driven"),
    ]);
    table.clone()
}

/// Everything that was kept is as it was kept.
pub fn sound(place: &Place, looks: usize) {
    let run = place.asof("verify --json");
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    let told = parsed(&run.stdout);
    assert_eq!((&told["looks"], &told["findings"]), (&looks.into(), &json!([])), "{}", run.stdout);
    place.forget();
}

pub fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// A place with a preset on a database, and a configuration whose source nobody can reach.
pub fn place(db: &Db, preset: &str, url: &str) -> Place {
    let place = Place::new();
    place.env("ASOF_SOURCE_PASSWORD", REPORT.1);
    place.secret(REPORT.1);
    place.done(&[&format!("init --preset {preset}")]);
    place.change("asof.toml", url, &db.url_without_password());
    let text = place.read("asof.toml");
    let port = format!(":{}/", db.server().port());
    assert!(text.contains(&port));
    place.write("unreached.toml", text.replace(&port, &format!(":{}/", free_port())));
    place
}

#[test]
fn forty_nights_of_videos_grow_as_the_tables_that_were_written_say() {
    let db = db();
    db.sql(
        "create table videos (id varchar(40) primary key, user_id int, title varchar(80), view_count bigint, \
         like_count bigint, comment_count bigint, share_count bigint)",
    );
    let place = place(&db, "video-growth", "mysql://report@127.0.0.1/videos");
    let mut rng = fastrand::Rng::with_seed(6);
    let (mut table, mut gone) = (Table::new(), Table::new());
    let mut looks: BTreeMap<u64, Table> = BTreeMap::new();
    let (mut compared, mut without) = (0, 0);
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for day in 0..DAYS {
        if day % 10 == 7 {
            let now = noon(&place, &db, &mut table, &mut gone, &mut rng, day);
            let told = parsed(&place.asof("growth --by user_id --top 3 --json").stdout);
            assert_eq!(
                (&told["current"]["date"], &told["current"]["capture"]),
                (&date(day).to_string().into(), &true.into())
            );
            compare(&told, &now, &looks[&(day - 1)], &format!("at noon of {}", date(day)));
            let key = now.keys().rev().find(|key| looks[&(day - 1)].contains_key(*key)).unwrap();
            let only = |table: &Table| -> Table { [(key.clone(), table[key].clone())].into() };
            let run = place.asof(&format!("growth --by user_id --top 3 --json --key {key}"));
            compare(&parsed(&run.stdout), &only(&now), &only(&looks[&(day - 1)]), "one at noon");
            place.forget();
        }
        live(&mut table, &mut gone, day, &mut rng);
        write(&db, &table);
        seen.extend(table.keys().cloned());
        if day == MISSED {
            continue;
        }
        place.at(&morning(day, "00:10:00"));
        if day == LATE {
            let run = place.asof("save --config unreached.toml --retry-for 0s");
            assert_ne!(run.code, 0, "{}", run.stdout);
            place.at(&morning(day, "08:10:00"));
        }
        let run = place.asof("save");
        assert_eq!(run.code, 0, "{}", run.stderr);
        if day == LATE {
            let said = "can't be known: it is 8 h 10 min after the day's end, and max_lag is 3 h";
            assert!(run.stderr.contains(said), "{}", run.stderr);
        } else {
            assert_eq!(run.stderr, "");
            looks.insert(day, table.clone());
        }
        let newest = *looks.keys().next_back().unwrap();
        for period in [1, 7, 30] {
            let what = format!("{period} days before {}", date(newest));
            let run = place.asof(&format!("growth --period {period} --by user_id --top 3 --json"));
            assert_eq!(run.code, 0, "{what}: {}", run.stderr);
            let told = parsed(&run.stdout);
            assert_eq!(told["current"]["date"], date(newest).to_string(), "{what}");
            if let Some(then) = newest.checked_sub(period).filter(|then| looks.contains_key(then)) {
                assert_eq!(told["previous"]["date"], date(then).to_string(), "{what}");
                let change = NaiveDate::from_ymd_opt(2025, 11, 2).unwrap();
                let longer = u64::from(date(then + 1) <= change && date(newest + 1) > change);
                assert_eq!(told["hours"], period * 24 + longer, "{what}");
                compare(&told, &looks[&newest], &looks[&then], &what);
                compared += 1;
                let [new, old] = of_user(5, &looks[&newest], &looks[&then]);
                let line = format!("growth --period {period} --where user_id=5 --by user_id --top 3 --json");
                compare(&parsed(&place.asof(&line).stdout), &new, &old, &format!("{what}, of user 5"));
            } else {
                unknown(&told, &looks, newest, period, &what);
                without += 1;
            }
            let key = seen.iter().nth(rng.usize(0..seen.len())).unwrap();
            one(&place, &looks, (newest, period), key);
        }
        if day % 7 == 6 {
            sound(&place, looks.len());
        }
    }
    sound(&place, 38);
    assert_eq!(looks.len(), 38);
    // Of 39 nights, a day back has no look on the first and after both outages, a week back on the first seven and
    // a week after both, and thirty days back on the first thirty.
    assert_eq!((compared, without), (36 + 30 + 10, 3 + 9 + 29));
    // The nearest look takes the place of one that is missing, of two the earlier; and one video alone.
    let run = place.asof("growth --days 14 --nearest --by user_id --top 3 --json");
    compare(&parsed(&run.stdout), &looks[&39], &looks[&(LATE - 1)], "the nearest look");
    let key = looks[&39].keys().find(|key| looks[&32].contains_key(*key)).unwrap();
    let only = |day: u64| -> Table { [(key.clone(), looks[&day][key].clone())].into() };
    let run = place.asof(&format!("growth --period 7 --key {key} --by user_id --top 3 --json"));
    compare(&parsed(&run.stdout), &only(39), &only(32), "one video");
}

/// A period whose older look is missing: nothing is made up, and what there is is told.
pub fn unknown(told: &Value, looks: &BTreeMap<u64, Table>, newest: u64, period: u64, what: &str) {
    assert_eq!(
        (&told["previous"], &told["hours"], &told["parts"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    for (at, name) in COUNTERS.iter().enumerate() {
        let counter = &told["growth"][name];
        let current: i64 = looks[&newest].values().filter_map(|row| row.counters[at]).sum();
        assert_eq!(counter["current"], current, "{what}");
        for unknown in ["previous", "growth", "percentage", "isIncrease"] {
            assert_eq!(counter[unknown], Value::Null, "{what}, {unknown}");
        }
    }
    // Counted from long before the first day, so that no day is below zero.
    let wanted = newest + 100 - period;
    let earlier = looks.keys().filter(|look| **look < newest);
    let nearest = earlier.min_by_key(|look| ((*look + 100).abs_diff(wanted), **look));
    assert_eq!(told["nearest"], nearest.map_or(Value::Null, |look| date(*look).to_string().into()), "{what}");
    let works = (newest + 1..newest + 100)
        .find(|day| day.checked_sub(period).is_some_and(|then| looks.contains_key(&then)));
    assert_eq!(told["works_from"], date(works.unwrap()).to_string(), "{what}");
    assert!(told["reason"].as_str().unwrap().contains("there is no row of video for"), "{told}");
}
