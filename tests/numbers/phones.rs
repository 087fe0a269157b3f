//! Distinct counts whose values asof counts itself: phone numbers, and values that are kept.

use super::place::{Doc, Pair, Place, Source, pairs};

/// What every configuration here begins with; the events follow.
const HEAD: &str = r#"
[calendar]
time_zone = "UTC"
[lists]
sale = ["SALE"]
[events.calls]
time = "at"
time_is = "utc"
by.hour = { time = "hour" }
by.campaign = "campaign"
by.agent = { sql = "agent", alone = true }
"#;

const METRICS: &str = r#"
[metrics]
calls = { of = "calls", count = true }
people = { of = "calls", distinct = "phone", as = "phone", by = ["campaign", "hour", "agent"] }
sold = { of = "calls", distinct = "phone -- who's that?", as = "phone", where = "status in {sale} -- or is it?", by = ["agent"] }
plain = { of = "calls", distinct = "phone", as = "phone", where = "status <> 'NA'", cumulative = true }
spellings = { of = "calls", distinct = "phone", by = ["campaign"] }
campaigns = { of = "calls", distinct = "campaign", cumulative = true, by = ["hour"] }
each = { ratio = ["calls", "people"] }
"#;

/// How a number of ten digits is written; the last of these is another country's.
fn written(digits: &str, way: usize) -> String {
    let (area, rest) = digits.split_at(3);
    match way {
        0 | 1 => digits.to_owned(),
        2 => format!("1{digits}"),
        3 => format!("+1 {area} {rest}"),
        4 => format!("({area}) {rest}"),
        5 => format!(" 1-{area}-{rest}  "),
        6 => format!("+44{digits}"),
        // Too few digits, too many, none: no number of these can be told from others.
        7 => rest.to_owned(),
        8 => format!("00{digits}"),
        _ => "anonymous".to_owned(),
    }
}

/// Hundreds of calls on 2025-11-06 from few phones, one on the day before.
fn fill(source: &Source, kind: &str, engine: &str) {
    let mut values = vec!["('2025-11-05 12:00:00', '3145559999', 'SALE', 'A', 'x')".to_owned()];
    for id in 0..700_usize {
        let phone = match id % 23 {
            0 => "null".to_owned(),
            1 => "''".to_owned(),
            2 => "'   '".to_owned(),
            3 => if id % 2 == 0 { "'Anonymous'" } else { "'anonymous '" }.to_owned(),
            way => format!("'{}'", written(&format!("31455501{:02}", id * 7 % 41), (way + id / 50) % 10)),
        };
        let campaign = ["'A'", "'a '", "'B'", "''", "null"][id * 3 % 11 % 5];
        let status = ["'SALE'", "'NA'", "null", "'sale'"][id * 5 % 17 % 4];
        let hour = id * 13 % 24;
        // One agent never sold anything.
        let agent = if id % 9 == 0 { "idle".to_owned() } else { format!("agent {}", id % 4) };
        let status = if id % 9 == 0 { "'NA'" } else { status };
        values.push(format!("('2025-11-06 {hour:02}:00:00', {phone}, {status}, {campaign}, '{agent}')"));
    }
    source.run(&format!(
        "create table calls (at datetime, phone {kind}, status varchar(9){}, campaign varchar(9){0}, agent varchar(9)) {engine};
         insert into calls values {};",
        if source.is_maria() { "" } else { " collate nocase" },
        values.join(", ")
    ));
}

/// The key of a phone, '' where there is none and 'bad' where it is unusable, in SQL of the test's own.
fn key(source: &Source) -> String {
    let digits = if source.is_maria() {
        "regexp_replace(phone, '[^0-9]', '')".to_owned()
    } else {
        let letters = " +-()anonymousA".chars();
        letters.fold("phone".to_owned(), |inner, letter| format!("replace({inner}, '{letter}', '')"))
    };
    let with_country =
        if source.is_maria() { format!("concat('1', {digits})") } else { format!("'1' || {digits}") };
    format!(
        "case when phone is null or trim(phone) = '' then '' when length({digits}) = 0 then 'bad'
          when trim(phone) like '+%' or length({digits}) = 11 and {digits} like '1%' then {digits}
          when length({digits}) = 10 then {with_country} else 'bad' end"
    )
}

