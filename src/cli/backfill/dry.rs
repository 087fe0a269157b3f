//! What a backfill would do, for people and for programs.

use serde_json::{Value, json};

use crate::cli::exit;
use crate::cli::output::{Output, json_line};
use crate::ops::backfill::dry::{DryDay, Effort, Will};
use crate::ops::backfill::plan::Status;
use crate::ops::decide::Why;
use crate::view::format::count;
use crate::view::text::safe;

/// Tells what would be done; gives the exit code.
pub fn tell(output: &Output, days: &[DryDay]) -> u8 {
    if output.json() {
        for day in days {
            json_line(&object(day));
        }
        json_line(&summary(days));
    } else {
        let lines: String = days.iter().map(line).collect();
        output.answer(&format!("{lines}{}", sum(days)));
    }
    exit::DONE
}

fn line(day: &DryDay) -> String {
    let what = match &day.will {
        Will::Read { edition, why, effort } => {
            let what = match why {
                Why::First | Why::Missed => "would be frozen".to_owned(),
                Why::Final { .. } => format!("would be frozen as final, edition {edition}"),
                Why::Restate { .. } | Why::Lookback { .. } => {
                    format!("would be read again, edition {edition} if a number differs")
                }
            };
            format!("{what}{}", effort_words(effort))
        }
        Will::Stay { provenance, .. } => format!("already there ({provenance})"),
        Will::Pass { status: Status::Failed, why } => {
            format!("failed before, left alone: {}", safe(why.as_deref().unwrap_or_default()))
        }
        Will::Pass { .. } => "done by the run before".to_owned(),
        Will::Wait { why } => format!("can't be frozen: {}", safe(why)),
        Will::Fail { why } => format!("would fail: {}", safe(why)),
    };
    format!("{}   {what}\n", day.day)
}

fn effort_words(effort: &Effort) -> String {
    let rows = effort.rows.map(|rows| format!("about {} rows looked at", count(rows)));
    let cost = effort.cost.map(|cost| format!("cost {cost:.0}"));
    let words: Vec<String> = rows.into_iter().chain(cost).collect();
    if words.is_empty() { String::new() } else { format!("   {}", words.join(", ")) }
}

/// All that would be read.
fn whole(days: &[DryDay]) -> (usize, Effort) {
    let efforts: Vec<Effort> = days
        .iter()
        .filter_map(|day| match &day.will {
            Will::Read { effort, .. } => Some(*effort),
            _ => None,
        })
        .collect();
    let rows = efforts.iter().map(|effort| effort.rows).sum();
    let cost = efforts.iter().map(|effort| effort.cost).sum();
    (efforts.len(), Effort { rows, cost })
}

fn sum(days: &[DryDay]) -> String {
    let (read, effort) = whole(days);
    let words = if read == 0 { String::new() } else { effort_words(&effort) };
    format!("{read} of {} days would be read{words}; nothing was written\n", days.len())
}

fn object(day: &DryDay) -> Value {
    let mut object = match &day.will {
        Will::Read { edition, why, effort } => {
            let will = match why {
                Why::First | Why::Missed => "freeze",
                Why::Final { .. } => "finalize",
                Why::Restate { .. } | Why::Lookback { .. } => "read_again",
            };
            json!({ "will": will, "edition": edition, "rows": effort.rows, "cost": effort.cost })
        }
        Will::Stay { id, provenance } => {
            json!({ "will": "skip", "edition": id.edition, "provenance": provenance })
        }
        Will::Pass { status, why } => json!({ "will": "pass", "status": status, "why": why }),
        Will::Wait { why } => json!({ "will": "wait", "why": why }),
        Will::Fail { why } => json!({ "will": "fail", "why": why }),
    };
    if let Some(object) = object.as_object_mut() {
        object.insert("event".to_owned(), "day".into());
        object.insert("date".to_owned(), json!(day.day));
    }
    object
}

fn summary(days: &[DryDay]) -> Value {
    let (read, effort) = whole(days);
    json!({
        "event": "summary", "dry_run": true, "days": days.len(), "would_read": read,
        "rows": effort.rows, "cost": effort.cost,
    })
}
