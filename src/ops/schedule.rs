//! `schedule`: at which time a nightly save finds a final day, what runs it, and a crontab with it or without.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use chrono::{NaiveTime, Timelike as _};
use chrono_tz::Tz;

use super::nights::{Nightly, nightly};
use super::whole;
use crate::calendar::Calendar;
use crate::config::notify::SinkTo;
use crate::config::{CalendarSettings, Config};
use crate::model::{Day, Digest};
use crate::view::poll::{Often, Poll};
use crate::view::schedule::{Job, begin, end, mark};

const MINUTES_OF_A_DAY: i64 = 24 * 60;

/// How long after the day is final it is saved, when nothing else is said. Minutes.
const MARGIN: i64 = 5;

/// Why nothing was scheduled.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleError {
    /// No time of the day is late enough.
    #[error(
        "a day is final {hours} hours after its end: what is saved in the following night is provisional"
    )]
    NeverFinal {
        /// The hours, rounded down.
        hours: i64,
    },
    /// The time is too early.
    #[error("at {at} the day before is not final: that is so from {from} on")]
    TooEarly {
        /// The time that was asked for.
        at: String,
        /// The earliest that fits.
        from: String,
    },
    /// There is no time that fits in every night.
    #[error(
        "there is no time in {zone} at which a day is final in every night of the year, changes of clocks included"
    )]
    NoNight {
        /// The zone of whoever keeps the schedule.
        zone: String,
    },
    /// A path that can't be written down.
    #[error("the path {path:?} has characters that a schedule can't hold")]
    Path {
        /// The path.
        path: PathBuf,
    },
    /// A block in a crontab has lost one of its marks.
    #[error("the crontab has \"{mark}\" without the mark that belongs to it")]
    Marks {
        /// The mark that is there.
        mark: String,
    },
    /// A file can't be read or written.
    #[error("{} can't be changed: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

impl ScheduleError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NeverFinal { .. } => "set final_after in [calendar] below 24h".to_owned(),
            Self::NoNight { .. } => "set final_after in [calendar] to fewer hours".to_owned(),
            Self::TooEarly { from, .. } => format!("--at {from}, or leave --at out"),
            Self::Path { .. } => "use a path of UTF-8 text without control characters".to_owned(),
            Self::Marks { .. } => "put that right with crontab -e: nothing was changed".to_owned(),
            Self::Io { .. } => "see who may write there".to_owned(),
        })
    }
}

/// The local time of the nightly save: the one asked for, else soon after the day is final.
///
/// # Errors
/// When the day is not final by then, or by no time of the day.
pub fn time(settings: &CalendarSettings, at: Option<NaiveTime>) -> Result<NaiveTime, ScheduleError> {
    let starts = i64::from(settings.day_starts_at.num_seconds_from_midnight());
    let final_at = starts + settings.final_after.num_seconds();
    // Schedules know whole minutes only.
    let earliest = (final_at + 59).div_euclid(60);
    let room = MINUTES_OF_A_DAY * 60 + starts - earliest * 60;
    if room <= 0 {
        return Err(ScheduleError::NeverFinal { hours: settings.final_after.num_hours() });
    }
    let Some(at) = at else {
        let margin = if room > MARGIN * 60 { MARGIN } else { 0 };
        return Ok(clock(earliest + margin));
    };
    // Before the day's start, the day that ended last is the one that ended the evening before.
    let seconds = i64::from(at.num_seconds_from_midnight());
    let since_end = (seconds - starts).rem_euclid(MINUTES_OF_A_DAY * 60);
    if since_end < settings.final_after.num_seconds() {
        let text = |time: NaiveTime| time.format("%H:%M").to_string();
        return Err(ScheduleError::TooEarly { at: text(at), from: text(clock(earliest)) });
    }
    Ok(at)
}

fn clock(minutes: i64) -> NaiveTime {
    let seconds = u32::try_from(minutes.rem_euclid(MINUTES_OF_A_DAY) * 60).unwrap_or(0);
    NaiveTime::from_num_seconds_from_midnight_opt(seconds, 0).unwrap_or(NaiveTime::MIN)
}

