//! The one statement that reads a day of one kind of events.
//!
//! Its rows are groups: of all crossed dimensions together, of each dimension that stands
//! alone, and of each set of dimensions that a distinct count is taken by. They are one
//! `union all`, so that they agree also where the engine keeps no snapshot. The columns are
//! the number of the grouping, then for each dimension its span number, or its key and
//! spelling, then the aggregates. Where values themselves are read, further groupings give them.

use std::collections::{BTreeMap, BTreeSet};

use super::dialect::{self, Kind};
use super::expand::{Names, UnknownName, WindowSql};
use super::keyed::{self, KeyGrouping, KeyedPlan};
use super::lookup::{self, LookupPlan};
use super::measures::{self, Aggregates, Fold, NEWEST, ROWS};
use super::query::Query;
use super::select::Select;
use super::sql::{Sql, quoted};
use super::staged::{self, Staged};
use super::time::Bounds;
use crate::model::definitions::{Definitions, Dialect, DimensionOf, EventsDef, From, Measure, TimeSpan};

/// What is read of one kind of events on one day.
#[derive(Clone, Debug, PartialEq)]
pub struct EventsPlan {
    /// Their name.
    pub name: String,
    /// The source they are read from, where there are several.
    pub source: Option<String>,
    /// What they are broken down by, by name.
    pub dimensions: Vec<DimensionPlan>,
    /// What is computed.
    pub aggregates: Aggregates,
    /// The metrics whose values are read, too.
    pub keyed: Vec<KeyedPlan>,
    /// The statement with the dimensions crossed.
    pub crossed: Statement,
    /// The statement with each dimension alone, for a day with more than `max_groups` groups.
    pub alone: Statement,
    /// How many rows one grouping may have; the statements stop one row later.
    pub max_groups: u64,
    /// The day in the terms of the time column, where the statements are asked.
    pub bounds: Bounds,
    /// The day's times alone, as the source has them, to learn the type of their column.
    pub times: Query,
    /// A time that lies near the day and that the source itself can't read, where that may be.
    pub unreadable: Option<Query>,
    /// What is looked up before anything is counted.
    pub lookups: Vec<LookupPlan>,
    /// What is taken over before that, where a database can't be asked itself: the statements are asked of its table.
    pub staged: Option<Staged>,
}

/// A dimension as it is read.
#[derive(Clone, Debug, PartialEq)]
pub struct DimensionPlan {
    /// Its name.
    pub name: String,
    /// The span, if its members are spans of the day.
    pub span: Option<TimeSpan>,
    /// Grouped by itself.
    pub alone: bool,
    /// The query that names its members.
    pub labels: Option<Query>,
    /// The SQL expression or span number.
    pub(super) sql: Sql,
}

/// A statement and what its rows are.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// What is sent.
    pub query: Query,
    /// The groupings, by the number in the first column.
    pub groupings: Vec<Grouping>,
    /// The groupings by values, by the numbers that follow.
    pub keyed: Vec<KeyGrouping>,
}

/// One way of grouping the rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grouping {
    /// The dimensions, as indexes.
    pub dimensions: Vec<usize>,
    /// The aggregates it holds, as indexes.
    pub aggregates: Vec<usize>,
}

/// What is wrong with the SQL of some events.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}")]
pub struct EventsError {
    /// Where: `events.calls.by.status`.
    pub place: String,
    /// What.
    pub source: UnknownName,
}

