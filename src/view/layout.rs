//! What a day's view shows and in which order: sections of metrics and dimensions, as
//! configured or laid out from what there is.

use crate::model::definitions::Definitions;
use crate::model::metrics_doc::{EventsDoc, MetricDoc, MetricsDoc};

/// How many members a table shows before the rest is taken together.
pub const DEFAULT_TOP: usize = 12;

/// What is shown and in which order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// What the numbers are about: `Outbound calls`.
    pub title: String,
    /// The sections, from the top.
    pub sections: Vec<Section>,
}

/// Some metrics and what they are broken down by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    /// Its heading.
    pub title: Option<String>,
    /// The metrics, by name.
    pub show: Vec<String>,
    /// The dimensions, by name.
    pub by: Vec<String>,
    /// How many members a table shows; [`DEFAULT_TOP`] when not said.
    pub top: Option<usize>,
}

/// Sections made from what there is: one for each kind of events, with all of its metrics by
/// all of its dimensions. A ratio stands with the events of its numerator.
pub fn lay_out(doc: &MetricsDoc, definitions: &Definitions) -> Vec<Section> {
    let titled = doc.events.len() > 1;
    doc.events
        .iter()
        .filter_map(|(name, events)| {
            let mine = |metric: &MetricDoc, metric_name: &str| {
                metric.of.as_deref().or_else(|| events_of(metric_name, definitions)) == Some(name)
            };
            let show: Vec<String> = doc
                .metrics
                .iter()
                .filter(|(metric_name, metric)| mine(metric, metric_name))
                .map(|(metric_name, _)| metric_name.clone())
                .collect();
            let section = Section {
                title: titled.then(|| events.label.clone()),
                by: dimensions(events),
                show,
                top: None,
            };
            (!section.show.is_empty()).then_some(section)
        })
        .collect()
}

/// The dimensions of some events: spans of time first, the others as configured.
fn dimensions(events: &EventsDoc) -> Vec<String> {
    let (time, other): (Vec<_>, Vec<_>) = events.dimensions.iter().partition(|d| d.time.is_some());
    time.into_iter().chain(other).map(|dimension| dimension.name.clone()).collect()
}

/// The events of a metric; of a ratio, those of its numerator.
fn events_of<'a>(metric: &str, definitions: &'a Definitions) -> Option<&'a str> {
    let mut measure = &definitions.metrics.get(metric)?.measure;
    // No chain of ratios is longer than there are metrics; a ring of them ends here.
    for _ in 0..definitions.metrics.len() {
        match (measure.of(), measure.parts().first()) {
            (Some(events), _) => return Some(events),
            (None, Some(part)) => measure = &definitions.metrics.get(*part)?.measure,
            (None, None) => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::lay_out;
    use crate::view::sample;

    #[test]
    fn metrics_lie_with_their_events_and_ratios_with_their_numerator() {
        let sample = sample::day();
        let sections = lay_out(&sample.doc, &sample.definitions);
        assert_eq!(sections.len(), 1);
        assert_eq!(sections[0].title, None);
        assert_eq!(
            sections[0].show,
            [
                "calls",
                "opt_ins",
                "sales",
                "minutes",
                "conversion",
                "phones",
                "answered",
                "drops",
                "drop_rate",
                "aht"
            ]
        );
        assert_eq!(sections[0].by, ["hour", "campaign", "status", "list"]);
    }

    #[test]
    fn events_that_nothing_counts_make_no_section() {
        let mut sample = sample::day();
        let idle = sample.doc.events["calls"].clone();
        sample.doc.events.insert("idle".into(), idle);
        let sections = lay_out(&sample.doc, &sample.definitions);
        assert_eq!(sections.len(), 1);
        assert_eq!(sections[0].title.as_deref(), Some("Calls"));
    }
}
