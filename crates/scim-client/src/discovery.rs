//! What a target says of the attributes of its resources: `/Schemas`, with `/ResourceTypes` where it is served (RFC 7644
//! section 4). Read with tolerance, as many servers answer in forms of their own.

use std::collections::HashSet;

use reqwest::Method;
use scim::schema::{Mutability, Type};
use scim::{AttrPath, Attribute, Schema};
use serde_json::{Map, Value};

use crate::document::member;
use crate::failure::Failure;
use crate::kind::ResourceKind;
use crate::target::Target;
use crate::transport::{Request, encode, parse};

/// Bytes of a list, all its pages together.
const MOST_BYTES: usize = 4 << 20;
/// Pages of a list, and schemas read one by one.
const MOST_REQUESTS: usize = 20;
/// Schemas in all.
const MOST_SCHEMAS: usize = 200;
/// Attributes of a resource, with their sub-attributes; more are left out.
const MOST_ATTRIBUTES: usize = 1_000;
/// Texts that are kept of an attribute: reference types.
const MOST_WORDS: usize = 20;
const LONGEST_NAME: usize = 128;
const LONGEST_URN: usize = 255;
/// Schemas of the protocol itself, which no user or group has.
const PROTOCOL: [&str; 4] = ["Schema", "ResourceType", "ServiceProviderConfig", "ServiceProviderConfigs"];

/// The attributes of users and groups, as the target describes them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Described {
    /// Of `/Users`.
    pub users: ResourceSchema,
    /// Of `/Groups`.
    pub groups: ResourceSchema,
}

/// The attributes of one resource type.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResourceSchema {
    /// Those at the top of a resource.
    pub attributes: Vec<Attribute>,
    /// Extensions, whose attributes are under their URN.
    pub extensions: Vec<Schema>,
}

impl Target {
    /// Asks the target what attributes its users and groups have; `None` where it does not say.
    ///
    /// # Errors
    /// Wrong credentials, an unreachable target, and answers that are too large.
    pub async fn describe(&self) -> Result<Option<Described>, Failure> {
        let this = self.impatient();
        let Some(found) = this.collection("Schemas").await? else { return Ok(None) };
        let mut schemas: Vec<Schema> = found.iter().filter_map(read_schema).take(MOST_SCHEMAS).collect();
        if schemas.is_empty() {
            return Ok(None);
        }
        // A list of names, each to be asked for.
        let bare =
            schemas.iter_mut().filter(|schema| schema.attributes.is_empty() && !is_protocol(&schema.id));
        for schema in bare.take(MOST_REQUESTS) {
            if let Some((whole, _)) =
                this.read(&format!("Schemas/{}", encode(&schema.id)), "", MOST_BYTES).await?
                && let Some(whole) =
                    read_schema(&whole).filter(|whole| whole.id.eq_ignore_ascii_case(&schema.id))
            {
                *schema = whole;
            }
        }
        // The schemas alone tell most of it.
        let types = match this.collection("ResourceTypes").await {
            Ok(types) => types.unwrap_or_default(),
            Err(failure) if failure.status.is_some() => Vec::new(),
            Err(failure) => return Err(failure),
        };
        let described = Described {
            users: of_type(ResourceKind::Users, &schemas, &types),
            groups: of_type(ResourceKind::Groups, &schemas, &types),
        };
        Ok((described != Described::default()).then_some(described))
    }

    /// The objects of a list, page by page; `None` where it is not served.
    async fn collection(&self, path: &str) -> Result<Option<Vec<Value>>, Failure> {
        let mut all = Vec::new();
        let mut seen = HashSet::new();
        let mut room = MOST_BYTES;
        for _ in 0..MOST_REQUESTS {
            let query = if all.is_empty() { String::new() } else { format!("startIndex={}", all.len() + 1) };
            let Some((answer, size)) = self.read(path, &query, room).await? else { break };
            room -= size;
            let (objects, total) = objects(answer);
            let new: Vec<Value> =
                objects.into_iter().filter(|object| seen.insert(name(object).to_ascii_lowercase())).collect();
            let done = new.is_empty();
            all.extend(new);
            // One that does not page answers the same again.
            if done || total.is_none_or(|total| all.len() as u64 >= total) || all.len() >= MOST_SCHEMAS {
                break;
            }
        }
        Ok((!all.is_empty()).then_some(all))
    }

    /// A document of discovery with its size in bytes, at most `room`; `None` where the target has none there.
    async fn read(&self, path: &str, query: &str, room: usize) -> Result<Option<(Value, usize)>, Failure> {
        let (path, query) = (path.to_owned(), query.to_owned());
        let request = Request { method: Method::GET, path, query, body: None, if_match: None };
        match self.send(request).await {
            Ok(answer) if answer.body.len() > room => Err(Failure::not_scim(format!(
                "What the target says of its attributes is larger than {} MiB; it was not read.",
                MOST_BYTES >> 20
            ))),
            // A web page, for one, is what some answer to every address that they do not know.
            Ok(answer) => Ok(parse(&answer).ok().map(|document| (document, answer.body.len()))),
            Err(failure) => match failure.status {
                Some(400 | 403..=406 | 410 | 501) => Ok(None),
                _ => Err(failure),
            },
        }
    }
}

