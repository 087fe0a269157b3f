//! What is news, and telling it: an alert is told once, and again only after it has cleared.

use std::path::Path;

use indexmap::IndexMap;
use serde_json::Value;

use super::state::{Entry, StateDoc, StateError, StateFile};
use super::{Judged, Judgement, document};
use crate::analyze::alerts::State;
use crate::config::Config;
use crate::config::alerts::AlertSettings;
use crate::model::Day;
use crate::notify::{self, Env, NotifyError};

/// What became of the alerts of a day.
#[derive(Debug, Default)]
pub struct Told {
    /// The alerts that began to fire.
    pub news: Vec<Judged>,
    /// What the sinks get, by name.
    pub messages: Vec<Message>,
}

/// What one sink gets.
#[derive(Debug)]
pub struct Message {
    /// The sink.
    pub sink: String,
    /// The document.
    pub document: Value,
    /// What became of it; `None` when it was not sent.
    pub sent: Option<Result<(), NotifyError>>,
}

/// What is told, without telling it: nothing is sent and nothing is kept.
pub fn rehearse(config: &Config, judgement: &Judgement, state: &StateDoc, folder: &Path) -> Told {
    let sinks: Vec<String> = config.notify.sinks.keys().cloned().collect();
    let step = step(&config.alerts, judgement, state, &sinks);
    let messages = messages(judgement, folder, &step);
    Told { news: step.news, messages }
}

/// Sends what is news to all sinks, and keeps that. A sink that fails gets it the next time.
///
/// # Errors
/// When it can't be known or kept what was told; in the second case it was told.
pub fn tell(
    config: &Config,
    judgement: &Judgement,
    file: &StateFile,
    folder: &Path,
    env: Env<'_>,
) -> Result<Told, (Told, StateError)> {
    let state = file.read().map_err(|error| (Told::default(), error))?;
    let sinks: Vec<String> = config.notify.sinks.keys().cloned().collect();
    let mut step = step(&config.alerts, judgement, &state, &sinks);
    let mut messages = messages(judgement, folder, &step);
    for message in &mut messages {
        let Some(sink) = config.notify.sinks.get(&message.sink) else { continue };
        if !sink.dry_run {
            message.sent = Some(notify::send(sink, &format!("{}\n", message.document), env));
        }
        if !matches!(message.sent, Some(Err(_))) {
            for entry in &mut step.state.alerts {
                entry.waiting.retain(|waiting| *waiting != message.sink);
            }
        }
    }
    let told = Told { news: step.news, messages };
    if step.state == state {
        return Ok(told);
    }
    match file.write(&step.state) {
        Ok(()) => Ok(told),
        Err(error) => Err((told, error)),
    }
}

/// What a day changes.
struct Step {
    /// What is to be kept.
    state: StateDoc,
    /// The alerts that began to fire.
    news: Vec<Judged>,
    /// Which alerts each sink is to get, as places among those that were judged.
    to: IndexMap<String, Vec<usize>>,
}

fn step(
    alerts: &IndexMap<String, AlertSettings>,
    judgement: &Judgement,
    before: &StateDoc,
    sinks: &[String],
) -> Step {
    let day = judgement.line.date;
    let mut step = Step { state: before.clone(), news: Vec::new(), to: IndexMap::new() };
    // What is said of a day in the past is no news.
    if before.judged.is_some_and(|judged| day < judged) {
        return step;
    }
    step.state.judged = Some(day);
    for (at, judged) in judgement.judged.iter().enumerate() {
        let snooze = alerts.get(&judged.name).and_then(|alert| alert.snooze);
        let entries = &mut step.state.alerts;
        let known =
            entries.iter().position(|entry| entry.name == judged.name && entry.member == judged.member);
        let known = known.and_then(|place| entries.get_mut(place));
        match (judged.verdict.state, known) {
            (State::Unknown, _) | (State::Fine, None) => {}
            (State::Fine, Some(entry)) => {
                entry.firing = false;
                entry.waiting.clear();
            }
            (State::Fires, Some(entry)) if entry.firing => {}
            // The same day, judged by its next edition, was told of already.
            (State::Fires, Some(entry)) if entry.told == day => entry.firing = true,
            (State::Fires, Some(entry)) if is_snoozed(entry.told, snooze, day) => {}
            (State::Fires, Some(entry)) => {
                entry.told = day;
                entry.firing = true;
                entry.waiting = sinks.to_vec();
                step.news.push(judged.clone());
            }
            (State::Fires, None) => {
                step.state.alerts.push(Entry {
                    name: judged.name.clone(),
                    member: judged.member.clone(),
                    told: day,
                    firing: true,
                    waiting: sinks.to_vec(),
                });
                step.news.push(judged.clone());
            }
        }
        let entry = step
            .state
            .alerts
            .iter()
            .find(|entry| entry.firing && entry.name == judged.name && entry.member == judged.member);
        for sink in
            entry.filter(|_| judged.verdict.state == State::Fires).iter().flat_map(|entry| &entry.waiting)
        {
            if sinks.contains(sink) {
                step.to.entry(sink.clone()).or_default().push(at);
            }
        }
    }
    step.state.alerts.retain(|entry| {
        let alert = alerts.get(&entry.name);
        alert.is_some_and(|alert| {
            entry.firing || entry.told == day || is_snoozed(entry.told, alert.snooze, day)
        })
    });
    step
}

/// Whether nothing more is to be told yet.
fn is_snoozed(told: Day, snooze: Option<u16>, day: Day) -> bool {
    snooze.is_some_and(|days| day.days_since(told) < i64::from(days))
}

fn messages(judgement: &Judgement, folder: &Path, step: &Step) -> Vec<Message> {
    let message = |(sink, places): (&String, &Vec<usize>)| {
        let alerts: Vec<&Judged> = places.iter().filter_map(|at| judgement.judged.get(*at)).collect();
        Message { sink: sink.clone(), document: document::message(judgement, folder, &alerts), sent: None }
    };
    step.to.iter().map(message).collect()
}

#[cfg(test)]
mod tests;
