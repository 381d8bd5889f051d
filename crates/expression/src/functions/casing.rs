//! Upper, lower and proper case, letter by letter, so that the number of characters never changes (the
//! simple mappings of Unicode, as .NET does).

use super::Kind::{Culture, Text};
use super::{Function, Signature, optional, required};
use crate::evaluate::{Arguments, Halt};
use crate::value::Value;
use std::sync::Arc;
use unicode_general_category::{GeneralCategory, get_general_category};

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        signature: Signature {
            name: "ToLower",
            parameters: &[required("source", Text), optional("culture", Culture)],
            repeating: 0,
            summary: "The source in lower case, by the rules of the culture if one is given.",
            example: "ToLower([userPrincipalName])",
        },
        call: |args| convert(args, Case::Lower),
    },
    Function {
        signature: Signature {
            name: "ToUpper",
            parameters: &[required("source", Text), optional("culture", Culture)],
            repeating: 0,
            summary: "The source in upper case, by the rules of the culture if one is given.",
            example: r#"ToUpper([surname], "tr-TR")"#,
        },
        call: |args| convert(args, Case::Upper),
    },
    Function {
        signature: Signature {
            name: "PCase",
            parameters: &[required("source", Text), optional("wordSeparators", Text)],
            repeating: 0,
            summary: "The source with the first letter of each word in upper case and all others in lower case. \
                      Words end at white space, punctuation and symbols, or only at the separators if given.",
            example: r#"PCase([surname], " '-")"#,
        },
        call: proper,
    },
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Case {
    Lower,
    Upper,
}

/// The cultures that matter to case: all others agree.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rules {
    /// No culture: the dotted and the dotless i of Turkish stay what they are.
    Invariant,
    Common,
    /// Turkish and Azerbaijani: i and İ belong together, and ı and I.
    Turkic,
}

/// Whether a text looks like the name of a culture (RFC 4646); the empty one is the invariant culture.
pub(crate) fn is_culture(name: &str) -> bool {
    let mut parts = name.split('-');
    let language = parts.next().unwrap_or_default();
    name.is_empty()
        || ((2..=8).contains(&language.len())
            && language.bytes().all(|b| b.is_ascii_alphabetic())
            && parts
                .all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())))
}

fn rules(culture: &str) -> Rules {
    let language = culture.split('-').next().unwrap_or_default();
    if language.is_empty() {
        Rules::Invariant
    } else if ["tr", "az"].iter().any(|l| l.eq_ignore_ascii_case(language)) {
        Rules::Turkic
    } else {
        Rules::Common
    }
}

fn convert(args: &Arguments<'_>, case: Case) -> Result<Value, Halt> {
    let culture = args.single(1)?;
    let culture = culture.text().unwrap_or_default();
    if !is_culture(&culture) {
        return Err(args.fault(1, "is not the name of a culture like \"tr-TR\""));
    }
    let source = args.text(0)?;
    Ok(source.map(|text| cased(text, case, rules(&culture))).into())
}

fn cased(mut text: Arc<str>, case: Case, rules: Rules) -> Arc<str> {
    if text.is_ascii() && rules != Rules::Turkic {
        let done = match case {
            Case::Lower => !text.bytes().any(|b| b.is_ascii_uppercase()),
            Case::Upper => !text.bytes().any(|b| b.is_ascii_lowercase()),
        };
        if !done {
            let own = Arc::make_mut(&mut text);
            match case {
                Case::Lower => own.make_ascii_lowercase(),
                Case::Upper => own.make_ascii_uppercase(),
            }
        }
        return text;
    }
    let mapped: String = text.chars().map(|c| letter(c, case, rules)).collect();
    Arc::from(mapped)
}

