//! What an administrator reads of a tenant's resources: as its clients would get them, without a request of theirs.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Body;
use axum::http::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use http_body_util::BodyExt as _;
use model::ObjectType;
use scim::filter::Compiled;
use scim::message::SearchRequest;
use scim::{Error, Filter, Map, Projection, ScimType};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use store::{Cursor, EdgeKind, EdgesOf, Kind, Object};
use tenant::Tenant;
use uuid::Uuid;

use crate::answer::{Answer, Refusal};
use crate::call::Call;
use crate::dispatch::respond;
use crate::inspector::SharedNotes;
use crate::render::{RESOURCES, name};
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

/// What is shown of a member.
const OF_MEMBER: [&str; 5] = ["id", "userName", "displayName", "externalId", "active"];

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

    /// The members of a group, a page at a time by cursor: all, or those that have a text in a name, an address or their
    /// `externalId`. Of each there is only what it is known by. The error is 404, or 400 for a cursor that is none.
    pub async fn find_members(
        self: &Arc<Self>,
        tenant: Tenant,
        base: &str,
        group: &str,
        text: Option<&str>,
        (cursor, limit): (&str, usize),
    ) -> Result<Found, Error> {
        let found = async {
            let call = self.review(tenant, base).await?;
            let group = call.read(Kind::Group, group).await?.id;
            let _room = self.room.to_read(text.is_some()).await?;
            call.members_page(group, text, read_cursor(cursor)?, limit).await
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

impl Call {
    async fn members_page(
        &self,
        group: Uuid,
        text: Option<&str>,
        mut after: Option<Cursor>,
        limit: usize,
    ) -> Answer<Found> {
        let (store, of) = (&self.service.store, EdgesOf::From(group));
        let edges = async |after, limit| store.edges(self.realm(), EdgeKind::Member, of, after, limit).await;
        let total = match text {
            None => Some(store.count_edges(self.realm(), EdgeKind::Member, of).await?),
            Some(_) => None,
        };
        let filters = text.map(|text| self.filters(text)).transpose()?;
        let mut found = Found { resources: Vec::new(), total_results: total, next_cursor: None };
        loop {
            let page = edges(after.clone(), RESOURCES).await?;
            let mut objects = self.objects(&page.others).await?;
            let mut seen = 0;
            for (kind, id) in &page.others {
                if found.resources.len() == limit {
                    break;
                }
                seen += 1;
                let Some(object) = objects.remove(id) else { continue };
                let shown = match &filters {
                    None => Some(self.bare(&object)?),
                    Some(filters) => {
                        self.admit(&filters[usize::from(*kind == Kind::Group)], object).await?.map(|it| it.1)
                    }
                };
                found.resources.extend(shown.map(|resource| self.shown_member(*kind, *id, resource)));
            }
            // Only the store knows the place behind an edge, and tells it at the end of a page.
            let next = if seen < page.others.len() { edges(after, seen).await?.next } else { page.next };
            if next.is_none() || found.resources.len() == limit {
                found.next_cursor = next.map(|Cursor(place)| BASE64.encode(place));
                return Ok(found);
            }
            after = next;
            tokio::task::yield_now().await;
        }
    }

    /// The filters of users and of groups that have the text.
    fn filters(&self, text: &str) -> Answer<[Compiled; 2]> {
        let compiled = |kind| Filter::parse(&filter(kind, text))?.resolve(&self.ty(kind).definition);
        Ok([compiled(Kind::User)?, compiled(Kind::Group)?])
    }

    /// These users and groups, by id.
    async fn objects(&self, of: &[(Kind, Uuid)]) -> Answer<HashMap<Uuid, Object>> {
        let mut objects = HashMap::with_capacity(of.len());
        for kind in [Kind::User, Kind::Group] {
            let ids: Vec<Uuid> = of.iter().filter(|(it, _)| *it == kind).map(|(_, id)| *id).collect();
            let mut rest = &ids[..];
            while !rest.is_empty() {
                let (found, asked) = self.get_some(kind, rest).await?;
                rest = &rest[asked..];
                objects.extend(found.into_iter().map(|object| (object.id, object)));
            }
        }
        Ok(objects)
    }

    fn shown_member(&self, kind: Kind, id: Uuid, mut resource: Map) -> Value {
        resource.retain(|attribute, _| OF_MEMBER.contains(&attribute.as_str()));
        resource.insert("id".into(), id.to_string().into());
        resource
            .insert("meta".into(), json!({"resourceType": name(kind), "location": self.location(kind, id)}));
        Value::Object(resource)
    }
}

/// Where a page of members begins; at the first where the cursor is empty.
fn read_cursor(cursor: &str) -> Answer<Option<Cursor>> {
    if cursor.is_empty() {
        return Ok(None);
    }
    let bytes = BASE64.decode(cursor).map_err(|_| {
        Refusal::of(ScimType::InvalidCursor, "the cursor is not one that an earlier answer gave")
    })?;
    Ok(Some(Cursor(bytes.into())))
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
        assert!(Filter::parse(&filter).is_ok());
        assert_eq!(filter.matches(" or id pr").count(), 2);
        assert!(filter.starts_with(r#"displayName co "a\" or"#), "{filter}");
    }
}
