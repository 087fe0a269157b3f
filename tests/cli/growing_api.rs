//! Nights of videos whose counters an HTTP API tells, by the preset as it is written: what `growth`, `history` and
//! `context` say against what the API had.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::entities_done::{
    COUNTERS, Row, Table, compare, date, live, morning, of_user, one, parsed, sound, unknown,
};
use crate::support::api::{Api, Reply, Request};
use crate::support::command::Place;

const TOKEN: &str = "v1d30s-t0k3n/+&";
const NIGHTS: u64 = 12;
/// The night in which the API broke in the middle, and did not recover.
const BROKEN: u64 = 6;

/// What the API has, and whether its second page can be had.
#[derive(Default)]
struct Behind {
    table: Table,
    broken: bool,
}

/// A page of videos behind a cursor: the last key of the page before.
fn page(behind: &Behind, request: &Request) -> Value {
    let after = request.query.get("cursor").map(|cursor| cursor.strip_prefix("after ").unwrap().to_owned());
    let start = after.map_or(Bound::Unbounded, Bound::Excluded);
    let limit = request.number_of("limit");
    let found: Vec<(&String, &Row)> = behind.table.range((start, Bound::Unbounded)).collect();
    let item = |(key, row): &(&String, &Row)| {
        let [views, likes, comments, shares] = row.counters;
        json!({
            "id": key,
            "user_id": row.user.map(|user| user.to_string()),
            "title": format!("Video {key}"),
            // This API has views in quotes.
            "statistics": { "view_count": views.map(|views| views.to_string()), "like_count": likes,
                            "comment_count": comments, "share_count": shares },
        })
    };
    let items: Vec<Value> = found.iter().take(limit).map(item).collect();
    let next = (found.len() > limit).then(|| format!("after {}", found[limit - 1].0));
    json!({ "videos": items, "total_count": behind.table.len(), "next_cursor": next })
}

/// The API, which stumbles on every fifth request.
fn api(behind: &Arc<Mutex<Behind>>) -> Api {
    let behind = Arc::clone(behind);
    Api::new(move |request| {
        assert_eq!((request.method.as_str(), request.path.as_str()), ("GET", "/v1/videos"));
        assert_eq!(request.headers["authorization"], format!("Bearer {TOKEN}"));
        let behind = behind.lock().unwrap();
        if behind.broken && request.query.contains_key("cursor") {
            return Reply::status(503);
        }
        let page = page(&behind, request);
        match (request.number % 5, request.number / 5 % 4) {
            (0, 0) => Reply::status(500),
            (0, 1) => Reply::Cut(page.to_string()),
            (0, 2) => Reply::status(429).with("Retry-After", "0"),
            (0, _) => Reply::Text(200, Vec::new(), page.to_string()[..page.to_string().len() / 2].to_owned()),
            _ => Reply::json(&page),
        }
    })
}

/// A place with the preset, pointed at the API; pages are small, so that there are some.
fn place(api: &Api) -> Place {
    let place = Place::new();
    place.env("VIDEOS_TOKEN", TOKEN);
    place.secret(TOKEN);
    place.done(&["init --preset video-growth-api"]);
    place.change("asof.toml", "https://api.example.com", &api.url());
    place.change("asof.toml", "max_requests_per_second = 5", "retry_for = \"3s\"");
    place.change("asof.toml", "limit=100", "limit=5");
    // As the preset says of digits in quotes.
    place.change("asof.toml", "view_count\", type = \"integer\"", "view_count\", type = \"text\"");
    place.change("asof.toml", "title, view_count,", "title, cast(view_count as integer) as view_count,");
    place
}

