//! What the service provider says about itself (RFC 7644 section 4).

use axum::body::Body;
use axum::http::{Response, StatusCode};
use scim::message::{
    AuthenticationScheme, BulkSupport, FilterSupport, ListResponse, Pagination, ServiceProviderConfig,
    Supported,
};
use scim::schema;
use serde_json::{Value, json};

use crate::answer::{self, Answer, Refusal};
use crate::call::Call;

impl Call {
    pub(crate) fn service_provider_config(&self) -> Response<Body> {
        let limits = &self.service.config.limits;
        let config = ServiceProviderConfig {
            patch: Supported::YES,
            bulk: BulkSupport {
                supported: true,
                max_operations: limits.bulk_operations as u64,
                max_payload_size: limits.bulk_body as u64,
            },
            filter: FilterSupport { supported: true, max_results: limits.max_page as u64 },
            change_password: Supported::NO,
            sort: Supported::YES,
            etag: Supported::YES,
            pagination: Some(Pagination {
                cursor: true,
                index: true,
                default_pagination_method: Some("index".to_owned()),
                default_page_size: Some(limits.page as u64),
                max_page_size: Some(limits.max_page as u64),
                cursor_timeout: None,
            }),
            authentication_schemes: vec![AuthenticationScheme {
                kind: "oauthbearertoken".to_owned(),
                name: "Bearer token".to_owned(),
                description: "A token of this tenant, sent as Authorization: Bearer".to_owned(),
                spec_uri: Some("https://www.rfc-editor.org/info/rfc6750".to_owned()),
                documentation_uri: None,
                primary: Some(true),
            }],
            meta: json!({
                "resourceType": "ServiceProviderConfig",
                "location": format!("{}/ServiceProviderConfig", self.base),
            }),
            ..ServiceProviderConfig::new()
        };
        answer::json(StatusCode::OK, &config)
    }

    pub(crate) fn schemas(&self, id: Option<&str>) -> Answer<Response<Body>> {
        let mut schemas = Vec::new();
        for schema in self.schemas.user.definition.schemas().chain(self.schemas.group.definition.schemas()) {
            schemas.push((schema.id.as_str(), schema.to_json(&self.base)));
        }
        // Those of discovery itself are no schemas of resources: clients build forms from the list.
        let own = [schema::service_provider_config(), schema::resource_type(), schema::schema_of_schemas()];
        if id.is_some() {
            schemas.extend(own.iter().map(|schema| (schema.id.as_str(), schema.to_json(&self.base))));
        }
        pick("schema", id, schemas)
    }

    pub(crate) fn resource_types(&self, id: Option<&str>) -> Answer<Response<Body>> {
        let types = [&self.schemas.user.definition, &self.schemas.group.definition];
        pick(
            "resource type",
            id,
            types.map(|ty| (ty.name(), ty.resource_type().to_json(&self.base))).into_iter().collect(),
        )
    }
}

/// One of them, or all as a list that is neither filtered nor paged (RFC 7644 section 4).
fn pick(what: &str, id: Option<&str>, all: Vec<(&str, Value)>) -> Answer<Response<Body>> {
    let Some(id) = id else {
        let all: Vec<Value> = all.into_iter().map(|(_, value)| value).collect();
        return Ok(answer::json(StatusCode::OK, &ListResponse::by_index(all.len() as u64, 1, all)));
    };
    let id = percent_encoding::percent_decode_str(id).decode_utf8_lossy();
    let found = all.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(&id));
    let (_, value) = found.ok_or_else(|| Refusal::not_found(what, &id))?;
    Ok(answer::json(StatusCode::OK, &value))
}
