//! `asof worklist`: which keys are added, which are not and why, and what becomes of entries that are there.

use serde_json::Value;

use crate::support::command::Place;

/// A call centre whose calls are to be made again. The lists and the folder are as in the preset's use.
pub const CONFIG: &str = r#"[source]
url = "sqlite:calls.db"

[calendar]
time_zone = "America/Chicago"

[lists]
sale = ["SALE", "XFER"]
dnc = ["DNC", "DNCL"]
redial = ["NA", "DROP", "B"]

[events.calls]
table = "calls"
time = "at"
time_is = "local"

[metrics]
calls = { of = "calls", count = true }

[worklist.redial]
of = "calls"
key = "phone"
as = "phone"
outcome = "status"
id = "id"
out = ["sale", "dnc"]
take = "redial"
carry = ["lead_id", "list"]
never = { dnc_list = "select phone from dnc" }
"#;

pub const SCHEMA: &str = "
create table calls (id integer, at text, phone text, status text, lead_id integer, list text);
create table dnc (phone text);
";

/// A place with these calls: id, time, phone, status and lead, each on a line.
pub fn place(calls: &[(i64, &str, &str, &str, i64)]) -> Place {
    let place = Place::new();
    place.write("asof.toml", CONFIG);
    place.sqlite("calls.db", SCHEMA);
    add(&place, calls);
    place
}

pub fn add(place: &Place, calls: &[(i64, &str, &str, &str, i64)]) {
    let rows = calls.iter().map(|(id, at, phone, status, lead)| {
        format!("insert into calls values ({id}, '{at}', '{phone}', '{status}', {lead}, 'list \"{lead}\"');")
    });
    place.sqlite("calls.db", &rows.collect::<String>());
}

pub const RANGE: &str = "--from 2025-11-05 --to 2025-11-06";
pub const FILE: &str = "worklists/redial/redial-queue_2025-11.json";
pub const OCTOBER: &str = "worklists/redial/redial-queue_2025-10.json";

/// What the worklist's run gave, as JSON; it must succeed.
#[track_caller]
pub fn counts(place: &Place, more: &str) -> Value {
    let run = place.asof(&format!("worklist redial {RANGE} --json{more}"));
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    place.forget();
    serde_json::from_str(&run.stdout).unwrap()
}

/// The names of a file's entries, in order.
pub fn names(place: &Place, file: &str) -> Vec<String> {
    let text = place.read(file);
    // One line for each entry is what the file promises.
    let lines = text.lines().filter_map(|line| line.trim().strip_prefix('"')?.split('"').next());
    lines.map(str::to_owned).collect()
}

#[test]
fn phones_of_the_range_are_added_with_what_is_known_of_them() {
    let place = place(&[
        (1, "2025-11-04 23:59:59", "3145550109", "NA", 9),
        (2, "2025-11-05 00:00:00", "3145550100", "DROP", 17),
        (3, "2025-11-06 09:15:00", "(314) 555-0101", "B", 18),
        (4, "2025-11-06 23:59:59", "3145550100", "NA", 19),
        (5, "2025-11-07 00:00:00", "3145550108", "NA", 8),
    ]);
    place.asof(&format!("worklist redial {RANGE}"));
    place.asof(&format!("worklist redial {RANGE} -v"));
    place.told(
        r#"
$ asof worklist redial --from 2025-11-05 --to 2025-11-06
exit 0
$ asof worklist redial --from 2025-11-05 --to 2025-11-06 -v
redial, 2025-11-05 to 2025-11-06
  added                   0
  already there           2
  excluded now: sale      0
  excluded now: dnc       0
  excluded now: dnc_list  0
  out: sale               0
  out: dnc                0
  out: dnc_list           0
  unusable                0
  events without a key    0
  no file changes
exit 0
"#,
    );
    assert_eq!(
        place.read(FILE),
        r#"{
  "3145550100": {"lead_id": 19, "list": "list \"19\"", "phone_number": "3145550100", "phone_key": "+13145550100", "status": "pending", "attempts": 0, "first_seen": "2025-11-05 00:00:00", "last_seen": "2025-11-06 23:59:59", "last_outcome": "NA"},
  "(314) 555-0101": {"lead_id": 18, "list": "list \"18\"", "phone_number": "(314) 555-0101", "phone_key": "+13145550101", "status": "pending", "attempts": 0, "first_seen": "2025-11-06 09:15:00", "last_seen": "2025-11-06 09:15:00", "last_outcome": "B"}
}
"#
    );
}

