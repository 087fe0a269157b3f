//! A session with an SQLite file, on a thread of its own.
//!
//! The thread runs one job at a time; a read sends its rows over a bounded channel in
//! batches, so that a slow receiver holds it up instead of filling the memory. As with
//! the servers, what is cancelled, times out or fails midway ends the session.

mod explain;
mod file;
mod tables;
mod value;

use std::path::{Path, PathBuf};
use std::sync::mpsc as threads;
use std::time::Duration;

use chrono::NaiveDateTime;
use rusqlite::{Connection, InterruptHandle, Statement};
use tokio::sync::{mpsc, oneshot};

pub(super) use self::file::fault;
use super::{Access, Column, Each, ServerInfo, ServerReport, SourceError, TableFacts};
use crate::model::Value;
use crate::model::manifest::Consistency;
use crate::plan::Query;

/// How many rows go over the channel at once, and how many such batches may wait there.
const BATCH: usize = 256;
const BATCHES: usize = 4;

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

pub(super) struct SqliteSession {
    worker: Option<Worker>,
    path: PathBuf,
    server: ServerInfo,
    timeout: Duration,
    /// Whether the file may change under the open transaction, unseen.
    unguarded: bool,
    reals: Reals,
}

/// What the floats of a database are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reals {
    /// Floats.
    Floats,
    /// Decimals, where they are short enough to be some.
    Decimals,
}

/// Something that goes on.
pub(super) struct Running<T> {
    worker: Worker,
    done: oneshot::Receiver<Result<T, SourceError>>,
}

/// The thread that owns the connection; it ends when this is dropped.
struct Worker {
    jobs: Option<threads::Sender<Job>>,
    interrupt: InterruptHandle,
    /// Closes when the thread has closed the file.
    ended: oneshot::Receiver<()>,
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.interrupt.interrupt();
    }
}

impl SqliteSession {
    pub(super) async fn open(path: &Path, timeout: Duration) -> Result<Self, SourceError> {
        let owned = path.to_owned();
        Self::start(path, timeout, Reals::Floats, move || file::open(&owned, timeout)).await
    }

    /// A session with what `open` opens; `path` is what it is called. It also tells whether that may change under a
    /// transaction, unseen.
    pub(super) async fn start(
        path: &Path,
        timeout: Duration,
        reals: Reals,
        open: impl FnOnce() -> Result<(Connection, bool), SourceError> + Send + 'static,
    ) -> Result<Self, SourceError> {
        let (jobs, todo) = threads::channel::<Job>();
        let (opened, opening) = oneshot::channel();
        let (ending, ended) = oneshot::channel::<()>();
        let run = move || {
            // Dropped last, after the connection.
            let _ending = ending;
            let (mut connection, unguarded) = match open() {
                Ok(found) => found,
                Err(error) => {
                    // When nobody waits any more, nobody needs to know.
                    let _ = opened.send(Err(error));
                    return;
                }
            };
            let _ = opened.send(Ok((connection.get_interrupt_handle(), unguarded)));
            while let Ok(job) = todo.recv() {
                job(&mut connection);
            }
        };
        let unreadable = |reason: String| SourceError::FileUnreadable { path: path.to_owned(), reason };
        std::thread::Builder::new()
            .name("sqlite".to_owned())
            .spawn(run)
            .map_err(|error| unreadable(error.to_string()))?;
        let (interrupt, unguarded) =
            opening.await.map_err(|_| unreadable("it could not be opened".to_owned()))??;
        let server = ServerInfo { name: "SQLite", version: rusqlite::version().to_owned() };
        let worker = Some(Worker { jobs: Some(jobs), interrupt, ended });
        Ok(Self { worker, path: path.to_owned(), server, timeout, unguarded, reals })
    }

    pub(super) fn server(&self) -> &ServerInfo {
        &self.server
    }

    pub(super) fn is_usable(&self) -> bool {
        self.worker.is_some()
    }

    pub(super) async fn close(mut self) {
        if let Some(worker) = self.worker.take() {
            worker.finish().await;
        }
    }

