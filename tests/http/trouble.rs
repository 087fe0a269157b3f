//! What an API does wrong, and what is made of it.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{BY_OFFSET, config, expected, frozen, place};
use crate::support::api::{Api, Reply, by_offset, calls};
use crate::support::command::Place;

const FIRST: &str = "2025-11-05T00:00:00Z";

/// What a save says that fails with this code, of an API that answers by this.
#[track_caller]
fn fails(api: &Api, feed: &str, code: i32, told: &str, hint: &str) -> Place {
    let place = place(api, feed);
    let run = place.asof("save -v");
    assert_eq!(run.code, code, "{}", run.stderr);
    let port = api.port().to_string();
    let stderr = run.stderr.replace(&port, "PORT");
    assert!(stderr.contains(told), "{stderr}");
    assert!(stderr.contains(hint), "{stderr}");
    assert!(!place.path("snapshots/2025-11-06").exists());
    place.tree("");
    place
}

#[test]
fn what_passes_is_tried_again() {
    let all = calls(FIRST, 3, 721);
    let served = all.clone();
    let api = Api::new(move |request| {
        let page = by_offset(&served, request);
        match request.number {
            1 => Reply::status(500),
            2 => Reply::Cut(page.to_string()),
            4 => Reply::Text(200, Vec::new(), page.to_string()[..200].to_owned()),
            5 => Reply::status(429).with("Retry-After", "1"),
            7 => Reply::Hang(Duration::from_secs(4)),
            8 => Reply::Text(200, Vec::new(), "<html>".to_owned()),
            9 => Reply::status(408),
            10 => Reply::status(425),
            11 => Reply::status(503),
            _ => Reply::json(&page),
        }
    });
    let place = place(&api, BY_OFFSET);
    place.change("asof.toml", "retry_for = \"3s\"", "retry_for = \"30s\"\ntimeout = \"2s\"");
    let started = Instant::now();
    let run = place.asof("save");
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert!(started.elapsed() > Duration::from_secs(1), "Retry-After is heeded");
    assert_eq!(frozen(&place, "2025-11-06"), expected(&all, "2025-11-06T06", "2025-11-07T06"));
}

#[test]
fn what_lasts_is_told_at_once() {
    for (status, code, hint) in [
        (401, 5, "the API takes no request without the right secret"),
        (403, 5, "the secret is known there, and may not read this"),
        (404, 1, "there is nothing there: check the url of the feed"),
        (400, 1, "it does not take what it is asked"),
    ] {
        let api = Api::new(move |_| Reply::Text(status, Vec::new(), "s3cr3t-k3y".to_owned()));
        let told =
            format!("bland.calls, page 1: GET http://127.0.0.1:PORT/v1/calls answers with status {status}");
        fails(&api, BY_OFFSET, code, &told, hint);
        assert_eq!(api.asked().len(), 1);
    }
    let api = Api::new(|_| Reply::status(429).with("Retry-After", "3600"));
    fails(
        &api,
        BY_OFFSET,
        1,
        "answers with status 429 and wants no more requests for 3600 s",
        "raise retry_for",
    );
    assert_eq!(api.asked().len(), 1);
}

#[test]
fn what_does_not_pass_in_time_is_told_with_its_tries() {
    let api = Api::new(|_| Reply::status(502));
    let place = fails(&api, BY_OFFSET, 1, "answers with status 502 (tried ", "try again later");
    place.change("asof.toml", "retry_for = \"3s\"", "retry_for = \"0s\"\ntimeout = \"1s\"");
    let run = place.asof("save");
    assert!(run.stderr.contains("answers with status 502\n"), "{}", run.stderr);
    let hang = Api::new(|_| Reply::Hang(Duration::from_secs(3)));
    place.change("asof.toml", &api.url(), &hang.url());
    let run = place.asof("save");
    assert!(run.code == 1 && run.stderr.contains("took longer than 1 s"), "{}", run.stderr);
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    place.change("asof.toml", &hang.url(), &format!("http://{nobody}"));
    let run = place.asof("save");
    assert!(run.code == 5 && run.stderr.contains("can't be reached: Connection refused"), "{}", run.stderr);
}

/// A day's calls, with something changed.
fn changed(change: fn(&mut Value)) -> Api {
    let all = calls(FIRST, 3, 250);
    Api::new(move |request| {
        let mut page = by_offset(&all, request);
        change(&mut page);
        Reply::json(&page)
    })
}

