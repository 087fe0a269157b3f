//! Counters of entities where metrics are shown: series, forecasts, alerts, and the page of a day.

use serde_json::Value;

use super::growing::{days, grown};
use super::json_documents::holds;

#[test]
fn a_counter_has_a_series_a_forecast_and_alerts() {
    let place = days();
    place.asof("series video.views");
    place.asof("series video.views --growth --by user_id");
    place.asof("series video.likes --key 100 --last 3d");
    place.asof("series video.likes --growth --key 11 --csv");
    place.asof("series video.plays");
    place.asof("series calls --growth");
    place.asof("forecast video.views");
    let config = place.read("asof.toml");
    place.write("asof.toml", format!("{config}\n[alerts.many]\nmetric = \"video.views\"\nabove = 50000\n"));
    place.asof("alerts");
    place.change("asof.toml", "metric = \"video.views\"", "metric = \"video.plays\"\nby = \"user_id\"");
    place.asof("alerts");
    place.told(
        r#"
$ asof series video.views
50,900  █
        █
       ▄█
       ██
       ██  ▅▇
49,953 ██ ▁██
       2025-10-30 – 2025-11-04

Day             Views (video)  Change  Edition  Provenance
2025-10-30 Thu         50,500                1  ● witnessed
2025-10-31 Fri         50,900  +0.8 %        1  ● witnessed
2025-11-01      not captured
2025-11-02 Sun         49,953                1  ● witnessed
2025-11-03 Mon         50,203  +0.5 %        1  ● witnessed
2025-11-04 Tue         50,231  +0.1 %        1  ● witnessed
exit 0
$ asof series video.views --growth --by user_id
400  █
     █
     █  ▆
     █  █
     █  █
  0  █  █▄
    2025-10-30 – 2025-11-04

                Views (video),
Day                     growth   Change  Edition  Provenance     5    6  ∅ no value  7
2025-10-30 Thu               —                 1  ● witnessed    —    —           —  —
2025-10-31 Fri             400                 1  ● witnessed  200  200           —  —
2025-11-01      not captured
2025-11-02 Sun               —                 1  ● witnessed    —    —           —  —
2025-11-03 Mon             250                 1  ● witnessed  250    0           —  —
2025-11-04 Tue              28  −88.8 %        1  ● witnessed   21    7           —  —
2025-10-30: nothing is known of the day before
2025-11-02: nothing is known of the day before: the look came 10 h after the day's end, and max_lag is 3 h
exit 0
$ asof series video.likes --key 100 --last 3d
71   █
     █
     █
     █
     █
70  ▁█
   2025-11-02 – 2025-11-04

Day             Likes (video)  Change  Edition  Provenance
2025-11-02 Sun              —                1  ● witnessed
2025-11-03 Mon             70                1  ● witnessed
2025-11-04 Tue             71  +1.4 %        1  ● witnessed
2025-11-02: unknown then
exit 0
$ asof series video.likes --growth --key 11 --csv
date,value,edition,provenance,definitions,note
2025-10-30,,1,witnessed,[HEX],"video ""11"" has no row in the look of 2025-10-30: it was not there"
2025-10-31,,1,witnessed,[HEX],"video ""11"" has no row in the look of 2025-10-31: it was not there"
2025-11-01,,,,,not captured
2025-11-02,,1,witnessed,[HEX],"nothing is known of the day before: the look came 10 h after the day's end, and max_lag is 3 h"
2025-11-03,3,1,witnessed,[HEX],
2025-11-04,1,1,witnessed,[HEX],
exit 0
$ asof series video.plays
! error: "plays" is no counter of video
!   hint: there are views, likes
exit 2
$ asof series calls --growth
! error: "calls" is no counter of entities
!   hint: name one as ENTITY.COUNTER, such as video.views
exit 2
$ asof forecast video.views
! error: a forecast needs 21 known days, and there are 5
!   hint: asof backfill freezes earlier days; provisional days and days of another definition don't count
exit 1
$ asof alerts
2025-11-04
Alert        State   Value  Expected  Why
many         fires  50,231    50,000  50231 is above 50000
missing_day  fine        0         0  no day is missing
exit 4
$ asof alerts
! asof.toml:36:10: "plays" is no counter of video
!   hint: known counters: "views" and "likes"
! asof.toml:37:6: an alert looks at video.plays of all entities only
!   hint: leave by out
exit 2
"#,
    );
}

#[test]
fn the_page_of_a_day_shows_growth_up_to_its_look() {
    let place = days();
    let page = place.read("snapshots/2025-11-04/dashboard.html");
    let body = page.split_once("<h2><bdi>Video</bdi></h2>").unwrap().1.split_once("</section>").unwrap().0;
    // The numbers are those of the answers that SQL was held against.
    for (counter, days) in [("views", 1), ("likes", 1)] {
        let answer = grown(&place, &format!("--days {days}"));
        let growth = answer["growth"][counter]["growth"].as_i64().unwrap();
        let percentage = answer["growth"][counter]["percentage"].to_string();
        assert!(body.contains(&format!("<b>+{growth} (+{percentage} %)</b> in 1 day</span>")), "{body}");
    }
    assert!(body.contains("in 7 days: unknown"), "{body}");
    assert!(body.contains("7 days: no look for 2025-10-28"), "{body}");
    assert!(body.contains("<bdi>Views: what grew most in 1 day"), "{body}");
    let rows = body.matches("<tr><th scope=\"row\">").count();
    assert_eq!(rows, 11, "four of five have views, all likes, and two totals");
    // Its manifest says which look that was, as the ledger has it.
    let manifest: Value = serde_json::from_str(&place.read("snapshots/2025-11-04/manifest.json")).unwrap();
    let ledger = place.read("snapshots/ledger.jsonl");
    let mut looks = ledger.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let look = looks.rfind(|line| line["kind"] == "look").unwrap();
    assert_eq!(manifest["looks"]["video"], look["files"][0]["sha256"]);
    // A day without a look shows none.
    let page = place.read("snapshots/2025-11-01/dashboard.html");
    assert!(!page.contains("<bdi>Video</bdi>"));
    let manifest = place.read("snapshots/2025-11-01/manifest.json");
    assert!(!manifest.contains("\"looks\""));
}

#[test]
fn growth_as_json_is_what_the_documents_say() {
    let place = days();
    let mut documents: Vec<Value> =
        ["--days 5 --by user_id --top 2", "--days 3"].map(|arguments| grown(&place, arguments)).into();
    place.change("asof.toml", "likes = ", "plays = \"like_count\", likes = ");
    documents.push(grown(&place, ""));
    holds("growth", &documents);
}
