//! `schedule`: what is printed, and what is put in place and taken away, with a `crontab` of the test's own.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use super::calls;
use crate::support::command::Place;

/// A call centre with a `crontab`.
fn place() -> Place {
    let place = calls();
    with_crontab(&place);
    place
}

/// Puts a `crontab` in place that keeps its lines in the file `tab`.
pub fn with_crontab(place: &Place) {
    let tab = place.path("tab").display().to_string();
    let script = format!(
        "#!/bin/sh\nif [ \"$1\" = -l ]; then\n  if [ -f '{tab}' ]; then while IFS= read -r line; do \
         printf '%s\\n' \"$line\"; done < '{tab}'; else echo 'no crontab for me' >&2; exit 1; fi\nelse\n  : > '{tab}'; \
         while IFS= read -r line; do printf '%s\\n' \"$line\" >> '{tab}'; done\nfi\n"
    );
    place.write("bin/crontab", script);
    fs::set_permissions(place.path("bin/crontab"), fs::Permissions::from_mode(0o755)).unwrap();
    place.env("PATH", place.path("bin").to_str().unwrap());
    place.env("HOME", place.path("home").to_str().unwrap());
    // The machine's clock is that of the calendar.
    place.env("TZ", "America/Chicago");
}

/// Puts a program in place that writes its words into the file `calls`, and then fails or not.
fn recorded(place: &Place, program: &str, exit: u8) {
    let calls = place.path("calls").display().to_string();
    let script = format!(
        "#!/bin/sh\necho \"{program} $*\" >> '{calls}'\nif [ {exit} != 0 ]; then echo 'no bus' >&2; fi\nexit {exit}\n"
    );
    let path = format!("bin/{program}");
    place.write(&path, script);
    fs::set_permissions(place.path(&path), fs::Permissions::from_mode(0o755)).unwrap();
}

/// What was called since the last time.
fn called(place: &Place) -> Vec<String> {
    let path = place.path("calls");
    let lines = fs::read_to_string(&path).unwrap_or_default();
    let _ = fs::remove_file(path);
    lines.lines().map(str::to_owned).collect()
}

/// The name that units of this configuration have.
fn unit(place: &Place) -> String {
    let digest = asof::model::Digest::of(place.path("asof.toml").to_str().unwrap().as_bytes()).to_string();
    format!("asof-{}", &digest[..8])
}

/// The block as it has to be.
fn block(place: &Place, minute: u32, hour: u32) -> String {
    let dir = place.path("").display().to_string();
    let dir = dir.trim_end_matches('/');
    let program = env!("CARGO_BIN_EXE_asof");
    format!(
        "# asof: begin {dir}/asof.toml\nCRON_TZ=America/Chicago\n{minute} {hour} * * * cd {dir} && {program} \
         --config {dir}/asof.toml save --retry-for 15m\n# asof: end {dir}/asof.toml\n"
    )
}

#[test]
fn a_cron_line_is_printed_and_nothing_is_changed() {
    let place = place();
    let run = place.asof("schedule");
    // At 02:05 the day is final, and on 8 March clocks jump over that.
    assert_eq!((run.code, run.stdout), (0, block(&place, 0, 3)));
    assert_eq!(run.stderr, "");
    assert!(!place.path("tab").exists());
}

#[test]
fn installing_keeps_other_lines_and_twice_changes_nothing() {
    let place = place();
    place.write("tab", "MAILTO=me\n0 1 * * * back\\%up\n");
    assert_eq!(place.asof("schedule --install").code, 0);
    let installed = format!("MAILTO=me\n0 1 * * * back\\%up\n{}", block(&place, 0, 3));
    assert_eq!(place.read("tab"), installed);
    let again = place.asof("schedule --install --json");
    assert!(again.stdout.contains("\"changed\":false"), "{}", again.stdout);
    assert_eq!(place.read("tab"), installed);
    assert_eq!(place.asof("schedule --install --at 3:30").code, 0);
    assert_eq!(place.read("tab"), installed.replace("0 3 *", "30 3 *"));
    assert_eq!(place.asof("schedule --remove").code, 0);
    assert_eq!(place.read("tab"), "MAILTO=me\n0 1 * * * back\\%up\n");
}

#[test]
fn a_user_without_a_crontab_gets_one_and_one_that_fails_is_left_alone() {
    let place = place();
    assert_eq!(place.asof("schedule --install").code, 0);
    assert_eq!(place.read("tab"), block(&place, 0, 3));
    place.write("bin/crontab", "#!/bin/sh\necho 'not allowed' >&2\nexit 1\n");
    let run = place.asof("schedule --install --at 04:00");
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("crontab -l failed: not allowed"), "{}", run.stderr);
    assert_eq!(place.read("tab"), block(&place, 0, 3));
}

