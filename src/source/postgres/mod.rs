//! A session with a PostgreSQL server.
//!
//! Queries go by the extended protocol. Values come in the server's binary form, which is exact whatever
//! the session's settings are; bound values go as text, so that the server reads each as what it stands
//! beside. As with MySQL, the connection is put back only when all went well.

mod connect;
mod explain;
mod fault;
mod inspect;
mod params;
mod tables;
mod tls;
mod value;

use std::pin::pin;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use secrecy::SecretString;
use tokio_postgres::Statement;

use self::connect::Conn;
use self::fault::fault;
use self::params::Bound;
use self::value::ReadAs;
use super::at::At;
use super::words::words;
use super::{Access, Column, Each, ServerInfo, ServerReport, ServerZone, SourceError, TableFacts};
use crate::config::ServerUrl;
use crate::model::Value;
use crate::model::manifest::Consistency;
use crate::plan::Query;

/// How long after the server should have ended a query asof waits for it to say so.
const GRACE: Duration = Duration::from_secs(5);

pub(super) struct PostgresSession {
    conn: Option<Conn>,
    at: At,
    server: ServerInfo,
    zone: ServerZone,
    /// Whether the server itself ends a query that takes too long.
    limits_time: bool,
    /// A transaction in which something was refused takes no more questions.
    in_transaction: bool,
}

/// A query that the server has read.
struct Prepared {
    statement: Statement,
    columns: Vec<Column>,
    kinds: Vec<ReadAs>,
    bound: Vec<Bound>,
}

impl PostgresSession {
    pub(super) async fn open(
        url: &ServerUrl,
        password: Option<&SecretString>,
        timeout: Duration,
    ) -> Result<Self, SourceError> {
        let at = At::of(url, timeout);
        let conn = connect::connect(url, password, &at).await?;
        let setup = async {
            let (server, zone) = inspect::identify(&conn, &at).await?;
            let limits_time = connect::set_up(&conn, timeout, &at).await?;
            Ok::<_, SourceError>((server, zone, limits_time))
        };
        let (server, zone, limits_time) = tokio::time::timeout(connect::TIMEOUT, setup)
            .await
            .map_err(|_| at.lost(None, "the server stopped answering"))??;
        Ok(Self { conn: Some(conn), at, server, zone, limits_time, in_transaction: false })
    }

    pub(super) fn server(&self) -> &ServerInfo {
        &self.server
    }

    pub(super) fn is_usable(&self) -> bool {
        self.conn.is_some()
    }

    pub(super) async fn close(mut self) {
        if let Some(conn) = self.conn.take() {
            conn.close(GRACE).await;
        }
    }

    pub(super) async fn begin(&mut self, queries: &[&Query]) -> Result<Consistency, SourceError> {
        let named = words(queries.iter().map(|query| query.sql.as_str()));
        let at = self.at.clone();
        let consistency = self
            .with("the start of reading", async move |conn| {
                let consistency = inspect::consistency(conn, named, &at).await?;
                // The state is fixed by the first query, not by `begin`.
                conn.run(
                    "begin isolation level repeatable read, read only; select 1",
                    &at,
                    "the start of reading",
                )
                .await?;
                Ok(consistency)
            })
            .await?;
        self.in_transaction = true;
        Ok(consistency)
    }

    pub(super) async fn end(&mut self) -> Result<(), SourceError> {
        let at = self.at.clone();
        self.with("the end of reading", async move |conn| {
            conn.run("commit", &at, "the end of reading").await
        })
        .await?;
        self.in_transaction = false;
        Ok(())
    }

    pub(super) async fn read<X>(&mut self, query: &Query, each: Each<'_, X>) -> Result<Vec<Column>, X>
    where
        X: From<SourceError> + Send,
    {
        let conn = self.take()?;
        let at = &self.at;
        let stream = async {
            let Prepared { statement, columns, kinds, bound } = prepare(&conn, query, at).await?;
            let failed = |error: tokio_postgres::Error| fault(&error, at, Some(&query.name));
            let mut rows = pin!(conn.client.query_raw(&statement, bound).await.map_err(failed)?);
            let mut values = Vec::new();
            while let Some(row) = rows.try_next().await.map_err(failed)? {
                value::fill(&mut values, &row, &kinds, &query.name)?;
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
        self.with(&query.name, async move |conn| Ok(prepare(conn, query, &at).await?.columns)).await
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

    /// Runs something short. A refusal by the server leaves the connection usable, but not a transaction.
    async fn with<T>(
        &mut self,
        what: &str,
        run: impl AsyncFnOnce(&Conn) -> Result<T, SourceError>,
    ) -> Result<T, SourceError> {
        let conn = self.take()?;
        let result = tokio::time::timeout(self.at.timeout.saturating_add(GRACE), run(&conn))
            .await
            .map_err(|_| self.overdue(what))?;
        let usable = match &result {
            Ok(_)
            | Err(
                SourceError::NoColumns { .. } | SourceError::Values { .. } | SourceError::Unmappable { .. },
            ) => true,
            Err(SourceError::Refused { .. }) => !self.in_transaction,
            Err(_) => false,
        };
        if usable {
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

/// Has the server read a query, and refuses one that reads nothing or gives what can't be kept.
async fn prepare(conn: &Conn, query: &Query, at: &At) -> Result<Prepared, SourceError> {
    let sql = params::numbered(query)?;
    let statement = conn.client.prepare(&sql).await.map_err(|error| fault(&error, at, Some(&query.name)))?;
    if statement.columns().is_empty() {
        return Err(SourceError::NoColumns { query: query.name.clone() });
    }
    let (mut columns, mut kinds) = (Vec::new(), Vec::new());
    for column in statement.columns() {
        kinds.push(value::read_as(column, &query.name)?);
        columns.push(Column { name: column.name().to_owned(), kind: value::kind(column.type_()) });
    }
    let bound = params::bound(query)?;
    Ok(Prepared { statement, columns, kinds, bound })
}

/// The rows of a query of asof's own, whole; its values are texts.
async fn own(
    conn: &Conn,
    at: &At,
    name: &str,
    sql: &str,
    values: &[&str],
) -> Result<Vec<Vec<Value>>, SourceError> {
    let params = values.iter().map(|value| Value::text(*value)).collect();
    rows(conn, at, &Query { name: name.to_owned(), sql: sql.to_owned(), params }).await
}

/// The rows of a query whose answer is small, whole.
async fn rows(conn: &Conn, at: &At, query: &Query) -> Result<Vec<Vec<Value>>, SourceError> {
    let Prepared { statement, kinds, bound, .. } = prepare(conn, query, at).await?;
    let failed = |error: tokio_postgres::Error| fault(&error, at, Some(&query.name));
    let mut rows = pin!(conn.client.query_raw(&statement, bound).await.map_err(failed)?);
    let mut all = Vec::new();
    while let Some(row) = rows.try_next().await.map_err(failed)? {
        all.push(value::row(&row, &kinds, &query.name)?);
    }
    Ok(all)
}
