//! The trend of a number over an entity's last rows.

use std::cmp::Ordering;

use serde::Serialize;

use crate::config::entities::TrendSettings;
use crate::model::Number;

/// Where a number goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Trend {
    /// The way that is good.
    Improving,
    /// The other way.
    Declining,
    /// Not beyond the threshold.
    Stable,
}

impl Trend {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Improving => "improving",
            Self::Declining => "declining",
            Self::Stable => "stable",
        }
    }
}

/// The trend of these values, oldest first, the newest last: the newest less the oldest of the last
/// so many of them, beyond the threshold. Up is good unless it is said to be bad.
///
/// `None` where there are fewer rows than that, or one of them has no known value.
pub fn trend(settings: &TrendSettings, good_up: Option<bool>, values: &[Option<&Number>]) -> Option<Trend> {
    let start = values.len().checked_sub(usize::from(settings.over))?;
    let last: Option<Vec<&Number>> = values.get(start..)?.iter().copied().collect();
    let last = last?;
    let (oldest, newest) = (*last.first()?, *last.last()?);
    let moved = newest - oldest;
    if moved.abs() <= settings.threshold {
        return Some(Trend::Stable);
    }
    let rose = newest.cmp(oldest) == Ordering::Greater;
    Some(if rose == good_up.unwrap_or(true) { Trend::Improving } else { Trend::Declining })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Trend, trend};
    use crate::config::entities::TrendSettings;
    use crate::model::Number;

    fn settings(over: u16, threshold: &str) -> TrendSettings {
        TrendSettings { over, threshold: threshold.parse().unwrap() }
    }

    fn told(over: u16, good_up: Option<bool>, values: &[&str]) -> Option<Trend> {
        let values: Vec<Option<Number>> = values.iter().map(|text| text.parse().ok()).collect();
        let values: Vec<Option<&Number>> = values.iter().map(Option::as_ref).collect();
        trend(&settings(over, "1.0"), good_up, &values)
    }

    #[test]
    fn a_trend_is_the_newest_less_the_oldest_beyond_the_threshold() {
        let up = Some(true);
        for (values, expected) in [
            (&["70", "70.1", "70.2"][..], Some(Trend::Stable)),
            (&["70", "60", "73.8"], Some(Trend::Improving)),
            (&["73.8", "90", "70"], Some(Trend::Declining)),
            // Exactly the threshold is not beyond it.
            (&["70", "75", "71"], Some(Trend::Stable)),
            (&["70", "75", "71.000000001"], Some(Trend::Improving)),
            // Only the last three count.
            (&["10", "70", "70", "70.5"], Some(Trend::Stable)),
            // 0 is a score.
            (&["0", "0", "0"], Some(Trend::Stable)),
            (&["4", "2", "0"], Some(Trend::Declining)),
            // Too few, or unknown ones among them.
            (&["70", "80"], None),
            (&[], None),
            (&["70", "unknown", "80"], None),
            (&["unknown", "70", "75", "80"], Some(Trend::Improving)),
        ] {
            assert_eq!(told(3, up, values), expected, "{values:?}");
        }
        assert_eq!(told(2, Some(false), &["5", "9"]), Some(Trend::Declining), "fewer would be good");
        assert_eq!(told(2, Some(false), &["9", "5"]), Some(Trend::Improving));
        assert_eq!(told(2, None, &["5", "9"]), Some(Trend::Improving));
    }

    proptest! {
        #[test]
        fn turned_around_it_is_the_opposite(values in proptest::collection::vec(-999_i64..999, 3..8)) {
            let numbers: Vec<Number> = values.iter().map(|value| Number::from(*value)).collect();
            let ahead: Vec<Option<&Number>> = numbers.iter().map(Some).collect();
            let over = u16::try_from(values.len()).unwrap();
            let back: Vec<Option<&Number>> = numbers.iter().rev().map(Some).collect();
            let opposite = |trend| match trend {
                Trend::Improving => Trend::Declining,
                Trend::Declining => Trend::Improving,
                Trend::Stable => Trend::Stable,
            };
            let one = trend(&settings(over, "3"), Some(true), &ahead);
            prop_assert_eq!(one.map(opposite), trend(&settings(over, "3"), Some(true), &back));
            prop_assert_eq!(one.map(opposite), trend(&settings(over, "3"), Some(false), &ahead));
        }
    }
}
