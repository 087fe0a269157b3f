//! Totals and breakdowns of a cube: additive aggregates roll up, distinct counts never do.

use std::collections::BTreeMap;

use super::cube::{Cube, Group, Groups};
use crate::model::Number;
use crate::plan::measures::Fold;

/// The aggregates of one set of rows, by their index; `None` where there was no value.
pub type Cells = Vec<Option<Number>>;

/// Rolled-up aggregates of a whole cube: the total, and each dimension's members.
#[derive(Clone, Debug, PartialEq)]
pub struct Rollup {
    /// Over all rows.
    pub total: Cells,
    /// For each dimension of the cube its members' cells, in their order; `None` for a
    /// dimension with more members than `max_groups`.
    pub by: Vec<Option<Vec<Cells>>>,
}

/// Rolls a cube up.
pub fn roll_up(cube: &Cube) -> Rollup {
    let width = cube.aggregates.len();
    let mut total = vec![None; width];
    if let Some(groups) = source_of_totals(cube) {
        fold_into(cube, groups, |_| Some(0), std::slice::from_mut(&mut total));
    }
    for groups in cube.groupings.iter().filter(|groups| groups.dimensions.is_empty()) {
        distinct_into(cube, groups, |_| Some(0), std::slice::from_mut(&mut total));
    }
    let by = (0..cube.dimensions.len()).map(|dimension| by_dimension(cube, dimension, width)).collect();
    Rollup { total, by }
}

/// Groups rolled up to some of their dimensions.
pub fn regroup(cube: &Cube, groups: &Groups, dimensions: &[usize]) -> Groups {
    let places: Vec<usize> = dimensions
        .iter()
        .filter_map(|dimension| groups.dimensions.iter().position(|found| found == dimension))
        .collect();
    let members = |members: &[u32]| -> Box<[u32]> {
        places.iter().filter_map(|place| members.get(*place).copied()).collect()
    };
    let mut order: BTreeMap<Box<[u32]>, usize> =
        groups.rows.iter().map(|row| (members(&row.members), 0)).collect();
    for (at, place) in order.values_mut().enumerate() {
        *place = at;
    }
    let mut cells = vec![vec![None; cube.aggregates.len()]; order.len()];
    fold_into(cube, groups, |own| order.get(&members(own)).copied(), &mut cells);
    let rows = order.into_keys().zip(cells).map(|(members, cells)| Group {
        members,
        values: groups.aggregates.iter().map(|at| cells.get(*at).cloned().flatten()).collect(),
        newest: None,
    });
    Groups { dimensions: dimensions.to_vec(), rows: rows.collect(), ..groups.clone() }
}

fn by_dimension(cube: &Cube, dimension: usize, width: usize) -> Option<Vec<Cells>> {
    let members = cube.dimensions.get(dimension)?.members.len();
    let mut cells = vec![vec![None; width]; members];
    let place = |groups: &Groups| groups.dimensions.iter().position(|found| *found == dimension);
    // The grouping with the fewest dimensions has the least to add.
    let additive = cube.groupings.iter().filter(|groups| groups.holds_rows() && place(groups).is_some());
    let groups = additive.min_by_key(|groups| groups.dimensions.len())?;
    let at = place(groups)?;
    fold_into(cube, groups, |members| members.get(at).map(|member| *member as usize), &mut cells);
    for groups in cube.groupings.iter().filter(|groups| groups.dimensions == [dimension]) {
        distinct_into(cube, groups, |members| members.first().map(|member| *member as usize), &mut cells);
    }
    Some(cells)
}

fn source_of_totals(cube: &Cube) -> Option<&Groups> {
    cube.groupings.iter().filter(|groups| groups.holds_rows()).min_by_key(|groups| groups.dimensions.len())
}

fn fold_into(cube: &Cube, groups: &Groups, target: impl Fn(&[u32]) -> Option<usize>, cells: &mut [Cells]) {
    each_value(cube, groups, target, cells, folded);
}

/// The aggregate of some rows and further ones; what can't be told from its parts stays as it is.
pub fn folded(fold: Fold, known: Option<Number>, value: &Number) -> Option<Number> {
    match fold {
        Fold::Count | Fold::Sum => Some(known.map_or_else(|| value.clone(), |known| known + value)),
        Fold::Min => Some(known.filter(|known| known <= value).unwrap_or_else(|| value.clone())),
        Fold::Max => Some(known.filter(|known| known >= value).unwrap_or_else(|| value.clone())),
        Fold::Distinct | Fold::Newest => known,
    }
}

fn distinct_into(
    cube: &Cube,
    groups: &Groups,
    target: impl Fn(&[u32]) -> Option<usize>,
    cells: &mut [Cells],
) {
    each_value(cube, groups, target, cells, |fold, known, value| match fold {
        Fold::Distinct => Some(value.clone()),
        _ => known,
    });
}

fn each_value(
    cube: &Cube,
    groups: &Groups,
    target: impl Fn(&[u32]) -> Option<usize>,
    cells: &mut [Cells],
    fold: impl Fn(Fold, Option<Number>, &Number) -> Option<Number>,
) {
    for row in &groups.rows {
        let Some(target) = target(&row.members).and_then(|at| cells.get_mut(at)) else { continue };
        for (value, aggregate) in row.values.iter().zip(&groups.aggregates) {
            let (Some(value), Some(cell), Some(found)) =
                (value, target.get_mut(*aggregate), cube.aggregates.get(*aggregate))
            else {
                continue;
            };
            *cell = fold(found.fold, cell.take(), value);
        }
    }
}
