//! What the tenant has to hold, derived from the book alone, and how it differs.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::company::{Company, Row};

/// Values of a resource by path.
pub type Flat = BTreeMap<String, String>;

/// What a tenant holds, or has to hold: users by userName, groups by displayName.
#[derive(Debug, Default, PartialEq)]
pub struct Holdings {
    pub users: BTreeMap<String, Flat>,
    pub groups: BTreeMap<String, Flat>,
    /// userNames of the members.
    pub members: BTreeMap<String, BTreeSet<String>>,
}

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

impl Holdings {
    /// What has to be there by the book.
    pub fn expected(company: &Company, group_ids: &BTreeMap<String, String>) -> Self {
        let mut expected = Self::default();
        for (id, person) in &company.people {
            if company.has_account(id) {
                let row = company.shown(id, person);
                let account = account(company, row, company.entitled(id));
                expected.users.insert(cell(row, "userPrincipalName").to_owned(), account);
            }
        }
        for name in &company.assigned {
            let mut group = Flat::from([("displayName".to_owned(), name.clone())]);
            if let Some(id) = group_ids.get(name) {
                group.insert("externalId".to_owned(), id.clone());
            }
            let members = company.groups.get(name).into_iter().flatten();
            let names = members
                .filter(|id| company.entitled(id))
                .filter_map(|id| company.people.get(id))
                .map(|person| person.get("userPrincipalName").to_owned());
            expected.members.insert(name.clone(), names.collect());
            expected.groups.insert(name.clone(), group);
        }
        expected
    }

    /// What is there, from the resources as the tenant answered them.
    pub fn actual(users: &[Value], groups: &[Value]) -> (Self, Vec<String>) {
        let mut actual = Self::default();
        let mut odd = Vec::new();
        let names: BTreeMap<&str, &str> = users
            .iter()
            .filter_map(|user| Some((user["id"].as_str()?, user["userName"].as_str()?)))
            .collect();
        let name_of = |id: &str| (*names.get(id).unwrap_or(&"(nobody)")).to_owned();
        for user in users {
            let mut flat = flatten(user);
            let manager = format!("{ENTERPRISE}:manager.value");
            if let Some(id) = flat.get(&manager) {
                let name = name_of(id);
                flat.insert(manager, name);
            }
            let name = user["userName"].as_str().unwrap_or_default().to_owned();
            if actual.users.insert(name.clone(), flat).is_some() {
                odd.push(format!("user {name}: there are two"));
            }
        }
        for group in groups {
            let name = group["displayName"].as_str().unwrap_or_default().to_owned();
            let members = group["members"].as_array().cloned().unwrap_or_default();
            let members = members.iter().filter_map(|member| member["value"].as_str()).map(name_of).collect();
            if actual.groups.insert(name.clone(), flatten(group)).is_some() {
                odd.push(format!("group {name}: there are two"));
            }
            actual.members.insert(name, members);
        }
        (actual, odd)
    }

    /// How many values there are to compare.
    pub fn values(&self) -> usize {
        let flat = self.users.values().chain(self.groups.values()).map(BTreeMap::len).sum::<usize>();
        flat + self.members.values().map(BTreeSet::len).sum::<usize>()
    }
}

/// Every difference, a line each.
pub fn differences(expected: &Holdings, actual: &Holdings) -> Vec<String> {
    let mut found = Vec::new();
    compare_all("user", &expected.users, &actual.users, &mut found);
    compare_all("group", &expected.groups, &actual.groups, &mut found);
    for (name, members) in &expected.members {
        let Some(there) = actual.members.get(name) else { continue };
        found.extend(
            members.difference(there).map(|member| format!("group {name}: {member} is not a member")),
        );
        found.extend(
            there.difference(members).map(|member| format!("group {name}: {member} should not be a member")),
        );
    }
    found
}

fn compare_all(
    kind: &str,
    expected: &BTreeMap<String, Flat>,
    actual: &BTreeMap<String, Flat>,
    found: &mut Vec<String>,
) {
    for (name, wanted) in expected {
        match actual.get(name) {
            None => found.push(format!("{kind} {name}: is not there")),
            Some(there) => compare(&format!("{kind} {name}"), wanted, there, found),
        }
    }
    let strangers = actual.keys().filter(|name| !expected.contains_key(*name));
    found.extend(strangers.map(|name| format!("{kind} {name}: should not be there")));
}

fn compare(subject: &str, wanted: &Flat, there: &Flat, found: &mut Vec<String>) {
    let paths: BTreeSet<&String> = wanted.keys().chain(there.keys()).collect();
    for path in paths {
        let (wanted, there) = (wanted.get(path), there.get(path));
        if wanted != there {
            let show =
                |value: Option<&String>| value.map_or("nothing".to_owned(), |value| format!("\"{value}\""));
            found.push(format!("{subject}: {path} is {}, should be {}", show(there), show(wanted)));
        }
    }
}

