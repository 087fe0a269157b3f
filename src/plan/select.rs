//! One grouping as SQL: an inner query that groups, and an outer one that lines its columns up with
//! those of the other groupings and adds the keys.

use super::dialect::{self, Kind};
use super::events::DimensionPlan;
use super::sql::Sql;
use crate::model::definitions::Dialect;

/// A grouping on the way.
pub struct Select {
    /// The columns that it gives.
    pub outer: Vec<Sql>,
    /// What they are made of.
    pub inner: Vec<Sql>,
    /// The inner columns that tell its groups apart.
    pub group_by: Vec<String>,
}

impl Select {
    /// Grouping by the members of `here`, in the columns of all dimensions; with their spellings if these are wanted.
    pub fn by_members(
        dialect: Dialect,
        dimensions: &[DimensionPlan],
        number: usize,
        here: &[usize],
        spelled: bool,
    ) -> Self {
        let mut outer = vec![Sql::new(format!("{number} as asof_grouping"))];
        let mut inner = Vec::new();
        let mut group_by = Vec::new();
        for (at, dimension) in dimensions.iter().enumerate() {
            let here = here.contains(&at);
            let named = |what: &str, kind: Kind, here: bool| {
                let none = dialect::none(dialect, kind);
                Sql::new(if here { format!("asof_{what}{at}") } else { format!("{none} as asof_{what}{at}") })
            };
            if dimension.span.is_some() {
                outer.push(named("slot", Kind::Whole, here));
                if here {
                    inner.push(dimension.sql.clone().then(&format!(" as asof_slot{at}")));
                    group_by.push(format!("asof_slot{at}"));
                }
                continue;
            }
            if here {
                let grouped = format!("asof_member{at}");
                outer.push(Sql::new(format!("{} as asof_key{at}", dialect::key(dialect, &grouped))));
                inner.push(dialect::grouped(dialect, &dimension.sql).then(&format!(" as {grouped}")));
                if spelled {
                    let spelling = dialect::spelling(dialect, &dimension.sql);
                    inner.push(spelling.then(&format!(" as asof_spelling{at}")));
                }
                group_by.push(grouped);
            } else {
                outer.push(named("key", Kind::Text, false));
            }
            outer.push(named("spelling", Kind::Text, here && spelled));
        }
        Self { outer, inner, group_by }
    }

    /// The SQL over the rows of `from`, with at most `limit` groups.
    pub fn sql(&self, number: usize, from: &Sql, limit: Option<u64>) -> Sql {
        let mut sql = Sql::new("select ")
            .and(&Sql::join(&self.outer, ", "))
            .then("\nfrom (select ")
            .and(&Sql::join(&self.inner, ", "))
            .then("\n  ")
            .and(from);
        if !self.group_by.is_empty() {
            sql = sql.then(&format!("\n  group by {}", self.group_by.join(", ")));
        }
        if let Some(limit) = limit {
            sql = sql.then(&format!("\n  limit {limit}"));
        }
        sql.then(&format!(") asof_groups{number}"))
    }
}
