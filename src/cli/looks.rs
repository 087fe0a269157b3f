//! What a save tells of its looks at entities.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::context::Context;
use super::exit;
use crate::model::Day;
use crate::ops::entities::look::{Looked, spoken};
use crate::view::format::count;

/// Tells what became of the looks; the exit code is that of what failed.
pub fn tell(context: &Context<'_>, day: Day, looked: &[(String, Looked)]) -> u8 {
    let out = context.output;
    let mut code = exit::DONE;
    for (name, looked) in looked {
        match looked {
            Looked::Kept(doc) => {
                let lag = spoken(TimeDelta::seconds(doc.lag));
                let kept = if doc.rows == doc.seen {
                    String::new()
                } else {
                    format!(", {} of them due", count(doc.rows))
                };
                out.report(&format!(
                    "looked at {} {name}{kept} for {day}, {lag} after its end\n",
                    count(doc.seen)
                ));
            }
            Looked::Already => out.report(&format!("{name} of {day} was looked at already\n")),
            Looked::TooLate { lag, most } => {
                let most = spoken(TimeDelta::from_std(*most).unwrap_or_default());
                out.warn(&format!(
                    "{name} of {day} can't be known: it is {} after the day's end, and max_lag is {most}",
                    spoken(*lag)
                ));
            }
            Looked::Failed(error) => {
                code = exit::PARTLY;
                out.warn(&format!("{name} of {day} was not looked at: {error}"));
            }
        }
        if out.json() {
            out.document(&document(name, day, looked));
        }
    }
    code
}

fn document(name: &str, day: Day, looked: &Looked) -> Value {
    let (status, doc, reason) = match looked {
        Looked::Kept(doc) => ("kept", Some(doc), None),
        Looked::Already => ("already", None, None),
        Looked::TooLate { lag, .. } => {
            ("too_late", None, Some(format!("{} after the day's end", spoken(*lag))))
        }
        Looked::Failed(error) => ("failed", None, Some(error.to_string())),
    };
    json!({
        "event": "look",
        "entity": name,
        "date": day,
        "status": status,
        "captured_at": doc.map(|doc| doc.captured_at),
        "lag_seconds": doc.map(|doc| doc.lag),
        "seen": doc.map(|doc| doc.seen),
        "rows": doc.map(|doc| doc.rows),
        "reason": reason,
    })
}
