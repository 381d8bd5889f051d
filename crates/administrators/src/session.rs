//! Sessions of people who signed in.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use jiff::{SignedDuration, Timestamp};
use model::Principal;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use store::{Expect, Key, KeyName, Kind, Object, Realm, Transaction, transact};
use uuid::Uuid;

use crate::password::{self, Hashed};
use crate::record::{Deed, decode, encode, name_key};
use crate::{Account, Administrator, Administrators, Caller, Credential, Error, Result, secret};

const PREFIX: &str = "provost_session_";
/// A session ends after so long without a call.
pub const IDLE_LIFETIME: SignedDuration = SignedDuration::from_hours(1);
/// A session ends after so long in any case.
pub const ABSOLUTE_LIFETIME: SignedDuration = SignedDuration::from_hours(12);
/// How often it is written down that a session is used.
const NOTE_EVERY: SignedDuration = SignedDuration::from_mins(1);
/// Sessions of one account at a time: of more, the oldest end.
const MOST: usize = 20;
/// Characters of a name at most that somebody can have.
const LONGEST_NAME: usize = 256;

/// A session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Identifier.
    pub id: Uuid,
    /// Whose it is.
    pub administrator: Uuid,
    /// When it ends, unless it is used until then, or at the latest.
    pub expires: Timestamp,
    /// What a page of ours sends with each change, and no other site knows.
    pub csrf_token: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stored {
    administrator: Uuid,
    generation: u64,
    created: Timestamp,
    last_used: Timestamp,
}

impl Stored {
    /// Whether the session opens something.
    fn is_live(&self, administrator: &Administrator, now: Timestamp) -> bool {
        administrator.enabled && administrator.generation == self.generation && now < self.expires()
    }

    fn expires(&self) -> Timestamp {
        let after = |at: Timestamp, time| at.saturating_add(time).unwrap_or(Timestamp::MAX);
        after(self.last_used, IDLE_LIFETIME).min(after(self.created, ABSOLUTE_LIFETIME))
    }

    fn put(&self, transaction: &mut Transaction, id: Uuid, hash: &[u8], expect: Expect) -> Result<()> {
        let keys = vec![
            Key::unique(KeyName::TokenHash, hash.to_vec()),
            Key::lookup(KeyName::Principal, self.administrator.as_bytes().to_vec()),
        ];
        let body = encode("session", self)?;
        transaction.put(Realm::INSTALLATION, Kind::Session, id, expect, body, keys);
        Ok(())
    }
}

/// The name and the hash of the password of a person who may sign in.
fn password_of(administrator: &Administrator) -> Option<&Hashed> {
    match &administrator.account {
        Account::Person { password, .. } if administrator.enabled => password.as_ref(),
        _ => None,
    }
}

impl Administrators {
    /// Signs somebody in: what the browser keeps, and who it is. Errors: [`Error::WrongCredentials`],
    /// [`Error::TooManyGuesses`], [`Error::Busy`].
    pub async fn sign_in(&self, name: &str, password: &SecretString) -> Result<(SecretString, Caller)> {
        if name.chars().count() > LONGEST_NAME {
            return Err(Error::WrongCredentials);
        }
        let guess = self.guesses.begin(&scim::fold::fold_key(name), self.clock.now())?;
        let found = self.store.find(Realm::INSTALLATION, Kind::Administrator, &name_key(name), 1).await?;
        let found: Option<Administrator> =
            found.first().map(|object| decode("administrator", object)).transpose()?;
        let hashed = found.as_ref().and_then(password_of);
        let is_right = self.passwords.verify(password, hashed).await?;
        let (Some(found), Some(hashed), true) = (&found, hashed, is_right) else {
            self.guesses.wrong(guess, self.clock.now());
            return Err(Error::WrongCredentials);
        };
        self.guesses.right(guess);
        self.open_session(found.id, hashed).await
    }

    /// Opens a session, unless the account has another password than the one that was shown.
    async fn open_session(&self, id: Uuid, shown: &Hashed) -> Result<(SecretString, Caller)> {
        let (secret, hash) = secret::issue(PREFIX, &*self.random);
        let new = self.ids.next();
        let (caller, _) = transact(&*self.store, async || {
            let (administrator, version) = match self.versioned(id).await {
                Err(Error::NotFound { .. }) => return Err(Error::WrongCredentials),
                found => found?,
            };
            if password_of(&administrator) != Some(shown) {
                return Err(Error::WrongCredentials);
            }
            let mut transaction = Transaction::new(self.clock.now());
            let expect = Expect::Version(version);
            transaction.require(Realm::INSTALLATION, Kind::Administrator, id, expect);
            self.tidy_sessions(&mut transaction, &administrator).await?;
            let (generation, now) = (administrator.generation, transaction.at);
            let stored = Stored { administrator: id, generation, created: now, last_used: now };
            stored.put(&mut transaction, new, &hash, Expect::Absent)?;
            Ok((transaction, self.signed_in(administrator, new, &stored)))
        })
        .await?;
        Ok((secret, caller))
    }

