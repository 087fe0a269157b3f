//! Several members of a metric taken together, where that can be done right: counts and sums
//! are added, ratios and averages are divided anew, distinct counts are not known.

use crate::model::Number;
use crate::model::definitions::{Definitions, Measure};
use crate::model::metrics_doc::Figure;

/// Whether members of this metric add up to its total.
pub fn is_additive(metric: &str, definitions: &Definitions) -> bool {
    matches!(measure(metric, definitions), Some(Measure::Count(_) | Measure::Sum(_)))
}

/// The value of these members together; `None` where their values do not tell it.
pub fn together(metric: &str, figures: &[&Figure], definitions: &Definitions) -> Option<Number> {
    match measure(metric, definitions)? {
        Measure::Count(_) => sum(figures, |figure| figure.value.as_ref()),
        Measure::Sum(aggregate) => match &aggregate.divide {
            None => sum(figures, |figure| figure.value.as_ref()),
            // The exact sums are added and divided once, so that nothing is rounded twice.
            Some(divisor) => sum(figures, |figure| figure.sum.as_ref())?.ratio(divisor),
        },
        Measure::Avg(aggregate) => {
            let counts = sum(figures, |figure| figure.count.as_ref())?;
            let counted = figures.iter().filter(|figure| figure.count.as_ref().is_some_and(|n| !n.is_zero()));
            let sums = sum(counted, |figure| figure.sum.as_ref())?;
            let divisor = aggregate.divide.as_ref().map_or_else(|| counts.clone(), |by| counts.times(by));
            sums.ratio(&divisor)
        }
        Measure::Min(_) => known(figures).min_by_key(|(_, exact)| *exact).map(|(value, _)| value.clone()),
        Measure::Max(_) => known(figures).max_by_key(|(_, exact)| *exact).map(|(value, _)| value.clone()),
        Measure::Ratio(ratio)
            if is_additive(&ratio.numerator, definitions) && is_additive(&ratio.denominator, definitions) =>
        {
            let above = sum(figures, |figure| figure.numerator.as_ref())?;
            let below = sum(figures, |figure| figure.denominator.as_ref())?;
            above.ratio(&below)
        }
        Measure::Ratio(_) | Measure::Distinct(_) => None,
    }
}

fn measure<'a>(metric: &str, definitions: &'a Definitions) -> Option<&'a Measure> {
    definitions.metrics.get(metric).map(|metric| &metric.measure)
}

/// The sum of one number of each figure; `None` when any of them is unknown.
fn sum<'a: 'n, 'n, F>(figures: impl IntoIterator<Item = &'n &'a Figure>, number: F) -> Option<Number>
where
    F: Fn(&'a Figure) -> Option<&'a Number>,
{
    figures.into_iter().try_fold(Number::zero(), |sum, figure| Some(sum + number(figure)?))
}

/// Each minimum or maximum that is known, as it is shown and as it was read before it was divided.
fn known<'a>(figures: &[&'a Figure]) -> impl Iterator<Item = (&'a Number, &'a Number)> {
    figures.iter().filter_map(|figure| {
        let value = figure.value.as_ref()?;
        Some((value, figure.exact.as_ref().unwrap_or(value)))
    })
}

#[cfg(test)]
mod tests {
    use super::together;
    use crate::model::Number;
    use crate::model::metrics_doc::Figure;
    use crate::view::sample;

    fn figure(json: &str) -> Figure {
        serde_json::from_str(json).unwrap()
    }

    fn of(metric: &str, figures: &[&str]) -> Option<String> {
        let figures: Vec<Figure> = figures.iter().map(|json| figure(json)).collect();
        let figures: Vec<&Figure> = figures.iter().collect();
        let value = together(metric, &figures, &sample::day().definitions);
        value.as_ref().map(Number::to_string)
    }

    #[test]
    fn counts_and_sums_are_added() {
        assert_eq!(of("calls", &[r#"{"value":3}"#, r#"{"value":4}"#]).as_deref(), Some("7"));
        assert_eq!(of("calls", &[]).as_deref(), Some("0"));
        assert_eq!(of("calls", &[r#"{"value":3}"#, r#"{"value":null}"#]), None);
        // 20 s and 20 s are 40 s: two thirds of a minute, not two rounded thirds.
        let parts = [r#"{"value":0.333333333333,"sum":20}"#, r#"{"value":0.333333333333,"sum":20}"#];
        assert_eq!(of("minutes", &parts).as_deref(), Some("0.666666666667"));
    }

    #[test]
    fn ratios_are_divided_anew() {
        let parts = [
            r#"{"value":0.5,"numerator":1,"denominator":2}"#,
            r#"{"value":0,"numerator":0,"denominator":6}"#,
            r#"{"value":null,"reason":"none","numerator":0,"denominator":0}"#,
        ];
        assert_eq!(of("conversion", &parts).as_deref(), Some("0.125"));
        assert_eq!(of("conversion", &parts[2..]), None);
    }

    #[test]
    fn averages_weigh_by_how_many_values_they_were_taken_of() {
        let parts = [
            r#"{"value":10,"sum":10,"count":1}"#,
            r#"{"value":2,"sum":6,"count":3}"#,
            r#"{"value":null,"reason":"no value","count":0}"#,
        ];
        assert_eq!(of("aht", &parts).as_deref(), Some("4"));
    }

    #[test]
    fn distinct_counts_are_never_added() {
        assert_eq!(of("phones", &[r#"{"value":3}"#]), None);
    }
}
