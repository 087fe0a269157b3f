//! Cases and laws of growth.

use std::collections::BTreeMap;
use std::convert::Infallible;

use arrow_array::{Int64Array, StringArray};
use proptest::prelude::*;

use super::{Asked, Compared, Grown, Parts, Piece, grow, percentage};

type Row = (Option<i64>, Option<&'static str>);
type Look = BTreeMap<String, Row>;

fn pieces(look: &Look, size: usize) -> Vec<Result<Piece, Infallible>> {
    let rows: Vec<_> = look.iter().collect();
    let piece = |rows: &[(&String, &Row)]| Piece {
        keys: rows.iter().map(|(key, _)| Some(key.as_str())).collect::<StringArray>(),
        labels: None,
        counters: vec![Some(rows.iter().map(|(_, row)| row.0).collect::<Int64Array>())],
        group: Some(rows.iter().map(|(_, row)| row.1).collect::<StringArray>()),
        filters: Vec::new(),
        only: None,
    };
    rows.chunks(size).map(|rows| Ok(piece(rows))).collect()
}

fn grown(new: &Look, old: &Look, not_due: (&[&str], &[&str])) -> Grown {
    let owned = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect();
    let asked = Asked { counters: vec![("views".to_owned(), Compared::Both)], top: 2, grouped: true };
    let (new, old) = (pieces(new, 2).into_iter(), pieces(old, 3).into_iter());
    grow(new, old, (&owned(not_due.0), &owned(not_due.1)), &asked).unwrap()
}

fn look(rows: &[(&str, Option<i64>)]) -> Look {
    rows.iter().map(|(key, views)| ((*key).to_owned(), (*views, Some("u")))).collect()
}

#[test]
fn every_entity_is_in_one_part() {
    let old =
        look(&[("a", Some(10)), ("b", Some(5)), ("c", Some(7)), ("d", None), ("e", Some(3)), ("g", Some(1))]);
    let new =
        look(&[("a", Some(30)), ("b", Some(2)), ("d", Some(9)), ("e", None), ("f", Some(4)), ("h", Some(8))]);
    let grown = grown(&new, &old, (&["g"], &["h"]));
    let parts = Parts { matched: 4, appeared: 1, disappeared: 1, decreased: 1, not_due: 2, unknown: 2 };
    assert_eq!(grown.parts, parts);
    let sums = grown.counters["views"];
    // 30 + 2 and what appeared, 4, against 10 + 5 and what disappeared, 7.
    assert_eq!((sums.current, sums.previous, sums.growth()), (36, 22, Some(14)));
    assert_eq!((sums.appeared, sums.disappeared, sums.decreased, sums.unknown), (4, 7, 1, 2));
    assert_eq!(sums.percentage().unwrap().to_string(), "63.64");
    let top: Vec<(&str, i128)> =
        grown.top["views"].iter().map(|mover| (mover.key.as_str(), mover.growth())).collect();
    assert_eq!(top, [("a", 20), ("b", -3)]);
}

#[test]
fn percentages_have_two_decimals_half_to_even_and_none_of_nothing() {
    for (current, previous, expected) in [
        (150_000, 142_000, Some("5.63")),
        (3, 8, Some("-62.50")),
        (5, 0, None),
        (0, 0, None),
        (100_125, 100_000, Some("0.12")),
        (100_135, 100_000, Some("0.14")),
        (-5, -10, Some("50.00")),
    ] {
        let found = percentage(current, previous).map(|percentage| percentage.to_string());
        assert_eq!(found.as_deref(), expected, "{previous} to {current}");
    }
}

fn any_look() -> impl Strategy<Value = Look> {
    let row = (
        proptest::option::weighted(0.8, -5_i64..50),
        proptest::option::of(prop_oneof![Just("x"), Just("y")]),
    );
    proptest::collection::btree_map("[a-e][a-b]?", row, 0..10)
}

proptest! {
    #[test]
    fn groups_add_up_and_no_entity_is_lost(new in any_look(), old in any_look()) {
        let grown = grown(&new, &old, (&[], &[]));
        let keys: std::collections::BTreeSet<&String> = new.keys().chain(old.keys()).collect();
        let parts = grown.parts;
        prop_assert_eq!(parts.matched + parts.appeared + parts.disappeared, keys.len() as u64);
        let total = grown.counters["views"];
        let sum = |of: fn(&super::Sums) -> i128| grown.groups.values().map(|sums| of(&sums[0])).sum::<i128>();
        prop_assert_eq!(sum(|sums| sums.current), total.current);
        prop_assert_eq!(sum(|sums| sums.previous), total.previous);
        // The same, reckoned key by key.
        let value = |look: &Look, key: &String| look.get(key).map(|row| row.0);
        let (mut growth, mut rows) = (0_i128, 0);
        for key in &keys {
            growth += match (value(&new, key), value(&old, key)) {
                (Some(Some(new)), Some(Some(old))) => i128::from(new) - i128::from(old),
                (Some(Some(new)), None) => i128::from(new),
                (None, Some(Some(old))) => -i128::from(old),
                _ => {
                    rows -= 1;
                    0
                }
            };
            rows += 1;
        }
        // Rows of which none is known sum up to nothing that is known.
        prop_assert_eq!(total.growth(), (rows > 0 || keys.is_empty()).then_some(growth));
    }

    #[test]
    fn runs_of_matches_add_up_as_rows_do_one_by_one(
        rows in proptest::collection::vec((0..20_u8, -9..9_i64, -9..9_i64), 0..60),
        known in any::<bool>(),
        sizes in (1..40_usize, 1..40_usize),
        top in 0..5_usize,
    ) {
        let side = |newer: bool| -> Look {
            let rows = rows.iter().enumerate().filter(|(_, (kind, ..))| *kind != u8::from(newer));
            let value = |kind: u8, value: i64| (known || kind != 2).then_some(value);
            rows.map(|(at, (kind, now, then))| {
                (format!("{at:03}"), (value(*kind, if newer { *now } else { *then }), Some("u")))
            }).collect()
        };
        let grown = |grouped: bool| {
            let asked = Asked { counters: vec![("views".to_owned(), Compared::Both)], top, grouped };
            let (new, old) = (pieces(&side(true), sizes.0).into_iter(), pieces(&side(false), sizes.1).into_iter());
            grow(new, old, (&Vec::new(), &Vec::new()), &asked).unwrap()
        };
        // Where groups are told, each row is looked at alone.
        let alone = Grown { groups: BTreeMap::new(), ..grown(true) };
        prop_assert_eq!(grown(false), alone);
    }

    #[test]
    fn growth_back_is_the_negative(new in any_look(), old in any_look()) {
        let there = grown(&new, &old, (&[], &[])).counters["views"].growth();
        let back = grown(&old, &new, (&[], &[])).counters["views"].growth();
        prop_assert_eq!(there, back.map(|back| -back));
    }
}
