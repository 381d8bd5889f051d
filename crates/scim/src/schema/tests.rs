use proptest::prelude::*;
use serde_json::json;

use super::*;

#[test]
fn names_are_found_in_any_case() {
    let user = Definition::user(&[]);
    assert_eq!(user.find("USERNAME").unwrap().to_string(), "userName");
    assert_eq!(user.find("Emails.VALUE").unwrap().to_string(), "emails.value");
    assert_eq!(
        user.find("URN:IETF:params:scim:schemas:core:2.0:user:name.givenname").unwrap().to_string(),
        "name.givenName"
    );
    let manager =
        user.find("urn:ietf:params:scim:schemas:extension:Enterprise:2.0:User:Manager.value").unwrap();
    assert_eq!(manager.to_string(), format!("{}:manager.value", urn::ENTERPRISE_USER));
    assert!(user.find("emails.nope").is_none());
    assert!(user.find("department").is_none());
    let read = user.find_read("Manager.value").expect("an attribute of an extension");
    assert_eq!(read.to_string(), format!("{}:manager.value", urn::ENTERPRISE_USER));
    assert!(user.find_read("manager.shoe").is_none() && user.find_read("shoe").is_none());
    assert!(user.find("userName.value").is_none());
}

#[test]
fn bare_urns_name_schemas() {
    let own = Schema {
        id: "urn:acme:hr.v1".into(),
        name: "HR".into(),
        description: String::new(),
        attributes: vec![Attribute::string("badge", "")],
    };
    own.validate().unwrap();
    let user = Definition::user(&[own]);
    let resolve = |text: &str| {
        let path = AttrPath::parse(text).unwrap();
        user.resolve(&path).map(|target| match target {
            Target::Core => "core".to_owned(),
            Target::Extension(schema) => schema.id.clone(),
            Target::Attribute(located) => located.to_string(),
        })
    };
    assert_eq!(resolve(urn::USER).as_deref(), Some("core"));
    assert_eq!(resolve(urn::ENTERPRISE_USER).as_deref(), Some(urn::ENTERPRISE_USER));
    assert_eq!(resolve("urn:ACME:hr.v1").as_deref(), Some("urn:acme:hr.v1"));
    assert_eq!(resolve("urn:acme:hr.v1:BADGE").as_deref(), Some("urn:acme:hr.v1:badge"));
    assert_eq!(resolve("urn:acme:other"), None);
}

use crate::path::AttrPath;

#[test]
fn standard_schemas_have_what_the_rfc_lists() {
    let names = |schema: &Schema| schema.attributes.iter().map(|a| a.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&user()).len(), 21);
    assert_eq!(names(&group()), ["displayName", "members"]);
    let members: Vec<String> =
        group().attribute("members").unwrap().sub_attributes.iter().map(|sub| sub.name.clone()).collect();
    assert_eq!(members, ["value", "$ref", "type"]);
    assert_eq!(
        names(&enterprise_user()),
        ["employeeNumber", "costCenter", "organization", "division", "department", "manager"]
    );
    let user = user();
    let password = user.attribute("password").unwrap();
    assert_eq!((password.mutability, password.returned), (Mutability::WriteOnly, Returned::Never));
    assert!(user.attribute("userName").unwrap().required);
}

#[test]
fn json_reads_back_and_foreign_json_is_tolerated() {
    for schema in [user(), group(), enterprise_user()] {
        let body = schema.to_json("https://x/scim/v2");
        assert_eq!(body["meta"]["location"], format!("https://x/scim/v2/Schemas/{}", schema.id));
        assert_eq!(serde_json::from_value::<Schema>(body).unwrap(), schema);
    }
    let sparse = json!({"id": "urn:a:b", "attributes": [{"name": "x", "type": "Boolean"}, {"name": "y", "type": "?"}]});
    let schema: Schema = serde_json::from_value(sparse).unwrap();
    assert_eq!((schema.attributes[0].kind, schema.attributes[1].kind), (Type::Boolean, Type::String));
    assert_eq!(schema.attributes[0].mutability, Mutability::ReadWrite);
}

#[test]
fn resource_type_lists_extensions() {
    let body = Definition::user(&[]).resource_type().to_json("https://x");
    assert_eq!(body["schemaExtensions"], json!([{"schema": urn::ENTERPRISE_USER, "required": false}]));
    assert_eq!(body["endpoint"], "/Users");
}