/// Plans the reading of one kind of events.
///
/// # Errors
/// A name in braces that is no list.
pub fn plan(
    definitions: &Definitions,
    name: &str,
    events: &EventsDef,
    (bounds, tenant): (Bounds, Option<&str>),
    max_groups: u64,
) -> Result<EventsPlan, EventsError> {
    let at = |place: String| move |source| EventsError { place, source };
    let dialect = definitions.source_of(events).dialect;
    // Rows that are taken over are counted by SQLite, and so the expressions over them are its.
    let counted = if events.staged { Dialect::Sqlite } else { dialect };
    let names = Names {
        dialect: counted,
        lists: &definitions.lists,
        window: None,
        tenant: None,
        lookups: Some(&definitions.lookups),
    };
    // Where the rows come from, and what members are called, is asked for one tenant's.
    let own = Names { dialect, lists: &definitions.lists, window: None, tenant, lookups: None };
    let counted_bounds = bounds.written_in(counted);
    let time = if events.staged { staged::time(events) } else { &events.time };
    let mut dimensions = Vec::new();
    for (dimension, def) in &events.by {
        let place = format!("events.{name}.by.{dimension}");
        let (span, sql) = match &def.of {
            DimensionOf::Time(span) => (Some(*span), counted_bounds.slot_number(time, *span)),
            DimensionOf::Sql(sql) => {
                (None, Sql::default().user(&names.fill(sql).map_err(at(place.clone()))?))
            }
        };
        let labels = match &def.labels {
            None => None,
            Some(text) => {
                let sql = own.fill(text).map_err(at(format!("{place}.labels")))?;
                let name = format!("labels of {name}.{dimension}");
                Some(Query { name, sql: sql.text, params: sql.params })
            }
        };
        dimensions.push(DimensionPlan { name: dimension.clone(), span, alone: def.alone, labels, sql });
    }
    let aggregates = measures::aggregates(definitions, counted, name, time)
        .map_err(|(metric, error)| at(format!("metrics.{metric}"))(error))?;
    let keyed = keyed::plans(definitions, counted, name, &aggregates, &dimensions)
        .map_err(|(metric, error)| at(format!("metrics.{metric}"))(error))?;
    let has_condition = matches!(events.from, From::Table(_));
    let from = |condition: Sql| match &events.from {
        From::Table(table) => Ok(Sql::new(format!("from {} where ", quoted(dialect, table))).and(&condition)),
        From::Sql(text) => {
            let window = Some(WindowSql { start: bounds.start(), end: bounds.end(), condition });
            let sql = Names { window, dialect, lists: own.lists, tenant, lookups: None }
                .fill(text)
                .map_err(at(format!("events.{name}.sql")))?;
            Ok(Sql::new("from ").user(&sql).then(" asof_rows"))
        }
    };
    let unreadable = match bounds.unreadable(&events.time) {
        None => None,
        Some((near, unknown)) => {
            let also = if has_condition { " and " } else { " where " };
            let rows = from(near)?.then(also).and(&unknown).then(" limit 1");
            let sql = Sql::new(format!("select {} ", quoted(dialect, &events.time))).and(&rows);
            let name = format!("events.{name}");
            Some(Query { name, sql: sql.text, params: sql.params })
        }
    };
    let from = from(bounds.condition(&events.time))?;
    let times = Sql::new(format!("select {} ", quoted(dialect, &events.time))).and(&from);
    let times = Query { name: format!("the times of {name}"), sql: times.text, params: times.params };
    let mut staged = events.staged.then(|| Staged::new(name, events, &bounds, from.clone()));
    let from = staged.as_ref().map_or(from, Staged::all);
    let used = lookup::used(&definitions.lookups, counted, definitions.expressions_of(name));
    let lookups = lookup::plans(definitions, (counted, tenant), &used, &from)
        .map_err(at(format!("the lookups of events.{name}")))?;
    let builder = Builder {
        definitions,
        dialect: counted,
        name,
        dimensions: &dimensions,
        aggregates: &aggregates,
        keyed: &keyed,
        from: &from,
        bounds: &counted_bounds,
        has_condition: has_condition && staged.is_none(),
    };
    let crossed = builder.statement(builder.crossed(), max_groups);
    let alone = builder.statement(builder.each_alone(), max_groups);
    if let Some(staged) = &mut staged {
        let keys = lookups.iter().map(|lookup| &lookup.keys);
        let asked = [&crossed.query, &alone.query].into_iter().chain(keys);
        staged.asked = asked.map(|query| query.sql.clone()).collect();
    }
    Ok(EventsPlan {
        name: name.to_owned(),
        source: events.source.clone(),
        crossed,
        alone,
        dimensions,
        aggregates,
        keyed,
        max_groups,
        bounds: counted_bounds,
        times,
        unreadable,
        lookups,
        staged,
    })
}

