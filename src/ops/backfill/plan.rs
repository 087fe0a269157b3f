//! The plan of a backfill: absolute dates, and what became of each. It is kept beside the
//! configuration, so that a run that was stopped can go on.
//!
//! The archive is what counts: a day that it holds is not read again because a plan has
//! forgotten it. The plan remembers the range, what failed and why.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::model::{Day, Edition, Fingerprint};

/// The format name and version of a plan.
pub const FORMAT: &str = "asof.backfill/1";

/// A plan as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanDoc {
    /// Always [`FORMAT`].
    pub format: String,
    /// The first day.
    pub from: Day,
    /// The last day.
    pub to: Day,
    /// Which days are read although they were dealt with before.
    pub redo: Redo,
    /// Why frozen days are read again, in somebody's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What makes the numbers, when the plan was made.
    pub definitions: Fingerprint,
    /// When it was made.
    pub made_at: DateTime<Utc>,
    /// When it was last worked on.
    pub updated_at: DateTime<Utc>,
    /// Every day of it, in order.
    pub days: Vec<DayDoc>,
}

/// A day of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayDoc {
    /// The day.
    pub date: Day,
    /// What became of it.
    pub status: Status,
    /// Why it failed or was passed over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The edition that was frozen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edition: Option<Edition>,
}

/// What became of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Nothing yet.
    Missing,
    /// It is being read, or was when the run stopped.
    Running,
    /// It has a new edition.
    Saved,
    /// There was nothing to do: it is frozen already, or reads the same.
    Skipped,
    /// It could not be read or frozen.
    Failed,
}

/// Which days are read although they were dealt with before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Redo {
    /// Those that failed.
    #[default]
    Failed,
    /// None.
    None,
    /// All: frozen days are read again and restated where numbers differ.
    All,
}

/// What a run is asked to work on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The first day.
    pub from: Day,
    /// The last day.
    pub to: Day,
    /// Which days are read although they were dealt with before.
    pub redo: Redo,
    /// Why frozen days are read again.
    pub reason: Option<String>,
}

impl Status {
    /// Whether the day has been dealt with for good.
    pub fn is_done(self) -> bool {
        matches!(self, Self::Saved | Self::Skipped)
    }
}

impl DayDoc {
    fn missing(date: Day) -> Self {
        Self { date, status: Status::Missing, why: None, edition: None }
    }
}

impl PlanDoc {
    /// The plan for what is wanted now, when `before` is the one that is kept.
    ///
    /// Statuses of `before` are taken over for days that both have, as far as this run leaves these
    /// days alone: with [`Redo::None`] those that failed, with [`Redo::All`] those that the same
    /// unfinished plan has dealt with: of other definitions or another reason a plan is another one.
    /// Whether a day is frozen is the archive's to say.
    pub fn new(wanted: Wanted, before: Option<&Self>, definitions: Fingerprint, now: DateTime<Utc>) -> Self {
        let Wanted { from, to, redo, reason } = wanted;
        let same = before.filter(|plan| {
            (plan.from, plan.to, plan.redo, plan.definitions) == (from, to, redo, definitions)
                && (reason.is_none() || plan.reason == reason)
                && !plan.is_finished()
        });
        let before: BTreeMap<Day, &DayDoc> =
            before.into_iter().flat_map(|plan| &plan.days).map(|day| (day.date, day)).collect();
        let kept = |date: Day| {
            let known = *before.get(&date)?;
            let stays = match redo {
                Redo::None => known.status == Status::Failed,
                Redo::All => same.is_some() && known.status.is_done(),
                Redo::Failed => false,
            };
            stays.then(|| known.clone())
        };
        let mut days = Vec::new();
        let mut date = Some(from);
        while let Some(day) = date.filter(|day| *day <= to) {
            days.push(kept(day).unwrap_or_else(|| DayDoc::missing(day)));
            date = day.checked_add(1);
        }
        let made_at = same.map_or(now, |plan| plan.made_at);
        let reason = reason.or_else(|| same.and_then(|plan| plan.reason.clone()));
        Self {
            format: FORMAT.to_owned(),
            from,
            to,
            redo,
            reason,
            definitions,
            made_at,
            updated_at: now,
            days,
        }
    }

