//! The readers of a backfill: each has a connection of its own, and reads the days it is handed.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::Clock;
use super::pace::Pace;
use super::queue::Queue;
use super::report::Watch;
use crate::archive::History;
use crate::calendar::Calendar;
use crate::config::Config;
use crate::metrics::keys::KeyHash;
use crate::model::{Day, Definitions, Progress};
use crate::ops::day::{self, DayPlan, Next, SaveError, SaveOutcome};
use crate::ops::decide::Wish;
use crate::ops::reading::{Env, Reader, Reading, ReadingError};
use crate::source::SourceError;

/// Tells a run to stop: `true` is sent when somebody wants it to end.
pub type Stop = watch::Receiver<bool>;

/// What all readers of a run share.
pub(super) struct Shared<'a> {
    pub(super) config: &'a Config,
    pub(super) calendar: &'a Calendar,
    pub(super) history: Option<&'a History>,
    pub(super) wish: &'a Wish,
    pub(super) retry_for: Duration,
    pub(super) pause: Duration,
    pub(super) pace: &'a Pace,
    pub(super) env: Env<'a>,
    pub(super) hash: Option<&'a KeyHash>,
    pub(super) clock: Clock<'a>,
    pub(super) watch: &'a dyn Watch,
    pub(super) days: &'a [Day],
    pub(super) queue: &'a Queue,
    /// Held while a reader is handed a day.
    pub(super) order: &'a Mutex<()>,
    pub(super) room: &'a Room,
}

/// How many readers the source has room for. One that gets no connection gives way to those that have one.
#[derive(Debug, Default)]
pub(super) struct Room {
    /// How many readers have a connection.
    connected: AtomicUsize,
    /// Held by a reader that connects for the first time.
    connecting: tokio::sync::Mutex<()>,
    /// Whether it was told that there is not room for all.
    told: AtomicBool,
}

/// A day that a reader is through with.
pub(super) struct ReadDay {
    /// Its number in the queue.
    pub(super) number: usize,
    /// What came of it; `None` when it was dropped, since the run is to stop.
    pub(super) found: Option<Found>,
}

/// What a reader found.
pub(super) enum Found {
    /// There is nothing to read.
    Kept(SaveOutcome),
    /// It was read.
    Read(Box<DayPlan>, Box<Reading>),
    /// It can't be read.
    Failed(Box<SaveError>),
}

/// Reads days until there are no more, or somebody wants the run to end.
pub(super) fn read_days(shared: &Shared<'_>, mut stop: Stop, found: &Sender<ReadDay>) {
    let _closes = OnPanic(shared.queue);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let Ok(runtime) = runtime else {
        shared.watch.warn("a reader could not start, the others read its days");
        return;
    };
    runtime.block_on(async {
        let reader = Reader::new(&shared.config.sources, shared.env, shared.hash);
        let mut own = Own { reader, connected: false };
        while let Some(Turn { number, day, next, wait }) = shared.turn() {
            let read = async {
                tokio::time::sleep(wait).await;
                let first = matches!(next, Ok(Next::Read(_))) && !own.connected;
                match if first {
                    shared.room.connect(&mut own, &shared.config.definitions).await
                } else {
                    None
                } {
                    Some(source) => {
                        Found::Failed(Box::new(SaveError::Reading { day, source: source.into() }))
                    }
                    None => read_day(shared, &mut own.reader, day, next).await,
                }
            };
            let read = tokio::select! {
                biased;
                () = stopped(&mut stop) => None,
                read = read => Some(read),
            };
            if let Some(read) = &read {
                shared.room.note(&mut own, read);
                if is_busy(read) && shared.room.has_readers() {
                    shared.queue.give_back(number);
                    shared.room.tell(shared.watch);
                    break;
                }
            }
            let dropped = read.is_none();
            let paused = matches!(read, Some(Found::Read(..) | Found::Failed(_))) && !shared.pause.is_zero();
            let sent = found.send(ReadDay { number, found: read });
            shared.queue.done();
            if sent.is_err() || dropped {
                break;
            }
            if paused {
                tokio::select! {
                    biased;
                    () = stopped(&mut stop) => {}
                    () = tokio::time::sleep(shared.pause) => {}
                }
            }
        }
        own.reader.close().await;
    });
}

/// Closes the queue when a reader panics: its day never comes, and the others would wait for ever.
struct OnPanic<'a>(&'a Queue);

impl Drop for OnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.close();
        }
    }
}

