//! Laws of keyed metrics: whatever texts there are, in whatever order, the hashes count what plain sets count.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use proptest::prelude::*;

use super::keys::KeyHash;
use super::rollup::roll_up;
use super::{Cube, CubeBuilder, CubeError};
use crate::calendar::Calendar;
use crate::config::Config;
use crate::model::seen::ApartDoc;
use crate::model::{Number, Phone, Value};
use crate::plan::measures::ROWS;
use crate::plan::{EventsPlan, Plan};

const CONFIG: &str = r#"
[source]
url = "sqlite:none.db"
[calendar]
time_zone = "UTC"
[events.calls]
table = "calls"
time = "at"
time_is = "utc"
by.a = "a"
by.c = { sql = "c", alone = true }
[metrics]
calls = { of = "calls", count = true }
known = { of = "calls", distinct = "v", cumulative = true }
other = { of = "calls", distinct = "v" }
people = { of = "calls", distinct = "p", as = "phone", by = ["a", "c"] }
"#;

/// A row of the made-up table: two members, and the text that is read as a phone and as a value.
type Event = ([Option<&'static str>; 2], Option<String>);

fn event() -> impl Strategy<Value = Event> {
    let member = || prop::option::weighted(0.9, prop::sample::select(vec!["", "x", "y", "z"]));
    let few = "[ +(-]{0,2}1?(314555010|44207946000)[0-9]{1,2} ?";
    let text = prop_oneof![6 => few, 1 => " {0,2}", 2 => "[a-c0-2+]{0,3} {0,1}", 1 => "\\PC{0,4}"];
    ([member(), member()], prop::option::weighted(0.9, text))
}

fn plan(max_groups: u64) -> EventsPlan {
    let config = Config::parse(CONFIG, Path::new("/asof.toml")).unwrap();
    let window = Calendar::new(config.calendar).window("2025-11-06".parse().unwrap()).unwrap();
    Plan::new(&config.definitions, window, None, |_| max_groups).unwrap().events.remove(0)
}

fn count(number: usize) -> Value {
    Value::from(i64::try_from(number).unwrap())
}

/// The rows that a database which tells all texts apart would give.
fn answer(plan: &EventsPlan, events: &[Event]) -> Vec<Vec<Value>> {
    let text = |text: Option<&str>| text.map_or(Value::Null, Value::text);
    let statement = &plan.crossed;
    let mut rows = Vec::new();
    for (number, grouping) in statement.groupings.iter().enumerate() {
        let mut groups: BTreeMap<Vec<Option<&str>>, usize> = BTreeMap::new();
        if grouping.dimensions.is_empty() {
            groups.insert(Vec::new(), 0);
        }
        for (members, _) in events {
            *groups.entry(grouping.dimensions.iter().map(|at| members[*at]).collect()).or_default() += 1;
        }
        for (members, events) in groups {
            let mut row = vec![Value::Null; plan.columns()];
            row[0] = count(number);
            for (at, member) in grouping.dimensions.iter().zip(members) {
                row[plan.member_column(*at)] = text(member);
                row[plan.member_column(*at) + 1] = text(member);
            }
            row[plan.newest_column() - 1] = count(events);
            rows.push(row);
        }
    }
    for (number, grouping) in statement.keyed.iter().enumerate() {
        let mut groups: BTreeMap<(Option<&str>, Option<&str>), usize> = BTreeMap::new();
        for (members, value) in events {
            let member = grouping.dimension.and_then(|at| members[at]);
            *groups.entry((member, value.as_deref())).or_default() += 1;
        }
        for ((member, value), events) in groups {
            let mut row = vec![Value::Null; plan.columns()];
            row[0] = count(statement.groupings.len() + number);
            if let Some(at) = grouping.dimension {
                row[plan.member_column(at)] = text(member);
            }
            row[plan.value_column()] = text(value);
            row[plan.value_column() + 1] = count(events);
            rows.push(row);
        }
    }
    rows
}

fn built(plan: &EventsPlan, rows: &[Vec<Value>], secret: u8) -> Result<Cube, CubeError> {
    let mut builder = CubeBuilder::new(plan, true, Some(&KeyHash::new([secret; 16])));
    for row in rows {
        builder.push(row)?;
    }
    builder.finish()
}

fn numbers<'e>(events: impl Iterator<Item = &'e Event>) -> (usize, ApartDoc) {
    let (mut usable, mut unusable, mut apart) = (BTreeSet::new(), BTreeSet::new(), ApartDoc::default());
    for (_, value) in events {
        match value.as_deref().map(Phone::read) {
            Some(Phone::Usable(number)) => {
                usable.insert(number);
            }
            Some(Phone::Unusable(text)) => {
                unusable.insert(text);
                apart.unusable_rows += 1;
            }
            Some(Phone::Blank) | None => apart.blank_rows += 1,
        }
    }
    apart.unusable = unusable.len() as u64;
    (usable.len(), apart)
}

proptest! {
    #[test]
    fn keys_are_counted_as_plain_sets_count_them(
        events in prop::collection::vec(event(), 0..60),
        order in any::<prop::sample::Index>(),
    ) {
        let plan = plan(100);
        let mut rows = answer(&plan, &events);
        let cube = built(&plan, &rows, 1).unwrap();
        let of = |metric: &str| plan.keyed.iter().find(|keyed| keyed.metric == metric).unwrap().aggregate;
        let rolled = roll_up(&cube);
        let (unique, apart) = numbers(events.iter());
        let number = |count: usize| Some(Number::from(count as u64));
        prop_assert_eq!(&rolled.total[of("people")], &number(unique));
        prop_assert_eq!(cube.keys["people"].apart, apart);
        for keys in cube.keys.values() {
            prop_assert!(keys.hashes.windows(2).all(|pair| pair[0] < pair[1]));
        }
        let values: BTreeSet<&String> = events.iter().filter_map(|(_, value)| value.as_ref()).collect();
        prop_assert_eq!(&rolled.total[of("known")], &number(values.len()));
        prop_assert_eq!(cube.keys["known"].hashes.len(), values.len());
        for at in 0..2 {
            for (member, cells) in cube.dimensions[at].members.iter().zip(rolled.by[at].as_ref().unwrap()) {
                let own = events.iter().filter(|(members, _)| members[at] == member.key.as_deref());
                prop_assert_eq!(&cells[of("people")], &number(numbers(own).0));
                prop_assert_eq!(&cells[of("known")], &None);
            }
        }
        // In another order it is the same cube, and under another secret one with the same numbers.
        if !rows.is_empty() {
            let at = order.index(rows.len());
            rows.rotate_left(at);
        }
        prop_assert_eq!(&built(&plan, &rows, 1).unwrap(), &cube);
        let other = built(&plan, &rows, 2).unwrap();
        prop_assert_eq!(&other.groupings, &cube.groupings);
        prop_assert_eq!(other.numbers_digest(), cube.numbers_digest());
        prop_assert!(other.keys["known"].hashes != cube.keys["known"].hashes || values.is_empty());
    }
}

fn calls() -> Vec<Event> {
    let call = |c, value: &str| -> Event { ([None, Some(c)], Some(value.to_owned())) };
    vec![call("x", "3145550100"), call("y", "3145550101"), call("z", "3145550101"), call("z", "what")]
}

#[test]
fn keys_of_more_members_than_there_may_be_are_counted_in_total() {
    let plan = plan(2);
    let cube = built(&plan, &answer(&plan, &calls()), 1).unwrap();
    let people = plan.keyed[1].aggregate;
    let rolled = roll_up(&cube);
    assert_eq!(rolled.total[people], Some(Number::from(2_u64)));
    assert!(rolled.by[0].is_some() && rolled.by[1].is_none());
    assert_eq!(cube.keys["people"].apart, ApartDoc { blank_rows: 0, unusable: 1, unusable_rows: 1 });
}

#[test]
fn keys_that_were_read_of_other_rows_are_torn() {
    let plan = plan(100);
    let rows = answer(&plan, &calls());
    let no_rows = plan.crossed.groupings.iter().position(|one| !one.aggregates.contains(&ROWS));
    for lost in 0..rows.len() {
        // The one grouping without a number of rows tells nothing of them.
        if rows[lost][0] == count(no_rows.unwrap()) {
            continue;
        }
        let mut rows = rows.clone();
        rows.remove(lost);
        assert!(matches!(built(&plan, &rows, 1), Err(CubeError::Torn { .. })), "row {lost}");
    }
    let mut wrong = rows;
    *wrong.last_mut().unwrap().last_mut().unwrap() = Value::text("many");
    let error = built(&plan, &wrong, 1).unwrap_err().to_string();
    let expected = "column \"rows of a value\" holds the text \"many\", which is no number of rows";
    assert!(error.ends_with(expected), "{error}");
}

#[test]
fn what_is_apart_is_part_of_the_numbers() {
    let plan = plan(100);
    let digest = |events: &[Event]| built(&plan, &answer(&plan, events), 1).unwrap().numbers_digest();
    let mut others = calls();
    others[3].1 = None;
    assert_ne!(digest(&calls()), digest(&others));
}
