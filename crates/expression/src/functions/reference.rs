//! The examples of Microsoft's public reference of functions: what goes in and what comes out.

use crate::testing::{Json, World, world};
use crate::{Expression, Outcome, Value};
use serde_json::{Value as Document, json};

/// Name of the function, expression, attributes, what comes out as text (null: no value).
type Row = (&'static str, &'static str, fn() -> Document, Option<&'static str>);

const HIRED: fn() -> Document = || json!({"StatusHireDate": "2012-03-16-07:00"});
const NOTHING: fn() -> Document = || json!({});
const JOHN: fn() -> Document = || json!({"givenName": "John", "surname": "Doe"});

const UNIQUE: &str = r#"
    SelectUniqueValue(
        Join("@", NormalizeDiacritics(StripSpaces(Join(".",  [PreferredFirstName], [PreferredLastName]))), "contoso.com"),
        Join("@", NormalizeDiacritics(StripSpaces(Join(".",  Mid([PreferredFirstName], 1, 1), [PreferredLastName]))), "contoso.com"),
        Join("@", NormalizeDiacritics(StripSpaces(Join(".",  Mid([PreferredFirstName], 1, 2), [PreferredLastName]))), "contoso.com")
    )"#;

#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("Append", r#"Append([userPrincipalName], ".test")"#, || json!({"userPrincipalName": "John.Doe@contoso.com"}), Some("John.Doe@contoso.com.test")),
    ("BitAnd", "BitAnd(&HF, &HF7)", NOTHING, Some("7")),
    ("CBool", "CBool([attribute1] = [attribute2])", || json!({"attribute1": "x", "attribute2": "x"}), Some("True")),
    ("CDate", "CDate([StatusHireDate])", || json!({"StatusHireDate": "2020-03-16-07:00"}), Some("3/16/2020 7:00:00 AM")),
    ("CDate", r#"CDate("2021-06-30+08:00")"#, NOTHING, Some("6/29/2021 4:00:00 PM")),
    ("CDate", r#"CDate("2009-06-15T01:45:30-07:00")"#, NOTHING, Some("6/15/2009 8:45:30 AM")),
    ("Coalesce", "Coalesce([mail],[userPrincipalName])", || json!({"userPrincipalName": "John.Doe@contoso.com"}), Some("John.Doe@contoso.com")),
    ("ConvertToBase64", r#"ConvertToBase64("Hello world!")"#, NOTHING, Some("SABlAGwAbABvACAAdwBvAHIAbABkACEA")),
    ("ConvertToUTF8Hex", r#"ConvertToUTF8Hex("Hello world!")"#, NOTHING, Some("48656C6C6F20776F726C6421")),
    ("CStr", "CStr([dn])", || json!({"dn": "cn=Joe,dc=contoso,dc=com"}), Some("cn=Joe,dc=contoso,dc=com")),
    ("DateAdd", r#"DateAdd("d", 7, CDate([StatusHireDate]))"#, HIRED, Some("3/23/2012 7:00:00 AM")),
    ("DateAdd", r#"DateAdd("d", -10, CDate([StatusHireDate]))"#, HIRED, Some("3/6/2012 7:00:00 AM")),
    ("DateAdd", r#"DateAdd("ww", 2, CDate([StatusHireDate]))"#, HIRED, Some("3/30/2012 7:00:00 AM")),
    ("DateAdd", r#"DateAdd("m", 10, CDate([StatusHireDate]))"#, HIRED, Some("1/16/2013 7:00:00 AM")),
    ("DateAdd", r#"DateAdd("yyyy", 2, CDate([StatusHireDate]))"#, HIRED, Some("3/16/2014 7:00:00 AM")),
    ("DateDiff", r#"DateDiff("d", CDate("2021-08-18+08:00"), CDate("2021-08-31+08:00"))"#, NOTHING, Some("13")),
    ("DateDiff", r#"DateDiff("d", CDate("8/25/2021 5:41:18 PM"), CDate([StatusHireDate]))"#, HIRED, Some("-3449")),
    ("DateDiff", r#"DateDiff("ww", CDate("8/25/2021 5:41:18 PM"), CDate([StatusHireDate]))"#, HIRED, Some("-493")),
    ("DateDiff", r#"DateDiff("m", CDate("8/25/2021 5:41:18 PM"), CDate([StatusHireDate]))"#, HIRED, Some("-113")),
    ("DateDiff", r#"DateDiff("yyyy", CDate("8/25/2021 5:41:18 PM"), CDate([StatusHireDate]))"#, HIRED, Some("-9")),
    ("DateDiff", r#"DateDiff("d", CDate("2021-08-31+08:00"), CDate("2021-08-31+08:00"))"#, NOTHING, Some("0")),
    ("DateDiff", r#"DateDiff("h", CDate("2021-08-24"), CDate("2021-08-25"))"#, NOTHING, Some("24")),
    ("DateDiff", r#"DateDiff("n", CDate("2021-08-24"), CDate("2021-08-25"))"#, NOTHING, Some("1440")),
    ("DateDiff", r#"DateDiff("s", CDate("2021-08-24"), CDate("2021-08-25"))"#, NOTHING, Some("86400")),
    ("DateDiff", "Switch([Active], , \n  \"1\", IIF(DateDiff(\"d\", Now(), CDate([StatusHireDate])) > 5, \"False\", \"True\"), \n  \"0\", \"False\")", || json!({"Active": "1", "StatusHireDate": "2021-07-05"}), Some("True")),
    ("DateDiff", r#"Switch([Active], , "1", IIF(DateDiff("d", Now(), CDate([StatusHireDate])) > 5, "False", "True"), "0", "False")"#, || json!({"Active": "1", "StatusHireDate": "2021-08-05"}), Some("False")),
    ("DateFromNum", "DateFromNum(129699324000000000)", NOTHING, Some("1/1/2012 11:00:00 PM")),
    ("FormatDateTime", r#"FormatDateTime([extensionAttribute1], , "yyyyMMddHHmmss.fZ", "yyyy-MM-dd")"#, || json!({"extensionAttribute1": "20150123105347.1Z"}), Some("2015-01-23")),
    ("IIF", r#"IIF([country]="USA",[country],[department])"#, || json!({"country": "USA", "department": "Sales"}), Some("USA")),
    ("IIF", r#"IIF([country]="USA",[country],[department])"#, || json!({"country": "UK", "department": "Sales"}), Some("Sales")),
    ("IIF", r#"IIF([country]="USA",IIF([state]="CA","True","False"),"False")"#, || json!({"country": "USA", "state": "CA"}), Some("True")),
    ("IIF", r#"IIF([country]="USA","True",IIF([state]="CA","True","False"))"#, || json!({"country": "UK", "state": "CA"}), Some("True")),
    ("IIF", r#"Switch([country],[country],"","Other")"#, NOTHING, Some("Other")),
    ("IIF", r#"Switch([country],[country],"","Other")"#, || json!({"country": "UK"}), Some("UK")),
    ("InStr", r#"InStr("The quick brown fox","quick")"#, NOTHING, Some("5")),
    ("InStr", r#"InStr("repEated","e",3,vbBinaryCompare)"#, NOTHING, Some("7")),
    ("IsNull", "IsNull([displayName])", NOTHING, Some("True")),
    ("IsNullOrEmpty", "IsNullOrEmpty([displayName])", || json!({"displayName": ""}), Some("True")),
    ("Item", "Item([proxyAddresses], 1)", || json!({"proxyAddresses": ["first", "second"]}), Some("first")),
    ("Left", r#"Left("John Doe", 3)"#, NOTHING, Some("Joh")),
    ("NormalizeDiacritics", "NormalizeDiacritics([givenName])", || json!({"givenName": "Zoë"}), Some("Zoe")),
    ("Now", "Now()", NOTHING, Some("7/2/2021 3:33:38 PM")),
    ("NumFromDate", r#"NumFromDate(Join("", FormatDateTime([ContractEndDate], ,"yyyy-MM-ddzzz", "yyyy-MM-dd"), " 23:59:59-08:00"))"#, || json!({"ContractEndDate": "2020-12-31-08:00"}), Some("132539615990000000")),
    ("NumFromDate", r#"NumFromDate(Join("",FormatDateTime([endDate], ,"M/d/yyyy hh:mm:ss tt","yyyy-MM-dd")," 23:59:59-08:00"))"#, || json!({"endDate": "12/31/2020 12:00:00 AM"}), Some("132539615990000000")),
    ("PCase", "PCase([firstName])", || json!({"firstName": "PABLO GONSALVES (SECOND)"}), Some("Pablo Gonsalves (Second)")),
    ("PCase", r#"PCase([lastName]," '-")"#, || json!({"lastName": "PINTO-DE'SILVA"}), Some("Pinto-De'Silva")),
    ("PCase", r#"PCase(Join(" ",[firstName],[lastName]))"#, || json!({"firstName": "GREGORY", "lastName": "JAMES"}), Some("Gregory James")),
    ("Redact", "Redact([userPrincipalName])", || json!({"userPrincipalName": "John.Doe@contoso.com"}), Some("John.Doe@contoso.com")),
    ("Redact", r#"Redact("StringToBeRedacted")"#, NOTHING, Some("StringToBeRedacted")),
    ("RemoveDuplicates", r#"Join(",", RemoveDuplicates([proxyAddresses]))"#, || json!({"proxyAddresses": ["a", "b", "a"]}), Some("a,b")),
    ("Replace", r#"Replace([BusinessTitle],"Product Developer", , , "Software Engineer", , )"#, || json!({"BusinessTitle": "Product Developer"}), Some("Software Engineer")),
    ("Replace", r#"Replace([UserID],"<username>", , , , , "<username>@contoso.com")"#, || json!({"UserID": "jsmith"}), Some("jsmith@contoso.com")),
    ("Replace", r#"Replace([telephoneNumber], , "\\+(?<isdCode>\\d* )(?<phoneNumber>\\d{10})", , "${phoneNumber}", , )"#, || json!({"telephoneNumber": "+91 9998887777"}), Some("9998887777")),
    // Printed without the plus sign, which the pattern does not match.
    ("Replace", r#"Replace([mobile], , "[()\\s-]+", , "", , )"#, || json!({"mobile": "+1 (999) 888-7777"}), Some("+19998887777")),
    ("Replace", r#"Replace([AddressLineData], ,"(?<streetNumber>^\\d*)","streetNumber", "888", , )"#, || json!({"AddressLineData": "545 Tremont Street"}), Some("888 Tremont Street")),
    ("Replace", r#"Replace([userPrincipalName], , "(?<Suffix>@(.)*)", "Suffix", "", , )"#, || json!({"userPrincipalName": "jsmith@contoso.com"}), Some("jsmith")),
    ("Replace", r#"Replace([telephoneNumber], , "\\+(?<isdCode>\\d* )(?<phoneNumber>\\d{10})", "phoneNumber" , , [mobile], )"#, || json!({"telephoneNumber": "", "mobile": "+91 8887779999"}), Some("8887779999")),
    ("Replace", r#"Replace([mailNickname], , "[a-zA-Z_]*", , "", , )"#, || json!({"mailNickname": "john_doe72"}), Some("72")),
    ("Split", r#"Join("|", Split([extensionAttribute5], ","))"#, || json!({"extensionAttribute5": "PermissionSetOne, PermissionSetTwo"}), Some("PermissionSetOne|PermissionSetTwo")),
    ("Switch", r#"Switch(ToLower([statusFlag]), "0", "true", "1", "false", "0")"#, || json!({"statusFlag": "TRUE"}), Some("1")),
    ("Switch", r#"Switch([statusFlag], "Default Value", "true", "1", "", "0")"#, NOTHING, Some("0")),
    ("Switch", r#"Switch([state], "Australia/Sydney", "NSW", "Australia/Sydney","QLD", "Australia/Brisbane", "SA", "Australia/Adelaide")"#, || json!({"state": "QLD"}), Some("Australia/Brisbane")),
    ("Switch", r#"IIF([companyName] = "Company A", "A", IIF([companyName] = "Company B", "B", "External"))"#, || json!({"companyName": "Company B"}), Some("B")),
    ("ToLower", r#"ToLower(Join("@", NormalizeDiacritics(StripSpaces(Join(".",  [PreferredFirstName], [PreferredLastName]))), "contoso.com"))"#, || json!({"PreferredFirstName": "John", "PreferredLastName": "Smith"}), Some("john.smith@contoso.com")),
    ("Word", r#"Word("The quick brown fox",3," ")"#, NOTHING, Some("brown")),
    ("Word", r#"Word("This,string!has&many separators",3,",!&#")"#, NOTHING, Some("has")),
    ("Replace", r#"Replace([mail], "@contoso.com", , ,"", ,)"#, || json!({"mail": "john.doe@contoso.com"}), Some("john.doe")),
    ("Append", "Append(Mid([givenName], 1, 3), Mid([surname], 1, 5))", JOHN, Some("JohDoe")),
    ("Join", r#"Join(", ", "", [surname], [givenName])"#, JOHN, Some("Doe, John")),
    // Printed with the digits of another object id.
    ("Join", r#"Join("", 1000, Replace(ConvertToUTF8Hex([objectId]), , "[a-zA-Z_]*", , "", , ))"#, || json!({"objectId": "00aa00aa-bb11-cc22-dd33-44ee44ee44ee"}), Some("100030306161303061612626231312636332322646433332343465653434656534346565")),
];

fn outcome(expression: &str, attributes: Document, world: &World) -> Outcome {
    let parsed = Expression::parse(expression).unwrap_or_else(|error| panic!("{}", error.render(expression)));
    parsed.evaluate(&Json(attributes), world).unwrap_or_else(|error| panic!("{}", error.render(expression)))
}

#[test]
fn every_published_example_comes_out_as_printed() {
    for (name, expression, attributes, expected) in ROWS {
        let value = outcome(expression, attributes(), &world()).into_value();
        let value = value.unwrap_or_else(|| panic!("{name}: {expression} has no value"));
        assert_eq!(value.text().as_deref(), *expected, "{name}: {expression}");
    }
}

#[test]
fn flows_are_ignored_as_published() {
    let prefix = r#"IgnoreFlowIfNullOrEmpty(Switch([prefix], "", "3443", "Dr.", "3444", "Prof.", "3445", "Prof. Dr."))"#;
    let prefixed = |code| outcome(prefix, json!({"prefix": code}), &world());
    assert_eq!(prefixed("3444"), Outcome::Value(Value::from("Prof.")));
    assert_eq!(prefixed("1"), Outcome::Ignore);
    assert_eq!(outcome("IgnoreFlowIfNullOrEmpty([department])", json!({}), &world()), Outcome::Ignore);
}

#[test]
fn unique_values_are_selected_as_published() {
    let select = |taken: &[&str]| {
        let mut world = world();
        loop {
            let attributes = json!({"PreferredFirstName": "John", "PreferredLastName": "Smith"});
            match outcome(UNIQUE, attributes, &world) {
                Outcome::Ask(candidate) => {
                    let answer = taken.contains(&&*candidate);
                    world.taken.insert(candidate.to_string(), answer);
                }
                other => return other,
            }
        }
    };
    let value = |text| Outcome::Value(Value::from(text));
    assert_eq!(select(&[]), value("John.Smith@contoso.com"));
    assert_eq!(select(&["John.Smith@contoso.com"]), value("J.Smith@contoso.com"));
    assert_eq!(select(&["John.Smith@contoso.com", "J.Smith@contoso.com"]), value("Jo.Smith@contoso.com"));
}

#[test]
fn random_texts_are_made_as_published() {
    let random = |expression| {
        let value = outcome(expression, json!({}), &world()).into_value().unwrap();
        value.text().unwrap().into_owned()
    };
    let count = |text: &str, kind: fn(&char) -> bool| text.chars().filter(kind).count();
    let first = random("Redact(RandomString(6,3,0,0,3))");
    assert_eq!(
        (first.len(), count(&first, char::is_ascii_digit), count(&first, char::is_ascii_lowercase)),
        (6, 3, 3)
    );
    let second = random(r#"RandomString(10,2,2,2,1,"?,")"#);
    assert_eq!(second.len(), 10);
    assert!(count(&second, char::is_ascii_digit) >= 2 && count(&second, char::is_ascii_punctuation) >= 2);
    assert!(count(&second, char::is_ascii_uppercase) >= 2 && count(&second, char::is_ascii_lowercase) >= 1);
    assert!(!second.contains(['?', ',']));
    assert_eq!(random("Guid()").len(), "00aa00aa-bb11-cc22-dd33-44ee44ee44ee".len());
}
