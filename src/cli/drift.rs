//! `asof drift`

mod json;

use std::collections::BTreeMap;
use std::time::Duration;

use super::context::{Context, block_on, env};
use super::failure::Failure;
use super::output::json_line;
use super::progress::TerminalProgress;
use super::save::span;
use super::{exit, interrupt};
use crate::analyze::drift::Kind;
use crate::archive::{Archive, History, SnapshotLine};
use crate::calendar::DayName;
use crate::config::Config;
use crate::config::problem::known_names;
use crate::model::{Day, Provenance};
use crate::ops::causes::causes;
use crate::ops::documents;
use crate::ops::documents::drift::kind;
use crate::ops::drift::{self, DayReport, DriftRequest, Found, Place, ReadDay, Restated};
use crate::ops::reread::ByWhich;
use crate::ops::when::{self, When, find_latest};
use crate::view::format::count;
use crate::view::terminal::{self, DriftRow};
use crate::view::text::safe;

const EXAMPLES: &str = "\
Examples:
  asof drift                                   does the newest frozen day still read the same?
  asof drift 2025-11-06                        that day: its latest edition; @1 for the first
  asof drift --from -30d --to yesterday        every frozen day of a range
  asof drift 2025-11-06 --metric calls,sales --by campaign
  asof drift --from -30d --exit-code           4 when anything is not unchanged, for scripts
  asof drift 2025-11-06 --definitions current  what today's definitions would have said of it
  asof drift --from -7d --restate --reason \"late dispositions\"

A day is read by the definitions that were frozen with it, whatever the configuration says now.
  unchanged      it reads the same, or moved by no more than the metric's `drift`
  redefined      it is defined otherwise now (only with --definitions current)
  restated       rows were changed or came late
  source shrunk  more rows are gone than `shrink_guard` allows: archived or pruned
  unreadable     the source no longer takes these queries
A range tells which metrics moved, and with -v which members too. Of a metric over several days, it is
this day's own part that is held against what is frozen.
Nothing is written but with --restate, and then only days that are restated get a new edition.

It ends with 1 when no day could be read, or none of those to be restated could be frozen again;
with 3 when some could and some could not; with --exit-code and all read, with 4 when anything is
not unchanged. A day and a range of one day end alike.";

/// Hold frozen days against what the source says now
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Drift {
    /// The day: 2025-11-06, 2025-11-06@1, latest, latest~3, yesterday, -7d
    #[arg(value_name = "WHEN", default_value = "latest", allow_hyphen_values = true, conflicts_with_all = ["from", "to"])]
    when: When,
    /// The first day of a range
    #[arg(long, value_name = "DATE", allow_hyphen_values = true)]
    from: Option<DayName>,
    /// The last day of a range
    #[arg(long, value_name = "DATE", allow_hyphen_values = true)]
    to: Option<DayName>,
    /// Only these metrics, by name
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    metric: Vec<String>,
    /// Only by these dimensions, with every member that moved
    #[arg(long, value_name = "DIMENSION", value_delimiter = ',')]
    by: Vec<String>,
    /// By which definitions the days are read
    #[arg(long, value_name = "WHICH", default_value = "frozen")]
    definitions: Which,
    /// End with 4 when anything is not unchanged
    #[arg(long)]
    exit_code: bool,
    /// Freeze a new edition of each day that is restated
    #[arg(long, requires = "reason", conflicts_with = "metric")]
    restate: bool,
    /// Why days are restated; it is kept with each new edition
    #[arg(long, value_name = "TEXT", requires = "restate", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    reason: Option<String>,
    /// How long connection trouble is retried
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = span)]
    retry_for: Duration,
    /// How long the archive's lock is waited for
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = span)]
    wait: Duration,
}

/// The words of `--definitions`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Which {
    Frozen,
    Current,
}

/// What was found in all.
#[derive(Debug, Default)]
struct Tally {
    /// How many days there are to look at.
    of: usize,
    kinds: BTreeMap<Kind, usize>,
    /// Of how many nothing is known.
    failed: usize,
    restated: usize,
    /// Whether members of any metric moved.
    moved: bool,
    /// How many should have been frozen again and could not.
    not_frozen: usize,
}