struct Builder<'a> {
    definitions: &'a Definitions,
    dialect: Dialect,
    name: &'a str,
    dimensions: &'a [DimensionPlan],
    aggregates: &'a Aggregates,
    keyed: &'a [KeyedPlan],
    from: &'a Sql,
    bounds: &'a Bounds,
    /// Whether a condition stands at its end, for others to follow.
    has_condition: bool,
}

/// Groupings on the way: which aggregates each set of dimensions holds.
type Sets = BTreeMap<Vec<usize>, BTreeSet<usize>>;

impl Builder<'_> {
    /// The crossed cube first, then what can't be rolled up from it.
    fn crossed(&self) -> Vec<Grouping> {
        let crossed = self.places(|dimension| !dimension.alone);
        let mut sets = self.distinct_sets();
        for alone in self.places(|dimension| dimension.alone) {
            sets.entry(vec![alone]).or_default().extend(self.additive());
        }
        sets.entry(crossed.clone()).or_default().extend(self.additive());
        Self::ordered(sets, &crossed)
    }

    /// The totals first, then each dimension by itself.
    fn each_alone(&self) -> Vec<Grouping> {
        let mut sets = self.distinct_sets();
        for alone in self.places(|_| true) {
            sets.entry(vec![alone]).or_default().extend(self.additive());
        }
        sets.entry(Vec::new()).or_default().extend(self.additive());
        Self::ordered(sets, &[])
    }

    fn ordered(mut sets: Sets, first: &[usize]) -> Vec<Grouping> {
        let head = sets.remove_entry(first);
        head.into_iter()
            .chain(sets)
            .map(|(dimensions, aggregates)| Grouping {
                dimensions,
                aggregates: aggregates.into_iter().collect(),
            })
            .collect()
    }

    fn distinct_sets(&self) -> Sets {
        let mut sets = Sets::new();
        for (metric, def) in &self.definitions.metrics {
            let Measure::Distinct(distinct) = &def.measure else { continue };
            let Some(measures::MetricColumns::Distinct(column)) = self.aggregates.metrics.get(metric) else {
                continue;
            };
            if !distinct.is_keyed() {
                sets.entry(Vec::new()).or_default().insert(*column);
            }
            // What SQL can't read it can't count by anything either.
            let by: &[String] = if distinct.kind.is_none() { &distinct.by } else { &[] };
            for by in by {
                if let Some(place) = self.dimensions.iter().position(|dimension| dimension.name == *by) {
                    sets.entry(vec![place]).or_default().insert(*column);
                }
            }
        }
        sets
    }

    fn additive(&self) -> impl Iterator<Item = usize> {
        let list = self.aggregates.list.iter().enumerate();
        list.filter(|(_, aggregate)| aggregate.fold != Fold::Distinct).map(|(at, _)| at)
    }

    fn places(&self, wanted: impl Fn(&DimensionPlan) -> bool) -> Vec<usize> {
        let all = self.dimensions.iter().enumerate();
        all.filter(|(_, dimension)| wanted(dimension)).map(|(at, _)| at).collect()
    }

    fn statement(&self, groupings: Vec<Grouping>, max_groups: u64) -> Statement {
        let keyed = keyed::groupings(self.keyed);
        let groups = groupings.iter().enumerate();
        let mut parts: Vec<Sql> =
            groups.map(|(number, grouping)| self.select(number, grouping, max_groups)).collect();
        let values = keyed.iter().zip(groupings.len()..);
        parts.extend(values.filter_map(|(grouping, number)| self.select_values(number, *grouping)));
        let sql = Sql::join(&parts, "\nunion all\n");
        let query = Query { name: format!("events.{}", self.name), sql: sql.text, params: sql.params };
        Statement { query, groupings, keyed }
    }

    /// One grouping: an inner query that groups, an outer one that lines its columns up with
    /// those of the other groupings and adds the keys.
    fn select(&self, number: usize, grouping: &Grouping, max_groups: u64) -> Sql {
        let mut select =
            Select::by_members(self.dialect, self.dimensions, number, &grouping.dimensions, true);
        for (at, aggregate) in self.aggregates.list.iter().enumerate() {
            let column = format!("asof_{at}");
            if grouping.aggregates.contains(&at) {
                select.inner.push(aggregate.sql.clone().then(&format!(" as {column}")));
                select.outer.push(Sql::new(column));
            } else {
                select.outer.push(self.absent(at, aggregate.fold));
            }
        }
        if !self.keyed.is_empty() {
            let none = |kind| dialect::none(self.dialect, kind);
            select.outer.push(Sql::new(format!("{} as asof_value", none(Kind::Text))));
            select.outer.push(Sql::new(format!("{} as asof_value_rows", none(Kind::Whole))));
        }
        let limit = (!select.group_by.is_empty()).then(|| max_groups.saturating_add(1));
        select.sql(number, self.from, limit)
    }

    /// The column of an aggregate that a grouping does not hold.
    fn absent(&self, at: usize, fold: Fold) -> Sql {
        let none = match fold {
            Fold::Newest => self.bounds.no_time(),
            Fold::Count | Fold::Distinct => dialect::none(self.dialect, Kind::Whole).to_owned(),
            Fold::Sum | Fold::Min | Fold::Max => dialect::none(self.dialect, Kind::Number).to_owned(),
        };
        Sql::new(format!("{none} as asof_{at}"))
    }

    /// A grouping by the values of a metric. It has no limit: values are not held as they come.
    fn select_values(&self, number: usize, grouping: KeyGrouping) -> Option<Sql> {
        let dialect = self.dialect;
        let keyed = self.keyed.get(grouping.keyed)?;
        let dimensions: Vec<usize> = grouping.dimension.into_iter().collect();
        // Another grouping knows how the members are spelled.
        let mut select = Select::by_members(dialect, self.dimensions, number, &dimensions, false);
        let aggregates = self.aggregates.list.iter().enumerate();
        select.outer.extend(aggregates.map(|(at, aggregate)| self.absent(at, aggregate.fold)));
        select.inner.push(keyed.grouped(dialect).then(" as asof_value"));
        select.inner.push(Sql::new("count(*) as asof_value_rows"));
        select.group_by.push("asof_value".to_owned());
        select.outer.push(Sql::new(format!("{} as asof_value", keyed.key(dialect, "asof_value"))));
        select.outer.push(Sql::new("asof_value_rows"));
        Some(select.sql(number, &keyed.filtered(self.from.clone(), self.has_condition), None))
    }
}

