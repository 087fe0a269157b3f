//! What rows of a query become, on made-up rows.

use arrow_array::Array as _;

use super::{LookError, TableBuilder};
use crate::entities::look_table::PIECE;
use crate::model::Value;
use crate::model::definitions::{CalendarDef, Dialect};
use crate::model::entity::{DueRule, EntityDef, Every, FORMAT, FieldDef, FieldKind, FieldValue};
use crate::plan::EntityPlan;
use crate::plan::entity::Which;

fn int(at: usize) -> i64 {
    i64::try_from(at).unwrap()
}

fn def() -> EntityDef {
    let kinds = [
        ("views", FieldKind::Counter),
        ("score", FieldKind::Gauge),
        ("status", FieldKind::Attribute),
        ("books", FieldKind::List),
    ];
    EntityDef {
        format: FORMAT.into(),
        calendar: CalendarDef { time_zone: "UTC".into(), day_starts_at: "00:00:00".into() },
        source: None,
        dialect: Dialect::Sqlite,
        tables: std::collections::BTreeMap::new(),
        lists: std::collections::BTreeMap::new(),
        sql: "select * from t".into(),
        key: "id".into(),
        label: None,
        fields: kinds.map(|(name, kind)| (name.into(), FieldDef { kind, column: name.into() })).into(),
        group_by: Vec::new(),
        schedule: vec![
            DueRule { condition: "a".into(), every: Every::Week },
            DueRule { condition: "b".into(), every: Every::Day },
        ],
    }
}

fn builder() -> TableBuilder {
    let def = def();
    TableBuilder::new(&EntityPlan::new("thing", &def, Which::default()).unwrap(), &def)
}

fn row(key: Value, cells: [Value; 4], rules: [i64; 2]) -> Vec<Value> {
    std::iter::once(key).chain(cells).chain(rules.map(Value::from)).collect()
}

fn decimal(text: &str) -> Value {
    Value::Number(text.parse().unwrap())
}

const NOTHING: [Value; 4] = [const { Value::Null }; 4];

