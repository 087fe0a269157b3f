//! How metrics settle, as it is shown: the words for it, and a page complete in one file.

use askama::Template;

use super::around::{Around, allow};
use super::chart::{self, Column, Drawing, Size};
use super::format::{Format, count};
use super::origin::Origin;
use super::page::{BASE_STYLE, csp_digest};
use super::text::visible;
use crate::analyze::settling::{AtAge, Moved, NEEDED_DAYS, Settling};
use crate::model::Number;

/// What stands for a move that is no share of anything.
const BEYOND: &str = "∞";

/// How metrics settle.
#[derive(Clone, Debug)]
pub struct SettlingInput {
    /// What was looked at: `days` `114`.
    pub seal: Vec<(&'static str, String)>,
    /// The metrics, in the order in which they are shown.
    pub metrics: Vec<SettlingMetric>,
    /// What else is to be known, as sentences.
    pub notes: Vec<String>,
}

/// How a metric settles.
#[derive(Clone, Debug)]
pub struct SettlingMetric {
    /// What people call it.
    pub label: String,
    /// The share by which it may move.
    pub tolerance: Number,
    /// How it settles.
    pub settling: Settling,
}

/// A line of a metric's table: what is known from an age on, up to the next line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgeRow {
    /// The age in days.
    pub age: String,
    /// How many days tell.
    pub days: String,
    /// How many of them moved no more than the tolerance.
    pub within: String,
    /// The median of how far they moved.
    pub median: String,
    /// What 95 % of them moved at most.
    pub p95: String,
    /// Whether it is the age from which on the metric is settled.
    pub settled: bool,
}

/// The headings of these lines.
pub const HEAD: [&str; 5] = ["From age", "Days", "Settled", "Median moved", "95 % at most"];

impl SettlingMetric {
    /// From which age on it is settled, or why that can't be said, as a sentence.
    pub fn verdict(&self) -> String {
        let moved = if self.tolerance.is_zero() {
            "did not move".to_owned()
        } else {
            format!("moved no more than {}", percent(&self.tolerance))
        };
        let found = &self.settling;
        match found.at_settled() {
            Some(at) => {
                format!("settled after {}: {} of {} days {moved} since", days(at.age), at.within, at.days)
            }
            None if found.days < NEEDED_DAYS => {
                format!("not known yet: {} of the {NEEDED_DAYS} days that are needed tell", found.days)
            }
            None => format!("not settled: there is no age after which 95 % of the days {moved}"),
        }
    }

    /// The lines of its table. Ages that tell the same as the one before have none.
    pub fn rows(&self) -> Vec<AgeRow> {
        let mut ages: Vec<&AtAge> = self.settling.ages.iter().collect();
        ages.dedup_by(|at, before| {
            (at.days, at.within) == (before.days, before.within)
                && (&at.median, &at.p95) == (&before.median, &before.p95)
        });
        let row = |at: &AtAge| AgeRow {
            age: days(at.age),
            days: at.days.to_string(),
            within: at.within.to_string(),
            median: moved(&at.median),
            p95: moved(&at.p95),
            settled: Some(at.age) == self.settling.settled,
        };
        ages.into_iter().map(row).collect()
    }

    /// Whether one of its moves is no share of anything.
    pub fn goes_beyond(&self) -> bool {
        self.settling.ages.iter().any(|at| at.p95 == Moved::Beyond)
    }
}

/// What is to be known of the tables: the sign for a move that is no share, where one is shown.
pub fn legend(metrics: &[SettlingMetric]) -> Option<String> {
    let any = metrics.iter().any(SettlingMetric::goes_beyond);
    any.then(|| format!("{BEYOND}: is 0 now and was not, or was unknown then or now"))
}

fn days(age: i64) -> String {
    if age == 1 { "1 day".to_owned() } else { format!("{age} days") }
}

fn percent(share: &Number) -> String {
    Format::of(Some("%"), []).show(share).to_string()
}

fn moved(moved: &Moved) -> String {
    moved.share().map_or_else(|| BEYOND.to_owned(), percent)
}

