//! The tools that tell of entities.

use std::collections::BTreeSet;

use chrono::{Months, TimeDelta};
use serde_json::{Value, json};

use super::arguments::{Kind, Parameter};
use super::asking::Asking;
use super::rests::{of_rows, of_seen, of_sides};
use super::told::{Keeps, Told};
use super::tools::Tool;
use crate::calendar::DayName;
use crate::config::duration;
use crate::model::Day;
use crate::model::progress::Silent;
use crate::ops::documents;
use crate::ops::entities::growth::{Basis, GrowthRequest, Span, growth as grown};
use crate::ops::entities::look::read;
use crate::ops::entities::moved::{Way, moved_since};
use crate::ops::entities::pick::{RowName, pick};
use crate::ops::entities::sides::Live;
use crate::serve::access::Call;
use crate::serve::entities::{Entities, ask};
use crate::serve::problem::Problem;

/// Which entities.
pub const ENTITY: Parameter = Parameter::new(
    "entity",
    Kind::Text,
    "Which entities, by the name that the configuration gives them; may be left out where there is one kind only",
    &["account", "video"],
);
/// Which of them.
pub const KEY: Parameter = Parameter::new(
    "key",
    Kind::Text,
    "Its key, or its label if only one is called so",
    &["\"5\"", "Acme Corp"],
);

/// How counters grew.
pub const GROWTH: Tool = Tool {
    name: "growth",
    title: "How counters grew",
    about: "How counters of entities (views, likes, calls) grew over a span of days: in total, by group, of one, and which grew \
            most. growth, percentage and isIncrease are null where they are not known, and reason says why.",
    parameters: &[
        ENTITY,
        Parameter::new(
            "days",
            Kind::Whole(1, 36_600, Some(1)),
            "Over so many business days back from the newest row: 1, 7 and 30 are usual",
            &["7"],
        ),
        Parameter::new(
            "from",
            Kind::Text,
            "From the look of this day, with to, instead of days",
            &["2025-10-01"],
        ),
        Parameter::new("to", Kind::Text, "To the look of this day", &["2025-10-31"]),
        Parameter::new(
            "nearest",
            Kind::Flag,
            "Where a look is missing, take the nearest there is",
            &["true"],
        ),
        Parameter::new("by", Kind::Text, "By this field", &["user_id"]),
        Parameter::new(
            "where",
            Kind::Values,
            "Only those whose fields have these values",
            &["{\"user_id\": \"5\"}"],
        ),
        Parameter::new("key", Kind::Text, "Only the one of this key", &["\"4711\""]),
        Parameter::new("top", Kind::Whole(0, 1000, Some(0)), "List so many that grew most", &["10"]),
        Parameter::new(
            "live",
            Kind::Flag,
            "Ask the source what is there now, and keep nothing of it",
            &["true"],
        ),
    ],
    asks_source: |asking| asking.arguments.flag("live"),
    of_source: true,
    writes: false,
    shape: || {
        json!({
            "type": "object",
            "properties": {
                "entity": { "type": "string" },
                "period": { "type": ["integer", "null"], "description": "Over how many days" },
                "current": side_shape("The newer side"),
                "previous": { "anyOf": [side_shape("The older side"), { "type": "null" }] },
                "growth": {
                    "type": "object",
                    "description": "What each counter did, by name: current, previous, growth, percentage, isIncrease",
                    "additionalProperties": { "type": "object" },
                },
                "groups": { "type": "array" },
                "top": { "type": "object" },
                "reason": { "type": ["string", "null"], "description": "Why growth is not known" },
                "notes": { "type": "array", "items": { "type": "string" } },
            },
            "required": ["entity", "period", "current", "previous", "growth", "groups", "top", "reason", "notes"],
        })
    },
    answer: growth,
};

/// Which moved.
pub const LIST: Tool = Tool {
    name: "entity_list",
    title: "Which entities moved",
    about: "Which entities changed, improved or declined since a day: the newest row of each against its last one of that day or \
            before, with the fields by which it moved. How many did not, and of how many it is unknown, is told too.",
    parameters: &[
        ENTITY,
        Parameter::new(
            "way",
            Kind::Word(&["changed", "improved", "declined"]),
            "changed: a field is another; improved, declined: a number moved the way that is good, or the other way, beyond its \
             trend's threshold. changed when left out",
            &["declined"],
        ),
        Parameter::new(
            "since",
            Kind::Text,
            "Since this day, or so many days ago; 7d when left out",
            &["30d", "2025-11-01"],
        ),
    ],
    asks_source: |_| false,
    of_source: false,
    writes: false,
    shape: || {
        json!({
            "type": "object",
            "properties": {
                "entity": { "type": "string" },
                "way": { "type": "string" },
                "since": { "type": "string" },
                "moved": { "type": "array", "items": { "type": "object" }, "description": "Each with key, label, both rows and the fields" },
                "others": { "type": "integer", "description": "How many did not" },
                "unknown": { "type": "integer", "description": "How many have no row of that day or before" },
            },
            "required": ["entity", "way", "since", "moved", "others", "unknown"],
        })
    },
    answer: list,
};

