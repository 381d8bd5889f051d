//! The installation: its directories.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use model::{Clock, Ids, Random};
use serde::{Deserialize, Serialize};
use store::{Expect, Key, KeyName, Kind, Realm, Scan, Store, Transaction, transact};
use uuid::Uuid;

use crate::record::encode;
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

#[derive(Serialize, Deserialize)]
struct DirectoryDocument {
    name: String,
    created: Timestamp,
}

const DEFAULT_DIRECTORY: &str = "default";

/// What tells with which master key an installation is used.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct KeyDocument {
    fingerprint: String,
}

const MASTER_KEY: &str = "master key";

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

    /// Opens the directory `default`, and creates it at the first start.
    pub async fn open(&self) -> Result<Directory> {
        Ok(self.directory(self.default_directory().await?))
    }

    /// The log of what was done to the installation itself, which is read as a directory's is.
    pub fn audits(&self) -> Directory {
        self.directory(Realm::INSTALLATION.0)
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

    /// Whether the master key that this fingerprint was derived from is the one that the installation is used with: the first
    /// that asks decides, or who replaces it.
    pub async fn same_key(&self, fingerprint: &[u8], replace: bool) -> Result<bool> {
        let key = Key::unique(KeyName::Name, MASTER_KEY);
        let body = encode(&KeyDocument { fingerprint: STANDARD.encode(fingerprint) });
        let new = self.ids.next();
        let outcome = transact(self.store.as_ref(), async || {
            let mut transaction = Transaction::new(self.clock.now());
            let found = self.store.find(Realm::INSTALLATION, Kind::Setting, &key, 1).await?;
            let (id, expect) = match found.first() {
                Some(found) if found.body == body => return Ok::<_, Error>((transaction, true)),
                Some(_) if !replace => return Ok((transaction, false)),
                Some(found) => (found.id, Expect::Version(found.version)),
                None => (new, Expect::Absent),
            };
            transaction.put(Realm::INSTALLATION, Kind::Setting, id, expect, body.clone(), vec![key.clone()]);
            Ok((transaction, true))
        })
        .await;
        match outcome {
            Ok((same, _)) => Ok(same),
            // Another process decided at the same moment.
            Err(Error::Store(store::Error::NotUnique { .. })) => {
                let found = self.store.find(Realm::INSTALLATION, Kind::Setting, &key, 1).await?;
                Ok(found.first().is_some_and(|found| found.body == body))
            }
            Err(error) => Err(error),
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
}
