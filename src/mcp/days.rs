//! The tools that tell of days.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::arguments::{Kind, Parameter};
use super::asking::{Asking, document};
use super::entities::pair;
use super::told::{Cite, Keeps, Told};
use super::tools::{Tool, shape};
use crate::config::problem::known_names;
use crate::model::{Day, Edition, SnapshotId};
use crate::serve::access::Call;
use crate::serve::problem::Problem;
use crate::serve::routes;

/// How many days are listed when nothing is said.
const USUAL_DAYS: &str = "30";
/// How many days a series has when nothing is said.
const USUAL_SERIES: &str = "60";

const AS_OF: Parameter = Parameter::new(
    "as_of",
    Kind::Text,
    "As the archive was then: a time, with an offset or in the calendar's zone, or a date for its end",
    &["2025-11-08T09:00"],
);
const METRIC: Parameter =
    Parameter::new("metric", Kind::Names, "Only these metrics, by name", &["[\"calls\"]"]);
const BY: Parameter =
    Parameter::new("by", Kind::Names, "Only breakdowns by these dimensions", &["[\"status\"]"]);

/// The days that there are.
pub const LIST_DAYS: Tool = Tool {
    name: "list_days",
    title: "List frozen days",
    about: "Which days are frozen, the earliest first, with each day's editions and main numbers, and the gaps between \
            them. Ask for more by cursor. Use it to learn which dates and metrics there are.",
    parameters: &[
        Parameter::new(
            "from",
            Kind::Text,
            "The first day: a date, yesterday, or -30d",
            &["2025-11-01", "-30d"],
        ),
        Parameter::new("to", Kind::Text, "The last day", &["2025-11-30"]),
        METRIC,
        Parameter::new("limit", Kind::Whole(1, 1000, Some(30)), "How many days at most", &["30"]),
        Parameter::new("cursor", Kind::Text, "Where to go on: `next` of the answer before", &["2025-12-01"]),
    ],
    asks_source: |_| false,
    of_source: false,
    writes: false,
    shape: || shape("Days"),
    answer: list_days,
};

/// The numbers of a day.
pub const GET_DAY: Tool = Tool {
    name: "get_day",
    title: "Numbers of a frozen day",
    about: "The numbers of a day as they were frozen, with their breakdowns: the first edition that is not provisional, \
            unless another is named. A value that is not known is null with a reason.",
    parameters: &[
        Parameter::new(
            "when",
            Kind::Text,
            "The day: a date, a date with an edition, latest, latest~3, yesterday, or -7d",
            &["2025-11-06", "2025-11-06@2", "latest"],
        )
        .needed(),
        Parameter::new("edition", Kind::Text, "Which edition: a number, latest or original", &["latest"]),
        AS_OF,
        METRIC,
        BY,
    ],
    asks_source: |_| false,
    of_source: false,
    writes: false,
    shape: || shape("Day"),
    answer: get_day,
};

/// Two sides.
pub const COMPARE: Tool = Tool {
    name: "compare",
    title: "Compare two states",
    about: "Two states beside each other, A less B: two days or ranges of days, or, with entity and key, two snapshots of \
            one entity field by field. Use it whenever somebody asks what changed between two times.",
    parameters: &[
        Parameter::new(
            "a",
            Kind::Text,
            "The newer side: a day or a range of days; of an entity a date, latest, latest~1, or a snapshot's id",
            &["latest", "2025-11-01..2025-11-07", "\"5#12\""],
        ),
        Parameter::new(
            "b",
            Kind::Text,
            "What it is held against, in the same words",
            &["latest~7", "2025-10-30"],
        ),
        Parameter::new(
            "to_date",
            Kind::Word(&["month"]),
            "The month so far against as much of the last one, instead of b; a is the day up to which then",
            &["month"],
        ),
        METRIC,
        BY,
        Parameter::new("entity", Kind::Text, "Which entities, to compare snapshots of one", &["account"]),
        Parameter::new("key", Kind::Text, "Which of them, by its key or its label", &["\"5\""]),
        AS_OF,
    ],
    asks_source: |_| false,
    of_source: false,
    writes: false,
    shape: || json!({ "anyOf": [shape("Compared"), super::entities::pair_shape()], "type": "object" }),
    answer: compare,
};

