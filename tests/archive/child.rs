//! Another process that uses an archive: this test program again, told by its environment what to do.

use std::env;
use std::fs::OpenOptions;
use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio, exit};
use std::time::Duration;

use asof::archive::{Archive, ArchiveError, Commit};

use super::{at, headline, sealed, try_freeze};

const TASK: &str = "ASOF_TEST_ARCHIVE_TASK";
const NAME: &str = "archive::child::a_child_process_does_what_it_is_told";

/// Exit codes of a child.
pub(super) const DONE: i32 = 0;
pub(super) const TAKEN: i32 = 10;
pub(super) const FAILED: i32 = 20;

/// How many files a child opens and writes before its task, on the thread of the task.
///
/// Whoever counts system calls to stop the task at one of them starts after these: the program's
/// own start has fewer, on another thread.
pub(super) const CALLS_BEFORE: usize = 20;

/// What a child can be told to do, with the folder of the archive and the names of editions.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    /// Freeze editions, and make the archive when there is none.
    Freeze,
    /// The same, between staging and committing waiting for the end of its input.
    Pause,
    /// Hold the archive's lock until the end of its input.
    Hold,
}

/// The arguments and the environment of a child, to be run as they are or by another program.
pub(super) fn command(
    program: Option<&str>,
    before: &[&str],
    task: Task,
    dir: &Path,
    names: &[&str],
) -> Command {
    let this = env::current_exe().unwrap();
    let mut command = match program {
        None => Command::new(&this),
        Some(program) => {
            let mut command = Command::new(program);
            command.args(before).arg(&this);
            command
        }
    };
    let word = match task {
        Task::Freeze => "freeze",
        Task::Pause => "pause",
        Task::Hold => "hold",
    };
    // Two threads, so that the test has one to itself and the program's own start is not on it.
    command.args(["--exact", NAME, "--nocapture", "--test-threads=2"]);
    // Nothing else of this environment: a library path would change how many files are opened.
    command.env_clear().envs(env::vars_os().filter(|(name, _)| name == "PATH"));
    command.env(TASK, format!("{word}\n{}\n{}", dir.to_str().unwrap(), names.join("\n")));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[test]
fn a_child_process_does_what_it_is_told() {
    let Ok(task) = env::var(TASK) else { return };
    let mut words = task.lines();
    let (word, dir) = (words.next().unwrap(), Path::new(words.next().unwrap()));
    let names: Vec<&str> = words.collect();
    for _ in 0..CALLS_BEFORE {
        OpenOptions::new().write(true).open("/dev/null").unwrap().write_all(b"x").unwrap();
    }
    let outcome = match word {
        "freeze" => names.iter().try_fold(DONE, |worst, name| Ok(freeze(dir, name)?.max(worst))),
        "pause" => pause(dir, names[0]),
        _ => {
            hold(dir);
            Ok(DONE)
        }
    };
    exit(outcome.unwrap_or_else(|error: ArchiveError| {
        println!("error: {error}");
        println!("hint: {}", error.hint().unwrap_or_default());
        FAILED
    }));
}

/// The clock of a child that freezes this edition: two in the morning of a day after all others.
fn clock(name: &str) -> String {
    format!("2025-12-{}T02:00:00Z", &name[8..10])
}

fn freeze(dir: &Path, name: &str) -> Result<i32, ArchiveError> {
    // All children agree on the time, since they run at once.
    let archive = Archive::open_or_create(dir, None, at("2025-11-01T00:00:00Z"))?;
    let now = env::var("ASOF_TEST_CLOCK").unwrap_or_else(|_| clock(name));
    Ok(match try_freeze(&archive, name, 400, &now)? {
        Commit::Done(_) => DONE,
        Commit::Taken { .. } => TAKEN,
    })
}

fn pause(dir: &Path, name: &str) -> Result<i32, ArchiveError> {
    let archive = Archive::open(dir)?;
    let now = at(&clock(name));
    let sealed = sealed(&archive, name, 400, now)?;
    wait_for_the_end_of_input();
    Ok(match archive.commit(sealed, &headline(400), Duration::ZERO, now)? {
        Commit::Done(_) => DONE,
        Commit::Taken { .. } => TAKEN,
    })
}

fn hold(dir: &Path) {
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(dir.join(".lock")).unwrap();
    file.lock().unwrap();
    wait_for_the_end_of_input();
}

fn wait_for_the_end_of_input() {
    println!("ready");
    io::stdin().read_to_end(&mut Vec::new()).unwrap();
}
