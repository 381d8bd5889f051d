use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::error::ScimType;
use crate::quirk::Quirk;
use crate::resource::{Accepted, Mode, Projection};
use crate::schema::{Attribute, Definition, Mutability, Returned, Schema, Type};
use crate::{Body, Error, Member, urn};

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("not an object: {other}"),
    }
}

fn create(body: Value) -> Result<Accepted, Error> {
    Definition::user(&[]).accept(object(body), Mode::Create, false)
}

fn accepted(body: Value) -> (Value, Vec<Quirk>) {
    let accepted = create(body).unwrap();
    (Value::Object(accepted.resource), accepted.quirks.into_iter().collect())
}

fn user(rest: Value) -> Value {
    let mut body = object(json!({"schemas": [urn::USER], "userName": "a"}));
    body.extend(object(rest));
    Value::Object(body)
}

fn acme() -> Schema {
    Schema {
        id: "urn:acme:1.0:User".into(),
        name: "Acme".into(),
        description: String::new(),
        attributes: vec![
            Attribute::string("badge", "").mutability(Mutability::Immutable),
            Attribute::string("secret", "").returned(Returned::Never),
            Attribute::string("notes", "").returned(Returned::Request),
            Attribute::string("color", "").canonical(&["red", "green"]),
            Attribute::string("sealed", "").mutability(Mutability::ReadOnly),
            Attribute::new("level", Type::Integer, ""),
            Attribute::complex(
                "desk",
                "",
                vec![Attribute::string("room", "").required(), Attribute::string("seat", "")],
            ),
        ],
    }
}

#[test]
fn a_proper_body_is_kept_as_sent() {
    let body = json!({
        "schemas": [urn::USER, urn::ENTERPRISE_USER], "externalId": " 701984 ", "userName": "bJensen@x",
        "name": {"familyName": "Jensen", "givenName": "Barbara"}, "active": false,
        "phoneNumbers": [{"value": " 555 - 5555", "type": "work"}],
        "emails": [{"value": "B@x", "type": "work", "primary": true}, {"value": "b@y", "type": "home"}],
        urn::ENTERPRISE_USER: {"employeeNumber": "0701984", "manager": {"value": "26118915"}}
    });
    let (resource, quirks) = accepted(body.clone());
    assert_eq!(resource.to_string(), body.to_string());
    assert_eq!(quirks, []);
}

#[test]
fn booleans_as_strings() {
    let (resource, quirks) =
        accepted(user(json!({"active": "False", "roles": [{"value": "r", "primary": "True"}]})));
    assert_eq!(resource["active"], false);
    assert_eq!(resource["roles"][0]["primary"], true);
    assert_eq!(
        quirks,
        [Quirk::BooleanAsString("active".into()), Quirk::BooleanAsString("roles.primary".into())]
    );
}

#[test]
fn names_in_any_case() {
    let (resource, quirks) = accepted(json!({
        "SCHEMAS": [urn::USER.to_lowercase()], "UserName": "a", "Emails": [{"Value": "x", "TYPE": "work"}],
        urn::ENTERPRISE_USER.to_uppercase(): {"Department": "d"}
    }));
    assert_eq!(resource["schemas"], json!([urn::USER, urn::ENTERPRISE_USER]));
    assert_eq!(resource["userName"], "a");
    assert_eq!(resource["emails"], json!([{"value": "x", "type": "work"}]));
    assert_eq!(resource[urn::ENTERPRISE_USER]["department"], "d");
    assert!(quirks.contains(&Quirk::NameCase("UserName".into())));
    assert!(quirks.contains(&Quirk::SchemaNotListed(urn::ENTERPRISE_USER.into())));
}

#[test]
fn manager_in_every_shape() {
    let manager = |value: Value| {
        let (resource, _) = accepted(user(json!({urn::ENTERPRISE_USER: {"manager": value}})));
        resource.get(urn::ENTERPRISE_USER).cloned()
    };
    let expected = Some(json!({"manager": {"value": "m"}}));
    assert_eq!(manager(json!("m")), expected);
    assert_eq!(manager(json!({"value": "m", "displayName": "computed"})), expected);
    assert_eq!(manager(json!([{"value": "m"}])), expected);
    assert_eq!(manager(json!(["m"])), expected);
    for absent in [json!(""), json!(null), json!([]), json!({}), json!({"value": ""}), json!({"value": null})]
    {
        assert_eq!(manager(absent.clone()), None, "{absent}");
    }
}

