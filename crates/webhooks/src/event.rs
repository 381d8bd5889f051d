//! What is told: the entries of the feed as events.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::{Change, EdgeKind, Kind};
use uuid::Uuid;

/// Members that one event names; what changes more of them is several events.
const MOST_MEMBERS: usize = 100;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum EventType {
    /// A user was created.
    #[serde(rename = "user.created")]
    UserCreated,
    /// A user was changed.
    #[serde(rename = "user.updated")]
    UserUpdated,
    /// A user was deleted.
    #[serde(rename = "user.deleted")]
    UserDeleted,
    /// A group was created.
    #[serde(rename = "group.created")]
    GroupCreated,
    /// A group, or who is in it, was changed.
    #[serde(rename = "group.updated")]
    GroupUpdated,
    /// A group was deleted.
    #[serde(rename = "group.deleted")]
    GroupDeleted,
    /// Nothing: an administrator tries the endpoint.
    #[serde(rename = "webhook.test")]
    Test,
}

impl EventType {
    /// Those that a webhook may be limited to.
    pub const ALL: [Self; 6] = [
        Self::UserCreated,
        Self::UserUpdated,
        Self::UserDeleted,
        Self::GroupCreated,
        Self::GroupUpdated,
        Self::GroupDeleted,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::UserCreated => "user.created",
            Self::UserUpdated => "user.updated",
            Self::UserDeleted => "user.deleted",
            Self::GroupCreated => "group.created",
            Self::GroupUpdated => "group.updated",
            Self::GroupDeleted => "group.deleted",
            Self::Test => "webhook.test",
        }
    }

    /// The type of that name, of those that a webhook may be limited to.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|of| of.name() == name)
    }

    fn deletes(self) -> bool {
        matches!(self, Self::UserDeleted | Self::GroupDeleted)
    }
}

/// What kind of resource an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ResourceType {
    /// A user.
    User,
    /// A group.
    Group,
}

impl ResourceType {
    fn of(kind: Kind) -> Option<Self> {
        match kind {
            Kind::User => Some(Self::User),
            Kind::Group => Some(Self::Group),
            _ => None,
        }
    }

    /// The name that SCIM has for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
        }
    }
}

/// A member that a group gained or lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// What it is.
    #[serde(rename = "type")]
    pub resource_type: ResourceType,
    /// Its id.
    pub value: Uuid,
}

/// Something that happened to a resource, as it is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// What happened.
    #[serde(rename = "eventType")]
    pub event_type: EventType,
    /// When.
    pub occurred: Timestamp,
    /// To what; a test is about nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_type: Option<ResourceType>,
    /// Its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_id: Option<Uuid>,
    /// Members that a group gained by it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub added: Vec<Member>,
    /// Members that a group lost by it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<Member>,
}

impl Event {
    /// The resource, by which events are kept in order.
    pub(crate) fn resource(&self) -> (Option<ResourceType>, Option<Uuid>) {
        (self.resource_type, self.resource_id)
    }

    /// Whether a change belongs to what this event tells already: one request changed both.
    fn takes(&self, other: &Self) -> bool {
        self.resource() == other.resource()
            && self.occurred == other.occurred
            && !self.event_type.deletes()
            && matches!(other.event_type, EventType::UserUpdated | EventType::GroupUpdated)
            && self.added.len() + self.removed.len() < MOST_MEMBERS
    }
}

/// A part of the feed as events, in its order. What one request did to a resource is one event, as far as the feed has it in
/// one piece, up to a number of members.
pub(crate) fn events(changes: &[Change]) -> Vec<Event> {
    let mut events: Vec<Event> = Vec::new();
    for event in changes.iter().filter_map(event) {
        match events.last_mut().filter(|last| last.takes(&event)) {
            Some(last) => {
                last.added.extend(event.added);
                last.removed.extend(event.removed);
            }
            None => events.push(event),
        }
    }
    events
}

