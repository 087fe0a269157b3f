//! A small API on this machine that does what it is told: pages, throttles, fails, hangs, cuts, leads elsewhere.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    /// Which one it is, from 1.
    pub number: usize,
    /// `GET` or `POST`.
    pub method: String,
    /// Its path, as it came.
    pub path: String,
    /// Its parameters, decoded.
    pub query: BTreeMap<String, String>,
    /// Its headers, by their names in lower case.
    pub headers: BTreeMap<String, String>,
    /// What was sent.
    pub body: String,
}

impl Request {
    /// A parameter that is a number; 0 without.
    pub fn number_of(&self, name: &str) -> usize {
        self.query.get(name).map_or(0, |text| text.parse().unwrap())
    }
}

/// What is answered.
#[derive(Clone, Debug)]
pub enum Reply {
    /// A status, headers and a text.
    Text(u16, Vec<(String, String)>, String),
    /// Half of this text, and then nothing more.
    Cut(String),
    /// Nothing, for so long.
    Hang(Duration),
}

impl Reply {
    /// JSON.
    pub fn json(value: &Value) -> Self {
        Self::Text(200, Vec::new(), value.to_string())
    }

    /// A status without more.
    pub fn status(status: u16) -> Self {
        Self::Text(status, Vec::new(), String::new())
    }

    /// The same with one more header.
    pub fn with(self, name: &str, value: &str) -> Self {
        match self {
            Self::Text(status, mut headers, text) => {
                headers.push((name.to_owned(), value.to_owned()));
                Self::Text(status, headers, text)
            }
            other => other,
        }
    }
}

type Handler = dyn Fn(&Request) -> Reply + Send + Sync;

/// An API that listens until it is dropped.
pub struct Api {
    port: u16,
    ended: Arc<AtomicBool>,
    asked: Arc<Mutex<Vec<Request>>>,
}

impl Api {
    /// One that answers by this.
    pub fn new(handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        Self::at(0, handler)
    }

    /// The same at this port, where one was before; 0 is any.
    pub fn at(port: u16, handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (ended, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
        let handler: Arc<Handler> = Arc::new(handler);
        let (stop, log) = (Arc::clone(&ended), Arc::clone(&asked));
        thread::spawn(move || {
            for stream in listener.incoming() {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                let (handler, log) = (Arc::clone(&handler), Arc::clone(&log));
                // A client that goes away in the middle ends its thread only.
                thread::spawn(move || stream.map(|stream| serve(stream, &*handler, &log)));
            }
        });
        Self { port, ended, asked }
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What it was asked since the last time.
    pub fn asked(&self) -> Vec<Request> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

impl Drop for Api {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        // It is waiting for somebody to come.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn serve(stream: TcpStream, handler: &Handler, log: &Mutex<Vec<Request>>) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut writer = stream.try_clone()?;
    let mut reader = BufReader::new(stream);
    while let Some(mut request) = read(&mut reader)? {
        {
            let mut log = log.lock().unwrap();
            request.number = log.last().map_or(0, |last| last.number) + 1;
            log.push(request.clone());
        }
        match handler(&request) {
            Reply::Text(status, headers, text) => {
                let mut head = format!(
                    "HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\nContent-Length: {}\r\n",
                    text.len()
                );
                for (name, value) in headers {
                    head.push_str(&format!("{name}: {value}\r\n"));
                }
                writer.write_all(format!("{head}\r\n{text}").as_bytes())?;
            }
            Reply::Cut(text) => {
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", text.len());
                writer.write_all(head.as_bytes())?;
                writer.write_all(&text.as_bytes()[..text.len() / 2])?;
                return writer.shutdown(std::net::Shutdown::Both);
            }
            Reply::Hang(pause) => {
                thread::sleep(pause);
                return writer.shutdown(std::net::Shutdown::Both);
            }
        }
    }
    Ok(())
}

fn read(reader: &mut BufReader<TcpStream>) -> std::io::Result<Option<Request>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split(' ');
    let (method, target) = (words.next().unwrap().to_owned(), words.next().unwrap_or("/").to_owned());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let query = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let body = String::from_utf8(body).unwrap();
    Ok(Some(Request { number: 0, method, path: path.to_owned(), query, headers, body }))
}

/// Those of some calls that begin at or after `from` and before `to`: RFC 3339 in UTC, as the calls have it.
pub fn between<'c>(calls: &'c [Value], request: &Request) -> Vec<&'c Value> {
    let (from, to) = (&request.query["from"], &request.query["to"]);
    let begins = |call: &Value| call["created"]["at"].as_str().unwrap().to_owned();
    calls.iter().filter(|call| (from..to).contains(&&begins(call))).collect()
}

/// A page of calls by their offset, with their number in all.
pub fn by_offset(calls: &[Value], request: &Request) -> Value {
    let found = between(calls, request);
    let (offset, limit) = (request.number_of("offset"), request.number_of("limit"));
    let page: Vec<&Value> = found.iter().skip(offset).take(limit).copied().collect();
    json!({ "calls": page, "total_count": found.len() })
}

/// Made-up calls: so many a day on so many days from the first on, evenly over the day in UTC.
pub fn calls(first: &str, days: u64, a_day: u64) -> Vec<Value> {
    let first: chrono::DateTime<chrono::Utc> = first.parse().unwrap();
    let call = |number: u64| {
        let seconds = number * 86_400 / a_day;
        let at = first + Duration::from_secs(seconds);
        let status = ["completed", "no-answer", "busy", "voicemail"];
        let status = status[usize::try_from(number * 7 % 11 % 4).unwrap()];
        let cost = format!("{}.{:02}", number % 3, number * 37 % 100);
        json!({
            "call_id": format!("c{number:07}"),
            "created": { "at": at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true) },
            "status": status,
            "length": number * 13 % 301,
            "cost": serde_json::Number::from_string_unchecked(cost),
            "to": format!("+1312555{:04}", number * 17 % 10_000),
        })
    };
    (0..days * a_day).map(call).collect()
}
