//! Whether entities are defined soundly, and what they mean.

use std::time::Duration;

use indexmap::IndexMap;

use super::again::percent;
use super::check::{Checker, span};
use super::entity_file as written;
use super::file::{self, File};
use super::problem::{did_you_mean, listed};
use super::{Sources, source, tenant};
use crate::model::Number;
use crate::model::definitions::{CalendarDef, Dialect};
use crate::model::entity::{CaptureType, DueRule, EntityDef, Every, FORMAT, FieldDef, FieldKind};

/// How long after a day's end a look still counts for it, when nothing else is said.
const MAX_LAG: Duration = Duration::from_hours(3);
/// Names that columns of a look's file have, and fields can't.
const OWN: [&str; 6] = ["key", "seq", "label", "date", "captured_at", "state"];

/// One kind of entities: what a look at them sees, and what is made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntitySettings {
    /// What a look sees, as it is kept with it.
    pub def: EntityDef,
    /// How long after a row of an entity no capture of an event is taken.
    pub cooldown: Duration,
    /// How long after a day's end a look still counts for it.
    pub max_lag: Duration,
    /// What is told of numbers, by field: of every counter and gauge.
    pub numbers: IndexMap<String, NumberSettings>,
    /// What type of capture an event takes.
    pub on: IndexMap<String, CaptureType>,
    /// What counts as something that happened, by name.
    pub changes: IndexMap<String, ChangeRule>,
    /// Texts that a context shows, by name.
    pub references: IndexMap<String, ReferenceSettings>,
}

/// What is told of a number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NumberSettings {
    /// By how much it has to move to be significant; `None` where it never is.
    pub significant: Option<Amount>,
    /// How its trend is told; `None` where it has none.
    pub trend: Option<TrendSettings>,
    /// Whether more is better; `None` where nobody said.
    pub good_up: Option<bool>,
    /// Its unit.
    pub unit: Option<String>,
}

/// By how much a number moves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Amount {
    /// By so much of what it was, as a plain fraction.
    Share(Number),
    /// By so much.
    Points(Number),
}

/// How a trend is told: the newest less the oldest of so many rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrendSettings {
    /// Over so many rows, the newest included: 2 or more.
    pub over: u16,
    /// Beyond this difference it improves or declines.
    pub threshold: Number,
}

/// What counts as something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeRule {
    /// The field that is looked at.
    pub field: String,
    /// What of it.
    pub when: ChangeWhen,
}

/// What of a field counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeWhen {
    /// A number that moved by more than this, either way.
    MoreThan(Amount),
    /// Any other value.
    Changed,
    /// An item that a list got.
    Added,
    /// An item that a list lost.
    Removed,
}

/// Texts that are asked for by the ids a row kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferenceSettings {
    /// The list field with their ids.
    pub ids: String,
    /// The query that gives them, with `{ids}`: id, title, time, text.
    pub sql: String,
    /// How many are shown at most.
    pub most: u32,
    /// How many characters of each are.
    pub chars: u32,
}

impl Amount {
    /// Reads an amount: `10%` or `5 points`.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(share) = percent(text) {
            return Some(Self::Share(share));
        }
        let digits = text.strip_suffix("points").or_else(|| text.strip_suffix("point"))?.trim_end();
        let plain = digits.starts_with(|c: char| c.is_ascii_digit())
            && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
            && digits.len() <= 20;
        if plain { digits.parse().ok().map(Self::Points) } else { None }
    }

    /// Whether a move from one value to another is beyond it, strictly. `None` where that can't be
    /// known: a share of nothing.
    pub fn is_exceeded(&self, from: &Number, to: &Number) -> Option<bool> {
        let moved = (to - from).abs();
        match self {
            Self::Points(points) => Some(moved > *points),
            Self::Share(_) if from.is_zero() => (from == to).then_some(false),
            Self::Share(share) => Some(moved > from.abs().times(share)),
        }
    }
}

/// What is needed beside `[entities]` itself.
pub struct Around<'a> {
    /// How days are cut.
    pub calendar: CalendarDef,
    /// What is read.
    pub sources: &'a Sources,
    /// Whether there are tenants, so that every query must name one.
    pub tenants: bool,
    /// The whole file.
    pub file: &'a File,
}