/// The page that shows how metrics settle.
#[derive(Template)]
#[template(path = "settling.html")]
pub struct SettlingPage {
    title: String,
    origin: String,
    seal: Vec<(&'static str, String)>,
    style: String,
    policy: String,
    around: Around,
    notes: Vec<String>,
    head: [&'static str; 5],
    metrics: Vec<MetricPart>,
}

/// A metric on the page.
struct MetricPart {
    label: String,
    verdict: String,
    rows: Vec<AgeRow>,
    chart: Option<(Drawing, String)>,
    tolerance: Option<String>,
}

/// The page could not be rendered.
#[derive(Debug, thiserror::Error)]
#[error("the page could not be written: {0}")]
pub struct SettlingPageError(#[from] askama::Error);

impl SettlingPage {
    /// The page of these metrics.
    pub fn new(input: &SettlingInput, origin: &Origin) -> Self {
        let style = [
            BASE_STYLE,
            include_str!("../../templates/day.css"),
            include_str!("../../templates/settling.css"),
        ]
        .concat();
        let policy = format!(
            "default-src 'none'; style-src '{}'; base-uri 'none'; form-action 'none'",
            csp_digest(&style)
        );
        let notes = input.notes.iter().cloned().chain(legend(&input.metrics));
        Self {
            title: origin.subject(),
            origin: origin.sentence(),
            seal: input.seal.clone(),
            around: Around::default(),
            style,
            policy,
            notes: notes.map(|note| visible(&note).into_owned()).collect(),
            head: HEAD,
            metrics: input.metrics.iter().map(part).collect(),
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
    pub fn to_bytes(&self) -> Result<Vec<u8>, SettlingPageError> {
        Ok(self.render()?.into_bytes())
    }
}

fn part(metric: &SettlingMetric) -> MetricPart {
    let tolerance = (!metric.tolerance.is_zero()).then(|| percent(&metric.tolerance));
    MetricPart {
        label: visible(&metric.label).into_owned(),
        verdict: sentence(&metric.verdict()),
        rows: metric.rows(),
        chart: drawn(metric),
        tolerance,
    }
}

/// With a capital letter.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// What 95 % of the days moved at most after each age, drawn and in words.
fn drawn(metric: &SettlingMetric) -> Option<(Drawing, String)> {
    let level = Some(metric.tolerance.clone()).filter(|tolerance| !tolerance.is_zero());
    let column = |at: &AtAge| Column {
        label: at.age.to_string(),
        value: at.p95.share().cloned(),
        level: level.clone(),
        title: format!("after {}: {}, {} days", days(at.age), moved(&at.p95), count(at.days as u64)),
    };
    let columns: Vec<Column> = metric.settling.ages.iter().map(column).collect();
    let drawing = chart::columns(&columns, &Format::of(Some("%"), []), Size::Large)?;
    let words: Vec<&str> = columns.iter().map(|column| column.title.as_str()).collect();
    Some((drawing, format!("what 95 % of the days moved at most: {}", words.join("; "))))
}

#[cfg(test)]
mod tests {
    use super::SettlingMetric;
    use crate::analyze::settling::{Look, Looks, settling};
    use crate::model::Number;

    /// So many days that were 90 on their first morning and 100 from the seventh on.
    fn metric(days: usize, tolerance: &str) -> SettlingMetric {
        let look = |age, value: i64| Look { age, value: Some(Number::from(value)) };
        let looks = vec![look(1, 90), look(7, 100), look(8, 100), look(30, 100)];
        let day = Looks { looks, last: Some(Number::from(100_i64)) };
        let tolerance: Number = tolerance.parse().unwrap();
        let settling = settling(&vec![day; days], &tolerance);
        SettlingMetric { label: "Calls".into(), tolerance, settling }
    }

    #[test]
    fn the_verdict_says_what_is_known() {
        assert_eq!(metric(20, "0").verdict(), "settled after 7 days: 20 of 20 days did not move since");
        assert_eq!(
            metric(21, "0.1").verdict(),
            "settled after 1 day: 21 of 21 days moved no more than 10.00 % since"
        );
        assert_eq!(metric(19, "0").verdict(), "not known yet: 19 of the 20 days that are needed tell");
    }

    #[test]
    fn an_age_that_tells_the_same_has_no_line_of_its_own() {
        let rows = metric(20, "0").rows();
        let told: Vec<[&str; 5]> = rows
            .iter()
            .map(|row| [&row.age, &row.days, &row.within, &row.median, &row.p95].map(String::as_str))
            .collect();
        let expected =
            [["1 day", "20", "0", "10.00 %", "10.00 %"], ["7 days", "20", "20", "0.00 %", "0.00 %"]];
        assert_eq!(told, expected);
        assert!(rows[1].settled && !rows[0].settled);
    }
}
