//! Whether the queries of entities and of the texts that they refer to will work, whether tenants can be told apart, and
//! whether tokens see anything.

use std::collections::BTreeSet;

use super::check::{CheckReport, Level, QueryReport};
use super::sessions::Sessions;
use crate::config::Config;
use crate::config::problem::known_names;
use crate::model::definitions::Dialect;
use crate::model::entity::EntityDef;
use crate::plan::entity::{Which, references};
use crate::plan::{EntityPlan, Query};
use crate::source::SourceError;

/// Looks at the queries of all entities, without running them.
///
/// # Errors
/// When the source can't be reached any more.
pub async fn about(
    config: &Config,
    sessions: &mut Sessions<'_>,
    report: &mut CheckReport,
) -> Result<(), SourceError> {
    let tenant = config.tenant.as_deref();
    for (name, entity) in &config.entities {
        let look = EntityPlan::new(name, &entity.def, Which { keys: None, tenant }).map(|plan| plan.query);
        let texts = entity.references.iter().map(|(of, settings)| {
            let name = format!("entities.{name}.references.{of}");
            references(&name, &entity.def, &settings.sql, &[], tenant)
        });
        let mut sound = true;
        let mut queries = 0;
        for query in std::iter::once(look).chain(texts) {
            queries += 1;
            match query {
                Ok(query) => sound &= is_sound(&entity.def, &query, sessions, report).await?,
                Err(error) => {
                    sound = false;
                    report.add(Level::Error, name, error.to_string(), None);
                }
            }
        }
        if sound {
            let queries = if queries == 1 { "1 query".to_owned() } else { format!("{queries} queries") };
            report.add(Level::Good, name, format!("can be looked at, by {queries}"), None);
        }
    }
    Ok(())
}

async fn is_sound(
    def: &EntityDef,
    query: &Query,
    sessions: &mut Sessions<'_>,
    report: &mut CheckReport,
) -> Result<bool, SourceError> {
    let session = sessions.at(def.source.as_deref()).await?;
    let sql = query.literal(def.dialect);
    let explained = session.explain(query).await;
    let sound = explained.is_ok();
    let access = explained.unwrap_or_else(|error| {
        report.add(Level::Error, &query.name, error.to_string(), error.hint());
        Vec::new()
    });
    report.queries.push(QueryReport { name: query.name.clone(), sql, access });
    Ok(sound)
}

/// Tokens that see only rows by a field which no entity has, and so none at all.
pub fn about_tokens(config: &Config, report: &mut CheckReport) {
    let fields: BTreeSet<&str> =
        config.entities.values().flat_map(|entity| entity.def.fields.keys()).map(String::as_str).collect();
    for (name, token) in &config.serve.tokens {
        let Some(only) = token.only.as_ref().filter(|only| !fields.contains(only.field.as_str())) else {
            continue;
        };
        let text =
            format!("sees nothing: no entity has the field {:?}, by which it sees only {only}", only.field);
        let hint = if fields.is_empty() {
            "add [entities.NAME] with that field to the configuration".to_owned()
        } else {
            known_names("fields", &only.field, fields.iter().copied())
        };
        report.add(Level::Warning, &format!("serve.tokens.{name}"), text, Some(hint));
    }
}

/// Tenants that the source may take for each other: to most columns of MySQL `Acme`, `acme` and `acme ` are the same.
pub fn about_tenants(config: &Config, report: &mut CheckReport) {
    let mut sources = config.sources.all().into_iter();
    if sources.all(|(_, settings)| settings.dialect() != Dialect::Mysql) {
        return;
    }
    let plain = |id: &str| id.trim_end().to_lowercase();
    let alike = |id: &&String| config.tenants.iter().any(|other| other != *id && plain(other) == plain(id));
    let alike: Vec<String> = config.tenants.iter().filter(alike).map(|id| format!("{id:?}")).collect();
    if !alike.is_empty() {
        let text = format!("to the source {} may be the same", alike.join(" and "));
        let hint = "write binary :tenant in the queries, which tells each letter's case".to_owned();
        report.add(Level::Warning, "tenants", text, Some(hint));
    }
}
