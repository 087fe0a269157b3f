//! A sum of decimals that is exact: SQLite adds floats, and 0.1 and 0.2 make 0.30000000000000004.

use rusqlite::functions::{Aggregate, Context, FunctionFlags};
use rusqlite::types::{Value as Sql, ValueRef};
use rusqlite::{Connection, Error, Result};

use super::cell::{DECIMAL_DIGITS, digits};
use crate::model::Number;

/// Puts it in the place of SQLite's own `sum`.
pub(super) fn put_in_place(connection: &Connection) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_aggregate_function("sum", 1, flags, Sum)
}

/// A float that stands for a decimal, as that decimal; `None` where it has more digits than a decimal that was kept.
pub(in crate::source) fn decimal(float: f64) -> Option<Number> {
    Number::from_f64(float).map(|number| number.trimmed()).filter(|number| digits(number) <= DECIMAL_DIGITS)
}

struct Sum;

/// A sum on the way.
#[derive(Default)]
struct Adding {
    any: bool,
    integers: i128,
    /// Of the decimals among the values, as long as all of them are some.
    decimals: Option<Number>,
    /// Of all that are no integers, as SQLite would have it.
    floats: f64,
    is_float: bool,
}

impl Aggregate<Adding, Sql> for Sum {
    fn init(&self, _: &mut Context<'_>) -> Result<Adding> {
        Ok(Adding::default())
    }

    fn step(&self, context: &mut Context<'_>, adding: &mut Adding) -> Result<()> {
        let float = match context.get_raw(0) {
            ValueRef::Null => return Ok(()),
            ValueRef::Integer(integer) => {
                adding.any = true;
                // So many integers of 64 bits as would overflow this don't fit on a disk.
                adding.integers = adding.integers.saturating_add(i128::from(integer));
                return Ok(());
            }
            ValueRef::Real(float) => float,
            ValueRef::Text(text) | ValueRef::Blob(text) => {
                let text = std::str::from_utf8(text).unwrap_or_default();
                let number = text.trim().parse().ok().filter(|float: &f64| float.is_finite());
                number.ok_or_else(|| {
                    let told: String = text.chars().take(60).collect();
                    Error::UserFunctionError(format!("sum of the text {told:?}, which is no number").into())
                })?
            }
        };
        adding.any = true;
        adding.floats += float;
        match decimal(float) {
            Some(number) => {
                let sum = adding.decimals.take().unwrap_or_else(Number::zero);
                adding.decimals = Some(sum + &number);
            }
            None => adding.is_float = true,
        }
        Ok(())
    }

    fn finalize(&self, _: &mut Context<'_>, adding: Option<Adding>) -> Result<Sql> {
        let Some(adding) = adding.filter(|adding| adding.any) else { return Ok(Sql::Null) };
        let too_large = || Error::UserFunctionError("a sum beyond 64 bits".into());
        let integers = || i64::try_from(adding.integers).map_err(|_| too_large());
        #[expect(clippy::cast_precision_loss, reason = "a float is what is asked for")]
        let as_float = || adding.floats + adding.integers as f64;
        Ok(match &adding.decimals {
            _ if adding.is_float => Sql::Real(as_float()),
            None => Sql::Integer(integers()?),
            Some(decimals) => {
                let sum = (Number::from(integers()?) + decimals).trimmed();
                match sum.to_i64() {
                    Some(integer) => Sql::Integer(integer),
                    None => Sql::Real(sum.to_f64()),
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;
    use rusqlite::types::Value as Sql;

    use super::{decimal, put_in_place};

    fn sum(values: &str) -> Result<Sql, String> {
        let connection = Connection::open_in_memory().unwrap();
        put_in_place(&connection).unwrap();
        let sql = format!("select sum(column1) from (values {values})");
        connection.query_row(&sql, [], |row| row.get(0)).map_err(|error| error.to_string())
    }

    #[test]
    fn decimals_add_up() {
        assert_eq!(sum("(0.1), (0.2)"), Ok(Sql::Real(0.3)));
        assert_eq!(sum("(0.1), (0.2), (0.7)"), Ok(Sql::Integer(1)));
        assert_eq!(sum("(1), (2), (null)"), Ok(Sql::Integer(3)));
        assert_eq!(sum("(null)"), Ok(Sql::Null));
        assert_eq!(sum("(9223372036854775807), (-1)"), Ok(Sql::Integer(i64::MAX - 1)));
        assert_eq!(sum("('2.5'), (1)"), Ok(Sql::Real(3.5)));
        assert!(sum("(9223372036854775807), (1)").unwrap_err().contains("beyond 64 bits"));
        assert!(sum("('x')").unwrap_err().contains("no number"));
        // A third is no decimal: then it is a float, as it always was.
        let Ok(Sql::Real(thirds)) = sum("(1.0 / 3), (1.0 / 3)") else { panic!("no float") };
        assert!(decimal(thirds).is_none());
    }
}