/// One through time.
pub const HISTORY: Tool = Tool {
    name: "entity_history",
    title: "One entity through time",
    about: "Every snapshot that was kept of one entity, oldest first, each with its fields, and of its numbers the change, the \
            percentage, the trend and whether the change was significant. When it is cut to fit, the newest ones are kept.",
    parameters: &[
        ENTITY,
        KEY.needed(),
        Parameter::new("months", Kind::Whole(1, 12_000, None), "Only the last so many months", &["3"]),
    ],
    asks_source: |_| false,
    of_source: false,
    writes: false,
    shape: || {
        json!({
            "type": "object",
            "properties": {
                "entity": { "type": "string" },
                "key": { "type": "string" },
                "label": { "type": ["string", "null"] },
                "rows": { "type": "array", "items": { "type": "object" } },
                "unlooked": { "type": "array", "description": "Days for which nobody looked, and why" },
                "gone": { "type": ["string", "null"], "description": "The day since which it is not there any more" },
            },
            "required": ["entity", "key", "label", "rows", "unlooked", "gone"],
        })
    },
    answer: history,
};

/// The shape of two snapshots beside each other.
pub fn pair_shape() -> Value {
    json!({
        "type": "object",
        "properties": {
            "entity": { "type": "string" },
            "key": { "type": "string" },
            "label": { "type": ["string", "null"] },
            "a": { "type": "object", "description": "The one snapshot" },
            "b": { "type": "object", "description": "What it is held against" },
            "fields": { "type": "object", "description": "Each field of both, and the change of numbers" },
            "is_significant_change": { "type": ["boolean", "null"] },
        },
        "required": ["entity", "key", "label", "a", "b", "fields"],
    })
}

fn side_shape(about: &str) -> Value {
    json!({
        "type": "object",
        "description": about,
        "properties": {
            "date": { "type": "string" },
            "at": { "type": "string" },
            "capture": { "type": "boolean" },
            "live": { "type": "boolean" },
        },
        "required": ["date", "at", "capture", "live"],
    })
}

/// The entities that are meant, as this one may see them.
///
/// # Errors
/// When there are none of that name, or several without one, or the archive can't be had.
pub fn meant(call: &Call, asking: &Asking) -> Result<Entities, Problem> {
    Entities::chosen(call, asking.arguments.text("entity"))
}

fn growth(asking: &Asking) -> Result<Told, Problem> {
    let arguments = &asking.arguments;
    let call = asking.call(&[], [])?;
    let entities = meant(&call, asking)?;
    let settings = entities.settings()?;
    let day = |name: &str| -> Result<Option<Day>, Problem> {
        let Some(text) = arguments.text(name) else { return Ok(None) };
        let named: DayName = text.parse().map_err(|error| Problem::bad(format!("{name}: {error}")))?;
        entities.opened.day(named, call.now).map(Some)
    };
    let span = match (day("from")?, day("to")?) {
        (Some(from), Some(to)) if arguments.whole("days").is_none() => Span::Between(from, to),
        (None, None) => Span::Days(u16::try_from(arguments.whole("days").unwrap_or(1)).unwrap_or(u16::MAX)),
        _ => return Err(Problem::bad("a span has two ends").hint("give from and to, or days")),
    };
    let filters: Vec<(String, String)> =
        arguments.values("where").map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let asked = GrowthRequest {
        span,
        nearest: arguments.flag("nearest"),
        by: arguments.text("by").map(str::to_owned),
        filters,
        key: arguments.text("key").map(str::to_owned),
        top: usize::try_from(arguments.whole("top").unwrap_or(0)).unwrap_or(0),
    };
    let live = if arguments.flag("live") {
        let keys = asked.key.clone().map(|key| vec![key]);
        let (config, name) = (&entities.opened.config, &entities.name);
        let (table, at) = ask(&call, true, async |request| {
            read(config, name, settings, keys.as_deref(), None, request, &Silent).await
        })?;
        Some(Live { day: entities.opened.today(call.now)?, at, table })
    } else {
        None
    };
    let looks = entities.looks();
    let basis = Basis {
        archive: &entities.opened.archive,
        name: &entities.name,
        def: &settings.def,
        looks,
        live: live.as_ref(),
        only: entities.only.as_ref(),
    };
    let found = grown(basis, &asked).map_err(|error| entities.growth_problem(asked.key.as_deref(), error))?;
    let cites = of_sides(looks, &found);
    let answer = documents::growth::document(&entities.name, &asked, &found);
    Ok(Told::new(answer, cites, Keeps::First, "ask for fewer by top, or without by"))
}

