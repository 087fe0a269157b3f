//! Whether a configuration will work: connection, account, clock, zone, and every query.

use std::time::Duration;

use chrono::TimeDelta;

use super::check_entities;
use super::check_feeds;
use super::check_lookups;
use super::check_staged;
use super::check_telling::about_telling;
use super::day;
use super::key_file::{self, KeyFile};
use super::reading::{self, Env, Now, ReadingError};
use super::save::{SaveError, day_of};
use super::sessions::Sessions;
use super::staging::Staging;
use super::worklist;
use crate::archive::ArchiveError;
use crate::calendar::{Calendar, DayName};
use crate::config::{Config, SourceSettings};
use crate::model::definitions::{Dialect, From, TimeIs};
use crate::model::{Day, Progress};
use crate::plan::time_type::contradiction;
use crate::plan::{EventsPlan, Plan, PlanError};
use crate::source::{Access, ServerReport, Session, SourceError};

/// From this on a server's clock is said to be wrong.
const CLOCK_TOLERANCE: TimeDelta = TimeDelta::seconds(30);
/// Reading all rows of a table smaller than this is nothing to warn of.
const SMALL_TABLE: u64 = 5_000;
/// How far ahead and back days are looked at for ends that occur twice.
const DAYS_LOOKED_AT: i64 = 2 * 366;

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// As it should be.
    Good,
    /// It works, but should be looked at.
    Warning,
    /// It will not work.
    Error,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How grave it is.
    pub level: Level,
    /// What was looked at, in a word.
    pub about: String,
    /// What was found, as a clause.
    pub text: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// A query that a save sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryReport {
    /// Its name.
    pub name: String,
    /// Its text with its values written in, for people to read and run.
    pub sql: String,
    /// How the source would get at each table; empty when it could not say.
    pub access: Vec<Access>,
}

/// All that was found.
#[derive(Clone, Debug)]
pub struct CheckReport {
    /// The day whose queries were looked at.
    pub day: Day,
    /// What was found, in the order in which it was looked at.
    pub findings: Vec<Finding>,
    /// The queries of that day.
    pub queries: Vec<QueryReport>,
}

impl CheckReport {
    /// The gravest of the findings.
    pub fn worst(&self) -> Level {
        self.findings.iter().map(|finding| finding.level).max().unwrap_or(Level::Good)
    }

    /// Adds a finding.
    pub(super) fn add(&mut self, level: Level, about: &str, text: impl Into<String>, hint: Option<String>) {
        self.findings.push(Finding { level, about: about.to_owned(), text: text.into(), hint });
    }
}

