//! Many days over an API that fails all the time, and what is kept of its items.

use serde_json::{Value, json};

use super::{BY_OFFSET, expected, frozen, place};
use crate::support::api::{Api, Reply, by_offset, calls};

/// 22,000 calls from the first day on.
pub(super) fn many() -> Vec<Value> {
    let mut all = calls("2025-09-30T05:00:00Z", 38, 579);
    all.truncate(22_000);
    all
}

/// The days from 2025-09-30 on, with their ends in UTC: clocks go back on 2025-11-02.
pub(super) fn days() -> Vec<(String, String, String)> {
    let first: chrono::NaiveDate = "2025-09-30".parse().unwrap();
    let changed: chrono::NaiveDate = "2025-11-02".parse().unwrap();
    let begins = |date: chrono::NaiveDate| format!("{date}T0{}", if date > changed { 6 } else { 5 });
    let dates = first.iter_days().take(38);
    dates.map(|date| (date.to_string(), begins(date), begins(date.succ_opt().unwrap()))).collect()
}

#[test]
fn a_backfill_over_faults_has_every_call_once() {
    let all = many();
    let served = all.clone();
    let api = Api::new(move |request| {
        let page = by_offset(&served, request);
        match request.number {
            number if number % 10 != 0 => Reply::json(&page),
            number => match number / 10 % 5 {
                0 => Reply::status(500),
                1 => Reply::Cut(page.to_string()),
                2 => Reply::Text(200, Vec::new(), page.to_string().replacen("total", "tot\"al", 1)),
                3 => Reply::status(429).with("Retry-After", "0"),
                _ => Reply::Hang(std::time::Duration::from_secs(5)),
            },
        }
    });
    let place = place(&api, BY_OFFSET);
    place.change("asof.toml", "retry_for = \"3s\"", "retry_for = \"60s\"\ntimeout = \"4s\"");
    let run = place.asof("backfill --from 2025-09-30 --to 2025-11-06 --jobs 2 -v");
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    let mut counted = 0;
    for (day, start, end) in days() {
        let found = frozen(&place, &day);
        assert_eq!(found, expected(&all, &start, &end), "{day}");
        counted += found.0;
    }
    assert_eq!(counted, 22_000);
    let asked = api.asked();
    assert!(asked.len() > 228 + 20, "{}", asked.len());
    place.done(&["verify", "drift --from 2025-11-04 --to 2025-11-06 --exit-code"]);
    // It holds no secret, and neither does what lies beside it.
    assert!(place.tree("").len() > 38 * 4);
}

#[test]
fn a_day_that_can_not_be_had_whole_is_left_out_and_made_up_for_later() {
    let all = calls("2025-11-03T06:00:00Z", 4, 250);
    let broken = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    let (served, is_broken) = (all.clone(), broken.clone());
    let api = Api::new(move |request| {
        let fails = request.query["from"].starts_with("2025-11-05") && request.number_of("offset") == 200;
        if fails && is_broken.load(std::sync::atomic::Ordering::SeqCst) {
            return Reply::status(404);
        }
        Reply::json(&by_offset(&served, request))
    });
    let place = place(&api, BY_OFFSET);
    let run = place.asof("backfill --from 2025-11-03 --to 2025-11-06");
    assert_eq!(run.code, 3, "{}{}", run.stdout, run.stderr);
    let told = place.read("backfill.json");
    assert!(told.contains("bland.calls, page 3: GET ") && told.contains("answers with status 404"), "{told}");
    assert!(!place.path("snapshots/2025-11-05").exists());
    broken.store(false, std::sync::atomic::Ordering::SeqCst);
    place.done(&["backfill --from 2025-11-03 --to 2025-11-06", "verify"]);
    assert_eq!(frozen(&place, "2025-11-05"), expected(&all, "2025-11-05T06", "2025-11-06T06"));
}

