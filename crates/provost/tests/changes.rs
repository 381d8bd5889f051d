//! An application follows the changes of a tenant over HTTP, and a tool those of a directory.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use serde_json::{Value, json};
use support::{Server, Tenant};

async fn changes(tenant: &Tenant, query: &str) -> (u16, Value) {
    let request =
        tenant.client.get(format!("{}/changes?{query}", tenant.base_url)).bearer_auth(&tenant.token);
    let response = request.send().await.expect("an answer");
    let status = response.status().as_u16();
    (status, serde_json::from_slice(&response.bytes().await.expect("a body")).expect("JSON"))
}

async fn create(tenant: &Tenant, name: &str) -> String {
    let user = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": name});
    let request = tenant.client.post(format!("{}/Users", tenant.base_url)).bearer_auth(&tenant.token);
    let request = request.header("content-type", "application/scim+json").body(user.to_string());
    let response = request.send().await.expect("an answer");
    assert_eq!(response.status(), 201);
    let user: Value = serde_json::from_slice(&response.bytes().await.expect("a body")).expect("JSON");
    user["id"].as_str().expect("an id").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_sees_everything_once_while_others_write_and_after_a_crash() {
    let dir = tempfile::tempdir().expect("a directory");
    let server = Server::start(dir.path());
    let tenant = Tenant::create(&server);
    let writers = futures::future::join_all((0..8).map(async |n| {
        let mut ids = Vec::new();
        for m in 0..40 {
            ids.push(create(&tenant, &format!("u{n}-{m}")).await);
        }
        ids
    }));
    let follower = async {
        let (mut seen, mut after) = (Vec::new(), String::new());
        while seen.len() < 320 {
            let (status, page) = changes(&tenant, &format!("after={after}&count=7&wait=PT20S")).await;
            assert_eq!(status, 200, "{page}");
            page["position"].as_str().expect("a position").clone_into(&mut after);
            let ids = page["changes"].as_array().expect("a list").iter();
            seen.extend(ids.map(|change| change["id"].as_str().expect("an id").to_owned()));
        }
        (seen, after)
    };
    let (written, followers) = tokio::join!(writers, futures::future::join_all([follower]));
    let written: BTreeSet<String> = written.into_iter().flatten().collect();
    let (seen, after) = &followers[0];
    assert_eq!(seen.len(), written.len());
    assert_eq!(seen.iter().cloned().collect::<BTreeSet<_>>(), written);

    server.kill();
    let server = Server::start(dir.path());
    let tenant = tenant.moved_to(&server);
    assert_eq!(changes(&tenant, &format!("after={after}")).await.1["changes"], json!([]));
    let later = create(&tenant, "later").await;
    assert_eq!(changes(&tenant, &format!("after={after}")).await.1["changes"][0]["id"], *later);
    assert_eq!(changes(&tenant, "").await.1["changes"][0]["id"], *seen[0]);
}

/// An administrator of a server.
struct Administrator {
    client: reqwest::Client,
    url: String,
    token: String,
}

impl Administrator {
    fn of(server: &Server) -> Self {
        Self { client: reqwest::Client::new(), url: server.url.clone(), token: server.admin_token() }
    }

    /// Calls a path, or the path of a link of an earlier answer.
    async fn call(&self, method: &str, path: &str, body: Value) -> Value {
        let path = path.find("/v1.0/").map_or(path, |at| &path[at..]);
        let request = self.client.request(method.parse().expect("a method"), format!("{}{path}", self.url));
        let request = request.bearer_auth(&self.token).body(body.to_string());
        let response = request.send().await.expect("an answer");
        let status = response.status();
        let body = response.bytes().await.expect("a body");
        assert!(status.is_success(), "{method} {path}: {}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).unwrap_or_default()
    }
}

/// Applies a round of a delta query to a copy, from a link on, and answers the link of the next round.
async fn follow(by: &Administrator, copy: &mut BTreeMap<String, Value>, link: &str) -> String {
    let mut link = link.to_owned();
    loop {
        let mut page = by.call("GET", &link, Value::Null).await;
        for object in page["value"].as_array_mut().expect("a list").drain(..) {
            let id = object["id"].as_str().expect("an id").to_owned();
            if object.get("@removed").is_some() {
                copy.remove(&id)
            } else {
                copy.insert(id, object["city"].clone())
            };
        }
        let next = page["@odata.nextLink"].as_str();
        let Some(next) = next else { return page["@odata.deltaLink"].as_str().expect("a link").to_owned() };
        next.clone_into(&mut link);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_by_delta_queries_is_whole_though_others_write_and_after_a_crash() {
    let dir = tempfile::tempdir().expect("a directory");
    let server = Server::start(dir.path());
    let by = Administrator::of(&server);
    let written = AtomicBool::new(false);
    let writers = async {
        futures::future::join_all((0..6).map(async |writer| {
            for n in 0..20 {
                let name = format!("u{writer}-{n}@x.com");
                let user = json!({"userPrincipalName": name, "displayName": name});
                let made = by.call("POST", "/v1.0/users", user).await;
                let path = format!("/v1.0/users/{}", made["id"].as_str().expect("an id"));
                by.call("PATCH", &path, json!({"city": format!("City {n}")})).await;
                if n % 3 == 0 {
                    by.call("DELETE", &path, Value::Null).await;
                }
            }
        }))
        .await;
        written.store(true, Ordering::Release);
    };
    let reader = async {
        let (mut copy, mut link, mut rounds) = (BTreeMap::new(), "/v1.0/users/delta?$top=3".to_owned(), 0);
        while !written.load(Ordering::Acquire) || rounds == 0 {
            link = follow(&by, &mut copy, &link).await;
            rounds += 1;
        }
        let link = follow(&by, &mut copy, &link).await;
        (copy, link)
    };
    let ((), (mut copy, link)) = tokio::join!(writers, reader);
    let there = async |by: &Administrator| {
        let all = by.call("GET", "/v1.0/users?$top=999", Value::Null).await;
        let all = all["value"].as_array().expect("a list").iter();
        all.map(|it| (it["id"].as_str().expect("an id").to_owned(), it["city"].clone())).collect()
    };
    assert_eq!((copy.len(), &copy), (6 * 13, &there(&by).await));

    server.kill();
    let server = Server::start(dir.path());
    let by = Administrator::of(&server);
    by.call("POST", "/v1.0/users", json!({"userPrincipalName": "z@x.com", "displayName": "Z"})).await;
    follow(&by, &mut copy, &link).await;
    assert_eq!((copy.len(), &copy), (6 * 13 + 1, &there(&by).await));
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_ends_answers_those_who_wait() {
    let dir = tempfile::tempdir().expect("a directory");
    let server = Server::start(dir.path());
    let tenant = Tenant::create(&server);
    create(&tenant, "ada").await;
    // Of forty that ask, as many as may wait do so once the others have been told that no more may.
    let mut asked: FuturesUnordered<_> = (0..40).map(|_| changes(&tenant, "after=now&wait=PT50S")).collect();
    for _ in 0..8 {
        assert_eq!(asked.next().await.expect("an answer").0, 429);
    }
    let start = Instant::now();
    server.terminate();
    while let Some((status, page)) = asked.next().await {
        assert_eq!((status, &page["changes"], &page["more"]), (200, &json!([]), &json!(false)));
    }
    assert_eq!(server.wait(), Some(0));
    assert!(start.elapsed() < Duration::from_secs(9), "the time that requests in flight get is not used up");
}

#[test]
fn mail_options_that_cannot_work_are_wrong_usage() {
    let dir = tempfile::tempdir().expect("a directory");
    let serve = |options: &[&str]| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_provost"))
            .args(["serve", "--json", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(dir.path())
            .args(options)
            .env_remove("PROVOST_SMTP_PASSWORD")
            .output()
            .expect("the command runs");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let to = ["--mail-from", "a@example.com", "--mail-to", "b@example.com"];
    for (options, words) in [
        (&["--smtp-url", "smtps://mail.example.com"][..], "mail-from"),
        (&["--keep-changes", "5m"], "less than an hour"),
        (&[&["--smtp-url", "smtps://u:hunter2@mail.example.com"][..], &to].concat(), "password"),
        (&[&["--smtp-url", "smtps://u@mail.example.com"][..], &to].concat(), "PROVOST_SMTP_PASSWORD"),
        (
            &["--smtp-url", "smtp://localhost", "--mail-from", "nobody", "--mail-to", "b@example.com"],
            "no mail address",
        ),
    ] {
        let (status, text) = serve(options);
        assert_eq!(status, Some(2), "{options:?}: {text}");
        assert!(text.contains(words) && !text.contains("hunter2"), "{options:?}: {text}");
    }
}
