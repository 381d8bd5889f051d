//! Tokens: issued, rotated, revoked, and what they open.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use jiff::{SignedDuration, Timestamp};
use model::Principal;
use serde::{Deserialize, Serialize};
use store::{Expect, Key, KeyName, Kind, Object, Realm, Transaction};
use uuid::Uuid;

use crate::secret::{self, Hash};
use crate::tenants::{CACHE_LIMIT, CACHED_FOR, write};
use crate::{Error, Notice, Result, Tenant, Tenants};

/// What a token permits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Scope {
    /// Every request.
    #[default]
    ReadWrite,
    /// Requests that change nothing.
    ReadOnly,
}

/// What is kept of a token: everything but the token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Token {
    /// Identifier, to rotate and revoke it by.
    pub id: Uuid,
    /// The tenant that it opens.
    pub tenant_id: Uuid,
    /// What it is for, in the administrator's words.
    pub label: String,
    /// What it permits.
    pub scope: Scope,
    /// When it was made.
    pub created: Timestamp,
    /// Who made it.
    pub created_by: Principal,
    /// From when on it opens nothing; `None`: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// When it was used last, within a minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used: Option<Timestamp>,
    /// What administrators were last told about its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub announced: Option<Notice>,
}

/// What a new token is to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewToken {
    /// What it is for.
    pub label: String,
    /// What it permits.
    pub scope: Scope,
    /// From when on it opens nothing; `None`: never.
    pub expires: Option<Timestamp>,
}

/// A token just made. The secret is nowhere else: show it once.
#[derive(Clone)]
pub struct IssuedToken {
    /// What is kept of it.
    pub token: Token,
    /// What the client sends as `Authorization: Bearer ...`.
    pub secret: String,
}

impl std::fmt::Debug for IssuedToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IssuedToken").field("token", &self.token).finish_non_exhaustive()
    }
}

/// What a good token opens.
#[derive(Clone, Debug)]
pub struct Access {
    /// The tenant, and no other.
    pub tenant: Arc<Tenant>,
    /// The token.
    pub token_id: Uuid,
    /// What it permits.
    pub scope: Scope,
}

/// A token as kept in memory.
pub(crate) struct Cached {
    read_at: Instant,
    access: Access,
    expires: Option<Timestamp>,
    /// When the use was last written down, in seconds.
    noted: AtomicI64,
}

/// Seconds between two notes of a token's use.
const NOTE_EVERY: i64 = 60;

/// The stored form: with the hash, since a write gives all keys anew.
#[derive(Serialize, Deserialize)]
struct Stored {
    #[serde(flatten)]
    token: Token,
    hash: String,
}

impl Tenants {
    /// Makes a token for a tenant.
    pub async fn create_token(&self, tenant: Uuid, new: NewToken, by: &Principal) -> Result<IssuedToken> {
        let tenant = self.get(tenant).await?;
        let mut transaction = Transaction::new(self.clock.now());
        let issued = self.issue(&mut transaction, &tenant, new, by)?;
        self.audit(&mut transaction, "Add token", by, &tenant, &issued.token.label, Vec::new())?;
        match store::commit(self.store.as_ref(), transaction).await {
            Err(store::Error::Missing { .. }) => Err(Error::NoTenant(tenant.name)),
            Err(error) => Err(error.into()),
            Ok(_) => Ok(issued),
        }
    }

    fn issue(
        &self,
        transaction: &mut Transaction,
        tenant: &Tenant,
        new: NewToken,
        by: &Principal,
    ) -> Result<IssuedToken> {
        let secret = secret::generate(&*self.random);
        let token = Token {
            id: self.ids.next(),
            tenant_id: tenant.id,
            label: new.label,
            scope: new.scope,
            created: transaction.at,
            created_by: by.clone(),
            expires: new.expires,
            last_used: None,
            announced: None,
        };
        transaction.require(Realm::INSTALLATION, Kind::Tenant, tenant.id, Expect::Present);
        put(transaction, &token, &secret::hash(&secret), Expect::Absent)?;
        Ok(IssuedToken { token, secret })
    }

    /// The tokens of a tenant, in the order they were made, expired ones included.
    pub async fn tokens(&self, tenant: Uuid) -> Result<Vec<Token>> {
        let key = Key::lookup(KeyName::Tenant, tenant.as_bytes().to_vec());
        let found = self.store.find(Realm::INSTALLATION, Kind::Token, &key, usize::MAX).await?;
        found.iter().map(|object| read(object).map(|(token, _)| token)).collect()
    }

    /// Makes a token that takes the place of another: same tenant, label and scope, without an end. The old one
    /// expires after `overlap`, or when it would have anyway if that is sooner.
    pub async fn rotate_token(
        &self,
        id: Uuid,
        overlap: SignedDuration,
        by: &Principal,
    ) -> Result<IssuedToken> {
        let (issued, _) = store::transact(&*self.store, async || {
            let (mut old, hash, version) = self.token(id).await?;
            let tenant = self.get(old.tenant_id).await?;
            let now = self.clock.now();
            let mut transaction = Transaction::new(now);
            let new = NewToken { label: old.label.clone(), scope: old.scope, expires: None };
            let issued = self.issue(&mut transaction, &tenant, new, by)?;
            let end = now.saturating_add(overlap.max(SignedDuration::ZERO)).unwrap_or(Timestamp::MAX);
            if old.expires.is_none_or(|expires| end < expires) {
                old.expires = Some(end);
                // Who rotates a token knows that the old one ends soon, and is told only when it has.
                old.announced = old.announced.max(Some(Notice::ThreeDays));
            }
            put(&mut transaction, &old, &hash, Expect::Version(version))?;
            self.audit(&mut transaction, "Rotate token", by, &tenant, &old.label, Vec::new())?;
            Ok::<_, Error>((transaction, issued))
        })
        .await?;
        self.invalidate();
        Ok(issued)
    }