/// The objects of a ListResponse, a bare list, or an answer that is one object itself; and how many there are in all.
fn objects(answer: Value) -> (Vec<Value>, Option<u64>) {
    match answer {
        Value::Array(objects) => (objects, None),
        Value::Object(mut body) => {
            let total = member(&body, "totalResults").and_then(|total| match total {
                Value::String(text) => text.parse().ok(),
                number => number.as_u64(),
            });
            let key = body.keys().find(|key| key.eq_ignore_ascii_case("Resources")).cloned();
            match key.and_then(|key| body.remove(&key)) {
                Some(Value::Array(objects)) => (objects, total),
                _ if member(&body, "attributes").is_some() => (vec![Value::Object(body)], None),
                _ => (Vec::new(), None),
            }
        }
        _ => (Vec::new(), None),
    }
}

/// What an object of a list is told apart by.
fn name(object: &Value) -> &str {
    let text = |key| object.as_object().and_then(|object| member(object, key)).and_then(Value::as_str);
    text("id").or_else(|| text("name")).unwrap_or_default()
}

/// The schemas of a resource type: those that the target says, and any that belongs to no type by what it says and
/// carries the type's name.
fn of_type(kind: ResourceKind, schemas: &[Schema], types: &[Value]) -> ResourceSchema {
    let by_urn = |urn: &str| schemas.iter().find(|schema| schema.id.eq_ignore_ascii_case(urn));
    let said: Vec<Said> = types.iter().filter_map(Said::read).collect();
    let of_kind = said.iter().find(|said| said.is(kind));
    let core = of_kind.and_then(|said| by_urn(&said.core)).or_else(|| by_urn(kind.schema()));
    let mut extensions: Vec<&Schema> =
        of_kind.iter().flat_map(|said| &said.extensions).filter_map(|urn| by_urn(urn)).collect();
    for schema in schemas {
        let claimed = said.iter().any(|said| said.names(&schema.id));
        let named = match schema.id.rsplit(':').next() {
            Some(last) if last.eq_ignore_ascii_case(kind.name()) => true,
            // Most extensions are of users, whatever they are called.
            Some(last) => {
                kind == ResourceKind::Users && !last.eq_ignore_ascii_case("Group") && said.is_empty()
            }
            None => false,
        };
        if !claimed && named && !is_protocol(&schema.id) {
            extensions.push(schema);
        }
    }
    let mut found = ResourceSchema::default();
    let mut left = MOST_ATTRIBUTES;
    if let Some(core) = core {
        found.attributes = within(&core.attributes, &mut left);
    }
    for extension in extensions {
        let known = |schema: &Schema| schema.id.eq_ignore_ascii_case(&extension.id);
        if core.is_some_and(known) || found.extensions.iter().any(known) || is_core(&extension.id) {
            continue;
        }
        let attributes = within(&extension.attributes, &mut left);
        if !attributes.is_empty() {
            found.extensions.push(Schema { attributes, ..extension.clone() });
        }
    }
    if left == 0 {
        tracing::warn!(kind = kind.name(), "the target describes more than {MOST_ATTRIBUTES} attributes");
    }
    found
}

/// As many of the attributes as there is room for.
fn within(attributes: &[Attribute], left: &mut usize) -> Vec<Attribute> {
    let mut kept = Vec::new();
    for attribute in attributes {
        let Some(rest) = left.checked_sub(1 + attribute.sub_attributes.len()) else {
            *left = 0;
            break;
        };
        *left = rest;
        kept.push(attribute.clone());
    }
    kept
}

fn is_core(urn: &str) -> bool {
    [ResourceKind::Users, ResourceKind::Groups].iter().any(|kind| kind.schema().eq_ignore_ascii_case(urn))
}

fn is_protocol(urn: &str) -> bool {
    let last = urn.rsplit(':').next().unwrap_or_default();
    PROTOCOL.iter().any(|name| name.eq_ignore_ascii_case(last))
        || urn.to_ascii_lowercase().contains(":api:messages:")
}

/// A resource type.
struct Said {
    name: String,
    endpoint: String,
    core: String,
    extensions: Vec<String>,
}

impl Said {
    fn read(value: &Value) -> Option<Self> {
        let body = value.as_object()?;
        let text = |key| member(body, key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let extensions = member(body, "schemaExtensions").and_then(Value::as_array).into_iter().flatten();
        let urn = |extension: &Value| match extension {
            Value::Object(body) => member(body, "schema")?.as_str().map(str::to_owned),
            other => other.as_str().map(str::to_owned),
        };
        Some(Self {
            name: text("name"),
            endpoint: text("endpoint"),
            core: text("schema"),
            extensions: extensions.filter_map(urn).take(MOST_SCHEMAS).collect(),
        })
    }

    /// The endpoint may be a path or a whole URL.
    fn is(&self, kind: ResourceKind) -> bool {
        let last = self.endpoint.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        last.eq_ignore_ascii_case(kind.endpoint())
            || (last.is_empty() && self.name.eq_ignore_ascii_case(kind.name()))
    }

    fn names(&self, urn: &str) -> bool {
        self.core.eq_ignore_ascii_case(urn) || self.extensions.iter().any(|it| it.eq_ignore_ascii_case(urn))
    }
}

fn read_schema(value: &Value) -> Option<Schema> {
    let body = value.as_object()?;
    let id = member(body, "id")?.as_str()?.trim();
    let urn = id.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("urn:"));
    // An attribute must be found behind it.
    let usable = AttrPath::parse(&format!("{id}:a")).is_ok_and(|path| path.uri.as_deref() == Some(id));
    if !urn || !usable || id.len() > LONGEST_URN {
        return None;
    }
    Some(Schema {
        id: id.to_owned(),
        name: String::new(),
        description: String::new(),
        attributes: attributes(body, "attributes", id),
    })
}

