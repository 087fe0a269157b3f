//! Asking the source on a thread that may wait for it.

use std::time::Duration;

use crate::ops::causes::causes;
use crate::ops::reading::{Env, Now};
use crate::ops::entities::look::{EntityError, LookRequest};
use crate::serve::Server;
use crate::serve::problem::Problem;
use axum::http::StatusCode;

/// How long connection trouble is retried: somebody waits.
const RETRY_FOR: Duration = Duration::from_secs(5);
/// How long the archive's lock is waited for.
const WAIT: Duration = Duration::from_secs(10);

/// How the source is asked.
pub fn request<'a>(
    server: &Server,
    env: Env<'a>,
    now: Now<'a>,
) -> LookRequest<'a> {
    LookRequest { env, now, retry_for: RETRY_FOR.min(server.settings.source_timeout), wait: WAIT }
}

/// Runs it on a runtime of its own: this thread has nothing else to do.
///
/// # Errors
/// When the system gives no event queue.
pub fn block_on<T>(work: impl Future<Output = T>) -> Result<T, Problem> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    Ok(runtime.map_err(|error| Problem::mistake(error.to_string()))?.block_on(work))
}

impl From<EntityError> for Problem {
    fn from(error: EntityError) -> Self {
        let hint = error.hint();
        match error {
            EntityError::Archive(error) => error.into(),
            error => Self::new(StatusCode::BAD_GATEWAY, "source", causes(&error)).maybe_hint(hint),
        }
    }
}
