//! What is told around a save: alerts to their sinks, the heartbeat, and the commands that wait for a save. None of
//! it can undo a day that is frozen.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::context::{Context, env};
use super::exit;
use super::failure::Failure;
use crate::archive::ArchiveError;
use crate::config::Config;
use crate::model::Day;
use crate::notify;
use crate::ops::alerts::document;
use crate::ops::alerts::few::Few;
use crate::ops::alerts::state::{self, StateFile};
use crate::ops::alerts::tell::{Message, News, Teller, Told};
use crate::ops::when;
use crate::view::text::safe_json;

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

    /// Runs one of them, with what it is to know.
    fn run(&self, words: &[String], mut about: Value) -> Result<(), notify::NotifyError> {
        let tenant = self.config.tenant.as_deref();
        if let (Value::Object(fields), Some(tenant)) = (&mut about, tenant) {
            fields.insert("tenant".to_owned(), json!(tenant));
        }
        let around = notify::Around { secrets: &self.config.notify.secrets, tenant };
        notify::run(words, &format!("{about}\n"), self.config.notify.hooks.timeout, around)
    }

    /// Before the save, which does not begin when this fails.
    pub(super) fn before(&self) -> Result<(), Failure> {
        let hooks = &self.config.notify.hooks;
        let about = json!({ "hook": "before", "date": self.day });
        self.run(&hooks.before, about).map_err(|error| {
            let hint = "nothing was read or frozen; it is named by before under [hooks]".to_owned();
            let error = anyhow::Error::new(error).context("the command before the save failed");
            Failure::new(exit::FAILED, error, Some(hint))
        })
    }

    /// After a save that went well: the heartbeat, and the command.
    pub(super) fn after(&self, outcome: &Value, news: &[News]) {
        // Where tenants are saved in turn, it says that all went well.
        if !self.context.in_turn() {
            beat(self.context, self.config);
        }
        let hooks = &self.config.notify.hooks;
        let mut about = json!({ "hook": "after", "date": self.day, "outcome": outcome });
        if let (Value::Object(fields), false) = (&mut about, news.is_empty()) {
            let mut names: Vec<&str> = Vec::new();
            for news in news {
                if !names.contains(&news.judged.name.as_str()) {
                    names.push(&news.judged.name);
                }
            }
            fields.insert("alerts".to_owned(), json!(names));
        }
        if let Err(error) = self.run(&hooks.after, about) {
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
        if let Err(error) = self.run(&hooks.failed, about) {
            self.context.output.warn(&format!("the command after the failed save failed: {error}"));
        }
    }
}

/// Calls the heartbeat.
pub(super) fn beat(context: &Context<'_>, config: &Config) {
    if let Some(heartbeat) = &config.notify.heartbeat
        && let Err(error) = notify::beat(heartbeat)
    {
        context.output.warn(&format!("the heartbeat failed: {error}"));
    }
}

/// Judges what saves have frozen since alerts were told last, and tells what is news; gives that. `own` is the day that
/// was frozen just now, if one was.
pub(super) fn alerts(context: &Context<'_>, config: &Config, own: Option<Day>) -> Vec<News> {
    if config.alerts.is_empty() {
        return Vec::new();
    }
    let told = match judge_and_tell(context, config, own) {
        Ok(told) => told,
        Err(error) => {
            context.output.warn(&format!("alerts are not judged: {}", Failure::from(error).message()));
            return Vec::new();
        }
    };
    for of_day in told.news.chunk_by(|one, next| one.day == next.day) {
        let few = Few::of(of_day.iter().map(|news| &news.judged));
        let Some(day) = of_day.first().map(|news| news.day) else { continue };
        for judged in &few.told {
            let sentence = document::sentence(judged);
            context.output.warn(&format!("alert {} on {day}: {sentence}", judged.name));
        }
        for (name, more) in &few.more {
            let all = context.hint(&format!("asof alerts {day} -v shows all"));
            context.output.warn(&format!("alert {name} on {day}: it fires for {more} more; {all}"));
        }
    }
    failures(context, &told);
    if let Some(error) = &told.refused {
        let hint = error.hint().map_or_else(String::new, |hint| format!("; {}", context.hint(&hint)));
        context.output.warn(&format!("the sinks are told of no alerts: {error}{hint}"));
    }
    if context.output.json() {
        documents(context, &told);
    } else if told.messages.iter().any(|message| message.sent.is_none()) {
        context.output.answer(&sent(&told));
    }
    told.news
}

fn judge_and_tell(context: &Context<'_>, config: &Config, own: Option<Day>) -> Result<Told, ArchiveError> {
    // First the lock: what another run told of meanwhile is in the archive that is read then.
    let file = StateFile::lock(state::path_beside(context.config_path(), context.tenant()));
    let (archive, history) = when::open(&config.archive.dir)?;
    let folder = absolute(archive.dir());
    let teller = Teller { config, archive: &archive, history: &history, folder: &folder };
    match file {
        Ok(file) => teller.tell_after_save(own, &file, &env),
        Err(error) => teller.tell_nobody(own, error),
    }
}

/// What was told, for programs: a line for each alert and for each document that a sink got.
fn documents(context: &Context<'_>, told: &Told) {
    for news in &told.news {
        let mut document = news.document.clone();
        if let Value::Object(fields) = &mut document {
            fields.insert("event".to_owned(), json!("alert"));
        }
        context.output.document(&document);
    }
    for message in &told.messages {
        let mut document = of_message(message);
        if let Value::Object(fields) = &mut document {
            fields.insert("event".to_owned(), json!("sink"));
        }
        context.output.document(&document);
    }
}

/// What became of a document, for programs.
pub(super) fn of_message(message: &Message) -> Value {
    let error = message.sent.as_ref().and_then(|sent| sent.as_ref().err());
    json!({
        "sink": message.sink,
        "sent": matches!(message.sent, Some(Ok(()))),
        "error": error.map(ToString::to_string),
        "document": message.document,
    })
}

/// Warns of what went wrong.
pub(super) fn failures(context: &Context<'_>, told: &Told) {
    for warning in &told.warnings {
        context.output.warn(warning);
    }
    for message in &told.messages {
        if let Some(Err(error)) = &message.sent {
            let again = "the next save tries again";
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
        let more = message.document.get("more").and_then(Value::as_object);
        let more: u64 = more.map_or(0, |more| more.values().filter_map(Value::as_u64).sum());
        let of = if more > 0 { format!(" of {}", alerts as u64 + more) } else { String::new() };
        let alerts = format!("{alerts}{of} {}", if alerts == 1 { "alert" } else { "alerts" });
        match &message.sent {
            None => {
                let document = message.document.to_string();
                let document = safe_json(&document);
                text.push_str(&format!("{} would get {alerts}:\n{document}\n", message.sink));
            }
            Some(Ok(())) => text.push_str(&format!("{} got {alerts}\n", message.sink)),
            Some(Err(_)) => {}
        }
    }
    if told.messages.is_empty() {
        let nobody =
            if told.news.is_empty() { "nothing is news\n" } else { "there is no sink to send it to\n" };
        nobody.clone_into(&mut text);
    }
    text
}

/// The whole path of a folder, however it was named.
pub(super) fn absolute(folder: &Path) -> PathBuf {
    std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned())
}
