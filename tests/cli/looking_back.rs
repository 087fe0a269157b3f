//! What a save does before its own day: frozen days are read again at their ages.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use super::calls;
use crate::support::command::Place;
use crate::support::mariadb::{REPORT, db};

/// The call centre, looking back over three days.
pub(super) fn looking_back() -> Place {
    let place = calls();
    place.change("asof.toml", "[lists]", "lookback = [1, 2, 3]\n\n[lists]");
    place
}

pub(super) fn at(place: &Place, day: u32) {
    place.at(&format!("2025-11-{day:02}T03:00:00-06:00"));
}

/// The ledger's lines of a kind.
pub(super) fn lines(place: &Place, kind: &str) -> Vec<Value> {
    let ledger = place.read("snapshots/ledger.jsonl");
    let lines = ledger.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line["kind"] == kind).collect()
}

#[test]
fn a_save_confirms_restates_and_makes_up_for_nights_that_were_slept_through() {
    let place = looking_back();
    at(&place, 6);
    place.asof("save -v");
    at(&place, 7);
    place.asof("save -v");
    let first = place.tree("snapshots/2025-11-05");
    place.sqlite("calls.db", "update calls set status = 'SALE' where at = '2025-11-05 10:00:00'");
    at(&place, 8);
    place.asof("save -v");
    // Another list is no other day: its own definitions are what it is read by.
    place.change("asof.toml", "sale = [\"SALE\"]", "sale = [\"SALE\", \"NA\"]");
    at(&place, 9);
    place.asof("save -v");
    at(&place, 12);
    place.asof("save -v");
    place.asof("list");
    place.told(
        r#"
$ asof save -v
froze 2025-11-05 (witnessed) from 3 rows
  Calls 3 · Sales 1 · Minutes 1.5 min · Conversion 33.33 % · Conversion of the week 33.33 %
  snapshots/2025-11-05/dashboard.html
exit 0
$ asof save -v
read again, and unchanged: 2025-11-05
froze 2025-11-06 (witnessed) from 5 rows
  Calls 5 · Sales 2 · Minutes 16.5 min · Conversion 40.00 % · Conversion of the week 37.50 %
  snapshots/2025-11-06/dashboard.html
exit 0
$ asof save -v
froze 2025-11-05@2 (reconstructed): read again, it differs in calls, sales
read again, and unchanged: 2025-11-06
froze 2025-11-07 (witnessed) from 1 row
  Calls 1 · Sales 1 · Minutes 1 min · Conversion 100.00 % · Conversion of the week 55.56 %
  snapshots/2025-11-07/dashboard.html
exit 0
$ asof save -v
read again, and unchanged: 2025-11-06, 2025-11-07
froze 2025-11-08 (witnessed) from 0 rows
  Calls 0 · Sales 0 · Minutes 0 min · Conversion unknown · Conversion of the week unknown
  snapshots/2025-11-08/dashboard.html
exit 0
$ asof save -v
froze 2025-11-09 (reconstructed): no save froze it in its time
froze 2025-11-10 (reconstructed): no save froze it in its time
froze 2025-11-11 (witnessed) from 0 rows
  Calls 0 · Sales 0 · Minutes 0 min · Conversion unknown · Conversion of the week unknown
  snapshots/2025-11-11/dashboard.html
exit 0
$ asof list
Day             Editions  Provenance       Calls  Sales  Minutes min  Conversion
2025-11-05 Wed  1 2       ● witnessed          3      1          1.5     33.33 %  @2 differs: lookb…
2025-11-06 Thu  1         ● witnessed          5      2         16.5     40.00 %
2025-11-07 Fri  1         ● witnessed          1      1          1.0    100.00 %
2025-11-08 Sat  1         ● witnessed          0      0          0.0           —
2025-11-09 Sun  1         ○ reconstructed      0      0          0.0           —
2025-11-10 Mon  1         ○ reconstructed      0      0          0.0           —
2025-11-11 Tue  1         ● witnessed          0      0          0.0           —
where editions differ, the first that is not provisional is shown, as by `asof restore`;
list --stats, series and compare take the latest
exit 0
"#,
    );
    assert_eq!(place.tree("snapshots/2025-11-05"), first, "edition 1 stays as it is");
    let confirmed: Vec<String> = lines(&place, "confirmed")
        .iter()
        .map(|line| {
            let days = line["days"].as_array().unwrap().iter();
            days.map(|day| format!("{}@{} ", day["date"].as_str().unwrap(), day["edition"])).collect()
        })
        .collect();
    assert_eq!(confirmed, ["2025-11-05@1 ", "2025-11-06@1 ", "2025-11-06@1 2025-11-07@1 "]);
    let again = &lines(&place, "snapshot")[2];
    assert_eq!(
        (&again["edition"], &again["reason"], &again["trigger"]),
        (&2.into(), &"lookback".into(), &"lookback".into())
    );
}

