//! Lists: filters, pages, order, search by POST.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{Server, encoded, values};

async fn filtered(server: &Server, endpoint: &str, filter: &str) -> Value {
    server.get(&format!("/{endpoint}?filter={}", encoded(filter))).await.expect(200)
}

/// Three users and two groups.
async fn people(server: &Server) -> (Vec<String>, Vec<String>) {
    let mut users = Vec::new();
    for (name, title, mail) in
        [("Ann@x", "Boss", "ann@x"), ("bob@x", "Clerk", "BOB@x"), ("cid@x", "clerk", "cid@x")]
    {
        let body = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": name, "title": title,
            "externalId": format!("ext-{name}"), "emails": [{"value": mail, "type": "work"}],
        });
        users.push(server.post("/Users", &body).await.id());
    }
    let groups = vec![
        server.group("Sales", &[&users[0], &users[1]]).await,
        server.group("Support", &[&users[1]]).await,
    ];
    (users, groups)
}

#[tokio::test]
async fn equality_finds_by_every_indexed_attribute() {
    let server = Server::new().await;
    let (users, groups) = people(&server).await;
    for (endpoint, filter, expected) in [
        ("Users", "userName eq \"ANN@X\"".to_owned(), vec![&users[0]]),
        ("Users", format!("id eq \"{}\"", users[1]), vec![&users[1]]),
        ("Users", "externalId eq \"ext-cid@x\"".to_owned(), vec![&users[2]]),
        ("Users", "externalId eq \"EXT-cid@x\"".to_owned(), vec![]),
        ("Users", "emails.value eq \"bob@X\"".to_owned(), vec![&users[1]]),
        ("Users", "emails[type eq \"work\" and value eq \"bob@x\"]".to_owned(), vec![&users[1]]),
        ("Users", "emails[type eq \"home\" and value eq \"bob@x\"]".to_owned(), vec![]),
        ("Users", "title eq \"clerk\"".to_owned(), vec![&users[1], &users[2]]),
        ("Users", "userName eq \"bob@x\" and title eq \"Boss\"".to_owned(), vec![]),
        ("Users", "not (title co \"CLER\")".to_owned(), vec![&users[0]]),
        ("Users", "urn:ietf:params:scim:schemas:core:2.0:User:userName sw \"b\"".to_owned(), vec![&users[1]]),
        ("Users", format!("groups.value eq \"{}\"", groups[0]), vec![&users[0], &users[1]]),
        ("Users", "groups.display eq \"support\"".to_owned(), vec![&users[1]]),
        ("Users", "meta.resourceType eq \"User\"".to_owned(), users.iter().collect()),
        ("Groups", "displayName eq \"sales\"".to_owned(), vec![&groups[0]]),
        ("Groups", format!("members.value eq \"{}\"", users[1]), groups.iter().collect()),
        ("Groups", format!("members[value eq \"{}\"]", users[0]), vec![&groups[0]]),
        ("Groups", format!("not (members eq \"{}\")", users[0]), vec![&groups[1]]),
        ("Groups", format!("members eq \"{}\" and members eq \"nobody\"", users[0]), vec![]),
        ("Groups", format!("members eq \"nobody\" or members eq \"{}\"", users[0]), vec![&groups[0]]),
        ("Groups", "members.type eq \"User\"".to_owned(), groups.iter().collect()),
        ("Groups", "members pr and displayName co \"upp\"".to_owned(), vec![&groups[1]]),
    ] {
        let found = filtered(&server, endpoint, &filter).await;
        let expected: Vec<String> = expected.into_iter().cloned().collect();
        assert_eq!(values(&found["Resources"], "id"), expected, "{filter}");
        assert_eq!(found["totalResults"], expected.len(), "{filter}");
        assert_eq!(found["startIndex"], 1);
    }
}

