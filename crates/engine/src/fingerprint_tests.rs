use model::{DeprovisionAction, FlowBehavior, ScopingFilter, TargetActions};
use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::mapping::tests::{attribute as mapped, direct, users};

pub(crate) fn role() -> AppRole {
    serde_json::from_value(json!({"id": Uuid::from_u128(5), "displayName": "User"})).expect("a role")
}

pub(crate) fn clause(attribute: &str, operator: ClauseOperator, value: &str) -> ScopingClause {
    ScopingClause { attribute: attribute.into(), operator, value: value.into() }
}

/// A job with users and groups, assigned ones, and a filter on users.
pub(crate) fn job() -> Job {
    let mut people = users(vec![
        direct("userName", "userPrincipalName"),
        direct("title", "jobTitle"),
        direct("externalId", "mailNickname"),
        mapped("active", MappingSource::Expression("Not([IsSoftDeleted])".into())),
    ]);
    people.scoping_filters = vec![
        ScopingFilter {
            name: "engineers".into(),
            clauses: vec![
                clause("department", ClauseOperator::Equals, "Engineering"),
                clause("country", ClauseOperator::IsNotNull, ""),
            ],
        },
        ScopingFilter {
            name: "sales".into(),
            clauses: vec![clause("department", ClauseOperator::Equals, "Sales")],
        },
    ];
    let mut groups = users(vec![direct("displayName", "displayName"), direct("members", "members")]);
    groups.source_object = ObjectType::Group;
    Job { object_mappings: vec![people, groups], ..crate::decide::tests::job() }
}

/// What a setting decides about, of users and of groups.
const KEPT: u16 = 1;
const LEFT: u16 = 2;
const ABSENT: u16 = 4;
const WAITING: u16 = 8;
const MEMBERS: u16 = 16;
const REACH: u16 = 32;
const SCOPE: u16 = KEPT | LEFT | ABSENT | WAITING;

type Edit = (fn(&mut Job), u16, u16);

/// Changes that do not undo each other, with what they concern of users and of groups.
const EDITS: &[Edit] = &[
    // What people see, and what is written the same in another way.
    (|job| of(job, ObjectType::User).name = "people".into(), 0, 0),
    (|job| of(job, ObjectType::User).scoping_filters[0].name = "builders".into(), 0, 0),
    (|job| of(job, ObjectType::User).scoping_filters.reverse(), 0, 0),
    (|job| of(job, ObjectType::User).scoping_filters.iter_mut().for_each(|it| it.clauses.reverse()), 0, 0),
    (|job| of(job, ObjectType::User).attribute_mappings.reverse(), 0, 0),
    (|job| job.object_mappings.reverse(), 0, 0),
    (|job| null_clause(job).value = "unused".into(), 0, 0),
    // How and when cycles run.
    (|job| job.interval = jiff::SignedDuration::from_secs(9), 0, 0),
    (|job| job.started = false, 0, 0),
    (|job| job.notification_mail = Some("it@example.com".into()), 0, 0),
    (|job| job.notify = false, 0, 0),
    (|job| job.guards.removals.number = Some(7), 0, 0),
    (|job| job.trigger = model::Trigger::OnChange, 0, 0),
    (|job| drop(job.tables.insert("unused".into(), model::LookupTable::new())), 0, 0),
    (|job| attribute_of(job, "title").flow_behavior = FlowBehavior::FlowAlways, 0, 0),
    // Attributes.
    (|job| attribute_of(job, "title").source = MappingSource::Constant(json!("x")), KEPT | WAITING, 0),
    (|job| attribute_of(job, "externalId").flow_null = false, KEPT, 0),
    (|job| attribute_of(job, "title").default_value = Some("none".into()), WAITING, 0),
    (|job| attribute_of(job, "title").flow_type = FlowType::ValueAddOnly, KEPT, 0),
    (|job| attribute_of(job, "externalId").matching_priority = 2, WAITING, 0),
    (|job| of(job, ObjectType::Group).attribute_mappings.retain(|it| !is_members(it)), 0, MEMBERS),
    // Requests that may be sent.
    (|job| of(job, ObjectType::User).target_actions.create = false, WAITING, 0),
    (|job| of(job, ObjectType::User).target_actions.update = false, KEPT | LEFT, 0),
    (|job| of(job, ObjectType::Group).target_actions.delete = false, 0, LEFT),
    // Accounts that leave.
    (|job| job.deprovisioning.disabled = DeprovisionAction::Nothing, LEFT, 0),
    (|job| job.deprovisioning.unlink_matched = true, LEFT, LEFT),
    (|job| job.deprovisioning.hard_deleted = DeprovisionAction::Disable, LEFT, LEFT),
    (|job| job.deprovisioning.group_out_of_scope = DeprovisionAction::Nothing, 0, LEFT),
    // Who is in scope.
    (|job| of(job, ObjectType::User).scoping_filters.retain(|it| it.clauses.len() > 1), SCOPE, 0),
    (|job| job.exclude_default_access = false, SCOPE, SCOPE),
    (|job| job.nested_groups = true, SCOPE | REACH, 0),
];

