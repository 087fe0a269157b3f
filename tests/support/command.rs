//! Runs the built program as a person or cron would, and writes down what happened.
//!
//! Each [`Place`] has a folder of its own, an environment with nothing in it, and a clock that
//! stands still. What its commands said is compared as a whole: the command, both streams, the
//! exit code.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// The clock of every place until it is set: 03:00 in Chicago, the day before is final by then.
pub const NOW: &str = "2025-11-07T03:00:00-06:00";

/// A folder in which commands are run.
pub struct Place {
    dir: TempDir,
    now: RefCell<String>,
    env: RefCell<BTreeMap<String, String>>,
    hidden: RefCell<Vec<(String, String)>>,
    secrets: RefCell<Vec<String>>,
    told: RefCell<String>,
}

/// What a command gave.
pub struct Run {
    /// The exit code; -1 when a signal ended it.
    pub code: i32,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
}

impl Place {
    /// An empty folder.
    pub fn new() -> Self {
        Self {
            dir: tempfile::Builder::new().prefix("asof-cli").tempdir().unwrap(),
            now: RefCell::new(NOW.to_owned()),
            env: RefCell::default(),
            hidden: RefCell::default(),
            secrets: RefCell::default(),
            told: RefCell::default(),
        }
    }

    /// A path in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a file into it.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Reads a file of it as text.
    pub fn read(&self, name: &str) -> String {
        let path = self.path(name);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Replaces one piece of a file's text.
    pub fn change(&self, name: &str, piece: &str, other: &str) {
        let text = self.read(name);
        assert!(text.contains(piece), "{piece:?} is not in {name}:\n{text}");
        self.write(name, text.replacen(piece, other, 1));
    }

    /// Runs SQL on an SQLite file in it, which is made when it is missing.
    pub fn sqlite(&self, name: &str, sql: &str) {
        let db = rusqlite::Connection::open(self.path(name)).unwrap();
        db.execute_batch(sql).unwrap();
        db.close().unwrap();
    }

    /// Sets the clock of the commands that follow.
    pub fn at(&self, now: &str) {
        now.clone_into(&mut self.now.borrow_mut());
    }

    /// Sets an environment variable for the commands that follow.
    pub fn env(&self, name: &str, value: &str) {
        self.env.borrow_mut().insert(name.to_owned(), value.to_owned());
    }

    /// Has a text shown as a name in brackets: it differs from run to run, or is tested elsewhere.
    /// It counts for all that is compared from now on.
    pub fn hide(&self, text: impl Into<String>, name: &str) {
        self.hidden.borrow_mut().push((text.into(), format!("[{name}]")));
    }

    /// From now on no command may say this, and no file of the archive may hold it.
    pub fn secret(&self, text: &str) {
        self.secrets.borrow_mut().push(text.to_owned());
    }

    /// A command that is about to be run; for tests that want to do so themselves.
    pub fn command(&self, arguments: &[&str]) -> Command {
        self.command_by(&[], arguments)
    }

    /// The same, run by another program, such as `sh -c …`.
    pub fn command_by(&self, before: &[&str], arguments: &[&str]) -> Command {
        let program = env!("CARGO_BIN_EXE_asof");
        let mut words = before.iter().copied().chain([program]).chain(arguments.iter().copied());
        let mut command = Command::new(words.next().unwrap());
        command
            .args(words)
            .current_dir(self.dir.path())
            .env_clear()
            .env("ASOF_NOW", &*self.now.borrow())
            .envs(&*self.env.borrow())
            .stdin(Stdio::null());
        command
    }

    /// Runs a command line, whose words stand between blanks or `'quotes'`, and writes it down.
    pub fn asof(&self, line: &str) -> Run {
        let arguments = words(line);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let output = self.command(&arguments).output().unwrap();
        self.tell(line, &output)
    }

    /// Runs command lines that must succeed, and that nothing is to be told of.
    #[track_caller]
    pub fn done(&self, lines: &[&str]) {
        for line in lines {
            let run = self.asof(line);
            assert_eq!(run.code, 0, "asof {line}: {}", run.stderr);
        }
        self.forget();
    }

    /// Writes a command down that was run otherwise.
    pub fn tell(&self, line: &str, output: &Output) -> Run {
        let run = Run {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout.clone()).expect("standard output must be UTF-8"),
            stderr: String::from_utf8(output.stderr.clone()).expect("standard error must be UTF-8"),
        };
        for secret in &*self.secrets.borrow() {
            assert!(!run.stdout.contains(secret), "`asof {line}` tells a secret: {}", run.stdout);
            assert!(!run.stderr.contains(secret), "`asof {line}` tells a secret: {}", run.stderr);
        }
        assert!(!run.stderr.contains("panicked"), "`asof {line}` panicked: {}", run.stderr);
        let line: String = line.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
        let mut text = format!("$ asof {line}\n{}", ended(&run.stdout));
        for line in ended(&run.stderr).lines() {
            let _ = writeln!(text, "! {line}");
        }
        let _ = writeln!(text, "exit {}", run.code);
        self.told.borrow_mut().push_str(&text);
        run
    }

