//! Distinct counts over time through whole commands: what is frozen with each day, what is left
//! out, and where the hash key is.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use crate::support::command::Place;

const CONFIG: &str = r#"[source]
url = "sqlite:calls.db"

[calendar]
time_zone = "America/Chicago"

[events.calls]
table = "calls"
time = "at"
time_is = "local"

[events.calls.by]
campaign = "campaign"

[metrics]
calls = { of = "calls", count = true }
phones = { of = "calls", distinct = "phone", as = "phone", by = ["campaign"], cumulative = true, label = "Unique phones" }
"#;

/// The phones of these days by hand, one spelling each: A 0100, B 0101, C 0102, D 0103, E 0104.
///
/// 5 November: A B C. 6 November: B C D. 7 November: A and E, and what is no phone. 9 November: D E F.
const CALLS: &str = "
create table calls (id integer primary key, at text, campaign text, phone text);
create index by_time on calls (at);
insert into calls (at, campaign, phone) values
  ('2025-11-05 09:00:00', '1', '3145550100'),
  ('2025-11-05 09:01:00', '1', '(314) 555-0101'),
  ('2025-11-05 09:02:00', '2', '1-314-555-0102'),
  ('2025-11-05 09:03:00', '2', '+13145550100'),
  ('2025-11-06 09:00:00', '1', '13145550101'),
  ('2025-11-06 09:01:00', '1', '3145550102'),
  ('2025-11-06 09:02:00', '1', '314.555.0103'),
  ('2025-11-07 09:00:00', '1', '3145550100'),
  ('2025-11-07 09:01:00', '1', '3145550104'),
  ('2025-11-07 09:02:00', '1', ''),
  ('2025-11-07 09:03:00', '1', null),
  ('2025-11-07 09:04:00', '1', 'unknown'),
  ('2025-11-09 09:00:00', '1', '3145550103'),
  ('2025-11-09 09:01:00', '1', '3145550104'),
  ('2025-11-09 09:02:00', '1', '3145550105');
";

fn phones() -> Place {
    let place = Place::new();
    place.write("asof.toml", CONFIG);
    place.sqlite("calls.db", CALLS);
    // No spelling of a phone may reach the archive or a message, and neither may the key.
    place.secret("31455501");
    place.secret("555-01");
    place.hide(rusqlite::version(), "VERSION");
    place.at("2025-11-12T03:00:00-06:00");
    place
}

fn document(place: &Place, path: &str) -> Value {
    serde_json::from_str(&place.read(&format!("snapshots/{path}"))).unwrap()
}

/// What is frozen of a day's phones, as its document and the ledger say.
fn seen(place: &Place, day: &str) -> Value {
    let found = document(place, &format!("{day}/metrics.json"))["metrics"]["phones"].clone();
    let seen = found["seen"].clone();
    let ledger = place.read("snapshots/ledger.jsonl");
    let (date, edition) = day.split_once('@').unwrap_or((day, "1"));
    let mut lines = ledger.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let edition: u64 = edition.parse().unwrap();
    let line = lines.find(|line| line["date"] == date && line["edition"] == edition).unwrap();
    assert_eq!(line["seen"].get("phones").unwrap_or(&Value::Null), &seen, "{day} by the ledger");
    assert_eq!(found["value"], seen["unique"], "{day}");
    seen
}

fn counts(unique: u64, new: u64, cumulative: u64, since: &str, days: u64, gaps: u64) -> Value {
    json!({
        "unique": unique, "new": new, "cumulative": cumulative,
        "basis": { "since": since, "days": days, "gaps": gaps },
    })
}

/// The hashes of a day's keys, in the order of its file.
fn hashes(place: &Place, day: &str) -> Vec<u64> {
    let bytes = fs::read(place.path(&format!("snapshots/{day}/seen/phones.keys"))).unwrap();
    let (keys, rest) = bytes.as_chunks::<8>();
    assert!(rest.is_empty());
    keys.iter().map(|key| u64::from_be_bytes(*key)).collect()
}

