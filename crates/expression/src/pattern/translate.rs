//! Regular expressions of .NET, written for the engine that matches here, or refused.
//!
//! Everything is spelt out, so that nothing depends on how the engine reads its own shorthands: options become
//! part of what they apply to, groups are numbered here.

use super::class::{self, Set};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// How deep groups may be nested.
const MAX_DEPTH: usize = 50;

/// A pattern for the engine.
pub(super) struct Translated {
    pub(super) pattern: String,
    pub(super) groups: Groups,
}

/// How the pattern's groups are called; the engine numbers them as they open, from 1.
#[derive(Clone, Debug, Default)]
pub(super) struct Groups {
    /// The engine's number of each group by .NET's number.
    pub(super) numbers: BTreeMap<u32, usize>,
    /// The engine's number of each named group.
    pub(super) names: Vec<(String, usize)>,
}

impl Groups {
    /// The engine's number of a group, by name or number.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        if let Ok(number) = name.parse() {
            return if number == 0 { Some(0) } else { self.numbers.get(&number).copied() };
        }
        self.names.iter().find(|(known, _)| known == name).map(|(_, index)| *index)
    }
}

/// `(?imnsx)`.
#[derive(Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "they are five switches")]
pub(super) struct Options {
    pub(super) ignore_case: bool,
    multiline: bool,
    explicit_capture: bool,
    single_line: bool,
    free_spacing: bool,
}

/// A part of the result; what refers to a group is written when all groups are known.
enum Piece {
    Text(String),
    /// `\1` to `\99`, also octal.
    Digits {
        digits: String,
        ignore_case: bool,
        at: usize,
    },
    /// `\k<name>`.
    Reference {
        name: String,
        ignore_case: bool,
        at: usize,
    },
    /// `(?(name)`.
    Condition {
        name: String,
        at: usize,
    },
}

pub(super) fn translate(pattern: &str) -> Result<Translated, String> {
    let mut translator = Translator {
        letters: pattern.chars().collect(),
        at: 0,
        pieces: Vec::new(),
        unnamed: Vec::new(),
        named: Vec::new(),
        numbered: BTreeMap::new(),
        count: 0,
    };
    let mut options = Options::default();
    translator.alternatives(&mut options, 0)?;
    if translator.peek().is_some() {
        return Err(translator.error("this parenthesis closes nothing"));
    }
    translator.finish()
}

pub(super) struct Translator {
    pub(super) letters: Vec<char>,
    pub(super) at: usize,
    pieces: Vec<Piece>,
    unnamed: Vec<usize>,
    named: Vec<(String, usize)>,
    numbered: BTreeMap<u32, usize>,
    count: usize,
}

impl Translator {
    pub(super) fn error(&self, message: &str) -> String {
        place(message, self.at)
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.letters.get(self.at).copied()
    }

    pub(super) fn ahead(&self, distance: usize) -> Option<char> {
        self.letters.get(self.at + distance).copied()
    }

    pub(super) fn eat(&mut self, wanted: &str) -> bool {
        let found = wanted.chars().enumerate().all(|(distance, letter)| self.ahead(distance) == Some(letter));
        if found {
            self.at += wanted.chars().count();
        }
        found
    }

    fn push(&mut self, text: impl Into<String>) {
        self.pieces.push(Piece::Text(text.into()));
    }

    /// Adds something that letters are compared with.
    fn push_cased(&mut self, text: &str, options: Options) {
        if options.ignore_case {
            self.push(format!("(?i:{text})"));
        } else {
            self.push(text);
        }
    }

    /// Up to the end of the group or pattern. An option that is set on the way holds to the end.
    fn alternatives(&mut self, options: &mut Options, depth: usize) -> Result<(), String> {
        if depth > MAX_DEPTH {
            return Err(self.error(&format!("groups are nested more than {MAX_DEPTH} deep")));
        }
        loop {
            self.skip_blank(*options)?;
            match self.peek() {
                None | Some(')') => return Ok(()),
                Some('|') => {
                    self.at += 1;
                    self.push("|");
                }
                Some('*' | '+' | '?') => return Err(self.error("there is nothing to repeat before this")),
                Some('{') if self.is_quantifier() => {
                    return Err(self.error("there is nothing to repeat before this"));
                }
                Some(_) => {
                    if self.atom(options, depth)? {
                        self.quantifier(*options)?;
                    }
                }
            }
        }
    }

