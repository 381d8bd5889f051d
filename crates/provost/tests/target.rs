//! How a target is reached: client credentials, proxies, addresses, dialects.

mod support;

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use support::{Server, Tenant, people};

/// A small HTTP server for anything: what it was asked (request line, headers, body), and one answer for all.
struct Listener {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Listener {
    fn start(answer: impl Fn(&str) -> (u16, String) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let mut reader = BufReader::new(&stream);
                let (mut text, mut length) = (String::new(), 0);
                loop {
                    let start = text.len();
                    if reader.read_line(&mut text).unwrap_or(0) == 0 || text[start..].trim().is_empty() {
                        break;
                    }
                    let line = text[start..].to_ascii_lowercase();
                    if let Some(value) = line.strip_prefix("content-length:") {
                        length = value.trim().parse().unwrap_or(0);
                    }
                }
                let mut body = vec![0; length];
                let _ = reader.read_exact(&mut body);
                text.push_str(&String::from_utf8_lossy(&body));
                let (status, body) = answer(&text);
                all.lock().expect("not poisoned").push(text);
                let head = format!(
                    "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
                    body.len()
                );
                let _ = (&stream).write_all((head + &body).as_bytes());
            }
        });
        Self { port, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("not poisoned").clone()
    }
}

fn file(dir: &Path, name: &str, text: &str) -> String {
    let path = dir.join(name);
    std::fs::write(&path, text).expect("the file can be written");
    path.to_str().expect("a path of ASCII").to_owned()
}

fn create(server: &Server, dir: &Path, name: &str, url: &str) {
    let token = file(dir, "a-token", "t0ken");
    let create = ["app", "create", "--template", "scim", "--name", name, "--tenant-url", url];
    server.ok(&[&create[..], &["--secret-token-file", &token]].concat());
}

