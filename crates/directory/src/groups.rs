//! Groups: found by name.

use model::{DirectoryObject, ObjectType};
use store::KeyName;
use uuid::Uuid;

use crate::{Directory, Error, Result, Selection};

impl Directory {
    /// The group of that id or display name.
    ///
    /// # Errors
    /// [`Error::Ambiguous`] when several groups have the name.
    pub async fn group(&self, id_or_name: &str) -> Result<DirectoryObject> {
        if let Ok(id) = Uuid::try_parse(id_or_name) {
            return self.object(ObjectType::Group, id).await;
        }
        let found = self.groups_named(KeyName::DisplayName, id_or_name).await?;
        crate::references::only_one("group", id_or_name, found, |group| group.id)
    }

    /// The groups (at most 20) with that display name or mail nickname, without regard to case.
    pub(crate) async fn groups_named(&self, key: KeyName, name: &str) -> Result<Vec<DirectoryObject>> {
        let selection = Selection::Equal(key, name.to_owned());
        Ok(self.list_objects(ObjectType::Group, &selection, None, 20, |_| true).await?.objects)
    }
}

impl Error {
    /// Whether the error says that there is no such object.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. } | Self::Store(store::Error::Missing { .. }))
    }
}
