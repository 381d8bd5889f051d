use std::collections::BTreeSet;

use super::*;

fn addresses() -> Addresses {
    Addresses { public_url: "http://127.0.0.1:8080".to_owned(), domain: "localhost:8080".to_owned() }
}

/// Every reference in a document.
fn references<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
    match value {
        Value::Array(list) => list.iter().for_each(|it| references(it, found)),
        Value::Object(members) => {
            if let Some(Value::String(name)) = members.get("$ref") {
                found.insert(name);
            }
            members.values().for_each(|it| references(it, found));
        }
        _ => {}
    }
}

#[test]
fn every_object_is_there_and_used() {
    let document = document(&addresses());
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    let there: BTreeSet<String> =
        schemas::ALL.keys().map(|name| format!("#/components/schemas/{name}")).collect();
    assert_eq!(found, there.iter().map(String::as_str).collect());
}

/// The console's client is generated from the copy in the repository.
#[test]
fn the_copy_in_the_repository_is_the_document() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
    let current = format!("{:#}\n", document(&addresses()));
    if std::env::var_os("PROVOST_WRITE_OPENAPI").is_some() {
        std::fs::write(file, &current).expect("the copy is written");
    }
    let copy = std::fs::read_to_string(file).unwrap_or_default();
    assert!(
        copy == current,
        "docs/openapi.json is not what the server answers: run this test with PROVOST_WRITE_OPENAPI=1 and commit the file"
    );
}

#[test]
fn each_call_has_a_name_of_its_own() {
    let names: BTreeSet<String> = CALLS.iter().chain(SIGN_IN).map(Described::id).collect();
    assert_eq!(names.len(), CALLS.len() + SIGN_IN.len());
}