#[test]
fn a_sale_at_any_time_puts_a_phone_out_and_no_sale_is_none() {
    let place = place(&[
        // Sold years ago, in another spelling; and long after the range.
        (1, "1999-01-01 10:00:00", "+1 (314) 555-0100", "SALE", 1),
        (2, "2025-11-05 10:00:00", "3145550100", "NA", 1),
        (3, "2025-11-05 10:00:00", "3145550101", "NA", 2),
        (4, "2026-08-01 10:00:00", "13145550101", "XFER", 2),
        (5, "2026-08-02 10:00:00", "3145550101", "NA", 2),
        // What only looks like a sale.
        (6, "2025-11-05 10:00:00", "3145550102", "NO SALE", 3),
        (7, "2025-11-05 11:00:00", "3145550102", "NA", 3),
        (8, "2025-11-05 11:00:00", "3145550103", "sale", 4),
        (9, "2025-11-05 12:00:00", "3145550103", "NA", 4),
        // Out for two reasons: the first of the configuration's is told.
        (10, "2025-11-05 10:00:00", "3145550104", "DNC", 5),
        (11, "2025-11-05 11:00:00", "3145550104", "SALE", 5),
        (12, "2025-11-05 10:00:00", "3145550105", "DNCL", 6),
    ]);
    let told = counts(&place, "");
    assert_eq!(told["out"], serde_json::json!({ "sale": 3, "dnc": 1, "dnc_list": 0 }));
    assert_eq!(told["added"], 2);
    assert_eq!(names(&place, FILE), ["3145550102", "3145550103"]);
}

#[test]
fn the_latest_call_decides_also_after_the_range_and_ids_break_ties() {
    let place = place(&[
        // Wanted once, no more: the later call has another outcome.
        (1, "2025-11-05 10:00:00", "3145550100", "NA", 1),
        (2, "2026-01-01 10:00:00", "3145550100", "CALLBK", 1),
        // Not wanted once, and now: the later call is after the range.
        (3, "2025-11-05 10:00:00", "3145550101", "CALLBK", 2),
        (4, "2026-01-01 10:00:00", "3145550101", "NA", 2),
        // At the same second, by id: 10 is later than 9.
        (10, "2025-11-05 10:00:00", "3145550102", "NA", 3),
        (9, "2025-11-05 10:00:00", "3145550102", "CALLBK", 3),
        (11, "2025-11-05 10:00:00", "13145550103", "CALLBK", 4),
        (7, "2025-11-05 10:00:00", "3145550103", "NA", 4),
        // Nobody knows how it ended.
        (12, "2025-11-05 10:00:00", "3145550104", "", 5),
    ]);
    place.sqlite("calls.db", "update calls set status = null where id = 12");
    let told = counts(&place, "");
    assert_eq!(told["latest"], serde_json::json!({ "CALLBK": 2, "NULL": 1 }));
    assert_eq!(names(&place, FILE), ["3145550101", "3145550102"]);
    // Without a list that is wanted, all others are.
    place.change("asof.toml", "take = \"redial\"\n", "");
    assert_eq!(counts(&place, "")["added"], 3);
    let entries: Value = serde_json::from_str(&place.read(FILE)).unwrap();
    assert_eq!(entries["3145550104"]["last_outcome"], Value::Null);
    assert_eq!(entries["3145550100"]["last_outcome"], "CALLBK");
}

