//! The API under test, over the store in memory, with a runner that notes what it is asked for.

use std::sync::Arc;

use administrators::Administrators;
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::response::Response;
use directory::Installation;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use http_body_util::BodyExt as _;
use jiff::Timestamp;
use keyring::Keyring;
use model::{
    CycleKind, CycleReport, CycleStatus, DriftFinding, DriftKind, ErrorInformation, FixedClock, GuardKind,
    Ids, Job, ObjectType, Principal, ProvisioningEntry, Random, StagedAction, StagedChange, TargetAttributes,
};
use parking_lot::Mutex;
use scim_client::Outgoing;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use store::Cursor;
use store_memory::MemoryStore;
use tenant::{Tenant, Tenants};
use tower::ServiceExt as _;
use uuid::Uuid;
use webhooks::{Webhooks, WebhooksOptions};

use crate::openapi;
use crate::{
    Addresses, Asked, Backups, JobRunner, ResetScope, Resources, ServiceProvider, State, TenantChange, router,
};

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

/// Notes what it is asked for, and says of the target's attributes what a test wants.
#[derive(Default)]
pub(super) struct Notes(pub(super) Mutex<Vec<String>>, pub(super) Mutex<Option<TargetAttributes>>);

fn report(status: CycleStatus) -> CycleReport {
    CycleReport {
        cycle_id: Uuid::from_u128(9),
        kind: CycleKind::Initial,
        counts: model::CycleCounts::default(),
        duration_ms: 5,
        status,
        started: "2026-03-01T08:00:00Z".parse().expect("a timestamp"),
        total: 2,
        done: 1,
        error: None,
    }
}

#[async_trait::async_trait]
impl JobRunner for Notes {
    async fn run(&self, _: Uuid, by: &Principal) -> Result<CycleReport, ErrorInformation> {
        self.0.lock().push(format!("run by {}", by.display_name));
        Ok(report(CycleStatus::Running))
    }

