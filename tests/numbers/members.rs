//! Which rows are one member of a dimension, how it is spelled, and what it is called.

use std::fmt::Write as _;

use super::place::{LATER, Pair, Place, Source, pairs};

fn config(dimensions: &str, metrics: &str) -> String {
    format!(
        "[calendar]\ntime_zone = \"UTC\"\n[lists]\ngood = [\"SALE\", \"XFER\"]\n[events.calls]\ntable = \"calls\"\n\
         time = \"at\"\ntime_is = \"utc\"\nby.hour = {{ time = \"hour\" }}\n{dimensions}\n[metrics]\n\
         calls = {{ of = \"calls\", count = true }}\nids = {{ of = \"calls\", sum = \"id\" }}\n{metrics}\n"
    )
}

/// A table of calls on one day, each value in an hour of its own so that every group of the
/// crossed cube holds one spelling only.
fn calls(source: &Source, column: &str, values: &[&str]) {
    let values: Vec<String> = values
        .iter()
        .enumerate()
        .map(|(id, value)| format!("({id}, '2025-11-06 {:02}:00:00', {value})", id % 24))
        .collect();
    source.run(&format!(
        "create table calls (id int, at varchar(30), m {column}); insert into calls values {}",
        values.join(", ")
    ));
}

fn of(written: &[(Option<&str>, &str)]) -> Vec<Pair> {
    written.iter().map(|(key, value)| (key.map(str::to_owned), (*value).to_owned())).collect()
}

/// Members and how many calls each has, as the dimension crossed with the hour, alone, and as
/// what the distinct calls are counted by give them.
fn members(source: &Source, column: &str, values: &[&str]) -> Vec<Pair> {
    calls(source, column, values);
    let place = Place::new(
        source,
        &config(
            "by.m = \"m\"\nby.only = { sql = \"m\", alone = true }",
            "different = { of = \"calls\", distinct = \"id\", by = [\"m\"] }\nms = { of = \"calls\", distinct = \"m\" }\n\
             some = { of = \"calls\", distinct = \"m\", where = \"id >= 0\" }\n\
             kept = { of = \"calls\", distinct = \"m\", cumulative = true, by = [\"hour\"] }",
        ),
    );
    let doc = place.save("2025-11-06");
    let found = doc.by("calls", "m");
    assert_eq!(doc.by("calls", "only"), found, "alone, {column}");
    assert_eq!(doc.by("different", "m"), found, "distinct, {column}");
    // NULL is no value, so it is a member but not one of the different values.
    let values = found.iter().filter(|(key, _)| key.is_some()).count().to_string();
    assert_eq!(doc.value("ms"), values, "{column}");
    assert_eq!(doc.value("some"), values, "{column}, with a condition");
    assert_eq!(doc.value("kept"), values, "{column}, counted by asof");
    found
}

#[test]
fn what_a_collation_holds_equal_is_one_member_in_its_smallest_spelling() {
    let status = ["'sale'", "'SALE'", "'Sale '", "'NA '", "'NA'", "null", "''", "'na'", "'é'", "'e'", "'E'"];
    for (column, expected) in [
        (
            "varchar(20) character set utf8mb4 collate utf8mb4_general_ci",
            of(&[(Some(""), "1"), (Some("E"), "3"), (Some("NA"), "3"), (Some("SALE"), "3"), (None, "1")]),
        ),
        (
            "varchar(20) character set latin1 collate latin1_swedish_ci",
            of(&[(Some(""), "1"), (Some("E"), "3"), (Some("NA"), "3"), (Some("SALE"), "3"), (None, "1")]),
        ),
        (
            "varchar(20) character set latin1 collate latin1_general_ci",
            of(&[
                (Some(""), "1"),
                (Some("E"), "2"),
                (Some("NA"), "3"),
                (Some("SALE"), "3"),
                (Some("é"), "1"),
                (None, "1"),
            ]),
        ),
        (
            "varchar(20) character set utf8mb4 collate utf8mb4_bin",
            of(&[
                (Some(""), "1"),
                (Some("E"), "1"),
                (Some("NA"), "2"),
                (Some("SALE"), "1"),
                (Some("Sale "), "1"),
                (Some("e"), "1"),
                (Some("na"), "1"),
                (Some("sale"), "1"),
                (Some("é"), "1"),
                (None, "1"),
            ]),
        ),
        (
            "varchar(20) character set utf8mb4 collate utf8mb4_general_nopad_ci",
            of(&[
                (Some(""), "1"),
                (Some("E"), "3"),
                (Some("NA"), "2"),
                (Some("NA "), "1"),
                (Some("SALE"), "2"),
                (Some("Sale "), "1"),
                (None, "1"),
            ]),
        ),
        (
            "varchar(20) character set utf8mb4 collate utf8mb4_unicode_ci",
            of(&[(Some(""), "1"), (Some("E"), "3"), (Some("NA"), "3"), (Some("SALE"), "3"), (None, "1")]),
        ),
        (
            "text character set utf8mb4 collate utf8mb4_general_ci",
            of(&[(Some(""), "1"), (Some("E"), "3"), (Some("NA"), "3"), (Some("SALE"), "3"), (None, "1")]),
        ),
    ] {
        assert_eq!(members(&Source::maria(), column, &status), expected, "{column}");
    }
}

