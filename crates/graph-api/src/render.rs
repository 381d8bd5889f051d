//! Our records as Graph writes them.

use jiff::Timestamp;
use model::{
    Application, ApplicationTemplate, AuditEntry, CycleReport, CycleStatus, DirectoryObject, Identity, Job,
    JobState, ModifiedProperty, ObjectType, ProvisioningEntry, ServicePrincipal,
};
use serde_json::{Map, Value, json};

/// What every user shows, with null where there is no value.
const USER_ALWAYS: &[&str] = &[
    "displayName",
    "givenName",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
];
/// What every group shows, with null where there is no value.
const GROUP_ALWAYS: &[&str] = &["displayName", "description", "mail", "mailNickname", "visibility"];
const EXTENSION: &str = "extensionAttribute";

/// A moment to the microsecond, which every client's type for it holds; the store keeps no more of it either.
fn instant(at: Timestamp) -> String {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at).to_string()
}

/// A user or group. More than Graph's default selection: all values there are.
pub(crate) fn object(object: &DirectoryObject) -> Value {
    let mut shown = Map::new();
    shown.insert("id".to_owned(), object.id.to_string().into());
    let always = match object.object_type {
        ObjectType::User => {
            shown.insert("businessPhones".to_owned(), json!([]));
            USER_ALWAYS
        }
        ObjectType::Group => {
            shown.insert("groupTypes".to_owned(), json!([]));
            shown.insert("proxyAddresses".to_owned(), json!([]));
            GROUP_ALWAYS
        }
    };
    for name in always {
        shown.insert((*name).to_owned(), Value::Null);
    }
    let mut extensions = Map::new();
    for (name, value) in &object.attributes {
        let target = if name.starts_with(EXTENSION) { &mut extensions } else { &mut shown };
        target.insert(name.clone(), value.clone());
    }
    if !extensions.is_empty() {
        shown.insert("onPremisesExtensionAttributes".to_owned(), Value::Object(extensions));
    }
    shown.insert("createdDateTime".to_owned(), instant(object.created).into());
    let deleted = object.deleted.map_or(Value::Null, |at| instant(at).into());
    shown.insert("deletedDateTime".to_owned(), deleted);
    Value::Object(shown)
}

/// The object with null for each property that it has no value for.
pub(crate) fn with_nulls(mut shown: Value, object_type: ObjectType) -> Value {
    let attributes = match object_type {
        ObjectType::User => directory::USER_ATTRIBUTES,
        ObjectType::Group => directory::GROUP_ATTRIBUTES,
    };
    let extensions = (object_type == ObjectType::User).then_some("onPremisesExtensionAttributes");
    if let Value::Object(members) = &mut shown {
        for name in attributes.iter().map(|(name, _)| *name).chain(extensions) {
            members.entry(name).or_insert(Value::Null);
        }
    }
    shown
}

/// The `@odata.type` of a user or group.
pub(crate) const fn type_of(object_type: ObjectType) -> &'static str {
    match object_type {
        ObjectType::User => "#microsoft.graph.user",
        ObjectType::Group => "#microsoft.graph.group",
    }
}

/// A user or group in a list of mixed types, which says what it is.
pub(crate) fn typed(found: &DirectoryObject) -> Value {
    let mut shown = Map::new();
    shown.insert("@odata.type".to_owned(), type_of(found.object_type).into());
    if let Value::Object(mut members) = object(found) {
        shown.append(&mut members);
    }
    Value::Object(shown)
}

pub(crate) fn template(template: &ApplicationTemplate) -> Value {
    json!({
        "id": template.id,
        "displayName": template.display_name,
        "homePageUrl": template.home_page_url,
        "supportedSingleSignOnModes": [],
        "supportedProvisioningTypes": ["sync"],
        "logoUrl": null,
        "categories": template.categories,
        "publisher": template.publisher,
        "description": template.description,
        "appRoles": template.app_roles,
        "tenantUrlExample": template.tenant_url_example,
    })
}

