use jiff::Timestamp;
use model::{
    ClauseOperator, DEFAULT_ACCESS, DeprovisionAction, Due, MappingSource, ScopingFilter, Shadow, SyncScope,
};
use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::decide::tests::new_link;
use crate::fingerprint::tests::{clause, job, role};
use crate::mapping::tests::{attribute, direct, user};
use crate::{Case, CompiledMapping, Decision, Reference, Scope, decide};

fn stored(target_id: Option<&str>, state: LinkState, configuration: u64) -> Link {
    let link = new_link(Shadow::new());
    Link { target_id: target_id.map(str::to_owned), state, configuration, ..link }
}

fn found(ranges: &[KeyBounds], link: &Link) -> bool {
    let key = configuration_key(link);
    ranges.iter().any(|range| std::ops::RangeBounds::contains(range, &key))
}

fn sets(before: &Job, after: &Job) -> Reevaluation {
    Reevaluation::between(&[applied(before, &[role()])], &applied(after, &[role()]))
}

fn only(users: &[Affected], groups: &[Affected]) -> Reevaluation {
    Reevaluation::Sets { users: users.iter().copied().collect(), groups: groups.iter().copied().collect() }
}

#[test]
fn each_change_affects_its_sets() {
    use Affected::{Assigned, Everyone, Kept, Left, Linked, Memberships, Unlinked};
    let changed = |change: fn(&mut Job)| {
        let mut after = job();
        change(&mut after);
        sets(&job(), &after)
    };
    let nothing = only(&[], &[]);
    assert_eq!(changed(|job| job.object_mappings[0].name = "x".into()), nothing);
    assert_eq!(changed(|job| job.object_mappings[0].enabled = false), nothing);
    let title = changed(|job| job.object_mappings[0].attribute_mappings[1] = direct("title", "city"));
    assert_eq!(title, only(&[Unlinked, Kept], &[]));
    let groups = changed(|job| job.object_mappings[1].attribute_mappings.push(direct("externalId", "id")));
    assert_eq!(groups, only(&[], &[Unlinked, Kept]));
    let leaving = changed(|job| job.deprovisioning.out_of_scope = DeprovisionAction::Delete);
    assert_eq!(leaving, only(&[Left], &[]));
    let filters = changed(|job| job.object_mappings[0].scoping_filters.clear());
    assert_eq!(filters, only(&[Unlinked, Left, Kept], &[]));
    let nested = changed(|job| job.nested_groups = true);
    assert_eq!(nested, only(&[Unlinked, Left, Kept, Assigned], &[]));
    assert_eq!(changed(|job| job.scope = SyncScope::All), Reevaluation::Everything);

    let everyone = Job { scope: SyncScope::All, ..job() };
    let all = [Unlinked, Left, Kept];
    assert_eq!(sets(&everyone, &job()), only(&all, &all));
    let mut no_groups = everyone.clone();
    no_groups.object_mappings.truncate(1);
    assert_eq!(sets(&no_groups, &everyone), only(&[], &[Linked, Everyone, Memberships]));
    let mut no_members = job();
    no_members.object_mappings[1].attribute_mappings.truncate(1);
    assert_eq!(sets(&no_members, &job()), only(&[], &[Memberships]));
    assert_eq!(sets(&job(), &no_members), nothing);
}

#[test]
fn what_may_have_been_applied_counts_as_well() {
    let [one, other, third] = [job(), Job { scope: SyncScope::All, ..job() }, {
        let mut job = job();
        job.deprovisioning.out_of_scope = DeprovisionAction::Nothing;
        job
    }]
    .map(|job| applied(&job, &[]));
    assert_eq!(Reevaluation::between(&[], &one), Reevaluation::Everything);
    assert_eq!(Reevaluation::between(&[one], &one), only(&[], &[]));
    // Taken back before a cycle ended.
    assert_eq!(Reevaluation::between(&[one, third], &one), only(&[Affected::Left], &[]));
    assert_eq!(Reevaluation::between(&[other, one], &other), Reevaluation::Everything);
    assert_eq!(Reevaluation::between(&[one; 9], &one), Reevaluation::Everything);
}

