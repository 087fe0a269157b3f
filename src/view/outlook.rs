//! What is to be said of a forecast, as sentences: what it rests on, and how far it was right before.

use chrono::Weekday;

use super::format::{Format, Shown, count};
use crate::analyze::forecast::{Interval, LEVEL, Method, weekdays};
use crate::analyze::outlook::{Outlook, Tested};
use crate::model::Day;

/// How many days are named one by one.
const MOST_NAMED: usize = 5;

/// All there is to say, the most important first.
pub fn sentences(outlook: &Outlook, label: &str, format: &Format) -> Vec<String> {
    let mut said = Vec::new();
    if outlook.back_test.as_ref().is_some_and(|test| test.worse) {
        said.push(
            "On the past this forecast did worse than the same weekday's value of the week before: \
             that is the better guess."
                .to_owned(),
        );
    }
    if let Some(test) = outlook.back_test.as_ref().filter(|test| is_too_narrow(test)) {
        said.push(format!(
            "The interval is too narrow: made for {LEVEL} % of the days, on the past it held {}.",
            inside(test)
        ));
    }
    said.push(method(outlook));
    if !outlook.back_test.as_ref().is_some_and(is_too_narrow) {
        said.extend(interval(outlook.interval));
    }
    said.push(match &outlook.back_test {
        Some(test) => tested(test, label, format),
        None => "There are too few days to try it on the past.".to_owned(),
    });
    if !outlook.filled.is_empty() {
        let (days, is) = many(outlook.filled.len(), "day is", "days are");
        said.push(format!(
            "{days} {is} not known ({}); the median of the same weekday stood in.",
            named(&outlook.filled)
        ));
    }
    if !outlook.provisional.is_empty() {
        let (days, was) = many(outlook.provisional.len(), "day was", "days were");
        said.push(format!(
            "{days} {was} captured before being over and left out ({}).",
            named(&outlook.provisional)
        ));
    }
    if let Some(since) = outlook.defined_since {
        said.push(format!("The metric was defined otherwise before {since}: no earlier day counts."));
    }
    said
}

/// Which part of the days on which it was tried lay inside the interval.
fn inside(test: &Tested) -> String {
    test.inside_percentage()
        .map_or_else(String::new, |inside| Format::percentage(1).show(&inside).to_string())
}

/// Whether the interval held ten points less than it promises.
fn is_too_narrow(test: &Tested) -> bool {
    test.inside * 100 < test.days * (usize::from(LEVEL) - 10)
}

fn method(outlook: &Outlook) -> String {
    let (first, last) = outlook.basis;
    let known = format!("{} known days from {first} to {last}", count(outlook.known as u64));
    match outlook.method {
        Method::Constant => format!(
            "All of the {known} had the same value: the forecast is that value, and its interval has no width."
        ),
        Method::SameWeek => format!(
            "Each of the {known} was like the same weekday before: the forecast is that week again, and its interval has no width."
        ),
        Method::Model => {
            let known =
                format!("From {known}, by their weekly pattern (MSTL) and exponential smoothing (ETS).");
            // What the past says of the interval holds, and not what the model hopes.
            if outlook.back_test.as_ref().is_some_and(is_too_narrow) {
                return known;
            }
            format!("{known} If the days go on as before, {LEVEL} % of them lie inside the interval.")
        }
    }
}

/// What the interval rests on, where that is more than the model.
fn interval(interval: Interval) -> Option<String> {
    let Interval::BackTest { origins } = interval else { return None };
    let origins = count(origins as u64);
    Some(format!(
        "The interval is at least so wide that it would have held {LEVEL} % of the last {origins} forecasts of as many days ahead."
    ))
}

fn tested(test: &Tested, label: &str, format: &Format) -> String {
    let (origins, times) = many(test.origins, "day", "days");
    let errors = format.fitted_to([&test.error, &test.error_of_last_week]);
    let error = |number| {
        let shown = errors.show(number);
        // What rates are off by are points.
        let shown = if errors.is_percent() { Shown { unit: Some("pt".to_owned()), ..shown } } else { shown };
        // A number alone would be off by nothing that can be named.
        if errors.has_unit() { shown.to_string() } else { format!("{shown} {}", in_a_sentence(label)) }
    };
    let (error, other) = (error(&test.error), error(&test.error_of_last_week));
    let mut said = format!(
        "Tried on the past from {origins} {times}, {} ahead: off by {error} in the mean (mean absolute error), the same weekday of the week before by {other}",
        test.horizon
    );
    if !is_too_narrow(test) {
        said.push_str(&format!("; {} of the days lay inside their {LEVEL} % interval", inside(test)));
    }
    said + "."
}

