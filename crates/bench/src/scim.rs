//! The service provider against its yardsticks, in a tenant that grows from size to size.

use std::cell::Cell;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::load::{self, Connection, Rate};
use crate::provost::{Provost, listening, processor_time};
use crate::yardstick;

/// Connections of every load that does not say otherwise.
const CONNECTIONS: usize = 16;
/// Resources of a page in the walks through lists.
const PAGE: u64 = 100;
/// Operations of a bulk request, and members of a PATCH, while a tenant is filled.
const TOGETHER: u64 = 1000;

#[derive(clap::Args)]
pub struct Options {
    /// Users in the tenant, from size to size
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 100_000])]
    users: Vec<u64>,
    /// Members of the groups that are changed
    #[arg(long, value_delimiter = ',', default_values_t = [10, 1_000, 50_000])]
    members: Vec<u64>,
    /// Seconds of each load
    #[arg(long, default_value_t = 2)]
    seconds: u64,
    /// How often yardstick and measurement take turns; the median counts
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Measure only these
    #[arg(long, value_delimiter = ',')]
    only: Vec<Part>,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    Reads,
    Writes,
    Members,
    Pages,
}

impl Options {
    fn wants(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }
}

/// What a tenant is asked with.
#[derive(Clone)]
struct Tenant {
    address: SocketAddr,
    base: Arc<str>,
    token: Arc<str>,
}

