//! What a page's script needs to compute the page for a choice of members: the crossed cubes
//! by columns, and what the tiles and panels show of them.

use std::collections::BTreeMap;

use bigdecimal::num_bigint::BigInt;
use serde::{Serialize, Serializer};

use crate::model::Number;
use crate::view::format::Format;
use crate::view::text::visible;

/// All that the script knows. It refers to dimensions, members, cubes and metrics by their places.
#[derive(Serialize)]
pub(in crate::view) struct Data {
    pub(super) dimensions: Vec<Dimension>,
    pub(super) cubes: Vec<CubeData>,
    pub(super) metrics: Vec<Metric>,
    /// The metrics of the page's tiles, in their order.
    pub(super) tiles: Vec<usize>,
    /// The page's panels, in their order.
    pub(super) panels: Vec<PanelData>,
    /// What can't be chosen and why, as sentences.
    pub(super) notes: Vec<String>,
}

/// A dimension whose members can be chosen.
#[derive(Serialize)]
pub(super) struct Dimension {
    pub(super) name: String,
    /// As it heads a table, and as it stands in a sentence.
    pub(super) label: String,
    pub(super) word: String,
    /// Whether its members are spans of the day.
    pub(super) time: bool,
    /// Each with its key, its name, and what stands beside that in small.
    pub(super) members: Vec<(Option<String>, String, Option<String>)>,
}

/// The groups of some events, by columns.
#[derive(Serialize)]
pub(super) struct CubeData {
    /// What people call the events, in a sentence.
    pub(super) word: String,
    /// Its dimensions.
    pub(super) by: Vec<usize>,
    /// For each of them the member of every group.
    pub(super) members: Vec<Vec<usize>>,
    /// Its aggregates; the first is how many rows there are.
    pub(super) columns: Vec<ColumnData>,
}

/// An aggregate of every group.
#[derive(Serialize)]
pub(super) struct ColumnData {
    /// How they combine: `+`, `<` for the smallest, `>` for the largest.
    pub(super) fold: char,
    /// How many digits of the values stand after the point.
    pub(super) places: i64,
    pub(super) values: Vec<Option<Digits>>,
}

/// An integer: as a number where a script's own numbers hold it, else as text.
pub(super) struct Digits(pub(super) BigInt);

/// A metric.
#[derive(Serialize)]
pub(super) struct Metric {
    /// As it stands alone, and as it stands in a sentence.
    pub(super) label: String,
    pub(super) word: String,
    pub(super) format: FormatData,
    /// What it is: `count`, `sum`, `min`, `max`, `avg`, `distinct`, `ratio`.
    pub(super) is: &'static str,
    /// Its cube; none when that can't be filtered, or for a ratio.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) of: Option<usize>,
    /// Its columns of the cube; a ratio's two metrics.
    pub(super) parts: Vec<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) divide: Option<String>,
    /// Of a distinct count: for each dimension that it was counted by, that of each member.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) by: BTreeMap<usize, Vec<Option<Digits>>>,
    /// Of a distinct count: that of the whole day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) total: Option<Digits>,
    /// Whether it is taken over several days.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) over: bool,
}

/// How numbers are shown.
#[derive(Serialize)]
pub(in crate::view) struct FormatData {
    places: i64,
    /// Where the unit stands: `%`, `<` before the number, `>` after it, or nowhere.
    at: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    unit: String,
}

impl FormatData {
    /// The same as a format, for a script.
    pub(in crate::view) fn of(format: &Format) -> Self {
        let (places, at, unit) = format.told();
        Self { places, at, unit: visible(unit).into_owned() }
    }
}

/// A table of members, and charts of the same.
#[derive(Serialize)]
pub(super) struct PanelData {
    /// Its dimension; none when that can't be chosen.
    pub(super) by: Option<usize>,
    pub(super) metrics: Vec<usize>,
    /// How many members are shown before the rest is taken together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) top: Option<usize>,
    /// Whether there is a column of shares.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) shares: bool,
    /// Which of the metrics have a chart.
    pub(super) charts: Vec<usize>,
    /// What stands along a chart's axis.
    pub(super) slots: Vec<SlotData>,
    /// What is said below it whatever is chosen.
    pub(super) notes: Vec<String>,
}

/// A place on a chart's axis: a member, or the name of a span at which nothing happened all day.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum SlotData {
    Member(usize),
    Empty(String),
}

impl Digits {
    /// A number's digits when that many of them stand after the point.
    pub(super) fn of(number: &Number, places: i64) -> Self {
        let (digits, own) = number.to_scaled();
        let missing = u32::try_from(places - own).unwrap_or(0);
        Self(digits * BigInt::from(10).pow(missing))
    }
}

impl Serialize for Digits {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        const EXACT: i64 = 1 << 53;
        match i64::try_from(&self.0) {
            Ok(digits) if (-EXACT..=EXACT).contains(&digits) => serializer.serialize_i64(digits),
            _ => serializer.collect_str(&self.0),
        }
    }
}

impl Data {
    /// The JSON as it may stand in a script element: nothing in it ends the element.
    pub(super) fn json(&self) -> String {
        // Only plain data: there is nothing that can fail.
        let json = serde_json::to_string(self).unwrap_or_default();
        let mut escaped = String::with_capacity(json.len());
        for c in json.chars() {
            match c {
                // All of these stand within strings only.
                '<' => escaped.push_str("\\u003c"),
                '>' => escaped.push_str("\\u003e"),
                '&' => escaped.push_str("\\u0026"),
                '\u{2028}' => escaped.push_str("\\u2028"),
                '\u{2029}' => escaped.push_str("\\u2029"),
                c => escaped.push(c),
            }
        }
        escaped
    }
}

#[cfg(test)]
mod tests {
    use super::{Data, Digits, Dimension};

    #[test]
    fn digits_beyond_a_script_s_own_numbers_are_text() {
        let json = |number: &str, places| {
            serde_json::to_string(&Digits::of(&number.parse().unwrap(), places)).unwrap()
        };
        assert_eq!(json("1.5", 3), "1500");
        assert_eq!(json("-9007199254740992", 0), "-9007199254740992");
        assert_eq!(json("9007199254740993", 0), "\"9007199254740993\"");
        assert_eq!(json("-90071992547409.93", 2), "\"-9007199254740993\"");
    }

    #[test]
    fn nothing_in_the_json_ends_its_element() {
        let hostile = "</script><!--&\u{2028}\u{2029}\"\\";
        let dimension = Dimension {
            name: hostile.into(),
            label: hostile.into(),
            word: hostile.into(),
            time: false,
            members: vec![(Some(hostile.into()), hostile.into(), None)],
        };
        let data = Data {
            dimensions: vec![dimension],
            cubes: Vec::new(),
            metrics: Vec::new(),
            tiles: Vec::new(),
            panels: Vec::new(),
            notes: vec![hostile.into()],
        };
        let json = data.json();
        assert!(!json.contains(['<', '>', '&', '\u{2028}', '\u{2029}']), "{json}");
        let read: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(read["notes"][0], hostile);
    }
}
