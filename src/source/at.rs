//! Whom asof talks to, for messages, and the authorities it trusts to tell who that is.

use std::path::Path;
use std::time::Duration;

use super::SourceError;
use crate::config::ServerUrl;

/// A database of a server.
#[derive(Clone)]
pub(super) struct At {
    /// As in a URL: an IPv6 address in brackets.
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) user: String,
    pub(super) database: String,
    /// How long a query may take.
    pub(super) timeout: Duration,
}

impl At {
    pub(super) fn of(url: &ServerUrl, timeout: Duration) -> Self {
        let host = if url.host.contains(':') { format!("[{}]", url.host) } else { url.host.clone() };
        Self { host, port: url.port, user: url.user.clone(), database: url.database.clone(), timeout }
    }

    pub(super) fn lost(&self, query: Option<&str>, reason: &str) -> SourceError {
        SourceError::Lost {
            query: query.map(str::to_owned),
            reason: format!("{reason} ({}:{})", self.host, self.port),
        }
    }

    pub(super) fn timed_out(&self, query: &str) -> SourceError {
        SourceError::TimedOut { query: query.to_owned(), timeout: self.timeout }
    }

    pub(super) fn unreachable(&self, reason: String) -> SourceError {
        SourceError::Unreachable { host: self.host.clone(), port: self.port, reason }
    }

    pub(super) fn denied(&self, message: String) -> SourceError {
        SourceError::AccessDenied {
            host: self.host.clone(),
            port: self.port,
            user: self.user.clone(),
            message,
        }
    }

    pub(super) fn tls(&self, reason: String) -> SourceError {
        SourceError::Tls { host: self.host.clone(), port: self.port, reason }
    }

    pub(super) fn protocol(&self, reason: String) -> SourceError {
        SourceError::Protocol { host: self.host.clone(), port: self.port, reason }
    }

    /// The file of the certificates that are trusted.
    pub(super) async fn certificates(&self, path: &Path) -> Result<Vec<u8>, SourceError> {
        let owned = path.to_owned();
        let read = tokio::task::spawn_blocking(move || std::fs::read(owned)).await;
        let reason = match read {
            Ok(Ok(bytes)) if !bytes.is_empty() => return Ok(bytes),
            Ok(Ok(_)) => "it is empty".to_owned(),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "it could not be read".to_owned(),
        };
        Err(self.tls(format!("ssl_ca {}: {reason}", path.display())))
    }
}
