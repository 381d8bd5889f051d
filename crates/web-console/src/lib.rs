//! The console's files, as they are served at `/console`.
//!
//! They are part of the binary, compressed when they were built. A path that is no file is a page of the console's own,
//! and is answered with its one HTML document.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

/// A file, with its compressed forms.
struct File {
    name: &'static str,
    plain: &'static [u8],
    brotli: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
}

const FILES: &[File] = include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// Where the console is.
pub const PATH: &str = "/console";

const PAGE: &str = "index.html";
/// What stands in the page for the nonce of an answer.
const NONCE: &str = "NONCE";
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const ASK_EACH_TIME: HeaderValue = HeaderValue::from_static("no-cache");

const ABSENT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Provost</title>\
<h1>This binary was built without the console</h1>\
<p>The server runs, and the command line does all that the console does: <code>provost --help</code>.</p>\
<p>To get the console, install Node.js with npm and build again with <code>cargo build --release</code>; for a debug build, \
run <code>npm ci</code> and <code>npm run build</code> in <code>console/</code> first.</p></html>";

/// Whether a path is the console's.
pub fn is_console(path: &str) -> bool {
    path.strip_prefix(PATH).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Answers a request for a path of the console. The nonce is one that nobody can know beforehand: style elements that
/// scripts make need it (Content Security Policy Level 3, section 8.2).
pub fn answer(method: &Method, path: &str, headers: &HeaderMap, nonce: &str) -> Response {
    let mut response = if *method == Method::GET || *method == Method::HEAD {
        file_or_page(path, headers, nonce)
    } else {
        (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET, HEAD")]).into_response()
    };
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn file_or_page(path: &str, headers: &HeaderMap, nonce: &str) -> Response {
    let name = path.strip_prefix(PATH).unwrap_or_default().trim_start_matches('/');
    match FILES.iter().find(|file| file.name == name && name != PAGE) {
        Some(file) => file.answer(headers),
        // What has a hash in its name is there or was of another version: a page in its place would be cached.
        None if name.starts_with("assets/") => StatusCode::NOT_FOUND.into_response(),
        None => page(nonce),
    }
}

impl File {
    fn answer(&self, headers: &HeaderMap) -> Response {
        let (bytes, coding) = match (self.brotli, self.gzip) {
            (Some(brotli), _) if accepts(headers, "br") => (brotli, Some("br")),
            (_, Some(gzip)) if accepts(headers, "gzip") => (gzip, Some("gzip")),
            _ => (self.plain, None),
        };
        let mut response = bytes.into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type(self.name)));
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        headers.insert(
            header::CACHE_CONTROL,
            if self.name.starts_with("assets/") { FOR_EVER } else { ASK_EACH_TIME },
        );
        if let Some(coding) = coding {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
        }
        response
    }
}

/// Whether a client takes a coding (RFC 9110, section 12.5.3). A weight of nought says that it does not.
fn accepts(headers: &HeaderMap, coding: &str) -> bool {
    let values = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|entry| {
        let (name, weight) = entry.split_once(';').unwrap_or((entry, "q=1"));
        let refused = weight.trim().strip_prefix("q=").and_then(|it| it.parse::<f32>().ok()) == Some(0.0);
        name.trim().eq_ignore_ascii_case(coding) && !refused
    })
}

fn page(nonce: &str) -> Response {
    let page = FILES.iter().find(|file| file.name == PAGE);
    let html = page
        .map_or_else(|| ABSENT.to_owned(), |page| String::from_utf8_lossy(page.plain).replace(NONCE, nonce));
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; font-src 'self'; \
         connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    );
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-cache"),
        (header::CONTENT_SECURITY_POLICY, policy.as_str()),
    ];
    (headers, html).into_response()
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("woff2") => "font/woff2",
        Some("png") => "image/png",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(path: &str, accepted: &'static str) -> Response {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(accepted));
        answer(&Method::GET, path, &headers, "n0nce")
    }

    #[test]
    fn only_its_own_paths_are_the_consoles() {
        for (path, expected) in
            [("/console", true), ("/console/users/1", true), ("/consoles", false), ("/", false)]
        {
            assert_eq!(is_console(path), expected, "{path}");
        }
    }

    #[test]
    fn every_page_is_the_one_document_under_a_policy_of_its_own() {
        for path in ["/console", "/console/", "/console/users/1", "/console/index.html"] {
            let response = get(path, "br");
            assert_eq!(response.status(), StatusCode::OK);
            let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().expect("text");
            assert!(
                policy.contains("'nonce-n0nce'") && policy.contains("frame-ancestors 'none'"),
                "{policy}"
            );
            assert!(!policy.contains("unsafe"), "{policy}");
            assert_eq!(response.headers()[header::CACHE_CONTROL], "no-cache");
            assert_eq!(response.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        }
    }

    #[test]
    fn an_asset_of_another_version_is_not_answered_with_the_page() {
        assert_eq!(get("/console/assets/gone-1234.js", "br").status(), StatusCode::NOT_FOUND);
    }

    #[test]
    fn a_file_comes_in_the_form_that_the_client_takes() {
        let file =
            File { name: "assets/a.js", plain: b"plain", brotli: Some(b"brotli"), gzip: Some(b"gzip") };
        for (accepted, coding) in
            [("gzip, deflate, br", Some("br")), ("gzip, br;q=0", Some("gzip")), ("identity", None)]
        {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(accepted));
            let response = file.answer(&headers);
            let found = response.headers().get(header::CONTENT_ENCODING).map(|it| it.to_str().expect("text"));
            assert_eq!(found, coding, "{accepted}");
            assert_eq!(response.headers()[header::CACHE_CONTROL], FOR_EVER);
        }
    }

    #[test]
    fn nothing_is_written_to_the_console() {
        let response = answer(&Method::POST, "/console", &HeaderMap::new(), "n0nce");
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    }
}
