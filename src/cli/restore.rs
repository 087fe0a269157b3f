//! `asof restore`

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::json;

use super::context::Context;
use super::exit;
use super::failure::Failure;
use super::output::print_json;
use super::place::{Opened, Place};
use crate::analyze::restated::Restated;
use crate::calendar::Moment;
use crate::config::Config;
use crate::config::presentation::label_of;
use crate::model::MetricsDoc;
use crate::ops::anew;
use crate::ops::freeze::layout;
use crate::ops::restore::{Restored, copy_out, restore};
use crate::ops::when::When;
use crate::view::{self, Layout, terminal, when};

const EXAMPLES: &str = "\
Examples:
  asof restore                       the newest frozen day
  asof restore 2025-11-06            that day: the first edition that is not provisional
  asof restore 2025-11-06@2          its second edition; also @latest and @original
  asof restore 2025-11-06 --as-of 2025-11-08T09:00
                                     what the archive would have answered then
  asof restore latest~1 --metric sales --by campaign
  asof restore 2025-11-06 --json     the stored document
  asof restore yesterday --open      its page, in the browser
  asof restore --archive /mnt/backup/snapshots
                                     of another archive, without a configuration

A day with several editions is shown with what changed between them, and why.
A time without an offset is one in the zone of the configuration; with --archive in that of the
newest frozen day. If clocks went back over it, the earlier of the two is meant. A date is its
end. Names such as yesterday are counted from now all the same.";

/// Show a frozen day: on the terminal, as JSON, or its page in the browser
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Restore {
    /// The day: 2025-11-06, 2025-11-06@2, 2025-11-06@original, latest, latest~3, yesterday, -7d
    #[arg(value_name = "WHEN", default_value = "latest", allow_hyphen_values = true)]
    when: When,
    /// Print the path of its page
    #[arg(long, conflicts_with_all = ["metric", "by"])]
    html: bool,
    /// Open its page in the browser
    #[arg(long, conflicts_with_all = ["metric", "by"])]
    open: bool,
    /// Copy the day into a new folder inside this one
    #[arg(long, value_name = "DIR", conflicts_with_all = ["metric", "by", "html", "open"])]
    output: Option<PathBuf>,
    /// Only these metrics, by name
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    metric: Vec<String>,
    /// Only by these dimensions, with every member
    #[arg(long, value_name = "DIMENSION", value_delimiter = ',')]
    by: Vec<String>,
    /// As the archive was then: 2025-11-08T09:00, with an offset, or a date for its end
    #[arg(long, value_name = "TIME")]
    as_of: Option<Moment>,
    #[command(flatten)]
    place: Place,
}

impl Restore {
    /// Runs it.
    ///
    /// # Errors
    /// When there is no such day, or it is damaged.
    pub fn run(self, context: &Context<'_>) -> Result<u8, Failure> {
        let Opened { archive, history, config, today, .. } = self.place.open(context, self.as_of)?;
        let restored = restore(&archive, &history, self.when, today)?;
        let out = context.output;
        if let Some(into) = &self.output {
            let copy = copy_out(&archive, &restored, into).map_err(|error| {
                let hint = error.hint();
                Failure::new(exit::FAILED, error, hint)
            })?;
            print_path(&copy, "folder", context);
            return Ok(exit::DONE);
        }
        if self.html || self.open {
            let page = if let Some(pruned) = anew::without_page(&history, &restored) {
                let layout = self.layout(config.as_ref(), &restored);
                anew::render(&restored, pruned, &layout, &std::env::temp_dir(), context.now())
                    .map_err(|error| Failure::new(exit::FAILED, error, None))?
            } else {
                // The page is given out only if it is what was frozen.
                archive.read_file(&restored.manifest, "dashboard.html")?;
                std::path::absolute(&restored.page).unwrap_or_else(|_| restored.page.clone())
            };
            print_path(&page, "page", context);
            if self.open {
                open(&page)?;
            }
            return Ok(exit::DONE);
        }
        self.check_names(&restored.doc)?;
        if out.json() {
            if self.metric.is_empty() && self.by.is_empty() {
                let stored = archive.read_file(&restored.manifest, "metrics.json")?;
                print_json(&String::from_utf8_lossy(&stored));
            } else {
                let narrowed = self.narrowed(&restored.doc).to_json().map_err(|error| {
                    Failure::new(
                        exit::FAILED,
                        anyhow::Error::new(error).context("the numbers can't be written as JSON"),
                        None,
                    )
                })?;
                print_json(&String::from_utf8_lossy(&narrowed));
            }
            return Ok(exit::DONE);
        }
        let layout = self.layout(config.as_ref(), &restored);
        let all = !self.by.is_empty() || out.verbose();
        let mut text = terminal::day(
            &view::DayInput {
                doc: &restored.doc,
                manifest: &restored.manifest,
                definitions: &restored.definitions,
                layout: &layout,
                remarks: &restored.remarks,
                cubes: &[],
                grown: &[],
            },
            &out.options(all),
        );
        if let Some(changes) = self.changes(&restored) {
            text.push('\n');
            text.push_str(&terminal::changes(&changes, &out.options(all)));
        }
        out.answer(&text);
        Ok(exit::DONE)
    }

