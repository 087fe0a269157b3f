//! Every command with tenants: of one where it is named, of all in turn where that has a meaning, and of none else.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::net::TcpListener;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::alerting::{got, program};
use super::scheduling::with_crontab;
use super::telling::call;
use super::worklist::names;
use crate::support::command::Place;

pub const CONFIG: &str = r#"[source]
url = "sqlite:shop.db"

[calendar]
time_zone = "America/Chicago"

[tenants]
ids = ["acme", "o'neil; -- \"x\"", "🦀"]

[events.calls]
sql = """
select * from calls -- where owner = ':tenant
where {window} and owner = :tenant and note <> ':tenant?' /* :tenant */
"""
time = "at"
time_is = "local"

[events.calls.by]
status = { sql = "status", labels = "select id, name from names where owner = :tenant" }

[metrics]
calls = { of = "calls", count = true }
callers = { of = "calls", distinct = "phone", cumulative = true }

[entities.video]
sql = "select id, title, view_count, notes from videos where owner = :tenant"
key = "id"
label = "title"
counters = { views = "view_count" }
lists = ["notes"]
changes = { seen = { field = "views", more_than = "0 points" } }
references = { notes = { ids = "notes", sql = "select id, title, at, text from notes where id in {ids} and owner = :tenant" } }
"#;

/// By tenant: how many calls there are on each of two days, and the sum of the views.
pub const TENANTS: [(&str, [u64; 2], u64); 3] =
    [("acme", [1, 2], 5), ("o'neil; -- \"x\"", [0, 3], 60), ("🦀", [4, 1], 700)];

/// Tables of these tenants, with what the database calls a text.
pub fn tables() -> String {
    let mut sql = String::from(
        "create table calls (owner varchar(100), at datetime, status varchar(8), phone varchar(8), note varchar(20));
         create table names (owner varchar(100), id varchar(8), name varchar(100));
         create table videos (id integer, owner varchar(100), title varchar(20), view_count integer, notes varchar(20));
         create table notes (id integer, owner varchar(100), title varchar(20), at datetime, text varchar(100));\n",
    );
    for (at, (tenant, calls, views)) in TENANTS.iter().enumerate() {
        let tenant = tenant.replace('\'', "''");
        for (day, count) in ["2025-11-05", "2025-11-06"].iter().zip(calls) {
            for call in 0..*count {
                sql += &format!(
                    "insert into calls values ('{tenant}', '{day} 10:00:00', 'SALE', '{call}', 'a');\n"
                );
            }
        }
        sql += &format!(
            "insert into names values ('{tenant}', 'SALE', 'Sale of {tenant}');
             insert into videos values ({id}, '{tenant}', 'V{id}', {views}, '[1, 2, 3]');
             insert into notes values ({id}, '{tenant}', 'T{id}', '2025-11-01 10:00:00', 'Text of {id}');\n",
            id = at + 1
        );
    }
    sql
}

fn place() -> Place {
    let place = Place::new();
    place.write("asof.toml", CONFIG);
    place.sqlite("shop.db", &tables());
    place
}

fn saved() -> Place {
    let place = place();
    place.done(&["save"]);
    place
}

