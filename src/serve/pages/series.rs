//! `GET /series`: a metric, or a counter of entities, day by day, with what is expected.

use super::super::access::Call;
use super::super::answer::Answer;
use super::super::held::Opened;
use super::super::problem::Problem;
use super::super::route::Route;
use super::super::routes::READ;
use super::{around, bounds, form, html, origin, sheet};
use crate::calendar::DayName;
use crate::config::presentation::label_of;
use crate::model::Day;
use crate::model::entity::FieldKind;
use crate::ops::entities::series::{self as entities, Known, Which};
use crate::ops::forecast::outlook;
use crate::ops::series::{Series, series as through_time};
use crate::ops::series_shown;
use crate::view::SeriesPage;
use crate::view::form::{Field, Form};
use crate::view::sheet::SheetInput;

/// How many members there are at most.
const TOP: usize = 8;

/// How many days can be asked to be foreseen.
const AHEAD: [(usize, &str); 4] = [(0, "nothing"), (7, "a week"), (14, "two weeks"), (28, "four weeks")];

/// What this file answers.
pub fn routes() -> Vec<Route> {
    vec![Route::get("/series", READ, series)]
}

fn series(call: &Call) -> Result<Answer, Problem> {
    let asked = &call.asked;
    asked.only(&["metric", "by", "from", "to", "forecast"])?;
    let opened = call.days()?;
    let mut metrics = metrics(&opened);
    let first = metrics.first().map(|(name, _)| name.clone());
    let named = asked.get::<String>("metric")?.filter(|name| !name.is_empty());
    let Some(metric) = named.or(first) else {
        let notes = vec!["There is no metric yet: asof save freezes yesterday.".to_owned()];
        let input = SheetInput { title: "Series".to_owned(), notes, ..SheetInput::default() };
        return sheet(call, &opened, ("/series", ""), input);
    };
    let by = asked.get::<String>("by")?.filter(|by| !by.is_empty());
    // An empty field of a form names no day.
    let day = |name: &str| -> Result<Option<Day>, Problem> {
        if asked.get::<String>(name)?.is_none_or(|text| text.is_empty()) {
            return Ok(None);
        }
        asked.get::<DayName>(name)?.map(|named| opened.day(named, call.now)).transpose()
    };
    let range = (day("from")?, day("to")?);
    if let (Some(from), Some(to)) = range
        && from > to
    {
        let problem = Problem::bad(format!("the range from {from} to {to} runs backwards"));
        return Err(problem.hint("let from be the earlier day"));
    }
    let ahead = asked.number("forecast", 14, (0, 365))?;
    let (mut found, dimensions) = of(&opened, &metric, by.as_deref(), range)?;
    if let (Some(by), None) = (&by, &found.split) {
        found.split((&opened.archive, &opened.history), by, Some(TOP))?;
    }
    let foreseen = if ahead == 0 { None } else { Some(outlook(&found.totals, ahead)) };
    let (foreseen, why) = match foreseen {
        Some(Ok(foreseen)) => (Some(foreseen), None),
        Some(Err(none)) => (None, Some(format!("No forecast: {none}."))),
        None => (None, None),
    };
    let mut input = series_shown::input(&found, foreseen.as_ref(), false);
    input.notes.extend(why);
    if !metrics.iter().any(|(name, _)| *name == metric) {
        metrics.push((metric.clone(), label_of(&metric)));
    }
    let asks = asks(&opened, (&metrics, &metric), (&dimensions, by.as_deref()), range, ahead);
    let below = form(call, asks)?;
    let page =
        SeriesPage::new(&input, &origin(call, &opened)).within(around(call, &opened, "/series", &below)?);
    Ok(html(page.to_bytes()?))
}

/// The metrics and counters that can be asked for, with what they are called.
fn metrics(opened: &Opened) -> Vec<(String, String)> {
    let looks = &opened.config.presentation.metrics;
    let mut all: Vec<(String, String)> =
        looks.iter().map(|(name, look)| (name.clone(), look.label.clone())).collect();
    for (entity, settings) in &opened.config.entities {
        let counters = settings.def.fields.iter().filter(|(_, def)| def.kind == FieldKind::Counter);
        all.extend(counters.map(|(name, _)| {
            (format!("{entity}.{name}"), format!("{}: {}", label_of(entity), label_of(name)))
        }));
    }
    all
}

/// The series that is meant, and by what it can be told.
fn of(
    opened: &Opened,
    metric: &str,
    by: Option<&str>,
    range: (Option<Day>, Option<Day>),
) -> Result<(Series, Vec<String>), Problem> {
    if let Some((name, counter)) = entities::parts(metric)
        && let Some(entity) = opened.config.entities.get(name)
    {
        let looks = opened.looks.get(name).cloned().unwrap_or_default();
        // Whoever may see only some rows does not come here.
        let known = Known { archive: &opened.archive, name, def: &entity.def, looks: &looks, only: None };
        let which = Which { by: by.map(|by| (by.to_owned(), Some(TOP))), ..Which::default() };
        let found = entities::series(known, counter, &which, range)
            .map_err(|error| super::growth::no_growth(&error))?;
        return Ok((found, super::growth::groups(entity)));
    }
    let found =
        through_time((&opened.archive, &opened.history), Some(&opened.config.presentation), metric, range)?;
    let definitions = &opened.config.definitions;
    let mut measure = definitions.metrics.get(metric).map(|metric| &metric.measure);
    for _ in 0..definitions.metrics.len() {
        let Some(part) = measure.and_then(|measure| measure.parts().first().copied()) else { break };
        measure = definitions.metrics.get(part).map(|metric| &metric.measure);
    }
    let events = measure.and_then(|measure| definitions.events.get(measure.of()?));
    Ok((found, events.map(|events| events.by.keys().cloned().collect()).unwrap_or_default()))
}

fn asks(
    opened: &Opened,
    (metrics, metric): (&[(String, String)], &str),
    (dimensions, by): (&[String], Option<&str>),
    (from, to): (Option<Day>, Option<Day>),
    ahead: usize,
) -> Form {
    let text = |day: Option<Day>| day.map(|day| day.to_string()).unwrap_or_default();
    let options = metrics.iter().map(|(name, label)| (name.clone(), label.clone(), name == metric)).collect();
    let mut of = vec![(String::new(), "nothing".to_owned(), by.is_none())];
    of.extend(dimensions.iter().map(|name| (name.clone(), label_of(name), by == Some(name))));
    if let Some(other) = by.filter(|by| !dimensions.iter().any(|known| known == by)) {
        of.push((other.to_owned(), label_of(other), true));
    }
    let mut days: Vec<(usize, String)> =
        AHEAD.iter().map(|(days, words)| (*days, (*words).to_owned())).collect();
    if !days.iter().any(|(days, _)| *days == ahead) {
        days.push((ahead, format!("{ahead} days")));
    }
    Form::get("series", "/series", "A metric day by day", "Show")
        .with(Field::Choice { name: "metric", label: "Metric", options })
        .with(Field::Choice { name: "by", label: "By", options: of })
        .with(Field::Day { name: "from", label: "From", value: text(from), bounds: bounds(opened) })
        .with(Field::Day { name: "to", label: "To", value: text(to), bounds: bounds(opened) })
        .with(Field::Choice {
            name: "forecast",
            label: "Foresee",
            options: days.into_iter().map(|(days, words)| (days.to_string(), words, days == ahead)).collect(),
        })
}