fn letter(c: char, case: Case, rules: Rules) -> char {
    match (c, case, rules) {
        ('i', Case::Upper, Rules::Turkic) => 'İ',
        ('I', Case::Lower, Rules::Turkic) => 'ı',
        ('ı', Case::Upper, Rules::Invariant) | ('İ', Case::Lower, Rules::Invariant) => c,
        ('İ', Case::Lower, _) => 'i',
        // Greek letters with an iota below have a single capital, which the full mapping spells out.
        ('\u{1f80}'..='\u{1f87}' | '\u{1f90}'..='\u{1f97}' | '\u{1fa0}'..='\u{1fa7}', Case::Upper, _) => {
            char::from_u32(u32::from(c) + 8).unwrap_or(c)
        }
        ('\u{1fb3}' | '\u{1fc3}' | '\u{1ff3}', Case::Upper, _) => {
            char::from_u32(u32::from(c) + 9).unwrap_or(c)
        }
        (_, Case::Lower, _) => single(c, c.to_lowercase()),
        (_, Case::Upper, _) => single(c, c.to_uppercase()),
    }
}

/// The mapped letter, or the letter itself where the mapping would need several, as for ß.
fn single(c: char, mut mapped: impl Iterator<Item = char>) -> char {
    match (mapped.next(), mapped.next()) {
        (Some(only), None) => only,
        _ => c,
    }
}

/// A text for comparison without regard to case, with as many characters as before.
pub(super) fn fold(text: &Arc<str>) -> Arc<str> {
    cased(text.clone(), Case::Lower, Rules::Invariant)
}

fn proper(args: &Arguments<'_>) -> Result<Value, Halt> {
    let Some(source) = args.text(0)? else {
        return Ok(Value::Null);
    };
    if !args.is_given(1) {
        return Ok(Value::from(title(&source)));
    }
    let separators = args.single(1)?;
    let separators = separators.text().unwrap_or_default();
    let mut starts = true;
    let mapped: String = source
        .chars()
        .map(|c| {
            let case = if starts { Case::Upper } else { Case::Lower };
            starts = separators.contains(c);
            letter(c, case, Rules::Invariant)
        })
        .collect();
    Ok(Value::from(mapped))
}

/// Title case as .NET's `ToTitleCase` has it, of text in lower case: a word starts at a letter, also after a digit,
/// and ends at white space, punctuation, symbols and control characters, save an apostrophe.
fn title(source: &str) -> String {
    let mut in_word = false;
    let map = |c: char| {
        if in_word {
            in_word = c == '\'' || !separates(c);
            return letter(c, Case::Lower, Rules::Invariant);
        }
        in_word = is_letter(c);
        if in_word { first(c) } else { letter(c, Case::Lower, Rules::Invariant) }
    };
    source.chars().map(map).collect()
}

/// The first letter of a word: digraphs have a form of their own there, Georgian has none.
fn first(c: char) -> char {
    match c {
        'Ǆ' | 'ǅ' | 'ǆ' => 'ǅ',
        'Ǉ' | 'ǈ' | 'ǉ' => 'ǈ',
        'Ǌ' | 'ǋ' | 'ǌ' => 'ǋ',
        'Ǳ' | 'ǲ' | 'ǳ' => 'ǲ',
        '\u{10d0}'..='\u{10fa}' | '\u{10fd}'..='\u{10ff}' => c,
        _ => letter(c, Case::Upper, Rules::Invariant),
    }
}

fn is_letter(c: char) -> bool {
    use GeneralCategory::{
        LowercaseLetter, ModifierLetter, OtherLetter, TitlecaseLetter, Unassigned, UppercaseLetter,
    };
    match get_general_category(c) {
        UppercaseLetter | LowercaseLetter | TitlecaseLetter | ModifierLetter | OtherLetter => true,
        // The standard library can know newer letters.
        Unassigned => c.is_alphabetic(),
        _ => false,
    }
}

/// Whether a character ends a word: anything but letters, marks, numbers and what has no meaning.
fn separates(c: char) -> bool {
    use GeneralCategory::{
        DecimalNumber, EnclosingMark, LetterNumber, NonspacingMark, OtherNumber, PrivateUse, SpacingMark,
        Surrogate, Unassigned,
    };
    !is_letter(c)
        && !matches!(
            get_general_category(c),
            NonspacingMark
                | SpacingMark
                | EnclosingMark
                | DecimalNumber
                | LetterNumber
                | OtherNumber
                | Surrogate
                | PrivateUse
                | Unassigned
        )
}
