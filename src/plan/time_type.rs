//! Whether the type of a time column fits what is said of it.
//!
//! A `timestamp` read as local time, or an epoch read as a date, would give wrong days in silence.

use crate::model::definitions::{Dialect, TimeIs};

/// What speaks against `time_is` in a column of this type; `None` when nothing does.
///
/// `kind` is the type in the source's words, in lower case.
pub fn contradiction(dialect: Dialect, time_is: TimeIs, kind: &str) -> Option<&'static str> {
    match dialect {
        Dialect::Mysql => on_mysql(time_is, kind),
        Dialect::Postgres => on_postgres(time_is, kind),
        // Its columns have no such types.
        Dialect::Sqlite => None,
    }
}

fn on_postgres(time_is: TimeIs, kind: &str) -> Option<&'static str> {
    let number = ["int2", "int4", "int8", "numeric", "float4", "float8"].contains(&kind);
    match (time_is, kind) {
        (TimeIs::Local | TimeIs::Utc, "timestamptz") => Some("keeps instants: it is \"instant\""),
        (TimeIs::Instant, "timestamp" | "date") => {
            Some("has no zone: it is \"local\", or \"utc\" if UTC is written into it")
        }
        (TimeIs::Epoch, _) if !number && !kind.is_empty() => Some("is no number of seconds"),
        (TimeIs::Local | TimeIs::Utc | TimeIs::Instant, _) if number => Some("is a number: it is \"epoch\""),
        _ => None,
    }
}

fn on_mysql(time_is: TimeIs, kind: &str) -> Option<&'static str> {
    let number = ["int", "decimal", "double", "float"].iter().any(|word| kind.contains(word));
    match time_is {
        TimeIs::Local if kind.starts_with("timestamp") => {
            Some("keeps instants, not local times: it is \"instant\"")
        }
        TimeIs::Instant if kind.starts_with("datetime") => {
            Some("has no zone: it is \"local\", or \"utc\" if UTC is written into it")
        }
        TimeIs::Epoch if !number && !kind.is_empty() => Some("is no number of seconds"),
        TimeIs::Local | TimeIs::Utc | TimeIs::Instant if number => Some("is a number: it is \"epoch\""),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::contradiction;
    use crate::model::definitions::Dialect::{Mysql, Postgres};
    use crate::model::definitions::TimeIs::{Epoch, Instant, Local, Utc};

    #[test]
    fn types_that_would_give_wrong_days_are_told() {
        for (time_is, kind) in [
            (Local, "datetime"),
            (Utc, "timestamp"),
            (Utc, "datetime"),
            (Instant, "timestamp"),
            (Epoch, "int unsigned"),
            (Local, ""),
        ] {
            assert_eq!(contradiction(Mysql, time_is, kind), None, "{time_is:?} {kind}");
        }
        for (time_is, kind) in [
            (Local, "timestamp"),
            (Instant, "datetime"),
            (Epoch, "datetime"),
            (Local, "bigint"),
            (Utc, "double"),
        ] {
            assert!(contradiction(Mysql, time_is, kind).is_some(), "{time_is:?} {kind}");
        }
    }

    #[test]
    fn postgresql_has_names_of_its_own() {
        for (time_is, kind) in [
            (Local, "timestamp"),
            (Utc, "timestamp"),
            (Instant, "timestamptz"),
            (Epoch, "int8"),
            (Local, "date"),
        ] {
            assert_eq!(contradiction(Postgres, time_is, kind), None, "{time_is:?} {kind}");
        }
        for (time_is, kind) in [
            (Local, "timestamptz"),
            (Utc, "timestamptz"),
            (Instant, "timestamp"),
            (Epoch, "timestamp"),
            (Epoch, "interval"),
            (Local, "int4"),
            (Instant, "numeric"),
        ] {
            assert!(contradiction(Postgres, time_is, kind).is_some(), "{time_is:?} {kind}");
        }
    }
}