/// The arguments with the tenant, as words.
fn run(place: &Place, tenant: &str, words: &[&str]) -> (i32, String, String) {
    let named = format!("--tenant={tenant}");
    let words: Vec<&str> = words.iter().copied().chain([named.as_str()]).collect();
    let output = place.command(&words).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn json_of(place: &Place, tenant: &str, words: &[&str]) -> Value {
    let words: Vec<&str> = words.iter().copied().chain(["--json"]).collect();
    let (code, stdout, stderr) = run(place, tenant, &words);
    assert!(code == 0, "{words:?} of {tenant}: {code} {stderr}");
    serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {stdout}"))
}

#[test]
fn events_and_entities_of_each_tenant_are_its_own_in_every_command() {
    let place = saved();
    place.done(&["backfill --from 2025-11-05 --to 2025-11-06", "verify"]);
    for (tenant, [before, on], views) in TENANTS {
        let day = json_of(&place, tenant, &["restore", "2025-11-06"]);
        assert_eq!(day["metrics"]["calls"]["value"], on, "{tenant}: {day}");
        assert_eq!(day["metrics"]["callers"]["value"], on, "{tenant}");
        let sale = &day["metrics"]["calls"]["by"]["status"][0];
        assert_eq!(sale["label"], format!("Sale of {tenant}"), "{day}");
        let series =
            json_of(&place, tenant, &["series", "calls", "--from", "2025-11-05", "--to", "2025-11-06"]);
        let text = series.to_string();
        assert!(text.contains(&format!("{before}")) && text.contains(&format!("{on}")), "{text}");
        let growth = json_of(&place, tenant, &["growth", "--live"]);
        assert_eq!(growth["growth"]["views"]["current"], views, "{tenant}: {growth}");
        for words in [
            ["list"].as_slice(),
            &["list", "video"],
            &["check"],
            &["drift", "2025-11-06"],
            &["compare", "2025-11-05", "2025-11-06"],
            &["settling"],
            &["label", "2025-11-06", "seen"],
            &["pin", "2025-11-06"],
            &["note", "2025-11-06", "words"],
            &["prune", "--dry-run"],
            &["backfill", "--last", "2d", "--dry-run"],
            &["history", "video", &(TENANTS.iter().position(|of| of.0 == tenant).unwrap() + 1).to_string()],
        ] {
            let (code, stdout, stderr) = run(&place, tenant, words);
            assert_eq!(code, 0, "{words:?} of {tenant}: {stdout}{stderr}");
        }
    }
    // State, keys and plans are each one's own.
    let beside: BTreeSet<String> = place.tree("").into_keys().filter(|path| !path.contains('/')).collect();
    for name in ["asof.acme.key", "backfill.acme.json", "asof.%f0%9f%a6%80.key", "backfill.%f0%9f%a6%80.json"]
    {
        assert!(beside.contains(name), "{name}: {beside:?}");
    }
    assert!(!beside.contains("asof.key"), "{beside:?}");
    let keys: BTreeSet<String> = beside
        .iter()
        .filter(|name| name.starts_with("asof.") && *name != "asof.toml")
        .map(|name| place.read(name))
        .collect();
    assert_eq!(keys.len(), 3);
}

#[test]
fn what_is_of_one_archive_names_the_tenants_where_none_is_named() {
    let place = saved();
    for line in [
        "list",
        "restore latest",
        "series calls",
        "forecast calls",
        "compare -1d -2d",
        "compare video 1 -1d -2d",
        "drift latest",
        "growth",
        "growth --live",
        "history video 1",
        "context video 1",
        "capture video --key 1",
        "settling",
        "alerts",
        "worklist",
        "label latest x",
        "note latest x",
        "pin latest",
        "check --sql",
    ] {
        let run = place.asof(line);
        assert_eq!(run.code, 2, "{line}: {}{}", run.stdout, run.stderr);
        assert!(run.stderr.contains("name one by --tenant: \"acme\""), "{line}: {}", run.stderr);
    }
    for line in ["init --tenant acme other", "demo --tenant acme"] {
        let run = place.asof(line);
        assert_eq!(run.code, 2);
        assert!(run.stderr.contains("is about no tenant"), "{}", run.stderr);
    }
    assert!(!place.path("other").exists() && !place.path("asof-demo").exists());
    // What is named without a configuration needs no tenant.
    for line in ["list", "verify", "growth video"] {
        let run = place.asof(&format!("{line} --archive snapshots/tenants/acme"));
        assert_eq!(run.code, 0, "{line}: {}", run.stderr);
    }
}

#[test]
fn what_can_be_done_for_each_is_done_for_all_in_turn() {
    let place = saved();
    place.done(&["check", "prune", "verify", "capture video", "capture video --if-changed --type scheduled"]);
    place.asof("verify --json");
    let told = place.take();
    let tenants: Vec<&str> = told.lines().filter(|line| line.contains("\"event\":\"tenant\"")).collect();
    assert_eq!(tenants.len(), 3, "{told}");
    // Findings stay findings, and the others are looked at too.
    let page = "snapshots/tenants/acme/2025-11-06/dashboard.html";
    place.write(page, "forged");
    let run = place.asof("verify -v");
    assert_eq!(run.code, 4, "{}", run.stderr);
    assert!(run.stderr.contains("that was tenant \"acme\""), "{}", run.stderr);
    assert_eq!(run.stdout.matches("everything is as it was frozen").count(), 2, "{}", run.stdout);
}

#[test]
fn another_tenants_entity_is_not_found_by_its_key_nor_are_its_texts() {
    let place = saved();
    // Number 3 is the crab's.
    for words in [
        ["history", "video", "3"].as_slice(),
        &["capture", "video", "--key", "3"],
        &["context", "video", "3"],
    ] {
        let (code, stdout, stderr) = run(&place, "acme", words);
        assert_eq!(code, 1, "{words:?}: {stdout}{stderr}");
        assert!(!stdout.contains("V3") && !stderr.contains("V3"), "{stdout}{stderr}");
    }
    // A row refers to notes of all three, and only its own is read.
    for (tenant, own) in [("acme", 1), ("🦀", 3)] {
        let (code, stdout, stderr) = run(&place, tenant, &["context", "video", &own.to_string()]);
        assert_eq!((code, stderr.as_str()), (0, ""));
        for note in 1..=3 {
            assert_eq!(stdout.contains(&format!("Text of {note}")), note == own, "{tenant}: {stdout}");
        }
    }
    // Where there is no snapshot yet, one is captured: of its own rows only.
    place.sqlite("shop.db", "insert into videos values (9, 'acme', 'V9', 1, '[]')");
    assert_eq!(json_of(&place, "acme", &["context", "video", "9"])["captured"], true);
    assert_eq!(run(&place, "🦀", &["context", "video", "9"]).0, 1);
}

#[test]
fn whoever_is_told_is_told_whose_it_is() {
    let place = place();
    let telling = "[alerts.low]\nmetric = \"calls\"\nbelow = 2\n\n[sinks.ops]\ncommand = [\"./ops\"]\n\n\
                   [hooks]\nbefore = [\"./before\"]\nafter = [\"./after\"]\nfailed = [\"./failed\"]\n";
    place.write("asof.toml", format!("{CONFIG}\n{telling}"));
    for name in ["ops", "before", "after", "failed"] {
        program(&place, name, &format!("printf '%s\\n' \"$ASOF_TENANT\" >> {name}.env"));
    }
    let run = place.asof("save");
    assert_eq!(run.code, 0, "{}", run.stderr);
    let ids = TENANTS.map(|(tenant, ..)| json!(tenant));
    for name in ["before", "after"] {
        assert_eq!(got(&place, name).iter().map(|about| about["tenant"].clone()).collect::<Vec<_>>(), ids);
        let told: Vec<String> = place.read(&format!("{name}.env")).lines().map(str::to_owned).collect();
        assert_eq!(told, TENANTS.map(|(tenant, ..)| tenant));
    }
    // One call only is too few, and that is news for one tenant each, once.
    let documents = got(&place, "ops");
    assert_eq!(documents.len(), 1, "{documents:?}");
    assert_eq!((&documents[0]["tenant"], &documents[0]["alerts"][0]["tenant"]), (&json!("🦀"), &json!("🦀")));
    assert_eq!(place.read("ops.env"), "🦀\n");
    assert!(place.path("alerts.%f0%9f%a6%80.json").exists() && !place.path("alerts.json").exists());
    assert_eq!(self::run(&place, "🦀", &["alerts"]).0, 4);
    assert_eq!(self::run(&place, "acme", &["alerts"]).0, 0);
    // A save that fails for one tells of that one.
    place.write("snapshots/tenants/acme/archive.json", "{}");
    place.at("2025-11-08T02:30:00-06:00");
    assert_eq!(place.asof("save").code, 3);
    let failed = got(&place, "failed");
    assert_eq!(failed.iter().map(|about| about["tenant"].clone()).collect::<Vec<_>>(), ["acme"]);
}

#[test]
fn a_schedule_names_the_tenant_where_one_was_named_and_each_has_its_own_lines() {
    let place = place();
    with_crontab(&place);
    let tab = |place: &Place| std::fs::read_to_string(place.path("tab")).unwrap_or_default();
    for (tenant, word) in [("acme", "--tenant acme"), ("o'neil; -- \"x\"", r#"--tenant 'o'\''neil; -- "x"'"#)]
    {
        let (code, _, stderr) = run(&place, tenant, &["schedule", "--install"]);
        assert_eq!(code, 0, "{stderr}");
        assert!(tab(&place).contains(&format!("save --retry-for 15m {word}\n")), "{}", tab(&place));
        let polled = ["schedule", "--capture", "video", "--every", "5m", "--install"];
        assert_eq!(run(&place, tenant, &polled).0, 0);
        assert!(tab(&place).contains(&format!("capture video --if-changed --type scheduled {word}\n")));
    }
    // For all of them there is a line that names none; and each goes by itself.
    place.done(&["schedule --install", "schedule --capture video --every 1h --install"]);
    assert_eq!(tab(&place).matches("# asof: begin").count(), 6, "{}", tab(&place));
    assert!(tab(&place).contains("save --retry-for 15m\n"));
    assert_eq!(run(&place, "acme", &["schedule", "--remove"]).0, 0);
    assert_eq!(tab(&place).matches("# asof: begin").count(), 5);
    assert!(!tab(&place).contains("save --retry-for 15m --tenant acme"));
    assert!(tab(&place).contains("capture video --if-changed --type scheduled --tenant acme"));
    assert_eq!(run(&place, "nobody", &["schedule"]).0, 2);
    let (code, stdout, _) = run(&place, "acme", &["schedule", "--kind", "systemd"]);
    assert_eq!(code, 0);
    assert!(stdout.contains("\"--tenant\" \"acme\""), "{stdout}");
    // The name of a unit is that of no other tenant.
    let units: BTreeSet<String> = TENANTS
        .iter()
        .map(|(tenant, ..)| {
            json_of(&place, tenant, &["schedule", "--kind", "systemd"])["files"][0]["name"].to_string()
        })
        .collect();
    assert_eq!(units.len(), 3);
}

#[test]
fn hints_name_the_tenant() {
    let place = place();
    let (code, _, stderr) = run(&place, "🦀", &["growth"]);
    assert_eq!(code, 1, "{stderr}");
    assert!(stderr.contains("asof save --tenant '🦀'"), "{stderr}");
}

#[test]
fn the_heartbeat_is_called_once_and_only_when_all_went_well() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (calls, called) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            calls.send(call(&stream).0).unwrap();
            stream.write_all(b"HTTP/1.1 200 X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
        }
    });
    let place = place();
    place.write("asof.toml", format!("{CONFIG}\n[heartbeat]\nurl = \"http://127.0.0.1:{port}/all-well\"\n"));
    place.done(&["save"]);
    assert!(called.recv_timeout(Duration::from_secs(5)).unwrap().starts_with("GET /all-well "));
    assert!(called.try_recv().is_err());
    place.write("snapshots/tenants/acme/archive.json", "{}");
    assert_eq!(place.asof("save").code, 3);
    assert!(called.try_recv().is_err());
    // One that is saved by itself is all there is.
    assert_eq!(run(&place, "🦀", &["save"]).0, 0);
    assert!(called.recv_timeout(Duration::from_secs(5)).is_ok());
}

