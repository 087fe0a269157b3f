//! The project's own files, as these tests read them.

use std::fs;
use std::path::Path;

/// A text file of the project.
#[derive(Debug)]
pub struct File {
    /// Its path from the project's folder, with `/`.
    pub path: String,
    /// What it says.
    pub text: String,
}

/// The project's folder.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The text of one file of the project.
pub fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// All text files below these folders and files, by path.
pub fn files(below: &[&str]) -> Vec<File> {
    let mut found = Vec::new();
    for path in below {
        collect(path, &mut found);
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

/// The source files, by path.
pub fn sources() -> Vec<File> {
    let found: Vec<File> = files(&["src"]).into_iter().filter(|file| file.is("rs")).collect();
    assert!(found.len() > 50, "the source files are not where this test looks for them");
    found
}

/// The documents, by path.
pub fn documents() -> Vec<File> {
    let all = files(&["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs"]);
    all.into_iter().filter(|file| file.is("md")).collect()
}

fn collect(path: &str, found: &mut Vec<File>) {
    let whole = root().join(path);
    if whole.is_dir() {
        for entry in fs::read_dir(&whole).unwrap_or_else(|error| panic!("{path}: {error}")) {
            let name = entry.unwrap().file_name().into_string().unwrap();
            collect(&format!("{path}/{name}"), found);
        }
    } else if let Ok(text) = String::from_utf8(fs::read(&whole).unwrap_or_else(|e| panic!("{path}: {e}"))) {
        found.push(File { path: path.to_owned(), text });
    }
}

impl File {
    /// Whether its name ends in this, without the dot.
    pub fn is(&self, ending: &str) -> bool {
        self.path.rsplit_once('.').is_some_and(|(_, found)| found == ending)
    }

    /// Its lines that are no comments, each with its number from 1.
    pub fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate().map(|(at, line)| (at + 1, line));
        lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    /// The texts between single backticks, outside of fenced blocks, each with its line's number.
    pub fn spans(&self) -> Vec<(usize, &str)> {
        let mut fenced = false;
        let mut found = Vec::new();
        for (at, line) in self.text.lines().enumerate() {
            if line.trim_start().starts_with("```") {
                fenced = !fenced;
            } else if !fenced {
                found.extend(line.split('`').skip(1).step_by(2).map(|span| (at + 1, span)));
            }
        }
        found
    }

    /// The fenced blocks.
    pub fn blocks(&self) -> Vec<Block> {
        let mut found = Vec::new();
        let mut open: Option<Block> = None;
        for (at, line) in self.text.lines().enumerate() {
            match (line.strip_prefix("```"), &mut open) {
                (Some(kind), None) => {
                    open = Some(Block { line: at + 2, kind: kind.trim().to_owned(), text: String::new() });
                }
                (Some(_), Some(_)) => found.extend(open.take()),
                (None, Some(block)) => block.text.push_str(&format!("{line}\n")),
                (None, None) => {}
            }
        }
        assert!(open.is_none(), "{}: a block is not closed", self.path);
        found
    }
}

/// A fenced block of a document.
#[derive(Debug)]
pub struct Block {
    /// The number of its first line.
    pub line: usize,
    /// What stands behind its opening backticks.
    pub kind: String,
    /// Its lines.
    pub text: String,
}

/// Fails with all that was found, one on a line.
#[track_caller]
pub fn none(found: &[String], what: &str) {
    assert!(found.is_empty(), "{what}:\n  {}", found.join("\n  "));
}
