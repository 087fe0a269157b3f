//! Connects, with as much encryption as the URL asks for, and sets the session up.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio::task::JoinHandle;
use tokio_postgres::config::SslMode as Encryption;
use tokio_postgres::{Client, Config, Error};

use super::fault::fault;
use super::{SourceError, tls};
use crate::config::{ServerUrl, SslMode};
use crate::source::at::At;

/// How long connecting may take.
pub(super) const TIMEOUT: Duration = Duration::from_secs(10);

/// What the first statements are called in messages.
const SET_UP: &str = "the session's set-up";

/// A connection, and the task that moves its bytes.
pub(super) struct Conn {
    pub(super) client: Client,
    driver: Driver,
}

/// What is let go without a word must not be read to its end.
struct Driver(JoinHandle<Result<(), Error>>);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Conn {
    /// Says goodbye, and waits until that is sent, but not for ever.
    pub(super) async fn close(self, patience: Duration) {
        let Self { client, mut driver } = self;
        drop(client);
        let _ = tokio::time::timeout(patience, &mut driver.0).await;
    }

    /// Runs statements that give nothing.
    pub(super) async fn run(&self, sql: &str, at: &At, name: &str) -> Result<(), SourceError> {
        self.client.batch_execute(sql).await.map_err(|error| fault(&error, at, Some(name)))
    }
}

pub(super) async fn connect(
    url: &ServerUrl,
    password: Option<&SecretString>,
    at: &At,
) -> Result<Conn, SourceError> {
    let mut config = Config::new();
    config
        .host(&url.host)
        .port(url.port)
        .user(&url.user)
        .dbname(&url.database)
        .application_name("asof")
        .keepalives_idle(Duration::from_secs(30))
        .ssl_mode(match url.ssl {
            SslMode::Off => Encryption::Disable,
            SslMode::Prefer => Encryption::Prefer,
            SslMode::Require | SslMode::Verify => Encryption::Require,
        });
    if let Some(password) = password {
        config.password(password.expose_secret());
    }
    let encryption = tls::connector(url, at).await?;
    let (client, connection) = tokio::time::timeout(TIMEOUT, config.connect(encryption))
        .await
        .map_err(|_| at.unreachable(format!("no answer within {} s", TIMEOUT.as_secs())))?
        .map_err(|error| fault(&error, at, None))?;
    Ok(Conn { client, driver: Driver(tokio::spawn(connection)) })
}

/// Makes the session one that only reads, in UTC, and with a limit on time. Returns whether the server
/// keeps that limit.
pub(super) async fn set_up(conn: &Conn, timeout: Duration, at: &At) -> Result<bool, SourceError> {
    let needed = "set session characteristics as transaction isolation level repeatable read, read only; \
                  set time zone 'UTC'";
    conn.run(needed, at, SET_UP).await?;
    for sql in [
        // How a user's own SQL makes texts of times, spans, floats and bytes must not depend on the account.
        "set datestyle = 'ISO, YMD'",
        "set intervalstyle = 'postgres'",
        "set extra_float_digits = 3",
        "set bytea_output = 'hex'",
        "set standard_conforming_strings = on",
        // An interrupted run must not leave its queries behind.
        "set client_connection_check_interval = '2s'",
    ] {
        set_if_known(conn, sql, at).await?;
    }
    // 0 would be no limit at all.
    let milliseconds = timeout.as_millis().clamp(1, 2_147_483_647);
    // Who waits for a lock for nearly all of that time is told of the lock, and not of a slow query.
    let waiting = (milliseconds - milliseconds / 10).max(1);
    set_if_known(conn, &format!("set lock_timeout = {waiting}"), at).await?;
    set_if_known(conn, &format!("set statement_timeout = {milliseconds}"), at).await
}

/// Sets what not every server that speaks like PostgreSQL has; tells whether this one does.
async fn set_if_known(conn: &Conn, sql: &str, at: &At) -> Result<bool, SourceError> {
    match conn.run(sql, at, SET_UP).await {
        Ok(()) => Ok(true),
        Err(SourceError::Refused { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}
