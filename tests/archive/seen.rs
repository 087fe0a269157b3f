//! Distinct counts over time over archives with keys made by hand: what counts, what is left out,
//! what damage does, and that asking once or day by day gives the same.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use asof::archive::{Archive, Commit, Headline, SnapshotLine, keys};
use asof::metrics::Cube;
use asof::metrics::keys::Keys;
use asof::model::definitions::{Distinct, Measure, MetricDef};
use asof::model::manifest::DefinitionsDoc;
use asof::model::seen::{ApartDoc, BasisDoc, KeyId, KeysDoc, LeftOutDoc, SeenDoc};
use asof::model::{Day, Definitions, Digest, Fingerprint, Manifest};
use asof::ops::seen::{Recount, Seen, recount};
use proptest::prelude::*;

use super::{Fixture, PATIENCE, at, day, id, manifest, metrics_json};

/// What makes a day's keys: which definition, which hash key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Made {
    by: u8,
    with: u8,
}

const USUAL: Made = Made { by: 1, with: 1 };

impl Made {
    fn fingerprint(self) -> Fingerprint {
        Fingerprint(Digest::of(&[self.by]))
    }

    fn key(self) -> KeyId {
        KeyId::of(&[self.with])
    }

    fn doc(self) -> DefinitionsDoc {
        DefinitionsDoc {
            metrics: BTreeMap::from([("phones".to_owned(), self.fingerprint())]),
            ..manifest(id("2025-11-01"), at("2025-11-01T00:00:00Z")).definitions
        }
    }
}

/// Counts phones over time.
fn definitions() -> Definitions {
    let mut definitions = super::definitions("vicidial_log");
    let distinct = Distinct {
        of: "calls".into(),
        sql: "phone_number".into(),
        filter: None,
        by: Vec::new(),
        kind: None,
        cumulative: true,
    };
    let metric = MetricDef { measure: Measure::Distinct(distinct), over_days: None };
    definitions.metrics.insert("phones".into(), metric);
    definitions
}

/// Freezes an edition with these keys; `None` is a day that kept none.
fn freeze(archive: &Archive, name: &str, made: Made, hashes: Option<&[u64]>) -> SnapshotLine {
    let id = id(name);
    let now = at("2025-12-20T02:00:00Z");
    let mut staging = archive.stage(id).unwrap();
    staging.write("metrics.json", &metrics_json(id, 1)).unwrap();
    let mut manifest = Manifest { definitions: made.doc(), ..manifest(id, now) };
    if let Some(hashes) = hashes {
        let bytes = keys::encode(hashes);
        let file = keys::path_of("phones");
        staging.write(&file, &bytes).unwrap();
        let doc = KeysDoc { file, key: made.key(), count: bytes.len() as u64 / 8 };
        manifest.keys.insert("phones".into(), doc);
    }
    let sealed = staging.seal(manifest, &definitions()).unwrap();
    match archive.commit(sealed, &Headline::default(), PATIENCE, now).unwrap() {
        Commit::Done(line) => *line,
        Commit::Taken { .. } => panic!("{name} is taken"),
    }
}

fn cube(hashes: &[u64]) -> Cube {
    let keys = Keys { hashes: hashes.to_vec(), apart: ApartDoc::default() };
    Cube {
        name: "calls".into(),
        dimensions: Vec::new(),
        aggregates: Vec::new(),
        columns: BTreeMap::new(),
        groupings: Vec::new(),
        floats: BTreeSet::new(),
        keys: BTreeMap::from([("phones".to_owned(), keys)]),
        crossed: true,
        max_groups: 1,
    }
}

fn state(made: Made) -> Seen {
    Seen::new(&definitions(), &made.doc(), Some(made.key()))
}

/// The counts of a day with these keys, asked once.
fn counts(archive: &Archive, name: &str, made: Made, hashes: &[u64]) -> (SeenDoc, Vec<String>) {
    let mut seen = state(made);
    seen.catch_up(archive, &archive.history().unwrap(), day(name)).unwrap();
    let counts = seen.count(&[cube(hashes)], day(name));
    assert_eq!(counts.key, Some(made.key()));
    (counts.metrics["phones"].clone(), counts.damaged)
}

