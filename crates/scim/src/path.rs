//! Attribute paths (RFC 7644 section 3.10) and the paths of PATCH operations (section 3.5.2).

use std::fmt;

use crate::error::{Error, ScimType};
use crate::filter::parse::Parser;
use crate::filter::{Filter, Limits, ParseError};
use crate::quirk::Quirks;

/// An attribute path as written: `[URI ":"] name ["." sub]`. Names keep the case in which they were written; they
/// are compared without regard to it.
///
/// A bare URN parses as `uri` and `name` like any other, or with an empty `name` where its last part is no
/// attribute name; [`crate::Definition::resolve`] tells them apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AttrPath {
    /// URN before the attribute.
    pub uri: Option<String>,
    /// Attribute.
    pub name: String,
    /// Sub-attribute.
    pub sub: Option<String>,
}

impl AttrPath {
    /// A path of an attribute without a URN or sub-attribute.
    pub fn of(name: &str) -> Self {
        Self { uri: None, name: name.to_owned(), sub: None }
    }

    /// Reads a path without a filter.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let mut parser = Parser::new(text, Limits::default())?;
        let path = parser.attr_path()?;
        parser.end("the end of the path")?;
        Ok(path)
    }

    /// Takes apart a word of path characters.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        if !word.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("urn:")) {
            let (name, sub) = split_sub(word)?;
            return Some(Self { uri: None, name: name.to_owned(), sub: sub.map(str::to_owned) });
        }
        if word.ends_with([':', '.']) || word.contains("::") {
            return None;
        }
        let (uri, last) = word.rsplit_once(':')?;
        Some(match split_sub(last) {
            Some((name, sub)) if uri.len() > 4 => {
                Self { uri: Some(uri.to_owned()), name: name.to_owned(), sub: sub.map(str::to_owned) }
            }
            _ => Self { uri: Some(word.to_owned()), name: String::new(), sub: None },
        })
    }
}

fn split_sub(word: &str) -> Option<(&str, Option<&str>)> {
    match word.split_once('.') {
        Some((name, sub)) => (is_name(name) && is_name(sub)).then_some((name, Some(sub))),
        None => is_name(word).then_some((word, None)),
    }
}

/// Whether a text is an attribute name by the grammar (RFC 7643 section 2.1): a letter, then letters, digits, `$`,
/// `-` and `_`.
pub(crate) fn is_attribute_name(name: &str) -> bool {
    name.bytes().enumerate().all(|(position, byte)| {
        byte.is_ascii_alphabetic() || (position > 0 && (byte.is_ascii_digit() || b"$-_".contains(&byte)))
    }) && !name.is_empty()
}

/// An attribute name, or one such as `$ref`, which the grammar forgets.
fn is_name(name: &str) -> bool {
    is_attribute_name(name.strip_prefix('$').unwrap_or(name))
}

impl fmt::Display for AttrPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.uri {
            Some(uri) if self.name.is_empty() => f.write_str(uri)?,
            Some(uri) => write!(f, "{uri}:{}", self.name)?,
            None => f.write_str(&self.name)?,
        }
        match &self.sub {
            Some(sub) => write!(f, ".{sub}"),
            None => Ok(()),
        }
    }
}

/// The path of a PATCH operation: an attribute path, or a value path `name[filter]` with an optional sub-attribute
/// (then in `attr.sub`).
#[derive(Debug, Clone, PartialEq)]
pub struct Path {
    /// Attribute and sub-attribute.
    pub attr: AttrPath,
    /// The filter in brackets; its paths are sub-attributes.
    pub filter: Option<Filter>,
}

impl Path {
    /// Reads a path; the error is `invalidPath` with the position.
    pub fn parse(text: &str) -> Result<Self, Error> {
        Self::parse_noting(text, &mut Quirks::new())
    }

    /// Reads a path and notes deviations from the grammar.
    pub fn parse_noting(text: &str, quirks: &mut Quirks) -> Result<Self, Error> {
        let parse = || {
            let mut parser = Parser::new(text, Limits::default())?;
            let path = parser.path()?;
            parser.end("the end of the path")?;
            Ok((path, parser.quirks))
        };
        match parse() {
            Ok((path, met)) => {
                quirks.extend(met);
                Ok(path)
            }
            Err(error) => Err(Self::error(text, &error)),
        }
    }

    fn error(text: &str, error: &ParseError) -> Error {
        let shown: String = text.chars().take(200).collect();
        Error::of(ScimType::InvalidPath, format!("the path \"{shown}\" is malformed at {error}"))
    }

    /// A path without a filter.
    pub fn of(attr: AttrPath) -> Self {
        Self { attr, filter: None }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(filter) = &self.filter else { return write!(f, "{}", self.attr) };
        let base = AttrPath { sub: None, ..self.attr.clone() };
        write!(f, "{base}[{filter}]")?;
        match &self.attr.sub {
            Some(sub) => write!(f, ".{sub}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_form() {
        let path = |text: &str| {
            let path = Path::parse(text).unwrap();
            assert_eq!(path.to_string(), text);
            (path.attr.uri, path.attr.name, path.attr.sub, path.filter.is_some())
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(path("title"), (None, "title".into(), None, false));
        assert_eq!(path("name.givenName"), (None, "name".into(), some("givenName"), false));
        assert_eq!(path("members.$ref"), (None, "members".into(), some("$ref"), false));
        assert_eq!(path("emails[type eq \"work\"]"), (None, "emails".into(), None, true));
        assert_eq!(path("emails[type eq \"work\"].value"), (None, "emails".into(), some("value"), true));
        assert_eq!(path("urn:a:b:2.0:User:x.y"), (some("urn:a:b:2.0:User"), "x".into(), some("y"), false));
        assert_eq!(
            path("urn:a:b:2.0:User:x[y pr].z"),
            (some("urn:a:b:2.0:User"), "x".into(), some("z"), true)
        );
        assert_eq!(path("urn:a:b:2.0"), (some("urn:a:b:2.0"), String::new(), None, false));
    }

    #[test]
    fn blanks_around_a_path_do_not_matter() {
        assert_eq!(
            Path::parse(" emails[ type  EQ \"work\" ].value ").unwrap().to_string(),
            "emails[type eq \"work\"].value"
        );
    }

    proptest::proptest! {
        #[test]
        fn any_path_is_parsed_or_refused(text in "(urn:)?[a-c$.:0-9]{0,6}(\\[[ab] (pr|eq 1)\\])?(\\.?[a-c$.]{0,3})?") {
            if let Ok(path) = Path::parse(&text) {
                let printed = path.to_string();
                proptest::prop_assert_eq!(Path::parse(&printed).expect("a printed path parses"), path);
            }
        }
    }

    #[test]
    fn refuses_what_is_no_path() {
        for text in [
            "",
            " ",
            "1a",
            "a.",
            "a.b.c",
            ".a",
            "a[",
            "a[]",
            "a[b]",
            "a[b eq 1",
            "a[b eq 1].",
            "a[b eq 1]c",
            "a b",
            "a]",
            "é",
            "urn:",
            "urn:a:",
            "urn::a",
            "a[b[c eq 1]]",
            "$",
            "a.b[c eq 1]",
            "urn:a:2.0[b eq 1]",
            "a[b eq 1]..c",
        ] {
            let error = Path::parse(text).expect_err(text);
            assert_eq!(error.scim_type, Some(ScimType::InvalidPath), "{text}");
        }
    }
}
