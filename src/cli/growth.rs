//! `asof growth`

use serde_json::{Map, Value, json};

use super::context::Context;
use super::exit;
use super::failure::Failure;
use super::place::Place;
use crate::analyze::growth::{Grown, Mover, Parts, Sums, percentage};
use crate::archive::Archive;
use crate::calendar::Calendar;
use crate::config::EntitySettings;
use crate::model::Day;
use crate::ops::entities::growth::{Growth, GrowthRequest, NoBaseline, Seen, Span, growth};
use crate::view::growth::{GrowthInput, SeenInput, hours};
use crate::view::terminal;

const EXAMPLES: &str = "\
Examples:
  asof growth video --period 7               all counters over seven business days
  asof growth video --days 90 --by user_id   over 90 days, by group
  asof growth video --top 20                 since yesterday's look, and what grew most
  asof growth video --where user_id=5        of some of them
  asof growth video --key 4711               of one
  asof growth video --from 2025-10-01 --to 2025-10-31

The newest row, of a daily look or of a capture, is held against the daily look of exactly so many
business days before. Where that look is missing, what depends on it is unknown: --nearest takes
the nearest look there is.";

/// Show how counters of entities grew, in total and of each
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct GrowthCommand {
    /// Which entities; may be left out where there is one kind only
    #[arg(value_name = "ENTITY")]
    entity: Option<String>,
    /// Over 1, 7 or 30 business days
    #[arg(long, value_name = "DAYS", value_parser = ["1", "7", "30"], conflicts_with_all = ["days", "from"])]
    period: Option<String>,
    /// Over so many business days
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..), conflicts_with = "from")]
    days: Option<u16>,
    /// From the look of this day
    #[arg(long, value_name = "DATE", requires = "to")]
    from: Option<Day>,
    /// To the look of this day
    #[arg(long, value_name = "DATE", requires = "from")]
    to: Option<Day>,
    /// Where a look is missing, take the nearest there is
    #[arg(long)]
    nearest: bool,
    /// By this field
    #[arg(long, value_name = "FIELD")]
    by: Option<String>,
    /// Only those whose field has this value
    #[arg(long = "where", value_name = "FIELD=VALUE", value_parser = pair)]
    filters: Vec<(String, String)>,
    /// Only the one of this key
    #[arg(long, value_name = "ID")]
    key: Option<String>,
    /// List so many that grew most
    #[arg(long, value_name = "N", default_value_t = 0)]
    top: usize,
    #[command(flatten)]
    place: Place,
}

/// Reads `field=value`.
///
/// # Errors
/// Where there is no `=`.
pub fn pair(text: &str) -> Result<(String, String), String> {
    let (field, value) = text.split_once('=').ok_or("write it as field=value")?;
    Ok((field.to_owned(), value.to_owned()))
}

/// The entities that are meant, by name or because there is one kind only.
///
/// # Errors
/// When there is none of that name, or none or several without one.
pub fn chosen<'c>(
    entities: &'c indexmap::IndexMap<String, EntitySettings>,
    name: Option<&str>,
) -> Result<(&'c String, &'c EntitySettings), Failure> {
    let known = entities.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
    let wrong = |message: String, hint: Option<String>| Failure::said(exit::USAGE, message, hint);
    match (name, entities.len()) {
        (_, 0) => {
            let hint = "add [entities.NAME] with sql, key and counters".to_owned();
            Err(wrong("the configuration has no entities".to_owned(), Some(hint)))
        }
        (Some(name), _) => entities
            .get_key_value(name)
            .ok_or_else(|| wrong(format!("{name:?} is no entity"), Some(format!("there are {known}")))),
        (None, 1) => entities.first().ok_or_else(|| wrong("there are no entities".to_owned(), None)),
        (None, _) => {
            Err(wrong("there are several kinds of entities".to_owned(), Some(format!("name one of {known}"))))
        }
    }
}

impl GrowthCommand {
    /// Runs it.
    ///
    /// # Errors
    /// When nobody ever looked, a name is unknown, or the archive can't be read.
    pub fn run(self, context: &Context<'_>) -> Result<u8, Failure> {
        let config = context.config()?;
        let (name, entity) = chosen(&config.entities, self.entity.as_deref())?;
        let archive = Archive::open(self.place.dir(context)?)?;
        let looks = archive.looks(None)?.remove(name).unwrap_or_default();
        let period = self.period.as_deref().and_then(|period| period.parse().ok());
        let days = period.or(self.days).unwrap_or(1);
        let span = match (self.from, self.to) {
            (Some(from), Some(to)) => Span::Between(from, to),
            _ => Span::Days(days),
        };
        let request = GrowthRequest {
            span,
            nearest: self.nearest,
            by: self.by.clone(),
            filters: self.filters.clone(),
            key: self.key.clone(),
            top: self.top,
        };
        let found = growth(&archive, name, &entity.def, &looks, &request)?;
        let out = context.output;
        if out.json() {
            out.document(&document(name, &request, &found));
        } else {
            let zone = Calendar::new(config.calendar).zone();
            let input = GrowthInput {
                entity: name.clone(),
                zone,
                current: seen(&found.current),
                previous: found.previous.as_ref().ok().map(seen),
                without: found
                    .previous
                    .as_ref()
                    .err()
                    .map(|missing| sentences(name, missing))
                    .unwrap_or_default(),
                grown: found.grown,
                now: found.now,
                by: self.by,
            };
            out.answer(&terminal::growth(&input, &out.options(false)));
        }
        Ok(exit::DONE)
    }
}

