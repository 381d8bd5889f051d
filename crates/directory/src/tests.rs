use std::sync::Arc;

use model::{DEFAULT_ACCESS, FixedClock, Ids, ObjectType, Principal, Random, SecretKey};
use parking_lot::Mutex;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};
use store::{Cursor, Store};
use store_memory::MemoryStore;

use crate::*;

/// Numbers that are different each time and the same in each run.
struct Counting(Mutex<u64>);

impl Random for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        let mut state = self.0.lock();
        for byte in bytes {
            *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = state.to_be_bytes()[0];
        }
    }
}

pub(crate) fn installation() -> Installation {
    installation_at(Arc::new(FixedClock::at("2026-03-01T08:00:00Z".parse().expect("a timestamp"))))
}

/// A directory whose clock the test moves.
pub(crate) async fn directory_at(clock: Arc<FixedClock>) -> Directory {
    installation_at(clock).open().await.expect("opens")
}

fn installation_at(clock: Arc<FixedClock>) -> Installation {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let random = Arc::new(Counting(Mutex::new(7)));
    let ids = Ids::new(clock.clone(), random.clone());
    Installation::new(store, clock, ids, random, Arc::new(Keyring::new([3; 32])))
}

pub(crate) async fn directory() -> Directory {
    installation().open().await.expect("opens")
}

pub(crate) fn admin() -> Principal {
    Principal { id: "1".to_owned(), display_name: "Ada Admin".to_owned() }
}

pub(crate) fn map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("{other} is no object"),
    }
}

fn is_send<T: Send>(value: T) -> T {
    value
}

pub(crate) async fn user(directory: &Directory, name: &str) -> model::DirectoryObject {
    let attributes = map(json!({"userPrincipalName": name, "displayName": name.split('@').next()}));
    let made = is_send(directory.create_object(&admin(), ObjectType::User, None, &attributes)).await;
    made.expect("the user is new")
}

async fn group(directory: &Directory, name: &str) -> model::DirectoryObject {
    let attributes = map(json!({"displayName": name}));
    directory.create_object(&admin(), ObjectType::Group, None, &attributes).await.expect("valid")
}

#[tokio::test]
async fn principal_names_are_unique_without_regard_to_case() {
    let directory = directory().await;
    let first = user(&directory, "Zoë@example.com").await;
    let attributes = map(json!({"userPrincipalName": "ZOË@EXAMPLE.COM", "displayName": "Z"}));
    let refused = directory.create_object(&admin(), ObjectType::User, None, &attributes).await;
    let Err(Error::Conflict { holder, attribute, .. }) = refused else { panic!("{refused:?}") };
    assert_eq!((holder, attribute), (first.id, "userPrincipalName"));
    assert_eq!(directory.user("zoË@example.COM").await.expect("found").id, first.id);
}

#[tokio::test]
async fn a_change_to_what_is_there_writes_nothing() {
    let directory = directory().await;
    let made = user(&directory, "a@example.com").await;
    let head = directory.store().head(directory.realm()).await.expect("readable");
    let same = map(json!({"displayName": "a", "jobTitle": null, "businessPhones": []}));
    let after = directory.update_object(&admin(), ObjectType::User, made.id, &same).await.expect("fine");
    assert_eq!(after.version, made.version);
    assert_eq!(directory.store().head(directory.realm()).await.expect("readable"), head);
    let other = map(json!({"JOBTITLE": "Chief", "telephoneNumber": ["1"]}));
    let after = directory.update_object(&admin(), ObjectType::User, made.id, &other).await.expect("fine");
    assert_eq!(after.version, made.version + 1);
    assert_eq!(after.text("jobTitle"), Some("Chief"));
}

#[tokio::test]
async fn bad_attributes_are_refused_by_name() {
    let directory = directory().await;
    for (change, named) in [
        (json!({"userPrincipalName": "nobody", "displayName": "x"}), "userPrincipalName"),
        (json!({"userPrincipalName": "a@b"}), "displayName"),
        (json!({"userPrincipalName": "a@b", "displayName": 5}), "displayName"),
        (json!({"userPrincipalName": "a@b", "displayName": "x", "shoeSize": "44"}), "shoeSize"),
        (json!({"userPrincipalName": "a@b", "displayName": "x", "accountEnabled": "yes"}), "accountEnabled"),
    ] {
        let refused = directory.create_object(&admin(), ObjectType::User, None, &map(change)).await;
        let Err(Error::Invalid { attribute, .. }) = refused else { panic!("{refused:?}") };
        assert_eq!(attribute, named);
    }
}

