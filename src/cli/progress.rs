//! What an operation reports along the way, on stderr: a line that is rewritten, on a terminal only.

use std::sync::atomic::{AtomicBool, Ordering};

use super::output::{Output, eprint};
use crate::model::Progress;
use crate::view::text::safe;

/// Shows steps on one line; warnings on lines of their own.
pub struct TerminalProgress<'o> {
    output: &'o Output,
    shown: AtomicBool,
}

impl<'o> TerminalProgress<'o> {
    /// Reports to this output.
    pub fn new(output: &'o Output) -> Self {
        Self { output, shown: AtomicBool::new(false) }
    }

    /// Takes the line away.
    pub fn clear(&self) {
        if self.shown.swap(false, Ordering::Relaxed) {
            eprint("\r\x1b[2K");
        }
    }
}

impl Progress for TerminalProgress<'_> {
    fn step(&self, phrase: &str) {
        if self.output.shows_progress() {
            self.shown.store(true, Ordering::Relaxed);
            eprint(&format!("\r\x1b[2K{} …", safe(phrase)));
        }
    }

    fn warn(&self, sentence: &str) {
        // A try that fails and then succeeds is no news for cron.
        if self.output.shows_progress() || self.output.verbose() {
            self.clear();
            self.output.warn(sentence);
        }
    }
}

impl Drop for TerminalProgress<'_> {
    fn drop(&mut self) {
        self.clear();
    }
}
