//! `provost expr`: an expression, evaluated here.

use std::collections::BTreeMap;
use std::sync::Arc;

use expression::{Expression, Outcome, RoleAssignment, Surroundings, Table, Value};
use jiff::Timestamp;
use model::{Clock as _, SystemClock};
use serde_json::json;

use crate::answer::{Answer, Failure, UNFORESEEN};
use crate::cli::Expr;

/// Evaluates the expression against the attributes given.
pub fn run(options: &Expr) -> Result<Answer, Failure> {
    let mut attributes: BTreeMap<String, Value> = BTreeMap::new();
    for pair in &options.attributes {
        let (name, value) = pair
            .split_once('=')
            .ok_or_else(|| usage(format!("--attr {pair} has no value"), "write --attr name=value"))?;
        let value = typed(value);
        match attributes.get_mut(name) {
            None => drop(attributes.insert(name.to_owned(), value)),
            Some(Value::List(values)) => values.push(value),
            Some(first) => *first = Value::List(vec![std::mem::take(first), value]),
        }
    }
    let outside = outside(options)?;
    let failure = |kind, rendered: &str| {
        Failure::new(
            kind,
            caret(rendered),
            "`provost expr --help` has examples; docs/expressions.md describes every function",
        )
    };
    let parsed = Expression::parse(&options.expression)
        .map_err(|error| failure("Expression", &error.render(&options.expression)))?;
    let outcome = parsed
        .evaluate(&attributes, &outside)
        .map_err(|error| failure("Evaluation", &error.render(&options.expression)))?;
    let Outcome::Value(value) = outcome else {
        let text = "The target attribute is left as it is.";
        return Ok(Answer::done(json!({"value": null, "type": "ignored"}), text));
    };
    let (kind, document) = describe(&value);
    let text = value.text().map_or_else(|| document.to_string(), std::borrow::Cow::into_owned);
    Ok(Answer::done(json!({"value": document, "type": kind}), text))
}

fn usage(message: String, hint: &str) -> Failure {
    Failure::new("Usage", message, hint).usage()
}

fn outside(options: &Expr) -> Result<Surroundings, Failure> {
    let now = match &options.now {
        None => SystemClock.now(),
        Some(text) => read_time(text)?,
    };
    let mut seed = [0; 32];
    aws_lc_rs::rand::fill(&mut seed)
        .map_err(|_| Failure::new("Random", "the operating system gives no randomness", UNFORESEEN))?;
    let role = |value: &String| {
        Arc::new(RoleAssignment { id: String::new(), value: value.clone(), display_name: value.clone() })
    };
    let mut tables: BTreeMap<String, Table> = BTreeMap::new();
    for row in &options.tables {
        let parts = row.split_once(':').and_then(|(table, row)| Some((table, row.split_once('=')?)));
        let (table, (key, value)) = parts.ok_or_else(|| {
            usage(format!("--table {row} is no row of a table"), "write --table table:key=value")
        })?;
        tables.entry(table.to_owned()).or_default().insert(key.to_owned(), Value::from(value));
    }
    Ok(Surroundings {
        now,
        seed,
        roles: options.roles.iter().map(role).collect(),
        tables,
        taken: options.taken.iter().map(|value| (value.clone(), true)).collect(),
        others_taken: Some(false),
    })
}

/// A date-time in any form that the language reads.
fn read_time(text: &str) -> Result<Timestamp, Failure> {
    let read = Expression::parse("CDate([time])").ok().and_then(|expression| {
        let attributes = BTreeMap::from([("time".to_owned(), Value::from(text))]);
        expression.evaluate(&attributes, &expression::Isolated).ok()?.into_value()
    });
    match read {
        Some(Value::DateTime(time)) => Ok(time),
        _ => Err(usage(format!("--now {text} is not a date-time"), "write it like 2026-12-01T09:00:00Z")),
    }
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
        Value::Role(_) => ("role", value.to_json()),
        Value::List(_) => ("list", value.to_json()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evaluate(expression: &str, attributes: &[&str]) -> Result<serde_json::Value, Failure> {
        let attributes = attributes.iter().map(|&pair| pair.to_owned()).collect();
        run(&options(expression, attributes)).map(|answer| answer.json)
    }

    fn options(expression: &str, attributes: Vec<String>) -> Expr {
        let expression = expression.to_owned();
        Expr { expression, attributes, now: None, roles: Vec::new(), tables: Vec::new(), taken: Vec::new() }
    }

    #[test]
    fn what_is_outside_comes_from_the_command_line() {
        let with = |expression: &str| {
            let mut options = options(expression, Vec::new());
            options.now = Some("2026-12-01 09:00:00+01:00".to_owned());
            options.roles = vec!["Admin".to_owned()];
            options.tables = vec!["codes:a=1".to_owned()];
            options.taken = vec!["ada".to_owned()];
            run(&options).map(|answer| answer.text).map_err(|failure| failure.message)
        };
        assert_eq!(with("Now()").as_deref(), Ok("12/1/2026 8:00:00 AM"));
        assert_eq!(with("SingleAppRoleAssignment([appRoleAssignments])").as_deref(), Ok("Admin"));
        assert_eq!(with("Lookup(\"a\", \"codes\")").as_deref(), Ok("1"));
        assert_eq!(with("SelectUniqueValue(\"ada\", \"ada1\")").as_deref(), Ok("ada1"));
        assert_eq!(
            with("IgnoreFlowIfNullOrEmpty([a])").as_deref(),
            Ok("The target attribute is left as it is.")
        );
        assert!(with("SelectUniqueValue(\"ada\", \"ada\")").is_err());
        assert_ne!(with("Guid()"), with("Guid()"));
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
