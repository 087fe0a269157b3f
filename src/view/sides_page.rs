//! The page of two sides beside each other, complete in one file and without a script.

use askama::Template;

use super::around::{Around, allow};
use super::compared::Verdict;
use super::format::THIN_SPACE;
use super::origin::Origin;
use super::page::{BASE_STYLE, csp_digest};
use super::sides::{SideLine, SidesRow, SidesView};
use super::text::visible;
use crate::model::Provenance;

/// How many characters of numbers a table of half the page's width has room for.
const ROOM: usize = 38;

/// The page of two days or ranges side by side.
#[derive(Template)]
#[template(path = "sides.html")]
pub struct SidesPage {
    title: String,
    heading: [String; 2],
    subject: String,
    origin: String,
    style: String,
    policy: String,
    around: Around,
    sides: Vec<SidePart>,
    warnings: Vec<WarningPart>,
    metrics: Vec<RowPart>,
    tables: Vec<TablePart>,
    notes: Vec<String>,
}

/// What a side is.
struct SidePart {
    letter: &'static str,
    words: String,
    aside: String,
    /// Each provenance, and of how many days where there are others too.
    provenances: Vec<(&'static str, String)>,
}

/// A sentence, and the lines that went and came.
struct WarningPart {
    text: String,
    lines: Vec<(&'static str, &'static str, String)>,
}

/// A table by one dimension.
struct TablePart {
    title: String,
    rows: Vec<RowPart>,
    more: usize,
    /// Whether its numbers need the page's whole width.
    wide: bool,
}

/// A row of a table.
struct RowPart {
    name: String,
    small: Option<String>,
    a: String,
    b: String,
    difference: String,
    change: String,
    /// A class: whether that is good; and the same in words.
    verdict: (&'static str, &'static str),
    reason: Option<String>,
    /// A class for numbers too long to stand beside each other.
    long: &'static str,
}

/// The page could not be rendered.
#[derive(Debug, thiserror::Error)]
#[error("the page of two sides could not be written: {0}")]
pub struct SidesPageError(#[from] askama::Error);

impl SidesPage {
    /// The page of these sides.
    pub fn new(view: &SidesView, origin: &Origin) -> Self {
        let style = format!("{BASE_STYLE}{}", include_str!("../../templates/sides.css"));
        let digest = csp_digest(&style);
        let [a, b] = &view.sides;
        Self {
            title: format!("{} against {}", a.name, b.name),
            heading: [a.words.clone(), b.words.clone()],
            subject: origin.subject(),
            origin: origin.sentence(),
            policy: format!("default-src 'none'; style-src '{digest}'; base-uri 'none'; form-action 'none'"),
            around: Around::default(),
            style,
            sides: view.sides.iter().map(side).collect(),
            warnings: view
                .warnings
                .iter()
                .map(|said| WarningPart {
                    text: visible(&said.text).into_owned(),
                    lines: said
                        .lines
                        .iter()
                        .map(|line| {
                            let (class, sign) = if line.came { ("came", "+") } else { ("went", "−") };
                            (class, sign, visible(&line.line).into_owned())
                        })
                        .collect(),
                })
                .collect(),
            metrics: view.metrics.iter().map(row).collect(),
            tables: view
                .tables
                .iter()
                .map(|table| TablePart {
                    title: visible(&table.title).into_owned(),
                    rows: table.rows.iter().map(row).collect(),
                    more: table.more,
                    wide: table.rows.iter().any(|row| numbers(row).iter().sum::<usize>() > ROOM),
                })
                .collect(),
            notes: view.notes.iter().map(|note| visible(note).into_owned()).collect(),
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
    pub fn to_bytes(&self) -> Result<Vec<u8>, SidesPageError> {
        Ok(self.render()?.into_bytes())
    }
}

fn side(side: &SideLine) -> SidePart {
    let alone = side.provenances.len() == 1;
    let part = |(provenance, days): &(Provenance, usize)| {
        let days = if alone { String::new() } else { format!("{days} ") };
        (provenance.word(), days)
    };
    SidePart {
        letter: side.letter,
        words: side.words.clone(),
        aside: side.editions.clone(),
        provenances: side.provenances.iter().map(part).collect(),
    }
}

/// How long the numbers of a row are, in characters.
fn numbers(row: &SidesRow) -> [usize; 4] {
    [&row.a, &row.b, &row.difference, &row.change].map(|text| text.chars().count())
}

fn row(row: &SidesRow) -> RowPart {
    let text = |text: &str| visible(text).into_owned();
    // One blank stands before a unit, none in a number.
    let number = |shown: &str| text(&shown.replacen(' ', &THIN_SPACE.to_string(), 1));
    RowPart {
        name: text(&row.name),
        small: row.small.as_deref().map(text),
        a: number(&row.a),
        b: number(&row.b),
        difference: number(&row.difference),
        change: number(&row.change),
        long: match numbers(row).into_iter().max() {
            Some(45..) => " class=\"long huge\"",
            Some(11..) => " class=\"long\"",
            _ => "",
        },
        verdict: match row.verdict {
            Verdict::Neutral => ("", ""),
            Verdict::Better(_) => (" good", "better"),
            Verdict::Worse(_) => (" bad", "worse"),
        },
        reason: row.reason.as_deref().map(text),
    }
}
