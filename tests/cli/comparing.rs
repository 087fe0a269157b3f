//! What a frozen day says of earlier ones, on SQLite, with expectations computed by hand.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::command::Place;

/// Three metrics of which one has a unit of its own and one is a rate.
const CONFIG: &str = r#"
[source]
url = "sqlite:calls.db"
time_zone = "UTC"

[archive]
dir = "snapshots"

[calendar]
time_zone = "UTC"
final_after = "1h"

[events.calls]
table = "calls"
time = "at"
time_is = "local"

[events.calls.by]
hour   = { time = "hour" }
status = "status"

[metrics]
calls = { of = "calls", count = true, label = "Calls" }
sales = { of = "calls", count = true, where = "status = 'SALE'", label = "Sales", good = "up" }
rate  = { ratio = ["sales", "calls"], unit = "%", label = "Rate", good = "up" }
"#;

/// A place with an archive and its source.
struct Site(Place);

impl Site {
    fn new() -> Self {
        let site = Self(Place::new());
        site.0.write("asof.toml", CONFIG);
        site.sql("create table calls (at text, status text)");
        site
    }

    fn sql(&self, sql: &str) {
        self.0.sqlite("calls.db", sql);
    }

    /// Adds calls of one hour: so many in all, of which so many are sales.
    fn calls(&self, day: &str, hour: &str, all: usize, sales: usize) {
        let row = |at: usize| {
            let status = if at < sales { "SALE" } else { "NA" };
            format!("insert into calls values ('{day} {hour}:00:{at:02}', '{status}')")
        };
        self.sql(&(0..all).map(row).collect::<Vec<_>>().join(";"));
    }

    /// Runs a command that must succeed, at 02:00 on this date.
    fn asof(&self, now: &str, line: &str) -> String {
        self.0.at(&format!("{now}T02:00:00Z"));
        let run = self.0.asof(line);
        assert_eq!(run.code, 0, "asof {line}: {}", run.stderr);
        run.stdout
    }

    fn folder(&self, id: &str) -> PathBuf {
        self.0.path("snapshots").join(id)
    }

    fn stored(&self, id: &str) -> Value {
        serde_json::from_str(&self.0.read(&format!("snapshots/{id}/metrics.json"))).unwrap()
    }

    fn page(&self, id: &str) -> String {
        self.0.read(&format!("snapshots/{id}/dashboard.html"))
    }

    fn compared(&self, id: &str, metric: &str) -> Value {
        self.stored(id)["metrics"][metric]["compared"].clone()
    }
}

/// The site after these days, each saved in the night after it:
///
/// | day | 08 | 09 | |
/// | --- | --- | --- | --- |
/// | Thu 30 Oct | 4, 1 sale | 6, 1 sale | in edition 2: 7, 2 sales at 09 |
/// | Fri 31 Oct | none | none | |
/// | Wed 5 Nov | | | not captured |
/// | Thu 6 Nov | 12, 3 sales | none | |
fn site() -> Site {
    let site = Site::new();
    site.calls("2025-10-30", "08", 4, 1);
    site.calls("2025-10-30", "09", 6, 1);
    site.asof("2025-10-31", "save");
    site.asof("2025-11-01", "save");
    site.sql("insert into calls values ('2025-10-30 09:30:00', 'SALE')");
    site.asof("2025-11-02", "save 2025-10-30 --restate --reason 'one came in late'");
    site.calls("2025-11-06", "08", 12, 3);
    site.asof("2025-11-07", "save");
    site
}

