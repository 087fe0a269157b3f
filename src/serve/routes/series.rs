//! `GET /api/series/{metric}`: a metric day by day.

use super::super::access::Call;
use super::super::answer::{Answer, CSV, JSON, best};
use super::super::problem::Problem;
use super::super::route::Route;
use super::READ;
use crate::calendar::{DayName, Moment};
use crate::model::Day;
use crate::ops::forecast::outlook;
use crate::ops::series::series as through_time;
use crate::ops::{documents, series_table};

/// How many members there are when nothing is said.
const TOP: usize = 8;
/// How many there are at most.
const MOST_MEMBERS: usize = 10_000;
/// How many days can be forecast at most.
const MOST_AHEAD: usize = 90;
/// How many days can be asked for by `last`.
const MOST_DAYS: usize = 36_600;

/// What this file answers.
pub fn routes() -> Vec<Route> {
    vec![Route::get("/api/series/{metric}", READ, series)]
}

/// A metric day by day, with gaps, editions and what changed; of each day the latest edition.
#[utoipa::path(get, path = "/api/series/{metric}", tag = "days", params(
    ("metric" = String, Path, max_length = 500, description = "The metric, by name"),
    ("from" = Option<String>, Query, pattern = r"^(yesterday|today|-[0-9]{1,4}d|[12][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8]))$", description = "The first day: 2025-11-06, yesterday, -30d"),
    ("to" = Option<String>, Query, pattern = r"^(yesterday|today|-[0-9]{1,4}d|[12][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8]))$", description = "The last day"),
    ("last" = Option<u32>, Query, minimum = 1, maximum = 36600, description = "So many days that end with the newest frozen one"),
    ("by" = Option<String>, Query, max_length = 500, description = "Its values by the members of this dimension too"),
    ("top" = Option<u32>, Query, minimum = 1, maximum = 10000, description = "How many members, those with the largest sums; 8 when left out"),
    ("forecast" = Option<u32>, Query, minimum = 1, maximum = 90, description = "Say what so many days after the newest will probably bring"),
    ("as_of" = Option<String>, Query, pattern = r"^[12][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])(T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](Z|[+-](0[0-9]|1[0-3]):[0-5][0-9])?)?)?$", description = "As the archive was then"),
    ("tenant" = Option<String>, Query, max_length = 500, description = "Whose archive, where there are tenants"),
), responses(
    (status = 200, description = "The metric day by day", content(
        (super::super::open_api::Series = "application/json"), (String = "text/csv"),
    )),
    (status = "default", description = "What went wrong", body = super::super::open_api::Problem, content_type = "application/problem+json"),
))]
pub fn series(call: &Call) -> Result<Answer, Problem> {
    let asked = &call.asked;
    asked.only(&["from", "to", "last", "by", "top", "forecast", "as_of"])?;
    let media = best(&call.headers, &[JSON, CSV])?;
    let metric: String = asked.part("metric")?;
    let opened = call.days()?;
    let today = opened.today(call.now)?;
    let day = |name: Option<DayName>| name.map(|name| opened.day(name, call.now)).transpose();
    let (from, to): (Option<Day>, Option<Day>) = (day(asked.get("from")?)?, day(asked.get("to")?)?);
    if let (Some(from), Some(to)) = (from, to)
        && from > to
    {
        let problem = Problem::contradiction(format!("the range from {from} to {to} runs backwards"));
        return Err(problem.hint("let from be the earlier day"));
    }
    let last = asked.number("last", 0, (1, MOST_DAYS))?;
    if last > 0 && (from.is_some() || to.is_some()) {
        return Err(Problem::contradiction("last is a range of its own").hint("leave from and to out"));
    }
    let top = asked.number("top", TOP, (1, MOST_MEMBERS))?;
    let ahead = asked.number("forecast", 0, (1, MOST_AHEAD))?;
    let by: Option<String> = asked.get("by")?;
    let then: Option<Moment> = asked.get("as_of")?;
    call.server.cache.get(opened.key(&format!("series {media} {}", asked.canonical()), today), || {
        let past = then.map(|then| opened.as_of(then)).transpose()?;
        let history = past.as_ref().unwrap_or(&opened.history);
        let range = match (last, history.days().next_back()) {
            (0, _) | (_, None) => (from, to),
            (last, Some((newest, _))) => {
                (newest.checked_add(1 - i64::try_from(last).unwrap_or(i64::MAX)), Some(newest))
            }
        };
        let place = (&opened.archive, history);
        let mut series = through_time(place, Some(&opened.config.presentation), &metric, range)?;
        if let Some(by) = &by {
            series.split(place, by, Some(top))?;
        }
        if media == CSV {
            let csv = series_table::csv(&series_table::table(&opened.archive, &series));
            return Ok(Answer::of(CSV, csv.map_err(|error| Problem::mistake(error.to_string()))?));
        }
        let mut document = documents::series::document(&opened.archive.id(), &series);
        if ahead > 0 {
            let foreseen = outlook(&series.totals, ahead).map_err(|error| {
                Problem::not_found("no-forecast", error.to_string()).hint("ask without forecast")
            })?;
            document["forecast"] = documents::forecast::document(&foreseen);
        }
        Answer::json(&document)
    })
}
