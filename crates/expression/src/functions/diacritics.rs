//! Latin letters without their diacritical marks.

use std::sync::Arc;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Replaces Latin letters with marks by the letters alone. Other scripts keep their marks, to which they are
/// not decoration.
pub(super) fn normalize(text: Arc<str>) -> Arc<str> {
    if text.is_ascii() {
        return text;
    }
    let mut plain = String::with_capacity(text.len());
    let mut after_latin = false;
    for c in text.nfd() {
        if is_combining_mark(c) {
            if !after_latin {
                plain.push(c);
            }
            continue;
        }
        let spelt = spelt_out(c);
        after_latin = spelt.is_some() || is_latin(c);
        match spelt {
            Some(letters) => plain.push_str(letters),
            None => plain.push(c),
        }
    }
    if plain.is_ascii() {
        return Arc::from(plain);
    }
    Arc::from(plain.nfc().collect::<String>())
}

/// Letters that do not decompose in Unicode.
fn spelt_out(c: char) -> Option<&'static str> {
    Some(match c {
        'æ' => "ae",
        'Æ' => "AE",
        'ø' | 'œ' => "oe",
        'Ø' | 'Œ' => "OE",
        'ß' => "ss",
        'ẞ' => "SS",
        'ı' => "i",
        'ł' => "l",
        'Ł' => "L",
        'đ' => "d",
        'Đ' => "D",
        'ħ' => "h",
        'Ħ' => "H",
        'ŧ' => "t",
        'Ŧ' => "T",
        _ => return None,
    })
}

fn is_latin(c: char) -> bool {
    c.is_ascii_alphabetic() || matches!(c, '\u{c0}'..='\u{2af}' | '\u{1e00}'..='\u{1eff}')
}

#[cfg(test)]
mod tests {
    use super::normalize;
    use std::sync::Arc;

    #[test]
    fn frees_latin_letters_from_marks() {
        for (marked, plain) in [
            ("ä à â ã å á ą ă ā ā́ ā̀ ā̂ ā̃ ǟ ā̈ ǡ a̱ å̄", "a"),
            ("Ä À Â Ã Å Á Ą Ă Ā Ā́ Ǟ Ā̈ Ǡ A̱ Å̄", "A"),
            ("æ ǣ", "ae"),
            ("Æ Ǣ", "AE"),
            ("ç č ć c̄ c̱", "c"),
            ("ď d̄ ḏ", "d"),
            ("ë è é ê ę ě ė ē ḗ ḕ ē̂ ē̃ ê̄ e̱ ë̄ e̊̄", "e"),
            ("ğ ḡ g̱", "g"),
            ("ï î ì í ı ī ī́ ī̀ ī̂ ī̃ i̱", "i"),
            ("Ï Î Ì Í İ Ī I̱", "I"),
            ("ľ ł l̄ ḹ ḻ", "l"),
            ("ñ ń ň n̄ ṉ", "n"),
            ("ö ò ő õ ô ó ō ṓ ṑ ō̂ ō̃ ȫ ō̈ ǭ ȭ ȱ o̱", "o"),
            ("ø ø̄ œ̄", "oe"),
            ("Ø Ø̄ Œ̄", "OE"),
            ("ř r̄ ṟ ṝ", "r"),
            ("ß", "ss"),
            ("š ś ș ş s̄ s̱", "s"),
            ("ť ț t̄ ṯ", "t"),
            ("ü ù û ú ů ű ū ū́ ū̀ ū̂ ū̃ u̇̄ ǖ ṻ ṳ̄ u̱", "u"),
            ("ÿ ý ȳ ȳ́ ȳ̀ ȳ̃ y̱", "y"),
            ("Ź Ž Ż Z̄ Ẕ", "Z"),
        ] {
            for letter in marked.split(' ') {
                assert_eq!(&*normalize(Arc::from(letter)), plain, "{letter}");
            }
        }
    }

    #[test]
    fn leaves_other_scripts_alone() {
        for text in ["Андрей", "हिन्दी", "한국어", "Ελλάδα", "ガ", "plain"] {
            assert_eq!(&*normalize(Arc::from(text)), text);
        }
        assert_eq!(&*normalize(Arc::from("Zoë и Андрей")), "Zoe и Андрей");
    }
}
