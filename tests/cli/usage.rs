//! Help, version, wrong arguments, and how a command speaks to people, cron and programs.

use super::{calls, frozen};
use crate::support::command::Place;

#[test]
fn help_tells_what_there_is() {
    let place = Place::new();
    place.asof("--help");
    place.told(
        r#"
$ asof --help
Freezes what a database says each day, so that it can be asked again later

Usage: asof [OPTIONS] <COMMAND>

Commands:
  init      Write a commented asof.toml, and take a first look at entities
  demo      Make an embedded source with made-up data, and its snapshots
  check     Tell whether it will work: configuration, connection, rights, time zone, index use of
            every query
  save      Freeze a day; yesterday when no date is given
  backfill  Freeze a range of days, one by one
  list      Show what is in the archive, gaps included
  restore   Show a frozen day: on the terminal, as JSON, or its page in the browser
  verify    Check that everything in the archive is as it was frozen
  drift     Hold frozen days against what the source says now
  series    Show a metric day by day, with gaps, editions and what changed
  forecast  Say what a metric's next days will probably bring, and how far to trust that
  growth    Show how counters of entities grew, in total and of each
  capture   Keep what entities are now: by hand, on an event, or where something changed
  history   Show one entity through time
  context   Tell what is known of an entity, as text for a language model
  alerts    Judge a day by the alerts of the configuration
  settling  Show how long metrics go on moving, and from which age on a day can be trusted
  compare   Hold two days, or two ranges of days, against each other
  worklist  Bring the files of a worklist up to date: keys to work on, and those that are out
  label     Give a frozen day a label
  note      Note something about a frozen day
  pin       Keep a frozen day whole, whatever the retention says
  prune     Thin old days as [retention] says
  schedule  Write, install or remove what saves every night: a cron line, a systemd timer, a launchd
            job
  serve     Answer people and programs over HTTP: the archive as an API and as pages
  mcp       Answer a language model's client: the archive as tools, over standard input and output
  token     Make a token for those who ask the server

Options:
      --config <FILE>  The configuration file; else ASOF_CONFIG, else ./asof.toml
      --tenant <ID>    Whose archive it is about, where the configuration has [tenants]
      --json           Print JSON for programs
  -q, --quiet          Print nothing but errors
  -v, --verbose        Say more, and say it without a terminal too
      --color <WHEN>   When to use colours [default: auto] [possible values: auto, always, never]
  -h, --help           Print help
  -V, --version        Print version

Examples:
  asof demo                     see it work on made-up data
  asof init --preset vicidial   write a commented asof.toml
  asof check                    will it work?
  asof save                     freeze yesterday
  asof backfill --last 7d       freeze a range of days
  asof list                     what is frozen
  asof restore 2025-11-06       look at a frozen day
  asof verify                   is everything as it was frozen?
  asof drift 2025-11-06         does it still read the same?
  asof series calls             a metric day by day, and asof forecast what comes next
  asof growth --period 7        how counters grew in a week
  asof capture account --key 5  keep what an account is now
  asof history account 5        one entity through time
  asof alerts                   is there anything that somebody should hear of?
  asof compare -1d -8d          one day against another
  asof serve                    all of this in the browser, and for programs
  asof mcp                      and for language models

Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 some days of a range
failed, 4 findings where they were asked for, 5 the source could not be reached, 6 the
archive stayed locked by another run, 130 interrupted.
exit 0
"#,
    );
}

#[test]
fn without_a_command_help_is_an_error() {
    let place = Place::new();
    let help = place.asof("--help").stdout;
    for line in ["", "--"] {
        let run = place.asof(line);
        assert_eq!((run.code, run.stdout.as_str(), run.stderr), (2, "", help.clone()));
    }
}

#[test]
fn every_command_has_examples_in_its_help() {
    let place = Place::new();
    for command in [
        "init", "check", "save", "list", "restore", "compare", "drift", "settling", "series", "forecast",
        "alerts", "verify", "serve", "mcp", "prune", "label", "note", "pin", "worklist",
    ] {
        let run = place.asof(&format!("{command} --help"));
        assert_eq!((run.code, run.stderr.as_str()), (0, ""));
        assert!(run.stdout.contains(&format!("Examples:\n  asof {command}")), "{}", run.stdout);
        assert!(run.stdout.contains("--config <FILE>"), "{}", run.stdout);
    }
}

