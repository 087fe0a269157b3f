//! Every way of paging gives every call once; what changes under the reader is seen.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::{BY_OFFSET, expected, frozen, place};
use crate::support::api::{Api, Reply, Request, between, by_offset, calls};
use crate::support::command::Place;

const FIRST: &str = "2025-11-05T00:00:00Z";

/// The calls of the day that is frozen by a save.
fn of_the_day(all: &[Value]) -> (u64, u64, String, Vec<(String, u64)>) {
    expected(all, "2025-11-06T06", "2025-11-07T06")
}

fn saves_all(place: &Place, all: &[Value]) {
    let run = place.asof("save");
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(frozen(place, "2025-11-06"), of_the_day(all));
}

#[test]
fn pages_are_numbered_and_end_where_one_is_empty_twice() {
    let all = calls(FIRST, 3, 250);
    let served = all.clone();
    // Pages are short now and then, and nothing tells how many there are.
    let api = Api::new(move |request| {
        let found = between(&served, request);
        let page = request.number_of("page");
        let sizes = [100, 37, 1, 60, 52];
        let start: usize = sizes.iter().take(page - 1).sum();
        let size = sizes.get(page - 1).copied().unwrap_or(0);
        Reply::json(&json!({ "calls": found.iter().skip(start).take(size).collect::<Vec<_>>() }))
    });
    let feed = "url = \"/v1/calls?from={start}&to={end}&page={page}\"\npages = { by = \"page\" }";
    let place = place(&api, feed);
    saves_all(&place, &all);
    let pages: Vec<usize> = api.asked().iter().map(|request| request.number_of("page")).collect();
    assert_eq!(pages, [1, 2, 3, 4, 5, 6, 6]);
}

#[test]
fn an_empty_page_in_the_middle_that_was_none_is_asked_for_again() {
    let all = calls(FIRST, 3, 250);
    let served = all.clone();
    let empty = AtomicUsize::new(0);
    let api = Api::new(move |request| {
        if request.number_of("offset") == 200 && empty.fetch_add(1, Ordering::SeqCst) == 0 {
            return Reply::json(&json!({ "calls": [] }));
        }
        Reply::json(&by_offset(&served, request))
    });
    let feed =
        "url = \"/v1/calls?from={start}&to={end}&limit=100&offset={offset}\"\npages = { by = \"offset\" }";
    saves_all(&place(&api, feed), &all);
}

#[test]
fn cursors_are_followed_in_urls_and_in_bodies() {
    let all = calls(FIRST, 3, 250);
    for post in [false, true] {
        let served = all.clone();
        let api = Api::new(move |request| {
            let sent: Value = serde_json::from_str(&request.body).unwrap_or_default();
            let given = if post {
                sent["page"]["after"].as_str().map(str::to_owned)
            } else {
                request.query.get("cursor").cloned()
            };
            assert_eq!(request.method, if post { "POST" } else { "GET" });
            let start: usize =
                given.map_or(0, |cursor| cursor.strip_prefix("at \"&").unwrap().parse().unwrap());
            let found = between(&served, request);
            let page: Vec<&&Value> = found.iter().skip(start).take(64).collect();
            let next = (start + 64 < found.len()).then(|| format!("at \"&{}", start + 64));
            Reply::json(&json!({ "calls": page, "meta": { "next": next } }))
        });
        let feed = if post {
            "method = \"POST\"\nurl = \"/v1/calls?from={start}&to={end}\"\nbody = '''{\"page\": {\"after\": \"{cursor}\"}}'''\npages = { by = \"cursor\", next = \"/meta/next\" }"
        } else {
            "url = \"/v1/calls?from={start}&to={end}&cursor={cursor}\"\npages = { by = \"cursor\", next = \"/meta/next\" }"
        };
        saves_all(&place(&api, feed), &all);
        let asked = api.asked();
        assert!(!asked[0].query.contains_key("cursor") && !asked[0].body.contains("after"), "{:?}", asked[0]);
    }
}

#[test]
fn links_are_followed() {
    let all = calls(FIRST, 3, 250);
    let served = all.clone();
    let api = Api::new(move |request| {
        let found = between(&served, request);
        let start = request.number_of("start");
        let page: Vec<&&Value> = found.iter().skip(start).take(100).collect();
        let reply = Reply::json(&json!(page));
        let (from, to) = (&request.query["from"], &request.query["to"]);
        let link = format!("</v1/calls?from={from}&to={to}&start={}>; rel=\"next\"", start + 100);
        if start + 100 < found.len() { reply.with("Link", &link) } else { reply }
    });
    let feed = "url = \"/v1/calls?from={start}&to={end}\"\npages = { by = \"link\" }";
    let place = place(&api, feed);
    place.change("asof.toml", "items = \"/calls\"\n", "");
    saves_all(&place, &all);
    assert_eq!(api.asked().len(), 3);
}

