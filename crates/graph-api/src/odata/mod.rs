//! Query options of OData, as far as Graph has them for our resources.

mod expand;
mod filter;
mod parse;
mod search;

pub(crate) use expand::Expand;
pub(crate) use filter::{Comparison, Filter, Operator};
pub(crate) use search::Search;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::{Map, Value};
use store::Cursor;

use crate::error::ApiError;

/// The query options of a call.
#[derive(Debug, Default)]
pub(crate) struct Query {
    /// Name and value of each, decoded, in order.
    options: Vec<(String, String)>,
    pub filter: Option<Filter>,
    select: Vec<String>,
    pub expand: Vec<Expand>,
    pub top: Option<usize>,
    /// How many objects are left out at the start.
    pub skip: usize,
    pub after: Option<Cursor>,
    pub count: bool,
    pub search: Option<Search>,
    pub order_by: Option<OrderBy>,
}

/// A query option that not every list takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Filter,
    Search,
    OrderBy,
    Expand,
    Skip,
}

/// By what a list is ordered.
#[derive(Debug, PartialEq)]
pub(crate) struct OrderBy {
    pub property: String,
    pub descending: bool,
}

impl OrderBy {
    fn parse(value: &str) -> Result<Self, ApiError> {
        let mut words = value.split_whitespace();
        let property = words.next().unwrap_or_default().to_owned();
        let descending = match words.next().map(str::to_ascii_lowercase).as_deref() {
            None | Some("asc") => Some(false),
            Some("desc") => Some(true),
            Some(_) => None,
        };
        match (descending, words.next()) {
            (Some(descending), None) if !property.contains(',') => Ok(Self { property, descending }),
            _ => Err(ApiError::unsupported("'$orderby' takes one property, then asc or desc.")),
        }
    }
}

/// Longest value of a query option, in bytes.
const MAX_OPTION: usize = 16 * 1024;
const DEFAULT_PAGE: usize = 100;
/// Most objects of a page.
pub(crate) const MAX_PAGE: usize = 999;

impl Query {
    /// Reads the query part of an address.
    pub fn parse(query: &str) -> Result<Self, ApiError> {
        let mut parsed = Self::default();
        for part in query.split('&').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let (name, value) = (decode(name)?, decode(value)?);
            if value.len() > MAX_OPTION {
                return Err(ApiError::bad(format!(
                    "The query option {name} is longer than {MAX_OPTION} bytes."
                )));
            }
            if name.starts_with('$') && parsed.option(&name).is_some() {
                return Err(ApiError::bad(format!(
                    "Query option '{name}' was specified more than once, but it must be specified at most once."
                )));
            }
            parsed.set(&name, &value)?;
            parsed.options.push((name, value));
        }
        Ok(parsed)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), ApiError> {
        match name.trim_start_matches('$').to_ascii_lowercase().as_str() {
            "filter" if !value.trim().is_empty() => self.filter = Some(Filter::parse(value)?),
            "select" => self.select = names(value),
            "expand" => self.expand = Expand::parse(value)?,
            "top" => self.top = Some(top(value)?),
            "count" => self.count = value.eq_ignore_ascii_case("true"),
            "orderby" if !value.trim().is_empty() => self.order_by = Some(OrderBy::parse(value)?),
            "search" => self.search = Search::parse(value)?,
            "skiptoken" => {
                let token = URL_SAFE_NO_PAD.decode(value);
                let token =
                    token.map_err(|_| ApiError::bad("The $skiptoken is not one that this server gave."))?;
                self.after = Some(Cursor(token.into()));
            }
            "skip" => {
                let skip = value.trim().parse();
                self.skip =
                    skip.map_err(|_| ApiError::bad("$skip must be a number that is not negative."))?;
            }
            "filter" | "orderby" | "deltatoken" => {}
            "format" if value.eq_ignore_ascii_case("json") || value.starts_with("application/json") => {}
            _ if name.starts_with('$') => {
                let shown: String = name.chars().take(60).collect();
                return Err(ApiError::unsupported(format!("The query option '{shown}' is not supported.")));
            }
            _ => {}
        }
        Ok(())
    }

    /// Refuses options that a list does not take: it would not be what they ask for.
    pub fn only(&self, taken: &[Part]) -> Result<(), ApiError> {
        let given = [
            (Part::Filter, self.filter.is_some(), "$filter"),
            (Part::Search, self.search.is_some(), "$search"),
            (Part::OrderBy, self.order_by.is_some(), "$orderby"),
            (Part::Expand, !self.expand.is_empty(), "$expand"),
            (Part::Skip, self.skip > 0, "$skip"),
        ];
        match given.into_iter().find(|(part, given, _)| *given && !taken.contains(part)) {
            None => Ok(()),
            Some((Part::Skip, ..)) => {
                Err(ApiError::unsupported("'$skip' is not supported: follow @odata.nextLink."))
            }
            Some((.., name)) => Err(ApiError::unsupported(format!("'{name}' is not supported here."))),
        }
    }

    /// An option that is not one of OData's.
    pub fn option(&self, name: &str) -> Option<&str> {
        self.options
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Whether an option of ours is on.
    pub fn flag(&self, name: &str) -> Result<bool, ApiError> {
        match self.option(name).map(str::to_ascii_lowercase).as_deref() {
            None | Some("false" | "0") => Ok(false),
            Some("true" | "1" | "") => Ok(true),
            Some(other) => {
                let shown: String = other.chars().take(40).collect();
                Err(ApiError::bad(format!("{name} is true or false, not '{shown}'.")))
            }
        }
    }

    /// How many objects a page has.
    pub fn limit(&self) -> usize {
        self.top.unwrap_or(DEFAULT_PAGE)
    }

    /// The properties that `$select` names; none where it selects everything.
    pub fn selection(&self) -> &[String] {
        if self.select.iter().any(|name| name == "*") { &[] } else { &self.select }
    }

    /// The object with the properties that `$select` names, and its id, annotations and what was expanded.
    pub fn select(&self, object: Value) -> Value {
        selected(object, self.selection(), &self.expand)
    }

    /// The same options with another `$skiptoken`.
    pub fn with_skip_token(&self, token: &str) -> String {
        let mut parts: Vec<String> = self
            .options
            .iter()
            .filter(|(name, _)| !["$skiptoken", "$skip"].iter().any(|it| name.eq_ignore_ascii_case(it)))
            .map(|(name, value)| {
                let name = utf8_percent_encode(name, NON_ALPHANUMERIC).to_string().replacen("%24", "$", 1);
                format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC))
            })
            .collect();
        parts.push(format!("$skiptoken={token}"));
        parts.join("&")
    }
}

