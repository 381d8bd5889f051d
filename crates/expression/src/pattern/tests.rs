//! Patterns with the results that .NET gives.

use super::{Pattern, Substitution};
use std::ops::ControlFlow;

fn replace(pattern: &str, text: &str, replacement: &str) -> Result<String, String> {
    let pattern = Pattern::compile(pattern)?;
    let substitution = Substitution::new(replacement, &pattern);
    let mut out = String::new();
    let mut done = 0;
    pattern.each_match(text, |captures| {
        let whole = captures.get(0).unwrap();
        out.push_str(&text[done..whole.start()]);
        substitution.write(&mut out, text, captures);
        done = whole.end();
        ControlFlow::Continue(())
    })?;
    Ok(out + &text[done..])
}

#[test]
fn replaces_as_net_does() {
    for (pattern, text, replacement, expected) in [
        // Literals, any character, sets.
        ("b", "abcb", "-", "a-c-"),
        (".", "a\nb", "-", "-\n-"),
        ("(?s).", "a\nb", "-", "---"),
        (".", "é€😀", "-", "---"),
        ("[a-c]", "abcd", "-", "---d"),
        ("[^a-c]", "abcd", "-", "abc-"),
        ("[]a]", "]ab", "-", "--b"),
        ("[^]a]", "]ab", "-", "]a-"),
        (r"[\w-\.]", "a-.!", "x", "xxx!"),
        ("[a-b-c]", "abc-d", "x", "xxxxd"),
        ("[-a]", "a-b", "x", "xxb"),
        ("[a-]", "a-b", "x", "xxb"),
        ("[&&~~^$.|?*+(){}]", "&~^$.|?*+(){}a", "x", "xxxxxxxxxxxxxa"),
        ("[a-z-[aeiou]]", "hello", "-", "-e--o"),
        ("[a-z-[d-w-[m-o]]]", "abdmnz", "-", "--d---"),
        ("[^a-z-[AB]]", "aAC", "-", "aA-"),
        (r"[\d\s]", "a1 b", "-", "a--b"),
        (r"[\D]", "a1", "-", "-1"),
        (r"[\W\d]", "a 1_", "-", "a--_"),
        (r"[\S]", "a b", "-", "- -"),
        (r"[^\P{L}]", "a1", "-", "-1"),
        (r"[\P{L}\P{N}]", "a1!", "-", "---"),
        (r"[\b]", "a\u{8}", "-", "a-"),
        // Kinds of characters.
        (r"\d+", "a12٣", "-", "a-"),
        (r"\w+", "Zoë_1 ü!", "-", "- -!"),
        (r"\W", "aⅧ☺", "-", "a--"),
        (r"\s+", "a \t\u{a0}\u{2028}b", "-", "a-b"),
        (r"\p{Lu}", "AbÄ", "-", "-b-"),
        (r"\P{Lu}", "AbÄ", "-", "A-Ä"),
        (r"\p{IsGreek}", "aΩ", "-", "a-"),
        (r"[^\p{IsBasicLatin}]", "aé", "-", "a-"),
        // Escapes.
        (r"\.\*\+\?\(\)\[\]\{\}\|\^\$\\", r".*+?()[]{}|^$\", "-", "-"),
        (r"\x41\u00e9\t\n\e\cA\101\0", "Aé\t\n\u{1b}\u{1}A\0", "-", "-"),
        (r"\uD83D\uDE00", "😀", "-", "-"),
        (r"\-\#\ \/\@\!\,\<\>", "-# /@!,<>", "x", "x"),
        // Repetitions.
        ("a*", "baac", "-", "-b--c-"),
        ("x*", "abc", "-", "-a-b-c-"),
        ("a{2}", "aaaaa", "-", "--a"),
        ("a{2,}", "aaaaa", "-", "-"),
        ("a{1,2}?", "aaa", "-", "---"),
        ("a{,2}", "a{,2}", "-", "-"),
        ("a{", "a{", "-", "-"),
        ("a{x}", "a{x}", "-", "-"),
        ("a+?b", "aab", "-", "-"),
        ("(?:ab)+", "ababc", "-", "-c"),
        ("(ab|a)(bc)?", "abc", "[$1|$2]", "[ab|]c"),
        ("cat|catalog", "catalog", "-", "-alog"),
        ("a|", "ba", "-", "-b--"),
        // Anchors.
        ("^a", "aaa", "-", "-aa"),
        ("(?m)^a", "a\na", "-", "-\n-"),
        ("a$", "a\na\n", "-", "a\n-\n"),
        ("$", "a\n", "-", "a-\n-"),
        ("(?m)a$", "a\na\n", "-", "-\n-\n"),
        (r"a\z", "a\n", "-", "a\n"),
        (r"a\Z", "a\n", "-", "-\n"),
        (r"a\Z", "a\n\n", "-", "a\n\n"),
        (r"\Aa", "aa", "-", "-a"),
        (r"\bcat\b", "cat concat cat", "-", "- concat -"),
        (r"\Bcat", "cat concat", "-", "cat con-"),
        (r"\Ga", "aaba", "-", "--ba"),
        // Groups and what refers to them.
        (r"(\w+) (\w+)", "Ada Lovelace", "$2, $1", "Lovelace, Ada"),
        (r"(?<first>\w+) (?<last>\w+)", "Ada Lovelace", "${last} ${first}", "Lovelace Ada"),
        (r"(?'q'\w)(x)", "ax", "$1$2${q}", "xaa"),
        (r"(?<a>a)(b)(?<c>c)(d)", "abcd", "$1$2$3$4", "bdac"),
        (r"(?<2>a)(b)", "ab", "$1$2", "ba"),
        (r"(\w)\1", "hello", "-", "he-o"),
        (r"(?<x>\w)\k<x>", "hello", "-", "he-o"),
        (r"(?<x>\w)\k'x'", "hello", "-", "he-o"),
        (r"(?i)(a)\1", "aA", "-", "-"),
        (r"(a)\10", "a\u{8}", "-", "-"),
        (r"(a)\110", "aH", "-", "-"),
        ("(a)?b", "b", "[$1]", "[]"),
        ("(?n)(a)(?<x>b)", "ab", "$1", "b"),
        (r"(?<!\d)\d{2}(?!\d)", "12 345 67", "-", "- 345 -"),
        ("(?<=@).+", "a@b", "-", "a@-"),
        ("(?<=a+)b", "aab", "-", "aa-"),
        ("a(?=b)", "ab ac", "-", "-b ac"),
        ("(?>a+)b", "aab", "-", "-"),
        ("(?>a+)ab", "aab", "-", "aab"),
        ("(a)?(?(1)b|c)", "ab c", "-", "- -"),
        ("(?<x>a)?(?(x)b|c)", "ab c", "-", "- -"),
        // Options.
        ("(?i)STRASSE", "Strasse", "-", "-"),
        ("a(?i)b", "aB AB", "-", "- AB"),
        ("(?i:a)b", "Ab AB", "-", "- AB"),
        ("(a(?i)b)c", "aBc aBC", "-", "- aBC"),
        ("(?i)a|b", "AB", "-", "--"),
        ("(?i)[a-c]+", "aBC", "-", "-"),
        ("(?i)a(?-i)b", "Ab AB", "-", "- AB"),
        ("(?x) a b # both\n c", "abc a b", "-", "- a b"),
        (r"(?x)a\ b", "a b", "-", "-"),
        ("(?x)a + b", "aab", "-", "-"),
        ("(?x)[ a]", "a b", "-", "--b"),
        ("a(?#comment)b", "ab", "-", "-"),
        ("(?is-m)A.", "a\n", "-", "-"),
        // Substitutions.
        ("b", "abc", "$$", "a$c"),
        ("b", "abc", "[$&]", "a[b]c"),
        ("b", "abc", "[$`|$']", "a[a|c]c"),
        ("(a)(b)?", "ab a", "$+", "b "),
        ("b", "abc", "$_", "aabcc"),
        ("(b)", "abc", "$1x", "abxc"),
        ("(b)", "abc", "$12", "a$12c"),
        ("(b)", "abc", "${1}2", "ab2c"),
        ("(b)", "abc", "${nope}", "a${nope}c"),
        ("(b)", "abc", "$x", "a$xc"),
        ("b", "abc", "$", "a$c"),
        ("b", "abc", "$0$0", "abbc"),
        ("b", "abc", "${", "a${c"),
    ] {
        assert_eq!(replace(pattern, text, replacement).as_deref(), Ok(expected), "{pattern} on {text:?}");
    }
}

#[test]
fn refuses_what_net_refuses_and_what_cannot_be_matched_alike() {
    for (pattern, message) in [
        ("(", "this parenthesis is never closed (character 1 of the pattern)"),
        ("a)", "this parenthesis closes nothing (character 2 of the pattern)"),
        ("[a", "this bracket is never closed (character 1 of the pattern)"),
        ("[]", "this bracket is never closed (character 1 of the pattern)"),
        ("[z-a]", "the range is in reverse order (character 2 of the pattern)"),
        (r"[a-\d]", "a range ends with one character (character 2 of the pattern)"),
        (
            "[[:alpha:]]",
            "named sets like [:alpha:] are not part of .NET's patterns (character 2 of the pattern)",
        ),
        ("[a-z-[b]c]", "what is subtracted from a set stands at its end (character 9 of the pattern)"),
        ("*a", "there is nothing to repeat before this (character 1 of the pattern)"),
        ("a|+", "there is nothing to repeat before this (character 3 of the pattern)"),
        ("a**", "a repetition cannot be repeated; put it in (?:...) (character 3 of the pattern)"),
        ("a++", "a repetition cannot be repeated; put it in (?:...) (character 3 of the pattern)"),
        ("a{2}{3}", "a repetition cannot be repeated; put it in (?:...) (character 5 of the pattern)"),
        ("a{3,2}", "the bounds of the repetition are in reverse order (character 2 of the pattern)"),
        ("a{100000}", "more than 1000 repetitions are not supported (character 2 of the pattern)"),
        (r"\1", "there is no group 1 (character 1 of the pattern)"),
        (r"\k<x>", "there is no group x (character 1 of the pattern)"),
        (r"\y", "\\y is no escape that there is (character 1 of the pattern)"),
        (r"\x4", "2 hexadecimal digits belong here (character 1 of the pattern)"),
        (r"\uD83D", "this is half a character (character 1 of the pattern)"),
        (r"\p{Greek}", "Greek is no category or block that is supported (character 1 of the pattern)"),
        (r"\pL", "\\p is followed by a category, as in \\p{L} (character 1 of the pattern)"),
        ("\\", "the pattern ends with a backslash (character 1 of the pattern)"),
        ("(?<a-b>x)", "balancing groups are not supported (character 4 of the pattern)"),
        ("(?r)a", "matching from right to left is not supported (character 3 of the pattern)"),
        ("(?P<a>x)", "a named group is written (?<name>...) (character 3 of the pattern)"),
        ("(?<a>x)(?<a>y)", "the name a is taken by another group (character 11 of the pattern)"),
        ("(?(?=a)b|c)", "a condition can only be the name or number of a group (character 4 of the pattern)"),
        ("(?&)", "(? introduces no kind of group that there is (character 3 of the pattern)"),
        ("(?#a", "this comment is never closed (character 4 of the pattern)"),
    ] {
        assert_eq!(Pattern::compile(pattern).unwrap_err(), message, "{pattern}");
    }
    assert!(Pattern::compile(&"(".repeat(9_000)).unwrap_err().contains("deep"));
    assert!(Pattern::compile(&"[a-[".repeat(2_000)).unwrap_err().contains("deep"));
    assert!(Pattern::compile(&"a".repeat(20_000)).unwrap_err().contains("longer"));
    assert!(Pattern::compile(r"(?:(?:\w{1000}){1000}){1000}").is_err());
}

#[test]
fn catastrophic_patterns_end_at_once() {
    let text = format!("{}!", "a".repeat(40));
    // Without references to groups, no number of ways to match costs more than the length of the text.
    for pattern in ["^(a+)+$", "^(a|aa)+$", r"^(\w+\s?)*$", "(?:a*)*b", "^(([a-z])+.)+[A-Z]([a-z])+$"] {
        assert_eq!(replace(pattern, &text, "x").as_deref(), Ok(&*text), "{pattern}");
    }
    // With them, the tries are counted.
    let error = replace(r"^(?:(a|aa)+)+\1$", &text, "x").unwrap_err();
    assert!(error.starts_with("the pattern takes too many tries to match"), "{error}");
    let error = replace(".", &"a".repeat(100_000), "x").unwrap_err();
    assert!(error.starts_with("the text is longer than 65536 bytes"), "{error}");
    let error = replace("a", &"a".repeat(20_000), "x").unwrap_err();
    assert_eq!(error, "the pattern matches more than 10000 times");
}
