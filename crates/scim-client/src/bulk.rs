//! Creations of many resources in one request (RFC 7644 section 3.7).

use std::ops::Range;

use reqwest::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::dialect;
use crate::document::member;
use crate::failure::{ErrorCode, Failure};
use crate::kind::ResourceKind;
use crate::resource::Resource;
use crate::target::{Target, id_of_location};
use crate::transport::{Answer, Request, parse};

/// The most operations of a request: a slow target, too, has to be through with them in the time of a request.
const MOST: usize = 100;
/// What stands around the operations.
const HEAD: &str = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"Operations":["#;
const TAIL: &str = "]}";

impl Target {
    /// The most resources that are created in one request, where the target offers that.
    pub fn together(&self) -> Option<usize> {
        let most = self.bulk()?.max_operations.min(MOST);
        (most > 1).then_some(most)
    }

    /// Creates resources, in as few requests as the target takes; what came of each, in their order. As with
    /// [`Target::create`], one whose outcome is unknown says so. A target that refuses such requests gets single ones, and
    /// is not asked again.
    pub async fn create_together(
        &self,
        kind: ResourceKind,
        documents: &[Map<String, Value>],
    ) -> Vec<Result<Resource, Failure>> {
        let operations: Vec<String> = documents
            .iter()
            .enumerate()
            .map(|(index, document)| self.operation(kind, index, document))
            .collect();
        let mut created = Vec::with_capacity(documents.len());
        while created.len() < documents.len() {
            let part = self.part(&operations, created.len());
            match part.len() {
                0 | 1 => created.push(self.create(kind, &documents[created.len()]).await),
                _ => created.extend(self.create_part(kind, documents, &operations, part).await),
            }
        }
        created
    }

    fn operation(&self, kind: ResourceKind, index: usize, document: &Map<String, Value>) -> String {
        let data = dialect::complete(self.dialect(), kind, document);
        json!({"method": "POST", "path": format!("/{}", kind.endpoint()), "bulkId": index.to_string(), "data": *data})
            .to_string()
    }

    /// As many operations from there on as the target takes at once; none where it takes no such requests.
    fn part(&self, operations: &[String], start: usize) -> Range<usize> {
        let Some(bulk) = self.bulk() else { return start..start };
        let most = operations.len().min(start + bulk.max_operations.min(MOST));
        let mut length = HEAD.len() + TAIL.len();
        let fits = |operation: &&String| {
            length += operation.len() + 1;
            length <= bulk.max_payload_size
        };
        start..start + operations[start..most].iter().take_while(fits).count()
    }

    async fn create_part(
        &self,
        kind: ResourceKind,
        documents: &[Map<String, Value>],
        operations: &[String],
        part: Range<usize>,
    ) -> Vec<Result<Resource, Failure>> {
        let body = [HEAD, &operations[part.clone()].join(","), TAIL].concat();
        let request = Request { body: Some(body.into()), ..Self::request(Method::POST, "Bulk".to_owned()) };
        let mut replies = match self.send(request).await {
            // Carried out, whatever the answer looks like.
            Ok(answer) => {
                let replies = parse::<Map<String, Value>>(&answer).map(replies).unwrap_or_default();
                replies.into_iter().map(|(index, reply)| (index, outcome(&answer, &reply))).collect()
            }
            Err(failure) if refuses_bulk(&failure) => {
                tracing::warn!(%failure, "the target takes no bulk requests: resources are created one by one");
                self.forget_bulk();
                Vec::new()
            }
            Err(failure) => return part.map(|_| Err(failure.clone())).collect(),
        };
        let refused = self.bulk().is_none();
        let mut created = Vec::with_capacity(part.len());
        for index in part {
            let reply = replies.iter().position(|(id, _)| *id == index).map(|at| replies.swap_remove(at).1);
            created.push(match reply {
                None if refused => self.create(kind, &documents[index]).await,
                None => Err(unanswered()),
                Some(reply) => match reply {
                    // Nothing was carried out; a single request waits until the target can.
                    Err(failure)
                        if matches!(
                            failure.code,
                            ErrorCode::TooManyRequests | ErrorCode::ServiceUnavailable
                        ) =>
                    {
                        self.create(kind, &documents[index]).await
                    }
                    result => result,
                },
            });
        }
        created
    }
}

/// Whether it is bulk requests as such, or this one, that the target refuses, having done nothing.
fn refuses_bulk(failure: &Failure) -> bool {
    let refuses = |status| matches!(status, 400..=499 | 501) && !matches!(status, 401 | 408 | 429);
    !failure.outcome_unknown && failure.status.is_some_and(refuses)
}

/// The answers to operations, by their number.
fn replies(mut body: Map<String, Value>) -> Vec<(usize, Map<String, Value>)> {
    let key = body.keys().find(|key| key.eq_ignore_ascii_case("Operations")).cloned();
    let Some(Value::Array(list)) = key.and_then(|key| body.remove(&key)) else { return Vec::new() };
    let number = |reply: &Map<String, Value>| member(reply, "bulkId")?.as_str()?.parse().ok();
    let reply = |value| match value {
        Value::Object(reply) => Some((number(&reply)?, reply)),
        _ => None,
    };
    list.into_iter().filter_map(reply).collect()
}

/// What the answer to one creation says.
fn outcome(answer: &Answer, reply: &Map<String, Value>) -> Result<Resource, Failure> {
    let status = member(reply, "status").map(|status| status.get("code").unwrap_or(status));
    let status = status.and_then(|status| match status {
        Value::String(text) => text.trim().parse().ok(),
        number => number.as_u64().and_then(|number| u16::try_from(number).ok()),
    });
    let Some(status) = status.and_then(|status| StatusCode::from_u16(status).ok()) else {
        return Err(unanswered());
    };
    let response = member(reply, "response");
    if !status.is_success() {
        let body = response.map(Value::to_string).unwrap_or_default();
        let failure = answer.refusal(status, body.as_bytes());
        let unknown = matches!(failure.code, ErrorCode::InternalServerError | ErrorCode::Timeout);
        return Err(Failure { outcome_unknown: unknown, ..failure });
    }
    let text = |name: &str| member(reply, name).and_then(Value::as_str);
    let version = text("version").map(str::to_owned);
    let found = response.and_then(Value::as_object).and_then(|fields| Resource::from_json(fields.clone()));
    let found = found.or_else(|| {
        let id = text("location").and_then(id_of_location)?;
        Some(Resource { id, etag: None, attributes: Map::new() })
    });
    // The account exists now, whatever the answer looks like.
    found.map(|found| Resource { etag: version.or(found.etag), ..found }).ok_or_else(unanswered)
}

fn unanswered() -> Failure {
    let reason = "The target's answer to a bulk request says nothing usable of this resource.";
    Failure { outcome_unknown: true, ..Failure::not_scim(reason) }
}
