//! A proposal as the text of an `asof.toml`. What is not taken stands there too, as lines that begin with `#` and
//! no blank: without the `#` they are part of the configuration.

use std::fmt::Write as _;

use super::zone::Zone;
use super::{Dimension, Entities, Events, Metric, Proposal, Rows};

/// How many tables that are left out are told.
const MOST_LEFT_OUT: usize = 200;

/// What stands before the tables.
#[derive(Clone, Debug)]
pub struct Head {
    /// The source's URL, without its password.
    pub url: String,
    /// The environment variable of the password, if there is one.
    pub password_env: Option<String>,
    /// Whether a source of this kind has passwords.
    pub has_passwords: bool,
    /// What the server is, in words.
    pub server: String,
    /// The zone of its times.
    pub zone: Zone,
}

/// The text of a configuration.
pub fn text(head: &Head, proposal: &Proposal) -> String {
    let mut out = Text(String::new());
    out.head(head, proposal.events.iter().any(|events| events.taken));
    for events in proposal.events.iter().filter(|events| events.taken) {
        out.events(events);
    }
    for entities in proposal.entities.iter().filter(|entities| entities.taken) {
        out.entities(entities);
    }
    let taken: Vec<&Events> = proposal.events.iter().filter(|events| events.taken).collect();
    if !taken.is_empty() {
        out.line(false, "\n[metrics]");
    }
    for events in taken {
        out.prose(&format!("Of {}.", events.name));
        for metric in &events.metrics {
            let line = format!("{} = {{ of = {}, {} }}", metric.name, string(&events.name), body(metric));
            out.reason(!metric.taken, &line, &metric.why);
        }
    }
    let rest = || proposal.events.iter().filter(|events| !events.taken);
    let things = || proposal.entities.iter().filter(|entities| !entities.taken);
    if rest().next().is_some() || things().next().is_some() {
        out.line(false, "\n");
        out.prose("More tables that could be taken: remove the # of their lines.");
    }
    for events in rest() {
        out.events(events);
        for metric in events.metrics.iter().filter(|metric| metric.taken) {
            out.line(true, &format!("[metrics.{}]", metric.name));
            out.line(true, &format!("of = {}", string(&events.name)));
            for part in parts(metric) {
                out.line(true, &part);
            }
        }
    }
    things().for_each(|entities| out.entities(entities));
    if !proposal.left_out.is_empty() {
        out.line(false, "\n");
        out.prose("Left out:");
    }
    for left_out in proposal.left_out.iter().take(MOST_LEFT_OUT) {
        out.prose(&format!("{:?}: {}.", left_out.table, left_out.why));
    }
    if proposal.left_out.len() > MOST_LEFT_OUT {
        out.prose(&format!("and {} more.", proposal.left_out.len() - MOST_LEFT_OUT));
    }
    out.0
}

struct Text(String);

impl Text {
    /// A line of the configuration, or one that is not taken.
    fn line(&mut self, commented: bool, line: &str) {
        for line in line.split('\n') {
            // Writing to a String can't fail.
            let _ = writeln!(self.0, "{}{line}", if commented && !line.is_empty() { "#" } else { "" });
        }
    }

    /// The same with the reason behind it.
    fn reason(&mut self, commented: bool, line: &str, why: &str) {
        let why = if why.is_empty() { String::new() } else { format!("   # {why}") };
        self.line(commented, &format!("{line}{why}"));
    }

    fn prose(&mut self, line: &str) {
        let _ = writeln!(self.0, "# {line}");
    }

    fn head(&mut self, head: &Head, has_events: bool) {
        let server: String = head.server.chars().filter(|c| !c.is_control()).collect();
        self.prose(&format!("Proposed by asof init --from, by what the database tells: {server}."));
        self.prose(
            "Only its list of tables and samples of their rows were read. Each choice says why it was made:",
        );
        self.prose("see whether it is right, and run `asof check`. To take what was not taken, remove the # of a line");
        self.prose("that has no blank behind it; to take other tables, run asof init again with --table.");
        self.line(false, &format!("\n[source]\nurl = {}", string(&head.url)));
        match &head.password_env {
            Some(name) => self.reason(
                false,
                &format!("password_env = {}", string(name)),
                "or password_file, password_command; never in this file",
            ),
            None if head.has_passwords => {
                self.reason(
                    true,
                    "password_env = \"ASOF_SOURCE_PASSWORD\"",
                    "or password_file, password_command",
                );
            }
            None => {}
        }
        let zone = format!("time_zone = {}", string(&head.zone.name));
        self.reason(false, "timeout = \"60s\"", "for each query");
        self.reason(false, &zone, &head.zone.why);
        self.line(false, "\n[archive]");
        self.reason(false, "dir = \"snapshots\"", "relative to this file");
        self.line(false, "\n[calendar]");
        self.reason(false, &zone, "the zone whose dates name the days: yours, if it is another");
        self.line(false, "day_starts_at = \"00:00\"");
        if has_events {
            self.reason(
                false,
                "final_after = \"2h\"",
                "a day that is captured sooner after its end is provisional",
            );
        } else {
            self.reason(false, "final_after = \"0s\"", "what a look saw will not change");
        }
        self.reason(
            true,
            "lookback = [1, 2, 3, 7]",
            "if rows change later: each save reads days of these ages again",
        );
    }

