//! A metric through time as it is shown, and its page.

use askama::Template;

use super::around::{Around, allow};
use super::chart::Drawing;
use super::format::{DASH, Format};
use super::line::{self, Dot};
use super::origin::Origin;
use super::outlook::sentences;
use super::page::{BASE_STYLE, csp_digest};
use super::terminal::Gap;
use super::text::{isolated, member_name, visible};
use crate::analyze::forecast::LEVEL;
use crate::analyze::outlook::Outlook;
use crate::model::compared::ChangeDoc;
use crate::model::{Day, Edition, Number, Provenance};

/// What is shown.
#[derive(Clone, Debug, Default)]
pub struct SeriesInput<'a> {
    /// What people call the metric.
    pub label: &'a str,
    /// Its unit.
    pub unit: Option<&'a str>,
    /// The frozen days, in order.
    pub rows: Vec<SeriesRow>,
    /// The spans of days between that are not frozen.
    pub gaps: Vec<Gap>,
    /// The members shown: key and label, one for each of a row's members.
    pub members: Vec<(Option<String>, Option<String>)>,
    /// The days since which the metric was defined otherwise.
    pub redefined: Vec<Day>,
    /// What is expected.
    pub outlook: Option<&'a Outlook>,
    /// What else is to be said, as sentences.
    pub notes: Vec<String>,
}

/// One frozen day.
#[derive(Clone, Debug)]
pub struct SeriesRow {
    /// The day.
    pub day: Day,
    /// The edition whose values these are.
    pub edition: Edition,
    /// How that came to be known.
    pub provenance: Provenance,
    /// The total; `None` when it is unknown.
    pub value: Option<Number>,
    /// How it compares with the day before, and that day's value.
    pub change: Option<(ChangeDoc, Number)>,
    /// The values of the members.
    pub members: Vec<Option<Number>>,
}

impl SeriesInput<'_> {
    /// The format for all of its numbers.
    pub fn format(&self) -> Format {
        let members = self.rows.iter().flat_map(|row| row.members.iter().flatten());
        let ahead = self.outlook.map(|outlook| outlook.days.as_slice()).unwrap_or_default();
        let ahead = ahead.iter().flat_map(|day| [&day.value, &day.low, &day.high]);
        let totals = self.rows.iter().filter_map(|row| row.value.as_ref());
        Format::of(self.unit, totals.chain(members).chain(ahead))
    }
}

/// The page of a metric through time.
#[derive(Template)]
#[template(path = "series.html")]
pub struct SeriesPage {
    label: String,
    unit: Option<String>,
    subject: String,
    origin: String,
    provenances: Vec<(&'static str, usize)>,
    first: String,
    last: String,
    days: usize,
    missing: i64,
    style: String,
    policy: String,
    around: Around,
    drawing: Option<Drawing>,
    redefined: Vec<String>,
    notes: Vec<String>,
    level: u8,
    ahead: Vec<[String; 5]>,
    said: Vec<String>,
    members: Vec<(String, Option<String>)>,
    rows: Vec<RowPart>,
}

/// A line of the page's table.
enum RowPart {
    Gap(String),
    Redefined(String),
    Day {
        day: String,
        weekday: String,
        exact: Option<String>,
        value: String,
        change: String,
        edition: String,
        provenance: &'static str,
        members: Vec<String>,
    },
}

impl SeriesPage {
    /// The page of this series.
    pub fn new(input: &SeriesInput<'_>, origin: &Origin) -> Self {
        let format = input.format();
        let style = format!("{BASE_STYLE}{}{}", line::STYLE, include_str!("../../templates/series.css"));
        let digest = csp_digest(&style);
        let show = |number: &Number| visible(&format.show_bare(number).html()).into_owned();
        let dots: Vec<Dot> = input.rows.iter().map(|row| dot(row, &format)).collect();
        let ahead = input.outlook.map(|outlook| outlook.days.as_slice()).unwrap_or_default();
        let day = |day: Option<Day>| day.map(|day| day.to_string()).unwrap_or_default();
        let name = |(key, label): &(Option<String>, Option<String>)| {
            let name = member_name(key.as_deref(), label.as_deref());
            (visible(&name.main).into_owned(), name.small.map(|small| visible(&small).into_owned()))
        };
        Self {
            label: visible(input.label).into_owned(),
            unit: format.common_unit().map(|unit| visible(unit).into_owned()),
            subject: origin.subject(),
            origin: origin.sentence(),
            provenances: provenances(&input.rows),
            first: day(input.rows.first().map(|row| row.day)),
            last: day(input.rows.last().map(|row| row.day)),
            days: input.rows.len(),
            missing: input.gaps.iter().map(|gap| gap.last.days_since(gap.first) + 1).sum(),
            policy: format!("default-src 'none'; style-src '{digest}'; base-uri 'none'; form-action 'none'"),
            around: Around::default(),
            style,
            drawing: line::line(&dots, &input.redefined, input.outlook, &format),
            redefined: input.redefined.iter().map(ToString::to_string).collect(),
            notes: input.notes.iter().map(|note| visible(note).into_owned()).collect(),
            level: LEVEL,
            ahead: ahead
                .iter()
                .map(|one| {
                    let weekday = one.day.date().format("%a").to_string();
                    [one.day.to_string(), weekday, show(&one.value), show(&one.low), show(&one.high)]
                })
                .collect(),
            said: input
                .outlook
                .map(|outlook| sentences(outlook, input.label, &format))
                .unwrap_or_default()
                .iter()
                .map(|sentence| visible(sentence).into_owned())
                .collect(),
            members: input.members.iter().map(name).collect(),
            rows: rows(input, &format),
        }
    }

