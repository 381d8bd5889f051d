//! The client of the administration API: where the server is, what to send, what its errors mean.

use std::path::Path;
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{ACCEPT, CONTENT_TYPE, ETAG, HeaderValue, IF_MATCH};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::answer::{Failure, UNFORESEEN};
use crate::pin::Pin;

/// The file in the data directory that tells where the server listens.
pub const SERVER_FILE: &str = "server.json";
/// The file in the data directory that holds the first administrator's token.
pub const TOKEN_FILE: &str = "admin-token";

/// What [`SERVER_FILE`] says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerFile {
    /// Where the administration API is, without a path.
    pub url: String,
    /// The process that serves it.
    pub pid: u32,
    /// The certificate that it shows, where it serves by TLS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Pin>,
}

/// A connection to one server.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: String,
    /// Where the address came from, for messages.
    origin: String,
}

/// Everything but the characters that a path segment or a query value may hold unescaped.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'@');

/// A value as one segment of a path or one value of a query.
pub fn escape(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

/// A string in an OData filter, with its quotes.
pub fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

impl Client {
    /// Finds the server: `PROVOST_URL` and `PROVOST_TOKEN`, else what the data directory says.
    pub fn connect(data_dir: &Path) -> Result<Self, Failure> {
        let url = std::env::var("PROVOST_URL").ok().filter(|url| !url.is_empty());
        let token = std::env::var("PROVOST_TOKEN").ok().filter(|token| !token.is_empty());
        let (base, pin, origin) = match url {
            Some(url) => (url, None, "PROVOST_URL".to_owned()),
            None => from_data_dir(data_dir)?,
        };
        let token = match token {
            Some(token) => token,
            None => read_token(&data_dir.join(TOKEN_FILE))?,
        };
        Self::new(&base, pin, token, origin)
    }

    /// The server of a data directory and no other, with the administrator's token in it.
    pub fn of_data_dir(data_dir: &Path) -> Result<Self, Failure> {
        let (base, pin, origin) = from_data_dir(data_dir)?;
        Self::new(&base, pin, read_token(&data_dir.join(TOKEN_FILE))?, origin)
    }

    /// A client of the server at that address; by TLS, the one that shows the pinned certificate, else one whose
    /// certificate the system trusts.
    pub fn new(base: &str, pin: Option<Pin>, token: String, origin: String) -> Result<Self, Failure> {
        let fits = reqwest::Url::parse(base).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
        if !fits {
            let words = format!("{base} (from {origin}) is no address of a server");
            return Err(Failure::new("NoServer", words, "write it like http://127.0.0.1:8080"));
        }
        let broken = |error: &dyn std::error::Error| {
            Failure::new("Client", format!("the HTTP client cannot start: {error}"), UNFORESEEN)
        };
        let mut http = reqwest::Client::builder().connect_timeout(Duration::from_secs(10)).no_proxy();
        if let Some(pin) = pin {
            http = http.tls_backend_preconfigured(pin.client().map_err(|error| broken(&error))?);
        }
        let http = http.build().map_err(|error| broken(&error))?;
        Ok(Self { http, base: base.trim_end_matches('/').to_owned(), token, origin })
    }

    /// Reads a document.
    pub async fn get(&self, path: &str) -> Result<Value, Failure> {
        self.send(Method::GET, path, None).await
    }

    /// Reads a list, page after page, until it ends or holds `limit` entries.
    pub async fn list(&self, path: &str, limit: usize) -> Result<Vec<Value>, Failure> {
        let mut all = Vec::new();
        let mut next = Some(path.to_owned());
        while let Some(path) = next {
            let mut page = self.get(&path).await?;
            next = page["@odata.nextLink"].as_str().and_then(path_of);
            if let Some(values) = page["value"].as_array_mut() {
                all.append(values);
            }
            if all.len() >= limit {
                all.truncate(limit);
                break;
            }
        }
        Ok(all)
    }

    /// Sends a document and reads the answer; an answer without a body is null.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.send(Method::POST, path, Some(("application/json", body.to_string().into_bytes()))).await
    }

    /// Changes an object.
    pub async fn patch(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.send(Method::PATCH, path, Some(("application/json", body.to_string().into_bytes()))).await
    }

    /// Puts a document in place of another; what the answer's header of that name says, which is JSON.
    pub async fn put_noted(&self, path: &str, body: &Value, header: &str) -> Result<Value, Failure> {
        let request = self.request(Method::PUT, path).header(CONTENT_TYPE, "application/json");
        let response = self.answered(request.body(body.to_string())).await?;
        let notes = response.headers().get(header).and_then(|it| serde_json::from_slice(it.as_bytes()).ok());
        Ok(notes.unwrap_or_default())
    }

    /// Puts a document in place of another.
    pub async fn put(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.send(Method::PUT, path, Some(("application/json", body.to_string().into_bytes()))).await
    }

    /// Reads a document that is to be changed; with the tag that tells whether it is still the same.
    pub async fn get_tagged(&self, path: &str) -> Result<(Value, Option<HeaderValue>), Failure> {
        let response = self.answered(self.request(Method::GET, path)).await?;
        let tag = response.headers().get(ETAG).cloned();
        Ok((self.document(response).await?, tag))
    }

    /// Puts a document in place of the one that was read with that tag.
    pub async fn put_tagged(
        &self,
        path: &str,
        body: &Value,
        tag: Option<HeaderValue>,
    ) -> Result<(), Failure> {
        let mut request = self.request(Method::PUT, path);
        if let Some(tag) = tag {
            request = request.header(IF_MATCH, tag);
        }
        let request = request.header(CONTENT_TYPE, "application/json").body(body.to_string());
        self.answered(request).await.map(drop)
    }

    /// Deletes an object.
    pub async fn delete(&self, path: &str) -> Result<(), Failure> {
        self.send(Method::DELETE, path, None).await.map(drop)
    }

    /// Sends a file.
    pub async fn post_csv(&self, path: &str, bytes: Vec<u8>) -> Result<Value, Failure> {
        self.send(Method::POST, path, Some(("text/csv", bytes))).await
    }

    /// Opens an answer that is read in pieces.
    pub async fn fetch(&self, path: &str) -> Result<Response, Failure> {
        self.answered(self.request(Method::GET, path)).await
    }

    /// Opens a stream of server-sent events.
    pub async fn events(&self, path: &str) -> Result<Response, Failure> {
        self.answered(self.request(Method::GET, path).header(ACCEPT, "text/event-stream")).await
    }

    /// The address of an object, as Graph's references want it.
    pub fn reference(&self, kind: &str, id: &str) -> String {
        format!("{}/v1.0/{kind}/{id}", self.base)
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<(&str, Vec<u8>)>,
    ) -> Result<Value, Failure> {
        let mut request = self.request(method, path);
        if let Some((kind, body)) = body {
            request = request.header(CONTENT_TYPE, kind).body(body);
        }
        let response = self.answered(request).await?;
        self.document(response).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token)
    }

    /// The answer to a request, if it is one of success.
    async fn answered(&self, request: RequestBuilder) -> Result<Response, Failure> {
        let response = request.send().await.map_err(|error| self.unreachable(&error))?;
        if response.status().is_success() { Ok(response) } else { Err(self.refused(response).await) }
    }

    /// The document in an answer; null where there is none.
    async fn document(&self, response: Response) -> Result<Value, Failure> {
        let bytes = response.bytes().await.map_err(|error| self.unreachable(&error))?;
        if bytes.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&bytes).map_err(|_| {
            Failure::new(
                "NotProvost",
                format!("what answers at {} is not Provost: it sent no JSON", self.base),
                format!("check {}", self.origin),
            )
        })
    }

    fn unreachable(&self, error: &reqwest::Error) -> Failure {
        let mut cause = std::error::Error::source(error);
        let mut reason = error.to_string();
        let mut distrusted = false;
        while let Some(inner) = cause {
            reason = inner.to_string();
            distrusted |= refuses_certificate(inner);
            cause = inner.source();
        }
        if distrusted {
            let words = format!("the certificate of the server at {} is not trusted: {reason}", self.base);
            return Failure::new(
                "CertificateInvalid",
                words,
                if self.origin == "PROVOST_URL" {
                    "this machine has to trust who issued the certificate, and the certificate has to name the host"
                } else {
                    "another program answers there, or the certificate was renewed this moment: run the command again"
                },
            );
        }
        if !error.is_connect() {
            let words = format!("the server at {} went away before it had answered: {reason}", self.base);
            return Failure::new(
                "ConnectionLost",
                words,
                "what it has done until then is kept: see whether it runs, and run the command again if need be",
            );
        }
        let words = format!("no server answers at {} (from {}): {reason}", self.base, self.origin);
        Failure::new(
            "NoServer",
            words,
            "start one with `provost serve`, or point --data-dir or PROVOST_URL at the one that runs",
        )
    }

    async fn refused(&self, response: Response) -> Failure {
        let status = response.status();
        let body = response.bytes().await.unwrap_or_default();
        let error = serde_json::from_slice::<Value>(&body).unwrap_or_default();
        let error = &error["error"];
        let words = error["message"]
            .as_str()
            .map_or_else(|| format!("the server at {} answered {status}", self.base), str::to_owned);
        let code = error["code"].as_str().unwrap_or("UnknownError");
        let said = error["hint"].as_str().or(error["innerError"]["hint"].as_str());
        let hint = match (status, said) {
            // The server cannot know where this command has its token from.
            (StatusCode::UNAUTHORIZED, _) => format!(
                "the token is not this server's: use the data directory of the server ({TOKEN_FILE} in it), or set \
                 PROVOST_TOKEN"
            ),
            (_, Some(said)) => said.to_owned(),
            (_, None) => format!("check that {} (from {}) is a Provost server", self.base, self.origin),
        };
        Failure::new(code, words, hint)
    }
}

