//! The target's attributes: discovered, added, in schemas of Graph's form, and what mappings are checked against.

use model::{AttributeType, Mutability, TargetAttribute, TargetAttributes};
use serde_json::{Value, json};

use super::api::Api;

const URN: &str = "urn:ietf:params:scim:schemas:extension:contoso:2.0:User";

struct Job {
    api: Api,
    graph: String,
    ours: String,
}

impl Job {
    async fn new() -> Self {
        let api = Api::new().await;
        let (app, job) = api.app("scim").await;
        let secrets = json!({"value": [{"key": "BaseAddress", "value": "https://x.example.com/scim"}]});
        api.ok("PUT", &format!("/v1.0/servicePrincipals/{app}/synchronization/secrets"), secrets).await;
        let graph = format!("/v1.0/servicePrincipals/{app}/synchronization/jobs/{job}");
        Self { api, graph, ours: format!("/provost/v1/jobs/{job}/attributes") }
    }

    async fn schema(&self) -> Value {
        let mut schema = self.api.get(&format!("{}/schema", self.graph)).await;
        schema.as_object_mut().expect("an object").remove("@odata.context");
        schema
    }

    async fn put(&self, schema: &Value) -> (u16, String) {
        let (status, answer) = self.api.call("PUT", &format!("{}/schema", self.graph), schema.clone()).await;
        (status.as_u16(), answer["error"]["message"].as_str().unwrap_or_default().to_owned())
    }

    /// Saves the schema with the target of the third mapping of users, of displayName, replaced.
    async fn map(&self, target: &str, source: Value) -> (u16, String) {
        let mut schema = self.schema().await;
        let mapping = &mut schema["synchronizationRules"][0]["objectMappings"][0]["attributeMappings"][2];
        mapping["targetAttributeName"] = target.into();
        mapping["source"] = source;
        self.put(&schema).await
    }

    async fn listed(&self, name: &str) -> Value {
        let list = self.api.get(&self.ours).await;
        list["value"]
            .as_array()
            .expect("a list")
            .iter()
            .find(|it| it["name"] == name)
            .cloned()
            .unwrap_or_default()
    }

    fn says(&self, user: Vec<TargetAttribute>) {
        *self.api.notes.1.lock() = Some(TargetAttributes { user, group: Vec::new() });
    }

    async fn discover(&self) -> Value {
        let id = self.schema().await["directories"][1]["id"].as_str().expect("an id").to_owned();
        self.api.ok("POST", &format!("{}/schema/directories/{id}/discover", self.graph), Value::Null).await
    }
}

fn direct() -> Value {
    json!({"type": "Attribute", "name": "displayName"})
}

fn of(name: &str, kind: AttributeType) -> TargetAttribute {
    TargetAttribute::new(format!("{URN}:{name}"), kind)
}

#[tokio::test]
async fn what_the_target_does_not_have_is_refused_until_it_is_added() {
    let job = Job::new().await;
    let (status, words) = job.map("displyName", direct()).await;
    assert_eq!(status, 400);
    assert!(words.contains("Provision Users, displyName: the target has no attribute displyName"), "{words}");
    assert!(words.contains("did you mean displayName?"), "{words}");
    let badge = format!("{URN}:badge");
    let (status, words) = job.map(&badge, direct()).await;
    assert!(status == 400 && words.contains("provost job attribute add"), "{words}");

    let added = job.api.ok("POST", &job.ours, json!({"name": badge, "type": "integer"})).await;
    assert_eq!(
        (&added["type"], &added["origin"], &added["object"]),
        (&json!("Integer"), &json!("added"), &json!("User"))
    );
    assert_eq!(job.map(&badge, direct()).await.0, 204);
    let (status, words) = job.map(&badge, json!({"type": "Constant", "name": "seven"})).await;
    assert!(status == 400 && words.contains("is not a whole number"), "{words}");

    // It is used.
    let address = format!("{}/user/{badge}", job.ours);
    let (status, refused) = job.api.call("DELETE", &address, Value::Null).await;
    assert!(
        status == 400 && refused["error"]["message"].as_str().is_some_and(|it| it.contains(&badge)),
        "{refused}"
    );
    assert_eq!(job.map("displayName", direct()).await.0, 204);
    job.api.ok("DELETE", &address, Value::Null).await;
    assert_eq!(job.api.no("DELETE", &address, Value::Null).await.0, 404);
    assert_eq!(job.listed(&badge).await, Value::Null);
    assert_eq!(job.api.no("DELETE", &format!("{}/User/userName", job.ours), Value::Null).await.0, 400);
    for wrong in [
        json!({}),
        json!({"name": "a b"}),
        json!({"name": "a", "type": "shoe"}),
        json!({"name": "a", "object": "Dog"}),
        json!({"name": "a", "multivalued": "yes"}),
        json!({"name": "a", "multiValued": true}),
    ] {
        assert_eq!(job.api.no("POST", &job.ours, wrong.clone()).await.0, 400, "{wrong}");
    }
}

