//! What differs between two documents of configuration, by the names of what is in them. No I/O.

use std::collections::{BTreeSet, HashMap};

use serde::Serialize;
use serde_json::{Map, Value, json};

/// One difference.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Change {
    /// Where, e.g. `applications[Desks].jobs[scim].settings.interval`.
    pub path: String,
    pub action: Action,
    #[serde(skip_serializing_if = "Value::is_null")]
    pub old: Value,
    #[serde(skip_serializing_if = "Value::is_null")]
    pub new: Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Action {
    Add,
    Change,
    Remove,
}

/// The members that tell the entries of a list apart, by the list's name.
const NAMED_BY: &[(&str, &[&str])] = &[
    ("applications", &["name", "id"]),
    ("tenants", &["name"]),
    ("roles", &["name"]),
    ("jobs", &["template"]),
    ("assignments", &["user", "group", "role"]),
    ("attributes", &["object", "name"]),
    ("mappings", &["object"]),
    ("attributeMappings", &["target"]),
    ("schemas", &["id"]),
    ("webhooks", &["url"]),
];

/// The members that are shown as a whole: `{"attribute": ...}` becomes `{"constant": ...}`.
const WHOLE: &[&str] = &["source", "when"];

/// What has to be done to a configuration to make another one of it, in the order of the document.
pub(crate) fn between(old: &Value, new: &Value) -> Vec<Change> {
    let mut changes = Vec::new();
    values("", "", old, new, &mut changes);
    changes
}

fn values(path: &str, member: &str, old: &Value, new: &Value, changes: &mut Vec<Change>) {
    match (old, new) {
        _ if old == new => {}
        (Value::Object(old), Value::Object(new)) if !WHOLE.contains(&member) => {
            objects(path, old, new, changes);
        }
        (Value::Array(old), Value::Array(new)) => {
            let by = NAMED_BY.iter().find(|(list, _)| *list == member).map(|(_, by)| *by);
            match by.and_then(|by| labelled(old, by).zip(labelled(new, by))) {
                Some((olds, news)) => lists(path, &olds, &news, changes),
                None => push(path, &Value::Array(old.clone()), &Value::Array(new.clone()), changes),
            }
        }
        _ => push(path, old, new, changes),
    }
}

fn push(path: &str, old: &Value, new: &Value, changes: &mut Vec<Change>) {
    let action = match (old, new) {
        (Value::Null, _) => Action::Add,
        (_, Value::Null) => Action::Remove,
        _ => Action::Change,
    };
    changes.push(Change { path: path.to_owned(), action, old: old.clone(), new: new.clone() });
}

fn objects(path: &str, old: &Map<String, Value>, new: &Map<String, Value>, changes: &mut Vec<Change>) {
    let gone = old.keys().filter(|name| !new.contains_key(*name));
    for name in new.keys().chain(gone) {
        let place = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let of = |members: &Map<String, Value>| members.get(name).cloned().unwrap_or_default();
        values(&place, name, &of(old), &of(new), changes);
    }
}

/// The entries with their names; `None` where one has none, or two have the same.
fn labelled<'v>(list: &'v [Value], by: &[&str]) -> Option<Vec<(String, &'v Value)>> {
    let mut seen = BTreeSet::new();
    list.iter()
        .map(|entry| {
            let parts: Vec<&str> = by.iter().filter_map(|member| entry[*member].as_str()).collect();
            let label = parts.join(", ");
            (!parts.is_empty() && seen.insert(label.clone())).then_some((label, entry))
        })
        .collect()
}

