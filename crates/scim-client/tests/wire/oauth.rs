//! Signing in by client credentials.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use futures::future::join_all;
use scim_client::{
    Auth, ClientAuthentication, ClientCredentials, Config, Diagnosis, DiagnosisCode, ErrorCode, OauthClient,
    ResourceKind, Retry, Select, Target, document,
};
use serde_json::json;

use super::support::{Reply, Seen, Server, json as answer};

const USERS: ResourceKind = ResourceKind::Users;
const SECRET: &str = "cl13nt & s3cret/+";

fn credentials(server: &Server) -> ClientCredentials {
    ClientCredentials {
        token_url: format!("http://login.localhost:{}/oauth/token?tenant=a", server.port),
        client_id: "contoso:app".to_owned(),
        client_secret: SECRET.to_owned().into(),
        scope: None,
        authentication: ClientAuthentication::Basic,
    }
}

fn config(server: &Server, credentials: ClientCredentials) -> Config {
    Config { auth: Auth::ClientCredentials(OauthClient::new(credentials)), ..server.config() }
}

fn target(server: &Server) -> Target {
    Target::new(&config(server, credentials(server))).expect("good settings")
}

fn is_token(request: &Seen) -> bool {
    request.target.starts_with("/oauth/token")
}

fn tokens(server: &Server) -> usize {
    server.seen().iter().filter(|request| is_token(request)).count()
}

fn user() -> Reply {
    answer(200, &json!({"id": "1"}))
}

/// Each token is `token-N`, N being the request's number.
fn grant(number: usize, lifetime: u64) -> Reply {
    answer(
        200,
        &json!({"access_token": format!("token-{number}"), "token_type": "Bearer", "expires_in": lifetime}),
    )
}

#[tokio::test]
async fn a_token_is_fetched_once_and_kept() {
    let server = Server::start(|n, request| if is_token(request) { grant(n, 3600) } else { user() }).await;
    let target = target(&server);
    for _ in 0..3 {
        target.get(USERS, "1", Select::Usual).await.expect("read");
    }
    let seen = server.seen();
    assert_eq!(seen.len(), 4);
    assert_eq!((seen[0].method.as_str(), seen[0].target.as_str()), ("POST", "/oauth/token?tenant=a"));
    assert_eq!(seen[0].body, "grant_type=client_credentials");
    assert_eq!(seen[0].header("content-type"), Some("application/x-www-form-urlencoded"));
    // RFC 6749 section 2.3.1: each part form-encoded, then both in base64.
    // contoso%3Aapp:cl13nt+%26+s3cret%2F%2B
    assert_eq!(
        seen[0].header("authorization"),
        Some("Basic Y29udG9zbyUzQWFwcDpjbDEzbnQrJTI2K3MzY3JldCUyRiUyQg==")
    );
    assert!(seen[1..].iter().all(|request| request.header("authorization") == Some("Bearer token-0")));
    // The counts are of requests to the target.
    assert_eq!(target.requests_sent().total(), 3);
}

#[tokio::test]
async fn the_client_can_be_named_in_the_body() {
    let server = Server::start(|n, request| if is_token(request) { grant(n, 3600) } else { user() }).await;
    let credentials = ClientCredentials {
        scope: Some("scim read/write".to_owned()),
        authentication: ClientAuthentication::Post,
        ..credentials(&server)
    };
    let target = Target::new(&config(&server, credentials)).expect("good settings");
    target.get(USERS, "1", Select::Usual).await.expect("read");
    let seen = server.seen();
    assert_eq!(
        seen[0].body,
        "grant_type=client_credentials&scope=scim+read%2Fwrite&client_id=contoso%3Aapp&\
         client_secret=cl13nt+%26+s3cret%2F%2B"
    );
    assert_eq!(seen[0].header("authorization"), None);
}

#[tokio::test]
async fn the_next_target_has_the_token_too() {
    let server = Server::start(|n, request| if is_token(request) { grant(n, 3600) } else { user() }).await;
    let client = OauthClient::new(credentials(&server));
    let config = Config { auth: Auth::ClientCredentials(client.clone()), ..server.config() };
    for _ in 0..2 {
        Target::new(&config).expect("good settings").get(USERS, "1", Select::Usual).await.expect("read");
    }
    assert_eq!(tokens(&server), 1);
    assert!(client.has(&credentials(&server)));
    assert!(
        !client.has(&ClientCredentials { client_secret: "other".to_owned().into(), ..credentials(&server) })
    );
    assert!(!client.has(&ClientCredentials { scope: Some("s".to_owned()), ..credentials(&server) }));
    assert!(!format!("{client:?}").contains("s3cret") && !format!("{client:?}").contains("token-0"));
}

