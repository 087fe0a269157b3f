//! The archive as an API and as pages: one process, read-mostly, that people and programs can ask.
//!
//! | module | what it is for |
//! | --- | --- |
//! | [`listen`] | connections: timeouts, a graceful end |
//! | [`guard`] | what holds for every request, whatever it asks for |
//! | [`route`] | what can be asked for, and running it off the connections' threads |
//! | [`access`] | who asks, and what that one may have |
//! | [`held`] | archives that are kept open, and read again once something was added |
//! | [`asked`] | the words of a request |
//! | [`answer`] | what is answered: bodies, digests, how long they hold |
//! | [`entities`] | entities that somebody may ask for, and only the rows that this one may see |
//! | [`entity_shapes`] | the shapes of what is told of them |
//! | [`problem`] | what went wrong, as RFC 9457 has it |
//! | [`cache`] | answers that are kept, by digest |
//! | [`pace`] | how fast requests come and how long they take |
//! | [`open_api`] | what there is, for programs |
//! | [`routes`] | one file for each thing that can be asked for |

pub mod access;
pub mod answer;
pub mod asked;
pub mod cache;
pub mod entities;
pub mod entity_shapes;
pub mod guard;
pub mod held;
pub mod listen;
pub mod open_api;
pub mod pace;
pub mod problem;
pub mod route;
pub mod routes;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::sync::Semaphore;

use crate::config::{Config, ServeSettings};
use access::Tokens;
use cache::Cache;
use held::Held;
use pace::{Counts, Rates};

/// The clock: the system's, or a fixed one for rehearsals.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// Looks up an environment variable.
pub type Env = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Takes a line about a request that failed.
pub type Log = Arc<dyn Fn(&str) + Send + Sync>;

/// What the server is given by whoever starts it.
pub struct Setup {
    /// The configuration; with tenants that of all, or of the only one that is served.
    pub config: Config,
    /// How many bytes of answers are kept.
    pub cache: usize,
    /// The clock.
    pub clock: Clock,
    /// The environment, for the source's password.
    pub env: Env,
    /// Where lines about requests that failed go.
    pub log: Log,
    /// Whether requests that were wrong are logged too, and not only what went wrong here.
    pub log_all: bool,
}

/// What all requests share.
pub struct Server {
    /// How it answers, and whom.
    pub settings: ServeSettings,
    /// The archives, by tenant; without tenants there is the one of `None`.
    pub held: BTreeMap<Option<String>, Held>,
    /// Answers that are kept.
    pub cache: Cache,
    /// The clock.
    pub clock: Clock,
    /// The environment.
    pub env: Env,
    tokens: Tokens,
    log: Log,
    log_all: bool,
    rates: Rates,
    counts: Counts,
    reading: Arc<Semaphore>,
    asking: Arc<Semaphore>,
}

impl Server {
    /// A server of these archives. None is opened yet.
    pub fn new(setup: Setup) -> Self {
        let Setup { config, cache, clock, env, log, log_all } = setup;
        let settings = config.serve.clone();
        let held = if config.tenants.is_empty() || config.tenant.is_some() {
            BTreeMap::from([(config.tenant.clone(), Held::new(config))])
        } else {
            let own = |id: &String| Some((Some(id.clone()), Held::new(config.of_tenant(id)?)));
            config.tenants.iter().filter_map(own).collect()
        };
        Self {
            tokens: Tokens::new(&settings.tokens),
            held,
            cache: Cache::new(cache),
            rates: Rates::new(settings.requests_per_second),
            counts: Counts::default(),
            reading: Arc::new(Semaphore::new(settings.max_requests.min(Semaphore::MAX_PERMITS))),
            asking: Arc::new(Semaphore::new(settings.max_source_queries.min(Semaphore::MAX_PERMITS))),
            settings,
            clock,
            env,
            log,
            log_all,
        }
    }

    /// What it has done so far.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Whether nobody is asked for a token.
    pub fn is_open(&self) -> bool {
        self.tokens.is_empty()
    }

    /// Text without the folders of the archives, which are nobody's business but this machine's.
    pub fn without_folders(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for held in self.held.values() {
            let dir = held.config().archive.dir.display().to_string();
            if !dir.is_empty() {
                text = text.replace(&format!("{dir}/"), "").replace(&dir, "the archive");
            }
        }
        text
    }
}
