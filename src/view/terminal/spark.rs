//! Sparklines of block characters.

use crate::model::compared::RecentDoc;
use crate::view::spark;

/// From the lowest to the highest. The blocks of a half and of the whole height are left out, since
/// many fonts draw these at another height than their neighbours.
const BLOCKS: [char; 6] = ['▁', '▂', '▃', '▅', '▆', '▇'];

/// The last `days` days, one character each, with a blank for a gap; empty when fewer than two
/// are known.
pub(super) fn line(recent: &RecentDoc, days: usize) -> String {
    let values = recent.values.get(recent.values.len().saturating_sub(days)..).unwrap_or_default();
    if values.iter().flatten().count() < 2 {
        return String::new();
    }
    let highest = BLOCKS.len() - 1;
    // The nearest of a few steps, found without leaving the integers.
    let nearest = |level: f64| (0..highest).filter(|step| level * 10.0 > f64_of(2 * step + 1)).count();
    let block = |level: f64| BLOCKS.get(nearest(level)).copied().unwrap_or(' ');
    spark::levels(values).into_iter().map(|level| level.map_or(' ', block)).collect()
}

fn f64_of(small: usize) -> f64 {
    u32::try_from(small).map_or(0.0, f64::from)
}

#[cfg(test)]
mod tests {
    use super::line;
    use crate::model::compared::RecentDoc;

    fn drawn(values: &[Option<i64>], days: usize) -> String {
        let recent = RecentDoc {
            from: "2025-10-03".parse().unwrap(),
            editions: Vec::new(),
            values: values.iter().map(|value| value.map(Into::into)).collect(),
        };
        line(&recent, days)
    }

    #[test]
    fn values_are_drawn_from_zero_with_gaps_as_blanks() {
        let values = [0, 10, 11, 30, 50, 69, 71, 90, 91, 100].map(Some);
        assert_eq!(drawn(&values, 35), "▁▁▂▂▃▅▆▆▇▇");
        assert_eq!(drawn(&[Some(100), None, None, Some(50)], 35), "▇  ▃");
        // Only the last days, on a scale of their own.
        assert_eq!(drawn(&[Some(1000), Some(0), Some(10)], 2), "▁▇");
    }

    #[test]
    fn close_values_are_told_apart_and_equal_ones_stand_in_the_middle() {
        assert_eq!(drawn(&[Some(1000), Some(1001)], 35), "▁▇");
        assert_eq!(drawn(&[Some(-5), Some(5)], 35), "▁▇");
        assert_eq!(drawn(&[Some(7), Some(7)], 35), "▃▃");
        assert_eq!(drawn(&[Some(0), Some(0)], 35), "▁▁");
    }

    #[test]
    fn one_day_is_no_line() {
        assert_eq!(drawn(&[None, Some(4)], 35), "");
        assert_eq!(drawn(&[], 35), "");
    }
}
