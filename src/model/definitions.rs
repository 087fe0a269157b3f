//! The text of all that makes the numbers, as it is frozen beside them.
//!
//! A plan is made from this and from nothing else, so a frozen day can be computed
//! again from the text kept with it. Labels, units and the layout of pages are not
//! in it: they change no number.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::lookup::{LookupDef, named};
use super::table::TableDef;
use super::{Digest, Fingerprint, Number};

/// The format name and version in a definitions file.
pub const FORMAT: &str = "asof.definitions/1";

/// All that made the numbers of a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definitions {
    /// Always [`FORMAT`].
    pub format: String,
    /// How days are cut.
    pub calendar: CalendarDef,
    /// How the source is read: the first of them where there are several.
    pub source: SourceDef,
    /// How each of several sources is read, by name; none where there is one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sources: BTreeMap<String, SourceDef>,
    /// Named lists, for `{name}` in SQL.
    #[serde(default)]
    pub lists: BTreeMap<String, Vec<String>>,
    /// What a second system is asked about keys of events, for `lookup.NAME.COLUMN` in SQL.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub lookups: BTreeMap<String, LookupDef>,
    /// The tables or queries whose rows are counted.
    pub events: BTreeMap<String, EventsDef>,
    /// What is computed from them.
    pub metrics: BTreeMap<String, MetricDef>,
}

/// How days are cut.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalendarDef {
    /// The IANA name of the zone whose dates name the days.
    pub time_zone: String,
    /// The local time at which a day starts, `HH:MM` or `HH:MM:SS`.
    pub day_starts_at: String,
}

/// How the source is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceDef {
    /// Which SQL it speaks.
    pub dialect: Dialect,
    /// The IANA name of the zone whose local time its naive times are.
    pub time_zone: String,
    /// The tables that asof fills itself, by name: a feed's or files' items as rows.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tables: BTreeMap<String, TableDef>,
}

/// The SQL that a source speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// MySQL and MariaDB.
    Mysql,
    /// SQLite.
    Sqlite,
    /// PostgreSQL, and what speaks like it.
    Postgres,
}

/// Where events come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum From {
    /// A table, by its name, with its schema before a dot if it needs one.
    Table(String),
    /// A query with `{window}` where the time is limited.
    Sql(String),
}

/// How a time column tells time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TimeIs {
    /// Local time of the source's zone, without a zone.
    Local,
    /// UTC, without a zone.
    Utc,
    /// Seconds since 1970-01-01 00:00 UTC.
    Epoch,
    /// An instant the database knows as such (`timestamp`, or text with an offset).
    Instant,
}

/// Things that happened, each with a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventsDef {
    /// The source's name, where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The table or the query.
    pub from: From,
    /// The column that holds each event's time.
    pub time: String,
    /// How that column tells time.
    pub time_is: TimeIs,
    /// Whether a database's rows are taken over into a table of the moment, and counted there: the expressions over
    /// them are then SQLite's.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub staged: bool,
    /// What they can be broken down by.
    pub by: BTreeMap<String, DimensionDef>,
}

/// What events can be broken down by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DimensionDef {
    /// Where its members come from.
    pub of: DimensionOf,
    /// A query of two columns that gives members' names: key, label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<String>,
    /// Grouped by itself, not crossed with the others.
    #[serde(default)]
    pub alone: bool,
}

/// Where a dimension's members come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DimensionOf {
    /// The event's time, cut into these spans.
    Time(TimeSpan),
    /// An SQL expression over the row.
    Sql(String),
}

/// A span of time by which events can be grouped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeSpan {
    /// Sixty minutes, counted from the day's start.
    Hour,
    /// Thirty minutes, counted from the day's start.
    HalfHour,
    /// Fifteen minutes, counted from the day's start.
    QuarterHour,
}

