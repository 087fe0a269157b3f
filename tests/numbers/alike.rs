//! The same events in MariaDB, PostgreSQL and SQLite give the same numbers, byte for byte.

use super::place::{LATER, Place, Source};

const CONFIG: &str = r#"
[calendar]
time_zone = "America/Chicago"
[lists]
sale = ["SALE", "it's"]
none = []
[events.calls]
table = "calls"
time = "at"
time_is = "utc"
by.hour = { time = "hour" }
by.half = { time = "half_hour", alone = true }
by.campaign = { sql = "campaign", labels = "select id, name from campaigns" }
by.status = "status"
by.agent = { sql = "agent", alone = true }
by.long = "case when seconds > 300 then 'long' else 'short' end"
[events.pings]
sql = "select * from pings where {window} and host <> 'gone' -- all?"
time = "at"
time_is = "epoch"
max_groups = 20
by.quarter = { time = "quarter_hour" }
by.host = "host"
[metrics]
calls = { of = "calls", count = true }
sales = { of = "calls", count = true, where = "status in {sale}", good = "up" }
others = { of = "calls", count = true, where = "status not in {sale}" }
never = { of = "calls", count = true, where = "status in {none}" }
always = { of = "calls", count = true, where = "status not in {none}" }
minutes = { of = "calls", sum = "seconds", divide = 60, unit = "min" }
money = { of = "calls", sum = "cents", divide = 100, where = "status in {sale}" }
least = { of = "calls", min = "cents" }
most = { of = "calls", max = "cents", where = "campaign is not null" }
mean = { of = "calls", avg = "seconds" }
agents = { of = "calls", distinct = "agent", by = ["campaign", "status"] }
phones = { of = "calls", distinct = "phone", as = "phone", by = ["campaign"], label = "Phones" }
conversion = { ratio = ["sales", "calls"], unit = "%" }
pings = { of = "pings", count = true }
hosts = { of = "pings", distinct = "host", by = ["quarter"] }
"#;

const SCHEMA: &str = "
create table calls (id bigint, at datetime, campaign varchar(20), status varchar(6), agent varchar(9), phone varchar(20), seconds int, cents bigint);
create table campaigns (id varchar(20), name varchar(40));
insert into campaigns values ('1027', 'EASTSIDE'), ('漢字', 'Harbour \"&\" <b>');
create table pings (at bigint, host varchar(20));
";

/// A day's events around 2025-11-02, whose hour 01 occurs twice; as SQL that all three understand.
fn events(seed: u64) -> String {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut sql = SCHEMA.to_owned();
    let text = |text: Option<&str>| {
        text.map_or_else(|| "null".to_owned(), |text| format!("'{}'", text.replace('\'', "''")))
    };
    let (mut calls, mut pings) = (Vec::new(), Vec::new());
    for id in 0..rng.u32(200..500) {
        let second = rng.i64(0..3 * 86_400);
        let at = chrono::DateTime::from_timestamp(1_761_955_200 + second, 0).unwrap();
        let campaign = [Some("1027"), Some("漢字"), Some(""), None, Some("b c")][rng.usize(0..5)];
        let status = [Some("SALE"), Some("NA"), Some("it's"), Some("?"), None][rng.usize(0..5)];
        let agent = rng.bool().then(|| format!("agent {}", rng.u32(0..9)));
        let phone =
            ["3145550100", "(314) 555-0101", "+13145550100", "1 314 555 0102", "", "none"][rng.usize(0..6)];
        let seconds = if rng.u32(0..9) == 0 { "null".to_owned() } else { rng.i32(-5..900).to_string() };
        let cents = if rng.u32(0..40) == 0 { 9_007_199_254_740_993 } else { rng.i64(-99_999..99_999) };
        calls.push(format!(
            "({id}, '{}', {}, {}, {}, '{phone}', {seconds}, {cents})",
            at.format("%F %T"),
            text(campaign),
            text(status),
            text(agent.as_deref()),
        ));
        let host = ["a", "b", "gone"][rng.usize(0..3)];
        pings.push(format!("({}, '{host}')", at.timestamp() + rng.i64(0..9)));
    }
    sql.push_str(&format!("insert into calls values {};\n", calls.join(", ")));
    sql.push_str(&format!("insert into pings values {};\n", pings.join(", ")));
    sql
}

