//! What the tests of this crate evaluate with.

use crate::{Attributes, Environment, RoleAssignment, Table, Value};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Attributes from the members of a JSON object.
pub(crate) struct Json(pub(crate) serde_json::Value);

impl Attributes for Json {
    fn get(&self, name: &str) -> Value {
        self.0.get(name).map(Value::from).unwrap_or_default()
    }
}

/// An environment that says what a test wants it to.
pub(crate) struct World {
    pub(crate) now: Timestamp,
    pub(crate) seed: [u8; 32],
    pub(crate) roles: Vec<Arc<RoleAssignment>>,
    pub(crate) taken: BTreeMap<String, bool>,
    pub(crate) tables: BTreeMap<String, Table>,
}

impl Default for World {
    fn default() -> Self {
        Self {
            now: "2021-07-02T15:33:38Z".parse().expect("an instant"),
            seed: [7; 32],
            roles: Vec::new(),
            taken: BTreeMap::new(),
            tables: BTreeMap::new(),
        }
    }
}

impl World {
    pub(crate) fn with_roles(roles: &[(&str, &str)]) -> Self {
        let role = |(value, name): &(&str, &str)| {
            Arc::new(RoleAssignment {
                id: String::new(),
                value: (*value).to_owned(),
                display_name: (*name).to_owned(),
            })
        };
        Self { roles: roles.iter().map(role).collect(), ..Self::default() }
    }

    pub(crate) fn with_answers(answers: &[(&str, bool)]) -> Self {
        let taken = answers.iter().map(|(value, taken)| ((*value).to_owned(), *taken)).collect();
        Self { taken, ..Self::default() }
    }

    pub(crate) fn with_table(name: &str, rows: &[(&str, &str)]) -> Self {
        let table = rows.iter().map(|(key, value)| ((*key).to_owned(), Value::from(*value))).collect();
        Self { tables: BTreeMap::from([(name.to_owned(), table)]), ..Self::default() }
    }
}

impl Environment for World {
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
        self.taken.get(candidate).copied()
    }

    fn table(&self, name: &str) -> Option<&Table> {
        self.tables.get(name)
    }
}
