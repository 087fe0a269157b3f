//! From aggregates to a value with what it was made of.

use super::rollup::Cells;
use crate::model::Number;
use crate::model::definitions::Measure;
use crate::model::metrics_doc::Figure;
use crate::plan::measures::MetricColumns;

/// A sum or an average to which every value was NULL.
pub const ALL_NULL: &str = "every value is NULL";
/// A minimum, maximum or average of nothing.
pub const NO_VALUES: &str = "no values";
/// A ratio to nothing.
pub const ZERO_DENOMINATOR: &str = "zero denominator";

/// A known value.
pub fn known(value: Number) -> Figure {
    Figure { value: Some(value), ..Figure::default() }
}

/// An unknown value and why.
pub fn unknown(reason: impl Into<String>) -> Figure {
    Figure { reason: Some(reason.into()), ..Figure::default() }
}

/// The value of a metric over rows with these aggregates.
pub fn of_cells(columns: &MetricColumns, cells: &Cells, divide: Option<&Number>) -> Figure {
    let cell = |at: &usize| cells.get(*at).cloned().flatten();
    match columns {
        MetricColumns::Count(at) | MetricColumns::Distinct(at) => {
            known(cell(at).unwrap_or_else(Number::zero))
        }
        MetricColumns::Sum { sum, rows } => match (cell(sum), cell(rows)) {
            (None, Some(rows)) if !rows.is_zero() => unknown(ALL_NULL),
            (sum, _) => of_sum(sum.unwrap_or_else(Number::zero), divide),
        },
        MetricColumns::Min(at) | MetricColumns::Max(at) => of_extreme(cell(at), divide),
        MetricColumns::Avg { sum, count } => of_average(cell(sum), cell(count), divide),
    }
}

/// The value of a metric over no rows.
pub fn of_no_rows(measure: &Measure) -> Figure {
    match measure {
        Measure::Count(_) | Measure::Distinct(_) => known(Number::zero()),
        Measure::Sum(sum) => of_sum(Number::zero(), sum.divide.as_ref()),
        Measure::Min(_) | Measure::Max(_) | Measure::Ratio(_) => unknown(NO_VALUES),
        Measure::Avg(_) => of_average(None, None, None),
    }
}

/// The value of a member that a day, or one of two days, lacks: it had no rows there. Unknown where it is not known
/// what is measured.
pub fn of_nothing(measure: Option<&Measure>) -> Figure {
    measure.map_or_else(|| unknown(NO_VALUES), of_no_rows)
}

/// A sum over what it is divided by.
pub fn of_sum(sum: Number, divide: Option<&Number>) -> Figure {
    match divide {
        None => known(sum),
        Some(divisor) => Figure { value: sum.ratio(divisor), sum: Some(sum), ..Figure::default() },
    }
}

/// A minimum or maximum over what it is divided by.
pub fn of_extreme(extreme: Option<Number>, divide: Option<&Number>) -> Figure {
    match (extreme, divide) {
        (None, _) => unknown(NO_VALUES),
        (Some(extreme), None) => known(extreme),
        (Some(extreme), Some(divisor)) => {
            Figure { value: extreme.ratio(divisor), exact: Some(extreme), ..Figure::default() }
        }
    }
}

/// A sum over the number of its values, and over what it is divided by.
pub fn of_average(sum: Option<Number>, count: Option<Number>, divide: Option<&Number>) -> Figure {
    let count = count.unwrap_or_else(Number::zero);
    let Some(sum) = sum.filter(|_| !count.is_zero()) else {
        return Figure { count: Some(count), ..unknown(NO_VALUES) };
    };
    let divisor = divide.map_or_else(|| count.clone(), |divide| count.times(divide));
    Figure { value: sum.ratio(&divisor), sum: Some(sum), count: Some(count), ..Figure::default() }
}

/// One value over another.
pub fn of_ratio(numerator: &Figure, denominator: &Figure) -> Figure {
    let (Some(above), Some(below)) = (&numerator.value, &denominator.value) else {
        let missing = if numerator.value.is_none() { numerator } else { denominator };
        let side = if numerator.value.is_none() { "numerator" } else { "denominator" };
        let why = missing.reason.as_deref().unwrap_or("not captured");
        return Figure {
            numerator: numerator.value.clone(),
            denominator: denominator.value.clone(),
            ..unknown(format!("the {side} is unknown: {why}"))
        };
    };
    Figure {
        value: above.ratio(below),
        reason: below.is_zero().then(|| ZERO_DENOMINATOR.to_owned()),
        numerator: Some(above.clone()),
        denominator: Some(below.clone()),
        ..Figure::default()
    }
}

#[cfg(test)]
mod tests {
    use super::{ALL_NULL, NO_VALUES, ZERO_DENOMINATOR, known, of_cells, of_ratio};
    use crate::model::Number;
    use crate::plan::measures::MetricColumns;

    fn cells(values: &[Option<i64>]) -> Vec<Option<Number>> {
        values.iter().map(|value| value.map(Number::from)).collect()
    }

    #[test]
    fn a_sum_of_no_rows_is_zero_and_a_sum_of_nulls_is_unknown() {
        let sum = MetricColumns::Sum { sum: 0, rows: 1 };
        assert_eq!(of_cells(&sum, &cells(&[None, Some(0)]), None).value, Some(Number::zero()));
        assert_eq!(of_cells(&sum, &cells(&[None, Some(3)]), None).reason.as_deref(), Some(ALL_NULL));
        let divided = of_cells(&sum, &cells(&[Some(90), Some(3)]), Some(&Number::from(60_i64)));
        assert_eq!(divided.value.unwrap().to_string(), "1.5");
        assert_eq!(divided.sum, Some(Number::from(90_i64)));
    }

    #[test]
    fn an_average_is_a_sum_and_a_count() {
        let avg = MetricColumns::Avg { sum: 0, count: 1 };
        let figure = of_cells(&avg, &cells(&[Some(10), Some(4)]), None);
        assert_eq!(figure.value.unwrap().to_string(), "2.5");
        let none = of_cells(&avg, &cells(&[None, Some(0)]), None);
        assert_eq!((none.value, none.reason.as_deref()), (None, Some(NO_VALUES)));
    }

    #[test]
    fn a_ratio_keeps_its_parts_and_zero_below_is_unknown() {
        let ratio = of_ratio(&known(1_i64.into()), &known(3_i64.into()));
        assert_eq!(ratio.value.unwrap().to_string(), "0.333333333333");
        let zero = of_ratio(&known(0_i64.into()), &known(0_i64.into()));
        assert_eq!((zero.value, zero.reason.as_deref()), (None, Some(ZERO_DENOMINATOR)));
        assert_eq!(zero.denominator, Some(Number::zero()));
    }
}
