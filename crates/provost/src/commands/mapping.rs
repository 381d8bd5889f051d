//! `provost job attribute` and `provost job mapping`.

use serde_json::{Value, json};

use super::{id_of, job_of, read_document};
use crate::answer::{Answer, Failure, table, text};
use crate::cli::{JobAttribute, JobMapping, MappingOptions, OnNull, word};
use crate::client::{Client, escape};

/// Runs a command on the target's attributes.
pub async fn attribute(client: &Client, command: JobAttribute) -> Result<Answer, Failure> {
    match command {
        JobAttribute::List { name, group, text } => {
            let (_, job) = job_of(client, &name).await?;
            list(client, &job, group, text.as_deref()).await
        }
        JobAttribute::Discover { name } => {
            let (principal, job) = job_of(client, &name).await?;
            let app = id_of(&principal);
            let path = format!("{}/directories/{app}/discover", schema_path(&app, &job));
            let found = client.post(&path, &json!({})).await?;
            if found["discoveryDateTime"].is_null() {
                return Ok(Answer::done(
                    found,
                    "the target does not say what attributes it has, as most do not; `provost job attribute add` adds \
                     those beyond the RFC's",
                ));
            }
            list(client, &job, false, None).await
        }
        JobAttribute::Add { name, attribute, what } => {
            let (_, job) = job_of(client, &name).await?;
            let body = json!({
                "object": object(what.group),
                "name": attribute,
                "scimType": word(&what.kind),
                "multivalued": what.multi_valued,
                "caseExact": what.case_exact,
                "required": what.required,
            });
            let added = client.post(&format!("/provost/v1/jobs/{job}/attributes"), &body).await?;
            Ok(Answer::done(added, format!("{attribute} can be mapped")))
        }
        JobAttribute::Remove { name, attribute, group } => {
            let (_, job) = job_of(client, &name).await?;
            let (object, escaped) = (object(group), escape(&attribute));
            client.delete(&format!("/provost/v1/jobs/{job}/attributes/{object}/{escaped}")).await?;
            Ok(Answer::done(
                json!({"removed": attribute}),
                format!("{attribute} is no longer listed as added"),
            ))
        }
    }
}

async fn list(client: &Client, job: &str, group: bool, part: Option<&str>) -> Result<Answer, Failure> {
    let mut answer = client.get(&format!("/provost/v1/jobs/{job}/attributes")).await?;
    let part = part.unwrap_or_default().to_lowercase();
    if let Some(all) = answer["value"].as_array_mut() {
        all.retain(|it| {
            (!group || it["object"] == "Group") && text(it, "name").to_lowercase().contains(&part)
        });
    }
    let rows = answer["value"].as_array().into_iter().flatten().map(|it| {
        let kind = if it["scimType"].is_null() { text(it, "type") } else { text(it, "scimType") };
        let many = if it["multivalued"] == true { "list of " } else { "" };
        let flags = [("required", "required"), ("caseExact", "case exact")];
        let mut notes: Vec<String> =
            flags.iter().filter(|(key, _)| it[*key] == true).map(|(_, words)| (*words).to_owned()).collect();
        if it["mutability"] != "ReadWrite" {
            notes.insert(0, text(it, "mutability"));
        }
        [text(it, "object"), text(it, "name"), format!("{many}{kind}"), notes.join(", "), text(it, "origin")]
    });
    let shown = table(["OBJECT", "ATTRIBUTE", "TYPE", "", "ORIGIN"], rows);
    Ok(Answer::done(answer, shown))
}

pub const fn object(group: bool) -> &'static str {
    if group { "Group" } else { "User" }
}

pub fn schema_path(app: &str, job: &str) -> String {
    format!("/v1.0/servicePrincipals/{app}/synchronization/jobs/{job}/schema")
}

/// What of a schema has no place in a job.
const NOT_CARRIED_OVER: &str = "provost-not-carried-over";