#[tokio::test]
async fn the_recycle_bin_keeps_everything_but_the_name() {
    let directory = directory().await;
    let boss = user(&directory, "boss@example.com").await;
    let made = user(&directory, "a@example.com").await;
    let team = group(&directory, "Team").await;
    is_send(directory.set_manager(&admin(), made.id, Some(boss.id))).await.expect("fine");
    is_send(directory.add_members(&admin(), team.id, &[(ObjectType::User, made.id)])).await.expect("fine");
    is_send(directory.delete_user(&admin(), made.id)).await.expect("fine");
    assert!(directory.user("a@example.com").await.expect_err("gone").is_not_found());
    assert_eq!(directory.count_objects(ObjectType::User).await.expect("counts"), 1);
    assert!(directory.members(team.id, None, 10).await.expect("readable").objects.is_empty());
    assert_eq!(directory.deleted_users("A@example.com").await.expect("readable").len(), 1);

    let second = user(&directory, "a@example.com").await;
    let refused = directory.restore_user(&admin(), made.id).await;
    assert!(matches!(refused, Err(Error::Conflict { holder, .. }) if holder == second.id), "{refused:?}");
    directory.delete_user(&admin(), second.id).await.expect("fine");
    directory.purge_object(&admin(), ObjectType::User, second.id).await.expect("fine");
    directory.restore_user(&admin(), made.id).await.expect("the name is free again");
    assert_eq!(directory.members(team.id, None, 10).await.expect("readable").objects[0].id, made.id);
    assert_eq!(directory.manager(made.id).await.expect("readable").map(|it| it.id), Some(boss.id));
}

#[tokio::test]
async fn nested_groups_end_though_they_are_a_circle() {
    let directory = directory().await;
    let (a, b) = (group(&directory, "A").await, group(&directory, "B").await);
    let made = user(&directory, "a@example.com").await;
    directory.add_members(&admin(), a.id, &[(ObjectType::Group, b.id)]).await.expect("fine");
    let members = [(ObjectType::Group, a.id), (ObjectType::User, made.id)];
    assert_eq!(directory.add_members(&admin(), b.id, &members).await.expect("fine"), 2);
    assert_eq!(directory.add_members(&admin(), b.id, &members).await.expect("fine"), 0);
    let ids = |page: &ReferencePage| page.objects.iter().map(|it| it.id).collect::<Vec<_>>();
    let below = directory.transitive_members(a.id, None, 1).await.expect("ends");
    let rest = directory.transitive_members(a.id, below.next.clone(), 1).await.expect("ends");
    assert_eq!((ids(&below), ids(&rest), rest.next), (vec![b.id], vec![made.id], None));
    let above = directory.transitive_member_of(made.id, None, 100).await.expect("ends");
    assert_eq!(ids(&above), [a.id, b.id]);
    let wrong = Some(Cursor(vec![1].into()));
    assert!(directory.transitive_member_of(made.id, wrong, 100).await.is_err());
    directory.remove_member(&admin(), b.id, made.id).await.expect("it is a member");
    assert!(directory.remove_member(&admin(), b.id, made.id).await.expect_err("no member").is_not_found());
}

