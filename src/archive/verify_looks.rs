//! Whether looks and captures are as they were kept: every one of which the ledger tells is there with its
//! bytes, says what its line says, and nothing lies beside them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use chrono::{DateTime, Utc};

use super::capture_keys::{Filter, Keys};
use super::ledger::Ledger;
use super::look_line::{CaptureDoc, EntityLine, LookDoc, Said, captures_folder, look_folder};
use super::looks::{Looks, REST, ROWS};
use super::thinned::ThinnedDay;
use super::verify::Finding;
use super::verify_rows::{self, Numbers};
use super::{Archive, ArchiveError, checked, files};
use crate::model::manifest::FileDoc;
use crate::model::{Day, EntityDef, Fingerprint};

mod beside;
mod thinned;

/// The folder of all looks.
const ENTITIES: &str = "entities";
/// The folder of all captures.
const CAPTURES: &str = "captures";
/// How often all is looked at again when others keep adding to it.
const TRIES: usize = 3;

/// What was looked at.
#[derive(Debug, Default)]
pub struct CheckedLooks {
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// How many looks there are.
    pub looks: u64,
    /// How many captures.
    pub captures: u64,
    /// How many files were there.
    pub files: u64,
    /// How many bytes were read.
    pub bytes: u64,
}

impl Archive {
    /// Checks all looks and captures; the contents of those of days that `read` takes. Of the others it
    /// is looked at that they are there and how long they are.
    ///
    /// # Errors
    /// When the ledger can't be read at all. What is damaged is no error but a finding.
    pub fn check_looks(
        &self,
        read: &dyn Fn(Day) -> bool,
        step: &dyn Fn(&str),
    ) -> Result<CheckedLooks, ArchiveError> {
        let mut ledger = files::read(&self.ledger_path())?;
        for _ in 1..TRIES {
            let checked = self.check_looks_of(&ledger, read, step);
            // Whoever adds something meanwhile makes folders that had no line, and takes files away.
            let now = files::read(&self.ledger_path())?;
            if checked.findings.is_empty() || now.len() == ledger.len() {
                return Ok(checked);
            }
            ledger = now;
        }
        Ok(self.check_looks_of(&ledger, read, step))
    }

    fn check_looks_of(&self, ledger: &[u8], read: &dyn Fn(Day) -> bool, step: &dyn Fn(&str)) -> CheckedLooks {
        let ledger = Ledger::read(ledger);
        let sound = ledger.damaged.is_empty();
        let lines = self.entity_lines(ledger);
        let mut check = Check {
            archive: self,
            read,
            step,
            sound,
            definitions: BTreeMap::new(),
            expected: BTreeSet::new(),
            folders: BTreeSet::new(),
            out: CheckedLooks::default(),
        };
        let mut entities: BTreeMap<&str, Vec<&EntityLine>> = BTreeMap::new();
        for line in &lines {
            entities.entry(line.about().0).or_default().push(line);
        }
        for lines in entities.values() {
            check.entity(lines);
        }
        check.unlisted();
        check.out
    }
}

/// A file is not what was kept, which was put with the findings.
struct Told;

struct Check<'a> {
    archive: &'a Archive,
    read: &'a dyn Fn(Day) -> bool,
    step: &'a dyn Fn(&str),
    /// Whether every line of the ledger can be read.
    sound: bool,
    definitions: BTreeMap<Fingerprint, Option<EntityDef>>,
    /// The files that may be there.
    expected: BTreeSet<String>,
    /// The folders of looks that may be there.
    folders: BTreeSet<String>,
    out: CheckedLooks,
}

/// A file of captures with those whose rows it has.
struct CaptureFile<'l> {
    doc: &'l FileDoc,
    of: Vec<&'l CaptureDoc>,
    together: bool,
}

/// The rows of a day's captures: for each instant, their keys and numbers; `None` where files can't be read.
type DayRows = Option<BTreeMap<DateTime<Utc>, Vec<(String, u64)>>>;

