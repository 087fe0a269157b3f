//! Days as resources: `asof://days/2025-11-06@1` is the document of an edition as it was frozen, byte for byte.

use std::sync::Arc;

use rmcp::model::{ListResourcesResult, ReadResourceResult, Resource, ResourceContents, ResourceTemplate};
use serde_json::json;
use tokio::sync::watch;
use url::Url;

use super::arguments::{Arguments, TENANT};
use super::asking::Asking;
use crate::ops::when::shown;
use crate::serve::Server;
use crate::serve::access::{Call, Caller};
use crate::serve::answer::JSON;
use crate::serve::asked::Asked;
use crate::serve::problem::Problem;
use crate::serve::routes;

/// How many are listed at a time.
const PART: usize = 100;
/// A document that is larger is not read as a whole.
const LARGEST: usize = 1_000_000;

/// A part of the list, the newest days first, of each the edition that is shown.
///
/// # Errors
/// When the archive can't be read, or this one may not have its days.
pub fn list(
    server: &Arc<Server>,
    caller: Caller,
    cursor: Option<&str>,
    stop: watch::Receiver<bool>,
) -> Result<ListResourcesResult, Problem> {
    let call = Call::of(server, caller, Asked::default(), stop);
    let mut resources = Vec::new();
    // A cursor is the last one that was listed; it need not be there any more.
    let mut found = cursor.is_none();
    for (tenant, held) in call.all()? {
        let opened = held.open()?;
        for (day, editions) in opened.history.days().rev() {
            let Some(line) = shown(editions).map(|frozen| &frozen.line) else { continue };
            let uri = uri(&format!("{day}@{}", line.edition), tenant);
            if !found {
                found = cursor == Some(uri.as_str());
                continue;
            }
            let whose = tenant.map(|tenant| format!(" of {tenant}")).unwrap_or_default();
            let about = format!(
                "The numbers of {day}{whose}, edition {}, {}, read {}, sha256:{}",
                line.edition,
                line.provenance.word(),
                line.captured_at.to_rfc3339(),
                line.manifest
            );
            resources.push(
                Resource::new(uri, format!("{day}{whose}")).with_description(about).with_mime_type(JSON),
            );
        }
    }
    if !found {
        return Err(
            Problem::bad("the cursor is of no list that is known here").hint("list from the beginning")
        );
    }
    let more = resources.len() > PART;
    resources.truncate(PART);
    let next = resources.last().filter(|_| more).map(|last| last.uri.clone());
    let mut result = ListResourcesResult::with_all_items(resources);
    result.next_cursor = next;
    Ok(result)
}

fn uri(when: &str, tenant: Option<&str>) -> String {
    let mut uri = format!("asof://days/{when}");
    if let Some(tenant) = tenant {
        let query = url::form_urlencoded::Serializer::new(String::new()).append_pair(TENANT, tenant).finish();
        uri.push('?');
        uri.push_str(&query);
    }
    uri
}

/// How others are named.
pub fn templates(tenants: bool) -> Vec<ResourceTemplate> {
    let uri = if tenants { "asof://days/{when}{?tenant}" } else { "asof://days/{when}" };
    let about = "The numbers of a day as they were frozen: when is a date, a date with an edition such as 2025-11-06@2, latest, \
                 latest~3, yesterday or -7d";
    vec![
        ResourceTemplate::new(uri, "day")
            .with_title("A frozen day")
            .with_description(about)
            .with_mime_type(JSON),
    ]
}

/// The document of a day.
///
/// # Errors
/// When there is none of that name, this one may not have it, or it is too large for a message.
pub fn read(
    server: &Arc<Server>,
    caller: Caller,
    uri: &str,
    stop: watch::Receiver<bool>,
) -> Result<ReadResourceResult, Problem> {
    let short: String = uri.chars().take(80).collect();
    let wrong = || {
        Problem::not_found("no-such-thing", format!("{short:?} is no resource"))
            .hint("days are named as asof://days/2025-11-06, asof://days/2025-11-06@2 or asof://days/latest")
    };
    let url = Url::parse(uri).map_err(|_| wrong())?;
    let when =
        url.path().strip_prefix('/').filter(|_| url.scheme() == "asof" && url.host_str() == Some("days"));
    let when = when.ok_or_else(wrong)?;
    let words = url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned()));
    let asking = Asking { server: Arc::clone(server), caller, arguments: Arguments::default(), stop };
    let call = asking.call(&[("when", when)], words)?;
    let answer = routes::day::day(&call)?;
    if answer.body.len() > LARGEST {
        let detail = format!("the day has {} bytes, and a resource {LARGEST} at most", answer.body.len());
        return Err(Problem::bad(detail).hint("ask for some of its metrics by get_day"));
    }
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    let contents = json!({ "uri": uri, "mimeType": JSON, "text": text });
    let contents: ResourceContents =
        serde_json::from_value(contents).map_err(|error| Problem::mistake(error.to_string()))?;
    Ok(ReadResourceResult::new(vec![contents]))
}
