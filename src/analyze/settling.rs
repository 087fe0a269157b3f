//! How far a metric still moved after days had reached an age, and from which age on it holds still.
//!
//! A day is looked at more than once: when it is frozen, restated, or read again. What a look at an age saw is held
//! against every later look and what the day is known to be now: the one that lies furthest away counts, as a day that
//! moved and came back has moved.

use crate::model::Number;

/// How many days have to tell before an age counts as settled.
pub const NEEDED_DAYS: usize = 20;

/// Of so many days in a hundred it is asked that they moved no more than the tolerance.
pub const SHARE: usize = 95;

/// What one look at a day saw of a metric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// How many days after the day it was.
    pub age: i64,
    /// The value that was in force after it; `None` when it was unknown.
    pub value: Option<Number>,
}

/// All looks at one day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Looks {
    /// The looks, in the order of time.
    pub looks: Vec<Look>,
    /// The value of the latest edition; `None` when it is unknown.
    pub last: Option<Number>,
}

/// By how much a metric moved at most after an age, as a share of what it is now.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moved {
    /// By this share, with 12 significant digits.
    By(Number),
    /// By more than any share: it is 0 now and was not, or it was unknown at some of the looks only.
    Beyond,
}

impl Moved {
    /// The share, where there is one.
    pub fn share(&self) -> Option<&Number> {
        if let Self::By(share) = self { Some(share) } else { None }
    }
}

/// How far the days moved after they had reached an age.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AtAge {
    /// The age in days. What is said holds until the next age that is told.
    pub age: i64,
    /// How many days tell: they were looked at by that age, and again later.
    pub days: usize,
    /// How many of them moved no more than the tolerance.
    pub within: usize,
    /// The median of how far they moved; of an even number the lower of the two in the middle.
    pub median: Moved,
    /// What 95 % of them moved at most.
    pub p95: Moved,
}

/// How a metric settles.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settling {
    /// The smallest age after which 95 % of at least 20 days moved no more than the tolerance; `None` when there
    /// is none.
    pub settled: Option<i64>,
    /// How many days tell: of the age from which on it is settled, else of one that holds so far with too few days,
    /// else of the age with the most. Below 20 nothing can be said yet.
    pub days: usize,
    /// The ages at which days were looked at, ascending, as far as days tell of them.
    pub ages: Vec<AtAge>,
}

impl Settling {
    /// What was found at the age from which on it is settled.
    pub fn at_settled(&self) -> Option<&AtAge> {
        self.ages.iter().find(|at| Some(at.age) == self.settled)
    }
}

/// How a metric settles by all looks at these days, when moving by this share counts as holding still.
pub fn settling(days: &[Looks], tolerance: &Number) -> Settling {
    let mut ages: Vec<i64> = days.iter().flat_map(|day| &day.looks).map(|look| look.age).collect();
    ages.sort_unstable();
    ages.dedup();
    let ages: Vec<AtAge> = ages.into_iter().filter_map(|age| at_age(days, age, tolerance)).collect();
    let holds = |at: &&AtAge| at.within * 100 >= at.days * SHARE;
    let settled = ages.iter().filter(holds).find(|at| at.days >= NEEDED_DAYS);
    let most = ages.iter().map(|at| at.days).max();
    // An age that may yet turn out to be the one is not refuted by others, at which more days have moved.
    let waited_for = || ages.iter().filter(holds).map(|at| at.days).max();
    let days = match settled {
        Some(at) => Some(at.days),
        None if most >= Some(NEEDED_DAYS) => waited_for().or(most),
        None => most,
    };
    Settling { settled: settled.map(|at| at.age), days: days.unwrap_or(0), ages }
}

/// `None` when no day tells.
fn at_age(days: &[Looks], age: i64, tolerance: &Number) -> Option<AtAge> {
    let mut within = 0;
    let mut moved: Vec<Moved> = Vec::new();
    for day in days {
        let then = day.looks.iter().rev().find(|look| look.age <= age);
        // Without a later look nobody knows yet whether it moved.
        let mut later = day.looks.iter().filter(|look| look.age > age).peekable();
        let Some(then) = then.filter(|_| later.peek().is_some()) else { continue };
        let later: Vec<Option<&Number>> =
            later.map(|look| look.value.as_ref()).chain([day.last.as_ref()]).collect();
        let known: Vec<&Number> = later.iter().copied().flatten().collect();
        match (&then.value, &day.last) {
            // What was unknown all the time tells nothing.
            (None, None) if known.is_empty() => {}
            (Some(then), Some(last)) if known.len() == later.len() => {
                let furthest = known.into_iter().map(|value| (value - then).abs()).max();
                let furthest = furthest.unwrap_or_else(Number::zero);
                within += usize::from(furthest <= tolerance.times(&last.abs()));
                moved.push(share(&furthest, last));
            }
            _ => moved.push(Moved::Beyond),
        }
    }
    moved.sort_unstable();
    let days = moved.len();
    let (median, p95) = (percentile(&moved, 50)?, percentile(&moved, SHARE)?);
    Some(AtAge { age, days, within, median, p95 })
}