#[tokio::test]
async fn one_fetch_serves_all_who_wait() {
    let server = Server::start(|n, request| if is_token(request) { grant(n, 3600) } else { user() }).await;
    let target = target(&server);
    let all = join_all((0..20).map(|_| target.get(USERS, "1", Select::Usual))).await;
    assert!(all.iter().all(Result::is_ok));
    assert_eq!(tokens(&server), 1);
}

#[tokio::test]
async fn a_token_that_is_over_is_renewed_before_the_request() {
    let server = Server::start(|n, request| if is_token(request) { grant(n, 0) } else { user() }).await;
    let target = target(&server);
    for _ in 0..2 {
        target.get(USERS, "1", Select::Usual).await.expect("read");
    }
    let seen = server.seen();
    assert_eq!(tokens(&server), 2);
    assert_eq!(seen[1].header("authorization"), Some("Bearer token-0"));
    assert_eq!(seen[3].header("authorization"), Some("Bearer token-2"));
}

#[tokio::test]
async fn a_token_that_was_withdrawn_is_renewed_once_by_all() {
    // The first token is good for one request.
    let server = Server::start(|n, request| match (is_token(request), request.header("authorization")) {
        (true, _) => grant(n, 3600),
        (_, Some("Bearer token-0")) if n > 1 => Reply::Answer(401, vec![], String::new()),
        _ if request.method == "POST" => answer(201, &json!({"id": "2"})),
        _ => user(),
    })
    .await;
    let target = target(&server);
    target.get(USERS, "1", Select::Usual).await.expect("read");
    let body = document::build(USERS, [("userName", json!("ana"))]).expect("valid");
    let all = join_all((0..8).map(|_| target.create(USERS, &body))).await;
    assert!(all.iter().all(Result::is_ok), "{all:?}");
    assert_eq!(tokens(&server), 2);
}

#[tokio::test]
async fn a_fresh_token_that_is_refused_is_not_renewed() {
    let server = Server::start(|n, request| {
        if is_token(request) { grant(n, 3600) } else { answer(401, &json!({"detail": "no token-0 here"})) }
    })
    .await;
    let target = target(&server);
    let failure = target.get(USERS, "1", Select::Usual).await.expect_err("refused");
    assert_eq!((failure.code, failure.status), (ErrorCode::Unauthorized, Some(401)));
    assert!(!failure.reason.contains("token-0"), "{failure}");
    assert_eq!(server.seen().len(), 2);
    // The next request has it from before: once more, then never again.
    target.get(USERS, "1", Select::Usual).await.expect_err("refused");
    assert_eq!((tokens(&server), server.seen().len()), (2, 5));
}

#[tokio::test]
async fn a_refused_client_is_explained_to_all_by_one_request() {
    let server = Server::start(|_, _| {
        answer(
            400,
            &json!({"error": "invalid_client", "error_description": format!("the secret {SECRET} is over")}),
        )
    })
    .await;
    let target = target(&server);
    let all = join_all((0..8).map(|_| target.get(USERS, "1", Select::Usual))).await;
    for failure in all {
        let failure = failure.expect_err("refused");
        assert_eq!((failure.code, failure.status), (ErrorCode::Unauthorized, None));
        assert!(failure.reason.contains("invalid_client"), "{failure}");
        assert!(!format!("{failure:?}").contains("s3cret"), "{failure:?}");
        assert!(failure.recommended_action.contains("client secret"));
        assert!(!failure.outcome_unknown);
    }
    assert_eq!(server.seen().len(), 1);
    // Not taken for a target without ServiceProviderConfig.
    target.capabilities().await.expect_err("refused");
    let diagnosis: Diagnosis = target.test_connection(USERS, "userName", "x").await.expect_err("refused");
    assert_eq!(diagnosis.code, DiagnosisCode::Unauthorized);
    assert!(diagnosis.hint.contains("client_secret_post"), "{diagnosis}");
}

