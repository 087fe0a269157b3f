//! Which entities moved since a day: the newest row of each against its last one of that day or before.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;

use super::fits::is_of;
use super::history::{Histories, Timeline, TimelineRow};
use super::rows::{KeptRow, Rows};
use crate::archive::look_file::{GONE, KEY, STATE, text_column};
use crate::archive::looks::{REST, ROWS};
use crate::archive::{ArchiveError, LookDoc};
use crate::config::entities::NumberSettings;
use crate::entities::computed::{Computed, Move};
use crate::model::Day;
use crate::model::entity::EntityRow;

/// How they moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A field is another.
    Changed,
    /// A number moved the way that is good, beyond the threshold of its trend where it has one.
    Improved,
    /// The other way.
    Declined,
}

impl Way {
    /// As it is told: `changed`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Improved => "improved",
            Self::Declined => "declined",
        }
    }
}

/// What moved.
#[derive(Clone, Debug)]
pub struct MovedSince {
    /// Each with the two rows, and the fields by which it moved.
    pub moved: Vec<(Timeline, Vec<String>)>,
    /// How many did not.
    pub others: usize,
    /// Of how many it is unknown, since they have no row of that day or before.
    pub unknown: usize,
    /// The days up to that day whose rows were thinned, and for which earlier rows stand.
    pub thinned: Vec<Day>,
}

/// Tells which entities that are still there moved since a day.
///
/// # Errors
/// When the archive can't be read.
pub fn moved_since(histories: &Histories<'_>, since: Day, way: Way) -> Result<MovedSince, ArchiveError> {
    let mut told =
        MovedSince { moved: Vec::new(), others: 0, unknown: 0, thinned: thinned(histories, since) };
    for (_, pair) in pairs(histories, since)? {
        let (Some(older), newest) = pair else {
            told.unknown += 1;
            continue;
        };
        let timeline = histories.told(newest.row.key.clone(), vec![older, newest], None)?;
        let [older, newest] = timeline.rows.as_slice() else { continue };
        let fields = fields(way, &timeline.numbers, older, newest);
        if fields.is_empty() {
            told.others += 1;
        } else {
            told.moved.push((timeline, fields));
        }
    }
    Ok(told)
}

/// The days up to `since` whose rows were thinned, after the last one whose rows are there.
fn thinned(histories: &Histories<'_>, since: Day) -> Vec<Day> {
    let looks = histories.looks;
    let there = looks.looks.keys().copied().chain(looks.capture_days());
    let last = there.filter(|day| *day <= since).max();
    let gone = looks.thinned_days().into_iter();
    gone.filter(|day| *day <= since && last.is_none_or(|last| last < *day)).collect()
}

/// The fields by which an entity moved that way.
fn fields(
    way: Way,
    numbers: &IndexMap<String, NumberSettings>,
    older: &TimelineRow,
    newest: &TimelineRow,
) -> Vec<String> {
    match way {
        Way::Changed => changed(&older.kept.row, &newest.kept.row),
        Way::Improved => graded(numbers, &newest.computed, true),
        Way::Declined => graded(numbers, &newest.computed, false),
    }
}

/// The fields that are read in both and are not the same.
fn changed(older: &EntityRow, newest: &EntityRow) -> Vec<String> {
    let other =
        newest.fields.iter().filter(|(name, now)| older.fields.get(*name).is_some_and(|was| was != *now));
    other.map(|(name, _)| name.clone()).collect()
}

fn graded(numbers: &IndexMap<String, NumberSettings>, computed: &Computed, good: bool) -> Vec<String> {
    let is_so = |name: &String, moved: &Move| {
        let (settings, change) = (numbers.get(name)?, moved.change.as_ref()?);
        let beyond = match &settings.trend {
            Some(trend) => change.abs() > trend.threshold,
            None => !change.is_zero(),
        };
        Some(beyond && (settings.good_up? != change.is_negative()) == good)
    };
    let all = computed.moves.iter().filter(|(name, moved)| is_so(name, moved) == Some(true));
    all.map(|(name, _)| name.clone()).collect()
}

type Pair = (Option<KeptRow>, KeptRow);

/// The newest row of each entity that is still there, and its last one of the day or before, by key.
fn pairs(histories: &Histories<'_>, since: Day) -> Result<BTreeMap<String, Pair>, ArchiveError> {
    let looks = histories.looks;
    let reader = Rows::new(histories.archive, &histories.subject.name, looks)?;
    let newest_look = looks.looks.values().map(|line| &line.doc).max_by_key(|look| look.captured_at);
    let mut wanted = newest_look.map(|look| keys(histories, look)).transpose()?.unwrap_or_default();
    // What was captured since that look need not have been in it.
    for day in looks.capture_days() {
        let since_then = newest_look.is_none_or(|look| day >= look.date);
        if since_then {
            let rows = reader.captures(day)?.into_iter();
            let rows = rows.filter(|row| newest_look.is_none_or(|look| row.at > look.captured_at));
            wanted.extend(rows.map(|row| row.row.key));
        }
    }
    let mut days: Vec<Day> = looks.looks.keys().copied().chain(looks.capture_days()).collect();
    days.sort_unstable();
    days.dedup();
    let mut open: BTreeSet<&str> = wanted.iter().map(String::as_str).collect();
    let mut found: BTreeMap<String, (Option<KeptRow>, Option<KeptRow>)> = BTreeMap::new();
    for day in days.into_iter().rev() {
        if open.is_empty() {
            break;
        }
        let mut rows = reader.captures(day)?;
        if let Some(line) = looks.looks.get(&day) {
            rows.extend(reader.of_look(&line.doc, &open)?);
        }
        let is_asked = |row: &KeptRow| open.contains(row.row.key.as_str()) && is_of(histories.only, &row.row);
        for row in rows.into_iter().filter(is_asked) {
            let (older, newest) = found.entry(row.row.key.clone()).or_default();
            let is_later =
                |known: &Option<KeptRow>| known.as_ref().is_none_or(|known| known.row.seq < row.row.seq);
            if is_later(newest) {
                *newest = Some(row.clone());
            }
            if row.day <= since && is_later(older) {
                *older = Some(row);
            }
        }
        open.retain(|key| found.get(*key).is_none_or(|(older, _)| older.is_none()));
    }
    let pair =
        |(key, (older, newest)): (String, (Option<KeptRow>, Option<KeptRow>))| Some((key, (older, newest?)));
    Ok(found.into_iter().filter_map(pair).collect())
}

/// The keys of a look, without those that were not any more.
fn keys(histories: &Histories<'_>, look: &LookDoc) -> Result<BTreeSet<String>, ArchiveError> {
    let mut known = BTreeSet::new();
    for name in [ROWS, REST] {
        let reader = histories.archive.look_columns(look, name, &[KEY, STATE])?;
        for batch in reader.into_iter().flatten() {
            let batch = batch.map_err(|error| histories.archive.look_damaged(look, name, &error))?;
            let (Some(keys), states) = (text_column(&batch, KEY), text_column(&batch, STATE)) else {
                continue;
            };
            let there = keys
                .iter()
                .enumerate()
                .filter(|(at, _)| states.is_none_or(|states| states.value(*at) != GONE));
            known.extend(there.filter_map(|(_, key)| key.map(str::to_owned)));
        }
    }
    Ok(known)
}
