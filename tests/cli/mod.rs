//! Whole commands through the built program: what they say, how they end, what they leave.
#![expect(clippy::needless_raw_string_hashes, reason = "what is told may come to hold a quote at any time")]

mod alerting;
mod alerting_days;
mod alerting_kinds;
mod alerting_state;
mod archive_trouble;
mod as_of;
mod beginning;
mod capturing;
mod capturing_killed;
mod capturing_rows;
mod checking;
mod cold_store;
mod comparing;
mod configuration;
mod days_compared;
mod days_compared_trouble;
mod drift_asked;
mod drift_held;
mod drift_interrupted;
mod drifting;
mod earlier_days;
mod entities_bad;
mod entities_demo;
mod entities_done;
mod entities_done_accounts;
mod entities_done_growth;
mod entities_fields;
mod entity_context;
mod entity_documents;
mod entity_history;
mod forecasting;
mod freezing;
mod growing;
mod growing_api;
mod growing_files;
mod growing_kinds;
mod growing_shown;
mod index;
mod json_documents;
mod keyed;
mod killed;
mod lead_team;
mod listing;
mod looking_back;
mod looking_back_late;
mod looks_interrupted;
mod looks_listed;
mod lookups_of_databases;
mod names;
mod polling;
mod postgres;
mod presets_everywhere;
mod printing;
mod proposing;
mod proposing_postgres;
mod pruning;
mod pruning_trouble;
mod restating;
mod restoring;
mod same_everywhere;
mod sample;
mod scheduling;
mod seen;
mod series;
mod settling;
mod source_files;
mod source_trouble;
mod statistics;
mod telling;
mod telling_trouble;
mod tenants;
mod tenants_commands;
mod tenants_sources;
mod thinning_killed;
mod thinning_looks;
mod time_types;
mod usage;
mod verifying;
mod vicidial;
pub mod vicidial_expected;
mod what_was_done;

mod words;
mod worklist;
mod worklist_files;
mod worklist_mariadb;

use crate::support::command::Place;

/// A small call centre in an SQLite file.
pub const CONFIG: &str = r#"[source]
url = "sqlite:calls.db"

[calendar]
time_zone = "America/Chicago"

[lists]
sale = ["SALE"]

[events.calls]
table = "calls"
time = "at"
time_is = "local"

[events.calls.by]
hour = { time = "hour" }
campaign = { sql = "campaign", labels = "select id, name from campaigns" }
status = "status"

[metrics]
calls = { of = "calls", count = true }
sales = { of = "calls", count = true, where = "status in {sale}", good = "up" }
minutes = { of = "calls", sum = "seconds", divide = 60, unit = "min" }
conversion = { ratio = ["sales", "calls"], unit = "%" }
week = { ratio = ["sales", "calls"], over = "7d", unit = "%", label = "Conversion of the week" }
"#;

/// Five calls on 2025-11-06, two of them sales, 16.5 minutes; three on the day before, one sale.
pub const CALLS: &str = "
create table calls (id integer primary key, at text, campaign text, status text, seconds integer);
create index by_time on calls (at);
create table campaigns (id text, name text);
insert into campaigns values ('1027', 'EASTSIDE'), ('2044', 'Harbour');
insert into calls (at, campaign, status, seconds) values
  ('2025-11-05 09:00:00', '1027', 'SALE', 60),
  ('2025-11-05 10:00:00', '1027', 'NA', 0),
  ('2025-11-05 23:59:59', '2044', 'NA', 30),
  ('2025-11-06 00:00:00', '1027', 'SALE', 600),
  ('2025-11-06 09:15:00', '1027', 'NA', 0),
  ('2025-11-06 09:45:00', '1027', 'DROP', 30),
  ('2025-11-06 17:30:00', '2044', 'SALE', 360),
  ('2025-11-06 23:59:59', null, '', null),
  ('2025-11-07 00:00:00', '1027', 'SALE', 60);
";

/// A place with that call centre.
pub fn calls() -> Place {
    let place = Place::new();
    place.write("asof.toml", CONFIG);
    place.sqlite("calls.db", CALLS);
    place
}

/// The same with 2025-11-06 frozen on its night, and nothing told of it yet.
pub fn frozen() -> Place {
    let place = calls();
    place.done(&["save"]);
    place
}