impl Tally {
    fn kind(&self, kind: Kind) -> usize {
        self.kinds.get(&kind).copied().unwrap_or(0)
    }

    fn days(&self) -> usize {
        self.kinds.values().sum::<usize>() + self.failed
    }

    fn add(&mut self, report: &DayReport) {
        match kind(report) {
            Some(kind) => *self.kinds.entry(kind).or_default() += 1,
            None => self.failed += 1,
        }
        if let Found::Read(read) = &report.found {
            self.moved |= read.drift.metrics.values().any(|metric| !metric.by.is_empty());
            match read.restated {
                Some(Restated::Frozen(_)) => self.restated += 1,
                Some(Restated::Failed(_)) => self.not_frozen += 1,
                Some(Restated::Stands(_)) | None => {}
            }
        }
    }

    /// How it ends where not everything that was asked for was done: 1 when nothing was, else 3.
    fn partly(&self) -> u8 {
        let lost = self.failed + self.kind(Kind::Unreadable);
        let nothing = if self.not_frozen > 0 { self.restated == 0 } else { lost == self.days() };
        if nothing { exit::FAILED } else { exit::PARTLY }
    }
}

impl Drift {
    /// Runs it.
    ///
    /// # Errors
    /// When there is no such day, the source can't be reached, or the archive can't be read.
    pub fn run(self, context: &Context<'_>) -> Result<u8, Failure> {
        let config = context.config()?;
        let today = context.today(&config)?;
        let (archive, history) = when::open(&config.archive.dir)?;
        if self.restate {
            archive.writable()?;
            // A ledger that can't be added to is told before the source is troubled.
            history.intact()?;
        }
        let range = self.is_range();
        let lines = if range {
            self.range(&history, today)?
        } else {
            vec![find_latest(&history, self.when, today)?.line.clone()]
        };
        self.only_latest(&history, &lines)?;
        self.check_names(&config, &archive, &lines)?;
        let request = DriftRequest {
            which: if self.definitions == Which::Current { ByWhich::Current } else { ByWhich::Frozen },
            only: &self.metric,
            restate: self.reason.as_deref(),
            retry_for: self.retry_for,
            wait: self.wait,
        };
        let place = Place { config: &config, archive: &archive, history: &history };
        let progress = TerminalProgress::new(context.output);
        let now = || context.now();
        let stop = interrupt::listen()?;
        let (mut tally, mut failed) = (Tally { of: lines.len(), ..Tally::default() }, None);
        let mut tell = |report: DayReport| {
            progress.clear();
            tally.add(&report);
            self.tell(context, &report, lines.len() > 1);
            match report.found {
                Found::Failed(error) => failed = Some(error),
                Found::Read(read) => {
                    if let Some(Restated::Failed(error)) = read.restated {
                        failed = Some(error);
                    }
                }
                Found::Unreadable(_) => {}
            }
        };
        let looked = drift::drift(place, &lines, &request, (&env, &now), &progress, (&stop, &mut tell));
        block_on(looked)??;
        progress.clear();
        if context.output.json() {
            json_line(&json::done(&tally));
        } else if range && tally.days() > 0 {
            let more = tally.moved && !self.tells_members(context);
            let more = if more { "; -v tells which members moved" } else { "" };
            context.output.answer(&format!("{}{more}\n", summary(&tally)));
        }
        if *stop.borrow() && tally.days() < tally.of {
            context.output.warn(&interrupted(&tally));
            return Ok(exit::INTERRUPTED);
        }
        if let Some(error) = failed {
            return Err(if tally.of > 1 { partly(&tally) } else { error.into() });
        }
        let drifted = Kind::ALL.into_iter().any(|kind| kind != Kind::Unchanged && tally.kind(kind) > 0);
        Ok(if self.exit_code && drifted {
            exit::FINDINGS
        } else if tally.kind(Kind::Unreadable) > 0 {
            tally.partly()
        } else {
            exit::DONE
        })
    }

