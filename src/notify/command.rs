//! A command that is given a document on its standard input.

use std::io::{Read as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use super::{Around, NotifyError, TENANT};

/// How much of what a command says of its failure is told.
const MOST_SAID: u64 = 400;
/// How long that is waited for once the command has ended: a child of its own may keep it open.
const LAST_WORDS: Duration = Duration::from_millis(200);

pub(super) fn run(
    words: &[String],
    document: &str,
    timeout: Duration,
    around: Around<'_>,
) -> Result<(), NotifyError> {
    let Some((program, arguments)) = words.split_first() else { return Ok(()) };
    let cannot =
        |error: std::io::Error| NotifyError::Run { program: program.clone(), reason: error.to_string() };
    let mut command = Command::new(program);
    for name in around.secrets {
        command.env_remove(name);
    }
    match around.tenant {
        Some(tenant) => command.env(TENANT, tenant),
        None => command.env_remove(TENANT),
    };
    let mut child = command
        .args(arguments)
        // A group of its own, so that it can be ended with all that it has started.
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(cannot)?;
    // Threads write and read, so that a command that does neither can be ended.
    if let Some(mut stdin) = child.stdin.take() {
        let document = document.to_owned();
        // Whoever does not read it does not want it.
        thread::spawn(move || stdin.write_all(document.as_bytes()));
    }
    let (out, said) = mpsc::channel();
    if let Some(stderr) = child.stderr.take() {
        thread::spawn(move || {
            let (mut bytes, mut stderr) = (Vec::new(), stderr);
            let _ = stderr.by_ref().take(MOST_SAID).read_to_end(&mut bytes);
            // When nobody waits any more, nobody needs to know.
            let _ = out.send(String::from_utf8_lossy(&bytes).into_owned());
            // What it says beyond that is taken too, so that it never waits for a reader.
            let _ = std::io::copy(&mut stderr, &mut std::io::sink());
        });
    }
    let deadline = Instant::now() + timeout;
    let status = loop {
        if let Some(status) = child.try_wait().map_err(cannot)? {
            break status;
        }
        if Instant::now() >= deadline {
            // Both only fail when it has ended by itself.
            let _ = kill_process_group(Pid::from_child(&child), Signal::KILL);
            let _ = child.wait();
            return Err(NotifyError::TimedOut { what: program.clone(), limit: timeout });
        }
        thread::sleep(Duration::from_millis(5));
    };
    if status.success() {
        return Ok(());
    }
    let said = said.recv_timeout(LAST_WORDS).unwrap_or_default();
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    let said = if said.is_empty() { said } else { format!(": {said}") };
    Err(NotifyError::Failed { program: program.clone(), status: status.to_string(), said })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Around, run};

    fn sh(script: &str, millis: u64) -> Result<(), String> {
        let words = ["sh", "-c", script].map(str::to_owned);
        run(&words, "{\"a\":1}\n", Duration::from_millis(millis), Around::default())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_command_is_heard_out_and_ended_when_it_hangs() {
        assert_eq!(sh("read a; test \"$a\" = '{\"a\":1}'", 5000), Ok(()));
        // It need not read what it is given.
        assert_eq!(sh("exit 0", 5000), Ok(()));
        let failed = sh("echo no such channel >&2; exit 3", 5000).unwrap_err();
        assert_eq!(failed, "sh failed (exit status: 3): no such channel");
        assert_eq!(sh("exec sleep 60", 300).unwrap_err(), "sh took longer than 0.3 s and was given up");
        let none = run(&["no-such-program-here".to_owned()], "", Duration::from_secs(1), Around::default())
            .unwrap_err();
        assert!(none.to_string().starts_with("no-such-program-here can't be run: "), "{none}");
    }
}
