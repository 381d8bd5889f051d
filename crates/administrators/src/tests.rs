use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use model::{AuditEntry, Clock as _, FixedClock, Ids, Principal};
use secrecy::{ExposeSecret as _, SecretString};
use store::{Kind, Realm, Scan, Store};
use store_memory::MemoryStore;
use testkit::SeededRandom;
use uuid::Uuid;

use crate::*;

struct World {
    store: Arc<MemoryStore>,
    clock: Arc<FixedClock>,
    administrators: Administrators,
}

const PASSWORD: &str = "correct horse battery";
const HOUR: SignedDuration = SignedDuration::from_hours(1);

fn by() -> Principal {
    Principal { id: "1".to_owned(), display_name: "Ada Admin".to_owned() }
}

impl World {
    fn new() -> Self {
        let clock = Arc::new(FixedClock::at("2026-11-24T00:00:00Z".parse().expect("an instant")));
        Self::over(Arc::new(MemoryStore::new()), clock, 1)
    }

    fn over(store: Arc<MemoryStore>, clock: Arc<FixedClock>, seed: u64) -> Self {
        let random = Arc::new(SeededRandom::new(seed));
        let ids = Ids::new(clock.clone(), random.clone());
        let administrators = Administrators::new(store.clone(), clock.clone(), ids, random, &[7; 32]);
        Self { store, clock, administrators }
    }

    /// The same installation after a restart.
    fn again(&self) -> Self {
        Self::over(self.store.clone(), self.clock.clone(), 2)
    }

    fn pass(&self, time: SignedDuration) -> Timestamp {
        self.clock.advance(time);
        self.clock.now()
    }

    async fn person(&self, name: &str) -> Administrator {
        let new = NewAccount::Person { sign_in_name: name.to_owned(), password: Some(PASSWORD.into()) };
        self.administrators.create(name, new, &by()).await.expect("a new name")
    }

    async fn sign_in(&self, name: &str, password: &str) -> Result<(SecretString, Caller)> {
        self.administrators.sign_in(name, &password.into()).await
    }

    async fn is_signed_in(&self, session: &SecretString) -> bool {
        self.administrators.of_session(session.expose_secret()).await.expect("readable").is_some()
    }

    async fn tool(&self) -> (Uuid, IssuedSecret) {
        let made = self.administrators.create("ci", NewAccount::Tool, &by()).await.expect("made");
        (made.id, self.administrators.create_secret(made.id, "", None, &by()).await.expect("made"))
    }

    async fn token(&self, id: Uuid, secret: &SecretString) -> Result<AccessToken> {
        self.administrators.issue_access_token(&id.to_string(), secret).await
    }

    async fn caller(&self, token: &SecretString) -> Option<Caller> {
        self.administrators.authenticate(token.expose_secret()).await.expect("not expired")
    }

    async fn audits(&self) -> Vec<AuditEntry> {
        let page = self.store.scan(Realm::INSTALLATION, Kind::AuditEntry, Scan::first(100)).await;
        let objects = page.expect("readable").objects;
        objects.iter().map(|object| serde_json::from_slice(&object.body).expect("an entry")).collect()
    }
}

#[tokio::test]
async fn the_administrators_token_opens_and_is_replaced() {
    let world = World::new();
    let token = world.administrators.open().await.expect("opens").expect("the first start makes one").0;
    assert!(world.administrators.open().await.expect("opens").is_none());
    let caller = world.caller(&token).await.expect("known");
    assert_eq!(caller.principal.display_name, "Global Administrator");
    assert!(caller.may(Permission::write(Area::Administrators), Scope::Installation));
    let text = token.expose_secret();
    for wrong in ["", "x", &text[1..], &text.replace('a', "b")] {
        assert!(world.caller(&wrong.into()).await.is_none(), "{wrong}");
    }
    let new = world.administrators.reset_admin_token(&by()).await.expect("works").0;
    assert!(world.caller(&token).await.is_none() && world.again().caller(&new).await.is_some());
}

