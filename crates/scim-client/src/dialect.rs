//! How changes are written down for a target, in each of its possible forms.
//!
//! Those of Entra ID follow what Microsoft shows of its requests: "Known issues and resolutions with SCIM 2.0 protocol
//! compliance" and "Develop and plan provisioning for a SCIM endpoint" of the Entra documentation.

use std::borrow::Cow;

use model::Dialect;
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::{Map, Value, json};

use crate::difference::{self, Operation, OperationKind};
use crate::document;
use crate::kind::ResourceKind;
use crate::path::{ENTERPRISE_USER, Error, Path};

const PATCH_OPERATIONS: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
/// The second schema that Entra ID gives a group which it creates.
const ENTRA_GROUP: &str = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group";

/// The operations that make `changes` to a resource of which `old` is known (see [`difference::operations`]).
pub(crate) fn operations(
    dialect: Dialect,
    old: &Map<String, Value>,
    changes: &Map<String, Value>,
) -> Result<Vec<Operation>, Error> {
    match dialect {
        Dialect::Rfc => difference::operations(old, changes),
        Dialect::EntraLegacy => entra(old, changes),
        Dialect::Entra2020 => Ok(united(entra(old, changes)?)),
    }
}

/// One operation for each path, whatever stands in the target: `Add` for what is new.
fn entra(old: &Map<String, Value>, changes: &Map<String, Value>) -> Result<Vec<Operation>, Error> {
    let operation = |(path, value): (&String, &Value)| {
        Path::parse(path)?;
        Ok(match old.get(path) {
            _ if value.is_null() => Operation::remove(path),
            None | Some(Value::Null) => Operation::add(path, value.clone()),
            Some(_) => Operation::replace(path, value.clone()),
        })
    };
    changes.iter().map(operation).collect()
}

/// Several changes of the same kind to single-valued attributes in one operation, after the others.
fn united(operations: Vec<Operation>) -> Vec<Operation> {
    let unites = |operation: &Operation| {
        operation.value.is_some() && operation.path.as_ref().is_some_and(|path| !path.contains('['))
    };
    let (single, mut united): (Vec<_>, Vec<_>) = operations.into_iter().partition(unites);
    for kind in [OperationKind::Add, OperationKind::Replace] {
        let mut same: Vec<_> = single.iter().filter(|operation| operation.kind == kind).cloned().collect();
        if same.len() > 1 {
            let values = same.drain(..).filter_map(|operation| Some((operation.path?, operation.value?)));
            let value = Some(Value::Object(values.collect()));
            united.push(Operation { kind, path: None, value });
        } else {
            united.append(&mut same);
        }
    }
    united
}

/// The operations that add members to a group.
pub(crate) fn add_members<'a>(ids: impl IntoIterator<Item = &'a str>) -> Vec<Operation> {
    vec![Operation::add("members", references(ids))]
}

/// The operations that take members out of a group.
pub(crate) fn remove_members<'a>(dialect: Dialect, ids: impl IntoIterator<Item = &'a str>) -> Vec<Operation> {
    match dialect {
        Dialect::Rfc | Dialect::Entra2020 => ids
            .into_iter()
            .map(|id| Operation::remove(format!("members[value eq {}]", Value::from(id))))
            .collect(),
        Dialect::EntraLegacy => {
            vec![Operation { value: Some(references(ids)), ..Operation::remove("members") }]
        }
    }
}

fn references<'a>(ids: impl IntoIterator<Item = &'a str>) -> Value {
    ids.into_iter().map(|id| json!({"value": id})).collect()
}

/// A new resource with what it carries besides its values.
pub(crate) fn complete(
    dialect: Dialect,
    kind: ResourceKind,
    document: &Map<String, Value>,
) -> Cow<'_, Map<String, Value>> {
    if dialect == Dialect::Rfc {
        return Cow::Borrowed(document);
    }
    let mut document = document.clone();
    match kind {
        ResourceKind::Users => {
            document::add_schema(&mut document, ENTERPRISE_USER);
            let emails = document.get_mut("emails").and_then(Value::as_array_mut);
            let work = emails
                .into_iter()
                .flatten()
                .filter_map(Value::as_object_mut)
                .find(|mail| mail.get("type").is_some_and(|kind| kind == "work"));
            if let Some(work) = work {
                work.entry("primary").or_insert(Value::Bool(true));
            }
        }
        ResourceKind::Groups => document::add_schema(&mut document, ENTRA_GROUP),
    }
    Cow::Owned(document)
}

/// The filter that finds resources by one attribute.
pub(crate) fn equality_filter(dialect: Dialect, path: &Path, value: &str) -> String {
    match dialect {
        Dialect::Rfc => path.equals(value),
        // Entra ID compares the path as its mapping has it, a form that RFC 7644's grammar lacks.
        Dialect::Entra2020 | Dialect::EntraLegacy => format!("{path} eq {}", Value::from(value)),
    }
}

/// The body of a PATCH request (RFC 7644 section 3.5.2).
pub(crate) fn patch_body(dialect: Dialect, operations: &[Operation]) -> Vec<u8> {
    serde_json::to_vec(&Envelope { dialect, operations })
        .expect("JSON values with string keys always serialize")
}

struct Envelope<'a> {
    dialect: Dialect,
    operations: &'a [Operation],
}

struct Operations<'a>(&'a Envelope<'a>);

struct Written<'a> {
    dialect: Dialect,
    operation: &'a Operation,
}

impl Serialize for Envelope<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("schemas", &[PATCH_OPERATIONS])?;
        map.serialize_entry("Operations", &Operations(self))?;
        map.end()
    }
}

impl Serialize for Operations<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Envelope { dialect, operations } = *self.0;
        let mut list = serializer.serialize_seq(Some(operations.len()))?;
        for operation in operations {
            list.serialize_element(&Written { dialect, operation })?;
        }
        list.end()
    }
}

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Operation { kind, path, value } = self.operation;
        let legacy = self.dialect == Dialect::EntraLegacy;
        let name = match (kind, legacy) {
            (OperationKind::Add, false) => "add",
            (OperationKind::Replace, false) => "replace",
            (OperationKind::Remove, false) => "remove",
            (OperationKind::Add, true) => "Add",
            (OperationKind::Replace, true) => "Replace",
            (OperationKind::Remove, true) => "Remove",
        };
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("op", name)?;
        if let Some(path) = path {
            map.serialize_entry("path", path)?;
        }
        match value {
            Some(Value::Bool(flag)) if legacy => {
                map.serialize_entry("value", if *flag { "True" } else { "False" })?;
            }
            Some(value) => map.serialize_entry("value", value)?,
            None => {}
        }
        map.end()
    }
}
