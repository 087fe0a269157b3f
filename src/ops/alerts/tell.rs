//! What is news, and telling it: an alert is told once, and again only after it has cleared.

use std::collections::BTreeSet;
use std::path::Path;

use chrono::{DateTime, Utc};
use indexmap::IndexMap;
use serde_json::Value;

use super::document::About;
use super::few::Few;
use super::state::{Entry, StateDoc, StateError, StateFile, Unsent};
use super::{Judged, Judgement, document, evaluate, newest};
use crate::analyze::alerts::State;
use crate::archive::{Archive, ArchiveError, History};
use crate::config::Config;
use crate::config::alerts::AlertSettings;
use crate::model::{Day, Provenance};
use crate::notify::{self, Env, NotifyError};
use crate::ops::when;

/// How many documents wait for a sink that fails; the oldest are given up beyond that.
const MOST_UNSENT: usize = 100;

/// What became of alerts.
#[derive(Debug, Default)]
pub struct Told {
    /// The alerts that began to fire.
    pub news: Vec<News>,
    /// What the sinks got, or should have got, in that order.
    pub messages: Vec<Message>,
    /// What somebody should look after, as sentences.
    pub warnings: Vec<String>,
    /// Why nothing was sent: it can't be known or kept what was told.
    pub refused: Option<StateError>,
}

/// An alert that began to fire.
#[derive(Clone, Debug)]
pub struct News {
    /// The day.
    pub day: Day,
    /// The alert.
    pub judged: Judged,
    /// It for programs.
    pub document: Value,
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

/// A day that is told of.
#[derive(Debug)]
pub struct Look {
    /// What is said of it.
    pub judgement: Judgement,
    /// What was said of it before its latest edition was frozen, where that is known: nothing of a day that was missing.
    /// Only what fires now and did not then is news of a day before the newest.
    pub then: Option<Vec<Judged>>,
}

/// Tells of what an archive holds now.
#[derive(Clone, Copy)]
pub struct Teller<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// The archive.
    pub archive: &'a Archive,
    /// What it holds.
    pub history: &'a History,
    /// Its absolute folder.
    pub folder: &'a Path,
}

