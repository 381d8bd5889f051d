//! A world whose cycles are counted: what they read, and what they send.

use std::sync::Arc;

use directory::{JobChange, JobSettings, Reevaluated};
use model::{
    AttributeMapping, ClauseOperator, CycleKind, CycleReport, CycleStatus, FlowBehavior, FlowType, Job,
    MappingSource, ObjectMapping, ObjectType, ScopingClause, ScopingFilter,
};
use serde_json::json;
use store::{Kind, Store as _};
use testkit::Switches;
use uuid::Uuid;

use crate::counting::Counting;
use crate::world::{World, writes};

/// A world that counts.
pub struct Counted {
    pub world: World,
    pub store: Arc<Counting>,
}

/// What a cycle cost: users and groups read; requests that write, by number and in words; all requests but the one
/// that asks what the target can do.
#[derive(Debug)]
pub struct Cost {
    pub report: CycleReport,
    pub users: u64,
    pub groups: u64,
    pub writes: usize,
    pub requests: usize,
    pub sent: Vec<String>,
}

impl Counted {
    pub async fn new(switches: Switches) -> Self {
        let store = Arc::new(Counting::default());
        let world = World::with(switches, Arc::clone(&store) as _).await;
        Self { world, store }
    }

    /// With twenty users in a group that is assigned, one of them disabled, and five that are not assigned.
    pub async fn with_people() -> (Self, Vec<Uuid>, Uuid) {
        let counted = Self::new(Switches::default()).await;
        let world = &counted.world;
        let mut users = Vec::new();
        for number in 0..20 {
            let attributes = json!({"jobTitle": "Engineer", "city": format!("City {}", number / 16)});
            users.push(world.user(&format!("u{number}"), attributes).await);
        }
        for number in 20..25 {
            world.user(&format!("u{number}"), json!({"city": "City 0"})).await;
        }
        let group = world.group("Engineers", &users).await;
        world.assign(group).await;
        world.run().await;
        world.set(users[19], json!({"accountEnabled": false})).await;
        counted.cycle().await;
        (counted, users, group)
    }

    pub async fn cycle(&self) -> Cost {
        self.world.target.take_recorded();
        let _ = (self.store.gate.take(ObjectType::User), self.store.gate.take(ObjectType::Group));
        let report = self.world.run().await;
        assert_eq!(report.status, CycleStatus::Completed, "{report:?}");
        let (users, groups) =
            (self.store.gate.take(ObjectType::User), self.store.gate.take(ObjectType::Group));
        let requests = self.world.target.take_recorded();
        let writes = writes(&requests);
        let sent = writes.iter().map(|it| format!("{} {} {}", it.method, it.uri, it.body)).collect();
        Cost { report, users, groups, writes: writes.len(), requests: requests.len() - 1, sent }
    }

    pub async fn job(&self) -> Job {
        self.world.directory.job(self.world.job.id).await.expect("the job")
    }

    pub async fn save(&self, change: JobChange) {
        let world = &self.world;
        world.directory.update_job(&world.by, world.job.id, &change).await.expect("saved");
    }

    pub async fn map(&self, object_type: ObjectType, change: impl FnOnce(&mut ObjectMapping)) {
        let mut mappings = self.job().await.object_mappings;
        change(mappings.iter_mut().find(|it| it.source_object == object_type).expect("mapped"));
        self.save(JobChange { object_mappings: Some(mappings), ..JobChange::default() }).await;
    }

    pub async fn settings(&self, change: impl FnOnce(&mut JobSettings)) {
        let mut settings = JobSettings::of(&self.job().await);
        change(&mut settings);
        self.save(JobChange { settings: Some(settings), ..JobChange::default() }).await;
    }

    /// How many objects the answer to saving says.
    pub async fn due(&self) -> u64 {
        let Reevaluated { objects, everything } =
            self.world.directory.reevaluated(&self.job().await).await.expect("a number");
        assert!(!everything);
        objects
    }

    pub async fn user_id(&self, name: &str) -> Uuid {
        let key = store::Key::lookup(store::KeyName::UserName, format!("{name}@example.com"));
        let found = self.store.find(self.world.directory.realm(), Kind::User, &key, 1).await;
        found.expect("a store")[0].id
    }

    pub async fn quiet(&self) {
        assert_eq!(self.due().await, 0);
        let cost = self.cycle().await;
        assert_eq!((cost.users, cost.groups, cost.requests), (0, 0, 0), "{cost:?}");
        assert_eq!(cost.report.kind, CycleKind::Incremental);
    }
}

pub fn attribute<'a>(mapping: &'a mut ObjectMapping, path: &str) -> &'a mut AttributeMapping {
    let mut all = mapping.attribute_mappings.iter_mut();
    all.find(|it| it.target_attribute_name == path).expect("mapped")
}

pub fn constant(text: &str) -> MappingSource {
    MappingSource::Constant(json!(text))
}

pub fn filter(attribute: &str, value: &str) -> ScopingFilter {
    let clause =
        ScopingClause { attribute: attribute.into(), operator: ClauseOperator::Equals, value: value.into() };
    ScopingFilter { name: String::new(), clauses: vec![clause] }
}

/// Takes the mapping of a target attribute away.
pub fn take(mapping: &mut ObjectMapping, path: &str) -> Option<AttributeMapping> {
    let at = mapping.attribute_mappings.iter().position(|it| it.target_attribute_name == path);
    at.map(|at| mapping.attribute_mappings.remove(at))
}

/// A target attribute that takes a source attribute as it is.
pub fn direct(path: &str, source: &str) -> AttributeMapping {
    AttributeMapping {
        target_attribute_name: path.into(),
        source: MappingSource::Direct(source.into()),
        default_value: None,
        flow_type: FlowType::Always,
        flow_behavior: FlowBehavior::FlowWhenChanged,
        matching_priority: 0,
        flow_null: true,
    }
}
