//! An error with what caused it, on one line.

use std::error::Error;

use super::day::SaveError;

/// An error and its causes; what says the same as the one before it is said once.
pub fn causes(error: &(dyn Error + 'static)) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut cause = Some(error);
    while let Some(inner) = cause {
        let told = inner.to_string();
        if words.last() != Some(&told) {
            words.push(told);
        }
        cause = inner.source();
    }
    words.join(": ")
}

/// Why a day could not be frozen, where the day is told beside it.
pub fn causes_beside_day(error: &SaveError) -> String {
    match error {
        SaveError::Reading { source, .. } => causes(source),
        SaveError::Freeze { source, .. } => causes(source),
        error => causes(error),
    }
}
