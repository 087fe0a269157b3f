//! Exact decimal numbers, from the database to JSON without a lost digit.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::iter::Sum;
use std::num::NonZeroU64;
use std::ops::{Add, Sub};
use std::str::FromStr;

use bigdecimal::num_bigint::{BigInt, Sign};
use bigdecimal::{BigDecimal, RoundingMode, Zero};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An exact decimal number of any length.
///
/// Equal numbers are equal whatever their trailing zeros; their text keeps the
/// digits that the database gave (`12.50` stays `12.50`).
#[derive(Clone, Debug)]
pub struct Number(Digits);

/// Almost all numbers are small integers, and a cube holds very many of them.
#[derive(Clone, Debug)]
enum Digits {
    /// An integer without decimals.
    Small(i64),
    /// Anything else.
    Big(Box<BigDecimal>),
}

/// A text that is no number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no number")]
pub struct NumberError {
    /// What was given.
    pub text: String,
}

/// How many significant digits a ratio has.
const RATIO_DIGITS: u32 = 12;

/// The largest power of ten a text may carry: beyond it, the plain digits would fill memory.
const LARGEST_EXPONENT: i64 = 400;

impl Number {
    /// Zero.
    pub fn zero() -> Self {
        Self(Digits::Small(0))
    }

    /// The shortest decimal that reads back as this float; `None` for infinities and NaN.
    pub fn from_f64(float: f64) -> Option<Self> {
        float.is_finite().then(|| float.to_string().parse().ok()).flatten()
    }

    /// Whether it is zero.
    pub fn is_zero(&self) -> bool {
        match &self.0 {
            Digits::Small(integer) => *integer == 0,
            Digits::Big(big) => big.is_zero(),
        }
    }

    /// The quotient with 12 significant digits, half to even; `None` when `divisor` is zero.
    pub fn ratio(&self, divisor: &Self) -> Option<Self> {
        if divisor.is_zero() {
            return None;
        }
        if let (Digits::Small(dividend), Digits::Small(by)) = (&self.0, &divisor.0) {
            return Some(divide_small(*dividend, *by));
        }
        // Dividing integers keeps the rounding ours: the library's own division stops at a
        // precision fixed at build time.
        let (dividend, dividend_scale) = self.big().as_bigint_and_exponent();
        let (by, by_scale) = divisor.big().as_bigint_and_exponent();
        Some(divide(&dividend, dividend_scale, &by, by_scale).trimmed())
    }

    /// The quotient with `places` decimals, half to even; `None` when `divisor` is zero.
    ///
    /// It is rounded once: [`Number::ratio`] and then [`Number::rounded`] would round twice.
    pub fn quotient(&self, divisor: &Self, places: u32) -> Option<Self> {
        if divisor.is_zero() {
            return None;
        }
        let ((above, above_scale), (below, below_scale)) = (self.to_scaled(), divisor.to_scaled());
        let ten_to = |power: i64| BigInt::from(10).pow(u32::try_from(power).unwrap_or(u32::MAX));
        let raised = above * ten_to(below_scale + i64::from(places) + 1);
        let by = below * ten_to(above_scale);
        let (mut quotient, rest) = (&raised / &by, &raised % &by);
        let mut scale = i64::from(places) + 1;
        if !rest.is_zero() {
            // A sticky digit, as in `divide`.
            quotient = quotient * 10 + if raised.sign() == by.sign() { 1 } else { -1 };
            scale += 1;
        }
        Some(Self::from_scaled(quotient, scale).rounded(i64::from(places)))
    }

    /// This number rounded to `places` decimals, half to even.
    #[must_use]
    pub fn rounded(&self, places: i64) -> Self {
        self.big().with_scale_round(places, RoundingMode::HalfEven).into()
    }

    /// This number rounded to `digits` significant digits, half to even, without trailing zeros.
    #[must_use]
    pub fn significant(&self, digits: u64) -> Self {
        let precision = NonZeroU64::new(digits).unwrap_or(NonZeroU64::MIN);
        Self::from(self.big().with_precision_round(precision, RoundingMode::HalfEven)).trimmed()
    }

    /// The same number without trailing zeros after the point.
    #[must_use]
    pub fn trimmed(&self) -> Self {
        match &self.0 {
            Digits::Small(_) => self.clone(),
            Digits::Big(big) => {
                let normal = big.normalized();
                let whole = normal.fractional_digit_count() < 0;
                if whole { normal.with_scale(0).into() } else { normal.into() }
            }
        }
    }

