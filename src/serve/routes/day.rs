//! `GET /api/days/{when}`: the numbers of a frozen day, byte for byte as they were frozen. `GET /days/{when}`: its page, the
//! same way.

use super::super::access::Call;
use super::super::answer::{Answer, CSV, HTML, Holds, JSON, best};
use super::super::held::Opened;
use super::super::problem::Problem;
use super::super::route::Route;
use super::READ;
use crate::archive::{History, METRICS};
use crate::calendar::{DayName, Moment};
use crate::model::metrics_doc::Figure;
use crate::model::{Digest, MetricsDoc, Number};
use crate::ops::anew;
use crate::ops::freeze::layout;
use crate::ops::restore::restore;
use crate::ops::when::{When, WhichDay, WhichEdition, find};

/// The page of a day, in its folder.
const PAGE: &str = "dashboard.html";

/// What this file answers. A page has links to its neighbours as they lie in the archive, so they have those paths here too.
pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/api/days/{when}", READ, day),
        Route::get("/days/{when}", READ, page),
        Route::get("/{when}/dashboard.html", READ, page),
    ]
}

/// The numbers of a day as they were frozen: the first edition that is not provisional, unless another is named.
#[utoipa::path(get, path = "/api/days/{when}", tag = "days", params(
    ("when" = String, Path, pattern = r"^(latest(~[0-9]{1,4})?|yesterday|today|-[0-9]{1,4}d|<date>)(@([1-9][0-9]{0,3}|latest|original))?$", example = "latest", description = "The day: 2025-11-06, 2025-11-06@2, latest, latest~3, yesterday, -7d"),
    ("edition" = Option<String>, Query, pattern = r"^([1-9][0-9]{0,3}|latest|original)$", example = "latest", description = "Which edition: a number, `latest` or `original`"),
    ("as_of" = Option<String>, Query, pattern = r"^<date>(T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](Z|[+-](0[0-9]|1[0-3]):[0-5][0-9])?)?)?$", description = "As the archive was then: 2025-11-08T09:00, with an offset, or a date for its end"),
    ("tenant" = Option<String>, Query, max_length = 500, description = "Whose archive, where there are tenants"),
), responses(
    (status = 200, description = "The stored document, or a line for each value", content(
        (super::super::open_api::Day = "application/json"), (String = "text/csv"),
    )),
    (status = "default", description = "What went wrong", body = super::super::open_api::Problem, content_type = "application/problem+json"),
))]
pub fn day(call: &Call) -> Result<Answer, Problem> {
    call.asked.only(&["edition", "as_of"])?;
    let media = best(&call.headers, &[JSON, CSV])?;
    let opened = call.days()?;
    let found = Found::of(call, &opened)?;
    let line = &find(found.history(&opened), found.when, found.today)?.line;
    let key = Digest::of(format!("day {media} {}", line.manifest).as_bytes());
    let answer = call.server.cache.get(key, || {
        let manifest = opened.archive.manifest(line)?;
        if media == CSV {
            return csv(&opened.archive.metrics(&manifest)?);
        }
        Ok::<_, Problem>(Answer::json_bytes(opened.archive.read_file(&manifest, METRICS)?))
    })?;
    Ok(answer.holding(found.holds()))
}

/// The page of a day as it was frozen.
#[utoipa::path(get, path = "/days/{when}", tag = "pages", params(
    ("when" = String, Path, pattern = r"^(latest(~[0-9]{1,4})?|yesterday|today|-[0-9]{1,4}d|<date>)(@([1-9][0-9]{0,3}|latest|original))?$", example = "latest", description = "The day: 2025-11-06, 2025-11-06@2, latest, latest~3, yesterday, -7d"),
    ("edition" = Option<String>, Query, pattern = r"^([1-9][0-9]{0,3}|latest|original)$", example = "latest", description = "Which edition: a number, `latest` or `original`"),
    ("as_of" = Option<String>, Query, pattern = r"^<date>(T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](Z|[+-](0[0-9]|1[0-3]):[0-5][0-9])?)?)?$", description = "As the archive was then"),
    ("tenant" = Option<String>, Query, max_length = 500, description = "Whose archive, where there are tenants"),
), responses(
    (status = 200, description = "The page", body = String, content_type = "text/html"),
    (status = "default", description = "What went wrong", body = super::super::open_api::Problem, content_type = "application/problem+json"),
))]
pub fn page(call: &Call) -> Result<Answer, Problem> {
    call.asked.only(&["edition", "as_of"])?;
    let media = best(&call.headers, &[HTML])?;
    let opened = call.days()?;
    let found = Found::of(call, &opened)?;
    let history = found.history(&opened);
    let line = &find(history, found.when, found.today)?.line;
    let id = line.id();
    let gone = opened.history.thinned(&id).filter(|pruned| pruned.files.iter().any(|file| file == PAGE));
    if let Some(pruned) = gone {
        let restored = restore(&opened.archive, history, found.when, found.today)?;
        let layout = layout(Some(&opened.config), &restored.doc, &restored.definitions);
        let bytes = anew::page(&restored, pruned, &layout, call.now);
        let bytes = bytes.map_err(|error| Problem::mistake(error.to_string()))?;
        return Ok(with_policy(Answer::of(media, bytes)).holding(Holds::UntilAsked));
    }
    let key = Digest::of(format!("page {}", line.manifest).as_bytes());
    let answer = call.server.cache.get(key, || {
        let manifest = opened.archive.manifest(line)?;
        Ok::<_, Problem>(with_policy(Answer::of(media, opened.archive.read_file(&manifest, PAGE)?)))
    })?;
    Ok(answer.holding(found.holds()))
}

