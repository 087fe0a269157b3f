//! `forecast`: what is expected, how far that was right before, and when there is too little to say.

use serde_json::{Value, json};

use crate::support::command::Place;

const CONFIG: &str = r#"[source]
url = "sqlite:calls.db"

[calendar]
time_zone = "America/Chicago"

[events.calls]
table = "calls"
time = "at"
time_is = "local"

[metrics]
calls = { of = "calls", count = true }
none = { of = "calls", count = true, where = "id < 0" }
"#;

/// Five weeks from Monday 2025-09-01 on: 7 calls on Mondays, 6 on Tuesdays, down to 1 on Sundays.
const CALLS: &str = "
create table calls (id integer primary key, at text);
create index by_time on calls (at);
with recursive days(n) as (select 0 union all select n + 1 from days where n < 34),
  calls_of(n, left) as (select n, 7 - n % 7 from days union all select n, left - 1 from calls_of where left > 1)
insert into calls (at) select date('2025-09-01', '+' || n || ' days') || ' 09:00:00' from calls_of;
";

pub(super) fn weeks() -> Place {
    let place = Place::new();
    place.write("asof.toml", CONFIG);
    place.sqlite("calls.db", CALLS);
    place
}

fn forecast(place: &Place, arguments: &str) -> Value {
    let run = place.asof(&format!("forecast {arguments} --json"));
    assert_eq!(run.code, 0, "{}", run.stderr);
    serde_json::from_str(&run.stdout).unwrap()
}

#[test]
fn a_week_that_repeats_is_expected_again() {
    let place = weeks();
    place.done(&["backfill --from 2025-09-01 --to 2025-10-05"]);
    place.asof("forecast calls --days 8");
    // From each day from the 22nd on that has eight more after it: 7. None was off.
    place.told(
        r#"
$ asof forecast calls --days 8
Day             Calls  80 % from  to
2025-10-06 Mon      7          7   7
2025-10-07 Tue      6          6   6
2025-10-08 Wed      5          5   5
2025-10-09 Thu      4          4   4
2025-10-10 Fri      3          3   3
2025-10-11 Sat      2          2   2
2025-10-12 Sun      1          1   1
2025-10-13 Mon      7          7   7
Each of the 35 known days from 2025-09-01 to 2025-10-05 was like the same weekday before: the forecast is that week again, and its interval has no width.
Tried on the past from 7 days, 8 ahead: off by 0 calls in the mean (mean absolute error), the same weekday of the week before by 0 calls; 100.0 % of the days lay inside their 80 % interval.
exit 0
"#,
    );
    let told = forecast(&place, "none --days 3");
    assert_eq!((&told["method"], &told["days"][2]["value"]), (&json!("constant"), &json!(0)));
    assert_eq!((&told["days"][2]["low"], &told["days"][2]["high"]), (&json!(0), &json!(0)));

    let run = place.asof("series calls --html calls.html --forecast 8");
    assert_eq!((run.code, run.stdout.as_str()), (0, "calls.html\n"));
    let page = place.read("calls.html");
    assert!(page.contains("The next 8 days") && page.contains(r#"class="expected""#), "{page}");
    assert!(page.contains("Tried on the past from 7 days"), "{page}");
    assert_eq!(place.asof("forecast calls --html other.html").code, 0);
    assert!(place.read("other.html").contains("The next 14 days"));
}

#[test]
fn a_day_out_of_the_ordinary_is_held_against_the_forecast() {
    let place = weeks();
    // The 31st day, a Wednesday, has 70 calls more.
    place.sqlite(
        "calls.db",
        "with recursive more(n) as (select 1 union all select n + 1 from more where n < 70)
         insert into calls (at) select '2025-10-01 10:00:00' from more",
    );
    place.done(&["backfill --from 2025-09-01 --to 2025-10-05"]);
    let told = forecast(&place, "calls --days 7");
    assert_eq!(told["method"], "mstl_ets");
    let test = &told["back_test"];
    // From 8 days, 7 ahead: five of these weeks hold that Wednesday, off by 70. 350 / 56 is 6.25.
    assert_eq!((&test["origins"], &test["days"]), (&json!(8), &json!(56)));
    assert_eq!(test["mean_absolute_error_of_last_week"].to_string(), "6.25");
    // All that was known before was the week that repeats, so the forecast was last week's too.
    assert_eq!(test["mean_absolute_error"].to_string(), "6.25");
    assert_eq!((&test["inside_interval"], &test["worse_than_last_week"]), (&json!(51), &json!(false)));
    assert_eq!(test["inside_percentage"].to_string(), "91.1");
    for day in told["days"].as_array().unwrap() {
        let number = |name: &str| day[name].as_i64().unwrap_or_else(|| panic!("{day}: a whole number"));
        assert!(
            0 <= number("low") && number("low") <= number("value") && number("value") <= number("high"),
            "{day}"
        );
    }
}

#[test]
fn days_that_are_missing_are_filled_and_said() {
    let place = weeks();
    place.done(&["backfill --from 2025-09-01 --to 2025-09-16", "backfill --from 2025-09-18 --to 2025-10-05"]);
    let told = forecast(&place, "calls --days 7");
    let expected: Vec<i64> =
        told["days"].as_array().unwrap().iter().map(|day| day["value"].as_i64().unwrap()).collect();
    assert_eq!(expected, [7, 6, 5, 4, 3, 2, 1]);
    assert_eq!(
        (&told["basis"]["filled"], &told["basis"]["known_days"]),
        (&json!(["2025-09-17"]), &json!(34))
    );
    let run = place.asof("forecast calls");
    assert!(
        run.stdout.contains("1 day is not known (2025-09-17); the median of the same weekday stood in."),
        "{}",
        run.stdout
    );
}

#[test]
fn too_few_days_are_refused() {
    let place = weeks();
    place.done(&["backfill --from 2025-09-01 --to 2025-09-20"]);
    place.asof("forecast calls");
    place.asof("forecast call");
    place.asof("forecast calls --days 0");
    place.asof("forecast calls --json");
    place.told(
        r#"
$ asof forecast calls
! error: a forecast needs 21 known days, and there are 20
!   hint: asof backfill freezes earlier days; provisional days and days of another definition don't count
exit 1
$ asof forecast call
! error: "call" is no metric of this archive
!   hint: did you mean "calls"? known metrics: calls, none
exit 2
$ asof forecast calls --days 0
! error: invalid value '0' for '--days <DAYS>': write a number of days from 1 to 90
! 
! For more information, try '--help'.
exit 2
$ asof forecast calls --json
! {"error":{"exit_code":1,"hint":"asof backfill freezes earlier days; provisional days and days of another definition don't count","message":"a forecast needs 21 known days, and there are 20"}}
exit 1
"#,
    );
    place.done(&["save 2025-09-21"]);
    // 21 days are enough, and too few to try it on the past.
    assert_eq!(forecast(&place, "calls")["back_test"], json!(null));
}
