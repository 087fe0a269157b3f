//! A line through time as SVG: gaps stay gaps, what is not sure is marked, and so is a change of definitions.
//!
//! Places along the axis of time are percentages, so that the chart fills any width; only the lines themselves
//! are stretched, without their strokes.

use std::fmt::Write as _;

use super::chart::{DIGIT, Drawing, NARROWEST_AXIS, Scale, escaped, to_f64};
use super::format::Format;
use super::ticks;
use crate::analyze::outlook::Outlook;
use crate::model::{Day, Number, Provenance};

/// How it looks, and the panel in which it stands.
pub(super) const STYLE: &str = include_str!("../../templates/line.css");

/// How high the chart is, and the room for labels and for the strip of provenances below.
const HEIGHT: f64 = 260.0;
const ABOVE: f64 = 14.0;
const BELOW: f64 = 40.0;

/// How wide the stretched part is in its own units.
const WIDE: f64 = 1000.0;

/// More days than these have no dot each.
const MOST_DOTS: usize = 400;

const MOST_TICKS: i64 = 5;

/// A known day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dot {
    /// The day.
    pub day: Day,
    /// How high it lies; `None` for a day without a known value.
    pub value: Option<Number>,
    /// How it came to be known.
    pub provenance: Provenance,
    /// What is said of it when it is pointed at.
    pub title: String,
}

