//! SQL for a server's own client: written to it while its answers are read.

use std::io::Write as _;
use std::process::{Command, Stdio};

/// Gives a client a script and returns what it says; a script that fails fails the test.
pub fn run(mut client: Command, sql: &str) -> String {
    // A script may be longer than an argument can be. It is written by a thread, as the
    // client's answers may have to be read meanwhile.
    let mut client =
        client.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = client.stdin.take().unwrap();
    let script = sql.to_owned();
    let writing = std::thread::spawn(move || stdin.write_all(script.as_bytes()));
    let out = client.wait_with_output().unwrap();
    // A client that has failed reads no more; why it failed is what matters.
    let _ = writing.join().unwrap();
    let told: String = sql.chars().take(500).collect();
    assert!(out.status.success(), "{}\n{told}", lossy(&out.stderr));
    lossy(&out.stdout)
}

/// Bytes as text, whatever they are.
pub fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
