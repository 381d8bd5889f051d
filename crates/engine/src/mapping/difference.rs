//! What an account needs to look as desired.

use model::{FlowType, ModifiedProperty, Shadow};
use serde_json::{Map, Value as Json};

use super::evaluate::{Wanted, elements};
use super::{Attribute, CompiledMapping, Desired, MatchingValue, Source};

/// What is to change in the target: new values by target attribute path, null clears.
pub type Changes = Map<String, Json>;

/// What stands in logs for a value that is not to be shown.
pub(super) const REDACTED: &str = "[Redact]";

impl CompiledMapping {
    /// The values to match by among those that were sent to create an account.
    pub fn matching_sent(&self, sent: &Shadow) -> Vec<MatchingValue> {
        self.matching_values(|index| sent.get(&self.attributes[index].path))
    }

    pub(super) fn matching_values<'a>(
        &'a self,
        value: impl Fn(usize) -> Option<&'a Json>,
    ) -> Vec<MatchingValue> {
        self.matching
            .iter()
            .filter_map(|index| {
                let value = match value(*index)? {
                    Json::String(text) => text.clone(),
                    Json::Null | Json::Array(_) | Json::Object(_) => return None,
                    other => other.to_string(),
                };
                Some(MatchingValue { path: self.attributes[*index].path.clone(), value })
            })
            .collect()
    }

    /// What a new account gets.
    pub fn creation(&self, desired: &Desired) -> Shadow {
        let mut values = Shadow::new();
        for (attribute, wanted) in self.attributes.iter().zip(&desired.wanted) {
            match wanted {
                Wanted::Value(value) => drop(values.insert(attribute.path.clone(), value.clone())),
                Wanted::Each(each) => values.extend(each.iter().cloned()),
                Wanted::Nothing => {
                    values.extend(attribute.default.clone().map(|value| (attribute.path.clone(), value)));
                }
                Wanted::Ignored => {}
            }
        }
        values
    }

    /// What differs for an account that was just matched; `found` holds what the target has at [`Self::paths_of`].
    pub fn changes_on_match(&self, desired: &Desired, found: &Shadow) -> Changes {
        let flows = |attribute: &Attribute| attribute.flow != FlowType::ObjectAddOnly;
        self.changes(desired, found, flows, Attribute::asserts_roles, true)
    }

    /// What differs for an account that is kept in step.
    pub fn changes_on_update(&self, desired: &Desired, shadow: &Shadow) -> Changes {
        let flows = |attribute: &Attribute| attribute.flow != FlowType::ObjectAddOnly;
        let clears = |attribute: &Attribute| attribute.flow_null || attribute.asserts_roles();
        self.changes(desired, shadow, flows, clears, false)
    }

    /// What differs for an account that is disabled: what is computed from `IsSoftDeleted`, nothing else.
    pub fn changes_on_disable(&self, desired: &Desired, shadow: &Shadow) -> Changes {
        self.changes(desired, shadow, Attribute::reads_soft_deleted, |attribute| attribute.flow_null, false)
    }

    fn changes(
        &self,
        desired: &Desired,
        shadow: &Shadow,
        flows: impl Fn(&Attribute) -> bool,
        clears: impl Fn(&Attribute) -> bool,
        first_contact: bool,
    ) -> Changes {
        let mut changes = Changes::new();
        let pairs = || self.attributes.iter().zip(&desired.wanted).filter(|(attribute, _)| flows(attribute));
        for (attribute, wanted) in pairs() {
            let current = shadow.get(&attribute.path).filter(|value| !value.is_null());
            let new = match (&attribute.source, wanted) {
                (Source::Members, _) => None,
                (Source::None, _) => attribute.default.clone().filter(|_| first_contact && current.is_none()),
                (_, Wanted::Value(value)) => attribute.flowing(value, current),
                (_, Wanted::Each(values)) => {
                    each_change(&attribute.path, values, shadow, &mut changes);
                    None
                }
                (_, Wanted::Nothing) => (current.is_some() && clears(attribute)).then_some(Json::Null),
                (_, Wanted::Ignored) => None,
            };
            if let Some(new) = new {
                changes.insert(attribute.path.clone(), new);
            }
        }
        // Sent along with any change; alone it would write in every cycle.
        if !changes.is_empty() {
            for (attribute, wanted) in pairs().filter(|(attribute, _)| attribute.always) {
                if let Some(value) = wanted.value()
                    && !changes.contains_key(&attribute.path)
                {
                    changes.insert(attribute.path.clone(), value.clone());
                }
            }
        }
        changes
    }

    /// What a link remembers of an account that was matched: what was found, without values that this job does not
    /// give, so that they are never cleared.
    pub fn remember_match(&self, desired: &Desired, mut found: Shadow) -> Shadow {
        for (attribute, wanted) in self.attributes.iter().zip(&desired.wanted) {
            let kept = wanted.value().is_some()
                || matches!(attribute.flow, FlowType::ValueAddOnly | FlowType::AttributeAddOnly);
            if !kept {
                found.remove(&attribute.path);
            }
        }
        found
    }

    /// The changes with the values before them, for the log.
    pub fn modified_properties<'a>(
        &self,
        before: &Shadow,
        changes: impl IntoIterator<Item = (&'a String, &'a Json)>,
    ) -> Vec<ModifiedProperty> {
        changes
            .into_iter()
            .map(|(path, new)| {
                let redacted = self.redacts(path);
                let shown = |value: &Json| if redacted { REDACTED.into() } else { value.clone() };
                ModifiedProperty {
                    display_name: path.clone(),
                    old_value: before.get(path).filter(|value| !value.is_null()).map(shown),
                    new_value: Some(new).filter(|value| !value.is_null()).map(shown),
                }
            })
            .collect()
    }

    /// Whether the values of a target attribute may not be shown.
    pub fn redacts(&self, path: &str) -> bool {
        self.attributes.iter().any(|attribute| attribute.path == path && attribute.redacts())
    }

    /// Those of some values, by target attribute path, that may not be shown, as they may stand in the words of
    /// others.
    pub fn secrets<'a>(&self, values: impl Iterator<Item = (&'a String, &'a Json)>) -> Vec<String> {
        let mut secrets = Vec::new();
        for (_, value) in values.filter(|(path, _)| self.redacts(path)) {
            collect_texts(value, &mut secrets);
        }
        // The longest first: one may be part of another.
        secrets.sort_by(|one, two| two.len().cmp(&one.len()).then_with(|| one.cmp(two)));
        secrets.dedup();
        secrets
    }
}

