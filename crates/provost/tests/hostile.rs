//! Connections that want nothing but to be in the way: the others are served meanwhile.

mod support;

use std::time::{Duration, Instant};

use serde_json::json;
use support::{LIMIT, Server, Tenant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Connections of each kind.
const EACH: usize = 1000;
/// How long an ordinary request may take beside them: generous for a machine that is busy otherwise, and less than any
/// time that the useless ones have.
const PROMPTLY: Duration = Duration::from_secs(30);

/// Lets this process have as many connections as the system allows it.
fn many_files() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
        setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })
            .expect("the soft limit can be raised");
        let most = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        assert!(most > 6 * EACH as u64, "{most} open files are too few for this test");
    }
}

async fn connect(server: &Server, sent: &[u8]) -> TcpStream {
    let address = server.url.strip_prefix("http://").expect("plain HTTP");
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(sent).await.expect("it can be sent");
    stream
}

/// The head of a POST of a user, with a body as that header announces it.
fn head(tenant: &Tenant, length: &str) -> Vec<u8> {
    let path = format!(
        "/tenants/contoso/api/scim/v2/Users HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}",
        tenant.token
    );
    format!("POST {path}\r\ncontent-type: application/scim+json\r\n{length}\r\n\r\n").into_bytes()
}

/// Creates, reads and searches a user as any client does, each on a connection of its own.
async fn works(tenant: &Tenant, number: usize) {
    let users = format!("{}/Users", tenant.base_url);
    let started = Instant::now();
    let send = async |request: reqwest::RequestBuilder, status: u16| {
        let response = request.bearer_auth(&tenant.token).send().await.expect("an answer");
        assert_eq!(response.status(), status);
        response.bytes().await.expect("a whole body")
    };
    let client = || reqwest::Client::builder().no_proxy().timeout(LIMIT).build().expect("a client");
    let user = json!({"userName": format!("user{number}")}).to_string();
    let create = client().post(&users).header("content-type", "application/scim+json").body(user);
    send(create, 201).await;
    let found = send(client().get(format!("{users}?filter=userName%20eq%20%22user{number}%22")), 200).await;
    let found: serde_json::Value = serde_json::from_slice(&found).expect("JSON");
    assert_eq!(found["totalResults"], 1);
    let took = started.elapsed();
    assert!(took < PROMPTLY, "two requests took {took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_useless_connections_hold_nobody_up() {
    many_files();
    let dir = tempfile::tempdir().expect("a directory");
    let server = Server::start(dir.path());
    let tenant = Tenant::create(&server);
    let (mut held, mut dripping) = (Vec::new(), Vec::new());
    let half = [head(&tenant, "content-length: 1000"), b"{\"userName\":".to_vec()].concat();
    for _ in 0..EACH {
        held.push(connect(&server, b"").await);
        held.push(connect(&server, b"GET /healthz HT").await);
        held.push(connect(&server, b"GET /healthz HTTP/1.1\r\nhost: x\r\nx-half: ").await);
        held.push(connect(&server, &half).await);
        dripping.push(connect(&server, &half).await);
    }
    let dripping = tokio::spawn(async move {
        for _ in 0..10 {
            for stream in &mut dripping {
                stream.write_all(b" ").await.expect("the connection is open");
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    });
    works(&tenant, 1).await;

    // Bodies without an end, as fast as the server takes them, until it has had enough of each.
    let endless: Vec<_> = (0..4)
        .map(|_| (server.url.clone(), head(&tenant, "transfer-encoding: chunked")))
        .map(|(url, head)| tokio::spawn(async move { pour(&url, &head).await }))
        .collect();
    for number in 2..10 {
        works(&tenant, number).await;
    }
    for task in endless {
        let answer = task.await.expect("no panic");
        assert!(answer.is_none_or(|answer| answer.starts_with("HTTP/1.1 413 ")));
    }
    works(&tenant, 10).await;
    dripping.abort();
    // None of them was thrown out for the others' sake: they wait for their time to run out.
    for stream in &held {
        let mut byte = [0];
        let read = stream.try_read(&mut byte);
        assert!(read.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock));
    }
    assert_eq!(tenant.count().await, 10, "half a body creates nothing");
}

/// Sends a body without an end until the server closes the connection; its answer, unless the reset overtook it.
async fn pour(url: &str, head: &[u8]) -> Option<String> {
    let address = url.strip_prefix("http://").expect("plain HTTP");
    let stream = TcpStream::connect(address).await.expect("a connection");
    let (mut from, mut to) = stream.into_split();
    to.write_all(head).await.expect("the head can be sent");
    let chunk = [b"10000\r\n".to_vec(), vec![b' '; 0x10000], b"\r\n".to_vec()].concat();
    let pouring = tokio::spawn(async move { while to.write_all(&chunk).await.is_ok() {} });
    let mut answer = vec![0; 1024];
    let read = tokio::time::timeout(LIMIT, from.read(&mut answer)).await.expect("an answer in time");
    pouring.abort();
    read.ok().filter(|read| *read > 0).map(|read| String::from_utf8_lossy(&answer[..read]).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_keeps_the_server_waiting_makes_room_for_the_next() {
    let dir = tempfile::tempdir().expect("a directory");
    let server = Server::start_with(dir.path(), &["--max-connections", "2"]);
    let request = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    let mut answer = [0; 1024];
    let mut first = connect(&server, request).await;
    let mut second = connect(&server, request).await;
    for stream in [&mut second, &mut first] {
        assert!(stream.read(&mut answer).await.expect("an answer") > 0);
    }
    // Often enough for the server to have noticed that the other one waits.
    for _ in 0..20 {
        first.write_all(request).await.expect("the connection is open");
        assert!(first.read(&mut answer).await.expect("an answer") > 0);
    }
    // Both are kept open for their next request; the one that has not sent any for longer has to go.
    let mut third = connect(&server, request).await;
    assert!(third.read(&mut answer).await.expect("an answer") > 0);
    assert_eq!(second.read(&mut answer).await.expect("an end"), 0);
    first.write_all(request).await.expect("the connection is open");
    assert!(first.read(&mut answer).await.expect("an answer") > 0, "who was heard of lately stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn useless_connections_beyond_every_place_are_closed_for_others() {
    many_files();
    let dir = tempfile::tempdir().expect("a directory");
    let server = Server::start_with(dir.path(), &["--max-connections", "500"]);
    let tenant = Tenant::create(&server);
    let half = [head(&tenant, "content-length: 1000"), b"{\"userName\":".to_vec()].concat();
    let foreign = String::from_utf8_lossy(&half).replace(&tenant.token, "nonsense").into_bytes();
    let mut held = Vec::new();
    for _ in 0..EACH / 2 {
        for sent in [&b""[..], b"GET /healthz HTTP/1.1\r\nx-half: ", &half, &foreign] {
            held.push(connect(&server, sent).await);
        }
    }
    for number in 1..4 {
        works(&tenant, number).await;
    }
    assert_eq!(tenant.count().await, 3, "half a body creates nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_never_reads_answers_holds_nobody_up() {
    let dir = tempfile::tempdir().expect("a directory");
    let server = Server::start(dir.path());
    let tenant = Tenant::create(&server);
    let get = String::from_utf8(head(&tenant, "content-length: 0")).expect("text").replace("POST", "GET");
    let many = get.repeat(10_000);
    let before = server.memory();
    let pipelines: Vec<_> = (0..50)
        .map(|_| {
            let (many, address) = (many.clone(), server.url.replace("http://", ""));
            tokio::spawn(async move {
                let mut stream = TcpStream::connect(address).await.expect("a connection");
                // It blocks where the server takes no more, since nobody reads what it answers.
                let _ = stream.write_all(many.as_bytes()).await;
                stream
            })
        })
        .collect();
    for number in 1..6 {
        works(&tenant, number).await;
    }
    if let (Some(before), Some(after)) = (before, server.memory()) {
        assert!(after < before + (64 << 20), "from {before} to {after} bytes");
    }
    drop(pipelines);
    assert_eq!(tenant.count().await, 5);
}