fn doc(
    unique: u64,
    new: u64,
    cumulative: u64,
    (since, days, gaps): (&str, u32, u32),
    left_out: &[(u32, &str)],
) -> SeenDoc {
    let left_out =
        left_out.iter().map(|(days, reason)| LeftOutDoc { days: *days, reason: (*reason).to_owned() });
    let basis = BasisDoc { since: day(since), days, gaps, left_out: left_out.collect() };
    SeenDoc { unique, new: Some(new), cumulative: Some(cumulative), reason: None, basis }
}

#[test]
fn new_keys_are_those_of_no_earlier_day() {
    let fixture = Fixture::new();
    let archive = &fixture.archive;
    let of = |name: &str, hashes: &[u64]| counts(archive, name, USUAL, hashes);
    assert_eq!(of("2025-11-05", &[1, 2, 3]), (doc(3, 3, 3, ("2025-11-05", 1, 0), &[]), vec![]));
    freeze(archive, "2025-11-05", USUAL, Some(&[1, 2, 3]));
    assert_eq!(of("2025-11-06", &[2, 3, 4]), (doc(3, 1, 4, ("2025-11-05", 2, 0), &[]), vec![]));
    freeze(archive, "2025-11-06", USUAL, Some(&[2, 3, 4]));
    // Two days were not captured; one had nothing.
    freeze(archive, "2025-11-09", USUAL, Some(&[]));
    assert_eq!(of("2025-11-10", &[]), (doc(0, 0, 4, ("2025-11-05", 4, 2), &[]), vec![]));
    // A later edition takes the place of the earlier one.
    freeze(archive, "2025-11-05@2", USUAL, Some(&[1]));
    assert_eq!(of("2025-11-10", &[3, 4, 5]), (doc(3, 1, 5, ("2025-11-05", 4, 2), &[]), vec![]));
    // Later days and the day itself count for nothing.
    assert_eq!(of("2025-11-05", &[1, 2]), (doc(2, 2, 2, ("2025-11-05", 1, 0), &[]), vec![]));
}

#[test]
fn days_that_counted_otherwise_are_left_out_with_the_reason() {
    let fixture = Fixture::new();
    let archive = &fixture.archive;
    freeze(archive, "2025-11-07", USUAL, Some(&[9]));
    super::freeze(archive, "2025-11-01", 5, "2025-12-20T02:00:00Z");
    super::freeze(archive, "2025-11-02", 5, "2025-12-20T02:00:00Z");
    freeze(archive, "2025-11-03", USUAL, None);
    freeze(archive, "2025-11-04", Made { by: 2, ..USUAL }, Some(&[1, 2]));
    freeze(archive, "2025-11-05", USUAL, Some(&[1, 2, 3]));
    freeze(archive, "2025-11-06", Made { with: 2, ..USUAL }, Some(&[1, 2, 3, 4]));
    fs::remove_dir_all(fixture.dir().join("2025-11-07")).unwrap();
    let left_out = [
        (2, "not defined then"),
        (1, "defined otherwise then"),
        (1, "no keys were kept"),
        (1, "hashed with another key"),
        (1, "its folder is missing"),
    ];
    assert_eq!(
        counts(archive, "2025-11-08", USUAL, &[3, 4]),
        (doc(2, 1, 4, ("2025-11-05", 2, 2), &left_out), vec![])
    );
}

