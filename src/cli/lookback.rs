//! What a save tells of the days that it looked back at.

use serde_json::{Value, json};

use crate::ops::day::Frozen;
use crate::ops::decide::{By, Why};
use crate::ops::lookback::LookedBack;
use crate::ops::reread::Shrunk;
use crate::view::format::count;

/// The days in words: those that changed a line each, those that hold on one line.
pub fn lines(days: &[LookedBack]) -> String {
    let mut text = String::new();
    let mut hold: Vec<String> = Vec::new();
    for looked in days {
        match looked {
            LookedBack::Confirmed { id } => hold.push(id.to_string()),
            LookedBack::Frozen(frozen) => text.push_str(&frozen_line(frozen)),
            LookedBack::Shrunk { .. } | LookedBack::Failed { .. } => {}
        }
    }
    if !hold.is_empty() {
        text.push_str(&format!("read again, and unchanged: {}\n", hold.join(", ")));
    }
    text
}

fn frozen_line(frozen: &Frozen) -> String {
    let Frozen { id, provenance, why, .. } = frozen;
    match why {
        Why::Final { after } => {
            format!("froze {id} ({provenance}): edition {after} was provisional and stays beside it\n")
        }
        Why::Missed => format!("froze {id} ({provenance}): no save froze it in its time\n"),
        Why::First | Why::Restate { .. } | Why::Lookback { .. } => {
            format!(
                "froze {id} ({provenance}): read again, it differs in {}\n",
                differs_in(frozen).join(", ")
            )
        }
    }
}

fn differs_in(frozen: &Frozen) -> Vec<String> {
    let Some(found) = &frozen.differences else { return Vec::new() };
    let groups = found.groups_of.iter().map(|events| format!("single groups of {events}"));
    found.metrics.iter().cloned().chain(groups).collect()
}

/// What somebody should look after.
pub fn warnings(looked: &LookedBack) -> Vec<String> {
    match looked {
        LookedBack::Confirmed { .. } => Vec::new(),
        LookedBack::Frozen(frozen) => frozen.warnings.clone(),
        LookedBack::Shrunk { id, gone } => {
            let gone = gone.iter().map(|Shrunk { events, frozen, live }| {
                format!("{} of {} rows of {events}", count(*live), count(*frozen))
            });
            let left = gone.collect::<Vec<_>>().join(", ");
            vec![format!("{id}: the source has only {left} left; the frozen day stands")]
        }
        LookedBack::Failed { day, why } => {
            vec![format!("{day} could not be looked back at, what is frozen of it stands: {why}")]
        }
    }
}

/// The same for programs.
pub fn document(looked: &LookedBack) -> Value {
    match looked {
        LookedBack::Confirmed { id } => json!({
            "event": "lookback", "date": id.day, "edition": id.edition, "status": "confirmed",
        }),
        LookedBack::Frozen(frozen) => json!({
            "event": "lookback",
            "date": frozen.id.day,
            "edition": frozen.id.edition,
            "status": "frozen",
            "provenance": frozen.provenance,
            "trigger": frozen.why.trigger(By::Save),
            "rows": frozen.rows,
            "differs_in": frozen.differences.as_ref().map(|found| &found.metrics),
            "groups_differ_in": frozen.differences.as_ref().map(|found| &found.groups_of),
            "warnings": frozen.warnings,
        }),
        LookedBack::Shrunk { id, gone } => {
            let gone = gone
                .iter()
                .map(|gone| json!({ "events": gone.events, "frozen": gone.frozen, "live": gone.live }));
            json!({
                "event": "lookback", "date": id.day, "edition": id.edition, "status": "source_shrunk",
                "rows": gone.collect::<Vec<_>>(),
            })
        }
        LookedBack::Failed { day, why } => json!({
            "event": "lookback", "date": day, "edition": null, "status": "failed", "why": why,
        }),
    }
}
