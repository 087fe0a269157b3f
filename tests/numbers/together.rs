//! What must agree is read together, while others write as fast as they can.

use std::io::Write as _;
use std::process::{Child, Stdio};

use super::place::{Doc, Place, Source};
use crate::support::mariadb::Db;

const CALLS: &str = r#"
[events.calls]
table = "calls"
time = "at"
time_is = "utc"
by.status = "status"
by.agent = { sql = "agent", alone = true }
by.hour = { time = "hour", alone = true }
"#;

/// A client that runs these statements over and over until it is dropped.
struct Writer(Child);

impl Writer {
    fn new(db: &Db, statements: &str) -> Self {
        let mut client = db.server().client(&db.name);
        let mut child =
            client.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let text = statements.to_owned();
        // It ends when the client does.
        std::thread::spawn(move || while stdin.write_all(text.as_bytes()).is_ok() {});
        Self(child)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn sum(doc: &Doc, metric: &str, dimension: &str) -> u64 {
    doc.by(metric, dimension).iter().map(|(_, value)| value.parse::<u64>().unwrap()).sum()
}

/// Waits until there are more rows than have been seen.
fn wait_for_more(db: &Db, seen: &[u64]) {
    let last = seen.last().copied().unwrap_or(0);
    while db.sql("select count(*) from calls").trim().parse::<u64>().unwrap() <= last {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

#[test]
fn groupings_of_a_table_without_snapshots_agree_while_it_grows() {
    let source = Source::maria();
    let Source::Maria(db) = &source else { unreachable!() };
    db.sql(
        "create table calls (id int auto_increment primary key, at datetime, status varchar(9), agent int, key (at)) \
         engine=myisam",
    );
    let text = format!(
        "[calendar]\ntime_zone = \"UTC\"\n{CALLS}[metrics]\ncalls = {{ of = \"calls\", count = true }}\n\
         ids = {{ of = \"calls\", distinct = \"id\", by = [\"status\", \"agent\", \"hour\"] }}\n"
    );
    let insert = "insert into calls (at, status, agent) values ('2025-11-06 10:00:00', 'A', 1), ('2025-11-06 11:00:00', 'B', 2);\n\
                  insert into calls (at, status, agent) select at, status, agent + 1 from calls where id = last_insert_id();\n";
    let _writer = Writer::new(db, insert);
    let place = Place::new(&source, &text);
    let mut seen = Vec::new();
    for edition in 1..=6 {
        wait_for_more(db, &seen);
        let args: &[&str] = if edition == 1 {
            &["2025-11-06"]
        } else {
            &["2025-11-06", "--restate", "--reason", "more rows"]
        };
        place.save_at(super::place::LATER, args);
        let folder = if edition == 1 { "2025-11-06".to_owned() } else { format!("2025-11-06@{edition}") };
        let doc = place.doc(&format!("2025-11-06@{edition}"));
        let total: u64 = doc.value("calls").parse().unwrap();
        for metric in ["calls", "ids"] {
            assert_eq!(doc.value(metric), total.to_string(), "{metric}");
            for dimension in ["status", "agent", "hour"] {
                assert_eq!(sum(&doc, metric, dimension), total, "{metric} by {dimension}");
            }
        }
        assert_eq!(place.manifest(&folder)["source"]["consistency"], "statement");
        seen.push(total);
    }
    assert!(seen.is_sorted(), "{seen:?}");
}

#[test]
fn two_tables_with_snapshots_agree_while_both_grow() {
    let source = Source::maria();
    let Source::Maria(db) = &source else { unreachable!() };
    for table in ["calls", "legs"] {
        db.sql(&format!(
            "create table {table} (id int auto_increment primary key, at datetime, status varchar(9), agent int, key (at)) \
             engine=innodb"
        ));
    }
    let text = format!(
        "[calendar]\ntime_zone = \"UTC\"\n{CALLS}{}[metrics]\ncalls = {{ of = \"calls\", count = true }}\n\
         legs = {{ of = \"legs\", count = true }}\nrate = {{ ratio = [\"legs\", \"calls\"] }}\n",
        CALLS.replace("calls", "legs")
    );
    let transaction = "begin;\ninsert into legs (at, status, agent) values ('2025-11-06 10:00:00', 'A', 1);\n\
                       insert into calls (at, status, agent) values ('2025-11-06 10:00:00', 'A', 1);\ncommit;\n";
    let _writers = [Writer::new(db, transaction), Writer::new(db, transaction)];
    let place = Place::new(&source, &text);
    let mut seen = Vec::new();
    for edition in 1..=6 {
        wait_for_more(db, &seen);
        let args: &[&str] = if edition == 1 {
            &["2025-11-06"]
        } else {
            &["2025-11-06", "--restate", "--reason", "more rows"]
        };
        place.save_at(super::place::LATER, args);
        let doc = place.doc(&format!("2025-11-06@{edition}"));
        assert_eq!(doc.value("calls"), doc.value("legs"));
        assert_eq!(doc.value("rate"), "1");
        assert_eq!(doc.by("calls", "agent"), doc.by("legs", "agent"));
        let folder = if edition == 1 { "2025-11-06".to_owned() } else { format!("2025-11-06@{edition}") };
        assert_eq!(place.manifest(&folder)["source"]["consistency"], "snapshot");
        seen.push(doc.value("calls").parse::<u64>().unwrap());
    }
    assert!(seen.is_sorted(), "{seen:?}");
}
