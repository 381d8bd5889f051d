//! The suite of the seam.

use secrecy::SecretString;
use store::conformance::Subject;
use store_postgres::{Address, PostgresStore};
use testkit::Postgres;

async fn subject() -> Subject {
    let url = SecretString::from(Postgres::shared().database());
    let address = Address::parse(&url, None).expect("an address");
    Subject::new(PostgresStore::open(&address).await.expect("the store opens"))
}

store::conformance_tests!(subject().await);