    /// What changed between the editions, of the chosen metrics.
    fn changes(&self, restored: &Restored) -> Option<terminal::Changes> {
        let changes = restored.changes.as_ref()?;
        let mut chosen = changes.metrics.iter().filter(|one| self.chooses(&one.metric)).cloned().peekable();
        chosen.peek()?;
        let line = &changes.after;
        let frozen = when::minute_with_year(line.captured_at, &restored.manifest.window.time_zone);
        let why = line.reason.as_deref().unwrap_or(&line.trigger);
        let (before, after) = (changes.before.to_string(), line.id().to_string());
        let row = |restated: Restated| {
            let metric = restored.doc.metrics.get(&restated.metric);
            let label = metric.map_or_else(|| label_of(&restated.metric), |metric| metric.label.clone());
            terminal::ChangedRow { label, unit: metric.and_then(|metric| metric.unit.clone()), restated }
        };
        Some(terminal::Changes {
            heading: format!("Changed in {after}, frozen {frozen}: {why}"),
            editions: [before, after],
            rows: chosen.map(row).collect(),
        })
    }

    fn chooses(&self, metric: &String) -> bool {
        self.metric.is_empty() || self.metric.contains(metric)
    }

    fn check_names(&self, doc: &MetricsDoc) -> Result<(), Failure> {
        let unknown = |kind: &str, name: &str, known: Vec<&str>| {
            let hint = format!("{} has {}", doc.date, known.join(", "));
            Err(Failure::said(exit::USAGE, format!("{name:?} is no {kind} of that day"), Some(hint)))
        };
        for name in &self.metric {
            if !doc.metrics.contains_key(name) {
                return unknown("metric", name, doc.metrics.keys().map(String::as_str).collect());
            }
        }
        let mut dimensions: Vec<&str> = doc
            .events
            .values()
            .flat_map(|events| events.dimensions.iter().map(|dimension| dimension.name.as_str()))
            .collect();
        dimensions.dedup();
        for name in &self.by {
            if !dimensions.contains(&name.as_str()) {
                return unknown("dimension", name, dimensions);
            }
        }
        Ok(())
    }

    /// The document with the chosen metrics and dimensions only.
    fn narrowed(&self, doc: &MetricsDoc) -> MetricsDoc {
        let mut doc = doc.clone();
        if !self.metric.is_empty() {
            doc.metrics.retain(|name, _| self.metric.contains(name));
        }
        if !self.by.is_empty() {
            for metric in doc.metrics.values_mut() {
                metric.by.retain(|dimension, _| self.by.contains(dimension));
                metric.not_by.retain(|dimension, _| self.by.contains(dimension));
            }
        }
        doc
    }

    fn layout(&self, config: Option<&Config>, restored: &Restored) -> Layout {
        let mut layout = layout(config, &restored.doc, &restored.definitions);
        if self.metric.is_empty() && self.by.is_empty() {
            return layout;
        }
        if !self.metric.is_empty() {
            for section in &mut layout.sections {
                section.show.retain(|name| self.metric.contains(name));
            }
            let placed: Vec<String> =
                layout.sections.iter().flat_map(|section| section.show.clone()).collect();
            let left: Vec<String> =
                self.metric.iter().filter(|name| !placed.contains(name)).cloned().collect();
            if !left.is_empty() {
                layout.sections.push(view::Section {
                    show: left,
                    by: self.by.clone(),
                    ..view::Section::default()
                });
            }
            layout.sections.retain(|section| !section.show.is_empty());
        }
        if !self.by.is_empty() {
            for section in &mut layout.sections {
                section.by.clone_from(&self.by);
            }
        }
        layout
    }
}

fn print_path(path: &Path, name: &str, context: &Context<'_>) {
    if context.output.json() {
        context.output.document(&json!({ name: path.display().to_string() }));
    } else {
        context.output.path(path);
    }
}

/// Opens a page in the browser and does not wait for it.
fn open(page: &Path) -> Result<(), Failure> {
    let opener = std::env::var_os("BROWSER")
        .filter(|browser| !browser.is_empty())
        .unwrap_or_else(|| if cfg!(target_os = "macos") { "open".into() } else { "xdg-open".into() });
    let started = Command::new(&opener)
        .arg(page)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    started.map(|_| ()).map_err(|error| {
        let hint = "set BROWSER to a program that opens pages, or open the path above".to_owned();
        Failure::said(exit::FAILED, format!("{} can't be started: {error}", opener.display()), Some(hint))
    })
}
