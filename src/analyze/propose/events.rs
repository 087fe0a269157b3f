//! A table of events: where its rows come from, what they are broken down by, and what is counted.

use super::column::{Kind, is_id, is_mean, is_personal, is_prose, is_usable, kind, unit, words};
use super::name::Names;
use super::table::key;
use super::time::When;
use super::{Dimension, Events, Looked, Metric, Rows, SampleFacts};
use crate::model::definitions::Dialect;
use crate::plan::sample::{self, identifier};
use crate::source::ColumnFacts;

/// How many groups the crossed dimensions of a day may have by a rough guess.
const MOST_GROUPS: u64 = 30_000;
/// How many different values a dimension may have that is crossed with others.
const FEW: u64 = 50;
/// How many it may have to be proposed at all.
const MANY: u64 = 500;
/// How many dimensions are taken at most, and how many numbers.
const MOST_BY: usize = 10;
const MOST_NUMBERS: usize = 12;
/// What a time is called whose own name can't stand in `time`.
const HAPPENED: &str = "happened_at";

pub(super) fn events(dialect: Dialect, looked: &Looked, when: &When, name: String, taken: bool) -> Events {
    let facts = &looked.facts;
    let mut why = vec![match facts.rows {
        Some(rows) => format!("{:?}: events. {}. About {rows} rows.", facts.full_name(), when.why),
        None => format!("{:?}: events. {}.", facts.full_name(), when.why),
    }];
    if facts.key.is_empty() && !facts.view {
        why.push("It has no key: a row that is there twice counts twice.".to_owned());
    }
    if !when.indexed {
        why.push("No index begins with the time, so that every save reads all rows.".to_owned());
    }
    if looked.sample.rows == 0 {
        why.push("No row was seen in it, so it could not be told what it can be broken down by.".to_owned());
    }
    let (rows, time) = rows(dialect, looked, when, &mut why);
    Events {
        name,
        taken,
        why,
        rows,
        time,
        time_is: when.time_is,
        by: dimensions(dialect, looked, when),
        metrics: metrics(dialect, looked, when),
    }
}

/// Where the rows come from, and what their time is called there.
fn rows(dialect: Dialect, looked: &Looked, when: &When, why: &mut Vec<String>) -> (Rows, String) {
    let facts = &looked.facts;
    let plain = |name: &str| name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '$'));
    let table = |name: &str| sample::table(dialect, facts.schema.as_deref(), name);
    let time = if plain(&when.column) { when.column.clone() } else { HAPPENED.to_owned() };
    // A time whose name has blanks is given another one before it is compared.
    let renamed = |table: &str| {
        if time == when.column {
            table.to_owned()
        } else {
            format!("(select t.*, t.{} as {HAPPENED} from {table} as t)", identifier(dialect, &when.column))
        }
    };
    let Some(archive) = looked.archive.as_deref() else {
        let dotted = facts.schema.iter().chain([&facts.name]).any(|part| part.contains('.'));
        if time == when.column && !dotted {
            return (Rows::Table(facts.full_name()), time);
        }
        let sql = format!("select * from {} as events where {{window}}", renamed(&table(&facts.name)));
        return (Rows::Sql(sql), time);
    };
    why.push(format!(
        "Rows that are only in {archive:?} count too: it has the same columns. The row here wins where both have its key."
    ));
    let keys: Vec<String> = facts.key.iter().map(|key| identifier(dialect, key)).collect();
    let same: Vec<String> = keys.iter().map(|key| format!("live.{key} = old.{key}")).collect();
    let (live, old) = (table(&facts.name), table(archive));
    let sql = format!(
        "select * from {} as events where {{window}}\nunion all\nselect old.*\nfrom (select * from {} as events where {{window}}) as old\n\
         left join {live} as live on {}\nwhere live.{} is null",
        renamed(&live),
        renamed(&old),
        same.join(" and "),
        keys.first().map_or("", String::as_str),
    );
    (Rows::Sql(sql), time)
}

/// Whether all values of a column are numbers, as far as was seen.
pub(super) fn are_numbers(dialect: Dialect, column: &ColumnFacts, sample: &SampleFacts) -> bool {
    let seen = sample.columns.get(&column.name);
    let all = seen.and_then(|seen| Some(seen.numbers? == seen.filled && seen.filled > 0));
    match kind(dialect, &column.kind) {
        Kind::Integer { .. } | Kind::Decimal | Kind::Float => all.unwrap_or(true) || sample.rows == 0,
        Kind::Unknown => all.unwrap_or(false),
        _ => false,
    }
}