/// A look-up alone, and a look-up whose results a filter is applied to.
#[tokio::test]
async fn an_index_knows_equal_from_unequal_as_filters_do() {
    let server = Server::new().await;
    let names = ["straße@x", "ZOE\u{308}@x", "zoë@x2", "\u{212a}elvin@x", "ann@x", "ΣΊΣΥΦΟΣ@x"];
    for name in names {
        let user =
            json!({"userName": name, "externalId": name, "displayName": name, "emails": [{"value": name}]});
        server.post("/Users", &user).await.expect(201);
    }
    let asked =
        ["STRASSE@X", "zoë@x", "ZOË@X2", "kelvin@X", "ANN@X", "ann@x ", "σίσυφος@x", "ZOE\u{308}@x", ""];
    for attribute in ["userName", "externalId", "displayName", "emails.value", "emails"] {
        for value in asked.iter().chain(&names) {
            let alone = format!("{attribute} eq {}", json!(value));
            let applied = format!("{alone} and userName pr");
            let (alone, applied) =
                (filtered(&server, "Users", &alone).await, filtered(&server, "Users", &applied).await);
            assert_eq!(
                values(&alone["Resources"], "id"),
                values(&applied["Resources"], "id"),
                "{attribute} {value}"
            );
            assert_eq!(alone["totalResults"], applied["totalResults"]);
        }
    }
}

#[tokio::test]
async fn bad_filters_are_refused() {
    let server = Server::new().await;
    for filter in ["userName", "userName eq", "(userName pr", "active gt true", &"(".repeat(10_000)] {
        let reply = server.get(&format!("/Users?filter={}", encoded(filter))).await;
        reply.refused(400, "invalidFilter");
    }
}

#[tokio::test]
async fn pages_by_index_are_exact() {
    let server = Server::new().await;
    for number in 0..25 {
        server.user(&format!("user{number:02}")).await;
    }
    let page = async |query: &str| server.get(&format!("/Users?{query}")).await.expect(200);
    let counts = |page: &Value| {
        let numbers =
            ["totalResults", "startIndex", "itemsPerPage"].map(|name| page[name].as_u64().expect("a number"));
        (numbers[0], numbers[1], numbers[2])
    };
    assert_eq!(counts(&page("count=10").await), (25, 1, 10));
    assert_eq!(counts(&page("startIndex=21&count=10").await), (25, 21, 5));
    assert_eq!(counts(&page("startIndex=99").await), (25, 99, 0));
    assert_eq!(counts(&page("startIndex=0&count=3").await), (25, 1, 3));
    assert_eq!(counts(&page("startIndex=-5&count=-1").await), (25, 1, 0));
    assert_eq!(counts(&page("count=0").await), (25, 1, 0));
    assert_eq!(counts(&page("count=100000").await), (25, 1, 25));
    assert_eq!(counts(&page("filter=userName%20sw%20%22user1%22&startIndex=4&count=4").await), (10, 4, 4));
    let mut seen = BTreeSet::new();
    for start in [1, 11, 21] {
        seen.extend(values(&page(&format!("startIndex={start}&count=10")).await["Resources"], "id"));
    }
    assert_eq!(seen.len(), 25);
    server.get("/Users?count=x").await.refused(400, "invalidValue");
}

/// Follows cursors to the end, doing something between the pages.
async fn follow(server: &Server, query: &str, mut between: impl AsyncFnMut(usize)) -> Vec<String> {
    let mut ids = Vec::new();
    let mut cursor = String::new();
    for page in 0.. {
        let reply = server.get(&format!("/Users?cursor={cursor}&{query}")).await.expect(200);
        ids.extend(values(&reply["Resources"], "id"));
        let Some(next) = reply["nextCursor"].as_str() else { break };
        next.clone_into(&mut cursor);
        between(page).await;
    }
    ids
}

#[tokio::test]
async fn cursors_neither_lose_nor_repeat_while_others_write() {
    let server = Server::new().await;
    let mut ids = Vec::new();
    for number in 0..30 {
        ids.push(server.user(&format!("user{number:02}")).await);
    }
    for query in ["count=7", "count=7&sortBy=userName", "count=3&filter=userName%20co%20%22user%22"] {
        let kept: BTreeSet<&String> = ids.iter().skip(1).collect();
        let read = follow(&server, query, async |page| {
            server.user(&format!("user{page:02}x{}", query.len())).await;
            if page == 0 {
                server.delete(&format!("/Users/{}", ids[0])).await;
            }
        })
        .await;
        let unique: BTreeSet<&String> = read.iter().collect();
        assert_eq!(unique.len(), read.len(), "{query} repeats nothing");
        assert!(kept.is_subset(&unique), "{query} loses nothing");
    }
}

