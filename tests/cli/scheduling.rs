//! `schedule`: what is printed, and what is put in place and taken away, with a `crontab` of the test's own.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::calls;
use crate::support::command::Place;

/// A call centre with a `crontab` that keeps its lines in the file `tab`.
fn place() -> Place {
    let place = calls();
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
    place
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
    assert_eq!((run.code, run.stdout), (0, block(&place, 5, 2)));
    assert!(run.stderr.contains("CRON_TZ"), "{}", run.stderr);
    assert!(!place.path("tab").exists());
}

#[test]
fn installing_keeps_other_lines_and_twice_changes_nothing() {
    let place = place();
    place.write("tab", "MAILTO=me\n0 1 * * * back\\%up\n");
    assert_eq!(place.asof("schedule --install").code, 0);
    let installed = format!("MAILTO=me\n0 1 * * * back\\%up\n{}", block(&place, 5, 2));
    assert_eq!(place.read("tab"), installed);
    let again = place.asof("schedule --install --json");
    assert!(again.stdout.contains("\"changed\":false"), "{}", again.stdout);
    assert_eq!(place.read("tab"), installed);
    assert_eq!(place.asof("schedule --install --at 3:30").code, 0);
    assert_eq!(place.read("tab"), installed.replace("5 2 *", "30 3 *"));
    assert_eq!(place.asof("schedule --remove").code, 0);
    assert_eq!(place.read("tab"), "MAILTO=me\n0 1 * * * back\\%up\n");
}

#[test]
fn a_user_without_a_crontab_gets_one_and_one_that_fails_is_left_alone() {
    let place = place();
    assert_eq!(place.asof("schedule --install").code, 0);
    assert_eq!(place.read("tab"), block(&place, 5, 2));
    place.write("bin/crontab", "#!/bin/sh\necho 'not allowed' >&2\nexit 1\n");
    let run = place.asof("schedule --install --at 04:00");
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("crontab -l failed: not allowed"), "{}", run.stderr);
    assert_eq!(place.read("tab"), block(&place, 5, 2));
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
    assert!(text(".timer").contains("OnCalendar=*-*-* 02:05:00 America/Chicago\nPersistent=true\n"));
    assert!(text(".service").contains("\"save\" \"--retry-for\" \"15m\"\n"));
    assert_eq!(place.asof("schedule --kind systemd --remove").code, 0);
    assert!(place.tree("home/.config/systemd/user").is_empty());
}

#[test]
fn a_launchd_job_comes_and_goes_and_no_password_is_in_it() {
    let place = place();
    let run = place.asof("schedule --kind launchd --install");
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains("launchctl bootstrap gui/$(id -u) "), "{}", run.stdout);
    assert!(run.stderr.contains("machine's local time"), "{}", run.stderr);
    assert_eq!(place.tree("home/Library/LaunchAgents").len(), 1);
    assert_eq!(place.asof("schedule --kind launchd --remove").code, 0);
    assert!(place.tree("home/Library/LaunchAgents").is_empty());
}
