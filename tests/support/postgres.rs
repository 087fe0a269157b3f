//! A private PostgreSQL for the tests: one server for the whole run, a database for each test.
//!
//! As with MariaDB, a small shell holds the end of a pipe from the test process, and stops the server
//! and removes its folder when the process is gone. PostgreSQL refuses to run as root, so that under root
//! the shell and the server are nobody's.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::mariadb::free_port;
use super::script::{lossy, run};

/// An account that may do everything, without a password.
pub const ADMIN: &str = "admin";

/// An account that may only read, and its password; `@` and `#` have to be encoded in a URL.
pub const REPORT: (&str, &str) = ("report", "r3p@rt#s3cret");

/// An account that may read and write, and its password.
pub const WRITER: (&str, &str) = ("writer", "wr1ter-s3cret");

/// The zone of the server's own sessions, so that nothing passes only because it is UTC.
pub const SERVER_ZONE: &str = "Asia/Kolkata";

const PATIENCE: Duration = Duration::from_mins(2);

/// The accounts, and what each new database has from the beginning. `datetime` is what others call it.
const TEMPLATE: &str = "\
create role report login password 'r3p@rt#s3cret';
create role writer login password 'wr1ter-s3cret';
\\c template1
alter default privileges grant select on tables to report;
alter default privileges grant select, insert, update, delete on tables to writer;
create domain datetime as timestamp;
create extension citext;
";

const WATCHDOG: &str = r#"
trap '' INT TERM HUP
dir=$1; shift
"$@" >"$dir/log" 2>&1 </dev/null &
pid=$!
echo $pid
read -r line
kill -QUIT $pid
wait $pid
rm -rf "$dir"
"#;

/// A running server.
pub struct Server {
    dir: PathBuf,
    port: u16,
    pid: String,
    watchdog: Child,
}

/// A database of its own for a test; it is dropped with this.
pub struct Db {
    server: &'static Server,
    /// Its name.
    pub name: String,
}

/// A new database on the server that all tests share.
pub fn db() -> Db {
    static SHARED: OnceLock<Server> = OnceLock::new();
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let server = SHARED.get_or_init(|| Server::start(&[], &[]));
    let name = format!("t{}", COUNT.fetch_add(1, Ordering::Relaxed));
    server.sql("postgres", &format!("create database {name}"));
    Db { server, name }
}

impl Db {
    /// The server it is on.
    pub fn server(&self) -> &'static Server {
        self.server
    }

    /// Runs SQL as the administrator by the server's own client; returns its rows, with tabs between columns.
    pub fn sql(&self, sql: &str) -> String {
        self.server.sql(&self.name, sql)
    }

    /// Its URL for the account that only reads, the password included.
    pub fn url(&self) -> String {
        self.server.url(&self.name)
    }

    /// Its URL for the account that may do everything.
    pub fn admin_url(&self) -> String {
        format!("postgres://{ADMIN}@127.0.0.1:{}/{}", self.server.port, self.name)
    }

    /// Its URL for another account: `user` or `user:password`.
    pub fn url_of(&self, account: &str) -> String {
        format!("postgres://{account}@127.0.0.1:{}/{}", self.server.port, self.name)
    }
}

impl Drop for Db {
    fn drop(&mut self) {
        // A test that has failed already says why; this would only hide it.
        let sql = format!("drop database if exists {} with (force)", self.name);
        let _ = self.server.client("postgres").args(["-c", &sql]).output();
    }
}

impl Server {
    /// Starts a server of one's own on a free port, with further files in its data folder and further options.
    pub fn start(files: &[(&str, &Path)], options: &[&str]) -> Self {
        // Another program may take the port between finding it free and listening on it.
        for _ in 0..5 {
            if let Some(server) = Self::try_start(free_port(), files, options) {
                return server;
            }
        }
        panic!("postgres found none of five ports free");
    }

