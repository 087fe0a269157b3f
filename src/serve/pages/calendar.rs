//! `GET /`: all days.

use super::super::access::Call;
use super::super::answer::Answer;
use super::super::problem::Problem;
use super::super::route::Route;
use super::super::routes::READ;
use super::{address, around, bar, form, html};
use crate::ops::entities::listed;
use crate::ops::index;
use crate::view::index::IndexInput;
use crate::view::sheet::{Sheet, SheetCell, SheetInput, SheetPart};
use crate::view::{Around, IndexPage};

/// What this file answers. A frozen page has a link to the calendar as it lies beside it in the archive.
pub fn routes() -> Vec<Route> {
    vec![Route::get("/", READ, calendar), Route::get("/index.html", READ, calendar)]
}

/// All days; where there are tenants and none is named, all tenants.
fn calendar(call: &Call) -> Result<Answer, Problem> {
    call.asked.only(&[])?;
    if call.tenant_asked().is_none() && call.caller.tenant().is_none() {
        let all = call.all()?;
        let tenants: Vec<&str> = all.iter().filter_map(|(tenant, _)| *tenant).collect();
        if !tenants.is_empty() {
            return of_tenants(call, &tenants);
        }
    }
    let opened = call.days()?;
    let mut input = index::input(&opened.history, &opened.config);
    for day in &mut input.days {
        day.looks = listed::said(&opened.looks, day.day);
    }
    let after = address(call, "/view", &[]);
    let input = IndexInput {
        archive: opened.archive.id().to_string(),
        served: Some(["/days/".to_owned(), after]),
        ..input
    };
    let page = IndexPage::new(&input).map_err(|error| Problem::mistake(error.to_string()))?;
    let asks =
        if input.days.is_empty() { String::new() } else { form(call, super::compare::asks(&opened, None))? };
    let page = page.within(around(call, &opened, "/", &asks)?);
    Ok(html(page.to_bytes().map_err(|error| Problem::mistake(error.to_string()))?))
}

/// Whose archives there are.
fn of_tenants(call: &Call, tenants: &[&str]) -> Result<Answer, Problem> {
    let mut part = SheetPart::new("Archives", &[("Tenant", false)]);
    let row = |tenant: &&str| vec![SheetCell::text(*tenant).to(address(call, "/", &[("tenant", tenant)]))];
    part.rows = tenants.iter().map(row).collect();
    let input = SheetInput { title: "Whose days?".to_owned(), parts: vec![part], ..SheetInput::default() };
    let around = Around { bar: bar(call, true, "/")?, below: String::new() };
    Ok(html(Sheet::new(input, around).to_bytes()?))
}
