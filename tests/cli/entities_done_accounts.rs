//! Forty days of accounts on a private MariaDB, with events at all hours: which rows are kept, by which number, and
//! what is told of them, against rules that are written here once more.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use chrono::{
    DateTime, Datelike as _, Days, NaiveDate, NaiveDateTime, TimeDelta, TimeZone as _, Utc, Weekday,
};
use chrono_tz::America::Chicago;
use serde_json::Value;

use super::entities_done::{parsed, percentage, place, sound};
use super::entities_done_growth::{COUNTER, captured, grown, region};
use crate::support::command::Place;
use crate::support::mariadb::{Db, db};

/// The tables that the preset is for.
pub const SCHEMA: &str = include_str!("../../src/ops/demo/accounts/schema.sql");
const DAYS: u64 = 40;
/// The night in which nothing ran.
const MISSED: u64 = 9;
/// The night in which the source could not be reached; in the morning it was too late.
const LATE: u64 = 30;
const STATUSES: [&str; 4] = ["active", "inactive", "at_risk", "churn"];
const PLAYBOOKS: [&str; 3] = ["onboarding", "rescue", "renewal"];

/// An account as the test wrote it: revenue in cents, health in tenths of a point.
#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    revenue: Option<i64>,
    health: i64,
    status: &'static str,
    running: Vec<&'static str>,
    pub completed: i64,
}

/// A row that asof has to have kept.
#[derive(Clone, Debug)]
pub struct Kept {
    pub at: DateTime<Utc>,
    pub date: NaiveDate,
    pub kind: &'static str,
    trigger: Option<&'static str>,
    changes: Vec<&'static str>,
    pub account: Account,
}

/// A look that asof has to have kept.
pub struct Look {
    pub completed: BTreeMap<i64, i64>,
    pub waiting: BTreeSet<i64>,
}

/// The accounts, and what is kept of each.
struct World {
    db: Db,
    rng: fastrand::Rng,
    now: BTreeMap<i64, Account>,
    gone: BTreeMap<i64, Account>,
    kept: BTreeMap<i64, Vec<Kept>>,
    trends: u64,
}

fn day(of: u64) -> NaiveDate {
    NaiveDate::from_ymd_opt(2025, 10, 6).unwrap() + Days::new(of)
}

fn instant(local: NaiveDateTime) -> DateTime<Utc> {
    Chicago.from_local_datetime(&local).earliest().unwrap().to_utc()
}

fn local_date(at: DateTime<Utc>) -> NaiveDate {
    at.with_timezone(&Chicago).date_naive()
}

/// Which day's look keeps an account.
fn is_due(account: &Account, date: NaiveDate) -> bool {
    let daily = account.revenue.is_some_and(|cents| cents > 100_000_000)
        || account.health < 700
        || !account.running.is_empty();
    daily || if account.status == "inactive" { date.day() == 1 } else { date.weekday() == Weekday::Mon }
}

/// What happened from one row to another.
fn happened(old: &Account, new: &Account) -> Vec<&'static str> {
    let revenue = old.revenue.zip(new.revenue);
    let all = [
        ("health_score_change", (new.health - old.health).abs() > 50),
        (
            "revenue_change",
            revenue.is_some_and(|(old, new)| old != new && (new - old).abs() * 10 > old.abs()),
        ),
        ("status_change", old.status != new.status),
        ("playbook_started", new.running.iter().any(|one| !old.running.contains(one))),
        ("playbook_completed", new.completed != old.completed),
    ];
    all.into_iter().filter(|(_, is)| *is).map(|(name, _)| name).collect()
}

/// Whether a change is significant; `None` where that can't be known.
fn is_significant(old: &Account, new: &Account) -> Option<bool> {
    let health = (new.health - old.health).abs() > 50;
    let revenue = match (old.revenue, new.revenue) {
        (Some(0), Some(new)) => (new == 0).then_some(false),
        (Some(old), Some(new)) => Some((new - old).abs() * 10 > old.abs()),
        _ => None,
    };
    if health || revenue == Some(true) { Some(true) } else { revenue }
}