    fn progress(&self, _: Uuid) -> Option<BoxStream<'static, CycleReport>> {
        let running = self.0.lock().iter().any(|note| note.starts_with("run"));
        let reports = [report(CycleStatus::Running), report(CycleStatus::Completed)];
        running.then(|| futures::stream::iter(reports).boxed())
    }

    async fn started(&self, _: Uuid) -> Result<(), ErrorInformation> {
        self.0.lock().push("started".to_owned());
        Ok(())
    }

    async fn paused(&self, _: Uuid) {
        self.0.lock().push("paused".to_owned());
    }

    async fn restart(&self, _: Uuid, scopes: &[ResetScope]) -> Result<(), ErrorInformation> {
        self.0.lock().push(format!("restart {scopes:?}"));
        Ok(())
    }

    async fn allow_staged(&self, _: Uuid, until: Option<Timestamp>) -> Result<(), ErrorInformation> {
        self.0.lock().push(until.map_or("allow".to_owned(), |until| format!("allow until {until}")));
        Ok(())
    }

    async fn staged(
        &self,
        _: Uuid,
        after: Option<Cursor>,
        top: usize,
    ) -> Result<(Vec<StagedChange>, Option<Cursor>), ErrorInformation> {
        let change = |number: u128| StagedChange {
            id: Uuid::from_u128(number),
            object_type: ObjectType::User,
            display_name: format!("user {number}"),
            target_id: Some("t1".to_owned()),
            action: StagedAction::Disable,
            kind: GuardKind::Removals,
            reason: "not assigned to the application".to_owned(),
            since: Timestamp::UNIX_EPOCH,
            count: 1,
            modified_properties: Vec::new(),
        };
        let next = Cursor(bytes::Bytes::from_static(b"here"));
        Ok(match after {
            None if top == 1 => (vec![change(1)], Some(next)),
            None => (vec![change(1), change(2)], None),
            Some(_) => (vec![change(2)], None),
        })
    }

    async fn drift(&self, _: Uuid, repair: bool, by: &Principal) -> Result<CycleReport, ErrorInformation> {
        self.0.lock().push(format!("drift {repair} by {}", by.display_name));
        Ok(report(CycleStatus::Running))
    }

    async fn linked(&self, _: Uuid) -> Result<model::Linked, ErrorInformation> {
        Ok(model::Linked { users: 3, groups: 1 })
    }

    async fn waiting(&self, _: Uuid) -> Result<model::Waiting, ErrorInformation> {
        Ok(model::Waiting::default())
    }

    async fn drift_findings(
        &self,
        _: Uuid,
        after: Option<Cursor>,
        top: usize,
    ) -> Result<(Vec<DriftFinding>, Option<Cursor>), ErrorInformation> {
        let finding = |number: u32| DriftFinding {
            kind: DriftKind::UnknownAccount,
            object_type: ObjectType::User,
            source_id: None,
            display_name: format!("user {number}"),
            target_id: number.to_string(),
            attribute: None,
            expected: Value::Null,
            found: Value::Null,
            repairable: false,
        };
        let next = Cursor(bytes::Bytes::from_static(b"here"));
        Ok(match after {
            None if top == 1 => (vec![finding(1)], Some(next)),
            None => (vec![finding(1), finding(2)], None),
            Some(_) => (vec![finding(2)], None),
        })
    }

    async fn test_connection(
        &self,
        _: Uuid,
        credentials: Option<directory::Credentials>,
    ) -> Result<(), ErrorInformation> {
        match credentials {
            None => Ok(()),
            Some(given) => Err(ErrorInformation {
                error_code: "HostNotFound".to_owned(),
                error_category: "failure".to_owned(),
                reason: format!("no host at {}", given.base_address),
                recommended_action: "check the address".to_owned(),
            }),
        }
    }

    async fn discover(&self, _: Uuid) -> Result<Option<TargetAttributes>, ErrorInformation> {
        Ok(self.1.lock().clone())
    }

    async fn plan(
        &self,
        _: Uuid,
        unsaved: Option<Job>,
        selection: Option<Vec<(ObjectType, Uuid)>>,
        _: &Principal,
    ) -> Result<(CycleReport, crate::PlannedEntries), ErrorInformation> {
        let unsaved = unsaved.map_or(String::new(), |job| format!(" with scope {:?}", job.scope));
        self.0.lock().push(format!("plan {}{unsaved}", selection.map_or(0, |selected| selected.len())));
        Ok((report(CycleStatus::Completed), Box::new(std::iter::empty())))
    }

    async fn provision(
        &self,
        _: Uuid,
        object: (ObjectType, Uuid),
        _: &Principal,
    ) -> Result<Vec<ProvisioningEntry>, ErrorInformation> {
        self.0.lock().push(format!("provision {:?}", object.0));
        Ok(Vec::new())
    }
}

/// Tenants without users and groups.
struct NoResources;

#[async_trait::async_trait]
impl webhooks::Resources for NoResources {
    fn location(&self, tenant: &Tenant, resource_type: webhooks::ResourceType, id: Uuid) -> String {
        format!("http://127.0.0.1:8080/tenants/{}/api/scim/v2/{}s/{id}", tenant.name, resource_type.name())
    }

    async fn resource(
        &self,
        _: &Tenant,
        _: webhooks::ResourceType,
        _: Uuid,
    ) -> Result<Option<Value>, String> {
        Ok(None)
    }
}

/// A service provider without clients.
struct Provider {
    notes: Arc<Notes>,
    tenants: Arc<Tenants>,
}

#[async_trait::async_trait]
impl ServiceProvider for Provider {
    fn requests(&self, _: Uuid) -> Vec<Value> {
        vec![json!({"method": "GET", "status": 200})]
    }

    fn forget(&self, _: Uuid) {
        self.notes.0.lock().push("forget".to_owned());
    }

    async fn update(
        &self,
        tenant: Uuid,
        by: &Principal,
        change: TenantChange<'_>,
    ) -> Result<Tenant, scim::Error> {
        self.tenants
            .update(tenant, by, change)
            .await
            .map_err(|error| scim::Error::new(500, error.to_string()))
    }

