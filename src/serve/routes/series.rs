//! `GET /api/series/{metric}`: a metric, or a counter of entities, day by day.

use super::super::access::Call;
use super::super::answer::{Answer, CSV, JSON, best};
use super::super::entities::{Entities, KEY, flag};
use super::super::held::Opened;
use super::super::problem::Problem;
use super::super::route::Route;
use super::READ;
use crate::calendar::{DayName, Moment};
use crate::model::Day;
use crate::ops::entities::series::{self as counters, Known, Which};
use crate::ops::forecast::outlook;
use crate::ops::series::{Series, series as through_time};
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
    ("metric" = String, Path, max_length = 500, example = "calls", description = "The metric, by name; or a counter of entities: account.views"),
    ("from" = Option<String>, Query, pattern = r"^(yesterday|today|-[0-9]{1,4}d|<date>)$", example = "-30d", description = "The first day: 2025-11-06, yesterday, -30d"),
    ("to" = Option<String>, Query, pattern = r"^(yesterday|today|-[0-9]{1,4}d|<date>)$", example = "yesterday", description = "The last day"),
    ("last" = Option<u32>, Query, minimum = 1, maximum = 36600, description = "So many days that end with the newest frozen one"),
    ("by" = Option<String>, Query, max_length = 500, description = "Its values by the members of this dimension too; of a counter of entities, by the values of this field"),
    ("top" = Option<u32>, Query, minimum = 1, maximum = 10000, example = json!(5), description = "How many members, those with the largest sums; 8 when left out"),
    ("growth" = Option<bool>, Query, description = "Of a counter of entities: how much it grew since the day before"),
    ("key" = Option<String>, Query, max_length = 500, description = "Of a counter of entities: only the one of this key"),
    ("forecast" = Option<u32>, Query, minimum = 1, maximum = 90, description = "Say what so many days after the newest will probably bring"),
    ("as_of" = Option<String>, Query, pattern = r"^<date>(T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](Z|[+-](0[0-9]|1[0-3]):[0-5][0-9])?)?)?$", description = "As the archive was then"),
    ("tenant" = Option<String>, Query, max_length = 500, description = "Whose archive, where there are tenants"),
), responses(
    (status = 200, description = "The metric day by day", content(
        (super::super::open_api::Series = "application/json"), (String = "text/csv"),
    )),
    (status = "default", description = "What went wrong", body = super::super::open_api::Problem, content_type = "application/problem+json"),
))]
pub fn series(call: &Call) -> Result<Answer, Problem> {
    let asked = &call.asked;
    asked.only(&["from", "to", "last", "by", "top", "growth", KEY, "forecast", "as_of"])?;
    let wanted = Wanted {
        media: best(&call.headers, &[JSON, CSV])?,
        metric: asked.part("metric")?,
        from: asked.get("from")?,
        to: asked.get("to")?,
        last: asked.number("last", 0, (1, MOST_DAYS))?,
        by: asked.get("by")?,
        top: asked.number("top", TOP, (1, MOST_MEMBERS))?,
        ahead: asked.number("forecast", 0, (1, MOST_AHEAD))?,
        then: asked.get("as_of")?,
    };
    let (growth, key) = (flag(call, "growth")?, asked.get::<String>(KEY)?);
    if let Some((name, counter)) = counters::parts(&wanted.metric)
        && call.entities()?.0.config.entities.contains_key(name)
    {
        let which = Which { growth, key, by: wanted.by.clone().map(|by| (by, Some(wanted.top))) };
        return of_counter(call, &Entities::named(call, name)?, counter, &which, &wanted);
    }
    let opened = call.days()?;
    if growth || key.is_some() {
        let detail = format!("{:?} is no counter of entities", wanted.metric);
        return Err(Problem::contradiction(detail)
            .hint("name one as ENTITY.COUNTER, such as account.views; or leave growth and key out"));
    }
    let named = wanted.named(call, &opened)?;
    let question = format!("series {} {}", wanted.media, asked.canonical());
    call.server.cache.get(opened.key(&question, opened.today(call.now)?), || {
        let past = wanted.then.map(|then| opened.as_of(then)).transpose()?;
        let history = past.as_ref().unwrap_or(&opened.history);
        let range = wanted.range(named, history.days().next_back().map(|(newest, _)| newest));
        let place = (&opened.archive, history);
        let mut series = through_time(place, Some(&opened.config.presentation), &wanted.metric, range)?;
        if let Some(by) = &wanted.by {
            series.split(place, by, Some(wanted.top))?;
        }
        wanted.told(&opened, &series)
    })
}

