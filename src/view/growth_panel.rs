//! Growth on the page of a day: a section for each kind of entities that was looked at for it, with a tile
//! for each counter and a list of what grew most. It is drawn as all tiles and panels are.

use indexmap::IndexMap;

use super::compared::Arrow;
use super::format::{DASH, count};
use super::growth::{GrowthInput, percent, signed, whole};
use super::page::{Chip, SectionPart, TilePart};
use super::panel::{Head, Panel, Table, TableRow, tiles_across};
use super::text::{isolated, visible};
use super::when::minute_with_year;
use crate::analyze::growth::{Mover, Sums, percentage};
use crate::config::presentation::label_of;
use crate::model::Number;

/// What a page shows of one kind of entities.
#[derive(Clone, Debug)]
pub struct GrownInput {
    /// The entities.
    pub entity: String,
    /// How many entities were seen.
    pub seen: u64,
    /// Of how many of them a row is kept: the others were not due.
    pub rows: u64,
    /// The sum of each counter over the rows that are kept.
    pub totals: IndexMap<String, Option<Number>>,
    /// Growth over each of the spans, the shortest first.
    pub spans: Vec<SpanInput>,
}

/// Growth over one span.
#[derive(Clone, Debug)]
pub struct SpanInput {
    /// So many business days.
    pub days: u16,
    /// What came out.
    pub growth: GrowthInput,
    /// Why there is nothing to hold it against.
    pub reason: Option<String>,
}

impl SpanInput {
    fn words(&self) -> String {
        if self.days == 1 { "1 day".to_owned() } else { format!("{} days", self.days) }
    }
}

/// Which span's list is shown when it is known, in order of liking.
const LISTED: [u16; 3] = [7, 1, 30];

/// The section of some entities; `None` without any growth to show.
pub(super) fn section(input: &GrownInput, next_id: &mut usize) -> Option<SectionPart> {
    let first = input.spans.first()?;
    let listed = LISTED.iter().find_map(|days| {
        input.spans.iter().find(|span| span.days == *days && span.growth.previous.is_some())
    });
    let counters: Vec<&String> = first.growth.grown.counters.keys().collect();
    let tiles: Vec<TilePart> = counters.iter().map(|counter| tile(input, first, counter)).collect();
    let lists = listed.into_iter().flat_map(|span| span.growth.grown.top.iter().map(move |top| (span, top)));
    let lists = lists.filter(|(_, (_, movers))| !movers.is_empty());
    let panels = lists.map(|(span, (counter, movers))| {
        *next_id += 1;
        panel(span, counter, movers, *next_id, &input.entity)
    });
    let panels = panels.collect();
    let title = Some(visible(&label_of(&input.entity)).into_owned());
    Some(SectionPart { title, across: tiles_across(tiles.len()), tiles, panels })
}

fn tile(input: &GrownInput, first: &SpanInput, counter: &str) -> TilePart {
    let sums = |span: &SpanInput| span.growth.grown.counters.get(counter).copied().unwrap_or_default();
    // Held against another look, an entity that is not known there is in no sum; here it is.
    let total = input.totals.get(counter).and_then(Option::as_ref).map(ToString::to_string);
    let number = total.as_ref().map_or_else(|| "unknown".to_owned(), |total| grouped(total));
    let size = match number.chars().count() {
        _ if total.is_none() => " none",
        0..=11 => "",
        12..=18 => " long",
        _ => " huge",
    };
    let current = &first.growth.current;
    let seen = minute_with_year(current.at, first.growth.zone.name());
    let mut lines = vec![format!("seen {seen}")];
    if input.rows < input.seen {
        lines.push(format!("of {} that were due, of {}", count(input.rows), count(input.seen)));
    }
    let missing = input.spans.iter().filter_map(|span| Some((span, span.reason.as_ref()?)));
    lines.extend(missing.map(|(span, why)| format!("{}: {why}", span.words())));
    TilePart {
        label: visible(&label_of(counter)).into_owned(),
        exact: total,
        number,
        unit: None,
        size,
        new: None,
        chips: input.spans.iter().map(|span| chip(span, &sums(span))).collect(),
        spark: None,
        lines: lines.iter().map(|line| visible(line).into_owned()).collect(),
    }
}