    async fn extensions(&self, _: Uuid) -> Result<Vec<Value>, scim::Error> {
        Ok(vec![json!({"id": "urn:a:b"})])
    }

    async fn extension(&self, _: Uuid, id: &str) -> Result<Value, scim::Error> {
        Err(scim::Error::new(404, format!("there is no {id}")))
    }

    async fn put_extension(
        &self,
        _: Uuid,
        body: scim::Map,
        id: Option<&str>,
        _: &Principal,
    ) -> Result<(Value, bool), scim::Error> {
        match body.get("id").and_then(Value::as_str) {
            Some("urn:a:taken") => Err(scim::Error::new(409, "taken")),
            Some("urn:a:bad") => Err(scim::Error::new(400, "bad")),
            _ => Ok((Value::Object(body), id.is_none())),
        }
    }

    fn read_extension(&self, body: scim::Map) -> Result<Value, scim::Error> {
        Ok(Value::Object(body))
    }

    async fn resources(
        &self,
        _: Tenant,
        kind: ObjectType,
        asked: Asked<'_>,
    ) -> Result<Resources, scim::Error> {
        let name = format!("{kind:?} {:?} after '{}', {} at most", asked.search, asked.after, asked.limit);
        let next = asked.after.is_empty().then(|| "here".to_owned());
        Ok(Resources { resources: vec![json!({"id": "1", "displayName": name})], total: Some(2), next })
    }

    async fn resource(&self, _: Tenant, _: ObjectType, _: &str, id: &str) -> Result<Value, scim::Error> {
        if id == "1" {
            Ok(json!({"id": "1"}))
        } else {
            Err(scim::Error::new(404, format!("there is no {id}")))
        }
    }

    async fn members(&self, _: Tenant, group: &str, asked: Asked<'_>) -> Result<Resources, scim::Error> {
        let name = format!("{group} {:?} after '{}', {} at most", asked.search, asked.after, asked.limit);
        let next = asked.after.is_empty().then(|| "here".to_owned());
        Ok(Resources { resources: vec![json!({"id": "1", "displayName": name})], total: Some(2), next })
    }

    async fn holds_resources(&self, _: Uuid) -> Result<bool, scim::Error> {
        Ok(false)
    }

    async fn delete_extension(&self, _: Uuid, id: &str, by: &Principal) -> Result<(), scim::Error> {
        self.notes.0.lock().push(format!("delete {id} by {}", by.display_name));
        Ok(())
    }
}

pub(super) struct Api {
    pub(super) router: Router,
    pub(super) token: String,
    pub(super) state: State,
    pub(super) notes: Arc<Notes>,
    _folder: tempfile::TempDir,
}

/// The path of a link of an answer; `None` where it has no such link.
pub(super) fn link(answer: &Value, name: &str) -> Option<String> {
    let link = answer[name].as_str()?;
    Some(link.strip_prefix("http://127.0.0.1:8080").expect("links are absolute").to_owned())
}

impl Api {
    pub(super) async fn new() -> Self {
        let store: Arc<dyn store::Store> = Arc::new(MemoryStore::new());
        let clock = Arc::new(FixedClock::at("2026-03-01T08:00:00Z".parse().expect("a timestamp")));
        let random = Arc::new(Counting(Mutex::new(7)));
        let ids = Ids::new(clock.clone(), random.clone());
        let keys = Arc::new(Keyring::new([3; 32]));
        let installation =
            Installation::new(store.clone(), clock.clone(), ids.clone(), random.clone(), keys.clone());
        let directory = installation.open().await.expect("opens");
        let administrators = Administrators::new(
            store.clone(),
            clock.clone(),
            ids.clone(),
            random.clone(),
            &keys.derive("administrators"),
        );
        let token = administrators.open().await.expect("opens");
        let notes = Arc::new(Notes::default());
        let folder = tempfile::tempdir().expect("a folder");
        let tenants = Arc::new(Tenants::new(store.clone(), clock.clone(), ids.clone(), random.clone()));
        let webhooks = Arc::new(Webhooks::new(WebhooksOptions {
            store,
            tenants: Arc::clone(&tenants),
            clock,
            ids,
            random,
            keys,
            wire: Arc::new(Outgoing::new("address", "the endpoint", 1000, false).expect("a client")),
            resources: Arc::new(NoResources),
            allow_link_local: false,
        }));
        let state = State {
            installation,
            administrators: Arc::new(administrators),
            directory,
            provider: Arc::new(Provider { notes: notes.clone(), tenants: Arc::clone(&tenants) }),
            tenants,
            webhooks,
            runner: notes.clone(),
            addresses: Addresses {
                public_url: "http://127.0.0.1:8080".to_owned(),
                domain: "localhost:8080".to_owned(),
            },
            intake: intake::Intake::default(),
            backups: Backups::in_folder(folder.path()),
            imports: directory::import::ImportFolder::new(folder.path()),
            sends_mail: false,
        };
        let token = token.expect("the first start makes one").0.expose_secret().to_owned();
        Self { router: router(state.clone()), token, state, notes, _folder: folder }
    }

