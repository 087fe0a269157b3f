//! The configurations that `asof init` begins with, each in the words of the database it is for.

use clap::ValueEnum;

/// A configuration to begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Preset {
    /// Any table of events
    General,
    /// A VICIDIAL call centre
    Vicidial,
    /// A lead team with months of history
    LeadBackfill,
    /// A lead team whose calls and their outcomes come from two HTTP APIs
    LeadBackfillApi,
    /// Videos whose counters only tell today's total
    VideoGrowth,
    /// Videos whose counters an HTTP API tells
    VideoGrowthApi,
    /// Accounts with health scores, revenue and playbooks
    AccountHealth,
}

/// The database that a configuration is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Engine {
    /// MySQL or MariaDB
    #[value(alias = "mariadb")]
    Mysql,
    /// `PostgreSQL`
    #[value(alias = "postgres")]
    Postgresql,
    /// A file of SQLite's
    Sqlite,
}

/// What the SQL of a preset says otherwise where databases have nothing in common: JSON, and spans of time.
struct Words {
    mysql: &'static str,
    postgresql: &'static str,
    /// As MySQL's where there is nothing else.
    sqlite: Option<&'static str>,
}

/// The words that presets need.
const WORDS: [Words; 10] = [
    Words {
        mysql: "\n# For PostgreSQL or SQLite, which make JSON otherwise, begin with\n\
                # `asof init --preset account-health --engine postgresql`.\n",
        postgresql: "\n",
        sqlite: Some("\n"),
    },
    Words {
        mysql: "\n# On MySQL such an array may have 1,024 bytes unless the server's group_concat_max_len says more.\n",
        postgresql: "\n",
        sqlite: Some("\n"),
    },
    Words {
        mysql: "group_concat(json_quote(product_name) order by product_name)",
        postgresql: "string_agg(cast(to_json(product_name) as text), ',' order by product_name)",
        sqlite: None,
    },
    Words {
        mysql: "group_concat(case when run_status = 'running' then json_quote(playbook_id) end order by started_at, run_id)",
        postgresql: "string_agg(case when run_status = 'running' then cast(to_json(playbook_id) as text) end, ','\n      \
                     order by started_at, run_id)",
        sqlite: None,
    },
    Words {
        mysql: "now() - interval 30 day",
        postgresql: "localtimestamp - interval '30 days'",
        sqlite: Some("datetime('now', '-30 days')"),
    },
    Words {
        mysql: "json_object('playbook_id', playbook_id, 'date', date(completed_at))",
        postgresql: "jsonb_build_object('playbook_id', playbook_id, 'date', cast(completed_at as date))",
        sqlite: None,
    },
    Words {
        mysql: "group_concat(json_quote(playbook_id) order by playbook_id)",
        postgresql: "string_agg(cast(to_json(playbook_id) as text), ',' order by playbook_id)",
        sqlite: None,
    },
    Words {
        mysql: "group_concat(json_object('name', kpi_name, 'value', kpi_value, 'status', kpi_status) order by nth)",
        postgresql: "string_agg(cast(jsonb_build_object('name', kpi_name, 'value', kpi_value, 'status', kpi_status) as text),\n      \
                     ',' order by nth)",
        sqlite: None,
    },
    Words {
        mysql: "group_concat(note_id order by nth)",
        postgresql: "string_agg(cast(note_id as text), ',' order by nth)",
        sqlite: None,
    },
    Words {
        mysql: "group_concat(report_id order by nth)",
        postgresql: "string_agg(cast(report_id as text), ',' order by nth)",
        sqlite: None,
    },
];

/// What the address of each preset's database begins with.
const MYSQL: &str = "url = \"mysql://report@127.0.0.1/";

impl Preset {
    /// The text of the configuration for a database.
    pub fn text(self, engine: Engine) -> String {
        let preset = self.for_mysql();
        // One that reads no database of its own is the same for all.
        if engine == Engine::Mysql || !preset.contains(MYSQL) {
            return preset.to_owned();
        }
        let mut text = String::new();
        for line in preset.lines() {
            if let Some(line) = line_for(engine, line) {
                text.push_str(&line);
                text.push('\n');
            }
        }
        WORDS.iter().fold(text, |text, words| match engine {
            Engine::Mysql => text,
            Engine::Postgresql => text.replace(words.mysql, words.postgresql),
            Engine::Sqlite => text.replace(words.mysql, words.sqlite.unwrap_or(words.mysql)),
        })
    }

    fn for_mysql(self) -> &'static str {
        match self {
            Self::General => include_str!("../../presets/general.toml"),
            Self::Vicidial => include_str!("../../presets/vicidial.toml"),
            Self::LeadBackfill => include_str!("../../presets/lead-backfill.toml"),
            Self::LeadBackfillApi => include_str!("../../presets/lead-backfill-api.toml"),
            Self::VideoGrowth => include_str!("../../presets/video-growth.toml"),
            Self::VideoGrowthApi => include_str!("../../presets/video-growth-api.toml"),
            Self::AccountHealth => include_str!("../../presets/account-health.toml"),
        }
    }
}

/// A line about where the database is and who may read it; `None` where there is nothing to say.
fn line_for(engine: Engine, line: &str) -> Option<String> {
    let is_sqlite = engine == Engine::Sqlite;
    if let Some(rest) = line.strip_prefix(MYSQL) {
        let database = rest.split('"').next().unwrap_or_default();
        return Some(if is_sqlite {
            format!("url = \"sqlite:{database}.db\"")
        } else {
            format!("url = \"postgres://report@127.0.0.1/{database}\"")
        });
    }
    match line {
        _ if line.starts_with("# The account needs to read only") => {
            let granted =
                "# The account needs to read only: grant select on all tables in schema public to report.";
            (!is_sqlite).then(|| granted.to_owned())
        }
        // A file has no password.
        _ if line.starts_with("password_env = ") && is_sqlite => None,
        line => Some(line.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::{Engine, Preset, WORDS};

    #[test]
    fn what_is_written_otherwise_is_in_a_preset_just_once() {
        let all: Vec<&str> = Preset::value_variants().iter().map(|preset| preset.for_mysql()).collect();
        for words in &WORDS {
            let found: usize = all.iter().map(|text| text.matches(words.mysql).count()).sum();
            assert_eq!(found, 1, "{}", words.mysql);
        }
    }

    #[test]
    fn nothing_of_mysqls_is_left_for_another() {
        for preset in Preset::value_variants() {
            for (engine, url, words) in [
                (
                    Engine::Postgresql,
                    "url = \"postgres://report@127.0.0.1/",
                    &["mysql:", "group_concat", "json_quote"][..],
                ),
                (Engine::Sqlite, "url = \"sqlite:", &["mysql:", "grant ", "interval", "password"]),
            ] {
                let text = preset.text(engine);
                if !preset.for_mysql().contains(super::MYSQL) {
                    assert_eq!(text, preset.for_mysql());
                    continue;
                }
                assert_eq!(text.matches(url).count(), 1, "{text}");
                for word in words {
                    assert!(!text.contains(word), "{word} in {text}");
                }
            }
            assert_eq!(preset.text(Engine::Mysql), preset.for_mysql());
        }
    }
}
