//! A frozen day beside the same day as the source has it now.

use super::table::{Cell, Line, Side, Table};
use super::{Options, Tone};
use crate::analyze::drift::{DayDrift, Defined, Kind, MemberDrift, MetricDrift, Pair, Presence};
use crate::model::{Number, SnapshotId};
use crate::view::format::{DASH, Format};
use crate::view::text::{member_name, safe};

/// How many members of a dimension are shown when not all are asked for.
const MOST_MEMBERS: usize = 5;

/// A day as it is told.
#[derive(Clone, Copy, Debug)]
pub struct DriftRow<'a> {
    /// Which edition of which day.
    pub id: SnapshotId,
    /// How it lies apart; `None` when it can't be read any more.
    pub drift: Option<&'a DayDrift>,
    /// What else is to be said of it, as sentences.
    pub notes: &'a [String],
    /// Only by these dimensions, with every member; by all when there are none.
    pub by: &'a [String],
    /// Whether the members that moved are told at all.
    pub members: bool,
}

/// A line for the day, and what drifted below it.
pub fn drift(row: &DriftRow<'_>, options: &Options) -> String {
    let color = options.color;
    let kind = row.drift.map_or(Kind::Unreadable, |drift| drift.kind);
    let weekday = row.id.day.date().format("%a").to_string();
    let mut text = format!(
        "{} {}  edition {}  {}\n",
        row.id.day,
        Tone::Faint.paint(&weekday, color),
        row.id.edition,
        tone(kind).paint(words(kind), color)
    );
    for note in row.notes {
        text.push_str(&format!("  {}\n", safe(note)));
    }
    let Some(drift) = row.drift else { return text };
    let mut lines = Vec::new();
    for metric in drift.metrics.values().filter(|metric| options.all || is_told(metric)) {
        lines.extend(metric_lines(metric, row, options.all));
    }
    if !lines.is_empty() {
        let head = ["  Metric", "Frozen", "Now", "Change", "", ""];
        let table = Table {
            sides: vec![Side::Left, Side::Right, Side::Right, Side::Right, Side::Right, Side::Left],
            head: head.map(|text| Cell::new(text, Tone::Faint)).into(),
            lines,
        };
        text.push_str(&table.draw_all(options.width, color));
    }
    for events in &drift.groups_of {
        text.push_str(&format!(
            "  single groups of {} differ, and no total or breakdown does\n",
            safe(events)
        ));
    }
    text
}

/// A kind in the words of people.
pub fn words(kind: Kind) -> &'static str {
    match kind {
        Kind::SourceShrunk => "source shrunk",
        Kind::Unchanged | Kind::Redefined | Kind::Restated | Kind::Unreadable => kind.word(),
    }
}

fn tone(kind: Kind) -> Tone {
    match kind {
        Kind::Unchanged => Tone::Good,
        Kind::Redefined => Tone::Accent,
        Kind::Restated => Tone::Warning,
        Kind::SourceShrunk | Kind::Unreadable => Tone::Bad,
    }
}

fn is_told(metric: &MetricDrift) -> bool {
    metric.kind != Kind::Unchanged || metric.within_tolerance
}

/// The metric's own line, and one for each member that moved.
fn metric_lines(metric: &MetricDrift, row: &DriftRow<'_>, all: bool) -> Vec<Line> {
    let by = row.by;
    let format = format_of(metric);
    // What is frozen of it on the day's page is of several days, so it would be looked for in vain.
    let part = if metric.this_day { ", this day" } else { "" };
    let mut cells = vec![Cell::plain(format!("  {}{part}", safe(&metric.label)))];
    cells.extend(pair_cells(&metric.pair, &format));
    cells.push(Cell::new(remark(metric), tone(metric.kind)));
    let mut lines = vec![Line::Cells(cells)];
    if !row.members {
        return lines;
    }
    let wanted = |dimension: &&String| by.is_empty() || by.contains(dimension);
    for dimension in metric.by.keys().filter(wanted) {
        let members = metric.by.get(dimension).map(Vec::as_slice).unwrap_or_default();
        let short = !all && by.is_empty() && members.len() > MOST_MEMBERS + 1;
        let most = if short { MOST_MEMBERS } else { members.len() };
        lines.extend(members.iter().take(most).map(|member| member_line(dimension, member, &format)));
        if members.len() > most {
            let text = format!("    {}: {} more members moved", safe(dimension), members.len() - most);
            lines.push(Line::Across(Cell::new(text, Tone::Faint)));
        }
    }
    lines
}

fn member_line(dimension: &str, member: &MemberDrift, format: &Format) -> Line {
    let name = member_name(member.key.as_deref(), member.label.as_deref());
    let mut first = Cell::plain(format!("    {} {}", safe(dimension), safe(&name.main)));
    first.aside = name.small.map(|small| safe(&small).into_owned()).unwrap_or_default();
    let mut cells = vec![first];
    let pair = &member.pair;
    let shown = match member.presence {
        Presence::Both => pair.clone(),
        Presence::Appeared => Pair { frozen: None, ..pair.clone() },
        Presence::Vanished => Pair { live: None, ..pair.clone() },
    };
    cells.extend(pair_cells(&shown, format));
    let word = match member.presence {
        Presence::Both => "",
        Presence::Appeared => "appeared",
        Presence::Vanished => "vanished",
    };
    cells.push(Cell::new(word, Tone::Faint));
    Line::Cells(cells)
}

/// Frozen, now, change and its percentage.
fn pair_cells(pair: &Pair, format: &Format) -> [Cell; 4] {
    let value = |value: Option<&Number>| match value {
        Some(value) => Cell::plain(safe(&format.show(value).to_string())),
        None => Cell::new(DASH, Tone::Faint),
    };
    let change = pair.change.as_ref();
    let percentage = change.and_then(|found| found.percentage.as_ref());
    [
        value(pair.frozen.as_ref()),
        value(pair.live.as_ref()),
        change.map_or_else(Cell::default, |found| Cell::plain(safe(&points(&found.change, format)))),
        percentage.map_or_else(Cell::default, |found| {
            Cell::new(signed(found, &Format::percentage(2).show(found).to_string()), Tone::Faint)
        }),
    ]
}

/// A change with its sign: points between rates.
fn points(change: &Number, format: &Format) -> String {
    let mut shown = format.show(change);
    if format.is_percent() {
        shown.unit = Some("pt".to_owned());
    }
    signed(change, &shown.to_string())
}

fn signed(number: &Number, shown: &str) -> String {
    if number.is_zero() || number.is_negative() { shown.to_owned() } else { format!("+{shown}") }
}

/// The format for all numbers of a metric.
fn format_of(metric: &MetricDrift) -> Format {
    let members = metric.by.values().flatten().map(|member| &member.pair);
    let pairs = std::iter::once(&metric.pair).chain(members);
    let numbers = pairs.flat_map(|pair| {
        [pair.frozen.as_ref(), pair.live.as_ref(), pair.change.as_ref().map(|found| &found.change)]
    });
    Format::of(metric.unit.as_deref(), numbers.flatten())
}

fn remark(metric: &MetricDrift) -> String {
    let kind = match metric.defined {
        Defined::Alike => words(metric.kind),
        Defined::Changed => "redefined",
        Defined::Added => "redefined: new",
        Defined::Removed => "redefined: gone",
    };
    let more = if metric.within_tolerance {
        ", moved within its tolerance"
    } else if metric.other_keys {
        ", other keys were counted"
    } else {
        ""
    };
    format!("{kind}{more}")
}
