//! What is told around a save: alerts to their sinks, the heartbeat, and the commands that wait for a save. None of
//! it can undo a day that is frozen.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::context::{Context, env};
use super::exit;
use super::failure::Failure;
use crate::config::Config;
use crate::model::Day;
use crate::notify;
use crate::ops::alerts::state::{self, StateFile};
use crate::ops::alerts::tell::{self, Told};
use crate::ops::alerts::{self, Judged, document};
use crate::ops::when;

/// The commands around a save.
pub(super) struct Around<'a> {
    context: &'a Context<'a>,
    config: &'a Config,
    day: Day,
}

impl<'a> Around<'a> {
    /// Those of a configuration, around the save of a day.
    pub(super) fn of(context: &'a Context<'a>, config: &'a Config, day: Day) -> Self {
        Self { context, config, day }
    }

    /// Before the save, which does not begin when this fails.
    pub(super) fn before(&self) -> Result<(), Failure> {
        let hooks = &self.config.notify.hooks;
        let about = json!({ "hook": "before", "date": self.day });
        notify::run(&hooks.before, &line(&about), hooks.timeout).map_err(|error| {
            let hint = "nothing was read or frozen; it is named by before under [hooks]".to_owned();
            let error = anyhow::Error::new(error).context("the command before the save failed");
            Failure::new(exit::FAILED, error, Some(hint))
        })
    }

    /// After a save that went well: the heartbeat, and the command.
    pub(super) fn after(&self, outcome: &Value, news: &[Judged]) {
        if let Some(heartbeat) = &self.config.notify.heartbeat
            && let Err(error) = notify::beat(heartbeat)
        {
            self.context.output.warn(&format!("the heartbeat failed: {error}"));
        }
        let hooks = &self.config.notify.hooks;
        let mut about = json!({ "hook": "after", "date": self.day, "outcome": outcome });
        if let (Value::Object(fields), false) = (&mut about, news.is_empty()) {
            let names: Vec<&str> = news.iter().map(|judged| judged.name.as_str()).collect();
            fields.insert("alerts".to_owned(), json!(names));
        }
        if let Err(error) = notify::run(&hooks.after, &line(&about), hooks.timeout) {
            self.context.output.warn(&format!("the command after the save failed: {error}"));
        }
    }

    /// After a save that failed.
    pub(super) fn failed(&self, failure: &Failure) {
        let hooks = &self.config.notify.hooks;
        let about = json!({
            "hook": "failed",
            "date": self.day,
            "error": failure.message(),
            "hint": failure.hint,
            "exit": failure.code,
        });
        if let Err(error) = notify::run(&hooks.failed, &line(&about), hooks.timeout) {
            self.context.output.warn(&format!("the command after the failed save failed: {error}"));
        }
    }
}

fn line(document: &Value) -> String {
    format!("{document}\n")
}

/// Judges a day that was just frozen, and tells what is news; gives that. Only the newest day is judged: what is said
/// of a day in the past is no news.
pub(super) fn alerts(context: &Context<'_>, config: &Config, day: Day) -> Vec<Judged> {
    if config.alerts.is_empty() {
        return Vec::new();
    }
    match judge_and_tell(context, config, day) {
        Ok(told) => {
            for judged in &told.news {
                let sentence = document::sentence(judged);
                context.output.warn(&format!("alert {} on {day}: {sentence}", judged.name));
            }
            failures(context, &told);
            if !context.output.json() && told.messages.iter().any(|message| message.sent.is_none()) {
                context.output.answer(&sent(&told));
            }
            told.news
        }
        Err(failure) => {
            context
                .output
                .warn(&format!("{day} is frozen, but its alerts are not told: {}", failure.message()));
            Vec::new()
        }
    }
}

fn judge_and_tell(context: &Context<'_>, config: &Config, day: Day) -> Result<Told, Failure> {
    let (archive, history) = when::open(&config.archive.dir)?;
    if history.days().any(|(found, _)| found > day) {
        return Ok(Told::default());
    }
    let Some(judgement) = alerts::evaluate(&archive, &history, config, day, None)? else {
        return Ok(Told::default());
    };
    for damage in &judgement.damaged {
        context.output.warn(damage);
    }
    let folder = absolute(&archive.folder(&judgement.line.id()));
    let file = StateFile::lock(state::path_beside(context.config_path()))?;
    tell::tell(config, &judgement, &file, &folder, &env).or_else(|(told, error)| {
        context.output.warn(&format!("alerts may be told once more: {error}"));
        // Without knowing what was told nothing was.
        if told.messages.is_empty() && told.news.is_empty() { Err(error.into()) } else { Ok(told) }
    })
}

/// Warns of sinks that failed.
pub(super) fn failures(context: &Context<'_>, told: &Told) {
    for message in &told.messages {
        if let Some(Err(error)) = &message.sent {
            let again = "the next save tries again while the alert fires";
            context
                .output
                .warn(&format!("the sink {} did not get its alerts: {error}; {again}", message.sink));
        }
    }
}

/// What was sent, and what would have been, in words.
pub(super) fn sent(told: &Told) -> String {
    let mut text = String::new();
    for message in &told.messages {
        let alerts = message.document.get("alerts").and_then(Value::as_array).map_or(0, Vec::len);
        let alerts = format!("{alerts} {}", if alerts == 1 { "alert" } else { "alerts" });
        match &message.sent {
            None => text.push_str(&format!("{} would get {alerts}:\n{}\n", message.sink, message.document)),
            Some(Ok(())) => text.push_str(&format!("{} got {alerts}\n", message.sink)),
            Some(Err(_)) => {}
        }
    }
    if text.is_empty() {
        "nothing is news\n".clone_into(&mut text);
    }
    text
}

/// The whole path of a folder, however it was named.
pub(super) fn absolute(folder: &Path) -> PathBuf {
    std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned())
}
