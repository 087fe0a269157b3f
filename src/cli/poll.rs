//! `asof schedule --capture`: what looks for changes of entities every few minutes.

use serde_json::json;

use super::context::Context;
use super::exit;
use super::failure::Failure;
use super::growth::chosen;
use super::schedule::{Done, Kind, cron, tell_commands, units};
use crate::ops::schedule::{name, path_text, poll};
use crate::view::poll::{Often, Poll, crontab, mark, plist, service, timer};

/// What is to be done with it.
pub struct Asked<'a> {
    /// The entities.
    pub entity: &'a str,
    /// How often; `None` to take it away.
    pub every: Option<Often>,
    /// What runs it.
    pub kind: Kind,
    /// Whether it is put in place.
    pub install: bool,
}

/// Reads how often on the command line.
///
/// # Errors
/// Where no schedule can hold it.
pub fn often(text: &str) -> Result<Often, String> {
    let seconds = crate::config::duration::parse(text).map(|span| (span.as_secs(), span.subsec_nanos()));
    let minutes = match seconds {
        Some((seconds, 0)) if seconds > 0 && seconds % 60 == 0 => u32::try_from(seconds / 60).ok(),
        _ => None,
    };
    match minutes {
        Some(minutes) if minutes < 60 && 60 % minutes == 0 => Ok(Often::Minutes(minutes)),
        Some(minutes) if minutes % 60 == 0 && minutes < 1440 && 1440 % minutes == 0 => {
            Ok(Often::Hours(minutes / 60))
        }
        _ => Err("take minutes that an hour is a multiple of, or hours that a day is: 5m, 15m, 1h, 6h; \
                  once a day asof save looks"
            .to_owned()),
    }
}

/// Prints it, puts it in place, or takes it away.
///
/// # Errors
/// When there are no such entities, or it can't be put in place.
pub fn run(context: &Context<'_>, asked: &Asked<'_>) -> Result<u8, Failure> {
    let path = std::path::absolute(context.config_path()).map_err(|error| {
        Failure::new(exit::FAILED, anyhow::Error::new(error).context("this folder can't be told"), None)
    })?;
    let out = context.output;
    let file = path_text(&path)?;
    let unit = format!("{}-{}", name(&file, context.tenant()), asked.entity);
    let Some(every) = asked.every else {
        let done = match asked.kind {
            Kind::Cron => cron(&mark(&file, context.tenant(), asked.entity), None)?,
            kind => units(kind, &unit, None)?,
        };
        if out.json() {
            out.document(&json!({ "config": file, "changed": done.changed, "commands": done.commands }));
        } else {
            out.report(if done.changed { "removed\n" } else { "there was nothing to remove\n" });
            tell_commands(context, &done);
        }
        return Ok(exit::DONE);
    };
    // Without a tenant it looks at all of them in turn.
    let config = context.config_of_all()?;
    let (_, entity) = chosen(&config.entities, Some(asked.entity))?;
    if entity.changes.is_empty() {
        let message = format!("nothing says what counts as a change of {}", asked.entity);
        let hint = format!("add [entities.{}.changes] to the configuration", asked.entity);
        return Err(Failure::said(exit::USAGE, message, Some(hint)));
    }
    let program = std::env::current_exe().map_err(|error| {
        Failure::new(
            exit::FAILED,
            anyhow::Error::new(error).context("the program's path can't be told"),
            None,
        )
    })?;
    let poll = poll(&config, &path, &program, asked.entity, every)?;
    let texts = texts(asked.kind, &poll);
    let done = match (asked.install, asked.kind) {
        (false, _) => Done::default(),
        (true, Kind::Cron) => cron(&poll.mark(), texts.first().map(|(_, text)| text.as_str()))?,
        (true, kind) => units(kind, &unit, Some(&texts))?,
    };
    if out.json() {
        let files = texts.iter().map(|(name, text)| json!({ "name": name, "text": text }));
        out.document(&json!({
            "config": poll.config,
            "tenant": poll.tenant,
            "entity": poll.entity,
            "every_minutes": minutes(every),
            "files": files.collect::<Vec<_>>(),
            "installed": asked.install,
            "changed": done.changed,
            "commands": done.commands,
        }));
    } else if asked.install {
        let what = if done.changed { "installed" } else { "installed already; nothing changed" };
        out.report(&format!("{what}: {} every {} min\n", poll.entity, minutes(every)));
        tell_commands(context, &done);
    } else {
        for (name, text) in &texts {
            let head = if texts.len() > 1 { format!("# {name}\n") } else { String::new() };
            out.answer(&format!("{head}{text}"));
        }
    }
    for name in &poll.secrets {
        out.warn(&format!("the environment of the scheduled run must provide {name}"));
    }
    if asked.kind == Kind::Systemd {
        out.warn("timers of a user run while nobody is logged in only after: loginctl enable-linger");
    }
    Ok(exit::DONE)
}

fn minutes(every: Often) -> u32 {
    match every {
        Often::Minutes(minutes) => minutes,
        Often::Hours(hours) => hours * 60,
    }
}

/// The files by their names; the crontab's lines are one without a file.
fn texts(kind: Kind, poll: &Poll) -> Vec<(String, String)> {
    match kind {
        Kind::Cron => vec![("crontab".to_owned(), crontab(poll))],
        Kind::Systemd => vec![
            (format!("{}.service", poll.name), service(poll)),
            (format!("{}.timer", poll.name), timer(poll)),
        ],
        Kind::Launchd => vec![(format!("{}.plist", poll.name), plist(poll))],
    }
}

#[cfg(test)]
mod tests {
    use super::often;
    use crate::view::poll::Often;

    #[test]
    fn only_what_a_schedule_can_hold_is_taken() {
        for (text, expected) in [
            ("5m", Some(Often::Minutes(5))),
            ("300s", Some(Often::Minutes(5))),
            ("1m", Some(Often::Minutes(1))),
            ("1h", Some(Often::Hours(1))),
            ("60m", Some(Often::Hours(1))),
            ("6h", Some(Often::Hours(6))),
            ("7m", None),
            ("0m", None),
            ("30s", None),
            ("90m", None),
            ("5h", None),
            ("24h", None),
            ("60500ms", None),
            ("often", None),
        ] {
            assert_eq!(often(text).ok(), expected, "{text}");
        }
    }
}
