//! What can go wrong with an API: facts, and never a parameter of its URL, a header or a secret.

use std::time::Duration;

use super::client::LARGEST;

/// What went wrong with a feed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{feed}{}: {what}{}", on_page(*page), in_tries(*tries))]
pub struct HttpError {
    /// The feed: `bland.calls`.
    pub feed: String,
    /// The page, from 1.
    pub page: Option<u64>,
    /// How often it was tried.
    pub tries: u32,
    /// What went wrong.
    pub what: HttpFault,
}

fn on_page(page: Option<u64>) -> String {
    page.map(|page| format!(", page {page}")).unwrap_or_default()
}

fn in_tries(tries: u32) -> String {
    if tries > 1 { format!(" (tried {tries} times)") } else { String::new() }
}

/// What went wrong. A `request` is a method and a URL without its parameters, secrets by their names.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpFault {
    /// No connection was made.
    #[error("{request} can't be reached: {reason}")]
    Unreachable {
        /// What was asked.
        request: String,
        /// In the words of the operating system.
        reason: String,
    },
    /// There is no encrypted connection that can be trusted.
    #[error("{request} gives no connection that can be trusted: {reason}")]
    Tls {
        /// What was asked.
        request: String,
        /// What is wrong.
        reason: String,
    },
    /// It took too long.
    #[error("{request} took longer than {} s", timeout.as_secs_f64())]
    TimedOut {
        /// What was asked.
        request: String,
        /// How long it was given.
        timeout: Duration,
    },
    /// The answer broke off.
    #[error("{request} broke off: {reason}")]
    Cut {
        /// What was asked.
        request: String,
        /// What is known about it.
        reason: String,
    },
    /// It says that it can't or won't.
    #[error("{request} answers with status {status}")]
    Status {
        /// What was asked.
        request: String,
        /// The status.
        status: u16,
    },
    /// It wants to be left alone for longer than it is tried again.
    #[error("{request} answers with status {status} and wants no more requests for {} s", wait.as_secs())]
    Throttled {
        /// What was asked.
        request: String,
        /// The status.
        status: u16,
        /// For how long.
        wait: Duration,
    },
    /// The answer is no JSON.
    #[error("{request} answers with what is no JSON: {reason}")]
    NotJson {
        /// What was asked.
        request: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The answer is too large.
    #[error("{request} answers with more than {} MB", limit / 1_000_000)]
    TooLarge {
        /// What was asked.
        request: String,
        /// How many bytes it may have.
        limit: u64,
    },
    /// It leads elsewhere, where it is not followed.
    #[error("{request} leads {to}, where it is not followed: {why}")]
    Redirect {
        /// What was asked.
        request: String,
        /// Where to, without parameters.
        to: String,
        /// Why not.
        why: &'static str,
    },
    /// There is no list where the items should be.
    #[error("there is no list of items at {pointer:?}; {found}")]
    NoItems {
        /// Where it should be.
        pointer: String,
        /// What there is.
        found: String,
    },
    /// There is no number where the total should be.
    #[error("there is no total at {pointer:?}; {found}")]
    NoTotal {
        /// Where it should be.
        pointer: String,
        /// What there is.
        found: String,
    },
    /// What tells the next page is none.
    #[error("what is at {pointer:?} tells no next page: {found}")]
    NoNext {
        /// Where it is.
        pointer: String,
        /// What there is.
        found: &'static str,
    },
    /// No item of the first page has this.
    #[error("no item has anything at {pointer:?}, which becomes {column}; {found}")]
    NoColumn {
        /// What it becomes: `the column status`, `the key`.
        column: String,
        /// Where its value should be.
        pointer: String,
        /// What there is.
        found: String,
    },
    /// An item has something else than it should.
    #[error("item {item}: what is at {pointer:?}, for the column {column}, {reason}")]
    Value {
        /// Which one of the page, from 1.
        item: usize,
        /// The column.
        column: String,
        /// Where its value is.
        pointer: String,
        /// What is wrong with it: `is the text "x", no number`.
        reason: String,
    },
    /// It is no object.
    #[error("item {item} is {found}, and no object")]
    NoObject {
        /// Which one of the page, from 1.
        item: usize,
        /// What it is.
        found: &'static str,
    },
    /// There are more or fewer items than it says.
    #[error("it tells of {told} items and gives {found} different ones")]
    Total {
        /// How many it says there are.
        told: u64,
        /// How many different ones came.
        found: u64,
    },
    /// How many items there are changed while they were read.
    #[error("it told of {before} items, and then of {after}")]
    TotalMoved {
        /// How many at first.
        before: u64,
        /// How many then.
        after: u64,
    },
    /// A page has the items of the one before.
    #[error("it has the same items as the page before")]
    PageAgain,
    /// A cursor, or a link, that was followed before.
    #[error("it leads back to a page that was read before")]
    CursorAgain,
    /// There are more pages than there may be.
    #[error("there are more than {limit} pages")]
    TooManyPages {
        /// How many there may be.
        limit: u64,
    },
    /// There are more items than there may be.
    #[error("there are more than {limit} items")]
    TooManyItems {
        /// How many there may be.
        limit: u64,
    },
    /// It can't be asked at all.
    #[error("it can't be asked: {reason}")]
    Request {
        /// What is wrong.
        reason: String,
    },
}

