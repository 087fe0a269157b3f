//! Sound and unsound configurations.

use std::path::Path;

use super::Config;

const SOUND: &str = r#"
[source]
url = "mysql://report@db.example/asterisk"

[calendar]
time_zone = "America/Chicago"

[lists]
sale = ["SALE"]

[events.calls]
table = "vicidial_log"
time = "call_date"
time_is = "local"

[events.calls.by]
hour = { time = "hour" }
status = "status"
agent = { sql = "user", alone = true, labels = "select user, full_name from vicidial_users" }

[metrics]
calls = { of = "calls", count = true }
sales = { of = "calls", count = true, where = "status in {sale}", good = "up" }
minutes = { of = "calls", sum = "length_in_sec", divide = 60, unit = "min" }
phones = { of = "calls", distinct = "phone_number", by = ["status"], label = "Unique phones" }
conversion = { ratio = ["sales", "calls"], unit = "%", over = "30d" }

[[dashboard]]
title = "Volume"
show = ["calls", "sales"]
by = ["hour"]
"#;

fn problems(text: &str) -> String {
    Config::parse(text, Path::new("asof.toml"))
        .map_or_else(|problems| problems.to_string(), |_| "sound".to_owned())
}

/// The sound text with one piece replaced.
fn with(piece: &str, other: &str) -> String {
    assert!(SOUND.contains(piece), "{piece:?} is not in the text");
    problems(&SOUND.replacen(piece, other, 1))
}

#[test]
fn a_sound_configuration_is_read() {
    let config = Config::parse(SOUND, Path::new("/etc/asof/asof.toml")).unwrap();
    assert_eq!(config.archive.dir, Path::new("/etc/asof/snapshots"));
    assert_eq!(config.archive.key_file, Path::new("/etc/asof/asof.key"));
    assert_eq!(config.sources.main().time_zone.name(), "America/Chicago");
    assert_eq!(config.presentation.metrics["minutes"].label, "Minutes");
    assert_eq!(config.presentation.metrics.keys().last().unwrap(), "conversion");
    assert_eq!(config.definitions.metrics["conversion"].over_days, Some(30));
}

#[test]
fn what_is_no_toml_is_told_with_its_place() {
    let text = problems("[source\nurl = mysql\n");
    assert!(text.starts_with("asof.toml:1:"), "{text}");
    assert!(text.contains("this is no TOML"), "{text}");
    assert_eq!(problems("").lines().filter(|line| line.starts_with("asof.toml")).count(), 4);
}

#[test]
fn all_problems_are_told_at_once() {
    let text = with(
        "table = \"vicidial_log\"\ntime = \"call_date\"",
        "tabel = \"vicidial_log\"\ntim = \"call_date\"",
    ) + "\n"
        + &with(
            "sum = \"length_in_sec\", divide = 60",
            "sum = 5, divide = 0, where = \"status in {sales}\", colour = 1",
        );
    assert_eq!(
        text,
        r#"asof.toml:11:1: "time" is missing
  hint: add a line time = …
asof.toml:12:1: unknown key "tabel"
  hint: did you mean "table"?
asof.toml:13:1: unknown key "tim"
  hint: did you mean "time"?
asof.toml:24:1: it is not said what "minutes" measures
  hint: give exactly one of count, sum, min, max, avg, distinct and ratio
asof.toml:24:33: "sum" is a whole number, and should be text
  hint: put it in quotes
asof.toml:24:77: unknown key "colour"
  hint: known here: of, count, sum, min, max, avg, distinct, ratio, where, divide, by, as, cumulative, over, drift, label, unit, good"#
    );
}

