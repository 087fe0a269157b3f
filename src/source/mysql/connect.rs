//! Connects, with as much encryption as the URL asks for, and sets the session up.

use std::time::Duration;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, DriverError, Error, OptsBuilder, SslOpts};
use secrecy::{ExposeSecret, SecretString};

use super::fault::{At, fault};
use super::{ServerInfo, SourceError};
use crate::config::{ServerUrl, SslMode};

/// How long connecting may take.
pub(super) const TIMEOUT: Duration = Duration::from_secs(10);

/// What the first statements are called in messages.
const SET_UP: &str = "the session's set-up";

pub(super) async fn connect(
    url: &ServerUrl,
    password: Option<&SecretString>,
    at: &At,
) -> Result<Conn, SourceError> {
    let ssl = encryption(url, at).await?;
    let first = attempt(url, password, ssl, at).await?;
    match first {
        Err(Error::Driver(DriverError::NoClientSslFlagFromServer)) if url.ssl == SslMode::Prefer => {
            attempt(url, password, None, at).await?
        }
        other => other,
    }
    .map_err(|error| fault(error, at, None))
}

/// One try; the outer error is that nothing was heard in time.
async fn attempt(
    url: &ServerUrl,
    password: Option<&SecretString>,
    ssl: Option<SslOpts>,
    at: &At,
) -> Result<mysql_async::Result<Conn>, SourceError> {
    // These options hold the password in plain and their Debug shows it: they stay in here.
    let options = OptsBuilder::default()
        .ip_or_hostname(url.host.as_str())
        .tcp_port(url.port)
        .user(Some(url.user.as_str()))
        .pass(password.map(|password| password.expose_secret().to_owned()))
        .db_name(Some(url.database.as_str()))
        .tcp_keepalive(Some(Duration::from_secs(30)))
        // Through a tunnel, the server's socket path would lead to another server on this machine.
        .prefer_socket(false)
        .ssl_opts(ssl);
    tokio::time::timeout(TIMEOUT, Conn::new(options))
        .await
        .map_err(|_| at.unreachable(format!("no answer within {} s", TIMEOUT.as_secs())))
}

async fn encryption(url: &ServerUrl, at: &At) -> Result<Option<SslOpts>, SourceError> {
    let unverified =
        || SslOpts::default().with_danger_accept_invalid_certs(true).with_danger_skip_domain_validation(true);
    Ok(match url.ssl {
        SslMode::Off => None,
        SslMode::Prefer | SslMode::Require => Some(unverified()),
        SslMode::Verify => Some(match &url.ssl_ca {
            None => SslOpts::default(),
            Some(path) => SslOpts::default()
                .with_root_certs(vec![at.certificates(path).await?.into()])
                .with_disable_built_in_roots(true),
        }),
    })
}

/// Makes the session one that only reads, in UTC, with text as UTF-8 and a limit on time.
/// Returns whether the server keeps that limit.
pub(super) async fn set_up(
    conn: &mut Conn,
    server: &ServerInfo,
    timeout: Duration,
    at: &At,
) -> Result<bool, SourceError> {
    // A fixed collation makes the comparison of text that is no column the same on every server.
    // Without ONLY_FULL_GROUP_BY a grouping's other columns can be taken from any of its rows.
    // group_concat cuts what is longer than its limit, without a word.
    let settings = [
        "set names utf8mb4 collate utf8mb4_general_ci",
        "set session time_zone = '+00:00', session sql_mode = '', session group_concat_max_len = 1048576",
        "set session transaction isolation level repeatable read",
        "set session transaction read only",
    ];
    for sql in settings {
        conn.query_drop(sql).await.map_err(|error| fault(error, at, Some(SET_UP)))?;
    }
    if server.name == "MariaDB" {
        // 0 would be no limit at all.
        let seconds = timeout.as_secs_f64().max(0.001);
        return set_if_known(conn, &format!("set session max_statement_time = {seconds:.3}"), at).await;
    }
    // Newer servers can tell a plan in another form, which is not the one that is read.
    set_if_known(conn, "set session explain_json_format_version = 1", at).await?;
    let milliseconds = timeout.as_millis().max(1);
    set_if_known(conn, &format!("set session max_execution_time = {milliseconds}"), at).await
}

/// Sets a variable that old servers don't have; tells whether this one does.
async fn set_if_known(conn: &mut Conn, sql: &str, at: &At) -> Result<bool, SourceError> {
    match conn.query_drop(sql).await {
        Ok(()) => Ok(true),
        Err(Error::Server(error)) if error.code == 1193 => Ok(false),
        Err(error) => Err(fault(error, at, Some(SET_UP))),
    }
}