/// The chart; `None` when fewer than two days are there or all of them are zero or unknown.
pub fn line(dots: &[Dot], redefined: &[Day], outlook: Option<&Outlook>, format: &Format) -> Option<Drawing> {
    let ahead = outlook.map(|outlook| outlook.days.as_slice()).unwrap_or_default();
    let numbers = || {
        let known = dots.iter().filter_map(|dot| dot.value.as_ref());
        known.chain(ahead.iter().flat_map(|day| [&day.value, &day.low, &day.high]))
    };
    let (lowest, highest) = (numbers().min()?, numbers().max()?);
    let first = dots.first()?.day;
    let last = ahead.last().map(|day| day.day).max(dots.last().map(|dot| dot.day))?;
    let span = usize::try_from(last.days_since(first)).ok().filter(|span| *span > 0)?;
    let ticks = ticks::round(lowest, highest, MOST_TICKS, format.is_whole())?;
    let scale = Scale {
        low: ticks.at.first()?.clone(),
        high: ticks.at.last()?.clone(),
        top: ABOVE,
        bottom: HEIGHT - BELOW,
    };
    let part = |day: Day| to_f64(usize::try_from(day.days_since(first)).unwrap_or(0)) / to_f64(span);
    let (mut plot, mut axis, mut longest) = (String::new(), String::new(), 0);
    for (tick, text) in ticks.at.iter().zip(ticks::labels(&ticks, format)) {
        let y = scale.y(tick);
        let class = if tick.is_zero() { "base" } else { "grid" };
        let _ = write!(plot, r#"<line class="{class}" x2="100%" y1="{y:.1}" y2="{y:.1}"/>"#);
        longest = longest.max(text.chars().count());
        let _ = write!(axis, r#"<text class="tick" x="8" y="{:.1}">{}</text>"#, y + 4.0, escaped(&text));
    }
    draw_days(&mut plot, first, span);
    draw_redefined(&mut plot, redefined, part, &scale);
    let _ = write!(
        plot,
        r#"<svg class="stretched" width="100%" height="{HEIGHT}" viewBox="0 0 {WIDE} {HEIGHT}" preserveAspectRatio="none">{}{}</svg>"#,
        expected(dots, outlook, part, &scale),
        lines(dots, part, &scale)
    );
    draw_strip(&mut plot, dots, span, part);
    if dots.len() <= MOST_DOTS {
        draw_dots(&mut plot, dots, part, &scale);
    }
    let width = (longest * DIGIT + 10).max(NARROWEST_AXIS);
    Some(Drawing {
        plot: format!(r#"<svg class="plot" height="{HEIGHT}" aria-hidden="true">{plot}</svg>"#),
        axis: format!(
            r#"<svg class="axis" width="{width}" height="{HEIGHT}" aria-hidden="true">{axis}</svg>"#
        ),
    })
}

/// The line: one piece for each run of days without a gap, a day on its own as a point.
fn lines(dots: &[Dot], part: impl Fn(Day) -> f64, scale: &Scale) -> String {
    let mut path = String::new();
    let mut before: Option<Day> = None;
    let mut alone = false;
    for dot in dots {
        let Some(value) = &dot.value else { continue };
        let (x, y) = (part(dot.day) * WIDE, scale.y(value));
        if before.is_some_and(|before| dot.day.days_since(before) == 1) {
            let _ = write!(path, "L{x:.2} {y:.1}");
            alone = false;
        } else {
            if alone {
                path.push_str("h0");
            }
            let _ = write!(path, "M{x:.2} {y:.1}");
            alone = true;
        }
        before = Some(dot.day);
    }
    if alone {
        path.push_str("h0");
    }
    format!(r#"<path class="line" d="{path}"/>"#)
}

/// What is expected, with its interval; begun at the last known day where that is the day before.
fn expected(dots: &[Dot], outlook: Option<&Outlook>, part: impl Fn(Day) -> f64, scale: &Scale) -> String {
    let Some(outlook) = outlook else { return String::new() };
    let start = dots.iter().rfind(|dot| dot.day == outlook.basis.1).and_then(|dot| dot.value.as_ref());
    let start = start.map(|value| (part(outlook.basis.1) * WIDE, [scale.y(value); 3]));
    let ahead = outlook
        .days
        .iter()
        .map(|day| (part(day.day) * WIDE, [&day.value, &day.low, &day.high].map(|number| scale.y(number))));
    let places: Vec<(f64, [f64; 3])> = start.into_iter().chain(ahead).collect();
    let points = |list: &mut dyn Iterator<Item = (f64, f64)>| {
        list.map(|(x, y)| format!("{x:.2} {y:.1}")).collect::<Vec<_>>().join("L")
    };
    let middle = points(&mut places.iter().map(|(x, [value, _, _])| (*x, *value)));
    let upper = places.iter().map(|(x, [_, _, high])| (*x, *high));
    let lower = places.iter().rev().map(|(x, [_, low, _])| (*x, *low));
    let around = points(&mut upper.chain(lower));
    format!(r#"<path class="interval" d="M{around}Z"/><path class="expected" d="M{middle}"/>"#)
}

fn draw_dots(plot: &mut String, dots: &[Dot], part: impl Fn(Day) -> f64, scale: &Scale) {
    for dot in dots {
        let Some(value) = &dot.value else { continue };
        let _ = write!(
            plot,
            r#"<circle class="{}" cx="{:.2}%" cy="{:.1}" r="3.2"><title>{}</title></circle>"#,
            dot.provenance,
            part(dot.day) * 100.0,
            scale.y(value),
            escaped(&dot.title)
        );
    }
}

/// A strip below the line: how each run of days came to be known.
fn draw_strip(plot: &mut String, dots: &[Dot], span: usize, part: impl Fn(Day) -> f64) {
    let mut runs: Vec<(Day, Day, Provenance)> = Vec::new();
    for dot in dots {
        match runs.last_mut() {
            Some((_, last, provenance))
                if *provenance == dot.provenance && dot.day.days_since(*last) == 1 =>
            {
                *last = dot.day;
            }
            _ => runs.push((dot.day, dot.day, dot.provenance)),
        }
    }
    let half = 50.0 / to_f64(span);
    for (from, to, provenance) in runs {
        let left = (part(from) * 100.0 - half).max(0.0);
        let right = (part(to) * 100.0 + half).min(100.0);
        let _ = write!(
            plot,
            r#"<rect class="strip {provenance}" x="{left:.2}%" y="{:.1}" width="{:.2}%" height="4"><title>{from} – {to}: {provenance}</title></rect>"#,
            HEIGHT - BELOW + 7.0,
            right - left
        );
    }
}

fn draw_redefined(plot: &mut String, redefined: &[Day], part: impl Fn(Day) -> f64, scale: &Scale) {
    for day in redefined {
        let x = part(*day) * 100.0;
        let _ = write!(
            plot,
            r#"<line class="redefined" x1="{x:.2}%" x2="{x:.2}%" y1="{:.1}" y2="{:.1}"><title>defined otherwise from {day} on</title></line>"#,
            scale.top, scale.bottom
        );
    }
}

/// The names of some days below the axis, round numbers of days apart.
fn draw_days(plot: &mut String, first: Day, span: usize) {
    let steps = [1, 2, 7, 14, 28, 56, 91, 182, 364, 728, 1820, 3640];
    // A name with its year is longer, and two charts may stand side by side.
    let with_year = span > 300;
    let most = if with_year { 4 } else { 8 };
    let step = steps.into_iter().find(|step| span / step <= most).unwrap_or(span.max(1));
    for (at, ahead) in (0..=span).step_by(step).enumerate() {
        let Some(day) = i64::try_from(ahead).ok().and_then(|ahead| first.checked_add(ahead)) else {
            continue;
        };
        let x = to_f64(ahead) / to_f64(span) * 100.0;
        let format = if with_year { "%b %Y" } else { "%-d %b" };
        let place = if ahead == 0 {
            " start"
        } else if x > 97.0 {
            " end"
        } else {
            ""
        };
        let desk = if at % 4 == 0 { "" } else { " desk" };
        let _ = write!(
            plot,
            r#"<text class="tick x{place}{desk}" x="{x:.2}%" y="{}">{}</text>"#,
            HEIGHT - 8.0,
            day.date().format(format)
        );
    }
}

#[cfg(test)]
mod tests {
    use super::{Dot, line};
    use crate::model::Provenance;
    use crate::view::format::Format;

    fn dot(day: &str, value: Option<i64>, provenance: Provenance) -> Dot {
        Dot {
            day: day.parse().unwrap(),
            value: value.map(Into::into),
            provenance,
            title: format!("{day} <b>"),
        }
    }

    #[test]
    fn gaps_stay_gaps_and_marks_are_drawn() {
        let dots = [
            dot("2025-11-01", Some(0), Provenance::Witnessed),
            dot("2025-11-02", Some(100), Provenance::Reconstructed),
            dot("2025-11-03", None, Provenance::Witnessed),
            dot("2025-11-05", Some(50), Provenance::Provisional),
        ];
        let drawn = line(&dots, &["2025-11-05".parse().unwrap()], None, &Format::whole()).unwrap().plot;
        // 206 units between 14 for 100 and 220 for 0; four days are 1000 wide.
        assert!(drawn.contains(r#"class="line" d="M0.00 220.0L250.00 14.0M1000.00 117.0h0""#), "{drawn}");
        assert!(drawn.contains(r#"<circle class="provisional" cx="100.00%" cy="117.0""#), "{drawn}");
        assert!(drawn.contains(r#"<rect class="strip reconstructed""#), "{drawn}");
        assert!(drawn.contains("defined otherwise from 2025-11-05 on"), "{drawn}");
        assert!(drawn.contains("&lt;b&gt;") && !drawn.contains("<b>"), "{drawn}");
    }

    #[test]
    fn names_of_days_have_room_over_weeks_and_over_years() {
        for (last, named) in
            [("2025-11-20", "15 Nov"), ("2026-11-20", "May 2026"), ("2035-11-01", "Oct 2030")]
        {
            let dots = [
                dot("2025-11-01", Some(0), Provenance::Witnessed),
                dot(last, Some(1), Provenance::Witnessed),
            ];
            let drawn = line(&dots, &[], None, &Format::whole()).unwrap().plot;
            let names = drawn.matches(r#"class="tick x"#).count();
            assert!(drawn.contains(&format!(">{named}</text>")), "{last}: {drawn}");
            assert!((2..=if named.len() > 6 { 5 } else { 9 }).contains(&names), "{last}: {names}");
        }
    }

    #[test]
    fn one_day_is_no_line() {
        assert_eq!(
            line(&[dot("2025-11-01", Some(5), Provenance::Witnessed)], &[], None, &Format::whole()),
            None
        );
        assert_eq!(line(&[], &[], None, &Format::whole()), None);
    }
}
