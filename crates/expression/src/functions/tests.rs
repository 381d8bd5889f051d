//! What each function yields; the examples of the public reference are in `reference.rs`.

use super::{effects, functions};
use crate::testing::{Json, World, world};
use crate::{EvalError, Expression, Outcome};
use serde_json::json;

fn outcome_in(world: &World, source: &str, attributes: serde_json::Value) -> Result<Outcome, EvalError> {
    let expression = Expression::parse(source).unwrap_or_else(|e| panic!("{}", e.render(source)));
    expression.evaluate(&Json(attributes), world)
}

fn try_eval(source: &str, attributes: serde_json::Value) -> Result<serde_json::Value, EvalError> {
    let outcome = outcome_in(&world(), source, attributes)?;
    Ok(outcome.into_value().unwrap_or_else(|| panic!("{source} has no value")).to_json())
}

#[track_caller]
fn yields(source: &str, attributes: serde_json::Value, expected: impl Into<serde_json::Value>) {
    assert_eq!(try_eval(source, attributes), Ok(expected.into()), "{source}");
}

/// What the value reads as text.
#[track_caller]
fn reads(source: &str, attributes: serde_json::Value, expected: &str) {
    let outcome = outcome_in(&world(), source, attributes);
    let value = outcome.map(|outcome| outcome.into_value().unwrap_or_default());
    assert_eq!(
        value.map(|value| value.text().unwrap_or_default().into_owned()).as_deref(),
        Ok(expected),
        "{source}"
    );
}

#[track_caller]
fn fails(source: &str, attributes: serde_json::Value, message: &str) {
    match try_eval(source, attributes) {
        Ok(value) => panic!("{source} yields {value}"),
        Err(error) => assert_eq!(error.to_string(), message, "{source}"),
    }
}

/// What is wrong before there is an object.
#[track_caller]
fn refused(source: &str, message: &str) {
    match Expression::parse(source) {
        Ok(_) => panic!("{source} is not refused"),
        Err(error) => assert_eq!(error.message, message, "{source}"),
    }
}

const NULL: serde_json::Value = serde_json::Value::Null;

fn none() -> serde_json::Value {
    json!({})
}

