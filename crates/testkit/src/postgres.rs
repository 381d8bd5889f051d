//! A PostgreSQL server for tests, which ends with the process that started it.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Who owns the databases, and the password.
const USER: &str = "provost";
const PASSWORD: &str = "correct-horse";

/// How often a port is taken that another program takes in between.
const PORTS: usize = 5;

/// How long anything may take before the test fails instead of waiting on.
const LIMIT: Duration = Duration::from_mins(1);

/// Nothing that is written here outlives the test.
const SETTINGS: &str = "fsync=off -c full_page_writes=off -c shared_buffers=32MB -c listen_addresses=127.0.0.1 \
                        -c unix_socket_directories= -c max_connections=200";

/// Ends the server and removes its files when the test process is gone, however it went.
const WATCH: &str = "cat >/dev/null; \"$@\"; rm -rf \"$0\"";

/// A server with a data directory of its own.
#[derive(Debug)]
pub struct Postgres {
    programs: PathBuf,
    account: Option<String>,
    dir: PathBuf,
    port: u16,
    watch: Child,
    databases: AtomicU32,
}

impl Postgres {
    /// The server that the tests of this process share.
    ///
    /// # Panics
    /// Where PostgreSQL is not installed: the message says what to install.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Postgres> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// A server that is stopped and started by one test.
    ///
    /// # Panics
    /// As [`Self::shared`].
    pub fn start() -> Self {
        let programs = programs().expect(
            "PostgreSQL is not installed, and these tests run on a real one: install its server (Debian: apt-get install \
             postgresql), or put the folder with its initdb and pg_ctl into PATH",
        );
        let account = is_root().then(account);
        let dir = directory(account.as_deref()).expect("a directory for the database");
        fs::write(dir.join("password"), PASSWORD).expect("a file in the directory");
        let mut server = Self {
            watch: watch(&programs, account.as_deref(), &dir),
            programs,
            account,
            dir,
            port: 0,
            databases: AtomicU32::new(0),
        };
        let password = format!("--pwfile={}", server.dir.join("password").display());
        server.run(
            "initdb",
            &[
                "--no-sync",
                "--encoding=UTF8",
                "--no-locale",
                "--auth=scram-sha-256",
                "--username",
                USER,
                &password,
            ],
        );
        for attempt in 1.. {
            server.port = free_port();
            match server.control(&["-w", "-o", &server.options(), "start"]) {
                Ok(()) => break,
                Err(words) => {
                    assert!(attempt < PORTS, "PostgreSQL does not start: {words}\n{}", server.log());
                }
            }
        }
        server
    }

    /// The URL of a new, empty database.
    pub fn database(&self) -> String {
        let name = format!("test{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        self.url(&name)
    }

    /// The URL of a database.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{USER}:{PASSWORD}@127.0.0.1:{}/{database}", self.port)
    }

