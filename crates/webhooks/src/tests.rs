//! Delivery as a whole, over the store in memory, in a time that runs as fast as there is nothing to do.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use jiff::{SignedDuration, Timestamp};
use keyring::Keyring;
use model::{Clock, Ids, Principal};
use parking_lot::Mutex;
use proptest::prelude::*;
use scim_client::{ErrorCode, Failure, Reply, Wire};
use serde_json::Value;
use store::{Edge, EdgeKind, Expect, Kind, Realm, Store, Transaction};
use store_memory::MemoryStore;
use tenant::{Tenant, Tenants};
use testkit::SeededRandom;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::courier::KEPT;
use crate::{
    Changed, Deliverer, DeliveryState, EventType, From, NewWebhook, ResourceType, Resources, Shown, Webhooks,
    WebhooksOptions,
};

/// A clock that goes with the time of the runtime, but where it is moved on.
struct RuntimeClock {
    began: Instant,
    skipped: Mutex<SignedDuration>,
}

impl RuntimeClock {
    fn skip(&self, hours: i64) {
        *self.skipped.lock() += SignedDuration::from_hours(hours);
    }
}

impl Clock for RuntimeClock {
    fn now(&self) -> Timestamp {
        let since =
            SignedDuration::try_from(self.began.elapsed()).expect("a test is short") + *self.skipped.lock();
        let start = Timestamp::from_second(1_790_000_000).expect("an instant") + since;
        Timestamp::from_microsecond(start.as_microsecond()).expect("an instant")
    }
}

/// What an endpoint does with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reaction {
    Acknowledge,
    Refuse(u16),
    AskForTime,
    /// It takes the event, and its answer is lost.
    Lose,
    Silence,
}

/// A request as the endpoint saw it.
#[derive(Clone, Debug)]
struct Seen {
    webhook_id: String,
    event_type: String,
    resource: Option<Uuid>,
    at: Instant,
    /// Whether it was answered with success before anything else happened to it.
    acknowledged: bool,
}

/// An endpoint, without a network.
#[derive(Default)]
struct Endpoint {
    seen: Mutex<Vec<Seen>>,
    /// What comes next, the last first; then everything is acknowledged.
    script: Mutex<Vec<Reaction>>,
    /// What is done with everything, while there is something.
    always: Mutex<Option<Reaction>>,
}

#[async_trait]
impl Wire for Endpoint {
    async fn exchange(&self, request: Request<Bytes>, timeout: Duration) -> Result<Reply, Failure> {
        let body: Value = serde_json::from_slice(request.body()).expect("JSON");
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let place = {
            let mut seen = self.seen.lock();
            seen.push(Seen {
                webhook_id: request.headers()["webhook-id"].to_str().expect("text").to_owned(),
                event_type: text(&body["type"]).expect("a type"),
                resource: text(&body["data"]["id"]).map(|id| id.parse().expect("an id")),
                at: Instant::now(),
                acknowledged: false,
            });
            seen.len() - 1
        };
        sleep(Duration::from_millis(30)).await;
        let reaction = match *self.always.lock() {
            Some(reaction) => reaction,
            None => self.script.lock().pop().unwrap_or(Reaction::Acknowledge),
        };
        let reply = |status: u16, headers| {
            let status = StatusCode::from_u16(status).expect("a status");
            Ok(Reply { status, headers, body: Some(Bytes::from_static(b"answer")) })
        };
        match reaction {
            Reaction::Acknowledge => {
                self.seen.lock()[place].acknowledged = true;
                reply(200, HeaderMap::new())
            }
            Reaction::Refuse(status) => reply(status, HeaderMap::new()),
            Reaction::AskForTime => {
                let asked = (http::header::RETRY_AFTER, HeaderValue::from_static("7"));
                reply(429, HeaderMap::from_iter([asked]))
            }
            Reaction::Lose => {
                self.seen.lock()[place].acknowledged = true;
                sleep(Duration::from_millis(10)).await;
                Err(Failure::new(ErrorCode::ConnectionFailed, "The connection broke."))
            }
            Reaction::Silence => {
                sleep(timeout).await;
                Err(Failure::new(ErrorCode::Timeout, "No answer."))
            }
        }
    }
}

