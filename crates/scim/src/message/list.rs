//! Queries and their answers (RFC 7644 sections 3.4.2 and 3.4.3, RFC 9865).

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::named;
use crate::error::Error;
use crate::resource::kind_of;
use crate::urn;
use crate::words::words;

words! {
    /// Order of a sorted list.
    SortOrder {
        /// Smallest first.
        Ascending = "ascending",
        /// Largest first.
        Descending = "descending",
    } else Ascending
}

/// A page of resources. `R` is what is at hand: a value, a view, raw bytes.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ListResponse<R> {
    schemas: [&'static str; 1],
    /// How many match in all; with cursors it may be unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_results: Option<u64>,
    /// How many this page has.
    pub items_per_page: u64,
    /// Position of the first one, from 1; only with pages by index.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_index: Option<u64>,
    /// Where the next page begins; only with cursors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// Where the page before begins; only with cursors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous_cursor: Option<String>,
    /// The resources.
    #[serde(rename = "Resources")]
    pub resources: Vec<R>,
}

impl<R> ListResponse<R> {
    /// A page by index; `start_index` is that of the first resource, from 1.
    pub fn by_index(total_results: u64, start_index: u64, resources: Vec<R>) -> Self {
        Self { start_index: Some(start_index), total_results: Some(total_results), ..Self::of(resources) }
    }

    /// A page by cursor.
    pub fn by_cursor(total_results: Option<u64>, next_cursor: Option<String>, resources: Vec<R>) -> Self {
        Self { total_results, next_cursor, ..Self::of(resources) }
    }

    fn of(resources: Vec<R>) -> Self {
        Self {
            schemas: [urn::LIST_RESPONSE],
            total_results: None,
            items_per_page: resources.len() as u64,
            start_index: None,
            next_cursor: None,
            previous_cursor: None,
            resources,
        }
    }
}

/// Reads tolerantly: names in any case, numbers as strings, missing parts, `Resources` null.
impl<'de> Deserialize<'de> for ListResponse<Value> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut body = serde_json::Map::deserialize(deserializer)?;
        let mut page = Self::of(Vec::new());
        let keys: Vec<String> = body.keys().cloned().collect();
        for key in keys {
            let value = body.shift_remove(&key).unwrap_or_default();
            match key.to_ascii_lowercase().as_str() {
                "totalresults" => page.total_results = whole(&value),
                "itemsperpage" => page.items_per_page = whole(&value).unwrap_or_default(),
                "startindex" => page.start_index = whole(&value),
                "nextcursor" => page.next_cursor = value.as_str().map(str::to_owned),
                "previouscursor" => page.previous_cursor = value.as_str().map(str::to_owned),
                "resources" => match value {
                    Value::Array(resources) => page.resources = resources,
                    Value::Null => {}
                    _ => return Err(serde::de::Error::custom("Resources is not a list")),
                },
                _ => {}
            }
        }
        Ok(page)
    }
}

fn whole(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// A query by POST to `.search`. The same as the parameters of a GET.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SearchRequest {
    /// The message URN.
    pub schemas: Vec<String>,
    /// What is returned.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<String>,
    /// What is not returned.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub excluded_attributes: Vec<String>,
    /// Filter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// Path of the attribute to sort by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sort_by: Option<String>,
    /// Order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sort_order: Option<SortOrder>,
    /// Position of the first result, from 1; less means 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_index: Option<i64>,
    /// Most results wanted; less than 0 means 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<i64>,
    /// Cursor of a page; empty for the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

impl SearchRequest {
    /// Reads a body: names in any case, numbers as strings, lists of attributes as in a query. Errors:
    /// `invalidSyntax`, and `invalidValue` for a number that is none.
    pub fn parse(body: Value) -> Result<Self, Error> {
        let names = [
            "attributes",
            "excludedAttributes",
            "filter",
            "sortBy",
            "sortOrder",
            "startIndex",
            "count",
            "cursor",
        ];
        let mut body = named("a search request", body, &names)?;
        let mut take = |name: &str| body.shift_remove(name).unwrap_or_default();
        let text = |name: &str, value: Value| match value {
            Value::Null => Ok(None),
            Value::String(text) => Ok(Some(text)),
            other => {
                Err(Error::syntax(format!("{name} takes a string; the request has {}", kind_of(&other))))
            }
        };
        let list = |name: &str, value: Value| match value {
            Value::Array(values) => {
                let read = values.into_iter().map(|value| text(name, value));
                read.filter_map(Result::transpose).collect()
            }
            other => Ok(text(name, other)?.as_deref().map(attribute_names).unwrap_or_default()),
        };
        let number = |name: &str, value: Value| match value {
            Value::Null => Ok(None),
            Value::String(text) => whole_number(name, &text),
            other => match other.as_i64() {
                Some(number) => Ok(Some(number)),
                None => Err(no_whole_number(name, &other.to_string())),
            },
        };
        Ok(Self {
            schemas: vec![urn::SEARCH_REQUEST.to_owned()],
            attributes: list("attributes", take("attributes"))?,
            excluded_attributes: list("excludedAttributes", take("excludedAttributes"))?,
            filter: text("filter", take("filter"))?.filter(|text| !text.trim().is_empty()),
            sort_by: text("sortBy", take("sortBy"))?.filter(|text| !text.trim().is_empty()),
            sort_order: text("sortOrder", take("sortOrder"))?.and_then(|word| SortOrder::parse(&word)),
            start_index: number("startIndex", take("startIndex"))?,
            count: number("count", take("count"))?,
            cursor: text("cursor", take("cursor"))?,
        })
    }
}

/// Reads a list of attributes as a query has it, separated by commas.
pub fn attribute_names(list: &str) -> Vec<String> {
    list.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// Reads the number of a parameter; none where the text is empty. The error is `invalidValue`.
pub fn whole_number(name: &str, text: &str) -> Result<Option<i64>, Error> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| no_whole_number(name, text))
}