#[test]
fn a_time_at_which_the_day_is_not_final_is_refused() {
    let place = place();
    place.asof("schedule --at 01:00");
    place.change("asof.toml", "[calendar]", "[calendar]\nfinal_after = \"30h\"");
    place.asof("schedule --install");
    place.told(
        r#"
$ asof schedule --at 01:00
! error: at 01:00 the day before is not final: that is so from 02:00 on
!   hint: --at 02:00, or leave --at out
exit 2
$ asof schedule --install
! error: a day is final 30 hours after its end: what is saved in the following night is provisional
!   hint: set final_after in [calendar] below 24h
exit 2
"#,
    );
    assert!(!place.path("tab").exists());
}

#[test]
fn systemd_units_come_and_go_and_without_systemctl_its_commands_are_told() {
    let place = place();
    let run = place.asof("schedule --kind systemd --install");
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(
        run.stdout
            .contains("now run:\n  systemctl --user daemon-reload\n  systemctl --user enable --now asof-")
    );
    let units = place.tree("home/.config/systemd/user");
    let text = |ending: &str| {
        let (_, text) = units.iter().find(|(name, _)| name.ends_with(ending)).unwrap();
        String::from_utf8(text.clone()).unwrap()
    };
    assert!(text(".timer").contains("OnCalendar=*-*-* 03:00:00 America/Chicago\nPersistent=true\n"));
    assert!(text(".service").contains("\"save\" \"--retry-for\" \"15m\"\n"));
    assert_eq!(place.asof("schedule --kind systemd --remove").code, 0);
    assert!(place.tree("home/.config/systemd/user").is_empty());
}

#[test]
fn on_a_machine_of_another_zone_the_time_is_that_of_its_clock() {
    let place = place();
    place.env("TZ", "UTC");
    let run = place.asof("schedule --at 02:05");
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(lines[1], "# 08:05 UTC is 03:05 or 02:05 in America/Chicago");
    assert_eq!(lines[2], "CRON_TZ=UTC");
    assert!(lines[3].starts_with("5 8 * * * cd "), "{}", run.stdout);
    assert_eq!(
        run.stderr,
        "warning: the machine's clock is that of UTC: 08:05 there is 03:05 or 02:05 in America/Chicago\n"
    );
    let json: serde_json::Value =
        serde_json::from_str(&place.asof("schedule --at 02:05 --json").stdout).unwrap();
    assert_eq!((&json["at"], &json["time_zone"]), (&"08:05".into(), &"UTC".into()));
    assert_eq!(json["in_calendar"], serde_json::json!(["03:05", "02:05"]));
    let plist = place.asof("schedule --at 02:05 --kind launchd").stdout;
    assert!(plist.contains("machine's local time: 08:05 UTC is 03:05 or 02:05 in America/Chicago -->"));
    assert!(plist.contains("<key>Hour</key>\n    <integer>8</integer>"), "{plist}");
    // A timer names its zone.
    let timer = place.asof("schedule --at 02:30 --kind systemd").stdout;
    assert!(timer.contains("OnCalendar=*-*-* 02:30:00 America/Chicago\n"), "{timer}");
    // A zone that is not known is not guessed.
    place.env("TZ", "Elsewhere/Nowhere");
    let run = place.asof("schedule");
    assert!(run.stdout.contains("CRON_TZ=America/Chicago\n0 3 * * *"), "{}", run.stdout);
    assert!(run.stderr.contains("the machine's zone can't be told"), "{}", run.stderr);
}

#[test]
fn nights_in_which_clocks_change_are_told() {
    let place = place();
    place.change("asof.toml", "[calendar]", "[calendar]\nfinal_after = \"150m\"");
    let run = place.asof("schedule --at 02:40");
    // 02:40 is jumped over to 03:00, which is two hours after midnight in that night; 03:30 is two and a half.
    assert!(run.stdout.contains("\n30 3 * * *"), "{}", run.stdout);
    assert_eq!(
        run.stderr,
        "warning: at 02:40 the day before is not final in nights when clocks change: 03:30 America/Chicago is \
         taken instead\n"
    );
    place.change("asof.toml", "150m", "2h");
    let run = place.asof("schedule --at 02:05 --kind systemd");
    assert!(run.stdout.contains("OnCalendar=*-*-* 02:05:00 America/Chicago\n"), "{}", run.stdout);
    assert!(
        run.stderr.contains("on 2026-03-08 clocks jump over 02:05 America/Chicago: it may not be run"),
        "{}",
        run.stderr
    );
}

