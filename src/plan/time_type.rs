//! Whether the type of a time column fits what is said of it, on MySQL and MariaDB.
//!
//! A `timestamp` read as local time, or an epoch read as a date, would give wrong days in silence.

use crate::model::definitions::TimeIs;

/// What speaks against `time_is` in a column of this type; `None` when nothing does.
///
/// `kind` is the type in the source's words, in lower case.
pub fn contradiction(time_is: TimeIs, kind: &str) -> Option<&'static str> {
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
            assert_eq!(contradiction(time_is, kind), None, "{time_is:?} {kind}");
        }
        for (time_is, kind) in [
            (Local, "timestamp"),
            (Instant, "datetime"),
            (Epoch, "datetime"),
            (Local, "bigint"),
            (Utc, "double"),
        ] {
            assert!(contradiction(time_is, kind).is_some(), "{time_is:?} {kind}");
        }
    }
}