    /// The same with what a server puts around it.
    #[must_use]
    pub fn within(mut self, around: Around) -> Self {
        allow(&mut self.style, &mut self.policy);
        self.around = around;
        self
    }

    /// The HTML.
    ///
    /// # Errors
    /// None in practice: writing into memory does not fail.
    pub fn to_bytes(&self) -> Result<Vec<u8>, askama::Error> {
        Ok(self.render()?.into_bytes())
    }
}

/// How the days came to be known, each with its number of days.
fn provenances(rows: &[SeriesRow]) -> Vec<(&'static str, usize)> {
    let all = [Provenance::Witnessed, Provenance::Provisional, Provenance::Reconstructed];
    let counted = all.map(|one| (one.word(), rows.iter().filter(|row| row.provenance == one).count()));
    counted.into_iter().filter(|(_, days)| *days > 0).collect()
}

fn dot(row: &SeriesRow, format: &Format) -> Dot {
    let value = row.value.as_ref().map_or_else(|| "unknown".to_owned(), |value| format.show(value).html());
    let weekday = row.day.date().format("%a");
    let title = format!("{weekday} {}: {value}, {}, edition {}", row.day, row.provenance, row.edition);
    Dot {
        day: row.day,
        value: row.value.clone(),
        provenance: row.provenance,
        title: isolated(&title).into_owned(),
    }
}

fn rows(input: &SeriesInput<'_>, format: &Format) -> Vec<RowPart> {
    let show = |number: Option<&Number>| {
        number
            .map_or_else(|| DASH.to_string(), |number| visible(&format.show_bare(number).html()).into_owned())
    };
    let mut rows = Vec::with_capacity(input.rows.len());
    for row in &input.rows {
        if let Some(gap) = input.gaps.iter().find(|gap| gap.last.checked_add(1) == Some(row.day)) {
            let what = if gap.cold { "not copied" } else { "not captured" };
            rows.push(RowPart::Gap(if gap.first == gap.last {
                format!("{}: {what}", gap.first)
            } else {
                format!("{} – {}: {what}", gap.first, gap.last)
            }));
        }
        if input.redefined.contains(&row.day) {
            rows.push(RowPart::Redefined(row.day.to_string()));
        }
        let change = row.change.as_ref();
        let change = change.map(|(change, baseline)| super::compared::step(change, baseline, format).html());
        rows.push(RowPart::Day {
            day: row.day.to_string(),
            weekday: row.day.date().format("%a").to_string(),
            exact: row.value.as_ref().map(ToString::to_string),
            value: show(row.value.as_ref()),
            change: change.map(|change| visible(&change).into_owned()).unwrap_or_default(),
            edition: row.edition.to_string(),
            provenance: row.provenance.word(),
            members: row.members.iter().map(|value| show(value.as_ref())).collect(),
        });
    }
    rows
}
