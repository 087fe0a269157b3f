//! What entities did between two looks: which looks are meant, and what came of them.

use chrono::{DateTime, Utc};

pub use super::growth_error::GrowthError;
use super::numbers::last_number;
use super::sides::{Live, Presence, Side, Sides, Wanted};
use crate::analyze::growth::{Asked, Compared, Grown, NotDue, grow};
use crate::archive::{Archive, Looks};
use crate::config::serve::Only;
use crate::model::entity::FieldKind;
use crate::model::{Day, EntityDef};

/// What is asked for.
#[derive(Clone, Debug)]
pub struct GrowthRequest {
    /// From when to when.
    pub span: Span,
    /// Whether the nearest look there is takes the place of one that is missing.
    pub nearest: bool,
    /// The field they are grouped by.
    pub by: Option<String>,
    /// Only entities whose fields have these values.
    pub filters: Vec<(String, String)>,
    /// Only the entity of this key.
    pub key: Option<String>,
    /// How many are listed that grew most.
    pub top: usize,
}

/// From when to when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// So many business days back from the newest row.
    Days(u16),
    /// Only what the look of a day says, held against nothing.
    At(Day),
    /// So many business days back from the look of a day.
    Before(Day, u16),
    /// From the look of one day to that of another.
    Between(Day, Day),
}

/// One side of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its business day: of a daily look the day that had ended, of a capture the day in which it was taken.
    pub day: Day,
    /// When the source was read.
    pub at: DateTime<Utc>,
    /// Whether it is a capture and no daily look.
    pub capture: bool,
    /// Whether it was just read, and is not kept.
    pub live: bool,
}

/// Why there is nothing to hold the newest row against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoBaseline {
    /// The day whose row is missing; `None` before the calendar begins.
    pub day: Option<Day>,
    /// Why, as far as the archive says.
    pub reason: Option<String>,
    /// The nearest day before the newer side that has one.
    pub nearest: Option<Day>,
    /// The first day from whose look on this span will work; `None` where that can't be said.
    pub works_from: Option<Day>,
}

/// What came out.
#[derive(Clone, Debug)]
pub struct Growth {
    /// The newer side.
    pub current: Seen,
    /// The older side, or why there is none.
    pub previous: Result<Seen, NoBaseline>,
    /// What every counter did; without an older side what it is.
    pub grown: Grown,
    /// What is to be said of it, such as which counters were not read then.
    pub notes: Vec<String>,
}

/// What growth is told from.
#[derive(Clone, Copy)]
pub struct Basis<'a> {
    /// The archive.
    pub archive: &'a Archive,
    /// The entities' name.
    pub name: &'a str,
    /// Their definition of now.
    pub def: &'a EntityDef,
    /// What the archive holds of them.
    pub looks: &'a Looks,
    /// What was just read; it is the newest then.
    pub live: Option<&'a Live>,
    /// The only rows that there are for whoever asks, by an attribute; all others are as if they were not.
    pub only: Option<&'a Only>,
}

/// Tells what entities did.
///
/// # Errors
/// When nobody ever looked, a name is unknown, or the archive can't be read.
pub fn growth(basis: Basis<'_>, request: &GrowthRequest) -> Result<Growth, GrowthError> {
    let Basis { archive, name, def, looks, live, only } = basis;
    let finder = Finder {
        sides: Sides {
            archive,
            name,
            def,
            looks,
            wanted: Wanted {
                counters: Sides::counters_of(def),
                by: request.by.as_deref(),
                filters: &request.filters,
                key: request.key.as_deref(),
                labels: request.top > 0 || request.key.is_some(),
                only,
            },
        },
        live,
        request,
    };
    finder.check()?;
    let current = finder.current()?;
    let previous = finder.previous(current)?;
    finder.compare(current, previous)
}

struct Finder<'a> {
    sides: Sides<'a>,
    live: Option<&'a Live>,
    request: &'a GrowthRequest,
}

impl<'a> Finder<'a> {
    fn check(&self) -> Result<(), GrowthError> {
        let def = self.sides.def;
        if self.sides.wanted.counters.is_empty() {
            return Err(GrowthError::NoCounters { entity: self.entity() });
        }
        for field in self.attributes() {
            if def.fields.get(field).is_none_or(|def| def.kind != FieldKind::Attribute) {
                return Err(GrowthError::NoField {
                    entity: self.entity(),
                    name: field.to_owned(),
                    kind: "group or attribute",
                    known: def.of_kind(FieldKind::Attribute).map(str::to_owned).collect(),
                });
            }
        }
        Ok(())
    }

    fn entity(&self) -> String {
        self.sides.name.to_owned()
    }

