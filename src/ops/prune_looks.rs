//! Thinning looks and captures of entities by the same retention as days: what becomes of each day of each kind,
//! and which files go.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::entities::shown::FURTHEST;
use super::prune::{Outcome, PruneError, PruneRequest, absolute, reason};
use crate::analyze::looks_kept::{self, HeldDay, LookFate, Needed};
use crate::analyze::retention::{self, FrozenDay};
use crate::archive::{Archive, ArchiveError, ColdStore, History, Looks, ThinningLooks};
use crate::config::{Config, RetentionSettings};
use crate::model::entity::FieldKind;
use crate::model::manifest::FileDoc;
use crate::model::{Day, Fingerprint, Progress};

/// How many days are thinned while the lock is held once.
const AT_ONCE: usize = 24;

/// What becomes of each day of one kind of entities.
#[derive(Debug)]
pub struct KindPlan {
    /// The entities.
    pub entity: String,
    /// The days in order.
    pub days: Vec<(Day, LookFate)>,
    /// The days that are left as they are, since something is wrong with a file that was to go; and what.
    pub left: BTreeMap<Day, String>,
    /// What goes.
    wanted: Vec<Wanted>,
}

impl KindPlan {
    /// The files that go, by their paths in the archive.
    pub fn files(&self) -> impl Iterator<Item = &String> {
        self.wanted.iter().flat_map(|wanted| wanted.files.keys())
    }

    /// How many days are to be thinned, without those that are left as they are.
    pub fn thinned(&self) -> usize {
        let thinned = |(day, fate): &&(Day, LookFate)| {
            matches!(fate, LookFate::Thinned(_)) && !self.left.contains_key(day)
        };
        self.days.iter().filter(thinned).count()
    }

    /// Whether nothing goes.
    pub fn is_empty(&self) -> bool {
        self.wanted.is_empty()
    }
}

/// What goes of a day.
#[derive(Debug)]
struct Wanted {
    day: Day,
    files: BTreeMap<String, FileDoc>,
    definitions: Vec<Fingerprint>,
    reason: String,
}

/// Plans what becomes of each day with a look or captures. Every file that is to go is read, and must be as it
/// was kept.
///
/// # Errors
/// When the retention keeps nothing of some entities, or the ledger can't be read.
pub fn plan(
    archive: &Archive,
    history: &History,
    (config, settings): (&Config, &RetentionSettings),
    (today, now): (Day, DateTime<Utc>),
    progress: &dyn Progress,
) -> Result<Vec<KindPlan>, PruneError> {
    let mut plans = Vec::new();
    for (entity, looks) in archive.looks(None)? {
        let needs = Needs::new(&looks, config, &entity, now);
        let mut days: Vec<Day> = looks.looks.keys().copied().chain(looks.capture_days()).collect();
        days.extend(looks.thinned_days());
        days.sort_unstable();
        days.dedup();
        let held: Vec<(HeldDay, BTreeMap<String, FileDoc>)> = days
            .into_iter()
            .map(|day| {
                let files = archive.held(&entity, &looks, day);
                let needed = needs.of(&looks, day);
                (HeldDay { day: frozen(history, day, files.is_empty()), needed }, files)
            })
            .collect();
        let days: Vec<HeldDay> = held.iter().map(|(held, _)| held.clone()).collect();
        let told = looks_kept::plan(settings, &days, today);
        if told.keeps_nothing {
            return Err(PruneError::KeepsNoLook { entity });
        }
        let mut plan = KindPlan { entity, days: told.days, left: BTreeMap::new(), wanted: Vec::new() };
        for ((day, fate), (_, files)) in plan.days.iter().zip(held) {
            let LookFate::Thinned(passed) = fate else { continue };
            progress.step(&format!("looking at {} of {day}", plan.entity));
            match archive.check_held(&files) {
                Ok(()) => plan.wanted.push(Wanted {
                    day: *day,
                    files,
                    definitions: definitions(&looks, *day),
                    reason: reason(passed),
                }),
                // Another run thins it at this moment.
                Err(ArchiveError::Pruned { .. }) => {}
                Err(error) => {
                    plan.left.insert(*day, error.to_string());
                }
            }
        }
        plans.push(plan);
    }
    Ok(plans)
}

/// A day as it is decided on: what is said of the frozen day counts for its entities too.
fn frozen(history: &History, day: Day, thinned: bool) -> FrozenDay {
    let marks = history.marks(day);
    let labels = marks.labels.iter().map(|label| (*label).to_owned()).collect();
    FrozenDay { day, labels, pinned: marks.pinned, provisional: false, thinned }
}

/// The definitions by which a day's rows were read.
fn definitions(looks: &Looks, day: Day) -> Vec<Fingerprint> {
    let look = looks.looks.get(&day).map(|line| line.doc.definition);
    let captures = looks.captures.iter().filter(|line| line.doc.date == day);
    let mut all: Vec<Fingerprint> = captures.map(|line| line.doc.definition).chain(look).collect();
    all.dedup();
    all
}

/// What rows are needed for, whatever the retention says.
struct Needs {
    /// The number of the newest look's line, 0 for none.
    newest: u64,
    /// The days of the newest looks, by whatever they are counted.
    numbers: Vec<Day>,
    /// That of the newest capture of all.
    full: Option<Day>,
    /// Whether pages show growth.
    grows: bool,
    /// The first day to which that reaches back on pages of days to come; `None` is every day.
    from: Option<Day>,
    /// Since when rows may stop a capture.
    since: Option<DateTime<Utc>>,
}