fn test(server: &Server, name: &str) -> (String, i32) {
    let (answer, status) = server.run(&["job", "test", name]);
    (answer["error"]["code"].as_str().unwrap_or_default().to_owned(), status)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_is_signed_in_to_by_client_credentials() {
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path().join("data");
    let server = Server::start(&data);
    let tenant = Tenant::create(&server);
    let token = tenant.token.clone();
    let login = Listener::start(move |text| {
        if text.contains("client_secret=right") && text.contains("scope=scim") {
            (200, json!({"access_token": token, "token_type": "Bearer", "expires_in": 3600}).to_string())
        } else {
            (401, json!({"error": "invalid_client", "error_description": "unknown: wr0ngs3cret"}).to_string())
        }
    });
    let url = format!("http://127.0.0.1:{}/oauth2/token", login.port);
    let secret = file(dir.path(), "secret", "wr0ngs3cret\n");
    let create = ["app", "create", "--template", "scim", "--name", "T", "--tenant-url", &tenant.base_url];
    let client = ["--client-id", "provost", "--client-secret-file", &secret, "--token-url", &url];
    server.ok(&[&create[..], &client, &["--scope", "scim", "--client-auth", "body"]].concat());
    server.ok(&["app", "assign", "T", "--all-users"]);
    server.ok(&["user", "import", people(dir.path(), 12).to_str().expect("ASCII")]);

    let output = server.command(&["job", "test", "T"]).output().expect("it runs");
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(shown.contains("invalid_client") && shown.contains("client_secret_post"), "{shown}");
    assert!(!shown.contains("wr0ngs3cret"), "{shown}");

    let secret = file(dir.path(), "secret", "right");
    let set = server.ok(&["app", "set", "T", "--client-secret-file", &secret]);
    assert_eq!(set["set"], json!(["oauth2ClientSecret"]));
    assert_eq!(test(&server, "T"), (String::new(), 0));
    let before = login.asked().len();
    let report = server.ok(&["job", "run", "T", "--wait"]);
    assert_eq!((&report["created"], &report["failed"]), (&json!(12), &json!(0)), "{report}");
    assert_eq!(tenant.count().await, 12);
    assert_eq!(login.asked().len(), before, "the token of the test is still good");

    // A token takes the place of the client, and nothing of the client is left.
    let token = file(dir.path(), "token", &tenant.token);
    server.ok(&["app", "set", "T", "--secret-token-file", &token]);
    assert_eq!(test(&server, "T"), (String::new(), 0));
    assert_eq!(login.asked().len(), before);
    let (_, status) = server.run(&["app", "set", "T", "--client-secret-file", &secret]);
    assert_eq!(status, 0);
    let (answer, _) = server.run(&["job", "test", "T"]);
    assert!(answer.to_string().contains("Oauth2ClientId"), "{answer}");
    let (answer, status) =
        server.run(&["app", "set", "T", "--secret-token-file", &token, "--client-id", "x"]);
    assert_eq!((answer["error"]["code"].as_str(), status), (Some("Usage"), 2), "{answer}");
    assert_eq!(server.run(&["app", "set", "T"]).1, 2);
    server.kill();
    for entry in std::fs::read_dir(&data).expect("readable").map(|entry| entry.expect("an entry").path()) {
        let found = std::fs::read(&entry).unwrap_or_default();
        let holds = |secret: &[u8]| found.windows(secret.len()).any(|part| part == secret);
        assert!(!holds(b"wr0ngs3cret"), "{}", entry.display());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn proxies_are_asked_for_targets_outside_and_never_for_this_machine() {
    let list = json!({"totalResults": 0, "Resources": []}).to_string();
    let proxy =
        Listener::start(
            move |text| {
                if text.starts_with("CONNECT") { (502, String::new()) } else { (200, list.clone()) }
            },
        );
    let address = format!("http://127.0.0.1:{}", proxy.port);
    let dir = tempfile::tempdir().expect("a directory");
    let variables = [
        ("HTTP_PROXY", address.as_str()),
        ("HTTPS_PROXY", &address),
        ("ALL_PROXY", &address),
        ("NO_PROXY", "inside.example.invalid"),
    ];
    let server = Server::start_in(&dir.path().join("data"), &[], &variables);
    let tenant = Tenant::create(&server);
    create(&server, dir.path(), "Here", &tenant.base_url);
    create(&server, dir.path(), "Localhost", "http://contoso.localhost:9/scim");
    create(&server, dir.path(), "Inside", "http://inside.example.invalid/scim");
    for (name, code) in [("Here", "Unauthorized"), ("Localhost", "Refused"), ("Inside", "HostNotFound")] {
        assert_eq!(test(&server, name), (code.to_owned(), 1));
    }
    assert!(proxy.asked().is_empty(), "{:?}", proxy.asked());

    create(&server, dir.path(), "Plain", "http://outside.example.invalid/scim");
    assert_eq!(test(&server, "Plain"), (String::new(), 0));
    let asked = proxy.asked();
    assert!(asked[0].starts_with("GET http://outside.example.invalid/scim/Users?"), "{asked:?}");
    let seen = proxy.asked().len();
    create(&server, dir.path(), "Secure", "https://outside.example.invalid/scim");
    assert_eq!(test(&server, "Secure").1, 1);
    let asked = proxy.asked().split_off(seen);
    assert!(
        !asked.is_empty() && asked.iter().all(|it| it.starts_with("CONNECT outside.example.invalid:443 "))
    );
    assert!(!asked.iter().any(|it| it.contains("t0ken")), "{asked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_addresses_are_refused_unless_they_are_allowed() {
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path().join("data");
    let urls = [
        "http://169.254.169.254/scim",
        "http://0xA9FEA9FE/scim",
        "http://2852039166/scim",
        "http://0251.0376.0251.0376/scim",
        "http://[::ffff:169.254.169.254]/scim",
        "http://[fe80::1]/scim",
    ];
    let server = Server::start(&data);
    for (number, url) in urls.iter().enumerate() {
        create(&server, dir.path(), &format!("App{number}"), url);
        assert_eq!(test(&server, &format!("App{number}")), ("AddressForbidden".to_owned(), 1), "{url}");
    }
    let secret = file(dir.path(), "secret", "s3cret");
    let login = ["--client-id", "a", "--client-secret-file", &secret, "--token-url", urls[0]];
    let set = ["app", "set", "App0", "--tenant-url", "http://127.0.0.1:9/scim"];
    server.ok(&[&set[..], &login].concat());
    assert_eq!(test(&server, "App0"), ("AddressForbidden".to_owned(), 1));
    drop(server);
    let server = Server::start_with(&data, &["--allow-link-local"]);
    assert_ne!(test(&server, "App5").0, "AddressForbidden");
}

/// The accounts and groups of a tenant, by what is provisioned into them.
async fn holds(tenant: &Tenant) -> (Vec<Value>, Vec<Value>) {
    let mut users: Vec<Value> = tenant
        .users()
        .await
        .into_iter()
        .map(|user| json!([user["userName"], user["title"], user["active"], user["name"], user["emails"]]))
        .collect();
    let mut groups = Vec::new();
    for group in tenant.all("/Groups").await {
        groups.push(json!([group["displayName"], group["members"].as_array().map_or(0, Vec::len)]));
    }
    users.sort_by_key(ToString::to_string);
    groups.sort_by_key(ToString::to_string);
    (users, groups)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_ends_the_same_in_every_dialect() {
    let mut ends = Vec::new();
    for dialect in ["rfc", "entra-2020", "entra-legacy"] {
        let dir = tempfile::tempdir().expect("a directory");
        let server = Server::start(&dir.path().join("data"));
        let tenant = Tenant::create(&server);
        support::application(&server, dir.path(), &tenant.base_url, &tenant.token);
        let set = server.ok(&["job", "set", "T", "--dialect", dialect, "--members-per-request", "2"]);
        assert_eq!((&set["dialect"], &set["limits"]["membersPerRequest"]), (&json!(dialect), &json!(2)));
        server.ok(&["user", "import", people(dir.path(), 8).to_str().expect("ASCII")]);
        let mut rows = String::from("displayName,mailNickname,description,memberUserPrincipalName\n");
        for n in 0..6 {
            writeln!(rows, "Sales,sales,All,user{n}@contoso.example").expect("a string takes every row");
        }
        server.ok(&["group", "import", &file(dir.path(), "groups.csv", &rows)]);
        let group = server.ok(&["group", "show", "Sales"]);
        let report = server.ok(&["job", "run", "T", "--wait"]);
        assert_eq!(report["failed"], 0, "{dialect} {report} {group}");

        let one = ["jobTitle=Chief", "mobile=+1", "givenName=Ada", "mail=ada@contoso.example", "department="];
        server.ok(&[&["user", "set", "user1@contoso.example"][..], &one].concat());
        server.ok(&["user", "set", "user2@contoso.example", "manager=user1@contoso.example"]);
        server.ok(&["user", "disable", "user3@contoso.example"]);
        for name in ["user4@contoso.example", "user5@contoso.example"] {
            server.ok(&["group", "remove-member", "Sales", name]);
        }
        let report = server.ok(&["job", "run", "T", "--wait"]);
        assert_eq!((&report["failed"], &report["disabled"]), (&json!(0), &json!(1)), "{dialect} {report}");
        let quiet = server.ok(&["job", "run", "T", "--wait"]);
        assert_eq!((&quiet["updated"], &quiet["failed"]), (&json!(0), &json!(0)), "{dialect} {quiet}");
        ends.push(holds(&tenant).await);
        let shown = server.table(&["job", "status", "T"]);
        assert_eq!(shown.contains("dialect"), dialect != "rfc", "{shown}");
        assert!(shown.contains("2 members in a request"), "{shown}");
        server.ok(&["job", "set", "T", "--members-per-request", "0"]);
        assert!(!server.table(&["job", "status", "T"]).contains("members in a request"));
    }
    let without_primary = |(users, groups): &(Vec<Value>, Vec<Value>)| {
        let text = json!([users, groups]).to_string();
        text.replace(r#""primary":true,"#, "").replace(r#","primary":true"#, "")
    };
    assert_eq!(without_primary(&ends[0]), without_primary(&ends[1]));
    assert_eq!(without_primary(&ends[0]), without_primary(&ends[2]));
    assert!(json!(ends[0].1).to_string().contains("[\"Sales\",3]"), "{:?}", ends[0].1);
}
