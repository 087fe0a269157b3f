//! What happens to the accounts on each day.

use chrono::{Datelike as _, NaiveDate, NaiveDateTime, Weekday};

use super::super::{date, dice};
use super::{Change, FIRST, STORM, Step, people};

/// The account that declines until a playbook turns it.
pub(super) const DECLINING: i64 = 3;
/// The account that an incident costs its health at once, and the day.
pub(super) const INCIDENT: (i64, NaiveDate) = (11, date(2025, 11, 5));
/// The account that leaves, and the day.
pub(super) const LEAVES: (i64, NaiveDate) = (15, date(2025, 11, 3));
/// The account whose contract grows, and the day.
pub(super) const GROWS: (i64, NaiveDate) = (7, date(2025, 10, 17));
/// The day on which the newcomer signs.
pub(super) const SIGNS: NaiveDate = date(2025, 10, 15);
/// From when to when the declining one's playbook runs.
pub(super) const RESCUE: (NaiveDate, NaiveDate) = (date(2025, 10, 21), date(2025, 11, 10));

/// What KPIs come to, in 100 uploads.
const STATUSES: [(Option<&str>, u32); 4] =
    [(Some("healthy"), 52), (Some("at_risk"), 26), (Some("critical"), 16), (None, 6)];

/// The steps of a day, in order of time.
pub(super) fn steps(today: NaiveDate) -> Vec<Step> {
    let mut steps = vec![measured(today)];
    steps.extend(story(today));
    if matches!(today.weekday(), Weekday::Tue | Weekday::Thu) {
        steps.push(uploaded(today));
    }
    if today == STORM {
        steps.extend(storm());
    }
    steps.sort_by_key(|step| step.at);
    steps
}

fn at(day: NaiveDate, hour: u32, minute: u32) -> NaiveDateTime {
    day.and_hms_opt(hour, minute, 0).unwrap_or_default()
}

/// All who are there on a day.
pub(super) fn present(today: NaiveDate) -> Vec<people::Account> {
    let mut all = people::accounts();
    all.extend((today >= SIGNS).then(people::newcomer));
    all
}

/// Every morning all are measured; on Mondays it is told.
fn measured(today: NaiveDate) -> Step {
    let mut rng = dice(17, today);
    let mut changes = Vec::new();
    // Who signs today is measured from tomorrow on.
    let all: Vec<_> = present(today).into_iter().filter(|one| one.id != 17 || today > SIGNS).collect();
    for account in &all {
        let base = account.health * 10 + drift(account.id, today);
        let scores = [-35, 20, 5, -10, 20].map(|aside| (base + aside + rng.i64(-14..15)).clamp(0, 1000));
        changes.push(Change::Health { account: account.id, scores });
    }
    let told = today.weekday() == Weekday::Mon;
    let event = told.then(|| ("HEALTH_SCORES_UPDATED", all.iter().map(|account| account.id).collect()));
    Step { at: at(today, 6, 0), changes, event }
}

/// How far an account's health is from where it began, in tenths of a point.
fn drift(account: i64, today: NaiveDate) -> i64 {
    let day = (today - FIRST).num_days();
    match account {
        DECLINING => {
            let turned = (today - RESCUE.0).num_days() - 6;
            if turned > 0 { -10 * (day - turned) + 9 * turned } else { -10 * day }
        }
        2 => 2 * day,
        6 => day / 2,
        13 => -day,
        15 => -4 * day,
        account if account == INCIDENT.0 && today >= INCIDENT.1 => -160,
        _ => 0,
    }
}

/// Two uploads a week touch some accounts each.
fn uploaded(today: NaiveDate) -> Step {
    let mut rng = dice(18, today);
    let mut touched: Vec<i64> = present(today).iter().map(|account| account.id).collect();
    rng.shuffle(&mut touched);
    touched.truncate(4);
    touched.sort_unstable();
    let changes =
        touched.iter().flat_map(|account| [kpi(*account, &mut rng), kpi(*account, &mut rng)]).collect();
    Step { at: at(today, 10, 15), changes, event: Some(("KPI_DATA_UPLOADED", touched)) }
}

fn kpi(account: i64, rng: &mut fastrand::Rng) -> Change {
    let which = rng.usize(0..people::KPIS.len());
    let unit = people::KPIS.get(which).map_or("", |(.., unit)| *unit);
    let status = super::super::pick(rng, &STATUSES).flatten();
    let kpi = people::kpi(account, i64::try_from(which).unwrap_or_default());
    Change::Kpi { kpi, value: format!("{}{unit}", rng.u32(5..95)), status }
}

