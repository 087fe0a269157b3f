//! A plan's queries to rows: MySQL, MariaDB, PostgreSQL and SQLite behind one type.
//!
//! A source is only read. A session gives the rows of a query one by one, with every
//! value mapped exactly or refused; whatever fails inside a read ends the session.

mod at;
mod error;
mod files;
mod filled;
mod http;
mod lookup;
mod mysql;
mod password;
mod postgres;
mod report;
mod retry;
mod sqlite;
mod staged;
mod tables;
mod words;

pub use error::{ErrorCode, SourceError};
pub use filled::AsTheyCame;
pub use http::{HttpError, HttpFault};
pub use lookup::Answers;
pub use report::{Access, Column, FeedReport, FirstPage, Grant, ServerInfo, ServerReport, ServerZone};
pub use retry::{Transient, with_retry};
pub use tables::{ColumnFacts, TableFacts};

use std::mem;
use std::time::Duration;

use self::files::Files;
use self::filled::tables::Tables;
use self::filled::{FilledSession, Filler};
use self::http::Http;
use crate::calendar::Window;
use crate::config::{PasswordFrom, SourceKind, SourceSettings, SourceUrl};
use crate::model::definitions::Dialect;
use crate::model::manifest::Consistency;
use crate::model::{Progress, Value};
use crate::plan::Query;

/// What is done with a row, which may be taken away; its error ends the reading.
pub type Each<'a, X> = &'a mut (dyn FnMut(&mut Vec<Value>) -> Result<(), X> + Send);

/// A connection to a source that only reads.
pub struct Session(Engine);

enum Engine {
    Mysql(Box<mysql::MysqlSession>),
    Sqlite(sqlite::SqliteSession),
    Postgres(Box<postgres::PostgresSession>),
    Filled(Box<FilledSession>),
}

/// Connects to a source and sets the session up for reading.
///
/// `env` looks up an environment variable, for a password kept in one.
///
/// # Errors
/// Whatever keeps it from being reached; see [`SourceError::is_unreachable`].
pub async fn open(
    settings: &SourceSettings,
    env: &(dyn Fn(&str) -> Option<String> + Sync),
) -> Result<Session, SourceError> {
    let engine = match &settings.kind {
        SourceKind::Database { url, password } => open_database(url, password, settings.timeout, env).await?,
        SourceKind::Files(files) => {
            let tables = Tables::open("files", &files.tables(), |_| false, settings.timeout).await?;
            let filler = Filler::Files(Files::new(files));
            Engine::Filled(Box::new(FilledSession::new(tables, filler, "files")))
        }
        SourceKind::Http(http) => {
            let api = Http::open(http, settings.timeout, settings.time_zone, env).await?;
            let is_kept = |feed: &str| http.feeds.get(feed).is_some_and(|feed| feed.keep_raw);
            let tables = Tables::open("feeds", &http.tables(), is_kept, settings.timeout).await?;
            Engine::Filled(Box::new(FilledSession::new(tables, Filler::Http(Box::new(api)), "HTTP")))
        }
    };
    Ok(Session(engine))
}

async fn open_database(
    url: &SourceUrl,
    password: &PasswordFrom,
    timeout: Duration,
    env: &(dyn Fn(&str) -> Option<String> + Sync),
) -> Result<Engine, SourceError> {
    Ok(match url {
        SourceUrl::Mysql(url) => {
            let password = password::resolve(password, env).await?;
            let password = password.as_ref().or(url.password.as_ref());
            Engine::Mysql(Box::new(mysql::MysqlSession::open(url, password, timeout).await?))
        }
        SourceUrl::Postgres(url) => {
            let password = password::resolve(password, env).await?;
            let password = password.as_ref().or(url.password.as_ref());
            Engine::Postgres(Box::new(postgres::PostgresSession::open(url, password, timeout).await?))
        }
        SourceUrl::Sqlite(path) => Engine::Sqlite(sqlite::SqliteSession::open(path, timeout).await?),
    })
}

