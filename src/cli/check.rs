//! `asof check`

use serde_json::{Value, json};

use super::context::{Context, block_on, env};
use super::exit;
use super::failure::Failure;
use super::progress::TerminalProgress;
use super::tenants;
use crate::calendar::DayName;
use crate::config::Config;
use crate::model::definitions::Dialect;
use crate::ops::check::{CheckReport, Finding, Level, QueryReport, check};
use crate::ops::check_telling::about_telling;
use crate::source::Access;
use crate::view::text::safe;

const EXAMPLES: &str = "\
Examples:
  asof check             configuration, connection, account, clock, and every query
  asof check --sql       the queries, as a script for the database's own client
  asof check --offline   the configuration only

The day is read as a save would read it, and nothing is frozen.";

/// Tell whether it will work: configuration, connection, rights, time zone, index use of every query
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Check {
    /// The day that is read: 2025-11-06, yesterday, -7d
    #[arg(value_name = "DATE", default_value = "yesterday", allow_hyphen_values = true)]
    day: DayName,
    /// Look at the configuration only
    #[arg(long)]
    offline: bool,
    /// Print every query with its values, as a script
    #[arg(long, conflicts_with = "offline")]
    sql: bool,
}

impl Check {
    /// Runs it.
    ///
    /// # Errors
    /// When the configuration has problems, or the source can't be reached.
    pub fn run(self, context: &Context<'_>) -> Result<u8, Failure> {
        let config = context.config_of_all()?;
        let path = context.config_path().display().to_string();
        if self.offline {
            let mut findings = vec![about_config(&config, &path)];
            findings.extend(about_telling(&config, &env));
            // Programs and secrets may well be on another machine: what is written is sound.
            if context.output.json() {
                let findings: Vec<Value> = findings.iter().map(finding_document).collect();
                context.output.document(&json!({ "config": path, "ok": true, "findings": findings }));
            } else {
                let lines: String = findings.iter().map(|finding| line(finding, context)).collect();
                context.output.answer(&lines);
            }
            return Ok(exit::DONE);
        }
        if self.sql {
            // A script is run as a whole: it reads one tenant's rows.
            return self.run_one(context, &context.config()?);
        }
        tenants::all(context, &|context, config| self.run_one(context, config))
    }

    /// That of what one archive is made of.
    fn run_one(&self, context: &Context<'_>, config: &Config) -> Result<u8, Failure> {
        let path = context.config_path().display().to_string();
        let progress = TerminalProgress::new(context.output);
        let now = || context.now();
        let report = block_on(check(config, self.day, &env, &now, context.clock_is_fixed(), &progress))??;
        progress.clear();
        if context.output.json() {
            context.output.document(&document(&report, &about_config(config, &path), &path));
        } else {
            let config_line = line(&about_config(config, &path), context);
            let findings: String = report.findings.iter().map(|finding| line(finding, context)).collect();
            let text = config_line + &findings;
            context.output.answer(&if self.sql {
                commented(&text) + &script(&report, config.sources.main().dialect())
            } else {
                text + &Self::access(&report, context)
            });
        }
        Ok(if report.worst() == Level::Error { exit::FAILED } else { exit::DONE })
    }

    /// How the source gets at each table, for those who want more.
    fn access(report: &CheckReport, context: &Context<'_>) -> String {
        if !context.output.verbose() {
            return String::new();
        }
        let lines = report.queries.iter().flat_map(|query| {
            query
                .access
                .iter()
                .map(|access| format!("      {:<14} {}\n", safe(&query.name), access_line(access)))
        });
        lines.collect()
    }
}

/// The text as comments of a script.
fn commented(text: &str) -> String {
    text.lines().map(|line| format!("-- {line}\n")).collect()
}

/// The queries as a script for the database's own client, which reads what asof reads.
fn script(report: &CheckReport, dialect: Dialect) -> String {
    let mut text = match dialect {
        Dialect::Mysql => "set names utf8mb4; set session sql_mode = '', time_zone = '+00:00';\n".to_owned(),
        Dialect::Sqlite => String::new(),
        Dialect::Postgres => "set time zone 'UTC';\n".to_owned(),
    };
    for query in &report.queries {
        text.push_str(&format!("\n-- {}\n{};\n", safe(&query.name), multi_line(&query.sql)));
        for access in &query.access {
            text.push_str(&format!("-- {}\n", access_line(access)));
        }
    }
    text
}

fn about_config(config: &Config, path: &str) -> Finding {
    let definitions = &config.definitions;
    let plural = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    let events = if definitions.events.len() == 1 {
        "1 kind of events".to_owned()
    } else {
        format!("{} kinds of events", definitions.events.len())
    };
    let text = format!("{path} is sound: {events}, {}", plural(definitions.metrics.len(), "metric"));
    Finding { level: Level::Good, about: "configuration".to_owned(), text, hint: None }
}

fn line(finding: &Finding, context: &Context<'_>) -> String {
    let (mark, color) = match finding.level {
        Level::Good => ("ok  ", anstyle::AnsiColor::Green),
        Level::Warning => ("warn", anstyle::AnsiColor::Yellow),
        Level::Error => ("fail", anstyle::AnsiColor::Red),
    };
    let mark = if context.output.color() {
        let style = anstyle::Style::new().fg_color(Some(color.into()));
        format!("{style}{mark}{style:#}")
    } else {
        mark.to_owned()
    };
    let mut text = format!("{mark}  {:<14} {}\n", safe(&finding.about), safe(&finding.text));
    if let Some(hint) = &finding.hint {
        text.push_str(&format!("      {:<14} hint: {}\n", "", safe(hint)));
    }
    text
}

fn multi_line(sql: &str) -> String {
    sql.lines().map(safe).collect::<Vec<_>>().join("\n")
}

fn access_line(access: &Access) -> String {
    let key = access.key.as_deref().unwrap_or("no index");
    let rows = access.rows.map_or_else(String::new, |rows| format!(", about {rows} rows"));
    let note = access.note.as_deref().map_or_else(String::new, |note| format!(" ({note})"));
    safe(&format!("{}: {} by {key}{rows}{note}", access.table, access.access)).into_owned()
}

fn document(report: &CheckReport, about_config: &Finding, path: &str) -> Value {
    let findings = std::iter::once(about_config).chain(&report.findings);
    json!({
        "config": path,
        "day": report.day,
        "ok": report.worst() != Level::Error,
        "findings": findings.map(finding_document).collect::<Vec<_>>(),
        "queries": report.queries.iter().map(query_document).collect::<Vec<_>>(),
    })
}

fn finding_document(finding: &Finding) -> Value {
    let level = match finding.level {
        Level::Good => "ok",
        Level::Warning => "warning",
        Level::Error => "error",
    };
    json!({ "level": level, "about": finding.about, "text": finding.text, "hint": finding.hint })
}

fn query_document(query: &QueryReport) -> Value {
    let access = query.access.iter().map(|access| {
        json!({
            "table": access.table,
            "access": access.access,
            "key": access.key,
            "columns": access.uses_columns,
            "rows": access.rows,
            "full_scan": access.full_scan,
            "note": access.note,
        })
    });
    json!({ "name": query.name, "sql": query.sql, "access": access.collect::<Vec<_>>() })
}