#[tokio::test]
async fn a_cursor_query_tells_the_total_where_it_is_known() {
    let server = Server::new().await;
    people(&server).await;
    let total = async |query: &str| {
        let path = format!("/Users?cursor=&filter=title%20pr{query}");
        server.get(&path).await.expect(200)["totalResults"].clone()
    };
    assert_eq!(total("").await, 3);
    assert_eq!(total("&count=0").await, 3);
    assert_eq!(total("&count=1").await, Value::Null);
}

#[tokio::test]
async fn a_foreign_cursor_is_refused() {
    let server = Server::new().await;
    for name in ["a", "b", "c"] {
        server.user(name).await;
    }
    let first = server.get("/Users?cursor=&count=1").await.expect(200);
    let cursor = first["nextCursor"].as_str().expect("a cursor");
    server.get(&format!("/Users?cursor={cursor}&filter=userName%20pr")).await.refused(400, "invalidCursor");
    server.get("/Users?cursor=nonsense").await.refused(400, "invalidCursor");
    assert_eq!(first["totalResults"], 3);
    assert!(first.get("startIndex").is_none());
}

#[tokio::test]
async fn lists_are_sorted_with_and_without_an_index() {
    let server = Server::new().await;
    let (users, _) = people(&server).await;
    let order = async |query: &str| {
        values(&server.get(&format!("/Users?{query}")).await.expect(200)["Resources"], "id")
    };
    let [ann, bob, cid] = [&users[0], &users[1], &users[2]].map(Clone::clone);
    assert_eq!(order("sortBy=userName&sortOrder=descending").await, [cid.clone(), bob.clone(), ann.clone()]);
    assert_eq!(order("sortBy=title&sortOrder=ascending").await, [ann.clone(), bob.clone(), cid.clone()]);
    assert_eq!(order("sortBy=emails.value&sortOrder=descending&count=2").await, [cid.clone(), bob.clone()]);
    assert_eq!(order("sortBy=meta.created&sortOrder=descending&count=1").await, [cid]);
    let clerks = "filter=title%20eq%20%22clerk%22&sortBy=userName&sortOrder=descending&startIndex=2";
    assert_eq!(order(clerks).await, [bob]);
}

#[tokio::test]
async fn search_by_post_answers_like_get_and_across_types_at_the_root() {
    let server = Server::new().await;
    let (users, groups) = people(&server).await;
    let search = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": "userName sw \"a\"",
        "attributes": ["userName"],
    });
    let found = server.post("/Users/.search", &search).await.expect(200);
    assert_eq!(values(&found["Resources"], "id"), [users[0].clone()]);
    assert!(found["Resources"][0].get("title").is_none());
    let all = server.post("/.search", &json!({"count": 4, "startIndex": 2})).await.expect(200);
    assert_eq!(all["totalResults"], 5);
    assert_eq!(
        values(&all["Resources"], "id"),
        [&users[1], &users[2], &groups[0], &groups[1]].map(Clone::clone)
    );
    let typed =
        json!({"filter": "meta.resourceType eq \"Group\" and displayName pr", "sortBy": "displayName"});
    let found = server.post("/.search", &typed).await.expect(200);
    assert_eq!(values(&found["Resources"], "id"), groups);
    server.send("POST", "/.search", &[], "{").await.refused(400, "invalidSyntax");
}

#[tokio::test]
async fn a_query_that_costs_too_much_says_so() {
    let limits = scim_server::Limits { work: 1000, ..scim_server::Limits::default() };
    let server = Server::with(limits).await;
    for number in 0..1001 {
        server.user(&format!("user{number}")).await;
    }
    server.get("/Users?filter=title%20pr").await.refused(400, "tooMany");
    assert_eq!(filtered(&server, "Users", "userName eq \"user7\"").await["totalResults"], 1);
    // As many look-ups as there are alternatives are no walk through everything.
    let either = "userName eq \"user900\" or userName eq \"USER7\" and title pr or userName eq \"user7\" \
                  or userName eq \"nobody\" or userName eq \"user900\"";
    let found = filtered(&server, "Users", either).await;
    assert_eq!(values(&found["Resources"], "userName"), ["user7", "user900"]);
    server.get("/Users?sortBy=title").await.refused(400, "tooMany");
    for ordered in ["USERNAME", "urn:ietf:params:scim:schemas:core:2.0:User:userName", "Meta.Created"] {
        let page = server.get(&format!("/Users?count=1&sortBy={ordered}")).await.expect(200);
        assert_eq!(values(&page["Resources"], "userName"), ["user0"]);
    }
}

