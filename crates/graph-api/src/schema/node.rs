//! A part of a document that knows where it stands.

use serde_json::{Map, Value};

/// A value and its place, such as `synchronizationRules[0].objectMappings[1].scope`.
#[derive(Clone)]
pub(super) struct Node<'a> {
    pub value: &'a Value,
    pub path: String,
}

impl<'a> Node<'a> {
    /// A whole document.
    pub const fn whole(value: &'a Value) -> Self {
        Self { value, path: String::new() }
    }

    /// A member; `None` where it is absent or null.
    pub fn member(&self, name: &str) -> Option<Self> {
        let value = self.value.get(name).filter(|value| !value.is_null())?;
        let path = if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
        Some(Self { value, path })
    }

    /// The elements of a member that is a list; none where it is absent.
    pub fn list(&self, name: &str) -> Result<Vec<Self>, String> {
        let Some(list) = self.member(name) else { return Ok(Vec::new()) };
        let elements = list.value.as_array().ok_or_else(|| list.wrong("must be a list"))?;
        let element = |(at, value)| Self { value, path: format!("{}[{at}]", list.path) };
        Ok(elements.iter().enumerate().map(element).collect())
    }

    /// A member that is a text.
    pub fn text(&self, name: &str) -> Result<Option<&'a str>, String> {
        let Some(member) = self.member(name) else { return Ok(None) };
        member.value.as_str().map(Some).ok_or_else(|| member.wrong("must be a text"))
    }

    /// A member that is a text and has to be there.
    pub fn required(&self, name: &str) -> Result<&'a str, String> {
        self.text(name)?.ok_or_else(|| self.wrong(&format!("{name} is missing")))
    }

    /// A member that is true or false.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, String> {
        let Some(member) = self.member(name) else { return Ok(None) };
        member.value.as_bool().map(Some).ok_or_else(|| member.wrong("must be true or false"))
    }

    /// The members of an object.
    pub fn members(&self) -> Result<&'a Map<String, Value>, String> {
        self.value.as_object().ok_or_else(|| self.wrong("must be an object"))
    }

    /// What is wrong with this part.
    pub fn wrong(&self, what: &str) -> String {
        if self.path.is_empty() { format!("{what}.") } else { format!("{}: {what}.", self.path) }
    }
}

/// The beginning of a text from outside, for messages.
pub(super) fn cut(text: &str) -> String {
    text.chars().take(60).collect()
}

/// Whether a value says nothing: null, an empty text, list or object.
pub(super) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(members) => members.values().all(is_empty),
        Value::Bool(_) | Value::Number(_) => false,
    }
}
