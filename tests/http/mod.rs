//! HTTP APIs as a source: whole commands against a small API on this machine.

mod backfilling;
mod configuring;
mod lead_team;
mod lookups;
mod lookups_answered;
mod lookups_attacked;
mod lookups_configured;
mod paging;
mod room;
mod saving;
mod trouble;
mod unreached;

use serde_json::Value;

use crate::support::api::Api;
use crate::support::command::Place;

/// The secret of the API.
pub const KEY: &str = "s3cr3t-k3y/+&";

/// A folder with a configuration that reads calls from an API, page by page of this many.
fn place(api: &Api, feed: &str) -> Place {
    let place = Place::new();
    place.write("asof.toml", config(&api.url(), feed));
    place.env("BLAND_KEY", KEY);
    place.secret(KEY);
    place.secret("s3cr3t-k3y");
    place.hide(api.port().to_string(), "PORT");
    place
}

/// A feed that goes by offsets and is told its total.
const BY_OFFSET: &str = r#"
url = "/v1/calls?from={start}&to={end}&limit=100&offset={offset}&key={key}"
total = "/total_count"
pages = { by = "offset", size = 100 }
"#;

fn config(url: &str, feed: &str) -> String {
    format!(
        r#"
[sources.bland]
kind = "http"
url = "{url}"
headers = {{ authorization = "Bearer {{key}}" }}
secrets = {{ key = {{ env = "BLAND_KEY" }} }}
retry_for = "3s"

[sources.bland.feeds.calls]
items = "/calls"
key = ["call_id"]
columns = {{ call_id = "text", created_at = {{ at = "/created/at", type = "time" }}, status = "text", length = "integer", cost = "decimal" }}
{feed}
[calendar]
time_zone = "America/Chicago"

[events.calls]
from = "bland"
table = "calls"
time = "created_at"
time_is = "instant"
by.status = "status"

[metrics]
calls = {{ of = "calls", count = true }}
seconds = {{ of = "calls", sum = "length" }}
cost = {{ of = "calls", sum = "cost" }}
"#
    )
}

/// What a frozen day says: calls, seconds, cost, and calls by status.
fn frozen(place: &Place, day: &str) -> (u64, u64, String, Vec<(String, u64)>) {
    let doc: Value = serde_json::from_str(&place.read(&format!("snapshots/{day}/metrics.json"))).unwrap();
    let metric = |name: &str| doc["metrics"][name]["value"].clone();
    let by = doc["metrics"]["calls"]["by"]["status"].as_array().unwrap();
    let mut by: Vec<(String, u64)> = by
        .iter()
        .map(|member| (member["key"].as_str().unwrap().to_owned(), member["value"].as_u64().unwrap()))
        .collect();
    by.sort();
    (
        metric("calls").as_u64().unwrap(),
        metric("seconds").as_u64().unwrap(),
        without_zeros(&metric("cost").to_string()),
        by,
    )
}

fn without_zeros(number: &str) -> String {
    if number.contains('.') {
        number.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        number.to_owned()
    }
}

/// The same, counted from the calls themselves.
fn expected(calls: &[Value], start: &str, end: &str) -> (u64, u64, String, Vec<(String, u64)>) {
    let (mut count, mut seconds, mut cents) = (0, 0, 0);
    let mut by = std::collections::BTreeMap::new();
    for call in calls {
        let at = call["created"]["at"].as_str().unwrap();
        if at < start || at >= end {
            continue;
        }
        count += 1;
        seconds += call["length"].as_u64().unwrap();
        let (whole, part) =
            call["cost"].to_string().split_once('.').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
        cents += whole.parse::<u64>().unwrap() * 100 + part.parse::<u64>().unwrap();
        *by.entry(call["status"].as_str().unwrap().to_owned()).or_insert(0) += 1;
    }
    let cost = without_zeros(&format!("{}.{:02}", cents / 100, cents % 100));
    (count, seconds, cost, by.into_iter().collect())
}
