//! A distinct count over time, in words: what is new, since when, and what it rests on.

use super::format::count;
use crate::model::Day;
use crate::model::seen::{ApartDoc, BasisDoc, SeenDoc};

/// What is new and how many there are by now: `12 new · 57 since 1 Dec 2025`.
pub fn counts(seen: &SeenDoc) -> String {
    let since = long(seen.basis.since);
    match (seen.new, seen.cumulative) {
        (Some(new), Some(_)) if is_first(&seen.basis) => {
            format!("{} new · the first day counted", count(new))
        }
        (Some(new), Some(all)) => format!("{} new · {} since {since}", count(new), count(all)),
        (new, all) => {
            let known = |number: Option<u64>| number.map_or_else(|| "unknown".to_owned(), count);
            format!("new: {} · since {since}: {}", known(new), known(all))
        }
    }
}

/// Why something of it is unknown, and what the rest stands on: `counted over 38 days, 2 gaps`.
pub fn rests_on(seen: &SeenDoc) -> Vec<String> {
    seen.reason.iter().cloned().chain(basis(&seen.basis)).collect()
}

/// What a count over time rests on, in parts: `counted over 38 days, 2 gaps`, and what was left out; nothing for
/// the first day of all.
pub fn basis(basis: &BasisDoc) -> Vec<String> {
    if is_first(basis) && basis.left_out.is_empty() {
        return Vec::new();
    }
    let mut over = format!("counted over {}", many(u64::from(basis.days), "day"));
    if basis.gaps > 0 {
        over.push_str(&format!(", {}", many(u64::from(basis.gaps), "gap")));
    }
    let left_out = basis.left_out.iter().map(|left_out| {
        format!("{} left out: {}", many(u64::from(left_out.days), "frozen day"), left_out.reason)
    });
    std::iter::once(over).chain(left_out).collect()
}

/// What a metric of phone numbers did not count; nothing where it counted all rows.
pub fn apart(apart: &ApartDoc) -> Option<String> {
    let blank = (apart.blank_rows > 0).then(|| format!("{} without a number", many(apart.blank_rows, "row")));
    let unusable = (apart.unusable > 0).then(|| {
        let rows = many(apart.unusable_rows, "row");
        format!("{} in {rows}", many(apart.unusable, "unusable number"))
    });
    let parts: Vec<String> = blank.into_iter().chain(unusable).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// A date with its year, as the days of a count may lie in several: `1 Dec 2025`.
pub fn long(day: Day) -> String {
    day.date().format("%-d %b %Y").to_string()
}

fn is_first(basis: &BasisDoc) -> bool {
    basis.days <= 1 && basis.gaps == 0
}

fn many(number: u64, thing: &str) -> String {
    format!("{} {thing}{}", count(number), if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::{apart, counts, rests_on};
    use crate::model::seen::{ApartDoc, BasisDoc, LeftOutDoc, SeenDoc};

    fn lines(seen: &SeenDoc) -> Vec<String> {
        std::iter::once(counts(seen)).chain(rests_on(seen)).collect()
    }

    fn seen(new: Option<u64>, cumulative: Option<u64>, days: u32, gaps: u32) -> SeenDoc {
        let since = "2025-12-01".parse().unwrap();
        let basis = BasisDoc { since, days, gaps, left_out: Vec::new() };
        SeenDoc { unique: 15, new, cumulative, reason: None, basis }
    }

    #[test]
    fn what_is_new_is_told_with_what_it_rests_on() {
        assert_eq!(
            lines(&seen(Some(12), Some(1_057), 38, 2)),
            ["12 new · 1,057 since 1 Dec 2025", "counted over 38 days, 2 gaps"]
        );
        assert_eq!(lines(&seen(Some(12), Some(57), 2, 0))[1], "counted over 2 days");
        assert_eq!(lines(&seen(Some(45), Some(45), 1, 0)), ["45 new · the first day counted"]);
        let mut left_out = seen(Some(45), Some(45), 1, 0);
        left_out.basis.left_out = vec![LeftOutDoc { days: 1, reason: "hashed with another key".into() }];
        assert_eq!(
            lines(&left_out)[1..],
            ["counted over 1 day", "1 frozen day left out: hashed with another key"]
        );
    }

    #[test]
    fn what_is_unknown_is_told_with_the_reason() {
        let mut unknown = seen(None, None, 3, 1);
        unknown.reason = Some("that day's keys can't be read".into());
        assert_eq!(
            lines(&unknown),
            [
                "new: unknown · since 1 Dec 2025: unknown",
                "that day's keys can't be read",
                "counted over 3 days, 1 gap"
            ]
        );
        assert_eq!(lines(&seen(Some(3), None, 3, 0))[0], "new: 3 · since 1 Dec 2025: unknown");
    }

    #[test]
    fn what_was_not_counted_is_told_where_there_is_any() {
        let told =
            |blank_rows, unusable, unusable_rows| apart(&ApartDoc { blank_rows, unusable, unusable_rows });
        assert_eq!(told(3, 2, 5).unwrap(), "3 rows without a number, 2 unusable numbers in 5 rows");
        assert_eq!(told(0, 1, 1).unwrap(), "1 unusable number in 1 row");
        assert_eq!(told(1_000, 0, 0).unwrap(), "1,000 rows without a number");
        assert_eq!(told(0, 0, 0), None);
    }
}