fn share(change: &Number, last: &Number) -> Moved {
    if change.is_zero() {
        return Moved::By(Number::zero());
    }
    change.ratio(&last.abs()).map_or(Moved::Beyond, Moved::By)
}

/// The smallest of the values, which are sorted, that this percentage of them does not exceed.
fn percentile(sorted: &[Moved], percent: usize) -> Option<Moved> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.checked_sub(1)?).cloned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Look, Looks, Moved, Settling, settling};
    use crate::model::Number;

    fn number(text: &str) -> Number {
        text.parse().unwrap()
    }

    /// A day by its looks; the last one saw what it is now.
    fn day(looks: &[(i64, &str)]) -> Looks {
        let value = |text: &str| (text != "?").then(|| number(text));
        let looks: Vec<Look> =
            looks.iter().map(|(age, text)| Look { age: *age, value: value(text) }).collect();
        Looks { last: looks.last().unwrap().value.clone(), looks }
    }

    fn by(share: &str) -> Moved {
        Moved::By(number(share))
    }

    /// The ages with days, days within, median and 95th percentile.
    fn told(found: &Settling) -> Vec<(i64, usize, usize, Moved, Moved)> {
        let of = |at: &super::AtAge| (at.age, at.days, at.within, at.median.clone(), at.p95.clone());
        found.ages.iter().map(of).collect()
    }

    #[test]
    fn an_age_is_settled_when_19_of_20_days_hold_still_after_it() {
        // 80 on the first morning, 100 by the seventh day, and so on the thirtieth; one of them still moves to 125.
        let mut days = vec![day(&[(1, "80"), (7, "100"), (30, "100")]); 19];
        days.push(day(&[(1, "80"), (7, "100"), (30, "125")]));
        let found = settling(&days, &Number::zero());
        assert_eq!((found.settled, found.days), (Some(7), 20));
        assert_eq!(
            told(&found),
            [(1, 20, 0, by("0.2"), by("0.2")), (7, 20, 19, by("0"), by("0"))],
            "(125 - 80) / 125 is 0.36, and only the one of twenty"
        );
        // Another day that still moves: 18 of 20 are not enough.
        days[0] = days[19].clone();
        let found = settling(&days, &Number::zero());
        assert_eq!((found.settled, found.days), (None, 20));
        assert_eq!(found.ages[1].p95, by("0.2"));
        // Unless so much is taken for nothing: (125 - 100) / 125.
        assert_eq!(settling(&days, &number("0.2")).settled, Some(7));
        assert_eq!(settling(&days, &number("0.1999999999999999999")).settled, None);
    }

    #[test]
    fn fewer_than_twenty_days_tell_nothing_but_their_number() {
        let days = vec![day(&[(1, "5"), (7, "5")]); 19];
        let found = settling(&days, &Number::zero());
        assert_eq!((found.settled, found.days, found.ages[0].within), (None, 19, 19));
        assert_eq!(settling(&[], &Number::zero()), Settling::default());
    }

    #[test]
    fn an_age_that_holds_with_too_few_days_is_waited_for() {
        // Thirty days moved after the first morning; 19 of them are old enough to tell of the seventh day.
        let mut days = vec![day(&[(1, "80"), (7, "100"), (30, "100")]); 19];
        days.extend(vec![day(&[(1, "80"), (7, "100")]); 11]);
        let found = settling(&days, &Number::zero());
        assert_eq!((found.settled, found.days, found.ages[0].days), (None, 19, 30));
        days[20] = days[0].clone();
        assert_eq!(settling(&days, &Number::zero()).settled, Some(7));
    }

    #[test]
    fn a_day_tells_of_an_age_only_with_a_look_by_then_and_a_later_one() {
        let days = [day(&[(0, "3"), (2, "4")]), day(&[(1, "4"), (9, "4")]), day(&[(5, "4")])];
        let found = settling(&days, &Number::zero());
        // At 0 only the first had been seen; at 2 the first has no later look; at 5 the third has none.
        let counted: Vec<(i64, usize, usize)> =
            found.ages.iter().map(|at| (at.age, at.days, at.within)).collect();
        assert_eq!(counted, [(0, 1, 0), (1, 2, 1), (2, 1, 1), (5, 1, 1)]);
    }

    #[test]
    fn of_looks_at_one_age_the_last_counts() {
        let found = settling(&[day(&[(1, "2"), (1, "4"), (3, "4")])], &Number::zero());
        assert_eq!(told(&found), [(1, 1, 1, by("0"), by("0"))]);
    }

    #[test]
    fn what_is_zero_or_unknown_now_has_no_share() {
        let one = |looks: &[(i64, &str)]| settling(&[day(looks)], &number("1")).ages.pop();
        assert_eq!(one(&[(1, "3"), (2, "0")]).map(|at| (at.within, at.median)), Some((0, Moved::Beyond)));
        assert_eq!(one(&[(1, "0"), (2, "0")]).map(|at| (at.within, at.median)), Some((1, by("0"))));
        assert_eq!(one(&[(1, "?"), (2, "3")]).map(|at| (at.within, at.median)), Some((0, Moved::Beyond)));
        assert_eq!(one(&[(1, "3"), (2, "?")]).map(|at| (at.within, at.median)), Some((0, Moved::Beyond)));
        assert_eq!(one(&[(1, "?"), (2, "?")]), None);
        // Below zero the size counts: (−4 − −5) of 4.
        assert_eq!(one(&[(1, "-5"), (2, "-4")]).map(|at| (at.within, at.median)), Some((1, by("0.25"))));
    }

    #[test]
    fn a_day_that_moved_and_came_back_has_moved() {
        let found = settling(&[day(&[(1, "100"), (2, "150"), (3, "100")])], &Number::zero());
        // (150 - 100) / 100 from the first on; after the second it is 50 away from what it is now.
        assert_eq!(told(&found), [(1, 1, 0, by("0.5"), by("0.5")), (2, 1, 0, by("0.5"), by("0.5"))]);
        let found = settling(&[day(&[(1, "100"), (2, "?"), (3, "100")])], &Number::zero());
        assert_eq!(found.ages[0].median, Moved::Beyond);
    }

    #[test]
    fn the_median_and_the_95th_percentile_are_values_that_were_there() {
        // 1 % to 4 % below what they are now.
        let days: Vec<Looks> =
            ["99", "98", "97", "96"].iter().map(|seen| day(&[(1, seen), (2, "100")])).collect();
        let found = settling(&days, &Number::zero());
        assert_eq!(told(&found), [(1, 4, 0, by("0.02"), by("0.04"))]);
    }

    fn looks() -> impl Strategy<Value = Looks> {
        let look = (0_i64..12, 0_i64..4);
        prop::collection::vec(look, 1..5).prop_map(|mut looks| {
            looks.sort_by_key(|(age, _)| *age);
            let look =
                |(age, value): (i64, i64)| Look { age, value: (value > 0).then(|| Number::from(value + 98)) };
            let looks: Vec<Look> = looks.into_iter().map(look).collect();
            Looks { last: looks.last().and_then(|look| look.value.clone()), looks }
        })
    }

    proptest! {
        #[test]
        fn that_a_day_still_holds_never_lengthens_the_age(
            days in prop::collection::vec(looks(), 20..40),
            which in any::<prop::sample::Index>(),
            later in 0_i64..9,
            tolerance in prop::sample::select(vec!["0", "0.01", "0.02"]),
        ) {
            let tolerance = number(tolerance);
            let before = settling(&days, &tolerance).settled.unwrap_or(i64::MAX);
            let mut more = days;
            let day = which.get_mut(&mut more);
            let age = day.looks.last().map_or(0, |look| look.age) + later;
            day.looks.push(Look { age, value: day.last.clone() });
            prop_assert!(settling(&more, &tolerance).settled.unwrap_or(i64::MAX) <= before);
        }

        #[test]
        fn a_larger_tolerance_never_lengthens_the_age(days in prop::collection::vec(looks(), 20..40)) {
            let age = |tolerance: &str| settling(&days, &number(tolerance)).settled.unwrap_or(i64::MAX);
            prop_assert!(age("0.02") <= age("0.01") && age("0.01") <= age("0"));
        }

        #[test]
        fn neither_the_order_of_days_nor_their_unit_matters(days in prop::collection::vec(looks(), 1..30)) {
            let factor = number("0.25");
            let scaled = |value: &Option<Number>| value.as_ref().map(|value| value.times(&factor));
            let look = |look: &Look| Look { age: look.age, value: scaled(&look.value) };
            let other: Vec<Looks> = days
                .iter()
                .rev()
                .map(|day| Looks { looks: day.looks.iter().map(look).collect(), last: scaled(&day.last) })
                .collect();
            let tolerance = number("0.01");
            prop_assert_eq!(settling(&days, &tolerance), settling(&other, &tolerance));
        }

        #[test]
        fn an_age_is_within_as_far_as_its_percentile_says(days in prop::collection::vec(looks(), 1..40)) {
            let tolerance = number("0.01");
            for at in settling(&days, &tolerance).ages {
                let holds = at.p95.share().is_some_and(|share| *share <= tolerance);
                prop_assert_eq!(holds, at.within * 100 >= at.days * 95);
            }
        }
    }
}
