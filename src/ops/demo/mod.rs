//! Made-up data for `asof demo`: a call centre that is frozen night by night, a lead team with weeks of
//! history that nobody froze, and videos and accounts that are looked at each night.
//!
//! All of it follows from one seed, and comes out the same on every machine. Nothing here
//! reads a clock, and only the `store` modules touch a file.

pub mod accounts;
pub mod call_centre;
pub mod leads;
pub mod videos;

use chrono::NaiveDate;

/// A date that is known to exist.
const fn date(year: i32, month: u32, day: u32) -> NaiveDate {
    match NaiveDate::from_ymd_opt(year, month, day) {
        Some(date) => date,
        None => NaiveDate::MIN,
    }
}

/// A generator for one purpose on one day, so that days don't depend on each other.
fn dice(purpose: u64, day: NaiveDate) -> fastrand::Rng {
    let days = u64::try_from((day - NaiveDate::MIN).num_days()).unwrap_or_default();
    fastrand::Rng::with_seed(0x005E_ED0F_A50F ^ (purpose << 56) ^ days.wrapping_mul(0x9E37_79B9_7F4A_7C15))
}

/// One of some things, each as likely as its weight says. The weights must not all be 0.
fn pick<T: Copy>(rng: &mut fastrand::Rng, weighted: &[(T, u32)]) -> Option<T> {
    let total = weighted.iter().map(|(_, weight)| weight).sum::<u32>();
    let mut left = rng.u32(0..total.max(1));
    for (thing, weight) in weighted {
        if left < *weight {
            return Some(*thing);
        }
        left -= weight;
    }
    None
}

/// A demo's `asof.toml`: a preset with another header, and with an SQLite file beside it that needs no password.
fn own_config(preset: &str, header: &str, database: &str) -> String {
    let own = |line: &str| match line {
        line if line.starts_with("url = ") => Some(format!("url = \"sqlite:{database}\"")),
        line if line.starts_with("password_env = ") => None,
        line => Some(line.to_owned()),
    };
    let settings = preset.lines().skip_while(|line| line.starts_with('#')).filter_map(own);
    settings.fold(header.to_owned(), |text, line| text + &line + "\n")
}
