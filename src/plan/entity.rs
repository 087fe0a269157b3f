//! The query of a look at entities: which rows, and what is read of each.

use super::expand::{Names, UnknownName, in_nothing};
use super::query::Query;
use super::sql::{Sql, list, quoted};
use crate::model::Value;
use crate::model::definitions::Dialect;
use crate::model::entity::{EntityDef, Every};
use crate::model::tenant_sql::around_tenant;

/// What is read for a look, and what its columns are.
#[derive(Clone, Debug, PartialEq)]
pub struct EntityPlan {
    /// The entities' name.
    pub name: String,
    /// The query: the key, the label where there is one, the fields in their order, and for each rule of
    /// the schedule whether it matches.
    pub query: Query,
    /// Whether the second column is the label.
    pub label: bool,
    /// The names of the fields, in the order of their columns.
    pub fields: Vec<String>,
    /// How often rows are kept that the rules match, in the order of their columns.
    pub rules: Vec<Every>,
}

/// Which rows are read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Which<'a> {
    /// Only those of these keys; all of them when `None`.
    pub keys: Option<&'a [String]>,
    /// Those of this tenant.
    pub tenant: Option<&'a str>,
}

impl EntityPlan {
    /// The look at the entities `name`.
    ///
    /// # Errors
    /// When its SQL names an unknown list.
    pub fn new(name: &str, def: &EntityDef, which: Which<'_>) -> Result<Self, UnknownName> {
        let dialect = def.dialect;
        let names = Names { dialect, lists: &def.lists, window: None, tenant: which.tenant, lookups: None };
        // With the table before it, since SQLite takes an unknown name in quotes for a text.
        let column = |column: &str| Sql::new(format!("asof_rows.{}", quoted(dialect, column)));
        let mut columns = vec![column(&def.key)];
        columns.extend(def.label.as_deref().map(column));
        columns.extend(def.fields.values().map(|field| column(&field.column)));
        for rule in &def.schedule {
            let condition = names.fill(&rule.condition)?;
            columns.push(Sql::new("case when ").user(&condition).then(" then 1 else 0 end"));
        }
        // Each has a name of its own, so that one column may be read for two fields.
        let columns: Vec<Sql> =
            columns.into_iter().enumerate().map(|(at, sql)| sql.then(&format!(" as asof_{at}"))).collect();
        let mut sql = Sql::new("select ")
            .and(&Sql::join(&columns, ", "))
            .then("\nfrom ")
            .user(&names.fill(&def.sql)?)
            .then(" asof_rows");
        if let Some(keys) = which.keys {
            let key = column(&def.key);
            let key = match dialect {
                Dialect::Mysql | Dialect::Sqlite => key,
                // A key that is no number is in no column of numbers; to ask for it there would be an error.
                Dialect::Postgres => Sql::new("cast(").and(&key).then(" as text)"),
            };
            sql = sql.then("\nwhere ").and(&key).then(" in ").and(&these(dialect, keys));
        }
        Ok(Self {
            name: name.to_owned(),
            query: Query { name: format!("entities.{name}"), sql: sql.text, params: sql.params },
            label: def.label.is_some(),
            fields: def.fields.keys().cloned().collect(),
            rules: def.schedule.iter().map(|rule| rule.every).collect(),
        })
    }
}

/// A query for the texts of these ids, `{ids}` in the SQL.
///
/// # Errors
/// When its SQL names an unknown list.
pub fn references(
    name: &str,
    def: &EntityDef,
    sql: &str,
    ids: &[String],
    tenant: Option<&str>,
) -> Result<Query, UnknownName> {
    let names = Names { dialect: def.dialect, lists: &def.lists, window: None, tenant: None, lookups: None };
    let pieces = if tenant.is_some() { around_tenant(def.dialect, sql) } else { vec![sql] };
    let mut filled = Sql::default();
    for (at, piece) in pieces.into_iter().enumerate() {
        if at > 0 {
            filled = filled.and(&Sql::bind(tenant.map_or(Value::Null, Value::text)));
        }
        let mut rest = piece;
        while let Some((before, after)) = rest.split_once("{ids}") {
            let nothing = if ids.is_empty() { in_nothing(def.dialect, before) } else { None };
            filled = match nothing {
                Some((before, nothing)) => filled.and(&names.fill(before)?).then(nothing),
                None => filled.and(&names.fill(before)?).and(&these(def.dialect, ids)),
            };
            rest = after;
        }
        filled = filled.and(&names.fill(rest)?);
    }
    Ok(Query { name: name.to_owned(), sql: filled.text, params: filled.params })
}

