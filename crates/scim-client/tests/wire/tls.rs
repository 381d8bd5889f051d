//! Whom a target is trusted by, and what this side shows of itself.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use scim_client::{
    Auth, ClientAuthentication, ClientCertificate, ClientCredentials, Config, ErrorCode, Failure,
    OauthClient, ResourceKind, Select, Target,
};
use serde_json::json;

use super::support::{Reply, Server, json as answer};

const USERS: ResourceKind = ResourceKind::Users;

/// A certificate authority of the test's own.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("a certificate"))
    }

    fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate and its key, PEM.
    fn issue(&self, name: &str, purpose: ExtendedKeyUsagePurpose) -> (String, String) {
        let mut params = CertificateParams::new([name.to_owned()]).expect("a name");
        params.extended_key_usages = vec![purpose];
        let key = KeyPair::generate().expect("a key");
        (params.signed_by(&key, &self.0).expect("a certificate").pem(), key.serialize_pem())
    }

    fn client(&self) -> ClientCertificate {
        let (chain, key) = self.issue("provost", ExtendedKeyUsagePurpose::ClientAuth);
        ClientCertificate { chain, key: key.into() }
    }

    /// A target at `name`; with `clients`, only for those whom that authority vouches for.
    async fn server(&self, name: &str, clients: Option<&Self>) -> Server {
        let (chain, key) = self.issue(name, ExtendedKeyUsagePurpose::ServerAuth);
        let chain =
            CertificateDer::pem_slice_iter(chain.as_bytes()).collect::<Result<_, _>>().expect("a chain");
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("a key");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .expect("versions");
        let config = match clients {
            None => config.with_no_client_auth(),
            Some(clients) => {
                let mut roots = RootCertStore::empty();
                roots.add(clients.0.der().clone()).expect("a root");
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                config.with_client_cert_verifier(verifier.build().expect("a verifier"))
            }
        };
        let config = config.with_single_cert(chain, key).expect("a matching key");
        Server::start_tls(Arc::new(config), |n, request| match request.target.as_str() {
            "/token" => answer(200, &json!({"access_token": format!("token-{n}")})),
            "/scim/v2/Users/away" => Reply::Answer(
                302,
                vec![("location", "https://elsewhere.example.com/Users/1".to_owned())],
                String::new(),
            ),
            _ => answer(200, &json!({"id": "1"})),
        })
        .await
    }
}

fn config(server: &Server, roots: Option<&Authority>, certificate: Option<ClientCertificate>) -> Config {
    Config {
        base_url: format!("https://contoso.localhost:{}/scim/v2", server.port),
        extra_roots: roots.map(Authority::pem),
        client_certificate: certificate,
        ..server.config()
    }
}

async fn read(config: &Config) -> Result<(), Failure> {
    Target::new(config)?.get(USERS, "1", Select::Usual).await.map(drop)
}

#[tokio::test]
async fn a_private_authority_has_to_be_trusted() {
    let (private, other) = (Authority::new(), Authority::new());
    let server = private.server("contoso.localhost", None).await;
    for roots in [None, Some(&other)] {
        let failure = read(&config(&server, roots, None)).await.expect_err("not trusted");
        assert_eq!(failure.code, ErrorCode::CertificateInvalid, "{failure}");
        assert!(failure.recommended_action.contains("root certificate"), "{failure:?}");
    }
    assert!(server.seen().is_empty());
    read(&config(&server, Some(&private), None)).await.expect("trusted");
    let both = Config { extra_roots: Some(other.pem() + &private.pem()), ..config(&server, None, None) };
    read(&both).await.expect("one of several");
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let private = Authority::new();
    let server = private.server("fabrikam.localhost", None).await;
    let failure = read(&config(&server, Some(&private), None)).await.expect_err("another name");
    assert_eq!(failure.code, ErrorCode::CertificateInvalid, "{failure}");
}

#[tokio::test]
async fn a_client_certificate_is_shown_where_the_target_asks_for_one() {
    let (private, clients, other) = (Authority::new(), Authority::new(), Authority::new());
    let server = private.server("contoso.localhost", Some(&clients)).await;
    let failure = read(&config(&server, Some(&private), None)).await.expect_err("none shown");
    assert_eq!(failure.code, ErrorCode::CertificateInvalid, "{failure}");
    assert!(failure.recommended_action.contains("client certificate"), "{failure:?}");
    let failure = read(&config(&server, Some(&private), Some(other.client()))).await.expect_err("a stranger");
    assert_eq!(failure.code, ErrorCode::CertificateInvalid, "{failure}");
    assert!(failure.recommended_action.contains("client certificate"), "{failure:?}");
    assert!(server.seen().is_empty());
    read(&config(&server, Some(&private), Some(clients.client()))).await.expect("known");
}

#[tokio::test]
async fn the_token_endpoint_is_reached_with_the_same_certificates() {
    let (private, clients) = (Authority::new(), Authority::new());
    let server = private.server("contoso.localhost", Some(&clients)).await;
    let auth = Auth::ClientCredentials(OauthClient::new(ClientCredentials {
        token_url: format!("https://contoso.localhost:{}/token", server.port),
        client_id: "app".to_owned(),
        client_secret: "s3cret".to_owned().into(),
        scope: None,
        authentication: ClientAuthentication::Basic,
    }));
    let config = Config { auth, ..config(&server, Some(&private), Some(clients.client())) };
    read(&config).await.expect("read");
    assert_eq!(server.seen()[1].header("authorization"), Some("Bearer token-0"));
}

#[tokio::test]
async fn a_redirect_by_tls_is_not_followed_either() {
    let private = Authority::new();
    let server = private.server("contoso.localhost", None).await;
    let target = Target::new(&config(&server, Some(&private), None)).expect("good settings");
    let failure = target.get(USERS, "away", Select::Usual).await.expect_err("redirected");
    assert_eq!(failure.code, ErrorCode::Redirected);
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn certificates_that_cannot_be_used_are_explained_without_the_key() {
    let private = Authority::new();
    let server = private.server("contoso.localhost", None).await;
    let (good, another) = (private.client(), private.client());
    let key = |text: &str| ClientCertificate { key: text.to_owned().into(), ..good.clone() };
    for (certificate, word) in [
        (ClientCertificate { chain: "nothing".to_owned(), ..good.clone() }, "no certificate"),
        (key("s3cret"), "PEM"),
        (key("-----BEGIN PRIVATE KEY-----\ns3cret\n-----END PRIVATE KEY-----\n"), "certificate"),
        (
            key("-----BEGIN ENCRYPTED PRIVATE KEY-----\ns3cret\n-----END ENCRYPTED PRIVATE KEY-----\n"),
            "encrypted",
        ),
        (ClientCertificate { key: another.key, ..good.clone() }, "certificate"),
    ] {
        let failure = read(&config(&server, Some(&private), Some(certificate))).await.expect_err("refused");
        assert_eq!(failure.code, ErrorCode::InvalidConfiguration, "{failure}");
        assert!(failure.reason.contains(word) && !failure.reason.contains("s3cret"), "{failure}");
    }
    for roots in ["", "nothing", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        let config = Config { extra_roots: Some(roots.to_owned()), ..config(&server, None, None) };
        let failure = read(&config).await.expect_err("refused");
        assert_eq!(failure.code, ErrorCode::InvalidConfiguration, "{failure}");
    }
    assert!(server.seen().is_empty());
}
