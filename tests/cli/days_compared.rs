//! `compare`: days and ranges against each other. The expected numbers are worked out by hand from the rows
//! of the source.

use serde_json::{Value, json};

use super::calls;
use crate::support::command::Place;

/// Both days of the call centre.
pub(super) fn two_days() -> Place {
    let place = calls();
    place.done(&["save 2025-11-05", "save 2025-11-06"]);
    place
}

/// A shop with all kinds of metrics, and five days of orders around the change of clocks on 2025-11-02.
pub(super) fn shop() -> Place {
    let place = Place::new();
    place.write(
        "asof.toml",
        r#"[source]
url = "sqlite:shop.db"

[calendar]
time_zone = "America/Chicago"

[lists]
paid = ["PAID"]

[events.orders]
table = "orders"
time = "at"
time_is = "local"

[events.orders.by]
shop = "shop"

[metrics]
orders = { of = "orders", count = true }
paid = { of = "orders", count = true, where = "status in {paid}" }
amount = { of = "orders", sum = "cents", divide = 100, unit = "$" }
mean = { of = "orders", avg = "cents" }
least = { of = "orders", min = "cents" }
most = { of = "orders", max = "cents" }
buyers = { of = "orders", distinct = "buyer" }
rate = { ratio = ["paid", "orders"], unit = "%" }
per_buyer = { ratio = ["orders", "buyers"] }
lately = { of = "orders", count = true, over = "2d" }
"#,
    );
    place.sqlite(
        "shop.db",
        "create table orders (at text, shop text, status text, cents integer, buyer text);
         insert into orders values
           ('2025-11-01 10:00:00', 'north', 'PAID', 1000, 'ann'),
           ('2025-11-01 11:00:00', 'south', 'OPEN', 250, 'bob'),
           ('2025-11-01 12:00:00', 'south', 'PAID', 250, 'ann'),
           ('2025-11-02 10:00:00', 'north', 'PAID', 500, 'ann'),
           ('2025-11-03 10:00:00', 'north', 'PAID', 700, 'cat'),
           ('2025-11-03 11:00:00', 'west', 'PAID', 100, 'cat'),
           ('2025-11-03 12:00:00', 'west', 'OPEN', null, 'dan'),
           ('2025-11-04 10:00:00', 'north', 'OPEN', 300, 'ann'),
           ('2025-11-04 11:00:00', 'west', 'PAID', 400, 'eve');",
    );
    place.at("2025-11-08T03:00:00-06:00");
    place.done(&["save 2025-11-01", "save 2025-11-02", "save 2025-11-03", "save 2025-11-04"]);
    place
}

#[track_caller]
pub(super) fn document(place: &Place, line: &str) -> Value {
    let run = place.asof(line);
    place.forget();
    assert_eq!(run.code, 0, "asof {line}: {}", run.stderr);
    serde_json::from_str(&run.stdout).unwrap()
}

/// A metric's value of A and of B, the difference and the percentage.
pub(super) fn told(document: &Value, metric: &str) -> String {
    let metric = &document["metrics"][metric];
    assert!(metric.is_object(), "{document}");
    let reason = metric["reason"].as_str().map_or_else(String::new, |reason| format!(" ({reason})"));
    let (a, b) = (&metric["a"]["value"], &metric["b"]["value"]);
    format!("{a} {b} {} {}{reason}", metric["difference"], metric["percentage"])
}

