//! `$search`: words that properties have.

use directory::Phrase;
use serde_json::Value;

use crate::error::ApiError;

/// What is searched for: of one alternative every clause must hold.
#[derive(Debug, PartialEq)]
pub(crate) struct Search(Vec<Vec<Clause>>);

/// A text in one property or in any of those that are searched.
#[derive(Debug, PartialEq)]
struct Clause {
    property: Option<String>,
    text: Phrase,
}

/// Most clauses of a search.
const MAX_CLAUSES: usize = 50;

impl Search {
    /// Reads `"displayName:ann" AND "mail:x" OR "bob"`; a single clause may stand without quotes. `None` where nothing is
    /// searched for.
    pub fn parse(value: &str) -> Result<Option<Self>, ApiError> {
        let value = value.trim();
        if !value.starts_with('"') {
            let clause = clause(value);
            return Ok((!clause.text.is_empty()).then(|| Self(vec![vec![clause]])));
        }
        let (mut alternatives, mut rest, mut count) = (vec![Vec::new()], value, 0);
        loop {
            let (text, after) = quoted(rest)?;
            count += 1;
            if count > MAX_CLAUSES {
                return Err(ApiError::bad(format!("$search takes at most {MAX_CLAUSES} clauses.")));
            }
            let read = clause(&text);
            if !read.text.is_empty()
                && let Some(all) = alternatives.last_mut()
            {
                all.push(read);
            }
            rest = after.trim_start();
            if rest.is_empty() {
                break;
            }
            rest = if let Some(rest) = rest.strip_prefix("AND ") {
                rest
            } else if let Some(rest) = rest.strip_prefix("OR ") {
                alternatives.push(Vec::new());
                rest
            } else {
                return Err(ApiError::bad(
                    "Syntax error in $search: AND or OR must stand between two texts.",
                ));
            }
            .trim_start();
        }
        alternatives.retain(|all| !all.is_empty());
        Ok((!alternatives.is_empty()).then_some(Self(alternatives)))
    }

    /// Refuses a property that is not among those that can be searched.
    pub fn check(&self, searched: &[&str]) -> Result<(), ApiError> {
        let unknown = self.clauses().find_map(|clause| {
            clause.property.as_deref().filter(|name| !searched.iter().any(|it| it.eq_ignore_ascii_case(name)))
        });
        match unknown {
            None => Ok(()),
            Some(name) => {
                let shown: String = name.chars().take(60).collect();
                Err(ApiError::unsupported(format!("'$search' of '{shown}' is not supported."))
                    .hint(format!("Search in {}.", searched.join(", "))))
            }
        }
    }

    /// Whether an object in JSON is what is searched for.
    pub fn matches(&self, object: &Value, searched: &[&str]) -> bool {
        let found = |name: &str, clause: &Clause| {
            object[name].as_str().is_some_and(|value| clause.text.finds(name, value))
        };
        let holds = |clause: &Clause| {
            searched
                .iter()
                .filter(|name| clause.property.as_ref().is_none_or(|it| it.eq_ignore_ascii_case(name)))
                .any(|name| found(name, clause))
        };
        self.0.iter().any(|all| all.iter().all(holds))
    }

    /// Texts, one of which begins a word of whatever is found of users and groups; none where that cannot be told.
    pub fn beginnings(&self) -> Option<Vec<String>> {
        let of_clause = |clause: &Clause| clause.text.beginnings(clause.property.as_deref());
        let shortest = |texts: &Vec<String>| texts.iter().map(String::len).min();
        let best = |all: &Vec<Clause>| all.iter().filter_map(of_clause).max_by_key(shortest);
        let texts: Option<Vec<Vec<String>>> = self.0.iter().map(best).collect();
        texts.map(|texts| texts.concat())
    }

    fn clauses(&self) -> impl Iterator<Item = &Clause> {
        self.0.iter().flatten()
    }
}

fn clause(text: &str) -> Clause {
    let (property, text) = match text.split_once(':') {
        Some((name, rest)) if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
            (Some(name.to_owned()), rest)
        }
        _ => (None, text),
    };
    Clause { property, text: Phrase::new(text.trim().trim_matches('"')) }
}

/// The text in quotes at the start, and what follows it; `\"` and `\\` stand for the character.
fn quoted(text: &str) -> Result<(String, &str), ApiError> {
    let unclosed = || ApiError::bad("Syntax error in $search: texts stand in double quotes.");
    let inner = text.strip_prefix('"').ok_or_else(unclosed)?;
    let (mut read, mut escaped) = (String::new(), false);
    for (at, char) in inner.char_indices() {
        match char {
            '"' if !escaped => return Ok((read, &inner[at + 1..])),
            '\\' if !escaped => escaped = true,
            _ => {
                read.push(char);
                escaped = false;
            }
        }
    }
    Err(unclosed())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_are_found_or_not() {
        let ann = json!({"displayName": "Ann \"A\" Lee", "mail": "ann@x.com", "city": "Bonn"});
        let found = |search: &str| {
            let search = Search::parse(search).expect(search).expect(search);
            search.matches(&ann, &["displayName", "mail"])
        };
        for (search, expected) in [
            ("\"displayName:ANN\"", true),
            ("displayName:lee", true),
            ("\"mail:lee\"", false),
            ("\"mail:ann\" AND \"displayName:bob\"", false),
            ("\"mail:ann\" AND \"displayName:bob\" OR \"lee\"", true),
            ("displayName:ee", false),
            ("\"lee ann\"", true),
            ("\"mail:x.com\"", false),
            (r#""displayName:\"a\"""#, true),
            ("\"bonn\"", false),
        ] {
            assert_eq!(found(search), expected, "{search}");
        }
        assert_eq!(Search::parse(" ").expect("nothing"), None);
        for bad in ["\"a", "\"a\" \"b\"", "\"a\" and \"b\"", "\"a\" AND b"] {
            assert!(Search::parse(bad).is_err(), "{bad}");
        }
        let city = Search::parse("\"city:b\"").expect("valid").expect("there");
        assert!(city.check(&["displayName"]).is_err() && city.check(&["displayName", "city"]).is_ok());
    }
}
