//! Spans of time as people write them: `60s`, `90m`, `2h`, `30d`, `250ms`.

use std::time::Duration;

/// Reads a span of time: a whole number and one of `ms`, `s`, `m`, `h`, `d`.
///
/// A day is 24 hours here: for spans that are counted in business days, use [`parse_days`].
pub fn parse(text: &str) -> Option<Duration> {
    let unit_at = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(unit_at);
    let number: u64 = number.parse().ok()?;
    let seconds = match unit {
        "ms" => return Some(Duration::from_millis(number)),
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return None,
    };
    number.checked_mul(seconds).map(Duration::from_secs)
}

/// Reads a number of business days: `30d`.
pub fn parse_days(text: &str) -> Option<u16> {
    let number = text.strip_suffix('d')?;
    number.bytes().all(|b| b.is_ascii_digit()).then(|| number.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::{parse, parse_days};
    use std::time::Duration;

    #[test]
    fn spans_need_a_number_and_a_unit() {
        assert_eq!(parse("60s"), Some(Duration::from_mins(1)));
        assert_eq!(parse("2h"), Some(Duration::from_hours(2)));
        assert_eq!(parse("250ms"), Some(Duration::from_millis(250)));
        for text in
            ["", "60", "s", "1.5h", "-2h", "2 h", "2weeks", "99999999999999999999s", "999999999999999999d"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(parse_days("30d"), Some(30));
        assert_eq!(parse_days("+3d"), None);
        assert_eq!(parse_days("d"), None);
    }
}
