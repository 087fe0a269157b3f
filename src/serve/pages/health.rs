//! `GET /health`: how an archive fares: which entities have a snapshot and how old it is, how soon after its end each day
//! was saved, and how soon after an event its capture was taken.

use chrono::{DateTime, TimeDelta, Utc};

use super::super::access::Call;
use super::super::answer::{Answer, Holds};
use super::super::held::Opened;
use super::super::problem::Problem;
use super::super::route::Route;
use super::super::routes::READ;
use super::{address, sheet};
use crate::archive::Looks;
use crate::config::presentation::label_of;
use crate::model::Provenance;
use crate::ops::entities::coverage::{Coverage, Standing, coverage};
use crate::ops::entities::look::spoken;
use crate::ops::entities::rows::{KeptRow, Rows};
use crate::ops::list::{gaps, list};
use crate::view::format::{DASH, count};
use crate::view::sheet::{SheetCell, SheetInput, SheetPart};
use crate::view::when::minute_with_year;

/// An event's capture that comes later is marked.
const LATE: TimeDelta = TimeDelta::minutes(5);

/// How many entities, days and captures are listed.
const MOST: usize = 50;
const DAYS: usize = 21;

/// What this file answers.
pub fn routes() -> Vec<Route> {
    vec![Route::get("/health", READ, health)]
}

fn health(call: &Call) -> Result<Answer, Problem> {
    call.asked.only(&[])?;
    // It tells of days, so nobody gets it who sees only some rows.
    let opened = call.days()?;
    let mut input = SheetInput { title: "How the archive fares".to_owned(), ..SheetInput::default() };
    let listing = list(&opened.archive, &opened.history, None, None);
    let missing: i64 = gaps(opened.history.days().map(|(day, _)| day).collect::<Vec<_>>().into_iter(), false)
        .iter()
        .map(|gap| gap.days)
        .sum();
    input.seal.push(("days".to_owned(), count(listing.days.len() as u64), ""));
    input.seal.extend(listing.days.last().map(|day| ("newest".to_owned(), day.day.to_string(), "")));
    input.seal.push(("not captured".to_owned(), count(missing.unsigned_abs()), ""));
    let findings = listing.findings.len();
    let sound = if findings == 0 { "nothing".to_owned() } else { count(findings as u64) };
    input.seal.push(("not as it should be".to_owned(), sound, ""));
    input.notes = listing.findings.iter().map(|finding| format!("{finding}.")).collect();
    let mut late: Vec<(String, KeptRow, TimeDelta)> = Vec::new();
    for (name, entity) in &opened.config.entities {
        let looks = opened.looks.get(name).cloned().unwrap_or_default();
        let today = opened.today(call.now)?;
        let told =
            coverage((&opened.archive, &opened.calendar), (name, entity), &looks, (today, call.now), |_| {
                true
            });
        match told {
            Ok(told) => input.parts.push(covered(call, &opened, name, &told)),
            // A broken file is told of, and the rest all the same.
            Err(error) => input.notes.push(format!("How {name} fares can't be told: {error}.")),
        }
        match captured(&opened, name, &looks) {
            Ok(rows) => late.extend(rows.into_iter().map(|(row, lag)| (name.clone(), row, lag))),
            Err(error) => {
                input.notes.push(format!("The captures of {name} can't be read: {}.", error.detail))
            }
        }
    }
    input.parts.push(saves(call, &opened));
    if !opened.config.entities.is_empty() {
        input.parts.push(events(call, &opened, late));
    }
    Ok(sheet(call, &opened, ("/health", ""), input)?.holding(Holds::Now))
}

/// How old something is, in words.
fn age(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let age = now.signed_duration_since(at).max(TimeDelta::zero());
    if age >= TimeDelta::days(2) { format!("{} days", age.num_days()) } else { spoken(age) }
}

fn covered(call: &Call, opened: &Opened, name: &str, told: &Coverage) -> SheetPart {
    let mut part = SheetPart::new(
        format!("{}: which have a snapshot", label_of(name)),
        &[("Name", false), ("State", false), ("Newest", false), ("Age", true), ("Seen", false)],
    );
    let zone = opened.calendar.zone();
    for one in told.all.iter().take(MOST) {
        let label = one.label.clone().filter(|label| !label.trim().is_empty());
        let to = address(call, "/timeline", &[("entity", name), ("key", &one.key)]);
        let class = match one.standing {
            Standing::None | Standing::Overdue => "bad",
            Standing::Due => "warn",
            Standing::Waiting => "",
            Standing::Fresh => "good",
        };
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| DASH.to_owned());
        part.rows.push(vec![
            SheetCell::text(label.clone().unwrap_or_else(|| one.key.clone()))
                .small(if label.is_some() { one.key.clone() } else { String::new() })
                .to(to),
            SheetCell::text(one.standing.word()).class(class),
            SheetCell::text(or_dash(one.day.map(|day| day.to_string()))),
            SheetCell::number(or_dash(one.at.map(|at| age(at, call.now)))),
            SheetCell::text(or_dash(one.at.map(|at| minute_with_year(at, zone.name())))),
        ]);
    }
    let newest = told.newest.map_or_else(|| "none yet".to_owned(), |day| day.to_string());
    part.notes.push(format!(
        "The newest look is {}: {newest}; {} is the last day that has ended.",
        told.standing.word(),
        told.expected
    ));
    let counted = [Standing::Fresh, Standing::Waiting, Standing::Due, Standing::Overdue, Standing::None]
        .map(|standing| (told.count(standing), standing.word()));
    let counted: Vec<String> = counted
        .iter()
        .filter(|(many, _)| *many > 0)
        .map(|(many, word)| format!("{} {word}", count(*many as u64)))
        .collect();
    let all = count(told.all.len() as u64);
    part.notes.push(format!(
        "{all} in all: {}. One is overdue once its newest row is {} old, which is the longest that the schedule allows.",
        if counted.is_empty() { "none".to_owned() } else { counted.join(", ") },
        if told.longest == 1 { "a day or more".to_owned() } else { format!("{} days or more", told.longest) }
    ));
    let more = told.all.len().saturating_sub(MOST);
    part.notes
        .extend((more > 0).then(|| format!("{} more fare no worse and are not listed.", count(more as u64))));
    part
}

