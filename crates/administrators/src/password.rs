//! Passwords: argon2id, with as much work at a time as the server has time for.

use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use model::Random;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use tokio::sync::{Semaphore, TryAcquireError};

use crate::{Error, Result};

/// Characters of a password, at least.
const SHORTEST: usize = 12;
/// Bytes of a password, at most.
const LONGEST: usize = 1024;
/// Hashes made at a time; each takes 19 MiB and some 20 ms (parameters that OWASP recommends). Strangers can have any
/// number made, and are not to get more than one processor for it.
const AT_A_TIME: usize = 1;
/// Those that may wait for their turn.
const WAITING: usize = 32;
const SALT: usize = 16;

/// The hash of a password in the form of the PHC.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hashed(String);

impl std::fmt::Debug for Hashed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Hashed")
    }
}

/// Hashes passwords.
pub(crate) struct Hasher {
    random: Arc<dyn Random>,
    places: Arc<Semaphore>,
    turns: Arc<Semaphore>,
}

/// Checks that a text can be a password. Which characters it has is its owner's business (NIST SP 800-63B, section
/// 3.1.1.2). The error is [`Error::Invalid`].
pub(crate) fn check(password: &SecretString) -> Result<()> {
    let text = password.expose_secret();
    if text.chars().count() < SHORTEST {
        return Err(Error::invalid(
            "password",
            format!("it has fewer than {SHORTEST} characters: take some words"),
        ));
    }
    if text.len() > LONGEST {
        return Err(Error::invalid("password", format!("it is longer than {LONGEST} bytes")));
    }
    Ok(())
}

impl Hasher {
    pub fn new(random: Arc<dyn Random>) -> Self {
        Self {
            random,
            places: Arc::new(Semaphore::new(AT_A_TIME + WAITING)),
            turns: Arc::new(Semaphore::new(AT_A_TIME)),
        }
    }

    /// The hash of a password that was checked. The error is [`Error::Busy`].
    pub async fn hash(&self, password: &SecretString) -> Result<Hashed> {
        let mut salt = [0; SALT];
        self.random.fill(&mut salt);
        let password = password.clone();
        self.work(move || hash(&password, &salt)).await
    }

    /// Whether a password has that hash. Without a hash it takes as long, and has not. The error is [`Error::Busy`].
    pub async fn verify(&self, password: &SecretString, hashed: Option<&Hashed>) -> Result<bool> {
        if password.expose_secret().len() > LONGEST {
            return Ok(false);
        }
        let (password, hashed) = (password.clone(), hashed.cloned());
        self.work(move || {
            let Some(hashed) = hashed else {
                hash(&password, &[0; SALT]);
                return false;
            };
            PasswordHash::new(&hashed.0).is_ok_and(|hashed| {
                Argon2::default().verify_password(password.expose_secret().as_bytes(), &hashed).is_ok()
            })
        })
        .await
    }

    async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let place = match Arc::clone(&self.places).try_acquire_owned() {
            Ok(place) => place,
            Err(TryAcquireError::NoPermits | TryAcquireError::Closed) => return Err(Error::Busy),
        };
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| Error::Busy)?;
        // The work goes on where nobody waits for it any more, and keeps its place until it is done.
        let done = tokio::task::spawn_blocking(move || {
            let _held = (place, turn);
            work()
        });
        done.await.map_err(|_| Error::Busy)
    }
}

fn hash(password: &SecretString, salt: &[u8]) -> Hashed {
    let hash = Argon2::default().hash_password_with_salt(password.expose_secret().as_bytes(), salt);
    Hashed(hash.expect("lengths of password and salt are within bounds").to_string())
}

#[cfg(test)]
mod tests {
    use testkit::SeededRandom;

    use super::*;

    #[tokio::test]
    async fn a_password_is_known_again_and_is_nowhere() {
        let hasher = Hasher::new(Arc::new(SeededRandom::new(1)));
        let password = SecretString::from("correct horse battery");
        let hashed = hasher.hash(&password).await.expect("free");
        assert!(hashed.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hashed.0);
        assert!(hasher.verify(&password, Some(&hashed)).await.expect("free"));
        assert!(!hasher.verify(&"correct horse".into(), Some(&hashed)).await.expect("free"));
        assert!(!hasher.verify(&password, None).await.expect("free"));
        assert_ne!(hasher.hash(&password).await.expect("free"), hashed, "each has a salt of its own");
        assert_eq!(format!("{hashed:?}"), "Hashed");
    }

    #[tokio::test]
    async fn more_than_there_is_time_for_is_refused() {
        let hasher = Hasher::new(Arc::new(SeededRandom::new(1)));
        let all = Arc::clone(&hasher.places).try_acquire_many_owned(33).expect("all are free");
        assert!(matches!(hasher.hash(&"x".into()).await, Err(Error::Busy)));
        drop(all);
        hasher.hash(&"x".into()).await.expect("free");
    }

    #[test]
    fn length_counts_and_nothing_else() {
        for good in ["ääääääääääää", &"x".repeat(1024)] {
            assert!(check(&good.into()).is_ok(), "{good}");
        }
        for bad in ["", "ääääääääääa", &"x".repeat(1025)] {
            assert!(check(&bad.into()).is_err(), "{bad}");
        }
    }
}
