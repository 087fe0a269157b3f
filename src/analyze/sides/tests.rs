//! The laws of two sides: one way is the negative of the other, and ranges add up.

use std::sync::Arc;

use indexmap::IndexMap;
use proptest::prelude::*;
use serde_json::json;

use super::{Fate, MetricSides, Side, SideDay, Warning, beside, sides, warnings};
use crate::metrics::figure;
use crate::model::manifest::DefinitionsDoc;
use crate::model::metrics_doc::{MemberDoc, MetricDoc};
use crate::model::{Day, Definitions, Edition, Number, Provenance, SnapshotId};

/// The rows and the seconds of each member on one day.
type DayOf = Vec<(u8, i64, i64)>;

fn definitions() -> Definitions {
    serde_json::from_value(json!({
        "format": "asof.definitions/1",
        "calendar": { "time_zone": "UTC", "day_starts_at": "00:00" },
        "source": { "dialect": "sqlite", "time_zone": "UTC" },
        "events": { "calls": { "from": { "table": "calls" }, "time": "at", "time_is": "utc",
            "by": { "who": { "of": { "sql": "who" } } } } },
        "metrics": {
            "calls": { "measure": { "count": { "of": "calls" } } },
            "talk": { "measure": { "sum": { "of": "calls", "sql": "s", "divide": 60 } } },
            "each": { "measure": { "ratio": { "numerator": "talk", "denominator": "calls" } } },
        },
    }))
    .unwrap()
}

fn day(name: &str) -> Day {
    name.parse().unwrap()
}

fn metric(
    total: (i64, i64),
    members: &DayOf,
    pick: impl Fn(i64, i64) -> crate::model::metrics_doc::Figure,
) -> MetricDoc {
    let member = |(key, rows, seconds): &(u8, i64, i64)| MemberDoc {
        key: Some(key.to_string()),
        label: None,
        figure: pick(*rows, *seconds),
        day: None,
    };
    MetricDoc {
        label: "x".into(),
        unit: None,
        good: None,
        of: Some("calls".into()),
        figure: pick(total.0, total.1),
        over: None,
        day: None,
        seen: None,
        apart: None,
        compared: None,
        recent: None,
        by: IndexMap::from([("who".to_owned(), members.iter().map(member).collect())]),
        not_by: IndexMap::new(),
    }
}

fn side(from: &str, days: &[DayOf]) -> Side {
    let definitions = Arc::new(definitions());
    let from = day(from);
    let sixty = Number::from(60_i64);
    let made: Vec<SideDay> = (0_i64..)
        .zip(days)
        .map(|(at, members)| {
            let total =
                members.iter().fold((0, 0), |sum, (_, rows, seconds)| (sum.0 + rows, sum.1 + seconds));
            let calls = metric(total, members, |rows, _| figure::known(rows.into()));
            let talk = metric(total, members, |_, seconds| figure::of_sum(seconds.into(), Some(&sixty)));
            let each = metric(total, members, |rows, seconds| {
                figure::of_ratio(&figure::of_sum(seconds.into(), Some(&sixty)), &figure::known(rows.into()))
            });
            SideDay {
                id: SnapshotId::new(from.checked_add(at).unwrap(), Edition::FIRST),
                provenance: Provenance::Witnessed,
                hours: Number::from(24_i64),
                fingerprints: DefinitionsDoc::of(&definitions),
                definitions: Arc::clone(&definitions),
                metrics: [("calls", calls), ("talk", talk), ("each", each)]
                    .map(|(name, doc)| (name.to_owned(), doc))
                    .into(),
            }
        })
        .collect();
    let to = made.last().unwrap().id.day;
    Side { from, to, days: made, missing: Vec::new(), thinned: Vec::new() }
}

fn days() -> impl Strategy<Value = Vec<DayOf>> {
    let members = proptest::collection::btree_map(0_u8..6, (1_i64..50, 0_i64..5000), 0..5);
    let members = members.prop_map(|all| all.into_iter().map(|(key, (rows, s))| (key, rows, s)).collect());
    proptest::collection::vec(members, 1..5)
}

