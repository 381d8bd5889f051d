//! Errors as Graph words them.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use model::ErrorInformation;
use serde_json::{Value, json};
use tracing::error;

use crate::Shared;

/// A refused or failed call.
#[derive(Debug)]
pub(crate) struct ApiError {
    pub status: StatusCode,
    pub code: String,
    pub message: String,
    /// The property that it is about.
    pub target: Option<Box<str>>,
    /// What to do about it.
    pub hint: Box<str>,
    /// Seconds after which the same call may do better.
    pub retry_after: Option<u64>,
    /// Where to go instead.
    pub location: Option<Box<str>>,
}

/// The answer to a call.
pub(crate) type Answer = Result<Response, ApiError>;

impl ApiError {
    /// A refusal with the hint that its status always has; [`ApiError::hint`] gives a better one.
    pub fn new(status: StatusCode, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            status,
            code: code.into(),
            message: message.into(),
            target: None,
            hint: usual_hint(status).into(),
            retry_after: None,
            location: None,
        }
    }

    /// The call cannot be understood or carried out as it is.
    pub fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "Request_BadRequest", message)
    }

    /// There is no such object.
    pub fn missing(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "Request_ResourceNotFound", message)
    }

    /// The call uses a part of the query language that this resource does not support.
    pub fn unsupported(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "Request_UnsupportedQuery", message)
            .hint("docs/administration-api.md tells which query options each list takes.")
    }

    /// The same error with the property that it is about.
    pub fn target(mut self, property: impl Into<String>) -> Self {
        self.target = Some(property.into().into());
        self
    }

    /// The same error with what to do about it.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into().into();
        self
    }

    /// The same error with the address to go to instead.
    pub fn location(mut self, address: impl Into<String>) -> Self {
        self.location = Some(address.into().into());
        self
    }

    /// The error as a body has it.
    pub fn body(&self) -> Value {
        let mut inner = json!({"hint": self.hint});
        if let Some(property) = &self.target {
            inner["target"] = (**property).into();
        }
        json!({"error": {"code": self.code, "message": self.message, "innerError": inner}})
    }

    fn internal(reason: &dyn std::fmt::Display) -> Self {
        error!(%reason, "a call of the administration API failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalServerError",
            "The server failed at this call; its log says why.",
        )
    }
}

impl From<directory::Error> for ApiError {
    fn from(error: directory::Error) -> Self {
        use directory::Error;
        let message = error.to_string();
        match error {
            Error::NotFound { what, id } => Self::missing(format!(
                "Resource '{}' does not exist or one of its queried reference-property objects are not present.",
                id.chars().take(200).collect::<String>()
            ))
            .hint(match what {
                "user" => "List the users to find it; one that was deleted is in directory/deletedItems.".to_owned(),
                _ => format!("There is no such {what}: list them to find the right id."),
            }),
            Error::Conflict { attribute, value, holder, .. } => Self::bad(format!(
                "Another object with the same value for property {attribute} already exists: {holder}."
            ))
            .hint(format!("Take another value than '{value}', or change the object {holder} first."))
            .target(attribute),
            Error::Invalid { attribute, reason } => {
                Self::bad(format!("Invalid value specified for property '{attribute}': {reason}."))
                    .hint("Nothing was changed: correct the value and try again.")
                    .target(attribute)
            }
            Error::Changed(_) => {
                Self::new(StatusCode::PRECONDITION_FAILED, "Request_PreconditionFailed", message)
                    .hint("Nothing was changed: read what is there now, and make the change again.")
            }
            Error::Busy(_) => Self::new(StatusCode::CONFLICT, "Request_Conflict", message)
                .hint("Nothing was changed: wait for its end, and try again."),
            Error::Ambiguous { .. } => Self::bad(message).hint("Name the one you mean by its id."),
            Error::File(_) => Self::bad(message).hint("Correct the file and import it again."),
            Error::NoSecret(_) => Self::new(StatusCode::BAD_REQUEST, "CredentialsMissing", message).hint(
                "Save them with `provost app set NAME --tenant-url URL --secret-token-file FILE`, or with PUT \
                 synchronization/secrets.",
            ),
            // Only whoever runs the server can mend it, and has to be told so by whoever meets it.
            Error::MasterKey(_) => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "MasterKeyMismatch", message)
                .hint("Restart the server with the master key of its backup, or save the secrets again."),
            Error::Damaged { .. } => Self::internal(&message),
            Error::Store(error) => error.into(),
        }
    }
}

