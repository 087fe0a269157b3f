//! Writes the accounts into SQLite.

use chrono::NaiveDateTime;
use rusqlite::{Connection, Transaction, params};

use super::people::{self, Account};
use super::{Change, FIRST, Step};

const SCHEMA: &str = include_str!("schema.sql");

/// Makes the tables in an empty database, and fills them with those that are there before the first day.
///
/// # Errors
/// What SQLite says, as for all functions here: a full disk, a table that exists.
pub fn create(to: &mut Connection, accounts: &[Account]) -> rusqlite::Result<()> {
    let transaction = to.transaction()?;
    transaction.execute_batch(SCHEMA)?;
    let before = FIRST.and_hms_opt(0, 0, 0).unwrap_or_default();
    for account in accounts {
        insert(&transaction, account, before)?;
    }
    transaction.commit()
}

/// Makes the changes of a step, in one transaction.
pub fn play(to: &mut Connection, step: &Step) -> rusqlite::Result<()> {
    let transaction = to.transaction()?;
    for change in &step.changes {
        apply(&transaction, change, step.at)?;
    }
    transaction.commit()
}

fn written(at: NaiveDateTime) -> String {
    at.format("%Y-%m-%d %H:%M:%S").to_string()
}

fn insert(to: &Transaction<'_>, account: &Account, at: NaiveDateTime) -> rusqlite::Result<()> {
    let [csm, manager, owner] = people::TEAMS.get(account.team).copied().unwrap_or_default();
    let tier = match account.products {
        4.. => "enterprise",
        2..=3 => "business",
        _ => "starter",
    };
    let onboarding = if account.stage == "onboarding" { "in progress" } else { "completed" };
    to.execute(
        "insert into accounts values (?, ?, 'harbour', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            account.id,
            account.name,
            format!("CRM-{:05}", 40_000 + account.id * 37),
            account.revenue,
            account.status,
            account.industry,
            account.region,
            tier,
            csm,
            manager,
            owner,
            account.stage,
            onboarding,
            (account.id % 3 != 0).then(|| format!("2025-09-{:02}", 1 + account.id)),
            (account.id % 4 != 0).then(|| format!("2025-12-{:02}", 1 + account.id)),
            account.health - 4,
        ],
    )?;
    for (place, product) in people::PRODUCTS.iter().take(account.products).enumerate() {
        to.execute("insert into products values (?, ?, ?)", params![account.id, product, place == 0])?;
    }
    for (which, (product, name, impact, unit)) in (0..).zip(people::KPIS) {
        if product
            .is_some_and(|product| !people::PRODUCTS.iter().take(account.products).any(|one| *one == product))
        {
            continue;
        }
        let (value, status) = match (account.id + which) % 5 {
            0 => (21, Some("critical")),
            1 => (38, Some("at_risk")),
            2 => (50, None),
            _ => (72, Some("healthy")),
        };
        to.execute(
            "insert into kpis values (?, ?, ?, ?, ?, ?, ?)",
            params![
                people::kpi(account.id, which),
                account.id,
                product,
                name,
                format!("{value}{unit}"),
                status,
                impact
            ],
        )?;
    }
    for (place, who) in ["Ada Brook", "Sam Ito", "Lea Vogt"].iter().take(1 + account.team).enumerate() {
        let champion = place == 0 && account.id % 5 != 4;
        let status = champion.then_some(if account.health < 70 { "passive" } else { "active" });
        to.execute(
            "insert into stakeholders values (?, ?, ?, ?)",
            params![account.id, format!("{who} {}", account.id), champion, status],
        )?;
    }
    // What was done long before.
    if account.id % 4 == 1 && account.stage != "onboarding" {
        to.execute(
            "insert into playbook_runs (account_id, playbook_id, run_status, started_at, completed_at) \
             values (?, 'onboarding', 'completed', '2025-03-03 09:00:00', '2025-03-28 16:00:00')",
            [account.id],
        )?;
    }
    to.execute(
        "insert into notes (account_id, note_type, title, note_text, author, noted_at) values (?, ?, ?, ?, ?, ?)",
        params![
            account.id,
            "general",
            "Who is who",
            "The contacts were gone through; nothing to do.",
            csm,
            written(at)
        ],
    )?;
    Ok(())
}

fn tenths(tenths: i64) -> String {
    format!("{}.{}", tenths / 10, tenths % 10)
}

fn apply(to: &Transaction<'_>, change: &Change, at: NaiveDateTime) -> rusqlite::Result<()> {
    let now = written(at);
    match change {
        Change::Set { account, column, value } => {
            let sql = format!("update accounts set {column} = ? where account_id = ?");
            to.execute(&sql, params![value, account])?;
        }
        Change::Account(account) => insert(to, account, at)?,
        Change::Health { account, scores } => {
            let overall = tenths(scores.iter().sum::<i64>() / 5);
            let [usage, support, sentiment, outcomes, relationship] = scores.map(tenths);
            to.execute(
                "insert into health_trends (account_id, measured_at, overall_health_score, product_usage_score, \
                 support_score, customer_sentiment_score, business_outcomes_score, relationship_strength_score) \
                 values (?, ?, ?, ?, ?, ?, ?, ?)",
                params![account, now, overall, usage, support, sentiment, outcomes, relationship],
            )?;
        }
        Change::Kpi { kpi, value, status } => {
            to.execute(
                "update kpis set kpi_value = ?, kpi_status = ? where kpi_id = ?",
                params![value, status, kpi],
            )?;
        }
        Change::Started { account, playbook } => {
            to.execute(
                "insert into playbook_runs (account_id, playbook_id, run_status, started_at) values (?, ?, 'running', ?)",
                params![account, playbook, now],
            )?;
            to.execute(
                "update playbook_recommendations set is_active = 0 where account_id = ? and playbook_id = ?",
                params![account, playbook],
            )?;
        }
        Change::Completed { account, playbook, report: [summary, first, second] } => {
            to.execute(
                "update playbook_runs set run_status = 'completed', completed_at = ? \
                 where account_id = ? and playbook_id = ? and run_status = 'running'",
                params![now, account, playbook],
            )?;
            to.execute(
                "insert into playbook_reports (account_id, playbook_id, reported_at, executive_summary, \
                 first_outcome, second_outcome) values (?, ?, ?, ?, ?, ?)",
                params![account, playbook, now, summary, first, second],
            )?;
        }
        Change::Recommended { account, playbook } => {
            to.execute("insert into playbook_recommendations values (?, ?, 1)", params![account, playbook])?;
        }
        Change::Note { account, note: [kind, title, text], author } => {
            to.execute(
                "insert into notes (account_id, note_type, title, note_text, author, noted_at) \
                 values (?, ?, ?, ?, ?, ?)",
                params![account, kind, title, text, author, now],
            )?;
        }
    }
    Ok(())
}
