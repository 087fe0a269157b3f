//! A source of VICIDIAL's shape: its tables, and made-up rows with all that goes wrong in life.
//!
//! The rows are the same for the same [`Spec`]. They hold each case that a count can get
//! wrong: rows in both the live table and its archive with a stale status there, spellings
//! that the collation holds equal, NULL beside "", rows at both ends of a day, days of 23
//! and 25 hours, rows whose time is NULL or zero, flags set by the system or a campaign only.

use chrono::{Days, NaiveDate, NaiveDateTime, TimeDelta, TimeZone, Utc};
use chrono_tz::America::Chicago;
use fastrand::Rng;

use labels::labels;
use table::{Table, text};

mod labels;
pub mod portable;
mod table;

/// A storage engine of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// What VICIDIAL uses; it has no consistent snapshot.
    MyIsam,
    /// What some centres change to.
    InnoDb,
}

/// A database's character set, with VICIDIAL's collation for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    /// Older installations; it holds no right-to-left text.
    Latin1,
    /// Newer installations: three bytes a character at most.
    Utf8,
}

impl Charset {
    /// What follows `create database NAME`.
    pub fn clause(self) -> &'static str {
        match self {
            Self::Latin1 => "character set latin1 collate latin1_swedish_ci",
            Self::Utf8 => "character set utf8 collate utf8_unicode_ci",
        }
    }
}

/// What to generate.
#[derive(Clone, Debug)]
pub struct Spec {
    /// Other seeds give other rows.
    pub seed: u64,
    /// The character set of the database, which limits what labels can hold.
    pub charset: Charset,
    /// Days in America/Chicago, each with how many outbound calls it has, not counting
    /// the few rows that test an edge.
    pub days: Vec<(NaiveDate, u32)>,
}

/// The statements that make the tables, each without its `;`.
pub fn schema(engine: Engine) -> Vec<String> {
    let text = include_str!("vicidial.sql");
    let text: String =
        text.lines().filter(|line| !line.starts_with("--")).flat_map(|line| [line, "\n"]).collect();
    let text = match engine {
        Engine::MyIsam => text,
        Engine::InnoDb => text.replace("engine=MyISAM", "engine=InnoDB"),
    };
    text.split(";\n").map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned).collect()
}

/// The statements that fill the tables, for a connection that speaks utf8mb4.
///
/// The first sets the session's `sql_mode`, so that zero dates go in: all have to run in one
/// connection, in this order.
pub fn generate(spec: &Spec) -> Vec<String> {
    let mut statements = vec!["set session sql_mode = ''".to_owned()];
    statements.extend(labels(spec.charset));
    let mut rows = Rows::new(spec.seed);
    for (day, calls) in &spec.days {
        rows.outbound(*day, *calls);
        rows.inbound(*day, calls / 10);
        rows.agents(*day, calls / 3);
    }
    rows.edges(&spec.days);
    statements.extend(rows.calls.statements());
    statements.extend(rows.closer.statements());
    statements.extend(rows.agent.statements());
    statements
}

/// Campaigns with their lists: the ids are spelled as VICIDIAL's own, one in lower case.
const CAMPAIGNS: [&str; 5] = ["1027", "EAST", "west", "SOLAR", "GONE"];
const AGENTS: u32 = 24;

/// Statuses and their weights: most calls reach nobody.
const OUTBOUND: [(Option<&str>, u32); 20] = [
    (Some("NA"), 300),
    (Some("NA "), 25),
    (Some("na"), 10),
    (Some("A"), 190),
    (Some("B"), 50),
    (Some("DC"), 40),
    (Some("NI"), 150),
    (Some("DNC"), 15),
    (Some("DROP"), 14),
    (Some("drop"), 4),
    (Some("CALLBK"), 40),
    (Some("XFER"), 30),
    (Some("WARM"), 20),
    (Some("YES"), 12),
    (Some("SVYCLM"), 6),
    (Some("svyclm"), 6),
    (Some("SALE"), 7),
    (Some("ODD"), 8),
    (Some(""), 5),
    (None, 20),
];
const INBOUND: [(Option<&str>, u32); 8] = [
    (Some("SALE"), 90),
    (Some("sale "), 10),
    (Some("NI"), 300),
    (Some("XFER"), 80),
    (Some("DROP"), 60),
    (Some("CALLBK"), 50),
    (Some("WARM"), 20),
    (None, 10),
];

