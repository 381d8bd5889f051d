//! The `directories` of Graph's `synchronizationSchema`: the attributes of the source and of the target, out and in.

use directory::{AttributeKind, TargetChange, known_attribute};
use engine::{Listed, TargetList, known_attributes};
use model::{
    AttributeOrigin, AttributeType, Mutability, ObjectMapping, ObjectType, TargetAttribute, TargetSchema,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use uuid::Uuid;

/// The name of the source in a schema.
pub(crate) const SOURCE: &str = "Azure Active Directory";
/// The name of the target in a schema.
pub(crate) const TARGET: &str = "customappsso";

/// Both ends of a synchronization rule.
pub(crate) fn both(
    directory: Uuid,
    app: Uuid,
    mappings: &[ObjectMapping],
    known: &TargetSchema,
) -> Vec<Value> {
    vec![source(directory), target(app, mappings, known)]
}

/// The source directory with the attributes that mappings can read.
pub(crate) fn source(id: Uuid) -> Value {
    let object = |object_type: ObjectType| {
        let attributes = known_attributes(object_type).iter().map(|name| source_attribute(object_type, name));
        json!({"name": format!("{object_type:?}"), "supportedApis": [], "metadata": [],
            "attributes": attributes.collect::<Vec<_>>()})
    };
    json!({
        "id": id,
        "name": SOURCE,
        "version": null,
        "discoveryDateTime": null,
        "discoverabilities": "None",
        "readOnly": true,
        "metadata": [],
        "objects": [object(ObjectType::User), object(ObjectType::Group)],
    })
}

fn source_attribute(object_type: ObjectType, name: &str) -> Value {
    let mut attribute = TargetAttribute::new(name, AttributeType::String);
    match known_attribute(object_type, name).map(|(_, kind)| kind) {
        Some(AttributeKind::Boolean) => attribute.kind = AttributeType::Boolean,
        Some(AttributeKind::Instant) => attribute.kind = AttributeType::DateTime,
        // Of a list these are the first.
        Some(AttributeKind::Texts) => attribute.multi_valued = !name.ends_with("elephoneNumber"),
        None if name == "IsSoftDeleted" => attribute.kind = AttributeType::Boolean,
        None if name == "manager" || name == "members" => {
            attribute.kind = AttributeType::Reference;
            attribute.multi_valued = name == "members";
            attribute.references = vec!["User".to_owned()];
        }
        Some(AttributeKind::Text) | None => {}
    }
    definition(&attribute, name == "objectId", &[])
}

/// The target with its attributes, and the values of lists that are mapped.
pub(crate) fn target(id: Uuid, mappings: &[ObjectMapping], known: &TargetSchema) -> Value {
    let object = |object_type: ObjectType| {
        let list = TargetList::new(known, object_type);
        let mut attributes: Vec<Value> =
            list.iter().map(|it| target_attribute(it, &it.attribute.name)).collect();
        let mapped = mappings.iter().filter(|it| it.source_object == object_type);
        for mapping in mapped.flat_map(|mapping| &mapping.attribute_mappings) {
            let name = mapping.target_attribute_name.trim();
            let Ok(path) = scim::Path::parse(name) else { continue };
            if let Some(listed) = list.find(&path).filter(|_| list.attribute(name).is_none()) {
                attributes.push(target_attribute(listed, name));
            }
        }
        json!({"name": super::schema::target_name(object_type), "supportedApis": [], "metadata": [],
            "attributes": attributes})
    };
    json!({
        "id": id,
        "name": TARGET,
        "version": known.discovered_at,
        "discoveryDateTime": known.discovered_at,
        "discoverabilities": "AttributeNames, AttributeDataTypes, AttributeReadOnly, ReferenceAttributes",
        "readOnly": false,
        "metadata": [],
        "objects": [object(ObjectType::User), object(ObjectType::Group)],
    })
}

/// An attribute of the target's list as Graph's `attributeDefinition`, with members of ours: where it comes from, and its
/// type in SCIM where Graph has none like it.
pub(crate) fn target_attribute(listed: &Listed, name: &str) -> Value {
    let attribute = TargetAttribute { name: name.to_owned(), ..listed.attribute.clone() };
    let added = listed.origin == AttributeOrigin::Added;
    let metadata =
        if added { vec![json!({"key": "IsCustomerDefined", "value": "True"})] } else { Vec::new() };
    let mut shown = definition(&attribute, name == "id", &metadata);
    shown["origin"] = json!(listed.origin);
    if let AttributeType::Complex | AttributeType::Decimal = attribute.kind {
        shown["type"] = "String".into();
        shown["scimType"] = json!(attribute.kind);
    }
    shown
}

fn definition(attribute: &TargetAttribute, anchor: bool, metadata: &[Value]) -> Value {
    let reference = |name: &String| json!({"referencedObjectName": name, "referencedProperty": "id"});
    json!({
        "name": attribute.name,
        "type": attribute.kind,
        "anchor": anchor,
        "caseExact": attribute.case_exact,
        "defaultValue": null,
        "flowNullValues": true,
        "multivalued": attribute.multi_valued,
        "mutability": attribute.mutability,
        "required": attribute.required,
        "referencedObjects": attribute.references.iter().map(reference).collect::<Vec<_>>(),
        "metadata": metadata,
        "apiExpressions": [],
    })
}

/// The members of an `attributeDefinition`, Graph's and ours.
pub(crate) const MEMBERS: [&str; 14] = [
    "name",
    "type",
    "anchor",
    "caseExact",
    "defaultValue",
    "flowNullValues",
    "multivalued",
    "mutability",
    "required",
    "referencedObjects",
    "metadata",
    "apiExpressions",
    "origin",
    "scimType",
];

/// What a schema in Graph's form says of the target's attributes; nothing of objects that it does not list.
pub(crate) fn import(schema: &Value) -> Result<Vec<TargetChange>, String> {
    let rule = &schema["synchronizationRules"][0];
    let name = rule["targetDirectoryName"].as_str().unwrap_or(TARGET);
    let directories = match &schema["directories"] {
        Value::Array(directories) => directories.as_slice(),
        Value::Null => &[],
        _ => return Err("directories must be a list.".to_owned()),
    };
    let Some(directory) = directories.iter().find(|it| it["name"] == name) else { return Ok(Vec::new()) };
    let mut changes = Vec::new();
    for mapping in rule["objectMappings"].as_array().into_iter().flatten() {
        let object_type = match mapping["sourceObjectName"].as_str() {
            Some(name) if name.eq_ignore_ascii_case("group") => ObjectType::Group,
            _ => ObjectType::User,
        };
        let wanted = mapping["targetObjectName"].as_str().unwrap_or_default();
        let objects = directory["objects"].as_array().into_iter().flatten();
        let object = objects
            .into_iter()
            .find(|it| it["name"].as_str().is_some_and(|name| name.eq_ignore_ascii_case(wanted)));
        let Some(listed) = object.and_then(|it| it["attributes"].as_array()).filter(|it| !it.is_empty())
        else {
            continue;
        };
        let mut attributes = Vec::with_capacity(listed.len().min(engine::MOST_ATTRIBUTES));
        for (at, attribute) in listed.iter().enumerate() {
            let read = read(attribute);
            attributes
                .push(read.map_err(|error| format!("directories, {wanted}, attributes[{at}]: {error}"))?);
        }
        changes.push(TargetChange::Replace(object_type, attributes));
    }
    Ok(changes)
}

/// An attribute in Graph's form, and where it comes from if it says so.
pub(crate) fn read(definition: &Value) -> Result<(TargetAttribute, Option<AttributeOrigin>), String> {
    let name = definition["name"].as_str().map(str::trim).filter(|name| !name.is_empty());
    let name = name.ok_or("it has no name")?;
    let flag = |key: &str| match &definition[key] {
        Value::Bool(flag) => Ok(*flag),
        Value::Null => Ok(false),
        _ => Err(format!("{key} must be true or false")),
    };
    let kind: Option<AttributeType> = word("scimType", &definition["scimType"])?;
    let kind = match kind {
        Some(kind) => kind,
        None => word("type", &definition["type"])?.unwrap_or_default(),
    };
    let references = definition["referencedObjects"].as_array().into_iter().flatten();
    let attribute = TargetAttribute {
        multi_valued: flag("multivalued")?,
        case_exact: flag("caseExact")?,
        required: flag("required")?,
        mutability: word::<Mutability>("mutability", &definition["mutability"])?.unwrap_or_default(),
        references: references
            .filter_map(|it| it["referencedObjectName"].as_str().map(str::to_owned))
            .take(20)
            .collect(),
        ..TargetAttribute::new(name, kind)
    };
    let metadata = definition["metadata"].as_array().into_iter().flatten();
    let custom = metadata.into_iter().any(|it| it["key"] == "IsCustomerDefined" && it["value"] != "False");
    let origin = word("origin", &definition["origin"])?;
    Ok((attribute, origin.or(custom.then_some(AttributeOrigin::Added))))
}

/// A word of an enumeration, in any case of its first letter; none where it is not given.
pub(crate) fn word<T: DeserializeOwned>(what: &str, value: &Value) -> Result<Option<T>, String> {
    let Some(text) = value.as_str() else {
        return if value.is_null() { Ok(None) } else { Err(format!("{what} must be a text")) };
    };
    let with = |first: fn(char) -> char| {
        let mut letters = text.chars();
        let word: String = letters.next().map(first).into_iter().chain(letters).collect();
        serde_json::from_value(Value::String(word)).ok()
    };
    let found = with(|it| it.to_ascii_uppercase()).or_else(|| with(|it| it.to_ascii_lowercase()));
    let shown: String = text.chars().take(60).collect();
    found.map(Some).ok_or_else(|| format!("{what} cannot be '{shown}'"))
}
