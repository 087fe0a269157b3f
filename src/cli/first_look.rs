//! The first look at entities, with which `asof init` ends: the baseline that growth is told from.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::context::{Context, block_on};
use super::exit;
use super::failure::Failure;
use crate::config::Config;
use crate::model::entity::CaptureType;
use crate::model::progress::Silent;
use crate::ops::entities::capture::{CaptureRequest, capture};
use crate::ops::entities::look::LookRequest;
use crate::ops::reading::Env;
use crate::view::format::count;
use crate::view::text::safe;

/// How long the archive's lock is waited for.
const WAIT: Duration = Duration::from_secs(10);

/// What became of the first look at one kind of entities.
pub struct First {
    entity: String,
    /// Whose they are, where there are tenants.
    tenant: Option<String>,
    /// How many rows were kept, or why none could be.
    seen: Result<usize, String>,
}

/// Looks at all entities of a configuration that was just written, each for itself. A source that is not
/// there yet is no failure: most configurations are edited first.
///
/// # Errors
/// When the configuration can't be read.
pub fn take(context: &Context<'_>, path: &Path, env: Env<'_>) -> Result<Vec<First>, Failure> {
    let unread = |error| {
        let message = format!("{} can't be read: {error}", path.display());
        Failure::said(exit::FAILED, message, None)
    };
    let config = Config::parse_bytes(&fs::read(path).map_err(unread)?, path)?;
    let asked = CaptureRequest {
        trigger: Some("init".to_owned()),
        reason: Some("the first look".to_owned()),
        // What was seen before stays the first look.
        if_missing: true,
        ..CaptureRequest::of(CaptureType::Scheduled)
    };
    let now = || context.now();
    let request = LookRequest { env, now: &now, retry_for: Duration::ZERO, wait: WAIT };
    let own: Vec<Config> = config.tenants.iter().filter_map(|id| config.of_tenant(id)).collect();
    let mut all = Vec::new();
    for config in if own.is_empty() { std::slice::from_ref(&config) } else { own.as_slice() } {
        for (name, entity) in &config.entities {
            let taken = block_on(capture(config, name, entity, &asked, &request, &Silent))?;
            let seen = taken.map(|outcome| outcome.kept()).map_err(|error| error.to_string());
            all.push(First { entity: name.clone(), tenant: config.tenant.clone(), seen });
        }
    }
    Ok(all)
}

impl First {
    /// What became of it, on a line.
    pub fn sentence(&self) -> String {
        match &self.seen {
            Ok(rows) => {
                format!("kept a first look at {} {}{}\n", count(*rows as u64), self.entity, self.whose())
            }
            Err(why) => format!("no first look at {}{} yet: {}\n", self.entity, self.whose(), safe(why)),
        }
    }

    fn whose(&self) -> String {
        self.tenant.as_ref().map(|id| format!(" of the tenant {}", safe(id))).unwrap_or_default()
    }

    /// The command that takes it, where it could not be taken.
    pub fn command(&self) -> Option<String> {
        let command = || format!("  asof capture {}\n", self.entity);
        self.seen.is_err().then(|| super::tenants::hint(&command(), self.tenant.as_deref()))
    }

    /// The same for programs.
    pub fn document(&self) -> Value {
        let mut document = json!({
            "entity": self.entity,
            "captured": self.seen.as_ref().ok(),
            "reason": self.seen.as_ref().err(),
        });
        if let (Value::Object(fields), Some(tenant)) = (&mut document, &self.tenant) {
            fields.insert("tenant".to_owned(), json!(tenant));
        }
        document
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use clap::ColorChoice;

    use super::take;
    use crate::cli::Global;
    use crate::cli::context::Context;
    use crate::cli::output::Output;

    const CONFIG: &str = r#"
        source = { url = "sqlite:crm.db" }
        calendar = { time_zone = "UTC" }
        events.calls = { table = "calls", time = "at", time_is = "utc" }
        metrics.calls = { of = "calls", count = true }
        entities.account = { sql = "select * from accounts", key = "id", counters = { logins = "logins" } }
        entities.video = { sql = "select * from videos", key = "id", counters = { views = "views" } }
    "#;

    #[test]
    fn what_can_be_seen_is_kept_and_what_can_not_is_left_to_a_command() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("asof.toml");
        fs::write(&path, CONFIG).unwrap();
        let global = Global {
            config: None,
            tenant: None,
            json: false,
            quiet: false,
            verbose: false,
            color: ColorChoice::Never,
        };
        let output = Output::new(&global);
        let context = Context::new(&global, &output).unwrap();
        let told = || {
            let looks = take(&context, &path, &|_| None).unwrap();
            looks.iter().map(|first| (first.sentence(), first.command())).collect::<Vec<_>>()
        };
        let told_before = told();
        assert!(told_before[0].0.starts_with("no first look at account yet: "), "{told_before:?}");
        assert_eq!(told_before[1].1.as_deref(), Some("  asof capture video\n"));
        assert!(!dir.path().join("snapshots").exists(), "nothing was kept");
        let db = rusqlite::Connection::open(dir.path().join("crm.db")).unwrap();
        db.execute_batch("create table accounts (id, logins); insert into accounts values (1, 2), (3, 4)")
            .unwrap();
        let told = told();
        assert_eq!(told[0], ("kept a first look at 2 account\n".to_owned(), None));
        assert!(told[1].0.contains("videos"), "{told:?}");
        let ledger = fs::read_to_string(dir.path().join("snapshots/ledger.jsonl")).unwrap();
        let line = ledger.lines().find(|line| line.contains("\"capture\"")).unwrap();
        assert!(line.contains("\"full\":true") && line.contains("\"rows\":2"), "{line}");
    }
}
