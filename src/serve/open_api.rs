//! What there is, for programs: the shapes of answers, and the document made of them. The shapes are told here and made
//! in `ops::documents`; a test holds answers against them.

use serde::Serialize;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi, ToSchema};

use super::entity_shapes::{CoverageStatus, MovedWay};
use super::routes::{
    alerts, api, compare, coverage, day, days, drift, entity, entity_capture, entity_context, entity_moved,
    growth, health, metrics, series, settling,
};

/// What there is.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "asof",
        description = "What a database said each day, as it was frozen then. Days are dates of the archive's own calendar; times are RFC 3339. A number is exact: read it as a decimal where that matters. What is not known is null with a reason, never 0.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    paths(
        health::health, metrics::metrics, api::document, api::page, days::days, day::day, day::page, compare::compare,
        drift::drift, series::series, settling::settling, alerts::alerts,
        growth::growth, entity_capture::snapshot, entity::snapshots, entity::latest, entity::compare, entity::history,
        entity_moved::moved, entity_context::context, entity_capture::create, entity_capture::events, coverage::coverage,
        coverage::timeliness,
    ),
    components(schemas(ToDate, Which, CoverageStatus, MovedWay)),
    modifiers(&Bearer),
    security((), ("token" = [])),
)]
pub struct Document;

/// A date as patterns have it, for which they say `<date>`: a day that there is, of the years 1000 to 2999.
const DATE: &str = concat!(
    "([12][0-9]{3}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))",
    "|([12][0-9](0[48]|[2468][048]|[13579][26])|(12|16|20|24|28)00)-02-29)",
);

/// What there is, as it is told.
///
/// # Errors
/// None: it can be written as JSON.
pub fn told() -> serde_json::Result<String> {
    Ok(serde_json::to_string(&Document::openapi())?.replace("<date>", DATE))
}

/// How a token is sent.
struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("made by asof token new; needed once the configuration has [serve.tokens]"))
            .build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(scheme));
    }
}

/// Up to what a span of time is taken.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ToDate {
    /// The month so far.
    Month,
}

/// By which definitions a day is read.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Which {
    /// Those that were frozen with it.
    Frozen,
    /// Those of the configuration.
    Current,
}

/// What went wrong, by RFC 9457.
#[derive(Serialize, ToSchema)]
pub struct Problem {
    /// The kind of trouble: `urn:asof:no-such-day`.
    pub r#type: String,
    /// The status in words.
    pub title: String,
    /// The status.
    pub status: u16,
    /// What happened.
    pub detail: String,
    /// The way on.
    #[schema(required = false)]
    pub hint: Option<String>,
}

/// Whether the server is well.
#[derive(Serialize, ToSchema)]
pub struct Health {
    /// `ok`.
    pub status: String,
}

/// Some days of the archive.
#[derive(Serialize, ToSchema)]
pub struct Days {
    /// The archive's id.
    pub archive: String,
    /// The days, the earliest first.
    pub days: Vec<serde_json::Value>,
    /// The spans that nobody froze.
    pub gaps: Vec<serde_json::Value>,
    /// What is not as it should be, as sentences.
    pub findings: Vec<String>,
    /// The `cursor` of the next part; null of the last one.
    #[schema(required = true)]
    pub next: Option<String>,
}

/// The numbers of a frozen day: `asof.metrics/1`.
#[derive(Serialize, ToSchema)]
pub struct Day {
    /// Always `asof.metrics/1`.
    pub format: String,
    /// The day.
    pub date: String,
    /// Which edition of it.
    pub edition: u32,
    /// How it came to be known: `witnessed`, `reconstructed` or `provisional`.
    pub provenance: String,
    /// What the numbers were counted over, by the name of the events.
    #[schema(value_type = Object)]
    pub events: serde_json::Value,
    /// The numbers, by name.
    #[schema(value_type = Object)]
    pub metrics: serde_json::Value,
}

/// A side of a comparison.
#[derive(Serialize, ToSchema)]
pub struct Side {
    /// Its first day.
    pub from: String,
    /// Its last day.
    pub to: String,
    /// The frozen days of it, with edition and provenance.
    pub days: Vec<serde_json::Value>,
    /// Days that are not frozen.
    pub missing: Vec<String>,
    /// Days whose numbers were thinned.
    pub thinned: Vec<String>,
}

/// Two sides beside each other.
#[derive(Serialize, ToSchema)]
pub struct Compared {
    /// The archive's id.
    pub archive: String,
    /// The first side.
    pub a: Side,
    /// What it is held against.
    pub b: Side,
    /// What makes them less comparable.
    pub warnings: Vec<serde_json::Value>,
    /// The metrics of both, by name.
    #[schema(value_type = Object)]
    pub metrics: serde_json::Value,
}

/// A metric day by day.
#[derive(Serialize, ToSchema)]
pub struct Series {
    /// The archive's id.
    pub archive: String,
    /// The metric's name.
    pub metric: String,
    /// What people call it.
    pub label: String,
    /// Its unit.
    #[schema(required = true)]
    pub unit: Option<String>,
    /// Each frozen day with its value, and how it compares with the day before.
    pub points: Vec<serde_json::Value>,
    /// The spans that nobody froze.
    pub gaps: Vec<serde_json::Value>,
    /// The days since which it was defined otherwise.
    pub redefined: Vec<String>,
    /// What could not be read, as sentences.
    pub findings: Vec<String>,
}

/// How metrics settle.
#[derive(Serialize, ToSchema)]
pub struct Settling {
    /// Each metric: after which age it is settled, and on how many days that rests.
    pub metrics: Vec<serde_json::Value>,
    /// Metrics over several days, which follow from the others.
    pub left_out: Vec<String>,
    /// What is not as it should be, as sentences.
    pub findings: Vec<String>,
}

/// A day judged by the alerts of the configuration.
#[derive(Serialize, ToSchema)]
pub struct Alerts {
    /// Always `asof.alert/1`.
    pub format: String,
    /// The day.
    pub day: String,
    /// Its edition; null of a day that is missing.
    #[schema(required = true)]
    pub edition: Option<u32>,
    /// What is said of each alert.
    pub alerts: Vec<serde_json::Value>,
}

/// A frozen day held against what the source says now.
#[derive(Serialize, ToSchema)]
pub struct Drift {
    /// The day.
    pub date: String,
    /// Its edition.
    pub edition: u32,
    /// How it came to be known.
    pub provenance: String,
    /// What has become of it: `unchanged`, `redefined`, `restated`, `source_shrunk` or `unreadable`.
    pub kind: String,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use utoipa::OpenApi as _;

    use super::Document;
    use crate::serve::routes;

    #[test]
    fn dates_are_told_in_full() {
        assert!(!super::told().unwrap().contains("<date>"));
    }

    #[test]
    fn what_can_be_asked_for_is_told_and_nothing_else() {
        let document = serde_json::to_value(Document::openapi()).unwrap();
        let told: BTreeSet<String> = document["paths"]
            .as_object()
            .unwrap()
            .iter()
            .flat_map(|(path, methods)| {
                let methods = methods.as_object().unwrap().keys();
                methods.map(move |method| format!("{} {path}", method.to_uppercase()))
            })
            .collect();
        // A page's neighbour, as the frozen page links to it, is the page of a day once more.
        let routes =
            routes::for_programs().into_iter().filter(|route| route.path != "/{when}/dashboard.html");
        let there: BTreeSet<String> =
            routes.map(|route| format!("{} {}", route.method, route.path)).collect();
        assert_eq!(told, there);
    }
}
