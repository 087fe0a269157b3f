//! What documents point to is there.

use super::project::{documents, none, root};

/// The targets of a line's links: `[text](target)`.
fn links(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| rest.split(')').next())
}

/// The anchor that a heading gets: lower case, blanks as `-`, other signs left out.
fn anchor(heading: &str) -> String {
    let kept = heading.trim_start_matches('#').trim().to_lowercase();
    kept.chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

#[test]
fn links_lead_to_what_is_there() {
    let all = documents();
    let mut wrong = Vec::new();
    for document in &all {
        let folder = document.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for (at, line) in document.text.lines().enumerate() {
            for link in links(line).filter(|link| !link.contains("://")) {
                let (file, fragment) = link.split_once('#').unwrap_or((link, ""));
                let path = match (file, folder) {
                    ("", _) => document.path.clone(),
                    (file, "") => file.to_owned(),
                    (file, folder) => {
                        file.strip_prefix("../").map_or(format!("{folder}/{file}"), str::to_owned)
                    }
                };
                let target = all.iter().find(|other| other.path == path);
                let found = match target {
                    Some(target) if !fragment.is_empty() => {
                        target.text.lines().any(|line| line.starts_with('#') && anchor(line) == fragment)
                    }
                    _ => root().join(&path).exists(),
                };
                if !found {
                    wrong.push(format!("{}:{}: {link}", document.path, at + 1));
                }
            }
        }
    }
    none(&wrong, "a link leads nowhere");
}

#[test]
fn files_that_documents_name_are_there() {
    let folders = ["src/", "tests/", "docs/", "scripts/", "presets/", "templates/", ".ci/"];
    let mut wrong = Vec::new();
    for document in documents() {
        for (line, span) in document.spans() {
            let named =
                folders.iter().any(|folder| span.starts_with(folder)) && !span.contains([' ', '*', '<']);
            if named && !root().join(span).exists() {
                wrong.push(format!("{}:{line}: {span}", document.path));
            }
        }
    }
    none(&wrong, "a document names a file that does not exist");
}
