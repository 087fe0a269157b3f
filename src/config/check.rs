//! Whether the parts of a configuration fit together, and what they mean.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{NaiveTime, TimeDelta};
use chrono_tz::Tz;
use indexmap::IndexMap;

use super::file::{self, File};
use super::presentation::{EventsLook, MAX_GROUPS, Presentation, Section, label_of};
use super::problem::{Problem, did_you_mean, listed};
use super::tree::Tree;
use super::{CalendarSettings, Config};
use super::{
    account_word, again, alerts, archive, duration, entities, lookup, metrics, notify, retention, serve,
    source, tenant, worklist,
};
use crate::model::Definitions;
use crate::model::definitions::{
    CalendarDef, Dialect, DimensionDef, DimensionOf, EventsDef, FORMAT, From, TimeIs, TimeSpan, placeholders,
};
use crate::model::lookup::named;
use crate::model::tenant_sql::names_tenant;

/// The names in braces that stand for the day itself.
const WINDOW_NAMES: [&str; 3] = ["window", "start", "end"];
/// No limit of groups is higher: they are all held in memory.
const MOST_GROUPS: u64 = 10_000_000;
/// Column names of a cube's file, which a dimension can't have.
const CUBE_COLUMNS: [&str; 3] = ["grouping", "rows", "newest"];

/// Collects problems while a configuration is checked.
pub struct Checker<'t, 'i> {
    tree: &'t Tree<'i>,
    problems: &'t mut Vec<Problem>,
}

impl Checker<'_, '_> {
    /// Notes a problem at a path of the file.
    pub fn problem(&mut self, path: &[&str], message: impl Into<String>, hint: impl Into<Option<String>>) {
        let problem = self.tree.problem(path, message, hint.into());
        self.problems.push(problem);
    }

    /// How many problems there are by now.
    pub fn count(&self) -> usize {
        self.problems.len()
    }

    /// Whether something is written under that name, be it sound or not: what could not be
    /// read has had its own problem, and a reference to it needs none.
    pub fn is_written(&self, table: &str, name: &str) -> bool {
        self.tree.names(&[table]).contains(&name)
    }

    /// The names that are written in a table further down.
    pub fn names_below(&self, path: &[&str]) -> Vec<String> {
        self.tree.names(path).into_iter().map(str::to_owned).collect()
    }

    /// Whether one of these keys is written at a path, sound or not.
    pub fn has_any(&self, path: &[&str], keys: &[&str]) -> bool {
        self.tree.names(path).into_iter().any(|written| keys.contains(&written))
    }

    /// The names that are written in a table, sound or not.
    pub fn names(&self, table: &str) -> Vec<&str> {
        self.tree.names(&[table])
    }

    /// The names of the dimensions that are written for some events, sound or not.
    pub fn dimensions_of(&self, events: &str) -> Vec<String> {
        self.tree.names(&["events", events, "by"]).into_iter().map(str::to_owned).collect()
    }

    /// Notes every name in braces that is neither a list nor one of `others`.
    pub fn names_in(&mut self, path: &[&str], sql: &str, others: &[&str]) {
        for name in placeholders(sql) {
            if others.contains(&name) || self.is_written("lists", name) {
                continue;
            }
            let lists = self.tree.names(&["lists"]);
            let hint = if WINDOW_NAMES.contains(&name) {
                Some("the day can be named in an events' sql only".to_owned())
            } else {
                did_you_mean(name, lists.iter().copied())
                    .or_else(|| Some(format!("add {name} = [\"…\"] under [lists]")))
            };
            self.problem(path, format!("{{{name}}} is no list"), hint);
        }
    }

    /// Notes an SQL expression that is empty or names what is no list.
    pub fn expression(&mut self, path: &[&str], sql: &str) {
        self.names_in(path, sql, &[]);
        if [Dialect::Sqlite, Dialect::Mysql, Dialect::Postgres]
            .iter()
            .any(|dialect| names_tenant(*dialect, sql))
        {
            let hint = "name it in the query that the rows come from: where … = :tenant".to_owned();
            self.problem(path, "an expression can't name :tenant", hint);
        }
        self.answers_in(path, sql);
        if sql.trim().is_empty() {
            let hint = "name a column, or write an SQL expression".to_owned();
            self.problem(path, "the expression is empty", hint);
        }
    }

