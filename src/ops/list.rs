//! What an archive holds, gaps included, from the ledger alone.

use indexmap::IndexMap;

use super::when::{latest, shown};
use crate::archive::{Archive, Frozen, History, Marks, Pruned};
use crate::config::Presentation;
use crate::config::presentation::MetricLook;
use crate::model::metrics_doc::MetricDoc;
use crate::model::{Day, Number, SnapshotId};

/// What an archive holds.
#[derive(Debug)]
pub struct Listing<'h> {
    /// The archive's folder.
    pub dir: std::path::PathBuf,
    /// Its id.
    pub archive: String,
    /// The days, in order.
    pub days: Vec<ListedDay<'h>>,
    /// The spans of days between the first and the last that are not frozen.
    pub gaps: Vec<Gap>,
    /// What is not as it should be, as sentences.
    pub findings: Vec<String>,
}

/// A frozen day.
#[derive(Debug)]
pub struct ListedDay<'h> {
    /// The day.
    pub day: Day,
    /// Its editions, in the ledger's order.
    pub editions: &'h [Frozen],
    /// The one that is shown when none is named, as its place among them.
    pub shown: usize,
    /// What is said of it.
    pub marks: Marks<'h>,
    /// What was thinned of each edition, in the same order; `None` of one that is whole.
    pub thinned: Vec<Option<&'h Pruned>>,
}

/// Days that are not frozen, between frozen ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The first of them.
    pub from: Day,
    /// The last of them.
    pub to: Day,
    /// How many they are.
    pub days: i64,
    /// Whether this is a cold store: then they were not copied there, and else not captured.
    pub cold: bool,
}

impl Gap {
    /// The part of it that lies in a range; `None` when none does.
    pub(super) fn within(self, from: Option<Day>, to: Option<Day>) -> Option<Self> {
        let from = from.map_or(self.from, |from| from.max(self.from));
        let to = to.map_or(self.to, |to| to.min(self.to));
        (from <= to).then(|| Self { from, to, days: to.days_since(from) + 1, ..self })
    }
}

impl ListedDay<'_> {
    /// The edition that is shown when none is named.
    pub fn edition(&self) -> Option<&Frozen> {
        self.editions.get(self.shown)
    }

    /// Its headline values of these names, in their order; none where they can't be read.
    pub fn values(&self, names: &[String]) -> Vec<Option<Number>> {
        let values = self.edition().and_then(|frozen| frozen.line.values(names).ok());
        values.unwrap_or_else(|| vec![None; names.len()])
    }

    /// Its headline values; none when they can't be read.
    pub fn headline(&self) -> IndexMap<String, Option<Number>> {
        self.edition().and_then(|frozen| frozen.line.headline().ok()).unwrap_or_default()
    }
}

/// Lists an archive, or a part of it; `from` and `to` are inclusive.
pub fn list<'h>(archive: &Archive, history: &'h History, from: Option<Day>, to: Option<Day>) -> Listing<'h> {
    let wanted = |day: Day| from.is_none_or(|from| from <= day) && to.is_none_or(|to| day <= to);
    let days: Vec<ListedDay<'h>> = history
        .days()
        .filter(|(day, _)| wanted(*day))
        .map(|(day, editions)| {
            let edition = shown(editions).map(|frozen| frozen.line.edition);
            let place = editions.iter().position(|frozen| Some(frozen.line.edition) == edition);
            let thinned = editions.iter().map(|frozen| history.thinned(&frozen.line.id())).collect();
            ListedDay { day, editions, shown: place.unwrap_or(0), marks: history.marks(day), thinned }
        })
        .collect();
    // A gap may begin before the range or end after it: only the part inside is told.
    let all = gaps(history.days().map(|(day, _)| day).collect::<Vec<_>>().into_iter(), archive.is_cold());
    let gaps = all.into_iter().filter_map(|gap| gap.within(from, to)).collect();
    Listing {
        dir: archive.dir().to_owned(),
        archive: archive.id().to_string(),
        days,
        gaps,
        findings: findings(history),
    }
}

/// What the metrics of an archive are called where no configuration tells: as on its newest day that can be
/// read.
pub fn looks(archive: &Archive, history: &History) -> Presentation {
    let lines = history.days().rev().filter_map(|(_, editions)| latest(editions));
    let mut docs = lines.filter_map(|line| archive.metrics(&archive.manifest(line).ok()?).ok());
    let metrics = docs.next().map(|doc| doc.metrics).unwrap_or_default();
    let look = |(name, metric): (String, MetricDoc)| {
        (name, MetricLook { label: metric.label, unit: metric.unit, good: metric.good })
    };
    Presentation { metrics: metrics.into_iter().map(look).collect(), ..Presentation::default() }
}

/// The spans between days that follow each other in `days` without being next to each other, of a cold store
/// or of an archive.
pub fn gaps(days: impl Iterator<Item = Day> + Clone, cold: bool) -> Vec<Gap> {
    let pairs = days.clone().zip(days.skip(1));
    pairs
        .filter_map(|(one, next)| {
            let missing = next.days_since(one) - 1;
            let (from, to) = (one.checked_add(1)?, next.checked_add(-1)?);
            (missing > 0).then_some(Gap { from, to, days: missing, cold })
        })
        .collect()
}

/// What is not as it should be, as sentences.
pub fn findings(history: &History) -> Vec<String> {
    let absent = history.days().flat_map(|(_, editions)| editions).filter(|frozen| !frozen.present);
    let absent: Vec<SnapshotId> = absent.map(|frozen| frozen.line.id()).collect();
    let missing = absent.iter().map(|id| format!("the folder {id} is missing, and the ledger has its line"));
    let unlisted = history.unlisted().iter();
    let unlisted = unlisted.map(|id| format!("the folder {id} is not in the ledger, so it does not count"));
    let damaged = history.damaged().iter();
    let damaged = damaged.map(|line| format!("line {} of the ledger {}", line.line, line.what));
    let torn =
        history.torn().then(|| "the last line of the ledger is not finished; it does not count".to_owned());
    missing.chain(unlisted).chain(damaged).chain(torn).collect()
}

#[cfg(test)]
mod tests {
    use super::{Gap, gaps};
    use crate::model::Day;

    #[test]
    fn gaps_lie_between_the_first_and_the_last_day() {
        let day = |text: &str| text.parse::<Day>().unwrap();
        let days = [day("2025-11-01"), day("2025-11-02"), day("2025-11-05"), day("2025-11-07")];
        let found = gaps(days.into_iter(), false);
        assert_eq!(
            found,
            [
                Gap { from: day("2025-11-03"), to: day("2025-11-04"), days: 2, cold: false },
                Gap { from: day("2025-11-06"), to: day("2025-11-06"), days: 1, cold: false },
            ]
        );
        assert!(gaps(std::iter::empty(), false).is_empty());
    }
}
