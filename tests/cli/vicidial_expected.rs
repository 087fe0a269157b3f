//! What each number of the VICIDIAL preset has to be, as SQL of its own.
//!
//! Nothing here comes from the preset: dates are compared as dates, the archive is cut off
//! by `not in`, statuses are written out one by one, flags are looked up call by call. Slow,
//! and easy to read.

use chrono::NaiveDate;

/// What the columns of an [`Expected`] mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The value is the first over the second: a count over 1, seconds over 60.
    Number,
    /// A ratio's numerator and denominator.
    Ratio,
    /// An average's sum and count of values.
    Average,
}

/// One metric, in total or by one dimension.
#[derive(Clone, Debug)]
pub struct Expected {
    /// The metric's name in the preset.
    pub metric: &'static str,
    /// The dimension; `None` for the total, which is one row with NULL for its key.
    pub by: Option<&'static str>,
    /// What the second and third column mean.
    pub kind: Kind,
    /// A query of three columns: key, upper part, lower part. Each member of the day has its
    /// row, also where the number is 0. The key is the spelling whose bytes are the smallest,
    /// an hour's is `00` to `23`; the upper part is NULL for a sum of no values.
    pub sql: String,
}

/// A dimension: its name, and what rows are grouped by.
type Dimension = (&'static str, &'static str);

const CALLS_BY: [Dimension; 6] = [
    ("hour", "hour(call_date)"),
    ("campaign", "campaign_id"),
    ("status", "status"),
    ("user_group", "user_group"),
    ("list", "list_id"),
    ("agent", "user"),
];
const INBOUND_BY: [Dimension; 5] = [
    ("hour", "hour(call_date)"),
    ("ingroup", "campaign_id"),
    ("status", "status"),
    ("user_group", "user_group"),
    ("agent", "user"),
];
const AGENTS_BY: [Dimension; 4] = [
    ("hour", "hour(event_time)"),
    ("campaign", "campaign_id"),
    ("user_group", "user_group"),
    ("agent", "user"),
];

const OPT_IN: &str = "coalesce(sum(status = 'SALE' or status = 'XFER' or status = 'CALLBK' or status = 'WARM' \
                      or status = 'YES' or status = 'SVYCLM'), 0)";
const SALE: &str = "coalesce(sum(status = 'SALE'), 0)";
const DROP: &str = "coalesce(sum(if(length_in_sec > 6000, 0, status = 'DROP')), 0)";
const MINUTES: &str = "sum(if(length_in_sec < 0, 0, length_in_sec))";
const HANDLED: &str = "coalesce(sum(lead_id is not null and lead_id <> 0), 0)";
const HANDLE: &str = "sum(coalesce(talk_sec, 0)) + sum(coalesce(dispo_sec, 0))";
const WAIT: &str = "sum(coalesce(wait_sec, 0))";
const PAUSE: &str = "sum(coalesce(pause_sec, 0))";

/// How many calls have a flag, by their status in the system or in their campaign.
fn flagged(flag: &str) -> String {
    format!(
        "sum((select count(*) from vicidial_statuses f where f.status = c.status and f.{flag} = 'Y') \
         + (select count(*) from vicidial_campaign_statuses f \
            where f.status = c.status and f.campaign_id = c.campaign_id and f.{flag} = 'Y') > 0)"
    )
}

/// Every metric of the preset but `legal_drop_rate`, in total and by each of its dimensions.
pub fn expected(day: NaiveDate) -> Vec<Expected> {
    let human = flagged("human_answered");
    let contact = flagged("customer_contact");
    let (one, days) = ("1", [day]);
    let mut all = Vec::new();
    for (metric, kind, upper, lower) in [
        ("calls", Kind::Number, "count(*)", one),
        ("opt_ins", Kind::Number, OPT_IN, one),
        ("sales", Kind::Number, SALE, one),
        ("minutes", Kind::Number, MINUTES, "60"),
        ("human_answered", Kind::Number, &human, one),
        ("contacts", Kind::Number, &contact, one),
        ("drops", Kind::Number, DROP, one),
        ("conversion", Kind::Ratio, SALE, "count(*)"),
        ("contact_rate", Kind::Ratio, &contact, "count(*)"),
        ("drop_rate", Kind::Ratio, DROP, &human),
    ] {
        all.extend(each(metric, kind, (upper, lower), &calls(&days), &CALLS_BY));
    }
    let waited = "count(queue_seconds)";
    for (metric, kind, upper, lower) in [
        ("inbound_calls", Kind::Number, "count(*)", one),
        ("inbound_sales", Kind::Number, SALE, one),
        ("inbound_minutes", Kind::Number, MINUTES, "60"),
        ("inbound_drops", Kind::Number, DROP, one),
        ("inbound_drop_rate", Kind::Ratio, DROP, "count(*)"),
        ("inbound_wait", Kind::Average, "sum(queue_seconds)", waited),
    ] {
        all.extend(each(metric, kind, (upper, lower), &inbound(day), &INBOUND_BY));
    }
    let leads = "count(distinct if(status = 'SALE', lead_id, null))";
    all.extend(each("sold_leads", Kind::Number, (leads, one), &inbound(day), &INBOUND_BY[1..2]));
    let ready = format!("{HANDLE} + {WAIT}");
    let logged = format!("{PAUSE} + {ready}");
    // The spans are unsigned: the difference is only taken where it is not below zero.
    let customer = "sum(if(coalesce(dead_sec, 0) > coalesce(talk_sec, 0), 0, \
                    coalesce(talk_sec, 0) - coalesce(dead_sec, 0)))";
    for (metric, kind, upper, lower) in [
        ("agent_calls", Kind::Number, HANDLED, one),
        ("handle_seconds", Kind::Number, HANDLE, one),
        ("ready_seconds", Kind::Number, &ready, one),
        ("pause_seconds", Kind::Number, PAUSE, one),
        ("logged_seconds", Kind::Number, &logged, one),
        ("customer_minutes", Kind::Number, customer, "60"),
        ("aht", Kind::Ratio, HANDLE, HANDLED),
        ("occupancy", Kind::Ratio, HANDLE, &ready),
        ("pause_share", Kind::Ratio, PAUSE, &logged),
    ] {
        all.extend(each(metric, kind, (upper, lower), &agents(day), &AGENTS_BY));
    }
    all
}