impl TimeSpan {
    /// Its length in seconds.
    pub fn seconds(self) -> i64 {
        match self {
            Self::Hour => 3600,
            Self::HalfHour => 1800,
            Self::QuarterHour => 900,
        }
    }
}

/// A named number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetricDef {
    /// What is measured.
    pub measure: Measure,
    /// Taken over this many days that end with the day itself, from their frozen parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over_days: Option<u16>,
}

/// What a metric measures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// How many rows.
    Count(Count),
    /// The sum of the values that are not NULL.
    Sum(Aggregate),
    /// The smallest value.
    Min(Aggregate),
    /// The largest value.
    Max(Aggregate),
    /// The sum of the values that are not NULL over their number.
    Avg(Aggregate),
    /// How many different values, as the source's collation tells them apart.
    Distinct(Distinct),
    /// One metric over another.
    Ratio(Ratio),
}

/// A count of rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// The events counted.
    pub of: String,
    /// Only rows for which this SQL condition holds.
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
}

/// A sum, minimum, maximum or average.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aggregate {
    /// The events it is taken over.
    pub of: String,
    /// The SQL expression whose values are taken.
    pub sql: String,
    /// Only rows for which this SQL condition holds.
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// What the result is divided by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub divide: Option<Number>,
}

/// A count of different values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Distinct {
    /// The events it is taken over.
    pub of: String,
    /// The SQL expression whose different values are counted.
    pub sql: String,
    /// Only rows for which this SQL condition holds.
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// The dimensions it is also counted by, each by itself.
    #[serde(default)]
    pub by: Vec<String>,
    /// How values are made keys before they are told apart; as the source's collation does when left out.
    #[serde(default, rename = "as", skip_serializing_if = "Option::is_none")]
    pub kind: Option<KeyKind>,
    /// Whether it is also counted over all archived days.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cumulative: bool,
}

/// How values are made keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyKind {
    /// As phone numbers, see [`super::Phone`].
    Phone,
}

/// One metric over another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ratio {
    /// The metric above the line.
    pub numerator: String,
    /// The metric below it.
    pub denominator: String,
}

impl Distinct {
    /// Whether asof gets the values themselves and counts them, instead of the source.
    pub fn is_keyed(&self) -> bool {
        self.kind.is_some() || self.cumulative
    }
}

impl Measure {
    /// The events it reads; `None` for a ratio, which reads metrics.
    pub fn of(&self) -> Option<&str> {
        match self {
            Self::Count(count) => Some(&count.of),
            Self::Sum(a) | Self::Min(a) | Self::Max(a) | Self::Avg(a) => Some(&a.of),
            Self::Distinct(distinct) => Some(&distinct.of),
            Self::Ratio(_) => None,
        }
    }

    /// Its condition on rows.
    pub fn filter(&self) -> Option<&str> {
        match self {
            Self::Count(count) => count.filter.as_deref(),
            Self::Sum(a) | Self::Min(a) | Self::Max(a) | Self::Avg(a) => a.filter.as_deref(),
            Self::Distinct(distinct) => distinct.filter.as_deref(),
            Self::Ratio(_) => None,
        }
    }

    /// The expression that is measured; `None` where rows are counted, and for a ratio.
    pub fn sql(&self) -> Option<&str> {
        match self {
            Self::Sum(a) | Self::Min(a) | Self::Max(a) | Self::Avg(a) => Some(&a.sql),
            Self::Distinct(distinct) => Some(&distinct.sql),
            Self::Count(_) | Self::Ratio(_) => None,
        }
    }

    /// What the result is divided by.
    pub fn divide(&self) -> Option<&Number> {
        match self {
            Self::Sum(a) | Self::Min(a) | Self::Max(a) | Self::Avg(a) => a.divide.as_ref(),
            Self::Count(_) | Self::Distinct(_) | Self::Ratio(_) => None,
        }
    }

    /// The metrics it is made of: none but for a ratio.
    pub fn parts(&self) -> Vec<&str> {
        match self {
            Self::Ratio(ratio) => vec![&ratio.numerator, &ratio.denominator],
            _ => Vec::new(),
        }
    }

