//! The same tables and rows for PostgreSQL and SQLite: their own types, no date that is none, one spelling for each
//! value.

use super::{Engine, Spec, generate, schema};

/// A database that is not MySQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Other {
    /// Lists of yes and no are of a type of their own.
    Postgresql,
    /// Lists are texts.
    Sqlite,
}

/// A table as it is made from a statement of [`schema`].
struct Made {
    name: String,
    columns: Vec<String>,
    indexes: Vec<String>,
}

/// The statements that make the tables, each with its `;`.
pub fn schema_for(other: Other) -> String {
    let mut all: Vec<Made> = Vec::new();
    for statement in schema(Engine::MyIsam) {
        let Some(rest) = statement.strip_prefix("create table ") else { continue };
        let (name, body) = rest.split_once(' ').unwrap();
        let (columns, indexes) = if let Some(like) = body.strip_prefix("like ") {
            let like = all.iter().find(|made| made.name == like).unwrap();
            (like.columns.clone(), like.indexes.clone())
        } else {
            let lines = body.lines().map(|line| line.trim().trim_end_matches(','));
            let lines: Vec<&str> = lines.filter(|line| !line.starts_with(['(', ')'])).collect();
            let is_index = |line: &&str| line.starts_with("index ") || line.starts_with("unique index ");
            let (indexes, columns): (Vec<&str>, Vec<&str>) = lines.into_iter().partition(is_index);
            let index = |line: &str| line.split_once('(').unwrap().1.trim_end_matches(')').to_owned();
            let columns = columns.into_iter().map(|line| column(other, line)).collect();
            (columns, indexes.into_iter().map(index).collect())
        };
        all.push(Made { name: name.to_owned(), columns, indexes });
    }
    let mut text = String::new();
    if other == Other::Postgresql {
        text.push_str("create type yes_or_no as enum ('Y', 'N');\n");
    }
    for Made { name, columns, indexes } in all {
        text.push_str(&format!("create table {name} ({});\n", columns.join(", ")));
        for of in indexes {
            let index = format!("{name}_by_{}", of.replace(", ", "_"));
            let of = of.replace("user", "\"user\"");
            text.push_str(&format!("create index {index} on {name} ({of});\n"));
        }
    }
    text
}

/// A column's line in the other database's words.
fn column(other: Other, line: &str) -> String {
    let line = line.replace(" unsigned", "");
    let (name, rest) = line.split_once(' ').unwrap();
    let rest = match (other, rest) {
        (Other::Sqlite, "int(9) auto_increment primary key not null") => "integer primary key".to_owned(),
        (Other::Postgresql, "int(9) auto_increment primary key not null") => "serial primary key".to_owned(),
        (Other::Sqlite, rest) if rest.starts_with("enum(") => "text".to_owned(),
        (Other::Sqlite, rest) => rest.to_owned(),
        (Other::Postgresql, rest) => {
            let rest = rest.replace("enum('Y','N')", "yes_or_no").replace("datetime", "timestamp");
            let (kind, more) = rest.split_once(' ').map_or((rest.as_str(), ""), |(kind, more)| (kind, more));
            let kind = match kind.split('(').next().unwrap() {
                "bigint" => "bigint",
                "int" if name.ends_with("_epoch") => "bigint",
                "int" | "smallint" | "tinyint" => "integer",
                "enum" => "text",
                _ => kind,
            };
            let default = more.rfind("default '").map_or("", |at| &more[at..]);
            format!("{kind} {}", if kind == "text" { default } else { more })
        }
    };
    let name = if name == "user" { "\"user\"" } else { name };
    format!("{name} {rest}")
}

/// The statements that fill the tables of any database, each with its `;`: [`generate`]'s without what only MySQL
/// takes, and with one spelling for each value. `user` is written as this database takes it for a name.
pub fn rows_for(spec: &Spec, user: &str) -> String {
    let spelled = [
        ("'na'", "'NA'"),
        ("'NA '", "'NA'"),
        ("'drop'", "'DROP'"),
        ("'svyclm'", "'SVYCLM'"),
        ("'sale '", "'SALE'"),
    ];
    let named = [("'help'", "'HELP'"), ("'east'", "'EAST'")];
    let mut text = String::new();
    for statement in generate(spec) {
        let Some((head, rows)) = statement.split_once(" values\n") else { continue };
        let rows =
            spelled.iter().chain(&named).fold(rows.to_owned(), |rows, (odd, one)| rows.replace(odd, one));
        let is_whole =
            |row: &&str| !["'0000-00-00", "-00 00:00:00'", "'2025-00-15"].iter().any(|no| row.contains(no));
        let rows: Vec<&str> = rows.split(",\n").filter(is_whole).collect();
        let head = head.replace("(user,", &format!("({user},")).replace(" user,", &format!(" {user},"));
        text.push_str(&format!("{head} values\n{};\n", rows.join(",\n")));
    }
    text
}

#[test]
fn tables_and_rows_are_put_into_other_words() {
    let text = schema_for(Other::Postgresql);
    for piece in [
        "create table vicidial_log_archive (uniqueid varchar(20) primary key not null, lead_id integer not null",
        "create index vicidial_log_archive_by_call_date on vicidial_log_archive (call_date);",
        "\"user\" varchar(20)",
        "human_answered yes_or_no default 'N'",
        "call_date timestamp",
        "agent_log_id serial primary key",
        "pause_type text default 'UNDEFINED'",
        "queue_seconds decimal(7,2) default 0",
    ] {
        assert!(text.contains(piece), "{piece} is not in {text}");
    }
    let text = schema_for(Other::Sqlite);
    assert!(text.contains("closecallid integer primary key") && !text.contains("enum"), "{text}");
    let spec =
        Spec { seed: 3, charset: super::Charset::Utf8, days: vec![("2025-11-02".parse().unwrap(), 900)] };
    let rows = rows_for(&spec, "\"user\"");
    assert!(rows.contains(", \"user\", user_group)") && rows.contains("(\"user\", full_name"), "{rows}");
    assert!(!rows.contains("-00") && !rows.contains("'na'") && rows.contains("'NA'"), "{rows}");
}
