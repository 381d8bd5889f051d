//! Requests that are none, or nearly: each is answered with what is wrong, the server goes on, and no data is changed.

mod support;

use serde_json::{Value, json};
use support::{LIMIT, Server, Tenant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const USERS: &str = "/tenants/contoso/api/scim/v2/Users";

/// An answer, as its bytes say.
#[derive(Debug)]
struct Reply {
    status: u16,
    head: String,
    body: String,
}

impl Reply {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Checks that it is a SCIM error of that status and answers its detail.
    fn refused(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{self:?}");
        assert!(self.head.contains("content-type: application/scim+json"), "{self:?}");
        let body = self.json();
        assert_eq!(body["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:Error"]), "{self:?}");
        assert_eq!(body["status"], status.to_string(), "{self:?}");
        let detail = body["detail"].as_str().expect("a detail");
        assert!(detail.len() > 10, "{detail}");
        detail.to_owned()
    }
}

/// Sends bytes on a connection of their own and reads every answer until the server closes it, or has answered what
/// was asked to be the last request.
async fn exchange(server: &Server, sent: &[u8]) -> Vec<Reply> {
    let address = server.url.strip_prefix("http://").expect("plain HTTP");
    let (mut from, mut to) = TcpStream::connect(address).await.expect("a connection").into_split();
    let sent = sent.to_owned();
    // The server may answer and close before it has everything.
    let sending = tokio::spawn(async move {
        let _ = to.write_all(&sent).await;
        to
    });
    let mut all = Vec::new();
    let read =
        tokio::time::timeout(LIMIT, from.read_to_end(&mut all)).await.expect("the connection is closed");
    drop(sending);
    let text = String::from_utf8(all).expect("UTF-8");
    read.unwrap_or_else(|error| panic!("{error} after {text:?}"));
    replies(&text)
}

fn replies(mut text: &str) -> Vec<Reply> {
    let mut all = Vec::new();
    while let Some((head, rest)) = text.split_once("\r\n\r\n") {
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length = length.map_or(0, |length| length.parse().expect("a number"));
        let (body, rest) = rest.split_at_checked(length).expect("a whole body");
        all.push(Reply { status, head: head.to_owned(), body: body.to_owned() });
        text = rest;
    }
    assert_eq!(text, "", "nothing comes after the last answer");
    all
}

/// A server with one user, and what is sent to it.
struct Fixture {
    server: Server,
    tenant: Tenant,
    dir: tempfile::TempDir,
}

impl Fixture {
    async fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let server = Server::start(dir.path());
        let tenant = Tenant::create(&server);
        let fixture = Self { server, tenant, dir };
        let made = fixture.post("", br#"{"userName":"ada"}"#).await;
        assert_eq!(made.status, 201, "{made:?}");
        fixture
    }

    /// The head of a request of the tenant's client, the last one of its connection, with further header lines.
    fn head(&self, method: &str, target: &str, more: &str) -> String {
        let token = &self.tenant.token;
        format!(
            "{method} {target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {token}\r\n{more}\r\n"
        )
    }

    async fn one(&self, sent: &[u8]) -> Reply {
        let mut replies = exchange(&self.server, sent).await;
        assert_eq!(
            replies.len(),
            1,
            "{replies:?} to {:?}",
            String::from_utf8_lossy(&sent[..sent.len().min(300)])
        );
        replies.remove(0)
    }

    /// A request with a body.
    async fn send(&self, method: &str, target: &str, more: &str, body: &[u8]) -> Reply {
        let length =
            format!("content-type: application/scim+json\r\ncontent-length: {}\r\n{more}", body.len());
        self.one(&[self.head(method, target, &length).as_bytes(), body].concat()).await
    }

    async fn post(&self, more: &str, body: &[u8]) -> Reply {
        self.send("POST", USERS, more, body).await
    }

    async fn get(&self, target: &str) -> Reply {
        self.one(self.head("GET", target, "").as_bytes()).await
    }

