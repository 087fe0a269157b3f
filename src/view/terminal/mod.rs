//! Tables for the terminal: text out, never printed here.
//!
//! All text from outside goes through [`safe`](super::text::safe), so that no name can move the
//! cursor, change a colour or turn the direction of a line.

mod alerts;
mod bars;
mod day;
mod drift;
mod growth;
mod history;
mod list;
mod outlook;
mod restated;
mod series;
mod settling;
mod sides;
mod spark;
mod stats;
mod table;
mod tiles;
mod verify;

pub use alerts::{AlertRow, alerts};
pub use day::day;
pub use drift::{DriftRow, drift, words as drift_words};
pub use growth::growth;
pub use history::{history, history_pair, moved};
pub use list::{Days, Gap, ListRow, list};
pub use outlook::outlook;
pub use restated::{ChangedRow, Changes, changes};
pub use series::series;
pub use settling::settling;
pub use sides::sides;
pub use stats::{Statistics, StatsColumn, StatsLine, statistics};
pub use verify::findings;

/// How a table is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// How many columns the terminal has.
    pub width: usize,
    /// Whether colours and weights may be used.
    pub color: bool,
    /// Whether every member and every metric is shown, in as many lines as it takes.
    pub all: bool,
}

/// What a piece of text is, which decides how it looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Tone {
    #[default]
    Plain,
    Strong,
    Faint,
    Accent,
    Good,
    Bad,
    Warning,
}

impl Tone {
    fn style(self) -> anstyle::Style {
        let style = anstyle::Style::new();
        let color = |color: anstyle::AnsiColor| style.fg_color(Some(color.into()));
        match self {
            Self::Plain => style,
            Self::Strong => style.bold(),
            Self::Faint => style.dimmed(),
            Self::Accent => color(anstyle::AnsiColor::Blue),
            Self::Good => color(anstyle::AnsiColor::Green),
            Self::Bad => color(anstyle::AnsiColor::Red),
            Self::Warning => color(anstyle::AnsiColor::Yellow),
        }
    }

    /// The text in this tone; as it is when there are no colours.
    fn paint(self, text: &str, color: bool) -> String {
        if color && self != Self::Plain && !text.is_empty() {
            let style = self.style();
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }
}

/// The sign and tone of a provenance.
fn mark(provenance: crate::model::Provenance) -> (&'static str, Tone) {
    use crate::model::Provenance;
    match provenance {
        Provenance::Witnessed => ("●", Tone::Good),
        Provenance::Provisional => ("◐", Tone::Warning),
        Provenance::Reconstructed => ("○", Tone::Accent),
    }
}

#[cfg(test)]
mod tests {
    use super::Tone;

    #[test]
    fn there_is_no_escape_without_color() {
        assert_eq!(Tone::Good.paint("x", false), "x");
        assert_eq!(Tone::Good.paint("x", true), "\u{1b}[32mx\u{1b}[0m");
        assert_eq!(Tone::Plain.paint("x", true), "x");
    }
}