#[test]
fn a_day_whose_rows_are_gone_stands_and_is_warned_of() {
    let place = looking_back();
    at(&place, 6);
    place.done(&["save"]);
    let first = place.tree("snapshots/2025-11-05");
    place.sqlite("calls.db", "delete from calls where at < '2025-11-05 12:00:00'");
    at(&place, 7);
    place.asof("save");
    at(&place, 8);
    place.asof("save --json");
    place.told(
        r#"
$ asof save
! warning: 2025-11-05: the source has only 1 of 3 rows of calls left; the frozen day stands
exit 0
$ asof save --json
{"date":"2025-11-05","edition":1,"event":"lookback","rows":[{"events":"calls","frozen":3,"live":1}],"status":"source_shrunk"}
{"date":"2025-11-06","edition":1,"event":"lookback","status":"confirmed"}
{"date":"2025-11-07","differs_in":null,"edition":1,"event":"day","folder":"snapshots/2025-11-07","groups_differ_in":null,"metrics":{"calls":1,"conversion":1,"minutes":1,"sales":1,"week":0.444444444444},"notes":[],"provenance":"witnessed","rows":1,"status":"frozen","trigger":"save","warnings":[]}
! {"warning":"2025-11-05: the source has only 1 of 3 rows of calls left; the frozen day stands"}
exit 0
"#,
    );
    assert_eq!(place.tree("snapshots/2025-11-05"), first);
    assert!(!place.path("snapshots/2025-11-05@2").exists());
    assert_eq!(lines(&place, "confirmed").len(), 1, "only that of 2025-11-06");
}

#[test]
fn a_provisional_day_is_final_at_the_next_look_and_a_column_that_is_gone_keeps_no_day_from_being_saved() {
    let place = looking_back();
    at(&place, 6);
    place.done(&["save"]);
    place.at("2025-11-07T00:30:00-06:00");
    place.done(&["save"]);
    place.sqlite("calls.db", "alter table calls add outcome text; update calls set outcome = status");
    place.at("2025-11-09T03:00:00-06:00");
    place.asof("save -v");
    place.sqlite("calls.db", "alter table calls drop column status");
    place.change("asof.toml", "status = \"status\"", "status = \"outcome\"");
    place.change("asof.toml", "where = \"status", "where = \"outcome");
    at(&place, 10);
    place.asof("save -v");
    place.told(
        r#"
$ asof save -v
froze 2025-11-06@2 (reconstructed): edition 1 was provisional and stays beside it
froze 2025-11-07 (reconstructed): no save froze it in its time
froze 2025-11-08 (witnessed) from 0 rows
  Calls 0 · Sales 0 · Minutes 0 min · Conversion unknown · Conversion of the week 44.44 %
  snapshots/2025-11-08/dashboard.html
exit 0
$ asof save -v
froze 2025-11-09 (witnessed) from 0 rows
  Calls 0 · Sales 0 · Minutes 0 min · Conversion unknown · Conversion of the week unknown
  snapshots/2025-11-09/dashboard.html
! warning: 2025-11-07 could not be looked back at, what is frozen of it stands: events.calls is refused by the source: no such column: status (error 1)
! warning: 2025-11-08 could not be looked back at, what is frozen of it stands: events.calls is refused by the source: no such column: status (error 1)
exit 0
"#,
    );
}

