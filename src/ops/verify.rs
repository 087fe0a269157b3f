//! Whether an archive is as it was frozen: its ledger, its files, and that its numbers are those that
//! its cubes make.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::archive::verify::CheckedSnapshot;
use crate::archive::{Archive, ArchiveError, ArchiveId, Finding, History, SnapshotLine};
use crate::metrics::agree::disagreements;
use crate::metrics::span::own;
use crate::model::{
    Day, Definitions, Digest, Fingerprint, Manifest, MetricsDoc, Number, Progress, SnapshotId,
};

/// How many snapshots are read at once: one reads while the other computes digests.
const THREADS: usize = 2;
/// How many numbers of one snapshot are told that its cubes don't make.
const MOST_NUMBERS: usize = 10;

/// A part of the days: the `number`-th of `of`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    number: u32,
    of: u32,
}

/// A text that names no part.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write it as N/M, such as 1/7 for the first of seven parts")]
pub struct PartError;

impl FromStr for Part {
    type Err = PartError;

    fn from_str(text: &str) -> Result<Self, PartError> {
        let (number, of) = text.split_once('/').ok_or(PartError)?;
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(number) || !digits(of) {
            return Err(PartError);
        }
        let (number, of) = (number.parse().map_err(|_| PartError)?, of.parse().map_err(|_| PartError)?);
        if number == 0 || number > of { Err(PartError) } else { Ok(Self { number, of }) }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl Part {
    /// Whether a day is in it: every day is in one of the parts, and in the same one whatever is added.
    fn has(self, day: Day) -> bool {
        let number = day.date().signed_duration_since(chrono::NaiveDate::MIN).num_days();
        number.rem_euclid(i64::from(self.of)) == i64::from(self.number - 1)
    }
}

/// What a look at a whole archive found.
#[derive(Debug)]
pub struct Report {
    /// Its folder.
    pub dir: PathBuf,
    /// Its id; `None` when `archive.json` does not tell.
    pub archive: Option<ArchiveId>,
    /// The part of which the files were read; `None` is all.
    pub part: Option<Part>,
    /// How many whole lines the ledger has.
    pub lines: u64,
    /// The digest of its last line, which stands for all before it.
    pub head: Option<Digest>,
    /// How many snapshots there are.
    pub snapshots: u64,
    /// Of how many of them all files were read.
    pub read: u64,
    /// How many daily looks at entities there are.
    pub looks: u64,
    /// How many captures of entities.
    pub captures: u64,
    /// How many files were there.
    pub files: u64,
    /// How many bytes were read.
    pub bytes: u64,
    /// What is wrong, the archive's own files first, then by snapshot.
    pub findings: Vec<Finding>,
}

/// Looks at all of an archive. Nothing in it is changed, and no lock is taken.
///
/// # Errors
/// When there is no archive, or when the operating system refuses to read its ledger or its folder. What
/// is damaged is no error but a finding.
pub fn verify(dir: &Path, part: Option<Part>, progress: &dyn Progress) -> Result<Report, ArchiveError> {
    let mut report = Report {
        dir: dir.to_owned(),
        archive: None,
        part,
        lines: 0,
        head: None,
        snapshots: 0,
        read: 0,
        looks: 0,
        captures: 0,
        files: 0,
        bytes: 0,
        findings: Vec::new(),
    };
    let opened = Archive::open(dir);
    let archive = match opened {
        Ok(archive) => archive,
        Err(ArchiveError::NotAnArchive { .. }) if dir.join("ledger.jsonl").is_file() => {
            report.findings.push(Finding::damage("archive.json", "is missing"));
            return Ok(report);
        }
        Err(error @ (ArchiveError::Damaged { .. } | ArchiveError::Newer { .. })) => {
            report.findings.push(Finding::of(dir, &error));
            return Ok(report);
        }
        Err(error) => return Err(error),
    };
    report.archive = Some(archive.id());
    report.files = 1;
    progress.step("checking the ledger");
    match check_ledger(&archive, &mut report) {
        Ok(()) => {}
        Err(error @ ArchiveError::Damaged { .. }) => {
            report.findings.push(Finding::of(dir, &error));
            return Ok(report);
        }
        Err(error) => return Err(error),
    }
    let history = archive.history()?;
    let lines: Vec<&SnapshotLine> = frozen(&archive, &history, &mut report.findings);
    report.snapshots = lines.len() as u64;
    let needed: BTreeSet<Fingerprint> = lines.iter().map(|line| line.definitions).collect();
    let definitions = archive.check_definitions(&needed);
    report.files += definitions.files;
    report.bytes += definitions.bytes;
    report.findings.extend(definitions.findings);
    let reading =
        Reading { archive: &archive, history: &history, definitions: &definitions.sound, part, progress };
    for checked in reading.all(&lines) {
        report.read += u64::from(checked.read);
        report.files += checked.snapshot.files;
        report.bytes += checked.snapshot.bytes;
        report.findings.extend(checked.snapshot.findings);
    }
    let read = |day: Day| part.is_none_or(|part| part.has(day));
    let looks = archive.check_looks(&read, &|what| progress.step(what))?;
    report.looks = looks.looks;
    report.captures = looks.captures;
    report.files += looks.files;
    report.bytes += looks.bytes;
    report.findings.extend(looks.findings);
    Ok(report)
}

fn check_ledger(archive: &Archive, report: &mut Report) -> Result<(), ArchiveError> {
    let check = archive.check_ledger()?;
    let path = archive.ledger_path();
    report.lines = check.lines;
    report.head = Some(check.head);
    report.files += 1;
    for damage in check.damaged {
        let error = ArchiveError::LedgerLine { path: path.clone(), line: damage.line, what: damage.what };
        report.findings.push(Finding::of(archive.dir(), &error));
    }
    if check.torn > 0 {
        report.findings.push(Finding {
            path: "ledger.jsonl".to_owned(),
            line: Some(check.lines + 1),
            what: format!("is no whole line: {} bytes without an end", check.torn),
            hint: Some(
                "a save that was cut short leaves this, and the next one puts it right; if a day is missing, \
                 restore ledger.jsonl from a backup"
                    .to_owned(),
            ),
        });
    }
    Ok(())
}

/// The lines of the editions whose folders are there; what is missing or too much is put with the findings.
fn frozen<'h>(archive: &Archive, history: &'h History, findings: &mut Vec<Finding>) -> Vec<&'h SnapshotLine> {
    for id in history.unlisted() {
        let error = ArchiveError::Unlisted { path: archive.folder(id) };
        findings.push(Finding::of(archive.dir(), &error));
    }
    // An empty ledger breaks no chain.
    if !history.unlisted().is_empty() && history.days().next().is_none() && history.damaged().is_empty() {
        findings.push(Finding::damage("ledger.jsonl", "knows of no day, and there are folders of days"));
    }
    for id in history.lost_copies() {
        findings
            .push(Finding::damage(id.to_string(), "is missing, and the ledger says that it was copied here"));
    }
    let mut lines = Vec::new();
    for frozen in history.days().flat_map(|(_, editions)| editions) {
        if frozen.present {
            lines.push(&frozen.line);
        } else {
            let id = frozen.line.id().to_string();
            findings.push(Finding::damage(id, "is missing, and the ledger has its line"));
        }
    }
    lines
}

