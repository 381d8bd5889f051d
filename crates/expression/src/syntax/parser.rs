//! From text to syntax tree, by recursive descent.
//!
//! Written by hand rather than with a parser library: the grammar is a page, and nearly every line here
//! is about saying well what is wrong.

use super::{Call, Constant, Node, Operator, Tree};
use crate::error::{Error, Span};
use crate::suggest;

/// How deep calls may be nested. The parser, the evaluator and the tree's destructor recurse, so this
/// bounds the stack they need.
pub(super) const MAX_DEPTH: usize = 200;

/// Reads one expression, which must be all of the text.
pub(crate) fn parse(source: &str) -> Result<Tree, Error> {
    let mut parser = Parser { source, at: 0, depth: 0 };
    parser.skip_space();
    if parser.peek().is_none() {
        return Err(parser.error(parser.span_from(0), "the expression is empty"));
    }
    let tree = parser.expression()?;
    match parser.peek() {
        None => Ok(tree),
        Some(')') => Err(parser.error_here("this parenthesis closes nothing")),
        Some(',') => Err(parser
            .error_here("a comma is only possible between the arguments of a function")
            .with_hint("use Join to put values together")),
        Some(_) => Err(parser
            .unexpected("the end of the expression")
            .with_hint("an expression is one function call; nest functions to combine them")),
    }
}

