//! `asof history`

use std::path::PathBuf;

use chrono::Months;
use serde_json::{Map, Value, json};

use super::context::Context;
use super::exit;
use super::failure::Failure;
use super::output::print;
use super::place::{Opened, Place};
use crate::archive::Looks;
use crate::calendar::Moment;
use crate::entities::computed::Move;
use crate::model::Day;
use crate::model::entity::FieldValue;
use crate::ops::entities::history::{Histories, Subject, Timeline, TimelineRow};
use crate::ops::entities::rows::Why;
use crate::ops::new_file;
use crate::view::HistoryPage;
use crate::view::history::{HistoryInput, HistoryRow};
use crate::view::terminal;
use crate::view::text::safe;

const EXAMPLES: &str = "\
Examples:
  asof history account 5                     every row that was kept of it, oldest first
  asof history account 'Acme Corp'           by its label, if only one is called so
  asof history account 5 --months 3          the last three months
  asof history account 5 --csv > acme.csv    for a spreadsheet
  asof history account 5 --html acme.html    a page with charts

Of each row it tells what is other than in the row before. Days between two rows are counted by the
business days in which they were taken; a field that was not read then is null, and said to be so.";

/// Show one entity through time
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct HistoryCommand {
    /// What it is one of
    #[arg(value_name = "ENTITY")]
    entity: String,
    /// Its key, or its label if only one is called so
    #[arg(value_name = "KEY")]
    key: String,
    /// Only the rows of the last so many months
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=12_000))]
    months: Option<u32>,
    /// Print the rows as CSV
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// Write a page with charts into this new file
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// As the archive was then: 2025-11-08T09:00, with an offset, or a date for its end
    #[arg(long, value_name = "TIME")]
    as_of: Option<Moment>,
    #[command(flatten)]
    place: Place,
}

/// The entities of this name in an archive, and what it holds of them.
///
/// # Errors
/// When the configuration has none of that name; without one, when the archive has none.
pub(super) fn subject(opened: &Opened, name: &str) -> Result<(Subject, Looks), Failure> {
    let mut all = opened.archive.looks(opened.as_of)?;
    let looks = all.remove(name).unwrap_or_default();
    if let Some(config) = &opened.config {
        let (name, entity) = super::growth::chosen(&config.entities, Some(name))?;
        return Ok((Subject::new(name, entity), looks));
    }
    Subject::of_archive(&opened.archive, name, &looks)?.map(|subject| (subject, looks)).ok_or_else(|| {
        let known: Vec<String> = all.into_keys().collect();
        let hint = (!known.is_empty()).then(|| format!("there are {}", known.join(", ")));
        Failure::said(exit::USAGE, format!("the archive holds no {name:?}"), hint)
    })
}

impl HistoryCommand {
    /// Runs it.
    ///
    /// # Errors
    /// When there is no such entity or more than one, the archive can't be read, or the page can't be written.
    pub fn run(self, context: &Context<'_>) -> Result<u8, Failure> {
        let opened = self.place.open(context, self.as_of)?;
        if let Some(path) = &self.html {
            new_file::check(path, opened.archive.dir())?;
        }
        let (subject, looks) = subject(&opened, &self.entity)?;
        let histories = Histories {
            archive: &opened.archive,
            looks: &looks,
            subject: &subject,
            calendar: opened.calendar,
        };
        let from = self.months.and_then(|months| months_back(opened.today, months));
        let timeline = histories.timeline(&self.key, from)?;
        let out = context.output;
        if let Some(path) = &self.html {
            let page = HistoryPage::new(&input(&timeline, &opened), &opened.origin(context)).to_bytes();
            let page = page.map_err(|error| {
                let hint = "this is a mistake in asof: please report it".to_owned();
                Failure::new(exit::FAILED, error, Some(hint))
            })?;
            new_file::write(path, opened.archive.dir(), &page)?;
            out.report(&format!("wrote {}\n", safe(&path.display().to_string())));
        }
        if self.csv {
            let csv = csv(&timeline).map_err(|error| Failure::new(exit::FAILED, error, None))?;
            print(&String::from_utf8_lossy(&csv));
        } else if out.json() {
            out.document(&document(&timeline));
        } else if self.html.is_none() {
            out.answer(&terminal::history(&input(&timeline, &opened), &out.options(true)));
        }
        Ok(exit::DONE)
    }
}

/// The day so many months before another.
pub(super) fn months_back(today: Day, months: u32) -> Option<Day> {
    today.date().checked_sub_months(Months::new(months)).and_then(Day::new)
}

/// What kind of row it is, and why it was captured.
pub(super) fn why(why: Option<&Why>) -> String {
    let Some(why) = why else { return "daily look".to_owned() };
    let mut text = why.kind.word().replace('_', " ");
    if let Some(trigger) = &why.trigger {
        text.push_str(&format!(" ({trigger})"));
    }
    for said in why.actor.iter().map(|actor| format!(" by {actor}")) {
        text.push_str(&said);
    }
    if let Some(reason) = &why.reason {
        text.push_str(&format!(", “{reason}”"));
    }
    text
}

