//! Opens an SQLite file for reading, and turns its errors into facts.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, Error, ErrorCode, OpenFlags};

use super::SourceError;

/// SQLite counts the time it waits for a lock in milliseconds of 32 bits.
const LONGEST_WAIT: Duration = Duration::from_hours(24);

/// Opens the file; also tells whether it may change under a transaction, unseen.
pub(super) fn open(path: &Path, timeout: Duration) -> Result<(Connection, bool), SourceError> {
    match std::fs::metadata(path) {
        Ok(about) if about.is_file() => {}
        Ok(_) => return Err(unreadable(path, "it is no file")),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(SourceError::FileMissing { path: path.to_owned() });
        }
        Err(error) => return Err(unreadable(path, &error.to_string())),
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let first = Connection::open_with_flags(path, flags).and_then(|connection| set_up(connection, timeout));
    let error = match first {
        Ok(connection) => return Ok((connection, false)),
        Err(error) => error,
    };
    // A WAL database in a folder where nothing may be made: without a log there is nothing but the
    // file itself, which can be read as it stands, unguarded against a writer.
    let cannot_open = matches!(error.sqlite_error_code(), Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly));
    if cannot_open && !has_log(path) {
        let flags = flags | OpenFlags::SQLITE_OPEN_URI;
        if let Ok(connection) =
            Connection::open_with_flags(as_it_stands(path), flags).and_then(|c| set_up(c, timeout))
        {
            return Ok((connection, true));
        }
    }
    Err(fault(&error, path, None))
}

fn set_up(connection: Connection, timeout: Duration) -> rusqlite::Result<Connection> {
    connection.busy_timeout(timeout.min(LONGEST_WAIT))?;
    connection.pragma_update(None, "query_only", true)?;
    // Else a quoted column that does not exist is taken for text, and no row lies in any day.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    // Opening reads nothing yet; this does.
    connection.query_row("select count(*) from sqlite_schema", [], |_| Ok(()))?;
    Ok(connection)
}

/// Whether changes lie beside the file that are not in it yet.
fn has_log(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    std::fs::metadata(log).is_ok_and(|about| about.is_file() && about.len() > 0)
}

/// The file as a URI that tells SQLite to take no locks.
fn as_it_stands(path: &Path) -> String {
    use std::fmt::Write as _;

    let mut uri = String::from("file:");
    for byte in path.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_' | b'.') {
            uri.push(char::from(*byte));
        } else {
            // Writing to a String can't fail.
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri + "?immutable=1"
}

fn unreadable(path: &Path, reason: &str) -> SourceError {
    SourceError::FileUnreadable { path: path.to_owned(), reason: reason.to_owned() }
}

/// What an error means: while `query` is read, or with none, while opening.
pub(in crate::source) fn fault(error: &Error, path: &Path, query: Option<&str>) -> SourceError {
    let named = || query.unwrap_or("the file").to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => SourceError::NotADatabase { path: path.to_owned() },
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            SourceError::Locked { query: named(), message: words(error) }
        }
        Some(
            ErrorCode::CannotOpen
            | ErrorCode::PermissionDenied
            | ErrorCode::SystemIoFailure
            | ErrorCode::DatabaseCorrupt,
        ) => unreadable(path, &words(error)),
        _ if query.is_none() => unreadable(path, &words(error)),
        _ => SourceError::Refused {
            query: named(),
            code: crate::source::ErrorCode::Number(code(error)),
            message: words(error),
        },
    }
}

fn code(error: &Error) -> u16 {
    error.sqlite_error().and_then(|error| u16::try_from(error.extended_code & 0xff).ok()).unwrap_or(1)
}

/// SQLite's words, without the number and the statement that rusqlite adds.
fn words(error: &Error) -> String {
    match error {
        Error::SqliteFailure(_, Some(message)) | Error::SqlInputError { msg: message, .. } => message.clone(),
        other => other.to_string(),
    }
}
