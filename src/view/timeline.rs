//! The spans of a day in a row, with those in between at which nothing happened, so that an
//! axis of time does not leap.

use super::breakdown::Row;
use crate::model::definitions::{Definitions, TimeSpan};

/// One span on an axis of time.
#[derive(Clone, Copy, Debug)]
pub enum Slot<'r, 'a> {
    /// A span that is a member.
    Row(&'r Row<'a>),
    /// The start of a span, in minutes of the day, at which there was nothing.
    Empty(u32),
}

const DAY: u32 = 24 * 60;

/// The members with the spans between them that are not among them.
///
/// Only between two members whose keys read as times of day (`08`, `23:30`); a key that says
/// more, like the second 01 of a 25-hour day, is left where it stands.
pub fn filled<'r, 'a>(rows: &'r [Row<'a>], span: TimeSpan) -> Vec<Slot<'r, 'a>> {
    let step = u32::try_from(span.seconds() / 60).unwrap_or(60);
    let mut slots = Vec::with_capacity(rows.len());
    let mut before: Option<u32> = None;
    for row in rows {
        let at = row.key.and_then(minutes);
        if let (Some(before), Some(at)) = (before, at) {
            let apart = (at + DAY - before) % DAY;
            if apart.is_multiple_of(step) {
                slots.extend((1..apart / step).map(|n| Slot::Empty((before + n * step) % DAY)));
            }
        }
        slots.push(Slot::Row(row));
        before = at;
    }
    slots
}

/// The name of an empty span, as its neighbours are named.
pub fn name(minutes: u32, span: TimeSpan) -> String {
    match span {
        TimeSpan::Hour if minutes.is_multiple_of(60) => format!("{:02}", minutes / 60),
        _ => format!("{:02}:{:02}", minutes / 60, minutes % 60),
    }
}

/// When days start, in minutes after midnight.
pub fn day_start(definitions: &Definitions) -> u32 {
    definitions.calendar.day_starts_at.get(..5).and_then(minutes).unwrap_or(0)
}

/// Where a span belongs among others of a day that starts at `starts_at` minutes: behind the last one that
/// is not later. `None` when its key does not read as a time of day.
pub fn place(order: &[Option<&str>], key: Option<&str>, starts_at: u32) -> Option<usize> {
    let since_start = |key: Option<&str>| Some((key.and_then(minutes)? + DAY - starts_at % DAY) % DAY);
    let at = since_start(key)?;
    let behind = order.iter().rposition(|known| since_start(*known).is_some_and(|known| known <= at));
    Some(behind.map_or(0, |behind| behind + 1))
}

/// A time of day in minutes: `08`, `8`, `08:30`.
fn minutes(key: &str) -> Option<u32> {
    let (hour, minute) = key.split_once(':').unwrap_or((key, "0"));
    let part = |text: &str| {
        let plain = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        if plain { text.parse::<u32>().ok() } else { None }
    };
    let (hour, minute) = (part(hour)?, part(minute)?);
    (hour < 24 && minute < 60).then_some(hour * 60 + minute)
}

#[cfg(test)]
mod tests {
    use super::{Slot, filled, name, place};
    use crate::model::definitions::TimeSpan;
    use crate::view::breakdown::Row;

    fn names(keys: &[Option<&str>], span: TimeSpan) -> Vec<String> {
        let rows: Vec<Row<'_>> = keys
            .iter()
            .map(|key| Row { key: *key, label: None, cells: Vec::new(), week_before: Vec::new() })
            .collect();
        filled(&rows, span)
            .iter()
            .map(|slot| match slot {
                Slot::Row(row) => row.key.unwrap_or("NULL").to_owned(),
                Slot::Empty(minutes) => format!("({})", name(*minutes, span)),
            })
            .collect()
    }

    #[test]
    fn spans_at_which_nothing_happened_are_filled_in() {
        assert_eq!(
            names(&[Some("08"), Some("11"), None], TimeSpan::Hour),
            ["08", "(09)", "(10)", "11", "NULL"]
        );
        assert_eq!(names(&[Some("23:30"), Some("00:30")], TimeSpan::HalfHour), ["23:30", "(00:00)", "00:30"]);
        assert_eq!(names(&[Some("23:30"), Some("01:30")], TimeSpan::Hour), ["23:30", "(00:30)", "01:30"]);
    }

    #[test]
    fn a_span_has_its_place_in_the_day_whenever_that_starts() {
        let order = [Some("22"), Some("23"), Some("01"), None];
        assert_eq!(place(&order, Some("00"), 20 * 60), Some(2));
        assert_eq!(place(&order, Some("02"), 20 * 60), Some(3));
        assert_eq!(place(&order, Some("21"), 20 * 60), Some(0));
        assert_eq!(place(&[Some("08"), Some("20")], Some("19"), 0), Some(1));
        assert_eq!(place(&order, Some("01 CST"), 0), None);
        assert_eq!(place(&order, None, 0), None);
    }

    #[test]
    fn what_is_no_time_of_day_stays_where_it_is() {
        let keys = [Some("01 CDT"), Some("01 CST"), Some("03"), Some("99"), Some("04")];
        assert_eq!(names(&keys, TimeSpan::Hour), ["01 CDT", "01 CST", "03", "99", "04"]);
        assert!(names(&[], TimeSpan::Hour).is_empty());
    }
}
