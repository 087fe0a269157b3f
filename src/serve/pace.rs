//! How fast requests come and how long they take. It is the only place here that reads a clock, and only to tell how
//! long something takes.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many addresses are remembered; beyond that those that were quiet are forgotten.
const MOST_ADDRESSES: usize = 10_000;

/// Measures how long something takes.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Begins to measure.
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// How long it has been.
    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

/// How many requests each address has left: so many a second, and no more than two seconds' at once.
#[derive(Debug)]
pub struct Rates {
    each_second: f64,
    began: Stopwatch,
    left: Mutex<HashMap<IpAddr, (f64, Duration)>>,
}

impl Rates {
    /// So many a second.
    pub fn new(each_second: u32) -> Self {
        Self { each_second: f64::from(each_second), began: Stopwatch::start(), left: Mutex::default() }
    }

    /// Takes one request of an address; else after how many seconds it may ask again.
    pub fn take(&self, address: IpAddr) -> Result<(), u64> {
        self.take_at(address, self.began.elapsed())
    }

    fn take_at(&self, address: IpAddr, now: Duration) -> Result<(), u64> {
        let most = self.each_second * 2.0;
        let refilled = |left: f64, since: Duration| {
            (left + now.saturating_sub(since).as_secs_f64() * self.each_second).min(most)
        };
        let mut all = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST_ADDRESSES && !all.contains_key(&address) {
            all.retain(|_, (left, since)| refilled(*left, *since) < most);
            // So many that are not quiet: begin anew rather than remember without end.
            if all.len() >= MOST_ADDRESSES {
                all.clear();
            }
        }
        let (left, since) = all.entry(address).or_insert((most, now));
        *left = refilled(*left, *since);
        *since = now;
        if *left < 1.0 {
            // With at least one a second it is one second.
            return Err(1);
        }
        *left -= 1.0;
        Ok(())
    }
}

/// What a server has done so far.
#[derive(Debug, Default)]
pub struct Counts {
    by_class: [AtomicU64; 5],
    micros: AtomicU64,
    at_work: AtomicU64,
}

impl Counts {
    /// Notes that a request came.
    pub fn began(&self) {
        self.at_work.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes that it was answered with this status, after that time.
    pub fn answered(&self, status: u16, took: Duration) {
        self.at_work.fetch_sub(1, Ordering::Relaxed);
        let class = usize::from(status / 100).saturating_sub(1);
        if let Some(count) = self.by_class.get(class) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// How many were answered with a status of each class, from 1xx to 5xx.
    pub fn by_class(&self) -> [u64; 5] {
        self.by_class.each_ref().map(|count| count.load(Ordering::Relaxed))
    }

    /// How long all of them took, in microseconds.
    pub fn micros(&self) -> u64 {
        self.micros.load(Ordering::Relaxed)
    }

    /// How many are being worked on.
    pub fn at_work(&self) -> u64 {
        self.at_work.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};
    use std::time::Duration;

    use super::Rates;

    #[test]
    fn an_address_has_two_seconds_of_requests_and_gets_them_back() {
        let rates = Rates::new(2);
        let (one, other) = (IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)), IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2)));
        let at = Duration::from_millis;
        assert!((0..4).all(|_| rates.take_at(one, at(0)).is_ok()));
        assert_eq!(rates.take_at(one, at(0)), Err(1));
        assert!(rates.take_at(other, at(0)).is_ok());
        assert_eq!(rates.take_at(one, at(400)), Err(1));
        assert!(rates.take_at(one, at(500)).is_ok());
        assert_eq!(rates.take_at(one, at(500)), Err(1));
        assert!((0..4).all(|_| rates.take_at(one, at(60_000)).is_ok()));
        assert_eq!(rates.take_at(one, at(60_000)), Err(1));
    }

    #[test]
    fn addresses_without_end_are_not_remembered() {
        let rates = Rates::new(1);
        for number in 0..30_000_u32 {
            assert!(rates.take_at(IpAddr::V4(Ipv4Addr::from_bits(number)), Duration::ZERO).is_ok());
        }
        assert!(rates.left.lock().unwrap().len() <= super::MOST_ADDRESSES);
    }
}
