//! The presets of entities: videos with counters, and accounts with everything that is known of them.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::Site;

const VIDEOS: &str = "
create table videos (id bigint primary key, user_id int, title varchar(80), view_count bigint, like_count bigint, comment_count bigint, share_count bigint);
insert into videos values (9, 5, 'Nine', 1000, 10, null, 0), (10, 5, 'Ten', 9007199254740993, 1, 1, 1), (11, 12, 'Gone soon', 7, 0, 0, 0);
";

#[test]
fn videos_grow_by_the_same_everywhere() {
    for site in Site::all() {
        let place = &site.place;
        place.at("2025-11-06T00:10:00-06:00");
        site.sql(VIDEOS);
        site.configure("video-growth");
        place.done(&["save"]);
        site.sql("update videos set view_count = view_count + 25 where id = 9; update videos set like_count = 0 where id = 10; delete from videos where id = 11; insert into videos values (12, 12, 'New', 3, 0, 0, 0);");
        place.at("2025-11-07T00:10:00-06:00");
        place.done(&["save", "verify"]);
        let growth = site.json("growth video --period 1 --json");
        // 1025 + 9007199254740993 + 3 of the second night against 1000 + 9007199254740993 + 7 of the first.
        for (counter, expected) in [
            ("views", [9_007_199_254_742_021_i64, 9_007_199_254_742_000, 21, 3, 7]),
            ("likes", [10, 11, -1, 0, 0]),
            ("comments", [1, 1, 0, 0, 0]),
            ("shares", [1, 1, 0, 0, 0]),
        ] {
            let of = &growth["growth"][counter];
            let told =
                ["current", "previous", "growth", "appeared", "disappeared"].map(|part| of[part].as_i64());
            assert_eq!(told, expected.map(Some), "{counter} on {}", site.engine());
        }
        let parts = json!({ "matched": 2, "appeared": 1, "disappeared": 1, "decreased": 1, "unknown": 1, "not_due": 0 });
        assert_eq!(growth["parts"], parts);
        let history = place.asof("history video 10").stdout;
        assert!(history.contains("9,007,199,254,740,993"), "{history}");
        let context = place.asof("context video 9").stdout;
        for line in ["- views: 1000 → 1025 (+25, +2.50 %)", "- comments: unknown", "- user_id: \"5\""] {
            assert!(context.contains(line), "{line}: {context}");
        }
        // Captured by key, each once; a key of another shape is none of theirs, and no error of the source.
        place.done(&["capture video --key 10 --key 12"]);
        let run = place.asof("capture video --key nonsense");
        assert!(!run.stderr.contains("invalid input") && run.code != 5, "{}", run.stderr);
    }
}