impl Teller<'_> {
    /// What is told of a day, without telling it: nothing is sent and nothing is kept.
    pub fn rehearse(&self, judgement: &Judgement, state: &StateDoc) -> Told {
        let look = Look { judgement: judgement.clone(), then: None };
        let Steps { state, news } = self.steps(&[look], state);
        let message = |unsent: Unsent| Message { sink: unsent.sink, document: unsent.document, sent: None };
        Told { news, messages: state.unsent.into_iter().map(message).collect(), ..Told::default() }
    }

    /// Tells what is news of one day. A sink that fails gets it the next time.
    ///
    /// # Errors
    /// When it can't be known or kept what was told; nothing was sent then.
    pub fn tell(&self, judgement: Judgement, file: &StateFile, env: Env<'_>) -> Result<Told, StateError> {
        let (state, aside) = file.read()?;
        let Steps { state: next, news } = self.steps(&[Look { judgement, then: None }], &state);
        let mut told = self.send(&state, next, news, file, env)?;
        told.warnings.splice(0..0, aside);
        Ok(told)
    }

    /// Judges what saves have frozen since alerts were told last, oldest first, and then the newest day; tells what is
    /// news. `own` is the day that was frozen just now.
    ///
    /// # Errors
    /// When the archive can't be read.
    pub fn tell_after_save(
        &self,
        own: Option<Day>,
        file: &StateFile,
        env: Env<'_>,
    ) -> Result<Told, ArchiveError> {
        let (state, aside) = match file.read() {
            Ok(read) => read,
            Err(error) => return self.tell_nobody(own, error),
        };
        let state = self.fitting(state);
        let days = self.frozen_since(&state, own);
        if days.is_empty() && state.unsent.is_empty() {
            return Ok(Told { warnings: aside.into_iter().collect(), ..Told::default() });
        }
        let looks = self.looks(&days, &state)?;
        let mut damaged: Vec<String> = Vec::new();
        for what in looks.iter().flat_map(|look| &look.judgement.damaged) {
            if !damaged.contains(what) {
                damaged.push(what.clone());
            }
        }
        let Steps { state: mut next, news } = self.steps(&looks, &state);
        next.seen = Some(self.history.last_frozen());
        let told = self.send(&state, next, news.clone(), file, env);
        let mut told = told.unwrap_or_else(|error| Told { news, refused: Some(error), ..Told::default() });
        told.warnings.splice(0..0, aside.into_iter().chain(damaged));
        Ok(told)
    }

    /// What is known of this archive: of another one, or one that lost days, nothing is.
    fn fitting(&self, state: StateDoc) -> StateDoc {
        let newest = self.history.days().next_back().map(|(day, _)| day);
        let fits = state.judged <= newest && state.seen.is_none_or(|seen| seen <= self.history.last_frozen());
        if fits { state } else { StateDoc { unsent: state.unsent, ..StateDoc::default() } }
    }

    /// The days of which saves have frozen an edition since; and the newest, which these may have to do with.
    ///
    /// What a backfill froze, or a drift restated, is old, and nobody waits to hear of it.
    fn frozen_since(&self, state: &StateDoc, own: Option<Day>) -> BTreeSet<Day> {
        let latest = self.history.days().filter_map(|(_, editions)| when::latest(editions));
        let by_save = |trigger: &str| matches!(trigger, "save" | "final" | "lookback");
        let since = latest.filter(|line| {
            let new = state.seen.is_some_and(|seen| line.seq > seen) && by_save(&line.trigger);
            (new || own == Some(line.date)) && line.provenance != Provenance::Provisional
        });
        let mut days: BTreeSet<Day> = since.map(|line| line.date).collect();
        if !days.is_empty() {
            days.extend(newest(self.history));
        }
        days
    }

    fn looks(&self, days: &BTreeSet<Day>, state: &StateDoc) -> Result<Vec<Look>, ArchiveError> {
        let is_past = |day: &Day| state.judged.is_some_and(|judged| *day < judged);
        let then = state.seen.filter(|_| days.iter().any(is_past));
        let then = then.map(|seen| self.history.clone().up_to(seen));
        let mut looks = Vec::new();
        for day in days {
            let Some(judgement) = self.judge(self.history, *day)? else { continue };
            let then = match then.as_ref().filter(|_| is_past(day)) {
                Some(then) => Some(self.judge(then, *day)?.map_or_else(Vec::new, |then| then.judged)),
                None => None,
            };
            looks.push(Look { judgement, then });
        }
        Ok(looks)
    }

    fn judge(&self, history: &History, day: Day) -> Result<Option<Judgement>, ArchiveError> {
        evaluate(self.archive, history, self.config, day, None::<DateTime<Utc>>)
    }

    /// What fires on the day that was just frozen, where it can't be known what was told.
    ///
    /// # Errors
    /// When the archive can't be read.
    pub fn tell_nobody(&self, own: Option<Day>, why: StateError) -> Result<Told, ArchiveError> {
        let mut told = Told { refused: Some(why), ..Told::default() };
        let judgement = own.map(|day| self.judge(self.history, day)).transpose()?.flatten();
        if let Some(judgement) = judgement.filter(|judgement| !judgement.is_open()) {
            told.news = judgement.firing().map(|judged| self.news(&judgement, judged)).collect();
            told.warnings = judgement.damaged;
        }
        Ok(told)
    }

    /// Which archive it is.
    fn about(&self) -> About<'_> {
        About { folder: self.folder, tenant: self.config.tenant.as_deref() }
    }

    fn news(&self, judgement: &Judgement, judged: &Judged) -> News {
        let document = document::of_alert(judgement, self.about(), judged);
        News { day: judgement.day, judged: judged.clone(), document }
    }

    /// Goes through days, oldest first.
    fn steps(&self, looks: &[Look], state: &StateDoc) -> Steps {
        let sinks = &self.config.notify.sinks;
        let mut state = state.clone();
        state.unsent.retain(|unsent| sinks.contains_key(&unsent.sink));
        let mut all = Vec::new();
        for Look { judgement, then } in looks {
            let (next, news) = step(&self.config.alerts, judgement, then.as_deref(), state);
            state = next;
            if news.is_empty() {
                continue;
            }
            let news: Vec<&Judged> = news.iter().filter_map(|at| judgement.judged.get(*at)).collect();
            let document = document::message(judgement, self.about(), &Few::of(news.iter().copied()));
            state
                .unsent
                .extend(sinks.keys().map(|sink| Unsent { sink: sink.clone(), document: document.clone() }));
            all.extend(news.into_iter().map(|judged| self.news(judgement, judged)));
        }
        for sink in sinks.keys() {
            let waiting = state.unsent.iter().filter(|unsent| unsent.sink == *sink).count();
            let mut too_many = waiting.saturating_sub(MOST_UNSENT);
            state.unsent.retain(|unsent| {
                let goes = too_many > 0 && unsent.sink == *sink;
                too_many -= usize::from(goes);
                !goes
            });
        }
        Steps { state, news: all }
    }

    /// Keeps what is to be sent, sends it, and keeps what could not be: a run that is killed in between sends it
    /// once more rather than never.
    fn send(
        &self,
        before: &StateDoc,
        mut state: StateDoc,
        news: Vec<News>,
        file: &StateFile,
        env: Env<'_>,
    ) -> Result<Told, StateError> {
        if state != *before {
            file.write(&state)?;
        }
        let mut told = Told { news, ..Told::default() };
        let mut failed = BTreeSet::new();
        let around =
            notify::Around { secrets: &self.config.notify.secrets, tenant: self.config.tenant.as_deref() };
        let kept = state.unsent.len();
        for Unsent { sink: name, document } in std::mem::take(&mut state.unsent) {
            let Some(sink) = self.config.notify.sinks.get(&name) else { continue };
            if failed.contains(&name) {
                // What comes later does not overtake it.
                state.unsent.push(Unsent { sink: name, document });
                continue;
            }
            let sent = (!sink.dry_run).then(|| notify::send(sink, &format!("{document}\n"), env, around));
            if matches!(sent, Some(Err(_))) {
                failed.insert(name.clone());
                state.unsent.push(Unsent { sink: name.clone(), document: document.clone() });
            }
            told.messages.push(Message { sink: name, document, sent });
        }
        if state.unsent.len() != kept
            && let Err(error) = file.write(&state)
        {
            told.warnings.push(format!("alerts may be sent once more: {error}"));
        }
        Ok(told)
    }
}

