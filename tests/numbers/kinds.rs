//! Every kind of metric, in total and by each member, against SQL of the test's own.

use super::place::{LATER, Pair, Place, Source, pairs, twelve};

/// Dimensions crossed with each other, and one that stands alone.
const EVENTS: &str = r#"
[calendar]
time_zone = "UTC"
[events.calls]
table = "calls"
time = "at"
time_is = "utc"
by.hour = { time = "hour" }
by.status = "status"
by.agent = { sql = "agent", alone = true }
[metrics]
calls = { of = "calls", count = true }
"#;

struct Random(u64);

impl Random {
    fn next(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

/// A few hundred calls on 2025-11-06, one column for each type, NULLs in all of them.
fn fill(source: &Source, rows: usize) {
    let mut random = Random(41);
    let mut values = Vec::new();
    for id in 0..rows {
        let signed = |random: &mut Random| if random.next(3) == 0 { "-" } else { "" };
        let mut or_null = |text: String| if random.next(7) == 0 { "null".to_owned() } else { text };
        let small = or_null(format!("{}", id * 7919 % 1000));
        let mut columns = vec![format!("{id}"), small];
        for width in [
            // bigint near its largest, bigint unsigned, decimal(20,4), decimal(65,30), float, double
            format!("9223372036854775{:03}", random.next(800)),
            format!("1844674407370955{:04}", random.next(1600)),
            format!("{}{}.{:04}", signed(&mut random), random.next(1_000_000_000), random.next(10_000)),
            format!(
                "{}{}.{:09}{:09}{:012}",
                signed(&mut random),
                random.next(99),
                random.next(999_999_999),
                id,
                id * 3
            ),
            format!("{}{}.{}", signed(&mut random), random.next(1000), random.next(100)),
            format!("{}{}.{}", signed(&mut random), random.next(1000), random.next(100_000)),
        ] {
            columns.push(if random.next(9) == 0 { "null".to_owned() } else { width });
        }
        let status =
            ["'SALE'", "'sale'", "'NA'", "''", "null", "'DROP'"][usize::try_from(random.next(6)).unwrap()];
        columns.push(status.to_owned());
        columns.push(format!("'agent{}'", random.next(9)));
        columns.push(format!("'2025-11-06 {:02}:{:02}:00'", random.next(24), random.next(60)));
        values.push(format!("({})", columns.join(", ")));
    }
    let nocase = if source.is_maria() { "" } else { "collate nocase" };
    source.run(&format!(
        "create table calls (id int, small int, big bigint, unsigned_big bigint unsigned, money decimal(20,4),
           exact decimal(65,30), single float, dbl double, status varchar(9) {nocase}, agent varchar(20), at datetime);
         insert into calls values {};",
        values.join(", ")
    ));
}

/// The groups of an expression: by `min(key)` in the program's order, and the total under no key.
fn told(source: &Source, key: &str, value: &str) -> Vec<Pair> {
    let smallest = if source.is_maria() {
        format!("min(cast({key} as binary))")
    } else {
        format!("min(cast({key} as blob))")
    };
    let order = "order by 1 is null, 1";
    let sql = format!(
        "select * from (select {smallest} k, {value} v from calls group by {key}) x {}",
        order.replace('1', "k")
    );
    let known = |row: Vec<Option<String>>| {
        let mut cells = row.into_iter();
        (cells.next().unwrap(), cells.next().unwrap().unwrap_or("null".to_owned()))
    };
    source.rows(&sql).into_iter().map(known).collect()
}

fn hour(source: &Source) -> &'static str {
    if source.is_maria() { "date_format(at, '%H')" } else { "strftime('%H', at)" }
}

/// Compares a metric with the SQL that gives it, at each level.
fn same(source: &Source, place: &Place, metric: &str, sql: &str, equal: impl Fn(&str, &str) -> bool) {
    let doc = place.doc("2025-11-06");
    let total = source.cell(&format!("select {sql} from calls")).unwrap_or("null".to_owned());
    assert!(equal(&doc.value(metric), &total), "{metric}: {} for {total}", doc.value(metric));
    for (dimension, key) in [("hour", hour(source)), ("status", "status"), ("agent", "agent")] {
        let (found, expected) = (doc.by(metric, dimension), told(source, key, sql));
        assert_eq!(found.len(), expected.len(), "{metric} by {dimension}");
        for ((key, value), (expected_key, expected_value)) in found.iter().zip(&expected) {
            assert_eq!(key, expected_key, "{metric} by {dimension}");
            assert!(
                equal(value, expected_value),
                "{metric} by {dimension}, {key:?}: {value} for {expected_value}"
            );
        }
    }
}

fn exactly(found: &str, expected: &str) -> bool {
    found == expected || found == "0" && expected.trim_matches(['0', '.']).is_empty()
}

