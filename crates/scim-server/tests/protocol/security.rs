//! Who gets in, and what bad input meets.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::{Body, Bytes};
use axum::http::Request;
use futures::stream;
use jiff::SignedDuration;
use model::Clock as _;
use serde_json::json;
use tenant::{NewToken, Scope};

use crate::support::{Reply, Server, by};

async fn with_authorization(server: &Server, value: &str) -> Reply {
    let request = Request::builder()
        .method("GET")
        .uri("/tenants/contoso/api/scim/v2/Users/x")
        .header("authorization", value)
        .body(Body::empty())
        .expect("a request");
    server.raw(request).await
}

#[tokio::test]
async fn nothing_opens_without_a_good_token() {
    let server = Server::new().await;
    let good = server.token.clone();
    for value in
        ["", "Bearer", "Bearer ", "Basic abc", "Bearer x", &good, &format!("Bearer {good}x"), "Bearer é"]
    {
        let reply = with_authorization(&server, value).await;
        reply.refused(401, "");
        assert!(reply.header("www-authenticate").starts_with("Bearer"), "{value}");
    }
    with_authorization(&server, &format!("bearer {good}")).await.refused(404, "");
    // Authentication comes before every other answer.
    for path in ["/tenants/contoso/api/scim/v2/nonsense", "/tenants/nobody/api/scim/v2/Users"] {
        let request = Request::builder().method("TRACE").uri(path).body(Body::from("{")).expect("a request");
        server.raw(request).await.refused(401, "");
    }
}

#[tokio::test]
async fn a_token_opens_its_tenant_by_host_and_by_path_and_no_other() {
    let server = Server::new().await;
    let other = server.tenants.create("fabrikam", &by()).await.expect("a tenant");
    let foreign =
        server.tenants.create_token(other.id, NewToken::default(), &by()).await.expect("a token").secret;
    with_authorization(&server, &format!("Bearer {foreign}")).await.refused(401, "");
    let at = |host: &str, token: &str| {
        Request::builder()
            .uri("/api/scim/v2/Users")
            .header("host", host.to_owned())
            .header("authorization", format!("Bearer {token}"))
            .body(Body::empty())
            .expect("a request")
    };
    server.raw(at("contoso.scim.example:80", &server.token)).await.expect(200);
    server.raw(at("CONTOSO.scim.example", &foreign)).await.refused(401, "");
    server.raw(at("scim.example", &server.token)).await.refused(404, "");
}

#[tokio::test]
async fn revoked_expired_and_rotated_tokens() {
    let server = Server::new().await;
    let tenants = &server.tenants;
    let issued = tenants.create_token(server.tenant.id, NewToken::default(), &by()).await.expect("a token");
    let bearer = format!("Bearer {}", issued.secret);
    with_authorization(&server, &bearer).await.refused(404, "");
    let hour = SignedDuration::from_hours(1);
    let rotated = tenants.rotate_token(issued.token.id, hour, &by()).await.expect("a rotation");
    with_authorization(&server, &bearer).await.refused(404, "");
    server.clock.advance(hour);
    let detail = with_authorization(&server, &bearer).await.refused(401, "");
    assert!(detail.contains("expired"), "{detail}");
    let bearer = format!("Bearer {}", rotated.secret);
    with_authorization(&server, &bearer).await.refused(404, "");
    tenants.revoke_token(rotated.token.id, &by()).await.expect("a revocation");
    with_authorization(&server, &bearer).await.refused(401, "");
}

#[tokio::test]
async fn a_read_only_token_changes_nothing() {
    let server = Server::new().await;
    let user = server.user("a").await;
    let new = NewToken { scope: Scope::ReadOnly, ..NewToken::default() };
    let issued = server.tenants.create_token(server.tenant.id, new, &by()).await.expect("a token");
    let reader = Server { token: issued.secret, ..server };
    reader.get(&format!("/Users/{user}")).await.expect(200);
    reader.post("/Users/.search", &json!({})).await.expect(200);
    reader.post("/Users", &json!({"userName": "b"})).await.refused(403, "");
    reader.post("/Bulk", &json!({"Operations": []})).await.refused(403, "");
    reader.delete(&format!("/Users/{user}")).await.refused(403, "");
}

#[tokio::test]
async fn the_switch_off_is_said() {
    let server = Server::new().await;
    server.get("/Users").await.expect(200);
    let off = |tenant: &mut tenant::Tenant| tenant.scim_for_authentication = false;
    server.tenants.update(server.tenant.id, &by(), off).await.expect("an update");
    let detail = server.get("/Users").await.refused(403, "");
    assert!(detail.contains("SCIM for Authentication"), "{detail}");
    with_authorization(&server, "Bearer x").await.refused(401, "");
}

#[tokio::test]
async fn a_deleted_tenant_is_closed() {
    let server = Server::new().await;
    server.get("/Users").await.expect(200);
    server.tenants.delete(server.tenant.id, &by()).await.expect("a deletion");
    server.get("/Users").await.refused(401, "");
}

