//! Parameters of a request's URL.

use percent_encoding::percent_decode_str;
use scim::Error;
use scim::message::{SearchRequest, SortOrder, attribute_names, whole_number};

/// Reads the parameters that SCIM knows (RFC 7644 section 3.4.2, RFC 9865); others are ignored.
/// The error is `invalidValue` or 400: a number that is none, bytes that are not UTF-8.
pub(crate) fn search(query: &str) -> Result<SearchRequest, Error> {
    let mut search = SearchRequest::default();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decode(name)?;
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        if is("filter") {
            search.filter = Some(decode(value)?).filter(|text| !text.trim().is_empty());
        } else if is("attributes") {
            search.attributes.extend(attribute_names(&decode(value)?));
        } else if is("excludedAttributes") {
            search.excluded_attributes.extend(attribute_names(&decode(value)?));
        } else if is("sortBy") {
            search.sort_by = Some(decode(value)?).filter(|text| !text.trim().is_empty());
        } else if is("sortOrder") {
            search.sort_order = SortOrder::parse(&decode(value)?);
        } else if is("startIndex") {
            search.start_index = whole_number("startIndex", &decode(value)?)?;
        } else if is("count") {
            search.count = whole_number("count", &decode(value)?)?;
        } else if is("cursor") {
            search.cursor = Some(decode(value)?);
        }
    }
    Ok(search)
}

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
        assert!(search("count=x").unwrap_err().detail.contains("count"));
        assert_eq!(search("filter=%ff").unwrap_err().status, 400);
    }
}
