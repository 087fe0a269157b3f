//! The driver's errors, turned into facts.

use std::io::ErrorKind;

use mysql_async::{DriverError, Error, IoError};

use super::SourceError;
pub(super) use crate::source::at::At;
use crate::source::error::ErrorCode;

/// What an error means: while `query` is read, or with none, while connecting.
pub(super) fn fault(error: Error, at: &At, query: Option<&str>) -> SourceError {
    match error {
        Error::Server(error) => refusal(error.code, error.message, at, query),
        Error::Io(IoError::Tls(error)) => at.tls(error.to_string()),
        Error::Io(IoError::Io(error)) if query.is_some() => at.lost(query, &error.to_string()),
        Error::Io(IoError::Io(error)) => match error.kind() {
            // rustls gives its findings about a certificate in this way.
            ErrorKind::InvalidData => at.tls(error.to_string()),
            _ => at.unreachable(error.to_string()),
        },
        Error::Driver(DriverError::ConnectionClosed) if query.is_none() => {
            at.unreachable("the server closed the connection".to_owned())
        }
        Error::Driver(DriverError::ConnectionClosed) => at.lost(query, "the server closed the connection"),
        Error::Driver(DriverError::NoClientSslFlagFromServer) => at.tls("the server offers none".to_owned()),
        Error::Driver(error) => at.protocol(driver_words(&error)),
        Error::Url(_) | Error::Other(_) => at.protocol("the connection could not be set up".to_owned()),
    }
}

/// The words for a driver error; those that carry values or packets are told without them.
fn driver_words(error: &DriverError) -> String {
    match error {
        DriverError::UnexpectedPacket { .. } | DriverError::PacketOutOfOrder => {
            "it sends what no MySQL server would".to_owned()
        }
        DriverError::FromValue { .. } | DriverError::FromRow { .. } => {
            "it sends a value of an unknown shape".to_owned()
        }
        DriverError::StmtParamsNumberExceedsLimit { supplied } => {
            format!("a query has {supplied} values, more than MySQL's 65,535")
        }
        other => other.to_string(),
    }
}

/// What a server's error number means.
fn refusal(code: u16, message: String, at: &At, query: Option<&str>) -> SourceError {
    let (host, port) = (at.host.clone(), at.port);
    let named = || query.unwrap_or("the connection").to_owned();
    match code {
        // Too many connections: in all, or of this account; resources used up.
        1040 | 1203 | 1226 => SourceError::Busy { host, port, message },
        1045 | 1698 | 1130 | 1129 | 1251 | 1862 | 3118 | 3955 | 4151 => at.denied(message),
        // The right to a database: a matter of the account when connecting, of the query later.
        1044 if query.is_none() => at.denied(message),
        1049 if query.is_none() => SourceError::UnknownDatabase { host, port, database: at.database.clone() },
        // Shutdown, killed, network trouble as the server sees it.
        1053 | 1077..=1080 | 1152 | 1158..=1161 | 1184 | 1317 | 1927 | 3169 | 4031 => {
            at.lost(query, &message)
        }
        // A lock waited for too long, a deadlock, a table altered under the snapshot.
        1205 | 1213 | 1412 => SourceError::Locked { query: named(), message },
        // MariaDB's and MySQL's own words for a query that took too long.
        1969 | 3024 => at.timed_out(&named()),
        _ => SourceError::Refused { query: named(), code: ErrorCode::Number(code), message },
    }
}
