//! `asof save` and the page of all days that lies beside them.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// A source with an event on each of three days, and its configuration.
fn fixture() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let database = rusqlite::Connection::open(dir.path().join("calls.db")).unwrap();
    database
        .execute_batch(
            "create table calls (at text);
             insert into calls values ('2025-11-04 10:00:00'), ('2025-11-05 10:00:00'), ('2025-11-06 10:00:00');",
        )
        .unwrap();
    configure(dir.path(), "calls = { of = \"calls\", count = true, label = \"Rows\" }");
    dir
}

fn configure(dir: &Path, metrics: &str) {
    let config = format!(
        "source = {{ url = \"sqlite:calls.db\" }}
         calendar = {{ time_zone = \"America/Chicago\" }}
         events.calls = {{ table = \"calls\", time = \"at\", time_is = \"local\" }}
         [metrics]\n{metrics}\n"
    );
    fs::write(dir.join("asof.toml"), config).unwrap();
}

fn asof(dir: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_asof"));
    command.args(arguments).current_dir(dir).env_clear().env("ASOF_NOW", "2025-11-07T09:00:00Z");
    command.output().unwrap()
}

fn saved(dir: &Path, arguments: &[&str]) -> String {
    let out = asof(dir, &[&["save"], arguments].concat());
    assert!(out.status.success() && out.stderr.is_empty(), "{out:?}");
    fs::read_to_string(dir.join("snapshots/index.html")).unwrap()
}

#[test]
fn each_save_adds_its_day_to_the_index() {
    let dir = fixture();
    let page = saved(dir.path(), &["2025-11-04"]);
    assert!(page.contains(r#"href="2025-11-04/dashboard.html""#) && !page.contains("2025-11-06"));
    let page = saved(dir.path(), &["2025-11-06"]);
    assert!(page.contains(r#"href="2025-11-04/dashboard.html""#));
    assert!(page.contains(r#"href="2025-11-06/dashboard.html""#));
    assert!(page.contains("Wednesday 5 November 2025: not captured"));
    // Nothing is left of its making.
    let left: Vec<_> = fs::read_dir(dir.path().join("snapshots/.staging")).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_restatement_is_told_with_its_reason_and_the_first_edition_stays_shown() {
    let dir = fixture();
    saved(dir.path(), &["2025-11-06"]);
    let database = rusqlite::Connection::open(dir.path().join("calls.db")).unwrap();
    database.execute("insert into calls values ('2025-11-06 11:00:00')", []).unwrap();
    let page = saved(dir.path(), &["2025-11-06", "--restate", "--reason", "a row <b>came</b> late"]);
    assert!(page.contains(r#"class="q2 later" href="2025-11-06/dashboard.html""#), "{page}");
    assert!(page.contains(r#"href="2025-11-06@2/dashboard.html""#));
    assert!(page.contains("<bdi>a row &#60;b&#62;came&#60;/b&#62; late</bdi>"));
    assert!(page.contains("1 → 2"));
}

#[test]
fn a_deleted_or_old_index_comes_back_with_the_next_save_even_if_that_keeps_the_day() {
    let dir = fixture();
    let index = dir.path().join("snapshots/index.html");
    let page = saved(dir.path(), &["2025-11-06"]);
    fs::remove_file(&index).unwrap();
    assert_eq!(saved(dir.path(), &["2025-11-06"]), page);
    fs::write(&index, "old").unwrap();
    let long_ago = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000);
    fs::File::options().write(true).open(&index).unwrap().set_modified(long_ago).unwrap();
    assert_eq!(saved(dir.path(), &["2025-11-06"]), page);
}

#[test]
fn an_index_that_cannot_be_written_is_a_warning_and_the_day_is_frozen() {
    let dir = fixture();
    saved(dir.path(), &["2025-11-04"]);
    let index = dir.path().join("snapshots/index.html");
    fs::remove_file(&index).unwrap();
    fs::create_dir(&index).unwrap();
    // All did not go well, so cron hears of it: the page would be stale for good in silence.
    for arguments in [["save", "2025-11-05"].as_slice(), &["save", "2025-11-06", "-v"]] {
        let out = asof(dir.path(), arguments);
        assert_eq!(out.status.code(), Some(0), "{out:?}");
        let said = String::from_utf8_lossy(&out.stderr);
        assert!(said.starts_with("warning: the page of all days could not be written"), "{said}");
    }
    assert!(dir.path().join("snapshots/2025-11-06/manifest.json").exists());
    fs::remove_dir(&index).unwrap();
    let page = saved(dir.path(), &["2025-11-06"]);
    assert!(page.contains("2025-11-04/") && page.contains("2025-11-05/") && page.contains("2025-11-06/"));
}

#[test]
fn a_metric_that_is_not_configured_any_more_is_still_in_the_index() {
    let dir = fixture();
    saved(dir.path(), &["2025-11-05"]);
    configure(dir.path(), "other_rows = { of = \"calls\", count = true }");
    let page = saved(dir.path(), &["2025-11-06"]);
    // The present one gives the shade; the label of the other is made of its name.
    assert!(
        page.contains(r#"<option value="0" selected="">Other rows</option><option value="1">Calls</option>"#),
        "{page}"
    );
    assert!(page.contains("Wednesday 5 November 2025: unknown, reconstructed"));
}