#[test]
fn a_day_is_compared_with_the_latest_edition_and_a_gap_is_named() {
    let site = site();
    // 12 − 11 = 1; 1 / 11 = 9.0909… %.
    assert_eq!(
        site.compared("2025-11-06", "calls"),
        json!({
            "same_weekday": {
                "date": "2025-10-30", "edition": 2, "value": 11, "change": 1, "percentage": 9.09,
                "by": { "hour": [{ "key": "08", "value": 4 }, { "key": "09", "value": 7 }] },
            },
            "previous_day": { "date": "2025-11-05", "value": null, "reason": "not captured" },
        })
    );
    // 3 sales now and then.
    let sales = &site.compared("2025-11-06", "sales")["same_weekday"];
    assert_eq!(sales["change"], 0);
    assert_eq!(sales["percentage"].to_string(), "0.00");
    // 3/12 − 3/11 = 0.25 − 0.272727272727; by −8.3333… %.
    let rate = &site.compared("2025-11-06", "rate")["same_weekday"];
    assert_eq!(rate["value"].to_string(), "0.272727272727");
    assert_eq!(rate["change"].to_string(), "-0.022727272727");
    assert_eq!(rate["percentage"].to_string(), "-8.33");
    let page = site.page("2025-11-06");
    assert!(page.contains("<b>+9.1\u{2009}%</b> vs Thu 30 Oct"), "{page}");
    assert!(page.contains("2.27\u{2009}pt</b> vs Thu 30 Oct"), "{page}");
    assert!(page.contains("Wed 5 Nov: not captured"), "{page}");
    assert!(page.contains("Compared with edition 2 of Thu 30 Oct (2025-10-30@2)"), "{page}");
    assert!(page.contains("09: nothing (Thu 30 Oct: 7)"), "{page}");
}

#[test]
fn the_first_day_has_nothing_to_be_compared_with() {
    let site = site();
    let first = site.stored("2025-10-30");
    assert_eq!(first["previous"], Value::Null);
    let none = |date: &str| json!({ "date": date, "value": null, "reason": "not captured" });
    let expected = json!({ "same_weekday": none("2025-10-23"), "previous_day": none("2025-10-29") });
    assert_eq!(first["metrics"]["calls"]["compared"], expected);
    let recent = &first["metrics"]["calls"]["recent"];
    let mut values = vec![Value::Null; 34];
    values.push(json!(10));
    assert_eq!(recent["values"], json!(values));
    let page = site.page("2025-10-30");
    assert!(page.contains("Not compared with other days: Thu 23 Oct and Wed 29 Oct were not captured."));
    assert!(!page.contains("rel=\"prev\"") && page.contains("href=\"../index.html\""), "{page}");
    assert!(!page.contains("class=\"spark\""), "{page}");
}

#[test]
fn the_last_five_weeks_are_told_with_the_editions_they_were_taken_from() {
    let site = site();
    let stored = site.stored("2025-11-06");
    assert_eq!(stored["previous"], json!({ "date": "2025-10-31", "edition": 1 }));
    let recent = &stored["metrics"]["calls"]["recent"];
    assert_eq!(recent["from"], "2025-10-03");
    // 3 October is day 0, 30 October day 27.
    let mut values = vec![Value::Null; 35];
    let mut editions = vec![Value::Null; 35];
    (values[27], editions[27]) = (json!(11), json!(2));
    (values[28], editions[28]) = (json!(0), json!(1));
    (values[34], editions[34]) = (json!(12), json!(1));
    assert_eq!(recent["values"], json!(values));
    assert_eq!(recent["editions"], json!(editions));
    // Of no calls there is no rate, but the day was captured.
    let rate = &stored["metrics"]["rate"]["recent"];
    assert_eq!((&rate["values"][28], &rate["editions"][28]), (&Value::Null, &json!(1)));
    let page = site.page("2025-11-06");
    assert!(page.contains("href=\"../2025-10-31/dashboard.html\""), "{page}");
    assert!(page.contains("five weeks: 0 to 12"), "{page}");
    // The edition that restates a day is compared with what is before that day, not after it.
    let restated = site.stored("2025-10-30@2");
    assert_eq!(restated["metrics"]["calls"]["recent"]["editions"][34], 2);
    assert_eq!(restated["metrics"]["calls"]["recent"]["values"][33], Value::Null);
}

