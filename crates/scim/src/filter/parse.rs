//! The reader of filters and paths: recursive descent over bytes with a limit on depth.

use serde_json::Value;

use super::{Filter, Limits, Literal, Op, ParseError};
use crate::path::{AttrPath, Path};
use crate::quirk::{Quirk, Quirks};

pub(crate) struct Parser<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
    limits: Limits,
    /// Inside brackets, where paths are sub-attributes and value paths have no place.
    within_element: bool,
    pub(crate) quirks: Quirks,
}

/// Characters of names, URNs and what clients write where an operator or literal belongs.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._:$%/#@+~".contains(&byte)
}

const OPERATORS: &str = "an operator (eq, ne, co, sw, ew, gt, ge, lt, le, pr)";

impl<'t> Parser<'t> {
    pub(crate) fn new(text: &'t str, limits: Limits) -> Result<Self, ParseError> {
        let parser = Self { text, at: 0, depth: 0, limits, within_element: false, quirks: Quirks::new() };
        if text.len() > limits.length {
            return Err(parser.error_at(
                0,
                &format!("{} bytes are more than the {} that are allowed", text.len(), limits.length),
            ));
        }
        Ok(parser)
    }

    fn error_at(&self, at: usize, message: &str) -> ParseError {
        let position = self.text.get(..at).map_or(0, |before| before.chars().count()) + 1;
        ParseError { position, message: message.to_owned() }
    }

    fn expected(&self, what: &str) -> ParseError {
        self.expected_at(self.at, what)
    }

    fn expected_at(&self, at: usize, what: &str) -> ParseError {
        let rest = self.text.get(at..).unwrap_or_default();
        let word = rest.split([' ', '\t']).next().unwrap_or_default();
        let found: String =
            if word.is_empty() { rest.chars().take(1).collect() } else { word.chars().take(40).collect() };
        let found = if found.is_empty() { "the end".to_owned() } else { format!("`{found}`") };
        self.error_at(at, &format!("expected {what}, found {found}"))
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn word(&mut self) -> &'t str {
        let start = self.at;
        while self.peek().is_some_and(is_word) {
            self.at += 1;
        }
        &self.text[start..self.at]
    }

