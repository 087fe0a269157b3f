//! Whether the feeds of an API give what is made of them: one page of each, for `check`.

use super::check::{CheckReport, Level};
use crate::source::FeedReport;

/// How many fields are told of.
const MOST_FIELDS: usize = 40;

/// Tells what was found; false when something of it can't work.
pub(super) fn about(feeds: &[FeedReport], report: &mut CheckReport) -> bool {
    let mut sound = true;
    for FeedReport { feed, page } in feeds {
        let page = match page {
            Ok(page) => page,
            Err(error) => {
                sound = false;
                report.add(Level::Error, "feed", error.to_string(), error.hint());
                continue;
            }
        };
        let of = page.total.map(|total| format!(" of {total}")).unwrap_or_default();
        let items = format!("{feed}: {}{of} items on the first page", page.items);
        if page.items == 0 {
            let hint = "look at a day that has some: asof check 2025-11-06".to_owned();
            report.add(
                Level::Warning,
                "feed",
                format!("{items}, so what they have can't be told"),
                Some(hint),
            );
        } else {
            let fields: Vec<String> =
                page.fields.iter().take(MOST_FIELDS).map(|(place, kind)| format!("{place} {kind}")).collect();
            let more = if page.fields.len() > MOST_FIELDS { ", and more" } else { "" };
            report.add(Level::Good, "feed", format!("{items}: {}{more}", fields.join(", ")), None);
        }
        if page.is_last && page.total.is_some_and(|total| total > page.items as u64) {
            sound = false;
            let hint = "see whether `next` of its pages is where an answer tells what leads on".to_owned();
            let text =
                format!("{feed}: there are more items than on the first page, and nothing leads on from it");
            report.add(Level::Error, "feed", text, Some(hint));
        }
        if page.total.is_none() && page.goes_on {
            let text = format!(
                "{feed}: no total is told, so an item that is left out between two pages is not missed"
            );
            let hint = "where an answer tells how many items there are in all, name it as total".to_owned();
            report.add(Level::Warning, "feed", text, Some(hint));
        }
    }
    sound
}