/// A day against the source.
pub const DRIFT: Tool = Tool {
    name: "drift",
    title: "Hold a day against the source",
    about: "A frozen day held against what the source says of it now, by the definitions that were frozen with it: whether \
            it still reads the same, was restated, or its rows are gone. It asks the source; nothing is written.",
    parameters: &[
        Parameter::new("when", Kind::Text, "The day; the newest frozen one when left out", &["2025-11-06"]),
        METRIC,
        BY,
        Parameter::new(
            "definitions",
            Kind::Word(&["frozen", "current"]),
            "By which definitions the day is read; the frozen ones when left out",
            &["current"],
        ),
    ],
    asks_source: |_| true,
    of_source: true,
    writes: false,
    shape: || shape("Drift"),
    answer: drift,
};

/// A metric day by day.
pub const SERIES: Tool = Tool {
    name: "series",
    title: "A metric day by day",
    about: "A metric day by day, of each day the latest edition, with gaps and days since which it is defined otherwise; with \
            forecast also what the next days will probably bring. The last 60 days unless a range is given.",
    parameters: &[
        Parameter::new("metric", Kind::Text, "The metric, by name; list_days tells the names", &["calls"])
            .needed(),
        Parameter::new("from", Kind::Text, "The first day", &["2025-10-01", "-30d"]),
        Parameter::new("to", Kind::Text, "The last day", &["2025-10-31"]),
        Parameter::new(
            "last",
            Kind::Whole(1, 36_600, None),
            "So many days that end with the newest frozen one, instead of from and to",
            &["90"],
        ),
        Parameter::new("by", Kind::Text, "Its values by the members of this dimension too", &["status"]),
        Parameter::new(
            "top",
            Kind::Whole(1, 10_000, Some(8)),
            "How many members, those with the largest sums",
            &["8"],
        ),
        Parameter::new(
            "forecast",
            Kind::Whole(1, 90, None),
            "Say what so many days will probably bring",
            &["7"],
        ),
        AS_OF,
    ],
    asks_source: |_| false,
    of_source: false,
    writes: false,
    shape: || shape("Series"),
    answer: series,
};

fn list_days(asking: &Asking) -> Result<Told, Problem> {
    let mut words = asking.words(&["from", "to", "limit", "cursor"]);
    if asking.arguments.whole("limit").is_none() {
        words.push(("limit".to_owned(), USUAL_DAYS.to_owned()));
    }
    let call = asking.call(&[], words)?;
    let mut answer = document(&routes::days::days(&call)?)?;
    let wanted = asking.arguments.names("metric");
    let mut known = BTreeSet::new();
    let mut shown = Vec::new();
    for day in items(&mut answer, "days") {
        let date: Option<Day> = day["date"].as_str().and_then(|day| day.parse().ok());
        let edition = day["shown"].as_u64().and_then(edition);
        shown.extend(date.zip(edition).map(|(date, edition)| SnapshotId::new(date, edition)));
        for edition in items(day, "editions") {
            // These are in what is cited, or for whoever keeps the archive.
            if let Some(fields) = edition.as_object_mut() {
                fields.retain(|name, value| {
                    let cited = ["manifest", "definitions", "trigger"].contains(&name.as_str());
                    !(cited || name == "reason" && value.is_null())
                });
            }
            if let Some(metrics) = edition["metrics"].as_object_mut() {
                known.extend(metrics.keys().cloned());
                metrics.retain(|name, _| wanted.is_empty() || wanted.contains(name));
            }
        }
    }
    if !known.is_empty() {
        unknown("metric", wanted, known.iter().map(String::as_str))?;
    }
    let cites = cites(&call, shown)?;
    Ok(Told::new(answer, cites, Keeps::First, "ask for fewer days by limit, or name metrics"))
}

fn get_day(asking: &Asking) -> Result<Told, Problem> {
    let when = asking.arguments.text("when").unwrap_or("latest");
    let call = asking.call(&[("when", when)], asking.words(&["edition", "as_of"]))?;
    let mut answer = document(&routes::day::day(&call)?)?;
    let (wanted, by) = (asking.arguments.names("metric"), asking.arguments.names("by"));
    if let Some(metrics) = answer["metrics"].as_object_mut() {
        unknown("metric", wanted, metrics.keys().map(String::as_str))?;
        let dimensions: BTreeSet<String> = metrics.values().flat_map(|metric| names(&metric["by"])).collect();
        unknown("dimension", by, dimensions.iter().map(String::as_str))?;
        metrics.retain(|name, _| wanted.is_empty() || wanted.contains(name));
        for metric in metrics.values_mut() {
            if let Some(all) = metric["by"].as_object_mut() {
                all.retain(|name, _| by.is_empty() || by.contains(name));
            }
        }
    }
    let cites = cites(&call, id(&answer))?;
    Ok(Told::new(answer, cites, Keeps::First, "name metrics or dimensions by metric and by"))
}

