//! `GET /entities`: which entities moved.

use super::super::access::Call;
use super::super::answer::Answer;
use super::super::problem::Problem;
use super::super::route::Route;
use super::super::routes::READ;
use super::growth::{chosen, kinds, sees};
use super::{address, form, sheet};
use crate::calendar::DayName;
use crate::config::presentation::label_of;
use crate::ops::entities::history::Subject;
use crate::ops::entities::moved::{Way, moved_since};
use crate::ops::entities::told;
use crate::view::form::{Field, Form};
use crate::view::format::count;
use crate::view::sheet::{SheetCell, SheetInput, SheetPart};

/// How many entities are listed.
const MOST: usize = 200;

/// What this file answers.
pub fn routes() -> Vec<Route> {
    vec![Route::get("/entities", READ, entities)]
}

fn entities(call: &Call) -> Result<Answer, Problem> {
    let asked = &call.asked;
    asked.only(&["entity", "way", "since"])?;
    let (opened, only) = call.entities()?;
    let (name, entity) = chosen(&opened.config, asked.get::<String>("entity")?.as_deref())?;
    sees(only, name, entity)?;
    let (way, word) = match asked.get::<String>("way")?.as_deref() {
        None | Some("changed") => (Way::Changed, "changed"),
        Some("improved") => (Way::Improved, "improved"),
        Some("declined") => (Way::Declined, "declined"),
        Some(other) => {
            let problem = Problem::bad(format!("way: {other:?} is none"));
            return Err(problem.hint("there are changed, improved and declined"));
        }
    };
    let days = asked.number("since", 7, (1, 3660))?;
    let since = opened.day(DayName::DaysAgo(u32::try_from(days).unwrap_or(u32::MAX)), call.now)?;
    let looks = opened.looks.get(name).cloned().unwrap_or_default();
    let subject = Subject::new(name, entity);
    let histories = opened.histories(&looks, &subject, only);
    let told = moved_since(&histories, since, way)?;
    let moved = &told.moved;
    let mut part = SheetPart::new(
        format!("{} that {word} since {since}", label_of(name)),
        &[("Name", false), ("Field", false), ("Before", false), ("Now", false), ("Change", true)],
    );
    for (timeline, fields) in moved.iter().take(MOST) {
        let shown = told::input(timeline, opened.calendar.zone());
        let label = timeline.label.clone().filter(|label| !label.trim().is_empty());
        let to = address(call, "/timeline", &[("entity", name), ("key", &timeline.key)]);
        let mut called = Some(
            SheetCell::text(label.clone().unwrap_or_else(|| timeline.key.clone()))
                .small(if label.is_some() { timeline.key.clone() } else { String::new() })
                .to(to),
        );
        for line in shown.lines_of(fields) {
            let class = match line.is_good {
                Some(true) => "n good",
                Some(false) => "n bad",
                None => "n",
            };
            let [moved, share] = line.moved;
            part.rows.push(vec![
                called.take().unwrap_or_default(),
                SheetCell::text(line.name),
                SheetCell::text(line.before),
                SheetCell::text(line.now),
                SheetCell::text(moved).small(share).class(class),
            ]);
        }
    }
    let more = moved.len().saturating_sub(MOST);
    part.notes.extend((more > 0).then(|| format!("{more} more moved and are not listed.")));
    if part.rows.is_empty() {
        part.notes.push(format!("None {word} since {since}."));
    }
    // How many others there are is nobody's business who sees only some.
    if only.is_none() && told.others > 0 {
        part.notes.push(format!("{} did not.", count(told.others as u64)));
    }
    if only.is_none() && told.unknown > 0 {
        let unknown = count(told.unknown as u64);
        part.notes.push(format!("Of {unknown} it is not known: they have no row of that day or before."));
    }
    let one = Form::get("one", "/timeline", "One of them", "Open")
        .with(Field::Hidden { name: "entity", value: name.to_owned() })
        .with(Field::Text { name: "key", label: "Key or name", value: String::new(), needed: true });
    let mut below = form(call, asks(kinds(&opened.config, name), word, days))?;
    below.push_str(&form(call, one)?);
    let input = SheetInput { title: label_of(name), parts: vec![part], ..SheetInput::default() };
    sheet(call, &opened, ("/entities", &below), input)
}

fn asks(kinds: Field, word: &str, days: usize) -> Form {
    let ways = ["changed", "improved", "declined"];
    let mut spans = vec![1, 7, 30, 90];
    if !spans.contains(&days) {
        spans.push(days);
    }
    let words = |span: usize| if span == 1 { "a day".to_owned() } else { format!("{span} days") };
    Form::get("moved", "/entities", "Which moved", "Show")
        .with(kinds)
        .with(Field::Choice {
            name: "way",
            label: "Which",
            options: ways.map(|way| (way.to_owned(), way.to_owned(), way == word)).into(),
        })
        .with(Field::Choice {
            name: "since",
            label: "In the last",
            options: spans.into_iter().map(|span| (span.to_string(), words(span), span == days)).collect(),
        })
}