/// Over the last three rows, this one included.
fn trend(rows: &[Kept]) -> Option<&'static str> {
    let [.., oldest, _, newest] = rows else { return None };
    Some(match newest.account.health - oldest.account.health {
        11.. => "improving",
        ..=-11 => "declining",
        _ => "stable",
    })
}

impl World {
    fn new() -> Self {
        let db = db();
        db.sql(SCHEMA);
        let mut rng = fastrand::Rng::with_seed(60);
        let now = (1..=12).map(|key| (key, account(key, &mut rng))).collect();
        Self { db, rng, now, gone: BTreeMap::new(), kept: BTreeMap::new(), trends: 0 }
    }

    /// Something happens to some accounts.
    fn live(&mut self) {
        let rng = &mut self.rng;
        for account in self.now.values_mut() {
            match rng.u32(0..14) {
                0..=4 => account.health = (account.health + rng.i64(-30..31)).clamp(0, 1000),
                5 => account.health = (account.health + rng.i64(-90..91)).clamp(0, 1000),
                // Exactly 5 points and exactly 10 % are not beyond them.
                6 => account.health = (account.health + 50).min(1000),
                7 => account.revenue = account.revenue.map(|cents| cents / 10 * 11),
                8 => account.revenue = account.revenue.map(|cents| cents / 100 * rng.i64(70..125)),
                9 if rng.u32(0..4) == 0 => {
                    account.revenue = [None, Some(0), Some(100_000_000)][rng.usize(0..3)];
                }
                10 if rng.u32(0..2) == 0 => account.status = STATUSES[rng.usize(0..4)],
                11 => {
                    let playbook = PLAYBOOKS[rng.usize(0..3)];
                    if !account.running.contains(&playbook) && account.running.len() < 2 {
                        account.running.push(playbook);
                    }
                }
                12 | 13 if !account.running.is_empty() => {
                    account.running.remove(0);
                    account.completed += 1;
                }
                _ => {}
            }
        }
        match rng.u32(0..25) {
            0 => {
                let key = self.now.keys().chain(self.gone.keys()).max().map_or(1, |last| last + 1);
                self.now.insert(key, account(key, rng));
            }
            1 => self.gone.extend(self.now.pop_first()),
            2 => self.now.extend(self.gone.pop_first()),
            _ => {}
        }
    }

    fn write(&mut self, at: DateTime<Utc>) {
        let mut script = "begin; delete from accounts; delete from playbook_runs;\n".to_owned();
        let mut run = 0;
        let measured = at.with_timezone(&Chicago).format("%Y-%m-%d %H:%M:%S");
        for (key, account) in &self.now {
            let Account { revenue, health, status, running, completed } = account;
            let revenue =
                revenue.map_or("null".to_owned(), |cents| format!("{}.{:02}", cents / 100, cents % 100));
            let _ = writeln!(
                script,
                "insert into accounts (account_id, account_name, customer_id, revenue, account_status, region) \
                 values ({key}, 'Account {key}', 'c', {revenue}, '{status}', '{}');",
                region(*key)
            );
            self.trends += 2;
            // Of two that were measured at once the later one counts.
            let _ = writeln!(
                script,
                "insert into health_trends (trend_id, account_id, measured_at, overall_health_score) values \
                 ({}, {key}, '{measured}', 1), ({}, {key}, '{measured}', {}.{});",
                self.trends - 1,
                self.trends,
                health / 10,
                health % 10
            );
            let runs = running.iter().map(|playbook| (*playbook, "running"));
            for (playbook, status) in runs.chain((0..*completed).map(|_| ("rescue", "completed"))) {
                run += 1;
                let ended = if status == "completed" { "'2025-10-02 09:00:00'" } else { "null" };
                let _ = writeln!(
                    script,
                    "insert into playbook_runs values ({run}, {key}, '{playbook}', '{status}', \
                     '2025-10-01 09:00:00', {ended});"
                );
            }
        }
        self.db.sql(&(script + "commit;"));
    }

    fn keep(&mut self, key: i64, row: Kept) {
        self.kept.entry(key).or_default().push(row);
    }

