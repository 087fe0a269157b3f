//! The laws of two sides: one way is the negative of the other, and ranges add up.

use std::sync::Arc;

use indexmap::IndexMap;
use proptest::prelude::*;
use serde_json::json;

use super::{Fate, MetricSides, Side, SideDay, Warning, Which, beside, values, warnings};
use crate::metrics::figure;
use crate::model::manifest::DefinitionsDoc;
use crate::model::metrics_doc::{MemberDoc, MetricDoc};
use crate::model::{Day, Definitions, Edition, Number, Provenance, SnapshotId};

/// The rows and the seconds of each member on one day.
#[derive(Clone, Debug)]
struct DayOf {
    members: Vec<(u8, i64, i64)>,
    talk: Talk,
}

/// Whether the seconds of a day are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Talk {
    Known,
    /// All of them were NULL.
    Null,
    /// They were not measured yet.
    Absent,
}

impl DayOf {
    fn known(members: &[(u8, i64, i64)]) -> Self {
        Self { members: members.to_vec(), talk: Talk::Known }
    }
}

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

fn sides(a: &Side, b: &Side, metrics: &[String], by: &[String]) -> IndexMap<String, MetricSides> {
    super::sides(&values(a), &values(b), metrics, by)
}

fn day(name: &str) -> Day {
    name.parse().unwrap()
}

fn metric(
    total: (i64, i64),
    members: &[(u8, i64, i64)],
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
            let DayOf { members, talk: known } = members;
            let total =
                members.iter().fold((0, 0), |sum, (_, rows, seconds)| (sum.0 + rows, sum.1 + seconds));
            let sum = |seconds: i64| match known {
                Talk::Known => figure::of_sum(seconds.into(), Some(&sixty)),
                Talk::Null | Talk::Absent => figure::unknown(figure::ALL_NULL),
            };
            let calls = metric(total, members, |rows, _| figure::known(rows.into()));
            let talk = metric(total, members, |_, seconds| sum(seconds));
            let each = metric(total, members, |rows, seconds| {
                figure::of_ratio(&sum(seconds), &figure::known(rows.into()))
            });
            let mut metrics = IndexMap::from([("calls".to_owned(), calls)]);
            if *known != Talk::Absent {
                metrics.extend([("talk".to_owned(), talk), ("each".to_owned(), each)]);
            }
            SideDay {
                id: SnapshotId::new(from.checked_add(at).unwrap(), Edition::FIRST),
                provenance: Provenance::Witnessed,
                hours: Number::from(24_i64),
                fingerprints: DefinitionsDoc::of(&definitions),
                definitions: Arc::clone(&definitions),
                metrics,
            }
        })
        .collect();
    let to = made.last().unwrap().id.day;
    Side { from, to, days: made, missing: Vec::new(), thinned: Vec::new() }
}

fn days() -> impl Strategy<Value = Vec<DayOf>> {
    let members = proptest::collection::btree_map(0_u8..6, (1_i64..50, 0_i64..5000), 0..5);
    let members = members.prop_map(|all| all.into_iter().map(|(key, (rows, s))| (key, rows, s)).collect());
    let talk = prop::sample::select(vec![Talk::Known, Talk::Known, Talk::Null, Talk::Absent]);
    let day = (members, talk).prop_map(|(members, talk)| DayOf { members, talk });
    proptest::collection::vec(day, 1..5)
}