    fn try_start(port: u16, files: &[(&str, &Path)], options: &[&str]) -> Option<Self> {
        let made = tempfile::Builder::new().prefix("asof-pg").tempdir().unwrap();
        let dir = made.path().to_owned();
        let data = dir.join("data");
        fs::create_dir(&data).unwrap();
        give_away(&dir);
        give_away(&data);
        let made_data = as_nobody(Command::new(program("initdb")))
            .args(["--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"])
            .arg(format!("--username={ADMIN}"))
            .arg(format!("--pgdata={}", data.display()))
            .current_dir(&dir)
            .output()
            .unwrap();
        assert!(made_data.status.success(), "initdb failed: {}", lossy(&made_data.stderr));
        let allowed =
            format!("host all {ADMIN} 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n");
        fs::write(data.join("pg_hba.conf"), allowed).unwrap();
        for (name, from) in files {
            let file = data.join(name);
            fs::copy(from, &file).unwrap();
            give_away(&file);
            // Others must not read the server's key.
            fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        }
        // From here on the folder is the watchdog's to remove.
        let dir = made.keep();
        let mut watchdog = as_nobody(Command::new("sh"))
            .args(["-c", WATCHDOG, "sh"])
            .arg(&dir)
            .arg(program("postgres"))
            .arg("-D")
            .arg(&data)
            .args(["-c", "listen_addresses=127.0.0.1", "-c", &format!("port={port}")])
            .args(["-c", "unix_socket_directories=", "-c", &format!("timezone={SERVER_ZONE}")])
            .args(["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"])
            .args(["-c", "shared_buffers=32MB", "-c", "max_connections=150", "-c", "autovacuum=off"])
            .args(options.iter().flat_map(|option| ["-c", option]))
            .current_dir(&dir)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut pid = String::new();
        BufReader::new(watchdog.stdout.take().unwrap()).read_line(&mut pid).unwrap();
        let server = Self { dir, port, pid: pid.trim().to_owned(), watchdog };
        if !server.wait_until_it_answers() {
            return None;
        }
        server.sql("postgres", TEMPLATE);
        Some(server)
    }

    /// Whether it answers; no when its port was taken.
    fn wait_until_it_answers(&self) -> bool {
        let started = Instant::now();
        loop {
            if self.client("postgres").args(["-c", "select 1"]).output().is_ok_and(|out| out.stdout == b"1\n")
            {
                return true;
            }
            let log = fs::read(self.dir.join("log")).map(|log| lossy(&log)).unwrap_or_default();
            if log.contains("could not bind") {
                return false;
            }
            let waiting = !log.contains("FATAL:  could not") && started.elapsed() < PATIENCE;
            assert!(waiting, "postgres does not start:\n{log}");
            sleep(Duration::from_millis(50));
        }
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The URL of a database of its for the account that only reads, the password included.
    pub fn url(&self, database: &str) -> String {
        let password = REPORT.1.replace('@', "%40").replace('#', "%23");
        format!("postgres://{}:{password}@127.0.0.1:{}/{database}", REPORT.0, self.port)
    }

    /// Runs SQL as the administrator by the server's own client; returns its rows, with tabs between columns.
    pub fn sql(&self, database: &str, sql: &str) -> String {
        run(self.client(database), sql)
    }

    /// The server's own client as the administrator; SQL goes to its standard input, or after `-c`.
    pub fn client(&self, database: &str) -> Command {
        let mut client = Command::new(program("psql"));
        client
            .args(["-X", "-q", "-A", "-t", "-F", "\t", "-P", "null=NULL", "-v", "ON_ERROR_STOP=1"])
            .args(["-h", "127.0.0.1", "-U", ADMIN, "-d", database, "-p", &self.port.to_string()])
            .env("PGCLIENTENCODING", "UTF8")
            .env("PGOPTIONS", "-c client_min_messages=warning");
        client
    }

    /// Kills it at once, with all who work for it, as a power failure would.
    pub fn kill(&self) {
        let done = Command::new("kill").args(["-QUIT", &self.pid]).status().unwrap();
        assert!(done.success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The end of the pipe is what the watchdog waits for.
        drop(self.watchdog.stdin.take());
        let _ = self.watchdog.wait();
    }
}

/// The user and group that own nothing.
const NOBODY: u32 = 65_534;

fn as_nobody(mut command: Command) -> Command {
    if is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

fn give_away(path: &Path) {
    if is_root() {
        std::os::unix::fs::chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    }
}

/// Where a program is: Debian keeps the server's in a folder for each version.
fn program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    versions.sort();
    versions
        .into_iter()
        .rev()
        .chain(std::env::split_paths(&path))
        .map(|dir| dir.join(name))
        .find(|file| file.is_file())
        .unwrap_or_else(|| {
            panic!("{name} is not installed: install Debian's package `postgresql`, or run scripts/test")
        })
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata("/proc/self").is_ok_and(|about| about.uid() == 0)
}