/// Calls by offset, of which something is wrong in the first so many readings.
fn unsteady(all: &[Value], readings: usize, spoil: fn(Value, &Request) -> Value) -> Api {
    let (served, begun) = (all.to_vec(), AtomicUsize::new(0));
    Api::new(move |request| {
        if request.number_of("offset") == 0 {
            begun.fetch_add(1, Ordering::SeqCst);
        }
        let page = by_offset(&served, request);
        Reply::json(&if begun.load(Ordering::SeqCst) <= readings { spoil(page, request) } else { page })
    })
}

/// An item moved to an earlier page meanwhile, so that another is on none.
fn shifted(mut page: Value, request: &Request) -> Value {
    if request.number_of("offset") == 100 {
        page["calls"][99] = page["calls"][98].clone();
    }
    page
}

/// The second page has the keys of the first one.
fn repeated(mut page: Value, request: &Request) -> Value {
    if request.number_of("offset") == 100 {
        let items = page["calls"].as_array_mut().unwrap();
        for (at, item) in items.iter_mut().enumerate() {
            item["call_id"] = json!(format!("again{at}"));
        }
    } else if request.number_of("offset") == 0 {
        for (at, item) in page["calls"].as_array_mut().unwrap().iter_mut().enumerate() {
            item["call_id"] = json!(format!("again{at}"));
        }
    }
    page
}

/// One more call came in.
fn grown(mut page: Value, request: &Request) -> Value {
    if request.number_of("offset") == 200 {
        page["total_count"] = json!(251);
    }
    page
}

#[test]
fn what_changed_under_the_reader_is_read_again() {
    let all = calls(FIRST, 3, 250);
    for spoil in [shifted, repeated, grown] {
        let api = unsteady(&all, 1, spoil);
        saves_all(&place(&api, BY_OFFSET), &all);
        assert_eq!(api.asked().iter().filter(|request| request.number_of("offset") == 0).count(), 2);
    }
}

#[test]
fn what_never_fits_together_is_not_frozen() {
    let all = calls(FIRST, 3, 250);
    for (spoil, told) in [
        (
            shifted as fn(Value, &Request) -> Value,
            "bland.calls: it tells of 250 items and gives 249 different ones (tried 3 times)",
        ),
        (grown, "bland.calls, page 3: it told of 250 items, and then of 251 (tried 3 times)"),
    ] {
        let api = unsteady(&all, 99, spoil);
        let place = place(&api, BY_OFFSET);
        let run = place.asof("save");
        assert_eq!(run.code, 1);
        assert!(run.stderr.contains(told), "{}", run.stderr);
        assert!(!place.path("snapshots/2025-11-06").exists());
    }
}

#[test]
fn pages_without_an_end_and_cursors_that_come_again_are_errors() {
    let all = calls(FIRST, 3, 250);
    let served = all.clone();
    let endless = Api::new(move |request| {
        let mut page = json!({ "calls": between(&served, request) });
        for item in page["calls"].as_array_mut().unwrap() {
            item["length"] = json!(request.number_of("page"));
        }
        Reply::json(&page)
    });
    let feed =
        "url = \"/v1/calls?from={start}&to={end}&page={page}\"\npages = { by = \"page\" }\nmax_pages = 7";
    let run = place(&endless, feed).asof("save");
    assert!(
        run.code == 1 && run.stderr.contains("bland.calls, page 7: there are more than 7 pages"),
        "{}",
        run.stderr
    );
    let many =
        "url = \"/v1/calls?from={start}&to={end}&page={page}\"\npages = { by = \"page\" }\nmax_items = 600";
    let run = place(&endless, many).asof("save");
    assert!(run.stderr.contains("bland.calls, page 3: there are more than 600 items"), "{}", run.stderr);
    let served = all.clone();
    let circle = Api::new(move |request| {
        let cursor = request.number_of("cursor");
        let page: Vec<&Value> = between(&served, request).into_iter().skip(cursor).take(3).collect();
        Reply::json(&json!({ "calls": page, "next": (cursor + 1) % 4 + 1 }))
    });
    let feed = "url = \"/v1/calls?from={start}&to={end}&cursor={cursor}\"\npages = { by = \"cursor\", next = \"/next\" }";
    let run = place(&circle, feed).asof("save");
    assert!(
        run.code == 1 && run.stderr.contains("it leads back to a page that was read before"),
        "{}",
        run.stderr
    );
    assert_eq!(circle.asked().len(), 3);
    // The same page whatever is asked for.
    let served = all;
    let stuck = Api::new(move |request| {
        Reply::json(&json!({ "calls": between(&served, request)[..10], "total_count": 250 }))
    });
    let run = place(&stuck, BY_OFFSET).asof("save");
    assert!(
        run.code == 1
            && run
                .stderr
                .contains("bland.calls, page 2: it has the same items as the page before (tried 3 times)"),
        "{}",
        run.stderr
    );
}