#[tokio::test]
async fn too_many_requests_are_told_when_to_come_back() {
    let server = Server::new().await;
    let slow = |tenant: &mut tenant::Tenant| tenant.settings.requests_per_second = 1;
    server.tenants.update(server.tenant.id, &by(), slow).await.expect("an update");
    server.get("/Users").await.expect(200);
    let reply = server.get("/Users").await;
    reply.refused(429, "");
    assert_eq!(reply.header("retry-after"), "1");
}

#[tokio::test]
async fn discovery_needs_no_token() {
    let server = Server::new().await;
    let open = async |path: &str| {
        let uri = format!("/tenants/contoso/api/scim/v2{path}");
        server.raw(Request::builder().uri(uri).body(Body::empty()).expect("a request")).await
    };
    let config = open("/ServiceProviderConfig").await.expect(200);
    for name in ["patch", "bulk", "filter", "sort", "etag"] {
        assert_eq!(config[name]["supported"], true, "{name}");
    }
    assert_eq!(config["pagination"]["cursor"], true);
    let types = open("/ResourceTypes").await.expect(200);
    assert_eq!(types["totalResults"], 2);
    assert_eq!(open("/ResourceTypes/User").await.expect(200)["endpoint"], "/Users");
    assert_eq!(open("/Schemas").await.expect(200)["totalResults"], 3);
    let user = "urn:ietf:params:scim:schemas:core:2.0:User";
    assert_eq!(open(&format!("/Schemas/{user}")).await.expect(200)["id"], user);
    open("/Schemas/nonsense").await.refused(404, "");
    open("/Schemas?filter=id%20pr").await.refused(403, "");
    open("/Users").await.refused(401, "");
}

#[tokio::test]
async fn bad_input_is_a_scim_error_and_changes_nothing() {
    let limits = scim_server::Limits { body: 2000, ..scim_server::Limits::default() };
    let server = Server::with(limits).await;
    let path = format!("/Users/{}", server.user("a").await);
    server.send("POST", "/Users", &[], "{\"userName\"").await.refused(400, "invalidSyntax");
    server.send("POST", "/Users", &[], "[]").await.refused(400, "invalidSyntax");
    server.send("POST", "/Users", &[], "").await.refused(400, "invalidSyntax");
    server.send("POST", "/Users", &[], b"\xff\xfe".to_vec()).await.refused(400, "invalidSyntax");
    let twice = r#"{"userName":"b","userName":"c"}"#;
    server.send("POST", "/Users", &[], twice).await.refused(400, "invalidSyntax");
    let twice = r#"{"Operations":[{"op":"add","path":"title","value":"x","Value":"y"}]}"#;
    server.send("PATCH", &path, &[], twice).await.refused(400, "invalidSyntax");
    let deep = format!("{{\"userName\":\"b\",\"x\":{}{}}}", "[".repeat(900), "]".repeat(900));
    server.send("POST", "/Users", &[], deep).await.refused(400, "invalidSyntax");
    server.post("/Users", &json!({"userName": "x".repeat(3000)})).await.refused(413, "");
    server.post("/Users", &json!({"userName": 7, "emails": "x"})).await;
    server.post("/Users", &json!({"title": "no name"})).await.refused(400, "invalidValue");
    let typed = Request::builder()
        .method("POST")
        .uri("/tenants/contoso/api/scim/v2/Users")
        .header("authorization", format!("Bearer {}", server.token))
        .header("content-type", "text/xml")
        .body(Body::from("<a/>"))
        .expect("a request");
    server.raw(typed).await.refused(415, "");
    let method = server.send("POST", &path, &[], "{}").await;
    method.refused(405, "");
    assert_eq!(method.header("allow"), "GET, HEAD, PUT, PATCH, DELETE");
    server.send("DELETE", "/Users", &[], "").await.refused(405, "");
    server.get("/Nonsense").await.refused(404, "");
    server.get("/Users/not-a-uuid").await.refused(404, "");
    server.get("/Me").await.refused(501, "");
    let old = Request::builder()
        .uri("/tenants/contoso/api/scim/v1/Users")
        .header("authorization", format!("Bearer {}", server.token))
        .body(Body::empty())
        .expect("a request");
    server.raw(old).await.refused(400, "invalidVers");
    assert_eq!(server.get(&path).await.expect(200)["userName"], "a");
}

/// A body of so many pieces of 64 KiB, and how many of them were taken.
fn counted(pieces: usize) -> (Body, Arc<AtomicUsize>) {
    let taken = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&taken);
    let pieces = (0..pieces).map(move |_| {
        counter.fetch_add(1, Ordering::Relaxed);
        Ok::<_, Infallible>(Bytes::from(vec![b' '; 64 * 1024]))
    });
    (Body::from_stream(stream::iter(pieces)), taken)
}

