//! `/users/delta` and `/groups/delta`: all objects once, and then what changes.
//!
//! A token carries the state of the reader with the options of the first call, so that neither is kept here. It is of use
//! to nobody who may not read the objects anyway; one that was tampered with reads elsewhere or is refused.

use axum::Json;
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use directory::{DeltaEntry, DeltaRelation, DeltaScope, DeltaState, Presence, Rest};
use model::ObjectType;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use store::{Cursor, Position};
use uuid::Uuid;

use super::{Routes, objects};
use crate::call::{Call, guid};
use crate::error::{Answer, ApiError};
use crate::odata::{Comparison, Filter, MAX_PAGE, Operator, Part, Query};
use crate::render;

pub(super) fn routes() -> Routes {
    Routes::new().route("/users/delta", get(users)).route("/groups/delta", get(groups))
}

async fn users(call: Call) -> Answer {
    answer(&call, ObjectType::User).await
}

async fn groups(call: Call) -> Answer {
    answer(&call, ObjectType::Group).await
}

/// Most objects that a filter names, as Graph has it.
const MAX_NAMED: usize = 50;

/// What the first call asks for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    /// Properties that are shown; none for all of them.
    select: Vec<String>,
    /// Whether managers or members are told.
    relations: bool,
    /// The only objects that are told.
    only: Option<Vec<Uuid>>,
    /// How many objects a page has.
    top: usize,
}

/// What a token stands for.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Token {
    /// The directory that gave it: positions of another one mean nothing here.
    directory: Uuid,
    object_type: ObjectType,
    options: Options,
    /// Position in the feed.
    position: Vec<u8>,
    /// How far the first round has come; `None` after it.
    listing: Option<Listing>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Listing {
    /// What comes after this place is still to be listed; `None` where nothing is.
    after: Option<Vec<u8>>,
    /// The object whose relations go on, and where.
    open: Option<(Uuid, Vec<u8>)>,
}

/// The relation that is told of objects of a type.
const fn relation_of(object_type: ObjectType) -> &'static str {
    match object_type {
        ObjectType::User => "manager",
        ObjectType::Group => "members",
    }
}

impl Options {
    fn asked(query: &Query, object_type: ObjectType) -> Result<Self, ApiError> {
        query.only(&[Part::Filter, Part::Expand])?;
        let relation = relation_of(object_type);
        let is_relation = |name: &String| name.eq_ignore_ascii_case(relation);
        if let Some(other) = query.expand.iter().find(|it| it.relation != relation) {
            let shown: String = other.relation.chars().take(60).collect();
            return Err(ApiError::unsupported(format!(
                "'$expand={shown}' is not supported in a delta query."
            )));
        }
        let (relations, select): (Vec<_>, Vec<_>) = query.selection().iter().cloned().partition(is_relation);
        objects::check_selection(&select, object_type)?;
        // Who selects the relation alone is told the id with it.
        let select = if select.is_empty() && !relations.is_empty() { vec!["id".to_owned()] } else { select };
        Ok(Self {
            relations: select.is_empty() || !relations.is_empty() || !query.expand.is_empty(),
            select,
            only: query.filter.as_ref().map(named).transpose()?,
            top: query.limit(),
        })
    }

    /// The query of a call that begins anew.
    fn first_query(&self, object_type: ObjectType) -> String {
        let mut parts = vec!["$deltatoken=".to_owned(), format!("$top={}", self.top)];
        if !self.select.is_empty() {
            let relation = self.relations.then_some(relation_of(object_type));
            let names: Vec<&str> = self.select.iter().map(String::as_str).chain(relation).collect();
            parts.push(format!("$select={}", names.join(",")));
        }
        if let Some(only) = &self.only {
            let named: Vec<String> = only.iter().map(|id| format!("id%20eq%20'{id}'")).collect();
            parts.push(format!("$filter={}", named.join("%20or%20")));
        }
        parts.join("&")
    }
}

/// The ids that a filter names: that is all that delta queries are filtered by.
fn named(filter: &Filter) -> Result<Vec<Uuid>, ApiError> {
    let parts = match filter {
        Filter::Or(parts) => parts.as_slice(),
        one => std::slice::from_ref(one),
    };
    let mut ids = Vec::new();
    for part in parts {
        match part {
            Filter::Compare(Comparison { path, operator: Operator::Equal, value: Value::String(id) })
                if path == "id" =>
            {
                ids.push(guid(id)?);
            }
            _ => {
                return Err(ApiError::unsupported(
                    "'$filter' of a delta query is 'id eq {id}', several joined by 'or'.",
                ));
            }
        }
    }
    if ids.len() > MAX_NAMED {
        return Err(ApiError::bad(format!("'$filter' of a delta query names at most {MAX_NAMED} objects.")));
    }
    Ok(ids)
}

impl Token {
    fn of(call: &Call, object_type: ObjectType, options: Options, state: DeltaState) -> Self {
        let (position, listing) = match state {
            DeltaState::Following(position) => (position, None),
            DeltaState::Listing { since, rest, open } => {
                let after = match rest {
                    Rest::All => Some(Vec::new()),
                    Rest::After(cursor) => Some(cursor.0.to_vec()),
                    Rest::Nothing => None,
                };
                (since, Some(Listing { after, open: open.map(|(id, cursor)| (id, cursor.0.to_vec())) }))
            }
        };
        Self { directory: call.directory.id(), object_type, options, position: position.0.to_vec(), listing }
    }

