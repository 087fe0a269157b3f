//! Which day and which hour a row belongs to, for every way in which a column tells time.
//!
//! What is expected is reckoned by hand from Chicago's two changes of clocks in 2025.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};

use super::place::{Pair, Place, Source, pairs};

/// Microseconds since 1970, UTC.
type Micros = i64;

const SECOND: Micros = 1_000_000;
const HOUR: Micros = 3600 * SECOND;

fn micros(text: &str) -> Micros {
    DateTime::parse_from_rfc3339(text).unwrap().timestamp_micros()
}

fn naive(at: Micros) -> NaiveDateTime {
    DateTime::from_timestamp_micros(at).unwrap().naive_utc()
}

/// When Chicago's clocks were put forward from 02:00 to 03:00.
fn spring() -> Micros {
    micros("2025-03-09T08:00:00Z")
}

/// When they were put back from 02:00 to 01:00.
fn fall() -> Micros {
    micros("2025-11-02T07:00:00Z")
}

fn offset(at: Micros) -> Micros {
    if (spring()..fall()).contains(&at) { -5 * HOUR } else { -6 * HOUR }
}

/// What clocks in Chicago show, as if it were UTC.
fn local(at: Micros) -> Micros {
    at + offset(at)
}

/// The instant at which clocks first show this or, if they never do, jump over it.
fn first(shown: Micros) -> Micros {
    let found = [shown + 5 * HOUR, shown + 6 * HOUR].into_iter().find(|at| local(*at) == shown);
    found.unwrap_or_else(spring)
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// A day's window in Chicago.
fn window(day: NaiveDate, starts: NaiveTime) -> (Micros, Micros) {
    let start = |day: NaiveDate| first(day.and_time(starts).and_utc().timestamp_micros());
    (start(day), start(day.succ_opt().unwrap()))
}

fn clock(shown: Micros) -> String {
    let text = naive(shown).format("%H:%M").to_string();
    text.strip_suffix(":00").map_or(text.clone(), str::to_owned)
}

/// How a column keeps time.
#[derive(Clone, Copy, PartialEq)]
enum Kept {
    Local,
    /// UTC or an instant; with a fraction of a second or without.
    Instant,
    /// Whole seconds.
    Seconds,
}

/// One way of keeping times: a table with a column `at` of this type, and how to write a value.
struct Column {
    name: &'static str,
    time_is: &'static str,
    kept: Kept,
    sql_type: &'static str,
    write: fn(usize, Micros) -> String,
}

fn text(at: Micros, format: &str) -> String {
    format!("'{}'", naive(at).format(format))
}

fn columns(source: &Source) -> Vec<Column> {
    let column = |name, time_is, kept, sql_type, write| Column { name, time_is, kept, sql_type, write };
    match source {
        Source::Maria(_) => vec![
            column("local", "local", Kept::Local, "datetime(6)", |_, at| text(local(at), "%F %T%.6f")),
            column("utc", "utc", Kept::Instant, "datetime(6)", |_, at| text(at, "%F %T%.6f")),
            column("instant", "instant", Kept::Instant, "timestamp(6) null", |_, at| text(at, "%F %T%.6f")),
            column("epoch_int", "epoch", Kept::Seconds, "int unsigned", |_, at| (at / SECOND).to_string()),
            column("epoch_big", "epoch", Kept::Seconds, "bigint", |_, at| (at / SECOND).to_string()),
            column("epoch_decimal", "epoch", Kept::Instant, "decimal(16,6)", |_, at| decimal(at)),
            column("epoch_double", "epoch", Kept::Instant, "double", |_, at| decimal(at)),
        ],
        Source::Postgres(_) => vec![
            column("local", "local", Kept::Local, "timestamp", |_, at| text(local(at), "%F %T%.6f")),
            column("utc", "utc", Kept::Instant, "timestamp", |_, at| text(at, "%F %T%.6f")),
            column("instant", "instant", Kept::Instant, "timestamptz", |row, at| {
                let (shift, sign) = [(0, "Z"), (0, ""), (-6 * 60, "-06:00"), (330, "+05:30")][row % 4];
                let shown = text(at + shift * 60 * SECOND, "%F %T%.6f");
                format!("'{}{sign}'", shown.trim_matches('\''))
            }),
            column("epoch_int", "epoch", Kept::Seconds, "integer", |_, at| (at / SECOND).to_string()),
            column("epoch_big", "epoch", Kept::Seconds, "bigint", |_, at| (at / SECOND).to_string()),
            column("epoch_numeric", "epoch", Kept::Instant, "numeric(16,6)", |_, at| decimal(at)),
            column("epoch_double", "epoch", Kept::Instant, "double precision", |_, at| decimal(at)),
        ],
        Source::Lite { .. } => vec![
            column("local", "local", Kept::Local, "text", |row, at| match row % 3 {
                0 => text(local(at), "%F %T%.6f"),
                1 => text(local(at), "%FT%T%.6f"),
                _ => text(local(at), "%F %T%.9f"),
            }),
            column("local_whole", "local", Kept::Local, "datetime", |row, at| {
                let shown = local(at - at % SECOND);
                text(shown, if row % 2 == 0 { "%F %T" } else { "%FT%T" })
            }),
            column("utc", "utc", Kept::Instant, "text", |row, at| {
                text(at, ["%F %T%.6f", "%FT%T%.6f", "%F %T%.6fZ", "%F %T%.9f"][row % 4])
            }),
            column("instant", "instant", Kept::Instant, "text", |row, at| {
                let (shift, sign) = [(0, "Z"), (0, "+00:00"), (-6 * 60, "-06:00"), (330, "+05:30")][row % 4];
                let shown = text(at + shift * 60 * SECOND, ["%FT%T%.6f", "%F %T%.6f"][row / 4 % 2]);
                format!("'{}{sign}'", shown.trim_matches('\''))
            }),
            column("epoch_int", "epoch", Kept::Seconds, "integer", |_, at| (at / SECOND).to_string()),
            column("epoch_real", "epoch", Kept::Instant, "real", |_, at| decimal(at)),
            column("epoch_mixed", "epoch", Kept::Seconds, "", |row, at| {
                format!("{}{}", at / SECOND, if row % 2 == 0 { "" } else { ".0" })
            }),
        ],
    }
}

fn decimal(at: Micros) -> String {
    format!("{}.{:06}", at / SECOND, at % SECOND)
}

/// Rows over these days: on every end of a day and of an hour, a microsecond before it, and between.
fn rows(days: &[NaiveDate], starts: NaiveTime) -> Vec<Micros> {
    let mut rows = Vec::new();
    let mut random = 7_u64;
    for day in days {
        let (start, end) = window(*day, starts);
        let mut at = start;
        while at < end {
            // Some quarters of an hour are left empty, so that not every member occurs.
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            for extra in 0..i64::try_from(random >> 61).unwrap() % 4 {
                rows.push(at + 61 * SECOND + extra * 97 * SECOND + 123_457);
            }
            if (at - start) % HOUR == 0 && !random.is_multiple_of(5) {
                rows.extend([at, at + HOUR - 1]);
            }
            at += HOUR / 4;
        }
        rows.extend([start, end - 1]);
    }
    rows
}

/// The day's members and their rows, in order.
fn expected(kept: Kept, rows: &[Micros], day: NaiveDate, starts: NaiveTime, length: Micros) -> Vec<Pair> {
    let (start, end) = window(day, starts);
    let mut counts: BTreeMap<Micros, u32> = BTreeMap::new();
    for at in rows {
        let at = if kept == Kept::Seconds { at - at % SECOND } else { *at };
        let (at, start, end) =
            if kept == Kept::Local { (local(at), local(start), local(end)) } else { (at, start, end) };
        if (start..end).contains(&at) {
            *counts.entry((at - start) / length).or_default() += 1;
        }
    }
    let name = |number: Micros| {
        if kept == Kept::Local {
            return clock(local(start) + number * length);
        }
        let at = start + number * length;
        let again = (fall()..fall() + HOUR).contains(&at);
        clock(local(at)) + if again { "b" } else { "" }
    };
    counts.into_iter().map(|(number, count)| (Some(name(number)), count.to_string())).collect()
}

fn config(columns: &[Column], starts: &str) -> String {
    let mut text = format!("[calendar]\ntime_zone = \"America/Chicago\"\nday_starts_at = {starts:?}\n");
    for Column { name, time_is, .. } in columns {
        write!(
            text,
            "[events.{name}]\ntable = \"{name}\"\ntime = \"at\"\ntime_is = {time_is:?}\n\
             by.hour = {{ time = \"hour\" }}\nby.half = {{ time = \"half_hour\", alone = true }}\n\
             by.quarter = {{ time = \"quarter_hour\", alone = true }}\n\
             [metrics]\n\
             n_{name} = {{ of = {name:?}, count = true }}\n\
             ids_{name} = {{ of = {name:?}, distinct = \"id\", by = [\"hour\"] }}\n"
        )
        .unwrap();
    }
    // One table of metrics only.
    let (metrics, rest): (Vec<&str>, Vec<&str>) =
        text.lines().filter(|line| *line != "[metrics]").partition(|line| line.contains("of = "));
    format!("{}\n[metrics]\n{}\n", rest.join("\n"), metrics.join("\n"))
}

fn fill(source: &Source, columns: &[Column], rows: &[Micros]) {
    for column in columns {
        let index = if source.is_maria() { ", key (at)" } else { "" };
        let values: Vec<String> = rows
            .iter()
            .enumerate()
            .map(|(row, at)| format!("({row}, {})", (column.write)(row, *at)))
            .collect();
        let zone = match source {
            Source::Maria(_) => "set time_zone = '+00:00';",
            Source::Postgres(_) => "set time zone 'UTC';",
            Source::Lite { .. } => "",
        };
        source.run(&format!(
            "{zone} create table {0} (id int, at {1}{index}); insert into {0} values {2};",
            column.name,
            column.sql_type,
            values.join(", ")
        ));
    }
}

fn check(source: &Source, starts: &str, days: &[NaiveDate]) {
    let columns = columns(source);
    let begins = NaiveTime::parse_from_str(starts, "%H:%M").unwrap();
    let rows = rows(days, begins);
    fill(source, &columns, &rows);
    let place = Place::new(source, &config(&columns, starts));
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for day in days {
        let doc = place.save(&day.to_string());
        for Column { name, kept, .. } in &columns {
            let what = format!("{name} on {day} from {starts}");
            for (dimension, length) in [("hour", HOUR), ("half", HOUR / 2), ("quarter", HOUR / 4)] {
                let expected = expected(*kept, &rows, *day, begins, length);
                assert_eq!(
                    doc.counted_by(&format!("n_{name}"), dimension),
                    expected,
                    "{what} by {dimension}"
                );
                let total: usize = expected.iter().map(|(_, count)| count.parse::<usize>().unwrap()).sum();
                assert_eq!(doc.value(&format!("n_{name}")), total.to_string(), "{what}");
                if dimension == "hour" {
                    assert_eq!(doc.by(&format!("ids_{name}"), "hour"), expected, "{what}");
                    *seen.entry(name).or_default() += total;
                }
            }
        }
    }
    // No row was lost between two days, and none was counted twice.
    for (name, seen) in seen {
        assert_eq!(seen, rows.len(), "{name} from {starts}");
    }
}

fn days_around(text: &str, before: u64, after: u64) -> Vec<NaiveDate> {
    let first = day(text) - chrono::Days::new(before);
    first.iter_days().take(usize::try_from(before + after + 1).unwrap()).collect()
}

fn around_both_changes() -> Vec<NaiveDate> {
    [days_around("2025-03-09", 2, 2), days_around("2025-11-02", 2, 2)].concat()
}

#[test]
fn days_tile_and_hours_are_named_on_mariadb() {
    check(&Source::maria(), "00:00", &around_both_changes());
}

#[test]
fn days_tile_and_hours_are_named_on_sqlite() {
    check(&Source::lite(), "00:00", &around_both_changes());
}

#[test]
fn days_tile_and_hours_are_named_on_postgresql() {
    check(&Source::postgres(), "00:00", &around_both_changes());
}

#[test]
fn a_day_may_start_at_half_past_six_on_postgresql() {
    check(&Source::postgres(), "06:30", &around_both_changes());
}

#[test]
fn a_day_may_start_at_half_past_six_on_mariadb() {
    check(&Source::maria(), "06:30", &around_both_changes());
}

#[test]
fn a_day_may_start_at_half_past_six_on_sqlite() {
    check(&Source::lite(), "06:30", &around_both_changes());
}

#[test]
fn a_day_that_starts_in_a_gap_starts_after_it() {
    for source in Source::all() {
        check(&source, "02:30", &days_around("2025-03-09", 1, 1));
    }
}

#[test]
fn a_month_of_days_loses_no_row_and_doubles_none() {
    // Casablanca's clocks go back on 2025-02-23 and forward again on 2025-04-06: over Ramadan.
    let source = Source::maria();
    let (first, last) = (day("2025-02-20"), day("2025-04-10"));
    let from = micros("2025-02-20T00:00:00Z") - HOUR;
    let rows: Vec<Micros> = (0..50 * 48).map(|half| from + half * (HOUR / 2)).collect();
    let values: Vec<String> = rows.iter().map(|at| format!("({})", at / SECOND)).collect();
    source.run(&format!(
        "create table pings (at int unsigned, key (at)); insert into pings values {}",
        values.join(", ")
    ));
    let place = Place::new(
        &source,
        "[calendar]\ntime_zone = \"Africa/Casablanca\"\n[events.pings]\ntable = \"pings\"\ntime = \"at\"\n\
         time_is = \"epoch\"\nby.hour = { time = \"hour\" }\n[metrics]\nn = { of = \"pings\", count = true }\n",
    );
    let mut total = 0;
    for day in first.iter_days().take_while(|day| *day <= last) {
        let doc = place.save(&day.to_string());
        let halves = match day.to_string().as_str() {
            "2025-02-23" => 50,
            "2025-04-06" => 46,
            _ => 48,
        };
        assert_eq!(doc.value("n"), halves.to_string(), "{day}");
        assert_eq!(doc.by("n", "hour").len(), halves / 2, "{day}");
        total += halves;
    }
    assert_eq!(total, rows.len());
}

/// Midnight in Kolkata (UTC+5:30, all year) is half past twelve or half past one in Chicago.
#[test]
fn a_source_in_another_zone_is_cut_and_named_by_the_calendar() {
    for source in Source::all() {
        let precise = match &source {
            Source::Maria(_) => "datetime(6)",
            Source::Postgres(_) => "timestamp",
            Source::Lite { .. } => "text",
        };
        let kolkata = |text: &str| micros(&format!("{text}+05:30"));
        let mut rows = Vec::new();
        let days: Vec<NaiveDate> =
            [days_around("2025-03-09", 1, 1), days_around("2025-11-02", 1, 1)].concat();
        for day in &days {
            let start = kolkata(&format!("{day}T00:00:00"));
            for quarter in 0..96 {
                rows.extend([start + quarter * HOUR / 4, start + (quarter + 1) * HOUR / 4 - 1]);
            }
        }
        let values: Vec<String> =
            rows.iter().map(|at| format!("({})", text(local(*at), "%F %T%.6f"))).collect();
        source.run(&format!(
            "create table pings (at {precise}); insert into pings values {}",
            values.join(", ")
        ));
        let place = Place::new(
            &source,
            "time_zone = \"America/Chicago\"\n[calendar]\ntime_zone = \"Asia/Kolkata\"\n[events.pings]\n\
             table = \"pings\"\ntime = \"at\"\ntime_is = \"local\"\nby.hour = { time = \"hour\" }\n\
             by.half = { time = \"half_hour\" }\n[metrics]\nn = { of = \"pings\", count = true }\n",
        );
        for day in days {
            let doc = place.save(&day.to_string());
            let start = kolkata(&format!("{day}T00:00:00"));
            for (dimension, length) in [("hour", HOUR), ("half", HOUR / 2)] {
                let mut counts: BTreeMap<String, u32> = BTreeMap::new();
                for at in &rows {
                    // What the column can't tell from the first time clocks showed it is the first time.
                    let told = first(local(*at));
                    if (start..start + 24 * HOUR).contains(&told) {
                        let shown = told + 5 * HOUR + HOUR / 2;
                        *counts.entry(clock(shown - shown % length)).or_default() += 1;
                    }
                }
                let expected: Vec<Pair> =
                    counts.into_iter().map(|(key, count)| (Some(key), count.to_string())).collect();
                assert_eq!(doc.by("n", dimension), expected, "{day} by {dimension}, {}", source.url());
            }
        }
    }
}

#[test]
fn the_second_one_o_clock_is_a_member_of_its_own_where_the_column_can_tell() {
    for source in Source::all() {
        let columns = columns(&source);
        let hours: Vec<Micros> = ["05:00", "06:10", "06:20", "07:10", "08:00"]
            .map(|time| micros(&format!("2025-11-02T{time}:00Z")))
            .into();
        fill(&source, &columns, &hours);
        let doc = Place::new(&source, &config(&columns, "00:00")).save("2025-11-02");
        for Column { name, kept, .. } in &columns {
            let expected = if *kept == Kept::Local {
                pairs(&[("00", "1"), ("01", "3"), ("02", "1")])
            } else {
                pairs(&[("00", "1"), ("01", "2"), ("01b", "1"), ("02", "1")])
            };
            assert_eq!(doc.by(&format!("n_{name}"), "hour"), expected, "{name}");
        }
        assert_eq!(doc.0["metrics"]["n_utc"]["by"]["hour"][2]["label"], "01, the second time");
    }
}

#[test]
fn a_local_column_can_not_start_a_day_at_a_time_that_occurs_twice() {
    for source in Source::all() {
        let columns = columns(&source);
        fill(&source, &columns, &[micros("2025-11-01T12:00:00Z")]);
        let place = Place::new(&source, &config(&columns, "01:30"));
        let out = place.asof(super::place::LATER, &["save", "2025-11-02"]);
        let told = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(!out.status.success() && told.contains("occurs twice"), "{told}");
        assert!(!place.path().join("snapshots/2025-11-02").exists());
    }
    // The first time that is not repeated any more is as good as any.
    let length = TimeDelta::hours(24);
    assert_eq!(
        window(day("2025-11-03"), NaiveTime::MIN).1 - window(day("2025-11-03"), NaiveTime::MIN).0,
        length.num_microseconds().unwrap()
    );
}

/// A row whose time SQLite can't read would be on no day at all, and nobody would know.
#[test]
fn a_time_that_can_not_be_read_is_an_error_and_not_an_empty_day() {
    for from in ["table = \"pings\"", "sql = \"select * from pings where {window} -- all\""] {
        let source = Source::lite();
        source.run("create table pings (at text); insert into pings values ('2025-11-06 09:00:00'), ('2025-11-04 09:00:00+00')");
        let text = format!(
            "[calendar]\ntime_zone = \"UTC\"\n[events.pings]\n{from}\ntime = \"at\"\ntime_is = \"instant\"\n\
             [metrics]\nn = {{ of = \"pings\", count = true }}\n"
        );
        let place = Place::new(&source, &text);
        let out = place.asof(super::place::LATER, &["save", "2025-11-04"]);
        let told = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!(out.status.code(), Some(1), "{told}");
        assert!(told.contains("can't read the time \"2025-11-04 09:00:00+00\""), "{told}");
        // Days far from it are as they were.
        assert_eq!(place.save("2025-11-08").value("n"), "0");
    }
}