    /// Notes every answer that is named and that no lookup gives.
    fn answers_in(&mut self, path: &[&str], sql: &str) {
        let lookups: Vec<String> = self.names_below(&["lookups"]);
        for (lookup, column) in named(Dialect::Sqlite, sql) {
            let known = || lookups.iter().map(String::as_str);
            if lookups.is_empty() {
                // A database may have a schema of that name.
                return;
            }
            if !known().any(|name| name == lookup) {
                let hint = did_you_mean(lookup, known())
                    .unwrap_or_else(|| format!("known lookups: {}", listed(known())));
                self.problem(path, format!("{lookup:?} is no lookup"), hint);
                continue;
            }
            let columns = self.names_below(&["lookups", lookup, "columns"]);
            if !columns.iter().any(|name| name == column) {
                let known = || columns.iter().map(String::as_str);
                let hint = did_you_mean(column, known())
                    .unwrap_or_else(|| format!("known columns: {}", listed(known())));
                self.problem(path, format!("the lookup {lookup} gives no column {column:?}"), hint);
            }
        }
    }

    /// Whether these events are written; notes it when they are not.
    pub fn events(&mut self, path: &[&str], of: &str) -> bool {
        let written = self.is_written("events", of);
        if !written {
            let known = self.names("events");
            let hint = did_you_mean(of, known.iter().copied())
                .unwrap_or_else(|| format!("known events: {}", listed(known.iter().copied())));
            self.problem(path, format!("{of:?} is no events"), hint);
        }
        written
    }

    /// Notes a name that can't be the name of something.
    pub fn name(&mut self, path: &[&str], name: &str) {
        let mut letters = name.bytes();
        let starts = letters.next().is_some_and(|b| b.is_ascii_lowercase());
        if !starts
            || !letters.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
            || name.len() > 60
        {
            let hint = "use lower-case letters, digits and _, a letter first; what people read is its label";
            self.problem(path, format!("{name:?} can't be a name"), hint.to_owned());
        }
    }
}

/// Checks a configuration; what is wrong goes to `problems`. `None` when too much is missing.
pub fn check(file: &File, tree: &Tree<'_>, base: &Path, problems: &mut Vec<Problem>) -> Option<Config> {
    let mut checker = Checker { tree, problems };
    let calendar = calendar(file, &mut checker);
    let mut sources = source::check(file, base, calendar.map(|calendar| calendar.time_zone), &mut checker);
    let lookups =
        sources.as_mut().map(|sources| lookup::check(file, sources, &mut checker)).unwrap_or_default();
    for (name, _) in &file.lists {
        if WINDOW_NAMES.contains(&name.as_str()) {
            let hint = "{window}, {start} and {end} stand for the day: take another name".to_owned();
            checker.problem(&["lists", name], format!("a list can't be named {name:?}"), hint);
        }
    }
    let mut events = BTreeMap::new();
    let mut looks = IndexMap::new();
    for (name, written) in &file.events {
        checker.name(&["events", name], name);
        looks.insert(name.clone(), look(name, written));
        let from = sources.as_ref().and_then(|sources| {
            source::from(&["events", name], written.from.as_ref(), sources, &mut checker)
        });
        if let Some(def) = events_def(name, written, from, &mut checker) {
            events.insert(name.clone(), def);
        }
    }
    let looks_only =
        checker.tree.names(&["events"]).is_empty() && checker.tree.names(&["metrics"]).is_empty();
    let looks_only = looks_only && !checker.tree.names(&["entities"]).is_empty();
    if checker.tree.names(&["events"]).is_empty() && !looks_only {
        let hint = "add [events.NAME] with table, time and time_is, or [entities.NAME]".to_owned();
        checker.problem(&[], "there are no events", hint);
    }
    let (metrics, metric_looks) = metrics::check(file, &mut checker);
    if checker.tree.names(&["metrics"]).is_empty() && !looks_only {
        let hint = "add [metrics] with a line such as calls = { of = \"calls\", count = true }".to_owned();
        checker.problem(&[], "there are no metrics", hint);
    }
    let sections = sections(file, &mut checker);
    let archive = archive::check(file, base, &mut checker);
    let again = again::check(file, &mut checker);
    let retention = retention::check(file, &mut checker);
    let worklists = worklist::check(file, base, &archive.dir, &mut checker);
    let alerts = alerts::check(file, &metrics, &mut checker);
    let notify = notify::check(file, &mut checker);
    let tenants = tenant::check(file, &mut checker);
    let serve = serve::check(file, &tenants, &mut checker);
    let (calendar, sources) = (calendar?, sources?);
    tenant::check_events(file, &sources, &mut checker);
    account_word::check(file, &sources, &mut checker);
    let cut = CalendarDef {
        time_zone: calendar.time_zone.name().to_owned(),
        day_starts_at: calendar.day_starts_at.format("%H:%M:%S").to_string(),
    };
    let around =
        entities::Around { calendar: cut.clone(), sources: &sources, tenants: !tenants.is_empty(), file };
    let entities = entities::check(&around, &mut checker);
    let mut definitions = Definitions {
        format: FORMAT.to_owned(),
        calendar: cut,
        source: sources.main().def(),
        sources: sources
            .all()
            .into_iter()
            .filter_map(|(name, settings)| Some((name?.to_owned(), settings.def())))
            .collect(),
        lists: file.lists.clone().into_iter().collect(),
        lookups,
        events,
        metrics,
    };
    lookup::stage(&mut definitions);
    let presentation =
        Presentation { title: file.archive.title.clone(), events: looks, metrics: metric_looks, sections };
    Some(Config {
        sources,
        archive,
        calendar,
        definitions,
        presentation,
        again,
        retention,
        worklists,
        alerts,
        notify,
        entities,
        tenants,
        serve,
        tenant: None,
    })
}

