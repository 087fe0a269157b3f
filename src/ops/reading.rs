//! Reading a day: of each source in one session and one transaction, all its cubes.

use std::collections::BTreeMap;
use std::fs::File;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::task::JoinHandle;

use super::lookups;
use super::naming::{Names, label, names};
use super::sessions::{self, Sessions};
use super::staging::{Staging, only_readable_times};
use crate::archive::cube_file::{self, CubeFileError};
use crate::config::Sources;
use crate::metrics::keys::KeyHash;
use crate::metrics::table::table;
use crate::metrics::{Cube, CubeBuilder, CubeError, Pushed};
use crate::model::manifest::{Consistency, LookedUp};
use crate::model::{Definitions, Digest, Progress, Value};
use crate::plan::{EventsPlan, Plan, Query};
use crate::source::{self, AsTheyCame, ServerInfo, Session, SourceError, Transient};

/// A day as it was read.
#[derive(Debug)]
pub struct Reading {
    /// One for each kind of events, with their members' names.
    pub cubes: Vec<Cube>,
    /// What is kept of each of them, in the same order.
    pub kept: Vec<KeptCube>,
    /// What was read, in the order of the events.
    pub sources: Vec<ReadSource>,
    /// What was looked up, by the events and the lookup.
    pub looked_up: BTreeMap<String, BTreeMap<String, LookedUp>>,
    /// The items of feeds that are kept as they came.
    pub raw: Vec<RawItems>,
    /// When: just before the transaction began.
    pub captured_at: DateTime<Utc>,
}

/// The items of a feed, kept beside a day as they came.
#[derive(Debug)]
pub struct RawItems {
    /// The file's path in the day's folder.
    pub path: String,
    /// A file without a name: one a line, sorted by their key, packed by zstd.
    pub packed: File,
}

/// A source that was read.
#[derive(Debug)]
pub struct ReadSource {
    /// Its name, where there are several.
    pub name: Option<String>,
    /// What it is.
    pub server: ServerInfo,
    /// How much of it was read as of one moment.
    pub consistency: Consistency,
}

/// What is kept of a cube: it needs no labels, so it is made while the next one is read.
#[derive(Debug)]
pub struct KeptCube {
    /// The digest of its numbers.
    pub numbers: Digest,
    /// Its file.
    pub file: Result<Vec<u8>, CubeFileError>,
}

/// Looks up an environment variable.
pub type Env<'a> = &'a (dyn Fn(&str) -> Option<String> + Sync);

/// The clock: the system's, or a fixed one for rehearsals.
pub type Now<'a> = &'a (dyn Fn() -> DateTime<Utc> + Sync);

/// Why a day could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadingError {
    /// The source failed.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// Its rows can't be taken as they are.
    #[error(transparent)]
    Cube(#[from] CubeError),
    /// A thread that worked on what was read failed.
    #[error("what was read could not be taken: {0}")]
    Background(String),
    /// A time that the source does not understand.
    #[error("events.{events}: the source can't read the time {time:?}")]
    Time {
        /// The events.
        events: String,
        /// The time, shortened.
        time: String,
    },
    /// The time column is not what it is said to be.
    #[error("events.{events}: the time column has the type {kind}, which {wrong}")]
    TimeType {
        /// The events.
        events: String,
        /// The column's type.
        kind: String,
        /// What speaks against what is said of it.
        wrong: &'static str,
    },
    /// The crossed cube has too many groups: not an error to the outside.
    #[error("the crossed dimensions have more groups than max_groups")]
    TooManyGroups,
}