    /// Holds its days against its range: each must be there, once and in order, or a run would pass over days and
    /// call it the whole.
    ///
    /// # Errors
    /// What is wrong, as a clause.
    pub fn check(&self) -> Result<(), String> {
        let Self { from, to, .. } = self;
        if from > to {
            return Err(format!("its range from {from} to {to} runs backwards"));
        }
        let mut wanted = Some(*from).into_iter().chain((1..).map_while(|days| from.checked_add(days)));
        let in_order = self.days.iter().all(|day| Some(day.date) == wanted.next());
        if in_order && self.days.last().is_some_and(|day| day.date == *to) {
            Ok(())
        } else {
            Err(format!("its days are not those from {from} to {to}, each once and in order"))
        }
    }

    /// Takes back that days were dealt with which are not frozen: the archive is what counts. Gives how many
    /// they are.
    pub fn hold_against(&mut self, is_frozen: impl Fn(Day) -> bool) -> usize {
        let lost = self.days.iter_mut().filter(|day| day.status.is_done() && !is_frozen(day.date));
        lost.map(|day| *day = DayDoc::missing(day.date)).count()
    }

    /// The same plan for a run that does just what is missing.
    #[must_use]
    pub fn resumed(mut self, now: DateTime<Utc>) -> Self {
        for day in self.days.iter_mut().filter(|day| !day.status.is_done()) {
            *day = DayDoc::missing(day.date);
        }
        self.updated_at = now;
        self
    }

    /// Whether every day has been dealt with for good.
    pub fn is_finished(&self) -> bool {
        self.days.iter().all(|day| day.status.is_done())
    }

    /// The places of the days that are to be worked on, in order.
    pub fn to_do(&self) -> Vec<usize> {
        let missing = |day: &DayDoc| matches!(day.status, Status::Missing | Status::Running);
        self.days.iter().enumerate().filter(|(_, day)| missing(day)).map(|(at, _)| at).collect()
    }

    /// How many days have this status.
    pub fn count(&self, status: Status) -> usize {
        self.days.iter().filter(|day| day.status == status).count()
    }

