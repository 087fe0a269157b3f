//! `schedule --capture`: what is printed, put in place and taken away.

use super::capturing::accounts;
use super::scheduling::with_crontab;
use crate::support::command::Place;

fn place() -> Place {
    let place = accounts();
    with_crontab(&place);
    place
}

/// The block as it has to be.
fn block(place: &Place, when: &str) -> String {
    let dir = place.path("").display().to_string();
    let dir = dir.trim_end_matches('/');
    let program = env!("CARGO_BIN_EXE_asof");
    format!(
        "# asof: begin {dir}/asof.toml capture account\n{when} cd {dir} && {program} --config {dir}/asof.toml \
         capture account --if-changed --type scheduled\n# asof: end {dir}/asof.toml capture account\n"
    )
}

#[test]
fn a_poll_is_printed_and_what_it_runs_keeps_only_changes() {
    let place = place();
    let run = place.asof("schedule --capture account --every 5m");
    assert_eq!((run.code, run.stdout.as_str()), (0, block(&place, "*/5 * * * *").as_str()));
    assert_eq!(run.stderr, "");
    assert!(!place.path("tab").exists());
    let line = run.stdout.lines().nth(1).unwrap();
    let command = &line[line.find(" capture ").unwrap() + 1..];
    let first = place.asof(command);
    assert_eq!((first.code, first.stdout.as_str(), first.stderr.as_str()), (0, "", ""));
    let files = place.tree("snapshots/captures").len();
    assert_eq!(place.asof(command).code, 0);
    assert_eq!(place.tree("snapshots/captures").len(), files, "nothing changed");
}

#[test]
fn it_stands_beside_the_nightly_save_and_goes_without_it() {
    let place = place();
    place.done(&["schedule --install"]);
    let nightly = place.read("tab");
    assert_eq!(place.asof("schedule --capture account --every 1h --install").code, 0);
    assert_eq!(place.read("tab"), nightly.clone() + &block(&place, "0 */1 * * *"));
    let again = place.asof("schedule --capture account --every 1h --install --json");
    assert!(again.stdout.contains("\"changed\":false"), "{}", again.stdout);
    assert_eq!(place.asof("schedule --capture account --every 15m --install").code, 0);
    assert_eq!(place.read("tab"), nightly.clone() + &block(&place, "*/15 * * * *"));
    assert_eq!(place.asof("schedule --remove").code, 0);
    assert_eq!(place.read("tab"), block(&place, "*/15 * * * *"));
    place.done(&["schedule --install", "schedule --capture account --remove"]);
    assert_eq!(place.read("tab"), nightly);
}

#[test]
fn units_have_names_of_their_own() {
    let place = place();
    place.asof("schedule --kind systemd --install");
    let run = place.asof("schedule --kind systemd --capture account --every 5m --install");
    assert_eq!(run.code, 0, "{}", run.stderr);
    let units = place.tree("home/.config/systemd/user");
    assert_eq!(units.len(), 4);
    let (_, timer) = units.iter().find(|(name, _)| name.ends_with("-account.timer")).unwrap();
    assert!(String::from_utf8_lossy(timer).contains("OnCalendar=*-*-* *:00/5:00\n"));
    assert_eq!(place.asof("schedule --kind systemd --capture account --remove").code, 0);
    assert_eq!(place.tree("home/.config/systemd/user").len(), 2);
}

#[test]
fn what_can_not_be_scheduled_is_told() {
    let place = place();
    for (line, said) in [
        ("schedule --capture account", "it is not said how often"),
        ("schedule --capture account --every 7m", "an hour is a multiple of"),
        ("schedule --capture account --every 24h", "once a day asof save looks"),
        ("schedule --every 5m", "--capture"),
        ("schedule --capture video --every 5m", "\"video\" is no entity"),
    ] {
        let run = place.asof(line);
        assert_eq!(run.code, 2, "{line}: {}", run.stderr);
        assert!(run.stderr.contains(said), "{line}: {}", run.stderr);
    }
    let config = place.read("asof.toml");
    place.write("asof.toml", &config[..config.find("[entities.account.changes]").unwrap()]);
    let run = place.asof("schedule --capture account --every 5m");
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("nothing says what counts as a change"), "{}", run.stderr);
}
