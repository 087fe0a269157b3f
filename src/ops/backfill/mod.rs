//! Freezing a range of days, one by one: watched, stopped, and gone on with.
//!
//! Readers read days side by side, each on a connection of its own. One place takes what they
//! read and puts it into the archive in the order of dates, so that each day is made with all
//! days before it, however many readers there are. The archive's lock is held for a commit
//! only, so that others get their turn.
//!
//! | module | what it is for |
//! | --- | --- |
//! | [`dry`] | what would be done |
//! | [`plan`] | the range, and what became of each day |
//! | [`state`] | the files beside the configuration |
//! | [`pace`] | how gently the source is read |
//! | [`queue`] | which day is read next |
//! | `readers` | connections that read |
//! | `settle` | what was read, into the archive |
//! | `keeper` | what is kept up to date meanwhile |
//! | [`totals`] | what a range adds up to |
//! | [`report`] | what is told |

pub mod dry;
mod keeper;
pub mod pace;
pub mod plan;
pub mod queue;
mod readers;
pub mod report;
mod settle;
pub mod state;
pub mod totals;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::Duration;

use chrono::{DateTime, Utc};

use keeper::Keeper;
use pace::{Pace, Rate};
use plan::{PlanDoc, Redo, Status, Wanted};
use queue::Queue;
use readers::{Found, ReadDay, Room, Shared, is_the_end, read_days};
pub use readers::{Stop, stopped};
use report::{DayOutcome, DayReport, Summary, Watch};
use settle::{Settled, Settler};
use state::{StateError, StateFiles};

use super::causes::causes_beside_day;
use super::day::{self, SaveError};
use super::decide::Wish;
use super::key_file;
use super::reading::{Env, Now};
use super::when;
use crate::archive::History;
use crate::calendar::Calendar;
use crate::config::Config;
use crate::metrics::keys::KeyHash;
use crate::model::Day;

/// The reason kept with restatements when nobody gave one.
const USUAL_REASON: &str = "read again by a backfill";
/// How many days more than there are readers may be on their way at once.
const AHEAD: usize = 2;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct BackfillRequest {
    /// Which days.
    pub days: Days,
    /// How many days are read side by side.
    pub jobs: usize,
    /// How long each connection rests after a day.
    pub pause: Duration,
    /// How many days may be begun in a while.
    pub rate: Option<Rate>,
    /// How long connection trouble is retried.
    pub retry_for: Duration,
    /// How long the archive's lock is waited for.
    pub wait: Duration,
}

/// Which days are to be frozen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Days {
    /// Those of a range.
    Range(Wanted),
    /// Those that the last run has left.
    Resume,
}

/// The time, in both ways that a run needs it.
#[derive(Clone, Copy)]
pub struct Clock<'a> {
    /// The clock on the wall.
    pub now: Now<'a>,
    /// The time since some fixed moment, which no setting of clocks moves.
    pub elapsed: &'a (dyn Fn() -> Duration + Sync),
}

impl Clock<'_> {
    fn now(&self) -> DateTime<Utc> {
        (self.now)()
    }

    fn elapsed(&self) -> Duration {
        (self.elapsed)()
    }
}

