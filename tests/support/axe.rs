//! axe-core, which finds what keeps people with screen readers, keyboards or weak eyes from using a page.

use std::path::Path;

use super::browser::Browser;

/// What it finds on the open page, as sentences; nothing when all is well.
pub fn findings(browser: &mut Browser) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/axe.min.js");
    let source = std::fs::read_to_string(&path).unwrap_or_else(|error| {
        panic!("this test needs axe-core at {}: run scripts/fetch-axe ({error})", path.display())
    });
    browser.script(&format!("{source}; 0"));
    let found = browser.script(
        "axe.run(document, { iframes: false, resultTypes: ['violations'] }).then(({ violations }) =>
            violations.flatMap(({ id, help, nodes }) =>
                nodes.map(({ target, any }) => `${id}: ${help}: ${target} ${any.map((check) => check.message).join('; ')}`)))",
    );
    found.as_array().unwrap().iter().map(|finding| finding.as_str().unwrap().to_owned()).collect()
}