#[tokio::test]
async fn a_body_that_is_refused_is_still_taken_so_that_the_client_reads_why() {
    let server = Server::new().await;
    for (path, headers, status) in [
        ("/Users", &[("content-length", "19660800")][..], 413),
        ("/Users", &[], 413),
        ("/Nonsense", &[], 404),
        ("/Users/x", &[], 405),
    ] {
        let (body, taken) = counted(300);
        server.send("POST", path, headers, body).await.refused(status, "");
        assert_eq!(taken.load(Ordering::Relaxed), 300, "{path}");
    }
    // Nobody has to be heard out for ever.
    let (body, taken) = counted(10_000);
    server.send("POST", "/Users", &[], body).await.refused(413, "");
    assert!(taken.load(Ordering::Relaxed) < 2_000);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_ends_is_given_up() {
    let server = Server::new().await;
    let body = Body::from_stream(stream::pending::<Result<Bytes, Infallible>>());
    let why = server.send("POST", "/Users", &[], body).await.refused(408, "");
    assert!(why.contains("20 seconds"), "{why}");
}

#[tokio::test]
async fn the_inspector_tells_cause_and_fix_of_who_is_shut_out_and_keeps_no_token() {
    let server = Server::new().await;
    let other = server.tenants.create("fabrikam", &by()).await.expect("a tenant");
    let issue = async |tenant, expires| {
        let new = NewToken { expires, ..NewToken::default() };
        server.tenants.create_token(tenant, new, &by()).await.expect("a token")
    };
    let foreign = issue(other.id, None).await.secret;
    let short = issue(server.tenant.id, Some(server.clock.now() + SignedDuration::from_secs(1))).await.secret;
    let revoked = issue(server.tenant.id, None).await;
    server.tenants.revoke_token(revoked.token.id, &by()).await.expect("a revocation");
    server.clock.advance(SignedDuration::from_secs(2));
    server.user("ada").await;
    let cut = &server.token[..server.token.len() - 3];
    let bearer = |token: &str| format!("Bearer {token}");
    let shut_out =
        ["Basic dTpw".to_owned(), bearer(cut), bearer(&revoked.secret), bearer(&short), bearer(&foreign)];
    for value in &shut_out {
        with_authorization(&server, value).await.refused(401, "");
    }
    let open = Request::builder().uri("/tenants/contoso/api/scim/v2/Users").body(Body::empty());
    server.raw(open.expect("a request")).await.refused(401, "");
    let requests = server.service.requests(server.tenant.id);
    let strangers: Vec<_> = requests.iter().filter(|request| !request.authenticated).collect();
    assert_eq!(strangers.len(), 6);
    let fixes: std::collections::BTreeSet<_> = strangers.iter().map(|request| request.fix).collect();
    assert_eq!(fixes.len(), 6, "each has a fix of its own: {fixes:?}");
    let all = format!("{requests:?}{}", serde_json::to_string(&requests).expect("JSON"));
    for secret in [cut, &revoked.secret, &short, &foreign, "dTpw"] {
        assert!(!all.contains(secret), "{all}");
    }
    assert!(server.service.requests(other.id).is_empty(), "a token of another tenant says nothing there");
    // However many come, what the tenant's own clients did stays.
    for _ in 0..200 {
        with_authorization(&server, "Bearer x").await.refused(401, "");
        server
            .raw(
                Request::builder()
                    .uri("/tenants/contoso/api/scim/v2/Schemas")
                    .body(Body::empty())
                    .expect("one"),
            )
            .await
            .expect(200);
    }
    let requests = server.service.requests(server.tenant.id);
    assert!(requests.iter().any(|request| request.authenticated && request.method == "POST"));
    with_authorization(&server, "Bearer x").await;
    assert!(requests.len() < 50, "{}", requests.len());
}

#[tokio::test]
async fn the_inspector_masks_what_is_secret_in_bodies_urls_and_causes() {
    let server = Server::new().await;
    let user = json!({"userName": "ada", "password": "hunter2hunter2"});
    server.post("/Users", &user).await.expect(201);
    server.post("/Users", &user).await.refused(409, "uniqueness");
    server.get("/Users?filter=password%20eq%20%22hunter2hunter2").await.expect(400);
    server.get("/Users?filter=p%61ssword+zz+hunter2hunter2").await.expect(400);
    server.get("/Users?filter=password+eq+hunter2hunter2+and+title+pr").await;
    server.post("/Users/.search", &json!({"filter": "password eq hunter2hunter2 and title pr"})).await;
    server.post("/Users/.search", &json!({"filter": "password zz \"hunter2hunter2\""})).await.expect(400);
    server
        .send("POST", "/Users", &[], r#"{"password": "hunter2hunter2""#)
        .await
        .refused(400, "invalidSyntax");
    let requests = server.service.requests(server.tenant.id);
    assert_eq!(requests.len(), 8);
    let all = format!("{requests:?}");
    assert!(!all.contains("hunter2"), "{all}");
    assert_eq!(requests[0].body.as_ref().expect("a body")["userName"], "ada");
    assert!(
        requests
            .iter()
            .all(|request| request.status < 400 || (request.cause.is_some() && request.fix.is_some()))
    );
}