#[test]
fn each_day_says_how_many_phones_are_new_and_how_many_there_were() {
    let place = phones();
    place.done(&["save 2025-11-05", "save 2025-11-06", "save 2025-11-07", "save 2025-11-09"]);
    place.secret(place.read("asof.key").trim());
    assert_eq!(seen(&place, "2025-11-05"), counts(3, 3, 3, "2025-11-05", 1, 0));
    assert_eq!(seen(&place, "2025-11-06"), counts(3, 1, 4, "2025-11-05", 2, 0));
    assert_eq!(seen(&place, "2025-11-07"), counts(2, 1, 5, "2025-11-05", 3, 0));
    // The 8th was not captured: a gap.
    assert_eq!(seen(&place, "2025-11-09"), counts(3, 1, 6, "2025-11-05", 4, 1));
    let apart = &document(&place, "2025-11-07/metrics.json")["metrics"]["phones"]["apart"];
    assert_eq!(*apart, json!({ "blank_rows": 2, "unusable": 1, "unusable_rows": 1 }));

    // The files of keys: their hashes are those of the phones, and agree with the manifest.
    let sets: BTreeMap<&str, BTreeSet<u64>> = ["2025-11-05", "2025-11-06", "2025-11-07", "2025-11-09"]
        .into_iter()
        .map(|day| {
            let hashes = hashes(&place, day);
            assert!(hashes.is_sorted_by(|one, next| one < next));
            let manifest = document(&place, &format!("{day}/manifest.json"));
            let keys = &manifest["keys"]["phones"];
            assert_eq!(keys["file"], "seen/phones.keys");
            assert_eq!(keys["count"], hashes.len());
            assert_eq!(keys["key"].as_str().unwrap().len(), 16);
            (day, hashes.into_iter().collect())
        })
        .collect();
    assert_eq!(sets["2025-11-05"].intersection(&sets["2025-11-06"]).count(), 2);
    assert_eq!(sets["2025-11-05"].intersection(&sets["2025-11-07"]).count(), 1);
    assert_eq!(sets["2025-11-06"].intersection(&sets["2025-11-09"]).count(), 1);

    let key = fs::metadata(place.path("asof.key")).unwrap();
    assert_eq!(key.permissions().mode() & 0o7777, 0o600);
    assert_eq!(place.read("asof.key").len(), 33);
    // Neither phones nor key are in the archive, nor in what is said of it.
    place.tree("snapshots");
    for line in
        ["list", "list --json", "restore 2025-11-06", "restore 2025-11-06 --json", "check 2025-11-06 -v"]
    {
        assert_eq!(place.asof(line).code, 0, "{line}");
    }
    place.forget();
}

#[test]
fn a_day_that_is_inserted_later_leaves_the_frozen_ones_as_they_are() {
    let place = phones();
    place.done(&["save 2025-11-06", "save 2025-11-07"]);
    let before = place.tree("snapshots/2025-11-07");
    place.done(&["save 2025-11-05"]);
    assert_eq!(place.tree("snapshots/2025-11-07"), before);
    assert_eq!(seen(&place, "2025-11-05"), counts(3, 3, 3, "2025-11-05", 1, 0));
    assert_eq!(seen(&place, "2025-11-07"), counts(2, 2, 5, "2025-11-06", 2, 0));
    // A restatement that finds the same numbers writes nothing, although they would be counted otherwise now.
    place.asof("save 2025-11-07 --restate --reason again -v");
    place.done(&["save 2025-11-09"]);
    assert_eq!(seen(&place, "2025-11-09"), counts(3, 1, 6, "2025-11-05", 4, 1));
}

#[test]
fn derived_counts_are_no_difference_and_other_phones_are() {
    let place = phones();
    place.done(&["save 2025-11-06", "save 2025-11-05"]);
    place.asof("save 2025-11-06 --restate --reason again -v");
    // As many phones, and one of them another.
    place.sqlite("calls.db", "update calls set phone = '3145550109' where phone = '314.555.0103'");
    place.asof("save 2025-11-06 --restate --reason 'wrong number' -v");
    place.told(
        r#"
$ asof save 2025-11-06 --restate --reason again -v
2025-11-06 reads the same now; no new edition
exit 0
$ asof save 2025-11-06 --restate --reason 'wrong number' -v
froze 2025-11-06@2 (reconstructed) from 3 rows
  Calls 3 · Unique phones 3
  differs from the edition before in phones
  snapshots/2025-11-06@2/dashboard.html
exit 0
"#,
    );
    assert_eq!(seen(&place, "2025-11-06@2"), counts(3, 1, 4, "2025-11-05", 2, 0));
    // What compares days takes the latest edition: of the 9th's phones 0103 is new now.
    place.done(&["save 2025-11-09"]);
    assert_eq!(seen(&place, "2025-11-09"), counts(3, 3, 7, "2025-11-05", 3, 2));
}