/// A reader's connection.
struct Own<'a> {
    reader: Reader<'a>,
    /// Whether it is one of those that have one.
    connected: bool,
}

impl Room {
    /// Connects for the first time. `None` when the day can be read, or tried again as long as is wanted.
    async fn connect(&self, own: &mut Own<'_>, definitions: &Definitions) -> Option<SourceError> {
        let _alone = self.connecting.lock().await;
        match own.reader.connect(definitions).await {
            Ok(()) => {
                self.set(own, true);
                None
            }
            Err(error @ SourceError::Busy { .. }) => self.has_readers().then_some(error),
            Err(error) => (!error.is_transient()).then_some(error),
        }
    }

    /// Notes what a reader found, which tells whether it has a connection.
    fn note(&self, own: &mut Own<'_>, found: &Found) {
        match found {
            Found::Read(..) => self.set(own, true),
            found if is_busy(found) => self.set(own, false),
            _ => {}
        }
    }

    fn set(&self, own: &mut Own<'_>, connected: bool) {
        match (own.connected, connected) {
            (false, true) => drop(self.connected.fetch_add(1, Ordering::Relaxed)),
            (true, false) => drop(self.connected.fetch_sub(1, Ordering::Relaxed)),
            _ => {}
        }
        own.connected = connected;
    }

    fn has_readers(&self) -> bool {
        self.connected.load(Ordering::Relaxed) > 0
    }

    fn tell(&self, watch: &dyn Watch) {
        if !self.told.swap(true, Ordering::Relaxed) {
            watch.warn(
                "the source takes fewer connections than there are --jobs: fewer days are read side by side",
            );
        }
    }
}

/// Whether a reader got no connection because the source has no room for more.
fn is_busy(found: &Found) -> bool {
    matches!(found, Found::Failed(error)
        if matches!(**error, SaveError::Reading { source: ReadingError::Source(SourceError::Busy { .. }), .. }))
}

/// A day that a reader is handed.
struct Turn {
    number: usize,
    day: Day,
    next: Result<Next, SaveError>,
    /// How long the pace has it wait.
    wait: Duration,
}

impl Shared<'_> {
    /// The next day, what is to be done with it, and when it may be read; days get their turns in
    /// the order of dates, so that no earlier one waits behind a later one.
    fn turn(&self) -> Option<Turn> {
        let _in_order = self.order.lock().unwrap_or_else(PoisonError::into_inner);
        let number = self.queue.take()?;
        let day = *self.days.get(number)?;
        let now = self.clock.now();
        let next = day::next(self.config, self.calendar, self.history, day, self.wish, now);
        let reads = matches!(next, Ok(Next::Read(_)));
        let wait = if reads { self.pace.turn(self.clock.elapsed()) } else { Duration::ZERO };
        Some(Turn { number, day, next, wait })
    }
}

async fn read_day(
    shared: &Shared<'_>,
    reader: &mut Reader<'_>,
    day: Day,
    next: Result<Next, SaveError>,
) -> Found {
    let plan = match next {
        Ok(Next::Read(plan)) => plan,
        Ok(Next::Keep(outcome)) => return Found::Kept(outcome),
        Err(error) => return Found::Failed(Box::new(error)),
    };
    let progress = OfDay { day, watch: shared.watch };
    match reader.read(&plan.plan, shared.retry_for, shared.clock.now, &progress).await {
        Ok(reading) => Found::Read(plan, Box::new(reading)),
        Err(source) => Found::Failed(Box::new(SaveError::Reading { day, source })),
    }
}

/// Waits until somebody wants the run to end; for ever where nobody can.
pub async fn stopped(stop: &mut Stop) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Whether no other day can be read either: nothing answers, nobody is let in, or the password can't be
/// had, which some get by a command that is not to be run for each day. A connection that breaks may be that
/// day's own trouble.
pub(super) fn is_the_end(error: &SaveError) -> bool {
    matches!(
        error,
        SaveError::Reading { source: ReadingError::Source(source), .. }
            if source.is_unreachable() && !matches!(source, SourceError::Lost { .. })
                || matches!(source, SourceError::Password { .. })
    )
}

/// Names the day in front of what is reported of its reading.
struct OfDay<'a> {
    day: Day,
    watch: &'a dyn Watch,
}

impl Progress for OfDay<'_> {
    fn warn(&self, sentence: &str) {
        self.watch.warn(&format!("{}: {sentence}", self.day));
    }
}
