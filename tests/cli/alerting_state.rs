//! What was told is kept, whatever becomes of the file, and of runs side by side.

use std::fs;
use std::process::Stdio;

use serde_json::{Value, json};

use super::alerting::{LOW, got, program, sales};

#[test]
fn a_damaged_file_is_set_aside_and_what_fires_is_told_once_more() {
    let place = sales(&[4, 4, 4, 4], LOW);
    program(&place, "ops", "");
    place.done(&["save 2025-11-03"]);
    for (day, damaged) in [(4, "{\"format\":\"asof.alerts/1\",\"jud"), (6, "")] {
        place.write("alerts.json", damaged);
        place.asof(&format!("save 2025-11-0{day}"));
        place.asof(&format!("save 2025-11-0{day}"));
        if day == 4 {
            place.asof("save 2025-11-05");
        }
    }
    place.told(
        r#"
$ asof save 2025-11-04
! warning: alert low on 2025-11-04: sales: 4 is below 10
! warning: alerts.json does not tell which alerts were sent: EOF while parsing a string at line 1 column 30; it was set aside as alerts.json.damaged, and alerts that still fire are told once more
exit 0
$ asof save 2025-11-04
exit 0
$ asof save 2025-11-05
exit 0
$ asof save 2025-11-06
! warning: alert low on 2025-11-06: sales: 4 is below 10
! warning: alerts.json does not tell which alerts were sent: EOF while parsing a value at line 1 column 0; it was set aside as alerts.json.damaged-2, and alerts that still fire are told once more
exit 0
$ asof save 2025-11-06
exit 0
"#,
    );
    assert_eq!(place.read("alerts.json.damaged"), "{\"format\":\"asof.alerts/1\",\"jud");
    assert_eq!(place.read("alerts.json.damaged-2"), "");
    let days: Vec<Value> = got(&place, "ops").iter().map(|told| told["day"].clone()).collect();
    assert_eq!(days, ["2025-11-03", "2025-11-04", "2025-11-06"]);
}

#[test]
fn a_file_that_can_not_be_used_keeps_the_sinks_silent_and_nobody_else() {
    let place = sales(&[4, 4, 4], LOW);
    program(&place, "ops", "");
    let newer = r#"{"format":"asof.alerts/2","alerts":"in another way"}"#;
    place.write("alerts.json", newer);
    place.asof("save 2025-11-03");
    place.asof("alerts --send");
    assert_eq!(place.read("alerts.json"), newer);
    fs::remove_file(place.path("alerts.json")).unwrap();
    fs::create_dir(place.path("alerts.json")).unwrap();
    place.asof("save 2025-11-04");
    assert!(got(&place, "ops").is_empty());
    fs::remove_dir(place.path("alerts.json")).unwrap();
    place.asof("save 2025-11-05");
    place.told(
        r#"
$ asof save 2025-11-03
! warning: alert low on 2025-11-03: sales: 4 is below 10
! warning: the sinks are told of no alerts: alerts.json was written by another version of asof: its format is "asof.alerts/2", and this one reads asof.alerts/1; use that version, or move the file away: alerts that still fire are told once more then
exit 0
$ asof alerts --send
! error: alerts.json was written by another version of asof: its format is "asof.alerts/2", and this one reads asof.alerts/1
!   hint: use that version, or move the file away: alerts that still fire are told once more then
exit 1
$ asof save 2025-11-04
! warning: alert low on 2025-11-04: sales: 4 is below 10
! warning: the sinks are told of no alerts: can't read alerts.json: Is a directory (os error 21); what was told is kept beside the configuration: let this folder be writable
exit 0
$ asof save 2025-11-05
! warning: alert low on 2025-11-05: sales: 4 is below 10
exit 0
"#,
    );
    assert_eq!(got(&place, "ops").len(), 1);
}

#[test]
fn what_was_frozen_while_nobody_could_be_told_is_told_later() {
    let place = sales(&[20, 4, 20, 20], LOW);
    program(&place, "ops", "");
    place.done(&["save 2025-11-03"]);
    let state = place.read("alerts.json");
    place.write("alerts.json", state.replace("alerts/1", "alerts/2"));
    place.asof("save 2025-11-04");
    // It was that version's day only.
    place.write("alerts.json", state);
    place.asof("save 2025-11-05");
    place.asof("save 2025-11-06");
    place.told(
        r#"
$ asof save 2025-11-04
! warning: alert low on 2025-11-04: sales: 4 is below 10
! warning: the sinks are told of no alerts: alerts.json was written by another version of asof: its format is "asof.alerts/2", and this one reads asof.alerts/1; use that version, or move the file away: alerts that still fire are told once more then
exit 0
$ asof save 2025-11-05
! warning: alert low on 2025-11-04: sales: 4 is below 10
exit 0
$ asof save 2025-11-06
exit 0
"#,
    );
    assert_eq!(got(&place, "ops").len(), 1);
}

