//! `$filter`: comparisons, `startsWith`, `endsWith`, `contains`, `in`, `and`, `or`, `not`.

use std::cmp::Ordering;

use jiff::Timestamp;
use scim::fold::fold_key;
use serde_json::Value;

use crate::error::ApiError;

/// A filter.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Filter {
    Compare(Comparison),
    And(Vec<Self>),
    Or(Vec<Self>),
    Not(Box<Self>),
}

/// A property compared with a value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Comparison {
    /// Names separated by `/`.
    pub path: String,
    pub operator: Operator,
    pub value: Value,
}

/// How a property is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    StartsWith,
    EndsWith,
    Contains,
}

/// Deepest nesting of a filter.
const MAX_DEPTH: usize = 30;
/// Most comparisons of a filter.
const MAX_TERMS: usize = 200;

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Open,
    Close,
    Comma,
}

impl Filter {
    /// Reads a filter. The error says what is wrong where.
    pub fn parse(text: &str) -> Result<Self, ApiError> {
        let tokens = tokens(text)?;
        let mut parser = Parser { tokens, at: 0, terms: 0 };
        let filter = parser.any(0)?;
        match parser.peek() {
            None => Ok(filter),
            Some(token) => Err(invalid(&format!("{} is not expected", shown(token)))),
        }
    }

    /// Whether an object in JSON satisfies the filter.
    pub fn matches(&self, object: &Value) -> bool {
        match self {
            Self::Compare(comparison) => comparison.matches(object),
            Self::And(parts) => parts.iter().all(|part| part.matches(object)),
            Self::Or(parts) => parts.iter().any(|part| part.matches(object)),
            Self::Not(part) => !part.matches(object),
        }
    }

    /// The comparisons that all must hold, where the filter has that form at its top.
    pub fn conjuncts(&self) -> Vec<&Comparison> {
        match self {
            Self::Compare(comparison) => vec![comparison],
            Self::And(parts) => parts.iter().flat_map(Self::conjuncts).collect(),
            Self::Or(_) | Self::Not(_) => Vec::new(),
        }
    }

    /// The first property named anywhere for which the test holds.
    pub fn property(&self, test: &dyn Fn(&str) -> bool) -> Option<&str> {
        match self {
            Self::Compare(comparison) => Some(comparison.path.as_str()).filter(|path| test(path)),
            Self::And(parts) | Self::Or(parts) => parts.iter().find_map(|part| part.property(test)),
            Self::Not(part) => part.property(test),
        }
    }
}

impl Comparison {
    fn matches(&self, object: &Value) -> bool {
        let mut found = object;
        for name in self.path.split('/') {
            let members = found.as_object();
            let value = members.and_then(|members| {
                members.get(name).or_else(|| {
                    members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
                })
            });
            found = value.unwrap_or(&Value::Null);
        }
        match found {
            Value::Array(values) => values.iter().any(|value| self.holds(value)),
            value => self.holds(value),
        }
    }

    fn holds(&self, found: &Value) -> bool {
        match self.operator {
            Operator::Equal => equal(found, &self.value),
            Operator::NotEqual => !equal(found, &self.value),
            Operator::StartsWith => self.texts(found, |text, part| text.starts_with(part)),
            Operator::EndsWith => self.texts(found, |text, part| text.ends_with(part)),
            Operator::Contains => self.texts(found, |text, part| text.contains(part)),
            Operator::Greater => self.order(found, Ordering::is_gt),
            Operator::GreaterOrEqual => self.order(found, Ordering::is_ge),
            Operator::Less => self.order(found, Ordering::is_lt),
            Operator::LessOrEqual => self.order(found, Ordering::is_le),
        }
    }

    fn texts(&self, found: &Value, test: impl Fn(&str, &str) -> bool) -> bool {
        match (found, &self.value) {
            (Value::String(found), Value::String(part)) => test(&fold_key(found), &fold_key(part)),
            _ => false,
        }
    }

    fn order(&self, found: &Value, test: impl Fn(Ordering) -> bool) -> bool {
        let order = match (found, &self.value) {
            (Value::String(left), Value::String(right)) => {
                match (left.parse::<Timestamp>(), right.parse::<Timestamp>()) {
                    (Ok(left), Ok(right)) => Some(left.cmp(&right)),
                    _ => Some(fold_key(left).cmp(&fold_key(right))),
                }
            }
            (Value::Number(left), Value::Number(right)) => {
                left.as_f64().zip(right.as_f64()).and_then(|(left, right)| left.partial_cmp(&right))
            }
            _ => None,
        };
        order.is_some_and(test)
    }
}

fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::String(left), Value::String(right)) => fold_key(left) == fold_key(right),
        (left, right) => left == right,
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    terms: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn word(&self, word: &str) -> bool {
        matches!(self.peek(), Some(Token::Word(found)) if found.eq_ignore_ascii_case(word))
    }

    fn next(&mut self, expected: &str) -> Result<Token, ApiError> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token.ok_or_else(|| invalid(&format!("it ends where {expected} should follow")))
    }

    fn expect(&mut self, wanted: &Token) -> Result<(), ApiError> {
        let found = self.next(shown(wanted).as_str())?;
        if found == *wanted {
            return Ok(());
        }
        Err(invalid(&format!("{} stands where {} is expected", shown(&found), shown(wanted))))
    }

    fn any(&mut self, depth: usize) -> Result<Filter, ApiError> {
        if depth > MAX_DEPTH {
            return Err(invalid("it is nested too deeply"));
        }
        let mut parts = vec![self.all(depth)?];
        while self.word("or") {
            self.at += 1;
            parts.push(self.all(depth)?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Filter::Or(parts) })
    }

    fn all(&mut self, depth: usize) -> Result<Filter, ApiError> {
        let mut parts = vec![self.one(depth)?];
        while self.word("and") {
            self.at += 1;
            parts.push(self.one(depth)?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Filter::And(parts) })
    }

    fn one(&mut self, depth: usize) -> Result<Filter, ApiError> {
        if depth > MAX_DEPTH {
            return Err(invalid("it is nested too deeply"));
        }
        self.terms += 1;
        if self.terms > MAX_TERMS {
            return Err(invalid(&format!("it has more than {MAX_TERMS} comparisons")));
        }
        if self.word("not") {
            self.at += 1;
            return Ok(Filter::Not(Box::new(self.one(depth + 1)?)));
        }
        match self.next("a comparison")? {
            Token::Open => {
                let filter = self.any(depth + 1)?;
                self.expect(&Token::Close)?;
                Ok(filter)
            }
            Token::Word(word) if self.peek() == Some(&Token::Open) && !changes_case(&word) => {
                self.function(&word)
            }
            Token::Word(word) => {
                let path = self.property(word)?;
                self.comparison(path)
            }
            other => Err(invalid(&format!("{} stands where a property is expected", shown(&other)))),
        }
    }

    /// A property whose first word has been read. What only changes its case is left out: no comparison looks at case.
    fn property(&mut self, word: String) -> Result<String, ApiError> {
        if !changes_case(&word) || self.peek() != Some(&Token::Open) {
            return Ok(word);
        }
        self.expect(&Token::Open)?;
        let Token::Word(path) = self.next("a property")? else {
            return Err(invalid("a property is expected"));
        };
        self.expect(&Token::Close)?;
        Ok(path)
    }

    fn function(&mut self, name: &str) -> Result<Filter, ApiError> {
        let operator = match name.to_ascii_lowercase().as_str() {
            "startswith" => Operator::StartsWith,
            "endswith" => Operator::EndsWith,
            "contains" => Operator::Contains,
            _ => return Err(invalid(&format!("the function '{}' is not supported", cut(name)))),
        };
        self.expect(&Token::Open)?;
        let Token::Word(word) = self.next("a property")? else {
            return Err(invalid("a property is expected"));
        };
        let path = self.property(word)?;
        self.expect(&Token::Comma)?;
        let value = self.value()?;
        self.expect(&Token::Close)?;
        // `startswith(...) eq true` is the long form of the same.
        if self.word("eq") {
            self.at += 1;
            if self.value()? != Value::Bool(true) {
                return Err(invalid("a function can only be compared as 'eq true'"));
            }
        }
        Ok(Filter::Compare(Comparison { path, operator, value }))
    }

    fn comparison(&mut self, path: String) -> Result<Filter, ApiError> {
        let Token::Word(word) = self.next("an operator")? else {
            return Err(invalid("an operator is expected"));
        };
        let operator = match word.to_ascii_lowercase().as_str() {
            "eq" => Operator::Equal,
            "ne" => Operator::NotEqual,
            "gt" => Operator::Greater,
            "ge" => Operator::GreaterOrEqual,
            "lt" => Operator::Less,
            "le" => Operator::LessOrEqual,
            "in" => return self.list(&path),
            _ => return Err(invalid(&format!("'{}' is no operator", cut(&word)))),
        };
        Ok(Filter::Compare(Comparison { path, operator, value: self.value()? }))
    }

    fn list(&mut self, path: &str) -> Result<Filter, ApiError> {
        self.expect(&Token::Open)?;
        let mut parts = Vec::new();
        loop {
            let value = self.value()?;
            parts.push(Filter::Compare(Comparison {
                path: path.to_owned(),
                operator: Operator::Equal,
                value,
            }));
            match self.next("')'")? {
                Token::Comma if parts.len() < MAX_TERMS => {}
                Token::Close => return Ok(Filter::Or(parts)),
                other => return Err(invalid(&format!("{} is not expected in a list", shown(&other)))),
            }
        }
    }

    fn value(&mut self) -> Result<Value, ApiError> {
        match self.next("a value")? {
            Token::Text(text) => Ok(Value::String(text)),
            Token::Word(word) => Ok(match word.as_str() {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                "null" => Value::Null,
                // Dates, times and GUIDs stand without quotes.
                other => other.parse::<i64>().map_or_else(|_| Value::String(other.to_owned()), Value::from),
            }),
            other => Err(invalid(&format!("{} stands where a value is expected", shown(&other)))),
        }
    }
}

