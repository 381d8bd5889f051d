//! What an expression can ask for beside the object's attributes: the seam to everything outside.

use crate::Value;
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is outside of the object: time, chance, the target, application roles, tables.
///
/// An expression says by [`Expression::has`](crate::Expression::has) which of these it asks for.
pub trait Environment {
    /// The current instant.
    fn now(&self) -> Timestamp;

    /// What random values are made of. The same seed gives the same values, so an evaluation that is begun anew
    /// (see [`Outcome::Ask`](crate::Outcome::Ask)) or planned first comes to the same result.
    fn seed(&self) -> [u8; 32];

    /// The application roles assigned to the object, in a lasting order.
    fn roles(&self) -> &[Arc<RoleAssignment>];

    /// Whether an object of the target has this value already; `None` if the target has not been asked yet.
    fn is_taken(&self, candidate: &str) -> Option<bool>;

    /// The table of this name.
    fn table(&self, name: &str) -> Option<&Table>;
}

/// A named table: keys, case-sensitive, and their values.
pub type Table = BTreeMap<String, Value>;

/// A role of the application that an object has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RoleAssignment {
    /// The role's id.
    pub id: String,
    /// The value that the application knows the role by.
    pub value: String,
    /// The name for people.
    pub display_name: String,
}

impl RoleAssignment {
    /// The role as one text: its value or, without one, its name.
    pub fn text(&self) -> &str {
        if self.value.is_empty() { &self.display_name } else { &self.value }
    }

    /// The role as an element of a user's `roles` in SCIM.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!({
            "value": self.text(),
            "display": self.display_name,
            "type": "WindowsAzureActiveDirectoryRole",
            "primary": false,
        })
    }
}

/// What is outside, said by hand: for trying expressions out.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// The current instant.
    pub now: Timestamp,
    /// What random values are made of.
    pub seed: [u8; 32],
    /// The application roles assigned to the object.
    pub roles: Vec<Arc<RoleAssignment>>,
    /// Whether objects of the target have these values.
    pub taken: BTreeMap<String, bool>,
    /// Whether they have any other value; `None`: not asked yet.
    pub others_taken: Option<bool>,
    /// Tables by name.
    pub tables: BTreeMap<String, Table>,
}

impl Environment for Surroundings {
    fn now(&self) -> Timestamp {
        self.now
    }

    fn seed(&self) -> [u8; 32] {
        self.seed
    }

    fn roles(&self) -> &[Arc<RoleAssignment>] {
        &self.roles
    }

    fn is_taken(&self, candidate: &str) -> Option<bool> {
        self.taken.get(candidate).copied().or(self.others_taken)
    }

    fn table(&self, name: &str) -> Option<&Table> {
        self.tables.get(name)
    }
}

/// Nothing outside, for expressions that have none of the [effects](crate::Effect): the clock stands at the Unix
/// epoch, chance is none, no roles, no tables, a target that has not been asked.
#[derive(Clone, Copy, Debug, Default)]
pub struct Isolated;

impl Environment for Isolated {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn seed(&self) -> [u8; 32] {
        [0; 32]
    }

    fn roles(&self) -> &[Arc<RoleAssignment>] {
        &[]
    }

    fn is_taken(&self, _candidate: &str) -> Option<bool> {
        None
    }

    fn table(&self, _name: &str) -> Option<&Table> {
        None
    }
}