/// What is shown of it.
pub(super) fn input<'a>(timeline: &'a Timeline, opened: &Opened) -> HistoryInput<'a> {
    let row = |row: &'a TimelineRow| HistoryRow {
        day: row.kept.day,
        at: row.kept.at,
        why: why(row.kept.capture.as_ref()),
        definition: row.kept.definition,
        row: &row.kept.row,
        computed: &row.computed,
    };
    HistoryInput {
        entity: &timeline.entity,
        key: &timeline.key,
        label: timeline.label.as_deref(),
        zone: opened.calendar.zone(),
        fields: &timeline.fields,
        numbers: &timeline.numbers,
        rows: timeline.rows.iter().map(row).collect(),
        unlooked: &timeline.unlooked,
        thinned: &timeline.thinned,
        newest_thinned: timeline.newest_thinned,
        gone: timeline.gone,
    }
}

/// What a number did, as JSON.
pub(super) fn moved(moved: &Move) -> Value {
    json!({
        "previous": moved.previous,
        "change": moved.change,
        "percentage": moved.percentage,
        "is_significant": moved.is_significant,
        "trend": moved.trend,
    })
}

/// A row as JSON, with every field that is told; what was not read then is null and named.
pub(super) fn row_document(timeline: &Timeline, row: &TimelineRow) -> Value {
    let kept = &row.kept;
    let value = |name: &String| kept.row.fields.get(name).cloned().flatten();
    let fields: Map<String, Value> =
        timeline.fields.keys().map(|name| (name.clone(), json!(value(name)))).collect();
    let not_read: Vec<&String> =
        timeline.fields.keys().filter(|name| !kept.row.fields.contains_key(*name)).collect();
    let numbers: Map<String, Value> =
        row.computed.moves.iter().map(|(name, told)| (name.clone(), moved(told))).collect();
    let why = kept.capture.as_ref();
    let mut document = json!({
        "snapshot_id": kept.row.snapshot_id(),
        "seq": kept.row.seq,
        "date": kept.day,
        "captured_at": kept.at,
        "type": why.map_or("look", |why| why.kind.word()),
        "label": kept.row.label,
        "fields": fields,
        "numbers": numbers,
        "is_significant_change": row.computed.is_significant,
        "days_since_last_snapshot": row.computed.previous.map(|before| before.days),
        "previous": row.computed.previous.map(|before| json!({ "seq": before.seq, "captured_at": before.at })),
        "definition": kept.definition,
        "not_read": not_read,
    });
    if let (Some(why), Some(document)) = (why, document.as_object_mut()) {
        document.insert("trigger".to_owned(), json!(why.trigger));
        document.insert("reason".to_owned(), json!(why.reason));
        document.insert("actor".to_owned(), json!(why.actor));
        document.insert("occurred_at".to_owned(), json!(why.occurred_at));
        document.insert("changes".to_owned(), json!(why.changes));
    }
    document
}

fn document(timeline: &Timeline) -> Value {
    let days = |days: &[(Day, String)]| -> Vec<Value> {
        days.iter().map(|(day, reason)| json!({ "date": day, "reason": reason })).collect()
    };
    json!({
        "entity": timeline.entity,
        "key": timeline.key,
        "label": timeline.label,
        "rows": timeline.rows.iter().map(|row| row_document(timeline, row)).collect::<Vec<_>>(),
        "unlooked": days(&timeline.unlooked),
        "thinned": days(&timeline.thinned),
        "newest_thinned": timeline.newest_thinned,
        "gone": timeline.gone,
    })
}

/// The rows as CSV: what is unknown is an empty cell, a list is JSON.
fn csv(timeline: &Timeline) -> Result<Vec<u8>, csv::Error> {
    const FIRST: [&str; 7] =
        ["snapshot_id", "date", "captured_at", "type", "trigger", "reason", "days_since_last_snapshot"];
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut head: Vec<String> = FIRST.map(str::to_owned).into();
    head.push("is_significant_change".to_owned());
    head.extend(timeline.fields.keys().cloned());
    for (name, settings) in &timeline.numbers {
        head.extend([format!("{name}_change"), format!("{name}_percentage")]);
        head.extend(settings.trend.is_some().then(|| format!("{name}_trend")));
    }
    writer.write_record(&head)?;
    for TimelineRow { kept, computed } in &timeline.rows {
        let why = kept.capture.as_ref();
        let text = |text: Option<&String>| text.cloned().unwrap_or_default();
        let mut cells = vec![
            kept.row.snapshot_id().to_string(),
            kept.day.to_string(),
            kept.at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true),
            why.map_or("look", |why| why.kind.word()).to_owned(),
            text(why.and_then(|why| why.trigger.as_ref())),
            text(why.and_then(|why| why.reason.as_ref())),
            computed.previous.map(|before| before.days.to_string()).unwrap_or_default(),
            computed.is_significant.map(|said| said.to_string()).unwrap_or_default(),
        ];
        cells.extend(timeline.fields.keys().map(|name| cell(kept.row.fields.get(name))));
        for (name, settings) in &timeline.numbers {
            let told = computed.moves.get(name);
            let number =
                |number: Option<&crate::model::Number>| number.map(ToString::to_string).unwrap_or_default();
            cells.push(number(told.and_then(|told| told.change.as_ref())));
            cells.push(number(told.and_then(|told| told.percentage.as_ref())));
            if settings.trend.is_some() {
                let trend = told.and_then(|told| told.trend);
                cells.push(trend.map(|trend| trend.word().to_owned()).unwrap_or_default());
            }
        }
        writer.write_record(&cells)?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

fn cell(value: Option<&Option<FieldValue>>) -> String {
    match value {
        None | Some(None) => String::new(),
        Some(Some(FieldValue::List(items))) => json!(items).to_string(),
        Some(Some(value)) => value.to_string(),
    }
}
