//! The commands in the documents run, and their output is what the documents say.
//!
//! A block `console` is run line by line in a folder of its document's own, with the clock of
//! [`NOW`]: each command has to succeed, or to exit with the code that a following `$ echo $?`
//! shows. Where output is shown it is compared; a line `…` stands for any lines. Before a
//! document's blocks are run, its first block of a whole `asof.toml` is put into the folder.
//! Other commands are only held against the arguments that asof knows.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::project::{Block, File, documents, none};

/// The morning after the demo's last day, once that day is final.
pub const NOW: &str = "2025-11-10T02:05:00-06:00";

/// The first line of a block that is a whole configuration file.
const WHOLE_CONFIG: &str = "# asof.toml";

/// A command of a block and what the block shows below it.
#[derive(Debug)]
pub struct Shown {
    /// The command.
    pub command: String,
    /// Its output; nothing when none is shown.
    output: String,
    /// The exit code it should have.
    code: i32,
}

/// The commands of a block.
pub fn shown(block: &Block) -> Vec<Shown> {
    let mut commands: Vec<Shown> = Vec::new();
    let mut lines = block.text.lines().peekable();
    while let Some(line) = lines.next() {
        if line == "$ echo $?" {
            let code = lines.next().and_then(|code| code.parse().ok());
            let last = commands.last_mut().expect("an exit code follows a command");
            last.code = code.unwrap_or_else(|| panic!("line {}: no exit code", block.line));
        } else if let Some(command) = line.strip_prefix("$ ") {
            commands.push(Shown { command: command.to_owned(), output: String::new(), code: 0 });
        } else {
            let last = commands.last_mut();
            let last = last.unwrap_or_else(|| panic!("line {}: output before a command", block.line));
            last.output.push_str(&format!("{line}\n"));
        }
    }
    commands
}

/// A shell that keeps its folder from one command to the next.
pub struct Shell {
    folder: PathBuf,
}

impl Shell {
    /// A shell in this folder.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Runs a command; what is wrong with it, if anything.
    pub fn run(&mut self, shown: &Shown, now: &str) -> Option<String> {
        let binary = Path::new(env!("CARGO_BIN_EXE_asof"));
        let path = format!("{}:/usr/local/bin:/usr/bin:/bin", binary.parent().unwrap().display());
        let out = Command::new("bash")
            .args(["-c", &format!("{{ {}\n}} 2>&1; code=$?; pwd >&2; exit $code", shown.command)])
            .current_dir(&self.folder)
            .env_clear()
            .envs([("PATH", path.as_str()), ("LC_ALL", "C.UTF-8"), ("ASOF_NOW", now)])
            .output()
            .unwrap();
        let output = String::from_utf8_lossy(&out.stdout);
        self.folder = PathBuf::from(String::from_utf8_lossy(&out.stderr).trim());
        if out.status.code() != Some(shown.code) {
            return Some(format!("$ {}\n{}, not {}:\n{output}", shown.command, out.status, shown.code));
        }
        let expected: Vec<&str> = shown.output.lines().collect();
        let found: Vec<&str> = output.lines().collect();
        (!matches(&expected, &found))
            .then(|| format!("$ {}\nprints\n{output}\ninstead of\n{}", shown.command, shown.output))
    }
}

/// Whether the lines are those expected, `…` standing for any number of them.
fn matches(expected: &[&str], found: &[&str]) -> bool {
    match expected {
        [] => found.is_empty(),
        ["…", rest @ ..] => (0..=found.len()).any(|skip| matches(rest, &found[skip..])),
        [line, rest @ ..] => {
            let same = found.first().is_some_and(|found| found.trim_end() == line.trim_end());
            same && matches(rest, &found[1..])
        }
    }
}

#[test]
fn commands_in_the_documents_do_what_the_documents_say() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for document in documents() {
        let dir = tempfile::tempdir().unwrap();
        let blocks = document.blocks();
        if let Some(config) = blocks.iter().find(|block| block.text.starts_with(WHOLE_CONFIG)) {
            fs::write(dir.path().join("asof.toml"), &config.text).unwrap();
        }
        let mut shell = Shell::new(dir.path());
        for block in blocks.iter().filter(|block| block.kind == "console") {
            for shown in shown(block) {
                count += 1;
                if let Some(problem) = shell.run(&shown, NOW) {
                    wrong.push(format!("{}, block at line {}: {problem}", document.path, block.line));
                }
            }
        }
    }
    none(&wrong, "a document shows something else than what happens");
    assert!(count > 5, "only {count} commands were found");
}

/// The `asof …` commands of a document, in blocks of any kind and in running text.
fn asof_commands(document: &File) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for block in document.blocks() {
        for (at, line) in block.text.lines().enumerate() {
            let line = line.strip_prefix("$ ").unwrap_or(line);
            let line = line.replace("cargo run --release -- ", "asof ");
            for part in line.split(" #").next().unwrap_or("").split("&&") {
                let runs = matches!(block.kind.as_str(), "sh" | "cron") || block.kind.starts_with("console");
                if let (true, Some(at_asof)) = (runs, word(part, "asof")) {
                    found.push((block.line + at, part[at_asof..].trim().to_owned()));
                }
            }
        }
    }
    let spans = document.spans().into_iter().filter(|(_, span)| span.starts_with("asof "));
    found.extend(spans.map(|(line, span)| (line, span.to_owned())));
    found
}

/// Where a command's line starts to be `asof`: at its beginning, or after a cron line's times.
fn word(part: &str, name: &str) -> Option<usize> {
    let part_trimmed = part.trim_start();
    part_trimmed.starts_with(&format!("{name} ")).then_some(part.len() - part_trimmed.len())
}

#[test]
fn commands_in_the_documents_have_arguments_that_exist() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for document in documents() {
        for (line, command) in asof_commands(&document) {
            count += 1;
            let mut words = shell_words(&command);
            words.push("--help".to_owned());
            let out =
                Command::new(env!("CARGO_BIN_EXE_asof")).args(&words[1..]).env_clear().output().unwrap();
            if !out.status.success() {
                let error = String::from_utf8_lossy(&out.stderr);
                wrong.push(format!("{}:{line}: {command}: {}", document.path, error.trim()));
            }
        }
    }
    none(&wrong, "a document shows a command that does not exist");
    assert!(count > 20, "only {count} commands were found");
}

/// A command's words; quotes keep blanks together.
fn shell_words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for letter in command.chars() {
        match (quote, letter) {
            (None, ' ') => words.push(String::new()),
            (None, '"' | '\'') => quote = Some(letter),
            (Some(open), _) if letter == open => quote = None,
            _ => words.last_mut().unwrap().push(letter),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[test]
fn output_is_compared_with_gaps() {
    assert!(matches(&["a", "…", "d"], &["a", "b", "c", "d"]));
    assert!(matches(&["…"], &[]));
    assert!(!matches(&["a", "…", "d"], &["a", "b"]));
    assert!(!matches(&["a"], &["a", "b"]));
}