#[test]
fn there_is_no_percentage_of_zero_and_an_unknown_baseline_says_why() {
    let site = site();
    site.calls("2025-11-07", "08", 5, 1);
    site.asof("2025-11-08", "save");
    // 31 October had no calls, so no rate either.
    assert_eq!(
        site.compared("2025-11-07", "calls")["same_weekday"],
        json!({
            "date": "2025-10-31", "edition": 1, "value": 0, "change": 5, "percentage": null,
            "by": { "hour": [] },
        })
    );
    let rate = site.compared("2025-11-07", "rate");
    let reason = site.stored("2025-10-31")["metrics"]["rate"]["reason"].clone();
    assert!(reason.is_string(), "{reason}");
    let expected = json!({ "date": "2025-10-31", "edition": 1, "value": null, "reason": reason });
    assert_eq!(rate["same_weekday"], expected);
    // 1/5 − 3/12 = −0.05, a fifth less.
    assert_eq!(rate["previous_day"]["change"].to_string(), "-0.05");
    assert_eq!(rate["previous_day"]["percentage"].to_string(), "-20.00");
    let page = site.page("2025-11-07");
    assert!(page.contains("<b>+5</b> vs Fri 31 Oct"), "{page}");
    assert!(page.contains("5.00\u{2009}pt</b> vs Thu 6 Nov"), "{page}");
}

#[test]
fn a_metric_that_was_defined_otherwise_is_not_compared() {
    let site = site();
    let config = CONFIG.replace("status = 'SALE'", "status in ('SALE', 'UPSELL')")
        + "others = { of = \"calls\", count = true, where = \"status <> 'SALE'\", label = \"Others\" }\n";
    site.0.write("asof.toml", config);
    site.calls("2025-11-07", "08", 6, 1);
    site.asof("2025-11-08", "save");
    let before = |metric: &str| site.compared("2025-11-07", metric)["previous_day"].clone();
    // 6 − 12 = −6, half of it.
    assert_eq!(before("calls")["change"], -6);
    assert_eq!(before("calls")["percentage"].to_string(), "-50.00");
    let because = |reason| json!({ "date": "2025-11-06", "edition": 1, "value": null, "reason": reason });
    assert_eq!(before("sales"), because("defined otherwise then"));
    assert_eq!(before("rate"), because("defined otherwise then"));
    assert_eq!(before("others"), because("not defined then"));
    let stored = site.stored("2025-11-07");
    let recent = |metric: &str| stored["metrics"][metric]["recent"].clone();
    assert_eq!((&recent("calls")["values"][33], &recent("calls")["editions"][33]), (&json!(12), &json!(1)));
    assert_eq!((&recent("sales")["values"][33], &recent("sales")["editions"][33]), (&Value::Null, &json!(1)));
    let shown = site.asof("2025-11-08", "restore 2025-11-07");
    assert!(shown.contains("— Thu 6 Nov: defined otherwise then"), "{shown}");
}

#[test]
fn what_is_only_derived_makes_no_edition() {
    let site = site();
    // The gap is filled, so 6 November would now compare with it.
    site.asof("2025-11-09", "save 2025-11-05");
    let said = site.asof("2025-11-10", "save 2025-11-06 --restate --reason again --json");
    assert!(!site.folder("2025-11-06@2").exists(), "{said}");
    // The day that was filled in knows nothing of the days after it.
    let late = site.stored("2025-11-05");
    assert_eq!(late["metrics"]["calls"]["recent"]["values"][34], 0);
    assert_eq!(late["previous"]["date"], "2025-10-31");
}

#[test]
fn a_damaged_day_before_keeps_none_from_being_frozen() {
    let site = site();
    site.0.write("snapshots/2025-11-06/manifest.json", "{}");
    site.0.write("snapshots/2025-10-31/metrics.json", "{}");
    let config = CONFIG.to_owned() + "more = { of = \"calls\", count = true, where = \"1 = 1\" }\n";
    site.0.write("asof.toml", config);
    site.calls("2025-11-07", "08", 6, 1);
    site.asof("2025-11-08", "save");
    let calls = site.compared("2025-11-07", "calls");
    assert_eq!(calls["previous_day"]["reason"], "that day can't be read");
    // Its value is in the ledger; only its levels are lost.
    assert_eq!(calls["same_weekday"]["change"], 6);
    assert_eq!(calls["same_weekday"]["by"], Value::Null);
}
