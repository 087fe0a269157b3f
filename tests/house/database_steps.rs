//! The README's five steps to any database, on a small shop in an SQLite file.

use std::fs;

use super::commands::{NOW, Shell, shown};
use super::project::{File, text};
use crate::support::command::Place;

/// Two paid orders of two customers on the day before, of 20 and 30; one that is open.
const SHOP: &str = "
create table orders (id integer primary key, created_at text, status text, amount numeric, customer_id integer);
create index by_time on orders (created_at);
insert into orders (created_at, status, amount, customer_id) values
  ('2025-11-09 09:00:00', 'paid', 20, 1),
  ('2025-11-09 10:00:00', 'shipped', 30, 2),
  ('2025-11-09 11:00:00', 'open', 15, 2);
";

#[test]
fn the_five_steps_to_a_real_database_work() {
    let place = Place::new();
    place.sqlite("shop.db", SHOP);
    let readme = File { path: "README.md".to_owned(), text: text("README.md") };
    let config = place.path("asof.toml");
    let mut shell = Shell::new(&place.path(""));
    let mut commands = 0;
    for block in &readme.blocks() {
        match block.kind.as_str() {
            "console database" => {
                for shown in shown(block) {
                    if let Some(problem) = shell.run(&shown, NOW) {
                        panic!("README.md, line {}: {problem}", block.line);
                    }
                    commands += 1;
                }
            }
            "toml database" => {
                // What the reader does in an editor.
                let written = fs::read_to_string(&config).unwrap();
                let url = "url = \"mysql://report@127.0.0.1/shop\"";
                assert!(written.contains(url), "{written}");
                let written = written.replace(url, block.text.trim());
                fs::write(&config, written.replace("password_env =", "# password_env =")).unwrap();
            }
            _ => {}
        }
    }
    assert_eq!(commands, 6, "init, check, save, restore, list and schedule");
}