/// A metric's label inside of a sentence: `calls` for `Calls`, and `SLA` as it is.
fn in_a_sentence(label: &str) -> String {
    let mut letters = label.chars();
    match (letters.next(), letters.next()) {
        (Some(first), Some(second)) if !second.is_uppercase() => {
            first.to_lowercase().chain(std::iter::once(second)).chain(letters).collect()
        }
        _ => label.to_owned(),
    }
}

fn many(number: usize, one: &'static str, more: &'static str) -> (String, &'static str) {
    (count(number as u64), if number == 1 { one } else { more })
}

/// The days, or of many which weekdays they are.
fn named(days: &[Day]) -> String {
    if days.len() <= MOST_NAMED {
        return days.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    }
    let first = days.first().map(ToString::to_string).unwrap_or_default();
    let last = days.last().map(ToString::to_string).unwrap_or_default();
    let weekdays: Vec<String> = weekdays(days).iter().map(Weekday::to_string).collect();
    format!("{first} to {last}, {}", weekdays.join(" "))
}

#[cfg(test)]
mod tests {
    use super::sentences;
    use crate::analyze::forecast::{Interval, Method};
    use crate::analyze::outlook::{Outlook, Tested};
    use crate::view::format::Format;

    #[test]
    fn errors_carry_the_unit_and_those_of_rates_are_points() {
        let test = Tested {
            origins: 2,
            horizon: 7,
            days: 14,
            error: "0.01234".parse().unwrap(),
            error_of_last_week: "0.05".parse().unwrap(),
            inside: 14,
            worse: false,
        };
        let said = super::tested(&test, "Rate", &Format::of(Some("%"), []));
        assert!(said.contains("off by 1.23 pt in the mean (mean absolute error), the same weekday of the week before by 5.00 pt;"), "{said}");
        let test = Tested {
            error: "5187.125".parse().unwrap(),
            error_of_last_week: "7359".parse().unwrap(),
            ..test
        };
        let said = super::tested(&test, "Paid", &Format::of(Some("$"), []));
        assert!(said.contains("off by $5,187.12 in the mean (mean absolute error), the same weekday of the week before by $7,359.00;"), "{said}");
    }

    #[test]
    fn that_last_week_was_the_better_guess_comes_first() {
        let day = |text: &str| text.parse().unwrap();
        let test = Tested {
            origins: 1,
            horizon: 7,
            days: 7,
            error: "12.5".parse().unwrap(),
            error_of_last_week: "8".parse().unwrap(),
            inside: 5,
            worse: true,
        };
        let mut outlook = Outlook {
            days: Vec::new(),
            method: Method::Model,
            interval: Interval::BackTest { origins: 28 },
            basis: (day("2025-09-01"), day("2025-09-30")),
            known: 28,
            filled: vec![day("2025-09-05"), day("2025-09-12")],
            provisional: vec![day("2025-10-01")],
            defined_since: Some(day("2025-09-01")),
            back_test: Some(test),
        };
        let said = sentences(&outlook, "Minutes", &Format::of(Some("min"), []));
        // 5 of 7 are 71.4 %.
        assert_eq!(
            said,
            [
                "On the past this forecast did worse than the same weekday's value of the week before: that is the better guess.",
                "From 28 known days from 2025-09-01 to 2025-09-30, by their weekly pattern (MSTL) and exponential smoothing (ETS). If the days go on as before, 80 % of them lie inside the interval.",
                "The interval is at least so wide that it would have held 80 % of the last 28 forecasts of as many days ahead.",
                "Tried on the past from 1 day, 7 ahead: off by 12.5 min in the mean (mean absolute error), the same weekday of the week before by 8.0 min; 71.4 % of the days lay inside their 80 % interval.",
                "2 days are not known (2025-09-05, 2025-09-12); the median of the same weekday stood in.",
                "1 day was captured before being over and left out (2025-10-01).",
                "The metric was defined otherwise before 2025-09-01: no earlier day counts.",
            ]
        );
        // 4 of 7 are 57.1 %.
        outlook.back_test.as_mut().unwrap().inside = 4;
        assert_eq!(
            sentences(&outlook, "Calls", &Format::whole())[1],
            "The interval is too narrow: made for 80 % of the days, on the past it held 57.1 %."
        );
        // Nothing after it says otherwise; and a number without a unit is one of something.
        let said = sentences(&outlook, "Calls", &Format::whole())[2..4].to_owned();
        assert_eq!(
            said,
            [
                "From 28 known days from 2025-09-01 to 2025-09-30, by their weekly pattern (MSTL) and exponential smoothing (ETS).",
                "Tried on the past from 1 day, 7 ahead: off by 12.5 calls in the mean (mean absolute error), the same weekday of the week before by 8.0 calls.",
            ]
        );
    }
}
