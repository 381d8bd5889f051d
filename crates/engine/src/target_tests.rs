use model::{AttributeMapping, MappingSource, TargetAttributes};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::mapping::tests::{attribute, direct};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const CONTOSO: &str = "urn:ietf:params:scim:schemas:extension:contoso:2.0:User";

fn contoso() -> TargetSchema {
    let of = |name: &str, kind| TargetAttribute::new(format!("{CONTOSO}:{name}"), kind);
    let mut fixed = of("serial", AttributeType::String);
    fixed.mutability = Mutability::ReadOnly;
    let mut tags = of("tags", AttributeType::String);
    tags.multi_valued = true;
    let user = vec![
        of("badge", AttributeType::String),
        of("level", AttributeType::Integer),
        of("share", AttributeType::Decimal),
        of("hired", AttributeType::DateTime),
        fixed,
        tags,
        of("loose", AttributeType::Complex),
        TargetAttribute::new("displayName", AttributeType::Integer),
    ];
    TargetSchema {
        discovered: TargetAttributes { user, group: Vec::new() },
        added: TargetAttributes {
            user: vec![TargetAttribute::new(r#"emails[type eq "pager"].value"#, AttributeType::Integer)],
            group: vec![TargetAttribute::new("description", AttributeType::String)],
        },
        ..TargetSchema::default()
    }
}

fn list() -> TargetList {
    TargetList::new(&contoso(), ObjectType::User)
}

fn refused(mapping: &AttributeMapping) -> String {
    list().check(mapping).expect_err(&mapping.target_attribute_name)
}

#[test]
fn what_can_be_written_is_taken() {
    for path in [
        "userName",
        "USERNAME",
        "externalId",
        "urn:ietf:params:scim:schemas:core:2.0:User:userName",
        "name.givenName",
        "emails.value",
        r#"emails[type eq "work"].value"#,
        r#"emails[type eq "work"]"#,
        r#"roles[primary eq "True"].value"#,
        r#"addresses[type eq "work" and primary eq true].locality"#,
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:user:manager",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value",
        "urn:ietf:params:scim:schemas:extension:contoso:2.0:User:badge",
        "urn:ietf:params:scim:schemas:extension:contoso:2.0:User:tags",
        // Nobody said what it consists of.
        "urn:ietf:params:scim:schemas:extension:contoso:2.0:User:loose",
        "urn:ietf:params:scim:schemas:extension:contoso:2.0:User:loose.part",
        r#"emails[type eq "pager"].value"#,
    ] {
        assert_eq!(list().check(&direct(path, "mail")), Ok(()), "{path}");
    }
    let groups = TargetList::new(&contoso(), ObjectType::Group);
    for path in ["displayName", "externalId", "description"] {
        assert_eq!(groups.check(&direct(path, "displayName")), Ok(()), "{path}");
    }
    assert_eq!(groups.check(&direct("members", "members")), Ok(()));
    let object = MappingSource::Constant(json!({"givenName": "x"}));
    assert_eq!(list().check(&attribute("name", object)), Ok(()));
}

#[test]
fn what_cannot_is_refused_with_what_would() {
    for (path, words) in [
        ("usrName", "no attribute usrName: did you mean userName?"),
        ("department", &*format!("did you mean {ENTERPRISE}:department?")),
        ("givenName", "did you mean name.givenName?"),
        ("locality", "did you mean addresses[type eq \"work\"].locality?"),
        ("shoeSize", "provost job attribute add"),
        ("name.givnName", "the target's name has no givnName: did you mean givenName?"),
        ("name.shoe", "it has formatted, familyName"),
        (r#"emails[tpe eq "work"].value"#, "did you mean type?"),
        (r#"emails[type eq "work"].valu"#, "did you mean value?"),
        (r#"name[type eq "work"].givenName"#, "write name.givenName"),
        (r#"title[type eq "work"].value"#, "has no parts: write title"),
        ("title.value", "of type String and has no parts"),
        ("emails[type eq work].value", "write it as emails[type eq \"work\"].value"),
        (r#"emails[(type eq "work")].value"#, "write it as"),
        (r#"emails[type co "w"].value"#, "cannot be written to"),
        (r#"emails[type eq "a" or type eq "b"].value"#, "cannot be written to"),
        ("id", "read-only: the target gives every object its id"),
        ("meta.created", "read-only"),
        ("schemas", "follows from the attributes that are mapped"),
        ("groups", "map members of groups"),
        (r#"groups[type eq "direct"].value"#, "map members of groups"),
        ("name", "complex and takes no plain value"),
        ("emails", "as in emails[type eq \"work\"].value"),
        ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", "URN of a schema"),
        ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:departmnt", "did you mean department?"),
        (
            "urn:ietf:params:scim:schemas:extension:enterprize:2.0:User:division",
            "did you mean urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:division?",
        ),
        (
            "urn:ietf:params:scim:schemas:extension:fabrikam:2.0:User:x",
            "no schema urn:ietf:params:scim:schemas:extension:fabrikam:2.0:User with",
        ),
        (
            "urn:ietf:params:scim:schemas:extension:contoso:2.0:User:serial",
            "add it to the job's target attributes as readWrite",
        ),
    ] {
        let message = refused(&direct(path, "mail"));
        assert!(message.contains(words), "{path}: {message}");
    }
    let day = MappingSource::Constant(json!("soon"));
    assert!(refused(&attribute(&format!("{CONTOSO}:hired"), day)).contains("no date and time"));
}

#[test]
fn the_rfc_stands_above_the_target_and_administrators_above_both() {
    let list = list();
    let of = |name: &str| list.attribute(name).expect(name);
    assert_eq!(of("displayName").attribute.kind, AttributeType::String);
    assert_eq!(of("displayName").origin, AttributeOrigin::Discovered);
    assert_eq!(of("userName").origin, AttributeOrigin::Default);
    let mut known = contoso();
    known.added.user.push(TargetAttribute::new("id", AttributeType::String));
    known.added.user.push(TargetAttribute::new("name", AttributeType::String));
    let list = TargetList::new(&known, ObjectType::User);
    assert_eq!(list.check(&direct("id", "objectId")), Ok(()));
    assert_eq!(list.check(&direct("name", "displayName")), Ok(()));
}

#[test]
fn what_is_kept_can_be_mapped_to() {
    let with = |names: &[&str]| {
        let added = names.iter().map(|name| TargetAttribute::new(*name, AttributeType::String)).collect();
        let added = TargetAttributes { user: added, group: Vec::new() };
        check_target_schema(&TargetSchema { added, ..TargetSchema::default() })
    };
    assert_eq!(with(&["a", "urn:x:y:User:b", "c.d"]), Ok(()));
    for names in [&["a", "A"][..], &[""], &["a b"], &["urn:x:y:2.0"], &["x".repeat(501).as_str()]] {
        assert!(with(names).is_err(), "{names:?}");
    }
    let many: Vec<String> = (0..=MOST_ATTRIBUTES).map(|number| format!("a{number}")).collect();
    assert!(with(&many.iter().map(String::as_str).collect::<Vec<_>>()).is_err());
}

#[test]
fn a_job_from_before_runs_as_it_did() {
    let old = json!({"id": uuid::Uuid::nil(), "servicePrincipalId": uuid::Uuid::nil(), "templateId": "scim",
        "started": true, "interval": "PT40M", "scope": "all", "excludeDefaultAccess": false, "objectMappings": []});
    let mut job: Job = serde_json::from_value(old.clone()).expect("a job without attributes");
    assert_eq!(serde_json::to_value(&job).expect("plain data").get("targetSchema"), None);
    // What nobody knows is written as it comes, and cannot be saved anew.
    let level = format!("{CONTOSO}:level");
    let constant = MappingSource::Constant(json!("7"));
    job.object_mappings =
        vec![crate::mapping::tests::users(vec![direct("userName", "mail"), attribute(&level, constant)])];
    assert!(crate::compile(&job).is_ok() && crate::validate(&job).is_err());
    // What is learnt of attributes that are mapped decides about objects, the rest does not.
    let hash = |job: &Job| crate::fingerprint(job, ObjectType::User, &[]);
    let before = hash(&job);
    let known = contoso();
    job.target_schema.added.group.clone_from(&known.added.group);
    job.target_schema.discovered.user = vec![TargetAttribute::new("other", AttributeType::Integer)];
    assert_eq!(hash(&job), before);
    job.target_schema = known;
    assert_ne!(hash(&job), before);
    assert!(crate::validate(&job).is_ok());
}

proptest! {
    #[test]
    fn any_path_is_taken_or_refused(
        path in r#"(urn:[a-z:.0-9]{0,12}:)?(emails|name|title|x|groups)(\[(type|x) (eq|co) "[a-z.\]]{0,3}"\])?(\.(value|givenName|y))?"#
    ) {
        let _ = list().check(&direct(&path, "mail"));
    }
}
