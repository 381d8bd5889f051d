//! The syntax tree, and how it is written.

mod parser;

pub(crate) use parser::parse;

use crate::error::Span;
use std::fmt::{self, Write as _};

/// A part of an expression and its place. Equality ignores the place.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    pub(crate) node: Node,
    pub(crate) span: Span,
}

impl PartialEq for Tree {
    fn eq(&self, other: &Self) -> bool {
        self.node == other.node
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    /// `"text"`, unescaped.
    Text(String),
    /// `12`, `-3` or `&H1F`.
    Integer(i64),
    /// A constant with a name.
    Constant(Constant),
    /// `[name]`, without the brackets.
    Attribute(String),
    /// `left = right` and the like.
    Compare(Box<Tree>, Operator, Box<Tree>),
    /// `Name(argument, ...)`; an empty argument is `None`.
    Call(Call),
}

#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) name: String,
    pub(crate) name_span: Span,
    pub(crate) arguments: Vec<Option<Tree>>,
}

impl PartialEq for Call {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.arguments == other.arguments
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Constant {
    True,
    False,
    BinaryCompare,
    TextCompare,
}

impl Constant {
    pub(crate) const ALL: [Self; 4] = [Self::True, Self::False, Self::BinaryCompare, Self::TextCompare];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::True => "True",
            Self::False => "False",
            Self::BinaryCompare => "vbBinaryCompare",
            Self::TextCompare => "vbTextCompare",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Operator {
    /// Longer ones first, as the parser tries them in order.
    pub(crate) const ALL: [Self; 6] =
        [Self::NotEqual, Self::LessOrEqual, Self::GreaterOrEqual, Self::Equal, Self::Less, Self::Greater];

    pub(crate) const fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }
}

impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.node {
            Node::Text(text) => write_text(text, f),
            Node::Integer(number) => write!(f, "{number}"),
            Node::Constant(constant) => f.write_str(constant.name()),
            Node::Attribute(name) => write!(f, "[{name}]"),
            Node::Compare(left, operator, right) => {
                write_operand(left, f)?;
                write!(f, " {} ", operator.symbol())?;
                write_operand(right, f)
            }
            Node::Call(call) => {
                write!(f, "{}(", call.name)?;
                for (index, argument) in call.arguments.iter().enumerate() {
                    if index > 0 {
                        f.write_str(", ")?;
                    }
                    if let Some(argument) = argument {
                        argument.fmt(f)?;
                    }
                }
                f.write_char(')')
            }
        }
    }
}

fn write_text(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_char('"')?;
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            f.write_char('\\')?;
        }
        f.write_char(c)?;
    }
    f.write_char('"')
}

fn write_operand(tree: &Tree, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match tree.node {
        Node::Compare(..) => write!(f, "({tree})"),
        _ => write!(f, "{tree}"),
    }
}

#[cfg(test)]
mod tests;
