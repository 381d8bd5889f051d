//! Bulk requests (RFC 7644 section 3.7).

use std::collections::{HashMap, HashSet};

use axum::body::Body;
use axum::http::{Response, StatusCode};
use scim::message::{
    BulkMethod, BulkOperation, BulkReply, BulkRequest, BulkResponse, bulk_reference, bulk_references,
    defer_references, resolve_references,
};
use scim::{Error, PatchRequest, ScimType};
use serde_json::{Value, json};
use store::{Kind, Object};

use crate::answer::{self, Answer, Refusal};
use crate::call::Call;
use crate::render::{Seen, endpoint};
use crate::write::{Edit, Precondition};

impl Call {
    /// Carries the operations out, each one by itself. One that refers to what another creates waits for it; a
    /// circle of references is opened by creating a resource without the attributes that have to wait and adding them
    /// at the end.
    pub(crate) async fn bulk(&self, request: BulkRequest) -> Answer<Response<Body>> {
        let limit = self.service.config.limits.bulk_operations;
        if request.operations.len() > limit {
            return Err(Refusal::new(
                413,
                format!("the request has {} operations; {limit} are taken at once", request.operations.len()),
            ));
        }
        let mut run = Run::default();
        run.all(self, request).await;
        run.take_back_halves(self).await;
        run.replies.sort_by_key(|(position, _)| *position);
        let replies = run.replies.into_iter().map(|(_, reply)| reply).collect();
        Ok(answer::json(StatusCode::OK, &BulkResponse::new(replies)))
    }
}

/// How many creates are carried out side by side.
const AT_ONCE: usize = 64;

#[derive(Default)]
struct Run {
    /// What was created under each `bulkId`.
    ids: HashMap<String, String>,
    /// The `bulkId`s of creates that failed.
    failed: HashSet<String>,
    /// The creates of circles whose second half is still to come: position and `bulkId`.
    halves: HashMap<usize, String>,
    /// What each create refers to, by position.
    refers: HashMap<usize, Vec<String>>,
    errors: u64,
    replies: Vec<(usize, BulkReply)>,
}

impl Run {
    async fn all(&mut self, call: &Call, request: BulkRequest) {
        let promised: HashSet<String> = request
            .operations
            .iter()
            .filter(|operation| operation.method == Some(BulkMethod::Post))
            .filter_map(|operation| operation.bulk_id.clone())
            .collect();
        let most = request.fail_on_errors.filter(|most| *most > 0).unwrap_or(u64::MAX);
        let mut waiting: Vec<(usize, BulkOperation)> = request.operations.into_iter().enumerate().collect();
        while !waiting.is_empty() {
            let mut still = Vec::new();
            let before = waiting.len();
            let mut ready = Vec::new();
            for (position, operation) in waiting {
                if self.errors >= most {
                    return;
                }
                if self.must_wait(position, &operation, &promised) {
                    still.push((position, operation));
                    continue;
                }
                // Creates do not touch each other, so that they may share the store's commits.
                let alone = operation.method != Some(BulkMethod::Post) || most != u64::MAX;
                if alone || ready.len() >= AT_ONCE {
                    self.together(call, std::mem::take(&mut ready)).await;
                }
                if alone {
                    self.together(call, vec![(position, operation)]).await;
                } else {
                    ready.push((position, operation));
                }
            }
            self.together(call, ready).await;
            if still.len() == before && self.errors < most {
                // What a half of a create suffices for closes the circle.
                let closes = |(_, operation): &(usize, BulkOperation)| {
                    operation.method == Some(BulkMethod::Post) && !self.lacks(operation, &promised)
                };
                match still.iter().position(closes) {
                    Some(at) => {
                        let operation = still.remove(at);
                        self.together(call, vec![operation]).await;
                    }
                    None => self.open_circle(call, &mut still, &promised).await,
                }
            }
            waiting = still;
        }
    }

    /// Whether an operation refers to something that is still to be created, or of which there is only half.
    fn must_wait(&self, position: usize, operation: &BulkOperation, promised: &HashSet<String>) -> bool {
        // A second half waits for nothing but the other creates.
        let half = |name: &str| {
            !self.halves.contains_key(&position) && self.halves.values().any(|other| other == name)
        };
        self.lacks(operation, promised) || references(operation).into_iter().any(half)
    }

    /// Whether an operation refers to something that is still to be created.
    fn lacks(&self, operation: &BulkOperation, promised: &HashSet<String>) -> bool {
        references(operation).into_iter().any(|name| self.is_pending(name, promised))
    }

    fn is_pending(&self, name: &str, promised: &HashSet<String>) -> bool {
        promised.contains(name) && !self.ids.contains_key(name) && !self.failed.contains(name)
    }