#[test]
fn nulls_and_single_values_and_dotted_keys() {
    let (resource, quirks) = accepted(user(json!({
        "title": null, "emails": [], "phoneNumbers": {"value": "1"}, "roles": "admin", "displayName": ["d"],
        "name.givenName": "g", "name": {"familyName": "f"}, "photos": [null], "ims": null,
        format!("{}:department", urn::ENTERPRISE_USER): "dep"
    })));
    let kept: Vec<&String> = resource.as_object().unwrap().keys().collect();
    assert_eq!(
        kept,
        ["schemas", "userName", "phoneNumbers", "roles", "displayName", "name", urn::ENTERPRISE_USER]
    );
    assert_eq!(resource["phoneNumbers"], json!([{"value": "1"}]));
    assert_eq!(resource["roles"], json!([{"value": "admin"}]));
    assert_eq!(resource["displayName"], "d");
    assert_eq!(resource["name"], json!({"givenName": "g", "familyName": "f"}));
    assert_eq!(resource[urn::ENTERPRISE_USER], json!({"department": "dep"}));
    for quirk in [
        Quirk::NullValue("title".into()),
        Quirk::SingleForList("phoneNumbers".into()),
        Quirk::PlainForComplex("roles".into()),
        Quirk::ListForSingle("displayName".into()),
        Quirk::DottedKey("name.givenName".into()),
    ] {
        assert!(quirks.contains(&quirk), "{quirk}");
    }
}

#[test]
fn what_the_server_owns_is_ignored() {
    let (resource, quirks) = accepted(user(json!({
        "id": "mine", "meta": {"resourceType": "User"}, "groups": [{"value": "g"}], "password": "s3cret"
    })));
    assert_eq!(resource, user(json!({})));
    assert_eq!(quirks, [Quirk::ClientId]);
}

#[test]
fn schemas_are_repaired() {
    assert!(accepted(json!({"userName": "a"})).1.contains(&Quirk::SchemasMissing));
    let (resource, quirks) = accepted(json!({"userName": "a", "schemas": ["urn:x:y", urn::USER, urn::USER]}));
    assert_eq!(resource["schemas"], json!([urn::USER]));
    assert_eq!(quirks, [Quirk::SchemaUnknown("urn:x:y".into())]);
}

#[test]
fn unknown_attributes_are_ignored_or_refused() {
    let body = user(
        json!({"shoeSize": 44, "name": {"nick": "n"}, "urn:x:y": {"a": 1}, "": 1, "name.givenName.x": 1}),
    );
    let (resource, quirks) = accepted(body.clone());
    assert_eq!(resource, user(json!({})));
    assert_eq!(quirks.len(), 5);
    let error = Definition::user(&[]).accept(object(body), Mode::Create, true).unwrap_err();
    assert_eq!(error.scim_type, Some(ScimType::InvalidSyntax));
    assert!(error.detail.contains("shoeSize"), "{error}");
}

#[test]
fn types_are_checked() {
    for (rest, at) in [
        (json!({"active": "maybe"}), "active"),
        (json!({"active": 1}), "active"),
        (json!({"title": {"a": 1}}), "title"),
        (json!({"title": ["a", "b"]}), "title"),
        (json!({"emails": [true]}), "emails"),
        (json!({"name": "n"}), "name"),
        (json!({"x509Certificates": [{"value": "?"}]}), "x509Certificates.value"),
        (json!({urn::ENTERPRISE_USER: 1}), urn::ENTERPRISE_USER),
    ] {
        let error = create(user(rest.clone())).expect_err(&rest.to_string());
        assert_eq!(error.scim_type, Some(ScimType::InvalidValue), "{rest}");
        assert!(error.detail.contains(at), "{rest}: {error}");
    }
}

#[test]
fn a_number_for_a_string_is_kept_digit_by_digit_or_refused() {
    let (resource, _) = accepted(user(json!({"title": 18_446_744_073_709_551_615_u64, "nickName": 1.5})));
    assert_eq!((&resource["title"], &resource["nickName"]), (&json!("18446744073709551615"), &json!("1.5")));
    let error = create(user(json!({"title": 1e29}))).unwrap_err();
    assert!(error.detail.starts_with("title "), "{error}");
}