/// Which day was asked for, and of which history.
struct Found {
    when: When,
    today: crate::model::Day,
    past: Option<History>,
}

impl Found {
    fn of(call: &Call, opened: &Opened) -> Result<Self, Problem> {
        let mut when: When = call.asked.part("when")?;
        if let Some(edition) = call.asked.get::<String>("edition")? {
            // It counts where another one stands in the path.
            let named: When = format!("latest@{edition}").parse().map_err(|_| {
                Problem::bad(format!("edition: {edition:?} names no edition"))
                    .hint("give a number, latest or original")
            })?;
            when.edition = named.edition;
        }
        let past = call.asked.get::<Moment>("as_of")?.map(|then| opened.as_of(then)).transpose()?;
        Ok(Self { when, today: opened.today(call.now)?, past })
    }

    fn history<'o>(&'o self, opened: &'o Opened) -> &'o History {
        self.past.as_ref().unwrap_or(&opened.history)
    }

    /// An edition of a date by its number is the same for ever.
    fn holds(&self) -> Holds {
        let by_id = matches!(self.when.day, WhichDay::Named(DayName::Date(_)))
            && matches!(self.when.edition, Some(WhichEdition::Number(_)));
        if by_id && self.past.is_none() { Holds::Forever } else { Holds::UntilAsked }
    }
}

/// A page with its own policy said by the server too, and that nobody may put it into a frame.
pub fn with_policy(answer: Answer) -> Answer {
    let page = String::from_utf8_lossy(&answer.body);
    let policy = page.split_once("http-equiv=\"Content-Security-Policy\" content=\"");
    let policy = policy.and_then(|(_, rest)| rest.split_once('"')).map(|(policy, _)| policy);
    let policy = policy.map(|policy| {
        let policy = policy.replace("&#39;", "'").replace("&#x27;", "'").replace("&amp;", "&");
        format!("{}; frame-ancestors 'none'", policy.trim_end_matches([';', ' ']))
    });
    Answer { policy, ..answer }
}

/// A line for each value of a day: its totals, and those by each dimension.
fn csv(doc: &MetricsDoc) -> Result<Answer, Problem> {
    let failed = |error: csv::Error| Problem::mistake(error.to_string());
    let mut writer = csv::Writer::from_writer(Vec::new());
    let head = [
        "date",
        "edition",
        "provenance",
        "metric",
        "unit",
        "dimension",
        "key",
        "null",
        "label",
        "value",
        "reason",
    ];
    writer.write_record(head).map_err(failed)?;
    let (date, edition, provenance) = (doc.date.to_string(), doc.edition.to_string(), doc.provenance.word());
    let number = |figure: &Figure| figure.value.as_ref().map(Number::to_string).unwrap_or_default();
    let reason = |figure: &Figure| figure.reason.clone().unwrap_or_default();
    for (name, metric) in &doc.metrics {
        let unit = metric.unit.as_deref().unwrap_or_default();
        let mut line = |dimension: &str, key: Option<&str>, label: &str, figure: &Figure| {
            let (value, reason) = (number(figure), reason(figure));
            // NULL is not the empty text.
            let null = if key.is_none() && !dimension.is_empty() { "true" } else { "" };
            let key = key.unwrap_or_default();
            writer.write_record([
                &date, &edition, provenance, name, unit, dimension, key, null, label, &value, &reason,
            ])
        };
        line("", None, &metric.label, &metric.figure).map_err(failed)?;
        for (dimension, members) in &metric.by {
            for member in members {
                let label = member.label.as_deref().unwrap_or_default();
                line(dimension, member.key.as_deref(), label, &member.figure).map_err(failed)?;
            }
        }
    }
    Ok(Answer::of(CSV, writer.into_inner().map_err(|error| Problem::mistake(error.to_string()))?))
}
