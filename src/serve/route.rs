//! What can be asked for, and running it. What answers is a plain function of a [`Call`], so nothing can be asked for
//! of which it was not said who may; it runs on a thread where it may wait for disks and databases.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{RawPathParams, Request, State};
use axum::http::{HeaderMap, Method, Response, StatusCode};
use axum::routing::{self, MethodRouter};
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;

use super::Server;
use super::access::{Access, Call};
use super::answer::Answer;
use super::pages::trouble;
use super::problem::Problem;

/// The largest body that is taken, in bytes.
pub const MOST_BODY: usize = 1_000_000;

/// The part of a path that stands for the snapshots of entities.
pub const SNAPSHOTS: &str = "{entity}-snapshots";

/// How long a request waits for its turn, at most.
const TURN: Duration = Duration::from_secs(10);

/// What it costs to answer.
#[derive(Clone, Copy, Debug)]
pub enum Cost {
    /// The archive is read.
    Archive,
    /// The source is asked, of which only a few may do so at once.
    Source,
    /// That depends on what is asked: whether it is the source.
    SourceIf(fn(&Call) -> bool),
}

/// Something that can be asked for.
pub struct Route {
    /// `GET`, which answers `HEAD` too, or `POST`.
    pub method: Method,
    /// The path, with names of its parts in braces.
    pub path: &'static str,
    /// Who may ask.
    pub access: Access,
    /// What it costs.
    pub cost: Cost,
    /// What answers.
    pub answer: fn(&Call) -> Result<Answer, Problem>,
}

impl Route {
    /// Something that is read from the archive.
    pub fn get(path: &'static str, access: Access, answer: fn(&Call) -> Result<Answer, Problem>) -> Self {
        Self { method: Method::GET, path, access, cost: Cost::Archive, answer }
    }

    /// Something that is done.
    pub fn post(path: &'static str, access: Access, answer: fn(&Call) -> Result<Answer, Problem>) -> Self {
        Self { method: Method::POST, ..Self::get(path, access, answer) }
    }

    /// The same, for which the source is asked in some cases.
    #[must_use]
    pub fn of_source_if(self, asks: fn(&Call) -> bool) -> Self {
        Self { cost: Cost::SourceIf(asks), ..self }
    }

    /// The same, for which the source is asked.
    #[must_use]
    pub fn of_source(self) -> Self {
        Self { cost: Cost::Source, ..self }
    }
}

/// All that can be asked for.
pub fn router(server: &Arc<Server>, routes: Vec<Route>) -> Router {
    let mut all = Router::new();
    for route in routes {
        let path = route.path;
        // Of a part of a path that goes on after a name, the whole is taken as the name, and looked at by what answers.
        let path = path.replace(SNAPSHOTS, "{entity}");
        all = all.route(&path, method(Arc::new(route)));
    }
    all.fallback(|request: Request| async move {
        let problem = Problem::not_found("no-such-thing", "there is nothing of this name");
        told(problem.hint("/api tells what there is"), request.headers(), request.uri().path())
    })
    .method_not_allowed_fallback(|| async {
        Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method", "this is not asked for in that way")
            .hint("the header Allow tells how")
            .into_response()
    })
    .with_state(Arc::clone(server))
}

/// What went wrong, for people as a page.
fn told(problem: Problem, headers: &HeaderMap, path: &str) -> Response<Body> {
    if trouble::wants_page(headers, path) { trouble::response(problem) } else { problem.into_response() }
}

fn method(route: Arc<Route>) -> MethodRouter<Arc<Server>> {
    let method = route.method.clone();
    let handle = move |State(server): State<Arc<Server>>,
                       path: Result<RawPathParams, RawPathParamsRejection>,
                       request: Request| {
        let route = Arc::clone(&route);
        async move {
            let headers = request.headers().clone();
            let path_asked = request.uri().path().to_owned();
            match run(&server, &route, path, request).await {
                Ok(answer) => answer.into_response(&headers),
                Err(mut problem) => {
                    problem.detail = server.without_folders(&problem.detail);
                    problem.hint = problem.hint.map(|hint| server.without_folders(&hint));
                    told(problem, &headers, &path_asked)
                }
            }
        }
    };
    if method == Method::POST { routing::post(handle) } else { routing::get(handle) }
}

/// Says that nobody waits any more once it is dropped, as it is when a client goes or time is up.
pub struct Waiting(watch::Sender<bool>);

impl Waiting {
    /// Somebody who waits, and how it is heard that nobody does any more.
    pub fn new() -> (Self, watch::Receiver<bool>) {
        let (waiting, stop) = watch::channel(false);
        (Self(waiting), stop)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.send_replace(true);
    }
}

async fn run(
    server: &Arc<Server>,
    route: &Arc<Route>,
    path: Result<RawPathParams, RawPathParamsRejection>,
    request: Request,
) -> Result<Answer, Problem> {
    let path = path.map_err(|_| Problem::bad("the path is no UTF-8 text"))?;
    let path: BTreeMap<String, String> =
        path.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let (parts, body) = request.into_parts();
    let (waiting, stop) = Waiting::new();
    // Who asks is known before a byte of the body is read.
    let mut call = Call::admit(server, route.access, path, parts, (axum::body::Bytes::new(), stop))?;
    call.body = received(server, body).await?;
    let asks = match route.cost {
        Cost::Archive => false,
        Cost::Source => true,
        Cost::SourceIf(asks) => asks(&call),
    };
    let answer = route.answer;
    let done = work(server, asks, move || answer(&call)).await;
    drop(waiting);
    done?
}

/// Does what waits for disks and databases on a thread for it, once its turn comes, and no longer than it may take:
/// what asks the source has turns of its own.
///
/// # Errors
/// When its turn does not come, it takes too long, or it ends with a mistake.
pub async fn work<T: Send + 'static>(
    server: &Arc<Server>,
    asks_source: bool,
    job: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    let (turns, most) = if asks_source {
        (&server.asking, server.settings.source_timeout)
    } else {
        (&server.reading, server.settings.request_timeout)
    };
    let turn = turn(turns).await?;
    let work = tokio::task::spawn_blocking(move || {
        // Its turn ends with the work, even when nobody waits for that any more.
        let _turn = turn;
        job()
    });
    match timeout(most, work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(_)) => Err(Problem::mistake("the answer could not be made")),
        Err(_) => Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "timeout", "this took too long")
            .hint("ask for less, or later")
            .after(10)),
    }
}

/// The body of a request, if it comes in time and is no larger than it may be.
///
/// # Errors
/// When it does not, or is larger.
pub async fn received(server: &Server, body: Body) -> Result<axum::body::Bytes, Problem> {
    match timeout(server.settings.request_timeout, to_bytes(body, MOST_BODY)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => Err(too_large()),
        Err(_) => {
            Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "timeout", "the request did not come in time"))
        }
    }
}

/// That a body is too large.
pub fn too_large() -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", format!("a body has at most {MOST_BODY} bytes"))
}

/// Waits for a turn.
async fn turn(turns: &Arc<Semaphore>) -> Result<tokio::sync::OwnedSemaphorePermit, Problem> {
    match timeout(TURN, Arc::clone(turns).acquire_owned()).await {
        Ok(Ok(turn)) => Ok(turn),
        _ => Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "too much is asked at once")
            .hint("ask again in a while")
            .after(10)),
    }
}
