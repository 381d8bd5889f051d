//! What an administrator reads of a tenant's resources: as its clients would get them, without a request of theirs.

use std::sync::Arc;

use axum::body::Body;
use axum::http::Response;
use http_body_util::BodyExt as _;
use model::ObjectType;
use scim::message::SearchRequest;
use scim::{Error, Projection};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use store::{EdgeKind, EdgesOf, Kind};
use tenant::Tenant;

use crate::answer::{Answer, Refusal};
use crate::call::Call;
use crate::dispatch::respond;
use crate::inspector::SharedNotes;
use crate::service::Service;

/// A page of resources.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Found {
    /// As clients get them; groups without their members.
    #[serde(rename = "Resources")]
    pub resources: Vec<Value>,
    /// How many there are in all, where that is known without looking at all of them.
    pub total_results: Option<u64>,
    /// The cursor of the next page (RFC 9865).
    pub next_cursor: Option<String>,
}

/// A group of more members is shown without them.
const MEMBERS: u64 = 1000;

/// What a text is looked for in.
const USER: [&str; 5] = ["userName", "displayName", "name.formatted", "emails.value", "externalId"];
const GROUP: [&str; 2] = ["displayName", "externalId"];

/// The filter of those that have the text in one of their attributes.
fn filter(kind: Kind, text: &str) -> String {
    let attributes = if kind == Kind::Group { &GROUP[..] } else { &USER[..] };
    let value = Value::from(text);
    attributes.iter().map(|name| format!("{name} co {value}")).collect::<Vec<_>>().join(" or ")
}

fn kind_of(object_type: ObjectType) -> Kind {
    match object_type {
        ObjectType::User => Kind::User,
        ObjectType::Group => Kind::Group,
    }
}

impl Service {
    /// Users or groups of a tenant, a page at a time by cursor: all, or those that have a text in a name, an address or
    /// their `externalId`. `base` is the address of the tenant's service. The error is 400 for a cursor that is none.
    pub async fn find_resources(
        self: &Arc<Self>,
        tenant: Tenant,
        object_type: ObjectType,
        base: &str,
        text: Option<&str>,
        (cursor, limit): (&str, usize),
    ) -> Result<Found, Error> {
        let kind = kind_of(object_type);
        let search = SearchRequest {
            filter: text.map(|text| filter(kind, text)),
            excluded_attributes: if kind == Kind::Group { vec!["members".to_owned()] } else { Vec::new() },
            cursor: Some(cursor.to_owned()),
            count: Some(i64::try_from(limit).unwrap_or(i64::MAX)),
            ..SearchRequest::default()
        };
        let found = async {
            let call = self.review(tenant, base).await?;
            document(call.search(&[kind], search).await?).await
        };
        found.await.map_err(|refusal: Refusal| refusal.error)
    }

    /// A user or group of a tenant; a group of very many members without these. The error is 404.
    pub async fn read_resource(
        self: &Arc<Self>,
        tenant: Tenant,
        object_type: ObjectType,
        base: &str,
        id: &str,
    ) -> Result<Value, Error> {
        let kind = kind_of(object_type);
        let found = async {
            let call = self.review(tenant, base).await?;
            let object = call.read(kind, id).await?;
            let members =
                self.store.count_edges(call.realm(), EdgeKind::Member, EdgesOf::From(object.id)).await?;
            let without = if members > MEMBERS { vec!["members".to_owned()] } else { Vec::new() };
            let projection = Projection::of(&[], &without, &call.ty(kind).definition)?;
            document(respond(&call, axum::http::StatusCode::OK, object, projection).await?).await
        };
        found.await.map_err(|refusal: Refusal| refusal.error)
    }

    /// A call by which an administrator reads.
    async fn review(self: &Arc<Self>, tenant: Tenant, base: &str) -> Answer<Call> {
        let state = self.state(&tenant);
        let schemas = self.schemas(&state, tenant.id).await?;
        let base = base.into();
        let tenant = Arc::new(tenant);
        let service = Arc::clone(self);
        Ok(Call { service, tenant, token: None, state, schemas, base, notes: SharedNotes::default() })
    }
}

/// The document of an answer.
async fn document<T: DeserializeOwned>(response: Response<Body>) -> Answer<T> {
    let failed =
        |reason: &dyn std::fmt::Display| Refusal::new(500, format!("the resources cannot be read: {reason}"));
    let body = response.into_body().collect().await.map_err(|error| failed(&error))?;
    serde_json::from_slice(&body.to_bytes()).map_err(|error| failed(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_looked_for_stays_one_literal() {
        let filter = filter(Kind::Group, r#"a" or id pr or b eq "\"#);
        assert!(scim::Filter::parse(&filter).is_ok());
        assert_eq!(filter.matches(" or id pr").count(), 2);
        assert!(filter.starts_with(r#"displayName co "a\" or"#), "{filter}");
    }
}
