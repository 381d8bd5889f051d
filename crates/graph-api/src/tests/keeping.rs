//! Backups, and files that are imported by themselves.

use axum::http::{Request, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::api::Api;

#[tokio::test]
async fn one_backup_at_a_time_comes_with_its_digest() {
    let api = Api::new().await;
    api.user("ann@x.com").await;
    let fetch = async || {
        let request =
            Request::get("/provost/v1/backup").header("authorization", format!("Bearer {}", api.token));
        let request = request.body(axum::body::Body::empty()).expect("a request");
        api.router.clone().oneshot(request).await.expect("infallible")
    };
    let response = fetch().await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(fetch().await.status(), StatusCode::CONFLICT, "while the first is read");
    let header = |name: &str| response.headers()[name].to_str().expect("a text").to_owned();
    let (length, digest) = (header("content-length"), header("content-digest"));
    let bytes = response.into_body().collect().await.expect("a body").to_bytes();
    assert_eq!(length, bytes.len().to_string());
    let sum = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &bytes);
    assert_eq!(digest, format!("sha-256=:{}:", STANDARD.encode(sum)));
    assert!(String::from_utf8_lossy(&bytes).contains("ann@x.com"));
    assert_eq!(fetch().await.status(), StatusCode::OK, "the turn of the next");
    let left = std::fs::read_dir(api.state.imports.path()).expect("the folder").count();
    assert_eq!(left, 0, "nothing is left behind");
    let log = api.get("/v1.0/auditLogs/directoryAudits?$filter=category eq 'DirectoryManagement'").await;
    assert_eq!(log["value"][0]["activityDisplayName"], "Back up installation");
    assert_eq!(log["value"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn a_file_is_scheduled_and_imported() {
    const PATH: &str = "/provost/v1/users/import/schedule";
    let api = Api::new().await;
    let run = format!("{PATH}/run");
    assert_eq!(api.get(PATH).await["schedule"], Value::Null);
    assert_eq!(api.no("POST", &run, Value::Null).await.0, 404);
    assert_eq!(api.no("DELETE", PATH, Value::Null).await.0, 404);
    let schedule = json!({"file": "users.csv", "when": {"every": "P1D"}, "leavers": {"number": 1}});
    let shown = api.ok("PUT", PATH, schedule).await;
    assert_eq!(shown["schedule"]["leavers"], json!({"number": 1, "percent": 20}));
    assert_eq!((&shown["next"], &shown["last"]), (&json!("2026-03-01T08:00:00Z"), &Value::Null));
    for wrong in [
        json!({}),
        json!({"file": "users.csv"}),
        json!({"file": "users.csv", "when": {"at": "noon"}}),
        json!({"file": "users.csv", "when": {"every": "PT1H", "at": "02:00"}, "colour": 1}),
        json!({"file": "/etc/passwd", "when": {"every": "PT1H"}}),
    ] {
        assert_eq!(api.no("PUT", PATH, wrong).await.0, 400);
    }
    assert_eq!(api.no("POST", &run, Value::Null).await.0, 400, "there is no file");
    let provide =
        |text: &str| std::fs::write(api.state.imports.path().join("users.csv"), text).expect("written");
    provide("userPrincipalName,displayName\nann@x.com,Ann\nbob@x.com,Bob\ncarl@x.com,Carl\n");
    assert_eq!(api.ok("POST", &run, Value::Null).await["created"], 3);
    provide("userPrincipalName,displayName\nann@x.com,Ann\n");
    assert_eq!(api.ok("POST", &run, Value::Null).await["outcome"], "held");
    assert_eq!(api.no("POST", &format!("{run}?allowLeavers=all"), Value::Null).await.0, 400);
    assert_eq!(api.ok("POST", &format!("{run}?allowLeavers=2"), Value::Null).await["deleted"], 2);
    let shown = api.get(PATH).await;
    assert_eq!(
        (&shown["last"]["outcome"], &shown["next"]),
        (&json!("imported"), &json!("2026-03-02T08:00:00Z"))
    );
    let one = "userPrincipalName,displayName\nbob@x.com,Bob\n";
    let (_, report) =
        api.raw("POST", "/provost/v1/users/import?snapshot=true&allowLeavers=0&dryRun=true", one).await;
    assert!(report.contains("\"held\":1") && report.contains("ann@x.com"), "{report}");
    api.ok("DELETE", PATH, Value::Null).await;
    assert_eq!(api.get(PATH).await["schedule"], Value::Null);
}
