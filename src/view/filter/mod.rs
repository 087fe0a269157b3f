//! Filtering in the frozen page, without a server: the crossed cubes go into the page beside a
//! small script, which computes for every choice of members what the day's numbers are.
//!
//! What the cube can't tell for a choice is said to be unknown, and never the unfiltered number.
//! A cube that would make the page too large loses its dimensions, the one with most members first.

mod build;
mod data;
mod script;

use std::fmt::Write as _;

use super::day::{DayInput, SectionView};
use super::format;
use super::panel::Panel;
use super::text::{isolated, within_sentence};
use build::Kept;

pub(super) use data::FormatData;
pub(super) use script::{STYLE, script};

/// How many bytes a page may have, unless its text alone has more.
pub const PAGE_LIMIT: usize = 150_000;

/// A filter, or why there is none.
pub(super) enum Filtering {
    /// The page can be filtered, by this data: JSON that may stand in a script element.
    By(String),
    /// It can't, and says so with this sentence.
    Not(String),
    /// There is nothing to filter by, and nothing to say.
    Nothing,
}

/// What fits into `room` bytes for these sections and panels of the page.
pub(super) fn filter(
    input: &DayInput<'_>,
    sections: &[SectionView<'_>],
    panels: &[&Panel],
    room: usize,
) -> Filtering {
    let mut kept: Vec<Kept<'_>> = input.cubes.iter().filter_map(Kept::of).collect();
    let mut dropped: Vec<String> = Vec::new();
    while !kept.is_empty() {
        // What is too large at a glance is not even written.
        if kept.iter().map(Kept::least_bytes).sum::<usize>() <= room {
            let mut data = build::data(input, &kept, sections, panels);
            data.notes = notes(input, &dropped);
            let json = data.json();
            if json.len() <= room {
                return Filtering::By(json);
            }
        }
        let largest = kept.iter().flat_map(Kept::dimensions).max_by_key(|(_, members)| *members);
        let Some(name) = largest.map(|(name, _)| name.to_owned()) else { break };
        kept = kept.into_iter().filter_map(|kept| kept.without(&name)).collect();
        dropped.push(name);
    }
    if !dropped.is_empty() {
        let limit = format::count(PAGE_LIMIT as u64 / 1000);
        Filtering::Not(format!(
            "This page can't be filtered: with the numbers that it takes it would be larger than {limit} KB."
        ))
    } else if input.cubes.iter().any(|cube| !cube.crossed) {
        Filtering::Not("This page can't be filtered: each dimension was counted by itself.".to_owned())
    } else {
        Filtering::Nothing
    }
}

/// What can't be chosen and why.
fn notes(input: &DayInput<'_>, dropped: &[String]) -> Vec<String> {
    let mut alone: Vec<&str> = Vec::new();
    let mut large: Vec<&str> = Vec::new();
    let mut notes = Vec::new();
    for events in input.doc.events.values() {
        if !events.crossed {
            notes.push(format!("{}: too many groups; not known for any choice.", isolated(&events.label)));
            continue;
        }
        for dimension in &events.dimensions {
            let list = if dimension.alone {
                &mut alone
            } else if dropped.contains(&dimension.name) {
                &mut large
            } else {
                continue;
            };
            if !list.contains(&dimension.label.as_str()) {
                list.push(&dimension.label);
            }
        }
    }
    let mut say = |names: &[&str], why: &str| {
        if !names.is_empty() {
            notes.push(format!("Not to choose from: {} ({why}).", listed(names)));
        }
    };
    say(&large, "the page would be too large");
    say(&alone, "not crossed with the others");
    notes
}

/// Names in a sentence: `list and agent`.
fn listed(names: &[&str]) -> String {
    let mut text = String::new();
    for (at, name) in names.iter().enumerate() {
        let between = match at {
            0 => "",
            _ if at + 1 == names.len() => " and ",
            _ => ", ",
        };
        let _ = write!(text, "{between}{}", isolated(&within_sentence(name)));
    }
    text
}
