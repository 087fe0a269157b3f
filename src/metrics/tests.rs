//! Laws of cubes: whatever rows there are and in whatever order their groups come, roll-ups add
//! up to what plain counting gives.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use proptest::prelude::*;

use super::rollup::roll_up;
use super::table::table;
use super::{Cube, CubeBuilder, CubeError, Pushed};
use crate::calendar::Calendar;
use crate::config::Config;
use crate::model::{Cells, Number, Value};
use crate::plan::measures::Fold;
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
by.b = "b"
by.c = { sql = "c", alone = true }
by.hour = { time = "hour" }
[metrics]
calls = { of = "calls", count = true }
total = { of = "calls", sum = "v" }
least = { of = "calls", min = "v" }
most = { of = "calls", max = "v" }
mean = { of = "calls", avg = "v" }
kinds = { of = "calls", distinct = "v", by = ["a", "hour"] }
"#;

/// A row of the made-up table: three members, an hour, a value.
#[derive(Clone, Debug)]
struct Event {
    members: [Option<String>; 3],
    hour: i64,
    value: Option<i64>,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let member = || prop::option::weighted(0.8, prop::sample::select(vec!["", "x", "X", "y ", "é"]));
    let value = prop::option::weighted(0.8, prop_oneof![Just(i64::MAX), Just(i64::MIN), -50i64..50]);
    let event = ([member(), member(), member()], 0i64..24, value).prop_map(|(members, hour, value)| Event {
        members: members.map(|member| member.map(str::to_owned)),
        hour,
        value,
    });
    prop::collection::vec(event, 0..60)
}

fn number(count: usize) -> Number {
    Number::from(u64::try_from(count).unwrap())
}

fn plan(max_groups: u64) -> EventsPlan {
    let config = Config::parse(CONFIG, Path::new("/asof.toml")).unwrap();
    let window = Calendar::new(config.calendar).window("2025-11-06".parse().unwrap()).unwrap();
    Plan::new(&config.definitions, window, None, |_| max_groups).unwrap().events.remove(0)
}

/// What the collation of the made-up database holds equal: letters of either case.
fn collated(member: &str) -> String {
    member.to_lowercase()
}

/// What tells the groups of a dimension apart.
fn key(event: &Event, dimension: usize) -> Option<String> {
    match event.members.get(dimension) {
        Some(member) => member.as_deref().map(collated),
        None => Some(format!("{:02}", event.hour)),
    }
}

fn aggregate(column: &str, events: &[&Event]) -> Option<Number> {
    let values: Vec<i64> = events.iter().filter_map(|event| event.value).collect();
    match column.rsplit('.').next().unwrap() {
        "rows" => Some(number(events.len())),
        "count" => Some(number(values.len())),
        "distinct" => Some(number(values.iter().collect::<BTreeSet<_>>().len())),
        "min" => values.iter().min().map(|value| (*value).into()),
        "max" => values.iter().max().map(|value| (*value).into()),
        "sum" if values.is_empty() => None,
        "sum" => {
            Some(values.iter().map(|value| i128::from(*value)).sum::<i128>().to_string().parse().unwrap())
        }
        other => panic!("{other}"),
    }
}

/// The rows that a database would give for a statement.
fn answer(plan: &EventsPlan, crossed: bool, events: &[Event]) -> Vec<Vec<Value>> {
    let statement = if crossed { &plan.crossed } else { &plan.alone };
    let mut rows = Vec::new();
    for (number, grouping) in statement.groupings.iter().enumerate() {
        let mut groups: BTreeMap<Vec<Option<String>>, Vec<&Event>> = BTreeMap::new();
        for event in events {
            let members = grouping.dimensions.iter().map(|at| key(event, *at)).collect();
            groups.entry(members).or_default().push(event);
        }
        if grouping.dimensions.is_empty() && events.is_empty() {
            groups.insert(Vec::new(), Vec::new());
        }
        for (members, events) in groups {
            let mut row = vec![Value::from(i64::try_from(number).unwrap())];
            for (at, dimension) in plan.dimensions.iter().enumerate() {
                let here = grouping.dimensions.iter().position(|found| *found == at);
                let member = here.and_then(|place| members[place].clone());
                if dimension.span.is_some() {
                    row.push(member.map_or(Value::Null, |hour| Value::from(hour.parse::<i64>().unwrap())));
                    continue;
                }
                let spelling = events.iter().filter_map(|event| event.members[at].clone()).min();
                row.push(member.map_or(Value::Null, |key| Value::Bytes(key.into_bytes())));
                row.push(spelling.filter(|_| here.is_some()).map_or(Value::Null, Value::Text));
            }
            for (at, found) in plan.aggregates.list.iter().enumerate() {
                let known = grouping.aggregates.contains(&at);
                row.push(match (known, found.fold) {
                    (false, _) => Value::Null,
                    (true, Fold::Newest) => {
                        let newest = events.iter().map(|event| event.hour).max();
                        newest.map_or(Value::Null, |hour| Value::text(format!("2025-11-06 {hour:02}:00:00")))
                    }
                    (true, _) => aggregate(&found.column, &events).map_or(Value::Null, Value::Number),
                });
            }
            rows.push(row);
        }
    }
    rows
}

