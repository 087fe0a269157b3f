//! More groups than a cube may have: each dimension is read by itself, and everything says so.

use super::place::{Pair, Place, Source, pairs};

const EVENTS: &str = r#"
[calendar]
time_zone = "UTC"
[events.calls]
table = "calls"
time = "at"
time_is = "utc"
max_groups = 12
by.hour = { time = "hour" }
by.team = "team"
by.many = "id"
by.few = { sql = "id % 3", alone = true }
by.each = { sql = "id", alone = true }
[events.others]
table = "others"
time = "at"
time_is = "utc"
by.team = "team"
[metrics]
calls = { of = "calls", count = true }
seconds = { of = "calls", sum = "seconds" }
teams = { of = "calls", distinct = "team", by = ["hour", "few", "many"] }
others = { of = "others", count = true }
rate = { ratio = ["seconds", "calls"] }
"#;

/// Forty calls by three teams over eight hours, and a few others.
fn fill(source: &Source) {
    let values: Vec<String> = (0..40)
        .map(|id| format!("({id}, {}, 'team {}', '2025-11-06 {:02}:30:00')", id * 11 % 17, id % 3, id / 5))
        .collect();
    source.run(&format!(
        "create table calls (id int, seconds int, team varchar(9), at datetime); insert into calls values {};
         create table others (team varchar(9), at datetime); insert into others values ('a', '2025-11-06 00:00:00');",
        values.join(", ")
    ));
}

fn told(source: &Source, key: &str, value: &str) -> Vec<Pair> {
    let text = if source.is_maria() { "char" } else { "text" };
    let sql = format!("select cast({key} as {text}) k, {value} from calls group by k order by k");
    source.rows(&sql).into_iter().map(|row| (row[0].clone(), row[1].clone().unwrap())).collect()
}

#[test]
fn totals_and_breakdowns_stay_right_and_say_how_they_were_read() {
    for source in Source::all() {
        fill(&source);
        let place = Place::new(&source, EVENTS);
        let doc = place.save("2025-11-06");
        let hour = match &source {
            Source::Maria(_) => "date_format(at, '%H')",
            Source::Postgres(_) => "to_char(at, 'HH24')",
            Source::Lite { .. } => "strftime('%H', at)",
        };
        assert_eq!(doc.value("calls"), "40");
        assert_eq!(Some(doc.value("seconds")), source.cell("select sum(seconds) from calls"));
        assert_eq!(doc.value("teams"), "3");
        for (dimension, key) in [("hour", hour), ("team", "team"), ("few", "id % 3")] {
            assert_eq!(doc.by("calls", dimension), told(&source, key, "count(*)"), "{dimension}");
            assert_eq!(doc.by("seconds", dimension), told(&source, key, "sum(seconds)"), "{dimension}");
        }
        assert_eq!(doc.by("teams", "hour"), told(&source, hour, "count(distinct team)"));
        assert_eq!(doc.by("teams", "few"), told(&source, "id % 3", "count(distinct team)"));
        // Neither of the dimensions with forty members is there, for no metric.
        for metric in ["calls", "seconds", "teams", "rate"] {
            for dimension in ["many", "each"] {
                assert!(!doc.has(metric, dimension), "{metric} by {dimension}");
                if metric != "teams" || dimension == "many" {
                    assert_eq!(
                        doc.0["metrics"][metric]["not_by"][dimension], "more than 12 members",
                        "{metric}"
                    );
                }
            }
        }
        assert_eq!(doc.0["events"]["calls"]["crossed"], false);
        assert_eq!(doc.0["events"]["others"]["crossed"], true);
        let note = doc.0["events"]["calls"]["notes"][0].as_str().unwrap();
        assert!(note.contains("more than 12 groups"), "{note}");
        let manifest = place.manifest("2025-11-06");
        assert!(manifest["events"]["calls"]["groups"].is_null());
        assert_eq!(manifest["events"]["others"]["groups"].to_string(), "1");
        assert!(place.page("2025-11-06").contains("more than 12 groups"));
        let shown = place.asof(super::place::LATER, &["restore", "2025-11-06"]);
        let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
        assert!(
            shown.split_whitespace().collect::<Vec<_>>().join(" ").contains("more than 12 groups"),
            "{shown}"
        );
    }
}

#[test]
fn as_many_groups_as_allowed_are_crossed_and_one_more_is_not() {
    for source in Source::all() {
        fill(&source);
        // Twenty-four pairs of hour and team occur.
        for (most, crossed) in [(24, true), (23, false)] {
            let text = EVENTS
                .replace("max_groups = 12", &format!("max_groups = {most}"))
                .replace("by.many = \"id\"\n", "")
                .replace(", \"many\"", "");
            let doc = Place::new(&source, &text).save("2025-11-06");
            assert_eq!(doc.0["events"]["calls"]["crossed"], crossed, "{most}");
            assert_eq!(
                doc.by("calls", "team"),
                pairs(&[("team 0", "14"), ("team 1", "13"), ("team 2", "13")])
            );
            // A dimension that stands alone can have too many members by itself.
            assert!(!doc.has("calls", "each") && doc.has("calls", "few"));
        }
    }
}

/// Whether the dimensions could be crossed is no number: only what is counted can differ.
#[test]
fn another_limit_alone_makes_no_restatement() {
    for source in Source::all() {
        fill(&source);
        let text = EVENTS.replace("by.many = \"id\"\n", "").replace(", \"many\"", "");
        let place = Place::new(&source, &text);
        place.save("2025-11-06");
        place.configure(&source, &text.replace("max_groups = 12", "max_groups = 500"));
        place.save_at(super::place::LATER, &["2025-11-06", "--restate", "--reason", "a larger cube"]);
        assert!(!place.path().join("snapshots/2025-11-06@2").exists());
    }
}
