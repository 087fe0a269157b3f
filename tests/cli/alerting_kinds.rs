//! Each kind of alert as a user meets it: what fires, what does not, and why.

use super::alerting::{got, program, sales};
use crate::support::command::Place;

/// A day of November, a campaign, which may be NULL, and how many sales it made.
type Sales<'a> = (u32, Option<&'a str>, u32);

/// A place with these sales.
fn of_campaigns(sold: &[Sales<'_>], alerts: &str) -> Place {
    let place = sales(&[], alerts);
    let rows = sold.iter().flat_map(|(day, campaign, count)| {
        let campaign = campaign.map_or_else(|| "null".to_owned(), |campaign| format!("'{campaign}'"));
        let sql =
            format!("insert into calls (at, campaign) values ('2025-11-{day:02} 09:00:00', {campaign});");
        (0..*count).map(move |_| sql.clone())
    });
    place.sqlite("calls.db", &rows.collect::<String>());
    place
}

#[test]
fn each_kind_says_what_it_held_against_what() {
    let alerts = r#"
[alerts.month]
metric = "sales"
change = "month_to_date"
more_than = "20%"

[alerts.goal]
metric = "sales"
target = 25
more_than = "10%"

[alerts.odd]
metric = "sales"
anomaly = true

[alerts.fallen]
metric = "sales"
change = "previous_day"
more_than = "20%"
direction = "down"

[alerts.risen]
metric = "sales"
change = "same_weekday"
more_than = "20%"
direction = "up"

[alerts.small]
metric = "sales"
change = "previous_day"
more_than = "20%"
ignore_below = 50

[alerts.two_days]
metric = "sales"
above = 20
for = 2
"#;
    // Ten a day in October and on six days of November, 29 on the seventh, a Friday, and on the eighth.
    let place = of_campaigns(&[7, 8].map(|day| (day, Some("a"), 29)), alerts);
    let days =
        (1..=31).map(|day| format!("2025-10-{day:02}")).chain((1..=6).map(|day| format!("2025-11-{day:02}")));
    let rows = days
        .map(|day| format!("insert into calls (at, campaign) values ('{day} 10:00:00', 'a');").repeat(10));
    place.sqlite("calls.db", &format!("begin; {} commit;", rows.collect::<String>()));
    place.at("2025-11-09T03:00:00-06:00");
    place.env("COLUMNS", "120");
    place.done(&["backfill --from 2025-10-01 --to 2025-11-08"]);
    place.asof("alerts 2025-11-06");
    place.asof("alerts 2025-11-07");
    place.asof("alerts");
    place.told(
        r#"
$ asof alerts 2025-11-06
2025-11-06
Alert        State  Value  Expected  Why
month        fine      60        60  60 against 60 (2025-10-01 to 2025-10-06): no change
goal         fires     10        25  10 against 25 (the target): 60.00 % less
odd          fine      10        10  10 where about 10 is usual on a Thursday
fallen       fine      10        10  10 against 10 (2025-11-05): no change
risen        fine      10        10  10 against 10 (2025-10-30): no change
small        fine      10        10  10 against 10 (2025-11-05): no change
two_days     fine      10        20  10 is within its bounds
missing_day  fine       0         0  no day is missing
exit 4
$ asof alerts 2025-11-07
2025-11-07
Alert        State  Value  Expected  Why
month        fires     89        70  89 against 70 (2025-10-01 to 2025-10-07): 27.14 % more
goal         fires     29        25  29 against 25 (the target): 16.00 % more
odd          fires     29        10  29 where about 10 is usual on a Friday, 95.0 times the usual spread away
fallen       fine      29        10  29 against 10 (2025-11-06): 190.00 % more
risen        fires     29        10  29 against 10 (2025-10-31): 190.00 % more
small        fine      29        10  29 against 10 (2025-11-06): 190.00 % more; both are below 50
two_days     fine      29        20  29 is above 20; the first day of the 2 that it takes
missing_day  fine       0         0  no day is missing
exit 4
$ asof alerts
2025-11-08
Alert        State  Value  Expected  Why
month        fires    118        80  118 against 80 (2025-10-01 to 2025-10-08): 47.50 % more
goal         fires     29        25  29 against 25 (the target): 16.00 % more
odd          fires  29.00     10.48  29 where about 10.48 is usual on a Saturday, 88.4 times the usual spread away
fallen       fine      29        29  29 against 29 (2025-11-07): no change
risen        fires     29        10  29 against 10 (2025-11-01): 190.00 % more
small        fine      29        29  29 against 29 (2025-11-07): no change
two_days     fires     29        20  29 is above 20; 2 days in a row
missing_day  fine       0         0  no day is missing
exit 4
"#,
    );
}

#[test]
fn no_campaign_and_one_that_is_gone_are_members_like_others() {
    let alerts = r#"
[alerts.low]
metric = "sales"
by = "campaign"
below = 10

[alerts.drop]
metric = "sales"
by = "campaign"
change = "previous_day"
more_than = "50%"

[alerts.units]
metric = "units"
by = "campaign"
below = 24

[sinks.ops]
command = ["./ops"]
"#;
    let mut sold: Vec<Sales<'_>> = (3..=7).map(|day| (day, Some("a"), 20)).collect();
    sold.extend([(3, None, 12), (4, None, 12), (4, Some("b"), 15), (7, Some("b"), 15)]);
    let place = of_campaigns(&sold, alerts);
    place.change("asof.toml", "share =", "units = { of = \"calls\", sum = \"2\" }\nshare =");
    program(&place, "ops", "");
    for day in 3..=7 {
        place.asof(&format!("save 2025-11-0{day}"));
    }
    place.at("2025-11-08T03:00:00-06:00");
    place.asof("alerts");
    place.told(
        r#"
$ asof save 2025-11-03
exit 0
$ asof save 2025-11-04
! warning: alert drop on 2025-11-04: sales of campaign b: 15 against 0 (2025-11-03): up from nothing
exit 0
$ asof save 2025-11-05
! warning: alert low on 2025-11-05: sales of campaign NULL: 0 is below 10
! warning: alert low on 2025-11-05: sales of campaign b: 0 is below 10
! warning: alert drop on 2025-11-05: sales of campaign NULL: 0 against 12 (2025-11-04): 100.00 % less
! warning: alert units on 2025-11-05: units of campaign NULL: 0 is below 24
! warning: alert units on 2025-11-05: units of campaign b: 0 is below 24
exit 0
$ asof save 2025-11-06
exit 0
$ asof save 2025-11-07
! warning: alert drop on 2025-11-07: sales of campaign b: 15 against 0 (2025-11-06): up from nothing
exit 0
$ asof alerts
2025-11-07
Alert        Member      State  Value  Expected  Why
low          ∅ no value  fires      0        10  0 is below 10
low          a           fine      20        10  20 is within its bounds
low          b           fine      15        10  15 is within its bounds
drop         ∅ no value  fine       0         0  0 against 0 (2025-11-06): no change
drop         a           fine      20        20  20 against 20 (2025-11-06): no change
drop         b           fires     15         0  15 against 0 (2025-11-06): up from nothing
units        ∅ no value  fires      0        24  0 is below 24
units        a           fine      40        24  40 is within its bounds
units        b           fine      30        24  30 is within its bounds
missing_day              fine       0         0  no day is missing
exit 4
"#,
    );
    let members: Vec<usize> =
        got(&place, "ops").iter().map(|told| told["alerts"].as_array().unwrap().len()).collect();
    // On the 5th `drop` fires of b already: once it rose, then it fell, and it was never fine in between.
    assert_eq!(members, [1, 5, 1]);
    assert_eq!(
        got(&place, "ops")[1]["alerts"][0]["member"],
        serde_json::json!({ "by": "campaign", "key": null })
    );
}

#[test]
fn a_snoozed_alert_is_silent_for_its_days_and_a_row_of_days_is_told_once_it_is_one() {
    let alerts = r#"
[alerts.low]
metric = "sales"
below = 10
snooze = "3d"

[alerts.two_days]
metric = "sales"
below = 10
for = 2
"#;
    let place = sales(&[4, 20, 5, 6, 7], alerts);
    for day in 3..=7 {
        place.asof(&format!("save 2025-11-0{day}"));
    }
    place.told(
        r#"
$ asof save 2025-11-03
! warning: alert low on 2025-11-03: sales: 4 is below 10
exit 0
$ asof save 2025-11-04
exit 0
$ asof save 2025-11-05
exit 0
$ asof save 2025-11-06
! warning: alert low on 2025-11-06: sales: 6 is below 10
! warning: alert two_days on 2025-11-06: sales: 6 is below 10; 2 days in a row
exit 0
$ asof save 2025-11-07
exit 0
"#,
    );
}

#[test]
fn an_alert_by_a_dimension_that_days_do_not_have_is_not_judged_and_says_so() {
    let rule = "[alerts.low]\nmetric = \"sales\"\nby = \"campaign\"\nbelow = 10\n";
    let place = sales(&[4], rule);
    place.at("2025-11-05T03:00:00-06:00");
    place.done(&["save 2025-11-03"]);
    place.change("asof.toml", "campaign = \"campaign\"", "campaign = \"upper(campaign)\"");
    place.asof("alerts");
    place.asof("save 2025-11-04");
    place.asof("alerts");
    place.told(
        r#"
$ asof alerts
2025-11-03
Alert        State       Value  Expected  Why
low          not judged      —         —  no member of campaign is known on this day
missing_day  fires           1         0  2025-11-04 is not frozen
exit 4
$ asof save 2025-11-04
exit 0
$ asof alerts
2025-11-04
Alert        State       Value  Expected  Why
low          not judged      —         —  no day has a member of campaign
missing_day  fine            0         0  no day is missing
exit 0
"#,
    );
}
