//! A metric's definition in words, and as the SQL that it was given in.

use super::text::within_sentence;
use crate::model::definitions::{Aggregate, Definitions, EventsDef, KeyKind, Measure, MetricDef, TimeIs};
use crate::model::metrics_doc::MetricsDoc;

/// What a metric is, in a sentence or two.
pub fn sentence(metric: &MetricDef, doc: &MetricsDoc) -> String {
    let events = |name: &str| {
        let label = doc.events.get(name).map_or(name, |events| events.label.as_str());
        within_sentence(label)
    };
    let label = |name: &str| {
        let label = doc.metrics.get(name).map_or(name, |metric| metric.label.as_str());
        within_sentence(label)
    };
    let limited = if metric.measure.filter().is_some() { " for which the condition holds" } else { "" };
    let what = match &metric.measure {
        Measure::Count(count) => format!("How many {} there were{limited}.", events(&count.of)),
        Measure::Sum(sum) => {
            format!("The sum over all {}{limited}{}; NULL adds nothing.", events(&sum.of), divided(sum))
        }
        Measure::Min(min) => format!("The smallest among all {}{limited}{}.", events(&min.of), divided(min)),
        Measure::Max(max) => format!("The largest among all {}{limited}{}.", events(&max.of), divided(max)),
        Measure::Avg(avg) => format!(
            "The sum over all {}{limited}, divided by how many of them have a value{}.",
            events(&avg.of),
            divided(avg)
        ),
        Measure::Distinct(distinct) => match distinct.kind {
            None => format!(
                "How many different values there are among all {}{limited}, as the source tells them apart.",
                events(&distinct.of)
            ),
            Some(KeyKind::Phone) => format!(
                "How many different phone numbers there are among all {}{limited}, however they are written; \
                 what is no number of a known country is not counted.",
                events(&distinct.of)
            ),
        },
        Measure::Ratio(ratio) => format!(
            "{} over {}, divided anew at every level: never an average of ratios.",
            doc.metrics
                .get(&ratio.numerator)
                .map_or(ratio.numerator.as_str(), |metric| metric.label.as_str()),
            label(&ratio.denominator)
        ),
    };
    match metric.over_days {
        Some(days) => {
            format!("{what} Taken over {days} days that end with this one, from what was frozen of each.")
        }
        None => what,
    }
}

fn divided(aggregate: &Aggregate) -> String {
    aggregate.divide.as_ref().map_or_else(String::new, |divisor| format!(", divided by {divisor}"))
}

/// The metric as SQL over its events, with lists by their names in braces.
pub fn sql(metric: &MetricDef) -> String {
    let (measure, of) = (&metric.measure, metric.measure.of().unwrap_or_default());
    let value = match measure {
        Measure::Count(_) => "count(*)".to_owned(),
        Measure::Sum(a) => format!("sum({})", a.sql),
        Measure::Min(a) => format!("min({})", a.sql),
        Measure::Max(a) => format!("max({})", a.sql),
        Measure::Avg(a) => format!("avg({})", a.sql),
        Measure::Distinct(distinct) => format!("count(distinct {})", distinct.sql),
        Measure::Ratio(ratio) => return format!("{} / {}", ratio.numerator, ratio.denominator),
    };
    let divided = measure.divide().map_or_else(String::new, |divisor| format!(" / {divisor}"));
    let filter = measure.filter().map_or_else(String::new, |filter| format!(" where {filter}"));
    format!("{value}{divided} from {of}{filter}")
}

/// How a time column tells time.
pub fn time_is(events: &EventsDef, definitions: &Definitions) -> String {
    match events.time_is {
        TimeIs::Local => format!("local time of {}", definitions.source_of(events).time_zone),
        TimeIs::Utc => "UTC".to_owned(),
        TimeIs::Epoch => "seconds since 1970-01-01 00:00 UTC".to_owned(),
        TimeIs::Instant => "an instant that the database knows as such".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{KeyKind, Measure, MetricDef, sentence, sql};
    use crate::model::definitions::Distinct;
    use crate::view::sample;

    #[test]
    fn a_definition_reads_as_a_sentence_and_as_sql() {
        let sample = sample::day();
        let both = |name: &str| {
            let metric = &sample.definitions.metrics[name];
            (sentence(metric, &sample.doc), sql(metric))
        };
        assert_eq!(both("calls"), ("How many calls there were.".into(), "count(*) from calls".into()));
        assert_eq!(
            both("minutes"),
            (
                "The sum over all calls, divided by 60; NULL adds nothing.".into(),
                "sum(greatest(length_in_sec, 0)) / 60 from calls".into()
            )
        );
        let phones = Distinct {
            of: "calls".into(),
            sql: "phone".into(),
            filter: None,
            by: Vec::new(),
            kind: Some(KeyKind::Phone),
            cumulative: true,
        };
        let phones = MetricDef { measure: Measure::Distinct(phones), over_days: None };
        assert_eq!(
            (sentence(&phones, &sample.doc), sql(&phones)),
            (
                "How many different phone numbers there are among all calls, however they are written; what is no \
                 number of a known country is not counted."
                    .into(),
                "count(distinct phone) from calls".into()
            )
        );
        assert_eq!(both("opt_ins").1, "count(*) from calls where status in {opt_in}");
        let (words, text) = both("drop_rate");
        assert_eq!(text, "drops / answered");
        assert_eq!(
            words,
            "Drops over answered by a person, divided anew at every level: never an average of ratios. \
             Taken over 30 days that end with this one, from what was frozen of each."
        );
    }
}
