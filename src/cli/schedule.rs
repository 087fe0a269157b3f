//! `asof schedule`

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use chrono::NaiveTime;
use chrono_tz::Tz;
use serde_json::json;

use super::context::{Context, env};
use super::exit;
use super::failure::Failure;
use super::poll::{self, Asked, often};
use crate::ops::nights::Nightly;
use crate::ops::schedule::{ScheduleError, job, name, path_text, put, take_away, with_block};
use crate::view::poll::Often;
use crate::view::schedule::{Job, crontab, mark, plist, service, shell_word, timer};
use crate::view::text::safe;

const EXAMPLES: &str = "\
Examples:
  asof schedule                            print a line for cron; nothing is changed
  asof schedule --install                  put it into your crontab
  asof schedule --kind systemd --install   a service and a timer of your own user
  asof schedule --at 03:30                 at another time, in the calendar's zone
  asof schedule --remove                   take it out again
  asof schedule --capture account --every 5m           look for changes of accounts, too
  asof schedule --capture account --every 1h --install

All other lines of the crontab stay as they are, and installing twice changes nothing.";

/// Write, install or remove what saves every night: a cron line, a systemd timer, a launchd job
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Schedule {
    /// The time in the calendar's zone; else soon after the day is final in every night of the year
    #[arg(long, value_name = "HH:MM", value_parser = clock, conflicts_with = "remove")]
    at: Option<NaiveTime>,
    /// What runs it
    #[arg(long, value_enum, default_value_t = USUAL)]
    kind: Kind,
    /// Put it in place
    #[arg(long, conflicts_with = "remove")]
    install: bool,
    /// Take away what --install put in place
    #[arg(long)]
    remove: bool,
    /// Not the nightly save: look for changes of these entities, and keep what changed
    #[arg(long, value_name = "ENTITY", conflicts_with = "at")]
    capture: Option<String>,
    /// How often: 5m, 15m, 1h
    #[arg(long, value_name = "TIME", value_parser = often, requires = "capture", conflicts_with = "remove")]
    every: Option<Often>,
}

/// What runs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    Cron,
    Systemd,
    Launchd,
}

const USUAL: Kind = if cfg!(target_os = "macos") { Kind::Launchd } else { Kind::Cron };

fn clock(text: &str) -> Result<NaiveTime, String> {
    NaiveTime::parse_from_str(text, "%H:%M").map_err(|_| "write hours and minutes: 02:05".to_owned())
}

/// What was done: whether anything changed, and the commands that are left to somebody.
#[derive(Default)]
pub struct Done {
    /// Whether anything changed.
    pub changed: bool,
    /// The commands that are left to somebody.
    pub commands: Vec<String>,
}

