//! The ledger's chain: whether every line is as it was written and in its place.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::history::next_edition;
use super::ledger::{DamagedLine, Ledger, Line, lines_of};
use super::prune::check_removable;
use super::{Archive, ArchiveError, files};
use crate::model::{Day, Digest, Edition, SnapshotId};

/// What a look at the whole ledger found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerCheck {
    /// How many whole lines there are.
    pub lines: u64,
    /// The digest of the last line, which stands for all before it; of `archive.json` when there is none.
    pub head: Digest,
    /// How many bytes of an unfinished line follow; the next writer cuts them.
    pub torn: u64,
    /// What is wrong, in order; empty when the chain holds.
    pub damaged: Vec<DamagedLine>,
}

impl Archive {
    /// Checks every line of the ledger and the chain of their digests.
    ///
    /// # Errors
    /// When the ledger is missing or can't be read at all. A broken chain is no error but a finding.
    pub fn check_ledger(&self) -> Result<LedgerCheck, ArchiveError> {
        Ok(check(&files::read(&self.ledger_path())?, self.digest()))
    }
}

#[derive(Deserialize)]
struct Link {
    seq: u64,
    at: DateTime<Utc>,
    prev: Digest,
}

/// Checks a ledger whose first line is chained on `anchor`, the digest of `archive.json`.
pub(super) fn check(bytes: &[u8], anchor: Digest) -> LedgerCheck {
    let ledger = Ledger::read(bytes);
    let mut damaged = ledger.damaged;
    let damaged_before = damaged.len();
    let mut head = anchor;
    let mut latest: Option<DateTime<Utc>> = None;
    for (number, text) in (1..).zip(lines_of(&bytes[..ledger.whole])) {
        let mut report = |what: String| damaged.push(DamagedLine { line: number, what });
        match serde_json::from_slice::<Link>(text) {
            Ok(link) => {
                if link.prev != head {
                    report(match number {
                        1 => {
                            "does not name the digest of archive.json: one of the two was changed".to_owned()
                        }
                        _ => format!(
                            "does not name the digest of line {}: one of the two was changed",
                            number - 1
                        ),
                    });
                }
                if latest.is_some_and(|latest| link.at < latest) {
                    report(format!(
                        "is of an earlier time than the line before, though it has number {}",
                        link.seq
                    ));
                }
                latest = latest.max(Some(link.at));
            }
            // Already reported unless only the link is wrong.
            Err(error) if Line::read(text).is_ok() => report(format!("has no readable link: {error}")),
            Err(_) => {}
        }
        head = Digest::of(text);
    }
    // A line that can't be read may be the one that another is about.
    let readable = damaged_before == 0;
    check_abandoned(&ledger.lines, &mut damaged);
    if readable {
        check_days(&ledger.lines, &mut damaged);
    }
    damaged.sort_by_key(|damage| damage.line);
    LedgerCheck { lines: ledger.count, head, torn: ledger.torn.map_or(0, |torn| torn.bytes), damaged }
}

/// Only an earlier line of something that is frozen can be closed.
fn check_abandoned(lines: &[Line], damaged: &mut Vec<DamagedLine>) {
    let is_snapshot = |seq: u64| {
        matches!(lines.iter().find(|line| line.seq() == seq), Some(Line::Snapshot(_) | Line::Entity(_)))
    };
    for line in lines {
        if let Line::Abandoned(abandoned) = line
            && (abandoned.of >= abandoned.seq || !is_snapshot(abandoned.of))
        {
            let what = format!("closes line {}, which is no earlier snapshot", abandoned.of);
            damaged.push(DamagedLine { line: abandoned.seq, what });
        }
    }
}

/// The editions of a day come one after the other, and what is said of an edition or a day is said of one
/// that was frozen before.
fn check_days(lines: &[Line], damaged: &mut Vec<DamagedLine>) {
    let closed: BTreeSet<u64> = lines
        .iter()
        .filter_map(|line| match line {
            Line::Abandoned(line) => Some(line.of),
            _ => None,
        })
        .collect();
    let mut last: BTreeMap<Day, Edition> = BTreeMap::new();
    for line in lines {
        let mut report = |what: String| damaged.push(DamagedLine { line: line.seq(), what });
        let frozen = |date: Day, edition: Edition| last.get(&date).is_some_and(|last| edition <= *last);
        match line {
            Line::Snapshot(line) if !closed.contains(&line.seq) => {
                let next = next_edition(last.get(&line.date).copied().into_iter());
                if line.edition != next {
                    report(format!("freezes edition {} of {} where {next} belongs", line.edition, line.date));
                }
                last.insert(line.date, line.edition);
            }
            Line::Confirmed(line) => {
                for day in line.days.iter().filter(|day| !frozen(day.date, day.edition)) {
                    let id = SnapshotId::new(day.date, day.edition);
                    report(format!("confirms {id}, which no line before it froze"));
                }
            }
            Line::Mark(line) if !last.contains_key(&line.mark.date()) => {
                report(format!("is about {}, which no line before it froze", line.mark.date()));
            }
            Line::Pruned(line) => {
                if !frozen(line.date, line.edition) {
                    let id = SnapshotId::new(line.date, line.edition);
                    report(format!("thins {id}, which no line before it froze"));
                }
                for path in line.files.iter().filter(|path| check_removable(path).is_err()) {
                    report(format!("thins {path:?}, which is never thinned"));
                }
            }
            Line::Snapshot(_) | Line::Abandoned(_) | Line::Mark(_) | Line::Entity(_) | Line::Other(_) => {}
        }
    }
}
