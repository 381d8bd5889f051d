//! What a job needs to reach its target, put together from an application's secrets.

use model::SecretKey;
use secrecy::{ExposeSecret as _, SecretString};

use crate::{Error, Result};

/// What a job needs to reach its target.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The tenant URL.
    pub base_address: String,
    /// How requests sign in.
    pub sign_in: SignIn,
    /// Roots to trust besides the system's, PEM.
    pub trusted_certificates: Option<String>,
    /// The certificate that is shown to the target, PEM, and its private key, PEM.
    pub client_certificate: Option<(String, SecretString)>,
}

/// How requests sign in. A client at an authorization server comes before a token.
#[derive(Clone, Debug)]
pub enum SignIn {
    /// Not at all.
    Nothing,
    /// With a bearer token.
    Token(SecretString),
    /// With tokens that are fetched (RFC 6749 section 4.4).
    Client(OauthClient),
}

/// A client at the target's authorization server.
#[derive(Clone, Debug)]
pub struct OauthClient {
    /// `client_id`.
    pub id: String,
    /// `client_secret`.
    pub secret: SecretString,
    /// The token endpoint.
    pub token_url: String,
    /// `scope`, if any.
    pub scope: Option<String>,
    /// Whether id and secret go in the body (`client_secret_post`) rather than in a header.
    pub in_body: bool,
}

/// The two values of `Oauth2ClientAuthentication`, by their names in RFC 7591.
const BASIC: &str = "client_secret_basic";
const POST: &str = "client_secret_post";

impl Credentials {
    /// Puts together what `get` gives.
    ///
    /// # Errors
    /// [`Error::NoSecret`] for what is missing: the tenant URL, or the rest of what is there in part.
    pub fn assemble(get: impl Fn(SecretKey) -> Result<Option<SecretString>>) -> Result<Self> {
        let need = |key, name| get(key)?.ok_or(Error::NoSecret(name));
        let plain = |key| Ok::<_, Error>(get(key)?.map(|text| text.expose_secret().to_owned()));
        let base_address =
            need(SecretKey::BaseAddress, "tenant URL (BaseAddress)")?.expose_secret().to_owned();
        let oauth =
            [SecretKey::Oauth2ClientId, SecretKey::Oauth2ClientSecret, SecretKey::Oauth2TokenExchangeUri];
        let mut any = false;
        for key in oauth {
            any |= get(key)?.is_some();
        }
        let sign_in = if any {
            SignIn::Client(OauthClient {
                id: need(oauth[0], "client identifier (Oauth2ClientId)")?.expose_secret().to_owned(),
                secret: need(oauth[1], "client secret (Oauth2ClientSecret)")?,
                token_url: need(oauth[2], "token endpoint (Oauth2TokenExchangeUri)")?
                    .expose_secret()
                    .to_owned(),
                scope: plain(SecretKey::Oauth2Scope)?,
                in_body: plain(SecretKey::Oauth2ClientAuthentication)?.is_some_and(|how| how == POST),
            })
        } else {
            get(SecretKey::SecretToken)?.map_or(SignIn::Nothing, SignIn::Token)
        };
        let chain = plain(SecretKey::ClientCertificate)?;
        let client_certificate = match (chain, get(SecretKey::ClientCertificateKey)?) {
            (Some(chain), Some(key)) => Some((chain, key)),
            (None, None) => None,
            (Some(_), None) => {
                return Err(Error::NoSecret("client certificate's key (ClientCertificateKey)"));
            }
            (None, Some(_)) => return Err(Error::NoSecret("client certificate (ClientCertificate)")),
        };
        let trusted_certificates = plain(SecretKey::TrustedCertificates)?;
        Ok(Self { base_address, sign_in, trusted_certificates, client_certificate })
    }

    /// Those that somebody gives to be tried; an empty value counts for none.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a value that cannot be meant, [`Error::NoSecret`] for what is missing.
    pub fn given(values: &[(SecretKey, SecretString)]) -> Result<Self> {
        for (key, value) in values {
            check(*key, value.expose_secret().trim())?;
        }
        Self::assemble(|key| {
            let found = values.iter().find(|(known, _)| *known == key).map(|(_, value)| value);
            let text = found.map(|value| value.expose_secret().trim()).filter(|text| !text.is_empty());
            Ok(text.map(SecretString::from))
        })
    }
}

/// Longest secret, in bytes.
const MAX_SECRET: usize = 64 * 1024;

