//! Targets that fail, throttle, lie or stay silent.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::support::{Reply, Server, json as answer};
use scim_client::{
    Auth, Config, Diagnosis, DiagnosisCode, ErrorCode, Failure, ResourceKind, Select, Target, document,
};
use serde_json::{Map, Value, json};

const USERS: ResourceKind = ResourceKind::Users;

fn body() -> Map<String, Value> {
    document::build(USERS, [("userName", json!("ana"))]).expect("valid")
}

fn plain(status: u16, text: &str) -> Reply {
    Reply::Answer(status, vec![], text.to_owned())
}

async fn get(server: &Server) -> Result<(), Failure> {
    server.target().get(USERS, "1", Select::Usual).await.map(|_| ())
}

#[tokio::test]
async fn throttling_is_waited_for_and_narrows() {
    let server = Server::start(|number, _| match number {
        0 => Reply::Answer(429, vec![("retry-after", "1".to_owned())], String::new()),
        1 => Reply::Answer(
            503,
            vec![
                ("date", "Wed, 21 Oct 2026 07:28:00 GMT".to_owned()),
                ("retry-after", "Wed, 21 Oct 2026 07:28:01 GMT".to_owned()),
            ],
            String::new(),
        ),
        _ => answer(201, &json!({"id": "1"})),
    })
    .await;
    let target = server.target();
    let before = Instant::now();
    target.create(USERS, &body()).await.expect("created in the end");
    assert!(before.elapsed() >= Duration::from_secs(2));
    assert_eq!(server.seen().len(), 3);
    assert_eq!(target.concurrency(), 8);
}