#[test]
fn an_integer_is_kept_without_fraction_and_exponent() {
    let definition = Definition::user(&[acme()]);
    let level = |sent: &str| {
        let body = format!(r#"{{"userName": "a", "urn:acme:1.0:User": {{"level": {sent}}}}}"#);
        let body = object(serde_json::from_str(&body).unwrap());
        let accepted = definition.accept(body, Mode::Create, false).map_err(|error| error.scim_type);
        accepted.map(|accepted| accepted.resource["urn:acme:1.0:User"]["level"].to_string())
    };
    for (sent, kept) in
        [("7.0", "7"), ("1e2", "100"), ("\"-3.0\"", "-3"), ("18446744073709551615", "18446744073709551615")]
    {
        assert_eq!(level(sent).as_deref(), Ok(kept), "{sent}");
    }
    for sent in ["7.5", "1e30", "\"7,0\""] {
        assert_eq!(level(sent), Err(Some(ScimType::InvalidValue)), "{sent}");
    }
}

#[test]
fn required_attributes_must_be_there() {
    for body in [json!({}), json!({"userName": ""}), json!({"userName": " "}), json!({"userName": null})] {
        let error = create(body).unwrap_err();
        assert_eq!(error.scim_type, Some(ScimType::InvalidValue));
        assert!(error.detail.contains("userName"));
    }
    let definition = Definition::user(&[acme()]);
    let body = user(json!({"urn:acme:1.0:User": {"desk": {"seat": "1"}}}));
    let error = definition.accept(object(body), Mode::Create, false).unwrap_err();
    assert!(error.detail.contains("urn:acme:1.0:User:desk.room"), "{error}");
}

#[test]
fn extensions_of_a_tenant_are_enforced() {
    let definition = Definition::user(&[acme()]);
    let accept = |parts: Value| {
        definition.accept(object(user(json!({"urn:acme:1.0:User": parts}))), Mode::Create, false)
    };
    assert!(accept(json!({"color": "RED"})).is_ok());
    assert!(accept(json!({"color": "blue"})).unwrap_err().detail.contains("red, green"));
    assert!(accept(json!({"level": 1.5})).unwrap_err().detail.contains("whole"));
    let kept = accept(json!({"level": "5", "sealed": "x"})).unwrap();
    assert_eq!(kept.resource["urn:acme:1.0:User"], json!({"level": 5}));
}

#[test]
fn replace_keeps_what_is_fixed() {
    let definition = Definition::user(&[acme()]);
    let current = object(user(json!({
        "id": "1", "meta": {"created": "2026-01-01T00:00:00Z"}, "title": "gone",
        "urn:acme:1.0:User": {"badge": "b1", "sealed": "s", "level": 1}
    })));
    let replace =
        |body: Value| definition.accept(object(user(body)), Mode::Replace { current: &current }, false);
    let kept = Value::Object(replace(json!({"id": "2"})).unwrap().resource);
    assert_eq!(kept["id"], "1");
    assert_eq!(kept.get("title"), None);
    assert_eq!(kept["meta"]["created"], "2026-01-01T00:00:00Z");
    assert_eq!(kept["urn:acme:1.0:User"], json!({"badge": "b1", "sealed": "s"}));
    assert_eq!(kept["schemas"], json!([urn::USER, "urn:acme:1.0:User"]));
    let error = replace(json!({"urn:acme:1.0:User": {"badge": "b2"}})).unwrap_err();
    assert_eq!(error.scim_type, Some(ScimType::Mutability));
}

#[test]
fn members_are_split_off() {
    let group = Definition::group(&[]);
    let accept = |members: Value| {
        let body = json!({"schemas": [urn::GROUP], "displayName": "g", "members": members});
        group.accept(object(body), Mode::Create, false)
    };
    let member = |value: &str| Member { value: value.into() };
    let kept = accept(json!([{"value": "1", "type": "User", "$ref": null}, "2", {"value": "1"}])).unwrap();
    assert_eq!(kept.members, Some(vec![member("1"), member("2")]));
    assert!(!kept.resource.contains_key("members"));
    assert!(kept.quirks.contains(&Quirk::NullRef));
    assert_eq!(accept(json!({"value": "1"})).unwrap().members, Some(vec![member("1")]));
    assert_eq!(accept(json!(null)).unwrap().members, Some(vec![]));
    assert_eq!(accept(json!([{"$ref": "https://x/Users/9"}])).unwrap().members, Some(vec![member("9")]));
    assert_eq!(accept(json!([{"display": "x"}])).unwrap_err().scim_type, Some(ScimType::InvalidValue));
    let without = group.accept(object(json!({"displayName": "g"})), Mode::Create, false).unwrap();
    assert_eq!(without.members, None);
}

#[test]
fn members_read_from_the_body_are_those_of_its_json() {
    let group = Definition::group(&[]);
    for members in [
        json!([{"value": "1", "type": "User", "$ref": null}, "2", null, {"value": "1"}, {"Value": 7}]),
        json!([]),
        json!(null),
        json!(""),
        json!("3"),
        json!({"$ref": "https://x/Users/9"}),
        json!([{"display": "x"}]),
        json!([[1]]),
        json!(7),
    ] {
        let body = json!({"displayName": "g", "Members": members, "schemas": [urn::GROUP]});
        let accept = |body: Body| {
            let accepted = group.accept(body.resource, Mode::Create, false)?;
            let mut quirks = body.quirks;
            for quirk in &accepted.quirks {
                quirks.note(quirk.clone());
            }
            let mut notes: Vec<String> = quirks.iter().map(ToString::to_string).collect();
            notes.sort();
            Ok::<_, Error>((accepted.resource, body.members.or(accepted.members), notes))
        };
        let read = Body::from_slice(body.to_string().as_bytes(), &group).and_then(accept);
        assert_eq!(read, Body::of(object(body), &group).and_then(accept), "{members}");
    }
    let user = Body::from_slice(br#"{"userName":"u","members":[{"a":1}]}"#, &Definition::user(&[])).unwrap();
    assert!(user.members.is_none() && user.resource.contains_key("members"));
    for refused in [r#"{"members":[],"MEMBERS":[]}"#, r#"{"members":[{"value":"1","VALUE":"2"}]}"#, "[]", "{"]
    {
        let error = Body::from_slice(refused.as_bytes(), &group).unwrap_err();
        assert_eq!(error.scim_type, Some(ScimType::InvalidSyntax), "{refused}");
    }
}

#[test]
fn one_value_is_primary() {
    let emails = json!([{"value": "a", "primary": true}, {"value": "b", "primary": "true"}]);
    let (resource, quirks) = accepted(user(json!({"emails": emails})));
    assert_eq!(
        resource["emails"],
        json!([{"value": "a", "primary": true}, {"value": "b", "primary": false}])
    );
    assert!(quirks.contains(&Quirk::SeveralPrimary("emails".into())));
    let qualified = "urn:ietf:params:scim:schemas:core:2.0:User:emails";
    let email = json!([{"value": "a", "primary": true}]);
    let (resource, _) = accepted(user(json!({"emails": email, qualified: email})));
    assert_eq!(
        resource["emails"],
        json!([{"value": "a", "primary": true}, {"value": "a", "primary": false}]),
        "also of lists that come in under two names"
    );
    let strict = Definition::user(&[]).accept(object(user(json!({"emails": emails}))), Mode::Create, true);
    assert_eq!(strict.unwrap_err().scim_type, Some(ScimType::InvalidValue));
}

fn project(attributes: Option<&str>, excluded: Option<&str>) -> Value {
    let definition = Definition::user(&[acme()]);
    let resource = object(user(json!({
        "id": "1", "password": "p", "title": "t", "name": {"givenName": "g", "familyName": "f"},
        "emails": [{"value": "a", "type": "work"}, {"value": "b"}],
        urn::ENTERPRISE_USER: {"department": "d", "manager": {"value": "m"}},
        "urn:acme:1.0:User": {"secret": "s", "notes": "n", "level": 1}, "left": "over"
    })));
    let projection = Projection::parse(attributes, excluded, &definition).unwrap();
    serde_json::to_value(projection.view(&resource, &definition)).unwrap()
}

fn always(rest: Value) -> Value {
    let mut body = object(json!({"schemas": [urn::USER], "id": "1"}));
    body.extend(object(rest));
    Value::Object(body)
}

#[test]
fn projections_follow_the_returned_rules() {
    let whole = project(None, None);
    assert_eq!(whole.get("password"), None);
    assert_eq!(whole.get("left"), None);
    assert_eq!(whole["urn:acme:1.0:User"], json!({"level": 1}));
    assert_eq!(project(Some("userName"), None), always(json!({"userName": "a"})));
    assert_eq!(project(Some("NAME.givenname"), None), always(json!({"name": {"givenName": "g"}})));
    assert_eq!(project(Some("emails.type"), None), always(json!({"emails": [{"type": "work"}]})));
    assert_eq!(project(Some("nope, ,"), None), always(json!({})));
    assert_eq!(project(Some("password,urn:acme:1.0:User:secret"), None), always(json!({})));
    assert_eq!(
        project(Some("urn:acme:1.0:User:notes"), None),
        always(json!({"urn:acme:1.0:User": {"notes": "n"}}))
    );
    assert_eq!(project(Some("urn:acme:1.0:User"), None), always(json!({"urn:acme:1.0:User": {"level": 1}})));
    assert_eq!(
        project(Some(&format!("{}:manager.value", urn::ENTERPRISE_USER)), None),
        always(json!({urn::ENTERPRISE_USER: {"manager": {"value": "m"}}}))
    );
    assert_eq!(
        project(Some("title,name"), Some("name.familyName")),
        always(json!({"title": "t", "name": {"givenName": "g"}}))
    );
}

#[test]
fn exclusions_spare_what_is_always_returned() {
    let all = "id,schemas,userName,title,name,emails.value";
    let left = project(None, Some(&format!("{all},{},urn:acme:1.0:User", urn::ENTERPRISE_USER)));
    assert_eq!(left, always(json!({"emails": [{"type": "work"}]})));
}

#[test]
fn projections_say_what_is_wanted() {
    let group = Definition::group(&[]);
    let wants = |attributes, excluded| {
        Projection::parse(attributes, excluded, &group).unwrap().wants("members", &group)
    };
    assert!(wants(None, None));
    assert!(!wants(None, Some("members")));
    assert!(!wants(Some("displayName"), None));
    assert!(wants(Some("members.value"), None));
    assert!(Projection::parse(Some(""), None, &group).unwrap().is_default());
    assert!(Projection::parse(Some(&"a,".repeat(300)), None, &group).is_err());
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-zA-Z]{0,4}|True|false".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let key = proptest::sample::select(vec![
            "value",
            "type",
            "primary",
            "Display",
            "$ref",
            "formatted",
            "givenName",
            "manager",
            "department",
            "x",
        ]);
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            proptest::collection::vec((key, inner), 0..4)
                .prop_map(|parts| Value::Object(parts.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())),
        ]
    })
}

