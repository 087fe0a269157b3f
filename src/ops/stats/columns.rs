//! Which statistics there are: those of each metric of the configuration, in its order.

use std::collections::BTreeSet;

use super::names::{self, Kind};
use crate::config::Config;
use crate::config::presentation::{MetricLook, label_of};
use crate::model::definitions::{Measure, MetricDef};
use crate::view::text::within_sentence;

/// A statistic: one number for each frozen day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name in documents: `totalCalls`, `newPhones`.
    pub name: String,
    /// What people read above it.
    pub label: String,
    /// The metric it is about.
    pub metric: String,
    /// Which of the metric's numbers it is.
    pub part: Part,
    /// Its unit, as the metric's.
    pub unit: Option<String>,
    /// What can be said of several days together.
    pub total: Total,
}

/// Which of a metric's numbers a statistic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The day's value.
    Value,
    /// How many of its keys no earlier archived day has.
    New,
    /// How many different keys all archived days up to it have.
    Cumulative,
}

/// What can be said of several days together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Total {
    /// The sum of the days.
    Sum,
    /// The sum of the days, each of which was divided and so is rounded.
    RoundedSum,
    /// The last day's number, which holds those before it.
    Last,
    /// Nothing: rates, averages and different values of days don't add up.
    Nothing,
}

/// The statistics of a configuration.
pub fn columns(config: &Config) -> Vec<Column> {
    let mut taken: BTreeSet<String> = names::TAKEN.map(str::to_owned).into();
    let mut columns = Vec::new();
    for (metric, look) in &config.presentation.metrics {
        if let Some(def) = config.definitions.metrics.get(metric) {
            columns.extend(of_metric(metric, look, def, &mut taken));
        }
    }
    columns
}

fn of_metric(metric: &str, look: &MetricLook, def: &MetricDef, taken: &mut BTreeSet<String>) -> Vec<Column> {
    let kind = kind(&def.measure);
    let thing = label_of(&within_sentence(names::counted(kind, &look.label)));
    let names = names::names(kind, &look.label, metric, taken);
    let parts = [Part::Value, Part::New, Part::Cumulative];
    let column = |(name, part): (String, Part)| {
        let total = match (part, &def.measure) {
            (Part::Cumulative, _) => Total::Last,
            (Part::New, _) => Total::Sum,
            (Part::Value, Measure::Sum(sum)) if sum.divide.is_some() && def.over_days.is_none() => {
                Total::RoundedSum
            }
            (Part::Value, Measure::Count(_) | Measure::Sum(_)) if def.over_days.is_none() => Total::Sum,
            (Part::Value, _) => Total::Nothing,
        };
        let label = match part {
            Part::Value => look.label.clone(),
            Part::New => format!("New {}", within_sentence(&thing)),
            Part::Cumulative => format!("{thing} so far"),
        };
        Column { name, label, metric: metric.to_owned(), part, unit: look.unit.clone(), total }
    };
    names.into_iter().zip(parts).map(column).collect()
}

fn kind(measure: &Measure) -> Kind {
    match measure {
        Measure::Count(_) => Kind::Count,
        Measure::Distinct(distinct) if distinct.cumulative => Kind::Cumulative,
        Measure::Distinct(_) => Kind::Distinct,
        Measure::Sum(_) | Measure::Min(_) | Measure::Max(_) | Measure::Avg(_) | Measure::Ratio(_) => {
            Kind::Other
        }
    }
}

/// What a metric counts, as it is said within a sentence: `Unique phones` gives `phones`.
pub(super) fn thing(metric: &str, config: &Config) -> String {
    let (look, def) = (config.presentation.metrics.get(metric), config.definitions.metrics.get(metric));
    let label = look.map_or_else(|| label_of(metric), |look| look.label.clone());
    let kind = def.map_or(Kind::Other, |def| kind(&def.measure));
    within_sentence(names::counted(kind, &label))
}