#[test]
fn the_same_events_give_the_same_bytes_on_every_database() {
    let mut total = 0;
    for seed in [1, 7, 2025] {
        let script = events(seed);
        let places = Source::all().map(|source| {
            source.run(&script);
            let place = Place::new(&source, CONFIG);
            (source, place)
        });
        for day in ["2025-11-01", "2025-11-02", "2025-11-03"] {
            let mut files = Vec::new();
            for (source, place) in &places {
                place.save_at(LATER, &[day]);
                let file = place.path().join("snapshots").join(day).join("metrics.json");
                files.push((source.url(), std::fs::read_to_string(file).unwrap()));
            }
            let (_, first) = &files[0];
            for (url, other) in &files {
                assert_eq!(first, other, "{day} of {seed} on {url}");
            }
            let doc = places[1].1.doc(day);
            total += doc.value("calls").parse::<u32>().unwrap();
            assert_eq!(doc.value("never"), "0");
            assert_eq!(doc.value("always"), doc.value("calls"));
        }
    }
    assert!(total > 300, "{total}");
}

/// What PostgreSQL itself holds equal is one member, and what it tells apart are two.
#[test]
fn members_on_postgresql_are_what_it_holds_equal() {
    let source = Source::postgres();
    source.run(
        "create type outcome as enum ('NA', 'SALE');
         create table calls (at timestamptz, c citext, t text, p char(6), o outcome, n numeric(6,2), b boolean);
         insert into calls values
           ('2025-11-06 01:00+00', 'Sale', 'a', 'NA', 'SALE', 1.5, true), ('2025-11-06 02:00+00', 'SALE', 'A', 'NA ', 'NA', 1.50, false),
           ('2025-11-06 03:00+00', 'sale', 'a ', null, null, null, null), ('2025-11-06 02:30+00', null, 'a', 'na', 'SALE', 2, true);",
    );
    let place = Place::new(
        &source,
        "[calendar]\ntime_zone = \"UTC\"\n[lists]\nsale = [\"sAlE\"]\n[events.calls]\ntable = \"calls\"\ntime = \"at\"\n\
         time_is = \"instant\"\nby = { c = \"c\", t = \"t\", p = \"p\", o = \"o\", n = \"n\", b = \"b\", alone = { sql = \"c\", alone = true } }\n\
         [metrics]\ncalls = { of = \"calls\", count = true }\nsales = { of = \"calls\", count = true, where = \"c in {sale}\" }\n\
         kinds = { of = \"calls\", distinct = \"c\", by = [\"p\", \"c\"] }\ntrue = { of = \"calls\", count = true, where = \"b\" }\n",
    );
    let doc = place.save("2025-11-06");
    let pair = |key: &str, value: &str| (Some(key.to_owned()), value.to_owned());
    let null = |value: &str| (None, value.to_owned());
    for dimension in ["c", "alone"] {
        assert_eq!(doc.by("calls", dimension), [pair("SALE", "3"), null("1")], "{dimension}");
    }
    assert_eq!(doc.by("calls", "t"), [pair("A", "1"), pair("a", "2"), pair("a ", "1")]);
    assert_eq!(doc.by("calls", "p"), [pair("NA", "2"), pair("na", "1"), null("1")]);
    assert_eq!(doc.by("calls", "o"), [pair("NA", "1"), pair("SALE", "2"), null("1")]);
    assert_eq!(doc.by("calls", "n"), [pair("1.50", "2"), pair("2.00", "1"), null("1")]);
    assert_eq!(doc.by("calls", "b"), [pair("0", "1"), pair("1", "2"), null("1")]);
    assert_eq!(
        (doc.value("sales"), doc.value("kinds"), doc.value("true")),
        ("3".into(), "1".into(), "2".into())
    );
    assert_eq!(doc.by("kinds", "c"), [pair("SALE", "1"), null("0")]);
}
