//! Which rows a look of a day keeps.

use chrono::Datelike as _;

use crate::model::Day;
use crate::model::entity::Every;

/// Whether rows that are kept so often are kept on this day: the week's on its Monday, the month's on
/// its first day.
pub fn is_due(every: Every, day: Day) -> bool {
    match every {
        Every::Day => true,
        Every::Week => day.date().weekday() == chrono::Weekday::Mon,
        Every::Month => day.date().day() == 1,
    }
}

/// How often a row is kept: by the most frequent of the rules that match, monthly where none does.
/// Without rules, on every day.
pub fn how_often(matching: impl IntoIterator<Item = Every>, rules: bool) -> Every {
    let least = if rules { Every::Month } else { Every::Day };
    matching.into_iter().min().unwrap_or(least)
}

#[cfg(test)]
mod tests {
    use super::{how_often, is_due};
    use crate::model::Day;
    use crate::model::entity::Every;

    #[test]
    fn the_weeks_rows_are_kept_on_mondays_and_the_months_on_the_first() {
        let day = |text: &str| text.parse::<Day>().unwrap();
        // 2025-12-01 is both; 2025-11-03 a Monday; 2025-11-01 a Saturday.
        for (date, week, month) in [
            ("2025-12-01", true, true),
            ("2025-11-03", true, false),
            ("2025-11-01", false, true),
            ("2025-11-06", false, false),
        ] {
            assert!(is_due(Every::Day, day(date)));
            assert_eq!((is_due(Every::Week, day(date)), is_due(Every::Month, day(date))), (week, month));
        }
    }

    #[test]
    fn the_most_frequent_rule_wins() {
        assert_eq!(how_often([Every::Month, Every::Day, Every::Week], true), Every::Day);
        assert_eq!(how_often([Every::Week], true), Every::Week);
        assert_eq!(how_often([], true), Every::Month);
        assert_eq!(how_often([], false), Every::Day);
    }
}