fn built(plan: &EventsPlan, crossed: bool, rows: &[Vec<Value>]) -> Result<Cube, CubeError> {
    let mut builder = CubeBuilder::new(plan, crossed, None);
    for row in rows {
        assert_eq!(builder.push(row)?, Pushed::Taken);
    }
    builder.finish()
}

/// What counting the rows themselves gives for each aggregate, by a dimension or in total.
fn counted(
    plan: &EventsPlan,
    events: &[Event],
    by: Option<usize>,
) -> BTreeMap<Option<String>, Vec<Option<Number>>> {
    let mut groups: BTreeMap<Option<String>, Vec<&Event>> = BTreeMap::new();
    if by.is_none() {
        groups.insert(None, Vec::new());
    }
    for event in events {
        groups.entry(by.and_then(|by| key(event, by))).or_default().push(event);
    }
    let cells = |events: Vec<&Event>| {
        let cell = |column: &str| if column == "newest" { None } else { aggregate(column, &events) };
        plan.aggregates.list.iter().map(|found| cell(&found.column)).collect()
    };
    groups.into_iter().map(|(key, events)| (key, cells(events))).collect()
}

fn shuffled() -> impl Strategy<Value = (Vec<Event>, Vec<prop::sample::Index>)> {
    (events(), prop::collection::vec(any::<prop::sample::Index>(), 0..40))
}

fn shuffle(rows: &mut [Vec<Value>], by: &[prop::sample::Index]) {
    for (at, other) in by.iter().enumerate() {
        if !rows.is_empty() {
            let (one, other) = (at % rows.len(), other.index(rows.len()));
            rows.swap(one, other);
        }
    }
}

