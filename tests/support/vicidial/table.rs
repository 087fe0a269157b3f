//! Rows as `insert` statements.

/// Rows of one table.
pub(super) struct Table {
    name: &'static str,
    columns: &'static str,
    rows: Vec<String>,
}

impl Table {
    /// A table to fill, and the columns that are given.
    pub(super) fn new(name: &'static str, columns: &'static str) -> Self {
        Self { name, columns, rows: Vec::new() }
    }

    /// Adds a row of values as SQL writes them.
    pub(super) fn push(&mut self, values: &[String]) {
        self.rows.push(format!("({})", values.join(", ")));
    }

    /// Insert statements of at most 500 rows each.
    pub(super) fn statements(&self) -> Vec<String> {
        self.rows
            .chunks(500)
            .map(|rows| format!("insert into {} ({}) values\n{}", self.name, self.columns, rows.join(",\n")))
            .collect()
    }
}

/// A string as SQL writes it.
pub(super) fn text(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "''"))
}
