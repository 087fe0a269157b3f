//! A backfill in words: a line for each day, and what it comes to.

use std::time::Duration;

use unicode_width::UnicodeWidthStr as _;

use crate::config::Config;
use crate::model::definitions::Measure;
use crate::model::{Number, Provenance};
use crate::ops::backfill::report::{DayOutcome, DayReport, Numbers, Summary};
use crate::ops::decide::Why;
use crate::ops::stats::odd::main_metric;
use crate::view::format::{Format, count};
use crate::view::odd;
use crate::view::text::safe;

/// How wide a number's column is, `1,234,567` and some room.
const NUMBER: usize = 9;
/// What is said of a distinct count over time.
const OVER_TIME: [&str; 3] = ["unique", "new", "total"];
/// How many other metrics are shown where nothing is counted over time.
const OTHERS: usize = 2;

/// Which numbers the lines show.
pub struct Columns {
    /// The metric that is counted.
    main: Option<String>,
    /// The distinct count over time.
    over_time: Option<String>,
    /// Where there is none, the next metrics.
    others: Vec<String>,
    labels: Vec<(String, String, Option<String>)>,
}

impl Columns {
    /// Those of a configuration: the count in which odd days show, and the first distinct count over time.
    pub fn of(config: &Config) -> Self {
        let metrics = &config.presentation.metrics;
        let measure = |name: &String| config.definitions.metrics.get(name).map(|metric| &metric.measure);
        let main = main_metric(config).map(str::to_owned);
        let over_time = metrics
            .keys()
            .find(|name| matches!(measure(name), Some(Measure::Distinct(distinct)) if distinct.cumulative))
            .cloned();
        let others = metrics.keys().filter(|name| Some(*name) != main.as_ref()).take(OTHERS).cloned();
        let others = if over_time.is_some() { Vec::new() } else { others.collect() };
        let labels = metrics
            .iter()
            .map(|(name, look)| (name.clone(), look.label.to_lowercase(), look.unit.clone()))
            .collect();
        Self { main, over_time, others, labels }
    }

    fn look(&self, name: &str) -> (&str, Option<&str>) {
        let found = self.labels.iter().find(|(known, _, _)| known == name);
        found.map_or(("", None), |(_, label, unit)| (label.as_str(), unit.as_deref()))
    }

    /// How wide the numbers of a day are.
    fn width(&self) -> usize {
        let labels = self.main.iter().chain(&self.others).map(|name| self.look(name).0);
        let over_time: &[&str] = if self.over_time.is_some() { &OVER_TIME } else { &[] };
        labels.chain(over_time.iter().copied()).map(|label| NUMBER + 3 + label.width()).sum()
    }

    /// The numbers of a day, side by side.
    fn numbers(&self, numbers: &Numbers) -> String {
        let mut text = String::new();
        let mut add = |value: Option<String>, label: &str| {
            let value = value.unwrap_or_else(|| "unknown".to_owned());
            text.push_str(&format!("{value:>NUMBER$} {label}  "));
        };
        for name in self.main.iter().chain(&self.others) {
            let (label, unit) = self.look(name);
            let value = numbers.values.get(name).and_then(Option::as_ref);
            add(value.map(|value| bare(unit, value)), &safe(label));
        }
        if let Some(seen) = self.over_time.as_ref().and_then(|name| numbers.seen.get(name)) {
            let [unique, new, total] = OVER_TIME;
            add(Some(count(seen.unique)), unique);
            add(seen.new.map(count), new);
            add(seen.cumulative.map(count), total);
        }
        text
    }
}

/// A number whose label tells its unit, but for percent.
fn bare(unit: Option<&str>, value: &Number) -> String {
    let format = Format::of(unit, [value]);
    if format.is_percent() { format.show(value).to_string() } else { format.show_bare(value).number }
}