/// The name of the units and jobs of this configuration, or of one tenant of it.
pub fn name(config: &str, tenant: Option<&str>) -> String {
    let digest = Digest::of(mark(config, tenant).as_bytes()).to_string();
    format!("asof-{}", digest.get(..8).unwrap_or_default())
}

/// A path as the text of a schedule.
///
/// # Errors
/// When it is no UTF-8, or has control characters.
pub fn path_text(path: &Path) -> Result<String, ScheduleError> {
    let text = path.to_str().filter(|text| !text.chars().any(char::is_control));
    text.map(str::to_owned).ok_or_else(|| ScheduleError::Path { path: path.to_owned() })
}

/// What is to be run every night, by the clock of `zone`; both paths are absolute.
///
/// # Errors
/// When the day is not final at that time, or a path can't be written down.
pub fn job(
    config: &Config,
    config_path: &Path,
    program: &Path,
    at: Option<NaiveTime>,
    (zone, today): (Tz, Day),
) -> Result<(Job, Nightly), ScheduleError> {
    let wanted = time(&config.calendar, at)?;
    let calendar = Calendar::new(config.calendar);
    let nightly = nightly(&calendar, zone, wanted, at.is_some(), today)
        .ok_or_else(|| ScheduleError::NoNight { zone: zone.name().to_owned() })?;
    let meant = (zone != config.calendar.time_zone).then(|| {
        let times: Vec<String> =
            nightly.in_calendar.iter().map(|time| time.format("%H:%M").to_string()).collect();
        format!("{} in {}", times.join(" or "), config.calendar.time_zone.name())
    });
    let path = path_text(config_path)?;
    let job = Job {
        name: name(&path, config.tenant.as_deref()),
        tenant: config.tenant.clone(),
        program: path_text(program)?,
        folder: path_text(config_path.parent().unwrap_or(Path::new("/")))?,
        config: path,
        hour: nightly.at.hour(),
        minute: nightly.at.minute(),
        zone: zone.name().to_owned(),
        meant,
        secrets: secrets(config),
    };
    Ok((job, nightly))
}

/// What looks for changes of these entities; both paths are absolute.
///
/// # Errors
/// When a path can't be written down.
pub fn poll(
    config: &Config,
    config_path: &Path,
    program: &Path,
    entity: &str,
    every: Often,
) -> Result<Poll, ScheduleError> {
    let path = path_text(config_path)?;
    Ok(Poll {
        name: format!("{}-{entity}", name(&path, config.tenant.as_deref())),
        tenant: config.tenant.clone(),
        program: path_text(program)?,
        folder: path_text(config_path.parent().unwrap_or(Path::new("/")))?,
        config: path,
        entity: entity.to_owned(),
        every,
        secrets: secrets(config),
    })
}

/// The environment variables that a configuration takes secrets from.
fn secrets(config: &Config) -> Vec<String> {
    let mut secrets: Vec<String> = config.sources.secrets().into_iter().map(str::to_owned).collect();
    for sink in config.notify.sinks.values() {
        if let SinkTo::Webhook { secret_env: Some(name), .. } = &sink.to {
            secrets.push(name.clone());
        }
    }
    // A name with a line's end would write lines of its own.
    secrets.retain(|name| !name.chars().any(char::is_control));
    secrets.sort();
    secrets.dedup();
    secrets
}

/// A crontab with the block of this configuration in its place, or without it. All other lines stay as they are.
///
/// # Errors
/// When one of its marks is missing.
pub fn with_block(crontab: &str, config: &str, block: Option<&str>) -> Result<String, ScheduleError> {
    let (begin, end) = (begin(config), end(config));
    let mut text = String::new();
    let mut wanted = block;
    let mut inside = false;
    for line in crontab.split_inclusive('\n') {
        let bare = line.trim_end_matches(['\n', '\r']);
        if bare == begin && !inside {
            inside = true;
            text.push_str(wanted.take().unwrap_or_default());
        } else if bare == end && inside {
            inside = false;
        } else if bare == begin || bare == end {
            return Err(ScheduleError::Marks { mark: bare.to_owned() });
        } else if !inside {
            text.push_str(line);
        }
    }
    if inside {
        return Err(ScheduleError::Marks { mark: begin });
    }
    if let Some(block) = wanted {
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str(block);
    }
    Ok(text)
}