    /// The digits as an integer and how many of them stand after the point (never below 0).
    pub fn to_scaled(&self) -> (BigInt, i64) {
        let big = self.big();
        let whole = big.fractional_digit_count() < 0;
        if whole { big.with_scale(0).into_bigint_and_exponent() } else { big.as_bigint_and_exponent() }
    }

    /// The number of that many digits after the point.
    pub fn from_scaled(digits: BigInt, scale: i64) -> Self {
        BigDecimal::new(digits, scale).into()
    }

    /// The number as a 64-bit integer, if it is one.
    pub fn to_i64(&self) -> Option<i64> {
        if let Digits::Small(integer) = &self.0 {
            return Some(*integer);
        }
        match self.trimmed().0 {
            Digits::Small(integer) => Some(integer),
            Digits::Big(_) => None,
        }
    }

    /// The nearest float, for drawing and estimating only: never for a number that is kept or shown.
    pub fn to_f64(&self) -> f64 {
        self.to_string().parse().unwrap_or(f64::NAN)
    }

    /// Whether it is below zero.
    pub fn is_negative(&self) -> bool {
        self.big().sign() == Sign::Minus
    }

    /// The number without its sign.
    #[must_use]
    pub fn abs(&self) -> Self {
        self.big().abs().into()
    }

    /// The product, exact.
    #[must_use]
    pub fn times(&self, factor: &Self) -> Self {
        (self.big().as_ref() * factor.big().as_ref()).into()
    }

    /// Whether two numbers that are made of floats are the same but for their last digits: they lie apart by no more
    /// than a billionth of the larger.
    pub fn is_close(&self, other: &Self) -> bool {
        let apart = (self - other).abs().times(&Self::from(1_000_000_000_i64));
        self == other || apart <= self.abs().max(other.abs())
    }

    fn big(&self) -> Cow<'_, BigDecimal> {
        match &self.0 {
            Digits::Small(integer) => Cow::Owned(BigDecimal::from(*integer)),
            Digits::Big(big) => Cow::Borrowed(big),
        }
    }
}

impl From<BigDecimal> for Number {
    fn from(big: BigDecimal) -> Self {
        if big.fractional_digit_count() == 0
            && let Ok(integer) = i64::try_from(big.as_bigint_and_exponent().0)
        {
            return Self(Digits::Small(integer));
        }
        Self(Digits::Big(Box::new(big)))
    }
}

/// The same for small integers, of which a page has thousands.
fn divide_small(dividend: i64, by: i64) -> Number {
    let (above, below) = (u128::from(dividend.unsigned_abs()), u128::from(by.unsigned_abs()));
    if above == 0 {
        return Number::zero();
    }
    let digits = |number: u128| number.ilog10() + 1;
    // Above has at most 19 digits, and raised as many as below and 14 more: 33 fit into 128 bits.
    let shift = (RATIO_DIGITS + 2 + digits(below)).saturating_sub(digits(above));
    let raised = above * 10u128.pow(shift);
    let (mut quotient, mut inexact) = (raised / below, !raised.is_multiple_of(below));
    let mut scale = i64::from(shift);
    let surplus = digits(quotient).saturating_sub(RATIO_DIGITS);
    if surplus > 0 {
        let unit = 10u128.pow(surplus);
        let (rest, half) = (quotient % unit, unit / 2);
        quotient /= unit;
        scale -= i64::from(surplus);
        let up = rest > half || rest == half && (inexact || !quotient.is_multiple_of(2));
        quotient += u128::from(up);
        inexact = false;
    }
    debug_assert!(!inexact, "the quotient has more than twelve digits unless it is exact");
    while scale > 0 && quotient.is_multiple_of(10) {
        quotient /= 10;
        scale -= 1;
    }
    while scale < 0 {
        quotient *= 10;
        scale += 1;
    }
    let digits = BigInt::from(quotient);
    let negative = (dividend < 0) != (by < 0);
    BigDecimal::new(if negative { -digits } else { digits }, scale).into()
}

