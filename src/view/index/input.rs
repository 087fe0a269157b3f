//! What the index is made of: plain data, taken from the ledger and the configuration.

use chrono::{DateTime, Utc};

use crate::model::metrics_doc::Good;
use crate::model::{Day, Edition, Number, Provenance, SnapshotId};
use crate::view::text::isolated;

/// All days of an archive.
#[derive(Clone, Debug, Default)]
pub struct IndexInput {
    /// What the numbers are about.
    pub title: String,
    /// The archive's own id.
    pub archive: String,
    /// The IANA name of the zone in which times are told.
    pub zone: String,
    /// The metrics, in the order in which they are shown.
    pub metrics: Vec<IndexMetric>,
    /// The place of the metric that gives the days their shade at first.
    pub main: usize,
    /// The days that have an edition, in order.
    pub days: Vec<IndexDay>,
    /// What is not as it should be, as sentences.
    pub findings: Vec<String>,
    /// Where a server has the days: what stands before and after a snapshot's id; `None` where the pages lie beside
    /// this one.
    pub served: Option<[String; 2]>,
}

/// A metric, as it is shown now.
#[derive(Clone, Debug)]
pub struct IndexMetric {
    /// Its name.
    pub name: String,
    /// What people call it.
    pub label: String,
    /// Its unit.
    pub unit: Option<String>,
    /// Which way is good.
    pub good: Option<Good>,
}

/// A frozen day.
#[derive(Clone, Debug)]
pub struct IndexDay {
    /// The day.
    pub day: Day,
    /// Its editions, in the ledger's order; never none.
    pub editions: Vec<IndexEdition>,
    /// The one that is shown when none is named, as its place among them.
    pub shown: usize,
    /// Its labels.
    pub labels: Vec<String>,
    /// What was noted about it, oldest first.
    pub notes: Vec<String>,
    /// Whether it is kept whole whatever the retention says.
    pub pinned: bool,
    /// What was looked at, or why not: `4 video`, `no video: …`; empty where there are no entities.
    pub looks: Vec<String>,
}

/// An edition of a day.
#[derive(Clone, Debug)]
pub struct IndexEdition {
    /// Which.
    pub edition: Edition,
    /// How it came to be known.
    pub provenance: Provenance,
    /// When the source was read.
    pub captured_at: DateTime<Utc>,
    /// Why it was captured, where somebody said so.
    pub reason: Option<String>,
    /// Whether its folder is there.
    pub present: bool,
    /// Whether its page is gone, since it was thinned.
    pub thinned: bool,
    /// The values of the metrics, in their order; `None` is unknown.
    pub values: Vec<Option<Number>>,
}

impl IndexDay {
    /// The edition that is shown when none is named.
    pub fn shown(&self) -> Option<&IndexEdition> {
        self.editions.get(self.shown)
    }

    /// The latest edition, when it is another one than the shown.
    pub fn later(&self) -> Option<&IndexEdition> {
        self.editions.get(self.shown + 1..)?.last()
    }

    /// Where the page of an edition lies, as seen from the index; `None` when it is not there. A server makes it anew.
    pub fn page(&self, edition: &IndexEdition, served: Option<&[String; 2]>) -> Option<String> {
        let id = SnapshotId::new(self.day, edition.edition);
        match served {
            None => edition.has_page().then(|| format!("{id}/dashboard.html")),
            Some([before, after]) => edition.present.then(|| format!("{before}{id}{after}")),
        }
    }

    /// Whether anything was said of it.
    pub fn is_told_of(&self) -> bool {
        self.pinned || !self.labels.is_empty() || !self.notes.is_empty()
    }

    /// What was said of it, in words: `label audit; note: the dialer was down`.
    pub fn said(&self) -> Vec<String> {
        let labels = self.labels.iter().map(|label| format!("label {}", isolated(label)));
        let pinned = self.pinned.then(|| "pinned".to_owned());
        let labels = labels.chain(pinned);
        labels.chain(self.notes.iter().map(|note| format!("note: {}", isolated(note)))).collect()
    }
}

impl IndexEdition {
    /// Whether there is a page to open.
    pub fn has_page(&self) -> bool {
        self.present && !self.thinned
    }
}