impl Session {
    /// What kind of server it is.
    pub fn server(&self) -> &ServerInfo {
        match &self.0 {
            Engine::Mysql(session) => session.server(),
            Engine::Sqlite(session) => session.server(),
            Engine::Postgres(session) => session.server(),
            Engine::Filled(session) => session.server(),
        }
    }

    /// The SQL it speaks.
    pub fn dialect(&self) -> Dialect {
        match &self.0 {
            Engine::Mysql(_) => Dialect::Mysql,
            Engine::Postgres(_) => Dialect::Postgres,
            Engine::Sqlite(_) | Engine::Filled(_) => Dialect::Sqlite,
        }
    }

    /// Whether asof fills its tables itself, so that the source has no indexes to use.
    pub fn is_filled(&self) -> bool {
        matches!(self.0, Engine::Filled(_))
    }

    /// Whether it can still be used: not after a timeout or an error inside a read.
    pub fn is_usable(&self) -> bool {
        match &self.0 {
            Engine::Mysql(session) => session.is_usable(),
            Engine::Sqlite(session) => session.is_usable(),
            Engine::Postgres(session) => session.is_usable(),
            Engine::Filled(session) => session.is_usable(),
        }
    }

    /// Fills the tables that `queries` name with the items of `window`, where a source has no rows of its own; to be
    /// called before [`Session::begin`]. What a database holds is there already.
    ///
    /// # Errors
    /// Whatever keeps the items from being had whole: then nothing can be read.
    pub async fn fill(
        &mut self,
        window: &Window,
        queries: &[&Query],
        progress: &dyn Progress,
    ) -> Result<(), SourceError> {
        match &mut self.0 {
            Engine::Mysql(_) | Engine::Sqlite(_) | Engine::Postgres(_) => Ok(()),
            Engine::Filled(session) => session.fill(window, queries, progress).await,
        }
    }

    /// The items of those tables that keep them as they came, of all that `queries` name; to be asked for before
    /// [`Session::end`].
    ///
    /// # Errors
    /// When they can't be read.
    pub async fn as_they_came(&mut self, queries: &[&Query]) -> Result<Vec<AsTheyCame>, SourceError> {
        match &mut self.0 {
            Engine::Mysql(_) | Engine::Sqlite(_) | Engine::Postgres(_) => Ok(Vec::new()),
            Engine::Filled(session) => session.as_they_came(queries).await,
        }
    }

    /// What the first page of each feed holds, where an API is asked.
    pub async fn probe(&self, window: &Window, progress: &dyn Progress) -> Vec<FeedReport> {
        match &self.0 {
            Engine::Mysql(_) | Engine::Sqlite(_) | Engine::Postgres(_) => Vec::new(),
            Engine::Filled(session) => session.probe(window, progress).await,
        }
    }

    /// Begins the one read-only transaction in which all of `queries` are then read, and
    /// tells whether they will see one state of the database.
    pub async fn begin(&mut self, queries: &[&Query]) -> Result<Consistency, SourceError> {
        match &mut self.0 {
            Engine::Mysql(session) => session.begin(queries).await,
            Engine::Sqlite(session) => session.begin().await,
            Engine::Postgres(session) => session.begin(queries).await,
            Engine::Filled(session) => session.sqlite().begin().await,
        }
    }

    /// Ends the transaction; another one can be begun.
    pub async fn end(&mut self) -> Result<(), SourceError> {
        match &mut self.0 {
            Engine::Mysql(session) => session.end().await,
            Engine::Sqlite(session) => session.end().await,
            Engine::Postgres(session) => session.end().await,
            Engine::Filled(session) => session.sqlite().end().await,
        }
    }

    /// Ends the transaction and the connection.
    pub async fn close(self) {
        match self.0 {
            Engine::Mysql(session) => session.close().await,
            Engine::Sqlite(session) => session.close().await,
            Engine::Postgres(session) => session.close().await,
            Engine::Filled(session) => session.close().await,
        }
    }

