//! Who asks, and what that one may have. Nothing of an archive is reached but through a [`Call`], which has somebody
//! in it who may.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;

use axum::body::Bytes;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use chrono::{DateTime, Utc};
use indexmap::IndexMap;
use tokio::sync::watch;

use super::Server;
use super::asked::Asked;
use super::held::{Held, Opened};
use super::problem::Problem;
use crate::config::problem::listed;
use crate::config::serve::{Only, Scope, TokenSettings};
use crate::model::Digest;

/// Who may ask for something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody: it tells nothing of an archive.
    Anyone,
    /// Whoever may do this.
    Scope(Scope),
}

/// Somebody who asks. There is no other way to have one than to be admitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    name: Option<String>,
    scope: Option<Scope>,
    tenant: Option<String>,
    only: Option<Only>,
}

impl Caller {
    /// Whoever started this process, and could read the archive without it: of one tenant's, where there are tenants.
    pub fn owner(scope: Scope, tenant: Option<String>) -> Self {
        Self { name: None, scope: Some(scope), tenant, only: None }
    }

    /// Whoever sent these headers, if that one may ask for this.
    ///
    /// # Errors
    /// When no token among them allows it.
    pub fn admitted(server: &Server, access: Access, headers: &HeaderMap) -> Result<Self, Problem> {
        server.tokens.caller(access, headers, (server.clock)())
    }

    /// The name of the token, if one was needed.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Whether this one may have something kept in the archive.
    pub fn may_capture(&self) -> bool {
        self.scope == Some(Scope::Capture)
    }

    /// The only tenant whose archive this one may see.
    pub fn tenant(&self) -> Option<&str> {
        self.tenant.as_deref()
    }
}

/// A request of somebody who may ask for it.
pub struct Call {
    /// Who asks.
    pub caller: Caller,
    /// The words of the request.
    pub asked: Asked,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its path, as it was written.
    pub path: String,
    /// Its body.
    pub body: Bytes,
    /// When it came, by the server's clock.
    pub now: DateTime<Utc>,
    /// Says `true` once nobody waits for the answer any more.
    pub stop: watch::Receiver<bool>,
    /// What all requests share.
    pub server: Arc<Server>,
    tenant: Option<String>,
}

impl Call {
    /// Admits a request; its body and who waits for it are added by whoever runs it.
    ///
    /// # Errors
    /// When it has no token that allows it, or can't be understood.
    pub fn admit(
        server: &Arc<Server>,
        access: Access,
        path: BTreeMap<String, String>,
        parts: Parts,
        (body, stop): (Bytes, watch::Receiver<bool>),
    ) -> Result<Self, Problem> {
        let caller = Caller::admitted(server, access, &parts.headers)?;
        let asked = Asked::new(path, parts.uri.query())?;
        let call = Self::of(server, caller, asked, stop);
        Ok(Self { headers: parts.headers, path: parts.uri.path().to_owned(), body, ..call })
    }

    /// The same words from somebody who was admitted before, without headers and body.
    pub fn of(server: &Arc<Server>, caller: Caller, mut asked: Asked, stop: watch::Receiver<bool>) -> Self {
        let tenant = asked.take("tenant");
        let (headers, path, body) = (HeaderMap::new(), String::new(), Bytes::new());
        let now = (server.clock)();
        Self { caller, asked, headers, path, body, now, stop, server: Arc::clone(server), tenant }
    }

    /// The tenant that was named in the request.
    pub fn tenant_asked(&self) -> Option<&str> {
        self.tenant.as_deref()
    }

    /// The archive, for what is told of its days. Days tell of all rows, so nobody gets them who may see only some.
    ///
    /// # Errors
    /// When this one may not have it, or it is not there.
    pub fn days(&self) -> Result<Arc<Opened>, Problem> {
        if let Some(only) = &self.caller.only {
            let detail = format!("this token sees only rows with {only}, and days tell of all rows");
            return Err(Problem::forbidden(detail).hint("ask for entities, or use a token without `only`"));
        }
        Ok(self.held()?.open()?)
    }