    /// Whether members are told, and not only metrics.
    fn tells_members(&self, context: &Context<'_>) -> bool {
        !self.is_range() || !self.by.is_empty() || context.output.verbose()
    }

    fn is_range(&self) -> bool {
        self.from.is_some() || self.to.is_some()
    }

    /// The latest edition of every frozen day of the range.
    fn range(&self, history: &History, today: Day) -> Result<Vec<SnapshotLine>, Failure> {
        let usage = |message: String, hint: &str| Failure::said(exit::USAGE, message, Some(hint.to_owned()));
        let day = |name: Option<DayName>| {
            let beyond = |name| usage(format!("{name} lies before the calendar begins"), "name a later day");
            name.map(|name| name.resolve(today).ok_or_else(|| beyond(name))).transpose()
        };
        let (from, to) = (day(self.from)?, day(self.to)?);
        if let (Some(from), Some(to)) = (from, to)
            && from > to
        {
            let message = format!("the range from {from} to {to} runs backwards");
            return Err(usage(message, "let --from be the earlier day"));
        }
        let inside = |day: Day| from.is_none_or(|from| from <= day) && to.is_none_or(|to| day <= to);
        // Of a day whose folders are gone the last is taken: that it is damaged is told in its place.
        let lines = history.days().filter(|(day, _)| inside(*day)).filter_map(|(_, editions)| {
            when::latest(editions).or_else(|| editions.last().map(|frozen| &frozen.line)).cloned()
        });
        let lines: Vec<SnapshotLine> = lines.collect();
        if lines.is_empty() {
            let hint = Some("asof list shows what there is".to_owned());
            return Err(Failure::said(exit::FAILED, "no day of that range is in the archive", hint));
        }
        Ok(lines)
    }

    /// Refuses to restate a day from anything but its latest edition.
    fn only_latest(&self, history: &History, lines: &[SnapshotLine]) -> Result<(), Failure> {
        if !self.restate {
            return Ok(());
        }
        for line in lines {
            if let Some(latest) =
                when::latest(history.day(line.date)?).filter(|latest| latest.edition > line.edition)
            {
                let message = format!("{} is not the latest edition: that is {}", line.id(), latest.id());
                let hint = "leave the edition out: a restatement follows the latest".to_owned();
                return Err(Failure::said(exit::USAGE, message, Some(hint)));
            }
        }
        Ok(())
    }

    /// Refuses names that neither the configuration nor the first day knows.
    fn check_names(&self, config: &Config, archive: &Archive, lines: &[SnapshotLine]) -> Result<(), Failure> {
        if self.metric.is_empty() && self.by.is_empty() {
            return Ok(());
        }
        // A damaged day is told in its place, and says nothing of names.
        let frozen = lines.first().and_then(|line| archive.definitions(line.definitions).ok());
        let all = || [Some(&config.definitions), frozen.as_ref()].into_iter().flatten();
        let metrics: Vec<&String> = all().flat_map(|definitions| definitions.metrics.keys()).collect();
        let dimensions: Vec<&String> = all()
            .flat_map(|definitions| definitions.events.values())
            .flat_map(|events| events.by.keys())
            .collect();
        let wanted = [("metric", &self.metric, metrics), ("dimension", &self.by, dimensions)];
        for (kind, names, mut known) in wanted {
            if let Some(name) = names.iter().find(|name| !known.contains(name)) {
                known.sort_unstable();
                known.dedup();
                let known = known.into_iter().map(String::as_str);
                let hint = known_names(&format!("{kind}s"), name, known);
                return Err(Failure::said(exit::USAGE, format!("{name:?} is no {kind}"), Some(hint)));
            }
        }
        Ok(())
    }

