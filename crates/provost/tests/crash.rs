//! `kill -9` of the engine in the middle of an initial cycle, again and again: the target ends right.

mod support;

use std::collections::BTreeMap;
use std::process::Stdio;

use serde_json::{Map, Value};
use support::{Server, Tenant, application, people, wait_until};
use testkit::{ScimTarget, Switches};

const USERS: usize = 5_000;

/// Kills the engine once the target holds at least so many users, for each number in turn; then runs to the end.
async fn interrupt_and_finish(
    engine_dir: &std::path::Path,
    mut engine: Server,
    at: &[u64],
    count: impl AsyncFn() -> u64,
) {
    for threshold in at {
        let mut run = engine
            .command(&["job", "run", "T", "--wait"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the command starts");
        wait_until("the cycle gets on", async || count().await >= *threshold).await;
        engine.kill();
        run.wait().expect("the command ends with its server");
        engine = Server::start(engine_dir);
    }
    let report = engine.ok(&["job", "run", "T", "--wait"]);
    assert_eq!(report["failed"], 0, "{report}");
    let quiet = engine.ok(&["job", "run", "T", "--wait"]);
    assert_eq!((&quiet["created"], &quiet["updated"]), (&Value::from(0), &Value::from(0)), "{quiet}");
}

/// Every person of the file has one account, with what the file says.
fn assert_right(accounts: &[Map<String, Value>]) {
    let by_name: BTreeMap<&str, &Map<String, Value>> =
        accounts.iter().map(|account| (account["userName"].as_str().unwrap_or_default(), account)).collect();
    assert_eq!(accounts.len(), USERS, "no account is missing or there twice");
    assert_eq!(by_name.len(), USERS, "no userName is there twice");
    let extension = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    let boss = &by_name["user0@contoso.example"]["id"];
    for n in 0..USERS {
        let account = by_name[format!("user{n}@contoso.example").as_str()];
        assert_eq!(account["displayName"], format!("Given{n} Surname{n}"));
        assert_eq!(account["name"]["familyName"], format!("Surname{n}"));
        assert_eq!(account["title"], format!("Title {n}"));
        assert_eq!(account["active"], true);
        assert_eq!(account[extension]["department"], "Sales");
        let manager = account[extension].get("manager").map(|manager| &manager["value"]);
        assert_eq!(manager, (n % 10 == 9).then_some(boss), "manager of user{n}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn five_kills_in_an_initial_cycle_leave_every_account_once() {
    let directory = tempfile::tempdir().expect("a directory");
    let provider = Server::start(&directory.path().join("provider"));
    let tenant = Tenant::create(&provider);
    let engine_dir = directory.path().join("engine");
    let engine = Server::start(&engine_dir);
    engine.ok(&["user", "import", people(directory.path(), USERS).to_str().expect("ASCII")]);
    application(&engine, directory.path(), &tenant.base_url, &tenant.token);
    interrupt_and_finish(&engine_dir, engine, &[1, 700, 1_800, 3_100, 4_400], async || tenant.count().await)
        .await;
    let accounts: Vec<_> =
        tenant.users().await.into_iter().filter_map(|user| user.as_object().cloned()).collect();
    assert_right(&accounts);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_accepts_duplicates_gets_none() {
    let directory = tempfile::tempdir().expect("a directory");
    let switches = Switches { accept_duplicates: true, ..Switches::default() };
    let target = ScimTarget::start(switches).await.expect("a free port");
    let engine_dir = directory.path().join("engine");
    let engine = Server::start(&engine_dir);
    engine.ok(&["user", "import", people(directory.path(), USERS).to_str().expect("ASCII")]);
    application(&engine, directory.path(), &target.base_url(), target.token());
    let count = async || target.count("Users");
    interrupt_and_finish(&engine_dir, engine, &[1, 700, 1_800, 3_100, 4_400], count).await;
    assert_right(&target.resources("Users"));
}
