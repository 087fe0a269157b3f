//! `GET /timeline`: one entity through time; with `a` and `b`, two of its snapshots beside each other.

use super::super::access::Call;
use super::super::answer::Answer;
use super::super::held::Opened;
use super::super::problem::Problem;
use super::super::route::Route;
use super::super::routes::READ;
use super::growth::{chosen, sees};
use super::{address, around, form, html, origin, sheet};
use crate::ops::documents::snapshots::between;
use crate::ops::entities::history::{HistoryError, Subject, Timeline, TimelineRow};
use crate::ops::entities::pick::{RowName, pick};
use crate::ops::entities::told;
use crate::view::HistoryPage;
use crate::view::form::{Field, Form};
use crate::view::sheet::{SheetCell, SheetInput, SheetPart};

/// How many snapshots can be picked from.
const MOST: usize = 400;

/// What this file answers.
pub fn routes() -> Vec<Route> {
    vec![Route::get("/timeline", READ, timeline)]
}

fn timeline(call: &Call) -> Result<Answer, Problem> {
    let asked = &call.asked;
    asked.only(&["entity", "key", "a", "b"])?;
    let (opened, only) = call.entities()?;
    let (name, entity) = chosen(&opened.config, asked.get::<String>("entity")?.as_deref())?;
    sees(only, name, entity)?;
    let key: String = asked.need("key")?;
    let looks = opened.looks.get(name).cloned().unwrap_or_default();
    let subject = Subject::new(name, entity);
    let histories = opened.histories(&looks, &subject, only);
    let none =
        || Problem::not_found("no-such-entity", format!("no row of {name} has the key or label {key:?}"));
    let found = histories.timeline(&key, None).map_err(|error| match error {
        HistoryError::Archive(error) => error.into(),
        // Whether there are others is none of this one's business.
        _ if only.is_some() => none(),
        error @ HistoryError::Unknown { .. } => none().hint(error.hint().unwrap_or_default()),
        error => Problem::not_found("no-such-entity", error.to_string()).maybe_hint(error.hint()),
    });
    let found = found?;
    if found.rows.is_empty() {
        return Err(none());
    }
    match (asked.get::<RowName>("a")?, asked.get::<RowName>("b")?) {
        (Some(a), Some(b)) => pair(call, &opened, found, (&a, &b)),
        (None, None) => {
            let below = form(call, asks(&found, None))?;
            let input = told::input(&found, opened.calendar.zone());
            let page = HistoryPage::new(&input, &origin(call, &opened));
            Ok(html(page.within(around(call, &opened, "/entities", &below)?).to_bytes()?))
        }
        _ => Err(Problem::bad("two snapshots are needed").hint("pick both")),
    }
}

/// Two snapshots beside each other.
fn pair(
    call: &Call,
    opened: &Opened,
    mut timeline: Timeline,
    (a, b): (&RowName, &RowName),
) -> Result<Answer, Problem> {
    let today = opened.today(call.now)?;
    let row = |name: &RowName| {
        pick(&timeline, name, today).cloned().map_err(|error| {
            let hint = error.hint.clone();
            Problem::not_found("no-such-snapshot", error.to_string()).maybe_hint(hint)
        })
    };
    let (a, b) = (row(a)?, row(b)?);
    let ids = [&a, &b].map(|row| row.kept.row.snapshot_id().to_string());
    let below = form(call, asks(&timeline, Some([&ids[0], &ids[1]])))?;
    let moved = between(&timeline, &b, &a);
    timeline.rows = vec![b, TimelineRow { computed: moved, ..a }];
    let shown = told::input(&timeline, opened.calendar.zone());
    let mut part = SheetPart::new(
        "Field by field",
        &[("Field", false), ("B", false), ("A", false), ("A less B", true), ("Remark", false)],
    );
    for line in shown.pair() {
        let class = match line.is_good {
            Some(true) => "n good",
            Some(false) => "n bad",
            None => "n",
        };
        let [moved, share] = line.moved;
        part.rows.push(vec![
            SheetCell::text(line.name),
            SheetCell::text(line.before),
            SheetCell::text(line.now),
            SheetCell::text(moved).small(share).class(class),
            SheetCell::text(line.remark),
        ]);
    }
    let side = |letter: &str, row: Option<&crate::view::history::HistoryRow<'_>>| {
        (letter.to_owned(), row.map(|row| shown.one(row)).unwrap_or_default(), "")
    };
    let input = SheetInput {
        title: shown.name(),
        seal: vec![side("A", shown.rows.last()), side("B", shown.rows.first())],
        parts: vec![part],
        ways: vec![(
            address(call, "/timeline", &[("entity", &timeline.entity), ("key", &timeline.key)]),
            "All of its snapshots".to_owned(),
        )],
        ..SheetInput::default()
    };
    sheet(call, opened, ("/entities", &below), input)
}

/// The form that asks for two snapshots.
fn asks(timeline: &Timeline, sides: Option<[&str; 2]>) -> Form {
    let rows: Vec<(String, String)> = timeline
        .rows
        .iter()
        .rev()
        .take(MOST)
        .map(|row| {
            let id = row.kept.row.snapshot_id().to_string();
            let words =
                format!("{} #{}, {}", row.kept.day, row.kept.row.seq, told::why(row.kept.capture.as_ref()));
            (id, words)
        })
        .collect();
    let at = |usual: usize, side: usize| {
        let named = sides.and_then(|sides| sides.get(side).copied());
        named.map(str::to_owned).or_else(|| rows.get(usual).or(rows.last()).map(|(id, _)| id.clone()))
    };
    let options = |chosen: Option<String>| {
        rows.iter().map(|(id, words)| (id.clone(), words.clone(), Some(id) == chosen.as_ref())).collect()
    };
    Form::get("pair", "/timeline", "Two snapshots", "Compare")
        .with(Field::Hidden { name: "entity", value: timeline.entity.clone() })
        .with(Field::Hidden { name: "key", value: timeline.key.clone() })
        .with(Field::Choice { name: "a", label: "Compare", options: options(at(0, 0)) })
        .with(Field::Choice { name: "b", label: "with", options: options(at(1, 1)) })
}
