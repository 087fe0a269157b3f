//! Two pieces of work at once, or one after the other where no further thread is to be had.

use std::panic::resume_unwind;
use std::thread::{Builder, scope};

/// Does both, the other one on a thread of its own.
pub fn both<A, B: Send>(one: impl FnOnce() -> A, other: impl Fn() -> B + Sync) -> (A, B) {
    scope(|scope| match Builder::new().spawn_scoped(scope, &other) {
        Ok(thread) => {
            let one = one();
            (one, thread.join().unwrap_or_else(|panic| resume_unwind(panic)))
        }
        // Without a thread it takes longer, and comes to the same.
        Err(_) => (one(), other()),
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn both_are_done() {
        assert_eq!(super::both(|| 1, || "other"), (1, "other"));
    }
}
