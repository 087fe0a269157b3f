//! HTTP APIs as a source: each feed, page by page, into a table.
//!
//! A feed is taken whole or not at all: its items are told apart by their key, held against the total where the API
//! tells one, and a feed that changed under the reader is read again from its start.

mod client;
mod error;
mod headers;
mod lookup;
mod pace;
mod page;
mod request;
mod walk;
mod words;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use chrono_tz::Tz;
use indexmap::IndexMap;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

use self::client::{Ask, Client, Failed, LARGEST};
use self::page::Page;
use self::request::{About, Request};
use self::walk::{At, Step, Told, Walk};
use super::filled::tables::Tables;
use super::{FeedReport, FirstPage, SourceError};
use crate::calendar::Window;
use crate::config::HttpSettings;
use crate::config::http::{FeedSettings, Pages};
use crate::model::Progress;

pub use self::error::{HttpError, HttpFault};

/// How often a feed is read that changes under the reader.
const READINGS: u32 = 3;
/// How long it is left alone before it is read again.
const REST: Duration = Duration::from_millis(500);

/// An API whose feeds fill tables.
#[derive(Clone)]
pub(super) struct Http {
    settings: Arc<HttpSettings>,
    feeds: IndexMap<String, Arc<FeedSettings>>,
    client: Client,
    zone: Tz,
}

/// A page on its way: its number from 0, and what came of it.
type Fetched = (u64, At, Result<Page, Failed>);

impl Http {
    /// Makes the client; nothing is asked yet.
    pub(super) async fn open(
        settings: &HttpSettings,
        timeout: Duration,
        zone: Tz,
        env: &(dyn Fn(&str) -> Option<String> + Sync),
    ) -> Result<Self, SourceError> {
        let client = Client::open(settings, timeout, env).await?;
        let feeds =
            settings.feeds.iter().map(|(name, feed)| (name.clone(), Arc::new(feed.clone()))).collect();
        Ok(Self { settings: Arc::new(settings.clone()), feeds, client, zone })
    }

    pub(super) fn tables(&self) -> Vec<&str> {
        self.feeds.keys().map(String::as_str).collect()
    }

    pub(super) fn is_of_a_window(&self, table: &str) -> bool {
        self.feeds.get(table).is_some_and(|feed| feed.is_of_a_day())
    }

    /// Fills a table with the items of its feed, all of them or none.
    pub(super) async fn fill(
        &self,
        table: &str,
        window: &Window,
        tables: &mut Tables,
        progress: &dyn Progress,
    ) -> Result<(), SourceError> {
        let Some(feed) = self.feeds.get(table) else {
            return Err(SourceError::NoSuchSource { name: table.to_owned() });
        };
        let mut tries = 1;
        loop {
            // What did not fit together side by side may do so one by one.
            let jobs = if tries == 1 { self.settings.jobs } else { 1 };
            let mut reading = Reading::new(self, table, feed, window, jobs);
            match reading.read(tables, progress).await {
                Err(SourceError::Http(mut error)) if error.what.is_unsteady() => {
                    if tries >= READINGS {
                        error.tries = tries;
                        return Err(SourceError::Http(error));
                    }
                    progress.step(&format!("{error}; reading it again from its start"));
                    tables.empty(table).await?;
                    tokio::time::sleep(REST * tries).await;
                    tries += 1;
                }
                done => return done,
            }
        }
    }

    /// What the first page of each feed holds.
    pub(super) async fn probe(&self, window: &Window, progress: &dyn Progress) -> Vec<FeedReport> {
        let mut found = Vec::new();
        for (table, feed) in &self.feeds {
            let name = self.called(table);
            progress.step(&format!("{name}: the first page"));
            let wrong = |failed: Failed| {
                let Failed { what, tries } = failed;
                SourceError::from(HttpError { feed: name.clone(), page: Some(1), tries, what })
            };
            let page = self.first_page(feed, window).await.map_err(wrong);
            found.push(FeedReport { feed: name.clone(), page });
        }
        found
    }

