//! The protocol over a stream of lines in and one of lines out: one message a line, and nothing else.

use std::sync::Arc;

use rmcp::service::serve_server;
use rmcp::service::{QuitReason, ServerInitializeError};
use rmcp::transport::async_rw::AsyncRwTransport;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;

use super::handler::Handler;
use crate::serve::Server;
use crate::serve::access::Caller;

/// No message that comes is longer, in bytes. A longer line is left out.
const LONGEST: usize = 4_000_000;

/// Answers until there are no more lines, or it is to stop.
///
/// # Errors
/// What went wrong, as a sentence, when the other side speaks something else.
pub async fn answer(
    server: Arc<Server>,
    owner: Caller,
    (input, output): (impl AsyncRead + Send + Unpin + 'static, impl AsyncWrite + Send + Unpin + 'static),
    mut stop: watch::Receiver<bool>,
) -> Result<(), String> {
    let transport = AsyncRwTransport::new_server(input, output).with_max_line_length(LONGEST);
    let running = tokio::select! {
        running = serve_server(Handler::of_owner(server, owner), transport) => running,
        _ = stop.wait_for(|stop| *stop) => return Ok(()),
    };
    let running = match running {
        Ok(running) => running,
        // Nobody said anything, or nothing more.
        Err(ServerInitializeError::ConnectionClosed(_)) => return Ok(()),
        Err(error) => return Err(error.to_string()),
    };
    let ending = running.cancellation_token();
    let mut ended = std::pin::pin!(running.waiting());
    let reason = tokio::select! {
        reason = ended.as_mut() => reason,
        _ = stop.wait_for(|stop| *stop) => {
            ending.cancel();
            ended.await
        }
    };
    match reason {
        Ok(QuitReason::JoinError(error)) | Err(error) => Err(error.to_string()),
        Ok(_) => Ok(()),
    }
}
