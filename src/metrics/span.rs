//! Values of several days added up from the days' own: shared by metrics over several days and by
//! the comparison of ranges. What can't be added up is unknown, with the reason.

use indexmap::IndexMap;

use super::figure;
use crate::model::Number;
use crate::model::definitions::Measure;
use crate::model::metrics_doc::{Figure, MemberDoc, MetricDoc};

/// Why a count of different values over several days is unknown.
pub const DISTINCT: &str = "distinct counts don't add up";

/// The day's own value of a metric.
pub fn own(doc: &MetricDoc) -> &Figure {
    doc.day.as_ref().unwrap_or(&doc.figure)
}

/// The members of a frozen breakdown that the day itself had, with its own values.
pub fn own_members<'d>(
    doc: &'d MetricDoc,
    dimension: &str,
) -> impl Iterator<Item = (&'d MemberDoc, &'d Figure)> {
    // Over several days, there are also members that only the other days had.
    let over = doc.day.is_some();
    let members = doc.by.get(dimension).map(Vec::as_slice).unwrap_or_default();
    members
        .iter()
        .filter_map(move |member| Some((member, if over { member.day.as_ref()? } else { &member.figure })))
}

/// The members of several days with one value each, in no order; their labels are the first that are given.
pub fn merge_members<'d>(
    measure: &Measure,
    members: impl Iterator<Item = (&'d MemberDoc, &'d Figure)>,
) -> Vec<MemberDoc> {
    let mut all: IndexMap<&Option<String>, (Option<&String>, Vec<&Figure>)> = IndexMap::new();
    for (member, figure) in members {
        let (label, figures) = all.entry(&member.key).or_default();
        *label = label.or(member.label.as_ref());
        figures.push(figure);
    }
    all.into_iter()
        .map(|(key, (label, figures))| MemberDoc {
            key: key.clone(),
            label: label.cloned(),
            figure: merge(measure, figures.into_iter()),
            day: None,
        })
        .collect()
}

/// One value of several days' own values. Days on which it was unknown don't count, unless it
/// was unknown on all.
pub fn merge<'f>(measure: &Measure, figures: impl Iterator<Item = &'f Figure>) -> Figure {
    let (figures, unknown): (Vec<&Figure>, Vec<&Figure>) = figures.partition(|figure| figure.value.is_some());
    let added = |part: fn(&Figure) -> Option<&Number>| -> Number {
        figures.iter().filter_map(|figure| part(figure)).sum()
    };
    let divide = measure.divide();
    match measure {
        Measure::Count(_) => figure::known(added(|figure| figure.value.as_ref())),
        Measure::Sum(_) => match unknown.first() {
            Some(unknown) if figures.is_empty() => (*unknown).clone(),
            _ => figure::of_sum(added(|figure| figure.sum.as_ref().or(figure.value.as_ref())), divide),
        },
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
        // Distinct counts of several days are never added, and a ratio is merged from its parts.
        Measure::Distinct(_) | Measure::Ratio(_) => figure::unknown(DISTINCT),
    }
}