/// What is needed to read snapshots.
struct Reading<'a> {
    archive: &'a Archive,
    history: &'a History,
    definitions: &'a BTreeMap<Fingerprint, Definitions>,
    part: Option<Part>,
    progress: &'a dyn Progress,
}

/// A snapshot that was looked at.
struct Looked {
    snapshot: CheckedSnapshot,
    read: bool,
}

impl Reading<'_> {
    /// Looks at all of them, a few at once; what came out is in their order.
    fn all(&self, lines: &[&SnapshotLine]) -> Vec<Looked> {
        let next = AtomicUsize::new(0);
        let done = Mutex::new(BTreeMap::new());
        let work = || {
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(line) = lines.get(at) else { return };
                self.progress.step(&format!("checking {} ({} of {})", line.id(), at + 1, lines.len()));
                let looked = self.one(line);
                done.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(at, looked);
            }
        };
        thread::scope(|scope| {
            // A thread that can't be had is no trouble: the others take its share.
            for _ in 1..THREADS.min(lines.len()) {
                let _ = thread::Builder::new().spawn_scoped(scope, work);
            }
            work();
        });
        done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner).into_values().collect()
    }

    fn one(&self, line: &SnapshotLine) -> Looked {
        let read = self.part.is_none_or(|part| part.has(line.date));
        let mut snapshot = self.archive.check_snapshot(self.history, line, read);
        if let (Some(manifest), Some(metrics)) = (&snapshot.manifest, &snapshot.metrics) {
            let mut wrong = beside(line, manifest, metrics);
            if let Some(definitions) = self.definitions.get(&line.definitions) {
                let floats =
                    manifest.events.values().flat_map(|events| events.floats.iter().cloned()).collect();
                wrong.extend(disagreements(metrics, definitions, &snapshot.cubes, &floats));
            }
            let more = wrong.len().saturating_sub(MOST_NUMBERS);
            wrong.truncate(MOST_NUMBERS);
            if more > 0 {
                wrong.push(format!("differs in {more} more numbers"));
            }
            let path = format!("{}/metrics.json", line.id());
            snapshot.findings.extend(wrong.into_iter().map(|what| Finding::damage(path.as_str(), what)));
        }
        // What it held is not needed any more, and may be much.
        snapshot.metrics = None;
        snapshot.cubes = BTreeMap::new();
        Looked { snapshot, read }
    }
}