    fn state(&self) -> DeltaState {
        let position = Position(self.position.clone().into());
        match &self.listing {
            None => DeltaState::Following(position),
            Some(listing) => DeltaState::Listing {
                since: position,
                rest: match &listing.after {
                    None => Rest::Nothing,
                    Some(cursor) if cursor.is_empty() => Rest::All,
                    Some(cursor) => Rest::After(Cursor(cursor.clone().into())),
                },
                open: listing.open.clone().map(|(id, cursor)| (id, Cursor(cursor.into()))),
            },
        }
    }

    fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    fn decode(text: &str, object_type: ObjectType) -> Result<Self, ApiError> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok();
        let token: Option<Self> = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let sound = |token: &Self| {
            let named = token.options.only.as_ref().map_or(0, Vec::len);
            token.object_type == object_type && token.options.top <= MAX_PAGE && named <= MAX_NAMED
        };
        token.filter(sound).ok_or_else(refused)
    }
}

fn refused() -> ApiError {
    ApiError::bad("The token is not one that a delta query of these objects gave.")
        .hint("Follow @odata.nextLink and @odata.deltaLink as they are.")
}

/// The options and the state that a call asks for. `None` stands for a round that only begins.
async fn asked(call: &Call, object_type: ObjectType) -> Result<(Options, DeltaState), ApiError> {
    let query = &call.query;
    let given = |name: &str| query.option(name).filter(|token| !token.is_empty());
    let (skip, delta) = (given("$skiptoken"), given("$deltatoken"));
    let token = match (skip, delta) {
        (None, Some(latest)) if latest.eq_ignore_ascii_case("latest") => {
            return Ok((Options::asked(query, object_type)?, call.directory.delta_now().await?));
        }
        (None, None) => {
            return Ok((Options::asked(query, object_type)?, call.directory.delta_start().await?));
        }
        (Some(token), None) | (None, Some(token)) => Token::decode(token, object_type)?,
        (Some(_), Some(_)) => {
            return Err(ApiError::bad("A call has a $skiptoken or a $deltatoken, not both."));
        }
    };
    if token.directory != call.directory.id() {
        return Err(gone(call, &token.options, object_type));
    }
    let mut options = token.options.clone();
    // Between rounds another selection may be asked for.
    if !query.selection().is_empty() {
        if delta.is_none() {
            return Err(ApiError::unsupported("'$select' is not supported beside '$skiptoken'."));
        }
        let asked = Options::asked(query, object_type)?;
        options = Options { select: asked.select, relations: asked.relations, ..options };
    }
    Ok((options, token.state()))
}

/// The changes are no longer kept, or never were: the reader has to begin anew.
fn gone(call: &Call, options: &Options, object_type: ObjectType) -> ApiError {
    ApiError::new(
        StatusCode::GONE,
        "syncStateNotFound",
        "The sync state generation is not found; changes since this token are no longer kept.",
    )
    .hint("Begin anew with a delta query without a token: it lists everything.")
    .location(format!("{}?{}", link(call), options.first_query(object_type)))
}

fn link(call: &Call) -> String {
    format!("{}{}", call.addresses.public_url, call.uri.path())
}

async fn answer(call: &Call, object_type: ObjectType) -> Answer {
    let (options, state) = asked(call, object_type).await?;
    let scope = DeltaScope { object_type, relations: options.relations, only: options.only.clone() };
    let first = matches!(state, DeltaState::Listing { .. });
    let latest = call.query.option("$deltatoken").is_some_and(|token| token.eq_ignore_ascii_case("latest"));
    let (entries, state, more) = if latest {
        (Vec::new(), state, false)
    } else {
        let page = call.directory.delta(&scope, state, options.top).await.map_err(|error| match error {
            directory::Error::Store(store::Error::PositionExpired) => gone(call, &options, object_type),
            directory::Error::Store(store::Error::InvalidCursor) => refused(),
            other => other.into(),
        })?;
        (page.entries, page.state, page.more)
    };
    let value: Vec<Value> =
        entries.iter().map(|entry| rendered(entry, object_type, &options, first)).collect();
    let token = Token::of(call, object_type, options, state).encode();
    let (name, option) =
        if more { ("@odata.nextLink", "$skiptoken") } else { ("@odata.deltaLink", "$deltatoken") };
    let mut body = Map::new();
    body.insert("@odata.context".to_owned(), call.context(objects::set_of(object_type)).into());
    body.insert(name.to_owned(), format!("{}?{option}={token}", link(call)).into());
    body.insert("value".to_owned(), value.into());
    Ok(Json(Value::Object(body)).into_response())
}

fn rendered(entry: &DeltaEntry, object_type: ObjectType, options: &Options, first: bool) -> Value {
    let removed = |reason: &str| json!({"id": entry.id, "@removed": {"reason": reason}});
    let object = match &entry.presence {
        Presence::Gone => return removed("deleted"),
        Presence::Recycled => return removed("changed"),
        Presence::Live(object) => render::object(object),
    };
    // Later rounds have to tell values that are gone, which the first one never told.
    let object = if first { object } else { render::with_nulls(object, object_type) };
    let mut shown = crate::odata::selected(object, &options.select, &[]);
    if !entry.relations.is_empty() {
        let name = format!("{}@delta", relation_of(object_type));
        shown[name] = entry.relations.iter().map(related).collect();
    }
    shown
}

fn related(relation: &DeltaRelation) -> Value {
    let mut shown = json!({"@odata.type": render::type_of(relation.object_type), "id": relation.id});
    if !relation.holds {
        shown["@removed"] = json!({"reason": "deleted"});
    }
    shown
}