/// A cursor as a client gets it.
pub(crate) fn skip_token(cursor: &Cursor) -> String {
    URL_SAFE_NO_PAD.encode(&cursor.0)
}

fn decode(text: &str) -> Result<String, ApiError> {
    let text = text.replace('+', " ");
    let text = percent_decode_str(&text).decode_utf8();
    text.map(std::borrow::Cow::into_owned).map_err(|_| ApiError::bad("The query is not UTF-8."))
}

fn top(value: &str) -> Result<usize, ApiError> {
    match value.trim().parse() {
        Ok(top @ 1..=MAX_PAGE) => Ok(top),
        _ => Err(ApiError::bad(format!(
            "Invalid page size specified: $top must be between 1 and {MAX_PAGE} inclusive."
        ))),
    }
}

/// Names separated by commas.
fn names(value: &str) -> Vec<String> {
    value.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
}

/// The object with the members of those names, null where it has no value, and those that are always shown; whole where
/// no names are given.
pub(crate) fn selected(object: Value, names: &[String], expanded: &[Expand]) -> Value {
    let Value::Object(mut members) = object else { return object };
    if names.is_empty() {
        return Value::Object(members);
    }
    let mut shown = Map::new();
    let annotations: Vec<String> = members.keys().filter(|name| name.starts_with('@')).cloned().collect();
    let always = annotations.iter().map(String::as_str).chain(["id"]);
    for name in always.chain(expanded.iter().map(|it| it.relation.as_str())) {
        if let Some(value) = members.remove(name) {
            shown.insert(name.to_owned(), value);
        }
    }
    for name in names.iter().map(|name| name.split('/').next().unwrap_or(name)) {
        let known = members.keys().find(|key| key.eq_ignore_ascii_case(name)).cloned();
        match known {
            Some(known) => {
                let value = members.remove(&known).unwrap_or_default();
                shown.insert(known, value);
            }
            None if shown.keys().any(|key| key.eq_ignore_ascii_case(name)) => {}
            None => {
                shown.insert(name.to_owned(), Value::Null);
            }
        }
    }
    Value::Object(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_and_written_again() {
        let query =
            Query::parse("$filter=displayName%20eq%20'A%26B'&$top=5&$select=mail,Id&x=a+b").expect("valid");
        assert_eq!((query.limit(), query.option("x")), (5, Some("a b")));
        let link = query.with_skip_token("abcd");
        let again = Query::parse(&link).expect("valid");
        assert_eq!(again.options[..4], query.options[..]);
        assert_eq!(skip_token(again.after.as_ref().expect("there")), "abcd");
        let selected = query.select(serde_json::json!({"id": 1, "mail": 2, "city": 3}));
        assert_eq!(selected, serde_json::json!({"id": 1, "mail": 2}));
        let selected = query.select(serde_json::json!({"id": 1, "city": 3}));
        assert_eq!(selected, serde_json::json!({"id": 1, "mail": null}));
    }

    #[test]
    fn options_that_a_list_does_not_take_are_refused() {
        let query = Query::parse("$filter=a eq 1&$orderby=b&$skip=2&$count=true&ours=1").expect("valid");
        assert!(query.only(&[Part::Filter, Part::OrderBy, Part::Skip]).is_ok());
        for taken in [[Part::Filter, Part::OrderBy], [Part::Filter, Part::Skip], [Part::Skip, Part::OrderBy]]
        {
            assert!(query.only(&taken).is_err(), "{taken:?}");
        }
    }

    #[test]
    fn bad_options_are_refused() {
        for query in
            ["$top=0", "$top=1000", "$top=x", "$skip=-1", "$skiptoken=%20", "$filter=a", "a=%ff", "$apply=x"]
        {
            assert!(Query::parse(query).is_err(), "{query}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_options_are_read_or_refused(
            value in proptest::prop_oneof!["\\PC{0,60}", "[a-z0-9()',:/$;=\"\\\\ ]{0,60}"],
            name in "filter|select|expand|top|count|orderby|search|skip|skiptoken|format",
        ) {
            let option = format!("${name}={}", utf8_percent_encode(&value, NON_ALPHANUMERIC));
            if let Ok(query) = Query::parse(&option) {
                let object = serde_json::json!({"id": "1", "a": ["b", {"c": 1}], "d": null});
                if let Some(filter) = &query.filter {
                    filter.matches(&object);
                }
                query.select(object);
                proptest::prop_assert!(Query::parse(&query.with_skip_token("abcd")).is_ok());
            }
        }
    }
}