    /// Comments and, where spaces are free, white space.
    fn skip_blank(&mut self, options: Options) -> Result<(), String> {
        loop {
            if self.eat("(?#") {
                let start = self.at;
                while self.peek().is_some_and(|letter| letter != ')') {
                    self.at += 1;
                }
                if !self.eat(")") {
                    return Err(place("this comment is never closed", start));
                }
            } else if options.free_spacing && self.peek() == Some('#') {
                while self.peek().is_some_and(|letter| letter != '\n') {
                    self.at += 1;
                }
            } else if options.free_spacing && self.peek().is_some_and(char::is_whitespace) {
                self.at += 1;
            } else {
                return Ok(());
            }
        }
    }

    /// One thing to match; false if it was an option, which cannot be repeated.
    fn atom(&mut self, options: &mut Options, depth: usize) -> Result<bool, String> {
        let Some(letter) = self.peek() else { return Ok(false) };
        match letter {
            '(' => return self.group(options, depth),
            '[' => {
                let set = class::parse(self, 0)?;
                self.push_cased(&set, *options);
            }
            '\\' => self.escape(*options)?,
            _ => {
                self.at += 1;
                match letter {
                    '.' if options.single_line => self.push("(?s:.)"),
                    '.' => self.push("[^\\n]"),
                    '^' if options.multiline => self.push("(?m:^)"),
                    '^' => self.push("\\A"),
                    '$' if options.multiline => self.push("(?m:$)"),
                    // Also before a line feed that ends the text.
                    '$' => self.push("(?=\\n?\\z)"),
                    _ => self.push_cased(&literal(letter), *options),
                }
            }
        }
        Ok(true)
    }

    fn group(&mut self, options: &mut Options, depth: usize) -> Result<bool, String> {
        let opening = self.at;
        self.at += 1;
        let mut inner = *options;
        if !self.eat("?") {
            if options.explicit_capture {
                self.push("(?:");
            } else {
                self.count += 1;
                self.unnamed.push(self.count);
                self.push("(");
            }
        } else if let Some(plain) =
            ["<=", "<!", ":", "=", "!", ">"].into_iter().find(|introduction| self.eat(introduction))
        {
            self.push(format!("(?{plain}"));
        } else if self.eat("<") {
            self.named_group('>')?;
        } else if self.eat("'") {
            self.named_group('\'')?;
        } else if self.eat("(") {
            let start = self.at;
            let name = self.word();
            if name.is_empty() || !self.eat(")") {
                return Err(place("a condition can only be the name or number of a group", start));
            }
            self.pieces.push(Piece::Condition { name, at: start });
        } else {
            self.options(&mut inner)?;
            if self.eat(")") {
                *options = inner;
                return Ok(false);
            }
            if !self.eat(":") {
                return Err(self.error("options end with ':' or ')'"));
            }
            self.push("(?:");
        }
        self.alternatives(&mut inner, depth + 1)?;
        if !self.eat(")") {
            return Err(place("this parenthesis is never closed", opening));
        }
        self.push(")");
        Ok(true)
    }

    fn word(&mut self) -> String {
        let start = self.at;
        while self.peek().is_some_and(|letter| letter.is_alphanumeric() || letter == '_') {
            self.at += 1;
        }
        self.letters[start..self.at].iter().collect()
    }

