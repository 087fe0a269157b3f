//! What a view of a day shows, before it is put into any form: sections of tiles and
//! breakdowns, as exact numbers. The page and the terminal both draw from it.

use std::collections::BTreeMap;

use super::breakdown::{self, Breakdown};
use super::compared::{self, Against};
use super::format::{self, Format, Shown};
use super::growth_panel::GrownInput;
use super::layout::{Layout, Section};
use super::seen;
use super::text::within_sentence;
use crate::metrics::cube::Cube;
use crate::model::compared::RecentDoc;
use crate::model::definitions::{Definitions, Measure};
use crate::model::metrics_doc::{Figure, MetricDoc, MetricsDoc, OverDoc};
use crate::model::seen::{ApartDoc, SeenDoc};
use crate::model::{Manifest, Number};

/// All that is known of a frozen day when it is shown.
#[derive(Clone, Copy, Debug)]
pub struct DayInput<'a> {
    /// The numbers.
    pub doc: &'a MetricsDoc,
    /// What it is. Its list of files is never looked at: the page is written before it is complete.
    pub manifest: &'a Manifest,
    /// What made the numbers.
    pub definitions: &'a Definitions,
    /// What is shown and in which order.
    pub layout: &'a Layout,
    /// What else the reader should know, as sentences: that a later edition differs.
    pub remarks: &'a [String],
    /// The cubes from which a page is filtered; none where they are not at hand.
    pub cubes: &'a [Cube],
    /// What entities did until the look of the day; none where that is not shown.
    pub grown: &'a [GrownInput],
}

/// A section of a day's view.
#[derive(Clone, Debug)]
pub struct SectionView<'a> {
    /// Its heading.
    pub title: Option<&'a str>,
    /// The totals of metrics that no section before it has shown.
    pub tiles: Vec<Tile<'a>>,
    /// Its metrics by each of its dimensions.
    pub breakdowns: Vec<Breakdown<'a>>,
}

/// A metric's total.
#[derive(Clone, Debug)]
pub struct Tile<'a> {
    /// The metric's name.
    pub metric: &'a str,
    /// What people call the metric.
    pub label: &'a str,
    /// How its numbers are shown.
    pub format: Format,
    /// The value, or why there is none.
    pub figure: &'a Figure,
    /// What the value was made of.
    pub parts: Option<Parts<'a>>,
    /// Over which days it was taken.
    pub over: Option<&'a OverDoc>,
    /// The day's own value, when it was taken over more.
    pub own: Option<&'a Figure>,
    /// How it compares with earlier days.
    pub compared: Vec<Against<'a>>,
    /// Its last weeks.
    pub recent: Option<&'a RecentDoc>,
    /// The day beside all earlier archived days, for a distinct count over time.
    pub seen: Option<&'a SeenDoc>,
    /// What it did not count.
    pub apart: Option<&'a ApartDoc>,
}

/// What a value was made of.
#[derive(Clone, Debug)]
pub enum Parts<'a> {
    /// A ratio's numerator and denominator.
    Ratio(Part<'a>, Part<'a>),
    /// How many values an average was taken of.
    Average(&'a Number),
}

/// One part of a ratio.
#[derive(Clone, Debug)]
pub struct Part<'a> {
    /// What people call the metric.
    pub label: &'a str,
    /// How its numbers are shown.
    pub format: Format,
    /// Its value.
    pub value: &'a Number,
}

/// The sections of a day's view; those that would be empty are left out.
pub fn sections<'a>(input: &DayInput<'a>, all_members: bool) -> Vec<SectionView<'a>> {
    let formats: BTreeMap<&str, Format> =
        input.doc.metrics.iter().map(|(name, metric)| (name.as_str(), Format::of_metric(metric))).collect();
    let mut shown: Vec<&str> = Vec::new();
    let mut views = Vec::new();
    for section in &input.layout.sections {
        let view = section_view(input, section, &formats, &shown, all_members);
        shown.extend(section.show.iter().map(String::as_str));
        if !(view.tiles.is_empty() && view.breakdowns.is_empty()) {
            views.push(view);
        }
    }
    views
}

fn section_view<'a>(
    input: &DayInput<'a>,
    section: &'a Section,
    formats: &BTreeMap<&str, Format>,
    shown: &[&str],
    all_members: bool,
) -> SectionView<'a> {
    let tiles = section
        .show
        .iter()
        .filter(|name| !shown.contains(&name.as_str()))
        .filter_map(|name| tile(input, name, input.doc.metrics.get(name)?, formats))
        .collect();
    let top = if all_members { usize::MAX } else { section.top.unwrap_or(super::layout::DEFAULT_TOP) };
    let breakdowns = section
        .by
        .iter()
        .filter_map(|dimension| breakdown::of(input, dimension, &section.show, formats, top))
        .collect();
    SectionView { title: section.title.as_deref(), tiles, breakdowns }
}

