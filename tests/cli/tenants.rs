//! Tenants: an archive for each, whatever their ids are; nothing reads across.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::Value;

use crate::support::command::Place;

const CONFIG: &str = r#"[source]
url = "sqlite:videos.db"

[calendar]
time_zone = "America/Chicago"

[tenants]
ids = ["../evil", "a/b", "CON", "con", "é"]

[entities.video]
sql = "select id, title, view_count from videos where owner = :tenant"
key = "id"
label = "title"
counters = { views = "view_count" }
"#;

/// By tenant: the folder of its archive, and the sum of its views.
const TENANTS: [(&str, &str, u64); 5] = [
    ("../evil", "%2e%2e%2fevil", 11),
    ("a/b", "a%2fb", 200),
    ("CON", "%43%4f%4e", 3000),
    ("con", "%63on", 40000),
    ("é", "%c3%a9", 500_000),
];

const VIDEOS: &str = "
create table videos (id integer, owner text, title text, view_count integer);
insert into videos values
  (1, '../evil', 'One', 5), (2, '../evil', 'Two', 6), (3, 'a/b', 'Three', 200), (4, 'CON', 'Four', 3000),
  (5, 'con', 'Five', 40000), (6, 'é', 'Six', 500000), (7, 'nobody', 'Seven', 7000000);
";

fn saved() -> Place {
    let place = Place::new();
    place.write("asof.toml", CONFIG);
    place.sqlite("videos.db", VIDEOS);
    place.done(&["save"]);
    place
}

#[test]
fn each_tenant_has_an_archive_of_its_own_whose_folder_no_id_leads_out_of() {
    let place = saved();
    let top: BTreeSet<String> = names(&place, ".");
    assert_eq!(top, ["asof.toml", "snapshots", "videos.db"].map(str::to_owned).into());
    assert_eq!(names(&place, "snapshots"), ["tenants".to_owned()].into());
    let folders = TENANTS.map(|(_, folder, _)| folder.to_owned());
    assert_eq!(names(&place, "snapshots/tenants"), folders.into());
    let mut ids = BTreeSet::new();
    for (tenant, folder, views) in TENANTS {
        let archive: Value =
            serde_json::from_str(&place.read(&format!("snapshots/tenants/{folder}/archive.json"))).unwrap();
        assert!(ids.insert(archive["id"].as_str().unwrap().to_owned()));
        // Its rows are there, and nobody else's.
        let run = place.asof(&format!("growth --tenant '{tenant}' --json"));
        assert_eq!(run.code, 0, "{}", run.stderr);
        let found: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(found["growth"]["views"]["current"], views, "{tenant}: {found}");
        for line in ["list", "verify", "restore latest"] {
            let run = place.asof(&format!("{line} --tenant '{tenant}'"));
            assert_eq!(run.code, 0, "{line}: {}", run.stderr);
        }
        let run = place.asof(&format!("verify --archive 'snapshots/tenants/{folder}'"));
        assert_eq!(run.code, 0, "{}", run.stderr);
    }
}

#[test]
fn without_a_tenant_or_with_an_unknown_one_nothing_is_read() {
    let place = saved();
    place.asof("growth");
    place.asof("list");
    place.asof("verify --tenant evil");
    place.asof("save --tenant '%43%4f%4e'");
    place.asof("verify --archive snapshots --tenant con");
    place.told(
        r#"
$ asof growth
! error: there are tenants, and each has an archive of its own
!   hint: name one by --tenant: "../evil", "a/b", "CON", "con", "é"
exit 2
$ asof list
! error: there are tenants, and each has an archive of its own
!   hint: name one by --tenant: "../evil", "a/b", "CON", "con", "é"
exit 2
$ asof verify --tenant evil
! error: there is no tenant "evil"
!   hint: there are "../evil", "a/b", "CON", "con", "é"
exit 2
$ asof save --tenant '%43%4f%4e'
! error: there is no tenant "%43%4f%4e"
!   hint: there are "../evil", "a/b", "CON", "con", "é"
exit 2
$ asof verify --archive snapshots --tenant con
! error: --archive and --tenant both say which archive is read
!   hint: leave one of them out
exit 2
"#,
    );
    place.write("asof.toml", crate::cli::CONFIG);
    place.asof("list --tenant acme");
    place.told(
        r#"
$ asof list --tenant acme
! error: there is no tenant "acme"
!   hint: the configuration has no [tenants]: leave --tenant out
exit 2
"#,
    );
}

#[test]
fn a_tenant_whose_archive_is_damaged_stops_no_other() {
    let place = saved();
    place.write("snapshots/tenants/a%2fb/archive.json", "{}");
    place.at("2025-11-08T02:00:00-06:00");
    let run = place.asof("save --json");
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert!(run.stderr.contains("a/b"), "{}", run.stderr);
    let mut looked: BTreeMap<String, Value> = BTreeMap::new();
    let mut tenant = String::new();
    for line in run.stdout.lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        match event["event"].as_str().unwrap() {
            "tenant" => tenant = event["tenant"].as_str().unwrap().to_owned(),
            "look" => drop(looked.insert(tenant.clone(), event["status"].clone())),
            _ => {}
        }
    }
    for (tenant, folder, _) in TENANTS {
        let kept = place.path(&format!("snapshots/tenants/{folder}/entities/video/date=2025-11-07")).exists();
        assert_eq!(kept, tenant != "a/b", "{tenant}");
        assert_eq!(looked[tenant] == "kept", kept, "{looked:?}");
    }
    // By itself it is a failure, and the others need no word.
    assert_eq!(place.asof("save --tenant a/b").code, 1);
    assert_eq!(place.asof("save --tenant con").code, 0);
}

#[test]
fn with_tenants_each_query_names_one() {
    let place = Place::new();
    place.write("asof.toml", CONFIG.replace(" where owner = :tenant", ""));
    let run = place.asof("check --offline");
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains(":tenant"), "{}", run.stderr);
    let events = "[events.calls]\ntable = \"calls\"\ntime = \"at\"\ntime_is = \"local\"\n[metrics]\ncalls = { of = \"calls\", count = true }\n";
    place.write("asof.toml", format!("{CONFIG}\n{events}"));
    let run = place.asof("check --offline");
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("the events do not keep to one tenant"), "{}", run.stderr);
}

#[test]
fn links_of_one_tenant_to_another_do_not_pass_for_its_own() {
    let place = saved();
    // Somebody copies what belongs to another: its bytes are not those that this ledger names.
    let rows = |folder: &str| {
        place.path(&format!("snapshots/tenants/{folder}/entities/video/date=2025-11-06/rows.parquet"))
    };
    fs::copy(rows("a%2fb"), rows("%63on")).unwrap();
    let run = place.asof("growth --tenant con --json");
    assert_ne!(run.code, 0);
    assert!(run.stderr.contains("has changed since it was kept"), "{}", run.stderr);
    assert_eq!(place.asof("verify --tenant con").code, 4);
    assert_eq!(place.asof("verify --tenant a/b").code, 0);
}

fn names(place: &Place, folder: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(place.path(folder)).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| !name.starts_with('.')).collect()
}
