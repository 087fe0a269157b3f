//! A private MariaDB for the tests: one server for the whole run, a database for each test.
//!
//! Each server has its own data folder, socket and free port on 127.0.0.1. A small shell
//! holds the end of a pipe from the test process; when the process is gone, however it
//! ended, the shell kills the server and removes its folder. (Making a data folder takes
//! half a second, so there is nothing to gain by keeping one.)

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::script::{lossy, run};

/// An account that may do everything, and its password.
pub const ADMIN: (&str, &str) = ("admin", "adm1n-s3cret");

/// An account that may only read, and its password; `@` and `#` have to be encoded in a URL.
pub const REPORT: (&str, &str) = ("report", "r3p@rt#s3cret");

/// An account that may read and write, without a password.
pub const WRITER: &str = "writer";

/// The zone of the server's own sessions, so that nothing passes only because it is UTC.
pub const SERVER_ZONE: &str = "-06:00";

/// How long a server may take to start on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

const WATCHDOG: &str = r#"
trap '' INT TERM HUP
dir=$1; shift
"$@" >"$dir/log" 2>&1 </dev/null &
pid=$!
echo $pid
read -r line
kill -9 $pid
wait $pid
rm -rf "$dir"
"#;

/// A running server.
pub struct Server {
    dir: PathBuf,
    port: u16,
    options: Vec<String>,
    pid: String,
    watchdogs: Vec<Child>,
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
    let server = SHARED.get_or_init(|| Server::start(&[]));
    let name = format!("t{}", COUNT.fetch_add(1, Ordering::Relaxed));
    server.sql("", &format!("create database {name}"));
    Db { server, name }
}

impl Db {
    /// The server it is on.
    pub fn server(&self) -> &'static Server {
        self.server
    }

    /// Runs SQL as root by the server's own client; returns its rows, with tabs between columns.
    pub fn sql(&self, sql: &str) -> String {
        self.server.sql(&self.name, sql)
    }

    /// Its URL for the account that only reads, the password included.
    pub fn url(&self) -> String {
        self.server.url(&self.name)
    }

    /// Its URL for the account that may do everything, the password included.
    pub fn admin_url(&self) -> String {
        format!("mysql://{}:{}@127.0.0.1:{}/{}", ADMIN.0, ADMIN.1, self.server.port, self.name)
    }

    /// Its URL for the account that only reads, without the password.
    pub fn url_without_password(&self) -> String {
        format!("mysql://{}@127.0.0.1:{}/{}", REPORT.0, self.server.port, self.name)
    }

    /// The folder of its tables' files, for tests that damage them.
    pub fn files(&self) -> PathBuf {
        self.server.dir.join("data").join(&self.name)
    }
}

impl Drop for Db {
    fn drop(&mut self) {
        // A test that has failed already says why; this would only hide it.
        let _ =
            self.server.client("").arg("-e").arg(format!("drop database if exists {}", self.name)).output();
    }
}

impl Server {
    /// Starts a server of one's own with further options, on a free port.
    pub fn start(options: &[&str]) -> Self {
        // Another program may take the port between finding it free and listening on it.
        for _ in 0..5 {
            if let Some(server) = Self::try_start(free_port(), options) {
                return server;
            }
        }
        panic!("mariadbd found none of five ports free");
    }

    /// Starts a server of one's own on this port.
    pub fn start_on(port: u16, options: &[&str]) -> Self {
        Self::try_start(port, options).unwrap_or_else(|| panic!("port {port} is taken"))
    }

    fn try_start(port: u16, options: &[&str]) -> Option<Self> {
        let made = tempfile::Builder::new().prefix("asof-db").tempdir().unwrap();
        let dir = made.path().to_owned();
        let data = format!("--datadir={}", dir.join("data").display());
        // A server that starts clears away what looks like its temporary tables: not in a folder for all.
        fs::create_dir(dir.join("tmp")).unwrap();
        let tmp = format!("--tmpdir={}", dir.join("tmp").display());
        let user: &[&str] = if is_root() { &["--user=root"] } else { &[] };
        let install = Command::new(program("mariadb-install-db"))
            .args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"])
            .args(["--innodb-log-file-size=8M", &data, &tmp])
            .args(user)
            .output()
            .unwrap();
        assert!(install.status.success(), "mariadb-install-db failed: {}", lossy(&install.stderr));
        fs::write(dir.join("accounts.sql"), accounts()).unwrap();
        // From here on the folder is the watchdog's to remove.
        let dir = made.keep();
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        let mut server = Self { dir, port, options, pid: String::new(), watchdogs: Vec::new() };
        server.launch();
        server.wait_until_it_answers().then_some(server)
    }

