//! `docs/JSON.md` against what `--json` prints: every field that it names occurs, and every field that occurs is
//! named, with its type.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use asof::archive::{Archive, Confirmation};
use asof::model::{Day, Edition};
use serde_json::Value;

use super::days_compared::{shop, two_days};
use super::{alerting, calls, forecasting};
use crate::support::command::Place;

/// A row of a table: its path and its type, and where it was written.
#[derive(Clone, Debug)]
struct Row {
    path: String,
    kind: String,
    /// The section and the row in it.
    from: (String, usize),
}

/// The document's tables.
struct Tables(String);

impl Tables {
    fn read() -> Self {
        Self(fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/JSON.md")).unwrap())
    }

    /// The rows of a section, as they are written.
    fn written(&self, section: &str) -> Vec<Row> {
        let mut lines = self.0.lines().skip_while(|line| line.trim_start_matches('#').trim() != section);
        assert!(lines.next().is_some(), "docs/JSON.md has no section {section}");
        let lines = lines.take_while(|line| !line.starts_with('#'));
        let cells = lines.filter(|line| line.starts_with("| `") || line.starts_with("|  |"));
        let row = |(at, line): (usize, &str)| {
            let mut cells = line.split('|').skip(1).map(|cell| cell.trim().trim_matches('`').to_owned());
            Row { path: cells.next().unwrap(), kind: cells.next().unwrap(), from: (section.to_owned(), at) }
        };
        cells.enumerate().map(row).collect()
    }

    /// The rows with those of other sections in their places.
    fn rows(&self, section: &str) -> Vec<Row> {
        let mut rows: Vec<Row> = Vec::new();
        for row in self.written(section) {
            if let Some(name) = row.kind.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
                rows.push(Row { kind: "object".to_owned(), ..row.clone() });
                rows.extend(self.rows(name).into_iter().map(|part| {
                    let path = format!("{}.{}", row.path, part.path).trim_start_matches('.').to_owned();
                    Row { path, ..part }
                }));
            } else if let Some(name) = row.kind.strip_prefix("as `") {
                let like = format!("{name}.");
                let same: Vec<Row> = rows
                    .iter()
                    .filter_map(|known| {
                        let rest = known.path.strip_prefix(&like)?;
                        Some(Row { path: format!("{}.{rest}", row.path), ..known.clone() })
                    })
                    .collect();
                assert!(!same.is_empty(), "{row:?}");
                rows.extend(same);
                rows.push(Row { kind: "object".to_owned(), ..row });
            } else {
                rows.push(row);
            }
        }
        rows
    }
}

/// What documents are held against.
struct Held {
    rows: Vec<Row>,
    seen: BTreeSet<(String, usize)>,
}