#[test]
fn a_damaged_day_is_left_out_and_said() {
    for (file, how) in [
        ("seen/phones.keys", "remove"),
        ("seen/phones.keys", "flip"),
        ("seen/phones.keys", "cut"),
        ("manifest.json", "cut"),
    ] {
        let fixture = Fixture::new();
        let archive = &fixture.archive;
        freeze(archive, "2025-11-04", USUAL, Some(&[1, 2]));
        freeze(archive, "2025-11-05", USUAL, Some(&[2, 3, 1 << 60]));
        freeze(archive, "2025-11-06", USUAL, Some(&[3, 4]));
        let path = fixture.dir().join("2025-11-05").join(file);
        let mut bytes = fs::read(&path).unwrap();
        match how {
            "remove" => fs::remove_file(&path).unwrap(),
            "cut" => fs::write(&path, &bytes[..bytes.len() - 8]).unwrap(),
            _ => {
                *bytes.last_mut().unwrap() ^= 1;
                fs::write(&path, &bytes).unwrap();
            }
        }
        let expected = doc(3, 2, 6, ("2025-11-04", 3, 1), &[(1, "damaged")]);
        let (found, said) = counts(archive, "2025-11-07", USUAL, &[1, 5, 6]);
        assert_eq!(found, expected, "{file} {how}");
        let [said] = said.as_slice() else { panic!("{file} {how}: {said:?}") };
        assert!(said.starts_with("2025-11-05 is left out of the distinct counts over time: "), "{said}");
        assert!(said.contains(file), "{said}");

        let Recount { metrics, damaged } =
            recount(archive, &archive.history().unwrap(), &["phones"]).unwrap();
        let expected = BTreeMap::from([
            (day("2025-11-04"), doc(2, 2, 2, ("2025-11-04", 1, 0), &[])),
            (day("2025-11-06"), doc(2, 2, 4, ("2025-11-04", 2, 1), &[(1, "damaged")])),
        ]);
        assert_eq!(metrics["phones"], expected);
        assert_eq!(&damaged, std::slice::from_ref(said));
    }
}

#[test]
fn what_is_lost_between_two_looks_is_left_out_of_both_counts() {
    let fixture = Fixture::new();
    let archive = &fixture.archive;
    freeze(archive, "2025-11-04", USUAL, Some(&[1, 2]));
    freeze(archive, "2025-11-05", USUAL, Some(&[2, 3]));
    let mut seen = state(USUAL);
    seen.catch_up(archive, &archive.history().unwrap(), day("2025-11-06")).unwrap();
    fs::remove_file(fixture.dir().join("2025-11-05/seen/phones.keys")).unwrap();
    let counts = seen.count(&[cube(&[2, 3])], day("2025-11-06"));
    assert_eq!(counts.metrics["phones"], doc(2, 1, 3, ("2025-11-04", 2, 1), &[(1, "damaged")]));
    assert_eq!(counts.damaged.len(), 1);
    // It is said once.
    assert_eq!(seen.count(&[cube(&[2, 3])], day("2025-11-06")).damaged.len(), 0);
}

#[test]
fn a_day_inserted_before_others_shows_when_they_are_counted_again() {
    let fixture = Fixture::new();
    let archive = &fixture.archive;
    freeze(archive, "2025-11-05", USUAL, Some(&[1, 2]));
    freeze(archive, "2025-11-06", USUAL, Some(&[2, 3]));
    let again = || recount(archive, &archive.history().unwrap(), &["phones", "other"]).unwrap();
    let before = again().metrics;
    assert_eq!(before["phones"][&day("2025-11-06")], doc(2, 1, 3, ("2025-11-05", 2, 0), &[]));
    assert!(before["other"].is_empty());
    freeze(archive, "2025-11-03", USUAL, Some(&[3, 4]));
    let phones = again().metrics["phones"].clone();
    assert_eq!(phones[&day("2025-11-03")], doc(2, 2, 2, ("2025-11-03", 1, 0), &[]));
    assert_eq!(phones[&day("2025-11-05")], doc(2, 2, 4, ("2025-11-03", 2, 1), &[]));
    assert_eq!(phones[&day("2025-11-06")], doc(2, 0, 4, ("2025-11-03", 3, 1), &[]));
    // Under another hash key the count begins anew, and leaves the others as they are.
    freeze(archive, "2025-11-04", Made { with: 2, ..USUAL }, Some(&[3, 4]));
    let phones = again().metrics["phones"].clone();
    let other = doc(2, 2, 2, ("2025-11-04", 1, 0), &[(1, "hashed with another key")]);
    assert_eq!(phones[&day("2025-11-04")], other);
    let later = doc(2, 0, 4, ("2025-11-03", 3, 1), &[(1, "hashed with another key")]);
    assert_eq!(phones[&day("2025-11-06")], later);
}

