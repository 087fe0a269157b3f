//! The demo's lead team: what `asof demo --preset lead-backfill` makes, held against SQL that knows nothing of asof.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use asof::archive::Archive;
use asof::model::Provenance;
use rusqlite::Connection;
use serde_json::Value;

use crate::support::command::Place;

/// The clock at which the demo's history was frozen.
const MORNING: &str = "2026-01-08T08:00:00-06:00";

/// One row for each call with its day and its phone: the last ten digits where there are ten, or eleven from a 1 on.
const DIALLED: &str = "
    with digits as (
      select *, date(called_at) as day, replace(replace(phone_number, '-', ''), '+', '') as digits from calls),
    dialled as (
      select *, case when digits glob '[0-9]*' and length(digits) = 10 then digits
                     when digits glob '1[0-9]*' and length(digits) = 11 then substr(digits, 2) end as phone
      from digits)";

fn demo() -> Place {
    let place = Place::new();
    place.done(&["demo --preset lead-backfill leads"]);
    place.at(MORNING);
    place.env("ASOF_CONFIG", "leads/asof.toml");
    place
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The rows of a query on the demo's database: a text and numbers.
fn ask<const N: usize>(place: &Place, sql: &str) -> Vec<(String, [Option<i64>; N])> {
    let db = Connection::open(place.path("leads/leads.db")).unwrap();
    let mut statement = db.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| {
        let numbers: Vec<Option<i64>> = (1..=N).map(|at| row.get(at)).collect::<Result<_, _>>()?;
        Ok((row.get(0)?, numbers.try_into().unwrap()))
    });
    rows.unwrap().collect::<Result<_, _>>().unwrap()
}

#[test]
fn it_says_what_it_made_and_what_to_try_and_all_of_that_works() {
    let place = Place::new();
    let run = place.asof("demo --preset lead-backfill");
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let (made, steps) = run.stdout.split_once("\n\ntry:\n").unwrap();
    assert_eq!(
        made,
        "made asof-demo: 22,000 calls of 38 days, frozen by one backfill; 84 phones to call again"
    );
    place.forget();
    place.at(MORNING);
    place.env("ASOF_CONFIG", "asof-demo/asof.toml");
    let commands = steps.lines().filter_map(|line| line.trim().strip_prefix("asof "));
    let commands: Vec<&str> = commands.map(|line| line.split("   ").next().unwrap()).collect();
    assert!(commands.len() >= 5, "{steps}");
    place.done(&commands);
}

#[test]
fn two_demos_are_the_same_byte_for_byte_whenever_and_wherever_they_are_made() {
    let (one, other) = (Place::new(), Place::new());
    other.at("2031-05-05T05:05:05Z");
    other.env("TZ", "Asia/Tokyo");
    for place in [&one, &other] {
        place.done(&["demo --preset lead-backfill leads"]);
    }
    let (one, other) = (one.tree("leads"), other.tree("leads"));
    assert!(one.keys().eq(other.keys()));
    let differs: Vec<&String> = one.keys().filter(|path| one[*path] != other[*path]).collect();
    assert!(differs.is_empty(), "{differs:?}");
    assert!(one.keys().any(|path| path.starts_with("worklists/redial/redial-queue_2026-01")));
}

#[test]
fn every_day_is_whole_and_tells_how_it_came_to_be_known() {
    let place = demo();
    let archive = Archive::open(place.path("leads/snapshots")).unwrap();
    let history = archive.history().unwrap();
    assert_eq!(archive.check_ledger().unwrap().damaged, []);
    let mut days = Vec::new();
    for (day, editions) in history.days() {
        let [frozen] = editions else { panic!("{day} has {} editions", editions.len()) };
        let manifest = archive.manifest(&frozen.line).unwrap();
        for file in &manifest.files {
            archive.read_file(&manifest, &file.path).unwrap();
        }
        assert!(archive.dir().join(day.to_string()).join("dashboard.html").exists());
        days.push((day.to_string(), frozen.line.provenance));
    }
    assert_eq!(days.len(), 38);
    let (last, earlier) = days.split_last().unwrap();
    assert_eq!(*last, ("2026-01-07".to_owned(), Provenance::Witnessed));
    assert!(earlier.iter().all(|(_, provenance)| *provenance == Provenance::Reconstructed));
    assert!(archive.dir().join("index.html").exists());
}

