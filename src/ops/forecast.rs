//! The forecast of a metric from its frozen totals: which of them count, and what comes out.

use crate::analyze::forecast::{NoForecast, forecast};
use crate::analyze::outlook::Outlook;
use crate::model::{Day, Number, Provenance};
use crate::ops::points::{Point, Points};

/// The forecast of so many days from these totals.
///
/// Days that were captured before they were over count as unknown. So do those on which the metric was
/// defined otherwise than on the last one: a step between two definitions is no trend.
///
/// # Errors
/// When too little is known, or no model fits.
pub fn outlook(points: &Points, horizon: usize) -> Result<Outlook, NoForecast> {
    let defined_since = points.redefined().last().copied();
    let counts = |point: &&Point| defined_since.is_none_or(|since| since <= point.day);
    let (over, early): (Vec<&Point>, Vec<&Point>) =
        points.points.iter().filter(counts).partition(|point| point.provenance != Provenance::Provisional);
    let value = |point: &&Point| (point.day, point.value.as_ref().map(Number::to_f64));
    let values: Vec<(Day, Option<f64>)> = over.iter().map(value).collect();
    let is_whole = |number: &Number| number.trimmed().to_i64().is_some();
    let whole = over.iter().filter_map(|point| point.value.as_ref()).all(is_whole);
    let mut outlook = Outlook::of(forecast(&values, horizon)?, whole);
    outlook.provisional = early.iter().map(|point| point.day).filter(|day| *day >= outlook.basis.0).collect();
    outlook.defined_since = defined_since;
    Ok(outlook)
}

#[cfg(test)]
mod tests {
    use super::outlook;
    use crate::analyze::forecast::NoForecast;
    use crate::model::{Day, Digest, Edition, Fingerprint, Provenance};
    use crate::ops::points::{Point, Points};

    fn points(count: i64) -> Points {
        let first: Day = "2025-09-01".parse().unwrap();
        let point = |at: i64| Point {
            day: first.checked_add(at).unwrap(),
            edition: Edition::FIRST,
            provenance: Provenance::Witnessed,
            value: Some((100 + at % 7).into()),
            definitions: Some(Fingerprint(Digest::of(b"now"))),
            note: None,
        };
        Points { points: (0..count).map(point).collect(), ..Points::default() }
    }

    #[test]
    fn a_day_that_was_not_over_is_forecast_and_not_learned_from() {
        let mut points = points(29);
        let last = points.points.last_mut().unwrap();
        (last.provenance, last.value) = (Provenance::Provisional, Some(3_i64.into()));
        let found = outlook(&points, 1).unwrap();
        // 2025-09-29 is the 29th day: a Monday, as the first one.
        assert_eq!(found.provisional, ["2025-09-29".parse().unwrap()]);
        assert_eq!((found.days[0].day, &found.days[0].value), (found.provisional[0], &100_i64.into()));
    }

    #[test]
    fn days_of_other_definitions_do_not_count() {
        let mut points = points(40);
        for point in points.points.iter_mut().take(15) {
            point.definitions = Some(Fingerprint(Digest::of(b"then")));
            point.value = Some(5_i64.into());
        }
        let found = outlook(&points, 7).unwrap();
        assert_eq!((found.known, found.defined_since), (25, Some("2025-09-16".parse().unwrap())));
        assert_eq!(found.basis.0, "2025-09-16".parse().unwrap());
        points.points.truncate(35);
        assert_eq!(outlook(&points, 7).unwrap_err(), NoForecast::TooFew { known: 20 });
    }
}
