//! Bars of block characters, exact to an eighth of a column.

use crate::model::Number;

const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/// A bar for `value` where `largest` has `width` columns; empty at or below zero.
///
/// What is above zero has at least an eighth.
pub(super) fn bar(value: &Number, largest: &Number, width: usize) -> String {
    if value.is_zero() || value.is_negative() {
        return String::new();
    }
    let full = Number::from(width as u64 * 8);
    let eighths = value.times(&full).ratio(largest).and_then(|eighths| eighths.rounded(0).to_i64());
    let eighths = usize::try_from(eighths.unwrap_or(0)).unwrap_or(0).clamp(1, (width * 8).max(1));
    format!("{}{}", "█".repeat(eighths / 8), EIGHTHS[eighths % 8])
}

#[cfg(test)]
mod tests {
    use super::bar;
    use crate::model::Number;

    fn of(value: i64, largest: i64, width: usize) -> String {
        bar(&Number::from(value), &Number::from(largest), width)
    }

    #[test]
    fn a_bar_is_exact_to_an_eighth() {
        assert_eq!(of(10, 10, 4), "████");
        assert_eq!(of(5, 10, 4), "██");
        assert_eq!(of(1, 32, 4), "▏");
        assert_eq!(of(17, 32, 4), "██▏");
        assert_eq!(of(1, 1_000_000, 4), "▏");
        assert_eq!(of(0, 10, 4), "");
        assert_eq!(of(-5, 10, 4), "");
    }
}