    async fn first_page(&self, feed: &FeedSettings, window: &Window) -> Result<FirstPage, Failed> {
        let once = |what: HttpFault| Failed { what, tries: 1 };
        let client = self.client.impatient();
        let request = Request {
            settings: &self.settings,
            feed,
            client: &client,
            about: About::Window(window),
            zone: self.zone,
        };
        let ask = request.ask(&Walk::new(feed).first()).map_err(once)?;
        // Nobody listens: what goes wrong for good is told.
        let (tell, _) = unbounded_channel();
        let answer = client.ask(&ask, &tell).await?;
        let page = page::read(&answer.json, feed, true, &client.secrets).map_err(once)?;
        Ok(FirstPage {
            items: page.rows.len(),
            total: page.total,
            goes_on: feed.pages != Pages::One,
            is_last: matches!(feed.pages, Pages::Cursor { .. } | Pages::Link { .. })
                && page.next.or(answer.next).is_none(),
            fields: page::fields(&answer.json, feed),
        })
    }

    /// What a feed is called: with its source's name, where that has one.
    fn called(&self, table: &str) -> String {
        self.settings.name.as_ref().map_or_else(|| table.to_owned(), |name| format!("{name}.{table}"))
    }
}

/// One reading of a feed, from its first page to its last.
struct Reading<'r> {
    http: &'r Http,
    table: &'r str,
    name: String,
    feed: &'r Arc<FeedSettings>,
    request: Request<'r>,
    jobs: usize,
    /// How many bytes the answer with a page may have.
    limit: u64,
    /// The pages that are asked for now.
    asking: JoinSet<Fetched>,
    /// Pages that came before their turn.
    early: BTreeMap<u64, (At, Result<Page, Failed>)>,
    tell: UnboundedSender<String>,
    told: UnboundedReceiver<String>,
}

impl<'r> Reading<'r> {
    fn new(
        http: &'r Http,
        table: &'r str,
        feed: &'r Arc<FeedSettings>,
        window: &'r Window,
        jobs: usize,
    ) -> Self {
        let request = Request {
            settings: &http.settings,
            feed,
            client: &http.client,
            about: About::Window(window),
            zone: http.zone,
        };
        let (tell, told) = unbounded_channel();
        Self {
            http,
            table,
            name: http.called(table),
            feed,
            request,
            jobs,
            limit: LARGEST,
            asking: JoinSet::new(),
            early: BTreeMap::new(),
            tell,
            told,
        }
    }

    async fn read(&mut self, tables: &mut Tables, progress: &dyn Progress) -> Result<(), SourceError> {
        let mut walk = Walk::new(self.feed);
        let mut size = 0;
        // The pages that are known already and not asked for yet.
        let mut ahead = VecDeque::from([walk.first()]);
        let (mut number, mut asked) = (0, 0);
        let mut side_by_side = false;
        loop {
            self.launch(&mut ahead, &mut asked)?;
            if number == asked {
                break;
            }
            let of = walk.pages(size).map(|pages| format!(" of {pages}")).unwrap_or_default();
            let step = format!("{}: page {}{of}", self.name, number + 1);
            progress.step(&step);
            let (at, page) = self.page(number, &step, progress).await?;
            let told = Told {
                items: page.rows.len() as u64,
                total: page.total,
                next: page.next.clone(),
                digest: page.digest,
            };
            let next = walk.take(&at, &told).map_err(|what| self.wrong(number, what))?;
            if number == 0 {
                size = told.items;
                if self.jobs > 1 && matches!(next, Step::Next(_)) {
                    let rest = walk.side_by_side(&told).map_err(|what| self.wrong(number, what))?;
                    side_by_side = rest.is_some();
                    if side_by_side {
                        self.share(page.size);
                    }
                    ahead.extend(rest.unwrap_or_default());
                }
            }
            number += 1;
            if !side_by_side {
                match next {
                    Step::End => {}
                    Step::Next(next) => ahead.push_back(next),
                    Step::Again => ahead.push_back(at),
                }
            }
            // The next page is on its way while this one is put into the table.
            self.launch(&mut ahead, &mut asked)?;
            if !page.rows.is_empty() {
                tables.insert(self.table, page.rows).await?;
            }
        }
        let found =
            if self.feed.table.key.is_empty() { walk.received() } else { tables.count(self.table).await? };
        match walk.total() {
            Some(told) if told != found => Err(HttpError {
                feed: self.name.clone(),
                page: None,
                tries: 1,
                what: HttpFault::Total { told, found },
            }
            .into()),
            _ => Ok(()),
        }
    }

