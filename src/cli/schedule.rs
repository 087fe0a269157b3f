//! `asof schedule`

use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use chrono::NaiveTime;
use serde_json::json;

use super::context::{Context, env};
use super::exit;
use super::failure::Failure;
use crate::ops::schedule::{ScheduleError, job, name, path_text, put, take_away, with_block};
use crate::view::schedule::{Job, crontab, plist, service, shell_word, timer};
use crate::view::text::safe;

const EXAMPLES: &str = "\
Examples:
  asof schedule                            print a line for cron; nothing is changed
  asof schedule --install                  put it into your crontab
  asof schedule --kind systemd --install   a service and a timer of your own user
  asof schedule --at 03:30                 at another time, in the calendar's zone
  asof schedule --remove                   take it out again

All other lines of the crontab stay as they are, and installing twice changes nothing.";

/// Write, install or remove what saves every night: a cron line, a systemd timer, a launchd job
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Schedule {
    /// The time in the calendar's zone; else five minutes after the day is final
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
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Kind {
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
struct Done {
    changed: bool,
    commands: Vec<String>,
}

impl Schedule {
    /// Runs it.
    ///
    /// # Errors
    /// When the day is not final by then, or it can't be put in place.
    pub fn run(self, context: &Context<'_>) -> Result<u8, Failure> {
        let path = std::path::absolute(context.config_path()).map_err(|error| {
            Failure::new(exit::FAILED, anyhow::Error::new(error).context("this folder can't be told"), None)
        })?;
        let out = context.output;
        if self.remove {
            let config = path_text(&path)?;
            let done = match self.kind {
                Kind::Cron => cron(&config, None)?,
                kind => units(kind, &name(&config), None)?,
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
        let config = context.config()?;
        let program = std::env::current_exe().map_err(|error| {
            Failure::new(
                exit::FAILED,
                anyhow::Error::new(error).context("the program's path can't be told"),
                None,
            )
        })?;
        let job = job(&config, &path, &program, self.at)?;
        let texts = texts(self.kind, &job);
        let done = match (self.install, self.kind) {
            (false, _) => Done::default(),
            (true, Kind::Cron) => cron(&job.config, texts.first().map(|(_, text)| text.as_str()))?,
            (true, kind) => units(kind, &job.name, Some(&texts))?,
        };
        if out.json() {
            let files = texts.iter().map(|(name, text)| json!({ "name": name, "text": text }));
            out.document(&json!({
                "config": job.config,
                "at": format!("{:02}:{:02}", job.hour, job.minute),
                "time_zone": job.zone,
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
        warn(context, self.kind, &job);
        Ok(exit::DONE)
    }
}

fn tell_commands(context: &Context<'_>, done: &Done) {
    if !done.commands.is_empty() {
        let lines: String = done.commands.iter().map(|line| format!("  {}\n", safe(line))).collect();
        context.output.answer(&format!("now run:\n{lines}"));
    }
}

/// What the text can't see to by itself.
fn warn(context: &Context<'_>, kind: Kind, job: &Job) {
    for name in &job.secrets {
        context.output.warn(&format!("the environment of the scheduled run must provide {name}"));
    }
    context.output.warn(&match kind {
        Kind::Cron => format!(
            "not every cron knows CRON_TZ (Debian's does not): without it {:02}:{:02} is the machine's time, \
             not that of {}; where it is known, it counts for the lines below the block too",
            job.hour, job.minute, job.zone
        ),
        Kind::Systemd => {
            "timers of a user run while nobody is logged in only after: loginctl enable-linger".to_owned()
        }
        Kind::Launchd => format!(
            "launchd goes by the machine's local time: it has to be that of {} for {:02}:{:02} to be meant",
            job.zone, job.hour, job.minute
        ),
    });
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
fn cron(config: &str, block: Option<&str>) -> Result<Done, Failure> {
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
fn units(kind: Kind, name: &str, texts: Option<&[(String, String)]>) -> Result<Done, Failure> {
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
            done.commands.push(format!("launchctl bootout gui/$(id -u)/{name}"));
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
        let file = path_text(&folder.join(format!("{name}.plist")))?;
        done.commands.push(format!("launchctl bootstrap gui/$(id -u) {}", shell_word(&file)));
    }
    Ok(done)
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

/// Runs systemctl; where there is none the command is left to somebody.
fn systemctl(arguments: &[&str], done: &mut Done) -> Result<(), Failure> {
    let line = format!("systemctl {}", arguments.join(" "));
    match Command::new("systemctl").args(arguments).stdin(Stdio::null()).output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            let hint =
                Some("run it yourself once the user's systemd is up, or asof schedule again".to_owned());
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
            | ScheduleError::Path { .. } => exit::USAGE,
            ScheduleError::Marks { .. } | ScheduleError::Io { .. } => exit::FAILED,
        };
        let hint = error.hint();
        Self::new(code, error, hint)
    }
}
