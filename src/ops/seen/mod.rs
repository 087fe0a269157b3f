//! Distinct counts over time: how many of a day's keys no earlier archived day has.
//!
//! [`Seen`] is what is known before a day. A run has one, and catches up with the archive before each
//! day that it counts. Its counts are frozen with their day and never change after that: [`recount`]
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
use crate::model::{Day, Definitions, Edition};
use crate::ops::when;

/// What the archived days before a day have seen, for each metric that is counted over time.
#[derive(Debug, Default)]
pub struct Seen {
    metrics: BTreeMap<String, Before>,
    key: Option<KeyId>,
    /// The days that were taken, each with the edition that counts; `None` when its folders are missing.
    taken: BTreeMap<Day, Option<Edition>>,
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
    /// No day was seen yet. `key` is `None` when no metric is counted over time.
    pub fn new(definitions: &Definitions, fingerprints: &DefinitionsDoc, key: Option<KeyId>) -> Self {
        let mut seen = Self { key, ..Self::default() };
        for name in definitions.cumulative() {
            if let (Some(metric), Some(key)) = (fingerprints.metrics.get(name), key) {
                seen.metrics.insert(name.to_owned(), Before::new(Group { metric: *metric, key }));
            }
        }
        seen
    }

    /// Takes in what the archive has before a day: the latest edition of each earlier day that was
    /// counted in the same way, under the same hash key.
    ///
    /// All their keys are read the first time. Later only those of days that have come since are, unless
    /// an edition of an earlier day has: so it gives the same whether it is asked once or day by day.
    ///
    /// # Errors
    /// When the ledger is damaged. A damaged day is done without, and that is said.
    pub fn catch_up(&mut self, archive: &Archive, history: &History, day: Day) -> Result<(), ArchiveError> {
        if self.metrics.is_empty() {
            return Ok(());
        }
        let earlier = history.days().take_while(|(date, _)| *date < day);
        let now: BTreeMap<Day, Option<Edition>> = earlier
            .map(|(date, _)| Ok((date, when::latest(history.day(date)?).map(|line| line.edition))))
            .collect::<Result<_, ArchiveError>>()?;
        let last = self.taken.last_key_value().map(|(date, _)| *date);
        let fits = now.iter().take(self.taken.len()).eq(&self.taken);
        if !fits {
            self.taken.clear();
            self.metrics.values_mut().for_each(|before| *before = Before::new(before.group));
        }
        let since = last.filter(|_| fits);
        let new: Vec<Day> = now.into_keys().filter(|date| since.is_none_or(|since| since < *date)).collect();
        let settle = new.len() > 1;
        for date in new {
            let line = when::latest(history.day(date)?);
            self.take(archive, date, line, if settle { Total::Later } else { Total::Now });
        }
        if settle {
            self.metrics.values_mut().for_each(|before| before.settle(&mut self.damaged));
        }
        Ok(())
    }

    /// Counts the keys of a day against those of all days that were taken in before it.
    ///
    /// Their keys are read once more. The day itself is not taken in: it may never be frozen.
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

    /// Takes in a day that was frozen just now with what [`Seen::count`] gave for it, so that its keys
    /// need not be read again. Without this, [`Seen::catch_up`] reads them.
    pub fn advance(&mut self, archive: &Archive, frozen: &SnapshotLine, counts: &Counts) {
        let is_next = self.taken.last_key_value().is_none_or(|(last, _)| *last < frozen.date);
        if is_next && !self.metrics.is_empty() {
            self.take(archive, frozen.date, Some(frozen), Total::Known(counts));
        }
    }

    /// Takes in a day that is later than all before it.
    fn take(&mut self, archive: &Archive, day: Day, line: Option<&SnapshotLine>, total: Total<'_>) {
        self.taken.insert(day, line.map(|line| line.edition));
        let archived = Archived::open(archive, line);
        self.damaged.extend(archived.trouble(day));
        for (name, before) in &mut self.metrics {
            let new = match total {
                Total::Later => Some(0),
                Total::Now => None,
                Total::Known(counts) => counts.metrics.get(name).and_then(|doc| doc.new),
            };
            let held = archived.held(archive, name);
            if let Err(error) = held.and_then(|held| before.take(day, &held, new, &mut self.damaged)) {
                before.leave_out(day, &error, &mut self.damaged);
            }
        }
    }
}

/// How the total goes on with a day.
#[derive(Clone, Copy)]
enum Total<'a> {
    /// It is counted when all days are there.
    Later,
    /// The day's keys are read.
    Now,
    /// The day was counted already.
    Known(&'a Counts),
}

impl Before {
    fn new(group: Group) -> Self {
        Self { group, counted: Vec::new(), left_out: BTreeMap::new(), total: 0 }
    }

    /// Takes a day among those that count, or those that are left out. `new` is how many keys it adds
    /// to the total; without it they are counted.
    fn take(
        &mut self,
        day: Day,
        held: &Held,
        new: Option<u64>,
        damaged: &mut Vec<String>,
    ) -> Result<(), ArchiveError> {
        match held.counts_in(self.group) {
            Ok(file) => {
                // Counting may find damage, and count the total anew.
                let new = match new {
                    Some(new) => new,
                    None => self.unseen(&file.read()?, damaged),
                };
                self.total += new;
                self.counted.push(Counted { day, file: file.clone() });
            }
            Err(reason) => *self.left_out.entry(reason).or_default() += 1,
        }
        Ok(())
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
            let mut pass = |counted: &Counted| {
                // Their digests were checked when they were first read.
                let mut stream = counted.file.stream(PIECE, Check::Order);
                loop {
                    match stream.next_piece() {
                        Ok(Some(keys)) => unseen.note(keys),
                        Ok(None) => return None,
                        Err(error) => return Some(error),
                    }
                }
            };
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
