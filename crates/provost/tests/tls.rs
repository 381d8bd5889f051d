//! `provost serve` with a certificate: who trusts it, what is refused, and a new one without a restart.

mod support;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rcgen::{CertifiedKey, KeyPair};
use serde_json::json;
use support::{LIMIT, Server, wait_until};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A certificate for a name and its key, as the files of a server.
struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

impl Files {
    fn new(dir: &Path) -> Self {
        Self { certificate: dir.join("cert.pem"), key: dir.join("key.pem") }
    }

    /// Puts a fresh certificate into the files and answers it, for clients to trust.
    fn renew(&self) -> reqwest::Certificate {
        let made: CertifiedKey<KeyPair> =
            rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        std::fs::write(&self.key, made.signing_key.serialize_pem()).expect("the key can be written");
        std::fs::write(&self.certificate, made.cert.pem()).expect("the certificate can be written");
        reqwest::Certificate::from_pem(made.cert.pem().as_bytes()).expect("PEM")
    }

    fn options(&self) -> [&str; 4] {
        let [certificate, key] =
            [&self.certificate, &self.key].map(|path| path.to_str().expect("a path of ASCII"));
        ["--tls-cert", certificate, "--tls-key", key]
    }
}

/// The status by which a new connection that trusts only that certificate is answered; none where it does not get so
/// far.
async fn status(url: &str, trusted: &reqwest::Certificate) -> Option<u16> {
    let client =
        reqwest::Client::builder().tls_certs_only([trusted.clone()]).no_proxy().build().expect("a client");
    let url = url.replace("127.0.0.1", "localhost");
    let answer = client.get(format!("{url}/healthz")).send().await.ok()?;
    Some(answer.status().as_u16())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_certificate_is_served_without_a_restart() {
    let dir = tempfile::tempdir().expect("a directory");
    let files = Files::new(dir.path());
    let first = files.renew();
    let server = Server::start_with(&dir.path().join("data"), &files.options());
    assert!(server.url.starts_with("https://127.0.0.1:"), "{}", server.url);
    assert_eq!(status(&server.url, &first).await, Some(200));

    let made = server.ok(&["tenant", "create", "contoso"]);
    let address = made["pathBaseUrl"].as_str().expect("an address");
    assert_eq!(address, format!("{}/tenants/contoso/api/scim/v2", server.url));
    assert!(made["scimBaseUrl"].as_str().is_some_and(|url| url.starts_with("https://contoso.localhost:")));

    // A key without its certificate changes nothing.
    std::fs::write(&files.key, KeyPair::generate().expect("a key").serialize_pem()).expect("writable");
    let second = files.renew();
    wait_until("the new certificate is served", async || status(&server.url, &second).await == Some(200))
        .await;
    assert_eq!(status(&server.url, &first).await, None, "the old one is served no more");
    assert_eq!(server.ok(&["tenant", "show", "contoso"])["name"], "contoso", "the command line follows");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_takes_no_other_certificate() {
    let dir = tempfile::tempdir().expect("a directory");
    let files = Files::new(dir.path());
    files.renew();
    let data = dir.path().join("data");
    let server = Server::start_with(&data, &files.options());
    let file = data.join("server.json");
    let text = std::fs::read_to_string(&file).expect("the address is there");
    let mut document: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    document["certificate"] = json!("0".repeat(64));
    std::fs::write(&file, document.to_string()).expect("writable");
    let (answer, status) = server.run(&["tenant", "list"]);
    assert_eq!(status, 1, "{answer}");
    assert_eq!(answer["error"]["code"], "CertificateInvalid", "{answer}");
    let command = server.command(&["tenant", "list"]).env("PROVOST_URL", &server.url).output();
    let told = String::from_utf8_lossy(&command.expect("the command runs").stdout).into_owned();
    assert!(told.contains("CertificateInvalid") && told.contains("this machine"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn handshakes_that_do_not_end_hold_nobody_up() {
    let dir = tempfile::tempdir().expect("a directory");
    let files = Files::new(dir.path());
    let trusted = files.renew();
    let server = Server::start_with(&dir.path().join("data"), &files.options());
    let address = server.url.strip_prefix("https://").expect("TLS");
    let connect = async |sent: &[u8]| {
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        stream.write_all(sent).await.expect("it can be sent");
        stream
    };
    // The beginning of a record that announces a longer ClientHello.
    let half = [0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3];
    let mut held = Vec::new();
    for _ in 0..250 {
        held.push(connect(b"").await);
        held.push(connect(&half).await);
    }
    let read = async |mut stream: TcpStream| {
        let mut answer = Vec::new();
        // A reset ends it as well.
        let _ = tokio::time::timeout(LIMIT, stream.read_to_end(&mut answer)).await.expect("an end");
        answer
    };
    let plain = read(connect(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await).await;
    let plain = String::from_utf8(plain).expect("text");
    assert!(plain.starts_with("HTTP/1.1 400 ") && plain.contains("https://"), "{plain}");
    for garbage in [&[0_u8; 100][..], &[0xff; 100], &[&half[..5], &[0xff; 600]].concat()] {
        let answer = read(connect(garbage).await).await;
        assert!(answer.len() < 100, "an alert at most: {answer:?}");
    }
    assert_eq!(status(&server.url, &trusted).await, Some(200));
    for stream in held {
        read(stream).await;
    }
    assert_eq!(status(&server.url, &trusted).await, Some(200));
}

#[test]
fn what_is_wrong_with_the_files_is_told() {
    let dir = tempfile::tempdir().expect("a directory");
    let files = Files::new(dir.path());
    let refused = |words: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_provost"))
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(dir.path().join("data"))
            .args(files.options())
            .stdin(Stdio::null())
            .output()
            .expect("the binary runs");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.contains(words), "{told}");
    };
    refused("cannot be read from");
    files.renew();
    std::fs::write(&files.key, KeyPair::generate().expect("a key").serialize_pem()).expect("writable");
    refused("does not belong to the first certificate");
    files.renew();
    std::fs::write(&files.key, "").expect("writable");
    refused("key.pem holds no private key");
    files.renew();
    std::fs::write(&files.certificate, "not PEM\n").expect("writable");
    refused("cert.pem holds no certificate");
}
