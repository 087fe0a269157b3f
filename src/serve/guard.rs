//! What holds for every request, whatever it asks for: how many, by which name, from which page; and what every
//! answer says to browsers.
//!
//! A name that leads here may be anybody's: a page elsewhere can have its own name lead to this machine and would then be
//! taken for ours by a browser. So only names that are known are answered.

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, CONNECTION,
    CONTENT_LENGTH, CONTENT_SECURITY_POLICY, HOST, ORIGIN, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use axum::middleware::Next;

use super::Server;
use super::pace::Stopwatch;
use super::problem::{Problem, Told};
use super::route::{MOST_BODY, too_large};
use crate::view::text::safe;

/// What an answer allows a browser to do that is no page: nothing.
const NOTHING: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The two ends of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Ends {
    /// Who asks.
    pub peer: SocketAddr,
    /// Where that one was connected to.
    pub here: SocketAddr,
}

/// Lets a request through, and finishes its answer.
pub async fn guard(State(server): State<Arc<Server>>, request: Request, next: Next) -> Response<Body> {
    let began = Stopwatch::start();
    server.counts().began();
    // Counted however it ends: also when the client goes before there is an answer.
    let mut counted = Counted { server: &server, began, status: 499 };
    let what = format!("{} {}", request.method(), request.uri().path());
    let ends = request.extensions().get::<Ends>().copied();
    let origin = request.headers().get(ORIGIN).cloned();
    let mut response = match admit(&server, ends, &request) {
        Err(problem) => problem.into_response(),
        Ok(()) if is_preflight(&request) => preflight(),
        Ok(()) => next.run(request).await,
    };
    finish(&server, origin.as_ref(), &mut response);
    let status = response.status();
    counted.status = status.as_u16();
    drop(counted);
    if status.is_server_error() || (server.log_all && status.is_client_error()) {
        let told = response.extensions().get::<Told>().map(|told| told.0.as_str()).unwrap_or_default();
        let mut line = format!("{} {what} after {} ms", status.as_u16(), began.elapsed().as_millis());
        if let Some(ends) = ends {
            let _ = write!(line, " for {}", ends.peer.ip());
        }
        let line: String = format!("{line}: {told}").chars().take(600).collect();
        (server.log)(&safe(&line));
    }
    response
}

/// A request that is counted once it is over.
struct Counted<'s> {
    server: &'s Server,
    began: Stopwatch,
    status: u16,
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.server.counts().answered(self.status, self.began.elapsed());
    }
}

fn admit(server: &Server, ends: Option<Ends>, request: &Request) -> Result<(), Problem> {
    let ends = ends.ok_or_else(|| Problem::mistake("nobody knows where a request came from"))?;
    server.rates.take(ends.peer.ip().to_canonical()).map_err(|seconds| {
        Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many", "too many requests came from this address")
            .hint("ask less often; requests_per_second under [serve] says how often")
            .after(seconds)
    })?;
    let headers = request.headers();
    let host = host(headers)?;
    let strange = |name: &str| {
        let name: String = name.chars().take(80).collect();
        Problem::new(StatusCode::MISDIRECTED_REQUEST, "host", format!("this is not {name:?}"))
            .hint("call it by localhost or its address, or add the name to hosts under [serve]")
    };
    if !is_ours(server, ends, host.host()) {
        return Err(strange(host.host()));
    }
    if let Some(authority) = request.uri().authority().filter(|other| !is_ours(server, ends, other.host())) {
        return Err(strange(authority.host()));
    }
    let mut origins = headers.get_all(ORIGIN).iter();
    if let Some(origin) = origins.next() {
        let origin = origin.to_str().unwrap_or_default();
        let own = ["http", "https"].iter().any(|scheme| *origin == format!("{scheme}://{host}"));
        if origins.next().is_some() || !(own || server.settings.origins.iter().any(|known| known == origin)) {
            let origin: String = origin.chars().take(80).collect();
            return Err(Problem::forbidden(format!("pages of {origin:?} may not ask here"))
                .hint("add it to origins under [serve] if they should"));
        }
    }
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > MOST_BODY as u64) { Err(too_large()) } else { Ok(()) }
}

/// By which name it was called.
fn host(headers: &HeaderMap) -> Result<Authority, Problem> {
    let mut hosts = headers.get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return Err(Problem::bad("a request has one Host"));
    };
    let text = host.to_str().ok().map(str::to_ascii_lowercase);
    let authority = text.and_then(|text| text.parse::<Authority>().ok());
    // Nothing stands before the name, and what stands after it is a port.
    let plain = |host: &Authority| host.as_str() == host.host() || host.port().is_some();
    let authority = authority.filter(|host| !host.as_str().contains('@') && plain(host));
    authority.ok_or_else(|| Problem::bad("the Host can't be read"))
}

/// Whether a name is one of ours: this machine itself, the address it was reached at, or one of the configuration.
fn is_ours(server: &Server, ends: Ends, name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok();
    let here = ends.here.ip().to_canonical();
    let known = match address.map(|address| address.to_canonical()) {
        Some(address) => address == here || (address.is_loopback() && here.is_loopback()),
        None => name == "localhost" && here.is_loopback(),
    };
    known || server.settings.hosts.contains(&name)
}

/// Whether a browser asks what a page elsewhere may ask.
fn is_preflight(request: &Request) -> bool {
    let headers = request.headers();
    request.method() == Method::OPTIONS
        && headers.contains_key(ORIGIN)
        && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

fn preflight() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// What every answer says.
fn finish(server: &Server, origin: Option<&HeaderValue>, response: &mut Response<Body>) {
    let refused = response.status() == StatusCode::PAYLOAD_TOO_LARGE;
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: &'static str| {
        headers.insert(name, HeaderValue::from_static(value));
    };
    set(X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(REFERRER_POLICY, "no-referrer");
    set(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    set(HeaderName::from_static("x-frame-options"), "DENY");
    if refused {
        // What is still to come is not read.
        set(CONNECTION, "close");
    }
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(NOTHING));
    let listed = |origin: &&HeaderValue| {
        server.settings.origins.iter().any(|known| known.as_bytes() == origin.as_bytes())
    };
    if let Some(origin) = origin.filter(listed) {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(
            HeaderName::from_static("cross-origin-resource-policy"),
            HeaderValue::from_static("cross-origin"),
        );
        let mut set = |name: HeaderName, value: &'static str| {
            headers.insert(name, HeaderValue::from_static(value));
        };
        set(ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, POST");
        set(ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type, if-none-match");
        set(ACCESS_CONTROL_EXPOSE_HEADERS, "etag, link, retry-after");
        set(ACCESS_CONTROL_MAX_AGE, "600");
        headers.entry(VARY).or_insert(HeaderValue::from_static("origin"));
    }
}