/// Why a backfill could not be run.
#[derive(Debug, thiserror::Error)]
pub enum BackfillError {
    /// The files beside the configuration.
    #[error(transparent)]
    State(#[from] StateError),
    /// The archive.
    #[error(transparent)]
    Save(#[from] SaveError),
}

/// The plan of what is asked for, beside the one that is kept.
///
/// # Errors
/// When the plan that is kept can't be read, or there is none to resume.
pub fn plan_of(
    config: &Config,
    files: &StateFiles,
    days: &Days,
    history: Option<&History>,
    now: DateTime<Utc>,
    watch: &dyn Watch,
) -> Result<PlanDoc, StateError> {
    let before = files.read_plan();
    let definitions = config.definitions.fingerprint();
    let mut plan = match days {
        Days::Range(wanted) => {
            // A plan that can't be read is no hindrance to a new one.
            let before = before.unwrap_or_else(|error| {
                watch.remark(&format!("{error}; a new one takes its place"));
                None
            });
            PlanDoc::new(wanted.clone(), before.as_ref(), definitions, now)
        }
        Days::Resume => {
            let plan = before?.ok_or_else(|| StateError::NoPlan { path: files.plan.clone() })?;
            if plan.definitions != definitions {
                watch.remark(
                    "the definitions have changed since this backfill began: days that are frozen now are \
                     made by others than those before",
                );
            }
            plan.resumed(now)
        }
    };
    let frozen: BTreeSet<Day> = history.map(frozen_days).unwrap_or_default();
    let lost = plan.hold_against(|day| frozen.contains(&day));
    if lost > 0 {
        watch.remark(&format!(
            "{lost} {} that an earlier run has frozen {} in the archive no more, and {} read again",
            if lost == 1 { "day" } else { "days" },
            if lost == 1 { "is" } else { "are" },
            if lost == 1 { "is" } else { "are" },
        ));
    }
    Ok(plan)
}

/// The days that have an edition whose folder is there.
fn frozen_days(history: &History) -> BTreeSet<Day> {
    history.days().filter(|(_, editions)| when::latest(editions).is_some()).map(|(day, _)| day).collect()
}

/// What a run does with days that are frozen.
fn wish_of(plan: &PlanDoc) -> Wish {
    let restate =
        (plan.redo == Redo::All).then(|| plan.reason.clone().unwrap_or_else(|| USUAL_REASON.to_owned()));
    Wish { provisional: false, restate }
}

/// Freezes a range of days.
///
/// # Errors
/// When the run can't begin. What ends it later is in the summary, and so is every day that failed.
pub fn run(
    config: &Config,
    files: &StateFiles,
    request: &BackfillRequest,
    env: Env<'_>,
    clock: Clock<'_>,
    stop: &Stop,
    watch: &dyn Watch,
) -> Result<Summary, BackfillError> {
    let _lock = files.lock()?;
    let known = day::open(config).map_err(SaveError::from)?;
    let history = known.as_ref().map(|(_, history)| history);
    let plan = plan_of(config, files, &request.days, history, clock.now(), watch)?;
    let to_do = plan.to_do();
    let hash = key_file::of(config, known.as_ref()).map_err(SaveError::from)?;
    let key = hash.as_ref().map(KeyHash::id);
    let calendar = Calendar::new(config.calendar);
    let wish = wish_of(&plan);
    let days: Vec<Day> = to_do.iter().filter_map(|at| plan.days.get(*at)).map(|day| day.date).collect();
    let queue = Queue::new(days.len(), request.jobs + AHEAD);
    let (pace, order, room) = (Pace::new(request.rate), Mutex::default(), Room::default());
    let of = plan.days.len();
    let keeper = Keeper::new(config, files, plan, clock)?;
    let settler = Settler::new(
        config,
        &calendar,
        known.as_ref(),
        key,
        wish.restate.as_deref(),
        request.wait,
        clock.now,
    );
    let shared = Shared {
        config,
        calendar: &calendar,
        history,
        wish: &wish,
        retry_for: request.retry_for,
        pause: request.pause,
        pace: &pace,
        env,
        hash: hash.as_ref(),
        clock,
        watch,
        days: &days,
        queue: &queue,
        order: &order,
        room: &room,
    };

    let mut run =
        Run { settler, keeper, queue: &queue, stop, watch, to_do: &to_do, of, warned: BTreeSet::new() };
    watch.begin(days.len());
    let ended_by = thread::scope(|scope| {
        // Whatever ends it, the readers are let go.
        let _closes = queue.closes();
        let (sender, receiver) = mpsc::channel();
        for _ in 0..request.jobs.min(days.len()) {
            let (sender, stop, shared) = (sender.clone(), stop.clone(), &shared);
            scope.spawn(move || read_days(shared, stop, &sender));
        }
        drop(sender);
        run.settle_all(&days, &receiver)
    });
    let interrupted = *stop.borrow();
    Ok(run.keeper.finish(interrupted, ended_by, watch))
}

/// The part of a run that puts days away.
struct Run<'a> {
    settler: Settler<'a>,
    keeper: Keeper<'a>,
    queue: &'a Queue,
    stop: &'a Stop,
    watch: &'a dyn Watch,
    to_do: &'a [usize],
    of: usize,
    warned: BTreeSet<String>,
}

impl Run<'_> {
    /// Takes what the readers found in the order of dates; gives what ended it too early.
    fn settle_all(&mut self, days: &[Day], found: &mpsc::Receiver<ReadDay>) -> Option<SaveError> {
        let mut waiting: BTreeMap<usize, Option<Found>> = BTreeMap::new();
        for (number, day) in days.iter().enumerate() {
            let found = loop {
                if *self.stop.borrow() {
                    return None;
                }
                if let Some(found) = waiting.remove(&number) {
                    break found;
                }
                match found.recv_timeout(keeper::EVERY) {
                    Ok(read) => {
                        waiting.insert(read.number, read.found);
                    }
                    // A day that takes long is seen to be on its way.
                    Err(RecvTimeoutError::Timeout) => self.refresh(),
                    // Every reader has gone: they were stopped, or none could start.
                    Err(_) if *self.stop.borrow() => return None,
                    Err(_) => return Some(SaveError::NoReaders),
                }
            };
            // Dropped: the run is to stop.
            let found = found?;
            let place = *self.to_do.get(number)?;
            let end = matches!(&found, Found::Failed(error) if is_the_end(error));
            match self.settler.settle(*day, found) {
                Settled::Day(report) => self.tell(place, *day, *report),
                Settled::Failed(error) if end => {
                    self.keeper.set(place, Status::Failed, Some(&causes_beside_day(&error)), None);
                    return Some(error);
                }
                Settled::Failed(error) => {
                    let outcome = DayOutcome::Failed { why: causes_beside_day(&error), hint: error.hint() };
                    self.tell(place, *day, settle::DayDone::without_numbers(outcome));
                }
                Settled::End(error) => {
                    self.keeper.set(place, Status::Missing, Some(&causes_beside_day(&error)), None);
                    return Some(error);
                }
            }
            self.queue.settle();
            self.refresh();
        }
        None
    }

    /// Brings up to date what lies beside the archive, unless that was done just now.
    fn refresh(&mut self) {
        let on_the_way = self.queue.on_the_way().filter_map(|number| self.to_do.get(number).copied());
        self.keeper.refresh(on_the_way, self.watch);
    }

    fn tell(&mut self, place: usize, day: Day, done: settle::DayDone) {
        let settle::DayDone { outcome, numbers, odd, warnings } = done;
        let (status, why) = outcome.status();
        self.keeper.set(place, status, why, outcome.edition());
        self.keeper.count(&outcome);
        for warning in warnings {
            // Many days stumble over the same.
            if self.warned.insert(warning.clone()) {
                self.watch.remark(&warning);
            }
        }
        self.watch.day(&DayReport { day, place: place + 1, of: self.of, outcome, numbers, odd });
    }
}