impl Tenant {
    fn request(&self, method: &str, path: &str, body: Option<&Value>) -> Vec<u8> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let (base, token) = (&self.base, &self.token);
        format!(
            "{method} {base}{path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\
             content-type: application/scim+json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    }

    async fn json(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value> {
        let mut connection = Connection::open(self.address).await?;
        let answer = connection.send(&self.request(method, path, body)).await?;
        ensure!(
            answer.status < 300,
            "{method} {path}: {} {}",
            answer.status,
            String::from_utf8_lossy(answer.body)
        );
        Ok(serde_json::from_slice(answer.body).unwrap_or_default())
    }
}

fn user(name: &str) -> Value {
    json!({
        "schemas": [
            "urn:ietf:params:scim:schemas:core:2.0:User",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
        ],
        "userName": format!("{name}@contoso.example"),
        "externalId": name,
        "name": {"formatted": format!("Given {name}"), "familyName": name, "givenName": "Given"},
        "displayName": format!("Given {name}"),
        "title": "Account Executive",
        "preferredLanguage": "de-CH",
        "active": true,
        "emails": [{"type": "work", "value": format!("{name}@contoso.example"), "primary": true}],
        "phoneNumbers": [{"type": "work", "value": "+41 44 555 01 01"}],
        "addresses": [{"type": "work", "streetAddress": "Bahnhofstrasse 1", "locality": "Zürich",
                       "postalCode": "8001", "country": "CH", "formatted": "Zürich, Floor 3"}],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":
            {"department": "Sales", "employeeNumber": "E100578"}
    })
}

/// Fills and measures, size by size.
pub async fn run(options: &Options) -> Result<()> {
    let server = Provost::start().await?;
    let made = server.ok(&["tenant", "create", "contoso"]).await?;
    let token = made["token"].as_str().context("a token")?;
    let tenant =
        Tenant { address: server.address, base: "/tenants/contoso/api/scim/v2".into(), token: token.into() };
    let mut run = Run { options, tenant, server, ids: Vec::new(), looked_up: None };
    println!("{:<44} {:>10} {:>10} {:>7}", "", "a second", "yardstick", "ratio");
    let mut sizes = options.users.clone();
    sizes.sort_unstable();
    for size in sizes {
        run.grow(size).await?;
        let watch = run.server.watch()?;
        if options.wants(Part::Reads) {
            run.reads().await?;
        }
        if options.wants(Part::Writes) {
            run.writes().await?;
        }
        if options.wants(Part::Members) {
            run.members().await?;
        }
        if options.wants(Part::Pages) {
            run.pages().await?;
        }
        println!("{:<44} {:>7} MB", "memory of the server (peak RssAnon)", watch.stop() / 1024);
    }
    Ok(())
}

struct Run<'o> {
    options: &'o Options,
    tenant: Tenant,
    server: Provost,
    ids: Vec<Arc<str>>,
    /// The ratio of a look-up by name in the smallest tenant.
    looked_up: Option<f64>,
}

impl Run<'_> {
    /// Fills the tenant up to a size through `/Bulk`.
    async fn grow(&mut self, size: u64) -> Result<()> {
        let watch = self.server.watch()?;
        let start = Instant::now();
        let first = self.ids.len() as u64;
        for from in (first..size).step_by(usize::try_from(TOGETHER)?) {
            let operations: Vec<Value> = (from..size.min(from + TOGETHER))
                .map(|n| json!({"method": "POST", "path": "/Users", "bulkId": n.to_string(), "data": user(&format!("user{n}"))}))
                .collect();
            let body = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations});
            let answer = self.tenant.json("POST", "/Bulk", Some(&body)).await?;
            for reply in answer["Operations"].as_array().context("a list of replies")? {
                let location = reply["location"].as_str().with_context(|| format!("not created: {reply}"))?;
                self.ids.push(location.rsplit('/').next().unwrap_or_default().into());
            }
        }
        let took = start.elapsed().as_secs_f64();
        println!(
            "\n{size} users: {} more through /Bulk in {took:.1} s; {} MB stored, {} MB (peak RssAnon)",
            size - first,
            self.server.stored()? >> 20,
            watch.stop() / 1024
        );
        Ok(())
    }

    async fn reads(&mut self) -> Result<()> {
        let ids = self.ids.clone();
        let by_id = move |tenant: &Tenant, n: usize| {
            tenant.request("GET", &format!("/Users/{}", ids[n % ids.len()]), None)
        };
        self.read("GET /Users/{id}", by_id).await?;
        let count = self.ids.len();
        let by_name = move |tenant: &Tenant, n: usize| {
            let path = format!("/Users?filter=userName%20eq%20%22user{}%40contoso.example%22", n % count);
            tenant.request("GET", &path, None)
        };
        let ratio = self.read("GET /Users?filter=userName eq \"x\"", by_name).await?;
        let smallest = *self.looked_up.get_or_insert(ratio);
        println!("{:<44} {:>29.2}", "the same, smallest tenant to this one", smallest / ratio);
        Ok(())
    }

    /// A read against a hello-world of the same bytes. Their ratio.
    async fn read(
        &self,
        name: &str,
        make: impl Fn(&Tenant, usize) -> Vec<u8> + Clone + Send + Sync + 'static,
    ) -> Result<f64> {
        let mut connection = Connection::open(self.tenant.address).await?;
        let answer = connection.send(&make(&self.tenant, 0)).await?;
        ensure!(answer.status == 200, "{name}: {}", answer.status);
        let body = self.server.directory().join("hello.json");
        std::fs::write(&body, answer.body)?;
        let program = std::env::current_exe()?;
        let body = body.to_str().context("a path in Unicode")?;
        let (hello, address) = listening(&program, &["hello", body]).await?;
        let hello_pid = hello.id().context("the yardstick has ended")?;
        let costs = [Cell::new(0.0), Cell::new(0.0)];
        let load = async |address, pid, cost: &Cell<f64>| {
            let (tenant, make) = (self.tenant.clone(), make.clone());
            let scatter = move |connection: usize, n: u64| {
                make(&tenant, (connection * 7_919).wrapping_add(scattered(n)))
            };
            let before = processor_time(pid)?;
            let rate = load::http(address, CONNECTIONS, self.time(), 200, scatter).await?;
            cost.set(rate.each(processor_time(pid)?.saturating_sub(before)));
            Ok(rate)
        };
        let pid = self.server.pid()?;
        let yardstick = async |_| load(address, hello_pid, &costs[0]).await;
        let ratio =
            self.compare(name, yardstick, async |_| load(self.tenant.address, pid, &costs[1]).await).await?;
        let [hello, ours] = costs.map(Cell::into_inner);
        println!(
            "{:<44} {ours:>10.1} {hello:>10.1} {:>7.2}",
            "  microseconds of processor time for each",
            hello / ours
        );
        Ok(ratio)
    }

    async fn writes(&self) -> Result<()> {
        let body = user("user0").to_string();
        for connections in [CONNECTIONS, 4 * CONNECTIONS] {
            let size = self.ids.len();
            let create = async |round| {
                let tenant = self.tenant.clone();
                let make = move |connection: usize, n: u64| {
                    let name = format!("new-{size}-{connections}-{round}-{connection}-{n}");
                    tenant.request("POST", "/Users", Some(&user(&name)))
                };
                load::http(self.tenant.address, connections, self.time(), 201, make).await
            };
            let commit = async |_| yardstick::commits(connections, self.time(), body.as_bytes()).await;
            self.compare(&format!("POST /Users, {connections} connections"), commit, create).await?;
        }
        let change = async |round| {
            let (tenant, ids) = (self.tenant.clone(), self.ids.clone());
            let make = move |connection: usize, n: u64| {
                let id = &ids[(connection * 7_919).wrapping_add(scattered(n)) % ids.len()];
                let operation = json!({"op": "replace", "path": "title", "value": format!("{round}-{n}")});
                tenant.request("PATCH", &format!("/Users/{id}"), Some(&patch(&[operation])))
            };
            load::http(self.tenant.address, CONNECTIONS, self.time(), 200, make).await
        };
        let commit = async |_| yardstick::commits(CONNECTIONS, self.time(), body.as_bytes()).await;
        self.compare("PATCH /Users/{id}", commit, change).await?;
        Ok(())
    }

    /// Adding and removing one member, in groups of each size; the yardstick is the smallest.
    async fn members(&self) -> Result<()> {
        let mut smallest = None;
        for size in self.options.members.iter().copied() {
            let needed = usize::try_from(size)? + CONNECTIONS;
            if needed > self.ids.len() {
                continue;
            }
            let group = self.group(size).await?;
            let Some(yardstick) = smallest.clone() else {
                smallest = Some(group);
                continue;
            };
            let name = format!("PATCH one member, of {size} (to {})", self.options.members[0]);
            self.compare(
                &name,
                async |_| self.one_member(&yardstick).await,
                async |_| self.one_member(&group).await,
            )
            .await?;
            self.whole_group(&group, size).await?;
        }
        Ok(())
    }

    /// One read of a group with all its members.
    async fn whole_group(&self, group: &str, size: u64) -> Result<()> {
        let mut connection = Connection::open(self.tenant.address).await?;
        let watch = self.server.watch()?;
        let before = self.server.status("RssAnon")?;
        let start = Instant::now();
        let answer = connection.send(&self.tenant.request("GET", &format!("/Groups/{group}"), None)).await?;
        let took = start.elapsed().as_secs_f64() * 1000.0;
        ensure!(answer.status == 200, "the group of {size}: {}", answer.status);
        let (megabytes, grown) = (answer.body.len() >> 20, watch.stop().saturating_sub(before) / 1024);
        println!(
            "GET the group of {size}: {took:.0} ms, {megabytes} MB answered, {grown} MB more memory meanwhile"
        );
        Ok(())
    }

    /// A group of the first so many users.
    async fn group(&self, size: u64) -> Result<Arc<str>> {
        let name = format!("Group {} {size}", self.ids.len());
        let schemas = ["urn:ietf:params:scim:schemas:core:2.0:Group"];
        let made = json!({"schemas": schemas, "displayName": name});
        let group = self.tenant.json("POST", "/Groups", Some(&made)).await?;
        let id: Arc<str> = group["id"].as_str().context("an id")?.into();
        for some in self.ids[..usize::try_from(size)?].chunks(usize::try_from(TOGETHER)?) {
            let members: Vec<Value> = some.iter().map(|id| json!({"value": &**id})).collect();
            let operation = json!({"op": "add", "path": "members", "value": members});
            self.tenant.json("PATCH", &format!("/Groups/{id}"), Some(&patch(&[operation]))).await?;
        }
        Ok(id)
    }

    async fn one_member(&self, group: &str) -> Result<Rate> {
        let (tenant, ids) = (self.tenant.clone(), self.ids.clone());
        let path = format!("/Groups/{group}");
        let make = move |connection: usize, n: u64| {
            let member = &*ids[ids.len() - 1 - connection];
            let operation = if n.is_multiple_of(2) {
                json!({"op": "add", "path": "members", "value": [{"value": member}]})
            } else {
                json!({"op": "remove", "path": format!("members[value eq \"{member}\"]")})
            };
            tenant.request("PATCH", &path, Some(&patch(&[operation])))
        };
        load::http(self.tenant.address, CONNECTIONS, self.time(), 204, make).await
    }

    /// All pages in sequence, by index and by cursor: the last ones against the first.
    async fn pages(&self) -> Result<()> {
        let mut by_index = Vec::new();
        let mut start = 1;
        loop {
            let (took, page) = self.page(&format!("startIndex={start}")).await?;
            let got = page["Resources"].as_array().map_or(0, Vec::len) as u64;
            if got < PAGE {
                break;
            }
            by_index.push(took);
            start += got;
        }
        depth("list by startIndex, deepest pages", &by_index);
        let mut by_cursor = Vec::new();
        let mut cursor = Some(String::new());
        while let Some(at) = cursor {
            let (took, page) = self.page(&format!("cursor={at}")).await?;
            by_cursor.push(took);
            cursor = page["nextCursor"].as_str().map(str::to_owned);
        }
        depth("list by cursor, deepest pages", &by_cursor);
        Ok(())
    }

    async fn page(&self, place: &str) -> Result<(Duration, Value)> {
        let mut connection = Connection::open(self.tenant.address).await?;
        let request = self.tenant.request("GET", &format!("/Users?count={PAGE}&{place}"), None);
        let start = Instant::now();
        let answer = connection.send(&request).await?;
        let took = start.elapsed();
        ensure!(answer.status == 200, "{place}: {}", String::from_utf8_lossy(answer.body));
        Ok((took, serde_json::from_slice(answer.body)?))
    }

    fn time(&self) -> Duration {
        Duration::from_secs(self.options.seconds)
    }

    /// Yardstick and measurement in turns, by the round whose ratio is the median. That ratio.
    async fn compare(
        &self,
        name: &str,
        yardstick: impl AsyncFn(usize) -> Result<Rate>,
        ours: impl AsyncFn(usize) -> Result<Rate>,
    ) -> Result<f64> {
        let mut rounds = Vec::new();
        for round in 0..self.options.rounds.max(1) {
            let yardstick = yardstick(round).await?.per_second();
            rounds.push((ours(round).await?.per_second(), yardstick));
        }
        rounds.sort_by(|(a, b), (c, d)| (a / b).total_cmp(&(c / d)));
        let (ours, yardstick) = rounds[rounds.len() / 2];
        line(name, ours, yardstick);
        Ok(ours / yardstick)
    }
}

fn line(name: &str, ours: f64, yardstick: f64) {
    println!("{name:<44} {ours:>10.0} {yardstick:>10.0} {:>7.2}", ours / yardstick);
}

/// The last twentieth of a walk against the first, by their medians.
fn depth(name: &str, took: &[Duration]) {
    let some = (took.len() / 20).max(3).min(took.len());
    let middle = |part: &[Duration]| {
        let mut part = part.to_vec();
        part.sort_unstable();
        1.0 / part[part.len() / 2].as_secs_f64()
    };
    line(name, middle(&took[took.len() - some..]), middle(&took[..some]));
}

fn patch(operations: &[Value]) -> Value {
    json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations})
}

/// Numbers that follow each other, far apart, and the same in every run.
fn scattered(n: u64) -> usize {
    usize::try_from(n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33).unwrap_or_default()
}
