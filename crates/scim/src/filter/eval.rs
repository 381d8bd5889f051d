//! Evaluation of a resolved filter.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::Op;
use super::compile::{Getter, Node, Test};
use crate::resource::{any_value, get};

type Computed<'c> = Option<&'c dyn Fn(&str) -> Option<Value>>;

/// Where getters start.
#[derive(Clone, Copy)]
enum Root<'v> {
    Resource(&'v Map<String, Value>, Computed<'v>),
    Element(&'v Value),
}

impl Node {
    pub(super) fn in_resource(&self, resource: &Map<String, Value>, computed: Computed<'_>) -> bool {
        self.holds(Root::Resource(resource, computed))
    }

    pub(super) fn in_element(&self, element: &Value) -> bool {
        self.holds(Root::Element(element))
    }

    fn holds(&self, root: Root<'_>) -> bool {
        match self {
            Self::And(parts) => parts.iter().all(|part| part.holds(root)),
            Self::Or(parts) => parts.iter().any(|part| part.holds(root)),
            Self::Not(inner) => !inner.holds(root),
            Self::Constant(value) => *value,
            Self::Present(getter) => getter.any(root, &mut has_value),
            Self::Test(test) => test.holds(root),
            Self::Element(getter, inner) => {
                getter.any(root, &mut |element| !element.is_null() && inner.holds(Root::Element(element)))
            }
        }
    }
}

impl Test {
    fn holds(&self, root: Root<'_>) -> bool {
        let mut assigned = false;
        let found = self.getter.any(root, &mut |value| {
            assigned |= !value.is_null();
            self.operand.test(self.op, value)
        });
        // What has no value is not equal to any.
        found || (self.op == Op::Ne && !assigned)
    }
}

impl Getter {
    /// Whether one of the values satisfies the test.
    fn any(&self, root: Root<'_>, test: &mut dyn FnMut(&Value) -> bool) -> bool {
        let top = match root {
            Root::Element(Value::Object(element)) => get(element, &self.name).map(Cow::Borrowed),
            Root::Element(plain) => (self.name == "value").then_some(Cow::Borrowed(plain)),
            Root::Resource(resource, computed) => self.top(resource, computed),
        };
        top.is_some_and(|top| any_value(&top, self.sub.as_deref(), test))
    }

    fn top<'v>(&self, resource: &'v Map<String, Value>, computed: Computed<'_>) -> Option<Cow<'v, Value>> {
        if let Some(urn) = &self.extension {
            let object = get(resource, urn)?;
            return if self.name.is_empty() {
                Some(Cow::Borrowed(object))
            } else {
                get(object.as_object()?, &self.name).map(Cow::Borrowed)
            };
        }
        match get(resource, &self.name) {
            Some(value) => Some(Cow::Borrowed(value)),
            None => computed.and_then(|computed| computed(&self.name)).map(Cow::Owned),
        }
    }
}

/// Presence (`pr`): neither null nor empty, and of an object, some part that is not.
fn has_value(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(values) => values.iter().any(has_value),
        Value::Object(parts) => parts.values().any(has_value),
        Value::Bool(_) | Value::Number(_) => true,
    }
}
