//! Sources that can't be reached, refuse, are slow, die, or hold what can't be taken.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use super::{CALLS, CONFIG, calls};
use crate::support::command::Place;
use crate::support::mariadb::{self, Server, db, free_port};

fn with_url(url: &str) -> Place {
    let place = Place::new();
    place.write("asof.toml", CONFIG.replace("sqlite:calls.db", url));
    place
}

#[test]
fn a_server_that_is_not_there_is_told_with_exit_code_5() {
    let port = free_port();
    let place = with_url(&format!("mysql://report:hunter2@127.0.0.1:{port}/calls"));
    place.secret("hunter2");
    place.hide(port.to_string(), "PORT");
    place.asof("save --retry-for 0s");
    place.asof("check");
    place.asof("check --json");
    place.asof("save --retry-for 0s --json");
    // With a little patience it is tried again, and told so only where somebody wants to know.
    let run = place.asof("save --retry-for 1ms -v");
    assert!(run.stderr.contains("trying again in 0.0 s"), "{}", run.stderr);
    place.told(r#"
$ asof save --retry-for 0s
! error: 2025-11-06 could not be read: can't reach 127.0.0.1:[PORT]: Connection refused (os error 111)
!   hint: check [source] url, that the server runs, and that no firewall is between
exit 5
$ asof check
! error: can't reach 127.0.0.1:[PORT]: Connection refused (os error 111)
!   hint: check [source] url, that the server runs, and that no firewall is between
exit 5
$ asof check --json
! {"error":{"exit_code":5,"hint":"check [source] url, that the server runs, and that no firewall is between","message":"can't reach 127.0.0.1:[PORT]: Connection refused (os error 111)"}}
exit 5
$ asof save --retry-for 0s --json
! {"error":{"exit_code":5,"hint":"check [source] url, that the server runs, and that no firewall is between","message":"2025-11-06 could not be read: can't reach 127.0.0.1:[PORT]: Connection refused (os error 111)"}}
exit 5
$ asof save --retry-for 1ms -v
! warning: can't reach 127.0.0.1:[PORT]: Connection refused (os error 111); trying again in 0.0 s
! error: 2025-11-06 could not be read: can't reach 127.0.0.1:[PORT]: Connection refused (os error 111)
!   hint: check [source] url, that the server runs, and that no firewall is between
exit 5
"#);
    assert!(place.tree("snapshots").is_empty());
}

#[test]
fn a_wrong_password_is_told_and_not_tried_again() {
    let db = db();
    let place = with_url(&db.url_without_password().replace("report@", "report:hunter2@"));
    place.secret("hunter2");
    place.secret(mariadb::REPORT.1);
    place.hide(format!("127.0.0.1:{}", db.server().port()), "SERVER");
    // A minute would be waited if it were tried again.
    place.asof("save --retry-for 1d");
    place.asof("check --json");
    place.change("asof.toml", "report:hunter2@", "report@");
    place.change("asof.toml", "[calendar]", "password_env = \"SECRET\"\n\n[calendar]");
    place.asof("save");
    place.env("SECRET", "hunter2");
    place.asof("save");
    place.env("SECRET", "");
    place.asof("save");
    place.env("SECRET", mariadb::REPORT.1);
    place.asof("save");
    place.hide(db.name.clone(), "DB");
    place.told(r#"
$ asof save --retry-for 1d
! error: 2025-11-06 could not be read: [SERVER] refuses the account `report`: Access denied for user 'report'@'127.0.0.1' (using password: YES)
!   hint: check the user in [source] url and where its password comes from; the account needs SELECT on the database, from this host
exit 5
$ asof check --json
! {"error":{"exit_code":5,"hint":"check the user in [source] url and where its password comes from; the account needs SELECT on the database, from this host","message":"[SERVER] refuses the account `report`: Access denied for user 'report'@'127.0.0.1' (using password: YES)"}}
exit 5
$ asof save
! error: 2025-11-06 could not be read: can't get the source's password: the environment variable SECRET is not set
!   hint: check password_env, password_file or password_command in [source], or its secrets
exit 1
$ asof save
! error: 2025-11-06 could not be read: [SERVER] refuses the account `report`: Access denied for user 'report'@'127.0.0.1' (using password: YES)
!   hint: check the user in [source] url and where its password comes from; the account needs SELECT on the database, from this host
exit 5
$ asof save
! error: 2025-11-06 could not be read: can't get the source's password: it is empty
!   hint: check password_env, password_file or password_command in [source], or its secrets
exit 1
$ asof save
! error: 2025-11-06 could not be read: events.calls is refused by the source: Table '[DB].calls' doesn't exist (error 1146)
!   hint: correct the table, the column or the SQL in asof.toml; `asof check --sql` shows the whole query
exit 1
"#);
}

#[test]
fn a_password_that_can_not_be_had_is_told() {
    let place = with_url("mysql://report@127.0.0.1:1/calls");
    place.env("PATH", "/usr/bin:/bin");
    for from in [
        "password_file = \"nowhere\"",
        "password_file = \".\"",
        "password_command = \"cat nowhere\"",
        "password_command = \"/nowhere/pass show\"",
        "password_command = \"echo 'x\"",
        "password_command = \"true\"",
        "password_env = \"NOT_SET\"",
    ] {
        place.write(
            "asof.toml",
            CONFIG
                .replace("sqlite:calls.db", "mysql://report@127.0.0.1:1/calls")
                .replace("\n\n[calendar]", &format!("\n{from}\n\n[calendar]")),
        );
        place.asof("save --retry-for 1d");
    }
    place.told(r#"
$ asof save --retry-for 1d
! error: 2025-11-06 could not be read: can't get the source's password: nowhere: No such file or directory (os error 2)
!   hint: check password_env, password_file or password_command in [source], or its secrets
exit 1
$ asof save --retry-for 1d
! error: 2025-11-06 could not be read: can't get the source's password: .: Is a directory (os error 21)
!   hint: check password_env, password_file or password_command in [source], or its secrets
exit 1
$ asof save --retry-for 1d
! error: 2025-11-06 could not be read: can't get the source's password: password_command `cat` failed (exit status: 1)
!   hint: check password_env, password_file or password_command in [source], or its secrets
exit 1
$ asof save --retry-for 1d
! error: 2025-11-06 could not be read: can't get the source's password: password_command `/nowhere/pass`: No such file or directory (os error 2)
!   hint: check password_env, password_file or password_command in [source], or its secrets
exit 1
$ asof save --retry-for 1d
! error: 2025-11-06 could not be read: can't get the source's password: password_command has a quote that is not closed
!   hint: check password_env, password_file or password_command in [source], or its secrets
exit 1
$ asof save --retry-for 1d
! error: 2025-11-06 could not be read: can't get the source's password: it is empty
!   hint: check password_env, password_file or password_command in [source], or its secrets
exit 1
$ asof save --retry-for 1d
! error: 2025-11-06 could not be read: can't get the source's password: the environment variable NOT_SET is not set
!   hint: check password_env, password_file or password_command in [source], or its secrets
exit 1
"#);
}

#[test]
fn passwords_stay_out_of_everything_that_is_written() {
    let db = db();
    db.sql("create table calls (at datetime, campaign varchar(8), status varchar(6), seconds int); create table campaigns (id varchar(8), name varchar(40)); insert into calls values ('2025-11-06 09:00:00', 'a', 'SALE', 60)");
    for (url, key) in [
        (db.url(), None),
        (db.url_without_password(), Some("password_file = \"secret\"")),
        (db.url_without_password(), Some("password_command = \"cat secret\"")),
        (db.url_without_password(), Some("password_env = \"SECRET\"")),
    ] {
        let place = with_url(&url);
        place.write("secret", format!("{}\n", mariadb::REPORT.1));
        place.env("SECRET", mariadb::REPORT.1);
        place.env("PATH", "/usr/bin:/bin");
        if let Some(key) = key {
            place.change("asof.toml", "\n\n[calendar]", &format!("\n{key}\n\n[calendar]"));
        }
        place.secret(mariadb::REPORT.1);
        place.secret("r3p%40rt");
        place.done(&[
            "check",
            "check --sql",
            "check --json",
            "save -v",
            "list --json",
            "restore",
            "restore --json",
        ]);
        assert!(place.tree("snapshots").contains_key("2025-11-06/manifest.json"));
        db.sql("rename table calls to cells");
        for line in ["check --json", "check --sql", "save 2025-11-05 -v", "save 2025-11-05 --json"] {
            assert_eq!(place.asof(line).code, 1, "{line}");
        }
        db.sql("rename table cells to calls");
        place.tree("snapshots");
    }
}

#[test]
fn a_database_that_is_not_there_is_told() {
    let db = db();
    let place = with_url(&db.url().replace(&db.name, "nowhere"));
    place.hide(format!("127.0.0.1:{}", db.server().port()), "SERVER");
    place.asof("save");
    place.told(
        r#"
$ asof save
! error: 2025-11-06 could not be read: [SERVER] has no database `nowhere`
!   hint: check the database's name at the end of [source] url
exit 5
"#,
    );
}

#[test]
fn a_query_that_takes_too_long_is_ended_and_told() {
    let db = db();
    db.sql(
        &CALLS
            .replace(
                "integer primary key, at text, campaign text, status text",
                "int primary key auto_increment, at datetime, campaign varchar(8), status varchar(9)",
            )
            .replace("(id text, name text)", "(id varchar(8), name varchar(40))"),
    );
    let place = with_url(&db.url());
    place.change("asof.toml", "\n\n[calendar]", "\ntimeout = \"200ms\"\n\n[calendar]");
    place.change("asof.toml", "sum = \"seconds\"", "sum = \"sleep(600)\"");
    place.asof("save");
    place.asof("save --json");
    place.told(r#"
$ asof save
! error: 2025-11-06 could not be read: events.calls took longer than 0.2 s
!   hint: run `asof check` to see whether the time column's index is used, or raise [source] timeout
exit 1
$ asof save --json
! {"error":{"exit_code":1,"hint":"run `asof check` to see whether the time column's index is used, or raise [source] timeout","message":"2025-11-06 could not be read: events.calls took longer than 0.2 s"}}
exit 1
"#);
    assert!(place.tree("snapshots").is_empty());
}

#[test]
fn a_server_that_dies_in_mid_query_is_told_and_nothing_is_left() {
    let server = Server::start(&[]);
    server.sql("", "create database calls");
    server.sql("calls", "create table calls (at datetime, campaign varchar(8), status varchar(6), seconds int); create table campaigns (id varchar(8), name varchar(40)); insert into calls values ('2025-11-06 09:00:00', 'a', 'SALE', 60)");
    let place = with_url(&server.url("calls"));
    place.secret(mariadb::REPORT.1);
    place.hide(server.port().to_string(), "PORT");
    place.change("asof.toml", "sum = \"seconds\"", "sum = \"sleep(600)\"");
    let mut command = place.command(&["save", "--retry-for", "1s"]);
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let asof = command.spawn().unwrap();
    while !server.sql("", "show full processlist").contains("sleep(600)") {
        std::thread::sleep(Duration::from_millis(10));
    }
    server.kill();
    place.tell("save --retry-for 1s", &asof.wait_with_output().unwrap());
    place.told(
        r#"
$ asof save --retry-for 1s
! error: 2025-11-06 could not be read: can't reach 127.0.0.1:[PORT]: Connection refused (os error 111)
!   hint: check [source] url, that the server runs, and that no firewall is between
exit 5
"#,
    );
    assert!(place.tree("snapshots").is_empty());
}

#[test]
fn zero_dates_and_bytes_that_are_no_text_are_taken_as_they_are() {
    let db = db();
    db.sql(
        "set sql_mode = '';
         create table calls (id int primary key auto_increment, at datetime, campaign varchar(8), status varbinary(9), seconds int, hung_up datetime) engine = myisam;
         create table campaigns (id varchar(8), name varbinary(40));
         insert into campaigns values ('1027', 0x45e4ff);
         insert into calls (at, campaign, status, seconds, hung_up) values
           ('0000-00-00 00:00:00', 'zero', 'SALE', 1, null),
           ('2025-11-00 00:00:00', 'zero', 'SALE', 1, null),
           ('2025-11-06 09:00:00', '1027', 0x4eff41, 60, '0000-00-00 00:00:00'),
           ('2025-11-06 10:00:00', '1027', 0x4eff41, 60, '2025-11-06 10:01:00')",
    );
    let place = with_url(&db.url());
    place.change(
        "asof.toml",
        "status = \"status\"",
        "status = \"status\"\nended = { sql = \"hung_up\", alone = true }",
    );
    place.asof("save -v");
    place.asof("restore --metric calls");
    place.told(
        r#"
$ asof save -v
froze 2025-11-06 (witnessed) from 2 rows
  Calls 2 · Sales 0 · Minutes 2 min · Conversion 0.00 % · Conversion of the week 0.00 %
  snapshots/2025-11-06/dashboard.html
exit 0
$ asof restore --metric calls
Thursday 6 November 2025  Calls
● witnessed · frozen 7 Nov 03:00:00 CST · day 6 Nov 00:00 – 7 Nov 00:00 CST (24 h) · edition 1
newest event seen 10:00:00 · definitions e5ab·ae8e
Not compared with other days: Thu 30 Oct and Wed 5 Nov were not captured.

Calls  2

Hour  Calls                              Share
09        1  ████████████████████████   50.0 %
10        1  ████████████████████████   50.0 %
All       2                            100.0 %

Campaign  Calls                              Share
E�� 1027      2  ████████████████████████  100.0 %
All           2                            100.0 %

Status  Calls                              Share
N\xFFA      2  ████████████████████████  100.0 %
All         2                            100.0 %

Ended                Calls                              Share
0000-00-00 00:00:00      1  ████████████████████████   50.0 %
2025-11-06 10:01:00      1  ████████████████████████   50.0 %
All                      2                            100.0 %
exit 0
"#,
    );
}

#[test]
fn text_where_a_number_is_needed_is_told_with_its_column() {
    let place = calls();
    place.hide(rusqlite::version(), "VERSION");
    place.sqlite("calls.db", "update calls set seconds = 'ten' where seconds = 30");
    place.change("asof.toml", "sum = \"seconds\", divide = 60", "max = \"seconds\"");
    place.asof("save");
    place.asof("check");
    place.asof("save --json");
    place.told(r#"
$ asof save
! error: 2025-11-06 could not be read: events.calls: column "minutes.max" holds the text "ten", which is no number
!   hint: let the SQL give a number, for instance by cast(… as decimal(20,4))
exit 1
$ asof check
ok    configuration  asof.toml is sound: 1 kind of events, 5 metrics
ok    source         sqlite:calls.db is SQLite [VERSION]
ok    calls          the index by_time finds the day
fail  numbers        events.calls: column "minutes.max" holds the text "ten", which is no number
                     hint: let the SQL give a number, for instance by cast(… as decimal(20,4))
exit 1
$ asof save --json
! {"error":{"exit_code":1,"hint":"let the SQL give a number, for instance by cast(… as decimal(20,4))","message":"2025-11-06 could not be read: events.calls: column \"minutes.max\" holds the text \"ten\", which is no number"}}
exit 1
"#);
    assert!(place.tree("snapshots").is_empty());
}

#[test]
fn an_sqlite_file_that_is_none_is_told_with_exit_code_5() {
    let place = calls();
    fs::remove_file(place.path("calls.db")).unwrap();
    place.asof("save");
    assert!(!place.path("calls.db").exists());
    place.write("calls.db", "this is a text, and no database, however long it may be");
    place.asof("save");
    fs::remove_file(place.path("calls.db")).unwrap();
    fs::create_dir(place.path("calls.db")).unwrap();
    place.asof("check");
    place.told(
        r#"
$ asof save
! error: 2025-11-06 could not be read: there is no file calls.db
!   hint: check the path in [source] url; it is relative to asof.toml
exit 5
$ asof save
! error: 2025-11-06 could not be read: calls.db is no SQLite database
!   hint: check the path in [source] url; an encrypted database can't be read either
exit 5
$ asof check
! error: can't open calls.db: it is no file
!   hint: check the path in [source] url, the rights of the file and of its folder, and that the file is whole
exit 5
"#,
    );
    assert!(place.tree("snapshots").is_empty());
}

#[test]
fn an_sqlite_file_of_which_the_middle_is_lost_is_told() {
    let place = calls();
    let mut bytes = fs::read(place.path("calls.db")).unwrap();
    for byte in bytes.iter_mut().skip(4096) {
        *byte = 0xff;
    }
    place.write("calls.db", bytes);
    let run = place.asof("save");
    assert!(run.code == 1 || run.code == 5, "{}", run.code);
    place.told(
        r#"
$ asof save
! error: 2025-11-06 could not be read: can't open calls.db: database disk image is malformed
!   hint: check the path in [source] url, the rights of the file and of its folder, and that the file is whole
exit 5
"#,
    );
    assert!(place.tree("snapshots").is_empty());
}

#[test]
fn a_source_is_never_written_to() {
    let place = calls();
    place.hide(rusqlite::version(), "VERSION");
    fs::set_permissions(place.path("calls.db"), fs::Permissions::from_mode(0o444)).unwrap();
    let before = fs::read(place.path("calls.db")).unwrap();
    place.change("asof.toml", "table = \"calls\"", "sql = \"delete from calls where {window} returning *\"");
    place.asof("save");
    place.asof("check");
    place.told(r#"
$ asof save
! error: 2025-11-06 could not be read: events.calls is refused by the source: near "delete": syntax error (error 1)
!   hint: correct the table, the column or the SQL in asof.toml; `asof check --sql` shows the whole query
exit 1
$ asof check
ok    configuration  asof.toml is sound: 1 kind of events, 5 metrics
ok    source         sqlite:calls.db is SQLite [VERSION]
fail  calls          events.calls is refused by the source: near "delete": syntax error (error 1)
                     hint: correct the table, the column or the SQL in asof.toml; `asof check --sql` shows the whole query
exit 1
"#);
    assert!(fs::read(place.path("calls.db")).unwrap() == before);
    let db = db();
    db.sql("create table calls (at datetime)");
    let place = with_url(&db.admin_url());
    place.secret(mariadb::ADMIN.1);
    place.hide(db.name.clone(), "DB");
    place.change(
        "asof.toml",
        "status = \"status\"",
        "status = \"status\"\nx = { sql = \"1\", labels = \"create table made (a int)\" }",
    );
    place.change("asof.toml", "table = \"calls\"", "sql = \"delete from calls where {window} returning *\"");
    place.asof("save");
    place.told(r#"
$ asof save
! error: 2025-11-06 could not be read: events.calls is refused by the source: You have an error in your SQL syntax; check the manual that corresponds to your MariaDB server version for the right syntax to use near 'delete from calls where (`at` >= ? and `at` < ?) returning *) asof_rows␊  gro...' at line 3 (error 1064)
!   hint: correct the table, the column or the SQL in asof.toml; `asof check --sql` shows the whole query
exit 1
"#);
    assert_eq!(db.sql("show tables"), "calls\n");
}
