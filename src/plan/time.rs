//! The day's window in the terms of a time column, and the spans of time inside it.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::sql::{Sql, quoted};
use super::time_type::contradiction;
use crate::calendar::{Overlap, Window, first_instant_of, is_ambiguous};
use crate::model::Value;
use crate::model::definitions::{Dialect, TimeIs, TimeSpan};

/// The first second of the year 1 and the last of the year 9999, since 1970.
const FIRST_SECOND: i64 = -62_135_596_800;
const LAST_SECOND: i64 = 253_402_300_799;

/// A window end that a column of local times can't tell from another.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the day {day} begins or ends at {local} in {zone}, which occurs twice when clocks go back: \
     a column of local times can't tell the two apart"
)]
pub struct AmbiguousEnd {
    /// The day.
    pub day: crate::model::Day,
    /// The local time.
    pub local: NaiveDateTime,
    /// The source's zone.
    pub zone: &'static str,
}

/// The bounds of a day in the terms of one time column.
#[derive(Clone, Debug, PartialEq)]
pub struct Bounds {
    dialect: Dialect,
    time_is: TimeIs,
    window: Window,
    /// The zone whose local time a `local` column tells.
    source_zone: Tz,
    /// The bounds as the column writes them, without a zone; epoch columns don't use them.
    start: NaiveDateTime,
    end: NaiveDateTime,
    /// Where local times of another zone than the calendar's jump during the day.
    jump: Option<Jump>,
}

/// A change of clocks inside a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Jump {
    /// The local time from which all are told by the changed clocks.
    from: NaiveDateTime,
    /// How many seconds have passed from then on, beyond what the clocks show.
    seconds: i64,
}

/// What a span of the day is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Its key: `09`, `09:30`, and `01b` for an hour that occurs again when clocks go back.
    pub key: String,
    /// What people call it, when the key does not say it all.
    pub label: Option<String>,
}

impl Bounds {
    /// The bounds of `window` for a column that tells time like this.
    ///
    /// # Errors
    /// When the column tells local time and an end of the window occurs twice in it.
    pub fn new(
        dialect: Dialect,
        time_is: TimeIs,
        source_zone: Tz,
        window: Window,
    ) -> Result<Self, AmbiguousEnd> {
        let written = |instant: DateTime<Utc>| match time_is {
            TimeIs::Local => instant.with_timezone(&source_zone).naive_local(),
            TimeIs::Utc | TimeIs::Epoch | TimeIs::Instant => instant.naive_utc(),
        };
        let (start, end) = (written(window.start), written(window.end));
        if time_is == TimeIs::Local {
            for local in [start, end] {
                if is_ambiguous(source_zone, local) {
                    return Err(AmbiguousEnd { day: window.day, local, zone: source_zone.name() });
                }
            }
        }
        let elsewhere = time_is == TimeIs::Local && source_zone != window.zone;
        let jump = if elsewhere { jump(source_zone, &window) } else { None };
        Ok(Self { dialect, time_is, window, source_zone, start, end, jump })
    }

    /// The same in another SQL, of a column that tells time likewise.
    #[must_use]
    pub fn written_in(&self, dialect: Dialect) -> Self {
        Self { dialect, ..self.clone() }
    }