#[test]
fn another_definition_begins_to_count_anew() {
    let place = phones();
    place.done(&["save 2025-11-05", "save 2025-11-06"]);
    place.change("asof.toml", "as = \"phone\", by", "as = \"phone\", where = \"campaign = '1'\", by");
    place.done(&["save 2025-11-07"]);
    let mut expected = counts(2, 2, 2, "2025-11-07", 1, 0);
    expected["basis"]["left_out"] = json!([{ "days": 2, "reason": "defined otherwise then" }]);
    assert_eq!(seen(&place, "2025-11-07"), expected);
    // Back to the first definition, its days count again.
    place.write("asof.toml", CONFIG);
    place.done(&["save 2025-11-09"]);
    let mut expected = counts(3, 2, 6, "2025-11-05", 3, 2);
    expected["basis"]["left_out"] = json!([{ "days": 1, "reason": "defined otherwise then" }]);
    assert_eq!(seen(&place, "2025-11-09"), expected);
}

#[test]
fn a_metric_that_becomes_cumulative_says_that_no_keys_were_kept() {
    let place = phones();
    place.change("asof.toml", ", cumulative = true", "");
    place.done(&["save 2025-11-05"]);
    assert!(!place.path("asof.key").exists(), "nothing needs a key");
    assert_eq!(document(&place, "2025-11-05/metrics.json")["metrics"]["phones"].get("seen"), None);
    assert_eq!(document(&place, "2025-11-05/manifest.json").get("keys"), None);
    assert!(!place.read("snapshots/ledger.jsonl").contains("\"seen\""));
    place.write("asof.toml", CONFIG);
    place.asof("save 2025-11-05 --restate --reason 'keys, please' -v");
    place.asof("save 2025-11-06 -v");
    place.told(
        r#"
$ asof save 2025-11-05 --restate --reason 'keys, please' -v
2025-11-05 reads the same now; no new edition
exit 0
$ asof save 2025-11-06 -v
froze 2025-11-06 (reconstructed) from 3 rows
  Calls 3 · Unique phones 3
  snapshots/2025-11-06/dashboard.html
exit 0
"#,
    );
    let mut expected = counts(3, 3, 3, "2025-11-06", 1, 0);
    expected["basis"]["left_out"] = json!([{ "days": 1, "reason": "no keys were kept" }]);
    assert_eq!(seen(&place, "2025-11-06"), expected);
}

#[test]
fn a_lost_key_is_an_error_and_another_one_begins_anew() {
    let place = phones();
    place.done(&["save 2025-11-05", "save 2025-11-06"]);
    fs::remove_file(place.path("asof.key")).unwrap();
    place.asof("save 2025-11-07");
    place.asof("backfill --from 2025-11-05 --to 2025-11-07");
    place.asof("backfill --from 2025-11-05 --to 2025-11-07 --dry-run");
    place.asof("check 2025-11-07");
    place.write("asof.key", "not a key, but somebody's secret words\n");
    place.secret("somebody");
    place.asof("save 2025-11-07");
    assert!(!place.path("snapshots/2025-11-07").exists());
    place.write("asof.key", "00112233445566778899aabbccddeeff\n");
    place.secret("0011223344");
    place.asof("save 2025-11-07");
    place.told(
        r#"
$ asof save 2025-11-07
! error: the key file asof.key is missing, and 2025-11-06 was counted with the key that was in it
!   hint: restore it from a backup; to begin to count anew instead, make another one: (umask 077; od -An -N16 -tx1 /dev/urandom | tr -d ' ' > asof.key)
exit 1
$ asof backfill --from 2025-11-05 --to 2025-11-07
! error: the key file asof.key is missing, and 2025-11-06 was counted with the key that was in it
!   hint: restore it from a backup; to begin to count anew instead, make another one: (umask 077; od -An -N16 -tx1 /dev/urandom | tr -d ' ' > asof.key)
exit 1
$ asof backfill --from 2025-11-05 --to 2025-11-07 --dry-run
! error: the key file asof.key is missing, and 2025-11-06 was counted with the key that was in it
!   hint: restore it from a backup; to begin to count anew instead, make another one: (umask 077; od -An -N16 -tx1 /dev/urandom | tr -d ' ' > asof.key)
exit 1
$ asof check 2025-11-07
ok    configuration  asof.toml is sound: 1 kind of events, 2 metrics
ok    source         sqlite:calls.db is SQLite [VERSION]
fail  key file       the key file asof.key is missing, and 2025-11-06 was counted with the key that was in it
                     hint: restore it from a backup; to begin to count anew instead, make another one: (umask 077; od -An -N16 -tx1 /dev/urandom | tr -d ' ' > asof.key)
ok    calls          the index by_time finds the day
ok    calls          5 rows on 2025-11-07, in 1 groups of at most 50000
exit 1
$ asof save 2025-11-07
! error: the key file asof.key does not hold a key: that is one line of 32 hexadecimal digits
!   hint: restore it from a backup; if there is none, make another one and begin to count anew: (umask 077; od -An -N16 -tx1 /dev/urandom | tr -d ' ' > asof.key)
exit 1
$ asof save 2025-11-07
exit 0
"#,
    );
    let mut expected = counts(2, 2, 2, "2025-11-07", 1, 0);
    expected["basis"]["left_out"] = json!([{ "days": 2, "reason": "hashed with another key" }]);
    assert_eq!(seen(&place, "2025-11-07"), expected);
}

