//! Keeps what a run has outside of the days it freezes: its plan, the statistics, and the page
//! of all days; while it runs at most once a second, and at its end.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::Clock;
use super::plan::{PlanDoc, Status};
use super::report::{DayOutcome, Summary, Watch};
use super::state::{StateError, StateFiles};
use super::totals::Totals;
use crate::analyze::odd::Odd;
use crate::archive::Archive;
use crate::config::Config;
use crate::model::{Day, Edition};
use crate::ops::day::SaveError;
use crate::ops::index;
use crate::ops::stats::{self, Stats};

/// How often things are brought up to date.
pub(super) const EVERY: Duration = Duration::from_secs(1);

/// What is kept of a run, and what was counted of it by now.
pub(super) struct Keeper<'a> {
    config: &'a Config,
    clock: Clock<'a>,
    files: &'a StateFiles,
    plan: PlanDoc,
    /// When all was written last, as time since some fixed moment.
    refreshed: Duration,
    /// Whether a day was frozen since.
    frozen: bool,
    saved: usize,
    unchanged: usize,
    not_over: usize,
    no_hours: usize,
    /// What could not be kept, each told once: the next second brings the same.
    told: BTreeSet<String>,
}

impl<'a> Keeper<'a> {
    /// Keeps a plan from now on.
    ///
    /// # Errors
    /// When it can't be written.
    pub(super) fn new(
        config: &'a Config,
        files: &'a StateFiles,
        plan: PlanDoc,
        clock: Clock<'a>,
    ) -> Result<Self, StateError> {
        files.write_plan(&plan)?;
        Ok(Self {
            config,
            clock,
            files,
            plan,
            refreshed: clock.elapsed(),
            frozen: false,
            saved: 0,
            unchanged: 0,
            not_over: 0,
            no_hours: 0,
            told: BTreeSet::new(),
        })
    }

    /// Notes what became of the day at this place of the plan.
    pub(super) fn set(&mut self, place: usize, status: Status, why: Option<&str>, edition: Option<Edition>) {
        if let Some(day) = self.plan.days.get_mut(place) {
            day.status = status;
            day.why = why.map(str::to_owned);
            day.edition = edition;
        }
    }

    /// Counts a day that is done with.
    pub(super) fn count(&mut self, outcome: &DayOutcome) {
        match outcome {
            DayOutcome::Saved { .. } => {
                self.frozen = true;
                self.saved += 1;
            }
            DayOutcome::Unchanged { .. } => self.unchanged += 1,
            DayOutcome::NotOver { .. } => self.not_over += 1,
            DayOutcome::NoHours { .. } => self.no_hours += 1,
            DayOutcome::AlreadyThere { .. } | DayOutcome::Failed { .. } => {}
        }
    }

    /// Brings everything up to date, unless that was done just now; the days at these places of the plan
    /// are being read.
    pub(super) fn refresh(&mut self, running: impl Iterator<Item = usize>, watch: &dyn Watch) {
        let elapsed = self.clock.elapsed();
        if elapsed.saturating_sub(self.refreshed) >= EVERY {
            running.for_each(|place| self.set(place, Status::Running, None, None));
            self.write(watch);
            self.refreshed = elapsed;
        }
    }

    /// Brings everything up to date for the last time, and sums up.
    pub(super) fn finish(
        mut self,
        interrupted: bool,
        ended_by: Option<SaveError>,
        watch: &dyn Watch,
    ) -> Summary {
        // What is being read no more is to be read again.
        for day in self.plan.days.iter_mut().filter(|day| day.status == Status::Running) {
            day.status = Status::Missing;
        }
        self.write(watch);
        let (totals, odd) = self.sum_up(watch);
        let plan = &self.plan;
        let failed = plan.days.iter().filter(|day| day.status == Status::Failed);
        let left = plan.to_do().len();
        Summary {
            from: plan.from,
            to: plan.to,
            saved: self.saved,
            already_there: (plan.count(Status::Saved) + plan.count(Status::Skipped))
                .saturating_sub(self.saved + self.unchanged),
            unchanged: self.unchanged,
            not_over: self.not_over,
            no_hours: self.no_hours,
            failed: failed.map(|day| (day.date, day.why.clone().unwrap_or_default())).collect(),
            left: left.saturating_sub(self.not_over + self.no_hours),
            totals,
            odd,
            interrupted,
            ended_by,
        }
    }

    /// What can't be written is told, and does not keep days from being frozen.
    fn write(&mut self, watch: &dyn Watch) {
        self.plan.updated_at = self.clock.now();
        if let Err(error) = self.files.write_plan(&self.plan) {
            self.remark(watch, format!("the plan of this backfill is out of date: {error}"));
        }
        let Ok(archive) = Archive::open(&self.config.archive.dir) else { return };
        let frozen = std::mem::take(&mut self.frozen);
        if (frozen || index::is_stale(&archive))
            && let Err(error) = index::rebuild(&archive, self.config)
        {
            let sentence =
                format!("the page of all days could not be written, the next save tries again: {error}");
            self.remark(watch, sentence);
        }
        // While the run goes on, what is counted over time is taken as it was frozen.
        if frozen && let Ok(history) = archive.history() {
            self.write_stats(&stats::frozen(&archive, &history, self.config), watch);
        }
    }

