//! What each function yields; the examples of the public reference are in `reference.rs`.

use super::{TOP_LEVEL, effects, functions};
use crate::testing::{Json, World};
use crate::{Effect, EvalError, Expression, Outcome, Value};
use serde_json::json;

fn outcome_in(world: &World, source: &str, attributes: serde_json::Value) -> Result<Outcome, EvalError> {
    let expression = Expression::parse(source).unwrap_or_else(|e| panic!("{}", e.render(source)));
    expression.evaluate(&Json(attributes), world)
}

fn try_eval(source: &str, attributes: serde_json::Value) -> Result<serde_json::Value, EvalError> {
    let outcome = outcome_in(&World::default(), source, attributes)?;
    Ok(outcome.into_value().unwrap_or_else(|| panic!("{source} has no value")).to_json())
}

#[track_caller]
fn yields(source: &str, attributes: serde_json::Value, expected: impl Into<serde_json::Value>) {
    assert_eq!(try_eval(source, attributes), Ok(expected.into()), "{source}");
}

/// What the value reads as text.
#[track_caller]
fn reads(source: &str, attributes: serde_json::Value, expected: &str) {
    let outcome = outcome_in(&World::default(), source, attributes);
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
fn dates() {
    reads("CDate([d])", json!({"d": "2020-03-16-07:00"}), "3/16/2020 7:00:00 AM");
    yields("CDate([d])", json!({"d": "2020-03-16-07:00"}), "2020-03-16T07:00:00Z");
    yields("CDate([d])", none(), NULL);
    yields("CDate([d])", json!({"d": ""}), NULL);
    reads(r#"Join("", Now(), "|", CStr(Now()))"#, none(), "7/2/2021 3:33:38 PM|7/2/2021 3:33:38 PM");
    reads(r#"DateAdd("m", 1, "2021-01-31")"#, none(), "2/28/2021 12:00:00 AM");
    reads(r#"DateAdd("YYYY", -1, "2020-02-29")"#, none(), "2/28/2019 12:00:00 AM");
    reads(
        r#"DateAdd("h", -1, DateAdd("n", 59, DateAdd("s", 60, "2021-01-01")))"#,
        none(),
        "1/1/2021 12:00:00 AM",
    );
    yields(r#"DateAdd("d", 1, [d])"#, none(), NULL);
    yields(r#"DateDiff("d", [d], Now())"#, none(), NULL);
    yields(r#"DateDiff("d", "2021-01-01T12:00:00Z", "2021-01-03")"#, none(), 1);
    yields(r#"DateDiff("ww", "2021-01-02", "2021-01-03")"#, none(), 1);
    yields(r#"DateDiff("m", "2021-01-31", "2021-02-01")"#, none(), 1);
    yields("DateFromNum(0)", none(), "1601-01-01T00:00:00Z");
    yields("DateFromNum(9223372036854775807)", none(), NULL);
    yields("DateFromNum([n])", none(), NULL);
    yields(r#"NumFromDate("1601-01-01T00:00:00.0000001Z")"#, none(), 1);
    yields("NumFromDate(DateFromNum(129699324000000000))", none(), 129_699_324_000_000_000_i64);
    yields(r#"FormatDateTime([d], , "yyyy-MM-dd", "dd.MM.yyyy")"#, json!({"d": "2021-07-02"}), "02.07.2021");
    yields(r#"FormatDateTime([d], "", "yyyy-MM-dd", "dd.MM.yyyy")"#, none(), NULL);
    fails(
        "CDate([d])",
        json!({"d": "soon"}),
        "CDate: argument 1 (expression) is \"soon\", which is not a date-time: write it like 2020-03-16T07:00:00Z, \
         2020-03-16-07:00 or 3/16/2020 7:00:00 AM, or read it by FormatDateTime first",
    );
    fails(
        r#"FormatDateTime([d], , "yyyy-MM-dd", "d")"#,
        json!({"d": "02.07.2021"}),
        "FormatDateTime: argument 1 (source) is \"02.07.2021\", which is not of the input format: a year of 4 digits is \
         expected at character 1",
    );
    fails(r#"DateAdd("yyyy", 9999, Now())"#, none(), "DateAdd: the date is not between the years 1 and 9999");
    fails(
        r#"DateAdd("d", [n], Now())"#,
        json!({"n": i64::MAX}),
        "DateAdd: the date is not between the years 1 and 9999",
    );
    fails("DateFromNum(-1)", none(), "DateFromNum: the number is no Windows file time");
    fails(r#"NumFromDate("1600-12-31")"#, none(), "NumFromDate: file times begin with the year 1601");
    refused(
        r#"DateAdd("D:", 1, Now())"#,
        "argument 1 (interval) of DateAdd must be one of yyyy, m, ww, d, h, n, s",
    );
    refused(
        r#"CDate("soon")"#,
        "argument 1 (expression) of CDate is not a date-time: write it like \
        2020-03-16T07:00:00Z, 2020-03-16-07:00 or 3/16/2020 7:00:00 AM, or read it by FormatDateTime first",
    );
    refused(
        r#"FormatDateTime([d], "AlowInnerWhite", "s", "s")"#,
        "argument 2 (dateTimeStyles) of FormatDateTime is not understood: there is no style AlowInnerWhite; did you mean \
         AllowInnerWhite?",
    );
    refused(
        r#"FormatDateTime([d], , "x", "s")"#,
        "argument 3 (inputFormat) of FormatDateTime is not understood: 'x' alone is no format; write %x for a custom \
         format of one letter",
    );
}

#[test]
fn bits_and_encodings() {
    yields("BitAnd([n], 2)", json!({"n": "514"}), 2);
    yields("BitAnd(-1, &HFF)", none(), 255);
    yields("BitAnd([n], 2)", none(), NULL);
    yields(r#"ConvertToBase64("é€😀")"#, none(), "6QCsID3YAN4=");
    yields(r#"ConvertToUTF8Hex("é€")"#, none(), "C3A9E282AC");
    yields("ConvertToBase64([a])", none(), NULL);
    yields("ConvertToUTF8Hex([a])", json!({"a": ""}), "");
}

#[test]
fn chance_is_injected_and_repeats() {
    let text = |source: &str| {
        let value = outcome_in(&World::default(), source, none()).unwrap().into_value().unwrap();
        value.text().unwrap().into_owned()
    };
    let guid = text("Guid()");
    assert_eq!(guid, text("Guid()"));
    assert!(guid.len() == 36 && &guid[14..15] == "4" && "89ab".contains(&guid[19..20]), "{guid}");
    let both = text(r#"Join(" ", Guid(), Guid())"#);
    assert_ne!(both[..36], both[37..]);
    let count = |text: &str, kind: fn(&char) -> bool| text.chars().filter(kind).count();
    let random = text(r#"RandomString(40, 10, 10, 10, 10, "?,")"#);
    assert_eq!(random.chars().count(), 40);
    assert_eq!(count(&random, char::is_ascii_digit), 10);
    assert_eq!(count(&random, char::is_ascii_uppercase), 10);
    assert_eq!(count(&random, char::is_ascii_lowercase), 10);
    assert!(!random.contains(['?', ',']), "{random}");
    let plain = text("RandomString(256, 0, 0, 0, 0)");
    assert!(plain.len() == 256 && plain.bytes().all(|b| b.is_ascii_alphanumeric()), "{plain}");
    refused("RandomString(257, 0, 0, 0, 0)", "RandomString: the length must be between 1 and 256");
    refused(
        "RandomString(3, 1, 1, 1, 1)",
        "RandomString: more characters are asked for than the length allows",
    );
    fails(
        r#"RandomString(3, 1, 0, 0, 0, "0123456789")"#,
        none(),
        "RandomString: argument 6 (charactersToAvoid) leaves no character of a kind that is asked for",
    );
}

#[test]
fn flow_is_ignored_wherever_the_value_is_missing() {
    let outcome = |source, attributes| outcome_in(&World::default(), source, attributes);
    assert_eq!(outcome("IgnoreFlowIfNullOrEmpty([a])", none()), Ok(Outcome::Ignore));
    assert_eq!(outcome("IgnoreFlowIfNullOrEmpty([a])", json!({"a": ""})), Ok(Outcome::Ignore));
    let nested = r#"Join("-", "x", IgnoreFlowIfNullOrEmpty([a]))"#;
    assert_eq!(outcome(nested, none()), Ok(Outcome::Ignore));
    yields(nested, json!({"a": 1}), "x-1");
    yields(r#"IIF([b] = "1", IgnoreFlowIfNullOrEmpty([a]), "y")"#, none(), "y");
}

#[test]
fn what_is_redacted_is_in_no_message() {
    let source = "Left(Redact([secret]), [secret])";
    let error = outcome_in(&World::default(), source, json!({"secret": "hunter2"})).unwrap_err();
    assert_eq!(error.to_string(), "Left: argument 2 (numChars) is [Redact], not a whole number");
    assert!(Expression::parse(source).unwrap().has(Effect::Redacts));
    yields("Redact([a])", json!({"a": ["x", "y"]}), json!(["x", "y"]));
}

#[test]
fn roles() {
    let world = World::with_roles(&[("Admin", "Administrator"), ("", "Reader")]);
    let value = |source| outcome_in(&world, source, none()).unwrap().into_value().unwrap();
    assert_eq!(value("SingleAppRoleAssignment([appRoleAssignments])"), Value::from("Admin"));
    assert_eq!(
        value("AppRoleAssignmentsComplex([appRoleAssignments])").to_json(),
        json!([
            {"value": "Admin", "display": "Administrator", "type": "WindowsAzureActiveDirectoryRole", "primary": false},
            {"value": "Reader", "display": "Reader", "type": "WindowsAzureActiveDirectoryRole", "primary": false},
        ])
    );
    let joined = r#"Join(";", AssertiveAppRoleAssignmentsComplex([appRoleAssignments]))"#;
    assert_eq!(value(joined), Value::from("Admin;Reader"));
    yields("SingleAppRoleAssignment([appRoleAssignments])", none(), NULL);
    yields("AppRoleAssignmentsComplex([appRoleAssignments])", none(), json!([]));
    refused(
        "SingleAppRoleAssignment([department])",
        "argument 1 (appRoleAssignments) of SingleAppRoleAssignment must be [appRoleAssignments]",
    );
    let expression = Expression::parse("SingleAppRoleAssignment([appRoleAssignments])").unwrap();
    assert_eq!(expression.attributes().count(), 0);
    assert!(expression.has(Effect::Roles) && !expression.has(Effect::KeepsRoles));
}

#[test]
fn unique_values_ask_the_target_one_at_a_time() {
    let source = r#"SelectUniqueValue([a], Join("", [a], "1"), Join("", [a], "2"))"#;
    let select =
        |answers: &[(&str, bool)], attributes| outcome_in(&World::with_answers(answers), source, attributes);
    let ada = || json!({"a": "ada"});
    assert_eq!(select(&[], ada()), Ok(Outcome::Ask("ada".into())));
    assert_eq!(select(&[("ada", false)], ada()), Ok(Outcome::Value(Value::from("ada"))));
    assert_eq!(select(&[("ada", true)], ada()), Ok(Outcome::Ask("ada1".into())));
    let taken = [("ada", true), ("ada1", true), ("ada2", true)];
    assert_eq!(
        select(&taken, ada()).unwrap_err().to_string(),
        "SelectUniqueValue: the target has all 3 values that the rules yield already; add a rule"
    );
    assert_eq!(select(&[], none()), Ok(Outcome::Ask("1".into())));
    refused("SelectUniqueValue([a])", "SelectUniqueValue takes at least 2 arguments, but 1 is given");
    refused(
        "ToLower(SelectUniqueValue([a], [b]))",
        "SelectUniqueValue can only be the whole of an expression",
    );
    assert!(Expression::parse(" (SelectUniqueValue([a], [b])) ").is_ok());
    assert!(functions().iter().any(|function| function.name == TOP_LEVEL));
}

#[test]
fn looks_up() {
    let world = World::with_table("costCentres", &[("Sales", "4711"), ("", "0")]);
    let value = |source, attributes| outcome_in(&world, source, attributes).map(|o| o.into_value().unwrap());
    let sales = || json!({"department": "Sales"});
    assert_eq!(value(r#"Lookup([department], "costCentres")"#, sales()), Ok(Value::from("4711")));
    assert_eq!(value(r#"Lookup("sales", "costCentres")"#, none()), Ok(Value::Null));
    assert_eq!(value(r#"Lookup("sales", "costCentres", "?")"#, none()), Ok(Value::from("?")));
    assert_eq!(value(r#"Lookup([department], "costCentres")"#, none()), Ok(Value::from("0")));
    assert_eq!(
        value(r#"Lookup([department], "costs")"#, sales()).unwrap_err().to_string(),
        "Lookup: argument 2 (table) names the table \"costs\", which the job does not have"
    );
    refused(
        "Lookup([department], [table])",
        "argument 2 (table) of Lookup must be the name of a table in double quotes",
    );
    let expression = Expression::parse(r#"Join("", Lookup([a], "t"), Lookup([b], "s"))"#).unwrap();
    assert_eq!(expression.tables().collect::<Vec<_>>(), ["s", "t"]);
}

#[test]
fn replaces() {
    let a = |text: &str| json!({"a": text});
    yields(r#"Replace([a], "o", , , "0", , )"#, a("foo boo"), "f00 b00");
    yields(r#"Replace([a], "O", "", "", "0", "", "")"#, a("foo"), "foo");
    yields(r#"Replace([a], "o", , , [b], , )"#, a("foo"), "f");
    yields(r#"Replace([a], "{}", , , , , "<{}|{}>")"#, a("x"), "<x|x>");
    yields(r#"Replace([a], "x", , , "y")"#, none(), NULL);
    yields(r#"Replace([a], "{}", , , , , "<{}>")"#, none(), NULL);
    yields(r#"Replace([a], , "x", , "y", , )"#, none(), NULL);
    yields(r#"Replace([a], , "(?<x>.)", "x", , [b], )"#, json!({"b": "uv"}), "u");
    yields(r#"Replace([a], , "(?<x>\\d)", "x", , [b], )"#, json!({"b": "uv"}), NULL);
    yields(r#"Replace([a], , "(?<x>.)", "x", , [b], )"#, a("there"), "there");
    yields(r#"Replace([a], , "(?<x>.)", "x", , [b], )"#, none(), NULL);
    yields(r#"Replace([a], , "(\\w)\\w*", 1, "*", , )"#, a("ab cd"), "*b *d");
    yields(r#"Replace([a], , [p], , "$0$0", , )"#, json!({"a": "abc", "p": "b"}), "abbc");
    yields(r#"Replace([a], , "b*", , "-", , )"#, a("abbc"), "-a--c-");
    fails(
        r#"Replace([a], , [p], , "", , )"#,
        json!({"a": "x", "p": "("}),
        "Replace: argument 3 (regexPattern) is not a regular expression: this parenthesis is never closed (character 1 of \
         the pattern)",
    );
    refused(
        r#"Replace([a], , "(", , "", , )"#,
        "this is not a regular expression: this parenthesis is never closed (character 1 of the pattern)",
    );
    refused(
        r#"Replace([a], , "(?<code>x)", "cod", "y", , )"#,
        "the pattern has no group cod; did you mean code?",
    );
    for source in [
        "Replace([a])",
        r#"Replace([a], "x")"#,
        r#"Replace([a], "x", "y", , "z")"#,
        r#"Replace([a], , , , "z")"#,
        r#"Replace([a], , "y", "g")"#,
    ] {
        let error = Expression::parse(source).unwrap_err();
        assert!(error.message.starts_with("Replace takes oldValue and replacementValue, or"), "{error}");
    }
    fails(
        r#"Replace([a], "a", , , [a], , )"#,
        a(&"a".repeat(2000)),
        "Replace: the text grows longer than 1048576 bytes",
    );
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