fn body() -> impl Strategy<Value = Map<String, Value>> {
    let key = proptest::sample::select(vec![
        "title",
        "Active",
        "emails",
        "roles",
        "name",
        "name.givenName",
        "addresses",
        "password",
        "id",
        "schemas",
        "groups",
        "urn:acme:1.0:User",
        "urn:acme:1.0:User:secret",
        urn::ENTERPRISE_USER,
        urn::USER,
        "unknown",
    ]);
    proptest::collection::vec((key, json_value()), 0..8).prop_map(|entries| {
        let mut body = object(json!({"userName": "a"}));
        body.extend(entries.into_iter().map(|(key, value)| (key.to_owned(), value)));
        body
    })
}

proptest! {
    #[test]
    fn accepting_twice_is_accepting_once(body in body()) {
        let definition = Definition::user(&[acme()]);
        if let Ok(once) = definition.accept(body, Mode::Create, false) {
            let twice = definition.accept(once.resource.clone(), Mode::Create, true);
            let twice = twice.map_err(|e| TestCaseError::fail(format!("{e}: {:?}", once.resource)))?;
            prop_assert_eq!(&twice.resource, &once.resource);
            prop_assert!(twice.quirks.is_empty(), "{:?}", twice.quirks);
            let put = definition.accept(once.resource.clone(), Mode::Replace { current: &once.resource }, true);
            prop_assert_eq!(put.expect("the same again").resource, once.resource);
        }
    }

    #[test]
    fn what_is_never_returned_is_not_returned(
        body in body(),
        attributes in proptest::option::of("(password|title|urn:acme:1.0:User|urn:acme:1.0:User:secret|emails.value|,){1,6}"),
        excluded in proptest::option::of("(name|emails|,){1,4}"),
    ) {
        let definition = Definition::user(&[acme()]);
        let mut body = body;
        body.insert("PASSWORD".into(), "hush".into());
        body.insert("urn:acme:1.0:User".into(), json!({"secret": "hush", "Secret": "hush"}));
        let projection = Projection::parse(attributes.as_deref(), excluded.as_deref(), &definition).expect("few names");
        let view = serde_json::to_string(&projection.view(&body, &definition)).expect("serializes");
        prop_assert!(!view.contains("hush"), "{view}");
        // What is left is what is returned of it: no husk of a removed part stays behind.
        let left = serde_json::from_str(&view).expect("an object");
        let again = serde_json::to_string(&projection.view(&left, &definition)).expect("serializes");
        prop_assert_eq!(again, view);
    }
}

#[test]
fn the_list_of_schemas_counts_under_its_own_name_only() {
    for other in [
        json!({"schemas ": ["urn:unknown"]}),
        json!({format!("{}:schemas", urn::USER): ["urn:unknown"]}),
        json!({urn::USER: {"schemas": ["urn:unknown"]}}),
    ] {
        let (resource, quirks) = accepted(user(other.clone()));
        assert_eq!(resource["schemas"], json!([urn::USER]), "{other}");
        assert!(quirks.contains(&Quirk::UnknownAttribute("schemas".into())), "{quirks:?}");
    }
}