/// What an entry of the feed tells; nothing for what is no resource, such as a schema extension.
fn event(change: &Change) -> Option<Event> {
    use store::Changed;
    let resource_type = ResourceType::of(change.kind)?;
    let user = resource_type == ResourceType::User;
    let of = |of_user, of_group| if user { of_user } else { of_group };
    let (mut added, mut removed) = (Vec::new(), Vec::new());
    let event_type = match change.what {
        Changed::Created => of(EventType::UserCreated, EventType::GroupCreated),
        Changed::Written => of(EventType::UserUpdated, EventType::GroupUpdated),
        Changed::Deleted => of(EventType::UserDeleted, EventType::GroupDeleted),
        Changed::EdgeAdded(EdgeKind::Member, kind, value) => {
            added.push(Member { resource_type: ResourceType::of(kind)?, value });
            EventType::GroupUpdated
        }
        Changed::EdgeRemoved(EdgeKind::Member, kind, value) => {
            removed.push(Member { resource_type: ResourceType::of(kind)?, value });
            EventType::GroupUpdated
        }
        Changed::EdgeAdded(..) | Changed::EdgeRemoved(..) => return None,
    };
    Some(Event {
        event_type,
        occurred: change.at,
        resource_type: Some(resource_type),
        resource_id: Some(change.id),
        added,
        removed,
    })
}

#[cfg(test)]
mod tests {
    use store::Changed;

    use super::*;

    fn change(kind: Kind, id: u128, what: Changed, second: i64) -> Change {
        Change {
            kind,
            id: Uuid::from_u128(id),
            what,
            at: Timestamp::from_second(second).expect("an instant"),
        }
    }

    fn added(member: u128) -> Changed {
        Changed::EdgeAdded(EdgeKind::Member, Kind::User, Uuid::from_u128(member))
    }

    #[test]
    fn what_one_request_did_is_one_event() {
        let told = events(&[
            change(Kind::User, 1, Changed::Created, 1),
            change(Kind::Group, 2, Changed::Created, 2),
            change(Kind::Group, 2, added(1), 2),
            change(Kind::Group, 2, added(3), 2),
            change(Kind::Group, 2, added(4), 3),
            change(Kind::Group, 2, Changed::EdgeRemoved(EdgeKind::Member, Kind::User, Uuid::from_u128(1)), 4),
            change(Kind::User, 1, Changed::Deleted, 4),
            change(Kind::SchemaExtension, 9, Changed::Written, 5),
            change(Kind::User, 5, Changed::EdgeAdded(EdgeKind::Manager, Kind::User, Uuid::from_u128(6)), 5),
            change(Kind::User, 5, Changed::Written, 6),
            change(Kind::User, 5, Changed::Written, 7),
        ]);
        let shown: Vec<(&str, usize, usize)> = told
            .iter()
            .map(|event| (event.event_type.name(), event.added.len(), event.removed.len()))
            .collect();
        assert_eq!(
            shown,
            [
                ("user.created", 0, 0),
                ("group.created", 2, 0),
                ("group.updated", 1, 0),
                ("group.updated", 0, 1),
                ("user.deleted", 0, 0),
                ("user.updated", 0, 0),
                ("user.updated", 0, 0),
            ]
        );
    }

    #[test]
    fn an_event_names_a_bounded_number_of_members() {
        let changes: Vec<Change> = (0..250).map(|member| change(Kind::Group, 1, added(member), 1)).collect();
        let told = events(&changes);
        assert_eq!(told.iter().map(|event| event.added.len()).collect::<Vec<_>>(), [100, 100, 50]);
    }

    #[test]
    fn each_type_is_found_by_its_name() {
        for of in EventType::ALL {
            assert_eq!(EventType::named(of.name()), Some(of));
            assert_eq!(serde_json::to_value(of).expect("a name"), of.name());
        }
        assert_eq!(EventType::named("webhook.test"), None, "nobody is limited to tests");
    }
}