#[test]
fn one_night_tells_of_everything_that_happened_to_earlier_days() {
    let place = calls();
    place.change("asof.toml", "[lists]", "lookback = [1, 2, 3, 4, 5, 6]\n\n[lists]");
    for day in 6..=8 {
        at(&place, day);
        place.done(&["save"]);
    }
    place.sqlite("calls.db", "insert into calls (at, campaign, status, seconds) values ('2025-11-08 10:00:00', '1027', 'SALE', 60)");
    place.at("2025-11-09T00:30:00-06:00");
    place.done(&["save"]);
    let before = place.tree("snapshots");
    // A disposition of the 5th, rows of the 6th that are archived, a late call of the 8th, a night slept through.
    place.sqlite(
        "calls.db",
        "update calls set status = 'SALE' where at = '2025-11-05 10:00:00';
         delete from calls where at like '2025-11-06 09:%';
         insert into calls (at, campaign, status, seconds) values ('2025-11-08 23:00:00', '1027', 'NA', 60);",
    );
    at(&place, 11);
    place.asof("save -v");
    place.asof("list --metric calls --metric sales");
    place.asof("verify");
    place.told(
        r#"
$ asof save -v
froze 2025-11-05@2 (reconstructed): read again, it differs in calls, sales
froze 2025-11-08@2 (reconstructed): edition 1 was provisional and stays beside it
froze 2025-11-09 (reconstructed): no save froze it in its time
read again, and unchanged: 2025-11-07
froze 2025-11-10 (witnessed) from 0 rows
  Calls 0 · Sales 0 · Minutes 0 min · Conversion unknown · Conversion of the week 54.55 %
  snapshots/2025-11-10/dashboard.html
! warning: 2025-11-06: the source has only 3 of 5 rows of calls left; the frozen day stands
exit 0
$ asof list --metric calls --metric sales
Day             Editions  Provenance       Calls  Sales
2025-11-05 Wed  1 2       ● witnessed          3      1  @2 differs: lookback
2025-11-06 Thu  1         ● witnessed          5      2
2025-11-07 Fri  1         ● witnessed          1      1
2025-11-08 Sat  1 2       ○ reconstructed      2      1
2025-11-09 Sun  1         ○ reconstructed      0      0
2025-11-10 Mon  1         ● witnessed          0      0
where editions differ, the first that is not provisional is shown, as by `asof restore`;
list --stats, series and compare take the latest
exit 0
$ asof verify
exit 0
"#,
    );
    let after = place.tree("snapshots");
    for (path, content) in before.iter().filter(|(path, _)| path.starts_with("2025")) {
        assert_eq!(after.get(path), Some(content), "{path}");
    }
}

#[test]
fn a_provisional_day_that_has_lost_rows_since_keeps_what_was_seen() {
    let place = looking_back();
    at(&place, 6);
    place.done(&["save"]);
    place.at("2025-11-07T00:30:00-06:00");
    place.done(&["save"]);
    place.sqlite("calls.db", "delete from calls where at < '2025-11-07'");
    at(&place, 9);
    place.asof("save -v");
    place.told(
        r#"
$ asof save -v
froze 2025-11-07 (reconstructed): no save froze it in its time
froze 2025-11-08 (witnessed) from 0 rows
  Calls 0 · Sales 0 · Minutes 0 min · Conversion unknown · Conversion of the week 44.44 %
  snapshots/2025-11-08/dashboard.html
! warning: 2025-11-06: the source has only 0 of 5 rows of calls left; the frozen day stands
exit 0
"#,
    );
    assert!(!place.path("snapshots/2025-11-06@2").exists());
}

#[test]
fn saves_that_are_repeated_on_a_day_note_once_that_it_holds() {
    let place = looking_back();
    at(&place, 6);
    place.done(&["save"]);
    at(&place, 7);
    place.done(&["save"]);
    let ledger = place.read("snapshots/ledger.jsonl");
    place.asof("save -v");
    place.asof("save -v");
    // What changes in between is found all the same, and so is that it holds.
    place.sqlite("calls.db", "update calls set status = 'SALE' where at = '2025-11-05 10:00:00'");
    place.asof("save -v");
    place.told(
        r#"
$ asof save -v
read again, and unchanged: 2025-11-05
2025-11-06 is frozen already (witnessed); nothing changed
exit 0
$ asof save -v
read again, and unchanged: 2025-11-05
2025-11-06 is frozen already (witnessed); nothing changed
exit 0
$ asof save -v
froze 2025-11-05@2 (reconstructed): read again, it differs in calls, sales
2025-11-06 is frozen already (witnessed); nothing changed
exit 0
"#,
    );
    assert!(place.read("snapshots/ledger.jsonl").starts_with(&ledger));
    assert_eq!(lines(&place, "confirmed").len(), 1);
    place.done(&["save", "save"]);
    let confirmed = lines(&place, "confirmed");
    assert_eq!(confirmed.len(), 2);
    assert_eq!(confirmed[1]["days"][0]["edition"], 2);
    at(&place, 8);
    place.done(&["save", "save"]);
    assert_eq!(lines(&place, "confirmed").len(), 3);
}