impl Held {
    fn knows(&self, path: &str) -> bool {
        let below = |row: &Row| {
            let rest = row.path.strip_prefix(path);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        self.rows.iter().any(below)
    }

    fn walk(&mut self, path: &str, value: &Value) {
        let mut any = false;
        for row in self.rows.iter().filter(|row| row.path == path) {
            any = true;
            self.seen.insert(row.from.clone());
            let fits = match (row.kind.trim_end_matches(" or null"), value) {
                ("any", _) => return,
                (_, Value::Null) => row.kind.ends_with(" or null"),
                ("text", Value::String(_))
                | ("number", Value::Number(_))
                | ("bool", Value::Bool(_))
                | ("object", Value::Object(_)) => true,
                ("whole", Value::Number(number)) => number.is_i64(),
                ("day", Value::String(text)) => text.parse::<Day>().is_ok(),
                _ => false,
            };
            assert!(fits, "{path} is {value}, and docs/JSON.md calls it {}", row.kind);
        }
        match value {
            Value::Object(fields) => {
                for (name, field) in fields {
                    let named = format!("{path}.{name}").trim_start_matches('.').to_owned();
                    let starred = format!("{path}.*");
                    let at = [named.clone(), starred].into_iter().find(|path| self.knows(path));
                    let at = at.unwrap_or_else(|| panic!("docs/JSON.md does not name {named}: {field}"));
                    self.walk(&at, field);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.walk(&format!("{path}[]"), item)),
            _ => assert!(any, "docs/JSON.md does not say what {path} is: {value}"),
        }
    }
}

/// Holds documents against a section: all of them fit, and between them they have every field.
#[track_caller]
pub fn holds(section: &str, documents: &[Value]) {
    let mut held = Held { rows: Tables::read().rows(section), seen: BTreeSet::new() };
    for document in documents {
        held.walk("", document);
    }
    let never: Vec<&str> = held
        .rows
        .iter()
        .filter(|row| row.kind != "object" && !held.seen.contains(&row.from))
        .map(|row| row.path.as_str())
        .collect();
    assert!(never.is_empty(), "docs/JSON.md names fields of {section} that never occur: {never:?}");
}

/// The documents that commands print, whatever they end with.
fn documents(place: &Place, lines: &[&str]) -> Vec<Value> {
    let mut found = Vec::new();
    for line in lines {
        let run = place.asof(&format!("{line} --json"));
        let documents = serde_json::Deserializer::from_str(&run.stdout).into_iter::<Value>();
        let before = found.len();
        found.extend(documents.map(Result::unwrap));
        assert!(found.len() > before, "asof {line}: {}", run.stderr);
    }
    place.forget();
    found
}

#[test]
fn compare_prints_what_is_written() {
    let place = shop();
    place.change("asof.toml", r#"paid = ["PAID"]"#, r#"paid = ["PAID", "SENT"]"#);
    place.change("asof.toml", r#"shop = "shop""#, r#"shop = "upper(shop)""#);
    place.change("asof.toml", r#"min = "cents" }"#, r#"min = "cents", divide = 100, unit = "$" }"#);
    place.change("asof.toml", r#"avg = "cents" }"#, r#"sum = "cents" }"#);
    place.change("asof.toml", "lately =", "fresh = { of = \"orders\", count = true }\nlately =");
    place.sqlite("shop.db", "insert into orders values ('2025-11-05 09:00:00', 'north', 'SENT', 900, 'ann')");
    place.done(&["save 2025-11-05"]);
    let mut found = documents(
        &place,
        &[
            "compare 2025-11-04..2025-11-05 2025-11-02..2025-11-03",
            "compare 2025-11-05..2025-11-06 2025-11-03..2025-11-05",
            "compare 2025-11-05 2025-11-04 --html page.html",
        ],
    );
    let place = two_days();
    place.done(&["save 2025-11-07 --provisional", "save 2025-10-30", "save 2025-09-30"]);
    place.done(&["save 2025-10-31"]);
    found.extend(documents(&place, &["compare latest latest~1", "compare 2025-10-31 --to-date month"]));
    place.change("asof.toml", "[lists]", "[retention]\nkeep_daily = \"1 day\"\n\n[lists]");
    // No day to come is made of totals that are that old.
    place.at("2026-03-01T09:00:00-06:00");
    place.done(&["save", "prune --drop-totals"]);
    found.extend(documents(&place, &["compare 2025-11-05..2026-02-28 2025-11-06..2026-02-28"]));
    holds("compare", &found);
}

#[test]
fn drift_prints_what_is_written() {
    let place = calls();
    place.change(
        "asof.toml",
        "[metrics]\n",
        "[metrics]\nplaces = { of = \"calls\", distinct = \"upper(campaign)\", cumulative = true }\n",
    );
    place.sqlite(
        "calls.db",
        "insert into calls (at, campaign, status) values
           ('2025-11-06 12:00:00', '1027', 'NA'), ('2025-11-06 13:00:00', '2044', 'NA')",
    );
    place.done(&["save 2025-11-05", "save"]);
    place.sqlite(
        "calls.db",
        "update calls set campaign = '2044' where at = '2025-11-06 12:00:00';
         update calls set campaign = '1027' where at = '2025-11-06 13:00:00'",
    );
    let mut found = documents(&place, &["drift"]);
    place.sqlite(
        "calls.db",
        "update calls set campaign = '3000' where campaign = '2044';
         update calls set status = 'SALE' where at = '2025-11-05 10:00:00'",
    );
    place.change("asof.toml", "good = \"up\"", "good = \"up\", drift = \"100%\"");
    place.change("asof.toml", "week =", "newer = { of = \"calls\", count = true }\nweek =");
    found.extend(documents(&place, &["drift --from -30d", "drift --definitions current"]));
    let lock = fs::OpenOptions::new().write(true).open(place.path("snapshots/.lock")).unwrap();
    lock.lock().unwrap();
    let restating = "drift --from -30d --restate --reason late";
    found.extend(documents(&place, &[&format!("{restating} --wait 0s")]));
    drop(lock);
    found.extend(documents(&place, &[restating]));
    place.sqlite("calls.db", "alter table calls drop column seconds");
    found.extend(documents(&place, &["drift --from -30d"]));
    holds("drift", &found);
}

#[test]
fn settling_prints_what_is_written() {
    let place = calls();
    place.done(&["backfill --from 2025-10-10 --to 2025-11-06 --quiet"]);
    place.sqlite("calls.db", "delete from calls where at like '2025-11-06%' and status = 'SALE'");
    place.at("2025-11-20T03:00:00-06:00");
    place.done(&["save 2025-11-06 --restate --reason gone"]);
    let mut found = documents(&place, &["settling"]);
    let first: Day = "2025-10-10".parse().unwrap();
    let again: Vec<Confirmation> = (0..27)
        .map(|at| Confirmation {
            date: first.checked_add(at).unwrap(),
            edition: Edition::FIRST,
            captured_at: "2025-12-20T09:00:00Z".parse().unwrap(),
        })
        .collect();
    let archive = Archive::open(place.path("snapshots")).unwrap();
    archive.confirm(&again, Duration::from_secs(5), "2025-12-20T09:00:00Z".parse().unwrap()).unwrap();
    fs::remove_dir_all(place.path("snapshots/2025-10-12")).unwrap();
    found.extend(documents(&place, &["settling"]));
    holds("settling", &found);
}

#[test]
fn series_prints_what_is_written() {
    let place = calls();
    place.done(&["backfill --from 2025-10-10 --to 2025-11-05 --quiet"]);
    place.change("asof.toml", "sale = [\"SALE\"]", "sale = [\"SALE\", \"DROP\"]");
    place.change("asof.toml", "status = \"status\"", "status = \"upper(status)\"");
    place.at("2025-11-09T03:00:00-06:00");
    place.done(&["save 2025-11-06", "save 2025-11-08", "save today --provisional"]);
    let mut found = documents(
        &place,
        &[
            "series sales --by status --top 1",
            "series minutes --by campaign",
            "series calls --html calls.html --forecast 2",
        ],
    );
    fs::remove_dir_all(place.path("snapshots/2025-11-05")).unwrap();
    let definitions = fs::read_dir(place.path("snapshots/definitions")).unwrap();
    definitions.for_each(|file| fs::write(file.unwrap().path(), "{}").unwrap());
    found.extend(documents(&place, &["series calls"]));
    holds("series", &found);
}

#[test]
fn forecast_prints_what_is_written() {
    let place = forecasting::weeks();
    // The 31st day, a Wednesday, has 70 calls more.
    place.sqlite(
        "calls.db",
        "with recursive more(n) as (select 1 union all select n + 1 from more where n < 70)
         insert into calls (at) select '2025-10-01 10:00:00' from more",
    );
    place.at("2025-10-06T12:00:00Z");
    place.done(&["backfill --from 2025-09-01 --to 2025-09-03"]);
    place.change("asof.toml", "calls = {", "calls = { where = \"1 = 1\",");
    place.done(&["backfill --from 2025-09-04 --to 2025-09-16", "backfill --from 2025-09-18 --to 2025-10-05"]);
    place.done(&["save today --provisional"]);
    holds("forecast", &documents(&place, &["forecast calls --days 1", "forecast none"]));
}

#[test]
fn alerts_print_what_is_written() {
    let alerts = "[alerts.low]\nmetric = \"sales\"\nbelow = 10\n\n[alerts.of_each]\nmetric = \"sales\"\nby = \"campaign\"\nbelow = 10\n\n[sinks.ops]\ncommand = [\"./nothing\"]\n";
    let place = alerting::sales(&[20, 4], alerts);
    place.asof("save 2025-11-03");
    place.asof("save 2025-11-04");
    holds("alerts", &documents(&place, &["alerts", "alerts --dry-run", "alerts --send"]));
}

#[test]
fn verify_prints_what_is_written() {
    let place = two_days();
    let mut found = documents(&place, &["verify", "verify --read-data-subset 1/2"]);
    place.change("snapshots/2025-11-06/metrics.json", "\"label\"", "\"table\"");
    place.change("snapshots/ledger.jsonl", "witnessed", "WITNESSED");
    found.extend(documents(&place, &["verify"]));
    holds("verify", &found);
}

#[test]
fn prune_prints_what_is_written() {
    let place = two_days();
    place.at("2025-12-01T03:00:00-06:00");
    place.done(&["save"]);
    place.change("asof.toml", "[lists]", "[retention]\nkeep_daily = \"1 day\"\n\n[lists]");
    let lines = ["prune --dry-run", "prune --drop-totals --dry-run", "prune", "prune --dry-run"];
    let mut found = documents(&place, &lines);
    found.extend(documents(&super::thinning_looks::looks(), &lines));
    holds("prune", &found);
}
