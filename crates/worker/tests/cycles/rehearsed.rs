//! A plan of everything at once: 5,000 users and 100 groups, every kind of change in them, and the run does what the
//! plan said, to the object and attribute.

use std::collections::BTreeSet;
use std::sync::Arc;

use directory::JobChange;
use jiff::SignedDuration;
use model::{
    AttributeMapping, ClauseOperator, CycleStatus, FixedClock, MappingSource, ObjectType, ProvisioningAction,
    ProvisioningEntry, ProvisioningStatus, ScopingClause, ScopingFilter,
};
use serde_json::{Value, json};
use store_memory::MemoryStore;
use testkit::Switches;
use uuid::Uuid;

use crate::counted::{attribute, direct};
use crate::plan::{all, plan, planned_and_run};
use crate::world::World;

const PEOPLE: usize = 5_000;
const TEAMS: usize = 100;

const UNIQUE: &str = r#"SelectUniqueValue(Join(".", [givenName], [surname]), Join(".", [givenName], [surname], "2"),
    Join(".", [givenName], [surname], RandomString(6, 1, 0, 1, 1, "")))"#;

fn unlike(attribute: &str, value: &str) -> ScopingClause {
    ScopingClause { attribute: attribute.into(), operator: ClauseOperator::NotEquals, value: value.into() }
}

fn computed(path: &str, text: &str) -> AttributeMapping {
    AttributeMapping { source: MappingSource::Expression(text.into()), ..direct(path, "mail") }
}

/// A directory of [`PEOPLE`], and who of them is left for a change.
struct Company {
    world: World,
    clock: Arc<FixedClock>,
    everyone: Uuid,
    people: Vec<Uuid>,
    teams: Vec<Uuid>,
    taken: usize,
}

impl Company {
    /// The people, none of them in the target.
    async fn new() -> Self {
        let clock = Arc::new(FixedClock::at("2026-03-02T08:00:00Z".parse().expect("an instant")));
        let switches = Switches { strict: true, ..Switches::default() };
        let world = World::at(switches, Arc::new(MemoryStore::new()), clock.clone()).await;
        let everyone = world.group("Everyone", &[]).await;
        world.assign(everyone).await;
        let company = Self { world, clock, everyone, people: Vec::new(), teams: Vec::new(), taken: 0 };
        company.configure(vec![unlike("department", "Out")], "").await;
        let guards = |guards: &mut model::Guards| {
            for guard in
                [&mut guards.removals, &mut guards.renames, &mut guards.memberships, &mut guards.source]
            {
                guard.enabled = false;
            }
        };
        company.world.guards(guards).await;
        company
    }

