//! Keys for comparison without regard to case: canonical caseless matching of Unicode section 3.13.

use std::borrow::Cow;

use caseless::Caseless;
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// Version of [`fold_key`]; a store that keeps folded keys rebuilds them when this number changes.
pub const FOLD_VERSION: u32 = 1;

/// The key under which texts that differ only in case or in Unicode composition are the same: decomposed,
/// fully case folded (`ß` is `ss`), composed (NFC).
pub fn fold_key(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.nfd().default_case_fold().nfc().collect()
}

/// The text in NFC, borrowed where it already is.
pub fn compose(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || is_nfc(text) { Cow::Borrowed(text) } else { Cow::Owned(text.nfc().collect()) }
}

/// Whether `text` folds to `key`, which is folded already. Allocates for non-ASCII only.
pub fn folds_to(text: &str, key: &str) -> bool {
    if text.is_ascii() { text.eq_ignore_ascii_case(key) } else { fold_key(text) == key }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn folds_scripts() {
        assert_eq!(fold_key("Bjensen@Example.COM"), "bjensen@example.com");
        assert_eq!(fold_key("STRASSE"), fold_key("straße"));
        assert_eq!(fold_key("ΣΊΣΥΦΟΣ"), fold_key("σίσυφος"));
        assert_eq!(fold_key("ZOE\u{308}"), fold_key("zo\u{eb}"));
        assert_eq!(fold_key("\u{212a}elvin"), "kelvin");
        assert_ne!(fold_key("a"), fold_key("á"));
    }

    #[test]
    fn matching_agrees_with_the_key() {
        for (text, key) in [("ÉCOLE", "école"), ("Kelvin", "kelvin"), ("\u{212a}elvin", "kelvin"), ("x", "y")]
        {
            assert_eq!(folds_to(text, key), fold_key(text) == key);
        }
    }

    proptest! {
        #[test]
        fn folding_twice_is_folding_once(text in any::<String>()) {
            let key = fold_key(&text);
            prop_assert_eq!(fold_key(&key), key);
        }

        #[test]
        fn composition_does_not_matter(text in any::<String>()) {
            let decomposed: String = text.nfd().collect();
            prop_assert_eq!(fold_key(&decomposed), fold_key(&text));
        }
    }
}