    /// The password in the URLs, which nobody must see.
    pub fn password(&self) -> &'static str {
        PASSWORD
    }

    /// Has a database carry out a statement; what it answers, a row a line.
    pub fn sql(&self, database: &str, statement: &str) -> String {
        let output = Command::new(self.programs.join("psql"))
            .args([
                "-X",
                "-q",
                "-A",
                "-t",
                "-v",
                "ON_ERROR_STOP=1",
                "-d",
                &self.url(database),
                "-c",
                statement,
            ])
            .stdin(Stdio::null())
            .output()
            .expect("psql runs");
        assert!(output.status.success(), "{statement}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Ends the server as a restart of its machine does; it can be resumed.
    pub fn stop(&self) {
        self.control(&["-w", "-m", "fast", "stop"]).expect("the server stops");
    }

    /// Starts it again, with what was committed.
    pub fn resume(&self) {
        self.control(&["-w", "-o", &self.options(), "start"]).expect("the server starts again");
    }

    /// Has it speak TLS with this certificate and key, in PEM.
    pub fn serve_tls(&self, certificate: &str, key: &str) {
        for (name, content) in [("server.crt", certificate), ("server.key", key)] {
            let file = self.data().join(name);
            fs::write(&file, content).expect("a file in the data directory");
            fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("the mode is set");
            give(&file, self.account.as_deref()).expect("the file is given to the server");
        }
        self.sql("postgres", "ALTER SYSTEM SET ssl = on");
        self.control(&["reload"]).expect("the server reads its configuration");
        let asked = Instant::now();
        while self.sql("postgres", "SHOW ssl") != "on" {
            assert!(asked.elapsed() < LIMIT, "PostgreSQL does not take up TLS:\n{}", self.log());
        }
    }

    fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    fn options(&self) -> String {
        format!("-c port={} -c {SETTINGS}", self.port)
    }

    fn log(&self) -> String {
        fs::read_to_string(self.dir.join("log")).unwrap_or_default()
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let output = self.command(program).args(arguments).output().expect("the program runs");
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn control(&self, arguments: &[&str]) -> Result<(), String> {
        let errors = self.dir.join("control");
        let mut command = self.command("pg_ctl");
        // The server inherits where this writes: a pipe would stay open as long as it runs.
        let into = fs::File::create(&errors).expect("a file in the directory");
        command.arg("-l").arg(self.dir.join("log")).args(arguments).stdout(Stdio::null()).stderr(into);
        let ended = command.status().expect("pg_ctl runs");
        if ended.success() { Ok(()) } else { Err(fs::read_to_string(errors).unwrap_or_default()) }
    }

    /// A program of PostgreSQL's about this server's data, as whoever owns that.
    fn command(&self, program: &str) -> Command {
        let mut command = as_account(self.account.as_deref(), &self.programs.join(program));
        command.arg("-D").arg(self.data()).current_dir(&self.dir).stdin(Stdio::null());
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.watch.stdin.take());
        let _ = self.watch.wait();
    }
}

/// The folder with PostgreSQL's programs: by PATH, or where Debian has them, the newest first.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let linked = std::env::split_paths(&path).filter_map(|folder| {
        let found = fs::canonicalize(folder.join("initdb")).ok()?;
        found.parent().map(Path::to_owned)
    });
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|version| Some((version.file_name().to_str()?.parse().ok()?, version.path().join("bin"))))
        .collect();
    versions.sort();
    let installed = versions.into_iter().rev().map(|(_, folder)| folder);
    let whole =
        |folder: &PathBuf| ["initdb", "pg_ctl", "postgres"].iter().all(|name| folder.join(name).exists());
    linked.chain(installed).find(whole)
}

fn said(program: &str, arguments: &[&str]) -> Option<String> {
    let output =
        Command::new(program).args(arguments).output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// PostgreSQL refuses to run as root.
fn is_root() -> bool {
    said("id", &["-u"]).as_deref() == Some("0")
}

/// Whom the server runs as instead of root.
fn account() -> String {
    let known = ["postgres", "nobody"].into_iter().find(|name| said("id", &["-u", name]).is_some());
    known.expect("an account that is not root's: postgres or nobody").to_owned()
}

fn as_account(account: Option<&str>, program: &Path) -> Command {
    let Some(account) = account else { return Command::new(program) };
    let mut command = Command::new("runuser");
    command.args(["-u", account, "--"]).arg(program);
    command
}

fn give(path: &Path, account: Option<&str>) -> io::Result<()> {
    let Some(account) = account else { return Ok(()) };
    let number = |option| said("id", &[option, account]).and_then(|text| text.parse().ok());
    chown(path, number("-u"), number("-g"))
}

fn directory(account: Option<&str>) -> io::Result<PathBuf> {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let number = MADE.fetch_add(1, Ordering::Relaxed);
    let dir = std::env::temp_dir().join(format!("provost-postgres-{}-{number}", std::process::id()));
    // What an earlier process of the same number may have left.
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir(&dir)?;
    give(&dir, account)?;
    Ok(dir)
}

/// Starts what ends the server when this process ends, also when it is killed: then the pipe to it closes.
fn watch(programs: &Path, account: Option<&str>, dir: &Path) -> Child {
    let stop = as_account(account, &programs.join("pg_ctl"));
    let data = dir.join("data");
    let end: [&OsStr; 6] =
        ["-D".as_ref(), data.as_ref(), "-m".as_ref(), "immediate".as_ref(), "-w".as_ref(), "stop".as_ref()];
    Command::new("sh")
        .args(["-c", WATCH])
        .arg(dir)
        .arg(stop.get_program())
        .args(stop.get_args())
        .args(end)
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // Whoever ends the test ends its process group.
        .process_group(0)
        .spawn()
        .expect("sh runs")
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("it has an address").port()
}
