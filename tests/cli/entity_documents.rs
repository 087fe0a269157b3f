//! What commands about entities print with `--json`, against `docs/JSON.md`.

use serde_json::Value;

use super::capturing::{accounts, lines};
use super::entity_history::{seen, unseen};
use super::json_documents::holds;
use super::thinning_looks::looks;
use crate::support::command::Place;

fn all(place: &Place, commands: &[&str]) -> Vec<Value> {
    let mut all = Vec::new();
    for command in commands {
        let run = place.asof(&format!("{command} --json"));
        assert_eq!(run.code, 0, "{command}: {}", run.stderr);
        all.push(serde_json::from_str(&run.stdout).unwrap());
    }
    all
}

/// The entities after three looks, with a capture of one and one that is gone.
fn captured() -> Place {
    let place = seen();
    place.sqlite("accounts.db", "update accounts set health = 90 where id = '5'");
    place.change(
        "asof.toml",
        "[entities.account.references",
        "[entities.account.changes]\nrose = { field = \"health\", more_than = \"5 points\" }\n\n[entities.account.references",
    );
    place.done(&[
        "capture account --if-changed --key 5 --type event_driven --trigger renewed --reason 'they signed' --actor ann \
         --occurred-at 2025-11-08T00:50",
    ]);
    // What nobody read yet.
    place.change("asof.toml", "[\"status\", ", "[\"status\", \"name\", ");
    place
}

#[test]
fn capture_prints_what_is_written() {
    let place = accounts();
    let mut found = lines(&place.asof("capture account --json"));
    place.sqlite("crm.db", "update accounts set health = 90 where id = 5");
    for line in [
        "capture account --json --key 5 --event KPI_DATA_UPLOADED",
        "capture account --json --max-age 300s",
        "capture account --json --key 5 --if-missing",
        "capture account --json --if-changed",
        "capture account --json --where tier=d --key 5 --key 7 --key 55",
    ] {
        found.extend(lines(&place.asof(line)));
    }
    let said = |status: &str| found.iter().any(|line| line["status"] == status);
    for status in ["captured", "cooldown", "existing", "unchanged", "other", "absent"] {
        assert!(said(status), "{status}");
    }
    holds("capture", &found);
}

#[test]
fn history_prints_what_is_written() {
    let place = captured();
    let mut found = all(&place, &["history account 5", "history account 6", "history account 7 --months 1"]);
    // Days that were thinned are named.
    let place = looks();
    place.done(&["prune"]);
    found.extend(all(&place, &["history video 10"]));
    holds("history", &found);
}

#[test]
fn compare_of_an_entity_prints_what_is_written() {
    let place = captured();
    let found = all(&place, &["compare account 5 latest 5#1", "compare account 5 5#3 5#2"]);
    holds("compare of an entity", &found);
}

#[test]
fn list_of_entities_prints_what_is_written() {
    let place = captured();
    let mut found = all(
        &place,
        &[
            "list account --since 2025-11-05",
            "list account --improved --since 4d",
            "list account --declined --since 1d",
        ],
    );
    assert_eq!(found[0]["way"], "changed");
    let place = looks();
    place.done(&["prune"]);
    found.extend(all(&place, &["list video --changed --since 2025-10-02"]));
    holds("list of entities", &found);
}

#[test]
fn context_prints_what_is_written() {
    let place = captured();
    let mut found = all(
        &place,
        &[
            "context account 5 --question 'What changed since the QBR, and before October?'",
            "context account 7 --question 'since the QBR' --history --max-tokens 300",
        ],
    );
    let place = unseen();
    place.at("2025-11-08T01:00:00-06:00");
    found.extend(all(&place, &["context account 5"]));
    holds("context", &found);
}
