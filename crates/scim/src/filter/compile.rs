//! Filters resolved against a resource type: names looked up, literals typed, once for many resources.

use serde_json::{Map, Value};

use super::value::{Operand, binary, boolean_word, instant, number};
use super::{Filter, Literal, Op};
use crate::error::{Error, ScimType};
use crate::fold;
use crate::path::AttrPath;
use crate::quirk::{Quirk, Quirks};
use crate::schema::{Attribute, Definition, Located, Target, Type};

/// A filter ready to be applied to many resources, or to many elements of one attribute.
#[derive(Debug, Clone, PartialEq)]
pub struct Compiled {
    pub(super) root: Node,
}

/// A comparison that each matching resource satisfies, of a kind that an index can serve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comparison<'c> {
    /// Canonical path, e.g. `userName`, `emails.value`, `urn:...:User:employeeNumber`.
    pub path: &'c str,
    /// `eq` or `sw`.
    pub op: Op,
    /// The value, typed by its attribute.
    pub value: &'c Literal,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    And(Vec<Node>),
    Or(Vec<Node>),
    Not(Box<Node>),
    Constant(bool),
    Present(Getter),
    Test(Test),
    /// One element satisfies the node, whose getters start at the element.
    Element(Getter, Box<Node>),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Test {
    pub(super) getter: Getter,
    pub(super) op: Op,
    pub(super) operand: Operand,
    path: String,
    literal: Literal,
}

/// Where the values are: in a resource, or with `within_element` in an element.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Getter {
    pub(super) extension: Option<String>,
    /// Empty for the whole extension.
    pub(super) name: String,
    pub(super) sub: Option<String>,
}

impl Getter {
    fn of(located: &Located<'_>) -> Self {
        Self {
            extension: located.extension.map(|schema| schema.id.clone()),
            name: located.attribute.name.clone(),
            sub: located.sub.map(|sub| sub.name.clone()),
        }
    }
}

fn refused(detail: String) -> Error {
    Error::of(ScimType::InvalidFilter, detail)
}

/// The scope of names: a resource type, or one of its attributes inside brackets.
#[derive(Clone, Copy)]
enum Scope<'d> {
    Resource(&'d Definition),
    Element(Located<'d>),
}

struct Compiler<'q> {
    quirks: &'q mut Quirks,
}

impl Filter {
    /// Resolves names and types. The error is `invalidFilter`: an operator or literal that the attribute's type
    /// does not admit. An unknown attribute is one without a value.
    pub fn resolve(&self, definition: &Definition) -> Result<Compiled, Error> {
        self.resolve_noting(definition, &mut Quirks::new())
    }

    /// Like [`Filter::resolve`], and notes deviations that were accepted.
    pub fn resolve_noting(&self, definition: &Definition, quirks: &mut Quirks) -> Result<Compiled, Error> {
        Ok(Compiled { root: Compiler { quirks }.node(self, Scope::Resource(definition))? })
    }

    /// Resolves the filter in the brackets behind an attribute, for [`Compiled::matches_value`].
    pub fn resolve_element(&self, attribute: &Located<'_>, quirks: &mut Quirks) -> Result<Compiled, Error> {
        Ok(Compiled { root: Compiler { quirks }.node(self, Scope::Element(attribute.with_sub(None)))? })
    }
}

