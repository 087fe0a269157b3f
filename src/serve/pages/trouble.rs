//! What went wrong, as a page with a way on, for those who look at pages.

use axum::body::Body;
use axum::http::header::{ACCEPT, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Response};

use super::super::answer::HTML;
use super::super::problem::Problem;
use super::PAGES;
use crate::view::Around;
use crate::view::around::{Bar, BarLink};
use crate::view::sheet::{Sheet, SheetInput};
use askama::Template as _;

/// Whether somebody looks for a page: a browser that was led here by a link or a form.
pub fn wants_page(headers: &HeaderMap, path: &str) -> bool {
    let lists = headers.get_all(ACCEPT).iter().filter_map(|list| list.to_str().ok());
    let mut kinds = lists.flat_map(|list| list.split(',')).map(str::trim);
    let is_of_programs =
        ["/api/", "/metrics", "/healthz", "/mcp"].iter().any(|start| path.starts_with(start));
    !is_of_programs && kinds.any(|kind| kind == "text/html" || kind.starts_with("text/html;"))
}

/// What went wrong, as a page.
pub fn response(problem: Problem) -> Response<Body> {
    let title = problem.status.canonical_reason().unwrap_or("Trouble");
    let input = SheetInput {
        title: match problem.kind {
            "no-such-day" | "no-such-thing" | "no-such-metric" | "no-such-entity" => "There is no such thing",
            "damaged" => "This is broken",
            _ => title,
        }
        .to_owned(),
        seal: vec![("status".to_owned(), format!("{} {title}", problem.status.as_u16()), "")],
        notes: [Some(sentence(&problem.detail)), problem.hint.as_deref().map(sentence)]
            .into_iter()
            .flatten()
            .collect(),
        ways: vec![
            ("/".to_owned(), "All days".to_owned()),
            ("/health".to_owned(), "How the archive fares".to_owned()),
        ],
        ..SheetInput::default()
    };
    let links = PAGES.iter().chain([&("/api", "API", false)]).map(|(path, name, _)| BarLink {
        href: (*path).to_owned(),
        name,
        here: false,
        apart: false,
    });
    let bar = Bar { links: links.collect() }.render();
    let page = bar.and_then(|bar| Sheet::new(input, Around { bar, below: String::new() }).to_bytes());
    let mut response = problem.into_response();
    let Ok(page) = page else { return response };
    let answer = super::html(page);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(HTML));
    if let Some(Ok(policy)) = answer.policy.as_deref().map(HeaderValue::from_str) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    *response.body_mut() = Body::from(answer.body);
    response
}

/// A clause as a sentence.
fn sentence(clause: &str) -> String {
    let mut letters = clause.chars();
    let start: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{start}{}{}", letters.as_str(), if clause.ends_with(['.', '?', '!']) { "" } else { "." })
}

#[cfg(test)]
mod tests {
    use super::{sentence, wants_page};
    use axum::http::{HeaderMap, HeaderValue};

    #[test]
    fn browsers_get_pages_and_programs_problems() {
        let wants = |accept: &'static str, path: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("accept", HeaderValue::from_static(accept));
            wants_page(&headers, path)
        };
        let browser = "text/html,application/xhtml+xml,*/*;q=0.8";
        assert!(wants(browser, "/days/x") && wants(browser, "/api") && !wants(browser, "/api/days"));
        assert!(
            !wants("*/*", "/days/x")
                && !wants("application/json", "/")
                && !wants_page(&HeaderMap::new(), "/")
        );
    }

    #[test]
    fn clauses_become_sentences() {
        assert_eq!(
            (sentence("no day"), sentence("Why?"), sentence("")),
            ("No day.".into(), "Why?".into(), ".".into())
        );
    }
}