/// Checks a metric of phones against SQL: total, what is apart, and each breakdown.
fn same(source: &Source, doc: &Doc, metric: &str, condition: &str, by: &[(&str, &str)]) {
    let key = key(source);
    let of_day = format!("from calls where date(at) = '2025-11-06' and ({condition})");
    let cell = |sql: &str| source.cell(&format!("select {sql} {of_day}")).unwrap();
    let usable = format!("count(distinct case when {key} not in ('', 'bad') then {key} end)");
    assert_eq!(doc.value(metric), cell(&usable), "{metric}");
    let text = if source.is_maria() { "cast(trim(phone) as binary)" } else { "trim(phone)" };
    let apart = format!(
        r#"{{"blank_rows":{},"unusable":{},"unusable_rows":{}}}"#,
        cell(&format!("count(case when {key} = '' then 1 end)")),
        cell(&format!("count(distinct case when {key} = 'bad' then {text} end)")),
        cell(&format!("count(case when {key} = 'bad' then 1 end)")),
    );
    assert_eq!(doc.field(metric, "apart"), apart, "{metric}");
    for (dimension, member) in by {
        let sql = format!(
            "select * from (select min({member}) m, count(distinct case when ({condition}) and {key} not in ('', 'bad') then {key} end)
             from calls where date(at) = '2025-11-06' group by {member}) x order by m is null, m"
        );
        let sql = if source.is_maria() { sql.replacen("min(", "min(binary ", 1) } else { sql };
        let rows = source.rows(&sql).into_iter();
        let expected: Vec<Pair> = rows.map(|row| (row[0].clone(), row[1].clone().unwrap())).collect();
        assert_eq!(doc.by(metric, dimension), expected, "{metric} by {dimension}");
    }
}

fn hour(source: &Source) -> &'static str {
    if source.is_maria() { "date_format(at, '%H')" } else { "strftime('%H', at)" }
}

fn all_the_same(source: &Source, doc: &Doc) {
    let dimensions = [("campaign", "campaign"), ("hour", hour(source)), ("agent", "agent")];
    same(source, doc, "people", "1 = 1", &dimensions);
    same(source, doc, "sold", "status in ('SALE')", &[("agent", "agent")]);
    same(source, doc, "plain", "status <> 'NA'", &[]);
    assert!(doc.by("sold", "agent").contains(&(Some("idle".to_owned()), "0".to_owned())));
    assert!(!doc.has("plain", "campaign") && !doc.has("sold", "hour"));
    // Equal spellings, as the source tells them apart, are more than there are phones.
    let count =
        |sql: &str| source.cell(&format!("select {sql} from calls where date(at) = '2025-11-06'")).unwrap();
    assert_eq!(doc.value("spellings"), count("count(distinct phone)"));
    assert_eq!(doc.value("campaigns"), count("count(distinct campaign)"));
    assert_eq!(doc.field("campaigns", "apart"), "null");
    let by_hour = format!(
        "select {0}, count(distinct campaign) from calls where date(at) = '2025-11-06' group by {0} order by 1",
        hour(source)
    );
    let rows = source.rows(&by_hour).into_iter();
    let expected: Vec<Pair> = rows.map(|row| (row[0].clone(), row[1].clone().unwrap())).collect();
    assert_eq!(doc.by("campaigns", "hour"), expected);
}

#[test]
fn phones_are_counted_however_they_are_written() {
    let cases = [
        (Source::maria(), "varchar(40) character set utf8mb4", "engine = innodb"),
        (Source::maria(), "varchar(40) character set latin1 collate latin1_swedish_ci", "engine = myisam"),
        (Source::lite(), "text", ""),
    ];
    for (source, kind, engine) in cases {
        fill(&source, kind, engine);
        let place = Place::new(&source, &format!("{HEAD}table = \"calls\"\n{METRICS}"));
        all_the_same(&source, &place.save("2025-11-06"));
    }
}

#[test]
fn metrics_of_phones_that_take_other_rows_share_a_breakdown() {
    // Only asof counts by this dimension, and some members have rows of one metric only.
    let metrics = r#"
[metrics]
a_sold = { of = "calls", distinct = "phone", as = "phone", where = "agent = 'agent 1' and campaign = 'B'", by = ["campaign"] }
b_all = { of = "calls", distinct = "phone", as = "phone", by = ["campaign"] }
c_idle = { of = "calls", distinct = "phone", as = "phone", where = "agent = 'idle'", by = ["campaign"] }
"#;
    for source in Source::both() {
        fill(&source, "varchar(40)", "");
        let place = Place::new(&source, &format!("{HEAD}table = \"calls\"\n{metrics}"));
        let doc = place.save("2025-11-06");
        same(&source, &doc, "a_sold", "agent = 'agent 1' and campaign = 'B'", &[("campaign", "campaign")]);
        same(&source, &doc, "b_all", "1 = 1", &[("campaign", "campaign")]);
        same(&source, &doc, "c_idle", "agent = 'idle'", &[("campaign", "campaign")]);
    }
}

#[test]
fn phones_of_a_query_are_counted_too() {
    for source in Source::both() {
        fill(&source, "varchar(40)", "");
        let sql = "select * from calls where {window} and agent <> '{x' -- that's all of them";
        let place = Place::new(&source, &format!("{HEAD}sql = \"{sql}\"\n{METRICS}"));
        all_the_same(&source, &place.save("2025-11-06"));
    }
}