/// The attributes of a schema, or of an attribute. Those whose names cannot stand in a path are left out, and so is the
/// second of a name.
fn attributes(of: &Map<String, Value>, key: &str, urn: &str) -> Vec<Attribute> {
    let mut seen = HashSet::new();
    let listed = member(of, key).and_then(Value::as_array).into_iter().flatten();
    listed
        .filter_map(|value| attribute(value.as_object()?, urn))
        .filter(|attribute| seen.insert(attribute.name.to_ascii_lowercase()))
        .take(MOST_ATTRIBUTES)
        .collect()
}

fn attribute(body: &Map<String, Value>, urn: &str) -> Option<Attribute> {
    let text = |key| member(body, key).and_then(Value::as_str).map(str::trim);
    let flag = |key| match member(body, key) {
        Some(Value::Bool(flag)) => *flag,
        Some(Value::String(text)) => text.eq_ignore_ascii_case("true"),
        _ => false,
    };
    let name = text("name")?;
    // Some write the whole path.
    let name = match name.split_at_checked(urn.len()) {
        Some((start, rest)) if start.eq_ignore_ascii_case(urn) => rest.strip_prefix(':').unwrap_or(name),
        _ => name,
    };
    let path = AttrPath::parse(name).ok().filter(|path| path.uri.is_none() && path.sub.is_none())?;
    if name.len() > LONGEST_NAME {
        return None;
    }
    let parts = attributes(body, "subAttributes", urn);
    let kind = text("type").and_then(Type::parse);
    let kind = if parts.is_empty() { kind.unwrap_or(Type::String) } else { Type::Complex };
    let words = member(body, "referenceTypes").and_then(Value::as_array).into_iter().flatten();
    let words = words.filter_map(Value::as_str).filter(|word| word.len() <= LONGEST_NAME).take(MOST_WORDS);
    Some(Attribute {
        multi_valued: flag("multiValued"),
        required: flag("required"),
        case_exact: flag("caseExact"),
        mutability: text("mutability").and_then(Mutability::parse).unwrap_or(Mutability::ReadWrite),
        reference_types: words.map(str::to_owned).collect(),
        // One level deep, as the RFC has it.
        sub_attributes: parts.into_iter().filter(|part| part.kind != Type::Complex).collect(),
        ..Attribute::new(&path.name, kind, "")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn an_attribute_is_read_however_it_is_written() {
        let read = |value: &Value| attribute(value.as_object().expect("an object"), "urn:x:y:User");
        let full = read(
            &json!({"Name": "urn:x:y:User:level", "TYPE": "Integer", "multivalued": "True", "caseexact": true,
            "mutability": "readonly", "referenceTypes": ["User", 7]}),
        );
        let full = full.expect("an attribute");
        assert_eq!((full.name.as_str(), full.kind, full.multi_valued), ("level", Type::Integer, true));
        assert_eq!((full.case_exact, full.mutability), (true, Mutability::ReadOnly));
        assert_eq!(full.reference_types, ["User"]);
        let parts = json!([{"name": "value"}, {"name": "VALUE"}, {"name": "deep", "subAttributes": [{"name": "er"}]}, 7]);
        let complex =
            read(&json!({"name": "list", "type": "whatever", "subAttributes": parts})).expect("an attribute");
        assert_eq!((complex.kind, complex.sub_attributes.len()), (Type::Complex, 1));
        for nonsense in [
            json!({}),
            json!({"name": 7}),
            json!({"name": "a b"}),
            json!({"name": "a.b"}),
            json!({"name": "x".repeat(200)}),
        ] {
            assert_eq!(read(&nonsense), None, "{nonsense}");
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let key = "(id|name|type|attributes|subAttributes|Resources|totalResults|multiValued|urn:a:b:User|x)";
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            key.prop_map(Value::from)
        ];
        leaf.prop_recursive(5, 60, 6, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::vec((key, inner), 0..6)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect()))
            ]
        })
    }

    proptest! {
        #[test]
        fn nothing_that_is_answered_does_harm(answer in any_json(), types in any_json()) {
            let schemas: Vec<Schema> = objects(answer).0.iter().filter_map(read_schema).collect();
            let (types, _) = objects(types);
            for kind in [ResourceKind::Users, ResourceKind::Groups] {
                let _ = of_type(kind, &schemas, &types);
            }
        }
    }
}
