//! The one place where numbers become text for people: grouping, places, units, signs,
//! and what is said where there is no number.
//!
//! Numbers are rounded half to even and only here, on the way out. All members of a
//! metric are shown with the same places, so that a column of them lines up.

use std::fmt;

use crate::model::Number;
use crate::model::metrics_doc::{Figure, MetricDoc};

/// The minus sign, which is as wide as a plus; the hyphen is not.
pub const MINUS: char = '\u{2212}';

/// The thin space between a number and its unit on a page.
pub const THIN_SPACE: char = '\u{2009}';

/// How many decimals are ever shown, however small the number.
const MOST_PLACES: i64 = 12;

/// How the numbers of one metric are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Format {
    unit: Unit,
    places: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Unit {
    None,
    /// The number is a plain fraction, shown in percent.
    Percent,
    /// A sign that stands before the number, as a currency's does.
    Before(String),
    After(String),
}

/// A number as people read it, with its unit apart so that it can be set smaller.
///
/// As text (`to_string`) a plain space stands between the two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Sign, currency sign and digits: `−$1,234.50`.
    pub number: String,
    /// The unit after it: `%`, `min`.
    pub unit: Option<String>,
}

impl Shown {
    /// The text for a page: a thin space before the unit.
    pub fn html(&self) -> String {
        self.joined(THIN_SPACE)
    }

    fn joined(&self, space: char) -> String {
        match &self.unit {
            Some(unit) => format!("{}{space}{unit}", self.number),
            None => self.number.clone(),
        }
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.joined(' '))
    }
}