/// Runs a command on mappings.
pub async fn mapping(client: &Client, command: JobMapping) -> Result<Answer, Failure> {
    let (JobMapping::List { name, .. }
    | JobMapping::Set { name, .. }
    | JobMapping::Remove { name, .. }
    | JobMapping::Export { name }
    | JobMapping::Import { name, .. }
    | JobMapping::Reset { name }) = &command;
    let (principal, job) = job_of(client, name).await?;
    let path = schema_path(&id_of(&principal), &job);
    match command {
        JobMapping::List { group, .. } => {
            let mut schema = client.get(&path).await?;
            let mut all = Vec::new();
            for of in object_mappings(&mut schema) {
                let object = of["sourceObjectName"].clone();
                for mapping in of["attributeMappings"].as_array().into_iter().flatten() {
                    let mut mapping = mapping.clone();
                    mapping["object"] = object.clone();
                    all.push(mapping);
                }
            }
            all.retain(|mapping| !group || mapping["object"] == "Group");
            Ok(Answer::done(json!({"value": all}), shown(&all)))
        }
        JobMapping::Set { target, source, options, .. } => {
            let changed = edit(client, &path, |schema| {
                let mappings = attribute_mappings(schema, options.group)?;
                set(mappings, &target, source.as_deref(), &options)?;
                Ok(mappings.iter().find(|it| is_of(it, &target)).cloned().unwrap_or_default())
            })
            .await?;
            let words = format!("{target} gets {}", source_text(&changed));
            Ok(Answer::done(changed, words))
        }
        JobMapping::Remove { target, group, .. } => {
            edit(client, &path, |schema| {
                let mappings = attribute_mappings(schema, group)?;
                let before = mappings.len();
                mappings.retain(|it| !is_of(it, &target));
                if mappings.len() < before {
                    return Ok(());
                }
                Err(Failure::new(
                    "NotFound",
                    format!("{target} is not mapped"),
                    "`provost job mapping list` shows what is; --group is needed for an attribute of groups",
                ))
            })
            .await?;
            Ok(Answer::done(
                json!({"removed": target}),
                format!("{target} is mapped no more; what it holds stays"),
            ))
        }
        JobMapping::Export { .. } => {
            let schema = client.get(&path).await?;
            let shown = serde_json::to_string_pretty(&schema).unwrap_or_default();
            Ok(Answer::done(schema, shown))
        }
        JobMapping::Import { file, name } => {
            let schema = read_document(&file, "`provost job mapping export` prints what an import takes")?;
            let notes = client.put_noted(&path, &schema, NOT_CARRIED_OVER).await?;
            let notes = notes.as_array().cloned().unwrap_or_default();
            let told = notes.iter().map(|note| {
                let more = if note["further"] == 0 {
                    String::new()
                } else {
                    format!(" and {} more", note["further"])
                };
                format!("\nnot carried over: {}{more}: {}", text(note, "path"), text(note, "reason"))
            });
            let words = format!("the mappings of {name} are replaced{}", told.collect::<String>());
            Ok(Answer::done(json!({"id": job, "imported": true, "notCarriedOver": notes}), words))
        }
        JobMapping::Reset { name } => {
            client.delete(&path).await?;
            Ok(Answer::done(
                json!({"id": job, "reset": true}),
                format!("{name} has the mappings of its template"),
            ))
        }
    }
}

/// How often a change is made anew on what somebody else has changed meanwhile.
const TRIES: usize = 10;

/// Changes a schema. What somebody else changes at the same time stays changed: the change is made anew on that.
pub async fn edit<T>(
    client: &Client,
    path: &str,
    change: impl Fn(&mut Value) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let mut tries = 0;
    loop {
        let (mut schema, tag) = client.get_tagged(path).await?;
        let changed = change(&mut schema)?;
        tries += 1;
        match client.put_tagged(path, &schema, tag).await {
            Err(failure) if failure.code == "Request_PreconditionFailed" && tries < TRIES => {}
            result => return result.map(|()| changed),
        }
    }
}

pub fn object_mappings(schema: &mut Value) -> &mut [Value] {
    match &mut schema["synchronizationRules"][0]["objectMappings"] {
        Value::Array(mappings) => mappings,
        _ => &mut [],
    }
}

fn attribute_mappings(schema: &mut Value, group: bool) -> Result<&mut Vec<Value>, Failure> {
    object_mapping(schema, group)?["attributeMappings"].as_array_mut().ok_or_else(|| unmapped(group))
}

/// How users or groups are mapped.
pub fn object_mapping(schema: &mut Value, group: bool) -> Result<&mut Value, Failure> {
    let wanted = object(group);
    let of = object_mappings(schema).iter_mut().find(|it| it["sourceObjectName"] == wanted);
    of.ok_or_else(|| unmapped(group))
}

