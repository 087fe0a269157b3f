//! Metrics by one dimension: its members in the order in which they are shown, those beyond
//! the first few taken together, and the totals.

use std::collections::BTreeMap;

use super::day::DayInput;
use super::format::Format;
use super::rollup;
use super::timeline;
use crate::model::compared::{ComparisonDoc, LevelDoc};
use crate::model::definitions::TimeSpan;
use crate::model::metrics_doc::{DimensionDoc, Figure, MemberDoc, MetricDoc};
use crate::model::{Day, Number};

/// Metrics by one dimension.
#[derive(Clone, Debug)]
pub struct Breakdown<'a> {
    /// The dimension's name.
    pub dimension: &'a str,
    /// What people call the dimension.
    pub label: &'a str,
    /// The span of time, if its members are spans of the day.
    pub time: Option<TimeSpan>,
    /// The metrics.
    pub columns: Vec<Column<'a>>,
    /// The same weekday a week before, where its levels are known.
    pub week_before: Option<Day>,
    /// The members that are shown: spans of time in their order, others from the largest of the
    /// first metric down.
    pub rows: Vec<Row<'a>>,
    /// The members that are not shown, taken together.
    pub rest: Option<Rest>,
    /// Why some metrics are missing here, as sentences.
    pub notes: Vec<String>,
}

/// A metric in a breakdown.
#[derive(Clone, Debug)]
pub struct Column<'a> {
    /// The metric's name.
    pub metric: &'a str,
    /// What people call it.
    pub label: &'a str,
    /// Over how many days it is taken, when that is not the day alone.
    pub over_days: Option<u16>,
    /// How its numbers are shown.
    pub format: Format,
    /// Whether the members add up to the total.
    pub additive: bool,
    /// The total of the whole day.
    pub total: Cell<'a>,
    /// The total of the same weekday a week before, where its levels are known.
    pub week_before: Option<&'a Number>,
}

/// A member and its values, one for each column.
#[derive(Clone, Debug)]
pub struct Row<'a> {
    /// The member as the source spells it; `None` is NULL.
    pub key: Option<&'a str>,
    /// What people call it.
    pub label: Option<&'a str>,
    /// Its values.
    pub cells: Vec<Cell<'a>>,
    /// Its values on the same weekday a week before, as far as they are known.
    pub week_before: Vec<Option<&'a Number>>,
}

/// The members that are not shown.
#[derive(Clone, Debug)]
pub struct Rest {
    /// How many they are.
    pub members: usize,
    /// Their values together; `None` where that cannot be known from theirs.
    pub values: Vec<Option<Number>>,
}

/// A value in a table, or why there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell<'a> {
    /// The value.
    Value(&'a Number),
    /// Unknown, with the reason.
    Unknown(Option<&'a str>),
    /// The metric has no such member.
    Absent,
}

impl<'a> Cell<'a> {
    fn of(figure: &'a Figure) -> Self {
        figure.value.as_ref().map_or(Self::Unknown(figure.reason.as_deref()), Self::Value)
    }

    /// The value, if there is one.
    pub fn value(self) -> Option<&'a Number> {
        if let Self::Value(number) = self { Some(number) } else { None }
    }
}

impl Column<'_> {
    /// What is said once for the whole column: its unit, and over how many days it is taken.
    pub fn aside(&self) -> Option<String> {
        let unit = self.format.common_unit().map(str::to_owned);
        let days = self.over_days.map(|days| format!("{days} days"));
        let said: Vec<String> = unit.into_iter().chain(days).collect();
        (!said.is_empty()).then(|| said.join(", "))
    }
}

impl Breakdown<'_> {
    /// Why cells are empty, each reason once.
    pub fn reasons(&self) -> Vec<&str> {
        let mut reasons = Vec::new();
        let totals = self.columns.iter().map(|column| column.total);
        for cell in self.rows.iter().flat_map(|row| row.cells.iter().copied()).chain(totals) {
            if let Cell::Unknown(Some(reason)) = cell
                && !reasons.contains(&reason)
            {
                reasons.push(reason);
            }
        }
        reasons
    }

    /// The share of the total that a value of the first column is, where the members add up to it
    /// and it is the only column.
    pub fn share(&self, value: Option<&Number>) -> Option<Number> {
        match self.columns.as_slice() {
            [only] if only.additive => value?.ratio(only.total.value()?),
            _ => None,
        }
    }

    /// Whether each row shows its share of the total.
    pub fn has_shares(&self) -> bool {
        matches!(self.columns.as_slice(), [only] if only.additive && only.total.value().is_some_and(|n| !n.is_zero()))
    }
}

