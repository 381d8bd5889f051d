//! The task that sends one webhook's events.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt as _, StreamExt as _};
use jiff::Timestamp;
use model::{ModifiedProperty, Principal};
use store::{Committed, Expect, Kind, Realm, Scan, Transaction};
use tenant::Tenant;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, sleep_until};
use tracing::warn;
use uuid::Uuid;

use crate::backoff;
use crate::event::events;
use crate::lanes::{self, Waiting};
use crate::lease::Held;
use crate::records::{self, put_delivery, put_progress, put_webhook};
use crate::send::{Sender, TIMEOUT, Verdict};
use crate::webhook::Stored;
use crate::{Delivery, DeliveryState, Disabled, Error, Progress, Result, Secret, Try, Webhooks};

/// Events of a webhook that are written down and not acknowledged; while there are so many the feed is not read on.
const ROOM: usize = 128;
/// Events sent to an endpoint at a time, each of another resource.
const AT_A_TIME: usize = 4;
/// The least time between two looks at the feed: each commit of any tenant wakes every webhook.
const GAP: Duration = Duration::from_millis(250);
/// The most time between two looks: the store wakes nobody for what another process commits.
const LOOK: Duration = Duration::from_secs(5);
/// How often it is read what administrators changed.
const REFRESH: Duration = Duration::from_secs(1);
/// An endpoint that takes longer for an answer waits for its turn with others like it.
const SLOW: Duration = Duration::from_secs(2);
/// Failures in a row after which the next acknowledgement means that the endpoint is well again.
const DOWN: u32 = 3;
/// Deliveries that are over, and kept.
pub(crate) const KEPT: usize = 500;
/// How many more there may be until the oldest are deleted, so many at a time.
const PIECE: usize = 50;

/// Turns of all webhooks of this process.
pub(crate) struct Pools {
    pub quick: Semaphore,
    pub slow: Semaphore,
}

/// An event that waits, as it is stored.
struct Entry {
    delivery: Delivery,
    version: u64,
    busy: bool,
}

/// What came of a try, or none where it was not made.
type Sent = (Uuid, Option<(Try, Verdict)>);

struct Courier {
    webhooks: Arc<Webhooks>,
    pools: Arc<Pools>,
    lease: Held,
    tenant: Tenant,
    stored: Arc<Stored>,
    version: u64,
    secrets: Arc<[Secret]>,
    progress: Progress,
    expect: Expect,
    waiting: Vec<Entry>,
    refreshed: Option<Instant>,
    /// Failures since the last acknowledgement.
    in_vain: u32,
    /// Whether the last answer took long.
    slow: bool,
    /// Deliveries that ended since the old ones were deleted.
    ended: usize,
}

/// Sends a webhook's events until it is disabled or deleted, as long as nobody else does.
pub(crate) async fn run(webhooks: Arc<Webhooks>, pools: Arc<Pools>, id: Uuid, holder: Uuid) -> Result<()> {
    let store = Arc::clone(&webhooks.parts.store);
    let clock = Arc::clone(&webhooks.parts.clock);
    let Some(lease) = Held::take(store, clock, format!("webhook/{id}"), holder).await? else {
        sleep(LOOK).await;
        return Ok(());
    };
    let Some((stored, version)) = webhooks.read(id).await? else { return Ok(()) };
    let tenant = webhooks.parts.tenants.get(stored.webhook.tenant_id).await?;
    let mut courier = Courier {
        webhooks,
        pools,
        lease,
        tenant,
        stored: Arc::new(stored),
        version,
        secrets: Arc::default(),
        progress: Progress::default(),
        expect: Expect::Absent,
        waiting: Vec::new(),
        refreshed: None,
        in_vain: 0,
        slow: false,
        ended: PIECE,
    };
    let outcome = courier.deliver().await;
    courier.lease.release().await;
    match outcome {
        // It was deleted while something of it was written down.
        Err(Error::Store(store::Error::Missing { .. })) => Ok(()),
        outcome => outcome,
    }
}

impl Courier {
    fn id(&self) -> Uuid {
        self.stored.webhook.id
    }

