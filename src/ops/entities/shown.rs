//! What the page of a day shows of entities: growth up to the look of that day.

use std::collections::BTreeMap;

use super::growth::{Basis, Growth, GrowthError, GrowthRequest, NoBaseline, Seen, Span, growth};
use crate::archive::looks::ROWS;
use crate::archive::{Archive, LookDoc, Looks};
use crate::calendar::Calendar;
use crate::config::{Config, EntitySettings};
use crate::model::entity::FieldKind;
use crate::model::{Day, Digest};
use crate::view::growth::{GrowthInput, SeenInput};
use crate::view::{GrownInput, SpanInput};

/// Over how many days growth is shown.
const SPANS: [u16; 3] = [1, 7, FURTHEST];

/// The longest of these spans, in days.
pub const FURTHEST: u16 = 30;

/// How many entities are listed that grew most.
const TOP: usize = 10;

/// What a day's page shows of entities.
#[derive(Debug, Default)]
pub struct Shown {
    /// Those that were looked at for the day and have counters.
    pub grown: Vec<GrownInput>,
    /// The digests of the looks that are shown, by the entities' name.
    pub looks: BTreeMap<String, Digest>,
    /// What can't be shown, as sentences. The day is frozen without it.
    pub damaged: Vec<String>,
}

/// Growth up to the looks of a day.
pub fn shown(archive: &Archive, config: &Config, day: Day) -> Shown {
    let mut shown = Shown::default();
    if config.entities.is_empty() {
        return shown;
    }
    let mut looks = match archive.looks(None) {
        Ok(looks) => looks,
        Err(error) => {
            shown.damaged.push(format!("What entities did can't be read: {error}."));
            return shown;
        }
    };
    for (name, entity) in &config.entities {
        let looks = looks.remove(name).unwrap_or_default();
        let Some(look) = looks.looks.get(&day).map(|line| &line.doc) else {
            let why = looks.why_thinned(day).filter(|_| looks.thinned_looks.contains_key(&day));
            shown.damaged.extend(why.map(|why| format!("What {name} did can't be shown: {why}.")));
            continue;
        };
        if entity.def.of_kind(FieldKind::Counter).next().is_none() {
            continue;
        }
        match of_entity(archive, config, (name, entity), &looks, look) {
            Ok(grown) => {
                shown.grown.push(grown);
                let rows = look.files.iter().find(|file| file.path == ROWS);
                shown.looks.extend(rows.map(|rows| (name.clone(), rows.sha256)));
            }
            Err(error) => shown.damaged.push(format!("What {name} did can't be shown: {error}.")),
        }
    }
    shown
}

fn of_entity(
    archive: &Archive,
    config: &Config,
    (name, entity): (&str, &EntitySettings),
    looks: &Looks,
    look: &LookDoc,
) -> Result<GrownInput, GrowthError> {
    let mut spans = Vec::new();
    for days in SPANS {
        let request = GrowthRequest {
            span: Span::Before(look.date, days),
            nearest: false,
            by: None,
            filters: Vec::new(),
            key: None,
            top: TOP,
        };
        let found =
            growth(Basis { archive, name, def: &entity.def, looks, live: None, only: None }, &request)?;
        let reason = found.previous.as_ref().err().map(why);
        spans.push(SpanInput { days, reason, growth: input(name, config, found) });
    }
    Ok(GrownInput {
        entity: name.to_owned(),
        seen: look.seen,
        rows: look.rows,
        totals: look.totals.clone(),
        spans,
    })
}

fn why(missing: &NoBaseline) -> String {
    let day = missing.day.map_or_else(|| "no such day".to_owned(), |day| format!("no look for {day}"));
    missing.reason.as_ref().map_or(day.clone(), |reason| format!("{day}, since {reason}"))
}

/// What is shown of growth.
pub fn input(name: &str, config: &Config, found: Growth) -> GrowthInput {
    GrowthInput {
        entity: name.to_owned(),
        zone: Calendar::new(config.calendar).zone(),
        current: seen(&found.current),
        previous: found.previous.as_ref().ok().map(seen),
        remarks: found.notes,
        grown: found.grown,
        by: None,
    }
}

fn seen(side: &Seen) -> SeenInput {
    let how = match side {
        Seen { live: true, .. } => "read just now,",
        Seen { capture: true, .. } => "captured",
        Seen { .. } => "seen",
    };
    SeenInput { day: side.day.to_string(), at: side.at, how }
}
