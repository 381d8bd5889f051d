//! Measurements of a release build, through the command line and over HTTP as users do.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

/// Runs the named measurement.
pub fn run(arguments: &[String]) -> Result<()> {
    match arguments.first().map(String::as_str) {
        Some("cycle") => {
            let users = option(arguments, "--users")?.unwrap_or(50_000);
            let groups = option(arguments, "--groups")?.unwrap_or(200);
            cycle(users, groups)
        }
        Some(other) => bail!("no measurement is called {other}; there is `cycle`"),
        None => bail!("name a measurement: `cargo xtask bench cycle`"),
    }
}

fn option(arguments: &[String], name: &str) -> Result<Option<usize>> {
    let Some(at) = arguments.iter().position(|argument| argument == name) else { return Ok(None) };
    let value = arguments.get(at + 1).with_context(|| format!("{name} takes a number"))?;
    value.parse().map(Some).with_context(|| format!("{name} takes a number, not {value}"))
}

/// An initial cycle into a tenant of the same process, then one without changes, then one with one changed title.
fn cycle(users: usize, groups: usize) -> Result<()> {
    let binary = build()?;
    let dir = tempfile::tempdir()?;
    let run = Run { binary: binary.clone(), dir: dir.path().to_owned() };
    let files = dir.path().to_str().context("the temporary directory has a name in Unicode")?;
    run.ok(&["demo-files", files, "--users", &users.to_string(), "--groups", &groups.to_string()])?;
    let server = Server::start(&binary, dir.path())?;
    println!("{users} users, {groups} groups; the server is process {}", server.child.id());

    let start = Instant::now();
    run.ok(&["user", "import", &format!("{files}/users.csv")])?;
    run.ok(&["group", "import", &format!("{files}/groups.csv")])?;
    println!("import            {:8.1} s", start.elapsed().as_secs_f64());

    let tenant = run.ok(&["tenant", "create", "contoso"])?;
    let text = |name: &str| {
        tenant[name].as_str().map(str::to_owned).with_context(|| format!("no {name} in {tenant}"))
    };
    let token = dir.path().join("token");
    std::fs::write(&token, text("token")?)?;
    let (url, token) = (text("pathBaseUrl")?, token.display().to_string());
    let create = ["app", "create", "--template", "scim", "--name", "Bench", "--tenant-url", &url];
    run.ok(&[&create[..], &["--secret-token-file", &token]].concat())?;
    run.ok(&["app", "assign", "Bench", "--all-users"])?;

    measure("initial cycle", &run, &server)?;
    measure("without changes", &run, &server)?;
    let anybody = run.ok(&["user", "list", "--top", "1"])?;
    let anybody = anybody["value"][0]["userPrincipalName"].as_str().context("there is a user")?.to_owned();
    run.ok(&["user", "set", &anybody, "jobTitle=Head of Everything"])?;
    measure("one changed title", &run, &server)?;
    println!("peak resident     {:8} MB (VmHWM)", server.status("VmHWM")? / 1024);
    Ok(())
}

/// Runs one cycle and prints what it took.
fn measure(name: &str, run: &Run, server: &Server) -> Result<()> {
    let requests = server.scim_requests()?;
    let watch = Watch::start(server.child.id());
    let start = Instant::now();
    let report = run.ok(&["job", "run", "Bench", "--wait"])?;
    let took = start.elapsed().as_secs_f64();
    let peak = watch.stop();
    let requests = server.scim_requests()? - requests;
    let count = |name: &str| report[name].as_u64().unwrap_or(0);
    let done = count("created") + count("updated") + count("disabled") + count("deleted");
    #[expect(clippy::cast_precision_loss, reason = "counts of objects are far below 2^52")]
    let rate = done as f64 / took;
    println!(
        "{name:<17} {took:8.1} s, {done} written ({rate:.0}/s), {} failed, {} skipped, {requests} SCIM requests, {} MB \
         (peak RssAnon)",
        count("failed"),
        count("skipped"),
        peak / 1024
    );
    Ok(())
}

fn build() -> Result<PathBuf> {
    let status = Command::new(crate::test::cargo())
        .args(["build", "--release", "--package", "provost"])
        .current_dir(crate::root())
        .status()?;
    ensure!(status.success(), "the release build failed");
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| crate::root().join("target"), PathBuf::from);
    Ok(target.join("release/provost"))
}

/// The command line against the server.
struct Run {
    binary: PathBuf,
    dir: PathBuf,
}

impl Run {
    fn ok(&self, arguments: &[&str]) -> Result<Value> {
        let output = Command::new(&self.binary)
            .args(arguments)
            .arg("--json")
            .arg("--data-dir")
            .arg(self.dir.join("data"))
            .env_remove("PROVOST_URL")
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()?;
        let words = String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.success(), "provost {} failed: {words}", arguments.join(" "));
        serde_json::from_str(&words)
            .with_context(|| format!("provost {} answered no JSON: {words}", arguments.join(" ")))
    }
}

/// A server process, ended when dropped.
struct Server {
    child: Child,
    url: String,
}

impl Server {
    fn start(binary: &Path, dir: &Path) -> Result<Self> {
        let mut child = Command::new(binary)
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(dir.join("data"))
            .env("PROVOST_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take().context("standard output is piped")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let url =
            line.trim().strip_prefix("listening on ").context("the server does not say where it listens")?;
        Ok(Self { url: url.to_owned(), child })
    }

    /// How many requests the service provider has answered.
    fn scim_requests(&self) -> Result<u64> {
        use std::io::{Read as _, Write as _};
        let mut stream = std::net::TcpStream::connect(self.url.trim_start_matches("http://"))?;
        stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        let lines = text.lines().filter(|line| line.contains("part=\"scim\""));
        Ok(lines.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum())
    }

    /// A line of the process's status, in kB.
    fn status(&self, name: &str) -> Result<u64> {
        status(self.child.id(), name)
            .with_context(|| format!("this system does not tell {name} of a process"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn status(pid: u32, name: &str) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Looks at a process's anonymous memory while something runs.
struct Watch {
    stop: Arc<AtomicBool>,
    peak: Arc<AtomicU64>,
    thread: std::thread::JoinHandle<()>,
}

impl Watch {
    fn start(pid: u32) -> Self {
        let (stop, peak) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (stopped, seen) = (Arc::clone(&stop), Arc::clone(&peak));
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                seen.fetch_max(status(pid, "RssAnon").unwrap_or(0), Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(50));
            }
        });
        Self { stop, peak, thread }
    }

    /// The highest value seen, in kB.
    fn stop(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        let _ = self.thread.join();
        self.peak.load(Ordering::Relaxed)
    }
}