/// Checks `[entities]`.
pub fn check(around: &Around<'_>, checker: &mut Checker<'_, '_>) -> IndexMap<String, EntitySettings> {
    let mut all = IndexMap::new();
    for (name, entity) in &around.file.entities {
        checker.name(&["entities", name], name);
        if around.file.events.contains_key(name) || around.file.metrics.contains_key(name) {
            let hint = "take another name: video.views would mean two things".to_owned();
            checker.problem(&["entities", name], format!("{name:?} is events or a metric too"), hint);
        }
        if let Some(settings) = one(name, entity, around, checker) {
            all.insert(name.clone(), settings);
        }
    }
    all
}

fn one(
    name: &str,
    entity: &written::Entity,
    around: &Around<'_>,
    checker: &mut Checker<'_, '_>,
) -> Option<EntitySettings> {
    let at = |key: &'static str| ["entities", name, key];
    let source = source::from(&["entities", name], entity.from.as_ref(), around.sources, checker);
    let read = around.sources.of(source.as_deref()).unwrap_or_else(|| around.sources.main());
    let with = (read.dialect(), around.tenants);
    query(&at("sql"), &entity.sql, with, &[], checker);
    let fields = fields(name, entity, checker);
    for group in &entity.group_by {
        if fields.get(group).is_some_and(|field| field.kind == FieldKind::List) {
            let hint = "group by a column that holds one value".to_owned();
            checker.problem(&at("group_by"), format!("{group:?} is a list"), hint);
        }
    }
    let columns = std::iter::once(&entity.key).chain(&entity.label);
    for (key, column) in ["key", "label"].into_iter().zip(columns) {
        if column.trim().is_empty() {
            checker.problem(&["entities", name, key], "the column is empty", "name a column".to_owned());
        }
    }
    let mut schedule = Vec::new();
    for (item, due) in entity.schedule.iter().enumerate() {
        checker.expression(&["entities", name, "schedule", &item.to_string(), "where"], &due.condition);
        let every = match due.every {
            written::Every::Day => Every::Day,
            written::Every::Week => Every::Week,
            written::Every::Month => Every::Month,
        };
        schedule.push(DueRule { condition: due.condition.clone(), every });
    }
    let cooldown = match &entity.cooldown {
        None => Some(Duration::ZERO),
        Some(text) => span(text, &at("cooldown"), checker),
    };
    let max_lag = match &entity.max_lag {
        None => Some(MAX_LAG),
        Some(text) => span(text, &at("max_lag"), checker),
    };
    let numbers = numbers(name, entity, checker);
    let on = events(name, entity, checker);
    let changes = changes(name, entity, &fields, checker);
    let references = references(name, entity, with, &fields, checker);
    let mut def = EntityDef {
        format: FORMAT.to_owned(),
        calendar: around.calendar.clone(),
        source,
        dialect: read.dialect(),
        tables: read.def().tables,
        lists: std::collections::BTreeMap::new(),
        sql: entity.sql.clone(),
        key: entity.key.clone(),
        label: entity.label.clone(),
        fields,
        group_by: entity.group_by.clone(),
        schedule,
    };
    let list = |name: &str| Some((name.to_owned(), around.file.lists.get(name)?.clone()));
    def.lists = def.names().into_iter().filter_map(list).collect();
    Some(EntitySettings { def, cooldown: cooldown?, max_lag: max_lag?, numbers, on, changes, references })
}

/// Checks a query: the names in it, and that it keeps to the tenant.
fn query(path: &[&str], sql: &str, with: (Dialect, bool), others: &[&str], checker: &mut Checker<'_, '_>) {
    checker.names_in(path, sql, others);
    if sql.trim().is_empty() {
        checker.problem(path, "the query is empty", "write sql = \"select … from …\"".to_owned());
    }
    tenant::check_query(path, sql, with, checker);
}