/// Looks at everything a save of a day needs, and reads that day without freezing it.
///
/// `fixed_clock` says that the clock was set for a rehearsal, so that the server's can't be held
/// against it.
///
/// # Errors
/// When the source can't be reached, or the day can't be planned.
pub async fn check(
    config: &Config,
    day: DayName,
    env: Env<'_>,
    now: Now<'_>,
    fixed_clock: bool,
    progress: &dyn Progress,
) -> Result<CheckReport, SaveError> {
    let calendar = Calendar::new(config.calendar);
    let day = day_of(&calendar, day, now)?;
    let mut report = CheckReport { day, findings: Vec::new(), queries: Vec::new() };
    ambiguous_ends(config, &calendar, day, &mut report);
    let plan =
        match Plan::new(&config.definitions, calendar.window(day)?, config.tenant.as_deref(), |events| {
            config.presentation.max_groups(events)
        }) {
            Ok(plan) => plan,
            // Told among the findings already; there is nothing left to look at.
            Err(PlanError::Ambiguous(_)) => return Ok(report),
            Err(error) => return Err(error.into()),
        };
    let unreachable = |source: SourceError| SaveError::Source(source.into());
    progress.step("connecting");
    let (mut sessions, mut staging) = (Sessions::new(&config.sources, env), Staging::new(&config.sources));
    let mut feeds_sound = true;
    for (name, settings) in config.sources.all() {
        let server = sessions.at(name).await.map_err(unreachable)?.inspect().await.map_err(unreachable)?;
        let of = Of { name, settings };
        of.server(&server, &mut report);
        of.account(&server, &mut report);
        let is_local = config
            .definitions
            .events
            .values()
            .any(|events| events.time_is == TimeIs::Local && events.source.as_deref() == name);
        of.clock(&server, is_local, now, fixed_clock, &mut report);
        let session = sessions.at(name).await.map_err(unreachable)?;
        feeds_sound &= check_feeds::about(&session.probe(&plan.window, progress).await, &mut report);
    }
    about_archive(config, &mut report);
    about_key_file(config, &mut report);
    check_entities::about_tenants(config, &mut report);
    check_entities::about_tokens(config, &mut report);
    report.findings.extend(about_telling(config, env));
    let mut sound = true;
    for events in &plan.events {
        progress.step(&format!("explaining {}", events.name));
        let source = events.source.as_deref();
        if events.staged.is_none() {
            let session = sessions.at(source).await.map_err(unreachable)?;
            check_lookups::make_room(session, &events.lookups).await.map_err(unreachable)?;
        }
        sound &=
            check_lookups::about(&events.lookups, &mut sessions, &mut report).await.map_err(unreachable)?;
        let session = sessions.at(source).await.map_err(unreachable)?;
        sound &= about_query(config, events, session, &mut report).await;
        if let Some(staged) = &events.staged {
            let asked = [&events.crossed.query];
            let of = (staged, source, events.name.as_str());
            let open = (&mut sessions, &mut staging);
            sound &= check_staged::about(of, &events.lookups, &asked, open, &mut report)
                .await
                .map_err(unreachable)?;
        }
    }
    for source in plan.sources() {
        for query in plan.labels(source) {
            let session = sessions.at(source).await.map_err(unreachable)?;
            let sql = query.literal(session.dialect());
            let access = session.explain(query).await.unwrap_or_else(|error| {
                sound = false;
                report.add(Level::Error, "labels", error.to_string(), error.hint());
                Vec::new()
            });
            report.queries.push(QueryReport { name: query.name.clone(), sql, access });
        }
    }
    let open = (&mut sessions, &mut staging);
    worklist::check::about(config, &calendar, day, open, &mut report).await.map_err(unreachable)?;
    check_entities::about(config, &mut sessions, &mut report).await.map_err(unreachable)?;
    sessions.close().await;
    staging.close().await;
    if sound && feeds_sound {
        about_cubes(config, env, now, &plan, &mut report, progress).await;
    }
    Ok(report)
}

/// Days that begin or end at a local time which occurs twice.
fn ambiguous_ends(config: &Config, calendar: &Calendar, day: Day, report: &mut CheckReport) {
    let local = config.definitions.events.values().any(|events| events.time_is == TimeIs::Local);
    if !local {
        return;
    }
    // The next such day is told rather than one that has gone by.
    for step in (0..=DAYS_LOOKED_AT).chain((-DAYS_LOOKED_AT..0).rev()) {
        let Some(Ok(window)) = day.checked_add(step).map(|day| calendar.window(day)) else { continue };
        if let Err(error @ PlanError::Ambiguous(_)) =
            Plan::new(&config.definitions, window, config.tenant.as_deref(), |events| {
                config.presentation.max_groups(events)
            })
        {
            report.add(Level::Error, "calendar", error.to_string(), error.hint());
            return;
        }
    }
}

/// A source that is looked at.
struct Of<'a> {
    name: Option<&'a str>,
    settings: &'a SourceSettings,
}

