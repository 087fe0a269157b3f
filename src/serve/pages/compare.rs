//! `GET /compare`: two days, or two ranges of days, beside each other, picked by a plain form. `GET /settling`: how days settle.

use super::super::access::Call;
use super::super::answer::Answer;
use super::super::held::Opened;
use super::super::problem::Problem;
use super::super::route::Route;
use super::super::routes::READ;
use super::{address, around, bounds, form, html, origin, sheet};
use crate::config::presentation::label_of;
use crate::model::Day;
use crate::ops::compare::{Asked, SpanName, compare as held_against};
use crate::ops::settling::{MetricReport, collect};
use crate::ops::settling_shown;
use crate::ops::when::latest;
use crate::view::form::{Field, Form};
use crate::view::settling::{SettlingInput, SettlingMetric};
use crate::view::sheet::SheetInput;
use crate::view::sides::view;
use crate::view::{SettlingPage, SidesPage};

/// How many members a table has.
const TOP: usize = 8;

/// What this file answers.
pub fn routes() -> Vec<Route> {
    vec![Route::get("/compare", READ, compare), Route::get("/settling", READ, settling)]
}

/// The form that asks for two days.
pub fn asks(opened: &Opened, sides: Option<(&str, &str)>) -> Form {
    let usual = usual(opened).map(|(a, b)| (a.to_string(), b.to_string()));
    let (a, b) = sides.map(|(a, b)| (a.to_owned(), b.to_owned())).or(usual).unwrap_or_default();
    let field = |name, label, value: String| {
        // An edition or a range that was named can't be held by a picker of days.
        if value.is_empty() || value.parse::<Day>().is_ok() {
            Field::Day { name, label, value, bounds: bounds(opened) }
        } else {
            Field::Text { name, label, value, needed: true }
        }
    };
    Form::get("compare", "/compare", "Compare two days", "Compare")
        .with(field("a", "Compare", a))
        .with(field("b", "with", b))
}

/// The newest day, and the same weekday before or else the day before it.
pub fn usual(opened: &Opened) -> Option<(Day, Day)> {
    let days: Vec<Day> =
        opened.history.days().filter(|(_, all)| latest(all).is_some()).map(|(day, _)| day).collect();
    let newest = *days.last()?;
    let week = newest.checked_add(-7).filter(|week| days.binary_search(week).is_ok());
    Some((newest, week.or_else(|| days.iter().rev().nth(1).copied())?))
}

fn compare(call: &Call) -> Result<Answer, Problem> {
    call.asked.only(&["a", "b"])?;
    let opened = call.days()?;
    let (a, b): (Option<SpanName>, Option<SpanName>) = (call.asked.get("a")?, call.asked.get("b")?);
    let names = match (a, b) {
        (Some(a), Some(b)) => (a.to_string(), b.to_string()),
        (None, None) => match usual(&opened) {
            Some((a, b)) => (a.to_string(), b.to_string()),
            None => return nothing_yet(call, &opened),
        },
        _ => return Err(Problem::bad("two sides are needed").hint("pick both days")),
    };
    let span = |name: &str| {
        name.parse().map_err(|error: crate::ops::compare::SpanNameError| Problem::bad(error.to_string()))
    };
    let sides = Asked::Named(span(&names.0)?, span(&names.1)?);
    let compared =
        held_against(&opened.archive, &opened.history, sides, opened.today(call.now)?, (&[], &[]))?;
    let said = view((&compared.a, &compared.b), &compared.metrics, &compared.warnings, Some(TOP));
    let mut below = form(call, asks(&opened, Some((&names.0, &names.1))))?;
    let mut ways = vec![(address(call, "/compare", &[("a", &names.1), ("b", &names.0)]), "Swap them")];
    if let (Ok(_), Ok(_)) = (names.0.parse::<Day>(), names.1.parse::<Day>()) {
        ways.push((address(call, &format!("/days/{}/view", names.0), &[]), "The first day"));
        ways.push((address(call, &format!("/days/{}/view", names.1), &[]), "The other day"));
    }
    below.push_str("<ul class=\"ways\">");
    for (href, words) in ways {
        below.push_str(&format!("<li><a href=\"{}\">{words}</a></li>", escaped(&href)));
    }
    below.push_str("</ul>");
    let page =
        SidesPage::new(&said, &origin(call, &opened)).within(around(call, &opened, "/compare", &below)?);
    Ok(html(page.to_bytes().map_err(|error| Problem::mistake(error.to_string()))?))
}

/// An address that can stand in an attribute.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('\'', "&#39;")
}

fn nothing_yet(call: &Call, opened: &Opened) -> Result<Answer, Problem> {
    let input = SheetInput {
        title: "Two days side by side".to_owned(),
        notes: vec!["There are no two frozen days yet: asof save freezes yesterday.".to_owned()],
        ..SheetInput::default()
    };
    sheet(call, opened, ("/compare", ""), input)
}

fn settling(call: &Call) -> Result<Answer, Problem> {
    call.asked.only(&[])?;
    let opened = call.days()?;
    let config = &opened.config;
    let tolerance = |metric: &str| config.again.tolerance(metric);
    let report = collect(&opened.archive, &opened.history, &opened.calendar, tolerance);
    let metric = |(name, found): (&String, &MetricReport)| SettlingMetric {
        label: config
            .presentation
            .metrics
            .get(name)
            .map_or_else(|| label_of(name), |look| look.label.clone()),
        tolerance: found.tolerance.clone(),
        settling: found.settling.clone(),
    };
    let mut notes = settling_shown::notes(&report);
    notes.extend(report.findings.iter().cloned());
    let input = SettlingInput {
        seal: settling_shown::seal(&opened.history),
        metrics: report.metrics.iter().map(metric).collect(),
        notes,
    };
    let page =
        SettlingPage::new(&input, &origin(call, &opened)).within(around(call, &opened, "/settling", "")?);
    Ok(html(page.to_bytes().map_err(|error| Problem::mistake(error.to_string()))?))
}