#[test]
fn rows_come_sorted_by_key_with_every_value_exact() {
    let mut builder = builder();
    let cells = [
        Value::from(i64::MAX),
        decimal("-1234567890123.120000000"),
        Value::from(7),
        Value::text(r#"["PB-2", 3, "a,b"]"#),
    ];
    builder.push(&row(Value::from(10), cells, [1, 1])).unwrap();
    builder.push(&row(Value::from(9), NOTHING, [0, 0])).unwrap();
    let cells = [Value::Float(5.0), Value::Float(0.1), Value::text(""), Value::text("[null]")];
    builder.push(&row(Value::text("10a"), cells, [1, 0])).unwrap();
    let table = builder.finish().unwrap();
    let keys: Vec<&str> = table.sorted_keys().map(|(_, key)| key).collect();
    assert_eq!(keys, ["10", "10a", "9"], "as text");
    let due: Vec<Every> = table.sorted_keys().map(|(at, _)| table.due[at]).collect();
    assert_eq!(due, [Every::Day, Every::Week, Every::Month]);
    let def = def();
    let field = |name: &str, row: usize| table.value(name, def.fields[name].kind, row);
    let number = |text: &str| Some(FieldValue::Number(text.parse().unwrap()));
    assert_eq!(field("views", 0), number("9223372036854775807"));
    assert_eq!(field("score", 0), number("-1234567890123.12"));
    assert_eq!(field("status", 0), Some(FieldValue::Text("7".into())));
    assert_eq!(field("books", 0), Some(FieldValue::List(vec!["PB-2".into(), "3".into(), "a,b".into()])));
    assert!(def.fields.keys().all(|name| field(name, 1).is_none()), "NULL stays NULL");
    assert_eq!(field("views", 2), number("5"));
    assert_eq!(field("score", 2), number("0.1"));
    assert_eq!(field("status", 2), Some(FieldValue::Text(String::new())));
    assert_eq!(field("books", 2), Some(FieldValue::List(Vec::new())));
    assert_eq!(table.len(), 3);
}

#[test]
fn what_can_not_be_kept_is_named() {
    let cases = [
        (row(Value::Null, NOTHING, [0, 0]), "row 1 of the query has no key: its id is NULL"),
        (
            row(Value::from(1), [Value::text("many"), Value::Null, Value::Null, Value::Null], [0, 0]),
            "views of 1 is \"many\", which is no whole number of 64 bits",
        ),
        (
            row(
                Value::from(1),
                [decimal("9223372036854775808"), Value::Null, Value::Null, Value::Null],
                [0, 0],
            ),
            "views of 1 is 9223372036854775808, which is no whole number of 64 bits",
        ),
        (
            row(Value::from(1), [decimal("1.5"), Value::Null, Value::Null, Value::Null], [0, 0]),
            "views of 1 is 1.5, which is no whole number of 64 bits",
        ),
        (
            row(Value::from(1), [Value::Null, decimal("0.1234567891"), Value::Null, Value::Null], [0, 0]),
            "score of 1 is 0.1234567891, which is no number with at most 29 digits before and 9 behind its point",
        ),
        (
            row(Value::from(1), [Value::Null, Value::Null, Value::Null, Value::text("PB-1")], [0, 0]),
            "books of 1 is \"PB-1\", which is no JSON array of texts",
        ),
    ];
    for (row, expected) in cases {
        let error = builder().push(&row).err().unwrap();
        assert_eq!(error.to_string(), format!("entities.thing: {expected}"));
        assert!(error.hint().is_some());
    }
}

#[test]
fn keys_with_two_rows_are_named() {
    let mut builder = builder();
    for key in [3, 1, 2, 1, 3, 1] {
        builder.push(&row(Value::from(key), NOTHING, [0, 0])).unwrap();
    }
    let error = builder.finish().err().unwrap();
    assert!(matches!(&error, LookError::Twice { keys: 2, .. }));
    assert_eq!(
        error.to_string(),
        "entities.thing: the query gives more than one row for 2 values of id: 1, 3"
    );
}

#[test]
fn rows_of_several_pieces_are_sorted_and_keys_are_told_apart_across_them() {
    let key = |at: usize| format!("{:06}", at + 7);
    let push = |builder: &mut TableBuilder, key: &str, views: i64| {
        let cells = [Value::from(views), Value::Null, Value::Null, Value::Null];
        builder.push(&row(Value::text(key), cells, [0, 0])).map(|piece| piece.map(|piece| piece.keys.len()))
    };
    // In order: the piece is given when it is full, and then the first one of the next.
    let (mut sorted, mut backwards) = (builder(), builder());
    for at in 0..PIECE + 2 {
        let full = push(&mut sorted, &key(at), int(at)).unwrap();
        assert_eq!(full, (at + 1 == PIECE).then_some(PIECE));
        // Out of order no piece is given.
        let other = PIECE + 1 - at;
        assert_eq!(push(&mut backwards, &key(other), int(other)).unwrap(), None);
    }
    let (sorted, backwards) = (sorted.finish().unwrap(), backwards.finish().unwrap());
    for table in [&sorted, &backwards] {
        assert_eq!((table.len(), table.pieces.len()), (PIECE + 2, 2));
        for (expected, (at, found)) in table.sorted_keys().enumerate() {
            assert_eq!(found, key(expected));
            let views = FieldValue::Number((int(expected)).into());
            assert_eq!(table.value("views", FieldKind::Counter, at), Some(views));
        }
    }
    assert!(sorted.order.is_sorted() && !backwards.order.is_sorted());

    let mut twice = builder();
    for at in 0..=PIECE {
        push(&mut twice, &key(at), 0).unwrap();
    }
    push(&mut twice, &key(3), 0).unwrap();
    push(&mut twice, &key(PIECE), 0).unwrap();
    assert_eq!(
        twice.finish().err().unwrap().to_string(),
        format!(
            "entities.thing: the query gives more than one row for 2 values of id: {}, {}",
            key(3),
            key(PIECE)
        )
    );
}

#[test]
fn an_error_in_a_later_piece_names_its_row_before_any_key_that_comes_twice() {
    let mut builder = builder();
    for _ in 0..=PIECE {
        builder.push(&row(Value::from(1), NOTHING, [0, 0])).unwrap();
    }
    let cells = [Value::text("many"), Value::Null, Value::Null, Value::Null];
    assert_eq!(
        builder.push(&row(Value::from(2), cells, [0, 0])).err().unwrap().to_string(),
        "entities.thing: views of 2 is \"many\", which is no whole number of 64 bits"
    );
    assert_eq!(
        builder.push(&row(Value::Null, NOTHING, [0, 0])).err().unwrap().to_string(),
        format!("entities.thing: row {} of the query has no key: its id is NULL", PIECE + 2)
    );
}