struct NoResources;

#[async_trait]
impl Resources for NoResources {
    fn location(&self, tenant: &Tenant, of: ResourceType, id: Uuid) -> String {
        format!("https://example.com/{}/{}s/{id}", tenant.name, of.name())
    }

    async fn resource(&self, _: &Tenant, _: ResourceType, _: Uuid) -> Result<Option<Value>, String> {
        Ok(None)
    }
}

struct World {
    store: Arc<MemoryStore>,
    clock: Arc<RuntimeClock>,
    tenants: Arc<Tenants>,
    webhooks: Arc<Webhooks>,
    endpoint: Arc<Endpoint>,
    tenant: Tenant,
    webhook: Uuid,
    by: Principal,
}

impl World {
    async fn new(events: &[EventType]) -> Self {
        let store = Arc::new(MemoryStore::new());
        let clock = Arc::new(RuntimeClock { began: Instant::now(), skipped: Mutex::default() });
        let random = Arc::new(SeededRandom::new(11));
        let ids = Ids::new(clock.clone(), random.clone());
        let tenants = Arc::new(Tenants::new(store.clone(), clock.clone(), ids.clone(), random.clone()));
        let endpoint = Arc::new(Endpoint::default());
        let webhooks = Arc::new(Webhooks::new(WebhooksOptions {
            store: store.clone(),
            tenants: tenants.clone(),
            clock: clock.clone(),
            ids,
            random,
            keys: Arc::new(Keyring::new([5; 32])),
            wire: endpoint.clone(),
            resources: Arc::new(NoResources),
            allow_link_local: false,
        }));
        let by = Principal::system("test");
        let tenant = tenants.create("contoso", &by).await.expect("made");
        let new = NewWebhook {
            url: "https://app.example.com/hooks?key=secret".to_owned(),
            description: String::new(),
            events: events.to_vec(),
            include_resource: true,
            enabled: true,
        };
        let webhook = webhooks.create(&tenant, new, &by).await.expect("made").webhook.id;
        Self { store, clock, tenants, webhooks, endpoint, tenant, webhook, by }
    }

    /// A process that sends; it dies with [`JoinHandle::abort`].
    fn process(&self, holder: u128) -> JoinHandle<()> {
        tokio::spawn(Deliverer::new(self.webhooks.clone(), Uuid::from_u128(holder)).run())
    }

    async fn commit(&self, fill: impl FnOnce(&mut Transaction, Realm)) {
        let mut transaction = Transaction::new(self.clock.now());
        fill(&mut transaction, self.tenant.realm());
        store::commit(&*self.store, transaction).await.expect("the commit succeeds");
    }

    async fn write(&self, user: u128) {
        self.commit(|it, realm| {
            it.put(realm, Kind::User, Uuid::from_u128(user), Expect::Any, "{}", vec![]);
        })
        .await;
    }

    async fn shown(&self) -> Shown {
        self.webhooks.get(self.tenant.id, self.webhook).await.expect("it is there")
    }

    /// Waits until all is told.
    async fn told(&self) {
        let head = self.store.head(self.tenant.realm()).await.expect("readable");
        for _ in 0..100_000 {
            let Shown { progress, waiting, .. } = self.shown().await;
            if progress.position == head && waiting == 0 {
                return;
            }
            sleep(Duration::from_secs(1)).await;
        }
        panic!("not all is told: {:?}", self.shown().await);
    }

    fn seen(&self) -> Vec<Seen> {
        self.endpoint.seen.lock().clone()
    }

    async fn audits(&self) -> Vec<String> {
        let audits = self.tenants.audits(self.tenant.id, 100).await.expect("readable");
        audits.into_iter().map(|entry| entry.activity_display_name).collect()
    }
}

#[derive(Clone, Debug)]
enum Step {
    Write(u8),
    Delete(u8),
    Join(u8),
    Wait(u16),
    Crash,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (0_u8..4).prop_map(Step::Write),
        2 => (0_u8..4).prop_map(Step::Delete),
        2 => (0_u8..4).prop_map(Step::Join),
        3 => (0_u16..5000).prop_map(Step::Wait),
        1 => Just(Step::Crash),
    ];
    proptest::collection::vec(step, 1..60)
}

