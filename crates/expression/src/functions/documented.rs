//! Runs every example of `docs/expressions.md` and checks that it documents every function.

use super::functions;
use crate::testing::{Json, World, world};
use crate::{Expression, Outcome, RoleAssignment, Value};
use serde_json::{Map, Value as Document};
use std::sync::Arc;

const DOCUMENT: &str = include_str!("../../../../docs/expressions.md");

/// An example: what is given, the expression, what comes out, and the line it begins at.
#[derive(Default)]
struct Example {
    line: usize,
    attributes: Map<String, Document>,
    world: World,
    expression: String,
    expected: String,
}

fn examples() -> Vec<Example> {
    let mut found = Vec::new();
    let mut lines = DOCUMENT.lines().enumerate();
    while let Some((_, line)) = lines.next() {
        if line != "```expression" {
            continue;
        }
        let mut example = Example::default();
        for (number, line) in lines.by_ref().take_while(|(_, line)| *line != "```") {
            if example.line == 0 {
                example.line = number + 1;
            }
            if let Some(given) = line.strip_prefix("given ") {
                give(&mut example, given);
            } else if let Some(expected) = line.strip_prefix("= ") {
                example.expected = expected.to_owned();
                found.push(std::mem::take(&mut example));
            } else {
                example.expression.push_str(line);
            }
        }
        assert!(example.expression.trim().is_empty(), "an example without a result: {}", example.expression);
    }
    found
}

fn give(example: &mut Example, given: &str) {
    let json = |text: &str| serde_json::from_str(text).unwrap_or_else(|error| panic!("{given}: {error}"));
    let world = &mut example.world;
    if let Some(now) = given.strip_prefix("now ") {
        world.now = now.parse().expect("an instant");
    } else if let Some(role) = given.strip_prefix("role ") {
        let (value, display_name) = (role.to_owned(), role.to_owned());
        world.roles.push(Arc::new(RoleAssignment { id: String::new(), value, display_name }));
    } else if let Some(value) = given.strip_prefix("taken ") {
        world.taken.insert(value.to_owned(), true);
    } else if let Some((table, row)) = given.strip_prefix("table ").and_then(|row| row.split_once('.')) {
        let (key, value) = row.split_once(" = ").expect("a value");
        let table = world.tables.entry(table.to_owned()).or_default();
        table.insert(key.to_owned(), Value::from(&json(value)));
    } else {
        let (name, value) = given.split_once(" = ").expect("a value");
        example.attributes.insert(name.to_owned(), json(value));
    }
}

fn run(example: &Example) -> Result<Outcome, String> {
    let expression = Expression::parse(&example.expression).map_err(|error| error.message)?;
    let mut world = World { taken: example.world.taken.clone(), ..world() };
    world.now = example.world.now;
    world.roles.clone_from(&example.world.roles);
    world.tables.clone_from(&example.world.tables);
    // What is not taken is free.
    loop {
        let attributes = Json(Document::Object(example.attributes.clone()));
        match expression.evaluate(&attributes, &world).map_err(|error| error.to_string())? {
            Outcome::Ask(candidate) => drop(world.taken.insert(candidate.to_string(), false)),
            outcome => return Ok(outcome),
        }
    }
}

#[test]
fn every_example_of_the_document_comes_out_as_printed() {
    let examples = examples();
    assert!(examples.len() > 80, "{}", examples.len());
    for example in examples {
        let place = format!("line {}: {}", example.line, example.expression);
        let outcome = run(&example);
        match (example.expected.as_str(), outcome) {
            ("any", Ok(Outcome::Value(_))) | ("ignored", Ok(Outcome::Ignore)) => {}
            (expected, Ok(Outcome::Value(value))) => {
                let json: Document =
                    serde_json::from_str(expected).unwrap_or_else(|e| panic!("{place}: {e}"));
                let text = value.text().map(|text| Document::from(&*text));
                let dated = matches!(value, Value::DateTime(_)) && text.as_ref() == Some(&json);
                assert!(dated || value.to_json() == json, "{place}\n gives {value:?}, not {expected}");
            }
            (expected, Err(error)) => match expected.strip_prefix("error: ") {
                Some(message) => assert!(error.starts_with(message), "{place}\n fails with {error}"),
                None => panic!("{place}\n fails with {error}"),
            },
            (expected, outcome) => panic!("{place}\n gives {outcome:?}, not {expected}"),
        }
    }
}

#[test]
fn every_function_is_documented_with_its_signature() {
    let headings: Vec<&str> = DOCUMENT
        .split("\n## Functions\n")
        .nth(1)
        .and_then(|rest| rest.split("\n## ").next())
        .expect("a chapter on functions")
        .lines()
        .filter_map(|line| line.strip_prefix("### "))
        .collect();
    let mut names: Vec<&str> = functions().iter().map(|function| function.name).collect();
    names.sort_by_key(|name| name.to_lowercase());
    assert_eq!(headings, names);
    for function in functions() {
        assert!(DOCUMENT.contains(&format!("\n`{function}`\n")), "{function} is not in the document");
    }
}
