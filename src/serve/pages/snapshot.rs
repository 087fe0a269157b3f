//! `GET /snapshot`: what can be kept now, each by a button. `POST /snapshot`: keeps it, for those who may.
//!
//! There are no cookies, so that no browser carries a permission about with it: where there are tokens, only what sends one
//! may do this. Without tokens whoever is on this machine may, and pages that its browser has open from elsewhere must
//! not: the browser itself says in a header that no page can set whether a form was one of ours.

use std::time::Duration;

use axum::http::StatusCode;
use axum::http::header::{AUTHORIZATION, ORIGIN};

use super::super::access::{Access, Call};
use super::super::answer::{Answer, Holds};
use super::super::guard::{is_from_here, is_own};
use super::super::held::Opened;
use super::super::problem::Problem;
use super::super::route::Route;
use super::{address, form, sheet};
use crate::calendar::DayName;
use crate::config::presentation::label_of;
use crate::config::serve::Scope;
use crate::model::entity::CaptureType;
use crate::model::progress::Silent;
use crate::ops::causes::causes;
use crate::ops::decide::Wish;
use crate::ops::entities::capture::{CaptureRequest, capture};
use crate::ops::entities::captured::Captured;
use crate::ops::entities::look::{LookRequest, Looked, look_all, spoken};
use crate::ops::save::{SaveOutcome, SaveRequest, save};
use crate::view::form::{Field, Form};
use crate::view::format::count;
use crate::view::sheet::{SheetCell, SheetInput, SheetPart};

/// Who may keep something.
const CAPTURE: Access = Access::Scope(Scope::Capture);

/// How long connection trouble is retried: somebody waits.
const RETRY_FOR: Duration = Duration::from_secs(5);

/// How long the archive's lock is waited for.
const WAIT: Duration = Duration::from_secs(20);

/// How many entities are listed.
const MOST: usize = 100;

/// What this file answers.
pub fn routes() -> Vec<Route> {
    vec![Route::get("/snapshot", CAPTURE, choices), Route::post("/snapshot", CAPTURE, keep).of_source()]
}

/// What can be kept.
fn choices(call: &Call) -> Result<Answer, Problem> {
    call.asked.only(&[])?;
    let opened = call.days()?;
    let today = opened.today(call.now)?;
    let yesterday = today.checked_add(-1).unwrap_or(today);
    let hidden = |name, value: &str| Field::Hidden { name, value: value.to_owned() };
    let mut day = SheetPart::new("The days", &[]);
    let ended =
        Form::post("ended", "/snapshot", "The last day", "Freeze yesterday").with(hidden("what", "day"));
    let so_far =
        Form::post("sofar", "/snapshot", "Today so far", "Freeze today so far").with(hidden("what", "today"));
    let ended = Form {
        note: Some(format!("{yesterday}, with its look at entities, unless it is frozen already.")),
        ..ended
    };
    let so_far = Form {
        note: Some(format!("{today} as it is now, provisionally; it gets its next edition once it is over.")),
        ..so_far
    };
    day.form = form(call, ended)? + &form(call, so_far)?;
    let mut input =
        SheetInput { title: "Take a snapshot now".to_owned(), parts: vec![day], ..SheetInput::default() };
    for name in opened.config.entities.keys() {
        let mut part = SheetPart::new(label_of(name), &[]);
        let one = Form::post("one", "/snapshot", &format!("One {name}"), "Capture")
            .with(hidden("what", "entity"))
            .with(hidden("entity", name))
            .with(Field::Text {
                name: "key",
                label: "Key; all of them when left empty",
                value: String::new(),
                needed: false,
            })
            .with(Field::Text { name: "reason", label: "Why", value: String::new(), needed: false });
        part.form = form(call, one)?;
        input.parts.push(part);
    }
    sheet(call, &opened, ("/snapshot", ""), input)
}