impl Schedule {
    /// Runs it.
    ///
    /// # Errors
    /// When the day is not final by then, or it can't be put in place.
    pub fn run(self, context: &Context<'_>) -> Result<u8, Failure> {
        if let Some(entity) = &self.capture {
            if self.every.is_none() && !self.remove {
                let hint = "add --every 5m".to_owned();
                return Err(Failure::said(exit::USAGE, "it is not said how often", Some(hint)));
            }
            let asked = Asked { entity, every: self.every, kind: self.kind, install: self.install };
            return poll::run(context, &asked);
        }
        let path = std::path::absolute(context.config_path()).map_err(|error| {
            Failure::new(exit::FAILED, anyhow::Error::new(error).context("this folder can't be told"), None)
        })?;
        let out = context.output;
        if self.remove {
            let config = path_text(&path)?;
            let done = match self.kind {
                Kind::Cron => cron(&mark(&config, context.tenant()), None)?,
                kind => units(kind, &name(&config, context.tenant()), None)?,
            };
            if out.json() {
                out.document(
                    &json!({ "config": config, "changed": done.changed, "commands": done.commands }),
                );
            } else {
                out.report(if done.changed { "removed\n" } else { "there was nothing to remove\n" });
                tell_commands(context, &done);
            }
            return Ok(exit::DONE);
        }
        let config = context.config_of_all()?;
        let program = std::env::current_exe().map_err(|error| {
            Failure::new(
                exit::FAILED,
                anyhow::Error::new(error).context("the program's path can't be told"),
                None,
            )
        })?;
        let machine = match self.kind {
            // A timer names its zone.
            Kind::Systemd => None,
            Kind::Cron | Kind::Launchd => machine_zone(),
        };
        let zone = machine.unwrap_or(config.calendar.time_zone);
        let (job, nightly) = job(&config, &path, &program, self.at, (zone, context.today(&config)?))?;
        let texts = texts(self.kind, &job);
        let done = match (self.install, self.kind) {
            (false, _) => Done::default(),
            (true, Kind::Cron) => cron(&job.mark(), texts.first().map(|(_, text)| text.as_str()))?,
            (true, kind) => units(kind, &job.name, Some(&texts))?,
        };
        if out.json() {
            let files = texts.iter().map(|(name, text)| json!({ "name": name, "text": text }));
            out.document(&json!({
                "config": job.config,
                "tenant": job.tenant,
                "at": format!("{:02}:{:02}", job.hour, job.minute),
                "time_zone": job.zone,
                "in_calendar": nightly.in_calendar.iter().map(|time| time.format("%H:%M").to_string()).collect::<Vec<_>>(),
                "calendar_zone": config.calendar.time_zone.name(),
                "files": files.collect::<Vec<_>>(),
                "installed": self.install,
                "changed": done.changed,
                "commands": done.commands,
            }));
        } else if self.install {
            let what = if done.changed { "installed" } else { "installed already; nothing changed" };
            out.report(&format!("{what}: every day at {:02}:{:02} {}\n", job.hour, job.minute, job.zone));
            tell_commands(context, &done);
        } else {
            for (name, text) in &texts {
                let head = if texts.len() > 1 { format!("# {name}\n") } else { String::new() };
                out.answer(&format!("{head}{text}"));
            }
        }
        let zone_is_known = machine.is_some();
        warn(context, self.kind, &job, zone_is_known);
        warn_of_nights(context, self.kind, &job, &nightly, self.at);
        Ok(exit::DONE)
    }
}

/// Tells of the commands that are left to somebody.
pub fn tell_commands(context: &Context<'_>, done: &Done) {
    if !done.commands.is_empty() {
        let lines: String = done.commands.iter().map(|line| format!("  {}\n", safe(line))).collect();
        context.output.answer(&format!("now run:\n{lines}"));
    }
}

/// What the text can't see to by itself.
fn warn(context: &Context<'_>, kind: Kind, job: &Job, zone_is_known: bool) {
    for name in &job.secrets {
        context.output.warn(&format!("the environment of the scheduled run must provide {name}"));
    }
    if kind == Kind::Systemd {
        let text = "timers of a user run while nobody is logged in only after: loginctl enable-linger";
        context.output.warn(text);
    } else if !zone_is_known {
        context.output.warn(&format!(
            "the machine's zone can't be told: {:02}:{:02} is that of {}, and a cron that does not know CRON_TZ, or \
             launchd, takes it as the machine's time; say the machine's zone in TZ",
            job.hour, job.minute, job.zone
        ));
    } else if let Some(meant) = &job.meant {
        context.output.warn(&format!(
            "the machine's clock is that of {}: {:02}:{:02} there is {meant}",
            job.zone, job.hour, job.minute
        ));
    }
}