    pub(super) async fn begin(&mut self) -> Result<Consistency, SourceError> {
        let path = self.path.clone();
        self.with("the start of reading", move |connection| {
            // The state is fixed by the first read, not by `begin`.
            connection
                .execute_batch("begin; select count(*) from sqlite_schema")
                .map_err(|error| fault(&error, &path, Some("the start of reading")))
        })
        .await?;
        Ok(if self.unguarded { Consistency::Statement } else { Consistency::Snapshot })
    }

    pub(super) async fn end(&mut self) -> Result<(), SourceError> {
        let path = self.path.clone();
        self.with("the end of reading", move |connection| {
            connection
                .execute_batch("commit")
                .map_err(|error| fault(&error, &path, Some("the end of reading")))
        })
        .await
    }

    pub(super) async fn read<X>(&mut self, query: &Query, each: Each<'_, X>) -> Result<Vec<Column>, X>
    where
        X: From<SourceError> + Send,
    {
        let worker = self.take()?;
        let (rows, mut incoming) = mpsc::channel::<Vec<Vec<Value>>>(BATCHES);
        let (asked, path, reals) = (query.clone(), self.path.clone(), self.reals);
        let mut done = worker.run(move |connection| stream(connection, &asked, &path, reals, &rows));
        let receive = async {
            while let Some(batch) = incoming.recv().await {
                for mut row in batch {
                    each(&mut row)?;
                }
            }
            (&mut done).await.map_err(|_| self.ended())?.map_err(X::from)
        };
        let Ok(result) = tokio::time::timeout(self.timeout, receive).await else {
            // With nobody to receive rows, the thread stops at the next one.
            drop(incoming);
            worker.stop(&mut done).await;
            worker.finish().await;
            return Err(self.timed_out(&query.name).into());
        };
        drop(incoming);
        match result {
            Ok(_) => self.worker = Some(worker),
            Err(_) => worker.finish().await,
        }
        result
    }

    pub(super) async fn describe(&mut self, query: &Query) -> Result<Vec<Column>, SourceError> {
        let (asked, path) = (query.clone(), self.path.clone());
        self.with(&query.name, move |connection| {
            let statement = prepare(connection, &asked, &path)?;
            Ok(value::columns(&statement))
        })
        .await
    }

    pub(super) async fn explain(&mut self, query: &Query) -> Result<Vec<Access>, SourceError> {
        let (asked, path) = (query.clone(), self.path.clone());
        self.with(&query.name, move |connection| explain::explain(connection, &asked, &path)).await
    }

    pub(super) async fn leading_index(
        &mut self,
        table: &str,
        column: &str,
    ) -> Result<Option<String>, SourceError> {
        let (table, column, path) = (table.to_owned(), column.to_owned(), self.path.clone());
        self.with("the list of indexes", move |connection| {
            explain::leading_index(connection, &table, &column, &path)
        })
        .await
    }

    pub(super) async fn tables(&mut self) -> Result<Vec<TableFacts>, SourceError> {
        let path = self.path.clone();
        self.with("the list of tables", move |connection| {
            tables::tables(connection).map_err(|error| fault(&error, &path, Some("the list of tables")))
        })
        .await
    }

    pub(super) async fn inspect(&mut self) -> Result<ServerReport, SourceError> {
        let path = self.path.clone();
        let now = self
            .with("the clock", move |connection| {
                connection
                    .query_row("select strftime('%Y-%m-%d %H:%M:%f', 'now')", [], |row| {
                        row.get::<_, String>(0)
                    })
                    .map_err(|error| fault(&error, &path, Some("the clock")))
            })
            .await?;
        let now = NaiveDateTime::parse_from_str(&now, "%Y-%m-%d %H:%M:%S%.f").map_err(|_| {
            SourceError::FileUnreadable { path: self.path.clone(), reason: "it tells no time".to_owned() }
        })?;
        Ok(ServerReport {
            server: self.server.clone(),
            now: now.and_utc(),
            zone: None,
            writes: None,
            tls: None,
            limits_time: true,
        })
    }

    fn take(&mut self) -> Result<Worker, SourceError> {
        self.worker.take().ok_or_else(|| self.ended())
    }

    fn ended(&self) -> SourceError {
        SourceError::Lost {
            query: None,
            reason: format!("{} was closed after an earlier error", self.path.display()),
        }
    }

    fn timed_out(&self, query: &str) -> SourceError {
        SourceError::TimedOut { query: query.to_owned(), timeout: self.timeout }
    }

    /// Runs something short. A refused query leaves the session usable.
    pub(super) async fn with<T: Send + 'static>(
        &mut self,
        what: &str,
        run: impl FnOnce(&mut Connection) -> Result<T, SourceError> + Send + 'static,
    ) -> Result<T, SourceError> {
        let job = self.start_job(run)?;
        self.end_job(what, job).await
    }

