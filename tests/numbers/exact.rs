//! The frozen files hold the same numbers: the cube adds up to the document, digit by digit.

use std::collections::BTreeMap;

use asof::model::{Cells, CubeTable, Number};

use super::place::{Doc, LATER, Place, Source};

const CONFIG: &str = r#"
[calendar]
time_zone = "UTC"
[events.calls]
table = "calls"
time = "at"
time_is = "utc"
by.hour = { time = "hour" }
by.status = "status"
by.team = "team"
by.agent = { sql = "agent", alone = true }
[metrics]
calls = { of = "calls", count = true }
good = { of = "calls", count = true, where = "status = 'B'" }
money = { of = "calls", sum = "money" }
least = { of = "calls", min = "money" }
most = { of = "calls", max = "money" }
mean = { of = "calls", avg = "money" }
agents = { of = "calls", distinct = "agent", by = ["status"] }
"#;

fn rows(order: &str) -> String {
    // Status and team are NULL, empty, or a letter; some amounts are NULL.
    format!(
        "select seq id, date_add('2025-11-06', interval seq * 431 second) at,
           elt(1 + seq * 7 % 5, 'A', 'B', '', null, 'b') status, elt(1 + seq % 3, 'x', null, 'y') team,
           seq * 13 % 17 agent, if(seq % 6 = 0, null, (cast(seq * 7919 % 100000 as signed) - 50000) / 1000) money
         from seq_1_to_200 order by {order}"
    )
}

fn fill(source: &Source, order: &str) {
    source.run(&format!(
        "drop table if exists calls; create table calls (id int, at datetime, status varchar(3), team varchar(3), agent int,
           money decimal(24,8)) engine=myisam; insert into calls {};",
        rows(order)
    ));
}

fn texts<'t>(cube: &'t CubeTable, column: &str) -> &'t [Option<String>] {
    match cube.column(column) {
        Some(Cells::Text(cells)) => cells,
        other => panic!("{column}: {other:?}"),
    }
}

fn numbers<'t>(cube: &'t CubeTable, column: &str) -> &'t [Option<Number>] {
    match cube.column(column) {
        Some(Cells::Number(cells)) => cells,
        other => panic!("{column}: {other:?}"),
    }
}

type Folded = BTreeMap<Option<String>, Number>;

/// What the rows of one grouping come to by a dimension; `None` for the total.
fn rolled_up(
    cube: &CubeTable,
    grouping: &str,
    by: Option<&str>,
    column: &str,
    fold: fn(Number, &Number) -> Number,
) -> Folded {
    let mut all = Folded::new();
    for (row, name) in texts(cube, "grouping").iter().enumerate() {
        if name.as_deref() != Some(grouping) {
            continue;
        }
        let key = by.and_then(|by| texts(cube, by)[row].clone());
        if let Some(value) = &numbers(cube, column)[row] {
            let known = all.remove(&key);
            all.insert(key, known.map_or_else(|| value.clone(), |known| fold(known, value)));
        }
    }
    all
}

fn number(text: &str) -> Number {
    text.parse().unwrap()
}

fn told(doc: &Doc, metric: &str, dimension: &str, field: &str) -> Folded {
    let members = doc.members(metric, dimension).iter();
    members
        .filter(|member| !member[field].is_null())
        .map(|member| (member["key"].as_str().map(str::to_owned), number(&member[field].to_string())))
        .collect()
}

#[test]
fn the_cube_adds_up_to_the_document() {
    let source = Source::maria();
    fill(&source, "id");
    let place = Place::new(&source, CONFIG);
    let doc = place.save("2025-11-06");
    let cube = place.cube("2025-11-06", "calls");
    let add = |one: Number, other: &Number| one + other;
    let min = |one: Number, other: &Number| one.min(other.clone());
    let max = |one: Number, other: &Number| one.max(other.clone());
    let crossed = "hour,status,team";
    for (metric, column, field, fold) in [
        ("calls", "rows", "value", add as fn(Number, &Number) -> Number),
        ("good", "good.count", "value", add),
        ("money", "money.sum", "value", add),
        ("least", "least.min", "value", min),
        ("most", "most.max", "value", max),
        // The mean's parts; its sum is the same as the money's and is kept once.
        ("mean", "money.sum", "sum", add),
        ("mean", "mean.count", "count", add),
    ] {
        let column = if cube.column(column).is_none() { "mean.sum" } else { column };
        let total = Folded::from([(None, number(&doc.field(metric, field)))]);
        assert_eq!(rolled_up(&cube, crossed, None, column, fold), total, "{metric}.{field}");
        assert_eq!(rolled_up(&cube, "agent", None, column, fold), total, "{metric}.{field}, alone");
        for dimension in ["hour", "status", "team", "agent"] {
            let grouping = if dimension == "agent" { "agent" } else { crossed };
            let expected = told(&doc, metric, dimension, field);
            assert_eq!(
                rolled_up(&cube, grouping, Some(dimension), column, fold),
                expected,
                "{metric}.{field} by {dimension}"
            );
        }
    }
    // Different values are kept for each grouping in which they were counted.
    let once = |_: Number, _: &Number| panic!("there are two groups");
    assert_eq!(
        rolled_up(&cube, "", None, "agents.distinct", once),
        Folded::from([(None, number(&doc.value("agents")))])
    );
    let by_status = rolled_up(&cube, "status", Some("status"), "agents.distinct", once);
    assert_eq!(by_status, told(&doc, "agents", "status", "value"));
    assert!(rolled_up(&cube, crossed, None, "agents.distinct", once).is_empty());
    // NULL and the empty text are members of their own, of which 40 rows each are.
    let rows = rolled_up(&cube, crossed, Some("status"), "rows", add);
    assert_eq!((&rows[&None], &rows[&Some(String::new())]), (&number("40"), &number("40")));
    assert_eq!(rows[&Some("B".to_owned())], number("80"));
    assert_eq!(texts(&cube, "newest").iter().flatten().max().unwrap(), "2025-11-06 23:56:40");
}

#[test]
fn the_digest_of_the_numbers_does_not_depend_on_the_order_of_rows() {
    let source = Source::maria();
    let place = Place::new(&source, CONFIG);
    let mut digests = Vec::new();
    for order in ["id", "id desc", "id * 7 % 201, team"] {
        fill(&source, order);
        let place = Place::new(&source, CONFIG);
        place.save("2025-11-06");
        digests.push(place.manifest("2025-11-06")["events"]["calls"]["numbers"].to_string());
    }
    digests.dedup();
    assert_eq!(digests.len(), 1);

    // A row that no metric but the number of rows tells from another is seen all the same.
    fill(&source, "id");
    place.save("2025-11-06");
    source.run("update calls set team = 'y' where id = 1; update calls set team = 'x' where id = 2;");
    let before = place.manifest("2025-11-06")["events"]["calls"]["numbers"].to_string();
    place.save_at(LATER, &["2025-11-06", "--restate", "--reason", "teams were swapped"]);
    let after = place.manifest("2025-11-06@2")["events"]["calls"]["numbers"].to_string();
    assert_ne!(before, after);
}
