//! `GET /growth`: what counters of entities did in 24 hours, 7 days or 30 days.

use axum::http::StatusCode;

use super::super::access::Call;
use super::super::answer::Answer;
use super::super::problem::Problem;
use super::super::route::Route;
use super::super::routes::READ;
use super::{address, form, sheet};
use crate::archive::ArchiveError;
use crate::config::presentation::label_of;
use crate::config::serve::Only;
use crate::config::{Config, EntitySettings};
use crate::model::entity::FieldKind;
use crate::ops::documents::growth::sentences;
use crate::ops::entities::growth::{Basis, GrowthError, GrowthRequest, Span, growth as grown};
use crate::ops::entities::shown::input;
use crate::view::form::{Field, Form};
use crate::view::growth::{GrowthInput, GrowthRow, HEADS};
use crate::view::sheet::{SheetCell, SheetInput, SheetPart};

/// The spans, in business days.
const PERIODS: [(usize, &str); 3] = [(1, "24 hours"), (7, "7 days"), (30, "30 days")];

/// How many are listed that grew most.
const TOP: usize = 15;

/// What this file answers.
pub fn routes() -> Vec<Route> {
    vec![Route::get("/growth", READ, growth)]
}

fn growth(call: &Call) -> Result<Answer, Problem> {
    let asked = &call.asked;
    asked.only(&["entity", "period", "by"])?;
    let (opened, only) = call.entities()?;
    let (name, entity) = chosen(&opened.config, asked.get::<String>("entity")?.as_deref())?;
    sees(only, name, entity)?;
    let days = asked.number("period", 1, (1, 3660))?;
    let by = asked.get::<String>("by")?.filter(|by| !by.is_empty());
    let below = form(call, asks(&opened.config, name, entity, (days, by.as_deref())))?;
    let request = GrowthRequest {
        span: Span::Days(u16::try_from(days).unwrap_or(u16::MAX)),
        nearest: false,
        by: by.clone(),
        filters: Vec::new(),
        key: None,
        top: TOP,
    };
    let looks = opened.looks.get(name).cloned().unwrap_or_default();
    let basis = Basis { archive: &opened.archive, name, def: &entity.def, looks: &looks, live: None, only };
    let title = format!("Growth of {}", label_of(name));
    let found = match grown(basis, &request) {
        Ok(found) => found,
        // Nothing is wrong with an archive that has just begun.
        Err(error @ (GrowthError::NoLook { .. } | GrowthError::NoCounters { .. })) => {
            let notes = [Some(error.to_string()), error.hint()].into_iter().flatten().collect();
            return sheet(
                call,
                &opened,
                ("/growth", &below),
                SheetInput { title, notes, ..SheetInput::default() },
            );
        }
        Err(error) => return Err(no_growth(&error)),
    };
    let mut remarks = found.previous.as_ref().err().map(|none| sentences(name, none)).unwrap_or_default();
    remarks.extend(found.notes.iter().cloned());
    let shown = GrowthInput { remarks, by, ..input(name, &opened.config, found) };
    let parts = parts(call, name, &shown);
    let notes = [vec![shown.heading()], shown.remarks.clone()].concat();
    sheet(call, &opened, ("/growth", &below), SheetInput { title, notes, parts, ..SheetInput::default() })
}

fn parts(call: &Call, name: &str, shown: &GrowthInput) -> Vec<SheetPart> {
    let head = |first: &'static str| {
        let mut head = vec![(first, false)];
        head.extend(HEADS.map(|name| (name, true)));
        head
    };
    let mut all = SheetPart::new("All together", &head("Counter"));
    for (row, counter) in shown.rows().into_iter().zip(shown.grown.counters.keys()) {
        let to = address(call, "/series", &[("metric", &format!("{name}.{counter}"))]);
        all.rows.push(cells(&row, Some(to)));
    }
    all.notes.extend(shown.parts());
    let mut parts = vec![all];
    if let Some(by) = &shown.by {
        for (at, counter) in shown.grown.counters.keys().enumerate() {
            let mut part =
                SheetPart::new(format!("{} by {}", label_of(counter), label_of(by)), &head("Group"));
            let groups = shown.groups(at);
            let more = groups.len().saturating_sub(50);
            part.rows = groups.iter().take(50).map(|row| cells(row, None)).collect();
            part.notes.extend((more > 0).then(|| format!("{more} more are not shown.")));
            parts.push(part);
        }
    }
    for (counter, movers) in &shown.grown.top {
        let rows = shown.movers(counter);
        if rows.is_empty() {
            continue;
        }
        let mut part = SheetPart::new(format!("{}: what grew most", label_of(counter)), &head("Name"));
        for (row, mover) in rows.iter().zip(movers) {
            let to = address(call, "/timeline", &[("entity", name), ("key", &mover.key)]);
            part.rows.push(cells(row, Some(to)));
        }
        parts.push(part);
    }
    parts
}

