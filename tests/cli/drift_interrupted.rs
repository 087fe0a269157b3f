//! `drift` where it is stopped, where a day was not over, and where little is left of it.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::calls;

#[test]
fn a_range_that_is_interrupted_tells_what_it_found_and_writes_nothing() {
    let place = calls();
    place.done(&["save 2025-11-05", "save 2025-11-06"]);
    // From the 6th on each read takes for ever.
    place.sqlite(
        "calls.db",
        "alter table calls rename to rows;
         update rows set status = 'SALE' where at = '2025-11-05 10:00:00';
         create view calls as select id, at, campaign, status, case when at < '2025-11-06' then seconds else
           (with recursive n(i) as (select 0 union all select i + 1 from n where i < 1e15) select count(*) from n) end as seconds
           from rows;",
    );
    let before = place.tree("snapshots");
    for (arguments, signal) in [("", "-INT"), ("--json", "-TERM")] {
        let line = format!("drift --from 2025-11-05 --to 2025-11-06 {arguments}");
        let line = line.trim_end();
        let words: Vec<&str> = line.split(' ').collect();
        let mut run = place.command(&words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(run.stdout.take().unwrap());
        let mut told = String::new();
        while !told.contains("2025-11-05") {
            assert_ne!(out.read_line(&mut told).unwrap(), 0);
        }
        assert!(Command::new("kill").args([signal, &run.id().to_string()]).status().unwrap().success());
        let asked = Instant::now();
        out.read_to_string(&mut told).unwrap();
        let mut output = run.wait_with_output().unwrap();
        assert!(asked.elapsed() < Duration::from_secs(20));
        output.stdout = told.into_bytes();
        place.tell(line, &output);
    }
    place.told(
        r#"
$ asof drift --from 2025-11-05 --to 2025-11-06
2025-11-05 Wed  edition 1  restated
  Metric                             Frozen      Now     Change
  Calls                                   3        3          0     0.00 %  restated
  Sales                                   1        2         +1  +100.00 %  restated
  Conversion                        33.33 %  66.67 %  +33.33 pt  +100.00 %  restated
  Conversion of the week, this day  33.33 %  66.67 %  +33.33 pt  +100.00 %  restated
1 day: 1 restated; -v tells which members moved
! warning: interrupted: 1 of 2 days was looked at
exit 130
$ asof drift --from 2025-11-05 --to 2025-11-06 --json
{"date":"2025-11-05","edition":1,"event":"day","groups_differ_in":[],"kind":"restated","metrics":{"calls":{"by":{"status":[{"change":-1,"frozen":2,"key":"NA","label":null,"live":1,"percentage":-50.00},{"change":1,"frozen":1,"key":"SALE","label":null,"live":2,"percentage":100.00}]},"change":0,"frozen":3,"kind":"restated","live":3,"percentage":0.00},"conversion":{"by":{"campaign":[{"change":0.5,"frozen":0.5,"key":"1027","label":"EASTSIDE","live":1,"percentage":100.00}],"hour":[{"change":1,"frozen":0,"key":"10","label":null,"live":1,"percentage":null}]},"change":0.333333333334,"frozen":0.333333333333,"kind":"restated","live":0.666666666667,"percentage":100.00},"minutes":{"by":{},"change":0.0,"frozen":1.5,"kind":"unchanged","live":1.5,"percentage":0.00},"sales":{"by":{"campaign":[{"change":1,"frozen":1,"key":"1027","label":"EASTSIDE","live":2,"percentage":100.00}],"hour":[{"change":1,"frozen":0,"key":"10","label":null,"live":1,"percentage":null}],"status":[{"change":1,"frozen":1,"key":"SALE","label":null,"live":2,"percentage":100.00}]},"change":1,"frozen":1,"kind":"restated","live":2,"percentage":100.00},"week":{"by":{"campaign":[{"change":0.5,"frozen":0.5,"key":"1027","label":"EASTSIDE","live":1,"percentage":100.00}],"hour":[{"change":1,"frozen":0,"key":"10","label":null,"live":1,"percentage":null}]},"change":0.333333333334,"frozen":0.333333333333,"kind":"restated","live":0.666666666667,"percentage":100.00,"this_day":true}},"provenance":"reconstructed","rows":{"calls":{"frozen":3,"live":3,"shrunk":false}}}
{"days":1,"event":"done","failed":0,"frozen_again":0,"redefined":0,"restated":1,"source_shrunk":0,"unchanged":0,"unreadable":0}
! {"warning":"interrupted: 1 of 2 days was looked at"}
exit 130
"#,
    );
    assert_eq!(place.tree("snapshots"), before);
}

#[test]
fn a_day_that_was_not_over_is_told_as_such() {
    let place = calls();
    place.at("2025-11-06T18:00:00-06:00");
    place.done(&["save 2025-11-06 --provisional"]);
    place.asof("drift --metric calls");
    place.sqlite(
        "calls.db",
        "insert into calls (at, campaign, status, seconds) values ('2025-11-06 18:30:00', '1027', 'NA', 0)",
    );
    place.at("2025-11-06T19:00:00-06:00");
    place.asof("drift --metric calls");
    place.asof("drift --restate --reason early");
    place.asof("drift 2025-11-07");
    place.told(
        r#"
$ asof drift --metric calls
2025-11-06 Thu  edition 1  unchanged
  provisional: it was frozen before it was final, so it is expected to move
exit 0
$ asof drift --metric calls
2025-11-06 Thu  edition 1  restated
  provisional: it was frozen before it was final, so it is expected to move
  Metric                    Frozen  Now  Change
  Calls                          5    6      +1   +20.00 %  restated
    hour 18                      —    1      +1             appeared
    campaign EASTSIDE 1027       3    4      +1   +33.33 %
    status NA                    1    2      +1  +100.00 %
exit 0
$ asof drift --restate --reason early
2025-11-06 Thu  edition 1  restated
  provisional: it was frozen before it was final, so it is expected to move
  frozen again as 2025-11-06@2
  Metric                             Frozen      Now    Change
  Calls                                   5        6        +1   +20.00 %  restated
    hour 18                               —        1        +1             appeared
    campaign EASTSIDE 1027                3        4        +1   +33.33 %
    status NA                             1        2        +1  +100.00 %
  Conversion                        40.00 %  33.33 %  −6.67 pt   −16.67 %  restated
    campaign EASTSIDE 1027          33.33 %  25.00 %  −8.33 pt   −25.00 %
  Conversion of the week, this day  40.00 %  33.33 %  −6.67 pt   −16.67 %  restated
    campaign EASTSIDE 1027          33.33 %  25.00 %  −8.33 pt   −25.00 %
exit 0
$ asof drift 2025-11-07
! error: 2025-11-07 is not in the archive
!   hint: the nearest days that exist: 2025-11-06
exit 1
"#,
    );
}

#[test]
fn a_day_of_which_only_the_numbers_are_left_can_still_be_held_against_the_source() {
    let place = calls();
    place.done(&["save 2025-11-05", "save 2025-11-06"]);
    place.change("asof.toml", "[lists]", "[retention]\nkeep_daily = \"1 day\"\n\n[lists]");
    place.at("2026-03-01T03:00:00-06:00");
    place.done(&["save", "prune"]);
    assert!(!place.path("snapshots/2025-11-05/cubes/calls.parquet").exists());
    place.sqlite("calls.db", "update calls set status = 'SALE' where at = '2025-11-05 10:00:00'");
    place.asof("drift 2025-11-05 --metric sales");
    place.asof("drift 2025-11-05 --restate --reason 'late disposition' --quiet");
    place.asof("drift 2025-11-05");
    place.asof("verify");
    place.told(
        r#"
$ asof drift 2025-11-05 --metric sales
2025-11-05 Wed  edition 1  restated
  Metric                    Frozen  Now  Change
  Sales                          1    2      +1  +100.00 %  restated
    hour 10                      0    1      +1
    campaign EASTSIDE 1027       1    2      +1  +100.00 %
    status SALE                  1    2      +1  +100.00 %
exit 0
$ asof drift 2025-11-05 --restate --reason 'late disposition' --quiet
exit 0
$ asof drift 2025-11-05
2025-11-05 Wed  edition 2  unchanged
exit 0
$ asof verify
exit 0
"#,
    );
}