#[tokio::test]
async fn an_application_comes_with_a_job_and_roles() {
    let directory = directory().await;
    for template in templates() {
        let made = is_send(directory.instantiate(&admin(), template, "The App")).await.expect("valid");
        assert!(!made.job.started);
        engine::validate(&made.job).expect("the template's mappings compile");
        assert_eq!(made.job.limits, template.limits);
    }
    let refused = directory.find_service_principal("the app").await;
    assert!(
        matches!(&refused, Err(Error::Ambiguous { ids, .. }) if ids.len() == templates().len()),
        "{refused:?}"
    );

    let office = template("officespace").expect("in the gallery");
    let made = directory.instantiate(&admin(), office, "Office").await.expect("valid");
    let resource = made.service_principal.id;
    let person = user(&directory, "a@example.com").await;
    let request = AssignmentRequest { resource, principal: person.id, role: None };
    let assigned = is_send(directory.assign(&admin(), request)).await.expect("fine");
    assert_eq!(assigned.app_role_id, office.app_roles[0].id);
    let again = directory.assign(&admin(), request).await;
    assert!(matches!(again, Err(Error::Conflict { holder, .. }) if holder == assigned.id), "{again:?}");
    let default = AssignmentRequest { role: Some("default access"), ..request };
    assert_eq!(directory.assign(&admin(), default).await.expect("fine").app_role_id, DEFAULT_ACCESS);
    let wrong = AssignmentRequest { role: Some("Emperor"), ..request };
    let refused = directory.assign(&admin(), wrong).await.expect_err("no such role").to_string();
    assert!(refused.contains("Default Access, User, Manager, Admin"), "{refused}");
    assert_eq!(directory.assigned_to(resource, None, 10).await.expect("readable").0.len(), 2);
    directory.unassign(&admin(), assigned.id).await.expect("it is there");
    assert_eq!(directory.assignments_of(person.id, None, 10).await.expect("readable").0.len(), 1);
    is_send(directory.delete_service_principal(&admin(), resource)).await.expect("it is there");
    assert!(directory.assignments_of(person.id, None, 10).await.expect("readable").0.is_empty());
    assert!(directory.job(made.job.id).await.expect_err("gone").is_not_found());
}

#[tokio::test]
async fn secrets_are_encrypted_and_come_back_only_to_the_program() {
    let directory = directory().await;
    let made = directory.instantiate(&admin(), &templates()[1], "App").await.expect("valid");
    let id = made.service_principal.id;
    assert!(matches!(directory.credentials(id).await, Err(Error::NoSecret(_))));
    let values = [
        (SecretKey::BaseAddress, SecretString::from("https://t.example.com/scim")),
        (SecretKey::SecretToken, SecretString::from("open sesame")),
    ];
    is_send(directory.set_secrets(&admin(), id, &values)).await.expect("valid");
    let found = is_send(directory.credentials(id)).await.expect("there");
    assert_eq!(found.base_address, "https://t.example.com/scim");
    let SignIn::Token(token) = found.sign_in else { panic!("no token") };
    assert_eq!(token.expose_secret(), "open sesame");
    let stored = directory.store().get(directory.realm(), store::Kind::Secrets, id).await.expect("readable");
    let body = String::from_utf8(stored.expect("there").body.to_vec()).expect("JSON");
    assert!(!body.contains("sesame") && !body.contains("example.com"), "{body}");
    let wrong = [(SecretKey::BaseAddress, SecretString::from("t.example.com"))];
    assert!(matches!(directory.set_secrets(&admin(), id, &wrong).await, Err(Error::Invalid { .. })));
    let log = directory
        .audit_log(&AuditFilter::default(), LogPart { limit: 10, ..LogPart::default() }, |_| true)
        .await
        .expect("readable");
    assert_eq!(log.entries[0].initiated_by, admin());
    assert!(!format!("{:?}", log.entries).contains("sesame"));
}

#[tokio::test]
async fn a_job_changes_only_to_what_works() {
    let directory = directory().await;
    let made = directory.instantiate(&admin(), &templates()[0], "App").await.expect("valid");
    let mut mappings = made.job.object_mappings.clone();
    mappings[0].attribute_mappings[1].source = model::MappingSource::Expression("Join(".to_owned());
    let change = JobChange { object_mappings: Some(mappings), ..JobChange::default() };
    let refused = is_send(directory.update_job(&admin(), made.job.id, &change)).await;
    assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
    let change = JobChange { started: Some(true), ..JobChange::default() };
    assert!(directory.update_job(&admin(), made.job.id, &change).await.expect("valid").started);
    assert!(directory.job(made.job.id).await.expect("there").started);
    assert_eq!(directory.jobs().await.expect("readable").len(), 1);
}

#[tokio::test]
async fn the_directory_is_made_once() {
    let installation = installation();
    let directory = is_send(installation.open()).await.expect("opens");
    assert_eq!(installation.open().await.expect("opens").id(), directory.id());
}
