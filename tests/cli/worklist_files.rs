//! The files of a worklist: their rights, what is not overwritten, and runs that are cut short.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use super::worklist::{FILE, OCTOBER, RANGE, add, counts, names, place};
use crate::support::command::Place;

/// Two phones to call again, and one that is sold.
fn two() -> Place {
    place(&[
        (1, "2025-11-05 10:00:00", "3145550100", "NA", 1),
        (2, "2025-11-05 11:00:00", "3145550101", "NA", 2),
        (3, "2025-11-05 12:00:00", "3145550102", "SALE", 3),
    ])
}

fn mode(place: &Place, name: &str) -> u32 {
    fs::symlink_metadata(place.path(name)).unwrap().permissions().mode() & 0o7777
}

#[test]
fn nobody_else_may_read_the_files() {
    let place = two();
    counts(&place, "");
    for name in ["worklists", "worklists/redial"] {
        assert_eq!(mode(&place, name), 0o700, "{name}");
    }
    for name in [FILE, "worklists/redial/.lock"] {
        assert_eq!(mode(&place, name), 0o600, "{name}");
    }
    // A file that somebody made otherwise is so too, once it is written.
    place.write(OCTOBER, "{\"3145550102\": {}}");
    fs::set_permissions(place.path(OCTOBER), fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(counts(&place, "")["excluded"]["sale"], 1);
    assert_eq!(mode(&place, OCTOBER), 0o600);
    // Nothing else lies about.
    let there: Vec<String> = place.tree("worklists/redial").into_keys().collect();
    assert_eq!(there, ["redial-queue_2025-10.json", "redial-queue_2025-11.json"]);
}

#[test]
fn a_file_that_cannot_be_understood_is_left_alone_and_so_are_all_others() {
    let place = two();
    for broken in [
        "",
        "{\"3145550102\": {",
        "[1]",
        "{\"3145550102\": 1}",
        "{\"3145550102\": {\"a\": 1, \"a\": 2}}",
        "{\"3145550102\": {}, \"3145550102\": {}}",
        "{\"3145550102\": {}} 3145550102",
        "\u{feff}{}",
    ] {
        place.write(OCTOBER, broken);
        let before = place.tree("worklists");
        for more in ["", " --dry-run"] {
            let run = place.asof(&format!("worklist redial {RANGE}{more}"));
            assert_eq!(run.code, 1, "{broken}");
            assert!(run.stderr.starts_with(&format!("error: {OCTOBER} ")), "{}", run.stderr);
            assert!(run.stderr.contains("hint: mend it; nothing was written"), "{}", run.stderr);
            // It holds keys, and errors are mailed about.
            assert!(!run.stderr.contains("3145550102"), "{}", run.stderr);
        }
        assert!(place.tree("worklists") == before, "{broken}");
    }
    fs::write(place.path(OCTOBER), b"{\"\xff\": {}}").unwrap();
    place.forget();
    place.asof(&format!("worklist redial {RANGE}"));
    place.told(
        r#"
$ asof worklist redial --from 2025-11-05 --to 2025-11-06
! error: worklists/redial/redial-queue_2025-10.json is no UTF-8 text
!   hint: mend it; nothing was written (were it moved away, its keys would be added again)
exit 1
"#,
    );
}

#[test]
fn folders_that_will_not_do_are_told() {
    let place = two();
    place.done(&["save 2025-11-05"]);
    let told = |dir: &str| {
        place.asof(&format!("worklist redial {RANGE}"));
        assert!(!place.path(dir).join("redial-queue_2025-11.json").exists());
    };
    // A link, wherever it leads.
    fs::create_dir_all(place.path("worklists")).unwrap();
    fs::create_dir(place.path("elsewhere")).unwrap();
    std::os::unix::fs::symlink(place.path("elsewhere"), place.path("worklists/redial")).unwrap();
    told("elsewhere");
    // A link on the way that leads into the archive.
    fs::remove_dir_all(place.path("worklists")).unwrap();
    std::os::unix::fs::symlink(place.path("snapshots"), place.path("worklists")).unwrap();
    told("snapshots/redial");
    fs::remove_file(place.path("worklists")).unwrap();
    // Files where folders belong.
    place.write("worklists", "");
    told("worklists/redial");
    fs::remove_file(place.path("worklists")).unwrap();
    place.write("worklists/redial", "");
    told("worklists/redial");
    fs::remove_file(place.path("worklists/redial")).unwrap();
    // A link and a folder where a file belongs.
    place.write("real.json", "{}");
    fs::create_dir(place.path("worklists/redial")).unwrap();
    std::os::unix::fs::symlink(place.path("real.json"), place.path(OCTOBER)).unwrap();
    told("worklists/redial");
    fs::remove_file(place.path(OCTOBER)).unwrap();
    fs::create_dir(place.path(OCTOBER)).unwrap();
    told("worklists/redial");
    place.told(
        r#"
$ asof worklist redial --from 2025-11-05 --to 2025-11-06
! error: worklists/redial is a link
!   hint: its files hold keys as they are, so they are written only where the configuration says: name the folder itself as dir of the worklist
exit 1
$ asof worklist redial --from 2025-11-05 --to 2025-11-06
! error: the worklist's folder worklists/redial lies inside the archive
!   hint: name a folder elsewhere as dir of the worklist
exit 1
$ asof worklist redial --from 2025-11-05 --to 2025-11-06
! error: can't look at worklists/redial: Not a directory (os error 20)
!   hint: a file is where a folder belongs: check dir of the worklist
exit 1
$ asof worklist redial --from 2025-11-05 --to 2025-11-06
! error: worklists/redial is no folder
!   hint: move it away, or name another folder as dir of the worklist
exit 1
$ asof worklist redial --from 2025-11-05 --to 2025-11-06
! error: worklists/redial/redial-queue_2025-10.json is a link
!   hint: its files hold keys as they are, so they are written only where the configuration says: name the folder itself as dir of the worklist
exit 1
$ asof worklist redial --from 2025-11-05 --to 2025-11-06
! error: worklists/redial/redial-queue_2025-10.json is no file
!   hint: move it away, or name another folder as dir of the worklist
exit 1
"#,
    );
}

#[test]
fn a_folder_that_may_only_be_read_is_told() {
    let place = two();
    counts(&place, "");
    add(&place, &[(9, "2025-11-06 10:00:00", "3145550109", "NA", 9)]);
    let set = |mode| {
        fs::set_permissions(place.path("worklists/redial"), fs::Permissions::from_mode(mode)).unwrap();
    };
    set(0o555);
    // Root may write wherever it likes, unless it gives that right up.
    let root = fs::metadata("/proc/self").unwrap().uid() == 0;
    let before: &[&str] = if root { &["setpriv", "--bounding-set=-all", "--inh-caps=-all"] } else { &[] };
    place.env("PATH", "/usr/bin:/bin");
    let tree = place.tree("worklists");
    let line = format!("worklist redial {RANGE}");
    let words: Vec<&str> = line.split(' ').collect();
    let output = place.command_by(before, &words).output().expect("this test needs setpriv when run by root");
    place.tell(&line, &output);
    set(0o700);
    assert!(place.tree("worklists") == tree);
    place.told(
        r#"
$ asof worklist redial --from 2025-11-05 --to 2025-11-06
! error: can't create worklists/redial/.redial-queue_2025-11.new: Permission denied (os error 13)
!   hint: run asof as the user who owns the worklist's folder, or give this user the right to it
exit 1
"#,
    );
}

#[test]
fn a_run_that_is_killed_leaves_the_old_file_or_the_new_one_and_the_next_run_finishes() {
    for call in ["openat", "write", "fsync", "rename"] {
        let mut killed = 0;
        for nth in 1.. {
            let place = two();
            place.write(FILE, "{\"3145550102\": {\"note\": \"mine\"}}");
            let old = place.read(FILE);
            place.env("PATH", "/usr/bin:/bin");
            let inject = format!("inject={call}:signal=KILL:when={nth}");
            // Only what touches the folder counts.
            let paths =
                [place.path("worklists/redial"), place.path("worklists/redial/.redial-queue_2025-11.new")];
            let log = place.path("strace.log");
            let mut before = vec!["strace", "-f", "-o", log.to_str().unwrap(), "-e", &inject];
            let trace = format!("trace={call}");
            before.extend(["-e", &trace]);
            for path in &paths {
                before.extend(["-P", path.to_str().unwrap()]);
            }
            // What strace compares are paths as the program names them, so the folder is named whole.
            let dir = format!("carry = [\"lead_id\", \"list\"]\ndir = {:?}", paths[0].to_str().unwrap());
            place.change("asof.toml", "carry = [\"lead_id\", \"list\"]", &dir);
            let line = format!("worklist redial {RANGE}");
            let words: Vec<&str> = line.split(' ').collect();
            let output = place.command_by(&before, &words).output().expect("this test needs strace");
            let done = output.status.success();
            let now = place.read(FILE);
            let new = names(&place, FILE).len() == 3;
            assert!(now == old || new, "{inject}: {now}");
            assert!(!done || new, "{inject}: {output:?}");
            place.done(&[&line]);
            assert_eq!(names(&place, FILE), ["3145550102", "3145550100", "3145550101"], "{inject}");
            assert!(place.read(FILE).contains("{\"note\": \"mine\", \"status\": \"excluded\""), "{inject}");
            let there: Vec<String> = place.tree("worklists/redial").into_keys().collect();
            assert_eq!(there, ["redial-queue_2025-11.json"], "{inject}");
            if done {
                break;
            }
            killed += 1;
        }
        assert!(killed > 0, "no {call} was hit");
    }
}

#[test]
fn runs_at_the_same_time_lose_nothing_and_a_lock_that_stays_is_told() {
    let place = two();
    let start = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        place.command(&words).spawn().unwrap()
    };
    let running: Vec<_> = (0..6).map(|_| start(&format!("worklist redial {RANGE}"))).collect();
    for mut run in running {
        assert!(run.wait().unwrap().success());
    }
    assert_eq!(names(&place, FILE), ["3145550100", "3145550101"]);
    // A run that has nothing to write needs no lock; one that has waits for it.
    let held = fs::File::open(place.path("worklists/redial/.lock")).unwrap();
    held.lock().unwrap();
    assert_eq!(counts(&place, "")["already"], 2);
    add(&place, &[(9, "2025-11-06 10:00:00", "3145550109", "NA", 9)]);
    let waiting = start(&format!("worklist redial {RANGE}"));
    place.asof(&format!("worklist redial {RANGE} --wait 0s"));
    place.told(
        r#"
$ asof worklist redial --from 2025-11-05 --to 2025-11-06 --wait 0s
! error: another run holds the worklist's lock worklists/redial/.lock
!   hint: try again when that run is over, or wait longer with --wait
exit 6
"#,
    );
    drop(held);
    assert!(waiting.wait_with_output().unwrap().status.success());
    assert_eq!(names(&place, FILE).len(), 3);
}

#[test]
fn a_worklist_that_fails_does_not_hold_up_the_others() {
    let place = two();
    let config = place.read("asof.toml");
    let (_, redial) = config.split_once("[worklist.redial]").unwrap();
    place.write("asof.toml", format!("{config}\n[worklist.again]{redial}"));
    place.write(OCTOBER, "no matter");
    place.asof(&format!("worklist {RANGE}"));
    place.told(
        r#"
$ asof worklist --from 2025-11-05 --to 2025-11-06
! error: worklists/redial/redial-queue_2025-10.json is no JSON at line 1, column 2
!   hint: mend it; nothing was written (were it moved away, its keys would be added again)
exit 1
"#,
    );
    assert!(!place.path(FILE).exists());
    assert_eq!(names(&place, "worklists/again/again-queue_2025-11.json"), ["3145550100", "3145550101"]);
}