#[tokio::test]
async fn discovery_replaces_what_the_target_said_and_nothing_else() {
    let job = Job::new().await;
    // It says nothing, which is no error.
    let before = job.discover().await;
    assert_eq!((&before["discoveryDateTime"], &before["name"]), (&Value::Null, &json!("customappsso")));
    let mine = json!({"name": format!("{URN}:mine"), "multivalued": true});
    job.api.ok("POST", &job.ours, mine).await;
    let fixed = TargetAttribute { mutability: Mutability::ReadOnly, ..of("serial", AttributeType::String) };
    job.says(vec![of("level", AttributeType::Integer), of("old", AttributeType::String), fixed]);
    let found = job.discover().await;
    assert_eq!(found["discoveryDateTime"], "2026-03-01T08:00:00Z");
    let attributes = found["objects"][0]["attributes"].as_array().expect("a list");
    assert!(attributes.iter().any(|it| it["name"] == format!("{URN}:level") && it["type"] == "Integer"));
    assert_eq!(job.listed(&format!("{URN}:level")).await["origin"], "discovered");
    assert_eq!(job.listed(&format!("{URN}:mine")).await["origin"], "added");
    let (status, words) = job.map(&format!("{URN}:serial"), direct()).await;
    assert!(status == 400 && words.contains("read-only"), "{words}");
    let known = attributes.iter().find(|it| it["name"] == r#"emails[type eq "work"].value"#);
    assert!(known.is_some_and(|it| it["type"] == "String" && it["multivalued"] == false));

    // A change of the target that a mapping does not bear is told, and not taken.
    let level = format!("{URN}:old");
    assert_eq!(job.map(&level, json!({"type": "Constant", "name": "seven"})).await.0, 204);
    job.says(vec![of("old", AttributeType::Integer)]);
    let id = found["id"].as_str().expect("an id");
    let address = format!("{}/schema/directories/{id}/discover", job.graph);
    assert_eq!(job.api.no("POST", &address, Value::Null).await.0, 400);
    // Test Connection does not fail for it, and takes what it bears.
    let test = format!("{}/validateCredentials", job.graph);
    job.api.ok("POST", &test, Value::Null).await;
    job.says(vec![of("old", AttributeType::String), of("new", AttributeType::Boolean)]);
    job.api.ok("POST", &test, Value::Null).await;
    assert_eq!(job.listed(&format!("{URN}:new")).await["type"], "Boolean");
    assert_eq!(job.listed(&format!("{URN}:level")).await, Value::Null);

    let source = format!(
        "{}/schema/directories/{}",
        job.graph,
        job.schema().await["directories"][0]["id"].as_str().expect("an id")
    );
    let source = job.api.ok("POST", &format!("{source}/discover"), Value::Null).await;
    let enabled = source["objects"][0]["attributes"]
        .as_array()
        .expect("a list")
        .iter()
        .find(|it| it["name"] == "accountEnabled");
    assert_eq!((&source["readOnly"], &enabled.expect("listed")["type"]), (&json!(true), &json!("Boolean")));
    assert_eq!(
        job.api.no("POST", &format!("{}/schema/directories/x/discover", job.graph), Value::Null).await.0,
        404
    );
}

#[tokio::test]
async fn a_schema_that_was_exported_changes_nothing() {
    let job = Job::new().await;
    job.says(vec![
        of("level", AttributeType::Integer),
        of("share", AttributeType::Decimal),
        of("more", AttributeType::Complex),
    ]);
    job.discover().await;
    job.api.ok("POST", &job.ours, json!({"name": "description", "object": "group", "caseExact": true})).await;
    job.api.ok("POST", &job.ours, json!({"name": "title", "type": "String", "required": true})).await;
    let schema = job.schema().await;
    assert_eq!(job.put(&schema).await, (204, String::new()));
    assert_eq!(job.schema().await, schema);
    // Neither in another job, but for the time of discovery.
    let other = Job::new().await;
    assert_eq!(other.put(&schema).await, (204, String::new()));
    let mut copy = other.schema().await;
    let mut original = schema.clone();
    for schema in [&mut copy, &mut original] {
        for directory in schema["directories"].as_array_mut().expect("a list") {
            for member in ["id", "version", "discoveryDateTime"] {
                directory[member] = Value::Null;
            }
        }
    }
    assert_eq!(copy, original);
    // One without directories leaves the list alone, one that lists fewer takes back what was added.
    let mut fewer = schema.clone();
    fewer["directories"] = json!([]);
    assert_eq!(job.put(&fewer).await.0, 204);
    assert_eq!(job.listed("description").await["origin"], "added");
    fewer["directories"] = schema["directories"].clone();
    let groups = fewer["directories"][1]["objects"][1]["attributes"].as_array_mut().expect("a list");
    groups.retain(|it| it["name"] != "description");
    assert_eq!(job.put(&fewer).await.0, 204);
    assert_eq!(job.listed("description").await, Value::Null);
}

/// In the form of what Entra exports: attributes by the paths that mappings have, complex ones nowhere, and no word on
/// where they come from.
#[tokio::test]
async fn a_schema_of_another_service_comes_in() {
    let job = Job::new().await;
    let of = |name: &str, kind: &str, metadata: Value| {
        json!({"anchor": name == "id", "caseExact": false, "defaultValue": null, "flowNullValues": false,
            "multivalued": false, "mutability": "ReadWrite", "name": name, "required": false, "type": kind,
            "apiExpressions": [], "metadata": metadata, "referencedObjects": []})
    };
    let custom = "urn:ietf:params:scim:schemas:extension:CustomExtensionName:2.0:User:tag";
    let manager = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager";
    let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    let direct = |target: &str, source: &str, priority: u32| {
        json!({"targetAttributeName": target, "source": {"type": "Attribute", "name": source, "parameters": []},
            "matchingPriority": priority, "flowType": "Always", "flowBehavior": "FlowWhenChanged", "defaultValue": ""})
    };
    let schema = json!({
        "id": "customappsso.1",
        "version": "v1",
        "directories": [
            {"id": "66e4a8cc-1b7b-435e-95f8-f06cea133828", "name": "Azure Active Directory", "objects": []},
            {"id": "8ffa6169-f354-4751-9b77-9c00765be92d", "name": "customappsso", "discoverabilities": "None", "objects": [
                {"name": enterprise, "attributes": [
                    of("id", "String", json!([])), of("userName", "String", json!([])), of("active", "Boolean", json!([])),
                    of("emails[type eq \"work\"].value", "String", json!([])), of("name.givenName", "String", json!([])),
                    of("addresses[type eq \"work\"].formatted", "String", json!([])),
                    of("roles[primary eq \"True\"].value", "String", json!([])), of(manager, "Reference", json!([])),
                    of(custom, "Integer", json!([{"key": "IsCustomerDefined", "value": "true"}])),
                    of("of another kind", "String", json!([])), of("shoe.size", "Integer", json!([]))]},
                {"name": "urn:ietf:params:scim:schemas:core:2.0:Group", "attributes": [of("displayName", "String", json!([]))]}]}],
        "synchronizationRules": [{"id": "r", "name": "USER_OUTBOUND_USER", "sourceDirectoryName": "Azure Active Directory",
            "targetDirectoryName": "customappsso", "objectMappings": [{
                "enabled": true, "flowTypes": "Add, Update, Delete", "name": "Provision Azure Active Directory Users",
                "sourceObjectName": "User", "targetObjectName": enterprise, "scope": null, "attributeMappings": [
                    direct("userName", "userPrincipalName", 1), direct("emails[type eq \"work\"].value", "mail", 0),
                    direct(manager, "manager", 0), direct(custom, "extensionAttribute1", 0),
                    direct("shoe.size", "extensionAttribute2", 0)]}]}],
    });
    assert_eq!(job.put(&schema).await, (204, String::new()));
    let listed = job.api.get(&job.ours).await;
    let mut added: Vec<&Value> = Vec::new();
    added.extend(
        listed["value"]
            .as_array()
            .expect("a list")
            .iter()
            .filter(|it| it["origin"] == "added")
            .map(|it| &it["name"]),
    );
    assert_eq!(json!(added), json!([custom, "shoe.size"]));
    assert_eq!(job.listed(custom).await["type"], "Integer");
    let exported = job.schema().await;
    assert_eq!(job.put(&exported).await, (204, String::new()));
    assert_eq!(job.schema().await, exported);

    let mut wrong = schema.clone();
    wrong["directories"] = json!(7);
    assert_eq!(job.put(&wrong).await.0, 400);
    for (pointer, value) in [
        ("/directories/1/objects/0/attributes/0/type", json!("Shoe")),
        ("/directories/1/objects/0/attributes/0/name", json!("")),
        ("/directories/1/objects/0/attributes/0/mutability", json!(7)),
    ] {
        let mut wrong = schema.clone();
        *wrong.pointer_mut(pointer).expect("there") = value;
        let (status, words) = job.put(&wrong).await;
        assert!(status == 400 && words.contains("attributes[0]"), "{pointer}: {words}");
    }
}