    /// The SQL that they are written in.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// What speaks against how the column is said to tell time, when its type is this.
    pub fn contradiction(&self, kind: &str) -> Option<&'static str> {
        contradiction(self.dialect, self.time_is, kind)
    }

    /// The first bound, as it compares with the column.
    pub fn start(&self) -> Sql {
        self.bound(self.value(self.start, self.window.start))
    }

    /// The second bound, which is outside of the day.
    pub fn end(&self) -> Sql {
        self.bound(self.value(self.end, self.window.end))
    }

    /// A time as it compares with the column. PostgreSQL has to be told what it is, as a user's own SQL
    /// may calculate with it.
    fn bound(&self, time: Value) -> Sql {
        let sql = Sql::bind(time);
        match self.cast() {
            None => sql,
            Some(kind) => Sql::new("cast(").and(&sql).then(&format!(" as {kind})")),
        }
    }

    fn cast(&self) -> Option<&'static str> {
        match (self.dialect, self.time_is) {
            (Dialect::Mysql | Dialect::Sqlite, _) => None,
            (Dialect::Postgres, TimeIs::Epoch) => Some("bigint"),
            (Dialect::Postgres, TimeIs::Instant) => Some("timestamptz"),
            (Dialect::Postgres, TimeIs::Local | TimeIs::Utc) => Some("timestamp"),
        }
    }

    /// No time, of the column's type where the source wants to know it.
    pub fn no_time(&self) -> String {
        self.cast().map_or_else(|| "null".to_owned(), |kind| format!("cast(null as {kind})"))
    }

    fn value(&self, at: NaiveDateTime, instant: DateTime<Utc>) -> Value {
        match self.time_is {
            TimeIs::Epoch => Value::from(instant.timestamp()),
            _ => Value::text(written(at)),
        }
    }

    /// The condition that a row lies in the day, on the bare column so that its index serves.
    pub fn condition(&self, column: &str) -> Sql {
        if self.is_compared_as_it_is() {
            return Sql::new("(").and(&between(self.dialect, column, &self.start(), &self.end())).then(")");
        }
        let seconds = |time: NaiveDateTime| Sql::bind(Value::from(time.and_utc().timestamp()));
        let column_seconds = format!("unixepoch({})", quoted(self.dialect, column));
        Sql::new("(")
            .and(&self.near(column))
            .then(&format!(" and {column_seconds} >= "))
            .and(&seconds(self.start))
            .then(&format!(" and {column_seconds} < "))
            .and(&seconds(self.end))
            .then(")")
    }

    /// The condition that a row does not lie before the day, on the bare column too.
    pub fn since(&self, column: &str) -> Sql {
        let bare = |from: &Sql| Sql::new(format!("{} >= ", quoted(self.dialect, column))).and(from);
        if self.is_compared_as_it_is() {
            return Sql::new("(").and(&bare(&self.start())).then(")");
        }
        Sql::new("(")
            .and(&bare(&date(self.near_start())))
            .then(&format!(" and unixepoch({}) >= ", quoted(self.dialect, column)))
            .and(&Sql::bind(Value::from(self.start.and_utc().timestamp())))
            .then(")")
    }

    /// The same for rows whose time may be unreadable, and the condition that it is; as [`Bounds::unreadable`].
    pub fn unreadable_since(&self, column: &str) -> Option<(Sql, Sql)> {
        let (_, unknown) = self.unreadable(column)?;
        let near = Sql::new(format!("({} >= ", quoted(self.dialect, column)))
            .and(&date(self.near_start()))
            .then(")");
        Some((near, unknown))
    }

    /// The first and the last time that such a column can hold: all its rows lie between them.
    pub fn ends_of_time(&self) -> (Sql, Sql) {
        let (first, last) = match (self.dialect, self.time_is) {
            (_, TimeIs::Epoch) => {
                return (self.bound(Value::from(FIRST_SECOND)), self.bound(Value::from(LAST_SECOND)));
            }
            (Dialect::Mysql, TimeIs::Instant) => ("1970-01-01 00:00:01", "2038-01-19 03:14:07"),
            (Dialect::Mysql, _) => ("0000-00-00 00:00:00", "9999-12-31 23:59:59"),
            (Dialect::Sqlite, _) => ("0000-01-01 00:00:00", "9999-12-31 23:59:59"),
            (Dialect::Postgres, _) => ("0001-01-01 00:00:00", "9999-12-31 23:59:59"),
        };
        (self.bound(Value::text(first)), self.bound(Value::text(last)))
    }

    /// What tells which of two times is the later: a number, or a text with the larger units first.
    pub fn order(&self, column: &str) -> Sql {
        let column = quoted(self.dialect, column);
        Sql::new(match (self.dialect, self.time_is) {
            (Dialect::Mysql | Dialect::Postgres, _) | (_, TimeIs::Epoch) => column,
            (Dialect::Sqlite, _) => format!("unixepoch({column}, 'subsec')"),
        })
    }

    /// The condition that a row may lie in the day, and the one that its time can't be read: such
    /// rows would be left out silently. `None` where the source itself knows what a time is.
    pub fn unreadable(&self, column: &str) -> Option<(Sql, Sql)> {
        let unknown = Sql::new(format!("unixepoch({}) is null", quoted(self.dialect, column)));
        let near = || Sql::new("(").and(&self.near(column)).then(")");
        (!self.is_compared_as_it_is()).then(|| (near(), unknown))
    }

    /// SQLite keeps times as text, with a blank or a T, with or without an offset: only as seconds
    /// do they compare.
    fn is_compared_as_it_is(&self) -> bool {
        self.dialect != Dialect::Sqlite || self.time_is == TimeIs::Epoch
    }

    /// Bounds in text around the day, wide enough for any offset; they are for the index.
    fn near(&self, column: &str) -> Sql {
        let after = if self.time_is == TimeIs::Instant { 2 } else { 1 };
        let end = date(self.end + TimeDelta::days(after));
        between(self.dialect, column, &date(self.near_start()), &end)
    }

    fn near_start(&self) -> NaiveDateTime {
        self.start - TimeDelta::days(i64::from(self.time_is == TimeIs::Instant))
    }

    /// The number of the span in which a row lies, counted from 0 at the day's start.
    pub fn slot_number(&self, column: &str, span: TimeSpan) -> Sql {
        let column = quoted(self.dialect, column);
        let length = span.seconds();
        let start = self.start();
        match (self.dialect, self.time_is) {
            // The fraction goes first: a cast would round it up into the next span.
            (Dialect::Mysql, TimeIs::Epoch) => Sql::new(format!("floor((cast(floor({column}) as signed) - "))
                .and(&start)
                .then(&format!(") / {length})")),
            (Dialect::Mysql, _) => Sql::new("(timestampdiff(second, ")
                .and(&start)
                .then(&format!(", {column})"))
                .and(&self.jumped(&column, |from| Sql::bind(Value::text(written(from)))))
                .then(&format!(") div {length}")),
            // Whole seconds divide as whole numbers do.
            (Dialect::Postgres, TimeIs::Epoch) => Sql::new(format!("((cast(floor({column}) as bigint) - "))
                .and(&start)
                .then(&format!(") / {length})")),
            // A float, which is exact far below a microsecond here; `extract` gives a decimal, which takes longer.
            (Dialect::Postgres, _) => Sql::new(format!("cast(floor((date_part('epoch', {column} - "))
                .and(&start)
                .then(")")
                .and(&self.jumped(&column, |from| self.bound(Value::text(written(from)))))
                .then(&format!(") / {length}) as bigint)")),
            (Dialect::Sqlite, TimeIs::Epoch) => {
                Sql::new(format!("cast(({column} - ")).and(&start).then(&format!(") / {length} as integer)"))
            }
            (Dialect::Sqlite, _) => {
                let seconds = |time: NaiveDateTime| Sql::bind(Value::from(time.and_utc().timestamp()));
                let column = format!("unixepoch({column})");
                Sql::new(format!("({column} - "))
                    .and(&seconds(self.start))
                    .and(&self.jumped(&column, seconds))
                    .then(&format!(") / {length}"))
            }
        }
    }

    /// What a change of clocks adds to the seconds between two local times.
    fn jumped(&self, column: &str, bound: impl Fn(NaiveDateTime) -> Sql) -> Sql {
        let Some(jump) = self.jump else { return Sql::default() };
        Sql::new(format!(" + case when {column} < "))
            .and(&bound(jump.from))
            .then(" then 0 else ")
            .and(&Sql::bind(Value::from(jump.seconds)))
            .then(" end")
    }

    /// The name of the span of that number, in the calendar's local time.
    pub fn slot(&self, number: i64, span: TimeSpan) -> Slot {
        let offset = TimeDelta::seconds(span.seconds().saturating_mul(number));
        let zone = self.window.zone;
        if self.time_is == TimeIs::Local && self.source_zone == zone {
            // The column itself can't tell a repeated hour from the first.
            return Slot { key: clock(self.start + offset), label: None };
        }
        let Some(instant) = self.window.start.checked_add_signed(offset) else {
            return Slot { key: format!("+{number}"), label: None };
        };
        let local = instant.with_timezone(&zone);
        let key = clock(local.naive_local());
        let again = is_ambiguous(zone, local.naive_local())
            && first_instant_of(zone, local.naive_local(), Overlap::Later) == Some(instant);
        if again {
            let label = format!("{key}, the second time");
            Slot { key: format!("{key}b"), label: Some(label) }
        } else {
            Slot { key, label: None }
        }
    }
}

