//! Delta queries.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::api::{Api, link};

/// Reads to the end of a round: every page, and the path of the next round.
async fn round(api: &Api, path: &str) -> (Vec<Value>, String) {
    let (mut pages, mut path) = (Vec::new(), path.to_owned());
    loop {
        let page = api.get(&path).await;
        pages.push(page["value"].clone());
        match (link(&page, "@odata.nextLink"), link(&page, "@odata.deltaLink")) {
            (Some(next), None) => path = next,
            (None, Some(delta)) => return (pages, delta),
            _ => panic!("a page has one link: {page}"),
        }
    }
}

/// The objects of a round that has one page.
async fn changes(api: &Api, path: &str) -> (Vec<Value>, String) {
    let (pages, next) = round(api, path).await;
    assert_eq!(pages.len(), 1, "{pages:?}");
    (pages[0].as_array().expect("a list").clone(), next)
}

#[tokio::test]
async fn users_are_told_once_and_then_what_changes() {
    let api = Api::new().await;
    let mut ids = Vec::new();
    for name in ["ann", "bob", "carl", "dora", "eve"] {
        ids.push(api.user(&format!("{name}@x.com")).await);
    }
    api.ok("DELETE", &format!("/v1.0/users/{}", ids[4]), Value::Null).await;
    let (pages, next) = round(&api, "/v1.0/users/delta?$top=3").await;
    let sizes: Vec<usize> = pages.iter().map(|page| page.as_array().expect("a list").len()).collect();
    assert_eq!(sizes, [3, 1], "who is in the recycle bin is left out");
    assert_eq!(pages[0][0]["displayName"], "ann");
    assert!(pages[0][0].get("city").is_none(), "a value that there never was is not told");
    let (nothing, next) = changes(&api, &next).await;
    assert_eq!(nothing, [Value::Null; 0]);

    let user = |at: usize| format!("/v1.0/users/{}", ids[at]);
    api.ok("PATCH", &user(0), json!({"city": "Bonn"})).await;
    api.ok("PATCH", &user(0), json!({"city": null, "jobTitle": "Chief"})).await;
    let manager = json!({"@odata.id": format!("users/{}", ids[2])});
    api.ok("PUT", &format!("{}/manager/$ref", user(1)), manager).await;
    let (told, next) = changes(&api, &next).await;
    assert_eq!(told.len(), 2, "an object is told once");
    assert_eq!((&told[0]["jobTitle"], &told[0]["city"]), (&json!("Chief"), &json!(null)));
    assert!(told[0].get("city").is_some(), "a value that is gone is told");
    assert_eq!(told[1]["manager@delta"], json!([{"@odata.type": "#microsoft.graph.user", "id": ids[2]}]));

    let manager = json!({"@odata.id": format!("users/{}", ids[0])});
    api.ok("PUT", &format!("{}/manager/$ref", user(3)), manager).await;
    let (_, next) = changes(&api, &next).await;
    api.ok("DELETE", &user(3), Value::Null).await;
    api.ok("DELETE", &format!("{}/manager/$ref", user(1)), Value::Null).await;
    let (told, next) = changes(&api, &next).await;
    assert_eq!(told[0], json!({"id": ids[3], "@removed": {"reason": "changed"}}));
    assert_eq!(told[1]["manager@delta"][0]["@removed"], json!({"reason": "deleted"}));
    let bin = "/v1.0/directory/deletedItems";
    api.ok("POST", &format!("{bin}/{}/restore", ids[3]), Value::Null).await;
    api.ok("DELETE", &format!("{bin}/{}", ids[4]), Value::Null).await;
    let (told, _) = changes(&api, &next).await;
    assert_eq!(told[0]["displayName"], "dora");
    assert_eq!(told[0]["manager@delta"][0]["id"], *ids[0], "who was forgotten is told whole");
    assert_eq!(told[1], json!({"id": ids[4], "@removed": {"reason": "deleted"}}));
}