impl From<store::Error> for ApiError {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::InvalidCursor => Self::bad("The $skiptoken is not one that this server gave.")
                .hint("Begin the list anew, without $skiptoken, and follow @odata.nextLink as it is."),
            store::Error::Missing { id, .. } => {
                Self::missing(format!("Resource '{id}' does not exist: it was deleted in between."))
            }
            store::Error::Closed => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceNotAvailable", "The server is stopping.")
            }
            store::Error::Unavailable(words) => {
                error!(reason = words, "a call of the administration API failed");
                let found = Self::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceNotAvailable", words)
                    .hint("Try again in some seconds; if it stays, see that the server's database runs.");
                Self { retry_after: Some(5), ..found }
            }
            store::Error::Unsupported(words) => Self::new(StatusCode::NOT_IMPLEMENTED, "NotSupported", words)
                .hint("docs/postgresql.md tells how."),
            other => Self::internal(&other),
        }
    }
}

impl From<scim::Error> for ApiError {
    fn from(error: scim::Error) -> Self {
        let code = match error.status {
            400 => return Self::bad(error.detail),
            404 => {
                return Self::missing(error.detail)
                    .hint("`provost tenant schema list TENANT` shows the tenant's schema extensions.");
            }
            409 => "Request_Conflict",
            503 => "ServiceNotAvailable",
            _ => return Self::internal(&error),
        };
        let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self::new(status, code, error.detail).hint("Nothing was changed.")
    }
}

impl From<tenant::Error> for ApiError {
    fn from(error: tenant::Error) -> Self {
        use tenant::Error;
        let message = error.to_string();
        match error {
            Error::InvalidName { .. } => Self::bad(message)
                .hint("Take lower-case letters, digits and hyphens, such as contoso or contoso-2.")
                .target("name"),
            Error::NameTaken(_) => Self::bad(message)
                .hint("`provost tenant list` shows the names that are taken.")
                .target("name"),
            Error::NoTenant(_) => Self::missing(message).hint("`provost tenant list` shows the tenants."),
            Error::NoToken(_) => {
                Self::missing(message).hint("`provost token list TENANT` shows the tenant's tokens.")
            }
            Error::Store(error) => error.into(),
            other => Self::internal(&other),
        }
    }
}

impl From<webhooks::Error> for ApiError {
    fn from(error: webhooks::Error) -> Self {
        use webhooks::Error;
        let message = error.to_string();
        match error {
            Error::NoWebhook(_) => Self::missing(format!("{}.", sentence(&message)))
                .hint("`provost tenant webhook list TENANT` shows the tenant's webhooks."),
            Error::NoDelivery(_) => Self::missing(format!("{}.", sentence(&message)))
                .hint("`provost tenant webhook deliveries TENANT WEBHOOK` shows those that are kept."),
            Error::Waiting(_) => {
                Self::new(StatusCode::CONFLICT, "Request_Conflict", format!("{}.", sentence(&message)))
                    .hint("Nothing was changed: it is sent until it is acknowledged.")
            }
            Error::Invalid { property, reason } => {
                Self::bad(reason).hint("Nothing was changed: correct the value and try again.").target(property)
            }
            Error::TooMany(_) => Self::bad(format!("{}.", sentence(&message))),
            Error::UrlTaken => Self::bad(format!("{}.", sentence(&message)))
                .hint("`provost tenant webhook list TENANT` shows the tenant's webhooks.")
                .target("url"),
            Error::Expired => Self::bad(format!("{}.", sentence(&message))).hint(
                "Replay from a moment instead: it begins with the oldest change that is kept. What was before has to be \
                 read as all users and groups.",
            ),
            Error::Key(_) => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "MasterKeyMismatch", message)
                .hint("Restart the server with the master key of its backup, or give the webhook another secret."),
            Error::Damaged { .. } => Self::internal(&message),
            Error::Tenant(error) => error.into(),
            Error::Store(error) => error.into(),
        }
    }
}

/// A text with a capital at the beginning.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

impl From<administrators::Error> for ApiError {
    fn from(error: administrators::Error) -> Self {
        use administrators::Error;
        let message = error.to_string();
        match error {
            Error::NotFound { what, id } => Self::missing(format!(
                "Resource '{id}' does not exist: there is no such {what}."
            ))
            .hint(
                "`provost admin list` shows the administrators, `provost admin show NAME` roles and secrets.",
            ),
            Error::Invalid { property, reason } => {
                Self::bad(format!("Invalid value specified for property '{property}': {reason}."))
                    .hint("Nothing was changed: correct the value and try again.")
                    .target(property)
            }
            Error::NameTaken(_) => Self::bad(format!(
                "Another object with the same value for property signInName already exists: {message}."
            ))
            .target("signInName"),
            Error::WrongCredentials => Self::new(
                StatusCode::UNAUTHORIZED,
                "InvalidUserNameOrPassword",
                "The name or the password is wrong, or the account is disabled.",
            ),
            Error::TooManyGuesses(wait) => Self {
                retry_after: Some(wait.as_secs().unsigned_abs().max(1)),
                ..Self::new(
                    StatusCode::TOO_MANY_REQUESTS,
                    "TooManyRequests",
                    format!("There were {message}."),
                )
            },
            Error::Busy => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "ServiceNotAvailable",
                "The server has too much to do.",
            )
            .hint("Nothing was changed: try again in some seconds."),
            Error::Expired(at) => Self::new(
                StatusCode::UNAUTHORIZED,
                "InvalidAuthenticationToken",
                format!("Lifetime validation failed, the token is expired since {at}: request another one."),
            ),
            Error::Damaged { .. } => Self::internal(&message),
            Error::Store(error) => error.into(),
        }
    }
}

