//! What is news from one day to the next.

use indexmap::IndexMap;
use serde_json::json;

use super::{Step, step};
use crate::analyze::alerts::{State, Verdict};
use crate::config::alerts::{AlertSettings, On};
use crate::model::Digest;
use crate::ops::alerts::state::StateDoc;
use crate::ops::alerts::{Judged, Judgement, Member};

fn judgement(day: &str, states: &[(&str, Option<&str>, State)]) -> Judgement {
    let digest = Digest::of(b"");
    let line = json!({
        "seq": 1, "at": "2025-11-07T09:00:00Z", "kind": "snapshot", "date": day, "edition": 1,
        "provenance": "witnessed", "captured_at": "2025-11-07T09:00:00Z", "manifest": digest,
        "definitions": digest, "headline": {}, "trigger": "save", "asof": "0.1.0",
    });
    let judged = |(name, member, state): &(&str, Option<&str>, State)| Judged {
        name: (*name).to_owned(),
        metric: Some("sales".to_owned()),
        member: member.map(|key| Member { by: "campaign".to_owned(), key: Some(key.to_owned()) }),
        verdict: Verdict { state: *state, value: None, expected: None, why: "so".to_owned() },
    };
    let line = serde_json::from_value(line).unwrap();
    Judgement { line, judged: states.iter().map(judged).collect(), damaged: Vec::new() }
}

/// Goes through days; for each how many alerts are news and how many go to the sink, which gets them all.
fn days(snooze: Option<u16>, steps: &[(&str, State)]) -> Vec<(usize, usize)> {
    let alerts = IndexMap::from([("low".to_owned(), AlertSettings { on: On::Missing, days: 1, snooze })]);
    let mut state = StateDoc::default();
    let mut told = Vec::new();
    for (day, now) in steps {
        let found = judgement(day, &[("low", None, *now)]);
        let Step { state: mut kept, news, to } = step(&alerts, &found, &state, &["ops".to_owned()]);
        told.push((news.len(), to.get("ops").map_or(0, Vec::len)));
        kept.alerts.iter_mut().for_each(|entry| entry.waiting.clear());
        state = kept;
    }
    told
}

use State::{Fine, Fires, Unknown};

#[test]
fn an_alert_is_told_once_until_it_has_cleared() {
    let told = days(
        None,
        &[
            ("2025-11-03", Fine),
            ("2025-11-04", Fires),
            ("2025-11-05", Fires),
            // What can't be judged clears nothing.
            ("2025-11-06", Unknown),
            ("2025-11-07", Fires),
            ("2025-11-08", Fine),
            ("2025-11-09", Fires),
        ],
    );
    assert_eq!(told, [(0, 0), (1, 1), (0, 0), (0, 0), (0, 0), (0, 0), (1, 1)]);
}

#[test]
fn the_same_day_is_told_of_once() {
    let told = days(
        None,
        &[("2025-11-04", Fires), ("2025-11-04", Fires), ("2025-11-04", Fine), ("2025-11-04", Fires)],
    );
    assert_eq!(told, [(1, 1), (0, 0), (0, 0), (0, 0)]);
}

#[test]
fn a_day_in_the_past_is_no_news() {
    assert_eq!(days(None, &[("2025-11-04", Fine), ("2025-11-03", Fires)]), [(0, 0), (0, 0)]);
}

#[test]
fn a_snoozed_alert_waits_even_when_it_has_cleared_in_between() {
    let steps = [
        ("2025-11-03", Fires),
        ("2025-11-04", Fine),
        ("2025-11-05", Fires),
        ("2025-11-06", Fires),
        ("2025-11-07", Fires),
    ];
    assert_eq!(days(Some(3), &steps), [(1, 1), (0, 0), (0, 0), (1, 1), (0, 0)]);
    assert_eq!(days(None, &steps), [(1, 1), (0, 0), (1, 1), (0, 0), (0, 0)]);
}

#[test]
fn a_sink_that_failed_gets_it_the_next_time() {
    let settings = AlertSettings { on: On::Missing, days: 1, snooze: None };
    let alerts = IndexMap::from([("low".to_owned(), settings)]);
    let sinks = ["ops".to_owned()];
    let fires = |day: &str| judgement(day, &[("low", Some("a"), Fires), ("low", Some("b"), Fine)]);
    let first = step(&alerts, &fires("2025-11-04"), &StateDoc::default(), &sinks);
    assert_eq!((first.news.len(), first.to["ops"].as_slice()), (1, [0].as_slice()));
    // Nothing was taken from those that wait: it did not get there.
    let again = step(&alerts, &fires("2025-11-05"), &first.state, &sinks);
    assert_eq!((again.news.len(), again.to["ops"].as_slice()), (0, [0].as_slice()));
    let cleared = step(&alerts, &judgement("2025-11-06", &[("low", Some("a"), Fine)]), &again.state, &sinks);
    assert!(cleared.to.is_empty() && cleared.state.alerts.is_empty());
    // An alert that is no longer configured is forgotten.
    let none = step(&IndexMap::new(), &judgement("2025-11-06", &[]), &first.state, &sinks);
    assert!(none.state.alerts.is_empty());
}