fn compare(asking: &Asking) -> Result<Told, Problem> {
    if let Some(key) = asking.arguments.text("key") {
        return pair(asking, key);
    }
    if asking.arguments.text("entity").is_some() {
        return Err(Problem::bad("key is missing").hint("say which of them by key"));
    }
    let call = asking.call(&[], asking.words(&["a", "b", "to_date", "metric", "by", "as_of"]))?;
    let answer =
        document(&routes::compare::compare(&call).map_err(|problem| match problem.hint.as_deref() {
            // The API's words name its paths.
            Some(hint) if hint.starts_with("/api") => {
                problem.hint("give a and b, such as latest and latest~7, or to_date month")
            }
            _ => problem,
        })?)?;
    let sides = ["a", "b"].iter().flat_map(|side| answer[side]["days"].as_array().into_iter().flatten());
    let days: BTreeSet<SnapshotId> = sides.filter_map(id).collect();
    let cites = cites(&call, days)?;
    Ok(Told::new(answer, cites, Keeps::First, "name metrics or dimensions, or compare fewer days"))
}

fn drift(asking: &Asking) -> Result<Told, Problem> {
    let call = asking.call(&[], asking.words(&["when", "metric", "by", "definitions"]))?;
    let answer = document(&routes::drift::drift(&call)?)?;
    let cites = cites(&call, id(&answer))?;
    Ok(Told::new(answer, cites, Keeps::First, "name metrics or dimensions by metric and by"))
}

fn series(asking: &Asking) -> Result<Told, Problem> {
    let metric = asking.arguments.text("metric").unwrap_or_default();
    let mut words = asking.words(&["from", "to", "last", "by", "top", "forecast", "as_of"]);
    if !words.iter().any(|(name, _)| ["from", "to", "last"].contains(&name.as_str())) {
        words.push(("last".to_owned(), USUAL_SERIES.to_owned()));
    }
    let call = asking.call(&[("metric", metric)], words)?;
    let answer = document(&routes::series::series(&call)?)?;
    let days: Vec<SnapshotId> = answer["points"].as_array().into_iter().flatten().filter_map(id).collect();
    let cites = cites(&call, days)?;
    Ok(Told::new(answer, cites, Keeps::Last, "ask for fewer days by last, or without by"))
}

/// The edition that a document is of.
fn id(document: &Value) -> Option<SnapshotId> {
    let day: Day = document["date"].as_str()?.parse().ok()?;
    Some(SnapshotId::new(day, edition(document["edition"].as_u64()?)?))
}

fn edition(number: u64) -> Option<Edition> {
    Edition::new(u32::try_from(number).ok()?)
}

fn items<'v>(value: &'v mut Value, name: &str) -> impl Iterator<Item = &'v mut Value> {
    value.get_mut(name).and_then(Value::as_array_mut).into_iter().flatten()
}

fn names(value: &Value) -> Vec<String> {
    value.as_object().map(Map::keys).into_iter().flatten().cloned().collect()
}

/// These editions, cited.
fn cites(call: &Call, ids: impl IntoIterator<Item = SnapshotId>) -> Result<Vec<Cite>, Problem> {
    let opened = call.days()?;
    let cited = ids.into_iter().map(|id| Ok(Cite::of(&opened.history.get(&id)?.line)));
    cited.collect::<Result<_, Problem>>()
}

/// Refuses names that there are not.
fn unknown<'k>(
    kind: &str,
    names: &[String],
    known: impl Iterator<Item = &'k str> + Clone,
) -> Result<(), Problem> {
    match names.iter().find(|name| !known.clone().any(|other| other == name.as_str())) {
        None => Ok(()),
        Some(name) => Err(Problem::bad(format!("{name:?} is no {kind} of this")).hint(known_names(
            &format!("{kind}s"),
            name,
            known,
        ))),
    }
}
