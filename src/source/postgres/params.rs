//! A query's `?` as PostgreSQL's `$1`, and the values bound to them.
//!
//! The server decides what type each place is of. So values go as text, and it reads them as that.

use bytes::BytesMut;
use tokio_postgres::types::{Format, IsNull, ToSql, Type, to_sql_checked};

use super::SourceError;
use crate::model::Value;
use crate::model::definitions::Dialect;
use crate::model::sql_text::{Piece, around_bound};
use crate::plan::Query;

/// How many values the protocol can count.
const MOST: usize = 65_535;

/// A value as text; NULL is none.
#[derive(Debug)]
pub(super) struct Bound(Option<String>);

impl ToSql for Bound {
    fn to_sql(
        &self,
        _kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        Ok(match &self.0 {
            None => IsNull::Yes,
            Some(text) => {
                out.extend_from_slice(text.as_bytes());
                IsNull::No
            }
        })
    }

    fn accepts(_kind: &Type) -> bool {
        true
    }

    fn encode_format(&self, _kind: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}

/// The SQL with its places numbered.
pub(super) fn numbered(query: &Query) -> Result<String, SourceError> {
    let mut sql = String::with_capacity(query.sql.len() + 16);
    let mut wanted = 0;
    for piece in around_bound(Dialect::Postgres, &query.sql) {
        match piece {
            Piece::Text(text) => sql.push_str(text),
            Piece::Bound => {
                wanted += 1;
                sql.push_str(&format!("${wanted}"));
            }
        }
    }
    let found = query.params.len();
    if wanted == found && found <= MOST {
        return Ok(sql);
    }
    Err(SourceError::Values { query: query.name.clone(), wanted: wanted.min(MOST), found })
}

/// The values in their order.
pub(super) fn bound(query: &Query) -> Result<Vec<Bound>, SourceError> {
    let text = |value: &Value| match value {
        Value::Null => Ok(Bound(None)),
        Value::Number(number) => Ok(Bound(Some(number.to_string()))),
        Value::Float(float) if float.is_finite() => Ok(Bound(Some(float.to_string()))),
        Value::Float(float) => Err(SourceError::Unmappable {
            query: query.name.clone(),
            column: "?".to_owned(),
            value: float.to_string(),
        }),
        Value::Text(text) => Ok(Bound(Some(text.clone()))),
        Value::Bytes(bytes) => {
            let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            Ok(Bound(Some(format!(r"\x{digits}"))))
        }
    };
    query.params.iter().map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::{MOST, numbered};
    use crate::model::Value;
    use crate::plan::Query;
    use crate::source::SourceError;

    #[test]
    fn places_are_numbered_and_counted() {
        let query = |sql: &str, values: usize| Query {
            name: "q".into(),
            sql: sql.into(),
            params: vec![Value::Null; values],
        };
        assert_eq!(
            numbered(&query("a = ? and b ?? '?' and c = ?", 2)).unwrap(),
            "a = $1 and b ? '?' and c = $2"
        );
        for (sql, wanted, found) in [("a = ?", 1, 0), ("a = '?'", 0, 1), ("?, ?", 2, 1)] {
            let error = numbered(&query(sql, found)).unwrap_err();
            assert_eq!(error, SourceError::Values { query: "q".into(), wanted, found });
        }
        let many = query(&vec!["?"; MOST + 1].join(","), MOST + 1);
        assert!(matches!(numbered(&many), Err(SourceError::Values { wanted: MOST, .. })));
    }
}
