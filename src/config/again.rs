//! How frozen days are held against the source: the ages at which they are read again, and by how much
//! they may differ.

use std::collections::BTreeMap;

use super::AgainSettings;
use super::check::Checker;
use super::file::File;
use crate::model::Number;

/// The share of rows that may be gone when nothing else is said.
const SHRINK_GUARD: &str = "1%";
/// The oldest age at which days are read again.
const OLDEST: u16 = 366;

/// Checks `lookback` and `shrink_guard` under `[calendar]`, and every metric's `drift`.
pub fn check(file: &File, checker: &mut Checker<'_, '_>) -> AgainSettings {
    let written = file.calendar.as_ref();
    let mut lookback = Vec::new();
    for (item, age) in
        written.and_then(|calendar| calendar.lookback.as_ref()).into_iter().flatten().enumerate()
    {
        let path = ["calendar", "lookback", &item.to_string()];
        if *age == 0 || *age > OLDEST {
            let hint = format!("write ages in days from 1 to {OLDEST}: 1 is yesterday");
            checker.problem(&path, format!("no day of age {age} can be read again"), hint);
        } else if lookback.contains(age) {
            checker.problem(&path, format!("the age {age} is named twice"), "leave one out".to_owned());
        }
        lookback.push(*age);
    }
    lookback.sort_unstable();
    lookback.dedup();
    let guard = written.and_then(|calendar| calendar.shrink_guard.as_deref()).unwrap_or(SHRINK_GUARD);
    let shrink_guard = share(guard, &["calendar", "shrink_guard"], checker);
    let mut tolerances = BTreeMap::new();
    for (name, metric) in &file.metrics {
        let drift = metric.drift.as_deref();
        if let Some(tolerance) = drift.and_then(|drift| share(drift, &["metrics", name, "drift"], checker)) {
            tolerances.insert(name.clone(), tolerance);
        }
    }
    AgainSettings { lookback, shrink_guard: shrink_guard.unwrap_or_else(Number::zero), tolerances }
}

/// Reads a share between 0 and 100 % that is written in percent.
pub(super) fn share(text: &str, path: &[&str], checker: &mut Checker<'_, '_>) -> Option<Number> {
    let share = percent(text).filter(|share| *share <= Number::from(1_i64));
    if share.is_none() {
        let hint = "write a share in percent, from 0% to 100%: 0.5%".to_owned();
        checker.problem(path, format!("{text:?} is no share"), hint);
    }
    share
}

/// Reads a number in percent, as a plain fraction: `0.5%` is 0.005. Never negative.
pub(super) fn percent(text: &str) -> Option<Number> {
    let digits = text.strip_suffix('%')?.trim_end();
    let plain = digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && digits.len() <= 20;
    let number: Number = if plain { digits.parse().ok()? } else { return None };
    Some(number.times(&Number::from_scaled(1.into(), 2)))
}

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn percents_are_exact_fractions() {
        for (text, expected) in [("0.5%", "0.005"), ("1%", "0.01"), ("100 %", "1"), ("0%", "0")] {
            assert_eq!(percent(text), Some(expected.parse().unwrap()), "{text}");
        }
        for text in ["", "%", "1", "-1%", "+1%", "1e3%", "1.2.3%", ".5%", "1%%", "1 percent"] {
            assert_eq!(percent(text), None, "{text}");
        }
    }
}