fn tile<'a>(
    input: &DayInput<'a>,
    name: &'a str,
    metric: &'a MetricDoc,
    formats: &BTreeMap<&str, Format>,
) -> Option<Tile<'a>> {
    let measure = input.definitions.metrics.get(name).map(|definition| &definition.measure);
    let format = formats.get(name)?.clone();
    Some(Tile {
        metric: name,
        label: &metric.label,
        compared: compared::of(metric, &format, input.doc.date),
        recent: metric.recent.as_ref(),
        format,
        figure: &metric.figure,
        parts: parts(input, measure, &metric.figure, formats),
        over: metric.over.as_ref(),
        own: metric.day.as_ref(),
        seen: metric.seen.as_ref(),
        apart: metric.apart.as_ref(),
    })
}

fn parts<'a>(
    input: &DayInput<'a>,
    measure: Option<&'a Measure>,
    figure: &'a Figure,
    formats: &BTreeMap<&str, Format>,
) -> Option<Parts<'a>> {
    match measure? {
        Measure::Ratio(ratio) => {
            let part = |name: &'a str, value: Option<&'a Number>| {
                let value = value?;
                let label = input.doc.metrics.get(name).map_or(name, |metric| metric.label.as_str());
                let format = formats.get(name).cloned().unwrap_or_else(|| Format::of(None, [value]));
                Some(Part { label, format, value })
            };
            Some(Parts::Ratio(
                part(&ratio.numerator, figure.numerator.as_ref())?,
                part(&ratio.denominator, figure.denominator.as_ref())?,
            ))
        }
        Measure::Avg(_) => figure.count.as_ref().map(Parts::Average),
        _ => None,
    }
}

impl Tile<'_> {
    /// What is said beside the value: why it is unknown, what it was made of (`63 sales / 20,770
    /// calls`), over which days it was taken, and the day's own value when that is another.
    ///
    /// `number` and `name` put a shown number and a metric's label into the form of the view.
    pub fn said(&self, number: impl Fn(&Shown) -> String, name: impl Fn(&str) -> String) -> Vec<String> {
        let show = |format: &Format, value: &Number| number(&format.show(value));
        let part = |part: &Part<'_>| {
            format!("{} {}", show(&part.format, part.value), name(&within_sentence(part.label)))
        };
        let reason = format::missing(self.figure).and_then(|missing| missing.reason);
        let parts = self.parts.as_ref().map(|parts| match parts {
            Parts::Ratio(above, below) => format!("{} / {}", part(above), part(below)),
            Parts::Average(count) => format!("of {} values", show(&Format::whole(), count)),
        });
        let own = self.own.and_then(|own| own.value.as_ref());
        let own = own.map(|own| format!("this day {}", show(&self.format, own)));
        reason.map(str::to_owned).into_iter().chain(parts).chain(self.over_words()).chain(own).collect()
    }

    /// What is new, for a distinct count over time: `12 new · 57 since 1 Dec 2025`.
    pub fn what_is_new(&self) -> Option<String> {
        self.seen.map(seen::counts)
    }

    /// In small print: what a distinct count over time rests on, and what was not counted.
    pub fn small_print(&self) -> Vec<String> {
        let seen = self.seen.map(seen::rests_on).unwrap_or_default();
        seen.into_iter().chain(self.apart.and_then(seen::apart)).collect()
    }

    /// Over which days the value was taken: `over 30 days, 12 of them frozen`.
    fn over_words(&self) -> Option<String> {
        let over = self.over?;
        let had = if over.had == over.days { "all".to_owned() } else { over.had.to_string() };
        Some(format!("over {} days, {had} of them frozen", over.days))
    }
}

#[cfg(test)]
mod tests {
    use super::sections;
    use crate::view::format::Shown;
    use crate::view::{lay_out, sample};

    #[test]
    fn a_tile_says_what_its_value_was_made_of() {
        let mut sample = sample::day();
        sample.layout.sections = lay_out(&sample.doc, &sample.definitions);
        let input = sample.input();
        let sections = sections(&input, false);
        let said = |label: &str| {
            let tile = sections[0].tiles.iter().find(|tile| tile.label == label).unwrap();
            tile.said(Shown::to_string, str::to_owned)
        };
        assert!(said("Calls").is_empty());
        assert_eq!(said("Conversion"), ["63 sales / 20,770 calls"]);
        assert_eq!(said("Average call"), ["of 20,350 values"]);
        assert_eq!(
            said("Drop rate"),
            [
                "4,049 drops / 43,716 answered by a person",
                "over 30 days, 12 of them frozen",
                "this day 9.74 %"
            ]
        );
    }

    #[test]
    fn a_metric_has_one_tile_however_many_sections_show_it() {
        let mut sample = sample::day();
        let again = sample.layout.sections[0].clone();
        sample.layout.sections.push(again);
        let input = sample.input();
        let tiles: Vec<usize> = sections(&input, false).iter().map(|section| section.tiles.len()).collect();
        assert_eq!(tiles, [3, 0]);
    }
}
