//! What is proposed for made-up tables, and that it parses whatever their names are.

use std::path::Path;

use proptest::prelude::*;

use super::column::{Counter, Kind, counter, is_id, kind, words};
use super::name::sound;
use super::written::{Head, string, text};
use super::zone::zone;
use super::{ColumnSample, Looked, Proposal, SampleFacts, archive_of, propose, wish};
use crate::config::Config;
use crate::model::Value;
use crate::model::definitions::Dialect::{self, Mysql, Postgres, Sqlite};
use crate::source::{ColumnFacts, TableFacts};

/// A column: name, type, how many different values among 1,000 rows, and what one looks like.
type Column<'a> = (&'a str, &'a str, u64, &'a str);

/// A table with a key in its first column; a type that ends in `*` is that of a column an index begins with.
fn table(dialect: Dialect, name: &str, columns: &[Column<'_>]) -> Looked {
    let mut facts = TableFacts { name: name.to_owned(), rows: Some(1000), ..TableFacts::default() };
    let mut sample = SampleFacts { rows: 1000, ..SampleFacts::default() };
    for (place, (name, declared, distinct, looks)) in columns.iter().enumerate() {
        let declared_plain = declared.trim_end_matches('*');
        facts.columns.push(ColumnFacts {
            name: (*name).to_owned(),
            kind: declared_plain.to_owned(),
            indexed: declared.ends_with('*') || place == 0,
            unique: place == 0,
        });
        let value = looks.parse().map_or_else(|_| Value::text(*looks), Value::Number);
        let is_number = matches!(value, Value::Number(_));
        let seen = ColumnSample {
            filled: 1000,
            distinct: *distinct,
            numbers: (dialect == Sqlite).then_some(if is_number { 1000 } else { 0 }),
            most: Some(value.clone()),
            values: vec![value],
        };
        sample.columns.insert((*name).to_owned(), seen);
    }
    facts.key = facts.columns.first().map(|column| column.name.clone()).into_iter().collect();
    Looked { facts, archive: None, sample }
}

fn head() -> Head {
    Head {
        url: "mysql://u@h/d".into(),
        password_env: Some("A".into()),
        has_passwords: true,
        server: "a server".into(),
        zone: zone(None),
    }
}

fn parsed(text: &str) -> Config {
    Config::parse(text, Path::new("asof.toml")).unwrap_or_else(|problems| panic!("{problems}\n{text}"))
}

/// The text with all that was not taken.
fn with_all(text: &str) -> String {
    let line = |line: &str| match line.strip_prefix('#') {
        Some(rest) if !rest.starts_with(' ') => format!("{rest}\n"),
        _ => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}

fn calls(dialect: Dialect, time: &'static str, looks: &str) -> Looked {
    table(
        dialect,
        "calls",
        &[
            ("id", "int", 1000, "1000"),
            ("call_date", time, 900, looks),
            ("campaign_id", "varchar(8)", 5, "EAST"),
            ("status", "varchar(6)", 20, "SALE"),
            ("agent_id", "int", 60, "7"),
            ("lead_id", "int unsigned", 800, "7"),
            ("phone", "varchar(20)", 40, "555"),
            ("length_in_sec", "int", 300, "7"),
            ("price", "decimal(9,2)", 300, "7"),
            ("score", "decimal(9,2)", 300, "7"),
            ("always", "int", 1, "7"),
        ],
    )
}

#[test]
fn a_table_of_events_is_told_from_its_time_and_broken_down_by_what_repeats() {
    let proposal = propose(Mysql, &[calls(Mysql, "datetime*", "2025-11-06 10:00:00")], false);
    let text = text(&head(), &proposal);
    let after = text.split_once("\n[events.calls]").unwrap().1;
    assert_eq!(
        after,
        r#"
table = "calls"
time = "call_date"
time_is = "local"

[events.calls.by]
hour = { time = "hour" }
campaign = "`campaign_id`"   # 5 different values among 1000 rows
status = "`status`"   # 20 different values among 1000 rows
agent = { sql = "`agent_id`", alone = true }   # 60 different values among 1000 rows: counted by itself

[metrics]
# Of calls.
calls = { of = "calls", count = true }   # how many rows
length_in_sec = { of = "calls", sum = "greatest(`length_in_sec`, 0)", unit = "s" }   # a span of time: one below 0 counts as 0
price = { of = "calls", sum = "`price`" }   # a number that is no id
score = { of = "calls", avg = "`score`" }   # a number of which the mean says more than the sum
#always = { of = "calls", sum = "`always`" }   # always the same, or empty, among 1000 rows
#different_agent_id = { of = "calls", distinct = "`agent_id`" }   # 60 different values among 1000 rows
#different_lead_id = { of = "calls", distinct = "`lead_id`" }   # 800 different values among 1000 rows
"#
    );
    assert_eq!(parsed(&text).definitions.metrics.len(), 4);
    assert_eq!(parsed(&with_all(&text)).definitions.metrics.len(), 7);
}

#[test]
fn how_a_column_tells_time_follows_from_its_type_or_from_what_it_looks_like() {
    for (dialect, declared, looks, time_is) in [
        (Mysql, "datetime", "", Some("local")),
        (Mysql, "timestamp*", "", Some("instant")),
        (Mysql, "date", "", Some("local")),
        (Mysql, "int(10) unsigned", "1762400000", Some("epoch")),
        (Mysql, "int(10) unsigned", "17", None),
        (Mysql, "bigint", "1762400000000", None),
        (Mysql, "varchar(20)", "2025-11-06 10:00:00", None),
        (Sqlite, "text", "2025-11-06 10:00:00", Some("local")),
        (Sqlite, "", "2025-11-06T10:00:00", Some("local")),
        (Sqlite, "datetime*", "2025-11-06T10:00:00Z", Some("instant")),
        (Sqlite, "text", "2025-11-06 10:00:00.5+02:00", Some("instant")),
        (Sqlite, "date", "2025-11-06", Some("local")),
        (Sqlite, "integer", "1762400000", Some("epoch")),
        (Sqlite, "text", "06.11.2025", None),
        (Sqlite, "text", "tomorrow", None),
    ] {
        let proposal = propose(dialect, &[calls(dialect, declared, looks)], false);
        let found = proposal.events.first().map(|events| events.time_is);
        assert_eq!(found, time_is, "{dialect:?} {declared} {looks}");
        let hours = proposal.events.first().is_some_and(|events| events.by[0].sql.is_none());
        assert_eq!(
            hours,
            time_is.is_some() && !declared.starts_with("date") || declared.starts_with("datetime"),
            "{declared}"
        );
    }
}

#[test]
fn the_time_at_which_something_happened_is_chosen_among_several() {
    let mut columns = vec![("id", "int", 1000, "1")];
    columns.extend([
        ("updated_at", "datetime*", 900, ""),
        ("end_epoch", "int", 900, "1762400000"),
        ("created_at", "datetime", 900, ""),
        ("call_date", "datetime", 900, ""),
    ]);
    let chosen = |columns: &[Column<'_>]| {
        propose(Mysql, &[table(Mysql, "t", columns)], false).events.first().map(|events| events.time.clone())
    };
    assert_eq!(chosen(&columns).as_deref(), Some("call_date"));
    columns.pop();
    assert_eq!(chosen(&columns).as_deref(), Some("created_at"));
    columns.pop();
    // What changes with a row does not tell what happened.
    assert_eq!(chosen(&columns), None);
    let named = propose(Mysql, &[table(Mysql, "t", &columns)], true);
    assert!(named.is_of_use(), "{named:?}");
}

#[test]
fn a_table_of_counters_is_one_of_entities() {
    let videos = table(
        Sqlite,
        "My Videos",
        &[
            ("id", "integer", 1000, "1000"),
            ("user_id", "integer", 20, "7"),
            ("title", "text", 1000, "a title"),
            ("view_count", "integer", 900, "7"),
            ("likes", "integer", 900, "7"),
            ("Total Shares", "integer", 900, "7"),
            ("date", "text", 900, "no date"),
            ("language", "text", 3, "en"),
            ("created_at", "text", 900, "2025-11-06 10:00:00"),
            ("email", "text", 900, "a@example.com"),
        ],
    );
    let text = text(&head(), &propose(Sqlite, &[videos], false));
    let after = text.split_once("\n[entities.my_videos]").unwrap().1;
    assert_eq!(
        after,
        r#"
sql = 'select "id", "title", "view_count", "likes", "Total Shares" as "total_shares", "user_id", "date" as "date_2", "language", "created_at" from "My Videos"'
key = "id"
label = "title"   # what people call it
counters = { views = "view_count", likes = "likes", shares = "total_shares" }   # named like counters, and whole numbers
group_by = ["user_id", "language"]   # several rows share a value
attributes = ["date_2", "created_at"]   # texts
"#
    );
    assert_eq!(parsed(&text).entities["my_videos"].def.fields.len(), 7);
}

#[test]
fn counters_beside_an_indexed_time_are_numbers_of_events() {
    let orders = |counter| {
        let columns =
            [("id", "int", 1000, "1"), ("placed_at", "datetime*", 900, ""), (counter, "int", 30, "7")];
        propose(Mysql, &[table(Mysql, "orders", &columns)], false)
    };
    assert_eq!((orders("item_count").events.len(), orders("views").events.len()), (1, 1));
    let columns =
        [("id", "int", 1000, "1"), ("created_at", "datetime*", 900, ""), ("item_count", "int", 30, "7")];
    assert_eq!(propose(Mysql, &[table(Mysql, "orders", &columns)], false).events.len(), 1);
}

#[test]
fn old_rows_in_a_table_of_the_same_columns_count_too() {
    let mut live = calls(Mysql, "datetime*", "");
    let mut old = live.facts.clone();
    old.name = "calls_archive".into();
    let all = [live.facts.clone(), old.clone()];
    assert_eq!(archive_of(&live.facts, &all), Some(&old));
    assert_eq!(archive_of(&old, &all), None);
    old.columns.pop();
    assert_eq!(archive_of(&live.facts, &[old]), None);
    live.archive = Some("calls_archive".into());
    let text = text(&head(), &propose(Mysql, &[live], false));
    let sql = "sql = '''\nselect * from `calls` as events where {window}\nunion all\nselect old.*\n\
               from (select * from `calls_archive` as events where {window}) as old\n\
               left join `calls` as live on live.`id` = old.`id`\nwhere live.`id` is null\n'''\n";
    assert!(text.contains(sql), "{text}");
    parsed(&text);
}

#[test]
fn what_is_not_taken_says_why_and_can_be_taken() {
    let many: Vec<Looked> = (0..9)
        .map(|number| {
            let mut one = calls(Mysql, "datetime*", "");
            one.facts.name = format!("calls {number}");
            one
        })
        .collect();
    let proposal = propose(Mysql, &many, false);
    let text = text(&head(), &proposal);
    assert_eq!(parsed(&text).definitions.events.len(), 6);
    let all = parsed(&with_all(&text));
    assert_eq!(all.definitions.events.len(), 9);
    // A number of one name is called by its events' name, too.
    assert!(all.definitions.metrics.contains_key("calls_8_price"), "{:?}", all.definitions.metrics.keys());
    assert_eq!(propose(Mysql, &many, true).events.iter().filter(|events| events.taken).count(), 9);
}

#[test]
fn no_need_to_look_at_a_table_is_told_in_a_clause() {
    let why = |table: &TableFacts, named| wish(Mysql, table, named).unwrap_err();
    let mut table = TableFacts { name: "t".into(), ..TableFacts::default() };
    assert_eq!(why(&table, true), "the source tells none of its columns");
    table.columns.push(ColumnFacts { name: "a".into(), kind: "int".into(), ..ColumnFacts::default() });
    assert_eq!(why(&table, true), "no column tells a time, and none is a counter, and no key of one column");
    table.key.push("a".into());
    assert_eq!(why(&table, false), "no column tells a time, and none is a counter");
    assert_eq!(wish(Mysql, &table, true).unwrap().columns, ["a"]);
    table.name = "{t}".into();
    assert_eq!(why(&table, true), "its name can't stand in the SQL of a configuration");
    // Of a table of thousands of columns the times and the key are looked at first.
    let column =
        |place| ColumnFacts { name: format!("c{place}"), kind: "int".into(), ..ColumnFacts::default() };
    table =
        TableFacts { name: "wide".into(), columns: (0..4000).map(column).collect(), ..TableFacts::default() };
    table.columns.push(ColumnFacts {
        name: "at".into(),
        kind: "datetime".into(),
        indexed: true,
        unique: false,
    });
    let wish = wish(Mysql, &table, false).unwrap();
    assert_eq!(
        (wish.columns.len(), wish.columns[0].as_str(), wish.newest_by.as_deref()),
        (80, "at", Some("at"))
    );
}

#[test]
fn names_are_read_as_people_mean_them() {
    assert_eq!(words("viewCount"), ["view", "count"]);
    assert_eq!(words("Total Shares_2"), ["total", "shares", "2"]);
    assert_eq!(words("—"), [""; 0]);
    for (name, expected) in [
        ("views", Some(Counter::Surely)),
        ("view_count", Some(Counter::Surely)),
        ("replies", Some(Counter::Surely)),
        ("called_count", Some(Counter::Perhaps)),
        ("total_amount", Some(Counter::Perhaps)),
        ("view", None),
        ("count", None),
        ("country", None),
        ("length_in_sec", None),
    ] {
        assert_eq!(counter(&words(name)), expected, "{name}");
    }
    for name in ["lead_id", "uniqueid", "id", "orderId", "zip", "is_active", "status"] {
        assert!(is_id(&words(name)), "{name}");
    }
    for name in ["paid", "amount", "length_in_sec", "idle"] {
        assert!(!is_id(&words(name)), "{name}");
    }
    assert_eq!(kind(Mysql, "int(9) unsigned"), Kind::Integer { unsigned: true });
    assert_eq!(kind(Mysql, "enum('Y','N')"), Kind::Text);
    assert_eq!(kind(Sqlite, "varchar(20)"), Kind::Text);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever tables and columns are called, the text is a sound configuration, with and without what is not taken.
    #[test]
    fn the_text_parses_whatever_the_names_are(
        names in prop::collection::vec("\\PC{0,12}|[\\x00-\\x7f]{0,8}|[a-z_' \"\\\\.`#{}?:\\n]{0,10}|(events|metrics|hour|rows|key|label)", 1..9),
        columns in prop::collection::vec("\\PC{0,12}|[\\x00-\\x7f]{0,8}|[a-z_' \"\\\\.`#]{0,10}|(key|rows|hour|view_count|likes|date)", 6),
        long in "[a-z]{0,90}",
        dialect in prop::sample::select(vec![Mysql, Sqlite, Postgres]),
        schema in prop::option::of("\\PC{1,12}|[a-z_' \"\\\\.`#{}?:]{1,10}"),
        named in any::<bool>(),
        archived in any::<bool>(),
    ) {
        let mut tables = Vec::new();
        let mut left_out = Vec::new();
        for (place, name) in names.iter().enumerate() {
            let time = format!("{}_time", columns[1]);
            let (time_type, text_type) =
                if dialect == Postgres { ("timestamp with time zone*", "text") } else { ("datetime*", "varchar(9)") };
            let int = if dialect == Postgres { "integer" } else { "int" };
            let types = [(int, "7"), (time_type, "2025-11-06 10:00:00"), (text_type, "a"), (int, "7"), ("numeric", "7"), (int, "7"), (int, "8")];
            let own = [columns[0].as_str(), &time, &columns[2], &columns[3], &columns[4], &columns[5], &long];
            let mut seen = std::collections::BTreeSet::new();
            let all: Vec<Column<'_>> = own.iter().zip(types).map(|(name, (kind, looks))| (*name, kind, 9, looks)).filter(|(name, ..)| seen.insert(*name)).collect();
            // Every other one has no time.
            let all: Vec<Column<'_>> = if place % 2 == 0 { all } else { all.into_iter().filter(|(_, kind, ..)| *kind != time_type).chain([("view_count", int, 9, "9"), ("like_count", int, 9, "9")]).collect() };
            let mut looked = table(dialect, name, &all);
            looked.facts.schema = schema.clone().filter(|_| dialect == Postgres);
            looked.archive = archived.then(|| format!("{name}_archive"));
            match wish(dialect, &looked.facts, named) {
                Ok(_) => tables.push(looked),
                Err(why) => left_out.push(super::LeftOut { table: name.clone(), why }),
            }
        }
        let mut proposal = propose(dialect, &tables, named);
        proposal.left_out.extend(left_out);
        let url = if dialect == Postgres { "postgres://u@h/d" } else { "mysql://u@h/d" };
        let text = text(&Head { url: url.into(), ..head() }, &proposal);
        if proposal.is_of_use() {
            parsed(&text);
            parsed(&with_all(&text));
        }
    }

    #[test]
    fn a_string_is_read_as_it_was(text in "\\PC*|[\\x00-\\x7f]*|['\"\\\\\\n]{0,9}") {
        let written = format!("a = {}", string(&text));
        let read: toml::Table = toml::from_str(&written).unwrap();
        let read = read["a"].as_str().unwrap();
        // A text of several lines ends with a line's end.
        prop_assert!(read == text || text.contains('\n') && read.strip_suffix('\n') == Some(&text), "{written}");
    }

    #[test]
    fn a_name_is_sound(name in "\\PC*") {
        let sound = sound(&name);
        prop_assert!(sound.starts_with(|c: char| c.is_ascii_lowercase()) && sound.len() <= 52, "{sound}");
        prop_assert!(sound.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'));
    }
}

#[test]
fn nothing_is_of_no_use() {
    assert!(!Proposal::default().is_of_use());
    assert!(!propose(Mysql, &[], true).is_of_use());
}

#[test]
fn types_of_postgresql_are_told_by_its_own_names() {
    for (declared, expected) in [
        ("timestamp without time zone", Kind::Local),
        ("timestamp(3) without time zone", Kind::Local),
        ("timestamp with time zone", Kind::Instant),
        ("timestamp(0) with time zone", Kind::Instant),
        ("date", Kind::Date),
        ("boolean", Kind::Flag),
        ("smallint", Kind::Integer { unsigned: false }),
        ("bigint", Kind::Integer { unsigned: false }),
        ("numeric(15,2)", Kind::Decimal),
        ("double precision", Kind::Float),
        ("character varying(8)", Kind::Text),
        ("character(3)", Kind::Text),
        ("text", Kind::Text),
        ("citext", Kind::Text),
        ("enum", Kind::Text),
        ("uuid", Kind::Text),
        ("text[]", Kind::Other),
        ("timestamp without time zone[]", Kind::Other),
        ("jsonb", Kind::Other),
        ("time without time zone", Kind::Other),
        ("interval", Kind::Other),
        ("bytea", Kind::Other),
    ] {
        assert_eq!(kind(Postgres, declared), expected, "{declared}");
    }
}

#[test]
fn of_postgresql_only_whole_numbers_are_put_in_order() {
    let looked = table(
        Postgres,
        "calls",
        &[
            ("id", "integer", 1000, "1000"),
            ("call_date", "timestamp without time zone*", 900, ""),
            ("status", "character varying(6)", 20, "SALE"),
            ("vip", "boolean", 2, "true"),
            ("tags", "text[]", 2, "[]"),
        ],
    );
    let wish = wish(Postgres, &looked.facts, false).unwrap();
    assert_eq!(wish.columns, ["call_date", "id", "status", "vip"]);
    assert_eq!((wish.ordered, wish.newest_by.as_deref()), (vec!["id".to_owned()], Some("call_date")));
    let forbidden = TableFacts { forbidden: true, ..looked.facts.clone() };
    assert_eq!(super::wish(Postgres, &forbidden, true).unwrap_err(), "the account has no right to read it");
}