    /// A capture of some accounts by an event or by hand, and what it has to say of each.
    fn capture(&mut self, place: &Place, at: DateTime<Utc>) {
        const EVENTS: [(&str, &str, &str); 4] = [
            ("KPI_DATA_UPLOADED", "kpi_data_uploaded", "post_upload"),
            ("HEALTH_SCORES_UPDATED", "health_scores_updated", "post_health_calc"),
            ("ACCOUNT_DATA_CHANGED", "account_data_changed", "event_driven"),
            ("", "", "manual"),
        ];
        // The event before may have been of the same accounts: a storm.
        let from = self.rng.i64(1..4);
        let keys: Vec<i64> = (from..from + self.rng.i64(1..4)).collect();
        let (event, trigger, kind) = EVENTS[self.rng.usize(0..4)];
        let mut line = "capture account --json".to_owned();
        if !event.is_empty() {
            line += &format!(" --event {event}");
        }
        for key in &keys {
            line += &format!(" --key {key}");
        }
        let told = Self::run(place, &line);
        for key in keys {
            let told = &told[&key];
            let rows = self.kept.get(&key).map_or(&[][..], Vec::as_slice);
            let age = rows.last().map(|row| (at - row.at).num_seconds());
            if kind != "manual"
                && let Some(age) = age.filter(|age| *age < 300)
            {
                assert_eq!(
                    (&told["status"], &told["remaining_seconds"]),
                    (&"cooldown".into(), &(300 - age).into())
                );
                assert_eq!(told["snapshot_id"], format!("{key}#{}", rows.len()), "{at}");
                continue;
            }
            let Some(account) = self.now.get(&key).cloned() else {
                assert_eq!(told["status"], "absent", "{key} at {at}");
                continue;
            };
            assert_eq!(told["status"], "captured", "{key} at {at}: {told}");
            assert_eq!(told["snapshot_id"], format!("{key}#{}", rows.len() + 1), "{at}");
            let trigger = (!trigger.is_empty()).then_some(trigger);
            self.keep(key, Kept { at, date: local_date(at), kind, trigger, changes: Vec::new(), account });
        }
    }

    /// A poll of all accounts, which keeps those to which something happened.
    fn poll(&mut self, place: &Place, at: DateTime<Utc>) {
        let told = Self::run(place, "capture account --json --if-changed --type scheduled");
        assert_eq!(told.len(), self.now.len());
        for (key, account) in self.now.clone() {
            let before = self.kept.get(&key).and_then(|rows| rows.last());
            let changes = before.map_or_else(Vec::new, |before| happened(&before.account, &account));
            let kept = before.is_none() || !changes.is_empty();
            let status = if kept { "captured" } else { "unchanged" };
            assert_eq!(told[&key]["status"], status, "{key} at {at}: {before:?} to {account:?}");
            if kept {
                assert_eq!(told[&key]["changes"], Value::from(changes.clone()), "{key} at {at}");
                let kind = "scheduled";
                self.keep(key, Kept { at, date: local_date(at), kind, trigger: None, changes, account });
            }
        }
    }

    /// Runs a capture; gives what it told of each key.
    fn run(place: &Place, line: &str) -> BTreeMap<i64, Value> {
        let run = place.asof(line);
        let lines = run.stdout.lines().map(parsed).filter(|told| told["event"] == "capture");
        let told: BTreeMap<i64, Value> =
            lines.map(|told| (told["key"].as_str().unwrap().parse().unwrap(), told)).collect();
        let absent = told.values().all(|told| told["status"] == "absent");
        assert_eq!(run.code, i32::from(absent && !told.is_empty()), "{line}: {}", run.stderr);
        place.forget();
        told
    }

    /// What the look of a day has to keep.
    fn look(&mut self, date: NaiveDate, at: DateTime<Utc>) -> Look {
        let mut look = Look { completed: BTreeMap::new(), waiting: BTreeSet::new() };
        for (key, account) in self.now.clone() {
            if is_due(&account, date) {
                look.completed.insert(key, account.completed);
                let kept = Kept { at, date, kind: "look", trigger: None, changes: Vec::new(), account };
                self.keep(key, kept);
            } else {
                look.waiting.insert(key);
            }
        }
        look
    }