    /// Begins something that goes on while others are waited for. Until it has ended the session is of no use.
    pub(super) fn start_job<T: Send + 'static>(
        &mut self,
        run: impl FnOnce(&mut Connection) -> Result<T, SourceError> + Send + 'static,
    ) -> Result<Running<T>, SourceError> {
        let worker = self.take()?;
        let done = worker.run(run);
        Ok(Running { worker, done })
    }

    /// Waits for it.
    pub(super) async fn end_job<T>(&mut self, what: &str, job: Running<T>) -> Result<T, SourceError> {
        let Running { worker, mut done } = job;
        let Ok(result) = tokio::time::timeout(self.timeout, &mut done).await else {
            worker.stop(&mut done).await;
            worker.finish().await;
            return Err(self.timed_out(what));
        };
        let result = result.map_err(|_| self.ended())?;
        if matches!(result, Ok(_) | Err(SourceError::Refused { .. } | SourceError::NoColumns { .. })) {
            self.worker = Some(worker);
        } else {
            worker.finish().await;
        }
        result
    }
}

impl Worker {
    fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Connection) -> T + Send + 'static,
    ) -> oneshot::Receiver<T> {
        let (answer, done) = oneshot::channel();
        // If the thread is gone, the answer's channel closes too, and that is what is seen.
        if let Some(jobs) = &self.jobs {
            let _ = jobs.send(Box::new(move |connection| {
                let _ = answer.send(job(connection));
            }));
        }
        done
    }

    /// Ends the thread and waits until the file is closed, but not for ever.
    async fn finish(mut self) {
        self.jobs = None;
        self.interrupt.interrupt();
        let _ = tokio::time::timeout(Duration::from_secs(5), &mut self.ended).await;
    }

    /// Stops what is running. An interrupt that comes just before a statement starts is
    /// lost, hence more than one.
    async fn stop<T>(&self, done: &mut oneshot::Receiver<T>) {
        for _ in 0..100 {
            self.interrupt.interrupt();
            if tokio::time::timeout(Duration::from_millis(50), &mut *done).await.is_ok() {
                return;
            }
        }
    }
}

/// Runs a query and sends its rows away; ends early when nobody receives them.
fn stream(
    connection: &Connection,
    query: &Query,
    path: &Path,
    reals: Reals,
    out: &mpsc::Sender<Vec<Vec<Value>>>,
) -> Result<Vec<Column>, SourceError> {
    let failed = |error: rusqlite::Error| fault(&error, path, Some(&query.name));
    let mut statement = prepare(connection, query, path)?;
    value::bind(&mut statement, query).map_err(failed)?;
    let columns = value::columns(&statement);
    let mut rows = statement.raw_query();
    let mut batch = Vec::with_capacity(BATCH);
    while let Some(row) = rows.next().map_err(failed)? {
        batch.push(value::row(row, &columns, reals, &query.name)?);
        if batch.len() == BATCH
            && out.blocking_send(std::mem::replace(&mut batch, Vec::with_capacity(BATCH))).is_err()
        {
            return Ok(columns);
        }
    }
    // Nobody to receive the rest means that nobody waits for the columns either.
    let _ = out.blocking_send(batch);
    Ok(columns)
}

/// Parses a query, and refuses one that reads nothing, writes, or is more than one.
fn prepare<'c>(connection: &'c Connection, query: &Query, path: &Path) -> Result<Statement<'c>, SourceError> {
    let statement = connection.prepare(&query.sql).map_err(|error| fault(&error, path, Some(&query.name)))?;
    if statement.column_count() == 0 || !statement.readonly() {
        return Err(SourceError::NoColumns { query: query.name.clone() });
    }
    let (wanted, found) = (statement.parameter_count(), query.params.len());
    if wanted != found {
        return Err(SourceError::Values { query: query.name.clone(), wanted, found });
    }
    Ok(statement)
}