fn cells(row: &GrowthRow, to: Option<String>) -> Vec<SheetCell> {
    let first = SheetCell::text(row.name.clone()).small(row.aside.clone());
    let first = SheetCell { href: to, ..first };
    let class = if row.fell { "n bad" } else { "n" };
    let cells = row.cells.iter().enumerate();
    let cells = cells.map(|(at, text)| SheetCell::text(text.clone()).class(if at > 1 { class } else { "n" }));
    std::iter::once(first).chain(cells).collect()
}

fn asks(config: &Config, name: &str, entity: &EntitySettings, (days, by): (usize, Option<&str>)) -> Form {
    let mut spans: Vec<(usize, String)> =
        PERIODS.iter().map(|(days, words)| (*days, (*words).to_owned())).collect();
    if !spans.iter().any(|(known, _)| *known == days) {
        spans.push((days, format!("{days} days")));
    }
    let mut of = vec![(String::new(), "nothing".to_owned(), by.is_none())];
    of.extend(groups(entity).into_iter().map(|field| {
        let chosen = by == Some(field.as_str());
        (field.clone(), label_of(&field), chosen)
    }));
    Form::get("growth", "/growth", "Growth", "Show")
        .with(kinds(config, name))
        .with(Field::Choice {
            name: "period",
            label: "In",
            options: spans.into_iter().map(|(span, words)| (span.to_string(), words, span == days)).collect(),
        })
        .with(Field::Choice { name: "by", label: "By", options: of })
}

/// Which entities, for a form.
pub fn kinds(config: &Config, name: &str) -> Field {
    let option = |known: &String| (known.clone(), label_of(known), known == name);
    Field::Choice { name: "entity", label: "Of", options: config.entities.keys().map(option).collect() }
}

/// The fields by which entities can be grouped.
pub fn groups(entity: &EntitySettings) -> Vec<String> {
    let groups = entity.def.fields.iter().filter(|(_, def)| def.kind == FieldKind::Attribute);
    groups.map(|(name, _)| name.clone()).collect()
}

/// The entities that are meant: by name, or else the first.
pub fn chosen<'c>(config: &'c Config, name: Option<&str>) -> Result<(&'c str, &'c EntitySettings), Problem> {
    let found = match name.filter(|name| !name.is_empty()) {
        Some(name) => config.entities.get_key_value(name),
        None => config.entities.first(),
    };
    found.map(|(name, entity)| (name.as_str(), entity)).ok_or_else(|| {
        let known = config.entities.keys().cloned().collect::<Vec<_>>().join(", ");
        let problem = match name {
            Some(name) => Problem::not_found("no-such-entity", format!("{name:?} is no entity")),
            None => Problem::not_found("no-such-entity", "the configuration has no entities"),
        };
        if known.is_empty() {
            problem.hint("[entities.NAME] in the configuration tells of some")
        } else {
            problem.hint(format!("there are {known}"))
        }
    })
}

/// Refuses entities without the field by which somebody's rows are told, as if they were not there.
pub fn sees(only: Option<&Only>, name: &str, entity: &EntitySettings) -> Result<(), Problem> {
    if only.is_none_or(|only| entity.def.fields.contains_key(&only.field)) {
        return Ok(());
    }
    Err(Problem::not_found("no-such-entity", format!("{name:?} is no entity")))
}

/// Why growth can't be told.
pub fn no_growth(error: &GrowthError) -> Problem {
    let status = match error {
        GrowthError::Archive(ArchiveError::Damaged { .. }) => StatusCode::INTERNAL_SERVER_ERROR,
        GrowthError::Archive(_) => StatusCode::SERVICE_UNAVAILABLE,
        GrowthError::NoField { .. } | GrowthError::NoCounters { .. } | GrowthError::Backwards { .. } => {
            StatusCode::BAD_REQUEST
        }
        _ => StatusCode::NOT_FOUND,
    };
    let kind = if status == StatusCode::INTERNAL_SERVER_ERROR { "damaged" } else { "no-growth" };
    Problem::new(status, kind, error.to_string()).maybe_hint(error.hint())
}
