//! A server process of its own for each test, and the command line as a user calls it.

#![allow(dead_code, clippy::allow_attributes, reason = "each test file uses a part of it")]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long anything may take before the test fails instead of waiting on.
pub const LIMIT: Duration = Duration::from_mins(2);

/// A `provost serve` on a data directory; killed when dropped.
pub struct Server {
    child: Child,
    /// `http://127.0.0.1:PORT`, or `https` with a certificate.
    pub url: String,
    data_dir: PathBuf,
}

impl Server {
    /// Starts a server on a free port and waits until it says that it listens.
    pub fn start(data_dir: &Path) -> Self {
        Self::start_with(data_dir, &[])
    }

    /// The same, with further options of `provost serve`.
    pub fn start_with(data_dir: &Path, options: &[&str]) -> Self {
        Self::start_in(data_dir, options, &[])
    }

    /// The same, in an environment with these variables.
    pub fn start_in(data_dir: &Path, options: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_provost"))
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(data_dir)
            .args(options)
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary starts");
        let stdout = child.stdout.take().expect("standard output is piped");
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).expect("a line on standard output");
        let url =
            line.trim().strip_prefix("listening on ").expect("the line says where it listens").to_owned();
        Self { child, url, data_dir: data_dir.to_owned() }
    }

    /// Ends the process as a power failure would, and waits until it is gone.
    pub fn kill(mut self) {
        self.child.kill().expect("the process can be killed");
        self.child.wait().expect("the process ends");
    }

    /// Asks the process to end, as a service manager does.
    #[cfg(unix)]
    pub fn terminate(&self) {
        let sent = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(sent.expect("kill runs").success());
    }

    /// Whether the process has not ended.
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().expect("the process can be asked for").is_none()
    }

    /// Waits until the process is gone; its exit status.
    pub fn wait(mut self) -> Option<i32> {
        self.child.wait().expect("the process ends").code()
    }

    /// Bytes of memory of its own, where the system tells.
    pub fn memory(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
        line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kilobytes| kilobytes << 10)
    }

    /// Runs a command against this server; its JSON answer and exit status.
    pub fn run(&self, arguments: &[&str]) -> (Value, i32) {
        self.commands().run(arguments)
    }

    /// Runs a command that must succeed; its JSON answer.
    pub fn ok(&self, arguments: &[&str]) -> Value {
        self.commands().ok(arguments)
    }

    fn commands(&self) -> Offline<'_> {
        Offline(&self.data_dir)
    }

    /// Commands on a data directory that no server uses.
    pub fn offline(data_dir: &Path) -> Offline<'_> {
        Offline(data_dir)
    }

    /// Runs a command that must succeed; what it shows to people.
    pub fn table(&self, arguments: &[&str]) -> String {
        let output = self.plain(arguments).output().expect("the command runs");
        assert!(output.status.success(), "{arguments:?} failed: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// The token of the administrator.
    pub fn admin_token(&self) -> String {
        std::fs::read_to_string(self.data_dir.join("admin-token"))
            .expect("the server wrote it")
            .trim()
            .to_owned()
    }

    /// A command against this server, with `--json`, not started yet.
    pub fn command(&self, arguments: &[&str]) -> Command {
        self.commands().command(arguments)
    }

    pub fn plain(&self, arguments: &[&str]) -> Command {
        self.commands().plain(arguments)
    }
}

/// Commands on a data directory, whoever uses it.
#[derive(Clone, Copy)]
pub struct Offline<'a>(&'a Path);

