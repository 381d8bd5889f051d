//! Signing in: people with a session, tools with client credentials; and that no secret is ever read back.

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::api::{Api, link};
use crate::openapi::{self, Described};

const PASSWORD: &str = "correct horse battery";

impl Api {
    /// A request with those headers and no others.
    async fn sent(
        &self,
        (method, path): (&str, &str),
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> (StatusCode, HeaderMap, Value) {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.into()).expect("a request");
        let response = self.router.clone().oneshot(request).await.expect("infallible");
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.expect("a body").to_bytes();
        (parts.status, parts.headers, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    async fn sign_in(&self, name: &str, password: &str) -> (StatusCode, HeaderMap, Value) {
        let body = json!({"signInName": name, "password": password}).to_string();
        let headers = [("content-type", "application/json; charset=utf-8")];
        self.sent(("POST", "/provost/v1/session"), &headers, body).await
    }

    /// Somebody with a role; the id.
    async fn person(&self, name: &str, role: &str) -> String {
        let person =
            json!({"type": "person", "displayName": "Ada", "signInName": name, "password": PASSWORD});
        let made = self.ok("POST", "/provost/v1/administrators", person).await;
        let id = made["id"].as_str().expect("an id").to_owned();
        self.ok("POST", &format!("/provost/v1/administrators/{id}/roles"), json!({"role": role})).await;
        id
    }

    /// A tool with a role; its id and the answer with its secret.
    async fn tool(&self, role: &str) -> (String, Value) {
        let tool = json!({"type": "tool", "displayName": "ci"});
        let made = self.ok("POST", "/provost/v1/administrators", tool).await;
        let id = made["id"].as_str().expect("an id").to_owned();
        let path = format!("/provost/v1/administrators/{id}");
        self.ok("POST", &format!("{path}/roles"), json!({"role": role})).await;
        (id, self.ok("POST", &format!("{path}/secrets"), json!({"label": "first"})).await)
    }

    async fn ask_token(&self, headers: &[(&str, &str)], form: &str) -> (StatusCode, HeaderMap, Value) {
        let kind = ("content-type", "application/x-www-form-urlencoded");
        let headers: Vec<_> = headers.iter().copied().chain([kind]).collect();
        self.sent(("POST", "/default/oauth2/v2.0/token"), &headers, form.to_owned()).await
    }
}

fn cookie_of(headers: &HeaderMap) -> String {
    let set = headers["set-cookie"].to_str().expect("text");
    assert!(set.contains("; Path=/; HttpOnly; SameSite=Strict"), "{set}");
    set.split(';').next().expect("a pair").to_owned()
}

#[tokio::test]
async fn a_person_signs_in_works_and_signs_out() {
    let api = Api::new().await;
    api.person("ada@contoso.example", "globalAdministrator").await;
    let (status, headers, me) = api.sign_in("ADA@contoso.example", PASSWORD).await;
    assert_eq!(
        (status, &me["displayName"], &me["credential"]),
        (StatusCode::OK, &json!("Ada"), &json!("session"))
    );
    assert_eq!(me["roles"][0]["displayName"], "Global Administrator");
    assert_eq!(me["expires"], "2026-03-01T09:00:00Z");
    let (cookie, csrf) = (cookie_of(&headers), me["csrfToken"].as_str().expect("a text"));
    assert!(!cookie.contains(csrf) && !headers["set-cookie"].to_str().expect("text").contains("Secure"));
    let with_cookie = ("cookie", &*format!("theme=dark; {cookie}"));
    let (status, headers, _) = api.sent(("GET", "/v1.0/users"), &[with_cookie], "").await;
    assert_eq!((status, headers["cache-control"].to_str().expect("text")), (StatusCode::OK, "no-store"));

    // What other sites can have a browser send changes nothing.
    let user = json!({"userPrincipalName": "x@x.com", "displayName": "x"}).to_string();
    for wrong in [&[with_cookie][..], &[with_cookie, ("x-csrf-token", "AAAA")]] {
        let (status, _, refused) = api.sent(("POST", "/v1.0/users"), wrong, user.clone()).await;
        assert_eq!(
            (status, &refused["error"]["code"]),
            (StatusCode::FORBIDDEN, &json!("Authorization_RequestDenied"))
        );
    }
    let proved = [with_cookie, ("x-csrf-token", csrf)];
    assert_eq!(api.sent(("POST", "/v1.0/users"), &proved, user).await.0, StatusCode::CREATED);
    let log = api.get("/v1.0/auditLogs/directoryAudits").await;
    assert_eq!(log["value"][0]["initiatedBy"]["user"]["displayName"], "Ada");
    let form = api.sent(("POST", "/provost/v1/session"), &[("content-type", "text/plain")], "{}").await;
    assert_eq!(form.0, StatusCode::UNSUPPORTED_MEDIA_TYPE);

    let (status, headers, _) = api.sent(("DELETE", "/provost/v1/session"), &proved, "").await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert!(headers["set-cookie"].to_str().expect("text").contains("Max-Age=0"));
    let (status, _, refused) = api.sent(("GET", "/v1.0/users"), &[with_cookie], "").await;
    assert_eq!(
        (status, &refused["error"]["code"]),
        (StatusCode::UNAUTHORIZED, &json!("InvalidAuthenticationToken"))
    );
    assert_eq!(api.no("DELETE", "/provost/v1/session", Value::Null).await.0, 400, "a token is no session");
}

#[tokio::test]
async fn a_password_is_changed_by_its_owner_and_by_others() {
    let api = Api::new().await;
    let id = api.person("ada", "reportsReader").await;
    let (_, headers, me) = api.sign_in("ada", PASSWORD).await;
    let (cookie, csrf) = (cookie_of(&headers), me["csrfToken"].as_str().expect("a text"));
    let proved = [("cookie", &*cookie), ("x-csrf-token", csrf)];
    let change = async |current: &str, new: &str| {
        let body = json!({"currentPassword": current, "newPassword": new}).to_string();
        api.sent(("POST", "/provost/v1/session/password"), &proved, body).await
    };
    assert_eq!(change("wrong", "another long one").await.0, StatusCode::BAD_REQUEST);
    assert_eq!(change(PASSWORD, "short").await.0, StatusCode::BAD_REQUEST);
    let (status, headers, _) = change(PASSWORD, "another long one").await;
    assert_eq!(status, StatusCode::OK);
    let fresh = cookie_of(&headers);
    assert_eq!(api.sent(("GET", "/provost/v1/session"), &[("cookie", &*cookie)], "").await.0, 401);
    assert_eq!(api.sent(("GET", "/provost/v1/session"), &[("cookie", &*fresh)], "").await.0, 200);

    let path = format!("/provost/v1/administrators/{id}");
    api.ok("PATCH", &path, json!({"password": PASSWORD})).await;
    assert_eq!(api.sent(("GET", "/provost/v1/session"), &[("cookie", &*fresh)], "").await.0, 401);
    for _ in 0..5 {
        let (status, _, refused) = api.sign_in("ada", "wrong").await;
        assert_eq!((status.as_u16(), &refused["error"]["code"]), (401, &json!("InvalidUserNameOrPassword")));
    }
    let (status, headers, _) = api.sign_in("ada", PASSWORD).await;
    assert_eq!((status.as_u16(), headers["retry-after"].to_str().expect("text")), (429, "30"));
    assert_eq!(api.no("PATCH", &path, json!({"shoeSize": 3})).await.0, 400);
    assert_eq!(
        api.get("/provost/v1/audits?$top=1").await["value"][0]["activityDisplayName"],
        "Update administrator"
    );
}

#[tokio::test]
async fn a_tool_gets_an_access_token_and_uses_it() {
    let api = Api::new().await;
    let (id, made) = api.tool("applicationAdministrator").await;
    let secret = made["secret"].as_str().expect("a text");
    let about = api.sent(("GET", "/default/v2.0/.well-known/openid-configuration"), &[], "").await.2;
    let directory = api.state.directory.id();
    assert_eq!(about["token_endpoint"], format!("http://127.0.0.1:8080/{directory}/oauth2/v2.0/token"));
    assert_eq!(about["issuer"], format!("http://127.0.0.1:8080/{directory}/v2.0"));

    let form = format!(
        "grant_type=client_credentials&client_id={id}&client_secret={secret}&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default"
    );
    let (status, headers, body) = api.ask_token(&[], &form).await;
    assert_eq!(
        (status, &body["token_type"], &body["expires_in"]),
        (StatusCode::OK, &json!("Bearer"), &json!(3600))
    );
    assert_eq!(headers["cache-control"], "no-store");
    let bearer = format!("Bearer {}", body["access_token"].as_str().expect("a text"));
    let bearer = [("authorization", &*bearer)];
    assert_eq!(api.sent(("GET", "/v1.0/servicePrincipals"), &bearer, "").await.0, StatusCode::OK);
    let (status, _, refused) = api.sent(("POST", "/v1.0/users"), &bearer, "{}").await;
    assert_eq!(
        (status, &refused["error"]["code"]),
        (StatusCode::FORBIDDEN, &json!("Authorization_RequestDenied"))
    );

    let basic = |text: String| format!("Basic {}", BASE64.encode(text));
    let header = basic(format!("{id}:{secret}"));
    let grant = "grant_type=client_credentials";
    assert_eq!(api.ask_token(&[("authorization", &header)], grant).await.0, StatusCode::OK);
    let header = basic(format!("{id}:wrong"));
    let (status, headers, body) = api.ask_token(&[("authorization", &header)], grant).await;
    assert_eq!((status, &body["error"]), (StatusCode::UNAUTHORIZED, &json!("invalid_client")));
    assert_eq!(headers["www-authenticate"], "Basic realm=\"provost\"");
    let wrong = format!("{grant}&client_id={id}&client_secret=wrong");
    let (status, headers, body) = api.ask_token(&[], &wrong).await;
    assert_eq!((status, &body["error"]), (StatusCode::UNAUTHORIZED, &json!("invalid_client")));
    assert!(body["error_description"].is_string() && !headers.contains_key("www-authenticate"));
    for _ in 0..3 {
        api.ask_token(&[], &wrong).await;
    }
    let (status, headers, _) = api.ask_token(&[], &wrong).await;
    assert_eq!((status.as_u16(), headers["retry-after"].to_str().expect("text")), (429, "30"));
    assert_eq!(api.ask_token(&[], &form).await.0, StatusCode::OK, "the right secret is never kept out");
    for (path, kind, body) in [
        ("/nowhere/oauth2/v2.0/token", "application/x-www-form-urlencoded", form.clone()),
        ("/default/oauth2/v2.0/token", "application/json", "{}".to_owned()),
        ("/default/oauth2/v2.0/token", "application/x-www-form-urlencoded", "x".repeat(20_000)),
    ] {
        let (status, headers, body) = api.sent(("POST", path), &[("content-type", kind)], body).await;
        assert!(status.is_client_error(), "{path} {kind}: {status}");
        assert_eq!(body["error"], "invalid_request");
        assert_eq!(headers["cache-control"], "no-store");
    }

    // Today's roles, and none once the secret is gone.
    let path = format!("/provost/v1/administrators/{id}");
    let role = api.get(&format!("{path}/roles")).await["value"][0]["id"].as_str().expect("an id").to_owned();
    api.ok("DELETE", &format!("{path}/roles/{role}"), Value::Null).await;
    assert_eq!(api.sent(("GET", "/v1.0/servicePrincipals"), &bearer, "").await.0, StatusCode::FORBIDDEN);
    let first = made["id"].as_str().expect("an id");
    api.ok("DELETE", &format!("{path}/secrets/{first}"), Value::Null).await;
    assert_eq!(api.sent(("GET", "/provost/v1/session"), &bearer, "").await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn administrators_are_made_in_words_that_fit() {
    let api = Api::new().await;
    let path = "/provost/v1/administrators";
    for wrong in [
        json!({}),
        json!({"type": "robot", "displayName": "x"}),
        json!({"type": "tool"}),
        json!({"type": "tool", "displayName": ""}),
        json!({"type": "tool", "displayName": "x", "password": "correct horse battery"}),
        json!({"type": "person", "displayName": "x", "signInName": "a b"}),
        json!({"type": "person", "displayName": "x", "signInName": "a", "password": "short"}),
        json!({"type": "person", "displayName": "x\u{7}", "signInName": "a"}),
    ] {
        assert_eq!(api.no("POST", path, wrong.clone()).await.0, 400, "{wrong}");
    }
    assert_eq!(api.get(path).await["value"], json!([]));
    let (id, _) = api.tool("reportsReader").await;
    let roles = format!("{path}/{id}/roles");
    for (wrong, status) in [
        (json!({"role": "king"}), 400),
        (json!({"role": "tenantAdministrator"}), 400),
        (json!({"role": "tenantAdministrator", "scope": {"type": "tenant", "id": "nobody"}}), 404),
        (json!({"role": "reportsReader", "scope": {"type": "directory", "id": "other"}}), 404),
        (json!({"role": "operator", "scope": {"type": "directory", "id": "default"}}), 400),
    ] {
        assert_eq!(api.no("POST", &roles, wrong.clone()).await.0, status, "{wrong}");
    }
    let wanted = json!({"role": "applicationAdministrator", "scope": {"type": "directory", "id": "default"}});
    let held = api.ok("POST", &roles, wanted).await;
    assert_eq!(
        (&held["scope"]["id"], &held["scope"]["name"]),
        (&json!(api.state.directory.id()), &json!("default"))
    );
    for wrong in [json!({"expires": "2020-01-01T00:00:00Z"}), json!({"expires": "soon"}), json!({"label": 5})]
    {
        assert_eq!(api.no("POST", &format!("{path}/{id}/secrets"), wrong.clone()).await.0, 400, "{wrong}");
    }
    assert_eq!(api.no("GET", &format!("{path}/x"), Value::Null).await.0, 400);
    assert_eq!(api.no("DELETE", &format!("{roles}/{id}"), Value::Null).await.0, 404);
    api.ok("DELETE", &format!("{path}/{id}"), Value::Null).await;
    assert_eq!(api.no("GET", &format!("{path}/{id}"), Value::Null).await.0, 404);
}

#[tokio::test]
async fn no_secret_is_ever_read_back() {
    let mut api = Api::new().await;
    let (app, job) = api.app("scim").await;
    let base = format!("/v1.0/servicePrincipals/{app}/synchronization");
    let planted = json!({"value": [
        {"key": "BaseAddress", "value": "https://t.example.com/scim"},
        {"key": "SecretToken", "value": "planted-token"},
    ]});
    api.ok("PUT", &format!("{base}/secrets"), planted).await;
    let user = api.user("ann@x.com").await;
    let tenant = api.ok("POST", "/provost/v1/tenants", json!({"name": "contoso"})).await;
    let (tool, made) = api.tool("globalAdministrator").await;
    let person = api.person("ada", "globalAdministrator").await;
    let secret = made["secret"].as_str().expect("a text");
    let form = format!("grant_type=client_credentials&client_id={tool}&client_secret={secret}");
    let access = api.ask_token(&[], &form).await.2["access_token"].as_str().expect("a text").to_owned();
    let session = cookie_of(&api.sign_in("ada", PASSWORD).await.1);
    let session = session.split_once('=').expect("a pair").1.to_owned();
    let new = api.ok("POST", "/provost/v1/admin-token/reset", Value::Null).await;
    let new = new["token"].as_str().expect("a text").to_owned();
    let old = std::mem::replace(&mut api.token, new.clone());
    assert_eq!(
        api.sent(("GET", "/v1.0/users"), &[("authorization", &*format!("Bearer {old}"))], "").await.0,
        401
    );
    let secrets = [
        "planted-token",
        tenant["token"].as_str().expect("a text"),
        secret,
        PASSWORD,
        &*access,
        &*session,
        &*new,
        "argon2",
        "\"hash\"",
    ];
    let mut read = 0;
    for Described { path, .. } in openapi::calls().iter().filter(|call| call.method == "get") {
        for id in [&app, &user, &tool, &person] {
            let path = path
                .replace("{id}", id)
                .replace("{job}", &job)
                .replace("{name}", "contoso")
                .replace(['{', '}'], "");
            let (status, text) = api.raw("GET", &path, "").await;
            assert!(status.as_u16() < 500, "{path}: {text}");
            read += usize::from(status.is_success());
            // A copy of the store has the hashes, and no secret either.
            let is_hash = |secret: &&str| matches!(*secret, "argon2" | "\"hash\"");
            for secret in secrets.into_iter().filter(|it| !path.ends_with("/backup") || !is_hash(it)) {
                assert!(!text.contains(secret), "{path} shows {secret}");
            }
        }
    }
    assert!(read > 100, "only {read} answers had something to show");
}

#[tokio::test]
async fn a_new_installation_says_that_nobody_can_sign_in_yet() {
    let api = Api::new().await;
    let needs =
        async || api.sent(("GET", "/provost/v1/setup"), &[], "").await.2["needsAdministrator"].clone();
    assert_eq!(needs().await, json!(true));
    api.person("ada", "reportsReader").await;
    assert_eq!(needs().await, json!(false));
}

#[tokio::test]
async fn signing_out_everywhere_ends_the_other_sessions() {
    let api = Api::new().await;
    api.person("ada", "globalAdministrator").await;
    let session = async || {
        let (_, headers, me) = api.sign_in("ada", PASSWORD).await;
        (cookie_of(&headers), me["csrfToken"].as_str().expect("a text").to_owned())
    };
    let (first, second) = (session().await, session().await);
    let status = async |cookie: &str| api.sent(("GET", "/v1.0/users"), &[("cookie", cookie)], "").await.0;
    assert_eq!(status(&second.0).await, StatusCode::OK);
    let proved = [("cookie", &*first.0), ("x-csrf-token", &*first.1)];
    let (left, ..) = api.sent(("DELETE", "/provost/v1/session?everywhere=true"), &proved, "").await;
    assert_eq!(left, StatusCode::NO_CONTENT);
    for cookie in [&first.0, &second.0] {
        assert_eq!(status(cookie).await, StatusCode::UNAUTHORIZED);
    }
    let audits = api.get("/provost/v1/audits").await;
    assert_eq!(audits["value"][0]["activityDisplayName"], "Sign out everywhere");
}

#[tokio::test]
async fn administrators_are_searched_and_come_page_by_page() {
    let api = Api::new().await;
    let path = "/provost/v1/administrators";
    let make = async |of: Value| api.ok("POST", path, of).await["id"].as_str().expect("an id").to_owned();
    for (number, name) in ["zoe", "Ann", "ann", "Émile"].iter().enumerate() {
        let sign_in = format!("{number}@x.com");
        make(json!({"type": "person", "displayName": name, "signInName": sign_in})).await;
    }
    let tool = make(json!({"type": "tool", "displayName": "terraform"})).await;
    let (mut names, mut next) = (Vec::new(), Some(format!("{path}?$top=2&$count=true")));
    while let Some(at) = next {
        let page = api.get(&at).await;
        assert_eq!(page["@odata.count"], 5);
        let shown = page["value"].as_array().expect("a list");
        assert!(shown.len() <= 2);
        names.extend(shown.iter().map(|one| one["displayName"].as_str().expect("a name").to_owned()));
        next = link(&page, "@odata.nextLink");
    }
    assert_eq!(names, ["Ann", "ann", "terraform", "zoe", "Émile"]);
    for (text, found) in [
        ("AN", vec!["Ann", "ann"]),
        ("%C3%A9mi", vec!["Émile"]),
        (&tool, vec!["terraform"]),
        ("3@X", vec!["Émile"]),
        ("nobody", vec![]),
    ] {
        let answer = api.get(&format!("{path}?contains={text}")).await;
        let shown = answer["value"].as_array().expect("a list");
        assert_eq!(shown.iter().map(|one| &one["displayName"]).collect::<Vec<_>>(), found, "{text}");
    }
    assert_eq!(api.no("GET", &format!("{path}?$filter=a%20eq%201"), Value::Null).await.0, 400);
}