/// Refuses a form that a page elsewhere has sent.
fn is_ours(call: &Call) -> Result<(), Problem> {
    let headers = &call.headers;
    // A proxy may add a token to whatever a browser sends, so what that says of itself counts first.
    let ours = if headers.contains_key("sec-fetch-site") {
        is_from_here(headers)
    } else {
        let origin = headers.get(ORIGIN).and_then(|origin| origin.to_str().ok());
        headers.contains_key(AUTHORIZATION) || origin.is_some_and(|origin| is_own(headers, origin))
    };
    if ours {
        return Ok(());
    }
    Err(Problem::forbidden("nothing says that this was sent by a page of this server")
        .hint("press the button on the page, or POST to /api/growth/snapshot or /api/events"))
}

fn keep(call: &Call) -> Result<Answer, Problem> {
    is_ours(call)?;
    let (mut what, mut entity, mut key, mut reason) = (None, None, None, None);
    for (name, value) in url::form_urlencoded::parse(&call.body) {
        let slot = match name.as_ref() {
            "what" => &mut what,
            "entity" => &mut entity,
            "key" => &mut key,
            "reason" => &mut reason,
            // It was understood in the address.
            "tenant" => continue,
            other => return Err(Problem::bad(format!("{other:?} is nothing that can be said here"))),
        };
        if slot.is_some() || value.chars().count() > 500 {
            return Err(Problem::bad(format!("{name} is there twice or too long")));
        }
        *slot = Some(value.into_owned()).filter(|value| !value.trim().is_empty());
    }
    let opened = call.days()?;
    let reason = reason.map(|reason: String| reason.trim().to_owned());
    let input = match (what.as_deref(), entity) {
        (Some("day"), None) => day(call, &opened, false)?,
        (Some("today"), None) => day(call, &opened, true)?,
        (Some("entity"), Some(entity)) => {
            entities(call, &opened, &entity, key.as_deref().map(str::trim), reason)?
        }
        _ => {
            return Err(Problem::bad("it is not said what is to be kept").hint("press a button of /snapshot"));
        }
    };
    Ok(sheet(call, &opened, ("/snapshot", ""), input)?.holding(Holds::Now))
}

fn failed(error: &(dyn std::error::Error + 'static), hint: Option<String>) -> Problem {
    Problem::new(StatusCode::BAD_GATEWAY, "not-kept", causes(error)).maybe_hint(hint)
}

/// Runs what reads the source, on a runtime of its own: this thread has nothing else to do.
fn run<T>(work: impl Future<Output = T>) -> Result<T, Problem> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    Ok(runtime.map_err(|error| Problem::mistake(error.to_string()))?.block_on(work))
}

/// Freezes the day that has ended, or today so far.
fn day(call: &Call, opened: &Opened, so_far: bool) -> Result<SheetInput, Problem> {
    let (env, clock) = (&call.server.env, &call.server.clock);
    let (env, now) = (|name: &str| env(name), || clock());
    let name = DayName::DaysAgo(u32::from(!so_far));
    let wish = Wish { provisional: so_far, restate: None };
    let request = SaveRequest { day: name, wish, retry_for: RETRY_FOR, wait: WAIT };
    let mut input = SheetInput::default();
    if !so_far && !opened.config.entities.is_empty() {
        let look = LookRequest { env: &env, now: &now, retry_for: RETRY_FOR, wait: WAIT };
        let looked = run(look_all(&opened.config, opened.day(name, call.now)?, &look, &Silent))?;
        input.notes = looked.iter().map(|(name, looked)| told_look(name, looked)).collect();
    }
    let saved = run(save(&opened.config, &request, &env, &now, &Silent))?;
    let saved = saved.map_err(|error| failed(&error, error.hint()))?;
    let outcome = saved.outcome.map_err(|error| failed(&error, error.hint()))?;
    let (id, title) = match &outcome {
        SaveOutcome::Frozen(frozen) => {
            let rows = if frozen.rows == 1 { "row" } else { "rows" };
            input.notes.push(format!(
                "{} was frozen from {} {rows}, {}.",
                frozen.id,
                count(frozen.rows),
                frozen.provenance
            ));
            input.notes.extend(frozen.warnings.iter().cloned());
            (frozen.id, "It is frozen")
        }
        SaveOutcome::Kept { id, provenance } => {
            input.notes.push(format!("{id} was frozen already, {provenance}. Nothing changed."));
            (*id, "It was frozen already")
        }
        SaveOutcome::Unchanged { id, .. } => {
            input.notes.push(format!("{id} reads the same now."));
            (*id, "It reads the same")
        }
    };
    title.clone_into(&mut input.title);
    input.ways = vec![
        (address(call, &format!("/days/{id}/view"), &[]), format!("See {id}")),
        (address(call, "/snapshot", &[]), "Take another".to_owned()),
    ];
    Ok(input)
}