    /// The attributes that are needed.
    fn attributes(&self) -> impl Iterator<Item = &'a str> {
        let filters = self.request.filters.iter().map(|(field, _)| field.as_str());
        let only = self.sides.wanted.only.map(|only| only.field.as_str());
        self.request.by.as_deref().into_iter().chain(filters).chain(only)
    }

    /// The newer side.
    fn current(&self) -> Result<Side<'a>, GrowthError> {
        match self.request.span {
            Span::Days(_) => self.newest(),
            Span::Between(from, to) if from >= to => Err(GrowthError::Backwards { from, to }),
            Span::Between(_, day) | Span::Before(day, _) | Span::At(day) => {
                let found = self.sides.looks.looks.get(&day).map(|line| Side::Look(&line.doc));
                let nearest = || self.nearest(day, None);
                let look = match found {
                    Some(look) => look,
                    None if self.request.nearest => match nearest()? {
                        Some(side) => side,
                        None => return Err(self.no_day(day)?),
                    },
                    None => return Err(self.no_day(day)?),
                };
                match self.sides.presence(look)? {
                    Presence::Row => Ok(look),
                    presence => Err(self.no_row(Some(look.seen().day), presence == Presence::NotDue)),
                }
            }
        }
    }

    fn no_day(&self, day: Day) -> Result<GrowthError, GrowthError> {
        let nearest = self.nearest(day, None)?.map(|side| side.seen().day);
        Ok(GrowthError::NoDay { entity: self.entity(), day, reason: self.reason(day), nearest })
    }

    fn no_row(&self, day: Option<Day>, waits: bool) -> GrowthError {
        let key = self.request.key.clone().unwrap_or_default();
        GrowthError::NoRow { entity: self.entity(), key, day, waits }
    }

    /// The newest look at all entities, be it a daily one or a capture; with a key, its newest row, unless a
    /// newer look at all entities tells that it is gone.
    fn newest(&self) -> Result<Side<'a>, GrowthError> {
        let looks = self.sides.looks.looks.values().map(|line| Side::Look(&line.doc));
        let captures = self.sides.looks.captures.iter().map(|line| Side::Capture(&line.doc));
        let mut all: Vec<Side<'a>> = looks.chain(captures).chain(self.live.map(Side::Live)).collect();
        // Of two in the same instant the later one in the archive.
        all.reverse();
        all.sort_by_key(|side| std::cmp::Reverse(side.seen().at));
        for side in &all {
            match self.sides.presence(*side)? {
                Presence::Row => {
                    self.is_newest(*side)?;
                    return Ok(*side);
                }
                Presence::Absent => return Err(self.no_row(Some(side.seen().day), false)),
                Presence::NotDue | Presence::Unasked => {}
            }
        }
        if let Some(key) = self.request.key.as_ref().filter(|_| !self.sides.looks.thinned_days().is_empty()) {
            self.is_left(key, None)?;
        }
        Err(if all.is_empty() || self.request.key.is_none() {
            GrowthError::NoLook { entity: self.entity() }
        } else {
            self.no_row(None, false)
        })
    }

    /// Refuses a side that has not the newest row of the key, since that was thinned.
    fn is_newest(&self, side: Side<'a>) -> Result<(), GrowthError> {
        let Some(key) = &self.request.key else { return Ok(()) };
        if matches!(side, Side::Live(_)) || !self.sides.looks.thinned_after(side.seen().at) {
            return Ok(());
        }
        self.is_left(key, self.sides.number(side, key)?)
    }

    /// Refuses a key whose newest row has not this number.
    fn is_left(&self, key: &str, found: Option<u64>) -> Result<(), GrowthError> {
        let seq = last_number(self.sides.archive, self.sides.looks, key)?;
        if found.unwrap_or(0) >= seq {
            return Ok(());
        }
        Err(GrowthError::Thinned { entity: self.entity(), key: key.to_owned(), seq })
    }

    /// What stands for a day: its look, or else its last capture that has what is asked for.
    fn of_day(&self, day: Day) -> Result<Option<Side<'a>>, GrowthError> {
        let look = self.sides.looks.looks.get(&day).map(|line| Side::Look(&line.doc));
        let captures = self.sides.looks.captures.iter().filter(|line| line.doc.date == day);
        let captures = captures.rev().map(|line| Side::Capture(&line.doc));
        for side in look.into_iter().chain(captures) {
            if self.sides.presence(side)? == Presence::Row {
                return Ok(Some(side));
            }
        }
        Ok(None)
    }

    /// The days of looks and captures, sorted.
    fn days(&self) -> Vec<Day> {
        let looks = self.sides.looks.looks.keys().copied();
        let mut days: Vec<Day> = looks.chain(self.sides.looks.capture_days()).collect();
        days.sort_unstable();
        days.dedup();
        days
    }

    /// What stands for the day nearest to one; of two the earlier.
    fn nearest(&self, day: Day, before: Option<Day>) -> Result<Option<Side<'a>>, GrowthError> {
        let mut days = self.days();
        days.retain(|other| before.is_none_or(|before| *other < before));
        days.sort_by_key(|other| (other.days_since(day).abs(), *other));
        for day in days {
            if let Some(side) = self.of_day(day)? {
                return Ok(Some(side));
            }
        }
        Ok(None)
    }

    fn reason(&self, day: Day) -> Option<String> {
        let looks = self.sides.looks;
        let unlooked = || looks.unlooked.get(&day).map(|line| line.doc.reason.clone());
        looks.why_thinned(day).or_else(unlooked)
    }

    /// The older side, or why there is none.
    fn previous(&self, current: Side<'a>) -> Result<Result<Side<'a>, NoBaseline>, GrowthError> {
        let current = current.seen().day;
        let (wanted, days) = match self.request.span {
            Span::Days(days) | Span::Before(_, days) => {
                (current.checked_add(-i64::from(days)), Some(i64::from(days)))
            }
            Span::Between(from, _) => (Some(from), None),
            Span::At(_) => (None, None),
        };
        let Some(wanted) = wanted else {
            return Ok(Err(NoBaseline { day: None, reason: None, nearest: None, works_from: None }));
        };
        if let Some(side) = self.of_day(wanted)? {
            return Ok(Ok(side));
        }
        let nearest = self.nearest(wanted, Some(current))?;
        if let (Some(side), true) = (nearest, self.request.nearest) {
            return Ok(Ok(side));
        }
        let look = self.sides.looks.looks.get(&wanted).map(|line| Side::Look(&line.doc));
        let reason = match look.map(|look| self.sides.presence(look)).transpose()? {
            None => self.reason(wanted),
            Some(Presence::NotDue) => Some("it was not due then".to_owned()),
            Some(_) => Some("it was not there then".to_owned()),
        };
        Ok(Err(NoBaseline {
            day: Some(wanted),
            reason,
            nearest: nearest.map(|side| side.seen().day),
            works_from: days.map(|days| self.works_from(wanted, days)).transpose()?.flatten(),
        }))
    }

    /// The first day whose look will have a row so many days before, which is after the wanted one.
    fn works_from(&self, wanted: Day, days: i64) -> Result<Option<Day>, GrowthError> {
        let all = self.days();
        // The newest row of one key may be older than the newest look: what has passed does not count.
        let newest = all.last().copied().filter(|_| self.request.key.is_some());
        for day in all.into_iter().filter(|day| *day > wanted) {
            let works = day.checked_add(days).filter(|works| newest.is_none_or(|newest| *works > newest));
            if works.is_some() && self.of_day(day)?.is_some() {
                return Ok(works);
            }
        }
        Ok(None)
    }

    fn compare(
        &self,
        current: Side<'a>,
        previous: Result<Side<'a>, NoBaseline>,
    ) -> Result<Growth, GrowthError> {
        let mut notes = Vec::new();
        let new = self.sides.definition(current)?;
        let new_day = current.seen().day;
        for field in self.attributes() {
            if new.fields.get(field).is_none_or(|def| def.kind != FieldKind::Attribute) {
                let (entity, name) = (self.entity(), field.to_owned());
                return Err(GrowthError::Unread { entity, name, day: new_day });
            }
        }
        let old = previous.as_ref().ok().map(|side| self.sides.definition(*side)).transpose()?;
        let old_day = previous.as_ref().ok().map(|side| side.seen().day);
        let counters = self.sides.wanted.counters.iter().map(|name| {
            let column = |def: &EntityDef| {
                let field = def.fields.get(*name).filter(|field| field.kind == FieldKind::Counter);
                field.map(|field| field.column.clone())
            };
            let compared = match (column(&new), old.as_ref().map(column), old_day) {
                (None, ..) => {
                    notes.push(format!("{name} was not read on {new_day}"));
                    Compared::Neither
                }
                (Some(_), Some(None), Some(day)) => {
                    notes.push(format!("{name} was not read on {day}"));
                    Compared::Newer
                }
                (Some(now), Some(Some(then)), Some(day)) if now != then => {
                    notes.push(format!("{name} was the column {then} on {day}, and is {now} now"));
                    Compared::Newer
                }
                (Some(_), Some(Some(_)), _) => Compared::Both,
                (Some(_), ..) => Compared::Newer,
            };
            ((*name).to_owned(), compared)
        });
        let asked =
            Asked { counters: counters.collect(), top: self.request.top, grouped: self.request.by.is_some() };
        if let (Some(old), Some(day)) = (&old, old_day) {
            if (&old.sql, &old.lists) != (&new.sql, &new.lists) {
                notes.push(format!("the query of {} has changed since {day}", self.sides.name));
            }
            if old.key != new.key {
                notes.push(format!("the key was the column {} on {day}, and is {} now", old.key, new.key));
            }
            let unread = self.attributes().filter(|field| !old.fields.contains_key(*field));
            notes.extend(unread.map(|field| {
                format!("{field} was not read on {day}, so of what disappeared nobody knows it")
            }));
        }
        let grown = match &previous {
            Err(_) => {
                let nothing = std::iter::empty();
                grow(self.sides.pieces(current)?, nothing, (&NotDue::new(), &NotDue::new()), &asked)?
            }
            Ok(older) => {
                let waits = (self.sides.not_due(current)?, self.sides.not_due(*older)?);
                let (new, old) = (self.sides.pieces(current)?, self.sides.pieces(*older)?);
                grow(new, old, (&waits.0, &waits.1), &asked)?
            }
        };
        let previous = previous.map(|side| side.seen());
        Ok(Growth { current: current.seen(), previous, grown, notes })
    }
}
