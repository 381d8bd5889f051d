//! What others changed in the target, from the command line.

mod support;

use serde_json::{Value, json};
use support::{Server, Tenant, application, people};

async fn patch(tenant: &Tenant, path: &str, operations: Value) {
    let body =
        json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations});
    let request = tenant.client.patch(format!("{}{path}", tenant.base_url)).bearer_auth(&tenant.token);
    let request = request.header("content-type", "application/scim+json").body(body.to_string());
    let status = request.send().await.expect("the tenant answers").status();
    assert!(status.is_success(), "{path}: {status}");
}

async fn delete(tenant: &Tenant, path: &str) {
    let request = tenant.client.delete(format!("{}{path}", tenant.base_url)).bearer_auth(&tenant.token);
    assert_eq!(request.send().await.expect("the tenant answers").status(), 204);
}

async fn id(tenant: &Tenant, number: u32) -> String {
    let name = format!("user{number}@contoso.example");
    let users = tenant.users().await;
    let user = users.iter().find(|user| user["userName"] == name.as_str()).expect("the user");
    user["id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn drift_is_listed_and_put_right() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(&folder.path().join("data"));
    let tenant = Tenant::create(&server);
    let file = people(folder.path(), 12);
    server.ok(&["user", "import", file.to_str().expect("a path of ASCII")]);
    let rows: Vec<String> = (0..6).map(|number| format!("Team,user{number}@contoso.example")).collect();
    let file = folder.path().join("groups.csv");
    std::fs::write(&file, format!("displayName,memberUserPrincipalName\n{}\n", rows.join("\n")))
        .expect("written");
    server.ok(&["group", "import", file.to_str().expect("a path of ASCII")]);
    application(&server, folder.path(), &tenant.base_url, &tenant.token);
    assert_eq!(server.run(&["job", "run", "T", "--wait"]).1, 0);

    let (report, status) = server.run(&["job", "drift", "T"]);
    assert_eq!((status, &report["compared"], &report["findings"]), (0, &json!(13), &json!([])), "{report}");

    let groups = tenant.all("/Groups").await;
    let team = format!("/Groups/{}", groups[0]["id"].as_str().expect("an id"));
    patch(
        &tenant,
        &format!("/Users/{}", id(&tenant, 1).await),
        json!([{"op": "replace", "path": "displayName", "value": "Boss"}]),
    )
    .await;
    delete(&tenant, &format!("/Users/{}", id(&tenant, 2).await)).await;
    let added = json!([{"op": "add", "path": "members", "value": [{"value": id(&tenant, 9).await}]}]);
    patch(&tenant, &team, added).await;
    let removed = format!("members[value eq \"{}\"]", id(&tenant, 3).await);
    patch(&tenant, &team, json!([{"op": "remove", "path": removed}])).await;

    let (report, status) = server.run(&["job", "drift", "T"]);
    assert_eq!(status, 1, "{report}");
    let found = json!({
        "changedAttribute": 1, "accountGone": 1, "memberAdded": 1, "memberMissing": 1, "unknownAccount": 0,
    });
    assert_eq!((&report["found"], &report["repairable"]), (&found, &json!(4)), "{report}");
    let output = server.plain(&["job", "drift", "T"]).output().expect("the command runs");
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    for expected in
        ["Boss", "member added", "member missing", "gone", "13 accounts", "4 differences", "--repair"]
    {
        assert!(shown.contains(expected), "{expected}: {shown}");
    }
    // A cycle that looks at what changed sees nothing of it.
    assert_eq!(server.run(&["job", "run", "T", "--wait"]).0["updated"], 0);

    let (report, status) = server.run(&["job", "drift", "T", "--repair"]);
    assert_eq!((status, &report["repaired"]["created"]), (0, &json!(1)), "{report}");
    assert_eq!(tenant.count().await, 12);
    let (report, status) = server.run(&["job", "drift", "T", "--repair"]);
    assert_eq!((status, &report["findings"]), (0, &json!([])), "{report}");
    assert_eq!(report["repaired"]["updated"], 0, "{report}");
    let members = tenant.all("/Groups").await[0]["members"].as_array().map_or(0, Vec::len);
    assert_eq!(members, 6);
    assert_eq!(server.run(&["job", "run", "T", "--wait"]).1, 0);

    // Somebody has emptied the tenant.
    for user in tenant.users().await {
        delete(&tenant, &format!("/Users/{}", user["id"].as_str().expect("an id"))).await;
    }
    let (report, status) = server.run(&["job", "drift", "T", "--repair"]);
    assert_eq!((status, &report["error"]["errorCode"]), (3, &json!("TooManyAccountsGone")), "{report}");
    assert_eq!(tenant.count().await, 0);
}