fn by_key(metric: &MetricSides) -> IndexMap<Option<String>, (Option<Number>, Option<Fate>)> {
    let members = metric.by["who"].iter();
    members.map(|member| (member.key.clone(), (member.beside.difference.clone(), member.fate))).collect()
}

proptest! {
    #[test]
    fn the_way_back_is_the_negative(a in days(), b in days()) {
        let (a, b) = (side("2025-11-01", &a), side("2025-03-01", &b));
        let (there, back) = (sides(&a, &b, &[], &[]), sides(&b, &a, &[], &[]));
        let zero = |one: &Option<Number>, other: &Option<Number>| match (one, other) {
            (Some(one), Some(other)) => (one.clone() + other).is_zero(),
            (None, None) => true,
            _ => false,
        };
        for (name, metric) in &there {
            let other = &back[name];
            prop_assert!(zero(&metric.beside.difference, &other.beside.difference), "{name}");
            prop_assert_eq!(&metric.beside.a, &other.beside.b);
            let (one, other) = (by_key(metric), by_key(other));
            prop_assert_eq!(one.len(), other.len());
            for (key, (difference, fate)) in one {
                let (back, back_fate) = &other[&key];
                prop_assert!(zero(&difference, back), "{name} {key:?}");
                let turned = back_fate.map(|fate| if fate == Fate::Appeared { Fate::Vanished } else { Fate::Appeared });
                prop_assert_eq!(fate, turned);
            }
        }
    }

    #[test]
    fn ranges_add_up(a in days(), b in days()) {
        let (one, other) = (side("2025-11-01", &a), side("2025-03-01", &b));
        let found = sides(&one, &other, &[], &[]);
        let rows = |days: &[DayOf]| days.iter().flatten().map(|(_, rows, _)| rows).sum::<i64>();
        let seconds = |days: &[DayOf]| days.iter().flatten().map(|(_, _, seconds)| seconds).sum::<i64>();
        prop_assert_eq!(&found["calls"].beside.a.value, &Some(rows(&a).into()));
        prop_assert_eq!(&found["calls"].beside.b.value, &Some(rows(&b).into()));
        // Seconds add up before they are divided, so nothing is lost on the way.
        if one.days.len() > 1 {
            prop_assert_eq!(&found["talk"].beside.a.sum, &Some(seconds(&a).into()));
        }
        // What the members differ by is what the whole differs by.
        let moved: Number = found["calls"].by["who"].iter().filter_map(|m| m.beside.difference.as_ref()).sum();
        prop_assert_eq!(&found["calls"].beside.difference, &Some(moved));
        // And the member that moved most comes first.
        let sizes: Vec<Number> = found["calls"].by["who"].iter().filter_map(|m| Some(m.beside.difference.as_ref()?.abs())).collect();
        prop_assert!(sizes.windows(2).all(|pair| pair[0] >= pair[1]));
    }
}

#[test]
fn a_value_beside_nothing_has_no_percentage_and_says_why() {
    let known = |value: i64| figure::known(value.into());
    let reason = |a, b, rate| {
        let found = beside(a, b, rate);
        (found.difference.map(|by| by.to_string()), found.percentage.map(|by| by.to_string()), found.reason)
    };
    assert_eq!(reason(known(3), known(0), false), (Some("3".into()), None, Some("B is 0".into())));
    let why = Some("B is unknown: no values".to_owned());
    assert_eq!(reason(known(3), figure::unknown("no values"), false), (None, None, why));
    // Half to even: 1 of 800 is 0.125 %.
    assert_eq!(reason(known(801), known(800), false), (Some("1".into()), Some("0.12".into()), None));
    assert_eq!(reason(known(3), known(0), true), (Some("3".into()), None, None));
}

#[test]
fn sides_that_differ_in_days_or_share_some_are_warned_of() {
    let one_day: DayOf = vec![(1, 2, 3)];
    let a = side("2025-11-01", &[one_day.clone(), one_day.clone(), one_day.clone()]);
    let b = side("2025-11-03", &[one_day.clone(), one_day]);
    let found = warnings(&a, &b, &sides(&a, &b, &[], &[]));
    let shared = day("2025-11-03");
    assert_eq!(found, [Warning::Lengths { a: 3, b: 2 }, Warning::Overlap { from: shared, to: shared }]);
}
