//! Tries again what failed for a passing reason, with growing pauses.

use std::fmt::Display;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use tokio::time::Instant;

use super::SourceError;
use crate::model::Progress;

/// An error that may pass by itself.
pub trait Transient {
    /// Whether trying again soon may help.
    fn is_transient(&self) -> bool;
}

impl Transient for SourceError {
    fn is_transient(&self) -> bool {
        Self::is_transient(self)
    }
}

/// Runs `op`, and again as long as it fails for a passing reason and `retry_for` has not
/// gone by since the start. The pauses double from half a second up to ten, with jitter.
/// Each further try is told to `progress`. The last error is returned.
pub async fn with_retry<T, E>(
    retry_for: Duration,
    progress: &dyn Progress,
    mut op: impl AsyncFnMut() -> Result<T, E>,
) -> Result<T, E>
where
    E: Transient + Display,
{
    let started = Instant::now();
    let mut pauses = ExponentialBuilder::new()
        .with_min_delay(Duration::from_millis(500))
        .with_max_delay(Duration::from_secs(10))
        .without_max_times()
        .with_jitter()
        .build();
    loop {
        let error = match op().await {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        let left = retry_for.saturating_sub(started.elapsed());
        if !error.is_transient() || left.is_zero() {
            return Err(error);
        }
        // The last try comes when the time is up, not a whole pause earlier.
        let pause = pauses.next().unwrap_or(left).min(left);
        progress.warn(&format!("{error}; trying again in {:.1} s", pause.as_secs_f64()));
        tokio::time::sleep(pause).await;
    }
}
