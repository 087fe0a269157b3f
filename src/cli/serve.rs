//! `asof serve`

use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::json;
use tokio::net::TcpListener;

use super::context::{Context, env};
use super::failure::Failure;
use super::{exit, interrupt};
use crate::mcp;
use crate::serve::listen::listen;
use crate::serve::{Server, Setup};

/// How many threads carry connections; what waits for disks and databases has threads of its own.
const THREADS: usize = 2;

/// The units of a number of bytes, the larger ones first.
const UNITS: [(&str, usize); 6] = [
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1000),
];

const EXAMPLES: &str = "\
Examples:
  asof serve                             on this machine only: http://127.0.0.1:8787/
  asof serve --listen 127.0.0.1:0        at any free port; the line that is printed says which
  asof serve --listen 0.0.0.0:8787       for others too, which needs tokens: asof token new
  asof serve -v                          one line on stderr for every request that failed
  asof serve --cache 64MB

It reads the archive, sees what is frozen meanwhile, and ends on Ctrl-C once what is being asked is
answered. [serve] in the configuration says by which names it may be called, and how much at once.
Without tokens whoever is on this machine may ask all; once there are tokens, every request needs one.";

/// Answer people and programs over HTTP: the archive as an API and as pages
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Serve {
    /// The address to listen at
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8787")]
    listen: SocketAddr,
    /// How much memory answers may be kept in
    #[arg(long, value_name = "SIZE", default_value = "256MB", value_parser = size)]
    cache: usize,
}

/// A number of bytes: `256MB`.
fn size(text: &str) -> Result<usize, String> {
    let (number, unit) = UNITS
        .iter()
        .find_map(|(unit, bytes)| Some((text.strip_suffix(unit)?, *bytes)))
        .or_else(|| Some((text.strip_suffix('B').unwrap_or(text), 1)))
        .unwrap_or((text, 1));
    let number = number.trim().parse::<usize>().ok().and_then(|number| number.checked_mul(unit));
    number.ok_or_else(|| "write a number of bytes such as 256MB, or 0 for none".to_owned())
}

impl Serve {
    /// Runs it.
    ///
    /// # Errors
    /// When the configuration has problems, nobody would be asked for a token from elsewhere, or the address is taken.
    pub fn run(self, context: &Context<'_>) -> Result<u8, Failure> {
        let config = context.config_of_all()?;
        if !self.listen.ip().to_canonical().is_loopback() && config.serve.tokens.is_empty() {
            let message = format!("{} can be reached from elsewhere, and there are no tokens", self.listen);
            let hint = "asof token new makes one; or listen at 127.0.0.1, for this machine only";
            return Err(Failure::said(exit::USAGE, message, Some(hint.to_owned())));
        }
        let output = *context.output;
        let fixed = context.clock_is_fixed().then(|| context.now());
        let server = Server::new(Setup {
            config,
            cache: self.cache,
            clock: Arc::new(move || fixed.unwrap_or_else(chrono::Utc::now)),
            env: Arc::new(env),
            log: Arc::new(move |line| output.warn(line)),
            log_all: context.output.verbose(),
        });
        let stop = interrupt::listen()?;
        let failed = |what: String| {
            move |error: std::io::Error| {
                Failure::new(exit::FAILED, anyhow::Error::new(error).context(what), None)
            }
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .enable_all()
            .build()
            .map_err(failed("the runtime can't start".to_owned()))?;
        let ended = runtime.block_on(async {
            let taken = failed(format!("can't listen at {}", self.listen));
            let listener = TcpListener::bind(self.listen).await.map_err(taken)?;
            let address = listener.local_addr().map_err(failed("the address can't be told".to_owned()))?;
            if output.json() {
                output.document(&json!({ "event": "listening", "address": address.to_string() }));
            } else {
                output.answer(&format!("listening at http://{address}/\n"));
            }
            let server = Arc::new(server);
            let mcp = mcp::http::router(&server);
            listen(listener, server, mcp, stop).await;
            Ok(exit::DONE)
        });
        // What still waits for a disk or a database is left to end with the process.
        runtime.shutdown_background();
        ended
    }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_are_bytes_with_a_unit() {
        for (text, bytes) in [
            ("0", 0),
            ("10", 10),
            ("10B", 10),
            ("256MB", 256_000_000),
            ("1MiB", 1_048_576),
            ("2GB", 2_000_000_000),
        ] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in ["", "MB", "-1MB", "1.5GB", "1XB", "99999999999999GB"] {
            assert!(size(text).is_err(), "{text}");
        }
    }
}
