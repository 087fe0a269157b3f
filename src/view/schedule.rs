//! What runs a save every night, as text: a block of a crontab, systemd units, a launchd job. Data in, text out.
//!
//! Paths come without control characters, see [`crate::ops::schedule`]; all else is escaped here.

/// What is to be run, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// The name of units and jobs: only letters, digits and `-`.
    pub name: String,
    /// The program's absolute path.
    pub program: String,
    /// The configuration's absolute path.
    pub config: String,
    /// Whose archive it is about, where one tenant was named.
    pub tenant: Option<String>,
    /// The folder in which it runs.
    pub folder: String,
    /// The hour of the local time.
    pub hour: u32,
    /// The minute of the local time.
    pub minute: u32,
    /// The zone of that time, by its IANA name.
    pub zone: String,
    /// What that time is in the calendar's zone, in words; `None` where it is the same zone.
    pub meant: Option<String>,
    /// Environment variables that hold secrets, by name.
    pub secrets: Vec<String>,
}

impl Job {
    /// The program's arguments.
    pub fn arguments(&self) -> Vec<String> {
        // A quarter of an hour outlasts a restart of the database's machine.
        let words = ["--config", &self.config, "save", "--retry-for", "15m"];
        words.into_iter().map(str::to_owned).chain(tenant_words(self.tenant.as_deref())).collect()
    }

    /// What tells its block of a crontab from others.
    pub fn mark(&self) -> String {
        mark(&self.config, self.tenant.as_deref())
    }

    fn notes(&self) -> String {
        let secrets = self.secrets.iter().map(|name| format!("# the environment must provide {name}\n"));
        self.said().map(|said| format!("# {said}\n")).into_iter().chain(secrets).collect()
    }

    /// Its time in both zones.
    fn said(&self) -> Option<String> {
        let meant = self.meant.as_ref()?;
        Some(format!("{:02}:{:02} {} is {meant}", self.hour, self.minute, self.zone))
    }
}

/// The words that name a tenant: one where its id begins with a hyphen.
pub(super) fn tenant_words(tenant: Option<&str>) -> Vec<String> {
    match tenant {
        None => Vec::new(),
        Some(id) if id.starts_with('-') => vec![format!("--tenant={id}")],
        Some(id) => vec!["--tenant".to_owned(), id.to_owned()],
    }
}

/// What tells the block of a crontab from others: the configuration, and the tenant where one was named.
pub fn mark(config: &str, tenant: Option<&str>) -> String {
    match tenant {
        None => config.to_owned(),
        Some(id) => format!("{config} tenant {}", crate::config::tenant::folder(id)),
    }
}

/// The line before the block of this configuration.
pub fn begin(config: &str) -> String {
    format!("# asof: begin {config}")
}

/// The line after it.
pub fn end(config: &str) -> String {
    format!("# asof: end {config}")
}

/// The lines of a crontab, marked as those of this configuration.
///
/// The zone is that of the machine where it is known: some crons know `CRON_TZ`, others pass it over, and
/// then both mean the same.
pub fn crontab(job: &Job) -> String {
    let words = std::iter::once(job.program.clone()).chain(job.arguments());
    let command: Vec<String> = words.map(|word| shell_word(&word)).collect();
    // To cron a bare % ends the command, in quotes too.
    let line = format!("cd {} && {}", shell_word(&job.folder), command.join(" ")).replace('%', r"\%");
    format!(
        "{}\n{}CRON_TZ={}\n{} {} * * * {line}\n{}\n",
        begin(&job.mark()),
        job.notes(),
        job.zone,
        job.minute,
        job.hour,
        end(&job.mark())
    )
}

/// The systemd service.
pub fn service(job: &Job) -> String {
    let arguments: Vec<String> =
        job.arguments().into_iter().map(|word| systemd_word(&word.replace('$', "$$"))).collect();
    // The folder takes no quotes; the program's own path is no place for variables.
    format!(
        "{}[Unit]\nDescription=asof freezes yesterday\n\n[Service]\nType=oneshot\nWorkingDirectory={}\nExecStart={} {}\n",
        job.notes(),
        job.folder.replace('%', "%%"),
        systemd_word(&job.program),
        arguments.join(" ")
    )
}

