//! What is to be said of a forecast, as sentences: what it rests on, and how far it was right before.

use chrono::Weekday;

use super::format::{Format, count};
use crate::analyze::forecast::{LEVEL, Method, weekdays};
use crate::analyze::outlook::{Outlook, Tested};
use crate::model::Day;

/// How many days are named one by one.
const MOST_NAMED: usize = 5;

/// All there is to say, the most important first.
pub fn sentences(outlook: &Outlook, format: &Format) -> Vec<String> {
    let mut said = Vec::new();
    if outlook.back_test.as_ref().is_some_and(|test| test.worse) {
        said.push(
            "On the past this forecast did worse than the same weekday's value of the week before: \
             that is the better guess."
                .to_owned(),
        );
    }
    said.push(method(outlook));
    said.push(match &outlook.back_test {
        Some(test) => tested(test, format),
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
        Method::Model => format!(
            "From {known}, by their weekly pattern (MSTL) and exponential smoothing (ETS). If the days go on as before, {LEVEL} % of them lie inside the interval."
        ),
    }
}

fn tested(test: &Tested, format: &Format) -> String {
    let inside = test.inside_percentage();
    let inside = inside.map_or_else(String::new, |inside| Format::percentage(1).show(&inside).to_string());
    let (origins, times) = many(test.origins, "day", "days");
    let error =
        |number| Format::of(format.common_unit(), [&test.error, &test.error_of_last_week]).show(number);
    let (error, other) = if format.is_percent() {
        (format.show(&test.error), format.show(&test.error_of_last_week))
    } else {
        (error(&test.error), error(&test.error_of_last_week))
    };
    format!(
        "Tried on the past from {origins} {times}, {} ahead: off by {error} in the mean (mean absolute error), the same weekday of the week before by {other}; {inside} of the days lay inside their {LEVEL} % interval.",
        test.horizon
    )
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