/// One account's KPIs come in again and again: the first is captured, those right after it are not.
fn storm() -> Vec<Step> {
    let mut rng = dice(19, STORM);
    let mut upload = |minute| Step {
        at: at(STORM, 14, minute),
        changes: vec![kpi(5, &mut rng)],
        event: Some(("KPI_DATA_UPLOADED", vec![5])),
    };
    [0, 1, 2, 4, 5, 9, 10].map(&mut upload).to_vec()
}

/// What is written down and not left to chance.
fn story(today: NaiveDate) -> Vec<Step> {
    let told = |hour, event, account, changes| Step {
        at: at(today, hour, 20),
        changes,
        event: Some((event, vec![account])),
    };
    let quiet = |hour, changes| Step { at: at(today, hour, 5), changes, event: None };
    let set = |account, column, value| Change::Set { account, column, value };
    let mut steps = Vec::new();
    match (today.month(), today.day()) {
        (10, 8) => steps.push(quiet(16, vec![note(3, ["call", "Renewal call", "Two of the three admins have left. They asked for an export of all data."], "Maya Lindqvist")])),
        (10, 14) => steps.push(quiet(11, vec![
            note(3, ["qbr", "Quarterly review", "Usage is down by a third since August. The new finance lead does not know the product; a rescue was agreed on."], "Maya Lindqvist"),
            set(DECLINING, "last_qbr_date", "2025-10-14"),
            set(DECLINING, "next_qbr_date", "2026-01-13"),
            Change::Recommended { account: DECLINING, playbook: "renewal-rescue" },
        ])),
        (10, 15) => steps.push(told(9, "ACCOUNT_DATA_CHANGED", 17, vec![Change::Account(people::newcomer()), Change::Started { account: 17, playbook: "onboarding" }])),
        (10, 17) => steps.push(told(15, "ACCOUNT_DATA_CHANGED", GROWS.0, vec![set(GROWS.0, "revenue", "661500.00"), note(7, ["email", "Contract signed", "Two more plants from November on."], "Jonas Weber")])),
        (10, 20) => steps.push(told(13, "STATUS_CHANGED", DECLINING, vec![set(DECLINING, "account_status", "at_risk")])),
        (10, 21) => steps.push(told(10, "ACCOUNT_DATA_CHANGED", DECLINING, vec![Change::Started { account: DECLINING, playbook: "renewal-rescue" }])),
        (10, 28) => steps.push(told(17, "ACCOUNT_DATA_CHANGED", 17, vec![Change::Completed { account: 17, playbook: "onboarding", report: ["Pelican Press went live in nine working days. Both imports ran at the second try.", "First invoice was sent on day six.", "Four of five users are active every day."] }, set(17, "lifecycle_stage", "growth"), set(17, "onboarding_status", "completed")])),
        (10, 31) => steps.push(quiet(12, vec![note(15, ["meeting", "They are leaving", "The board decided for another vendor. Data is to be handed over until the third."], "Jonas Weber")])),
        (11, 3) => steps.push(told(9, "STATUS_CHANGED", LEAVES.0, vec![set(LEAVES.0, "account_status", "churn"), set(LEAVES.0, "revenue", "0.00")])),
        (11, 5) => steps.push(told(18, "HEALTH_SCORES_UPDATED", INCIDENT.0, vec![note(11, ["interaction", "Outage of the import", "Nothing was imported for eleven hours. They want a written account of it."], "Jonas Weber"), Change::Recommended { account: INCIDENT.0, playbook: "incident-review" }])),
        (11, 10) => steps.push(told(16, "ACCOUNT_DATA_CHANGED", DECLINING, vec![Change::Completed { account: DECLINING, playbook: "renewal-rescue", report: ["Three workshops with the new finance team. Usage is back where it was in September.", "The renewal was signed for a year.", "Two new admins are certified."] }, set(DECLINING, "account_status", "active")])),
        (11, 12) => steps.push(quiet(15, vec![note(3, ["call", "After the rescue", "The finance lead is content, and asks for the workflow product."], "Maya Lindqvist")])),
        _ => {}
    }
    steps
}

fn note(account: i64, note: [&'static str; 3], author: &'static str) -> Change {
    Change::Note { account, note, author }
}
