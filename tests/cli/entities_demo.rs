//! The demos that look at entities: what they make, held against the made-up data itself.

use std::collections::BTreeMap;

use asof::ops::demo::{accounts, videos};
use serde_json::Value;

use crate::support::command::Place;

/// Runs what a demo says to try; gives how many commands these were.
fn try_all(place: &Place, said: &str, config: &str, now: &str) -> usize {
    let steps = said.split_once("\ntry:\n").unwrap().1;
    place.forget();
    place.at(now);
    place.env("ASOF_CONFIG", config);
    let commands = steps.lines().filter_map(|line| line.trim().strip_prefix("asof "));
    let commands: Vec<&str> = commands.map(|line| line.split("   ").next().unwrap()).collect();
    place.done(&commands);
    commands.len()
}

fn twice_the_same(preset: &str) {
    let (one, other) = (Place::new(), Place::new());
    other.at("2031-05-05T05:05:05Z");
    other.env("TZ", "Asia/Tokyo");
    for place in [&one, &other] {
        place.done(&[&format!("demo --preset {preset} there")]);
    }
    let (one, other) = (one.tree("there"), other.tree("there"));
    assert!(one.keys().eq(other.keys()));
    let differs: Vec<&String> = one.keys().filter(|path| one[*path] != other[*path]).collect();
    assert!(differs.is_empty(), "{differs:?}");
}

#[test]
fn the_videos_are_made_and_what_is_to_try_works() {
    let place = Place::new();
    let run = place.asof("demo --preset video-growth");
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let made = "made asof-demo: 24 videos and 40 days, of which 38 were looked at in time\n";
    assert!(run.stdout.starts_with(made), "{}", run.stdout);
    let tried = try_all(&place, &run.stdout, "asof-demo/asof.toml", "2025-11-15T00:30:00-06:00");
    assert!(tried >= 5);
    // The newest look holds what the source holds, and each look what the source held then.
    let nights = videos::nights();
    let views = |day: &str| -> i64 {
        let night = nights.iter().find(|night| night.day.to_string() == day).unwrap();
        night.videos.iter().map(|video| video.views).sum()
    };
    for (from, to) in
        [("2025-11-07", "2025-11-14"), ("2025-10-28", "2025-10-29"), ("2025-10-06", "2025-11-14")]
    {
        let run = place.asof(&format!("growth --from {from} --to {to} --json"));
        let told: Value = serde_json::from_str(&run.stdout).unwrap();
        let told = &told["growth"]["views"];
        assert_eq!((&told["current"], &told["previous"]), (&views(to).into(), &views(from).into()), "{from}");
        assert_eq!(told["isIncrease"], to != "2025-10-29", "{from}");
    }
    // Every day is frozen but that on whose night nothing ran, and the one that was late has no look.
    let days: BTreeMap<String, Vec<u8>> = place.tree("asof-demo/snapshots");
    for night in &nights {
        let day = night.day;
        let frozen = days.contains_key(&format!("{day}/manifest.json"));
        let seen = days.contains_key(&format!("entities/video/date={day}/rows.parquet"));
        assert_eq!(frozen, day.date() != videos::MISSED, "{day}");
        assert_eq!(seen, ![videos::MISSED, videos::LATE].contains(&day.date()), "{day}");
    }
}

#[test]
fn two_demos_of_videos_are_the_same_byte_for_byte() {
    twice_the_same("video-growth");
}

#[test]
fn two_demos_of_accounts_are_the_same_byte_for_byte() {
    twice_the_same("account-health");
}

#[test]
fn the_accounts_are_made_and_what_is_to_try_works() {
    let place = Place::new();
    let run = place.asof("demo --preset account-health");
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    // Of the seven uploads of the storm, at 0, 1, 2, 4, 5, 9 and 10 minutes, those at 0, 5 and 10 are kept.
    let events: usize = accounts::nights()
        .iter()
        .flat_map(|night| &night.steps)
        .filter_map(|step| Some(step.event.as_ref()?.1.len()))
        .sum();
    let made = format!(
        "made asof-demo: 17 accounts and 40 days, of which 38 were looked at in time;\n  events captured {} rows, \
         and 4 not, since the account had just been seen\n",
        events - 4
    );
    assert!(run.stdout.starts_with(&made), "{}", run.stdout);
    let tried = try_all(&place, &run.stdout, "asof-demo/asof.toml", "2025-11-15T08:00:00-06:00");
    assert!(tried >= 5);
    // One of the storm's account: health is told of Mondays, KPIs of the storm; daily looks see it every day.
    let run = place.asof("history account 5 --json");
    let told: Value = serde_json::from_str(&run.stdout).unwrap();
    let rows = told["rows"].as_array().unwrap();
    let storm = rows.iter().filter(|row| row["date"] == "2025-10-30" && row["type"] == "post_upload");
    let times: Vec<&str> = storm.map(|row| row["captured_at"].as_str().unwrap()).collect();
    assert_eq!(times.iter().filter(|at| at.starts_with("2025-10-30T19:")).count(), 3, "{times:?}");
    assert_eq!(rows.iter().filter(|row| row["type"] == "look").count(), 38);
    // The declining account is at its worst at the end of October, and signs in November.
    let run = place.asof("history account 3 --json");
    let told: Value = serde_json::from_str(&run.stdout).unwrap();
    let rows = told["rows"].as_array().unwrap();
    let trends: Vec<&str> =
        rows.iter().filter_map(|row| row["numbers"]["overall_health_score"]["trend"].as_str()).collect();
    assert!(trends.contains(&"declining") && trends.contains(&"improving"), "{trends:?}");
    let completed = rows.iter().find(|row| row["fields"]["playbooks_completed_count"] == 1).unwrap();
    assert_eq!(
        (&completed["date"], &completed["trigger"]),
        (&"2025-11-10".into(), &"account_data_changed".into())
    );
}
