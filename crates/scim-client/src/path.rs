//! Target attribute paths: `userName`, `name.givenName`, `emails[type eq "work"].value`, `urn:…:User:department`.
//!
//! The part of RFC 7644 section 3.5.2's path grammar that attribute mappings use: an optional schema URN, an
//! attribute, an optional filter that is a conjunction of `eq` comparisons, an optional sub-attribute.

use std::fmt;

use serde_json::Value;

/// Schema of the enterprise user extension (RFC 7643 section 4.3).
pub const ENTERPRISE_USER: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const CORE_PREFIX: &str = "urn:ietf:params:scim:schemas:core:2.0:";
const LONGEST_PATH: usize = 1024;
const MOST_CLAUSES: usize = 16;

/// Why a text is not a target attribute path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the target attribute path `{path}` is not valid at character {position}: {problem}")]
pub struct Error {
    /// The path as given (cut if it was very long).
    pub path: String,
    /// Where the problem is, counted in characters from 1.
    pub position: usize,
    /// What was expected there.
    pub problem: &'static str,
}

/// A parsed target attribute path.
#[derive(Debug, Clone, PartialEq)]
pub struct Path {
    /// The schema extension's URN; none for attributes of the core schemas, also when they were written in full.
    pub extension: Option<String>,
    /// The attribute, as written.
    pub attribute: String,
    /// `sub eq literal` comparisons which all must hold, for one value of a multi-valued attribute.
    pub filter: Vec<Clause>,
    /// The sub-attribute of a complex attribute.
    pub sub: Option<String>,
}

/// One `attribute eq literal` in a path's filter.
#[derive(Debug, Clone, PartialEq)]
pub struct Clause {
    /// The sub-attribute compared.
    pub attribute: String,
    /// A string, boolean, number or null.
    pub value: Value,
}

impl Path {
    /// Reads a path as attribute mappings write it.
    pub fn parse(text: &str) -> Result<Self, Error> {
        Parser { text, at: 0 }.path()
    }

    /// True for the enterprise extension's `manager` without a sub-attribute: a flat value stands for its `value`.
    pub fn is_manager(&self) -> bool {
        self.sub.is_none()
            && self.filter.is_empty()
            && self.attribute.eq_ignore_ascii_case("manager")
            && self.extension.as_deref().is_some_and(|urn| urn.eq_ignore_ascii_case(ENTERPRISE_USER))
    }

    /// True if both name the same value of a multi-valued attribute (or the same attribute), whatever their
    /// sub-attributes.
    pub fn same_element(&self, other: &Self) -> bool {
        let same_extension = match (&self.extension, &other.extension) {
            (None, None) => true,
            (Some(one), Some(two)) => one.eq_ignore_ascii_case(two),
            _ => false,
        };
        same_extension
            && self.attribute.eq_ignore_ascii_case(&other.attribute)
            && self.filter.len() == other.filter.len()
            && self.filter.iter().zip(&other.filter).all(|(one, two)| {
                one.attribute.eq_ignore_ascii_case(&two.attribute) && one.value == two.value
            })
    }

    /// The path without its filter and sub-attribute.
    pub fn attribute_path(&self) -> String {
        match &self.extension {
            Some(urn) => format!("{urn}:{}", self.attribute),
            None => self.attribute.clone(),
        }
    }

    /// The path without its sub-attribute.
    pub fn element_path(&self) -> String {
        Self { sub: None, ..self.clone() }.to_string()
    }

    /// `attribute eq "value"` as a SCIM filter (RFC 7644 section 3.4.2.2); a path with a filter becomes a value
    /// path, `emails[type eq "work" and value eq "x"]`, the only form the RFC's grammar knows.
    pub fn equals(&self, value: &str) -> String {
        let literal = Value::from(value);
        if self.filter.is_empty() {
            return match (&self.sub, self.is_manager()) {
                (Some(sub), _) => format!("{}.{sub} eq {literal}", self.attribute_path()),
                (None, true) => format!("{}.value eq {literal}", self.attribute_path()),
                (None, false) => format!("{} eq {literal}", self.attribute_path()),
            };
        }
        let sub = self.sub.as_deref().unwrap_or("value");
        format!("{}[{} and {sub} eq {literal}]", self.attribute_path(), conjunction(&self.filter))
    }
}

