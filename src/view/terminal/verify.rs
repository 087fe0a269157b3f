//! What a look at an archive found, on the terminal: nothing is cut, since it may be needed whole.

use unicode_width::UnicodeWidthStr as _;

use super::{Options, Tone};
use crate::archive::Finding;
use crate::view::text::safe;

/// Places are lined up to at most this width.
const WIDEST_PLACE: usize = 40;

/// The findings, each with its place, and below each group what can be done.
pub fn findings(findings: &[Finding], options: &Options) -> String {
    let places: Vec<String> = findings.iter().map(place).collect();
    let width = places.iter().map(|place| place.width()).filter(|width| *width <= WIDEST_PLACE).max();
    let width = width.unwrap_or(0);
    let mut text = String::new();
    for (at, (finding, place)) in findings.iter().zip(&places).enumerate() {
        let padding = " ".repeat(width.saturating_sub(place.width()));
        let painted = Tone::Bad.paint(place, options.color);
        text.push_str(&format!("! {painted}{padding}  {}\n", safe(&finding.what)));
        // The same advice for several in a row is given once.
        let next = findings.get(at + 1).map(|next| &next.hint);
        if let Some(hint) = finding.hint.as_ref().filter(|_| next != Some(&finding.hint)) {
            text.push_str(&Tone::Faint.paint(&format!("  hint: {}", safe(hint)), options.color));
            text.push('\n');
        }
    }
    text
}

fn place(finding: &Finding) -> String {
    let path = safe(&finding.path);
    finding.line.map_or_else(|| path.to_string(), |line| format!("{path} line {line}"))
}

#[cfg(test)]
mod tests {
    use super::findings;
    use crate::archive::Finding;
    use crate::view::terminal::Options;

    #[test]
    fn places_are_lined_up_and_advice_is_given_once() {
        let long = "2025-11-06/a-very-long-name-of-a-file-that-is-no-part";
        let list = [
            Finding::damage("2025-11-06/manifest.json", "is missing"),
            Finding::damage("2025-11-07", "is \u{1b}[2Jmissing"),
            Finding { hint: None, line: Some(3), ..Finding::damage(long, "is too much") },
        ];
        let text = findings(&list, &Options { width: 80, color: false, all: false });
        assert_eq!(
            text,
            "\
! 2025-11-06/manifest.json  is missing
! 2025-11-07                is ␛[2Jmissing
  hint: restore it from a backup; asof never repairs what was frozen
! 2025-11-06/a-very-long-name-of-a-file-that-is-no-part line 3  is too much
"
        );
    }
}