fn nearly(found: &str, expected: &str) -> bool {
    match (found.parse::<f64>(), expected.parse::<f64>()) {
        (Ok(one), Ok(other)) => (one - other).abs() <= 1e-9 * one.abs().max(other.abs()).max(1.0),
        _ => found == expected,
    }
}

/// A decimal as an integer and a power of ten.
fn scaled(text: &str) -> (i128, i128) {
    let places = text.split_once('.').map_or(0, |(_, places)| places.len());
    (text.replace('.', "").parse().unwrap(), 10_i128.pow(u32::try_from(places).unwrap()))
}

#[test]
fn integers_and_decimals_stay_exact_on_mariadb() {
    let source = Source::maria();
    fill(&source, 400);
    let mut text = EVENTS.to_owned();
    let mut asked = vec![("calls".to_owned(), "count(*)".to_owned())];
    for column in ["small", "big", "unsigned_big", "money", "exact"] {
        for kind in ["sum", "min", "max"] {
            text.push_str(&format!("{kind}_{column} = {{ of = \"calls\", {kind} = \"{column}\" }}\n"));
            asked.push((format!("{kind}_{column}"), format!("{kind}({column})")));
            let name = format!("some_{kind}_{column}");
            text.push_str(&format!(
                "{name} = {{ of = \"calls\", {kind} = \"-{column}\", where = \"status in ('SALE', 'NA')\" }}\n"
            ));
            // A sum of no rows is 0; the smallest of none is unknown.
            let value = format!("{kind}(if(status in ('SALE', 'NA'), -{column}, null))");
            let none = if kind == "sum" { "if(sum(status in ('SALE', 'NA')) > 0, null, 0)" } else { "null" };
            asked.push((name, format!("coalesce({value}, {none})")));
        }
        text.push_str(&format!(
            "n_{column} = {{ of = \"calls\", count = true, where = \"{column} is null\" }}\n"
        ));
        asked.push((format!("n_{column}"), format!("sum({column} is null)")));
    }
    // Unary minus of an unsigned number is too large for the server: it says so.
    let kept: Vec<&str> = text.lines().filter(|line| !line.contains("\"-unsigned_big\"")).collect();
    let text = kept.join("\n");
    asked.retain(|(name, _)| !(name.starts_with("some_") && name.ends_with("unsigned_big")));
    let place = Place::new(&source, &text);
    place.save("2025-11-06");
    for (metric, sql) in asked {
        same(&source, &place, &metric, &sql, exactly);
    }
    // These sums are beyond 64 bits, or have all of 30 places.
    let doc = place.doc("2025-11-06");
    assert!(doc.value("sum_big").len() > 20 && doc.value("sum_exact").split_once('.').unwrap().1.len() == 30);
}

#[test]
fn integers_stay_exact_on_sqlite() {
    let source = Source::lite();
    fill(&source, 400);
    let mut text = EVENTS.to_owned();
    let mut asked = vec![("calls", "count(*)")];
    for (metric, definition, sql) in [
        ("sum", "sum = \"small\"", "sum(small)"),
        ("least", "min = \"big\"", "min(big)"),
        ("most", "max = \"big\"", "max(big)"),
        (
            "some",
            "count = true, where = \"status in ('SALE', 'NA')\"",
            "count(case when status in ('SALE', 'NA') then 1 end)",
        ),
        (
            "some_sum",
            "sum = \"-small\", where = \"status in ('SALE', 'NA')\"",
            "case when count(case when status in ('SALE', 'NA') then 1 end) = 0 then 0 \
             else sum(case when status in ('SALE', 'NA') then -small end) end",
        ),
    ] {
        text.push_str(&format!("{metric} = {{ of = \"calls\", {definition} }}\n"));
        asked.push((metric, sql));
    }
    let place = Place::new(&source, &text);
    place.save("2025-11-06");
    for (metric, sql) in asked {
        same(&source, &place, metric, sql, exactly);
    }
}

#[test]
fn floats_are_as_near_as_floats_can_be() {
    for source in Source::both() {
        fill(&source, 400);
        let mut text = EVENTS.to_owned();
        for kind in ["sum", "min", "max", "avg"] {
            for column in ["single", "dbl"] {
                text.push_str(&format!("{kind}_{column} = {{ of = \"calls\", {kind} = \"{column}\" }}\n"));
            }
        }
        let place = Place::new(&source, &text);
        place.save("2025-11-06");
        for kind in ["sum", "min", "max", "avg"] {
            for column in ["single", "dbl"] {
                same(&source, &place, &format!("{kind}_{column}"), &format!("{kind}({column})"), nearly);
            }
        }
        let manifest = place.manifest("2025-11-06");
        let floats = manifest["events"]["calls"]["floats"].as_array().unwrap();
        assert_eq!(floats.len(), 8, "{floats:?}");
        // The smallest single is shown with the digits that were put in.
        let least = source.cell("select min(single) from calls").unwrap();
        assert_eq!(place.doc("2025-11-06").value("min_single"), least);
    }
}

