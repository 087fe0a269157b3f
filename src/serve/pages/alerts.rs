//! `GET /alerts`: a day judged by the alerts of the configuration.

use super::super::access::Call;
use super::super::answer::{Answer, Holds};
use super::super::problem::Problem;
use super::super::route::Route;
use super::super::routes::READ;
use super::super::routes::alerts::judged_day;
use super::{address, bounds, form, sheet};
use crate::ops::alerts::few::Few;
use crate::ops::alerts::{evaluate, shown};
use crate::ops::when::{When, WhichDay, find_latest};
use crate::view::form::{Field, Form};
use crate::view::format::DASH;
use crate::view::sheet::{SheetCell, SheetInput, SheetPart};

/// What this file answers.
pub fn routes() -> Vec<Route> {
    vec![Route::get("/alerts", READ, alerts)]
}

fn alerts(call: &Call) -> Result<Answer, Problem> {
    call.asked.only(&["when"])?;
    let opened = call.days()?;
    let mut input = SheetInput { title: "Alerts".to_owned(), ..SheetInput::default() };
    if opened.config.alerts.is_empty() {
        input.notes.push(
            "The configuration has no alerts: [alerts.NAME] tells of what somebody should hear.".to_owned(),
        );
        return sheet(call, &opened, ("/alerts", ""), input);
    }
    let when: Option<When> = call.asked.get("when")?;
    let day = judged_day(&opened, when, call.now)?;
    let ask = Form::get("alerts", "/alerts", "Alerts of a day", "Show").with(Field::Day {
        name: "when",
        label: "Day",
        value: day.to_string(),
        bounds: bounds(&opened),
    });
    let below = form(call, ask)?;
    let judged = evaluate(&opened.archive, &opened.history, &opened.config, day, Some(call.now))?;
    let Some(judgement) = judged else {
        let named = crate::calendar::DayName::Date(day);
        let named = When { day: WhichDay::Named(named), edition: None };
        find_latest(&opened.history, named, opened.today(call.now)?)?;
        return Err(Problem::not_found("no-such-day", format!("the folders of {day} are missing")));
    };
    let firing = judgement.firing().count();
    input.title = format!("Alerts of {day}");
    input.seal = vec![
        ("firing".to_owned(), firing.to_string(), ""),
        ("judged".to_owned(), judgement.judged.len().to_string(), ""),
    ];
    if let Some(line) = &judgement.line {
        input.seal.push(("edition".to_owned(), line.edition.to_string(), ""));
        input.ways.push((address(call, &format!("/days/{}/view", line.id()), &[]), "The day".to_owned()));
    }
    input.notes.clone_from(&judgement.damaged);
    let rows = shown::rows(&Few::all(&judgement.judged), &judgement, &opened.config, &opened.archive);
    let by = rows.iter().any(|row| row.member.is_some());
    let mut head = vec![("Alert", false)];
    head.extend(by.then_some(("Member", false)));
    head.extend([("State", false), ("Value", true), ("Expected", true), ("Why", false)]);
    let mut part = SheetPart::new("What is said", &head);
    for row in rows {
        let mut cells = vec![SheetCell::text(row.name)];
        cells.extend(by.then(|| SheetCell::text(row.member.unwrap_or_default())));
        cells.push(SheetCell::text(row.state).class(if row.fires { "bad" } else { "" }));
        cells.push(SheetCell::number(row.value.unwrap_or_else(|| DASH.to_owned())));
        cells.push(SheetCell::number(row.expected.unwrap_or_else(|| DASH.to_owned())));
        cells.push(SheetCell::text(row.why));
        part.rows.push(cells);
    }
    input.parts.push(part);
    // Whether a day is missing depends on the time of day.
    Ok(sheet(call, &opened, ("/alerts", &below), input)?.holding(Holds::Now))
}
