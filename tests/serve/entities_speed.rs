//! Growth of many entities is added up once, and then it is at hand.

use std::time::{Duration, Instant};

use serde_json::json;

use super::entities::did;
use crate::support::command::Place;
use crate::support::server::Server;

#[test]
fn growth_of_a_hundred_thousand_is_computed_once() {
    let place = Place::new();
    place.write(
        "asof.toml",
        r#"[source]
url = "sqlite:v.db"

[calendar]
time_zone = "UTC"

[entities.video]
sql = "select id, views from videos"
key = "id"
counters = { views = "views" }
"#,
    );
    place.sqlite(
        "v.db",
        "create table videos (id integer primary key, views integer);
         with recursive n (i) as (select 1 union all select i + 1 from n where i < 100000)
         insert into videos select i, i from n",
    );
    place.at("2025-11-06T00:10:00Z");
    place.done(&["save"]);
    place.sqlite("v.db", "update videos set views = views + 2");
    place.at("2025-11-07T00:10:00Z");
    place.done(&["save"]);
    let server = Server::start(&place, &[]);
    // The sum of 1 to 100,000 is 5,000,050,000.
    let growth = json!([5_000_250_000_u64, 5_000_050_000_u64, 200_000, 0, true]);
    // Eight ask at once, before anything is kept.
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert_eq!(did(&server.get("/api/growth/1").json(), "views"), growth));
        }
    });
    let metrics = server.get("/metrics");
    let line = metrics.text().lines().find(|line| line.starts_with("asof_cache_bytes ")).unwrap();
    assert!(line.split(' ').nth(1).unwrap().parse::<u64>().unwrap() > 0, "{line}");
    let mut times: Vec<Duration> = (0..101)
        .map(|_| {
            let began = Instant::now();
            assert_eq!(server.get("/api/growth/1").status, 200);
            began.elapsed()
        })
        .collect();
    times.sort_unstable();
    assert!(times[50] < Duration::from_millis(10), "{:?}", times[50]);
}
