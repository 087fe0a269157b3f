//! The queries of a worklist: which keys there are, and which are out for good.
//!
//! Candidates are read from the range's first day on and with no upper end, since the latest event
//! decides, also when it came after the range. What puts a key out counts at any time.

use chrono_tz::Tz;

use super::events::EventsError;
use super::expand::{Names, UnknownName, WindowSql};
use super::lookup::{self, LookupPlan};
use super::query::Query;
use super::sql::{Sql, quoted};
use super::staged::Staged;
use super::time::Bounds;
use super::{PlanError, dialect};
use crate::calendar::Window;
use crate::config::{CarryOf, WorklistSettings};
use crate::model::Definitions;
use crate::model::definitions::{Dialect, EventsDef, From};

/// The columns of [`WorklistPlan::candidates`]; what is carried along follows them.
pub mod column {
    /// The event's time, as the source tells it.
    pub const TIME: usize = 0;
    /// What tells which of two times is the later, see [`super::Bounds::order`].
    pub const ORDER: usize = 1;
    /// What tells it at the same time; NULL where nothing does.
    pub const ID: usize = 2;
    /// The key's text.
    pub const KEY: usize = 3;
    /// How the event ended.
    pub const OUTCOME: usize = 4;
    /// 1 when that is wanted of the latest event.
    pub const TAKE: usize = 5;
    /// 1 when the event lies in the range.
    pub const IN_RANGE: usize = 6;
    /// 1 when a lookup that the outcome is made of knows nothing of the event.
    pub const UNKNOWN: usize = 7;
    /// The first of what is carried along.
    pub const CARRY: usize = 8;
}

/// What is read for a worklist.
#[derive(Clone, Debug, PartialEq)]
pub struct WorklistPlan {
    /// Its name.
    pub name: String,
    /// The source that is read, where there are several.
    pub source: Option<String>,
    /// The range in the terms of the time column, where the candidates are asked for.
    pub bounds: Bounds,
    /// All events from the range's first day on, see [`column`].
    pub candidates: Query,
    /// A time among them that the source itself can't read, where that may be.
    pub unreadable: Option<Query>,
    /// Keys that an outcome has put out, each with the number of the first list that did, and 1 where the outcome of
    /// any of its events is not known; `None` when no list does.
    pub out: Option<Query>,
    /// What is looked up before anything is read.
    pub lookups: Vec<LookupPlan>,
    /// Keys that are out by themselves: the reason, and a query of the source whose first column has them.
    pub never: Vec<(String, Query)>,
    /// What is taken over before that, where a database can't be asked itself: candidates, and what puts keys out, are
    /// then asked of its table.
    pub staged: Option<Staged>,
}

impl WorklistPlan {
    /// The queries of the worklist `name` for the range of `window`.
    ///
    /// # Errors
    /// When an end of the range is ambiguous in a local time column, or SQL names an unknown list.
    pub fn new(
        definitions: &Definitions,
        name: &str,
        worklist: &WorklistSettings,
        window: Window,
        tenant: Option<&str>,
    ) -> Result<Self, PlanError> {
        let at = |key: &str| {
            let place = format!("worklist.{name}.{key}");
            move |source: UnknownName| PlanError::Events(EventsError { place, source })
        };
        let unknown = || UnknownName { name: worklist.of.clone() };
        let events = definitions.events.get(&worklist.of).ok_or_else(|| at("of")(unknown()))?;
        let source = definitions.source_of(events);
        let zone: Tz =
            source.time_zone.parse().map_err(|_| PlanError::Zone { zone: source.time_zone.clone() })?;
        let bounds = Bounds::new(source.dialect, events.time_is, zone, window)?;
        let dialect = source.dialect;
        let builder = Builder { definitions, dialect, name, worklist, events, bounds: &bounds, tenant };
        let unreadable = builder.unreadable().map_err(at("of"))?;
        // Where answers of lookups are named, the rows of a database are taken over to where these are held.
        let is_staged = source.tables.is_empty()
            && !lookup::used(&definitions.lookups, Dialect::Sqlite, builder.texts()).is_empty();
        let mut staged = None;
        if is_staged {
            let rows = builder.all_rows().map_err(at("of"))?;
            staged = Some(Staged::new(&worklist.of, events, &bounds, rows));
        }
        let taken = staged.as_ref().map(|staged| (staged.events(events), bounds.written_in(Dialect::Sqlite)));
        let asked = match &taken {
            None => builder,
            Some((events, bounds)) => Builder { dialect: Dialect::Sqlite, events, bounds, ..builder },
        };
        let lookups = asked.lookups().map_err(at("outcome"))?;
        let candidates = asked.candidates().map_err(at("carry"))?;
        let out = if worklist.out.is_empty() { None } else { Some(asked.out().map_err(at("out"))?) };
        let mut never = Vec::new();
        for (reason, text) in &worklist.never {
            let sql =
                Names { tenant, ..builder.names() }.fill(text).map_err(at(&format!("never.{reason}")))?;
            never.push((reason.clone(), query(format!("worklist.{name}.never.{reason}"), sql)));
        }
        if let Some(staged) = &mut staged {
            let keys = lookups.iter().map(|lookup| &lookup.keys);
            staged.asked =
                [&candidates].into_iter().chain(&out).chain(keys).map(|query| query.sql.clone()).collect();
        }
        let bounds = taken.map_or(bounds, |(_, bounds)| bounds);
        Ok(Self {
            name: name.to_owned(),
            source: events.source.clone(),
            candidates,
            unreadable,
            out,
            lookups,
            never,
            staged,
            bounds,
        })
    }

