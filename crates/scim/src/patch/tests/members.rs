//! Members that are read apart from their operation.

use serde_json::json;

use super::*;

#[test]
fn members_read_from_the_body_are_those_of_its_json() {
    let group = Definition::group(&[]);
    let operations = [
        json!({"op": "Add", "path": "members", "value": [{"value": "1", "$ref": null}, "2", {"value": "1"}]}),
        json!({"op": "replace", "Path": "Members", "VALUE": {"value": 7}}),
        json!({"op": "remove", "path": "members", "value": [{"value": "1"}]}),
        json!({"op": "remove", "path": "members", "value": []}),
        json!({"op": "remove", "path": "members", "value": null}),
        json!({"op": "remove", "path": "members"}),
        json!({"op": "add", "path": "members", "value": [{"display": "x"}]}),
        json!({"op": "add", "path": "members", "value": null}),
        json!({"op": "add", "path": "members"}),
        json!({"op": "add", "value": {"members": [{"value": "3"}]}}),
        json!({"value": [{"value": "4"}], "op": "add", "path": "members"}),
        json!({"op": "add", "path": "members[value eq \"1\"]", "value": []}),
        json!({"op": "add", "path": "members.value", "value": "5"}),
        json!(7),
    ];
    let applied = |request: Result<PatchRequest, Error>| {
        let mut resource = object(json!({"displayName": "g"}));
        let done = apply(&mut resource, &request?, &group, false)?;
        let mut notes: Vec<String> = done.quirks.iter().map(ToString::to_string).collect();
        notes.sort();
        Ok::<_, Error>((done.edits, notes))
    };
    for operation in &operations {
        for list in
            [json!([{"op": "add", "path": "displayName", "value": "h"}, operation]), operation.clone()]
        {
            let body = json!({"schemas": [urn::PATCH_OP], "Operations": list});
            let read = applied(PatchRequest::from_slice(body.to_string().as_bytes()));
            assert_eq!(read, applied(PatchRequest::parse(body)), "{operation}");
        }
    }
    let user = PatchRequest::from_slice(br#"{"Operations":[{"op":"add","path":"members","value":[]}]}"#);
    let error = apply(&mut object(json!({"userName": "u"})), &user.unwrap(), &Definition::user(&[]), false);
    assert_eq!(error.unwrap_err().scim_type, Some(ScimType::InvalidPath));
}