    /// A word that stands where a string belongs: the RFCs' own examples leave the quotes out.
    fn bare(&mut self) -> &'t str {
        let start = self.at;
        while self.peek().is_some_and(|byte| is_word(byte) || byte >= 0x80) {
            self.at += 1;
        }
        &self.text[start..self.at]
    }

    /// A string in single quotes, as in an example of RFC 7644 section 3.7.1: it ends at the quote behind which
    /// the value ends, so that `'O'Malley'` is one.
    fn single_quoted(&mut self) -> Result<String, ParseError> {
        let inner = &self.text[self.at + 1..];
        let ends = |&(at, _): &(usize, &str)| {
            inner.as_bytes().get(at + 1).is_none_or(|next| b" \t\r\n)]".contains(next))
        };
        let Some((length, _)) = inner.match_indices('\'').find(ends) else {
            return Err(self.error_at(self.at, "the string that begins here does not end"));
        };
        self.at += length + 2;
        self.quirks.note(Quirk::SingleQuotes);
        Ok(inner[..length].to_owned())
    }

    /// Takes a keyword if it is the next word.
    fn keyword(&mut self, keyword: &str) -> bool {
        let start = self.at;
        let found = self.word().eq_ignore_ascii_case(keyword);
        if !found {
            self.at = start;
        }
        found
    }

    pub(crate) fn end(&mut self, what: &str) -> Result<(), ParseError> {
        self.blanks();
        if self.at == self.text.len() { Ok(()) } else { Err(self.expected(what)) }
    }

    /// `attrPath`.
    pub(crate) fn attr_path(&mut self) -> Result<AttrPath, ParseError> {
        self.blanks();
        let start = self.at;
        let word = self.word();
        AttrPath::from_word(word).ok_or_else(|| self.expected_at(start, "an attribute name"))
    }

    /// `attrPath / valuePath [subAttr]`.
    pub(crate) fn path(&mut self) -> Result<Path, ParseError> {
        let attr = self.attr_path()?;
        if self.peek() != Some(b'[') {
            return Ok(Path::of(attr));
        }
        let (mut attr, filter) = self.element(attr)?;
        attr.sub = self.sub_after_brackets()?;
        Ok(Path { attr, filter: Some(filter) })
    }

    /// `[filter]` behind an attribute.
    fn element(&mut self, attr: AttrPath) -> Result<(AttrPath, Filter), ParseError> {
        if self.within_element {
            return Err(self.expected(OPERATORS));
        }
        if attr.sub.is_some() || attr.name.is_empty() {
            return Err(
                self.error_at(self.at, "brackets stand behind an attribute, not a sub-attribute or a schema")
            );
        }
        self.at += 1;
        self.within_element = true;
        let filter = self.nested(Self::filter)?;
        self.within_element = false;
        self.blanks();
        if !self.eat(b']') {
            return Err(self.expected("and, or, or a closing bracket"));
        }
        Ok((attr, filter))
    }

    fn sub_after_brackets(&mut self) -> Result<Option<String>, ParseError> {
        if !self.eat(b'.') {
            return Ok(None);
        }
        let start = self.at;
        match AttrPath::from_word(self.word()) {
            Some(AttrPath { uri: None, name, sub: None }) => Ok(Some(name)),
            _ => Err(self.expected_at(start, "a sub-attribute name")),
        }
    }

    fn nested<T>(&mut self, inner: fn(&mut Self) -> Result<T, ParseError>) -> Result<T, ParseError> {
        if self.depth >= self.limits.depth {
            return Err(
                self.error_at(self.at, &format!("more than {} levels are not allowed", self.limits.depth))
            );
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    /// `or` binds least, then `and`, then `not`.
    pub(crate) fn filter(&mut self) -> Result<Filter, ParseError> {
        let first = self.conjunction()?;
        let mut parts = vec![first];
        while self.joined_by("or") {
            parts.push(self.conjunction()?);
        }
        Filter::any(parts).ok_or_else(|| self.expected("a filter"))
    }

    fn conjunction(&mut self) -> Result<Filter, ParseError> {
        let first = self.term()?;
        let mut parts = vec![first];
        while self.joined_by("and") {
            parts.push(self.term()?);
        }
        Filter::all(parts).ok_or_else(|| self.expected("a filter"))
    }

    fn joined_by(&mut self, keyword: &str) -> bool {
        let start = self.at;
        self.blanks();
        let found = self.keyword(keyword);
        if !found {
            self.at = start;
        }
        found
    }

    fn term(&mut self) -> Result<Filter, ParseError> {
        self.blanks();
        if self.eat(b'(') {
            return self.group();
        }
        let start = self.at;
        if self.keyword("not") {
            self.blanks();
            if self.eat(b'(') {
                return Ok(Filter::Not(Box::new(self.group()?)));
            }
            self.at = start;
        }
        self.comparison()
    }

    fn group(&mut self) -> Result<Filter, ParseError> {
        let filter = self.nested(Self::filter)?;
        self.blanks();
        if self.eat(b')') { Ok(filter) } else { Err(self.expected("and, or, or a closing parenthesis")) }
    }

    fn comparison(&mut self) -> Result<Filter, ParseError> {
        let path = self.attr_path()?;
        if self.peek() == Some(b'[') {
            return self.value_path(path);
        }
        self.operation(path)
    }

    /// `emails[...]`, and behind it what the grammar does not have but clients send: `.value eq "x"`.
    fn value_path(&mut self, path: AttrPath) -> Result<Filter, ParseError> {
        let (path, filter) = self.element(path)?;
        let Some(sub) = self.sub_after_brackets()? else {
            return Ok(Filter::Element(path, Box::new(filter)));
        };
        self.quirks.note(Quirk::ComparedValuePath);
        let compared = self.operation(AttrPath::of(&sub))?;
        let both = Filter::all(vec![filter, compared]).ok_or_else(|| self.expected("a filter"))?;
        Ok(Filter::Element(path, Box::new(both)))
    }

    fn operation(&mut self, path: AttrPath) -> Result<Filter, ParseError> {
        self.blanks();
        let start = self.at;
        let word = self.word();
        if word.eq_ignore_ascii_case("pr") {
            return Ok(Filter::Present(path));
        }
        let op = Op::parse(word).ok_or_else(|| self.expected_at(start, OPERATORS))?;
        self.blanks();
        Ok(Filter::Compare(path, op, self.literal()?))
    }

    fn literal(&mut self) -> Result<Literal, ParseError> {
        match self.peek() {
            Some(b'"') => return self.string().map(Literal::String),
            Some(b'\'') => return self.single_quoted().map(Literal::String),
            _ => {}
        }
        let start = self.at;
        let word = self.bare();
        let literal = match word {
            "true" => Literal::Bool(true),
            "false" => Literal::Bool(false),
            "null" => Literal::Null,
            _ if word.eq_ignore_ascii_case("true") => Literal::Bool(true),
            _ if word.eq_ignore_ascii_case("false") => Literal::Bool(false),
            _ if word.eq_ignore_ascii_case("null") => Literal::Null,
            "" => {
                return Err(self
                    .expected_at(start, "a value (a \"string\" in quotes, a number, true, false or null)"));
            }
            _ => {
                return Ok(serde_json::from_str(word).map_or_else(
                    |_| {
                        self.quirks.at(Quirk::UnquotedString, word);
                        Literal::String(word.to_owned())
                    },
                    Literal::Number,
                ));
            }
        };
        if word.bytes().any(|byte| byte.is_ascii_uppercase()) {
            self.quirks.at(Quirk::LiteralCase, word);
        }
        Ok(literal)
    }

    /// A JSON string; also `""x""` (quoted twice) and `"a""b"` (a quote doubled, as in SQL).
    fn string(&mut self) -> Result<String, ParseError> {
        let start = self.at;
        let rest = &self.text.as_bytes()[start..];
        let wrapped =
            rest.starts_with(b"\"\"") && rest.get(2).is_some_and(|&next| is_word(next) || next >= 0x80);
        let mut json = String::from("\"");
        let mut from = start + if wrapped { 2 } else { 1 };
        loop {
            let Some(end) = closing_quote(self.text.as_bytes(), from) else {
                return Err(self.error_at(start, "the string that begins here does not end"));
            };
            json.push_str(&self.text[from..end]);
            let doubled = self.text.as_bytes().get(end + 1) == Some(&b'"');
            self.at = end + 1;
            if wrapped || !doubled {
                self.at += usize::from(wrapped && doubled);
                break;
            }
            json.push_str("\\\"");
            from = end + 2;
            self.quirks.note(Quirk::DoubledQuotes);
        }
        if wrapped {
            self.quirks.note(Quirk::DoubledQuotes);
        }
        json.push('"');
        decode(&json).ok_or_else(|| self.error_at(start, "the string that begins here has a bad escape"))
    }
}

/// The next quote that is not escaped.
fn closing_quote(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}

/// Unescapes a JSON string. Control characters may stand in it bare, since URLs carry them so.
fn decode(json: &str) -> Option<String> {
    let escaped;
    let json = if json.bytes().any(|byte| byte < 0x20) {
        escaped = json.chars().fold(String::new(), |mut text, letter| {
            match letter {
                '\0'..='\u{1f}' => text.push_str(&escape(letter)),
                _ => text.push(letter),
            }
            text
        });
        &escaped
    } else {
        json
    };
    match serde_json::from_str(json).ok()? {
        Value::String(text) => Some(text),
        _ => None,
    }
}

fn escape(letter: char) -> String {
    format!("\\u{:04x}", u32::from(letter))
}
