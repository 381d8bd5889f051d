//! Settings of a tenant, and what its clients then meet.

use axum::body::Body;
use axum::http::Request;
use serde_json::json;

use crate::support::{Server, encoded};

#[tokio::test]
async fn uniqueness_by_setting_is_made_to_hold() {
    let server = Server::new().await;
    let create = async |path: &str, name: &str, id: &str| {
        let body = json!({"userName": name, "displayName": name, "externalId": id});
        server.post(path, &body).await
    };
    let (first, second) = (create("/Users", "a", "E1").await, create("/Users", "b", "E1").await);
    create("/Groups", "g", "E1").await.expect(201);
    let refused =
        server.settings(|settings| settings.unique_external_ids = true).await.expect_err("two have it");
    assert_eq!(refused.status, 409);
    for part in [first.id(), second.id(), "externalId".to_owned(), "E1".to_owned()] {
        assert!(refused.detail.contains(&part), "{refused}");
    }
    assert!(!server.tenants.get(server.tenant.id).await.expect("a tenant").settings.unique_external_ids);
    create("/Users", "c", "E1").await.expect(201);
    for name in ["b", "c"] {
        let filter = encoded(&format!("userName eq \"{name}\""));
        let list = server.get(&format!("/Users?filter={filter}")).await.expect(200);
        server
            .delete(&format!("/Users/{}", list["Resources"][0]["id"].as_str().expect("an id")))
            .await
            .expect(204);
    }
    server.settings(|settings| settings.unique_external_ids = true).await.expect("all differ");
    create("/Users", "d", "E1").await.refused(409, "uniqueness");
    create("/Groups", "h", "E1").await.refused(409, "uniqueness");
    // Off and on again, with groups of one name in between.
    server.settings(|settings| settings.unique_group_names = false).await.expect("a change");
    create("/Groups", "G", "E2").await.expect(201);
    let refused =
        server.settings(|settings| settings.unique_group_names = true).await.expect_err("two have it");
    assert!(refused.detail.contains("displayName"), "{refused}");
    server.settings(|settings| settings.unique_external_ids = false).await.expect("a change");
    create("/Users", "d", "E1").await.expect(201);
}

#[tokio::test]
async fn discovery_is_closed_where_the_tenant_wants_it() {
    let server = Server::new().await;
    let open = async |path: &str| {
        let uri = format!("/tenants/contoso/api/scim/v2{path}");
        let request = Request::builder().uri(uri).body(Body::empty()).expect("a request");
        server.raw(request).await
    };
    let places = ["/Schemas", "/ResourceTypes/User", "/ServiceProviderConfig"];
    for place in places {
        open(place).await.expect(200);
    }
    server.settings(|settings| settings.discovery_needs_token = true).await.expect("a change");
    for place in places {
        let reply = open(place).await;
        reply.refused(401, "");
        assert!(reply.header("www-authenticate").starts_with("Bearer"));
        server.get(place).await.expect(200);
    }
}
