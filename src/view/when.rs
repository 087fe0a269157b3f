//! Days and instants in words, in the zone that names the days.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Timelike, Utc};
use chrono_tz::Tz;

use super::format::Format;
use crate::model::Day;
use crate::model::manifest::WindowDoc;

/// A span or point of local time, with its zone apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Local {
    /// The date and time: `7 Nov 02:00:04`.
    pub text: String,
    /// The zone's name at that time: `CST`; both names where the clocks change within.
    pub zone: String,
}

/// The day in words: `Thursday 6 November 2025`.
pub fn in_words(day: Day) -> String {
    day.date().format("%A %-d %B %Y").to_string()
}

/// A date as seen from a day: `7 Nov`, with the year where it is another one.
pub fn short(date: NaiveDate, seen_from: Day) -> String {
    let form = if date.year() == seen_from.date().year() { "%-d %b" } else { "%-d %b %Y" };
    date.format(form).to_string()
}

/// Days from one to another: `1 Nov – 7 Nov 2025`.
pub fn span(from: Day, to: Day) -> String {
    format!("{} – {}", short(from.date(), to), to.date().format("%-d %b %Y"))
}

/// A date with its weekday as seen from a day: `Thu 30 Oct`.
pub fn weekday(day: Day, seen_from: Day) -> String {
    format!("{} {}", day.date().format("%a"), short(day.date(), seen_from))
}

/// An instant in local time, to the second.
pub fn instant(at: DateTime<Utc>, zone: &str, seen_from: Day) -> Local {
    let (local, zone) = local(at, zone);
    Local { text: format!("{} {}", short(local.date(), seen_from), local.format("%H:%M:%S")), zone }
}

/// An instant in local time, to the minute, with its year and zone: `4 Nov 2025 10:15 CST`.
pub fn minute_with_year(at: DateTime<Utc>, zone: &str) -> String {
    let (local, zone) = local(at, zone);
    format!("{} {zone}", local.format("%-d %b %Y %H:%M"))
}

/// A day's window in local time: `6 Nov 00:00 – 7 Nov 00:00`, `CST`.
pub fn window(window: &WindowDoc, seen_from: Day) -> Local {
    let (start, start_zone) = local(window.start, &window.time_zone);
    let (end, end_zone) = local(window.end, &window.time_zone);
    let text = format!("{} – {}", minute(start, seen_from), minute(end, seen_from));
    let zone = if start_zone == end_zone { start_zone } else { format!("{start_zone} to {end_zone}") };
    Local { text, zone }
}

/// How long a window is: `24 h`.
pub fn hours(window: &WindowDoc) -> String {
    format!("{} h", Format::of(None, [&window.hours]).show(&window.hours))
}

fn minute(at: NaiveDateTime, seen_from: Day) -> String {
    let time = if at.second() == 0 { at.format("%H:%M") } else { at.format("%H:%M:%S") };
    format!("{} {time}", short(at.date(), seen_from))
}

/// Local time and the zone's short name; UTC when nothing is known of the zone.
fn local(at: DateTime<Utc>, zone: &str) -> (NaiveDateTime, String) {
    let Ok(zone) = zone.parse::<Tz>() else {
        return (at.naive_utc(), "UTC".to_owned());
    };
    let local = at.with_timezone(&zone);
    let name = local.format("%Z").to_string();
    // Zones without letters of their own are named by their offset.
    let name = if name.starts_with(['+', '-']) { format!("UTC{name}") } else { name };
    (local.naive_local(), name)
}

#[cfg(test)]
mod tests {
    use super::{Local, hours, in_words, instant, window};
    use crate::model::manifest::WindowDoc;

    fn window_doc(zone: &str, start: &str, end: &str, hours: i64) -> WindowDoc {
        WindowDoc {
            time_zone: zone.into(),
            start_local: String::new(),
            end_local: String::new(),
            start: start.parse().unwrap(),
            end: end.parse().unwrap(),
            hours: hours.into(),
        }
    }

    #[test]
    fn a_day_is_told_in_words() {
        assert_eq!(in_words("2025-11-06".parse().unwrap()), "Thursday 6 November 2025");
    }

    #[test]
    fn a_span_tells_a_year_once_where_it_can() {
        let told = |from: &str, to: &str| super::span(from.parse().unwrap(), to.parse().unwrap());
        assert_eq!(told("2025-10-25", "2025-11-01"), "25 Oct – 1 Nov 2025");
        assert_eq!(told("2024-12-30", "2025-01-05"), "30 Dec 2024 – 5 Jan 2025");
    }

    #[test]
    fn an_instant_is_told_in_local_time() {
        let at = "2025-11-07T08:00:04Z".parse().unwrap();
        let day = "2025-11-06".parse().unwrap();
        let told = |zone| instant(at, zone, day);
        assert_eq!(told("America/Chicago"), Local { text: "7 Nov 02:00:04".into(), zone: "CST".into() });
        assert_eq!(told("America/Sao_Paulo"), Local { text: "7 Nov 05:00:04".into(), zone: "UTC-03".into() });
        assert_eq!(told("Nowhere/Atall"), Local { text: "7 Nov 08:00:04".into(), zone: "UTC".into() });
        let late = instant("2026-01-02T08:00:00Z".parse().unwrap(), "UTC", day);
        assert_eq!(late.text, "2 Jan 2026 08:00:00");
    }

    #[test]
    fn a_day_on_which_clocks_change_says_so() {
        let doc = window_doc("America/Chicago", "2025-11-02T05:00:00Z", "2025-11-03T06:00:00Z", 25);
        let told = window(&doc, "2025-11-02".parse().unwrap());
        assert_eq!(told, Local { text: "2 Nov 00:00 – 3 Nov 00:00".into(), zone: "CDT to CST".into() });
        assert_eq!(hours(&doc), "25 h");
    }
}
