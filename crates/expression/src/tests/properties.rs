//! What holds for every text and every value.

use crate::testing::{World, world};
use crate::{Attributes, Expression, Outcome, RoleAssignment, Value, functions};
use jiff::Timestamp;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Parses, and evaluates or renders whatever comes of it.
fn survive(source: &str, attributes: &dyn Attributes) {
    match Expression::parse(source) {
        Ok(expression) => {
            if let Err(error) = expression.evaluate(attributes, &World::with_roles(&[("a", "b")])) {
                error.render(source);
            }
            let known: [&str; 1] = ["mail"];
            let _ = expression.check(&known).map_err(|error| error.render(source));
        }
        Err(error) => assert!(error.render(source).contains('^')),
    }
}

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[a-zA-ZäßİıǆΐⅧ '_-]{0,12}",
        "-?[0-9]{1,20}",
        "[0-9]{4}-[01][0-9]-[0-3][0-9](T[0-2][0-9]:[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?)?(Z|[+-][01][0-9]:00)?",
        r"[\\(\\)\\[\\]{}?*+|^$.\\\\dwspPbBkAzZ<>=!:a-c0-9,&-]{0,16}",
        "[yMdhHmsfFtzKg'\"%\\\\/:. -]{0,16}",
        prop::sample::select(vec!["True", "false", "", "yyyy", "ww", "tr-TR", "(?<a>.)", "RoundtripKind"])
            .prop_map(str::to_owned),
    ]
}

/// Values of every kind.
fn values() -> impl Strategy<Value = Value> {
    let single = prop_oneof![
        Just(Value::Null),
        texts().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-300..300_i64).prop_map(Value::from),
        (Timestamp::MIN.as_second()..Timestamp::MAX.as_second())
            .prop_map(|second| Value::DateTime(Timestamp::from_second(second).unwrap())),
        texts().prop_map(|value| {
            Value::Role(Arc::new(RoleAssignment { value, ..RoleAssignment::default() }))
        }),
    ];
    single.prop_recursive(2, 8, 4, |inner| prop::collection::vec(inner, 0..4).prop_map(Value::List))
}

fn objects() -> impl Strategy<Value = BTreeMap<String, Value>> {
    let names = prop::sample::select(vec!["a", "b", "c", "d", "e", "f"]).prop_map(str::to_owned);
    prop::collection::btree_map(names, values(), 0..6)
}

/// Calls of real functions with any arguments, so that most of them evaluate.
fn calls() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        4 => "\\[[a-f]\\]",
        1 => "\"[ -!#-\\[\\]-~äßİ]{0,6}\"",
        1 => any::<i64>().prop_map(|n| n.to_string()),
        1 => (-3..6i64).prop_map(|n| n.to_string()),
        1 => Just(String::new()),
        1 => Just("[a] <= [b]".to_owned()),
    ];
    leaf.prop_recursive(3, 30, 7, move |inner| {
        let signatures = prop::sample::select(functions().to_vec());
        (signatures, prop::collection::vec(inner, 8)).prop_map(|(signature, mut arguments)| {
            arguments.truncate(
                signature.most_arguments().unwrap_or(signature.least_arguments() + signature.repeating),
            );
            format!("{}({})", signature.name, arguments.join(", "))
        })
    })
}

fn evaluate(source: &str, attributes: &[(&str, Value)]) -> Result<Value, String> {
    let attributes: BTreeMap<String, Value> =
        attributes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    let outcome = Expression::parse(source).unwrap().evaluate(&attributes, &world());
    outcome.map(|outcome| outcome.into_value().unwrap_or_default()).map_err(|error| error.message)
}

/// The text that comes out of one text.
fn text(source: &str, a: &str) -> String {
    let value = evaluate(source, &[("a", Value::from(a))]).unwrap();
    value.text().unwrap_or_default().into_owned()
}