/// Whether an error says that the server's certificate was not taken. An `io::Error` hides what it wraps from `source`.
fn refuses_certificate(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if matches!(error.downcast_ref(), Some(rustls::Error::InvalidCertificate(_))) {
            return true;
        }
        let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        next = wrapped.map(|wrapped| wrapped as _);
    }
    false
}

fn from_data_dir(data_dir: &Path) -> Result<(String, Option<Pin>, String), Failure> {
    let file = data_dir.join(SERVER_FILE);
    let hint = "start one with `provost serve`, or point --data-dir at its data directory, or set PROVOST_URL and \
                PROVOST_TOKEN";
    let text = std::fs::read_to_string(&file).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Failure::new(
            "NoServer",
            format!("no server runs on {}: there is no {SERVER_FILE} in it", data_dir.display()),
            hint,
        ),
        _ => Failure::new("NoServer", format!("{} cannot be read: {error}", file.display()), hint),
    })?;
    let server: ServerFile = serde_json::from_str(&text).map_err(|error| {
        Failure::new(
            "NoServer",
            format!("{} is damaged: {error}", file.display()),
            "restart the server; it writes the file again",
        )
    })?;
    Ok((server.url, server.certificate, file.display().to_string()))
}

/// Reads the administrator's token that the server wrote.
fn read_token(file: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(file).map(|text| text.trim().to_owned()).map_err(|error| {
        let hint = match error.kind() {
            std::io::ErrorKind::NotFound => {
                "set PROVOST_TOKEN, or end the server and make a new token with `provost admin-token reset`"
            }
            _ => "run the command as the user who runs the server, or set PROVOST_TOKEN",
        };
        Failure::new("NoToken", format!("the token in {} cannot be read: {error}", file.display()), hint)
    })
}

/// The path and query of an address: a page's link may name the server as the outside sees it.
fn path_of(url: &str) -> Option<String> {
    if url.starts_with('/') {
        return Some(url.to_owned());
    }
    let rest = url.split_once("://")?.1;
    rest.find('/').map(|at| rest[at..].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_followed_at_our_own_address() {
        assert_eq!(
            path_of("http://outside/v1.0/users?$skiptoken=a/b").as_deref(),
            Some("/v1.0/users?$skiptoken=a/b")
        );
        assert_eq!(path_of("/v1.0/users").as_deref(), Some("/v1.0/users"));
        assert_eq!(path_of("nonsense"), None);
    }

    #[test]
    fn names_survive_paths_and_filters() {
        assert_eq!(escape("Seán.O'Brien+x@a/b"), "Se%C3%A1n.O%27Brien%2Bx@a%2Fb");
        assert_eq!(quote("O'Brien"), "'O''Brien'");
    }
}
