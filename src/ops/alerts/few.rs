//! Of an alert with many members, those that are told: the ones that lie farthest from what was expected.

use indexmap::IndexMap;

use super::Judged;
use crate::analyze::alerts::State;
use crate::model::Number;

/// Of how many members of one alert is told at once.
pub const MOST: usize = 20;

/// What is told of a day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Few<'a> {
    /// What is told, in the order in which it was judged.
    pub told: Vec<&'a Judged>,
    /// How many more there are of an alert, by its name.
    pub more: IndexMap<&'a str, usize>,
}

impl<'a> Few<'a> {
    /// At most [`MOST`] of each alert: what fires before what does not, and the farthest first.
    pub fn of(all: impl IntoIterator<Item = &'a Judged>) -> Self {
        let mut alerts: IndexMap<&str, Vec<(usize, &Judged)>> = IndexMap::new();
        for (at, judged) in all.into_iter().enumerate() {
            alerts.entry(&judged.name).or_default().push((at, judged));
        }
        let (mut told, mut more) = (Vec::new(), IndexMap::new());
        for (name, mut members) in alerts {
            if let Some(left) = members.len().checked_sub(MOST).filter(|left| *left > 0) {
                members.sort_by_cached_key(|(at, judged)| (std::cmp::Reverse(weight(judged)), *at));
                members.truncate(MOST);
                more.insert(name, left);
            }
            told.extend(members);
        }
        told.sort_unstable_by_key(|(at, _)| *at);
        Self { told: told.into_iter().map(|(_, judged)| judged).collect(), more }
    }

    /// All of them.
    pub fn all(all: impl IntoIterator<Item = &'a Judged>) -> Self {
        Self { told: all.into_iter().collect(), more: IndexMap::new() }
    }
}

/// How much it is to be told: by its state, and then by how far it lies from what was expected.
fn weight(judged: &Judged) -> (u8, Option<Number>) {
    let state = match judged.verdict.state {
        State::Fires => 2,
        State::Unknown => 1,
        State::Fine => 0,
    };
    let verdict = &judged.verdict;
    let distance = verdict.value.as_ref().zip(verdict.expected.as_ref());
    (state, distance.map(|(value, expected)| (value - expected).abs()))
}

#[cfg(test)]
mod tests {
    use super::{Few, Judged, MOST};
    use crate::analyze::alerts::{State, Verdict};
    use crate::model::Number;

    fn judged(name: &str, state: State, value: i64) -> Judged {
        let verdict = Verdict {
            state,
            value: Some(Number::from(value)),
            expected: Some(Number::from(100_i64)),
            why: String::new(),
        };
        Judged { name: name.to_owned(), metric: None, member: None, verdict }
    }

    #[test]
    fn each_alert_has_its_farthest_and_what_fires_comes_first() {
        // 2 below 100, 4 above it, and so on: `near` has 3 fewer than may be told, `far` 5 more.
        let mut all: Vec<Judged> = (0..17).map(|at| judged("near", State::Fires, at)).collect();
        all.extend(
            (0..24).map(|at| judged("far", State::Fine, if at % 2 == 0 { 98 - at } else { 102 + at })),
        );
        all.push(judged("far", State::Fires, 100));
        let few = Few::of(&all);
        assert_eq!(few.told.len(), 17 + MOST);
        assert_eq!(few.more.into_iter().collect::<Vec<_>>(), [("far", 5)]);
        // The five nearest of those that do not fire are 98, 103, 96, 105 and 94.
        let far: Vec<i64> =
            few.told[17..].iter().filter_map(|one| one.verdict.value.as_ref()?.to_i64()).collect();
        let expected: Vec<i64> =
            (5..24).map(|at| if at % 2 == 0 { 98 - at } else { 102 + at }).chain([100]).collect();
        assert_eq!(far, expected);
        assert_eq!(Few::all(&all).told.len(), 42);
    }
}
