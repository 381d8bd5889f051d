//! Reading lists page by page, without trusting the target to end them.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::{Map, Value};

use crate::document::member;
use crate::failure::Failure;
use crate::resource::Resource;

const MOST_PAGES: usize = 1_000_000;

/// Where to go on reading.
#[derive(Debug, Clone, Default)]
pub struct PageToken {
    pub(crate) position: Position,
    /// Hashes of the pages read, to notice a target that serves the same ones again.
    seen: HashSet<u64>,
    /// True if the page before may have been the last, and this is only to make sure.
    pub(crate) probing: bool,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) enum Position {
    /// The first page, by cursor where the target is known to have them.
    #[default]
    Start,
    /// `startIndex`, from 1 (RFC 7644 section 3.4.2.4).
    Index(u64),
    /// `cursor` (RFC 9865).
    Cursor(String),
}

impl PageToken {
    /// The first page.
    pub fn first() -> Self {
        Self::default()
    }
}

/// A part of a list.
#[derive(Debug, Clone)]
pub struct Page {
    /// The resources, in the target's order.
    pub resources: Vec<Resource>,
    /// How many resources there are in all, if the target says.
    pub total: Option<u64>,
    /// Where the next page starts; none at the end.
    pub next: Option<PageToken>,
}

/// A `ListResponse` (RFC 7644 section 3.4.2).
pub(crate) struct Message {
    pub resources: Vec<Resource>,
    pub total: Option<u64>,
    next_cursor: Option<String>,
}

impl Message {
    pub fn from_json(mut body: Map<String, Value>) -> Result<Self, Failure> {
        let total = member(&body, "totalResults").and_then(|total| match total {
            Value::String(text) => text.parse().ok(),
            number => number.as_u64(),
        });
        let next_cursor = member(&body, "nextCursor")
            .and_then(Value::as_str)
            .filter(|next| !next.is_empty())
            .map(str::to_owned);
        let key = body.keys().find(|key| key.eq_ignore_ascii_case("Resources")).cloned();
        let list = match key.and_then(|key| body.remove(&key)) {
            Some(Value::Array(list)) => list,
            None | Some(Value::Null) if total.is_some() => Vec::new(),
            _ => {
                return Err(Failure::not_scim(
                    "The answer to a query is not a SCIM ListResponse: `Resources` or `totalResults` is missing.",
                ));
            }
        };
        let mut resources = Vec::with_capacity(list.len());
        for element in list {
            let resource = match element {
                Value::Object(fields) => Resource::from_json(fields),
                _ => None,
            };
            let Some(resource) = resource else {
                return Err(Failure::not_scim("A resource in the target's list has no `id`."));
            };
            resources.push(resource);
        }
        Ok(Self { resources, total, next_cursor })
    }

    /// The page, and where to go on.
    pub fn into_page(self, asked: usize, mut token: PageToken) -> Result<Page, Failure> {
        let Self { resources, total, next_cursor } = self;
        let end = |resources| Ok(Page { resources, total, next: None });
        if resources.is_empty() && next_cursor.is_none() {
            return end(resources);
        }
        let mut hasher = DefaultHasher::new();
        for resource in &resources {
            resource.id.hash(&mut hasher);
        }
        next_cursor.hash(&mut hasher);
        if !token.seen.insert(hasher.finish()) {
            if token.probing {
                return end(Vec::new());
            }
            return Err(Failure::not_scim(
                "The target serves the same page of its list again and again: it does not support paging.",
            ));
        }
        if token.seen.len() >= MOST_PAGES {
            return Err(Failure::not_scim("The target's list does not end (more than a million pages)."));
        }
        let count = resources.len() as u64;
        let next = match (&token.position, next_cursor) {
            (Position::Start | Position::Cursor(_), Some(cursor)) => Some((Position::Cursor(cursor), false)),
            (Position::Cursor(_), None) => None,
            (position, _) => {
                let start = if let Position::Index(start) = position { *start } else { 1 };
                let next = start.saturating_add(count);
                let known = total.unwrap_or(0);
                // Some targets give the size of the page as the total; a full page may not be the last then.
                let suspicious = count == asked as u64 && known <= count;
                (next <= known || suspicious).then_some((Position::Index(next), suspicious))
            }
        };
        let next = next.map(|(position, probing)| PageToken { position, probing, seen: token.seen });
        Ok(Page { resources, total, next })
    }
}