impl Check<'_> {
    /// Checks all of one kind of entities, in the order in which it was kept.
    fn entity(&mut self, lines: &[&EntityLine]) {
        let mut looks = Looks::default();
        for line in lines {
            if let EntityLine::Look(line) = line
                && let Some(first) = looks.looks.get(&line.doc.date)
            {
                let what = format!("keeps a look that line {} kept before it", first.seq);
                self.ledger(line.seq, what);
            }
            looks.take((*line).clone());
        }
        let with_files: BTreeSet<Day> =
            looks.capture_days().into_iter().chain(looks.compacted.keys().copied()).collect();
        let captured: BTreeMap<Day, Vec<CaptureFile<'_>>> =
            with_files.into_iter().map(|day| (day, self.capture_files(&looks, day))).collect();
        let mut numbers = Numbers::new();
        if !self.sound {
            // A line that can't be read may be about rows.
            numbers.doubt();
        }
        let mut days: BTreeMap<Day, DayRows> = BTreeMap::new();
        for line in lines {
            let (name, day) = line.about();
            match line {
                EntityLine::Look(line) => {
                    (self.step)(&format!("checking {name} of {day}"));
                    self.out.looks += 1;
                    self.look(line, looks.thinned.get(&day), &mut numbers);
                }
                EntityLine::Capture(line) => {
                    self.out.captures += 1;
                    let found = captured.get(&day).map_or(&[][..], Vec::as_slice);
                    let rows = days.entry(day).or_insert_with(|| {
                        (self.step)(&format!("checking captures of {name} of {day}"));
                        self.captures(name, day, found, looks.thinned.get(&day))
                    });
                    self.numbered(line, &looks, rows, &mut numbers);
                }
                EntityLine::Thinned(line) => self.thinned(line, &looks),
                EntityLine::Unlooked(_) | EntityLine::Compacted(_) => {}
            }
        }
    }

    /// Checks a look.
    fn look(&mut self, line: &Said<LookDoc>, thinned: Option<&ThinnedDay>, numbers: &mut Numbers) {
        let look = &line.doc;
        let folder = look_folder(&look.entity, look.date);
        let path = self.archive.dir().join(&folder);
        self.folders.insert(folder.clone());
        let all = || look.files.iter().map(|doc| format!("{folder}/{}", doc.path));
        if matches!(files::exists(&path), Ok(false)) {
            numbers.doubt();
            // A cold store has some of them.
            match self.archive.cold() {
                Some(_) if all().any(|path| self.is_copied(&path, thinned)) => {
                    self.damage(&folder, "is missing, and the ledger says that it was copied here");
                }
                None if !all().all(|path| self.may_be_gone(&path, thinned)) => {
                    self.damage(&folder, "is missing, and the ledger has its line");
                }
                _ => {}
            }
            return;
        }
        let def = self.definition(line.seq, look.definition);
        let read = (self.read)(look.date);
        let (mut rows, mut rest, mut whole) = (None, None, read);
        for doc in &look.files {
            let name = format!("{folder}/{}", doc.path);
            let cold = self.archive.cold().is_some() && !self.is_copied(&name, thinned);
            if (cold || self.may_be_gone(&name, thinned)) && self.is_missing(&name) {
                whole = false;
                continue;
            }
            match self.file(&name, doc, read) {
                Ok(file) if doc.path == ROWS => rows = file,
                Ok(file) if doc.path == REST => rest = file,
                Ok(_) => {}
                Err(Told) => whole = false,
            }
            self.expected.insert(name);
        }
        if !look.files.iter().any(|doc| doc.path == ROWS) {
            self.ledger(line.seq, format!("keeps a look without {ROWS}"));
        }
        match rows {
            Some(rows) if whole => {
                let files = verify_rows::Files { rows, rest };
                for (file, what) in verify_rows::check(&files, look, def.as_ref(), numbers) {
                    self.damage(&format!("{folder}/{file}"), what);
                }
            }
            _ => numbers.doubt(),
        }
    }

    /// The files that hold a day's captures by now, with the captures that each is of.
    fn capture_files<'l>(&mut self, looks: &'l Looks, day: Day) -> Vec<CaptureFile<'l>> {
        let mut found: Vec<CaptureFile<'l>> = Vec::new();
        for line in looks.captures.iter().filter(|line| line.doc.date == day) {
            let folder = captures_folder(&line.doc.entity, day);
            if !self.expected.insert(format!("{folder}/{}", line.doc.file.path)) {
                self.ledger(
                    line.seq,
                    format!("names {}, which is the file of another capture", line.doc.file.path),
                );
            }
            found.push(CaptureFile { doc: &line.doc.file, of: vec![&line.doc], together: false });
        }
        for line in looks.compacted.get(&day).into_iter().flatten() {
            let folder = captures_folder(&line.doc.entity, day);
            self.expected.insert(format!("{folder}/{}", line.doc.file.path));
            let mut of = Vec::new();
            for name in &line.doc.of {
                match found.iter().position(|file| file.doc.path == *name) {
                    Some(at) => of.extend(found.remove(at).of),
                    None => self
                        .ledger(line.seq, format!("puts {name:?} together, which no line before it names")),
                }
            }
            found.push(CaptureFile { doc: &line.doc.file, of, together: true });
        }
        found
    }

    /// Checks the files of a day's captures, and gives the rows by the instants at which they were taken.
    fn captures(
        &mut self,
        entity: &str,
        day: Day,
        files: &[CaptureFile<'_>],
        thinned: Option<&ThinnedDay>,
    ) -> DayRows {
        let folder = captures_folder(entity, day);
        let read = (self.read)(day);
        let mut all: DayRows = read.then(BTreeMap::new);
        for file in files {
            let name = format!("{folder}/{}", file.doc.path);
            let cold = self.archive.cold().is_some() && !self.is_copied(&name, thinned);
            if (cold || self.may_be_gone(&name, thinned)) && self.is_missing(&name) {
                all = None;
                continue;
            }
            let read = read && all.is_some();
            match self.file(&name, file.doc, false) {
                Ok(_) if read => {}
                Ok(_) => continue,
                Err(Told) => {
                    all = None;
                    continue;
                }
            }
            match self.rows(entity, day, file, &name) {
                Ok(rows) => {
                    self.out.bytes += file.doc.size;
                    for (at, key, seq) in rows {
                        all.get_or_insert_default().entry(at).or_default().push((key, seq));
                    }
                }
                Err(error) => {
                    self.out.findings.push(Finding::of(self.archive.dir(), &error));
                    all = None;
                }
            }
        }
        all
    }

    /// Reads a file of captures, and holds it against those that it is of: when each row was captured, its key
    /// and its number.
    fn rows(
        &mut self,
        entity: &str,
        day: Day,
        file: &CaptureFile<'_>,
        name: &str,
    ) -> Result<Vec<(DateTime<Utc>, String, u64)>, ArchiveError> {
        let mut found: Vec<(DateTime<Utc>, String, u64)> = Vec::new();
        let (mut strays, mut disordered) = (0, false);
        let mut keys = Keys::default();
        for row in self.archive.capture_stream(entity, day, file.doc)? {
            let row = row?;
            let said = (row.captured_at, row.kind, row.definition);
            strays += usize::from(!file.of.iter().any(|of| (of.captured_at, of.kind, of.definition) == said));
            // One capture has no key twice.
            let order = |key: &str, seq: u64| (key.to_owned(), if file.together { seq } else { 0 });
            disordered |= found
                .last()
                .is_some_and(|(_, key, seq)| order(key, *seq) >= order(&row.row.key, row.row.seq));
            keys.push(&row.row.key);
            found.push((row.captured_at, row.row.key, row.row.seq));
        }
        let wanted: u64 = file.of.iter().map(|capture| capture.rows).sum();
        if found.len() as u64 != wanted {
            self.damage(name, format!("has {} rows, and the ledger says {wanted}", found.len()));
        }
        if strays > 0 {
            self.damage(name, format!("has {strays} rows that are of none of its captures in the ledger"));
        }
        // Older files have no filter. One that is of other keys would hide rows.
        let path = self.archive.dir().join(name);
        let filter = files::open(&path).and_then(|file| Filter::frame_of_file(&file));
        let filter = filter.map_err(ArchiveError::io("read", &path))?;
        if filter.is_some_and(|filter| filter != keys.frame()) {
            self.damage(name, "has a filter that is of other keys than its rows");
        }
        if disordered {
            self.damage(name, "has rows out of order, or twice");
        }
        Ok(found)
    }

    /// Whether the rows of a capture go on counting.
    fn numbered(&mut self, line: &Said<CaptureDoc>, looks: &Looks, rows: &DayRows, numbers: &mut Numbers) {
        // A cold store has those of its copies.
        if rows.is_some() || self.archive.cold().is_none() {
            self.definition(line.seq, line.doc.definition);
        }
        let own = |other: &&Said<CaptureDoc>| {
            (other.doc.date, other.doc.captured_at) == (line.doc.date, line.doc.captured_at)
        };
        // Of two at one instant it can't be told which row is of which.
        let (Some(rows), 1) = (rows, looks.captures.iter().filter(own).count()) else {
            return numbers.doubt();
        };
        let mut wrong: Vec<String> = Vec::new();
        for (key, seq) in rows.get(&line.doc.captured_at).into_iter().flatten() {
            wrong.extend(numbers.row(key, *seq));
        }
        if let Some(first) = wrong.first() {
            let more = match wrong.len() {
                1 => String::new(),
                all => format!(", and {} more such faults", all - 1),
            };
            let what = format!("{first}, in the capture of line {}{more}", line.seq);
            self.damage(&captures_folder(&line.doc.entity, line.doc.date), what);
        }
    }

    /// Checks a file, all of it or only its length; gives it where it was read.
    fn file(&mut self, name: &str, doc: &FileDoc, read: bool) -> Result<Option<fs::File>, Told> {
        let path = self.archive.dir().join(name);
        if fs::symlink_metadata(&path).is_ok_and(|meta| meta.is_symlink()) {
            self.link(name);
            return Err(Told);
        }
        let outcome = if read {
            checked::open(&path, doc).map(Some)
        } else {
            checked::check_size(&path, doc).map(|()| None)
        };
        match outcome {
            Ok(file) => {
                self.out.files += 1;
                self.out.bytes += if read { doc.size } else { 0 };
                Ok(file)
            }
            Err(error) => {
                let mut finding = Finding::of(self.archive.dir(), &error);
                // What it is tells how it came there.
                if let Some(is) = whose(&path) {
                    finding.what.push_str(&is);
                }
                self.out.findings.push(finding);
                Err(Told)
            }
        }
    }

    /// The definition of this fingerprint, if it is what was kept; that it is missing is told once.
    fn definition(&mut self, seq: u64, fingerprint: Fingerprint) -> Option<EntityDef> {
        if let Some(known) = self.definitions.get(&fingerprint) {
            return known.clone();
        }
        let found = self.archive.entity_definition(fingerprint);
        if let Err(error) = &found
            && (matches!(files::exists(&self.archive.definitions_path(fingerprint)), Ok(false))
                || self.archive.definitions(fingerprint).is_ok())
        {
            let finding = Finding::of(self.archive.dir(), error);
            let what = format!("{}, and line {seq} of the ledger names it", finding.what);
            self.out.findings.push(Finding { what, ..finding });
        }
        let found = found.ok();
        self.definitions.insert(fingerprint, found.clone());
        found
    }

    fn damage(&mut self, path: &str, what: impl Into<String>) {
        self.out.findings.push(Finding::damage(path, what));
    }

    fn ledger(&mut self, seq: u64, what: String) {
        let path = self.archive.ledger_path();
        let error = ArchiveError::LedgerLine { path, line: seq, what };
        self.out.findings.push(Finding::of(self.archive.dir(), &error));
    }
}

/// What a file of a look says that it is of.
fn whose(path: &Path) -> Option<String> {
    if path.extension()? != "parquet" || !fs::metadata(path).ok()?.is_file() {
        return None;
    }
    let said = super::look_file::Said::of(fs::File::open(path).ok()?).ok()?;
    let short = |text: &str| text.chars().take(80).collect::<String>();
    Some(format!("; it says that it is of {} on {}", short(&said.entity), short(&said.date)))
}
