//! Statistics over days on the terminal: a line a day, a line of totals, and what is to be said of them below.

use super::list::gap_cell;
use super::table::{Cell, Line, Side, Table};
use super::{Gap, Options, Tone, mark};
use crate::analyze::odd::Odd;
use crate::model::{Day, Edition, Number, Provenance};
use crate::view::format::{DASH, Format, count};
use crate::view::odd;
use crate::view::text::safe;

/// What is shown.
#[derive(Clone, Debug, Default)]
pub struct Statistics {
    /// The numbers that each day has.
    pub columns: Vec<StatsColumn>,
    /// The days.
    pub rows: Vec<StatsLine>,
    /// What else is to be said, as sentences.
    pub notes: Vec<String>,
}

/// A number that each day has.
#[derive(Clone, Debug, Default)]
pub struct StatsColumn {
    /// What people call it.
    pub label: String,
    /// Its unit.
    pub unit: Option<String>,
    /// What the days come to together, where that can be said.
    pub total: Option<Number>,
}

/// One day.
#[derive(Clone, Debug)]
pub struct StatsLine {
    /// The day.
    pub day: Day,
    /// The edition that the numbers are of.
    pub edition: Edition,
    /// How that came to be known.
    pub provenance: Provenance,
    /// Its numbers; `None` where one is unknown.
    pub values: Vec<Option<Number>>,
    /// The numbers that were frozen where they are others, by their column.
    pub frozen: Vec<(usize, Option<Number>)>,
    /// Why it is odd.
    pub odd: Vec<Odd>,
    /// Days that were not captured between the row above and this one.
    pub gap_before: Option<Gap>,
}

/// The days as a table, with a line of totals, and what is to be said below it.
pub fn statistics(stats: &Statistics, options: &Options) -> String {
    let (mut text, left_out) = table(stats).draw(options.width, options.color);
    let mut say = |sentence: &str| {
        text.push_str(&Tone::Faint.paint(&safe(sentence), options.color));
        text.push('\n');
    };
    if left_out > 0 {
        say("(not all columns fit: a wider terminal shows more, --metric chooses, --csv has all)");
    }
    say(&legend(stats));
    if stats.rows.iter().any(|row| !row.frozen.is_empty()) {
        say("frozen: as it was counted when the day was frozen; days were added, restated or lost since");
    }
    for note in &stats.notes {
        say(note);
    }
    for row in &stats.rows {
        for odd in &row.odd {
            let day = format!("{} {}", row.day, row.day.date().format("%a"));
            let sign = Tone::Warning.paint("!", options.color);
            text.push_str(&format!("{sign} {day}: {}\n", safe(&odd::sentence(odd, row.day))));
        }
    }
    text
}

fn table(stats: &Statistics) -> Table {
    let formats: Vec<Format> = (0..stats.columns.len()).map(|at| format(stats, at)).collect();
    let has_odd = stats.rows.iter().any(|row| !row.odd.is_empty());
    let has_frozen =
        |at: usize| stats.rows.iter().any(|row| row.frozen.iter().any(|(column, _)| *column == at));
    let frozen: Vec<bool> = (0..stats.columns.len()).map(has_frozen).collect();
    // The day, its weekday, the sign of its provenance, and where any day is odd the sign for that.
    let signs = 3 + usize::from(has_odd);
    let mut sides = vec![Side::Left; signs];
    let mut head = vec![Cell::new("Day", Tone::Faint)];
    head.resize(signs, Cell::default());
    for ((column, format), frozen) in stats.columns.iter().zip(&formats).zip(&frozen) {
        sides.push(Side::Right);
        head.push(Cell {
            text: safe(&column.label).into_owned(),
            aside: safe(format.common_unit().unwrap_or_default()).into_owned(),
            tone: Tone::Faint,
        });
        if *frozen {
            sides.push(Side::Left);
            head.push(Cell::default());
        }
    }
    let mut lines = Vec::with_capacity(stats.rows.len() + 1);
    for row in &stats.rows {
        lines.extend(row.gap_before.map(|gap| Line::Across(gap_cell(gap))));
        lines.push(Line::Cells(cells(row, &formats, &frozen, has_odd)));
    }
    lines.push(Line::Cells(totals(stats, &formats, &frozen, signs)));
    Table { sides, head, lines }
}

