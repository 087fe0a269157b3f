//! `init`, and whether what it writes is of use.

use crate::support::command::Place;

#[test]
fn init_writes_a_configuration_that_is_sound() {
    let place = Place::new();
    place.asof("init");
    place.asof("check --offline");
    place.told(
        r#"
$ asof init
wrote ./asof.toml

next:
  edit it: the source's url, the time zone, the lists
  asof check
  asof save
exit 0
$ asof check --offline
ok    configuration  asof.toml is sound: 1 kind of events, 7 metrics
exit 0
"#,
    );
}

#[test]
fn every_preset_is_sound_as_it_is_written() {
    for preset in [
        "general",
        "vicidial",
        "lead-backfill",
        "lead-backfill-api",
        "video-growth",
        "video-growth-api",
        "account-health",
    ] {
        let place = Place::new();
        assert_eq!(place.asof(&format!("init --preset {preset} there/deep")).code, 0);
        place.forget();
        place.asof("check --offline --config there/deep/asof.toml --json");
        let (wanted, holds) = match preset {
            "vicidial" => ("3 kinds of events", "[[dashboard]]"),
            "video-growth" | "video-growth-api" => ("0 kinds of events", "[entities.video]"),
            "account-health" => ("2 kinds of events", "[entities.account]"),
            _ => ("1 kind of events", "[[dashboard]]"),
        };
        let text = place.read("there/deep/asof.toml");
        assert!(text.contains(holds), "{text}");
        assert!(place.take().contains(wanted));
    }
}

#[test]
fn init_never_overwrites() {
    let place = Place::new();
    place.write("asof.toml", "mine");
    place.asof("init");
    place.asof("init --preset vicidial . --json");
    place.told(r#"
$ asof init
! error: ./asof.toml is there already
!   hint: choose another folder, or move it away: nothing is overwritten
exit 1
$ asof init --preset vicidial . --json
! {"error":{"exit_code":1,"hint":"choose another folder, or move it away: nothing is overwritten","message":"./asof.toml is there already"}}
exit 1
"#);
    assert_eq!(place.read("asof.toml"), "mine");
}

#[test]
fn init_says_where_it_wrote_and_what_comes_next() {
    let place = Place::new();
    place.asof("init --preset vicidial 'call centre'");
    place.asof("init there --json");
    place.asof("init quiet --quiet");
    place.told(
        r#"
$ asof init --preset vicidial 'call centre'
wrote call centre/asof.toml

next:
  edit it: the source's url, the time zone, the lists
  cd 'call centre'
  asof check
  asof save
exit 0
$ asof init there --json
{"config":"there/asof.toml"}
exit 0
$ asof init quiet --quiet
exit 0
"#,
    );
}

#[test]
fn init_into_what_is_no_folder_is_told() {
    let place = Place::new();
    place.write("file", "");
    place.asof("init file");
    place.asof("init file/below");
    place.asof("init --preset vicidal");
    place.told(
        r#"
$ asof init file
! error: the folder file can't be made: File exists (os error 17)
!   hint: name a folder that exists, or one that can be made
exit 1
$ asof init file/below
! error: the folder file/below can't be made: Not a directory (os error 20)
!   hint: name a folder that exists, or one that can be made
exit 1
$ asof init --preset vicidal
! error: invalid value 'vicidal' for '--preset <NAME>'
!   [possible values: general, vicidial, lead-backfill, lead-backfill-api, video-growth, video-growth-api, account-health]
! 
!   tip: a similar value exists: 'vicidial'
! 
! For more information, try '--help'.
exit 2
"#,
    );
}