fn between(dialect: Dialect, column: &str, start: &Sql, end: &Sql) -> Sql {
    let column = quoted(dialect, column);
    let lower = Sql::new(format!("{column} >= ")).and(start);
    lower.then(&format!(" and {column} < ")).and(end)
}

/// Where a zone's clocks change during a day, if they do: a local time that occurs twice counts
/// as the first of the two.
fn jump(zone: Tz, window: &Window) -> Option<Jump> {
    let shown = |at: DateTime<Utc>| at.with_timezone(&zone).naive_local();
    let ahead = |at: DateTime<Utc>| shown(at) - at.naive_utc();
    let (mut before, mut after) = (window.start, window.end);
    let seconds = (ahead(before) - ahead(after)).num_seconds();
    if seconds == 0 {
        return None;
    }
    while after - before > TimeDelta::seconds(1) {
        let middle = before + TimeDelta::seconds((after - before).num_seconds() / 2);
        if ahead(middle) == ahead(window.start) {
            before = middle;
        } else {
            after = middle;
        }
    }
    let unchanged = after.naive_utc() + ahead(window.start);
    Some(Jump { from: unchanged.max(shown(after)), seconds })
}

fn date(time: NaiveDateTime) -> Sql {
    Sql::bind(Value::text(time.format("%Y-%m-%d").to_string()))
}