impl From<ErrorInformation> for ApiError {
    fn from(error: ErrorInformation) -> Self {
        let found = Self::new(StatusCode::BAD_REQUEST, error.error_code, error.reason);
        if error.recommended_action.is_empty() { found } else { found.hint(error.recommended_action) }
    }
}

/// The body of a refusal, kept beside the response until [`finish`] completes it.
#[derive(Clone)]
struct Refusal(Value);

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = self.body();
        let mut response = (self.status, Json(&body)).into_response();
        response.extensions_mut().insert(Refusal(body));
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        if let Some(location) = self.location.and_then(|it| HeaderValue::from_str(&it).ok()) {
            response.headers_mut().insert(header::LOCATION, location);
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"provost\""));
        }
        response
    }
}

/// Gives every response its request id, and every refusal, whoever worded it, the form of Graph's errors.
pub(crate) async fn finish(State(state): State<Shared>, request: Request, next: Next) -> Response {
    let id = state.directory.ids().next().to_string();
    let client = request.headers().get("client-request-id").cloned();
    let mut response = next.run(request).await;
    let status = response.status();
    if status.is_client_error() || status.is_server_error() {
        let refusal = response.extensions_mut().remove::<Refusal>().map_or_else(|| worded(status), |it| it.0);
        response = completed(&state, &response, refusal, &id, client.as_ref());
    }
    if let Ok(id) = HeaderValue::try_from(id) {
        response.headers_mut().insert("request-id", id);
    }
    if let Some(client) = client {
        response.headers_mut().insert("client-request-id", client);
    }
    response
}

/// A refusal by the framework: a body that is too long, a path that is not UTF-8.
fn worded(status: StatusCode) -> Value {
    let message = match status {
        StatusCode::PAYLOAD_TOO_LARGE => "The body is larger than this call takes.",
        StatusCode::NOT_FOUND => "Resource not found.",
        StatusCode::METHOD_NOT_ALLOWED => "The method is not allowed here.",
        _ => "The request cannot be understood.",
    };
    json!({"error": {
        "code": "Request_BadRequest",
        "message": message,
        "innerError": {"hint": usual_hint(status)},
    }})
}

/// What to do about a refusal of which no more than the status is known.
const fn usual_hint(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "Send `Authorization: Bearer TOKEN` with the administrator's token or an access token.",
        403 => "Ask a Global Administrator for a role that permits it (`provost admin grant`).",
        404 => "List the objects of its kind to find the right id; /openapi.json has the path of every call.",
        405 => "/openapi.json has the methods of every path.",
        409 | 412 => "Read what is there now, and make the change again.",
        413 => "Send it in several smaller calls.",
        415 => "/openapi.json has the Content-Type of every body.",
        424 => "Correct the request that it depends on, and send both again.",
        429 | 503 => "Make the call again later: Retry-After says after how many seconds.",
        507 => "Whoever runs the server has to make room on its disk.",
        500..=599 => "Whoever runs the server finds the cause in its log.",
        _ => "Correct the request and send it again; /openapi.json describes what every call takes.",
    }
}

fn completed(
    state: &Shared,
    response: &Response,
    mut refusal: Value,
    id: &str,
    client: Option<&HeaderValue>,
) -> Response {
    let inner = &mut refusal["error"]["innerError"];
    inner["date"] = state.directory.clock().now().strftime("%Y-%m-%dT%H:%M:%S").to_string().into();
    inner["request-id"] = id.into();
    inner["client-request-id"] = client.and_then(|it| it.to_str().ok()).unwrap_or(id).into();
    let mut finished = (response.status(), Json(refusal)).into_response();
    if finished.status() == StatusCode::SERVICE_UNAVAILABLE {
        finished.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    }
    for name in [header::WWW_AUTHENTICATE, header::RETRY_AFTER, header::LOCATION] {
        if let Some(value) = response.headers().get(&name) {
            finished.headers_mut().insert(name, value.clone());
        }
    }
    finished
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_says_what_to_do() {
        for status in (400..600).filter_map(|status| StatusCode::from_u16(status).ok()) {
            let hint = ApiError::new(status, "Code", "What happened.").hint;
            assert!(!hint.is_empty(), "{status}");
            assert_eq!(worded(status)["error"]["innerError"]["hint"], *hint, "{status}");
        }
    }
}