#[test]
fn two_spellings_are_one_phone_and_the_latest_names_it() {
    let place = place(&[
        (1, "2025-11-05 10:00:00", "3145550100", "NA", 1),
        (2, "2025-11-05 11:00:00", "1-314-555-0100", "NA", 2),
        (3, "2025-11-05 10:30:00", "+13145550100", "NA", 3),
    ]);
    counts(&place, "");
    let entries: Value = serde_json::from_str(&place.read(FILE)).unwrap();
    assert_eq!(names(&place, FILE), ["1-314-555-0100"]);
    let entry = &entries["1-314-555-0100"];
    assert_eq!(
        (&entry["phone_key"], &entry["first_seen"], &entry["lead_id"]),
        (&"+13145550100".into(), &"2025-11-05 10:00:00".into(), &2.into())
    );
}

#[test]
fn what_is_no_phone_is_counted_and_not_added() {
    let place = place(&[
        (1, "2025-11-05 10:00:00", "5550100", "NA", 1),
        (2, "2025-11-06 10:00:00", "5550100", "NA", 1),
        (3, "2025-11-05 10:00:00", "anonymous", "NA", 2),
        (4, "2025-11-05 10:00:00", "  ", "NA", 3),
        (5, "2025-11-05 10:00:00", "", "NA", 4),
        (6, "2025-11-08 10:00:00", "elsewhere", "NA", 5),
    ]);
    place.sqlite("calls.db", "insert into calls values (7, '2025-11-05 10:00:00', null, 'NA', 6, null)");
    let before = place.tree("");
    let told = counts(&place, "");
    assert_eq!((&told["unusable"], &told["blank"]), (&2.into(), &3.into()));
    assert_eq!((&told["added"], &told["written"]), (&0.into(), &serde_json::json!([])));
    // A run that changes nothing writes nothing.
    assert!(place.tree("") == before);
}

#[test]
fn what_others_wrote_stays_and_a_later_exclusion_is_noted_in_whichever_month_it_is() {
    let place = place(&[
        (1, "2025-11-05 10:00:00", "3145550100", "NA", 1),
        (2, "2025-11-05 10:00:00", "3145550101", "SALE", 2),
        (3, "2025-11-05 10:00:00", "3145550102", "DNC", 3),
        (4, "2025-11-05 10:00:00", "3145550103", "NA", 4),
        (5, "2025-11-05 10:00:00", "3145550106", "NA", 4),
    ]);
    place.sqlite("calls.db", "insert into dnc values ('314-555-0104'), ('5550100'), ('31455501X6')");
    let october = r#"{
 "13145550101": { "z": [1.50,
   2], "status":"called", "attempts" : 3, "a\u0062": "é\/" },
 "3145550100": {"status": "done", "attempts": 12345678901234567890123},
 "x1": {"phone_number": "314 555 0104"},
 "3145550102": {"status": "excluded", "excluded_reason": "by hand"}
}"#;
    place.write(OCTOBER, october);
    place.write("worklists/redial/other-queue_2025-10.json", "no matter");
    place.write("worklists/redial/redial-queue_2025-10.json.bak", "no matter");
    let told = counts(&place, "");
    assert_eq!(told["excluded"], serde_json::json!({ "sale": 1, "dnc": 0, "dnc_list": 1 }));
    assert_eq!(told["out"], serde_json::json!({ "sale": 1, "dnc": 1, "dnc_list": 1 }));
    assert_eq!((&told["already"], &told["added"]), (&1.into(), &1.into()));
    assert_eq!(told["idle"], serde_json::json!({ "dnc_list": 1 }));
    assert_eq!(told["written"], serde_json::json!([OCTOBER, FILE]));
    assert_eq!(names(&place, FILE), ["3145550103"]);
    assert_eq!(
        place.read(OCTOBER),
        r#"{
  "13145550101": {"z": [1.50,
   2], "status": "excluded", "attempts": 3, "ab": "é\/", "excluded_reason": "sale", "excluded_at": "2025-11-07T09:00:00Z"},
  "3145550100": {"status": "done", "attempts": 12345678901234567890123},
  "x1": {"phone_number": "314 555 0104", "status": "excluded", "excluded_reason": "dnc_list", "excluded_at": "2025-11-07T09:00:00Z"},
  "3145550102": {"status": "excluded", "excluded_reason": "by hand"}
}
"#
    );
    // The next month: this month's entry is not added again, and a sale excludes it where it is.
    place.at("2025-12-01T05:59:59Z");
    assert_eq!(counts(&place, "")["file"], FILE);
    place.at("2025-12-01T06:00:00Z");
    add(&place, &[(9, "2025-11-30 10:00:00", "+13145550103", "SALE", 4)]);
    add(&place, &[(10, "2025-11-06 10:00:00", "3145550107", "NA", 4)]);
    let told = counts(&place, "");
    let december = "worklists/redial/redial-queue_2025-12.json";
    assert_eq!((&told["file"], &told["added"]), (&december.into(), &1.into()));
    assert_eq!(told["excluded"]["sale"], 1);
    assert_eq!(names(&place, december), ["3145550107"]);
    let november: Value = serde_json::from_str(&place.read(FILE)).unwrap();
    let entry = &november["3145550103"];
    assert_eq!(
        (&entry["status"], &entry["excluded_at"]),
        (&"excluded".into(), &"2025-12-01T06:00:00Z".into())
    );
}

