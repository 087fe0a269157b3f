//! What is usual among a day's peers, and how far from them is too far.

use std::collections::BTreeMap;

use chrono::Datelike;
use serde::Serialize;

use crate::model::{Day, Number};

/// How many other days of the same weekday it takes to say what is usual on it.
pub const LEAST_PEERS: usize = 5;

/// How many frozen days on each side are looked at.
const AROUND: usize = 7;

/// How many of them it takes to say what is usual.
const LEAST_AROUND: usize = 2;

/// A smaller difference than this is never far, however much alike the peers are.
const LEAST_DIFFERENCE: u128 = 3;

/// What is usual among some days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Usual {
    /// The lower quartile.
    pub from: u64,
    /// The upper quartile: half of the days lie between the two.
    pub to: u64,
    /// The median.
    pub median: Number,
    /// How many days they are.
    pub days: usize,
}

impl Usual {
    /// Of these counts, ascending; `None` of nothing.
    pub(super) fn of(sorted: &[u64]) -> Option<Self> {
        let quarter = sorted.len().checked_sub(1)? / 4;
        let from = *sorted.get(quarter)?;
        let to = *sorted.get(sorted.len() - 1 - quarter)?;
        let twice: Number = twice_median(sorted).to_string().parse().ok()?;
        let median = twice.quotient(&Number::from(2_i64), 1)?.trimmed();
        Some(Self { from, to, median, days: sorted.len() })
    }
}

/// The counts of a series' days, in order, and those of each weekday by size.
pub(super) struct Known<'a> {
    values: &'a BTreeMap<Day, u64>,
    days: Vec<(Day, u64)>,
    by_weekday: BTreeMap<u32, Vec<u64>>,
}

impl<'a> Known<'a> {
    pub(super) fn of(values: &'a BTreeMap<Day, u64>) -> Self {
        let mut by_weekday: BTreeMap<u32, Vec<u64>> = BTreeMap::new();
        for (day, value) in values {
            by_weekday.entry(weekday(*day)).or_default().push(*value);
        }
        for counts in by_weekday.values_mut() {
            counts.sort_unstable();
        }
        Self { values, days: values.iter().map(|(day, value)| (*day, *value)).collect(), by_weekday }
    }

    /// The counts of the other days of the same weekday, ascending.
    pub(super) fn weekday_peers(&self, day: Day) -> Vec<u64> {
        let mut peers = self.by_weekday.get(&weekday(day)).cloned().unwrap_or_default();
        if let Some(at) = self.values.get(&day).and_then(|own| peers.binary_search(own).ok()) {
            peers.remove(at);
        }
        peers
    }

    /// What is usual on the days around, if these and the other days of the same weekday are usually above 0.
    pub(super) fn busy_around(&self, day: Day) -> Option<Usual> {
        let peers = self.weekday_peers(day);
        if !peers.is_empty() && twice_median(&peers) == 0 {
            return None;
        }
        let around = self.around(day);
        if around.len() < LEAST_AROUND || twice_median(&around) == 0 { None } else { Usual::of(&around) }
    }

    /// The counts of the nearest days before and after, ascending.
    fn around(&self, day: Day) -> Vec<u64> {
        let (at, after) = match self.days.binary_search_by_key(&day, |(day, _)| *day) {
            Ok(at) => (at, at + 1),
            Err(at) => (at, at),
        };
        let before = self.days.get(at.saturating_sub(AROUND)..at);
        let after = self.days.get(after..self.days.len().min(after + AROUND));
        let mut counts: Vec<u64> =
            before.into_iter().chain(after).flatten().map(|(_, count)| *count).collect();
        counts.sort_unstable();
        counts
    }
}

/// From Monday, 0.
fn weekday(day: Day) -> u32 {
    day.date().weekday().num_days_from_monday()
}

/// Twice the median of these counts, which are ascending: whole where the median is not. 0 of nothing.
fn twice_median(sorted: &[impl Copy + Into<u128>]) -> u128 {
    let at = |at: usize| sorted.get(at).map_or(0, |value| (*value).into());
    match sorted.len() {
        0 => 0,
        odd if odd % 2 == 1 => 2 * at(odd / 2),
        even => at(even / 2 - 1) + at(even / 2),
    }
}

