//! How an application is reached, from the options of `provost app` to the secrets that the API takes.

use std::io::Read as _;
use std::path::Path;

use serde_json::{Value, json};

use crate::answer::Failure;
use crate::cli::{ClientAuth, Connection, Oauth};
use crate::client::Client;

/// The client credentials that a token takes the place of.
const OAUTH: [&str; 5] = [
    "Oauth2ClientId",
    "Oauth2ClientSecret",
    "Oauth2TokenExchangeUri",
    "Oauth2Scope",
    "Oauth2ClientAuthentication",
];

/// What is to be written, by Graph's keys; an empty value removes what is there.
pub struct Secrets(Vec<(&'static str, String)>);

impl Secrets {
    /// Reads the files that the options name.
    pub fn read(connection: Connection) -> Result<Self, Failure> {
        let Connection { tenant_url, secret_token_file, oauth, trusted_certs, client_cert, client_key } =
            connection;
        let Oauth { client_id, client_secret_file, token_url, scope, client_auth } = oauth;
        let mut secrets = Vec::new();
        let mut put = |key, value: Option<String>| secrets.extend(value.map(|value| (key, value)));
        put("BaseAddress", tenant_url);
        if let Some(file) = secret_token_file {
            put("SecretToken", Some(read_secret(&file, "token")?));
            for key in OAUTH {
                put(key, Some(String::new()));
            }
        }
        if client_id.is_some() {
            put("SecretToken", Some(String::new()));
        }
        put("Oauth2ClientId", client_id);
        put("Oauth2ClientSecret", client_secret_file.map(|file| read_secret(&file, "secret")).transpose()?);
        put("Oauth2TokenExchangeUri", token_url);
        put("Oauth2Scope", scope);
        let name = |how| match how {
            ClientAuth::Header => "client_secret_basic".to_owned(),
            ClientAuth::Body => "client_secret_post".to_owned(),
        };
        put("Oauth2ClientAuthentication", client_auth.map(name));
        put("TrustedCertificates", trusted_certs.as_deref().map(read_pem).transpose()?);
        put("ClientCertificate", client_cert.as_deref().map(read_pem).transpose()?);
        put("ClientCertificateKey", client_key.as_deref().map(read_pem).transpose()?);
        Ok(Self(secrets))
    }

    /// Whether there is something to write.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one is there, and not empty.
    pub fn has(&self, key: &str) -> bool {
        self.0.iter().any(|(known, value)| *known == key && !value.is_empty())
    }

    /// The names of those that get a value.
    pub fn names(&self) -> Vec<String> {
        let small = |key: &str| key[..1].to_ascii_lowercase() + &key[1..];
        let name = |key: &str| if key == "BaseAddress" { "tenantUrl".to_owned() } else { small(key) };
        self.0.iter().filter(|(_, value)| !value.is_empty()).map(|(key, _)| name(key)).collect()
    }

    /// Writes them.
    pub async fn save(&self, client: &Client, principal: &str) -> Result<(), Failure> {
        if self.is_empty() {
            return Ok(());
        }
        let pairs: Vec<Value> =
            self.0.iter().map(|(key, value)| json!({"key": key, "value": value})).collect();
        let path = format!("/v1.0/servicePrincipals/{principal}/synchronization/secrets");
        client.put(&path, &json!({"value": pairs})).await.map(drop)
    }
}

/// Reads a token, secret or password from a file, or from standard input where that is `-`.
pub fn read_secret(file: &Path, what: &str) -> Result<String, Failure> {
    let (read, place) = if file.as_os_str() == "-" {
        let mut secret = String::new();
        (std::io::stdin().read_to_string(&mut secret).map(|_| secret), "standard input".to_owned())
    } else {
        (std::fs::read_to_string(file), file.display().to_string())
    };
    let hint = format!("give a file that holds the {what} and nothing else, or - for standard input");
    let failure =
        |why: String| Failure::new(if what == "token" { "NoToken" } else { "NoSecret" }, why, &hint);
    let secret = read.map_err(|error| failure(format!("the {what} cannot be read from {place}: {error}")))?;
    match secret.trim() {
        "" => Err(failure(format!("there is no {what} in {place}: it is empty"))),
        secret => Ok(secret.to_owned()),
    }
}

/// Reads a PEM file; an empty name stands for nothing.
fn read_pem(file: &Path) -> Result<String, Failure> {
    if file.as_os_str().is_empty() {
        return Ok(String::new());
    }
    std::fs::read_to_string(file).map_err(|error| {
        Failure::new(
            "File",
            format!("{} cannot be read: {error}", file.display()),
            "give a PEM file (-----BEGIN ...-----)",
        )
    })
}
