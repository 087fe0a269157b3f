//! A page of tables, for what has no page on disk: drift, growth, which entities moved, alerts, how an archive fares,
//! and what went wrong. It looks as all pages do, and works without a script.

use askama::Template;

use super::around::{Around, allow};
use super::page::{BASE_STYLE, csp_digest};
use super::text::visible;

/// What a sheet shows.
#[derive(Clone, Debug, Default)]
pub struct SheetInput {
    /// Its heading.
    pub title: String,
    /// What the archive is about.
    pub subject: String,
    /// Which archive, and when it was asked; empty where no archive is told of.
    pub origin: String,
    /// Facts: what, which, and the mark of a provenance where it has one.
    pub seal: Vec<(String, String, &'static str)>,
    /// What is to be known before, as sentences.
    pub notes: Vec<String>,
    /// Its tables.
    pub parts: Vec<SheetPart>,
    /// Where one can go on: the address, and what is there.
    pub ways: Vec<(String, String)>,
}

/// A table with its heading.
#[derive(Clone, Debug, Default)]
pub struct SheetPart {
    /// Its heading.
    pub title: String,
    /// A form above it, as HTML.
    pub form: String,
    /// The headings of its columns, and whether they hold numbers.
    pub head: Vec<(&'static str, bool)>,
    /// Its rows.
    pub rows: Vec<Vec<SheetCell>>,
    /// What is to be said below.
    pub notes: Vec<String>,
}

/// A cell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SheetCell {
    /// What stands in it.
    pub text: String,
    /// What stands beside that in small.
    pub small: String,
    /// Where it leads.
    pub href: Option<String>,
    /// Its class: `n` for numbers, `good`, `bad`, `warn`.
    pub class: &'static str,
    /// The mark of a provenance.
    pub mark: Option<&'static str>,
}

impl SheetCell {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// A number.
    pub fn number(text: impl Into<String>) -> Self {
        Self { class: "n", ..Self::text(text) }
    }

    /// The same with something in small.
    #[must_use]
    pub fn small(self, small: impl Into<String>) -> Self {
        Self { small: small.into(), ..self }
    }

    /// The same leading somewhere.
    #[must_use]
    pub fn to(self, href: impl Into<String>) -> Self {
        Self { href: Some(href.into()), ..self }
    }

    /// The same of a class.
    #[must_use]
    pub fn class(self, class: &'static str) -> Self {
        Self { class, ..self }
    }

    /// The same with a provenance's mark.
    #[must_use]
    pub fn mark(self, mark: &'static str) -> Self {
        Self { mark: Some(mark), ..self }
    }
}

impl SheetPart {
    /// A table with these columns.
    pub fn new(title: impl Into<String>, head: &[(&'static str, bool)]) -> Self {
        Self { title: title.into(), head: head.to_vec(), ..Self::default() }
    }

    /// What a column holds, as it is said beside each cell where there is no room for columns.
    fn of(&self, column: &usize) -> &'static str {
        self.head.get(*column).map_or("", |(name, _)| *name)
    }
}

/// A page of tables.
#[derive(Template)]
#[template(path = "serve/sheet.html")]
pub struct Sheet {
    title: String,
    subject: String,
    origin: String,
    style: String,
    policy: String,
    seal: Vec<(String, String, &'static str)>,
    notes: Vec<String>,
    parts: Vec<SheetPart>,
    ways: Vec<(String, String)>,
    around: Around,
}

impl Sheet {
    /// The page of these tables.
    pub fn new(input: SheetInput, around: Around) -> Self {
        let mut style = format!("{BASE_STYLE}{}", include_str!("../../templates/serve/sheet.css"));
        let digest = csp_digest(&style);
        let mut policy =
            format!("default-src 'none'; style-src '{digest}'; base-uri 'none'; form-action 'none'");
        allow(&mut style, &mut policy);
        let text = |text: &str| visible(text).into_owned();
        let cell = |cell: SheetCell| SheetCell { text: text(&cell.text), small: text(&cell.small), ..cell };
        let part = |part: SheetPart| SheetPart {
            title: text(&part.title),
            rows: part.rows.into_iter().map(|row| row.into_iter().map(cell).collect()).collect(),
            notes: part.notes.iter().map(|note| text(note)).collect(),
            ..part
        };
        Self {
            title: text(&input.title),
            subject: text(&input.subject),
            origin: input.origin,
            style,
            policy,
            seal: input.seal.into_iter().map(|(name, value, mark)| (name, text(&value), mark)).collect(),
            notes: input.notes.iter().map(|note| text(note)).collect(),
            parts: input.parts.into_iter().map(part).collect(),
            ways: input.ways.into_iter().map(|(href, words)| (href, text(&words))).collect(),
            around,
        }
    }

    /// The HTML.
    ///
    /// # Errors
    /// None in practice: writing into memory does not fail.
    pub fn to_bytes(&self) -> Result<Vec<u8>, askama::Error> {
        Ok(self.render()?.into_bytes())
    }
}
