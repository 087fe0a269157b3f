//! Keeps what a run has outside of the days it freezes: its plan, the statistics, and the page
//! of all days; while it runs at most once a second, and at its end.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
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
const EVERY: Duration = Duration::from_secs(1);

pub(super) struct Keeper<'a> {
    config: &'a Config,
    clock: Clock<'a>,
    files: &'a StateFiles,
    plan: PlanDoc,
    /// When that was done last, as time since some fixed moment.
    refreshed: Duration,
    /// What could not be written, by what that means: it is told once and not every second.
    troubles: BTreeSet<&'static str>,
    frozen: bool,
    saved: usize,
    unchanged: usize,
    not_over: usize,
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
            troubles: BTreeSet::new(),
            frozen: false,
            saved: 0,
            unchanged: 0,
            not_over: 0,
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
            DayOutcome::AlreadyThere { .. } | DayOutcome::Failed { .. } => {}
        }
    }

    /// Brings everything up to date, unless that was done just now.
    pub(super) fn refresh(&mut self, watch: &dyn Watch) {
        let elapsed = self.clock.elapsed();
        if elapsed.saturating_sub(self.refreshed) >= EVERY {
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
            failed: failed.map(|day| (day.date, day.why.clone().unwrap_or_default())).collect(),
            left: left.saturating_sub(self.not_over),
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
            self.trouble("the plan of this backfill is out of date", &error, watch);
        }
        let Ok(archive) = Archive::open(&self.config.archive.dir) else { return };
        if (self.frozen || index::is_stale(&archive))
            && let Err(error) = index::rebuild(&archive, self.config)
        {
            self.trouble(
                "the page of all days could not be written, the next save tries again",
                &error,
                watch,
            );
        }
        self.frozen = false;
        // While the run goes on, what is counted over time is taken as it was frozen.
        if let Ok(history) = archive.history() {
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
            self.trouble("the statistics are out of date", &error, watch);
        }
    }

    /// Tells what could not be written, the first time.
    fn trouble(&mut self, means: &'static str, error: &dyn Error, watch: &dyn Watch) {
        if self.troubles.insert(means) {
            watch.remark(&format!("{means}: {error}"));
        }
    }
}