fn lists(path: &str, old: &[(String, &Value)], new: &[(String, &Value)], changes: &mut Vec<Change>) {
    let olds: HashMap<&str, &Value> = old.iter().map(|(label, value)| (label.as_str(), *value)).collect();
    let news: HashMap<&str, &Value> = new.iter().map(|(label, value)| (label.as_str(), *value)).collect();
    for (label, value) in new {
        let before = olds.get(label.as_str()).copied().unwrap_or(&Value::Null);
        values(&format!("{path}[{label}]"), "", before, value, changes);
    }
    for (label, value) in old.iter().filter(|(label, _)| !news.contains_key(label.as_str())) {
        push(&format!("{path}[{label}]"), value, &Value::Null, changes);
    }
    // The order of what is in both, where it says anything.
    let both = |list: &[(String, &Value)], other: &HashMap<&str, &Value>| -> Vec<String> {
        list.iter()
            .map(|(label, _)| label.clone())
            .filter(|label| other.contains_key(label.as_str()))
            .collect()
    };
    let (before, after) = (both(old, &news), both(new, &olds));
    if before != after {
        push(&format!("{path}: order"), &json!(before), &json!(after), changes);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(old: &Value, new: &Value) -> Vec<String> {
        let line = |it: Change| format!("{:?} {} {} {}", it.action, it.path, it.old, it.new);
        between(old, new).into_iter().map(line).collect()
    }

    #[test]
    fn entries_are_compared_by_name() {
        let old = json!({"applications": [
            {"name": "A", "jobs": [{"template": "scim", "settings": {"scope": "all", "interval": "PT40M"}}],
             "assignments": [{"user": "ann", "role": "User"}]},
            {"name": "B"},
        ]});
        let new = json!({"applications": [
            {"name": "C"},
            {"name": "A", "jobs": [{"template": "scim", "settings": {"scope": "all", "interval": "PT20M"}}],
             "assignments": [{"group": "Sales", "role": "User"}]},
        ]});
        assert_eq!(
            shown(&old, &new),
            [
                r#"Add applications[C] null {"name":"C"}"#,
                r#"Change applications[A].jobs[scim].settings.interval "PT40M" "PT20M""#,
                r#"Add applications[A].assignments[Sales, User] null {"group":"Sales","role":"User"}"#,
                r#"Remove applications[A].assignments[ann, User] {"user":"ann","role":"User"} null"#,
                r#"Remove applications[B] {"name":"B"} null"#,
            ]
        );
        let order = |targets: [&str; 2]| json!({"attributeMappings": targets.map(|target| json!({"target": target}))});
        assert_eq!(
            shown(&order(["a", "b"]), &order(["b", "a"])),
            [r#"Change attributeMappings: order ["a","b"] ["b","a"]"#]
        );
        // What has no name of its own is shown as a whole.
        let twice = |number: u8| json!({"mappings": [{"object": "User"}, {"object": "User", "n": number}]});
        assert_eq!(shown(&twice(1), &twice(2)).len(), 1);
    }

    fn document() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            "[a-c]".prop_map(Value::from)
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            let entry = (inner.clone(), "[a-c]", "[a-c]").prop_map(
                |(value, name, template)| json!({"name": name, "template": template, "value": value}),
            );
            prop_oneof![prop::collection::vec(entry, 0..4), prop::collection::vec(inner, 0..4),]
                .prop_flat_map(|list| {
                    prop_oneof![Just("applications"), Just("jobs"), Just("other")]
                        .prop_map(move |name| json!({name: list.clone()}))
                })
        })
    }

    /// The same without members that are null: those say as much as none.
    fn plain(value: &Value) -> Value {
        match value {
            Value::Object(members) => members
                .iter()
                .filter(|(_, it)| !it.is_null())
                .map(|(name, it)| (name.clone(), plain(it)))
                .collect(),
            Value::Array(entries) => entries.iter().map(plain).collect(),
            other => other.clone(),
        }
    }

    proptest! {
        #[test]
        fn nothing_differs_exactly_where_nothing_does(old in document(), new in document()) {
            let (old, new) = (plain(&old), plain(&new));
            prop_assert_eq!(between(&old, &new).is_empty(), old == new);
            prop_assert!(between(&old, &old).is_empty());
        }
    }
}