fn told_look(name: &str, looked: &Looked) -> String {
    match looked {
        Looked::Kept(doc) => {
            format!("{} {name} were looked at, {} of them due.", count(doc.seen), count(doc.rows))
        }
        Looked::Already => format!("{} were looked at already.", label_of(name)),
        Looked::TooLate { lag, .. } => {
            format!("{} can't be known any more: it is {} after the day's end.", label_of(name), spoken(*lag))
        }
        Looked::Failed(error) => format!("{} were not looked at: {error}.", label_of(name)),
    }
}

/// Captures one entity, or all.
fn entities(
    call: &Call,
    opened: &Opened,
    name: &str,
    key: Option<&str>,
    reason: Option<String>,
) -> Result<SheetInput, Problem> {
    let (name, entity) = super::growth::chosen(&opened.config, Some(name))?;
    let (env, clock) = (&call.server.env, &call.server.clock);
    let (env, now) = (|name: &str| env(name), || clock());
    let asked = CaptureRequest {
        keys: key.map(|key| vec![key.to_owned()]),
        reason,
        actor: call.caller.name().map(str::to_owned),
        ..CaptureRequest::of(CaptureType::Manual)
    };
    let look = LookRequest { env: &env, now: &now, retry_for: RETRY_FOR, wait: WAIT };
    let done = run(capture(&opened.config, name, entity, &asked, &look, &Silent))?;
    let done = done.map_err(|error| failed(&error, error.hint()))?;
    let mut part = SheetPart::new(label_of(name), &[("Name", false), ("What became of it", false)]);
    for (key, what) in done.each().take(MOST) {
        let to = address(call, "/timeline", &[("entity", name), ("key", key)]);
        let (label, said, class) = match what {
            Captured::Kept { id, label, .. } => (label, format!("captured as {id}"), "good"),
            Captured::Cooldown { remaining, id } => (
                None,
                format!("seen lately as {id}: {} s of the cooldown are left", remaining.as_secs()),
                "warn",
            ),
            Captured::Existing { id, .. } => (None, format!("there is {id} already"), ""),
            Captured::Unchanged { id } => (None, format!("unchanged since {id}"), ""),
            Captured::Other => (None, "not among those that were asked for".to_owned(), ""),
            Captured::Absent => (None, "not in the source".to_owned(), "bad"),
        };
        let first = SheetCell::text(label.clone().unwrap_or_else(|| key.to_owned()))
            .small(if label.is_some() { key } else { "" });
        part.rows.push(vec![
            if class == "bad" { first } else { first.to(to) },
            SheetCell::text(said).class(class),
        ]);
    }
    let more = done.len().saturating_sub(MOST);
    part.notes.extend((more > 0).then(|| format!("{} more are not listed.", count(more as u64))));
    Ok(SheetInput {
        title: format!("{} of {} captured", count(done.kept() as u64), count(done.len() as u64)),
        parts: vec![part],
        ways: vec![(address(call, "/snapshot", &[]), "Take another".to_owned())],
        ..SheetInput::default()
    })
}
