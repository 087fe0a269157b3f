//! Which days of entities keep their looks and captures and which are thinned. Pure, by the same plan as
//! [frozen days](super::retention); beyond that some are needed for what is to come.

use super::retention::{self, Fate, FrozenDay, Keep, Passed, RetentionPlan};
use crate::config::RetentionSettings;
use crate::model::Day;

/// A day with a look or captures of one kind of entities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldDay {
    /// As the retention decides on it.
    pub day: FrozenDay,
    /// What it is needed for.
    pub needed: Option<Needed>,
}

/// What a day's rows are needed for, whatever the retention says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needed {
    /// It has the newest look, or captures since: rows to come are numbered by these.
    Numbers,
    /// It has the newest capture of all entities.
    Newest,
    /// Pages of days to come show growth since then.
    Growth,
    /// Its rows may still stop a capture.
    Cooldown,
}

/// What becomes of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LookFate {
    /// All of its rows stay, for these reasons: at least one.
    Kept(Vec<Keep>),
    /// No rule keeps it, and it is needed.
    Needed(Needed),
    /// It is thinned, since no rule keeps it: of each, why not.
    Thinned(Vec<Passed>),
    /// It was thinned before.
    Before,
}

/// What becomes of each day of one kind of entities.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LooksPlan {
    /// The days in order.
    pub days: Vec<(Day, LookFate)>,
    /// Whether no rule, label or pin keeps any day.
    pub keeps_nothing: bool,
}

/// Decides on all days of one kind of entities, which are in order. Rules reach back from the newest of them, or
/// from `today` if that is earlier.
pub fn plan(settings: &RetentionSettings, days: &[HeldDay], today: Day) -> LooksPlan {
    let frozen: Vec<FrozenDay> = days.iter().map(|held| held.day.clone()).collect();
    let plan: RetentionPlan = retention::plan(settings, &frozen, today);
    let keeps_nothing = plan.keeps_nothing();
    let fates = plan.days.into_iter().zip(days).map(|((day, fate), held)| {
        let fate = match (fate, held.needed) {
            (Fate::Kept(reasons), _) => LookFate::Kept(reasons),
            (Fate::Thinned(_), Some(needed)) => LookFate::Needed(needed),
            (Fate::Thinned(passed), None) => LookFate::Thinned(passed),
            (Fate::Before { .. }, _) => LookFate::Before,
        };
        (day, fate)
    });
    LooksPlan { days: fates.collect(), keeps_nothing }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{HeldDay, LookFate, Needed, plan};
    use crate::analyze::retention::{FrozenDay, Keep};
    use crate::config::RetentionSettings;
    use crate::config::retention::{KeepRule, KeepSpan, Period};
    use crate::model::Day;

    fn first() -> Day {
        "2025-08-20".parse().unwrap()
    }

    fn held(at: i64, needed: Option<Needed>) -> HeldDay {
        let day = first().checked_add(at).unwrap();
        let day = FrozenDay { day, labels: Vec::new(), pinned: false, provisional: false, thinned: false };
        HeldDay { day, needed }
    }

    #[test]
    fn what_is_needed_stays_though_no_rule_keeps_it() {
        let rules = vec![KeepRule { period: Period::Month, span: KeepSpan::Forever }];
        let settings = RetentionSettings { rules, ..RetentionSettings::default() };
        let mut days: Vec<HeldDay> = (0..14).map(|at| held(at, None)).collect();
        days[12].needed = Some(Needed::Growth);
        days[3].day.pinned = true;
        let told = plan(&settings, &days, "2030-01-01".parse().unwrap());
        let of = |word: fn(&LookFate) -> bool| -> Vec<String> {
            let days = told.days.iter().filter(|(_, fate)| word(fate));
            days.map(|(day, _)| day.to_string()).collect()
        };
        // The last day of August stands for its month; the newest is in September.
        assert_eq!(of(|fate| matches!(fate, LookFate::Kept(_))), ["2025-08-23", "2025-08-31", "2025-09-02"]);
        assert_eq!(of(|fate| *fate == LookFate::Needed(Needed::Growth)), ["2025-09-01"]);
        assert_eq!(of(|fate| matches!(fate, LookFate::Thinned(_))).len(), 10);
        assert!(!told.keeps_nothing);
    }

    fn any_day() -> impl Strategy<Value = (i64, bool, bool, Option<Needed>)> {
        let needed = prop_oneof![
            4 => Just(None),
            1 => Just(Some(Needed::Numbers)),
            1 => Just(Some(Needed::Cooldown)),
        ];
        (1_i64..20, any::<bool>(), any::<bool>(), needed)
    }

    proptest! {
        #[test]
        fn thinning_twice_is_thinning_once_and_spares_the_newest_the_pinned_and_the_needed(
            steps in prop::collection::vec(any_day(), 1..60),
            spans in prop::collection::vec((0_usize..5, 1_u32..40), 1..4),
            first_stands in any::<bool>(),
        ) {
            let periods = [Period::Day, Period::Week, Period::Month, Period::Quarter, Period::Year];
            let rules = spans.iter().map(|(at, days)| KeepRule {
                period: periods[*at],
                span: KeepSpan::Days(*days),
            });
            let settings =
                RetentionSettings { rules: rules.collect(), first: first_stands, ..RetentionSettings::default() };
            let mut at = 0;
            let mut days: Vec<HeldDay> = Vec::new();
            for (step, pinned, thinned, needed) in steps {
                at += step;
                let mut one = held(at, if thinned { None } else { needed });
                one.day.pinned = pinned && step > 15;
                one.day.thinned = thinned && step > 10;
                days.push(one);
            }
            let today = "2030-01-01".parse().unwrap();
            let once = plan(&settings, &days, today);
            prop_assert_eq!(once.days.len(), days.len());
            let newest = days.iter().rposition(|held| !held.day.thinned);
            for (at, (held, (_, fate))) in days.iter().zip(&once.days).enumerate() {
                let spared = held.day.pinned || held.needed.is_some() || Some(at) == newest;
                prop_assert!(!(spared && matches!(fate, LookFate::Thinned(_))), "{:?}", held);
                prop_assert_eq!(held.day.thinned, *fate == LookFate::Before);
                if Some(at) == newest {
                    prop_assert!(matches!(fate, LookFate::Kept(why) if why[0] == Keep::Newest));
                }
            }
            for (held, (_, fate)) in days.iter_mut().zip(&once.days) {
                held.day.thinned |= matches!(fate, LookFate::Thinned(_));
            }
            let twice = plan(&settings, &days, today);
            for ((day, once), (_, twice)) in once.days.iter().zip(&twice.days) {
                prop_assert!(!matches!(twice, LookFate::Thinned(_)), "{} was {:?}", day, once);
            }
        }
    }
}
