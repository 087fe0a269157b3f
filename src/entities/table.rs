//! The rows of a look while they come, column by column: checked, exact, and in the end sorted by key.
//!
//! Columns are kept as the archive writes them, since a look may have a million rows.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow_array::builder::{Decimal128Builder, Int64Builder, StringBuilder};
use arrow_array::{Array as _, ArrayRef, StringArray};
use arrow_schema::ArrowError;
use indexmap::IndexMap;

use super::cells::{GAUGE_DIGITS, GAUGE_PLACES, decimal, list, text, whole};
use super::due::how_often;
use crate::model::Value;
use crate::model::entity::{EntityDef, Every, FieldKind};
use crate::plan::EntityPlan;

/// How many keys are named in an error.
const NAMED: usize = 5;

/// Why the rows of a look can't be kept.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// A row without a key.
    #[error("entities.{entity}: row {row} of the query has no key: its {column} is NULL")]
    NoKey {
        /// The entities.
        entity: String,
        /// Which row, from 1.
        row: usize,
        /// The key's column.
        column: String,
    },
    /// Several rows of one key.
    #[error("entities.{entity}: the query gives more than one row for {} of {column}: {}", many(*keys), named.join(", "))]
    Twice {
        /// The entities.
        entity: String,
        /// The key's column.
        column: String,
        /// How many keys have more than one row.
        keys: usize,
        /// Some of them.
        named: Vec<String>,
    },
    /// A value that a field can't hold.
    #[error("entities.{entity}: {column} of {key} is {value}, which is no {wanted}")]
    Value {
        /// The entities.
        entity: String,
        /// The column.
        column: String,
        /// The key of the row.
        key: String,
        /// The value, shortened.
        value: String,
        /// What was wanted: `whole number of 64 bits`.
        wanted: &'static str,
    },
    /// More than a file can hold.
    #[error("entities.{entity}: the texts of one column are more than 2 GiB")]
    TooLarge {
        /// The entities.
        entity: String,
    },
    /// The columns don't make a table.
    #[error("the rows can't be kept: {0}")]
    Table(#[from] ArrowError),
}

fn many(keys: usize) -> String {
    if keys == 1 { "a value".to_owned() } else { format!("{keys} values") }
}

impl LookError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoKey { .. } => Some("let the SQL leave such rows out: where … is not null".to_owned()),
            Self::Twice { .. } => {
                Some("let the SQL give one row for each, or name another column as the key".to_owned())
            }
            Self::Value { wanted, .. } if wanted.contains("JSON") => {
                Some("let the SQL give a JSON array of texts, or name it under attributes".to_owned())
            }
            Self::Value { .. } => Some("let the SQL give a number, or name it under attributes".to_owned()),
            Self::TooLarge { .. } | Self::Table(_) => None,
        }
    }
}

/// Takes the rows of a look as they come.
pub struct TableBuilder {
    entity: String,
    key_column: String,
    /// The names of the fields with their columns in the query and their kinds.
    fields: Vec<(String, String, Builder)>,
    keys: StringBuilder,
    labels: Option<StringBuilder>,
    rules: Vec<Every>,
    due: Vec<Every>,
    /// The bytes of the longest column of texts.
    bytes: usize,
    sorted: bool,
    last: String,
}

enum Builder {
    Counter(Int64Builder),
    Gauge(Decimal128Builder),
    Text(StringBuilder),
    List(StringBuilder),
}

/// The rows of a look, sorted by key.
pub struct LookTable {
    /// The keys, in the order in which they came.
    pub keys: StringArray,
    /// The labels, in the same order.
    pub labels: Option<StringArray>,
    /// The fields by name, in the same order.
    pub fields: IndexMap<String, ArrayRef>,
    /// How often each row is kept, in the same order.
    pub due: Vec<Every>,
    /// The places of the rows, by key.
    pub order: Vec<u32>,
}

impl LookTable {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// The keys with their places, sorted.
    pub fn sorted_keys(&self) -> impl Iterator<Item = (usize, &str)> {
        self.order.iter().map(|at| (*at as usize, self.keys.value(*at as usize)))
    }
}