/// What happens to an archive, one thing after the other.
#[derive(Clone, Debug)]
enum Step {
    /// This day of the month gets its next edition with these keys.
    Freeze { day: u8, made: Made, keys: Option<BTreeSet<u64>> },
    /// The run goes on to this day, counts it and freezes it.
    Count { day: u8, keys: BTreeSet<u64> },
}

fn step() -> impl Strategy<Value = Step> {
    let keys = || proptest::collection::btree_set(0_u64..30, 0..10);
    let made = prop_oneof![4 => Just(USUAL), 1 => Just(Made { by: 2, ..USUAL }), 1 => Just(Made { with: 2, ..USUAL })];
    prop_oneof![
        (1_u8..12, made, proptest::option::weighted(0.9, keys()))
            .prop_map(|(day, made, keys)| Step::Freeze { day, made, keys }),
        (1_u8..12, keys()).prop_map(|(day, keys)| Step::Count { day, keys }),
    ]
}

/// The latest edition of each day, as sets.
type Model = BTreeMap<Day, (Made, Option<BTreeSet<u64>>)>;

fn expected(model: &Model, day: Day, made: Made, keys: &BTreeSet<u64>) -> (u64, u64) {
    let earlier = model.range(..day).filter(|(_, (by, _))| *by == made);
    let before: BTreeSet<u64> = earlier.filter_map(|(_, (_, keys))| keys.clone()).flatten().collect();
    (keys.difference(&before).count() as u64, before.union(keys).count() as u64)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn one_state_over_all_days_gives_what_a_fresh_one_gives(steps in proptest::collection::vec(step(), 1..14)) {
        let fixture = Fixture::new();
        let archive = &fixture.archive;
        let mut model = Model::new();
        let mut editions: BTreeMap<u8, u32> = BTreeMap::new();
        let mut name = |day: u8| {
            let edition = editions.entry(day).or_insert(0);
            *edition += 1;
            let suffix = if *edition == 1 { String::new() } else { format!("@{edition}") };
            format!("2025-11-{day:02}{suffix}")
        };
        let mut seen = state(USUAL);
        for step in steps {
            match step {
                Step::Freeze { day: number, made, keys } => {
                    let hashes: Option<Vec<u64>> = keys.as_ref().map(|keys| keys.iter().copied().collect());
                    freeze(archive, &name(number), made, hashes.as_deref());
                    model.insert(day(&format!("2025-11-{number:02}")), (made, keys));
                }
                Step::Count { day: number, keys } => {
                    let date = format!("2025-11-{number:02}");
                    let hashes: Vec<u64> = keys.iter().copied().collect();
                    seen.catch_up(archive, &archive.history().unwrap(), day(&date)).unwrap();
                    let going_on = seen.count(&[cube(&hashes)], day(&date));
                    let (fresh, _) = counts(archive, &date, USUAL, &hashes);
                    prop_assert_eq!(&going_on.metrics["phones"], &fresh);
                    let (new, cumulative) = expected(&model, day(&date), USUAL, &keys);
                    prop_assert_eq!((fresh.new, fresh.cumulative), (Some(new), Some(cumulative)));
                    let line = freeze(archive, &name(number), USUAL, Some(&hashes));
                    seen.advance(archive, &line, &going_on);
                    model.insert(day(&date), (USUAL, Some(keys)));
                }
            }
        }
        let again = recount(archive, &archive.history().unwrap(), &["phones"]).unwrap();
        for (day, (made, keys)) in &model {
            let found = again.metrics["phones"].get(day);
            prop_assert_eq!(found.is_some(), keys.is_some());
            if let (Some(found), Some(keys)) = (found, keys) {
                let (new, cumulative) = expected(&model, *day, *made, keys);
                prop_assert_eq!((found.new, found.cumulative), (Some(new), Some(cumulative)));
                prop_assert_eq!(found.unique, keys.len() as u64);
            }
        }
    }
}
