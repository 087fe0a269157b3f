//! What a source tells of its tables without reading a row of them: columns, keys, indexes.

/// A table or a view.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableFacts {
    /// Its name, without its database.
    pub name: String,
    /// The schema that has to stand before its name; `None` where its name alone finds it.
    pub schema: Option<String>,
    /// Whether the account has no right to read any of it.
    pub forbidden: bool,
    /// Whether it is a view.
    pub view: bool,
    /// About how many rows it has; `None` where that would have to be counted.
    pub rows: Option<u64>,
    /// Its columns, in their order.
    pub columns: Vec<ColumnFacts>,
    /// The columns of its primary key, in the key's order; none where it has no key.
    pub key: Vec<String>,
}

/// A column of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ColumnFacts {
    /// Its name.
    pub name: String,
    /// Its type as it was declared, in lower case: `int(9) unsigned`; empty where SQLite was told none.
    pub kind: String,
    /// Whether an index begins with it.
    pub indexed: bool,
    /// Whether it alone tells rows apart.
    pub unique: bool,
}

impl TableFacts {
    /// What it is called: its name, after its schema and a dot where it needs one.
    pub fn full_name(&self) -> String {
        self.schema.as_ref().map_or_else(|| self.name.clone(), |schema| format!("{schema}.{}", self.name))
    }

    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<&ColumnFacts> {
        self.columns.iter().find(|column| column.name == name)
    }
}
