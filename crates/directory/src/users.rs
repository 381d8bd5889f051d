//! Users: names, the recycle bin.

use model::{DirectoryObject, ObjectType, Principal};
use scim::fold::fold_key;
use store::{Expect, Key, KeyName, Kind, transact};
use uuid::Uuid;

use crate::audit::{Category, Deed, identity_of};
use crate::objects::explain;
use crate::record::{decode_object, encode_object};
use crate::{Directory, Error, Result};

impl Directory {
    /// The user of that id or principal name.
    ///
    /// # Errors
    /// [`Error::NotFound`] also for a user in the recycle bin.
    pub async fn user(&self, id_or_name: &str) -> Result<DirectoryObject> {
        let found = match Uuid::try_parse(id_or_name) {
            Ok(id) => self.find_object(ObjectType::User, id).await?.filter(|user| user.deleted.is_none()),
            Err(_) => self.user_by_name(id_or_name).await?,
        };
        found.ok_or_else(|| Error::missing("user", id_or_name))
    }

    /// The user of that principal name, without regard to case; `None` where there is none.
    pub async fn user_by_name(&self, principal_name: &str) -> Result<Option<DirectoryObject>> {
        let key = Key::unique(KeyName::UserName, fold_key(principal_name));
        let found = self.store.find(self.realm(), Kind::User, &key, 1).await?;
        found.first().map(decode_object).transpose()
    }

    /// The users in the recycle bin that had that principal name, or the one of that id.
    pub async fn deleted_users(&self, id_or_name: &str) -> Result<Vec<DirectoryObject>> {
        if let Ok(id) = Uuid::try_parse(id_or_name) {
            let user = self.find_object(ObjectType::User, id).await?;
            return Ok(user.into_iter().filter(|user| user.deleted.is_some()).collect());
        }
        let name = fold_key(id_or_name);
        let named = |user: &DirectoryObject| {
            user.text("userPrincipalName").is_some_and(|it| scim::fold::folds_to(it, &name))
        };
        let page = self.list_objects(ObjectType::User, &crate::Selection::Deleted, None, 100, named).await?;
        Ok(page.objects)
    }

    /// Moves a user to the recycle bin: memberships, manager and assignments stay and come back with it.
    pub async fn delete_user(&self, by: &Principal, id: Uuid) -> Result<()> {
        transact(self.store.as_ref(), async || {
            let user = self.object(ObjectType::User, id).await?;
            let mut transaction = self.draft();
            let (body, keys) = encode_object(ObjectType::User, &user.attributes, Some(transaction.at));
            transaction.put(self.realm(), Kind::User, id, Expect::Version(user.version), body, keys);
            self.audit(&mut transaction, by, Deed::new("Delete user", Category::User, identity_of(&user)));
            Ok::<_, Error>((transaction, ()))
        })
        .await?;
        Ok(())
    }

    /// Takes a user out of the recycle bin.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is not there; [`Error::Conflict`] when somebody else has its principal name by
    /// now.
    pub async fn restore_user(&self, by: &Principal, id: Uuid) -> Result<DirectoryObject> {
        let outcome = transact(self.store.as_ref(), async || {
            let found = self.find_object(ObjectType::User, id).await?.filter(|user| user.deleted.is_some());
            let mut user = found.ok_or_else(|| Error::missing("deleted user", id))?;
            let mut transaction = self.draft();
            let (body, keys) = encode_object(ObjectType::User, &user.attributes, None);
            transaction.put(self.realm(), Kind::User, id, Expect::Version(user.version), body, keys);
            self.audit(&mut transaction, by, Deed::new("Restore user", Category::User, identity_of(&user)));
            user.deleted = None;
            user.version += 1;
            Ok((transaction, user))
        })
        .await;
        let error = match outcome {
            Ok((user, _)) => return Ok(user),
            Err(error) => error,
        };
        let user = self.find_object(ObjectType::User, id).await?;
        let name = user.as_ref().and_then(|user| user.text("userPrincipalName")).unwrap_or_default();
        Err(explain(error, ObjectType::User, id, name))
    }
}
