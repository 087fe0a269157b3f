//! What a server puts around the pages: one bar on top of each, and what can be asked for below its heading. A page
//! that lies on a disk has nothing of it.

use askama::Template;

use super::page::csp_digest;

/// How the bar and the forms look.
const STYLE: &str = include_str!("../../templates/serve/bar.css");

/// What is put around a page, as HTML.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Around {
    /// The bar on top.
    pub bar: String,
    /// What stands below the heading: forms and links.
    pub below: String,
}

/// Adds what a bar and forms need to a page's style sheet, and to its policy: forms may be sent to where the page is from.
pub(super) fn allow(style: &mut String, policy: &mut String) {
    let before = csp_digest(style);
    style.push_str(STYLE);
    *policy = policy.replace(&before, &csp_digest(style)).replace("form-action 'none'", "form-action 'self'");
}

/// A link of the bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BarLink {
    /// Where it leads.
    pub href: String,
    /// What it is called.
    pub name: &'static str,
    /// Whether it is where one is.
    pub here: bool,
    /// Whether it stands apart, as what does something.
    pub apart: bool,
}

/// The bar on top of all pages.
#[derive(Template)]
#[template(path = "serve/bar.html")]
pub struct Bar {
    /// Its links.
    pub links: Vec<BarLink>,
}

#[cfg(test)]
mod tests {
    use super::{allow, csp_digest};

    #[test]
    fn the_policy_has_the_digest_of_the_longer_style() {
        let mut style = "b{}".to_owned();
        let mut policy = format!("style-src '{}'; form-action 'none'", csp_digest(&style));
        allow(&mut style, &mut policy);
        assert!(style.len() > 3);
        assert_eq!(policy, format!("style-src '{}'; form-action 'self'", csp_digest(&style)));
    }
}
