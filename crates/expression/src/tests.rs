use super::testing::World;
use super::{Attributes, Error, Expression, Isolated, Value};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn fails(source: &str) -> Error {
    Expression::parse(source).expect_err(source)
}

fn complaint(source: &str) -> (usize, String, Option<String>) {
    let error = fails(source);
    (error.column, error.message, error.hint)
}

#[test]
fn checks_names_of_functions() {
    assert_eq!(
        complaint("Join(\" \", tolower([a]))"),
        (
            11,
            "there is no function tolower".to_owned(),
            Some("did you mean ToLower? Names of functions are case-sensitive".to_owned())
        )
    );
    assert_eq!(complaint("NormaliseDiacritics([a])").2.as_deref(), Some("did you mean NormalizeDiacritics?"));
    assert_eq!(complaint("Frobnicate()"), (1, "there is no function Frobnicate".to_owned(), None));
    assert_eq!(complaint("Date()").2.as_deref(), Some("did you mean CDate?"));
}

#[test]
fn checks_numbers_of_arguments() {
    let message = |source| complaint(source).1;
    assert_eq!(message("Left([a])"), "Left takes 2 arguments, but 1 is given");
    assert_eq!(message("Not()"), "Not takes 1 argument, but 0 are given");
    assert_eq!(message("ToLower([a], , )"), "ToLower takes 1 to 2 arguments, but 3 are given");
    assert_eq!(message("Join()"), "Join takes at least 2 arguments, but 0 are given");
    assert_eq!(
        complaint(r#"Switch([a], , "x", "y", "z")"#),
        (
            1,
            "Switch takes its key and value together, but 5 are given".to_owned(),
            Some("Switch(source, defaultValue, key, value, ...)".to_owned())
        )
    );
    assert_eq!(message("Left( , 1)"), "argument 1 (string) of Left cannot be left empty");
}

#[test]
fn checks_constants() {
    assert_eq!(
        complaint(r#"Left([a], "x")"#),
        (11, "argument 2 (numChars) of Left must be a whole number".to_owned(), None)
    );
    assert_eq!(
        complaint(r#"IIF("maybe", 1, 2)"#).1,
        "argument 1 (condition) of IIF must be a condition, True or False"
    );
    assert!(complaint(r#"ToUpper([a], "Turkish!")"#).1.contains("culture"));
}

#[test]
fn checks_attributes_against_the_schema() {
    let known = ["givenName", "surname", "mail"];
    let source = "Join(\" \",\n     [GivenName], [surnmae])";
    let expression = Expression::parse(source).unwrap();
    let error = expression.check(&known).unwrap_err();
    assert_eq!(
        error.render(source),
        "error: the source has no attribute [surnmae]\n --> 2:19\n  |\n2 |      [GivenName], [surnmae])\n  |                   ^^^^^^^^^\n  = help: did you mean [surname]?\n"
    );
    assert_eq!(Expression::parse("Not([MAIL])").unwrap().check(&known), Ok(()));
    let far = Expression::parse("[shoeSize]").unwrap().check(&known).unwrap_err();
    assert_eq!(far.hint, None);
}

#[test]
fn lists_the_attributes_it_reads() {
    let expression = Expression::parse("IIF([b] = \"\", [a], Join([a], [b], [c]))").unwrap();
    assert_eq!(expression.attributes().collect::<Vec<_>>(), ["b", "a", "c"]);
    assert_eq!(expression.source(), "IIF([b] = \"\", [a], Join([a], [b], [c]))");
}

#[test]
fn errors_of_evaluation_point_at_the_call() {
    let source = "Join(\"\", \"x\", Mid([a], [n], 1))";
    let expression = Expression::parse(source).unwrap();
    let attributes = BTreeMap::from([("N".to_owned(), Value::from(0))]);
    let text = expression.evaluate(&attributes, &Isolated).unwrap_err().render(source);
    let caret = text.lines().last().unwrap().find('^');
    assert_eq!(caret, Some(4 + source.find("Mid").unwrap()), "{text}");
}

#[test]
fn expressions_are_shared_between_threads() {
    fn shared<T: Send + Sync + Clone>() {}
    shared::<Expression>();
}

/// Attributes of every kind, chosen by the name.
struct Anything;

impl Attributes for Anything {
    fn get(&self, name: &str) -> Value {
        match name.len() % 6 {
            0 => Value::Null,
            1 => Value::from("Zoë 42"),
            2 => Value::from(vec![Value::from("a"), Value::Null, Value::from(3)]),
            3 => Value::from(i64::MIN),
            4 => Value::from(true),
            _ => Value::from(jiff::Timestamp::MIN),
        }
    }
}

/// Parses, and evaluates or renders whatever comes of it.
fn survive(source: &str) -> bool {
    match Expression::parse(source) {
        Ok(expression) => {
            if let Err(error) = expression.evaluate(&Anything, &World::default()) {
                error.render(source);
            }
            let known: [&str; 1] = ["mail"];
            let _ = expression.check(&known).map_err(|error| error.render(source));
            true
        }
        Err(error) => {
            assert!(error.render(source).contains('^'));
            false
        }
    }
}

/// Calls of real functions with any arguments, so that most of them evaluate.
fn calls() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "\\[[a-f]{1,6}\\]",
        "\"[ -!#-\\[\\]-~äßİ]{0,6}\"",
        any::<i64>().prop_map(|n| n.to_string()),
        (-3..6i64).prop_map(|n| n.to_string()),
        Just(String::new()),
    ];
    let names: Vec<&str> = super::functions().iter().map(|f| f.name).collect();
    leaf.prop_recursive(4, 40, 4, move |inner| {
        let names = prop::sample::select(names.clone());
        (names, prop::collection::vec(inner, 1..5))
            .prop_map(|(name, arguments)| format!("{name}({})", arguments.join(", ")))
    })
}

proptest! {
    #[test]
    fn any_text_is_survived(source in "\\PC{0,1000}") {
        survive(&source);
    }

    #[test]
    fn any_tokens_are_survived(
        tokens in prop::collection::vec(
            prop::sample::select(vec![
                "Join", "(", "(", ")", ",", "[", "]", "\"", "\\", "a", "-", "1", "&H", "=", "<>", " ",
                "\n", "IIF(", "Mid(", "[mail]", "\"x\"", "ü",
            ]),
            0..1000,
        )
    ) {
        survive(&tokens.concat());
    }

    #[test]
    fn any_call_is_survived(source in calls()) {
        survive(&source);
    }
}