struct Parser<'a> {
    source: &'a str,
    /// Byte offset of the next character.
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        &self.source[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn advance(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    fn eat(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    /// Advances over characters as long as they satisfy `accept` and returns them.
    fn take_while(&mut self, accept: impl Fn(char) -> bool) -> &str {
        let start = self.at;
        let rest = self.rest();
        self.at += rest.find(|c| !accept(c)).unwrap_or(rest.len());
        &self.source[start..self.at]
    }

    /// White space and line breaks, and the byte order mark some editors leave behind.
    fn skip_space(&mut self) {
        self.take_while(|c| c.is_whitespace() || c == '\u{feff}');
    }

    fn span_from(&self, start: usize) -> Span {
        Span { start, end: self.at }
    }

    fn here(&self) -> Span {
        let width = self.peek().map_or(0, char::len_utf8);
        Span { start: self.at, end: self.at + width }
    }

    fn error(&self, span: Span, message: impl Into<String>) -> Error {
        Error::new(self.source, span, message)
    }

    fn error_here(&self, message: impl Into<String>) -> Error {
        self.error(self.here(), message)
    }

    fn unexpected(&self, wanted: &str) -> Error {
        match self.peek() {
            Some(c) => self.error_here(format!("expected {wanted}, found {}", describe(c))),
            None => self.error_here(format!("expected {wanted}, but the expression ends here")),
        }
    }

    /// An operand, or two with a comparison between them; then any white space.
    fn expression(&mut self) -> Result<Tree, Error> {
        let start = self.at;
        let left = self.operand()?;
        let Some(operator) = self.operator()? else {
            return Ok(left);
        };
        self.skip_space();
        let right = self.operand()?;
        let node = Node::Compare(Box::new(left), operator, Box::new(right));
        let span = self.span_from(start);
        let again = self.here();
        if self.operator()?.is_some() {
            return Err(self
                .error(again, "a comparison has two sides; this starts a third")
                .with_hint("use And(..., ...) to ask for two comparisons"));
        }
        Ok(Tree { node, span })
    }

    fn operator(&mut self) -> Result<Option<Operator>, Error> {
        for (foreign, ours) in [("==", "="), ("!=", "<>"), ("=>", ">="), ("=<", "<=")] {
            if self.rest().starts_with(foreign) {
                let span = Span { start: self.at, end: self.at + 2 };
                return Err(self
                    .error(span, format!("{foreign} is not an operator"))
                    .with_hint(format!("write {ours}")));
            }
        }
        Ok(Operator::ALL.into_iter().find(|operator| self.eat(operator.symbol())))
    }

    /// One value, then any white space.
    fn operand(&mut self) -> Result<Tree, Error> {
        let start = self.at;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self
                .error_here(format!("functions are nested more than {MAX_DEPTH} deep"))
                .with_hint("a Switch with many keys does the work of a chain of IIF"));
        }
        let node = match self.peek() {
            Some('"') => self.text()?,
            Some('[') => self.attribute()?,
            Some('(') => self.parenthesized()?,
            Some('&') => self.hexadecimal()?,
            Some(c) if c == '-' || c.is_ascii_digit() => self.decimal()?,
            Some(c) if c.is_alphabetic() || c == '_' => self.named()?,
            Some('“' | '”' | '„' | '‘' | '’' | '\'') => {
                return Err(self
                    .error_here("text stands in straight double quotes")
                    .with_hint("replace this quotation mark by \""));
            }
            _ => return Err(self.unexpected("a function, an [attribute] or a constant")),
        };
        self.depth -= 1;
        let span = self.span_from(start);
        self.skip_space();
        Ok(Tree { node, span })
    }

    fn parenthesized(&mut self) -> Result<Node, Error> {
        let opening = self.here();
        self.advance();
        self.skip_space();
        let inner = self.expression()?;
        self.close(opening, "')'")?;
        Ok(inner.node)
    }

    /// The closing parenthesis that belongs to the one at `opening`.
    fn close(&mut self, opening: Span, wanted: &str) -> Result<(), Error> {
        if self.eat(")") {
            return Ok(());
        }
        if self.peek().is_none() {
            return Err(self
                .error(opening, "this parenthesis is never closed")
                .with_hint("add the missing )"));
        }
        let error = self.unexpected(wanted);
        Err(match self.peek() {
            Some('&') => error.with_hint("use Join(\"\", ..., ...) to put texts together"),
            Some(c) if c.is_alphabetic() || c == '"' || c == '[' => {
                error.with_hint("is a comma missing before this?")
            }
            _ => error,
        })
    }

    /// `"..."`, in which `\"` and `\\` stand for the second character. A backslash before anything else is a
    /// backslash: patterns written with single ones keep their meaning.
    fn text(&mut self) -> Result<Node, Error> {
        let start = self.at;
        self.advance();
        let mut text = String::new();
        loop {
            text.push_str(self.take_while(|c| c != '"' && c != '\\'));
            match self.advance() {
                Some('"') => return Ok(Node::Text(text)),
                Some(_) => match self.peek() {
                    Some(c @ ('"' | '\\')) => {
                        self.advance();
                        text.push(c);
                    }
                    _ => text.push('\\'),
                },
                None => {
                    return Err(self
                        .error(Span { start, end: start + 1 }, "this text is never closed")
                        .with_hint("add the missing \"; a \" inside the text is written \\\""));
                }
            }
        }
    }

    /// `[name]`, `[urn:...:name]`, `[emails[type eq "work"].value]`.
    fn attribute(&mut self) -> Result<Node, Error> {
        let opening = self.here();
        self.advance();
        self.skip_space();
        let start = self.at;
        let end = loop {
            self.take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | ':' | '$'));
            if self.peek() == Some('[') {
                self.filter(opening)?;
                continue;
            }
            let end = self.here();
            self.skip_space();
            match self.peek() {
                Some(']') => break end.start,
                None => return Err(self.unclosed_attribute(opening)),
                Some(_) => {
                    self.at = end.start;
                    let c = self.peek().map(describe).unwrap_or_default();
                    let message = format!("{c} cannot stand in the name of an attribute");
                    return Err(self.error(end, message));
                }
            }
        };
        let name = self.source[start..end].to_owned();
        self.advance();
        if name.is_empty() {
            return Err(self.error(self.span_from(opening.start), "the attribute has no name"));
        }
        Ok(Node::Attribute(name))
    }

    /// A filter on a multi-valued attribute, kept as it is; brackets in quotes do not end it.
    fn filter(&mut self, opening: Span) -> Result<(), Error> {
        self.advance();
        loop {
            self.take_while(|c| !matches!(c, '[' | ']' | '"'));
            match self.advance() {
                Some(']') => return Ok(()),
                Some('"') => self.quoted(opening)?,
                Some(_) => {
                    self.at -= 1;
                    return Err(self.error_here("a filter cannot hold another one"));
                }
                None => return Err(self.unclosed_attribute(opening)),
            }
        }
    }

    /// The remainder of a text in a filter.
    fn quoted(&mut self, opening: Span) -> Result<(), Error> {
        loop {
            match self.advance() {
                Some('"') => return Ok(()),
                Some('\\') => {
                    self.advance();
                }
                Some(_) => {}
                None => return Err(self.unclosed_attribute(opening)),
            }
        }
    }

    fn unclosed_attribute(&self, opening: Span) -> Error {
        self.error(opening, "this bracket is never closed").with_hint("an attribute is written [name]")
    }

    fn decimal(&mut self) -> Result<Node, Error> {
        let start = self.at;
        self.eat("-");
        let digits = self.take_while(|c| c.is_ascii_digit()).len();
        if digits == 0 {
            return Err(self.unexpected("a number after the minus sign"));
        }
        let number = self.source[start..self.at].parse();
        self.number(start, number.ok())
    }

    fn hexadecimal(&mut self) -> Result<Node, Error> {
        let start = self.at;
        if !self.eat("&H") && !self.eat("&h") {
            return Err(self
                .error_here("'&' starts a hexadecimal number as in &H1F")
                .with_hint("use Join(\"\", ..., ...) to put texts together"));
        }
        let number = i64::from_str_radix(self.take_while(|c| c.is_ascii_hexdigit()), 16);
        if self.at - start == 2 {
            return Err(self.unexpected("hexadecimal digits after &H"));
        }
        self.number(start, number.ok())
    }

    /// A number that was read, unless it is too large or goes on.
    fn number(&mut self, start: usize, number: Option<i64>) -> Result<Node, Error> {
        let end = self.at;
        self.take_while(|c| c.is_alphanumeric() || matches!(c, '.' | '_'));
        if self.at > end {
            return Err(self.error(self.span_from(start), "this is not a whole number"));
        }
        number.map(Node::Integer).ok_or_else(|| {
            self.error(self.span_from(start), "the number is too large")
                .with_hint("numbers go up to 9223372036854775807")
        })
    }

    /// A call, or a constant with a name.
    fn named(&mut self) -> Result<Node, Error> {
        let start = self.at;
        let name = self.take_while(|c| c.is_alphanumeric() || c == '_').to_owned();
        let name_span = self.span_from(start);
        self.skip_space();
        if self.peek() == Some('(') {
            let arguments = self.arguments()?;
            return Ok(Node::Call(Call { name, name_span, arguments }));
        }
        self.at = name_span.end;
        if let Some(constant) = Constant::ALL.into_iter().find(|c| c.name() == name) {
            return Ok(Node::Constant(constant));
        }
        let error = self.error(name_span, format!("{name} alone is neither a function call nor a constant"));
        let constants = Constant::ALL.map(Constant::name);
        Err(error.with_hint(match suggest::nearest(&name, constants) {
            Some(constant) => format!("did you mean {constant}?"),
            None => format!(
                "write [{name}] for the attribute, \"{name}\" for the text, {name}(...) for the function"
            ),
        }))
    }

    /// `( ... )` with the parentheses. Nothing between them is no argument; between commas, nothing is one.
    fn arguments(&mut self) -> Result<Vec<Option<Tree>>, Error> {
        let opening = self.here();
        self.advance();
        self.skip_space();
        if self.eat(")") {
            return Ok(Vec::new());
        }
        let mut arguments = Vec::new();
        loop {
            arguments.push(match self.peek() {
                Some(',' | ')') => None,
                None => return Err(self.close(opening, "").expect_err("nothing is left")),
                Some(_) => Some(self.expression()?),
            });
            if !self.eat(",") {
                self.close(opening, "',' or ')'")?;
                return Ok(arguments);
            }
            self.skip_space();
        }
    }
}

fn describe(c: char) -> String {
    if c.is_control() || c.is_whitespace() {
        format!("the character U+{:04X}", u32::from(c))
    } else {
        format!("'{c}'")
    }
}
