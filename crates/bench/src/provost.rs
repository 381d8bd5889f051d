//! A `provost serve` of its own: started, asked through the command line, watched, and ended.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::load::Connection;

/// Starts a program that says on its first line where it listens; it ends with the value.
pub async fn listening(program: &Path, arguments: &[&str]) -> Result<(Child, SocketAddr)> {
    let mut child = Command::new(program)
        .args(arguments)
        .env("PROVOST_LOG", "warn")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("starting {}", program.display()))?;
    let stdout = child.stdout.take().context("standard output is piped")?;
    let line = BufReader::new(stdout).lines().next_line().await?.unwrap_or_default();
    let address =
        line.strip_prefix("listening on http://").context("the server does not say where it listens")?;
    Ok((child, address.parse()?))
}

/// A server on an empty data directory, with the command line against it.
pub struct Provost {
    binary: PathBuf,
    data_dir: tempfile::TempDir,
    child: Child,
    pub address: SocketAddr,
}

impl Provost {
    /// The release build beside this program, on a data directory that goes away with it.
    pub async fn start() -> Result<Self> {
        let binary = std::env::current_exe()?.with_file_name("provost");
        let data_dir = tempfile::tempdir()?;
        let path = data_dir.path().to_str().context("the temporary directory has a name in Unicode")?;
        let (child, address) =
            listening(&binary, &["serve", "--listen", "127.0.0.1:0", "--data-dir", path]).await?;
        Ok(Self { binary, data_dir, child, address })
    }

    /// A place for files, gone with the server.
    pub fn directory(&self) -> &Path {
        self.data_dir.path()
    }

    /// Runs a command that must succeed; its JSON answer.
    pub async fn ok(&self, arguments: &[&str]) -> Result<Value> {
        let output = Command::new(&self.binary)
            .args(arguments)
            .arg("--json")
            .arg("--data-dir")
            .arg(self.data_dir.path())
            .env_remove("PROVOST_URL")
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .await?;
        let words = String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.success(), "provost {} failed: {words}", arguments.join(" "));
        serde_json::from_str(&words)
            .with_context(|| format!("provost {} answered no JSON: {words}", arguments.join(" ")))
    }

    /// How many requests the service provider has answered.
    pub async fn scim_requests(&self) -> Result<u64> {
        let mut connection = Connection::open(self.address).await?;
        let answer = connection.send(b"GET /metrics HTTP/1.1\r\nhost: localhost\r\n\r\n").await?;
        let text = std::str::from_utf8(answer.body)?;
        let lines = text.lines().filter(|line| line.contains("part=\"scim\""));
        Ok(lines.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum())
    }

    /// The size of the store's files in bytes.
    pub fn stored(&self) -> Result<u64> {
        let files = std::fs::read_dir(self.data_dir.path())?;
        files.map(|file| Ok(file?.metadata()?.len())).sum()
    }

    /// A figure of the process's status in kB, such as `RssAnon`.
    pub fn status(&self, name: &str) -> Result<u64> {
        status(self.pid()?, name).with_context(|| format!("this system does not tell {name} of a process"))
    }

    /// Its process.
    pub fn pid(&self) -> Result<u32> {
        self.child.id().context("the server has ended")
    }

    /// Watches the process's anonymous memory from now on.
    pub fn watch(&self) -> Result<Watch> {
        Ok(Watch::start(self.pid()?))
    }
}

/// The time that a process has spent on processors so far, in steps of 10 ms.
pub fn processor_time(pid: u32) -> Result<Duration> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let (_, fields) = text.rsplit_once(')').context("the status of a process")?;
    let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<u64>);
    Ok(Duration::from_millis(10) * u32::try_from(ticks.sum::<Result<u64, _>>()?)?)
}

fn status(pid: u32, name: &str) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// The peak of a process's anonymous memory while something runs.
pub struct Watch {
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
    pub fn stop(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        let _ = self.thread.join();
        self.peak.load(Ordering::Relaxed)
    }
}