fn agent(n: u32) -> String {
    format!("{}", 6001 + n)
}

fn team(n: u32) -> String {
    format!("TEAM{}", 1 + n % 3)
}

/// Where a row lies: most are live, some are live and copied, some are archived only.
struct Pair {
    live: Table,
    archive: Table,
}

impl Pair {
    fn new(live: &'static str, archive: &'static str, columns: &'static str) -> Self {
        Self { live: Table::new(live, columns), archive: Table::new(archive, columns) }
    }

    /// Puts a row in one table or in both; `stale` is the copy as it was when it was archived.
    fn place(&mut self, rng: &mut Rng, row: &[String], stale: &[String]) {
        match rng.u32(0..10) {
            0..7 => self.live.push(row),
            7..9 => {
                self.live.push(row);
                self.archive.push(stale);
            }
            _ => self.archive.push(row),
        }
    }

    fn statements(&self) -> Vec<String> {
        [self.live.statements(), self.archive.statements()].concat()
    }
}

struct Rows {
    rng: Rng,
    next: u32,
    calls: Pair,
    closer: Pair,
    agent: Pair,
}

impl Rows {
    fn new(seed: u64) -> Self {
        Self {
            rng: Rng::with_seed(seed),
            next: 1,
            calls: Pair::new(
                "vicidial_log",
                "vicidial_log_archive",
                "uniqueid, lead_id, list_id, campaign_id, call_date, length_in_sec, status, phone_number, user, user_group",
            ),
            closer: Pair::new(
                "vicidial_closer_log",
                "vicidial_closer_log_archive",
                "closecallid, lead_id, list_id, campaign_id, call_date, length_in_sec, status, queue_seconds, user, user_group, uniqueid",
            ),
            agent: Pair::new(
                "vicidial_agent_log",
                "vicidial_agent_log_archive",
                "agent_log_id, user, server_ip, event_time, lead_id, campaign_id, pause_sec, wait_sec, talk_sec, dispo_sec, dead_sec, status, user_group",
            ),
        }
    }

    fn id(&mut self) -> u32 {
        self.next += 1;
        self.next
    }

    /// A moment of the day as VICIDIAL writes it: local time, an hour of which occurs twice or never
    /// when the clocks change. One row in six falls outside of working hours.
    fn moment(&mut self, day: NaiveDate) -> NaiveDateTime {
        let start = instant(day);
        let length = (instant(day + Days::new(1)) - start).num_seconds();
        let (from, to) = if self.rng.u32(0..6) == 0 { (0, length) } else { (8 * 3600, 20 * 3600) };
        let at = start + TimeDelta::seconds(self.rng.i64(from..to));
        at.with_timezone(&Chicago).naive_local()
    }

    fn outbound(&mut self, day: NaiveDate, calls: u32) {
        for _ in 0..calls {
            let status = pick(&mut self.rng, &OUTBOUND);
            let at = literal(self.moment(day));
            self.call(&at, status);
        }
    }

