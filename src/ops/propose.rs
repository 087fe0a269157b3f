//! A look at a database that nobody has configured yet, and the configuration that is proposed from it.

use std::time::Duration;

use chrono_tz::Tz;

use super::reading::Env;
use crate::analyze::propose::written::{Head, text};
use crate::analyze::propose::zone::zone;
use crate::analyze::propose::{
    ColumnSample, LeftOut, Looked, Proposal, SampleFacts, Wish, archive_of, propose, wish,
};
use crate::config::problem::{did_you_mean, listed};
use crate::config::source_written::written;
use crate::config::{PasswordFrom, SourceKind, SourceSettings, SourceUrl};
use crate::model::{Progress, Value};
use crate::plan::sample::{FIGURES, Sample, figures, values};
use crate::source::{Session, SourceError, TableFacts, open};

/// How long a query may take: many are asked, and none is worth waiting for.
const TIMEOUT: Duration = Duration::from_secs(15);
/// How many tables are sampled when none is named.
const MOST_SAMPLED: usize = 40;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct ProposeRequest<'a> {
    /// Where the database is.
    pub url: &'a SourceUrl,
    /// Where its password comes from; it wins over one in the URL.
    pub password: PasswordFrom,
    /// The environment variable that the configuration names for it.
    pub password_env: Option<String>,
    /// The tables that are wanted; those that look as if they were worth it when none is named.
    pub tables: &'a [String],
}

/// A proposed configuration.
#[derive(Clone, Debug)]
pub struct Proposed {
    /// What it is made of.
    pub proposal: Proposal,
    /// Its text.
    pub text: String,
}

/// Why nothing could be proposed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ProposeError {
    /// The source.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The source can't list its tables.
    #[error("a source of this kind does not tell which tables it has")]
    Silent,
    /// There is no such table.
    #[error("there is no table {name:?}")]
    NoTable {
        /// The name.
        name: String,
        /// Those there are.
        known: Vec<String>,
    },
    /// There is no table at all.
    #[error("{url} has no tables that this account can see")]
    Empty {
        /// The source, redacted.
        url: String,
    },
    /// No table is one of events or entities.
    #[error("nothing in {url} looks like events or entities{}", reasons(left_out))]
    Nothing {
        /// The source, redacted.
        url: String,
        /// The tables with the reasons.
        left_out: Vec<LeftOut>,
    },
}

impl ProposeError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Source(SourceError::FileMissing { .. }) => Some(
                "check the path behind sqlite:, which is relative to the folder that asof runs in".to_owned(),
            ),
            Self::Source(error) => error.hint(),
            Self::NoTable { name, known } => {
                let known = || known.iter().map(String::as_str);
                let list = listed(known().take(20));
                Some(did_you_mean(name, known()).unwrap_or_else(|| format!("there are {list}")))
            }
            Self::Empty { .. } => Some(
                "see whether it is the right database, and whether the account has SELECT on its tables"
                    .to_owned(),
            ),
            Self::Silent | Self::Nothing { .. } => {
                Some("asof init --preset general writes a configuration to fill in by hand".to_owned())
            }
        }
    }
}

/// The first reasons why tables are left out.
fn reasons(left_out: &[LeftOut]) -> String {
    let told = left_out.iter().take(3).map(|one| format!("; {:?}: {}", one.table, one.why));
    let more = left_out.len().saturating_sub(3);
    let more = if more > 0 { format!("; and {more} more tables") } else { String::new() };
    told.collect::<String>() + &more
}

/// Looks at a database and proposes a configuration. It only reads: the lists of tables, columns and indexes, and
/// a sample of the rows of tables that may be of use.
///
/// # Errors
/// When the source can't be reached, a table that was named is not there, or nothing can be proposed.
pub async fn look(
    request: &ProposeRequest<'_>,
    env: Env<'_>,
    progress: &dyn Progress,
) -> Result<Proposed, ProposeError> {
    let settings = SourceSettings {
        kind: SourceKind::Database { url: request.url.clone(), password: request.password.clone() },
        timeout: TIMEOUT,
        time_zone: Tz::UTC,
    };
    let url = request.url.redacted();
    progress.step("connecting");
    let mut reader = Looker { session: open(&settings, env).await?, settings, env };
    let server = reader.session.inspect().await?;
    progress.step("reading the list of tables");
    let all = reader.session.tables().await?.ok_or(ProposeError::Silent)?;
    if all.iter().all(|table| table.forbidden) {
        return Err(ProposeError::Empty { url });
    }
    let (wanted, mut left_out) = wanted(&reader, &all, request.tables)?;
    let mut looked = Vec::new();
    let named = !request.tables.is_empty();
    for (place, (facts, wish)) in wanted.into_iter().enumerate() {
        if !named && place >= MOST_SAMPLED {
            let why = "not looked at, since there are many tables: name it by --table".to_owned();
            left_out.push(LeftOut { table: facts.full_name(), why });
            continue;
        }
        progress.step(&format!("looking at {}", facts.full_name()));
        match reader.sample(facts, &wish).await? {
            Ok(sample) => {
                let archive = archive_of(facts, &all).map(|archive| archive.name.clone());
                looked.push(Looked { facts: facts.clone(), archive, sample });
            }
            Err(error) => {
                let why = format!("it could not be looked at: {error}");
                left_out.push(LeftOut { table: facts.full_name(), why });
            }
        }
    }
    let dialect = reader.session.dialect();
    reader.session.close().await;
    let mut proposal = propose(dialect, &looked, named);
    proposal.left_out.extend(left_out);
    proposal.left_out.sort_by(|one, other| one.table.cmp(&other.table));
    if !proposal.is_of_use() {
        return Err(ProposeError::Nothing { url, left_out: proposal.left_out });
    }
    let head = Head {
        url: written(request.url),
        password_env: request.password_env.clone(),
        has_passwords: !matches!(request.url, SourceUrl::Sqlite(_)),
        server: format!("{} {}", server.server.name, server.server.version),
        zone: zone(server.zone.as_ref()),
    };
    let text = text(&head, &proposal);
    Ok(Proposed { proposal, text })
}

