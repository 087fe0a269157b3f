//! `compare`: what makes days less comparable, what can't be compared, and the page.

use serde_json::json;

use super::days_compared::{document, shop, told, two_days};

#[test]
fn a_definition_that_changed_is_shown() {
    let place = shop();
    place.change("asof.toml", r#"paid = ["PAID"]"#, r#"paid = ["PAID", "SENT"]"#);
    place.change("asof.toml", r#"shop = "shop""#, r#"shop = "upper(shop)""#);
    place.change(
        "asof.toml",
        r#"mean = { of = "orders", avg = "cents" }"#,
        r#"mean = { of = "orders", sum = "cents" }
fresh = { of = "orders", count = true, where = "status = 'OPEN'" }"#,
    );
    place.sqlite("shop.db", "insert into orders values ('2025-11-05 09:00:00', 'north', 'SENT', 900, 'ann'), ('2025-11-05 09:30:00', 'west', 'OPEN', null, 'ann');");
    place.done(&["save 2025-11-05"]);
    place.asof("compare 2025-11-05 2025-11-04 --metric paid --metric fresh");
    place.asof("compare 2025-11-04..2025-11-05 2025-11-02..2025-11-03 --metric mean --metric rate");
    place.told(
        r#"
$ asof compare 2025-11-05 2025-11-04 --metric paid --metric fresh
A  2025-11-05  Wed, edition 1, reconstructed
B  2025-11-04  Tue, edition 1, reconstructed
! Paid is not defined alike: 2025-11-05@1 has it otherwise than 2025-11-04@1
  + lists.paid: SENT
! orders.shop is not defined alike on all days, so its members may mean other things

Metric  A  B  Difference  Change
Paid    1  1           0  0.00 %
Fresh   1  —           —       —
  B is unknown: it has no such metric

Paid by shop     A  B  Difference     Change
NORTH only in A  1  0          +1          —
west only in B   0  1          −1  −100.00 %
(2 more: --by shows all)
exit 0
$ asof compare 2025-11-04..2025-11-05 2025-11-02..2025-11-03 --metric mean --metric rate
A  2025-11-04 – 2025-11-05  2 days, edition 1 of each
B  2025-11-02 – 2025-11-03  2 days, edition 1 of each
! Mean is not defined alike: 2025-11-05@1 has it otherwise than 2025-11-02@1
  - metrics.mean.measure.avg.of: orders
  - metrics.mean.measure.avg.sql: cents
  + metrics.mean.measure.sum.of: orders
  + metrics.mean.measure.sum.sql: cents
! Rate is not defined alike: 2025-11-05@1 has it otherwise than 2025-11-02@1
  + lists.paid: SENT
! orders.shop is not defined alike on all days, so its members may mean other things
! 2025-11-02 of B has 25 hours

Metric        A        B  Difference  Change
Mean          —    433.3           —       —
  A is unknown: it was measured otherwise on 1 of the 2 days
Rate    50.00 %  75.00 %   −25.00 pt

Rate by shop            A         B  Difference  Change
north              0.00 %  100.00 %  −100.00 pt
west             100.00 %   50.00 %   +50.00 pt
NORTH only in A  100.00 %         —           —       —
WEST only in A     0.00 %         —           —       —

Mean by shop: A: it was measured otherwise on 1 of the 2 days
exit 0
"#,
    );
    let found = document(&place, "compare 2025-11-05 2025-11-04 --json --metric paid");
    assert_eq!(found["warnings"][0]["kind"], "definition");
    assert_eq!(
        found["warnings"][0]["changes"][0]["lines"],
        json!([{ "came": true, "line": "lists.paid: SENT" }])
    );
    assert_eq!(found["warnings"][1]["dimension"], "orders.shop");
}

#[test]
fn the_latest_editions_are_taken_and_said() {
    let place = two_days();
    place.done(&["save 2025-11-07 --provisional"]);
    place.sqlite("calls.db", "update calls set status = 'SALE' where status = 'DROP'");
    place.at("2025-11-09T03:00:00-06:00");
    place.done(&["save 2025-11-06 --restate --reason 'late disposition'"]);
    place.asof("compare 2025-11-06 2025-11-06@original --metric sales --by status");
    place.asof("compare 2025-11-06..2025-11-07 2025-11-05..2025-11-06 --metric sales --by campaign");
    place.told(
        r#"
$ asof compare 2025-11-06 2025-11-06@original --metric sales --by status
A  2025-11-06  Thu, edition 2, reconstructed
B  2025-11-06  Thu, edition 1, witnessed

Metric  A  B  Difference    Change
Sales   3  2          +1  +50.00 %

Sales by status  A  B  Difference    Change
SALE             3  2          +1  +50.00 %
“” empty         0  0           0         —
DROP only in B   0  0           0         —
NA               0  0           0         —
exit 0
$ asof compare 2025-11-06..2025-11-07 2025-11-05..2025-11-06 --metric sales --by campaign
A  2025-11-06 – 2025-11-07  2 days, edition 2 of 2025-11-06, else 1
B  2025-11-05 – 2025-11-06  2 days, edition 2 of 2025-11-06, else 1
! 2025-11-07 is provisional in A: its numbers may still change
! A and B both have 2025-11-06

Metric  A  B  Difference  Change
Sales   4  4           0  0.00 %

Sales by campaign  A  B  Difference  Change
EASTSIDE 1027      3  3           0  0.00 %
Harbour 2044       1  1           0  0.00 %
∅ no value         0  0           0       —
exit 0
"#,
    );
}

#[test]
fn what_can_t_be_compared_is_told() {
    let place = two_days();
    place.asof("compare 2025-11-06 2025-10-30");
    place.asof("compare 2025-10-01..2025-10-03 2025-11-05");
    place.asof("compare 2025-11-06..2025-11-05 2025-11-05");
    place.asof("compare latest~99 latest");
    place.asof("compare --to-date month");
    place.asof("compare latest latest~1 --archive nosuch");
    place.asof("verify --archive nosuch");
    place.asof("compare 2025-11-06@3 2025-11-05");
    place.asof("compare 2025-11-06 2025-11-05 --metric call");
    place.asof("compare 2025-11-06 2025-11-05 --metric calls --by agent");
    place.asof("compare 2025-11-06");
    place.asof("compare 2025-11-06@1..2025-11-06 latest");
    place.told(
        r#"
$ asof compare 2025-11-06 2025-10-30
! error: 2025-10-30 is not in the archive
!   hint: the nearest days that exist: 2025-11-05
exit 1
$ asof compare 2025-10-01..2025-10-03 2025-11-05
! error: no day from 2025-10-01 to 2025-10-03 is in the archive
!   hint: the nearest days that exist: 2025-11-05
exit 1
$ asof compare 2025-11-06..2025-11-05 2025-11-05
! error: the range 2025-11-06..2025-11-05 runs backwards: 2025-11-06 is later than 2025-11-05
!   hint: name the earlier day first
exit 2
$ asof compare latest~99 latest
! error: there is no latest~99: the archive holds 2 days
!   hint: asof list shows what there is
exit 1
$ asof compare --to-date month
! error: no day from 2025-10-01 to 2025-10-06 is in the archive
!   hint: the nearest days that exist: 2025-11-05
exit 1
$ asof compare latest latest~1 --archive nosuch
! error: there is no archive at nosuch: the folder does not exist
!   hint: name the folder in which archive.json is with --archive
exit 1
$ asof verify --archive nosuch
! error: there is no archive at nosuch: the folder does not exist
!   hint: name the folder in which archive.json is with --archive
exit 1
$ asof compare 2025-11-06@3 2025-11-05
! error: 2025-11-06@3 is not in the archive: the day has edition 1 only
!   hint: asof list shows what there is
exit 1
$ asof compare 2025-11-06 2025-11-05 --metric call
! error: "call" is no metric of these days
!   hint: did you mean "calls"? known metrics: calls, conversion, minutes, sales, week
exit 2
$ asof compare 2025-11-06 2025-11-05 --metric calls --by agent
! error: "agent" is no dimension of these days
!   hint: known dimensions: campaign, hour, status
exit 2
$ asof compare 2025-11-06
! error: there is nothing to hold 2025-11-06 against
!   hint: `asof compare latest latest~7`, or `asof compare --to-date month` for this month so far
exit 2
$ asof compare 2025-11-06@1..2025-11-06 latest
! error: invalid value '2025-11-06@1..2025-11-06' for '[A]': "2025-11-06@1..2025-11-06" names an edition: a range takes the latest of each of its days
! 
! For more information, try '--help'.
exit 2
"#,
    );
    let same = document(&place, "compare 2025-11-06 2025-11-06 --json --metric calls");
    assert_eq!(told(&same, "calls"), "5 5 0 0.00");
    assert_eq!(same["warnings"], json!([]));
}

#[test]
fn the_page_is_whole_and_nothing_is_overwritten() {
    let place = two_days();
    place.asof("compare 2025-11-06 2025-11-05 --html both.html");
    place.asof("compare 2025-11-06 2025-11-05 --html both.html");
    place.asof("compare 2025-11-06 2025-11-05 --html snapshots/both.html");
    place.asof("compare 2025-11-06 2025-11-05 --html nowhere/both.html");
    place.told(
        r#"
$ asof compare 2025-11-06 2025-11-05 --html both.html
both.html
exit 0
$ asof compare 2025-11-06 2025-11-05 --html both.html
! error: both.html is there already
!   hint: choose another name: nothing is overwritten
exit 1
$ asof compare 2025-11-06 2025-11-05 --html snapshots/both.html
! error: snapshots/both.html lies in the archive, where nothing but frozen days belongs
!   hint: choose a folder outside of it
exit 1
$ asof compare 2025-11-06 2025-11-05 --html nowhere/both.html
! error: nowhere/both.html can't be written: No such file or directory (os error 2)
!   hint: name a file in a folder that you may write into, on a disk with room
exit 1
"#,
    );
    let page = place.read("both.html");
    assert!(
        !page.contains("<script") && !page.contains("style=") && page.contains("default-src &#39;none&#39;"),
        "{page}"
    );
    assert!(page.contains("EASTSIDE") && page.contains("+66.67"), "{page}");
}

#[test]
fn what_an_archive_held_then_is_compared_without_a_configuration() {
    let place = two_days();
    place.sqlite("calls.db", "update calls set status = 'SALE' where status = 'DROP'");
    place.at("2025-11-09T03:00:00-06:00");
    place.done(&["save 2025-11-06 --restate --reason 'late disposition'"]);
    std::fs::rename(place.path("snapshots"), place.path("moved")).unwrap();
    std::fs::remove_file(place.path("asof.toml")).unwrap();
    let sales = |arguments: &str| {
        let found = document(&place, &format!("compare {arguments} --archive moved --json --metric sales"));
        (told(&found, "sales"), found["a"]["days"][0]["edition"].clone())
    };
    // One sale on the 5th, two on the 6th, and a third since the 9th.
    assert_eq!(sales("2025-11-06 2025-11-05"), ("3 1 2 200.00".to_owned(), 2.into()));
    assert_eq!(sales("2025-11-06 2025-11-05 --as-of 2025-11-08"), ("2 1 1 100.00".to_owned(), 1.into()));
    assert_eq!(sales("2025-11-06@original 2025-11-06@latest"), ("2 3 -1 -33.33".to_owned(), 1.into()));
    assert_eq!(sales("2025-11-06@2 2025-11-06@1"), ("3 2 1 50.00".to_owned(), 2.into()));
    let then = "compare 2025-11-06@latest 2025-11-06@original --archive moved --as-of 2025-11-09T02:59 --metric sales";
    assert!(place.asof(then).stdout.contains("\nSales   2  2           0  0.00 %\n"));
    place.forget();
    place.asof("compare 2025-11-06@2 2025-11-05 --archive moved --as-of 2025-11-08");
    place.asof("compare latest latest~1 --archive moved --as-of 2025-11-06");
    place.told(
        r#"
$ asof compare 2025-11-06@2 2025-11-05 --archive moved --as-of 2025-11-08
! error: 2025-11-06@2 is not in the archive: the day has edition 1 only
!   hint: asof list shows what there is
exit 1
$ asof compare latest latest~1 --archive moved --as-of 2025-11-06
! error: at 2025-11-06T23:59:59-06:00 nothing was frozen yet: the archive begins at 2025-11-07T03:00:00-06:00
!   hint: name a later time
exit 1
"#,
    );
}

#[test]
fn a_month_that_is_longer_than_the_one_before_is_cut_to_it() {
    let place = shop();
    place.sqlite(
        "shop.db",
        "insert into orders values ('2025-09-30 10:00:00', 'north', 'PAID', 100, 'ann'),
           ('2025-10-01 10:00:00', 'north', 'PAID', 100, 'ann'), ('2025-10-30 10:00:00', 'north', 'PAID', 100, 'ann'),
           ('2025-10-31 10:00:00', 'north', 'PAID', 100, 'ann'), ('2025-10-31 11:00:00', 'north', 'PAID', 100, 'ann');",
    );
    place.done(&["save 2025-09-30", "save 2025-10-01", "save 2025-10-30", "save 2025-10-31"]);
    // October's last day has two orders, and no day of September to stand against.
    place.asof("compare 2025-10-31 --to-date month --metric orders --by shop");
    place.told(
        r#"
$ asof compare 2025-10-31 --to-date month --metric orders --by shop
A  2025-10-01 – 2025-10-30  30 days, edition 1 of each
B  2025-09-01 – 2025-09-30  30 days, edition 1 of each
! A ends on 2025-10-30 instead of 2025-10-31: the month before has no more days
! A lacks 28 of its 30 days, and so do its sums: 2025-10-02 – 2025-10-29
! B lacks 29 of its 30 days, and so do its sums: 2025-09-01 – 2025-09-29

Metric  A  B  Difference     Change
Orders  2  1          +1  +100.00 %

Orders by shop  A  B  Difference     Change
north           2  1          +1  +100.00 %
exit 0
"#,
    );
    let found = document(&place, "compare 2025-10-31 --to-date month --json --metric orders");
    assert_eq!(
        found["warnings"][0],
        json!({ "kind": "shortened", "to": "2025-10-30", "asked": "2025-10-31",
                "text": "A ends on 2025-10-30 instead of 2025-10-31: the month before has no more days" })
    );
}

#[test]
fn days_whose_numbers_were_thinned_are_told_apart_from_days_that_are_missing() {
    let place = shop();
    place.change("asof.toml", "[lists]", "[retention]\nkeep_daily = \"3 days\"\n\n[lists]");
    place.at("2025-11-10T03:00:00-06:00");
    place.done(&["save 2025-11-06", "save 2025-11-09", "prune --drop-totals"]);
    // From the 3rd on the numbers stay, as days from the 10th on need them; the 5th was never frozen.
    place.asof("compare 2025-11-02..2025-11-03 2025-11-05..2025-11-06 --metric orders --by shop");
    place.asof("compare 2025-11-01..2025-11-02 2025-11-05..2025-11-06 --metric orders --by shop");
    place.told(
        r#"
$ asof compare 2025-11-02..2025-11-03 2025-11-05..2025-11-06 --metric orders --by shop
A  2025-11-02 – 2025-11-03  2 days, edition 1 of each
B  2025-11-05 – 2025-11-06  2 days, edition 1 of each
! the numbers of 1 of the 2 days of A were thinned, so its sums lack them: 2025-11-02
! B lacks 1 of its 2 days, and so do its sums: 2025-11-05

Metric  A  B  Difference  Change
Orders  3  0          +3       —
  B is 0

Orders by shop   A  B  Difference  Change
west only in A   2  0          +2       —
north only in A  1  0          +1       —
exit 0
$ asof compare 2025-11-01..2025-11-02 2025-11-05..2025-11-06 --metric orders --by shop
! error: snapshots/2025-11-01/metrics.json was thinned on 2025-11-10
!   hint: its totals are in the ledger, `asof list` shows them; a backup may hold the file
exit 1
"#,
    );
}
