//! Asking an API about keys in hand: in batches, some of them side by side.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

use super::client::{Failed, LARGEST};
use super::error::{HttpError, HttpFault};
use super::page;
use super::request::{About, Request};
use super::walk::{Step, Told, Walk};
use super::{Http, READINGS, REST};
use crate::config::http::LookupSettings;
use crate::model::Progress;
use crate::model::lookup::KEY;
use crate::source::SourceError;
use crate::source::filled::cell::Cell;
use crate::source::lookup::Answers;

/// One batch that was asked about: the keys, what they were told, and whether each column was anywhere.
struct Batch {
    answers: Vec<(String, Vec<Cell>)>,
    seen: Vec<bool>,
    /// What an item has instead of what it lacks.
    instead: Option<String>,
}

impl Http {
    /// What it answers about keys.
    pub(in crate::source) async fn look_up(
        &self,
        name: &str,
        keys: &[String],
        progress: &dyn Progress,
    ) -> Result<Answers, SourceError> {
        let Some(asked) = self.settings.lookups.get(name) else {
            return Err(SourceError::Lookup {
                lookup: name.to_owned(),
                reason: "the configuration does not say how it is asked any more".to_owned(),
                hint: "add [lookups.NAME] again, as it was then",
            });
        };
        let asked = Arc::new(asked.clone());
        let (tell, mut told) = unbounded_channel();
        // To a path these are other places.
        let in_path = asked.feed.url.text().split('?').next().is_some_and(|path| path.contains("{keys}"));
        let can_be_asked = |key: &&String| !(in_path && matches!(key.as_str(), "." | ".."));
        let askable: Vec<String> = keys.iter().filter(can_be_asked).cloned().collect();
        let mut batches = askable.chunks(asked.batch).map(<[String]>::to_vec);
        let (mut asking, mut done) = (JoinSet::new(), 0);
        let (mut answers, mut seen, mut instead) = (Answers::default(), Vec::new(), None);
        let wanted: HashSet<&str> = keys.iter().map(String::as_str).collect();
        let mut others = 0;
        let step = |done: usize| format!("looking up {name}: {done} of {} keys", keys.len());
        progress.step(&step(done));
        loop {
            while asking.len() < self.settings.jobs.max(1)
                && let Some(batch) = batches.next()
            {
                let (api, asked, tell) = (self.clone(), Arc::clone(&asked), tell.clone());
                asking.spawn(async move { (batch.len(), api.ask_about(&asked, &batch, &tell).await) });
            }
            let batch = tokio::select! {
                Some(told) = told.recv() => {
                    progress.step(&format!("{}: {told}", step(done)));
                    continue;
                }
                batch = asking.join_next() => batch,
            };
            let Some(batch) = batch else { break };
            let (keys, batch) = batch.unwrap_or_else(|error| {
                let what = HttpFault::Request { reason: error.to_string() };
                (0, Err((1, Failed { what, tries: 1 })))
            });
            let batch = batch.map_err(|(page, failed)| {
                let Failed { what, tries } = failed;
                HttpError { feed: format!("lookup {name}"), page: Some(page), tries, what }
            })?;
            done += keys;
            progress.step(&step(done));
            seen.resize(batch.seen.len(), false);
            seen.iter_mut().zip(&batch.seen).for_each(|(seen, here)| *seen |= here);
            instead = instead.or(batch.instead);
            for (key, cells) in batch.answers {
                others += u64::from(!wanted.contains(key.as_str()));
                if wanted.contains(key.as_str()) {
                    answers.take(name, key, cells).map_err(|error| self.without_secrets(error))?;
                }
            }
        }
        Self::all_columns_seen(name, &asked, &seen, instead)?;
        if others > 0 && answers.is_empty() {
            return Err(SourceError::Lookup {
                lookup: name.to_owned(),
                reason: format!("{others} answers, and none is about a key that was asked about"),
                hint: "see whether key_at is where an item tells the key that was asked about",
            });
        }
        Ok(answers)
    }

    /// An API may say in an answer what it was told in a header.
    fn without_secrets(&self, error: SourceError) -> SourceError {
        match error {
            SourceError::Lookup { lookup, reason, hint } => {
                SourceError::Lookup { lookup, reason: self.client.secrets.masked(&reason), hint }
            }
            other => other,
        }
    }