/// One format for each column, fitted to all of its numbers.
fn format(stats: &Statistics, at: usize) -> Format {
    let column = stats.columns.get(at);
    let values = stats.rows.iter().filter_map(|row| row.values.get(at)?.as_ref());
    let total = column.and_then(|column| column.total.as_ref());
    Format::of(column.and_then(|column| column.unit.as_deref()), values.chain(total))
}

fn shown(format: &Format, value: Option<&Number>, tone: Tone) -> Cell {
    match value {
        Some(value) => Cell::new(safe(&format.show_bare(value).to_string()), tone),
        None => Cell::new(DASH, Tone::Faint),
    }
}

fn cells(row: &StatsLine, formats: &[Format], frozen: &[bool], has_odd: bool) -> Vec<Cell> {
    let (sign, tone) = mark(row.provenance);
    let weekday = Cell::new(row.day.date().format("%a").to_string(), Tone::Faint);
    let mut cells = vec![Cell::plain(row.day.to_string()), weekday, Cell::new(sign, tone)];
    if has_odd {
        cells.push(Cell::new(if row.odd.is_empty() { "" } else { "!" }, Tone::Warning));
    }
    for (at, (format, frozen)) in formats.iter().zip(frozen).enumerate() {
        cells.push(shown(format, row.values.get(at).and_then(Option::as_ref), Tone::Plain));
        if *frozen {
            let other = row.frozen.iter().find(|(column, _)| *column == at);
            cells.push(other.map_or_else(Cell::default, |(_, value)| {
                let Cell { text, .. } = shown(format, value.as_ref(), Tone::Faint);
                Cell::new(format!("(frozen {text})"), Tone::Faint)
            }));
        }
    }
    cells
}

fn totals(stats: &Statistics, formats: &[Format], frozen: &[bool], signs: usize) -> Vec<Cell> {
    let days = stats.rows.len() as u64;
    let name = format!("{} day{}", count(days), if days == 1 { "" } else { "s" });
    let mut cells = vec![Cell::new(name, Tone::Strong)];
    cells.resize(signs, Cell::default());
    for ((column, format), frozen) in stats.columns.iter().zip(formats).zip(frozen) {
        let total = column.total.as_ref();
        cells.push(total.map_or_else(Cell::default, |total| shown(format, Some(total), Tone::Strong)));
        if *frozen {
            cells.push(Cell::default());
        }
    }
    cells
}

/// What the signs say, those that are there.
fn legend(stats: &Statistics) -> String {
    let all = [Provenance::Witnessed, Provenance::Reconstructed, Provenance::Provisional];
    let there = all.into_iter().filter(|how| stats.rows.iter().any(|row| row.provenance == *how));
    let mut signs: Vec<String> = there.map(|how| format!("{} {how}", mark(how).0)).collect();
    if stats.rows.iter().any(|row| !row.odd.is_empty()) {
        signs.push("! odd, see below".to_owned());
    }
    let later = stats.rows.iter().filter(|row| row.edition != Edition::FIRST).count() as u64;
    match later {
        0 => {}
        1 => signs.push("1 day by its latest edition".to_owned()),
        more => signs.push(format!("{} days by their latest edition", count(more))),
    }
    signs.join(" · ")
}

#[cfg(test)]
mod tests {
    use super::{Statistics, StatsColumn, StatsLine, statistics};
    use crate::analyze::odd::{Odd, Usual};
    use crate::model::{Edition, Number, Provenance};
    use crate::view::terminal::{Gap, Options};

