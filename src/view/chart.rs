//! Column charts as SVG: round ticks, real labels, colours by the page's style sheet.
//!
//! Places along the axis of time are percentages and heights are pixels, so that a chart
//! fills any width and its text keeps its size.

use std::fmt::Write as _;

use super::format::Format;
use super::ticks;
use crate::model::Number;

/// One column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// What stands below it.
    pub label: String,
    /// How high it is; no column at all when unknown.
    pub value: Option<Number>,
    /// The level of another day behind it.
    pub level: Option<Number>,
    /// What is said of it when it is pointed at.
    pub title: String,
}

/// How large a chart is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// As wide as the page.
    Large,
    /// A few side by side.
    Small,
}

/// A chart's two drawings, set side by side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawing {
    /// The columns.
    pub plot: String,
    /// The scale beside them.
    pub axis: String,
}

/// Room above the highest tick and below the columns, for their labels.
const ABOVE: f64 = 9.0;
const BELOW: f64 = 24.0;

/// Scales of charts side by side have one width, so that their columns line up.
pub(super) const NARROWEST_AXIS: usize = 48;

/// How wide a digit of a label is at the size in which labels are set.
pub(super) const DIGIT: usize = 7;

impl Size {
    fn height(self) -> f64 {
        if self == Self::Large { 190.0 } else { 96.0 }
    }

    fn most_ticks(self) -> i64 {
        if self == Self::Large { 5 } else { 2 }
    }

    /// The widths for which labels are chosen: of a desk's screen, and of a phone's.
    fn widths(self) -> (usize, usize) {
        if self == Self::Large { (940, 280) } else { (150, 105) }
    }
}

