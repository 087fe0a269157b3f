//! Thinning old days by the retention of the configuration: a plan of what becomes of each day and which
//! files go, copying these into a cold store, and thinning by that plan.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::index;
use super::prune_looks::{self, KindPlan};
use super::side_by_side::both;
use crate::analyze::alerts;
use crate::analyze::earlier::WEEK;
use crate::analyze::retention::{self, Fate, FrozenDay, Keep, Passed, RetentionPlan};
use crate::archive::reading::METRICS;
use crate::archive::{Archive, ArchiveError, ColdStore, History, SnapshotLine, Thinning};
use crate::config::alerts::On;
use crate::config::retention::Period;
use crate::config::{Config, RetentionSettings};
use crate::metrics::over;
use crate::model::{Day, Fingerprint, Manifest, Progress, Provenance, SnapshotId};

/// How many editions are thinned while the lock is held once.
const AT_ONCE: usize = 24;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct PruneRequest {
    /// The cold store into which days are copied before.
    pub to: Option<PathBuf>,
    /// How long the lock is waited for.
    pub wait: Duration,
}

/// What was done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The editions that were thinned.
    pub editions: Vec<SnapshotId>,
    /// Their files that are gone, by their paths in the archive.
    pub files: Vec<String>,
    /// How many bytes these had.
    pub bytes: u64,
    /// The days of entities that were thinned.
    pub looks: Vec<(String, Day)>,
    /// What went wrong although it was done, as a sentence.
    pub warning: Option<String>,
}

/// Why nothing was thinned.
#[derive(Debug, thiserror::Error)]
pub enum PruneError {
    /// Nothing would be left.
    #[error("[retention] keeps no day: every frozen day but the newest would be thinned")]
    KeepsNothing,
    /// Nothing would be left of some entities.
    #[error("[retention] keeps no day of {entity}: every look but the newest would be thinned")]
    KeepsNoLook {
        /// The entities.
        entity: String,
    },
    /// The archive refused.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
}

impl PruneError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::KeepsNothing | Self::KeepsNoLook { .. } => {
                Some("add a rule such as keep_monthly = \"forever\"".to_owned())
            }
            Self::Archive(error) => error.hint(),
        }
    }
}

/// What becomes of each frozen day, and which files go.
#[derive(Debug)]
pub struct Plan<'h> {
    /// What becomes of each day, by the ledger alone.
    pub retention: RetentionPlan,
    /// What becomes of the totals; `None` when they are not asked for.
    pub totals: Option<BTreeMap<Day, Totals>>,
    /// The days that are left as they are, since something is wrong with a file that was to go; and what.
    pub left: BTreeMap<Day, String>,
    /// What becomes of each day of entities, by kind.
    pub looks: Vec<KindPlan>,
    /// What goes.
    wanted: Vec<Wanted<'h>>,
}

impl Plan<'_> {
    /// The files that go, by their paths in the archive.
    pub fn files(&self) -> Vec<String> {
        let looks = self.looks.iter().flat_map(KindPlan::files).cloned();
        self.wanted.iter().flat_map(Wanted::paths).chain(looks).collect()
    }

    /// Whether nothing goes.
    fn is_empty(&self) -> bool {
        self.wanted.is_empty() && self.looks.iter().all(KindPlan::is_empty)
    }

    /// The days that are thinned: neither before nor left as they are.
    pub fn thinned(&self) -> usize {
        self.retention.thinned().filter(|day| !self.left.contains_key(day)).count()
    }
}