    fn line(day: &str, values: [Option<&str>; 4]) -> StatsLine {
        StatsLine {
            day: day.parse().unwrap(),
            edition: Edition::FIRST,
            provenance: Provenance::Reconstructed,
            values: values.map(|value| value.map(|value| value.parse().unwrap())).into(),
            frozen: Vec::new(),
            odd: Vec::new(),
            gap_before: None,
        }
    }

    fn three_days() -> Statistics {
        let column = |label: &str, unit: Option<&str>, total: Option<&str>| StatsColumn {
            label: label.into(),
            unit: unit.map(Into::into),
            total: total.map(|total| total.parse().unwrap()),
        };
        let mut rows = vec![
            line("2025-12-01", [Some("500"), Some("45"), Some("12.5"), Some("0.25")]),
            line("2025-12-03", [Some("1650"), Some("12"), Some("40"), Some("0.5")]),
            line("2025-12-04", [Some("0"), None, Some("0"), None]),
        ];
        rows[1].gap_before = Some(Gap {
            first: "2025-12-02".parse().unwrap(),
            last: "2025-12-02".parse().unwrap(),
            cold: false,
        });
        rows[1].frozen = vec![(1, Some(Number::from(15_u64)))];
        rows[1].edition = Edition::new(2).unwrap();
        rows[2].provenance = Provenance::Witnessed;
        rows[2].frozen = vec![(1, Some(Number::from(0_u64)))];
        let usual = Usual { from: 500, to: 1_650, median: 1_075_i64.into(), days: 2 };
        rows[2].odd = vec![Odd::Silent { of: "calls".into(), usual }];
        Statistics {
            columns: vec![
                column("Calls", None, Some("2150")),
                column("New phones", None, Some("57")),
                column("Minutes", Some("min"), Some("52.5")),
                column("Conversion", Some("%"), None),
            ],
            rows,
            notes: vec!["Unique phones: since 1 Dec 2025".into()],
        }
    }

    #[test]
    fn days_are_lines_with_their_totals_and_what_is_odd_below() {
        let text = statistics(&three_days(), &Options { width: 100, color: false, all: false });
        let expected = "\
Day                    Calls  New phones               Minutes min  Conversion
2025-12-01  Mon  ○       500          45                      12.5     25.00 %
2025-12-02      not captured
2025-12-03  Wed  ○     1,650          12  (frozen 15)         40.0     50.00 %
2025-12-04  Thu  ●  !      0           —  (frozen 0)           0.0           —
3 days                 2,150          57                      52.5
● witnessed · ○ reconstructed · ! odd, see below · 1 day by its latest edition
frozen: as it was counted when the day was frozen; days were added, restated or lost since
Unique phones: since 1 Dec 2025
! 2025-12-04 Thu: no calls; on the days around it usually 500 to 1,650 (median 1,075)
";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_narrow_terminal_leaves_out_columns_and_says_so() {
        let text = statistics(&three_days(), &Options { width: 40, color: false, all: false });
        let table = text.lines().take_while(|line| !line.starts_with('('));
        assert!(table.clone().all(|line| line.chars().count() <= 40), "{text}");
        assert!(table.last().unwrap().starts_with("3 days"), "{text}");
        assert!(text.contains(
            "(not all columns fit: a wider terminal shows more, --metric chooses, --csv has all)\n"
        ));
    }

    #[test]
    fn no_label_acts_on_the_terminal() {
        let mut stats = three_days();
        let hostile = "\u{1b}[2Jevil\r\n";
        stats.columns[0].label = hostile.into();
        stats.columns[2].unit = Some(hostile.into());
        stats.notes = vec![hostile.into()];
        stats.rows[2].odd = vec![Odd::Far { of: hostile.into(), value: 1, usual: three_days_usual() }];
        let text = statistics(&stats, &Options { width: 200, color: false, all: false });
        assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{text:?}");
    }

    fn three_days_usual() -> Usual {
        Usual { from: 1, to: 2, median: 1_i64.into(), days: 5 }
    }
}
