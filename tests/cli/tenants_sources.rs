//! Tenants and what their SQL says: what is refused, what a server takes for the same, and the preset's own.

use serde_json::Value;

use super::tenants_commands::{CONFIG, TENANTS, tables};
use crate::support::command::Place;
use crate::support::mariadb::db;

#[test]
fn a_query_that_only_seems_to_name_the_tenant_is_refused() {
    let owner = "notes from videos where owner = :tenant\"";
    for (old, new) in [
        (owner, "notes from videos where owner = 'x' -- :tenant\""),
        (owner, "notes from videos where owner = ':tenant'\""),
        (owner, "notes from videos where owner = :tenants\""),
        (owner, "notes from videos where owner = :TENANT\""),
        (owner, "notes from videos /* :tenant */\""),
        ("{ids} and owner = :tenant", "{ids} and owner <> '{ids} :tenant'"),
        ("{window} and owner = :tenant and", "{window} and"),
    ] {
        let place = Place::new();
        assert!(CONFIG.contains(old));
        place.write("asof.toml", CONFIG.replace(old, new));
        let run = place.asof("check --offline");
        assert_eq!(run.code, 2, "{new}: {}", run.stdout);
        assert!(run.stderr.contains("the query does not keep to one tenant"), "{new}: {}", run.stderr);
    }
    let from = CONFIG.find("sql = \"\"\"").unwrap();
    let to = CONFIG.find("time = \"at\"").unwrap();
    for (text, said) in [
        (
            format!("{}table = \"calls\"\n{}", &CONFIG[..from], &CONFIG[to..]),
            "the events do not keep to one tenant",
        ),
        (
            CONFIG.replace("count = true }", "count = true, where = \"owner = :tenant\" }"),
            "an expression can't name :tenant",
        ),
        (CONFIG.replace("sql = \"status\"", "sql = \":tenant\""), "an expression can't name :tenant"),
        (CONFIG.replace("\"🦀\"", "\"a\\nb\""), "is no id of a tenant"),
        (CONFIG.replace("🦀", &"🦀".repeat(81)), "is no id of a tenant"),
        (CONFIG.replace("🦀", "acme"), "the tenant \"acme\" is named twice"),
        (
            CONFIG.replace("[tenants]\nids = [\"acme\", \"o'neil; -- \\\"x\\\"\", \"🦀\"]\n", ""),
            "the query names :tenant, and there are no tenants",
        ),
    ] {
        let place = Place::new();
        assert_ne!(text, CONFIG, "{said}");
        place.write("asof.toml", text);
        let run = place.asof("check --offline");
        assert_eq!(run.code, 2, "{said}: {}", run.stdout);
        assert!(run.stderr.contains(said), "{said}: {}", run.stderr);
    }
}

#[test]
fn ids_of_eighty_letters_and_ids_that_look_alike_have_archives_of_their_own() {
    let long = "🦀".repeat(80);
    let capital = "A".repeat(80);
    let ids = [long.as_str(), &capital, "Case", "case", "é", "e\u{301}"];
    let place = Place::new();
    let list: Vec<String> = ids.iter().map(|id| format!("\"{id}\"")).collect();
    place.write("asof.toml", CONFIG.replace("\"acme\", \"o'neil; -- \\\"x\\\"\", \"🦀\"", &list.join(", ")));
    place.sqlite("shop.db", &tables());
    for (at, id) in (0_u32..).zip(ids) {
        place.sqlite(
            "shop.db",
            &format!("insert into videos values ({0}, '{id}', 'W', {1}, '[]')", at + 20, 10_u64.pow(at)),
        );
    }
    place.done(&["save", "backfill --last 2d", "verify"]);
    for (at, id) in (0_u32..).zip(ids) {
        let run = place.asof(&format!("growth --tenant '{id}' --json"));
        assert_eq!(run.code, 0, "{}", run.stderr);
        let found: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(found["growth"]["views"]["current"], 10_u64.pow(at), "{id}");
    }
    let folders = std::fs::read_dir(place.path("snapshots/tenants")).unwrap();
    let names: Vec<String> = folders
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with('.'))
        .collect();
    assert_eq!(names.len(), 6);
    let plain = |name: &String| {
        name.len() <= 100
            && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'%' | b'-' | b'_'))
    };
    assert!(names.iter().all(plain), "{names:?}");
}

