//! Which of five shades a value has among all values of its metric.
//!
//! Shades are by rank, a fifth of the days each: call centres rest at weekends, and a scale that is
//! even in the values would give all working days one shade. Equal values have equal shades.

use crate::model::Number;

/// How many shades there are.
pub const SHADES: usize = 5;

/// The shades of some values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shading<'a> {
    /// The shade of each value, from 0 for the smallest; `None` where there is no value.
    pub levels: Vec<Option<usize>>,
    /// The smallest and the largest value of each shade that occurs, by shade.
    pub bands: Vec<Band<'a>>,
}

/// The values of one shade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Band<'a> {
    /// The shade.
    pub level: usize,
    /// The smallest of them.
    pub low: &'a Number,
    /// The largest of them.
    pub high: &'a Number,
}

/// Shades these values.
pub fn shade<'a>(values: &[Option<&'a Number>]) -> Shading<'a> {
    let mut ordered: Vec<(&Number, usize)> =
        values.iter().enumerate().filter_map(|(at, value)| Some(((*value)?, at))).collect();
    ordered.sort_unstable();
    let mut levels = vec![None; values.len()];
    let mut bands: Vec<Band<'a>> = Vec::with_capacity(SHADES);
    let ties: Vec<&[(&'a Number, usize)]> = ordered.chunk_by(|one, next| one.0 == next.0).collect();
    let mut rank = 0;
    for (at, tie) in ties.iter().enumerate() {
        let level = if ties.len() <= SHADES {
            spread(at, ties.len())
        } else {
            // The rank in the middle of the tie: a third of all days at zero stay pale.
            (2 * rank + tie.len()) * SHADES / (2 * ordered.len())
        };
        rank += tie.len();
        for (value, place) in *tie {
            if let Some(slot) = levels.get_mut(*place) {
                *slot = Some(level);
            }
            match bands.last_mut() {
                Some(band) if band.level == level => band.high = value,
                _ => bands.push(Band { level, low: value, high: value }),
            }
        }
    }
    Shading { levels, bands }
}

/// Few different values: the palest and the darkest shade and what lies evenly between; a lone one is in the middle.
fn spread(at: usize, count: usize) -> usize {
    if count < 2 { SHADES / 2 } else { at * (SHADES - 1) / (count - 1) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{SHADES, shade};
    use crate::model::Number;

    fn levels(values: &[Option<i64>]) -> Vec<Option<usize>> {
        let numbers: Vec<Option<Number>> = values.iter().map(|value| value.map(Number::from)).collect();
        let borrowed: Vec<Option<&Number>> = numbers.iter().map(Option::as_ref).collect();
        shade(&borrowed).levels
    }

    #[test]
    fn a_fifth_of_the_days_has_each_shade() {
        let values: Vec<Option<i64>> = (0..20).map(|value| Some(value * value)).collect();
        let expected: Vec<Option<usize>> = (0..20).map(|at| Some(at / 4)).collect();
        assert_eq!(levels(&values), expected);
    }

    #[test]
    fn what_is_unknown_has_no_shade() {
        assert_eq!(levels(&[None, Some(3), None]), [None, Some(2), None]);
        assert_eq!(levels(&[]), []);
    }

    #[test]
    fn few_values_use_the_whole_scale() {
        assert_eq!(levels(&[Some(1), Some(9), Some(1)]), [Some(0), Some(4), Some(0)]);
        assert_eq!(levels(&[Some(5), Some(7), Some(6)]), [Some(0), Some(4), Some(2)]);
        assert_eq!(levels(&[Some(-5), Some(-5)]), [Some(2), Some(2)]);
    }

    #[test]
    fn the_legend_tells_the_smallest_and_largest_of_each_shade() {
        let numbers: Vec<Number> = [3_i64, 1, 2, 1].map(Number::from).into();
        let values: Vec<Option<&Number>> = numbers.iter().map(Some).collect();
        let shading = shade(&values);
        let bands: Vec<(usize, String, String)> = shading
            .bands
            .iter()
            .map(|band| (band.level, band.low.to_string(), band.high.to_string()))
            .collect();
        let expected =
            [(0, "1"), (2, "2"), (4, "3")].map(|(level, text)| (level, text.to_owned(), text.to_owned()));
        assert_eq!(bands, expected);
    }

    proptest! {
        #[test]
        fn a_larger_value_is_never_paler(values in prop::collection::vec(prop::option::of(-50_i64..50), 0..80)) {
            let found = levels(&values);
            for (one, one_level) in values.iter().zip(&found) {
                prop_assert_eq!(one.is_some(), one_level.is_some());
                prop_assert!(one_level.is_none_or(|level| level < SHADES));
                for (other, other_level) in values.iter().zip(&found) {
                    if let (Some(one), Some(other)) = (one, other) && one <= other {
                        prop_assert!(one_level <= other_level);
                    }
                }
            }
        }
    }
}