impl Compiler<'_> {
    fn node(&mut self, filter: &Filter, scope: Scope<'_>) -> Result<Node, Error> {
        let mut all =
            |parts: &[Filter]| parts.iter().map(|part| self.node(part, scope)).collect::<Result<_, _>>();
        match filter {
            Filter::And(parts) => Ok(Node::And(all(parts)?)),
            Filter::Or(parts) => Ok(Node::Or(all(parts)?)),
            Filter::Not(inner) => Ok(Node::Not(Box::new(self.node(inner, scope)?))),
            Filter::Present(path) => Ok(present(path, scope)),
            Filter::Compare(path, op, literal) => self.comparison(path, *op, literal, scope),
            Filter::Element(path, inner) => self.element(path, inner, scope),
        }
    }

    fn element(&mut self, path: &AttrPath, inner: &Filter, scope: Scope<'_>) -> Result<Node, Error> {
        let Scope::Resource(definition) = scope else {
            return Err(refused(format!("the filter has brackets within brackets at {path}")));
        };
        match definition.resolve_read(path) {
            None => Ok(Node::Constant(false)),
            Some(Target::Attribute(located)) if located.sub.is_none() => {
                let node = self.node(inner, Scope::Element(located))?;
                Ok(Node::Element(Getter::of(&located), Box::new(node)))
            }
            Some(_) => Err(refused(format!("{path} cannot have a filter in brackets; name an attribute"))),
        }
    }

    fn comparison(
        &mut self,
        path: &AttrPath,
        op: Op,
        literal: &Literal,
        scope: Scope<'_>,
    ) -> Result<Node, Error> {
        let (located, getter, full) = match locate(path, scope) {
            Found::Attribute(located, getter, full) => (located, getter, full),
            Found::Unknown => {
                let null = *literal == Literal::Null;
                return Ok(Node::Constant((op == Op::Eq && null) || (op == Op::Ne && !null)));
            }
            Found::Extension(_) | Found::Core => {
                return Err(refused(format!("{path} is a schema; compare one of its attributes")));
            }
        };
        if *literal == Literal::Null {
            return match op {
                Op::Eq => Ok(Node::Not(Box::new(Node::Present(getter)))),
                Op::Ne => Ok(Node::Present(getter)),
                _ => Err(refused(format!("{full} {op} null: null can only be compared by eq and ne"))),
            };
        }
        if located.kind == Type::Complex {
            let subs: Vec<&str> = located.sub_attributes.iter().map(|sub| sub.name.as_str()).collect();
            return Err(refused(format!(
                "{full} is complex and cannot be compared; compare one of {}",
                subs.join(", ")
            )));
        }
        let (operand, literal) = self.operand(located, op, literal, &full)?;
        if located.kind == Type::Boolean && is_primary(path, scope) {
            return Ok(primary(getter, full, op, literal == Literal::Bool(true)));
        }
        Ok(Node::Test(Test { getter, op, operand, path: full, literal }))
    }

    fn operand(
        &mut self,
        attribute: &Attribute,
        op: Op,
        literal: &Literal,
        path: &str,
    ) -> Result<(Operand, Literal), Error> {
        let partial = matches!(op, Op::Co | Op::Sw | Op::Ew);
        let equal = matches!(op, Op::Eq | Op::Ne);
        let kind = attribute.kind;
        let admitted = match kind {
            Type::Boolean => equal,
            Type::Binary => equal || partial,
            Type::Integer | Type::Decimal => !partial,
            _ => true,
        };
        if !admitted {
            return Err(refused(format!("{path} is of type {kind}, which the operator {op} does not admit")));
        }
        let typed = typed(attribute, literal)
            .or_else(|| partial.then(|| Literal::String(text(literal))))
            .ok_or_else(|| {
                refused(format!("{path} is of type {kind}; {literal} is not a value of that type"))
            })?;
        if typed != *literal {
            self.quirks.at(Quirk::LiteralType, path);
        }
        let operand = match &typed {
            Literal::Bool(value) => Operand::Bool(*value),
            Literal::Number(value) => Operand::Number(super::value::Num::of(value)),
            Literal::String(text) if kind == Type::DateTime && !partial => instant(text)
                .map(Operand::Instant)
                .ok_or_else(|| refused(format!("{text} is not a dateTime")))?,
            Literal::String(text) if kind == Type::Binary && !partial => {
                binary(text).map(Operand::Binary).ok_or_else(|| refused(format!("{path} is base64")))?
            }
            Literal::String(text) if attribute.case_exact => Operand::Exact(fold::compose(text).into_owned()),
            Literal::String(text) => Operand::Folded(fold::fold_key(text)),
            Literal::Null => return Err(refused(format!("{path} cannot be compared with null by {op}"))),
        };
        Ok((operand, typed))
    }
}

/// Whether a path names `primary` of a list.
fn is_primary(path: &AttrPath, scope: Scope<'_>) -> bool {
    let (attribute, name) = match scope {
        Scope::Element(parent) => (Some(parent.attribute), Some(path.name.as_str())),
        Scope::Resource(definition) => match definition.resolve_read(path) {
            Some(Target::Attribute(located)) => (Some(located.attribute), path.sub.as_deref()),
            _ => (None, None),
        },
    };
    attribute.is_some_and(|attribute| attribute.multi_valued)
        && name.is_some_and(|name| name.eq_ignore_ascii_case("primary"))
}

/// The values that are primary, or those that are not: where `primary` is absent it is false (RFC 7643 section 2.4).
fn primary(getter: Getter, path: String, op: Op, literal: bool) -> Node {
    let is_true = |getter, path| {
        Node::Test(Test {
            getter,
            op: Op::Eq,
            operand: Operand::Bool(true),
            path,
            literal: Literal::Bool(true),
        })
    };
    if (op == Op::Eq) == literal {
        return is_true(getter, path);
    }
    let Some(sub) = getter.sub.clone() else { return Node::Not(Box::new(is_true(getter, path))) };
    let list = Getter { sub: None, ..getter };
    let inner = Getter { extension: None, name: sub, sub: None };
    let none = (op == Op::Ne).then(|| Node::Not(Box::new(Node::Present(list.clone()))));
    let some = Node::Element(list, Box::new(Node::Not(Box::new(is_true(inner, path)))));
    Node::Or(none.into_iter().chain([some]).collect())
}

