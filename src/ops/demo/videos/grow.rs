//! A day in the life of all videos.

use chrono::{Datelike as _, NaiveDate, Weekday};
use fastrand::Rng;

use super::super::{date, dice};
use super::{AUDIT, AUDITED, FIRST, Video};

/// A video before it is seen: when it came, its key, its user, its title, and how many view it on an
/// ordinary day.
type Upload = (NaiveDate, i64, i64, &'static str, i64);

/// What there is when asof first looks, and what comes later.
#[rustfmt::skip]
const UPLOADS: [Upload; 26] = [
    (FIRST, 1001, 5, "Sourdough from nothing", 420),
    (FIRST, 1002, 5, "Why the crumb is dense", 210),
    (FIRST, 1003, 5, "Rye in a cold kitchen", 95),
    (FIRST, 1004, 5, "One flour, five loaves", 310),
    (FIRST, 1005, 8, "Win every hand (almost)", 1900),
    (FIRST, 1006, 8, "Card counting is easier than you think", 2600),
    (FIRST, 1007, 8, "I lost it all on a Tuesday", 880),
    (FIRST, 1008, 12, "Tuning a piano by ear", 64),
    (FIRST, 1009, 12, "The sound of a cracked soundboard", 38),
    (FIRST, 1010, 12, "Felt, wool and hammers", 51),
    (FIRST, 1011, 21, "Night train to Narvik", 540),
    (FIRST, 1012, 21, "Three ferries, no plan", 330),
    (FIRST, 1013, 21, "Sleeping in the snow", 720),
    (FIRST, 1014, 21, "A stove for ten grams", 150),
    (FIRST, 1015, 33, "Fixing a 1974 radio", 120),
    (FIRST, 1016, 33, "Capacitors that leak", 84),
    (FIRST, 1017, 33, "Shortwave at midnight", 175),
    (date(2025, 10, 9), 1018, 5, "The starter that died", 260),
    (date(2025, 10, 14), 1019, 21, "Crossing the plateau on skis", 610),
    (date(2025, 10, 20), 1020, 8, "My honest results after a year", 1500),
    (date(2025, 10, 23), 1021, 33, "A valve, glowing", 140),
    (date(2025, 10, 31), 1022, 12, "An upright carried up four floors", 90),
    (SPREADS, 1023, 33, "The station that should not exist", 160),
    (date(2025, 11, 4), 1024, 5, "Bread for forty people", 380),
    (date(2025, 11, 10), 1025, 21, "What was in my pack", 450),
    (date(2025, 11, 13), 1026, 5, "Cold ovens", 240),
];

/// The day from which one video spreads for a week.
const SPREADS: NaiveDate = date(2025, 11, 3);
/// Which.
pub(super) const SPREADING: i64 = 1023;
/// How many times its ordinary views it has on each of these days.
const SPREAD: [i64; 7] = [1, 4, 18, 42, 30, 12, 5];
/// Which videos are taken down, and on which day.
pub(super) const TAKEN_DOWN: [(NaiveDate, i64); 2] = [(date(2025, 10, 22), 1007), (date(2025, 11, 7), 1009)];
/// Which video hides its comments from which day on.
pub(super) const HIDDEN: (NaiveDate, i64) = (date(2025, 10, 25), 1011);

/// Lets a day pass.
pub(super) fn live(videos: &mut Vec<Video>, today: NaiveDate) {
    let mut rng = dice(16, today);
    for (came, id, user, title, daily) in UPLOADS {
        if came == today {
            videos.push(first_seen(id, user, title, daily, &mut rng));
        }
    }
    videos.retain(|video| !TAKEN_DOWN.contains(&(today, video.id)));
    for video in &mut *videos {
        pass(video, today, &mut rng);
    }
}

/// A video as it stands on its first day: the old ones have a past.
fn first_seen(id: i64, user: i64, title: &'static str, daily: i64, rng: &mut Rng) -> Video {
    let days = if id <= 1017 { rng.i64(60..700) } else { 0 };
    let views = daily * days;
    Video {
        id,
        user,
        title,
        views,
        likes: views * rng.i64(24..50) / 1000,
        comments: Some(views * rng.i64(2..7) / 1000),
        shares: views * rng.i64(3..9) / 1000,
    }
}

fn pass(video: &mut Video, today: NaiveDate, rng: &mut Rng) {
    let Some((came, .., daily)) = UPLOADS.into_iter().find(|(_, id, ..)| *id == video.id) else { return };
    let age = (today - came).num_days();
    let weekend = matches!(today.weekday(), Weekday::Sat | Weekday::Sun);
    // In percent of an ordinary day. The first days of a new video are its best.
    let week = if weekend { 135 } else { 100 };
    let fresh = if video.id <= 1017 { 100 } else { 100 + 600 / (age + 1) };
    let spread = usize::try_from(age).ok().and_then(|age| SPREAD.get(age)).filter(|_| video.id == SPREADING);
    let views = daily * rng.i64(70..131) * week * fresh / 1_000_000 * spread.unwrap_or(&1);
    video.views += views;
    video.likes += views * rng.i64(24..50) / 1000;
    video.comments = video.comments.map(|comments| comments + views * rng.i64(2..7) / 1000);
    video.shares += views * rng.i64(3..9) / 1000;
    if today == AUDIT && video.user == AUDITED {
        video.views -= video.views * 18 / 100;
        video.likes -= video.likes * 11 / 100;
    }
    if (today, video.id) == HIDDEN {
        video.comments = None;
    }
}
