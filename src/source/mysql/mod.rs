//! A session with a MySQL or MariaDB server.
//!
//! The connection is taken out of the session for each use and put back only when all
//! went well: what is cancelled, times out or fails midway can never be used again, as
//! the next query would get the old one's rows.

mod connect;
mod explain;
mod fault;
mod inspect;
mod tables;
mod value;

use std::time::Duration;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Params};
use secrecy::SecretString;

use self::fault::{At, fault};
use super::words::words;
use super::{Access, Column, Each, ServerInfo, ServerReport, ServerZone, SourceError, TableFacts};
use crate::config::ServerUrl;
use crate::model::Value;
use crate::model::manifest::Consistency;
use crate::plan::Query;

/// How long after the server should have ended a query asof waits for it to say so.
const GRACE: Duration = Duration::from_secs(5);

pub(super) struct MysqlSession {
    conn: Option<Conn>,
    at: At,
    server: ServerInfo,
    zone: ServerZone,
    /// Whether the server itself ends a query that takes too long.
    limits_time: bool,
}

impl MysqlSession {
    pub(super) async fn open(
        url: &ServerUrl,
        password: Option<&SecretString>,
        timeout: Duration,
    ) -> Result<Self, SourceError> {
        let at = At::of(url, timeout);
        let mut conn = connect::connect(url, password, &at).await?;
        let setup = async {
            let (server, zone) = inspect::identify(&mut conn, &at).await?;
            let limits_time = connect::set_up(&mut conn, &server, timeout, &at).await?;
            Ok::<_, SourceError>((server, zone, limits_time))
        };
        let (server, zone, limits_time) = tokio::time::timeout(connect::TIMEOUT, setup)
            .await
            .map_err(|_| at.lost(None, "the server stopped answering"))??;
        Ok(Self { conn: Some(conn), at, server, zone, limits_time })
    }

    pub(super) fn server(&self) -> &ServerInfo {
        &self.server
    }

    pub(super) fn is_usable(&self) -> bool {
        self.conn.is_some()
    }

    pub(super) async fn close(mut self) {
        if let Some(conn) = self.conn.take() {
            // Nothing was written, so there is nothing to lose; a dead server need not be waited for.
            let _ = tokio::time::timeout(GRACE, conn.disconnect()).await;
        }
    }

    pub(super) async fn begin(&mut self, queries: &[&Query]) -> Result<Consistency, SourceError> {
        let named = words(queries.iter().map(|query| query.sql.as_str()));
        let at = self.at.clone();
        self.with("the start of reading", async move |conn| {
            // The engines are looked up before the snapshot is taken, so as not to hold it longer than needed.
            let consistency = inspect::consistency(conn, named, &at).await?;
            conn.query_drop("start transaction with consistent snapshot, read only")
                .await
                .map_err(|error| fault(error, &at, Some("the start of reading")))?;
            Ok(consistency)
        })
        .await
    }

    pub(super) async fn end(&mut self) -> Result<(), SourceError> {
        let at = self.at.clone();
        self.with("the end of reading", async move |conn| {
            conn.query_drop("commit").await.map_err(|error| fault(error, &at, Some("the end of reading")))
        })
        .await
    }

