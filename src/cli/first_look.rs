//! The first look at entities, with which `asof init` ends: the baseline that growth is told from.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::context::{Context, block_on, env};
use super::exit;
use super::failure::Failure;
use crate::config::Config;
use crate::model::entity::CaptureType;
use crate::model::progress::Silent;
use crate::ops::entities::capture::{CaptureRequest, capture};
use crate::ops::entities::look::LookRequest;
use crate::view::format::count;

/// How long the archive's lock is waited for.
const WAIT: Duration = Duration::from_secs(10);

/// What became of the first look at one kind of entities.
pub struct First {
    entity: String,
    /// How many rows were kept, or why none could be.
    seen: Result<usize, String>,
}

/// Looks at all entities of a configuration that was just written, each for itself. A source that is not
/// there yet is no failure: most configurations are edited first.
///
/// # Errors
/// When the configuration can't be read.
pub fn take(context: &Context<'_>, path: &Path) -> Result<Vec<First>, Failure> {
    let unread = |error| {
        let message = format!("{} can't be read: {error}", path.display());
        Failure::said(exit::FAILED, message, None)
    };
    let config = Config::parse_bytes(&fs::read(path).map_err(unread)?, path)?;
    let asked = CaptureRequest {
        keys: None,
        filters: Vec::new(),
        kind: CaptureType::Scheduled,
        trigger: Some("init".to_owned()),
        reason: Some("the first look".to_owned()),
        actor: None,
        occurred_at: None,
        max_age: None,
        // What was seen before stays the first look.
        if_missing: true,
        if_changed: false,
    };
    let now = || context.now();
    let request = LookRequest { env: &env, now: &now, tenant: None, retry_for: Duration::ZERO, wait: WAIT };
    let mut all = Vec::new();
    for (name, entity) in &config.entities {
        let taken = block_on(capture(&config, name, entity, &asked, &request, &Silent))?;
        let seen = taken.map(|outcome| outcome.kept()).map_err(|error| error.to_string());
        all.push(First { entity: name.clone(), seen });
    }
    Ok(all)
}

impl First {
    /// What became of it, on a line.
    pub fn sentence(&self) -> String {
        match &self.seen {
            Ok(rows) => format!("kept a first look at {} {}\n", count(*rows as u64), self.entity),
            Err(why) => format!("no first look at {} yet: {}\n", self.entity, crate::view::text::safe(why)),
        }
    }

    /// The command that takes it, where it could not be taken.
    pub fn command(&self) -> Option<String> {
        self.seen.is_err().then(|| format!("  asof capture {}\n", self.entity))
    }

    /// The same for programs.
    pub fn document(&self) -> Value {
        json!({
            "entity": self.entity,
            "captured": self.seen.as_ref().ok(),
            "reason": self.seen.as_ref().err(),
        })
    }
}