    /// A column that no answer has is a mistake, unless it may be missing.
    fn all_columns_seen(
        name: &str,
        asked: &LookupSettings,
        seen: &[bool],
        instead: Option<String>,
    ) -> Result<(), SourceError> {
        let Some(found) = instead else { return Ok(()) };
        let columns = asked.feed.table.columns.iter().zip(seen);
        for ((column, def), _) in columns.filter(|(_, seen)| !**seen) {
            if !asked.feed.optional.contains(column) {
                let column =
                    if column == KEY { "the key".to_owned() } else { format!("the column {column}") };
                let pointer = def.at.clone();
                let what = HttpFault::NoColumn { column, pointer, found };
                return Err(HttpError { feed: format!("lookup {name}"), page: None, tries: 1, what }.into());
            }
        }
        Ok(())
    }

    /// Asks about one batch, again from its first page where the pages don't fit together.
    async fn ask_about(
        &self,
        asked: &LookupSettings,
        keys: &[String],
        tell: &UnboundedSender<String>,
    ) -> Result<Batch, (u64, Failed)> {
        let mut tries = 1;
        loop {
            match self.pages_about(asked, keys, tell).await {
                Err((_, failed)) if failed.what.is_unsteady() && tries < READINGS => {
                    tokio::time::sleep(REST * tries).await;
                    tries += 1;
                }
                // Of one key alone, that there is nothing of that name is an answer.
                Err((1, Failed { what: HttpFault::Status { status: 404 | 410, .. }, .. }))
                    if asked.batch == 1 =>
                {
                    return Ok(Batch { answers: Vec::new(), seen: Vec::new(), instead: None });
                }
                done => return done,
            }
        }
    }

    async fn pages_about(
        &self,
        asked: &LookupSettings,
        keys: &[String],
        tell: &UnboundedSender<String>,
    ) -> Result<Batch, (u64, Failed)> {
        let feed = &asked.feed;
        let about = About::Keys(keys);
        let request =
            Request { settings: &self.settings, feed, client: &self.client, about, zone: self.zone };
        let key = feed.table.columns.keys().position(|column| column == KEY);
        let mut batch =
            Batch { answers: Vec::new(), seen: vec![false; feed.table.columns.len()], instead: None };
        let columns = || feed.table.columns.iter();
        let mut walk = Walk::new(feed);
        let (mut at, mut number) = (walk.first(), 0);
        // Pages that overlap have fewer different items than there are in all.
        let mut different = BTreeSet::new();
        loop {
            number += 1;
            let once = |what: HttpFault| (number, Failed { what, tries: 1 });
            let mut ask = request.ask(&at).map_err(once)?;
            // All that are asked for side by side are held together.
            ask.limit = LARGEST / self.settings.jobs.max(1) as u64;
            let answer = self.client.ask(&ask, tell).await.map_err(|failed| (number, failed))?;
            let page =
                page::read_any(&answer.json, feed, asked.batch == 1, &self.client.secrets).map_err(once)?;
            let told = Told {
                items: page.rows.len() as u64,
                total: page.total,
                next: page.next.or(answer.next),
                digest: page.digest,
            };
            if let (1, Some(pointer), None) = (number, &feed.total, page.total) {
                let what = HttpFault::NoTotal { pointer: pointer.clone(), found: "there is none".to_owned() };
                return Err(once(what));
            }
            if let (true, Some(found)) = (asked.batch == 1, &page.instead)
                && !page.seen.contains(&true)
                && let Some((name, def)) = columns().find(|(name, _)| !feed.optional.contains(name))
            {
                // Something else about the one key, such as why it is not answered.
                let (column, pointer) = (format!("the column {name}"), def.at.clone());
                return Err(once(HttpFault::NoColumn { column, pointer, found: found.clone() }));
            }
            batch.seen.iter_mut().zip(&page.seen).for_each(|(seen, here)| *seen |= here);
            batch.instead = batch.instead.or(page.instead);
            for row in page.rows {
                let mut cells = row.cells;
                let key = match key {
                    // Without a place for it there is one key only.
                    None => keys.first().cloned(),
                    Some(place) => match cells.remove(place) {
                        Cell::Text(key) => Some(key),
                        Cell::Null | Cell::Integer(_) | Cell::Real(_) => None,
                    },
                };
                different.insert(format!("{key:?} {cells:?}"));
                batch.answers.extend(key.map(|key| (key, cells)));
            }
            match walk.take(&at, &told).map_err(once)? {
                Step::End => break,
                Step::Next(next) => at = next,
                Step::Again => {}
            }
        }
        match walk.total() {
            Some(told) if told != different.len() as u64 => {
                let what = HttpFault::Total { told, found: different.len() as u64 };
                Err((number, Failed { what, tries: 1 }))
            }
            _ => Ok(batch),
        }
    }
}
