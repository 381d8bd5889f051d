//! A cycle costs what changed: nothing changed, no write; one title changed, one PATCH with one attribute.

mod support;

use serde_json::json;
use support::{Server, application, people};
use testkit::{ScimTarget, Switches};

#[tokio::test(flavor = "multi_thread")]
async fn no_change_sends_no_write_and_one_title_sends_one_patch() {
    let directory = tempfile::tempdir().expect("a directory");
    let target = ScimTarget::start(Switches::default()).await.expect("a free port");
    let engine = Server::start(&directory.path().join("engine"));
    engine.ok(&["user", "import", people(directory.path(), 1_000).to_str().expect("ASCII")]);
    application(&engine, directory.path(), &target.base_url(), target.token());
    let first = engine.ok(&["job", "run", "T", "--wait"]);
    assert_eq!((&first["kind"], &first["created"]), (&json!("initial"), &json!(1_000)), "{first}");
    target.take_recorded();

    let second = engine.ok(&["job", "run", "T", "--wait"]);
    let requests = target.take_recorded();
    assert_eq!(second["kind"], "incremental", "{second}");
    assert!(requests.len() < 20, "{requests:?}");
    assert!(requests.iter().all(|request| request.method == "GET"), "{requests:?}");

    engine.ok(&["user", "set", "user7@contoso.example", "jobTitle=Head of Everything"]);
    let third = engine.ok(&["job", "run", "T", "--wait"]);
    assert_eq!(third["updated"], 1, "{third}");
    let writes: Vec<_> =
        target.take_recorded().into_iter().filter(|request| request.method != "GET").collect();
    let [patch] = &writes[..] else { panic!("one write, not {writes:?}") };
    assert_eq!(patch.method, "PATCH");
    let operations = patch.body["Operations"].as_array().map(Vec::as_slice);
    assert_eq!(
        operations,
        Some(&[json!({ "op": "replace", "path": "title", "value": "Head of Everything" })][..]),
    );
    let changed = target.resources("Users").iter().filter(|u| u["title"] == "Head of Everything").count();
    assert_eq!(changed, 1);
}
