//! What is computed of an entity's rows when they are read: how each differs from the one before.
//!
//! Nothing of it is kept, so a changed threshold counts for old rows too.

use chrono::{DateTime, Utc};
use indexmap::IndexMap;

use super::trend::{Trend, trend};
use crate::config::entities::NumberSettings;
use crate::model::entity::EntityRow;
use crate::model::{Day, Number};

/// A row, and when it was seen.
#[derive(Clone, Copy, Debug)]
pub struct SeenRow<'a> {
    /// The business day in which the source was read. For a daily look that is the day after its own.
    pub taken: Day,
    /// When it was.
    pub at: DateTime<Utc>,
    /// What was seen.
    pub row: &'a EntityRow,
}

/// What is computed of one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Computed {
    /// The row before; `None` for the first one.
    pub previous: Option<Before>,
    /// What each number did since that row: every counter and gauge.
    pub moves: IndexMap<String, Move>,
    /// Whether one of them moved by more than its configured amount. `None` where that can't be known:
    /// nothing did, as far as is known, but of one it is not known, or there is no amount at all.
    pub is_significant: Option<bool>,
}

/// The row before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Before {
    /// Its number.
    pub seq: u64,
    /// When it was seen.
    pub at: DateTime<Utc>,
    /// How many business days lie between the two, by the days in which they were taken: 0 for two rows
    /// that were taken on one day.
    pub days: i64,
}

/// What a number did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Move {
    /// What it was.
    pub previous: Option<Number>,
    /// What it is.
    pub current: Option<Number>,
    /// The difference; `None` unless both are known.
    pub change: Option<Number>,
    /// That in percent of what it was, 2 decimals, half to even; `None` from 0.
    pub percentage: Option<Number>,
    /// Whether it is beyond the configured amount, strictly; `None` where that can't be known.
    pub is_significant: Option<bool>,
    /// Where it goes; `None` where no trend is configured, or it can't be known.
    pub trend: Option<Trend>,
}

