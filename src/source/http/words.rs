//! Filling in what an API is asked: each value as the place where it stands wants it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use chrono::{DateTime, SecondsFormat, Utc};
use chrono_tz::Tz;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::config::http::Times;
use crate::config::template::Template;

/// The secrets of a source by their names.
pub(super) struct Secrets(pub(super) BTreeMap<String, SecretString>);

impl Secrets {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(ExposeSecret::expose_secret)
    }

    /// The text with the name of each secret in its place, however it is written.
    pub(super) fn masked(&self, text: &str) -> String {
        let mut masked = text.to_owned();
        for (name, secret) in &self.0 {
            let secret = secret.expose_secret();
            for written in [secret.to_owned(), in_url(secret)] {
                masked = masked.replace(&written, &format!("{{{name}}}"));
            }
        }
        masked
    }
}

/// A text as a part of a URL.
pub(super) fn in_url(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            written.push(char::from(byte));
        } else {
            // Writing to a String can't fail.
            let _ = write!(written, "%{byte:02X}");
        }
    }
    written
}

/// A text as a part of a body: inside of JSON's quotes where it is JSON, else as in a form.
pub(super) fn in_body(body: &Template, text: &str) -> String {
    if !is_json(body) {
        return in_url(text);
    }
    let quoted = serde_json::Value::from(text).to_string();
    quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(&quoted).to_owned()
}

/// Whether a body is JSON.
pub(super) fn is_json(body: &Template) -> bool {
    body.text().trim_start().starts_with(['{', '['])
}

/// A time as the API writes it.
pub(super) fn time(times: &Times, zone: Tz, at: DateTime<Utc>) -> String {
    match times {
        Times::Rfc3339 => at.to_rfc3339_opts(SecondsFormat::Secs, true),
        Times::Epoch => at.timestamp().to_string(),
        Times::EpochMs => at.timestamp_millis().to_string(),
        Times::Format(format) => at.with_timezone(&zone).format(format).to_string(),
    }
}

/// A URL as it is shown: without parameters.
pub(super) fn shown(url: &Url, secrets: &Secrets) -> String {
    let place = url.origin().ascii_serialization();
    secrets.masked(&format!("{place}{}", url.path()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_their_place_wants() {
        assert_eq!(in_url("a b/ü&=+~"), "a%20b%2F%C3%BC%26%3D%2B~");
        let json = Template::new(r#"{"cursor": "{cursor}"}"#);
        assert_eq!(in_body(&json, "a\"b\\\n"), r#"a\"b\\\n"#);
        assert_eq!(in_body(&Template::new("cursor={cursor}"), "a=b"), "a%3Db");
    }

    #[test]
    fn times_are_written_as_the_api_does() {
        let at = "2025-11-06T06:00:00Z".parse().unwrap();
        let zone = chrono_tz::America::Chicago;
        let written = |times: &Times| time(times, zone, at);
        assert_eq!(written(&Times::Rfc3339), "2025-11-06T06:00:00Z");
        assert_eq!(written(&Times::Epoch), "1762408800");
        assert_eq!(written(&Times::EpochMs), "1762408800000");
        assert_eq!(written(&Times::Format("%Y-%m-%d %H:%M:%S %z".to_owned())), "2025-11-06 00:00:00 -0600");
    }

    #[test]
    fn secrets_are_masked_however_they_are_written() {
        let secrets = Secrets(BTreeMap::from([("key".to_owned(), SecretString::from("a b"))]));
        assert_eq!(secrets.masked("https://x/a%20b/a b"), "https://x/{key}/{key}");
        let url = Url::parse("https://x.example:8443/a%20b/c?d=e#f").unwrap();
        assert_eq!(shown(&url, &secrets), "https://x.example:8443/{key}/c");
    }
}
