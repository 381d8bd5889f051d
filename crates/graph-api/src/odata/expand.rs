//! `$expand`: what is shown of related objects with an object.

use serde_json::Value;

use super::selected;
use crate::error::ApiError;

/// A relation that is to be shown.
#[derive(Debug, PartialEq)]
pub(crate) struct Expand {
    /// Its name.
    pub relation: String,
    select: Vec<String>,
}

impl Expand {
    /// Reads `manager($select=id,displayName),memberOf`.
    pub fn parse(value: &str) -> Result<Vec<Self>, ApiError> {
        let parts = split(value, ',');
        parts.into_iter().map(str::trim).filter(|part| !part.is_empty()).map(Self::parse_one).collect()
    }

    fn parse_one(text: &str) -> Result<Self, ApiError> {
        let Some((relation, options)) = text.split_once('(') else {
            return Ok(Self { relation: text.to_owned(), select: Vec::new() });
        };
        let options = options
            .strip_suffix(')')
            .ok_or_else(|| ApiError::bad("Invalid $expand clause: a parenthesis is not closed."))?;
        let mut select = Vec::new();
        for option in split(options, ';').into_iter().map(str::trim).filter(|option| !option.is_empty()) {
            match option.split_once('=') {
                Some(("$select", names)) => select = super::names(names),
                Some(("$levels", "1")) => {}
                _ => {
                    let shown: String = option.chars().take(60).collect();
                    return Err(ApiError::unsupported(format!(
                        "'{shown}' is not supported within $expand, '$select' is."
                    )));
                }
            }
        }
        Ok(Self { relation: relation.trim().to_owned(), select })
    }

    /// The related object, or each of a list, with what is selected of it.
    pub fn of(&self, related: Value) -> Value {
        match related {
            Value::Array(values) => {
                values.into_iter().map(|value| selected(value, &self.select, &[])).collect()
            }
            value => selected(value, &self.select, &[]),
        }
    }
}

/// The parts between separators that stand in no parentheses.
fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0_usize);
    for (at, char) in text.char_indices() {
        match char {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if char == separator && depth == 0 => {
                parts.push(&text[start..at]);
                start = at + char.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn relations_are_read_with_what_is_selected_of_them() {
        let read = Expand::parse("manager($levels=1;$select=id,displayName), memberOf").expect("valid");
        assert_eq!(read.iter().map(|it| it.relation.as_str()).collect::<Vec<_>>(), ["manager", "memberOf"]);
        let shown = read[0].of(json!({"@odata.type": "#x", "id": 1, "displayName": "Ann", "mail": "a"}));
        assert_eq!(shown, json!({"@odata.type": "#x", "id": 1, "displayName": "Ann"}));
        for bad in ["manager(", "manager($filter=a eq 1)", "manager($levels=max)"] {
            assert!(Expand::parse(bad).is_err(), "{bad}");
        }
    }
}
