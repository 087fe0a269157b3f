//! The values of distinct metrics themselves, where asof counts them: as further groupings of the
//! same statement.
//!
//! SQL can't read phone numbers, and a count says nothing of which values were new. So the values
//! come one a row, with how many rows have them. They stand in two columns behind all others,
//! which a statement without such a metric does not have.

use super::dialect;
use std::collections::BTreeSet;

use super::events::DimensionPlan;
use super::expand::{Names, UnknownName};
use super::measures::{Aggregates, MetricColumns};
use super::sql::Sql;
use crate::model::definitions::{Definitions, Dialect, KeyKind, Measure};

/// How many columns the values take.
pub const WIDTH: usize = 2;

/// A metric whose values are read.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyedPlan {
    /// Its name.
    pub metric: String,
    /// How its values are made keys; as they come when they are the source's own.
    pub kind: Option<KeyKind>,
    /// The aggregate that its count becomes.
    pub aggregate: usize,
    /// The dimensions by which its values are counted here; the source counts by the others.
    pub by: Vec<usize>,
    /// The expression whose values are read.
    value: Sql,
    /// The rows that count.
    filter: Option<Sql>,
}

/// A grouping by the values of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyGrouping {
    /// The metric, as an index.
    pub keyed: usize,
    /// The dimension that the values are read by, as an index.
    pub dimension: Option<usize>,
}

/// The metrics over `events` whose values are read.
///
/// # Errors
/// A name in braces that is no list; the metric is named with it.
pub fn plans(
    definitions: &Definitions,
    dialect: Dialect,
    events: &str,
    aggregates: &Aggregates,
    dimensions: &[DimensionPlan],
) -> Result<Vec<KeyedPlan>, (String, UnknownName)> {
    let names = Names {
        dialect,
        lists: &definitions.lists,
        window: None,
        tenant: None,
        lookups: Some(&definitions.lookups),
    };
    let mut plans = Vec::new();
    for (name, metric) in &definitions.metrics {
        let Measure::Distinct(distinct) = &metric.measure else { continue };
        let Some(MetricColumns::Distinct(aggregate)) = aggregates.metrics.get(name) else { continue };
        if distinct.of != events || !distinct.is_keyed() {
            continue;
        }
        let fill = |sql: &String| names.fill(sql).map_err(|error| (name.clone(), error));
        let place = |by: &String| dimensions.iter().position(|dimension| dimension.name == *by);
        plans.push(KeyedPlan {
            metric: name.clone(),
            kind: distinct.kind,
            aggregate: *aggregate,
            by: match distinct.kind {
                Some(_) => {
                    distinct.by.iter().filter_map(place).collect::<BTreeSet<_>>().into_iter().collect()
                }
                None => Vec::new(),
            },
            value: Sql::default().user(&fill(&distinct.sql)?),
            filter: distinct.filter.as_ref().map(fill).transpose()?,
        });
    }
    Ok(plans)
}

/// The groupings that give all their values.
pub fn groupings(plans: &[KeyedPlan]) -> Vec<KeyGrouping> {
    let mut groupings = Vec::new();
    for (keyed, plan) in plans.iter().enumerate() {
        // Each grouping by a dimension has all values in it: the total needs none of its own then.
        groupings.extend(plan.by.iter().map(|by| KeyGrouping { keyed, dimension: Some(*by) }));
        if plan.by.is_empty() {
            groupings.push(KeyGrouping { keyed, dimension: None });
        }
    }
    groupings
}

impl KeyedPlan {
    /// Whether every row of the day is among its rows.
    pub fn takes_all_rows(&self) -> bool {
        self.filter.is_none()
    }

    /// What the rows are grouped by: the texts themselves where asof reads them, since what a
    /// collation holds equal need not be read alike; else what the source holds equal.
    pub(super) fn grouped(&self, dialect: Dialect) -> Sql {
        match self.kind {
            Some(KeyKind::Phone) => dialect::text(dialect, &self.value),
            None => dialect::grouped(dialect, &self.value),
        }
    }

    /// The key of a group, in the column that it is grouped by.
    pub(super) fn key(&self, dialect: Dialect, column: &str) -> String {
        match self.kind {
            Some(KeyKind::Phone) => column.to_owned(),
            None => dialect::key(dialect, column),
        }
    }

    /// The condition on rows, behind those that there are.
    pub(super) fn filtered(&self, from: Sql, has_condition: bool) -> Sql {
        match &self.filter {
            None => from,
            Some(filter) => from.then(if has_condition { " and " } else { " where " }).user(filter),
        }
    }
}
