//! Envelope encryption of secrets: each secret is encrypted with a data key of its own, which is encrypted with
//! the master key (AES-256-GCM, NIST SP 800-38D).

use std::path::Path;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, Prk};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use model::Random;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretBox};
use serde::{Deserialize, Serialize};

/// Why a key, or what was encrypted with one, cannot be used; in words for whoever runs the server.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Error(String);

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

const KEY_LEN: usize = 32;

/// Holds the master key of an installation.
pub struct Keyring {
    master: SecretBox<[u8; KEY_LEN]>,
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Keyring")
    }
}

/// An encrypted secret, as stored: base64 of nonce and ciphertext with tag.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sealed {
    /// The data key, encrypted with the master key.
    key: String,
    /// The secret, encrypted with the data key.
    value: String,
}

impl Keyring {
    /// A keyring around a master key.
    pub fn new(master: [u8; KEY_LEN]) -> Self {
        Self { master: SecretBox::new(Box::new(master)) }
    }

    /// A master key as text: base64 (either alphabet) or hexadecimal digits of 32 bytes.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        let hex = || {
            (text.len() == 2 * KEY_LEN && text.is_ascii())
                .then(|| {
                    (0..KEY_LEN).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()).collect()
                })
                .flatten()
        };
        let bytes: Option<Vec<u8>> = hex()
            .or_else(|| STANDARD.decode(text).ok())
            .or_else(|| STANDARD_NO_PAD.decode(text).ok())
            .or_else(|| URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok());
        let key =
            bytes.map(Zeroizing::new).and_then(|bytes| <[u8; KEY_LEN]>::try_from(bytes.as_slice()).ok());
        key.map(Self::new).ok_or_else(|| {
            Error(
                "the master key is not 32 bytes in base64 or hexadecimal digits; make one with \
                 `openssl rand -base64 32`"
                    .to_owned(),
            )
        })
    }

    /// The master key in a file, which is made, readable for its owner only, where there is none.
    ///
    /// # Errors
    /// The file cannot be read or written, or holds something else.
    pub fn load_or_create(path: &Path, random: &dyn Random) -> Result<Self> {
        let failed = |what: &str, error: std::io::Error| {
            Error(format!("the master key {} cannot be {what}: {error}", path.display()))
        };
        match std::fs::read_to_string(path) {
            Ok(text) => {
                return Self::parse(&text).map_err(|_| {
                    Error(format!(
                        "{} holds no master key (32 bytes in base64); restore it from a backup, as the stored \
                         secrets cannot be read without it",
                        path.display()
                    ))
                });
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed("read", error)),
        }
        let mut key = Zeroizing::new([0; KEY_LEN]);
        random.fill(&mut *key);
        write_private(path, &STANDARD.encode(*key)).map_err(|error| failed("written", error))?;
        Ok(Self::new(*key))
    }

    /// A key for another purpose, which tells nothing of the master key and is the same for as long as that is
    /// (HKDF-Expand, RFC 5869).
    pub fn derive(&self, purpose: &str) -> [u8; KEY_LEN] {
        let mut key = [0; KEY_LEN];
        Prk::new_less_safe(HKDF_SHA256, self.master.expose_secret())
            .expand(&[purpose.as_bytes()], HKDF_SHA256)
            .and_then(|derived| derived.fill(&mut key))
            .expect("a key has the length of a hash");
        key
    }

    /// Encrypts a secret. `context` names where it belongs: it opens only with the same one.
    pub fn seal(&self, secret: &[u8], context: &str, random: &dyn Random) -> Sealed {
        let mut data_key = Zeroizing::new([0; KEY_LEN]);
        random.fill(&mut *data_key);
        Sealed {
            key: encrypt(self.master.expose_secret(), &*data_key, context, random),
            value: encrypt(&data_key, secret, context, random),
        }
    }

    /// Decrypts a secret.
    pub fn open(&self, sealed: &Sealed, context: &str) -> Result<Zeroizing<Vec<u8>>> {
        let open = || {
            let data_key = decrypt(self.master.expose_secret(), &sealed.key, context)?;
            decrypt(data_key.as_slice().try_into().ok()?, &sealed.value, context)
        };
        open().ok_or_else(|| {
            Error(
                "a stored secret cannot be decrypted: the master key is not the one it was encrypted with. Start \
                 with the right master key, or save the secret again"
                    .to_owned(),
            )
        })
    }
}

/// Writes a file that only its owner may read, durably; it must not exist yet.
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()
}

fn cipher(key: &[u8; KEY_LEN]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).expect("the key has the cipher's length"))
}

fn encrypt(key: &[u8; KEY_LEN], plain: &[u8], context: &str, random: &dyn Random) -> String {
    let mut nonce = [0; NONCE_LEN];
    random.fill(&mut nonce);
    let mut text = plain.to_vec();
    cipher(key)
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(context), &mut text)
        .expect("a secret is shorter than the cipher's limit of 64 GiB");
    STANDARD.encode([nonce.as_slice(), &text].concat())
}

fn decrypt(key: &[u8; KEY_LEN], sealed: &str, context: &str) -> Option<Zeroizing<Vec<u8>>> {
    let sealed = STANDARD.decode(sealed).ok()?;
    let (nonce, text) = sealed.split_at_checked(NONCE_LEN)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut text = Zeroizing::new(text.to_vec());
    let length = cipher(key).open_in_place(nonce, Aad::from(context), &mut text).ok()?.len();
    text.truncate(length);
    Some(text)
}

#[cfg(test)]
mod tests {
    use testkit::SeededRandom;

    use super::*;

    #[test]
    fn the_master_key_is_made_once_and_kept_private() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("master-key");
        let random = SeededRandom::new(1);
        let first = Keyring::load_or_create(&path, &random).expect("made");
        let sealed = first.seal(b"secret", "here", &random);
        let second = Keyring::load_or_create(&path, &random).expect("read");
        assert_eq!(second.open(&sealed, "here").expect("opens").as_slice(), b"secret");
        assert!(second.open(&sealed, "there").is_err());
        assert!(Keyring::new([0; 32]).open(&sealed, "here").is_err());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        }
        std::fs::write(&path, "nonsense").expect("writable");
        assert!(Keyring::load_or_create(&path, &random).is_err());
    }
}
