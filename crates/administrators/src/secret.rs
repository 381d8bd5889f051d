//! The text of what we issue: a recognisable prefix, 256 random bits, a checksum.

use std::fmt::Write as _;

use aws_lc_rs::digest::{SHA256, digest};
use model::Random;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret as _, SecretString};

const RANDOM_LEN: usize = 32;
const CHECK_LEN: usize = 4;

/// The hash by which a secret is kept and found. It needs no salt and no stretching: 256 random bits cannot be guessed.
pub(crate) fn hash(text: &str) -> Vec<u8> {
    digest(&SHA256, text.as_bytes()).as_ref().to_vec()
}

/// A new secret: prefix, 32 random bytes in hexadecimal digits, and the first four bytes of the SHA-256 of both as a
/// checksum. Scanners recognise it, and one that was cut off is refused without a look into the store.
pub(crate) fn generate(prefix: &str, random: &dyn Random) -> SecretString {
    let mut bytes = Zeroizing::new([0; RANDOM_LEN]);
    random.fill(&mut *bytes);
    let mut text = prefix.to_owned();
    push_hex(&mut text, &*bytes);
    let check = hash(&text);
    push_hex(&mut text, &check[..CHECK_LEN]);
    SecretString::from(text)
}

/// Whether a text can be a secret with that prefix at all.
pub(crate) fn is_whole(prefix: &str, text: &str) -> bool {
    let length = prefix.len() + 2 * (RANDOM_LEN + CHECK_LEN);
    if text.len() != length || !text.is_ascii() || !text.starts_with(prefix) {
        return false;
    }
    let (start, check) = text.split_at(length - 2 * CHECK_LEN);
    let mut expected = String::new();
    push_hex(&mut expected, &hash(start)[..CHECK_LEN]);
    expected == check
}

/// A secret with its hash.
pub(crate) fn issue(prefix: &str, random: &dyn Random) -> (SecretString, Vec<u8>) {
    let secret = generate(prefix, random);
    let hash = hash(secret.expose_secret());
    (secret, hash)
}

fn push_hex(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        write!(text, "{byte:02x}").expect("writing to a string does not fail");
    }
}

#[cfg(test)]
mod tests {
    use testkit::SeededRandom;

    use super::*;

    #[test]
    fn a_secret_is_whole_or_nothing() {
        let secret = generate("provost_x_", &SeededRandom::new(1));
        let text = secret.expose_secret();
        assert!(is_whole("provost_x_", text));
        assert!(!is_whole("provost_y_", text) && !is_whole("provost_x_", &text[..text.len() - 1]));
        let other = text.replace(&text[20..24], "zzzz");
        assert!(!is_whole("provost_x_", &other) && !is_whole("", "é"));
    }
}
