//! How days settle, as it is told beside the numbers: what was looked at, and what was left out.

use super::settling::Report;
use crate::archive::History;
use crate::model::Day;
use crate::view::format::count;

/// What was looked at: the days, their editions, and how often they were read again without a difference.
pub fn seal(history: &History) -> Vec<(&'static str, String)> {
    let (mut days, mut editions, mut again) = (0, 0, 0);
    for (day, all) in history.days() {
        days += 1;
        editions += all.len();
        again += history.confirmations(day).len();
    }
    let (first, last) = (history.days().next(), history.days().next_back());
    let name = |day: Option<(Day, _)>| day.map(|(day, _): (Day, &[_])| day.to_string());
    let number = |many: usize| count(many as u64);
    let mut seal = vec![("days", number(days))];
    seal.extend(name(first).map(|day| ("from", day)));
    seal.extend(name(last).map(|day| ("to", day)));
    seal.extend([("editions", number(editions)), ("read again and equal", number(again))]);
    seal
}

/// What else is to be known: what was left out.
pub fn notes(report: &Report) -> Vec<String> {
    let over: Vec<&str> = report.over.iter().map(String::as_str).collect();
    let over = (!over.is_empty()).then(|| {
        format!("Left out, since it is taken over several days and follows from them: {}.", over.join(", "))
    });
    let redefined = report.metrics.iter().filter(|(_, metric)| metric.redefined > 0).map(|(name, metric)| {
        let looks =
            if metric.redefined == 1 { "1 look is" } else { &format!("{} looks are", metric.redefined) };
        format!("{name}: {looks} left out, since it was defined otherwise then.")
    });
    over.into_iter().chain(redefined).collect()
}