    /// All queries that the source is asked, for a transaction that reads them together.
    pub fn queries(&self) -> Vec<&Query> {
        let never = self.never.iter().map(|(_, query)| query);
        match &self.staged {
            None => self.asked().into_iter().chain(never).collect(),
            Some(staged) => std::iter::once(&staged.rows).chain(never).collect(),
        }
    }

    /// The queries that name answers of lookups, or might.
    pub fn asked(&self) -> Vec<&Query> {
        let keys = self.lookups.iter().map(|lookup| &lookup.keys);
        std::iter::once(&self.candidates).chain(&self.out).chain(keys).collect()
    }
}

#[derive(Clone, Copy)]
struct Builder<'a> {
    definitions: &'a Definitions,
    dialect: Dialect,
    name: &'a str,
    worklist: &'a WorklistSettings,
    events: &'a EventsDef,
    bounds: &'a Bounds,
    tenant: Option<&'a str>,
}

impl Builder<'_> {
    fn names(&self) -> Names<'_> {
        Names {
            dialect: self.dialect,
            lists: &self.definitions.lists,
            window: None,
            tenant: None,
            lookups: None,
        }
    }

    /// The SQL that may name answers of lookups.
    fn texts(&self) -> impl Iterator<Item = &str> {
        let carried = self.worklist.carry.values().filter_map(CarryOf::sql);
        let own = [Some(&self.worklist.key), Some(&self.worklist.outcome), self.worklist.id.as_ref()];
        own.into_iter().flatten().map(String::as_str).chain(carried)
    }

    /// What is looked up: about all events that are read.
    fn lookups(&self) -> Result<Vec<LookupPlan>, UnknownName> {
        let known = &self.definitions.lookups;
        let used = lookup::used(known, self.dialect, self.texts());
        lookup::plans(self.definitions, (self.dialect, self.tenant), &used, &self.all_rows()?)
    }

    /// All rows that are read: what puts a key out may be of any time.
    fn all_rows(&self) -> Result<Sql, UnknownName> {
        if self.worklist.out.is_empty() {
            self.rows(&self.bounds.since(&self.events.time), self.bounds.start())
        } else {
            self.rows(&Sql::new("(1 = 1)"), self.bounds.ends_of_time().0)
        }
    }

    /// The condition that a lookup which the outcome is made of knows nothing of the event; `None` without lookups.
    fn unknown(&self) -> Result<Option<Sql>, UnknownName> {
        let known = &self.definitions.lookups;
        let used = lookup::used(known, self.dialect, [self.worklist.outcome.as_str()]);
        let mut any = Vec::new();
        for (name, def) in known.iter().filter(|(name, _)| used.contains(*name)) {
            any.push(lookup::is_unknown(self.dialect, name, def)?);
        }
        Ok((!any.is_empty()).then(|| Sql::new("(").and(&Sql::join(&any, " or ")).then(")")))
    }

    /// An expression of the configuration, in parentheses.
    fn expression(&self, text: &str) -> Result<Sql, UnknownName> {
        let names = Names { lookups: Some(&self.definitions.lookups), ..self.names() };
        Ok(Sql::default().user(&names.fill(text)?))
    }

    fn key(&self) -> Result<Sql, UnknownName> {
        Ok(dialect::text(self.dialect, &self.expression(&self.worklist.key)?))
    }

    /// Whether the outcome is in a list, by the source's own idea of equal.
    fn outcome_in(&self, list: &str) -> Result<Sql, UnknownName> {
        let outcome = self.expression(&self.worklist.outcome)?;
        Ok(outcome.then(" ").and(&self.names().fill(&format!("in {{{list}}}"))?))
    }

    /// Where the rows come from: only those of `condition`. An events' own query that names the ends
    /// of its window has `start`, and the end of time.
    fn rows(&self, condition: &Sql, start: Sql) -> Result<Sql, UnknownName> {
        let dialect = self.dialect;
        match &self.events.from {
            From::Table(table) => {
                Ok(Sql::new(format!("from {} where ", quoted(dialect, table))).and(condition))
            }
            From::Sql(text) => {
                let (_, end) = self.bounds.ends_of_time();
                let window = Some(WindowSql { start, end, condition: condition.clone() });
                let sql = Names { window, tenant: self.tenant, ..self.names() }.fill(text)?;
                // A query that names only the ends of the window may give rows before it.
                Ok(Sql::new("from ").user(&sql).then(" asof_rows where ").and(condition))
            }
        }
    }

    fn candidates(&self) -> Result<Query, UnknownName> {
        let dialect = self.dialect;
        let time = &self.events.time;
        let flag = |condition: Sql| Sql::new("case when ").and(&condition).then(" then 1 else 0 end");
        let mut columns = vec![
            Sql::new(quoted(dialect, time)).then(" as asof_time"),
            self.bounds.order(time).then(" as asof_order"),
            match &self.worklist.id {
                Some(id) => self.expression(id)?,
                None => Sql::new("null"),
            }
            .then(" as asof_id"),
            self.key()?.then(" as asof_key"),
            self.expression(&self.worklist.outcome)?.then(" as asof_outcome"),
            match &self.worklist.take {
                Some(take) => flag(self.outcome_in(take)?),
                None => Sql::new("1"),
            }
            .then(" as asof_take"),
            flag(self.bounds.condition(time)).then(" as asof_in_range"),
            self.unknown()?.map_or_else(|| Sql::new("0"), flag).then(" as asof_unknown"),
        ];
        for (at, of) in self.worklist.carry.values().enumerate() {
            let sql = match of {
                CarryOf::Column(column) => Sql::new(quoted(dialect, column)),
                CarryOf::Sql(sql) => self.expression(sql)?,
            };
            columns.push(sql.then(&format!(" as asof_carry{at}")));
        }
        let rows = self.rows(&self.bounds.since(time), self.bounds.start())?;
        let sql = Sql::new("select ").and(&Sql::join(&columns, ", ")).then("\n").and(&rows);
        Ok(query(format!("worklist.{}", self.name), sql))
    }

    fn unreadable(&self) -> Result<Option<Query>, UnknownName> {
        let time = &self.events.time;
        let Some((near, unknown)) = self.bounds.unreadable_since(time) else { return Ok(None) };
        let column = quoted(self.dialect, time);
        let rows = self.rows(&near, self.bounds.start())?;
        let sql =
            Sql::new(format!("select {column} ")).and(&rows).then(" and ").and(&unknown).then(" limit 1");
        Ok(Some(query(format!("worklist.{}", self.name), sql)))
    }

    /// The keys that were ever put out, spelled byte for byte: what the source holds equal may be
    /// told apart once it is normalised.
    fn out(&self) -> Result<Query, UnknownName> {
        let mut reason = Sql::new("case");
        let mut any = Vec::new();
        for (number, list) in self.worklist.out.iter().enumerate() {
            let condition = self.outcome_in(list)?;
            reason = reason.then(" when ").and(&condition).then(&format!(" then {number}"));
            any.push(condition);
        }
        let unknown = self.unknown()?;
        any.extend(unknown.clone());
        let unknown = match unknown {
            None => Sql::new("0"),
            Some(unknown) => Sql::new("max(case when ").and(&unknown).then(" then 1 else 0 end)"),
        };
        let (start, _) = self.bounds.ends_of_time();
        let rows = self.rows(&Sql::new("(1 = 1)"), start)?;
        let sql = Sql::new("select ")
            .and(&self.key()?)
            .then(" as asof_key, min(")
            .and(&reason)
            .then(" end) as asof_reason, ")
            .and(&unknown)
            .then(" as asof_unknown\n")
            .and(&rows)
            .then(" and (")
            .and(&Sql::join(&any, " or "))
            .then(")\ngroup by asof_key");
        Ok(query(format!("worklist.{}.out", self.name), sql))
    }
}

fn query(name: String, sql: Sql) -> Query {
    Query { name, sql: sql.text, params: sql.params }
}
