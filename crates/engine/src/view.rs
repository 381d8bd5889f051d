//! A source object as expressions and scoping filters see it.

use expression::{Attributes, Value};
use model::DirectoryObject;

/// The attributes of a source object, with the computed ones.
///
/// `IsSoftDeleted` is whatever scoping found out. A guest's `userPrincipalName` reads as the address it was made
/// from; `originalUserPrincipalName` is the stored one.
#[derive(Clone, Copy, Debug)]
pub struct SourceView<'a> {
    object: Option<&'a DirectoryObject>,
    soft_deleted: bool,
}

impl<'a> SourceView<'a> {
    /// An object, and whether it counts as soft-deleted.
    pub fn new(object: &'a DirectoryObject, soft_deleted: bool) -> Self {
        Self { object: Some(object), soft_deleted }
    }

    /// An object that is gone: every attribute is null, `IsSoftDeleted` is true.
    pub fn gone() -> Self {
        Self { object: None, soft_deleted: true }
    }
}

impl Attributes for SourceView<'_> {
    fn get(&self, name: &str) -> Value {
        if is_soft_deleted(name) {
            return Value::Boolean(self.soft_deleted);
        }
        let Some(object) = self.object else { return Value::Null };
        if name.eq_ignore_ascii_case("originalUserPrincipalName") {
            return object.text("userPrincipalName").map(Value::from).into();
        }
        if name.eq_ignore_ascii_case("userPrincipalName")
            && let Some(text) = object.text("userPrincipalName")
        {
            return match guest_address(text) {
                Some(address) => Value::from(address),
                None => Value::from(text),
            };
        }
        object.attribute(name).as_ref().map(Value::from).into()
    }
}

/// Whether a name is the computed attribute `IsSoftDeleted`.
pub(crate) fn is_soft_deleted(name: &str) -> bool {
    name.eq_ignore_ascii_case("IsSoftDeleted")
}

/// `ada_example.com#EXT#@contoso.onmicrosoft.com` was made from `ada@example.com`.
fn guest_address(name: &str) -> Option<String> {
    let (local, _) = name.split_once("#EXT#")?;
    let (user, domain) = local.rsplit_once('_')?;
    Some(format!("{user}@{domain}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guest_goes_by_the_address_it_was_invited_with() {
        assert_eq!(
            guest_address("ada_l_example.com#EXT#@contoso.onmicrosoft.com").as_deref(),
            Some("ada_l@example.com")
        );
        assert_eq!(guest_address("ada@example.com"), None);
        assert_eq!(SourceView::gone().get("issoftdeleted"), Value::Boolean(true));
        assert_eq!(SourceView::gone().get("mail"), Value::Null);
    }
}
