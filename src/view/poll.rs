//! What looks for changes of entities every few minutes, as text: a block of a crontab, systemd units, a
//! launchd job. Data in, text out.
//!
//! Paths come without control characters, see [`crate::ops::schedule`]; all else is escaped here.

use super::schedule::{self, begin, comment, end, shell_word, systemd_word, tenant_words, xml};

/// What is to be run, and how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Poll {
    /// The name of units and jobs: only letters, digits, `_` and `-`.
    pub name: String,
    /// The program's absolute path.
    pub program: String,
    /// The configuration's absolute path.
    pub config: String,
    /// Whose archive it is about, where one tenant was named.
    pub tenant: Option<String>,
    /// The folder in which it runs.
    pub folder: String,
    /// The entities.
    pub entity: String,
    /// How often.
    pub every: Often,
    /// Environment variables that hold secrets, by name.
    pub secrets: Vec<String>,
}

/// How often: so that it is at the same minutes of every hour, or the same hours of every day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Often {
    /// Every so many minutes; an hour is a multiple of them.
    Minutes(u32),
    /// Every so many hours; a day is a multiple of them.
    Hours(u32),
}

impl Poll {
    /// The program's arguments.
    pub fn arguments(&self) -> Vec<String> {
        let words =
            ["--config", &self.config, "capture", &self.entity, "--if-changed", "--type", "scheduled"];
        words.into_iter().map(str::to_owned).chain(tenant_words(self.tenant.as_deref())).collect()
    }

    /// What tells its block of a crontab from others.
    pub fn mark(&self) -> String {
        mark(&self.config, self.tenant.as_deref(), &self.entity)
    }

    fn notes(&self) -> String {
        self.secrets.iter().map(|name| format!("# the environment must provide {name}\n")).collect()
    }
}

/// What tells the block of a crontab from others, for these entities of a configuration.
pub fn mark(config: &str, tenant: Option<&str>, entity: &str) -> String {
    format!("{} capture {entity}", schedule::mark(config, tenant))
}

/// The lines of a crontab, marked as those of this poll.
pub fn crontab(poll: &Poll) -> String {
    let words = std::iter::once(poll.program.clone()).chain(poll.arguments());
    let command: Vec<String> = words.map(|word| shell_word(&word)).collect();
    // To cron a bare % ends the command, in quotes too.
    let line = format!("cd {} && {}", shell_word(&poll.folder), command.join(" ")).replace('%', r"\%");
    let when = match poll.every {
        Often::Minutes(minutes) => format!("*/{minutes} * * * *"),
        Often::Hours(hours) => format!("0 */{hours} * * *"),
    };
    let mark = poll.mark();
    format!("{}\n{}{when} {line}\n{}\n", begin(&mark), poll.notes(), end(&mark))
}

/// The systemd service.
pub fn service(poll: &Poll) -> String {
    let arguments: Vec<String> =
        poll.arguments().into_iter().map(|word| systemd_word(&word.replace('$', "$$"))).collect();
    format!(
        "{}[Unit]\nDescription=asof keeps changes of {}\n\n[Service]\nType=oneshot\nWorkingDirectory={}\n\
         ExecStart={} {}\n",
        poll.notes(),
        poll.entity,
        poll.folder.replace('%', "%%"),
        systemd_word(&poll.program),
        arguments.join(" ")
    )
}

/// The systemd timer.
pub fn timer(poll: &Poll) -> String {
    let when = match poll.every {
        Often::Minutes(minutes) => format!("*-*-* *:00/{minutes}:00"),
        Often::Hours(hours) => format!("*-*-* 00/{hours}:00:00"),
    };
    format!(
        "[Unit]\nDescription=asof keeps changes of {}\n\n[Timer]\nOnCalendar={when}\n\n[Install]\n\
         WantedBy=timers.target\n",
        poll.entity
    )
}

/// The launchd job.
pub fn plist(poll: &Poll) -> String {
    let words = std::iter::once(poll.program.clone()).chain(poll.arguments());
    let words: String = words.map(|word| format!("    <string>{}</string>\n", xml(&word))).collect();
    let secrets: String = poll
        .secrets
        .iter()
        .map(|name| format!("<!-- the environment must provide {} -->\n", comment(name)))
        .collect();
    let seconds = match poll.every {
        Often::Minutes(minutes) => minutes * 60,
        Often::Hours(hours) => hours * 3600,
    };
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
{secrets}<plist version="1.0">
<dict>
  <key>Label</key>
  <string>{}</string>
  <key>ProgramArguments</key>
  <array>
{words}  </array>
  <key>WorkingDirectory</key>
  <string>{}</string>
  <key>StartInterval</key>
  <integer>{seconds}</integer>
</dict>
</plist>
"#,
        xml(&poll.name),
        xml(&poll.folder),
    )
}

#[cfg(test)]
mod tests {
    use super::{Often, Poll, crontab, plist, service, timer};

    fn odd(every: Often) -> Poll {
        Poll {
            name: "asof-x-account".to_owned(),
            program: "/opt/a $b/as\"of".to_owned(),
            config: "/srv/50% <it's>/asof.toml".to_owned(),
            tenant: None,
            folder: "/srv/50% <it's>".to_owned(),
            entity: "account".to_owned(),
            every,
            secrets: vec!["ASOF_PASSWORD".to_owned()],
        }
    }

    #[test]
    fn each_kind_of_text_is_quoted_its_own_way() {
        assert_eq!(
            crontab(&odd(Often::Minutes(5))),
            r#"# asof: begin /srv/50% <it's>/asof.toml capture account
# the environment must provide ASOF_PASSWORD
*/5 * * * * cd '/srv/50\% <it'\''s>' && '/opt/a $b/as"of' --config '/srv/50\% <it'\''s>/asof.toml' capture account --if-changed --type scheduled
# asof: end /srv/50% <it's>/asof.toml capture account
"#
        );
        let start = r#"ExecStart="/opt/a $b/as\"of" "--config" "/srv/50%% <it's>/asof.toml" "capture" "account" "--if-changed" "--type" "scheduled""#;
        let service = service(&odd(Often::Hours(1)));
        assert!(service.lines().any(|line| line == start), "{service}");
        assert!(plist(&odd(Often::Hours(2))).contains("<integer>7200</integer>"));
        assert!(plist(&odd(Often::Hours(2))).contains("<string>/srv/50% &lt;it's&gt;</string>"));
    }

    #[test]
    fn hours_and_minutes_are_told_to_each_in_its_own_words() {
        assert!(crontab(&odd(Often::Hours(1))).contains("\n0 */1 * * * cd "));
        assert!(timer(&odd(Often::Minutes(5))).contains("OnCalendar=*-*-* *:00/5:00\n"));
        assert!(timer(&odd(Often::Hours(6))).contains("OnCalendar=*-*-* 00/6:00:00\n"));
    }
}
