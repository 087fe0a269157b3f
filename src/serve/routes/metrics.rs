//! `GET /metrics`: what a Prometheus takes.

use std::fmt::Write as _;

use super::super::access::Call;
use super::super::answer::{Answer, Holds};
use super::super::problem::Problem;
use super::super::route::Route;
use super::READ;
use crate::ops::when::latest;

/// Prometheus' own text format.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What this file answers.
pub fn routes() -> Vec<Route> {
    vec![Route::get("/metrics", READ, metrics)]
}

/// How the server and the archives fare, in the text format of Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "server", responses(
    (status = 200, description = "Counters and gauges", body = String, content_type = "text/plain"),
    (status = "default", description = "What went wrong", body = super::super::open_api::Problem, content_type = "application/problem+json"),
))]
pub fn metrics(call: &Call) -> Result<Answer, Problem> {
    call.asked.only(&[])?;
    let archives = call.all()?;
    let mut text = String::new();
    let counts = call.server.counts();
    head(&mut text, "asof_requests_total", "counter", "requests answered, by class of status");
    for (class, count) in counts.by_class().iter().enumerate() {
        let _ = writeln!(text, "asof_requests_total{{class=\"{}xx\"}} {count}", class + 1);
    }
    let (whole, rest) = (counts.micros() / 1_000_000, counts.micros() % 1_000_000);
    head(&mut text, "asof_request_seconds_total", "counter", "how long all requests took");
    let _ = writeln!(text, "asof_request_seconds_total {whole}.{rest:06}");
    let cache = call.server.cache.fares();
    let gauges = [
        ("asof_requests_at_work", "gauge", "requests that are being answered", counts.at_work()),
        ("asof_cache_bytes", "gauge", "memory that kept answers take", cache.bytes as u64),
        ("asof_cache_hits_total", "counter", "answers that were kept", cache.hits),
        ("asof_cache_misses_total", "counter", "answers that were made", cache.misses),
    ];
    for (name, kind, what, value) in gauges {
        head(&mut text, name, kind, what);
        let _ = writeln!(text, "{name} {value}");
    }
    let opened: Vec<_> =
        archives.into_iter().map(|(tenant, held)| (label(tenant), held.open().ok())).collect();
    head(&mut text, "asof_archive_up", "gauge", "whether the archive is there and can be read");
    for (tenant, opened) in &opened {
        let _ = writeln!(text, "asof_archive_up{tenant} {}", u8::from(opened.is_some()));
    }
    head(&mut text, "asof_days", "gauge", "frozen days");
    for (tenant, opened) in opened.iter().filter_map(|(tenant, opened)| Some((tenant, opened.as_ref()?))) {
        let _ = writeln!(text, "asof_days{tenant} {}", opened.history.days().count());
    }
    head(&mut text, "asof_newest_captured_timestamp_seconds", "gauge", "when the newest day was captured");
    for (tenant, opened) in opened.iter().filter_map(|(tenant, opened)| Some((tenant, opened.as_ref()?))) {
        let newest = opened.history.days().rev().find_map(|(_, editions)| latest(editions));
        if let Some(line) = newest {
            let at = line.captured_at.timestamp();
            let _ = writeln!(text, "asof_newest_captured_timestamp_seconds{tenant} {at}");
        }
    }
    Ok(Answer::of(TEXT, text.into_bytes()).holding(Holds::Now))
}

fn head(text: &mut String, name: &str, kind: &str, what: &str) {
    let _ = writeln!(text, "# HELP {name} {what}\n# TYPE {name} {kind}");
}

/// A tenant as a label, which may hold anything.
fn label(tenant: Option<&str>) -> String {
    let escaped = |tenant: &str| tenant.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    tenant.map_or_else(String::new, |tenant| format!("{{tenant=\"{}\"}}", escaped(tenant)))
}
