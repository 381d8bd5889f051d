//! Stored documents: what is kept of a resource, and the keys it is found by.

use bytes::Bytes;
use scim::{Map, ScimType, fold};
use serde_json::Value;
use store::{Key, KeyName, Kind, Object};
use uuid::Uuid;

use crate::answer::{Answer, Refusal};
use crate::schemas::Unique;

/// What is computed on the way out and never stored.
const COMPUTED: [&str; 4] = ["id", "meta", "groups", "members"];

/// The bytes that are stored for a resource. The error is `invalidValue` when there are more than `limit`: requests that
/// are small by themselves can let a resource grow for ever.
pub(crate) fn bytes(mut resource: Map, limit: usize) -> Answer<Bytes> {
    for name in COMPUTED {
        resource.shift_remove(name);
    }
    let bytes = serde_json::to_vec(&resource)
        .map_err(|error| Refusal::new(500, format!("the resource cannot be stored: {error}")))?;
    if bytes.len() > limit {
        let size = bytes.len();
        return Err(Refusal::of(
            ScimType::InvalidValue,
            format!(
                "the resource would have {size} bytes, and at most {limit} are kept of one: remove values first"
            ),
        ));
    }
    Ok(bytes.into())
}

/// The stored document, parsed.
pub(crate) fn parse(object: &Object) -> Answer<Map> {
    serde_json::from_slice(&object.body).map_err(|error| {
        tracing::error!(%error, kind = ?object.kind, id = %object.id, "a stored resource is not JSON");
        Refusal::new(500, format!("the stored {:?} {} is damaged", object.kind, object.id))
    })
}

/// The keys of a resource for its common and core attributes.
pub(crate) fn keys(kind: Kind, resource: &Map, unique: Unique) -> Vec<Key> {
    let mut keys = Vec::new();
    let text = |name: &str| resource.get(name).and_then(Value::as_str);
    if kind == Kind::User
        && let Some(name) = text("userName")
    {
        keys.push(Key::unique(KeyName::UserName, folded(name)));
    }
    if let Some(id) = text("externalId") {
        keys.push(Key { unique: unique.external_ids, ..external_id(id) });
    }
    if let Some(name) = text("displayName") {
        let unique = kind == Kind::Group && unique.group_names;
        keys.push(Key { name: KeyName::DisplayName, value: folded(name), unique });
    }
    if kind == Kind::User {
        let emails = resource.get("emails").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        for email in emails.iter().filter_map(|email| email.get("value")?.as_str()) {
            let key = Key::lookup(KeyName::Email, folded(email));
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
    }
    keys
}

fn folded(text: &str) -> Bytes {
    Bytes::from(fold::fold_key(text).into_bytes())
}

fn external_id(text: &str) -> Key {
    Key::lookup(KeyName::ExternalId, Bytes::from(fold::compose(text).into_owned().into_bytes()))
}

/// The id that a text is, as ids are written in answers: an id is exact in case (RFC 7643 section 3.1), by whatever way
/// it comes in.
pub(crate) fn id(text: &str) -> Option<Uuid> {
    let id = Uuid::parse_str(text).ok()?;
    (*text == *id.hyphenated().encode_lower(&mut Uuid::encode_buffer())).then_some(id)
}

/// The key that resources with this value of an attribute carry, where the attribute is indexed.
pub(crate) fn key_for(kind: Kind, path: &str, value: &str) -> Option<Key> {
    match (kind, path) {
        (Kind::User, "userName") => Some(Key::lookup(KeyName::UserName, folded(value))),
        (_, "externalId") => Some(external_id(value)),
        (_, "displayName") => Some(Key::lookup(KeyName::DisplayName, folded(value))),
        (Kind::User, "emails" | "emails.value") => Some(Key::lookup(KeyName::Email, folded(value))),
        _ => None,
    }
}

/// The attribute behind a unique key.
pub(crate) fn attribute_of(key: KeyName) -> &'static str {
    match key {
        KeyName::UserName => "userName",
        KeyName::ExternalId => "externalId",
        KeyName::DisplayName => "displayName",
        _ => "a unique attribute",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_fold_and_never_repeat() {
        let user = json!({"userName": "Ärger@X", "externalId": "E1", "emails": [{"value": "A@x"}, {"value": "a@x"}]});
        let keys =
            keys(Kind::User, user.as_object().unwrap(), Unique { group_names: true, external_ids: false });
        assert_eq!(keys.len(), 3);
        assert!(keys[0].unique && keys[0].value == "ärger@x");
        assert!(!keys[1].unique && keys[1].value == "E1");
        assert_eq!(key_for(Kind::User, "emails.value", "a@X").as_ref(), Some(&keys[2]));
    }

    #[test]
    fn ids_are_exact() {
        let text = "0190cafe-0000-7000-8000-00000000000a";
        assert_eq!(id(text).map(|id| id.to_string()).as_deref(), Some(text));
        for other in [text.to_uppercase(), text.replace('-', ""), format!("{{{text}}}"), String::new()] {
            assert_eq!(id(&other), None, "{other}");
        }
    }

    #[test]
    fn what_is_computed_is_not_stored() {
        let resource = json!({"id": "1", "meta": {}, "schemas": [], "groups": [], "title": "t"});
        let Value::Object(resource) = resource else { unreachable!("it is an object") };
        let stored = r#"{"schemas":[],"title":"t"}"#;
        assert_eq!(bytes(resource.clone(), stored.len()).unwrap(), stored);
        assert!(bytes(resource, stored.len() - 1).unwrap_err().error.detail.contains("remove values"));
    }
}
