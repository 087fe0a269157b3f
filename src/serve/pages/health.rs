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
use crate::config::presentation::label_of;
use crate::model::Provenance;
use crate::ops::entities::coverage::{Coverage, Covered, Covering, Freshness, coverage};
use crate::ops::entities::look::spoken;
use crate::ops::entities::timeliness::{Caused, caused};
use crate::ops::list::{gaps, list};
use crate::view::format::{DASH, count};
use crate::view::sheet::{SheetCell, SheetInput, SheetPart};
use crate::view::when::minute_with_year;

/// How many entities, days and captures are listed.
const MOST: usize = 50;
const DAYS: usize = 21;

/// So many days back captures are told of.
const SPAN: i64 = 30;

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
    let today = opened.today(call.now)?;
    let since = today.checked_add(-SPAN).unwrap_or(today);
    let mut all: Vec<(String, Caused)> = Vec::new();
    for (name, entity) in &opened.config.entities {
        let looks = opened.looks.get(name).cloned().unwrap_or_default();
        let (archive, calendar) = (&opened.archive, opened.calendar);
        // A broken file is told of, and the rest all the same.
        match coverage(Covering { archive, name, entity, looks: &looks, calendar, only: None }, call.now) {
            Ok(told) => input.parts.push(covered(call, &opened, name, &told)),
            Err(error) => input.notes.push(format!("How {name} fares can't be told: {error}.")),
        }
        match caused((archive, name, &looks), None, (since, today)) {
            Ok(rows) => all.extend(rows.into_iter().map(|row| (name.clone(), row))),
            Err(error) => input.notes.push(format!("The captures of {name} can't be read: {error}.")),
        }
    }
    input.parts.push(saves(call, &opened));
    if !opened.config.entities.is_empty() {
        input.parts.push(events(call, &opened, all));
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
    let state = |freshness: Freshness| match freshness {
        Freshness::Overdue => (0, "overdue", "bad"),
        Freshness::Due => (1, "due", "warn"),
        Freshness::Unknown => (2, "not known", ""),
        Freshness::NotDue => (3, "not due", ""),
        Freshness::Current => (4, "up to date", "good"),
    };
    let mut all: Vec<(&String, &Covered)> = told.entities.iter().collect();
    all.sort_by_key(|(key, one)| (state(one.freshness).0, one.newest, *key));
    for (key, one) in all.iter().take(MOST) {
        let label = one.label.clone().filter(|label| !label.trim().is_empty());
        let to = address(call, "/timeline", &[("entity", name), ("key", key)]);
        let (_, word, class) = state(one.freshness);
        let first = SheetCell::text(label.clone().unwrap_or_else(|| (*key).clone()))
            .small(if label.is_some() { (*key).clone() } else { String::new() });
        let [day, old, seen] = one.newest.map_or_else(
            || ["none".to_owned(), DASH.to_owned(), DASH.to_owned()],
            |(day, at)| [day.to_string(), age(at, call.now), minute_with_year(at, zone.name())],
        );
        part.rows.push(vec![
            if one.newest.is_some() { first.to(to) } else { first },
            SheetCell::text(word).class(class),
            SheetCell::text(day).class(if one.newest.is_some() { "" } else { "bad" }),
            SheetCell::number(old),
            SheetCell::text(seen),
        ]);
    }
    let newest = told.look.as_ref().map_or_else(|| "none yet".to_owned(), |look| look.date.to_string());
    let until = told.expected.zip(told.until).map(|(day, until)| {
        format!("; that of {day} is in time until {}", minute_with_year(until, zone.name()))
    });
    part.notes.push(format!("The newest look: {newest}{}.", until.unwrap_or_default()));
    let counted = Freshness::ALL.map(|freshness| {
        (all.iter().filter(|(_, one)| one.freshness == freshness).count(), state(freshness).1)
    });
    let counted = counted.iter().filter(|(many, _)| *many > 0);
    let counted: Vec<String> =
        counted.map(|(many, word)| format!("{} {word}", count(*many as u64))).collect();
    let words = if counted.is_empty() { "none".to_owned() } else { counted.join(", ") };
    part.notes.push(format!("{} in all: {words}.", count(all.len() as u64)));
    let more = all.len().saturating_sub(MOST);
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

fn events(call: &Call, opened: &Opened, mut all: Vec<(String, Caused)>) -> SheetPart {
    let mut part = SheetPart::new(
        "How soon events were captured",
        &[("Name", false), ("What happened", false), ("Happened", false), ("Captured after", true)],
    );
    let zone = opened.calendar.zone();
    all.sort_by_key(|(_, one)| std::cmp::Reverse(one.kept.at));
    let late = all.iter().filter(|(_, one)| one.is_late()).count();
    for (name, one) in all.iter().take(MOST) {
        let row = &one.kept.row;
        let why = one.kept.capture.as_ref();
        let label = row.label.clone().filter(|label| !label.trim().is_empty());
        let to = address(call, "/timeline", &[("entity", name), ("key", &row.key)]);
        let is_late = one.is_late();
        let before = one.lag < TimeDelta::zero();
        let told = if before { "before it happened".to_owned() } else { spoken(one.lag) };
        part.rows.push(vec![
            SheetCell::text(label.unwrap_or_else(|| row.key.clone()))
                .small(row.snapshot_id().to_string())
                .to(to),
            SheetCell::text(why.and_then(|why| why.trigger.clone()).unwrap_or_else(|| DASH.to_owned())),
            SheetCell::text(minute_with_year(one.occurred_at, zone.name())),
            SheetCell::text(told).small(if is_late { "late" } else { "" }).class(if is_late {
                "n bad"
            } else {
                "n"
            }),
        ]);
    }
    part.notes.push(if all.is_empty() {
        format!("No capture of the last {SPAN} days says when its event happened.")
    } else {
        let all = count(all.len() as u64);
        format!("{} of {all} were captured more than 5 min after the event.", count(late as u64))
    });
    part
}
