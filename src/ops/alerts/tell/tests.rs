//! What is news from one day to the next.

use indexmap::IndexMap;
use serde_json::json;

use super::step;
use crate::analyze::alerts::{State, Verdict};
use crate::config::alerts::{AlertSettings, On};
use crate::model::Digest;
use crate::ops::alerts::state::StateDoc;
use crate::ops::alerts::{Judged, Judgement, Member};

fn judged((name, member, state): &(&str, Option<&str>, State)) -> Judged {
    Judged {
        name: (*name).to_owned(),
        metric: Some("sales".to_owned()),
        member: member.map(|key| Member { by: "campaign".to_owned(), key: Some(key.to_owned()) }),
        verdict: Verdict { state: *state, value: None, expected: None, why: "so".to_owned() },
    }
}

fn judgement(day: &str, states: &[(&str, Option<&str>, State)]) -> Judgement {
    let digest = Digest::of(b"");
    let line = json!({
        "seq": 1, "at": "2025-11-07T09:00:00Z", "kind": "snapshot", "date": day, "edition": 1,
        "provenance": "witnessed", "captured_at": "2025-11-07T09:00:00Z", "manifest": digest,
        "definitions": digest, "headline": {}, "trigger": "save", "asof": "0.1.0",
    });
    Judgement {
        day: day.parse().unwrap(),
        line: serde_json::from_value(line).unwrap(),
        judged: states.iter().map(judged).collect(),
        whole: vec!["low".to_owned()],
        damaged: Vec::new(),
    }
}

fn low(snooze: Option<u16>) -> IndexMap<String, AlertSettings> {
    IndexMap::from([("low".to_owned(), AlertSettings { on: On::Missing, days: 1, snooze })])
}

/// Goes through days; for each, how many alerts are news.
fn days(snooze: Option<u16>, steps: &[(&str, State)]) -> Vec<usize> {
    let mut state = StateDoc::default();
    let mut told = Vec::new();
    for (day, now) in steps {
        let (kept, news) = step(&low(snooze), &judgement(day, &[("low", None, *now)]), None, state);
        told.push(news.len());
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
    assert_eq!(told, [0, 1, 0, 0, 0, 0, 1]);
}

#[test]
fn the_same_day_is_told_of_once() {
    let told = days(
        None,
        &[("2025-11-04", Fires), ("2025-11-04", Fires), ("2025-11-04", Fine), ("2025-11-04", Fires)],
    );
    assert_eq!(told, [1, 0, 0, 0]);
}

#[test]
fn a_day_in_the_past_is_no_news() {
    assert_eq!(days(None, &[("2025-11-04", Fine), ("2025-11-03", Fires)]), [0, 0]);
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
    assert_eq!(days(Some(3), &steps), [1, 0, 0, 1, 0]);
    assert_eq!(days(None, &steps), [1, 0, 1, 0, 0]);
}

/// The state after the 3rd fired, or did not, and the 4th was fine.
fn after(third: State) -> StateDoc {
    let state = StateDoc::default();
    let (state, _) = step(&low(None), &judgement("2025-11-03", &[("low", None, third)]), None, state);
    step(&low(None), &judgement("2025-11-04", &[("low", None, Fine)]), None, state).0
}

#[test]
fn of_a_day_in_the_past_only_what_has_changed_is_news() {
    let again = judgement("2025-11-03", &[("low", None, Fires)]);
    let then = |state| [judged(&("low", None, state))];
    let changed = |third: State| step(&low(None), &again, Some(&then(third)), after(third));
    let (state, news) = changed(Fine);
    assert_eq!(news, [0]);
    // What fires now is the newest day's to say.
    assert!(!state.alerts[0].firing);
    assert_eq!(state.judged, "2025-11-04".parse().ok());
    let next = judgement("2025-11-05", &[("low", None, Fires)]);
    assert_eq!(step(&low(None), &next, None, state).1, [0]);
    assert_eq!(changed(Fires).1, [0_usize; 0]);
    // It was missing, and nothing was said of it.
    assert_eq!(step(&low(None), &again, Some(&[]), after(Fine)).1, [0]);
    // It fires since, and that was told.
    let firing = step(&low(None), &judgement("2025-11-05", &[("low", None, Fires)]), None, after(Fine)).0;
    assert_eq!(step(&low(None), &again, Some(&then(Fine)), firing).1, [0_usize; 0]);
}

#[test]
fn a_member_that_is_gone_fires_no_more_and_an_alert_that_is_gone_is_forgotten() {
    let fires = judgement("2025-11-03", &[("low", Some("a"), Fires), ("low", Some("b"), Fires)]);
    let (state, news) = step(&low(None), &fires, None, StateDoc::default());
    assert_eq!(news, [0, 1]);
    let mut without = judgement("2025-11-04", &[("low", Some("b"), Fires)]);
    without.whole.clear();
    assert_eq!(step(&low(None), &without, None, state.clone()).0.alerts.len(), 2, "not all is known");
    without.whole.push("low".to_owned());
    let (state, _) = step(&low(None), &without, None, state);
    assert_eq!(state.alerts.len(), 1);
    let (state, _) = step(&IndexMap::new(), &judgement("2025-11-05", &[]), None, state);
    assert!(state.alerts.is_empty());
}

#[test]
fn a_day_that_is_not_frozen_is_told_of_and_the_next_frozen_one_clears_it() {
    let mut missing = judgement("2025-11-04", &[("low", None, Fires)]);
    missing.line = None;
    let (state, news) = step(&low(None), &missing, None, StateDoc::default());
    assert_eq!((news, state.judged), (vec![0], None));
    let (state, news) = step(&low(None), &missing, None, state);
    assert_eq!(news, [0_usize; 0]);
    let (state, _) = step(&low(None), &judgement("2025-11-04", &[("low", None, Fine)]), None, state);
    assert!(!state.alerts[0].firing);
}