impl Of<'_> {
    /// What a finding is about: with the source's name, where it has one.
    fn about(&self, what: &str) -> String {
        self.name.map_or_else(|| what.to_owned(), |name| format!("{what} {name}"))
    }

    fn server(&self, server: &ServerReport, report: &mut CheckReport) {
        let url = self.settings.redacted();
        let encrypted = match (self.settings.dialect(), &server.tls) {
            (Dialect::Sqlite, _) => String::new(),
            (_, Some(cipher)) => format!(", encrypted with {cipher}"),
            (_, None) => ", not encrypted".to_owned(),
        };
        let text = format!("{url} is {} {}{encrypted}", server.server.name, server.server.version);
        report.add(Level::Good, &self.about("source"), text, None);
        if !server.limits_time {
            let text = "the server can't limit the time of a query, so asof ends a slow one by itself";
            report.add(Level::Warning, &self.about("timeout"), text, None);
        }
    }

    fn account(&self, server: &ServerReport, report: &mut CheckReport) {
        match server.writes.as_deref() {
            None => {}
            Some([]) => report.add(Level::Good, &self.about("account"), "can only read", None),
            Some(grants) => {
                let list: Vec<String> = grants
                    .iter()
                    .take(3)
                    .map(|grant| format!("{} on {}", grant.privilege, grant.on))
                    .collect();
                let more = if grants.len() > 3 { " and more" } else { "" };
                let text = format!("can write: {}{more}; asof never does", list.join(", "));
                let hint = "give asof an account of its own with SELECT only".to_owned();
                report.add(Level::Warning, &self.about("account"), text, Some(hint));
            }
        }
    }

    fn clock(
        &self,
        server: &ServerReport,
        is_local: bool,
        now: Now<'_>,
        fixed_clock: bool,
        report: &mut CheckReport,
    ) {
        let Some(zone) = &server.zone else { return };
        if fixed_clock {
            report.add(Level::Good, &self.about("clock"), "not compared, since ASOF_NOW sets ours", None);
        } else {
            let ahead = server.now - now();
            let seconds = ahead.num_milliseconds().unsigned_abs() / 1000;
            if ahead.abs() > CLOCK_TOLERANCE {
                let side = if ahead > TimeDelta::zero() { "ahead of" } else { "behind" };
                let hint = "set both clocks by the network: a day's end depends on them".to_owned();
                report.add(
                    Level::Warning,
                    &self.about("clock"),
                    format!("the server's is {seconds} s {side} ours"),
                    Some(hint),
                );
            } else {
                report.add(Level::Good, &self.about("clock"), "the server's agrees with ours", None);
            }
        }
        let ours = server.now.with_timezone(&self.settings.time_zone);
        let offset = chrono::Offset::fix(chrono::DateTime::offset(&ours)).local_minus_utc();
        let said = |seconds: i32| {
            let (sign, minutes) = (if seconds < 0 { '-' } else { '+' }, seconds.abs() / 60);
            format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
        };
        let name = self.settings.time_zone.name();
        if offset == zone.offset_seconds {
            let text = format!("the server is at {}, as {name} is now", said(offset));
            report.add(Level::Good, &self.about("time zone"), text, None);
        } else {
            let text = format!(
                "the server is at {}, but {name} is at {} now",
                said(zone.offset_seconds),
                said(offset)
            );
            let hint =
                "if the server writes its own local time, set [source] time_zone to its zone".to_owned();
            let level = if is_local { Level::Warning } else { Level::Good };
            report.add(level, &self.about("time zone"), text, is_local.then_some(hint));
        }
    }
}

/// A folder that days were copied into is none that days are frozen into.
fn about_archive(config: &Config, report: &mut CheckReport) {
    if let Err(error @ ArchiveError::ColdStore { .. }) = day::open(config) {
        report.add(Level::Error, "archive", error.to_string(), error.hint());
    }
}

/// The hash key of what is counted over time, where something is.
fn about_key_file(config: &Config, report: &mut CheckReport) {
    if config.definitions.cumulative().is_empty() {
        return;
    }
    let known = day::open(config).ok().flatten();
    let path = config.archive.key_file.display();
    match key_file::look(config, known.as_ref().map(|(_, history)| history)) {
        Ok(KeyFile::There { open: false, .. }) => {
            report.add(Level::Good, "key file", format!("{path} holds a key, for its owner only"), None);
        }
        Ok(KeyFile::There { open: true, .. }) => {
            let text = format!("{path} can be read or changed by others than its owner");
            let hint = key_file::close(&config.archive.key_file);
            report.add(Level::Warning, "key file", text, Some(hint));
        }
        Ok(KeyFile::New) => {
            report.add(Level::Good, "key file", format!("{path} will be made by the first save"), None);
        }
        Err(error) => report.add(Level::Error, "key file", error.to_string(), error.hint()),
    }
}

/// Looks at the statement of some events without running it; false when it can't work.
async fn about_query(
    config: &Config,
    events: &EventsPlan,
    session: &mut Session,
    report: &mut CheckReport,
) -> bool {
    let dialect = session.dialect();
    let query = events.of_the_source();
    let sql = query.literal(dialect);
    let access = match session.explain(query).await {
        Ok(access) => access,
        Err(error) => {
            report.queries.push(QueryReport { name: query.name.clone(), sql, access: Vec::new() });
            report.add(Level::Error, &events.name, error.to_string(), error.hint());
            return false;
        }
    };
    let Some(def) = config.definitions.events.get(&events.name) else { return true };
    let mut sound = true;
    if let Err(wrong) = about_time_column(dialect, def.time_is, &def.time, events, session).await {
        let hint = "set time_is to what the column is".to_owned();
        report.add(Level::Error, &events.name, wrong, Some(hint));
        sound = false;
    }
    let index = match &def.from {
        From::Table(table) if session.is_usable() => {
            session.leading_index(table, &def.time).await.ok().flatten()
        }
        _ => None,
    };
    if session.is_filled() {
        report.add(Level::Good, &events.name, "its tables are filled for each day", None);
    } else {
        about_index(&events.name, &def.time, matches!(def.from, From::Table(_)), index, &access, report);
    }
    report.queries.push(QueryReport { name: query.name.clone(), sql, access });
    sound
}

