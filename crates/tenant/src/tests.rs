use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use jiff::SignedDuration;
use model::{FixedClock, Ids, Principal, Random};
use store::{Kind, Realm, Scan, Store};
use store_memory::MemoryStore;

use crate::{Error, NewToken, Tenants};

struct Counting(AtomicU8);

impl Random for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(self.0.fetch_add(1, Ordering::Relaxed));
    }
}

fn by() -> Principal {
    Principal::system("test")
}

fn tenants() -> (Arc<MemoryStore>, Arc<FixedClock>, Tenants) {
    let store = Arc::new(MemoryStore::new());
    let clock = Arc::new(FixedClock::at("2026-11-24T00:00:00Z".parse().unwrap()));
    let random = Arc::new(Counting(AtomicU8::new(1)));
    let ids = Ids::new(clock.clone(), random.clone());
    (store.clone(), clock.clone(), Tenants::new(store, clock, ids, random))
}

#[tokio::test]
async fn a_name_is_taken_once_and_free_after_deletion() {
    let (store, _, tenants) = tenants();
    let first = tenants.create("contoso", &by()).await.unwrap();
    assert!(first.scim_for_authentication);
    assert!(matches!(tenants.create("contoso", &by()).await, Err(Error::NameTaken(_))));
    assert!(matches!(tenants.create("www", &by()).await, Err(Error::InvalidName { .. })));
    assert_eq!(tenants.by_name("contoso").await.unwrap().id, first.id);
    tenants.create_token(first.id, NewToken::default(), &by()).await.unwrap();
    tenants.delete(first.id, &by()).await.unwrap();
    assert!(matches!(tenants.by_name("contoso").await, Err(Error::NoTenant(_))));
    assert!(tenants.tokens(first.id).await.unwrap().is_empty());
    assert!(matches!(tenants.delete(first.id, &by()).await, Err(Error::NoTenant(_))));
    let second = tenants.create("contoso", &by()).await.unwrap();
    let of_first = tenants.audits(first.id, 2).await.unwrap();
    assert_eq!(
        of_first.iter().map(|entry| &*entry.activity_display_name).collect::<Vec<_>>(),
        ["Delete tenant", "Add token"],
        "the last two, the newest first"
    );
    assert_eq!(tenants.list().await.unwrap(), [second]);
    let audit = store.scan(Realm::INSTALLATION, Kind::AuditEntry, Scan::first(100)).await.unwrap();
    assert_eq!(audit.objects.len(), 4, "each mutation that was made, and none that was refused");
}

#[tokio::test]
async fn the_secret_is_nowhere_in_the_store() {
    let (store, _, tenants) = tenants();
    let tenant = tenants.create("contoso", &by()).await.unwrap();
    let issued = tenants.create_token(tenant.id, NewToken::default(), &by()).await.unwrap();
    let page = store.scan(Realm::INSTALLATION, Kind::Token, Scan::first(10)).await.unwrap();
    let body = String::from_utf8_lossy(&page.objects[0].body).into_owned();
    assert!(!body.contains(&issued.secret) && !format!("{issued:?}").contains(&issued.secret));
}

#[tokio::test]
async fn tokens_open_expire_and_are_revoked_at_once() {
    let (_, clock, tenants) = tenants();
    let tenant = tenants.create("contoso", &by()).await.unwrap();
    let end = model::Clock::now(&*clock) + SignedDuration::from_hours(1);
    let new = NewToken { label: "short".to_owned(), expires: Some(end), ..NewToken::default() };
    let short = tenants.create_token(tenant.id, new, &by()).await.unwrap();
    let long = tenants.create_token(tenant.id, NewToken::default(), &by()).await.unwrap();
    assert_eq!(tenants.authenticate(&short.secret).await.unwrap().tenant.id, tenant.id);
    assert_eq!(tenants.authenticate(&long.secret).await.unwrap().token_id, long.token.id);
    clock.advance(SignedDuration::from_hours(1));
    assert!(matches!(tenants.authenticate(&short.secret).await, Err(Error::Expired(at)) if at == end));
    tenants.revoke_token(long.token.id, &by()).await.unwrap();
    assert!(matches!(tenants.authenticate(&long.secret).await, Err(Error::Unknown)));
    assert!(matches!(tenants.revoke_token(long.token.id, &by()).await, Err(Error::NoToken(_))));
    for malformed in ["", "x", &long.secret[1..], &short.secret[..20]] {
        assert!(matches!(tenants.authenticate(malformed).await, Err(Error::Malformed)));
    }
}

#[tokio::test]
async fn rotation_keeps_the_old_token_for_the_overlap() {
    let (_, clock, tenants) = tenants();
    let tenant = tenants.create("contoso", &by()).await.unwrap();
    let new = NewToken { label: "entra".to_owned(), ..NewToken::default() };
    let old = tenants.create_token(tenant.id, new, &by()).await.unwrap();
    tenants.authenticate(&old.secret).await.unwrap();
    let day = SignedDuration::from_hours(24);
    let rotated = tenants.rotate_token(old.token.id, day, &by()).await.unwrap();
    assert_eq!(rotated.token.label, "entra");
    assert_eq!(rotated.token.expires, None);
    tenants.authenticate(&old.secret).await.unwrap();
    clock.advance(day);
    assert!(matches!(tenants.authenticate(&old.secret).await, Err(Error::Expired(_))));
    tenants.authenticate(&rotated.secret).await.unwrap();
}

#[tokio::test]
async fn the_use_of_a_token_is_noted_once_a_minute() {
    let (_, clock, tenants) = tenants();
    let tenant = tenants.create("contoso", &by()).await.unwrap();
    let issued = tenants.create_token(tenant.id, NewToken::default(), &by()).await.unwrap();
    let used = async || {
        tenants.authenticate(&issued.secret).await.unwrap();
        // The note is a task of its own on this one thread.
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        tenants.get_token(issued.token.id).await.unwrap().last_used
    };
    let first = used().await;
    assert_eq!(first, Some(model::Clock::now(&*clock)));
    clock.advance(SignedDuration::from_secs(59));
    assert_eq!(used().await, first);
    clock.advance(SignedDuration::from_secs(1));
    assert_eq!(used().await, Some(model::Clock::now(&*clock)));
}

#[tokio::test]
async fn settings_change_and_the_rest_stays() {
    let (_, _, tenants) = tenants();
    let tenant = tenants.create("contoso", &by()).await.unwrap();
    let changed = tenants
        .update(tenant.id, &by(), |tenant| {
            tenant.name = "other".to_owned();
            tenant.settings.strict = true;
        })
        .await
        .unwrap();
    assert!(changed.settings.strict && changed.name == "contoso");
    assert!(tenants.by_name("contoso").await.unwrap().settings.strict);
}
