//! A made-up day: its documents lie beside this file.

use asof::analyze::{Earlier, EarlierDay, MadeBy};
use asof::model::compared::{LevelDoc, MetricLevels, PreviousDoc};
use asof::model::seen::{ApartDoc, BasisDoc, LeftOutDoc, SeenDoc};
use asof::model::{Definitions, Edition, Manifest, MetricsDoc};
use asof::view::{DayInput, Layout, Section, lay_out};

/// The documents of a day and how they are laid out.
pub struct Sample {
    pub doc: MetricsDoc,
    pub manifest: Manifest,
    pub definitions: Definitions,
    pub layout: Layout,
    pub remarks: Vec<String>,
    pub grown: Vec<asof::view::GrownInput>,
}

/// The day, laid out by itself.
pub fn day() -> Sample {
    let doc: MetricsDoc = serde_json::from_str(include_str!("sample/metrics.json")).unwrap();
    let definitions: Definitions = serde_json::from_str(include_str!("sample/definitions.json")).unwrap();
    Sample {
        layout: Layout { title: "Outbound calls".into(), sections: lay_out(&doc, &definitions) },
        manifest: serde_json::from_str(include_str!("sample/manifest.json")).unwrap(),
        doc,
        definitions,
        remarks: Vec::new(),
        grown: Vec::new(),
    }
}

/// The day in sections, as a configuration would have them.
pub fn in_sections() -> Sample {
    let section = |title: &str, show: &[&str], by: &[&str], top| Section {
        title: Some(title.into()),
        show: show.iter().map(|name| (*name).into()).collect(),
        by: by.iter().map(|name| (*name).into()).collect(),
        top,
    };
    let mut day = day();
    day.layout.sections = vec![
        section("Volume", &["calls", "opt_ins", "sales", "minutes", "conversion", "phones"], &["hour"], None),
        section("Where it went", &["calls", "opt_ins", "sales", "conversion"], &["campaign"], None),
        section("Outcomes", &["calls"], &["status", "list"], Some(6)),
        section("Service", &["drop_rate", "aht"], &["campaign", "hour"], None),
    ];
    day.remarks = vec!["Edition 2 of this day differs: 3 numbers.".into()];
    day
}

impl Sample {
    /// What is given to a view.
    pub fn input(&self) -> DayInput<'_> {
        DayInput {
            doc: &self.doc,
            manifest: &self.manifest,
            definitions: &self.definitions,
            layout: &self.layout,
            remarks: &self.remarks,
            cubes: &[],
            grown: &self.grown,
        }
    }
}

/// Compares the day with two earlier ones: the same weekday, in its second edition, and the day
/// before. They know some of its metrics.
pub fn compare(sample: &mut Sample) {
    let earlier = |edition: u32, values: &[(&str, &str)]| EarlierDay {
        edition: Edition::new(edition).unwrap(),
        made_by: MadeBy::TheSame,
        values: values.iter().map(|(name, value)| ((*name).into(), value.parse().ok())).collect(),
        levels: [].into(),
    };
    let level = |key: &str, value: i64| LevelDoc { key: Some(key.into()), value: Some(value.into()) };
    let by = [("hour".to_owned(), vec![level("07", 12), level("08", 280), level("12", 2430)])].into();
    let mut week_before = earlier(2, &[("calls", "20029"), ("opt_ins", "1310"), ("sales", "71")]);
    week_before.levels.insert("calls".into(), MetricLevels { reason: None, by });
    let day_before = earlier(1, &[("calls", "20580"), ("sales", "63")]);
    let days = [("2025-10-30", week_before), ("2025-11-05", day_before)];
    let earlier = Earlier {
        previous: Some(PreviousDoc { date: "2025-11-05".parse().unwrap(), edition: Edition::FIRST }),
        days: days.map(|(date, day)| (date.parse().unwrap(), day)).into(),
    };
    earlier.tell(&mut sample.doc, &sample.definitions, &sample.manifest.definitions);
}

/// Has the day's phones counted over time, with what was not counted.
pub fn count_over_time(sample: &mut Sample) {
    let phones = &mut sample.doc.metrics["phones"];
    phones.seen = Some(SeenDoc {
        unique: 15_794,
        new: Some(1_212),
        cumulative: Some(57_093),
        reason: None,
        basis: BasisDoc {
            since: "2025-10-01".parse().unwrap(),
            days: 35,
            gaps: 2,
            left_out: vec![LeftOutDoc { days: 1, reason: "hashed with another key".into() }],
        },
    });
    phones.apart = Some(ApartDoc { blank_rows: 3, unusable: 2, unusable_rows: 5 });
}
