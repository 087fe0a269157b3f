//! `docs/DEPENDENCIES.md` has a line for every dependency, and for no other; each of them is used.

use super::project::{files, none, sources, text};

/// Below this heading of the document are the dependencies of tests.
const FOR_TESTS: &str = "Only for tests:";

/// The names in a section of Cargo.toml.
fn dependencies(section: &str) -> Vec<String> {
    let manifest = text("Cargo.toml");
    let (_, rest) =
        manifest.split_once(&format!("\n[{section}]\n")).unwrap_or_else(|| panic!("no {section}"));
    let lines = rest.lines().take_while(|line| !line.starts_with('['));
    lines.filter_map(|line| Some(line.split_once('=')?.0.trim().to_owned())).collect()
}

/// The names that a part of the document tells of.
fn told(part: &str) -> Vec<(&str, &str)> {
    part.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` |")).collect()
}

#[test]
fn every_dependency_has_its_reason() {
    let document = text("docs/DEPENDENCIES.md");
    let (usual, tests) = document.split_once(FOR_TESTS).expect("the dependencies of tests have a part");
    let mut wrong = Vec::new();
    for (section, part) in [("dependencies", usual), ("dev-dependencies", tests)] {
        let (needed, told) = (dependencies(section), told(part));
        for name in &needed {
            match told.iter().filter(|(other, _)| other == name).count() {
                1 => {}
                lines => wrong.push(format!("{name} of [{section}] has {lines} lines")),
            }
        }
        for (name, reason) in told {
            if !needed.iter().any(|other| other == name) {
                wrong.push(format!("{name} is not in [{section}]"));
            }
            if reason.trim_matches(['|', ' ']).is_empty() {
                wrong.push(format!("{name}: no reason is given"));
            }
        }
    }
    none(&wrong, "docs/DEPENDENCIES.md");
}

#[test]
fn every_dependency_is_used() {
    let tests = files(&["src", "tests"]);
    let unused = |section: &str, files: &[super::project::File]| {
        let names = dependencies(section).into_iter();
        let used = |name: &String| {
            let path = format!("{}::", name.replace('-', "_"));
            files.iter().any(|file| file.code().any(|(_, line)| line.contains(&path)))
        };
        names.filter(|name| !used(name)).collect::<Vec<_>>()
    };
    none(&unused("dependencies", &sources()), "[dependencies] that nothing in src/ uses");
    none(&unused("dev-dependencies", &tests), "[dev-dependencies] that no test uses");
}
