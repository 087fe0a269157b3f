//! Reaching a server, and what is said when it can't be reached.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use asof::config::PasswordFrom;
use asof::source::{self, SourceError};

use super::{open, refused, rows, run, settings, text, value, with_password};
use crate::support::mariadb::{self, REPORT, Server, certificates, free_port};

/// Nothing that asof says about an error may hold the password, in any form.
fn tells_no_secret(error: &SourceError) {
    let all = format!("{error} {error:?} {:?}", error.hint());
    for secret in [REPORT.1, "r3p%40rt", "hunter2"] {
        assert!(!all.contains(secret), "{all}");
    }
    assert!(error.hint().is_some(), "{all}");
}

#[test]
fn a_closed_port_is_unreachable_and_may_pass() {
    let port = free_port();
    let error = run(refused(&settings(&format!("mysql://report:hunter2@127.0.0.1:{port}/calls"))));
    assert!(matches!(&error, SourceError::Unreachable { port: found, .. } if *found == port), "{error:?}");
    assert!(error.is_transient() && error.is_unreachable());
    tells_no_secret(&error);
}

#[test]
fn an_unknown_host_is_unreachable() {
    let error = run(refused(&settings("mysql://report:hunter2@no-such-host.invalid/calls")));
    assert!(matches!(&error, SourceError::Unreachable { .. }), "{error:?}");
    tells_no_secret(&error);
}

#[test]
fn a_wrong_password_or_account_is_denied_for_good() {
    let db = mariadb::db();
    for account in ["report:hunter2", "report", "nobody:hunter2"] {
        let url = format!("mysql://{account}@127.0.0.1:{}/{}", db.server().port(), db.name);
        let error = run(refused(&settings(&url)));
        assert!(matches!(&error, SourceError::AccessDenied { .. }), "{error:?}");
        assert!(!error.is_transient() && error.is_unreachable());
        tells_no_secret(&error);
    }
}

#[test]
fn an_unknown_database_is_named() {
    let db = mariadb::db();
    let error = run(refused(&settings(&db.server().url("no_such_db"))));
    assert!(
        matches!(&error, SourceError::UnknownDatabase { database, .. } if database == "no_such_db"),
        "{error:?}"
    );
    assert!(!error.is_transient() && error.is_unreachable());
    tells_no_secret(&error);
}

#[test]
fn something_else_behind_the_port_is_an_error_and_no_panic() {
    use std::io::Write as _;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let answer = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").unwrap();
    });
    let error = run(refused(&settings(&format!("mysql://report:hunter2@127.0.0.1:{port}/calls"))));
    answer.join().unwrap();
    assert!(error.is_unreachable(), "{error:?}");
    tells_no_secret(&error);
}

#[test]
fn the_password_comes_from_wherever_it_is_configured() {
    let db = mariadb::db();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("pass word");
    fs::write(&file, format!("{}\n", REPORT.1)).unwrap();
    let env = |name: &str| (name == "ASOF_PW").then(|| REPORT.1.to_owned());
    for password in [
        PasswordFrom::Env("ASOF_PW".to_owned()),
        PasswordFrom::File(file.clone()),
        PasswordFrom::Command(format!("cat '{}'", file.display())),
    ] {
        let settings = with_password(password, &db.url_without_password());
        run(async {
            let mut session = source::open(&settings, &env).await.unwrap();
            assert_eq!(value(&mut session, "select 'in'").await, text("in"));
        });
    }
    let empty = dir.path().join("empty");
    fs::write(&empty, "\n").unwrap();
    for password in [
        PasswordFrom::Env("NOT_SET".to_owned()),
        PasswordFrom::File(dir.path().join("missing")),
        PasswordFrom::File(empty),
        PasswordFrom::Command("false".to_owned()),
        PasswordFrom::Command("no-such-program-anywhere".to_owned()),
        PasswordFrom::Command("sh -c 'echo hunter2 >&2; exit 3'".to_owned()),
        PasswordFrom::Command("head -c 100000 /dev/zero".to_owned()),
        PasswordFrom::Command("echo 'unclosed".to_owned()),
    ] {
        let settings = with_password(password, &db.url_without_password());
        let error = run(refused(&settings));
        assert!(matches!(&error, SourceError::Password { .. }), "{error:?}");
        assert!(!error.is_transient() && !error.is_unreachable());
        tells_no_secret(&error);
    }
}

#[test]
fn encryption_follows_the_url() {
    let dir = tempfile::tempdir().unwrap();
    certificates(dir.path());
    // The server reads them as whoever it runs as.
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    let server = Server::start(&[
        &format!("--ssl-cert={}", path("cert.pem")),
        &format!("--ssl-key={}", path("key.pem")),
        &format!("--ssl-ca={}", path("ca.pem")),
    ]);
    server.sql("", "create database calls");
    let ca = path("ca.pem");
    let cipher = |parameters: String| {
        run(async {
            let mut session = open(&format!("{}{parameters}", server.url("calls"))).await;
            session.inspect().await.unwrap().tls
        })
    };
    assert_eq!(cipher(String::new()), None, "off on loopback");
    for parameters in
        ["?ssl=prefer".to_owned(), "?ssl=require".to_owned(), format!("?ssl=verify&ssl_ca={ca}")]
    {
        let cipher = cipher(parameters.clone());
        assert!(
            cipher.as_ref().is_some_and(|cipher| cipher.contains("AES") || cipher.contains("CHACHA")),
            "{parameters}: {cipher:?}"
        );
    }
    // Not signed by one of the well-known roots; not for this name; no such file; no certificate.
    fs::write(dir.path().join("bad.pem"), "nonsense").unwrap();
    let localhost = server.url("calls").replace("127.0.0.1", "localhost");
    for url in [
        format!("{}?ssl=verify", server.url("calls")),
        format!("{localhost}?ssl=verify&ssl_ca={ca}"),
        format!("{}?ssl=verify&ssl_ca={}", server.url("calls"), path("missing.pem")),
        format!("{}?ssl=verify&ssl_ca={}", server.url("calls"), path("bad.pem")),
    ] {
        let error = run(refused(&settings(&url)));
        assert!(matches!(&error, SourceError::Tls { .. }), "{url}: {error:?}");
        assert!(!error.is_transient() && error.is_unreachable());
        tells_no_secret(&error);
    }
}

#[test]
fn without_encryption_on_the_server_prefer_does_without_and_require_does_not() {
    let db = mariadb::db();
    run(async {
        let mut session = open(&format!("{}?ssl=prefer", db.url())).await;
        assert_eq!(session.inspect().await.unwrap().tls, None);
    });
    for mode in ["require", "verify"] {
        let error = run(refused(&settings(&format!("{}?ssl={mode}", db.url()))));
        assert!(matches!(&error, SourceError::Tls { .. }), "{error:?}");
        tells_no_secret(&error);
    }
}

#[test]
fn settings_and_errors_show_no_password() {
    let db = mariadb::db();
    let settings = settings(&db.url());
    assert!(!format!("{settings:?}").contains("s3cret"));
    run(async {
        let mut session = source::open(&settings, &|_| None).await.unwrap();
        for sql in ["select nonsense", "selekt", "select * from no_such_table"] {
            tells_no_secret(&rows(&mut session, sql).await.unwrap_err());
        }
    });
}
