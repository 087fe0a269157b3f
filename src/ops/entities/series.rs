//! A counter of entities through time: its level or its growth, of all of them, by group, or of one.
//!
//! Levels of all come from the ledger alone; what is told by group or of one opens each look.

use indexmap::IndexMap;

use super::growth::{Basis, GrowthError, GrowthRequest, Span, growth};
use crate::analyze::growth::Sums;
use crate::archive::{Archive, LookDoc, Looks};
use crate::config::presentation::label_of;
use crate::config::serve::Only;
use crate::model::entity::FieldKind;
use crate::model::{Day, Digest, Edition, EntityDef, Fingerprint, Number, Provenance};
use crate::ops::list::gaps;
use crate::ops::points::{Point, Points};
use crate::ops::series::{Member, Series, Split, changes};

/// What of a counter is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Which {
    /// Its growth since the day before, and not its level.
    pub growth: bool,
    /// Of the entity of this key only.
    pub key: Option<String>,
    /// By the values of this field; and how many of them, all when `None`.
    pub by: Option<(String, Option<usize>)>,
}

/// The entities and the counter of a name such as `video.views`; `None` where it is no such name.
pub fn parts(metric: &str) -> Option<(&str, &str)> {
    metric.split_once('.').filter(|(entity, counter)| !entity.is_empty() && !counter.is_empty())
}

/// What is known of entities.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    /// The archive.
    pub archive: &'a Archive,
    /// The entities' name.
    pub name: &'a str,
    /// Their definition.
    pub def: &'a EntityDef,
    /// What the archive holds of them.
    pub looks: &'a Looks,
    /// The only rows that count.
    pub only: Option<&'a Only>,
}

/// A counter on the days of a range that have a look, both ends inclusive.
///
/// # Errors
/// When there is no such counter or field, nobody ever looked, or the archive can't be read.
pub fn series(
    known: Known<'_>,
    counter: &str,
    which: &Which,
    range: (Option<Day>, Option<Day>),
) -> Result<Series, GrowthError> {
    let Known { name, def, looks, .. } = known;
    if def.fields.get(counter).is_none_or(|field| field.kind != FieldKind::Counter) {
        return Err(GrowthError::NoField {
            entity: name.to_owned(),
            name: counter.to_owned(),
            kind: "counter",
            known: def.of_kind(FieldKind::Counter).map(str::to_owned).collect(),
        });
    }
    if looks.looks.is_empty() {
        return Err(GrowthError::NoLook { entity: name.to_owned() });
    }
    // What the ledger tells is of all rows.
    let opened = known.only.is_some() || which.growth || which.key.is_some() || which.by.is_some();
    let mut totals = totals(known, counter, range)?;
    let mut groups: IndexMap<Option<String>, Vec<Option<Number>>> = IndexMap::new();
    if opened {
        let days = totals.points.len();
        for (at, point) in totals.points.iter_mut().enumerate() {
            let thinned = looks.why_thinned(point.day).filter(|_| !looks.looks.contains_key(&point.day));
            let (value, note, found) = match thinned {
                Some(why) => (None, Some(why), Vec::new()),
                None => of_day(known, counter, which, point.day)?,
            };
            (point.value, point.note) = (value, note);
            for (key, value) in found {
                let values = groups.entry(key).or_insert_with(|| vec![None; days]);
                if let Some(place) = values.get_mut(at) {
                    *place = value;
                }
            }
        }
    }
    let mut label = format!("{} ({name})", label_of(counter));
    label.push_str(if which.growth { ", growth" } else { "" });
    Ok(Series {
        metric: format!("{name}.{counter}"),
        label,
        unit: None,
        changes: changes(&totals.points),
        redefined: totals.redefined(),
        split: which.by.as_ref().map(|(field, top)| split(field, groups, *top)),
        totals,
    })
}