pub(crate) fn application(application: &Application) -> Value {
    json!({
        "id": application.id,
        "appId": application.app_id,
        "displayName": application.display_name,
        "applicationTemplateId": application.application_template_id,
        "appRoles": application.app_roles,
    })
}

pub(crate) fn service_principal(principal: &ServicePrincipal) -> Value {
    json!({
        "id": principal.id,
        "appId": principal.app_id,
        "appDisplayName": principal.display_name,
        "displayName": principal.display_name,
        "applicationTemplateId": principal.application_template_id,
        "accountEnabled": principal.account_enabled,
        "servicePrincipalType": "Application",
        "appRoles": principal.app_roles,
        "tags": principal.tags,
    })
}

/// Where a job stands, in one of Graph's words.
pub(crate) fn job_code(job: &Job, state: &JobState) -> &'static str {
    match (&state.quarantine, job.started, &state.last_cycle) {
        (Some(_), _, _) => "Quarantine",
        (None, true, _) => "Active",
        (None, false, None) => "NotRun",
        (None, false, Some(_)) => "Paused",
    }
}

/// A job as Graph's `synchronizationJob`.
pub(crate) fn job(job: &Job, state: &JobState, entries: &[(&str, u64)]) -> Value {
    let last = state.last_cycle.as_ref();
    let good = last.filter(|report| report.status == CycleStatus::Completed);
    let counts: Vec<Value> =
        entries.iter().map(|(kind, count)| json!({"key": kind, "value": count})).collect();
    json!({
        "id": job.id,
        "templateId": job.template_id,
        "schedule": {
            "expiration": null,
            "interval": job.interval.to_string(),
            "state": if job.started { "Active" } else { "Disabled" },
        },
        "status": {
            "code": job_code(job, state),
            "countSuccessiveCompleteFailures": state.quarantine.as_ref().map_or(0, |it| it.series_count),
            "escrowsPruned": false,
            "steadyStateFirstAchievedTime": null,
            "steadyStateLastAchievedTime": good.map(|report| instant(report.started)),
            "troubleshootingUrl": null,
            "lastExecution": last.map(execution),
            "lastSuccessfulExecution": good.map(execution),
            "lastSuccessfulExecutionWithExports": null,
            "progress": [],
            "quarantine": state.quarantine.as_ref().map(|it| json!({
                // Of a job from before, only when it all began is known.
                "currentBegan": instant(it.evaluated.max(it.series_began)),
                "reason": quarantine_reason(&it.reason),
                "seriesBegan": instant(it.series_began),
                "seriesCount": it.series_count,
                "nextAttempt": instant(it.next_attempt),
                "error": {"code": it.error.error_code, "message": it.error.reason, "tenantActionable": true},
            })),
            "synchronizedEntryCountByType": counts,
        },
        "synchronizationJobSettings": [
            {"name": "SyncScope", "value": match job.scope {
                model::SyncScope::All => "All",
                model::SyncScope::Assigned => "Assigned",
            }},
        ],
    })
}

/// Graph knows one reason for all that guards hold back.
fn quarantine_reason(reason: &str) -> &str {
    match reason {
        "TooManyRenames" | "TooManyMembershipRemovals" | "SourceShrank" => "TooManyDeletes",
        other => other,
    }
}

fn execution(report: &CycleReport) -> Value {
    let ended = report
        .started
        .saturating_add(jiff::SignedDuration::from_millis(
            i64::try_from(report.duration_ms).unwrap_or(i64::MAX),
        ))
        .unwrap_or(report.started);
    let exported =
        report.counts.created + report.counts.updated + report.counts.disabled + report.counts.deleted;
    json!({
        "activityIdentifier": report.cycle_id,
        "countEntitled": report.total,
        "countEntitledForProvisioning": report.total,
        "countEscrowed": report.counts.failed,
        "countEscrowedRaw": report.counts.failed,
        "countExported": exported,
        "countExports": exported,
        "countImported": report.done,
        "countImportedDeltas": 0,
        "countImportedReferenceDeltas": 0,
        "state": match report.status {
            CycleStatus::Completed if report.counts.failed == 0 => "Succeeded",
            CycleStatus::Completed => "EntryLevelErrors",
            CycleStatus::Running | CycleStatus::Interrupted | CycleStatus::Quarantined => "Failed",
        },
        "error": report.error.as_ref().map(|error| json!({"code": error.error_code, "message": error.reason})),
        "timeBegan": instant(report.started),
        "timeEnded": instant(ended),
    })
}