    /// The events that it, or the parts of a ratio, are taken over, when these are all metrics.
    pub fn events_in<'a>(&'a self, metrics: &'a BTreeMap<String, MetricDef>) -> Vec<&'a str> {
        let parts = self.parts().into_iter().filter_map(|part| metrics.get(part)?.measure.of());
        let mut events: Vec<&str> = Vec::new();
        for of in self.of().into_iter().chain(parts) {
            if !events.contains(&of) {
                events.push(of);
            }
        }
        events
    }
}

/// The names in braces in a piece of SQL, in the order in which they first occur.
///
/// Braces inside quoted text count too: `'{opt_in}'` would be expanded as well, so
/// that what is replaced never depends on reading SQL's quoting rules.
pub fn placeholders(sql: &str) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    let mut rest = sql;
    while let Some(open) = rest.find('{') {
        rest = &rest[open + 1..];
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
        if end > 0 && rest[end..].starts_with('}') && !names.contains(&&rest[..end]) {
            names.push(&rest[..end]);
        }
    }
    names
}

impl Definitions {
    /// The text that is kept: JSON with sorted names, the same for the same definitions.
    pub fn text(&self) -> String {
        // Only maps with text keys are in here, so there is nothing that can fail.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// The distinct metrics that are also counted over all archived days, by name.
    pub fn cumulative(&self) -> Vec<&str> {
        let counted = |metric: &MetricDef| matches!(&metric.measure, Measure::Distinct(distinct) if distinct.cumulative);
        self.metrics.iter().filter(|(_, metric)| counted(metric)).map(|(name, _)| name.as_str()).collect()
    }

    /// How the source of some events is read.
    pub fn source_of(&self, events: &EventsDef) -> &SourceDef {
        self.source_named(events.source.as_deref())
    }

    /// How the source of this name is read; without one, the only one or the first.
    pub fn source_named(&self, name: Option<&str>) -> &SourceDef {
        name.and_then(|name| self.sources.get(name)).unwrap_or(&self.source)
    }

    /// The SQL expressions over the rows of some events: of their dimensions, and of the metrics over them.
    pub fn expressions_of<'a>(&'a self, events: &'a str) -> impl Iterator<Item = &'a str> {
        let dimensions = self.events.get(events).into_iter().flat_map(|def| def.by.values());
        let members = dimensions.filter_map(|dimension| match &dimension.of {
            DimensionOf::Sql(sql) => Some(sql.as_str()),
            DimensionOf::Time(_) => None,
        });
        let metrics = self.metrics.values().map(|metric| &metric.measure);
        let metrics = metrics.filter(move |measure| measure.of() == Some(events));
        members.chain(metrics.flat_map(|measure| measure.filter().into_iter().chain(measure.sql())))
    }

    /// The events that a metric, or the parts of a ratio, are taken over; none of an unknown metric.
    pub fn events_of(&self, metric: &str) -> Vec<&str> {
        self.metrics.get(metric).map(|metric| metric.measure.events_in(&self.metrics)).unwrap_or_default()
    }

    /// The digest of [`Definitions::text`].
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint(Digest::of(self.text().as_bytes()))
    }

    /// The fingerprint of one metric: of its own definition, the metrics it is made of,
    /// their events, the lists these use, and how days are cut. `None` for an unknown metric.
    ///
    /// Dimensions are left out: its total does not depend on them. So is whether it is cumulative.
    pub fn metric_fingerprint(&self, name: &str) -> Option<Fingerprint> {
        Some(self.of_metric(name)?.fingerprint())
    }