proptest! {
    #[test]
    fn roll_ups_add_up_to_plain_counting((events, order) in shuffled(), crossed in any::<bool>()) {
        let plan = plan(10_000);
        let mut rows = answer(&plan, crossed, &events);
        shuffle(&mut rows, &order);
        let cube = built(&plan, crossed, &rows).unwrap();
        let rolled = roll_up(&cube);
        let distinct = |at: &usize| plan.aggregates.list[*at].fold == Fold::Distinct;
        let total = counted(&plan, &events, None).remove(&None).unwrap();
        for (at, (found, expected)) in rolled.total.iter().zip(&total).enumerate() {
            // No rows at all are no groups, whose count is 0 only once it is made a value.
            let expected = expected.clone().filter(|number| !events.is_empty() || distinct(&at) || !number.is_zero());
            let found = found.clone().filter(|number| !events.is_empty() || distinct(&at) || !number.is_zero());
            prop_assert_eq!(found, expected, "{}", plan.aggregates.list[at].column);
        }
        for (at, dimension) in cube.dimensions.iter().enumerate() {
            let expected = counted(&plan, &events, Some(at));
            let members = rolled.by[at].as_ref().unwrap();
            prop_assert_eq!(members.len(), expected.len());
            for (member, cells) in dimension.members.iter().zip(members) {
                let expected = &expected[&member.key.as_deref().map(collated)];
                for (place, (found, expected)) in cells.iter().zip(expected).enumerate() {
                    if distinct(&place) && !["a", "hour"].contains(&dimension.name.as_str()) {
                        prop_assert_eq!(found, &None);
                    } else {
                        prop_assert_eq!(found, expected, "{} by {}", plan.aggregates.list[place].column, dimension.name);
                    }
                }
            }
        }
    }

    #[test]
    fn equal_rows_give_an_equal_cube_in_whatever_order_they_come((events, order) in shuffled(), crossed in any::<bool>()) {
        let plan = plan(10_000);
        let mut rows = answer(&plan, crossed, &events);
        let one = built(&plan, crossed, &rows).unwrap();
        shuffle(&mut rows, &order);
        let other = built(&plan, crossed, &rows).unwrap();
        prop_assert_eq!(&one, &other);
        prop_assert_eq!(one.numbers_digest(), other.numbers_digest());
        prop_assert_eq!(table(&one), table(&other));
    }

    /// The digest is of the numbers: one row more, or another value, is another digest.
    #[test]
    fn other_rows_give_another_digest(events in events(), at in any::<prop::sample::Index>()) {
        let plan = plan(10_000);
        let digest = |events: &[Event]| built(&plan, true, &answer(&plan, true, events)).unwrap().numbers_digest();
        let mut others = events.clone();
        others.push(Event { members: [None, None, None], hour: 3, value: None });
        prop_assert_ne!(digest(&events), digest(&others));
        if !events.is_empty() {
            let mut others = events.clone();
            let changed = &mut others[at.index(events.len())];
            changed.value = Some(changed.value.map_or(1, |value| value.wrapping_add(1)));
            prop_assert_ne!(digest(&events), digest(&others));
        }
    }

    #[test]
    fn the_table_holds_every_group_once(events in events()) {
        let plan = plan(10_000);
        let cube = built(&plan, true, &answer(&plan, true, &events)).unwrap();
        let table = table(&cube);
        let groups: usize = cube.groupings.iter().map(|groups| groups.rows.len()).sum();
        prop_assert_eq!(table.rows(), groups);
        let (Some(Cells::Text(groupings)), Some(Cells::Number(rows))) = (table.column("grouping"), table.column("rows"))
        else {
            return Err(TestCaseError::fail("columns are missing"));
        };
        let crossed = groupings.iter().zip(rows).filter(|(grouping, _)| grouping.as_deref() == Some("a,b,hour"));
        let total: Number = crossed.filter_map(|(_, rows)| rows.as_ref()).sum();
        prop_assert_eq!(total, number(events.len()));
    }
}

#[test]
fn groupings_that_counted_different_rows_are_torn() {
    let plan = plan(100);
    let event = |hour| Event { members: [None, Some("x".into()), None], hour, value: Some(1) };
    let whole = answer(&plan, true, &[event(1), event(2)]);
    // The grouping by `c` was read before the second row came.
    let mut torn = answer(&plan, true, &[event(1), event(2)]);
    let before = answer(&plan, true, &[event(1)]);
    let alone = plan.crossed.groupings.iter().position(|grouping| grouping.dimensions == [2]).unwrap();
    let number = Value::from(i64::try_from(alone).unwrap());
    torn.retain(|row| row[0] != number);
    torn.extend(before.into_iter().filter(|row| row[0] == number));
    assert!(built(&plan, true, &whole).is_ok());
    assert!(matches!(built(&plan, true, &torn), Err(CubeError::Torn { .. })));
}

#[test]
fn the_row_beyond_the_limit_ends_the_crossed_reading_only() {
    let plan = plan(2);
    let event = |hour, c: &str| Event { members: [None, None, Some(c.into())], hour, value: None };
    let few = [event(1, "x"), event(1, "y"), event(2, "z")];
    // Three members of the dimension that stands alone are too many for it, and for nothing else.
    let cube = built(&plan, true, &answer(&plan, true, &few)).unwrap();
    let rolled = roll_up(&cube);
    assert!(rolled.by[2].is_none() && rolled.by[3].is_some());
    assert_eq!(rolled.total[0], Some(number(3)));
    let many = [event(1, "x"), event(2, "x"), event(3, "x")];
    let mut builder = CubeBuilder::new(&plan, true, None);
    let pushed: Vec<Pushed> =
        answer(&plan, true, &many).iter().map(|row| builder.push(row).unwrap()).collect();
    assert_eq!(pushed.iter().filter(|pushed| **pushed == Pushed::TooManyGroups).count(), 1);
}