/// The account that a person has to have, written down by hand from what the application is documented to take.
fn account(company: &Company, row: &Row, live: bool) -> Flat {
    let mut flat = Flat::new();
    let mut set = |path: &str, value: &str| {
        if !value.is_empty() {
            flat.insert(path.to_owned(), value.to_owned());
        }
    };
    set("userName", cell(row, "userPrincipalName"));
    set("active", if live { "true" } else { "false" });
    set("displayName", cell(row, "displayName"));
    set("title", cell(row, "jobTitle"));
    set("preferredLanguage", cell(row, "preferredLanguage"));
    set("externalId", cell(row, "mailNickname"));
    set("name.givenName", cell(row, "givenName"));
    set("name.familyName", cell(row, "surname"));
    let full = [cell(row, "givenName"), cell(row, "surname")];
    let full: Vec<&str> = full.into_iter().filter(|part| !part.is_empty()).collect();
    set("name.formatted", &full.join(" "));
    set("emails[work].value", cell(row, "mail"));
    set("addresses[work].formatted", cell(row, "physicalDeliveryOfficeName"));
    set("addresses[work].streetAddress", cell(row, "streetAddress"));
    set("addresses[work].locality", cell(row, "city"));
    set("addresses[work].region", cell(row, "state"));
    set("addresses[work].postalCode", cell(row, "postalCode"));
    set("addresses[work].country", cell(row, "country"));
    set("phoneNumbers[work].value", cell(row, "telephoneNumber"));
    set("phoneNumbers[mobile].value", cell(row, "mobile"));
    set(&format!("{ENTERPRISE}:employeeNumber"), cell(row, "employeeId"));
    set(&format!("{ENTERPRISE}:department"), cell(row, "department"));
    let manager = cell(row, "manager");
    if let Some(boss) =
        company.people.get(manager).filter(|boss| company.has_account(manager) && !boss.binned)
    {
        set(&format!("{ENTERPRISE}:manager.value"), cell(company.shown(manager, boss), "userPrincipalName"));
    }
    flat
}

/// A cell, empty when there is none.
fn cell<'a>(row: &'a Row, column: &str) -> &'a str {
    row.get(column).map_or("", String::as_str)
}

/// A resource as paths and values, without what the service provider adds.
fn flatten(resource: &Value) -> Flat {
    let mut flat = Flat::new();
    for (name, value) in resource.as_object().into_iter().flatten() {
        match name.as_str() {
            "id" | "meta" | "schemas" | "groups" | "members" => {}
            name if name.starts_with("urn:") => {
                for (inner, value) in value.as_object().into_iter().flatten() {
                    put(&format!("{name}:{inner}"), value, &mut flat);
                }
            }
            name => put(name, value, &mut flat),
        }
    }
    flat
}

fn put(path: &str, value: &Value, flat: &mut Flat) {
    match value {
        Value::Null => {}
        Value::String(text) => drop(flat.insert(path.to_owned(), text.clone())),
        Value::Object(members) => {
            for (name, value) in members {
                // What the service provider computes for a reference is not what was sent.
                if name != "type" && name != "$ref" && !(path.ends_with(":manager") && name == "displayName")
                {
                    put(&format!("{path}.{name}"), value, flat);
                }
            }
        }
        Value::Array(values) => {
            for (index, value) in values.iter().enumerate() {
                let key = value["type"].as_str().map_or_else(|| index.to_string(), str::to_owned);
                put(&format!("{path}[{key}]"), value, flat);
            }
        }
        other => drop(flat.insert(path.to_owned(), other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_kind_of_difference_is_found() {
        let user =
            |name: &str, title: &str| json!({"id": name, "userName": name, "title": title, "schemas": []});
        let group = |members: &[&str]| {
            let members: Vec<Value> = members.iter().map(|id| json!({"value": id})).collect();
            json!({"id": "g", "displayName": "G", "members": members})
        };
        let (wanted, _) = Holdings::actual(&[user("a", "x"), user("b", "x")], &[group(&["a"])]);
        let (there, _) = Holdings::actual(&[user("a", "y"), user("c", "x")], &[group(&["c"])]);
        let mut found = differences(&wanted, &there);
        found.sort();
        assert_eq!(
            found,
            [
                "group G: a is not a member",
                "group G: c should not be a member",
                "user a: title is \"y\", should be \"x\"",
                "user b: is not there",
                "user c: should not be there",
            ]
        );
        assert!(differences(&wanted, &wanted).is_empty());
    }

    #[test]
    fn an_account_twice_is_odd() {
        let user = json!({"id": "1", "userName": "a"});
        assert_eq!(Holdings::actual(&[user.clone(), user], &[]).1.len(), 1);
    }
}