/// What is known of two accounts; the times of completion are those of the newest and of an older run.
fn accounts(now: DateTime<Utc>) -> String {
    let ago = |days: i64| (now - TimeDelta::days(days)).format("%Y-%m-%d %H:%M:%S").to_string();
    let kpis = [
        "null, 'NPS', '12', 'critical', 10",
        "'Vault', 'Use', '3 %', 'critical', 90",
        "'Vault', 'Up', '1', 'at_risk', 1",
        "null, 'Paid', null, 'healthy', 5",
        "null, 'New', '1', null, 2",
        "null, 'a', '1', 'critical', 50",
        "null, 'b \"c\"', '1', 'critical', 50",
        "null, 'd', '1', 'critical', 40",
        "null, 'least', '1', 'critical', 1",
    ];
    let kpis: Vec<String> = kpis.iter().zip(1..).map(|(kpi, id)| format!("({id}, 5, {kpi})")).collect();
    let notes: Vec<String> = (1..8)
        .map(|id| {
            format!(
                "({id}, 5, 'call', 'Title {id}', 'Text', 'Ann', '2025-11-06 1{id}:00:00', null, null, null)"
            )
        })
        .collect();
    let reports: Vec<String> = (1..5)
        .map(|id| format!("({id}, 5, 'review', '2025-11-01 1{id}:00:00', 'Done {id}', 'First', 'Second')"))
        .collect();
    format!(
        "insert into accounts values (5, 'Acme \"Ü\"', 'c7', 'CRM-1', 1234567890123.45, 'at_risk', 'Retail', 'EMEA', 'enterprise', 'Maya', 'Ruth', 'Owen', 'renewal', 'completed', '2025-09-01', '2025-12-01', 71.25),
           (6, 'Bare', 'c7', null, null, 'active', null, null, null, null, null, null, null, null, null, null, null);
         insert into health_trends values (1, 5, '2025-11-06 05:00:00', 90, 1, 1, 1, 1, 1), (2, 5, '2025-11-06 06:00:00', 66, 61, 62, 63, 64, 0), (3, 6, '2025-11-06 07:30:00', 60, 70, 80, 90, null, null);
         insert into products values (5, 'Vault', 1), (5, 'Ledger \"L\"', 0);
         insert into kpis values {};
         insert into playbook_runs values (1, 5, 'rescue', 'running', '2025-11-02 00:00:00', null), (2, 5, 'renewal', 'running', '2025-11-01 00:00:00', null),
           (3, 5, 'onboarding', 'completed', '2025-01-01 00:00:00', '2025-02-01 09:30:00'), (4, 5, 'review', 'completed', '2025-01-01 00:00:00', '{}'), (5, 5, 'later', 'completed', '2025-01-01 00:00:00', '{}');
         insert into playbook_recommendations values (5, 'upsell', 1), (5, 'old', 0), (5, 'audit', 1);
         insert into stakeholders values (5, 'Ada', 1, 'active'), (5, 'Bob', 0, null);
         insert into notes values {}, (99, 5, 'qbr', 'Old', 'x', 'a', '2025-01-01 10:00:00', null, null, null);
         insert into playbook_reports values {};",
        kpis.join(", "),
        ago(3),
        ago(31),
        notes.join(", "),
        reports.join(", "),
    )
}