    /// The id of the one user, who is as ever.
    async fn untouched(&self) -> String {
        let users = self.tenant.users().await;
        assert_eq!(users.len(), 1, "{users:?}");
        assert_eq!(users[0]["userName"], "ada");
        assert_eq!(users[0]["meta"]["version"], "W/\"1\"");
        users[0]["id"].as_str().expect("an id").to_owned()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_http_is_refused_with_a_reason() {
    let fixture = Fixture::new().await;
    let get = |line: &str| fixture.head("GET", USERS, line);
    let endless = "a".repeat(200_000);
    let headers = |number: usize| "x-many: y\r\n".repeat(number);
    let auth = format!("authorization: Bearer {}", fixture.tenant.token);
    for (sent, status) in [
        ("NONSENSE\r\n\r\n".to_owned(), 400),
        ("\u{1}\u{2}\u{3}\r\n\r\n".to_owned(), 400),
        (format!("GET {USERS} HTTP/9.9\r\nhost: x\r\n\r\n"), 400),
        (format!("G(ET {USERS} HTTP/1.1\r\nhost: x\r\n\r\n"), 400),
        (format!("GET {USERS}\u{7f} HTTP/1.1\r\nhost: x\r\n\r\n"), 400),
        (format!("GET {USERS} HTTP/1.1\r\n{auth}\r\nconnection: close\r\n\r\n"), 400),
        (get("host: y\r\n"), 400),
        (get("no colon\r\n"), 400),
        (get("x : y\r\n"), 400),
        (get("x: y\r\n folded\r\n"), 400),
        (get("x: a\0b\r\n"), 400),
        (get("content-length: 5\r\ncontent-length: 6\r\n") + "123456", 400),
        (get("content-length: -1\r\n"), 400),
        (get("content-length: +1\r\n"), 400),
        (get("content-length: 99999999999999999999\r\n"), 400),
        (get("transfer-encoding: gzip\r\n"), 400),
        (get(&headers(200)), 431),
        (get(&headers(100_000)), 431),
        (get(&format!("x: {endless}\r\n")), 431),
        (format!("GET /{endless}"), 431),
        (endless.clone(), 431),
    ] {
        let shown: String = sent.chars().take(200).collect();
        let reply = fixture.one(sent.as_bytes()).await;
        assert_eq!(reply.status, status, "{shown}");
        reply.refused(status);
        assert_eq!(reply.json()["error"]["message"], reply.json()["detail"], "an error of the other API too");
        assert_eq!(fixture.get(USERS).await.status, 200, "after {shown}");
    }
    fixture.untouched().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_where_its_length_says_and_nowhere_else() {
    let fixture = Fixture::new().await;
    let id = fixture.untouched().await;
    let user = format!("{USERS}/{id}");
    let smuggled = fixture.head("DELETE", &user, "");
    // Both lengths: the chunks count, and the connection ends there.
    let both = "content-type: application/json\r\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n";
    let both = fixture.head("POST", USERS, both).replace("connection: close\r\n", "");
    let reply = fixture.one(&[both.as_bytes(), b"0\r\n\r\n", smuggled.as_bytes()].concat()).await;
    reply.refused(400);
    // Chunks that are none.
    for chunks in
        ["ZZ\r\n{}\r\n0\r\n\r\n", "ffffffffffffffff1\r\n{}", "2\r\n{}X\r\n0\r\n\r\n", "-2\r\n{}\r\n0\r\n\r\n"]
    {
        let head = fixture.head("POST", USERS, "transfer-encoding: chunked\r\n");
        let detail = fixture.one(&[head.as_bytes(), chunks.as_bytes()].concat()).await.refused(400);
        assert!(detail.contains("did not arrive whole"), "{detail}");
    }
    // A body where none is meant is part of that request, not the next one.
    let length = smuggled.len();
    let get = fixture.head("GET", USERS, &format!("content-length: {length}\r\n"));
    let get = get.replace("connection: close\r\n", "");
    let replies = exchange(
        &fixture.server,
        [&get, &smuggled, &fixture.head("GET", &user, "")].map(String::as_bytes).concat().as_slice(),
    )
    .await;
    assert_eq!(replies.iter().map(|reply| reply.status).collect::<Vec<_>>(), [200, 200]);
    let delete =
        fixture.send("DELETE", &format!("{USERS}/00000000-0000-0000-0000-000000000000"), "", b"{}").await;
    delete.refused(404);
    // Methods are taken by their name only.
    for name in ["x-http-method-override", "x-http-method", "x-method-override"] {
        let reply = fixture.send("POST", &user, &format!("{name}: DELETE\r\n"), b"{}").await;
        reply.refused(405);
        assert_eq!(
            fixture.one(fixture.head("GET", &user, &format!("{name}: DELETE\r\n")).as_bytes()).await.status,
            200
        );
    }
    for method in ["BREW", "OPTIONS", "TRACE", "get"] {
        fixture.one(fixture.head(method, USERS, "").as_bytes()).await.refused(405);
    }
    assert_eq!(fixture.untouched().await, id);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_go_ahead_is_given_to_what_will_be_taken() {
    let fixture = Fixture::new().await;
    let asks = "content-type: application/scim+json\r\nexpect: 100-continue\r\ncontent-length: ";
    let body = r#"{"userName":"ada"}"#;
    let small = fixture.head("POST", USERS, &format!("{asks}{}\r\n", body.len())) + body;
    let replies = exchange(&fixture.server, small.as_bytes()).await;
    assert_eq!(replies.iter().map(|reply| reply.status).collect::<Vec<_>>(), [100, 409]);
    let large = fixture.head("POST", USERS, &format!("{asks}{}\r\n", 1 << 30));
    fixture.one(large.as_bytes()).await.refused(413);
    fixture.untouched().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn places_are_read_as_they_are_meant() {
    let fixture = Fixture::new().await;
    let id = fixture.untouched().await;
    let absolute = format!("http://x{USERS}/{id}");
    assert_eq!(fixture.get(&absolute).await.status, 200);
    for junk in ["%00", "%2F", "%2e%2e%2fGroups", "%ff%fe", "%", "%zz", "a%20b", "..", "%F0%9F%98%80"] {
        fixture.get(&format!("{USERS}/{junk}")).await.refused(404);
    }
    for (query, part) in [
        ("filter=%ff", "UTF-8"),
        ("filter=%00", "filter"),
        ("filter=userName%20eq", "filter"),
        ("count=many", "count"),
        ("count=99999999999999999999", "count"),
        ("count=1&count=2", "twice"),
        ("cursor=%00", "cursor"),
    ] {
        let detail = fixture.get(&format!("{USERS}?{query}")).await.refused(400);
        assert!(detail.contains(part), "{query}: {detail}");
    }
    let parentheses = format!("{USERS}?filter={}title%20pr{}", "(".repeat(100), ")".repeat(100));
    fixture.get(&parentheses).await.refused(400);
    let long = format!("{USERS}?filter=title%20eq%20%22{}%22", "x".repeat(20_000));
    fixture.get(&long).await.refused(400);
    let port = fixture.server.url.rsplit(':').next().expect("a port").to_owned();
    for host in ["contoso.localhost", "CONTOSO.LocalHost", "contoso.localhost.", "contoso.localhost:PORT"] {
        let host = host.replace("PORT", &port);
        let head = fixture.head("GET", "/api/scim/v2/Users", "").replace("host: x", &format!("host: {host}"));
        assert_eq!(fixture.one(head.as_bytes()).await.status, 200, "{host}");
    }
    for host in [
        "",
        "localhost",
        "fabrikam.localhost",
        "contoso.localhost.evil.example",
        "a/b",
        "contoso.localhost@x",
    ] {
        let head = fixture.head("GET", "/api/scim/v2/Users", "").replace("host: x", &format!("host: {host}"));
        let reply = fixture.one(head.as_bytes()).await;
        assert!([400, 401, 404].contains(&reply.status), "{host}: {reply:?}");
        reply.refused(reply.status);
    }
    fixture.untouched().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_beyond_a_limit_are_refused_with_the_limit() {
    let fixture = Fixture::new().await;
    let deep = format!(r#"{{"userName":"b","x":{}{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
    for (body, status, part) in [
        (deep.into_bytes(), 400, "recursion limit"),
        (b"{\"userName\":\"\xff\"}".to_vec(), 400, "not JSON"),
        (b"\xff\xfe{\0}\0".to_vec(), 400, "not JSON"),
        (vec![b' '; (1 << 20) + 1], 413, "1048576 bytes"),
    ] {
        let detail = fixture.post("", &body).await.refused(status);
        assert!(detail.contains(part), "{detail}");
    }
    let detail = fixture.post("content-encoding: gzip\r\n", b"\x1f\x8b").await.refused(415);
    assert!(detail.contains("gzip"), "{detail}");
    let values = format!(r#"{{"displayName":"g","x":[{}0]}}"#, "0,".repeat(2_000_000));
    let groups = USERS.replace("Users", "Groups");
    let detail = fixture.send("POST", &groups, "", values.as_bytes()).await.refused(400);
    assert!(detail.contains("2000000 values"), "{detail}");
    let operations = |number: usize| vec![json!({"op": "add", "path": "title", "value": "x"}); number];
    let user = format!("{USERS}/{}", fixture.untouched().await);
    let patch = json!({"Operations": operations(1001)}).to_string();
    let detail = fixture.send("PATCH", &user, "", patch.as_bytes()).await.refused(400);
    assert!(detail.contains("1000"), "{detail}");
    let one = json!({"method": "DELETE", "path": format!("/Users/{}", fixture.untouched().await)});
    let bulk = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": vec![one; 1001]});
    let bulk = bulk.to_string();
    let place = USERS.replace("Users", "Bulk");
    let detail = fixture.send("POST", &place, "", bulk.as_bytes()).await.refused(413);
    assert!(detail.contains("1000"), "{detail}");
    fixture.untouched().await;
    let marked = fixture.post("", b"\xef\xbb\xbf{\"userName\":\"bom\"}").await;
    assert_eq!(marked.status, 201, "a byte order mark is no fault: {marked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resource_does_not_grow_for_ever() {
    let fixture = Fixture::new().await;
    let user = format!("{USERS}/{}", fixture.untouched().await);
    let patch = async |operations: Value| {
        let body = json!({"Operations": operations}).to_string();
        fixture.send("PATCH", &user, "", body.as_bytes()).await
    };
    let email = |n: usize, round: usize| json!({"value": format!("{round}-{n}@{}", "x".repeat(500))});
    let mut rounds = 0;
    let detail = loop {
        let emails: Vec<_> = (0..300).map(|n| email(n, rounds)).collect();
        let reply = patch(json!([{"op": "add", "path": "emails", "value": emails}])).await;
        if reply.status != 200 {
            break reply.refused(400);
        }
        rounds += 1;
        assert!(rounds < 10, "it grows on");
    };
    assert!(detail.contains("at most 2000") || detail.contains("at most 1048576"), "{detail}");
    let big = "y".repeat(900_000);
    let detail = patch(json!([{"op": "replace", "path": "emails.display", "value": big}])).await.refused(400);
    assert!(detail.contains("copy the value"), "{detail}");
    let detail = patch(json!([{"op": "add", "path": "title", "value": big}])).await.refused(400);
    assert!(detail.contains("at most 1048576"), "{detail}");
    assert_eq!(fixture.get(&user).await.status, 200);
    assert_eq!(fixture.tenant.count().await, 1);
}

/// Takes as long as a body may take, 20 seconds.
#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_comes_too_slowly_is_given_up_by_either_api() {
    let fixture = Fixture::new().await;
    let admin = std::fs::read_to_string(fixture.dir.path().join("admin-token")).expect("the token");
    let head = fixture.head("POST", USERS, "content-length: 1000\r\n");
    let users = head.replace(USERS, "/v1.0/users").replace(&fixture.tenant.token, admin.trim());
    let import = users.replace("/v1.0/users", "/provost/v1/users/import");
    let (scim, users, import) = tokio::join!(
        fixture.one(head.as_bytes()),
        fixture.one(users.as_bytes()),
        fixture.one(import.as_bytes()),
    );
    assert!(scim.refused(408).contains("20 seconds"));
    for reply in [users, import] {
        assert_eq!(
            (reply.status, &reply.json()["error"]["code"]),
            (408, &json!("RequestTimeout")),
            "{reply:?}"
        );
    }
    fixture.untouched().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_administration_api_has_the_same_limits() {
    let fixture = Fixture::new().await;
    let token = std::fs::read_to_string(fixture.dir.path().join("admin-token")).expect("the token");
    let send = async |target: &str, body: &[u8]| {
        let head = format!(
            "POST {target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n",
            token.trim(),
            body.len()
        );
        let reply = fixture.one(&[head.as_bytes(), body].concat()).await;
        let error = reply.json()["error"].clone();
        assert!(error["message"].is_string() && error["innerError"]["request-id"].is_string(), "{reply:?}");
        (reply.status, error["code"].as_str().expect("a code").to_owned())
    };
    let deep = format!(r#"{{"displayName":{}{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
    for target in ["/v1.0/users", "/provost/v1/tenants"] {
        assert_eq!(send(target, &vec![b' '; 5 << 20]).await, (413, "Request_EntityTooLarge".to_owned()));
        assert_eq!(send(target, deep.as_bytes()).await, (400, "Request_BadRequest".to_owned()));
        assert_eq!(send(target, b"\xff").await, (400, "Request_BadRequest".to_owned()));
    }
    assert_eq!(send("/v1.0/users?$top=1&$top=2", b"{}").await, (400, "Request_BadRequest".to_owned()));
    fixture.untouched().await;
}
