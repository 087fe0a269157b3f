//! The days as rows: those with a later edition, and all of them.

use chrono::Datelike as _;

use super::data::Drawn;
use super::input::{IndexDay, IndexEdition, IndexInput};
use crate::model::{Day, Number, Provenance};
use crate::view::format::DASH;
use crate::view::text::{isolated, visible};
use crate::view::when;

/// How many days with a later edition are shown; the others are in the list of all.
const LATER_SHOWN: usize = 12;
/// How many differences are told of each.
const DIFFERENCES_SHOWN: usize = 3;

/// A day of which a later edition exists than the one that is shown.
pub struct LaterRow {
    /// The day in words.
    pub day: String,
    /// The shown edition.
    pub shown: EditionLink,
    /// The latest edition.
    pub later: EditionLink,
    /// When that was frozen.
    pub frozen: String,
    /// Why, where somebody said so.
    pub reason: Option<String>,
    /// What differs: the metric, and its two values.
    pub moved: Vec<(String, String, String)>,
    /// How many other metrics differ.
    pub others: usize,
    /// The fragment that puts the two beside each other.
    pub compare: String,
}

/// An edition of a day.
pub struct EditionLink {
    /// Its number.
    pub number: u32,
    /// Its page; none when it is not there.
    pub href: Option<String>,
}

/// A year of the list of all days.
pub struct ListYear {
    /// Its number.
    pub year: i32,
    /// Its rows, newest first.
    pub rows: Vec<ListRow>,
}

/// A row of the list of all days.
pub enum ListRow {
    /// A frozen day.
    Day {
        /// The day: `Thu 6 Nov`.
        day: String,
        /// The page of the shown edition; none when it is not there.
        href: Option<String>,
        /// Why not.
        missing: Option<&'static str>,
        /// The value of the main metric.
        value: String,
        /// How it came to be known, if it was not witnessed.
        provenance: Option<&'static str>,
        /// All of its editions, when there are several.
        editions: Vec<EditionLink>,
        /// Why the latest was captured, where that is another one than the shown.
        reason: Option<String>,
        /// What was said of the day.
        said: Vec<String>,
    },
    /// Days that were not frozen: `Thu 16 Oct`, `1 – 3 Nov`.
    Gap(String),
}

/// A day of which something was said.
pub struct ToldRow {
    /// The day in words.
    pub day: String,
    /// The page of the shown edition; none when it is not there.
    pub href: Option<String>,
    /// What was said.
    pub said: Vec<String>,
}

/// How many days are shown of which something was said; the others are in the list of all.
const TOLD_SHOWN: usize = 12;

/// The days of which something was said, newest first, and how many more there are.
pub fn told(input: &IndexInput) -> (Vec<ToldRow>, usize) {
    let all = input.days.iter().rev().filter(|day| day.is_told_of());
    let count = all.clone().count();
    let row = |day: &IndexDay| ToldRow {
        day: when::in_words(day.day),
        href: day.shown().and_then(|shown| day.page(shown, input.served.as_ref())),
        said: day.said().iter().map(|said| visible(said).into_owned()).collect(),
    };
    (all.take(TOLD_SHOWN).map(row).collect(), count.saturating_sub(TOLD_SHOWN))
}