#[test]
fn links_that_are_not_in_line_are_found() {
    let fingerprint = fingerprint(&job(), ObjectType::User, &[]).expect("mapped");
    let Fingerprint { kept, left, absent, waiting, .. } = fingerprint;
    let removed = |configuration| {
        let active = stored(Some("t"), LinkState::Active, configuration);
        let due = Due {
            change: DueChange::Disable,
            reason: String::new(),
            since: Timestamp::UNIX_EPOCH,
            verdict: model::Verdict::Waiting,
        };
        Link { due: Some(due), ..active }
    };
    let cases = [
        (Affected::Unlinked, stored(None, LinkState::Pending, 0), vec![absent, waiting]),
        (Affected::Left, stored(Some("t"), LinkState::Disabled, 0), vec![left]),
        (Affected::Left, stored(Some("t"), LinkState::Released, 0), vec![left]),
        (Affected::Left, removed(0), vec![left]),
        (Affected::Kept, stored(Some("t"), LinkState::Active, 0), vec![kept]),
    ];
    for (set, link, in_line) in cases {
        for configuration in [0, 1, u64::MAX, kept, left, absent, waiting] {
            let link = Link { configuration, ..link.clone() };
            for other in [Affected::Unlinked, Affected::Left, Affected::Kept] {
                let ranges = key_ranges(ObjectType::User, other, &fingerprint);
                let expected = other == set && !in_line.contains(&configuration);
                assert_eq!(found(&ranges, &link), expected, "{other:?} {link:?}");
                assert!(!found(&key_ranges(ObjectType::Group, other, &fingerprint), &link));
            }
            assert!(found(&key_ranges(ObjectType::User, Affected::Linked, &fingerprint), &link));
            let active = found(&key_ranges(ObjectType::User, Affected::Memberships, &fingerprint), &link);
            assert_eq!(active, set == Affected::Kept);
        }
    }
}

/// Configurations that differ in everything that decides about users.
fn configuration() -> impl Strategy<Value = Job> {
    let action = || {
        prop_oneof![
            Just(DeprovisionAction::Nothing),
            Just(DeprovisionAction::Disable),
            Just(DeprovisionAction::Delete)
        ]
    };
    let mappings = (0..3_usize, 0..3_usize, 0..2_usize, any::<bool>(), any::<bool>());
    let scope = (any::<bool>(), any::<bool>(), 0..3_usize);
    (mappings, scope, (action(), action()), (any::<bool>(), any::<bool>(), any::<bool>())).prop_map(
        |(
            (title, nick, active, null, matching),
            (all, exclude, filter),
            (out, off),
            (create, update, delete),
        )| {
            let mut job = job();
            let people = &mut job.object_mappings[0];
            people.attribute_mappings = vec![direct("userName", "userPrincipalName")];
            people
                .attribute_mappings
                .extend(["jobTitle", "city"].get(title).map(|name| direct("title", name)));
            if let Some(name) = ["mailNickname", "city"].get(nick) {
                let mut nick = direct("nickName", name);
                nick.matching_priority = 2 * u32::from(matching);
                people.attribute_mappings.push(nick);
            }
            if active == 1 {
                let text = MappingSource::Expression("Not([IsSoftDeleted])".into());
                people.attribute_mappings.push(attribute("active", text));
            }
            for mapping in &mut people.attribute_mappings {
                mapping.flow_null = null;
            }
            let filters =
                [clause("city", ClauseOperator::IsNull, ""), clause("city", ClauseOperator::Equals, "Rome")];
            people.scoping_filters = filters
                .get(filter)
                .into_iter()
                .map(|clause| ScopingFilter { name: String::new(), clauses: vec![clause.clone()] })
                .collect();
            people.target_actions = model::TargetActions { create, update, delete };
            job.scope = if all { SyncScope::All } else { SyncScope::Assigned };
            job.exclude_default_access = exclude;
            job.deprovisioning.out_of_scope = out;
            job.deprovisioning.disabled = off;
            job
        },
    )
}

/// One object as a cycle sees it: what it is, and the roles that reach it.
#[derive(Clone, Debug)]
struct Seen {
    city: Option<&'static str>,
    enabled: bool,
    roles: Vec<Uuid>,
}

