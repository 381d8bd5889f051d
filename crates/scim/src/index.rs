//! Values of attributes as an index keeps them: what a filter holds for equal has the same text.

use serde_json::Value;

use crate::filter::Literal;
use crate::filter::value::{Num, number};
use crate::fold;
use crate::schema::{Attribute, Type};

/// From here on a whole number and one with a fraction are not told apart exactly.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The text under which a value is found; none for a value of another type, and for the empty string, which says no
/// more than no value.
pub fn text(attribute: &Attribute, value: &Value) -> Option<String> {
    match attribute.kind {
        Type::String | Type::Reference => {
            let text = value.as_str().filter(|text| !text.is_empty())?;
            Some(if attribute.case_exact { fold::compose(text).into_owned() } else { fold::fold_key(text) })
        }
        Type::Integer => Some(match Num::of(&number(value)?) {
            Num::Whole(whole) => whole.to_string(),
            // Plus zero, so that minus zero is the same.
            Num::Fraction(fraction) => (fraction + 0.0).to_string(),
        }),
        _ => None,
    }
}

/// The text under which every value equal to a literal is found; none where only a look at the resources tells.
pub fn sought(attribute: &Attribute, literal: &Literal) -> Option<String> {
    let value = match literal {
        Literal::String(text) => Value::from(text.as_str()),
        Literal::Number(number) if number.as_f64().is_some_and(|number| number.abs() < EXACT) => {
            Value::Number(number.clone())
        }
        _ => return None,
    };
    text(attribute, &value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::schema::{Definition, Schema};
    use crate::{Filter, Map};

    fn attribute(kind: Type, exact: bool) -> Attribute {
        Attribute { case_exact: exact, ..Attribute::new("a", kind, "") }
    }

    #[test]
    fn equal_numbers_have_one_text() {
        let integer = attribute(Type::Integer, false);
        for same in [json!(5), json!(5.0), json!("5"), json!(" 5 ")] {
            assert_eq!(text(&integer, &same).as_deref(), Some("5"), "{same}");
        }
        assert_eq!(text(&integer, &json!(-0.0)), text(&integer, &json!(0)));
        assert_eq!(text(&integer, &json!(u64::MAX)).as_deref(), Some("18446744073709551615"));
        assert_eq!(text(&integer, &json!(true)), None);
        assert_eq!(sought(&integer, &Literal::Number(9_007_199_254_740_993_u64.into())), None);
    }

    #[test]
    fn texts_fold_by_case_exact() {
        assert_eq!(text(&attribute(Type::String, false), &json!("STRASSE")).as_deref(), Some("strasse"));
        assert_eq!(
            text(&attribute(Type::Reference, true), &json!("Zoe\u{308}")).as_deref(),
            Some("Zo\u{eb}")
        );
        assert_eq!(text(&attribute(Type::String, true), &json!("")), None);
        assert_eq!(text(&attribute(Type::Boolean, false), &json!(true)), None);
    }

    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            any::<i64>().prop_map(Value::from),
            (-3_i32..3).prop_map(Value::from),
            (-3_i32..3).prop_map(|whole| Value::from(f64::from(whole))),
            any::<f64>().prop_map(Value::from),
            "[aAsSßéÉ]{0,3}".prop_map(Value::from),
            "[0-3]{1,2}".prop_map(Value::from),
            any::<String>().prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
        ]
    }

    proptest! {
        #[test]
        fn a_look_up_misses_nothing_that_the_filter_matches(
            stored in value(), asked in value(), exact: bool, whole: bool,
        ) {
            let attribute = attribute(if whole { Type::Integer } else { Type::String }, exact);
            let schema = Schema {
                id: "urn:example:x".into(),
                name: String::new(),
                description: String::new(),
                attributes: vec![attribute.clone()],
            };
            let definition = Definition::user(&[schema]);
            let Ok(filter) = Filter::parse(&format!("urn:example:x:a eq {asked}")) else { return Ok(()) };
            let Ok(compiled) = filter.resolve(&definition) else { return Ok(()) };
            let alternatives = compiled.alternatives();
            let Some(equality) = alternatives.first().and_then(|all| all.first()) else { return Ok(()) };
            let whole = json!({"urn:example:x": {"a": stored}});
            let resource: &Map = whole.as_object().expect("an object");
            if let (true, Some(sought)) = (compiled.matches(resource), sought(&attribute, equality.value)) {
                prop_assert_eq!(text(&attribute, &whole["urn:example:x"]["a"]), Some(sought));
            }
        }
    }
}
