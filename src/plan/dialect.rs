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
        // As text too, since 1 and '1' are spelled alike; a column keeps its collation in a cast.
        Dialect::Sqlite => Sql::new("cast(").and(expression).then(" as text)"),
        // A text is equal to the same bytes only, but one of citext to any case of it, which a cast would forget.
        Dialect::Postgres => Sql::new("case pg_typeof(")
            .and(expression)
            .then(") when (select to_regtype('citext')) then lower(cast(")
            .and(expression)
            .then(" as text)) ")
            .and(&spelled(expression))
            .then(" end collate \"C\""),
    }
}

/// The text itself, as UTF-8 and told apart byte by byte.
pub fn text(dialect: Dialect, expression: &Sql) -> Sql {
    match dialect {
        // What is UTF-8 or bytes already is not converted: that would turn all invalid bytes into `?`.
        Dialect::Mysql => Sql::new("if(charset(")
            .and(expression)
            .then(") in ('utf8mb4', 'utf8mb3', 'utf8', 'binary'), cast(")
            .and(expression)
            .then(" as binary), cast(convert(")
            .and(expression)
            .then(" using utf8mb4) as binary))"),
        Dialect::Sqlite => Sql::new("cast(").and(expression).then(" as blob)"),
        Dialect::Postgres => Sql::new("(cast(").and(expression).then(" as text) collate \"C\")"),
    }
}

/// The binary-smallest spelling among the rows of a group, as UTF-8.
pub fn spelling(dialect: Dialect, expression: &Sql) -> Sql {
    let text = match dialect {
        Dialect::Mysql | Dialect::Sqlite => text(dialect, expression),
        Dialect::Postgres => Sql::new("case pg_typeof(")
            .and(expression)
            .then(") ")
            .and(&spelled(expression))
            .then(" end collate \"C\""),
    };
    Sql::new("min(").and(&text).then(")")
}

/// The cases of a type of PostgreSQL's by which a member is spelled as it is from any other source: true is 1.
fn spelled(expression: &Sql) -> Sql {
    Sql::new("when cast('boolean' as regtype) then case cast(")
        .and(expression)
        .then(" as text) when 'true' then '1' when 'false' then '0' end else cast(")
        .and(expression)
        .then(" as text)")
}

/// The key of a grouped column: equal for members that the collation holds equal.
pub fn key(dialect: Dialect, column: &str) -> String {
    match dialect {
        // A collation that pads holds `NA` and `NA ` equal, but weighs the blank: it is cut off.
        Dialect::Mysql => {
            format!("weight_string(if(concat({column}, ' ') = {column}, rtrim({column}), {column}))")
        }
        // SQLite tells no collation, but under RTRIM a text equals itself with a blank behind it, and
        // under NOCASE, or without letters, its lower and its upper case.
        Dialect::Sqlite => format!(
            "case when {column} = {column} || ' ' then cast(rtrim({column}, ' ') as blob) \
             when {column} = lower({column}) and {column} = upper({column}) then cast(lower({column}) as blob) \
             else cast({column} as blob) end"
        ),
        // Members are grouped by it already.
        Dialect::Postgres => column.to_owned(),
    }
}

/// No value, for a column of a statement whose other groupings have these values in it. PostgreSQL puts
/// only what is of one type into a column.
pub fn none(dialect: Dialect, kind: Kind) -> &'static str {
    match (dialect, kind) {
        (Dialect::Mysql | Dialect::Sqlite, _) => "null",
        (Dialect::Postgres, Kind::Text) => "cast(null as text)",
        (Dialect::Postgres, Kind::Whole) => "cast(null as bigint)",
        (Dialect::Postgres, Kind::Number) => "cast(null as numeric)",
    }
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// Whole numbers.
    Whole,
    /// Any numbers.
    Number,
}