/// Whether the time column's type fits what is said of it.
async fn about_time_column(
    dialect: Dialect,
    time_is: TimeIs,
    column: &str,
    events: &EventsPlan,
    session: &mut Session,
) -> Result<(), String> {
    let Ok(columns) = session.describe(&events.times).await else { return Ok(()) };
    let kind = columns.first().map_or("", |column| column.kind.as_str());
    let wrong = contradiction(dialect, time_is, kind);
    wrong.map_or(Ok(()), |wrong| Err(format!("the column {column} has the type {kind}, which {wrong}")))
}

fn about_index(
    events: &str,
    time: &str,
    table: bool,
    index: Option<String>,
    access: &[Access],
    report: &mut CheckReport,
) {
    let found: Vec<&Access> = access.iter().filter(|access| access.finds_by(time)).collect();
    let scans =
        access.iter().filter(|access| access.full_scan && access.rows.is_none_or(|rows| rows > SMALL_TABLE));
    let scanned: Vec<&Access> = scans.filter(|access| !is_ours(&access.table)).collect();
    let rows = |access: &Access| access.rows.map_or_else(String::new, |rows| format!(", about {rows} rows"));
    if let Some(one) = found.first() {
        let key = one.key.as_deref().unwrap_or("an index");
        report.add(Level::Good, events, format!("the index {key} finds the day{}", rows(one)), None);
    } else if let Some(index) = index {
        let text = format!("{time} has the index {index}, which the source does not use for so few rows");
        report.add(Level::Good, events, text, None);
    }
    let uses_none = found.is_empty();
    for one in scanned {
        let hint = if table || uses_none {
            format!("create an index that begins with {time}")
        } else {
            format!("see whether {} can be found by an index", one.table)
        };
        let text = format!("every row of {} is read{}", one.table, rows(one));
        report.add(Level::Warning, events, text, Some(hint));
    }
}

/// Whether a name in an explanation is one that asof made, or a temporary table.
fn is_ours(table: &str) -> bool {
    table.starts_with('<') || table.starts_with("asof_")
}

/// Reads the day as a save would, and says how large its cubes are.
async fn about_cubes(
    config: &Config,
    env: Env<'_>,
    now: Now<'_>,
    plan: &Plan,
    report: &mut CheckReport,
    progress: &dyn Progress,
) {
    match reading::read(&config.sources.without_raw(), env, plan, None, Duration::ZERO, now, progress).await {
        Ok(reading) => {
            let day = report.day;
            for (name, found) in reading.looked_up.values().flatten() {
                check_lookups::told(name, *found, report);
            }
            for cube in &reading.cubes {
                let (rows, max) = (cube.rows(), cube.max_groups);
                if rows.is_zero() {
                    let text = format!("no row on {day}");
                    let hint = "if that day had events, see whether time and time_is are right".to_owned();
                    report.add(Level::Warning, &cube.name, text, Some(hint));
                    continue;
                }
                match cube.crossed_groups() {
                    Some(groups) if groups.saturating_mul(2) < max => {
                        let text = format!("{rows} rows on {day}, in {groups} groups of at most {max}");
                        report.add(Level::Good, &cube.name, text, None);
                    }
                    groups => {
                        let groups =
                            groups.map_or_else(|| format!("more than {max}"), |groups| groups.to_string());
                        let text = format!("{rows} rows on {day}, in {groups} groups of at most {max}");
                        let hint = "beyond that each dimension is counted by itself: mark some as alone, or raise max_groups".to_owned();
                        report.add(Level::Warning, &cube.name, text, Some(hint));
                    }
                }
            }
        }
        Err(error) => {
            let about = match &error {
                ReadingError::Source(_)
                | ReadingError::TooManyGroups
                | ReadingError::Background(_)
                | ReadingError::TimeType { .. } => "reading",
                ReadingError::Cube(_) | ReadingError::Time { .. } => "numbers",
            };
            report.add(Level::Error, about, error.to_string(), error.hint());
        }
    }
}
