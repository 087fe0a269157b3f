//! At which local time a nightly save finds a final day in every night of a year, those included in which
//! clocks change, there or in the calendar's zone.

use std::collections::BTreeMap;

use chrono::{DateTime, LocalResult, NaiveDateTime, NaiveTime, TimeDelta, TimeZone as _, Timelike as _, Utc};
use chrono_tz::Tz;

use crate::calendar::Calendar;
use crate::model::Day;

/// How many nights are looked at: each change of clocks is among them.
const NIGHTS: i64 = 400;
/// By how much later it is tried, in minutes.
const STEP: i64 = 5;
/// How many minutes a day has.
const DAY: i64 = 24 * 60;

/// A time of the day for every night.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nightly {
    /// The time, in the zone of whoever keeps it.
    pub at: NaiveTime,
    /// What that is in the calendar's zone, over the year.
    pub in_calendar: Vec<NaiveTime>,
    /// Whether it had to be later than what was wanted.
    pub later: bool,
    /// A night in which clocks jump over it.
    pub skipped: Option<Day>,
}

/// The time in `zone` for what is wanted in the calendar's zone, from `today` on: that or the first later one at
/// which in every night the day before is final. Unless the time was `asked` for, it is none that clocks jump over
/// in some night. `None` when no time of the day is such.
pub fn nightly(calendar: &Calendar, zone: Tz, wanted: NaiveTime, asked: bool, today: Day) -> Option<Nightly> {
    let nights: Vec<Day> = (0..NIGHTS).filter_map(|ahead| today.checked_add(ahead)).collect();
    for later in (0..DAY).step_by(usize::try_from(STEP).unwrap_or(1)) {
        let wanted = wanted.overflowing_add_signed(TimeDelta::minutes(later)).0;
        for at in times(calendar.zone(), zone, wanted, &nights) {
            let skipped = nights.iter().copied().find(|night| is_skipped(zone, night.date().and_time(at)));
            if skipped.is_some() && !asked || !nights.iter().all(|night| is_final(calendar, zone, *night, at))
            {
                continue;
            }
            let in_calendar = times(zone, calendar.zone(), at, &nights);
            return Some(Nightly { at, in_calendar, later: later > 0, skipped });
        }
    }
    None
}

/// What a time of one zone is in another, over the nights: the most frequent first.
fn times(from: Tz, to: Tz, at: NaiveTime, nights: &[Day]) -> Vec<NaiveTime> {
    let mut found: BTreeMap<NaiveTime, usize> = BTreeMap::new();
    for night in nights {
        if let Some(instant) = from.from_local_datetime(&night.date().and_time(at)).earliest() {
            let time = instant.with_timezone(&to).time();
            // Schedules know whole minutes only; zones of long ago had seconds.
            let time = time.with_second(0).unwrap_or(time);
            *found.entry(time).or_default() += 1;
        }
    }
    let mut found: Vec<(NaiveTime, usize)> = found.into_iter().collect();
    found.sort_by_key(|(time, count)| (std::cmp::Reverse(*count), *time));
    found.into_iter().map(|(time, _)| time).collect()
}

fn is_skipped(zone: Tz, local: NaiveDateTime) -> bool {
    matches!(zone.from_local_datetime(&local), LocalResult::None)
}

/// Whether what is run at this time of this night finds the day before final. A time that clocks jump over is
/// the first one after them, one that comes twice the earlier.
fn is_final(calendar: &Calendar, zone: Tz, night: Day, at: NaiveTime) -> bool {
    let local = night.date().and_time(at);
    let instants = (0..DAY).filter_map(|ahead| local.checked_add_signed(TimeDelta::minutes(ahead)));
    let mut instants = instants.filter_map(|local| zone.from_local_datetime(&local).earliest());
    let is_final = |instant: DateTime<Utc>| {
        let before = calendar.day_of(instant)?.checked_add(-1)?;
        Some(calendar.final_at(before).ok()? <= instant)
    };
    instants.next().and_then(|instant| is_final(instant.with_timezone(&Utc))).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use chrono::{NaiveTime, TimeDelta};
    use chrono_tz::Tz;

    use super::nightly;
    use crate::calendar::Calendar;
    use crate::config::CalendarSettings;

    /// In Chicago clocks go forward on 2026-03-08 at 02:00, in Berlin on 2026-03-29.
    fn at(zone: Tz, minutes: i64, wanted: &str, asked: bool) -> String {
        let clock = |text: &str| NaiveTime::parse_from_str(text, "%H:%M").unwrap();
        let calendar = Calendar::new(CalendarSettings {
            time_zone: chrono_tz::America::Chicago,
            day_starts_at: NaiveTime::MIN,
            final_after: TimeDelta::minutes(minutes),
        });
        let Some(found) = nightly(&calendar, zone, clock(wanted), asked, "2025-11-07".parse().unwrap())
        else {
            return "none".to_owned();
        };
        let later = if found.later { " later" } else { "" };
        let skipped = found.skipped.map(|day| format!(" skipped {day}")).unwrap_or_default();
        let in_calendar: Vec<String> =
            found.in_calendar.iter().map(|time| time.format("%H:%M").to_string()).collect();
        format!("{}{later}{skipped} = {}", found.at.format("%H:%M"), in_calendar.join(" "))
    }

    #[test]
    fn a_time_that_clocks_jump_over_is_taken_only_when_it_is_asked_for() {
        let chicago = chrono_tz::America::Chicago;
        assert_eq!(at(chicago, 120, "02:05", true), "02:05 skipped 2026-03-08 = 02:05");
        assert_eq!(at(chicago, 120, "02:05", false), "03:00 later = 03:00");
        assert_eq!(at(chicago, 120, "05:00", false), "05:00 = 05:00");
    }

    #[test]
    fn in_the_night_that_is_an_hour_shorter_the_day_is_final_too() {
        let chicago = chrono_tz::America::Chicago;
        // 02:30 is jumped over, and 03:00 of that night is two hours after midnight.
        assert_eq!(at(chicago, 150, "02:30", true), "03:30 later = 03:30");
        assert_eq!(at(chicago, 180, "03:05", true), "04:00 later = 04:00");
        assert_eq!(at(chicago, 1439, "23:59", true), "none");
    }

    #[test]
    fn on_a_machine_of_another_zone_the_day_is_final_all_year() {
        // 07:05 UTC is 02:05 in summer, and 01:05 in winter.
        assert_eq!(at(Tz::UTC, 120, "02:05", true), "08:05 = 03:05 02:05");
        // Berlin is seven hours ahead, and six for some weeks of spring and autumn.
        assert_eq!(at(chrono_tz::Europe::Berlin, 120, "02:05", true), "09:05 = 02:05 03:05");
        assert_eq!(at(chrono_tz::Asia::Kolkata, 120, "02:05", false), "13:35 = 03:05 02:05");
    }
}
