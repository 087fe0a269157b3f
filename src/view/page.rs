//! The page of a frozen day: a typed struct and its template, complete in one file.
//!
//! The page makes no request: its policy allows its own style sheet and its own script, by
//! digest, and nothing else. Without the script it is complete, and only can't be filtered. Bars in tables get their width from classes `w0` to `w100`,
//! because the policy forbids style attributes.

use std::fmt::Write as _;

use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::around::{Around, allow};
use super::compared::{self, Against, Verdict};
use super::day::{self, DayInput, SectionView, Tile};
use super::filter::{self, Filtering, PAGE_LIMIT};
use super::format::{self, Shown};
use super::growth_panel;
use super::made::Made;
use super::panel::{Panel, tiles_across};
use super::seal::{self, Fact};
use super::spark;
use super::text::{isolated, visible};
use super::when;
use crate::model::{Day, SnapshotId};

/// What all pages share in looks.
pub(super) const BASE_STYLE: &str = include_str!("../../templates/base.css");

/// What only pages with distinct counts over time need.
const NEW_STYLE: &str = ".made-of.new{font-size:13px;color:var(--ink);margin:1px 0 4px}";

/// The page of a day.
#[derive(Template)]
#[template(path = "day.html")]
pub struct DayPage {
    title: String,
    date: String,
    date_in_words: String,
    style: String,
    policy: String,
    around: Around,
    provenance: &'static str,
    previous: Option<Previous>,
    /// Whether other pages lie where the archive has them.
    in_archive: bool,
    facts: Vec<Fact>,
    notes: Vec<String>,
    sections: Vec<SectionPart>,
    /// What entities did; never filtered, and after all that is.
    grown: Vec<SectionPart>,
    made: Made,
    filter: Option<FilterPart>,
}

/// What makes the page one that can be filtered.
struct FilterPart {
    json: String,
    script: String,
}

/// The link to the frozen day before.
struct Previous {
    folder: String,
    label: String,
}

/// A section of the page.
pub(super) struct SectionPart {
    pub(super) title: Option<String>,
    pub(super) tiles: Vec<TilePart>,
    /// How many tiles stand side by side where there is room.
    pub(super) across: usize,
    pub(super) panels: Vec<Panel>,
}

/// A tile of the page.
pub(super) struct TilePart {
    pub(super) label: String,
    /// The exact value, for programs that read the page.
    pub(super) exact: Option<String>,
    pub(super) number: String,
    pub(super) unit: Option<String>,
    /// A class for numbers too long for the usual size.
    pub(super) size: &'static str,
    /// What is new, for a distinct count over time.
    pub(super) new: Option<String>,
    pub(super) chips: Vec<Chip>,
    /// Its last weeks as SVG, and the same in words.
    pub(super) spark: Option<(String, String)>,
    /// What it was made of, over which days, or why it is unknown; what was not counted.
    pub(super) lines: Vec<String>,
}

/// How a metric compares with an earlier day.
pub(super) struct Chip {
    /// Its class: whether that is good.
    pub(super) class: &'static str,
    /// The arrow, and the same in words.
    pub(super) arrow: Option<(&'static str, String)>,
    pub(super) amount: Option<String>,
    /// What it is compared with.
    pub(super) with: String,
}

/// The page of a day could not be rendered.
#[derive(Debug, thiserror::Error)]
#[error("the page of {date} could not be written")]
pub struct PageError {
    /// The day.
    pub date: String,
    /// What failed.
    pub source: askama::Error,
}

impl PageError {
    /// What to do next: nothing that a user could.
    pub fn hint(&self) -> Option<String> {
        Some("this is a mistake in asof: please report it".to_owned())
    }
}

impl DayPage {
    /// The page of this day.
    pub fn new(input: &DayInput<'_>) -> Self {
        let sections = day::sections(input, false);
        let mut style = style();
        if sections.iter().flat_map(|section| &section.tiles).any(|tile| tile.seen.is_some()) {
            style.push_str(NEW_STYLE);
        }
        let mut next_id = 0;
        let mut page = Self {
            title: visible(&input.layout.title).into_owned(),
            date: input.doc.date.to_string(),
            date_in_words: when::in_words(input.doc.date),
            policy: policy(&style, None),
            around: Around::default(),
            style,
            provenance: input.doc.provenance.word(),
            previous: input.doc.previous.map(|previous| Previous {
                folder: SnapshotId::new(previous.date, previous.edition).to_string(),
                label: when::short(previous.date.date(), input.doc.date),
            }),
            in_archive: true,
            facts: seal::facts(input).into_iter().map(visible_fact).collect(),
            notes: seal::notes(input)
                .iter()
                .chain(&compared::notes(input))
                .map(|note| visible(note).into_owned())
                .collect(),
            sections: sections
                .iter()
                .map(|section| section_part(section, &mut next_id, input.doc.date))
                .collect(),
            grown: Vec::new(),
            made: Made::new(input),
            filter: None,
        };
        page.grown =
            input.grown.iter().filter_map(|grown| growth_panel::section(grown, &mut next_id)).collect();
        page.add_filter(input, &sections);
        page
    }

    /// The same page for a place outside of the archive: without links to its other pages.
    #[must_use]
    pub fn on_its_own(self) -> Self {
        Self { in_archive: false, ..self }
    }