/// These metrics by a dimension; `None` when none of them is broken down by it.
pub(super) fn of<'a>(
    input: &DayInput<'a>,
    dimension: &'a str,
    show: &[String],
    formats: &BTreeMap<&str, Format>,
    top: usize,
) -> Option<Breakdown<'a>> {
    let metrics: Vec<(&'a str, &'a MetricDoc, &'a Vec<MemberDoc>)> = show
        .iter()
        .filter_map(|name| input.doc.metrics.get_key_value(name))
        .filter_map(|(name, metric)| Some((name.as_str(), metric, metric.by.get(dimension)?)))
        .collect();
    let described = described(input, dimension, metrics.first()?.1);
    let columns: Vec<Column<'a>> = metrics
        .iter()
        .filter_map(|(name, metric, _)| column(input, name, metric, formats, dimension))
        .collect();
    let starts_at = described.time.map(|_| timeline::day_start(input.definitions));
    let mut members = merged(&metrics, dimension, starts_at);
    if described.time.is_none() {
        members.sort_by(|a, b| b.rank().cmp(&a.rank()));
    }
    // A rest of one member would take the line that the member itself can have.
    let cut =
        if described.time.is_some() || members.len() <= top.saturating_add(1) { members.len() } else { top };
    let rest = members.split_off(cut);
    let rest = (!rest.is_empty()).then(|| Rest {
        members: rest.len(),
        values: metrics
            .iter()
            .enumerate()
            .map(|(at, (name, ..))| {
                let figures: Vec<&Figure> =
                    rest.iter().filter_map(|member| *member.figures.get(at)?).collect();
                rollup::together(name, &figures, input.definitions)
            })
            .collect(),
    });
    Some(Breakdown {
        dimension,
        label: described.label,
        time: described.time,
        week_before: metrics.iter().find_map(|(_, metric, _)| Some(week_before(metric, dimension)?.0.date)),
        columns,
        rows: members.into_iter().map(Member::into_row).collect(),
        rest,
        notes: left_out(input, dimension, show),
    })
}

fn column<'a>(
    input: &DayInput<'a>,
    name: &'a str,
    metric: &'a MetricDoc,
    formats: &BTreeMap<&str, Format>,
    dimension: &str,
) -> Option<Column<'a>> {
    Some(Column {
        metric: name,
        week_before: week_before(metric, dimension).and_then(|(with, _)| with.value.as_ref()),
        label: &metric.label,
        over_days: metric.over.as_ref().map(|over| over.days),
        format: formats.get(name)?.clone(),
        additive: rollup::is_additive(name, input.definitions),
        total: Cell::of(&metric.figure),
    })
}

/// The same weekday a week before and its levels by a dimension of time.
fn week_before<'a>(metric: &'a MetricDoc, dimension: &str) -> Option<(&'a ComparisonDoc, &'a Vec<LevelDoc>)> {
    let with = metric.compared.as_ref()?.same_weekday.as_ref()?;
    Some((with, with.by.get(dimension)?))
}

/// How the events describe the dimension; by its name alone when they do not.
fn described<'a>(input: &DayInput<'a>, dimension: &str, metric: &'a MetricDoc) -> Described<'a> {
    let own = metric.of.as_ref().and_then(|of| input.doc.events.get(of));
    let known: Option<&'a DimensionDoc> = own
        .into_iter()
        .chain(input.doc.events.values())
        .flat_map(|events| &events.dimensions)
        .find(|described| described.name == dimension);
    let named = metric.by.get_key_value(dimension).map_or("", |(name, _)| name.as_str());
    known.map_or(Described { label: named, time: None }, |d| Described { label: &d.label, time: d.time })
}

struct Described<'a> {
    label: &'a str,
    time: Option<TimeSpan>,
}

/// A member with the figure of each metric that has it.
struct Member<'a> {
    key: Option<&'a str>,
    label: Option<&'a str>,
    figures: Vec<Option<&'a Figure>>,
    week_before: Vec<Option<&'a Number>>,
}

impl<'a> Member<'a> {
    fn rank(&self) -> Option<&'a Number> {
        self.figures.first().copied().flatten()?.value.as_ref()
    }

    fn into_row(self) -> Row<'a> {
        let cells = self.figures.into_iter().map(|figure| figure.map_or(Cell::Absent, Cell::of)).collect();
        Row { key: self.key, label: self.label, cells, week_before: self.week_before }
    }
}

/// The members of all these metrics, with those that there were a week before only. One that an
/// earlier metric does not have stands in its place in the day, which starts at `starts_at` minutes,
/// or where that is not known behind the member before it in its own metric's order.
fn merged<'a>(
    metrics: &[(&str, &'a MetricDoc, &'a Vec<MemberDoc>)],
    dimension: &str,
    starts_at: Option<u32>,
) -> Vec<Member<'a>> {
    let mut merged =
        Merged { members: BTreeMap::new(), order: Vec::new(), metrics: metrics.len(), starts_at };
    for (at, (_, _, of_metric)) in metrics.iter().enumerate() {
        let mut before = Before::Nothing;
        for member in *of_metric {
            let key = member.key.as_deref();
            let found = merged.member(key, before);
            found.label = found.label.or(member.label.as_deref());
            if let Some(figure) = found.figures.get_mut(at) {
                *figure = Some(&member.figure);
            }
            before = Before::Member(key);
        }
    }
    for (at, (_, metric, _)) in metrics.iter().enumerate() {
        let mut before = Before::Nothing;
        for level in week_before(metric, dimension).map_or(&[][..], |(_, levels)| levels) {
            let key = level.key.as_deref();
            if let Some(value) = merged.member(key, before).week_before.get_mut(at) {
                *value = level.value.as_ref();
            }
            before = Before::Member(key);
        }
    }
    merged.order.into_iter().filter_map(|key| merged.members.remove(&key)).collect()
}

