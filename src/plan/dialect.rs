//! What the dialects say differently about members of a dimension.
//!
//! Two spellings that a collation holds equal are one member. The statement groups by the
//! collation, and gives for each group a key that is equal exactly for equal members, and
//! the binary-smallest of the spellings.

use super::sql::Sql;
use crate::model::definitions::Dialect;

/// The expression that rows are grouped by.
pub fn grouped(dialect: Dialect, expression: &Sql) -> Sql {
    match dialect {
        // As text: the server gives no key for numbers, and fails to group text that is no
        // valid UTF-8 unless it goes through a function.
        Dialect::Mysql => Sql::new("concat(").and(expression).then(")"),
        Dialect::Sqlite => expression.clone(),
    }
}

/// The binary-smallest spelling among the rows of a group, as UTF-8.
pub fn spelling(dialect: Dialect, expression: &Sql) -> Sql {
    match dialect {
        Dialect::Mysql => Sql::new("min(cast(convert(").and(expression).then(" using utf8mb4) as binary))"),
        Dialect::Sqlite => Sql::new("min(cast(").and(expression).then(" as blob))"),
    }
}

/// The key of a grouped column: equal for members that the collation holds equal.
pub fn key(dialect: Dialect, column: &str) -> String {
    match dialect {
        // A collation that pads holds `NA` and `NA ` equal, but weighs the blank: it is cut off.
        Dialect::Mysql => {
            format!("weight_string(if(concat({column}, ' ') = {column}, rtrim({column}), {column}))")
        }
        // SQLite tells no collation; but under NOCASE everything equals its own lower case, and
        // under RTRIM itself without trailing blanks. Where that is so by chance, nothing changes.
        Dialect::Sqlite => format!(
            "case when {column} = lower({column}) then cast(lower({column}) as blob) \
             when {column} = rtrim({column}) then cast(rtrim({column}) as blob) \
             else cast({column} as blob) end"
        ),
    }
}