#[test]
fn averages_and_quotients_are_of_exact_sums() {
    for source in Source::both() {
        fill(&source, 400);
        let text = format!(
            "{EVENTS}mean = {{ of = \"calls\", avg = \"small\" }}\n\
             mean_min = {{ of = \"calls\", avg = \"small\", divide = 60 }}\n\
             thirds = {{ of = \"calls\", sum = \"small\", divide = 3 }}\n\
             minutes = {{ of = \"calls\", sum = \"small\", divide = 60 }}\n\
             twice = {{ of = \"calls\", max = \"small\", divide = 0.5 }}\n\
             each = {{ of = \"calls\", min = \"small\", divide = 7 }}\n\
             good = {{ of = \"calls\", count = true, where = \"status = 'SALE'\" }}\n\
             rate = {{ ratio = [\"good\", \"calls\"] }}\n\
             per_good = {{ ratio = [\"calls\", \"good\"] }}\n"
        );
        let place = Place::new(&source, &text);
        let doc = place.save("2025-11-06");
        let good = "count(case when status = 'SALE' then 1 end)";
        for (metric, above, below, times, over) in [
            ("mean", "sum(small)", "count(small)", 1, 1),
            ("mean_min", "sum(small)", "count(small)", 1, 60),
            ("thirds", "sum(small)", "max(1)", 1, 3),
            ("minutes", "sum(small)", "max(1)", 1, 60),
            ("twice", "max(small)", "max(1)", 2, 1),
            ("each", "min(small)", "max(1)", 1, 7),
            ("rate", good, "count(*)", 1, 1),
            ("per_good", "count(*)", good, 1, 1),
        ] {
            let quotient = |above: &str, below: &str| {
                if above == "null" {
                    return "null".to_owned();
                }
                twelve(above.parse::<i128>().unwrap() * times, below.parse::<i128>().unwrap() * over)
            };
            let total = |sql: &str| source.cell(&format!("select {sql} from calls")).unwrap();
            assert_eq!(doc.value(metric), quotient(&total(above), &total(below)), "{metric}");
            for (dimension, key) in [("hour", hour(&source)), ("status", "status"), ("agent", "agent")] {
                let (above, below) = (told(&source, key, above), told(&source, key, below));
                let expected: Vec<Pair> = above
                    .into_iter()
                    .zip(below)
                    .map(|((key, above), (_, below))| (key, quotient(&above, &below)))
                    .collect();
                assert_eq!(doc.by(metric, dimension), expected, "{metric} by {dimension}");
            }
        }
        // What a rate was made of stands beside it.
        let rate = &doc.0["metrics"]["rate"];
        assert_eq!(rate["denominator"].to_string(), "400");
        assert_eq!(rate["numerator"].to_string(), doc.value("good"));
    }
}

#[test]
fn an_average_of_decimals_is_the_exact_sum_over_the_count() {
    let source = Source::maria();
    fill(&source, 400);
    let text = format!("{EVENTS}mean = {{ of = \"calls\", avg = \"money\", divide = 3 }}\n");
    let doc = Place::new(&source, &text).save("2025-11-06");
    let (sum, count) = (
        source.cell("select sum(money) from calls").unwrap(),
        source.cell("select count(money) from calls").unwrap(),
    );
    let (digits, power) = scaled(&sum);
    assert_eq!(doc.value("mean"), twelve(digits, power * 3 * count.parse::<i128>().unwrap()));
    assert_eq!((doc.field("mean", "sum"), doc.field("mean", "count")), (sum, count));
}

#[test]
fn different_values_are_asked_of_the_source_and_never_added() {
    for source in Source::both() {
        fill(&source, 400);
        let text = format!(
            "{EVENTS}agents = {{ of = \"calls\", distinct = \"agent\", by = [\"hour\", \"status\", \"agent\"] }}\n\
             states = {{ of = \"calls\", distinct = \"status\", where = \"small > 500\", by = [\"hour\", \"agent\"] }}\n\
             pairs = {{ of = \"calls\", distinct = \"small / 10\", by = [\"status\"] }}\n"
        );
        let place = Place::new(&source, &text);
        let doc = place.save("2025-11-06");
        // `case` makes SQLite forget the collation of the column.
        let status = if source.is_maria() { "status" } else { "lower(status)" };
        let statuses = format!("count(distinct case when small > 500 then {status} end)");
        for (metric, sql, dimensions) in [
            ("agents", "count(distinct agent)", &["hour", "status", "agent"][..]),
            ("states", &statuses, &["hour", "agent"][..]),
            ("pairs", "count(distinct small / 10)", &["status"][..]),
        ] {
            assert_eq!(Some(doc.value(metric)), source.cell(&format!("select {sql} from calls")), "{metric}");
            for (dimension, key) in [("hour", hour(&source)), ("status", "status"), ("agent", "agent")] {
                assert_eq!(
                    doc.has(metric, dimension),
                    dimensions.contains(&dimension),
                    "{metric} by {dimension}"
                );
                if doc.has(metric, dimension) {
                    assert_eq!(doc.by(metric, dimension), told(&source, key, sql), "{metric} by {dimension}");
                }
            }
        }
    }
}