#[test]
fn two_saves_at_once_freeze_each_edition_once() {
    let place = looking_back();
    at(&place, 6);
    place.done(&["save"]);
    place.sqlite("calls.db", "update calls set status = 'SALE' where at = '2025-11-05 10:00:00'");
    at(&place, 7);
    let run = || place.command(&["save"]).spawn().unwrap();
    let runs = [run(), run(), run()];
    for run in runs {
        let output = run.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0));
    }
    let mut frozen: Vec<String> = lines(&place, "snapshot")
        .iter()
        .map(|line| format!("{}@{}", line["date"].as_str().unwrap(), line["edition"]))
        .collect();
    frozen.sort_unstable();
    assert_eq!(frozen, ["2025-11-05@1", "2025-11-05@2", "2025-11-06@1"]);
    assert_eq!(place.asof("verify").code, 0);
}

#[test]
fn a_day_that_is_damaged_is_told_and_keeps_no_other_from_being_saved() {
    let place = looking_back();
    for day in 6..=8 {
        at(&place, day);
        place.done(&["save"]);
    }
    std::fs::remove_dir_all(place.path("snapshots/2025-11-06")).unwrap();
    place.write("snapshots/2025-11-07/metrics.json", "{}");
    at(&place, 9);
    place.asof("save");
    place.told(
        r#"
$ asof save
! warning: 2025-11-06 could not be looked back at, what is frozen of it stands: its folders are missing
! warning: 2025-11-07 could not be looked back at, what is frozen of it stands: snapshots/2025-11-07/metrics.json has changed since it was frozen: it has 2 bytes, and its manifest says 5288
! warning: 2025-11-07 is left out of the metrics that are taken over several days: snapshots/2025-11-07/metrics.json has changed since it was frozen: it has 2 bytes, and its manifest says 5288
exit 0
"#,
    );
}

#[test]
fn a_source_that_is_gone_fails_the_save_with_its_own_code() {
    let place = looking_back();
    at(&place, 6);
    place.done(&["save"]);
    let before = place.tree("snapshots");
    std::fs::rename(place.path("calls.db"), place.path("gone.db")).unwrap();
    at(&place, 7);
    place.asof("save --retry-for 0s");
    place.told(
        r#"
$ asof save --retry-for 0s
! error: 2025-11-06 was not saved: it looks back at earlier days first: 2025-11-05 could not be read: there is no file calls.db
!   hint: check the path in [source] url; it is relative to asof.toml
exit 5
"#,
    );
    assert_eq!(place.tree("snapshots"), before);
}

/// A way to a server that breaks as soon as somebody asks for what holds this text. Then it lets nobody in any
/// more, or everybody as before.
fn breaking_way(port: u16, at: &'static [u8], for_good: bool) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let own = listener.local_addr().unwrap().port();
    let broken = Arc::new(AtomicBool::new(false));
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            if for_good && broken.load(Ordering::SeqCst) {
                // Nobody is greeted.
                continue;
            }
            let mut server = TcpStream::connect(("127.0.0.1", port)).unwrap();
            let (mut back, mut out) = (server.try_clone().unwrap(), client.try_clone().unwrap());
            std::thread::spawn(move || std::io::copy(&mut back, &mut out));
            let broken = Arc::clone(&broken);
            std::thread::spawn(move || {
                let mut piece = vec![0_u8; 65536];
                while let Ok(read @ 1..) = client.read(&mut piece) {
                    let asked = &piece[..read];
                    if asked.windows(at.len()).any(|window| window == at) {
                        broken.store(true, Ordering::SeqCst);
                        break;
                    }
                    if server.write_all(asked).is_err() {
                        break;
                    }
                }
                let _ = client.shutdown(Shutdown::Both);
                let _ = server.shutdown(Shutdown::Both);
            });
        }
    });
    own
}

