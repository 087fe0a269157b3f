//! The shape of a column that asof fills, as written: its type alone, or a table that says more.

use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// A column: `"integer"`, or `{ at = "/created/at", type = "time", format = "epoch" }`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Column {
    /// Where its value is; where its name says when left out.
    pub at: Option<String>,
    /// What its values are; text when left out.
    pub kind: Option<String>,
    /// How a time is written.
    pub format: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    at: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    format: Option<String>,
}

impl<'de> Deserialize<'de> for Column {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrTable;

        impl<'de> Visitor<'de> for TextOrTable {
            type Value = Column;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(
                    "a type such as \"integer\", or a table such as { at = \"/id\", type = \"text\" }",
                )
            }

            fn visit_str<E: de::Error>(self, kind: &str) -> Result<Column, E> {
                Ok(Column { kind: Some(kind.to_owned()), ..Column::default() })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Column, A::Error> {
                let Table { at, kind, format } =
                    Table::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(Column { at, kind, format })
            }
        }

        deserializer.deserialize_any(TextOrTable)
    }
}
