//! `kill -9` of the service provider under writes: what it has acknowledged is there, and nothing is there by half.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use support::{Server, Tenant, wait_until};
use tokio::task::JoinHandle;

const WRITERS: usize = 8;
/// Acknowledged rounds of all writers after which the server is killed, one time after the other.
const KILLS: [usize; 3] = [1, 60, 150];

/// What a writer was told is done.
#[derive(Default)]
struct Acknowledged {
    /// The users by id, with their latest generation.
    users: BTreeMap<String, u64>,
    /// The groups by id, with their members.
    groups: BTreeMap<String, BTreeSet<String>>,
}

/// The attributes of a generation: all of them change together.
fn attributes(generation: u64) -> Value {
    json!({
        "title": format!("Title {generation}"),
        "nickName": format!("Nick {generation}"),
        "name": {"givenName": format!("Given {generation}"), "familyName": format!("Family {generation}")},
        "emails": [{"value": format!("{generation}@x.example"), "type": "work"}],
    })
}

/// The generation that a user is of, if it is of one.
fn generation(user: &Value) -> Option<u64> {
    let generation = user["title"].as_str()?.strip_prefix("Title ")?.parse().ok()?;
    let wanted = attributes(generation);
    let whole = wanted.as_object()?.iter().all(|(name, value)| user[name] == *value);
    whole.then_some(generation)
}

/// Sends a write; its body if it was acknowledged, none where the server has gone away.
async fn write(tenant: &Tenant, method: reqwest::Method, path: &str, body: &Value) -> Option<Value> {
    let request =
        tenant.client.request(method, format!("{}{path}", tenant.base_url)).bearer_auth(&tenant.token);
    let request = request.header("content-type", "application/scim+json").body(body.to_string());
    let response = request.send().await.ok()?;
    assert!(response.status().is_success(), "{path}: {}", response.status());
    let body = response.bytes().await.ok()?;
    Some(serde_json::from_slice(&body).unwrap_or_default())
}

fn id(resource: &Value) -> String {
    resource["id"].as_str().expect("a resource has an id").to_owned()
}

/// Two users and a group with both, then a PATCH of the first, until the server goes away.
async fn writer(tenant: Arc<Tenant>, name: String, rounds: Arc<AtomicUsize>) -> Acknowledged {
    let mut acknowledged = Acknowledged::default();
    let mut number = 0;
    while round(&tenant, &format!("{name}-{number}"), &mut acknowledged).await.is_some() {
        number += 1;
        rounds.fetch_add(1, Ordering::Relaxed);
    }
    acknowledged
}

async fn round(tenant: &Tenant, name: &str, acknowledged: &mut Acknowledged) -> Option<()> {
    let mut members = BTreeSet::new();
    for part in ["a", "b"] {
        let mut user = attributes(1);
        user["userName"] = format!("{name}-{part}").into();
        let id = id(&write(tenant, reqwest::Method::POST, "/Users", &user).await?);
        acknowledged.users.insert(id.clone(), 1);
        members.insert(id);
    }
    let listed: Vec<Value> = members.iter().map(|id| json!({"value": id})).collect();
    let group = json!({"displayName": name, "members": listed});
    let group = id(&write(tenant, reqwest::Method::POST, "/Groups", &group).await?);
    let first = members.first()?.clone();
    acknowledged.groups.insert(group, members);
    let patch = json!({"Operations": [{"op": "replace", "value": attributes(2)}]});
    write(tenant, reqwest::Method::PATCH, &format!("/Users/{first}"), &patch).await?;
    acknowledged.users.insert(first, 2);
    Some(())
}

/// Everything acknowledged is there, and everything that is there is whole.
async fn assert_whole(tenant: &Tenant, all: &Acknowledged) {
    let users: BTreeMap<String, Value> =
        tenant.users().await.into_iter().map(|user| (id(&user), user)).collect();
    for (id, user) in &users {
        assert!(generation(user).is_some(), "{id} is there by half: {user}");
    }
    for (id, acknowledged) in &all.users {
        // A PATCH may have been done without its answer having come through.
        let is = users.get(id).and_then(generation).expect("an acknowledged user is there");
        assert!(is >= *acknowledged, "{id} is of generation {is} instead of {acknowledged}");
    }
    let mut groups: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for group in tenant.all("/Groups").await {
        let members = group["members"].as_array().map(Vec::as_slice).unwrap_or_default();
        let members: BTreeSet<_> =
            members.iter().filter_map(|member| member["value"].as_str().map(str::to_owned)).collect();
        assert_eq!(members.len(), 2, "a group is there by half: {group}");
        assert!(members.iter().all(|member| users.contains_key(member)), "{group}");
        groups.insert(id(&group), members);
    }
    for (id, members) in &all.groups {
        assert_eq!(groups.get(id), Some(members), "an acknowledged group is there with its members");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_acknowledged_write_survives_and_none_is_half_done() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut server = Server::start(dir.path());
    let mut tenant = Arc::new(Tenant::create(&server));
    let mut all = Acknowledged::default();
    for (life, enough) in KILLS.into_iter().enumerate() {
        let rounds = Arc::new(AtomicUsize::new(0));
        let writers: Vec<JoinHandle<Acknowledged>> = (0..WRITERS)
            .map(|number| format!("{life}-{number}"))
            .map(|name| tokio::spawn(writer(tenant.clone(), name, rounds.clone())))
            .collect();
        wait_until("the writers get on", async || rounds.load(Ordering::Relaxed) >= enough).await;
        server.kill();
        for writer in writers {
            let acknowledged = writer.await.expect("no write is refused");
            all.users.extend(acknowledged.users);
            all.groups.extend(acknowledged.groups);
        }
        server = Server::start(dir.path());
        tenant = Arc::new(tenant.moved_to(&server));
        assert_whole(&tenant, &all).await;
    }
    assert!(all.groups.len() >= KILLS.iter().sum());
}
