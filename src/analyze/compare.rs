//! The change from one number to another.

use crate::model::Number;
use crate::model::compared::ChangeDoc;

/// How many decimals a percentage of change has.
const PERCENTAGE_PLACES: u32 = 2;

/// The change from `baseline` to `value`: the exact difference, and in percent of the baseline's size,
/// `100 · (value − baseline) / |baseline|`, half to even.
///
/// Between rates, which are fractions, the difference is a fraction too: 0.01 is one percentage point.
pub fn compare(value: &Number, baseline: &Number) -> ChangeDoc {
    let change = value - baseline;
    let percentage = percentage(&change, baseline, PERCENTAGE_PLACES);
    ChangeDoc { change, percentage }
}

/// A change in percent of its baseline's size with so many decimals, rounded once; `None` when the
/// baseline is 0.
pub fn percentage(change: &Number, baseline: &Number, places: u32) -> Option<Number> {
    change.times(&Number::from(100_i64)).quotient(&baseline.abs(), places)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::compare;
    use crate::model::Number;

    fn number(text: &str) -> Number {
        text.parse().unwrap()
    }

    fn compared(value: &str, baseline: &str) -> (String, Option<String>) {
        let found = compare(&number(value), &number(baseline));
        (found.change.to_string(), found.percentage.map(|percentage| percentage.to_string()))
    }

    #[test]
    fn a_change_is_exact_and_its_percentage_has_two_decimals() {
        assert_eq!(compared("20770", "20029"), ("741".into(), Some("3.70".into())));
        assert_eq!(compared("63", "71"), ("-8".into(), Some("-11.27".into())));
        assert_eq!(compared("5", "5"), ("0".into(), Some("0.00".into())));
        // Between rates: 0.05 of a percentage point, a seventh less.
        assert_eq!(compared("0.0030", "0.0035"), ("-0.0005".into(), Some("-14.29".into())));
    }

    #[test]
    fn there_is_no_percentage_of_nothing() {
        assert_eq!(compared("12", "0"), ("12".into(), None));
        assert_eq!(compared("0", "0.00"), ("0.00".into(), None));
        assert_eq!(compared("0", "12"), ("-12".into(), Some("-100.00".into())));
    }

    #[test]
    fn a_percentage_has_the_sign_of_its_change() {
        assert_eq!(compared("-5", "-10"), ("5".into(), Some("50.00".into())));
        assert_eq!(compared("5", "-10"), ("15".into(), Some("150.00".into())));
    }

    #[test]
    fn percentages_are_rounded_once_and_half_to_even() {
        // 0.125 % and 0.375 % are ties; 0.12500000000000001 % is none.
        assert_eq!(compared("80100", "80000").1.as_deref(), Some("0.12"));
        assert_eq!(compared("80300", "80000").1.as_deref(), Some("0.38"));
        assert_eq!(compared("100.12500000000000001", "100").1.as_deref(), Some("0.13"));
        assert_eq!(compared("-100.12500000000000001", "-100").1.as_deref(), Some("-0.13"));
    }

    #[test]
    fn numbers_of_any_length_are_compared() {
        let large = "9".repeat(65);
        assert_eq!(compared(&large, "1").1.map(|text| text.len()), Some(65 + 2 + 3));
        let found = compare(&number(&large), &number(&large));
        assert!(found.change.is_zero());
    }

    proptest! {
        #[test]
        fn the_change_back_is_the_negative(a in any::<i64>(), b in any::<i64>(), scale in 0_u8..9) {
            let (a, b) = (number(&format!("{a}e-{scale}")), number(&format!("{b}e-{scale}")));
            let (there, back) = (compare(&a, &b).change, compare(&b, &a).change);
            prop_assert!((there + &back).is_zero());
        }

        #[test]
        fn a_percentage_is_off_by_at_most_half_its_last_place(value in -1_000_000_i64..1_000_000, baseline in 1_i64..1_000_000) {
            let found = compare(&Number::from(value), &Number::from(baseline));
            let percentage = found.percentage.unwrap();
            // |percentage · baseline − 100 · change| ≤ 0.005 · baseline
            let off = &percentage.times(&Number::from(baseline)) - &Number::from((value - baseline) * 100);
            prop_assert!(off.abs() <= number("0.005").times(&Number::from(baseline)), "{percentage}");
        }
    }
}
