//! The driver's errors, turned into facts.

use std::error::Error as _;
use std::io::{self, ErrorKind};

use tokio_postgres::Error;

use super::SourceError;
use crate::source::at::At;
use crate::source::error::ErrorCode;

/// What an error means: while `query` is read, or with none, while connecting.
pub(super) fn fault(error: &Error, at: &At, query: Option<&str>) -> SourceError {
    if let Some(told) = error.as_db_error() {
        return refusal(told.code().code(), told.message().to_owned(), at, query);
    }
    let cause = error.source();
    let reason = cause.map_or_else(|| error.to_string(), ToString::to_string);
    // The driver tells the kinds of its errors by their words only.
    if error.to_string().starts_with("error performing TLS handshake") {
        return at.tls(if reason == "server does not support TLS" {
            "the server offers none".to_owned()
        } else {
            reason
        });
    }
    if reason == "password missing" {
        return at.denied("it asks for a password, and none is given".to_owned());
    }
    if error.to_string().starts_with("authentication error") {
        return at.denied(reason);
    }
    match cause.and_then(|cause| cause.downcast_ref::<io::Error>()) {
        // Bytes that make no message: another kind of server, then.
        Some(error) if matches!(error.kind(), ErrorKind::InvalidData | ErrorKind::InvalidInput) => {
            at.protocol(error.to_string())
        }
        Some(error) => gone(&error.to_string(), at, query),
        None if error.is_closed() => gone("the server closed the connection", at, query),
        None => at.protocol(reason),
    }
}

fn gone(reason: &str, at: &At, query: Option<&str>) -> SourceError {
    match query {
        Some(_) => at.lost(query, reason),
        None => at.unreachable(reason.to_owned()),
    }
}

/// What a server's SQLSTATE means.
fn refusal(state: &str, message: String, at: &At, query: Option<&str>) -> SourceError {
    let named = || query.unwrap_or("the connection").to_owned();
    match state {
        // Too many connections; still starting, or no longer taking any.
        "53300" | "57P03" => SourceError::Busy { host: at.host.clone(), port: at.port, message },
        "28000" | "28P01" => at.denied(message),
        // The right to a database: a matter of the account when connecting, of the query later.
        "42501" if query.is_none() => at.denied(message),
        "3D000" if query.is_none() => SourceError::UnknownDatabase {
            host: at.host.clone(),
            port: at.port,
            database: at.database.clone(),
        },
        // Shutdown, a crash elsewhere, a connection that was idle for too long.
        "57P01" | "57P02" | "57P05" | "25P03" => at.lost(query, &message),
        _ if state.starts_with("08") => at.lost(query, &message),
        // A lock waited for too long, a deadlock, a replica that has to go on without the old rows.
        "55P03" | "40P01" | "40001" => SourceError::Locked { query: named(), message },
        "57014" => at.timed_out(&named()),
        _ => SourceError::Refused { query: named(), code: ErrorCode::State(state.to_owned()), message },
    }
}
