//! `asof growth`

use std::time::Duration;

use super::context::{Context, block_on, env};
use super::exit;
use super::failure::Failure;
use super::output::print;
use super::place::{Place, instant};
use super::progress::TerminalProgress;
use crate::archive::Archive;
use crate::calendar::{Calendar, DayName, Moment};
use crate::config::{Config, EntitySettings};
use crate::model::Day;
use crate::ops::documents::growth::{csv, document, sentences};
use crate::ops::entities::growth::{Basis, GrowthRequest, Span, growth};
use crate::ops::entities::look::{LookRequest, read};
use crate::ops::entities::shown::input;
use crate::ops::entities::sides::Live;
use crate::ops::save::day_of;
use crate::view::growth::GrowthInput;
use crate::view::terminal;

/// How long connection trouble is retried.
const RETRY_FOR: Duration = Duration::from_mins(1);

const EXAMPLES: &str = "\
Examples:
  asof growth video --period 7               all counters over seven business days
  asof growth video --days 90 --by user_id   over 90 days, by group
  asof growth video --top 20                 since yesterday's look, and what grew most
  asof growth video --where user_id=5        of some of them
  asof growth video --key 4711               of one, its newest row, be it of a capture
  asof growth video --live                   what the source says now, which is not kept
  asof growth video --by user_id --csv       for a spreadsheet
  asof growth video --as-of 2025-11-08       as it was told by the end of that day
  asof growth video --from 2025-10-01 --to 2025-10-31

The newest row, of a daily look or of a capture, is held against that of exactly so many business days
before: of the day's look, or else of a capture in that day. Where there is none, what depends on it is
unknown: --nearest takes the nearest there is. An entity belongs to the group it has now; what is gone,
to the one it had last.";

/// Show how counters of entities grew, in total and of each
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct GrowthCommand {
    /// Which entities; may be left out where there is one kind only
    #[arg(value_name = "ENTITY")]
    entity: Option<String>,
    /// Over 1, 7 or 30 business days
    #[arg(long, value_name = "DAYS", value_parser = ["1", "7", "30"], conflicts_with_all = ["days", "from"])]
    period: Option<String>,
    /// Over so many business days
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..), conflicts_with = "from")]
    days: Option<u16>,
    /// From the look of this day
    #[arg(long, value_name = "DATE", requires = "to")]
    from: Option<Day>,
    /// To the look of this day
    #[arg(long, value_name = "DATE", requires = "from")]
    to: Option<Day>,
    /// Where a look is missing, take the nearest there is
    #[arg(long)]
    nearest: bool,
    /// By this field
    #[arg(long, value_name = "FIELD")]
    by: Option<String>,
    /// Only those whose field has this value
    #[arg(long = "where", value_name = "FIELD=VALUE", value_parser = pair)]
    filters: Vec<(String, String)>,
    /// Only the one of this key
    #[arg(long, value_name = "ID")]
    key: Option<String>,
    /// List so many that grew most
    #[arg(long, value_name = "N", default_value_t = 0)]
    top: usize,
    /// Ask the source what is there now, and keep nothing of it
    #[arg(long, conflicts_with = "from")]
    live: bool,
    /// As the archive was then: 2025-11-08T09:00, with an offset, or a date for its end
    #[arg(long, value_name = "TIME", conflicts_with = "live")]
    as_of: Option<Moment>,
    /// Print CSV: the totals, the groups, and what grew most
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    #[command(flatten)]
    place: Place,
}

/// Reads `field=value`.
///
/// # Errors
/// Where there is no `=`.
pub fn pair(text: &str) -> Result<(String, String), String> {
    let (field, value) = text.split_once('=').ok_or("write it as field=value")?;
    Ok((field.to_owned(), value.to_owned()))
}