    /// Takes one operation out of the circle: a resource is created without the attributes it cannot have yet, which
    /// are added by a PATCH of our own later; anything else meets the error of its unresolved reference.
    async fn open_circle(
        &mut self,
        call: &Call,
        waiting: &mut Vec<(usize, BulkOperation)>,
        promised: &HashSet<String>,
    ) {
        let creates = |(_, operation): &(usize, BulkOperation)| {
            operation.method == Some(BulkMethod::Post) && operation.bulk_id.is_some()
        };
        let at = waiting.iter().position(creates).unwrap_or(0);
        let (position, mut operation) = waiting.remove(at);
        let pending = |name: &str| self.is_pending(name, promised);
        let refers = references(&operation).into_iter().map(str::to_owned).collect();
        let data = operation.data.as_mut().filter(|_| operation.method == Some(BulkMethod::Post));
        let deferred = data.map(|data| defer_references(data, &pending)).unwrap_or_default();
        let (path, bulk_id) = (operation.path.clone(), operation.bulk_id.clone());
        self.together(call, vec![(position, operation)]).await;
        self.refers.insert(position, refers);
        let Some(bulk_id) = bulk_id.filter(|name| self.ids.contains_key(name) && !deferred.is_empty()) else {
            return;
        };
        let patch = BulkOperation {
            method: Some(BulkMethod::Patch),
            bulk_id: None,
            version: None,
            path: format!("{}/bulkId:{bulk_id}", path.trim_end_matches('/')),
            data: Some(json!({
                "schemas": [scim::urn::PATCH_OP],
                "Operations": [{ "op": "add", "value": deferred }],
            })),
        };
        self.halves.insert(position, bulk_id);
        waiting.push((position, patch));
    }

    /// Undoes the creates whose second half was never tried, since there were errors enough before.
    async fn take_back_halves(&mut self, call: &Call) {
        let halves: Vec<usize> = self.halves.drain().map(|(position, _)| position).collect();
        for position in halves {
            let stopped = Error::new(
                409,
                "what the resource refers to was not created before failOnErrors ended the request: send both again",
            );
            self.take_back(call, position, &stopped).await;
        }
    }

    /// Undoes the first half of a create, so that one that is answered as failed left nothing, and the creates that
    /// refer to it, which cannot be what was asked for without it.
    async fn take_back(&mut self, call: &Call, position: usize, error: &Error) {
        let mut undone = vec![(position, error.clone())];
        while let Some((position, error)) = undone.pop() {
            let found =
                self.replies.iter_mut().find(|(other, reply)| *other == position && reply.status == 201);
            let Some((_, reply)) = found else { continue };
            reply.status = error.status;
            reply.response = Some(error.to_json());
            reply.version = None;
            if let Some(name) = reply.bulk_id.clone() {
                let refers =
                    |other: &usize| self.refers.get(other).is_some_and(|names| names.contains(&name));
                let without = Error::new(
                    409,
                    format!(
                        "bulkId:{name}, which it refers to, failed in the end and was undone: mend that one and send both again"
                    ),
                );
                let others = self.refers.keys().filter(|other| **other != position && refers(other));
                undone.extend(others.map(|other| (*other, without.clone())));
                self.ids.remove(&name);
                self.failed.insert(name);
            }
            let Some((kind, Some(id))) = reply.location.as_deref().and_then(place) else { continue };
            match call.delete(kind, id, Precondition::default()).await {
                Ok(()) => reply.location = None,
                Err(refusal) if refusal.error.status == 404 => reply.location = None,
                // The client is told where what is left of it is.
                Err(refusal) => tracing::error!(error = %refusal.error, "half a create could not be undone"),
            }
        }
    }

    /// Carries operations out side by side and records the replies in their order.
    async fn together(&mut self, call: &Call, operations: Vec<(usize, BulkOperation)>) {
        let replies: Vec<_> = operations
            .iter()
            .map(|(position, operation)| {
                let reply = BulkReply {
                    location: self.address(call, &operation.path),
                    method: operation.method,
                    bulk_id: operation.bulk_id.clone(),
                    version: None,
                    status: 204,
                    response: None,
                };
                (*position, reply)
            })
            .collect();
        let creates = |operation: &BulkOperation| operation.method == Some(BulkMethod::Post);
        for (position, operation) in operations.iter().filter(|(_, operation)| creates(operation)) {
            let refers = references(operation).into_iter().map(str::to_owned).collect();
            self.refers.insert(*position, refers);
        }
        let outcomes = operations.into_iter().map(|(_, operation)| self.carry_out(call, operation));
        let outcomes = futures::future::join_all(outcomes).await;
        for ((position, reply), outcome) in replies.into_iter().zip(outcomes) {
            self.record(call, position, reply, outcome).await;
        }
    }

    /// The URL of the resource at a path, if the path names one that is known.
    fn address(&self, call: &Call, path: &str) -> Option<String> {
        let (kind, id) = place(path)?;
        let id = match bulk_reference(id?) {
            Some(name) => self.ids.get(name)?,
            None => id?,
        };
        Some(format!("{}/{}/{id}", call.base, endpoint(kind)))
    }

