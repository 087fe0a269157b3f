//! Laws that hold for the plans of whatever definitions there are.

use std::collections::BTreeMap;

use chrono::{NaiveTime, TimeDelta};
use proptest::prelude::*;

use super::expand::Names;
use super::measures::MetricColumns;
use super::{Grouping, Plan, Query};
use crate::calendar::Calendar;
use crate::config::CalendarSettings;
use crate::model::Value;
use crate::model::definitions::{
    Aggregate, CalendarDef, Count, Definitions, Dialect, DimensionDef, DimensionOf, Distinct, EventsDef,
    FORMAT, From, KeyKind, Measure, MetricDef, SourceDef, TimeIs, TimeSpan, placeholders,
};

/// Expressions with all that could be mistaken for something else in them.
const EXPRESSIONS: [&str; 10] = [
    "status",
    "status in {one}",
    "status in {two} or status not in {none}",
    "a = '?' and b like '%?%'",
    "concat('{', a, '}') -- what's {this?\n",
    "a -- isn't it?",
    "a /* ? ' */ + 1",
    "m = '10:30' or m = ':x'",
    "case when a in {one} then \"it's\" else 'say \"?\"' end",
    "`odd ? name`",
];

fn dialect() -> impl Strategy<Value = Dialect> {
    prop::sample::select(vec![Dialect::Mysql, Dialect::Sqlite, Dialect::Postgres])
}

fn time_is() -> impl Strategy<Value = TimeIs> {
    prop::sample::select(vec![TimeIs::Local, TimeIs::Utc, TimeIs::Epoch, TimeIs::Instant])
}

fn expression() -> impl Strategy<Value = String> {
    prop::sample::select(EXPRESSIONS.to_vec()).prop_map(str::to_owned)
}

fn from() -> impl Strategy<Value = From> {
    prop::sample::select(vec![
        From::Table("calls".into()),
        From::Sql("select * from calls where {window} and a in {two} -- that's all?".into()),
        From::Sql(
            "select * from a where {window} union all select * from b where at >= {start} and at < {end}"
                .into(),
        ),
    ])
}

fn dimension() -> impl Strategy<Value = DimensionDef> {
    let span = prop::sample::select(vec![TimeSpan::Hour, TimeSpan::HalfHour, TimeSpan::QuarterHour]);
    let of = prop_oneof![span.prop_map(DimensionOf::Time), expression().prop_map(DimensionOf::Sql)];
    let labels = prop::option::of(Just("select k, n from names where k in {one} -- isn't it?".to_owned()));
    (of, labels, any::<bool>()).prop_map(|(of, labels, alone)| DimensionDef { of, labels, alone })
}

fn measure(by: &[String]) -> impl Strategy<Value = Measure> + use<> {
    let by = prop::sample::subsequence(by.to_vec(), 0..=by.len());
    let keyed = (prop::option::of(Just(KeyKind::Phone)), any::<bool>());
    (0..7, expression(), prop::option::of(expression()), by, keyed).prop_map(
        |(kind, sql, filter, by, (as_kind, cumulative))| {
            let of = "calls".to_owned();
            let aggregate =
                || Aggregate { of: of.clone(), sql: sql.clone(), filter: filter.clone(), divide: None };
            match kind {
                0 => Measure::Count(Count { of, filter }),
                1 => Measure::Sum(aggregate()),
                2 => Measure::Min(aggregate()),
                3 => Measure::Max(aggregate()),
                4 => Measure::Avg(aggregate()),
                5 => Measure::Distinct(Distinct { of, sql, filter, by, kind: None, cumulative: false }),
                _ => Measure::Distinct(Distinct { of, sql, filter, by, kind: as_kind, cumulative }),
            }
        },
    )
}

fn definitions() -> impl Strategy<Value = Definitions> {
    let dimensions = prop::collection::vec(dimension(), 0..5);
    dimensions.prop_flat_map(|dimensions| {
        let names: Vec<String> = (0..dimensions.len()).map(|at| format!("d{at}")).collect();
        let by: BTreeMap<String, DimensionDef> = names.iter().cloned().zip(dimensions).collect();
        let metrics = prop::collection::vec(measure(&names), 0..6);
        (Just(by), metrics, dialect(), time_is(), from()).prop_map(|(by, metrics, dialect, time_is, from)| {
            let events = EventsDef { source: None, from, time: "at".into(), time_is, staged: false, by };
            let metric = |(at, measure)| (format!("m{at}"), MetricDef { measure, over_days: None });
            Definitions {
                format: FORMAT.into(),
                calendar: CalendarDef { time_zone: "Asia/Kolkata".into(), day_starts_at: "00:00:00".into() },
                source: SourceDef { dialect, time_zone: "America/Chicago".into(), tables: BTreeMap::new() },
                sources: BTreeMap::new(),
                lookups: BTreeMap::new(),
                lists: lists(),
                events: [("calls".to_owned(), events)].into(),
                metrics: metrics.into_iter().enumerate().map(metric).collect(),
            }
        })
    })
}

