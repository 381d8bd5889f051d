//! The installation: its directories and the token of its administrator.

use std::fmt::Write as _;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;
use model::{Clock, Ids, Principal, Random};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use store::{Expect, Key, KeyName, Kind, Realm, Scan, Store, Transaction, transact};
use uuid::Uuid;

use crate::record::{decode_record, encode};
use crate::{Directory, Error, Keyring, Result};

/// An installation: what it is made of.
#[derive(Clone)]
pub struct Installation {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    ids: Ids,
    random: Arc<dyn Random>,
    keys: Arc<Keyring>,
}

/// A bearer token of a Global Administrator. Shown once: only its hash is kept.
#[derive(Clone, Debug)]
pub struct AdminToken(pub SecretString);

#[derive(Serialize, Deserialize)]
struct DirectoryDocument {
    name: String,
    created: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct TokenDocument {
    #[serde(rename = "use")]
    purpose: String,
    role: String,
    display_name: String,
    created: Timestamp,
}

const DEFAULT_DIRECTORY: &str = "default";
const ADMIN_TOKEN: &str = "admin-token";
const PREFIX: &str = "provost_admin_";
const RANDOM_LEN: usize = 32;
const CHECK_LEN: usize = 4;

impl Installation {
    /// An installation in a store. Nothing is read or written yet.
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        ids: Ids,
        random: Arc<dyn Random>,
        keys: Arc<Keyring>,
    ) -> Self {
        Self { store, clock, ids, random, keys }
    }

    /// Opens the directory `default`, and creates it at the first start. The second value is the administrator's
    /// token, when this start made one.
    pub async fn open(&self) -> Result<(Directory, Option<AdminToken>)> {
        let id = self.default_directory().await?;
        let key = Key::unique(KeyName::Name, ADMIN_TOKEN);
        let there = self.store.find(Realm::INSTALLATION, Kind::Setting, &key, 1).await?;
        let token = if there.is_empty() { Some(self.reset_admin_token().await?) } else { None };
        Ok((self.directory(id), token))
    }

    /// Every directory.
    pub async fn directories(&self) -> Result<Vec<Directory>> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let page =
                self.store.scan(Realm::INSTALLATION, Kind::Directory, Scan::first(200).after(after)).await?;
            all.extend(page.objects.iter().map(|directory| self.directory(directory.id)));
            after = page.next;
            if after.is_none() {
                return Ok(all);
            }
        }
    }

    /// The directory of that id.
    pub fn directory(&self, id: Uuid) -> Directory {
        Directory::new(
            id,
            Arc::clone(&self.store),
            Arc::clone(&self.clock),
            self.ids.clone(),
            Arc::clone(&self.random),
            Arc::clone(&self.keys),
        )
    }

    async fn default_directory(&self) -> Result<Uuid> {
        let key = Key::unique(KeyName::Name, DEFAULT_DIRECTORY);
        let new = self.ids.next();
        let outcome = transact(self.store.as_ref(), async || {
            let mut transaction = Transaction::new(self.clock.now());
            let found = self.store.find(Realm::INSTALLATION, Kind::Directory, &key, 1).await?;
            if let Some(found) = found.first() {
                return Ok((transaction, found.id));
            }
            let document = DirectoryDocument { name: DEFAULT_DIRECTORY.to_owned(), created: transaction.at };
            let keys = vec![key.clone()];
            let body = encode(&document);
            transaction.put(Realm::INSTALLATION, Kind::Directory, new, Expect::Absent, body, keys);
            Ok((transaction, new))
        })
        .await;
        match outcome {
            Ok((id, _)) => Ok(id),
            // Another process made it at the same moment.
            Err(Error::Store(store::Error::NotUnique { holder, .. })) => Ok(holder),
            Err(error) => Err(error),
        }
    }

    /// Makes a new administrator's token; the one before no longer opens anything.
    pub async fn reset_admin_token(&self) -> Result<AdminToken> {
        let mut bytes = secrecy::zeroize::Zeroizing::new([0; RANDOM_LEN]);
        self.random.fill(&mut *bytes);
        let token = AdminToken(SecretString::from(format_token(&bytes)));
        let name = Key::unique(KeyName::Name, ADMIN_TOKEN);
        let hash = Key::unique(KeyName::TokenHash, hash(token.0.expose_secret()));
        let new = self.ids.next();
        transact(self.store.as_ref(), async || {
            let mut transaction = Transaction::new(self.clock.now());
            for old in self.store.find(Realm::INSTALLATION, Kind::Setting, &name, 1).await? {
                transaction.delete(Realm::INSTALLATION, Kind::Setting, old.id, Expect::Version(old.version));
            }
            let document = TokenDocument {
                purpose: "administration".to_owned(),
                role: "Global Administrator".to_owned(),
                display_name: "Global Administrator".to_owned(),
                created: transaction.at,
            };
            let keys = vec![name.clone(), hash.clone()];
            let body = encode(&document);
            transaction.put(Realm::INSTALLATION, Kind::Setting, new, Expect::Absent, body, keys);
            Ok::<_, Error>((transaction, ()))
        })
        .await?;
        Ok(token)
    }

    /// Who a bearer token belongs to; `None` for one that opens nothing.
    pub async fn authenticate(&self, token: &str) -> Result<Option<Principal>> {
        if !well_formed(token) {
            return Ok(None);
        }
        let key = Key::unique(KeyName::TokenHash, hash(token));
        let found = self.store.find(Realm::INSTALLATION, Kind::Setting, &key, 1).await?;
        let Some(object) = found.first() else { return Ok(None) };
        let document: TokenDocument = decode_record("token", object)?;
        Ok((document.purpose == "administration")
            .then(|| Principal { id: object.id.to_string(), display_name: document.display_name }))
    }
}

impl AdminToken {
    /// Writes the token to a file that only its owner may read, in place of what is there.
    pub fn write_to(&self, path: &std::path::Path) -> std::io::Result<()> {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        crate::keyring::write_private(path, self.0.expose_secret())
    }
}

fn hash(token: &str) -> Vec<u8> {
    digest(&SHA256, token.as_bytes()).as_ref().to_vec()
}

/// Prefix, 32 random bytes in hexadecimal digits, and the first four bytes of the SHA-256 of both as a checksum:
/// scanners recognise it, and one that was cut off is refused without a look into the store.
fn format_token(random: &[u8; RANDOM_LEN]) -> String {
    let mut token = PREFIX.to_owned();
    push_hex(&mut token, random);
    let check = hash(&token);
    push_hex(&mut token, &check[..CHECK_LEN]);
    token
}

fn push_hex(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        write!(text, "{byte:02x}").expect("writing to a string does not fail");
    }
}

fn well_formed(token: &str) -> bool {
    let length = PREFIX.len() + 2 * (RANDOM_LEN + CHECK_LEN);
    if token.len() != length || !token.is_ascii() || !token.starts_with(PREFIX) {
        return false;
    }
    let (start, check) = token.split_at(length - 2 * CHECK_LEN);
    let mut expected = String::new();
    push_hex(&mut expected, &hash(start)[..CHECK_LEN]);
    expected == check
}
