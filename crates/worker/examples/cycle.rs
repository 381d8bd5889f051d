//! Both ends in one process, on SQLite, over loopback HTTP: users a second of an initial cycle, peak memory, a
//! second cycle without changes, and a third after the mapping of one attribute was changed, whose values are the same. `cargo run --release -p worker --example cycle -- 50000 200`

use std::sync::Arc;
use std::time::{Duration, Instant};

use directory::{AssignmentRequest, Installation, JobChange, Keyring};
use model::{Clock, Ids, ObjectType, Principal, Random, SecretKey, SystemClock};
use secrecy::SecretString;
use serde_json::{Map, json};
use store::{Edge, EdgeKind, Expect, Kind, Store, Transaction};
use testkit::SeededRandom;
use worker::{DirectoryTargets, Options, Worker};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let users: usize = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(10_000);
    let groups: usize = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(40);
    let dir = tempfile::tempdir()?;
    let store: Arc<dyn Store> = Arc::new(store_sqlite::SqliteStore::open(dir.path())?);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let random: Arc<dyn Random> = Arc::new(SeededRandom::new(7));
    let ids = Ids::new(Arc::clone(&clock), Arc::clone(&random));
    let by = Principal::system("bench");

    let tenants = Arc::new(tenant::Tenants::new(
        Arc::clone(&store),
        Arc::clone(&clock),
        ids.clone(),
        Arc::clone(&random),
    ));
    let contoso = tenants.create("contoso", &by).await?;
    let token = tenants.create_token(contoso.id, tenant::NewToken::default(), &by).await?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let service = scim_server::Service::new(
        Arc::clone(&store),
        tenants,
        Arc::clone(&clock),
        ids.clone(),
        scim_server::Config::default(),
    );
    let router = scim_server::router(Arc::new(service));
    tokio::spawn(async move { axum::serve(listener, router).await });

    let keys = Arc::new(Keyring::new([7; 32]));
    let installation = Installation::new(Arc::clone(&store), Arc::clone(&clock), ids.clone(), random, keys);
    let directory = installation.open().await?;
    let template = directory::template("officespace").ok_or("no template")?;
    let made = directory.instantiate(&by, template, "Floor plans").await?;
    let url = format!("http://{address}/tenants/contoso/api/scim/v2");
    let secrets = [
        (SecretKey::BaseAddress, SecretString::from(url)),
        (SecretKey::SecretToken, SecretString::from(token.secret)),
    ];
    directory.set_secrets(&by, made.service_principal.id, &secrets).await?;

    let started = Instant::now();
    let mut everyone = Vec::with_capacity(users);
    for part in 0..users.div_ceil(1_000) {
        let mut transaction = Transaction::new(clock.now());
        for number in part * 1_000..users.min((part + 1) * 1_000) {
            let id = ids.next();
            let body = json!({"attributes": {
                "userPrincipalName": format!("user{number}@example.com"), "displayName": format!("User {number}"),
                "givenName": "User", "surname": number.to_string(), "mail": format!("user{number}@example.com"),
                "jobTitle": "Engineer", "department": "Research", "officeLocation": "B1", "accountEnabled": true,
                "city": "Berlin", "mobilePhone": "+49 30 1234567", "mailNickname": format!("user{number}"),
                "employeeId": number.to_string(),
            }});
            transaction.put(
                directory.realm(),
                Kind::User,
                id,
                Expect::Absent,
                serde_json::to_vec(&body)?,
                Vec::new(),
            );
            if number >= 10 {
                transaction.add_edge(Edge {
                    realm: directory.realm(),
                    kind: EdgeKind::Manager,
                    from: (Kind::User, id),
                    to: (Kind::User, everyone[number / 10]),
                });
            }
            everyone.push(id);
        }
        store.commit(transaction).await?;
    }
    let size = users.div_ceil(groups.max(1));
    for number in 0..groups {
        let attributes = Map::from_iter([
            ("displayName".to_owned(), json!(format!("Group {number}"))),
            ("mailNickname".to_owned(), json!(format!("group{number}"))),
            ("mailEnabled".to_owned(), json!(false)),
            ("securityEnabled".to_owned(), json!(true)),
        ]);
        let group = directory.create_object(&by, ObjectType::Group, None, &attributes).await?.id;
        let mut transaction = Transaction::new(clock.now());
        for user in everyone.iter().skip(number * size).take(size) {
            transaction.add_edge(Edge {
                realm: directory.realm(),
                kind: EdgeKind::Member,
                from: (Kind::Group, group),
                to: (Kind::User, *user),
            });
        }
        store.commit(transaction).await?;
        directory
            .assign(
                &by,
                AssignmentRequest { resource: made.service_principal.id, principal: group, role: None },
            )
            .await?;
    }
    println!(
        "directory made in {:.1} s, peak memory {} MB",
        started.elapsed().as_secs_f64(),
        peak_megabytes()
    );
    drop(everyone);

    let opened = installation.clone();
    let worker = Worker::start(Options {
        store: Arc::clone(&store),
        clock,
        ids: ids.clone(),
        holder: ids.next(),
        targets: Arc::new(DirectoryTargets::new(move |id| opened.directory(id))),
        scratch: std::env::temp_dir(),
        settle: Duration::from_secs(20),
        page: worker::PAGE,
        tick: Duration::from_secs(1),
    });
    for round in 0..3 {
        if round == 2 {
            let mut mappings = made.job.object_mappings.clone();
            let mut attributes = mappings.iter_mut().flat_map(|it| &mut it.attribute_mappings);
            let title = attributes.find(|it| it.target_attribute_name == "title").ok_or("no title")?;
            title.source = model::MappingSource::Constant(json!("Engineer"));
            let change = JobChange { object_mappings: Some(mappings), ..JobChange::default() };
            let job = directory.update_job(&by, made.job.id, &change).await?;
            println!("{:?}", directory.reevaluated(&job).await?);
        }
        let began = Instant::now();
        let report = worker.run_now(directory.id(), made.job.id, by.clone()).await?.end().await;
        let seconds = began.elapsed().as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let rate = report.counts.created as f64 / seconds;
        println!("{:?} {:?} {:?}", report.kind, report.status, report.counts);
        println!("{seconds:.2} s, {rate:.0} objects a second, peak memory {} MB", peak_megabytes());
        if let Some(error) = report.error {
            println!("{error:?}");
        }
    }
    worker.shutdown().await;
    Ok(())
}

/// The most memory this process has held, where the system tells.
fn peak_megabytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok()).unwrap_or_default() / 1024
}