#[test]
fn bad_extensions_are_refused_by_name() {
    let with = |id: &str, attributes: Vec<Attribute>| {
        let schema = Schema { id: id.into(), name: String::new(), description: String::new(), attributes };
        schema.validate().unwrap_err().detail
    };
    let one = || vec![Attribute::string("a", "")];
    assert!(with("contoso", one()).contains("URN"));
    assert!(with(urn::USER, one()).contains("RFC"));
    assert!(with("urn:a:b c", one()).contains("character"));
    assert!(with("urn:a:b", vec![]).contains("1 to 256"));
    assert!(with("urn:a:b", vec![Attribute::string("a", ""), Attribute::string("A", "")]).contains("twice"));
    assert!(with("urn:a:b", vec![Attribute::string("1a", "")]).contains("\"1a\""));
    assert!(with("urn:a:b", vec![Attribute::string("Id", "")]).contains("common"));
    assert!(with("urn:a:b", vec![Attribute::complex("c", "", vec![])]).contains("no sub-attributes"));
    let unique = Attribute::new("u", Type::Boolean, "").unique(Uniqueness::Server);
    assert!(
        with("urn:a:b", vec![Attribute::complex("c", "", vec![unique])]).contains("c.u is of type boolean")
    );
    let indexed = |kind| vec![Attribute { indexed: true, ..Attribute::new("i", kind, "") }];
    for kind in [Type::Decimal, Type::DateTime, Type::Binary, Type::Complex] {
        assert!(with("urn:a:b", indexed(kind)).contains("cannot be indexed"), "{kind}");
    }
    let many = (0..21).flat_map(|n| indexed(Type::String).into_iter().map(move |a| (n, a)));
    let many = many.map(|(n, attribute)| Attribute { name: format!("a{n}"), ..attribute }).collect();
    assert!(with("urn:a:b", many).contains("at most 20"));
    let primary = Attribute::complex("c", "", vec![Attribute::string("primary", "")]).multi();
    assert!(with("urn:a:b", vec![primary]).contains("c.primary"));
    let number = Attribute::new("n", Type::Integer, "").canonical(&["1"]);
    assert!(with("urn:a:b", vec![number]).contains("canonicalValues"));
    let long = Attribute::string("a", &"x".repeat(1001));
    assert!(with("urn:a:b", vec![long]).contains("description of a"));
    let secret = Attribute::string("s", "").mutability(Mutability::WriteOnly);
    assert!(with("urn:a:b", vec![secret]).contains("never"));
    let nested = Attribute::complex("c", "", vec![Attribute::complex("d", "", one())]);
    assert!(with("urn:a:b", vec![nested]).contains("c.d"));
}

#[test]
fn an_administrators_schema_is_read_word_by_word() {
    let read = |body: Value, id| Schema::read(body.as_object().expect("an object"), id);
    let body = json!({"schemas": [urn::SCHEMA], "meta": {}, "id": "urn:a:b", "name": "B", "attributes": [
        {"name": "x", "type": "integer", "uniqueness": "server", "description": null},
        {"name": "y", "type": "complex", "subAttributes": [{"name": "z", "indexed": true}]}]});
    let schema = read(body, None).unwrap();
    assert!(schema.attributes[0].is_unique() && schema.attributes[1].sub_attributes[0].is_indexed());
    let shown = schema.to_json("")["attributes"][1]["subAttributes"][0].clone();
    assert!(shown.get("indexed").is_none(), "{shown}");
    assert_eq!(read(json!({"attributes": []}), Some("urn:a:c")).unwrap().id, "urn:a:c");
    for (body, word) in [
        (json!({}), "no id"),
        (json!({"id": "urn:a:d"}), "address"),
        (json!({"id": 5}), "id of the schema"),
        (json!({"attribute": []}), "\"attribute\""),
        (json!({"attributes": {}}), "a list"),
        (json!({"attributes": ["x"]}), "a list of objects"),
        (json!({"attributes": [{"type": "string"}]}), "no name"),
        (json!({"attributes": [{"name": "x", "type": "strng"}]}), "type of x is one of string"),
        (json!({"attributes": [{"name": "x", "multivalued": true}]}), "x has \"multivalued\""),
        (json!({"attributes": [{"name": "x", "required": "true"}]}), "required of x"),
        (json!({"attributes": [{"name": "x", "canonicalValues": [1]}]}), "canonicalValues of x"),
        (json!({"attributes": [{"name": "x", "subAttributes": [{"name": "y", "returned": "no"}]}]}), "x.y"),
    ] {
        let id = (body != json!({})).then_some("urn:a:b");
        let detail = read(body.clone(), id).unwrap_err().detail;
        assert!(detail.contains(word), "{body}: {detail}");
    }
}

