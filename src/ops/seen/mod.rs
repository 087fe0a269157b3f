//! Distinct counts over time: how many of a day's keys no earlier archived day has.
//!
//! [`Seen`] is what is known before a day. It is built once for a run, and goes on from day to day
//! in a longer one. Its counts are frozen with their day and never change after that: [`recount`]
//! tells what they would be now.

mod archived;
mod recount;

use std::collections::BTreeMap;

use archived::{Archived, Counted, Group, Held, LeftOut, PIECE, merge, words};

pub use recount::{Recount, recount};

use crate::archive::keys::Check;
use crate::archive::{Archive, ArchiveError, History, SnapshotLine};
use crate::metrics::Cube;
use crate::metrics::seen::Unseen;
use crate::model::manifest::DefinitionsDoc;
use crate::model::seen::{BasisDoc, KeyId, LeftOutDoc, SeenDoc};
use crate::model::{Day, Definitions};

/// What the archived days before a day have seen, for each metric that is counted over time.
#[derive(Debug, Default)]
pub struct Seen {
    metrics: BTreeMap<String, Before>,
    /// The first day that is not among them.
    until: Option<Day>,
    key: Option<KeyId>,
    /// What was left out since the last count because it is damaged, as sentences.
    damaged: Vec<String>,
}

/// A day's counts over time, as they are to be frozen with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// The counts, by metric.
    pub metrics: BTreeMap<String, SeenDoc>,
    /// Which hash key made the keys.
    pub key: Option<KeyId>,
    /// Days that had to be left out because they are damaged, as sentences; each is told once.
    pub damaged: Vec<String>,
}

/// The days before, for one metric.
#[derive(Debug)]
struct Before {
    group: Group,
    counted: Vec<Counted>,
    left_out: BTreeMap<LeftOut, u32>,
    /// How many different keys the counted days have.
    total: u64,
}

impl Seen {
    /// What the archive has seen before a day: the latest edition of each earlier day that counted
    /// in the same way, under the same hash key. All their keys are read once.
    ///
    /// `known` is `None` when there is no archive yet, and `key` when no metric is counted over time.
    ///
    /// # Errors
    /// When the ledger is damaged. A damaged day is done without, and that is said.
    pub fn before(
        known: Option<(&Archive, &History)>,
        definitions: &Definitions,
        fingerprints: &DefinitionsDoc,
        key: Option<KeyId>,
        day: Day,
    ) -> Result<Self, ArchiveError> {
        let mut seen = Self { until: Some(day), key, ..Self::default() };
        let Some(key) = key else { return Ok(seen) };
        for name in definitions.cumulative() {
            let Some(metric) = fingerprints.metrics.get(name) else { continue };
            let before = Before::new(Group { metric: *metric, key });
            seen.metrics.insert(name.to_owned(), before);
        }
        let Some((archive, history)) = known.filter(|_| !seen.metrics.is_empty()) else { return Ok(seen) };
        for (date, _) in history.days().filter(|(date, _)| *date < day) {
            let archived = Archived::open(archive, history.day(date)?);
            seen.damaged.extend(archived.trouble(date));
            for (name, before) in &mut seen.metrics {
                before.add(date, &archived.held(archive, name), &mut seen.damaged);
            }
        }
        for before in seen.metrics.values_mut() {
            before.settle(&mut seen.damaged);
        }
        Ok(seen)
    }

    /// Counts the keys of a day against those of all days before it.
    ///
    /// The keys of the days before are read, and nothing is kept of it: see [`Seen::advance`].
    pub fn count(&mut self, cubes: &[Cube], day: Day) -> Counts {
        let mut counts = Counts { key: self.key, ..Counts::default() };
        for (name, before) in &mut self.metrics {
            let Some(keys) = cubes.iter().find_map(|cube| cube.keys.get(name)) else { continue };
            let new = before.unseen(&keys.hashes, &mut self.damaged);
            let doc = SeenDoc {
                unique: keys.hashes.len() as u64,
                new: Some(new),
                cumulative: Some(before.total + new),
                reason: None,
                basis: before.basis(day),
            };
            counts.metrics.insert(name.clone(), doc);
        }
        counts.damaged = std::mem::take(&mut self.damaged);
        counts
    }