#[tokio::test]
async fn a_look_up_finds_however_many_there_are() {
    let server = Server::new().await;
    for number in 0..101 {
        let user = json!({"userName": format!("user{number}"), "displayName": "Same"});
        server.post("/Users", &user).await.expect(201);
        let expected = number + 1;
        if expected >= 99 {
            let found = filtered(&server, "Users", "displayName eq \"same\"").await;
            assert_eq!(found["totalResults"], expected);
        }
    }
}

#[tokio::test]
async fn what_a_look_up_finds_is_sorted_too() {
    let server = Server::new().await;
    let mut ids = Vec::new();
    for name in ["b", "c", "a"] {
        ids.push(server.user(name).await);
    }
    let group = server.group("g", &ids.iter().map(String::as_str).collect::<Vec<_>>()).await;
    for (order, expected) in [("ascending", ["a", "b", "c"]), ("descending", ["c", "b", "a"])] {
        let filter = encoded(&format!("groups.value eq \"{group}\""));
        for pages in ["", "&cursor="] {
            let path = format!("/Users?filter={filter}&sortBy=userName&sortOrder={order}{pages}");
            let found = server.get(&path).await.expect(200);
            assert_eq!(values(&found["Resources"], "userName"), expected);
        }
    }
}

#[tokio::test]
async fn the_members_of_a_large_group_are_listed_in_pages() {
    let server = Server::new().await;
    let mut ids = Vec::new();
    for number in 0..450 {
        ids.push(server.user(&format!("user{number:03}")).await);
    }
    let group = server.group("g", &ids.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let pages = async |filter: String| {
        let mut read = BTreeSet::new();
        for start in [1, 201, 401] {
            let path = format!("/Users?filter={}&startIndex={start}&count=200", encoded(&filter));
            let page = server.get(&path).await.expect(200);
            assert_eq!(page["totalResults"], 450, "{filter}");
            read.extend(values(&page["Resources"], "id"));
        }
        assert_eq!(read, ids.iter().cloned().collect(), "{filter}");
    };
    pages(format!("groups.value eq \"{group}\"")).await;
    pages(format!("groups.value eq \"{group}\" or userName eq \"user007\"")).await;
}

#[tokio::test]
async fn reading_on_by_start_index_loses_nothing_when_others_delete() {
    let server = Server::new().await;
    let mut ids = Vec::new();
    for number in 0..20 {
        ids.push(server.user(&format!("user{number:02}")).await);
    }
    let first = server.get("/Users?count=10").await.expect(200);
    server.delete(&format!("/Users/{}", ids[3])).await.expect(204);
    let second = server.get("/Users?startIndex=11&count=10").await.expect(200);
    let read = [values(&first["Resources"], "id"), values(&second["Resources"], "id")].concat();
    assert_eq!(read, ids);
    assert_eq!(second["totalResults"], 19);
}

#[tokio::test]
async fn a_page_of_large_resources_ends_early_and_nothing_is_lost() {
    let limits = scim_server::Limits { page_bytes: 1, ..scim_server::Limits::default() };
    let server = Server::with(limits).await;
    let mut ids = Vec::new();
    for number in 0..250 {
        ids.push(server.user(&format!("user{number:03}")).await);
    }
    for query in ["", "filter=userName%20sw%20%22user%22", "sortBy=active", "sortBy=userName"] {
        let mut by_index = Vec::new();
        while by_index.len() < ids.len() {
            let start = by_index.len() + 1;
            let page = server.get(&format!("/Users?count=250&startIndex={start}&{query}")).await.expect(200);
            assert_eq!(page["totalResults"], 250, "{query}");
            let items = values(&page["Resources"], "id");
            assert!((1..=200).contains(&items.len()) && page["itemsPerPage"] == items.len(), "{query}");
            by_index.extend(items);
        }
        assert_eq!(by_index, ids, "{query}");
        assert_eq!(follow(&server, &format!("count=250&{query}"), async |_| ()).await, ids, "{query}");
    }
}