impl ReadingError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Source(error) => error.hint(),
            Self::Cube(CubeError::Unmappable { .. }) => {
                Some("let the SQL give a number, for instance by cast(… as decimal(20,4))".to_owned())
            }
            Self::Cube(CubeError::Torn { .. }) => Some("try again when the table is at rest".to_owned()),
            Self::Cube(CubeError::Undecided { .. }) => {
                Some("let the dimension's SQL give valid text, for instance by hex(…)".to_owned())
            }
            Self::Time { .. } => Some(
                "SQLite reads 2025-11-06 09:00:00 with Z or an offset such as -06:00 behind it; let the \
                 events' SQL write it so"
                    .to_owned(),
            ),
            Self::TimeType { .. } => Some("set time_is to what the column is".to_owned()),
            Self::TooManyGroups | Self::Background(_) => None,
        }
    }
}

impl Transient for ReadingError {
    fn is_transient(&self) -> bool {
        match self {
            Self::Source(error) => error.is_transient(),
            Self::Cube(CubeError::Torn { .. }) => true,
            Self::Cube(CubeError::Unmappable { .. } | CubeError::Undecided { .. })
            | Self::Time { .. }
            | Self::TimeType { .. }
            | Self::Background(_)
            | Self::TooManyGroups => false,
        }
    }
}

/// Reads all that a plan asks for; connection trouble is retried for as long as `retry_for`.
///
/// Keys become hashes under `hash`. Without one they are good for counting, and for nothing that is kept.
///
/// # Errors
/// Whatever the source says, or a value that can't be taken.
pub async fn read(
    sources: &Sources,
    env: Env<'_>,
    plan: &Plan,
    hash: Option<&KeyHash>,
    retry_for: Duration,
    now: Now<'_>,
    progress: &dyn Progress,
) -> Result<Reading, ReadingError> {
    let mut reader = Reader::new(sources, env, hash);
    let reading = reader.read(plan, retry_for, now, progress).await;
    reader.close().await;
    reading
}

/// Reads one plan after another, on connections that it keeps for as long as they are sound.
pub struct Reader<'a> {
    sessions: Sessions<'a>,
    /// Those that are asked about keys of events that others have.
    others: Sessions<'a>,
    /// What databases can't be asked themselves.
    staging: Staging,
    sources: &'a Sources,
    env: Env<'a>,
    hash: Option<&'a KeyHash>,
}

impl<'a> Reader<'a> {
    /// A reader that is not connected yet. Keys become hashes under `hash`, see [`read`].
    pub fn new(sources: &'a Sources, env: Env<'a>, hash: Option<&'a KeyHash>) -> Self {
        let (sessions, others) = (Sessions::new(sources, env), Sessions::new(sources, env));
        Self { sessions, others, staging: Staging::new(sources), sources, env, hash }
    }

    /// Reads all that a plan asks for; connection trouble is retried for as long as `retry_for`.
    ///
    /// # Errors
    /// Whatever the source says, or a value that can't be taken.
    pub async fn read(
        &mut self,
        plan: &Plan,
        retry_for: Duration,
        now: Now<'_>,
        progress: &dyn Progress,
    ) -> Result<Reading, ReadingError> {
        source::with_retry(retry_for, progress, async || {
            let mut captured_at = None;
            let mut found = Found::new(plan);
            for source in plan.sources() {
                if !self.sessions.is_open(source) {
                    progress.step("connecting");
                }
                let session = self.sessions.take(source).await?;
                captured_at.get_or_insert_with(now);
                if let Some(session) = self.read_source(session, plan, source, &mut found, progress).await? {
                    self.sessions.give_back(source, session);
                }
            }
            found.finish(plan, captured_at.unwrap_or_else(now)).await
        })
        .await
    }

    /// The same, from sources as a frozen day has them: the tables that asof fills may have had other columns.
    ///
    /// # Errors
    /// As [`Reader::read`].
    pub async fn read_as(
        &mut self,
        then: &Sources,
        plan: &Plan,
        retry_for: Duration,
        now: Now<'_>,
        progress: &dyn Progress,
    ) -> Result<Reading, ReadingError> {
        if self.sources.fill_the_same(then) {
            return self.read(plan, retry_for, now, progress).await;
        }
        read(then, self.env, plan, self.hash, retry_for, now, progress).await
    }

