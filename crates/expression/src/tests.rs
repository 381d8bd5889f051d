use super::{Error, Expression, Isolated, Outcome, Value};
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

#[test]
fn depth_is_bounded_and_what_is_deep_fits_a_small_stack() {
    let nested = |depth: usize| format!("{}[a]{}", "ToLower(".repeat(depth), ")".repeat(depth));
    let on_a_small_stack = std::thread::Builder::new().stack_size(2 << 20).spawn(move || {
        let deepest = Expression::parse(&nested(199)).unwrap();
        let attributes = BTreeMap::from([("a".to_owned(), Value::from("X"))]);
        assert_eq!(deepest.evaluate(&attributes, &Isolated), Ok(Outcome::Value(Value::from("x"))));
        drop(deepest);
        for source in [nested(10_000), "(".repeat(100_000), "IIF(1=".repeat(100_000), "Not(-".repeat(10_000)]
        {
            assert!(fails(&source).message.len() < 100);
        }
    });
    on_a_small_stack.unwrap().join().unwrap();
    // A long chain side by side is not deep.
    let keys: Vec<String> = (0..10_000).map(|key| format!(r#", "{key}", "{}""#, key + 1)).collect();
    let wide = Expression::parse(&format!("Switch([a], \"none\"{})", keys.concat())).unwrap();
    let attributes = BTreeMap::from([("a".to_owned(), Value::from(9_999))]);
    assert_eq!(wide.evaluate(&attributes, &Isolated), Ok(Outcome::Value(Value::from("10000"))));
}

mod properties;
