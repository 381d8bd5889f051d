//! The secrets of an application's provisioning: written, used by cycles, never read back by people.

use std::collections::BTreeMap;

use keyring::Sealed;
use model::{Principal, SecretKey};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use store::{Expect, Kind, transact};
use uuid::Uuid;

use crate::audit::{Category, Deed, identity, property};
use crate::credentials::{Credentials, check};
use crate::record::{decode_record, encode};
use crate::{Directory, Error, Result};

#[derive(Default, Serialize, Deserialize)]
struct Document {
    secrets: BTreeMap<SecretKey, Sealed>,
}

impl Directory {
    /// Writes secrets; an empty value removes one, secrets not named stay.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a value that cannot be meant.
    pub async fn set_secrets(
        &self,
        by: &Principal,
        service_principal: Uuid,
        values: &[(SecretKey, SecretString)],
    ) -> Result<()> {
        use secrecy::ExposeSecret as _;
        let mut sealed = Vec::with_capacity(values.len());
        for (key, value) in values {
            let value = value.expose_secret().trim();
            check(*key, value)?;
            let context = self.secret_context(service_principal, *key);
            let random = self.random.as_ref();
            sealed.push((
                *key,
                (!value.is_empty()).then(|| self.keys.seal(value.as_bytes(), &context, random)),
            ));
        }
        transact(self.store.as_ref(), async || {
            let principal = self.service_principal(service_principal).await?;
            let found = self.store.get(self.realm(), Kind::Secrets, service_principal).await?;
            let (mut document, expect) = match &found {
                Some(object) => (decode_record("secrets", object)?, Expect::Version(object.version)),
                None => (Document::default(), Expect::Absent),
            };
            for (key, value) in &sealed {
                match value {
                    Some(value) => document.secrets.insert(*key, value.clone()),
                    None => document.secrets.remove(key),
                };
            }
            let mut transaction = self.draft();
            transaction.require(self.realm(), Kind::ServicePrincipal, service_principal, Expect::Present);
            let body = encode(&document);
            transaction.put(self.realm(), Kind::Secrets, service_principal, expect, body, Vec::new());
            let names = sealed.iter().map(|(key, _)| property(&format!("{key:?}"), None, None)).collect();
            let target = identity(service_principal, principal.display_name, "ServicePrincipal");
            let activity = "Update provisioning setting or credentials";
            let deed = Deed::new(activity, Category::Provisioning, target).changing(names);
            self.audit(&mut transaction, by, deed);
            Ok::<_, Error>((transaction, ()))
        })
        .await?;
        Ok(())
    }

    /// The names of the secrets that are there.
    pub async fn secret_keys(&self, service_principal: Uuid) -> Result<Vec<SecretKey>> {
        Ok(self.secret_document(service_principal).await?.secrets.into_keys().collect())
    }

    /// The tenant URL, which is no secret; `None` where there is none, or where it may hold one (a password, a query).
    pub async fn tenant_url(&self, service_principal: Uuid) -> Result<Option<String>> {
        let url = self.secret(service_principal, SecretKey::BaseAddress).await?;
        let url = url.map(|url| url.expose_secret().to_owned());
        Ok(url.filter(|url| !url.contains(['@', '?', '#'])))
    }

    /// One secret, decrypted; for the program's own use only.
    pub async fn secret(&self, service_principal: Uuid, key: SecretKey) -> Result<Option<SecretString>> {
        let document = self.secret_document(service_principal).await?;
        document.secrets.get(&key).map(|sealed| self.open(service_principal, key, sealed)).transpose()
    }

    /// What a job needs to reach the application's target.
    ///
    /// # Errors
    /// [`Error::NoSecret`] while the tenant URL is missing, or a part of what goes together.
    pub async fn credentials(&self, service_principal: Uuid) -> Result<Credentials> {
        let document = self.secret_document(service_principal).await?;
        Credentials::assemble(|key| {
            document.secrets.get(&key).map(|sealed| self.open(service_principal, key, sealed)).transpose()
        })
    }

    async fn secret_document(&self, service_principal: Uuid) -> Result<Document> {
        let found = self.store.get(self.realm(), Kind::Secrets, service_principal).await?;
        found.map_or_else(|| Ok(Document::default()), |object| decode_record("secrets", &object))
    }

    fn open(&self, service_principal: Uuid, key: SecretKey, sealed: &Sealed) -> Result<SecretString> {
        let context = self.secret_context(service_principal, key);
        let plain: Zeroizing<Vec<u8>> = self.keys.open(sealed, &context)?;
        let text = std::str::from_utf8(&plain).map_err(|error| Error::Damaged {
            what: "secret",
            id: service_principal,
            reason: error.to_string(),
        })?;
        Ok(SecretString::from(text))
    }

    /// Binds a ciphertext to its place, so that it cannot be moved to another application.
    fn secret_context(&self, service_principal: Uuid, key: SecretKey) -> String {
        format!("provost/secret/{}/{service_principal}/{key:?}", self.id)
    }
}