#[test]
fn a_damaged_earlier_day_is_left_out_and_cron_hears_of_it() {
    let place = phones();
    place.done(&["save 2025-11-05", "save 2025-11-06"]);
    let keys = "snapshots/2025-11-05/seen/phones.keys";
    let mut bytes = fs::read(place.path(keys)).unwrap();
    bytes.truncate(16);
    place.write(keys, bytes);
    place.asof("save 2025-11-07");
    place.told(
        r#"
$ asof save 2025-11-07
! warning: 2025-11-05 is left out of the distinct counts over time: snapshots/2025-11-05/seen/phones.keys has changed since it was frozen: it has 16 bytes, and its manifest says 24
exit 0
"#,
    );
    let mut expected = counts(2, 2, 5, "2025-11-06", 2, 0);
    expected["basis"]["left_out"] = json!([{ "days": 1, "reason": "damaged" }]);
    assert_eq!(seen(&place, "2025-11-07"), expected);
}

#[test]
fn the_key_file_is_looked_at_by_check() {
    let place = phones();
    place.asof("check 2025-11-05");
    assert!(!place.path("asof.key").exists(), "check makes nothing");
    place.asof("save 2025-11-05");
    place.asof("check 2025-11-05");
    fs::set_permissions(place.path("asof.key"), fs::Permissions::from_mode(0o640)).unwrap();
    place.asof("check 2025-11-05");
    // By way of a link it would lie in the archive after all.
    std::os::unix::fs::symlink(place.path("snapshots"), place.path("elsewhere")).unwrap();
    place.change("asof.toml", "[calendar]", "[archive]\nkey_file = \"elsewhere/asof.key\"\n\n[calendar]");
    place.asof("save 2025-11-06");
    assert!(!place.path("snapshots/asof.key").exists());
    place.told(
        r#"
$ asof check 2025-11-05
ok    configuration  asof.toml is sound: 1 kind of events, 2 metrics
ok    source         sqlite:calls.db is SQLite [VERSION]
ok    key file       asof.key will be made by the first save
ok    calls          the index by_time finds the day
ok    calls          4 rows on 2025-11-05, in 2 groups of at most 50000
exit 0
$ asof save 2025-11-05
exit 0
$ asof check 2025-11-05
ok    configuration  asof.toml is sound: 1 kind of events, 2 metrics
ok    source         sqlite:calls.db is SQLite [VERSION]
ok    key file       asof.key holds a key, for its owner only
ok    calls          the index by_time finds the day
ok    calls          4 rows on 2025-11-05, in 2 groups of at most 50000
exit 0
$ asof check 2025-11-05
ok    configuration  asof.toml is sound: 1 kind of events, 2 metrics
ok    source         sqlite:calls.db is SQLite [VERSION]
warn  key file       asof.key can be read or changed by others than its owner
                     hint: chmod 600 asof.key
ok    calls          the index by_time finds the day
ok    calls          4 rows on 2025-11-05, in 2 groups of at most 50000
exit 0
$ asof save 2025-11-06
! error: the key file elsewhere/asof.key lies inside the archive snapshots
!   hint: name another place as `key_file` under [archive], and move the file there
exit 1
"#,
    );
}

#[test]
fn a_backfill_counts_as_saves_do() {
    let saved = phones();
    saved.write("asof.key", "00112233445566778899aabbccddeeff\n");
    saved.done(&[
        "save 2025-11-05",
        "save 2025-11-06",
        "save 2025-11-07",
        "save 2025-11-08",
        "save 2025-11-09",
    ]);
    for jobs in ["1", "4"] {
        let place = phones();
        place.write("asof.key", "00112233445566778899aabbccddeeff\n");
        // One day in the middle lies there already.
        place.done(&["save 2025-11-07"]);
        let middle = seen(&place, "2025-11-07");
        assert_eq!(middle, counts(2, 2, 2, "2025-11-07", 1, 0));
        place.done(&[&format!("backfill --from 2025-11-05 --to 2025-11-09 --jobs {jobs}")]);
        for day in ["2025-11-05", "2025-11-06", "2025-11-08", "2025-11-09"] {
            assert_eq!(seen(&place, day), seen(&saved, day), "{day} with {jobs} jobs");
            assert_eq!(hashes(&place, day), hashes(&saved, day));
        }
        assert_eq!(seen(&place, "2025-11-07"), middle);
    }
}
