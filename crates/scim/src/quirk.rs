//! The deviations from the RFCs that are accepted, so that the request log can name them.

use std::fmt;

/// One deviation of a client that was accepted. The text is the attribute, key or word concerned, as sent.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Quirk {
    /// `op` in another case than lower case.
    OperationCase(String),
    /// A PATCH body without its `schemas`, or with another one.
    PatchSchemas,
    /// A PATCH operation with an empty path.
    EmptyPath,
    /// A boolean sent as a string, e.g. `"True"`.
    BooleanAsString(String),
    /// A number sent as a string.
    NumberAsString(String),
    /// A number or boolean sent where a string belongs.
    StringAsNumber(String),
    /// A key such as `name.givenName` in a body.
    DottedKey(String),
    /// A key such as `urn:...:User:department` in a body.
    QualifiedKey(String),
    /// A key such as `emails[type eq "work"].value` in a body.
    FilterKey(String),
    /// An attribute or schema name in another case than its schema has it.
    NameCase(String),
    /// An attribute that no schema of the resource type has, ignored.
    UnknownAttribute(String),
    /// A null or an empty list instead of an absent attribute.
    NullValue(String),
    /// An empty string that means an absent value.
    EmptyString(String),
    /// One value where a list belongs.
    SingleForList(String),
    /// A list of one where a single value belongs.
    ListForSingle(String),
    /// A plain value where an object with `value` belongs, e.g. `manager` as a string.
    PlainForComplex(String),
    /// The `schemas` list is missing.
    SchemasMissing,
    /// The `schemas` list lacks a schema whose attributes are present.
    SchemaNotListed(String),
    /// The `schemas` list names a schema that the resource type does not have.
    SchemaUnknown(String),
    /// A client's `id` in a create, or in the value of a PATCH; ignored.
    ClientId,
    /// A read-only attribute in the value of a path-less PATCH, ignored.
    ReadOnlyIgnored(String),
    /// More than one element is primary; the first stays so.
    SeveralPrimary(String),
    /// A value path matched nothing; the element was created from its filter.
    ElementCreated(String),
    /// A `remove` that matched nothing.
    NothingToRemove(String),
    /// A `remove` with a value list instead of a filter in its path.
    RemoveByValue(String),
    /// A member without `value`, told by its `$ref`.
    MemberByRef,
    /// `$ref` of a member is null.
    NullRef,
    /// A filter's string in doubled quotes.
    DoubledQuotes,
    /// A filter's string in single quotes.
    SingleQuotes,
    /// A filter's string without quotes.
    UnquotedString(String),
    /// `True`, `False` or `Null` of a filter in another case than lower case.
    LiteralCase(String),
    /// A filter compares an attribute with a literal of another type, e.g. `active eq "True"`.
    LiteralType(String),
    /// A filter compares behind a value path, e.g. `emails[type eq "work"].value eq "x"`.
    ComparedValuePath,
}

impl Quirk {
    /// A short stable name for logs and counters, e.g. `boolean-as-string`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::OperationCase(_) => "operation-case",
            Self::PatchSchemas => "patch-schemas",
            Self::EmptyPath => "empty-path",
            Self::BooleanAsString(_) => "boolean-as-string",
            Self::NumberAsString(_) => "number-as-string",
            Self::StringAsNumber(_) => "string-as-number",
            Self::DottedKey(_) => "dotted-key",
            Self::QualifiedKey(_) => "qualified-key",
            Self::FilterKey(_) => "filter-key",
            Self::NameCase(_) => "name-case",
            Self::UnknownAttribute(_) => "unknown-attribute",
            Self::NullValue(_) => "null-value",
            Self::EmptyString(_) => "empty-string",
            Self::SingleForList(_) => "single-for-list",
            Self::ListForSingle(_) => "list-for-single",
            Self::PlainForComplex(_) => "plain-for-complex",
            Self::SchemasMissing => "schemas-missing",
            Self::SchemaNotListed(_) => "schema-not-listed",
            Self::SchemaUnknown(_) => "schema-unknown",
            Self::ClientId => "client-id",
            Self::ReadOnlyIgnored(_) => "read-only-ignored",
            Self::SeveralPrimary(_) => "several-primary",
            Self::ElementCreated(_) => "element-created",
            Self::NothingToRemove(_) => "nothing-to-remove",
            Self::RemoveByValue(_) => "remove-by-value",
            Self::MemberByRef => "member-by-ref",
            Self::NullRef => "null-ref",
            Self::DoubledQuotes => "doubled-quotes",
            Self::SingleQuotes => "single-quotes",
            Self::UnquotedString(_) => "unquoted-string",
            Self::LiteralCase(_) => "literal-case",
            Self::LiteralType(_) => "literal-type",
            Self::ComparedValuePath => "compared-value-path",
        }
    }
}

