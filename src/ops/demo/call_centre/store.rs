//! Writes the demo's rows into SQLite.

use rusqlite::{Connection, params};

use super::{CallRow, Change, DemoData};

/// Makes the tables in an empty database, and fills those that only hold names.
///
/// # Errors
/// What SQLite says, as for all functions here: a full disk, a table that exists.
pub fn create(to: &mut Connection) -> rusqlite::Result<()> {
    let transaction = to.transaction()?;
    transaction.execute_batch(&DemoData::schema())?;
    transaction.commit()
}

/// Adds a day's calls and makes the changes that came in with them, in one transaction.
pub fn play(to: &mut Connection, rows: &[CallRow], changes: &[Change]) -> rusqlite::Result<()> {
    let transaction = to.transaction()?;
    {
        let mut insert = transaction.prepare(
            "insert into calls (id, call_date, campaign_id, list_id, status, user, phone_number, length_in_sec) \
             values (?, ?, ?, ?, ?, ?, ?, ?)",
        )?;
        let mut update = transaction.prepare("update calls set status = ? where id = ?")?;
        let late = changes.iter().filter_map(|change| match change {
            Change::Insert(row) => Some(row),
            Change::SetStatus { .. } => None,
        });
        for row in rows.iter().chain(late) {
            let at = row.call_date.format("%Y-%m-%d %H:%M:%S").to_string();
            insert.execute(params![
                row.id,
                at,
                row.campaign,
                row.list,
                row.status,
                row.agent,
                row.phone,
                row.seconds
            ])?;
        }
        for change in changes {
            if let Change::SetStatus { id, status } = change {
                update.execute(params![status, id])?;
            }
        }
    }
    transaction.commit()
}
