//! Laws of folding and merging.

use proptest::prelude::*;

use super::entries::Entries;
use super::fold::{Event, Fold, Id};
use super::merge::{Counts, Found, Queues, Run, merge};
use super::outs::Outs;
use crate::config::Unknown;
use crate::model::definitions::KeyKind;

const KIND: Option<KeyKind> = Some(KeyKind::Phone);
const NOVEMBER: Run<'_> = Run { month: "2025-11", at: "2025-11-07T09:00:00Z" };
const DECEMBER: Run<'_> = Run { month: "2025-12", at: "2025-12-01T09:00:00Z" };

/// One of few phones in one of its spellings, at one of few times, so that all meet.
fn event() -> impl Strategy<Value = Event> {
    let key = prop::sample::select(vec![
        "3145550100",
        "13145550100",
        "+1 314 555 0100",
        "3145550101",
        "(314) 555-0101",
        "3145550102",
        "3145550103",
        "5550100",
        "",
    ]);
    let outcome = prop::sample::select(vec!["\"NA\"", "\"DROP\"", "null"]);
    let id = prop::sample::select(vec![Id::None, Id::Number(9_i64.into()), Id::Number(10_i64.into())]);
    (key, 0i64..4, id, outcome, any::<bool>(), 0..3).prop_map(|(key, order, id, outcome, in_range, lead)| {
        Event {
            order,
            told: format!("\"time {order}\""),
            id,
            key: Some(key.to_owned()),
            outcome: outcome.to_owned(),
            take: outcome == "\"NA\"",
            in_range,
            unknown: false,
            carry: format!("{lead}\n\"list\""),
        }
    })
}

fn fold(events: impl IntoIterator<Item = Event>) -> Fold {
    let mut fold = Fold::new(KIND);
    events.into_iter().for_each(|event| fold.push(event));
    fold
}

fn outs(keys: &[&str]) -> Outs {
    let mut outs = Outs::new(KIND, vec!["sale".into(), "dnc".into()]);
    for (number, key) in keys.iter().enumerate() {
        outs.add(number % 2, key, |_| true);
    }
    outs
}

fn merged(queues: &mut Queues, fold: &Fold, outs: &Outs, run: Run<'_>) -> Counts {
    for queue in queues.values_mut() {
        queue.changed = false;
    }
    merge(
        queues,
        Found { fold, outs, carry: &["lead_id", "list"], kind: KIND, unknown: Unknown::Exclude },
        run,
    )
}

fn texts(queues: &Queues) -> Vec<(String, String)> {
    queues.iter().map(|(month, queue)| (month.clone(), text(&queue.entries))).collect()
}

fn text(entries: &Entries) -> String {
    let mut bytes = Vec::new();
    entries.write(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn excluded() -> impl Strategy<Value = Vec<&'static str>> {
    prop::sample::subsequence(vec!["3145550100", "3145550101", "3145550102", "9995550199"], 0..4)
}

proptest! {
    #[test]
    fn the_order_of_rows_does_not_matter(events in prop::collection::vec(event(), 0..30), out in excluded()) {
        let (mut one, mut other) = (Queues::new(), Queues::new());
        let first = merged(&mut one, &fold(events.clone()), &outs(&out), NOVEMBER);
        let second = merged(&mut other, &fold(events.into_iter().rev()), &outs(&out), NOVEMBER);
        prop_assert_eq!(texts(&one), texts(&other));
        prop_assert_eq!(first, second);
    }

    #[test]
    fn a_second_run_changes_nothing(
        events in prop::collection::vec(event(), 0..30), out in excluded(), later in excluded(),
    ) {
        let fold = fold(events);
        let mut queues = Queues::new();
        let first = merged(&mut queues, &fold, &outs(&out), NOVEMBER);
        let (before, again) = (texts(&queues), merged(&mut queues, &fold, &outs(&out), DECEMBER));
        prop_assert_eq!(texts(&queues), before);
        prop_assert!(queues.values().all(|queue| !queue.changed));
        prop_assert_eq!(again.added, 0);
        prop_assert_eq!(again.already, first.added);
        prop_assert_eq!(&again.out, &first.out);
        // What is found out later excludes what was added, once.
        let added: u64 = merged(&mut queues, &fold, &outs(&later), DECEMBER).excluded.values().sum();
        prop_assert!(added <= first.added);
        let before = texts(&queues);
        merged(&mut queues, &fold, &outs(&later), DECEMBER);
        prop_assert_eq!(texts(&queues), before);
    }

    #[test]
    fn every_key_in_the_range_becomes_one_thing(
        events in prop::collection::vec(event(), 0..30), out in excluded(),
    ) {
        let fold = fold(events);
        let mut queues = Queues::new();
        let counts = merged(&mut queues, &fold, &outs(&out), NOVEMBER);
        let told = counts.added + counts.already + counts.out.values().sum::<u64>() + counts.latest.values().sum::<u64>();
        prop_assert_eq!(told, fold.candidates().count() as u64);
        let entries: usize = queues.values().map(|queue| queue.entries.keys(KIND).count()).sum();
        prop_assert_eq!(counts.added, entries as u64);
    }
}
