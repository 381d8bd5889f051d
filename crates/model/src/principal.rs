//! Who asks for a change.

use serde::{Deserialize, Serialize};

/// Who asked for a mutation; every mutation takes one and the audit log names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Principal {
    /// Stable identifier: a token's or an account's id, or the name of a service of the program itself.
    pub id: String,
    /// What people call it.
    pub display_name: String,
}

impl Principal {
    /// The program itself, acting by a schedule or a rule.
    pub fn system(service: &str) -> Self {
        Self { id: format!("system:{service}"), display_name: service.to_owned() }
    }
}
