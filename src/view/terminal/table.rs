//! Columns that line up, whatever the width of their characters, and that fit the terminal.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::Tone;

/// Two blanks stand between columns.
const GAP: usize = 2;

/// The name of a row is never made narrower than this, unless it is shorter itself.
const NARROWEST_NAME: usize = 12;

/// A heading is broken into lines down to this width, if its words allow.
const NARROWEST_HEAD: usize = 14;

/// A piece of a line; its text is safe already.
#[derive(Clone, Debug, Default)]
pub(super) struct Cell {
    /// The text and, behind it, a fainter aside.
    pub(super) text: String,
    pub(super) aside: String,
    pub(super) tone: Tone,
}

impl Cell {
    pub(super) fn new(text: impl Into<String>, tone: Tone) -> Self {
        Self { text: text.into(), aside: String::new(), tone }
    }

    pub(super) fn plain(text: impl Into<String>) -> Self {
        Self::new(text, Tone::Plain)
    }

    pub(super) fn with_aside(text: impl Into<String>, aside: impl Into<String>) -> Self {
        Self { text: text.into(), aside: aside.into(), tone: Tone::Plain }
    }

    /// The text in lines of at most this width, broken between words, and the aside in the last.
    fn wrapped(&self, width: usize) -> Vec<Self> {
        let mut lines: Vec<Self> = Vec::new();
        for word in self.text.split(' ') {
            match lines.last_mut() {
                Some(line) if line.text.width() + 1 + word.width() <= width => {
                    line.text.push(' ');
                    line.text.push_str(word);
                }
                _ => lines.push(Self::new(word, self.tone)),
            }
        }
        match lines.last_mut() {
            Some(line) if line.width() + 1 + self.aside.width() <= width => {
                line.aside.clone_from(&self.aside);
            }
            _ if self.aside.is_empty() => {}
            _ => lines.push(Self::with_aside("", self.aside.clone())),
        }
        lines
    }

    fn longest_word(&self) -> usize {
        let words = self.text.split(' ').chain(std::iter::once(self.aside.as_str()));
        words.map(UnicodeWidthStr::width).max().unwrap_or(0)
    }

    fn width(&self) -> usize {
        let gap = usize::from(!self.text.is_empty() && !self.aside.is_empty());
        self.text.width() + gap + self.aside.width()
    }

    /// Cut to a width and painted, without padding; and how wide it is then.
    fn fitted(&self, width: usize, color: bool) -> (String, usize) {
        let text = cut(&self.text, width);
        let left = width.saturating_sub(text.width() + usize::from(!text.is_empty()));
        // An aside of which little would be left says nothing.
        let aside =
            if self.aside.width() <= left || left >= 6 { cut(&self.aside, left) } else { String::new() };
        let painted = self.tone.paint(&text, color);
        if aside.is_empty() {
            (painted, text.width())
        } else if text.is_empty() {
            (Tone::Faint.paint(&aside, color), aside.width())
        } else {
            (format!("{painted} {}", Tone::Faint.paint(&aside, color)), text.width() + 1 + aside.width())
        }
    }
}

/// On which side a column's cells stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Right,
    /// On the left, in what the other columns leave. Only the last column can be so.
    Remainder,
}

/// Lines of cells under headings. The first column gives way when there is no room, and
/// columns from the right are left out when that is not enough.
#[derive(Default)]
pub(super) struct Table {
    pub(super) sides: Vec<Side>,
    pub(super) head: Vec<Cell>,
    pub(super) lines: Vec<Line>,
}

/// A line of a table.
pub(super) enum Line {
    Cells(Vec<Cell>),
    /// A line of its own across all columns.
    Across(Cell),
}

/// Columns beside the first: those from `from` up to `to`, with their widths.
struct Part {
    from: usize,
    to: usize,
    widths: Vec<usize>,
}

impl Table {
    /// The table as text of this width, each line ending in a newline; and how many of its
    /// columns there was no room for.
    pub(super) fn draw(&self, width: usize, color: bool) -> (String, usize) {
        let part = self.part(1, width);
        let left_out = self.sides.len() - part.to.min(self.sides.len());
        (self.draw_part(&part, width, color), left_out)
    }

