//! Which frozen days stay whole and which are thinned. Pure: it decides, and nothing is removed here.
//!
//! A day that was thinned is decided: it neither comes back nor stands for its period, so that thinning
//! twice is thinning once.

use std::collections::BTreeMap;

use chrono::Datelike as _;

use crate::config::RetentionSettings;
use crate::config::retention::{KeepRule, Period};
use crate::model::Day;

/// A frozen day, as far as it is decided on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrozenDay {
    /// The day.
    pub day: Day,
    /// Its labels.
    pub labels: Vec<String>,
    /// Whether it is kept whole whatever the rules say.
    pub pinned: bool,
    /// Whether all of its editions are provisional.
    pub provisional: bool,
    /// Whether all of its editions have been thinned.
    pub thinned: bool,
}

/// Why a day is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keep {
    /// It is the newest.
    Newest,
    /// It is pinned.
    Pinned,
    /// It has this label.
    Label(String),
    /// It stands for its period.
    Rule(KeepRule),
}

/// Why a rule does not keep a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passed {
    /// It is older than the rule reaches.
    Older(KeepRule),
    /// Another day stands for its period.
    Other(Period, Day),
}

/// What becomes of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It stays whole, for these reasons: at least one.
    Kept(Vec<Keep>),
    /// It is thinned, since no rule keeps it: of each, why not.
    Thinned(Vec<Passed>),
    /// It was thinned before; whether something keeps what is left of it.
    Before {
        /// Whether it is pinned, labelled, or every day of its age is kept.
        kept: bool,
    },
}

/// What becomes of each day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RetentionPlan {
    /// The days in order.
    pub days: Vec<(Day, Fate)>,
}

impl RetentionPlan {
    /// The days that are to be thinned.
    pub fn thinned(&self) -> impl Iterator<Item = Day> {
        self.days.iter().filter(|(_, fate)| matches!(fate, Fate::Thinned(_))).map(|(day, _)| *day)
    }

    /// Whether the newest day is all that would be left, and no rule, label or pin keeps even that.
    pub fn keeps_nothing(&self) -> bool {
        let by_rule = |fate: &Fate| match fate {
            Fate::Kept(reasons) => reasons.iter().any(|reason| *reason != Keep::Newest),
            Fate::Thinned(_) | Fate::Before { .. } => false,
        };
        self.thinned().next().is_some() && !self.days.iter().any(|(_, fate)| by_rule(fate))
    }
}

/// Decides on all days, which are in order. Rules reach back from the newest frozen day, or from
/// `today` if that is earlier.
pub fn plan(settings: &RetentionSettings, days: &[FrozenDay], today: Day) -> RetentionPlan {
    let Some(newest) = days.iter().rev().find(|day| !day.thinned).map(|day| day.day) else {
        let before =
            |day: &FrozenDay| (day.day, Fate::Before { kept: keeps_anyway(settings, day).is_some() });
        return RetentionPlan { days: days.iter().map(before).collect() };
    };
    let from = days.last().map_or(newest, |day| day.day).min(today);
    let rules: Vec<Rule> =
        settings.rules.iter().map(|rule| Rule::new(*rule, settings.first, days, from)).collect();
    let fate = |day: &FrozenDay| {
        let mut reasons: Vec<Keep> = (day.day == newest).then_some(Keep::Newest).into_iter().collect();
        reasons.extend(keeps_anyway(settings, day));
        if day.thinned {
            let whole = |rule: &Rule| rule.keep.period == Period::Day && rule.reaches(day.day);
            return Fate::Before { kept: !reasons.is_empty() || rules.iter().any(whole) };
        }
        let mut passed = Vec::new();
        for rule in &rules {
            match rule.judge(day.day) {
                Ok(()) => reasons.push(Keep::Rule(rule.keep)),
                Err(why) => passed.push(why),
            }
        }
        if reasons.is_empty() { Fate::Thinned(passed) } else { Fate::Kept(reasons) }
    };
    RetentionPlan { days: days.iter().map(|day| (day.day, fate(day))).collect() }
}

/// Whether a day is kept whatever its age.
pub fn keeps_anyway(settings: &RetentionSettings, day: &FrozenDay) -> Option<Keep> {
    if day.pinned {
        return Some(Keep::Pinned);
    }
    let wanted = |label: &&String| settings.labels.as_ref().is_none_or(|labels| labels.contains(label));
    day.labels.iter().find(wanted).cloned().map(Keep::Label)
}

/// A rule with the days that stand for its periods.
struct Rule {
    keep: KeepRule,
    since: Option<Day>,
    stands: BTreeMap<(i32, u32), Day>,
}

impl Rule {
    fn new(rule: KeepRule, first: bool, days: &[FrozenDay], from: Day) -> Self {
        let since = rule.span.reaches(from);
        let mut stands: BTreeMap<(i32, u32), &FrozenDay> = BTreeMap::new();
        for day in days.iter().filter(|day| !day.thinned) {
            let known = stands.entry(period_of(day.day, rule.period)).or_insert(day);
            // A day that was seen whole stands before one that was not.
            let better = known.provisional && !day.provisional;
            if better || (!first && known.provisional == day.provisional) {
                *known = day;
            }
        }
        let stands = stands.into_iter().map(|(period, day)| (period, day.day)).collect();
        Self { keep: rule, since, stands }
    }

    /// Whether the rule reaches the day's period. A period counts as long as any of its days does: who
    /// stands for it must not depend on where the span ends.
    fn reaches(&self, day: Day) -> bool {
        let period = |day: Day| period_of(day, self.keep.period);
        // A span that reaches past the beginning of the calendar has no day either.
        self.since.is_none_or(|since| period(since) <= period(day))
    }

    fn judge(&self, day: Day) -> Result<(), Passed> {
        let stands = self.stands.get(&period_of(day, self.keep.period)).copied();
        match stands {
            _ if !self.reaches(day) => Err(Passed::Older(self.keep)),
            Some(other) if other != day => Err(Passed::Other(self.keep.period, other)),
            _ => Ok(()),
        }
    }
}

/// What tells a day's period from others.
fn period_of(day: Day, period: Period) -> (i32, u32) {
    let date = day.date();
    match period {
        Period::Day => (date.year(), date.ordinal()),
        Period::Week => (date.iso_week().year(), date.iso_week().week()),
        Period::Month => (date.year(), date.month()),
        Period::Quarter => (date.year(), date.month0() / 3),
        Period::Year => (date.year(), 0),
    }
}

#[cfg(test)]
mod tests;