    /// Goes on past a day that is frozen now, without reading all days again.
    ///
    /// `counts` are those that were frozen with it, when it was frozen with what [`Seen::count`] gave
    /// just now; of any other frozen day the keys are read and counted. Days must
    /// come in their order: one that is not later than all before it is passed over.
    pub fn advance(&mut self, archive: &Archive, line: &SnapshotLine, counts: Option<&Counts>) {
        let day = line.date;
        if self.until.is_some_and(|until| day < until) {
            return;
        }
        self.until = day.checked_add(1);
        if self.metrics.is_empty() {
            return;
        }
        let archived = Archived::of(archive, line);
        self.damaged.extend(archived.trouble(day));
        for (name, before) in &mut self.metrics {
            let held = archived.held(archive, name);
            let known = counts.and_then(|counts| counts.metrics.get(name)).and_then(|doc| {
                let same = matches!(&held, Ok(Held::Keys { file, .. }) if file.count() == doc.unique);
                doc.new.filter(|_| same)
            });
            let new = match (&held, known) {
                (_, Some(new)) => Ok(new),
                (Ok(Held::Keys { group, file }), None) if *group == before.group => {
                    file.read().map(|keys| before.unseen(&keys, &mut self.damaged))
                }
                _ => Ok(0),
            };
            match new {
                Ok(new) => {
                    before.add(day, &held, &mut self.damaged);
                    before.total += new;
                }
                Err(error) => before.leave_out(day, &error, &mut self.damaged),
            }
        }
    }
}

impl Before {
    fn new(group: Group) -> Self {
        Self { group, counted: Vec::new(), left_out: BTreeMap::new(), total: 0 }
    }

    /// Takes a day among those that count, or those that are left out; the total stays as it is.
    fn add(&mut self, day: Day, held: &Result<Held, ArchiveError>, damaged: &mut Vec<String>) {
        match held.as_ref().map(|held| held.counts_in(self.group)) {
            Ok(Ok(file)) => self.counted.push(Counted { day, file: file.clone() }),
            Ok(Err(reason)) => *self.left_out.entry(reason).or_default() += 1,
            Err(error) => self.leave_out(day, error, damaged),
        }
    }

    fn leave_out(&mut self, day: Day, error: &ArchiveError, damaged: &mut Vec<String>) {
        damaged.push(archived::sentence(day, error));
        *self.left_out.entry(LeftOut::Damaged).or_default() += 1;
    }

    /// Counts the total anew, without the days whose keys turn out to be damaged.
    fn settle(&mut self, damaged: &mut Vec<String>) {
        let (counts, broken) = merge(&mut self.counted);
        self.total = counts.into_iter().sum();
        for (day, error) in broken {
            self.leave_out(day, &error, damaged);
        }
    }

    /// How many of these keys no counted day has.
    fn unseen(&mut self, keys: &[u64], damaged: &mut Vec<String>) -> u64 {
        loop {
            let mut unseen = Unseen::new(keys);
            // Their digests were checked when they were first read.
            let mut pass = |counted: &Counted| unseen.pass(counted.file.stream(PIECE, Check::Order)).err();
            let lost = self.counted.iter().enumerate().find_map(|(at, counted)| Some((at, pass(counted)?)));
            let Some((at, error)) = lost else { return unseen.count() };
            // The total rests on what was lost since, too.
            let day = self.counted.remove(at).day;
            self.leave_out(day, &error, damaged);
            self.settle(damaged);
        }
    }

    fn basis(&self, day: Day) -> BasisDoc {
        let since = self.counted.first().map_or(day, |counted| counted.day);
        basis(since, day, self.counted.len() as u64 + 1, &self.left_out)
    }
}

/// The basis of counts of `day` and of `days` days in all, from `since` on.
fn basis(since: Day, day: Day, days: u64, left_out: &BTreeMap<LeftOut, u32>) -> BasisDoc {
    let span = u64::try_from(day.days_since(since) + 1).unwrap_or(0);
    let short = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    let left_out =
        left_out.iter().map(|(reason, days)| LeftOutDoc { days: *days, reason: words(*reason).to_owned() });
    BasisDoc {
        since,
        days: short(days),
        gaps: short(span.saturating_sub(days)),
        left_out: left_out.collect(),
    }
}