/// A text without these values.
pub fn redact(text: &str, secrets: &[String]) -> String {
    let mut shown = text.to_owned();
    for secret in secrets {
        shown = replace_words(&shown, secret);
    }
    shown
}

/// Replaces a value wherever it stands; a short one only where it stands alone, or words would be torn apart.
fn replace_words(text: &str, secret: &str) -> String {
    const SHORT: usize = 4;
    let alone = |before: &str, after: &str| {
        let edge = |next: Option<char>| next.is_none_or(|next| !next.is_alphanumeric());
        edge(before.chars().next_back()) && edge(after.chars().next())
    };
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(secret) {
        let (before, from) = rest.split_at(at);
        let after = &from[secret.len()..];
        shown.push_str(before);
        let replaced = secret.chars().count() >= SHORT || alone(before, after);
        shown.push_str(if replaced { REDACTED } else { secret });
        rest = after;
    }
    shown.push_str(rest);
    shown
}

fn collect_texts(value: &Json, texts: &mut Vec<String>) {
    match value {
        Json::Array(values) => values.iter().for_each(|value| collect_texts(value, texts)),
        Json::Object(fields) => fields.values().for_each(|value| collect_texts(value, texts)),
        Json::String(text) if !text.is_empty() => texts.push(text.clone()),
        Json::Number(number) => texts.push(number.to_string()),
        Json::String(_) | Json::Bool(_) | Json::Null => {}
    }
}

/// The differences of values that have a path of their own each.
fn each_change(path: &str, values: &[(String, Json)], shadow: &Shadow, changes: &mut Changes) {
    for (own, value) in values {
        if shadow.get(own) != Some(value) {
            changes.insert(own.clone(), value.clone());
        }
    }
    let prefix = elements(path);
    let had = shadow.range(prefix.clone()..).take_while(|(own, _)| own.starts_with(&prefix));
    for (own, _) in had.filter(|(own, value)| !value.is_null() && !values.iter().any(|(it, _)| it == *own)) {
        changes.insert(own.clone(), Json::Null);
    }
}

impl Attribute {
    /// The value to write over the current one, if any is.
    fn flowing(&self, value: &Json, current: Option<&Json>) -> Option<Json> {
        let Some(current) = current else { return Some(value.clone()) };
        match self.flow {
            FlowType::ValueAddOnly | FlowType::AttributeAddOnly => None,
            FlowType::MultiValueAddOnly => union(current, value),
            FlowType::Always | FlowType::ObjectAddOnly => (current != value).then(|| value.clone()),
        }
    }
}

/// Both lists, the current one first; `None` if nothing would be added.
pub(super) fn union(current: &Json, value: &Json) -> Option<Json> {
    let (Json::Array(current), Json::Array(new)) = (current, value) else {
        return (current != value).then(|| value.clone());
    };
    let added: Vec<_> = new.iter().filter(|value| !current.contains(value)).collect();
    (!added.is_empty()).then(|| current.iter().chain(added).cloned().collect())
}