#[test]
fn the_collations_of_sqlite_are_followed() {
    let status =
        ["'sale'", "'SALE'", "'Sale '", "'NA '", "'NA'", "null", "''", "'na'", "'na '", "'é'", "'É'"];
    for (column, expected) in [
        (
            "text collate nocase",
            of(&[
                (Some(""), "1"),
                (Some("NA"), "2"),
                (Some("NA "), "2"),
                (Some("SALE"), "2"),
                (Some("Sale "), "1"),
                (Some("É"), "1"),
                (Some("é"), "1"),
                (None, "1"),
            ]),
        ),
        (
            "text collate rtrim",
            of(&[
                (Some(""), "1"),
                (Some("NA"), "2"),
                (Some("SALE"), "1"),
                (Some("Sale "), "1"),
                (Some("na"), "2"),
                (Some("sale"), "1"),
                (Some("É"), "1"),
                (Some("é"), "1"),
                (None, "1"),
            ]),
        ),
        (
            "text",
            of(&[
                (Some(""), "1"),
                (Some("NA"), "1"),
                (Some("NA "), "1"),
                (Some("SALE"), "1"),
                (Some("Sale "), "1"),
                (Some("na"), "1"),
                (Some("na "), "1"),
                (Some("sale"), "1"),
                (Some("É"), "1"),
                (Some("é"), "1"),
                (None, "1"),
            ]),
        ),
    ] {
        assert_eq!(members(&Source::lite(), column, &status), expected, "{column}");
    }
}

#[test]
fn numbers_dates_and_words_of_a_list_are_members_too() {
    let maria = |column: &str, values: &[&str]| members(&Source::maria(), column, values);
    assert_eq!(
        maria("int", &["7", "-3", "7", "null"]),
        of(&[(Some("-3"), "1"), (Some("7"), "2"), (None, "1")])
    );
    assert_eq!(
        maria("bigint unsigned", &["18446744073709551615", "1"]),
        pairs(&[("1", "1"), ("18446744073709551615", "1")])
    );
    assert_eq!(maria("decimal(10,2)", &["1.5", "1.50", "-2"]), pairs(&[("-2.00", "1"), ("1.50", "2")]));
    assert_eq!(
        maria("date", &["'2025-11-06'", "'2025-01-02'"]),
        pairs(&[("2025-01-02", "1"), ("2025-11-06", "1")])
    );
    assert_eq!(
        maria("datetime", &["'2025-11-06 01:02:03'", "'0000-00-00'"]),
        pairs(&[("0000-00-00 00:00:00", "1"), ("2025-11-06 01:02:03", "1")])
    );
    assert_eq!(
        maria("enum('SALE','drop','') character set latin1", &["'SALE'", "'drop'", "''", "'sale'", "null"]),
        of(&[(Some(""), "1"), (Some("SALE"), "2"), (Some("drop"), "1"), (None, "1")])
    );
    assert_eq!(maria("set('a','b')", &["'b,a'", "'a,b'", "'b'"]), pairs(&[("a,b", "2"), ("b", "1")]));
    assert_eq!(maria("double", &["0.5", "1"]), pairs(&[("0.5", "1"), ("1", "1")]));
    assert_eq!(maria("varbinary(9)", &["'a'", "'A'", "'a '"]), pairs(&[("A", "1"), ("a", "1"), ("a ", "1")]));
    assert_eq!(maria("year", &["2025", "1999"]), pairs(&[("1999", "1"), ("2025", "1")]));
    assert_eq!(
        maria("time", &["'10:30:00'", "'-01:00:00'"]),
        pairs(&[("-01:00:00", "1"), ("10:30:00", "1")])
    );

    let lite = |column: &str, values: &[&str]| members(&Source::lite(), column, values);
    assert_eq!(
        lite("integer", &["7", "-3", "7", "null"]),
        of(&[(Some("-3"), "1"), (Some("7"), "2"), (None, "1")])
    );
    assert_eq!(lite("real", &["0.5", "1", "1.0"]), pairs(&[("0.5", "1"), ("1.0", "2")]));
    assert_eq!(lite("numeric", &["'1'", "1.0", "'x'"]), pairs(&[("1", "2"), ("x", "1")]));
    assert_eq!(lite("blob", &["x'41'", "x'61'"]), pairs(&[("A", "1"), ("a", "1")]));
}

