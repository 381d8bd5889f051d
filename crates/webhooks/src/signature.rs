//! Signatures of Standard Webhooks: HMAC-SHA256 over identifier, time and body.

use std::fmt;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use model::Random;
use secrecy::zeroize::Zeroizing;

/// What the text of a secret begins with.
pub const PREFIX: &str = "whsec_";
/// Bytes of a secret that is made here.
const LENGTH: usize = 32;
/// Bytes that a secret may have by the specification.
const LENGTHS: std::ops::RangeInclusive<usize> = 24..=64;

/// What an endpoint and its sender share.
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secret")
    }
}

impl Secret {
    /// A new secret.
    pub fn generate(random: &dyn Random) -> Self {
        let mut bytes = Zeroizing::new(vec![0; LENGTH]);
        random.fill(&mut bytes);
        Self(bytes)
    }

    /// A secret as text, `whsec_` and base64; `None` for what is none.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = BASE64.decode(text.strip_prefix(PREFIX)?).ok()?;
        LENGTHS.contains(&bytes.len()).then(|| Self(Zeroizing::new(bytes)))
    }

    /// The text that is given to the endpoint.
    pub fn text(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{PREFIX}{}", BASE64.encode(&*self.0)))
    }

    /// The bytes, to be encrypted.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The secret of those bytes.
    pub(crate) fn of(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }

    /// One signature, `v1,` and base64. Neither an identifier nor a time has a full stop in it.
    pub fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.0);
        let mut context = hmac::Context::with_key(&key);
        context.update(format!("{id}.{timestamp}.").as_bytes());
        context.update(body);
        format!("v1,{}", BASE64.encode(context.sign()))
    }
}

/// The header `webhook-signature`: a signature by each secret, so that an endpoint may change to a new one in its own time.
pub fn header(secrets: &[Secret], id: &str, timestamp: i64, body: &[u8]) -> String {
    let signatures: Vec<String> = secrets.iter().map(|secret| secret.sign(id, timestamp, body)).collect();
    signatures.join(" ")
}

#[cfg(test)]
mod tests {
    use testkit::SeededRandom;

    use super::*;

    /// The example of the reference libraries of Standard Webhooks.
    #[test]
    fn the_published_example_is_signed_as_published() {
        let secret = Secret::parse("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD").expect("a secret");
        let body = br#"{"email":"test@example.com","username":"test_user"}"#;
        let signature = secret.sign("msg_27UH4WbU6Z5A5EzD8u03UvzRbpk", 1_649_367_553, body);
        assert_eq!(signature, "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=");
    }

    #[test]
    fn each_secret_signs() {
        let random = SeededRandom::new(1);
        let secrets = [Secret::generate(&random), Secret::generate(&random)];
        let both = header(&secrets, "msg_1", 5, b"{}");
        assert_eq!(
            both,
            format!("{} {}", secrets[0].sign("msg_1", 5, b"{}"), secrets[1].sign("msg_1", 5, b"{}"))
        );
        assert_ne!(secrets[0].sign("msg_1", 5, b"{}"), secrets[1].sign("msg_1", 5, b"{}"));
        assert_ne!(secrets[0].sign("msg_1", 5, b"{}"), secrets[0].sign("msg_1", 6, b"{}"));
    }

    #[test]
    fn the_text_is_read_again_and_what_is_none_is_not() {
        let secret = Secret::generate(&SeededRandom::new(2));
        let text = secret.text();
        assert!(text.starts_with(PREFIX) && text.len() == PREFIX.len() + 44, "{}", text.len());
        assert_eq!(Secret::parse(&text).expect("a secret").bytes(), secret.bytes());
        assert_eq!(format!("{secret:?}"), "Secret");
        for none in ["", "whsec_", "whsec_AAAA", "whsec_!", &text[1..], &format!("whsec_{}", "A".repeat(88))]
        {
            assert!(Secret::parse(none).is_none(), "{none}");
        }
    }
}
