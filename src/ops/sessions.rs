//! The connections of one piece of work: one to each source, made when it is first needed.

use std::collections::BTreeMap;

use super::reading::Env;
use crate::config::Sources;
use crate::source::{self, Session, SourceError};

/// Sessions with sources, by name.
pub struct Sessions<'a> {
    sources: &'a Sources,
    env: Env<'a>,
    open: BTreeMap<Option<String>, Session>,
}

impl<'a> Sessions<'a> {
    /// None is open yet.
    pub fn new(sources: &'a Sources, env: Env<'a>) -> Self {
        Self { sources, env, open: BTreeMap::new() }
    }

    /// Whether there is a sound session with that source.
    pub fn is_open(&self, name: Option<&str>) -> bool {
        self.open.get(&name.map(str::to_owned)).is_some_and(Session::is_usable)
    }

    /// The session with that source, opened unless there is a sound one.
    ///
    /// # Errors
    /// When it can't be reached, or the configuration has no such source.
    pub async fn at(&mut self, name: Option<&str>) -> Result<&mut Session, SourceError> {
        let session = match self.open.remove(&name.map(str::to_owned)).filter(Session::is_usable) {
            Some(session) => session,
            None => open(self.sources, name, self.env).await?,
        };
        Ok(self.open.entry(name.map(str::to_owned)).or_insert(session))
    }

    /// Takes the session with that source out, opened unless there is a sound one: whoever has it gives it back when
    /// it is sound still.
    ///
    /// # Errors
    /// As [`Sessions::at`].
    pub async fn take(&mut self, name: Option<&str>) -> Result<Session, SourceError> {
        match self.open.remove(&name.map(str::to_owned)).filter(Session::is_usable) {
            Some(session) => Ok(session),
            None => open(self.sources, name, self.env).await,
        }
    }

    /// Keeps a session for later.
    pub fn give_back(&mut self, name: Option<&str>, session: Session) {
        self.open.insert(name.map(str::to_owned), session);
    }

    /// Ends all of them.
    pub async fn close(self) {
        for session in self.open.into_values() {
            session.close().await;
        }
    }
}

/// Opens one source.
///
/// # Errors
/// As [`Sessions::at`].
pub async fn open(sources: &Sources, name: Option<&str>, env: Env<'_>) -> Result<Session, SourceError> {
    let missing = || SourceError::NoSuchSource { name: name.unwrap_or_default().to_owned() };
    source::open(sources.of(name).ok_or_else(missing)?, env).await
}
