//! The page's script and the part of the style sheet that goes with it.

use crate::view::script::{NUMBER, packed};

/// The style of the controls, which the script makes.
pub(in crate::view) const STYLE: &str = include_str!("../../../templates/filter/filter.css");

/// In the order in which they build on each other; the first two can do without a page.
const PARTS: [&str; 4] = [
    NUMBER,
    include_str!("../../../templates/filter/cube.js"),
    include_str!("../../../templates/filter/chart.js"),
    include_str!("../../../templates/filter/day.js"),
];

/// The script as it stands in a page.
pub(in crate::view) fn script() -> String {
    packed(&PARTS)
}

#[cfg(test)]
mod tests {
    use super::script;

    #[test]
    fn the_script_is_small_and_ends_only_where_its_element_does() {
        let script = script();
        assert!(script.len() < 24_000, "{}", script.len());
        assert!(!script.contains("</") && !script.contains("<!--"));
        // Nothing that makes markup or code of text, and no style that the policy would refuse.
        for refused in
            ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function("]
        {
            assert!(!script.contains(refused), "{refused}");
        }
    }
}
