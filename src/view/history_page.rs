//! The page of one entity through time: its state, a chart of each number, and its rows, newest first.

use askama::Template;

use super::around::{Around, allow};
use super::chart::Drawing;
use super::format::Format;
use super::history::{HistoryInput, HistoryRow, StepLine};
use super::line::{self, Dot};
use super::object::lines;
use super::origin::Origin;
use super::page::{BASE_STYLE, csp_digest};
use super::text::{isolated, visible};
use crate::config::presentation::label_of;
use crate::entities::trend::Trend;
use crate::model::entity::FieldValue;
use crate::model::{Day, Provenance};

/// The page of one entity through time.
#[derive(Template)]
#[template(path = "history.html")]
pub struct HistoryPage {
    name: String,
    small: String,
    subject: String,
    origin: String,
    style: String,
    policy: String,
    around: Around,
    first: String,
    last: String,
    rows: usize,
    notes: Vec<String>,
    /// What it is now.
    state: Vec<StatePart>,
    charts: Vec<ChartPart>,
    /// The numbers that were the same all the time, which need no chart.
    steady: String,
    steps: Vec<StepPart>,
}

struct StatePart {
    name: String,
    /// Its value; of a list with entries that are long by nature each on a line.
    lines: Vec<String>,
    trend: &'static str,
}

struct ChartPart {
    title: String,
    unit: Option<String>,
    words: String,
    drawing: Drawing,
}

struct StepPart {
    day: String,
    number: String,
    aside: String,
    is_significant: bool,
    lines: Vec<LinePart>,
}

struct LinePart {
    name: String,
    before: String,
    now: String,
    moved: [String; 2],
    remark: String,
    class: &'static str,
    /// What the colour says, in words.
    verdict: &'static str,
}

impl LinePart {
    /// Whether there is nothing to say but what it was and is.
    fn is_plain(&self) -> bool {
        self.moved.iter().all(String::is_empty) && self.remark.is_empty()
    }
}

impl HistoryPage {
    /// The page of this entity.
    pub fn new(input: &HistoryInput<'_>, origin: &Origin) -> Self {
        let style = format!("{BASE_STYLE}{}{}", line::STYLE, include_str!("../../templates/history.css"));
        let digest = csp_digest(&style);
        let text = |text: &str| visible(text).into_owned();
        let day = |row: Option<&HistoryRow<'_>>| row.map(|row| row.day.to_string()).unwrap_or_default();
        let label = input.label.filter(|label| !label.trim().is_empty());
        let steps = input.steps();
        let (charts, steady) = charts(input);
        Self {
            name: text(label.unwrap_or(input.key)),
            small: format!("{} {}", text(input.entity), isolated(input.key)),
            subject: origin.subject(),
            origin: origin.sentence(),
            policy: format!("default-src 'none'; style-src '{digest}'; base-uri 'none'; form-action 'none'"),
            around: Around::default(),
            style,
            first: day(input.rows.first()),
            last: day(input.rows.last()),
            rows: input.rows.len(),
            notes: input.notes().iter().map(|note| text(note)).collect(),
            state: state(input),
            charts,
            steady: steady.join(", "),
            steps: steps
                .iter()
                .rev()
                .map(|step| StepPart {
                    day: step.day.to_string(),
                    number: step.number.clone(),
                    aside: text(&step.aside),
                    is_significant: step.is_significant,
                    lines: step.lines.iter().map(line_part).collect(),
                })
                .collect(),
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

fn line_part(line: &StepLine) -> LinePart {
    let text = |text: &str| visible(text).into_owned();
    let (class, verdict) = match line.is_good {
        Some(true) => (" good", "better"),
        Some(false) => (" bad", "worse"),
        None => ("", ""),
    };
    LinePart {
        name: text(&line.name),
        before: text(&line.before),
        now: text(&line.now),
        moved: line.moved.each_ref().map(|moved| text(moved)),
        remark: text(&line.remark),
        class,
        verdict,
    }
}

fn state(input: &HistoryInput<'_>) -> Vec<StatePart> {
    let Some(newest) = input.rows.last() else { return Vec::new() };
    let formats = input.formats();
    let field = |name: &String| {
        let lines = match newest.row.fields.get(name) {
            None => vec!["not read".to_owned()],
            Some(Some(FieldValue::List(items))) if !items.is_empty() => lines(items),
            Some(value) => vec![input.shown(value.as_ref(), formats.get(name.as_str()))],
        };
        let trend = newest.computed.moves.get(name).and_then(|moved| moved.trend);
        StatePart {
            name: visible(&label_of(name)).into_owned(),
            lines: lines.iter().map(|line| visible(line).into_owned()).collect(),
            trend: trend.map(Trend::word).unwrap_or_default(),
        }
    };
    input.fields.keys().map(field).collect()
}

/// A chart of each number that is known of two days or more and moved; and the names of those that did not.
fn charts(input: &HistoryInput<'_>) -> (Vec<ChartPart>, Vec<String>) {
    let redefined = input.redefined();
    let (mut charts, mut steady) = (Vec::new(), Vec::new());
    for (name, format) in &input.formats() {
        let dots = dots(input, name, format);
        let known: Vec<_> = dots.iter().filter_map(|dot| dot.value.as_ref()).collect();
        let title = visible(&label_of(name)).into_owned();
        let (Some(lowest), Some(highest)) = (known.iter().min(), known.iter().max()) else { continue };
        if lowest == highest && known.len() == dots.len() {
            steady.extend((known.len() > 1).then_some(title));
            continue;
        }
        let words = format!(
            "{} to {} over {} days",
            format.show_bare(lowest).html(),
            format.show(highest).html(),
            known.len()
        );
        charts.extend(line::line(&dots, &redefined, None, format).map(|drawing| ChartPart {
            title,
            unit: format.common_unit().map(|unit| visible(unit).into_owned()),
            words: visible(&words).into_owned(),
            drawing,
        }));
    }
    (charts, steady)
}

/// The last row of each day. All of them were seen as they were, so they are witnessed.
fn dots(input: &HistoryInput<'_>, name: &str, format: &Format) -> Vec<Dot> {
    let mut dots: Vec<Dot> = Vec::new();
    for row in &input.rows {
        let value = row.row.number(name).cloned();
        let shown = value.as_ref().map_or_else(|| "unknown".to_owned(), |value| format.show(value).html());
        let dot = Dot {
            day: row.day,
            value,
            provenance: Provenance::Witnessed,
            title: isolated(&format!("{} #{}: {shown}, {}", row.day, row.row.seq, row.why)).into_owned(),
        };
        match dots.iter_mut().rev().find(|known| known.day <= dot.day) {
            Some(known) if known.day == dot.day => *known = dot,
            _ => dots.push(dot),
        }
    }
    // A look of a day may be numbered after captures of the next.
    dots.sort_by_key(|dot: &Dot| -> Day { dot.day });
    dots
}
