//! How numbers are shown: what changes no number and so is no part of the definitions.

use indexmap::IndexMap;

use crate::model::metrics_doc::Good;

/// The default for how many groups the crossed dimensions of one kind of events may have.
pub const MAX_GROUPS: u64 = 50_000;

/// Labels, units, order and layout.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Presentation {
    /// What the pages are about.
    pub title: Option<String>,
    /// The events, in the order of the file.
    pub events: IndexMap<String, EventsLook>,
    /// The metrics, in the order of the file.
    pub metrics: IndexMap<String, MetricLook>,
    /// The page's sections; none to have it laid out by itself.
    pub sections: Vec<Section>,
}

impl Presentation {
    /// How many groups the crossed dimensions of some events may have.
    pub fn max_groups(&self, events: &str) -> u64 {
        self.events.get(events).map_or(MAX_GROUPS, |look| look.max_groups)
    }
}

/// How one kind of events is shown and read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventsLook {
    /// What people call them.
    pub label: String,
    /// How many groups the crossed dimensions may have.
    pub max_groups: u64,
    /// What people call each dimension, in the order of the file.
    pub dimensions: IndexMap<String, String>,
}

/// How a metric is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricLook {
    /// What people call it.
    pub label: String,
    /// Its unit.
    pub unit: Option<String>,
    /// Which way is good.
    pub good: Option<Good>,
}

/// A section of the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Its heading.
    pub title: Option<String>,
    /// The metrics shown.
    pub show: Vec<String>,
    /// The dimensions they are broken down by.
    pub by: Vec<String>,
    /// How many members a table shows before the rest is summed.
    pub top: Option<u32>,
}

/// A label made of a name: `drop_rate` becomes `Drop rate`.
pub fn label_of(name: &str) -> String {
    let spaced = name.replace('_', " ");
    let mut letters = spaced.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