pub(super) fn zone(name: &str, path: &[&str], checker: &mut Checker<'_, '_>) -> Option<Tz> {
    let zone = name.parse().ok();
    if zone.is_none() {
        let names = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
        let hint =
            did_you_mean(name, names).unwrap_or_else(|| "use a name such as America/Chicago".to_owned());
        checker.problem(path, format!("{name:?} is no known time zone"), hint);
    }
    zone
}

fn calendar(file: &File, checker: &mut Checker<'_, '_>) -> Option<CalendarSettings> {
    let Some(written) = &file.calendar else {
        if checker.tree.names(&[]).contains(&"calendar") {
            return None;
        }
        let hint = "add [calendar] with time_zone = \"America/Chicago\" or yours".to_owned();
        checker.problem(&[], "[calendar] is missing", hint);
        return None;
    };
    let time_zone = zone(&written.time_zone, &["calendar", "time_zone"], checker);
    let starts = written.day_starts_at.as_deref().unwrap_or("00:00");
    let day_starts_at = ["%H:%M", "%H:%M:%S"]
        .iter()
        .find_map(|format| NaiveTime::parse_from_str(starts, format).ok())
        .filter(|time| starts.len() >= 5 && chrono::Timelike::nanosecond(time) == 0);
    if day_starts_at.is_none() {
        let hint = "write a time of day such as 00:00 or 06:30".to_owned();
        checker.problem(&["calendar", "day_starts_at"], format!("{starts:?} is no time of day"), hint);
    }
    let after = written.final_after.as_deref().unwrap_or("2h");
    let final_after = span(after, &["calendar", "final_after"], checker);
    let final_after = TimeDelta::from_std(final_after?).ok()?;
    Some(CalendarSettings { time_zone: time_zone?, day_starts_at: day_starts_at?, final_after })
}

/// A span of time of at most a year.
pub(super) fn span(text: &str, path: &[&str], checker: &mut Checker<'_, '_>) -> Option<std::time::Duration> {
    let span = duration::parse(text).filter(|span| span.as_secs() <= 366 * 86_400);
    if span.is_none() {
        let hint = "write a whole number and a unit: 500ms, 60s, 15m, 2h, 1d".to_owned();
        checker.problem(path, format!("{text:?} is no span of time"), hint);
    }
    span
}

fn look(name: &str, written: &file::Events) -> EventsLook {
    let label = |(name, dimension): (&String, &file::Dimension)| {
        (name.clone(), dimension.label.clone().unwrap_or_else(|| label_of(name)))
    };
    EventsLook {
        label: written.label.clone().unwrap_or_else(|| label_of(name)),
        max_groups: written.max_groups.unwrap_or(MAX_GROUPS),
        dimensions: written.by.iter().map(label).collect(),
    }
}