impl TableBuilder {
    /// For the rows that a plan gives.
    pub fn new(plan: &EntityPlan, def: &EntityDef) -> Self {
        let builder = |kind: FieldKind| match kind {
            FieldKind::Counter => Builder::Counter(Int64Builder::new()),
            FieldKind::Gauge => Builder::Gauge(Decimal128Builder::new()),
            FieldKind::Attribute => Builder::Text(StringBuilder::new()),
            FieldKind::List => Builder::List(StringBuilder::new()),
        };
        let fields =
            def.fields.iter().map(|(name, field)| (name.clone(), field.column.clone(), builder(field.kind)));
        Self {
            entity: plan.name.clone(),
            key_column: def.key.clone(),
            fields: fields.collect(),
            keys: StringBuilder::new(),
            labels: def.label.as_ref().map(|_| StringBuilder::new()),
            rules: plan.rules.clone(),
            due: Vec::new(),
            bytes: 0,
            sorted: true,
            last: String::new(),
        }
    }

    /// Takes a row as the plan's query gives it.
    ///
    /// # Errors
    /// When it has no key, or a value that its field can't hold.
    pub fn push(&mut self, row: Vec<Value>) -> Result<(), LookError> {
        let mut cells = row.into_iter();
        let key = cells.next().unwrap_or(Value::Null);
        let Some(key) = text(key).map_err(|value| self.unfit(&self.key_column, "?", &value, "text"))? else {
            return Err(LookError::NoKey {
                entity: self.entity.clone(),
                row: self.due.len() + 1,
                column: self.key_column.clone(),
            });
        };
        if let Some(labels) = &mut self.labels {
            // A label is for people: bytes that are no text are shown as well as they can be.
            let label = match cells.next().unwrap_or(Value::Null) {
                Value::Bytes(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
                other => text(other).unwrap_or_default(),
            };
            self.bytes += label.as_ref().map_or(0, String::len);
            labels.append_option(label);
        }
        let mut wrong = None;
        for (_, column, builder) in &mut self.fields {
            let cell = cells.next().unwrap_or(Value::Null);
            if let Err((value, wanted)) = builder.push(cell, &mut self.bytes) {
                wrong = Some((column.clone(), value, wanted));
                break;
            }
        }
        if let Some((column, value, wanted)) = wrong {
            return Err(self.unfit(&column, &key, &value, wanted));
        }
        let matches = |value: Value| matches!(value, Value::Number(number) if !number.is_zero());
        let rules = self.rules.iter().zip(cells).filter(|(_, cell)| matches(cell.clone()));
        let every = how_often(rules.map(|(every, _)| *every), !self.rules.is_empty());
        self.bytes += key.len();
        if self.bytes > i32::MAX as usize {
            return Err(LookError::TooLarge { entity: self.entity.clone() });
        }
        if self.sorted && !self.due.is_empty() && key <= self.last {
            self.sorted = false;
        }
        self.due.push(every);
        self.keys.append_value(&key);
        self.last = key;
        Ok(())
    }

    fn unfit(&self, column: &str, key: &str, value: &Value, wanted: &'static str) -> LookError {
        let shown = match value {
            Value::Null => "NULL".to_owned(),
            Value::Number(number) => number.to_string(),
            Value::Float(float) => float.to_string(),
            Value::Text(text) => format!("{:?}", text.chars().take(60).collect::<String>()),
            Value::Bytes(bytes) => {
                bytes.iter().take(40).copied().collect::<Vec<_>>().escape_ascii().to_string()
            }
        };
        LookError::Value {
            entity: self.entity.clone(),
            column: column.to_owned(),
            key: key.chars().take(60).collect(),
            value: shown,
            wanted,
        }
    }

    /// The rows, sorted by key.
    ///
    /// # Errors
    /// When a key has more than one row.
    pub fn finish(mut self) -> Result<LookTable, LookError> {
        let keys = self.keys.finish();
        let mut order: Vec<u32> = (0..u32::try_from(keys.len()).unwrap_or(u32::MAX)).collect();
        if !self.sorted {
            order.sort_by(|one, other| keys.value(*one as usize).cmp(keys.value(*other as usize)));
        }
        let pairs = order.iter().zip(order.iter().skip(1));
        let twice: BTreeSet<&str> = pairs
            .map(|(one, next)| (keys.value(*one as usize), keys.value(*next as usize)))
            .filter(|(one, next)| one == next)
            .map(|(one, _)| one)
            .collect();
        if !twice.is_empty() {
            return Err(LookError::Twice {
                entity: self.entity,
                column: self.key_column,
                keys: twice.len(),
                named: twice.iter().take(NAMED).map(|key| key.chars().take(60).collect()).collect(),
            });
        }
        let mut fields = IndexMap::new();
        for (name, _, builder) in self.fields {
            fields.insert(name, builder.finish()?);
        }
        Ok(LookTable {
            keys,
            labels: self.labels.map(|mut labels| labels.finish()),
            fields,
            due: self.due,
            order,
        })
    }
}

impl Builder {
    /// Takes a cell; gives it back with what was wanted if it can't be taken.
    fn push(&mut self, cell: Value, bytes: &mut usize) -> Result<(), (Value, &'static str)> {
        match self {
            Self::Counter(builder) => match whole(&cell) {
                Ok(whole) => builder.append_option(whole),
                Err(()) => return Err((cell, "whole number of 64 bits")),
            },
            Self::Gauge(builder) => match decimal(&cell) {
                Ok(decimal) => builder.append_option(decimal),
                Err(()) => return Err((cell, "number with at most 29 digits before and 9 behind its point")),
            },
            Self::Text(builder) => {
                let text = text(cell).map_err(|cell| (cell, "text"))?;
                *bytes += text.as_ref().map_or(0, String::len);
                builder.append_option(text);
            }
            Self::List(builder) => match list(&cell) {
                Ok(list) => {
                    let text = list.map(|list| serde_json::to_string(&list).unwrap_or_default());
                    *bytes += text.as_ref().map_or(0, String::len);
                    builder.append_option(text);
                }
                Err(()) => return Err((cell, "JSON array of texts")),
            },
        }
        Ok(())
    }

