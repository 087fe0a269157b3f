//! Filling in the names in braces in SQL that a user wrote.

use std::collections::BTreeMap;

use super::lookup;
use super::sql::{self, Sql};
use crate::model::Value;
use crate::model::definitions::{Dialect, placeholders};
use crate::model::lookup::{LookupDef, Piece, around_lookups};
use crate::model::tenant_sql::around_tenant;

/// A name in braces that means nothing here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{{{name}}} is no list")]
pub struct UnknownName {
    /// The name.
    pub name: String,
}

/// What names in braces stand for.
pub struct Names<'a> {
    /// The SQL they are written in.
    pub dialect: Dialect,
    /// The lists.
    pub lists: &'a BTreeMap<String, Vec<String>>,
    /// The day and its time column, where these may be named.
    pub window: Option<WindowSql>,
    /// Whose rows are read, where `:tenant` may be named.
    pub tenant: Option<&'a str>,
    /// The lookups, where their answers may be named.
    pub lookups: Option<&'a BTreeMap<String, LookupDef>>,
}

/// What the day itself stands for.
#[derive(Clone)]
pub struct WindowSql {
    /// Its first time, as the column tells it.
    pub start: Sql,
    /// The first time after it.
    pub end: Sql,
    /// The condition that a row lies in it.
    pub condition: Sql,
}

impl Names<'_> {
    /// The SQL with every name in braces replaced: lists by bound values, the window by a
    /// condition; and with the tenant bound where there is one. All else is left as it is: no source takes a
    /// `:tenant` that nothing is bound to.
    ///
    /// # Errors
    /// A name that is neither a list nor, where the window is known, a part of it.
    pub fn fill(&self, text: &str) -> Result<Sql, UnknownName> {
        let Some(tenant) = self.tenant else { return self.fill_names(text) };
        let mut filled = Sql::default();
        for (at, piece) in around_tenant(self.dialect, text).into_iter().enumerate() {
            if at > 0 {
                filled = filled.and(&Sql::bind(Value::text(tenant)));
            }
            filled = filled.and(&self.fill_names(piece)?);
        }
        Ok(filled)
    }

    fn fill_names(&self, text: &str) -> Result<Sql, UnknownName> {
        let Some(lookups) = self.lookups.filter(|lookups| !lookups.is_empty()) else {
            return self.fill_braces(text);
        };
        let mut filled = Sql::default();
        for piece in around_lookups(self.dialect, text) {
            filled = match piece {
                Piece::Text(text) => filled.and(&self.fill_braces(text)?),
                Piece::Answer { lookup, column } => match lookups.get(lookup) {
                    Some(def) => filled.and(&lookup::answer(self.dialect, lookup, def, column)?),
                    None => filled.then(&format!("lookup.{lookup}.{column}")),
                },
            };
        }
        Ok(filled)
    }

    fn fill_braces(&self, text: &str) -> Result<Sql, UnknownName> {
        let names = placeholders(text);
        let mut filled = Sql::default();
        let mut rest = text;
        while let Some((at, name)) = next_name(rest, &names) {
            let (before, after) = rest.split_at(at);
            filled = match self.empty(before, name) {
                Some((before, set)) => filled.then(before).then(set),
                None => filled.then(before).and(&self.replacement(name)?),
            };
            rest = after.get(name.len() + 2..).unwrap_or("");
        }
        Ok(filled.then(rest))
    }

    /// The SQL up to the `in` before an empty list, and what takes the place of both.
    fn empty<'t>(&self, before: &'t str, name: &str) -> Option<(&'t str, &'static str)> {
        self.lists.get(name).filter(|list| list.is_empty()).and_then(|_| in_nothing(self.dialect, before))
    }

    fn replacement(&self, name: &str) -> Result<Sql, UnknownName> {
        if let Some(WindowSql { start, end, condition }) = &self.window {
            match name {
                "window" => return Ok(condition.clone()),
                "start" => return Ok(start.clone()),
                "end" => return Ok(end.clone()),
                _ => {}
            }
        }
        let list = self.lists.get(name).ok_or_else(|| UnknownName { name: name.to_owned() })?;
        Ok(sql::list(self.dialect, list))
    }
}

/// The SQL up to the `in` at its end, after which an empty set is to come, and what takes the place of both. To
/// PostgreSQL an empty set has a type, and only an empty array takes that of what is sought in it.
pub fn in_nothing(dialect: Dialect, before: &str) -> Option<(&str, &'static str)> {
    if dialect != Dialect::Postgres {
        return None;
    }
    let before = without_word(before, "in")?;
    match without_word(before, "not") {
        Some(before) => Some((before, " <> all ('{}')")),
        None => Some((before, " = any ('{}')")),
    }
}

fn next_name<'n>(text: &str, names: &[&'n str]) -> Option<(usize, &'n str)> {
    names.iter().filter_map(|name| Some((text.find(&format!("{{{name}}}"))?, *name))).min()
}

/// What stands before this word, where the SQL ends with it.
fn without_word<'t>(sql: &'t str, word: &str) -> Option<&'t str> {
    let sql = sql.trim_end();
    let at = sql.len().checked_sub(word.len())?;
    let (before, last) = (sql.get(..at)?, sql.get(at..)?);
    let is_whole = !before.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '.'));
    (last.eq_ignore_ascii_case(word) && is_whole).then_some(before.trim_end())
}

#[cfg(test)]
mod tests {
    use super::Names;
    use crate::model::Value;
    use crate::model::definitions::Dialect;

    #[test]
    fn lists_become_bound_values_where_they_stand() {
        let lists = [("sale".into(), vec!["SALE".into()]), ("none".into(), Vec::new())].into();
        let names =
            Names { dialect: Dialect::Sqlite, lists: &lists, window: None, tenant: None, lookups: None };
        let sql = names.fill("a in {sale} or b in {none} or c in {sale} or d = '{ x }'").unwrap();
        assert_eq!(sql.text, "a in (?) or b in (select null where 1 = 0) or c in (?) or d = '{ x }'");
        assert_eq!(sql.params, [Value::text("SALE"), Value::text("SALE")]);
        assert_eq!(names.fill("a in {sales}").unwrap_err().name, "sales");
        assert!(names.fill("where {window}").is_err());
    }

    #[test]
    fn to_postgresql_nothing_is_an_empty_array() {
        let lists = [("none".into(), Vec::new())].into();
        let names =
            Names { dialect: Dialect::Postgres, lists: &lists, window: None, tenant: None, lookups: None };
        for (sql, expected) in [
            ("a in {none} or b = 1", "a = any ('{}') or b = 1"),
            ("a NOT\n IN {none}", "a <> all ('{}')"),
            ("(a)in{none}", "(a) = any ('{}')"),
            ("not a in {none}", "not a = any ('{}')"),
            ("within {none}", "within (select null where 1 = 0)"),
            ("knot in {none}", "knot = any ('{}')"),
        ] {
            assert_eq!(names.fill(sql).unwrap().text, expected);
        }
    }
}