/// Plans what becomes of each frozen day. Every file that is to go is read, and must be as it was frozen.
///
/// # Errors
/// When the retention keeps nothing, the ledger is damaged, or the definitions of frozen days can't be read.
pub fn plan<'h>(
    archive: &Archive,
    history: &'h History,
    (config, settings): (&Config, &RetentionSettings),
    drop_totals: bool,
    (today, now): (Day, DateTime<Utc>),
    progress: &dyn Progress,
) -> Result<Plan<'h>, PruneError> {
    history.intact()?;
    let days: Vec<FrozenDay> = history.days().filter_map(|(day, _)| frozen_day(history, day)).collect();
    let retention = retention::plan(settings, &days, today);
    if retention.keeps_nothing() {
        return Err(PruneError::KeepsNothing);
    }
    let totals = if drop_totals { Some(totals(archive, history, config, &retention)?) } else { None };
    let looks = prune_looks::plan(archive, history, (config, settings), (today, now), progress)?;
    let mut plan = Plan { retention, totals, left: BTreeMap::new(), looks, wanted: Vec::new() };
    let mut asked: Vec<(Day, bool, String)> = Vec::new();
    for (day, fate) in &plan.retention.days {
        let drop_totals = plan.totals.as_ref().is_some_and(|totals| totals.get(day) == Some(&Totals::Go));
        let reason = match fate {
            Fate::Thinned(passed) => reason(passed),
            Fate::Before { kept: false } if drop_totals => "its totals were asked for".to_owned(),
            Fate::Kept(_) | Fate::Before { .. } => continue,
        };
        asked.push((*day, drop_totals, reason));
    }
    let look = |asked: &[(Day, bool, String)]| -> Vec<_> {
        let one = |(day, drop_totals, reason): &(Day, bool, String)| {
            progress.step(&format!("looking at {day}"));
            (*day, wanted(archive, history, *day, *drop_totals, reason))
        };
        asked.iter().map(one).collect()
    };
    // Reading and digesting is nearly all of the work.
    let (first, second) = asked.split_at(asked.len() / 2);
    let (first, second) = both(|| look(first), || look(second));
    for (day, wanted) in first.into_iter().chain(second) {
        match wanted {
            Ok(wanted) => plan.wanted.extend(wanted),
            // Another run thins it at this moment.
            Err(ArchiveError::Pruned { .. }) => {}
            Err(error) => {
                plan.left.insert(day, error.to_string());
            }
        }
    }
    Ok(plan)
}

/// A day as it is decided on; `None` when none of its folders is there.
fn frozen_day(history: &History, day: Day) -> Option<FrozenDay> {
    let marks = history.marks(day);
    let lines: Vec<&SnapshotLine> = present(history, day).collect();
    (!lines.is_empty()).then(|| FrozenDay {
        day,
        labels: marks.labels.iter().map(|label| (*label).to_owned()).collect(),
        pinned: marks.pinned,
        provisional: lines.iter().all(|line| line.provenance == Provenance::Provisional),
        thinned: lines.iter().all(|line| history.thinned(&line.id()).is_some()),
    })
}

/// The editions of a day whose folders are there.
fn present(history: &History, day: Day) -> impl Iterator<Item = &SnapshotLine> {
    let editions = history.day(day).unwrap_or_default();
    editions.iter().filter(|frozen| frozen.present).map(|frozen| &frozen.line)
}

/// Thins the days that a plan says are to be thinned; with a cold store, once each was copied there.
///
/// # Errors
/// When a copy can't be made or is not what was frozen: then its day stays as it is. And when the
/// archive refuses.
pub fn prune(
    archive: &Archive,
    (config, settings): (&Config, &RetentionSettings),
    (history, plan): (&History, &Plan<'_>),
    request: &PruneRequest,
    now: DateTime<Utc>,
    progress: &dyn Progress,
) -> Result<Outcome, PruneError> {
    // A folder that can't be the store is told before anything is done.
    let known = match &request.to {
        Some(dir) => ColdStore::look(archive, dir)?,
        None => None,
    };
    if !plan.is_empty() {
        // Before anything is copied: whether the ledger can be added to.
        archive.thin(&[], &|_, _| Ok(false), request.wait, now)?;
    }
    let mut outcome = Outcome::default();
    let mut done = Ok(());
    let cold = match &request.to {
        Some(dir) if !plan.is_empty() || known.is_some() => {
            Some(ColdStore::open(archive, dir, request.wait)?)
        }
        _ => None,
    };
    let thinner = Thinner { archive, settings, history, cold: cold.as_ref(), request, now };
    for some in plan.wanted.chunks(AT_ONCE) {
        progress.step("thinning");
        done = thinner.thin(some, &mut outcome);
        if done.is_err() {
            break;
        }
    }
    let thinner = prune_looks::Thinner { archive, settings, cold: cold.as_ref(), request, now };
    for kind in &plan.looks {
        if done.is_err() {
            break;
        }
        done = thinner.thin(kind, &mut outcome, progress);
    }
    if let (Some(cold), Ok(())) = (&cold, &done) {
        // It knows then what it has to hold.
        cold.follow(archive)?;
    }
    if !outcome.editions.is_empty() || !outcome.looks.is_empty() || index::is_stale(archive) {
        outcome.warning = index::rebuild(archive, config).err().map(|error| {
            format!("the page of all days could not be written, the next save tries again: {error}")
        });
    }
    done.map(|()| outcome)
}

/// What becomes of the totals of a day that is or was thinned, once they are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Totals {
    /// They go.
    Go,
    /// They stay, since something keeps what is left of the day.
    Stay,
    /// They stay, since days to come are made of them.
    Needed,
    /// They are gone already.
    Gone,
}

