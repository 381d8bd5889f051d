//! Sets of characters: `[...]` and escapes.

use super::translate::{Translator, literal, place};
use std::fmt::Write as _;

/// What an escape stands for.
pub(super) enum Set {
    One(char),
    /// Members of a set, as they are written between brackets.
    Many(String),
}

/// .NET's `\w`.
const WORD: &str = "\\p{L}\\p{Mn}\\p{Nd}\\p{Pc}";

/// The general categories that .NET knows.
const CATEGORIES: &[&str] = &[
    "L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No", "P", "Pc", "Pd", "Ps",
    "Pe", "Pi", "Pf", "Po", "S", "Sm", "Sc", "Sk", "So", "Z", "Zs", "Zl", "Zp", "C", "Cc", "Cf", "Co", "Cn",
];

/// Blocks that names are written in.
const BLOCKS: &[(&str, u32, u32)] = &[
    ("IsBasicLatin", 0x0000, 0x007f),
    ("IsLatin-1Supplement", 0x0080, 0x00ff),
    ("IsLatinExtended-A", 0x0100, 0x017f),
    ("IsLatinExtended-B", 0x0180, 0x024f),
    ("IsCombiningDiacriticalMarks", 0x0300, 0x036f),
    ("IsGreek", 0x0370, 0x03ff),
    ("IsGreekandCoptic", 0x0370, 0x03ff),
    ("IsCyrillic", 0x0400, 0x04ff),
    ("IsArmenian", 0x0530, 0x058f),
    ("IsHebrew", 0x0590, 0x05ff),
    ("IsArabic", 0x0600, 0x06ff),
    ("IsDevanagari", 0x0900, 0x097f),
    ("IsThai", 0x0e00, 0x0e7f),
    ("IsGeorgian", 0x10a0, 0x10ff),
    ("IsLatinExtendedAdditional", 0x1e00, 0x1eff),
    ("IsGreekExtended", 0x1f00, 0x1fff),
    ("IsHiragana", 0x3040, 0x309f),
    ("IsKatakana", 0x30a0, 0x30ff),
    ("IsCJKUnifiedIdeographs", 0x4e00, 0x9fff),
    ("IsHangulSyllables", 0xac00, 0xd7af),
];

/// How often sets may be taken from each other.
const MAX_DEPTH: usize = 10;

/// A set in brackets, at which the translator stands.
pub(super) fn parse(translator: &mut Translator, depth: usize) -> Result<String, String> {
    let opening = translator.at;
    if depth > MAX_DEPTH {
        return Err(translator.error("sets are subtracted more than 10 deep"));
    }
    translator.eat("[");
    let negated = translator.eat("^");
    let mut members = String::new();
    let mut first = true;
    let subtracted = loop {
        let Some(letter) = translator.peek() else {
            return Err(place("this bracket is never closed", opening));
        };
        if letter == ']' && !first {
            translator.at += 1;
            break None;
        }
        if letter == '-' && !first && translator.ahead(1) == Some('[') {
            translator.at += 1;
            break Some(subtraction(translator, depth)?);
        }
        if letter == '[' && translator.ahead(1) == Some(':') {
            return Err(translator.error("named sets like [:alpha:] are not part of .NET's patterns"));
        }
        first = false;
        let start = translator.at;
        match member(translator)? {
            Set::Many(more) => members.push_str(&more),
            Set::One(from) => {
                let range =
                    translator.peek() == Some('-') && translator.ahead(1).is_some_and(|next| next != ']');
                if !range {
                    members.push_str(&literal(from));
                    continue;
                }
                translator.at += 1;
                if translator.peek() == Some('[') {
                    members.push_str(&literal(from));
                    break Some(subtraction(translator, depth)?);
                }
                match member(translator)? {
                    Set::One(to) if from > to => {
                        return Err(place("the range is in reverse order", start));
                    }
                    // Writing to a string cannot fail.
                    Set::One(to) => drop(write!(members, "{}-{}", literal(from), literal(to))),
                    Set::Many(_) => return Err(place("a range ends with one character", start)),
                }
            }
        }
    };
    let set = format!("[{}{members}]", if negated { "^" } else { "" });
    Ok(match subtracted {
        Some(subtracted) => format!("(?:(?!{subtracted}){set})"),
        None => set,
    })
}

/// `[a-z-[aeiou]]`: the set that is taken away, and the bracket behind it.
fn subtraction(translator: &mut Translator, depth: usize) -> Result<String, String> {
    let set = parse(translator, depth + 1)?;
    if translator.eat("]") {
        Ok(set)
    } else {
        Err(translator.error("what is subtracted from a set stands at its end"))
    }
}

