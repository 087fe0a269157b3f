//! Who hears of alerts, and what is run around a save.

use std::time::Duration;

use indexmap::IndexMap;
use url::{Host, Url};

use super::check::{Checker, span};
use super::file::{self, File};

/// How long one attempt to tell somebody may take when nothing else is said.
const SINK_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a webhook that fails is tried again when nothing else is said.
const RETRY_FOR: Duration = Duration::from_secs(30);
/// How long a command around a save may take when nothing else is said.
const HOOK_TIMEOUT: Duration = Duration::from_mins(1);

/// Who hears of what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotifySettings {
    /// Where alerts are sent, by name, in the order of the file.
    pub sinks: IndexMap<String, SinkSettings>,
    /// What is called after each good save.
    pub heartbeat: Option<HeartbeatSettings>,
    /// Commands around a save.
    pub hooks: HookSettings,
    /// The environment variables that hold secrets, which no command is to get.
    pub secrets: Vec<String>,
}

/// One place where alerts are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SinkSettings {
    /// How.
    pub to: SinkTo,
    /// How long one attempt may take.
    pub timeout: Duration,
    /// Whether what would be sent is only printed.
    pub dry_run: bool,
}

/// How alerts are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SinkTo {
    /// A program and its arguments, which gets them on its standard input; no shell reads them.
    Command(Vec<String>),
    /// They are posted.
    Webhook {
        /// Where to.
        url: String,
        /// The environment variable that holds the secret.
        secret_env: Option<String>,
        /// How long it is tried again.
        retry_for: Duration,
    },
}

/// What is called after each good save.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeartbeatSettings {
    /// The URL that is asked for.
    pub url: String,
    /// How long that may take.
    pub timeout: Duration,
}

/// Commands around a save, each a program and its arguments; no shell reads them. None where it is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookSettings {
    /// Run before a save.
    pub before: Vec<String>,
    /// Run after a good one.
    pub after: Vec<String>,
    /// Run after one that failed.
    pub failed: Vec<String>,
    /// How long each may take.
    pub timeout: Duration,
}

/// Checks `[sinks]`, `[heartbeat]` and `[hooks]`.
pub fn check(file: &File, checker: &mut Checker<'_, '_>) -> NotifySettings {
    let mut sinks = IndexMap::new();
    for (name, written) in &file.sinks {
        checker.name(&["sinks", name], name);
        if let Some(settings) = sink(name, written, checker) {
            sinks.insert(name.clone(), settings);
        }
    }
    let heartbeat = file.heartbeat.as_ref().and_then(|written| {
        let timeout = time(written.timeout.as_deref(), SINK_TIMEOUT, &["heartbeat", "timeout"], checker);
        let sound = is_url(&written.url, false, &["heartbeat", "url"], checker);
        sound.then(|| HeartbeatSettings { url: written.url.clone(), timeout })
    });
    let secrets = file.sinks.values().filter_map(|sink| sink.secret_env.clone());
    let sources = file.source.iter().chain(file.sources.values());
    let password = sources.filter_map(|source| source.password_env.clone());
    NotifySettings {
        sinks,
        heartbeat,
        hooks: hooks(file, checker),
        secrets: secrets.chain(password).collect(),
    }
}

fn hooks(file: &File, checker: &mut Checker<'_, '_>) -> HookSettings {
    let written = file.hooks.as_ref();
    let mut command = |key: &str, words: Option<&Vec<String>>| {
        words.map(|words| program(words, &["hooks", key], checker)).unwrap_or_default()
    };
    let before = command("before", written.and_then(|hooks| hooks.before.as_ref()));
    let after = command("after", written.and_then(|hooks| hooks.after.as_ref()));
    let failed = command("failed", written.and_then(|hooks| hooks.failed.as_ref()));
    let timeout = written.and_then(|hooks| hooks.timeout.as_deref());
    let timeout = time(timeout, HOOK_TIMEOUT, &["hooks", "timeout"], checker);
    HookSettings { before, after, failed, timeout }
}

fn sink(name: &str, written: &file::Sink, checker: &mut Checker<'_, '_>) -> Option<SinkSettings> {
    let timeout = time(written.timeout.as_deref(), SINK_TIMEOUT, &["sinks", name, "timeout"], checker);
    let to = match (&written.command, &written.webhook) {
        (Some(words), None) => {
            let given =
                [("secret_env", written.secret_env.is_some()), ("retry_for", written.retry_for.is_some())];
            for (key, _) in given.into_iter().filter(|(_, given)| *given) {
                let hint = "only a webhook has one".to_owned();
                checker.problem(&["sinks", name, key], format!("{key:?} means nothing with a command"), hint);
            }
            SinkTo::Command(program(words, &["sinks", name, "command"], checker))
        }
        (None, Some(url)) => {
            is_url(url, written.secret_env.is_some(), &["sinks", name, "webhook"], checker);
            let retry_for = written.retry_for.as_deref();
            let retry_for = time(retry_for, RETRY_FOR, &["sinks", name, "retry_for"], checker);
            SinkTo::Webhook { url: url.clone(), secret_env: written.secret_env.clone(), retry_for }
        }
        _ => {
            let hint = "write one of command = [\"program\"] and webhook = \"https://…\"".to_owned();
            checker.problem(&["sinks", name], format!("it is not said where {name:?} sends to"), hint);
            return None;
        }
    };
    Some(SinkSettings { to, timeout, dry_run: written.dry_run.unwrap_or(false) })
}

/// A program and its arguments.
fn program(words: &[String], path: &[&str], checker: &mut Checker<'_, '_>) -> Vec<String> {
    if words.first().is_none_or(String::is_empty) {
        let hint = "write the program and its arguments: [\"mail\", \"ops@example.com\"]".to_owned();
        checker.problem(path, "no program is named", hint);
    }
    words.to_vec()
}

/// Whether it can be called, and keeps a secret that it holds or that goes with it. What is written is not repeated.
fn is_url(text: &str, with_secret: bool, path: &[&str], checker: &mut Checker<'_, '_>) -> bool {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let Some(url) = url else {
        let hint = "write https://host/path".to_owned();
        checker.problem(path, "this is no URL that can be called", hint);
        return false;
    };
    let with_secret = with_secret || !url.username().is_empty() || url.password().is_some();
    let in_clear = url.scheme() == "http" && with_secret && !is_this_machine(&url);
    if in_clear {
        let hint = "write https://: http:// with a secret is for this machine only".to_owned();
        checker.problem(path, "this would send a secret in clear text", hint);
    }
    !in_clear
}

/// Whether what is sent there goes over no network.
fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.to_canonical().is_loopback(),
        None => false,
    }
}

fn time(text: Option<&str>, usual: Duration, path: &[&str], checker: &mut Checker<'_, '_>) -> Duration {
    text.map_or(Some(usual), |text| span(text, path, checker)).unwrap_or(usual)
}