    /// The whole timeline of a key, as `history` tells it, against what has to have been kept.
    fn compare(&self, place: &Place, key: i64) {
        let run = place.asof(&format!("history account {key} --json"));
        assert_eq!(run.code, 0, "{}", run.stderr);
        let told = parsed(&run.stdout);
        let rows = &self.kept[&key];
        let told = told["rows"].as_array().unwrap();
        let dates = |at: &Value| at["date"].as_str().unwrap().to_owned();
        let expected: Vec<String> = rows.iter().map(|row| row.date.to_string()).collect();
        assert_eq!(told.iter().map(dates).collect::<Vec<_>>(), expected, "{key}");
        for (at, (told, row)) in told.iter().zip(rows).enumerate() {
            let what = format!("{key}#{} of {}", at + 1, row.date);
            assert_eq!(told["snapshot_id"], format!("{key}#{}", at + 1), "{what}");
            assert_eq!((&told["type"], &told["trigger"]), (&row.kind.into(), &row.trigger.into()), "{what}");
            let instant: DateTime<Utc> = told["captured_at"].as_str().unwrap().parse().unwrap();
            assert_eq!(instant, row.at, "{what}");
            if row.kind != "look" {
                assert_eq!(told["changes"], Value::from(row.changes.clone()), "{what}");
            }
            let (fields, Account { revenue, health, status, running, completed }) =
                (&told["fields"], &row.account);
            let number = |name: &str, parts: f64| fields[name].as_f64().map(|value| whole(value * parts));
            assert_eq!(
                (number("revenue", 100.0), number("overall_health_score", 10.0)),
                (*revenue, Some(*health))
            );
            assert_eq!(fields["account_status"], *status, "{what}");
            assert_eq!(fields["playbooks_running"], Value::from(running.clone()), "{what}");
            assert_eq!(fields["playbooks_running_count"], running.len(), "{what}");
            assert_eq!(fields["playbooks_completed_count"], *completed, "{what}");
            let moved = &told["numbers"]["overall_health_score"];
            assert_eq!(moved["trend"], Value::from(trend(&rows[..=at])), "{what}");
            let Some(before) = at.checked_sub(1).map(|before| &rows[before]) else {
                assert_eq!(told["is_significant_change"], Value::Null, "{what}");
                assert_eq!(told["days_since_last_snapshot"], Value::Null, "{what}");
                continue;
            };
            let change = moved["change"].as_f64().map(|change| whole(change * 10.0));
            assert_eq!(change, Some(health - before.account.health), "{what}");
            assert_eq!(moved["percentage"].to_string(), percentage(*health, before.account.health), "{what}");
            let money = &told["numbers"]["revenue"];
            let change = money["change"].as_f64().map(|change| whole(change * 100.0));
            let both = revenue.zip(before.account.revenue);
            assert_eq!(change, both.map(|(new, old)| new - old), "{what}");
            let share = both.map_or_else(|| "null".to_owned(), |(new, old)| percentage(new, old));
            assert_eq!(money["percentage"].to_string(), share, "{what}");
            assert_eq!(told["not_read"], parsed("[]"), "{what}");
            let significant = is_significant(&before.account, &row.account);
            assert_eq!(told["is_significant_change"], Value::from(significant), "{what}");
            let days = (local_date(row.at) - local_date(before.at)).num_days();
            assert_eq!(told["days_since_last_snapshot"], days, "{what}");
        }
    }
}

/// A number of which only the last bits are unsure, as the whole number it is.
#[expect(clippy::cast_possible_truncation, reason = "it is rounded, and far from where that matters")]
fn whole(value: f64) -> i64 {
    value.round() as i64
}

fn place_of(key: i64, of: usize) -> usize {
    usize::try_from(key).unwrap() % of
}

fn account(key: i64, rng: &mut fastrand::Rng) -> Account {
    // Some at the very edge of a rule, which is not beyond it.
    let revenue = [Some(100_000_000), Some(100_000_001), Some(45_000_050), None][place_of(key, 4)];
    let health = if key % 3 == 0 { 700 } else { rng.i64(690..900) };
    Account { revenue, health, status: STATUSES[place_of(key, 3)], running: Vec::new(), completed: 0 }
}

