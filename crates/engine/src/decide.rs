//! What one object needs, from its entitlement, its link and its mapping.

use std::collections::BTreeMap;

use model::{
    DeprovisionAction, Deprovisioning, DirectoryObject, Kept, Link, LinkOrigin, LinkState, ObjectType,
};

use crate::{
    Changes, CompiledMapping, Desired, Entitlement, Leaving, MappingFailure, Outside, Question, SourceView,
    Subject,
};

/// What is known about another object that this one refers to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Reference {
    /// There is none.
    #[default]
    None,
    /// It is not in the target yet.
    Pending,
    /// Its id in the target.
    Target(String),
}

impl Reference {
    /// The id in the target, if it is known.
    pub fn target(&self) -> Option<&str> {
        match self {
            Self::Target(id) => Some(id),
            Self::None | Self::Pending => None,
        }
    }
}

/// Everything the decision about one object depends on.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The source object; `None` when it is gone.
    pub object: Option<&'a DirectoryObject>,
    /// Whether it is to have an account.
    pub entitlement: &'a Entitlement,
    /// What is remembered of it.
    pub link: Option<&'a Link>,
    /// Its manager.
    pub manager: &'a Reference,
    /// How it is mapped.
    pub mapping: &'a CompiledMapping,
    /// What happens to accounts that leave.
    pub deprovisioning: &'a Deprovisioning,
    /// What its mapping may ask for beside it.
    pub outside: &'a Outside<'a>,
}

impl<'a> Case<'a> {
    /// The object as its mapping sees it.
    pub fn subject(&self, object: &'a DirectoryObject, soft_deleted: bool) -> Subject<'a> {
        let view = SourceView::new(object, soft_deleted);
        Subject { id: object.id, object: view, manager: self.manager, link: self.link, outside: self.outside }
    }
}

/// What one object needs.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// It has no account yet: match one, else create it with these values.
    Provision(Desired),
    /// Whether others have these values must be known before anything else: decide again with the answers.
    Ask(Vec<Question>),
    /// Its account needs these changes (none, where only the link's state is to change).
    Update {
        /// What changes.
        changes: Changes,
        /// Whether the account was disabled or released, and its references are due.
        returns: bool,
        /// The values to be kept with the link.
        kept: BTreeMap<String, Kept>,
    },
    /// Its account is to be disabled by these changes.
    Disable {
        /// What changes.
        changes: Changes,
        /// The values to be kept with the link.
        kept: BTreeMap<String, Kept>,
    },
    /// Its account is to be deleted.
    Delete,
    /// It left scope, and its account stays as it is.
    Release,
    /// It left scope, and its account, which was there before this job, is let go of.
    Unlink,
    /// Nothing is done, for a reason that belongs into the log.
    Skip(String),
    /// Nothing is done: it has no account and is not meant to have one.
    Ignore,
    /// Nothing is sent, but values were computed anew, which are to be kept with the link.
    Remember(BTreeMap<String, Kept>),
    /// Everything is as it should be.
    Nothing,
}

/// Decides.
///
/// An object without a target id in its link was never linked: it is never deprovisioned. Request kinds that the
/// mapping switches off are never decided for.
pub fn decide(case: &Case<'_>) -> Result<Decision, MappingFailure> {
    let linked = case.link.filter(|link| link.target_id.is_some());
    match (case.entitlement, linked) {
        (Entitlement::InScope, None) => provision(case),
        (Entitlement::InScope, Some(link)) => keep(case, link),
        (Entitlement::OutOfScope { assigned: true, reason, .. }, None) => Ok(Decision::Skip(reason.clone())),
        (Entitlement::OutOfScope { .. }, None) => Ok(Decision::Ignore),
        (Entitlement::OutOfScope { leaving, .. }, Some(link)) => leave(case, link, *leaving),
    }
}

fn provision(case: &Case<'_>) -> Result<Decision, MappingFailure> {
    let Some(object) = case.object else { return Ok(Decision::Ignore) };
    Ok(Decision::Provision(case.mapping.evaluate(&case.subject(object, false))?))
}

fn keep(case: &Case<'_>, link: &Link) -> Result<Decision, MappingFailure> {
    let Some(object) = case.object else { return Ok(Decision::Nothing) };
    let desired = case.mapping.evaluate(&case.subject(object, false))?;
    if !desired.questions.is_empty() {
        return Ok(Decision::Ask(desired.questions));
    }
    let returns = link.state != LinkState::Active;
    let mut changes = case.mapping.changes_on_update(&desired, &link.shadow);
    if !case.mapping.actions.update {
        changes.clear();
    }
    Ok(if !changes.is_empty() || returns {
        Decision::Update { changes, returns, kept: desired.kept }
    } else if desired.kept != link.kept {
        Decision::Remember(desired.kept)
    } else {
        Decision::Nothing
    })
}

fn leave(case: &Case<'_>, link: &Link, leaving: Leaving) -> Result<Decision, MappingFailure> {
    let release = if link.state == LinkState::Active { Decision::Release } else { Decision::Nothing };
    let action = action(*case.deprovisioning, case.mapping.object_type, leaving);
    if action != DeprovisionAction::Nothing
        && case.deprovisioning.unlink_matched
        && link.origin == LinkOrigin::Matched
    {
        return Ok(Decision::Unlink);
    }
    match action {
        DeprovisionAction::Delete if case.mapping.actions.delete => Ok(Decision::Delete),
        DeprovisionAction::Disable if case.mapping.actions.update && case.mapping.can_disable() => {
            if link.state == LinkState::Disabled {
                return Ok(Decision::Nothing);
            }
            let gone = Subject {
                id: link.source_id,
                object: SourceView::gone(),
                manager: &Reference::None,
                link: case.link,
                outside: case.outside,
            };
            let subject = case.object.map_or(gone, |object| case.subject(object, true));
            let desired = case.mapping.evaluate_disabled(&subject)?;
            if !desired.questions.is_empty() {
                return Ok(Decision::Ask(desired.questions));
            }
            let changes = case.mapping.changes_on_disable(&desired, &link.shadow);
            Ok(Decision::Disable { changes, kept: desired.kept })
        }
        // Nothing is asked for, or what is asked for may not be sent.
        _ => Ok(release),
    }
}

/// What happens to an account that leaves this way. A group cannot be disabled.
fn action(settings: Deprovisioning, object_type: ObjectType, leaving: Leaving) -> DeprovisionAction {
    match (object_type, leaving) {
        (_, Leaving::HardDeleted) => settings.hard_deleted,
        (ObjectType::Group, _) => settings.group_out_of_scope,
        (ObjectType::User, Leaving::OutOfScope) => settings.out_of_scope,
        (ObjectType::User, Leaving::Disabled) => settings.disabled,
        (ObjectType::User, Leaving::SoftDeleted) => settings.soft_deleted,
    }
}

#[cfg(test)]
#[path = "decide_tests.rs"]
pub(crate) mod tests;
