//! What is printed to a terminal, to a file, and to somebody who does not listen.

use std::process::Output;

use super::alerting::sales;
use super::calls;
use crate::support::command::Place;

/// What a terminal gets, on which a command runs.
#[cfg(target_os = "linux")]
fn on_terminal(place: &Place, arguments: &str) -> String {
    let line = format!("{} {arguments} 2>/dev/null", env!("CARGO_BIN_EXE_asof"));
    let mut script = std::process::Command::new("/usr/bin/script");
    script.args(["-qec", &line, "/dev/null"]).current_dir(place.path("")).env_clear();
    script.env("ASOF_NOW", crate::support::command::NOW).env("PATH", "/usr/bin:/bin");
    let output = script.stdin(std::process::Stdio::null()).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn a_terminal_gets_no_control_characters_and_a_file_gets_what_is_there() {
    let place = calls();
    place.sqlite(
        "calls.db",
        "insert into calls (at, campaign, status, seconds) values
           ('2025-11-06 08:00:00', '1027', char(27) || '[31mred' || char(7) || char(155) || '2J' || char(8238) || char(10), 1)",
    );
    place.change("asof.toml", "unit = \"min\"", "label = \"a\\u009bb\\u001bc\"");
    place.done(&["save"]);
    let acts = |c: char| (c.is_control() && !"\r\n".contains(c)) || c == '\u{202e}';
    for arguments in [
        "series calls --by status --all --csv",
        "series calls --by status --all --json",
        "series calls --by status --all --color never",
        "restore --json",
        "restore --json --by status",
        "restore --by status --color never",
        "list --csv",
        "list --json",
        "list --stats --json",
        "drift --json --by status",
        "drift --by status -v --color never",
        "alerts --json",
        "compare 2025-11-06 2025-11-06 --json",
        "verify --json",
    ] {
        let told = on_terminal(&place, arguments);
        let found = told.chars().find(|c| acts(*c));
        assert!(found.is_none(), "asof {arguments} gives a terminal {found:?}:\n{told:?}");
    }
    let told = on_terminal(&place, "series calls --by status --all --csv");
    assert!(told.contains("status=␛[31mred␇\u{fffd}2J\u{fffd}"), "{told}");
    let json = on_terminal(&place, "restore --json");
    assert!(json.contains(r"\u001b[31mred\u0007\u009b2J\u202e\n"), "{json}");
    let stored = place.read("snapshots/2025-11-06/metrics.json");
    assert_eq!(place.asof("restore --json").stdout, stored);
    assert!(stored.contains('\u{9b}'));
    let file = place.asof("series calls --by status --all --csv").stdout;
    assert!(file.contains("\"status=\u{1b}[31mred\u{7}\u{9b}2J\u{202e}\n\""), "{file:?}");
}

/// Runs a command line in a shell: `$ASOF` is the program.
fn shell(place: &Place, script: &str) -> Output {
    let script = script.replace("$ASOF", env!("CARGO_BIN_EXE_asof"));
    place.env("PATH", "/usr/bin:/bin");
    place.command_by(&["/bin/sh", "-c", &script], &[]).output().unwrap()
}

/// Three frozen days, all of which read otherwise now.
fn restated() -> Place {
    let place = sales(&[4, 5, 6], "");
    place.done(&["save 2025-11-03", "save 2025-11-04", "save 2025-11-05"]);
    place.sqlite("calls.db", "insert into calls (at, campaign) select at, 'late' from calls");
    place
}

#[test]
fn work_does_not_depend_on_a_reader() {
    for (sink, code, said) in [
        ("| true", "0\n", ""),
        (
            ">/dev/full",
            "1\n",
            "error: can't write to standard output: No space left on device (os error 28)\n",
        ),
    ] {
        let place = restated();
        let drift = "$ASOF drift --from 2025-11-03 --to 2025-11-05 --restate --reason late";
        let output = shell(&place, &format!("(sleep 0.3; {drift}; echo $? >&3) 3>code {sink}"));
        assert_eq!(String::from_utf8(output.stderr).unwrap(), said, "{sink}");
        assert_eq!(place.read("code"), code, "{sink}");
        for day in 3..=5 {
            assert!(place.path(&format!("snapshots/2025-11-0{day}@2")).exists(), "{sink}: {day}");
        }
    }
    // What is said by the exit code is said all the same.
    let place = restated();
    shell(&place, "(sleep 0.3; $ASOF drift --from 2025-11-03 --exit-code; echo $? >&3) 3>code | true");
    assert_eq!(place.read("code"), "4\n");
}
