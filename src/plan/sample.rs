//! Queries that look at a sample of a table's rows, to learn what its columns hold.

use super::query::Query;
use crate::model::definitions::Dialect;

/// How many rows a sample has at most.
pub const ROWS: u32 = 10_000;
/// How many values of a column are looked at one by one.
const VALUES: u32 = 50;
/// How many columns [`figures`] gives for each column of the table.
pub const FIGURES: usize = 5;

/// A sample of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample<'a> {
    /// The schema that has to stand before the table's name, if any.
    pub schema: Option<&'a str>,
    /// The table.
    pub table: &'a str,
    /// The column by which its newest rows are taken; any rows without one.
    pub newest_by: Option<&'a str>,
    /// The columns that are looked at.
    pub columns: &'a [&'a str],
    /// Those of which the smallest and the largest value are of use: not all types have them.
    pub ordered: &'a [&'a str],
}

/// One row: how many rows the sample has, then for each column how many are not NULL, how many different
/// values there are, how many are numbers by themselves (SQLite only), the smallest and the largest.
pub fn figures(dialect: Dialect, sample: &Sample<'_>) -> Query {
    let mut columns = vec!["count(*)".to_owned()];
    for name in sample.columns {
        let column = identifier(dialect, name);
        let numbers = match dialect {
            Dialect::Sqlite => format!("sum(typeof({column}) in ('integer', 'real'))"),
            Dialect::Mysql | Dialect::Postgres => "null".to_owned(),
        };
        columns.extend([format!("count({column})"), format!("count(distinct {column})"), numbers]);
        columns.extend(["min", "max"].map(|which| {
            if sample.ordered.contains(name) { format!("{which}({column})") } else { "null".to_owned() }
        }));
    }
    query(sample, format!("select {}\nfrom {}", columns.join(", "), rows(dialect, sample)))
}

/// Some values of one column of the sample.
pub fn values(dialect: Dialect, sample: &Sample<'_>, column: &str) -> Query {
    let column = identifier(dialect, column);
    let rows = rows(dialect, sample);
    query(sample, format!("select {column}\nfrom {rows}\nwhere {column} is not null limit {VALUES}"))
}

fn rows(dialect: Dialect, sample: &Sample<'_>) -> String {
    let columns: Vec<String> = sample.columns.iter().map(|column| identifier(dialect, column)).collect();
    let order = sample
        .newest_by
        .map_or_else(String::new, |column| format!(" order by {} desc", identifier(dialect, column)));
    format!(
        "(select {} from {}{order} limit {ROWS}) asof_sample",
        columns.join(", "),
        table(dialect, sample.schema, sample.table)
    )
}

fn query(sample: &Sample<'_>, sql: String) -> Query {
    let name =
        sample.schema.map_or_else(|| sample.table.to_owned(), |schema| format!("{schema}.{}", sample.table));
    Query { name: format!("a sample of {name:?}"), sql, params: Vec::new() }
}

/// A table in the dialect's quotes, after its schema where it needs one.
pub fn table(dialect: Dialect, schema: Option<&str>, name: &str) -> String {
    let schema = schema.map_or_else(String::new, |schema| identifier(dialect, schema) + ".");
    schema + &identifier(dialect, name)
}

/// A single identifier in the dialect's quotes, dots and all.
pub fn identifier(dialect: Dialect, name: &str) -> String {
    let mark = if dialect == Dialect::Mysql { "`" } else { "\"" };
    format!("{mark}{}{mark}", name.replace(mark, &mark.repeat(2)))
}

#[cfg(test)]
mod tests {
    use super::{Sample, figures, identifier, values};
    use crate::model::definitions::Dialect::{Mysql, Postgres, Sqlite};

    #[test]
    fn a_sample_is_bounded_and_its_names_are_quoted() {
        let columns = ["at", "a b"];
        let sample = Sample {
            schema: None,
            table: "my `calls`.log",
            newest_by: Some("at"),
            columns: &columns,
            ordered: &columns,
        };
        assert_eq!(
            figures(Mysql, &sample).sql,
            "select count(*), count(`at`), count(distinct `at`), null, min(`at`), max(`at`), \
             count(`a b`), count(distinct `a b`), null, min(`a b`), max(`a b`)\n\
             from (select `at`, `a b` from `my ``calls``.log` order by `at` desc limit 10000) asof_sample"
        );
        let away = Sample { schema: Some("my.own"), ordered: &["at"], ..sample.clone() };
        assert_eq!(
            figures(Postgres, &away).sql,
            "select count(*), count(\"at\"), count(distinct \"at\"), null, min(\"at\"), max(\"at\"), \
             count(\"a b\"), count(distinct \"a b\"), null, null, null\n\
             from (select \"at\", \"a b\" from \"my.own\".\"my `calls`.log\" order by \"at\" desc limit 10000) asof_sample"
        );
        let any = Sample { newest_by: None, ..sample };
        assert_eq!(
            values(Sqlite, &any, "a b").sql,
            "select \"a b\"\nfrom (select \"at\", \"a b\" from \"my `calls`.log\" limit 10000) asof_sample\n\
             where \"a b\" is not null limit 50"
        );
        assert_eq!(identifier(Sqlite, "a\"b.c"), "\"a\"\"b.c\"");
    }
}