/// Whether a value can be meant; an empty one can, it removes the secret.
pub(crate) fn check(key: SecretKey, value: &str) -> Result<()> {
    let refuse = |why: String| Err(Error::invalid(format!("{key:?}"), why));
    if value.len() > MAX_SECRET {
        return refuse(format!("the value is longer than {MAX_SECRET} bytes"));
    }
    if value.is_empty() {
        return Ok(());
    }
    let web = value.starts_with("https://") || value.starts_with("http://");
    let holds = |what: &str| value.contains(&format!("-----BEGIN {what}-----"));
    match key {
        SecretKey::BaseAddress if !web => refuse(
            "the tenant URL must start with https:// (or http://), such as https://app.example.com/scim/v2".into(),
        ),
        SecretKey::Oauth2TokenExchangeUri if !web => refuse(
            "the token endpoint must start with https:// (or http://), such as https://login.example.com/oauth2/token"
                .into(),
        ),
        SecretKey::SecretToken
        | SecretKey::Oauth2ClientId
        | SecretKey::Oauth2ClientSecret
        | SecretKey::Oauth2Scope
            if value.contains(char::is_control) =>
        {
            refuse("the value contains a line break or another control character".into())
        }
        SecretKey::Oauth2ClientAuthentication if ![BASIC, POST].contains(&value) => {
            refuse(format!("it must be {BASIC} (the client in a header) or {POST} (in the body)"))
        }
        SecretKey::TrustedCertificates | SecretKey::ClientCertificate if !holds("CERTIFICATE") => {
            refuse("it must hold a certificate in PEM form (-----BEGIN CERTIFICATE-----)".into())
        }
        SecretKey::ClientCertificateKey if holds("ENCRYPTED PRIVATE KEY") || value.contains("Proc-Type:") => {
            refuse("the key is encrypted; enter it without a passphrase, it is encrypted here".into())
        }
        SecretKey::ClientCertificateKey if !value.contains("PRIVATE KEY-----") => {
            refuse("it must hold a private key in PEM form (-----BEGIN PRIVATE KEY-----)".into())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(values: &[(SecretKey, &str)]) -> Result<Credentials> {
        let values: Vec<_> = values.iter().map(|(key, value)| (*key, SecretString::from(*value))).collect();
        Credentials::given(&values)
    }

    const ADDRESS: (SecretKey, &str) = (SecretKey::BaseAddress, "https://t.example.com/scim");
    const TOKEN: (SecretKey, &str) = (SecretKey::SecretToken, "sesame");
    const ID: (SecretKey, &str) = (SecretKey::Oauth2ClientId, "app");
    const SECRET: (SecretKey, &str) = (SecretKey::Oauth2ClientSecret, "hush");
    const ENDPOINT: (SecretKey, &str) = (SecretKey::Oauth2TokenExchangeUri, "https://l.example.com/token");

    #[test]
    fn a_client_comes_before_a_token() {
        assert!(matches!(given(&[ADDRESS]).expect("enough").sign_in, SignIn::Nothing));
        assert!(matches!(given(&[ADDRESS, TOKEN]).expect("enough").sign_in, SignIn::Token(_)));
        let found = given(&[ADDRESS, TOKEN, ID, SECRET, ENDPOINT]).expect("enough");
        assert!(!format!("{found:?}").contains("hush"));
        let SignIn::Client(client) = found.sign_in else { panic!("not a client") };
        assert_eq!((client.id.as_str(), client.scope, client.in_body), ("app", None, false));
        let more = [ADDRESS, ID, SECRET, ENDPOINT, (SecretKey::Oauth2ClientAuthentication, POST)];
        let SignIn::Client(client) = given(&more).expect("enough").sign_in else { panic!("not a client") };
        assert!(client.in_body);
    }

    #[test]
    fn what_is_missing_is_named() {
        for (values, word) in [
            (vec![TOKEN], "BaseAddress"),
            (vec![ADDRESS, (SecretKey::BaseAddress, "")], "BaseAddress"),
            (vec![ADDRESS, ID, ENDPOINT], "Oauth2ClientSecret"),
            (vec![ADDRESS, SECRET, ENDPOINT], "Oauth2ClientId"),
            (vec![ADDRESS, ID, SECRET], "Oauth2TokenExchangeUri"),
            (
                vec![ADDRESS, (SecretKey::ClientCertificate, "-----BEGIN CERTIFICATE-----")],
                "ClientCertificateKey",
            ),
            (
                vec![ADDRESS, (SecretKey::ClientCertificateKey, "-----BEGIN PRIVATE KEY-----")],
                "(ClientCertificate)",
            ),
        ] {
            if let Err(Error::NoSecret(name)) = given(&values.iter().rev().copied().collect::<Vec<_>>()) {
                assert!(name.contains(word), "{name} for {word}");
            } else {
                assert_eq!(word, "BaseAddress", "{values:?} was enough");
            }
        }
    }

    #[test]
    fn values_that_cannot_be_meant_are_refused_unseen() {
        for (key, value) in [
            (SecretKey::BaseAddress, "hush"),
            (SecretKey::Oauth2TokenExchangeUri, "hush"),
            (SecretKey::Oauth2ClientSecret, "hu\nsh"),
            (SecretKey::Oauth2ClientAuthentication, "private_key_jwt hush"),
            (SecretKey::TrustedCertificates, "hush"),
            (SecretKey::ClientCertificate, "-----BEGIN PRIVATE KEY-----hush"),
            (SecretKey::ClientCertificateKey, "hush"),
            (SecretKey::ClientCertificateKey, "-----BEGIN ENCRYPTED PRIVATE KEY-----hush"),
        ] {
            let error = check(key, value).expect_err(value);
            assert!(matches!(error, Error::Invalid { .. }) && !error.to_string().contains("hush"), "{error}");
        }
    }
}
