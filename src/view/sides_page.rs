//! The page of two sides beside each other, complete in one file and without a script.

use askama::Template;

use super::compared::Verdict;
use super::page::{BASE_STYLE, csp_digest};
use super::sides::{SideLine, SidesRow, SidesView};
use super::text::visible;

/// The page of two days or ranges side by side.
#[derive(Template)]
#[template(path = "sides.html")]
pub struct SidesPage {
    title: String,
    style: String,
    policy: String,
    sides: [SideLine; 2],
    warnings: Vec<WarningPart>,
    metrics: Vec<RowPart>,
    tables: Vec<TablePart>,
    notes: Vec<String>,
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
}

/// The page could not be rendered.
#[derive(Debug, thiserror::Error)]
#[error("the page of two sides could not be written: {0}")]
pub struct SidesPageError(#[from] askama::Error);

impl SidesPage {
    /// The page of these sides.
    pub fn new(view: &SidesView) -> Self {
        let style = format!("{BASE_STYLE}{}", include_str!("../../templates/sides.css"));
        let digest = csp_digest(&style);
        let [a, b] = &view.sides;
        Self {
            title: format!("{} against {}", a.name, b.name),
            policy: format!("default-src 'none'; style-src '{digest}'; base-uri 'none'; form-action 'none'"),
            style,
            sides: view.sides.clone(),
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
                })
                .collect(),
            notes: view.notes.iter().map(|note| visible(note).into_owned()).collect(),
        }
    }

    /// The HTML.
    ///
    /// # Errors
    /// None in practice: writing into memory does not fail.
    pub fn to_bytes(&self) -> Result<Vec<u8>, SidesPageError> {
        Ok(self.render()?.into_bytes())
    }
}

fn row(row: &SidesRow) -> RowPart {
    let text = |text: &str| visible(text).into_owned();
    RowPart {
        name: text(&row.name),
        small: row.small.as_deref().map(text),
        a: text(&row.a),
        b: text(&row.b),
        difference: text(&row.difference),
        change: text(&row.change),
        verdict: match row.verdict {
            Verdict::Neutral => ("", ""),
            Verdict::Better(_) => (" good", "better"),
            Verdict::Worse(_) => (" bad", "worse"),
        },
        reason: row.reason.as_deref().map(text),
    }
}