/// What stands before a member in its own metric's order.
#[derive(Clone, Copy)]
enum Before<'a> {
    Nothing,
    Member(Option<&'a str>),
}

/// Members that are being put in order.
struct Merged<'a> {
    members: BTreeMap<Option<&'a str>, Member<'a>>,
    order: Vec<Option<&'a str>>,
    metrics: usize,
    starts_at: Option<u32>,
}

impl<'a> Merged<'a> {
    fn member(&mut self, key: Option<&'a str>, before: Before<'a>) -> &mut Member<'a> {
        let Self { members, order, metrics, starts_at } = self;
        members.entry(key).or_insert_with(|| {
            let in_the_day = starts_at.and_then(|starts_at| timeline::place(order, key, starts_at));
            let behind = || match before {
                Before::Nothing => None,
                Before::Member(before) => order.iter().rposition(|known| *known == before),
            };
            let place = in_the_day.unwrap_or_else(|| behind().map_or(0, |place| place + 1));
            order.insert(place, key);
            Member { key, label: None, figures: vec![None; *metrics], week_before: vec![None; *metrics] }
        })
    }
}

/// Which metrics could not be broken down by the dimension, and why.
fn left_out(input: &DayInput<'_>, dimension: &str, show: &[String]) -> Vec<String> {
    let metrics = show.iter().filter_map(|name| input.doc.metrics.get(name));
    metrics
        .filter_map(|metric| Some(format!("{}: {}", metric.label, metric.not_by.get(dimension)?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::Cell;
    use crate::model::Number;
    use crate::view::{day, sample};

    #[test]
    fn members_come_from_the_largest_down_and_spans_of_time_in_their_order() {
        let sample = sample::day();
        let sections = day::sections(&sample.input(), false);
        let [by_hour, by_campaign, by_status] = sections[0].breakdowns.as_slice() else { panic!() };
        let keys: Vec<_> = by_hour.rows.iter().map(|row| row.key.unwrap_or("NULL")).collect();
        assert_eq!(keys, ["08", "09", "10", "11", "12", "13", "14", "15", "16", "17", "18", "19", "20"]);
        let labels: Vec<_> = by_campaign.rows.iter().map(|row| row.label.unwrap_or("?")).collect();
        assert_eq!(labels, ["EASTSIDE", "Colorado", "St Louis live", "Retries", "Weekend test"]);
        assert_eq!(by_campaign.rows[0].cells[0], Cell::Value(&Number::from(7120_i64)));
        // SALE has 63 calls, below NULL's 420.
        let last: Vec<_> = by_status.rows.iter().rev().take(3).map(|row| row.key).collect();
        assert_eq!(last, [Some("SALE"), Some("CALLBK"), Some("DROP")]);
        assert!(by_status.rows.iter().any(|row| row.key.is_none()));
    }

    #[test]
    fn the_rest_is_taken_together_and_adds_up() {
        let mut sample = sample::day();
        sample.layout.sections[0].top = Some(4);
        let sections = day::sections(&sample.input(), false);
        // Five campaigns: a rest of one is the member itself.
        assert_eq!(sections[0].breakdowns[1].rows.len(), 5);
        let status = &sections[0].breakdowns[2];
        assert_eq!(status.rows.len(), 4);
        let rest = status.rest.as_ref().unwrap();
        assert_eq!(rest.members, 7);
        // 20770 calls less the 8210, 5140, 2390 and 1870 of the four that are shown; all 63 sales are in it.
        let expected: Vec<Option<Number>> = ["3160", "63", "0.0199367088608"].map(|n| n.parse().ok()).into();
        assert_eq!(rest.values, expected);
        assert!(day::sections(&sample.input(), true)[0].breakdowns[2].rest.is_none());
    }

    #[test]
    fn a_span_that_only_a_later_metric_has_stands_in_its_place() {
        let mut sample = sample::day();
        sample.doc.metrics["calls"].by["hour"].retain(|member| member.key.as_deref() != Some("12"));
        let sections = day::sections(&sample.input(), false);
        let hours = &sections[0].breakdowns[0].rows;
        assert_eq!(hours[4].key, Some("12"));
        assert_eq!(hours[4].cells[0], Cell::Absent);
        assert_eq!(hours.len(), 13);
    }
}
