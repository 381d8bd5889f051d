//! Quarantine: its schedule, its end, what counts as many failures, and the mail that tells of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::SignedDuration;
use mail::{Mailer, Server};
use model::{CycleStatus, DeprovisionAction, FixedClock, JobState, SecretKey};
use serde_json::{Value, json};
use store::{Expect, Kind, Object, Realm, Scan, Transaction};
use store_memory::MemoryStore;
use testkit::{Fault, MailServer, Recorded, Rule, Switches};
use uuid::Uuid;
use worker::Announcer;

use crate::world::World;

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// A job whose failures somebody gets mail about, at a time of its own.
struct Told {
    world: World,
    clock: Arc<FixedClock>,
    server: MailServer,
    announcer: Announcer,
}

impl Told {
    async fn new(switches: Switches) -> Self {
        let clock = Arc::new(FixedClock::at("2026-01-01T00:00:00Z".parse().expect("an instant")));
        let world = World::at(switches, Arc::new(MemoryStore::new()), clock.clone()).await;
        world.settings(|settings| settings.notification_mail = Some("it@example.com".to_owned())).await;
        let server = MailServer::start().await;
        let announcer = announcer(&world, &clock, Some(&server));
        Self { world, clock, server, announcer }
    }

    /// Sends what is due; the subjects of all mails so far.
    async fn subjects(&mut self) -> Vec<String> {
        self.announcer.announce().await.expect("a round");
        self.server.received().iter().map(|mail| mail.header("subject")).collect()
    }

    async fn break_token(&self) {
        self.world.secret(SecretKey::SecretToken, "wrong").await;
    }

    async fn mend_token(&self) {
        self.world.secret(SecretKey::SecretToken, self.world.target.token()).await;
    }

    /// The mails that wait to be sent.
    async fn pending(&self) -> Vec<Object> {
        let page = self.world.store.scan(Realm::INSTALLATION, Kind::Notice, Scan::first(100)).await;
        page.expect("a page").objects
    }