#[test]
fn items_that_can_not_be_taken_are_told_by_page_item_and_column() {
    let api = changed(|_| {});
    let elsewhere = BY_OFFSET.replace("total = \"/total_count\"", "total = \"/total\"");
    fails(
        &api,
        &elsewhere,
        1,
        "bland.calls, page 1: there is no total at \"/total\"; there is /calls, /total_count",
        "correct total of the feed",
    );
    let place = super::place(&api, BY_OFFSET);
    place.change("asof.toml", "items = \"/calls\"", "items = \"/data/calls\"");
    let run = place.asof("save");
    assert!(
        run.code == 1
            && run
                .stderr
                .contains("there is no list of items at \"/data/calls\"; there is /calls, /total_count"),
        "{}",
        run.stderr
    );
    place.change("asof.toml", "items = \"/data/calls\"", "items = \"/calls\"");
    place.change("asof.toml", "at = \"/created/at\"", "at = \"/created_at\"");
    let run = place.asof("save");
    assert!(
        run.stderr.contains("bland.calls, page 1: no item has anything at \"/created_at\", which becomes the column created_at; there is /call_id, /cost, /created"),
        "{}",
        run.stderr
    );
    let late = changed(|page| {
        if page["calls"][0]["call_id"] == json!("c0000413") {
            page["calls"][17]["length"] = json!("sixty");
        }
    });
    fails(
        &late,
        BY_OFFSET,
        1,
        "bland.calls, page 2: item 18: what is at \"/length\", for the column length, is the text \"sixty\", no number",
        "correct the type of the column",
    );
    let null = changed(|page| page["calls"][3]["call_id"] = Value::Null);
    fails(
        &null,
        BY_OFFSET,
        1,
        "item 4: what is at \"/call_id\", for the column call_id, is nothing, and a part of the key",
        "",
    );
    let list = changed(|page| page["calls"][3] = json!([1]));
    fails(&list, BY_OFFSET, 1, "bland.calls, page 1: item 4 is a list, and no object", "");
}

#[test]
fn what_some_items_lack_is_null_and_what_all_may_lack_is_named() {
    let some = changed(|page| {
        page["calls"][5].as_object_mut().unwrap().remove("length");
        page["calls"][6]["length"] = Value::Null;
    });
    let place = super::place(&some, BY_OFFSET);
    place.change(
        "asof.toml",
        "cost = { of",
        "counted = { of = \"calls\", count = true, where = \"length is not null\" }\ncost = { of",
    );
    assert_eq!(place.asof("save").code, 0);
    let doc: Value = serde_json::from_str(&place.read("snapshots/2025-11-06/metrics.json")).unwrap();
    // There are two such items on each of three pages.
    assert_eq!(doc["metrics"]["counted"]["value"], json!(250 - 6));
    let none = changed(|page| {
        for item in page["calls"].as_array_mut().unwrap() {
            item.as_object_mut().unwrap().remove("length");
        }
    });
    fails(&none, BY_OFFSET, 1, "no item has anything at \"/length\"", "name it in optional");
    let named = format!("optional = [\"length\"]\n{BY_OFFSET}");
    assert_eq!(super::place(&none, &named).asof("save").code, 0);
}

#[test]
fn a_page_that_is_too_large_is_an_error() {
    let api = Api::new(|_| Reply::Text(200, Vec::new(), format!("[{}1]", "1,".repeat(33_000_000))));
    fails(&api, BY_OFFSET, 1, "answers with more than 64 MB", "ask for smaller pages");
}