fn member(translator: &mut Translator) -> Result<Set, String> {
    match translator.peek() {
        Some('\\') => escape(translator),
        Some(letter) => {
            translator.at += 1;
            Ok(Set::One(letter))
        }
        None => Err(translator.error("the set is never closed")),
    }
}

/// An escape that means the same inside and outside of a set.
pub(super) fn escape(translator: &mut Translator) -> Result<Set, String> {
    let start = translator.at;
    translator.at += 1;
    let Some(letter) = translator.peek() else {
        return Err(place("the pattern ends with a backslash", start));
    };
    translator.at += 1;
    let many = |members: &str| Ok(Set::Many(members.to_owned()));
    let one = |letter: char| Ok(Set::One(letter));
    match letter {
        'd' => many("\\p{Nd}"),
        'D' => many("[^\\p{Nd}]"),
        'w' => many(WORD),
        'W' => Ok(Set::Many(format!("[^{WORD}]"))),
        's' => many("\\s"),
        'S' => many("[^\\s]"),
        'p' | 'P' => category(translator, letter == 'P', start),
        'a' => one('\u{7}'),
        'b' => one('\u{8}'),
        't' => one('\t'),
        'r' => one('\r'),
        'v' => one('\u{b}'),
        'f' => one('\u{c}'),
        'n' => one('\n'),
        'e' => one('\u{1b}'),
        'c' => {
            let control = translator.peek().map(|control| control.to_ascii_uppercase());
            translator.at += 1;
            match control.map(u32::from) {
                Some(code @ 0x40..=0x5f) => Ok(Set::One(char::from_u32(code - 0x40).unwrap_or('\0'))),
                _ => Err(place("\\c is followed by a letter", start)),
            }
        }
        'x' => code(translator, 2, start).and_then(|code| character(code, start)),
        'u' => {
            let first = code(translator, 4, start)?;
            if (0xd800..0xdc00).contains(&first) && translator.eat("\\u") {
                let second = code(translator, 4, start)?;
                let low = second.checked_sub(0xdc00).filter(|low| *low < 0x400);
                let low = low.ok_or_else(|| place("this is half a character", start))?;
                return character(0x10000 + ((first - 0xd800) << 10) + low, start);
            }
            character(first, start)
        }
        '0'..='7' => {
            let mut code = 0;
            translator.at -= 1;
            for _ in 0..3 {
                let Some(digit) = translator.peek().and_then(|digit| digit.to_digit(8)) else { break };
                code = code * 8 + digit;
                translator.at += 1;
            }
            character(code & 0xff, start)
        }
        letter if letter.is_alphanumeric() || letter == '_' => {
            Err(place(&format!("\\{letter} is no escape that there is"), start))
        }
        letter => Ok(Set::One(letter)),
    }
}

fn code(translator: &mut Translator, digits: usize, start: usize) -> Result<u32, String> {
    let mut code = 0;
    for _ in 0..digits {
        let digit = translator.peek().and_then(|digit| digit.to_digit(16));
        let digit = digit.ok_or_else(|| place(&format!("{digits} hexadecimal digits belong here"), start))?;
        code = code * 16 + digit;
        translator.at += 1;
    }
    Ok(code)
}

fn character(code: u32, start: usize) -> Result<Set, String> {
    char::from_u32(code).map(Set::One).ok_or_else(|| place("this is half a character", start))
}

fn category(translator: &mut Translator, negated: bool, start: usize) -> Result<Set, String> {
    let mut name = String::new();
    let opened = translator.eat("{");
    while opened && translator.peek().is_some_and(|letter| letter.is_alphanumeric() || letter == '-') {
        name.extend(translator.peek());
        translator.at += 1;
    }
    if !opened || !translator.eat("}") {
        return Err(place("\\p is followed by a category, as in \\p{L}", start));
    }
    if CATEGORIES.contains(&name.as_str()) {
        return Ok(Set::Many(if negated { format!("[^\\p{{{name}}}]") } else { format!("\\p{{{name}}}") }));
    }
    if let Some((_, from, to)) = BLOCKS.iter().find(|(block, _, _)| *block == name) {
        let not = if negated { "^" } else { "" };
        return Ok(Set::Many(format!("[{not}\\x{{{from:x}}}-\\x{{{to:x}}}]")));
    }
    Err(place(&format!("{name} is no category or block that is supported"), start))
}
