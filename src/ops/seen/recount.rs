//! What the counts over time would be if all archived days were frozen now, one after the other.

use std::collections::BTreeMap;

use super::archived::{Archived, Counted, Group, Held, LeftOut, merge, sentence};
use super::basis;
use crate::archive::{Archive, ArchiveError, History};
use crate::model::Day;
use crate::model::seen::SeenDoc;
use crate::ops::when;

/// The counts over time of all archived days, as they would be now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recount {
    /// The counts, by metric and day; of the latest edition of each day that has keys.
    pub metrics: BTreeMap<String, BTreeMap<Day, SeenDoc>>,
    /// Days that had to be left out because they are damaged, as sentences.
    pub damaged: Vec<String>,
}

/// Counts these metrics again over all archived days, by one merge of their keys.
///
/// Each day is counted by the rule by which it was frozen: against the earlier days with the same
/// definition and hash key as its own. So neither configuration nor key file is needed, and what
/// differs from the frozen counts follows from days that were added, restated or lost since.
///
/// # Errors
/// When the ledger is damaged. A damaged day is done without, and that is said.
pub fn recount(archive: &Archive, history: &History, metrics: &[&str]) -> Result<Recount, ArchiveError> {
    let mut recount = Recount::default();
    let mut all: Vec<Vec<(Day, Held)>> = metrics.iter().map(|_| Vec::new()).collect();
    for (day, _) in history.days().filter(|_| !metrics.is_empty()) {
        let archived = Archived::open(archive, when::latest(history.day(day)?));
        recount.damaged.extend(archived.trouble(day));
        for (name, days) in metrics.iter().zip(&mut all) {
            let held = archived.held(archive, name).unwrap_or_else(|error| {
                recount.damaged.push(sentence(day, &error));
                Held::Apart(LeftOut::Damaged)
            });
            days.push((day, held));
        }
    }
    for (name, mut days) in metrics.iter().zip(all) {
        let counted = count(&mut days, &mut recount.damaged);
        recount.metrics.insert((*name).to_owned(), counted);
    }
    Ok(recount)
}

/// Counts one metric; days whose keys turn out to be damaged are marked so.
fn count(days: &mut [(Day, Held)], damaged: &mut Vec<String>) -> BTreeMap<Day, SeenDoc> {
    let mut groups: Vec<Group> = Vec::new();
    for (_, held) in &*days {
        if let Held::Keys { group, .. } = held
            && !groups.contains(group)
        {
            groups.push(*group);
        }
    }
    let mut new: BTreeMap<Day, u64> = BTreeMap::new();
    for group in &groups {
        let of_group = |(day, held): &(Day, Held)| {
            Some(Counted { day: *day, file: held.counts_in(*group).ok()?.clone() })
        };
        let mut counted: Vec<Counted> = days.iter().filter_map(of_group).collect();
        let (counts, broken) = merge(&mut counted);
        new.extend(counted.iter().map(|counted| counted.day).zip(counts));
        for (day, error) in broken {
            damaged.push(sentence(day, &error));
            if let Some((_, held)) = days.iter_mut().find(|(found, _)| *found == day) {
                *held = Held::Apart(LeftOut::Damaged);
            }
        }
    }
    groups.into_iter().flat_map(|group| documents(group, days, &new)).collect()
}

/// The counts of the days of one group.
fn documents(group: Group, days: &[(Day, Held)], new: &BTreeMap<Day, u64>) -> Vec<(Day, SeenDoc)> {
    let (mut since, mut counted, mut cumulative) = (None, 0, 0);
    let mut left_out = BTreeMap::new();
    let mut docs = Vec::new();
    for (day, held) in days {
        match held.counts_in(group) {
            Ok(file) => {
                let new = new.get(day).copied().unwrap_or_default();
                counted += 1;
                cumulative += new;
                let doc = SeenDoc {
                    unique: file.count(),
                    new: Some(new),
                    cumulative: Some(cumulative),
                    reason: None,
                    basis: basis(*since.get_or_insert(*day), *day, counted, &left_out),
                };
                docs.push((*day, doc));
            }
            Err(reason) => *left_out.entry(reason).or_default() += 1,
        }
    }
    docs
}
