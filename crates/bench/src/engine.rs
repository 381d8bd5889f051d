//! Cycles from the directory into a target that costs nothing, and into a tenant of the same server.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clap::ValueEnum;
use serde_json::{Value, json};

use crate::load::Connection;
use crate::provost::{Provost, processor_time};
use crate::target::Target;

#[derive(clap::Args)]
pub struct Options {
    /// Users in the directory; each number is measured on a server of its own
    #[arg(long, default_value = "100000", value_delimiter = ',')]
    users: Vec<usize>,
    /// Groups in the directory
    #[arg(long, default_value_t = 1_000)]
    groups: usize,
    /// Changes of users whose way to the target is timed
    #[arg(long, default_value_t = 300)]
    changes: usize,
    /// What is measured; everything when it is left out
    #[arg(long, value_delimiter = ',')]
    only: Vec<Part>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// An initial cycle into a target that costs nothing, a cycle without changes, one with ten
    Initial,
    /// The same target once more, which holds everybody already
    Brownfield,
    /// From a change in the directory to the request that the target gets
    OnChange,
    /// An initial cycle into our own service provider
    Provider,
}

/// Measures each size.
pub async fn run(options: &Options) -> Result<()> {
    for users in &options.users {
        Measurement::of(*users, options).await?.all(options).await?;
    }
    Ok(())
}

struct Measurement {
    server: Provost,
    target: Target,
}

impl Measurement {
    async fn of(users: usize, options: &Options) -> Result<Self> {
        let server = Provost::start().await?;
        let dir = server.directory().display().to_string();
        let (users, groups) = (users.to_string(), options.groups.to_string());
        server.ok(&["demo-files", &dir, "--users", &users, "--groups", &groups]).await?;
        println!("{users} users, {groups} groups");
        let start = Instant::now();
        server.ok(&["user", "import", &format!("{dir}/users.csv")]).await?;
        server.ok(&["group", "import", &format!("{dir}/groups.csv")]).await?;
        println!("  import of the files         {:8.1} s", start.elapsed().as_secs_f64());
        Ok(Self { server, target: Target::start()? })
    }

    async fn all(&self, options: &Options) -> Result<()> {
        let wanted = |part| options.only.is_empty() || options.only.contains(&part);
        let nothing = format!("http://{}", self.target.address);
        self.connect("Costless", &nothing, "any").await?;
        self.cycle("initial", "Costless").await?;
        if wanted(Part::Initial) {
            self.cycle("without changes", "Costless").await?;
            for user in self.people(10).await? {
                let title = format!("jobTitle=Head of {user}");
                self.server.ok(&["user", "set", &user, &title]).await?;
            }
            self.cycle("ten changed users", "Costless").await?;
        }
        if wanted(Part::Brownfield) {
            self.connect("Brownfield", &nothing, "any").await?;
            self.cycle("brownfield", "Brownfield").await?;
        }
        if wanted(Part::OnChange) {
            self.on_change(options.changes).await?;
        }
        if wanted(Part::Provider) {
            let tenant = self.server.ok(&["tenant", "create", "contoso"]).await?;
            let text = |name: &str| tenant[name].as_str().with_context(|| format!("no {name} in {tenant}"));
            self.connect("Provider", text("pathBaseUrl")?, text("token")?).await?;
            self.cycle("own service provider", "Provider").await?;
        }
        println!("  peak resident               {:8} MB (VmHWM)", self.server.status("VmHWM")? / 1024);
        Ok(())
    }

    async fn connect(&self, name: &str, url: &str, token: &str) -> Result<()> {
        let file = self.server.directory().join("token");
        std::fs::write(&file, token)?;
        let file = file.display().to_string();
        let create = ["app", "create", "--template", "scim", "--name", name, "--tenant-url", url];
        self.server.ok(&[&create[..], &["--secret-token-file", &file]].concat()).await?;
        self.server.ok(&["app", "assign", name, "--all-users"]).await?;
        Ok(())
    }