/// `dividend / by` with [`RATIO_DIGITS`] significant digits, half to even.
fn divide(dividend: &BigInt, dividend_scale: i64, by: &BigInt, by_scale: i64) -> Number {
    let digits = |number: &BigInt| u64::try_from(number.magnitude().to_string().len()).unwrap_or(u64::MAX);
    // Enough places that the integer quotient has at least a digit to spare.
    let shift = (u64::from(RATIO_DIGITS) + 2 + digits(by)).saturating_sub(digits(dividend));
    let raised = dividend * BigInt::from(10).pow(u32::try_from(shift).unwrap_or(u32::MAX));
    let (mut quotient, rest) = (&raised / by, &raised % by);
    let mut scale = dividend_scale - by_scale + i64::try_from(shift).unwrap_or(i64::MAX);
    if !rest.is_zero() {
        // A sticky digit stands for all that is cut off, so that a tie is a tie only when exact.
        let negative = (dividend.sign() == Sign::Minus) != (by.sign() == Sign::Minus);
        quotient = quotient * 10 + if negative { -1 } else { 1 };
        scale += 1;
    }
    let exact = BigDecimal::new(quotient, scale);
    let precision = NonZeroU64::new(RATIO_DIGITS.into()).unwrap_or(NonZeroU64::MIN);
    exact.with_precision_round(precision, RoundingMode::HalfEven).into()
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Number {}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (Digits::Small(one), Digits::Small(other)) => one.cmp(other),
            _ => self.big().cmp(&other.big()),
        }
    }
}

impl From<i64> for Number {
    fn from(integer: i64) -> Self {
        Self(Digits::Small(integer))
    }
}

impl From<u64> for Number {
    fn from(integer: u64) -> Self {
        i64::try_from(integer).map_or_else(|_| BigDecimal::from(integer).into(), Self::from)
    }
}

impl Add<&Number> for Number {
    type Output = Number;

    fn add(self, other: &Number) -> Number {
        if let (Digits::Small(one), Digits::Small(other)) = (&self.0, &other.0)
            && let Some(sum) = one.checked_add(*other)
        {
            return Number(Digits::Small(sum));
        }
        (self.big().into_owned() + other.big().as_ref()).into()
    }
}

impl Sub for &Number {
    type Output = Number;

    fn sub(self, other: &Number) -> Number {
        (self.big().as_ref() - other.big().as_ref()).into()
    }
}

impl<'a> Sum<&'a Number> for Number {
    fn sum<I: Iterator<Item = &'a Number>>(numbers: I) -> Number {
        numbers.fold(Number::zero(), |sum, number| sum + number)
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Digits::Small(integer) if f.width().is_none() && f.precision().is_none() => {
                write!(f, "{integer}")
            }
            Digits::Small(integer) => f.pad(&integer.to_string()),
            Digits::Big(big) => f.pad(&big.to_plain_string()),
        }
    }
}

impl FromStr for Number {
    type Err = NumberError;

