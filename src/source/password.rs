//! Gets the source's password from where the configuration says. No message here holds it.

use std::io::Read as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use secrecy::SecretString;

use super::SourceError;
use crate::config::PasswordFrom;

/// How long a password command may take: it may ask an agent, never a person.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(30);

/// No password is longer than this many bytes.
const LONGEST: u64 = 4096;

/// The password; `None` where the configuration names no place for it.
///
/// `env` looks up an environment variable.
pub(super) async fn resolve(
    from: &PasswordFrom,
    env: &(dyn Fn(&str) -> Option<String> + Sync),
) -> Result<Option<SecretString>, SourceError> {
    let text = match from {
        PasswordFrom::None => return Ok(None),
        PasswordFrom::Env(name) => {
            env(name).ok_or_else(|| fault(format!("the environment variable {name} is not set")))?
        }
        PasswordFrom::File(path) => {
            let mut bytes = Vec::new();
            std::fs::File::open(path)
                .and_then(|file| file.take(LONGEST + 1).read_to_end(&mut bytes))
                .map_err(|error| fault(format!("{}: {error}", path.display())))?;
            checked(bytes, &path.display().to_string())?
        }
        PasswordFrom::Command(line) => {
            let line = line.clone();
            tokio::task::spawn_blocking(move || run(&line))
                .await
                .map_err(|_| fault("password_command could not be run".to_owned()))??
        }
    };
    let password = text.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        return Err(fault("it is empty".to_owned()));
    }
    Ok(Some(SecretString::from(password)))
}

fn fault(reason: String) -> SourceError {
    SourceError::Password { of: "the source's password".to_owned(), reason }
}

fn checked(bytes: Vec<u8>, what: &str) -> Result<String, SourceError> {
    if bytes.len() as u64 > LONGEST {
        return Err(fault(format!("{what} gives more than {LONGEST} bytes")));
    }
    String::from_utf8(bytes).map_err(|_| fault(format!("{what} gives no UTF-8 text")))
}

fn run(line: &str) -> Result<String, SourceError> {
    let words =
        split(line).ok_or_else(|| fault("password_command has a quote that is not closed".to_owned()))?;
    let Some((program, arguments)) = words.split_first() else {
        return Err(fault("password_command is empty".to_owned()));
    };
    let failed = |error: std::io::Error| fault(format!("password_command `{program}`: {error}"));
    // What it says on its standard error might be the secret too, so nothing of it is shown.
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)?;
    // A thread reads, so that a command that never ends its output can be ended.
    let (out, output) = std::sync::mpsc::channel();
    let stdout = child.stdout.take();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = stdout.map_or(Ok(0), |stdout| stdout.take(LONGEST + 1).read_to_end(&mut bytes));
        // When nobody waits any more, nobody needs to know.
        let _ = out.send(read.map(|_| bytes));
    });
    let deadline = Instant::now() + COMMAND_TIMEOUT;
    let bytes = output.recv_timeout(COMMAND_TIMEOUT);
    let status = loop {
        if let Some(status) = child.try_wait().map_err(failed)? {
            break status;
        }
        if Instant::now() >= deadline {
            // Both only fail when it has ended by itself.
            let _ = child.kill();
            let _ = child.wait();
            let seconds = COMMAND_TIMEOUT.as_secs();
            return Err(fault(format!("password_command `{program}` took longer than {seconds} s")));
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let bytes =
        bytes.map_err(|_| fault(format!("password_command `{program}` gave nothing")))?.map_err(failed)?;
    if bytes.len() as u64 <= LONGEST && !status.success() {
        return Err(fault(format!("password_command `{program}` failed ({status})")));
    }
    checked(bytes, "password_command")
}

/// The words of a command line; `None` when a quote is not closed.
fn split(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in line.chars() {
        if quote == Some(c) {
            quote = None;
        } else if quote.is_none() && matches!(c, '\'' | '"') {
            quote = Some(c);
            // Even nothing between quotes is a word.
            word.get_or_insert_default();
        } else if quote.is_none() && c.is_whitespace() {
            words.extend(word.take());
        } else {
            word.get_or_insert_default().push(c);
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn a_command_line_is_split_without_a_shell() {
        let words = |line: &str| split(line).map(|words| words.join("|"));
        assert_eq!(words("pass show  db"), Some("pass|show|db".into()));
        assert_eq!(words(r#"sh -c 'echo "a b"' "" "it's""#), Some(r#"sh|-c|echo "a b"||it's"#.into()));
        assert_eq!(words("echo $HOME;ls"), Some("echo|$HOME;ls".into()));
        assert_eq!(words("  "), Some(String::new()));
        assert_eq!(words("echo 'a"), None);
    }
}
