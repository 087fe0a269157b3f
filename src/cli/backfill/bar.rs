//! A backfill on the screen: a line for each day, and on a terminal a bar below them with the
//! rate, the time left and the memory in use.

use std::fmt::Write;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::lines::{self, Columns};
use super::{json, memory};
use crate::cli::output::{Output, json_line};
use crate::ops::backfill::report::{DayOutcome, DayReport, Watch};

/// The bar's shape.
const TEMPLATE: &str = "{bar:30} {pos}/{len} days{rate}{left}   {msg}";
/// How long a run must have gone before it is guessed how long it will take.
const FIRST_GUESS: Duration = Duration::from_secs(2);
/// Less than this is not worth a word.
const SHORT: Duration = Duration::from_secs(10);

/// Shows a run.
pub struct Screen<'o> {
    output: &'o Output,
    columns: &'o Columns,
    bar: ProgressBar,
    timing: Mutex<Timing>,
}

/// What the time left is guessed from: days that cost time, and those still to come.
struct Timing {
    began: Instant,
    days: u32,
    done: u32,
}

impl<'o> Screen<'o> {
    /// Shows a run on this output.
    pub fn new(output: &'o Output, columns: &'o Columns) -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            bar.set_style(style.progress_chars("━╸─").with_key("rate", rate).with_key("left", left));
        }
        let timing = Mutex::new(Timing { began: Instant::now(), days: 0, done: 0 });
        Self { output, columns, bar, timing }
    }

    /// Takes the bar away.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }

    /// Counts a day; gives how long the rest may take.
    fn left(&self, report: &DayReport) -> Option<Duration> {
        let mut timing = self.timing.lock().ok()?;
        if matches!(
            report.outcome,
            DayOutcome::AlreadyThere { .. } | DayOutcome::NotOver { .. } | DayOutcome::NoHours { .. }
        ) {
            timing.days = timing.days.saturating_sub(1);
        } else {
            timing.done += 1;
        }
        let elapsed = timing.began.elapsed();
        let rest = timing.days.saturating_sub(timing.done);
        let left = elapsed.checked_div(timing.done)?.checked_mul(rest)?;
        (elapsed >= FIRST_GUESS && left >= SHORT).then_some(left)
    }
}

/// How fast days are done, once that can be told.
fn rate(state: &ProgressState, text: &mut dyn Write) {
    let a_second = state.per_sec();
    // Where it can't be written there is nobody to tell.
    let _ = match a_second {
        _ if state.pos() == 0 => Ok(()),
        _ if a_second >= 1.0 => write!(text, "   {a_second:.1}/s"),
        _ => write!(text, "   {:.1}/min", a_second * 60.0),
    };
}

/// How long the rest may take, once that can be told.
fn left(state: &ProgressState, text: &mut dyn Write) {
    if state.pos() > 0 {
        let _ = write!(text, "   {} left", lines::span(state.eta()));
    }
}

impl Watch for Screen<'_> {
    fn begin(&self, days: usize) {
        let days = u32::try_from(days).unwrap_or(u32::MAX);
        if let Ok(mut timing) = self.timing.lock() {
            *timing = Timing { began: Instant::now(), days, done: 0 };
        }
        self.bar.set_length(u64::from(days));
        if self.output.shows_progress() {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
            self.bar.enable_steady_tick(Duration::from_millis(250));
        }
    }

    fn day(&self, report: &DayReport) {
        let left = self.left(report);
        self.bar.suspend(|| {
            if self.output.json() {
                json_line(&json::day(report));
            } else {
                self.output.answer(&lines::day(report, self.columns, left));
            }
        });
        if let Some(bytes) = memory::resident() {
            self.bar.set_message(format!("{} MB", bytes / 1_000_000));
        }
        self.bar.inc(1);
    }

    fn remark(&self, sentence: &str) {
        self.bar.suspend(|| self.output.warn(sentence));
    }

    fn warn(&self, sentence: &str) {
        // A try that fails and then succeeds is no news where nobody looks on.
        if self.output.shows_progress() || self.output.verbose() {
            self.bar.suspend(|| self.output.warn(sentence));
        }
    }
}
