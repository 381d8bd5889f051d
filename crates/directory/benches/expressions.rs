//! The default mappings of a user, evaluated on one core: users a second, allocations a user.
//! `cargo xtask bench expressions` runs it.

use std::hint::black_box;
use std::time::Instant;

use engine::{CompiledMapping, Outside, Reference, SourceView, Subject, Tables, TargetList};
use jiff::Timestamp;
use model::{DirectoryObject, ObjectType};
use serde_json::json;
use uuid::Uuid;

/// What an incremental cycle over a million users has to reach to be quick.
const GOAL: u32 = 100_000;
const USERS: u32 = 1_000;
const ROUNDS: u32 = 5;

fn user(number: u32) -> DirectoryObject {
    let attributes = json!({
        "userPrincipalName": format!("user{number}@contoso.example"),
        "displayName": format!("Zoë Number {number}"),
        "jobTitle": "Engineer",
        "mail": format!("user{number}@contoso.example"),
        "preferredLanguage": "en-GB",
        "givenName": "Zoë",
        "surname": format!("Number {number}"),
        "officeLocation": "London 4",
        "streetAddress": "1 Canada Square",
        "city": "London",
        "state": "Greater London",
        "postalCode": "E14 5AB",
        "country": "GB",
        "businessPhones": [format!("+44 20 {number:08}")],
        "mobilePhone": format!("+44 7{number:08}"),
        "faxNumber": format!("+44 21 {number:08}"),
        "mailNickname": format!("user{number}"),
        "employeeId": number.to_string(),
        "department": "Research",
    });
    let serde_json::Value::Object(attributes) = attributes else { unreachable!("an object") };
    DirectoryObject {
        object_type: ObjectType::User,
        id: Uuid::from_u128(u128::from(number)),
        version: 1,
        created: Timestamp::UNIX_EPOCH,
        deleted: None,
        attributes,
    }
}

fn main() {
    let template = directory::template("scim").expect("the template of SCIM applications");
    let mapping = template
        .object_mappings
        .iter()
        .find(|mapping| mapping.source_object == ObjectType::User)
        .expect("mappings of users");
    let count = mapping.attribute_mappings.len();
    let mapping =
        CompiledMapping::compile(mapping, &TargetList::standard(ObjectType::User), &Tables::default())
            .expect("valid mappings");
    let users: Vec<DirectoryObject> = (0..USERS).map(user).collect();
    let manager = Reference::Target("2819c223-7f76-453a-919d-413861904646".to_owned());
    let outside = Outside::default();
    let all = || {
        for user in &users {
            let object = SourceView::new(black_box(user), false);
            let subject = Subject { id: user.id, object, manager: &manager, link: None, outside: &outside };
            let _ = black_box(mapping.evaluate(&subject));
        }
    };
    all();
    let allocations = allocation_counter::measure(all).count_total / u64::from(USERS);
    let rates = (0..ROUNDS).map(|_| {
        let start = Instant::now();
        all();
        f64::from(USERS) / start.elapsed().as_secs_f64()
    });
    let best = rates.fold(0.0, f64::max);
    println!(
        "{count} mappings: {best:.0} users a second on one core (goal {GOAL}), {allocations} allocations a user"
    );
    if cfg!(debug_assertions) {
        println!("this is not a release build: the figures say nothing");
    }
}