#[test]
fn what_is_secret_is_its_owners_and_lies_outside_of_the_archive() {
    let place = demo();
    let mode = |name: &str| place.path(name).metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("leads/asof.key"), 0o600);
    assert_eq!(mode("leads/worklists/redial/redial-queue_2026-01.json"), 0o600);
    // No phone, and no key that could tell whose hash is whose.
    let key = place.read("leads/asof.key");
    let phones = ask::<0>(&place, &format!("{DIALLED} select distinct phone from dialled where phone <> ''"));
    assert_eq!(phones.len(), 178);
    for (path, content) in place.tree("leads/snapshots") {
        let text = String::from_utf8_lossy(&content);
        assert!(!text.contains(key.trim()), "{path} tells the key");
        for (phone, []) in &phones {
            assert!(!text.contains(phone.as_str()), "{path} tells {phone}");
        }
    }
}

#[test]
fn each_days_statistics_are_what_sql_counts() {
    let place = demo();
    let expected = ask::<6>(
        &place,
        &format!(
            "{DIALLED},
            first as (select phone, min(day) as day from dialled where phone <> '' group by phone)
            select day, count(*), count(distinct phone),
              (select count(*) from first where first.day = dialled.day),
              (select count(*) from first where first.day <= dialled.day),
              count(case when status in ('SALE', 'NO SALE', 'NI', 'CALLBK', 'DNC') then 1 end),
              count(case when status = 'SALE' then 1 end)
            from dialled group by day order by day"
        ),
    );
    let told = json(&place.asof("list --stats --json").stdout);
    let names =
        ["totalCalls", "uniquePhones", "newPhones", "cumulativeUniquePhones", "totalAnswered", "totalSales"];
    let columns: Vec<&str> =
        told["columns"].as_array().unwrap().iter().map(|column| column["name"].as_str().unwrap()).collect();
    assert_eq!(columns[..6], names);
    let told: BTreeMap<&str, [Option<i64>; 6]> = told["stats"]
        .as_array()
        .unwrap()
        .iter()
        .map(|day| (day["date"].as_str().unwrap(), names.map(|name| day[name].as_i64())))
        .collect();
    assert_eq!(told.len(), 38);
    for (date, numbers) in &expected {
        assert_eq!(told[date.as_str()], *numbers, "{date}");
    }
    // The backfill left the same beside the configuration, these names first.
    let text = place.read("leads/backfill-stats.json");
    assert!(text.contains(
        "{\"date\":\"2025-12-01\",\"totalCalls\":500,\"uniquePhones\":45,\"newPhones\":45,\"cumulativeUniquePhones\":45,"
    ));
    let kept = json(&text);
    let kept = kept.as_array().unwrap().iter();
    let kept = kept.map(|day| (day["date"].as_str().unwrap(), names.map(|name| day[name].as_i64())));
    assert_eq!(kept.collect::<BTreeMap<_, _>>(), told);
    // SQL has no row for a day without calls.
    let silent: Vec<&&str> =
        told.keys().filter(|date| !expected.iter().any(|(day, _)| day == **date)).collect();
    assert_eq!(silent, [&"2025-12-25"]);
    let before = told["2025-12-24"][3];
    assert_eq!(told["2025-12-25"], [Some(0), Some(0), Some(0), before, Some(0), Some(0)]);
    let first = [500, 45, 45, 45].map(Some);
    assert_eq!((&told["2025-12-01"][..4], &told["2026-01-07"][3]), (&first[..], &Some(178)));
}

