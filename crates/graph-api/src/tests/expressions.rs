//! What schemas can say: templates, operators, functions, and expressions tried out.

use serde_json::{Value, json};

use super::api::Api;

/// The addresses of a job's and of a template's schema.
async fn schemas(api: &Api) -> (String, [String; 2]) {
    let (app, job) = api.app("scim").await;
    let base = format!("/v1.0/servicePrincipals/{app}/synchronization");
    let both = [format!("{base}/jobs/{job}/schema"), format!("{base}/templates/scim/schema")];
    (base, both)
}

#[tokio::test]
async fn operators_and_functions_are_those_that_there_are() {
    let api = Api::new().await;
    let (base, schemas) = schemas(&api).await;
    for schema in &schemas {
        let operators = api.get(&format!("{schema}/filterOperators()")).await;
        let operators = operators["value"].as_array().expect("a list").clone();
        assert_eq!(operators.len(), model::ClauseOperator::ALL.len());
        let of = |name: &str| operators.iter().find(|it| it["name"] == name).expect("it is listed").clone();
        assert_eq!((&of("IS NULL")["arity"], &of("EQUALS")["arity"]), (&json!("Unary"), &json!("Binary")));
        assert_eq!(of("IS TRUE")["supportedAttributeTypes"], json!(["Boolean"]));

        let functions = api.get(&format!("{schema}/functions()")).await;
        let functions = functions["value"].as_array().expect("a list").clone();
        assert_eq!(functions.len(), expression::functions().len());
        let join = functions.iter().find(|it| it["name"] == "Join").expect("it is listed");
        let parameters = join["parameters"].as_array().expect("a list");
        assert_eq!(
            parameters.iter().map(|it| it["allowMultipleOccurrences"] == true).collect::<Vec<_>>(),
            [false, true],
            "{join}"
        );
    }
    let missing = (404, "Request_ResourceNotFound".to_owned());
    for path in
        ["templates/officespace/schema/functions", "templates/x/schema", "jobs/x/schema/filterOperators"]
    {
        assert_eq!(api.no("GET", &format!("{base}/{path}"), Value::Null).await, missing, "{path}");
    }
}

#[tokio::test]
async fn the_schema_of_a_template_is_read_and_begins_a_job() {
    let api = Api::new().await;
    let (base, [job, template]) = schemas(&api).await;
    let (of_job, of_template) = (api.get(&job).await, api.get(&template).await);
    assert_eq!(of_job["synchronizationRules"], of_template["synchronizationRules"]);
    let shown = api.get(&format!("{base}/templates/SCIM")).await;
    assert_eq!(shown["schema"]["synchronizationRules"], of_template["synchronizationRules"]);
    let directories = api.get(&format!("{template}/directories")).await;
    let id = directories["value"][1]["id"].as_str().expect("an id");
    let one = api.get(&format!("{template}/directories/{id}")).await;
    assert_eq!(one["objects"], of_template["directories"][1]["objects"]);
    assert_eq!(api.no("GET", &format!("{template}/directories/x"), Value::Null).await.0, 404);
    assert_eq!(api.no("PUT", &template, of_template).await.0, 405);
}