    async fn until(&self, what: &str, holds: impl Fn(&JobState) -> bool) -> JobState {
        let start = Instant::now();
        loop {
            let state = self.world.state().await;
            if holds(&state) && self.world.worker.progress(self.world.job.id).is_none() {
                return state;
            }
            assert!(start.elapsed() < Duration::from_secs(30), "waited too long: {what}: {state:?}");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

fn announcer(world: &World, clock: &Arc<FixedClock>, server: Option<&MailServer>) -> Announcer {
    let mailer = server.map(|server| {
        let server = Server::parse(&server.url(), None).expect("a server");
        Mailer::new(&server, "provost@example.com".parse().expect("an address")).expect("a mailer")
    });
    let address = "http://provost.example".to_owned();
    Announcer::new(Arc::clone(&world.store), clock.clone(), Uuid::from_u128(1), mailer, address)
}

fn name_of(request: &Recorded) -> &str {
    request.body["userName"].as_str().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_four_weeks_in_quarantine_a_job_is_disabled_and_starts_afresh() {
    let mut told = Told::new(Switches::default()).await;
    told.break_token().await;
    told.world.start().await;
    let series = |count: u32| {
        move |state: &JobState| state.quarantine.as_ref().is_some_and(|it| it.series_count == count)
    };
    let mut state = told.until("the first cycle", series(1)).await;
    let began = state.quarantine.as_ref().expect("in quarantine").series_began;
    assert_eq!(told.subjects().await, ["Provisioning to Floor plans is in quarantine: Unauthorized"]);
    let mut hours = Vec::new();
    for count in 2.. {
        let now = model::Clock::now(&*told.clock);
        let next = state.next_run.expect("due");
        hours.push(next.duration_since(now).as_hours());
        if count < 4 {
            // Not a minute earlier, however often the schedule looks.
            told.clock.advance(next.duration_since(now) - MINUTE);
            let before = told.world.target.received();
            tokio::time::sleep(Duration::from_millis(300)).await;
            assert_eq!(told.world.target.received(), before);
            told.clock.advance(MINUTE);
        } else {
            told.clock.advance(next.duration_since(now));
        }
        state = told.until("the next cycle", series(count)).await;
        if !told.world.directory.job(told.world.job.id).await.expect("the job").started {
            break;
        }
        assert_eq!(told.subjects().await.len(), 1, "nothing new is nothing to tell");
    }
    assert_eq!(hours[..4], [6, 12, 24, 24]);
    let days = model::Clock::now(&*told.clock).duration_since(began).as_hours() / 24;
    assert_eq!(days, 28);
    let subjects = told.subjects().await;
    assert_eq!(subjects[1..], ["Provisioning to Floor plans is disabled after 28 days in quarantine"]);
    let body = told.server.received()[1].body();
    assert!(body.contains("provost job start \"Floor plans\""), "{body}");
    let part = directory::LogPart { limit: 1, ..directory::LogPart::default() };
    let audit = told.world.directory.audit_log(&directory::AuditFilter::default(), part, |_| true).await;
    let entry = audit.expect("a log").entries.remove(0);
    assert_eq!(entry.activity_display_name, "Disable provisioning");
    assert_eq!(entry.initiated_by.display_name, "quarantine");
    assert_eq!(entry.modified_properties[0].display_name, "started");
    // Started again it has all the time again, and a good cycle ends it.
    told.clock.advance(HOUR);
    told.world.start().await;
    told.until("the quarantine anew", series(1)).await;
    assert_eq!(told.subjects().await.len(), 3);
    told.mend_token().await;
    told.clock.advance(HOUR * 6);
    told.until("the end", |state| state.quarantine.is_none()).await;
    assert_eq!(told.subjects().await.len(), 3);
    assert!(told.pending().await.is_empty());
}

#[tokio::test]
async fn another_reason_and_staged_removals_are_told_each_once() {
    let mut told = Told::new(Switches::default()).await;
    let mut users = Vec::new();
    for number in 0..10 {
        users.push(told.world.user(&format!("u{number}"), json!({})).await);
    }
    let group = told.world.group("Everyone", &users).await;
    let assignment = told.world.assign(group).await;
    told.world.run().await;
    told.break_token().await;
    for _ in 0..3 {
        told.world.run().await;
        assert_eq!(told.subjects().await.len(), 1);
    }
    told.mend_token().await;
    let nowhere = told.world.target.base_url().replace("/scim/v2", "/nothing/here");
    told.world.secret(SecretKey::BaseAddress, &nowhere).await;
    told.world.set(users[0], json!({"jobTitle": "x"})).await;
    for _ in 0..2 {
        let report = told.world.run().await;
        let subjects = told.subjects().await;
        assert_eq!(subjects.len(), 2, "{subjects:?} {report:?}");
        assert!(subjects[1].contains("still in quarantine, now: SystemForCrossDomain"), "{subjects:?}");
    }
    told.world.secret(SecretKey::BaseAddress, &told.world.target.base_url()).await;
    assert_eq!(told.world.run().await.status, CycleStatus::Completed);
    assert_eq!(told.subjects().await.len(), 2, "the end of it needs nobody");

    told.world.directory.unassign(&told.world.by, assignment).await.expect("unassigned");
    for _ in 0..2 {
        told.world.run().await;
        assert_eq!(
            told.subjects().await[2..],
            ["Provisioning to Floor plans: changes are held back (TooManyDeletes)"]
        );
    }
    let mail = &told.server.received()[2];
    assert_eq!(mail.to, ["it@example.com"]);
    let body = mail.body();
    for words in [
        "11 accounts and groups would be disabled or deleted",
        "provost job staged \"Floor plans\"",
        "provost job allow-deletes \"Floor plans\"",
        "provost.example",
    ] {
        assert!(body.contains(words), "{body}");
    }
    assert!(!body.contains(told.world.target.token()), "{body}");
    told.world.worker.allow_staged(told.world.job.id, None).await.expect("allowed");
    assert_eq!(told.world.run().await.status, CycleStatus::Completed);
    assert_eq!(told.subjects().await.len(), 3);
}

#[tokio::test]
async fn a_target_that_is_not_reached_for_a_day_is_told() {
    let mut told = Told::new(Switches::default()).await;
    let ada = told.world.user("ada", json!({})).await;
    told.world.assign(ada).await;
    // Nobody listens there.
    told.world.secret(SecretKey::BaseAddress, "http://127.0.0.1:9/scim/v2").await;
    for _ in 0..3 {
        let report = told.world.run().await;
        assert_eq!(report.status, CycleStatus::Interrupted, "{report:?}");
        assert!(told.world.state().await.quarantine.is_none());
        told.clock.advance(HOUR * 7);
    }
    assert!(told.subjects().await.is_empty());
    told.clock.advance(HOUR * 3);
    told.world.run().await;
    let subjects = told.subjects().await;
    assert_eq!(subjects, ["Provisioning to Floor plans is in quarantine: ConnectionFailed"]);
    told.world.secret(SecretKey::BaseAddress, &told.world.target.base_url()).await;
    assert_eq!(told.world.run().await.counts.created, 1);
    let state = told.world.state().await;
    assert_eq!((state.quarantine, state.failing_since), (None, None));
}

#[tokio::test]
async fn a_mail_that_is_not_taken_is_tried_again_with_growing_pauses() {
    let mut told = Told::new(Switches::default()).await;
    told.break_token().await;
    told.world.run().await;
    told.server.refuse(Some("451 come back later"));
    let mut tried = Vec::new();
    for minute in 0..40 {
        let before = told.server.attempts();
        assert!(told.subjects().await.is_empty());
        if told.server.attempts() > before {
            tried.push(minute);
        }
        told.clock.advance(MINUTE);
    }
    assert_eq!(tried, [0, 1, 3, 7, 15, 31]);
    told.server.refuse(None);
    told.clock.advance(HOUR);
    assert_eq!(told.subjects().await.len(), 1);
    // A round does not wait for one mail after the other of a server that takes none.
    told.mend_token().await;
    for _ in 0..4 {
        told.world.run().await;
        told.break_token().await;
        told.world.run().await;
        told.mend_token().await;
    }
    told.server.refuse(Some("451 come back later"));
    let before = told.server.attempts();
    assert_eq!((told.pending().await.len(), told.subjects().await.len()), (4, 1));
    assert_eq!(told.server.attempts(), before + 3);
    told.server.refuse(None);
    told.clock.advance(HOUR);
    assert_eq!(told.subjects().await.len(), 5);
    // What nobody could be told for a week is given up.
    told.mend_token().await;
    told.world.run().await;
    told.break_token().await;
    told.world.run().await;
    told.server.refuse(Some("550 no such mailbox"));
    assert_eq!(told.subjects().await.len(), 5);
    told.clock.advance(HOUR * 24 * 8);
    told.server.refuse(None);
    assert_eq!(told.subjects().await.len(), 5);
    assert!(told.pending().await.is_empty());
}

#[tokio::test]
async fn what_was_sent_and_not_written_down_is_sent_once_more_with_the_same_name() {
    let mut told = Told::new(Switches::default()).await;
    told.break_token().await;
    told.world.run().await;
    let [notice] = &told.pending().await[..] else { panic!("one mail") };
    let mut ids = Vec::new();
    // As by a crash right after the mail was taken.
    for _ in 0..2 {
        told.announcer = announcer(&told.world, &told.clock, Some(&told.server));
        assert_eq!(told.announcer.announce().await.expect("a round"), 1);
        assert_eq!(told.announcer.announce().await.expect("a round"), 0);
        ids.push(told.server.received().last().expect("a mail").header("message-id"));
        let mut back = Transaction::new(model::Clock::now(&*told.clock));
        let body = notice.body.clone();
        back.put(Realm::INSTALLATION, Kind::Notice, notice.id, Expect::Absent, body, Vec::new());
        told.world.store.commit(back).await.expect("a commit");
    }
    assert_eq!(ids[0], ids[1]);
    // Another process of the installation that is at it is left to it.
    told.announcer = announcer(&told.world, &told.clock, Some(&told.server));
    let now = model::Clock::now(&*told.clock);
    let held =
        told.world.store.acquire_lease("job-notices", Uuid::from_u128(2), now, Duration::from_mins(15)).await;
    assert!(held.expect("a lease").is_some());
    assert_eq!(told.announcer.announce().await.expect("a round"), 0);
}

#[tokio::test]
async fn nobody_is_told_where_there_is_no_mail_server_or_no_address() {
    let mut told = Told::new(Switches::default()).await;
    told.announcer = announcer(&told.world, &told.clock, None);
    told.break_token().await;
    told.world.run().await;
    for _ in 0..2 {
        assert_eq!(told.announcer.announce().await.expect("a round"), 0);
    }
    // The next start may name a server.
    assert_eq!(told.pending().await.len(), 1);
    told.announcer = announcer(&told.world, &told.clock, Some(&told.server));
    assert_eq!(told.subjects().await.len(), 1);

    let unwanted: [fn(&mut directory::JobSettings); 2] =
        [|settings| settings.notify = false, |settings| settings.notification_mail = None];
    for unwanted in unwanted {
        told.world.settings(unwanted).await;
        told.world.worker.restart(told.world.job.id, &[]).await.expect("restarted");
        told.world.run().await;
        assert!(told.world.state().await.quarantine.is_some());
        assert_eq!(told.subjects().await.len(), 1);
        assert!(told.pending().await.is_empty());
    }
}

#[tokio::test]
async fn failures_whose_turn_it_is_not_count_too() {
    let refuse = |request: &Recorded| {
        (request.method == "POST" && name_of(request).starts_with("bad")).then_some(Fault::Refuse(400, None))
    };
    let told = Told::new(Switches { rule: Some(Rule::new(refuse)), ..Switches::default() }).await;
    for number in 0..25 {
        for kind in ["good", "bad"] {
            let user = told.world.user(&format!("{kind}{number}"), json!({})).await;
            told.world.assign(user).await;
        }
    }
    let report = told.world.run().await;
    assert_eq!((report.status, report.counts.failed), (CycleStatus::Quarantined, 25), "{report:?}");
    let quarantine = told.world.state().await.quarantine.expect("in quarantine");
    assert_eq!(quarantine.reason, "EncounteredEscrowProportionThreshold");
    // A cycle that tries none of them proves nothing.
    let before = told.world.target.take_recorded().len();
    assert!(before > 0);
    told.world.start().await;
    let state = told
        .until("another cycle", |state| state.quarantine.as_ref().is_some_and(|it| it.series_count == 2))
        .await;
    assert_eq!(state.last_cycle.expect("a cycle").counts.failed, 0);
    assert!(told.world.target.take_recorded().iter().all(|request| request.method == "GET"));
    told.world.target.switch(|switches| switches.rule = None);
    let report = told.world.run().await;
    assert_eq!((report.status, report.counts.created), (CycleStatus::Completed, 25), "{report:?}");
    assert!(told.world.state().await.quarantine.is_none());
}

#[tokio::test]
async fn accounts_disabled_long_ago_do_not_make_failures_look_few() {
    let told = Told::new(Switches::default()).await;
    let world = &told.world;
    world.settings(|settings| settings.deprovisioning.out_of_scope = DeprovisionAction::Disable).await;
    let mut users = Vec::new();
    let mut assignments = Vec::new();
    for number in 0..65 {
        users.push(world.user(&format!("u{number}"), json!({})).await);
        assignments.push(world.assign(users[number]).await);
    }
    world.run().await;
    for assignment in &assignments[..40] {
        world.directory.unassign(&world.by, *assignment).await.expect("unassigned");
    }
    assert_eq!(world.run().await.counts.staged, 40);
    world.worker.allow_staged(world.job.id, None).await.expect("allowed");
    assert_eq!(world.run().await.counts.disabled, 40);
    let refuse = |request: &Recorded| (request.method == "PATCH").then_some(Fault::Refuse(400, None));
    world.target.switch(|switches| switches.rule = Some(Rule::new(refuse)));
    for user in &users[43..] {
        world.set(*user, json!({"jobTitle": "x"})).await;
    }
    let report = world.run().await;
    assert_eq!((report.status, report.counts.failed), (CycleStatus::Quarantined, 22), "{report:?}");
}

#[tokio::test]
async fn groups_that_lack_a_member_are_no_failed_objects() {
    let told = Told::new(Switches { strict: true, ..Switches::default() }).await;
    let world = &told.world;
    let (there, lost) = (world.user("there", json!({})).await, world.user("lost", json!({})).await);
    let mut groups = Vec::new();
    for number in 0..22 {
        groups.push(world.group(&format!("g{number}"), &[]).await);
    }
    for id in groups.iter().chain([&there, &lost]) {
        world.assign(*id).await;
    }
    world.run().await;
    let id = world.account("lost").expect("there")["id"].as_str().map(str::to_owned).unwrap_or_default();
    assert!(world.target.uproot("Users", &id));
    for group in &groups {
        world.add(*group, &[there, lost]).await;
    }
    let report = world.run().await;
    let state = world.state().await;
    assert_eq!(report.status, CycleStatus::Completed, "{report:?} {state:?}");
    assert!(report.counts.failed >= 20, "{report:?}");
    let failed = world.store.scan(Realm(world.job.id), Kind::Link, Scan::first(100)).await.expect("links");
    let links = failed.objects.iter().map(|link| serde_json::from_slice::<Value>(&link.body).expect("JSON"));
    assert_eq!(links.filter(|link| link["escrow"]["references"] == 1).count(), 22);
}
