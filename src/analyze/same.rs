//! Whether two figures are the same: exactly, or, where they are made of floats, but for their last digits; and
//! which members of a dimension are not.

use std::collections::BTreeMap;

use crate::metrics::figure;
use crate::metrics::span::own_members;
use crate::model::Number;
use crate::model::definitions::Measure;
use crate::model::metrics_doc::{Figure, MemberDoc, MetricDoc};

/// Whether a value and all that it was made of are the same.
pub fn same_figure(one: &Figure, other: &Figure, float: bool) -> bool {
    let pairs = [
        (&one.value, &other.value),
        (&one.sum, &other.sum),
        (&one.count, &other.count),
        (&one.exact, &other.exact),
    ];
    pairs.into_iter().all(|pair| match pair {
        (Some(one), Some(other)) => one == other || float && one.is_close(other),
        (None, None) => true,
        _ => false,
    })
}

/// A member as a side has it.
pub type OnSide<'d> = Option<(&'d MemberDoc, &'d Figure)>;

/// The members of which the day's own values are not the same on both sides, those of the first side first. One that
/// a side lacks had no rows there, so that it is the same as one whose value is that of no rows, and of a ratio as
/// one with nothing above the line.
pub fn apart<'d>(
    measure: Option<&Measure>,
    (old, new): (&'d MetricDoc, &'d MetricDoc),
    dimension: &str,
    float: bool,
) -> Vec<(OnSide<'d>, OnSide<'d>)> {
    let none = figure::of_nothing(measure);
    let mut left: BTreeMap<&Option<String>, (&MemberDoc, &Figure)> =
        own_members(new, dimension).map(|(member, figure)| (&member.key, (member, figure))).collect();
    let mut all: Vec<(OnSide<'_>, OnSide<'_>)> = Vec::new();
    for (member, figure) in own_members(old, dimension) {
        all.push((Some((member, figure)), left.remove(&member.key)));
    }
    all.extend(left.into_values().map(|new| (None, Some(new))));
    let ratio = matches!(measure, Some(Measure::Ratio(_)));
    let nothing = |figure: &Figure| {
        same_figure(figure, &none, float) || ratio && figure.value.as_ref().is_some_and(Number::is_zero)
    };
    all.retain(|both| match both {
        (Some((_, old)), Some((_, new))) => !same_figure(old, new, float),
        (Some((_, lone)), None) | (None, Some((_, lone))) => !nothing(lone),
        (None, None) => false,
    });
    all
}

#[cfg(test)]
mod tests {
    use super::apart;
    use crate::metrics::figure;
    use crate::model::definitions::{Aggregate, Count, Measure, Ratio};
    use crate::model::metrics_doc::{Figure, MemberDoc, MetricDoc};

    fn metric(members: &[(&str, Figure)]) -> MetricDoc {
        let member = |(key, figure): &(&str, Figure)| {
            let key = Some((*key).to_owned());
            MemberDoc { key, label: None, figure: figure.clone(), day: None }
        };
        let members: Vec<MemberDoc> = members.iter().map(member).collect();
        let by = serde_json::json!({ "who": members });
        serde_json::from_value(serde_json::json!({ "label": "x", "unit": null, "value": null, "by": by }))
            .unwrap()
    }

    #[test]
    fn a_member_without_rows_is_the_same_as_none() {
        let count = Measure::Count(Count { of: "calls".into(), filter: None });
        let sum = Measure::Sum(Aggregate {
            of: "calls".into(),
            sql: "s".into(),
            filter: None,
            divide: Some(60_i64.into()),
        });
        let zero = || figure::of_sum(0_i64.into(), Some(&60_i64.into()));
        let found = |measure: &Measure, figure: Figure| {
            let (one, other) = (metric(&[("A", figure)]), metric(&[]));
            let there = apart(Some(measure), (&one, &other), "who", false).len();
            assert_eq!(there, apart(Some(measure), (&other, &one), "who", false).len());
            there
        };
        assert_eq!(found(&count, figure::known(0_i64.into())), 0);
        assert_eq!(found(&count, figure::known(1_i64.into())), 1);
        assert_eq!(found(&sum, zero()), 0);
        // Rows without a value are rows.
        assert_eq!(found(&sum, figure::unknown(figure::ALL_NULL)), 1);
        let mean =
            Measure::Avg(Aggregate { of: "calls".into(), sql: "s".into(), filter: None, divide: None });
        let ratio = Measure::Ratio(Ratio { numerator: "sales".into(), denominator: "calls".into() });
        let of = |sales: i64| figure::of_ratio(&figure::known(sales.into()), &figure::known(4_i64.into()));
        assert_eq!((found(&ratio, of(0)), found(&ratio, of(1))), (0, 1));
        assert_eq!(found(&mean, figure::of_average(None, Some(0_i64.into()), None)), 0);
    }
}