fn list(asking: &Asking) -> Result<Told, Problem> {
    let call = asking.call(&[], [])?;
    let entities = meant(&call, asking)?;
    let way = match asking.arguments.text("way") {
        Some("improved") => Way::Improved,
        Some("declined") => Way::Declined,
        _ => Way::Changed,
    };
    let since = since(asking.arguments.text("since").unwrap_or("7d"))?;
    let since = entities.opened.day(since, call.now)?;
    let (looks, subject) = (entities.looks(), entities.subject()?);
    let found = moved_since(&entities.histories(&subject), since, way)?;
    let mut seen = BTreeSet::new();
    for (timeline, _) in &found.moved {
        seen.extend(timeline.rows.iter().map(|row| {
            let kind = row.kept.capture.as_ref().map(|why| why.kind.word());
            (row.kept.day, row.kept.at, kind)
        }));
    }
    let cites = seen.into_iter().map(|(day, at, kind)| of_seen(looks, day, at, kind)).collect();
    let answer = documents::moved::document(&entities.name, way, since, &found);
    Ok(Told::new(answer, cites, Keeps::First, "name a later day by since"))
}

/// Reads `7d` as `-7d`, and else the name of a day.
fn since(text: &str) -> Result<DayName, Problem> {
    let days =
        text.ends_with('d') && duration::parse(text).is_some_and(|span| TimeDelta::from_std(span).is_ok());
    let named = if days { format!("-{text}") } else { text.to_owned() };
    named.parse().map_err(|_| {
        let text: String = text.chars().take(60).collect();
        Problem::bad(format!("since: {text:?} names no day")).hint("give a date, or so many days such as 7d")
    })
}

fn history(asking: &Asking) -> Result<Told, Problem> {
    let call = asking.call(&[], [])?;
    let entities = meant(&call, asking)?;
    let today = entities.opened.today(call.now)?;
    let months = asking.arguments.whole("months").and_then(|months| u32::try_from(months).ok());
    let from = months.and_then(|months| Day::new(today.date().checked_sub_months(Months::new(months))?));
    let subject = entities.subject()?;
    let key = asking.arguments.text("key").unwrap_or_default();
    let timeline = entities
        .histories(&subject)
        .timeline(key, from)
        .map_err(|error| entities.history_problem(key, error))?;
    let cites = of_rows(&entities, timeline.rows.iter().map(|row| &row.kept))?;
    let answer = documents::history::document(&timeline);
    Ok(Told::new(answer, cites, Keeps::Last, "ask for fewer months"))
}

/// Two snapshots of one entity.
///
/// # Errors
/// When there is no such entity or snapshot, or the archive can't be read.
pub fn pair(asking: &Asking, key: &str) -> Result<Told, Problem> {
    let arguments = &asking.arguments;
    for name in ["to_date", "metric", "by", "as_of"] {
        if !arguments.words(&[name]).is_empty() {
            return Err(Problem::bad(format!("{name} is of days, and not of entities"))
                .hint(format!("leave {name} out, or entity and key")));
        }
    }
    let call = asking.call(&[], [])?;
    let entities = meant(&call, asking)?;
    let today = entities.opened.today(call.now)?;
    let subject = entities.subject()?;
    let timeline = entities
        .histories(&subject)
        .timeline(key, None)
        .map_err(|error| entities.history_problem(key, error))?;
    let side = |name: &str, usual: &str| {
        let text = arguments.text(name).unwrap_or(usual);
        let named: RowName = text.parse().map_err(|error| Problem::bad(format!("{name}: {error}")))?;
        Ok::<_, Problem>(pick(&timeline, &named, today)?.clone())
    };
    let (a, b) = (side("a", "latest")?, side("b", "latest~1")?);
    let moved = documents::snapshots::between(&timeline, &b, &a);
    let cites = of_rows(&entities, [&b.kept, &a.kept].into_iter())?;
    let answer = documents::snapshots::document(&timeline, &a, &b, &moved);
    Ok(Told::new(answer, cites, Keeps::First, "compare other snapshots"))
}