    async fn record(
        &mut self,
        call: &Call,
        position: usize,
        mut reply: BulkReply,
        outcome: Answer<Option<Object>>,
    ) {
        let mut failure = None;
        match outcome {
            Ok(Some(object)) => {
                let created = reply.method == Some(BulkMethod::Post);
                reply.status = if created { 201 } else { 200 };
                reply.location = Some(call.location(object.kind, object.id));
                if let Some(name) = reply.bulk_id.as_ref().filter(|_| created) {
                    self.ids.insert(name.clone(), object.id.to_string());
                }
                // What has just been made is in no group.
                let seen = if created { Ok(Seen::alone(object)) } else { call.see(object).await };
                reply.version = seen.ok().map(|seen| seen.etag);
            }
            Ok(None) => {}
            Err(refusal) => {
                self.errors += 1;
                call.note_failure(position, &refusal.error);
                if let Some(name) = &reply.bulk_id {
                    self.failed.insert(name.clone());
                }
                reply.status = refusal.error.status;
                reply.response = Some(refusal.error.to_json());
                failure = Some(refusal.error);
            }
        }
        // The second half of a create of a circle is no operation of the client's: it changes the first half's reply.
        if self.halves.remove(&position).is_none() {
            self.replies.push((position, reply));
        } else if let Some(error) = failure {
            self.take_back(call, position, &error).await;
        } else if let Some((_, first)) = self.replies.iter_mut().find(|(other, _)| *other == position) {
            first.version = reply.version;
        }
    }

    async fn carry_out(&self, call: &Call, mut operation: BulkOperation) -> Answer<Option<Object>> {
        let lookup = |name: &str| self.ids.get(name).cloned();
        let mut data = operation.data.take().unwrap_or(Value::Null);
        let mut unknown = resolve_references(&mut data, &lookup);
        let (kind, id) = place(&operation.path).ok_or_else(|| no_path(&operation.path))?;
        let id = match id.map(|id| (id, bulk_reference(id))) {
            Some((_, Some(name))) => {
                unknown.extend(lookup(name).is_none().then(|| name.to_owned()));
                lookup(name)
            }
            Some((id, None)) => Some(id.to_owned()),
            None => None,
        };
        if let Some(name) = unknown.first() {
            let name: String = name.chars().take(80).collect();
            return Err(Refusal::new(
                409,
                format!("bulkId:{name} refers to no operation of this request that created a resource"),
            ));
        }
        let when = Precondition { if_match: operation.version.as_deref(), if_none_match: None };
        let Some(method) = operation.method else {
            return Err(Refusal::of(
                ScimType::InvalidSyntax,
                "the method of an operation must be POST, PUT, PATCH or DELETE",
            ));
        };
        match (method, id) {
            (BulkMethod::Post, None) => {
                if operation.bulk_id.is_none() {
                    return Err(Refusal::of(
                        ScimType::InvalidSyntax,
                        "a POST in a bulk request must have a bulkId",
                    ));
                }
                Ok(Some(call.create(kind, body(call, kind, data)?).await?))
            }
            (BulkMethod::Put, Some(id)) => {
                Ok(Some(call.change(kind, &id, &Edit::Replace(body(call, kind, data)?), when).await?))
            }
            (BulkMethod::Patch, Some(id)) => {
                let request = PatchRequest::parse(data)?;
                Ok(Some(call.change(kind, &id, &Edit::Patch(&request), when).await?))
            }
            (BulkMethod::Delete, Some(id)) => {
                call.delete(kind, &id, when).await?;
                Ok(None)
            }
            _ => Err(no_path(&operation.path)),
        }
    }
}

fn references(operation: &BulkOperation) -> Vec<&str> {
    bulk_references(operation.data.as_ref().unwrap_or(&Value::Null), &operation.path)
}

/// Kind and id that a path names: `/Users`, `/Users/ID`, also as whole URLs.
fn place(path: &str) -> Option<(Kind, Option<&str>)> {
    let mut segments = path.trim_matches('/').rsplit('/');
    let last = segments.next()?;
    match segments.next().and_then(kind) {
        Some(kind) => Some((kind, Some(last))),
        None => Some((kind(last)?, None)),
    }
}

fn kind(endpoint: &str) -> Option<Kind> {
    match endpoint {
        _ if endpoint.eq_ignore_ascii_case("Users") => Some(Kind::User),
        _ if endpoint.eq_ignore_ascii_case("Groups") => Some(Kind::Group),
        _ => None,
    }
}

fn body(call: &Call, kind: Kind, data: Value) -> Result<scim::Body, Error> {
    match data {
        Value::Object(map) => scim::Body::of(map, &call.ty(kind).definition),
        _ => Err(Error::of(
            ScimType::InvalidSyntax,
            "the operation's data must be the resource, a JSON object",
        )),
    }
}

fn no_path(path: &str) -> Refusal {
    let path: String = path.chars().take(80).collect();
    Refusal::of(
        ScimType::InvalidPath,
        format!(
            "the path \"{path}\" does not fit: POST goes to /Users or /Groups, the others to /Users/ID or /Groups/ID"
        ),
    )
}