#[test]
fn switch_matches_text_with_case() {
    let active = r#"Switch([IsSoftDeleted], , "False", "True", "True", "False")"#;
    yields(active, json!({"IsSoftDeleted": false}), "True");
    yields(active, json!({"IsSoftDeleted": "True"}), "False");
    yields(active, json!({"IsSoftDeleted": "true"}), NULL);
    let status = r#"Switch([flag], "default", "true", "1", "", "0")"#;
    yields(status, json!({"flag": ""}), "0");
    yields(status, none(), "0");
    yields(status, json!({"flag": []}), "0");
    yields(status, json!({"flag": "other"}), "default");
    yields(r#"Switch([n], , "5", [a])"#, json!({"n": 5, "a": ["x", "y"]}), json!(["x", "y"]));
    yields(
        "Switch(IsPresent([a]),[a], IsPresent([b]),[b], IsPresent([c]),[c])",
        json!({"b": "second"}),
        NULL,
    );
    fails(
        r#"Switch([a], , "x", "y")"#,
        json!({"a": ["x", "y"]}),
        "Switch: argument 1 (source) holds 2 values where one is wanted; use Item to pick one or Join to put them together",
    );
}

#[test]
fn iif_bears_absent_sources() {
    yields(r#"IIF([country]="","Other",[country])"#, none(), "Other");
    yields(r#"IIF(IsNullOrEmpty([country]),"Other",[country])"#, none(), "Other");
    yields(r#"IIF(IsPresent([country]),[country],"Other")"#, none(), "Other");
    yields(r#"IIF([country]="USA","x",)"#, none(), NULL);
    yields("IIF([enabled], 1, 2)", json!({"enabled": "TRUE"}), 1);
    // Only the branch that is taken is evaluated.
    yields(r#"IIF(True, 1, Mid("a", [n], 1))"#, none(), 1);
    fails(
        "IIF([a], 1, 2)",
        json!({"a": "maybe"}),
        "IIF: argument 1 (condition) is \"maybe\", neither True nor False nor a number",
    );
}

#[test]
fn comparisons() {
    for (condition, expected) in [
        ("[n] > 5", true),
        (r#"[n] > "5""#, true),
        ("[text] >= 10", true),
        (r#"[n] = "010""#, true),
        ("[absent] > 5", false),
        ("[absent] < 5", false),
        ("[absent] <> 5", true),
        (r#"[absent] = """#, true),
        (r#"[absent] <> "x""#, true),
        ("[absent] = [missing]", true),
        (r#"[yes] = "true""#, true),
        (r#"[yes] <> "False""#, true),
        (r#""b" > "a""#, true),
        (r#""B" = "b""#, false),
        ("[list] = [list]", true),
        (r#"[list] = "a""#, false),
        (r#"[one] = "a""#, true),
        ("[none] = [absent]", true),
    ] {
        let attributes = json!({
            "n": 10, "text": "11", "yes": true, "list": ["a", "b"], "one": ["a"], "none": [],
        });
        yields(condition, attributes, expected);
    }
}

#[test]
fn logic() {
    yields("Not([IsSoftDeleted])", json!({"IsSoftDeleted": true}), false);
    yields("Not([IsSoftDeleted])", json!({"IsSoftDeleted": "False"}), true);
    yields("Not([IsSoftDeleted])", none(), true);
    yields(r#"Not("neither")"#, none(), true);
    yields("And(1 = 1, [a], True)", json!({"a": "true"}), true);
    yields("And(1 = 2, Mid([a], 0, 0))", none(), false);
    yields("Or(1 = 2, [a], [b])", none(), false);
    yields("Or(True, Mid([a], 0, 0))", none(), true);
    yields("CBool([a])", json!({"a": -1}), true);
    yields("CBool([a])", json!({"a": "0"}), false);
    yields("CBool([a])", none(), false);
}

#[test]
fn tells_absence_apart() {
    for (value, null, empty) in [
        (json!({}), true, true),
        (json!({"a": null}), true, true),
        (json!({"a": []}), true, true),
        (json!({"a": ""}), false, true),
        (json!({"a": "x"}), false, false),
        (json!({"a": false}), false, false),
    ] {
        yields("IsNull([a])", value.clone(), null);
        yields("IsNullOrEmpty([a])", value.clone(), empty);
        yields("IsPresent([a])", value, !empty);
    }
    yields("IsString([a])", json!({"a": ""}), true);
    yields("IsString([a])", json!({"a": 1}), false);
    yields("IsString([a])", none(), false);
    yields("CStr([a])", json!({"a": true}), "True");
    yields("CStr([a])", json!({"a": -12}), "-12");
    yields("CStr([a])", none(), NULL);
    yields(r#"Coalesce([a], "")"#, none(), "");
    yields(r#"Coalesce([a], "x")"#, json!({"a": ""}), "");
    yields("Coalesce([a], [b])", none(), NULL);
}

#[test]
fn joins() {
    let names = json!({"a": ["x", "", null, ["y"]], "n": 7, "empty": ""});
    yields(r#"Join("-", [a], [absent], [empty], , [n], True)"#, names.clone(), "x-y-7-True");
    yields("Join(, [a], [n])", names, "xy7");
    yields(r#"Join(" ", [absent])"#, none(), "");
    yields(r#"Join("", 1000, "a")"#, none(), "1000a");
    yields(r#"Append([absent], "x")"#, none(), NULL);
    yields("Append([a], [absent])", json!({"a": "x"}), "x");
    let separator = "s".repeat(1 << 16);
    fails(
        "Join([separator], [values])",
        json!({"separator": separator, "values": vec!["v"; 1 << 16]}),
        "Join: the text grows longer than 1048576 bytes",
    );
}

#[test]
fn cuts() {
    yields("Left([a], 3)", none(), "");
    yields(r#"Left("äöü", 2)"#, none(), "äö");
    yields(r#"Left("abc", 0)"#, none(), "");
    yields(r#"Left("abc", -1)"#, none(), "abc");
    yields(r#"Left("abc", 9223372036854775807)"#, none(), "abc");
    yields(r#"Left("abc", "2")"#, none(), "ab");
    yields(r#"Mid("äöü", 2, 1)"#, none(), "ö");
    yields(r#"Mid("abc", 2, 99)"#, none(), "bc");
    yields(r#"Mid("abc", 4, 1)"#, none(), "");
    yields("Mid([a], 1, 1)", none(), NULL);
    fails(
        r#"Mid("abc", [n], 1)"#,
        json!({"n": 0}),
        "Mid: argument 2 (start) must be 1, for the first character, or more",
    );
    fails(r#"Mid("abc", 1, [n])"#, json!({"n": "-1"}), "Mid: argument 3 (length) must not be negative");
    fails(
        r#"Left("abc", [n])"#,
        json!({"n": "two"}),
        "Left: argument 2 (numChars) is \"two\", not a whole number",
    );
    fails(
        r#"Left("abc", [n])"#,
        none(),
        "Left: argument 2 (numChars) is absent where a whole number is wanted",
    );
    yields(r#"Word("a  b", 2, " ")"#, none(), "b");
    yields(r#"Word("a b", 0, " ")"#, none(), "");
    yields(r#"Word("a b", 3, " ")"#, none(), "");
    yields(r#"Word([a], 1, " ")"#, none(), "");
    yields(r#"StripSpaces(" a b	c ")"#, none(), "ab\tc");
    yields("Trim([a])", json!({"a": " a b\n"}), "a b");
    yields("Trim([a])", none(), NULL);
    yields("Length([a])", json!({"a": "Zoë"}), 3);
    yields("Length([a])", none(), 0);
}

#[test]
fn searches() {
    yields(r#"InStr("repEated","e",3,vbTextCompare)"#, none(), 4);
    yields(r#"InStr("ÄÖÜ","ü",,1)"#, none(), 3);
    yields(r#"InStr("abc","d")"#, none(), 0);
    yields(r#"InStr("abc","a",2)"#, none(), 0);
    yields(r#"InStr("abc","c",99)"#, none(), 0);
    yields(r#"InStr("abc","",4)"#, none(), 4);
    yields(r#"InStr("abc","",5)"#, none(), 0);
    yields(r#"InStr([a],"a")"#, none(), 0);
    yields(r#"Contains([a], "b")"#, json!({"a": "abc"}), true);
    yields(r#"Contains([a], "B")"#, json!({"a": ["x", "abc"]}), false);
    yields(r#"StartsWith([a], "SMTP:")"#, json!({"a": ["smtp:x", "SMTP:y"]}), true);
    yields(r#"EndsWith([a], "c")"#, json!({"a": "abc"}), true);
    yields(r#"EndsWith([a], "c")"#, none(), false);
    yields("Contains([a], [absent])", json!({"a": "abc"}), false);
}

#[test]
fn changes_case() {
    yields("ToLower([a])", json!({"a": "ÄBC"}), "äbc");
    yields("ToUpper([a])", json!({"a": "straße"}), "STRAßE");
    yields("ToUpper([a])", none(), NULL);
    yields(r#"ToUpper("ili", "tr-TR")"#, none(), "İLİ");
    yields(r#"ToLower("ILI", "az-Latn-AZ")"#, none(), "ılı");
    yields(r#"ToLower("ILI", "en-US")"#, none(), "ili");
    yields(r#"ToUpper("ı")"#, none(), "ı");
    yields(r#"ToLower("ΟΔΟΣ")"#, none(), "οδοσ");
    fails(
        r#"ToLower("x", [c])"#,
        json!({"c": "not one"}),
        "ToLower: argument 2 (culture) is not the name of a culture like \"tr-TR\"",
    );
    yields(r#"ToLower("Ì", "lt-LT")"#, none(), "ì");
    yields(r#"ToUpper("i", "lt")"#, none(), "I");
    yields(r#"ToUpper("ǆ ᾳ", "de")"#, none(), "Ǆ ᾼ");
    yields(r#"PCase("o'neil mary-ann 3rd_floor")"#, none(), "O'neil Mary-Ann 3Rd_Floor");
    yields("PCase([a])", json!({"a": "USA d'arc ǆ Ⅷ Ⓐb e\u{301}"}), "Usa D'arc ǅ ⅷ ⓐB E\u{301}");
    yields(r#"PCase("mary-ann lee", "")"#, none(), "Mary-ann lee");
    yields("PCase([a])", none(), NULL);
    // A shared text stays what it was.
    yields("Join(ToLower([a]), [a], [a])", json!({"a": "X"}), "XxX");
    yields(r#"Join("", ToLower("X"), "X")"#, none(), "xX");
}

#[test]
fn lists() {
    let values = json!({"a": ["x", "y", "x", "X"]});
    yields("Count([a])", values.clone(), 4);
    yields("Count([b])", values.clone(), 0);
    yields("Count([a])", json!({"a": "x"}), 1);
    yields("RemoveDuplicates([a])", values.clone(), json!(["x", "y", "X"]));
    yields("RemoveDuplicates([a])", json!({"a": "x"}), "x");
    yields("Item([a], 2)", values.clone(), "y");
    yields("Item([a], 0)", values.clone(), NULL);
    yields("Item([a], 5)", values, NULL);
    yields("Item([a], 1)", json!({"a": "x"}), "x");
    yields("Item([a], 2)", json!({"a": "x"}), NULL);
    yields(r#"Item(Split("a;;b", ";"), 3)"#, none(), "b");
    yields(r#"Split("ab", "")"#, none(), json!(["ab"]));
    yields(r#"Split(" ", ",")"#, none(), json!([]));
    yields(r#"Split([a], ",")"#, none(), NULL);
}

#[test]
fn the_table_is_sound() {
    let all = functions();
    assert!(all.len() > 30);
    for signature in all {
        let parameters = signature.parameters;
        assert!(signature.repeating <= parameters.len());
        let example = Expression::parse(signature.example);
        assert!(example.is_ok(), "{}: {example:?}", signature.name);
        assert!(signature.example.contains(signature.name), "{}", signature.name);
        assert!(signature.summary.ends_with('.') && !signature.summary.contains("  "));
    }
    for pair in all.windows(2) {
        assert_ne!(pair[0].name, pair[1].name);
    }
    let named = |name| all.iter().find(|s| s.name == name).unwrap().to_string();
    assert_eq!(named("Switch"), "Switch(source, defaultValue, key, value, ...)");
    assert_eq!(named("PCase"), "PCase(source, [wordSeparators])");
}

#[test]
fn every_effect_is_of_a_function_that_there_is() {
    let with: Vec<&str> =
        functions().iter().map(|f| f.name).filter(|name| !effects(name).is_empty()).collect();
    assert_eq!(
        with,
        [
            "AppRoleAssignmentsComplex",
            "AssertiveAppRoleAssignmentsComplex",
            "Guid",
            "IgnoreFlowIfNullOrEmpty",
            "Lookup",
            "Now",
            "RandomString",
            "Redact",
            "SelectUniqueValue",
            "SingleAppRoleAssignment",
        ]
    );
}

mod outside;