/// What is to be known of nights in which clocks change.
fn warn_of_nights(context: &Context<'_>, kind: Kind, job: &Job, nightly: &Nightly, asked: Option<NaiveTime>) {
    let at = format!("{:02}:{:02} {}", job.hour, job.minute, job.zone);
    if let (true, Some(asked)) = (nightly.later, asked) {
        context.output.warn(&format!(
            "at {} the day before is not final in nights when clocks change: {at} is taken instead",
            asked.format("%H:%M")
        ));
    }
    if let Some(night) = nightly.skipped {
        let what = match kind {
            Kind::Cron => "most crons run it right after",
            Kind::Systemd | Kind::Launchd => {
                "it may not be run, and with lookback the next save freezes the day late"
            }
        };
        context
            .output
            .warn(&format!("on {night} clocks jump over {at}: {what}; a time after the jump is surer"));
    }
}

/// The zone that cron and launchd go by; `None` where it can't be told.
fn machine_zone() -> Option<Tz> {
    if let Some(zone) = env("TZ").filter(|zone| !zone.is_empty()) {
        return zone.strip_prefix(':').unwrap_or(&zone).parse().ok();
    }
    let local = Path::new("/etc/localtime");
    match fs::read_link(local) {
        Ok(target) => target.to_str()?.split_once("zoneinfo/")?.1.parse().ok(),
        // Without it the machine's time is UTC.
        Err(error) if error.kind() == ErrorKind::NotFound => Some(Tz::UTC),
        Err(_) => fs::read_to_string("/etc/timezone").ok()?.trim().parse().ok(),
    }
}

/// The files by their names; the crontab's lines are one without a file.
fn texts(kind: Kind, job: &Job) -> Vec<(String, String)> {
    match kind {
        Kind::Cron => vec![("crontab".to_owned(), crontab(job))],
        Kind::Systemd => {
            vec![(format!("{}.service", job.name), service(job)), (format!("{}.timer", job.name), timer(job))]
        }
        Kind::Launchd => vec![(format!("{}.plist", job.name), plist(job))],
    }
}

/// Puts the block into the user's crontab, or takes it out.
///
/// # Errors
/// When the crontab can't be read or written.
pub fn cron(config: &str, block: Option<&str>) -> Result<Done, Failure> {
    let failed = |what: &str| {
        let hint = "nothing was changed; asof schedule prints the lines for crontab -e".to_owned();
        Failure::said(exit::FAILED, format!("crontab {what}"), Some(hint))
    };
    let run = |error: std::io::Error| failed(&format!("can't be run: {error}"));
    let listed =
        Command::new("crontab").arg("-l").env("LC_ALL", "C").stdin(Stdio::null()).output().map_err(run)?;
    let said = String::from_utf8_lossy(&listed.stderr);
    // Only where it says that there is none is it taken as empty: what can't be read is not written over.
    let old = if listed.status.success() {
        String::from_utf8(listed.stdout).map_err(|_| failed("-l gave no UTF-8 text"))?
    } else if said.contains("no crontab for") {
        String::new()
    } else {
        return Err(failed(&format!("-l failed: {}", said.trim())));
    };
    let new = with_block(&old, config, block)?;
    if new == old {
        return Ok(Done::default());
    }
    let mut child = Command::new("crontab")
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(run)?;
    // One that does not read tells by its exit code why.
    let written = child.stdin.take().map_or(Ok(()), |mut input| input.write_all(new.as_bytes()));
    let output = child.wait_with_output().map_err(run)?;
    if !output.status.success() {
        return Err(failed(&format!("- failed: {}", String::from_utf8_lossy(&output.stderr).trim())));
    }
    written.map_err(run)?;
    Ok(Done { changed: true, commands: Vec::new() })
}