impl Format {
    /// The format for numbers of a unit, fitted to those that will be shown with it.
    ///
    /// Rates have two decimals of a percent, money has two, whole numbers have none. Others have
    /// one from 100 on, two from 1 on, and below that three significant digits, by the largest
    /// of them; and never more than they have themselves.
    pub fn of<'a>(unit: Option<&str>, numbers: impl IntoIterator<Item = &'a Number>) -> Self {
        match Unit::of(unit) {
            Unit::Percent => Self { unit: Unit::Percent, places: 2 },
            Unit::Before(sign) if sign != "¥" => Self { unit: Unit::Before(sign), places: 2 },
            unit => Self { unit, places: places_for(numbers) },
        }
    }

    /// The format for all numbers of a metric, its total and its members.
    pub fn of_metric(metric: &MetricDoc) -> Self {
        let days_own = metric.day.iter();
        let members = metric
            .by
            .values()
            .flatten()
            .flat_map(|member| [Some(&member.figure), member.day.as_ref()])
            .flatten();
        let figures = std::iter::once(&metric.figure).chain(days_own).chain(members);
        Self::of(metric.unit.as_deref(), figures.filter_map(|figure| figure.value.as_ref()))
    }

    /// Whole numbers without a unit.
    pub fn whole() -> Self {
        Self { unit: Unit::None, places: 0 }
    }

    /// Shares of a whole: percent with one decimal.
    pub fn share() -> Self {
        Self { unit: Unit::Percent, places: 1 }
    }

    /// Numbers that are in percent already, with so many decimals.
    pub fn percentage(places: i64) -> Self {
        Self { unit: Unit::After("%".to_owned()), places }
    }

    /// The same unit, fitted to other numbers of it.
    #[must_use]
    pub fn fitted_to<'a>(&self, numbers: impl IntoIterator<Item = &'a Number>) -> Self {
        let places = match &self.unit {
            Unit::None | Unit::After(_) => places_for(numbers),
            Unit::Before(sign) if sign == "¥" => places_for(numbers),
            Unit::Before(_) | Unit::Percent => self.places,
        };
        Self { unit: self.unit.clone(), places }
    }

    /// The same unit with the places that a small number needs to be seen: two of its digits.
    #[must_use]
    pub fn finer(&self, number: &Number) -> Self {
        let (digits, scale) = self.scaled(number).trimmed().to_scaled();
        let length = digits.to_string().trim_start_matches('-').len();
        let first = scale + 1 - i64::try_from(length).unwrap_or(i64::MAX);
        let places =
            if number.is_zero() || first <= self.places { self.places } else { scale.min(first + 1) };
        Self { unit: self.unit.clone(), places }
    }

    /// Whether a unit or a sign stands with each number.
    pub fn has_unit(&self) -> bool {
        self.unit != Unit::None
    }

    /// Whether the numbers are fractions that are shown in percent.
    pub fn is_percent(&self) -> bool {
        self.unit == Unit::Percent
    }

    /// The same unit with as many places as this step needs, for the ticks of an axis.
    #[must_use]
    pub fn for_step(&self, step: &Number) -> Self {
        let (_, scale) = self.scaled(step).trimmed().to_scaled();
        Self { unit: self.unit.clone(), places: scale.max(0) }
    }

    /// The unit after the numbers where it can be said once for all of them, as in the heading of a
    /// column; `%` and a currency's sign stay with each number.
    pub fn common_unit(&self) -> Option<&str> {
        if let Unit::After(unit) = &self.unit { Some(unit) } else { None }
    }

    /// The number without the unit that [`Format::common_unit`] tells.
    pub fn show_bare(&self, number: &Number) -> Shown {
        let shown = self.show(number);
        if self.common_unit().is_some() { Shown { unit: None, ..shown } } else { shown }
    }

    /// The places, where the unit stands (`%`, `<` before the number, `>` after it, or nowhere) and
    /// the unit, for a script that shows further numbers of the kind.
    pub(super) fn told(&self) -> (i64, &'static str, &str) {
        let (at, unit) = match &self.unit {
            Unit::None => ("", ""),
            Unit::Percent => ("%", ""),
            Unit::Before(unit) => ("<", unit.as_str()),
            Unit::After(unit) => (">", unit.as_str()),
        };
        (self.places, at, unit)
    }

    /// Whether only whole numbers are shown.
    pub fn is_whole(&self) -> bool {
        self.places == 0 && self.unit != Unit::Percent
    }

    /// The number as people read it.
    ///
    /// What is not zero but would read as zero is shown as below the smallest number that can be
    /// told apart: `<0.01`.
    pub fn show(&self, number: &Number) -> Shown {
        let scaled = self.scaled(number);
        let rounded = scaled.rounded(self.places);
        let hidden = rounded.is_zero() && !scaled.is_zero();
        let shown = if hidden { smallest(self.places) } else { rounded.abs() };
        let bound = match (hidden, scaled.is_negative()) {
            (false, _) => "",
            (true, false) => "<",
            (true, true) => ">",
        };
        let sign = if scaled.is_negative() { MINUS.to_string() } else { String::new() };
        let (before, after) = match &self.unit {
            Unit::None => ("", None),
            Unit::Percent => ("", Some("%".to_owned())),
            Unit::Before(unit) => (unit.as_str(), None),
            Unit::After(unit) => ("", Some(unit.clone())),
        };
        Shown { number: format!("{bound}{sign}{before}{}", group(&shown.to_string())), unit: after }
    }

    fn scaled(&self, number: &Number) -> Number {
        if self.unit == Unit::Percent { number.times(&Number::from(100_i64)) } else { number.clone() }
    }
}

impl Unit {
    fn of(unit: Option<&str>) -> Self {
        match unit.map(str::trim) {
            None | Some("") => Self::None,
            Some("%") => Self::Percent,
            Some(sign @ ("$" | "€" | "£" | "¥" | "US$")) => Self::Before(sign.to_owned()),
            Some(unit) => Self::After(unit.to_owned()),
        }
    }
}

/// How many decimals these numbers need to be told apart at a glance.
fn places_for<'a>(numbers: impl IntoIterator<Item = &'a Number>) -> i64 {
    let mut largest = Number::zero();
    let mut own_places = 0;
    for number in numbers {
        let (_, scale) = number.trimmed().to_scaled();
        own_places = own_places.max(scale);
        largest = largest.max(number.abs());
    }
    let wanted = match magnitude(&largest) {
        None => 0,
        Some(2..) => 1,
        Some(0 | 1) => 2,
        Some(below) => 2 - below,
    };
    wanted.min(own_places).min(MOST_PLACES)
}