#[tokio::test]
async fn groups_are_told_with_their_members() {
    let api = Api::new().await;
    let (ann, bob) = (api.user("ann@x.com").await, api.user("bob@x.com").await);
    let body = json!({"displayName": "Team", "members@odata.bind": [format!("users/{ann}")]});
    let team = api.ok("POST", "/v1.0/groups", body).await["id"].as_str().expect("an id").to_owned();
    let (told, whole) = changes(&api, "/v1.0/groups/delta").await;
    assert_eq!(told[0]["members@delta"], json!([{"@odata.type": "#microsoft.graph.user", "id": ann}]));
    let (told, expanded) = changes(&api, "/beta/groups/delta()?$select=displayName&$expand=members").await;
    assert_eq!(told[0]["members@delta"].as_array().map(Vec::len), Some(1));
    let (told, bare) = changes(&api, "/v1.0/groups/microsoft.graph.delta()?$select=displayName").await;
    assert_eq!(told, [json!({"id": team, "displayName": "Team"})]);

    let members = format!("/v1.0/groups/{team}/members");
    api.ok("POST", &format!("{members}/$ref"), json!({"@odata.id": format!("users/{bob}")})).await;
    api.ok("DELETE", &format!("{members}/{ann}/$ref"), Value::Null).await;
    for link in [&whole, &expanded] {
        let (told, _) = changes(&api, link).await;
        let mut relations: Vec<(&Value, &Value)> = told[0]["members@delta"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|it| (&it["id"], &it["@removed"]["reason"]))
            .collect();
        relations.sort_by_key(|(id, _)| id.to_string());
        assert_eq!(relations, [(&json!(ann), &json!("deleted")), (&json!(bob), &Value::Null)]);
    }
    let (told, bare) = changes(&api, &bare).await;
    assert_eq!(told, [Value::Null; 0], "members do not matter to this reader");
    let (told, bare) = changes(&api, &format!("{bare}&$select=members")).await;
    assert_eq!(told, [Value::Null; 0], "from now on they do");
    api.ok("DELETE", &format!("{members}/{bob}/$ref"), Value::Null).await;
    let (_, next) = changes(&api, &bare).await;
    api.ok("DELETE", &format!("/v1.0/groups/{team}"), Value::Null).await;
    assert_eq!(changes(&api, &next).await.0, [json!({"id": team, "@removed": {"reason": "deleted"}})]);
}

#[tokio::test]
async fn only_some_objects_or_only_what_comes() {
    let api = Api::new().await;
    let (ann, bob) = (api.user("ann@x.com").await, api.user("bob@x.com").await);
    let some = format!("/v1.0/users/delta?$select=id,displayName&$filter=id eq '{ann}' or id eq '{bob}'");
    let (told, some) = changes(&api, &some).await;
    assert_eq!(told.len(), 2);
    let (told, latest) = changes(&api, "/v1.0/users/delta?$deltaToken=latest&$select=displayName").await;
    assert_eq!(told, [Value::Null; 0]);
    let carl = api.user("carl@x.com").await;
    api.ok("PATCH", &format!("/v1.0/users/{bob}"), json!({"displayName": "Bobby"})).await;
    assert_eq!(changes(&api, &some).await.0, [json!({"id": bob, "displayName": "Bobby"})]);
    let (told, _) = changes(&api, &latest).await;
    assert_eq!(told.iter().map(|it| &it["id"]).collect::<Vec<_>>(), [&carl, &bob]);
    for refused in [
        "$filter=displayName eq 'ann'",
        "$filter=id eq 'x'",
        "$orderby=displayName",
        "$search=ann",
        "$expand=memberOf",
        "$select=shoeSize",
    ] {
        assert_eq!(
            api.no("GET", &format!("/v1.0/users/delta?{refused}"), Value::Null).await.0,
            400,
            "{refused}"
        );
    }
}

#[tokio::test]
async fn a_token_is_checked_and_expires() {
    let api = Api::new().await;
    api.user("ann@x.com").await;
    let first = api.get("/v1.0/users/delta?$select=displayName").await;
    let link = link(&first, "@odata.deltaLink").expect("one page");
    let bad = (400, "Request_BadRequest".to_owned());
    for wrong in [
        link.replace("users", "groups"),
        link[..link.len() - 4].to_owned(),
        "/v1.0/users/delta?$skiptoken=AAAA".to_owned(),
    ] {
        assert_eq!(api.no("GET", &wrong, Value::Null).await, bad, "{wrong}");
    }
    // A list's token is none of a delta query's.
    api.user("bob@x.com").await;
    let page = api.get("/v1.0/users?$top=1").await;
    let other =
        super::api::link(&page, "@odata.nextLink").expect("two pages").replace("/users?", "/users/delta?");
    assert_eq!(api.no("GET", &other, Value::Null).await, bad);

    let directory = &api.state.directory;
    let later = "2026-04-01T00:00:00Z".parse().expect("a timestamp");
    directory.store().prune_changes(directory.realm(), later).await.expect("prunes");
    let gone = (410, "syncStateNotFound".to_owned());
    assert_eq!(api.no("GET", &link, Value::Null).await, gone);
    let request = Request::get(&link).header(header::AUTHORIZATION, format!("Bearer {}", api.token));
    let response =
        api.router.clone().oneshot(request.body(Body::empty()).expect("valid")).await.expect("infallible");
    assert_eq!(response.status(), StatusCode::GONE);
    let location = response.headers()[header::LOCATION].to_str().expect("text").to_owned();
    let anew = location.strip_prefix("http://127.0.0.1:8080").expect("absolute");
    let (told, _) = changes(&api, anew).await;
    let names: Vec<&Value> = told.iter().map(|it| &it["displayName"]).collect();
    assert_eq!(names, ["ann", "bob"], "it begins anew: {anew}");
    assert_eq!(told[0].as_object().map(serde_json::Map::len), Some(2), "with the same selection");
}
