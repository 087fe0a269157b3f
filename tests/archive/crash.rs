//! A commit is stopped at every point, by death and by refusals: the day is there whole or not at all,
//! the next writer succeeds, and the chain holds.

use std::fs;
use std::path::{Path, PathBuf};

use asof::archive::{Archive, Commit};

use super::child::{DONE, FAILED};
use super::injection::{self, CALLS, Outcome};
use super::{Fixture, assert_sound, at, freeze, id, try_freeze};

const DAY: &str = "2025-11-08";

/// What a commit meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    /// No archive yet.
    Nothing,
    /// Frozen days, and definitions that the archive has.
    Days,
    /// What a writer left behind that died twice: a line without its folder, then half a line,
    /// and what it had staged.
    Ruins,
}

/// An archive in that state, in a folder of its own.
struct Scene {
    _root: tempfile::TempDir,
    dir: PathBuf,
    /// The ledger's whole lines.
    ledger: Vec<u8>,
}

impl Scene {
    fn new(before: Before) -> Self {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("snapshots");
        let mut ledger = Vec::new();
        if before != Before::Nothing {
            let archive = Archive::open_or_create(&dir, None, at("2025-11-01T00:00:00Z")).unwrap();
            freeze(&archive, "2025-11-05", 100, "2025-11-06T02:00:00Z");
            freeze(&archive, "2025-11-06", 200, "2025-11-07T02:00:00Z");
            ledger = fs::read(archive.ledger_path()).unwrap();
            if before == Before::Ruins {
                fs::remove_dir_all(dir.join("2025-11-06")).unwrap();
                let torn =
                    [&ledger[..], b"{\"seq\":3,\"at\":\"2025-11-07T02:00:01Z\",\"prev\":\"0123"].concat();
                fs::write(archive.ledger_path(), torn).unwrap();
                let staged = dir.join(".staging/of-a-dead-process");
                fs::create_dir_all(staged.join("snapshot/cubes")).unwrap();
                for file in ["lock", "snapshot/metrics.json", "snapshot/cubes/calls.parquet"] {
                    fs::write(staged.join(file), "x").unwrap();
                }
            }
        }
        Self { _root: root, dir, ledger }
    }

    /// Fails unless what a stopped commit left is what the format promises.
    fn check(&self, outcome: &Outcome, before: Before, fault: &str) {
        let told = format!("{before:?}, {fault}: {:?} {}", outcome.code, outcome.output);
        let days = if before == Before::Days { 2 } else { usize::from(before == Before::Ruins) };
        let mut exists = false;
        if let Ok(archive) = Archive::open(&self.dir) {
            assert_sound(&archive);
            let history = archive.history().unwrap();
            exists = history.get(&id(DAY)).is_ok();
            assert_eq!(history.days().count(), days + usize::from(exists), "{told}");
            let ledger = fs::read(archive.ledger_path()).unwrap();
            assert!(ledger.starts_with(&self.ledger), "{told}");
        } else {
            assert_eq!(before, Before::Nothing, "{told}");
        }
        if outcome.code == Some(DONE) {
            assert!(exists, "{told}");
        }
        if outcome.code == Some(FAILED) {
            assert!(outcome.output.contains("error: can't "), "{told}");
            assert!(outcome.output.contains(self.dir.parent().unwrap().to_str().unwrap()), "{told}");
            // Only the last sync can fail when the day is there already.
            let last_sync = outcome.output.contains("snapshots: Input/output error");
            assert!(!exists || last_sync, "{told}");
        }
        self.check_next_writer(exists, &told);
    }

    fn check_next_writer(&self, exists: bool, told: &str) {
        let archive = Archive::open_or_create(&self.dir, None, at("2025-11-01T00:00:00Z")).unwrap();
        let name = if exists { "2025-11-08@2" } else { DAY };
        let next = try_freeze(&archive, name, 500, "2025-12-20T02:00:00Z");
        assert!(matches!(next, Ok(Commit::Done(_))), "{told}: {next:?}");
        assert_sound(&archive);
        let history = archive.history().unwrap();
        assert!(!history.torn(), "{told}");
        assert!(history.get(&id(name)).is_ok(), "{told}");
        assert!(fs::read(archive.ledger_path()).unwrap().starts_with(&self.ledger), "{told}");
        let left: Vec<_> = fs::read_dir(self.dir.join(".staging")).unwrap().collect();
        assert!(left.is_empty(), "{told}: {left:?}");
    }
}

/// Commits again and again, each time with the fault one call later, until it no longer comes to pass.
/// Gives back how often it did.
fn everywhere(before: Before, call: &str, fault: &str) -> usize {
    for nth in 1.. {
        let fault = format!("{call}:{fault}:when={}", injection::when(call, nth));
        let scene = Scene::new(before);
        let outcome = injection::freeze(&scene.dir, &[DAY], &[&fault]);
        scene.check(&outcome, before, &fault);
        if !outcome.hit {
            assert_eq!(outcome.code, Some(DONE), "{fault}: {}", outcome.output);
            return nth - 1;
        }
    }
    0
}

fn at_every_call(before: Before, fault: &str) {
    for call in CALLS {
        let times = everywhere(before, call, fault);
        // Only what is torn is cut, and only what was left behind is removed with its folders.
        let recovers = matches!(call, "ftruncate" | "unlinkat");
        assert_eq!(times > 0, !recovers || before == Before::Ruins, "{call} in {before:?}: {times}");
    }
}

