//! A command for all tenants, one after the other: each is a unit of its own, and none stops another. And hints that
//! name the one that they are about.

use serde_json::json;

use super::context::Context;
use super::exit;
use super::failure::Failure;
use super::output::quoted;
use crate::config::Config;
use crate::view::text::safe;

/// The commands that are about one tenant's archive.
const COMMANDS: [&str; 22] = [
    "alerts", "backfill", "capture", "check", "compare", "context", "drift", "forecast", "growth", "history",
    "label", "list", "note", "pin", "prune", "restore", "save", "schedule", "series", "settling", "verify",
    "worklist",
];

/// Runs it for the tenant that was named, or for all in turn, which is so for a configuration without tenants too.
///
/// # Errors
/// When the configuration has problems, and what [`each`] says.
pub fn all(
    context: &Context<'_>,
    run: &dyn Fn(&Context<'_>, &Config) -> Result<u8, Failure>,
) -> Result<u8, Failure> {
    let config = context.config_of_all()?;
    if config.tenants.is_empty() || config.tenant.is_some() {
        return run(context, &config);
    }
    each(context, &config, run)
}

/// Runs it for each tenant. The exit code is that of the only one, 0 when all went well, 4 when there are findings
/// only, and else 3; when it failed for all of them, the first failure is told as that of the command.
///
/// # Errors
/// That failure.
pub fn each(
    context: &Context<'_>,
    config: &Config,
    run: &dyn Fn(&Context<'_>, &Config) -> Result<u8, Failure>,
) -> Result<u8, Failure> {
    let out = context.output;
    let mut codes = Vec::new();
    let mut first: Option<Failure> = None;
    for id in &config.tenants {
        let Some(own) = config.of_tenant(id) else { continue };
        if out.json() {
            out.document(&json!({ "event": "tenant", "tenant": id }));
        } else {
            out.report(&format!("tenant {}\n", safe(id)));
        }
        match run(&context.of_tenant(id), &own) {
            Ok(code) => {
                if code == exit::INTERRUPTED {
                    return Ok(code);
                }
                // What was warned of said nothing of whose it was.
                if code != exit::DONE {
                    out.warn(&format!("that was tenant {id:?}"));
                }
                codes.push(code);
            }
            Err(failure) if failure.code == exit::INTERRUPTED => return Err(failure),
            Err(failure) => {
                out.warn(&format!("tenant {id:?} failed: {}", failure.message()));
                codes.push(failure.code);
                first.get_or_insert(failure);
            }
        }
    }
    let failed = codes.iter().filter(|code| **code != exit::DONE).count();
    let soft = |code: &u8| matches!(*code, exit::PARTLY | exit::FINDINGS);
    match (first, codes.as_slice()) {
        (Some(failure), _) if failed == codes.len() && !codes.iter().any(soft) => Err(failure),
        (_, [code]) => Ok(*code),
        (_, codes) if failed == 0 || codes.is_empty() => Ok(exit::DONE),
        (_, codes) if codes.iter().all(|code| matches!(*code, exit::DONE | exit::FINDINGS)) => {
            Ok(exit::FINDINGS)
        }
        _ => Ok(exit::PARTLY),
    }
}

/// A hint in which each command that is about one archive names the tenant whose it is.
pub fn hint(hint: &str, tenant: Option<&str>) -> String {
    let Some(tenant) = tenant else { return hint.to_owned() };
    let mut told = String::new();
    for (at, piece) in hint.split("asof ").enumerate() {
        if at > 0 {
            told.push_str("asof ");
        }
        let word = piece.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        let is_command = at > 0 && COMMANDS.contains(&word);
        match piece.strip_prefix(word).filter(|_| is_command) {
            Some(rest) => {
                let between = if tenant.starts_with('-') { '=' } else { ' ' };
                told.push_str(&format!("{word} --tenant{between}{}{rest}", quoted(tenant)));
            }
            None => told.push_str(piece),
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::hint;

    #[test]
    fn a_hint_names_the_tenant_behind_each_command() {
        let told = "asof list shows what there is; asof schedule --remove, or asof init; asof itself";
        assert_eq!(hint(told, None), told);
        assert_eq!(
            hint(told, Some("a b")),
            "asof list --tenant 'a b' shows what there is; asof schedule --tenant 'a b' --remove, or asof init; asof itself"
        );
    }
}