#[tokio::test]
async fn accounts_are_made_changed_and_deleted_in_somebodys_name() {
    let world = World::new();
    let ada = world.person("ada@contoso.example").await;
    let taken = NewAccount::Person { sign_in_name: "ADA@contoso.example".to_owned(), password: None };
    let refused = world.administrators.create("x", taken, &by()).await;
    assert!(matches!(refused, Err(Error::NameTaken(_))), "{refused:?}");
    let bob = world.person("bob").await;
    for (change, property) in [
        (
            AdministratorChange {
                sign_in_name: Some("Ada@Contoso.example".to_owned()),
                ..Default::default()
            },
            None,
        ),
        (
            AdministratorChange { sign_in_name: Some("b b".to_owned()), ..Default::default() },
            Some("signInName"),
        ),
        (
            AdministratorChange { display_name: Some(" ".to_owned()), ..Default::default() },
            Some("displayName"),
        ),
        (AdministratorChange { password: Some("short".into()), ..Default::default() }, Some("password")),
    ] {
        match (world.administrators.update(bob.id, change, &by()).await, property) {
            (Err(Error::NameTaken(_)), None) => {}
            (Err(Error::Invalid { property: found, .. }), Some(property)) => assert_eq!(found, property),
            other => panic!("{other:?}"),
        }
    }
    let renamed = AdministratorChange { display_name: Some("Bob".to_owned()), ..Default::default() };
    let bob = world.administrators.update(bob.id, renamed.clone(), &by()).await.expect("changed");
    assert_eq!(world.administrators.update(bob.id, renamed, &by()).await.expect("the same"), bob);
    let role = world.administrators.grant(bob.id, Role::ReportsReader, Scope::Installation, &by()).await;
    let role = role.expect("it fits");
    let again = world.administrators.grant(bob.id, Role::ReportsReader, Scope::Installation, &by()).await;
    assert_eq!(again.expect("it has it"), role);
    let refused =
        world.administrators.grant(bob.id, Role::TenantAdministrator, Scope::Installation, &by()).await;
    assert!(matches!(refused, Err(Error::Invalid { property: "scope", .. })), "{refused:?}");
    assert_eq!(world.again().administrators.list().await.expect("readable")[0], ada);
    world.administrators.revoke(bob.id, role.id, &by()).await.expect("it has it");
    assert!(matches!(world.administrators.revoke(bob.id, role.id, &by()).await, Err(Error::NotFound { .. })));
    world.administrators.delete(bob.id, &by()).await.expect("there");
    assert!(matches!(world.administrators.get(bob.id).await, Err(Error::NotFound { .. })));
    let told: Vec<(String, String)> = world
        .audits()
        .await
        .into_iter()
        .map(|entry| (entry.activity_display_name, entry.initiated_by.display_name))
        .collect();
    let expected = [
        "Add administrator",
        "Add administrator",
        "Update administrator",
        "Add member to role",
        "Remove member from role",
        "Delete administrator",
    ];
    assert_eq!(told, expected.map(|activity| (activity.to_owned(), "Ada Admin".to_owned())));
}

#[tokio::test]
async fn a_session_ends_by_rest_by_age_and_by_hand() {
    let world = World::new();
    world.person("ada").await;
    let (session, caller) = world.sign_in("ADA", PASSWORD).await.expect("right");
    let Credential::Session(opened) = caller.credential else { panic!("a session") };
    assert!(world.administrators.is_csrf_token(&opened, &opened.csrf_token));
    assert!(
        !world.administrators.is_csrf_token(&opened, "AAAA") && world.again().is_signed_in(&session).await
    );
    let (other, caller) = world.sign_in("ada", PASSWORD).await.expect("right");
    let Credential::Session(second) = caller.credential else { panic!("a session") };
    assert!(!world.administrators.is_csrf_token(&opened, &second.csrf_token), "each has its own");
    world.administrators.sign_out(second.id).await.expect("works");
    assert!(!world.is_signed_in(&other).await && world.is_signed_in(&session).await);

    world.pass(HOUR - SignedDuration::from_secs(1));
    assert!(world.is_signed_in(&session).await);
    world.pass(HOUR);
    assert!(!world.is_signed_in(&session).await, "nobody used it for an hour");
    let (session, _) = world.sign_in("ada", PASSWORD).await.expect("right");
    let mut hours = 0;
    while world.is_signed_in(&session).await {
        world.pass(SignedDuration::from_mins(30));
        hours += 1;
        assert!(hours <= 24, "it lives longer than twelve hours");
    }
    assert_eq!(hours, 24, "used all the time it ends after twelve hours");
    world.sign_in("ada", PASSWORD).await.expect("right");
    assert_eq!(world.store.count(Realm::INSTALLATION, Kind::Session).await.expect("readable"), 1);
    for _ in 0..30 {
        world.sign_in("ada", PASSWORD).await.expect("right");
    }
    assert_eq!(world.store.count(Realm::INSTALLATION, Kind::Session).await.expect("readable"), 20);
}

