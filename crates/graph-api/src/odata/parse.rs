//! Reads `$filter`.

use serde_json::Value;

use super::{Comparison, Filter, Operator};
use crate::error::ApiError;

/// Deepest nesting of a filter.
const MAX_DEPTH: usize = 30;
/// Most comparisons of a filter.
const MAX_TERMS: usize = 200;

impl Filter {
    /// Reads a filter. The error says what is wrong where.
    pub fn parse(text: &str) -> Result<Self, ApiError> {
        let mut parser = Parser { tokens: tokens(text)?, at: 0, terms: 0, variable: None };
        let filter = parser.any(0)?;
        match parser.peek() {
            None => Ok(filter),
            Some(token) => Err(invalid(&format!("{} is not expected", shown(token)))),
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Open,
    Close,
    Comma,
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    terms: usize,
    /// What the value of a list is called within `any`.
    variable: Option<String>,
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
                match word.rsplit_once('/') {
                    Some((list, quantifier)) => self.quantified(list, quantifier, depth),
                    None => self.function(&word),
                }
            }
            Token::Word(word) => {
                let path = self.property(word)?;
                self.comparison(path)
            }
            other => Err(invalid(&format!("{} stands where a property is expected", shown(&other)))),
        }
    }

    /// `list/any(name:condition)`, of which the condition is still to be read.
    fn quantified(&mut self, list: &str, quantifier: &str, depth: usize) -> Result<Filter, ApiError> {
        if !quantifier.eq_ignore_ascii_case("any") {
            return Err(invalid(&format!("'{}' is not supported, 'any' is", cut(quantifier))));
        }
        if self.variable.is_some() {
            return Err(invalid("'any' stands within 'any'"));
        }
        self.expect(&Token::Open)?;
        if self.peek() == Some(&Token::Close) {
            self.at += 1;
            return Ok(Filter::Any(list.to_owned(), None));
        }
        let named = match self.peek() {
            Some(Token::Word(word)) => {
                word.split_once(':').map(|(name, rest)| (name.to_owned(), rest.to_owned()))
            }
            _ => None,
        };
        let (name, rest) = named.ok_or_else(|| invalid("a name and a colon are expected after 'any('"))?;
        // What follows the colon without a space belongs to the condition.
        if rest.is_empty() {
            self.at += 1;
        } else {
            self.tokens[self.at] = Token::Word(rest);
        }
        self.variable = Some(name);
        let condition = self.any(depth + 1)?;
        self.variable = None;
        self.expect(&Token::Close)?;
        Ok(Filter::Any(list.to_owned(), Some(Box::new(condition))))
    }

    /// A property whose first word has been read. What only changes its case is left out: no comparison looks at case.
    fn property(&mut self, word: String) -> Result<String, ApiError> {
        if !changes_case(&word) || self.peek() != Some(&Token::Open) {
            return self.path(word);
        }
        self.expect(&Token::Open)?;
        let Token::Word(path) = self.next("a property")? else {
            return Err(invalid("a property is expected"));
        };
        self.expect(&Token::Close)?;
        self.path(path)
    }

    /// The path from the object, or within `any` from the value of the list.
    fn path(&self, word: String) -> Result<String, ApiError> {
        let Some(variable) = &self.variable else { return Ok(word) };
        let (first, rest) = word.split_once('/').unwrap_or((&word, ""));
        if first != variable {
            return Err(invalid(&format!("'{}' does not begin with '{}'", cut(&word), cut(variable))));
        }
        Ok(rest.to_owned())
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