    /// Reads a query, giving each row to `each` as it comes; returns its columns.
    ///
    /// # Errors
    /// The source's, or what `each` returns. Either way the session is of no use any more.
    pub async fn read<X>(&mut self, query: &Query, each: Each<'_, X>) -> Result<Vec<Column>, X>
    where
        X: From<SourceError> + Send,
    {
        match &mut self.0 {
            Engine::Mysql(session) => session.read(query, each).await,
            Engine::Sqlite(session) => session.read(query, each).await,
            Engine::Postgres(session) => session.read(query, each).await,
            Engine::Filled(session) => session.sqlite().read(query, each).await,
        }
    }

    /// Reads a query whose answer is small, whole.
    pub async fn rows(&mut self, query: &Query) -> Result<Vec<Vec<Value>>, SourceError> {
        let mut rows = Vec::new();
        self.read(query, &mut |row| {
            rows.push(mem::take(row));
            Ok::<(), SourceError>(())
        })
        .await?;
        Ok(rows)
    }

    /// The columns that a query gives, without running it.
    pub async fn describe(&mut self, query: &Query) -> Result<Vec<Column>, SourceError> {
        match &mut self.0 {
            Engine::Mysql(session) => session.describe(query).await,
            Engine::Sqlite(session) => session.describe(query).await,
            Engine::Postgres(session) => session.describe(query).await,
            Engine::Filled(session) => session.sqlite().describe(query).await,
        }
    }

    /// How the source would get at each table of a query, without running it.
    pub async fn explain(&mut self, query: &Query) -> Result<Vec<Access>, SourceError> {
        match &mut self.0 {
            Engine::Mysql(session) => session.explain(query).await,
            Engine::Sqlite(session) => session.explain(query).await,
            Engine::Postgres(session) => session.explain(query).await,
            Engine::Filled(session) => session.sqlite().explain(query).await,
        }
    }

    /// What the source expects a plain query to cost, in units of its own, without running it;
    /// `None` where it does not tell.
    pub async fn cost(&mut self, query: &Query) -> Result<Option<f64>, SourceError> {
        match &mut self.0 {
            Engine::Mysql(session) => session.cost(query).await,
            Engine::Postgres(session) => session.cost(query).await,
            Engine::Sqlite(_) | Engine::Filled(_) => Ok(None),
        }
    }

    /// The name of an index of `table` that begins with `column`, if there is one.
    ///
    /// `table` may have its schema before a dot. A view has no index.
    pub async fn leading_index(&mut self, table: &str, column: &str) -> Result<Option<String>, SourceError> {
        match &mut self.0 {
            Engine::Mysql(session) => session.leading_index(table, column).await,
            Engine::Sqlite(session) => session.leading_index(table, column).await,
            Engine::Postgres(session) => session.leading_index(table, column).await,
            Engine::Filled(session) => session.sqlite().leading_index(table, column).await,
        }
    }

    /// Its tables and views; `None` where a source can't tell them.
    pub async fn tables(&mut self) -> Result<Option<Vec<TableFacts>>, SourceError> {
        match &mut self.0 {
            Engine::Mysql(session) => session.tables().await.map(Some),
            Engine::Sqlite(session) => session.tables().await.map(Some),
            Engine::Postgres(session) => session.tables().await.map(Some),
            // Those that are filled are what the configuration says.
            Engine::Filled(_) => Ok(None),
        }
    }

    /// What the server says about itself and the account.
    pub async fn inspect(&mut self) -> Result<ServerReport, SourceError> {
        match &mut self.0 {
            Engine::Mysql(session) => session.inspect().await,
            Engine::Sqlite(session) => session.inspect().await,
            Engine::Postgres(session) => session.inspect().await,
            Engine::Filled(session) => {
                let server = session.server().clone();
                Ok(ServerReport { server, ..session.sqlite().inspect().await? })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_send<T: Send>(_: &T) {}

    /// A server will read in tasks that move between threads.
    #[expect(dead_code, reason = "it only has to compile")]
    fn reading_can_move_between_threads(mut session: Session, settings: &SourceSettings, query: &Query) {
        is_send(&open(settings, &|_| None));
        is_send(&session.rows(query));
        is_send(&session.begin(&[query]));
        is_send(&session.explain(query));
        is_send(&session.inspect());
    }
}