/// A whole number with its digits in groups.
fn grouped(number: &str) -> String {
    number.parse().map_or_else(|_| number.to_owned(), whole)
}

fn chip(span: &SpanInput, sums: &Sums) -> Chip {
    let with = format!("in {}", span.words());
    let Some(growth) = sums.growth() else {
        return Chip { class: " none", arrow: None, amount: None, with: format!("{with}: unknown") };
    };
    let share = sums.percentage().map_or_else(String::new, |share| format!(" ({})", percent(Some(&share))));
    let down = growth < 0;
    Chip {
        class: if down { " worse" } else { "" },
        // A counter only ever should grow.
        arrow: down.then(|| (Arrow::Down.sign(), format!("worse, {}", Arrow::Down.word()))),
        amount: Some(format!("{}{share}", signed(growth))),
        with,
    }
}

fn panel(span: &SpanInput, counter: &str, movers: &[Mover], id: usize, entity: &str) -> Panel {
    let label = label_of(counter);
    let head = |label: &str| Head { label: label.to_owned(), aside: None };
    let most = movers.iter().map(Mover::growth).max().unwrap_or(0);
    let total = span.growth.grown.counters.get(counter).copied().unwrap_or_default();
    let or_dash = |told: Option<String>| told.unwrap_or_else(|| DASH.to_owned());
    let mut notes: Vec<String> = span.growth.parts().into_iter().collect();
    notes.extend(span.growth.remarks.iter().cloned());
    if let Some(previous) = &span.growth.previous {
        let then = minute_with_year(previous.at, span.growth.zone.name());
        notes.push(format!("against {} ({} {then})", previous.day, previous.how));
    }
    Panel {
        id,
        heading: format!("{}: what grew most in {}", isolated(&label), span.words()),
        legend: None,
        charts: Vec::new(),
        table: Table {
            of: isolated(&label_of(entity)).into_owned(),
            head: [head("Growth"), head("Change"), head("Now"), head("Before")].into(),
            shares: false,
            rows: movers.iter().map(|mover| row(mover, most)).collect(),
            total: TableRow {
                name: format!(
                    "All {}",
                    count(span.growth.grown.parts.matched + span.growth.grown.parts.appeared)
                ),
                small: None,
                is_rest: false,
                bar: None,
                cells: vec![
                    or_dash(total.growth().map(signed)),
                    percent(total.percentage().as_ref()),
                    or_dash(total.newer().map(whole)),
                    or_dash(total.older().map(whole)),
                ],
                week_before: Vec::new(),
                share: None,
            },
        },
        notes: notes.iter().map(|note| visible(note).into_owned()).collect(),
    }
}

fn row(mover: &Mover, most: i128) -> TableRow {
    let growth = mover.growth();
    let width = growth.checked_mul(100).filter(|_| most > 0 && growth > 0);
    let before = mover.previous.map(i128::from);
    let share = before.and_then(|before| percentage(mover.current.into(), before));
    let name = mover.label.as_deref().filter(|label| !label.trim().is_empty());
    TableRow {
        name: visible(name.unwrap_or(&mover.key)).into_owned(),
        small: name.map(|_| visible(&mover.key).into_owned()),
        is_rest: false,
        bar: width.and_then(|width| u32::try_from(width / most).ok()).filter(|width| *width > 0),
        cells: vec![
            signed(growth),
            percent(share.as_ref()),
            whole(mover.current.into()),
            before.map_or_else(|| DASH.to_owned(), whole),
        ],
        week_before: Vec::new(),
        share: None,
    }
}
