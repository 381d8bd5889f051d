//! Dates, chance, replacements, and what comes from outside of the object.

use crate::testing::world;

use super::{NULL, World, fails, functions, none, outcome_in, reads, refused, yields};
use crate::functions::TOP_LEVEL;
use crate::{Effect, Expression, Outcome, Value};
use serde_json::json;

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
        let value = outcome_in(&world(), source, none()).unwrap().into_value().unwrap();
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
    let outcome = |source, attributes| outcome_in(&world(), source, attributes);
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
    let error = outcome_in(&world(), source, json!({"secret": "hunter2"})).unwrap_err();
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