fn seen(side: &Seen) -> SeenInput {
    SeenInput { day: side.day.to_string(), at: side.at, capture: side.capture }
}

/// Why there is no older side, and what can be done.
fn sentences(name: &str, missing: &NoBaseline) -> Vec<String> {
    let why = missing.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
    let mut all = vec![format!("there is no look at {name} for {}, so growth is unknown{why}", missing.day)];
    all.extend(missing.nearest.map(|day| format!("the nearest look is that of {day}: --nearest takes it")));
    all.extend(missing.works_from.map(|day| format!("this span works from the look of {day} on")));
    all
}

fn document(name: &str, request: &GrowthRequest, found: &Growth) -> Value {
    let side = |side: &Seen| json!({ "date": side.day, "at": side.at, "capture": side.capture });
    let previous = found.previous.as_ref().ok();
    let missing = found.previous.as_ref().err();
    let span = previous.map(|previous| found.current.at.signed_duration_since(previous.at));
    let hours: Option<serde_json::Number> = span.and_then(|span| hours(span).parse().ok());
    json!({
        "entity": name,
        "period": match request.span { Span::Days(days) => Some(days), Span::Between(..) => None },
        "current": side(&found.current),
        "previous": previous.map(side),
        "hours": hours,
        "growth": of_counters(found),
        "parts": found.grown.as_ref().map(|grown| of_parts(&grown.parts)),
        "by": request.by,
        "groups": request.by.as_ref().map(|_| of_groups(found)),
        "top": (request.top > 0).then(|| found.grown.as_ref().map(of_top)),
        "reason": missing.map(|missing| sentences(name, missing).swap_remove(0)),
        "nearest": missing.and_then(|missing| missing.nearest),
        "works_from": missing.and_then(|missing| missing.works_from),
    })
}

/// What a counter did, in the shape that programs take.
fn of_sums(sums: &Sums) -> Value {
    json!({
        "current": number(sums.current),
        "previous": number(sums.previous),
        "growth": number(sums.growth()),
        "percentage": sums.percentage(),
        "isIncrease": sums.growth() > 0,
        "appeared": number(sums.appeared),
        "disappeared": number(sums.disappeared),
        "decreased": sums.decreased,
        "unknown": sums.unknown,
    })
}

fn alone(sums: &Sums) -> Value {
    json!({
        "current": number(sums.current), "previous": null, "growth": null, "percentage": null, "isIncrease": null,
    })
}

fn number(whole: i128) -> crate::model::Number {
    crate::model::Number::from_scaled(whole.into(), 0)
}

fn of_counters(found: &Growth) -> Map<String, Value> {
    match &found.grown {
        Some(grown) => grown.counters.iter().map(|(name, sums)| (name.clone(), of_sums(sums))).collect(),
        None => found.now.counters.iter().map(|(name, sums)| (name.clone(), alone(sums))).collect(),
    }
}

fn of_parts(parts: &Parts) -> Value {
    json!({
        "matched": parts.matched,
        "appeared": parts.appeared,
        "disappeared": parts.disappeared,
        "decreased": parts.decreased,
        "not_due": parts.not_due,
        "unknown": parts.unknown,
    })
}

fn of_groups(found: &Growth) -> Vec<Value> {
    let (grown, of): (&Grown, fn(&Sums) -> Value) = match &found.grown {
        Some(grown) => (grown, of_sums),
        None => (&found.now, alone),
    };
    let group = |(key, sums): (&Option<String>, &Vec<Sums>)| {
        let counters: Map<String, Value> =
            grown.counters.keys().zip(sums).map(|(name, sums)| (name.clone(), of(sums))).collect();
        json!({ "key": key, "growth": counters })
    };
    grown.groups.iter().map(group).collect()
}

fn of_top(grown: &Grown) -> Map<String, Value> {
    let mover = |mover: &Mover| {
        let previous = mover.previous.map(i128::from);
        json!({
            "key": mover.key,
            "label": mover.label,
            "current": mover.current,
            "previous": mover.previous,
            "growth": number(mover.growth()),
            "percentage": previous.and_then(|previous| percentage(mover.current.into(), previous)),
        })
    };
    let list = |(name, movers): (&String, &Vec<Mover>)| {
        (name.clone(), Value::Array(movers.iter().map(mover).collect()))
    };
    grown.top.iter().map(list).collect()
}
