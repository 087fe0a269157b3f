//! A day of made-up rows: exact decimals of any length, NULLs, members that have no value.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use asof::config::Config;
use asof::metrics::cube::{Cube, Dimension, Group, Groups, Member};
use asof::metrics::{self, document::DayInput as Read};
use asof::model::definitions::TimeSpan;
use asof::model::manifest::DefinitionsDoc;
use asof::model::{Edition, Manifest, MetricsDoc, Number, Provenance};
use asof::ops::freeze;
use asof::plan::measures::{self, Fold, NEWEST};
use asof::view::{DayInput, DayPage};
use fastrand::Rng;

const CONFIG: &str = r#"
[source]
url = "sqlite:x.db"
time_zone = "UTC"
[archive]
dir = "snapshots"
[calendar]
time_zone = "UTC"
[events.e]
table = "e"
time = "at"
time_is = "utc"
[events.e.by]
hour = { time = "hour" }
a = "a"
b = "b"
l = { sql = "l", alone = true }
[metrics]
n      = { of = "e", count = true }
some   = { of = "e", count = true, where = "flag" }
never  = { of = "e", count = true, where = "false" }
total  = { of = "e", sum = "x", unit = "min" }
sixth  = { of = "e", sum = "x", divide = 60 }
picked = { of = "e", sum = "x", where = "flag", unit = "$" }
low    = { of = "e", min = "x" }
high   = { of = "e", max = "x", divide = 7 }
mean   = { of = "e", avg = "x", divide = 3, unit = "s" }
kinds  = { of = "e", distinct = "k", by = ["a"] }
part   = { ratio = ["some", "n"], unit = "%" }
each   = { ratio = ["total", "n"] }
odd    = { ratio = ["mean", "low"] }
none   = { ratio = ["total", "never"], unit = "%" }
apart  = { ratio = ["kinds", "n"] }
month  = { ratio = ["some", "n"], over = "30d" }
[[dashboard]]
show = ["n", "some", "never", "total", "sixth", "picked", "low", "high", "mean", "kinds", "part", "each", "odd", "none", "apart", "month"]
by = ["hour", "a", "b", "l"]
top = 3
"#;

/// A row. Members are places among [`Day::members`].
pub struct Row {
    pub members: [usize; 3],
    alone: usize,
    x: Option<Number>,
    flag: bool,
    kind: u8,
}

/// A day.
pub struct Day {
    pub rows: Vec<Row>,
    /// The keys of `a`, `b` and `hour`; `None` is NULL.
    pub members: [Vec<Option<String>>; 3],
    pub doc: MetricsDoc,
    pub page: Vec<u8>,
}

/// The dimensions that are crossed, as they are ordered in definitions.
pub const CROSSED: [&str; 3] = ["a", "b", "hour"];

impl Day {
    /// A day made by a seed.
    pub fn made(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let sizes = [rng.usize(1..9), rng.usize(1..6), rng.usize(1..160)];
        Self::sized(&mut rng, sizes)
    }

    /// A day with so many members of `a` and of `b`, and so many rows.
    pub fn sized(rng: &mut Rng, [of_a, of_b, rows]: [usize; 3]) -> Self {
        let keys = |letter: &str, count: usize| -> Vec<Option<String>> {
            (0..count).map(|at| Some(format!("{letter}{at:02}"))).chain([None]).collect()
        };
        let members = [keys("a", of_a), keys("~b,&=%", of_b), hours(rng)];
        let places = rng.u32(0..31);
        let rows: Vec<Row> = (0..rows).map(|_| row(rng, &members, places)).collect();
        let config = Config::parse(CONFIG, Path::new("asof.toml")).unwrap();
        let cube = cube(&rows, &members, &config);
        let fingerprints = DefinitionsDoc::of(&config.definitions);
        let manifest: Manifest = serde_json::from_str(include_str!("../sample/manifest.json")).unwrap();
        let doc = metrics::document(&Read {
            day: manifest.date,
            edition: Edition::FIRST,
            provenance: Provenance::Witnessed,
            definitions: &config.definitions,
            fingerprints: &fingerprints,
            presentation: &config.presentation,
            cubes: std::slice::from_ref(&cube),
            past: &[],
        });
        let page = DayPage::new(&DayInput {
            doc: &doc,
            manifest: &manifest,
            definitions: &config.definitions,
            layout: &freeze::layout(Some(&config), &doc, &config.definitions),
            remarks: &[],
            cubes: &[cube],
            grown: &[],
        });
        Self { page: page.to_bytes().unwrap(), rows, members, doc }
    }
}

