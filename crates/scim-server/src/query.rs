//! Parameters of a request's URL.

use percent_encoding::percent_decode_str;
use scim::message::{SearchRequest, SortOrder, attribute_names, whole_number};
use scim::{Error, ScimType};

/// Reads the parameters that SCIM knows (RFC 7644 section 3.4.2, RFC 9865); others are ignored. The lists of `attributes`
/// and `excludedAttributes` may be spread over several parameters of that name, as some clients write lists.
/// The error is `invalidValue` or 400: a number that is none, bytes that are not UTF-8, another parameter given twice
/// with different values, of which nobody can say which was meant.
pub(crate) fn search(query: &str) -> Result<SearchRequest, Error> {
    let mut search = SearchRequest::default();
    for (name, value) in parameters(query, &KNOWN, &LISTS)? {
        match name {
            "attributes" => search.attributes.extend(attribute_names(&value)),
            "excludedAttributes" => search.excluded_attributes.extend(attribute_names(&value)),
            "filter" => search.filter = Some(value).filter(|text| !text.trim().is_empty()),
            "sortBy" => search.sort_by = Some(value).filter(|text| !text.trim().is_empty()),
            "sortOrder" => search.sort_order = SortOrder::parse(&value),
            "startIndex" => search.start_index = whole_number("startIndex", &value)?,
            "count" => search.count = whole_number("count", &value)?,
            _ => search.cursor = Some(value),
        }
    }
    Ok(search)
}

/// The parameters of these names, in the order of the URL, without those that repeat an earlier one. Only `lists` may have
/// several values.
pub(crate) fn parameters<'k>(
    query: &str,
    known: &[&'k str],
    lists: &[&str],
) -> Result<Vec<(&'k str, String)>, Error> {
    let mut given: Vec<(&str, String)> = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decode(name)?;
        let Some(known) = known.iter().find(|known| name.eq_ignore_ascii_case(known)) else { continue };
        let value = decode(value)?;
        match given.iter().find(|(other, _)| other == known && !lists.contains(other)) {
            Some((_, other)) if *other != value => {
                let words = format!("the URL has {known} twice with different values: send one");
                return Err(Error::of(ScimType::InvalidValue, words));
            }
            Some(_) => {}
            None => given.push((*known, value)),
        }
    }
    Ok(given)
}

const LISTS: [&str; 2] = ["attributes", "excludedAttributes"];
const KNOWN: [&str; 8] =
    ["filter", "attributes", "excludedAttributes", "sortBy", "sortOrder", "startIndex", "count", "cursor"];

/// Decodes a part of a query. A plus sign is a space as in forms, unless the sender writes spaces as `%20`: who
/// does so means a plus sign (`user+tag@example.com`).
fn decode(text: &str) -> Result<String, Error> {
    let spaced;
    let text = if text.contains('+') && !text.contains("%20") {
        spaced = text.replace('+', " ");
        &spaced
    } else {
        text
    };
    percent_decode_str(text)
        .decode_utf8()
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| Error::new(400, "the query of the URL is not UTF-8 after percent-decoding"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_come_as_plus_or_percent() {
        let filter = |query| search(query).unwrap().filter.unwrap();
        assert_eq!(filter("filter=userName+eq+%22a%2Bb%22"), r#"userName eq "a+b""#);
        assert_eq!(filter("filter=userName%20eq%20%22a+b%22"), r#"userName eq "a+b""#);
    }

    #[test]
    fn odd_parameters_are_ignored_or_named() {
        let search_ =
            search("x=1&&count=&startIndex=0&excludedAttributes=members,%20meta&SORTORDER=Descending")
                .unwrap();
        assert_eq!((search_.count, search_.start_index), (None, Some(0)));
        assert_eq!(search_.excluded_attributes, ["members", "meta"]);
        assert_eq!(search_.sort_order, Some(SortOrder::Descending));
        assert_eq!(search("attributes=a,b&Attributes=c").unwrap().attributes, ["a", "b", "c"]);
        assert_eq!(search("count=7&COUNT=7").unwrap().count, Some(7));
        let twice = search("filter=title+pr&startIndex=1&filter=active+eq+true").unwrap_err();
        assert!(twice.detail.contains("filter twice"), "{twice}");
        assert!(search("count=x").unwrap_err().detail.contains("count"));
        assert_eq!(search("filter=%ff").unwrap_err().status, 400);
    }
}