    pub(super) async fn read<X>(&mut self, query: &Query, each: Each<'_, X>) -> Result<Vec<Column>, X>
    where
        X: From<SourceError> + Send,
    {
        let params = value::params(query)?;
        let mut conn = self.take()?;
        let at = &self.at;
        let stream = async {
            let columns = prepare(&mut conn, query, at).await?;
            let failed = |error| fault(error, at, Some(&query.name));
            let mut result = conn.exec_iter(query.sql.as_str(), params).await.map_err(failed)?;
            let mut values = Vec::new();
            while let Some(row) = result.next().await.map_err(failed)? {
                value::fill(&mut values, row, &query.name)?;
                each(&mut values)?;
            }
            Ok::<_, X>(columns)
        };
        let done = tokio::time::timeout(self.at.timeout.saturating_add(GRACE), stream).await;
        let columns = done.map_err(|_| self.overdue(&query.name))??;
        self.conn = Some(conn);
        Ok(columns)
    }

    pub(super) async fn describe(&mut self, query: &Query) -> Result<Vec<Column>, SourceError> {
        let at = self.at.clone();
        self.with(&query.name, async move |conn| prepare(conn, query, &at).await).await
    }

    pub(super) async fn explain(&mut self, query: &Query) -> Result<Vec<Access>, SourceError> {
        let at = self.at.clone();
        self.with(&query.name, async move |conn| explain::explain(conn, query, &at).await).await
    }

    pub(super) async fn cost(&mut self, query: &Query) -> Result<Option<f64>, SourceError> {
        let at = self.at.clone();
        self.with(&query.name, async move |conn| explain::cost(conn, query, &at).await).await
    }

    pub(super) async fn leading_index(
        &mut self,
        table: &str,
        column: &str,
    ) -> Result<Option<String>, SourceError> {
        let at = self.at.clone();
        self.with("the list of indexes", async move |conn| {
            explain::leading_index(conn, table, column, &at).await
        })
        .await
    }

    pub(super) async fn tables(&mut self) -> Result<Vec<TableFacts>, SourceError> {
        let at = self.at.clone();
        self.with("the list of tables", async move |conn| tables::tables(conn, &at).await).await
    }

    pub(super) async fn inspect(&mut self) -> Result<ServerReport, SourceError> {
        let (at, server, zone) = (self.at.clone(), self.server.clone(), self.zone.clone());
        let limits_time = self.limits_time;
        self.with("the look at the server", async move |conn| {
            inspect::inspect(conn, &at, server, zone, limits_time).await
        })
        .await
    }

    fn take(&mut self) -> Result<Conn, SourceError> {
        self.conn.take().ok_or_else(|| self.at.lost(None, "it was closed after an earlier error"))
    }

    /// Runs something short. A refusal by the server leaves the connection usable.
    async fn with<T>(
        &mut self,
        what: &str,
        run: impl AsyncFnOnce(&mut Conn) -> Result<T, SourceError>,
    ) -> Result<T, SourceError> {
        let mut conn = self.take()?;
        let result = tokio::time::timeout(self.at.timeout.saturating_add(GRACE), run(&mut conn))
            .await
            .map_err(|_| self.overdue(what))?;
        if matches!(result, Ok(_) | Err(SourceError::Refused { .. } | SourceError::NoColumns { .. })) {
            self.conn = Some(conn);
        }
        result
    }

    /// The error when asof's own clock has run out.
    fn overdue(&self, query: &str) -> SourceError {
        if self.limits_time {
            // The server would have ended the query and said so.
            return self.at.lost(Some(query), "the server stopped answering");
        }
        self.at.timed_out(query)
    }
}

/// Has the server parse a query, and refuses one that reads nothing.
async fn prepare(conn: &mut Conn, query: &Query, at: &At) -> Result<Vec<Column>, SourceError> {
    let statement =
        conn.prep(query.sql.as_str()).await.map_err(|error| fault(error, at, Some(&query.name)))?;
    let wanted = usize::from(statement.num_params());
    if wanted != query.params.len() {
        let found = query.params.len();
        return Err(SourceError::Values { query: query.name.clone(), wanted, found });
    }
    let columns = statement.columns();
    if columns.is_empty() {
        return Err(SourceError::NoColumns { query: query.name.clone() });
    }
    columns.iter().map(|column| value::column(column, &query.name)).collect()
}

/// The rows of a query of asof's own, whole.
async fn own(
    conn: &mut Conn,
    at: &At,
    name: &str,
    sql: &str,
    params: impl Into<Params> + Send,
) -> Result<Vec<Vec<Value>>, SourceError> {
    let rows: Vec<mysql_async::Row> =
        conn.exec(sql, params.into()).await.map_err(|error| fault(error, at, Some(name)))?;
    rows.into_iter().map(|row| value::row(row, name)).collect()
}
