//! The last weeks of a metric as a line without an axis: gaps stay gaps, and the same weekdays
//! are marked.

use std::fmt::Write as _;

use crate::model::Number;
use crate::model::compared::RecentDoc;

/// How high the drawing is in its own units; a day is `STEP` wide.
const HEIGHT: f64 = 400.0;
const STEP: usize = 10;

/// Room above the highest and below the lowest point.
const MARGIN: f64 = 50.0;

/// The values as parts of the height, from 0 for the bottom to 1 for the highest; `None` for a gap.
///
/// The bottom is zero, unless all values lie so close together that nothing would be seen of
/// their changes, or some are below zero.
pub fn levels(values: &[Option<Number>]) -> Vec<Option<f64>> {
    let known = || values.iter().flatten();
    let (Some(lowest), Some(highest)) = (known().min(), known().max()) else {
        return vec![None; values.len()];
    };
    let zero = Number::zero();
    let bottom = if starts_at_zero(lowest, highest) { &zero } else { lowest };
    let span = highest - bottom;
    // Where all are equal there is no span: zeros lie at the bottom, others in the middle.
    let flat = if lowest.is_zero() { 0.0 } else { 0.5 };
    let level = |value: &Number| (value - bottom).ratio(&span).map_or(flat, |part| part.to_f64());
    values.iter().map(|value| value.as_ref().map(level)).collect()
}

/// Whether the bottom of a drawing of such values is zero.
pub fn starts_at_zero(lowest: &Number, highest: &Number) -> bool {
    !lowest.is_negative() && lowest.times(&Number::from(2_i64)) <= *highest
}

/// The lowest and the highest of the values, where there are two days or more to tell apart.
pub fn range(recent: &RecentDoc) -> Option<(&Number, &Number)> {
    let known = || recent.values.iter().flatten();
    if known().count() < 2 {
        return None;
    }
    Some((known().min()?, known().max()?))
}

/// The drawing as SVG, stretched to whatever width there is; `None` when fewer than two days are known.
///
/// Points are lines without length and round ends, so that they stay round when stretched.
pub fn svg(recent: &RecentDoc) -> Option<String> {
    range(recent)?;
    let heights: Vec<Option<String>> = levels(&recent.values).into_iter().map(|level| level.map(y)).collect();
    let last = heights.len().saturating_sub(1);
    let width = last * STEP;
    let (mut line, mut area, mut dots) = (String::new(), String::new(), String::new());
    let mut run: Vec<(usize, &str)> = Vec::new();
    for (at, height) in heights.iter().enumerate() {
        if let Some(height) = height {
            run.push((at * STEP, height));
            if at < last && (last - at).is_multiple_of(7) {
                let _ = write!(dots, "M{} {height}h0", at * STEP);
            }
        }
        if height.is_none() || at == last {
            draw_run(&mut line, &mut area, &run);
            run.clear();
        }
    }
    let mut svg = format!(
        r#"<svg class="spark" viewBox="0 0 {width} {HEIGHT}" preserveAspectRatio="none" aria-hidden="true"><path class="area" d="{area}"/><path class="line" d="{line}"/>"#
    );
    if !dots.is_empty() {
        let _ = write!(svg, r#"<path class="dot" d="{dots}"/>"#);
    }
    if let Some(Some(height)) = heights.last() {
        let _ = write!(
            svg,
            r#"<path class="rim" d="M{width} {height}h0"/><path class="now" d="M{width} {height}h0"/>"#
        );
    }
    svg.push_str("</svg>");
    Some(svg)
}

fn y(level: f64) -> String {
    format!("{:.0}", HEIGHT - MARGIN - level * (HEIGHT - 2.0 * MARGIN))
}

/// Adds the days of one run without gaps to the line and to the area below it.
fn draw_run(line: &mut String, area: &mut String, run: &[(usize, &str)]) {
    let (Some((first_x, first_y)), Some((last_x, _))) = (run.first(), run.last()) else { return };
    let _ = write!(line, "M{first_x} {first_y}");
    let mut points = String::new();
    for (x, y) in run.iter().skip(1) {
        let _ = write!(points, "L{x} {y}");
    }
    if points.is_empty() {
        // A day on its own is a point.
        line.push_str("h0");
    } else {
        line.push_str(&points);
        let _ = write!(area, "M{first_x} {HEIGHT}V{first_y}{points}L{last_x} {HEIGHT}Z");
    }
}

#[cfg(test)]
mod tests {
    use super::{levels, svg};
    use crate::model::Number;
    use crate::model::compared::RecentDoc;

    fn numbers(values: &[Option<i64>]) -> Vec<Option<Number>> {
        values.iter().map(|value| value.map(Number::from)).collect()
    }

    fn recent(values: &[Option<i64>]) -> RecentDoc {
        RecentDoc { from: "2025-10-03".parse().unwrap(), editions: Vec::new(), values: numbers(values) }
    }

    #[test]
    fn the_bottom_is_zero_unless_nothing_would_be_seen() {
        assert_eq!(levels(&numbers(&[Some(5), None, Some(10)])), [Some(0.5), None, Some(1.0)]);
        assert_eq!(levels(&numbers(&[Some(90), Some(95), Some(100)])), [Some(0.0), Some(0.5), Some(1.0)]);
        assert_eq!(levels(&numbers(&[Some(-10), Some(10)])), [Some(0.0), Some(1.0)]);
        assert_eq!(levels(&numbers(&[Some(0), Some(0)])), [Some(0.0), Some(0.0)]);
        assert_eq!(levels(&numbers(&[None])), [None]);
    }

    #[test]
    fn gaps_stay_gaps_and_a_day_on_its_own_is_a_point() {
        // 300 units between 50 for the highest and 350 for zero, 10 a day.
        let drawn = svg(&recent(&[Some(0), Some(100), None, Some(50)])).unwrap();
        assert!(drawn.contains(r#"class="line" d="M0 350L10 50M30 200h0""#), "{drawn}");
        assert!(drawn.contains(r#"class="area" d="M0 400V350L10 50L10 400Z""#), "{drawn}");
        assert!(drawn.contains(r#"class="now" d="M30 200h0""#), "{drawn}");
    }

    #[test]
    fn the_same_weekdays_are_marked() {
        let drawn = svg(&recent(&[Some(100); 15])).unwrap();
        assert!(drawn.contains(r#"class="dot" d="M0 200h0M70 200h0""#), "{drawn}");
    }

    #[test]
    fn one_day_is_not_drawn() {
        assert_eq!(svg(&recent(&[None, Some(3)])), None);
        assert_eq!(svg(&recent(&[])), None);
    }
}