#[test]
fn the_help_of_save_says_that_nothing_frozen_is_changed() {
    let place = Place::new();
    place.asof("save --help");
    place.told(
        r#"
$ asof save --help
Freeze a day; yesterday when no date is given

Usage: asof save [OPTIONS] [DATE]

Arguments:
  [DATE]  The day: 2025-11-06, yesterday, today, or -7d for a week ago [default: yesterday]

Options:
      --config <FILE>     The configuration file; else ASOF_CONFIG, else ./asof.toml
      --provisional       Freeze a day that has not ended as it stands now
      --restate           Read a frozen day again, and freeze a new edition if a number from the
                          source differs
      --tenant <ID>       Whose archive it is about, where the configuration has [tenants]
      --json              Print JSON for programs
      --reason <TEXT>     Why the day is restated; it is kept with the new edition
  -q, --quiet             Print nothing but errors
      --retry-for <TIME>  How long connection trouble is retried [default: 60s]
  -v, --verbose           Say more, and say it without a terminal too
      --wait <TIME>       How long the archive's lock is waited for [default: 60s]
      --color <WHEN>      When to use colours [default: auto] [possible values: auto, always, never]
  -h, --help              Print help

Examples:
  asof save                        freeze yesterday; the line for cron
  asof save 2025-11-06             freeze that day, reconstructed from what the rows say now
  asof save today --provisional    freeze today as far as it has come
  asof save 2025-11-06 --restate --reason "late dispositions"
  asof save --tenant acme          only for that tenant; for all of [tenants] without it

A frozen day is never changed: saving it again does nothing, and a restatement is
a new edition beside it. With `lookback` in the configuration, each save first reads
frozen days of these ages again: a day that has changed gets a new edition.
exit 0
"#,
    );
}

#[test]
fn the_version_is_that_of_the_package() {
    let place = Place::new();
    assert_eq!(place.asof("--version").stdout, format!("asof {}\n", env!("CARGO_PKG_VERSION")));
    assert_eq!(place.asof("-V").code, 0);
}