/// The tables to look at, those with the most rows first, and those there is no need to look at.
#[expect(clippy::type_complexity, reason = "two lists that are used once")]
fn wanted<'t>(
    looker: &Looker<'_>,
    all: &'t [TableFacts],
    names: &[String],
) -> Result<(Vec<(&'t TableFacts, Wish)>, Vec<LeftOut>), ProposeError> {
    let dialect = looker.session.dialect();
    let mut chosen: Vec<&TableFacts> = Vec::new();
    for name in names {
        let same = |table: &&TableFacts| table.full_name() == *name;
        let alike = |table: &&TableFacts| table.full_name().eq_ignore_ascii_case(name);
        let table = all.iter().find(same).or_else(|| all.iter().find(alike));
        let known = || all.iter().map(TableFacts::full_name).collect();
        let table = table.ok_or_else(|| ProposeError::NoTable { name: name.clone(), known: known() })?;
        if !chosen.contains(&table) {
            chosen.push(table);
        }
    }
    let is_named = !chosen.is_empty();
    if !is_named {
        chosen = all.iter().collect();
        chosen.sort_by_key(|table| std::cmp::Reverse(table.rows));
    }
    let (mut wanted, mut left_out) = (Vec::new(), Vec::new());
    for facts in chosen {
        let live = all.iter().find(|other| archive_of(other, all) == Some(facts));
        let found = match live {
            Some(live) if !is_named => {
                Err(format!("its rows are counted with those of {:?}", live.full_name()))
            }
            _ => wish(dialect, facts, is_named),
        };
        match found {
            Ok(wish) => wanted.push((facts, wish)),
            Err(why) => left_out.push(LeftOut { table: facts.full_name(), why }),
        }
    }
    Ok((wanted, left_out))
}

/// A session that is opened anew after a query ended it.
struct Looker<'a> {
    session: Session,
    settings: SourceSettings,
    env: Env<'a>,
}

impl Looker<'_> {
    /// A sample of a table. The outer error is that the source can't be reached any more.
    async fn sample(
        &mut self,
        facts: &TableFacts,
        wish: &Wish,
    ) -> Result<Result<SampleFacts, SourceError>, SourceError> {
        if !self.session.is_usable() {
            self.session = open(&self.settings, self.env).await?;
        }
        let dialect = self.session.dialect();
        let columns: Vec<&str> = wish.columns.iter().map(String::as_str).collect();
        let ordered: Vec<&str> = wish.ordered.iter().map(String::as_str).collect();
        let sample = Sample {
            schema: facts.schema.as_deref(),
            table: &facts.name,
            newest_by: wish.newest_by.as_deref(),
            columns: &columns,
            ordered: &ordered,
        };
        let asked = figures(dialect, &sample);
        if facts.view {
            // `check` explains what a save reads, for which views take rights of their own.
            if let Err(error) = self.session.explain(&asked).await {
                return Ok(Err(error));
            }
        }
        let row = match self.session.rows(&asked).await {
            Ok(rows) => rows.into_iter().next().unwrap_or_default(),
            Err(error) => return Ok(Err(error)),
        };
        let mut found = SampleFacts {
            rows: row.first().and_then(count).unwrap_or_default(),
            newest_by: wish.newest_by.clone(),
            ..SampleFacts::default()
        };
        for (name, figures) in wish.columns.iter().zip(row.get(1..).unwrap_or_default().chunks(FIGURES)) {
            let figure = |place: usize| figures.get(place).and_then(count);
            let mut column = ColumnSample {
                filled: figure(0).unwrap_or_default(),
                distinct: figure(1).unwrap_or_default(),
                numbers: figure(2),
                most: figures.last().cloned(),
                values: Vec::new(),
            };
            if wish.values.contains(name) {
                match self.session.rows(&values(dialect, &sample, name)).await {
                    Ok(rows) => column.values = rows.into_iter().flatten().collect(),
                    Err(error) => return Ok(Err(error)),
                }
            }
            found.columns.insert(name.clone(), column);
        }
        Ok(Ok(found))
    }
}

fn count(value: &Value) -> Option<u64> {
    if let Value::Number(number) = value {
        number.to_i64().and_then(|number| u64::try_from(number).ok())
    } else {
        None
    }
}
