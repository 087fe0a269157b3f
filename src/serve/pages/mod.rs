//! The pages: those of the frozen days and of the command line, with one bar on top, forms that ask, and links from one to
//! the next. All of them can be read without a script.

pub mod alerts;
pub mod calendar;
pub mod compare;
pub mod day;
pub mod drift;
pub mod entities;
pub mod growth;
pub mod health;
pub mod series;
pub mod snapshot;
pub mod timeline;
pub mod trouble;

use askama::Template as _;

use super::access::Call;
use super::answer::{Answer, HTML};
use super::held::Opened;
use super::problem::Problem;
use super::route::Route;
use super::routes::day::with_policy;
use crate::ops::index;
use crate::view::around::{Bar, BarLink};
use crate::view::form::{Field, Form};
use crate::view::sheet::{Sheet, SheetInput};
use crate::view::{Around, Origin};

/// The pages of the bar: where they are, what they are called, and whether they tell of entities.
const PAGES: [(&str, &str, bool); 9] = [
    ("/", "Calendar", false),
    ("/compare", "Compare", false),
    ("/series", "Series", false),
    ("/settling", "Settling", false),
    ("/drift", "Drift", false),
    ("/growth", "Growth", true),
    ("/entities", "Entities", true),
    ("/alerts", "Alerts", false),
    ("/health", "Health", false),
];

/// Where something is kept now.
const SNAPSHOT: &str = "/snapshot";

/// All pages.
pub fn routes() -> Vec<Route> {
    let all = [
        calendar::routes(),
        day::routes(),
        compare::routes(),
        series::routes(),
        drift::routes(),
        growth::routes(),
        entities::routes(),
        timeline::routes(),
        alerts::routes(),
        health::routes(),
        snapshot::routes(),
    ];
    all.into_iter().flatten().collect()
}

/// An address with words after `?`; the tenant is carried along.
pub fn address(call: &Call, path: &str, words: &[(&str, &str)]) -> String {
    let tenant = call.tenant_asked().map(|tenant| ("tenant", tenant));
    let words: Vec<(&str, &str)> = words.iter().copied().chain(tenant).collect();
    if words.is_empty() {
        return path.to_owned();
    }
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(words).finish();
    format!("{path}?{query}")
}

/// The bar on top.
///
/// # Errors
/// None in practice: writing into memory does not fail.
pub fn bar(call: &Call, has_entities: bool, here: &str) -> Result<String, Problem> {
    let wanted = PAGES.iter().filter(|(_, _, of_entities)| has_entities || !of_entities);
    let mut links: Vec<BarLink> = wanted
        .map(|(path, name, _)| BarLink {
            href: address(call, path, &[]),
            name,
            here: *path == here,
            apart: false,
        })
        .collect();
    links.push(BarLink { href: "/api".to_owned(), name: "API", here: false, apart: false });
    if call.caller.may_capture() {
        let href = address(call, SNAPSHOT, &[]);
        links.push(BarLink { href, name: "Snapshot now", here: here == SNAPSHOT, apart: true });
    }
    Ok(Bar { links }.render()?)
}

/// What is put around a page of an archive.
///
/// # Errors
/// None in practice: writing into memory does not fail.
pub fn around(call: &Call, opened: &Opened, here: &str, below: &str) -> Result<Around, Problem> {
    let bar = bar(call, !opened.config.entities.is_empty(), here)?;
    let below = if below.is_empty() { String::new() } else { format!("\n{}", below.trim()) };
    Ok(Around { bar, below })
}

/// Where a page comes from.
pub fn origin(call: &Call, opened: &Opened) -> Origin {
    Origin {
        title: index::title(&opened.config),
        archive: opened.archive.id().to_string(),
        made_at: call.now,
        as_of: None,
        zone: opened.calendar.zone().name().to_owned(),
    }
}

/// A page as an answer, with its own policy.
pub fn html(bytes: Vec<u8>) -> Answer {
    with_policy(Answer::of(HTML, bytes))
}

/// A page of tables.
///
/// # Errors
/// None in practice: writing into memory does not fail.
pub fn sheet(
    call: &Call,
    opened: &Opened,
    (here, below): (&str, &str),
    input: SheetInput,
) -> Result<Answer, Problem> {
    let origin = origin(call, opened);
    let (subject, sentence) = (origin.title.clone(), origin.sentence());
    let input = SheetInput { subject, origin: sentence, ..input };
    Ok(html(Sheet::new(input, around(call, opened, here, below)?).to_bytes()?))
}

/// A form as HTML; the tenant is sent along.
///
/// # Errors
/// None in practice: writing into memory does not fail.
pub fn form(call: &Call, form: Form) -> Result<String, Problem> {
    let tenant = call.tenant_asked().map(|tenant| Field::Hidden { name: "tenant", value: tenant.to_owned() });
    let form = tenant.into_iter().fold(form, Form::with);
    Ok(form.html()?)
}

/// The first and the last frozen day, for a field in which a day is picked.
pub fn bounds(opened: &Opened) -> Option<(String, String)> {
    let mut days = opened.history.days().map(|(day, _)| day);
    let first = days.next()?;
    Some((first.to_string(), days.next_back().unwrap_or(first).to_string()))
}

impl From<askama::Error> for Problem {
    fn from(error: askama::Error) -> Self {
        Self::mistake(error.to_string())
    }
}