/// The systemd timer.
pub fn timer(job: &Job) -> String {
    format!(
        "[Unit]\nDescription=asof freezes yesterday every night\n\n[Timer]\n\
         OnCalendar=*-*-* {:02}:{:02}:00 {}\nPersistent=true\n\n[Install]\nWantedBy=timers.target\n",
        job.hour, job.minute, job.zone
    )
}

/// The launchd job.
pub fn plist(job: &Job) -> String {
    let words = std::iter::once(job.program.clone()).chain(job.arguments());
    let words: String = words.map(|word| format!("    <string>{}</string>\n", xml(&word))).collect();
    let secrets: String = job
        .secrets
        .iter()
        .map(|name| format!("<!-- the environment must provide {} -->\n", comment(name)))
        .collect();
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<!-- the time is the machine's local time: {} -->
{secrets}<plist version="1.0">
<dict>
  <key>Label</key>
  <string>{}</string>
  <key>ProgramArguments</key>
  <array>
{words}  </array>
  <key>WorkingDirectory</key>
  <string>{}</string>
  <key>StartCalendarInterval</key>
  <dict>
    <key>Hour</key>
    <integer>{}</integer>
    <key>Minute</key>
    <integer>{}</integer>
  </dict>
</dict>
</plist>
"#,
        comment(&job.said().unwrap_or_else(|| job.zone.clone())),
        xml(&job.name),
        xml(&job.folder),
        job.hour,
        job.minute
    )
}

/// A word as a shell takes it.
pub fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+,:@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

pub(super) fn systemd_word(word: &str) -> String {
    let word = word.replace('\\', r"\\").replace('"', "\\\"").replace('%', "%%");
    format!("\"{word}\"")
}

pub(super) fn xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Text of a comment, in which two hyphens must not follow each other.
pub(super) fn comment(text: &str) -> String {
    text.replace("--", "- -")
}

#[cfg(test)]
mod tests {
    use super::{Job, crontab, plist, service, timer};

    fn odd() -> Job {
        Job {
            name: "asof-x".to_owned(),
            program: "/opt/a $b/as\"of".to_owned(),
            config: "/srv/50% <it's> & $HOME\\/asof.toml".to_owned(),
            tenant: None,
            folder: "/srv/50% <it's> & $HOME\\".to_owned(),
            hour: 2,
            minute: 5,
            zone: "America/Chicago".to_owned(),
            meant: None,
            secrets: vec!["ASOF_PASSWORD".to_owned()],
        }
    }

    #[test]
    fn a_crontab_line_is_quoted_for_the_shell_and_has_no_bare_percent() {
        assert_eq!(
            crontab(&odd()),
            r#"# asof: begin /srv/50% <it's> & $HOME\/asof.toml
# the environment must provide ASOF_PASSWORD
CRON_TZ=America/Chicago
5 2 * * * cd '/srv/50\% <it'\''s> & $HOME\' && '/opt/a $b/as"of' --config '/srv/50\% <it'\''s> & $HOME\/asof.toml' save --retry-for 15m
# asof: end /srv/50% <it's> & $HOME\/asof.toml
"#
        );
    }

    #[test]
    fn systemd_takes_no_specifier_variable_or_quote_from_a_path() {
        let service = service(&odd());
        let start = r#"ExecStart="/opt/a $b/as\"of" "--config" "/srv/50%% <it's> & $$HOME\\/asof.toml" "save" "--retry-for" "15m""#;
        assert!(service.lines().any(|line| line == start), "{service}");
        assert!(service.starts_with("# the environment must provide ASOF_PASSWORD\n"));
        assert!(timer(&odd()).contains("OnCalendar=*-*-* 02:05:00 America/Chicago\nPersistent=true\n"));
    }

    #[test]
    fn a_launchd_job_is_sound_xml_and_says_whose_time_it_is() {
        let plist = plist(&odd());
        assert!(plist.contains("<string>/srv/50% &lt;it's&gt; &amp; $HOME\\/asof.toml</string>"), "{plist}");
        assert!(plist.contains("the machine's local time"), "{plist}");
        assert!(plist.contains("<integer>2</integer>") && plist.contains("<integer>5</integer>"));
    }
}
