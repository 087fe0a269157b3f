//! Configurations that can't be used.

use super::{CONFIG, calls};
use crate::support::command::Place;

#[test]
fn a_missing_configuration_is_told_with_what_makes_one() {
    let place = Place::new();
    for command in ["check", "save", "list", "restore"] {
        place.asof(command);
    }
    place.asof("list --config elsewhere.toml --json");
    place.env("ASOF_CONFIG", "from-env.toml");
    place.asof("list");
    place.asof("list --config from-argument.toml");
    place.told(r#"
$ asof check
! error: there is no configuration asof.toml
!   hint: asof init writes one; another place is named by --config FILE or ASOF_CONFIG
exit 2
$ asof save
! error: there is no configuration asof.toml
!   hint: asof init writes one; another place is named by --config FILE or ASOF_CONFIG
exit 2
$ asof list
! error: there is no configuration asof.toml
!   hint: asof init writes one; another place is named by --config FILE or ASOF_CONFIG
exit 2
$ asof restore
! error: there is no configuration asof.toml
!   hint: asof init writes one; another place is named by --config FILE or ASOF_CONFIG
exit 2
$ asof list --config elsewhere.toml --json
! {"error":{"exit_code":2,"hint":"asof init writes one; another place is named by --config FILE or ASOF_CONFIG","message":"there is no configuration elsewhere.toml"}}
exit 2
$ asof list
! error: there is no configuration from-env.toml
!   hint: asof init writes one; another place is named by --config FILE or ASOF_CONFIG
exit 2
$ asof list --config from-argument.toml
! error: there is no configuration from-argument.toml
!   hint: asof init writes one; another place is named by --config FILE or ASOF_CONFIG
exit 2
"#);
}

#[test]
fn all_problems_are_told_at_once_with_line_and_hint() {
    let place = calls();
    place.change("asof.toml", "[calendar]\ntime_zone", "[calendar]\ntime_zoen");
    place.change("asof.toml", "time_is = \"local\"", "time_is = \"lokal\"");
    place.change("asof.toml", "status in {sale}", "status in {sales}");
    place.change(
        "asof.toml",
        "week = { ratio = [\"sales\", \"calls\"]",
        "week = { ratio = [\"sale\", \"calls\"]",
    );
    place.change("asof.toml", "minutes = { of = \"calls\"", "minutes = { of = \"cals\"");
    place.change("asof.toml", "calls = { of", "cells = { off");
    place.asof("check --offline");
    place.asof("save --json");
    place.told(r#"
$ asof check --offline
! asof.toml:4:1: "time_zone" is missing
!   hint: add a line time_zone = …
! asof.toml:5:1: unknown key "time_zoen"
!   hint: did you mean "time_zone"?
! asof.toml:13:11: "lokal" is none of local, utc, epoch, instant
!   hint: did you mean "local"?
! asof.toml:21:1: it is not said what "cells" is taken over
!   hint: add of = … with one of "calls"
! asof.toml:21:11: unknown key "off"
!   hint: did you mean "of"?
! asof.toml:22:47: {sales} is no list
!   hint: did you mean "sale"?
! asof.toml:23:18: "cals" is no events
!   hint: did you mean "calls"?
! asof.toml:24:34: "calls" is no metric
!   hint: did you mean "cells"?
! asof.toml:25:19: "sale" is no metric
!   hint: did you mean "sales"?
! asof.toml:25:27: "calls" is no metric
!   hint: did you mean "cells"?
exit 2
$ asof save --json
! {"error":{"exit_code":2,"hint":null,"message":"the configuration has problems","problems":[{"column":1,"file":"asof.toml","hint":"add a line time_zone = …","line":4,"message":"\"time_zone\" is missing"},{"column":1,"file":"asof.toml","hint":"did you mean \"time_zone\"?","line":5,"message":"unknown key \"time_zoen\""},{"column":11,"file":"asof.toml","hint":"did you mean \"local\"?","line":13,"message":"\"lokal\" is none of local, utc, epoch, instant"},{"column":1,"file":"asof.toml","hint":"add of = … with one of \"calls\"","line":21,"message":"it is not said what \"cells\" is taken over"},{"column":11,"file":"asof.toml","hint":"did you mean \"of\"?","line":21,"message":"unknown key \"off\""},{"column":47,"file":"asof.toml","hint":"did you mean \"sale\"?","line":22,"message":"{sales} is no list"},{"column":18,"file":"asof.toml","hint":"did you mean \"calls\"?","line":23,"message":"\"cals\" is no events"},{"column":34,"file":"asof.toml","hint":"did you mean \"cells\"?","line":24,"message":"\"calls\" is no metric"},{"column":19,"file":"asof.toml","hint":"did you mean \"sales\"?","line":25,"message":"\"sale\" is no metric"},{"column":27,"file":"asof.toml","hint":"did you mean \"cells\"?","line":25,"message":"\"calls\" is no metric"}]}}
exit 2
"#);
    for command in ["check", "list", "restore"] {
        assert_eq!(place.asof(command).code, 2);
    }
    assert!(place.tree("snapshots").is_empty());
}

#[test]
fn values_beyond_all_bounds_are_told() {
    let place = calls();
    place.change("asof.toml", "[source]", "[archive]\ndir = \"\"\n\n[source]\ntimeout = \"0s\"");
    place.change("asof.toml", "time_is = \"local\"", "time_is = \"local\"\nmax_groups = 9223372036854775807");
    place.asof("save");
    place.change("asof.toml", "9223372036854775807", "-1");
    place.change("asof.toml", "count = true", "count = 1");
    place.asof("save");
    place.told(
        r#"
$ asof save
! asof.toml:2:7: "" is no folder
!   hint: name a folder, such as snapshots
! asof.toml:5:11: a timeout of nothing lets no query end
!   hint: write 60s, or leave it out
! asof.toml:18:14: 9223372036854775807 is no limit
!   hint: write a number from 1 to 10000000
exit 2
$ asof save
! asof.toml:2:7: "" is no folder
!   hint: name a folder, such as snapshots
! asof.toml:5:11: a timeout of nothing lets no query end
!   hint: write 60s, or leave it out
! asof.toml:18:14: "max_groups" is a whole number, and should be one that is not negative and not that large
!   hint: write a whole number that is not negative, without quotes or a unit
! asof.toml:26:1: it is not said what "calls" measures
!   hint: give exactly one of count, sum, min, max, avg, distinct and ratio
! asof.toml:26:33: "count" is a whole number, and should be true or false
!   hint: write true or false
exit 2
"#,
    );
    assert!(!place.path("definitions").exists());
}

#[test]
fn what_is_no_toml_is_told_with_its_place() {
    let place = Place::new();
    for text in [
        "[source\nurl = x\n",
        "a = 1\na = 2\n",
        "= 1\n",
        "x = \"\"\"\n",
        "\u{feff}[source]\n",
        "[source]\nurl = 'a\u{1b}[31mb'\n",
    ] {
        place.write("asof.toml", text);
        assert_eq!(place.asof("list").code, 2);
    }
    place.write("asof.toml", "");
    place.asof("check");
    place.write("asof.toml", b"[source]\nurl = \"\xff\"\n");
    place.asof("check");
    place.told(
        r#"
$ asof list
! asof.toml:1:8: unclosed table, expected `]`
!   hint: this is no TOML; text needs quotes, and a multi-line SQL text three of them
exit 2
$ asof list
! asof.toml:2:1: duplicate key
!   hint: this is no TOML; text needs quotes, and a multi-line SQL text three of them
exit 2
$ asof list
! asof.toml:1:1: unquoted keys cannot be empty, expected letters, numbers, `-`, `_`
!   hint: this is no TOML; text needs quotes, and a multi-line SQL text three of them
exit 2
$ asof list
! asof.toml:2:1: invalid multi-line basic string, expected `"`
!   hint: this is no TOML; text needs quotes, and a multi-line SQL text three of them
exit 2
$ asof list
! asof.toml:1:3: the source has no url
!   hint: add url = "mysql://user@host/database"
! asof.toml: [calendar] is missing
!   hint: add [calendar] with time_zone = "America/Chicago" or yours
! asof.toml: there are no events
!   hint: add [events.NAME] with table, time and time_is, or [entities.NAME]
! asof.toml: there are no metrics
!   hint: add [metrics] with a line such as calls = { of = "calls", count = true }
exit 2
$ asof list
! asof.toml:2:9: invalid literal string, expected non-single-quote visible characters
!   hint: this is no TOML; text needs quotes, and a multi-line SQL text three of them
exit 2
$ asof check
! asof.toml: [calendar] is missing
!   hint: add [calendar] with time_zone = "America/Chicago" or yours
! asof.toml: [source] is missing
!   hint: add [source] with url = "mysql://user@host/database"
! asof.toml: there are no events
!   hint: add [events.NAME] with table, time and time_is, or [entities.NAME]
! asof.toml: there are no metrics
!   hint: add [metrics] with a line such as calls = { of = "calls", count = true }
exit 2
$ asof check
! asof.toml:2:8: this is no UTF-8 text
!   hint: save the file as UTF-8
exit 2
"#,
    );
}

#[test]
fn a_clock_that_is_no_time_is_told() {
    let place = calls();
    for now in ["yesterday", "", "2025-11-07", "2025-11-07T03:00:00", "2025-13-07T03:00:00Z"] {
        place.at(now);
        assert_eq!(place.asof("save").code, 2);
    }
    place.at("-0001-01-01T00:00:00Z");
    place.asof("save");
    place.at("9999-12-31T23:59:59Z");
    place.asof("save");
    place.told(
        r#"
$ asof save
! error: ASOF_NOW is "yesterday", which is no time of RFC 3339
!   hint: write it as 2025-11-07T02:05:00-06:00, or unset it
exit 2
$ asof save
! error: ASOF_NOW is "", which is no time of RFC 3339
!   hint: write it as 2025-11-07T02:05:00-06:00, or unset it
exit 2
$ asof save
! error: ASOF_NOW is "2025-11-07", which is no time of RFC 3339
!   hint: write it as 2025-11-07T02:05:00-06:00, or unset it
exit 2
$ asof save
! error: ASOF_NOW is "2025-11-07T03:00:00", which is no time of RFC 3339
!   hint: write it as 2025-11-07T02:05:00-06:00, or unset it
exit 2
$ asof save
! error: ASOF_NOW is "2025-13-07T03:00:00Z", which is no time of RFC 3339
!   hint: write it as 2025-11-07T02:05:00-06:00, or unset it
exit 2
$ asof save
! error: ASOF_NOW is "-0001-01-01T00:00:00Z", which is no time of RFC 3339
!   hint: write it as 2025-11-07T02:05:00-06:00, or unset it
exit 2
$ asof save
! error: the clock says 9999-12-31 23:59:59 UTC, which is beyond the ends of the calendar
!   hint: set this machine's clock right, and see that ASOF_NOW is not set by mistake
exit 2
"#,
    );
    assert!(place.tree("snapshots").is_empty());
}

#[test]
fn paths_are_relative_to_the_configuration() {
    let place = Place::new();
    place.write("there/asof.toml", CONFIG.replace("sqlite:calls.db", "sqlite:../calls.db"));
    place.sqlite("calls.db", super::CALLS);
    assert_eq!(place.asof("--config there/asof.toml save").code, 0);
    place.env("ASOF_CONFIG", "there/asof.toml");
    assert_eq!(
        place.asof("restore --html").stdout,
        format!("{}\n", place.path("there/snapshots/2025-11-06/dashboard.html").display())
    );
}

#[test]
fn a_password_in_the_url_is_told_in_no_message_about_the_url() {
    let place = calls();
    place.secret("hunter2");
    for url in [
        "mysql://report:hunter2@/asterisk",
        "mysql://report:hunter2@host",
        "mysql://report:hunter2@host/a/b",
        "mysql://report:hunter2#@host/a",
        "mysql://report:hunter2@host/a?sl=off",
        "oracle://report:hunter2@host/a",
        "postgres://report:hunter2@/asterisk",
        "postgres://report:hunter2@host/a?sl=off",
        "report:hunter2@host/a",
        "mysql://report:hunter2@host:port/a",
    ] {
        place.write("asof.toml", CONFIG.replace("sqlite:calls.db", url));
        for line in ["check", "check --json", "save -v", "list", "restore --json"] {
            assert_eq!(place.asof(line).code, 2, "{url}");
        }
    }
}
