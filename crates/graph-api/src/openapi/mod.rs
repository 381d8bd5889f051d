//! `/openapi.json`: what there is to call, as OpenAPI 3.1.

mod calls;
mod schemas;

use serde_json::{Map, Value, json};

use crate::odata::MAX_PAGE;
use crate::routes::DIRECTORY_NAME;
use crate::{Addresses, cookie};

use calls::{CALLS, SIGN_IN};

/// A call.
#[derive(Clone, Copy)]
pub(crate) struct Described {
    /// In lower case.
    pub method: &'static str,
    /// The path, with parameters in braces.
    pub path: &'static str,
    summary: &'static str,
    /// The query options that it takes beside those that go with its answer.
    options: &'static [&'static str],
    /// The object that its body is, or after `=` the media type of one that is no JSON.
    body: Option<&'static str>,
    answer: Answers,
}

/// What a call answers when it succeeds.
#[derive(Clone, Copy)]
struct Answers {
    status: u16,
    form: Form,
}

#[derive(Clone, Copy)]
enum Form {
    Empty,
    Object(&'static str),
    /// A list that comes by pages.
    Page(&'static str),
    /// A list that comes whole.
    List(&'static str),
    /// Something that is no JSON, of a media type.
    Raw(&'static str),
}

/// Server-sent events.
const EVENTS: &str = "text/event-stream";

const EMPTY: Answers = Answers { status: 204, form: Form::Empty };
const COUNT: Answers = Answers { status: 200, form: Form::Raw("text/plain") };

const fn one(status: u16, object: &'static str) -> Answers {
    Answers { status, form: Form::Object(object) }
}

const fn page(object: &'static str) -> Answers {
    Answers { status: 200, form: Form::Page(object) }
}

const fn list(object: &'static str) -> Answers {
    Answers { status: 200, form: Form::List(object) }
}

const fn raw(media_type: &'static str) -> Answers {
    Answers { status: 200, form: Form::Raw(media_type) }
}

impl Described {
    const fn new(method: &'static str, path: &'static str, summary: &'static str, answer: Answers) -> Self {
        Self { method, path, summary, options: &[], body: None, answer }
    }

    const fn options(self, options: &'static [&'static str]) -> Self {
        Self { options, ..self }
    }

    const fn takes(self, body: &'static str) -> Self {
        Self { body: Some(body), ..self }
    }

    /// Whether it is Graph's, which has options that go with each answer.
    fn is_graph(&self) -> bool {
        self.path.starts_with("/v1.0/")
    }

    /// Whether it needs no credential.
    fn is_open(&self) -> bool {
        self.path.starts_with("/{")
            || matches!((self.path, self.method), ("/provost/v1/session", "post") | ("/provost/v1/setup", _))
    }

    fn operation(&self) -> Value {
        let in_path = self.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        let in_path = in_path.map(|name| {
            json!({"name": name, "in": "path", "required": true, "schema": {"type": "string", "minLength": 1}})
        });
        let usual: &[&str] = match self.answer.form {
            Form::Page(_) if self.is_graph() => &["$select", "$top", "$skiptoken", "$count"],
            Form::Page(_) => &["$top", "$skiptoken"],
            Form::Object(_) if self.is_graph() && self.method == "get" => &["$select"],
            _ => &[],
        };
        let in_query = usual.iter().chain(self.options).map(|name| option(name));
        let mut operation = json!({
            "operationId": self.id(),
            "summary": self.summary,
            "parameters": in_path.chain(in_query).collect::<Vec<_>>(),
            "responses": {
                self.answer.status.to_string(): self.answer.shown(),
                "default": self.refusal(),
            },
        });
        if let Some(body) = self.body {
            let content = match body.strip_prefix('=') {
                Some(media_type) => json!({media_type: {"schema": {"type": "string"}}}),
                None => json!({"application/json": {"schema": schemas::reference(body)}}),
            };
            operation["requestBody"] = json!({"content": content});
        }
        if self.is_open() {
            operation["security"] = json!([]);
        }
        operation
    }

    /// An identifier of its own: the method and the path, as clients name functions.
    fn id(&self) -> String {
        let words =
            self.path.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|it| !it.is_empty());
        std::iter::once(self.method).chain(words).collect::<Vec<_>>().join("_")
    }

    fn refusal(&self) -> Value {
        let error = if self.path.starts_with("/{") { "OAuthError" } else { "Error" };
        json!({"description": "Refused or failed", "content": json_of(&schemas::reference(error))})
    }
}

impl Answers {
    fn shown(self) -> Value {
        match self.form {
            Form::Empty => json!({"description": "Done"}),
            Form::Object(name) => {
                json!({"description": "Done", "content": json_of(&schemas::reference(name))})
            }
            // OpenAPI 3.1 has no words for what an event of a stream is.
            Form::Raw(EVENTS) => json!({"description": "Done", "content": {EVENTS: {"schema": {}}}}),
            Form::Raw(media_type) => {
                json!({"description": "Done", "content": {media_type: {"schema": {"type": "string"}}}})
            }
            Form::Page(name) | Form::List(name) => {
                let values = json!({"type": "array", "items": schemas::reference(name)});
                let mut properties = json!({"value": values});
                if let Form::Page(_) = self.form {
                    for (link, kind) in [
                        ("@odata.context", "string"),
                        ("@odata.count", "integer"),
                        ("@odata.nextLink", "string"),
                        ("@odata.deltaLink", "string"),
                    ] {
                        properties[link] = json!({"type": kind});
                    }
                }
                let schema = json!({"type": "object", "required": ["value"], "properties": properties});
                json!({"description": "Done", "content": json_of(&schema)})
            }
        }
    }
}

fn json_of(schema: &Value) -> Value {
    json!({"application/json": {"schema": schema}})
}

/// A query option as a parameter.
fn option(name: &str) -> Value {
    let schema = match name {
        "$top" => json!({"type": "integer", "minimum": 1, "maximum": MAX_PAGE}),
        "$skip" | "allowLeavers" => json!({"type": "integer", "minimum": 0}),
        "$count" | "dryRun" | "atomic" | "snapshot" | "plan" | "prune" | "errors" | "everywhere" => {
            json!({"type": "boolean"})
        }
        _ => json!({"type": "string"}),
    };
    json!({"name": name, "in": "query", "required": false, "schema": schema})
}

/// Every call of administrators.
#[cfg(test)]
pub(crate) const fn calls() -> &'static [Described] {
    CALLS
}

/// The document for a server at those addresses.
pub(crate) fn document(addresses: &Addresses) -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for call in CALLS.iter().chain(SIGN_IN) {
        let entry = paths.entry(call.path.to_owned()).or_insert_with(|| json!({}));
        entry[call.method] = call.operation();
    }
    json!({
        "openapi": "3.1.0",
        "info": {"title": "Provost", "version": env!("CARGO_PKG_VERSION")},
        "servers": [{"url": addresses.public_url}],
        "security": [{"bearer": []}, {"clientCredentials": []}, {"session": [], "csrf": []}],
        "paths": paths,
        "components": {"securitySchemes": security_schemes(addresses), "schemas": &*schemas::ALL},
    })
}

/// How callers show who they are.
fn security_schemes(addresses: &Addresses) -> Value {
    let token_url = format!("{}/{}/oauth2/v2.0/token", addresses.public_url, DIRECTORY_NAME);
    json!({
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "The administrator's token of the installation, or an access token",
        },
        "clientCredentials": {
            "type": "oauth2",
            "flows": {"clientCredentials": {"tokenUrl": token_url, "scopes": {}}},
        },
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": cookie::name(addresses),
            "description": "The session of a person who signed in",
        },
        "csrf": {
            "type": "apiKey",
            "in": "header",
            "name": "X-CSRF-Token",
            "description": "The session's csrfToken, for all but GET",
        },
    })
}

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) use conformance::conforms;