/// What is computed of each of these rows, which are oldest first.
pub fn computed(numbers: &IndexMap<String, NumberSettings>, rows: &[SeenRow<'_>]) -> Vec<Computed> {
    let series = numbers.iter().map(|(field, settings)| {
        let values: Vec<Option<&Number>> = rows.iter().map(|seen| seen.row.number(field)).collect();
        (field, settings, values)
    });
    let series: Vec<_> = series.collect();
    let one = |(at, seen): (usize, &SeenRow<'_>)| {
        let before = at.checked_sub(1).and_then(|before| rows.get(before));
        let moves: IndexMap<String, Move> = series
            .iter()
            .map(|(field, settings, values)| {
                let known = values.get(..=at).unwrap_or_default();
                ((*field).clone(), moved(settings, known, before.is_some()))
            })
            .collect();
        Computed {
            previous: before.map(|before| Before {
                seq: before.row.seq,
                at: before.at,
                days: seen.taken.days_since(before.taken),
            }),
            is_significant: before.and_then(|_| significant(numbers, &moves)),
            moves,
        }
    };
    rows.iter().enumerate().map(one).collect()
}

/// What a number did at the last of these values.
fn moved(settings: &NumberSettings, values: &[Option<&Number>], has_before: bool) -> Move {
    let current = values.last().copied().flatten();
    let previous = if has_before { values.iter().rev().nth(1).copied().flatten() } else { None };
    let both = previous.zip(current);
    let change = both.map(|(from, to)| (to - from).trimmed());
    let amount = settings.significant.as_ref();
    Move {
        previous: previous.cloned(),
        current: current.cloned(),
        percentage: both.and_then(|(from, to)| percentage(from, to)),
        change,
        is_significant: both.zip(amount).and_then(|((from, to), amount)| amount.is_exceeded(from, to)),
        trend: settings.trend.as_ref().and_then(|trends| trend(trends, settings.good_up, values)),
    }
}

/// The change from one value to another in percent of it, 2 decimals, half to even; `None` from 0.
pub fn percentage(from: &Number, to: &Number) -> Option<Number> {
    (to - from).times(&Number::from(100_i64)).quotient(&from.abs(), 2)
}

fn significant(numbers: &IndexMap<String, NumberSettings>, moves: &IndexMap<String, Move>) -> Option<bool> {
    let told: Vec<Option<bool>> = numbers
        .iter()
        .filter(|(_, settings)| settings.significant.is_some())
        .map(|(field, _)| moves.get(field).and_then(|moved| moved.is_significant))
        .collect();
    if told.contains(&Some(true)) {
        return Some(true);
    }
    let known = !told.is_empty() && told.iter().all(Option::is_some);
    known.then_some(false)
}

#[cfg(test)]
mod tests {
    use indexmap::IndexMap;
    use proptest::prelude::*;

    use super::{Computed, SeenRow, computed};
    use crate::config::entities::{Amount, NumberSettings, TrendSettings};
    use crate::entities::trend::Trend;
    use crate::model::entity::{EntityRow, FieldValue};
    use crate::model::{Day, Number};

    fn numbers() -> IndexMap<String, NumberSettings> {
        let health = NumberSettings {
            significant: Amount::parse("5 points"),
            trend: Some(TrendSettings { over: 3, threshold: "1.0".parse().unwrap() }),
            good_up: Some(true),
            unit: None,
        };
        let revenue = NumberSettings { significant: Amount::parse("10%"), ..NumberSettings::default() };
        let all = [("health", health), ("revenue", revenue), ("logins", NumberSettings::default())];
        all.into_iter().map(|(name, settings)| (name.to_owned(), settings)).collect()
    }

    fn row(seq: u64, health: &str, revenue: &str) -> EntityRow {
        let number = |text: &str| text.parse().ok().map(FieldValue::Number);
        let fields = [("health", number(health)), ("revenue", number(revenue))];
        EntityRow {
            key: "5".into(),
            seq,
            label: None,
            fields: fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        }
    }

    fn told(rows: &[(&str, &str, &str)]) -> Vec<Computed> {
        let rows: Vec<(Day, EntityRow)> = (1..)
            .zip(rows)
            .map(|(seq, (day, health, revenue))| (day.parse().unwrap(), row(seq, health, revenue)))
            .collect();
        let seen: Vec<SeenRow<'_>> = rows
            .iter()
            .map(|(taken, row)| SeenRow {
                taken: *taken,
                at: taken.date().and_hms_opt(6, 0, 0).unwrap().and_utc(),
                row,
            })
            .collect();
        computed(&numbers(), &seen)
    }

    #[test]
    fn each_row_is_held_against_the_one_before() {
        let told = told(&[
            ("2025-11-04", "70", "1000"),
            ("2025-11-05", "75", "1100"),
            ("2025-11-05", "80.5", "unknown"),
            ("2025-11-09", "0", "900"),
            ("2025-11-10", "0", "900"),
        ]);
        let number = |text: &str| text.parse::<Number>().ok();
        let said = |at: usize, field: &str| {
            let moved = &told[at].moves[field];
            (moved.change.clone(), moved.percentage.clone(), moved.is_significant, moved.trend)
        };
        assert_eq!(told[0].previous, None);
        assert_eq!(said(0, "health"), (None, None, None, None));
        assert_eq!(told[0].is_significant, None, "there is nothing to hold the first row against");

        // Exactly 5 points and exactly 10 % are not beyond them.
        assert_eq!(said(1, "health"), (number("5"), number("7.14"), Some(false), None));
        assert_eq!(said(1, "revenue"), (number("100"), number("10.00"), Some(false), None));
        assert_eq!(told[1].is_significant, Some(false));
        assert_eq!(told[1].previous.unwrap().days, 1);

        // A missing revenue is unknown, and no fall by all of it.
        let up = Some(Trend::Improving);
        assert_eq!(said(2, "health"), (number("5.5"), number("7.33"), Some(true), up));
        assert_eq!(said(2, "revenue"), (None, None, None, None));
        assert_eq!(told[2].is_significant, Some(true));
        assert_eq!(told[2].previous.unwrap().days, 0);

        // A score of 0 is a score.
        let down = Some(Trend::Declining);
        assert_eq!(said(3, "health"), (number("-80.5"), number("-100.00"), Some(true), down));
        assert_eq!(said(3, "revenue"), (None, None, None, None));
        assert_eq!(told[3].previous.unwrap().days, 4);
        assert_eq!(told[3].previous.unwrap().seq, 3);

        // From 0 to 0 nothing moved; the share of that is not known.
        assert_eq!(said(4, "health"), (number("0"), None, Some(false), down));
        assert_eq!(said(4, "logins"), (None, None, None, None), "it was never read");
    }

    #[test]
    fn what_is_not_known_is_not_called_insignificant() {
        let last = |rows: &[(&str, &str, &str)]| told(rows).pop().unwrap().is_significant;
        assert_eq!(last(&[("2025-11-04", "70", "none"), ("2025-11-05", "71", "5")]), None);
        assert_eq!(last(&[("2025-11-04", "70", "none"), ("2025-11-05", "76", "5")]), Some(true));
        assert_eq!(last(&[("2025-11-04", "70", "0"), ("2025-11-05", "70", "5")]), None, "a share of 0");
        assert_eq!(last(&[("2025-11-04", "70", "5"), ("2025-11-05", "70", "5")]), Some(false));
    }

    proptest! {
        #[test]
        fn changes_add_up_and_order_is_kept(
            values in proptest::collection::vec(proptest::option::of(-1000_i64..1000), 1..9)
        ) {
            let texts: Vec<String> =
                values.iter().map(|value| value.map_or("none".to_owned(), |value| value.to_string())).collect();
            let rows: Vec<(&str, &str, &str)> =
                texts.iter().map(|text| ("2025-11-04", text.as_str(), "1")).collect();
            let told = told(&rows);
            for (at, (value, computed)) in values.iter().zip(&told).enumerate() {
                let moved = &computed.moves["health"];
                let before = at.checked_sub(1).and_then(|at| values[at]);
                let expected = before.zip(*value).map(|(from, to)| Number::from(to - from));
                prop_assert_eq!(&moved.change, &expected);
                prop_assert_eq!(moved.percentage.is_some(), expected.is_some() && before != Some(0));
                let beyond = before.zip(*value).map(|(from, to)| (to - from).abs() > 5);
                prop_assert_eq!(moved.is_significant, beyond);
                let of_three = at.checked_sub(2).map(|start| &values[start..=at]);
                let known = of_three.is_some_and(|three| three.iter().all(Option::is_some));
                prop_assert_eq!(moved.trend.is_some(), known);
            }
        }
    }
}