#[test]
fn two_days_stand_side_by_side() {
    let place = two_days();
    place.asof("compare 2025-11-06 2025-11-05 --metric calls --metric minutes --metric week");
    place.asof("compare latest latest~1 --metric calls --by campaign");
    place.told(
        r#"
$ asof compare 2025-11-06 2025-11-05 --metric calls --metric minutes --metric week
A  2025-11-06  Thu, edition 1, witnessed
B  2025-11-05  Wed, edition 1, reconstructed

Metric                         A        B  Difference       Change
Calls                          5        3          +2     +66.67 %
Minutes                 16.5 min  1.5 min   +15.0 min  +1,000.00 %
Conversion of the week   37.50 %  33.33 %    +4.17 pt

Calls by hour  A  B  Difference     Change
00 only in A   1  0          +1          —
09             2  1          +1  +100.00 %
10 only in B   0  1          −1  −100.00 %
17 only in A   1  0          +1          —
23             1  1           0     0.00 %

Calls by campaign      A  B  Difference    Change
EASTSIDE 1027          3  2          +1  +50.00 %
∅ no value, only in A  1  0          +1         —
Harbour 2044           1  1           0    0.00 %

Calls by status      A  B  Difference     Change
“” empty, only in A  1  0          +1          —
DROP only in A       1  0          +1          —
NA                   1  2          −1   −50.00 %
SALE                 2  1          +1  +100.00 %

Minutes by hour         A        B  Difference    Change
00 only in A     10.0 min  0.0 min   +10.0 min         —
17 only in A      6.0 min  0.0 min    +6.0 min         —
09                0.5 min  1.0 min    −0.5 min  −50.00 %
(2 more: --by shows all)

Minutes by campaign           A        B  Difference       Change
EASTSIDE 1027          10.5 min  1.0 min    +9.5 min    +950.00 %
Harbour 2044            6.0 min  0.5 min    +5.5 min  +1,100.00 %
∅ no value, only in A         —  0.0 min           —            —

Minutes by status           A        B  Difference       Change
SALE                 16.0 min  1.0 min   +15.0 min  +1,500.00 %
DROP only in A        0.5 min  0.0 min    +0.5 min            —
NA                    0.0 min  0.5 min    −0.5 min    −100.00 %
“” empty, only in A         —  0.0 min           —            —

Conversion of the week by hour         A         B  Difference  Change
09                               33.33 %  100.00 %   −66.67 pt
00 only in A                    100.00 %         —           —       —
17 only in A                    100.00 %         —           —       —
(2 more: --by shows all)

Conversion of the week by campaign        A        B  Difference  Change
Harbour 2044                        50.00 %   0.00 %   +50.00 pt
EASTSIDE 1027                       40.00 %  50.00 %   −10.00 pt
∅ no value, only in A                0.00 %        —           —       —

Conversion of the week by status       A  B  Difference  Change
“” empty, only in A               0.00 %  —           —       —
DROP only in A                    0.00 %  —           —       —
(2 more: --by shows all)
exit 0
$ asof compare latest latest~1 --metric calls --by campaign
A  2025-11-06  Thu, edition 1, witnessed
B  2025-11-05  Wed, edition 1, reconstructed

Metric  A  B  Difference    Change
Calls   5  3          +2  +66.67 %

Calls by campaign      A  B  Difference    Change
EASTSIDE 1027          3  2          +1  +50.00 %
∅ no value, only in A  1  0          +1         —
Harbour 2044           1  1           0    0.00 %
exit 0
"#,
    );
}