/// What becomes of the totals of the days that are not kept whole, when they are asked for.
///
/// # Errors
/// When the definitions of the frozen days can't be read.
fn totals(
    archive: &Archive,
    history: &History,
    config: &Config,
    plan: &RetentionPlan,
) -> Result<BTreeMap<Day, Totals>, PruneError> {
    let needed = needed_from(archive, history, config)?;
    let fate = |day: Day, kept: bool| {
        let gone = |line: &SnapshotLine| history.pruned(&line.id()).iter().any(|path| path == METRICS);
        if present(history, day).all(gone) {
            Totals::Gone
        } else if kept {
            Totals::Stay
        } else if needed.is_none_or(|needed| needed <= day) {
            Totals::Needed
        } else {
            Totals::Go
        }
    };
    let of = |(day, of): &(Day, Fate)| match of {
        Fate::Kept(_) => None,
        Fate::Thinned(_) => Some((*day, fate(*day, false))),
        Fate::Before { kept } => Some((*day, fate(*day, *kept))),
    };
    Ok(plan.days.iter().filter_map(of).collect())
}

/// The first day whose totals the next save may need: for metrics over several days, its own and those of
/// the days that it reads again, for comparisons, and for alerts. `None` is every day.
fn needed_from(archive: &Archive, history: &History, config: &Config) -> Result<Option<Day>, PruneError> {
    let Some((newest, _)) = history.days().next_back() else { return Ok(None) };
    // Days are read again by the definitions that froze them.
    let frozen: BTreeSet<Fingerprint> =
        history.days().flat_map(|(_, editions)| editions).map(|frozen| frozen.line.definitions).collect();
    let mut over = over::needed(&config.definitions).1;
    for fingerprint in frozen {
        over = over.max(over::needed(&archive.definitions(fingerprint)?).1);
    }
    let looked_back = config.again.lookback.iter().max().copied().unwrap_or(0);
    let alerts = config.alerts.values().filter_map(|alert| match &alert.on {
        // Other values of earlier days are in the ledger.
        On::Metric(rule) if rule.by.is_some() => Some(alerts::reach(&rule.rule) + i64::from(alert.days)),
        On::Metric(_) | On::Missing => None,
    });
    let back = i64::from(over).max(WEEK) + i64::from(looked_back);
    let back = back.max(alerts.max().unwrap_or(0));
    // Where the calendar begins later than that, every day is needed.
    Ok(newest.checked_add(1 - back))
}

/// An edition with what is to go of it.
#[derive(Debug)]
struct Wanted<'h> {
    line: &'h SnapshotLine,
    manifest: Manifest,
    files: Vec<String>,
    reason: String,
}

impl Wanted<'_> {
    /// The files that go, by their paths in the archive.
    fn paths(&self) -> impl Iterator<Item = String> {
        self.files.iter().map(|file| format!("{}/{file}", self.line.id()))
    }
}