    /// What the range adds up to and which of its days are odd, with all that is frozen by now; the
    /// statistics are brought up to date with it.
    fn sum_up(&mut self, watch: &dyn Watch) -> (Totals, BTreeMap<Day, Vec<Odd>>) {
        let (from, to) = (self.plan.from, self.plan.to);
        let Ok(archive) = Archive::open(&self.config.archive.dir) else { return Default::default() };
        let collected = archive.history().and_then(|history| {
            let stats = stats::collect(&archive, &history, self.config)?;
            Ok((Totals::of(self.config, &history, from, to), stats))
        });
        let (totals, stats) = match collected {
            Ok(collected) => collected,
            Err(error) => {
                watch.remark(&format!("the days can't be summed up: {error}"));
                return Default::default();
            }
        };
        stats.damaged.iter().for_each(|damaged| watch.remark(damaged));
        self.write_stats(&stats, watch);
        let mut odd = stats.odd();
        odd.retain(|day, _| (from..=to).contains(day));
        (totals, odd)
    }

    fn write_stats(&mut self, stats: &Stats, watch: &dyn Watch) {
        if let Err(error) = self.files.write_stats(&stats::document(stats)) {
            self.remark(watch, format!("the statistics are out of date: {error}"));
        }
    }

    fn remark(&mut self, watch: &dyn Watch, sentence: String) {
        if !self.told.contains(&sentence) {
            watch.remark(&sentence);
            self.told.insert(sentence);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    use chrono::{DateTime, Utc};

    use super::{Clock, Config, Keeper, PlanDoc, StateFiles, Status, Watch};
    use crate::ops::backfill::plan::{Redo, Wanted};
    use crate::ops::backfill::report::DayReport;

    /// Counts what it is told.
    #[derive(Default)]
    struct Remarks(AtomicU64);

    impl Watch for Remarks {
        fn day(&self, _: &DayReport) {}
        fn warn(&self, _: &str) {}
        fn remark(&self, _: &str) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    const CONFIG: &str = r#"
        source = { url = "sqlite:none.db" }
        calendar = { time_zone = "UTC" }
        events.calls = { table = "calls", time = "at", time_is = "utc" }
        metrics.calls = { of = "calls", count = true }
    "#;

    #[test]
    fn the_plan_tells_of_days_that_are_being_read_at_most_once_a_second_and_of_none_at_the_end() {
        let dir = tempfile::tempdir().unwrap();
        let config = Config::parse(CONFIG, &dir.path().join("asof.toml")).unwrap();
        let files = StateFiles::beside(&dir.path().join("asof.toml"), None);
        let (elapsed, now) = (AtomicU64::new(0), "2025-12-05T12:00:00Z".parse::<DateTime<Utc>>().unwrap());
        let clock =
            Clock { now: &|| now, elapsed: &|| Duration::from_millis(elapsed.load(Ordering::Relaxed)) };
        let [from, to] = ["2025-12-01", "2025-12-03"].map(|day| day.parse().unwrap());
        let wanted = Wanted { from, to, redo: Redo::Failed, reason: None };
        let plan = PlanDoc::new(wanted, None, config.definitions.fingerprint(), now);
        let kept = || {
            let plan = files.read_plan().unwrap().unwrap();
            plan.days.iter().map(|day| day.status).collect::<Vec<_>>()
        };
        let mut keeper = Keeper::new(&config, &files, plan, clock).unwrap();
        let watch = Remarks::default();
        keeper.set(0, Status::Skipped, None, None);
        elapsed.store(999, Ordering::Relaxed);
        keeper.refresh([1, 2].into_iter(), &watch);
        assert_eq!(kept(), [Status::Missing; 3]);
        elapsed.store(1000, Ordering::Relaxed);
        keeper.refresh([1, 2].into_iter(), &watch);
        assert_eq!(kept(), [Status::Skipped, Status::Running, Status::Running]);
        // What can't be written is told once, however often it is tried.
        std::fs::remove_file(&files.plan).unwrap();
        std::fs::create_dir(&files.plan).unwrap();
        for seconds in 2..5 {
            elapsed.store(seconds * 1000, Ordering::Relaxed);
            keeper.refresh([1, 2].into_iter(), &watch);
        }
        assert_eq!(watch.0.load(Ordering::Relaxed), 1);
        std::fs::remove_dir(&files.plan).unwrap();
        let summary = keeper.finish(true, None, &watch);
        assert_eq!(kept(), [Status::Skipped, Status::Missing, Status::Missing]);
        assert_eq!((summary.left, summary.already_there), (2, 1));
        assert!(!Path::new(&config.archive.dir).exists());
    }
}
