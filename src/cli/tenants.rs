//! A command for all tenants, one after the other: each is a unit of its own, and none stops another.

use serde_json::json;

use super::context::Context;
use super::exit;
use super::failure::Failure;
use crate::config::Config;
use crate::view::text::safe;

/// Runs it for each tenant. The exit code is that of the only one, 0 when all went well, and else 3; when
/// it failed for all of them, the first failure is told as that of the command.
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
    match (first, codes.as_slice()) {
        (Some(failure), _) if failed == codes.len() && !codes.contains(&exit::PARTLY) => Err(failure),
        (_, [code]) => Ok(*code),
        _ => Ok(if failed == 0 { exit::DONE } else { exit::PARTLY }),
    }
}
