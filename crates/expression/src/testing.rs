//! What the tests of this crate evaluate with.

use crate::{Attributes, RoleAssignment, Surroundings, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Attributes from the members of a JSON object.
pub(crate) struct Json(pub(crate) serde_json::Value);

impl Attributes for Json {
    fn get(&self, name: &str) -> Value {
        self.0.get(name).map(Value::from).unwrap_or_default()
    }
}

/// Surroundings that a test says more about.
pub(crate) type World = Surroundings;

/// A known instant and a known chance, and nothing else.
pub(crate) fn world() -> World {
    World { now: "2021-07-02T15:33:38Z".parse().expect("an instant"), seed: [7; 32], ..World::default() }
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
        Self { roles: roles.iter().map(role).collect(), ..world() }
    }

    pub(crate) fn with_answers(answers: &[(&str, bool)]) -> Self {
        let taken = answers.iter().map(|(value, taken)| ((*value).to_owned(), *taken)).collect();
        Self { taken, ..world() }
    }

    pub(crate) fn with_table(name: &str, rows: &[(&str, &str)]) -> Self {
        let table = rows.iter().map(|(key, value)| ((*key).to_owned(), Value::from(*value))).collect();
        Self { tables: BTreeMap::from([(name.to_owned(), table)]), ..world() }
    }
}