proptest! {
    #[test]
    fn any_text_is_survived(source in "\\PC{0,1000}") {
        survive(&source, &BTreeMap::new());
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
        survive(&tokens.concat(), &BTreeMap::new());
    }

    #[test]
    fn any_call_of_any_values_is_survived(source in calls(), object in objects()) {
        survive(&source, &object);
    }

    #[test]
    fn every_function_bears_every_value(object in objects(), rotation in 0..6_usize) {
        let attributes = ["[a]", "[b]", "[c]", "[d]", "[e]", "[f]"];
        for signature in functions() {
            let count = signature.most_arguments().unwrap_or(signature.least_arguments());
            let arguments: Vec<&str> = (0..count).map(|index| attributes[(index + rotation) % 6]).collect();
            survive(&format!("{}({})", signature.name, arguments.join(", ")), &object);
            survive(signature.example, &object);
        }
    }

    #[test]
    fn an_evaluation_repeats(source in calls(), object in objects()) {
        if let Ok(expression) = Expression::parse(&source) {
            let world = world();
            prop_assert_eq!(expression.evaluate(&object, &world), expression.evaluate(&object, &world));
        }
    }

    #[test]
    fn case_keeps_the_number_of_letters(a in "\\PC{0,20}") {
        for function in ["PCase([a])", "PCase([a], \" -\")", "ToLower([a])", "ToUpper([a], \"tr\")"] {
            prop_assert_eq!(text(function, &a).chars().count(), a.chars().count(), "{}", function);
        }
        prop_assert_eq!(text("PCase(PCase([a]))", &a), text("PCase([a])", &a));
        prop_assert_eq!(text("ToLower(ToLower([a]))", &a), text("ToLower([a])", &a));
    }

    #[test]
    fn what_is_joined_splits(parts in prop::collection::vec("[a-zäß]{1,5}", 1..6), separator in "[;|]{1,2}") {
        let list = Value::List(parts.iter().map(|part| Value::from(part.as_str())).collect());
        let both = evaluate("Split(Join([s], [l]), [s])", &[("s", Value::from(separator)), ("l", list.clone())]);
        prop_assert_eq!(both, Ok(list));
    }

    #[test]
    fn parts_make_the_whole(a in "\\PC{0,12}", at in 0..15_i64) {
        let whole = evaluate(
            "Join(\"\", Left([a], [n]), Mid([a], [m], 1000))",
            &[("a", Value::from(a.as_str())), ("n", Value::from(at)), ("m", Value::from(at + 1))],
        );
        prop_assert_eq!(whole, Ok(Value::from(a.as_str())));
    }

    #[test]
    fn normalizing_settles(a in "\\PC{0,20}") {
        prop_assert_eq!(text("NormalizeDiacritics(NormalizeDiacritics([a]))", &a), text("NormalizeDiacritics([a])", &a));
    }

    #[test]
    fn dates_go_there_and_back(second in -11_000_000_000..250_000_000_000_i64, days in -1000..1000_i64) {
        let time = Value::DateTime(Timestamp::from_second(second).unwrap());
        let given = [("t", time.clone()), ("n", Value::from(days)), ("m", Value::from(-days))];
        for source in [
            "CDate(CStr([t]))",
            "DateFromNum(NumFromDate([t]))",
            "DateAdd(\"d\", [m], DateAdd(\"d\", [n], [t]))",
            "CDate(FormatDateTime([t], , \"G\", \"o\"))",
            "CDate(FormatDateTime(FormatDateTime([t], , \"G\", \"U\"), , \"U\", \"yyyy-MM-ddTHH:mm:sszzz\"))",
        ] {
            prop_assert_eq!(evaluate(source, &given), Ok(time.clone()), "{}", source);
        }
        prop_assert_eq!(evaluate("DateDiff(\"d\", [t], DateAdd(\"d\", [n], [t]))", &given), Ok(Value::from(days)));
    }

    #[test]
    fn a_text_as_a_pattern_is_the_text(a in "\\PC{0,20}", old in "\\PC{1,3}") {
        let escaped: String = old
            .chars()
            .map(|c| if c.is_alphanumeric() || c == '_' { c.to_string() } else { format!("\\{c}") })
            .collect();
        let given = [("a", Value::from(a)), ("o", Value::from(old)), ("p", Value::from(escaped))];
        prop_assert_eq!(
            evaluate("Replace([a], , [p], , \"$$\", , )", &given),
            evaluate("Replace([a], [o], , , \"$\", , )", &given)
        );
    }

    #[test]
    fn outcomes_with_a_seed_of_their_own_differ(length in 12..64_i64) {
        let value = |seed: u8| {
            let world = World { seed: [seed; 32], ..world() };
            let source = format!("RandomString({length}, 1, 1, 1, 1)");
            match Expression::parse(&source).unwrap().evaluate(&BTreeMap::new(), &world) {
                Ok(Outcome::Value(value)) => value,
                other => panic!("{other:?}"),
            }
        };
        prop_assert_ne!(value(1), value(2));
    }
}
