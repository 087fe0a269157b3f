//! Every field of an account's snapshot, from tables on a private MariaDB.

use serde_json::Value;

use super::entities_done::{parsed, place};
use super::entities_done_accounts::SCHEMA;
use crate::support::mariadb::db;

/// What is kept of an account of which everything is known, but for its worst KPIs and its last playbook.
const EVERY_FIELD: &str = r#"{
    "customer_id": "c7", "external_account_id": "CRM-1", "revenue": 1234567890123.45,
    "overall_health_score": 66.6, "product_usage_score": 61, "support_score": 62, "customer_sentiment_score": 63,
    "business_outcomes_score": 64, "relationship_strength_score": 0,
    "account_status": "at_risk", "industry": "Retail", "region": "EMEA", "account_tier": "enterprise",
    "assigned_csm": "Maya", "csm_manager": "Ruth", "account_owner": "Owen",
    "products_used": ["Ledger \"L\"", "Vault"], "product_count": 2, "primary_product": "Vault",
    "playbooks_running": ["renewal", "rescue"], "playbooks_running_count": 2, "playbooks_completed_count": 3,
    "playbooks_completed_last_30_days": 1, "playbook_recommendations_active": ["audit", "upsell"],
    "total_kpis": 9, "account_level_kpis": 7, "product_level_kpis": 2, "critical_kpis_count": 6,
    "at_risk_kpis_count": 1, "healthy_kpis_count": 1, "kpis_without_status": 1,
    "lifecycle_stage": "renewal", "onboarding_status": "completed", "last_qbr_date": "2025-09-01",
    "next_qbr_date": "2025-12-01", "engagement_score": 71.25,
    "primary_champion": "Ada", "champion_status": "active", "stakeholder_count": 2,
    "recent_csm_note_ids": ["7", "6", "5", "4", "3"], "recent_playbook_report_ids": ["4", "3", "2"]
}"#;

#[test]
fn an_account_is_kept_with_every_field() {
    let db = db();
    db.sql(SCHEMA);
    db.sql(
        "insert into accounts values (5, 'Acme \"Ü\"', 'c7', 'CRM-1', 1234567890123.45, 'at_risk', 'Retail', 'EMEA', \
           'enterprise', 'Maya', 'Ruth', 'Owen', 'renewal', 'completed', '2025-09-01', '2025-12-01', 71.25), \
           (6, 'Bare', 'c7', null, null, 'active', null, null, null, null, null, null, null, null, null, null, null);
         insert into health_trends values (1, 5, '2025-11-01 06:00:00', 90, 1, 1, 1, 1, 1), \
           (2, 5, '2025-11-02 06:00:00', 66.6, 61, 62, 63, 64, 0);
         insert into products values (5, 'Vault', 1), (5, 'Ledger \"L\"', 0);
         insert into kpis values (1, 5, null, 'NPS', '12', 'critical', 10), (2, 5, 'Vault', 'Use', '3 %', 'critical', 90), \
           (3, 5, 'Vault', 'Up', '1', 'at_risk', 1), (4, 5, null, 'Paid', null, 'healthy', 5), (5, 5, null, 'New', '1', null, 2), \
           (6, 5, null, 'a', '1', 'critical', 50), (7, 5, null, 'b', '1', 'critical', 50), (8, 5, null, 'c', '1', 'critical', 40), \
           (9, 5, null, 'least', '1', 'critical', 1);
         insert into playbook_runs values (1, 5, 'rescue', 'running', '2025-11-02 00:00:00', null), \
           (2, 5, 'renewal', 'running', '2025-11-01 00:00:00', null), \
           (3, 5, 'onboarding', 'completed', '2025-01-01 00:00:00', '2025-02-01 09:30:00'), \
           (4, 5, 'review', 'completed', '2025-01-01 00:00:00', now() - interval 3 day), \
           (5, 5, 'later', 'completed', '2025-01-01 00:00:00', now() - interval 31 day);
         insert into playbook_recommendations values (5, 'upsell', 1), (5, 'old', 0), (5, 'audit', 1);
         insert into stakeholders values (5, 'Ada', 1, 'active'), (5, 'Bob', 0, null);
         insert into notes select seq, 5, 'call', 't', 'x', 'a', '2025-11-01 10:00:00', null, null, null from seq_1_to_7;
         insert into notes values (99, 5, 'qbr', 'Old', 'x', 'a', '2025-01-01 10:00:00', null, null, null);
         insert into playbook_reports select seq, 5, 'review', '2025-11-01 10:00:00' + interval seq hour, 's', '1', '2' \
           from seq_1_to_4;",
    );
    let place = place(&db, "account-health", "mysql://report@127.0.0.1/success");
    place.at("2025-11-07T12:00:00-06:00");
    place.done(&["capture account --reason 'before the call' --actor maya"]);
    let row = |key: &str| {
        let told = parsed(&place.asof(&format!("history account {key} --json")).stdout);
        assert_eq!(told["rows"].as_array().unwrap().len(), 1);
        told["rows"][0].clone()
    };
    let acme = row("5");
    let completed = db.sql(
        "select json_object('playbook_id', 'review', 'date', date(completed_at)) \
                            from playbook_runs where run_id = 4",
    );
    let mut expected = parsed(EVERY_FIELD);
    expected["last_playbook_executed"] = completed.trim().into();
    let kpis = [("Use", "3 %"), ("a", "1"), ("b", "1"), ("c", "1"), ("NPS", "12")];
    let kpi =
        |(name, value)| serde_json::json!({ "name": name, "value": value, "status": "critical" }).to_string();
    expected["top_critical_kpis"] = kpis.map(kpi).to_vec().into();
    let (told, expected) = (acme["fields"].as_object().unwrap(), expected.as_object().unwrap());
    for (name, value) in told {
        let same = match (value.as_f64(), expected.get(name).and_then(Value::as_f64)) {
            (Some(told), Some(expected)) => (told - expected).abs() < f64::EPSILON,
            _ => Some(value) == expected.get(name),
        };
        assert!(same, "{name}: {value} and not {:?}", expected.get(name));
    }
    assert_eq!(told.len(), expected.len());
    assert_eq!(told["revenue"].to_string(), "1234567890123.45", "every digit");
    assert_eq!((&acme["label"], &acme["snapshot_id"]), (&"Acme \"Ü\"".into(), &"5#1".into()));
    assert_eq!((&acme["reason"], &acme["actor"]), (&"before the call".into(), &"maya".into()));
    // Nothing is made up for one of whom nothing is known.
    let bare = row("6");
    for (name, value) in bare["fields"].as_object().unwrap() {
        let known = ["customer_id", "account_status"].contains(&name.as_str());
        let nothing = value.is_null() || *value == 0 || *value == Value::Array(Vec::new());
        assert_eq!(nothing, !known, "{name}: {value}");
        let counted = name.ends_with("_count") || name.contains("kpis") || name.contains("completed_last");
        assert_eq!(*value == 0, counted && !value.is_array(), "{name}: {value}");
    }
}
