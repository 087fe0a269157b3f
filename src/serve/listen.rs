//! Connections: how many, how long they may say nothing, and a graceful end.

use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{Sleep, sleep, timeout};

use super::Server;
use super::guard::{Ends, guard};
use super::route::router;
use super::routes;

/// How many connections there are at once; others wait to be accepted.
const MOST_CONNECTIONS: usize = 1024;

/// How long an end waits for what is being answered.
const GRACE: Duration = Duration::from_secs(10);

/// How long accepting waits after it failed, as when there are too many open files.
const PAUSE: Duration = Duration::from_millis(100);

/// Answers until it is to stop, and what is being answered then is answered still. What else there is besides the
/// routes is given; it is guarded as they are.
pub async fn listen(
    listener: TcpListener,
    server: Arc<Server>,
    besides: Router,
    mut stop: watch::Receiver<bool>,
) {
    let routes = router(&server, routes::all()).merge(besides);
    let service = TowerToHyperService::new(routes.layer(from_fn_with_state(Arc::clone(&server), guard)));
    let connections = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let patience = server.settings.client_timeout;
    loop {
        let accepted = tokio::select! {
            biased;
            () = wanted(&mut stop) => break,
            accepted = accept(&listener, &connections) => accepted,
        };
        let Ok((stream, ends, place)) = accepted else {
            // One that went before it was accepted is none; else there are no files left, and some have to close first.
            sleep(PAUSE).await;
            continue;
        };
        let (service, mut stop) = (service.clone(), stop.clone());
        tokio::spawn(async move {
            let _place = place;
            let answer = service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
                request.extensions_mut().insert(ends);
                service.call(request)
            });
            let mut http = http1::Builder::new();
            http.timer(TokioTimer::new())
                .header_read_timeout(patience)
                .max_buf_size(64 * 1024)
                .half_close(false);
            let mut connection =
                pin!(http.serve_connection(TokioIo::new(Patient::new(stream, patience)), answer));
            // What goes wrong with a connection is the client's own doing, and it is gone.
            tokio::select! {
                _ = connection.as_mut() => {}
                () = wanted(&mut stop) => {
                    connection.as_mut().graceful_shutdown();
                    let _ = timeout(GRACE, connection).await;
                }
            }
        });
    }
    drop(listener);
    let all = u32::try_from(MOST_CONNECTIONS).unwrap_or(u32::MAX);
    // All places are free once all connections are closed.
    let _ = timeout(GRACE, connections.acquire_many(all)).await;
}

async fn accept(
    listener: &TcpListener,
    connections: &Arc<Semaphore>,
) -> io::Result<(TcpStream, Ends, tokio::sync::OwnedSemaphorePermit)> {
    let place = Arc::clone(connections).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, peer): (TcpStream, SocketAddr) = listener.accept().await?;
    stream.set_nodelay(true)?;
    let here = stream.local_addr()?;
    Ok((stream, Ends { peer, here }, place))
}

/// Waits until somebody wants the end; for ever where nobody can.
async fn wanted(stop: &mut watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// A connection that is given up once its client has taken nothing of an answer for so long.
struct Patient {
    stream: TcpStream,
    patience: Duration,
    /// While something waits to be taken.
    waiting: Option<Pin<Box<Sleep>>>,
}

impl Patient {
    fn new(stream: TcpStream, patience: Duration) -> Self {
        Self { stream, patience, waiting: None }
    }

    /// The same outcome, or an error when it was waited for too long.
    fn limited<T>(&mut self, context: &mut Context<'_>, outcome: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            self.waiting = None;
            return outcome;
        }
        let patience = self.patience;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(patience)));
        waiting.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Patient {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Patient {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.limited(context, outcome)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.stream).poll_flush(context);
        self.limited(context, outcome)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(context, pieces);
        self.limited(context, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