    /// The text that is kept: one line a day.
    ///
    /// # Errors
    /// None in practice: every field is plain data.
    pub fn to_json(&self) -> serde_json::Result<Vec<u8>> {
        let head = serde_json::to_string_pretty(&Self { days: Vec::new(), ..self.clone() })?;
        let days: Result<Vec<String>, _> = self
            .days
            .iter()
            .map(|day| serde_json::to_string(day).map(|text| format!("    {text}")))
            .collect();
        let list = format!("\"days\": [\n{}\n  ]", days?.join(",\n"));
        Ok(format!("{}\n", head.replace("\"days\": []", &list)).into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::{DayDoc, PlanDoc, Redo, Status, Wanted};
    use crate::model::{Day, Digest, Fingerprint};

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    fn wanted(from: &str, to: &str, redo: Redo) -> Wanted {
        Wanted { from: day(from), to: day(to), redo, reason: None }
    }

    fn plan(wanted: Wanted, before: Option<&PlanDoc>) -> PlanDoc {
        PlanDoc::new(wanted, before, Fingerprint(Digest::of(b"x")), "2026-01-08T09:00:00Z".parse().unwrap())
    }

    fn statuses(plan: &PlanDoc) -> Vec<Status> {
        plan.days.iter().map(|day| day.status).collect()
    }

    /// A plan of four days: saved, failed, running, missing.
    fn stopped(redo: Redo) -> PlanDoc {
        let mut plan = plan(wanted("2025-12-30", "2026-01-02", redo), None);
        plan.days[0].status = Status::Saved;
        plan.days[1] =
            DayDoc { status: Status::Failed, why: Some("no such table".into()), ..plan.days[1].clone() };
        plan.days[2].status = Status::Running;
        plan
    }

    #[test]
    fn a_plan_has_every_day_of_its_range() {
        let plan = plan(wanted("2025-12-30", "2026-01-02", Redo::Failed), None);
        let dates: Vec<String> = plan.days.iter().map(|day| day.date.to_string()).collect();
        assert_eq!(dates, ["2025-12-30", "2025-12-31", "2026-01-01", "2026-01-02"]);
        assert_eq!(plan.to_do(), [0, 1, 2, 3]);
        assert!(!plan.is_finished());
    }

    #[test]
    fn a_day_that_failed_is_tried_again_unless_that_is_not_wanted() {
        let before = stopped(Redo::Failed);
        assert_eq!(
            plan(wanted("2025-12-30", "2026-01-02", Redo::Failed), Some(&before)).to_do(),
            [0, 1, 2, 3]
        );
        let left = plan(wanted("2025-12-31", "2026-01-03", Redo::None), Some(&before));
        assert_eq!(left.to_do(), [1, 2, 3]);
        assert_eq!(left.days[0].why.as_deref(), Some("no such table"));
    }

    #[test]
    fn reading_all_again_goes_on_where_it_stopped_and_begins_anew_once_it_is_through() {
        let mut before = stopped(Redo::All);
        assert_eq!(plan(wanted("2025-12-30", "2026-01-02", Redo::All), Some(&before)).to_do(), [1, 2, 3]);
        before.days.iter_mut().for_each(|day| day.status = Status::Skipped);
        assert_eq!(plan(wanted("2025-12-30", "2026-01-02", Redo::All), Some(&before)).to_do(), [0, 1, 2, 3]);
    }

    #[test]
    fn reading_all_again_for_another_reason_or_as_something_else_begins_anew() {
        let before = stopped(Redo::All);
        let again = wanted("2025-12-30", "2026-01-02", Redo::All);
        let because = Wanted { reason: Some("statuses were cleaned up".into()), ..again.clone() };
        assert_eq!(plan(because.clone(), Some(&before)).to_do(), [0, 1, 2, 3]);
        let before = PlanDoc { reason: because.reason.clone(), ..before };
        assert_eq!(plan(because, Some(&before)).to_do(), [1, 2, 3]);
        assert_eq!(plan(again.clone(), Some(&before)).reason, before.reason);
        let otherwise = PlanDoc { definitions: Fingerprint(Digest::of(b"y")), ..before };
        assert_eq!(plan(again, Some(&otherwise)).to_do(), [0, 1, 2, 3]);
    }

    #[test]
    fn a_resumed_plan_does_just_what_is_missing() {
        let resumed = stopped(Redo::Failed).resumed("2026-01-08T10:00:00Z".parse().unwrap());
        assert_eq!(resumed.to_do(), [1, 2, 3]);
        assert_eq!(statuses(&resumed)[0], Status::Saved);
        assert_eq!(resumed.days[1].why, None);
    }

    #[test]
    fn the_days_of_a_plan_are_those_of_its_range() {
        let good = stopped(Redo::Failed);
        assert_eq!(good.check(), Ok(()));
        let days = |change: fn(&mut Vec<DayDoc>)| {
            let mut plan = good.clone();
            change(&mut plan.days);
            plan
        };
        let ends = PlanDoc { from: day("0001-01-01"), to: day("9999-12-31"), ..good.clone() };
        let backwards = PlanDoc { from: good.to, to: good.from, ..good.clone() };
        let wrong = [
            days(Vec::clear),
            days(|days| drop(days.remove(1))),
            days(|days| drop(days.pop())),
            days(|days| days.swap(0, 1)),
            days(|days| days.push(days[3].clone())),
            days(|days| days.push(DayDoc::missing(day("2026-01-03")))),
            ends,
            backwards,
        ];
        for plan in wrong {
            assert!(plan.check().is_err(), "{plan:?}");
        }
    }

    #[test]
    fn what_the_archive_does_not_hold_is_missing_whatever_a_plan_says() {
        let mut plan = stopped(Redo::Failed);
        plan.days[3].status = Status::Skipped;
        assert_eq!(plan.hold_against(|date| date == day("2025-12-30")), 1);
        assert_eq!(statuses(&plan), [Status::Saved, Status::Failed, Status::Running, Status::Missing]);
    }

    #[test]
    fn the_text_reads_back_and_has_a_line_for_each_day() {
        let plan = stopped(Redo::Failed);
        let text = String::from_utf8(plan.to_json().unwrap()).unwrap();
        assert_eq!(serde_json::from_str::<PlanDoc>(&text).unwrap(), plan);
        assert!(
            text.contains(
                "\n    {\"date\":\"2025-12-31\",\"status\":\"failed\",\"why\":\"no such table\"},\n"
            ),
            "{text}"
        );
        let reason = PlanDoc { reason: Some("\"days\": []".into()), ..plan };
        let text = String::from_utf8(reason.to_json().unwrap()).unwrap();
        assert_eq!(serde_json::from_str::<PlanDoc>(&text).unwrap(), reason);
    }
}