fn no_whole_number(name: &str, text: &str) -> Error {
    let shown: String = text.chars().take(40).collect();
    Error::value(format!("{name} must be a whole number, not \"{shown}\""))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_page_has_the_names_of_the_rfc() {
        let page = ListResponse::by_index(7, 3, vec![json!({"id": "1"})]);
        assert_eq!(
            serde_json::to_value(&page).unwrap(),
            json!({"schemas": [urn::LIST_RESPONSE], "totalResults": 7, "itemsPerPage": 1, "startIndex": 3,
                "Resources": [{"id": "1"}]})
        );
        let page = ListResponse::by_cursor(None, Some("c".into()), Vec::<Value>::new());
        assert_eq!(
            serde_json::to_value(&page).unwrap(),
            json!({"schemas": [urn::LIST_RESPONSE], "itemsPerPage": 0, "nextCursor": "c", "Resources": []})
        );
    }

    #[test]
    fn foreign_pages_are_read() {
        let page: ListResponse<Value> =
            serde_json::from_value(json!({"TotalResults": "2", "resources": [{"id": 1}], "x": 1})).unwrap();
        assert_eq!((page.total_results, page.resources.len()), (Some(2), 1));
        let page: ListResponse<Value> =
            serde_json::from_value(json!({"totalResults": 0, "Resources": null})).unwrap();
        assert!(page.resources.is_empty());
        assert!(serde_json::from_value::<ListResponse<Value>>(json!({"Resources": 1})).is_err());
    }

    #[test]
    fn a_search_reads_and_prints() {
        let body = json!({"schemas": [urn::SEARCH_REQUEST], "filter": "title pr", "startIndex": 1, "count": -1,
            "sortOrder": "descending"});
        let search = SearchRequest::parse(body.clone()).unwrap();
        assert_eq!(search.sort_order, Some(SortOrder::Descending));
        assert_eq!(serde_json::to_value(&search).unwrap(), body);
    }

    #[test]
    fn a_search_is_read_as_clients_write_it() {
        let body = json!({"FILTER": "title pr", "Count": "7", "startindex": null, "attributes": "id, userName",
            "excludedAttributes": ["title", null], "sortOrder": "down", "other": 1});
        let search = SearchRequest::parse(body).unwrap();
        assert_eq!(
            (search.filter.as_deref(), search.count, search.start_index),
            (Some("title pr"), Some(7), None)
        );
        assert_eq!(
            (search.attributes, search.excluded_attributes),
            (vec!["id".to_owned(), "userName".to_owned()], vec!["title".to_owned()])
        );
        for (body, word) in [
            (json!([]), "object"),
            (json!({"filter": 5}), "filter"),
            (json!({"attributes": {}}), "attributes"),
            (json!({"count": "x"}), "count"),
            (json!({"startIndex": 1.5}), "startIndex"),
        ] {
            let error = SearchRequest::parse(body).unwrap_err();
            assert!(error.status == 400 && error.detail.contains(word), "{error}");
        }
    }
}