/// A column without a type holds a number and the text of it side by side.
#[test]
fn a_number_and_its_text_are_one_member() {
    let source = Source::lite();
    calls(&source, "", &["1", "'1'", "2", "'2'", "'2'", "'x'"]);
    let text = config("by.m = \"m\"", "different = { of = \"calls\", distinct = \"id\", by = [\"m\"] }");
    let doc = Place::new(&source, &text).save("2025-11-06");
    let expected = pairs(&[("1", "2"), ("2", "3"), ("x", "1")]);
    assert_eq!(doc.by("calls", "m"), expected);
    assert_eq!(doc.by("different", "m"), expected);
}

#[test]
fn members_that_differ_in_bytes_that_are_no_text_stay_apart() {
    let source = Source::maria();
    calls(&source, "varbinary(9)", &["x'636166E8'", "x'636166E9'", "x'636166E9'"]);
    let text = config("by.m = \"m\"", "different = { of = \"calls\", distinct = \"id\", by = [\"m\"] }");
    let doc = Place::new(&source, &text).save("2025-11-06");
    let expected = pairs(&[("caf\\xE8", "1"), ("caf\\xE9", "2")]);
    assert_eq!(doc.by("calls", "m"), expected);
    assert_eq!(doc.by("different", "m"), expected);
}

/// The server takes no invalid text, but old tables have it. To its collation all that begins
/// alike and goes on invalidly is equal, and its own `group by` fails; nothing is lost here.
#[test]
fn text_that_is_invalid_in_its_own_column_is_counted() {
    let source = Source::maria();
    let Source::Maria(db) = &source else { unreachable!() };
    db.sql(
        "create table calls (id int, at varchar(30), m varchar(9) character set utf8mb3) engine=myisam;
         insert into calls values (0, '2025-11-06 01:00:00', 'caf!'), (1, '2025-11-06 02:00:00', 'caf#'),
           (2, '2025-11-06 03:00:00', 'caf#'), (3, '2025-11-06 03:00:00', 'caf'), (4, '2025-11-06 03:00:00', 'x');
         flush tables;",
    );
    let file = db.files().join("calls.MYD");
    let mut bytes = std::fs::read(&file).unwrap();
    for at in 3..bytes.len() {
        if bytes[..at].ends_with(b"caf") {
            bytes[at] = match bytes[at] {
                b'!' => 0xE8,
                b'#' => 0xE9,
                other => other,
            };
        }
    }
    std::fs::write(&file, bytes).unwrap();
    db.sql("flush tables");
    let doc = Place::new(&source, &config("by.m = \"m\"\nby.only = { sql = \"m\", alone = true }", ""))
        .save("2025-11-06");
    assert_eq!(doc.value("calls"), "5");
    let members = doc.by("calls", "m");
    assert_eq!(members, doc.by("calls", "only"));
    assert_eq!(members.iter().map(|(_, count)| count.parse::<u32>().unwrap()).sum::<u32>(), 5);
    assert!(members.contains(&(Some("x".to_owned()), "1".to_owned())), "{members:?}");
    assert!(
        members.iter().any(|(key, _)| key.as_deref().is_some_and(|key| key.contains("caf"))),
        "{members:?}"
    );
    // Different values of two groups can't be added up.
    let metrics = "different = { of = \"calls\", distinct = \"id\", by = [\"m\"] }";
    let place = Place::new(&source, &config("by.m = \"m\"", metrics));
    let out = place.asof(LATER, &["save", "2025-11-06"]);
    let told = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(told.contains("two groups have the same member \"caf\\\\xE8\" of m"), "{told}");
}