    /// What makes the total of one metric and nothing else: what [`Definitions::metric_fingerprint`] is the
    /// fingerprint of. `None` for an unknown metric.
    pub fn of_metric(&self, name: &str) -> Option<Self> {
        let mut only = self.without_names();
        let first = self.events_of(name).first().and_then(|events| self.events.get(*events));
        only.source = first.map_or(&self.source, |events| self.source_of(events)).clone();
        self.copy_metric(name, &mut only)?;
        Some(only)
    }

    /// The fingerprint of one dimension: of its expression and the lists it uses, not of its labels.
    /// `None` for an unknown one.
    pub fn dimension_fingerprint(&self, events: &str, name: &str) -> Option<Fingerprint> {
        let mut only = self.without_names();
        let def = self.events.get(events)?;
        let dimension = def.by.get(name)?;
        if let DimensionOf::Sql(sql) = &dimension.of {
            self.copy_lists(sql, &mut only);
        }
        only.source = self.source_of(def).clone();
        let alone = DimensionDef { of: dimension.of.clone(), labels: None, alone: false };
        let by = BTreeMap::from([(name.to_owned(), alone)]);
        let from = From::Table(String::new());
        let time = def.time.clone();
        let def = EventsDef { source: None, from, time, by, ..def.clone() };
        only.events.insert(events.to_owned(), def);
        Some(only.fingerprint())
    }

    fn without_names(&self) -> Self {
        Self {
            format: FORMAT.to_owned(),
            calendar: self.calendar.clone(),
            source: self.source.clone(),
            sources: BTreeMap::new(),
            lists: BTreeMap::new(),
            lookups: BTreeMap::new(),
            events: BTreeMap::new(),
            metrics: BTreeMap::new(),
        }
    }

    fn copy_metric(&self, name: &str, into: &mut Self) -> Option<()> {
        if into.metrics.contains_key(name) {
            return Some(());
        }
        let metric = self.metrics.get(name)?;
        let mut copy = metric.clone();
        if let Measure::Distinct(distinct) = &mut copy.measure {
            // What is counted beside the day's own values changes none of these.
            distinct.cumulative = false;
        }
        into.metrics.insert(name.to_owned(), copy);
        if let Some(of) = metric.measure.of() {
            let events = self.events.get(of)?;
            if let From::Sql(sql) = &events.from {
                self.copy_lists(sql, into);
            }
            // What a source is called makes no number; a metric of two sources tells them apart.
            let source = events.source.clone().filter(|_| *self.source_of(events) != into.source);
            if let Some(name) = &source {
                into.sources.insert(name.clone(), self.source_of(events).clone());
            }
            into.events.insert(of.to_owned(), EventsDef { source, by: BTreeMap::new(), ..events.clone() });
        }
        if let Some(sql) = metric.measure.sql() {
            self.copy_lists(sql, into);
        }
        if let Some(filter) = metric.measure.filter() {
            self.copy_lists(filter, into);
        }
        metric.measure.parts().into_iter().try_for_each(|part| self.copy_metric(part, into))
    }

    /// Copies the lists and lookups that an expression names.
    fn copy_lists(&self, sql: &str, into: &mut Self) {
        for (name, _) in named(Dialect::Sqlite, sql) {
            if let Some(def) = self.lookups.get(name) {
                // What a source is called makes no number.
                into.lookups.insert(name.to_owned(), LookupDef { source: None, ..def.clone() });
                let lists = def.sql.as_deref().map(placeholders).unwrap_or_default();
                let lists = lists.into_iter().filter_map(|name| self.lists.get_key_value(name));
                into.lists.extend(lists.map(|(name, list)| (name.clone(), list.clone())));
            }
        }
        for name in placeholders(sql) {
            if let Some(list) = self.lists.get(name) {
                into.lists.insert(name.to_owned(), list.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::placeholders;

    #[test]
    fn names_in_braces_are_found() {
        assert_eq!(placeholders("a in {opt_in} and b in {sale} or {opt_in}"), ["opt_in", "sale"]);
        assert_eq!(placeholders("{} { x } {a b} {{y}} {z"), ["y"]);
    }
}
