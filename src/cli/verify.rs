//! `asof verify`

use std::time::Instant;

use serde_json::{Value, json};

use super::context::Context;
use super::exit;
use super::failure::Failure;
use super::place::Place;
use super::progress::TerminalProgress;
use super::tenants;
use crate::archive::Finding;
use crate::model::Number;
use crate::ops::verify::{Part, Report, verify};
use crate::view::format::Format;
use crate::view::terminal;

const EXAMPLES: &str = "\
Examples:
  asof verify                              the configuration's archive
  asof verify --archive /backup/snapshots  any archive; no configuration is needed
  asof verify --read-data-subset 1/7       read the files of one day in seven
  asof verify --json                       for a program

Checked are the ledger's chain, every manifest, the size and SHA-256 of every file, the kept
definitions, that nothing is missing or too much, and that the numbers of each day are those
that its cubes make. Nothing is changed and no source is asked. With a part, the ledger and
the manifests are checked whole, and of the other days only that the files are there.
Without findings it is silent in cron. Exit code 4 says that something was found.";

/// Check that everything in the archive is as it was frozen
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Verify {
    #[command(flatten)]
    place: Place,
    /// Read the files of only the N-th of M parts of the days
    #[arg(long, value_name = "N/M")]
    read_data_subset: Option<Part>,
}

impl Verify {
    /// Runs it.
    ///
    /// # Errors
    /// When there is no archive, or the operating system refuses to read it.
    pub fn run(self, context: &Context<'_>) -> Result<u8, Failure> {
        if self.place.is_named() {
            return self.run_one(context);
        }
        tenants::all(context, &|context, _| self.run_one(context))
    }

    /// That of one archive.
    fn run_one(&self, context: &Context<'_>) -> Result<u8, Failure> {
        let dir = self.place.dir(context)?;
        let progress = TerminalProgress::new(context.output);
        let began = Instant::now();
        let report = verify(&dir, self.read_data_subset, &progress)?;
        progress.clear();
        if context.output.json() {
            context.output.document(&document(&report));
        } else {
            // A clock that stands still is for output that is always the same.
            let seconds = (!context.clock_is_fixed()).then(|| began.elapsed().as_secs_f64());
            let summary = summary(&report, seconds);
            if report.findings.is_empty() {
                context.output.report(&summary);
            } else {
                let options = context.output.options(false);
                context.output.answer(&(terminal::findings(&report.findings, &options) + &summary));
            }
        }
        Ok(if report.findings.is_empty() { exit::DONE } else { exit::FINDINGS })
    }
}

/// What was looked at, and how much was found.
fn summary(report: &Report, seconds: Option<f64>) -> String {
    let count = |number: u64, one: &str, many: &str| {
        let number_text = Format::whole().show(&Number::from(number));
        format!("{number_text} {}", if number == 1 { one } else { many })
    };
    let mut parts = vec![count(report.snapshots, "snapshot", "snapshots")];
    if report.looks > 0 {
        parts.push(count(report.looks, "look", "looks"));
    }
    if report.captures > 0 {
        parts.push(count(report.captures, "capture", "captures"));
    }
    parts.push(count(report.files, "file", "files"));
    parts.push(count(report.bytes, "byte", "bytes"));
    let mut text = parts.join(", ");
    if let Some(part) = report.part {
        let read = count(report.read, "snapshot", "snapshots");
        text.push_str(&format!(" (part {part}: the files of {read} were read)"));
    }
    if let Some(seconds) = seconds {
        text.push_str(&format!(" in {seconds:.1} s"));
    }
    let found = match report.findings.len() as u64 {
        0 => "everything is as it was frozen".to_owned(),
        findings => count(findings, "finding", "findings"),
    };
    format!("{text}: {found}\n")
}

fn document(report: &Report) -> Value {
    let finding = |finding: &Finding| {
        json!({
            "path": finding.path,
            "line": finding.line,
            "what": finding.what,
            "hint": finding.hint,
        })
    };
    json!({
        "archive": report.archive,
        "dir": report.dir.display().to_string(),
        "ok": report.findings.is_empty(),
        "part": report.part.map(|part| part.to_string()),
        "ledger": { "lines": report.lines, "head": report.head },
        "snapshots": report.snapshots,
        "read": report.read,
        "looks": report.looks,
        "captures": report.captures,
        "files": report.files,
        "bytes": report.bytes,
        "findings": report.findings.iter().map(finding).collect::<Vec<_>>(),
    })
}
