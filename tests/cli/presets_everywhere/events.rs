//! The presets of plain events: orders, and months of calls with whom to call again.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{Base, Site, alike};
use crate::cli::worklist;

const DAYS: [&str; 2] = ["2025-11-05", "2025-11-06"];

/// The time of a row of three days, made by arithmetic.
fn time(n: i64) -> String {
    let second = n * n * 7919 % (3 * 86_400);
    format!(
        "2025-11-0{} {:02}:{:02}:{:02}",
        5 + second / 86_400,
        second / 3600 % 24,
        second / 60 % 60,
        second % 60
    )
}

fn one<'a>(n: i64, all: &[&'a str]) -> &'a str {
    all[usize::try_from(n * 13 % 7).unwrap() % all.len()]
}

fn null(number: Option<i64>) -> String {
    number.map_or_else(|| "null".to_owned(), |number| number.to_string())
}

/// The value of a metric, as a number.
fn value(numbers: &Value, metric: &str) -> f64 {
    numbers["metrics"][metric]["value"].as_f64().unwrap_or_else(|| panic!("{metric} in {numbers}"))
}

#[track_caller]
fn near(numbers: &Value, metric: &str, upper: i64, lower: usize) {
    let expected = f64::from(i32::try_from(upper).unwrap()) / f64::from(i32::try_from(lower).unwrap());
    let found = value(numbers, metric);
    assert!((found - expected).abs() <= expected.abs() * 1e-11, "{metric}: {found} and not {expected}");
}

/// Backfills both days everywhere, and gives their numbers, which are the same everywhere.
fn backfilled(sites: &[Site]) -> BTreeMap<&'static str, Value> {
    for site in sites {
        site.place.done(&["backfill --from 2025-11-05 --to 2025-11-06", "verify"]);
    }
    let numbers = DAYS.map(|day| {
        let first = sites[0].numbers(day);
        for site in sites {
            alike(&first, &site.numbers(day), &format!("{day} on {}", site.engine()));
        }
        (day, serde_json::from_str(&first).unwrap())
    });
    numbers.into()
}

#[test]
fn orders_are_what_arithmetic_says_everywhere() {
    let orders: Vec<_> = (0..400)
        .map(|n| {
            let amount = (n % 11 != 0).then_some(n * 37 % 700);
            (time(n), one(n, &["paid", "shipped", "open", "lost"]), amount, n * 7 % 60)
        })
        .collect();
    let mut sql =
        "create table orders (created_at datetime, status varchar(9), amount int, customer_id int);"
            .to_owned();
    for (at, status, amount, customer) in &orders {
        let _ = write!(sql, "insert into orders values ('{at}', '{status}', {}, {customer});", null(*amount));
    }
    let sites = Site::all();
    for site in &sites {
        site.sql(&sql);
        site.configure("general");
    }
    for (day, numbers) in backfilled(&sites) {
        let of_day: Vec<_> = orders.iter().filter(|(at, ..)| at.starts_with(day)).collect();
        let paid: Vec<_> =
            of_day.iter().filter(|(_, status, ..)| ["paid", "shipped"].contains(status)).collect();
        let revenue: i64 = paid.iter().filter_map(|(_, _, amount, _)| *amount).sum();
        let amounts: Vec<i64> = of_day.iter().filter_map(|(_, _, amount, _)| *amount).collect();
        let customers: BTreeSet<i64> = of_day.iter().map(|(.., customer)| *customer).collect();
        let whole =
            ["orders", "paid", "revenue", "customers"].map(|name| numbers["metrics"][name]["value"].clone());
        assert_eq!(
            whole,
            [json!(of_day.len()), json!(paid.len()), json!(revenue), json!(customers.len())],
            "{day}"
        );
        near(&numbers, "average", amounts.iter().sum(), amounts.len());
        let members = numbers["metrics"]["orders"]["by"]["status"].as_array().unwrap();
        for member in members {
            let many = of_day.iter().filter(|(_, status, ..)| member["key"] == *status).count();
            assert_eq!(member["value"], json!(many), "{day} {member}");
        }
        assert_eq!(members.len(), 4);
    }
}

struct Call {
    id: i64,
    at: String,
    /// The last two digits, which alone differ.
    phone: i64,
    status: &'static str,
    seconds: Option<i64>,
}

