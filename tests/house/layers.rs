//! A layer uses only those below it.

use std::collections::BTreeSet;

use super::project::{File, none, sources, text};

/// The layers from the top; neighbours on a line share only `model`.
const LAYERS: [&[&str]; 14] = [
    &["cli"],
    &["mcp"],
    &["serve"],
    &["ops"],
    &["view"],
    &["notify"],
    &["analyze"],
    &["archive"],
    &["metrics", "entities"],
    &["source"],
    &["plan"],
    &["calendar"],
    &["config"],
    &["model"],
];

fn height(layer: &str) -> Option<usize> {
    LAYERS.iter().position(|line| line.contains(&layer))
}

/// The layer of a file: `src/plan/time.rs` belongs to `plan`.
fn layer_of(path: &str) -> &str {
    let path = path.strip_prefix("src/").unwrap_or(path);
    path.split('/').next().unwrap_or(path).trim_end_matches(".rs")
}

/// The layers that a file names, each with the line's number.
fn used(file: &File) -> Vec<(usize, String)> {
    // Comments are blanked, so that numbers of lines stay.
    let blank =
        |line: &str| if line.trim_start().starts_with("//") { String::new() } else { line.to_owned() };
    let code: Vec<String> = file.text.lines().map(blank).collect();
    let code = code.join("\n");
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let named_so = code[..at].chars().next_back().is_none_or(|c| !c.is_alphanumeric() && c != '_');
        if named_so {
            first_names(&code, at + "crate::".len(), &mut found);
        }
    }
    for (at, _) in code.match_indices("super::") {
        if !code[..at].ends_with("super::") {
            let ups = code[at..].split("super::").take_while(|between| between.is_empty()).count();
            if ups >= depth(&file.path) + usize::from(is_in_inline_module(&code, at)) {
                first_names(&code, at + ups * "super::".len(), &mut found);
            }
        }
    }
    found
}

/// The first names of what follows a `crate::`: one, or all in braces.
fn first_names(code: &str, at: usize, found: &mut Vec<(usize, String)>) {
    let name_at = |at: usize| {
        let line = code[..at].matches('\n').count() + 1;
        let name: String = code[at..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        (line, name)
    };
    if !code[at..].starts_with('{') {
        found.push(name_at(at));
        return;
    }
    let (mut braces, mut fresh) = (0_usize, true);
    for (offset, letter) in code[at..].char_indices() {
        match letter {
            '{' => braces += 1,
            '}' if braces == 1 => return,
            '}' => braces -= 1,
            ',' if braces == 1 => fresh = true,
            _ if fresh && letter.is_alphabetic() => {
                found.push(name_at(at + offset));
                fresh = false;
            }
            _ => {}
        }
    }
}

/// How many modules a file lies inside: 1 for `src/cli/mod.rs`, 2 for `src/cli/save.rs`.
fn depth(path: &str) -> usize {
    let path = path.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
    path.split('/').count()
}

/// Whether a place lies inside a `mod name { … }` that starts at a line's beginning.
fn is_in_inline_module(code: &str, at: usize) -> bool {
    let before = &code[..at];
    let opened = before.rfind("\nmod ").filter(|open| {
        let line = before[open + 1..].lines().next().unwrap_or("");
        line.ends_with('{')
    });
    opened.is_some_and(|open| !before[open..].contains("\n}"))
}

#[test]
fn a_layer_uses_only_those_below_it() {
    let mut wrong = Vec::new();
    for file in sources() {
        let own = layer_of(&file.path);
        if matches!(own, "main" | "lib") {
            continue;
        }
        let Some(own_height) = height(own) else {
            wrong.push(format!("{}: {own} is no layer; give it a place in tests/house/layers.rs", file.path));
            continue;
        };
        for (line, name) in used(&file) {
            if name != own && height(&name).is_none_or(|other| other <= own_height) {
                wrong.push(format!("{}:{line}: {own} uses {name}, which is not below it", file.path));
            }
        }
        for (line, code) in file.code() {
            if code.contains("asof::") {
                wrong.push(format!("{}:{line}: say crate:: instead of asof::", file.path));
            }
        }
    }
    none(&wrong, "a layer uses only those below it");
}

#[test]
fn the_binary_uses_the_command_line_only() {
    let main = text("src/main.rs");
    let uses: Vec<&str> = main.matches("asof::").collect();
    assert_eq!((uses.len(), main.matches("asof::cli::").count()), (1, 1), "{main}");
}

#[test]
fn the_map_of_layers_is_whole_and_in_order() {
    let map = text("src/lib.rs");
    let mapped: Vec<&str> =
        map.lines().filter_map(|line| line.strip_prefix("//! | [`")?.split('`').next()).collect();
    let there: BTreeSet<String> = sources().iter().map(|file| layer_of(&file.path).to_owned()).collect();
    let ordered: Vec<&str> = LAYERS.concat().into_iter().filter(|layer| there.contains(*layer)).collect();
    assert_eq!(mapped, ordered, "the table in src/lib.rs");
}

#[test]
fn uses_are_found_in_every_form() {
    let file = |path: &str, text: &str| File { path: path.to_owned(), text: text.to_owned() };
    let names = |path: &str, text: &str| {
        used(&file(path, text)).into_iter().map(|(line, name)| format!("{line} {name}")).collect::<Vec<_>>()
    };
    let grouped = "//! crate::view\nuse crate::{\n    model::{Day, Number},\n    view,\n};\n";
    assert_eq!(names("src/plan/mod.rs", grouped), ["3 model", "4 view"]);
    assert_eq!(names("src/plan/mod.rs", "fn f() {\n    crate::ops::save::f()\n}"), ["2 ops"]);
    assert_eq!(names("src/plan/mod.rs", "use super::view::day;"), ["1 view"]);
    assert_eq!(names("src/plan/time.rs", "use super::sql;\nuse super::super::view;"), ["2 view"]);
    let inner =
        "use super::sql;\nmod tests {\n    use super::super::sql;\n    use super::super::super::view;\n}";
    assert_eq!(names("src/plan/time.rs", inner), ["4 view"]);
}
