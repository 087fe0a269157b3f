//! Whether alerts, sinks, the heartbeat and hooks will work, as far as that is known without using them.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::check::{Finding, Level};
use super::reading::Env;
use crate::config::Config;
use crate::config::notify::SinkTo;

/// What is to be said of them; nothing where there are none. Nothing is run or sent.
pub fn about_telling(config: &Config, env: Env<'_>) -> Vec<Finding> {
    let notify = &config.notify;
    let mut found = Vec::new();
    if !config.alerts.is_empty() {
        let names: Vec<&str> = config.alerts.keys().map(String::as_str).collect();
        let heard =
            if notify.sinks.is_empty() { "; only `asof alerts` tells of them: there is no sink" } else { "" };
        found.push(good("alerts", format!("{}{heard}", names.join(", "))));
    }
    for (name, sink) in &notify.sinks {
        let about = format!("sink {name}");
        let dry = if sink.dry_run { ", as a rehearsal only" } else { "" };
        match &sink.to {
            SinkTo::Command(words) => found.extend(about_program(&about, words, dry, env)),
            SinkTo::Webhook { secret_env: Some(secret), .. } if env(secret).is_none() => {
                let hint = format!("set it where asof runs: {secret}=…");
                found.push(bad(&about, format!("its secret is not there: {secret} is not set"), hint));
            }
            SinkTo::Webhook { .. } => found.push(good(&about, format!("posts to a webhook{dry}"))),
        }
    }
    if notify.heartbeat.is_some() {
        found.push(good("heartbeat", "is called after each good save".to_owned()));
    }
    let hooks = &notify.hooks;
    for (key, words) in [("before", &hooks.before), ("after", &hooks.after), ("failed", &hooks.failed)] {
        found.extend(about_program(&format!("hook {key}"), words, "", env));
    }
    found
}

/// Whether there is such a program, found as the system finds it when it is run.
fn about_program(about: &str, words: &[String], more: &str, env: Env<'_>) -> Option<Finding> {
    let program = words.first()?;
    let is_program = |path: &Path| {
        path.metadata().is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0)
    };
    if program.contains('/') {
        let path = Path::new(program);
        return Some(if is_program(path) {
            good(about, format!("runs {program}{more}"))
        } else if path.exists() {
            bad(about, format!("{program} can't be run"), format!("make it executable: chmod +x {program}"))
        } else {
            bad(
                about,
                format!("there is no program {program}"),
                "write the path of one that is there".to_owned(),
            )
        });
    }
    let path = env("PATH").unwrap_or_default();
    let at =
        path.split(':').filter(|folder| !folder.is_empty()).map(|folder| Path::new(folder).join(program));
    Some(match at.into_iter().find(|path| is_program(path)) {
        Some(path) => good(about, format!("runs {}{more}", path.display())),
        None => bad(
            about,
            format!("there is no program {program:?} on the PATH"),
            format!("write its whole path; for one in this folder ./{program}"),
        ),
    })
}

fn good(about: &str, text: String) -> Finding {
    Finding { level: Level::Good, about: about.to_owned(), text, hint: None }
}

fn bad(about: &str, text: String, hint: String) -> Finding {
    Finding { level: Level::Error, about: about.to_owned(), text, hint: Some(hint) }
}
