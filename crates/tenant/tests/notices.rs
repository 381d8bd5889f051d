//! Mail about tokens that expire, as it arrives at a mail server.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use mail::{Mailer, Server};
use model::{Clock, FixedClock, Ids, Principal};
use store::{Expect, Key, KeyName, Kind, Realm, Store as _, Transaction};
use store_memory::MemoryStore;
use tenant::{Announcer, NewToken, Notice, Recipients, Tenant, Tenants, Token};
use testkit::{MailServer, SeededRandom};
use uuid::Uuid;

const DAY: SignedDuration = SignedDuration::from_hours(24);

struct World {
    store: Arc<MemoryStore>,
    clock: Arc<FixedClock>,
    tenants: Arc<Tenants>,
    tenant: Tenant,
    server: MailServer,
}

fn by() -> Principal {
    Principal::system("test")
}

impl World {
    async fn new() -> Self {
        let store = Arc::new(MemoryStore::new());
        let clock = Arc::new(FixedClock::at("2026-11-24T00:00:00Z".parse().expect("an instant")));
        let tenants = Self::tenants(&store, &clock);
        let tenant = tenants.create("contoso", &by()).await.expect("a tenant");
        Self { store, clock, tenants, tenant, server: MailServer::start().await }
    }

    fn tenants(store: &Arc<MemoryStore>, clock: &Arc<FixedClock>) -> Arc<Tenants> {
        let random = Arc::new(SeededRandom::new(7));
        let ids = Ids::new(clock.clone() as Arc<dyn Clock>, random.clone());
        Arc::new(Tenants::new(store.clone(), clock.clone(), ids, random))
    }

    async fn token(&self, label: &str, days: i32) -> Token {
        let expires: Timestamp = self.clock.now() + DAY * days;
        let new = NewToken { label: label.to_owned(), expires: Some(expires), ..NewToken::default() };
        self.tenants.create_token(self.tenant.id, new, &by()).await.expect("a token").token
    }

    /// As after a start of the program.
    fn announcer(&self) -> Announcer {
        let server = Server::parse(&self.server.url(), None).expect("a server");
        let mailer =
            Mailer::new(&server, "provost@example.com".parse().expect("an address")).expect("a mailer");
        let to = vec!["ops@example.com".parse().expect("an address")];
        let tenants = Self::tenants(&self.store, &self.clock);
        Announcer::new(tenants, Some(Recipients { mailer, to }), Uuid::from_u128(1))
    }

    fn subjects(&self) -> Vec<String> {
        self.server.received().iter().map(|mail| mail.header("subject")).collect()
    }
}

#[tokio::test]
async fn a_token_is_announced_once_for_each_notice_over_restarts() {
    let world = World::new().await;
    let token = world.token("entra", 20).await;
    world.token("for years", 400).await;
    world.tenants.create_token(world.tenant.id, NewToken::default(), &by()).await.expect("a token");
    let mut announcer = world.announcer();
    assert_eq!(announcer.announce().await.expect("a round"), 0);
    for (days, words) in [(6, "expires in 14 days"), (11, "expires in 3 days"), (3, "has just expired")] {
        world.clock.advance(DAY * days);
        assert_eq!(announcer.announce().await.expect("a round"), 1, "{words}");
        assert_eq!(announcer.announce().await.expect("a round"), 0, "{words}");
        announcer = world.announcer();
        assert_eq!(announcer.announce().await.expect("a round"), 0, "{words}, after a restart");
        let subjects = world.subjects();
        assert_eq!(
            subjects.last().map(String::as_str),
            Some(&*format!("SCIM token \"entra\" of tenant contoso {words}"))
        );
    }
    let mails = world.server.received();
    assert_eq!(mails.len(), 3);
    let text = mails[1].body();
    for words in ["contoso", "last used  never", &format!("provost token rotate contoso {}", token.id)] {
        assert!(text.contains(words), "{text}");
    }
    assert_eq!(mails[1].to, ["ops@example.com"]);
    assert_eq!(world.tenants.get_token(token.id).await.expect("the token").announced, Some(Notice::Expired));
}