    /// Adds what the page is filtered with, as far as that fits.
    fn add_filter(&mut self, input: &DayInput<'_>, sections: &[SectionView<'_>]) {
        // The elements around the two, and the script's digest in the policy.
        const AROUND: usize = 200;
        let script = filter::script();
        let taken = self.render().map_or(PAGE_LIMIT, |html| html.len()) + script.len() + AROUND;
        let panels: Vec<&Panel> = self.sections.iter().flat_map(|section| &section.panels).collect();
        match filter::filter(input, sections, &panels, PAGE_LIMIT.saturating_sub(taken)) {
            Filtering::By(json) => {
                self.policy = policy(&self.style, Some(&script));
                self.filter = Some(FilterPart { json, script });
            }
            Filtering::Not(why) => self.notes.push(why),
            Filtering::Nothing => {}
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
    pub fn to_bytes(&self) -> Result<Vec<u8>, PageError> {
        let html = self.render().map_err(|source| PageError { date: self.date.clone(), source })?;
        Ok(html.into_bytes())
    }
}

/// The style sheet with the widths of bars.
fn style() -> String {
    let mut style = [BASE_STYLE, include_str!("../../templates/day.css"), filter::STYLE].concat();
    for width in 1..=100 {
        let _ = write!(style, ".w{width}{{--w:{width}%}}");
    }
    style
}

/// The content security policy of a page with this style sheet and this script.
fn policy(style: &str, script: Option<&str>) -> String {
    let script = script.map_or_else(String::new, |script| format!(" script-src '{}';", csp_digest(script)));
    let style = csp_digest(style);
    format!("default-src 'none'; style-src '{style}';{script} base-uri 'none'; form-action 'none'")
}

/// What a content security policy calls the text of a style sheet or script.
pub(super) fn csp_digest(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text.as_bytes())))
}

fn visible_fact(fact: Fact) -> Fact {
    Fact { name: isolated(&fact.name).into_owned(), value: visible(&fact.value).into_owned(), ..fact }
}

fn section_part(section: &SectionView<'_>, next_id: &mut usize, seen_from: Day) -> SectionPart {
    let mut id = || {
        *next_id += 1;
        *next_id
    };
    SectionPart {
        title: section.title.map(|title| visible(title).into_owned()),
        across: tiles_across(section.tiles.len()),
        tiles: section.tiles.iter().map(tile_part).collect(),
        panels: section.breakdowns.iter().map(|breakdown| Panel::new(breakdown, id(), seen_from)).collect(),
    }
}

fn tile_part(tile: &Tile<'_>) -> TilePart {
    let shown = tile.figure.value.as_ref().map(|value| tile.format.show(value));
    let missing = format::missing(tile.figure);
    let number = shown.as_ref().map_or_else(
        || missing.as_ref().map_or("", |missing| missing.words).to_owned(),
        |shown| shown.number.clone(),
    );
    let size = match number.chars().count() {
        _ if missing.is_some() => " none",
        0..=11 => "",
        12..=18 => " long",
        _ => " huge",
    };
    let mut lines = tile.said(Shown::html, |name| isolated(name).into_owned());
    lines.extend(tile.small_print());
    TilePart {
        label: visible(tile.label).into_owned(),
        exact: tile.figure.value.as_ref().map(ToString::to_string),
        number,
        unit: shown.and_then(|shown| shown.unit).map(|unit| visible(&unit).into_owned()),
        size,
        new: tile.what_is_new().map(|new| visible(&new).into_owned()),
        chips: tile.compared.iter().map(chip).collect(),
        spark: spark_part(tile),
        lines: lines.iter().map(|line| visible(line).into_owned()).collect(),
    }
}

fn chip(against: &Against<'_>) -> Chip {
    let change = match &against.change {
        Ok(change) => change,
        Err(reason) => {
            let with = format!("{}: {}", against.day, visible(reason));
            return Chip { class: " none", arrow: None, amount: None, with };
        }
    };
    let (class, verdict) = match change.verdict {
        Verdict::Neutral => ("", None),
        Verdict::Better(arrow) => (" better", Some((arrow, "better, "))),
        Verdict::Worse(arrow) => (" worse", Some((arrow, "worse, "))),
    };
    Chip {
        class,
        arrow: verdict.map(|(arrow, word)| (arrow.sign(), format!("{word}{}", arrow.word()))),
        amount: Some(visible(&change.amount.html()).into_owned()),
        with: format!("vs {}", against.day),
    }
}

fn spark_part(tile: &Tile<'_>) -> Option<(String, String)> {
    let recent = tile.recent?;
    let (lowest, highest) = spark::range(recent)?;
    let show = |number| tile.format.show(number).html();
    let words = format!("five weeks: {} to {}", tile.format.show_bare(lowest).html(), show(highest));
    Some((spark::svg(recent)?, visible(&words).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::policy;

    #[test]
    fn the_policy_holds_the_digest_of_the_script_and_allows_no_other() {
        // printf 'b{}' | openssl dgst -sha256 -binary | base64
        let both = policy("", Some("b{}"));
        assert!(both.contains("script-src 'sha256-7yqHVAesot11p6HczDsgKRipvI5UPgs97z80zNXlans=';"), "{both}");
        assert!(!policy("", None).contains("script-src"));
    }

    #[test]
    fn the_policy_holds_the_digest_of_the_style() {
        // printf 'b{}' | openssl dgst -sha256 -binary | base64
        assert!(
            policy("b{}", None).contains("style-src 'sha256-7yqHVAesot11p6HczDsgKRipvI5UPgs97z80zNXlans='"),
            "{}",
            policy("b{}", None)
        );
    }
}
