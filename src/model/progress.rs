//! How the library tells what it is doing, without printing.

/// Receives what a running operation reports. The command line prints it, tests collect it.
pub trait Progress: Send + Sync {
    /// A step of work that is beginning, as a short phrase: `reading calls`.
    fn step(&self, phrase: &str) {
        let _ = phrase;
    }

    /// Something the user should know although the work goes on, as a sentence.
    fn warn(&self, sentence: &str) {
        let _ = sentence;
    }
}

/// Reports nothing.
pub struct Silent;

impl Progress for Silent {}