    /// So many users of the directory, by name.
    async fn people(&self, count: usize) -> Result<Vec<String>> {
        let listed = self.server.ok(&["user", "list", "--top", &count.to_string()]).await?;
        let listed = listed["value"].as_array().context("a list of users")?;
        let name = |user: &Value| user["userPrincipalName"].as_str().map(str::to_owned);
        listed.iter().map(name).collect::<Option<_>>().context("every user has a name")
    }

    /// Runs one cycle and prints what it took.
    async fn cycle(&self, name: &str, app: &str) -> Result<()> {
        let requests = self.target.requests() + self.server.scim_requests().await?;
        let pid = self.server.pid()?;
        let (used, own) = (processor_time(pid)?, processor_time(std::process::id())?);
        let watch = self.server.watch()?;
        let report = self.server.ok(&["job", "run", app, "--wait"]).await?;
        let peak = watch.stop();
        let used = processor_time(pid)?.saturating_sub(used);
        let own = processor_time(std::process::id())?.saturating_sub(own);
        let requests = self.target.requests() + self.server.scim_requests().await? - requests;
        let count = |name: &str| report[name].as_u64().unwrap_or(0);
        let objects: u64 = ["created", "updated", "disabled", "deleted", "unchanged", "failed", "skipped"]
            .map(count)
            .iter()
            .sum();
        let took = Duration::from_millis(count("durationMs"));
        #[expect(clippy::cast_precision_loss, reason = "counts of objects are far below 2^52")]
        let rate = objects as f64 / took.as_secs_f64();
        println!(
            "  {name:<22} {:10.3} s, {objects} objects ({rate:.0}/s; {} created, {} updated, {} unchanged, {} skipped, {} \
             failed), {requests} requests, processor {:.1} s (target {:.1} s), {} MB (peak RssAnon)",
            took.as_secs_f64(),
            count("created"),
            count("updated"),
            count("unchanged"),
            count("skipped"),
            count("failed"),
            used.as_secs_f64(),
            own.as_secs_f64(),
            peak / 1024
        );
        ensure!(count("failed") == 0, "objects failed: {report}");
        Ok(())
    }

    /// Changes users one after another, at irregular times, and prints how long each change takes to the target.
    async fn on_change(&self, changes: usize) -> Result<()> {
        self.server.ok(&["job", "set", "Costless", "--trigger", "on-change"]).await?;
        self.server.ok(&["job", "start", "Costless"]).await?;
        let token = std::fs::read_to_string(self.server.directory().join("admin-token"))?;
        let mut connection = Connection::open(self.server.address).await?;
        let mut delays = Vec::with_capacity(changes);
        for (number, user) in self.people(2 * changes).await?.into_iter().enumerate() {
            // Those who are disabled have no account.
            let Some(expected) = self.target.expect(&user).filter(|_| delays.len() < changes) else {
                continue;
            };
            // Spread over the schedule's rhythm by the golden ratio.
            tokio::time::sleep(Duration::from_millis((number as u64 * 618) % 1_000)).await;
            let body = json!({"jobTitle": format!("Head of department {number}")}).to_string();
            let request = format!(
                "PATCH /v1.0/users/{user} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n\
                 content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                token.trim(),
                body.len()
            );
            let begun = Instant::now();
            let answer = connection.send(request.as_bytes()).await?;
            ensure!(answer.status == 204, "{}: {}", answer.status, String::from_utf8_lossy(answer.body));
            delays.push(expected.arrives(Duration::from_mins(1)).await? - begun);
        }
        delays.sort_unstable();
        let at = |percent: usize| delays[(delays.len() * percent / 100).min(delays.len() - 1)].as_millis();
        println!(
            "  on change              {} changes, from the request of each to its arrival: median {} ms, p99 {} \
             ms, longest {} ms",
            delays.len(),
            at(50),
            at(99),
            at(100)
        );
        self.server.ok(&["job", "pause", "Costless"]).await?;
        Ok(())
    }
}
