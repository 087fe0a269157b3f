//! What is to be frozen of them, as the calls themselves say it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use chrono_tz::America::Chicago;
use serde_json::{Value, json};

use super::calls::{Call, DAYS, Ended, KINDS, owner};
use crate::support::command::Place;

pub fn between<'c>(calls: &'c [Call], start: &str, end: &str) -> Vec<&'c Call> {
    let [start, end]: [DateTime<Utc>; 2] = [start, end].map(|at| at.parse().unwrap());
    calls.iter().filter(|call| (start..end).contains(&call.at)).collect()
}

/// The members of a breakdown with their values, by their keys.
pub fn members(doc: &Value, metric: &str, dimension: &str) -> BTreeMap<String, u64> {
    let members = doc["metrics"][metric]["by"][dimension].as_array().unwrap().iter();
    members
        .map(|member| {
            (member["key"].as_str().unwrap_or("NULL").to_owned(), member["value"].as_u64().unwrap())
        })
        .collect()
}

pub fn counted<'c>(calls: &[&'c Call], of: impl Fn(&'c Call) -> String) -> BTreeMap<String, u64> {
    let mut counted = BTreeMap::new();
    for call in calls {
        *counted.entry(of(call)).or_insert(0) += 1;
    }
    counted
}

/// Holds what is frozen of the three days, and the queue, against what the calls say.
pub fn as_reckoned(place: &Place, calls: &[Call]) {
    for (day, start, end) in DAYS {
        let doc: Value = serde_json::from_str(&place.read(&format!("snapshots/{day}/metrics.json"))).unwrap();
        let of_day = between(calls, start, end);
        let ended_as = |status: &str| {
            of_day
                .iter()
                .copied()
                .filter(|call| matches!(call.ended(), Ended::As(s) if s == status))
                .collect::<Vec<_>>()
        };
        for kind in KINDS {
            let value = |metric: &str| doc["metrics"][format!("{metric}_{kind}")]["value"].clone();
            assert_eq!(value("calls"), json!(of_day.len()), "{day} {kind}");
            assert_eq!(value("sales"), json!(ended_as("SALE").len()), "{day} {kind}");
            let ours = of_day.iter().filter(|call| matches!(call.list(), Some(101 | 104))).count();
            assert_eq!(value("ours"), json!(ours), "{day} {kind}");
            let answered = of_day.iter().filter(|call| call.answered()).count();
            assert_eq!(value("answered"), json!(answered), "{day} {kind}");
            let cost: i64 = ended_as("NI").iter().map(|call| call.cost()).sum();
            let told = value("cost").to_string();
            let (whole, cents) = told.split_once('.').unwrap_or((&told, ""));
            let told: i64 = format!("{whole}{cents:0<2}").parse().unwrap();
            assert_eq!(told, cost, "{day} {kind}");
            let sellers: BTreeSet<String> = ended_as("SALE").iter().map(|call| call.phone()).collect();
            assert_eq!(value("sellers"), json!(sellers.len()), "{day} {kind}");
            let calls = format!("calls_{kind}");
            let outcome = |call: &Call| match call.ended() {
                Ended::As(status) => status.to_owned(),
                Ended::Open | Ended::Unknown => "NULL".to_owned(),
            };
            assert_eq!(members(&doc, &calls, "outcome"), counted(&of_day, outcome), "{day} {kind}");
            let of_whom = |call: &Call| call.list().and_then(owner).unwrap_or_else(|| "NULL".to_owned());
            assert_eq!(members(&doc, &calls, "owner"), counted(&of_day, of_whom), "{day} {kind}");
            let hour = |call: &Call| {
                let local = call.at.with_timezone(&Chicago);
                // From 01:00 to 02:00 in the second time, which local time alone can't tell from the first.
                let again = (7 * 3_600..8 * 3_600).contains(&(call.at.timestamp() - 1_762_041_600));
                let again = if again && kind != "local" { "b" } else { "" };
                format!("{}{again}", local.format("%H"))
            };
            assert_eq!(members(&doc, &calls, "hour"), counted(&of_day, hour), "{day} {kind}");
        }
        let manifest: Value =
            serde_json::from_str(&place.read(&format!("snapshots/{day}/manifest.json"))).unwrap();
        let unknown = of_day.iter().filter(|call| call.ended() == Ended::Unknown).count();
        let lists: BTreeSet<i64> = of_day.iter().filter_map(|call| call.list()).collect();
        let without = of_day.iter().filter(|call| call.list().is_none()).count();
        assert_eq!(
            manifest["events"]["epoch"]["lookups"],
            json!({
                "outcome": { "keys": of_day.len(), "unknown": unknown, "without_key": 0 },
                "owner": { "keys": lists.len(), "unknown": 1, "without_key": without },
            }),
            "{day}"
        );
    }
    let text = place.read("worklists/redial/redial-queue_2025-11.json");
    let doc: Value = serde_json::from_str(&text).unwrap();
    let told: BTreeMap<String, String> = doc
        .as_object()
        .unwrap()
        .iter()
        .map(|(phone, entry)| (phone.clone(), entry["call_id"].as_str().unwrap().to_owned()))
        .collect();
    assert_eq!(told, queue(calls));
}

/// The phones to call again with their latest calls.
pub fn queue(calls: &[Call]) -> BTreeMap<String, String> {
    let mut phones: BTreeMap<String, Vec<&Call>> = BTreeMap::new();
    for call in calls {
        phones.entry(call.phone()).or_default().push(call);
    }
    let first: DateTime<Utc> = DAYS[0].1.parse().unwrap();
    phones.retain(|phone, calls| {
        let out = [Ended::As("SALE"), Ended::As("DNC"), Ended::Unknown];
        let never = ["3125550003", "3125550051"].contains(&phone.as_str());
        let latest = calls.last().unwrap();
        let wanted = matches!(latest.ended(), Ended::As("NA" | "CALLBK"));
        !never && wanted && latest.at >= first && !calls.iter().any(|call| out.contains(&call.ended()))
    });
    phones.into_iter().map(|(phone, calls)| (phone, calls.last().unwrap().id())).collect()
}