/// The line of a day, and one for what to do about it; `left` is how long the rest may take.
pub fn day(report: &DayReport, columns: &Columns, left: Option<Duration>) -> String {
    let place = format!("day {:>width$} of {}", report.place, report.of, width = digits(report.of));
    let left = left.map_or_else(String::new, |left| format!("   {} left", span(left)));
    let numbers = report.numbers.as_ref().map_or_else(String::new, |numbers| columns.numbers(numbers));
    let numbers = match &report.outcome {
        DayOutcome::NotOver { .. } => "     not over yet".to_owned(),
        DayOutcome::NoHours { .. } => "     no hours: clocks jumped over it".to_owned(),
        DayOutcome::Failed { why, .. } => format!("     failed: {}", safe(why)),
        _ => numbers,
    };
    let note = match &report.outcome {
        DayOutcome::Saved { why: Why::Final { .. }, id, .. } => format!("final, edition {}   ", id.edition),
        DayOutcome::Saved { why: Why::Restate { .. }, id, .. } => {
            format!("restated, edition {}   ", id.edition)
        }
        DayOutcome::Saved { provenance: Provenance::Provisional, .. } => "provisional   ".to_owned(),
        DayOutcome::AlreadyThere { .. } => "already there   ".to_owned(),
        DayOutcome::Unchanged { .. } => "reads the same   ".to_owned(),
        DayOutcome::Saved { .. }
        | DayOutcome::NotOver { .. }
        | DayOutcome::NoHours { .. }
        | DayOutcome::Failed { .. } => String::new(),
    };
    let hint = match &report.outcome {
        DayOutcome::Failed { hint: Some(hint), .. } => format!("               hint: {}\n", safe(hint)),
        _ => String::new(),
    };
    let odd: String = report
        .odd
        .iter()
        .map(|odd| format!("               ! {}\n", safe(&odd::sentence(odd, report.day))))
        .collect();
    let room = columns.width().saturating_sub(numbers.width());
    format!("{}{numbers}{:room$}   {note}{place}{left}\n{hint}{odd}", report.day, "")
}

/// What a run came to.
pub fn summary(summary: &Summary, columns: &Columns) -> String {
    let mut text = String::from("totals    ");
    if let Some((name, sum)) =
        columns.main.as_ref().and_then(|name| Some((name, summary.totals.sums.get(name)?)))
    {
        let (label, unit) = columns.look(name);
        text.push_str(&format!(
            "{:>NUMBER$} {}  ",
            Format::of(unit, [sum]).show(sum).to_string(),
            safe(label)
        ));
    }
    if let Some((name, seen)) =
        columns.over_time.as_ref().and_then(|name| Some((name, summary.totals.seen.get(name)?)))
        && let Some(cumulative) = seen.cumulative
    {
        let label = columns.look(name).0;
        let label = label.strip_prefix("unique ").unwrap_or(label);
        let since = seen.basis.since;
        text.push_str(&format!("{:>NUMBER$} unique {} since {since}  ", count(cumulative), safe(label)));
    }
    let mut counts = vec![
        format!("{} saved", summary.saved),
        format!("{} already there", summary.already_there),
        format!("{} failed", summary.failed.len()),
    ];
    let others = [
        (summary.unchanged, "read the same"),
        (summary.not_over, "not over yet"),
        (summary.no_hours, "without hours"),
        (summary.left, "left"),
    ];
    counts.extend(others.iter().filter(|(days, _)| *days > 0).map(|(days, what)| format!("{days} {what}")));
    text.push_str(&format!("  {}\n", counts.join(", ")));
    if !summary.odd.is_empty() {
        text.push_str("odd days\n");
    }
    for (day, odd) in &summary.odd {
        for odd in odd {
            text.push_str(&format!("{day}     {}\n", safe(&odd::sentence(odd, *day))));
        }
    }
    text
}

/// A span of time for people: `2m10s`, `1h05m`.
pub fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds}s"),
        (0, minutes, seconds) => format!("{minutes}m{seconds:02}s"),
        (hours, minutes, _) => format!("{hours}h{minutes:02}m"),
    }
}

fn digits(number: usize) -> usize {
    number.to_string().len()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::span;

    #[test]
    fn spans_of_time_are_short() {
        let told = |seconds| span(Duration::from_secs(seconds));
        assert_eq!([told(9), told(130), told(3900), told(360_000)], ["9s", "2m10s", "1h05m", "100h00m"]);
    }
}