/// What is to go of a day, by the manifests of its editions; each file is read and was found as it was frozen.
fn wanted<'h>(
    archive: &Archive,
    history: &'h History,
    day: Day,
    drop_totals: bool,
    reason: &str,
) -> Result<Vec<Wanted<'h>>, ArchiveError> {
    let mut all = Vec::new();
    for line in present(history, day) {
        let manifest = archive.manifest(line)?;
        let gone = history.pruned(&line.id());
        let goes = |path: &String| is_thinned(path, drop_totals) && !gone.contains(path);
        let files: Vec<String> = manifest.files.iter().map(|file| file.path.clone()).filter(goes).collect();
        archive.check_removal(&manifest, &files)?;
        if !files.is_empty() {
            all.push(Wanted { line, manifest, files, reason: reason.to_owned() });
        }
    }
    Ok(all)
}

/// Whether a file of a thinned day goes. Keys stay: later days are counted against them.
fn is_thinned(path: &str, drop_totals: bool) -> bool {
    path == "dashboard.html" || path.starts_with("cubes/") || (drop_totals && path == METRICS)
}

/// What thinning needs.
struct Thinner<'a> {
    archive: &'a Archive,
    settings: &'a RetentionSettings,
    history: &'a History,
    cold: Option<&'a ColdStore>,
    request: &'a PruneRequest,
    now: DateTime<Utc>,
}

impl Thinner<'_> {
    /// Copies some editions and thins them.
    fn thin(&self, some: &[Wanted<'_>], outcome: &mut Outcome) -> Result<(), PruneError> {
        let mut thinnings = Vec::with_capacity(some.len());
        for wanted in some {
            if let Some(cold) = self.cold {
                let gone = self.history.pruned(&wanted.line.id());
                match cold.keep(self.archive, wanted.line, gone) {
                    // Another run has thinned it since it was planned.
                    Err(ArchiveError::Pruned { .. }) => continue,
                    kept => kept?,
                }
            }
            thinnings.push(Thinning {
                id: wanted.line.id(),
                files: wanted.files.clone(),
                to: self.cold.map(|cold| (absolute(cold.dir()), cold.id())),
                reason: wanted.reason.clone(),
            });
        }
        let still = |history: &History, thinning: &Thinning| {
            // Once more under the lock, since nobody else may have a copy after that.
            if let Some(cold) = self.cold
                && let Some(wanted) = some.iter().find(|wanted| wanted.line.id() == thinning.id)
            {
                cold.holds(wanted.line, &wanted.manifest, &wanted.files)?;
            }
            let day = frozen_day(history, thinning.id.day);
            Ok(day.is_some_and(|day| retention::keeps_anyway(self.settings, &day).is_none()))
        };
        let thinned = self.archive.thin(&thinnings, &still, self.request.wait, self.now)?;
        for wanted in some.iter().filter(|wanted| thinned.contains(&wanted.line.id())) {
            let sizes = wanted.manifest.files.iter().filter(|file| wanted.files.contains(&file.path));
            outcome.bytes += sizes.map(|file| file.size).sum::<u64>();
            outcome.files.extend(wanted.paths());
            outcome.editions.push(wanted.line.id());
        }
        Ok(())
    }
}

pub(super) fn absolute(dir: &Path) -> String {
    dir.canonicalize().unwrap_or_else(|_| dir.to_owned()).display().to_string()
}

/// Why a day is thinned, in words.
pub fn reason(passed: &[Passed]) -> String {
    if passed.is_empty() {
        return "no rule keeps days by their age".to_owned();
    }
    let words = passed.iter().map(|why| match why {
        Passed::Older(rule) => format!("{} reach back {}", periods(rule.period), rule.span.words()),
        Passed::Other(period, day) => format!("{day} stands for its {}", period.word()),
    });
    words.collect::<Vec<_>>().join("; ")
}

/// Why a day is kept, in words.
pub fn kept(reasons: &[Keep]) -> String {
    let words = reasons.iter().map(|reason| match reason {
        Keep::Newest => "the newest day".to_owned(),
        Keep::Pinned => "pinned".to_owned(),
        Keep::Label(label) => format!("label {label:?}"),
        Keep::Rule(rule) if rule.period == Period::Day => format!("days, {}", rule.span.words()),
        Keep::Rule(rule) => format!("stands for its {}, {}", rule.period.word(), rule.span.words()),
    });
    words.collect::<Vec<_>>().join("; ")
}

fn periods(period: Period) -> String {
    format!("{}s", period.word())
}