#[tokio::test]
async fn what_the_mail_server_did_not_take_is_tried_again() {
    let world = World::new().await;
    world.token("entra", 20).await;
    world.token("okta", 20).await;
    world.clock.advance(DAY * 7);
    world.server.refuse(Some("451 come back later"));
    let mut announcer = world.announcer();
    for round in 1..=2 {
        let error = announcer.announce().await.expect_err("refused");
        assert!(error.to_string().contains("come back later"), "{error}");
        assert_eq!(world.server.attempts(), round, "the first that fails ends the round");
    }
    world.server.refuse(None);
    assert_eq!(announcer.announce().await.expect("a round"), 2);
    assert_eq!(world.announcer().announce().await.expect("a round"), 0);
    assert_eq!(world.subjects().len(), 2);
}

#[tokio::test]
async fn what_was_sent_and_not_written_down_is_sent_once_more_with_the_same_name() {
    let world = World::new().await;
    let token = world.token("entra", 20).await;
    world.clock.advance(DAY * 7);
    // The store is closed to writes of the token, as by a crash right after the mail was taken: here by putting back what
    // was there before.
    let before =
        world.store.get(Realm::INSTALLATION, Kind::Token, token.id).await.expect("a read").expect("it");
    assert_eq!(world.announcer().announce().await.expect("a round"), 1);
    let mut back = Transaction::new(world.clock.now());
    let keys = vec![Key::lookup(KeyName::Tenant, token.tenant_id.as_bytes().to_vec())];
    back.put(Realm::INSTALLATION, Kind::Token, token.id, Expect::Present, before.body, keys);
    world.store.commit(back).await.expect("a commit");
    let mut announcer = world.announcer();
    assert_eq!(announcer.announce().await.expect("a round"), 1);
    assert_eq!(announcer.announce().await.expect("a round"), 0);
    let ids: Vec<String> = world.server.received().iter().map(|mail| mail.header("message-id")).collect();
    assert_eq!(ids.len(), 2);
    assert_eq!(ids[0], ids[1], "so that mail systems can tell that it is the same");
}

#[tokio::test]
async fn a_token_that_was_rotated_or_revoked_is_not_announced_before_it_ends() {
    let world = World::new().await;
    let (rotated, revoked) = (world.token("rotated", 20).await, world.token("revoked", 20).await);
    world.tenants.rotate_token(rotated.id, DAY, &by()).await.expect("a rotation");
    world.tenants.revoke_token(revoked.id, &by()).await.expect("a revocation");
    let mut announcer = world.announcer();
    assert_eq!(announcer.announce().await.expect("a round"), 0);
    world.clock.advance(DAY * 15);
    assert_eq!(announcer.announce().await.expect("a round"), 1);
    assert_eq!(world.subjects(), ["SCIM token \"rotated\" of tenant contoso expired 14 days ago"]);
    // A tenant that is gone has no tokens.
    let last = world.token("last", 1).await;
    world.clock.advance(DAY * 2);
    world.tenants.delete(last.tenant_id, &by()).await.expect("a deletion");
    assert_eq!(announcer.announce().await.expect("a round"), 0);
}

#[tokio::test]
async fn a_label_cannot_write_the_mail() {
    let world = World::new().await;
    world.token("x\r\nBcc: evil@example.com\r\n\r\nClick here", 20).await;
    world.clock.advance(DAY * 7);
    assert_eq!(world.announcer().announce().await.expect("a round"), 1);
    let [mail] = &world.server.received()[..] else { panic!("one mail") };
    assert_eq!((mail.header("bcc").as_str(), mail.to.len()), ("", 1));
}

#[tokio::test]
async fn without_a_mail_server_nothing_is_taken_for_announced() {
    let world = World::new().await;
    let token = world.token("entra", 20).await;
    world.clock.advance(DAY * 7);
    let mut silent = Announcer::new(World::tenants(&world.store, &world.clock), None, Uuid::from_u128(1));
    assert_eq!(silent.announce().await.expect("a round"), 1);
    assert_eq!(silent.announce().await.expect("a round"), 0, "the log is told once");
    assert_eq!(world.tenants.get_token(token.id).await.expect("the token").announced, None);
    assert_eq!(world.announcer().announce().await.expect("a round"), 1);
    // Another process of the installation that is at it is left to it.
    let held = std::time::Duration::from_mins(15);
    world.token("next", 5).await;
    world.clock.advance(DAY * 3);
    let lease = world.store.acquire_lease("token-notices", Uuid::from_u128(2), world.clock.now(), held).await;
    assert!(lease.expect("a lease").is_some());
    assert_eq!(world.announcer().announce().await.expect("a round"), 0);
    world.clock.advance(SignedDuration::from_mins(16));
    assert_eq!(world.announcer().announce().await.expect("a round"), 1);
}