#[test]
fn nights_of_videos_behind_an_api_grow_as_it_told() {
    let behind = Arc::new(Mutex::new(Behind::default()));
    let api = api(&behind);
    let place = place(&api);
    let mut rng = fastrand::Rng::with_seed(9);
    let (mut table, mut gone) = (Table::new(), Table::new());
    let mut looks: BTreeMap<u64, Table> = BTreeMap::new();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let (mut compared, mut without) = (0, 0);
    for day in 0..NIGHTS {
        live(&mut table, &mut gone, day, &mut rng);
        if day == 3 {
            // More than a float can tell apart.
            table.get_mut(table.keys().next().cloned().as_ref().unwrap()).unwrap().counters[0] =
                Some(9_007_199_254_740_993);
        }
        seen.extend(table.keys().cloned());
        *behind.lock().unwrap() = Behind { table: table.clone(), broken: day == BROKEN };
        place.at(&morning(day, "00:10:00"));
        if day == 0 {
            let run = place.asof("check");
            assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
            assert!(run.stdout.contains("videos: 5 of 14 items on the first page: "), "{}", run.stdout);
            assert!(run.stdout.contains("/statistics/view_count a text"), "{}", run.stdout);
            assert!(run.stdout.contains("video          can be looked at"), "{}", run.stdout);
        }
        let run = place.asof("save");
        if day == BROKEN {
            assert_ne!(run.code, 0, "{}", run.stdout);
            assert!(run.stderr.contains("videos, page 2: GET "), "{}", run.stderr);
            assert!(run.stderr.contains("answers with status 503 (tried "), "{}", run.stderr);
            continue;
        }
        assert_eq!((run.code, run.stderr.as_str()), (0, ""));
        looks.insert(day, table.clone());
        for period in [1, 7] {
            let what = format!("{period} days before {}", date(day));
            let run = place.asof(&format!("growth --period {period} --by user_id --top 3 --json"));
            assert_eq!(run.code, 0, "{what}: {}", run.stderr);
            let told = parsed(&run.stdout);
            assert_eq!(told["current"]["date"], date(day).to_string(), "{what}");
            if let Some(then) = day.checked_sub(period).filter(|then| looks.contains_key(then)) {
                compare(&told, &looks[&day], &looks[&then], &what);
                let [new, old] = of_user(5, &looks[&day], &looks[&then]);
                let line = format!("growth --period {period} --where user_id=5 --by user_id --top 3 --json");
                compare(&parsed(&place.asof(&line).stdout), &new, &old, &format!("{what}, of user 5"));
                compared += 1;
            } else {
                unknown(&told, &looks, day, period, &what);
                without += 1;
            }
            one(&place, &looks, (day, period), seen.iter().nth(rng.usize(0..seen.len())).unwrap());
        }
    }
    // Of eleven nights, a day back has no look on the first and after the broken one, a week back on the first six.
    assert_eq!((compared, without), (9 + 5, 2 + 6));
    sound(&place, 11);
    for key in &seen {
        through_time(&place, &looks, key);
    }
    assert!(place.tree("snapshots").len() > 20, "it is looked through for the token");
}

/// What `history` and `context` say of a video.
fn through_time(place: &Place, looks: &BTreeMap<u64, Table>, key: &str) {
    let kept: Vec<(u64, &Row)> =
        looks.iter().filter_map(|(day, table)| Some((*day, table.get(key)?))).collect();
    if kept.is_empty() {
        // It lived on the broken night only.
        return;
    }
    let history = place.asof(&format!("history video {key} --json"));
    assert_eq!(history.code, 0, "{key}: {}", history.stderr);
    let told = parsed(&history.stdout);
    let rows = told["rows"].as_array().unwrap();
    assert_eq!(rows.len(), kept.len(), "{key}");
    for (at, (row, (day, expected))) in rows.iter().zip(&kept).enumerate() {
        assert_eq!(row["date"], date(*day).to_string(), "{key}");
        assert_eq!(row["seq"], at + 1, "{key}");
        for (counter, name) in COUNTERS.iter().enumerate() {
            let now = expected.counters[counter];
            let before = at.checked_sub(1).and_then(|before| kept[before].1.counters[counter]);
            assert_eq!(row["fields"][name], json!(now), "{key} on {}, {name}", date(*day));
            let change = now.zip(before).map(|(now, before)| now - before);
            assert_eq!(row["numbers"][name]["change"], json!(change), "{key} on {}, {name}", date(*day));
        }
    }
    let newest = *looks.keys().next_back().unwrap();
    let last = kept.last().unwrap();
    let is_gone = last.0 != newest;
    assert_eq!(told["gone"], if is_gone { json!(date(newest).to_string()) } else { Value::Null }, "{key}");
    let context = place.asof(&format!("context video {key}"));
    assert_eq!(context.code, 0, "{key}: {}", context.stderr);
    for (name, now) in COUNTERS.iter().zip(last.1.counters) {
        let line = format!("\n- {name}: {}\n", now.map_or("unknown".to_owned(), |now| now.to_string()));
        assert!(context.stdout.contains(&line), "{key}: {line}{}", context.stdout);
    }
    assert!(context.stdout.contains(&format!("business day {}", date(last.0))), "{}", context.stdout);
    place.forget();
}

#[test]
fn the_first_look_needs_the_token_and_the_api() {
    let place = Place::new();
    let started = std::time::Instant::now();
    place.asof("init --preset video-growth-api");
    place.told(
        r#"
$ asof init --preset video-growth-api
wrote ./asof.toml
no first look at video yet: can't get the secret token: the environment variable VIDEOS_TOKEN is not set

next:
  edit it: the source's url, the time zone, the lists
  asof check
  asof capture video
  asof save
exit 0
"#,
    );
    assert!(started.elapsed() < std::time::Duration::from_secs(5));
    let behind = Arc::new(Mutex::new(Behind::default()));
    live(&mut behind.lock().unwrap().table, &mut Table::new(), 0, &mut fastrand::Rng::with_seed(1));
    let api = api(&behind);
    place.env("VIDEOS_TOKEN", TOKEN);
    place.secret(TOKEN);
    place.change("asof.toml", "https://api.example.com", &api.url());
    place.change("asof.toml", "view_count\", type = \"integer\"", "view_count\", type = \"text\"");
    place.change("asof.toml", "title, view_count,", "title, cast(view_count as integer) as view_count,");
    let run = place.asof("capture video --json");
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(parsed(run.stdout.lines().last().unwrap())["captured"], 14, "{}", run.stdout);
}
