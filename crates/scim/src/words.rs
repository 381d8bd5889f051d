//! A macro for enumerations that are words on the wire, read in any case.

/// Declares an enumeration of wire words: `as_str`, `parse` (any case), `Display` and serde.
///
/// With `else Variant`, an unknown word reads as that variant, since other people's servers are tolerated.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $word:literal),+ $(,)? } $(else $fallback:ident)?) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$vmeta])* $variant),+ }

        impl $name {
            /// The word as the RFC spells it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// Reads the word in any case.
            pub fn parse(word: &str) -> Option<Self> {
                $(if word.eq_ignore_ascii_case($word) { return Some(Self::$variant); })+
                None
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let word = <String as serde::Deserialize>::deserialize(deserializer)?;
                match Self::parse(&word) {
                    Some(value) => Ok(value),
                    None => words!(@unknown word $(, $fallback)?),
                }
            }
        }
    };
    (@unknown $word:ident, $fallback:ident) => { Ok(Self::$fallback) };
    (@unknown $word:ident) => { Err(serde::de::Error::custom(format!("unknown word \"{}\"", $word))) };
}

pub(crate) use words;