#[test]
fn wrong_usage_is_told_with_exit_code_2() {
    let place = calls();
    place.asof("sav");
    place.asof("save 2025-02-30");
    place.asof("save tomorrow");
    place.asof("save --restate");
    place.asof("save --reason late");
    place.asof("save --restate --reason ''");
    place.asof("save --retry-for soon");
    place.asof("save -q -v");
    place.asof("list --from 2025-11-31");
    place.asof("list --from 2025-11-06 --to 2025-11-05");
    place.asof("restore newest");
    place.asof("restore --html --metric calls");
    place.asof("restore --html --output copy");
    place.asof("--color sometimes list");
    place.told(r#"
$ asof sav
! error: unrecognized subcommand 'sav'
! 
!   tip: a similar subcommand exists: 'save'
! 
! Usage: asof [OPTIONS] <COMMAND>
! 
! For more information, try '--help'.
exit 2
$ asof save 2025-02-30
! error: invalid value '2025-02-30' for '[DATE]': "2025-02-30" names no day: give a date such as 2025-11-06, yesterday, today, or -7d
! 
! For more information, try '--help'.
exit 2
$ asof save tomorrow
! error: invalid value 'tomorrow' for '[DATE]': "tomorrow" names no day: give a date such as 2025-11-06, yesterday, today, or -7d
! 
! For more information, try '--help'.
exit 2
$ asof save --restate
! error: the following required arguments were not provided:
!   --reason <TEXT>
! 
! Usage: asof save --restate --reason <TEXT> [DATE]
! 
! For more information, try '--help'.
exit 2
$ asof save --reason late
! error: the following required arguments were not provided:
!   --restate
! 
! Usage: asof save --reason <TEXT> --restate [DATE]
! 
! For more information, try '--help'.
exit 2
$ asof save --restate --reason ''
! error: a value is required for '--reason <TEXT>' but none was supplied
! 
! For more information, try '--help'.
exit 2
$ asof save --retry-for soon
! error: invalid value 'soon' for '--retry-for <TIME>': write a whole number and a unit: 60s, 5m, 2h
! 
! For more information, try '--help'.
exit 2
$ asof save -q -v
! error: the argument '--quiet' cannot be used with '--verbose'
! 
! Usage: asof save --quiet [DATE]
! 
! For more information, try '--help'.
exit 2
$ asof list --from 2025-11-31
! error: invalid value '2025-11-31' for '--from <DATE>': "2025-11-31" names no day: give a date such as 2025-11-06, yesterday, today, or -7d
! 
! For more information, try '--help'.
exit 2
$ asof list --from 2025-11-06 --to 2025-11-05
! error: the range from 2025-11-06 to 2025-11-05 runs backwards
!   hint: let --from be the earlier day
exit 2
$ asof restore newest
! error: invalid value 'newest' for '[WHEN]': "newest" names no day: give a date such as 2025-11-06, 2025-11-06@2 or 2025-11-06@original, latest, latest~3, yesterday or -7d
! 
! For more information, try '--help'.
exit 2
$ asof restore --html --metric calls
! error: the argument '--html' cannot be used with '--metric <NAME>'
! 
! Usage: asof restore --html [WHEN]
! 
! For more information, try '--help'.
exit 2
$ asof restore --html --output copy
! error: the argument '--html' cannot be used with '--output <DIR>'
! 
! Usage: asof restore --html [WHEN]
! 
! For more information, try '--help'.
exit 2
$ asof --color sometimes list
! error: invalid value 'sometimes' for '--color <WHEN>'
!   [possible values: auto, always, never]
! 
! For more information, try '--help'.
exit 2
"#);
}

#[test]
fn wrong_usage_is_json_where_json_is_wanted() {
    let place = calls();
    place.asof("--json save 2025-02-30");
    place.asof("sav --json");
    place.asof("save --restate --json");
    place.asof("--color sometimes list --json");
    place.asof("--json");
    place.told(
        r#"
$ asof --json save 2025-02-30
! {"error":{"exit_code":2,"hint":"see asof --help","message":"invalid value '2025-02-30' for '[DATE]': \"2025-02-30\" names no day: give a date such as 2025-11-06, yesterday, today, or -7d"}}
exit 2
$ asof sav --json
! {"error":{"exit_code":2,"hint":"a similar subcommand exists: 'save'","message":"unrecognized subcommand 'sav'"}}
exit 2
$ asof save --restate --json
! {"error":{"exit_code":2,"hint":"see asof --help","message":"the following required arguments were not provided: --reason <TEXT>"}}
exit 2
$ asof --color sometimes list --json
! {"error":{"exit_code":2,"hint":"see asof --help","message":"invalid value 'sometimes' for '--color <WHEN>' [possible values: auto, always, never]"}}
exit 2
$ asof --json
! {"error":{"exit_code":2,"hint":"see asof --help","message":"'asof' requires a subcommand but one was not provided [subcommands: init, demo, check, save, backfill, list, restore, verify, drift, series, forecast, growth, capture, history, context, alerts, settling, compare, worklist, label, note, pin, prune, schedule, serve, mcp, token]"}}
exit 2
"#);
}

#[test]
fn arguments_of_every_kind_end_in_a_sentence() {
    let place = frozen();
    for line in [
        "save 0000-00-00",
        "save 9999-12-31",
        "save 10000-01-01",
        "save 0001-01-01",
        "save -0d",
        "save -4000000000d",
        "save -99999999999d",
        "save --retry-for 99999999999999999999d",
        "save 2025-11-06 --restate --reason x --retry-for 584542046090y",
        "list --from -4294967295d",
        "list --from 0001-01-01 --to 9999-12-31",
        "list --metric ''",
        "restore latest~4294967295",
        "restore latest~4294967296",
        "restore 2025-11-06@4294967295",
        "restore 2025-11-06@4294967296",
        "restore -4294967295d",
        "restore @",
        "restore ~",
        "restore --by ''",
        "restore --metric ''",
        "restore --output ''",
        "--config '' list",
        "--config . list",
        "--config /dev/null list",
        "init ''",
        "check extra",
        "-",
    ] {
        let run = place.asof(line);
        assert!((0..=6).contains(&run.code), "{line}: {}", run.code);
        assert!(
            run.code == 0 || run.stderr.starts_with("error: ") || run.stderr.contains(": "),
            "{line}: {}",
            run.stderr
        );
        assert!(!run.stdout.is_empty() || run.code != 0 || line.contains("save"), "{line} says nothing");
    }
    place.told(
        r#"
$ asof save 0000-00-00
! error: invalid value '0000-00-00' for '[DATE]': "0000-00-00" names no day: give a date such as 2025-11-06, yesterday, today, or -7d
! 
! For more information, try '--help'.
exit 2
$ asof save 9999-12-31
! error: the day 9999-12-31 lies beyond the ends of the calendar
!   hint: freeze another day
exit 2
$ asof save 10000-01-01
! error: invalid value '10000-01-01' for '[DATE]': "10000-01-01" names no day: give a date such as 2025-11-06, yesterday, today, or -7d
! 
! For more information, try '--help'.
exit 2
$ asof save 0001-01-01
exit 0
$ asof save -0d
! error: 2025-11-07 has not ended: it ends at 2025-11-08 00:00 CST
!   hint: wait until it is over, or freeze it as it stands with --provisional
exit 2
$ asof save -4000000000d
! error: -4000000000d lies before the calendar begins
!   hint: name a later day
exit 2
$ asof save -99999999999d
! error: invalid value '-99999999999d' for '[DATE]': "-99999999999d" names no day: give a date such as 2025-11-06, yesterday, today, or -7d
! 
! For more information, try '--help'.
exit 2
$ asof save --retry-for 99999999999999999999d
! error: invalid value '99999999999999999999d' for '--retry-for <TIME>': write a whole number and a unit: 60s, 5m, 2h
! 
! For more information, try '--help'.
exit 2
$ asof save 2025-11-06 --restate --reason x --retry-for 584542046090y
! error: invalid value '584542046090y' for '--retry-for <TIME>': write a whole number and a unit: 60s, 5m, 2h
! 
! For more information, try '--help'.
exit 2
$ asof list --from -4294967295d
! error: -4294967295d lies before the calendar begins
!   hint: name a later day
exit 2
$ asof list --from 0001-01-01 --to 9999-12-31
Day             Editions  Provenance       Calls  Sales  Minutes min  Conversion
0001-01-01 Mon  1         ○ reconstructed      0      0          0.0           —
0001-01-02 – 2025-11-05, 739,559 days: not captured
2025-11-06 Thu  1         ● witnessed          5      2         16.5     40.00 %
exit 0
$ asof list --metric ''
! error: "" is no metric
!   hint: known metrics: calls, sales, minutes, conversion, week
exit 2
$ asof restore latest~4294967295
! error: there is no latest~4294967295: the archive holds 2 days
!   hint: asof list shows what there is
exit 1
$ asof restore latest~4294967296
! error: invalid value 'latest~4294967296' for '[WHEN]': "latest~4294967296" names no day: give a date such as 2025-11-06, 2025-11-06@2 or 2025-11-06@original, latest, latest~3, yesterday or -7d
! 
! For more information, try '--help'.
exit 2
$ asof restore 2025-11-06@4294967295
! error: 2025-11-06@4294967295 is not in the archive: the day has edition 1 only
!   hint: asof list shows what there is
exit 1
$ asof restore 2025-11-06@4294967296
! error: invalid value '2025-11-06@4294967296' for '[WHEN]': "2025-11-06@4294967296" names no day: give a date such as 2025-11-06, 2025-11-06@2 or 2025-11-06@original, latest, latest~3, yesterday or -7d
! 
! For more information, try '--help'.
exit 2
$ asof restore -4294967295d
! error: -4294967295d lies before the calendar begins
!   hint: asof list shows what there is
exit 1
$ asof restore @
! error: invalid value '@' for '[WHEN]': "@" names no day: give a date such as 2025-11-06, 2025-11-06@2 or 2025-11-06@original, latest, latest~3, yesterday or -7d
! 
! For more information, try '--help'.
exit 2
$ asof restore ~
! error: invalid value '~' for '[WHEN]': "~" names no day: give a date such as 2025-11-06, 2025-11-06@2 or 2025-11-06@original, latest, latest~3, yesterday or -7d
! 
! For more information, try '--help'.
exit 2
$ asof restore --by ''
! error: "" is no dimension of that day
!   hint: 2025-11-06 has hour, campaign, status
exit 2
$ asof restore --metric ''
! error: "" is no metric of that day
!   hint: 2025-11-06 has calls, sales, minutes, conversion, week
exit 2
$ asof restore --output ''
! error: a value is required for '--output <DIR>' but none was supplied
! 
! For more information, try '--help'.
exit 2
$ asof --config '' list
! error: a value is required for '--config <FILE>' but none was supplied
! 
! For more information, try '--help'.
exit 2
$ asof --config . list
! error: the configuration . can't be read: Is a directory (os error 21)
!   hint: name a file that can be read by --config FILE or ASOF_CONFIG
exit 2
$ asof --config /dev/null list
! /dev/null: [calendar] is missing
!   hint: add [calendar] with time_zone = "America/Chicago" or yours
! /dev/null: [source] is missing
!   hint: add [source] with url = "mysql://user@host/database"
! /dev/null: there are no events
!   hint: add [events.NAME] with table, time and time_is, or [entities.NAME]
! /dev/null: there are no metrics
!   hint: add [metrics] with a line such as calls = { of = "calls", count = true }
exit 2
$ asof init ''
! error: a value is required for '[DIR]' but none was supplied
! 
! For more information, try '--help'.
exit 2
$ asof check extra
! error: invalid value 'extra' for '[DATE]': "extra" names no day: give a date such as 2025-11-06, yesterday, today, or -7d
! 
! For more information, try '--help'.
exit 2
$ asof -
! error: unrecognized subcommand '-'
! 
! Usage: asof [OPTIONS] <COMMAND>
! 
! For more information, try '--help'.
exit 2
"#);
}
