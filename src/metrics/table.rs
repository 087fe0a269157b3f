//! A cube as the table that is kept: all groupings in one, told apart by the first column.

use indexmap::IndexMap;

use super::cube::{Cube, Group, Groups};
use crate::model::cube_table::{Cells, CubeColumn, CubeTable};
use crate::plan::measures::{Fold, MetricColumns, NEWEST};

/// The name of the column that tells groupings apart: the names of the dimensions, with
/// commas between them, in the order of the names.
pub const GROUPING: &str = "grouping";

/// The cube as a table: the grouping, a text column for each dimension, then the aggregates.
pub fn table(cube: &Cube) -> CubeTable {
    let rows = || cube.groupings.iter().flat_map(|groups| groups.rows.iter().map(move |row| (groups, row)));
    let mut columns = vec![CubeColumn {
        name: GROUPING.to_owned(),
        cells: Cells::Text(rows().map(|(groups, _)| Some(name_of(cube, groups))).collect()),
    }];
    for (at, dimension) in cube.dimensions.iter().enumerate() {
        let cells = rows().map(|(groups, row)| member_key(cube, groups, row, at)).collect();
        columns.push(CubeColumn { name: dimension.name.clone(), cells: Cells::Text(cells) });
    }
    for (at, aggregate) in cube.aggregates.iter().enumerate() {
        let cells = if at == NEWEST {
            Cells::Text(rows().map(|(_, row)| row.newest.as_deref().map(str::to_owned)).collect())
        } else {
            Cells::Number(rows().map(|(groups, row)| groups.value(row, at).cloned()).collect())
        };
        columns.push(CubeColumn { name: aggregate.column.clone(), cells });
    }
    CubeTable { columns, metadata: metadata(cube) }
}

fn name_of(cube: &Cube, groups: &Groups) -> String {
    let names = groups.dimensions.iter().filter_map(|at| cube.dimensions.get(*at));
    names.map(|dimension| dimension.name.as_str()).collect::<Vec<_>>().join(",")
}

fn member_key(cube: &Cube, groups: &Groups, row: &Group, dimension: usize) -> Option<String> {
    let place = groups.dimensions.iter().position(|found| *found == dimension)?;
    cube.member(dimension, *row.members.get(place)?)?.key.clone()
}

/// What a reader needs to know about the columns, as small JSON texts.
fn metadata(cube: &Cube) -> IndexMap<String, String> {
    let column = |at: usize| cube.aggregates.get(at).map_or("", |aggregate| aggregate.column.as_str());
    let metrics: serde_json::Map<String, serde_json::Value> = cube
        .columns
        .iter()
        .map(|(metric, columns)| {
            let parts = match columns {
                MetricColumns::Count(at) => serde_json::json!({ "count": column(*at) }),
                MetricColumns::Sum { sum, rows } => {
                    serde_json::json!({ "sum": column(*sum), "rows": column(*rows) })
                }
                MetricColumns::Min(at) => serde_json::json!({ "min": column(*at) }),
                MetricColumns::Max(at) => serde_json::json!({ "max": column(*at) }),
                MetricColumns::Avg { sum, count } => {
                    serde_json::json!({ "sum": column(*sum), "count": column(*count) })
                }
                MetricColumns::Distinct(at) => serde_json::json!({ "distinct": column(*at) }),
            };
            (metric.clone(), parts)
        })
        .collect();
    let folds: serde_json::Map<String, serde_json::Value> =
        cube.aggregates.iter().map(|found| (found.column.clone(), fold_word(found.fold).into())).collect();
    let groupings: Vec<serde_json::Value> = cube
        .groupings
        .iter()
        .map(|groups| serde_json::json!({ "grouping": name_of(cube, groups), "complete": !groups.too_many }))
        .collect();
    IndexMap::from([
        ("asof.format".to_owned(), "asof.cube/1".to_owned()),
        ("asof.events".to_owned(), cube.name.clone()),
        ("asof.groupings".to_owned(), serde_json::Value::from(groupings).to_string()),
        ("asof.folds".to_owned(), serde_json::Value::from(folds).to_string()),
        ("asof.metrics".to_owned(), serde_json::Value::from(metrics).to_string()),
    ])
}

/// How groups' values combine, in a word.
fn fold_word(fold: Fold) -> &'static str {
    match fold {
        Fold::Count | Fold::Sum => "sum",
        Fold::Min => "min",
        Fold::Max | Fold::Newest => "max",
        Fold::Distinct => "none",
    }
}