#[test]
fn worklists_and_cold_stores_are_each_ones_own() {
    let place = place();
    let more = "[retention]\nkeep_daily = \"1 days\"\n\n[worklist.again]\nof = \"calls\"\nkey = \"phone\"\noutcome = \"status\"\nout = []\n\
                never = { blocked = \"select phone from blocked where owner = :tenant\" }\n";
    place.write("asof.toml", format!("{CONFIG}\n{more}"));
    place.sqlite(
        "shop.db",
        "create table blocked (owner, phone); insert into blocked values ('acme', '0'), ('acme', '3')",
    );
    place.done(&["save", "backfill --from 2025-11-02 --to 2025-11-06"]);
    // Numbers 0 and 1 called acme, and 0 wants to hear no more; 0 to 3 called the crab, which knows of nobody's wish.
    for (tenant, expected) in [("acme", ["1"].as_slice()), ("🦀", &["0", "1", "2", "3"])] {
        let (code, _, stderr) = run(&place, tenant, &["worklist"]);
        assert_eq!(code, 0, "{stderr}");
        let folder = asof::config::tenant::folder(tenant);
        let open = names(&place, &format!("worklists/again/tenants/{folder}/again-queue_2025-11.json"));
        for phone in 0..5 {
            let phone = phone.to_string();
            assert_eq!(
                open.contains(&phone),
                expected.contains(&phone.as_str()),
                "{tenant}: {phone} {open:?}"
            );
        }
    }
    place.done(&["prune --to cold", "verify"]);
    let cold: BTreeSet<String> = place
        .tree("cold/tenants")
        .into_keys()
        .map(|path| path.split('/').next().unwrap().to_owned())
        .collect();
    assert_eq!(cold.len(), 3, "{cold:?}");
}
