//! Habits of the source files: who prints, who reads a clock, how long a file is, what it says first.

use super::project::{File, files, none, sources};

/// Files outside of `src/cli/` that may read a clock, each with the reason. All of them measure
/// how long something takes; what time it is, a caller says.
const CLOCKS: [(&str, &str); 8] = [
    ("src/notify/command.rs", "how long a command has been running"),
    ("src/notify/web.rs", "how long a webhook has been tried"),
    ("src/serve/pace.rs", "how fast requests come, and how long one takes"),
    ("src/source/retry.rs", "how long connection trouble has been retried"),
    ("src/source/http/client.rs", "how long a request to an API has been tried again"),
    ("src/source/http/pace.rs", "how quickly an API is asked"),
    ("src/source/password.rs", "how long a password command has been running"),
    ("src/archive/lock.rs", "how long the lock has been waited for"),
];

/// Files of more than [`MOST_LINES`] lines, each with the reason.
const LONG: [(&str, &str); 0] = [];

const MOST_LINES: usize = 500;

fn is_command_line(file: &File) -> bool {
    file.path.starts_with("src/cli/")
}

/// Every line of code outside of `src/cli/` that holds one of these.
fn outside_of_cli(needles: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for file in sources().iter().filter(|file| !is_command_line(file)) {
        for (line, code) in file.code() {
            if let Some(needle) = needles.iter().find(|needle| code.contains(*needle)) {
                found.push((file.path.clone(), format!("{}:{line}: {needle}", file.path)));
            }
        }
    }
    found
}

#[test]
fn only_the_command_line_prints() {
    let found = outside_of_cli(&["print!(", "println!(", "dbg!(", "stdout()", "stderr()"]);
    let found: Vec<String> = found.into_iter().map(|(_, what)| what).collect();
    none(&found, "only src/cli/ prints; report through model::Progress or return an outcome");
}

#[test]
fn time_is_a_parameter() {
    let found = outside_of_cli(&["Utc::now", "Local::now", "SystemTime::now", "Instant::now"]);
    let unlisted: Vec<String> = found
        .iter()
        .filter(|(path, _)| !CLOCKS.iter().any(|(listed, _)| listed == path))
        .map(|(_, what)| what.clone())
        .collect();
    none(&unlisted, "a clock is read outside of src/cli/");
    let idle: Vec<String> = CLOCKS
        .iter()
        .filter(|(listed, _)| !found.iter().any(|(path, _)| path == listed))
        .map(|(listed, _)| (*listed).to_owned())
        .collect();
    none(&idle, "listed as reading a clock, but does not");
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent: Vec<String> = files(&["src", "tests"])
        .into_iter()
        .filter(|file| file.is("rs") && !file.text.starts_with("//! "))
        .map(|file| file.path)
        .collect();
    none(&silent, "a file starts with a module comment");
}

#[test]
fn no_file_is_long_without_a_reason() {
    let lines = |file: &File| file.text.lines().count();
    let all = files(&["src", "tests"]);
    let code = || all.iter().filter(|file| file.is("rs"));
    let long: Vec<String> = code()
        .filter(|file| lines(file) > MOST_LINES && !LONG.iter().any(|(listed, _)| *listed == file.path))
        .map(|file| format!("{}: {} lines", file.path, lines(file)))
        .collect();
    none(&long, "a file has one idea, and rarely more than 400 lines");
    let short: Vec<String> = LONG
        .iter()
        .filter(|(listed, _)| !code().any(|file| file.path == *listed && lines(file) > MOST_LINES))
        .map(|(listed, _)| (*listed).to_owned())
        .collect();
    none(&short, "listed as long, but is not");
}

#[test]
fn nothing_names_a_machine_or_is_left_to_do() {
    // Written apart, so that this file does not name them either.
    let needles = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X "),
        concat!("todo", "!("),
        concat!("unimplemented", "!("),
        concat!("/wo", "rk/"),
        concat!("/tmp/", "wt"),
        concat!("/ro", "ot/"),
    ];
    let all = files(&[
        "src",
        "tests",
        "docs",
        "presets",
        "templates",
        "scripts",
        ".ci",
        "README.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "Cargo.toml",
        "clippy.toml",
    ]);
    let mut found = Vec::new();
    for file in &all {
        for (at, line) in file.text.lines().enumerate() {
            for needle in needles.iter().filter(|needle| line.contains(*needle)) {
                found.push(format!("{}:{}: {needle}", file.path, at + 1));
            }
        }
    }
    none(&found, "what is left to do belongs into an issue, and paths of a machine nowhere");
}