    async fn deliver(&mut self) -> Result<()> {
        let mut under_way: FuturesUnordered<BoxFuture<'static, Sent>> = FuturesUnordered::new();
        let mut commits = self.webhooks.parts.store.commits();
        // Whether something was committed since it was read what administrators changed.
        let mut stale = false;
        loop {
            commits.mark_unchanged();
            let looked = Instant::now();
            let refreshed = self.refreshed;
            if !self.lease.renew().await? || !self.refresh().await? {
                return Ok(());
            }
            stale &= self.refreshed == refreshed;
            let more = self.fill().await?;
            let next = self.start(&mut under_way);
            self.forget().await?;
            let refresh = self.refreshed.filter(|_| stale).map(|last| last + REFRESH);
            let next = [next, refresh].into_iter().flatten().min();
            let until =
                if more { looked } else { next.map_or(looked + LOOK, |next| next.min(looked + LOOK)) };
            tokio::select! {
                biased;
                Some(first) = under_way.next(), if !under_way.is_empty() => {
                    let mut sent = vec![first];
                    while let Some(Some(another)) = under_way.next().now_or_never() {
                        sent.push(another);
                    }
                    self.settle(sent).await?;
                }
                () = sleep_until(until) => {}
                // The store that closes wakes nobody any more.
                Ok(()) = commits.changed() => {
                    stale = true;
                    sleep_until(until.min(looked + GAP)).await;
                }
            }
        }
    }

    /// Reads what others may have changed; whether there is anything to do still.
    async fn refresh(&mut self) -> Result<bool> {
        if self.refreshed.is_some_and(|last| last.elapsed() < REFRESH) {
            return Ok(true);
        }
        let Some((stored, version)) = self.webhooks.read(self.id()).await? else { return Ok(false) };
        if !stored.webhook.enabled {
            return Ok(false);
        }
        self.tenant = self.webhooks.parts.tenants.get(stored.webhook.tenant_id).await?;
        self.secrets = stored.secrets(&self.webhooks.parts.keys, self.webhooks.now())?.into();
        (self.stored, self.version) = (Arc::new(stored), version);
        let (progress, expect) = records::progress(self.webhooks.store(), self.id()).await?;
        if expect != self.expect {
            let busy: Vec<Uuid> =
                self.waiting.iter().filter(|entry| entry.busy).map(|entry| entry.delivery.id).collect();
            let entry = |(delivery, version): (Delivery, u64)| {
                let busy = busy.contains(&delivery.id);
                Entry { delivery, version, busy }
            };
            let waiting = records::waiting(self.webhooks.store(), self.id()).await?;
            self.waiting = waiting.into_iter().map(entry).collect();
            (self.progress, self.expect) = (progress, expect);
        }
        self.refreshed = Some(Instant::now());
        Ok(true)
    }

