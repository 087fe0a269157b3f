//! How days lie in months and years, weeks from Monday to Sunday. Only dates: no zone and no
//! hour comes into it.

use chrono::{Datelike, Days, Months, NaiveDate};

use crate::model::Day;

/// How many of the newest months are shown large.
pub const RECENT_MONTHS: u32 = 3;

/// A month, as weeks of seven places; a place outside of the month is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Month {
    /// Its first day.
    pub first: NaiveDate,
    /// Its weeks.
    pub weeks: Vec<[Option<Day>; 7]>,
}

/// A week of a year.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Week {
    /// The month that begins in it, from 1; the first week has the first month.
    pub month: Option<u32>,
    /// Its days.
    pub days: [Option<Day>; 7],
}

/// The newest months up to the one of `last`, oldest first, none before the one of `first`.
pub fn recent_months(first: Day, last: Day) -> Vec<Month> {
    let (first, last) = (first_of_month(first.date()), first_of_month(last.date()));
    let months = (0..RECENT_MONTHS).rev().filter_map(|back| last.checked_sub_months(Months::new(back)));
    months
        .filter(|month| *month >= first)
        .map(|first| Month { first, weeks: weeks(first, month_end(first)) })
        .collect()
}

/// The weeks of a year, each with seven places; a place outside of the year is empty. `None` beyond the calendar.
pub fn year(year: i32) -> Option<Vec<Week>> {
    let (first, last) = (NaiveDate::from_ymd_opt(year, 1, 1)?, NaiveDate::from_ymd_opt(year, 12, 31)?);
    let week = |days: [Option<Day>; 7]| {
        let begins = days.iter().flatten().find(|day| day.date().day() == 1);
        Week { month: begins.map(|day| day.date().month()), days }
    };
    Some(weeks(first, last).into_iter().map(week).collect())
}

/// The weeks that the days from `first` to `last` lie in.
fn weeks(first: NaiveDate, last: NaiveDate) -> Vec<[Option<Day>; 7]> {
    let mut weeks = Vec::new();
    let mut week = [None; 7];
    for date in first.iter_days().take_while(|date| *date <= last) {
        let place = date.weekday().num_days_from_monday();
        if place == 0 && date != first {
            weeks.push(std::mem::take(&mut week));
        }
        if let Some(slot) = week.get_mut(place as usize) {
            *slot = Day::new(date);
        }
    }
    weeks.push(week);
    weeks
}

fn first_of_month(date: NaiveDate) -> NaiveDate {
    date.with_day(1).unwrap_or(date)
}

fn month_end(first: NaiveDate) -> NaiveDate {
    let next = first.checked_add_months(Months::new(1));
    next.and_then(|next| next.checked_sub_days(Days::new(1))).unwrap_or(first)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{recent_months, year};
    use crate::model::Day;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[test]
    fn the_newest_months_reach_across_a_year() {
        let found: Vec<String> = recent_months(day("2020-02-29"), day("2025-01-31"))
            .iter()
            .map(|month| month.first.to_string())
            .collect();
        assert_eq!(found, ["2024-11-01", "2024-12-01", "2025-01-01"]);
        let short: Vec<String> = recent_months(day("2025-10-06"), day("2025-11-09"))
            .iter()
            .map(|month| month.first.to_string())
            .collect();
        assert_eq!(short, ["2025-10-01", "2025-11-01"]);
    }

    #[test]
    fn a_month_begins_at_its_weekday() {
        // November 2025 begins on a Saturday and ends on a Sunday.
        let months = recent_months(day("2025-11-06"), day("2025-11-06"));
        let weeks = &months[0].weeks;
        assert_eq!(weeks.len(), 5);
        assert_eq!(
            weeks[0],
            [None, None, None, None, None, Some(day("2025-11-01")), Some(day("2025-11-02"))]
        );
        assert_eq!(weeks[4][6], Some(day("2025-11-30")));
    }

    #[test]
    fn a_leap_year_that_begins_on_a_sunday_has_54_weeks() {
        // 2012 is the last such year.
        assert_eq!([2012, 2013].map(|number| year(number).unwrap().len()), [54, 53]);
        let found = year(2012).unwrap();
        let months = found.iter().filter_map(|week| week.month).collect::<Vec<_>>();
        assert_eq!(months, (1..=12).collect::<Vec<_>>());
    }

    #[test]
    fn the_ends_of_the_calendar_have_their_years() {
        assert_eq!([1, 9999].map(|number| year(number).unwrap().len()), [53, 53]);
        assert_eq!(recent_months(day("9999-12-31"), day("9999-12-31"))[0].weeks.len(), 5);
        assert_eq!(recent_months(day("0001-01-01"), day("0001-01-01")).len(), 1);
    }

    proptest! {
        #[test]
        fn every_day_of_a_year_lies_on_its_weekday_once(number in 1_i32..=9999) {
            use chrono::Datelike;
            let mut next = Some(day(&format!("{number:04}-01-01")));
            for week in &year(number).unwrap() {
                for (place, slot) in week.days.iter().enumerate() {
                    if let Some(day) = slot {
                        prop_assert_eq!(Some(*day), next);
                        prop_assert_eq!(day.date().weekday().num_days_from_monday() as usize, place);
                        next = day.checked_add(1).filter(|day| day.date().year() == number);
                    }
                }
            }
            prop_assert_eq!(next, None);
        }
    }
}