    fn from_str(text: &str) -> Result<Self, NumberError> {
        let wrong = || NumberError { text: text.chars().take(80).collect() };
        let number = text.trim();
        if let Ok(integer) = number.parse() {
            return Ok(Self(Digits::Small(integer)));
        }
        let plain =
            number.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E'));
        if !plain || !number.bytes().any(|b| b.is_ascii_digit()) {
            return Err(wrong());
        }
        let exponent = number.split_once(['e', 'E']).map_or(Ok(0), |(_, e)| e.parse::<i64>());
        match exponent {
            Ok(e) if e.abs() <= LARGEST_EXPONENT => {}
            _ => return Err(wrong()),
        }
        BigDecimal::from_str(number).map(Self::from).map_err(|_| wrong())
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Digits::Small(integer) => serializer.serialize_i64(*integer),
            Digits::Big(big) => serde_json::Number::from_str(&big.to_plain_string())
                .map_err(serde::ser::Error::custom)?
                .serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = serde_json::Number::deserialize(deserializer)?;
        number.as_str().parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Number;

    fn number(text: &str) -> Number {
        text.parse().unwrap()
    }

    #[test]
    fn floats_are_close_within_a_billionth_of_the_larger() {
        let close = |a: &str, b: &str| number(a).is_close(&number(b));
        assert!(close("1000000000", "999999999") && close("-1000000000", "-999999999"));
        assert!(!close("1000000000", "999999998.9999999999999999999"));
        assert!(close("0", "0") && !close("0", "1e-30") && !close("1", "-1"));
    }

    #[test]
    fn sixty_five_digits_survive_json() {
        let digits = "12345678901234567890123456789012345.678901234567890123456789012345";
        let json = serde_json::to_string(&number(digits)).unwrap();
        assert_eq!(json, digits);
        assert_eq!(serde_json::from_str::<Number>(&json).unwrap().to_string(), digits);
    }

    #[test]
    fn a_ratio_has_twelve_significant_digits_half_to_even() {
        let ratio = |a: &str, b: &str| number(a).ratio(&number(b)).unwrap().to_string();
        assert_eq!(ratio("63", "20770"), "0.00303322099182");
        assert_eq!(ratio("2", "3"), "0.666666666667");
        assert_eq!(ratio("-2", "3"), "-0.666666666667");
        assert_eq!(ratio("1", "4"), "0.25");
        assert_eq!(ratio("6", "3"), "2");
        assert_eq!(ratio("3000000", "1"), "3000000");
        // Exact ties: the thirteenth digit is a lone 5.
        assert_eq!(ratio("1000000000005", "10"), "100000000000");
        assert_eq!(ratio("1000000000015", "10"), "100000000002");
        // No tie: something follows the 5.
        assert_eq!(ratio("10000000000050000001", "100000000"), "100000000001");
        assert_eq!(number("1").ratio(&number("0.00")), None);
    }

    #[test]
    fn a_quotient_is_rounded_once() {
        let quotient = |a: &str, b: &str, places| number(a).quotient(&number(b), places).unwrap().to_string();
        assert_eq!(quotient("2", "3", 2), "0.67");
        assert_eq!(quotient("-2", "3", 2), "-0.67");
        assert_eq!(quotient("1", "8", 2), "0.12");
        assert_eq!(quotient("3", "8", 2), "0.38");
        assert_eq!(quotient("1.00000000000000000001", "8", 2), "0.13");
        assert_eq!(quotient("-1.00000000000000000001", "8", 2), "-0.13");
        assert_eq!(quotient("0", "0.5", 0), "0");
        assert_eq!(quotient("5", "0.002", 0), "2500");
        assert_eq!(number("1").quotient(&number("0.00"), 2), None);
    }

    #[test]
    fn rounding_to_places_is_half_to_even() {
        assert_eq!(number("0.125").rounded(2).to_string(), "0.12");
        assert_eq!(number("0.135").rounded(2).to_string(), "0.14");
        assert_eq!(number("-3.705").rounded(2).to_string(), "-3.70");
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["", "-", ".", "e5", "1e999999999", "NaN", "inf", "0x10", "1 2", "١٢"] {
            assert!(text.parse::<Number>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_float_becomes_its_shortest_decimal() {
        assert_eq!(Number::from_f64(0.1).unwrap().to_string(), "0.1");
        assert_eq!(Number::from_f64(1e21).unwrap().to_string(), "1000000000000000000000");
        assert_eq!(Number::from_f64(f64::NAN), None);
    }

    proptest! {
        #[test]
        fn small_and_big_digits_agree(a in any::<i64>(), b in any::<i64>()) {
            // The same numbers written with decimals take the other road.
            let (big_a, big_b) = (number(&format!("{a}.0")), number(&format!("{b}.0")));
            prop_assert_eq!(Number::from(a) + &Number::from(b), big_a.clone() + &big_b);
            prop_assert_eq!(Number::from(a).cmp(&Number::from(b)), big_a.cmp(&big_b));
            prop_assert_eq!((i128::from(a) + i128::from(b)).to_string(), (Number::from(a) + &Number::from(b)).to_string());
        }

        #[test]
        fn small_and_big_ratios_agree(a in any::<i64>(), b in any::<i64>(), small in 1i64..1000) {
            let big = |integer: i64| number(&format!("{integer}.0"));
            for (above, below) in [(a, b), (a, small), (small, b), (a % 1000, small)] {
                let ratio = Number::from(above).ratio(&Number::from(below));
                let slow = big(above).ratio(&big(below));
                prop_assert_eq!(ratio.as_ref().map(ToString::to_string), slow.map(|slow| slow.to_string()));
            }
        }

        #[test]
        fn integers_round_trip(integer in any::<i64>()) {
            prop_assert_eq!(Number::from(integer).to_i64(), Some(integer));
            prop_assert_eq!(serde_json::to_string(&Number::from(integer)).unwrap(), integer.to_string());
        }

        #[test]
        fn a_ratio_is_off_by_at_most_half_a_unit_of_its_last_digit(a in -10_000_000i64..10_000_000, b in 1i64..10_000_000) {
            let ratio = Number::from(a).ratio(&Number::from(b)).unwrap();
            // |ratio * b - a| <= b * half a unit of the twelfth digit
            let back = ratio.times(&Number::from(b));
            let error = (&back - &Number::from(a)).abs().to_f64();
            prop_assert!(error <= Number::from(a.abs()).to_f64() * 5.1e-12, "{a} / {b} = {ratio}");
        }
    }
}