fn events_def(
    name: &str,
    written: &file::Events,
    source: Option<String>,
    checker: &mut Checker<'_, '_>,
) -> Option<EventsDef> {
    let path = ["events", name];
    let from = match (&written.table, &written.sql) {
        (Some(table), None) => {
            let wrong = table.is_empty() || table.split('.').any(str::is_empty) || table.contains('\0');
            if wrong {
                checker.problem(
                    &["events", name, "table"],
                    format!("{table:?} is no table"),
                    "name one as table or database.table".to_owned(),
                );
            }
            Some(From::Table(table.clone()))
        }
        (None, Some(sql)) => {
            checker.names_in(&["events", name, "sql"], sql, &WINDOW_NAMES);
            let used = placeholders(sql);
            if !(used.contains(&"window") || used.contains(&"start") && used.contains(&"end")) {
                let hint = format!("add where {{window}}, which limits {:?} to the day", written.time);
                checker.problem(&["events", name, "sql"], "the query is not limited to a day", hint);
            }
            Some(From::Sql(sql.clone()))
        }
        (Some(_), Some(_)) => {
            let hint = "keep one of table and sql".to_owned();
            checker.problem(&["events", name, "sql"], "the events come from two places", hint);
            None
        }
        (None, None) => {
            let hint = "add table = \"…\", or sql = \"select … where {window}\"".to_owned();
            checker.problem(&path, format!("the events {name:?} come from nowhere"), hint);
            None
        }
    };
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '.');
    if written.time.is_empty() || !written.time.chars().all(plain) {
        let hint = "name a column; to compute one, use sql = \"select … as happened_at …\"".to_owned();
        checker.problem(&["events", name, "time"], format!("{:?} is no column", written.time), hint);
    }
    if let Some(groups) = written.max_groups.filter(|groups| !(1..=MOST_GROUPS).contains(groups)) {
        let hint = format!("write a number from 1 to {MOST_GROUPS}");
        checker.problem(&["events", name, "max_groups"], format!("{groups} is no limit"), hint);
    }
    let mut by = BTreeMap::new();
    for (dimension, def) in &written.by {
        let path = ["events", name, "by", dimension];
        checker.name(&path, dimension);
        if CUBE_COLUMNS.contains(&dimension.as_str()) {
            checker.problem(
                &path,
                format!("a dimension can't be named {dimension:?}"),
                "take another name; what people read is its label".to_owned(),
            );
        }
        if let Some(def) = dimension_def(&path, def, checker) {
            by.insert(dimension.clone(), def);
        }
    }
    let time_is = match written.time_is {
        file::TimeIs::Local => TimeIs::Local,
        file::TimeIs::Utc => TimeIs::Utc,
        file::TimeIs::Epoch => TimeIs::Epoch,
        file::TimeIs::Instant => TimeIs::Instant,
    };
    // Whether they are staged is known once all that is computed of them is.
    Some(EventsDef { source, from: from?, time: written.time.clone(), time_is, staged: false, by })
}

fn dimension_def(
    path: &[&str; 4],
    written: &file::Dimension,
    checker: &mut Checker<'_, '_>,
) -> Option<DimensionDef> {
    let [events, name, by, dimension] = *path;
    let of = match (&written.time, &written.sql) {
        (Some(span), None) => {
            if written.labels.is_some() {
                let message = "spans of time have names of their own";
                let hint = "leave labels out".to_owned();
                checker.problem(&[events, name, by, dimension, "labels"], message, hint);
            }
            DimensionOf::Time(match span {
                file::TimeSpan::Hour => TimeSpan::Hour,
                file::TimeSpan::HalfHour => TimeSpan::HalfHour,
                file::TimeSpan::QuarterHour => TimeSpan::QuarterHour,
            })
        }
        (None, Some(sql)) => {
            checker.expression(path, sql);
            if let Some(labels) = &written.labels {
                checker.names_in(&[events, name, by, dimension, "labels"], labels, &[]);
            }
            DimensionOf::Sql(sql.clone())
        }
        _ => {
            let hint = "give one of sql = \"…\" and time = \"hour\"".to_owned();
            checker.problem(path, format!("it is not clear what {dimension:?} is"), hint);
            return None;
        }
    };
    Some(DimensionDef { of, labels: written.labels.clone(), alone: written.alone })
}

fn sections(file: &File, checker: &mut Checker<'_, '_>) -> Vec<Section> {
    let events = checker.tree.names(&["events"]);
    let dimensions: Vec<String> =
        events.into_iter().flat_map(|events| checker.dimensions_of(events)).collect();
    let mut sections = Vec::new();
    for (at, written) in file.dashboard.iter().enumerate() {
        let number = at.to_string();
        let place = ["dashboard", number.as_str()];
        if written.show.is_empty() {
            checker.problem(&place, "the section shows nothing", "name metrics in show = […]".to_owned());
        }
        for (item, metric) in written.show.iter().enumerate() {
            if !checker.is_written("metrics", metric) {
                let hint = did_you_mean(metric, checker.names("metrics"))
                    .unwrap_or_else(|| format!("known metrics: {}", listed(checker.names("metrics"))));
                let path = ["dashboard", &number, "show", &item.to_string()];
                checker.problem(&path, format!("{metric:?} is no metric"), hint);
            }
        }
        for (item, dimension) in written.by.iter().enumerate() {
            if !dimensions.contains(dimension) {
                let known = || dimensions.iter().map(String::as_str);
                let hint = did_you_mean(dimension, known())
                    .unwrap_or_else(|| format!("known dimensions: {}", listed(known())));
                let path = ["dashboard", &number, "by", &item.to_string()];
                checker.problem(&path, format!("{dimension:?} is no dimension"), hint);
            }
        }
        if written.top == Some(0) {
            checker.problem(
                &["dashboard", &number, "top"],
                "a table of no members shows nothing",
                "write top = 10, or leave it out".to_owned(),
            );
        }
        sections.push(Section {
            title: written.title.clone(),
            show: written.show.clone(),
            by: written.by.clone(),
            top: written.top,
        });
    }
    sections
}