fn written(time: NaiveDateTime) -> String {
    time.format("%Y-%m-%d %H:%M:%S").to_string()
}

/// `09`, or `09:30` when it does not start on the hour.
fn clock(time: NaiveDateTime) -> String {
    let text = time.format("%H:%M").to_string();
    text.strip_suffix(":00").map_or(text.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use chrono::{NaiveTime, TimeDelta};

    use super::{Bounds, Sql};
    use crate::calendar::Calendar;
    use crate::config::CalendarSettings;
    use crate::model::Value;
    use crate::model::definitions::{Dialect, TimeIs, TimeSpan};

    fn bounds(zone: &str, starts: &str, day: &str, time_is: TimeIs, source: &str) -> Result<Bounds, String> {
        let calendar = Calendar::new(CalendarSettings {
            time_zone: zone.parse().unwrap(),
            day_starts_at: NaiveTime::parse_from_str(starts, "%H:%M").unwrap(),
            final_after: TimeDelta::hours(2),
        });
        let window = calendar.window(day.parse().unwrap()).unwrap();
        Bounds::new(Dialect::Mysql, time_is, source.parse().unwrap(), window)
            .map_err(|error| error.to_string())
    }

    fn keys(bounds: &Bounds, numbers: impl IntoIterator<Item = i64>) -> Vec<String> {
        numbers.into_iter().map(|number| bounds.slot(number, TimeSpan::Hour).key).collect()
    }

    #[test]
    fn the_hour_that_occurs_twice_is_two_members_where_the_column_can_tell() {
        let day = "2025-11-02";
        let utc = bounds("America/Chicago", "00:00", day, TimeIs::Utc, "America/Chicago").unwrap();
        assert_eq!(keys(&utc, [0, 1, 2, 3, 24]), ["00", "01", "01b", "02", "23"]);
        let local = bounds("America/Chicago", "00:00", day, TimeIs::Local, "America/Chicago").unwrap();
        assert_eq!(keys(&local, [0, 1, 2, 23]), ["00", "01", "02", "23"]);
    }

    #[test]
    fn the_hour_that_is_left_out_has_no_name() {
        let utc = bounds("America/Chicago", "00:00", "2025-03-09", TimeIs::Epoch, "UTC").unwrap();
        assert_eq!(keys(&utc, [0, 1, 2, 22]), ["00", "01", "03", "23"]);
    }

    #[test]
    fn a_source_in_another_zone_is_named_by_the_calendar() {
        // Midnight in Kolkata is 12:30 of the day before in Chicago (CST, UTC-6).
        let kolkata =
            bounds("Asia/Kolkata", "00:00", "2025-11-06", TimeIs::Local, "America/Chicago").unwrap();
        assert_eq!(kolkata.start(), Sql::bind(Value::text("2025-11-05 12:30:00")));
        assert_eq!(keys(&kolkata, [0, 9, 23]), ["00", "09", "23"]);
    }

    #[test]
    fn a_day_can_start_at_another_time_than_midnight() {
        let shift = bounds("Europe/Berlin", "06:30", "2025-11-06", TimeIs::Local, "Europe/Berlin").unwrap();
        assert_eq!(shift.end(), Sql::bind(Value::text("2025-11-07 06:30:00")));
        assert_eq!(keys(&shift, [0, 1, 23]), ["06:30", "07:30", "05:30"]);
    }

    #[test]
    fn an_end_that_occurs_twice_in_a_local_column_is_an_error() {
        let wrong = bounds("America/Chicago", "01:30", "2025-11-02", TimeIs::Local, "America/Chicago");
        assert!(wrong.unwrap_err().contains("occurs twice"));
        let day_before = bounds("America/Chicago", "01:30", "2025-11-01", TimeIs::Local, "America/Chicago");
        assert!(day_before.is_err());
        assert!(bounds("America/Chicago", "01:30", "2025-11-02", TimeIs::Utc, "America/Chicago").is_ok());
    }
}