/// A counter's sums over all entities, from the ledger.
///
/// # Errors
/// When a definition can't be read.
pub fn totals(
    known: Known<'_>,
    counter: &str,
    (from, to): (Option<Day>, Option<Day>),
) -> Result<Points, GrowthError> {
    let Known { archive, looks, .. } = known;
    let within = |day: &Day| from.is_none_or(|from| from <= *day) && to.is_none_or(|to| *day <= to);
    let mut defined: IndexMap<Fingerprint, Option<Fingerprint>> = IndexMap::new();
    let mut points = Vec::new();
    let all = looks.all_looks();
    for (day, line) in all.iter().filter(|(day, _)| within(day)) {
        let look = &line.doc;
        if !defined.contains_key(&look.definition) {
            let def = archive.entity_definition(look.definition)?;
            defined.insert(look.definition, of_counter(&def, counter));
        }
        let (value, note) = match level(look, counter) {
            Ok(value) => (Some(value), None),
            Err(why) => (None, Some(why)),
        };
        points.push(Point {
            day: *day,
            edition: Edition::FIRST,
            provenance: Provenance::Witnessed,
            value,
            definitions: defined.get(&look.definition).copied().flatten(),
            note,
        });
    }
    let gaps = gaps(all.keys().copied(), false).into_iter().filter_map(|gap| gap.within(from, to));
    Ok(Points { points, gaps: gaps.collect(), damaged: Vec::new() })
}

/// A counter's sum in a look, or why it is unknown.
fn level(look: &LookDoc, counter: &str) -> Result<Number, String> {
    // Those that were not due have values too, which nobody kept.
    if look.rows < look.seen {
        return Err(format!("only {} of {} were due", look.rows, look.seen));
    }
    match look.totals.get(counter) {
        None => Err("not read then".to_owned()),
        Some(None) => Err("unknown then".to_owned()),
        Some(Some(total)) => Ok(total.clone()),
    }
}

/// What defines a counter: the query, and which of its columns it is.
pub fn of_counter(def: &EntityDef, counter: &str) -> Option<Fingerprint> {
    let field = def.fields.get(counter)?;
    let text = serde_json::json!([def.calendar, def.lists, def.sql, def.key, field]).to_string();
    Some(Fingerprint(Digest::of(text.as_bytes())))
}

/// A day's value, what is to be said of it, and its values by group.
type Told = (Option<Number>, Option<String>, Vec<(Option<String>, Option<Number>)>);

fn of_day(known: Known<'_>, counter: &str, which: &Which, day: Day) -> Result<Told, GrowthError> {
    let Known { archive, name, def, looks, only } = known;
    let request = GrowthRequest {
        span: if which.growth { Span::Before(day, 1) } else { Span::At(day) },
        nearest: false,
        by: which.by.as_ref().map(|(field, _)| field.clone()),
        filters: Vec::new(),
        key: which.key.clone(),
        top: 0,
    };
    let found = match growth(Basis { archive, name, def, looks, live: None, only }, &request) {
        Ok(found) => found,
        Err(
            error @ (GrowthError::NoRow { .. } | GrowthError::Unread { .. } | GrowthError::Thinned { .. }),
        ) => {
            // Of one that is somebody else's it is told as of one that there is not.
            let why = if only.is_some() { "not seen then".to_owned() } else { error.to_string() };
            return Ok((None, Some(why), Vec::new()));
        }
        Err(error) => return Err(error),
    };
    let value = |sums: &Sums| {
        let value = if which.growth { sums.growth() } else { sums.newer() };
        value.map(|value| Number::from_scaled(value.into(), 0))
    };
    let total = found.grown.counters.get(counter).and_then(value);
    let place = found.grown.counters.get_index_of(counter);
    let groups = found.grown.groups.iter().filter_map(|(key, sums)| {
        let sums = sums.get(place?)?;
        Some((key.clone(), value(sums)))
    });
    let note = match (&found.previous, which.growth) {
        _ if total.is_some() => None,
        (Err(missing), true) => {
            let why = missing.reason.as_ref().map_or_else(String::new, |why| format!(": {why}"));
            Some(format!("nothing is known of the day before{why}"))
        }
        _ => Some(found.notes.first().cloned().unwrap_or_else(|| "unknown then".to_owned())),
    };
    Ok((total, note, groups.collect()))
}

fn split(field: &str, groups: IndexMap<Option<String>, Vec<Option<Number>>>, top: Option<usize>) -> Split {
    let members = groups.into_iter().map(|(key, values)| {
        let sum: Number = values.iter().flatten().sum();
        (sum, Member { key, label: None, values })
    });
    let mut members: Vec<(Number, Member)> = members.collect();
    members.sort_by(|one, other| other.0.cmp(&one.0).then_with(|| one.1.key.cmp(&other.1.key)));
    let shown = top.unwrap_or(members.len()).min(members.len());
    let more = members.len() - shown;
    members.truncate(shown);
    let members = members.into_iter().map(|(_, member)| member).collect();
    Split { dimension: field.to_owned(), members, more, redefined: Vec::new() }
}
