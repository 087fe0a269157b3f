//! Every preset, as `init` writes it for a database, on MariaDB, PostgreSQL and SQLite: the same rows give the numbers
//! that the test reckons itself, and the same bytes.

mod entities;
mod events;

use chrono::NaiveDate;
use serde_json::Value;

use super::vicidial::{held, same_day};
use crate::support::command::Place;
use crate::support::vicidial::portable::{Other, rows_for, schema_for};
use crate::support::vicidial::{Charset, Engine, Spec, schema};
use crate::support::{mariadb, postgres};

/// A database.
enum Base {
    Mariadb(mariadb::Db),
    Postgresql(postgres::Db),
    Sqlite,
}

/// A folder with a configuration, and the database that it is about.
struct Site {
    place: Place,
    base: Base,
}

impl Site {
    /// One for each kind of database, MariaDB's first.
    fn all() -> [Self; 3] {
        [Base::Mariadb(mariadb::db()), Base::Postgresql(postgres::db()), Base::Sqlite].map(|base| {
            let place = Place::new();
            place.env("ASOF_SOURCE_PASSWORD", mariadb::REPORT.1);
            place.secret(mariadb::REPORT.1);
            Self { place, base }
        })
    }

    /// What `init` calls the database.
    fn engine(&self) -> &'static str {
        match self.base {
            Base::Mariadb(_) => "mysql",
            Base::Postgresql(_) => "postgresql",
            Base::Sqlite => "sqlite",
        }
    }

    /// Runs SQL.
    fn sql(&self, sql: &str) {
        match &self.base {
            Base::Mariadb(db) => {
                db.sql(&format!("set names utf8mb4; begin; {sql} commit;"));
            }
            Base::Postgresql(db) => {
                db.sql(&format!("begin; {sql} commit;"));
            }
            Base::Sqlite => self.place.sqlite("source.db", &format!("begin; {sql} commit;")),
        }
    }

    /// Writes the preset and puts the database's address into it: nothing else.
    fn configure(&self, preset: &str) {
        self.place.done(&[&format!("init --preset {preset} --engine {}", self.engine())]);
        let (written, ours) = match &self.base {
            Base::Mariadb(db) => ("mysql://report@127.0.0.1/", db.url_without_password()),
            Base::Postgresql(db) => ("postgres://report@127.0.0.1/", db.url_of(postgres::REPORT.0)),
            Base::Sqlite => ("sqlite:", "sqlite:source.db".to_owned()),
        };
        let text = self.place.read("asof.toml");
        let (before, after) = text.split_once(&format!("url = \"{written}")).unwrap();
        let after = after.split_once('"').unwrap().1;
        self.place.write("asof.toml", format!("{before}url = \"{ours}\"{after}"));
        let check = self.place.asof("check --json");
        let told: Value = serde_json::from_str(&check.stdout).unwrap_or_else(|_| panic!("{}", check.stderr));
        assert_eq!(
            (check.code, &told["ok"]),
            (0, &Value::Bool(true)),
            "{preset} on {}: {told}",
            self.engine()
        );
        self.place.forget();
    }

    /// What a day's `metrics.json` holds.
    fn numbers(&self, day: &str) -> String {
        self.place.read(&format!("snapshots/{day}/metrics.json"))
    }

    /// Fails where the numbers of a day differ from those of another place.
    #[track_caller]
    fn same(&self, others: &str, ours: &str, day: &str) {
        let what = format!("{day} on {}", self.engine());
        match self.base {
            Base::Sqlite => alike(&plain(others), &plain(ours), &what),
            _ => alike(others, ours, &what),
        }
    }

    /// What a command tells as JSON.
    #[track_caller]
    fn json(&self, line: &str) -> Value {
        let run = self.place.asof(line);
        assert_eq!(run.code, 0, "{line} on {}: {}", self.engine(), run.stderr);
        self.place.forget();
        serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {}", run.stdout))
    }
}

/// Fails where two documents begin to differ.
#[track_caller]
fn alike(one: &str, other: &str, what: &str) {
    let both = one.char_indices().zip(other.chars());
    let differs = both.into_iter().find(|((_, a), b)| a != b).map(|((at, _), _)| at);
    let from = differs.unwrap_or_default().saturating_sub(200);
    let around = |text: &str| text.chars().skip(from).take(400).collect::<String>();
    assert!(one == other, "{what}:\n{}\n--- and ---\n{}", around(one), around(other));
}

/// A document whose decimals end with no zeros: SQLite has no decimals, and says 482 where others say 482.00.
fn plain(text: &str) -> String {
    let (mut plain, mut number) = (String::new(), String::new());
    let (mut quoted, mut escaped) = (false, false);
    for c in text.chars() {
        if !quoted && (c.is_ascii_digit() || c == '.') {
            number.push(c);
            continue;
        }
        let digits =
            if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { &number };
        plain.push_str(digits);
        number.clear();
        plain.push(c);
        quoted ^= c == '"' && !escaped;
        escaped = quoted && c == '\\' && !escaped;
    }
    plain + &number
}

/// Seconds in a queue of which a float holds every sum, since SQLite has no decimals.
const QUARTERS: &str = "\
    update vicidial_closer_log set queue_seconds = round(queue_seconds) + lead_id % 4 * 0.25;
    update vicidial_closer_log_archive set queue_seconds = round(queue_seconds) + lead_id % 4 * 0.25;";

/// The end of daylight-saving time and the day after it: days of 25 and of 24 hours.
const DAYS: [(&str, &str); 2] =
    [("2025-11-02", "2025-11-03T08:05:00Z"), ("2025-11-03", "2025-11-04T08:05:00Z")];

#[test]
fn vicidial_is_right_on_mariadb_and_the_same_on_postgresql_and_sqlite() {
    let days = DAYS.iter().map(|(day, _)| (day.parse().unwrap(), 1500)).collect();
    let spec = Spec { seed: 9, charset: Charset::Utf8, days };
    let sites = Site::all();
    for site in &sites {
        site.sql(&match site.base {
            Base::Mariadb(_) => schema(Engine::InnoDb).join(";\n") + ";\n" + &rows_for(&spec, "user"),
            Base::Postgresql(_) => schema_for(Other::Postgresql) + &rows_for(&spec, "\"user\""),
            Base::Sqlite => schema_for(Other::Sqlite) + &rows_for(&spec, "\"user\""),
        });
        site.sql(QUARTERS);
        site.place.at(DAYS[1].1);
        site.configure("vicidial");
    }
    let [first, others @ ..] = &sites;
    let Base::Mariadb(db) = &first.base else { panic!("MariaDB is the first") };
    let mut frozen: Vec<NaiveDate> = Vec::new();
    for (day, night) in DAYS {
        for site in &sites {
            site.place.at(night);
            site.place.done(&["save", "verify"]);
        }
        frozen.push(day.parse().unwrap());
        let stored = first.json(&format!("restore {day} --json"));
        assert_eq!(held(&stored), same_day(db, &frozen, &stored), "a number nobody checks");
        assert!(stored["metrics"]["calls"]["value"].as_i64().unwrap() > 1000, "{stored}");
        for other in others {
            other.same(&first.numbers(day), &other.numbers(day), day);
        }
    }
}
