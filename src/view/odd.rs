//! Why a day is odd, in a short sentence with the numbers.

use super::format::{Format, count};
use crate::analyze::odd::{Odd, Usual};
use crate::model::Day;

/// The sentence for one finding about a day: `far from other Tuesdays: 120 calls, usually 640 to 690 (median 655)`.
pub fn sentence(odd: &Odd, day: Day) -> String {
    match odd {
        Odd::Silent { of, usual } => format!("no {of}; on the days around it {}", usually(usual)),
        Odd::NothingNew { of, events, count: events_count, usual } => {
            let events_count = count(*events_count);
            format!("{events_count} {events} and no {of}; on the days around it {}", usually(usual))
        }
        Odd::Far { of, value, usual } => {
            let weekday = day.date().format("%A");
            format!("far from other {weekday}s: {} {of}, {}", count(*value), usually(usual))
        }
        Odd::FewerRows { rows, edition, before } => {
            format!("made of {} rows, and edition {edition} was made of {}", count(*rows), count(*before))
        }
    }
}

/// What is usual: `usually 640 to 690 (median 655)`.
fn usually(usual: &Usual) -> String {
    let (from, to) = (count(usual.from), count(usual.to));
    if usual.from == usual.to {
        return format!("usually {from}");
    }
    let median = Format::of(None, [&usual.median]).show(&usual.median);
    format!("usually {from} to {to} (median {median})")
}

#[cfg(test)]
mod tests {
    use super::sentence;
    use crate::analyze::odd::{Odd, Usual};
    use crate::model::Edition;

    #[test]
    fn a_finding_is_a_short_sentence_with_its_numbers() {
        let tuesday = "2025-12-02".parse().unwrap();
        let usual = |from, to, median: &str| Usual { from, to, median: median.parse().unwrap(), days: 6 };
        let said = |odd| sentence(&odd, tuesday);
        let calls = || "calls".to_owned();
        assert_eq!(
            said(Odd::Far { of: calls(), value: 120, usual: usual(640, 690, "655") }),
            "far from other Tuesdays: 120 calls, usually 640 to 690 (median 655)"
        );
        assert_eq!(
            said(Odd::Silent { of: calls(), usual: usual(20_500, 20_500, "20500") }),
            "no calls; on the days around it usually 20,500"
        );
        let of = "new phones".to_owned();
        assert_eq!(
            said(Odd::NothingNew { of, events: calls(), count: 1_200, usual: usual(9, 12, "10.5") }),
            "1,200 calls and no new phones; on the days around it usually 9 to 12 (median 10.5)"
        );
        assert_eq!(
            said(Odd::FewerRows { rows: 998, edition: Edition::FIRST, before: 1_000 }),
            "made of 998 rows, and edition 1 was made of 1,000"
        );
    }
}