    /// Connects to the sources of all events, unless it is connected: one try.
    ///
    /// # Errors
    /// When one can't be reached now.
    pub async fn connect(&mut self, definitions: &Definitions) -> Result<(), SourceError> {
        for events in definitions.events.values() {
            self.sessions.at(events.source.as_deref()).await?;
        }
        Ok(())
    }

    /// Ends the connections.
    pub async fn close(self) {
        self.sessions.close().await;
        self.others.close().await;
        self.staging.close().await;
    }

    /// Fetches what a source has no rows of, and looks up what is asked about its events.
    async fn fill(
        &mut self,
        session: &mut Session,
        plan: &Plan,
        source: Option<&str>,
        progress: &dyn Progress,
    ) -> Result<(), SourceError> {
        session.fill(&plan.window, &plan.queries(source), progress).await?;
        let asked = plan.events_from(source).filter(|(_, events)| events.staged.is_none());
        let asked = asked.flat_map(|(_, events)| &events.lookups);
        lookups::fill(session, asked, &mut self.others, &plan.window, progress).await
    }

    /// Reads what a plan asks of one source in one transaction; gives the session back if it can be used again.
    async fn read_source<'p>(
        &mut self,
        mut session: Session,
        plan: &'p Plan,
        source: Option<&str>,
        found: &mut Found<'p>,
        progress: &dyn Progress,
    ) -> Result<Option<Session>, ReadingError> {
        let queries = plan.queries(source);
        self.fill(&mut session, plan, source, progress).await?;
        let mut consistency = session.begin(&queries).await?;
        for (at, events) in plan.events_from(source) {
            progress.step(&format!("reading {}", events.name));
            if let Some(staged) = &events.staged {
                let of = (events.name.as_str(), events.unreadable.as_ref());
                self.staging.take_over(&mut session, staged, of).await?;
                continue;
            }
            let cube = match read_cube(&mut session, events, true, self.hash).await {
                Err(ReadingError::TooManyGroups) if session.is_filled() => {
                    read_cube(&mut session, events, false, self.hash).await?
                }
                Err(ReadingError::TooManyGroups) => {
                    // The broken-off read has used the session up, and with it the snapshot.
                    progress.step(&format!("reading {} again, each dimension by itself", events.name));
                    session = sessions::open(self.sources, source, self.env).await?;
                    self.fill(&mut session, plan, source, progress).await?;
                    consistency = session.begin(&queries).await?;
                    if plan.events_from(source).count() > 1 {
                        consistency = Consistency::Statement;
                    }
                    read_cube(&mut session, events, false, self.hash).await?
                }
                read => read?,
            };
            only_readable_times(&mut session, &events.name, events.unreadable.as_ref()).await?;
            found.know(&mut session, events).await?;
            found.keep(at, cube);
        }
        progress.step("reading labels");
        for query in plan.labels(source) {
            found.names.push((source.map(str::to_owned), query, names(&mut session, query).await?));
        }
        for AsTheyCame { table, packed } in session.as_they_came(&queries).await? {
            let name = source.map_or_else(|| table.clone(), |source| format!("{source}.{table}"));
            found.raw.push(RawItems { path: format!("raw/{name}.jsonl.zst"), packed });
        }
        let server = session.server().clone();
        found.sources.push(ReadSource { name: source.map(str::to_owned), server, consistency });
        // What was read is whole, even if the connection breaks now.
        let ended = session.end().await;
        if plan.events_from(source).all(|(_, events)| events.staged.is_none()) {
            return Ok(Some(session).filter(|session| ended.is_ok() && session.is_usable()));
        }
        // To look things up takes its time, for which nothing of the database is held.
        session.close().await;
        self.count_staged(plan, source, found, progress).await?;
        Ok(None)
    }

    /// Counts what was taken over of one source, once all is looked up that is asked about it.
    async fn count_staged<'p>(
        &mut self,
        plan: &'p Plan,
        source: Option<&str>,
        found: &mut Found<'p>,
        progress: &dyn Progress,
    ) -> Result<(), ReadingError> {
        let session = self.staging.at().await?;
        for (at, events) in plan.events_from(source).filter(|(_, events)| events.staged.is_some()) {
            lookups::fill(session, &events.lookups, &mut self.others, &plan.window, progress).await?;
            let cube = match read_cube(session, events, true, self.hash).await {
                Err(ReadingError::TooManyGroups) => read_cube(session, events, false, self.hash).await?,
                read => read?,
            };
            found.know(session, events).await?;
            found.keep(at, cube);
        }
        Ok(())
    }
}