/// Keys for use after `in`.
fn these(dialect: Dialect, keys: &[String]) -> Sql {
    if keys.is_empty() {
        return list(dialect, &[]);
    }
    let mut values: Vec<Value> = keys.iter().map(Value::text).collect();
    if dialect == Dialect::Sqlite {
        // A column without a type holds 5 and '5' apart.
        let numbers = keys.iter().filter_map(|key| Some((key, key.parse::<i64>().ok()?)));
        values.extend(numbers.filter(|(key, number)| number.to_string() == **key).map(|(_, n)| n.into()));
    }
    let binds: Vec<Sql> = values.into_iter().map(Sql::bind).collect();
    Sql::new("(").and(&Sql::join(&binds, ", ")).then(")")
}

#[cfg(test)]
mod tests {
    use super::{EntityPlan, Which, references};
    use crate::model::Value;
    use crate::model::definitions::{CalendarDef, Dialect};
    use crate::model::entity::{DueRule, EntityDef, Every, FORMAT, FieldDef, FieldKind};

    fn videos(dialect: Dialect) -> EntityDef {
        let views = FieldDef { kind: FieldKind::Counter, column: "view_count".into() };
        EntityDef {
            format: FORMAT.into(),
            calendar: CalendarDef { time_zone: "UTC".into(), day_starts_at: "00:00:00".into() },
            source: None,
            dialect,
            tables: std::collections::BTreeMap::new(),
            lists: [("live".to_owned(), vec!["on".to_owned(), "off".to_owned()])].into(),
            sql: "select * from videos where state in {live} and owner = :tenant -- :tenant".into(),
            key: "id".into(),
            label: Some("title".into()),
            fields: [("views".to_owned(), views)].into_iter().collect(),
            group_by: Vec::new(),
            schedule: vec![DueRule { condition: "view_count > 1000".into(), every: Every::Day }],
        }
    }

    #[test]
    fn a_look_is_one_query_with_its_values_bound_in_their_order() {
        let keys = ["5".to_owned(), "a'b".to_owned()];
        let which = Which { keys: Some(&keys), tenant: Some("t1") };
        let plan = EntityPlan::new("video", &videos(Dialect::Mysql), which).unwrap();
        assert_eq!(
            plan.query.sql,
            "select asof_rows.`id` as asof_0, asof_rows.`title` as asof_1, \
             asof_rows.`view_count` as asof_2, case when (view_count > 1000) then 1 else 0 end as asof_3\n\
             from (select * from videos where state in (?, ?) and owner = ? -- :tenant\n) asof_rows\n\
             where asof_rows.`id` in (?, ?)"
        );
        let texts = ["on", "off", "t1", "5", "a'b"];
        assert_eq!(plan.query.params, texts.map(Value::text));
        assert!(plan.label);
        assert_eq!(plan.fields, ["views"]);
        assert_eq!(plan.rules, [Every::Day]);

        let plan = EntityPlan::new("video", &videos(Dialect::Sqlite), which).unwrap();
        assert!(plan.query.sql.ends_with("where asof_rows.\"id\" in (?, ?, ?)"), "{}", plan.query.sql);
        assert_eq!(plan.query.params.last(), Some(&Value::from(5)));

        let plan = EntityPlan::new("video", &videos(Dialect::Postgres), which).unwrap();
        assert!(
            plan.query.sql.ends_with("where cast(asof_rows.\"id\" as text) in (?, ?)"),
            "{}",
            plan.query.sql
        );

        let none = Which { keys: Some(&[]), tenant: None };
        let plan = EntityPlan::new("video", &videos(Dialect::Sqlite), none).unwrap();
        assert!(plan.query.sql.ends_with(" in (select null where 1 = 0)"), "{}", plan.query.sql);
        // Nobody's rows: what nothing is bound to is no SQL.
        assert!(plan.query.sql.contains("owner = :tenant"), "{}", plan.query.sql);
        assert_eq!(plan.query.params, [Value::text("on"), Value::text("off")]);
    }

    #[test]
    fn references_are_limited_to_their_ids() {
        let sql = "select id from notes where id in {ids} and owner = :tenant and a <> '{ids} :tenant'";
        let ids = ["7".to_owned()];
        let query = references("notes", &videos(Dialect::Mysql), sql, &ids, Some("t1")).unwrap();
        assert_eq!(query.sql, "select id from notes where id in (?) and owner = ? and a <> '(?) :tenant'");
        assert_eq!(query.params, [Value::text("7"), Value::text("t1"), Value::text("7")]);
        assert!(references("notes", &videos(Dialect::Mysql), "{nothing}", &ids, None).is_err());
        for (dialect, set) in
            [(Dialect::Sqlite, " in (select null where 1 = 0)"), (Dialect::Postgres, " = any ('{}')")]
        {
            let query =
                references("notes", &videos(dialect), "select id from notes where id in {ids}", &[], None);
            assert_eq!(query.unwrap().sql, format!("select id from notes where id{set}"));
        }
    }
}
