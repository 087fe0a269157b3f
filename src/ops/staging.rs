//! Where rows of databases are taken over to, beside the answers of lookups about them.
//!
//! It is made when it is first needed, and stays for as long as the work does: no key is asked about twice in a run.

use std::time::Duration;

use super::reading::ReadingError;
use crate::config::Sources;
use crate::model::Value;
use crate::plan::{Query, Staged};
use crate::source::{Session, SourceError};

/// Tables of the moment.
pub struct Staging {
    session: Option<Session>,
    timeout: Duration,
}

impl Staging {
    /// Nothing is there yet. What is asked of it may take as long as the most patient of these sources.
    pub fn new(sources: &Sources) -> Self {
        let timeout = sources.all().into_iter().map(|(_, settings)| settings.timeout).max();
        Self { session: None, timeout: timeout.unwrap_or_default() }
    }

    /// The session that asks the tables.
    ///
    /// # Errors
    /// When there is no room for them.
    pub async fn at(&mut self) -> Result<&mut Session, SourceError> {
        let session = match self.session.take().filter(Session::is_usable) {
            Some(session) => session,
            None => Session::of_the_moment(self.timeout).await?,
        };
        Ok(self.session.insert(session))
    }

    /// Takes over what a source has in its open transaction of these events. `unreadable` asks for a time there that
    /// the source can't read.
    ///
    /// # Errors
    /// When the rows can't be had or kept, or the column of times is not what it is said to be.
    pub async fn take_over(
        &mut self,
        from: &mut Session,
        staged: &Staged,
        (events, unreadable): (&str, Option<&Query>),
    ) -> Result<(), ReadingError> {
        let kind = self.at().await?.take_over(staged, from).await?;
        if let Some(wrong) = staged.bounds.contradiction(&kind) {
            return Err(ReadingError::TimeType { events: events.to_owned(), kind, wrong });
        }
        only_readable_times(from, events, unreadable).await
    }

    /// Ends it.
    pub async fn close(self) {
        if let Some(session) = self.session {
            session.close().await;
        }
    }
}

/// Refuses times that the source can't read: their rows would be on no day at all.
///
/// # Errors
/// When there is such a time.
pub async fn only_readable_times(
    session: &mut Session,
    events: &str,
    query: Option<&Query>,
) -> Result<(), ReadingError> {
    let Some(query) = query else { return Ok(()) };
    let found = session.rows(query).await?;
    match found.first().and_then(|row| row.first()).and_then(Value::to_text) {
        None => Ok(()),
        Some(time) => {
            Err(ReadingError::Time { events: events.to_owned(), time: time.chars().take(60).collect() })
        }
    }
}
