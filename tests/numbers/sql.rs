//! SQL that users write, with lists and with whatever may stand in it.

use super::place::{LATER, Place, Source, pairs};

fn fill(source: &Source, values: &[&str]) {
    let escape = |text: &str| {
        let text = text.replace('\'', "''");
        if source.is_maria() { text.replace('\\', "\\\\") } else { text }
    };
    let values: Vec<String> = values
        .iter()
        .enumerate()
        .map(|(id, value)| format!("({id}, '2025-11-06 {:02}:10:00', '{}')", id % 24, escape(value)))
        .collect();
    source.run(&format!(
        "create table calls (id int, at datetime, m varchar(60)); insert into calls values {}",
        values.join(", ")
    ));
}

fn config(lists: &str, metrics: &str) -> String {
    format!(
        "[calendar]\ntime_zone = \"UTC\"\n[lists]\n{lists}\n[events.calls]\ntable = \"calls\"\ntime = \"at\"\n\
         time_is = \"utc\"\nby.hour = {{ time = \"hour\" }}\n[metrics]\ncalls = {{ of = \"calls\", count = true }}\n{metrics}\n"
    )
}

fn count(name: &str, condition: &str) -> String {
    format!("{name} = {{ of = \"calls\", count = true, where = '''{condition}''' }}\n")
}

#[test]
fn a_list_holds_whatever_text_there_is() {
    let odd = [
        "it's",
        "say \"hi\"",
        r"back\slash",
        r"\'",
        "`tick`",
        "%",
        "_",
        "?",
        "{sale}",
        ":name",
        "naïve",
        "漢字",
        "🦀",
        "--",
        "/*",
        "; drop table calls",
        "",
    ];
    for source in Source::all() {
        fill(&source, &[&odd[..], &["other", "x"]].concat());
        let list = format!("odd = {}", serde_json::to_string(&odd).unwrap());
        let text = config(&list, &[count("odd", "m in {odd}"), count("rest", "m not in {odd}")].concat());
        let doc = Place::new(&source, &text).save("2025-11-06");
        assert_eq!((doc.value("odd"), doc.value("rest")), (odd.len().to_string(), "2".to_owned()));
        for (at, text) in odd.iter().enumerate() {
            let one = format!("one = {}", serde_json::to_string(&[text]).unwrap());
            let source_of_one =
                config(&one, "ids = { of = \"calls\", sum = \"id\", where = \"m in {one}\" }\n");
            assert_eq!(
                Place::new(&source, &source_of_one).save("2025-11-06").value("ids"),
                at.to_string(),
                "{text}"
            );
        }
    }
}

#[test]
fn nothing_is_in_an_empty_list_and_everything_known_is_not_in_it() {
    for source in Source::all() {
        fill(&source, &["a", "b"]);
        source.run("insert into calls values (9, '2025-11-06 00:00:00', null)");
        let metrics = [
            count("inside", "m in {none}"),
            count("outside", "m not in {none}"),
            count("neither", "not (m in {none} or m = 'a')"),
            "ids = { of = \"calls\", distinct = \"case when m in {none} then id end\" }\n".to_owned(),
        ];
        let doc = Place::new(&source, &config("none = []", &metrics.concat())).save("2025-11-06");
        assert_eq!(doc.value("inside"), "0");
        // In SQL, anything, NULL too, is not in a set of nothing.
        assert_eq!(doc.value("outside"), "3");
        assert_eq!(doc.value("neither"), "1");
        assert_eq!(doc.value("ids"), "0");
    }
}

#[test]
fn what_looks_like_a_placeholder_is_text() {
    for source in Source::all() {
        fill(&source, &["10:30", "a ? b", ":name", "50%", "{ x }", "@v", "$1", "?1", "it's"]);
        let metrics = [
            count("colon", "m = '10:30'"),
            count("mark", "m = 'a ? b' or m like '%?%'"),
            count("name", "m = ':name' and m <> ':other'"),
            count("percent", "m like '50\u{25}' and id % 2 = 1"),
            count("braces", "m = '{ x }' and m <> '{}'"),
            count("at_sign", "m in ('@v', '$1', '?1')"),
            count("quote", "m = 'it''s'"),
            count("end_comment", "m = '10:30' -- isn't it? {no list} :x"),
            count("block_comment", "m /* why? 'x */ = '10:30'"),
            count("with_list", "m = 'a ? b' and m in {odd} and m <> '?'"),
        ];
        let doc = Place::new(&source, &config("odd = [\"a ? b\", \":name\"]", &metrics.concat()))
            .save("2025-11-06");
        for (name, expected) in [
            ("colon", "1"),
            ("mark", "2"),
            ("name", "1"),
            ("percent", "1"),
            ("braces", "1"),
            ("at_sign", "3"),
            ("quote", "1"),
            ("end_comment", "1"),
            ("block_comment", "1"),
            ("with_list", "1"),
        ] {
            assert_eq!(doc.value(name), expected, "{name}, {}", source.url());
        }
    }
}