/// What the numbers say otherwise than the manifest and the ledger's line.
fn beside(line: &SnapshotLine, manifest: &Manifest, metrics: &MetricsDoc) -> Vec<String> {
    let mut wrong = Vec::new();
    let found = SnapshotId::new(metrics.date, metrics.edition);
    if found != line.id() {
        wrong.push(format!("is that of {found}"));
    }
    if metrics.provenance != line.provenance {
        wrong.push(format!("says {}, and the ledger {}", metrics.provenance, line.provenance));
    }
    for (name, events) in &manifest.events {
        let rows = metrics.events.get(name).map(|events| events.rows);
        if rows != Some(events.rows) {
            let rows = rows.map_or_else(|| "nothing".to_owned(), |rows| format!("{rows} rows"));
            wrong.push(format!("has {rows} of {name}, and its manifest says {}", events.rows));
        }
    }
    match line.headline() {
        Ok(headline) => {
            for (name, value) in headline {
                let own = metrics.metrics.get(&name).and_then(|metric| metric.figure.value.clone());
                if own != value {
                    let text =
                        |value: Option<Number>| value.map_or("unknown".to_owned(), |value| value.to_string());
                    let (own, value) = (text(own), text(value));
                    wrong.push(format!("says that {name} is {own}, and the ledger says {value}"));
                }
            }
        }
        Err(error) => wrong.push(format!("can't be held against line {} of the ledger: {error}", line.seq)),
    }
    for (name, keys) in &manifest.keys {
        let Some(metric) = metrics.metrics.get(name) else { continue };
        let unique = metric.seen.as_ref().map(|seen| seen.unique);
        if unique.is_some_and(|unique| unique != keys.count)
            || own(metric).value.as_ref() != Some(&Number::from(keys.count))
        {
            wrong.push(format!("counts other {name} than the {} keys that were kept", keys.count));
        }
    }
    match line.seen() {
        Ok(seen) => {
            for (name, told) in seen {
                if metrics.metrics.get(&name).and_then(|metric| metric.seen.as_ref()) != Some(&told) {
                    wrong.push(format!("says otherwise than the ledger how many {name} were seen before"));
                }
            }
        }
        Err(error) => wrong.push(format!("can't be held against line {} of the ledger: {error}", line.seq)),
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::Part;
    use crate::model::Day;

    #[test]
    fn every_day_is_in_one_part() {
        let parts: Vec<Part> = (1..=7).map(|number| format!("{number}/7").parse().unwrap()).collect();
        let first: Day = "2024-02-26".parse().unwrap();
        for ahead in 0..400 {
            let day = first.checked_add(ahead).unwrap();
            assert_eq!(parts.iter().filter(|part| part.has(day)).count(), 1, "{day}");
        }
        assert!("1/1".parse::<Part>().unwrap().has(first));
        for wrong in ["", "1", "0/7", "8/7", "1/0", "-1/7", "+1/7", "1/7/2", "a/b", "1/ 7", "1/99999999999"] {
            assert!(wrong.parse::<Part>().is_err(), "{wrong}");
        }
    }
}