/// The power of ten of the first digit: 0 for 7, 2 for 350, -3 for 0.004; none for zero.
pub(super) fn magnitude(number: &Number) -> Option<i64> {
    if number.is_zero() {
        return None;
    }
    let (digits, scale) = number.abs().to_scaled();
    let length = i64::try_from(digits.to_string().len()).unwrap_or(i64::MAX);
    Some(length - scale - 1)
}

/// One unit of the last place.
fn smallest(places: i64) -> Number {
    format!("1e-{places}").parse().unwrap_or_else(|_| Number::zero())
}

/// The digits in groups of three, with commas, before the point.
fn group(plain: &str) -> String {
    let (whole, fraction) = plain.split_once('.').map_or((plain, None), |(whole, rest)| (whole, Some(rest)));
    let mut text = String::with_capacity(plain.len() + plain.len() / 3);
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    if let Some(fraction) = fraction {
        text.push('.');
        text.push_str(fraction);
    }
    text
}

/// A count without a unit: `20,770`.
pub fn count(number: u64) -> String {
    group(&number.to_string())
}

/// What is said in place of a number: that it was not captured, or that it is not known and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing<'a> {
    /// The words in place of the number.
    pub words: &'static str,
    /// Why there is none.
    pub reason: Option<&'a str>,
}

/// What to say for a figure without a value; `None` when it has one.
pub fn missing(figure: &Figure) -> Option<Missing<'_>> {
    match (&figure.value, figure.reason.as_deref()) {
        (Some(_), _) => None,
        (None, None) => Some(Missing { words: "not captured", reason: None }),
        (None, reason) => Some(Missing { words: "unknown", reason }),
    }
}