fn hours(rng: &mut Rng) -> Vec<Option<String>> {
    (rng.u32(0..10)..rng.u32(11..24)).map(|hour| Some(format!("{hour:02}"))).collect()
}

fn row(rng: &mut Rng, members: &[Vec<Option<String>>; 3], places: u32) -> Row {
    let a = rng.usize(0..members[0].len());
    // The first member has nothing but NULLs; others have one now and then.
    let null = a == 0 || rng.u8(0..6) == 0;
    let digits = match rng.u8(0..4) {
        0 => i128::from(rng.i32(-1000..1000)),
        1 => i128::from(rng.i64(-(1 << 60)..1 << 60)),
        2 => rng.i128(-(10_i128.pow(30))..10_i128.pow(30)),
        _ => i128::from(rng.u8(..)) * 10_i128.pow(20),
    };
    Row {
        members: [a, rng.usize(0..members[1].len()), rng.usize(0..members[2].len())],
        alone: rng.usize(0..3),
        x: (!null).then(|| format!("{digits}e-{places}").parse().unwrap()),
        flag: rng.u8(0..3) == 0,
        kind: rng.u8(0..9),
    }
}

/// What SQL would give for a part of a metric, named as in a cube's file, over some rows.
pub fn part(column: &str, rows: &[&Row]) -> Option<Number> {
    let (metric, part) = column.split_once('.').unwrap_or(("", column));
    let counted = || {
        rows.iter().filter(|row| match metric {
            "some" | "picked" => row.flag,
            "never" => false,
            _ => true,
        })
    };
    let values = || counted().filter_map(|row| row.x.as_ref());
    let count = |count: usize| Some(Number::from(count as u64));
    match (metric, part) {
        ("mean", "count") => count(values().count()),
        (_, "rows" | "count") => count(counted().count()),
        (_, "sum") => (values().count() > 0).then(|| values().sum()),
        (_, "min") => values().min().cloned(),
        (_, "max") => values().max().cloned(),
        (_, "distinct") => count(counted().map(|row| row.kind).collect::<BTreeSet<_>>().len()),
        other => panic!("{other:?}"),
    }
}

fn cube(rows: &[Row], members: &[Vec<Option<String>>; 3], config: &Config) -> Cube {
    let aggregates =
        measures::aggregates(&config.definitions, config.sources.main().dialect(), "e", "at").unwrap();
    let value = |at: usize, rows: &[&Row]| {
        if at == NEWEST { None } else { part(&aggregates.list[at].column, rows) }
    };
    // Only members that occur are in a cube.
    let used: Vec<Vec<usize>> = (0..4)
        .map(|by| {
            let places = rows.iter().map(|row| if by == 3 { row.alone } else { row.members[by] });
            places.collect::<BTreeSet<_>>().into_iter().collect()
        })
        .collect();
    let grouped = |dimensions: &[usize], distinct: bool| {
        let mut groups: BTreeMap<Vec<u32>, Vec<&Row>> = BTreeMap::new();
        for row in rows {
            let place = |by: &usize| {
                let member = if *by == 3 { row.alone } else { row.members[*by] };
                u32::try_from(used[*by].iter().position(|used| *used == member).unwrap()).unwrap()
            };
            groups.entry(dimensions.iter().map(place).collect()).or_default().push(row);
        }
        let held: Vec<usize> = (0..aggregates.list.len())
            .filter(|at| (aggregates.list[*at].fold == Fold::Distinct) == distinct)
            .collect();
        let rows = groups.into_iter().map(|(members, rows)| Group {
            members: members.into(),
            values: held.iter().map(|at| value(*at, &rows)).collect(),
            newest: None,
        });
        Groups { dimensions: dimensions.to_vec(), rows: rows.collect(), aggregates: held, too_many: false }
    };
    let dimension = |by: usize, name: &str| Dimension {
        name: name.into(),
        span: (name == "hour").then_some(TimeSpan::Hour),
        alone: by == 3,
        members: used[by]
            .iter()
            .map(|at| Member {
                key: if by == 3 { Some(at.to_string()) } else { members[by][*at].clone() },
                label: None,
            })
            .collect(),
    };
    let groupings =
        vec![grouped(&[0, 1, 2], false), grouped(&[], true), grouped(&[0], true), grouped(&[3], false)];
    Cube {
        name: "e".into(),
        dimensions: CROSSED.iter().chain(&["l"]).enumerate().map(|(by, name)| dimension(by, name)).collect(),
        columns: aggregates.metrics.clone(),
        aggregates: aggregates.list,
        groupings,
        floats: BTreeSet::new(),
        keys: BTreeMap::new(),
        crossed: true,
        max_groups: 50_000,
    }
}
