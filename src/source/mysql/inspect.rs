//! What the server is, its clock and zone, the account's rights, and its tables' engines.

use std::collections::BTreeSet;

use chrono::NaiveDateTime;
use mysql_async::{Conn, Params, Value as Raw};

use super::fault::At;
use super::{ServerInfo, ServerReport, ServerZone, SourceError, own};
use crate::model::Value;
use crate::model::manifest::Consistency;
use crate::source::Grant;

/// The privileges by which an account could change something.
const WRITING: [&str; 22] = [
    "ALL",
    "ALL PRIVILEGES",
    "ALTER",
    "ALTER ROUTINE",
    "CREATE",
    "CREATE ROUTINE",
    "CREATE TABLESPACE",
    "CREATE TEMPORARY TABLES",
    "CREATE USER",
    "CREATE VIEW",
    "DELETE",
    "DELETE HISTORY",
    "DROP",
    "EVENT",
    "FILE",
    "GRANT OPTION",
    "INDEX",
    "INSERT",
    "SUPER",
    "SYSTEM_VARIABLES_ADMIN",
    "TRIGGER",
    "UPDATE",
];

/// What the server is, and its zone before asof sets its own.
pub(super) async fn identify(conn: &mut Conn, at: &At) -> Result<(ServerInfo, ServerZone), SourceError> {
    let sql = "select concat(version(), ' ', @@version_comment), version(), @@session.time_zone, \
               @@system_time_zone, timestampdiff(second, utc_timestamp(), now())";
    let rows = own(conn, at, "the server's version", sql, Params::Empty).await?;
    let mut cells = rows.into_iter().flatten();
    let mut text = || match cells.next() {
        Some(Value::Text(text)) => text,
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    let (all, version, setting, system, offset) = (text(), text(), text(), text(), text());
    let name = if all.to_ascii_lowercase().contains("mariadb") { "MariaDB" } else { "MySQL" };
    let offset_seconds = offset.parse().unwrap_or_default();
    Ok((ServerInfo { name, version }, ServerZone { offset_seconds, setting, system }))
}

/// Whether all tables that these words may name are of an engine with snapshots.
///
/// A view is taken for one without, as nothing is known of what lies behind it.
pub(super) async fn consistency(
    conn: &mut Conn,
    words: BTreeSet<String>,
    at: &At,
) -> Result<Consistency, SourceError> {
    if words.is_empty() {
        return Ok(Consistency::Snapshot);
    }
    let places = vec!["?"; words.len()].join(", ");
    let sql = format!(
        "select count(*) from information_schema.tables \
         where (table_schema = database() or table_schema in ({places})) and table_name in ({places}) \
         and (engine is null or engine <> 'InnoDB')"
    );
    let bound: Vec<Raw> = words.into_iter().map(|word| Raw::Bytes(word.into_bytes())).collect();
    let twice = [bound.clone(), bound].concat();
    let rows = own(conn, at, "the list of tables", &sql, Params::Positional(twice)).await?;
    let none = rows.first().and_then(|row| row.first()) == Some(&Value::from(0));
    Ok(if none { Consistency::Snapshot } else { Consistency::Statement })
}

pub(super) async fn inspect(
    conn: &mut Conn,
    at: &At,
    server: ServerInfo,
    zone: ServerZone,
    limits_time: bool,
) -> Result<ServerReport, SourceError> {
    let clock = own(conn, at, "the server's clock", "select utc_timestamp(6)", Params::Empty).await?;
    let now = match clock.into_iter().flatten().next() {
        Some(Value::Text(text)) => NaiveDateTime::parse_from_str(&text, "%Y-%m-%d %H:%M:%S%.f").ok(),
        _ => None,
    };
    let now = now.ok_or_else(|| at.protocol("it does not tell its time".to_owned()))?.and_utc();
    let sql = "show session status like 'Ssl_cipher'";
    let cipher = own(conn, at, "the cipher", sql, Params::Empty).await?;
    let tls = cipher.into_iter().flatten().nth(1).and_then(|value| match value {
        Value::Text(cipher) if !cipher.is_empty() => Some(cipher),
        _ => None,
    });
    let writes = writes(conn, at).await?;
    Ok(ServerReport { server, now, zone: Some(zone), writes, tls, limits_time })
}

/// The privileges to write; `None` if they may not be looked at.
async fn writes(conn: &mut Conn, at: &At) -> Result<Option<Vec<Grant>>, SourceError> {
    let Some(mut lines) = texts(conn, at, "show grants").await? else {
        return Ok(None);
    };
    // MariaDB tells the grants of the active role by itself; MySQL does when asked to. A server
    // without roles refuses the question.
    let role = texts(conn, at, "select current_role()").await?.unwrap_or_default();
    if let Some(role) = role.first().filter(|role| role.contains('@')) {
        let sql = format!("show grants for current_user() using {role}");
        lines.extend(texts(conn, at, &sql).await?.unwrap_or_default());
    }
    let grants: BTreeSet<Grant> = lines.iter().flat_map(|line| writing(line)).collect();
    Ok(Some(grants.into_iter().collect()))
}

/// The first column of each row as text; `None` if the server refuses.
async fn texts(conn: &mut Conn, at: &At, sql: &str) -> Result<Option<Vec<String>>, SourceError> {
    let rows = match own(conn, at, "the account's rights", sql, Params::Empty).await {
        Err(SourceError::Refused { .. }) => return Ok(None),
        other => other?,
    };
    Ok(Some(
        rows.into_iter()
            .filter_map(|row| match row.into_iter().next() {
                Some(Value::Text(text)) => Some(text),
                _ => None,
            })
            .collect(),
    ))
}

/// The privileges to write in one line of SHOW GRANTS. The line itself may hold the hash of
/// a password, so nothing else of it is kept.
fn writing(line: &str) -> Vec<Grant> {
    let Some((privileges, rest)) = line.strip_prefix("GRANT ").and_then(|rest| rest.split_once(" ON "))
    else {
        return Vec::new();
    };
    let Some((on, rest)) = rest.split_once(" TO ") else {
        return Vec::new();
    };
    let on = on.replace('`', "");
    let mut depth = 0_usize;
    // A privilege may be followed by its columns, in parentheses.
    let mut names: Vec<String> = privileges
        .split(|c| {
            match c {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            c == ',' && depth == 0
        })
        .map(|name| name.split('(').next().unwrap_or_default().trim().to_ascii_uppercase())
        .collect();
    if rest.contains("WITH GRANT OPTION") {
        names.push("GRANT OPTION".to_owned());
    }
    names.retain(|name| WRITING.contains(&name.as_str()));
    names.into_iter().map(|privilege| Grant { privilege, on: on.clone() }).collect()
}

#[cfg(test)]
mod tests {
    use super::writing;

    fn told(line: &str) -> String {
        writing(line)
            .iter()
            .map(|grant| format!("{} {}", grant.privilege, grant.on))
            .collect::<Vec<_>>()
            .join("; ")
    }

    #[test]
    fn only_privileges_to_write_are_told() {
        assert_eq!(told("GRANT SELECT ON `asterisk`.* TO `report`@`%`"), "");
        assert_eq!(told("GRANT USAGE ON *.* TO `r`@`%` IDENTIFIED BY PASSWORD '*SECRET'"), "");
        assert_eq!(
            told("GRANT SELECT, INSERT (a, `b`), UPDATE ON `my db`.`t` TO `r`@`%`"),
            "INSERT my db.t; UPDATE my db.t"
        );
        assert_eq!(
            told("GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost` WITH GRANT OPTION"),
            "ALL PRIVILEGES *.*; GRANT OPTION *.*"
        );
        assert_eq!(told("GRANT `reader`@`%` TO `r`@`%`"), "");
        assert_eq!(told("nonsense"), "");
    }
}
