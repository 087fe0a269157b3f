//! Which aggregates the metrics need, each computed once.

use std::collections::BTreeMap;

use super::expand::{Names, UnknownName};
use super::sql::{Sql, quoted};
use crate::model::definitions::{Definitions, Dialect, Measure, MetricDef};

/// How an aggregate of parts follows from the aggregates of the parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fold {
    /// By adding; nothing to add is zero.
    Count,
    /// By adding; without any value it stays unknown.
    Sum,
    /// By taking the smallest.
    Min,
    /// By taking the largest.
    Max,
    /// Not at all: it must be asked of the source for each grouping.
    Distinct,
    /// By taking the newest text of a time.
    Newest,
}

/// One aggregate, a column of the result.
#[derive(Clone, Debug, PartialEq)]
pub struct Aggregate {
    /// Its column in the cube's file: `rows`, `newest`, `minutes.sum`.
    pub column: String,
    /// The SQL expression.
    pub sql: Sql,
    /// How parts of it combine.
    pub fold: Fold,
}

/// Which columns hold the parts of one metric, as indexes into the aggregates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MetricColumns {
    /// How many rows.
    Count(usize),
    /// The sum, and how many rows it was taken over: a sum of no rows is 0, a sum of NULLs unknown.
    Sum {
        /// The sum of the values.
        sum: usize,
        /// How many rows were summed.
        rows: usize,
    },
    /// The smallest value.
    Min(usize),
    /// The largest value.
    Max(usize),
    /// The sum and the number of values that are not NULL.
    Avg {
        /// The sum of the values.
        sum: usize,
        /// How many of them are not NULL.
        count: usize,
    },
    /// How many different values.
    Distinct(usize),
}

/// The aggregates of one kind of events.
#[derive(Clone, Debug, PartialEq)]
pub struct Aggregates {
    /// All of them: the number of rows first, the newest time second.
    pub list: Vec<Aggregate>,
    /// Which of them make each metric.
    pub metrics: BTreeMap<String, MetricColumns>,
}

/// The place of the number of rows among the aggregates.
pub const ROWS: usize = 0;
/// The place of the newest event's time.
pub const NEWEST: usize = 1;

/// The aggregates that the metrics over `events` need.
///
/// # Errors
/// A name in braces that is no list; the metric is named with it.
pub fn aggregates(
    definitions: &Definitions,
    dialect: Dialect,
    events: &str,
    time: &str,
) -> Result<Aggregates, (String, UnknownName)> {
    let names = Names {
        dialect,
        lists: &definitions.lists,
        window: None,
        tenant: None,
        lookups: Some(&definitions.lookups),
    };
    let mut all = Aggregates { list: Vec::new(), metrics: BTreeMap::new() };
    all.take("rows", Sql::new("count(*)"), Fold::Count);
    all.take("newest", newest(dialect, time), Fold::Newest);
    // Those whose values are read have a column of their own, and so come last: nothing finds it.
    let keyed = |metric: &MetricDef| matches!(&metric.measure, Measure::Distinct(one) if one.is_keyed());
    let (last, first): (Vec<_>, Vec<_>) = definitions.metrics.iter().partition(|(_, metric)| keyed(metric));
    for (name, metric) in first.into_iter().chain(last) {
        if metric.measure.of() != Some(events) {
            continue;
        }
        let fill = |sql: &str| names.fill(sql).map_err(|error| (name.clone(), error));
        let filter = metric.measure.filter().map(fill).transpose()?;
        let over = |function: &str, value: &Sql| match (&filter, dialect) {
            (None, _) => Sql::new(function).and(value).then(")"),
            (Some(filter), Dialect::Mysql) => {
                Sql::new(function).then("case when ").user(filter).then(" then ").and(value).then(" end)")
            }
            // Inside of `case` a column would lose its collation, which tells values apart.
            (Some(filter), Dialect::Sqlite | Dialect::Postgres) => {
                Sql::new(function).and(value).then(") filter (where ").user(filter).then(")")
            }
        };
        let rows = match &filter {
            None => Sql::new("count(*)"),
            Some(_) => over("count(", &Sql::new("1")),
        };
        let value = |sql: &str| fill(sql).map(|sql| Sql::default().user(&sql));
        let columns = match &metric.measure {
            Measure::Count(_) => MetricColumns::Count(all.take(&format!("{name}.count"), rows, Fold::Count)),
            Measure::Sum(sum) => MetricColumns::Sum {
                sum: all.take(&format!("{name}.sum"), over("sum(", &value(&sum.sql)?), Fold::Sum),
                rows: all.take(&format!("{name}.rows"), rows, Fold::Count),
            },
            Measure::Min(min) => MetricColumns::Min(all.take(
                &format!("{name}.min"),
                over("min(", &value(&min.sql)?),
                Fold::Min,
            )),
            Measure::Max(max) => MetricColumns::Max(all.take(
                &format!("{name}.max"),
                over("max(", &value(&max.sql)?),
                Fold::Max,
            )),
            Measure::Avg(avg) => {
                let value = value(&avg.sql)?;
                MetricColumns::Avg {
                    sum: all.take(&format!("{name}.sum"), over("sum(", &value), Fold::Sum),
                    count: all.take(&format!("{name}.count"), over("count(", &value), Fold::Count),
                }
            }
            Measure::Distinct(distinct) => {
                let sql = over("count(distinct ", &value(&distinct.sql)?);
                let (column, keyed) = (format!("{name}.distinct"), distinct.is_keyed());
                let add = if keyed { Aggregates::add } else { Aggregates::take };
                MetricColumns::Distinct(add(&mut all, &column, sql, Fold::Distinct))
            }
            Measure::Ratio(_) => continue,
        };
        all.metrics.insert(name.clone(), columns);
    }
    Ok(all)
}

impl Aggregates {
    /// The place of an aggregate, which is added unless the same one is there.
    fn take(&mut self, column: &str, sql: Sql, fold: Fold) -> usize {
        let found = self.list.iter().position(|aggregate| aggregate.sql == sql && aggregate.fold == fold);
        found.unwrap_or_else(|| self.add(column, sql, fold))
    }

    /// The place of an aggregate that is added, whatever is there.
    fn add(&mut self, column: &str, sql: Sql, fold: Fold) -> usize {
        self.list.push(Aggregate { column: column.to_owned(), sql, fold });
        self.list.len() - 1
    }
}

fn newest(dialect: Dialect, time: &str) -> Sql {
    Sql::new(format!("max({})", quoted(dialect, time)))
}