fn by_key(metric: &MetricSides) -> IndexMap<Option<String>, (Option<Number>, Option<Fate>)> {
    let members = metric.by.get("who").into_iter().flatten();
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
        let rows = |days: &[DayOf]| days.iter().flat_map(|day| &day.members).map(|(_, rows, _)| rows).sum::<i64>();
        let seconds = |days: &[DayOf]| days.iter().flat_map(|day| &day.members).map(|(_, _, seconds)| seconds).sum::<i64>();
        prop_assert_eq!(&found["calls"].beside.a.value, &Some(rows(&a).into()));
        prop_assert_eq!(&found["calls"].beside.b.value, &Some(rows(&b).into()));
        // Seconds add up before they are divided, so nothing is lost on the way.
        let known: Vec<DayOf> = a.iter().filter(|day| day.talk == Talk::Known).cloned().collect();
        if one.days.len() > 1 && !known.is_empty() {
            prop_assert_eq!(&found["talk"].beside.a.sum, &Some(seconds(&known).into()));
            // What is made of two has both of the same days.
            let sixty = Number::from(60_i64);
            let each = &found["each"].beside.a;
            prop_assert_eq!(&each.numerator, &Number::from(seconds(&known)).ratio(&sixty));
            prop_assert_eq!(&each.denominator, &Some(rows(&known).into()));
            if other.days.iter().any(|day| day.metrics.contains_key("each")) {
                for member in &found["each"].by["who"] {
                    let of: Vec<DayOf> = known.iter().map(|day| {
                        let members = day.members.iter().filter(|(key, ..)| Some(key.to_string()) == member.key);
                        DayOf::known(&members.copied().collect::<Vec<_>>())
                    }).collect();
                    let there = of.iter().any(|day| !day.members.is_empty());
                    let expected = there.then(|| Number::from(rows(&of)));
                    let denominator = member.beside.a.denominator.clone().filter(|_| member.fate != Some(Fate::Vanished));
                    prop_assert_eq!(denominator, expected, "{:?}", member.key);
                }
            }
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
    let one_day = DayOf::known(&[(1, 2, 3)]);
    let a = side("2025-11-01", &[one_day.clone(), one_day.clone(), one_day.clone()]);
    let b = side("2025-11-03", &[one_day.clone(), one_day]);
    let found = warnings(&a, &b, &sides(&a, &b, &[], &[]));
    let shared = day("2025-11-03");
    assert_eq!(found, [Warning::Lengths { a: 3, b: 2 }, Warning::Overlap { from: shared, to: shared }]);
}

#[test]
fn a_ratio_of_a_range_has_both_its_parts_of_the_same_days() {
    let members = |rows, seconds| vec![(1_u8, rows, seconds)];
    let a = [
        DayOf { members: members(100, 6000), talk: Talk::Absent },
        DayOf { members: members(50, 6000), talk: Talk::Null },
        DayOf { members: members(10, 1200), talk: Talk::Known },
        DayOf { members: members(30, 1200), talk: Talk::Known },
    ];
    let b = [DayOf { members: members(5, 60), talk: Talk::Absent }, a[1].clone()];
    let (one, other) = (side("2025-11-01", &a), side("2025-03-01", &b));
    let found = sides(&one, &other, &[], &[]);
    let each = &found["each"];
    // (1200 + 1200) / 60 minutes over 10 + 30 calls; the 190 calls of all days are no part of it.
    assert_eq!(each.beside.a.value, Some("1".parse().unwrap()));
    assert_eq!(each.beside.a.denominator, Some(40_i64.into()));
    assert_eq!(found["calls"].beside.a.value, Some(190_i64.into()));
    let reason = each.beside.b.reason.as_deref();
    assert_eq!(reason, Some("the numerator is unknown: every value is NULL"));
    let told = warnings(&one, &other, &found);
    let days = vec![day("2025-11-01"), day("2025-11-02")];
    let unknown = Warning::Unknown { side: Which::A, metric: "each".into(), label: "x".into(), days };
    assert!(told.contains(&unknown), "{told:?}");
    assert!(!told.iter().any(|told| matches!(told, Warning::Unknown { metric, .. } if metric == "calls")));
}

#[test]
fn parts_that_are_never_known_together_make_no_ratio() {
    let mut days = [DayOf::known(&[(1, 10, 1200)]), DayOf::known(&[(1, 30, 1200)])];
    days[0].talk = Talk::Null;
    let mut one = side("2025-11-01", &days);
    let calls = one.days[1].metrics.get_mut("calls").unwrap();
    calls.figure = figure::unknown("lost");
    let other = side("2025-03-01", &days);
    let each = &sides(&one, &other, &[], &[])["each"];
    assert_eq!(each.beside.a.reason.as_deref(), Some("on no day are both of its parts known"));
}

#[test]
fn a_metric_over_several_days_has_no_value_over_a_range() {
    let mut text = serde_json::to_value(definitions()).unwrap();
    text["metrics"]["calls"]["over_days"] = 7.into();
    let definitions = Arc::new(serde_json::from_value::<Definitions>(text).unwrap());
    let frozen = |from: &str, days: &[DayOf]| {
        let mut side = side(from, days);
        for day in &mut side.days {
            day.definitions = Arc::clone(&definitions);
            let calls = day.metrics.get_mut("calls").unwrap();
            calls.day = Some(std::mem::replace(&mut calls.figure, figure::known(900_i64.into())));
        }
        side
    };
    let two = [DayOf::known(&[(1, 10, 60)]), DayOf::known(&[(1, 30, 60)])];
    let (range, one) = (frozen("2025-11-01", &two), frozen("2025-11-03", &two[..1]));
    let found = sides(&range, &one, &[], &[]);
    let calls = &found["calls"];
    assert_eq!(calls.beside.a, figure::unknown("each day has it over 7 days, and these don't add up"));
    // A single day has what it was frozen with, as that is what the metric's name says.
    assert_eq!(calls.beside.b.value, Some(900_i64.into()));
    let why = "A: each day has it over 7 days, and these don't add up";
    assert_eq!(calls.not_by["who"], why);
    assert!(!warnings(&range, &one, &found).iter().any(|told| matches!(told, Warning::Unknown { .. })));
}