impl Needs {
    fn new(looks: &Looks, config: &Config, entity: &str, now: DateTime<Utc>) -> Self {
        let lines = || looks.looks.values();
        let by_seq = lines().max_by_key(|line| line.seq);
        let by_time = lines().max_by_key(|line| line.doc.captured_at);
        let by_day = looks.looks.last_key_value().map(|(day, _)| *day);
        let full = looks.captures.iter().filter(|line| line.doc.full);
        let settings = config.entities.get(entity);
        let grows =
            settings.is_some_and(|settings| settings.def.of_kind(FieldKind::Counter).next().is_some());
        let again = config.again.lookback.iter().max().copied().unwrap_or(0);
        let back = i64::from(FURTHEST) + i64::from(again);
        let cooldown = settings.map(|settings| settings.cooldown).filter(|cooldown| !cooldown.is_zero());
        let cooldown = cooldown.map(|cooldown| TimeDelta::from_std(cooldown).unwrap_or(TimeDelta::MAX));
        Self {
            newest: by_seq.map_or(0, |line| line.seq),
            numbers: by_seq.into_iter().chain(by_time).map(|line| line.doc.date).chain(by_day).collect(),
            full: full.max_by_key(|line| line.doc.captured_at).map(|line| line.doc.date),
            // The next day's page reaches back so far.
            from: by_day.and_then(|day| day.checked_add(1 - back)),
            grows,
            since: cooldown.map(|back| now.checked_sub_signed(back).unwrap_or(DateTime::<Utc>::MIN_UTC)),
        }
    }

    fn of(&self, looks: &Looks, day: Day) -> Option<Needed> {
        let captures = || looks.captures.iter().filter(|line| line.doc.date == day);
        if self.numbers.contains(&day) || captures().any(|line| line.seq > self.newest) {
            return Some(Needed::Numbers);
        }
        if self.full == Some(day) {
            return Some(Needed::Newest);
        }
        if self.grows && self.from.is_none_or(|from| from <= day) {
            return Some(Needed::Growth);
        }
        let look = looks.looks.get(&day).map(|line| line.doc.captured_at);
        let mut seen = captures().map(|line| line.doc.captured_at).chain(look);
        let since = self.since?;
        seen.any(|at| at >= since).then_some(Needed::Cooldown)
    }
}

/// What thinning needs.
pub(super) struct Thinner<'a> {
    pub(super) archive: &'a Archive,
    pub(super) settings: &'a RetentionSettings,
    pub(super) cold: Option<&'a ColdStore>,
    pub(super) request: &'a PruneRequest,
    pub(super) now: DateTime<Utc>,
}

impl Thinner<'_> {
    /// Thins the days that a plan says are to be thinned; with a cold store, once each was copied there.
    ///
    /// # Errors
    /// Those of [`super::prune::prune`].
    pub(super) fn thin(
        &self,
        plan: &KindPlan,
        outcome: &mut Outcome,
        progress: &dyn Progress,
    ) -> Result<(), PruneError> {
        for some in plan.wanted.chunks(AT_ONCE) {
            progress.step(&format!("thinning {}", plan.entity));
            self.some(&plan.entity, some, outcome)?;
        }
        Ok(())
    }

    fn some(&self, entity: &str, some: &[Wanted], outcome: &mut Outcome) -> Result<(), PruneError> {
        let mut thinnings = Vec::with_capacity(some.len());
        for wanted in some {
            if let Some(cold) = self.cold {
                match cold.keep_held(self.archive, &wanted.definitions, &wanted.files) {
                    // Another run has thinned it since it was planned.
                    Err(_) if self.is_thinned(entity, wanted)? => continue,
                    kept => kept?,
                }
            }
            thinnings.push(ThinningLooks {
                entity: entity.to_owned(),
                date: wanted.day,
                files: wanted.files.clone(),
                to: self.cold.map(|cold| (absolute(cold.dir()), cold.id())),
                reason: wanted.reason.clone(),
            });
        }
        let still = |history: &History, thinning: &ThinningLooks| {
            // Once more under the lock, since nobody else may have a copy after that.
            if let Some(cold) = self.cold {
                cold.holds_held(&thinning.files)?;
            }
            let day = frozen(history, thinning.date, false);
            Ok(retention::keeps_anyway(self.settings, &day).is_none())
        };
        let thinned = self.archive.thin_looks(&thinnings, &still, self.request.wait, self.now)?;
        for wanted in some {
            let done = (entity.to_owned(), wanted.day);
            if thinned.contains(&done) {
                outcome.bytes += wanted.files.values().map(|file| file.size).sum::<u64>();
                outcome.files.extend(wanted.files.keys().cloned());
                outcome.looks.push(done);
            }
        }
        Ok(())
    }

    /// Whether lines say by now that this is gone.
    fn is_thinned(&self, entity: &str, wanted: &Wanted) -> Result<bool, ArchiveError> {
        let looks = self.archive.looks(None)?.remove(entity).unwrap_or_default();
        let named = looks.thinned.get(&wanted.day);
        Ok(named.is_some_and(|thinned| wanted.files.keys().any(|path| thinned.files.contains(path))))
    }
}

/// What a day is needed for, in words.
pub fn needed(needed: Needed) -> &'static str {
    match needed {
        Needed::Numbers => "rows to come are numbered by it",
        Needed::Newest => "the newest capture of all",
        Needed::Growth => "pages of days to come show growth since then",
        Needed::Cooldown => "its rows may still stop a capture",
    }
}