/// How soon after its end each of the last days was saved.
fn saves(call: &Call, opened: &Opened) -> SheetPart {
    let mut part = SheetPart::new(
        "How soon days were saved",
        &[("Day", false), ("Frozen", false), ("After its end", true), ("Provenance", false)],
    );
    let zone = opened.calendar.zone();
    let mut lags: Vec<TimeDelta> = Vec::new();
    for (day, editions) in opened.history.days().rev().take(DAYS) {
        // The first that is not provisional is the one that counts.
        let settled = editions.iter().find(|frozen| frozen.line.provenance != Provenance::Provisional);
        let Some(frozen) = settled.or(editions.last()) else { continue };
        let line = &frozen.line;
        let end = opened.calendar.window(day).ok().map(|window| window.end);
        let lag = end.map(|end| line.captured_at.signed_duration_since(end));
        if line.provenance == Provenance::Witnessed {
            lags.extend(lag);
        }
        let to = address(call, &format!("/days/{}/view", line.id()), &[]);
        let first = SheetCell::text(day.to_string()).small(day.date().format("%a").to_string());
        let told = match lag {
            Some(lag) if lag < TimeDelta::zero() => "before its end".to_owned(),
            Some(lag) if lag >= TimeDelta::days(2) => format!("{} days", lag.num_days()),
            Some(lag) => spoken(lag),
            None => DASH.to_owned(),
        };
        let class = if lag.is_some_and(|lag| lag < TimeDelta::zero()) { "n warn" } else { "n" };
        part.rows.push(vec![
            if frozen.present { first.to(to) } else { first },
            SheetCell::text(minute_with_year(line.captured_at, zone.name())),
            SheetCell::text(told).class(class),
            SheetCell::text(line.provenance.word()).mark(line.provenance.word()),
        ]);
    }
    lags.sort_unstable();
    let middle = lags.get(lags.len() / 2).filter(|_| lags.len() > 1);
    part.notes.extend(middle.map(|middle| {
        format!(
            "Of the last {} days that were witnessed, half were saved within {} of their end.",
            lags.len(),
            spoken(*middle)
        )
    }));
    if part.rows.is_empty() {
        part.notes.push("No day is frozen yet.".to_owned());
    }
    part
}

/// The captures of the last days that an event took, and how long after it.
fn captured(opened: &Opened, name: &str, looks: &Looks) -> Result<Vec<(KeptRow, TimeDelta)>, Problem> {
    let reader = Rows::new(&opened.archive, name, looks)?;
    let mut all = Vec::new();
    for day in looks.capture_days().into_iter().rev().take(DAYS) {
        for row in reader.captures(day)? {
            let occurred = row.capture.as_ref().and_then(|why| why.occurred_at);
            all.extend(occurred.map(|occurred| (row.clone(), row.at.signed_duration_since(occurred))));
        }
    }
    Ok(all)
}

fn events(call: &Call, opened: &Opened, mut all: Vec<(String, KeptRow, TimeDelta)>) -> SheetPart {
    let mut part = SheetPart::new(
        "How soon events were captured",
        &[("Name", false), ("What happened", false), ("Happened", false), ("Captured after", true)],
    );
    let zone = opened.calendar.zone();
    all.sort_by_key(|(_, row, _)| std::cmp::Reverse(row.at));
    let late = all.iter().filter(|(_, _, lag)| *lag > LATE).count();
    for (name, row, lag) in all.iter().take(MOST) {
        let why = row.capture.as_ref();
        let label = row.row.label.clone().filter(|label| !label.trim().is_empty());
        let to = address(call, "/timeline", &[("entity", name), ("key", &row.row.key)]);
        let is_late = *lag > LATE;
        let told = if *lag < TimeDelta::zero() { "before it happened".to_owned() } else { spoken(*lag) };
        part.rows.push(vec![
            SheetCell::text(label.unwrap_or_else(|| row.row.key.clone()))
                .small(row.row.snapshot_id().to_string())
                .to(to),
            SheetCell::text(why.and_then(|why| why.trigger.clone()).unwrap_or_else(|| DASH.to_owned())),
            SheetCell::text(
                why.and_then(|why| why.occurred_at)
                    .map_or_else(|| DASH.to_owned(), |at| minute_with_year(at, zone.name())),
            ),
            SheetCell::text(told).small(if is_late { "late" } else { "" }).class(if is_late {
                "n bad"
            } else {
                "n"
            }),
        ]);
    }
    part.notes.push(if all.is_empty() {
        format!("No capture of the last {DAYS} days with captures says when its event happened.")
    } else {
        format!(
            "{} of {} were captured more than 5 min after the event.",
            count(late as u64),
            count(all.len() as u64)
        )
    });
    part
}
