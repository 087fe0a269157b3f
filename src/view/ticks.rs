//! Round ticks for an axis, exact: steps of 1, 2, 2.5 or 5 times a power of ten; and what stands at them.

use super::format::{self, Format, THIN_SPACE};
use crate::model::Number;

/// The ticks of an axis, from the lowest to the highest; zero is always one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticks {
    /// How far apart they are.
    pub step: Number,
    /// Where they are.
    pub at: Vec<Number>,
}

/// Ticks that span `lowest` to `highest` and zero with at most `most` steps above and below zero
/// each; whole numbers only if `whole`. `None` when all is zero.
pub fn round(lowest: &Number, highest: &Number, most: i64, whole: bool) -> Option<Ticks> {
    let zero = Number::zero();
    let (low, high) = (lowest.min(&zero), highest.max(&zero));
    let reach = high.clone().max(low.abs());
    let magnitude = format::magnitude(&reach)?;
    let step = ["1e-1", "2e-1", "2.5e-1", "5e-1", "1e0", "2e0", "2.5e0", "5e0", "1e1"]
        .iter()
        .filter_map(|base| shifted(base, magnitude))
        .filter(|step| !whole || step.trimmed().to_i64().is_some() || *step >= Number::from(10_i64))
        .find(|step| step.times(&Number::from(most)) >= reach)?;
    let mut at = vec![zero.clone()];
    let mut tick = zero.clone();
    while tick < *high {
        tick = tick + &step;
        at.push(tick.clone());
    }
    let mut tick = Number::zero();
    while tick > *low {
        tick = &tick - &step;
        at.insert(0, tick.clone());
    }
    Some(Ticks { step, at })
}

/// Longer labels would take the place of the chart, and are told in millions and more.
const LONGEST_LABEL: usize = 11;

/// What stands at the ticks, without the unit that [`Format::common_unit`] tells.
///
/// Ticks are round, so that nothing is lost where they are told in millions (`M`), thousands of
/// those (`bn`), millions of those (`tn`), or by a power of ten (`150e15`).
pub fn labels(ticks: &Ticks, format: &Format) -> Vec<String> {
    let told = |format: &Format, number: &Number| format.for_step(&ticks.step).show_bare(number).html();
    let full: Vec<String> = ticks.at.iter().map(|tick| told(format, tick)).collect();
    let longest = full.iter().map(|label| label.chars().count()).max().unwrap_or(0);
    let power = format::magnitude(&ticks.step).unwrap_or(0).div_euclid(3) * 3;
    let suffix = match power {
        6 => format!("{THIN_SPACE}M"),
        9 => format!("{THIN_SPACE}bn"),
        12 => format!("{THIN_SPACE}tn"),
        power => format!("e{power}"),
    };
    let unit = format!("1e-{power}").parse::<Number>().ok();
    let Some(unit) = unit.filter(|_| longest > LONGEST_LABEL && power >= 6 && !format.is_percent()) else {
        return full;
    };
    let short = format.for_step(&ticks.step.times(&unit));
    let label = |(tick, full): (&Number, String)| {
        if tick.is_zero() { full } else { short.show_bare(&tick.times(&unit)).html() + &suffix }
    };
    ticks.at.iter().zip(full).map(label).collect()
}

fn shifted(base: &str, magnitude: i64) -> Option<Number> {
    let (mantissa, exponent) = base.split_once('e')?;
    let exponent: i64 = exponent.parse().ok()?;
    format!("{mantissa}e{}", exponent + magnitude).parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::round;
    use crate::model::Number;
    use crate::view::format::Format;

    fn ticks(low: &str, high: &str, most: i64, whole: bool) -> Vec<String> {
        let ticks = round(&low.parse().unwrap(), &high.parse().unwrap(), most, whole);
        ticks.map_or_else(Vec::new, |ticks| ticks.at.iter().map(|n| n.trimmed().to_string()).collect())
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(ticks("0", "2480", 5, true), ["0", "500", "1000", "1500", "2000", "2500"]);
        assert_eq!(ticks("0", "3", 5, true), ["0", "1", "2", "3"]);
        assert_eq!(ticks("0", "1", 5, true), ["0", "1"]);
        assert_eq!(ticks("0", "0.0123", 5, false), ["0", "0.0025", "0.005", "0.0075", "0.01", "0.0125"]);
        assert_eq!(ticks("-30", "100", 5, false), ["-40", "-20", "0", "20", "40", "60", "80", "100"]);
        assert!(ticks("0", "0", 5, false).is_empty());
    }

    #[test]
    fn long_labels_are_told_in_millions_and_more() {
        let labels = |high: &str, unit| {
            let ticks = round(&Number::zero(), &high.parse().unwrap(), 3, true).unwrap();
            super::labels(&ticks, &Format::of(unit, &ticks.at))
        };
        assert_eq!(labels("29999999", None), ["0", "10,000,000", "20,000,000", "30,000,000"]);
        assert_eq!(labels("299999999", Some("min")), ["0", "100,000,000", "200,000,000", "300,000,000"]);
        assert_eq!(labels("299999999", Some("$")), ["$0", "$100\u{2009}M", "$200\u{2009}M", "$300\u{2009}M"]);
        assert_eq!(labels("7400000000", None), ["0", "2.5\u{2009}bn", "5.0\u{2009}bn", "7.5\u{2009}bn"]);
        assert_eq!(
            labels("140000000000000", Some("bytes")),
            ["0", "50\u{2009}tn", "100\u{2009}tn", "150\u{2009}tn"]
        );
        assert_eq!(labels("1400000000000000000", None), ["0", "500e15", "1,000e15", "1,500e15"]);
    }

    #[test]
    fn numbers_of_any_length_have_ticks() {
        let digits = "7".repeat(65);
        assert_eq!(ticks("0", &digits, 5, true).len(), 5);
    }

    proptest! {
        #[test]
        fn ticks_span_what_they_are_for_and_are_few(low in -1_000_000_i64..=0, high in 0_i64..1_000_000, most in 2_i64..8) {
            prop_assume!(low != 0 || high != 0);
            let (low, high) = (Number::from(low), Number::from(high));
            let ticks = round(&low, &high, most, true).unwrap();
            prop_assert!(ticks.at.first().unwrap() <= &low && ticks.at.last().unwrap() >= &high);
            prop_assert!(i64::try_from(ticks.at.len()).unwrap() <= 2 * most + 1);
            prop_assert!(ticks.at.iter().all(|tick| tick.to_i64().is_some()));
        }
    }
}
