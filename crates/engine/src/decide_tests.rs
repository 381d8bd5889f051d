use jiff::Timestamp;
use model::{DEFAULT_ACCESS, Job, LinkOrigin, Shadow, SyncScope};
use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::Scope;
use crate::mapping::tests::{user, usual};

pub(crate) fn job() -> Job {
    Job {
        dialect: model::Dialect::default(),
        limits: model::TargetLimits::default(),
        id: Uuid::from_u128(9),
        service_principal_id: Uuid::from_u128(8),
        template_id: "scim".into(),
        started: true,
        interval: jiff::SignedDuration::from_mins(40),
        trigger: model::Trigger::Schedule,
        scope: SyncScope::Assigned,
        nested_groups: false,
        exclude_default_access: true,
        notification_mail: None,
        notify: true,
        deprovisioning: Deprovisioning::default(),
        guards: model::Guards::default(),
        failure_limits: model::FailureLimits::default(),
        drift_interval: None,
        drift_action: model::DriftAction::Report,
        object_mappings: Vec::new(),
        tables: BTreeMap::new(),
        target_schema: model::TargetSchema::default(),
    }
}

/// A target with one account, as a cycle and the store would treat it.
#[derive(Default)]
struct World {
    account: Option<Shadow>,
    link: Option<Link>,
    creations: u32,
}

pub(crate) fn new_link(shadow: Shadow) -> Link {
    Link {
        source_id: Uuid::from_u128(1),
        object_type: ObjectType::User,
        source_name: "ada".into(),
        target_id: Some("t1".into()),
        target_version: None,
        origin: LinkOrigin::Created,
        state: LinkState::Active,
        shadow,
        kept: BTreeMap::new(),
        configuration: 1,
        source_version: 1,
        unacknowledged: None,
        escrow: None,
        due: None,
        members_due: None,
        manager_due: false,
        referrers_due: false,
        counted: None,
        created: Timestamp::UNIX_EPOCH,
    }
}

impl World {
    fn write(&mut self, changes: &Changes, state: LinkState) {
        let (Some(account), Some(link)) = (&mut self.account, &mut self.link) else { panic!("no account") };
        for (path, value) in changes {
            for shadow in [&mut *account, &mut link.shadow] {
                if value.is_null() {
                    shadow.remove(path);
                } else {
                    shadow.insert(path.clone(), value.clone());
                }
            }
        }
        link.state = state;
    }

    fn apply(&mut self, decision: Decision, mapping: &CompiledMapping) {
        match decision {
            Decision::Provision(desired) => {
                let values = mapping.creation(&desired);
                self.link = Some(new_link(values.clone()));
                self.account = Some(values);
                self.creations += 1;
            }
            Decision::Update { changes, .. } => self.write(&changes, LinkState::Active),
            Decision::Disable { changes, .. } => self.write(&changes, LinkState::Disabled),
            Decision::Delete | Decision::Unlink => {
                *self = Self { creations: self.creations, ..Self::default() }
            }
            Decision::Release => self.write(&Changes::new(), LinkState::Released),
            Decision::Ask(_) | Decision::Remember(_) => panic!("nothing in the mapping asks or is kept"),
            Decision::Skip(_) | Decision::Ignore | Decision::Nothing => {}
        }
    }
}

#[derive(Clone, Debug)]
struct Step {
    roles: u8,
    enabled: bool,
    deleted: bool,
    gone: bool,
    title: Option<String>,
    manager: u8,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step =
        (0..3_u8, any::<bool>(), any::<bool>(), any::<bool>(), proptest::option::of("[a-c]{0,2}"), 0..3_u8)
            .prop_map(|(roles, enabled, deleted, gone, title, manager)| Step {
                roles,
                enabled,
                deleted: deleted && !enabled,
                gone: gone && deleted,
                title,
                manager,
            });
    proptest::collection::vec(step, 1..12)
}

fn action_strategy() -> impl Strategy<Value = DeprovisionAction> {
    prop_oneof![
        Just(DeprovisionAction::Nothing),
        Just(DeprovisionAction::Disable),
        Just(DeprovisionAction::Delete)
    ]
}

fn judge(step: &Step, object: &DirectoryObject) -> Entitlement {
    let roles: &[Uuid] = match step.roles {
        0 => &[],
        1 => &[DEFAULT_ACCESS],
        _ => &[DEFAULT_ACCESS, Uuid::from_u128(5)],
    };
    if step.gone {
        Entitlement::gone()
    } else {
        Scope::new(&job(), true).judge(object, roles, &crate::Filters::default())
    }
}

