//! Cycles from the directory into a tenant of the same server.

use std::time::Instant;

use anyhow::{Context as _, Result};

use crate::provost::Provost;

#[derive(clap::Args)]
pub struct Options {
    /// Users in the directory
    #[arg(long, default_value_t = 50_000)]
    users: usize,
    /// Groups in the directory
    #[arg(long, default_value_t = 200)]
    groups: usize,
}

/// An initial cycle, then one without changes, then one with one changed title.
pub async fn run(options: &Options) -> Result<()> {
    let server = Provost::start().await?;
    let dir = server.directory().display().to_string();
    let (users, groups) = (options.users.to_string(), options.groups.to_string());
    server.ok(&["demo-files", &dir, "--users", &users, "--groups", &groups]).await?;
    println!("{users} users, {groups} groups");

    let start = Instant::now();
    server.ok(&["user", "import", &format!("{dir}/users.csv")]).await?;
    server.ok(&["group", "import", &format!("{dir}/groups.csv")]).await?;
    println!("import            {:8.1} s", start.elapsed().as_secs_f64());

    let tenant = server.ok(&["tenant", "create", "contoso"]).await?;
    let text = |name: &str| {
        tenant[name].as_str().map(str::to_owned).with_context(|| format!("no {name} in {tenant}"))
    };
    let token = format!("{dir}/token");
    std::fs::write(&token, text("token")?)?;
    let url = text("pathBaseUrl")?;
    let create = ["app", "create", "--template", "scim", "--name", "Bench", "--tenant-url", &url];
    server.ok(&[&create[..], &["--secret-token-file", &token]].concat()).await?;
    server.ok(&["app", "assign", "Bench", "--all-users"]).await?;

    measure("initial cycle", &server).await?;
    measure("without changes", &server).await?;
    let anybody = server.ok(&["user", "list", "--top", "1"]).await?;
    let anybody = anybody["value"][0]["userPrincipalName"].as_str().context("there is a user")?.to_owned();
    server.ok(&["user", "set", &anybody, "jobTitle=Head of Everything"]).await?;
    measure("one changed title", &server).await?;
    println!("peak resident     {:8} MB (VmHWM)", server.status("VmHWM")? / 1024);
    Ok(())
}

/// Runs one cycle and prints what it took.
async fn measure(name: &str, server: &Provost) -> Result<()> {
    let requests = server.scim_requests().await?;
    let watch = server.watch()?;
    let start = Instant::now();
    let report = server.ok(&["job", "run", "Bench", "--wait"]).await?;
    let took = start.elapsed().as_secs_f64();
    let peak = watch.stop();
    let requests = server.scim_requests().await? - requests;
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