    fn events(&mut self, events: &Events) {
        let off = !events.taken;
        self.line(false, "\n");
        events.why.iter().for_each(|why| self.prose(why));
        self.line(off, &format!("[events.{}]", events.name));
        match &events.rows {
            Rows::Table(table) => self.line(off, &format!("table = {}", string(table))),
            Rows::Sql(sql) => self.line(off, &format!("sql = {}", string(sql))),
        }
        self.line(off, &format!("time = {}", string(&events.time)));
        self.line(off, &format!("time_is = {}", string(events.time_is)));
        if events.by.is_empty() {
            return;
        }
        self.line(off, &format!("\n[events.{}.by]", events.name));
        for dimension in &events.by {
            self.reason(off || !dimension.taken, &by(dimension), &dimension.why);
        }
    }

    fn entities(&mut self, entities: &Entities) {
        let off = !entities.taken;
        self.line(false, "\n");
        entities.why.iter().for_each(|why| self.prose(why));
        self.line(off, &format!("[entities.{}]", entities.name));
        self.line(off, &format!("sql = {}", string(&entities.sql)));
        self.line(off, &format!("key = {}", string(&entities.key)));
        if let Some(label) = &entities.label {
            self.reason(off, &format!("label = {}", string(label)), "what people call it");
        }
        if !entities.counters.is_empty() {
            let pairs: Vec<String> = entities
                .counters
                .iter()
                .map(|(field, column)| format!("{field} = {}", string(column)))
                .collect();
            self.reason(
                off,
                &format!("counters = {{ {} }}", pairs.join(", ")),
                "named like counters, and whole numbers",
            );
        }
        if !entities.gauges.is_empty() {
            let gauges: Vec<String> = entities.gauges.iter().map(|gauge| format!("{gauge} = {{}}")).collect();
            self.reason(
                true,
                &format!("gauges = {{ {} }}", gauges.join(", ")),
                "numbers that may go up and down",
            );
        }
        for (key, fields, why) in [
            ("group_by", &entities.group_by, "several rows share a value"),
            ("attributes", &entities.attributes, "texts"),
        ] {
            let list: Vec<String> = fields.iter().map(|field| string(field)).collect();
            if !list.is_empty() {
                self.reason(off, &format!("{key} = [{}]", list.join(", ")), why);
            }
        }
    }
}

fn by(dimension: &Dimension) -> String {
    let name = &dimension.name;
    match &dimension.sql {
        None => format!("{name} = {{ time = \"hour\" }}"),
        Some(sql) if dimension.alone => format!("{name} = {{ sql = {}, alone = true }}", string(sql)),
        Some(sql) => format!("{name} = {}", string(sql)),
    }
}

fn parts(metric: &Metric) -> Vec<String> {
    let what = metric.sql.as_ref().map_or_else(|| "true".to_owned(), |sql| string(sql));
    let unit = metric.unit.map(|unit| format!("unit = {}", string(unit)));
    std::iter::once(format!("{} = {what}", metric.kind)).chain(unit).collect()
}

fn body(metric: &Metric) -> String {
    parts(metric).join(", ")
}

/// A text as TOML writes it, on one line where it has one.
pub(super) fn string(text: &str) -> String {
    let control = |c: char| c.is_control();
    if text.contains('\n') && !text.contains("'''") && !text.chars().any(|c| c != '\n' && control(c)) {
        return format!("'''\n{text}\n'''");
    }
    if text.contains(['"', '\\']) && !text.contains('\'') && !text.contains(control) {
        return format!("'{text}'");
    }
    let mut written = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => written.extend(['\\', letter]),
            letter if control(letter) => {
                let _ = write!(written, "\\u{:04X}", u32::from(letter));
            }
            letter => written.push(letter),
        }
    }
    written + "\""
}
