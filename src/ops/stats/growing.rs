//! Odd days while days are being frozen: what a run knows of the others grows day by day.

use indexmap::IndexMap;

use super::columns::{Part, columns};
use super::odd::{counts, events_of, main_metric, rows_of};
use super::rows;
use crate::analyze::odd::{Counts, Odd, on};
use crate::archive::{Archive, History};
use crate::config::Config;
use crate::model::seen::SeenDoc;
use crate::model::{Day, Number};

/// The counts of all frozen days, to which days are added.
#[derive(Clone, Debug)]
pub struct Growing {
    counts: Counts,
    main: Option<String>,
    /// For each count over time the metric, and the one that counts the events it comes from.
    new: Vec<(String, Option<String>)>,
}

impl Growing {
    /// What is known from the archive as it is; nothing where there is none.
    pub fn new(known: Option<(&Archive, &History)>, config: &Config) -> Self {
        let columns = columns(config);
        let rows = known.map(|(_, history)| rows(&columns, history, None)).unwrap_or_default();
        let new = columns.iter().filter(|column| column.part == Part::New).map(|column| {
            let events = events_of(&column.metric, config).map(str::to_owned);
            (column.metric.clone(), events)
        });
        Self {
            counts: counts(known.map(|(archive, _)| archive), config, &columns, &rows),
            main: main_metric(config).map(str::to_owned),
            new: new.collect(),
        }
    }

    /// Adds the latest edition of a day, by its values and its counts over time.
    pub fn add(
        &mut self,
        day: Day,
        values: &IndexMap<String, Option<Number>>,
        seen: &IndexMap<String, SeenDoc>,
    ) {
        let value = |name: &String| {
            let number = values.get(name)?.as_ref()?.to_i64()?;
            u64::try_from(number).ok()
        };
        if let (Some(series), Some(count)) = (&mut self.counts.main, self.main.as_ref().and_then(value)) {
            series.values.insert(day, count);
        }
        for (series, (metric, events)) in self.counts.new.iter_mut().zip(&self.new) {
            if let Some(count) = value(events.as_ref().unwrap_or(metric)) {
                series.events.values.insert(day, count);
            }
            // On the first day everything is new.
            if let Some(doc) = seen.get(metric).filter(|doc| doc.basis.days > 1)
                && let Some(new) = doc.new
            {
                series.new.values.insert(day, new);
            }
        }
    }

    /// Notes how many rows each edition of a day was made of, where it has several.
    pub fn compare_editions(&mut self, archive: &Archive, history: &History, day: Day, config: &Config) {
        let Ok(editions) = history.day(day) else { return };
        let rows = rows_of(archive, editions, config);
        if rows.len() > 1 {
            self.counts.rows.insert(day, rows);
        }
    }

    /// Why a day is odd, as far as the others are frozen by now.
    pub fn odd(&self, day: Day) -> Vec<Odd> {
        on(&self.counts, day)
    }
}