#[test]
fn a_server_is_given_the_tenant_as_a_value_and_told_apart_by_letters_where_the_query_does() {
    let db = db();
    db.sql(&format!("alter database `{}` default charset utf8mb4; {}", db.name, tables()));
    db.sql(
        "insert into videos values (31, 'Case', 'W', 1000, '[]'), (32, 'case', 'W', 20000, '[]'), \
         (33, '../evil', 'W', 300000, '[]')",
    );
    let config = CONFIG.replace("sqlite:shop.db", &db.url()).replace(
        "\"acme\", \"o'neil",
        "\"'; drop table videos; --\", \"Case\", \"case\", \"../evil\", \"acme\", \"o'neil",
    );
    let place = Place::new();
    place.write(
        "asof.toml",
        config.replace("where owner = :tenant\"\nkey", "where owner = binary :tenant\"\nkey"),
    );
    place.done(&["save"]);
    let views = |place: &Place, tenant: &str| {
        let words = ["growth", "--live", "--json", "--tenant", tenant];
        let output = place.command(&words).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let found: Value = serde_json::from_slice(&output.stdout).unwrap();
        found["growth"]["views"]["current"].clone()
    };
    for (tenant, .., sum) in TENANTS {
        assert_eq!(views(&place, tenant), sum, "{tenant}");
    }
    assert_eq!(views(&place, "Case"), 1000);
    assert_eq!(views(&place, "case"), 20_000);
    assert_eq!(views(&place, "../evil"), 300_000);
    // Nothing was dropped, and it has no rows.
    assert_eq!(db.sql("select count(*) from videos").trim(), "6");
    let run = place.asof("list video --tenant \"'; drop table videos; --\" --json");
    assert!(!run.stdout.contains("V1"), "{}", run.stdout);
    for (tenant, [_, on], _) in TENANTS {
        let output =
            place.command(&["restore", "2025-11-06", "--json", "--tenant", tenant]).output().unwrap();
        let day: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(day["metrics"]["calls"]["value"], on, "{tenant}");
    }
    let run = place.asof("check --tenant acme");
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("\"Case\" and \"case\" may be the same"), "{}", run.stdout);
    assert!(run.stdout.contains("can be looked at, by 2 queries"), "{}", run.stdout);
    // The script for the database's own client has the value written in.
    let run = place.asof("check --sql --tenant acme");
    assert!(run.stdout.contains("owner = binary 'acme'"), "{}", run.stdout);
}

#[test]
fn the_accounts_preset_keeps_customers_apart_when_that_is_uncommented() {
    let db = db();
    db.sql(include_str!("../../src/ops/demo/accounts/schema.sql"));
    db.sql(
        "insert into accounts (account_id, account_name, customer_id, account_status, revenue) values \
           (1, 'Ours', 'harbour', 'active', 2000000), (2, 'Theirs', 'lake', 'active', 3000000); \
         insert into health_trends (trend_id, account_id, measured_at, overall_health_score) values \
           (1, 1, '2025-11-06 10:00:00', 60), (2, 2, '2025-11-06 11:00:00', 90), (3, 2, '2025-11-06 12:00:00', 91); \
         insert into notes values (1, 1, 'call', 't', 'ours only', 'a', '2025-11-06 10:00:00', null, null, null), \
           (2, 2, 'call', 't', 'theirs only', 'a', '2025-11-06 10:00:00', null, null, null)",
    );
    let place = Place::new();
    let preset = include_str!("../../presets/account-health.toml")
        .replace("mysql://report@127.0.0.1/success", &db.url())
        .replace("password_env", "# password_env")
        .lines()
        .map(|line| {
            let line = line
                .strip_prefix("# tenants: ")
                .or_else(|| line.strip_prefix("-- tenants: "))
                .unwrap_or(line);
            format!("{}\n", line.replace("[\"harbour\"]", "[\"harbour\", \"lake\"]"))
        })
        .collect::<String>();
    assert!(preset.contains("\n[tenants]\n"));
    place.write("asof.toml", preset);
    place.at("2025-11-07T00:10:00-06:00");
    let run = place.asof("check");
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    let run = place.asof("save");
    assert_eq!(run.code, 0, "{}", run.stderr);
    for (tenant, measured, name, key, other) in
        [("harbour", 1, "Ours", "1", "2"), ("lake", 2, "Theirs", "2", "1")]
    {
        let run = place.asof(&format!("restore 2025-11-06 --json --tenant {tenant}"));
        let day: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(day["metrics"]["measured"]["value"], measured, "{day}");
        assert_eq!(day["metrics"]["notes"]["value"], 1);
        let run = place.asof(&format!("context account {key} --tenant {tenant}"));
        assert_eq!(run.code, 0, "{}", run.stderr);
        assert!(
            run.stdout.contains(name) && run.stdout.contains(&format!("{} only", name.to_lowercase())),
            "{}",
            run.stdout
        );
        assert_eq!(place.asof(&format!("context account {other} --tenant {tenant}")).code, 1);
    }
}
