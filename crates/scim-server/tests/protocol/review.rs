//! What an administrator reads of a tenant's resources.

use scim_server::Found;

use crate::support::{Server, values};

const BASE: &str = "http://localhost:8080/tenants/contoso/api/scim/v2";

/// A page of the members of a group.
async fn members(
    server: &Server,
    group: &str,
    text: Option<&str>,
    at: (&str, usize),
) -> Result<Found, scim::Error> {
    server.service.find_members(server.tenant.clone(), BASE, group, text, at).await
}

/// The ids of all of them, in pages of that size.
async fn all(server: &Server, group: &str, text: Option<&str>, limit: usize) -> Vec<String> {
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = members(server, group, text, (&cursor, limit)).await.expect("a page");
        assert!(page.resources.len() <= limit);
        ids.extend(values(&page.resources.into(), "id"));
        let Some(next) = page.next_cursor else { return ids };
        cursor = next;
    }
}

#[tokio::test]
async fn members_of_a_large_group_come_page_by_page_and_are_searched() {
    let server = Server::on_disk().await;
    let mut ids = Vec::new();
    for number in 0..450 {
        ids.push(server.user(&format!("user{number:03}@contoso.example")).await);
    }
    let nested = server.group("Nested users", &[&ids[0]]).await;
    ids.push(nested.clone());
    let borrowed: Vec<&str> = ids.iter().map(String::as_str).collect();
    let group = server.group("Everybody", &borrowed).await;

    let first = members(&server, &group, None, ("", 2)).await.expect("a page");
    assert_eq!((first.total_results, first.resources.len()), (Some(451), 2));
    assert_eq!(first.resources[0]["meta"]["location"], format!("{BASE}/Users/{}", ids[0]));
    assert_eq!(first.resources[0]["userName"], "user000@contoso.example");
    assert!(first.resources[0].get("groups").is_none());
    ids.sort_unstable();
    for limit in [7, 200, 999] {
        let mut found = all(&server, &group, None, limit).await;
        found.sort_unstable();
        assert_eq!(found, ids, "in pages of {limit}");
    }

    for (text, limit, number) in [("USER4", 7, 50), ("user4", 50, 50), ("nobody", 5, 0), ("users", 5, 1)] {
        assert_eq!(all(&server, &group, Some(text), limit).await.len(), number, "{text}");
    }
    let groups = members(&server, &group, Some("nested"), ("", 5)).await.expect("a page");
    assert_eq!(groups.resources[0]["meta"]["resourceType"], "Group");
    assert_eq!((groups.total_results, groups.next_cursor), (None, None));

    assert_eq!(members(&server, &nested, None, ("?", 5)).await.expect_err("no cursor").status, 400);
    let user = &first.resources[0]["id"];
    let nobody = members(&server, user.as_str().expect("an id"), None, ("", 5)).await;
    assert_eq!(nobody.expect_err("no group").status, 404);
}
