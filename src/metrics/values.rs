//! A metric's value and its breakdowns on one day, before they are put into a document.

use std::collections::BTreeMap;

use super::cube::Cube;
use super::figure;
use super::rollup::Rollup;
use crate::model::Definitions;
use crate::model::definitions::{DimensionOf, Measure};
use crate::model::metrics_doc::{Figure, MemberDoc};

/// The value of a metric and its breakdowns.
#[derive(Clone, Debug, Default)]
pub struct Values {
    /// Over all rows.
    pub figure: Figure,
    /// By each dimension's members, in their order.
    pub by: BTreeMap<String, Vec<MemberDoc>>,
    /// Why there is no breakdown by a dimension.
    pub not_by: BTreeMap<String, String>,
}

/// A metric that something is computed from: what it measures, and what came out.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// What it measures.
    pub measure: &'a Measure,
    /// Its values.
    pub values: &'a Values,
}

impl Values {
    /// The values of a metric over the rows of a cube.
    pub fn of_cube(name: &str, measure: &Measure, cube: &Cube, rollup: &Rollup) -> Self {
        let Some(columns) = cube.columns.get(name) else { return Self::default() };
        let divide = measure.divide();
        let mut values = Self { figure: figure::of_cells(columns, &rollup.total, divide), ..Self::default() };
        for (dimension, members) in cube.dimensions.iter().zip(&rollup.by) {
            if let Measure::Distinct(distinct) = measure
                && !distinct.by.contains(&dimension.name)
            {
                continue;
            }
            let Some(cells) = members else {
                let reason = format!("more than {} members", cube.max_groups);
                values.not_by.insert(dimension.name.clone(), reason);
                continue;
            };
            let members = dimension.members.iter().zip(cells).map(|(member, cells)| MemberDoc {
                key: member.key.clone(),
                label: member.label.clone(),
                figure: figure::of_cells(columns, cells, divide),
                day: None,
            });
            values.by.insert(dimension.name.clone(), members.collect());
        }
        values
    }

    /// One metric over another, by all dimensions that both have.
    pub fn of_ratio(above: Part<'_>, below: Part<'_>, definitions: &Definitions) -> Self {
        let mut values =
            Self { figure: figure::of_ratio(&above.values.figure, &below.values.figure), ..Self::default() };
        for (dimension, members) in &above.values.by {
            if let Some(others) = below.values.by.get(dimension) {
                let mut ratios = ratios((above.measure, members), (below.measure, others));
                sort(&mut ratios, definitions, above.measure, dimension);
                values.by.insert(dimension.clone(), ratios);
            }
        }
        for (dimension, reason) in above.values.not_by.iter().chain(&below.values.not_by) {
            values.not_by.insert(dimension.clone(), reason.clone());
        }
        values
    }
}

/// The ratio for every member that either side has, in no order; the other side had no rows of it.
pub fn ratios(above: (&Measure, &[MemberDoc]), below: (&Measure, &[MemberDoc])) -> Vec<MemberDoc> {
    fn figures(members: &[MemberDoc]) -> BTreeMap<&Option<String>, &Figure> {
        members.iter().map(|member| (&member.key, &member.figure)).collect()
    }
    let ((above, above_members), (below, below_members)) = (above, below);
    let (upper, lower) = (figures(above_members), figures(below_members));
    let (no_upper, no_lower) = (figure::of_no_rows(above), figure::of_no_rows(below));
    let below_only = below_members.iter().filter(|member| !upper.contains_key(&member.key));
    let all = above_members.iter().chain(below_only);
    all.map(|member| {
        let upper = upper.get(&member.key).copied().unwrap_or(&no_upper);
        let lower = lower.get(&member.key).copied().unwrap_or(&no_lower);
        MemberDoc { figure: figure::of_ratio(upper, lower), ..member.clone() }
    })
    .collect()
}

/// Puts members in order: spans of time as the day goes, others by key, NULL last.
pub fn sort(members: &mut [MemberDoc], definitions: &Definitions, measure: &Measure, dimension: &str) {
    let events = measure.of().and_then(|events| definitions.events.get(events));
    let is_time = events
        .and_then(|events| events.by.get(dimension))
        .is_some_and(|dimension| matches!(dimension.of, DimensionOf::Time(_)));
    if is_time {
        // A span is called by its local time, so those before the day's start are of the next date.
        let starts = clock(definitions.calendar.day_starts_at.get(..5).unwrap_or_default());
        members.sort_by_key(|member| {
            let time = member.key.as_deref().map(clock);
            (time.is_none(), time < Some(starts), time)
        });
    } else {
        members.sort_by(|one, other| (one.key.is_none(), &one.key).cmp(&(other.key.is_none(), &other.key)));
    }
}

/// The local time in a span's key, so that times compare as the day goes: the hour, whether it is
/// the hour's second time (`01:30b`), and the minute.
fn clock(key: &str) -> (u32, bool, u32) {
    let (time, again) = key.strip_suffix('b').map_or((key, false), |time| (time, true));
    let (hour, minute) = time.split_once(':').unwrap_or((time, "0"));
    (hour.parse().unwrap_or(0), again, minute.parse().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::{clock, ratios};
    use crate::metrics::figure;
    use crate::model::definitions::{Aggregate, Count, Measure};
    use crate::model::metrics_doc::MemberDoc;

    #[test]
    fn the_hour_that_occurs_again_follows_the_first_with_all_its_parts() {
        let mut keys = ["02", "01:30b", "01", "00:30", "01b", "01:30", "10"];
        keys.sort_by_key(|key| clock(key));
        assert_eq!(keys, ["00:30", "01", "01:30", "01b", "01:30b", "02", "10"]);
    }

    fn members(written: &[(&str, i64)]) -> Vec<MemberDoc> {
        let member = |(key, value): &(&str, i64)| MemberDoc {
            key: Some((*key).to_owned()),
            label: None,
            figure: figure::known((*value).into()),
            day: None,
        };
        written.iter().map(member).collect()
    }

    #[test]
    fn a_side_without_rows_counts_nothing_but_has_no_mean() {
        let count = Measure::Count(Count { of: "calls".into(), filter: None });
        let of = || "calls".to_owned();
        let mean = Measure::Avg(Aggregate { of: of(), sql: "x".into(), filter: None, divide: None });
        let (one, other) = (members(&[("A", 6)]), members(&[("A", 3), ("B", 2)]));
        let told = |measure: &Measure| -> Vec<String> {
            ratios((measure, &one), (&count, &other))
                .iter()
                .map(|member| format!("{:?} {:?}", member.figure.value, member.figure.reason))
                .collect()
        };
        let counted = told(&count);
        assert!(counted[1].starts_with("Some(") && counted[1].ends_with("None"), "{counted:?}");
        assert!(told(&mean)[1].contains("the numerator is unknown: no values"), "{:?}", told(&mean));
    }
}