/// The columns drawn over an axis of round ticks; `None` when there is nothing to draw.
pub fn columns(columns: &[Column], format: &Format, size: Size) -> Option<Drawing> {
    let values = || columns.iter().flat_map(|column| column.value.iter().chain(&column.level));
    let (lowest, highest) = (values().min()?, values().max()?);
    let ticks = ticks::round(lowest, highest, size.most_ticks(), format.is_whole())?;
    let scale = Scale {
        low: ticks.at.first()?.clone(),
        high: ticks.at.last()?.clone(),
        top: ABOVE,
        bottom: size.height() - BELOW,
    };
    let mut plot = String::new();
    let mut axis = String::new();
    let mut longest = 0;
    for (tick, text) in ticks.at.iter().zip(ticks::labels(&ticks, format)) {
        let y = scale.y(tick);
        let class = if tick.is_zero() { "base" } else { "grid" };
        let _ = write!(plot, r#"<line class="{class}" x2="100%" y1="{y:.1}" y2="{y:.1}"/>"#);
        if !tick.is_zero() {
            longest = longest.max(text.chars().count());
            let _ = write!(axis, r#"<text class="tick" x="8" y="{:.1}">{}</text>"#, y + 4.0, escaped(&text));
        }
    }
    draw_columns(&mut plot, columns, &scale, size);
    let height = size.height();
    Some(Drawing {
        plot: format!(r#"<svg class="plot" height="{height}" aria-hidden="true">{plot}</svg>"#),
        axis: format!(
            r#"<svg class="axis" width="{}" height="{height}" aria-hidden="true">{axis}</svg>"#,
            (longest * DIGIT + 10).max(NARROWEST_AXIS)
        ),
    })
}

fn draw_columns(plot: &mut String, columns: &[Column], scale: &Scale, size: Size) {
    let slot = 100.0 / to_f64(columns.len().max(1));
    // A lone column would otherwise be as wide as the page.
    let width = (slot * 0.64).min(8.0);
    let labelled = Labelled::of(columns, size);
    let base = scale.y(&Number::zero());
    let text_y = size.height() - 6.0;
    for (at, column) in columns.iter().enumerate() {
        let middle = slot * (to_f64(at) + 0.5);
        let _ = write!(plot, "<g><title>{}</title>", escaped(&column.title));
        if let Some(value) = &column.value {
            let y = scale.y(value);
            let (top, height) = (y.min(base), (y - base).abs());
            // What is not zero is seen, however small.
            let height = if value.is_zero() { 0.0 } else { height.max(1.0) };
            let _ = write!(
                plot,
                r#"<rect class="col" x="{:.2}%" y="{top:.1}" width="{width:.2}%" height="{height:.1}" rx="2"/>"#,
                middle - width / 2.0
            );
        }
        if let Some(level) = column.level.as_ref().filter(|level| !level.is_zero()) {
            let y = scale.y(level);
            let _ = write!(
                plot,
                r#"<line class="level" x1="{:.2}%" x2="{:.2}%" y1="{y:.1}" y2="{y:.1}"/>"#,
                middle - width * 0.62,
                middle + width * 0.62
            );
        }
        if let Some(class) = labelled.class(at) {
            let _ = write!(
                plot,
                r#"<text class="{class}" x="{middle:.2}%" y="{text_y}">{}</text>"#,
                escaped(&column.label)
            );
        }
        plot.push_str("</g>");
    }
}

/// Which columns have a label: every so many, and fewer on a phone.
struct Labelled {
    wide: usize,
    narrow: usize,
}

impl Labelled {
    fn of(columns: &[Column], size: Size) -> Self {
        let longest = columns.iter().map(|column| column.label.chars().count()).max().unwrap_or(1);
        let (desk, phone) = size.widths();
        let every = |width: usize, of: usize| {
            let fit = (width / (longest * DIGIT + 7)).max(1);
            let needed = columns.len().div_ceil(fit).max(1);
            // Steps that a clock has, and those for a phone among those for a desk.
            let steps = [1, 2, 3, 4, 6, 8, 12, 24, 48, 96].into_iter();
            steps.filter(|step| step % of == 0).find(|step| *step >= needed).unwrap_or(columns.len().max(1))
        };
        let wide = every(desk, 1);
        Self { wide, narrow: every(phone, wide) }
    }

    fn class(&self, at: usize) -> Option<&'static str> {
        if at.is_multiple_of(self.narrow) {
            Some("tick x")
        } else if at.is_multiple_of(self.wide) {
            Some("tick x desk")
        } else {
            None
        }
    }
}

/// From numbers to pixels.
pub(super) struct Scale {
    pub(super) low: Number,
    pub(super) high: Number,
    pub(super) top: f64,
    pub(super) bottom: f64,
}

impl Scale {
    /// Divided exactly first, so that numbers beyond a float's range are drawn too.
    pub(super) fn y(&self, number: &Number) -> f64 {
        let part = (number - &self.low).ratio(&(&self.high - &self.low));
        self.bottom - (self.bottom - self.top) * part.map_or(0.0, |part| part.to_f64())
    }
}

/// Small counts of columns, as floats for drawing.
pub(super) fn to_f64(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::from(u32::MAX), f64::from)
}

/// Text for an SVG or HTML element or attribute.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::{Column, Labelled, Size, columns};
    use crate::view::format::Format;

    fn column(label: &str, value: Option<&str>) -> Column {
        Column {
            label: label.into(),
            value: value.map(|v| v.parse().unwrap()),
            level: None,
            title: format!("{label}!"),
        }
    }

    #[test]
    fn columns_stand_on_the_base_and_reach_to_their_tick() {
        let drawing =
            columns(&[column("08", Some("1000")), column("09", Some("500"))], &Format::whole(), Size::Large)
                .unwrap();
        // 157 px between y 9 (1,000) and y 166 (0); ticks at every 200.
        assert!(
            drawing.plot.contains(r#"x="21.00%" y="9.0" width="8.00%" height="157.0""#),
            "{}",
            drawing.plot
        );
        assert!(
            drawing.plot.contains(r#"x="71.00%" y="87.5" width="8.00%" height="78.5""#),
            "{}",
            drawing.plot
        );
        assert!(drawing.axis.contains(">1,000</text>"), "{}", drawing.axis);
        assert_eq!(drawing.axis.matches("<text").count(), 5);
    }

    #[test]
    fn numbers_below_zero_hang_from_the_base() {
        let drawing =
            columns(&[column("a", Some("-10")), column("b", Some("10"))], &Format::whole(), Size::Small)
                .unwrap();
        // 63 px between y 9 (10) and y 72 (-10), the base in the middle.
        assert!(drawing.plot.contains(r#"y="40.5" width="8.00%" height="31.5""#), "{}", drawing.plot);
        assert!(drawing.plot.contains(r#"y="9.0" width="8.00%" height="31.5""#), "{}", drawing.plot);
    }

    #[test]
    fn numbers_beyond_floats_are_drawn() {
        let digits = format!("1{}", "0".repeat(390));
        let drawing = columns(&[column("a", Some(&digits))], &Format::whole(), Size::Large).unwrap();
        assert!(drawing.plot.contains(r#"height="157.0""#), "{}", drawing.plot);
    }

    #[test]
    fn nothing_is_drawn_of_nothing() {
        assert_eq!(columns(&[], &Format::whole(), Size::Large), None);
        assert_eq!(columns(&[column("a", None)], &Format::whole(), Size::Large), None);
        assert_eq!(columns(&[column("a", Some("0"))], &Format::whole(), Size::Large), None);
    }

    #[test]
    fn labels_are_escaped() {
        let hostile = column("</svg><script>", Some("1"));
        let drawing = columns(&[hostile], &Format::whole(), Size::Large).unwrap();
        assert!(!drawing.plot.contains("<script"), "{}", drawing.plot);
    }

    #[test]
    fn labels_thin_out_where_there_is_no_room() {
        let quarters: Vec<Column> =
            (0..96).map(|n| column(&format!("{:02}:{:02}", n / 4, n % 4 * 15), Some("1"))).collect();
        let labelled = Labelled::of(&quarters, Size::Large);
        // 42 px each: 22 on a desk, 6 on a phone.
        assert_eq!((labelled.wide, labelled.narrow), (6, 24));
        let hours: Vec<Column> = (0..13).map(|n| column(&format!("{n:02}"), Some("1"))).collect();
        let labelled = Labelled::of(&hours, Size::Large);
        assert_eq!((labelled.wide, labelled.narrow), (1, 1));
    }
}
