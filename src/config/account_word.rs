//! A column that is named as PostgreSQL names the account that asks: its value would be the same in all rows, and no error.

use super::check::Checker;
use super::file::File;
use super::source::Sources;
use crate::model::definitions::Dialect;

/// Notes each expression that is nothing but `user`, where events are counted by PostgreSQL.
pub fn check(file: &File, sources: &Sources, checker: &mut Checker<'_, '_>) {
    let is_postgres = |events: &str| {
        let from = file.events.get(events).and_then(|events| events.from.as_deref());
        sources.of(from).unwrap_or_else(|| sources.main()).dialect() == Dialect::Postgres
    };
    for (name, events) in file.events.iter().filter(|(name, _)| is_postgres(name)) {
        for (dimension, by) in &events.by {
            note(&["events", name, "by", dimension], by.sql.as_deref(), checker);
        }
    }
    for (name, metric) in &file.metrics {
        if metric.of.as_deref().is_some_and(is_postgres) {
            note(&["metrics", name, "distinct"], metric.distinct.as_deref(), checker);
        }
    }
}

fn note(path: &[&str], sql: Option<&str>, checker: &mut Checker<'_, '_>) {
    if sql.is_some_and(|sql| sql.trim().eq_ignore_ascii_case("user")) {
        let hint = "write '\"user\"' for the column of that name".to_owned();
        checker.problem(path, "user is the account that asks, to PostgreSQL", hint);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::Config;

    fn problems(url: &str, user: &str) -> String {
        let text = format!(
            "[source]\nurl = \"{url}\"\n[calendar]\ntime_zone = \"UTC\"\n[events.calls]\ntable = \"calls\"\ntime = \"at\"\n\
             time_is = \"utc\"\n[events.calls.by]\nagent = {user}\n[metrics]\nagents = {{ of = \"calls\", distinct = {user} }}\n"
        );
        Config::parse(&text, Path::new("asof.toml"))
            .map_or_else(|problems| problems.to_string(), |_| String::new())
    }

    #[test]
    fn the_account_is_no_column() {
        let told = problems("postgres://u@h/d", "\"User\"");
        assert_eq!(told.matches("user is the account that asks, to PostgreSQL").count(), 2, "{told}");
        for (url, user) in [
            ("postgres://u@h/d", "'\"user\"'"),
            ("postgres://u@h/d", "\"calls.user\""),
            ("mysql://u@h/d", "\"user\""),
        ] {
            assert_eq!(problems(url, user), "", "{url} {user}");
        }
    }
}