fn text(literal: &Literal) -> String {
    match literal {
        Literal::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The literal as a value of the attribute's type; none where it is not one.
fn typed(attribute: &Attribute, literal: &Literal) -> Option<Literal> {
    match (attribute.kind, literal) {
        (Type::String | Type::Reference, other) => Some(Literal::String(text(other))),
        (Type::Boolean, Literal::String(word)) => boolean_word(word.trim()).map(Literal::Bool),
        (Type::Boolean, Literal::Bool(_)) | (Type::Integer | Type::Decimal, Literal::Number(_)) => {
            Some(literal.clone())
        }
        (Type::Integer | Type::Decimal, Literal::String(word)) => {
            number(&Value::from(word.as_str())).map(Literal::Number)
        }
        (Type::DateTime, Literal::String(word)) => instant(word).map(|_| literal.clone()),
        (Type::Binary, Literal::String(word)) => binary(word).map(|_| literal.clone()),
        _ => None,
    }
}

/// The JSON value that an equality asks for, typed by its attribute.
pub(crate) fn literal_value(attribute: &Attribute, literal: &Literal) -> Option<Value> {
    match typed(attribute, literal)? {
        Literal::Null => None,
        Literal::Bool(value) => Some(Value::Bool(value)),
        Literal::Number(value) => Some(Value::Number(value)),
        Literal::String(text) => Some(Value::String(text)),
    }
}

/// The equalities of a filter that is nothing but equalities joined by `and`.
pub(crate) fn conjuncts(filter: &Filter) -> Option<Vec<(&AttrPath, &Literal)>> {
    fn equality(part: &Filter) -> Option<(&AttrPath, &Literal)> {
        match part {
            Filter::Compare(path, Op::Eq, literal) if *literal != Literal::Null => Some((path, literal)),
            _ => None,
        }
    }
    match filter {
        Filter::And(parts) => parts.iter().map(equality).collect(),
        other => equality(other).map(|one| vec![one]),
    }
}

enum Found<'d> {
    Attribute(&'d Attribute, Getter, String),
    Extension(String),
    Core,
    Unknown,
}

/// Looks a path up. A complex attribute with a sub-attribute `value` stands for that, so that
/// `emails co "@x"` and `manager eq "id"` work.
fn locate<'d>(path: &AttrPath, scope: Scope<'d>) -> Found<'d> {
    match scope {
        Scope::Resource(definition) => match definition.resolve_read(path) {
            None => Found::Unknown,
            Some(Target::Core) => Found::Core,
            Some(Target::Extension(schema)) => Found::Extension(schema.id.clone()),
            Some(Target::Attribute(located)) => {
                let located = match located.sub {
                    None if located.attribute.kind == Type::Complex => {
                        located.with_sub(located.attribute.value_sub())
                    }
                    _ => located,
                };
                Found::Attribute(located.leaf(), Getter::of(&located), located.to_string())
            }
        },
        Scope::Element(parent) => {
            if path.uri.is_some() || path.sub.is_some() {
                return Found::Unknown;
            }
            let getter = |name: &str| Getter { extension: None, name: name.to_owned(), sub: None };
            if parent.attribute.kind != Type::Complex {
                let own = path.name.eq_ignore_ascii_case("value");
                return if own {
                    Found::Attribute(parent.attribute, getter("value"), parent.to_string())
                } else {
                    Found::Unknown
                };
            }
            match parent.attribute.sub(&path.name) {
                None => Found::Unknown,
                Some(sub) => Found::Attribute(sub, getter(&sub.name), parent.with_sub(Some(sub)).to_string()),
            }
        }
    }
}

fn present(path: &AttrPath, scope: Scope<'_>) -> Node {
    // Presence asks for the attribute itself, not for its `value`.
    if let Scope::Resource(definition) = scope
        && let Some(Target::Attribute(located)) = definition.resolve_read(path)
    {
        return Node::Present(Getter::of(&located));
    }
    match locate(path, scope) {
        Found::Attribute(_, getter, _) => Node::Present(getter),
        Found::Extension(id) => Node::Present(Getter { extension: Some(id), name: String::new(), sub: None }),
        Found::Core => Node::Constant(true),
        Found::Unknown => Node::Constant(false),
    }
}

