//! `/provost/v1/jobs/{job}/scope`: who passes the scoping filters.

use axum::Json;
use axum::extract::Path;
use axum::response::IntoResponse;
use axum::routing::post;
use bytes::Bytes;
use directory::Selection;
use engine::{Filters, SourceView};
use model::{DirectoryObject, Job, ObjectType};
use serde_json::{Value, json};

use super::job_settings::job;
use super::{Routes, reevaluation};
use crate::call::{Call, from_value, object};
use crate::error::{Answer, ApiError};

/// Most objects that are looked at.
const SAMPLE: usize = 1_000;
/// Most objects that are named on either side.
const NAMED: usize = 20;

pub(super) fn routes() -> Routes {
    Routes::new().route("/jobs/{job}/scope", post(sample))
}

/// Judges the first objects of the directory by the filters of the job, or of a `schema` that is not saved.
async fn sample(call: Call, Path(id): Path<String>, body: Bytes) -> Answer {
    let job = job(&call, &id).await?;
    let mut body = object(&body)?;
    let object_type: ObjectType = match body.remove("object") {
        None | Some(Value::Null) => ObjectType::User,
        Some(object) => from_value(object)?,
    };
    let job = if body.is_empty() { job } else { reevaluation::unsaved(&call, &job, body)? };
    let filters = filters(&job, object_type)?;
    let found = call.directory.list_objects(object_type, &Selection::Live, None, SAMPLE, |_| true).await?;
    let mut passing = Side::default();
    let mut failing = Side::default();
    for object in &found.objects {
        match filters.judge(&SourceView::new(object, !object.enabled())) {
            Ok(()) => passing.add(object, None),
            Err(reason) => failing.add(object, Some(&reason)),
        }
    }
    Ok(Json(json!({
        "object": object_type,
        "looked": found.objects.len(),
        "all": call.directory.count_objects(object_type).await?,
        "passing": passing.shown(),
        "failing": failing.shown(),
    }))
    .into_response())
}

fn filters(job: &Job, object_type: ObjectType) -> Result<Filters, ApiError> {
    let mapping = job.object_mappings.iter().find(|mapping| mapping.source_object == object_type);
    let mapping =
        mapping.ok_or_else(|| ApiError::missing(format!("The job has no mapping of {object_type:?}s.")))?;
    // Was checked when it was saved, or just now.
    Filters::compile(&mapping.name, &mapping.scoping_filters)
        .map_err(|error| ApiError::bad(error.to_string()))
}

/// Those who pass, or those who do not.
#[derive(Default)]
struct Side {
    count: usize,
    first: Vec<Value>,
}

impl Side {
    fn add(&mut self, object: &DirectoryObject, reason: Option<&str>) {
        self.count += 1;
        if self.first.len() < NAMED {
            let name = object.text("displayName").or_else(|| object.text("userPrincipalName"));
            self.first.push(json!({"id": object.id, "displayName": name, "reason": reason}));
        }
    }

    fn shown(&self) -> Value {
        json!({"count": self.count, "first": self.first})
    }
}