    /// Accounts are found by mail, so that a name can be missing, and shared.
    async fn configure(&self, clauses: Vec<ScopingClause>, kind: &str) {
        let mut mappings = self.world.directory.job(self.world.job.id).await.expect("a job").object_mappings;
        let users = &mut mappings[0];
        users.scoping_filters = vec![ScopingFilter { name: "who".into(), clauses }];
        attribute(users, "userName").source = MappingSource::Direct("mail".into());
        let more = [
            computed("nickName", UNIQUE),
            computed("timezone", r#"Join(" ", [state], Now())"#),
            computed("locale", "Redact([postalCode])"),
            computed("profileUrl", r#"Join("-", [jobTitle], RandomString(8, 1, 0, 1, 1, ""))"#),
            computed("preferredLanguage", r#"FormatDateTime([faxNumber], , "yyyy-MM-dd", "yyyy")"#),
            computed("userType", &format!(r#"Switch([department], "", "Department 7", "{kind}")"#)),
            computed("roles", "AssertiveAppRoleAssignmentsComplex([appRoleAssignments])"),
        ];
        for one in more {
            users.attribute_mappings.retain(|it| it.target_attribute_name != one.target_attribute_name);
            users.attribute_mappings.push(one);
        }
        let change = JobChange { object_mappings: Some(mappings), ..JobChange::default() };
        self.world.change_job(change).await;
    }

    async fn hire(&self, name: &str, more: Value) -> Uuid {
        let mut attributes = json!({
            "mail": format!("{name}@example.com"), "givenName": name, "surname": "Byron", "jobTitle": "Clerk",
            "department": "Sales", "city": "London", "streetAddress": "1 High Street", "country": "GB", "state": "Open",
        });
        for (key, value) in more.as_object().into_iter().flatten() {
            attributes[key] = value.clone();
        }
        self.world.user(name, attributes).await
    }

    async fn hire_everyone(&mut self) {
        for number in 0..PEOPLE {
            let department = format!("Department {}", number % 50);
            self.people.push(self.hire(&format!("u{number}"), json!({"department": department})).await);
        }
        for (at, some) in self.people.chunks(20).enumerate().skip(1) {
            for person in some {
                let boss = Some(self.people[at]);
                self.world.directory.set_manager(&self.world.by, *person, boss).await.expect("a manager");
            }
        }
        self.world.add(self.everyone, &self.people).await;
        for number in 0..TEAMS {
            let team = self.world.group(&format!("Team {number}"), &self.people[number * 40..][..40]).await;
            self.world.assign(team).await;
            self.teams.push(team);
        }
        // Who has a role is assigned twice.
        for person in &self.people[4_900..] {
            self.world.assign_role(*person, "User").await;
        }
    }

    /// Ten people whom nothing has happened to yet, and who are nobody's manager.
    fn ten(&mut self) -> Vec<Uuid> {
        self.taken += 1;
        self.people[1_000 + self.taken * 17..][..10].to_vec()
    }

    async fn each(&mut self, change: impl Fn(usize) -> Value) -> Vec<Uuid> {
        let ten = self.ten();
        for (number, person) in ten.iter().enumerate() {
            self.world.set(*person, change(number)).await;
        }
        ten
    }

    fn account_of(&self, number: usize) -> String {
        let name = format!("u{number}@example.com");
        let all = self.world.target.resources("Users");
        let found = all.iter().find(|it| it["userName"] == name.as_str()).expect("an account");
        found["id"].as_str().expect("an id").to_owned()
    }

    fn an_hour_passes(&self) {
        self.clock.advance(SignedDuration::from_hours(1));
    }
}

/// Those who are away when everything changes: disabled, in the recycle bin, out of scope, unassigned; all come back.
struct Away {
    disabled: Vec<Uuid>,
    binned: Vec<Uuid>,
    filtered: Vec<Uuid>,
    unassigned: Vec<Uuid>,
}

impl Company {
    async fn send_away(&mut self) -> Away {
        let disabled = self.each(|_| json!({"accountEnabled": false})).await;
        let filtered = self.each(|_| json!({"department": "Out"})).await;
        let (binned, unassigned) = (self.ten(), self.ten());
        let (directory, by) = (&self.world.directory, &self.world.by);
        for person in &binned {
            directory.delete_user(by, *person).await.expect("deleted");
        }
        for person in &unassigned {
            self.leave_every_group(*person).await;
        }
        Away { disabled, binned, filtered, unassigned }
    }

    async fn leave_every_group(&self, person: Uuid) {
        let (directory, by) = (&self.world.directory, &self.world.by);
        for group in self.teams.iter().chain([&self.everyone]) {
            let _ = directory.remove_member(by, *group, person).await;
        }
    }

    async fn bring_back(&self, away: &Away) {
        let (world, directory) = (&self.world, &self.world.directory);
        for person in &away.disabled {
            world.set(*person, json!({"accountEnabled": true, "jobTitle": "Back"})).await;
        }
        for person in &away.filtered {
            world.set(*person, json!({"department": "Department 1"})).await;
        }
        for person in &away.binned {
            directory.restore_user(&world.by, *person).await.expect("restored");
        }
        world.add(self.everyone, &away.unassigned).await;
    }

    async fn change_attributes(&mut self) {
        self.each(|_| json!({"jobTitle": "Countess"})).await;
        self.each(
            |n| json!({"jobTitle": "Countess", "city": format!("C{n}"), "state": "NY", "country": null}),
        )
        .await;
        self.each(
            |n| json!({"streetAddress": null, "city": null, "country": null, "mobilePhone": format!("+{n}")}),
        )
        .await;
        self.each(|n| json!({"mobilePhone": format!("+1 {n}"), "businessPhones": [format!("+2 {n}")]})).await;
        self.each(|n| json!({"department": format!("New {n}"), "employeeId": format!("E{n}")})).await;
        self.each(|_| json!({"department": null, "givenName": null})).await;
        self.each(|n| json!({"mail": format!("renamed{n}@example.com")})).await;
        self.each(|n| json!({"surname": format!("King {n}"), "postalCode": "secret"})).await;
        // All want the same nickname.
        self.each(|_| json!({"givenName": "Ada", "surname": "King"})).await;
        self.each(|_| json!({"state": "CA"})).await;
        self.each(|_| json!({"faxNumber": "no date"})).await;
        self.each(|n| json!({"faxNumber": format!("20{}-01-01", 10 + n)})).await;
        self.each(|_| json!({"mail": null})).await;
    }

    async fn change_managers(&mut self, newcomer: Uuid) {
        let (another, cleared, new) = (self.ten(), self.ten(), self.ten());
        let (directory, by) = (&self.world.directory, &self.world.by);
        for (number, person) in another.iter().enumerate() {
            directory.set_manager(by, *person, Some(self.people[number])).await.expect("a manager");
        }
        for person in &cleared {
            directory.set_manager(by, *person, None).await.expect("none");
        }
        for person in &new {
            directory.set_manager(by, *person, Some(newcomer)).await.expect("a manager");
        }
    }

    async fn leave(&mut self) {
        self.each(|_| json!({"accountEnabled": false})).await;
        self.each(|_| json!({"department": "Out", "jobTitle": "Gone"})).await;
        self.each(|_| json!({"state": "Closed"})).await;
        let (unassigned, binned, purged) = (self.ten(), self.ten(), self.ten());
        for person in unassigned {
            self.leave_every_group(person).await;
        }
        let (directory, by) = (&self.world.directory, &self.world.by);
        for person in binned {
            directory.delete_user(by, person).await.expect("deleted");
        }
        for person in purged {
            directory.delete_user(by, person).await.expect("deleted");
            directory.purge_object(by, ObjectType::User, person).await.expect("purged");
        }
        // Managers of twenty each.
        for boss in &self.people[30 + self.taken..][..3] {
            directory.purge_object(by, ObjectType::User, *boss).await.expect("purged");
        }
    }

    /// New people, and what they meet in the target.
    async fn arrive(&mut self) -> Uuid {
        let target = &self.world.target;
        for name in ["alike", "unlike", "double", "double", "shared", "Ada.King"] {
            let mut there = json!({"userName": format!("{name}@example.com"), "active": true});
            if name == "unlike" {
                there["title"] = json!("Old");
                there["emails"] =
                    json!([{"type": "work", "value": "old@example.com"}, {"type": "home", "value": "h"}]);
                there["addresses"] = json!([{"type": "work", "locality": "Paris"}]);
                there["roles"] = json!([{"value": "theirs"}]);
            }
            if name == "Ada.King" {
                there["nickName"] = json!("Ada.King");
            }
            target.plant("Users", there);
        }
        let mut new = Vec::new();
        for name in ["alike", "unlike", "double"] {
            new.push(self.hire(name, json!({"jobTitle": "Clerk"})).await);
        }
        for name in ["sharer1", "sharer2"] {
            new.push(self.hire(name, json!({"mail": "shared@example.com"})).await);
        }
        for name in ["twin1", "twin2"] {
            new.push(self.hire(name, json!({"mail": "twin@example.com", "givenName": "Twin"})).await);
        }
        new.push(self.hire("squatter", json!({"mail": "u4000@example.com"})).await);
        new.push(self.hire("nameless", json!({"mail": null})).await);
        new.push(self.hire("dateless", json!({"faxNumber": "no date"})).await);
        new.push(self.hire("off", json!({"accountEnabled": false})).await);
        new.push(self.hire("outside", json!({"department": "Out"})).await);
        for number in 0..30 {
            new.push(self.hire(&format!("new{number}"), json!({"postalCode": "secret"})).await);
        }
        // Names that others give up, and that swap.
        let (gives, [one, two]) = (self.people[4_100], [self.people[4_101], self.people[4_102]]);
        self.world.set(gives, json!({"mail": "elsewhere@example.com"})).await;
        new.push(self.hire("heir", json!({"mail": "u4100@example.com"})).await);
        self.world.set(one, json!({"mail": "u4102@example.com"})).await;
        self.world.set(two, json!({"mail": "u4101@example.com"})).await;
        self.world.add(self.everyone, &new).await;
        let admin = *new.last().expect("somebody");
        self.world.assign_role(admin, "Admin").await;
        for person in &self.people[4_950..4_960] {
            self.world.assign_role(*person, "Admin").await;
        }
        new[20]
    }

    async fn change_groups(&self, newcomer: Uuid) {
        let (world, directory, by) = (&self.world, &self.world.directory, &self.world.by);
        world.target.plant("Groups", json!({"displayName": "Found"}));
        for (name, members) in [("Found", &self.people[..5]), ("Made", &self.people[5..30]), ("Empty", &[])] {
            let group = world.group(name, members).await;
            world.assign(group).await;
        }
        for team in 0..5 {
            let name = json!({"displayName": format!("Renamed {team}")});
            let Value::Object(name) = name else { unreachable!("an object") };
            directory.update_object(by, ObjectType::Group, self.teams[team], &name).await.expect("renamed");
        }
        for team in &self.teams[5..10] {
            directory.purge_object(by, ObjectType::Group, *team).await.expect("purged");
        }
        for team in &self.teams[10..20] {
            world.add(*team, &[newcomer, self.people[4_500]]).await;
        }
        for number in 15..25 {
            for person in &self.people[number * 40 + 30..][..3] {
                let _ = directory.remove_member(by, self.teams[number], *person).await;
            }
        }
    }

    /// What others did in the target.
    async fn behind_our_back(&self) {
        for number in [4_200, 4_201, 4_202] {
            self.world.target.uproot("Users", &self.account_of(number));
            self.world.set(self.people[number], json!({"jobTitle": "Missing"})).await;
        }
        for number in [4_210, 4_211] {
            let id = self.account_of(number);
            self.world.target.alter("Users", &id, |it| drop(it.insert("title".into(), json!("Theirs"))));
            self.world.set(self.people[number], json!({"city": "Rome"})).await;
        }
    }
}

#[tokio::test]
async fn a_plan_of_every_kind_of_change_is_what_the_run_does() {
    let mut company = Company::new().await;
    let target = company.world.target.clone();
    company.hire_everyone().await;
    // Looking through all accounts for each is what a strict target takes its time with.
    let strictly = |strict: bool| {
        target.switch(|it| (it.strict, it.accept_duplicates) = (strict, !strict));
    };
    strictly(false);
    let report = company.world.run().await;
    strictly(true);
    assert_eq!((report.status, report.counts.failed), (CycleStatus::Completed, 0), "{report:?}");
    assert_eq!(report.counts.created, (PEOPLE + TEAMS + 1) as u64);
    let away = company.send_away().await;
    company.an_hour_passes();
    company.world.run().await;

    company.bring_back(&away).await;
    let newcomer = company.arrive().await;
    company.change_attributes().await;
    company.change_managers(newcomer).await;
    company.leave().await;
    company.change_groups(newcomer).await;
    company.behind_our_back().await;
    company.configure(vec![unlike("department", "Out"), unlike("state", "Closed")], "seven").await;
    company.an_hour_passes();
    let planned = planned_and_run(&company.world).await;
    let entries = all(&planned);
    for action in [
        ProvisioningAction::Create,
        ProvisioningAction::Update,
        ProvisioningAction::Disable,
        ProvisioningAction::Delete,
    ] {
        let some = entries.iter().filter(|it| it.provisioning_action == action).count();
        assert!(some >= 10, "{action:?}: {some}");
    }
    for status in [ProvisioningStatus::Failure, ProvisioningStatus::Skipped] {
        assert!(entries.iter().any(|it| it.provisioning_status == status), "{status:?}");
    }
    assert!(entries.len() > 400, "{}", entries.len());
    let told = serde_json::to_string(&entries).expect("plain data");
    assert!(told.contains("[Redact]") && !told.contains("secret"));

    // Nothing is left but those that fail, and are tried again by each cycle that is asked for.
    let failures = |entries: &[ProvisioningEntry]| -> BTreeSet<String> {
        let failed = entries.iter().filter(|it| it.provisioning_status == ProvisioningStatus::Failure);
        failed.map(|it| it.source_identity.id.clone()).collect()
    };
    let left = all(&plan(&company.world).await);
    assert!(left.iter().all(|it| it.provisioning_status == ProvisioningStatus::Failure), "{left:#?}");
    assert_eq!(failures(&left), failures(&entries));

    // The guards trip, of which the plan knows.
    company.world.guards(|guards| *guards = model::Guards::default()).await;
    company.world.guards(|guards| guards.removals.number = Some(5)).await;
    company.leave().await;
    company.an_hour_passes();
    let planned = planned_and_run(&company.world).await;
    assert_eq!(planned.report.status, CycleStatus::Quarantined);
    assert!(planned.report.counts.staged > 40, "{:?}", planned.report);
}