    fn call(&mut self, at: &str, status: Option<&str>) {
        let id = text(&format!("17620{:05}.{}", self.next % 99991, self.id()));
        let rng = &mut self.rng;
        let campaign = rng.u32(0..41);
        let known = CAMPAIGNS.get(campaign as usize / 8).copied();
        let list =
            known.map_or("null".to_owned(), |_| (1001 + campaign / 8 * 10 + rng.u32(0..3)).to_string());
        let campaign = match known {
            // Written by hand in another case: the collation holds it equal.
            Some("EAST") if rng.u32(0..20) == 0 => text("east"),
            Some(id) => text(id),
            None => "null".to_owned(),
        };
        let spoke = matches!(status.map(str::trim), Some(s) if !["NA", "na", "A", "B", "DC", "", "drop", "DROP"].contains(&s));
        let person = rng.u32(0..AGENTS);
        let (user, group) = match (spoke, rng.u32(0..50)) {
            (true, 0) => ("''".to_owned(), "''".to_owned()),
            (true, _) => (text(&agent(person)), text(&team(person))),
            (false, 0) => ("null".to_owned(), "null".to_owned()),
            (false, _) => (text("VDAD"), "null".to_owned()),
        };
        let length = match rng.u32(0..40) {
            0 => "null".to_owned(),
            1 => "-1".to_owned(),
            2 => "6000".to_owned(),
            3 => "6001".to_owned(),
            _ => rng.u32(0..400).to_string(),
        };
        let phone = text(&format!("312555{:04}", rng.u32(0..4000)));
        let lead = rng.u32(1..9000).to_string();
        let status = status.map_or("null".to_owned(), text);
        let row = |length: &str, status: &str| {
            [&id, &lead, &list, &campaign, at, length, status, &phone, &user, &group].map(str::to_owned)
        };
        let now = row(&length, &status);
        let then = row("0", "'INCALL'");
        self.calls.place(&mut self.rng, &now, &then);
    }

    fn inbound(&mut self, day: NaiveDate, calls: u32) {
        for _ in 0..calls {
            let status = pick(&mut self.rng, &INBOUND);
            let at = literal(self.moment(day));
            self.closer_call(&at, status);
        }
    }

    fn closer_call(&mut self, at: &str, status: Option<&str>) {
        let id = self.id().to_string();
        let rng = &mut self.rng;
        let person = rng.u32(0..AGENTS);
        // Few leads, so that one has several calls with a sale.
        let lead = rng.u32(1..120).to_string();
        let ingroup = text(["SALESLINE", "HELP", "help", "OLDLINE"][rng.u32(0..4) as usize]);
        let length = if rng.u32(0..30) == 0 { "null".to_owned() } else { rng.u32(0..900).to_string() };
        let queue = format!("{}.{:02}", rng.u32(0..300), rng.u32(0..100));
        let status = status.map_or("null".to_owned(), text);
        let (user, group) = match rng.u32(0..20) {
            0 => (text("VDCL"), "null".to_owned()),
            _ => (text(&agent(person)), text(&team(person))),
        };
        let unique = text(&format!("i{id}"));
        let row = |length: &str, status: &str| {
            [&id, &lead, "999", &ingroup, at, length, status, &queue, &user, &group, &unique]
                .map(str::to_owned)
        };
        let now = row(&length, &status);
        let then = row("0", "'QUEUE'");
        self.closer.place(&mut self.rng, &now, &then);
    }

    fn agents(&mut self, day: NaiveDate, spans: u32) {
        for _ in 0..spans {
            let at = literal(self.moment(day));
            self.span(&at);
        }
    }

    fn span(&mut self, at: &str) {
        let id = self.id().to_string();
        let rng = &mut self.rng;
        let person = rng.u32(0..AGENTS);
        let on_call = rng.u32(0..5) > 0;
        let lead = match (on_call, rng.u32(0..30)) {
            (false, _) => "null".to_owned(),
            (true, 0) => "0".to_owned(),
            (true, _) => rng.u32(1..9000).to_string(),
        };
        let mut seconds =
            |most: u32, when: bool| if when { rng.u32(0..most).to_string() } else { "0".to_owned() };
        let wait = seconds(60, true);
        let talk = seconds(300, on_call);
        let dispo = seconds(40, on_call);
        // More than was talked, now and then: the clock of the dead call ran on.
        let dead = seconds(30, on_call);
        let pause = match rng.u32(0..60) {
            0 => "null".to_owned(),
            1 => "65535".to_owned(),
            2 => "64999".to_owned(),
            _ => rng.u32(0..120).to_string(),
        };
        let status = if on_call { text("NI") } else { "null".to_owned() };
        let campaign = text(CAMPAIGNS[rng.u32(0..5) as usize]);
        let (user, group) = (text(&agent(person)), text(&team(person)));
        let row = |pause: &str, talk: &str| {
            [
                &id,
                &user,
                "'127.0.0.1'",
                at,
                &lead,
                &campaign,
                pause,
                &wait,
                talk,
                &dispo,
                &dead,
                &status,
                &group,
            ]
            .map(str::to_owned)
        };
        let now = row(&pause, &talk);
        let then = row("0", "0");
        self.agent.place(&mut self.rng, &now, &then);
    }

