//! The VICIDIAL preset on a private MariaDB: every total and breakdown it freezes, against
//! SQL that was written independently of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use chrono::NaiveDate;
use serde_json::Value;

use super::vicidial_expected::{Expected, Kind, expected, legal_drop_rate};
use crate::support::mariadb::{Db, REPORT, db};
use crate::support::vicidial::{Charset, Engine, Spec, generate, schema};

/// Three days around the end of daylight-saving time: the second has 25 hours.
const DAYS: [(&str, u32); 3] = [("2025-11-01", 14_000), ("2025-11-02", 14_000), ("2025-11-03", 14_000)];

fn asof(dir: &Path, now: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_asof"));
    command.current_dir(dir).env_clear().args(arguments);
    command.env("ASOF_NOW", now).env("ASOF_SOURCE_PASSWORD", REPORT.1).output().unwrap()
}

fn answer(dir: &Path, now: &str, arguments: &[&str]) -> String {
    let out = asof(dir, now, arguments);
    let errors = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(out.status.success(), "asof {}: {errors}", arguments.join(" "));
    assert_eq!(errors, "", "asof {}", arguments.join(" "));
    String::from_utf8(out.stdout).unwrap()
}

/// A database of VICIDIAL's shape with its rows.
fn database(engine: Engine, charset: Charset) -> Db {
    let db = db();
    db.sql(&format!("alter database {}", charset.clause()));
    let days = DAYS.iter().map(|(day, calls)| (day.parse().unwrap(), *calls)).collect();
    let mut script = schema(engine);
    script.extend(generate(&Spec { seed: 7, charset, days }));
    db.sql(&(script.join(";\n") + ";"));
    db
}

/// The preset as `init` writes it, pointed at the database.
fn configured(dir: &Path, db: &Db) {
    answer(dir, "2025-11-04T00:00:00Z", &["init", "--preset", "vicidial"]);
    let path = dir.join("asof.toml");
    let text = fs::read_to_string(&path).unwrap();
    let url = "mysql://report@127.0.0.1/asterisk";
    assert!(text.contains(url));
    fs::write(&path, text.replace(url, &db.url_without_password())).unwrap();
}

/// What independent SQL says: for each member its upper and lower part.
fn rows(db: &Db, expected: &Expected) -> BTreeMap<Option<String>, (Option<String>, String)> {
    let text = db.sql(&expected.sql);
    let cell = |cell: &str| (cell != "NULL").then(|| cell.replace("\\\\", "\\"));
    text.lines()
        .map(|line| {
            let cells: Vec<&str> = line.split('\t').collect();
            assert_eq!(cells.len(), 3, "{}: {line:?}", expected.sql);
            (cell(cells[0]), (cell(cells[1]), cells[2].to_owned()))
        })
        .collect()
}

/// A decimal's text without zeros that say nothing.
fn plain(text: &str) -> String {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text.to_owned()
    }
}

fn close(value: &Value, upper: &str, lower: &str, what: &str) {
    let (upper, lower): (f64, f64) = (upper.parse().unwrap(), lower.parse().unwrap());
    if lower == 0.0 {
        assert_eq!(*value, Value::Null, "{what}");
        return;
    }
    let value: f64 = value.to_string().parse().unwrap_or_else(|_| panic!("{what} is {value}"));
    assert!(
        (value - upper / lower).abs() <= (upper / lower).abs() * 1e-11,
        "{what}: {value} for {upper} / {lower}"
    );
}

fn same_figure(figure: &Value, kind: Kind, (upper, lower): &(Option<String>, String), what: &str) {
    let part = |name: &str| plain(&figure[name].to_string());
    match (kind, upper) {
        (Kind::Ratio, upper) => {
            assert_eq!(part("numerator"), plain(upper.as_deref().unwrap_or("0")), "{what}");
            assert_eq!(part("denominator"), plain(lower), "{what}");
            close(&figure["value"], upper.as_deref().unwrap_or("0"), lower, what);
        }
        (Kind::Average, upper) => {
            assert_eq!(part("count"), plain(lower), "{what}");
            if let Some(upper) = upper {
                assert_eq!(part("sum"), plain(upper), "{what}");
            }
            close(&figure["value"], upper.as_deref().unwrap_or("0"), lower, what);
        }
        (Kind::Number, None) => {
            assert_eq!(figure["value"], Value::Null, "{what}");
            assert_eq!(figure["reason"], "every value is NULL", "{what}");
        }
        (Kind::Number, Some(upper)) if lower == "1" => assert_eq!(part("value"), plain(upper), "{what}"),
        (Kind::Number, Some(upper)) => {
            assert_eq!(part("sum"), plain(upper), "{what}");
            close(&figure["value"], upper, lower, what);
        }
    }
}