#[test]
fn wildcards_of_the_never_list_keep_their_numbers_out() {
    let place = place(&[
        (1, "2025-11-05 10:00:00", "3145550100", "NA", 1),
        (2, "2025-11-05 10:00:00", "5735550199", "NA", 2),
        (3, "2025-11-05 10:00:00", "5735550299", "NA", 3),
        (4, "2025-11-05 10:00:00", "+44 20 7946 0000", "NA", 4),
        (5, "2025-11-05 10:00:00", "3155550100", "NA", 5),
    ]);
    place.sqlite(
        "calls.db",
        "insert into dnc values ('314XXXXXXX'), ('57355501xx'), ('+4420XXXXXXXX'), ('X'), (''), (null)",
    );
    place.asof(&format!("worklist redial {RANGE} --dry-run"));
    place.told(
        r#"
$ asof worklist redial --from 2025-11-05 --to 2025-11-06 --dry-run
redial, 2025-11-05 to 2025-11-06, if it were done
  added                   2
  already there           0
  excluded now: sale      0
  excluded now: dnc       0
  excluded now: dnc_list  0
  out: sale               0
  out: dnc                0
  out: dnc_list           3
  unusable                0
  events without a key    0
  note: 1 text of dnc_list can't be read as a key
  worklists/redial/redial-queue_2025-11.json
exit 0
"#,
    );
    counts(&place, "");
    assert_eq!(names(&place, FILE), ["3155550100", "5735550299"]);
}

#[test]
fn a_dry_run_writes_nothing() {
    let place = place(&[
        (1, "2025-11-05 10:00:00", "3145550100", "NA", 1),
        (2, "2025-11-05 10:00:00", "3145550101", "SALE", 2),
    ]);
    let before = place.tree("");
    let told = counts(&place, " --dry-run");
    assert_eq!((&told["added"], &told["dry_run"]), (&1.into(), &true.into()));
    assert!(place.tree("") == before);
    assert!(!place.path("worklists").exists());
    place.write(OCTOBER, "{\"3145550101\": {\"status\": \"pending\"}}");
    let before = place.tree("");
    assert_eq!(counts(&place, " --dry-run")["written"], serde_json::json!([OCTOBER, FILE]));
    assert!(place.tree("") == before);
    assert!(!place.path("worklists/redial/.lock").exists());
    // What it told is what is then done.
    let told = counts(&place, "");
    assert_eq!((&told["added"], &told["excluded"]["sale"]), (&1.into(), &1.into()));
}

