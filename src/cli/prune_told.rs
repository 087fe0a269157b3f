//! What `asof prune` tells of looks and captures of entities.

use serde_json::{Value, json};

use super::prune::many;
use crate::analyze::looks_kept::LookFate;
use crate::archive::UnfinishedLooks;
use crate::model::Day;
use crate::ops::prune::{kept, reason};
use crate::ops::prune_looks::{KindPlan, needed};
use crate::view::text::safe;

/// What becomes of each day of each kind, a line each.
pub(super) fn lines(plans: &[KindPlan]) -> String {
    let line = |plan: &KindPlan, day: Day, fate: &LookFate| {
        let (word, why) = told(plan, day, fate);
        let why = if word == "left" { Some("something is wrong with it".to_owned()) } else { why };
        let why = why.unwrap_or_else(|| "thinned before".to_owned());
        format!("{day}  {word}  {}: {}\n", plan.entity, safe(&why))
    };
    plans.iter().flat_map(|plan| plan.days.iter().map(move |(day, fate)| line(plan, *day, fate))).collect()
}

/// What becomes of a day, and why.
fn told(plan: &KindPlan, day: Day, fate: &LookFate) -> (&'static str, Option<String>) {
    match fate {
        _ if plan.left.contains_key(&day) => ("left", plan.left.get(&day).cloned()),
        LookFate::Kept(reasons) => ("keep", Some(kept(reasons))),
        LookFate::Needed(why) => ("keep", Some(needed(*why).to_owned())),
        LookFate::Thinned(passed) => ("thin", Some(reason(passed))),
        LookFate::Before => ("gone", None),
    }
}

/// How many days of each kind stay and go: `; video: 3 to keep, 4 to thin`.
pub(super) fn summary(plans: &[KindPlan]) -> String {
    let one = |plan: &KindPlan| {
        let stays = |fate: &LookFate| matches!(fate, LookFate::Kept(_) | LookFate::Needed(_));
        let kept = plan.days.iter().filter(|(_, fate)| stays(fate)).count();
        let left = match plan.left.len() {
            0 => String::new(),
            left => format!(", {left} to leave since something is wrong"),
        };
        format!("; {}: {kept} to keep, {} to thin{left}", plan.entity, plan.thinned())
    };
    plans.iter().map(one).collect()
}

/// What is wrong with days that are left as they are.
pub(super) fn left(plans: &[KindPlan]) -> impl Iterator<Item = String> {
    plans.iter().flat_map(|plan| {
        plan.left.iter().map(|(day, why)| format!("{} of {day} is left whole: {why}", plan.entity))
    })
}

/// The same as JSON, of each day.
pub(super) fn document(plans: &[KindPlan]) -> Vec<Value> {
    let one = |plan: &KindPlan, day: Day, fate: &LookFate| {
        let (word, why) = told(plan, day, fate);
        json!({ "entity": plan.entity, "date": day, "fate": word, "why": why })
    };
    plans.iter().flat_map(|plan| plan.days.iter().map(move |(day, fate)| one(plan, *day, fate))).collect()
}

/// The days of entities that were thinned, as JSON.
pub(super) fn thinned(looks: &[(String, Day)]) -> Vec<Value> {
    looks.iter().map(|(entity, day)| json!({ "entity": entity, "date": day })).collect()
}

/// What is said of files that a run before left behind.
pub(super) fn left_behind(left: &UnfinishedLooks, dry_run: bool) -> String {
    let UnfinishedLooks { entity, date, files, bytes } = left;
    let files = many(files.len(), "file");
    if dry_run {
        format!(
            "{entity} of {date}: {files} of {bytes} bytes are still to be removed, a run before was cut short\n"
        )
    } else {
        format!(
            "{entity} of {date}: {files} of {bytes} bytes removed that a run before, cut short, had left\n"
        )
    }
}