    /// Text without what differs from run to run.
    fn shown(&self, text: &str) -> String {
        let mut text = text.replace(self.dir.path().to_str().unwrap(), "[DIR]");
        for (piece, name) in &*self.hidden.borrow() {
            text = text.replace(piece, name);
        }
        without_digests(&text)
    }

    /// Compares all that was written down since the last time.
    #[track_caller]
    pub fn told(&self, expected: &str) {
        let told = self.take();
        let expected = expected.strip_prefix('\n').unwrap_or(expected);
        assert!(told == expected, "it went otherwise.\n--- expected\n{expected}--- told\n{told}--- end");
    }

    /// What was written down since the last time.
    pub fn take(&self) -> String {
        self.shown(&std::mem::take(&mut *self.told.borrow_mut()))
    }

    /// Forgets what was written down, where it does not matter.
    pub fn forget(&self) {
        self.take();
    }

    /// All files below a folder of it by their paths, with what they hold; folders end in `/`.
    pub fn tree(&self, name: &str) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        collect(&self.path(name), "", &mut files);
        for (path, content) in &files {
            for secret in &*self.secrets.borrow() {
                let found = content.windows(secret.len()).any(|window| window == secret.as_bytes());
                assert!(!found, "{path} holds a secret");
            }
        }
        files
    }
}

/// The text with `[HEX]` for what only digests and random names look like.
fn without_digests(text: &str) -> String {
    let mut shown = String::new();
    let mut run = String::new();
    for c in text.chars().chain(['\n']) {
        if matches!(c, '0'..='9' | 'a'..='f') {
            run.push(c);
            continue;
        }
        shown.push_str(if run.len() >= 32 { "[HEX]" } else { &run });
        run.clear();
        shown.push(c);
    }
    shown.pop();
    shown
}

/// Text that is seen not to end with a line's end.
fn ended(text: &str) -> String {
    if text.is_empty() || text.ends_with('\n') { text.to_owned() } else { format!("{text}(no newline)\n") }
}

fn collect(dir: &Path, below: &str, files: &mut BTreeMap<String, Vec<u8>>) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    for entry in entries {
        let entry = entry.unwrap();
        let path = format!("{below}{}", entry.file_name().to_str().unwrap());
        // The lock stays when it is open; it holds nothing.
        if path == ".lock" {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            collect(&entry.path(), &format!("{path}/"), files);
            files.insert(format!("{path}/"), Vec::new());
        } else {
            files.insert(path, fs::read(entry.path()).unwrap());
        }
    }
}

fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut word, mut quoted) = (None::<String>, false);
    for c in line.chars() {
        match c {
            '\'' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            ' ' if !quoted => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}
