//! Rows of a database, taken over into a table of the moment: exact, or refused.

use std::time::Duration;

use super::filled::cell::{Cell, Found, cell};
use super::filled::tables::Tables;
use super::filled::{FilledSession, Filler, names};
use super::{Column, Engine, Session, SourceError};
use crate::model::Value;
use crate::model::definitions::Dialect;
use crate::model::table::{ColumnDef, ColumnKind};
use crate::plan::Staged;

impl Session {
    /// A session with nothing in it yet: for rows of databases, and answers of lookups beside them.
    ///
    /// # Errors
    /// When there is no room for its file.
    pub async fn of_the_moment(timeout: Duration) -> Result<Self, SourceError> {
        let tables = Tables::open("the moment", &[].into(), |_| false, timeout).await?;
        Ok(Self(Engine::Filled(Box::new(FilledSession::new(tables, Filler::Rows, "rows")))))
    }

    /// Takes the rows over that `from` has now, in the place of those that were taken before; of those columns that are
    /// named in what is asked of them. Gives the type of the column of times, in the words of `from`.
    ///
    /// # Errors
    /// Of either, or a value that can't be kept as it is.
    pub async fn take_over(&mut self, staged: &Staged, from: &mut Self) -> Result<String, SourceError> {
        let (columns, kind) = self.make_table(staged, from).await?;
        let query = staged.rows_with(columns.iter().map(|column| column.name.as_str()));
        let tables = self.tables_of_the_moment(staged)?;
        let mut feed = tables.feed(&staged.table, columns.len())?;
        let mut push = |row: &mut Vec<Value>| {
            let mut cells = Vec::with_capacity(columns.len());
            for (value, column) in row.drain(..).zip(&columns) {
                cells.push(kept(value).map_err(|reason| SourceError::Staged {
                    query: query.name.clone(),
                    column: column.name.clone(),
                    reason,
                })?);
            }
            // It waits when the tables are slower than the source: rows are never piled up.
            if feed.push(cells) { Ok(()) } else { Err(gone()) }
        };
        let read = from.read(&query, &mut push).await;
        tables.end(feed).await?;
        read.map(|_| kind)
    }

    /// Makes the table without its rows, to look at what is asked of it; gives the type of the column of times.
    ///
    /// # Errors
    /// As [`Session::take_over`].
    pub async fn take_columns_over(
        &mut self,
        staged: &Staged,
        from: &mut Self,
    ) -> Result<String, SourceError> {
        self.make_table(staged, from).await.map(|(_, kind)| kind)
    }

    async fn make_table(
        &mut self,
        staged: &Staged,
        from: &mut Self,
    ) -> Result<(Vec<Column>, String), SourceError> {
        let dialect = from.dialect();
        let mut columns = from.describe(&staged.rows).await?;
        columns.retain(|column| staged.asked.iter().any(|sql| names(sql, &column.name)));
        let named: Vec<(&str, &str)> =
            columns.iter().map(|column| (column.name.as_str(), affinity(dialect, &column.kind))).collect();
        self.tables_of_the_moment(staged)?.replace(&staged.table, &named).await?;
        let time = columns.iter().find(|column| column.name.eq_ignore_ascii_case(&staged.time));
        let kind = time.map(|column| column.kind.clone()).unwrap_or_default();
        Ok((columns, kind))
    }

    fn tables_of_the_moment(&mut self, staged: &Staged) -> Result<&mut Tables, SourceError> {
        match &mut self.0 {
            Engine::Filled(session) => Ok(session.tables()),
            Engine::Mysql(_) | Engine::Sqlite(_) | Engine::Postgres(_) => {
                Err(SourceError::NoSuchSource { name: staged.table.clone() })
            }
        }
    }
}

/// What ends the reading of rows that nobody takes; why that is the taker tells.
fn gone() -> SourceError {
    SourceError::Lost { query: None, reason: "its rows are taken no more".to_owned() }
}