    /// Who a session belongs to; `None` for one that has ended.
    pub async fn of_session(&self, secret: &str) -> Result<Option<Caller>> {
        if !secret::is_whole(PREFIX, secret) {
            return Ok(None);
        }
        let hash = secret::hash(secret);
        let key = Key::unique(KeyName::TokenHash, hash.clone());
        let found = self.store.find(Realm::INSTALLATION, Kind::Session, &key, 1).await?;
        let Some(object) = found.first() else { return Ok(None) };
        let mut stored: Stored = decode("session", object)?;
        let administrator = match self.get(stored.administrator).await {
            Err(Error::NotFound { .. }) => return Ok(None),
            found => found?,
        };
        let now = self.clock.now();
        if !stored.is_live(&administrator, now) {
            return Ok(None);
        }
        if now.duration_since(stored.last_used) >= NOTE_EVERY {
            stored.last_used = now;
            self.note_session_use(object, &stored, &hash).await?;
        }
        Ok(Some(self.signed_in(administrator, object.id, &stored)))
    }

    /// Writes down that a session is used. Another call that did so, or ended the session, stands.
    async fn note_session_use(&self, object: &Object, stored: &Stored, hash: &[u8]) -> Result<()> {
        let mut transaction = Transaction::new(stored.last_used);
        stored.put(&mut transaction, object.id, hash, Expect::Version(object.version))?;
        if let Err(error) = self.store.commit(transaction).await {
            tracing::debug!(%error, "the use of a session was not written down");
        }
        Ok(())
    }

    fn signed_in(&self, administrator: Administrator, session: Uuid, stored: &Stored) -> Caller {
        let csrf_token = BASE64.encode(hmac::sign(&self.signing, &bound(session)));
        let credential = Credential::Session(Session {
            id: session,
            administrator: administrator.id,
            expires: stored.expires(),
            csrf_token,
        });
        Caller::new(administrator, credential)
    }

    /// Whether a text is what a page of ours sends with a session's changes.
    pub fn is_csrf_token(&self, session: &Session, text: &str) -> bool {
        BASE64.decode(text).is_ok_and(|tag| hmac::verify(&self.signing, &bound(session.id), &tag).is_ok())
    }

    /// Ends a session.
    pub async fn sign_out(&self, session: Uuid) -> Result<()> {
        let mut transaction = Transaction::new(self.clock.now());
        transaction.delete(Realm::INSTALLATION, Kind::Session, session, Expect::Any);
        store::commit(self.store.as_ref(), transaction).await?;
        Ok(())
    }

    /// Ends all sessions of an account.
    pub async fn sign_out_everywhere(&self, id: Uuid, by: &Principal) -> Result<()> {
        let deed = || Deed::new("Sign out everywhere").ending_sessions();
        self.change(id, by, |_, _| Ok((Some(deed()), ()))).await?;
        Ok(())
    }

    /// Changes one's own password, which ends all sessions of the account, and opens another. Errors:
    /// [`Error::WrongCredentials`] where the current one is not right, [`Error::TooManyGuesses`], [`Error::Invalid`],
    /// [`Error::Busy`].
    pub async fn change_password(
        &self,
        id: Uuid,
        current: &SecretString,
        new: &SecretString,
        by: &Principal,
    ) -> Result<(SecretString, Caller)> {
        password::check(new)?;
        let administrator = self.get(id).await?;
        let Account::Person { sign_in_name, .. } = &administrator.account else {
            return Err(Error::invalid("password", "a tool has no password"));
        };
        let guess = self.guesses.begin(&scim::fold::fold_key(sign_in_name), self.clock.now())?;
        let shown = password_of(&administrator);
        if !self.passwords.verify(current, shown).await? {
            self.guesses.wrong(guess, self.clock.now());
            return Err(Error::WrongCredentials);
        }
        self.guesses.right(guess);
        let hashed = self.passwords.hash(new).await?;
        self.change(id, by, |administrator, _| {
            if password_of(administrator) != shown {
                return Err(Error::WrongCredentials);
            }
            if let Account::Person { password, .. } = &mut administrator.account {
                *password = Some(hashed.clone());
            }
            Ok((Some(Deed::new("Change password").changing("password", None, None).ending_sessions()), ()))
        })
        .await?;
        self.open_session(id, &hashed).await
    }

    /// Removes the sessions of an account that have ended, and the oldest where there are too many for one more.
    async fn tidy_sessions(
        &self,
        transaction: &mut Transaction,
        administrator: &Administrator,
    ) -> Result<()> {
        let sessions = self.sessions(administrator.id).await?;
        let too_many = sessions.len().saturating_sub(MOST - 1);
        for (at, session) in sessions.iter().enumerate() {
            let stored: Stored = decode("session", session)?;
            if at < too_many || !stored.is_live(administrator, transaction.at) {
                transaction.delete(Realm::INSTALLATION, Kind::Session, session.id, Expect::Any);
            }
        }
        Ok(())
    }

    /// The sessions of an account, in the order they were opened.
    pub(crate) async fn sessions(&self, id: Uuid) -> Result<Vec<Object>> {
        let key = Key::lookup(KeyName::Principal, id.as_bytes().to_vec());
        Ok(self.store.find(Realm::INSTALLATION, Kind::Session, &key, usize::MAX).await?)
    }
}

/// What ties a page to its session, apart from whatever else is signed with the same key.
fn bound(session: Uuid) -> Vec<u8> {
    [b"session\0".as_slice(), session.as_bytes()].concat()
}
