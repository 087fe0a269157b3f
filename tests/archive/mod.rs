//! The archive on a real file system: freezing, damage, writers at once, full disks, crashes.

mod child;
mod crash;
mod damage;
mod disk;
mod freezing;
mod golden;
mod injection;
mod seen;
mod writers;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use asof::archive::{Archive, ArchiveError, Commit, Headline, Sealed, SnapshotLine};
use asof::model::definitions::{
    CalendarDef, Count, Dialect, EventsDef, From, Measure, MetricDef, SourceDef, TimeIs,
};
use asof::model::manifest::{Consistency, DefinitionsDoc, SourceDoc, WindowDoc};
use asof::model::{Day, Definitions, Digest, Edition, Fingerprint, Manifest, Number, Provenance, SnapshotId};
use chrono::{DateTime, Utc};
use indexmap::IndexMap;

/// How long a test waits for a lock that it expects to get.
const PATIENCE: Duration = Duration::from_mins(2);

fn at(time: &str) -> DateTime<Utc> {
    time.parse().unwrap()
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn id(text: &str) -> SnapshotId {
    text.parse().unwrap()
}

/// Counts the rows of one table.
fn definitions(table: &str) -> Definitions {
    let events = EventsDef {
        source: None,
        from: From::Table(table.into()),
        time: "call_date".into(),
        time_is: TimeIs::Local,
        staged: false,
        by: BTreeMap::new(),
    };
    let count =
        MetricDef { measure: Measure::Count(Count { of: "calls".into(), filter: None }), over_days: None };
    Definitions {
        format: "asof.definitions/1".into(),
        calendar: CalendarDef { time_zone: "UTC".into(), day_starts_at: "00:00".into() },
        source: SourceDef { dialect: Dialect::Sqlite, time_zone: "UTC".into(), tables: BTreeMap::new() },
        sources: BTreeMap::new(),
        lookups: BTreeMap::new(),
        lists: BTreeMap::new(),
        events: BTreeMap::from([("calls".into(), events)]),
        metrics: BTreeMap::from([("calls".into(), count)]),
    }
}

/// A manifest in which all that the archive fills in is still wrong.
fn manifest(id: SnapshotId, captured_at: DateTime<Utc>) -> Manifest {
    let start: DateTime<Utc> = format!("{}T00:00:00Z", id.day).parse().unwrap();
    Manifest {
        format: "to be filled in".into(),
        archive: "to be filled in".into(),
        date: day("1999-01-01"),
        edition: Edition::FIRST,
        provenance: Provenance::Witnessed,
        captured_at,
        window: WindowDoc {
            time_zone: "UTC".into(),
            start_local: start.to_rfc3339(),
            end_local: (start + Duration::from_hours(24)).to_rfc3339(),
            start,
            end: start + Duration::from_hours(24),
            hours: Number::from(24_i64),
        },
        source: SourceDoc {
            url: "sqlite:calls.db".into(),
            server: "SQLite".into(),
            version: "3.50.4".into(),
            time_zone: "UTC".into(),
            consistency: Consistency::Snapshot,
        },
        definitions: DefinitionsDoc {
            fingerprint: Fingerprint(Digest::of(b"")),
            metrics: BTreeMap::new(),
            dimensions: BTreeMap::new(),
        },
        keys: BTreeMap::new(),
        files: Vec::new(),
        events: BTreeMap::new(),
        reason: None,
        looks: BTreeMap::new(),
        sources: BTreeMap::new(),
        trigger: "save".into(),
        asof: "0.1.0".into(),
    }
}

fn metrics_json(id: SnapshotId, calls: i64) -> Vec<u8> {
    format!(
        "{{\"format\":\"asof.metrics/1\",\"date\":\"{}\",\"edition\":{},\"provenance\":\"witnessed\",\
         \"events\":{{\"calls\":{{\"label\":\"Calls\",\"rows\":{calls},\"newest\":null,\"dimensions\":[],\"crossed\":true}}}},\
         \"metrics\":{{\"calls\":{{\"label\":\"Calls\",\"unit\":null,\"of\":\"calls\",\"value\":{calls}}},\
         \"minutes\":{{\"label\":\"Minutes\",\"unit\":\"min\",\"of\":\"calls\",\"value\":737.10}}}}}}\n",
        id.day, id.edition
    )
    .into_bytes()
}

/// Stages and seals an edition of three files.
fn sealed(archive: &Archive, name: &str, calls: i64, now: DateTime<Utc>) -> Result<Sealed, ArchiveError> {
    let id = id(name);
    let mut staging = archive.stage(id)?;
    staging.write("metrics.json", &metrics_json(id, calls))?;
    staging.write("dashboard.html", format!("<!doctype html><p>{calls} calls").as_bytes())?;
    staging.write("cubes/calls.parquet", &[b'x'; 3000])?;
    staging.seal(manifest(id, now), &definitions("vicidial_log"))
}

fn headline(calls: i64) -> Headline {
    let values = IndexMap::from([("calls".into(), Some(Number::from(calls))), ("rate".into(), None)]);
    Headline { values, seen: IndexMap::new() }
}

/// Freezes an edition as a save does.
fn try_freeze(archive: &Archive, name: &str, calls: i64, now: &str) -> Result<Commit, ArchiveError> {
    archive.commit(sealed(archive, name, calls, at(now))?, &headline(calls), PATIENCE, at(now))
}

fn freeze(archive: &Archive, name: &str, calls: i64, now: &str) -> SnapshotLine {
    match try_freeze(archive, name, calls, now).unwrap() {
        Commit::Done(line) => *line,
        Commit::Taken { editions } => panic!("{name} is taken: {editions:?}"),
    }
}

/// A new archive in a folder of its own, removed when dropped.
struct Fixture {
    _root: tempfile::TempDir,
    archive: Archive,
}

impl Fixture {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let archive =
            Archive::open_or_create(root.path().join("snapshots"), None, at("2025-11-01T00:00:00Z")).unwrap();
        Self { _root: root, archive }
    }

    /// An archive with three frozen days, the second of them twice.
    fn with_days() -> Self {
        let fixture = Self::new();
        freeze(&fixture.archive, "2025-11-05", 100, "2025-11-06T02:00:00Z");
        freeze(&fixture.archive, "2025-11-06", 200, "2025-11-07T02:00:00Z");
        freeze(&fixture.archive, "2025-11-06@2", 210, "2025-11-07T09:00:00Z");
        freeze(&fixture.archive, "2025-11-07", 300, "2025-11-08T02:00:00Z");
        fixture
    }

    fn dir(&self) -> &Path {
        self.archive.dir()
    }

    fn ledger(&self) -> Vec<String> {
        let text = fs::read_to_string(self.archive.ledger_path()).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    /// The names of the editions that are in effect and there.
    fn editions(&self) -> Vec<String> {
        let history = self.archive.history().unwrap();
        history.days().flat_map(|(_, editions)| editions).map(|frozen| frozen.line.id().to_string()).collect()
    }

    /// Fails unless the chain holds, every edition is whole, and nothing else lies around.
    fn assert_sound(&self) {
        assert_sound(&self.archive);
    }
}

/// Fails unless the chain holds, every edition is whole, and nothing lies around that has no line.
fn assert_sound(archive: &Archive) {
    let check = archive.check_ledger().unwrap();
    assert_eq!(check.damaged, []);
    let history = archive.history().unwrap();
    assert_eq!(history.unlisted(), []);
    for (_, editions) in history.days() {
        for frozen in editions {
            assert!(frozen.present, "{} has a line and no folder", frozen.line.id());
            assert_whole(archive, &frozen.line);
        }
    }
}

/// Fails unless all files of an edition are there, with nothing beside them.
fn assert_whole(archive: &Archive, line: &SnapshotLine) {
    let manifest = archive.manifest(line).unwrap();
    assert_eq!(SnapshotId::new(manifest.date, manifest.edition), line.id());
    for doc in &manifest.files {
        assert_eq!(archive.read_file(&manifest, &doc.path).unwrap().len() as u64, doc.size);
    }
    assert_eq!(archive.definitions(line.definitions).unwrap().fingerprint(), line.definitions);
    let mut found = Vec::new();
    names_below(&archive.folder(&line.id()), "", &mut found);
    let mut listed: Vec<String> = manifest.files.iter().map(|doc| doc.path.clone()).collect();
    listed.push("manifest.json".into());
    listed.sort();
    found.sort();
    assert_eq!(found, listed);
}

/// The paths of all files below a folder.
fn names_below(folder: &Path, prefix: &str, into: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            names_below(&entry.path(), &format!("{name}/"), into);
        } else {
            into.push(name);
        }
    }
}
