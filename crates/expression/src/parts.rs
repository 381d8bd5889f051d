//! Expressions taken apart and put together, for whoever shows or exchanges them by their parts.

use crate::functions::{self, Signature};
use crate::syntax::{self, Node, Operator, Tree};
use crate::{Error, compile};

/// A part of an expression, which is one itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What it is.
    pub kind: PartKind,
    /// The attribute, the constant as text, or the function; of a comparison its operator.
    pub name: String,
    /// The part written out, in one form whatever white space it had.
    pub text: String,
    /// The arguments that are given, in order, each with the name of its parameter.
    pub arguments: Vec<(&'static str, Part)>,
}

/// What a part of an expression is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartKind {
    /// A source attribute.
    Attribute,
    /// A constant.
    Constant,
    /// A function with its arguments, or a comparison with its two operands.
    Function,
}

/// The names of a comparison's operands.
const OPERANDS: [&str; 2] = ["left", "right"];

/// Takes an expression apart. The error is what [`Expression::parse`](crate::Expression::parse) says of the text.
pub fn take_apart(text: &str) -> Result<Part, Error> {
    let tree = syntax::parse(text)?;
    // An expression that cannot be evaluated has no parts that mean anything.
    compile::compile(text, &tree)?;
    Ok(part(&tree))
}

fn part(tree: &Tree) -> Part {
    let (kind, name, arguments) = match &tree.node {
        Node::Text(text) => (PartKind::Constant, text.clone(), Vec::new()),
        Node::Integer(number) => (PartKind::Constant, number.to_string(), Vec::new()),
        Node::Constant(constant) => (PartKind::Constant, constant.name().to_owned(), Vec::new()),
        Node::Attribute(name) => (PartKind::Attribute, name.clone(), Vec::new()),
        Node::Compare(left, operator, right) => {
            let operands = OPERANDS.into_iter().zip([operand(left), operand(right)]);
            (PartKind::Function, operator.symbol().to_owned(), operands.collect())
        }
        Node::Call(call) => {
            let signature = functions::find(&call.name).map(|function| &function.signature);
            let name = |index| signature.map_or("", |it: &Signature| it.parameter(index).name);
            let given = call.arguments.iter().enumerate();
            let given = given.filter_map(|(index, it)| Some((name(index), part(it.as_ref()?))));
            (PartKind::Function, call.name.clone(), given.collect())
        }
    };
    Part { kind, name, text: tree.to_string(), arguments }
}

/// A side of a comparison, which stands in parentheses where it is one itself.
fn operand(tree: &Tree) -> Part {
    let part = part(tree);
    match tree.node {
        Node::Compare(..) => Part { text: format!("({})", part.text), ..part },
        _ => part,
    }
}

/// Other names of parameters: function, name elsewhere, name here. From the published examples of parsed expressions.
const ALIASES: [(&str, &str, &str); 2] =
    [("Replace", "find", "oldValue"), ("Replace", "replacement", "replacementValue")];

/// The text of a function or comparison of that name with those arguments: parameter names, in any case, and expressions.
/// Whether the text is an expression, parsing tells; the error is a function or parameter that there is not.
pub fn put_together(name: &str, arguments: &[(String, String)]) -> Result<String, String> {
    if let ([(_, left), (_, right)], true) = (arguments, Operator::ALL.iter().any(|it| it.symbol() == name)) {
        return Ok(format!("{left} {name} {right}"));
    }
    let function = functions::find(name).ok_or_else(|| format!("there is no function {name}"))?;
    let signature = &function.signature;
    let mut places: Vec<Option<&str>> = Vec::with_capacity(arguments.len().max(signature.parameters.len()));
    for (key, text) in arguments {
        let alias = ALIASES.iter().find(|(of, there, _)| *of == name && there.eq_ignore_ascii_case(key));
        let key = alias.map_or(key.as_str(), |(_, _, here)| here);
        let named = signature.parameters.iter().position(|it| it.name.eq_ignore_ascii_case(key));
        let named = named.ok_or_else(|| format!("{signature} has no parameter {key}"))?;
        // What is given again is one more of those that repeat.
        let place = if places.get(named).is_none_or(Option::is_none) { named } else { places.len() };
        places.resize(places.len().max(place + 1), None);
        places[place] = Some(text);
    }
    let shown: Vec<&str> = places.into_iter().map(Option::unwrap_or_default).collect();
    Ok(format!("{name}({})", shown.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn again(part: &Part) -> String {
        match part.kind {
            PartKind::Function => {
                let each = part.arguments.iter().map(|(key, it)| ((*key).to_owned(), again(it)));
                put_together(&part.name, &each.collect::<Vec<_>>()).unwrap()
            }
            PartKind::Attribute | PartKind::Constant => part.text.clone(),
        }
    }

    #[test]
    fn what_is_taken_apart_is_put_together_again() {
        for text in [
            "[mail]",
            r#""a \"b\"""#,
            r#"Replace([preferredLanguage], "-", , , "_", , )"#,
            r#"Join(" ", [givenName], Mid([surname], 1, 8), "x")"#,
            r#"Switch([city], "none", "A", "1", "B", "2")"#,
            r#"IIF([country] = "US", True, Not([IsSoftDeleted]))"#,
            "Now()",
        ] {
            let part = take_apart(text).unwrap();
            // Empty arguments at the end are not given.
            assert_eq!(again(&part), text.replace(", , )", ")"), "{part:?}");
            assert_eq!(take_apart(&again(&part)).unwrap().arguments, part.arguments);
        }
    }

    #[test]
    fn every_example_of_a_function_means_the_same_put_together() {
        for signature in functions::functions() {
            let part = take_apart(signature.example).unwrap();
            assert_eq!(take_apart(&again(&part)).unwrap().arguments, part.arguments, "{}", signature.example);
        }
    }

    #[test]
    fn arguments_come_in_any_order_by_names_that_there_are() {
        let text = |name: &str, pairs: &[(&str, &str)]| {
            let given: Vec<_> = pairs.iter().map(|&(key, text)| (key.to_owned(), text.to_owned())).collect();
            put_together(name, &given)
        };
        let mid = [("Start", "1"), ("source", "[mail]"), ("length", "2")];
        assert_eq!(text("Mid", &mid).as_deref(), Ok("Mid([mail], 1, 2)"));
        let replace = [("source", "[mail]"), ("Find", "\"a\""), ("Replacement", "\"b\"")];
        assert_eq!(text("Replace", &replace).as_deref(), Ok(r#"Replace([mail], "a", , , "b")"#));
        assert_eq!(text("Mid", &[("x", "1")]).unwrap_err(), "Mid(source, start, length) has no parameter x");
        assert_eq!(text("Nothing", &[]).unwrap_err(), "there is no function Nothing");
        assert_eq!(take_apart("Nothing(1)").unwrap_err().column, 1);
    }
}