impl HttpFault {
    /// Whether reading the feed again from its start, page by page, may help: it changed under the reader, or a page
    /// was too large to be held beside others.
    pub(super) fn is_unsteady(&self) -> bool {
        match self {
            Self::Total { .. } | Self::TotalMoved { .. } | Self::PageAgain => true,
            Self::TooLarge { limit, .. } => *limit < LARGEST,
            _ => false,
        }
    }
}

impl HttpError {
    /// Whether it is about reaching the API at all, and not about what was asked of it.
    pub fn is_unreachable(&self) -> bool {
        match &self.what {
            HttpFault::Unreachable { .. } | HttpFault::Tls { .. } => true,
            HttpFault::Status { status, .. } => matches!(status, 401 | 403),
            _ => false,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> String {
        let hint = match &self.what {
            HttpFault::Unreachable { .. } => "check the source's url, and that no firewall is between",
            HttpFault::Tls { .. } => {
                "check the source's url; where its authority is one of your own, name its file as ca"
            }
            HttpFault::TimedOut { .. } => "ask for smaller pages, or raise the source's timeout",
            HttpFault::Cut { .. } => "try again later; where it happens again, ask for smaller pages",
            HttpFault::Status { status: 401, .. } => {
                "the API takes no request without the right secret: check headers and secrets of the source"
            }
            HttpFault::Status { status: 403, .. } => {
                "the secret is known there, and may not read this: let it be given the right to"
            }
            HttpFault::Status { status: 404 | 410, .. } => {
                "there is nothing there: check the url of the feed"
            }
            HttpFault::Status { status: 405, .. } => "check the method of the feed",
            HttpFault::Status { status: 400 | 422, .. } => {
                "it does not take what it is asked: check the parameters in url and body, and times"
            }
            HttpFault::Status { status: 500..=599, .. } => "try again later, or raise the source's retry_for",
            HttpFault::Status { .. } => "look up in the API's documentation what it wants to be asked",
            HttpFault::Throttled { .. } => {
                "try again later; lower max_requests_per_second, or raise retry_for"
            }
            HttpFault::NotJson { .. } => {
                "check the url of the feed; an API that answers with a page wants a login"
            }
            HttpFault::TooLarge { .. } => "ask for smaller pages",
            HttpFault::Redirect { .. } => "write the url to which it leads, where that is right",
            HttpFault::NoItems { .. } => "correct items of the feed; \"\" is the answer itself",
            HttpFault::NoTotal { .. } => "correct total of the feed, or leave it out",
            HttpFault::NoNext { .. } => "correct next in pages of the feed",
            HttpFault::NoColumn { .. } => {
                "correct where the column's value is: { at = \"/…\", type = \"…\" }; where items may lack it, name it in optional"
            }
            HttpFault::Value { .. } | HttpFault::NoObject { .. } => {
                "correct the type of the column or where it is; nothing was taken from the feed"
            }
            HttpFault::Total { .. } | HttpFault::TotalMoved { .. } => {
                "try again when the API is at rest; check key, which tells items apart, and that total counts the same items"
            }
            HttpFault::PageAgain | HttpFault::CursorAgain => {
                "check what asks for the next page: pages of the feed, and its url and body"
            }
            HttpFault::TooManyPages { .. } => "raise max_pages of the feed, where there are so many",
            HttpFault::TooManyItems { .. } => "raise max_items of the feed, where there are so many",
            HttpFault::Request { .. } => "check the urls and headers of the source and the feed",
        };
        hint.to_owned()
    }
}
