//! `asof token`

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::context::Context;
use super::exit;
use super::failure::Failure;
use crate::config::serve::{HASH, Only, Scope, end_of};
use crate::model::Digest;

/// How many random bytes a token has.
const BYTES: usize = 32;

const EXAMPLES: &str = "\
Examples:
  asof token new --scope read                    who may ask what is in the archive
  asof token new --scope capture --name hook     and who may have something kept in it
  asof token new --scope read --only user_id=5   only what concerns one user's entities
  asof token new --scope read --tenant acme --expires 2026-12-31

The token is shown once and kept nowhere. The lines that follow go into asof.toml; they hold its
digest, from which it can't be found. A server that runs takes them once it is started again.";

/// Make a token for those who ask the server
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Token {
    #[command(subcommand)]
    command: TokenCommand,
}

#[derive(Debug, clap::Subcommand)]
enum TokenCommand {
    New(New),
}

/// What a token allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum ScopeName {
    /// Ask what is in the archive, and what the source says now
    Read,
    /// That, and have something kept in the archive
    Capture,
}

/// Make a new token, and print it with the lines for asof.toml
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
struct New {
    /// What it allows
    #[arg(long, value_name = "SCOPE")]
    scope: ScopeName,
    /// What it is called in the configuration; its scope when left out
    #[arg(long, value_name = "NAME", value_parser = name)]
    name: Option<String>,
    /// The only rows of entities it sees, by a field's value
    #[arg(long, value_name = "FIELD=VALUE")]
    only: Option<Only>,
    /// The last day on which it holds, in UTC: 2026-12-31
    #[arg(long, value_name = "DATE", value_parser = last_day)]
    expires: Option<String>,
}

fn name(text: &str) -> Result<String, String> {
    let mut letters = text.bytes();
    let sound = letters.next().is_some_and(|b| b.is_ascii_lowercase())
        && letters.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        && text.len() <= 60;
    sound
        .then(|| text.to_owned())
        .ok_or_else(|| "use lower-case letters, digits and _, a letter first".to_owned())
}

fn last_day(text: &str) -> Result<String, String> {
    end_of(text).map(|_| text.to_owned()).ok_or_else(|| "write a date such as 2026-12-31".to_owned())
}

impl Token {
    /// Runs it.
    ///
    /// # Errors
    /// When the operating system gives no random bytes, or there is no such tenant.
    pub fn run(self, context: &Context<'_>) -> Result<u8, Failure> {
        let TokenCommand::New(new) = self.command;
        let tenant = match context.tenant() {
            // It is looked up, so that no token is made for a tenant that is misspelt.
            Some(_) => context.config_of_all()?.tenant,
            None => None,
        };
        let mut random = [0; BYTES];
        getrandom::fill(&mut random).map_err(|error| {
            let message = format!("the operating system gives no random bytes: {error}");
            Failure::said(exit::FAILED, message, None)
        })?;
        let token = format!("asof_{}", URL_SAFE_NO_PAD.encode(random));
        let hash = format!("{HASH}{}", Digest::of(token.as_bytes()));
        let scope = match new.scope {
            ScopeName::Read => Scope::Read,
            ScopeName::Capture => Scope::Capture,
        }
        .word();
        let name = new.name.as_deref().unwrap_or(scope);
        let only = new.only.as_ref().map(ToString::to_string);
        let out = context.output;
        if out.json() {
            out.document(&json!({
                "token": token,
                "name": name,
                "hash": hash,
                "scope": scope,
                "tenant": tenant,
                "only": only,
                "expires": new.expires,
            }));
            return Ok(exit::DONE);
        }
        let lines = [
            ("hash", Some(hash)),
            ("scope", Some(scope.to_owned())),
            ("tenant", tenant),
            ("only", only),
            ("expires", new.expires),
        ];
        // A text of JSON is one of TOML too.
        let lines = lines.into_iter().filter_map(|(key, value)| Some(format!("{key} = {}\n", json!(value?))));
        let lines: String = lines.collect();
        out.answer(&format!("{token}\n\n[serve.tokens.{name}]\n{lines}"));
        Ok(exit::DONE)
    }
}
