//! A started job works by itself, also after `kill -9` and restart of the server.

mod support;

use support::{Server, application, people, wait_until};
use testkit::{ScimTarget, Switches};

#[tokio::test(flavor = "multi_thread")]
async fn a_started_job_carries_changes_without_a_command() {
    let directory = tempfile::tempdir().expect("a directory");
    let target = ScimTarget::start(Switches::default()).await.expect("a free port");
    let data_dir = directory.path().join("engine");
    let engine = Server::start(&data_dir);
    engine.ok(&["user", "import", people(directory.path(), 20).to_str().expect("ASCII")]);
    application(&engine, directory.path(), &target.base_url(), target.token());
    engine.ok(&["job", "set", "T", "--interval", "PT5S"]);
    engine.ok(&["job", "start", "T"]);
    wait_until("the initial cycle", async || target.count("Users") == 20).await;

    let title = |wanted: &'static str| {
        let target = target.clone();
        async move || target.resources("Users").iter().any(|user| user["title"] == wanted)
    };
    engine.ok(&["user", "set", "user3@contoso.example", "jobTitle=First"]);
    wait_until("a change by the schedule", title("First")).await;

    engine.kill();
    let engine = Server::start(&data_dir);
    engine.ok(&["user", "set", "user3@contoso.example", "jobTitle=Second"]);
    wait_until("a change by the schedule after a crash", title("Second")).await;
    assert_eq!(target.count("Users"), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_trigger_on_change_a_change_arrives_within_two_seconds() {
    let directory = tempfile::tempdir().expect("a directory");
    let target = ScimTarget::start(Switches::default()).await.expect("a free port");
    let engine = Server::start(&directory.path().join("engine"));
    engine.ok(&["user", "import", people(directory.path(), 20).to_str().expect("ASCII")]);
    application(&engine, directory.path(), &target.base_url(), target.token());
    let set = engine.ok(&["job", "set", "T", "--interval", "P1D", "--trigger", "on-change"]);
    assert_eq!(set["trigger"], "onChange", "{set}");
    engine.ok(&["job", "start", "T"]);
    wait_until("the initial cycle", async || {
        engine.ok(&["job", "status", "T"])["lastCycle"]["status"] == "completed"
    })
    .await;
    assert!(engine.table(&["job", "status", "T"]).contains("a cycle with each change and every"));

    engine.ok(&["user", "set", "user3@contoso.example", "jobTitle=First"]);
    let saved = std::time::Instant::now();
    let arrived = async || target.resources("Users").iter().any(|user| user["title"] == "First");
    wait_until("the change", arrived).await;
    assert!(saved.elapsed() < std::time::Duration::from_secs(2), "{:?}", saved.elapsed());

    engine.ok(&["job", "pause", "T"]);
    engine.ok(&["user", "set", "user3@contoso.example", "jobTitle=Second"]);
    target.take_recorded();
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    assert_eq!(target.take_recorded().len(), 0, "a paused job does nothing");
    let (refused, status) = engine.run(&["job", "set", "T", "--trigger", "sometimes"]);
    assert_eq!(status, 2, "{refused}");
}