impl fmt::Display for Path {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(urn) = &self.extension {
            write!(out, "{urn}:")?;
        }
        out.write_str(&self.attribute)?;
        if !self.filter.is_empty() {
            write!(out, "[{}]", conjunction(&self.filter))?;
        }
        match &self.sub {
            Some(sub) => write!(out, ".{sub}"),
            None => Ok(()),
        }
    }
}

fn conjunction(clauses: &[Clause]) -> String {
    let mut text = String::new();
    for clause in clauses {
        if !text.is_empty() {
            text.push_str(" and ");
        }
        text.push_str(&clause.attribute);
        text.push_str(" eq ");
        // A SCIM filter literal is a JSON value (RFC 7644 section 3.4.2.2, `compValue`).
        text.push_str(&clause.value.to_string());
    }
    text
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl Parser<'_> {
    fn path(mut self) -> Result<Path, Error> {
        if self.text.len() > LONGEST_PATH {
            return Err(self.error("a path of at most 1,024 bytes"));
        }
        let extension = self.extension()?;
        let attribute = self.name()?;
        let filter = if self.take('[') { self.filter()? } else { Vec::new() };
        let sub = if self.take('.') { Some(self.name()?) } else { None };
        if self.at < self.text.len() {
            return Err(self.error("the end of the path"));
        }
        Ok(Path { extension, attribute, filter, sub })
    }

    /// A schema URN ends with the last colon before the filter. URNs of core schemas are dropped: their attributes
    /// are top-level members of a resource.
    fn extension(&mut self) -> Result<Option<String>, Error> {
        let head = self.text.split('[').next().unwrap_or_default();
        if !head.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("urn:")) {
            return Ok(None);
        }
        let Some(end) = head.rfind(':').filter(|end| *end > 3) else {
            return Err(self.error("a schema URN, a colon and an attribute"));
        };
        let urn = &self.text[..end];
        if let Some(bad) = urn.find(|c: char| c.is_whitespace() || c.is_control() || c == '"') {
            self.at = bad;
            return Err(self.error("a schema URN without spaces and quotes"));
        }
        self.at = end + 1;
        let core = urn.get(..CORE_PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(CORE_PREFIX));
        Ok((!core).then(|| urn.to_owned()))
    }

    /// `ATTRNAME` of RFC 7643 section 2.1, and `$ref`.
    fn name(&mut self) -> Result<String, Error> {
        let rest = &self.text[self.at..];
        let length = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '$')))
            .unwrap_or(rest.len());
        if length == 0 || rest.starts_with(|c: char| !(c.is_ascii_alphabetic() || matches!(c, '_' | '$'))) {
            return Err(self.error("an attribute name (letters, digits, `_`, `-`)"));
        }
        self.at += length;
        Ok(rest[..length].to_owned())
    }

    fn filter(&mut self) -> Result<Vec<Clause>, Error> {
        let mut clauses = Vec::new();
        loop {
            self.spaces();
            let attribute = self.name()?;
            self.keyword("eq")?;
            self.spaces();
            let value = self.literal(&attribute)?;
            clauses.push(Clause { attribute, value });
            self.spaces();
            if self.take(']') {
                return Ok(clauses);
            }
            if clauses.len() >= MOST_CLAUSES {
                return Err(self.error("at most 16 comparisons"));
            }
            self.keyword("and")?;
        }
    }

    fn keyword(&mut self, word: &'static str) -> Result<(), Error> {
        self.spaces();
        let rest = &self.text[self.at..];
        let found = rest.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
        if found && rest[word.len()..].starts_with(' ') {
            self.at += word.len();
            return Ok(());
        }
        Err(self.error(if word == "eq" { "` eq ` and a value" } else { "`]` or ` and `" }))
    }

    fn literal(&mut self, attribute: &str) -> Result<Value, Error> {
        const EXPECTED: &str = "a value: a string in double quotes, true, false, null or a number";
        let rest = &self.text[self.at..];
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
        let value = match values.next() {
            Some(Ok(value)) if !value.is_array() && !value.is_object() => value,
            _ => return Err(self.error(EXPECTED)),
        };
        self.at += values.byte_offset();
        // Entra's templates write `primary eq "True"`; the attribute is boolean (RFC 7643 section 2.4).
        if attribute.eq_ignore_ascii_case("primary") {
            match value.as_str() {
                Some(text) if text.eq_ignore_ascii_case("true") => return Ok(Value::Bool(true)),
                Some(text) if text.eq_ignore_ascii_case("false") => return Ok(Value::Bool(false)),
                _ => {}
            }
        }
        Ok(value)
    }

    fn spaces(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start_matches(' ').len();
    }

    fn take(&mut self, expected: char) -> bool {
        let found = self.text[self.at..].starts_with(expected);
        if found {
            self.at += expected.len_utf8();
        }
        found
    }

    fn error(&self, problem: &'static str) -> Error {
        let position = self.text.get(..self.at).map_or(0, |before| before.chars().count()) + 1;
        Error { path: self.text.chars().take(200).collect(), position, problem }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Path {
        Path::parse(text).expect("a valid path")
    }

    #[test]
    fn reads_the_forms_mappings_use() {
        assert_eq!(parse("userName").attribute, "userName");
        assert_eq!(parse("name.givenName").sub.as_deref(), Some("givenName"));
        let mail = parse(r#"emails[type eq "work"].value"#);
        assert_eq!(mail.filter, [Clause { attribute: "type".into(), value: "work".into() }]);
        let department = parse("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department");
        assert_eq!(department.extension.as_deref(), Some(ENTERPRISE_USER));
        assert_eq!(department.attribute, "department");
        let role = parse(r#"roles[primary eq "True" and type eq "a]b"].value"#);
        assert_eq!(role.filter[0].value, Value::Bool(true));
        assert_eq!(role.filter[1].value, "a]b");
        assert!(parse("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager").is_manager());
    }

    #[test]
    fn core_urns_are_top_level() {
        let path = parse("urn:ietf:params:scim:schemas:core:2.0:User:name.givenName");
        assert_eq!(path, parse("name.givenName"));
    }

    #[test]
    fn says_what_is_wrong_and_where() {
        let cases = [
            ("", 1),
            ("user name", 5),
            (".value", 1),
            ("emails[type eq work].value", 16),
            ("emails[type eq \"work\".value", 22),
            ("emails[type ne \"work\"].value", 13),
            ("name.", 6),
            ("urn:x", 1),
        ];
        for (text, position) in cases {
            let error = Path::parse(text).expect_err(text);
            assert_eq!(error.position, position, "{error}");
        }
    }

    #[test]
    fn filters_escape_values() {
        assert_eq!(parse("userName").equals(r#"a"b\c"#), r#"userName eq "a\"b\\c""#);
        assert_eq!(
            parse(r#"emails[type eq "work"].value"#).equals("x@y"),
            r#"emails[type eq "work" and value eq "x@y"]"#
        );
        assert_eq!(
            parse("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber").equals("7"),
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber eq \"7\""
        );
    }

    proptest! {
        #[test]
        fn never_panics(text in ".{0,60}") {
            let _ = Path::parse(&text);
        }

        #[test]
        fn never_panics_near_valid(text in r#"(urn:)?[a:.\[\] "e]{0,12}(\[type eq )?["a\\é\]]{0,6}\]?(\.v)?"#) {
            let _ = Path::parse(&text);
        }

        #[test]
        fn prints_what_it_reads(name in "[a-z]{1,5}", kind in any::<String>(), sub in proptest::option::of("[a-z]{1,5}")) {
            let path = Path {
                extension: None,
                attribute: name,
                filter: vec![Clause { attribute: "type".into(), value: kind.chars().take(60).collect::<String>().into() }],
                sub,
            };
            prop_assert_eq!(Path::parse(&path.to_string()), Ok(path));
        }
    }
}