#[test]
fn a_comment_with_a_number_sign_ends_with_its_line_on_mariadb() {
    let source = Source::maria();
    fill(&source, &["a", "b"]);
    let doc = Place::new(&source, &config("", &count("hash", "m = 'a' # or 'b'?"))).save("2025-11-06");
    assert_eq!(doc.value("hash"), "1");
    // Here `:=` assigns; nothing is bound to it.
    let text = config("", "set_to = { of = \"calls\", sum = \"(@asof_seen := id)\" }\n");
    assert_eq!(Place::new(&source, &text).save("2025-11-06").value("set_to"), "1");
}

#[test]
fn a_query_can_name_the_day_twice_or_by_its_ends() {
    for source in Source::all() {
        fill(&source, &["a", "b", "c"]);
        source.run(
            "create table archived (id int, at datetime, m varchar(60));
             insert into archived values (0, '2025-11-06 00:10:00', 'stale'), (7, '2025-11-06 05:00:00', 'b'),
               (8, '2025-11-05 23:59:59', 'b'), (9, '2025-11-07 00:00:00', 'b');",
        );
        let text = "[calendar]\ntime_zone = \"UTC\"\n[lists]\nkept = [\"b\", \"c\", \"a\"]\n\
             [events.both]\nsql = '''\nselect id, at, m from calls where {window} and m in {kept}\n\
             union all\nselect id, at, m from archived where {window} and id not in (select id from calls where {window})\n\
             -- that's all?'''\ntime = \"at\"\ntime_is = \"utc\"\nby.m = \"m\"\nby.hour = { time = \"hour\" }\n\
             [events.ends]\nsql = \"select at, m from archived where at >= {start} and at < {end}\"\ntime = \"at\"\n\
             time_is = \"utc\"\nby.m = { sql = \"m\", alone = true }\n\
             [metrics]\nn = { of = \"both\", count = true }\nids = { of = \"both\", sum = \"id\", where = \"m in {kept}\" }\n\
             ends = { of = \"ends\", count = true }\n";
        let doc = Place::new(&source, text).save("2025-11-06");
        assert_eq!(doc.value("n"), "4");
        assert_eq!(doc.value("ids"), (1 + 2 + 7).to_string());
        assert_eq!(doc.by("n", "m"), pairs(&[("a", "1"), ("b", "2"), ("c", "1")]));
        assert_eq!(doc.by("n", "hour"), pairs(&[("00", "1"), ("01", "1"), ("02", "1"), ("05", "1")]));
        assert_eq!(doc.value("ends"), "2");
        assert_eq!(doc.by("ends", "m"), pairs(&[("b", "1"), ("stale", "1")]));
    }
}

#[test]
fn a_list_inside_of_quotes_or_a_comment_is_refused_and_not_guessed_at() {
    for source in Source::all() {
        fill(&source, &["a"]);
        for condition in ["m = '{odd}'", "m = 'a' -- {odd}\n"] {
            let place = Place::new(&source, &config("odd = [\"a\", \"b\"]", &count("wrong", condition)));
            let out = place.asof(LATER, &["save", "2025-11-06"]);
            assert_eq!(out.status.code(), Some(1), "{condition}");
            assert!(!out.stderr.is_empty() && !place.path().join("snapshots/2025-11-06").exists());
        }
    }
}

#[test]
fn names_with_quotes_and_schemas_are_names() {
    for source in Source::all() {
        let (quoted, schema) = match &source {
            Source::Maria(db) => ("`my calls`".to_owned(), db.name.clone()),
            Source::Postgres(_) => ("\"my calls\"".to_owned(), "public".to_owned()),
            Source::Lite { .. } => ("\"my calls\"".to_owned(), "main".to_owned()),
        };
        source.run(&format!(
            "create table {quoted} (at datetime, n int); insert into {quoted} values ('2025-11-06 01:00:00', 3)"
        ));
        for table in ["my calls".to_owned(), format!("{schema}.my calls")] {
            let text = format!(
                "[calendar]\ntime_zone = \"UTC\"\n[events.calls]\ntable = {table:?}\ntime = \"at\"\ntime_is = \"utc\"\n\
                 [metrics]\nn = {{ of = \"calls\", sum = \"n\" }}\n"
            );
            assert_eq!(Place::new(&source, &text).save("2025-11-06").value("n"), "3", "{table}");
        }
    }
}