#[test]
fn phones_are_counted_right_when_each_dimension_is_read_by_itself() {
    for source in Source::both() {
        fill(&source, "varchar(40)", "");
        // Too few for the crossed dimensions, and for the hours alone.
        let place = Place::new(&source, &format!("{HEAD}table = \"calls\"\nmax_groups = 10\n{METRICS}"));
        let doc = place.save("2025-11-06");
        same(&source, &doc, "people", "1 = 1", &[("campaign", "campaign"), ("agent", "agent")]);
        same(&source, &doc, "sold", "status in ('SALE')", &[("agent", "agent")]);
        assert!(!doc.has("people", "hour"));
        assert_eq!(doc.field("people", "not_by"), r#"{"hour":"more than 10 members"}"#);
    }
}

#[test]
fn a_day_without_events_has_no_phones() {
    for source in Source::both() {
        fill(&source, "varchar(40)", "");
        let place = Place::new(&source, &format!("{HEAD}table = \"calls\"\n{METRICS}"));
        let doc = place.save("2025-11-07");
        for metric in ["people", "sold", "plain"] {
            assert_eq!(doc.value(metric), "0", "{metric}");
            assert_eq!(doc.field(metric, "apart"), r#"{"blank_rows":0,"unusable":0,"unusable_rows":0}"#);
        }
        assert_eq!(doc.value("campaigns"), "0");
        assert_eq!(doc.by("people", "campaign"), []);
        assert_eq!(doc.value("each"), "null");
    }
}

#[test]
fn phones_can_be_numbers_and_bytes() {
    for source in Source::both() {
        source.run(
            "create table calls (at varchar(30), phone bigint, campaign int, agent int, status int);
             insert into calls values ('2025-11-06 01:00:00', 3145550100, 1, 1, 1), ('2025-11-06 02:00:00', 13145550100, 1, 2, 1),
               ('2025-11-06 03:00:00', 5550100, 2, 2, 1), ('2025-11-06 04:00:00', 3145550101, 2, 2, 0);",
        );
        let place = Place::new(&source, &format!("{HEAD}table = \"calls\"\n{METRICS}"));
        let doc = place.save("2025-11-06");
        assert_eq!(doc.value("people"), "2");
        assert_eq!(doc.field("people", "apart"), r#"{"blank_rows":0,"unusable":1,"unusable_rows":1}"#);
        assert_eq!(doc.by("people", "agent"), pairs(&[("1", "1"), ("2", "2")]));
        assert_eq!(doc.by("people", "campaign"), pairs(&[("1", "1"), ("2", "1")]));
    }
    let source = Source::maria();
    // A byte that is no text adds no digit, however it would be shown.
    source.run(
        "create table calls (at varchar(30), phone varbinary(30), campaign int, agent int, status int);
         insert into calls values ('2025-11-06 01:00:00', '3145550100', 1, 1, 1), ('2025-11-06 02:00:00', x'333134353535303130E9', 1, 2, 1),
           ('2025-11-06 03:00:00', x'33313435353530313030E9', 1, 1, 1);",
    );
    let place = Place::new(&source, &format!("{HEAD}table = \"calls\"\n{METRICS}"));
    let doc = place.save("2025-11-06");
    assert_eq!(doc.value("people"), "1");
    assert_eq!(doc.field("people", "apart"), r#"{"blank_rows":0,"unusable":1,"unusable_rows":1}"#);
}

#[test]
fn the_cube_of_a_day_holds_the_counts_of_phones() {
    let source = Source::lite();
    fill(&source, "text", "");
    let place = Place::new(&source, &format!("{HEAD}table = \"calls\"\n{METRICS}"));
    let doc = place.save("2025-11-06");
    let cube = place.cube("2025-11-06", "calls");
    let (Some(asof::model::Cells::Text(groupings)), Some(asof::model::Cells::Number(counts))) =
        (cube.column("grouping"), cube.column("people.distinct"))
    else {
        panic!("columns are missing");
    };
    let of = |wanted: &str| -> Vec<String> {
        let rows = groupings.iter().zip(counts).filter(|(grouping, _)| grouping.as_deref() == Some(wanted));
        rows.filter_map(|(_, count)| count.as_ref().map(ToString::to_string)).collect()
    };
    assert_eq!(of(""), [doc.value("people")]);
    let values = |pairs: Vec<Pair>| -> Vec<String> { pairs.into_iter().map(|(_, value)| value).collect() };
    assert_eq!(of("agent"), values(doc.by("people", "agent")));
    assert_eq!(of("campaign"), values(doc.by("people", "campaign")));
    // The whole day is one row, whichever metrics are in it.
    assert_eq!(groupings.iter().filter(|grouping| grouping.as_deref() == Some("")).count(), 1);
}
