//! The ledger's chain: whether every line is as it was written and in its place.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::ledger::{DamagedLine, Ledger, Line, lines_of};
use super::{Archive, ArchiveError, files};
use crate::model::Digest;

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
    check_abandoned(&ledger.lines, &mut damaged);
    damaged.sort_by_key(|damage| damage.line);
    LedgerCheck { lines: ledger.count, head, torn: ledger.torn.map_or(0, |torn| torn.bytes), damaged }
}

/// Only an earlier snapshot line can be closed.
fn check_abandoned(lines: &[Line], damaged: &mut Vec<DamagedLine>) {
    let is_snapshot =
        |seq: u64| matches!(lines.iter().find(|line| line.seq() == seq), Some(Line::Snapshot(_)));
    for line in lines {
        if let Line::Abandoned(abandoned) = line
            && (abandoned.of >= abandoned.seq || !is_snapshot(abandoned.of))
        {
            let what = format!("closes line {}, which is no earlier snapshot", abandoned.of);
            damaged.push(DamagedLine { line: abandoned.seq, what });
        }
    }
}