    fn named_group(&mut self, closing: char) -> Result<(), String> {
        let start = self.at;
        let name = self.word();
        if self.peek() == Some('-') {
            return Err(place("balancing groups are not supported", start));
        }
        if name.is_empty() || self.peek() != Some(closing) {
            return Err(place(
                &format!("a group's name of letters and digits and a {closing} belong here"),
                start,
            ));
        }
        self.at += 1;
        self.count += 1;
        let taken = if let Ok(number) = name.parse::<u32>() {
            if number == 0 {
                return Err(place("a group cannot have the number 0", start));
            }
            self.numbered.insert(number, self.count).is_some()
        } else {
            let taken = self.named.iter().any(|(known, _)| *known == name);
            self.named.push((name.clone(), self.count));
            taken
        };
        if taken {
            return Err(place(&format!("the name {name} is taken by another group"), start));
        }
        self.push("(");
        Ok(())
    }

    fn options(&mut self, options: &mut Options) -> Result<(), String> {
        let mut on = true;
        loop {
            let option = match self.peek().map(|letter| letter.to_ascii_lowercase()) {
                Some('i') => &mut options.ignore_case,
                Some('m') => &mut options.multiline,
                Some('n') => &mut options.explicit_capture,
                Some('s') => &mut options.single_line,
                Some('x') => &mut options.free_spacing,
                Some('-') => {
                    on = false;
                    self.at += 1;
                    continue;
                }
                Some('+') => {
                    on = true;
                    self.at += 1;
                    continue;
                }
                Some(':' | ')') => return Ok(()),
                Some('r') => return Err(self.error("matching from right to left is not supported")),
                Some('P' | 'p') => {
                    return Err(self.error("a named group is written (?<name>...)"));
                }
                _ => return Err(self.error("(? introduces no kind of group that there is")),
            };
            *option = on;
            self.at += 1;
        }
    }

    /// Whether a brace here is a quantifier; any other is itself.
    fn is_quantifier(&self) -> bool {
        let digits = |from: usize| {
            let rest = self.letters.get(self.at + from..).unwrap_or_default();
            rest.iter().take_while(|letter| letter.is_ascii_digit()).count()
        };
        let least = digits(1);
        if self.peek() != Some('{') || least == 0 {
            return false;
        }
        match self.ahead(1 + least) {
            Some('}') => true,
            Some(',') => self.ahead(2 + least + digits(2 + least)) == Some('}'),
            _ => false,
        }
    }

    fn quantifier(&mut self, options: Options) -> Result<(), String> {
        self.skip_blank(options)?;
        let start = self.at;
        match self.peek() {
            Some('*' | '+' | '?') => self.at += 1,
            Some('{') if self.is_quantifier() => {
                while self.peek() != Some('}') {
                    self.at += 1;
                }
                self.at += 1;
                let text: String = self.letters[start + 1..self.at - 1].iter().collect();
                let (least, most) = text.split_once(',').unwrap_or((&text, ""));
                let number = |digits: &str| digits.parse::<u16>().ok().filter(|number| *number <= 1000);
                let Some(least) = number(least) else {
                    return Err(place("more than 1000 repetitions are not supported", start));
                };
                if !most.is_empty() {
                    let most = number(most)
                        .ok_or_else(|| place("more than 1000 repetitions are not supported", start))?;
                    if least > most {
                        return Err(place("the bounds of the repetition are in reverse order", start));
                    }
                }
            }
            _ => return Ok(()),
        }
        let mut text: String = self.letters[start..self.at].iter().collect();
        self.skip_blank(options)?;
        if self.eat("?") {
            text.push('?');
        }
        self.push(text);
        self.skip_blank(options)?;
        if matches!(self.peek(), Some('*' | '+' | '?')) || self.is_quantifier() {
            return Err(self.error("a repetition cannot be repeated; put it in (?:...)"));
        }
        Ok(())
    }