#[test]
fn forty_days_of_accounts_are_kept_when_they_are_due_and_when_something_happens() {
    let mut world = World::new();
    let place = place(&world.db, "account-health", "mysql://report@127.0.0.1/success");
    let mut looks: BTreeMap<u64, Look> = BTreeMap::new();
    for of in 0..DAYS {
        let date = day(of);
        // The first may come just after the night's look, and the next ones within its cooldown, or just beyond it.
        // After the night that ran late the clock would go back.
        let early = world.rng.u32(0..3) == 0 && of != LATE + 1;
        let (hour, minute) = if early { (0, 13) } else { (world.rng.u32(8..18), world.rng.u32(0..60)) };
        let mut at = instant(date.and_hms_opt(hour, minute, 0).unwrap());
        let storm = of % 10 == 7;
        for one in 0..if storm { 6 } else { world.rng.u32(0..3) } {
            world.live();
            world.write(at);
            place.at(&at.to_rfc3339());
            if one == 1 {
                world.poll(&place, at);
            } else {
                world.capture(&place, at);
            }
            let newest =
                |rows: &&Vec<Kept>| rows.last().is_some_and(|row| row.at == at && row.kind != "look");
            if let Some((key, rows)) = world.kept.iter().find(|(_, rows)| newest(rows)) {
                captured(&place, rows, *key);
            }
            let next = [1, 60, 170, 299, 300, 301, 3600];
            at += TimeDelta::seconds(next[world.rng.usize(0..if storm { 6 } else { 7 })]);
        }
        world.live();
        let mut night = instant((date + Days::new(1)).and_hms_opt(0, 10, 0).unwrap());
        world.write(night);
        if of == MISSED {
            continue;
        }
        place.at(&night.to_rfc3339());
        if of == LATE {
            assert_ne!(place.asof("save --config unreached.toml --retry-for 0s").code, 0);
            night += TimeDelta::hours(7);
            place.at(&night.to_rfc3339());
        }
        let run = place.asof("save");
        assert_eq!((run.code, run.stderr.is_empty()), (0, of != LATE), "{}", run.stderr);
        if of != LATE {
            let look = world.look(date, night);
            looks.insert(of, look);
        }
        let newest = *looks.keys().next_back().unwrap();
        for days in [1, 7, 30] {
            let line = format!("growth account --days {days}");
            let told = parsed(&place.asof(&format!("{line} --json")).stdout);
            let what = format!("{days} days before {}", day(newest));
            assert_eq!(told["current"]["date"], day(newest).to_string(), "{what}");
            if let Some(then) = newest.checked_sub(days).and_then(|then| looks.get(&then)) {
                grown(&place, &line, &looks[&newest], then, &what);
                continue;
            }
            let all: i64 = looks[&newest].completed.values().sum();
            let counter = &told["growth"][COUNTER];
            assert_eq!(counter["current"], all, "{what}");
            for unknown in ["previous", "growth", "percentage", "isIncrease"] {
                assert_eq!(counter[unknown], Value::Null, "{what}, {unknown}");
            }
            let reason = told["reason"].as_str().unwrap();
            let late = newest.checked_sub(days) == Some(LATE);
            assert_eq!(reason.contains("max_lag is 3 h"), late, "{what}: {reason}");
        }
        if of % 7 == 6 {
            sound(&place, looks.len());
        }
        place.forget();
    }
    assert_eq!(looks.len(), 38);
    sound(&place, 38);
    for key in world.kept.keys() {
        world.compare(&place, *key);
    }
    let rows = || world.kept.values().flatten();
    let kinds: BTreeSet<&str> = rows().map(|row| row.kind).collect();
    assert_eq!(kinds.len(), 6, "looks, and captures of all types but rag_auto: {kinds:?}");
    let waited = looks.values().filter(|look| !look.waiting.is_empty()).count();
    assert!(waited > 20 && looks.values().all(|look| !look.completed.is_empty()), "{waited}");
    let changes: BTreeSet<&str> = rows().flat_map(|row| row.changes.iter().copied()).collect();
    assert_eq!(changes.len(), 5, "{changes:?}");
}
