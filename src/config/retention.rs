//! What is kept of frozen days in the long run: which of them stay whole.

use chrono::{Days, Months};

use super::check::Checker;
use super::file::{self, File};
use crate::model::Day;

/// The longest span in months or days: all of the calendar.
const LONGEST: u32 = 9999 * 366;

/// Which frozen days are kept whole; the others may be thinned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RetentionSettings {
    /// The rules by age, finest first.
    pub rules: Vec<KeepRule>,
    /// The labels whose days are kept; `None` is every label.
    pub labels: Option<Vec<String>>,
    /// Whether the first frozen day of a period stands for it, and not the last.
    pub first: bool,
}

/// One day of each period is kept, for a span of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeepRule {
    /// Of which periods.
    pub period: Period,
    /// For how long.
    pub span: KeepSpan,
}

/// A period of which one day is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Period {
    /// Every day.
    Day,
    /// From Monday to Sunday.
    Week,
    /// A calendar month.
    Month,
    /// Three calendar months, the first from January.
    Quarter,
    /// A calendar year.
    Year,
}

/// For how long something is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeepSpan {
    /// Without an end.
    Forever,
    /// So many days back.
    Days(u32),
    /// So many calendar months back.
    Months(u32),
}

impl Period {
    /// The word: `month`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
        }
    }
}

impl KeepSpan {
    /// The earliest day that a span reaches, counted back from this one; `None` where it has no end.
    pub fn reaches(self, from: Day) -> Option<Day> {
        let date = match self {
            Self::Forever => return None,
            Self::Days(days) => from.date().checked_sub_days(Days::new(days.into())),
            Self::Months(months) => from.date().checked_sub_months(Months::new(months)),
        };
        date.and_then(Day::new)
    }

    /// It in words: `12 months`.
    pub fn words(self) -> String {
        let many = |count: u32, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
        match self {
            Self::Forever => "forever".to_owned(),
            Self::Days(days) => many(days, "day"),
            Self::Months(months) => many(months, "month"),
        }
    }

    /// Reads a span: `forever`, or a number and a unit.
    fn parse(text: &str) -> Option<Self> {
        if text == "forever" {
            return Some(Self::Forever);
        }
        let (number, unit) = text.split_once(' ')?;
        let number: u32 = if number.bytes().all(|b| b.is_ascii_digit()) { number.parse().ok()? } else { 0 };
        let span = |times: u32| number.checked_mul(times).filter(|span| (1..=LONGEST).contains(span));
        match unit.strip_suffix('s').unwrap_or(unit) {
            "day" => span(1).map(Self::Days),
            "week" => span(7).map(Self::Days),
            "month" => span(1).map(Self::Months),
            "quarter" => span(3).map(Self::Months),
            "year" => span(12).map(Self::Months),
            _ => None,
        }
    }
}

/// Checks `[retention]`; `None` where nothing is said of it: then everything is kept.
pub fn check(file: &File, checker: &mut Checker<'_, '_>) -> Option<RetentionSettings> {
    let written = file.retention.as_ref()?;
    let spans = [
        (Period::Day, "keep_daily", &written.keep_daily),
        (Period::Week, "keep_weekly", &written.keep_weekly),
        (Period::Month, "keep_monthly", &written.keep_monthly),
        (Period::Quarter, "keep_quarterly", &written.keep_quarterly),
        (Period::Year, "keep_yearly", &written.keep_yearly),
    ];
    let mut rules = Vec::new();
    for (period, key, text) in spans {
        let Some(text) = text else { continue };
        if let Some(span) = KeepSpan::parse(text) {
            rules.push(KeepRule { period, span });
        } else {
            let hint = "write forever, or a number and a unit: 90 days, 8 weeks, 12 months, 5 years";
            let message = format!("{text:?} is no span of time to keep days for");
            checker.problem(&["retention", key], message, hint.to_owned());
        }
    }
    for (at, label) in written.keep_labels.iter().flatten().enumerate() {
        if label.trim().is_empty() {
            let path = ["retention", "keep_labels", &at.to_string()];
            checker.problem(&path, "the label is empty", "leave it out".to_owned());
        }
    }
    if rules.is_empty() && written.keep_labels.is_none() && written.prefer.is_none() {
        return None;
    }
    Some(RetentionSettings {
        rules,
        labels: written.keep_labels.clone(),
        first: matches!(written.prefer, Some(file::Prefer::First)),
    })
}

#[cfg(test)]
mod tests {
    use super::KeepSpan;
    use crate::model::Day;

    #[test]
    fn spans_reach_back_by_the_calendar() {
        let day = |text: &str| text.parse::<Day>().unwrap();
        for (text, from, expected) in [
            ("12 months", "2025-11-06", "2024-11-06"),
            ("1 month", "2025-03-31", "2025-02-28"),
            ("5 years", "2024-02-29", "2019-02-28"),
            ("1 quarter", "2025-11-06", "2025-08-06"),
            ("2 weeks", "2025-11-06", "2025-10-23"),
            ("1 day", "2025-03-01", "2025-02-28"),
        ] {
            let span = KeepSpan::parse(text).unwrap();
            assert_eq!(span.reaches(day(from)), Some(day(expected)), "{text}");
        }
        assert_eq!(KeepSpan::parse("forever").unwrap().reaches(day("2025-11-06")), None);
        for text in [
            "",
            "12",
            "months",
            "0 days",
            "-1 days",
            "+1 days",
            "1.5 years",
            "1 eon",
            "12  months",
            "4294967295 years",
        ] {
            assert_eq!(KeepSpan::parse(text), None, "{text}");
        }
    }
}