/// What was read so far.
struct Found<'p> {
    /// The cubes on the way, by their places in the plan.
    tasks: Vec<Option<JoinHandle<(Cube, KeptCube)>>>,
    /// What each query for names gives, by its source.
    names: Vec<(Option<String>, &'p Query, Names)>,
    sources: Vec<ReadSource>,
    looked_up: BTreeMap<String, BTreeMap<String, LookedUp>>,
    raw: Vec<RawItems>,
}

impl Found<'_> {
    fn new(plan: &Plan) -> Self {
        Self {
            tasks: plan.events.iter().map(|_| None).collect(),
            names: Vec::new(),
            sources: Vec::new(),
            looked_up: BTreeMap::new(),
            raw: Vec::new(),
        }
    }

    /// Tells how much of what was asked about events is known.
    async fn know(&mut self, session: &mut Session, events: &EventsPlan) -> Result<(), SourceError> {
        for lookup in &events.lookups {
            let known = lookups::counts(session, lookup).await?;
            self.looked_up.entry(events.name.clone()).or_default().insert(lookup.name.clone(), known);
        }
        Ok(())
    }

    /// Makes what is kept of a cube, while others are read.
    fn keep(&mut self, at: usize, cube: Cube) {
        let task = tokio::task::spawn_blocking(move || {
            let kept = KeptCube { numbers: cube.numbers_digest(), file: cube_file::encode(&table(&cube)) };
            (cube, kept)
        });
        if let Some(place) = self.tasks.get_mut(at) {
            *place = Some(task);
        }
    }

    async fn finish(self, plan: &Plan, captured_at: DateTime<Utc>) -> Result<Reading, ReadingError> {
        let (mut cubes, mut kept) = (Vec::new(), Vec::new());
        for task in self.tasks.into_iter().flatten() {
            let (cube, file) = task.await.map_err(|error| ReadingError::Background(error.to_string()))?;
            cubes.push(cube);
            kept.push(file);
        }
        label(plan, &self.names, &mut cubes);
        let Self { sources, looked_up, raw, .. } = self;
        Ok(Reading { cubes, kept, sources, looked_up, raw, captured_at })
    }
}

/// Reads one kind of events, all groupings in one statement.
async fn read_cube(
    session: &mut Session,
    events: &EventsPlan,
    crossed: bool,
    hash: Option<&KeyHash>,
) -> Result<Cube, ReadingError> {
    let statement = if crossed { &events.crossed } else { &events.alone };
    let mut builder = CubeBuilder::new(events, crossed, hash);
    // To break off would take the tables away that asof has filled, with all that was fetched and answered.
    let (to_the_end, mut too_many) = (session.is_filled(), false);
    let columns = session
        .read(&statement.query, &mut |row: &mut Vec<Value>| {
            if !too_many && builder.push(row)? == Pushed::TooManyGroups {
                too_many = true;
            }
            if too_many && !to_the_end { Err(ReadingError::TooManyGroups) } else { Ok(()) }
        })
        .await?;
    if too_many {
        return Err(ReadingError::TooManyGroups);
    }
    let kind = columns.get(events.newest_column()).map_or("", |column| column.kind.as_str());
    if let Some(wrong) = events.bounds.contradiction(kind) {
        return Err(ReadingError::TimeType { events: events.name.clone(), kind: kind.to_owned(), wrong });
    }
    Ok(builder.finish()?)
}