/// An entry of the provisioning log as Graph's `provisioningObjectSummary`.
pub(crate) fn entry(entry: &ProvisioningEntry) -> Value {
    json!({
        "id": entry.id,
        "activityDateTime": instant(entry.activity_date_time),
        "tenantId": entry.tenant_id,
        "jobId": entry.job_id,
        "cycleId": entry.cycle_id,
        "changeId": entry.change_id,
        "provisioningAction": entry.provisioning_action,
        "durationInMilliseconds": entry.duration_in_milliseconds,
        "initiatedBy": {
            "id": entry.initiated_by.id,
            "displayName": entry.initiated_by.display_name,
            "initiatorType": if entry.initiated_by.id.starts_with("system:") { "system" } else { "user" },
        },
        "sourceSystem": {"id": entry.tenant_id, "displayName": "Provost", "details": {}},
        "targetSystem": {
            "id": entry.service_principal.id,
            "displayName": entry.service_principal.display_name,
            "details": {},
        },
        "servicePrincipal": {
            "id": entry.service_principal.id,
            "displayName": entry.service_principal.display_name,
        },
        "sourceIdentity": identity(&entry.source_identity),
        "targetIdentity": identity(&entry.target_identity),
        "provisioningStatusInfo": {
            "status": entry.provisioning_status,
            "errorInformation": entry.error_information.as_ref().map(|error| json!({
                "errorCode": error.error_code,
                "errorCategory": error.error_category,
                "reason": error.reason,
                "recommendedAction": error.recommended_action,
                "additionalDetails": null,
            })),
        },
        "provisioningSteps": entry.provisioning_steps,
        "modifiedProperties": modified(&entry.modified_properties),
    })
}

fn identity(identity: &Identity) -> Value {
    json!({
        "id": identity.id,
        "displayName": identity.display_name,
        "identityType": identity.identity_type,
        "details": {},
    })
}

/// Changed properties; values as text, as Graph has them.
pub(crate) fn modified(properties: &[ModifiedProperty]) -> Value {
    let text = |value: &Option<Value>| match value {
        None => Value::Null,
        Some(Value::String(text)) => Value::String(text.clone()),
        Some(other) => Value::String(other.to_string()),
    };
    properties
        .iter()
        .map(|it| {
            json!({
                "displayName": it.display_name,
                "oldValue": text(&it.old_value),
                "newValue": text(&it.new_value),
            })
        })
        .collect()
}

/// An entry of the audit log as Graph's `directoryAudit`.
pub(crate) fn audit(entry: &AuditEntry) -> Value {
    json!({
        "id": entry.id,
        "category": entry.category,
        "correlationId": entry.id,
        "result": "success",
        "resultReason": "",
        "activityDisplayName": entry.activity_display_name,
        "activityDateTime": instant(entry.activity_date_time),
        "loggedByService": "Core Directory",
        "operationType": entry.activity_display_name.split(' ').next().unwrap_or_default(),
        "initiatedBy": {
            "user": {
                "id": entry.initiated_by.id,
                "displayName": entry.initiated_by.display_name,
                "userPrincipalName": null,
            },
            "app": null,
        },
        "targetResources": [{
            "id": entry.target.id,
            "displayName": entry.target.display_name,
            "type": entry.target.identity_type,
            "modifiedProperties": modified(&entry.modified_properties),
        }],
        "additionalDetails": [],
    })
}
