//! Metrics over several days, from the parts of frozen days: never an average of averages.

use std::collections::{BTreeMap, BTreeSet};

use super::figure;
use crate::model::definitions::Measure;
use crate::model::manifest::DefinitionsDoc;
use crate::model::metrics_doc::{Figure, MemberDoc, MetricDoc};
use crate::model::{Day, Definitions, Number};

/// What is needed of a frozen day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastDay {
    /// The day.
    pub day: Day,
    /// What made its numbers.
    pub definitions: DefinitionsDoc,
    /// The metrics named by [`needed`].
    pub metrics: BTreeMap<String, MetricDoc>,
}

/// Which metrics of past days are needed, and how many days back at most; 0 when none are.
pub fn needed(definitions: &Definitions) -> (BTreeSet<&str>, u16) {
    let mut names = BTreeSet::new();
    let mut days = 0;
    for (name, metric) in &definitions.metrics {
        let Some(over) = metric.over_days else { continue };
        days = days.max(over.saturating_sub(1));
        names.extend(parts_of(name, &metric.measure));
    }
    (names, days)
}

/// The metrics whose frozen values make a metric over several days.
pub fn parts_of<'a>(name: &'a str, measure: &'a Measure) -> Vec<&'a str> {
    let parts = measure.parts();
    if parts.is_empty() { vec![name] } else { parts }
}

/// The day's own value of a metric or a member of it.
pub fn own<'a>(figure: &'a Figure, day: Option<&'a Figure>) -> &'a Figure {
    day.unwrap_or(figure)
}

/// The members of a frozen breakdown with the day's own values.
pub fn own_members(members: &[MemberDoc]) -> impl Iterator<Item = (&MemberDoc, &Figure)> {
    members.iter().map(|member| (member, own(&member.figure, member.day.as_ref())))
}

/// One value of several days' own values. Days on which it was unknown don't count.
pub fn merge<'f>(measure: &Measure, figures: impl Iterator<Item = &'f Figure>) -> Figure {
    let figures: Vec<&Figure> = figures.filter(|figure| figure.value.is_some()).collect();
    let added = |part: fn(&Figure) -> Option<&Number>| -> Number {
        figures.iter().filter_map(|figure| part(figure)).sum()
    };
    let divide = measure.divide();
    match measure {
        Measure::Count(_) => figure::known(added(|figure| figure.value.as_ref())),
        Measure::Sum(_) => {
            figure::of_sum(added(|figure| figure.sum.as_ref().or(figure.value.as_ref())), divide)
        }
        Measure::Avg(_) => figure::of_average(
            Some(added(|figure| figure.sum.as_ref())),
            Some(added(|figure| figure.count.as_ref())),
            divide,
        ),
        Measure::Min(_) | Measure::Max(_) => {
            let exact = figures.iter().filter_map(|figure| figure.exact.as_ref().or(figure.value.as_ref()));
            let extreme = if matches!(measure, Measure::Min(_)) { exact.min() } else { exact.max() };
            figure::of_extreme(extreme.cloned(), divide)
        }
        // The configuration does not let it come to this: distinct counts are never added,
        // and a ratio is merged from its parts.
        Measure::Distinct(_) | Measure::Ratio(_) => {
            figure::unknown("distinct counts and ratios don't add up")
        }
    }
}