#[tokio::test]
async fn another_password_or_none_of_it_ends_the_sessions() {
    let world = World::new();
    let ada = world.person("ada").await;
    let (old, _) = world.sign_in("ada", PASSWORD).await.expect("right");
    let change = async |from: &str| {
        let new = "another long one".into();
        world.administrators.change_password(ada.id, &from.into(), &new, &by()).await
    };
    assert!(matches!(change("wrong").await, Err(Error::WrongCredentials)));
    let (new, _) = change(PASSWORD).await.expect("right");
    assert!(!world.is_signed_in(&old).await && world.is_signed_in(&new).await);
    assert!(matches!(world.sign_in("ada", PASSWORD).await, Err(Error::WrongCredentials)));

    let disabled = AdministratorChange { enabled: Some(false), ..Default::default() };
    world.administrators.update(ada.id, disabled, &by()).await.expect("changed");
    assert!(!world.is_signed_in(&new).await);
    assert!(matches!(world.sign_in("ada", "another long one").await, Err(Error::WrongCredentials)));
    let enabled = AdministratorChange { enabled: Some(true), ..Default::default() };
    world.administrators.update(ada.id, enabled, &by()).await.expect("changed");
    assert!(!world.is_signed_in(&new).await, "it does not come back");
    let (third, _) = world.sign_in("ada", "another long one").await.expect("right");
    let reset = AdministratorChange { password: Some(PASSWORD.into()), ..Default::default() };
    world.administrators.update(ada.id, reset, &by()).await.expect("changed");
    assert!(!world.is_signed_in(&third).await);
    world.sign_in("ada", PASSWORD).await.expect("right");
    world.administrators.delete(ada.id, &by()).await.expect("there");
    assert_eq!(world.store.count(Realm::INSTALLATION, Kind::Session).await.expect("readable"), 0);
    let bodies = serde_json::to_string(&world.audits().await).expect("JSON");
    assert!(!bodies.contains("argon2") && !bodies.contains("another long"), "{bodies}");
}

#[tokio::test]
async fn guesses_at_a_password_are_slowed_down_for_names_that_nobody_has_too() {
    let world = World::new();
    world.person("ada").await;
    for name in ["ada", "nobody"] {
        for _ in 0..5 {
            assert!(matches!(world.sign_in(name, "wrong").await, Err(Error::WrongCredentials)));
        }
        let refused = world.sign_in(name, PASSWORD).await;
        assert!(matches!(refused, Err(Error::TooManyGuesses(_))), "{name}: {refused:?}");
    }
    world.pass(SignedDuration::from_secs(30));
    world.sign_in("ada", PASSWORD).await.expect("right, and in time");
    world.sign_in("ada", PASSWORD).await.expect("forgotten");
}