#[test]
fn systemctl_is_called_with_the_units_of_this_configuration() {
    let place = place();
    recorded(&place, "systemctl", 0);
    place.write("home/.config/systemd/user/other.timer", "mine");
    let unit = unit(&place);
    let run = place.asof("schedule --kind systemd --install");
    assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{}", run.stderr);
    let enable = format!("systemctl --user enable --now {unit}.timer");
    assert_eq!(called(&place), ["systemctl --user daemon-reload", &enable]);
    let units: Vec<String> = place.tree("home/.config/systemd/user").into_keys().collect();
    assert_eq!(units, [format!("{unit}.service"), format!("{unit}.timer"), "other.timer".to_owned()]);
    let run = place.asof("schedule --kind systemd --remove");
    assert_eq!(run.code, 0, "{}", run.stderr);
    let disable = format!("systemctl --user disable --now {unit}.timer");
    assert_eq!(called(&place), [&disable, "systemctl --user daemon-reload"]);
    assert_eq!(place.tree("home/.config/systemd/user").into_keys().collect::<Vec<_>>(), ["other.timer"]);
    // There is nothing left to call it for.
    place.done(&["schedule --kind systemd --remove"]);
    assert_eq!(called(&place), [""; 0]);
    recorded(&place, "systemctl", 1);
    let run = place.asof("schedule --kind systemd --install");
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("systemctl --user daemon-reload failed: no bus"), "{}", run.stderr);
}

#[test]
fn launchctl_is_called_with_the_job_of_this_configuration() {
    let place = place();
    recorded(&place, "launchctl", 0);
    let unit = unit(&place);
    let run = place.asof("schedule --kind launchd --install");
    assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{}", run.stderr);
    let plist = place.path(&format!("home/Library/LaunchAgents/{unit}.plist"));
    let user = fs::metadata(&plist).unwrap().uid();
    let bootout = format!("launchctl bootout gui/{user}/{unit}");
    let bootstrap = format!("launchctl bootstrap gui/{user} {}", plist.display());
    assert_eq!(called(&place), [bootout.as_str(), &bootstrap]);
    assert_eq!(place.asof("schedule --kind launchd --remove").code, 0);
    assert_eq!(called(&place), [bootout]);
    assert!(!plist.exists());
}

#[test]
fn removing_takes_exactly_the_own_lines_away() {
    let place = place();
    let others = "CRON_TZ=UTC\n# asof: begin /else/asof.toml\n0 3 * * * asof save\n# asof: end /else/asof.toml\n\n# asof\n";
    place.write("tab", others);
    place.done(&["schedule --install", "schedule --remove"]);
    assert_eq!(place.read("tab"), others);
    place.done(&["schedule --remove"]);
    assert_eq!(place.read("tab"), others);
}

#[test]
fn a_launchd_job_comes_and_goes() {
    let place = place();
    let run = place.asof("schedule --kind launchd --install");
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains("now run:\n  launchctl bootstrap gui/"), "{}", run.stdout);
    assert_eq!(place.tree("home/Library/LaunchAgents").len(), 1);
    assert_eq!(place.asof("schedule --kind launchd --remove").code, 0);
    assert!(place.tree("home/Library/LaunchAgents").is_empty());
}

#[test]
fn a_password_is_named_and_never_written_down() {
    let place = place();
    place.change(
        "asof.toml",
        "url = \"sqlite:calls.db\"",
        "url = \"mysql://report@127.0.0.1/calls\"\npassword_env = \"ASOF_PASSWORD\"",
    );
    place.env("ASOF_PASSWORD", "hunter2-hunter2");
    place.secret("hunter2-hunter2");
    let needs = "the environment must provide ASOF_PASSWORD";
    for kind in ["cron", "systemd", "launchd"] {
        let run = place.asof(&format!("schedule --kind {kind}"));
        assert_eq!(run.code, 0, "{}", run.stderr);
        assert!(run.stdout.contains(needs), "{kind}: {}", run.stdout);
        assert!(
            run.stderr.contains("the environment of the scheduled run must provide ASOF_PASSWORD"),
            "{kind}: {}",
            run.stderr
        );
        assert_eq!(place.asof(&format!("schedule --kind {kind} --install")).code, 0);
    }
    // This looks for the secret in every file.
    let written = place.tree("");
    assert!(written.values().any(|content| String::from_utf8_lossy(content).contains(needs)));
}