#[test]
fn without_a_kind_the_text_itself_is_the_key() {
    let place = place(&[
        (1, "2025-11-05 10:00:00", " X-ray@example.org", "NA", 1),
        (2, "2025-11-05 11:00:00", "X-ray@example.org", "B", 2),
        (3, "2025-11-05 10:00:00", "x-ray@example.org", "SALE", 3),
        (4, "2025-11-05 10:00:00", "5550100", "NA", 4),
        (5, "2025-11-05 10:00:00", "out@example.org ", "NA", 5),
        (6, "1999-11-05 10:00:00", "out@example.org", "SALE", 5),
    ]);
    place.sqlite("calls.db", "insert into dnc values ('5550100')");
    place.change("asof.toml", "as = \"phone\"\n", "");
    place.change("asof.toml", "carry = [\"lead_id\", \"list\"]", "carry = { lead = \"lead_id * 10\" }");
    let told = counts(&place, "");
    assert_eq!(told["out"], serde_json::json!({ "sale": 2, "dnc": 0, "dnc_list": 1 }));
    assert_eq!(
        place.read(FILE),
        r#"{
  "X-ray@example.org": {"lead": 20, "key": "X-ray@example.org", "status": "pending", "attempts": 0, "first_seen": "2025-11-05 10:00:00", "last_seen": "2025-11-05 11:00:00", "last_outcome": "B"}
}
"#
    );
}

#[test]
fn the_range_is_that_of_the_archive_when_none_is_given() {
    let place = place(&[
        (1, "2025-11-04 10:00:00", "3145550100", "NA", 1),
        (2, "2025-11-05 10:00:00", "3145550101", "NA", 2),
        (3, "2025-11-06 10:00:00", "3145550102", "NA", 3),
    ]);
    place.asof("worklist redial");
    place.asof("worklist redial --from 2025-11-05");
    place.told(
        r#"
$ asof worklist redial
! error: no day is frozen here yet
!   hint: give the range by --from and --to
exit 2
$ asof worklist redial --from 2025-11-05
! error: no day is frozen here yet
!   hint: give the range by --from and --to
exit 2
"#,
    );
    place.done(&["save 2025-11-04", "save 2025-11-05"]);
    place.asof("worklist");
    place.asof("worklist --dry-run --from 2025-11-06");
    place.asof("worklist --dry-run --from 2025-11-06 --to 2025-11-05");
    place.asof("worklist redail --to yesterday");
    place.asof("worklist --from -1d --dry-run --to yesterday --json");
    place.change("asof.toml", "[worklist.redial]", "[worklist.again]");
    place.asof("worklist redial");
    let end = place.read("asof.toml").split_once("[worklist").unwrap().0.to_owned();
    place.write("asof.toml", end);
    place.asof("worklist redial");
    place.asof("worklist");
    place.told(
        r#"
$ asof worklist
exit 0
$ asof worklist --dry-run --from 2025-11-06
! error: the range from 2025-11-06 to 2025-11-05 runs backwards
!   hint: the last frozen day is 2025-11-05: give --to as well
exit 2
$ asof worklist --dry-run --from 2025-11-06 --to 2025-11-05
! error: the range from 2025-11-06 to 2025-11-05 runs backwards
!   hint: let --from be the earlier day
exit 2
$ asof worklist redail --to yesterday
! error: "redail" is no worklist
!   hint: known worklists: redial
exit 2
$ asof worklist --from -1d --dry-run --to yesterday --json
{"added":1,"already":0,"blank":0,"dry_run":true,"event":"worklist","excluded":{"dnc":0,"dnc_list":0,"sale":0},"file":"worklists/redial/redial-queue_2025-11.json","from":"2025-11-06","idle":{},"latest":{},"name":"redial","out":{"dnc":0,"dnc_list":0,"sale":0},"to":"2025-11-06","unknown":0,"unusable":0,"written":["worklists/redial/redial-queue_2025-11.json"]}
exit 0
$ asof worklist redial
! error: "redial" is no worklist
!   hint: known worklists: again
exit 2
$ asof worklist redial
! error: "redial" is no worklist
!   hint: add [worklist.NAME] to the configuration
exit 2
$ asof worklist
! error: there are no worklists
!   hint: add [worklist.NAME] to the configuration
exit 2
"#,
    );
    assert_eq!(names(&place, FILE), ["3145550100", "3145550101"]);
}
