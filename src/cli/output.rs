//! Printing: to people, to cron, and to programs.

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::ColorChoice;
use serde::Serialize;
use serde_json::{Value, json};

use super::failure::Failure;
use super::{Global, exit};
use crate::view::terminal::Options;
use crate::view::text::{safe, safe_json, safe_lines};

/// The width of tables where nothing tells how wide the terminal is.
const USUAL_WIDTH: usize = 100;

/// How a command prints.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    json: bool,
    quiet: bool,
    verbose: bool,
    terminal: bool,
    color: bool,
    error_color: bool,
}

impl Output {
    /// Decides how to print from the options and from what stdout is.
    pub fn new(global: &Global) -> Self {
        let terminal = io::stdout().is_terminal();
        let wanted = |is_terminal: bool| match global.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => {
                is_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            }
        };
        Self {
            json: global.json,
            quiet: global.quiet,
            verbose: global.verbose,
            terminal,
            color: wanted(terminal),
            error_color: wanted(io::stderr().is_terminal()),
        }
    }

    /// Whether JSON is wanted.
    pub fn json(&self) -> bool {
        self.json
    }

    /// Whether more is to be said.
    pub fn verbose(&self) -> bool {
        self.verbose
    }

    /// Whether what happens along the way is to be shown on stderr.
    pub fn shows_progress(&self) -> bool {
        !self.json && !self.quiet && io::stderr().is_terminal()
    }

    /// How tables are drawn.
    pub fn options(&self, all: bool) -> Options {
        let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        let width = columns.or_else(terminal_width).unwrap_or(USUAL_WIDTH);
        Options { width: width.clamp(40, 400), color: self.color, all }
    }

    /// Whether colours may be used on stdout.
    pub fn color(&self) -> bool {
        self.color
    }

    /// What the command was asked to give: always printed, but with `--quiet`.
    pub fn answer(&self, text: &str) {
        if !self.quiet {
            print(text);
        }
    }

    /// A path that was asked for, on a line of its own.
    pub fn path(&self, path: &Path) {
        let path = path.display().to_string();
        let path = if self.terminal { safe(&path) } else { path.as_str().into() };
        self.answer(&format!("{path}\n"));
    }

    /// What is worth saying to somebody who looks on: silent in cron, unless asked with `-v`.
    pub fn report(&self, text: &str) {
        if !self.json && !self.quiet && (self.terminal || self.verbose) {
            print(text);
        }
    }

    /// One JSON document.
    pub fn document(&self, document: &impl Serialize) {
        let text = if self.terminal {
            serde_json::to_string_pretty(document)
        } else {
            serde_json::to_string(document)
        };
        print_json(&format!("{}\n", text.unwrap_or_default()));
    }

    /// Something that went wrong although the command goes on.
    pub fn warn(&self, sentence: &str) {
        if self.json {
            eprint_json(&json!({ "warning": sentence }));
        } else {
            let mark = self.mark("warning", anstyle::AnsiColor::Yellow);
            eprint(&format!("{mark} {}\n", safe(sentence)));
        }
    }

    /// Tells why the command failed; gives its exit code.
    pub fn failure(&self, failure: &Failure) -> ExitCode {
        if self.json {
            eprint_json(&failure_document(failure));
        } else if let Some(problems) = &failure.problems {
            eprint(&format!("{}\n", safe_lines(&problems.to_string())));
        } else {
            let mark = self.mark("error", anstyle::AnsiColor::Red);
            eprint(&format!("{mark} {}\n", safe(&failure.message())));
            if let Some(hint) = &failure.hint {
                eprint(&format!("  hint: {}\n", safe(hint)));
            }
        }
        ExitCode::from(failure.code)
    }

    fn mark(&self, word: &str, color: anstyle::AnsiColor) -> String {
        if self.error_color {
            let style = anstyle::Style::new().bold().fg_color(Some(color.into()));
            format!("{style}{word}:{style:#}")
        } else {
            format!("{word}:")
        }
    }
}

/// One JSON object on a line of its own, for commands that give many.
pub fn json_line(object: &Value) {
    print_json(&format!("{}\n", serde_json::to_string(object).unwrap_or_default()));
}

fn failure_document(failure: &Failure) -> Value {
    let problems = failure.problems.as_ref().map(|problems| {
        let list = problems.list.iter().map(|problem| {
            json!({
                "file": problems.file.display().to_string(),
                "line": problem.line,
                "column": problem.column,
                "message": problem.message,
                "hint": problem.hint,
            })
        });
        list.collect::<Vec<_>>()
    });
    let mut error = json!({ "message": failure.message(), "hint": failure.hint, "exit_code": failure.code });
    if let (Some(problems), Some(error)) = (problems, error.as_object_mut()) {
        error.insert("message".to_owned(), "the configuration has problems".into());
        error.insert("problems".to_owned(), problems.into());
    }
    json!({ "error": error })
}

/// Tells what is wrong with the arguments, or gives help and version.
pub fn usage(error: &clap::Error, json: bool) -> ExitCode {
    let help = !error.use_stderr();
    if json && !help {
        let text = error.render().to_string();
        let words = |lines: &str| lines.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut parts = text.split("\n\n");
        let message = words(parts.next().unwrap_or_default());
        let tip = parts.find_map(|part| part.trim().strip_prefix("tip: ").map(words));
        let message = message.strip_prefix("error: ").unwrap_or(&message);
        let hint = tip.unwrap_or_else(|| "see asof --help".to_owned());
        eprint_json(&failure_document(&Failure::said(exit::USAGE, message, Some(hint))));
    } else {
        // Where the text can't be written there is nobody to tell.
        let _ = error.print();
    }
    ExitCode::from(if help { exit::DONE } else { exit::USAGE })
}

/// Nothing more is written to stdout.
static CLOSED: AtomicBool = AtomicBool::new(false);
/// Something that somebody waits for could not be written to stdout.
static LOST: AtomicBool = AtomicBool::new(false);

/// Writes to stdout. Where that fails nothing more is written, and the work goes on: what it changes does not depend
/// on who reads of it. That a reader has gone away is no failure.
pub fn print(text: &str) {
    if CLOSED.load(Ordering::Relaxed) {
        return;
    }
    let mut out = io::stdout().lock();
    if let Err(error) = out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        CLOSED.store(true, Ordering::Relaxed);
        if error.kind() != io::ErrorKind::BrokenPipe {
            LOST.store(true, Ordering::Relaxed);
            eprint(&format!("error: can't write to standard output: {error}\n"));
        }
    }
}

/// The exit code of a command that ended with this one, once all was printed.
pub fn ended(code: u8) -> ExitCode {
    let lost = code == exit::DONE && LOST.load(Ordering::Relaxed);
    ExitCode::from(if lost { exit::FAILED } else { code })
}

/// Writes lines to stdout, to the byte; to a terminal without what it would act upon.
pub fn print_lines(text: &str) {
    if io::stdout().is_terminal() { print(&safe_lines(text)) } else { print(text) }
}

/// Writes JSON to stdout, to the byte; to a terminal without what it would act upon.
pub fn print_json(text: &str) {
    if io::stdout().is_terminal() { print(&safe_json(text)) } else { print(text) }
}

fn eprint_json(document: &Value) {
    eprint(&format!("{}\n", safe_json(&document.to_string())));
}

/// Writes to stderr; where that fails there is nobody to tell.
pub fn eprint(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// A word as a shell takes it.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-+,:@".contains(c);
    if word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

fn terminal_width() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    (size.ws_col > 0).then_some(usize::from(size.ws_col))
}