#[test]
fn a_source_that_dies_on_an_earlier_day_loses_nothing_that_was_found() {
    for for_good in [false, true] {
        let db = db();
        db.sql(
            "create table calls (id int auto_increment primary key, at datetime, campaign varchar(8), status varchar(6), seconds int, key (at));
             create table campaigns (id varchar(8), name varchar(20));
             insert into calls (at, status, seconds) select '2025-11-05 09:00:00' + interval (seq % 4) day, if(seq % 3, 'NA', 'SALE'), 30 from seq_0_to_99;",
        );
        let place = looking_back();
        let way = breaking_way(db.server().port(), b"MARK", for_good);
        let direct = format!("url = \"{}\"", db.url());
        let port = format!(":{}/", db.server().port());
        place.change("asof.toml", "[1, 2, 3]", "[1, 2, 3, 4]");
        place.change("asof.toml", "url = \"sqlite:calls.db\"", &direct);
        place.secret(REPORT.1);
        at(&place, 6);
        place.done(&["save"]);
        // The definitions of the 6th hold the text on which the way breaks; those of the other days do not.
        place.change("asof.toml", "sale = [\"SALE\"]", "sale = [\"SALE\", \"MARK\"]");
        at(&place, 7);
        place.done(&["save"]);
        place.change("asof.toml", ", \"MARK\"", "");
        at(&place, 8);
        place.done(&["save"]);
        db.sql("update calls set status = 'SALE' where at = '2025-11-05 09:00:00'");
        place.change("asof.toml", &port, &format!(":{way}/"));
        at(&place, 9);
        let before = place.tree("snapshots");
        place.hide(way.to_string(), "PORT");
        place.asof("save -v --retry-for 0s");
        place.asof("list --metric calls");
        place.asof("verify");
        let after = place.tree("snapshots");
        for (path, content) in before.iter().filter(|(path, _)| path.starts_with("2025")) {
            assert_eq!(after.get(path), Some(content), "{path}");
        }
        let broken = r#"
$ asof save -v --retry-for 0s
froze 2025-11-05@2 (reconstructed): read again, it differs in calls, minutes, sales
read again, and unchanged: 2025-11-07
froze 2025-11-08 (witnessed) from 25 rows
  Calls 25 · Sales 9 · Minutes 12.5 min · Conversion 36.00 % · Conversion of the week 56.00 %
  snapshots/2025-11-08/dashboard.html
! warning: 2025-11-06 could not be looked back at, what is frozen of it stands: lost the connection to the source during events.calls: connection closed (127.0.0.1:[PORT])
exit 0
$ asof list --metric calls
Day             Editions  Provenance   Calls
2025-11-05 Wed  1 2       ● witnessed     25  @2 differs: lookback
2025-11-06 Thu  1         ● witnessed     25
2025-11-07 Fri  1         ● witnessed     25
2025-11-08 Sat  1         ● witnessed     25
where editions differ, the first that is not provisional is shown, as by `asof restore`;
list --stats, series and compare take the latest
exit 0
$ asof verify
exit 0
"#;
        let dead = r#"
$ asof save -v --retry-for 0s
froze 2025-11-05@2 (reconstructed): read again, it differs in calls, minutes, sales
! warning: 2025-11-06 could not be looked back at, what is frozen of it stands: lost the connection to the source during events.calls: connection closed (127.0.0.1:[PORT])
! error: 2025-11-08 was not saved: it looks back at earlier days first: 2025-11-07 could not be read: can't reach 127.0.0.1:[PORT]: connection closed
!   hint: check [source] url, that the server runs, and that no firewall is between
exit 5
$ asof list --metric calls
Day             Editions  Provenance   Calls
2025-11-05 Wed  1 2       ● witnessed     25  @2 differs: lookback
2025-11-06 Thu  1         ● witnessed     25
2025-11-07 Fri  1         ● witnessed     25
where editions differ, the first that is not provisional is shown, as by `asof restore`;
list --stats, series and compare take the latest
exit 0
$ asof verify
exit 0
"#;
        place.told(if for_good { dead } else { broken }.trim_start());
    }
}
