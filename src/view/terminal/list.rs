//! The days of an archive on the terminal, with what is missing between them.

use super::table::{Cell, Line, Side, Table};
use super::{Options, Tone, mark};
use crate::model::{Day, Edition, Number, Provenance};
use crate::view::format::{DASH, Format};
use crate::view::text::safe;

/// The days of an archive, in the order in which they are shown.
#[derive(Clone, Debug, Default)]
pub struct Days {
    /// What people call the main metrics, one for each of a row's headline values.
    pub columns: Vec<String>,
    /// The days.
    pub rows: Vec<ListRow>,
}

/// One day of an archive.
#[derive(Clone, Debug)]
pub struct ListRow {
    /// The day.
    pub day: Day,
    /// Its editions, from the first.
    pub editions: Vec<Edition>,
    /// The provenance of the edition whose values are shown.
    pub provenance: Provenance,
    /// The main metrics' values with their units; `None` where it has none.
    pub headline: Vec<Option<(Number, Option<String>)>>,
    /// Days that are not there between the row above and this one.
    pub gap_before: Option<Gap>,
    /// What else is to be said of it: that a later edition differs.
    pub notes: Vec<String>,
}

/// Days in a row that are not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The earliest of them.
    pub first: Day,
    /// The latest of them.
    pub last: Day,
    /// Whether this is a cold store: then they were not copied, and else not captured.
    pub cold: bool,
}

/// The days as a table.
pub fn list(days: &Days, options: &Options) -> String {
    let formats = formats(days);
    let mut sides = vec![Side::Left, Side::Left, Side::Left];
    let mut head: Vec<Cell> =
        ["Day", "Editions", "Provenance"].map(|text| Cell::new(text, Tone::Faint)).into();
    for (label, format) in days.columns.iter().zip(&formats) {
        sides.push(Side::Right);
        head.push(Cell {
            text: safe(label).into_owned(),
            aside: safe(format.common_unit().unwrap_or_default()).into_owned(),
            tone: Tone::Faint,
        });
    }
    let has_notes = days.rows.iter().any(|row| !row.notes.is_empty());
    if has_notes {
        sides.push(Side::Remainder);
        head.push(Cell::default());
    }
    let mut lines = Vec::with_capacity(days.rows.len());
    for row in &days.rows {
        lines.extend(row.gap_before.map(|gap| Line::Across(gap_cell(gap))));
        lines.push(Line::Cells(cells(row, &formats)));
    }
    let table = Table { sides, head, lines };
    if options.all {
        return table.draw_all(options.width, options.color);
    }
    let (mut text, left_out) = table.draw(options.width, options.color);
    if left_out > 0 {
        text.push_str(
            &Tone::Faint.paint("(not all columns fit: a wider terminal shows more)", options.color),
        );
        text.push('\n');
    }
    text
}

/// One format for each column, fitted to all of its values.
fn formats(days: &Days) -> Vec<Format> {
    (0..days.columns.len())
        .map(|at| {
            let values = || days.rows.iter().filter_map(move |row| row.headline.get(at)?.as_ref());
            let unit = values().find_map(|(_, unit)| unit.as_deref());
            Format::of(unit, values().map(|(value, _)| value))
        })
        .collect()
}

fn cells(row: &ListRow, formats: &[Format]) -> Vec<Cell> {
    let (sign, tone) = mark(row.provenance);
    let editions: Vec<String> = row.editions.iter().map(ToString::to_string).collect();
    let mut cells = vec![
        Cell::with_aside(row.day.to_string(), row.day.date().format("%a").to_string()),
        Cell::plain(shortened(&editions)),
        Cell { text: format!("{sign} {}", row.provenance), aside: String::new(), tone },
    ];
    for (at, format) in formats.iter().enumerate() {
        let value = row.headline.get(at).and_then(Option::as_ref);
        cells.push(match value {
            Some((value, _)) => Cell::plain(safe(&format.show_bare(value).to_string())),
            None => Cell::new(DASH, Tone::Faint),
        });
    }
    if !row.notes.is_empty() {
        cells.push(Cell::new(safe(&row.notes.join("; ")), Tone::Faint));
    }
    cells
}

/// All editions, or the first and the last of many.
fn shortened(editions: &[String]) -> String {
    match editions {
        [first, _, .., _, last] if editions.len() > 4 => format!("{first} … {last}"),
        _ => editions.join(" "),
    }
}

/// The line for days that were not captured.
pub(super) fn gap_cell(gap: Gap) -> Cell {
    let days = gap.last.days_since(gap.first) + 1;
    let what = if gap.cold { "not copied" } else { "not captured" };
    let text = if days == 1 {
        format!("{}      {what}", gap.first)
    } else {
        format!("{} – {}, {} days: {what}", gap.first, gap.last, Format::whole().show(&Number::from(days)))
    };
    Cell::new(text, Tone::Warning)
}

#[cfg(test)]
mod tests {
    use super::{Days, Gap, ListRow, list};
    use crate::model::{Day, Edition, Provenance};
    use crate::view::terminal::Options;

    fn row(day: &str, editions: u32, provenance: Provenance, calls: &str, rate: Option<&str>) -> ListRow {
        ListRow {
            day: day.parse().unwrap(),
            editions: (1..=editions).filter_map(Edition::new).collect(),
            provenance,
            headline: vec![
                Some((calls.parse().unwrap(), None)),
                rate.map(|rate| (rate.parse().unwrap(), Some("%".into()))),
            ],
            gap_before: None,
            notes: Vec::new(),
        }
    }

    fn days() -> Days {
        let day = |text: &str| text.parse::<Day>().unwrap();
        let mut rows = vec![
            row("2025-11-01", 1, Provenance::Reconstructed, "998", Some("0.0021")),
            row("2025-11-03", 2, Provenance::Witnessed, "20029", Some("0.00355")),
            row("2025-11-06", 1, Provenance::Provisional, "20770", None),
        ];
        rows[1].gap_before = Some(Gap { first: day("2025-11-02"), last: day("2025-11-02"), cold: false });
        rows[1].notes = vec!["edition 2 differs".into()];
        rows[2].gap_before = Some(Gap { first: day("2025-11-04"), last: day("2025-11-05"), cold: false });
        Days { columns: vec!["Calls".into(), "Conversion".into()], rows }
    }

    #[test]
    fn days_and_gaps_stand_in_their_order() {
        let text = list(&days(), &Options { width: 100, color: false, all: false });
        let expected = "\
Day             Editions  Provenance        Calls  Conversion
2025-11-01 Sat  1         ○ reconstructed     998      0.21 %
2025-11-02      not captured
2025-11-03 Mon  1 2       ● witnessed      20,029      0.36 %  edition 2 differs
2025-11-04 – 2025-11-05, 2 days: not captured
2025-11-06 Thu  1         ◐ provisional    20,770           —
";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_narrow_terminal_leaves_out_columns_and_says_so() {
        let text = list(&days(), &Options { width: 50, color: false, all: false });
        assert!(text.lines().all(|line| line.chars().count() <= 50), "{text}");
        assert!(text.ends_with("(not all columns fit: a wider terminal shows more)\n"), "{text}");
    }

    #[test]
    fn an_empty_archive_has_only_headings() {
        let text = list(&Days::default(), &Options { width: 80, color: false, all: false });
        assert_eq!(text, "Day  Editions  Provenance\n");
    }
}