#[test]
fn what_does_not_fit_together_is_told_with_a_hint() {
    for (piece, other, expected) in [
        (
            "America/Chicago",
            "America/Chikago",
            "asof.toml:6:13: \"America/Chikago\" is no known time zone\n  hint: did you mean \"America/Chicago\"?",
        ),
        (
            "time_zone = \"America/Chicago\"",
            "time_zone = \"UTC\"\nday_starts_at = \"25:00\"",
            "asof.toml:7:17: \"25:00\" is no time of day\n  hint: write a time of day such as 00:00 or 06:30",
        ),
        (
            "time_zone = \"America/Chicago\"",
            "time_zone = \"UTC\"\nfinal_after = \"2 hours\"",
            "asof.toml:7:15: \"2 hours\" is no span of time\n  hint: write a whole number and a unit: 500ms, 60s, 15m, 2h, 1d",
        ),
        (
            "of = \"calls\", count",
            "of = \"cals\", count",
            "asof.toml:22:16: \"cals\" is no events\n  hint: did you mean \"calls\"?",
        ),
        (
            "[\"sales\", \"calls\"], unit",
            "[\"sale\", \"calls\"], unit",
            "asof.toml:26:25: \"sale\" is no metric\n  hint: did you mean \"sales\"?",
        ),
        (
            "[\"sales\", \"calls\"], unit",
            "[\"sales\", \"conversion\"], unit",
            "asof.toml:26:34: \"conversion\" can't be a part of a ratio\n  hint: name what is counted, not another ratio",
        ),
        ("{sale}", "{sail}", "asof.toml:23:47: {sail} is no list\n  hint: did you mean \"sale\"?"),
        (
            "over = \"30d\"",
            "over = \"1d\"",
            "asof.toml:26:63: \"1d\" is no number of days\n  hint: write a number of days from 2d to 366d, such as 30d",
        ),
        (
            "[\"sales\", \"calls\"], unit",
            "[\"phones\", \"calls\"], unit",
            "asof.toml:26:25: \"phones\" can't be a part of a ratio\n  hint: distinct counts of several days don't add up: leave over out",
        ),
        (
            "by = [\"status\"], label",
            "by = [\"stats\"], label",
            "asof.toml:25:59: \"stats\" is no dimension of \"calls\"\n  hint: did you mean \"status\"?",
        ),
        (
            "show = [\"calls\"",
            "show = [\"cells\"",
            "asof.toml:30:9: \"cells\" is no metric\n  hint: did you mean \"calls\"?",
        ),
        (
            "table = \"vicidial_log\"",
            "sql = \"select * from vicidial_log\"",
            "asof.toml:12:7: the query is not limited to a day\n  hint: add where {window}, which limits \"call_date\" to the day",
        ),
        ("divide = 60", "divide = 0", "asof.toml:24:59: 0 divides nothing"),
        (
            "sale = [\"SALE\"]",
            "sale = [\"SALE\"]\nwindow = []",
            "asof.toml:10:1: a list can't be named \"window\"\n  hint: {window}, {start} and {end} stand for the day: take another name",
        ),
        (
            "time_is = \"local\"",
            "time_is = \"loacl\"",
            "asof.toml:14:11: \"loacl\" is none of local, utc, epoch, instant\n  hint: did you mean \"local\"?",
        ),
        (
            "by = [\"status\"], label",
            "by = [\"status\"], as = \"phon\", label",
            "asof.toml:25:75: \"phon\" is none of phone\n  hint: did you mean \"phone\"?",
        ),
        (
            "count = true, where",
            "count = true, as = \"phone\", where",
            "asof.toml:23:44: \"as\" means nothing with \"count\"\n  hint: only the values of a distinct are told apart",
        ),
        (
            "unit = \"%\", over = \"30d\"",
            "unit = \"%\", cumulative = false",
            "asof.toml:26:69: \"cumulative\" means nothing with \"ratio\"\n  hint: only the values of a distinct are kept for the days to come",
        ),
        (
            "by = [\"status\"], label",
            "by = [\"status\"], as = \"phone\", cumulative = true, over = \"7d\", label",
            "asof.toml:25:110: \"over\" means nothing with \"distinct\"\n  hint: distinct counts of several days don't add up",
        ),
        (
            "[calendar]",
            "[archive]\nkey_file = \"snapshots/keys/asof.key\"\n[calendar]",
            "asof.toml:6:12: the key file \"snapshots/keys/asof.key\" lies in the archive \"snapshots\"\n  hint: keep the key apart: whoever",
        ),
        (
            "[calendar]",
            "[archive]\nkey_file = \"..\"\n[calendar]",
            "asof.toml:6:12: \"..\" is no file\n  hint: name a file, such as asof.key",
        ),
        (
            "mysql://report@db.example/asterisk",
            "mysql://report:hunter2@/asterisk",
            "asof.toml:3:7: the source's url can't be read: it names no host\n  hint: write mysql://user@host:port/database",
        ),
    ] {
        let text = with(piece, other);
        assert!(text.starts_with(expected), "{piece} -> {other}:\n{text}\nexpected\n{expected}");
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[test]
fn a_key_that_is_wrong_twice_is_told_once() {
    // An unreadable metric is a problem by itself; what refers to it is not.
    let text = with("sales = { of = \"calls\", count = true,", "sales = { of = 7, count = true,");
    assert_eq!(text.matches("asof.toml:").count(), 2, "{text}");
    assert!(!text.contains("is no metric"), "{text}");
}

#[test]
fn a_value_in_the_wrong_place_is_not_repeated() {
    let text = problems("source = \"mysql://report:hunter2@db, expected x/asterisk\"\n");
    assert!(
        text.starts_with("asof.toml:1:10: \"source\" is text, and should be a table of its keys"),
        "{text}"
    );
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn the_key_of_kept_values_lies_outside_of_the_archive() {
    let cumulative = SOUND.replace("by = [\"status\"], label", "cumulative = true, label");
    let read = |archive: &str| {
        let text = cumulative.replace("[calendar]", &format!("[archive]\n{archive}\n[calendar]"));
        Config::parse(&text, Path::new("/etc/asof/asof.toml")).map(|config| config.archive)
    };
    let apart = read("dir = \"../snapshots\"\nkey_file = \"keys/../k\"").unwrap();
    assert_eq!(apart.key_file, Path::new("/etc/asof/keys/../k"));
    // The archive around the configuration takes the default file in; that matters only where it is needed.
    let around = read("dir = \"/etc\"").unwrap_err().to_string();
    let expected = "/etc/asof/asof.toml:6:7: the key file \"asof.key\" lies in the archive \"/etc\"";
    assert!(around.starts_with(expected), "{around}");
    assert!(
        Config::parse(
            &SOUND.replace("[calendar]", "[archive]\ndir = \"/etc\"\n[calendar]"),
            Path::new("/etc/asof/asof.toml")
        )
        .is_ok()
    );
}

#[test]
fn a_metric_is_the_same_whether_or_not_it_is_cumulative() {
    let phones = |keys: &str| {
        let text = SOUND.replace("by = [\"status\"], label", &format!("by = [\"status\"], {keys}label"));
        Config::parse(&text, Path::new("asof.toml")).unwrap().definitions
    };
    let (plain, cumulative) = (phones(""), phones("cumulative = true, "));
    assert_eq!(plain.metric_fingerprint("phones"), cumulative.metric_fingerprint("phones"));
    assert_ne!(plain.fingerprint(), cumulative.fingerprint());
    let phone = phones("as = \"phone\", ");
    assert_ne!(plain.metric_fingerprint("phones"), phone.metric_fingerprint("phones"));
    assert!(!plain.text().contains("cumulative") && !plain.text().contains("\"as\""));
}

const WORKLIST: &str = r#"
[worklist.redial]
of = "calls"
key = "phone_number"
as = "phone"
outcome = "status"
out = ["sale"]
take = "sale"
carry = ["lead_id"]
never = { dnc = "select phone_number from vicidial_dnc where campaign_id in {sale}" }
"#;

#[test]
fn a_worklist_is_read_and_is_no_part_of_the_definitions() {
    let config = Config::parse(&(SOUND.to_owned() + WORKLIST), Path::new("/etc/asof/asof.toml")).unwrap();
    let worklist = &config.worklists["redial"];
    assert_eq!(worklist.dir, Path::new("/etc/asof/worklists/redial"));
    assert_eq!(worklist.carry["lead_id"], super::CarryOf::Column("lead_id".to_owned()));
    let without = Config::parse(SOUND, Path::new("/etc/asof/asof.toml")).unwrap();
    assert_eq!(config.definitions.fingerprint(), without.definitions.fingerprint());
    let carry = (SOUND.to_owned() + WORKLIST)
        .replace("[\"lead_id\"]", "{ lead = \"lead_id\", twice = \"2 * lead_id\" }");
    let config = Config::parse(&carry, Path::new("asof.toml")).unwrap();
    assert_eq!(config.worklists["redial"].carry.keys().collect::<Vec<_>>(), ["lead", "twice"]);
}

#[test]
fn what_does_not_fit_in_a_worklist_is_told_with_a_hint() {
    for (piece, other, expected) in [
        ("[worklist.redial]", "[worklist.Redial]", "33:11: \"Redial\" can't be a name"),
        ("of = \"calls\"", "of = \"cals\"", "34:6: \"cals\" is no events\n  hint: did you mean \"calls\"?"),
        ("key = \"phone_number\"", "key = \" \"", "35:7: the expression is empty"),
        (
            "key = \"phone_number\"",
            "key = \"a in {sales}\"",
            "35:7: {sales} is no list\n  hint: did you mean \"sale\"?",
        ),
        (
            "as = \"phone\"",
            "as = \"Phone\"",
            "36:6: \"Phone\" is none of phone\n  hint: did you mean \"phone\"?",
        ),
        ("outcome = \"status\"\n", "", "33:1: \"outcome\" is missing"),
        (
            "out = [\"sale\"]",
            "out = [\"sale\", \"sail\"]",
            "38:16: \"sail\" is no list\n  hint: did you mean \"sale\"?",
        ),
        (
            "take = \"sale\"",
            "take = \"redial\"",
            "39:8: \"redial\" is no list\n  hint: known lists: \"sale\"",
        ),
        ("[\"lead_id\"]", "[\"lead_id\", \"lead_id\"]", "40:21: \"lead_id\" is carried twice"),
        (
            "[\"lead_id\"]",
            "[\"phone_number\"]",
            "40:10: an entry has a field \"phone_number\" of its own\n  hint: give it another name: carry = { source_phone_number = \"phone_number\" }",
        ),
        ("[\"lead_id\"]", "{ lead = \"\" }", "40:18: the expression is empty"),
        (
            "[\"lead_id\"]",
            "\"lead_id\"",
            "40:9: \"carry\" is text, and should be a list of columns, or a table such as { lead = \"lead_id\" }",
        ),
        (
            "in {sale}\"",
            "in {window}\"",
            "41:17: {window} is no list\n  hint: the day can be named in an events' sql only",
        ),
        (
            "never = ",
            "dir = \"snapshots/x/../redial\"\nnever = ",
            "41:7: a worklist can't lie inside the archive",
        ),
        ("never = ", "dir = \"\"\nnever = ", "41:7: \"\" is no folder"),
        ("never = ", "dirr = \"\"\nnever = ", "41:1: unknown key \"dirr\"\n  hint: did you mean \"dir\"?"),
    ] {
        assert!(WORKLIST.contains(piece), "{piece}");
        let text = problems(&(SOUND.to_owned() + &WORKLIST.replacen(piece, other, 1)));
        assert!(
            text.starts_with(&format!("asof.toml:{expected}")),
            "{piece} -> {other}:\n{text}\nexpected\n{expected}"
        );
    }
}
