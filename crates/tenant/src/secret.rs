//! The text of a token: a recognisable prefix, 256 random bits, a checksum.

use aws_lc_rs::digest;
use model::Random;

/// What every token of a tenant begins with, so that scanners for leaked secrets find it.
const PREFIX: &str = "provost_scim_";
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Digits to base 62 that 256 bits need.
const SECRET_LENGTH: usize = 43;
/// Digits to base 62 that 32 bits need.
const CHECK_LENGTH: usize = 6;

/// The hash by which a token is kept and found.
pub(crate) type Hash = [u8; 32];

/// A new token.
pub(crate) fn generate(random: &dyn Random) -> String {
    let mut bytes = [0; 32];
    random.fill(&mut bytes);
    let secret = base62(&bytes, SECRET_LENGTH);
    let check = checksum(&secret);
    format!("{PREFIX}{secret}_{check}")
}

/// Whether a text can be a token at all, so that mistyped ones need no look-up.
pub(crate) fn is_whole(token: &str) -> bool {
    token
        .strip_prefix(PREFIX)
        .and_then(|rest| rest.split_once('_'))
        .is_some_and(|(secret, check)| secret.len() == SECRET_LENGTH && checksum(secret) == check)
}

/// The hash of a token. It needs no salt and no stretching: 256 random bits cannot be guessed.
pub(crate) fn hash(token: &str) -> Hash {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, token.as_bytes()).as_ref());
    hash
}

fn checksum(secret: &str) -> String {
    base62(&crc32(secret.as_bytes()).to_be_bytes(), CHECK_LENGTH)
}

/// The bytes as a big-endian number to base 62, filled up with zeros to `length` digits.
fn base62(bytes: &[u8], length: usize) -> String {
    let mut number = bytes.to_vec();
    let mut digits = vec![b'0'; length];
    for digit in digits.iter_mut().rev() {
        let mut rest = 0_u32;
        for byte in &mut number {
            let value = rest << 8 | u32::from(*byte);
            *byte = u8::try_from(value / 62).expect("the rest is below 62");
            rest = value % 62;
        }
        *digit = DIGITS[rest as usize];
    }
    String::from_utf8(digits).expect("digits are ASCII")
}

/// CRC-32 as in IEEE 802.3, bit by bit: tokens are short.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| crc >> 1 ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Bytes(u8);
    impl Random for Bytes {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    #[test]
    fn checksum_is_the_published_one() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(base62(&[1, 0], 3), "048");
        assert_eq!(base62(&[0xff; 32], SECRET_LENGTH).len(), SECRET_LENGTH);
    }

    #[test]
    fn every_changed_character_is_noticed() {
        for fill in [0, 7, 255] {
            let token = generate(&Bytes(fill));
            assert!(is_whole(&token), "{token}");
            for position in 0..token.len() {
                let mut other = token.clone().into_bytes();
                other[position] = if other[position] == b'x' { b'y' } else { b'x' };
                assert!(!is_whole(&String::from_utf8(other).unwrap()), "{token} at {position}");
            }
            assert!(!is_whole(&token[..token.len() - 1]) && !is_whole(&format!("{token}0")));
        }
        for text in ["", "provost_scim_", "provost_scim__", "é"] {
            assert!(!is_whole(text));
        }
    }
}
