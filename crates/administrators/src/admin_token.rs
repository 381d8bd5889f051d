//! The administrator's token of the installation: what opens a server before there is any account, and when all are lost.

use jiff::Timestamp;
use model::Principal;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use store::{Expect, Key, KeyName, Kind, Realm, Transaction, transact};

use crate::record::{Deed, decode, encode};
use crate::{Administrators, Caller, Credential, Error, Result, Role, RoleAssignment, Scope, secret};

/// A bearer token of a Global Administrator. Shown once: only its hash is kept.
#[derive(Clone, Debug)]
pub struct AdminToken(pub SecretString);

#[derive(Serialize, Deserialize)]
struct Document {
    #[serde(rename = "use")]
    purpose: String,
    role: String,
    display_name: String,
    created: Timestamp,
}

const NAME: &str = "admin-token";
const PURPOSE: &str = "administration";
const PREFIX: &str = "provost_admin_";

impl Administrators {
    /// The administrator's token, when there was none and this call made it: at the first start.
    pub async fn open(&self) -> Result<Option<AdminToken>> {
        let key = Key::unique(KeyName::Name, NAME);
        let there = self.store.find(Realm::INSTALLATION, Kind::Setting, &key, 1).await?;
        if there.is_empty() {
            return Ok(Some(self.reset_admin_token(&Principal::system("first start")).await?));
        }
        Ok(None)
    }

    /// Makes a new administrator's token; the one before no longer opens anything.
    pub async fn reset_admin_token(&self, by: &Principal) -> Result<AdminToken> {
        let (token, hash) = secret::issue(PREFIX, &*self.random);
        let name = Key::unique(KeyName::Name, NAME);
        let hash = Key::unique(KeyName::TokenHash, hash);
        let new = self.ids.next();
        transact(self.store.as_ref(), async || {
            let mut transaction = Transaction::new(self.clock.now());
            for old in self.store.find(Realm::INSTALLATION, Kind::Setting, &name, 1).await? {
                transaction.delete(Realm::INSTALLATION, Kind::Setting, old.id, Expect::Version(old.version));
            }
            let role = Role::GlobalAdministrator.name();
            let document = Document {
                purpose: PURPOSE.to_owned(),
                role: role.to_owned(),
                display_name: role.to_owned(),
                created: transaction.at,
            };
            let keys = vec![name.clone(), hash.clone()];
            let body = encode("token", &document)?;
            transaction.put(Realm::INSTALLATION, Kind::Setting, new, Expect::Absent, body, keys);
            self.audit(&mut transaction, by, (new, NAME), Deed::new("Reset administrator's token"))?;
            Ok::<_, Error>((transaction, ()))
        })
        .await?;
        Ok(AdminToken(token))
    }

    /// Who the administrator's token belongs to; `None` where it is not this one.
    pub(crate) async fn of_admin_token(&self, token: &str) -> Result<Option<Caller>> {
        if !secret::is_whole(PREFIX, token) {
            return Ok(None);
        }
        let key = Key::unique(KeyName::TokenHash, secret::hash(token));
        let found = self.store.find(Realm::INSTALLATION, Kind::Setting, &key, 1).await?;
        let Some(object) = found.first() else { return Ok(None) };
        let document: Document = decode("token", object)?;
        if document.purpose != PURPOSE {
            return Ok(None);
        }
        let everything =
            RoleAssignment { id: object.id, role: Role::GlobalAdministrator, scope: Scope::Installation };
        Ok(Some(Caller {
            principal: Principal { id: object.id.to_string(), display_name: document.display_name },
            roles: vec![everything],
            credential: Credential::AdminToken,
        }))
    }
}