fn seen() -> impl Strategy<Value = Seen> {
    let roles = prop_oneof![Just(vec![]), Just(vec![DEFAULT_ACCESS]), Just(vec![role().id])];
    (prop_oneof![Just(None), Just(Some("Rome")), Just(Some("Oslo"))], any::<bool>(), roles)
        .prop_map(|(city, enabled, roles)| Seen { city, enabled, roles })
}

/// Decides about an object, and brings its link in line as a cycle does, with a target that takes everything.
fn settle(job: &Job, seen: &Seen, link: Option<&Link>) -> (Decision, Option<Link>) {
    let object = user(json!({
        "userPrincipalName": "ada@example.com", "jobTitle": "Countess", "mailNickname": "ada",
        "city": seen.city, "accountEnabled": seen.enabled,
    }));
    let mapping = CompiledMapping::compile(
        &job.object_mappings[0],
        &crate::TargetList::standard(ObjectType::User),
        &crate::Tables::default(),
    )
    .expect("compiles");
    let entitlement = Scope::new(job, true).judge(&object, &seen.roles, &mapping.filters);
    let decision = decide(&Case {
        object: Some(&object),
        entitlement: &entitlement,
        link,
        manager: &Reference::None,
        mapping: &mapping,
        deprovisioning: &job.deprovisioning,
        outside: &crate::Outside::default(),
    });
    let decision = decision.expect("evaluates");
    let fresh = || link.cloned().unwrap_or_else(|| stored(None, LinkState::Pending, 0));
    let write = |changes: &crate::Changes, state| {
        let mut link = fresh();
        for (path, value) in changes {
            link.shadow.insert(path.clone(), value.clone());
        }
        link.shadow.retain(|_, value| !value.is_null());
        Link { state, ..link }
    };
    let after = match &decision {
        Decision::Provision(desired) if mapping.actions.create => Some(Link {
            target_id: Some("t".into()),
            state: LinkState::Active,
            shadow: mapping.creation(desired),
            ..fresh()
        }),
        Decision::Provision(_) | Decision::Skip(_) => Some(fresh()),
        Decision::Update { changes, .. } => Some(write(changes, LinkState::Active)),
        Decision::Disable { changes, .. } => Some(write(changes, LinkState::Disabled)),
        Decision::Release => Some(Link { state: LinkState::Released, ..fresh() }),
        Decision::Nothing => link.cloned(),
        Decision::Delete => entitlement.is_meant().then(|| stored(None, LinkState::Pending, 0)),
        Decision::Ignore => None,
        Decision::Ask(_) | Decision::Remember(_) | Decision::Unlink => panic!("{decision:?}"),
    };
    let fingerprint = fingerprint(job, ObjectType::User, &[role()]).expect("mapped");
    let after = after
        .map(|link| Link { configuration: hash_for(&fingerprint, &link, entitlement.in_scope()), ..link });
    (decision, after)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    /// Whoever is not looked at after a change of configuration needs nothing: what looking would have written is
    /// what is there.
    #[test]
    fn nobody_who_is_left_out_needed_anything(
        before in configuration(),
        after in configuration(),
        history in proptest::collection::vec(seen(), 1..4),
    ) {
        let mut link = None;
        for seen in &history {
            (_, link) = settle(&before, seen, link.as_ref());
        }
        let now = history.last().expect("at least one");
        let due = sets(&before, &after);
        let fingerprint = fingerprint(&after, ObjectType::User, &[role()]).expect("mapped");
        let looked_at = match (&due, &link) {
            (Reevaluation::Everything, _) => true,
            (Reevaluation::Sets { users, .. }, Some(link)) => {
                users.iter().any(|set| found(&key_ranges(ObjectType::User, *set, &fingerprint), link))
            }
            (Reevaluation::Sets { users, .. }, None) => {
                users.contains(&Affected::Assigned) && !now.roles.is_empty()
            }
        };
        if !looked_at {
            let (decision, would) = settle(&after, now, link.as_ref());
            prop_assert_eq!(&would, &link, "{:?}", decision);
        }
    }
}
