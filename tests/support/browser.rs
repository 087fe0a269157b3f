//! Debian's Chromium without a window, for tests that look at pages.
//!
//! It is spoken to in the protocol of its developer tools over a pair of pipes, so that neither a
//! driver, a port nor a library is needed. Each test starts one of its own, with a profile of
//! its own. A small shell starts it: when the pipe is closed, because the test is over or its
//! process is gone however it ended, Chromium leaves and the shell removes the profile.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

use base64::Engine as _;
use serde_json::{Value, json};

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

const LAUNCH: &str = r#"
trap : INT TERM HUP
dir=$1; shift
exec 3<&0 4>&1 </dev/null >/dev/null
HOME="$dir" XDG_CONFIG_HOME="$dir" XDG_CACHE_HOME="$dir" \
    chromium --user-data-dir="$dir/profile" "$@" 2>"$dir/log"
cd /
rm -rf "$dir" || { sleep 1; rm -rf "$dir"; }
"#;

const FLAGS: [&str; 15] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--hide-scrollbars",
    // Nothing goes out of this machine, even where a page asks for it; that it asked is seen all the same.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--remote-debugging-pipe",
    "about:blank",
];

/// A running Chromium with one open tab.
pub struct Browser {
    launcher: Child,
    to: Option<ChildStdin>,
    from: Receiver<Value>,
    events: VecDeque<Value>,
    session: Option<String>,
    last_id: u64,
    scripts: bool,
    errors: Vec<String>,
    requests: Vec<String>,
}

/// How a page is looked at.
#[derive(Clone, Copy)]
pub struct Look {
    /// The window's width in pixels.
    pub width: u32,
    /// The window's height in pixels.
    pub height: u32,
    /// Whether the system's setting is dark.
    pub dark: bool,
    /// Whether it is printed.
    pub print: bool,
}

/// A wide window, light.
pub const WIDE: Look = Look { width: 1200, height: 900, dark: false, print: false };

/// A phone, light.
pub const PHONE: Look = Look { width: 390, height: 844, dark: false, print: false };