#[tokio::test]
async fn a_wait_that_is_too_long_is_reported() {
    let server =
        Server::start(|_, _| Reply::Answer(429, vec![("retry-after", "3600".to_owned())], String::new()))
            .await;
    let failure = get(&server).await.expect_err("throttled");
    assert_eq!(failure.code, ErrorCode::TooManyRequests);
    assert_eq!(failure.retry_after, Some(Duration::from_hours(1)));
    assert!(failure.retryable);
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_target_that_only_asks_for_less_is_waited_for_as_long_as_there_is_patience() {
    let server = Server::start(
        |number, _| {
            if number < 12 { plain(429, "") } else { answer(200, &json!({"id": "1"})) }
        },
    );
    let server = server.await;
    let mut config = server.config();
    config.retry.longest_pause = Duration::from_millis(4);
    let target = Target::new(&config).expect("good settings");
    target.get(USERS, "1", Select::Usual).await.expect("read in the end");
    assert_eq!(server.seen().len(), 13);
    config.retry.patience = Duration::from_millis(30);
    let server = Server::start(|_, _| plain(503, "")).await;
    config.base_url = server.config().base_url;
    let target = Target::new(&config).expect("good settings");
    let failure = target.get(USERS, "1", Select::Usual).await.expect_err("never served");
    assert_eq!(failure.code, ErrorCode::ServiceUnavailable);
    // Whether it can be worked with at all is known soon.
    config.retry.patience = Duration::from_hours(1);
    let failure =
        Target::new(&config).expect("good settings").capabilities().await.expect_err("never served");
    assert_eq!(failure.code, ErrorCode::ServiceUnavailable);
    // Nobody who comes later waits again.
    let before = server.seen().len();
    target.get(USERS, "1", Select::Usual).await.expect_err("never served");
    assert_eq!(server.seen().len(), before + 1);
}

#[tokio::test]
async fn a_deadline_that_moves_is_followed() {
    let reply = |number, _: &super::support::Seen| match number {
        0 => Reply::Answer(429, vec![("retry-after", "1".to_owned())], String::new()),
        _ => answer(200, &json!({"id": "1"})),
    };
    let server = Server::start(reply).await;
    let renewed = server.target().with_deadline(Arc::new(|| Instant::now() + Duration::from_millis(300)));
    renewed.get(USERS, "1", Select::Usual).await.expect("the deadline never came");
}

#[tokio::test]
async fn a_change_that_may_have_been_made_is_told_apart() {
    let server = Server::start(|number, _| if number == 0 { plain(500, "") } else { plain(400, "no") }).await;
    let failure = server.target().replace(USERS, "1", &body(), None).await.expect_err("refused at last");
    assert_eq!((failure.status, failure.outcome_unknown), (Some(400), true));
    // What may still be on its way, behind a gateway too, could undo what comes after it: sent once.
    let script: [fn(usize, &super::support::Seen) -> Reply; 3] =
        [|_, _| Reply::Hang, |_, _| plain(502, ""), |_, _| plain(200, "<!DOCTYPE html><html>sign in</html>")];
    for reply in script {
        let server = Server::start(reply).await;
        let failure = server.target().replace(USERS, "1", &body(), None).await.expect_err("unknown");
        assert!(failure.outcome_unknown, "{failure}");
        assert_eq!(server.seen().len(), 1, "{failure}");
    }
    let server = Server::start(|_, _| plain(400, "no")).await;
    let failure = server.target().replace(USERS, "1", &body(), None).await.expect_err("refused");
    assert!(!failure.outcome_unknown);
}

#[tokio::test]
async fn a_change_that_was_made_needs_no_readable_answer() {
    let server = Server::start(|_, _| plain(200, "OK, <b>done</b>")).await;
    let made = server.target().replace(USERS, "1", &body(), None).await.expect("made");
    assert_eq!(made, None);
    let location = ("location", "/scim/v2/Users/a%2Fb".to_owned());
    let reply =
        move |_, _: &super::support::Seen| Reply::Answer(200, vec![location.clone()], "created".into());
    let server = Server::start(reply).await;
    assert_eq!(server.target().create(USERS, &body()).await.expect("created").id, "a/b");
}

#[tokio::test]
async fn server_errors_are_tried_again_a_few_times() {
    let server = Server::start(|_, _| plain(502, "<html>bad gateway")).await;
    let failure = get(&server).await.expect_err("failed");
    assert_eq!((failure.code, failure.status), (ErrorCode::InternalServerError, Some(502)));
    assert_eq!(server.seen().len(), 4);
}

#[tokio::test]
async fn broken_connections_are_tried_again() {
    let server =
        Server::start(|number, _| if number < 2 { Reply::Hang } else { answer(200, &json!({"id": "1"})) });
    let server = server.await;
    get(&server).await.expect("read in the end");
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn a_creation_is_never_repeated_blindly() {
    let script: [fn(usize, &super::support::Seen) -> Reply; 3] =
        [|_, _| Reply::Hang, |_, _| plain(500, ""), |_, _| Reply::Silence];
    for reply in script {
        let server = Server::start(reply).await;
        let mut config = server.config();
        config.request_timeout = Duration::from_millis(300);
        let target = Target::new(&config).expect("good settings");
        let failure = target.create(USERS, &body()).await.expect_err("no answer");
        assert!(failure.outcome_unknown && failure.retryable, "{failure:?}");
        assert_eq!(server.seen().len(), 1, "{failure:?}");
    }
}

#[tokio::test]
async fn a_creation_that_was_not_sent_is_known_not_to_have_happened() {
    let port = {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        listener.local_addr().expect("an address").port()
    };
    let mut config = Config::new(format!("http://127.0.0.1:{port}"), Auth::None);
    config.retry.first_pause = Duration::from_millis(1);
    let failure =
        Target::new(&config).expect("good settings").create(USERS, &body()).await.expect_err("refused");
    assert_eq!(failure.code, ErrorCode::ConnectionFailed);
    assert!(!failure.outcome_unknown && failure.reason.contains("refused"), "{failure:?}");
}

#[tokio::test]
async fn a_creation_with_a_useless_answer_may_have_happened() {
    let server = Server::start(|_, _| answer(201, &json!({"userName": "ana"}))).await;
    let failure = server.target().create(USERS, &body()).await.expect_err("no id");
    assert!(failure.outcome_unknown && !failure.retryable, "{failure:?}");
}

#[tokio::test]
async fn gone_after_a_lost_answer_is_deleted() {
    let server = Server::start(|number, _| if number == 0 { Reply::Hang } else { plain(404, "") }).await;
    server.target().delete(USERS, "1", None).await.expect("deleted");
    let server = Server::start(|_, _| plain(404, "")).await;
    assert!(server.target().delete(USERS, "1", None).await.expect_err("not there").is_gone());
}

#[tokio::test]
async fn slow_targets_time_out() {
    let server = Server::start(|_, _| Reply::Silence).await;
    let mut config = server.config();
    config.request_timeout = Duration::from_millis(100);
    config.retry.attempts = 2;
    let target = Target::new(&config).expect("good settings");
    let failure = target.get(USERS, "1", Select::Usual).await.expect_err("silence");
    assert_eq!((failure.code, failure.retryable), (ErrorCode::Timeout, true));
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn nothing_starts_or_lasts_past_the_deadline() {
    let server = Server::start(|_, _| Reply::Silence).await;
    let target = server.target();
    let before = Instant::now();
    let short = target.with_deadline(Arc::new(move || before + Duration::from_millis(150)));
    let failure = short.get(USERS, "1", Select::Usual).await.expect_err("silence");
    assert_eq!(failure.code, ErrorCode::Timeout);
    assert!(before.elapsed() < Duration::from_secs(5));
    let failure = short.get(USERS, "1", Select::Usual).await.expect_err("too late");
    assert_eq!(failure.code, ErrorCode::DeadlineExceeded);
    assert_eq!(target.requests_sent().get, 1);
}

#[tokio::test]
async fn huge_answers_are_not_read() {
    let server = Server::start(|_, _| Reply::Endless).await;
    let mut config = server.config();
    config.max_response = 1 << 20;
    let target = Target::new(&config).expect("good settings");
    let failure = target.get(USERS, "1", Select::Usual).await.expect_err("too large");
    assert_eq!(failure.code, ErrorCode::SystemForCrossDomainIdentityManagementServiceIncompatible);
    assert!(failure.reason.contains("1 MiB"), "{failure}");
}

#[tokio::test]
async fn answers_that_are_not_scim() {
    for text in
        ["<html><body>Sign in</body></html>", "{\"id\":", "[]", "", "{\"Resources\": 7}", "\u{feff}{}"]
    {
        let server = Server::start(move |_, _| plain(200, text)).await;
        let failure = server.target().find(USERS, "userName", "x").await.expect_err(text);
        assert_eq!(
            failure.code,
            ErrorCode::SystemForCrossDomainIdentityManagementServiceIncompatible,
            "{text}"
        );
        assert!(!failure.retryable);
    }
}

#[tokio::test]
async fn redirects_are_explained_and_not_followed() {
    let to = "https://login.example.com/sign-in?token=hush".to_owned();
    let server =
        Server::start(move |_, _| Reply::Answer(302, vec![("location", to.clone())], String::new())).await;
    let failure = get(&server).await.expect_err("a redirect");
    assert_eq!(failure.code, ErrorCode::Redirected);
    assert!(failure.reason.contains("https://login.example.com/sign-in") && !failure.reason.contains("hush"));
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn capabilities_are_tolerant() {
    for (status, text) in [(404, ""), (403, ""), (200, "<html>"), (501, "")] {
        let server = Server::start(move |_, _| plain(status, text)).await;
        let found = server.target().capabilities().await.expect("assumptions");
        assert!(!found.discovered && found.patch && found.filter && found.bulk.is_none(), "{status}");
    }
    let server = Server::start(|_, _| plain(401, "")).await;
    assert_eq!(server.target().capabilities().await.expect_err("no access").code, ErrorCode::Unauthorized);
}

async fn diagnose(server: &Server) -> Result<Vec<DiagnosisCode>, Diagnosis> {
    let report = server.target().test_connection(USERS, "userName", "nobody-7f3a").await?;
    Ok(report.warnings.into_iter().map(|warning| warning.code).collect())
}

#[tokio::test]
async fn test_connection_explains_every_failure() {
    let cases = [
        (401, r#"{"detail":"expired"}"#, DiagnosisCode::Unauthorized, "expired"),
        (403, "", DiagnosisCode::Forbidden, "403"),
        (404, "<html>", DiagnosisCode::NotFound, "404"),
        (200, "<!DOCTYPE html>", DiagnosisCode::NotScim, "HTML"),
        (500, "", DiagnosisCode::ServerError, "500"),
        (301, "", DiagnosisCode::Redirect, "301"),
        (400, r#"{"detail":"no"}"#, DiagnosisCode::Refusal, "no"),
    ];
    for (status, text, code, word) in cases {
        let server = Server::start(move |_, _| plain(status, text)).await;
        let found = diagnose(&server).await.expect_err("a failure");
        assert_eq!(found.code, code);
        assert!(found.message.contains(word) && !found.hint.is_empty(), "{found}");
        assert!(!found.to_string().contains("s3cret"));
    }
}

#[tokio::test]
async fn test_connection_explains_hosts_and_addresses() {
    for (url, code) in [
        ("http://no-such-host.invalid/scim", DiagnosisCode::HostNotFound),
        ("http://127.0.0.1:1/scim", DiagnosisCode::Refused),
    ] {
        let mut config = Config::new(url, Auth::None);
        config.retry.first_pause = Duration::from_millis(1);
        config.request_timeout = Duration::from_secs(5);
        // A proxy of the environment would answer for hosts that do not exist.
        let proxied = ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
        if code == DiagnosisCode::HostNotFound && proxied.iter().any(|name| std::env::var_os(name).is_some())
        {
            continue;
        }
        let target = Target::new(&config).expect("good settings");
        let found = target.test_connection(USERS, "userName", "x").await.expect_err("a failure");
        assert_eq!(found.code, code, "{found}");
    }
}

#[tokio::test]
async fn plain_http_where_tls_was_expected() {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut hello = [0; 1];
            let _ = stream.read(&mut hello).await;
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await;
            let mut rest = Vec::new();
            let _ = stream.read_to_end(&mut rest).await;
        }
    });
    let mut config = Config::new(format!("https://127.0.0.1:{port}/scim"), Auth::None);
    config.retry.first_pause = Duration::from_millis(1);
    let target = Target::new(&config).expect("good settings");
    let found = target.test_connection(USERS, "userName", "x").await.expect_err("no TLS there");
    assert_eq!(found.code, DiagnosisCode::Tls, "{found}");
}

#[tokio::test]
async fn test_connection_warns_of_filters() {
    let empty = json!({"totalResults": 0});
    let server =
        Server::start(
            move |_, request| {
                if request.target.ends_with("Config") { plain(404, "") } else { answer(200, &empty) }
            },
        )
        .await;
    assert_eq!(diagnose(&server).await, Ok(vec![]));

    let server = Server::start(|_, _| {
        answer(200, &json!({"totalResults": 1, "Resources": [{"id": "1", "userName": "bob"}]}))
    });
    assert_eq!(diagnose(&server.await).await, Ok(vec![DiagnosisCode::FilterIgnored]));

    let server = Server::start(|_, request| match request.query("filter") {
        Some(_) => answer(400, &json!({"scimType": "invalidFilter", "detail": "not by userName"})),
        None => answer(200, &json!({"totalResults": 0})),
    });
    assert_eq!(diagnose(&server.await).await, Ok(vec![DiagnosisCode::FilterUnsupported]));
}

#[tokio::test]
async fn a_change_is_made_however_long_its_answer_is() {
    let long = format!("\"{}\"", "x".repeat(2 << 20));
    let server = Server::start(move |_, _| plain(200, &long)).await;
    let mut config = server.config();
    config.max_response = 1 << 20;
    let target = Target::new(&config).expect("good settings");
    let operations = target.add_members(["2"]);
    target.patch(ResourceKind::Groups, "1", &operations, None).await.expect("the status says so");
    let failure = target.create(USERS, &body()).await.expect_err("whose id is not known");
    assert!(failure.outcome_unknown, "{failure:?}");
}
