//! A series as views take it.

use super::points::Point;
use super::series::Series;
use crate::analyze::outlook::Outlook;
use crate::view::series::{SeriesInput, SeriesRow};
use crate::view::terminal::Gap;

/// What is shown of a series.
pub fn input<'a>(series: &'a Series, outlook: Option<&'a Outlook>, for_command: bool) -> SeriesInput<'a> {
    let members = series.split.iter().flat_map(|split| &split.members);
    let row = |(at, point): (usize, &Point)| SeriesRow {
        day: point.day,
        edition: point.edition,
        provenance: point.provenance,
        value: point.value.clone(),
        change: series.changes.get(at).cloned().flatten().and_then(|change| {
            let baseline = point.value.as_ref()? - &change.change;
            Some((change, baseline))
        }),
        members: members.clone().map(|member| member.values.get(at).cloned().flatten()).collect(),
    };
    let mut notes = series.remarks();
    if let Some(split) = &series.split {
        if split.more > 0 {
            let (more, members) = (split.more, if split.more == 1 { "member" } else { "members" });
            notes.push(format!(
                "{more} more {members} of {}{}",
                split.dimension,
                if for_command { ": --top COUNT or --all shows them" } else { "" }
            ));
        }
        notes.extend(
            split
                .redefined
                .iter()
                .map(|day| format!("{} was defined otherwise from {day} on", split.dimension)),
        );
    }
    let gap = |gap: &super::list::Gap| Gap { first: gap.from, last: gap.to, cold: gap.cold };
    SeriesInput {
        label: &series.label,
        unit: series.unit.as_deref(),
        rows: series.totals.points.iter().enumerate().map(row).collect(),
        gaps: series.totals.gaps.iter().map(gap).collect(),
        members: members.clone().map(|member| (member.key.clone(), member.label.clone())).collect(),
        redefined: series.redefined.clone(),
        outlook,
        notes,
    }
}
