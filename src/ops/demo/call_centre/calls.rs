//! A day's calls: how many, when, and what came of them.

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Weekday};
use fastrand::Rng;

use super::names::{AGENTS, CAMPAIGNS, LISTS, list_id};
use super::{CallRow, FIRST, HOLIDAY, LAST, dice, pick};

/// How many of 1,000 calls fall into each hour: a peak late in the morning, a dip at lunch, one
/// more peak in the afternoon, a long evening.
const HOURS: [(u32, u32); 13] = [
    (8, 62),
    (9, 98),
    (10, 122),
    (11, 112),
    (12, 48),
    (13, 66),
    (14, 98),
    (15, 112),
    (16, 104),
    (17, 78),
    (18, 52),
    (19, 36),
    (20, 12),
];
/// The hours of a Sunday, a holiday, or a Saturday.
const SHORT_HOURS: [(u32, u32); 6] = [(10, 150), (11, 220), (12, 110), (13, 140), (14, 220), (15, 160)];

/// What comes of 10,000 calls. Nobody is put through in the first part of the list.
const UNREACHED: [(Option<&str>, u32); 5] =
    [(Some("NA"), 3900), (Some("A"), 2350), (Some("B"), 560), (Some("DC"), 470), (Some("DROP"), 55)];
const SPOKEN: [(Option<&str>, u32); 8] = [
    (Some("NI"), 1560),
    (Some("CALLBK"), 400),
    (Some("DNC"), 110),
    (Some("XFER"), 190),
    (Some("WARM"), 110),
    (Some("YES"), 70),
    (Some("SALE"), 65),
    // Not yet dispositioned: most of these are set the next day.
    (None, 160),
];

/// A day's calls as they stood when the day was over, ordered by key.
pub(super) fn rows_of(day: NaiveDate) -> Vec<CallRow> {
    if !(FIRST..=LAST).contains(&day) {
        return Vec::new();
    }
    let mut rng = dice(1, day);
    let mut times: Vec<NaiveDateTime> = (0..volume(day, &mut rng)).map(|_| moment(day, &mut rng)).collect();
    times.sort_unstable();
    (1..).zip(times).map(|(n, at)| call(first_id(day) + n, at, &mut rng)).collect()
}

/// A call at a given moment.
pub(super) fn call(id: i64, call_date: NaiveDateTime, rng: &mut Rng) -> CallRow {
    let weights = CAMPAIGNS.map(|(_, _, weight, _)| weight);
    let numbered: Vec<(usize, u32)> = weights.into_iter().enumerate().collect();
    let at = pick(rng, &numbered).unwrap_or_default();
    let (campaign, _, _, area) = CAMPAIGNS.get(at).copied().unwrap_or(CAMPAIGNS[0]);
    let list = list_id(at, i64::from(rng.u32(0..100) < 35) % LISTS);
    let outcomes = [UNREACHED.as_slice(), SPOKEN.as_slice()].concat();
    let status = pick(rng, &outcomes).flatten();
    let spoke = status.is_none_or(|status| SPOKEN.iter().any(|(one, _)| *one == Some(status)));
    // The first in the list are the busiest.
    let agents: Vec<(&str, u32)> =
        AGENTS.iter().zip((6..20).rev()).map(|((id, _), weight)| (*id, weight)).collect();
    let agent = if spoke { pick(rng, &agents) } else { None };
    let seconds = match status {
        Some("SALE") => Some(rng.i64(300..1100)),
        Some("XFER" | "WARM" | "YES" | "CALLBK") => Some(rng.i64(60..420)),
        Some("A") => Some(rng.i64(5..30)),
        Some("DROP") => Some(rng.i64(2..14)),
        Some("NA" | "B" | "DC") => (rng.u32(0..40) > 0).then_some(0),
        _ => Some(rng.i64(8..160)),
    };
    let phone = format!("{area}555{:04}", rng.u32(0..7000));
    CallRow { id, call_date, campaign, list, status, agent, phone, seconds }
}

/// A moment within working hours.
pub(super) fn moment(day: NaiveDate, rng: &mut Rng) -> NaiveDateTime {
    let hours: &[(u32, u32)] = if is_short(day) { &SHORT_HOURS } else { &HOURS };
    let hour = pick(rng, hours).unwrap_or(10);
    let seconds = i64::from(hour) * 3600 + rng.i64(0..3600);
    day.and_time(NaiveTime::MIN) + TimeDelta::seconds(seconds)
}

/// A day's calls have the keys after this one, up to 10,000 more.
pub(super) fn first_id(day: NaiveDate) -> i64 {
    (day - FIRST).num_days() * 10_000 + 100_000
}

fn is_short(day: NaiveDate) -> bool {
    day == HOLIDAY || matches!(day.weekday(), Weekday::Sat | Weekday::Sun)
}

/// How many calls a day has: it grows a little from week to week, and Tuesdays are the best.
fn volume(day: NaiveDate, rng: &mut Rng) -> u32 {
    let week = u32::try_from((day - FIRST).num_days() / 7).unwrap_or_default();
    let most = match day.weekday() {
        _ if day == HOLIDAY => return rng.u32(330..400),
        Weekday::Mon => 1850,
        Weekday::Tue => 2150,
        Weekday::Wed => 2050,
        Weekday::Thu => 1950,
        Weekday::Fri => 1650,
        Weekday::Sat => return rng.u32(480..600),
        Weekday::Sun => return rng.u32(60..110),
    };
    most + week * 35 + rng.u32(0..160)
}