    fn finish(self) -> Result<ArrayRef, ArrowError> {
        Ok(match self {
            Self::Counter(mut builder) => Arc::new(builder.finish()),
            Self::Gauge(mut builder) => {
                Arc::new(builder.finish().with_precision_and_scale(GAUGE_DIGITS, GAUGE_PLACES)?)
            }
            Self::Text(mut builder) | Self::List(mut builder) => Arc::new(builder.finish()),
        })
    }
}

#[cfg(test)]
mod tests {
    use arrow_array::Array as _;

    use super::{LookError, TableBuilder};
    use crate::entities::cells::value_at;
    use crate::model::Value;
    use crate::model::definitions::{CalendarDef, Dialect};
    use crate::model::entity::{DueRule, EntityDef, Every, FORMAT, FieldDef, FieldKind, FieldValue};
    use crate::plan::EntityPlan;
    use crate::plan::entity::Which;

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
        builder.push(row(Value::from(10), cells, [1, 1])).unwrap();
        builder.push(row(Value::from(9), NOTHING, [0, 0])).unwrap();
        let cells = [Value::Float(5.0), Value::Float(0.1), Value::text(""), Value::text("[null]")];
        builder.push(row(Value::text("10a"), cells, [1, 0])).unwrap();
        let table = builder.finish().unwrap();
        let keys: Vec<&str> = table.sorted_keys().map(|(_, key)| key).collect();
        assert_eq!(keys, ["10", "10a", "9"], "as text");
        let due: Vec<Every> = table.sorted_keys().map(|(at, _)| table.due[at]).collect();
        assert_eq!(due, [Every::Day, Every::Week, Every::Month]);
        let def = def();
        let field = |name: &str, row: usize| value_at(&table.fields[name], def.fields[name].kind, row);
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
        assert_eq!(table.keys.len(), 3);
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
            let error = builder().push(row).unwrap_err();
            assert_eq!(error.to_string(), format!("entities.thing: {expected}"));
            assert!(error.hint().is_some());
        }
    }

    #[test]
    fn keys_with_two_rows_are_named() {
        let mut builder = builder();
        for key in [3, 1, 2, 1, 3, 1] {
            builder.push(row(Value::from(key), NOTHING, [0, 0])).unwrap();
        }
        let error = builder.finish().err().unwrap();
        assert!(matches!(&error, LookError::Twice { keys: 2, .. }));
        assert_eq!(
            error.to_string(),
            "entities.thing: the query gives more than one row for 2 values of id: 1, 3"
        );
    }
}
