//! A table of entities: the query of a look, its key and label, counters, and what they are grouped by.

use super::column::{Kind, is_id, is_personal, is_usable, kind, words};
use super::events::are_numbers;
use super::name::Names;
use super::table::Things;
use super::{Entities, Looked};
use crate::model::definitions::Dialect;
use crate::plan::sample::{identifier, table};

/// Names of columns that a look has itself.
const OWN: [&str; 6] = ["key", "seq", "label", "date", "captured_at", "state"];
/// Words of a column that tells what people call something, the best first.
const LABELS: [&str; 8] = ["title", "name", "label", "username", "handle", "subject", "headline", "company"];
/// How many different values there may be of what is grouped by.
const MOST_GROUPS: u64 = 500;
/// How many columns of text are kept at most.
const MOST_TEXTS: usize = 10;

pub(super) fn entities(
    dialect: Dialect,
    looked: &Looked,
    things: &Things,
    name: String,
    taken: bool,
) -> Entities {
    let (facts, sample) = (&looked.facts, &looked.sample);
    let mut names = Names::but(&OWN);
    let mut select = Vec::new();
    // What a name of the configuration can't be gets another one in the query.
    let mut field = |column: &str| {
        let field = names.take(column);
        let own = identifier(dialect, column);
        let plain = field == column;
        select.push(if plain { own } else { format!("{own} as {}", identifier(dialect, &field)) });
        field
    };
    let mut found = Entities {
        name,
        taken,
        why: Vec::new(),
        sql: String::new(),
        key: field(&things.key),
        label: None,
        counters: Vec::new(),
        gauges: Vec::new(),
        group_by: Vec::new(),
        attributes: Vec::new(),
    };
    let label = label(dialect, looked, things);
    found.label = label.map(&mut field);
    let mut fields = Names::but(&OWN);
    for counter in &things.counters {
        let column = field(counter);
        found.counters.push((fields.take(&counter_name(counter)), column));
    }
    for column in facts.columns.iter().filter(|column| is_usable(&column.name)) {
        let is_other = column.name == things.key
            || label == Some(column.name.as_str())
            || things.counters.contains(&column.name)
            || column.unique;
        let words = words(&column.name);
        let Some(seen) = sample.columns.get(&column.name).filter(|_| !is_other && !is_personal(&words))
        else {
            continue;
        };
        let kind = kind(dialect, &column.kind);
        let is_time = super::time::when(dialect, column, sample).is_some();
        let repeats = (2..=MOST_GROUPS).contains(&seen.distinct) && seen.distinct * 2 <= seen.filled;
        let is_text = matches!(kind, Kind::Text | Kind::Flag | Kind::Unknown);
        let is_number = are_numbers(dialect, column, sample);
        if (is_id(&words) || is_text && !is_number) && repeats && !is_time {
            let of = field(&column.name);
            found.group_by.push(of);
        } else if is_text && !is_number && found.attributes.len() < MOST_TEXTS {
            let of = field(&column.name);
            found.attributes.push(of);
        } else if is_number && !is_id(&words) && !is_time && kind != Kind::Float {
            let of = field(&column.name);
            found.gauges.push(of);
        }
    }
    // A field may not be two things: what a counter is called, nothing else is.
    let clash = |name: &String| fields_named(&found.counters, name);
    let (gauges, attributes, groups) = (
        found.gauges.iter().filter(|name| !clash(name)).cloned().collect(),
        found.attributes.iter().filter(|name| !clash(name)).cloned().collect(),
        found.group_by.iter().filter(|name| !clash(name)).cloned().collect(),
    );
    (found.gauges, found.attributes, found.group_by) = (gauges, attributes, groups);
    found.sql =
        format!("select {} from {}", select.join(", "), table(dialect, facts.schema.as_deref(), &facts.name));
    found.why = why(looked, things);
    found
}

fn fields_named(counters: &[(String, String)], name: &str) -> bool {
    counters.iter().any(|(field, _)| field == name)
}

fn why(looked: &Looked, things: &Things) -> Vec<String> {
    let facts = &looked.facts;
    let counters: Vec<String> = things.counters.iter().map(|counter| format!("{counter:?}")).collect();
    let rows = facts.rows.map_or_else(String::new, |rows| format!(" About {rows} rows."));
    let what = if counters.is_empty() {
        "it was named, and no time tells what happened".to_owned()
    } else {
        format!("{} tell how things stand now", counters.join(", "))
    };
    vec![format!("{:?}: entities. {:?} tells rows apart, and {what}.{rows}", facts.full_name(), things.key)]
}

/// The column that tells what people call it.
fn label<'a>(dialect: Dialect, looked: &'a Looked, things: &Things) -> Option<&'a str> {
    let fits = |word: &&str| {
        looked.facts.columns.iter().find(|column| {
            let is_text = matches!(kind(dialect, &column.kind), Kind::Text | Kind::Unknown)
                && !are_numbers(dialect, column, &looked.sample);
            let words = words(&column.name);
            is_text
                && is_usable(&column.name)
                && column.name != things.key
                && words.last().is_some_and(|last| last == word)
        })
    };
    LABELS.iter().find_map(fits).map(|column| column.name.as_str())
}

/// `view_count` and `total_views` are views.
fn counter_name(column: &str) -> String {
    let words = words(column);
    let stem: Vec<&str> = words
        .iter()
        .map(String::as_str)
        .filter(|word| !["count", "counts", "counter", "total", "num"].contains(word))
        .collect();
    match stem.as_slice() {
        [one] if one.ends_with('s') => (*one).to_owned(),
        [one] => format!("{one}s"),
        _ => column.to_owned(),
    }
}
