//! Drifts worked out by hand, and their laws.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use proptest::prelude::*;

use super::{DayDrift, Defined, Input, Kind, Presence, Side, drift};
use crate::model::definitions::{
    CalendarDef, Count, Dialect, FORMAT as DEFINITIONS, Measure, MetricDef, Ratio, SourceDef,
};
use crate::model::manifest::DefinitionsDoc;
use crate::model::metrics_doc::{FORMAT, Figure, MemberDoc, MetricDoc, MetricsDoc};
use crate::model::{Definitions, Edition, Number, Provenance};

fn number(text: &str) -> Number {
    text.parse().unwrap()
}

fn figure(value: Option<&str>) -> Figure {
    Figure { value: value.map(number), ..Figure::default() }
}

fn metric(value: Option<&str>, members: &[(Option<&str>, &str)]) -> MetricDoc {
    let members: Vec<MemberDoc> = members
        .iter()
        .map(|(key, value)| MemberDoc {
            key: key.map(str::to_owned),
            label: None,
            figure: figure(Some(value)),
            day: None,
        })
        .collect();
    let by =
        if members.is_empty() { IndexMap::new() } else { IndexMap::from([("status".to_owned(), members)]) };
    MetricDoc {
        label: "Calls".into(),
        unit: None,
        good: None,
        of: Some("calls".into()),
        figure: figure(value),
        over: None,
        day: None,
        seen: None,
        apart: None,
        compared: None,
        recent: None,
        by,
        not_by: IndexMap::new(),
    }
}

fn doc(metrics: Vec<(&str, MetricDoc)>) -> MetricsDoc {
    MetricsDoc {
        format: FORMAT.into(),
        date: "2025-11-06".parse().unwrap(),
        edition: Edition::FIRST,
        provenance: Provenance::Witnessed,
        previous: None,
        events: IndexMap::new(),
        metrics: metrics.into_iter().map(|(name, metric)| (name.to_owned(), metric)).collect(),
    }
}

/// `calls` and `sales` are counted over `calls`, `rate` is the one over the other; `leads` over `leads`.
fn definitions(filter: &str) -> Definitions {
    let count = |of: &str, filter: Option<&str>| MetricDef {
        measure: Measure::Count(Count { of: of.into(), filter: filter.map(str::to_owned) }),
        over_days: None,
    };
    let ratio = Ratio { numerator: "sales".into(), denominator: "calls".into() };
    Definitions {
        format: DEFINITIONS.into(),
        calendar: CalendarDef { time_zone: "UTC".into(), day_starts_at: "00:00".into() },
        source: SourceDef { dialect: Dialect::Sqlite, time_zone: "UTC".into(), tables: BTreeMap::new() },
        sources: BTreeMap::new(),
        lookups: BTreeMap::new(),
        lists: BTreeMap::new(),
        events: BTreeMap::new(),
        metrics: BTreeMap::from([
            ("calls".into(), count("calls", None)),
            ("sales".into(), count("calls", Some(filter))),
            ("leads".into(), count("leads", None)),
            ("rate".into(), MetricDef { measure: Measure::Ratio(ratio), over_days: None }),
        ]),
    }
}

#[derive(Default)]
struct With<'a> {
    floats: &'a [&'a str],
    shrunk: &'a [&'a str],
    keys: &'a [&'a str],
    groups_of: &'a [&'a str],
    tolerance: Option<&'a str>,
    only: &'a [&'a str],
    otherwise: bool,
}

fn found(frozen: &MetricsDoc, live: &MetricsDoc, with: &With<'_>) -> DayDrift {
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let (then, now) = (definitions("a"), definitions(if with.otherwise { "b" } else { "a" }));
    // Without events there are no fingerprints of the program's own: these stand for them.
    let prints = |definitions: &Definitions| {
        let print = |metric: &MetricDef| {
            let text = serde_json::to_string(metric).unwrap();
            crate::model::Fingerprint(crate::model::Digest::of(text.as_bytes()))
        };
        DefinitionsDoc {
            fingerprint: definitions.fingerprint(),
            metrics: definitions.metrics.iter().map(|(name, metric)| (name.clone(), print(metric))).collect(),
            dimensions: BTreeMap::new(),
        }
    };
    let (then_prints, now_prints) = (prints(&then), prints(&now));
    drift(&Input {
        frozen: Side { doc: frozen, definitions: &then, fingerprints: &then_prints },
        live: Side { doc: live, definitions: &now, fingerprints: &now_prints },
        floats: &set(with.floats),
        shrunk: &set(with.shrunk),
        other_keys: &set(with.keys),
        groups_of: &list(with.groups_of),
        tolerance: &|_| number(with.tolerance.unwrap_or("0")),
        only: &list(with.only),
    })
}