/// Whether a count is far from those of its peers, which are ascending.
///
/// By the modified z-score of Iglewicz and Hoaglin (How to Detect and Handle Outliers, 1993): it is far where
/// `0.6745 · |x − median| / MAD > 3.5`, MAD being the median of the peers' absolute deviations from their median. Where
/// MAD is 0, because most peers are equal, the mean of these deviations takes its place: `|x − median| / (1.253314 · mean)`.
///
/// A few peers are easily alike by chance, and then any other day would be far from them. Events that come independently
/// of each other spread by the square root of their number, so that a day that differs by no more than three times the
/// root of the median is not far. Where all peers are equal it is no chance: there a quarter of them is far.
pub(super) fn is_far(value: u64, peers: &[u64]) -> bool {
    let median = twice_median(peers);
    let deviation = |value: u64| (2 * u128::from(value)).abs_diff(median);
    let own = deviation(value);
    if own < 2 * LEAST_DIFFERENCE {
        return false;
    }
    let mut deviations: Vec<u128> = peers.iter().map(|value| deviation(*value)).collect();
    deviations.sort_unstable();
    let sum: u128 = deviations.iter().sum();
    if sum == 0 {
        return own * 4 > median;
    }
    // Both sides are twice what they are: (own / 2)² > 9 · median / 2.
    if own.saturating_mul(own) <= 18 * median {
        return false;
    }
    // All deviations are twice what they are, and their median is once more.
    let mad = twice_median(&deviations);
    if mad > 0 {
        6_745 * 2 * own > 35_000 * mad
    } else {
        // 3.5 · 1.253314 = 4.386599
        own * 1_000_000 * (peers.len() as u128) > 4_386_599 * sum
    }
}

#[cfg(test)]
mod tests {
    use super::{Usual, is_far, twice_median};

    #[test]
    fn a_median_lies_between_two_where_it_must() {
        assert_eq!(twice_median(&[0_u64; 0]), 0);
        assert_eq!(twice_median(&[3_u64]), 6);
        assert_eq!(twice_median(&[3_u64, 4]), 7);
        assert_eq!(twice_median(&[1_u64, 3, 100]), 6);
    }

    #[test]
    fn what_is_usual_is_the_half_in_the_middle() {
        let usual = Usual::of(&[1, 640, 655, 690, 2_000]).unwrap();
        assert_eq!((usual.from, usual.to, usual.median.to_string(), usual.days), (640, 690, "655".into(), 5));
        let usual = Usual::of(&[10, 11, 12, 13, 14, 15, 16, 17]).unwrap();
        assert_eq!((usual.from, usual.to, usual.median.to_string()), (11, 16, "13.5".into()));
        assert_eq!(Usual::of(&[]), None);
    }

    #[test]
    fn far_is_a_modified_z_score_beyond_three_and_a_half() {
        // Median 6550, deviations 150, 50, 0, 100, 350: MAD 100. 3.5 · 100 / 0.6745 = 518.9…
        let peers = [6_400, 6_500, 6_550, 6_650, 6_900];
        assert!(!is_far(6_550 + 518, &peers));
        assert!(is_far(6_550 + 519, &peers));
        assert!(!is_far(6_550 - 518, &peers));
        assert!(is_far(6_550 - 519, &peers));
        // Median 125, deviations 25, 15, 5, 5, 15, 25: MAD 15. 3.5 · 15 / 0.6745 = 77.8…
        let peers = [100, 110, 120, 130, 140, 150];
        assert!(!is_far(125 + 77, &peers));
        assert!(is_far(125 + 78, &peers));
    }

    #[test]
    fn what_may_be_chance_is_not_far() {
        // Median 655, MAD 10: 51.89… would be enough. 3 · √655 = 76.77…
        let peers = [640, 650, 655, 665, 690];
        assert!(!is_far(655 + 76, &peers));
        assert!(is_far(655 + 77, &peers));
        assert!(!is_far(655 - 76, &peers));
        assert!(is_far(655 - 77, &peers));
        // Median 12.5, MAD 1.5: 7.78… would be enough. 3 · √12.5 = 10.6…
        let peers = [10, 11, 12, 13, 14, 15];
        assert!(!is_far(23, &peers));
        assert!(is_far(24, &peers));
    }

    #[test]
    fn where_most_peers_are_equal_the_mean_deviation_measures() {
        // Median 10000, deviations 0, 0, 0, 0, 1000: MAD 0, mean 200. 3.5 · 1.253314 · 200 = 877.3…
        let peers = [10_000, 10_000, 10_000, 10_000, 11_000];
        assert!(!is_far(10_877, &peers));
        assert!(is_far(10_878, &peers));
        assert!(is_far(9_122, &peers));
        // Mean 0.2: 0.877… would be enough, and three is the least.
        let peers = [0, 0, 0, 0, 1];
        assert!(!is_far(2, &peers));
        assert!(is_far(3, &peers));
    }

    #[test]
    fn where_all_peers_are_equal_a_quarter_is_far() {
        assert!(!is_far(125, &[100; 5]));
        assert!(is_far(126, &[100; 5]));
        assert!(!is_far(75, &[100; 5]));
        assert!(is_far(74, &[100; 5]));
        assert!(!is_far(6, &[4; 5]));
        assert!(is_far(7, &[4; 5]));
        assert!(is_far(3, &[0; 5]));
    }

    #[test]
    fn the_largest_counts_are_no_trouble() {
        assert!(is_far(u64::MAX, &[0, 0, 0, 1, 2]));
        assert!(!is_far(u64::MAX, &[u64::MAX; 9]));
        assert_eq!(Usual::of(&[u64::MAX; 3]).unwrap().from, u64::MAX);
    }
}