#[test]
fn long_members_are_told_apart_by_their_ends() {
    let long = "x".repeat(3000);
    for source in Source::both() {
        calls(&source, "text", &[&format!("'{long}1'"), &format!("'{long}2'"), &format!("'{long}2'")]);
        let doc = Place::new(&source, &config("by.m = \"m\"", "")).save("2025-11-06");
        let expected =
            vec![(Some(format!("{long}1")), "1".to_owned()), (Some(format!("{long}2")), "2".to_owned())];
        assert_eq!(doc.by("calls", "m"), expected);
    }
}

#[test]
fn a_dimension_can_be_an_expression_with_lists_in_it() {
    for source in Source::both() {
        calls(&source, "varchar(20)", &["'SALE'", "'XFER'", "'NA'", "null"]);
        let dimensions = "by.kind = \"case when m in {good} then 'good' when m not in {good} then 'bad' end\"\n\
             by.yes = { sql = \"m in {good} -- what's good?\", alone = true }";
        let doc = Place::new(&source, &config(dimensions, "")).save("2025-11-06");
        assert_eq!(doc.by("calls", "kind"), of(&[(Some("bad"), "1"), (Some("good"), "2"), (None, "1")]));
        assert_eq!(doc.by("calls", "yes"), of(&[(Some("0"), "1"), (Some("1"), "2"), (None, "1")]));
    }
}

#[test]
fn labels_fit_exactly_or_but_for_case_and_are_always_the_same() {
    for source in Source::both() {
        let nocase = if source.is_maria() { "" } else { "collate nocase" };
        calls(
            &source,
            &format!("varchar(20) {nocase}"),
            &["'EAST'", "'west'", "'north'", "'South'", "'5'", "null"],
        );
        source.run(
            "create table names (k varchar(20), n varchar(40)); insert into names values
             ('EAST', 'East side'), ('east', 'not this'), ('WEST ', 'West side'), ('North', null), ('south', '  '),
             ('5', 'b'), ('5', 'a'), ('5', 'c'), ('elsewhere', 'unused');
             create table numbers (k int, n varchar(40)); insert into numbers values (5, 'five');",
        );
        let dimensions = "by.m = { sql = \"m\", labels = \"select k, n from names\" }\n\
             by.number = { sql = \"case when m = '5' then 5 end\", labels = \"select k, n from numbers\" }";
        let doc = Place::new(&source, &config(dimensions, "")).save("2025-11-06");
        let labels = |dimension: &str| -> String {
            doc.members("calls", dimension).iter().fold(String::new(), |mut all, member| {
                write!(all, "{}={} ", member["key"], member["label"]).unwrap();
                all
            })
        };
        assert_eq!(
            labels("m"),
            "\"5\"=\"a\" \"EAST\"=\"East side\" \"South\"=null \"north\"=null \"west\"=\"West side\" null=null "
        );
        assert_eq!(labels("number"), "\"5\"=\"five\" null=null ");
    }
}

/// Two queries for labels may have the same text and differ in what is bound to it.
#[test]
fn labels_of_two_lists_are_not_mixed_up() {
    for source in Source::both() {
        calls(&source, "varchar(20)", &["'a'", "'b'"]);
        source.run("create table names (k varchar(20), n varchar(40)); insert into names values ('a', 'A'), ('b', 'B');");
        let text = config(
            "by.one = { sql = \"m\", labels = \"select k, n from names where k in {ones}\" }\n\
             by.two = { sql = \"m\", labels = \"select k, n from names where k in {twos}\" }",
            "",
        );
        let text = text.replace("[lists]", "[lists]\nones = [\"a\"]\ntwos = [\"b\"]");
        let doc = Place::new(&source, &text).save("2025-11-06");
        let labels = |dimension: &str| -> Vec<String> {
            doc.members("calls", dimension).iter().map(|member| member["label"].to_string()).collect()
        };
        assert_eq!(labels("one"), ["\"A\"", "null"]);
        assert_eq!(labels("two"), ["null", "\"B\""]);
    }
}