/// What days change.
struct Steps {
    /// What is to be kept.
    state: StateDoc,
    /// The alerts that began to fire.
    news: Vec<News>,
}

/// What a day changes, and which of its alerts are news.
fn step(
    alerts: &IndexMap<String, AlertSettings>,
    judgement: &Judgement,
    then: Option<&[Judged]>,
    mut state: StateDoc,
) -> (StateDoc, Vec<usize>) {
    let (day, mut news) = (judgement.day, Vec::new());
    let is_past = state.judged.is_some_and(|judged| day < judged);
    let same = |entry: &Entry, judged: &Judged| entry.name == judged.name && entry.member == judged.member;
    if !is_past && !judgement.is_open() {
        state.judged = Some(day);
    }
    for (at, judged) in judgement.judged.iter().enumerate() {
        let snooze = alerts.get(&judged.name).and_then(|alert| alert.snooze);
        let known = state.alerts.iter_mut().find(|entry| same(entry, judged));
        let fires = match judged.verdict.state {
            State::Unknown => continue,
            State::Fine => false,
            State::Fires => true,
        };
        if is_past {
            // Whether an alert fires now is the newest day's to say; of one before only what has changed is news.
            let was = |then: &Judged| {
                then.verdict.state == State::Fires && then.name == judged.name && then.member == judged.member
            };
            let is_news = fires && then.is_some_and(|then| !then.iter().any(was));
            match known {
                _ if !is_news => {}
                Some(entry) if entry.firing || is_snoozed(entry.told, snooze, day) => {}
                Some(entry) => {
                    entry.told = entry.told.max(day);
                    news.push(at);
                }
                None => {
                    state.alerts.push(entry(judged, day, false));
                    news.push(at);
                }
            }
            continue;
        }
        match known {
            None if fires => {
                state.alerts.push(entry(judged, day, true));
                news.push(at);
            }
            None => {}
            Some(entry) if !fires => entry.firing = false,
            Some(entry) if entry.firing => {}
            // The same day, judged by its next edition, was told of already.
            Some(entry) if entry.told == day => entry.firing = true,
            Some(entry) if is_snoozed(entry.told, snooze, day) => {}
            Some(entry) => {
                entry.told = day;
                entry.firing = true;
                news.push(at);
            }
        }
    }
    for entry in &mut state.alerts {
        // A member that is long gone, or an alert that looks at other members now, fires no more.
        let is_gone = judgement.whole.contains(&entry.name)
            && !judgement.judged.iter().any(|judged| same(entry, judged));
        entry.firing &= is_past || !is_gone;
    }
    state.alerts.retain(|entry| {
        alerts.get(&entry.name).is_some_and(|alert| {
            entry.firing || entry.told >= day || is_snoozed(entry.told, alert.snooze, day)
        })
    });
    (state, news)
}

fn entry(judged: &Judged, told: Day, firing: bool) -> Entry {
    Entry { name: judged.name.clone(), member: judged.member.clone(), told, firing }
}

/// Whether nothing more is to be told yet.
fn is_snoozed(told: Day, snooze: Option<u16>, day: Day) -> bool {
    snooze.is_some_and(|days| day.days_since(told) < i64::from(days))
}

#[cfg(test)]
mod tests;
