//! `GET /drift`: a frozen day held against what the source says now. The source is asked only once a day was picked.

use axum::http::StatusCode;

use super::super::access::Call;
use super::super::answer::{Answer, Holds};
use super::super::problem::Problem;
use super::super::route::Route;
use super::super::routes::READ;
use super::super::routes::drift::{RETRY_FOR, look};
use super::{bounds, form, sheet};
use crate::analyze::drift::{Kind, MemberDrift, MetricDrift, Pair, Presence};
use crate::model::Number;
use crate::ops::causes::causes;
use crate::ops::drift::{DriftRequest, Found};
use crate::ops::reread::ByWhich;
use crate::ops::when::{When, find_latest};
use crate::view::form::{Field, Form};
use crate::view::format::{DASH, Format};
use crate::view::sheet::{SheetCell, SheetInput, SheetPart};
use crate::view::terminal::drift_words;
use crate::view::text::member_name;

/// How many members that moved are listed of each dimension.
const MOST: usize = 50;

/// What this file answers.
pub fn routes() -> Vec<Route> {
    vec![Route::get("/drift", READ, drift).of_source()]
}

fn drift(call: &Call) -> Result<Answer, Problem> {
    call.asked.only(&["when"])?;
    let opened = call.days()?;
    let when: Option<When> = call.asked.get("when")?;
    let newest = bounds(&opened).map(|(_, last)| last).unwrap_or_default();
    let Some(when) = when else {
        let below = form(call, asks(&newest, bounds(&opened)))?;
        let notes = vec![
            "A day is read again from the source, by the definitions that were frozen with it. Nothing is written."
                .to_owned(),
        ];
        let input = SheetInput { title: "Drift".to_owned(), notes, ..SheetInput::default() };
        return sheet(call, &opened, ("/drift", &below), input);
    };
    let line = find_latest(&opened.history, when, opened.today(call.now)?)?.line.clone();
    let request = DriftRequest {
        which: ByWhich::Frozen,
        only: &[],
        restate: None,
        retry_for: RETRY_FOR.min(call.server.settings.source_timeout),
        wait: std::time::Duration::ZERO,
    };
    let report = look(call, &opened, line, &request)?;
    let below = form(call, asks(&report.id.day.to_string(), bounds(&opened)))?;
    let mut input = SheetInput {
        title: format!("What has become of {}", report.id.day),
        seal: vec![
            ("edition".to_owned(), report.id.edition.to_string(), ""),
            ("provenance".to_owned(), report.provenance.word().to_owned(), report.provenance.word()),
        ],
        ..SheetInput::default()
    };
    match &report.found {
        Found::Failed(error) => {
            return Err(
                Problem::new(StatusCode::BAD_GATEWAY, "source", causes(error)).maybe_hint(error.hint())
            );
        }
        Found::Unreadable(error) => {
            input.notes.push(format!("The day can't be read any more: {}.", causes(error)));
            input.notes.extend(error.hint());
        }
        Found::Read(read) => {
            input.seal.insert(0, ("it is".to_owned(), drift_words(read.drift.kind).to_owned(), ""));
            for gone in &read.shrunk {
                input.notes.push(format!("Rows of {} are gone from the source.", gone.events));
            }
            for events in &read.drift.groups_of {
                input
                    .notes
                    .push(format!("Single groups of {events} differ, and no total or breakdown does."));
            }
            input.parts = parts(read.drift.metrics.values());
        }
    }
    Ok(sheet(call, &opened, ("/drift", &below), input)?.holding(Holds::Now))
}

fn asks(day: &str, bounds: Option<(String, String)>) -> Form {
    let mut form = Form::get("drift", "/drift", "A day against the source", "Ask the source")
        .with(Field::Day { name: "when", label: "Day", value: day.to_owned(), bounds });
    form.note = Some("The source is asked, so this may take a while.".to_owned());
    form
}

fn parts<'m>(metrics: impl Iterator<Item = &'m MetricDrift>) -> Vec<SheetPart> {
    let head = |first| [(first, false), ("Frozen", true), ("Now", true), ("Change", true), ("What", false)];
    let mut all = vec![SheetPart::new("Numbers", &head("Metric"))];
    let mut members: Vec<SheetPart> = Vec::new();
    for metric in metrics {
        let format = format(metric);
        let part = if metric.this_day { "this day" } else { "" };
        let mut row = vec![SheetCell::text(metric.label.clone()).small(part)];
        row.extend(pair(&metric.pair, &format));
        let class = match metric.kind {
            Kind::Unchanged => "good",
            Kind::Restated => "warn",
            Kind::SourceShrunk | Kind::Unreadable => "bad",
            Kind::Redefined => "",
        };
        let still = metric.pair.change.as_ref().is_some_and(|found| found.change.is_zero());
        let more = match metric.kind {
            _ if metric.within_tolerance => "moved within its tolerance",
            _ if metric.other_keys => "other keys were counted",
            Kind::Restated if still => "between its members",
            _ => "",
        };
        row.push(SheetCell::text(drift_words(metric.kind)).small(more).class(class));
        if let Some(first) = all.first_mut() {
            first.rows.push(row);
        }
        for (dimension, moved) in metric.by.iter().filter(|(_, moved)| !moved.is_empty()) {
            let mut part = SheetPart::new(format!("{} by {dimension}", metric.label), &head("Member"));
            part.rows = moved.iter().take(MOST).map(|member| of_member(member, &format)).collect();
            let more = moved.len().saturating_sub(MOST);
            part.notes.extend((more > 0).then(|| format!("{more} more moved and are not listed.")));
            members.push(part);
        }
    }
    all.extend(members);
    all
}

fn of_member(member: &MemberDrift, format: &Format) -> Vec<SheetCell> {
    let name = member_name(member.key.as_deref(), member.label.as_deref());
    let mut row = vec![SheetCell::text(name.main.as_ref()).small(name.small.as_deref().unwrap_or_default())];
    let (word, shown) = match member.presence {
        Presence::Both => ("", member.pair.clone()),
        Presence::Appeared => ("appeared", Pair { frozen: None, ..member.pair.clone() }),
        Presence::Vanished => ("vanished", Pair { live: None, ..member.pair.clone() }),
    };
    row.extend(pair(&shown, format));
    row.push(SheetCell::text(word));
    row
}

fn pair(pair: &Pair, format: &Format) -> [SheetCell; 3] {
    let value = |value: Option<&Number>| {
        SheetCell::number(value.map_or_else(|| DASH.to_owned(), |value| format.show(value).to_string()))
    };
    let signed = |number: &Number, shown: String| {
        if number.is_zero() || number.is_negative() { shown } else { format!("+{shown}") }
    };
    let change = pair.change.as_ref().map_or_else(
        || SheetCell::number(""),
        |found| {
            let mut shown = format.show(&found.change);
            if format.is_percent() {
                shown.unit = Some("pt".to_owned());
            }
            let share = found.percentage.as_ref();
            let share = share.map(|share| signed(share, Format::percentage(2).show(share).to_string()));
            SheetCell::number(signed(&found.change, shown.to_string())).small(share.unwrap_or_default())
        },
    );
    [value(pair.frozen.as_ref()), value(pair.live.as_ref()), change]
}

/// The format for all numbers of a metric.
fn format(metric: &MetricDrift) -> Format {
    let pairs = std::iter::once(&metric.pair).chain(metric.by.values().flatten().map(|member| &member.pair));
    let numbers = pairs.flat_map(|pair| [pair.frozen.as_ref(), pair.live.as_ref()]);
    Format::of(metric.unit.as_deref(), numbers.flatten())
}