/// Compares the last of the frozen days with independent SQL; returns what was compared.
pub fn same_day(db: &Db, frozen: &[NaiveDate], stored: &Value) -> BTreeSet<(String, Option<String>)> {
    let mut compared = BTreeSet::new();
    let day = *frozen.last().unwrap();
    let days = frozen.len();
    assert_eq!(stored["metrics"]["legal_drop_rate"]["over"]["had"], days);
    for expected in expected(day).into_iter().chain(legal_drop_rate(frozen)) {
        let rows = rows(db, &expected);
        let metric = &stored["metrics"][expected.metric];
        let what =
            |key: &Option<String>| format!("{day} {} by {:?} of {key:?}", expected.metric, expected.by);
        match expected.by {
            None => {
                assert_eq!(rows.len(), 1, "{}", expected.sql);
                same_figure(metric, expected.kind, &rows[&None], &what(&None));
            }
            Some(by) => {
                let members = metric["by"][by].as_array().unwrap_or_else(|| panic!("{}", what(&None)));
                let keys: Vec<Option<String>> =
                    members.iter().map(|member| member["key"].as_str().map(str::to_owned)).collect();
                assert_eq!(keys.iter().collect::<BTreeSet<_>>(), rows.keys().collect(), "{}", what(&None));
                assert_eq!(keys.len(), rows.len(), "a member is there twice: {}", what(&None));
                for (member, key) in members.iter().zip(&keys) {
                    same_figure(member, expected.kind, &rows[key], &what(key));
                }
            }
        }
        compared.insert((expected.metric.to_owned(), expected.by.map(str::to_owned)));
    }
    compared
}

/// All that a stored day holds.
pub fn held(stored: &Value) -> BTreeSet<(String, Option<String>)> {
    let mut held = BTreeSet::new();
    for (name, metric) in stored["metrics"].as_object().unwrap() {
        held.insert((name.clone(), None));
        if let Some(by) = metric["by"].as_object() {
            held.extend(by.keys().map(|dimension| (name.clone(), Some(dimension.clone()))));
        }
    }
    held
}

fn every_number_is_right(engine: Engine, charset: Charset, consistency: &str) {
    let db = database(engine, charset);
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    configured(dir, &db);
    let check = answer(dir, "2025-11-04T08:05:00Z", &["check", "--json"]);
    let check: Value = serde_json::from_str(&check).unwrap();
    assert_eq!(check["ok"], true, "{check}");

    // Each night at 02:05 in Chicago: CDT on the first, CST from the second on.
    let nights = ["2025-11-02T07:05:00Z", "2025-11-03T08:05:00Z", "2025-11-04T08:05:00Z"];
    let mut frozen = Vec::new();
    for ((day, _), night) in DAYS.iter().zip(nights) {
        assert_eq!(answer(dir, night, &["save"]), "", "cron hears nothing");
        let stored = answer(dir, night, &["restore", day, "--json"]);
        let stored: Value = serde_json::from_str(&stored).unwrap();
        assert_eq!(stored["provenance"], "witnessed");
        frozen.push(day.parse().unwrap());
        assert_eq!(held(&stored), same_day(&db, &frozen, &stored), "a number nobody checks");
        let manifest = fs::read_to_string(dir.join("snapshots").join(day).join("manifest.json")).unwrap();
        let manifest: Value = serde_json::from_str(&manifest).unwrap();
        assert_eq!(manifest["source"]["consistency"], consistency);
        assert_eq!(manifest["window"]["hours"], if *day == "2025-11-02" { 25 } else { 24 });
    }
    let list = answer(dir, nights[2], &["list", "--json"]);
    let list: Value = serde_json::from_str(&list).unwrap();
    assert_eq!(list["days"].as_array().unwrap().len(), 3);
    assert_eq!(list["gaps"], serde_json::json!([]));
    let shown = answer(dir, nights[2], &["restore", "2025-11-02"]);
    assert!(shown.contains("Sunday 2 November 2025"), "{shown}");
    assert!(!shown.contains('\u{1b}'), "an escape from a campaign's name reached the terminal");
}

#[test]
fn every_number_of_the_preset_is_what_independent_sql_says_on_myisam() {
    every_number_is_right(Engine::MyIsam, Charset::Utf8, "statement");
}

#[test]
fn every_number_of_the_preset_is_what_independent_sql_says_on_innodb_with_latin1() {
    every_number_is_right(Engine::InnoDb, Charset::Latin1, "snapshot");
}