/// The entities that are meant, by name or because there is one kind only.
///
/// # Errors
/// When there is none of that name, or none or several without one.
pub fn chosen<'c>(
    entities: &'c indexmap::IndexMap<String, EntitySettings>,
    name: Option<&str>,
) -> Result<(&'c String, &'c EntitySettings), Failure> {
    let known = entities.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
    let wrong = |message: String, hint: Option<String>| Failure::said(exit::USAGE, message, hint);
    match (name, entities.len()) {
        (_, 0) => {
            let hint = "add [entities.NAME] with sql, key and counters".to_owned();
            Err(wrong("the configuration has no entities".to_owned(), Some(hint)))
        }
        (Some(name), _) => entities
            .get_key_value(name)
            .ok_or_else(|| wrong(format!("{name:?} is no entity"), Some(format!("there are {known}")))),
        (None, 1) => entities.first().ok_or_else(|| wrong("there are no entities".to_owned(), None)),
        (None, _) => {
            Err(wrong("there are several kinds of entities".to_owned(), Some(format!("name one of {known}"))))
        }
    }
}

impl GrowthCommand {
    /// Runs it.
    ///
    /// # Errors
    /// When nobody ever looked, a name is unknown, or the archive can't be read.
    pub fn run(self, context: &Context<'_>) -> Result<u8, Failure> {
        // An archive that was named is that of a tenant, or of none.
        let archived = self.place.is_named() && !self.live;
        let config = if archived { context.config_of_all()? } else { context.config()? };
        let (name, entity) = chosen(&config.entities, self.entity.as_deref())?;
        let archive = Archive::open(self.place.dir(context)?)?;
        let as_of = self.as_of.map(|then| instant(then, &Calendar::new(config.calendar))).transpose()?;
        let looks = archive.looks(as_of)?.remove(name).unwrap_or_default();
        let period = self.period.as_deref().and_then(|period| period.parse().ok());
        let days = period.or(self.days).unwrap_or(1);
        let span = match (self.from, self.to) {
            (Some(from), Some(to)) => Span::Between(from, to),
            _ => Span::Days(days),
        };
        let request = GrowthRequest {
            span,
            nearest: self.nearest,
            by: self.by.clone(),
            filters: self.filters.clone(),
            key: self.key.clone(),
            top: self.top,
        };
        let live = if self.live { Some(self.read(context, &config, name, entity)?) } else { None };
        let (def, live) = (&entity.def, live.as_ref());
        let basis = Basis { archive: &archive, name, def, looks: &looks, live, only: None };
        let found = growth(basis, &request)?;
        let out = context.output;
        let mut remarks = found.previous.as_ref().err().map(|none| sentences(name, none)).unwrap_or_default();
        remarks.extend(found.notes.iter().cloned());
        if self.csv {
            for remark in &remarks {
                out.warn(remark);
            }
            let text = csv(&found).map_err(|error| Failure::new(exit::FAILED, error, None))?;
            print(&String::from_utf8_lossy(&text));
        } else if out.json() {
            out.document(&document(name, &request, &found));
        } else {
            let input = GrowthInput { remarks, by: self.by, ..input(name, &config, found) };
            out.answer(&terminal::growth(&input, &out.options(false)));
        }
        Ok(exit::DONE)
    }

    /// Reads what the source says now.
    fn read(
        &self,
        context: &Context<'_>,
        config: &Config,
        name: &str,
        entity: &EntitySettings,
    ) -> Result<Live, Failure> {
        let now = || context.now();
        let day = day_of(&Calendar::new(config.calendar), DayName::DaysAgo(0), &now)?;
        let request = LookRequest { env: &env, now: &now, retry_for: RETRY_FOR, wait: Duration::ZERO };
        let progress = TerminalProgress::new(context.output);
        let keys: Option<Vec<String>> = self.key.clone().map(|key| vec![key]);
        let read = block_on(read(config, name, entity, keys.as_deref(), None, &request, &progress))?;
        progress.clear();
        let (table, at) = read?;
        Ok(Live { day, at, table })
    }
}