impl Offline<'_> {
    /// Runs a command; its JSON answer and exit status.
    pub fn run(self, arguments: &[&str]) -> (Value, i32) {
        answer(&self.command(arguments).output().expect("the command runs"))
    }

    /// Runs a command that must succeed; its JSON answer.
    pub fn ok(self, arguments: &[&str]) -> Value {
        let output = self.command(arguments).output().expect("the command runs");
        let (value, status) = answer(&output);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(status, 0, "{arguments:?} failed: {value} {stderr}");
        value
    }

    fn command(self, arguments: &[&str]) -> Command {
        let mut command = self.plain(arguments);
        command.arg("--json");
        command
    }

    fn plain(self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_provost"));
        command.args(arguments).arg("--data-dir").arg(self.0).stdin(Stdio::null());
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn answer(output: &Output) -> (Value, i32) {
    let text = String::from_utf8_lossy(&output.stdout);
    let value = serde_json::from_str(&text).unwrap_or(Value::Null);
    (value, output.status.code().unwrap_or(-1))
}

/// Waits until the condition holds; fails the test, with the words given, when that takes too long.
pub async fn wait_until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !holds().await {
        assert!(start.elapsed() < LIMIT, "waited too long: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Writes a "Download users" file with that many invented people and returns its path. Every tenth row's manager
/// is the first row.
pub fn people(directory: &Path, number: usize) -> PathBuf {
    use std::fmt::Write as _;
    let mut rows = String::from(
        "userPrincipalName,displayName,givenName,surname,jobTitle,department,accountEnabled,manager\n",
    );
    for n in 0..number {
        let manager = if n % 10 == 9 { "user0@contoso.example" } else { "" };
        writeln!(
            rows,
            "user{n}@contoso.example,Given{n} Surname{n},Given{n},Surname{n},Title {n},Sales,True,{manager}"
        )
        .expect("a string takes every row");
    }
    let path = directory.join("users.csv");
    std::fs::write(&path, rows).expect("the file can be written");
    path
}

/// Adds an application `T` from the generic template with everyone in scope, provisioning into a target.
pub fn application(engine: &Server, directory: &Path, base_url: &str, token: &str) {
    let file = directory.join("token");
    std::fs::write(&file, token).expect("the file can be written");
    let file = file.to_str().expect("a path of ASCII");
    let create = ["app", "create", "--template", "scim", "--name", "T", "--tenant-url", base_url];
    engine.ok(&[&create[..], &["--secret-token-file", file]].concat());
    engine.ok(&["app", "assign", "T", "--all-users"]);
}

/// A tenant of the service provider, read over SCIM.
pub struct Tenant {
    /// What it is called with.
    pub client: reqwest::Client,
    /// Its base URL by path.
    pub base_url: String,
    /// The token that opens it.
    pub token: String,
}

impl Tenant {
    /// Creates the tenant `contoso` on a server.
    pub fn create(server: &Server) -> Self {
        let made = server.ok(&["tenant", "create", "contoso"]);
        let text = |name: &str| made[name].as_str().expect("a string").trim_end_matches('/').to_owned();
        Self { client: reqwest::Client::new(), base_url: text("pathBaseUrl"), token: text("token") }
    }

    async fn get(&self, path: &str) -> Value {
        let request = self.client.get(format!("{}{path}", self.base_url)).bearer_auth(&self.token);
        let response = request.send().await.expect("the tenant answers");
        assert_eq!(response.status(), 200, "{path}");
        serde_json::from_slice(&response.bytes().await.expect("a whole body")).expect("JSON")
    }

    /// How many users it holds.
    pub async fn count(&self) -> u64 {
        self.get("/Users?count=0").await["totalResults"].as_u64().expect("a number")
    }

    /// Every user, page by page.
    pub async fn users(&self) -> Vec<Value> {
        self.all("/Users").await
    }

    /// Every resource of an endpoint, page by page.
    pub async fn all(&self, endpoint: &str) -> Vec<Value> {
        let mut all = Vec::new();
        loop {
            let page = self.get(&format!("{endpoint}?startIndex={}&count=200", all.len() + 1)).await;
            let resources = page["Resources"].as_array().cloned().unwrap_or_default();
            if resources.is_empty() {
                return all;
            }
            all.extend(resources);
        }
    }

    /// The same tenant, after its server was started again on another port.
    pub fn moved_to(&self, server: &Server) -> Self {
        let path = self.base_url.split_at(self.base_url.find("/tenants/").expect("a base URL by path")).1;
        Self {
            client: reqwest::Client::new(),
            base_url: format!("{}{path}", server.url),
            token: self.token.clone(),
        }
    }
}
