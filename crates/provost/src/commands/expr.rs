//! `provost expr`: an expression, evaluated here.

use std::collections::BTreeMap;

use expression::{Expression, Value};
use serde_json::json;

use crate::answer::{Answer, Failure};
use crate::cli::Expr;

/// Evaluates the expression against the attributes given.
pub fn run(options: &Expr) -> Result<Answer, Failure> {
    let mut attributes: BTreeMap<String, Value> = BTreeMap::new();
    for pair in &options.attributes {
        let (name, value) = pair.split_once('=').ok_or_else(|| {
            Failure::new("Usage", format!("--attr {pair} has no value"))
                .hint("write --attr name=value")
                .usage()
        })?;
        let value = typed(value);
        match attributes.get_mut(name) {
            None => drop(attributes.insert(name.to_owned(), value)),
            Some(Value::List(values)) => values.push(value),
            Some(first) => *first = Value::List(vec![std::mem::take(first), value]),
        }
    }
    let parsed = Expression::parse(&options.expression)
        .map_err(|error| Failure::new("Expression", caret(&error.render(&options.expression))))?;
    let value = parsed
        .evaluate(&attributes)
        .map_err(|error| Failure::new("Evaluation", caret(&error.render(&options.expression))))?;
    let (kind, document) = describe(&value);
    let text = value.text().map_or_else(|| document.to_string(), std::borrow::Cow::into_owned);
    Ok(Answer::done(json!({"value": document, "type": kind}), text))
}

/// A rendered error begins with the word that [`Failure`] prints itself.
fn caret(rendered: &str) -> String {
    rendered.strip_prefix("error: ").unwrap_or(rendered).trim_end().to_owned()
}

/// Directory attributes are text but for the switches among them.
fn typed(value: &str) -> Value {
    match value {
        "true" | "True" => Value::from(true),
        "false" | "False" => Value::from(false),
        _ => Value::from(value),
    }
}

fn describe(value: &Value) -> (&'static str, serde_json::Value) {
    match value {
        Value::Null => ("null", serde_json::Value::Null),
        Value::String(_) => ("string", value.to_json()),
        Value::Boolean(_) => ("boolean", value.to_json()),
        Value::Integer(_) => ("integer", value.to_json()),
        Value::DateTime(_) => ("dateTime", value.text().into()),
        Value::List(_) => ("list", value.to_json()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evaluate(expression: &str, attributes: &[&str]) -> Result<serde_json::Value, Failure> {
        let attributes = attributes.iter().map(|&pair| pair.to_owned()).collect();
        run(&Expr { expression: expression.to_owned(), attributes }).map(|answer| answer.json)
    }

    #[test]
    fn repeated_attributes_are_multi_valued_and_absent_ones_null() {
        assert_eq!(
            evaluate("Join(\"-\", [a])", &["a=x", "a=y", "a=z"]).unwrap(),
            json!({"value": "x-y-z", "type": "string"})
        );
        assert_eq!(evaluate("[b]", &["a=x"]).unwrap(), json!({"value": null, "type": "null"}));
    }

    #[test]
    fn errors_show_the_place() {
        let failure = evaluate("Joim([a])", &[]).unwrap_err();
        assert!(failure.message.contains("1:1") && failure.message.contains('^'), "{}", failure.message);
        assert_eq!(evaluate("[a]", &["a"]).unwrap_err().status, 2);
    }
}