fn script() -> impl Strategy<Value = Vec<Reaction>> {
    let reaction = prop_oneof![
        4 => Just(Reaction::Acknowledge),
        2 => Just(Reaction::Refuse(500)),
        1 => Just(Reaction::Refuse(404)),
        1 => Just(Reaction::AskForTime),
        1 => Just(Reaction::Lose),
        1 => Just(Reaction::Silence),
    ];
    proptest::collection::vec(reaction, 0..60)
}

const GROUP: Uuid = Uuid::from_u128(1000);

/// Plays steps against an endpoint, and holds what it saw against what was committed.
async fn play(steps: &[Step], script: &[Reaction]) -> Result<(), TestCaseError> {
    let world = World::new(&[]).await;
    script.clone_into(&mut world.endpoint.script.lock());
    let mut process = world.process(1);
    let mut there = [false; 4];
    let mut happened: HashMap<Uuid, Vec<&str>> = HashMap::new();
    world
        .commit(|it, realm| {
            it.put(realm, Kind::Group, GROUP, Expect::Absent, "{}", vec![]);
        })
        .await;
    happened.entry(GROUP).or_default().push("group.created");
    for step in steps {
        // Each commit has a time of its own, as what one commit does is one event.
        sleep(Duration::from_millis(1)).await;
        match *step {
            Step::Write(number) => {
                let user = Uuid::from_u128(u128::from(number) + 1);
                world.write(user.as_u128()).await;
                let new = !std::mem::replace(&mut there[usize::from(number)], true);
                happened.entry(user).or_default().push(if new { "user.created" } else { "user.updated" });
            }
            Step::Delete(number) if there[usize::from(number)] => {
                let user = Uuid::from_u128(u128::from(number) + 1);
                let member =
                    world.store.has_edges(world.tenant.realm(), EdgeKind::Member, GROUP, &[user]).await;
                if member.expect("readable")[0] {
                    happened.entry(GROUP).or_default().push("group.updated");
                }
                world
                    .commit(|it, realm| {
                        it.delete(realm, Kind::User, user, Expect::Present);
                    })
                    .await;
                there[usize::from(number)] = false;
                happened.entry(user).or_default().push("user.deleted");
            }
            Step::Join(number) if there[usize::from(number)] => {
                let user = Uuid::from_u128(u128::from(number) + 1);
                let realm = world.tenant.realm();
                let member = world.store.has_edges(realm, EdgeKind::Member, GROUP, &[user]).await;
                if !member.expect("readable")[0] {
                    let (from, to) = ((Kind::Group, GROUP), (Kind::User, user));
                    world
                        .commit(|it, realm| {
                            it.add_edge(Edge { realm, kind: EdgeKind::Member, from, to });
                        })
                        .await;
                    happened.entry(GROUP).or_default().push("group.updated");
                }
            }
            Step::Delete(_) | Step::Join(_) => {}
            Step::Wait(milliseconds) => sleep(Duration::from_millis(u64::from(milliseconds))).await,
            Step::Crash => {
                process.abort();
                process = world.process(1);
            }
        }
    }
    world.told().await;
    process.abort();
    let mut told: HashMap<Uuid, Vec<&Seen>> = HashMap::new();
    let seen = world.seen();
    for one in &seen {
        let events = told.entry(one.resource.expect("a resource")).or_default();
        match events.iter().position(|other| other.webhook_id == one.webhook_id) {
            // Once more, under the same identifier: then it is of the same type, and the last one.
            Some(place) => prop_assert_eq!(&events[place].event_type, &one.event_type),
            None => events.push(one),
        }
    }
    for (resource, expected) in &happened {
        let of = told.get(resource).map(Vec::as_slice).unwrap_or_default();
        let types: Vec<&str> = of.iter().map(|one| one.event_type.as_str()).collect();
        prop_assert_eq!(&types, expected, "of {}", resource);
    }
    prop_assert_eq!(told.len(), happened.len());
    // No event was tried before each earlier one of its resource had been acknowledged.
    for (place, one) in seen.iter().enumerate() {
        let order = &told[&one.resource.expect("a resource")];
        let own = order.iter().position(|other| other.webhook_id == one.webhook_id).expect("it is there");
        for earlier in &order[..own] {
            let acknowledged = seen[..place]
                .iter()
                .any(|other| other.webhook_id == earlier.webhook_id && other.acknowledged);
            prop_assert!(acknowledged, "{one:?} came before {earlier:?}");
        }
    }
    Ok(())
}