#[test]
fn a_program_is_told_all_members() {
    let place = two_days();
    let found = document(&place, "compare latest -2d --json --metric conversion --metric calls");
    assert_eq!(
        found["a"],
        json!({ "from": "2025-11-06", "to": "2025-11-06", "missing": [], "thinned": [],
            "days": [{ "date": "2025-11-06", "edition": 1, "provenance": "witnessed", "hours": 24 }] })
    );
    assert_eq!(found["warnings"], json!([]));
    assert_eq!(told(&found, "calls"), "5 3 2 66.67");
    // Two of five against one of three: 0.4 − 0.333333333333.
    assert_eq!(told(&found, "conversion"), "0.4 0.333333333333 0.066666666667 null");
    assert_eq!(found["metrics"]["conversion"]["points"].to_string(), "6.6666666667");
    let members = found["metrics"]["calls"]["by"]["campaign"].as_array().unwrap();
    let told: Vec<String> = members
        .iter()
        .map(|member| format!("{} {} {}", member["key"], member["difference"], member["fate"]))
        .collect();
    assert_eq!(told, [r#""1027" 1 null"#, r#"null 1 "appeared""#, r#""2044" 0 null"#]);
    assert_eq!(found["metrics"].as_object().unwrap().keys().collect::<Vec<_>>(), ["calls", "conversion"]);
}

#[test]
fn ranges_are_added_up_and_made_from_their_parts() {
    let place = shop();
    let found = document(&place, "compare 2025-11-03..2025-11-04 2025-11-01..2025-11-02 --json");
    // select count(*) … for both halves: 5 and 4.
    assert_eq!(told(&found, "orders"), "5 4 1 25.00");
    assert_eq!(told(&found, "paid"), "3 3 0 0.00");
    // 700 + 100 + 300 + 400 = 1500 cents against 1000 + 250 + 250 + 500 = 2000.
    assert_eq!(told(&found, "amount"), "15 20 -5 -25.00");
    // Of four values that are not NULL, and of four: never the mean of the days' means.
    assert_eq!(told(&found, "mean"), "375 500 -125 -25.00");
    assert_eq!(told(&found, "least"), "100 250 -150 -60.00");
    assert_eq!(told(&found, "most"), "700 1000 -300 -30.00");
    assert_eq!(told(&found, "rate"), "0.6 0.75 -0.15 null");
    assert_eq!(told(&found, "buyers"), "null null null null (A is unknown: distinct counts don't add up)");
    assert_eq!(
        told(&found, "per_buyer"),
        "null null null null (A is unknown: the denominator is unknown: distinct counts don't add up)"
    );
    // Each day has it over two days: added up, days would count twice, and without that it were another metric.
    assert_eq!(
        told(&found, "lately"),
        "null null null null (A is unknown: each day has it over 2 days, and these don't add up)"
    );
    let by = |metric: &str| -> Vec<String> {
        let members = found["metrics"][metric]["by"]["shop"].as_array().unwrap();
        let member = |member: &Value| {
            let (a, b) = (&member["a"]["value"], &member["b"]["value"]);
            format!("{} {a} {b} {} {}", member["key"], member["difference"], member["fate"])
        };
        members.iter().map(member).collect()
    };
    assert_eq!(
        by("orders"),
        [r#""west" 3 0 3 "appeared""#, r#""south" 0 2 -2 "vanished""#, r#""north" 2 2 0 null"#]
    );
    // North: one of two against two of two; the other shops are only on one side.
    assert_eq!(
        by("rate"),
        [
            r#""north" 0.5 1 -0.5 null"#,
            r#""south" null 0.5 null "vanished""#,
            r#""west" 0.666666666667 null null "appeared""#
        ]
    );
    // On 2025-11-02 the clocks went back.
    assert_eq!(
        found["warnings"],
        json!([{ "kind": "hours", "side": "b", "day": "2025-11-02", "hours": 25,
            "text": "2025-11-02 of B has 25 hours" }])
    );
}

#[test]
fn one_day_keeps_its_distinct_count() {
    let place = shop();
    let found = document(&place, "compare 2025-11-03 2025-11-04..2025-11-04 --json");
    assert_eq!(told(&found, "buyers"), "2 2 0 0.00");
    // As frozen: over two days each, 1 + 3 and 3 + 2.
    assert_eq!(told(&found, "lately"), "4 5 -1 -20.00");
    let found = document(&place, "compare 2025-11-03 2025-11-01..2025-11-02 --json");
    assert_eq!(told(&found, "buyers"), "2 null null null (B is unknown: distinct counts don't add up)");
    assert_eq!(
        told(&found, "lately"),
        "4 null null null (B is unknown: each day has it over 2 days, and these don't add up)"
    );
}

#[test]
fn the_way_back_is_the_negative() {
    let place = shop();
    let (one, other) = ("2025-11-03..2025-11-04", "2025-11-01..2025-11-02");
    let there = document(&place, &format!("compare {one} {other} --json"));
    let back = document(&place, &format!("compare {other} {one} --json"));
    for (name, metric) in there["metrics"].as_object().unwrap() {
        let negated = match metric["difference"].to_string() {
            zero if zero == "0" => zero,
            text if text == "null" => text,
            text => text.strip_prefix('-').map_or(format!("-{text}"), str::to_owned),
        };
        assert_eq!(back["metrics"][name]["difference"].to_string(), negated, "{name}");
    }
}

#[test]
fn days_that_are_missing_are_told_and_not_taken_for_zero() {
    let place = shop();
    place.asof("compare 2025-11-04..2025-11-07 2025-11-01..2025-11-04 --metric orders --metric mean");
    place.asof("compare 2025-11-04..2025-11-06 2025-11-01..2025-11-02 --metric paid --by shop");
    place.told(
        r#"
$ asof compare 2025-11-04..2025-11-07 2025-11-01..2025-11-04 --metric orders --metric mean
A  2025-11-04 – 2025-11-07  4 days, edition 1 of each
B  2025-11-01 – 2025-11-04  4 days, edition 1 of each
! A lacks 3 of its 4 days, and so do its sums: 2025-11-05 – 2025-11-07
! 2025-11-02 of B has 25 hours
! A and B both have 2025-11-04

Metric      A      B  Difference    Change
Orders      2      9          −7  −77.78 %
Mean    350.0  437.5       −87.5  −20.00 %

Orders by shop   A  B  Difference     Change
north            1  4          −3   −75.00 %
south only in B  0  2          −2  −100.00 %
west             1  3          −2   −66.67 %

Mean by shop       A    B  Difference    Change
north            300  625        −325  −52.00 %
west             400  250        +150  +60.00 %
south only in B    —  250           —         —
exit 0
$ asof compare 2025-11-04..2025-11-06 2025-11-01..2025-11-02 --metric paid --by shop
A  2025-11-04 – 2025-11-06  3 days, edition 1 of each
B  2025-11-01 – 2025-11-02  2 days, edition 1 of each
! A lacks 2 of its 3 days, and so do its sums: 2025-11-05 – 2025-11-06
! 2025-11-02 of B has 25 hours
! A spans 3 days and B 2 days

Metric  A  B  Difference    Change
Paid    1  3          −2  −66.67 %

Paid by shop     A  B  Difference     Change
north            0  2          −2  −100.00 %
south only in B  0  1          −1  −100.00 %
west only in A   1  0          +1          —
exit 0
"#,
    );
}

#[test]
fn a_month_so_far_is_held_against_the_month_before() {
    let place = shop();
    place.sqlite("shop.db", "insert into orders values ('2025-10-02 10:00:00', 'north', 'PAID', 100, 'ann'), ('2025-10-05 10:00:00', 'north', 'PAID', 100, 'ann');");
    place.done(&[
        "save 2025-10-01",
        "save 2025-10-02",
        "save 2025-10-03",
        "save 2025-10-04",
        "save 2025-10-05",
    ]);
    let found = document(&place, "compare --to-date month --json --metric orders");
    assert_eq!((&found["a"]["from"], &found["a"]["to"]), (&"2025-11-01".into(), &"2025-11-04".into()));
    assert_eq!((&found["b"]["from"], &found["b"]["to"]), (&"2025-10-01".into(), &"2025-10-04".into()));
    assert_eq!(told(&found, "orders"), "9 1 8 800.00");
    let found = document(&place, "compare 2025-11-02 --to-date month --json --metric orders");
    assert_eq!(told(&found, "orders"), "4 1 3 300.00");
    place.asof("compare 2025-11-01..2025-11-02 --to-date month");
    place.told(
        r#"
$ asof compare 2025-11-01..2025-11-02 --to-date month
! error: 2025-11-01..2025-11-02 is a range, and --to-date takes the day up to which a month is meant
!   hint: name a day, or leave it away for the latest
exit 2
"#,
    );
}
