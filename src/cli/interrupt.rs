//! Ctrl-C and the request to terminate: the first asks a run to stop, the second ends it at once. Where
//! nobody listens any more the first does so too.

use std::thread;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use super::exit;
use super::failure::Failure;
use super::output::eprint;

/// Says `true` once somebody wants the run to end.
///
/// # Errors
/// When the system does not let signals be listened for.
pub fn listen() -> Result<watch::Receiver<bool>, Failure> {
    let failed = |error: std::io::Error| {
        Failure::new(exit::FAILED, anyhow::Error::new(error).context("signals can't be listened for"), None)
    };
    let (sender, receiver) = watch::channel(false);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let listening = runtime.block_on(async {
        Ok::<_, std::io::Error>([signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?])
    });
    let [mut interrupt, mut terminate] = listening.map_err(failed)?;
    let wait = move || {
        runtime.block_on(async {
            either(&mut interrupt, &mut terminate).await;
            if sender.send(true).is_ok() {
                either(&mut interrupt, &mut terminate).await;
            }
            eprint("\n");
            std::process::exit(i32::from(exit::INTERRUPTED));
        });
    };
    thread::Builder::new().name("signals".to_owned()).spawn(wait).map_err(failed)?;
    Ok(receiver)
}

/// Waits until somebody wants the run to end; for ever where nobody listens.
pub async fn wanted(stop: Option<&watch::Receiver<bool>>) {
    if let Some(stop) = stop
        && stop.clone().wait_for(|stop| *stop).await.is_ok()
    {
        return;
    }
    std::future::pending::<()>().await;
}

async fn either(one: &mut Signal, other: &mut Signal) {
    tokio::select! {
        _ = one.recv() => {}
        _ = other.recv() => {}
    }
}