fn of(job: &mut Job, object_type: ObjectType) -> &mut ObjectMapping {
    job.object_mappings.iter_mut().find(|it| it.source_object == object_type).expect("mapped")
}

fn null_clause(job: &mut Job) -> &mut ScopingClause {
    let filters = of(job, ObjectType::User).scoping_filters.iter_mut();
    let mut clauses = filters.flat_map(|filter| &mut filter.clauses);
    clauses.find(|it| it.operator == ClauseOperator::IsNotNull).expect("there")
}

fn attribute_of<'a>(job: &'a mut Job, path: &str) -> &'a mut AttributeMapping {
    let attributes = &mut of(job, ObjectType::User).attribute_mappings;
    attributes.iter_mut().find(|it| it.target_attribute_name == path).expect("mapped")
}

fn differences(before: &Fingerprint, after: &Fingerprint) -> u16 {
    [
        (before.kept != after.kept, KEPT),
        (before.left != after.left, LEFT),
        (before.absent != after.absent, ABSENT),
        (before.waiting != after.waiting, WAITING),
        (before.members != after.members, MEMBERS),
        (before.reach != after.reach, REACH),
    ]
    .into_iter()
    .map(|(differs, part)| if differs { part } else { 0 })
    .sum()
}

proptest! {
    /// A hash differs if and only if something that it stands for was changed.
    #[test]
    fn hashes_differ_where_what_decides_differs(chosen in proptest::sample::subsequence((0..EDITS.len()).collect::<Vec<_>>(), 0..5).prop_shuffle()) {
        let before = job();
        let mut after = job();
        let mut expected = [0, 0];
        for (edit, users, groups) in chosen.iter().map(|index| EDITS[*index]) {
            edit(&mut after);
            expected = [expected[0] | users, expected[1] | groups];
        }
        let roles = [role()];
        for (object_type, expected) in [(ObjectType::User, expected[0]), (ObjectType::Group, expected[1])] {
            let before = fingerprint(&before, object_type, &roles).expect("mapped");
            let after = fingerprint(&after, object_type, &roles).expect("mapped");
            prop_assert_eq!(differences(&before, &after), expected, "{:?}: {:?}", object_type, chosen);
        }
    }
}

#[test]
fn where_everyone_is_provisioned_assignments_decide_nothing() {
    let everyone = Job { scope: SyncScope::All, ..job() };
    let other = Job { nested_groups: true, exclude_default_access: false, ..everyone.clone() };
    for object_type in [ObjectType::User, ObjectType::Group] {
        let before = fingerprint(&everyone, object_type, &[role()]);
        assert_eq!(before, fingerprint(&other, object_type, &[role()]));
        assert_eq!(before, fingerprint(&everyone, object_type, &[]));
        assert_ne!(before, fingerprint(&job(), object_type, &[role()]));
    }
}

#[test]
fn roles_decide_where_default_access_is_excluded() {
    let fingerprint = |job: &Job, roles: &[AppRole]| fingerprint(job, ObjectType::User, roles);
    assert_ne!(fingerprint(&job(), &[role()]), fingerprint(&job(), &[]));
    let disabled = AppRole { is_enabled: false, ..role() };
    assert_eq!(fingerprint(&job(), &[disabled]), fingerprint(&job(), &[]));
    let counts = Job { exclude_default_access: false, ..job() };
    assert_eq!(fingerprint(&counts, &[role()]), fingerprint(&counts, &[]));
}

#[test]
fn whether_an_account_can_be_disabled_concerns_those_that_left() {
    let mut after = job();
    attribute_of(&mut after, "active").source = MappingSource::Direct("[accountEnabled]".into());
    let one = fingerprint(&job(), ObjectType::User, &[]).expect("mapped");
    let other = fingerprint(&after, ObjectType::User, &[]).expect("mapped");
    assert_eq!(differences(&one, &other), KEPT | LEFT | WAITING);
}

#[test]
fn a_type_that_is_switched_off_has_none() {
    let mut job = job();
    of(&mut job, ObjectType::Group).enabled = false;
    assert_eq!(fingerprint(&job, ObjectType::Group, &[]), None);
    of(&mut job, ObjectType::Group).target_actions = TargetActions::ALL;
    assert!(fingerprint(&job, ObjectType::User, &[]).is_some());
}

/// Stored links and states carry these: another build must come to the same.
#[test]
fn hashes_are_the_same_in_every_build() {
    assert_eq!(hash(&("kept", 1)), 8_074_875_723_997_010_824);
}
