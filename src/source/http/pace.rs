//! How quickly an API is asked, and whether it was ever there: one pace for all who ask it from this process.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The paces by the API and its rate: a backfill asks from several threads, a server for several clients.
static PACES: LazyLock<Mutex<BTreeMap<String, Arc<Pace>>>> = LazyLock::new(Mutex::default);

/// When the next request may be sent.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// The time between two requests.
    every: Duration,
    next: Mutex<Option<Instant>>,
    /// Whether it has answered anything at all.
    answered: AtomicBool,
}

impl Pace {
    /// The pace of this API, with at most so many requests a second.
    pub(super) fn of(api: &str, per_second: Option<f64>) -> Arc<Self> {
        let every = per_second.map_or(Duration::ZERO, |rate| Duration::from_secs_f64(1.0 / rate.max(0.001)));
        let mut paces = PACES.lock().unwrap_or_else(PoisonError::into_inner);
        let name = format!("{} {api}", every.as_nanos());
        Arc::clone(paces.entry(name).or_insert_with(|| Arc::new(Self { every, ..Self::default() })))
    }

    /// Notes that it answered, be it with an error: it is there.
    pub(super) fn note_answer(&self) {
        self.answered.store(true, Ordering::Relaxed);
    }

    /// Whether it answered before.
    pub(super) fn has_answered(&self) -> bool {
        self.answered.load(Ordering::Relaxed)
    }

    /// Waits for one's turn.
    pub(super) async fn turn(&self) {
        loop {
            let wait = {
                let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
                let now = Instant::now();
                match *next {
                    Some(at) if at > now => at - now,
                    _ => {
                        *next = Some(now + self.every);
                        return;
                    }
                }
            };
            tokio::time::sleep(wait).await;
        }
    }

    /// Lets nobody ask for so long: the API wants to be left alone.
    pub(super) fn hold(&self, pause: Duration) {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let until = Instant::now() + pause;
        if next.is_none_or(|at| at < until) {
            *next = Some(until);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::Pace;

    #[tokio::test]
    async fn all_together_keep_the_pace() {
        let started = Instant::now();
        let ask = || async { Pace::of("https://pace.example", Some(50.0)).turn().await };
        tokio::join!(ask(), ask(), ask(), ask());
        assert!(started.elapsed() >= Duration::from_millis(60), "{:?}", started.elapsed());
        let pace = Pace::of("https://held.example", None);
        pace.turn().await;
        pace.hold(Duration::from_millis(30));
        let held = Instant::now();
        pace.turn().await;
        assert!(held.elapsed() >= Duration::from_millis(29), "{:?}", held.elapsed());
    }
}