fn unmapped(group: bool) -> Failure {
    Failure::new(
        "NotFound",
        format!("the job has no mapping of objects of type {}", object(group)),
        "`provost job object list` shows which objects the job provisions",
    )
}

fn is_of(mapping: &Value, target: &str) -> bool {
    mapping["targetAttributeName"].as_str().is_some_and(|name| name.eq_ignore_ascii_case(target.trim()))
}

/// Changes the mapping of a target attribute, or adds one.
fn set(
    mappings: &mut Vec<Value>,
    target: &str,
    from: Option<&str>,
    options: &MappingOptions,
) -> Result<(), Failure> {
    let at = match mappings.iter().position(|it| is_of(it, target)) {
        Some(at) => at,
        None if from.is_none() => {
            return Err(Failure::new(
                "Usage",
                format!("{target} is not mapped yet: say where its value comes from"),
                "as in `provost job mapping set NAME title jobTitle`",
            )
            .usage());
        }
        None => {
            mappings.push(json!({"targetAttributeName": target.trim(), "flowNull": true}));
            mappings.len() - 1
        }
    };
    let MappingOptions { group: _, matching, default, flow, null } = options;
    if from.is_none() && matching.is_none() && default.is_none() && flow.is_none() && null.is_none() {
        return Err(Failure::new(
            "Usage",
            format!("say what is to change about {target}"),
            "a source, --match, --default, --flow or --null",
        )
        .usage());
    }
    let mapping = &mut mappings[at];
    if let Some(from) = from {
        mapping["source"] = source(from);
    }
    if let Some(matching) = matching {
        mapping["matchingPriority"] = json!(matching);
    }
    if let Some(default) = default {
        mapping["defaultValue"] = json!(Some(default).filter(|it| !it.is_empty()));
    }
    if let Some(flow) = flow {
        mapping["flowType"] = word(flow).into();
    }
    if let Some(null) = null {
        mapping["flowNull"] = (*null == OnNull::Clear).into();
    }
    Ok(())
}

/// A source as people write it: an attribute, a text in quotes, or else an expression.
fn source(text: &str) -> Value {
    let text = text.trim();
    let name = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    if !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_') {
        return json!({"type": "Attribute", "name": name});
    }
    let inner = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    match inner.and_then(unquoted) {
        Some(constant) => json!({"type": "Constant", "name": constant}),
        None => json!({"type": "Function", "expression": text}),
    }
}

/// A text of the expression language without its quotes; none where a quote ends it before.
fn unquoted(inner: &str) -> Option<String> {
    let mut text = String::with_capacity(inner.len());
    let mut letters = inner.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => return None,
            '\\' => text.push(letters.next()?),
            other => text.push(other),
        }
    }
    Some(text)
}

fn source_text(mapping: &Value) -> String {
    let source = &mapping["source"];
    match source["type"].as_str() {
        Some("Attribute") => text(source, "name"),
        Some("Constant") => format!("\"{}\"", text(source, "name")),
        Some(_) => text(source, "expression"),
        None => "its default only".to_owned(),
    }
}

fn shown(mappings: &[Value]) -> String {
    let rows = mappings.iter().map(|mapping| {
        let matching = Some(text(mapping, "matchingPriority")).filter(|it| it != "0").unwrap_or_default();
        let null = if mapping["flowNull"] == true { "clears" } else { "keeps" };
        [
            text(mapping, "object"),
            text(mapping, "targetAttributeName"),
            source_text(mapping),
            matching,
            text(mapping, "defaultValue"),
            text(mapping, "flowType"),
            null.to_owned(),
        ]
    });
    table(["OBJECT", "TARGET", "SOURCE", "MATCH", "DEFAULT", "FLOW", "NULL"], rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_what_it_looks_like() {
        for (written, kind, name, value) in [
            ("jobTitle", "Attribute", "name", "jobTitle"),
            (" [jobTitle] ", "Attribute", "name", "jobTitle"),
            (r#""Employee""#, "Constant", "name", "Employee"),
            (r#""a \"b\" \\ c""#, "Constant", "name", r#"a "b" \ c"#),
            (r#"Join(" ", [a], [b])"#, "Function", "expression", r#"Join(" ", [a], [b])"#),
            (r#""a" & "b""#, "Function", "expression", r#""a" & "b""#),
            ("", "Function", "expression", ""),
        ] {
            let read = source(written);
            assert_eq!((&read["type"], &read[name]), (&json!(kind), &json!(value)), "{written}");
        }
    }
}
