//! The values of all days, by columns, for the index's script.
//!
//! Numbers stand in texts with all of their digits, since a script would round numbers of
//! JSON. One text holds a whole column, which is what keeps ten years of days small.

use serde::Serialize;

use super::input::{IndexDay, IndexEdition, IndexInput, IndexMetric};
use super::shade::Shading;
use crate::model::metrics_doc::Good;
use crate::model::{Day, Number, Provenance};
use crate::view::filter::FormatData;
use crate::view::format::Format;
use crate::view::text::{isolated, visible};

/// What the script is given.
#[derive(Serialize)]
struct Data<'a> {
    /// The first day.
    first: Option<Day>,
    /// What stands before and after an id in the address of a day, where a server has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    served: Option<&'a [String; 2]>,
    /// The metric that gives the shade at first.
    main: usize,
    metrics: Vec<Metric<'a>>,
    /// One for each edition that can be looked at: of each day the shown one and then, if it is
    /// another one, the latest. Days are counted from the first.
    day: Vec<i64>,
    /// Of days with several editions: the place, the edition, and how many there are. All others have one.
    several: Vec<(usize, u32, usize)>,
    /// A letter for each: `w`, `p` or `r`.
    provenance: String,
    /// Why each was captured, where somebody said so, by its place.
    reason: Vec<(usize, String)>,
    /// The places of those without a page: their folders are missing, or they were thinned.
    gone: Vec<usize>,
    /// The places of those of these that were thinned.
    thinned: Vec<usize>,
    /// What was said of a day, by the place of the edition that is shown.
    said: Vec<(usize, String)>,
}

#[derive(Serialize)]
struct Metric<'a> {
    name: &'a str,
    label: String,
    good: Option<Good>,
    format: FormatData,
    /// The values of all rows, with commas between them; nothing where it is unknown.
    values: String,
    /// A digit for each day, and `-` where its value is unknown.
    shades: String,
    legend: Vec<(usize, String)>,
}

/// One edition that can be looked at.
#[derive(Clone, Copy)]
struct Row<'a> {
    day: &'a IndexDay,
    edition: &'a IndexEdition,
}

impl Row<'_> {
    /// Whether it is the edition that is shown when none is named.
    fn is_shown(&self) -> bool {
        self.day.shown().is_some_and(|shown| shown.edition == self.edition.edition)
    }
}

/// What is drawn of one metric.
pub struct Drawn<'a> {
    /// How its numbers are shown.
    pub format: Format,
    /// The shades of the days.
    pub shading: Shading<'a>,
}

/// Fits the format of a metric to all of its values, and shades the days.
pub fn drawn<'a>(input: &'a IndexInput, at: usize, metric: &IndexMetric) -> Drawn<'a> {
    let shown: Vec<Option<&Number>> =
        input.days.iter().map(|day| day.shown().and_then(|edition| value(edition, at))).collect();
    let all = rows(input).filter_map(|row| value(row.edition, at));
    let unit = metric.unit.as_deref().map(isolated);
    Drawn { format: Format::of(unit.as_deref(), all), shading: super::shade::shade(&shown) }
}

/// The data as JSON that can stand in a page: nothing in it ends the element it is in.
pub fn json(input: &IndexInput, drawn: &[Drawn<'_>]) -> Result<String, serde_json::Error> {
    let first = input.days.first().map(|day| day.day);
    let rows: Vec<Row<'_>> = rows(input).collect();
    let numbered = || rows.iter().enumerate();
    let reason = |(at, row): (usize, &Row<'_>)| {
        row.edition.reason.as_ref().map(|reason| (at, visible(reason).into_owned()))
    };
    let data = Data {
        first,
        served: input.served.as_ref(),
        main: input.main,
        metrics: input
            .metrics
            .iter()
            .zip(drawn)
            .enumerate()
            .map(|(at, both)| metric(at, both, &rows))
            .collect(),
        day: rows.iter().map(|row| first.map_or(0, |first| row.day.day.days_since(first))).collect(),
        several: numbered()
            .filter(|(_, row)| row.day.editions.len() > 1)
            .map(|(at, row)| (at, row.edition.edition.number(), row.day.editions.len()))
            .collect(),
        provenance: rows.iter().map(|row| letter(row.edition.provenance)).collect(),
        reason: numbered().filter_map(reason).collect(),
        gone: numbered()
            .filter(|(_, row)| row.day.page(row.edition, input.served.as_ref()).is_none())
            .map(|(at, _)| at)
            .collect(),
        thinned: numbered()
            .filter(|(_, row)| row.edition.present && row.edition.thinned)
            .map(|(at, _)| at)
            .collect(),
        said: numbered()
            .filter(|(_, row)| row.day.is_told_of() && row.is_shown())
            .map(|(at, row)| (at, visible(&row.day.said().join("; ")).into_owned()))
            .collect(),
    };
    Ok(escaped(&serde_json::to_string(&data)?))
}

fn rows(input: &IndexInput) -> impl Iterator<Item = Row<'_>> {
    input
        .days
        .iter()
        .flat_map(|day| day.shown().into_iter().chain(day.later()).map(move |edition| Row { day, edition }))
}

fn value(edition: &IndexEdition, at: usize) -> Option<&Number> {
    edition.values.get(at)?.as_ref()
}

fn metric<'a>(at: usize, (metric, drawn): (&'a IndexMetric, &Drawn<'_>), rows: &[Row<'_>]) -> Metric<'a> {
    let text = |row: &Row<'_>| value(row.edition, at).map(ToString::to_string).unwrap_or_default();
    let shade = |level: &Option<usize>| level.map_or_else(|| "-".to_owned(), |level| level.to_string());
    Metric {
        name: &metric.name,
        label: visible(&metric.label).into_owned(),
        good: metric.good,
        format: FormatData::of(&drawn.format),
        values: rows.iter().map(text).collect::<Vec<_>>().join(","),
        shades: drawn.shading.levels.iter().map(shade).collect(),
        legend: legend(drawn),
    }
}

/// The values of each shade, in words: `812 – 2,011`.
pub fn legend(drawn: &Drawn<'_>) -> Vec<(usize, String)> {
    let words = |low: &Number, high: &Number| {
        let (low, high) = (drawn.format.show(low), drawn.format.show(high));
        if low == high { high.html() } else { format!("{} – {}", low.number, high.html()) }
    };
    drawn.shading.bands.iter().map(|band| (band.level, words(band.low, band.high))).collect()
}

fn letter(provenance: Provenance) -> char {
    match provenance {
        Provenance::Provisional => 'p',
        Provenance::Witnessed => 'w',
        Provenance::Reconstructed => 'r',
    }
}

/// JSON in which no character can be taken for HTML.
fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len() + json.len() / 16);
    for c in json.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => text.push_str(&format!("\\u{:04x}", u32::from(c))),
            other => text.push(other),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn nothing_in_the_data_is_taken_for_html() {
        assert_eq!(escaped(r#""</script><!--&\u2028""#), r#""\u003c/script\u003e\u003c!--\u0026\u2028""#);
    }
}