    /// The archive, for what is told of entities, and the only rows that may be told.
    ///
    /// # Errors
    /// When this one may not have it, or it is not there.
    pub fn entities(&self) -> Result<(Arc<Opened>, Option<&Only>), Problem> {
        Ok((self.held()?.open()?, self.caller.only.as_ref()))
    }

    /// Every archive that this one may see, by tenant; some may not be there.
    ///
    /// # Errors
    /// When this one may see some rows only.
    pub fn all(&self) -> Result<Vec<(Option<&str>, &Held)>, Problem> {
        if self.caller.only.is_some() {
            return Err(Problem::forbidden("this token sees only some rows, and this tells of all"));
        }
        let own = |tenant: &Option<String>| self.caller.tenant.is_none() || self.caller.tenant == *tenant;
        let held = self.server.held.iter().filter(|(tenant, _)| own(tenant));
        Ok(held.map(|(tenant, held)| (tenant.as_deref(), held)).collect())
    }

    /// The archive that is meant: that of the token's tenant, or of the one that was named.
    fn held(&self) -> Result<&Held, Problem> {
        if self.caller.scope.is_none() {
            return Err(Problem::mistake("nobody in particular asks for an archive"));
        }
        let server = &self.server;
        if let Some(held) = server.held.get(&None) {
            return match (&self.tenant, &self.caller.tenant) {
                (None, None) => Ok(held),
                (_, Some(_)) => Err(Problem::forbidden("this token is a tenant's, and there are none here")),
                (Some(_), None) => {
                    Err(Problem::not_found("no-such-tenant", "there are no tenants").hint("leave tenant out"))
                }
            };
        }
        let tenant = match (&self.caller.tenant, &self.tenant) {
            // Whether there is such a tenant is none of this one's business.
            (Some(own), Some(asked)) if own != asked => {
                return Err(Problem::forbidden("this token is another tenant's").hint("leave tenant out"));
            }
            (Some(own), _) => own,
            (None, Some(asked)) => asked,
            (None, None) => {
                // Where only one is served it is meant.
                if let (Some(held), 1) = (server.held.values().next(), server.held.len()) {
                    return Ok(held);
                }
                let known: Vec<&str> = server.held.keys().flatten().map(String::as_str).collect();
                return Err(Problem::not_found(
                    "no-such-tenant",
                    "there are tenants, and each has an archive of its own",
                )
                .hint(format!("name one by tenant=: {}", listed(known))));
            }
        };
        let none = || Problem::not_found("no-such-tenant", format!("there is no tenant {tenant:?}"));
        server.held.get(&Some(tenant.clone())).ok_or_else(none)
    }
}

/// The tokens that there are, of which only digests are known.
pub struct Tokens(Vec<(String, TokenSettings)>);

impl Tokens {
    /// Those of a configuration.
    pub fn new(tokens: &IndexMap<String, TokenSettings>) -> Self {
        Self(tokens.iter().map(|(name, token)| (name.clone(), token.clone())).collect())
    }

    /// Whether there are none, so that nobody is asked for one.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Who asks, if that one may ask for this.
    fn caller(&self, access: Access, headers: &HeaderMap, now: DateTime<Utc>) -> Result<Caller, Problem> {
        let Access::Scope(needed) = access else {
            return Ok(Caller { name: None, scope: None, tenant: None, only: None });
        };
        if self.is_empty() {
            return Ok(Caller { name: None, scope: Some(Scope::Capture), tenant: None, only: None });
        }
        let refused = |detail: &str| {
            Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
                .hint("send a token as `Authorization: Bearer …`; asof token new makes one")
        };
        let mut sent = headers.get_all(AUTHORIZATION).iter();
        let (Some(sent), None) = (sent.next(), sent.next()) else {
            return Err(refused("a token is needed"));
        };
        let scheme = sent.to_str().ok().and_then(|sent| sent.split_once(' '));
        let token = scheme.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let (_, token) = token.ok_or_else(|| refused("a token is needed"))?;
        let digest = Digest::of(token.trim().as_bytes()).to_string();
        // All are looked at, so that it takes equally long whichever it is.
        let mut found = None;
        for (name, settings) in &self.0 {
            if equal(&settings.hash.to_string(), &digest) {
                found = Some((name, settings));
            }
        }
        let (name, settings) = found.ok_or_else(|| refused("this is no token that is known here"))?;
        if settings.expires.is_some_and(|end| end <= now) {
            return Err(refused("this token has expired"));
        }
        if settings.scope < needed {
            let detail =
                format!("this token may {}, and this needs {}", settings.scope.word(), needed.word());
            return Err(Problem::forbidden(detail).hint("use a token with the scope capture"));
        }
        Ok(Caller {
            name: Some(name.clone()),
            scope: Some(settings.scope),
            tenant: settings.tenant.clone(),
            only: settings.only.clone(),
        })
    }
}

