//! `DateTimeStyles` of .NET.

/// How strictly a date-time is read and what becomes of its offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Styles(u8);

const LEADING: u8 = 1;
const TRAILING: u8 = 2;
const INNER: u8 = 4;
const UNIVERSAL: u8 = 16;
const ASSUME_LOCAL: u8 = 32;
const ASSUME_UNIVERSAL: u8 = 64;
const ROUND_TRIP: u8 = 128;

const NAMES: [(&str, u8); 10] = [
    ("None", 0),
    ("AllowLeadingWhite", LEADING),
    ("AllowTrailingWhite", TRAILING),
    ("AllowInnerWhite", INNER),
    ("AllowWhiteSpaces", LEADING | TRAILING | INNER),
    // What is not in the text is never taken from the clock.
    ("NoCurrentDateDefault", 0),
    ("AdjustToUniversal", UNIVERSAL),
    ("AssumeLocal", ASSUME_LOCAL),
    ("AssumeUniversal", ASSUME_UNIVERSAL),
    ("RoundtripKind", ROUND_TRIP),
];

impl Styles {
    /// What holds when nothing is said.
    pub(crate) const DEFAULT: Self = Self(ROUND_TRIP | LEADING | TRAILING);

    /// Reads names with commas between them, each with or without `DateTimeStyles.` before it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut styles = 0;
        for name in text.split([',', '|']).map(str::trim) {
            let bare = name.strip_prefix("DateTimeStyles.").unwrap_or(name);
            let known = NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(bare));
            styles |= known.ok_or_else(|| Self::unknown(name))?.1;
        }
        let has = |style: u8| styles & style != 0;
        if has(ASSUME_LOCAL) && has(ASSUME_UNIVERSAL) {
            return Err("AssumeLocal and AssumeUniversal exclude each other".to_owned());
        }
        if has(ROUND_TRIP) && has(ASSUME_LOCAL | ASSUME_UNIVERSAL | UNIVERSAL) {
            return Err(
                "RoundtripKind excludes AssumeLocal, AssumeUniversal and AdjustToUniversal".to_owned()
            );
        }
        Ok(Self(styles))
    }

    fn unknown(name: &str) -> String {
        let near = crate::suggest::nearest(name, NAMES.iter().map(|(name, _)| *name));
        match near {
            Some(near) => format!("there is no style {name}; did you mean {near}?"),
            None => {
                format!("there is no style {name}; styles are {}", NAMES.map(|(name, _)| name).join(", "))
            }
        }
    }

    pub(super) fn leading(self) -> bool {
        self.0 & LEADING != 0
    }

    pub(super) fn trailing(self) -> bool {
        self.0 & TRAILING != 0
    }

    pub(super) fn inner(self) -> bool {
        self.0 & INNER != 0
    }

    pub(super) fn adjusts(self) -> bool {
        self.0 & UNIVERSAL != 0
    }

    pub(super) fn assumes(self) -> bool {
        self.0 & (ASSUME_LOCAL | ASSUME_UNIVERSAL) != 0
    }
}
