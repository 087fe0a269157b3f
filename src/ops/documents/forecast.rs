//! A forecast as a document.

use serde_json::{Value, json};

use crate::analyze::forecast::{Interval, LEVEL, Method};
use crate::analyze::outlook::{Ahead, Outlook, Tested};

/// A forecast as JSON.
pub fn document(outlook: &Outlook) -> Value {
    let day = |day: &Ahead| json!({ "date": day.day, "value": day.value, "low": day.low, "high": day.high });
    let test = |test: &Tested| {
        json!({
            "origins": test.origins,
            "horizon": test.horizon,
            "days": test.days,
            "mean_absolute_error": test.error,
            "mean_absolute_error_of_last_week": test.error_of_last_week,
            "inside_interval": test.inside,
            "inside_percentage": test.inside_percentage(),
            "worse_than_last_week": test.worse,
        })
    };
    json!({
        "days": outlook.days.iter().map(day).collect::<Vec<_>>(),
        "level": LEVEL,
        "method": match outlook.method {
            Method::Constant => "constant",
            Method::SameWeek => "same_week",
            Method::Model => "mstl_ets",
        },
        "interval": match outlook.interval {
            Interval::NoWidth => None,
            Interval::Model => Some("model"),
            Interval::BackTest { .. } => Some("back_test"),
        },
        "basis": {
            "from": outlook.basis.0,
            "to": outlook.basis.1,
            "known_days": outlook.known,
            "filled": outlook.filled,
            "provisional": outlook.provisional,
            "defined_since": outlook.defined_since,
        },
        "back_test": outlook.back_test.as_ref().map(test),
    })
}
