//! What can be saved can be sent: the check of mappings and the client read paths alike.

use model::{Job, MappingSource, TargetAttribute};
use proptest::prelude::*;
use serde_json::json;

fn job(path: &str, added: Vec<TargetAttribute>) -> Job {
    let mapping = |target: &str, source: &str, priority: u32| json!({"targetAttributeName": target, "source": MappingSource::Direct(source.to_owned()), "matchingPriority": priority});
    let actions = json!({"create": true, "update": true, "delete": true});
    let job = json!({"id": uuid::Uuid::nil(), "servicePrincipalId": uuid::Uuid::nil(), "templateId": "scim",
        "started": false, "interval": "PT40M", "scope": "all", "excludeDefaultAccess": false,
        "objectMappings": [{"name": "users", "sourceObject": "User", "enabled": true, "targetActions": actions,
            "attributeMappings": [mapping("externalId", "mail", 1), mapping(path, "mail", 0)]}]});
    let mut job: Job = serde_json::from_value(job).expect("a job");
    job.target_schema.added.user = added;
    job
}

/// Paths and what is nearly one.
fn paths() -> impl Strategy<Value = String> {
    let urn = "(urn:ietf:params:scim:schemas:core:2.0:User:|urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:|urn:a:b:)?";
    let filter = r#"( ?\[ ?\(?(type|primary|value) {1,2}(eq|EQ|co) ("work"|"a]b"|work|'x'|true|"True"|7|null)( and type eq "x\\"")?\)? ?\])?"#;
    let pattern =
        format!(r"{urn}(emails|addresses|name|title|manager|roles|x){filter}( ?\.(value|givenName|type))? ?");
    proptest::string::string_regex(&pattern).expect("a pattern")
}

proptest! {
    #[test]
    fn a_path_that_is_saved_is_one_that_is_sent(path in paths(), listed in any::<bool>()) {
        let added = if listed { vec![TargetAttribute::new(path.trim(), model::AttributeType::String)] } else { Vec::new() };
        let job = job(&path, added);
        if engine::check_target_schema(&job.target_schema).is_ok() && engine::validate(&job).is_ok() {
            let sent = scim_client::path::Path::parse(path.trim());
            prop_assert!(sent.is_ok(), "{}: {:?}", path, sent);
        }
    }
}
