//! Access tokens of tools.
//!
//! A token names the tool and the secret that it was got for, and is signed: none has to be kept, it outlives a restart,
//! and it opens nothing once the tool, its secret or its roles are gone, which are looked up with each call.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

use crate::{Account, Administrators, Caller, Credential, Error, Result};

pub(crate) const PREFIX: &str = "provost_access_";
/// How long a token is good.
pub const LIFETIME: SignedDuration = SignedDuration::from_secs(3600);
const CLAIMS: usize = 16 + 16 + 8;
const TAG: usize = 32;
/// Bytes of a client id that wrong guesses are remembered by.
const LONGEST_CLIENT: usize = 64;

/// A token just made.
#[derive(Debug)]
pub struct AccessToken {
    /// What the tool sends as `Authorization: Bearer ...`.
    pub secret: SecretString,
    /// When it ends.
    pub expires: Timestamp,
}

/// What a token says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Claims {
    tool: Uuid,
    secret: Uuid,
    expires: Timestamp,
}

impl Claims {
    fn to_bytes(self) -> [u8; CLAIMS] {
        let mut bytes = [0; CLAIMS];
        bytes[..16].copy_from_slice(self.tool.as_bytes());
        bytes[16..32].copy_from_slice(self.secret.as_bytes());
        bytes[32..].copy_from_slice(&self.expires.as_second().to_be_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (tool, rest) = bytes.split_at_checked(16)?;
        let (secret, expires) = rest.split_at_checked(16)?;
        Some(Self {
            tool: Uuid::from_slice(tool).ok()?,
            secret: Uuid::from_slice(secret).ok()?,
            expires: Timestamp::from_second(i64::from_be_bytes(expires.try_into().ok()?)).ok()?,
        })
    }
}

/// Tokens, and whatever else is signed with the same key, never pass for each other.
fn signed(claims: &[u8]) -> Vec<u8> {
    [b"access token\0".as_slice(), claims].concat()
}

impl Administrators {
    /// Gives a tool a token for one of its secrets. A right secret is always taken; wrong ones get slower. Errors:
    /// [`Error::WrongCredentials`], [`Error::TooManyGuesses`].
    pub async fn issue_access_token(&self, client: &str, secret: &SecretString) -> Result<AccessToken> {
        let now = self.clock.now();
        let Some((tool, secret)) = self.tool_with(client, secret, now).await? else {
            let name: String = client.chars().take(LONGEST_CLIENT).collect();
            let guess = self.guesses.begin(&format!("client {name}"), now)?;
            self.guesses.wrong(guess, now);
            return Err(Error::WrongCredentials);
        };
        self.note_secret_use(tool, secret).await;
        let expires = now.saturating_add(LIFETIME).unwrap_or(Timestamp::MAX);
        let claims = Claims { tool, secret, expires }.to_bytes();
        let tag = hmac::sign(&self.signing, &signed(&claims));
        let text = format!("{PREFIX}{}", BASE64.encode([claims.as_slice(), tag.as_ref()].concat()));
        Ok(AccessToken { secret: SecretString::from(text), expires })
    }

    /// The tool of that id and its secret, where both belong together.
    async fn tool_with(
        &self,
        client: &str,
        secret: &SecretString,
        now: Timestamp,
    ) -> Result<Option<(Uuid, Uuid)>> {
        let Ok(id) = Uuid::try_parse(client) else { return Ok(None) };
        let administrator = match self.get(id).await {
            Err(Error::NotFound { .. }) => return Ok(None),
            found => found?,
        };
        let Account::Tool { secrets } = &administrator.account else { return Ok(None) };
        let opening = secrets.iter().find(|kept| kept.opens(secret.expose_secret(), now));
        Ok(opening.filter(|_| administrator.enabled).map(|kept| (id, kept.id)))
    }

    /// Who an access token belongs to; `None` for one that opens nothing. The error is [`Error::Expired`], or storage.
    pub(crate) async fn of_access_token(&self, token: &str) -> Result<Option<Caller>> {
        let Some(claims) = self.verified(token) else { return Ok(None) };
        if claims.expires <= self.clock.now() {
            return Err(Error::Expired(claims.expires));
        }
        let administrator = match self.get(claims.tool).await {
            Err(Error::NotFound { .. }) => return Ok(None),
            found => found?,
        };
        let Account::Tool { secrets } = &administrator.account else { return Ok(None) };
        if !administrator.enabled || secrets.iter().all(|kept| kept.id != claims.secret) {
            return Ok(None);
        }
        Ok(Some(Caller::new(administrator, Credential::AccessToken)))
    }

    fn verified(&self, token: &str) -> Option<Claims> {
        let text = token.strip_prefix(PREFIX)?;
        let bytes = BASE64.decode(text).ok().filter(|bytes| bytes.len() == CLAIMS + TAG)?;
        let (claims, tag) = bytes.split_at(CLAIMS);
        hmac::verify(&self.signing, &signed(claims), tag).ok()?;
        Claims::from_bytes(claims)
    }
}
