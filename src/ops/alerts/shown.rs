//! What is said of each alert on a day, as views take it.

use super::few::Few;
use super::{Judged, Judgement, document};
use crate::analyze::alerts::State;
use crate::archive::Archive;
use crate::config::Config;
use crate::model::Number;
use crate::view::format::Format;
use crate::view::terminal::AlertRow;
use crate::view::text::member_name;

/// A row for each of these alerts.
pub fn rows(few: &Few<'_>, judgement: &Judgement, config: &Config, archive: &Archive) -> Vec<AlertRow> {
    // What members are called is told where the day can be read; else their keys do.
    let line = judgement.line.as_ref().filter(|_| judgement.judged.iter().any(|one| one.member.is_some()));
    let doc = line.and_then(|line| archive.metrics(&archive.manifest(line).ok()?).ok());
    let called = |judged: &Judged| {
        let member = judged.member.as_ref()?;
        let of = judged.metric.as_ref().and_then(|metric| doc.as_ref()?.metrics.get(metric));
        let found = of.and_then(|metric| metric.by.get(&member.by)?.iter().find(|one| one.key == member.key));
        let name = member_name(member.key.as_deref(), found.and_then(|found| found.label.as_deref()));
        Some(match name.small {
            Some(small) => format!("{} {small}", name.main),
            None => name.main.into_owned(),
        })
    };
    let number = |judged: &Judged, number: Option<&Number>| {
        let look = judged.metric.as_ref().and_then(|metric| config.presentation.metrics.get(metric));
        let unit = look.and_then(|look| look.unit.as_deref());
        let both = [judged.verdict.value.as_ref(), judged.verdict.expected.as_ref()];
        number.map(|number| Format::of(unit, both.into_iter().flatten()).show(number).to_string())
    };
    let row = |judged: &&Judged| AlertRow {
        name: judged.name.clone(),
        member: called(judged),
        state: document::state(judged.verdict.state).to_owned(),
        fires: judged.verdict.state == State::Fires,
        value: number(judged, judged.verdict.value.as_ref()),
        expected: number(judged, judged.verdict.expected.as_ref()),
        why: judged.verdict.why.clone(),
    };
    few.told.iter().map(row).collect()
}
