//! The protocol over HTTP: `/mcp` inside the server. Each request stands by itself, with a token of its own: there are
//! no sessions that could be taken over, and nothing is kept between two requests.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderValue, Response};
use axum::routing::any;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};

use super::handler::Handler;
use crate::config::serve::Scope;
use crate::serve::Server;
use crate::serve::access::{Access, Caller};
use crate::serve::problem::Problem;
use crate::serve::route::{MOST_BODY, received};

/// Where it is.
pub const PATH: &str = "/mcp";

#[derive(Clone)]
struct Mcp {
    server: Arc<Server>,
    service: Arc<StreamableHttpService<Handler, NeverSessionManager>>,
}

/// What answers at [`PATH`].
pub fn router(server: &Arc<Server>) -> Router {
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_max_request_body_bytes(MOST_BODY)
        // The names by which it may be called and the pages that may call are checked for every request already.
        .disable_allowed_hosts()
        .disable_allowed_origins();
    let handler = Handler::of_callers(Arc::clone(server));
    let sessions = Arc::new(NeverSessionManager::default());
    let service = Arc::new(StreamableHttpService::new(move || Ok(handler.clone()), sessions, config));
    Router::new().route(PATH, any(handle)).with_state(Mcp { server: Arc::clone(server), service })
}

async fn handle(State(mcp): State<Mcp>, request: Request) -> Response<Body> {
    match admitted(&mcp, request).await {
        Err(problem) => problem.into_response(),
        Ok(request) => {
            let mut response = mcp.service.handle(request).await.map(Body::new);
            response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response
        }
    }
}

/// The request with whoever asks, known before a byte of the body is read.
async fn admitted(mcp: &Mcp, request: Request) -> Result<Request, Problem> {
    let (mut parts, body) = request.into_parts();
    let caller = Caller::admitted(&mcp.server, Access::Scope(Scope::Read), &parts.headers)?;
    let body = received(&mcp.server, body).await?;
    parts.extensions.insert(caller);
    Ok(Request::from_parts(parts, Body::from(body)))
}