fn paused() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn everything_is_told_in_order_whatever_fails(steps in steps(), script in script()) {
        paused().block_on(play(&steps, &script))?;
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_that_fails_for_five_days_disables_the_webhook_and_nothing_is_lost() {
    let world = World::new(&[]).await;
    *world.endpoint.always.lock() = Some(Reaction::Refuse(500));
    let _process = world.process(1);
    world.write(1).await;
    world.write(2).await;
    sleep(Duration::from_mins(3)).await;
    assert!(world.seen().len() > 10, "pauses are short at first");
    for hours in [60, 59] {
        world.clock.skip(hours);
        sleep(Duration::from_mins(3)).await;
        assert!(world.shown().await.webhook.enabled);
    }
    world.clock.skip(2);
    while world.shown().await.webhook.enabled {
        sleep(Duration::from_mins(1)).await;
    }
    let tries = world.seen().len();
    let shown = world.shown().await;
    let reason = shown.webhook.disabled.expect("a reason").reason;
    assert!(reason.contains("five days") && reason.contains("500"), "{reason}");
    assert_eq!(world.audits().await[0], "Disable webhook");
    assert_eq!(shown.waiting, 2);

    // Meanwhile nothing is sent; afterwards all is.
    world.write(3).await;
    world.clock.skip(10);
    sleep(Duration::from_mins(1)).await;
    assert_eq!(world.seen().len(), tries);
    *world.endpoint.always.lock() = None;
    let enabled = Changed { enabled: Some(true), ..Changed::default() };
    world.webhooks.update(&world.tenant, world.webhook, &enabled, &world.by).await.expect("enabled");
    world.told().await;
    assert_eq!(world.seen().len(), tries + 3);
    assert!(world.shown().await.webhook.disabled.is_none());
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_is_well_again_gets_at_once_what_waited() {
    let world = World::new(&[]).await;
    *world.endpoint.always.lock() = Some(Reaction::Silence);
    let _process = world.process(1);
    for user in 1..=20 {
        world.write(user).await;
    }
    sleep(Duration::from_mins(40)).await;
    *world.endpoint.always.lock() = None;
    world.told().await;
    let acknowledged: Vec<Instant> =
        world.seen().iter().filter(|one| one.acknowledged).map(|one| one.at).collect();
    assert_eq!(acknowledged.len(), 20);
    assert!(
        acknowledged[19] - acknowledged[0] < Duration::from_secs(5),
        "{:?}",
        acknowledged[19] - acknowledged[0]
    );
    assert_eq!(world.shown().await.progress.failing_since, None);
}

#[tokio::test(start_paused = true)]
async fn changes_that_are_no_longer_kept_are_missed_and_it_is_said() {
    let world = World::new(&[]).await;
    let off = Changed { enabled: Some(false), ..Changed::default() };
    world.webhooks.update(&world.tenant, world.webhook, &off, &world.by).await.expect("disabled");
    world.write(1).await;
    sleep(Duration::from_hours(1)).await;
    let later = world.clock.now();
    world.write(2).await;
    world.store.prune_changes(world.tenant.realm(), later).await.expect("pruned");
    let on = Changed { enabled: Some(true), ..Changed::default() };
    world.webhooks.update(&world.tenant, world.webhook, &on, &world.by).await.expect("enabled");
    let _process = world.process(1);
    world.told().await;
    let resources: Vec<Option<Uuid>> = world.seen().iter().map(|one| one.resource).collect();
    assert_eq!(resources, [Some(Uuid::from_u128(2))]);
    assert!(world.shown().await.progress.missed.is_some());
    assert_eq!(world.audits().await[0], "Webhook missed changes");
    // Whoever has read all anew lets it go on.
    world.webhooks.replay(&world.tenant, world.webhook, &From::Now, &world.by).await.expect("replayed");
    assert!(world.shown().await.progress.missed.is_none());
    // What the feed no longer has is refused where it is asked for by its place.
    let start = From::Position(store::Position::START);
    let refused = world.webhooks.replay(&world.tenant, world.webhook, &start, &world.by).await;
    assert!(matches!(refused, Err(crate::Error::Expired)));
}

#[tokio::test(start_paused = true)]
async fn of_two_processes_one_sends_and_the_other_takes_over() {
    let world = World::new(&[]).await;
    let first = world.process(1);
    sleep(Duration::from_secs(3)).await;
    let _second = world.process(2);
    for user in 1..=30 {
        world.write(user).await;
        sleep(Duration::from_millis(400)).await;
    }
    world.told().await;
    assert_eq!(world.seen().len(), 30, "each event once");
    first.abort();
    world.write(31).await;
    let begun = Instant::now();
    world.told().await;
    assert_eq!(world.seen().len(), 31);
    assert!(begun.elapsed() < Duration::from_mins(2), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn the_last_deliveries_are_kept_and_those_that_wait() {
    let world = World::new(&[EventType::UserUpdated]).await;
    let _process = world.process(1);
    for _ in 0..700 {
        world.write(1).await;
        sleep(Duration::from_millis(1)).await;
    }
    world.told().await;
    world.write(1).await;
    world.told().await;
    let kept = world.webhooks.deliveries(world.tenant.id, world.webhook).await.expect("readable");
    assert!((KEPT..KEPT + 100).contains(&kept.len()), "{}", kept.len());
    assert!(kept.iter().all(|one| one.state == DeliveryState::Delivered));
    assert!(kept.is_sorted_by(|one, other| one.id > other.id), "the newest first");
    assert_eq!(world.seen().len(), 700, "and of the chosen type alone: the first was a creation");
}

#[tokio::test(start_paused = true)]
async fn a_webhook_goes_with_its_tenant() {
    let world = World::new(&[]).await;
    let _process = world.process(1);
    world.write(1).await;
    world.told().await;
    world.tenants.delete(world.tenant.id, &world.by).await.expect("deleted");
    sleep(Duration::from_secs(10)).await;
    assert_eq!(world.store.count(Realm::INSTALLATION, Kind::Webhook).await.expect("readable"), 0);
    let deliveries = world.store.count(Realm(world.webhook), Kind::WebhookDelivery).await;
    assert_eq!(deliveries.expect("readable"), 0);
    assert!(world.webhooks.list(world.tenant.id).await.expect("readable").is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_a_webhook_is_refused() {
    let world = World::new(&[]).await;
    let new = |url: &str| NewWebhook {
        url: url.to_owned(),
        description: String::new(),
        events: EventType::ALL.to_vec(),
        include_resource: false,
        enabled: false,
    };
    for (url, word) in [
        ("", "empty"),
        ("app.example.com/hooks", "https://"),
        ("ftp://app.example.com", "neither"),
        ("https://me:secret@app.example.com", "credentials"),
        ("http://169.254.169.254/latest", "metadata"),
        ("http://[fe80::1]/", "link-local"),
        (&format!("https://app.example.com/{}", "x".repeat(2048)), "longer"),
    ] {
        let refused = world.webhooks.create(&world.tenant, new(url), &world.by).await.expect_err(url);
        assert!(refused.to_string().contains(word), "{url}: {refused}");
    }
    let taken =
        world.webhooks.create(&world.tenant, new("HTTPS://App.Example.com:443/hooks?key=secret"), &world.by);
    assert!(matches!(taken.await, Err(crate::Error::UrlTaken)), "the same address, written otherwise");
    for number in 1..crate::MAX_WEBHOOKS {
        let url = format!("https://app.example.com/{number}");
        let made = world.webhooks.create(&world.tenant, new(&url), &world.by).await.expect("made");
        assert!(made.webhook.events.is_empty(), "all of them are none that are named");
    }
    let more = world.webhooks.create(&world.tenant, new("https://app.example.com/more"), &world.by).await;
    assert!(matches!(more, Err(crate::Error::TooMany(20))));
    let text = format!("{:?}", world.webhooks.list(world.tenant.id).await.expect("readable"));
    assert!(!text.contains("whsec_"));
}