#[test]
fn a_change_is_told_with_the_members_it_came_from() {
    let frozen = doc(vec![("calls", metric(Some("10"), &[(Some("A"), "4"), (Some("B"), "5"), (None, "1")]))]);
    let live = doc(vec![("calls", metric(Some("12"), &[(Some("A"), "9"), (Some("C"), "2"), (None, "1")]))]);
    let day = found(&frozen, &live, &With::default());
    assert_eq!(day.kind, Kind::Restated);
    let calls = &day.metrics["calls"];
    let change = calls.pair.change.as_ref().unwrap();
    assert_eq!(
        (change.change.to_string(), change.percentage.as_ref().unwrap().to_string()),
        ("2".into(), "20.00".into())
    );
    let members: Vec<_> = calls.by["status"]
        .iter()
        .map(|member| {
            let change = member.pair.change.as_ref().unwrap().change.to_string();
            (member.key.as_deref().unwrap(), member.presence, change)
        })
        .collect();
    assert_eq!(
        members,
        [
            ("A", Presence::Both, "5".to_owned()),
            ("B", Presence::Vanished, "-5".to_owned()),
            ("C", Presence::Appeared, "2".to_owned()),
        ]
    );
}

#[test]
fn a_move_between_members_is_no_less_a_change_and_a_tolerance_counts_each_way() {
    let frozen = doc(vec![("calls", metric(Some("100"), &[(Some("A"), "60"), (Some("B"), "40")]))]);
    let live = doc(vec![("calls", metric(Some("100"), &[(Some("A"), "57"), (Some("B"), "43")]))]);
    assert_eq!(found(&frozen, &live, &With::default()).kind, Kind::Restated);
    let tolerance = |text| With { tolerance: Some(text), ..With::default() };
    assert_eq!(found(&frozen, &live, &tolerance("0.02")).kind, Kind::Restated);
    let day = found(&frozen, &live, &tolerance("0.03"));
    assert_eq!(day.kind, Kind::Unchanged);
    assert!(day.metrics["calls"].within_tolerance);
    let total = |value| doc(vec![("calls", metric(Some(value), &[]))]);
    // Exactly as much as it may, and a little more; of nothing, nothing may move.
    for (from, to, kind) in
        [("-200", "-206", Kind::Unchanged), ("200", "206.01", Kind::Restated), ("0", "1", Kind::Restated)]
    {
        assert_eq!(found(&total(from), &total(to), &tolerance("0.03")).kind, kind, "{from} {to}");
    }
}

#[test]
fn rows_that_are_gone_count_for_the_metrics_over_them() {
    let at = |calls, sales, leads| {
        doc(vec![
            ("calls", metric(Some(calls), &[])),
            ("sales", metric(Some(sales), &[])),
            ("leads", metric(Some(leads), &[])),
            ("rate", metric(Some(if calls == "10" { "0.1" } else { "0.125" }), &[])),
        ])
    };
    let with = With { shrunk: &["calls"], tolerance: Some("0.5"), ..With::default() };
    let day = found(&at("10", "1", "7"), &at("8", "1", "6"), &with);
    let kinds: Vec<Kind> = day.metrics.values().map(|metric| metric.kind).collect();
    // A tolerance is no excuse for rows that are gone; leads have all of theirs and may move.
    assert_eq!(kinds, [Kind::SourceShrunk, Kind::Unchanged, Kind::Unchanged, Kind::SourceShrunk]);
    assert_eq!(day.kind, Kind::SourceShrunk);
    let only = |only| With { shrunk: &["calls"], only, ..With::default() };
    assert_eq!(found(&at("10", "1", "7"), &at("8", "1", "6"), &only(&["leads"])).kind, Kind::Restated);
    assert_eq!(found(&at("10", "1", "7"), &at("8", "1", "7"), &only(&["sales"])).kind, Kind::SourceShrunk);
}

