//! Thinning old days by the retention of the configuration: deciding from the ledger alone, copying
//! what goes into a cold store, and thinning.

use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::index;
use crate::analyze::retention::{self, Fate, FrozenDay, Keep, Passed, RetentionPlan};
use crate::archive::reading::METRICS;
use crate::archive::{Archive, ArchiveError, ColdStore, History, SnapshotLine, Thinning};
use crate::config::retention::Period;
use crate::config::{Config, RetentionSettings};
use crate::model::{Day, Manifest, Progress, Provenance, SnapshotId};

/// How many editions are thinned while the lock is held once.
const AT_ONCE: usize = 24;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct PruneRequest {
    /// The cold store into which days are copied before.
    pub to: Option<PathBuf>,
    /// Whether the numbers go too.
    pub drop_totals: bool,
    /// How long the lock is waited for.
    pub wait: Duration,
}

/// What was done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The editions that were thinned.
    pub editions: Vec<SnapshotId>,
    /// How many files they had that are gone.
    pub files: usize,
    /// How many bytes these had.
    pub bytes: u64,
    /// What went wrong although it was done, as a sentence.
    pub warning: Option<String>,
}

/// Why nothing was thinned.
#[derive(Debug, thiserror::Error)]
pub enum PruneError {
    /// The configuration says nothing of it.
    #[error("the configuration has no [retention]: every day is kept whole")]
    NoRetention,
    /// Nothing would be left.
    #[error("[retention] keeps no day: every frozen day but the newest would be thinned")]
    KeepsNothing,
    /// The archive refused.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
}

impl PruneError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoRetention => {
                Some("add [retention] with lines such as keep_daily = \"12 months\"".to_owned())
            }
            Self::KeepsNothing => Some("add a rule such as keep_monthly = \"forever\"".to_owned()),
            Self::Archive(error) => error.hint(),
        }
    }
}

/// What becomes of each frozen day, from the ledger alone.
///
/// # Errors
/// When there is no retention, or it keeps nothing.
pub fn plan(config: &Config, history: &History, today: Day) -> Result<RetentionPlan, PruneError> {
    let settings = config.retention.as_ref().ok_or(PruneError::NoRetention)?;
    let days: Vec<FrozenDay> = history.days().filter_map(|(day, _)| frozen_day(history, day)).collect();
    let plan = retention::plan(settings, &days, today);
    if plan.keeps_nothing() {
        return Err(PruneError::KeepsNothing);
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
/// What an earlier run was stopped at is finished first.
///
/// # Errors
/// When a copy can't be made or is not what was frozen: then its day stays as it is. And when the
/// archive refuses.
pub fn prune(
    archive: &Archive,
    config: &Config,
    plan: &RetentionPlan,
    request: &PruneRequest,
    now: DateTime<Utc>,
    progress: &dyn Progress,
) -> Result<Outcome, PruneError> {
    let settings = config.retention.as_ref().ok_or(PruneError::NoRetention)?;
    let history = archive.history()?;
    // Before anything is copied: what a run before left, and whether the ledger can be added to.
    archive.thin(&[], &|_, _| false, request.wait, now)?;
    let wanted = wanted(archive, &history, plan, request.drop_totals)?;
    let mut outcome = Outcome::default();
    let mut done = Ok(());
    if !wanted.is_empty() {
        let cold = match &request.to {
            Some(dir) => Some(ColdStore::open(archive, dir)?),
            None => None,
        };
        let thinner = Thinner { archive, settings, history: &history, cold, request, now };
        for some in wanted.chunks(AT_ONCE) {
            progress.step("thinning");
            done = thinner.thin(some, &mut outcome);
            if done.is_err() {
                break;
            }
        }
    }
    if !outcome.editions.is_empty() || index::is_stale(archive) {
        outcome.warning = index::rebuild(archive, config).err().map(|error| {
            format!("the page of all days could not be written, the next save tries again: {error}")
        });
    }
    done.map(|()| outcome)
}

/// An edition with what is to go of it.
struct Wanted<'h> {
    line: &'h SnapshotLine,
    manifest: Manifest,
    files: Vec<String>,
    reason: String,
}

/// What is to go, by the manifests of the editions.
fn wanted<'h>(
    archive: &Archive,
    history: &'h History,
    plan: &RetentionPlan,
    drop_totals: bool,
) -> Result<Vec<Wanted<'h>>, PruneError> {
    let mut all = Vec::new();
    for (day, fate) in &plan.days {
        let reason = match fate {
            Fate::Thinned(passed) => reason(passed),
            Fate::Before { kept: false } if drop_totals => "its totals were asked for".to_owned(),
            Fate::Kept(_) | Fate::Before { .. } => continue,
        };
        for line in present(history, *day) {
            let manifest = archive.manifest(line)?;
            let gone = history.pruned(&line.id());
            let goes = |path: &String| is_thinned(path, drop_totals) && !gone.contains(path);
            let files: Vec<String> =
                manifest.files.iter().map(|file| file.path.clone()).filter(goes).collect();
            if !files.is_empty() {
                all.push(Wanted { line, manifest, files, reason: reason.clone() });
            }
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
    cold: Option<ColdStore>,
    request: &'a PruneRequest,
    now: DateTime<Utc>,
}

impl Thinner<'_> {
    /// Copies some editions and thins them.
    fn thin(&self, some: &[Wanted<'_>], outcome: &mut Outcome) -> Result<(), PruneError> {
        let mut thinnings = Vec::with_capacity(some.len());
        for wanted in some {
            if let Some(cold) = &self.cold {
                cold.keep(self.archive, wanted.line, self.history.pruned(&wanted.line.id()))?;
            }
            thinnings.push(Thinning {
                id: wanted.line.id(),
                files: wanted.files.clone(),
                to: self.cold.as_ref().map(|cold| absolute(cold.dir())),
                reason: wanted.reason.clone(),
            });
        }
        let still = |history: &History, day: Day| {
            frozen_day(history, day).is_some_and(|day| retention::keeps_anyway(self.settings, &day).is_none())
        };
        let thinned = self.archive.thin(&thinnings, &still, self.request.wait, self.now)?;
        for wanted in some.iter().filter(|wanted| thinned.contains(&wanted.line.id())) {
            let sizes = wanted.manifest.files.iter().filter(|file| wanted.files.contains(&file.path));
            outcome.bytes += sizes.map(|file| file.size).sum::<u64>();
            outcome.files += wanted.files.len();
            outcome.editions.push(wanted.line.id());
        }
        Ok(())
    }
}

fn absolute(dir: &Path) -> String {
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