    /// The answer to a call as it comes.
    pub(super) async fn answered(&self, method: &str, path: &str, body: impl Into<Body>) -> Response {
        let request = Request::builder()
            .method(method)
            .uri(path.replace(' ', "%20").replace('"', "%22"))
            .header("authorization", format!("Bearer {}", self.token))
            .body(body.into())
            .expect("a request");
        self.router.clone().oneshot(request).await.expect("infallible")
    }

    pub(super) async fn raw(&self, method: &str, path: &str, body: impl Into<Body>) -> (StatusCode, String) {
        let response = self.answered(method, path, body).await;
        let status = response.status();
        let bytes = response.into_body().collect().await.expect("a body").to_bytes();
        let text = String::from_utf8(bytes.to_vec()).expect("UTF-8");
        // Whatever a test asks for, the answer is one that is documented.
        if let Err(error) = openapi::conforms(method, path, status.as_u16(), &text) {
            panic!("{method} {path}: {status}: {error}: {text}");
        }
        (status, text)
    }

    pub(super) async fn call(&self, method: &str, path: &str, body: Value) -> (StatusCode, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let (status, text) = self.raw(method, path, body).await;
        let value = if text.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&text).unwrap_or_else(|_| panic!("{method} {path}: {status} {text}"))
        };
        (status, value)
    }

    /// A call that must succeed.
    pub(super) async fn ok(&self, method: &str, path: &str, body: Value) -> Value {
        let (status, value) = self.call(method, path, body).await;
        assert!(status.is_success(), "{method} {path}: {status} {value}");
        value
    }

    /// A call that must be refused; answers status and code.
    pub(super) async fn no(&self, method: &str, path: &str, body: Value) -> (u16, String) {
        let (status, value) = self.call(method, path, body).await;
        let error = &value["error"];
        assert!(error["message"].as_str().is_some_and(|it| !it.is_empty()), "{method} {path}: {value}");
        (status.as_u16(), error["code"].as_str().expect("a code").to_owned())
    }

    pub(super) async fn get(&self, path: &str) -> Value {
        self.ok("GET", path, Value::Null).await
    }

    pub(super) async fn user(&self, name: &str) -> String {
        let body = json!({"userPrincipalName": name, "displayName": name.split('@').next(), "accountEnabled": true,
            "mailNickname": "x", "passwordProfile": {"password": "secret"}, "@odata.type": "#microsoft.graph.user"});
        let made = self.ok("POST", "/v1.0/users", body).await;
        made["id"].as_str().expect("an id").to_owned()
    }

    /// Service principal and job of a new application.
    pub(super) async fn app(&self, template: &str) -> (String, String) {
        let path = format!("/v1.0/applicationTemplates/{template}/instantiate");
        let made = self.ok("POST", &path, json!({"displayName": "The App"})).await;
        let app = made["servicePrincipal"]["id"].as_str().expect("an id").to_owned();
        let jobs = self.get(&format!("/v1.0/servicePrincipals/{app}/synchronization/jobs")).await;
        (app, jobs["value"][0]["id"].as_str().expect("an id").to_owned())
    }
}