fn lists() -> BTreeMap<String, Vec<String>> {
    let list = |items: &[&str]| items.iter().map(|item| (*item).to_owned()).collect();
    [
        ("none".to_owned(), Vec::new()),
        ("one".to_owned(), list(&["SALE"])),
        ("two".to_owned(), list(&["it's ?", "{one}"])),
    ]
    .into()
}

/// The `?` that a database takes for a bound value: those outside of quotes and comments.
fn marks(sql: &str) -> usize {
    let (mut marks, mut rest) = (0, sql);
    while let Some(letter) = rest.chars().next() {
        let after = &rest[letter.len_utf8()..];
        let until = |end: &str| after.find(end).map_or("", |at| &after[at + end.len()..]);
        rest = match letter {
            '\'' | '"' | '`' => until(letter.encode_utf8(&mut [0; 4])),
            '-' if after.starts_with('-') => until("\n"),
            '/' if after.starts_with('*') => until("*/"),
            '?' => {
                marks += 1;
                after
            }
            _ => after,
        };
    }
    marks
}

fn plan(definitions: &Definitions, day: &str) -> Plan {
    let calendar = Calendar::new(CalendarSettings {
        time_zone: chrono_tz::Asia::Kolkata,
        day_starts_at: NaiveTime::MIN,
        final_after: TimeDelta::hours(2),
    });
    Plan::new(definitions, calendar.window(day.parse().unwrap()).unwrap(), None, |_| 9).unwrap()
}

proptest! {
    #[test]
    fn every_mark_has_its_value(definitions in definitions(), change in any::<bool>()) {
        let plan = plan(&definitions, if change { "2025-11-02" } else { "2025-11-06" });
        let events = &plan.events[0];
        let mut queries: Vec<&Query> = vec![&events.crossed.query, &events.alone.query, &events.times];
        queries.extend(plan.labels(None));
        queries.extend(&events.unreadable);
        for query in queries {
            prop_assert_eq!(marks(&query.sql), query.params.len(), "{}", query.sql);
        }
    }

    /// However the rows are grouped, every additive aggregate is there for each dimension and
    /// in total, and no aggregate is in a grouping from which it could not be told.
    #[test]
    fn every_breakdown_has_a_grouping(definitions in definitions()) {
        let plan = plan(&definitions, "2025-11-06");
        let events = &plan.events[0];
        let additive: Vec<usize> = (0..events.aggregates.list.len())
            .filter(|at| events.aggregates.list[*at].fold != super::measures::Fold::Distinct)
            .collect();
        for statement in [&events.crossed, &events.alone] {
            for at in 0..events.dimensions.len() {
                let mut holding = statement.groupings.iter().filter(|one| one.dimensions.contains(&at));
                let whole = holding.any(|one| additive.iter().all(|place| one.aggregates.contains(place)));
                prop_assert!(whole, "dimension {}", at);
            }
            // What asof counts itself it reads in total and by each dimension that is asked for.
            for (at, keyed) in events.keyed.iter().enumerate() {
                let own = statement.keyed.iter().filter(|one| one.keyed == at).map(|one| one.dimension);
                let expected: Vec<Option<usize>> = keyed.by.iter().map(|by| Some(*by)).collect();
                prop_assert_eq!(own.collect::<Vec<_>>(), if expected.is_empty() { vec![None] } else { expected });
                let asked = |one: &Grouping| one.aggregates.contains(&keyed.aggregate);
                let whole = |one: &Grouping| one.dimensions.is_empty() || keyed.kind.is_some();
                prop_assert!(!statement.groupings.iter().any(|one| asked(one) && whole(one)));
                let others = events.aggregates.metrics.values();
                prop_assert_eq!(others.filter(|other| **other == MetricColumns::Distinct(keyed.aggregate)).count(), 1);
            }
            let first = &statement.groupings[0];
            prop_assert!(additive.iter().all(|one| first.aggregates.contains(one)));
            for (at, other) in statement.groupings.iter().enumerate() {
                prop_assert!(statement.groupings[at + 1..].iter().all(|one| one.dimensions != other.dimensions));
            }
        }
    }

    /// Filling in is total: every name in braces is replaced where it stands, and all else stays.
    #[test]
    fn filling_in_leaves_all_else_as_it_is(parts in prop::collection::vec("[ -~é]{0,9}", 1..6), dialect in dialect()) {
        let lists = lists();
        let names = Names { dialect, lists: &lists, window: None, tenant: None, lookups: None };
        let plain: Vec<String> = parts.iter().map(|part| part.replace(['{', '}'], "")).collect();
        let filled = names.fill(&plain.join("{two}")).unwrap();
        prop_assert_eq!(&filled.text, &plain.join("(?, ?)"));
        prop_assert_eq!(filled.params.len(), 2 * (plain.len() - 1));
        let two = [Value::text("it's ?"), Value::text("{one}")];
        prop_assert!(filled.params.chunks(2).all(|pair| pair == two));
        // With any braces at all it is filled or refused, and what is refused is named in it.
        match names.fill(&parts.concat()) {
            Ok(_) => prop_assert!(placeholders(&parts.concat()).iter().all(|name| lists.contains_key(*name))),
            Err(error) => {
                let braced = format!("{{{}}}", error.name);
                prop_assert!(parts.concat().contains(&braced));
            }
        }
    }
}
