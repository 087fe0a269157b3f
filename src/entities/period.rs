//! Words for a span of days: a date, a month, a quarter, "last month", "three weeks ago".
//!
//! What names no year means the latest that has begun. Weeks begin on Mondays, quarters are those of the
//! calendar's year.

use chrono::{Datelike as _, Months, NaiveDate, Weekday};

use super::tokens::Token;
use crate::model::Day;

/// A span of days in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// Its first day.
    pub from: Day,
    /// Its last day.
    pub to: Day,
    /// The word after it.
    pub next: usize,
}

/// Looks for spans of days at places in a text.
pub struct Periods<'a> {
    /// The words.
    pub tokens: &'a [Token],
    /// The day that is today.
    pub today: Day,
}

/// Months that are hardly any other word.
const CLEAR: [&str; 7] = ["january", "february", "july", "september", "october", "november", "december"];
const MONTHS: [(&str, u32); 24] = [
    ("january", 1),
    ("february", 2),
    ("march", 3),
    ("april", 4),
    ("may", 5),
    ("june", 6),
    ("july", 7),
    ("august", 8),
    ("september", 9),
    ("october", 10),
    ("november", 11),
    ("december", 12),
    ("jan", 1),
    ("feb", 2),
    ("mar", 3),
    ("apr", 4),
    ("jun", 6),
    ("jul", 7),
    ("aug", 8),
    ("sep", 9),
    ("sept", 9),
    ("oct", 10),
    ("nov", 11),
    ("dec", 12),
];
const WEEKDAYS: [(&str, Weekday); 15] = [
    ("monday", Weekday::Mon),
    ("tuesday", Weekday::Tue),
    ("wednesday", Weekday::Wed),
    ("thursday", Weekday::Thu),
    ("friday", Weekday::Fri),
    ("saturday", Weekday::Sat),
    ("sunday", Weekday::Sun),
    ("mon", Weekday::Mon),
    ("tue", Weekday::Tue),
    ("tues", Weekday::Tue),
    ("wed", Weekday::Wed),
    ("thu", Weekday::Thu),
    ("thur", Weekday::Thu),
    ("thurs", Weekday::Thu),
    ("fri", Weekday::Fri),
];
const NUMBERS: [(&str, u32); 14] = [
    ("a", 1),
    ("an", 1),
    ("one", 1),
    ("two", 2),
    ("three", 3),
    ("four", 4),
    ("five", 5),
    ("six", 6),
    ("seven", 7),
    ("eight", 8),
    ("nine", 9),
    ("ten", 10),
    ("eleven", 11),
    ("twelve", 12),
];
const ORDINALS: [(&str, u32); 8] = [
    ("first", 1),
    ("second", 2),
    ("third", 3),
    ("fourth", 4),
    ("1st", 1),
    ("2nd", 2),
    ("3rd", 3),
    ("4th", 4),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

impl Periods<'_> {
    /// The span that begins with this word. `named` says that the words before leave no doubt that a time
    /// follows, which "may" and "2024" need.
    pub fn at(&self, at: usize, named: bool) -> Option<Period> {
        self.date(at)
            .or_else(|| self.day_of_month(at, named))
            .or_else(|| self.month(at, named))
            .or_else(|| self.quarter(at))
            .or_else(|| self.half(at, named))
            .or_else(|| self.week_of(at))
            .or_else(|| self.last(at))
            .or_else(|| self.this(at))
            .or_else(|| self.ago(at))
            .or_else(|| self.near(at))
            .or_else(|| self.weekday(at).filter(|_| named))
    }

    /// A year by its number alone.
    pub fn year(&self, at: usize) -> Option<Period> {
        let year = self.year_number(at)?;
        if year > self.today.date().year() {
            return None;
        }
        period(NaiveDate::from_ymd_opt(year, 1, 1)?, NaiveDate::from_ymd_opt(year, 12, 31)?, at + 1)
    }

    /// "year", "month" and so on, as far as the one that is now has gone.
    pub fn so_far(&self, at: usize) -> Option<Period> {
        let unit = unit(self.word(at)).filter(|_| !self.word(at).ends_with('s'))?;
        period(start_of(self.today.date(), unit)?, self.today.date(), at + 1)
    }

    fn word(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| token.word.as_str())
    }

    fn date(&self, at: usize) -> Option<Period> {
        let word = self.word(at);
        let one = |day: Day| Some(Period { from: day, to: day, next: at + 1 });
        let (start, rest) = (word.get(..10).unwrap_or(word), word.get(10..).unwrap_or(""));
        if let (Ok(day), true) = (start.parse::<Day>(), rest.is_empty() || rest.starts_with('t')) {
            return one(day);
        }
        let parts = |by: char| -> Option<Vec<u32>> { word.split(by).map(|part| part.parse().ok()).collect() };
        if let (7, Some([year, month])) = (word.len(), parts('-').as_deref()) {
            return month_of(i32::try_from(*year).ok()?, *month, at + 1);
        }
        if let Some([day, month, year]) = parts('.').as_deref() {
            return one(ymd(*year, *month, *day)?);
        }
        // 03/04/2025 is two days, depending on who writes it.
        match parts('/').as_deref() {
            Some([one_part, other, year]) if *one_part > 12 || one_part == other => {
                one(ymd(*year, *other, *one_part)?)
            }
            Some([month, day, year]) if *day > 12 => one(ymd(*year, *month, *day)?),
            _ => None,
        }
    }

    fn month_number(&self, at: usize) -> Option<u32> {
        MONTHS.iter().find(|(name, _)| *name == self.word(at)).map(|(_, number)| *number)
    }

    fn year_number(&self, at: usize) -> Option<i32> {
        let word = self.word(at);
        let year: i32 = word.parse().ok().filter(|_| word.len() == 4)?;
        (1990..=2100).contains(&year).then_some(year)
    }

    /// A day's number: `6`, `6th`.
    fn day_number(&self, at: usize) -> Option<u32> {
        let word = self.word(at);
        let digits = ["st", "nd", "rd", "th"].iter().find_map(|end| word.strip_suffix(end)).unwrap_or(word);
        let plain = !digits.is_empty() && digits.len() <= 2 && digits.bytes().all(|b| b.is_ascii_digit());
        digits.parse().ok().filter(|day| plain && (1..=31).contains(day))
    }

    /// Whether a month's name is meant as such: of those that are other words too, one written with a
    /// capital letter within a sentence.
    fn is_month(&self, at: usize, named: bool) -> bool {
        let capital = self.tokens.get(at).is_some_and(|token| token.capital);
        named || CLEAR.contains(&self.word(at)) || (capital && at > 0)
    }

    fn day_of_month(&self, at: usize, named: bool) -> Option<Period> {
        let (day, month, mut next) = if let Some(day) = self.day_number(at) {
            let of = at + 1 + usize::from(self.word(at + 1) == "of");
            (day, self.month_number(of)?, of + 1)
        } else {
            let month = self.month_number(at).filter(|_| self.is_month(at, named))?;
            (self.day_number(at + 1)?, month, at + 2)
        };
        let year = self.year_number(next);
        next += usize::from(year.is_some());
        let today = self.today.date();
        let found = match year {
            Some(year) => NaiveDate::from_ymd_opt(year, month, day)?,
            // The 29th of February may lie some years back.
            None => (0..8)
                .filter_map(|back| NaiveDate::from_ymd_opt(today.year() - back, month, day))
                .find(|date| *date <= today)?,
        };
        period(found, found, next)
    }

    fn month(&self, at: usize, named: bool) -> Option<Period> {
        let month = self.month_number(at)?;
        if at.checked_sub(1).is_some_and(|before| self.word(before) == "next") {
            return None;
        }
        let of = at + 1 + usize::from(self.word(at + 1) == "of");
        if let Some(year) = self.year_number(of) {
            return month_of(year, month, of + 1);
        }
        if !named && !CLEAR.contains(&self.word(at)) {
            return None;
        }
        let today = self.today.date();
        let year = if month <= today.month() { today.year() } else { today.year() - 1 };
        month_of(year, month, at + 1)
    }

    fn quarter(&self, at: usize) -> Option<Period> {
        if let Some(year) = self.year_number(at) {
            let quarter = quarter_number(self.word(at + 1))?;
            return quarter_of(year, quarter, at + 2);
        }
        let ordinal = ORDINALS.iter().find(|(name, _)| *name == self.word(at)).map(|(_, number)| *number);
        let (quarter, next) = match quarter_number(self.word(at)) {
            Some(quarter) => (quarter, at + 1),
            None => (ordinal.filter(|_| self.word(at + 1) == "quarter")?, at + 2),
        };
        let of = next + usize::from(self.word(next) == "of");
        if let Some(year) = self.year_number(of) {
            return quarter_of(year, quarter, of + 1);
        }
        let today = self.today.date();
        let begun = (quarter - 1) * 3 < today.month();
        quarter_of(if begun { today.year() } else { today.year() - 1 }, quarter, next)
    }

    /// "H1", "H2 2024", "the first half of 2025"; "h1" alone may be anything.
    fn half(&self, at: usize, named: bool) -> Option<Period> {
        let (half, mut next) = match (self.word(at), self.word(at + 1), self.word(at + 2)) {
            ("h1", ..) => (1, at + 1),
            ("h2", ..) => (2, at + 1),
            ("first", "half", "of") => (1, at + 3),
            ("second", "half", "of") => (2, at + 3),
            _ => return None,
        };
        let year = self.year_number(next);
        if year.is_none() && (!named || next > at + 1) {
            return None;
        }
        next += usize::from(year.is_some());
        let today = self.today.date();
        let begun = half == 1 || today.month() > 6;
        let year = year.unwrap_or(if begun { today.year() } else { today.year() - 1 });
        let first = NaiveDate::from_ymd_opt(year, half * 6 - 5, 1)?;
        period(first, first.checked_add_months(Months::new(6))?.pred_opt()?, next)
    }

    /// "the week of October 6": from Monday to Sunday.
    fn week_of(&self, at: usize) -> Option<Period> {
        let start = at + 2 + usize::from(self.word(at + 2) == "the");
        if self.word(at) != "week" || self.word(at + 1) != "of" {
            return None;
        }
        let day = self.date(start).or_else(|| self.day_of_month(start, true))?;
        let first = start_of(day.from.date(), Unit::Week).filter(|_| day.from == day.to)?;
        period(first, first.checked_add_days(chrono::Days::new(6))?, day.next)
    }

    /// A number of days, weeks and so on, in digits or as a word.
    fn number(&self, at: usize) -> Option<u32> {
        let word = self.word(at);
        let named = NUMBERS.iter().find(|(name, _)| *name == word).map(|(_, number)| *number);
        named.or_else(|| word.parse().ok().filter(|number| (1..=9999).contains(number)))
    }

    /// "last month", "the past 30 days", "last Friday", "last March".
    fn last(&self, at: usize) -> Option<Period> {
        let past = self.word(at) == "past";
        if !past && !matches!(self.word(at), "last" | "previous" | "prior" | "preceding") {
            return None;
        }
        let today = self.today.date();
        if let Some(number) = self.number(at + 1) {
            if matches!(self.word(at + 2), "hour" | "hours") {
                return period(back(today, Unit::Day, number.div_ceil(24))?, today, at + 3);
            }
            let unit = unit(self.word(at + 2))?;
            return period(back(today, unit, number)?, today, at + 3);
        }
        let next = at + 2;
        if let Some(month) = self.month_number(at + 1) {
            let year = if month < today.month() { today.year() } else { today.year() - 1 };
            return month_of(year, month, next);
        }
        if let Some(weekday) = self.weekday(at + 1) {
            // Before today.
            let back = if weekday.from == self.today { 7 } else { 0 };
            let day = weekday.from.checked_add(-back)?;
            return Some(Period { from: day, to: day, next });
        }
        if self.word(at + 1) == "night" {
            let day = self.today.checked_add(-1)?;
            return Some(Period { from: day, to: day, next });
        }
        let unit = unit(self.word(at + 1)).filter(|_| !self.word(at + 1).ends_with('s'))?;
        if past {
            return period(back(today, unit, 1)?, today, next);
        }
        let start = start_of(today, unit)?;
        // The last day of what came before is in it.
        let (first, last) = (start_of(start.pred_opt()?, unit)?, start.pred_opt()?);
        if unit == Unit::Day { None } else { period(first, last, next) }
    }

    /// "this week", "month to date", "ytd".
    fn this(&self, at: usize) -> Option<Period> {
        let today = self.today.date();
        let so_far = |unit: Unit, next: usize| period(start_of(today, unit)?, today, next);
        match self.word(at) {
            "ytd" => return so_far(Unit::Year, at + 1),
            "qtd" => return so_far(Unit::Quarter, at + 1),
            "mtd" => return so_far(Unit::Month, at + 1),
            "this" | "current" => {}
            word => {
                let to_date = self.word(at + 1) == "to" && self.word(at + 2) == "date";
                return unit(word).filter(|_| to_date).and_then(|unit| so_far(unit, at + 3));
            }
        }
        if let Some(month) = self.month_number(at + 1) {
            return (month <= today.month()).then(|| month_of(today.year(), month, at + 2)).flatten();
        }
        if matches!(self.word(at + 1), "morning" | "afternoon" | "evening") {
            return so_far(Unit::Day, at + 2);
        }
        let unit = unit(self.word(at + 1)).filter(|unit| *unit != Unit::Day)?;
        so_far(unit, at + 2)
    }

    /// "3 days ago", "a month ago": the day, or the week, month, quarter or year in which that day lies.
    fn ago(&self, at: usize) -> Option<Period> {
        let (number, unit) = (self.number(at)?, unit(self.word(at + 1))?);
        if self.word(at + 2) != "ago" {
            return None;
        }
        let then = back(self.today.date(), unit, number)?;
        let first = start_of(then, unit)?;
        let last = match unit {
            Unit::Day => then,
            Unit::Week => first.checked_add_days(chrono::Days::new(6))?,
            Unit::Month => first.checked_add_months(Months::new(1))?.pred_opt()?,
            Unit::Quarter => first.checked_add_months(Months::new(3))?.pred_opt()?,
            Unit::Year => first.checked_add_months(Months::new(12))?.pred_opt()?,
        };
        period(first, last, at + 3)
    }

    fn near(&self, at: usize) -> Option<Period> {
        let (back, next) = match self.word(at) {
            "today" => (0, at + 1),
            "yesterday" => (1, at + 1),
            "day" if self.word(at + 1) == "before" && self.word(at + 2) == "yesterday" => (2, at + 3),
            _ => return None,
        };
        let day = self.today.checked_add(-back)?;
        Some(Period { from: day, to: day, next })
    }

    /// The latest such weekday, today's included.
    fn weekday(&self, at: usize) -> Option<Period> {
        let (_, weekday) = WEEKDAYS.iter().find(|(name, _)| *name == self.word(at))?;
        let day = (0..7).filter_map(|back| self.today.checked_add(-back));
        let day = day.into_iter().find(|day| day.date().weekday() == *weekday)?;
        Some(Period { from: day, to: day, next: at + 1 })
    }
}