proptest! {
    /// Carrying a decision out settles it; nobody who was never linked is deprovisioned; whoever is in scope has
    /// an account that looks as mapped.
    #[test]
    fn decisions_settle(steps in steps(), actions in proptest::array::uniform4(action_strategy())) {
        let mapping = usual();
        let deprovisioning = Deprovisioning {
            unlink_matched: false,
            out_of_scope: actions[0],
            disabled: actions[1],
            soft_deleted: actions[2],
            hard_deleted: actions[3],
            group_out_of_scope: DeprovisionAction::Delete,
        };
        let mut world = World::default();
        for step in &steps {
            let mut object = user(json!({"userPrincipalName": "ada@example.com", "accountEnabled": step.enabled}));
            if let Some(title) = &step.title {
                object.attributes.insert("jobTitle".into(), json!(title));
            }
            object.deleted = step.deleted.then_some(Timestamp::UNIX_EPOCH);
            let entitlement = judge(step, &object);
            let manager = match step.manager {
                0 => Reference::None,
                1 => Reference::Pending,
                _ => Reference::Target("m".into()),
            };
            let decide_now = |world: &World| decide(&Case {
                object: (!step.gone).then_some(&object),
                entitlement: &entitlement,
                link: world.link.as_ref(),
                manager: &manager,
                mapping: &mapping,
                deprovisioning: &deprovisioning,
                outside: &Outside::default(),
            });
            let had_account = world.account.is_some();
            let first = decide_now(&world).expect("the mapping cannot fail");
            let removes = matches!(first, Decision::Disable { .. } | Decision::Delete | Decision::Unlink);
            prop_assert!(!removes || had_account);
            if let Decision::Update { changes, returns, .. } = &first {
                prop_assert!(*returns || !changes.is_empty());
            }
            world.apply(first, &mapping);
            let second = decide_now(&world).expect("the mapping cannot fail");
            prop_assert!(
                matches!(second, Decision::Nothing | Decision::Ignore | Decision::Skip(_)),
                "{:?} after {:?}", second, step
            );
            if entitlement.in_scope() {
                let account = world.account.as_ref().expect("an account");
                prop_assert_eq!(account.get("active"), Some(&json!(true)));
                let title = step.title.as_ref().filter(|title| !title.is_empty());
                let title = title.map(|title| json!(title));
                prop_assert_eq!(account.get("title"), title.as_ref());
            } else {
                prop_assert!(had_account || world.account.is_none(), "created though out of scope");
            }
        }
    }
}

#[test]
fn reasons_go_by_weight() {
    let scope = Scope::new(&job(), true);
    let filters = crate::Filters::default();
    let judged = |object: &DirectoryObject, roles: &[Uuid]| match scope.judge(object, roles, &filters) {
        Entitlement::InScope => None,
        Entitlement::OutOfScope { leaving, assigned, reason, .. } => Some((leaving, assigned, reason)),
    };
    let ada = user(json!({"userPrincipalName": "ada"}));
    assert_eq!(judged(&ada, &[Uuid::from_u128(5)]), None);
    let (leaving, assigned, reason) = judged(&ada, &[DEFAULT_ACCESS]).expect("out");
    assert_eq!((leaving, assigned), (Leaving::OutOfScope, true));
    assert!(reason.starts_with("not effectively entitled"));
    let off = user(json!({"accountEnabled": false}));
    assert_eq!(judged(&off, &[]).expect("out").0, Leaving::OutOfScope);
    assert_eq!(judged(&off, &[Uuid::from_u128(5)]).expect("out").0, Leaving::Disabled);
    let mut binned = off;
    binned.deleted = Some(Timestamp::UNIX_EPOCH);
    assert_eq!(judged(&binned, &[]).expect("out").0, Leaving::SoftDeleted);
    // An application without roles of its own counts Default Access.
    let plain = Scope::new(&job(), false);
    assert!(plain.judge(&ada, &[DEFAULT_ACCESS], &filters).in_scope());
}

#[test]
fn a_disabled_account_is_still_reached_by_a_hard_delete() {
    let mapping = usual();
    let mut link = new_link(Shadow::from([("active".to_owned(), json!(false))]));
    link.state = LinkState::Disabled;
    let decision = decide(&Case {
        object: None,
        entitlement: &Entitlement::gone(),
        link: Some(&link),
        manager: &Reference::None,
        mapping: &mapping,
        deprovisioning: &Deprovisioning::default(),
        outside: &Outside::default(),
    });
    assert_eq!(decision, Ok(Decision::Delete));
}

#[test]
fn disabling_sends_what_the_mapping_computes_and_nothing_else() {
    let mapping = usual();
    let object =
        user(json!({"userPrincipalName": "new name", "jobTitle": "new title", "accountEnabled": false}));
    let link =
        new_link(Shadow::from([("active".to_owned(), json!(true)), ("title".to_owned(), json!("old"))]));
    let entitlement =
        Scope::new(&job(), true).judge(&object, &[Uuid::from_u128(5)], &crate::Filters::default());
    let decision = decide(&Case {
        object: Some(&object),
        entitlement: &entitlement,
        link: Some(&link),
        manager: &Reference::None,
        mapping: &mapping,
        deprovisioning: &Deprovisioning::default(),
        outside: &Outside::default(),
    })
    .expect("decides");
    let Decision::Disable { changes, .. } = decision else { panic!("{decision:?}") };
    assert_eq!(serde_json::Value::Object(changes), json!({"active": false}));
}
