//! Rows on their way into a table while they are still read from elsewhere: a few at a time, never all at once.

use std::mem;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use rusqlite::{Connection, params_from_iter};

use super::cell::Cell;
use super::tables::Tables;
use crate::model::definitions::Dialect;
use crate::plan::sql::quoted;
use crate::source::SourceError;
use crate::source::sqlite::{Running, fault};

/// How many rows go over at once, and how many such batches may wait: then whoever reads waits, too.
const BATCH: usize = 256;
const BATCHES: usize = 4;

type Batch = Vec<Vec<Cell>>;

/// Rows on their way.
pub struct Feed {
    rows: SyncSender<Batch>,
    batch: Batch,
    job: Running<()>,
}

impl Feed {
    /// Puts a row in, with a cell for each column; false when nobody takes rows any more, and [`Tables::end`] tells why.
    pub fn push(&mut self, row: Vec<Cell>) -> bool {
        self.batch.push(row);
        self.batch.len() < BATCH || self.send()
    }

    fn send(&mut self) -> bool {
        self.rows.send(mem::replace(&mut self.batch, Vec::with_capacity(BATCH))).is_ok()
    }
}

impl Tables {
    /// Begins to put rows into a table of so many columns. Nothing else can be asked of the tables until that has ended.
    ///
    /// # Errors
    /// When the tables are of no use any more.
    pub fn feed(&mut self, table: &str, columns: usize) -> Result<Feed, SourceError> {
        let (rows, incoming) = sync_channel(BATCHES);
        let what = format!("filling {table}");
        let places = vec!["?"; columns].join(", ");
        let sql = format!("insert into {} values ({places})", quoted(Dialect::Sqlite, table));
        let job = self.session.start_job(move |connection| {
            take(connection, &sql, &incoming).map_err(|error| fault(&error, Path::new(&what), Some(&what)))
        })?;
        Ok(Feed { rows, batch: Vec::with_capacity(BATCH), job })
    }

    /// Waits until all rows are there. What was read of others in the meantime is then whole, or of no use.
    ///
    /// # Errors
    /// The database's.
    pub async fn end(&mut self, mut feed: Feed) -> Result<(), SourceError> {
        feed.send();
        let Feed { rows, job, .. } = feed;
        drop(rows);
        self.session.end_job("filling a table", job).await
    }
}

/// Puts rows into a table until no more come.
fn take(connection: &mut Connection, sql: &str, incoming: &Receiver<Batch>) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    {
        let mut insert = transaction.prepare(sql)?;
        while let Ok(batch) = incoming.recv() {
            for row in batch {
                insert.execute(params_from_iter(&row))?;
            }
        }
    }
    transaction.commit()
}
