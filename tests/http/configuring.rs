//! What is wrong in the configuration of an API is told with its place.

use std::path::Path;

use asof::config::Config;

use super::{BY_OFFSET, config};

/// The problems of a configuration with one piece of it changed.
fn problems(piece: &str, other: &str) -> String {
    let text = config("https://api.example", BY_OFFSET);
    assert!(text.contains(piece), "{piece:?}");
    match Config::parse(&text.replacen(piece, other, 1), Path::new("asof.toml")) {
        Ok(_) => String::new(),
        Err(problems) => problems.to_string(),
    }
}

#[test]
fn what_can_not_work_is_told_before_anything_is_asked() {
    assert_eq!(problems("https", "https"), "");
    for (piece, other, told) in [
        (
            "https://api.example",
            "http://api.example",
            "without https everybody on the way can read and change it",
        ),
        ("https://api.example", "ftp://api.example", "it is no URL of an API"),
        ("https://api.example", "https://me:pw@api.example", "a url can't hold an account"),
        ("https://api.example", "https://{key}.example", "the host of a url can't be filled in"),
        ("https://api.example", "https://api.example?a=b", "what the urls begin with has no parameters"),
        ("Bearer {key}", "Bearer {kye}", "nothing is known as {kye} here"),
        ("Bearer {key}", "Bearer {offset}", "nothing is known as {offset} here"),
        (
            "{ env = \"BLAND_KEY\" }",
            "{ env = \"A\", file = \"b\" }",
            "it is not clear where the secret comes from",
        ),
        ("{ key = {", "{ start = {", "a secret can't be named \"start\""),
        ("key={key}", "api_key=abc", "the secret api_key is written out"),
        ("\"/v1/calls", "\"v1/calls", "it can't stand behind the source's url"),
        ("\"/v1/calls", "\"https://other.example/v1/calls", "a feed lies behind the source's url"),
        ("&offset={offset}", "", "each page would be the first: nothing asks for the offset"),
        ("by = \"offset\"", "by = \"page\"", "each page would be the first: nothing asks for the page"),
        ("by = \"offset\", size = 100", "by = \"cursor\"", "it is not said where the next cursor is"),
        ("\"/total_count\"", "\"total_count\"", "\"total_count\" is no JSON pointer"),
        ("length = \"integer\"", "length = \"int\"", "\"int\" is no type of column"),
        ("key = [\"call_id\"]", "key = [\"callid\"]", "\"callid\" is no column"),
        ("total =", "times = \"YYYY\"\ntotal =", "\"YYYY\" is no way to write times"),
        ("total =", "body = \"{}\"\ntotal =", "a GET sends no body"),
        ("total =", "method = \"DELETE\"\ntotal =", "it can't be asked by \"DELETE\""),
        ("total =", "optional = [\"call_id\"]\ntotal =", "\"call_id\" is none that may be missing"),
        ("key = [\"call_id\"]", "keep_raw = true", "items without a key can't be kept in an order"),
        ("retry_for = \"3s\"", "jobs = 99", "99 is no number of requests at once"),
        ("retry_for = \"3s\"", "max_requests_per_second = 0", "it is no rate"),
        ("retry_for = \"3s\"", "password_env = \"X\"", "a source of this kind has no such key"),
        ("kind = \"http\"", "", "a source of this kind has no such key"),
    ] {
        let found = problems(piece, other);
        assert!(found.contains(told), "{piece} → {other}: {found}");
    }
    assert_eq!(problems("https://api.example", "http://localhost:8080"), "");
    assert_eq!(problems("retry_for = \"3s\"", "insecure = true"), "");
    let open = problems("url = \"https://api.example\"", "insecure = true\nurl = \"http://api.example\"");
    assert_eq!(open, "");
}

#[test]
fn the_definitions_have_the_names_of_secrets_only() {
    let text = config("https://api.example/{key}/v1", BY_OFFSET);
    let config = Config::parse(&text, Path::new("asof.toml")).unwrap();
    let source = config.definitions.sources.get("bland").unwrap();
    assert_eq!(
        source.tables["calls"].from,
        "GET https://api.example/{key}/v1/v1/calls?from={start}&to={end}&limit=100&offset={offset}&key={key}"
    );
    assert_eq!(config.sources.main().redacted(), "https://api.example/{key}/v1");
    assert_eq!(config.sources.secrets(), ["BLAND_KEY"]);
}