#[tokio::test]
async fn expressions_are_parsed_and_tried() {
    let api = Api::new().await;
    let (_, schemas) = schemas(&api).await;
    let input = json!({"definition": null, "properties": [
        {"key": "preferredLanguage", "value": "EN-US"},
        {"key": "IsSoftDeleted", "value": "false"},
        {"key": "proxyAddresses", "value": ["a@x.example", "b@x.example"]},
        {"key": "shoeSize", "value": 43},
        {"key": "appRoleAssignments", "value@odata.type": "#Collection(String)", "value": ["Editor"]},
    ]});
    for schema in &schemas {
        let path = format!("{schema}/parseExpression");
        let parse = async |expression: &str, input: &Value| {
            let body = json!({"expression": expression, "targetAttributeDefinition": null, "testInputObject": input});
            api.ok("POST", &path, body).await
        };
        let parsed = parse(r#"Replace([preferredLanguage], "-", , , "_", ,  )"#, &input).await;
        assert_eq!(
            (&parsed["parsingSucceeded"], &parsed["evaluationSucceeded"]),
            (&json!(true), &json!(true))
        );
        assert_eq!((&parsed["evaluationResult"], &parsed["error"]), (&json!(["EN_US"]), &Value::Null));
        let part = &parsed["parsedExpression"];
        assert_eq!(part["expression"], r#"Replace([preferredLanguage], "-", , , "_", , )"#);
        assert_eq!((&part["type"], &part["name"]), (&json!("Function"), &json!("Replace")));
        assert_eq!(
            part["parameters"][1],
            json!({"key": "oldValue", "value": {"type": "Constant", "name": "-", "expression": "\"-\"", "parameters": []}})
        );
        for (expression, result) in [
            ("Not([IsSoftDeleted])", json!(["True"])),
            ("[proxyAddresses]", json!(["a@x.example", "b@x.example"])),
            ("[shoeSize]", json!(["43"])),
            ("[city]", json!([])),
            ("SingleAppRoleAssignment([appRoleAssignments])", json!(["Editor"])),
            (r#"SelectUniqueValue("a", "b")"#, json!(["a"])),
        ] {
            let parsed = parse(expression, &input).await;
            assert_eq!(
                (&parsed["evaluationSucceeded"], &parsed["evaluationResult"]),
                (&json!(true), &result),
                "{parsed}"
            );
        }
        let untried = parse("ToLower([mail])", &Value::Null).await;
        assert_eq!(
            (&untried["parsingSucceeded"], &untried["evaluationSucceeded"]),
            (&json!(true), &json!(false))
        );
        assert_eq!(untried["error"], Value::Null);
        for (expression, code, words) in [
            ("ToLowr([mail])", "ParsingFailed", "did you mean ToLower?"),
            ("[mial]", "ParsingFailed", "did you mean [mail]?"),
            ("Left([mail]", "ParsingFailed", "line 1, column"),
            ("CDate([preferredLanguage])", "EvaluationFailed", "CDate"),
        ] {
            let refused = parse(expression, &input).await;
            assert_eq!(
                (&refused["error"]["code"], &refused["evaluationSucceeded"]),
                (&json!(code), &json!(false))
            );
            assert_eq!(refused["parsingSucceeded"], code != "ParsingFailed", "{refused}");
            assert!(refused["error"]["message"].as_str().is_some_and(|it| it.contains(words)), "{refused}");
        }
        let refused = parse(r#"Join("é", [mial])"#, &input).await;
        assert_eq!(refused["error"]["innerError"], json!({"start": 10, "end": 16}), "in characters");
        for body in [
            json!({}),
            json!({"expression": 1}),
            json!({"expression": "[mail]", "testInputObject": {"properties": [1]}}),
        ] {
            assert_eq!(api.no("POST", &path, body).await.0, 400);
        }
    }
}

#[tokio::test]
async fn an_expression_is_tried_with_a_user_as_a_cycle_sees_it() {
    let api = Api::new().await;
    let (base, [schema, template]) = schemas(&api).await;
    let ada = api.user("ada_x.com#EXT#@contoso.example").await;
    api.ok("PATCH", &format!("/v1.0/users/{ada}"), json!({"accountEnabled": false})).await;
    let app = base.split('/').nth(3).expect("an id");
    let role =
        json!({"id": uuid::Uuid::from_u128(5).to_string(), "displayName": "Editor", "value": "editor"});
    api.ok("PATCH", &format!("/v1.0/servicePrincipals/{app}"), json!({"appRoles": [role]})).await;
    let assignment = json!({"principalId": ada, "resourceId": app, "appRoleId": role["id"]});
    api.ok("POST", &format!("/v1.0/servicePrincipals/{app}/appRoleAssignedTo"), assignment).await;
    for schema in [schema, template] {
        for (expression, result) in [
            ("[userPrincipalName]", json!("ada@x.com")),
            ("Not([IsSoftDeleted])", json!("False")),
            ("SingleAppRoleAssignment([appRoleAssignments])", json!("editor")),
        ] {
            let body = json!({"expression": expression, "objectId": ada});
            let parsed = api.ok("POST", &format!("{schema}/parseExpression"), body).await;
            assert_eq!(parsed["evaluationResult"], json!([result]), "{parsed}");
        }
        let nobody = json!({"expression": "[mail]", "objectId": uuid::Uuid::from_u128(1).to_string()});
        assert_eq!(api.no("POST", &format!("{schema}/parseExpression"), nobody).await.0, 404);
    }
}

#[tokio::test]
async fn who_passes_the_filters_is_told_of_a_schema_that_is_not_saved() {
    let api = Api::new().await;
    let (_, [schema, _]) = schemas(&api).await;
    let job = schema.split('/').nth(6).expect("an id").to_owned();
    for name in ["ada@x.com", "bob@x.com", "cleo@y.com"] {
        api.user(name).await;
    }
    let sample = format!("/provost/v1/jobs/{job}/scope");
    let all = api.ok("POST", &sample, json!({})).await;
    assert_eq!((&all["looked"], &all["passing"]["count"]), (&json!(3), &json!(3)), "{all}");
    let mut filtered = api.get(&schema).await;
    let clause = |operator: &str| {
        json!({"groups": [{"name": "of x", "clauses": [
            {"sourceOperandName": "userPrincipalName", "operatorName": operator, "targetOperand": {"values": ["@x.com"]}},
        ]}]})
    };
    let users = "/synchronizationRules/0/objectMappings";
    let at = filtered.pointer(users).and_then(Value::as_array).expect("a list");
    let at = at.iter().position(|it| it["sourceObjectName"] == "User").expect("users are mapped");
    filtered["synchronizationRules"][0]["objectMappings"][at]["scope"] = clause("ENDS_WITH");
    let judged = api.ok("POST", &sample, json!({"object": "User", "schema": filtered})).await;
    assert_eq!(
        (&judged["passing"]["count"], &judged["failing"]["count"]),
        (&json!(2), &json!(1)),
        "{judged}"
    );
    let left_out = &judged["failing"]["first"][0];
    assert!(left_out["reason"].as_str().is_some_and(|it| it.contains("of x")), "{left_out}");
    let still = api.get(&schema).await;
    assert_eq!(
        still["synchronizationRules"][0]["objectMappings"][at]["scope"],
        Value::Null,
        "nothing is saved"
    );
    filtered["synchronizationRules"][0]["objectMappings"][at]["scope"] = clause("LIKE");
    assert_eq!(api.no("POST", &sample, json!({"schema": filtered})).await.0, 400);
    assert_eq!(api.no("POST", &sample, json!({"object": "Device"})).await.0, 400);
}

#[tokio::test]
async fn what_is_not_carried_over_is_told_in_a_header() {
    let api = Api::new().await;
    let (_, [schema, _]) = schemas(&api).await;
    let mut body = api.get(&schema).await;
    let answer = api.answered("PUT", &schema, body.to_string()).await;
    assert!(answer.status() == 204 && !answer.headers().contains_key("provost-not-carried-over"));
    body["synchronizationRules"][0]["metadata"] = json!([{"key": "Vendor", "value": "x"}]);
    let answer = api.answered("PATCH", &schema, body.to_string()).await;
    assert_eq!(answer.status(), 204);
    let told: Value =
        serde_json::from_slice(answer.headers()["provost-not-carried-over"].as_bytes()).expect("JSON");
    assert_eq!(told[0]["path"], "synchronizationRules[0].metadata[0]");
}