    /// Makes a token open nothing from now on.
    pub async fn revoke_token(&self, id: Uuid, by: &Principal) -> Result<()> {
        let ((), _) = store::transact(&*self.store, async || {
            let (token, _, _) = self.token(id).await?;
            let tenant = self.get(token.tenant_id).await?;
            let mut transaction = Transaction::new(self.clock.now());
            transaction.delete(Realm::INSTALLATION, Kind::Token, id, Expect::Any);
            self.audit(&mut transaction, "Revoke token", by, &tenant, &token.label, Vec::new())?;
            Ok::<_, Error>((transaction, ()))
        })
        .await?;
        self.invalidate();
        Ok(())
    }

    /// The token of that id. The error is [`Error::NoToken`].
    pub async fn get_token(&self, id: Uuid) -> Result<Token> {
        Ok(self.token(id).await?.0)
    }

    async fn token(&self, id: Uuid) -> Result<(Token, Hash, u64)> {
        let object = self.store.get(Realm::INSTALLATION, Kind::Token, id).await?;
        let object = object.ok_or(Error::NoToken(id))?;
        let (token, hash) = read(&object)?;
        Ok((token, hash, object.version))
    }

    /// What a bearer token opens. Errors: [`Error::Malformed`], [`Error::Unknown`], [`Error::Expired`] (see
    /// [`Error::is_refusal`]), or storage.
    pub async fn authenticate(&self, bearer: &str) -> Result<Access> {
        let hash = secret::hash(bearer);
        let now = self.clock.now();
        let generation = {
            let cache = self.cache.read();
            match cache.tokens.get(&hash) {
                Some(cached) if cached.read_at.elapsed() < CACHED_FOR => {
                    return self.admit(cached, now);
                }
                _ => cache.generation,
            }
        };
        if !secret::is_whole(bearer) {
            return Err(Error::Malformed);
        }
        let cached = self.look_up(&hash).await?;
        let answer = self.admit(&cached, now);
        let mut cache = self.cache.write();
        if cache.generation == generation {
            if cache.tokens.len() >= CACHE_LIMIT {
                cache.tokens.clear();
            }
            cache.tokens.insert(hash, cached);
        }
        answer
    }

    async fn look_up(&self, hash: &Hash) -> Result<Cached> {
        let key = Key::unique(KeyName::TokenHash, hash.to_vec());
        let found = self.store.find(Realm::INSTALLATION, Kind::Token, &key, 1).await?;
        let (token, _) = read(found.first().ok_or(Error::Unknown)?)?;
        let tenant = match self.get(token.tenant_id).await {
            Err(Error::NoTenant(_)) => return Err(Error::Unknown),
            other => Arc::new(other?),
        };
        Ok(Cached {
            read_at: Instant::now(),
            access: Access { tenant, token_id: token.id, scope: token.scope },
            expires: token.expires,
            noted: AtomicI64::new(token.last_used.map_or(i64::MIN, Timestamp::as_second)),
        })
    }

    fn admit(&self, cached: &Cached, now: Timestamp) -> Result<Access> {
        if let Some(expires) = cached.expires.filter(|expires| *expires <= now) {
            return Err(Error::Expired(expires));
        }
        let noted = cached.noted.load(Ordering::Relaxed);
        let due = now.as_second().saturating_sub(noted) >= NOTE_EVERY;
        if due
            && cached
                .noted
                .compare_exchange(noted, now.as_second(), Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
        {
            self.note_use(cached.access.token_id, now);
        }
        Ok(cached.access.clone())
    }

    /// Writes the use of a token down, apart from the request. One that is lost is written a minute later.
    fn note_use(&self, id: Uuid, now: Timestamp) {
        let store = Arc::clone(&self.store);
        tokio::spawn(async move {
            let noted = store::transact(&*store, async || {
                let mut transaction = Transaction::new(now);
                let object = store.get(Realm::INSTALLATION, Kind::Token, id).await?;
                if let Some(object) = object {
                    let (mut token, hash) = read(&object)?;
                    if token.last_used.is_none_or(|last| last < now) {
                        token.last_used = Some(now);
                        put(&mut transaction, &token, &hash, Expect::Version(object.version))?;
                    }
                }
                Ok::<_, Error>((transaction, ()))
            })
            .await;
            if let Err(error) = noted {
                tracing::debug!(%error, token = %id, "the use of a token was not written down");
            }
        });
    }
}

pub(crate) fn put(transaction: &mut Transaction, token: &Token, hash: &Hash, expect: Expect) -> Result<()> {
    let keys = vec![
        Key::unique(KeyName::TokenHash, hash.to_vec()),
        Key::lookup(KeyName::Tenant, token.tenant_id.as_bytes().to_vec()),
    ];
    let body = write("token", &Stored { token: token.clone(), hash: BASE64.encode(hash) })?;
    transaction.put(Realm::INSTALLATION, Kind::Token, token.id, expect, body, keys);
    Ok(())
}

pub(crate) fn read(object: &Object) -> Result<(Token, Hash)> {
    let damaged = |source| Error::Damaged { what: "token", source };
    let stored: Stored = serde_json::from_slice(&object.body).map_err(damaged)?;
    let hash = BASE64.decode(&stored.hash).ok().and_then(|hash| Hash::try_from(hash).ok());
    let hash = hash.ok_or_else(|| damaged(serde::de::Error::custom("the hash is not one")))?;
    Ok((stored.token, hash))
}