fn fields(name: &str, entity: &written::Entity, checker: &mut Checker<'_, '_>) -> IndexMap<String, FieldDef> {
    let mut fields: IndexMap<String, FieldDef> = IndexMap::new();
    let counters = entity.counters.iter().map(|(field, column)| ("counters", field, column.clone()));
    let gauges = entity
        .gauges
        .iter()
        .map(|(field, gauge)| ("gauges", field, gauge.column.clone().unwrap_or_else(|| field.clone())));
    let attributes = entity.attributes.iter().map(|field| ("attributes", field, field.clone()));
    let lists = entity.lists.iter().map(|field| ("lists", field, field.clone()));
    for (table, field, column) in counters.chain(gauges).chain(attributes).chain(lists) {
        let path = ["entities", name, table, field.as_str()];
        checker.name(&path, field);
        if OWN.contains(&field.as_str()) {
            let hint = "asof has a column of that name: let the SQL give another, select … as …".to_owned();
            checker.problem(&path, format!("a field can't be named {field:?}"), hint);
        }
        let kind = match table {
            "counters" => FieldKind::Counter,
            "gauges" => FieldKind::Gauge,
            "lists" => FieldKind::List,
            _ => FieldKind::Attribute,
        };
        if fields.insert(field.clone(), FieldDef { kind, column }).is_some() {
            let hint = "keep one of them".to_owned();
            checker.problem(&path, format!("the field {field:?} is there twice"), hint);
        }
    }
    // What they are grouped by is kept, too.
    for group in &entity.group_by {
        checker.name(&["entities", name, "group_by"], group);
        let of = FieldDef { kind: FieldKind::Attribute, column: group.clone() };
        fields.entry(group.clone()).or_insert(of);
    }
    fields
}

fn amount(text: &str, path: &[&str], checker: &mut Checker<'_, '_>) -> Option<Amount> {
    let amount = Amount::parse(text);
    if amount.is_none() {
        let hint = "write a share such as 10%, or an amount such as 5 points".to_owned();
        checker.problem(path, format!("{text:?} is no amount"), hint);
    }
    amount
}

fn numbers(
    name: &str,
    entity: &written::Entity,
    checker: &mut Checker<'_, '_>,
) -> IndexMap<String, NumberSettings> {
    let mut numbers: IndexMap<String, NumberSettings> =
        entity.counters.keys().map(|field| (field.clone(), NumberSettings::default())).collect();
    for (field, gauge) in &entity.gauges {
        let at = |key: &'static str| ["entities", name, "gauges", field.as_str(), key];
        let significant =
            gauge.significant.as_deref().and_then(|text| amount(text, &at("significant"), checker));
        let trend = gauge.trend.as_ref().and_then(|trend| {
            let threshold: Option<Number> = trend.threshold.0.parse().ok();
            let threshold = threshold.filter(|threshold| !threshold.is_negative());
            if trend.over < 2 || threshold.is_none() {
                let hint = "write trend = { over = 3, threshold = 1.0 }: two rows or more, no less than 0";
                checker.problem(&at("trend"), "this tells no trend", hint.to_owned());
                return None;
            }
            Some(TrendSettings { over: trend.over, threshold: threshold? })
        });
        let good_up = gauge.good.map(|good| matches!(good, file::Good::Up));
        numbers
            .insert(field.clone(), NumberSettings { significant, trend, good_up, unit: gauge.unit.clone() });
    }
    numbers
}

fn events(
    name: &str,
    entity: &written::Entity,
    checker: &mut Checker<'_, '_>,
) -> IndexMap<String, CaptureType> {
    let mut on = IndexMap::new();
    for (event, kind) in &entity.on {
        match kind.parse::<CaptureType>() {
            Ok(kind) => drop(on.insert(event.clone(), kind)),
            Err(hint) => {
                let path = ["entities", name, "on", event.as_str()];
                checker.problem(&path, format!("{kind:?} is no type of capture"), hint);
            }
        }
    }
    on
}

fn known(
    path: &[&str],
    field: &str,
    fields: &IndexMap<String, FieldDef>,
    fits: impl Fn(FieldKind) -> bool,
    checker: &mut Checker<'_, '_>,
) -> bool {
    let fitting = || fields.iter().filter(|(_, def)| fits(def.kind)).map(|(name, _)| name.as_str());
    if fitting().any(|name| name == field) {
        return true;
    }
    let hint = did_you_mean(field, fitting()).unwrap_or_else(|| format!("there are {}", listed(fitting())));
    checker.problem(path, format!("{field:?} is no field that this can be said of"), hint);
    false
}