#[test]
fn a_death_at_any_call_of_the_first_commit_leaves_no_archive_or_a_sound_one() {
    at_every_call(Before::Nothing, "signal=KILL");
}

#[test]
fn a_death_at_any_call_of_a_commit_leaves_no_such_day_or_a_whole_one() {
    at_every_call(Before::Days, "signal=KILL");
}

#[test]
fn a_death_at_any_call_of_a_recovery_leaves_something_to_recover_from() {
    at_every_call(Before::Ruins, "signal=KILL");
}

#[test]
fn a_refusal_of_any_call_of_the_first_commit_is_an_error_that_leaves_all_as_it_was() {
    at_every_call(Before::Nothing, "error=EIO");
}

#[test]
fn a_refusal_of_any_call_of_a_commit_is_an_error_that_leaves_all_as_it_was() {
    at_every_call(Before::Days, "error=EIO");
}

#[test]
fn a_refusal_of_any_call_of_a_recovery_is_an_error_that_leaves_something_to_recover_from() {
    at_every_call(Before::Ruins, "error=EIO");
}

#[test]
fn every_refusal_from_some_call_on_leaves_all_as_it_was() {
    // The disk is gone for good: cleaning up and cutting back fail as well.
    for call in ["write", "pwrite64", "fsync", "fdatasync", "renameat2"] {
        for nth in 1..=4 {
            let fault = format!("{call}:error=EIO:when={}+", injection::when(call, nth));
            let scene = Scene::new(Before::Days);
            let cleaning = "ftruncate,unlink,unlinkat,rmdir:error=EIO";
            let outcome = injection::freeze_with_other_calls(&scene.dir, &[DAY], &[&fault, cleaning]);
            scene.check(&outcome, Before::Days, &fault);
        }
    }
}

#[test]
fn a_file_system_that_cannot_promise_a_free_name_holds_an_archive_as_well() {
    for errno in ["EINVAL", "ENOSYS"] {
        let fixture = Fixture::with_days();
        // Children are held to `renameat2`, so this one is looked at by what it leaves.
        let fault = format!("renameat2:error={errno}");
        let code = injection::freeze_with_other_calls(fixture.dir(), &[DAY], &[&fault]).code;
        assert_eq!(code, Some(DONE));
        fixture.assert_sound();
        assert_eq!(fixture.editions().last().unwrap(), DAY);
    }
}

/// The place of the only line of a trace that holds all of these.
fn place(trace: &[&str], parts: &[&str]) -> usize {
    let fits = |line: &&&str| parts.iter().all(|part| line.contains(part));
    let places: Vec<usize> =
        trace.iter().enumerate().filter(|(_, line)| fits(line)).map(|(at, _)| at).collect();
    assert_eq!(places.len(), 1, "{parts:?} at {places:?} in\n{}", trace.join("\n"));
    places[0]
}

#[test]
fn the_order_on_disk_is_files_folders_ledger_name_and_parent_and_the_lock_is_held_for_the_last_three() {
    let fixture = Fixture::with_days();
    let outcome = injection::freeze(fixture.dir(), &[DAY], &[]);
    assert_eq!(outcome.code, Some(DONE), "{}", outcome.output);
    let trace: Vec<&str> = outcome.trace.lines().collect();
    let in_dir = |name: &str| fixture.dir().join(name).to_str().unwrap().to_owned();

    let files = ["metrics.json", "dashboard.html", "cubes/calls.parquet", "manifest.json"];
    let staged = |name: &str| format!("/snapshot/{name}>");
    let writes: Vec<usize> = files.iter().map(|file| place(&trace, &[" write(", &staged(file)])).collect();
    assert_eq!(writes.iter().max(), writes.last(), "the manifest is written last");
    let file_syncs: Vec<usize> =
        files.iter().map(|file| place(&trace, &[" fsync(", &staged(file)])).collect();
    let inner = place(&trace, &[" fsync(", "/snapshot/cubes>"]);
    let folder = place(&trace, &[" fsync(", "/snapshot>"]);
    let lock = place(&trace, &[" flock(", &in_dir(".lock")]);
    let line = place(&trace, &[" pwrite64(", &in_dir("ledger.jsonl"), "\\\"kind\\\":\\\"snapshot\\\""]);
    let ledger = place(&trace, &[" fdatasync(", &in_dir("ledger.jsonl")]);
    let rename = place(&trace, &[" renameat2(", "/snapshot\"", &format!("\"{}\"", in_dir(DAY))]);
    let parent = place(&trace, &[" fsync(", &format!("<{}>", fixture.dir().to_str().unwrap())]);
    let order = [
        *writes.iter().max().unwrap(),
        *file_syncs.iter().min().unwrap(),
        *file_syncs.iter().max().unwrap(),
        inner,
        folder,
        lock,
        line,
        ledger,
        rename,
        parent,
    ];
    assert!(order.is_sorted(), "{order:?} in\n{}", outcome.trace);
    // A sync by a helper thread must be over, not only begun, before the folders are synced.
    let resumed = trace.iter().rposition(|line| line.contains("fsync resumed")).unwrap_or(0);
    assert!(resumed < inner, "{}", outcome.trace);
    assert!(Path::new(&in_dir(DAY)).is_dir());
}