/// The days with a later edition, newest first, and how many more there are.
pub fn later(input: &IndexInput, drawn: &[Drawn<'_>]) -> (Vec<LaterRow>, usize) {
    let all = input.days.iter().rev().filter_map(|day| Some((day, day.shown()?, day.later()?)));
    let count = all.clone().count();
    let rows = all.take(LATER_SHOWN).map(|(day, shown, later)| {
        let mut moved = moved(input, drawn, shown, later);
        let others = moved.len().saturating_sub(DIFFERENCES_SHOWN);
        moved.truncate(DIFFERENCES_SHOWN);
        LaterRow {
            day: when::in_words(day.day),
            shown: link(input, day, shown),
            later: link(input, day, later),
            frozen: when::minute_with_year(later.captured_at, &input.zone),
            reason: later.reason.as_deref().map(|reason| visible(reason).into_owned()),
            moved,
            others,
            compare: format!("#a={0}@{1}&b={0}@{2}", day.day, later.edition, shown.edition),
        }
    });
    (rows.collect(), count.saturating_sub(LATER_SHOWN))
}

/// The metrics whose values differ, with both.
fn moved(
    input: &IndexInput,
    drawn: &[Drawn<'_>],
    shown: &IndexEdition,
    later: &IndexEdition,
) -> Vec<(String, String, String)> {
    let values = shown.values.iter().zip(&later.values);
    let all = input.metrics.iter().zip(drawn).zip(values);
    all.filter(|(_, (one, other))| one != other)
        .map(|((metric, drawn), (one, other))| {
            let text = |value: &Option<Number>| {
                value.as_ref().map_or_else(|| DASH.to_owned(), |value| drawn.format.show(value).html())
            };
            (visible(&metric.label).into_owned(), text(one), text(other))
        })
        .collect()
}

fn link(input: &IndexInput, day: &IndexDay, edition: &IndexEdition) -> EditionLink {
    EditionLink { number: edition.edition.number(), href: day.page(edition, input.served.as_ref()) }
}

/// All days, newest first, with what is missing between them.
pub fn years(input: &IndexInput, drawn: Option<&Drawn<'_>>) -> Vec<ListYear> {
    let mut years: Vec<ListYear> = Vec::new();
    let mut after: Option<Day> = None;
    for day in input.days.iter().rev() {
        let gap = after.and_then(|after| gap(day.day, after));
        after = Some(day.day);
        let rows = gap.into_iter().chain(row(input, day, drawn));
        let year = day.day.date().year();
        match years.last_mut() {
            Some(last) if last.year == year => last.rows.extend(rows),
            _ => years.push(ListYear { year, rows: rows.collect() }),
        }
    }
    years
}

fn row(input: &IndexInput, day: &IndexDay, drawn: Option<&Drawn<'_>>) -> Option<ListRow> {
    let shown = day.shown()?;
    let several = day.editions.len() > 1;
    let value = shown.values.get(input.main).and_then(Option::as_ref).zip(drawn);
    let later = day.later().and_then(|later| later.reason.as_deref());
    Some(ListRow::Day {
        day: day.day.date().format("%a %-d %b").to_string(),
        href: day.page(shown, input.served.as_ref()),
        missing: match () {
            () if !shown.present => Some("its folder is missing"),
            () if shown.thinned && input.served.is_none() => Some("its page was thinned"),
            () => None,
        },
        value: value.map_or_else(|| DASH.to_owned(), |(value, drawn)| drawn.format.show(value).html()),
        provenance: (shown.provenance != Provenance::Witnessed).then(|| shown.provenance.word()),
        editions: day.editions.iter().filter(|_| several).map(|edition| link(input, day, edition)).collect(),
        reason: later.map(|text| visible(text).into_owned()),
        said: day.said().into_iter().chain(day.looks.iter().map(|look| isolated(look).to_string())).collect(),
    })
}

/// The days between two that are not next to each other.
fn gap(before: Day, after: Day) -> Option<ListRow> {
    let missing = after.days_since(before) - 1;
    let (first, last) = (before.checked_add(1)?, after.checked_add(-1)?);
    let days = match missing {
        ..1 => return None,
        1 => first.date().format("%a %-d %b").to_string(),
        _ => format!("{} – {}", when::short(first.date(), last), when::short(last.date(), last)),
    };
    Some(ListRow::Gap(days))
}

#[cfg(test)]
mod tests {
    use super::{ListRow, gap};
    use crate::model::Day;

    #[test]
    fn a_gap_names_its_first_and_last_day() {
        let day = |text: &str| text.parse::<Day>().unwrap();
        let said = |before, after| match gap(day(before), day(after)) {
            Some(ListRow::Gap(days)) => Some(days),
            _ => None,
        };
        assert_eq!(said("2025-11-01", "2025-11-02"), None);
        assert_eq!(said("2025-10-15", "2025-10-17").as_deref(), Some("Thu 16 Oct"));
        assert_eq!(said("2024-12-30", "2025-01-02").as_deref(), Some("31 Dec 2024 – 1 Jan"));
        // The clocks go back on 2 November: that changes no date.
        assert_eq!(said("2025-10-31", "2025-11-04").as_deref(), Some("1 Nov – 3 Nov"));
    }
}
