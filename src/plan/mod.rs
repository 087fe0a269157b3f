//! Definitions and a day to checked queries: pure.
//!
//! A plan is made from the text that is frozen with the numbers and from nothing else.

pub mod dialect;
pub mod entity;
pub mod events;
pub mod expand;
pub mod keyed;
pub mod lookup;
pub mod measures;
pub mod query;
pub mod sample;
pub mod select;
pub mod sql;
pub mod staged;
#[cfg(test)]
mod tests;
pub mod time;
pub mod time_type;
pub mod worklist;

use chrono_tz::Tz;

pub use entity::EntityPlan;
pub use events::{DimensionPlan, EventsPlan, Grouping, Statement};
pub use keyed::{KeyGrouping, KeyedPlan};
pub use lookup::LookupPlan;
pub use query::Query;
pub use staged::Staged;
pub use worklist::WorklistPlan;

use crate::calendar::Window;
use crate::model::Definitions;

/// All that is read for one day.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The day.
    pub window: Window,
    /// What is read of each kind of events, by name.
    pub events: Vec<EventsPlan>,
}

/// Why a day can't be planned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// An end of the day can't be told from another in a local time column.
    #[error(transparent)]
    Ambiguous(#[from] time::AmbiguousEnd),
    /// The SQL of some events names an unknown list.
    #[error(transparent)]
    Events(#[from] events::EventsError),
    /// The frozen text names a zone that this version of the zone data does not know.
    #[error("{zone:?} is no known time zone")]
    Zone {
        /// The name.
        zone: String,
    },
}

impl PlanError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Ambiguous(_) => Some(
                "let day_starts_at be a time that clocks never repeat, or read a column that tells UTC"
                    .to_owned(),
            ),
            Self::Events(_) => Some("name a list of [lists] in the braces".to_owned()),
            Self::Zone { .. } => Some("use a name such as America/Chicago".to_owned()),
        }
    }
}

impl Plan {
    /// The queries that read the day of `window` under `definitions`; of a tenant's rows where there are tenants.
    ///
    /// `max_groups` says for each kind of events how many groups one grouping may have.
    ///
    /// # Errors
    /// When an end of the day is ambiguous in a local time column, or SQL names an unknown list.
    pub fn new(
        definitions: &Definitions,
        window: Window,
        tenant: Option<&str>,
        max_groups: impl Fn(&str) -> u64,
    ) -> Result<Self, PlanError> {
        let mut events = Vec::new();
        for (name, def) in &definitions.events {
            let source = definitions.source_of(def);
            let zone: Tz =
                source.time_zone.parse().map_err(|_| PlanError::Zone { zone: source.time_zone.clone() })?;
            let bounds = time::Bounds::new(source.dialect, def.time_is, zone, window)?;
            events.push(events::plan(definitions, name, def, (bounds, tenant), max_groups(name))?);
        }
        Ok(Self { window, events })
    }

    /// The sources that are read, each once, in the order of the events.
    pub fn sources(&self) -> Vec<Option<&str>> {
        let mut sources = Vec::new();
        for events in &self.events {
            let source = events.source.as_deref();
            if !sources.contains(&source) {
                sources.push(source);
            }
        }
        sources
    }

    /// The events that are read from one source, each with its place among all.
    pub fn events_from(&self, source: Option<&str>) -> impl Iterator<Item = (usize, &EventsPlan)> {
        self.events.iter().enumerate().filter(move |(_, events)| events.source.as_deref() == source)
    }

    /// The queries for members' names that one source is asked, each once: the same text with other values is another
    /// one.
    pub fn labels(&self, source: Option<&str>) -> Vec<&Query> {
        let mut queries: Vec<&Query> = Vec::new();
        for dimension in self.events_from(source).flat_map(|(_, events)| &events.dimensions) {
            if let Some(query) = &dimension.labels
                && !queries.iter().any(|known| known.asks_the_same(query))
            {
                queries.push(query);
            }
        }
        queries
    }

    /// All queries that one source is asked, for a transaction that reads them together.
    pub fn queries(&self, source: Option<&str>) -> Vec<&Query> {
        let statements = self.events_from(source).map(|(_, events)| events.of_the_source());
        statements.chain(self.labels(source)).collect()
    }
}
