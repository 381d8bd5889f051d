//! What can be written in schemas, of jobs and of templates: `filterOperators`, `functions`, and `parseExpression`, which tries
//! an expression.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::Json;
use axum::extract::Path;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use bytes::Bytes;
use engine::{SourceView, known_attributes};
use expression::{
    Expression, Kind, Outcome, Presence, RoleAssignment, Signature, Span, Surroundings, Value as Read,
};
use model::{ClauseOperator, LookupTable, ObjectType};
use serde_json::{Value, json};
use uuid::Uuid;

use super::Routes;
use super::applications::principal;
use super::jobs::{job_of, template_of};
use crate::call::{Call, guid, object};
use crate::error::{Answer, ApiError};
use crate::{page, schema};

pub(super) fn routes() -> Routes {
    const BASE: &str = "/servicePrincipals/{id}/synchronization";
    let of = |base: &str| {
        Routes::new()
            .route(&format!("{base}/schema/filterOperators"), get(operators))
            .route(&format!("{base}/schema/functions"), get(functions))
            .route(&format!("{base}/schema/parseExpression"), post(parse))
    };
    of(&format!("{BASE}/jobs/{{job}}")).merge(of(&format!("{BASE}/templates/{{template}}")))
}

/// The tables of the job that a path names; none where it names a template. The error is 404 where there is neither.
async fn owner(
    call: &Call,
    path: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, LookupTable>, ApiError> {
    let part = |name: &str| path.get(name).map(String::as_str);
    let app = part("id").unwrap_or_default();
    if let Some(job) = part("job") {
        return Ok(job_of(call, app, job).await?.tables);
    }
    template_of(call, app, part("template").unwrap_or_default()).await?;
    Ok(BTreeMap::new())
}

async fn operators(call: Call, Path(path): Path<BTreeMap<String, String>>) -> Answer {
    call.query.only(&[])?;
    owner(&call, &path).await?;
    Ok(page::list(&call, "filterOperators", ClauseOperator::ALL.map(operator).into(), None, None))
}

/// An operator as Graph's `filterOperatorSchema`. Of several values one that fits is enough.
fn operator(operator: ClauseOperator) -> Value {
    use ClauseOperator as Op;
    let types: &[&str] = match operator {
        Op::IsTrue | Op::IsFalse => &["Boolean"],
        Op::Equals | Op::NotEquals => &["Boolean", "Integer", "String"],
        Op::IsNull | Op::IsNotNull => &["Boolean", "Reference", "Integer", "String"],
        Op::BitsSet | Op::BitsNotSet => &["Integer"],
        Op::GreaterThan
        | Op::GreaterThanOrEquals
        | Op::RegexMatch
        | Op::NotRegexMatch
        | Op::Includes
        | Op::EndsWith => &["Integer", "String"],
    };
    json!({
        "name": schema::operator_name(operator),
        "arity": if operator.takes_value() { "Binary" } else { "Unary" },
        "multivaluedComparisonType": "Any",
        "supportedAttributeTypes": types,
    })
}

async fn functions(call: Call, Path(path): Path<BTreeMap<String, String>>) -> Answer {
    call.query.only(&[])?;
    owner(&call, &path).await?;
    let shown = expression::functions().iter().map(function).collect();
    Ok(page::list(&call, "functions", shown, None, None))
}

/// A function as Graph's `attributeMappingFunctionSchema`, with a summary and an example of ours.
fn function(signature: &Signature) -> Value {
    let repeated = signature.parameters.len() - signature.repeating;
    let parameter = |(at, it): (usize, &expression::Parameter)| {
        json!({
            "name": it.name,
            "required": it.presence == Presence::Required,
            "allowMultipleOccurrences": at >= repeated,
            "type": match it.kind {
                Kind::Integer => "Integer",
                Kind::Boolean => "Boolean",
                Kind::DateTime => "DateTime",
                _ => "String",
            },
        })
    };
    json!({
        "name": signature.name,
        "parameters": signature.parameters.iter().enumerate().map(parameter).collect::<Vec<_>>(),
        "summary": signature.summary,
        "example": signature.example,
    })
}

/// Graph's `parseExpression`: an expression is no failed call, whatever is wrong with it. Beside Graph's
/// `testInputObject` it takes `objectId`: it is tried with that user or group, as a cycle sees it.
async fn parse(call: Call, Path(path): Path<BTreeMap<String, String>>, body: Bytes) -> Answer {
    let tables = owner(&call, &path).await?;
    let body = object(&body)?;
    let text = body.get("expression").and_then(Value::as_str);
    let text = text.ok_or_else(|| ApiError::bad("The body must have expression, a text."))?;
    let given = body.get("testInputObject").filter(|input| !input.is_null()).map(attributes).transpose()?;
    let chosen = match body.get("objectId").filter(|id| !id.is_null()) {
        Some(id) => Some(call.directory.any_object(guid(id.as_str().unwrap_or_default())?).await?),
        None => None,
    };
    let mut answer = json!({
        "@odata.context": call.context("microsoft.graph.parseExpressionResponse"),
        "error": null,
        "evaluationSucceeded": false,
        "evaluationResult": [],
        "parsedExpression": null,
        "parsingSucceeded": false,
    });
    match read(text, given.as_ref()) {
        Err(refused) => {
            answer["error"] = wrong("ParsingFailed", &refused.to_string(), text, refused.span);
        }
        Ok((expression, part)) => {
            answer["parsingSucceeded"] = true.into();
            answer["parsedExpression"] = schema::part(&part);
            let outcome = if let Some(object) = &chosen {
                let roles = roles_of(&call, &path, object.id).await?;
                let view = SourceView::new(object, !object.enabled());
                Some(expression.evaluate(&view, &outside(&call, roles, tables)))
            } else {
                given.map(|given| expression.evaluate(&given, &outside(&call, roles_in(&given), tables)))
            };
            match outcome {
                None => {}
                Some(Ok(outcome)) => {
                    answer["evaluationSucceeded"] = true.into();
                    answer["evaluationResult"] = values(outcome).into();
                }
                Some(Err(failed)) => {
                    answer["error"] = wrong("EvaluationFailed", &failed.to_string(), text, failed.span);
                }
            }
        }
    }
    Ok(Json(answer).into_response())
}

/// What is wrong with an expression, and with which of its characters.
fn wrong(code: &str, message: &str, text: &str, span: Span) -> Value {
    let characters = |bytes: usize| text.get(..bytes).unwrap_or(text).chars().count();
    let place = json!({"start": characters(span.start), "end": characters(span.end)});
    json!({"code": code, "message": message, "target": "expression", "details": [], "innerError": place})
}

/// An expression that reads what users and groups have, or what the object to try it with has.
fn read(
    text: &str,
    input: Option<&BTreeMap<String, Read>>,
) -> Result<(Expression, expression::Part), expression::Error> {
    let expression = Expression::parse(text)?;
    let given = input.into_iter().flat_map(BTreeMap::keys).map(String::as_str);
    let unknown = |name: &&str| {
        !engine::is_known_attribute(ObjectType::User, name)
            && !engine::is_known_attribute(ObjectType::Group, name)
    };
    let known: Vec<&str> = [ObjectType::User, ObjectType::Group]
        .into_iter()
        .flat_map(|of| known_attributes(of).iter().copied())
        .chain(given)
        // Extension attributes have no list.
        .chain(expression.attributes().filter(|name| !unknown(name)))
        .collect();
    expression.check(&known)?;
    Ok((expression, expression::take_apart(text)?))
}

/// The properties of Graph's `expressionInputObject`: pairs of key and value.
fn attributes(input: &Value) -> Result<BTreeMap<String, Read>, ApiError> {
    let pairs = match &input["properties"] {
        Value::Null => &[][..],
        Value::Array(pairs) => pairs,
        _ => return Err(ApiError::bad("testInputObject.properties must be a list.")),
    };
    let mut attributes = BTreeMap::new();
    for (at, pair) in pairs.iter().enumerate() {
        let key = pair["key"].as_str().ok_or_else(|| {
            ApiError::bad(format!("testInputObject.properties[{at}] must be an object with key and value."))
        })?;
        attributes.insert(key.to_owned(), Read::from(&pair["value"]));
    }
    Ok(attributes)
}

/// The roles that an object was given with its properties.
fn roles_in(given: &BTreeMap<String, Read>) -> Vec<Arc<RoleAssignment>> {
    let roles = texts(&expression::Attributes::get(given, "appRoleAssignments")).into_iter();
    roles.map(|text| role(String::new(), text.clone(), text)).collect()
}

/// Assignments that are looked at, of an object and of the groups that it is in.
const ASSIGNMENTS: usize = 1_000;

/// The roles by which an object is assigned to the application, itself or through a group that it is a direct member of.
async fn roles_of(
    call: &Call,
    path: &BTreeMap<String, String>,
    object: Uuid,
) -> Result<Vec<Arc<RoleAssignment>>, ApiError> {
    let app = principal(call, path.get("id").map(String::as_str).unwrap_or_default()).await?;
    let groups = call.directory.member_of(object, None, ASSIGNMENTS).await?;
    let mut assigned = BTreeSet::new();
    for principal in std::iter::once(object).chain(groups.objects.iter().map(|group| group.id)) {
        let (found, _) = call.directory.assignments_of(principal, None, ASSIGNMENTS).await?;
        assigned.extend(found.iter().filter(|it| it.resource_id == app.id).map(|it| it.app_role_id));
    }
    let own = app.app_roles.iter().filter(|role| assigned.contains(&role.id));
    let shown =
        own.map(|it| role(it.id.to_string(), it.value.clone().unwrap_or_default(), it.display_name.clone()));
    Ok(shown.collect())
}

fn role(id: String, value: String, display_name: String) -> Arc<RoleAssignment> {
    Arc::new(RoleAssignment { id, value, display_name })
}

/// What the expression asks for beside the object: its roles, and no value is taken.
fn outside(
    call: &Call,
    roles: Vec<Arc<RoleAssignment>>,
    tables: BTreeMap<String, LookupTable>,
) -> Surroundings {
    let id = call.directory.ids().next();
    let mut seed = [0; 32];
    seed[..16].copy_from_slice(id.as_bytes());
    seed[16..].copy_from_slice(id.as_bytes());
    let rows = |table: LookupTable| table.into_iter().map(|(key, value)| (key, Read::from(value))).collect();
    Surroundings {
        now: call.directory.clock().now(),
        seed,
        roles,
        taken: BTreeMap::new(),
        others_taken: Some(false),
        tables: tables.into_iter().map(|(name, table)| (name, rows(table))).collect(),
    }
}

/// The values that came out; none where the attribute would be left as it is.
fn values(outcome: Outcome) -> Vec<String> {
    outcome.into_value().map(|value| texts(&value)).unwrap_or_default()
}

fn texts(value: &Read) -> Vec<String> {
    match value {
        Read::List(values) => values.iter().flat_map(texts).collect(),
        single => single.text().map(std::borrow::Cow::into_owned).into_iter().collect(),
    }
}
