//! Writes the demo's calls into SQLite.

use rusqlite::{Connection, params};

use super::Leads;

const SCHEMA: &str = "\
create table calls (
  id integer primary key,
  called_at text not null,
  lead_id integer,
  phone_number text,
  status text not null,
  agent text,
  length_in_sec integer
);
create index calls_by_time on calls (called_at);
create table dnc (phone_number text primary key);
";

/// Makes the tables in an empty database, and fills them.
///
/// # Errors
/// What SQLite says: a full disk, a table that exists.
pub fn fill(to: &mut Connection, leads: &Leads) -> rusqlite::Result<()> {
    let transaction = to.transaction()?;
    transaction.execute_batch(SCHEMA)?;
    {
        let mut insert = transaction.prepare(
            "insert into calls (id, called_at, lead_id, phone_number, status, agent, length_in_sec) \
             values (?, ?, ?, ?, ?, ?, ?)",
        )?;
        for call in &leads.calls {
            let at = call.called_at.format("%Y-%m-%d %H:%M:%S").to_string();
            insert.execute(params![
                call.id,
                at,
                call.lead,
                call.phone,
                call.status,
                call.agent,
                call.seconds
            ])?;
        }
        let mut insert = transaction.prepare("insert into dnc (phone_number) values (?)")?;
        for phone in &leads.do_not_call {
            insert.execute([phone])?;
        }
    }
    transaction.commit()
}