/// Whether two digests are equal, in a time that does not tell where they differ.
fn equal(one: &str, other: &str) -> bool {
    let differs = one.bytes().zip(other.bytes()).fold(0, |differs, (a, b)| black_box(differs | (a ^ b)));
    one.len() == other.len() && black_box(differs) == 0
}

#[cfg(test)]
mod tests {
    use axum::http::header::AUTHORIZATION;
    use axum::http::{HeaderMap, HeaderValue};
    use chrono::{DateTime, Utc};

    use super::{Access, Caller, Problem, Scope, TokenSettings, Tokens, equal};
    use crate::model::Digest;

    fn tokens() -> Tokens {
        let token = |token: &str, scope, expires: Option<&str>| TokenSettings {
            hash: Digest::of(token.as_bytes()),
            scope,
            tenant: None,
            only: None,
            expires: expires.map(|at| at.parse().unwrap()),
        };
        let all = [
            ("board", token("one", Scope::Read, None)),
            ("hook", token("two", Scope::Capture, None)),
            ("old", token("three", Scope::Capture, Some("2025-11-07T00:00:00Z"))),
        ];
        Tokens::new(&all.map(|(name, token)| (name.to_owned(), token)).into_iter().collect())
    }

    fn caller(tokens: &Tokens, scope: Scope, sent: &[&str], now: &str) -> Result<Caller, Problem> {
        let mut headers = HeaderMap::new();
        for sent in sent {
            headers.append(AUTHORIZATION, HeaderValue::from_str(sent).unwrap());
        }
        tokens.caller(Access::Scope(scope), &headers, now.parse::<DateTime<Utc>>().unwrap())
    }

    #[test]
    fn a_token_allows_what_its_scope_says_until_it_expires() {
        let tokens = tokens();
        let status = |scope, sent: &[&str], now: &str| {
            caller(&tokens, scope, sent, now).map_or_else(
                |problem| problem.status.as_u16().to_string(),
                |caller| caller.name.unwrap_or_default(),
            )
        };
        let now = "2025-11-06T23:59:59Z";
        assert_eq!(status(Scope::Read, &["Bearer one"], now), "board");
        assert_eq!(status(Scope::Read, &["bearer two"], now), "hook");
        assert_eq!(status(Scope::Capture, &["Bearer two"], now), "hook");
        assert_eq!(status(Scope::Capture, &["Bearer one"], now), "403");
        assert_eq!(status(Scope::Read, &["Bearer three"], now), "old");
        assert_eq!(status(Scope::Read, &["Bearer three"], "2025-11-07T00:00:00Z"), "401");
        for sent in [
            &[][..],
            &["one"],
            &["Bearer"],
            &["Bearer "],
            &["Bearer on"],
            &["Bearer one two"],
            &["Basic one"],
        ] {
            assert_eq!(status(Scope::Read, sent, now), "401", "{sent:?}");
        }
        assert_eq!(status(Scope::Read, &["Bearer one", "Bearer two"], now), "401");
        let anyone = tokens.caller(Access::Anyone, &HeaderMap::new(), now.parse().unwrap()).unwrap();
        assert_eq!((anyone.scope, anyone.may_capture()), (None, false));
    }

    #[test]
    fn without_tokens_this_machine_may_do_all() {
        let none = Tokens(Vec::new());
        assert!(caller(&none, Scope::Capture, &[], "2025-11-06T00:00:00Z").unwrap().may_capture());
    }

    #[test]
    fn digests_are_equal_only_as_a_whole() {
        assert!(equal("abc", "abc"));
        assert!(!equal("abc", "abd") && !equal("abc", "ab") && !equal("", "a"));
    }
}