fn changes(
    name: &str,
    entity: &written::Entity,
    fields: &IndexMap<String, FieldDef>,
    checker: &mut Checker<'_, '_>,
) -> IndexMap<String, ChangeRule> {
    let mut rules = IndexMap::new();
    for (change, rule) in &entity.changes {
        let path = ["entities", name, "changes", change.as_str()];
        checker.name(&path, change);
        let said = [
            rule.changed.filter(|said| *said).map(|_| ChangeWhen::Changed),
            rule.added.filter(|said| *said).map(|_| ChangeWhen::Added),
            rule.removed.filter(|said| *said).map(|_| ChangeWhen::Removed),
            rule.more_than.as_deref().and_then(|text| amount(text, &path, checker)).map(ChangeWhen::MoreThan),
        ];
        let mut said = said.into_iter().flatten();
        let (Some(when), None) = (said.next(), said.next()) else {
            let hint = "give one of more_than = \"…\", changed, added and removed = true".to_owned();
            checker.problem(&path, format!("it is not clear what {change:?} is"), hint);
            continue;
        };
        let fits = |kind: FieldKind| match when {
            ChangeWhen::MoreThan(_) => matches!(kind, FieldKind::Counter | FieldKind::Gauge),
            ChangeWhen::Added | ChangeWhen::Removed => kind == FieldKind::List,
            ChangeWhen::Changed => true,
        };
        if known(&path, &rule.field, fields, fits, checker) {
            rules.insert(change.clone(), ChangeRule { field: rule.field.clone(), when });
        }
    }
    rules
}

fn references(
    name: &str,
    entity: &written::Entity,
    with: (Dialect, bool),
    fields: &IndexMap<String, FieldDef>,
    checker: &mut Checker<'_, '_>,
) -> IndexMap<String, ReferenceSettings> {
    let mut all = IndexMap::new();
    for (reference, of) in &entity.references {
        let path = ["entities", name, "references", reference.as_str()];
        checker.name(&path, reference);
        query(&path, &of.sql, with, &["ids"], checker);
        if !of.sql.contains("{ids}") {
            let hint = "add where id in {ids}".to_owned();
            checker.problem(&path, "the query is not limited to the ids of the row", hint);
        }
        if known(&path, &of.ids, fields, |kind| kind == FieldKind::List, checker) {
            let settings = ReferenceSettings {
                ids: of.ids.clone(),
                sql: of.sql.clone(),
                most: of.most.unwrap_or(3),
                chars: of.chars.unwrap_or(300),
            };
            all.insert(reference.clone(), settings);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::Amount;
    use crate::model::Number;

    #[test]
    fn amounts_are_shares_or_points() {
        let number = |text: &str| text.parse::<Number>().unwrap();
        assert_eq!(Amount::parse("10%"), Some(Amount::Share(number("0.1"))));
        assert_eq!(Amount::parse("5 points"), Some(Amount::Points(number("5"))));
        assert_eq!(Amount::parse("1 point"), Some(Amount::Points(number("1"))));
        for text in ["", "5", "points", "-5 points", "10", "1e3 points"] {
            assert_eq!(Amount::parse(text), None, "{text}");
        }
        // Strictly more, either way, and nothing is known of a share of nothing.
        let (share, points) = (Amount::parse("10%").unwrap(), Amount::parse("5 points").unwrap());
        for (amount, from, to, expected) in [
            (&points, "70", "75", Some(false)),
            (&points, "70", "75.01", Some(true)),
            (&points, "75.01", "70", Some(true)),
            (&points, "0", "6", Some(true)),
            (&share, "100", "110", Some(false)),
            (&share, "100", "110.01", Some(true)),
            (&share, "-100", "-89", Some(true)),
            (&share, "0", "1", None),
            (&share, "0", "0", Some(false)),
        ] {
            assert_eq!(amount.is_exceeded(&number(from), &number(to)), expected, "{from} to {to}");
        }
    }
}