#[test]
fn months_of_calls_and_whom_to_call_again_are_what_arithmetic_says_everywhere() {
    let calls: Vec<Call> = (0..400)
        .map(|n| Call {
            id: n,
            at: time(n),
            phone: n * 31 % 70 + n % 3 * 10 % 20,
            status: one(n * n, &["SALE", "NO SALE", "NA", "B", "DNC", "CALLBK", "AM"]),
            seconds: (n % 11 != 0).then_some(n * 37 % 700),
        })
        .collect();
    let mut sql =
        "create table calls (id int, called_at datetime, phone_number varchar(20), status varchar(8), \
         agent varchar(9), length_in_sec int, lead_id int); \
         create table dnc (phone_number varchar(20)); insert into dnc values ('314555012X');"
            .to_owned();
    for Call { id, at, phone, status, seconds } in &calls {
        let written = ["31455501", "1-314-555-01", "+131455501"][usize::try_from(id % 3).unwrap()];
        let _ = write!(
            sql,
            "insert into calls values ({id}, '{at}', '{written}{phone:02}', '{status}', 'agent {}', {}, {});",
            id % 9,
            null(*seconds),
            id % 50
        );
    }
    let sites = Site::all();
    for site in &sites {
        site.sql(&sql);
        if !matches!(site.base, Base::Sqlite) {
            site.sql("create index by_time on calls (called_at);");
        }
        site.configure("lead-backfill");
    }
    let numbers = backfilled(&sites);
    let mut so_far = BTreeSet::new();
    for day in DAYS {
        let numbers = &numbers[day];
        let of_day: Vec<&Call> = calls.iter().filter(|call| call.at.starts_with(day)).collect();
        let many = |statuses: &[&str]| of_day.iter().filter(|call| statuses.contains(&call.status)).count();
        let answered = ["SALE", "NO SALE", "NI", "CALLBK", "DNC"];
        let phones: BTreeSet<i64> = of_day.iter().map(|call| call.phone).collect();
        for (metric, expected) in [
            ("calls", of_day.len()),
            ("phones", phones.len()),
            ("answered", many(&answered)),
            ("sales", many(&["SALE"])),
            ("callbacks", many(&["CALLBK"])),
            ("do_not_call", many(&["DNC"])),
        ] {
            assert_eq!(numbers["metrics"][metric]["value"], json!(expected), "{day} {metric}");
        }
        near(numbers, "minutes", of_day.iter().filter_map(|call| call.seconds).sum(), 60);
        let spoke = of_day.iter().filter(|call| answered.contains(&call.status));
        let spoke: Vec<i64> = spoke.filter_map(|call| call.seconds).collect();
        near(numbers, "talk_time", spoke.iter().sum(), spoke.len());
        so_far.extend(phones);
        for site in &sites {
            let told = site.json("list --stats --json");
            let row =
                told["stats"].as_array().unwrap().iter().find(|row| row["date"] == day).unwrap().clone();
            assert_eq!(row["cumulativeUniquePhones"], json!(so_far.len()), "{day} on {}", site.engine());
        }
    }
    // The latest call decides, unless a sale or a wish not to be called is among all of them; 20 to 29 are on the list.
    let range: Vec<&Call> =
        calls.iter().filter(|call| DAYS.iter().any(|day| call.at.starts_with(day))).collect();
    let called: BTreeSet<i64> = range.iter().map(|call| call.phone).collect();
    let is_wanted = |phone: &i64| {
        let all = || calls.iter().filter(|call| call.phone == *phone);
        let latest = all().max_by_key(|call| (call.at.clone(), call.id)).unwrap();
        ["NA", "B", "AM", "CALLBK"].contains(&latest.status)
            && !all().any(|call| ["SALE", "DNC"].contains(&call.status))
            && !(20..30).contains(phone)
    };
    let wanted: Vec<String> =
        called.iter().filter(|phone| is_wanted(phone)).map(|phone| format!("31455501{phone:02}")).collect();
    assert!(!wanted.is_empty() && wanted.len() < called.len(), "{wanted:?}");
    for site in &sites {
        let told = worklist::counts(&site.place, "");
        // They are written as they were written last.
        let plain = |name: &String| name.chars().filter(char::is_ascii_digit).collect::<String>();
        let names: BTreeSet<String> = worklist::names(&site.place, worklist::FILE)
            .iter()
            .map(plain)
            .map(|name| name.trim_start_matches('1').to_owned())
            .collect();
        assert_eq!(
            names.iter().collect::<Vec<_>>(),
            wanted.iter().collect::<Vec<_>>(),
            "{} {told}",
            site.engine()
        );
        assert_eq!(site.place.read(worklist::FILE), sites[0].place.read(worklist::FILE), "{}", site.engine());
    }
}