    /// The same with the columns for which there was no room below, as often as needed.
    pub(super) fn draw_all(&self, width: usize, color: bool) -> String {
        let mut text = String::new();
        let mut from = 1;
        loop {
            let part = self.part(from, width);
            text.push_str(&self.draw_part(&part, width, color));
            if part.to >= self.sides.len() {
                return text;
            }
            from = part.to;
            text.push('\n');
        }
    }

    /// How wide it is when nothing gives way.
    pub(super) fn natural_width(&self) -> usize {
        total(&self.widths())
    }

    /// As many columns from `from` on as there is room for beside the first, but at least one.
    fn part(&self, from: usize, width: usize) -> Part {
        let all = self.widths();
        let first = all.first().copied().unwrap_or(0);
        let narrowest = first.min(NARROWEST_NAME);
        let mut to = from.min(all.len());
        let mut used = narrowest;
        for (at, column) in all.iter().enumerate().skip(from) {
            let wide = if self.sides.get(at) == Some(&Side::Remainder) { 0 } else { GAP + column };
            if at > from && used + wide > width {
                break;
            }
            used += wide;
            to = at + 1;
        }
        let first = first.min(width.saturating_sub(used - narrowest)).max(narrowest);
        let mut widths: Vec<usize> =
            std::iter::once(first).chain(all.into_iter().take(to).skip(from)).collect();
        if to == self.sides.len() && self.sides.last() == Some(&Side::Remainder) {
            let remainder = widths.pop().unwrap_or(0);
            widths.push(remainder.min(width.saturating_sub(total(&widths) + GAP)));
        }
        Part { from, to, widths }
    }

    fn draw_part(&self, part: &Part, width: usize, color: bool) -> String {
        let mut text = String::new();
        for line in self.wrapped_head(part) {
            self.draw_line(&mut text, &line, part, color);
        }
        for line in &self.lines {
            match line {
                Line::Cells(cells) => self.draw_line(&mut text, cells, part, color),
                Line::Across(cell) => {
                    text.push_str(&cell.fitted(width, color).0);
                    text.push('\n');
                }
            }
        }
        text
    }

    /// The headings of these columns, broken into lines that are as wide as the columns.
    fn wrapped_head(&self, part: &Part) -> Vec<Vec<Cell>> {
        let mut wrapped: Vec<Vec<Cell>> = vec![Vec::new(); self.head.len()];
        let shown = std::iter::once(0).chain(part.from..part.to);
        for (at, width) in shown.zip(&part.widths) {
            if let (Some(cell), Some(lines)) = (self.head.get(at), wrapped.get_mut(at)) {
                *lines = if at == 0 { vec![cell.clone()] } else { cell.wrapped(*width) };
            }
        }
        let height = wrapped.iter().map(Vec::len).max().unwrap_or(0);
        // The last line of each heading stands right above its column.
        let line = |at: usize| {
            let cell = |lines: &Vec<Cell>| {
                (at + lines.len()).checked_sub(height).and_then(|at| lines.get(at).cloned())
            };
            wrapped.iter().map(|lines| cell(lines).unwrap_or_default()).collect()
        };
        (0..height).map(line).collect()
    }

    /// How wide each column is: as its widest cell, or as its heading when that is broken into lines.
    fn widths(&self) -> Vec<usize> {
        let mut widths = vec![0; self.sides.len()];
        for line in &self.lines {
            if let Line::Cells(cells) = line {
                for (width, cell) in widths.iter_mut().zip(cells) {
                    *width = cell.width().max(*width);
                }
            }
        }
        for (at, (width, cell)) in widths.iter_mut().zip(&self.head).enumerate() {
            *width = if at == 0 {
                cell.width().max(*width)
            } else {
                let wrapped = cell.wrapped(cell.longest_word().max(NARROWEST_HEAD).max(*width));
                wrapped.iter().map(Cell::width).max().unwrap_or(0).max(*width)
            };
        }
        widths
    }

