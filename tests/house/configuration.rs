//! `docs/CONFIG.md` tells of every key of `asof.toml`, and of no other.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use asof::config::{Config, duration};
use asof::view::layout::DEFAULT_TOP;

use super::project::{File, none, text};

/// The headings of CONFIG.md under which a struct of `src/config/file.rs` is told of.
const SECTIONS: [(&str, &str); 26] = [
    ("## `[source]`", "Source"),
    ("## `[sources.NAME.secrets]`", "Secret"),
    ("## `[sources.NAME.feeds.NAME]`", "Feed"),
    ("## `[sources.NAME.feeds.NAME.pages]`", "Pages"),
    ("## Files", "FileTable"),
    ("## `[lookups.NAME]`", "Lookup"),
    ("## `[archive]`", "Archive"),
    ("## `[calendar]`", "Calendar"),
    ("## `[events.NAME]`", "Events"),
    ("## `[events.NAME.by]`", "DimensionTable"),
    ("## `[metrics]`", "Metric"),
    ("## `[[dashboard]]`", "Dashboard"),
    ("## `[retention]`", "Retention"),
    ("## `[worklist.NAME]`", "Worklist"),
    ("## `[alerts.NAME]`", "Alert"),
    ("## `[sinks.NAME]`", "Sink"),
    ("## `[heartbeat]`", "Heartbeat"),
    ("## `[hooks]`", "Hooks"),
    ("## `[entities.NAME]`", "Entity"),
    ("## `[entities.NAME.gauges]`", "Gauge"),
    ("## `[[entities.NAME.schedule]]`", "Due"),
    ("## `[entities.NAME.changes]`", "Change"),
    ("## `[entities.NAME.references]`", "Reference"),
    ("## `[tenants]`", "Tenants"),
    ("## `[serve]`", "Serve"),
    ("## `[serve.tokens.NAME]`", "Token"),
];

/// The text of all that is read from a configuration file.
fn written() -> String {
    [
        "file",
        "source_file",
        "files_file",
        "http_file",
        "lookup_file",
        "entity_file",
        "notify_file",
        "serve_file",
    ]
    .map(|name| text(&format!("src/config/{name}.rs")))
    .concat()
}

/// The keys of a struct in the source text, as they are written in a file.
fn keys(source: &str, name: &str) -> BTreeSet<String> {
    let (_, body) = source.split_once(&format!("struct {name} {{")).unwrap_or_else(|| panic!("no {name}"));
    let body = body.split("\n}").next().unwrap_or(body);
    let mut renamed = None;
    let mut keys = BTreeSet::new();
    for line in body.lines().map(str::trim) {
        if let Some((_, rest)) = line.split_once("rename = \"") {
            renamed = rest.split('"').next();
        } else if !line.starts_with(['/', '#'])
            && let Some((key, _)) = line.split_once(": ")
        {
            let key = key.trim_start_matches("pub ");
            keys.insert(renamed.take().unwrap_or(key).to_owned());
        }
    }
    keys
}

/// The names in a struct or enum with `rename_all`, in the words of the file.
fn words(source: &str, name: &str) -> Vec<String> {
    let (_, body) = source.split_once(&format!("pub enum {name} {{")).unwrap_or_else(|| panic!("no {name}"));
    let body = body.split("\n}").next().unwrap_or(body);
    let variants = body.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('/'));
    let snake = |variant: &str| {
        let mut word = String::new();
        for (at, letter) in variant.trim_end_matches(',').char_indices() {
            if letter.is_uppercase() && at > 0 {
                word.push('_');
            }
            word.extend(letter.to_lowercase());
        }
        word
    };
    variants.map(snake).collect()
}

/// The text below a heading, up to the next one of the same kind.
fn below<'a>(document: &'a str, heading: &str) -> &'a str {
    let (_, rest) = document
        .split_once(&format!("{heading}\n"))
        .unwrap_or_else(|| panic!("docs/CONFIG.md has no heading {heading}"));
    rest.split("\n## ").next().unwrap_or(rest)
}