    /// Rows at both ends of each day, and rows that belong to no day.
    fn edges(&mut self, days: &[(NaiveDate, u32)]) {
        for (day, _) in days {
            let next = *day + Days::new(1);
            for at in [format!("'{day} 00:00:00'"), format!("'{day} 23:59:59'"), format!("'{next} 00:00:00'")]
            {
                for status in [Some("SALE"), Some("DROP"), None] {
                    self.call(&at, status);
                }
                self.closer_call(&at, Some("SALE"));
                self.span(&at);
            }
            // The live row was given another date since it was copied: the copy counts nowhere.
            let id = self.id();
            let row = |date: NaiveDate| {
                [
                    text(&format!("moved.{id}")),
                    "1".into(),
                    "1001".into(),
                    text("1027"),
                    format!("'{date} 12:00:00'"),
                    "60".into(),
                    text("SALE"),
                    text("3125550000"),
                    text("6001"),
                    text("TEAM1"),
                ]
            };
            self.calls.live.push(&row(*day - Days::new(400)));
            self.calls.archive.push(&row(*day));
        }
        for at in ["null", "'0000-00-00 00:00:00'", "'2025-11-00 00:00:00'", "'2025-00-15 10:00:00'"] {
            self.call(at, Some("SALE"));
            self.closer_call(at, Some("SALE"));
            self.span(at);
        }
    }
}

/// One of the statuses, as often as its weight says.
fn pick<'a>(rng: &mut Rng, weights: &[(Option<&'a str>, u32)]) -> Option<&'a str> {
    let mut left = rng.u32(0..weights.iter().map(|(_, weight)| weight).sum());
    for (status, weight) in weights {
        if left < *weight {
            return *status;
        }
        left -= weight;
    }
    None
}

/// The instant at which a date starts in America/Chicago, where midnight always exists.
fn instant(day: NaiveDate) -> chrono::DateTime<Utc> {
    let midnight = day.and_time(chrono::NaiveTime::MIN);
    Chicago.from_local_datetime(&midnight).earliest().map(|at| at.to_utc()).unwrap_or_default()
}

fn literal(at: NaiveDateTime) -> String {
    format!("'{}'", at.format("%Y-%m-%d %H:%M:%S"))
}

#[test]
fn rows_are_the_same_for_the_same_seed() {
    let day = NaiveDate::from_ymd_opt(2025, 11, 2).unwrap();
    let spec = |seed| Spec { seed, charset: Charset::Utf8, days: vec![(day, 300)] };
    assert_eq!(generate(&spec(7)), generate(&spec(7)));
    assert_ne!(generate(&spec(7)), generate(&spec(8)));
}

#[test]
fn local_times_follow_the_clock_change() {
    let mut rows = Rows::new(1);
    let mut hours = |day: &str| {
        let day: NaiveDate = day.parse().unwrap();
        let mut count = [0; 24];
        for _ in 0..40_000 {
            let at = rows.moment(day);
            assert_eq!(at.date(), day);
            count[chrono::Timelike::hour(&at) as usize] += 1;
        }
        count
    };
    assert_eq!(hours("2025-03-09")[2], 0, "02:xx does not occur when the clocks go forward");
    let autumn = hours("2025-11-02");
    assert!(autumn[1] * 2 > autumn[0] * 3, "01:xx occurs twice when they go back");
}

#[test]
fn the_schema_is_one_statement_for_each_table_or_change() {
    for (engine, name) in [(Engine::MyIsam, "MyISAM"), (Engine::InnoDb, "InnoDB")] {
        let statements = schema(engine);
        assert_eq!(statements.len(), 15);
        assert_eq!(statements.iter().filter(|one| one.ends_with(&format!("engine={name}"))).count(), 10);
    }
    for charset in [Charset::Latin1, Charset::Utf8] {
        assert!(charset.clause().contains("_ci"));
        assert!(labels(charset).iter().any(|one| one.contains("</script>")));
    }
}
