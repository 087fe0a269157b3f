//! What lists of days tell of the looks at entities: how many rows, or why there are none.

use serde_json::{Value, json};

use crate::support::command::Place;

const ENTITIES: &str = r#"
[entities.video]
sql = "select id, title, view_count from videos"
key = "id"
label = "title"
counters = { views = "view_count" }
schedule = [{ where = "view_count > 1", every = "day" }]
"#;

/// A look, a day without one since it came too late, and a look again.
fn place() -> Place {
    let place = super::calls();
    place.write("asof.toml", format!("{}{ENTITIES}", super::CONFIG));
    let videos = "create table videos (id integer, title text, view_count integer);
        insert into videos values (1, 'One', 1), (2, 'Two', 2), (3, 'Three', 3);";
    place.sqlite("calls.db", videos);
    place.at("2025-11-05T02:00:00-06:00");
    place.done(&["save"]);
    place.at("2025-11-06T08:30:00-06:00");
    let run = place.asof("save");
    assert!(run.code == 0 && run.stderr.contains("video of 2025-11-05 can't be known"), "{}", run.stderr);
    place.at("2025-11-07T02:00:00-06:00");
    place.done(&["save"]);
    place
}

#[test]
fn a_list_has_a_column_for_each_kind_and_says_why_there_is_no_look() {
    let place = place();
    place.env("COLUMNS", "200");
    let run = place.asof("list --metric calls");
    let lines: Vec<&str> = run.stdout.lines().collect();
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert!(words(lines[0]).ends_with(&["Calls".to_owned(), "video".to_owned()]), "{}", run.stdout);
    assert!(
        lines[1].contains("2025-11-04") && words(lines[1]).ends_with(&["0".into(), "2".into()]),
        "{}",
        run.stdout
    );
    let reason = "no video: the look came 8 h 30 min after the day's end, and max_lag is 3 h";
    assert!(lines[2].contains("2025-11-05") && lines[2].ends_with(&format!("—  {reason}")), "{}", run.stdout);
    assert!(
        lines[3].contains("2025-11-06") && words(lines[3]).ends_with(&["5".into(), "2".into()]),
        "{}",
        run.stdout
    );
    let run = place.asof("list --json");
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    let of = |at: usize| document["days"][at]["entities"]["video"].clone();
    assert_eq!(of(0), json!({ "rows": 2, "seen": 3, "reason": null }));
    assert_eq!(of(1), json!({ "rows": null, "seen": null, "reason": reason.strip_prefix("no video: ") }));
    assert_eq!(of(2), json!({ "rows": 2, "seen": 3, "reason": null }));
    // As of a time before the second look nobody knows of it.
    let run = place.asof("list --json --as-of 2025-11-06T00:00:00-06:00");
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(document["days"].as_array().unwrap().len(), 1);
}

#[test]
fn the_page_of_all_days_says_what_was_looked_at() {
    let place = place();
    let page = place.read("snapshots/index.html");
    assert!(page.contains("2 video"), "the looks");
    assert!(
        page.contains("no video: the look came 8 h 30 min after the day&#39;s end"),
        "the day without one"
    );
}