#[test]
fn a_redirect_carries_nothing_secret_to_another_host() {
    let all = calls(FIRST, 3, 250);
    let served = all.clone();
    let other = Api::new(move |request| Reply::json(&by_offset(&served, request)));
    // Another port is another host.
    let port = other.port();
    let api = Api::new(move |request| {
        let query = |name: &str| request.query[name].clone();
        let to = format!(
            "http://127.0.0.1:{port}/moved?from={}&to={}&limit={}&offset={}",
            query("from"),
            query("to"),
            query("limit"),
            query("offset")
        );
        match request.path.as_str() {
            "/v1/calls" => {
                Reply::status(302).with("Location", &format!("/v2/calls?{}", to.split_once('?').unwrap().1))
            }
            _ => Reply::status(307).with("Location", &to),
        }
    });
    let place = place(&api, BY_OFFSET);
    assert_eq!(place.asof("save").code, 0);
    assert_eq!(frozen(&place, "2025-11-06"), expected(&all, "2025-11-06T06", "2025-11-07T06"));
    let here = api.asked();
    assert!(here.iter().all(|request| request.headers.contains_key("authorization")));
    let there = other.asked();
    assert_eq!(there.len(), 3);
    for request in there {
        assert!(!request.headers.contains_key("authorization"), "{request:?}");
        assert!(!format!("{request:?}").contains("s3cr3t"), "{request:?}");
    }
    let circle = Api::new(|_| Reply::status(301).with("Location", "/round?and=s3cr3t-k3y"));
    fails(&circle, BY_OFFSET, 1, "where it is not followed: it was led elsewhere 5 times already", "");
    assert_eq!(circle.asked().len(), 6);
    let open = Api::new(|_| Reply::status(301).with("Location", "http://api.example/s3cr3t?and=s3cr3t-k3y"));
    fails(
        &open,
        BY_OFFSET,
        1,
        "leads to http://api.example/s3cr3t, where it is not followed: there is no https",
        "",
    );
}

#[test]
fn tls_that_fails_is_told() {
    // It speaks, but no TLS.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 512]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        }
    });
    let place = Place::new();
    place.env("BLAND_KEY", super::KEY);
    place.write("asof.toml", config(&format!("https://localhost:{port}"), BY_OFFSET));
    let run = place.asof("save");
    assert_eq!(run.code, 5, "{}", run.stderr);
    assert!(run.stderr.contains("gives no connection that can be trusted"), "{}", run.stderr);
    assert!(!run.stderr.contains("tried"), "it does not pass: {}", run.stderr);
    place.write("ca.pem", "no certificate");
    place.change("asof.toml", "retry_for", "ca = \"ca.pem\"\nretry_for");
    let run = place.asof("save");
    assert!(run.code == 5 && run.stderr.contains("it holds no certificates as PEM"), "{}", run.stderr);
}

#[test]
fn a_secret_that_is_missing_is_told_by_its_name() {
    let api = changed(|_| {});
    let place = place(&api, BY_OFFSET);
    place.change("asof.toml", "BLAND_KEY", "OTHER_KEY");
    let run = place.asof("save");
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert!(
        run.stderr
            .contains("can't get the secret key of bland: the environment variable OTHER_KEY is not set"),
        "{}",
        run.stderr
    );
    assert!(api.asked().is_empty());
}

/// A server with a certificate for localhost, by an authority whose file is `ca.pem`.
const ENCRYPTED: &str = r#"
import http.server, ssl, sys
class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        body = b'{"calls": [], "total_count": 0}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("cert.pem", "key.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
server.serve_forever()
"#;

#[test]
fn a_certificate_is_checked_against_the_authorities_that_are_named() {
    use std::process::{Command, Stdio};
    let place = Place::new();
    place.env("BLAND_KEY", super::KEY);
    place.write("names", "subjectAltName=DNS:localhost");
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    for line in [
        format!("req -x509 {key} -keyout ca.key -out ca.pem -days 30 -subj /CN=asof-test-ca"),
        format!("req {key} -keyout key.pem -out cert.csr -subj /CN=localhost"),
        "x509 -req -in cert.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out cert.pem -days 30 -extfile names".to_owned(),
    ] {
        let out = Command::new("openssl").current_dir(place.path("")).args(line.split(' ')).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    }
    let mut server = Command::new("python3")
        .args(["-c", ENCRYPTED])
        .current_dir(place.path(""))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut port = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(server.stdout.take().unwrap()), &mut port)
        .unwrap();
    place.write("asof.toml", config(&format!("https://localhost:{}", port.trim()), BY_OFFSET));
    let unknown = place.asof("save");
    place.change("asof.toml", "retry_for", "ca = \"ca.pem\"\nretry_for");
    let known = place.asof("save");
    server.kill().unwrap();
    server.wait().unwrap();
    assert_eq!(unknown.code, 5, "{}", unknown.stderr);
    let told = "gives no connection that can be trusted: invalid peer certificate: UnknownIssuer";
    assert!(unknown.stderr.contains(told), "{}", unknown.stderr);
    assert!(!unknown.stderr.contains("tried"), "it does not pass: {}", unknown.stderr);
    assert_eq!(known.code, 0, "{}", known.stderr);
    assert_eq!(frozen(&place, "2025-11-06").0, 0);
}