/// The legal drop rate over the given days, which should be the frozen ones of the 30 days.
pub fn legal_drop_rate(days: &[NaiveDate]) -> Vec<Expected> {
    let human = flagged("human_answered");
    each("legal_drop_rate", Kind::Ratio, (DROP, &human), &calls(days), &CALLS_BY)
}

/// The total of a metric, and the metric by each dimension.
fn each(
    metric: &'static str,
    kind: Kind,
    (upper, lower): (&str, &str),
    from: &str,
    by: &[Dimension],
) -> Vec<Expected> {
    let total = format!("select null, {upper}, {lower} from {from}");
    let by = by.iter().map(|(dimension, column)| {
        let key = match *dimension {
            "hour" => format!("lpad({column}, 2, '0')"),
            "list" => format!("cast({column} as char)"),
            _ => format!("convert(min(cast({column} as binary)) using utf8)"),
        };
        (Some(*dimension), format!("select {key}, {upper}, {lower} from {from} group by {column}"))
    });
    std::iter::once((None, total)).chain(by).map(|(by, sql)| Expected { metric, by, kind, sql }).collect()
}

fn on(column: &str, days: &[NaiveDate]) -> String {
    let days: Vec<String> = days.iter().map(|day| format!("'{day}'")).collect();
    format!("date({column}) in ({})", days.join(", "))
}

fn calls(days: &[NaiveDate]) -> String {
    let on = on("call_date", days);
    let columns = "call_date, list_id, campaign_id, length_in_sec, status, user, user_group";
    format!(
        "(select {columns} from vicidial_log where {on} union all \
         select {columns} from vicidial_log_archive where {on} \
         and uniqueid not in (select uniqueid from vicidial_log)) as c"
    )
}

fn inbound(day: NaiveDate) -> String {
    let on = on("call_date", &[day]);
    let columns = "call_date, lead_id, campaign_id, length_in_sec, queue_seconds, status, user, user_group";
    format!(
        "(select {columns} from vicidial_closer_log where {on} union all \
         select {columns} from vicidial_closer_log_archive where {on} \
         and closecallid not in (select closecallid from vicidial_closer_log)) as c"
    )
}

fn agents(day: NaiveDate) -> String {
    let on = on("event_time", &[day]);
    let whole = "not (coalesce(pause_sec, 0) >= 65000 or coalesce(wait_sec, 0) >= 65000 or coalesce(talk_sec, 0) >= 65000 \
                 or coalesce(dispo_sec, 0) >= 65000 or coalesce(dead_sec, 0) >= 65000)";
    let columns = "event_time, user, user_group, campaign_id, lead_id, pause_sec, wait_sec, talk_sec, dispo_sec, dead_sec";
    format!(
        "(select {columns} from vicidial_agent_log where {on} and {whole} union all \
         select {columns} from vicidial_agent_log_archive where {on} and {whole} \
         and agent_log_id not in (select agent_log_id from vicidial_agent_log)) as c"
    )
}

#[test]
fn each_metric_has_its_total_and_its_breakdowns() {
    let day = NaiveDate::from_ymd_opt(2025, 11, 2).unwrap();
    let all = [expected(day), legal_drop_rate(&[day])].concat();
    let of =
        |metric: &str| all.iter().filter(|one| one.metric == metric).map(|one| one.by).collect::<Vec<_>>();
    assert_eq!(of("sold_leads"), [None, Some("ingroup")]);
    assert_eq!(of("calls"), of("legal_drop_rate"));
    assert_eq!(all.iter().filter(|one| one.by.is_none()).count(), 27);
    assert_eq!(all.iter().filter(|one| one.kind == Kind::Average).count(), 1 + INBOUND_BY.len());
    assert!(all.iter().all(|one| one.by != Some("hour") || one.sql.contains("lpad")));
}

#[test]
fn no_metric_and_no_dimension_of_the_preset_is_left_out() {
    let preset: toml::Table = include_str!("../../presets/vicidial.toml").parse().unwrap();
    let metrics = preset["metrics"].as_table().unwrap();
    let day = NaiveDate::from_ymd_opt(2025, 11, 2).unwrap();
    let all = [expected(day), legal_drop_rate(&[day])].concat();
    for (name, metric) in metrics {
        // A ratio is taken over the events of its parts.
        let counted = metric.get("ratio").map_or(metric, |parts| &metrics[parts[0].as_str().unwrap()]);
        let events = counted["of"].as_str().unwrap();
        let mut dimensions: Vec<&str> = match metric.get("by") {
            Some(by) => by.as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect(),
            None => preset["events"][events]["by"].as_table().unwrap().keys().map(String::as_str).collect(),
        };
        let mut checked: Vec<&str> =
            all.iter().filter(|one| one.metric == name).filter_map(|one| one.by).collect();
        dimensions.sort_unstable();
        checked.sort_unstable();
        assert_eq!(checked, dimensions, "{name}");
    }
    assert!(all.iter().all(|one| metrics.contains_key(one.metric)));
}