    /// Shares the room for one answer among those that are asked for side by side: as many as have room for twice a
    /// page of this size. What is larger than its share is read again by itself, see [`HttpFault::is_unsteady`].
    fn share(&mut self, size: u64) {
        let room = usize::try_from(LARGEST / size.saturating_mul(2).max(1)).unwrap_or(usize::MAX);
        self.jobs = self.jobs.min(room).max(1);
        self.limit = LARGEST / self.jobs as u64;
    }

    /// Asks for the pages that are next, as many at once as may be.
    fn launch(&mut self, ahead: &mut VecDeque<At>, asked: &mut u64) -> Result<(), SourceError> {
        while self.asking.len() + self.early.len() < self.jobs.max(1)
            && let Some(at) = ahead.pop_front()
        {
            let mut ask = self.request.ask(&at).map_err(|what| self.wrong(*asked, what))?;
            ask.limit = self.limit;
            self.spawn(*asked, at, ask);
            *asked += 1;
        }
        Ok(())
    }

    /// Asks for a page, and reads it where nobody waits for it.
    fn spawn(&mut self, number: u64, at: At, ask: Ask) {
        let (client, feed, tell) = (self.http.client.clone(), Arc::clone(self.feed), self.tell.clone());
        self.asking.spawn(async move {
            let page = async {
                let answer = client.ask(&ask, &tell).await?;
                let secrets = Arc::clone(&client.secrets);
                let reading = tokio::task::spawn_blocking(move || {
                    let mut page = page::read(&answer.json, &feed, number == 0, &secrets)?;
                    page.next = page.next.or(answer.next);
                    Ok(page)
                });
                let read = reading
                    .await
                    .unwrap_or_else(|error| Err(HttpFault::Request { reason: error.to_string() }));
                read.map_err(|what| Failed { what, tries: 1 })
            };
            (number, at, page.await)
        });
    }

    /// Waits for the page of this number.
    async fn page(
        &mut self,
        number: u64,
        step: &str,
        progress: &dyn Progress,
    ) -> Result<(At, Page), SourceError> {
        loop {
            if let Some((at, page)) = self.early.remove(&number) {
                let page = page.map_err(|failed| HttpError {
                    feed: self.name.clone(),
                    page: Some(number + 1),
                    tries: failed.tries,
                    what: failed.what,
                })?;
                return Ok((at, page));
            }
            tokio::select! {
                Some(told) = self.told.recv() => progress.step(&format!("{step}: {told}")),
                fetched = self.asking.join_next() => match fetched {
                    Some(Ok((number, at, page))) => {
                        self.early.insert(number, (at, page));
                    }
                    Some(Err(error)) => {
                        return Err(self.wrong(number, HttpFault::Request { reason: error.to_string() }));
                    }
                    None => {
                        let reason = "nobody asks for it any more".to_owned();
                        return Err(self.wrong(number, HttpFault::Request { reason }));
                    }
                },
            }
        }
    }

    fn wrong(&self, number: u64, what: HttpFault) -> SourceError {
        HttpError { feed: self.name.clone(), page: Some(number + 1), tries: 1, what }.into()
    }
}
