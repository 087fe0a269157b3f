//! The command line: arguments, one file for each command, and the only place that prints.

mod alerts;
mod backfill;
mod capture;
mod check;
mod compare;
mod compare_entity;
mod context;
mod demo;
mod drift;
mod entity_context;
mod failure;
mod first_look;
mod forecast;
mod growth;
mod history;
mod init;
mod init_from;
mod interrupt;
mod list;
mod list_entity;
mod lookback;
mod looks;
mod mark;
mod mcp;
mod output;
mod place;
mod poll;
mod preset;
mod progress;
mod prune;
mod prune_told;
mod restore;
mod save;
mod schedule;
mod series;
mod serve;
mod settling;
mod stats;
mod telling;
mod tenants;
mod token;
mod verify;
mod worklist;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ColorChoice, Parser, Subcommand};

use context::Context;
use output::Output;

/// The exit codes, the same for every command.
pub mod exit {
    /// Done.
    pub const DONE: u8 = 0;
    /// Failed.
    pub const FAILED: u8 = 1;
    /// Wrong usage or configuration.
    pub const USAGE: u8 = 2;
    /// Some days of a range failed.
    pub const PARTLY: u8 = 3;
    /// Something was found that was looked for.
    pub const FINDINGS: u8 = 4;
    /// The source could not be reached.
    pub const UNREACHABLE: u8 = 5;
    /// The archive, or a worklist, stayed locked by another run.
    pub const LOCKED: u8 = 6;
    /// Somebody stopped it.
    pub const INTERRUPTED: u8 = 130;
}

const AFTER_HELP: &str = "\
Examples:
  asof demo                     see it work on made-up data
  asof init --preset vicidial   write a commented asof.toml
  asof check                    will it work?
  asof save                     freeze yesterday
  asof backfill --last 7d       freeze a range of days
  asof list                     what is frozen
  asof restore 2025-11-06       look at a frozen day
  asof verify                   is everything as it was frozen?
  asof drift 2025-11-06         does it still read the same?
  asof series calls             a metric day by day, and asof forecast what comes next
  asof growth --period 7        how counters grew in a week
  asof capture account --key 5  keep what an account is now
  asof history account 5        one entity through time
  asof alerts                   is there anything that somebody should hear of?
  asof compare -1d -8d          one day against another
  asof serve                    all of this in the browser, and for programs
  asof mcp                      and for language models

Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 some days of a range
failed, 4 findings where they were asked for, 5 the source could not be reached, 6 the
archive stayed locked by another run, 130 interrupted.";

/// Freezes what a database says each day, so that it can be asked again later.
#[derive(Debug, Parser)]
#[command(name = "asof", version, after_help = AFTER_HELP, disable_help_subcommand = true)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Options of every command.
#[derive(Clone, Debug, clap::Args)]
pub struct Global {
    /// The configuration file.
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "ASOF_CONFIG",
        hide_env = true,
        help = "The configuration file; else ASOF_CONFIG, else ./asof.toml"
    )]
    config: Option<PathBuf>,
    /// Whose archive it is about, where the configuration has [tenants]
    #[arg(long, global = true, value_name = "ID")]
    tenant: Option<String>,
    /// Print JSON for programs
    #[arg(long, global = true)]
    json: bool,
    /// Print nothing but errors
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// Say more, and say it without a terminal too
    #[arg(long, short, global = true)]
    verbose: bool,
    /// When to use colours
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: ColorChoice,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Init),
    Demo(demo::Demo),
    Check(check::Check),
    Save(save::Save),
    Backfill(backfill::Backfill),
    List(list::List),
    Restore(restore::Restore),
    Verify(verify::Verify),
    Drift(drift::Drift),
    Series(series::SeriesCommand),
    Forecast(forecast::Forecast),
    Growth(growth::GrowthCommand),
    Capture(capture::CaptureCommand),
    History(history::HistoryCommand),
    Context(entity_context::ContextCommand),
    Alerts(alerts::Alerts),
    Settling(settling::Settling),
    Compare(compare::Compare),
    Worklist(worklist::Worklist),
    Label(mark::Label),
    Note(mark::Note),
    Pin(mark::Pin),
    Prune(prune::Prune),
    Schedule(schedule::Schedule),
    Serve(serve::Serve),
    Mcp(mcp::Mcp),
    Token(token::Token),
}

/// What `compare` takes besides: an entity and its key before the two that are compared. It is a parser of
/// its own because the first word is then no day.
#[derive(Debug, Parser)]
#[command(name = "asof", version, disable_help_subcommand = true)]
struct EntityCli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: EntityCommand,
}

#[derive(Debug, Subcommand)]
enum EntityCommand {
    Compare(compare_entity::CompareEntity),
}

/// What is run instead of arguments that were refused, or how these are refused.
fn instead(arguments: &[OsString], error: clap::Error) -> Result<EntityCli, clap::Error> {
    use clap::error::ErrorKind;
    let asked = [ErrorKind::DisplayHelp, ErrorKind::DisplayVersion];
    if asked.contains(&error.kind()) {
        return Err(error);
    }
    // Of four words the last two can be wrong.
    let told = [ErrorKind::DisplayHelp, ErrorKind::ValueValidation];
    EntityCli::try_parse_from(arguments)
        .map_err(|other| if told.contains(&other.kind()) { other } else { error })
}

/// Parses the arguments, runs the command, and gives the exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => match instead(&arguments, error) {
            Ok(cli) => return run_entity(cli),
            Err(error) => {
                return output::usage(&error, arguments.iter().any(|argument| argument == "--json"));
            }
        },
    };
    let output = Output::new(&cli.global);
    let result = Context::new(&cli.global, &output).and_then(|context| match cli.command {
        Command::Init(init) => context.no_tenant("init").and_then(|()| init.run(&context)),
        Command::Demo(demo) => context.no_tenant("demo").and_then(|()| demo.run(&context)),
        Command::Check(check) => check.run(&context),
        Command::Save(save) => save.run(&context),
        Command::Backfill(backfill) => backfill.run(&context),
        Command::List(list) => list.run(&context),
        Command::Restore(restore) => restore.run(&context),
        Command::Verify(verify) => verify.run(&context),
        Command::Drift(drift) => drift.run(&context),
        Command::Series(series) => series.run(&context),
        Command::Forecast(forecast) => forecast.run(&context),
        Command::Growth(growth) => growth.run(&context),
        Command::Capture(capture) => capture.run(&context),
        Command::History(history) => history.run(&context),
        Command::Context(told) => told.run(&context),
        Command::Alerts(alerts) => alerts.run(&context),
        Command::Settling(settling) => settling.run(&context),
        Command::Compare(compare) => compare.run(&context),
        Command::Worklist(worklist) => worklist.run(&context),
        Command::Label(label) => label.run(&context),
        Command::Note(note) => note.run(&context),
        Command::Pin(pin) => pin.run(&context),
        Command::Prune(prune) => prune.run(&context),
        Command::Schedule(schedule) => schedule.run(&context),
        Command::Serve(serve) => serve.run(&context),
        Command::Mcp(mcp) => mcp.run(&context),
        Command::Token(token) => token.run(&context),
    });
    match result {
        Ok(code) => output::ended(code),
        Err(failure) => output.failure(&failure.about(cli.global.tenant.as_deref())),
    }
}

fn run_entity(cli: EntityCli) -> ExitCode {
    let output = Output::new(&cli.global);
    let EntityCommand::Compare(compare) = cli.command;
    match Context::new(&cli.global, &output).and_then(|context| compare.run(&context)) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => output.failure(&failure.about(cli.global.tenant.as_deref())),
    }
}