    /// Starts the server on its folder and port.
    fn launch(&mut self) {
        let dir = &self.dir;
        let user: &[&str] = if is_root() { &["--user=root"] } else { &[] };
        let mut watchdog = Command::new("sh")
            .args(["-c", WATCHDOG, "sh"])
            .arg(dir)
            .arg(program("mariadbd"))
            .arg("--no-defaults")
            .arg(format!("--datadir={}", dir.join("data").display()))
            .arg(format!("--tmpdir={}", dir.join("tmp").display()))
            .arg(format!("--socket={}", dir.join("socket").display()))
            .arg(format!("--pid-file={}", dir.join("pid").display()))
            .arg(format!("--init-file={}", dir.join("accounts.sql").display()))
            .arg(format!("--port={}", self.port))
            .arg(format!("--default-time-zone={SERVER_ZONE}"))
            .args(["--bind-address=127.0.0.1", "--skip-name-resolve", "--skip-log-bin"])
            .args(["--character-set-server=utf8mb4", "--collation-server=utf8mb4_general_ci"])
            .args(["--innodb-log-file-size=8M", "--innodb-buffer-pool-size=64M", "--innodb-doublewrite=0"])
            .args(["--innodb-flush-log-at-trx-commit=0", "--performance-schema=0", "--max-connections=300"])
            .args(user)
            .args(&self.options)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut pid = String::new();
        BufReader::new(watchdog.stdout.take().unwrap()).read_line(&mut pid).unwrap();
        pid.trim().clone_into(&mut self.pid);
        self.watchdogs.push(watchdog);
    }

    /// Stops it as an administrator would, and waits until it has gone.
    pub fn stop(&self) {
        let about = PathBuf::from(format!("/proc/{}/stat", self.pid));
        assert!(Command::new("kill").arg(&self.pid).status().unwrap().success());
        let started = Instant::now();
        // Its watchdog still looks after it, so that it stays behind as a zombie.
        while fs::read_to_string(&about).is_ok_and(|stat| !stat.contains(") Z ")) {
            assert!(started.elapsed() < PATIENCE, "mariadbd does not stop");
            sleep(Duration::from_millis(20));
        }
    }

    /// Starts it again after it was stopped, with the data it had.
    pub fn start_again(&mut self) {
        self.launch();
        assert!(self.wait_until_it_answers(), "another program took port {}", self.port);
    }

    /// Whether it answers; no when its port was taken.
    fn wait_until_it_answers(&self) -> bool {
        // The accounts are made before the first connection is taken.
        let started = Instant::now();
        loop {
            if self.client("").args(["-e", "select 1"]).output().is_ok_and(|out| out.stdout == b"1\n") {
                return true;
            }
            let log = fs::read(self.dir.join("log")).map(|log| lossy(&log)).unwrap_or_default();
            if log.contains("Do you already have another server running on port") {
                return false;
            }
            let waiting = !log.contains("Aborting") && started.elapsed() < PATIENCE;
            assert!(waiting, "mariadbd does not start:\n{log}");
            sleep(Duration::from_millis(20));
        }
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The URL of a database of its for the account that only reads, the password included.
    pub fn url(&self, database: &str) -> String {
        let password = REPORT.1.replace('@', "%40").replace('#', "%23");
        format!("mysql://{}:{password}@127.0.0.1:{}/{database}", REPORT.0, self.port)
    }

    /// Runs SQL as root by the server's own client; returns its rows, with tabs between columns.
    pub fn sql(&self, database: &str, sql: &str) -> String {
        run(self.client(database), sql)
    }

    /// The server's own client as root; SQL goes to its standard input, or after `-e`.
    pub fn client(&self, database: &str) -> Command {
        let mut client = Command::new(program("mariadb"));
        client
            .args(["--no-defaults", "--default-character-set=utf8mb4", "--user=root", "-N", "-B"])
            .arg(format!("--socket={}", self.dir.join("socket").display()))
            .arg(format!("--database={database}"));
        client
    }

    /// Kills it at once, as a power failure would.
    pub fn kill(&self) {
        let done = Command::new("kill").args(["-9", &self.pid]).status().unwrap();
        assert!(done.success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The end of the pipe is what the watchdog waits for.
        for watchdog in &mut self.watchdogs {
            drop(watchdog.stdin.take());
        }
        for watchdog in &mut self.watchdogs {
            let _ = watchdog.wait();
        }
    }
}

/// A port that nothing listens on now.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Writes `ca.pem`, and `cert.pem` with `key.pem` for 127.0.0.1 signed by it, into a folder.
pub fn certificates(dir: &Path) {
    let openssl = |args: &str| {
        let out =
            Command::new("openssl").current_dir(dir).args(args.split(' ')).output().unwrap_or_else(|error| {
                panic!(
                    "openssl can't be run ({error}): install Debian's package `openssl`, or run scripts/test"
                )
            });
        assert!(out.status.success(), "openssl {args}: {}", lossy(&out.stderr));
    };
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    openssl(&format!("req -x509 {key} -keyout ca.key -out ca.pem -days 30 -subj /CN=asof-test-ca"));
    openssl(&format!("req {key} -keyout key.pem -out cert.csr -subj /CN=asof-test"));
    fs::write(dir.join("san"), "subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n").unwrap();
    openssl(
        "x509 -req -in cert.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out cert.pem -days 30 -extfile san",
    );
}

fn accounts() -> String {
    // One statement on a line: that is how the server reads the file.
    let account = |(user, password): (&str, &str), rights: &str| {
        format!("grant {rights} on *.* to '{user}'@'%' identified by '{password}';\n")
    };
    [
        account(ADMIN, "all privileges"),
        account(REPORT, "select"),
        account((WRITER, ""), "select, insert, update, delete, create, drop"),
    ]
    .concat()
}

/// Where a program is: Debian keeps the server's in a folder that is not on everybody's path.
fn program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/usr/local/sbin".into()])
        .map(|dir| dir.join(name))
        .find(|file| file.is_file())
        .unwrap_or_else(|| {
            panic!("{name} is not installed: install Debian's package `mariadb-server`, or run scripts/test")
        })
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata("/proc/self").is_ok_and(|about| about.uid() == 0)
}
