//! How a day's numbers were made, as the page tells it: definitions in words and SQL, lists,
//! source, window, row counts and digests.

use super::day::DayInput;
use super::format;
use super::text::{visible, visible_lines};
use super::words;
use crate::model::definitions::{DimensionDef, DimensionOf, EventsDef, From, TimeSpan};
use crate::model::manifest::{Consistency, SourceDoc};

/// How the numbers were made.
pub(super) struct Made {
    pub(super) metrics: Vec<MadeMetric>,
    pub(super) events: Vec<MadeEvents>,
    pub(super) lists: Vec<(String, String)>,
    pub(super) facts: Vec<(&'static str, String)>,
}

/// A metric's definition.
pub(super) struct MadeMetric {
    pub(super) label: String,
    pub(super) name: String,
    pub(super) words: String,
    pub(super) sql: String,
    pub(super) fingerprint: Option<String>,
}

/// Where events come from and what was read of them.
pub(super) struct MadeEvents {
    pub(super) label: String,
    pub(super) name: String,
    /// The table's name or the query.
    pub(super) from: String,
    pub(super) facts: Vec<(String, String)>,
}

impl Made {
    pub(super) fn new(input: &DayInput<'_>) -> Self {
        let definitions = input.definitions;
        let lists = definitions.lists.iter().map(|(name, values)| {
            let values = if values.is_empty() { "(empty)".to_owned() } else { values.join(", ") };
            (visible(name).into_owned(), visible(&values).into_owned())
        });
        Self {
            metrics: metrics(input),
            events: definitions
                .events
                .iter()
                .map(|(name, events)| events_made(input, name, events))
                .collect(),
            lists: lists.collect(),
            facts: facts(input),
        }
    }
}

fn metrics(input: &DayInput<'_>) -> Vec<MadeMetric> {
    let known = input.doc.metrics.iter();
    known
        .filter_map(|(name, metric)| {
            let definition = input.definitions.metrics.get(name)?;
            let fingerprint = input.manifest.definitions.metrics.get(name);
            Some(MadeMetric {
                label: visible(&metric.label).into_owned(),
                name: visible(name).into_owned(),
                words: visible(&words::sentence(definition, input.doc)).into_owned(),
                sql: visible_lines(&words::sql(definition)).into_owned(),
                fingerprint: fingerprint.map(|fingerprint| fingerprint.0.short()),
            })
        })
        .collect()
}

fn events_made(input: &DayInput<'_>, name: &str, events: &EventsDef) -> MadeEvents {
    let label = input.doc.events.get(name).map_or(name, |doc| doc.label.as_str());
    let from = match &events.from {
        From::Table(table) => table.as_str(),
        From::Sql(sql) => sql.trim(),
    };
    let mut facts =
        vec![("time".to_owned(), format!("{}, {}", events.time, words::time_is(events, input.definitions)))];
    if let Some(read) = input.manifest.events.get(name) {
        facts.push(("rows".to_owned(), format::count(read.rows)));
        let groups =
            read.groups.map_or_else(|| "too many: each dimension was read alone".to_owned(), format::count);
        facts.push(("groups".to_owned(), groups));
        facts.push(("newest".to_owned(), read.newest.clone().unwrap_or_else(|| "none".to_owned())));
        facts.push(("numbers".to_owned(), read.numbers.to_string()));
        for (lookup, found) in &read.lookups {
            let of =
                format!("of {} keys {} not known", format::count(found.keys), format::count(found.unknown));
            let without = match found.without_key {
                0 => String::new(),
                rows => format!("; {} rows without a key", format::count(rows)),
            };
            facts.push((format!("lookup {lookup}"), format!("{of}{without}")));
        }
    }
    facts
        .extend(events.by.iter().map(|(name, dimension)| (format!("by {name}"), dimension_words(dimension))));
    MadeEvents {
        label: visible(label).into_owned(),
        name: visible(name).into_owned(),
        from: visible_lines(from).into_owned(),
        facts: facts
            .into_iter()
            .map(|(name, fact)| (visible(&name).into_owned(), visible(&fact).into_owned()))
            .collect(),
    }
}

fn dimension_words(dimension: &DimensionDef) -> String {
    let of = match &dimension.of {
        DimensionOf::Time(TimeSpan::Hour) => "the hour of its time",
        DimensionOf::Time(TimeSpan::HalfHour) => "the half hour of its time",
        DimensionOf::Time(TimeSpan::QuarterHour) => "the quarter hour of its time",
        DimensionOf::Sql(sql) => sql,
    };
    let labels = dimension.labels.as_ref().map_or_else(String::new, |sql| format!("; names from {sql}"));
    let alone = if dimension.alone { "; grouped by itself" } else { "" };
    format!("{of}{labels}{alone}")
}

fn facts(input: &DayInput<'_>) -> Vec<(&'static str, String)> {
    let manifest = input.manifest;
    let window = &manifest.window;
    let consistency = |source: &SourceDoc| match source.consistency {
        Consistency::Snapshot => "all queries saw one state of the database",
        Consistency::Statement => {
            "each events table was read in one statement; the tables at moments of their own"
        }
    };
    let told = |source: &SourceDoc| format!("{} ({} {})", source.url, source.server, source.version);
    let mut facts = Vec::new();
    if manifest.sources.is_empty() {
        facts.push(("source", told(&manifest.source)));
        facts.push(("consistency", consistency(&manifest.source).to_owned()));
    }
    for (name, source) in &manifest.sources {
        facts.push(("source", format!("{name}: {}; {}", told(source), consistency(source))));
    }
    facts.extend([
        ("window", format!("{} up to {}, {}", window.start_local, window.end_local, window.time_zone)),
        ("day starts at", input.definitions.calendar.day_starts_at.clone()),
        ("frozen at", manifest.captured_at.format("%Y-%m-%dT%H:%M:%SZ").to_string()),
        ("trigger", manifest.trigger.clone()),
    ]);
    facts.extend(manifest.reason.iter().map(|reason| ("reason", reason.clone())));
    facts.extend([
        ("definitions", manifest.definitions.fingerprint.to_string()),
        ("archive", manifest.archive.clone()),
        ("written by", format!("asof {}", manifest.asof)),
    ]);
    facts.into_iter().map(|(name, fact)| (name, visible(&fact).into_owned())).collect()
}
