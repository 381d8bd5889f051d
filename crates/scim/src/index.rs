//! Values of attributes as an index keeps them: what a filter holds for equal has the same text.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::filter::Literal;
use crate::filter::value::{Num, number};
use crate::fold;
use crate::resource::any_value;
use crate::schema::{Attribute, Schema, Type};

/// From here on a whole number and one with a fraction are not told apart exactly.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// An attribute of an extension of which an index is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Indexed {
    /// URN of the extension.
    pub schema: String,
    /// Attribute.
    pub attribute: String,
    /// Sub-attribute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// Type of the values.
    pub kind: Type,
    /// Whether upper and lower case differ.
    pub case_exact: bool,
    /// Whether only one resource may have a value.
    pub unique: bool,
}

impl Indexed {
    /// The attributes of a schema of which an index is kept.
    pub fn all(schema: &Schema) -> Vec<Self> {
        let one = |attribute: &Attribute, sub: Option<&Attribute>| {
            let leaf = sub.unwrap_or(attribute);
            leaf.is_indexed().then(|| Self {
                schema: schema.id.clone(),
                attribute: attribute.name.clone(),
                sub: sub.map(|sub| sub.name.clone()),
                kind: leaf.kind,
                case_exact: leaf.case_exact,
                unique: leaf.is_unique(),
            })
        };
        let mut all = Vec::new();
        for attribute in &schema.attributes {
            all.extend(one(attribute, None));
            all.extend(attribute.sub_attributes.iter().filter_map(|sub| one(attribute, Some(sub))));
        }
        all
    }

    /// The canonical path, as an equality of a filter has it.
    pub fn path(&self) -> String {
        let sub = self.sub.as_deref().map(|sub| format!(".{sub}")).unwrap_or_default();
        format!("{}:{}{sub}", self.schema, self.attribute)
    }

    /// The values that a resource has, each with the text under which it is found.
    pub fn values(&self, resource: &Map<String, Value>) -> Vec<(String, Value)> {
        let mut found = Vec::new();
        let top = resource.get(&self.schema).and_then(|extension| extension.get(&self.attribute));
        if let Some(top) = top {
            any_value(top, self.sub.as_deref(), &mut |value| {
                found.extend(self.text(value).map(|text| (text, value.clone())));
                false
            });
        }
        found
    }

    /// The text under which a value is found; none for a value of another type, and for the empty string, which says no
    /// more than no value.
    fn text(&self, value: &Value) -> Option<String> {
        match self.kind {
            Type::String | Type::Reference => {
                let text = value.as_str().filter(|text| !text.is_empty())?;
                Some(if self.case_exact { fold::compose(text).into_owned() } else { fold::fold_key(text) })
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
    pub fn sought(&self, literal: &Literal) -> Option<String> {
        let value = match literal {
            Literal::String(text) => Value::from(text.as_str()),
            Literal::Number(number) if number.as_f64().is_some_and(|number| number.abs() < EXACT) => {
                Value::Number(number.clone())
            }
            _ => return None,
        };
        self.text(&value)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::Filter;
    use crate::schema::Definition;

    fn schema(attributes: Vec<Attribute>) -> Schema {
        Schema { id: "urn:example:x".into(), name: String::new(), description: String::new(), attributes }
    }

    fn attribute(kind: Type, exact: bool) -> Attribute {
        Attribute { case_exact: exact, indexed: true, ..Attribute::new("a", kind, "") }
    }

    fn indexed(kind: Type, exact: bool) -> Indexed {
        Indexed::all(&schema(vec![attribute(kind, exact)])).remove(0)
    }

    #[test]
    fn sub_attributes_have_an_index_too() {
        let part = Attribute { indexed: true, ..Attribute::string("code", "") };
        let list = Attribute::complex("tags", "", vec![part, Attribute::string("other", "")]).multi();
        let all = Indexed::all(&schema(vec![Attribute::string("plain", ""), list]));
        assert_eq!(all.iter().map(Indexed::path).collect::<Vec<_>>(), ["urn:example:x:tags.code"]);
        let tags = json!([{"code": "A"}, {"other": "x"}, {"code": "B"}, {"code": ""}]);
        let resource = json!({"urn:example:x": {"tags": tags}});
        let found = all[0].values(resource.as_object().expect("an object"));
        assert_eq!(found, [("a".to_owned(), json!("A")), ("b".to_owned(), json!("B"))]);
    }

    #[test]
    fn equal_numbers_have_one_text() {
        let integer = indexed(Type::Integer, false);
        for same in [json!(5), json!(5.0), json!("5"), json!(" 5 ")] {
            assert_eq!(integer.text(&same).as_deref(), Some("5"), "{same}");
        }
        assert_eq!(integer.text(&json!(-0.0)), integer.text(&json!(0)));
        assert_eq!(integer.text(&json!(u64::MAX)).as_deref(), Some("18446744073709551615"));
        assert_eq!(integer.text(&json!(true)), None);
        assert_eq!(integer.sought(&Literal::Number(9_007_199_254_740_993_u64.into())), None);
    }

    #[test]
    fn texts_fold_by_case_exact() {
        assert_eq!(indexed(Type::String, false).text(&json!("STRASSE")).as_deref(), Some("strasse"));
        assert_eq!(indexed(Type::Reference, true).text(&json!("Zoe\u{308}")).as_deref(), Some("Zo\u{eb}"));
        assert_eq!(indexed(Type::String, true).text(&json!("")), None);
        assert_eq!(indexed(Type::Boolean, false).text(&json!(true)), None);
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
            let kind = if whole { Type::Integer } else { Type::String };
            let (index, definition) =
                (indexed(kind, exact), Definition::user(&[schema(vec![attribute(kind, exact)])]));
            let Ok(filter) = Filter::parse(&format!("urn:example:x:a eq {asked}")) else { return Ok(()) };
            let Ok(compiled) = filter.resolve(&definition) else { return Ok(()) };
            let alternatives = compiled.alternatives();
            let Some(equality) = alternatives.first().and_then(|all| all.first()) else { return Ok(()) };
            let whole = json!({"urn:example:x": {"a": stored}});
            let resource = whole.as_object().expect("an object");
            prop_assert_eq!(equality.path, index.path());
            if let (true, Some(sought)) = (compiled.matches(resource), index.sought(equality.value)) {
                prop_assert!(index.values(resource).iter().any(|(text, _)| *text == sought));
            }
        }
    }
}