#[tokio::test]
async fn a_token_endpoint_that_fails_is_tried_again() {
    let server = Server::start(|n, request| match (n, is_token(request)) {
        (0, _) => Reply::Hang,
        (1, _) => Reply::Answer(503, vec![("retry-after", "0".to_owned())], String::new()),
        (_, true) => grant(n, 3600),
        _ if request.method == "POST" => answer(201, &json!({"id": "2"})),
        _ => user(),
    })
    .await;
    let body = document::build(USERS, [("userName", json!("ana"))]).expect("valid");
    target(&server).create(USERS, &body).await.expect("created in the end");
    assert_eq!((tokens(&server), server.seen().len()), (3, 4));
}

#[tokio::test]
async fn the_secret_never_follows_a_redirect() {
    let elsewhere = Server::start(|n, _| grant(n, 3600)).await;
    let place = format!("http://127.0.0.1:{}/token?secret=1", elsewhere.port);
    for status in [301, 302, 303, 307, 308] {
        let location = vec![("location", place.clone())];
        let server = Server::start(move |_, _| Reply::Answer(status, location.clone(), String::new())).await;
        let failure = target(&server).get(USERS, "1", Select::Usual).await.expect_err("redirected");
        assert_eq!(failure.code, ErrorCode::Redirected);
        assert!(!failure.reason.contains("secret=1"), "{failure}");
    }
    assert!(elsewhere.seen().is_empty());
}

#[tokio::test]
async fn answers_of_the_token_endpoint_are_bounded() {
    let server = Server::start(|_, _| Reply::Endless).await;
    let failure = target(&server).get(USERS, "1", Select::Usual).await.expect_err("too large");
    assert_eq!(failure.code, ErrorCode::InvalidConfiguration);
    let server = Server::start(|_, _| Reply::Silence).await;
    let config = Config {
        request_timeout: Duration::from_millis(50),
        retry: Retry { attempts: 1, ..Retry::default() },
        ..config(&server, credentials(&server))
    };
    let failure =
        Target::new(&config).expect("good").get(USERS, "1", Select::Usual).await.expect_err("silent");
    assert_eq!(failure.code, ErrorCode::Timeout);
    assert!(failure.reason.contains("token endpoint"), "{failure}");
}

#[tokio::test]
async fn no_token_is_waited_for_past_the_deadline() {
    let server = Server::start(|_, _| Reply::Silence).await;
    let until = Instant::now() + Duration::from_millis(50);
    let target = target(&server).with_deadline(Arc::new(move || until));
    let failure = target.get(USERS, "1", Select::Usual).await.expect_err("too late");
    assert_eq!(failure.code, ErrorCode::DeadlineExceeded);
}

#[tokio::test]
async fn settings_are_checked_before_anything_is_sent() {
    let server = Server::start(|n, _| grant(n, 3600)).await;
    let good = credentials(&server);
    let urls = ["", "login", "ftp://login.example.com", "https://u:p@login.example.com", "https://x/#y"];
    let mut bad: Vec<(ClientCredentials, ErrorCode)> = urls
        .into_iter()
        .map(|url| {
            (ClientCredentials { token_url: url.into(), ..good.clone() }, ErrorCode::InvalidConfiguration)
        })
        .collect();
    for url in ["http://169.254.169.254/token", "http://0xA9FEA9FE/token", "http://[::ffff:169.254.169.254]/"]
    {
        bad.push((ClientCredentials { token_url: url.into(), ..good.clone() }, ErrorCode::AddressForbidden));
    }
    bad.push((
        ClientCredentials { client_id: String::new(), ..good.clone() },
        ErrorCode::InvalidConfiguration,
    ));
    let secret = "s3cret\n".to_owned().into();
    bad.push((ClientCredentials { client_secret: secret, ..good }, ErrorCode::InvalidConfiguration));
    for (credentials, code) in bad {
        let failure = Target::new(&config(&server, credentials.clone())).expect_err("refused");
        assert_eq!(failure.code, code, "{credentials:?}");
        assert!(!failure.to_string().contains("s3cret"));
        assert!(!format!("{credentials:?}").contains("s3cret"));
    }
}