/// The keys in the first column of a section's tables.
fn told(section: &str) -> Vec<&str> {
    section
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` |"))
        .map(|(key, _)| key)
        .collect()
}

#[test]
fn every_key_is_told_of() {
    let (document, source) = (text("docs/CONFIG.md"), written());
    let mut wrong = Vec::new();
    for (heading, name) in SECTIONS {
        let told = told(below(&document, heading));
        let known = keys(&source, name);
        assert!(!known.is_empty(), "{name} has no keys");
        for key in &known {
            match told.iter().filter(|other| *other == key).count() {
                1 => {}
                lines => wrong.push(format!("{heading} {key} has {lines} lines")),
            }
        }
        wrong.extend(
            told.iter().filter(|key| !known.contains(**key)).map(|key| format!("{heading} {key} is no key")),
        );
    }
    none(&wrong, "docs/CONFIG.md");
}

#[test]
fn the_defaults_are_those_that_are_told() {
    let document = text("docs/CONFIG.md");
    let default = |heading: &str, key: &str| {
        let section = below(&document, heading);
        let row = section.lines().find(|line| line.starts_with(&format!("| `{key}` |")));
        let row = row.unwrap_or_else(|| panic!("{heading} {key}"));
        row.split('|').nth(3).unwrap_or_default().trim().trim_matches(['`', '"']).to_owned()
    };
    let span = |heading: &str, key: &str| duration::parse(&default(heading, key)).unwrap();
    let written = r#"
        source.url = "sqlite:a.db"
        calendar.time_zone = "Europe/Berlin"
        events.a = { table = "a", time = "t", time_is = "utc", by.b = "c" }
        metrics.a = { of = "a", count = true }
        worklist.a = { of = "a", key = "k", outcome = "o", out = [] }
    "#;
    let config = Config::parse(written, Path::new("asof.toml")).unwrap();
    assert_eq!(config.sources.main().timeout, span("## `[source]`", "timeout"));
    assert_eq!(config.archive.dir, Path::new(&default("## `[archive]`", "dir")));
    assert_eq!(config.archive.key_file, Path::new(&default("## `[archive]`", "key_file")));
    let final_after = config.calendar.final_after.to_std().unwrap();
    assert_eq!(final_after, span("## `[calendar]`", "final_after"));
    let starts = config.calendar.day_starts_at.format("%H:%M").to_string();
    assert_eq!(starts, default("## `[calendar]`", "day_starts_at"));
    let groups = config.presentation.events["a"].max_groups.to_string();
    assert_eq!(groups, default("## `[events.NAME]`", "max_groups"));
    assert_eq!(default("## `[events.NAME.by]`", "alone"), "false");
    assert!(!config.definitions.events["a"].by["b"].alone);
    assert_eq!(default("## `[metrics]`", "cumulative"), "false");
    assert_eq!(default("## `[[dashboard]]`", "top"), DEFAULT_TOP.to_string());
    let dir = default("## `[worklist.NAME]`", "dir").replace("NAME", "a");
    assert_eq!(config.worklists["a"].dir, Path::new(&dir));
}

#[test]
fn every_table_of_the_file_has_its_section() {
    let (document, source) = (text("docs/CONFIG.md"), written());
    let mut wrong = Vec::new();
    for table in keys(&source, "File") {
        let heading = document.lines().any(|line| {
            line.starts_with("## `[")
                && line.trim_start_matches("## `[").trim_start_matches('[').starts_with(&table)
        });
        if !heading {
            wrong.push(table);
        }
    }
    none(&wrong, "docs/CONFIG.md has no section for a table");
}

#[test]
fn every_word_that_a_key_takes_is_told_of() {
    let (document, source) = (text("docs/CONFIG.md"), written());
    let mut wrong = Vec::new();
    for (heading, name) in [
        ("## `[source]`", "Kind"),
        ("## Files", "Format"),
        ("## Files", "Missing"),
        ("## `[events.NAME]`", "TimeIs"),
        ("## `[events.NAME.by]`", "TimeSpan"),
        ("## `[metrics]`", "Good"),
        ("## `[metrics]`", "KeyKind"),
        ("## `[alerts.NAME]`", "Against"),
        ("## `[alerts.NAME]`", "Direction"),
    ] {
        let section = below(&document, heading);
        for word in words(&source, name) {
            if !section.contains(&format!("`\"{word}\"`")) {
                wrong.push(format!("{heading} {word}"));
            }
        }
    }
    none(&wrong, "docs/CONFIG.md does not tell of a word");
}

#[test]
fn the_examples_make_a_configuration_when_put_together() {
    let document = File { path: "docs/CONFIG.md".to_owned(), text: text("docs/CONFIG.md") };
    let blocks = document.blocks();
    let fragments = blocks
        .iter()
        .filter(|block| block.kind == "toml" && !block.text.starts_with("# asof.toml"))
        .map(|block| block.text.as_str());
    let config: Vec<&str> = fragments.collect();
    // With tenants there are only entities, so those are a configuration of their own.
    let of_both = ["[source]", "[archive]", "[calendar]", "[lists]"];
    let of_tenants =
        |text: &str| ["[entities.", "[[entities.", "[tenants]"].iter().any(|start| text.starts_with(start));
    let common = |text: &str| of_both.iter().any(|start| text.starts_with(start));
    // So are several sources, which leave `[source]` out.
    let of_several = |text: &str| text.starts_with("[sources.") || text.starts_with("[lookups.");
    let parts: [Vec<&str>; 3] = [
        config.iter().copied().filter(|text| !of_tenants(text) && !of_several(text)).collect(),
        config.iter().copied().filter(|text| of_tenants(text) || common(text)).collect(),
        config
            .iter()
            .copied()
            .filter(|text| of_several(text) || common(text) && !text.starts_with("[source]"))
            .collect(),
    ];
    for half in parts {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("asof.toml"), half.concat()).unwrap();
        let out = Command::new(env!("CARGO_BIN_EXE_asof"))
            .args(["check", "--offline"])
            .current_dir(dir.path())
            .env_clear()
            .output()
            .unwrap();
        assert!(out.status.success(), "{}\n{}", String::from_utf8_lossy(&out.stderr), half.concat());
    }
    // What is shown is worth little if it leaves keys out.
    let source = written();
    let unseen: Vec<String> = SECTIONS
        .iter()
        .flat_map(|(heading, name)| {
            keys(&source, name).into_iter().map(move |key| format!("{heading} {key}"))
        })
        .filter(|place| {
            let key = place.rsplit(' ').next().unwrap_or_default();
            !config.iter().any(|text| {
                [format!("{key} = "), format!("{key}  "), format!(".{key}.")]
                    .iter()
                    .any(|shown| text.contains(shown))
            })
        })
        .collect();
    none(&unseen, "no example shows the key");
}