#[test]
fn items_are_kept_as_they_came() {
    let all = calls("2025-11-05T00:00:00Z", 3, 250);
    let served = all.clone();
    let api = Api::new(move |request| {
        let mut page = by_offset(&served, request);
        page["calls"].as_array_mut().unwrap().reverse();
        Reply::Text(200, Vec::new(), serde_json::to_string_pretty(&page).unwrap())
    });
    let feed = format!("keep_raw = true\n{BY_OFFSET}");
    let place = place(&api, &feed);
    assert_eq!(place.asof("save").code, 0);
    let path = "snapshots/2025-11-06/raw/bland.calls.jsonl.zst";
    let text = zstd::decode_all(&*std::fs::read(place.path(path)).unwrap()).unwrap();
    let kept: Vec<Value> =
        String::from_utf8(text).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let begins = |call: &&Value| {
        let at = call["created"]["at"].as_str().unwrap();
        ("2025-11-06T06".."2025-11-07T06").contains(&at)
    };
    let wanted: Vec<Value> = all.iter().filter(begins).cloned().collect();
    assert_eq!(kept, wanted);
    let manifest: Value = serde_json::from_str(&place.read("snapshots/2025-11-06/manifest.json")).unwrap();
    let files = manifest["files"].as_array().unwrap();
    assert!(files.iter().any(|file| file["path"] == json!("raw/bland.calls.jsonl.zst")), "{manifest}");
    place.done(&["verify"]);
    // One byte of it is not as it was.
    let mut bytes = std::fs::read(place.path(path)).unwrap();
    bytes[20] ^= 1;
    place.write(path, bytes);
    let run = place.asof("verify");
    assert!(run.code == 4 && (run.stdout + &run.stderr).contains("raw/bland.calls.jsonl.zst"));
    place.forget();
}

#[test]
fn check_looks_at_one_page_of_each_feed() {
    let all = calls("2025-11-05T00:00:00Z", 3, 250);
    let api = Api::new(move |request| Reply::json(&by_offset(&all, request)));
    let place = place(&api, BY_OFFSET);
    let run = place.asof("check");
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert!(
        run.stdout.contains(
            "bland.calls: 100 of 250 items on the first page: /call_id a text, /cost a number, /created/at a text, /length a number, /status a text, /to a text"
        ),
        "{}",
        run.stdout
    );
    assert!(!run.stdout.contains("no total is told"), "{}", run.stdout);
    place.change("asof.toml", "total = \"/total_count\"\n", "");
    assert!(place.asof("check").stdout.contains("bland.calls: no total is told"));
    place.change("asof.toml", "length = \"integer\"", "length = \"boolean\"");
    let run = place.asof("check");
    assert!(run.code == 1 && run.stdout.contains("item 1: what is at \"/length\""), "{}", run.stdout);
    place.forget();
}

#[test]
fn check_tells_that_nothing_leads_on() {
    let all = calls("2025-11-06T06:00:00Z", 1, 250);
    let api = Api::new(move |_| {
        Reply::json(&json!({ "calls": all[..100], "total_count": 250, "paging": { "next": "x" } }))
    });
    let feed = r#"
url = "/v1/calls?from={start}&to={end}&after={cursor}"
total = "/total_count"
pages = { by = "cursor", next = "/nxt" }
"#;
    let place = place(&api, feed);
    let run = place.asof("check");
    let told = "bland.calls: there are more items than on the first page, and nothing leads on from it";
    assert!(run.code == 1 && run.stdout.contains(told), "{}", run.stdout);
    place.forget();
}

#[test]
fn memory_is_bounded_whatever_the_pages() {
    // 250 pages of 1,000 calls, and what the whole run took at most.
    let all = calls("2025-11-06T06:00:00Z", 1, 250_000);
    let pages: Vec<String> =
        all.chunks(1000).map(|calls| json!({ "calls": calls, "total_count": 250_000 }).to_string()).collect();
    let api = Api::new(move |request| {
        Reply::Text(
            200,
            Vec::new(),
            pages.get(request.number_of("offset") / 1000).cloned().unwrap_or_default(),
        )
    });
    // Items that are kept as they came are not held either.
    let feed = format!("keep_raw = true\n{}", BY_OFFSET.replace("100", "1000"));
    let place = place(&api, &feed);
    let mut child = place.command(&["save"]).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
        peak = peak.max(kilobytes.unwrap_or_default());
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert!(child.wait().unwrap().success());
    assert_eq!(frozen(&place, "2025-11-06").0, 250_000);
    assert!(peak > 0 && peak < 100_000, "{peak} kB");
}
