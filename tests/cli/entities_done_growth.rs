//! What `growth` says of the accounts of forty days, against sums that are made here once more.

use chrono::{DateTime, Days, NaiveDate, Utc};
use serde_json::Value;

use super::entities_done::{parsed, percentage};
use super::entities_done_accounts::{Kept, Look};
use crate::support::command::Place;

pub const COUNTER: &str = "playbooks_completed_count";

/// Where an account is.
pub fn region(key: i64) -> &'static str {
    if key % 2 == 0 { "north" } else { "south" }
}

/// What became of the counter of those that are meant, from one look to another.
fn summed(counter: &Value, new: &Look, old: &Look, is_meant: impl Fn(i64) -> bool, what: &str) {
    let sum = |one: &Look, is_in: &dyn Fn(&i64) -> bool| -> i64 {
        one.completed.iter().filter(|(key, _)| is_meant(**key) && is_in(key)).map(|(_, many)| many).sum()
    };
    let (current, previous) =
        (sum(new, &|key| !old.waiting.contains(key)), sum(old, &|key| !new.waiting.contains(key)));
    let alone = |one: &Look, other: &Look| {
        sum(one, &|key| !other.completed.contains_key(key) && !other.waiting.contains(key))
    };
    let fell = |key: &i64, many: &i64| new.completed.get(key).is_some_and(|now| now < many);
    let decreased = old.completed.iter().filter(|(key, many)| is_meant(**key) && fell(key, many)).count();
    let expected = [
        ("current", current.into()),
        ("previous", previous.into()),
        ("growth", (current - previous).into()),
        ("isIncrease", (current > previous).into()),
        ("appeared", alone(new, old).into()),
        ("disappeared", alone(old, new).into()),
        ("decreased", decreased.into()),
        ("unknown", 0.into()),
    ];
    for (name, value) in expected {
        let value: Value = value;
        assert_eq!(counter[name], value, "{what}, {name}");
    }
    assert_eq!(counter["percentage"].to_string(), percentage(current, previous), "{what}");
}

/// What became of accounts from one look to another.
pub fn grown(place: &Place, line: &str, new: &Look, old: &Look, what: &str) {
    let run = place.asof(&format!("{line} --by region --json"));
    let told = parsed(&run.stdout);
    summed(&told["growth"][COUNTER], new, old, |_| true, what);
    for group in told["groups"].as_array().unwrap() {
        let is_meant = |key| group["key"] == region(key);
        summed(&group["growth"][COUNTER], new, old, is_meant, &format!("{what}, {}", group["key"]));
    }
    let north = parsed(&place.asof(&format!("{line} --where region=north --json")).stdout);
    summed(&north["growth"][COUNTER], new, old, |key| key % 2 == 0, &format!("{what}, in the north"));
    for (told, every) in [(told, 1), (north, 2)] {
        let alone = |one: &Look, other: &Look| -> (usize, usize) {
            let alone = one.completed.keys().filter(|key| *key % every == 0);
            let alone = alone.filter(|key| !other.completed.contains_key(*key));
            let (waiting, gone): (Vec<i64>, Vec<i64>) = alone.partition(|key| other.waiting.contains(*key));
            (waiting.len(), gone.len())
        };
        let ((waiting, appeared), (still, disappeared)) = (alone(new, old), alone(old, new));
        let matched =
            new.completed.keys().filter(|key| *key % every == 0 && old.completed.contains_key(*key));
        let parts = [
            ("matched", matched.count()),
            ("appeared", appeared),
            ("disappeared", disappeared),
            ("not_due", waiting + still),
            ("unknown", 0),
        ];
        for (part, count) in parts {
            assert_eq!(told["parts"][part], count, "{what}, one in {every}, {part}");
        }
    }
    place.forget();
}

/// What `growth --key` says just after a capture of an account: the newest row is that capture, and a day before
/// stands what the day's look kept, or else the last capture in it.
pub fn captured(place: &Place, rows: &[Kept], key: i64) {
    let newest = rows.last().unwrap();
    let of_day = |date: NaiveDate| {
        let of: Vec<&Kept> = rows.iter().filter(|row| row.date == date).collect();
        of.iter().find(|row| row.kind == "look").or(of.last()).copied()
    };
    for days in [1, 7] {
        let run = place.asof(&format!("growth account --days {days} --key {key} --json"));
        place.forget();
        let what = format!("{key}, {days} days before {}", newest.at);
        assert_eq!(run.code, 0, "{what}: {}", run.stderr);
        let told = parsed(&run.stdout);
        assert_eq!(told["current"]["capture"], true, "{what}");
        let at = |side: &Value| side["at"].as_str().map(|at| at.parse::<DateTime<Utc>>().unwrap());
        assert_eq!(at(&told["current"]), Some(newest.at), "{what}");
        let before = newest.date - Days::new(days);
        let previous = of_day(before);
        assert_eq!(at(&told["previous"]), previous.map(|row| row.at), "{what}");
        let counter = &told["growth"][COUNTER];
        let (now, then) = (newest.account.completed, previous.map(|row| row.account.completed));
        assert_eq!(counter["current"], now, "{what}");
        assert_eq!(counter["growth"], Value::from(then.map(|then| now - then)), "{what}");
        let share = then.map_or_else(|| "null".to_owned(), |then| percentage(now, then));
        assert_eq!(counter["percentage"].to_string(), share, "{what}");
        let dates = || rows.iter().map(|row| row.date).filter(|date| *date < newest.date);
        let nearest = dates().min_by_key(|date| ((*date - before).num_days().abs(), *date));
        let nearest = nearest.filter(|_| previous.is_none());
        assert_eq!(told["nearest"], Value::from(nearest.map(|date| date.to_string())), "{what}");
    }
}
