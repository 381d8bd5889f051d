//! Accounts, as they are kept.

use jiff::Timestamp;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::password::Hashed;
use crate::{Error, Result, RoleAssignment};

/// Characters of a name at most.
const LONGEST_NAME: usize = 256;

/// An account that administers the installation, or a part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Administrator {
    /// Identifier; of a tool also its client id.
    pub id: Uuid,
    /// What people call it.
    pub display_name: String,
    /// Whether it opens anything.
    pub enabled: bool,
    /// When it was made.
    pub created: Timestamp,
    /// What it may do.
    pub roles: Vec<RoleAssignment>,
    /// Who it is, and how that is proved.
    pub account: Account,
    /// Sessions belong to one generation: the next one ends them all.
    #[serde(default)]
    pub(crate) generation: u64,
}

/// Who an administrator is, and how that is proved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "type")]
pub enum Account {
    /// Somebody who signs in.
    Person {
        /// The name to sign in by, such as a mail address; unique without regard to case.
        sign_in_name: String,
        /// The hash of the password; nobody signs in without one.
        password: Option<Hashed>,
    },
    /// A program that gets access tokens.
    Tool {
        /// Its secrets, several for as long as one takes the place of another.
        secrets: Vec<ClientSecret>,
    },
}

/// What is kept of a secret of a tool.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientSecret {
    /// Identifier, to delete it by.
    pub id: Uuid,
    /// What it is for, in the administrator's words.
    pub label: String,
    /// When it was made.
    pub created: Timestamp,
    /// From when on it opens nothing.
    pub expires: Timestamp,
    /// When it was last used, within a minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used: Option<Timestamp>,
    pub(crate) hash: String,
}

impl std::fmt::Debug for ClientSecret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("ClientSecret").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What a new account is to be.
#[derive(Clone, Debug)]
pub enum NewAccount {
    /// Somebody who signs in, with a password or not before one was set.
    Person {
        /// The name to sign in by.
        sign_in_name: String,
        /// The password.
        password: Option<SecretString>,
    },
    /// A program, without a secret yet.
    Tool,
}

/// What is to be changed of an account; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct AdministratorChange {
    /// What people call it.
    pub display_name: Option<String>,
    /// Whether it opens anything.
    pub enabled: Option<bool>,
    /// The name to sign in by.
    pub sign_in_name: Option<String>,
    /// The password.
    pub password: Option<SecretString>,
}

/// Checks a text that people read. The error is [`Error::Invalid`].
pub(crate) fn check_text(property: &'static str, text: &str) -> Result<()> {
    if text.trim().is_empty() || text.chars().count() > LONGEST_NAME {
        return Err(Error::invalid(property, format!("it must have 1 to {LONGEST_NAME} characters")));
    }
    if text.chars().any(char::is_control) {
        return Err(Error::invalid(property, "it has a control character"));
    }
    Ok(())
}

/// Checks a name to sign in by.
pub(crate) fn check_sign_in_name(name: &str) -> Result<()> {
    check_text("signInName", name)?;
    if name.chars().any(char::is_whitespace) {
        return Err(Error::invalid("signInName", "it has a space: take a mail address, or one word"));
    }
    Ok(())
}