impl fmt::Display for Quirk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OperationCase(op) => write!(f, "The operation \"{op}\" is not in lower case."),
            Self::PatchSchemas => f.write_str("The PATCH body does not name the PatchOp schema."),
            Self::EmptyPath => f.write_str("An operation has an empty path; it was taken as none."),
            Self::BooleanAsString(at) => write!(f, "The boolean {at} was sent as a string."),
            Self::NumberAsString(at) => write!(f, "The number {at} was sent as a string."),
            Self::StringAsNumber(at) => write!(f, "The string {at} was sent as a number or boolean."),
            Self::DottedKey(key) => write!(f, "The key \"{key}\" is a path; it was taken apart."),
            Self::QualifiedKey(key) => write!(f, "The key \"{key}\" names its schema; it was taken apart."),
            Self::FilterKey(key) => write!(f, "The key \"{key}\" is a value path; it was taken as one."),
            Self::NameCase(name) => write!(f, "The name \"{name}\" is not in the case of its schema."),
            Self::UnknownAttribute(name) => {
                write!(f, "No schema has the attribute \"{name}\"; it was ignored.")
            }
            Self::NullValue(at) => write!(f, "{at} is null or an empty list; it was taken as absent."),
            Self::EmptyString(at) => write!(f, "{at} is an empty string; it was taken as absent."),
            Self::SingleForList(at) => write!(f, "{at} is a single value; it was taken as a list of one."),
            Self::ListForSingle(at) => write!(f, "{at} is a list of one; its value was taken."),
            Self::PlainForComplex(at) => {
                write!(f, "{at} is a plain value; it was taken as the sub-attribute value.")
            }
            Self::SchemasMissing => f.write_str("The schemas list is missing; it was filled in."),
            Self::SchemaNotListed(urn) => write!(f, "The schemas list lacks {urn}; it was added."),
            Self::SchemaUnknown(urn) => {
                write!(f, "The schemas list names {urn}, which is unknown; it was dropped.")
            }
            Self::ClientId => f.write_str("The client sent an id; it was ignored."),
            Self::ReadOnlyIgnored(at) => write!(f, "{at} is read-only; the value sent was ignored."),
            Self::SeveralPrimary(at) => {
                write!(f, "More than one value of {at} is primary; the first stays so.")
            }
            Self::ElementCreated(path) => write!(f, "{path} matched nothing; the value was created."),
            Self::NothingToRemove(path) => write!(f, "{path} matched nothing; nothing was removed."),
            Self::RemoveByValue(at) => {
                write!(f, "The values of {at} to remove were sent as a value, not as a filter.")
            }
            Self::MemberByRef => f.write_str("A member has no value; it was read from its $ref."),
            Self::NullRef => f.write_str("The $ref of a member is null."),
            Self::DoubledQuotes => f.write_str("A string of the filter stands in doubled quotes."),
            Self::SingleQuotes => f.write_str("A string of the filter stands in single quotes."),
            Self::UnquotedString(word) => write!(f, "The string {word} of the filter has no quotes."),
            Self::LiteralCase(word) => write!(f, "The literal {word} of the filter is not in lower case."),
            Self::LiteralType(at) => write!(f, "The filter compares {at} with a literal of another type."),
            Self::ComparedValuePath => f.write_str("The filter compares behind a value path."),
        }
    }
}

/// The deviations of one request, each once, no more than [`Quirks::LIMIT`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Quirks(Vec<Quirk>);

impl Quirks {
    /// How many are kept of one request; a body of a megabyte must not become a log of one.
    pub const LIMIT: usize = 32;
    /// Longest text kept of an attribute or key, in characters.
    const TEXT: usize = 200;

    /// No deviation.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes a deviation.
    pub fn note(&mut self, quirk: Quirk) {
        if self.0.len() < Self::LIMIT && !self.0.contains(&quirk) {
            self.0.push(quirk);
        }
    }

    /// Notes a deviation at an attribute or key; the text is cut to a sensible length.
    pub fn at(&mut self, quirk: fn(String) -> Quirk, text: &str) {
        if self.0.len() < Self::LIMIT {
            self.note(quirk(text.chars().take(Self::TEXT).collect()));
        }
    }

    /// Adds those of another part of the same request.
    pub fn extend(&mut self, other: Self) {
        other.0.into_iter().for_each(|quirk| self.note(quirk));
    }

    /// The deviations in the order in which they were met.
    pub fn iter(&self) -> std::slice::Iter<'_, Quirk> {
        self.0.iter()
    }

    /// Whether the request was as the RFCs have it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a deviation was met.
    pub fn contains(&self, quirk: &Quirk) -> bool {
        self.0.contains(quirk)
    }
}

impl<'q> IntoIterator for &'q Quirks {
    type Item = &'q Quirk;
    type IntoIter = std::slice::Iter<'q, Quirk>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl IntoIterator for Quirks {
    type Item = Quirk;
    type IntoIter = std::vec::IntoIter<Quirk>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_bounded_and_single() {
        let mut quirks = Quirks::new();
        quirks.note(Quirk::ClientId);
        quirks.note(Quirk::ClientId);
        assert_eq!(quirks.iter().count(), 1);
        for number in 0..100 {
            quirks.at(Quirk::UnknownAttribute, &format!("x{number}{}", "y".repeat(1000)));
        }
        assert_eq!(quirks.iter().count(), Quirks::LIMIT);
        assert!(quirks.iter().all(|quirk| quirk.to_string().len() < 300));
    }
}
