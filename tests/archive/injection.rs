//! Children run by strace, which kills them or makes the system refuse at a chosen system call.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::Stdio;

use super::child::{self, Task};

/// The system calls by which a commit changes what is on disk, and those on the way.
pub(super) const CALLS: [&str; 12] = [
    "openat",
    "mkdir",
    "flock",
    "write",
    "pwrite64",
    "fsync",
    "fdatasync",
    "ftruncate",
    "renameat2",
    "unlink",
    "unlinkat",
    "rmdir",
];

/// Further ones that do the same, which must not occur: a fault in them would not be tested.
const UNEXPECTED: &str = "creat,mkdirat,rename,renameat,link,linkat,writev,pwritev,sync_file_range,sendfile,copy_file_range,truncate,fallocate";

/// The count at which strace sees the task's own `nth` call of this name, from 1.
pub(super) fn when(call: &str, nth: usize) -> usize {
    if matches!(call, "openat" | "write") { child::CALLS_BEFORE + nth } else { nth }
}

/// What became of a child.
pub(super) struct Outcome {
    /// Its exit code; none when it was killed.
    pub(super) code: Option<i32>,
    /// Whether the fault came to pass.
    pub(super) hit: bool,
    /// What it printed.
    pub(super) output: String,
    /// What strace saw.
    pub(super) trace: String,
}

/// Freezes editions in another process under strace, with faults such as `fsync:signal=KILL:when=3`.
///
/// Calls are counted for each thread; the commit's own thread does nothing else.
pub(super) fn freeze(dir: &Path, names: &[&str], faults: &[&str]) -> Outcome {
    let outcome = freeze_with_other_calls(dir, names, faults);
    for call in UNEXPECTED.split(',') {
        assert!(
            !outcome.trace.contains(&format!(" {call}(")),
            "a commit uses {call} now: add it to CALLS\n{}",
            outcome.trace
        );
    }
    outcome
}

/// The same, where other calls than [`CALLS`] may be used too.
pub(super) fn freeze_with_other_calls(dir: &Path, names: &[&str], faults: &[&str]) -> Outcome {
    let log = tempfile::NamedTempFile::new().unwrap();
    let trace = format!("trace={},{UNEXPECTED}", CALLS.join(","));
    let injected: Vec<String> = faults.iter().map(|fault| format!("inject={fault}")).collect();
    let mut before = vec!["-f", "-y", "-s", "4096", "-o", log.path().to_str().unwrap(), "-e", &trace];
    before.extend(injected.iter().flat_map(|inject| ["-e", inject]));
    let mut command = child::command(Some("strace"), &before, Task::Freeze, dir, names);
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|error| match error.kind() {
        ErrorKind::NotFound => panic!("this test needs strace: install the package of that name"),
        _ => panic!("strace can't be run: {error}"),
    });
    let trace = fs::read_to_string(log.path()).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(trace.contains("openat("), "strace traced nothing, this test needs ptrace: {errors}");
    assert!(trace.contains("/dev/null"), "the fault hit the program before its task: {trace}");
    let killed = output.status.signal() == Some(9);
    Outcome {
        code: output.status.code(),
        hit: killed || trace.contains("(INJECTED)"),
        output: String::from_utf8_lossy(&output.stdout).into_owned(),
        trace,
    }
}