#[test]
fn blank_and_unusable_phones_are_counted_apart() {
    let place = demo();
    let expected = ask::<3>(
        &place,
        &format!(
            "{DIALLED}
            select day, count(case when trim(coalesce(phone_number, '')) = '' then 1 end),
              count(distinct case when trim(phone_number) <> '' and phone is null then phone_number end),
              count(case when trim(phone_number) <> '' and phone is null then 1 end)
            from dialled group by day order by day"
        ),
    );
    for (date, numbers) in expected {
        let doc = json(&place.read(&format!("leads/snapshots/{date}/metrics.json")));
        let apart = &doc["metrics"]["phones"]["apart"];
        let told = ["blank_rows", "unusable", "unusable_rows"].map(|name| apart[name].as_i64());
        assert_eq!(told, numbers, "{date}");
    }
}

#[test]
fn odd_days_are_told_and_no_others() {
    let place = demo();
    let told = place.asof("list --stats").stdout;
    let odd: Vec<&str> = told.lines().filter(|line| line.starts_with("! ")).collect();
    let days: Vec<&str> = odd.iter().map(|line| &line[2..12]).collect();
    assert_eq!(days, ["2025-12-16", "2025-12-19", "2025-12-25"], "{told}");
}

#[test]
fn the_worklist_holds_whom_sql_would_call_again() {
    let place = demo();
    let expected = ask::<1>(
        &place,
        &format!(
            "{DIALLED},
            latest as (
              select phone, status, row_number() over (partition by phone order by called_at desc, id desc) as back
              from dialled where phone <> '')
            select '+1' || phone, 1 from latest
            where back = 1 and status in ('NA', 'B', 'AM', 'CALLBK')
              and phone not in (select phone from dialled where phone <> '' and status in ('SALE', 'DNC'))
              and not exists (
                select 1 from dnc
                where '+1' || phone like '%' || replace(replace(replace(dnc.phone_number, '-', ''), '+', ''), 'X', '_'))
            order by 1"
        ),
    );
    let queue = json(&place.read("leads/worklists/redial/redial-queue_2026-01.json"));
    let mut told: Vec<(&str, &str)> = queue
        .as_object()
        .unwrap()
        .values()
        .map(|entry| (entry["phone_key"].as_str().unwrap(), entry["status"].as_str().unwrap()))
        .collect();
    told.sort_unstable();
    let expected: Vec<(&str, &str)> = expected.iter().map(|(phone, _)| (phone.as_str(), "pending")).collect();
    assert_eq!(told, expected);
    assert_eq!(told.len(), 84);
}

#[test]
fn a_demo_is_never_made_over_something() {
    let place = Place::new();
    place.write("asof-demo/mine", "");
    place.asof("demo --preset lead-backfill");
    place.asof("demo --preset leads there");
    place.told(
        "
$ asof demo --preset lead-backfill
! error: asof-demo is there already and is not empty
!   hint: name another folder: asof demo DIR
exit 1
$ asof demo --preset leads there
! error: invalid value 'leads' for '--preset <NAME>'
!   [possible values: call-centre, lead-backfill, video-growth, account-health]
! 
!   tip: a similar value exists: 'lead-backfill'
! 
! For more information, try '--help'.
exit 2
",
    );
    assert!(!Path::new(&place.path("there")).exists());
}

#[test]
fn the_help_of_init_and_demo_names_the_presets() {
    let place = Place::new();
    for (command, presets) in [
        ("init", ["general", "vicidial", "lead-backfill"].as_slice()),
        ("demo", &["call-centre", "lead-backfill"]),
    ] {
        let help = place.asof(&format!("{command} --help")).stdout;
        assert!(help.contains(&format!("Examples:\n  asof {command}")), "{help}");
        for preset in presets {
            assert!(help.contains(&format!("- {preset}: ")), "{preset} is not explained:\n{help}");
        }
    }
}

#[test]
fn the_minutes_of_all_days_add_up_to_what_the_seconds_say() {
    let place = demo();
    let told = json(&place.asof("list --stats --metric minutes --json").stdout);
    let seconds = ask::<1>(&place, "select '', sum(length_in_sec) from calls")[0].1[0].unwrap();
    // A quarter of a minute, so that the quotient is exact.
    assert_eq!(seconds % 15, 0);
    let quarters = seconds / 15;
    let expected = format!("{}.{:02}", quarters / 4, quarters % 4 * 25);
    assert_eq!(told["columns"][0]["total"].to_string(), expected.trim_end_matches('0'));
}