    /// Tells of a day.
    ///
    /// What went wrong with the only one is what the command ends with.
    fn tell(&self, context: &Context<'_>, report: &DayReport, many: bool) {
        let out = context.output;
        if let Found::Read(read) = &report.found
            && let Some(Restated::Stands(why)) = read.restated
        {
            out.warn(&format!("{} is not restated: {why}", report.id));
        }
        if let Found::Read(read) = &report.found
            && let Some(Restated::Failed(error)) = &read.restated
            && many
        {
            out.warn(&format!("{} is not restated: {}", report.id, causes(error)));
        }
        if let Found::Unreadable(_) = &report.found
            && self.restate
        {
            out.warn(&format!("{} is not restated: it can't be read", report.id));
        }
        if out.json() {
            json_line(&documents::drift::day(report, &self.by));
            return;
        }
        let (drift, notes) = match &report.found {
            Found::Read(read) => (Some(&read.drift), read_notes(read, report.provenance)),
            Found::Unreadable(error) => (None, vec![causes(error)]),
            Found::Failed(error) => {
                if many {
                    out.warn(&format!("{} could not be looked at: {}", report.id, causes(error)));
                }
                return;
            }
        };
        let members = self.tells_members(context) && !emptied(&report.found);
        let row = DriftRow { id: report.id, drift, notes: &notes, by: &self.by, members };
        out.answer(&terminal::drift(&row, &out.options(out.verbose())));
    }
}

/// Whether a day had rows, and has none any more: every member is gone then, which says nothing more.
fn emptied(found: &Found) -> bool {
    let Found::Read(read) = found else { return false };
    let mut rows = read.rows.values();
    let had = read.rows.values().any(|(frozen, _)| frozen.is_some_and(|rows| rows > 0));
    had && rows.all(|(_, live)| *live == Some(0))
}

/// What is to be said of a day beside its numbers.
fn read_notes(read: &ReadDay, provenance: Provenance) -> Vec<String> {
    let early = (provenance == Provenance::Provisional)
        .then(|| "provisional: it was frozen before it was final, so it is expected to move".to_owned());
    let gone = read.shrunk.iter().map(|gone| {
        format!(
            "{}: {} rows were frozen, {} are there now",
            gone.events,
            count(gone.frozen),
            count(gone.live)
        )
    });
    let mut notes: Vec<String> = early.into_iter().chain(gone).collect();
    if read.drift.metrics.is_empty() {
        notes.push("it has none of these metrics".to_owned());
    }
    if let Some(Restated::Frozen(id)) = &read.restated {
        notes.push(format!("frozen again as {id}"));
    }
    notes
}

/// That somebody stopped it, and how far it came.
fn interrupted(tally: &Tally) -> String {
    match (tally.days(), tally.of) {
        (_, 1) => "interrupted: the day was not read to its end, and nothing is known of it".to_owned(),
        (0, of) => format!("interrupted: none of the {} days was looked at", count(of as u64)),
        (1, of) => format!("interrupted: 1 of {} days was looked at", count(of as u64)),
        (days, of) => {
            format!("interrupted: {} of {} days were looked at", count(days as u64), count(of as u64))
        }
    }
}

/// Some days of a range are not known of, or could not be frozen again.
fn partly(tally: &Tally) -> Failure {
    let days = |days: usize| format!("{} {}", count(days as u64), if days == 1 { "day" } else { "days" });
    let told = [(tally.failed, "could not be looked at"), (tally.not_frozen, "could not be frozen again")];
    let told = told.into_iter().filter(|(number, _)| *number > 0);
    let told: Vec<String> = told.map(|(number, what)| format!("{} {what}", days(number))).collect();
    Failure::said(tally.partly(), told.join(", and "), None)
}

/// How many days were found to be what.
fn summary(tally: &Tally) -> String {
    let kinds = Kind::ALL.into_iter().map(|kind| (terminal::drift_words(kind), tally.kind(kind)));
    let all = kinds.chain([("failed", tally.failed)]).filter(|(_, days)| *days > 0);
    let told: Vec<String> = all.map(|(word, days)| format!("{} {word}", count(days as u64))).collect();
    let days = tally.days();
    let again = if tally.restated > 0 { format!("; {} frozen again", tally.restated) } else { String::new() };
    let noun = if days == 1 { "day" } else { "days" };
    safe(&format!("{} {noun}: {}{again}", count(days as u64), told.join(", "))).into_owned()
}