    fn escape(&mut self, options: Options) -> Result<(), String> {
        let start = self.at;
        let Some(letter) = self.ahead(1) else {
            return Err(self.error("the pattern ends with a backslash"));
        };
        if letter.is_ascii_digit() && letter != '0' {
            self.at += 1;
            let from = self.at;
            while self.at - from < 3 && self.peek().is_some_and(|letter| letter.is_ascii_digit()) {
                self.at += 1;
            }
            let digits = self.letters[from..self.at].iter().collect();
            let ignore_case = options.ignore_case;
            self.pieces.push(Piece::Digits { digits, ignore_case, at: start });
            return Ok(());
        }
        match letter {
            'A' | 'z' | 'G' | 'b' | 'B' => {
                self.at += 2;
                self.push(format!("\\{letter}"));
            }
            'Z' => {
                self.at += 2;
                self.push("(?=\\n?\\z)");
            }
            'k' => {
                self.at += 2;
                let closing = match self.peek() {
                    Some('<') => ">",
                    Some('\'') => "'",
                    _ => return Err(place("\\k is followed by a name, as in \\k<name>", start)),
                };
                self.at += 1;
                let name = self.word();
                if name.is_empty() || !self.eat(closing) {
                    return Err(place("\\k is followed by a name, as in \\k<name>", start));
                }
                self.pieces.push(Piece::Reference { name, ignore_case: options.ignore_case, at: start });
            }
            _ => match class::escape(self)? {
                Set::One(letter) => self.push_cased(&literal(letter), options),
                Set::Many(members) => self.push_cased(&format!("[{members}]"), options),
            },
        }
        Ok(())
    }

    fn finish(self) -> Result<Translated, String> {
        let mut numbers = self.numbered;
        // .NET numbers the unnamed groups first, the named ones after them.
        let mut next = 1;
        for index in self.unnamed.iter().copied().chain(self.named.iter().map(|(_, index)| *index)) {
            while numbers.contains_key(&next) {
                next += 1;
            }
            numbers.insert(next, index);
        }
        let groups = Groups { numbers, names: self.named };
        let mut pattern = String::new();
        let refer = |out: &mut String, index: usize, ignore_case: bool| {
            // Writing to a string cannot fail.
            let _ = write!(out, "(?{}:\\{index})", if ignore_case { "i" } else { "" });
        };
        for piece in self.pieces {
            match piece {
                Piece::Text(text) => pattern.push_str(&text),
                Piece::Digits { digits, ignore_case, at } => match groups.find(&digits) {
                    Some(index) => refer(&mut pattern, index, ignore_case),
                    None if digits.len() == 1 => {
                        return Err(place(&format!("there is no group {digits}"), at));
                    }
                    None => pattern.push_str(
                        &octal(&digits).ok_or_else(|| place(&format!("there is no group {digits}"), at))?,
                    ),
                },
                Piece::Reference { name, ignore_case, at } => {
                    let index =
                        groups.find(&name).ok_or_else(|| place(&format!("there is no group {name}"), at))?;
                    refer(&mut pattern, index, ignore_case);
                }
                Piece::Condition { name, at } => {
                    let index = groups
                        .find(&name)
                        .ok_or_else(|| place("a condition can only be the name or number of a group", at))?;
                    let _ = write!(pattern, "(?({index})");
                }
            }
        }
        Ok(Translated { pattern, groups })
    }
}

pub(super) fn place(message: &str, at: usize) -> String {
    format!("{message} (character {} of the pattern)", at + 1)
}

/// A character that stands for itself, outside and inside of `[...]`.
pub(super) fn literal(letter: char) -> String {
    if letter.is_alphanumeric() || !letter.is_ascii() {
        letter.to_string()
    } else if letter.is_ascii_control() {
        format!("\\x{:02x}", u32::from(letter))
    } else if matches!(
        letter,
        ' ' | '"' | '%' | '\'' | ',' | '/' | ':' | ';' | '<' | '=' | '>' | '@' | '_' | '`' | '!'
    ) {
        letter.to_string()
    } else {
        format!("\\{letter}")
    }
}

/// `\101`: digits of an octal character, then others.
fn octal(digits: &str) -> Option<String> {
    let length = digits.bytes().take(3).take_while(|digit| (b'0'..b'8').contains(digit)).count();
    let (code, rest) = digits.split_at(length);
    let letter = u32::from_str_radix(code, 8).ok().and_then(|code| char::from_u32(code & 0xff))?;
    Some(format!("{}{rest}", literal(letter)))
}