#[test]
fn an_empty_day_is_a_fact_and_what_can_not_be_known_has_a_reason() {
    for source in Source::both() {
        source.run(
            "create table calls (id int, small int, status varchar(9), agent varchar(9), at datetime);
             insert into calls values (1, null, 'SALE', 'a', '2025-11-07 10:00:00'), (2, null, null, 'a', '2025-11-07 11:00:00'),
               (3, 5, '', 'a', '2025-11-07 11:00:00');",
        );
        let text = format!(
            "{EVENTS}total = {{ of = \"calls\", sum = \"small\" }}\n\
             minutes = {{ of = \"calls\", sum = \"small\", divide = 60 }}\n\
             least = {{ of = \"calls\", min = \"small\" }}\n\
             most = {{ of = \"calls\", max = \"small\", divide = 2 }}\n\
             mean = {{ of = \"calls\", avg = \"small\" }}\n\
             agents = {{ of = \"calls\", distinct = \"agent\", by = [\"status\"] }}\n\
             good = {{ of = \"calls\", count = true, where = \"status = 'SALE'\" }}\n\
             rate = {{ ratio = [\"good\", \"calls\"] }}\n\
             of_total = {{ ratio = [\"total\", \"calls\"] }}\n"
        );
        let place = Place::new(&source, &text);
        let empty = place.save("2025-11-06");
        for (metric, value, reason) in [
            ("calls", "0", "null"),
            ("total", "0", "null"),
            ("minutes", "0", "null"),
            ("agents", "0", "null"),
            ("least", "null", "\"no values\""),
            ("most", "null", "\"no values\""),
            ("mean", "null", "\"no values\""),
            ("rate", "null", "\"zero denominator\""),
            ("of_total", "null", "\"zero denominator\""),
        ] {
            assert_eq!(
                (empty.value(metric), empty.field(metric, "reason")),
                (value.into(), reason.into()),
                "{metric}"
            );
        }
        assert_eq!(empty.0["events"]["calls"]["newest"].to_string(), "null");
        assert!(empty.by("calls", "status").is_empty() && empty.by("agents", "status").is_empty());

        let doc = place.save("2025-11-07");
        let by = |metric: &str| doc.by(metric, "status");
        let expected = |empty: &str, sale: &str, null: &str| {
            let mut all = pairs(&[("", empty), ("SALE", sale)]);
            all.push((None, null.to_owned()));
            all
        };
        assert_eq!(by("calls"), expected("1", "1", "1"));
        assert_eq!(by("total"), expected("5", "null", "null"));
        assert_eq!(by("minutes"), expected("0.0833333333333", "null", "null"));
        assert_eq!(by("mean"), expected("5", "null", "null"));
        assert_eq!(by("most"), expected("2.5", "null", "null"));
        assert_eq!(by("good"), expected("0", "1", "0"));
        assert_eq!(by("rate"), expected("0", "1", "0"));
        assert_eq!(by("agents"), expected("1", "1", "1"));
        let sale = &doc.members("total", "status")[1];
        assert_eq!(sale["reason"], "every value is NULL");
        assert_eq!(
            doc.members("of_total", "status")[1]["reason"],
            "the numerator is unknown: every value is NULL"
        );
    }
}

/// SQLite has no integer beyond 64 bits: it refuses, and so nothing wrong is frozen.
#[test]
fn a_sum_that_sqlite_can_not_hold_is_refused() {
    let source = Source::lite();
    fill(&source, 50);
    let place = Place::new(&source, &format!("{EVENTS}total = {{ of = \"calls\", sum = \"big\" }}\n"));
    let out = place.asof(LATER, &["save", "2025-11-06"]);
    let told = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(!out.status.success() && told.contains("integer overflow"), "{told}");
    assert!(!place.path().join("snapshots/2025-11-06").exists());
}

#[test]
fn what_is_no_number_is_refused_with_its_column_and_value() {
    for source in Source::both() {
        fill(&source, 20);
        let place = Place::new(&source, &format!("{EVENTS}last = {{ of = \"calls\", max = \"agent\" }}\n"));
        let out = place.asof(LATER, &["save", "2025-11-06"]);
        let told = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(!out.status.success() && told.contains("last.max") && told.contains("agent"), "{told}");
    }
}
