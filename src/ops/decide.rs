//! Whether a day is to be read and frozen, from what the archive holds: pure.

use chrono::{DateTime, Utc};

use crate::calendar::{BeyondCalendar, Calendar, Window};
use crate::model::{Day, Edition, Provenance};

/// What a save was asked to do beside freezing a final day that is not frozen yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// Freeze the day although it has not ended.
    pub provisional: bool,
    /// Read a frozen day again and freeze it anew if a number differs, for this reason.
    pub restate: Option<String>,
}

/// An edition that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Latest {
    /// Its number.
    pub edition: Edition,
    /// How it came to be known.
    pub provenance: Provenance,
}

/// What is to be done with a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is frozen and stays as it is.
    Keep(Latest),
    /// It is read and gets its next edition.
    Freeze {
        /// What sets it off.
        why: Why,
    },
}

/// Why a day gets an edition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// It has none.
    First,
    /// Its latest was provisional, and now it is final.
    Final {
        /// That edition.
        after: Edition,
    },
    /// Somebody asked for it, if a number differs.
    Restate {
        /// The edition that is there.
        after: Edition,
    },
    /// A save read it again at its age, and a number differs.
    Lookback {
        /// The edition that is there.
        after: Edition,
    },
    /// It has none although later days were saved: a save found that it was missed.
    Missed,
}

/// Which command it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The freezing of one day.
    Save,
    /// The freezing of a range.
    Backfill,
}

impl Why {
    /// The word for it in manifests and the ledger.
    pub fn trigger(&self, by: By) -> &'static str {
        match (self, by) {
            (Self::First, By::Save) => "save",
            (Self::First, By::Backfill) => "backfill",
            (Self::Final { .. }, _) => "final",
            (Self::Restate { .. }, _) => "restate",
            (Self::Lookback { .. } | Self::Missed, _) => "lookback",
        }
    }
}

/// A day that can't be frozen now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It has not begun.
    #[error("{day} has not begun: it begins at {begins}")]
    Future {
        /// The day.
        day: Day,
        /// In local time.
        begins: String,
    },
    /// It has not ended, and that was not asked for.
    #[error("{day} has not ended: it ends at {ends}")]
    NotEnded {
        /// The day.
        day: Day,
        /// In local time.
        ends: String,
    },
    /// It has no hours: clocks jumped over it.
    #[error("{day} has no hours in {zone}: clocks jumped over it")]
    Empty {
        /// The day.
        day: Day,
        /// The zone.
        zone: String,
    },
    /// It lies at the end of the calendar.
    #[error(transparent)]
    Beyond(#[from] BeyondCalendar),
}

impl Refusal {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotEnded { .. } => {
                Some("wait until it is over, or freeze it as it stands with --provisional".to_owned())
            }
            Self::Future { .. } => {
                Some("nothing can be known of it yet: freeze it once it is over".to_owned())
            }
            Self::Empty { .. } | Self::Beyond(_) => Some("freeze another day".to_owned()),
        }
    }
}

/// Decides what to do with a day at `now`, when `latest` is its latest edition.
///
/// # Errors
/// When the day can't be frozen now.
pub fn decide(
    calendar: &Calendar,
    window: &Window,
    now: DateTime<Utc>,
    latest: Option<Latest>,
    wish: &Wish,
) -> Result<Decision, Refusal> {
    let day = window.day;
    let local =
        |instant: DateTime<Utc>| instant.with_timezone(&window.zone).format("%Y-%m-%d %H:%M %Z").to_string();
    if window.start == window.end {
        return Err(Refusal::Empty { day, zone: window.zone.name().to_owned() });
    }
    if now < window.start {
        return Err(Refusal::Future { day, begins: local(window.start) });
    }
    let provenance = calendar.provenance(day, now)?;
    if let Some(latest) = latest {
        let settled = latest.provenance == Provenance::Provisional && provenance != Provenance::Provisional;
        let why = if settled {
            Why::Final { after: latest.edition }
        } else if wish.restate.is_some() {
            Why::Restate { after: latest.edition }
        } else {
            return Ok(Decision::Keep(latest));
        };
        if now < window.end && !wish.provisional {
            return Err(Refusal::NotEnded { day, ends: local(window.end) });
        }
        return Ok(Decision::Freeze { why });
    }
    if now < window.end && !wish.provisional {
        return Err(Refusal::NotEnded { day, ends: local(window.end) });
    }
    Ok(Decision::Freeze { why: Why::First })
}

#[cfg(test)]
mod tests {
    use chrono::{NaiveTime, TimeDelta};

    use super::{Decision, Latest, Refusal, Why, Wish, decide};
    use crate::calendar::Calendar;
    use crate::config::CalendarSettings;
    use crate::model::{Edition, Provenance};

    const FIRST: Edition = Edition::FIRST;

    fn decided(now: &str, latest: Option<Provenance>, wish: &Wish) -> Result<Decision, Refusal> {
        let calendar = Calendar::new(CalendarSettings {
            time_zone: chrono_tz::America::Chicago,
            day_starts_at: NaiveTime::MIN,
            final_after: TimeDelta::hours(2),
        });
        // In Chicago the day runs from 06:00 UTC to 06:00 UTC and is final at 08:00 UTC.
        let window = calendar.window("2025-11-06".parse().unwrap()).unwrap();
        let latest = latest.map(|provenance| Latest { edition: FIRST, provenance });
        decide(&calendar, &window, now.parse().unwrap(), latest, wish)
    }

    #[test]
    fn a_day_that_is_over_is_frozen_once() {
        let plain = Wish::default();
        let at = "2025-11-07T08:00:00Z";
        let first = Decision::Freeze { why: Why::First };
        assert_eq!(decided(at, None, &plain), Ok(first));
        for provenance in [Provenance::Witnessed, Provenance::Reconstructed] {
            assert_eq!(
                decided(at, Some(provenance), &plain),
                Ok(Decision::Keep(Latest { edition: FIRST, provenance }))
            );
        }
    }

    #[test]
    fn a_provisional_day_gets_its_next_edition_once_it_is_final() {
        let plain = Wish::default();
        let provisional = Some(Provenance::Provisional);
        assert!(matches!(decided("2025-11-07T07:59:59Z", provisional, &plain), Ok(Decision::Keep(_))));
        let next = Decision::Freeze { why: Why::Final { after: FIRST } };
        assert_eq!(decided("2025-11-07T08:00:00Z", provisional, &plain), Ok(next));
    }

    #[test]
    fn a_day_that_has_not_ended_needs_to_be_asked_for_and_a_future_one_never_comes() {
        let plain = Wish::default();
        let provisional = Wish { provisional: true, ..Wish::default() };
        assert!(matches!(decided("2025-11-07T05:59:59Z", None, &plain), Err(Refusal::NotEnded { .. })));
        let frozen = Decision::Freeze { why: Why::First };
        assert_eq!(decided("2025-11-07T05:59:59Z", None, &provisional), Ok(frozen));
        assert!(matches!(decided("2025-11-06T05:59:59Z", None, &provisional), Err(Refusal::Future { .. })));
    }

    #[test]
    fn restating_reads_a_frozen_day_again() {
        let wish = Wish { restate: Some("late rows".into()), ..Wish::default() };
        let again = Decision::Freeze { why: Why::Restate { after: FIRST } };
        assert_eq!(decided("2025-12-01T00:00:00Z", Some(Provenance::Witnessed), &wish), Ok(again));
    }
}
