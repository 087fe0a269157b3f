//! A made-up day that the tests of this layer share.

use super::day::DayInput;
use super::layout::{Layout, Section};
use crate::model::{Definitions, Manifest, MetricsDoc};

/// The parts of a day's view, owned.
pub(crate) struct Sample {
    pub(crate) doc: MetricsDoc,
    pub(crate) manifest: Manifest,
    pub(crate) definitions: Definitions,
    pub(crate) layout: Layout,
}

/// The day of the sample files, in one section of three metrics.
pub(crate) fn day() -> Sample {
    let show = ["calls", "sales", "conversion"];
    Sample {
        doc: serde_json::from_str(include_str!("../../tests/view/sample/metrics.json")).unwrap(),
        manifest: serde_json::from_str(include_str!("../../tests/view/sample/manifest.json")).unwrap(),
        definitions: serde_json::from_str(include_str!("../../tests/view/sample/definitions.json")).unwrap(),
        layout: Layout {
            title: "Outbound calls".into(),
            sections: vec![Section {
                title: None,
                show: show.map(Into::into).into(),
                by: ["hour", "campaign", "status"].map(Into::into).into(),
                top: None,
            }],
        },
    }
}

impl Sample {
    /// What is given to a view.
    pub(crate) fn input(&self) -> DayInput<'_> {
        DayInput {
            doc: &self.doc,
            manifest: &self.manifest,
            definitions: &self.definitions,
            layout: &self.layout,
            remarks: &[],
            cubes: &[],
            grown: &[],
        }
    }
}
