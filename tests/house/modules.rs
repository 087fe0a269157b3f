//! `docs/DESIGN.md` has a line for every source file, and for no other.

use std::collections::BTreeMap;

use super::project::{none, sources, text};

#[test]
fn the_design_has_a_line_for_every_source_file() {
    let design = text("docs/DESIGN.md");
    let mut lines: BTreeMap<&str, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for line in design.lines() {
        let Some((path, what)) = line.strip_prefix("| `src/").and_then(|rest| rest.split_once("` |")) else {
            continue;
        };
        *lines.entry(path).or_default() += 1;
        if what.trim_matches(['|', ' ']).is_empty() {
            wrong.push(format!("src/{path}: nothing is said of it"));
        }
    }
    let sources = sources();
    let there: Vec<&str> = sources.iter().filter_map(|file| file.path.strip_prefix("src/")).collect();
    wrong.extend(
        there.iter().filter(|path| !lines.contains_key(*path)).map(|path| format!("src/{path} is missing")),
    );
    for (path, count) in lines {
        if count > 1 {
            wrong.push(format!("src/{path} has {count} lines"));
        }
        if !there.contains(&path) {
            wrong.push(format!("src/{path} does not exist"));
        }
    }
    none(&wrong, "docs/DESIGN.md, under \"The modules\"");
}