#[test]
fn of_two_runs_at_once_one_tells() {
    let place = sales(&[4], LOW);
    program(&place, "ops", "");
    place.write("quiet.toml", place.read("asof.toml").split("[alerts.low]").next().unwrap());
    place.done(&["--config quiet.toml save 2025-11-03"]);
    place.at("2025-11-04T03:00:00-06:00");
    program(&place, "ops", "sleep 0.3");
    let runs: Vec<_> = (0..4)
        .map(|_| {
            let mut command = place.command(&["alerts", "--send"]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let mut said: Vec<String> = runs
        .into_iter()
        .map(|run| {
            let output = run.wait_with_output().unwrap();
            assert_eq!((output.status.code(), output.stderr.len()), (Some(4), 0));
            String::from_utf8(output.stdout).unwrap().lines().last().unwrap().to_owned()
        })
        .collect();
    said.sort();
    assert_eq!(said, ["nothing is news", "nothing is news", "nothing is news", "ops got 1 alert"]);
    assert_eq!(got(&place, "ops").len(), 1);
    let state: Value = serde_json::from_str(&place.read("alerts.json")).unwrap();
    assert_eq!(
        state,
        json!({
            "format": "asof.alerts/1", "judged": "2025-11-03", "seen": null,
            "alerts": [{ "name": "low", "told": "2025-11-03", "firing": true }],
        })
    );
}

#[test]
fn with_json_each_line_is_a_document() {
    let trial = "\n[sinks.trial]\ncommand = [\"./trial\"]\ndry_run = true\n\n[sinks.broken]\ncommand = [\"./nowhere\"]\n";
    let place = sales(&[4], &format!("{LOW}{trial}"));
    program(&place, "ops", "");
    let run = place.asof("save 2025-11-03 --json");
    let lines =
        |text: &str| -> Vec<Value> { text.lines().map(|line| serde_json::from_str(line).unwrap()).collect() };
    let said = lines(&run.stdout);
    let events: Vec<&str> = said.iter().map(|line| line["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["day", "alert", "sink", "sink", "sink"]);
    assert_eq!(
        (&said[1]["name"], &said[1]["value"], &said[1]["day"]),
        (&json!("low"), &json!(4), &json!("2025-11-03"))
    );
    let sinks: Vec<Value> =
        said[2..].iter().map(|line| json!([line["sink"], line["sent"], line["error"]])).collect();
    let error = "./nowhere can't be run: No such file or directory (os error 2)";
    assert_eq!(
        sinks,
        [json!(["ops", true, null]), json!(["trial", false, null]), json!(["broken", false, error])]
    );
    assert_eq!(said[2]["document"], got(&place, "ops")[0]);
    assert_eq!(
        lines(&run.stderr),
        [
            json!({ "warning": "alert low on 2025-11-03: sales: 4 is below 10" }),
            json!({ "warning": format!("the sink broken did not get its alerts: {error}; the next save tries again") }),
        ]
    );
    // What waits is sent first, as it was, by the next save; also by one that has nothing to freeze.
    program(&place, "nowhere", "");
    place.forget();
    place.asof("save 2025-11-03");
    place.told("$ asof save 2025-11-03\nexit 0\n");
    assert_eq!(got(&place, "nowhere"), got(&place, "ops"));
}

#[test]
fn of_saves_at_once_each_alert_is_told_once() {
    let place = sales(&[20, 4, 4, 4], LOW);
    program(&place, "ops", "sleep 0.1");
    place.done(&["save 2025-11-03"]);
    let save = |day| {
        let mut command = place.command(&["save", &format!("2025-11-0{day}")]);
        command.stderr(Stdio::null()).spawn().unwrap()
    };
    let runs: Vec<_> = (4..=6).map(save).collect();
    for mut run in runs {
        assert!(run.wait().unwrap().success());
    }
    let low = got(&place, "ops").iter().filter(|told| told["alerts"][0]["name"] == "low").count();
    assert_eq!(low, 1);
    assert_eq!(place.read("alerts.json").matches("\"low\"").count(), 1);
}