fn unit(word: &str) -> Option<Unit> {
    match word.strip_suffix('s').unwrap_or(word) {
        "day" => Some(Unit::Day),
        "week" => Some(Unit::Week),
        "month" => Some(Unit::Month),
        "quarter" => Some(Unit::Quarter),
        "year" => Some(Unit::Year),
        _ => None,
    }
}

fn quarter_number(word: &str) -> Option<u32> {
    word.strip_prefix('q')?.parse().ok().filter(|quarter| word.len() == 2 && (1..=4).contains(quarter))
}

/// So many days, weeks and so on before a date.
fn back(date: NaiveDate, unit: Unit, number: u32) -> Option<NaiveDate> {
    let days = |days: u32| date.checked_sub_days(chrono::Days::new(days.into()));
    let months = |months: u32| date.checked_sub_months(Months::new(months));
    match unit {
        Unit::Day => days(number),
        Unit::Week => days(number.checked_mul(7)?),
        Unit::Month => months(number),
        Unit::Quarter => months(number.checked_mul(3)?),
        Unit::Year => months(number.checked_mul(12)?),
    }
}

/// The first day of the week, month, quarter or year in which a date lies.
fn start_of(date: NaiveDate, unit: Unit) -> Option<NaiveDate> {
    match unit {
        Unit::Day => Some(date),
        Unit::Week => date.checked_sub_days(chrono::Days::new(date.weekday().num_days_from_monday().into())),
        Unit::Month => date.with_day(1),
        Unit::Quarter => NaiveDate::from_ymd_opt(date.year(), (date.month() - 1) / 3 * 3 + 1, 1),
        Unit::Year => NaiveDate::from_ymd_opt(date.year(), 1, 1),
    }
}

fn ymd(year: u32, month: u32, day: u32) -> Option<Day> {
    Day::new(NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?)
        .filter(|day| day.date().year() >= 1000)
}

fn month_of(year: i32, month: u32, next: usize) -> Option<Period> {
    let first = NaiveDate::from_ymd_opt(year, month, 1)?;
    period(first, first.checked_add_months(Months::new(1))?.pred_opt()?, next)
}

fn quarter_of(year: i32, quarter: u32, next: usize) -> Option<Period> {
    let first = NaiveDate::from_ymd_opt(year, quarter * 3 - 2, 1)?;
    period(first, first.checked_add_months(Months::new(3))?.pred_opt()?, next)
}

fn period(from: NaiveDate, to: NaiveDate, next: usize) -> Option<Period> {
    Some(Period { from: Day::new(from)?, to: Day::new(to)?, next })
}