impl EventsPlan {
    /// What the source is asked for a day: the statement, or its rows.
    pub fn of_the_source(&self) -> &Query {
        self.staged.as_ref().map_or(&self.crossed.query, |staged| &staged.rows)
    }

    /// How many columns the statements give.
    pub fn columns(&self) -> usize {
        self.value_column() + if self.keyed.is_empty() { 0 } else { keyed::WIDTH }
    }

    /// The column that holds the newest event's time.
    pub fn newest_column(&self) -> usize {
        self.first_aggregate() + NEWEST
    }

    /// The first column that tells the member of a dimension.
    pub fn member_column(&self, dimension: usize) -> usize {
        1 + self.dimensions.iter().take(dimension).map(DimensionPlan::width).sum::<usize>()
    }

    /// The column that holds a value, where values are read; how many rows have it is in the next one.
    pub fn value_column(&self) -> usize {
        self.first_aggregate() + self.aggregates.list.len()
    }

    fn first_aggregate(&self) -> usize {
        self.member_column(self.dimensions.len())
    }

    /// What a column of the result is called in messages.
    pub fn column_name(&self, column: usize) -> String {
        let mut at = 1;
        for dimension in &self.dimensions {
            if (at..at + dimension.width()).contains(&column) {
                return dimension.name.clone();
            }
            at += dimension.width();
        }
        match column.checked_sub(at) {
            Some(ROWS) => "rows".to_owned(),
            Some(NEWEST) => "newest".to_owned(),
            Some(aggregate) => match self.aggregates.list.get(aggregate) {
                Some(found) => found.column.clone(),
                None if column == self.value_column() => "value".to_owned(),
                None => "rows of a value".to_owned(),
            },
            None => "grouping".to_owned(),
        }
    }
}

impl DimensionPlan {
    /// How many columns tell its members: a span's number, or a key and a spelling.
    pub fn width(&self) -> usize {
        if self.span.is_some() { 1 } else { 2 }
    }
}