/// What is kept of the account of which everything is known, but for its last playbook.
const EVERY_FIELD: &str = r#"{
    "customer_id": "c7", "external_account_id": "CRM-1", "revenue": 1234567890123.45,
    "overall_health_score": 66, "product_usage_score": 61, "support_score": 62, "customer_sentiment_score": 63,
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
fn accounts_are_kept_with_every_field_everywhere() {
    let now = Utc::now();
    let schema = include_str!("../../../src/ops/demo/accounts/schema.sql");
    let mut first: Option<String> = None;
    for site in Site::all() {
        let place = &site.place;
        let on = site.engine();
        site.sql(schema);
        site.sql(&accounts(now));
        place.at("2025-11-07T00:10:00-06:00");
        site.configure("account-health");
        place.done(&["save", "verify"]);
        let numbers = site.numbers("2025-11-06");
        let told: Value = serde_json::from_str(&numbers).unwrap();
        // Of 90, 66 and 60; of 1, 61 and 70; of 1, 62 and 80.
        for (metric, expected) in [
            ("measured", 3.0),
            ("health", 72.0),
            ("lowest", 60.0),
            ("below_70", 2.0),
            ("usage", 44.0),
            ("notes", 7.0),
        ] {
            assert_eq!(
                told["metrics"][metric]["value"].as_f64(),
                Some(expected),
                "{metric} on {on}: {numbers}"
            );
        }
        let close = told["metrics"]["support"]["value"].as_f64().unwrap() * 3.0 - 143.0;
        assert!(close.abs() < 1e-9, "{numbers}");
        let expected = first.get_or_insert_with(|| numbers.clone());
        site.same(expected, &numbers, "2025-11-06");

        let rows = site.json("history account 5 --json");
        let row = &rows["rows"][0];
        assert_eq!(
            (rows["rows"].as_array().unwrap().len(), &row["label"]),
            (1, &json!("Acme \"Ü\"")),
            "{on}"
        );
        let mut expected: Value = serde_json::from_str(EVERY_FIELD).unwrap();
        let completed = (now - TimeDelta::days(3)).date_naive().to_string();
        let last: Value =
            serde_json::from_str(row["fields"]["last_playbook_executed"].as_str().unwrap()).unwrap();
        assert_eq!(last, json!({ "playbook_id": "review", "date": completed }), "{on}");
        expected["last_playbook_executed"] = row["fields"]["last_playbook_executed"].clone();
        let kpis = [("Use", "3 %"), ("a", "1"), ("b \"c\"", "1"), ("d", "1"), ("NPS", "12")];
        let kpi = |(name, value)| json!({ "name": name, "value": value, "status": "critical" }).to_string();
        expected["top_critical_kpis"] = kpis.map(kpi).to_vec().into();
        for (name, value) in row["fields"].as_object().unwrap() {
            let same = match (value.as_f64(), expected[name].as_f64()) {
                (Some(told), Some(expected)) => (told - expected).abs() < f64::EPSILON,
                _ => *value == expected[name],
            };
            assert!(same, "{name} on {on}: {value} and not {}", expected[name]);
        }
        assert_eq!(row["fields"].as_object().unwrap().len(), expected.as_object().unwrap().len(), "{on}");

        // What happens later is kept, told of, and grows. Of the texts, those of the notes that the row names.
        site.sql("update accounts set revenue = 2000000, account_status = 'active' where account_id = 5; update playbook_runs set run_status = 'completed', completed_at = '2025-11-07 08:00:00' where run_id = 1; delete from accounts where account_id = 6;");
        place.at("2025-11-08T00:10:00-06:00");
        place.done(&["save", "verify", "capture account --key 5 --event STATUS_CHANGED"]);
        let context = place.asof("context account 5").stdout;
        for piece in ["call: Title 7", "Text (Ann)", "Done 4", "outcomes of review", "First; Second"] {
            assert!(context.contains(piece), "{piece} on {on}: {context}");
        }
        let growth = site.json("growth account --period 1 --json");
        let completed = &growth["growth"]["playbooks_completed_count"];
        assert_eq!((&completed["current"], &completed["previous"]), (&json!(4), &json!(3)), "{on}: {growth}");
        assert_eq!(growth["parts"]["disappeared"], 1, "{on}: {growth}");
    }
}

#[test]
fn accounts_of_customers_are_kept_apart_everywhere_when_that_is_uncommented() {
    for site in Site::all() {
        let (place, on) = (&site.place, site.engine());
        site.sql(include_str!("../../../src/ops/demo/accounts/schema.sql"));
        site.sql(
            "insert into accounts (account_id, account_name, customer_id, account_status, revenue) values
               (1, 'Ours', 'harbour', 'active', 2000000), (2, 'Theirs', 'lake', 'active', 3000000);
             insert into health_trends (trend_id, account_id, measured_at, overall_health_score) values
               (1, 1, '2025-11-06 10:00:00', 60), (2, 2, '2025-11-06 11:00:00', 90), (3, 2, '2025-11-06 12:00:00', 91);",
        );
        place.at("2025-11-07T00:10:00-06:00");
        site.configure("account-health");
        let text = place.read("asof.toml").replace("\n# tenants: ", "\n").replace("\n-- tenants: ", "\n");
        place.write("asof.toml", text.replace("ids = [\"harbour\"]", "ids = [\"harbour\", \"lake\"]"));
        place.done(&["check", "save"]);
        for (tenant, measured, own, other) in [("harbour", 1, 1, 2), ("lake", 2, 2, 1)] {
            let day = site.json(&format!("restore 2025-11-06 --json --tenant {tenant}"));
            assert_eq!(day["metrics"]["measured"]["value"], measured, "{tenant} on {on}: {day}");
            place.done(&[&format!("context account {own} --tenant {tenant}")]);
            assert_eq!(place.asof(&format!("context account {other} --tenant {tenant}")).code, 1, "{on}");
        }
    }
}