/// A counter of entities, of which only the rows count that this one may see.
fn of_counter(
    call: &Call,
    entities: &Entities,
    counter: &str,
    which: &Which,
    wanted: &Wanted,
) -> Result<Answer, Problem> {
    let opened = &entities.opened;
    let named = wanted.named(call, opened)?;
    let key = entities.cached(call, &format!("series {}", wanted.media))?;
    call.server.cache.get(key, || {
        let past = wanted.then.map(|then| opened.looks_as_of(then)).transpose()?;
        let past = past.map(|mut all| all.remove(&entities.name).unwrap_or_default());
        let looks = past.as_ref().unwrap_or_else(|| entities.looks());
        let range = wanted.range(named, looks.looks.last_key_value().map(|(day, _)| *day));
        let known = Known {
            archive: &opened.archive,
            name: &entities.name,
            def: &entities.settings()?.def,
            looks,
            only: entities.only.as_ref(),
        };
        let series = counters::series(known, counter, which, range)
            .map_err(|error| entities.growth_problem(which.key.as_deref(), error))?;
        wanted.told(opened, &series)
    })
}

/// What is asked for, besides of what.
struct Wanted {
    media: &'static str,
    metric: String,
    from: Option<DayName>,
    to: Option<DayName>,
    last: usize,
    by: Option<String>,
    top: usize,
    ahead: usize,
    then: Option<Moment>,
}

impl Wanted {
    /// The days that are named as the ends.
    fn named(&self, call: &Call, opened: &Opened) -> Result<(Option<Day>, Option<Day>), Problem> {
        let day = |name: Option<DayName>| name.map(|name| opened.day(name, call.now)).transpose();
        let (from, to) = (day(self.from)?, day(self.to)?);
        if let (Some(from), Some(to)) = (from, to)
            && from > to
        {
            let problem = Problem::contradiction(format!("the range from {from} to {to} runs backwards"));
            return Err(problem.hint("let from be the earlier day"));
        }
        if self.last > 0 && (from.is_some() || to.is_some()) {
            return Err(Problem::contradiction("last is a range of its own").hint("leave from and to out"));
        }
        Ok((from, to))
    }

    fn range(&self, named: (Option<Day>, Option<Day>), newest: Option<Day>) -> (Option<Day>, Option<Day>) {
        match (self.last, newest) {
            (0, _) | (_, None) => named,
            (last, Some(newest)) => {
                (newest.checked_add(1 - i64::try_from(last).unwrap_or(i64::MAX)), Some(newest))
            }
        }
    }

    fn told(&self, opened: &Opened, series: &Series) -> Result<Answer, Problem> {
        if self.media == CSV {
            let csv = series_table::csv(&series_table::table(&opened.archive, series));
            return Ok(Answer::of(CSV, csv.map_err(|error| Problem::mistake(error.to_string()))?));
        }
        let mut document = documents::series::document(&opened.archive.id(), series);
        if self.ahead > 0 {
            let foreseen = outlook(&series.totals, self.ahead).map_err(|error| {
                Problem::not_found("no-forecast", error.to_string()).hint("ask without forecast")
            })?;
            document["forecast"] = documents::forecast::document(&foreseen);
        }
        Answer::json(&document)
    }
}