/// What is grouped by: texts and codes with few different values.
fn dimensions(dialect: Dialect, looked: &Looked, when: &When) -> Vec<Dimension> {
    let (facts, sample) = (&looked.facts, &looked.sample);
    let mut found: Vec<(u64, &ColumnFacts, u64)> = Vec::new();
    for column in facts.columns.iter().filter(|column| is_usable(&column.name)) {
        let Some(seen) = sample.columns.get(&column.name) else { continue };
        let words = words(&column.name);
        let groups = match kind(dialect, &column.kind) {
            Kind::Text | Kind::Flag => true,
            Kind::Integer { .. } => is_id(&words),
            Kind::Unknown => is_id(&words) || !are_numbers(dialect, column, sample),
            _ => false,
        };
        let is_key = key(facts) == Some(&column.name) || column.unique;
        let is_time = super::time::when(dialect, column, sample).is_some();
        let told_apart = (2..=MANY).contains(&seen.distinct) && seen.distinct * 2 <= seen.filled;
        let few = seen.distinct <= FEW || seen.distinct * 10 <= seen.filled;
        if groups
            && told_apart
            && few
            && !is_key
            && !is_time
            && !is_personal(&words)
            && !is_prose(&words)
            && column.name != when.column
        {
            found.push((seen.distinct, column, seen.filled));
        }
    }
    // The fewer the values, the more of them can be crossed.
    found.sort_by_key(|(distinct, ..)| *distinct);
    let mut names = Names::but(&["grouping", "rows", "newest"]);
    let mut by = Vec::new();
    let mut groups = 1;
    if when.hours {
        groups = 25;
        let (name, why) = (names.take("hour"), String::new());
        by.push(Dimension { name, sql: None, alone: false, taken: true, why });
    }
    for (distinct, column, filled) in found {
        let all = groups * (distinct + 1);
        let alone = distinct > FEW || all > MOST_GROUPS;
        if !alone {
            groups = all;
        }
        let empty = if filled < sample.rows { ", and empty ones" } else { "" };
        let many = if alone { ": counted by itself" } else { "" };
        by.push(Dimension {
            name: names.take(dimension_name(&column.name)),
            sql: Some(identifier(dialect, &column.name)),
            alone,
            taken: by.len() < MOST_BY,
            why: format!("{distinct} different values{empty} among {}{many}", of_rows(sample)),
        });
    }
    by
}

/// `campaign_id` is about campaigns.
fn dimension_name(column: &str) -> &str {
    ["_id", "_ID", "Id"]
        .iter()
        .find_map(|end| column.strip_suffix(end))
        .filter(|stem| !stem.is_empty())
        .unwrap_or(column)
}

/// What a sample is made of.
fn of_rows(sample: &SampleFacts) -> String {
    match (&sample.newest_by, sample.rows) {
        (Some(_), rows) => format!("the newest {rows} rows"),
        (None, rows) => format!("{rows} rows"),
    }
}

/// What is counted: rows, sums and means of numbers, and, as comments, different ids.
fn metrics(dialect: Dialect, looked: &Looked, when: &When) -> Vec<Metric> {
    let (facts, sample) = (&looked.facts, &looked.sample);
    let metric = |column: &ColumnFacts| Metric {
        name: column.name.clone(),
        kind: "sum",
        sql: Some(identifier(dialect, &column.name)),
        unit: None,
        taken: false,
        why: String::new(),
    };
    let mut metrics = vec![Metric {
        name: String::new(),
        kind: "count",
        sql: None,
        unit: None,
        taken: true,
        why: "how many rows".to_owned(),
    }];
    let mut distinct = Vec::new();
    for column in facts.columns.iter().filter(|column| is_usable(&column.name) && column.name != when.column)
    {
        let words = words(&column.name);
        let seen = sample.columns.get(&column.name);
        let is_time = super::time::when(dialect, column, sample).is_some()
            || words.last().is_some_and(|word| ["epoch", "ts", "timestamp"].contains(&word.as_str()));
        if is_time || key(facts) == Some(&column.name) {
            continue;
        }
        if is_id(&words) {
            if let Some(seen) = seen.filter(|seen| seen.distinct > FEW && seen.distinct < seen.filled) {
                let why = format!("{} different values among {}", seen.distinct, of_rows(sample));
                let name = format!("different_{}", column.name);
                distinct.push(Metric { name, kind: "distinct", why, ..metric(column) });
            }
            continue;
        }
        if !are_numbers(dialect, column, sample) {
            continue;
        }
        let (unit, mean) = (unit(&words), is_mean(&words));
        let signed = kind(dialect, &column.kind) != Kind::Integer { unsigned: true };
        let clamped = unit.is_some() && signed && !mean;
        let own = identifier(dialect, &column.name);
        let sql = match (clamped, dialect) {
            (false, _) => own,
            (true, Dialect::Sqlite) => format!("max({own}, 0)"),
            (true, Dialect::Mysql) => format!("greatest({own}, 0)"),
            // Its `greatest` takes no notice of NULL.
            (true, Dialect::Postgres) => format!("case when {own} < 0 then 0 else {own} end"),
        };
        let constant = seen.is_some_and(|seen| sample.rows > 0 && seen.distinct < 2);
        let numbers = metrics.iter().filter(|metric| metric.taken).count();
        let why = match (constant, mean, clamped) {
            (true, ..) => format!("always the same, or empty, among {}", of_rows(sample)),
            (_, true, _) => "a number of which the mean says more than the sum".to_owned(),
            (_, _, true) => "a span of time: one below 0 counts as 0".to_owned(),
            _ => "a number that is no id".to_owned(),
        };
        metrics.push(Metric {
            kind: if mean { "avg" } else { "sum" },
            sql: Some(sql),
            unit,
            taken: !constant && numbers <= MOST_NUMBERS,
            why,
            ..metric(column)
        });
    }
    metrics.extend(distinct);
    metrics
}