/// What stands in a table's cell that has no number.
pub const DASH: &str = "—";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Format, MINUS, missing};
    use crate::model::Number;
    use crate::model::metrics_doc::Figure;

    fn number(text: &str) -> Number {
        text.parse().unwrap()
    }

    fn shown(unit: Option<&str>, text: &str) -> String {
        let number = number(text);
        Format::of(unit, [&number]).show(&number).to_string()
    }

    #[test]
    fn whole_numbers_are_grouped_and_have_no_decimals() {
        assert_eq!(shown(None, "0"), "0");
        assert_eq!(shown(None, "999"), "999");
        assert_eq!(shown(None, "20770"), "20,770");
        assert_eq!(shown(None, "1e15"), "1,000,000,000,000,000");
        assert_eq!(shown(None, "-1418"), "−1,418");
        assert_eq!(shown(None, "12.00"), "12");
    }

    #[test]
    fn decimals_keep_what_can_be_read_at_a_glance() {
        assert_eq!(shown(Some("min"), "9214.5833333"), "9,214.6 min");
        assert_eq!(shown(Some("s"), "34.5678"), "34.57 s");
        assert_eq!(shown(Some("s"), "12.5"), "12.5 s");
        assert_eq!(shown(None, "-0.5"), "−0.5");
        assert_eq!(shown(None, "0.00123456"), "0.00123");
        assert_eq!(shown(None, "0.00000000000000004"), "<0.000000000001");
    }

    #[test]
    fn rounding_is_half_to_even_and_carries() {
        assert_eq!(shown(None, "999.95"), "1,000.0");
        assert_eq!(shown(None, "100.25"), "100.2");
        assert_eq!(shown(None, "100.35"), "100.4");
        assert_eq!(shown(Some("%"), "0.000125"), "0.01 %");
        assert_eq!(shown(Some("%"), "0.99999"), "100.00 %");
    }

    #[test]
    fn sixty_five_digits_are_all_shown() {
        let digits = "1".repeat(65);
        let expected = format!("11{}", ",111".repeat(21));
        assert_eq!(shown(None, &digits), expected);
    }

    #[test]
    fn rates_are_percent_with_two_decimals() {
        assert_eq!(shown(Some("%"), "0.00303322099182"), "0.30 %");
        assert_eq!(shown(Some("%"), "0"), "0.00 %");
        assert_eq!(shown(Some("%"), "1"), "100.00 %");
        assert_eq!(shown(Some("%"), "-0.05"), "−5.00 %");
        let rate = number("0.00303322099182");
        assert_eq!(Format::of(Some("%"), [&rate]).show(&rate).html(), "0.30\u{2009}%");
    }

    #[test]
    fn what_is_not_zero_never_reads_as_zero() {
        assert_eq!(shown(Some("%"), "0.00001"), "<0.01 %");
        assert_eq!(shown(Some("%"), "-0.00001"), ">−0.01 %");
        assert_eq!(Format::whole().show(&number("0.2")).to_string(), "<1");
        assert_eq!(Format::whole().show(&number("-0.5")).to_string(), ">−1");
        assert_eq!(Format::whole().show(&number("-0.0")).to_string(), "0");
    }

    #[test]
    fn a_currency_stands_before_its_number_and_has_cents() {
        assert_eq!(shown(Some("$"), "1234.5"), "$1,234.50");
        assert_eq!(shown(Some("€"), "-5"), "−€5.00");
        assert_eq!(shown(Some("¥"), "1200"), "¥1,200");
        assert_eq!(shown(Some("USD"), "12"), "12 USD");
    }

    #[test]
    fn a_column_has_the_places_of_its_largest_number() {
        let column = [number("9214.58"), number("3.25"), number("0.01")];
        let format = Format::of(Some("min"), &column);
        let texts: Vec<_> = column.iter().map(|n| format.show(n).number).collect();
        assert_eq!(texts, ["9,214.6", "3.2", "<0.1"]);
    }

    #[test]
    fn a_unit_can_be_said_once_for_a_column() {
        let bare = |unit| {
            let format = Format::of(unit, [&number("1.5")]);
            (format.show_bare(&number("1.5")).to_string(), format.common_unit().map(str::to_owned))
        };
        assert_eq!(bare(Some("min")), ("1.5".into(), Some("min".into())));
        assert_eq!(bare(Some("%")), ("150.00 %".into(), None));
        assert_eq!(bare(Some("$")), ("$1.50".into(), None));
    }

    #[test]
    fn ticks_have_the_places_of_their_step() {
        let rate = Format::of(Some("%"), []);
        assert_eq!(rate.for_step(&number("0.005")).show(&number("0.015")).to_string(), "1.5 %");
        assert_eq!(rate.for_step(&number("0.1")).show(&number("0.3")).to_string(), "30 %");
        assert_eq!(Format::whole().for_step(&number("500")).show(&number("2500")).to_string(), "2,500");
    }

    #[test]
    fn no_number_is_said_in_words() {
        let mut figure = Figure::default();
        assert_eq!(missing(&figure).unwrap().words, "not captured");
        figure.reason = Some("no calls to divide by".into());
        assert_eq!(missing(&figure).unwrap().words, "unknown");
        assert_eq!(missing(&figure).unwrap().reason, Some("no calls to divide by"));
        figure.value = Some(Number::zero());
        assert_eq!(missing(&figure), None);
    }

    proptest! {
        #[test]
        fn a_grouped_integer_reads_back(integer in any::<i64>()) {
            let text = Format::whole().show(&Number::from(integer)).to_string();
            let plain: String = text.chars().filter(|c| *c != ',').map(|c| if c == MINUS { '-' } else { c }).collect();
            prop_assert_eq!(plain.parse::<i64>(), Ok(integer));
            for part in text.trim_start_matches(MINUS).split(',').skip(1) {
                prop_assert_eq!(part.len(), 3);
            }
        }

        #[test]
        fn what_is_shown_is_off_by_at_most_half_its_last_place(digits in -10_000_000_i64..10_000_000, scale in 0_i64..7) {
            let exact = number(&format!("{digits}e-{scale}"));
            let format = Format::of(None, [&exact]);
            let text = format.show(&exact).number;
            prop_assume!(!text.contains(['<', '>']));
            let plain: String = text.chars().filter(|c| *c != ',').map(|c| if c == MINUS { '-' } else { c }).collect();
            let places = plain.split_once('.').map_or(0, |(_, fraction)| fraction.len());
            let off = (&number(&plain) - &exact).abs();
            prop_assert!(off.times(&Number::from(2_i64)) <= number(&format!("1e-{places}")), "{exact} as {text}");
        }
    }
}