#[test]
fn floats_keys_groups_and_unknown_values() {
    let total = |value| doc(vec![("calls", metric(value, &[]))]);
    let (one, noise) = (total(Some("1000000")), total(Some("1000000.0001")));
    assert_eq!(found(&one, &noise, &With::default()).kind, Kind::Restated);
    let floats = With { floats: &["calls"], ..With::default() };
    assert_eq!(found(&one, &noise, &floats).kind, Kind::Unchanged);
    assert_eq!(found(&one, &total(Some("1000000.01")), &floats).kind, Kind::Restated);
    let keys = found(&one, &one, &With { keys: &["calls"], ..With::default() });
    assert_eq!((keys.kind, keys.metrics["calls"].other_keys), (Kind::Restated, true));
    assert_eq!(found(&one, &one, &With { groups_of: &["calls"], ..With::default() }).kind, Kind::Restated);
    let unknown = found(&one, &total(None), &With { tolerance: Some("1"), ..With::default() });
    assert_eq!(unknown.kind, Kind::Restated);
    assert_eq!(unknown.metrics["calls"].pair.change, None);
}

#[test]
fn what_is_defined_otherwise_is_no_drift_of_its_own() {
    let frozen = doc(vec![("sales", metric(Some("4"), &[])), ("rate", metric(Some("0.4"), &[]))]);
    let live = doc(vec![("sales", metric(Some("4"), &[])), ("calls", metric(Some("10"), &[]))]);
    let day = found(&frozen, &live, &With { otherwise: true, ..With::default() });
    let told: Vec<_> =
        day.metrics.iter().map(|(name, found)| (name.as_str(), found.kind, found.defined)).collect();
    assert_eq!(
        told,
        [
            ("sales", Kind::Redefined, Defined::Changed),
            ("rate", Kind::Redefined, Defined::Removed),
            ("calls", Kind::Redefined, Defined::Added),
        ]
    );
    assert_eq!(day.kind, Kind::Redefined);
}

fn any_doc() -> impl Strategy<Value = MetricsDoc> {
    let members = proptest::collection::btree_map(proptest::option::of("[ab]{0,2}"), -50_i64..50, 0..5);
    let figures = proptest::option::of(-200_i64..200);
    proptest::collection::vec((figures, members), 1..4).prop_map(|metrics| {
        let names = ["calls", "sales", "rate"];
        let metrics = metrics.into_iter().zip(names).map(|((total, members), name)| {
            let members: Vec<(Option<String>, String)> =
                members.into_iter().map(|(key, value)| (key, value.to_string())).collect();
            let members: Vec<(Option<&str>, &str)> =
                members.iter().map(|(key, value)| (key.as_deref(), value.as_str())).collect();
            (name, metric(total.map(|total| total.to_string()).as_deref(), &members))
        });
        doc(metrics.collect())
    })
}

proptest! {
    #[test]
    fn a_day_does_not_drift_from_itself(doc in any_doc()) {
        let day = found(&doc, &doc, &With::default());
        prop_assert_eq!(day.kind, Kind::Unchanged);
        for metric in day.metrics.values() {
            prop_assert!(metric.by.is_empty() && !metric.within_tolerance);
        }
    }

    #[test]
    fn the_drift_back_is_the_negative(one in any_doc(), other in any_doc()) {
        let (there, back) = (found(&one, &other, &With::default()), found(&other, &one, &With::default()));
        prop_assert_eq!(there.kind, back.kind);
        prop_assert_eq!(there.metrics.len(), back.metrics.len());
        for (name, metric) in &there.metrics {
            let mirror = &back.metrics[name];
            prop_assert_eq!(metric.kind, mirror.kind);
            let opposite = |one: &super::Pair, other: &super::Pair| {
                one.frozen == other.live && one.live == other.frozen
                    && match (&one.change, &other.change) {
                        (Some(one), Some(other)) => (one.change.clone() + &other.change).is_zero(),
                        (None, None) => true,
                        _ => false,
                    }
            };
            prop_assert!(opposite(&metric.pair, &mirror.pair));
            prop_assert_eq!(metric.by.len(), mirror.by.len());
            for (dimension, members) in &metric.by {
                prop_assert_eq!(members.len(), mirror.by[dimension].len());
                for member in members {
                    let mut found = mirror.by[dimension].iter();
                    let mirror = found.find(|mirror| mirror.key == member.key).unwrap();
                    prop_assert!(opposite(&member.pair, &mirror.pair));
                    let swapped = match member.presence {
                        Presence::Both => Presence::Both,
                        Presence::Appeared => Presence::Vanished,
                        Presence::Vanished => Presence::Appeared,
                    };
                    prop_assert_eq!(swapped, mirror.presence);
                }
            }
        }
    }
}
