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

/// Everybody has the title of the directory, once.
fn in_line(target: &ScimTarget, count: usize) -> bool {
    let users = target.resources("Users");
    users.len() == count
        && users.iter().all(|user| user["title"].as_str().is_some_and(|it| it.starts_with("Title ")))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_compares_and_repairs_by_itself_also_after_it_was_killed_at_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let target = ScimTarget::start(Switches::default()).await.expect("a free port");
    let data_dir = directory.path().join("engine");
    let engine = Server::start(&data_dir);
    engine.ok(&["user", "import", people(directory.path(), 40).to_str().expect("ASCII")]);
    application(&engine, directory.path(), &target.base_url(), target.token());
    let set = engine.ok(&["job", "set", "T", "--interval", "1d", "--drift-interval", "1d"]);
    assert_eq!((&set["driftInterval"], &set["driftAction"]), (&"PT24H".into(), &"report".into()), "{set}");
    assert_eq!(engine.run(&["job", "drift", "T", "--last"]).1, 1, "there was none");
    engine.ok(&["job", "start", "T"]);
    let last = |engine: &Server| engine.ok(&["job", "status", "T"])["lastDrift"].clone();
    wait_until("a comparison", async || last(&engine)["status"] == "completed").await;
    let found = engine.ok(&["job", "drift", "T", "--last"]);
    assert_eq!(
        (&found["scheduled"], &found["compared"], &found["repair"]),
        (&true.into(), &40.into(), &false.into())
    );
    let shown = engine.table(&["job", "status", "T"]);
    for part in [
        "drift       reported every PT24H, the next at",
        "last by itself at",
        "40 accounts compared: 0 differences",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }

    for user in target.resources("Users") {
        let id = user["id"].as_str().expect("an id").to_owned();
        target.alter("Users", &id, |user| drop(user.insert("title".to_owned(), "Boss".into())));
    }
    target.switch(|switches| switches.delay = Some(std::time::Duration::from_millis(40)));
    engine.ok(&["job", "set", "T", "--drift-interval", "1s", "--drift-action", "repair"]);
    let repaired = || target.resources("Users").iter().filter(|user| user["title"] != "Boss").count();
    wait_until("a part of the repair", async || repaired() > 2).await;
    engine.kill();
    assert!(!in_line(&target, 40), "it was killed at it");
    let engine = Server::start(&data_dir);
    wait_until("the rest of the repair", async || in_line(&target, 40)).await;

    // Paused in the midst of it, it ends within seconds, and goes on when it is started.
    for user in target.resources("Users") {
        let id = user["id"].as_str().expect("an id").to_owned();
        target.alter("Users", &id, |user| drop(user.insert("title".to_owned(), "Boss".into())));
    }
    wait_until("a part of another repair", async || repaired() > 2).await;
    let asked = std::time::Instant::now();
    engine.ok(&["job", "pause", "T"]);
    assert!(asked.elapsed() < std::time::Duration::from_secs(5), "{:?}", asked.elapsed());
    target.take_recorded();
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    assert_eq!(target.take_recorded().len(), 0, "a paused job compares nothing");
    engine.ok(&["job", "start", "T"]);
    wait_until("the rest of it", async || in_line(&target, 40)).await;
    let set = engine.ok(&["job", "set", "T", "--drift-interval", "never"]);
    assert!(set["driftInterval"].is_null() && set["nextDrift"].is_null(), "{set}");
}
