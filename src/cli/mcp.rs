//! `asof mcp`

use std::sync::Arc;

use super::context::{Context, env};
use super::failure::Failure;
use super::{exit, interrupt};
use crate::mcp::handler::scope;
use crate::mcp::stdio::answer;
use crate::serve::access::Caller;
use crate::serve::{Server, Setup};

/// How many threads carry messages; what waits for disks and databases has threads of its own.
const THREADS: usize = 2;
/// How many bytes of answers are kept.
const CACHE: usize = 64_000_000;

const EXAMPLES: &str = "\
Examples:
  asof mcp                               for a client that starts it and speaks through its input and output
  asof mcp --config /etc/asof.toml       clients rarely start it in the right folder
  asof mcp --tenant north                of one tenant only
  asof mcp --allow-capture               with the tool capture, which keeps what entities are now

Standard output carries messages of the protocol and nothing else; what is to be said goes to standard
error. The same over HTTP is /mcp of asof serve. It ends when its input ends.";

/// Answer a language model's client: the archive as tools, over standard input and output
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Mcp {
    /// Let the client keep captures, which reads the source
    #[arg(long)]
    allow_capture: bool,
}

impl Mcp {
    /// Runs it.
    ///
    /// # Errors
    /// When the configuration has problems, or the other side does not speak the protocol.
    pub fn run(self, context: &Context<'_>) -> Result<u8, Failure> {
        let config = context.config_of_all()?;
        let output = *context.output;
        let fixed = context.clock_is_fixed().then(|| context.now());
        let owner = Caller::owner(scope(self.allow_capture), config.tenant.clone());
        let server = Server::new(Setup {
            config,
            cache: CACHE,
            clock: Arc::new(move || fixed.unwrap_or_else(chrono::Utc::now)),
            env: Arc::new(env),
            log: Arc::new(move |line| output.warn(line)),
            log_all: context.output.verbose(),
        });
        let stop = interrupt::listen()?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .enable_all()
            .build()
            .map_err(|error| {
                Failure::new(exit::FAILED, anyhow::Error::new(error).context("the runtime can't start"), None)
            })?;
        let ended = runtime.block_on(async {
            let streams = (tokio::io::stdin(), tokio::io::stdout());
            answer(Arc::new(server), owner, streams, stop).await
        });
        // What still waits for a disk, a database or a line is left to end with the process.
        runtime.shutdown_background();
        ended.map_err(|error| {
            let hint = "a client begins with initialize, one message of JSON-RPC on each line".to_owned();
            Failure::said(exit::FAILED, format!("this is no client of the protocol: {error}"), Some(hint))
        })?;
        Ok(exit::DONE)
    }
}