#[test]
fn no_path_means_two_things() {
    let schema = |id: &str, name: &str| Schema {
        id: id.into(),
        name: String::new(),
        description: String::new(),
        attributes: vec![Attribute::string(name, "")],
    };
    let short = schema("urn:a:b", "c");
    for (other, clash) in [
        ("urn:a:b:c", true),
        ("URN:A:b:C", true),
        ("urn:a:b:c.d", true),
        ("urn:a:b:meta", true),
        ("urn:a:b:d", false),
        ("urn:a:bc", false),
        ("urn:a:b:c:d", false),
        ("urn:other", false),
    ] {
        let long = schema(other, "x");
        assert_eq!(short.check_beside(&long).is_err(), clash, "{other}");
        assert_eq!(long.check_beside(&short).is_err(), clash, "{other}");
    }
    assert!(schema(&format!("{}:userName", urn::USER), "x").check_beside(&user()).is_err());
}

/// Definitions as somebody might send them, most of them wrong somewhere.
fn definition() -> impl Strategy<Value = Value> {
    let word = |words: &'static [&'static str]| prop::sample::select(words).prop_map(Value::from);
    let name = word(&["a", "A", "b", "id", "value", "primary", "userName", "a.b", "$ref", "", "ä", "x1"]);
    let kind = word(&["string", "integer", "boolean", "complex", "reference", "dateTime", "STRING", "?"]);
    let leaf = (name, kind, any::<[bool; 3]>(), word(&["none", "server", "global", "all"])).prop_map(
        |(name, kind, [multi, required, indexed], uniqueness)| {
            json!({"name": name, "type": kind, "multiValued": multi, "required": required, "indexed": indexed,
                "uniqueness": uniqueness})
        },
    );
    let attribute = leaf.prop_recursive(3, 12, 3, |inner| {
        (inner.clone(), prop::collection::vec(inner, 0..3)).prop_map(|(mut attribute, subs)| {
            attribute["subAttributes"] = subs.into();
            attribute
        })
    });
    let urn = "(urn:[a-z]{1,3}:[a-zA-Z0-9:._/$%-]{0,9}|[a-z:]{0,9}|urn:ietf:params:scim:schemas:core:2\\.0(:User)?)";
    (urn, prop::collection::vec(attribute, 0..4))
        .prop_map(|(id, attributes)| json!({"id": id, "attributes": attributes}))
}

proptest! {
    #[test]
    fn each_path_of_an_accepted_definition_names_its_attribute(body in definition()) {
        let Ok(schema) = Schema::read(body.as_object().expect("an object"), None) else { return Ok(()) };
        let beside = [user(), group(), enterprise_user()];
        if schema.validate().is_err() || beside.iter().any(|other| schema.check_beside(other).is_err()) {
            return Ok(());
        }
        let user = Definition::user(std::slice::from_ref(&schema));
        for attribute in &schema.attributes {
            let path = format!("{}:{}", schema.id, attribute.name);
            for path in [path.clone(), path.to_ascii_uppercase().replacen("URN:", "urn:", 1)] {
                let found = user.find(&path).expect("it is found");
                prop_assert_eq!(found.extension.map(|own| &own.id), Some(&schema.id));
                prop_assert_eq!(found.attribute, attribute);
            }
        }
        for core in ["userName", "emails.value", "urn:ietf:params:scim:schemas:core:2.0:User:name.givenName"] {
            prop_assert!(user.find(core).expect("it is found").extension.is_none());
        }
        let indexed = crate::index::Indexed::all(&schema);
        for (position, one) in indexed.iter().enumerate() {
            prop_assert!(user.find(&one.path()).expect("it is found").leaf().is_indexed());
            prop_assert!(indexed[..position].iter().all(|other| other.path() != one.path()));
        }
    }
}