impl Browser {
    /// Starts one.
    pub fn start() -> Self {
        assert!(
            Command::new("chromium").arg("--version").output().is_ok_and(|made| made.status.success()),
            "the browser tests need Chromium: install Debian's package `chromium`"
        );
        let dir = tempfile::Builder::new().prefix("asof-browser-").tempdir().unwrap().keep();
        let mut launcher = Command::new("sh")
            .args(["-c", LAUNCH, "sh"])
            .arg(&dir)
            .args(FLAGS)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .expect("sh can be started");
        let from = BufReader::new(launcher.stdout.take().unwrap());
        let (heard, receiver) = channel();
        spawn(move || {
            for message in from.split(0).map_while(Result::ok) {
                let Ok(message) = serde_json::from_slice(&message) else { break };
                if heard.send(message).is_err() {
                    break;
                }
            }
        });
        let mut browser = Self {
            to: launcher.stdin.take(),
            launcher,
            from: receiver,
            events: VecDeque::new(),
            session: None,
            last_id: 0,
            scripts: true,
            errors: Vec::new(),
            requests: Vec::new(),
        };
        let target = browser.call("Target.createTarget", &json!({ "url": "about:blank" }));
        let attached = browser.call(
            "Target.attachToTarget",
            &json!({ "targetId": target["targetId"].as_str(), "flatten": true }),
        );
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Network", "Log"] {
            browser.call(&format!("{domain}.enable"), &json!({}));
        }
        browser.look(WIDE);
        browser
    }

    /// Opens a URL and waits until it is loaded; what was collected before is forgotten.
    pub fn open(&mut self, url: &str) {
        self.events.clear();
        self.errors.clear();
        self.requests.clear();
        let navigated = self.call("Page.navigate", &json!({ "url": url }));
        assert!(navigated["errorText"].is_null(), "{url}: {}", navigated["errorText"]);
        // Only another fragment of the same page: nothing is loaded again.
        if !navigated["loaderId"].is_null() {
            self.wait_for("Page.loadEventFired");
        }
    }

    /// Opens a file and waits until it is loaded.
    pub fn open_file(&mut self, path: &Path) {
        self.open(&file_url(path));
    }

    /// Turns the page's own scripts off or on, from the next page that is opened.
    pub fn allow_scripts(&mut self, allowed: bool) {
        self.scripts = allowed;
        self.call("Emulation.setScriptExecutionDisabled", &json!({ "value": !allowed }));
    }

    /// How the page is looked at from now on.
    pub fn look(&mut self, look: Look) {
        self.call(
            "Emulation.setDeviceMetricsOverride",
            &json!({ "width": look.width, "height": look.height, "deviceScaleFactor": 1, "mobile": false }),
        );
        let scheme = if look.dark { "dark" } else { "light" };
        self.call(
            "Emulation.setEmulatedMedia",
            &json!({
                "media": if look.print { "print" } else { "screen" },
                "features": [{ "name": "prefers-color-scheme", "value": scheme }],
            }),
        );
    }

    /// The value of an expression in the page; of a promise, what becomes of it.
    pub fn script(&mut self, expression: &str) -> Value {
        let answer = self.call(
            "Runtime.evaluate",
            &json!({ "expression": expression, "returnByValue": true, "awaitPromise": true }),
        );
        let wrong = &answer["exceptionDetails"];
        let said = wrong["exception"]["description"].as_str().or(wrong["text"].as_str());
        assert!(wrong.is_null(), "{expression:.200}: {}", said.unwrap_or_default());
        answer["result"]["value"].clone()
    }

    /// Waits until an expression is true.
    pub fn wait_until(&mut self, expression: &str) {
        let deadline = Instant::now() + PATIENCE;
        let asked = json!({ "expression": format!("!!({expression})"), "returnByValue": true });
        // While the page gives way to another one there may be nothing that could answer.
        while !self
            .try_call("Runtime.evaluate", &asked)
            .is_ok_and(|answer| answer["result"]["value"] == json!(true))
        {
            assert!(Instant::now() < deadline, "never true: {expression}");
            sleep(Duration::from_millis(20));
        }
    }

    /// Clicks the middle of the first element, as a mouse would; it must be there to be clicked.
    pub fn click(&mut self, css: &str) {
        let at = self.script(&format!(
            "(() => {{
                const found = document.querySelector({css});
                if (!found) return 'nothing there';
                found.scrollIntoView({{ block: 'center', behavior: 'instant' }});
                const box = found.getBoundingClientRect();
                const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
                const top = document.elementFromPoint(x, y);
                return found.contains(top) ? {{ x, y }} : 'hidden, or behind something else';
            }})()",
            css = json!(css)
        ));
        assert!(at.is_object(), "{css}: {at}");
        for kind in ["mousePressed", "mouseReleased"] {
            self.call(
                "Input.dispatchMouseEvent",
                &json!({ "type": kind, "x": at["x"], "y": at["y"], "button": "left", "clickCount": 1 }),
            );
        }
    }

    /// Puts the focus on the first element, then types; see [`Browser::press`] for other keys.
    pub fn keys(&mut self, css: &str, text: &str) {
        let focused = self.script(&format!(
            "(() => {{ const found = document.querySelector({css}); found?.focus();
                return !!found && document.activeElement === found; }})()",
            css = json!(css)
        ));
        assert_eq!(focused, json!(true), "{css} can't have the focus");
        self.call("Input.insertText", &json!({ "text": text }));
    }

    /// Presses a key where the focus is: `Tab`, `Shift+Tab`, `Enter`, `Space`, `Escape`, an arrow.
    pub fn press(&mut self, key: &str) {
        let (shift, name) = key.strip_prefix("Shift+").map_or((0, key), |name| (8, name));
        let (key, text, number) = match name {
            "Tab" => (name, None, 9),
            "Enter" => (name, Some("\r"), 13),
            "Escape" => (name, None, 27),
            "Space" => (" ", Some(" "), 32),
            "ArrowLeft" => (name, None, 37),
            "ArrowUp" => (name, None, 38),
            "ArrowRight" => (name, None, 39),
            "ArrowDown" => (name, None, 40),
            other => panic!("no key is known by the name of {other}"),
        };
        for kind in ["keyDown", "keyUp"] {
            let mut event = json!({
                "type": kind, "key": key, "code": name, "windowsVirtualKeyCode": number, "modifiers": shift,
            });
            if let (Some(text), "keyDown") = (text, kind) {
                event["text"] = json!(text);
            }
            self.call("Input.dispatchKeyEvent", &event);
        }
    }

    /// The text of the first element, as it is seen.
    pub fn text(&mut self, css: &str) -> String {
        let text = self.script(&format!("document.querySelector({})?.innerText", json!(css)));
        text.as_str().unwrap_or_else(|| panic!("{css}: nothing there")).to_owned()
    }

    /// Takes a picture of the whole page, looked at that way.
    pub fn screenshot(&mut self, path: &Path, look: Look) {
        self.look(look);
        let size = self.call("Page.getLayoutMetrics", &json!({}))["cssContentSize"].clone();
        let clip = json!({
            "x": 0, "y": 0, "scale": 1, "width": look.width,
            "height": size["height"].as_f64().unwrap_or(0.0).max(look.height.into()),
        });
        let taken = self.call(
            "Page.captureScreenshot",
            &json!({ "format": "png", "captureBeyondViewport": true, "clip": clip }),
        );
        let bytes =
            base64::engine::general_purpose::STANDARD.decode(taken["data"].as_str().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    /// What went wrong on the page: errors and warnings of the console, exceptions, refusals of its policy.
    pub fn errors(&mut self) -> Vec<String> {
        self.catch_up();
        self.errors.clone()
    }

    /// What the page asked for, itself included.
    pub fn requests(&mut self) -> Vec<String> {
        self.catch_up();
        self.requests.clone()
    }

    /// Fails if something went wrong on the page, or if it asked for anything but files. The
    /// browser's own signs, as that of a date's field, are `data:` and no request.
    pub fn assert_quiet(&mut self) {
        assert_eq!(self.errors(), [""; 0]);
        let asked = self.requests();
        let inside = |url: &str| url.starts_with("file://") || url.starts_with("data:");
        let outside: Vec<_> = asked.iter().filter(|url| !inside(url)).collect();
        assert!(outside.is_empty(), "asked for {outside:?}");
    }

    /// An answer comes after all events that happened before the question.
    fn catch_up(&mut self) {
        // Where scripts are off a timer never rings.
        self.script(if self.scripts { "new Promise(done => setTimeout(done))" } else { "0" });
    }

    /// Calls a method of the protocol and waits for its result.
    fn call(&mut self, method: &str, parameters: &Value) -> Value {
        self.try_call(method, parameters).unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// The same where it may be refused, with what is said then.
    fn try_call(&mut self, method: &str, parameters: &Value) -> Result<Value, String> {
        self.last_id += 1;
        let mut message = json!({ "id": self.last_id, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        let to = self.to.as_mut().unwrap();
        to.write_all(format!("{message}\0").as_bytes()).expect("Chromium is running");
        loop {
            let answer = self.hear(method);
            if answer["id"] == json!(self.last_id) {
                return match answer["error"]["message"].as_str() {
                    Some(error) => Err(error.to_owned()),
                    None => Ok(answer["result"].clone()),
                };
            }
            self.events.push_back(answer);
        }
    }

    /// Waits for an event; those before it are forgotten.
    fn wait_for(&mut self, event: &str) {
        loop {
            let heard = self.events.pop_front().unwrap_or_else(|| self.hear(event));
            if heard["method"] == json!(event) {
                return;
            }
        }
    }

    /// The next message; errors and requests are noted.
    fn hear(&mut self, waiting_for: &str) -> Value {
        let message = match self.from.recv_timeout(PATIENCE) {
            Ok(message) => message,
            Err(RecvTimeoutError::Timeout) => panic!("Chromium did not answer {waiting_for}"),
            Err(RecvTimeoutError::Disconnected) => panic!("Chromium left during {waiting_for}"),
        };
        let said = &message["params"];
        match message["method"].as_str().unwrap_or_default() {
            "Runtime.exceptionThrown" => {
                let wrong = &said["exceptionDetails"];
                let text = wrong["exception"]["description"].as_str().or(wrong["text"].as_str());
                self.errors.push(text.unwrap_or_default().to_owned());
            }
            "Runtime.consoleAPICalled"
                if ["error", "warning", "assert"].contains(&said["type"].as_str().unwrap_or_default()) =>
            {
                self.errors.push(said["args"].to_string());
            }
            "Log.entryAdded"
                if ["error", "warning"].contains(&said["entry"]["level"].as_str().unwrap_or_default()) =>
            {
                self.errors.push(said["entry"]["text"].as_str().unwrap_or_default().to_owned());
            }
            "Network.requestWillBeSent" => {
                self.requests.push(said["request"]["url"].as_str().unwrap_or_default().to_owned());
            }
            _ => {}
        }
        message
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        drop(self.to.take());
        let deadline = Instant::now() + Duration::from_secs(20);
        while Instant::now() < deadline {
            if matches!(self.launcher.try_wait(), Ok(Some(_)) | Err(_)) {
                return;
            }
            sleep(Duration::from_millis(10));
        }
        let _ = Command::new("kill").args(["-9", "--", &format!("-{}", self.launcher.id())]).status();
        let _ = self.launcher.wait();
    }
}

/// The URL of a file.
pub fn file_url(path: &Path) -> String {
    let path = path.canonicalize().unwrap_or_else(|_| panic!("{} does not exist", path.display()));
    url::Url::from_file_path(path).unwrap().into()
}

#[test]
fn a_browser_sees_what_a_page_does_and_what_goes_wrong_on_it() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a page?.html");
    let page = r#"<!doctype html><title>t</title><style>p{color:#111}@media(prefers-color-scheme:dark){p{color:#eee}}</style>
        <p>one <span hidden>two</span></p><input><button onclick="document.title=document.querySelector('input').value">go</button>
        <noscript>plain</noscript>"#;
    std::fs::write(&file, page).unwrap();

    let mut browser = Browser::start();
    browser.open_file(&file);
    browser.assert_quiet();
    assert_eq!(browser.text("p"), "one");
    browser.keys("input", "typed");
    browser.press("Tab");
    browser.press("Space");
    browser.wait_until("document.title === 'typed'");
    browser.keys("input", " more");
    browser.click("button");
    browser.wait_until("document.title === 'typed more'");
    browser.press("Shift+Tab");
    assert_eq!(browser.script("document.activeElement.tagName"), json!("INPUT"));

    let colour = "getComputedStyle(document.querySelector('p')).color";
    browser.look(Look { dark: true, ..PHONE });
    assert_eq!(browser.script(colour), json!("rgb(238, 238, 238)"));
    let picture = dir.path().join("picture.png");
    browser.screenshot(&picture, Look { print: true, ..WIDE });
    assert!(std::fs::read(&picture).unwrap().starts_with(b"\x89PNG"));
    assert_eq!(browser.script("matchMedia('print').matches"), json!(true));

    browser.script("console.error('said'); setTimeout(() => { throw new Error('thrown') }); 1");
    browser.script("fetch('http://example.invalid/asked').catch(() => 0).then(() => 1)");
    let errors = browser.errors().join("\n");
    assert!(errors.contains("said") && errors.contains("thrown"), "{errors}");
    assert!(browser.requests().contains(&"http://example.invalid/asked".to_owned()));

    browser.allow_scripts(false);
    browser.open_file(&file);
    browser.assert_quiet();
    assert_eq!(browser.text("noscript"), "plain");
}