    fn draw_line(&self, text: &mut String, cells: &[Cell], part: &Part, color: bool) {
        let shown = cells.iter().zip(&self.sides).enumerate();
        let shown = shown.filter(|(at, _)| *at == 0 || (part.from..part.to).contains(at));
        // Blanks are owed until something follows them, so that no line ends in blanks.
        let mut owed = 0;
        for ((_, (cell, side)), width) in shown.zip(&part.widths) {
            let (painted, used) = cell.fitted(*width, color);
            let blank = width.saturating_sub(used);
            let (before, after) = if *side == Side::Right { (blank, 0) } else { (0, blank) };
            if used > 0 {
                text.push_str(&" ".repeat(owed + before));
                text.push_str(&painted);
                owed = after + GAP;
            } else {
                owed += width + GAP;
            }
        }
        text.push('\n');
    }
}

fn total(widths: &[usize]) -> usize {
    widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1)
}

/// The text cut to a width, with `…` where something was cut off.
pub(super) fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = 0;
    for c in text.chars() {
        let wide = c.width().unwrap_or(0);
        if used + wide + 1 > width {
            break;
        }
        used += wide;
        kept.push(c);
    }
    if width > 0 {
        kept.push('…');
    }
    kept
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use unicode_width::UnicodeWidthStr;

    use super::{Cell, Line, Side, Table, cut};

    fn table(lines: &[[&str; 3]]) -> Table {
        let cells = |line: &[&str; 3]| Line::Cells(line.iter().map(|text| Cell::plain(*text)).collect());
        Table {
            sides: vec![Side::Left, Side::Right, Side::Right],
            head: ["Name", "Calls", "Sales"].map(Cell::plain).into(),
            lines: lines.iter().map(cells).collect(),
        }
    }

    #[test]
    fn columns_line_up_whatever_their_characters() {
        let (text, left_out) = table(&[["EASTSIDE", "7,120", "24"], ["東部", "20", ""]]).draw(80, false);
        assert_eq!(text, "Name      Calls  Sales\nEASTSIDE  7,120     24\n東部         20\n");
        assert_eq!(left_out, 0);
    }

    #[test]
    fn names_give_way_and_then_columns() {
        let long = table(&[["a name that is rather long", "7,120", "24"]]);
        assert_eq!(
            long.draw(30, false).0,
            "Name              Calls  Sales\na name that is …  7,120     24\n"
        );
        let (text, left_out) = long.draw(20, false);
        assert_eq!(text, "Name           Calls\na name that …  7,120\n");
        assert_eq!(left_out, 1);
    }

    #[test]
    fn what_is_cut_says_so() {
        assert_eq!(cut("abcdef", 6), "abcdef");
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(cut("東京都庁", 6), "東京…");
        assert_eq!(cut("abc", 0), "");
    }

    #[test]
    fn columns_without_room_follow_below_when_all_are_wanted() {
        let long = table(&[["a name that is rather long", "7,120", "24"]]);
        let expected =
            "Name           Calls\na name that …  7,120\n\nName           Sales\na name that …     24\n";
        assert_eq!(long.draw_all(20, false), expected);
    }

    #[test]
    fn long_headings_are_broken_between_words() {
        let mut table = table(&[["EASTSIDE", "7,120", "24"]]);
        table.head[1] = Cell::with_aside("Answered by a person", "min");
        let expected =
            "          Answered by a\nName         person min  Sales\nEASTSIDE          7,120     24\n";
        assert_eq!(table.draw(80, false).0, expected);
    }

    #[test]
    fn what_remains_is_for_the_last_column() {
        let mut table = table(&[["EASTSIDE", "7,120", "a remark of some length"]]);
        table.sides[2] = Side::Remainder;
        assert_eq!(
            table.draw(28, false),
            ("Name      Calls  Sales\nEASTSIDE  7,120  a remark o…\n".into(), 0)
        );
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_the_terminal(
            lines in proptest::collection::vec(["\\PC{0,30}", "[0-9,]{0,9}", "[0-9,]{0,9}"], 0..6),
            width in 23_usize..60,
        ) {
            let lines: Vec<[&str; 3]> = lines.iter().map(|line| line.each_ref().map(String::as_str)).collect();
            let table = table(&lines);
            for text in [table.draw(width, false).0, table.draw_all(width, false)] {
                prop_assert!(text.lines().all(|line| line.width() <= width), "{width}: {text}");
            }
        }

        #[test]
        fn a_cut_text_fits(text in "\\PC*", width in 0_usize..20) {
            prop_assert!(cut(&text, width).width() <= width);
        }
    }
}
