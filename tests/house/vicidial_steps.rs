//! The README's five steps to a real VICIDIAL, on a private server with VICIDIAL's tables.

use std::fs;

use super::commands::{Shell, shown};
use super::project::{File, text};
use crate::support::mariadb::Server;
use crate::support::vicidial::{Charset, Engine, Spec, generate, schema};

/// The night after the day with calls, once that day is final in America/Chicago.
const NOW: &str = "2025-11-07T02:05:00-06:00";

#[test]
fn the_five_steps_to_a_real_vicidial_work() {
    let server = Server::start(&[]);
    let charset = Charset::Utf8;
    server.sql("", &format!("create database asterisk {}", charset.clause()));
    let mut script = schema(Engine::MyIsam);
    script.extend(generate(&Spec { seed: 1, charset, days: vec![("2025-11-06".parse().unwrap(), 300)] }));
    server.sql("asterisk", &(script.join(";\n") + ";"));

    let readme = File { path: "README.md".to_owned(), text: text("README.md") };
    let blocks = readme.blocks();
    let edit = blocks.iter().find(|block| block.kind == "toml").expect("step 3 shows what to edit");
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("asof.toml");
    let mut shell = Shell::new(dir.path());
    let mut commands = 0;
    for block in &blocks {
        match block.kind.as_str() {
            "sql vicidial" => {
                server.sql("", &block.text);
            }
            "console vicidial" => {
                for shown in shown(block) {
                    if let Some(problem) = shell.run(&shown, NOW) {
                        panic!("README.md, line {}: {problem}", block.line);
                    }
                    commands += 1;
                }
            }
            "toml" => {
                // What the reader does in an editor: only the port is this server's own.
                let written = fs::read_to_string(&config).unwrap();
                let url = "url = \"mysql://report@127.0.0.1/asterisk\"";
                let (password, other) =
                    ("password_file = \"password\"", "password_env = \"ASOF_SOURCE_PASSWORD\"");
                assert!(edit.text.contains(url) && edit.text.contains(password), "{}", edit.text);
                assert!(written.contains(url) && written.contains(other), "{written}");
                let here = url.replace("127.0.0.1", &format!("127.0.0.1:{}", server.port()));
                fs::write(&config, written.replace(url, &here).replace(other, password)).unwrap();
            }
            _ => {}
        }
    }
    assert_eq!(commands, 5, "init, the password, check, save and restore");
    let frozen = fs::read_to_string(dir.path().join("snapshots/2025-11-06/metrics.json")).unwrap();
    assert!(frozen.contains("\"witnessed\""), "{frozen}");
}