    /// Commits something of the webhook, which has to be there; `None` where somebody else changed it meanwhile, and it has
    /// to be read anew.
    async fn commit(&mut self, mut transaction: Transaction) -> Result<Option<Committed>> {
        transaction.require(Realm::INSTALLATION, Kind::Webhook, self.id(), Expect::Present);
        match store::commit(self.webhooks.store(), transaction.fenced(self.lease.fence())).await {
            Ok(committed) => Ok(Some(committed)),
            Err(store::Error::VersionMismatch { .. } | store::Error::Exists { .. }) => {
                (self.refreshed, self.expect) = (None, Expect::Absent);
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Writes down the events that are next, as far as there is room; whether there are more.
    async fn fill(&mut self) -> Result<bool> {
        let room = ROOM.saturating_sub(self.waiting.len());
        if room == 0 {
            return Ok(false);
        }
        let realm = self.tenant.realm();
        let read = match self.webhooks.store().changes(realm, &self.progress.position, room).await {
            Err(store::Error::PositionExpired | store::Error::InvalidCursor) => return self.miss().await,
            read => read?,
        };
        if read.position == self.progress.position {
            return Ok(false);
        }
        let now = self.webhooks.now();
        let wanted =
            events(&read.changes).into_iter().filter(|event| self.stored.webhook.wants(event.event_type));
        let new: Vec<Delivery> = wanted
            .map(|event| {
                let id = self.webhooks.parts.ids.next();
                Delivery::new(id, id, event, now)
            })
            .collect();
        let progress = Progress { position: read.position, ..self.progress.clone() };
        let mut transaction = Transaction::new(now);
        put_progress(&mut transaction, self.id(), &progress, self.expect);
        for delivery in &new {
            put_delivery(&mut transaction, self.id(), delivery, Expect::Absent);
        }
        let Some(committed) = self.commit(transaction).await? else { return Ok(true) };
        let mut versions = committed.versions.into_iter().map(Option::unwrap_or_default);
        (self.progress, self.expect) = (progress, Expect::Version(versions.next().unwrap_or_default()));
        let entries = new.into_iter().zip(versions);
        self.waiting.extend(entries.map(|(delivery, version)| Entry { delivery, version, busy: false }));
        Ok(read.more)
    }

    /// Goes on with the oldest change that the feed still has, and says so: nobody can be told of what came before.
    async fn miss(&mut self) -> Result<bool> {
        let now = self.webhooks.now();
        let position = self.webhooks.store().position_since(self.tenant.realm(), Timestamp::MIN).await?;
        let progress = Progress { position, missed: Some(now), ..self.progress.clone() };
        let mut transaction = Transaction::new(now);
        put_progress(&mut transaction, self.id(), &progress, self.expect);
        let by = Principal::system("webhooks");
        let webhook = &self.stored.webhook;
        self.webhooks.audit(
            &mut transaction,
            "Webhook missed changes",
            &by,
            &self.tenant,
            webhook,
            Vec::new(),
        )?;
        warn!(
            tenant = %self.tenant.name, webhook = %self.id(),
            "the changes that a webhook was to be told of are no longer kept; it goes on with the oldest that are"
        );
        if let Some(committed) = self.commit(transaction).await? {
            let version = committed.versions.first().copied().flatten().unwrap_or_default();
            (self.progress, self.expect) = (progress, Expect::Version(version));
        }
        Ok(true)
    }

    /// Sends what may be sent now; when there is more to send, where nothing else happens.
    fn start(&mut self, under_way: &mut FuturesUnordered<BoxFuture<'static, Sent>>) -> Option<Instant> {
        let now = self.webhooks.now();
        // An endpoint that fails is asked by one event at a time whether it still does.
        let most = if self.in_vain == 0 { AT_A_TIME } else { 1 };
        let most = most.saturating_sub(under_way.len());
        let hold = self.progress.hold_until.filter(|until| *until > now);
        let waiting = self.waiting.iter().map(|entry| Waiting {
            resource: entry.delivery.event.resource(),
            due: entry.delivery.next_try.max(hold).unwrap_or(now),
            busy: entry.busy,
        });
        let (ready, next) = lanes::ready(waiting, now, most);
        for place in ready {
            self.waiting[place].busy = true;
            under_way.push(self.send(self.waiting[place].delivery.clone()).boxed());
        }
        let left = Duration::try_from(next?.duration_since(now)).unwrap_or_default();
        Some(Instant::now() + left)
    }

    fn send(&self, delivery: Delivery) -> impl Future<Output = Sent> + Send + 'static {
        let (webhooks, pools) = (Arc::clone(&self.webhooks), Arc::clone(&self.pools));
        let (tenant, stored, secrets) =
            (self.tenant.clone(), Arc::clone(&self.stored), Arc::clone(&self.secrets));
        let deadline = self.lease.deadline();
        let slow = self.slow || self.in_vain > 0;
        async move {
            let _turn = if slow { &pools.slow } else { &pools.quick }.acquire().await;
            // Whoever gets the lease next may send it as well, but not before this is over.
            if deadline.get() < Instant::now() + TIMEOUT {
                return (delivery.id, None);
            }
            let sender = Sender {
                wire: &*webhooks.parts.wire,
                resources: &*webhooks.parts.resources,
                tenant: &tenant,
                stored: &stored,
                secrets: &secrets,
            };
            let sent = sender.send(&delivery, webhooks.now()).await;
            (delivery.id, Some(sent))
        }
    }

    /// Writes down what came of tries.
    async fn settle(&mut self, sent: Vec<Sent>) -> Result<()> {
        let now = self.webhooks.now();
        let mut progress = self.progress.clone();
        let mut transaction = Transaction::new(now);
        let mut changed: Vec<(usize, Delivery)> = Vec::new();
        let mut disabled = None;
        let mut well_again = false;
        for (id, outcome) in sent {
            // One that is no longer among them was skipped.
            let Some(place) = self.waiting.iter().position(|entry| entry.delivery.id == id) else { continue };
            self.waiting[place].busy = false;
            let Some((done, verdict)) = outcome else { continue };
            self.slow = Duration::from_millis(done.duration_ms) > SLOW;
            let mut delivery = self.waiting[place].delivery.clone();
            delivery.tries += 1;
            if verdict == Verdict::Acknowledged {
                well_again |= self.in_vain >= DOWN;
                self.in_vain = 0;
                (progress.failing_since, progress.last_delivered) = (None, Some(now));
                delivery.last_try = Some(done);
                changed.push((place, delivery.ended(DeliveryState::Delivered)));
                continue;
            }
            self.in_vain += 1;
            progress.failing_since.get_or_insert(done.at);
            let asked = if let Verdict::Failed(asked) = verdict { asked } else { None };
            let pause = backoff::pause(delivery.tries, asked, &*self.webhooks.parts.random);
            let due = now.saturating_add(pause).unwrap_or(Timestamp::MAX);
            if asked.is_some() {
                progress.hold_until = progress.hold_until.max(Some(due));
            }
            let first_failed = *delivery.first_failed.get_or_insert(done.at);
            let words = done.error.clone().unwrap_or_default();
            if verdict == Verdict::Gone {
                disabled.get_or_insert(words);
            } else if backoff::is_hopeless(first_failed, now) {
                let reason = format!("An event was not acknowledged for five days. {words}");
                disabled.get_or_insert(reason);
            }
            (delivery.next_try, delivery.last_try) = (Some(due), Some(done));
            changed.push((place, delivery));
        }
        if changed.is_empty() {
            return Ok(());
        }
        put_progress(&mut transaction, self.id(), &progress, self.expect);
        for (place, delivery) in &changed {
            let expect = Expect::Version(self.waiting[*place].version);
            put_delivery(&mut transaction, self.id(), delivery, expect);
        }
        if let Some(reason) = disabled {
            self.disable(&mut transaction, &reason)?;
        }
        let Some(committed) = self.commit(transaction).await? else { return Ok(()) };
        let mut versions = committed.versions.into_iter().map(Option::unwrap_or_default);
        (self.progress, self.expect) = (progress, Expect::Version(versions.next().unwrap_or_default()));
        for ((place, delivery), version) in changed.into_iter().zip(versions) {
            let entry = &mut self.waiting[place];
            (entry.delivery, entry.version) = (delivery, version);
        }
        let before = self.waiting.len();
        self.waiting.retain(|entry| entry.delivery.state == DeliveryState::Waiting);
        self.ended += before - self.waiting.len();
        if well_again {
            for entry in &mut self.waiting {
                entry.delivery.next_try = Some(now);
            }
        }
        Ok(())
    }

    /// Disables the webhook, since its endpoint wants no events or takes none.
    fn disable(&mut self, transaction: &mut Transaction, reason: &str) -> Result<()> {
        let mut stored = Stored::clone(&self.stored);
        stored.webhook.enabled = false;
        stored.webhook.disabled = Some(Disabled { at: transaction.at, reason: reason.to_owned() });
        put_webhook(transaction, &stored, Expect::Version(self.version));
        let why = ModifiedProperty {
            display_name: "reason".to_owned(),
            old_value: None,
            new_value: Some(reason.into()),
        };
        let by = Principal::system("webhooks");
        self.webhooks.audit(transaction, "Disable webhook", &by, &self.tenant, &stored.webhook, vec![why])?;
        warn!(tenant = %self.tenant.name, webhook = %self.id(), reason, "a webhook is disabled");
        self.refreshed = None;
        Ok(())
    }

    /// Deletes the oldest of the deliveries that are over, where there are more than are kept.
    async fn forget(&mut self) -> Result<()> {
        if self.ended < PIECE {
            return Ok(());
        }
        let realm = Realm(self.id());
        let count = self.webhooks.store().count(realm, Kind::WebhookDelivery).await?;
        let over = usize::try_from(count).unwrap_or(usize::MAX).saturating_sub(self.waiting.len());
        let mut excess = over.saturating_sub(KEPT);
        let mut after = None;
        while excess > 0 {
            let scan = Scan::first(ROOM).after(after);
            let page = self.webhooks.store().scan(realm, Kind::WebhookDelivery, scan).await?;
            let mut transaction = Transaction::new(self.webhooks.now());
            for object in &page.objects {
                let delivery: Delivery = records::decode("delivery", object)?;
                if delivery.state != DeliveryState::Waiting && excess > 0 {
                    transaction.delete(realm, Kind::WebhookDelivery, object.id, Expect::Any);
                    excess -= 1;
                }
            }
            self.commit(transaction).await?;
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        self.ended = 0;
        Ok(())
    }
}
