//! `asof save` itself, killed at each write, sync and rename, and the order of its syncs.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const DAY: &str = "2025-11-06";
const NIGHT: &str = "2025-11-07T09:00:00Z";

/// A source with a few events and its configuration; the day before is frozen already.
fn fixture() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let database = rusqlite::Connection::open(dir.path().join("calls.db")).unwrap();
    database
        .execute_batch(
            "create table calls (at text, status text);
             insert into calls values ('2025-11-05 10:00:00', 'SALE'), ('2025-11-06 10:00:00', 'SALE'), ('2025-11-06 11:00:00', null);",
        )
        .unwrap();
    let config = r#"
        source = { url = "sqlite:calls.db" }
        calendar = { time_zone = "America/Chicago" }
        events.calls = { table = "calls", time = "at", time_is = "local", by = { status = "status" } }
        metrics.calls = { of = "calls", count = true }
    "#;
    fs::write(dir.path().join("asof.toml"), config).unwrap();
    let before = asof(dir.path(), &["save", "2025-11-05"]).output().unwrap();
    assert!(before.status.success(), "{before:?}");
    dir
}

fn with(dir: &Path, program: &str, before: &[&str], arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(before).args(arguments).current_dir(dir).env_clear().env("ASOF_NOW", NIGHT);
    command
}

fn asof(dir: &Path, arguments: &[&str]) -> Command {
    with(dir, env!("CARGO_BIN_EXE_asof"), &[], arguments)
}

/// `asof save` of the day under strace, which must be there.
fn traced(dir: &Path, options: &[&str]) -> Output {
    let log = dir.join("strace.log");
    let mut before = vec!["-f", "-y", "-o", log.to_str().unwrap()];
    before.extend(options);
    before.push(env!("CARGO_BIN_EXE_asof"));
    with(dir, "strace", &before, &["save", DAY])
        .output()
        .unwrap_or_else(|error| panic!("this test needs strace, which scripts/test installs: {error}"))
}

fn is_frozen(dir: &Path) -> bool {
    let shown = asof(dir, &["restore", DAY, "--json"]).output().unwrap();
    if shown.status.success() {
        let stored = fs::read(dir.join("snapshots").join(DAY).join("metrics.json")).unwrap();
        assert_eq!(shown.stdout, stored);
    } else {
        assert_eq!(shown.status.code(), Some(1), "{shown:?}");
        let errors = String::from_utf8_lossy(&shown.stderr).into_owned();
        assert!(errors.contains("is not in the archive"), "{errors}");
    }
    shown.status.success()
}

#[test]
fn a_save_that_is_killed_leaves_no_day_or_a_whole_one_and_the_next_one_succeeds() {
    for call in ["fsync", "renameat2", "write", "mkdir"] {
        let mut killed = 0;
        for nth in 1.. {
            let dir = fixture();
            let inject = format!("inject={call}:signal=KILL:when={nth}");
            let out = traced(dir.path(), &["-e", &format!("trace={call}"), "-e", &inject]);
            let frozen = is_frozen(dir.path());
            let again = asof(dir.path(), &["save", DAY]).output().unwrap();
            assert!(again.status.success(), "{inject}: {again:?}");
            assert!(is_frozen(dir.path()), "{inject}");
            assert!(!dir.path().join("snapshots").join(format!("{DAY}@2")).exists(), "{inject}");
            if out.status.success() {
                assert!(frozen, "{inject}");
                break;
            }
            killed += 1;
        }
        assert!(killed > 0, "no {call} was hit");
    }
}

#[test]
fn files_are_synced_before_folders_then_the_ledger_then_the_rename_then_the_parent() {
    let dir = fixture();
    let out = traced(dir.path(), &["-e", "trace=fsync,fdatasync,renameat2"]);
    assert!(out.status.success(), "{out:?}");
    let log = fs::read_to_string(dir.path().join("strace.log")).unwrap();
    let place = |what: &str, wanted: &dyn Fn(&str) -> bool| {
        let all: Vec<usize> =
            log.lines().enumerate().filter(|(_, line)| wanted(line)).map(|(at, _)| at).collect();
        assert!(!all.is_empty(), "{what} is not there:\n{log}");
        (all[0], *all.last().unwrap())
    };
    let syncs = |end: &'static str| move |line: &str| line.contains("sync(") && line.contains(end);
    let files = ["/metrics.json>", "/dashboard.html>", "/calls.parquet>", "/manifest.json>"];
    let (_, last_file) = place("the sync of a file", &|line| {
        line.contains("sync(") && files.iter().any(|end| line.contains(end))
    });
    for end in files {
        place(end, &syncs(end));
    }
    let (folder, last_folder) = place("the sync of the folder", &syncs("/snapshot>"));
    let (ledger, _) = place("the sync of the ledger", &syncs("/ledger.jsonl>"));
    let (rename, _) =
        place("the rename", &|line| line.contains("renameat2(") && line.contains("/2025-11-06\""));
    let (_, parent) = place("the sync of the parent", &syncs("/snapshots>"));
    assert!(last_file < folder, "{log}");
    assert!(last_folder < ledger && ledger < rename && rename < parent, "{log}");
}
