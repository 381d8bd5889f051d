#![no_main]
//! An expression that is read can be evaluated with any surroundings, and ends; what can be wrong with it is told with
//! its place.

use std::collections::BTreeMap;
use std::sync::Arc;

use expression::{EvalError, Expression, Outcome, RoleAssignment, Surroundings, Value};
use libfuzzer_sys::fuzz_target;

/// Texts that functions read as something else, and texts that break what is put together carelessly.
const VALUES: [&str; 8] =
    ["Ada", "", "2021-07-02T15:33:38Z", "-9223372036854775808", "ß\u{301}İ\u{1f600}", "a b\tc", "True", "((((("];

fuzz_target!(|text: &str| {
    let expression = match Expression::parse(text) {
        Ok(expression) => expression,
        Err(error) => {
            assert!(!error.render(text).is_empty());
            return;
        }
    };
    assert_eq!(Expression::parse(expression.source()).as_ref(), Ok(&expression));
    let mut attributes: BTreeMap<String, Value> = BTreeMap::new();
    for (at, name) in expression.attributes().enumerate() {
        let value = Value::from(VALUES[at % VALUES.len()]);
        let value = if at % 3 == 2 { Value::List(vec![value, Value::Null, Value::Integer(i64::MAX)]) } else { value };
        attributes.insert(name.to_owned(), value);
    }
    let role = RoleAssignment { value: "admin".to_owned(), ..RoleAssignment::default() };
    let tables = expression.tables().map(|name| (name.to_owned(), BTreeMap::new())).collect();
    let mut outside = Surroundings { roles: vec![Arc::new(role)], tables, ..Surroundings::default() };
    while let Ok(Outcome::Ask(candidate)) = checked(&expression, &attributes, &outside) {
        let taken = outside.taken.len() < 3;
        assert_eq!(outside.taken.insert(candidate.to_string(), taken), None, "asked twice");
    }
});

fn checked(
    expression: &Expression,
    attributes: &BTreeMap<String, Value>,
    outside: &Surroundings,
) -> Result<Outcome, EvalError> {
    let outcome = expression.evaluate(attributes, outside);
    match &outcome {
        Ok(Outcome::Value(value)) => drop(value.to_json()),
        Ok(Outcome::Ignore | Outcome::Ask(_)) => {}
        Err(error) => assert!(!error.render(expression.source()).is_empty()),
    }
    outcome
}