/// Writes a file unless it holds that already; whether it was written.
///
/// # Errors
/// When it can't be.
pub fn put(path: &Path, text: &str) -> Result<bool, ScheduleError> {
    let failed = |error| ScheduleError::Io { path: path.to_owned(), error };
    if fs::read(path).is_ok_and(|old| old == text.as_bytes()) {
        return Ok(false);
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let staged = path.with_file_name(format!(".{name}.new"));
    // Readers of units see the one before or the new one, and none that is half written.
    whole::replace(path, &staged, 0o644, |out| out.write_all(text.as_bytes()))
        .map_err(|refused| ScheduleError::Io { path: refused.path, error: refused.error })?;
    Ok(true)
}

/// Removes a file; whether it was there.
///
/// # Errors
/// When it can't be.
pub fn take_away(path: &Path) -> Result<bool, ScheduleError> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(ScheduleError::Io { path: path.to_owned(), error }),
    }
}

#[cfg(test)]
mod tests {
    use chrono::{NaiveTime, TimeDelta};

    use super::{time, with_block};
    use crate::config::CalendarSettings;

    fn at(starts: &str, minutes: i64, at: Option<&str>) -> Result<String, String> {
        let clock = |text| NaiveTime::parse_from_str(text, "%H:%M").unwrap();
        let settings = CalendarSettings {
            time_zone: chrono_tz::America::Chicago,
            day_starts_at: clock(starts),
            final_after: TimeDelta::minutes(minutes),
        };
        let time = time(&settings, at.map(clock));
        time.map(|time| time.format("%H:%M").to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_day_is_saved_five_minutes_after_it_is_final() {
        assert_eq!(at("00:00", 120, None).unwrap(), "02:05");
        assert_eq!(at("06:00", 120, None).unwrap(), "08:05");
        assert_eq!(at("22:00", 180, None).unwrap(), "01:05");
        assert_eq!(at("00:00", 1438, None).unwrap(), "23:58");
        assert!(at("00:00", 1440, None).unwrap_err().contains("24 hours"));
    }

    #[test]
    fn a_time_fits_from_final_to_the_next_start() {
        assert_eq!(at("00:00", 120, Some("02:00")).unwrap(), "02:00");
        assert!(at("00:00", 120, Some("01:59")).unwrap_err().contains("from 02:00 on"));
        // At 02:05 the day that started at 06:00 goes on; the one before ended 20 hours ago.
        assert_eq!(at("06:00", 120, Some("02:05")).unwrap(), "02:05");
        assert!(at("06:00", 120, Some("07:00")).unwrap_err().contains("from 08:00 on"));
        assert!(at("22:00", 180, Some("23:30")).unwrap_err().contains("from 01:00 on"));
    }

    #[test]
    fn other_lines_of_a_crontab_stay() {
        let block = "# asof: begin /a\nnew\n# asof: end /a\n";
        assert_eq!(with_block("x", "/a", Some(block)).unwrap(), format!("x\n{block}"));
        let old = "x\n# asof: begin /a\nold\n# asof: end /a\n\n# asof: begin /b\n";
        let new = format!("x\n{block}\n# asof: begin /b\n");
        assert_eq!(with_block(old, "/a", Some(block)).unwrap(), new);
        assert_eq!(with_block(&new, "/a", Some(block)).unwrap(), new);
        assert_eq!(with_block(&new, "/a", None).unwrap(), "x\n\n# asof: begin /b\n");
        assert!(with_block("# asof: begin /a\nx\n", "/a", Some(block)).is_err());
        assert!(with_block("# asof: end /a\nx\n", "/a", None).is_err());
    }
}