#[tokio::test]
async fn an_access_token_lives_an_hour_and_no_longer_than_its_secret_and_tool() {
    let world = World::new();
    let (id, first) = world.tool().await;
    let token = world.token(id, &first.secret).await.expect("right");
    assert_eq!(token.expires, world.clock.now() + HOUR);
    assert!(world.caller(&token.secret).await.expect("known").roles.is_empty());
    let scope = Scope::Tenant { id: Uuid::from_u128(5) };
    world.administrators.grant(id, Role::TenantAdministrator, scope, &by()).await.expect("it fits");
    let caller = world.again().caller(&token.secret).await.expect("known after a restart");
    assert!(caller.may(Permission::write(Area::Tenant), scope), "it has the roles of now");
    assert!(!caller.may(Permission::read(Area::Tenant), Scope::Tenant { id: Uuid::from_u128(6) }));

    let forged = token.secret.expose_secret().replace('A', "B");
    assert!(world.caller(&forged.into()).await.is_none());
    let second = world.administrators.create_secret(id, "next", None, &by()).await.expect("made");
    let Account::Tool { secrets } = world.administrators.get(id).await.expect("there").account else {
        panic!("a tool")
    };
    let used: Vec<Option<Timestamp>> = secrets.iter().map(|secret| secret.last_used).collect();
    assert_eq!(used, [Some(world.clock.now()), None]);
    let other = world.token(id, &second.secret).await.expect("both are good");
    world.administrators.delete_secret(id, first.kept.id, &by()).await.expect("there");
    assert!(world.caller(&token.secret).await.is_none() && world.caller(&other.secret).await.is_some());
    assert!(matches!(world.token(id, &first.secret).await, Err(Error::WrongCredentials)));
    let end = world.pass(HOUR);
    let expired = world.administrators.authenticate(other.secret.expose_secret()).await;
    assert!(matches!(expired, Err(Error::Expired(at)) if at == end));

    let other = world.token(id, &second.secret).await.expect("right");
    let disabled = AdministratorChange { enabled: Some(false), ..Default::default() };
    world.administrators.update(id, disabled, &by()).await.expect("changed");
    assert!(world.caller(&other.secret).await.is_none());
    assert!(matches!(world.token(id, &second.secret).await, Err(Error::WrongCredentials)));
    world.administrators.delete(id, &by()).await.expect("there");
    assert!(world.caller(&other.secret).await.is_none());
}

#[tokio::test]
async fn secrets_expire_are_few_and_only_their_hashes_are_kept() {
    let world = World::new();
    let (id, first) = world.tool().await;
    assert_eq!(first.kept.expires, world.clock.now() + 180 * 24 * HOUR);
    let now = world.clock.now();
    for wrong in [now, now + 732 * 24 * HOUR] {
        let refused = world.administrators.create_secret(id, "", Some(wrong), &by()).await;
        assert!(matches!(refused, Err(Error::Invalid { property: "expires", .. })), "{refused:?}");
    }
    for _ in 0..9 {
        world.administrators.create_secret(id, "", Some(now + HOUR), &by()).await.expect("room");
    }
    let refused = world.administrators.create_secret(id, "", None, &by()).await;
    assert!(matches!(refused, Err(Error::Invalid { property: "secret", .. })), "{refused:?}");
    let person = world.person("ada").await;
    assert!(world.administrators.create_secret(person.id, "", None, &by()).await.is_err());

    let page = world.store.scan(Realm::INSTALLATION, Kind::Administrator, Scan::first(10)).await;
    let bodies: Vec<u8> = page.expect("readable").objects.iter().flat_map(|it| it.body.to_vec()).collect();
    let bodies = String::from_utf8(bodies).expect("JSON") + &format!("{:?}", first.kept);
    assert!(!bodies.contains(first.secret.expose_secret()) && !bodies.contains(PASSWORD));

    // Wrong secrets get slower; the right one is never kept out.
    for _ in 0..5 {
        assert!(matches!(world.token(id, &"wrong".into()).await, Err(Error::WrongCredentials)));
    }
    assert!(matches!(world.token(id, &"wrong".into()).await, Err(Error::TooManyGuesses(_))));
    world.token(id, &first.secret).await.expect("right");
    world.pass(180 * 24 * HOUR);
    assert!(matches!(world.token(id, &first.secret).await, Err(Error::WrongCredentials)));
}