/// Puts the files of units or of a job in place, or takes them away.
///
/// # Errors
/// When a file can't be written or removed, or a command fails.
pub fn units(kind: Kind, name: &str, texts: Option<&[(String, String)]>) -> Result<Done, Failure> {
    let folder = unit_folder(kind)?;
    let timer = format!("{name}.timer");
    let reload = ["--user", "daemon-reload"];
    let mut done = Done::default();
    let Some(texts) = texts else {
        let files = match kind {
            Kind::Launchd => vec![format!("{name}.plist")],
            _ => vec![timer.clone(), format!("{name}.service")],
        };
        if !files.iter().any(|file| folder.join(file).exists()) {
            return Ok(done);
        }
        if kind == Kind::Systemd {
            systemctl(&["--user", "disable", "--now", &timer], &mut done)?;
        } else {
            bootout(&folder.join(format!("{name}.plist")), name, &mut done)?;
        }
        for file in files {
            done.changed |= take_away(&folder.join(file))?;
        }
        if kind == Kind::Systemd {
            systemctl(&reload, &mut done)?;
        }
        return Ok(done);
    };
    for (file, text) in texts {
        done.changed |= put(&folder.join(file), text)?;
    }
    if kind == Kind::Systemd {
        systemctl(&reload, &mut done)?;
        systemctl(&["--user", "enable", "--now", &timer], &mut done)?;
    } else {
        let plist = folder.join(format!("{name}.plist"));
        // One that is loaded keeps what it was loaded with. That there is none is no failure.
        let mut unloaded = Done::default();
        let _ = bootout(&plist, name, &mut unloaded);
        let file = path_text(&plist)?;
        run("launchctl", &["bootstrap", &domain(&plist)?, &file], &mut done)?;
    }
    Ok(done)
}

/// Unloads a launchd job.
fn bootout(plist: &Path, name: &str, done: &mut Done) -> Result<(), Failure> {
    run("launchctl", &["bootout", &format!("{}/{name}", domain(plist)?)], done)
}

/// The domain of the user whose file this is.
fn domain(plist: &Path) -> Result<String, Failure> {
    let meta = fs::metadata(plist).map_err(|error| ScheduleError::Io { path: plist.to_owned(), error })?;
    Ok(format!("gui/{}", meta.uid()))
}

fn unit_folder(kind: Kind) -> Result<PathBuf, Failure> {
    let home = env("HOME").filter(|home| Path::new(home).is_absolute());
    let configured =
        env("XDG_CONFIG_HOME").filter(|dir| kind == Kind::Systemd && Path::new(dir).is_absolute());
    match (kind, configured, home) {
        (Kind::Launchd, _, Some(home)) => Ok(Path::new(&home).join("Library/LaunchAgents")),
        (_, Some(dir), _) => Ok(Path::new(&dir).join("systemd/user")),
        (_, None, Some(home)) => Ok(Path::new(&home).join(".config/systemd/user")),
        _ => {
            let hint = Some("set HOME to your folder's absolute path".to_owned());
            Err(Failure::said(exit::USAGE, "HOME does not say where your files are", hint))
        }
    }
}

/// Runs systemctl.
fn systemctl(arguments: &[&str], done: &mut Done) -> Result<(), Failure> {
    run("systemctl", arguments, done)
}

/// Runs a program; where there is none the command is left to somebody.
fn run(program: &str, arguments: &[&str], done: &mut Done) -> Result<(), Failure> {
    let words: Vec<String> = arguments.iter().map(|word| shell_word(word)).collect();
    let line = format!("{program} {}", words.join(" "));
    match Command::new(program).args(arguments).stdin(Stdio::null()).output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            let hint = Some("run it yourself once that is put right, or asof schedule again".to_owned());
            Err(Failure::said(exit::FAILED, format!("{line} failed: {}", said.trim()), hint))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            done.commands.push(line);
            Ok(())
        }
        Err(error) => Err(Failure::said(exit::FAILED, format!("{line} can't be run: {error}"), None)),
    }
}

impl From<ScheduleError> for Failure {
    fn from(error: ScheduleError) -> Self {
        let code = match &error {
            ScheduleError::NeverFinal { .. }
            | ScheduleError::TooEarly { .. }
            | ScheduleError::NoNight { .. }
            | ScheduleError::Path { .. } => exit::USAGE,
            ScheduleError::Marks { .. } | ScheduleError::Io { .. } => exit::FAILED,
        };
        let hint = error.hint();
        Self::new(code, error, hint)
    }
}
