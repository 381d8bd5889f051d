use super::parser::MAX_DEPTH;
use super::{Call, Constant, Node, Operator, Tree, parse};
use crate::error::{Error, Span};
use proptest::prelude::*;

fn tree(node: Node) -> Tree {
    Tree { node, span: Span::default() }
}

fn text(text: &str) -> Tree {
    tree(Node::Text(text.to_owned()))
}

fn attribute(name: &str) -> Tree {
    tree(Node::Attribute(name.to_owned()))
}

fn call(name: &str, arguments: Vec<Option<Tree>>) -> Tree {
    let name = name.to_owned();
    tree(Node::Call(Call { name, name_span: Span::default(), arguments }))
}

fn fails(source: &str) -> Error {
    match parse(source) {
        Ok(tree) => panic!("{source} parsed as {tree}"),
        Err(error) => error,
    }
}

#[test]
fn reads_calls_with_empty_arguments() {
    let expected = call("Switch", vec![Some(attribute("a")), None, Some(text("x")), Some(text("y"))]);
    assert_eq!(parse(" Switch ( [ a ] ,, \"x\"\r\n, \"y\" ) \n"), Ok(expected));
    assert_eq!(parse("Now( )"), Ok(call("Now", vec![])));
    assert_eq!(parse("F(,)"), Ok(call("F", vec![None, None])));
}

#[test]
fn reads_constants() {
    let number = |number| Ok(tree(Node::Integer(number)));
    assert_eq!(parse("-10"), number(-10));
    assert_eq!(parse("&HF7"), number(0xf7));
    assert_eq!(parse("-9223372036854775808"), number(i64::MIN));
    assert_eq!(Ok(tree(Node::Constant(Constant::TextCompare))), parse("vbTextCompare"));
    assert_eq!(parse(r#""a \"b\" \\d \d""#), Ok(text(r#"a "b" \d \d"#)));
    assert_eq!(parse("\"two\nlines\""), Ok(text("two\nlines")));
}

#[test]
fn reads_attribute_names() {
    for name in [
        "mail",
        "extension_9a1b_costCentre",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
        r#"emails[type eq "work"].value"#,
        r#"urn:x:User:tags[value eq "a]\"b"].value"#,
    ] {
        assert_eq!(parse(&format!("[{name}]")), Ok(attribute(name)));
    }
}

#[test]
fn reads_comparisons() {
    let compare = |operator| {
        let (left, right) = (attribute("a"), text("x"));
        Ok(tree(Node::Compare(Box::new(left), operator, Box::new(right))))
    };
    assert_eq!(parse(r#"[a]="x""#), compare(Operator::Equal));
    assert_eq!(parse(r#"[a] <> "x""#), compare(Operator::NotEqual));
    assert_eq!(parse(r#"([a] >="x")"#), compare(Operator::GreaterOrEqual));
    assert_eq!(parse(r#"[a]< "x""#), compare(Operator::Less));
}

#[test]
fn says_what_is_wrong_and_where() {
    for (source, column, message) in [
        ("", 1, "the expression is empty"),
        ("Join(\"a\"", 5, "this parenthesis is never closed"),
        ("Join(\"a\",", 5, "this parenthesis is never closed"),
        ("Join(\"a)", 6, "this text is never closed"),
        ("Join([a)", 8, "')' cannot stand in the name of an attribute"),
        ("Join([a", 6, "this bracket is never closed"),
        ("[emails[type eq \"work]", 1, "this bracket is never closed"),
        ("[a b]", 3, "the character U+0020 cannot stand in the name of an attribute"),
        ("[ ]", 1, "the attribute has no name"),
        ("Join([a] [b])", 10, "expected ',' or ')', found '['"),
        ("Now())", 6, "this parenthesis closes nothing"),
        ("[a], [b]", 4, "a comma is only possible between the arguments of a function"),
        ("[a] == 1", 5, "== is not an operator"),
        ("1 < [a] < 3", 9, "a comparison has two sides; this starts a third"),
        ("1.5", 1, "this is not a whole number"),
        ("99999999999999999999", 1, "the number is too large"),
        ("&HG", 3, "expected hexadecimal digits after &H, found 'G'"),
        ("Join(“a”)", 6, "text stands in straight double quotes"),
        ("ToLower(mail)", 9, "mail alone is neither a function call nor a constant"),
        ("IIF([a] = , 1, 2)", 11, "expected a function, an [attribute] or a constant, found ','"),
    ] {
        let error = fails(source);
        assert_eq!((error.column, error.message.as_str()), (column, message), "{source}");
    }
    let hint = fails("CBool(true)").hint;
    assert_eq!(hint.as_deref(), Some("did you mean True?"));
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth: usize| format!("{}[a]{}", "F(".repeat(depth), ")".repeat(depth));
    assert!(parse(&nested(MAX_DEPTH - 1)).is_ok());
    assert!(fails(&nested(MAX_DEPTH)).message.contains("deep"));
    assert!(fails(&"(".repeat(100_000)).message.contains("deep"));
    // Breadth is not.
    let wide = format!("F({})", "[a] = 1, ".repeat(10_000));
    assert!(parse(&wide).is_ok());
}

fn trees() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        any::<String>().prop_map(Node::Text),
        any::<i64>().prop_map(Node::Integer),
        prop::sample::select(Constant::ALL.to_vec()).prop_map(Node::Constant),
        r#"[a-zA-Z0-9_.:-]{1,9}(\[type eq "[^"\\]{0,5}"\]\.value)?"#.prop_map(Node::Attribute),
    ]
    .prop_map(tree);
    leaf.prop_recursive(6, 60, 5, |inner| {
        let argument = prop::option::of(inner.clone());
        let operators = prop::sample::select(Operator::ALL.to_vec());
        prop_oneof![
            ("[a-zA-Z_][a-zA-Z0-9_]{0,9}", prop::collection::vec(argument, 0..6)).prop_map(
                |(name, arguments)| {
                    // A single empty argument is written like none.
                    let none = arguments == [None];
                    call(&name, if none { vec![] } else { arguments })
                }
            ),
            (inner.clone(), operators, inner).prop_map(|(left, operator, right)| {
                tree(Node::Compare(Box::new(left), operator, Box::new(right)))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_printed_parses_to_the_same(tree in trees()) {
        prop_assert_eq!(parse(&tree.to_string()), Ok(tree));
    }
}
