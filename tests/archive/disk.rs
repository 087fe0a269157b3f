//! Disks that are full, read-only, or not ours: one clear sentence, and nothing half written.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::{Output, Stdio};

use super::child::{self, DONE, FAILED, Task};
use super::{Fixture, freeze, injection};

const DAY: &str = "2025-11-10";

/// All that lies in an archive but its lock, by path and content.
fn content(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut names = Vec::new();
    super::names_below(dir, "", &mut names);
    names.retain(|name| name != ".lock");
    names.sort();
    names.into_iter().map(|name| (name.clone(), fs::read(dir.join(name)).unwrap())).collect()
}

#[test]
fn a_full_disk_is_told_with_its_path_and_leaves_the_archive_as_it_was() {
    // Whichever file it is that no longer fits, the ledger included.
    for (call, times) in
        [("mkdir", 2..=4), ("write", 1..=4), ("pwrite64", 1..=1), ("fsync", 1..=1), ("fdatasync", 1..=1)]
    {
        for nth in times {
            let fixture = Fixture::with_days();
            let before = content(fixture.dir());
            let fault = format!("{call}:error=ENOSPC:when={}", injection::when(call, nth));
            let outcome = injection::freeze(fixture.dir(), &[DAY], &[&fault]);
            assert_eq!((outcome.code, outcome.hit), (Some(FAILED), true), "{fault}: {}", outcome.output);
            assert!(outcome.output.contains("No space left on device"), "{fault}: {}", outcome.output);
            assert!(outcome.output.contains(fixture.dir().to_str().unwrap()), "{fault}: {}", outcome.output);
            assert!(outcome.output.contains("hint: free some space"), "{fault}: {}", outcome.output);
            assert!(content(fixture.dir()) == before, "{fault} changed the archive");
            freeze(&fixture.archive, DAY, 500, "2025-12-20T02:00:00Z");
            fixture.assert_sound();
        }
    }
}

/// Freezes a day in a child that can write files of that many times 512 bytes only.
fn freeze_with_small_files(dir: &Path, blocks: u64) -> Output {
    // Without the signal the write itself comes back short, as it does on a full disk.
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
    let mut command = child::command(Some("sh"), &["-c", &script, "sh"], Task::Freeze, dir, &[DAY]);
    command.stdin(Stdio::null()).output().unwrap()
}

#[test]
fn a_write_that_comes_back_short_leaves_the_archive_as_it_was() {
    let fixture = Fixture::with_days();
    for number in 10..16 {
        freeze(&fixture.archive, &format!("2025-10-{number}"), 1, "2025-11-08T03:00:00Z");
    }
    let ledger = fixture.archive.ledger_path().metadata().unwrap().len();
    assert!(ledger > 3584, "the staged files must be smaller than the ledger for this test");
    let before = content(fixture.dir());
    // A limit that the staged cube hits, and one that the ledger's new line hits on its way.
    for (blocks, file) in [(4, "calls.parquet"), (ledger / 512 + 1, "ledger.jsonl")] {
        let output = freeze_with_small_files(fixture.dir(), blocks);
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(FAILED), "{said}");
        assert!(said.contains(file) && said.contains("File too large"), "{said}");
        assert!(said.contains("hint: a limit on the size of files stopped it"), "{said}");
        assert!(content(fixture.dir()) == before, "{file}");
    }
    let output = freeze_with_small_files(fixture.dir(), ledger / 512 + 4);
    assert_eq!(output.status.code(), Some(DONE));
    fixture.assert_sound();
}

#[test]
fn a_read_only_file_system_is_told_as_such() {
    for (call, nth) in [("mkdir", 2), ("openat", 3), ("renameat2", 1)] {
        let fixture = Fixture::with_days();
        let before = content(fixture.dir());
        let fault = format!("{call}:error=EROFS:when={}+", injection::when(call, nth));
        let outcome = injection::freeze(fixture.dir(), &[DAY], &[&fault]);
        assert_eq!((outcome.code, outcome.hit), (Some(FAILED), true), "{fault}: {}", outcome.output);
        assert!(outcome.output.contains("Read-only file system"), "{fault}: {}", outcome.output);
        assert!(outcome.output.contains("hint: the file system is mounted read-only"), "{}", outcome.output);
        if call == "renameat2" {
            // The line was out already; its writer has closed it itself.
            let last = fixture.ledger().pop().unwrap();
            assert!(last.contains("\"kind\":\"abandoned\",\"of\":5"), "{last}");
        } else {
            assert!(content(fixture.dir()) == before, "{fault} changed the archive");
        }
        fixture.assert_sound();
    }
}

fn set_mode(dir: &Path, mode: u32) {
    fs::set_permissions(dir, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn an_archive_that_may_only_be_read_is_read_and_not_written() {
    let fixture = Fixture::with_days();
    let before = content(fixture.dir());
    for dir in [".staging", "definitions", "2025-11-06", ""] {
        set_mode(&fixture.dir().join(dir), 0o555);
    }
    // Root may write wherever it likes, unless it gives that right up.
    let root = fs::metadata("/proc/self").unwrap().uid() == 0;
    let program = root.then_some("setpriv");
    let before_child: &[&str] = if root { &["--bounding-set=-all", "--inh-caps=-all"] } else { &[] };
    let mut command = child::command(program, before_child, Task::Freeze, fixture.dir(), &[DAY]);
    let output = command.stdin(Stdio::null()).output().expect("this test needs setpriv when run by root");
    set_mode(fixture.dir(), 0o755);
    set_mode(&fixture.dir().join(".staging"), 0o755);

    let said = String::from_utf8_lossy(&output.stdout);
    let wrong = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(FAILED), "{said}{wrong}");
    assert!(said.contains("error: can't create ") && said.contains("Permission denied"), "{said}");
    assert!(said.contains("hint: run asof as the user who owns the archive"), "{said}");
    assert!(content(fixture.dir()) == before);
    fixture.assert_sound();
    for dir in ["definitions", "2025-11-06"] {
        set_mode(&fixture.dir().join(dir), 0o755);
    }
}
