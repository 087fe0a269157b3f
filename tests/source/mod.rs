//! Reading real databases: MariaDB, PostgreSQL and SQLite.

mod connecting;
mod connecting_postgres;
mod inspecting;
mod reading_mariadb;
mod reading_postgres;
mod reading_sqlite;
mod retrying;
mod types;
mod types_postgres;

use std::path::Path;
use std::time::Duration;

use asof::config::{PasswordFrom, SourceKind, SourceSettings, SourceUrl};
use asof::model::Value;
use asof::plan::Query;
use asof::source::{self, Session, SourceError};

/// Runs a future to its end, as the command line does.
fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn settings(url: &str) -> SourceSettings {
    SourceSettings {
        kind: SourceKind::Database {
            url: SourceUrl::parse(url, Path::new("/")).unwrap(),
            password: PasswordFrom::None,
        },
        timeout: Duration::from_mins(1),
        time_zone: chrono_tz::UTC,
    }
}

fn with_password(password: PasswordFrom, url: &str) -> SourceSettings {
    let url = SourceUrl::parse(url, Path::new("/")).unwrap();
    SourceSettings { kind: SourceKind::Database { url, password }, ..settings("sqlite:any.db") }
}

fn within(timeout: Duration, url: &str) -> SourceSettings {
    SourceSettings { timeout, ..settings(url) }
}

async fn open(url: &str) -> Session {
    source::open(&settings(url), &|_| None).await.unwrap()
}

/// Why a source can't be opened.
async fn refused(settings: &SourceSettings) -> SourceError {
    match source::open(settings, &|_| None).await {
        Ok(session) => panic!("opened {:?}", session.server()),
        Err(error) => error,
    }
}

fn query(sql: &str, params: Vec<Value>) -> Query {
    Query { name: "events.calls".to_owned(), sql: sql.to_owned(), params }
}

async fn rows(session: &mut Session, sql: &str) -> Result<Vec<Vec<Value>>, SourceError> {
    session.rows(&query(sql, Vec::new())).await
}

/// The only value of a query's only row.
async fn value(session: &mut Session, sql: &str) -> Value {
    let rows = rows(session, sql).await.unwrap();
    assert_eq!((rows.len(), rows.first().map(Vec::len)), (1, Some(1)), "{sql}");
    rows.into_iter().flatten().next().unwrap()
}

fn text(text: &str) -> Value {
    Value::text(text)
}

fn number(text: &str) -> Value {
    Value::Number(text.parse().unwrap())
}
