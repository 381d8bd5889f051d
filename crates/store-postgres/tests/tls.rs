//! TLS to the database, as `sslmode` asks for it.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use secrecy::SecretString;
use store::Error;
use store_postgres::{Address, PostgresStore};
use testkit::Postgres;

fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(vec![]).expect("parameters");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("a certificate")
}

async fn open(url: &str) -> Result<(), Error> {
    let address = Address::parse(&SecretString::from(url), None).expect("an address");
    PostgresStore::open(&address).await.map(|_| ())
}

#[tokio::test]
async fn what_is_verified_is_what_sslmode_says() {
    let database = Postgres::start();
    let plain = database.database();
    let reason = |outcome: Result<(), Error>| match outcome {
        Err(Error::Unavailable(words)) => words,
        other => panic!("it opens or fails otherwise: {other:?}"),
    };
    // Without TLS at the server it is asked for, and may be done without.
    open(&plain).await.expect("prefer");
    reason(open(&format!("{plain}?sslmode=require")).await);

    let (ours, others) = (authority("ours"), authority("others"));
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(vec!["localhost".to_owned()]).expect("parameters");
    let certificate = params.signed_by(&key, &ours).expect("a certificate");
    database.serve_tls(&certificate.pem(), &key.serialize_pem());
    let dir = std::env::temp_dir().join(format!("provost-tls-{}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("a directory");
    let file = |name: &str, issuer: &CertifiedIssuer<'_, KeyPair>| {
        let file = dir.join(name);
        std::fs::write(&file, issuer.pem()).expect("a file");
        file.display().to_string()
    };
    let (ours, others) = (file("ours.pem", &ours), file("others.pem", &others));
    let by_name = plain.replace("127.0.0.1", "localhost");
    for allowed in [
        format!("{plain}?sslmode=disable"),
        format!("{plain}?sslmode=require"),
        format!("{plain}?sslmode=verify-ca&sslrootcert={ours}"),
        format!("{by_name}?sslmode=verify-full&sslrootcert={ours}"),
    ] {
        open(&allowed).await.unwrap_or_else(|error| panic!("{allowed}: {error}"));
    }
    for refused in [
        format!("{plain}?sslmode=verify-full&sslrootcert={ours}"),
        format!("{plain}?sslmode=verify-ca&sslrootcert={others}"),
        format!("{plain}?sslmode=require&sslrootcert={others}"),
        format!("{by_name}?sslmode=verify-full&sslrootcert={others}"),
        format!("{by_name}?sslmode=verify-full"),
    ] {
        let words = reason(open(&refused).await);
        assert!(words.contains("certificate"), "{refused}: {words}");
    }
    std::fs::remove_dir_all(&dir).expect("removed");
}