impl Compiled {
    /// Whether a resource satisfies the filter.
    pub fn matches(&self, resource: &Map<String, Value>) -> bool {
        self.root.in_resource(resource, None)
    }

    /// Like [`Compiled::matches`] with attributes that are not in the document, such as `groups` or `members`:
    /// `computed` is asked for a top-level attribute by its canonical name where the document does not have it.
    pub fn matches_with(
        &self,
        resource: &Map<String, Value>,
        computed: &dyn Fn(&str) -> Option<Value>,
    ) -> bool {
        self.root.in_resource(resource, Some(computed))
    }

    /// Whether an element of the attribute that the filter was resolved for satisfies it.
    pub fn matches_value(&self, element: &Value) -> bool {
        self.root.in_element(element)
    }

    /// Comparisons of which each match satisfies one whole list: the alternatives of the outermost `or`, each with the
    /// parts of its outermost `and`. Element filters make an index answer a little too much, so that the filter is
    /// applied to what it yields.
    pub fn alternatives(&self) -> Vec<Vec<Comparison<'_>>> {
        let alternatives = match &self.root {
            Node::Or(parts) => parts.as_slice(),
            other => std::slice::from_ref(other),
        };
        alternatives.iter().map(Node::comparisons).collect()
    }

    /// The comparison that is all the filter asks for: an index whose keys are compared as filters compare values then
    /// answers it alone.
    pub fn only_comparison(&self) -> Option<Comparison<'_>> {
        self.root.comparison()
    }

    /// Whether the filter asks for a top-level core or common attribute, by its canonical name.
    pub fn mentions(&self, attribute: &str) -> bool {
        self.root.any_getter(&|getter, _| getter.extension.is_none() && getter.name == attribute)
    }

    /// The values that the elements of such an attribute are compared with, if being equal to them is all that the
    /// filter asks of it, so that no other elements need to be known.
    pub fn sought(&self, attribute: &str) -> Option<Vec<&str>> {
        let mut values = Vec::new();
        self.root.seeks_only_values(attribute, &mut values).then_some(values)
    }

    /// Whether the filter asks for a sub-attribute of such an attribute; brackets behind the attribute may.
    pub fn mentions_part(&self, attribute: &str, sub: &str) -> bool {
        self.root.any_getter(&|getter, brackets| {
            getter.extension.is_none()
                && getter.name == attribute
                && (brackets || getter.sub.as_deref() == Some(sub))
        })
    }
}

impl Node {
    fn comparison(&self) -> Option<Comparison<'_>> {
        match self {
            Self::Test(test) if matches!(test.op, Op::Eq | Op::Sw) => {
                Some(Comparison { path: &test.path, op: test.op, value: &test.literal })
            }
            _ => None,
        }
    }

    fn comparisons(&self) -> Vec<Comparison<'_>> {
        match self {
            Self::And(parts) => parts.iter().flat_map(Self::comparisons).collect(),
            Self::Element(_, inner) => inner.comparisons(),
            other => other.comparison().into_iter().collect(),
        }
    }

    fn seeks_only_values<'n>(&'n self, attribute: &str, values: &mut Vec<&'n str>) -> bool {
        let other = |getter: &Getter| getter.extension.is_some() || getter.name != attribute;
        let mut value = |test: &'n Test| match &test.literal {
            Literal::String(text) if test.op == Op::Eq => {
                values.push(text);
                true
            }
            _ => false,
        };
        match self {
            Self::And(parts) | Self::Or(parts) => {
                parts.iter().all(|part| part.seeks_only_values(attribute, values))
            }
            Self::Not(inner) => inner.seeks_only_values(attribute, values),
            Self::Constant(_) => true,
            Self::Present(getter) => other(getter),
            Self::Test(test) => {
                other(&test.getter) || (test.getter.sub.as_deref() == Some("value") && value(test))
            }
            Self::Element(getter, _) if other(getter) => true,
            Self::Element(_, inner) => match &**inner {
                Self::Test(test) => test.getter.name == "value" && value(test),
                _ => false,
            },
        }
    }

    /// Whether a getter of a resource passes the test, which is told whether brackets follow.
    fn any_getter(&self, test: &dyn Fn(&Getter, bool) -> bool) -> bool {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().any(|part| part.any_getter(test)),
            Self::Not(inner) => inner.any_getter(test),
            Self::Constant(_) => false,
            Self::Present(getter) => test(getter, false),
            Self::Element(getter, _) => test(getter, true),
            Self::Test(found) => test(&found.getter, false),
        }
    }
}
