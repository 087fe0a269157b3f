//! What the accounts promise: see the module.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::days::{DECLINING, GROWS, INCIDENT, LEAVES, RESCUE, SIGNS};
use super::{Change, FIRST, LAST, LATE, MISSED, STORM, before, config, nights, store};

#[test]
fn it_is_the_same_each_time_and_forty_days_long() {
    let all = nights();
    assert_eq!(all, nights());
    let dates: Vec<_> = all.iter().map(|night| night.day.date()).collect();
    assert_eq!((dates.len(), dates.first(), dates.last()), (40, Some(&FIRST), Some(&LAST)));
    for night in &all {
        assert!(night.steps.iter().all(|step| step.at.date() == night.day.date()));
        assert!(night.steps.is_sorted_by_key(|step| step.at), "{}", night.day);
        assert_eq!(night.run.is_none(), night.day.date() == MISSED);
        let hours = night.run.map(|run| (run - night.day.date().and_hms_opt(0, 0, 0).unwrap()).num_hours());
        assert_eq!(hours == Some(31), night.day.date() == LATE, "{}", night.day);
    }
}

#[test]
fn its_story_is_in_its_days() {
    let all = nights();
    let on = |date| all.iter().find(|night| night.day.date() == date).unwrap().steps.as_slice();
    let changed = |date, wanted: &dyn Fn(&Change) -> bool| {
        on(date).iter().any(|step| step.event.is_some() && step.changes.iter().any(wanted))
    };
    let started = |account| move |change: &Change| matches!(change, Change::Started { account: one, .. } if *one == account);
    assert!(changed(RESCUE.0, &started(DECLINING)) && changed(SIGNS, &started(17)));
    assert!(changed(RESCUE.1, &|change| matches!(change, Change::Completed { account: DECLINING, .. })));
    let sets = |of: &'static str| move |change: &Change| matches!(change, Change::Set { column, .. } if *column == of);
    assert!(changed(GROWS.1, &sets("revenue")) && changed(LEAVES.1, &sets("account_status")));
    let uploads = on(STORM).iter().filter(|step| step.event.as_ref().is_some_and(|(_, keys)| keys == &[5]));
    assert_eq!(uploads.count(), 7);
}

#[test]
fn the_tables_take_it_all_and_the_declining_account_turns() {
    let mut database = Connection::open_in_memory().unwrap();
    store::create(&mut database, &before()).unwrap();
    for night in nights() {
        for step in &night.steps {
            store::play(&mut database, step).unwrap();
        }
    }
    let mut health: BTreeMap<(i64, String), f64> = BTreeMap::new();
    let mut select = database
        .prepare("select account_id, date(measured_at), overall_health_score from health_trends")
        .unwrap();
    let rows = select.query_map([], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?))).unwrap();
    health.extend(rows.map(Result::unwrap));
    assert_eq!(health.len(), 16 * 40 + 30, "all every day, and the newcomer from the day after it signed");
    assert!(health.values().all(|score| (0.0..=100.0).contains(score)));
    let at = |account: i64, date: &str| health[&(account, date.to_owned())];
    assert!(at(3, "2025-10-06") > 80.0 && at(3, "2025-10-27") < 64.0 && at(3, "2025-11-14") > 70.0);
    assert!(at(INCIDENT.0, "2025-11-04") - at(INCIDENT.0, "2025-11-05") > 10.0);
    let count = |sql: &str| database.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count("select count(*) from accounts"), 17);
    assert_eq!(count("select count(*) from playbook_runs where run_status = 'running'"), 0);
    assert_eq!(count("select count(*) from playbook_reports"), 2);
    assert_eq!(count("select count(*) from accounts where revenue is null"), 1);
}

#[test]
fn its_configuration_is_the_preset_with_a_database_beside_it() {
    let text = config();
    assert!(text.contains("\nurl = \"sqlite:accounts.db\"\n") && !text.contains("password"), "{text}");
    assert!(text.starts_with("# The demo's accounts"), "{text}");
    assert!(text.contains("datetime(max(measured_at), '-30 days')") && !text.contains("interval"), "{text}");
}
