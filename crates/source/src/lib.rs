//! The seam "a directory that can be read whole and by changes", and the built-in directory behind it.

mod builtin;
mod error;

pub use builtin::BuiltIn;
pub use error::{Error, Result};

use model::{AppRoleAssignment, DirectoryObject, ObjectType};
use store::{Cursor, Position};
use uuid::Uuid;

/// A directory that objects are provisioned from. Positions and cursors are the source's own; nobody else reads
/// them.
#[async_trait::async_trait]
pub trait Source: Send + Sync + 'static {
    /// The position after the last change.
    async fn head(&self) -> Result<Position>;

    /// How many objects of a type there are.
    async fn count(&self, object_type: ObjectType) -> Result<u64>;

    /// One page of all objects of a type, in an order in which an object created meanwhile comes last.
    async fn page(&self, object_type: ObjectType, after: Option<Cursor>, limit: usize) -> Result<ObjectPage>;

    /// The objects of those ids, in the order asked for; `None` for each that is gone.
    async fn get(&self, object_type: ObjectType, ids: &[Uuid]) -> Result<Vec<Option<DirectoryObject>>>;

    /// What changed after a position, at most `limit` changes, in order.
    ///
    /// # Errors
    /// [`Error::PositionExpired`] when the changes after that position are no longer kept.
    async fn changes(&self, after: &Position, limit: usize) -> Result<Changes>;

    /// One page of the direct members of a group.
    async fn members(&self, group: Uuid, after: Option<Cursor>, limit: usize) -> Result<RelationPage>;

    /// For each id, whether it is a direct member of the group.
    async fn has_members(&self, group: Uuid, ids: &[Uuid]) -> Result<Vec<bool>>;

    /// The groups an object is a direct member of.
    async fn groups_of(&self, id: Uuid) -> Result<Vec<Uuid>>;

    /// The manager of each of these users, in their order.
    async fn managers(&self, users: &[Uuid]) -> Result<Vec<Option<Uuid>>>;

    /// One page of the users whose manager this is.
    async fn reports(&self, manager: Uuid, after: Option<Cursor>, limit: usize) -> Result<RelationPage>;

    /// One page of the assignments to a service principal.
    async fn assignments(&self, service_principal: Uuid, after: Option<Cursor>) -> Result<AssignmentPage>;

    /// An assignment; `None` when it is gone.
    async fn assignment(&self, id: Uuid) -> Result<Option<AppRoleAssignment>>;
}

/// One page of objects.
#[derive(Clone, Debug)]
pub struct ObjectPage {
    /// The objects.
    pub objects: Vec<DirectoryObject>,
    /// Where the next page starts; `None` when this was the last one.
    pub next: Option<Cursor>,
}

/// One page of the objects that are related to another.
#[derive(Clone, Debug)]
pub struct RelationPage {
    /// Type and id of each.
    pub others: Vec<(ObjectType, Uuid)>,
    /// Where the next page starts; `None` when this was the last one.
    pub next: Option<Cursor>,
}

/// One page of assignments.
#[derive(Clone, Debug)]
pub struct AssignmentPage {
    /// The assignments.
    pub assignments: Vec<AppRoleAssignment>,
    /// Where the next page starts; `None` when this was the last one.
    pub next: Option<Cursor>,
}

/// A part of the changes.
#[derive(Clone, Debug)]
pub struct Changes {
    /// What changed, in order.
    pub changes: Vec<Change>,
    /// Where to read on.
    pub position: Position,
    /// Whether more changes were there already.
    pub more: bool,
}

/// One change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// An object was created, written, moved to the recycle bin or restored.
    Written(ObjectType, Uuid),
    /// An object was deleted for good.
    Deleted(ObjectType, Uuid),
    /// A member was added to a group or removed from it.
    Member {
        /// The group.
        group: Uuid,
        /// What the member is.
        member_type: ObjectType,
        /// The member.
        member: Uuid,
    },
    /// A user got another manager or lost one.
    Manager(Uuid),
    /// An assignment was made.
    Assigned(Uuid),
    /// An assignment was removed; to what, and whose, is no longer known.
    Unassigned(Uuid),
    /// An application, a service principal or a job was written or removed.
    Configuration(Uuid),
}