fn changes_case(word: &str) -> bool {
    word.eq_ignore_ascii_case("tolower") || word.eq_ignore_ascii_case("toupper")
}

fn tokens(text: &str) -> Result<Vec<Token>, ApiError> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let used = match first {
            '(' | ')' | ',' => {
                tokens.push(match first {
                    '(' => Token::Open,
                    ')' => Token::Close,
                    _ => Token::Comma,
                });
                1
            }
            '\'' => {
                let (value, used) = quoted(rest)?;
                tokens.push(Token::Text(value));
                used
            }
            _ => {
                let end = rest
                    .find(|char: char| char.is_whitespace() || "(),'".contains(char))
                    .unwrap_or(rest.len());
                tokens.push(Token::Word(rest[..end].to_owned()));
                end
            }
        };
        rest = rest[used..].trim_start();
    }
    Ok(tokens)
}

/// A text in quotes at the start, two quotes standing for one; and the bytes it takes.
fn quoted(text: &str) -> Result<(String, usize), ApiError> {
    let mut value = String::new();
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, char)) = chars.next() {
        if char != '\'' {
            value.push(char);
        } else if chars.peek().is_some_and(|(_, next)| *next == '\'') {
            chars.next();
            value.push('\'');
        } else {
            return Ok((value, at + 1));
        }
    }
    Err(invalid("a text is not closed with a quote"))
}

fn invalid(reason: &str) -> ApiError {
    ApiError::bad(format!("Invalid filter clause: {reason}."))
}

fn cut(text: &str) -> String {
    text.chars().take(60).collect()
}

fn shown(token: &Token) -> String {
    match token {
        Token::Word(word) | Token::Text(word) => format!("'{}'", cut(word)),
        Token::Open => "'('".to_owned(),
        Token::Close => "')'".to_owned(),
        Token::Comma => "','".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn filters_hold_or_not() {
        let object = json!({"displayName": "Ann O'Neill", "accountEnabled": true, "created": "2026-03-01T00:00:00Z",
            "source": {"id": "7"}, "phones": ["1", "2"], "mail": null});
        for (filter, holds) in [
            ("displayName eq 'ANN o''neill'", true),
            ("startswith(displayName,'ann') and accountEnabled eq true", true),
            ("startsWith(displayName, 'bob') or (source/id eq '7' and not (mail ne null))", true),
            ("created ge 2026-02-28T00:00:00Z and created lt 2026-03-01T00:00:00Z", false),
            ("phones eq '2'", true),
            ("displayName in ('x', 'Ann O''Neill')", true),
            ("endswith(displayName,'neill') eq true", true),
            ("accountEnabled ne true", false),
            ("contains(tolower(displayName), 'neill') and toUpper(source/id) eq '7'", true),
        ] {
            assert_eq!(Filter::parse(filter).expect(filter).matches(&object), holds, "{filter}");
        }
    }

    #[test]
    fn bad_filters_are_refused() {
        let deep = format!("{}a eq 1{}", "(".repeat(5000), ")".repeat(5000));
        let nots = format!("{} a eq 1", "not ".repeat(5000));
        let long = ["a eq 1"; 500].join(" or ");
        for filter in [
            "a",
            "a eq",
            "a eq 'x",
            "a like 'x'",
            "(a eq 1",
            "a eq 1)",
            "f(a,'x')",
            "a in ()",
            "tolower(a",
            "tolower('a') eq 'b'",
            &deep,
            &nots,
            &long,
        ] {
            assert!(Filter::parse(filter).is_err(), "{filter}");
        }
    }
}
