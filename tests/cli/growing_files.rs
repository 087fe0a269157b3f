//! The files of looks, as DuckDB's Python package reads them where they lie.

use std::path::Path;
use std::process::Command;

use super::growing::{DAYS, copy, days};
use serde_json::json;

use crate::support::browser::Browser;
use crate::support::command::Place;

/// What DuckDB says, row by row, with bars between the cells.
fn by_duckdb(place: &Place, sql: &str) -> Vec<String> {
    const SCRIPT: &str = "
import duckdb, sys
for row in duckdb.sql(sys.argv[1]).fetchall():
    print('|'.join('NULL' if cell is None else str(cell) for cell in row))";
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/duckdb");
    assert!(
        tools.join("duckdb").exists(),
        "this test needs DuckDB in {}: run scripts/fetch-duckdb",
        tools.display()
    );
    let run = Command::new("python3")
        .args(["-c", SCRIPT, sql])
        .current_dir(place.path("."))
        .env("PYTHONPATH", tools)
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    String::from_utf8(run.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn duckdb_reads_all_looks_at_once_with_their_days_as_partitions() {
    let place = days();
    let found = by_duckdb(
        &place,
        "select date, key, label, user_id, views, likes
         from 'snapshots/entities/video/*/rows.parquet' order by date, key",
    );
    // The same out of the copies that were made in the source at the end of each day.
    let db = rusqlite::Connection::open(place.path("calls.db")).unwrap();
    let copies = DAYS.iter().map(|(day, _)| *day).filter(|day| *day != "2025-11-01").map(|day| {
        format!(
            "select '{day}' as day, cast(id as text) as key, title, user_id, view_count, like_count from {}",
            copy(day)
        )
    });
    let sql = copies.collect::<Vec<_>>().join(" union all ");
    let told = "coalesce(user_id, 'NULL') || '|' || coalesce(view_count, 'NULL') || '|' || coalesce(like_count, 'NULL')";
    let sql =
        format!("select day || '|' || key || '|' || title || '|' || {told} from ({sql}) order by day, key");
    let mut query = db.prepare(&sql).unwrap();
    let expected: Vec<String> = query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert_eq!(found, expected);
    let types = by_duckdb(
        &place,
        "select distinct typeof(date), typeof(key), typeof(seq), typeof(views), typeof(user_id)
         from 'snapshots/entities/video/*/rows.parquet'",
    );
    assert_eq!(types, ["DATE|VARCHAR|UBIGINT|BIGINT|VARCHAR"]);
    // Only the files of the days that are asked for are read, and sums are those that growth tells.
    let sums = by_duckdb(
        &place,
        "select sum(views) from 'snapshots/entities/video/*/rows.parquet' where date = '2025-11-04'",
    );
    let run = place.asof("--json growth");
    let answer: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(sums, [answer["growth"]["views"]["current"].to_string()]);
}

#[test]
fn a_page_that_is_filtered_leaves_growth_as_it_is() {
    let place = days();
    place.at("2025-11-07T00:30:00-06:00");
    place.done(&["save"]);
    let mut browser = Browser::start();
    let growth = "document.querySelector('main > section:last-of-type').innerHTML";
    let first = "document.querySelector('.tile .value').textContent.trim()";
    browser.open_file(&place.path("snapshots/2025-11-06/dashboard.html"));
    let all = browser.script(growth);
    assert!(all.as_str().unwrap().contains("<h2><bdi>Video</bdi></h2>"), "{all}");
    assert_eq!(browser.script(first), json!("5"));
    browser.script("location.hash = '#campaign=1027'");
    browser.wait_until(&format!("{first} === '3'"));
    assert_eq!(browser.script(growth), all);
    browser.script("location.hash = ''");
    browser.wait_until(&format!("{first} === '5'"));
    browser.assert_quiet();
}