/// A value as it is kept; else what can't be kept, in words.
fn kept(value: Value) -> Result<Cell, String> {
    match value {
        Value::Null => Ok(Cell::Null),
        Value::Number(number) => {
            let decimal = ColumnDef { at: String::new(), kind: ColumnKind::Decimal, format: None };
            let integer = number.to_i64().map(Cell::Integer).map(Ok);
            integer.unwrap_or_else(|| cell(&decimal, Found::Number(&number.to_string())))
        }
        Value::Float(float) => Ok(Cell::Real(float)),
        Value::Text(text) => Ok(Cell::Text(text)),
        Value::Bytes(_) => Err("is bytes that are no text".to_owned()),
    }
}

/// What SQLite is told of a column, so that a text compares with it as it does there: `'5'` with a column of numbers.
fn affinity(dialect: Dialect, kind: &str) -> &'static str {
    match dialect {
        Dialect::Mysql => match kind {
            "integer" | "year" | "bit" => "integer",
            "decimal" => "numeric",
            "float" | "double" => "real",
            "null" => "",
            _ => "text",
        },
        Dialect::Postgres => match kind {
            "int2" | "int4" | "int8" | "oid" | "bool" => "integer",
            "numeric" => "numeric",
            "float4" | "float8" => "real",
            "text" | "varchar" | "bpchar" | "char" | "name" | "citext" | "json" | "jsonb" | "uuid"
            | "date" | "timestamp" | "timestamptz" | "time" | "bytea" | "unknown" => "text",
            _ => "",
        },
        // By its own rules.
        Dialect::Sqlite => {
            let has = |words: &[&str]| words.iter().any(|word| kind.contains(word));
            match kind {
                "" => "",
                _ if has(&["int"]) => "integer",
                _ if has(&["char", "clob", "text"]) => "text",
                _ if has(&["blob"]) => "",
                _ if has(&["real", "floa", "doub"]) => "real",
                _ => "numeric",
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{affinity, kept};
    use crate::model::Value;
    use crate::model::definitions::Dialect::{Mysql, Postgres, Sqlite};
    use crate::source::filled::cell::Cell;

    #[test]
    fn values_are_kept_as_they_are_or_refused() {
        let number = |text: &str| Value::Number(text.parse().unwrap());
        assert_eq!(kept(Value::Null), Ok(Cell::Null));
        assert_eq!(kept(number("9223372036854775807")), Ok(Cell::Integer(i64::MAX)));
        assert_eq!(kept(number("-12.50")), Ok(Cell::Real(-12.5)));
        assert_eq!(kept(number("5.00")), Ok(Cell::Integer(5)));
        assert_eq!(kept(Value::Float(0.1)), Ok(Cell::Real(0.1)));
        assert_eq!(kept(Value::text("005")), Ok(Cell::Text("005".into())));
        for wrong in ["9223372036854775808", "12345678901234.567", "0.1234567890123456"] {
            let told = format!("is the number {wrong}, no decimal of at most 15 digits");
            assert_eq!(kept(number(wrong)), Err(told));
        }
        assert!(kept(Value::Bytes(vec![255])).is_err());
    }

    #[test]
    fn a_column_compares_as_it_did() {
        for (dialect, kind, expected) in [
            (Mysql, "integer", "integer"),
            (Mysql, "decimal", "numeric"),
            (Mysql, "enum", "text"),
            (Mysql, "timestamp", "text"),
            (Postgres, "int8", "integer"),
            (Postgres, "varchar", "text"),
            (Postgres, "my_domain", ""),
            (Sqlite, "varchar(20)", "text"),
            (Sqlite, "bigint unsigned", "integer"),
            (Sqlite, "decimal(12,2)", "numeric"),
            (Sqlite, "double precision", "real"),
            (Sqlite, "datetime", "numeric"),
            (Sqlite, "", ""),
        ] {
            assert_eq!(affinity(dialect, kind), expected, "{dialect:?} {kind}");
        }
    }
}
