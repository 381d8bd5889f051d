use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::quirk::Quirk;
use crate::schema::{Attribute, Schema, Type};
use crate::urn;

fn extension() -> Schema {
    Schema {
        id: "urn:acme:hr:1.0:User".into(),
        name: "HR".into(),
        description: String::new(),
        attributes: vec![
            Attribute::new("level", Type::Integer, ""),
            Attribute::new("rate", Type::Decimal, ""),
            Attribute::new("hired", Type::DateTime, ""),
            Attribute::string("code", "").exact(),
            Attribute::string("tags", "").multi(),
            Attribute::new("blob", Type::Binary, ""),
        ],
    }
}

fn definition() -> Definition {
    Definition::user(&[extension()])
}

fn resource() -> Map<String, Value> {
    let body = json!({
        "schemas": [urn::USER], "id": "7a", "userName": "Zo\u{eb}@Example.com", "title": "Head of R&D", "active": true,
        "nickName": "",
        "name": {"familyName": "Stra\u{df}er", "givenName": "Zo\u{eb}"},
        "emails": [
            {"value": "zoe@example.com", "type": "work", "primary": true},
            {"value": "zoe@home.example", "type": "home"}
        ],
        "addresses": [{"type": "work", "locality": "Oslo"}],
        "meta": {"created": "2026-03-01T12:00:00Z"},
        urn::ENTERPRISE_USER: {"employeeNumber": "0042", "manager": {"value": "m1"}},
        "urn:acme:hr:1.0:User": {"level": 7, "rate": 1.5, "hired": "2020-01-01T00:00:00+02:00", "code": "aB",
            "tags": ["red", "Green"], "blob": "+/8="}
    });
    body.as_object().unwrap().clone()
}

fn matches(filter: &str) -> bool {
    let compiled = Filter::parse(filter).unwrap_or_else(|e| panic!("{filter}: {e}")).resolve(&definition());
    compiled.unwrap_or_else(|e| panic!("{filter}: {e}")).matches(&resource())
}

#[test]
fn what_matches() {
    for filter in [
        "userName eq \"ZO\u{cb}@example.COM\"",
        "USERNAME Eq \"zoe\u{308}@example.com\"",
        "userName sw \"ZO\"",
        "userName ew \".COM\"",
        "title co \"r&d\"",
        "name.familyName eq \"STRASSER\"",
        "name.familyName co \"ss\"",
        "id eq \"7a\"",
        "userName gt \"zo\" and userName lt \"zz\"",
        "active eq true",
        "active ne false",
        "active eq \"True\"",
        "active eq True",
        "emails eq \"ZOE@home.example\"",
        "emails co \"@home\"",
        "emails.type eq \"home\"",
        "emails.type ne \"work\"",
        "emails[type eq \"work\" and value ew \"example.com\"]",
        "emails[type eq \"home\"].value eq \"zoe@home.example\"",
        "emails[primary eq \"True\"]",
        "emails[not (type eq \"work\")]",
        "emails pr and name pr and name.givenName pr",
        "not (nickName pr)",
        "phoneNumbers eq null",
        "emails ne null",
        "displayName ne \"x\"",
        "unheardOf ne \"x\"",
        "meta.created ge \"2026-03-01T13:00:00+01:00\"",
        "meta.created lt \"2026-03-01T12:00:00.001Z\"",
        "meta.created sw \"2026-03\"",
        "urn:ietf:params:scim:schemas:core:2.0:User:userName pr",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber eq \"0042\"",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:user:manager eq \"m1\"",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User pr",
        "urn:acme:hr:1.0:User:level gt 6 and urn:acme:hr:1.0:User:level le 7.0",
        "urn:acme:hr:1.0:User:level eq \"7\"",
        "urn:acme:hr:1.0:User:rate eq 1.50",
        "urn:acme:hr:1.0:User:hired eq \"2019-12-31T22:00:00Z\"",
        "urn:acme:hr:1.0:User:code eq \"aB\"",
        "urn:acme:hr:1.0:User:tags eq \"green\"",
        "urn:acme:hr:1.0:User:tags[value eq \"red\"]",
        "urn:acme:hr:1.0:User:blob eq \"-_8\"",
        "title eq \"x\" or title co \"head\" and active eq true",
        "(title eq \"x\" or title co \"head\") and not (active eq false)",
        "  (  title   pr  )  ",
        "title sw Head and userName co 'example.com'",
        "name.familyName eq 'STRASSER' and (emails.type eq home)",
        "emails[type eq 'work']",
        "meta.created gt 2015-10-10T14:38:21.8617979-07:00",
        "emails[primary eq false]",
        "emails.primary eq false",
        "emails.primary ne true",
        "addresses[primary eq false and type eq \"work\"]",
        "phoneNumbers.primary ne true",
        "id eq \"7a\" and urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager eq \"m1\"",
    ] {
        assert!(matches(filter), "{filter}");
    }
}

#[test]
fn what_does_not_match() {
    for filter in [
        "userName eq \"zoe@example.com\"",
        "id eq \"7A\"",
        "urn:acme:hr:1.0:User:code eq \"ab\"",
        "active eq false",
        "emails[type eq \"home\" and value ew \"example.com\"]",
        "emails[type eq \"home\"].value co \"example.com\"",
        "nickName pr",
        "phoneNumbers pr",
        "unheardOf pr",
        "unheardOf eq \"x\"",
        "emails.unheardOf eq \"x\"",
        "department eq \"x\"",
        "emails[primary eq false and type eq \"work\"]",
        "emails[primary ne false and type eq \"home\"]",
        "phoneNumbers.primary eq false",
        "emails eq null",
        "urn:acme:hr:1.0:User:level lt 7",
        "urn:acme:hr:1.0:User:tags eq \"blue\"",
        "meta.created gt \"2026-03-01T12:00:00Z\"",
        "title eq \"x\" and title pr or active eq false",
        "title co \"head\" and (title eq \"x\" or active eq false)",
    ] {
        assert!(!matches(filter), "{filter}");
    }
}

#[test]
fn and_binds_tighter_than_or() {
    let filter = Filter::parse("title pr or active eq true and nickName pr").unwrap();
    let Filter::Or(parts) = filter else { panic!("not an or") };
    assert!(matches!(&parts[1], Filter::And(inner) if inner.len() == 2));
}

#[test]
fn refuses_with_position_and_expectation() {
    for (filter, position, message) in [
        ("", 1, "expected an attribute name, found the end"),
        ("userName", 9, "an operator"),
        ("userName is \"x\"", 10, "found `is`"),
        ("userName eq", 12, "a value"),
        ("userName eq ,", 13, "a value"),
        ("userName eq bjensen smith", 21, "and, or, or the end"),
        ("userName eq 'bjensen", 13, "does not end"),
        ("userName eq \"x", 13, "does not end"),
        ("userName eq \"\\x\"", 13, "bad escape"),
        ("userName eq \"x\" title pr", 17, "and, or, or the end"),
        ("userName eq \"x\" and", 20, "an attribute name"),
        ("(userName pr", 13, "closing parenthesis"),
        ("userName pr)", 12, "and, or"),
        ("emails[type eq \"a\"", 19, "closing bracket"),
        ("emails[type[a pr] pr]", 12, "an operator"),
        ("\u{e9}\u{e9} pr", 1, "an attribute name"),
        ("title eq \"\u{e9}\u{e9}\" x", 15, "and, or"),
        ("emails.value[type pr]", 13, "not a sub-attribute"),
    ] {
        let error = Filter::parse(filter).expect_err(filter);
        assert_eq!(error.position, position, "{filter}: {error}");
        assert!(error.message.contains(message), "{filter}: {error}");
        let error = Error::from(error);
        assert_eq!((error.status, error.scim_type), (400, Some(ScimType::InvalidFilter)));
    }
}

#[test]
fn refuses_what_types_do_not_admit() {
    for filter in [
        "active gt true",
        "active eq \"maybe\"",
        "active co \"t\"",
        "name eq \"x\"",
        "addresses co \"x\"",
        "meta.created gt \"yesterday\"",
        "urn:acme:hr:1.0:User:level co 1",
        "urn:acme:hr:1.0:User:level eq \"x\"",
        "urn:acme:hr:1.0:User:blob gt \"AA==\"",
        "title gt null",
        "urn:ietf:params:scim:schemas:core:2.0:User eq 1",
        "emails.type[value eq \"x\"]",
    ] {
        let error = Filter::parse(filter).map_err(Error::from).and_then(|f| f.resolve(&definition()));
        assert_eq!(error.expect_err(filter).scim_type, Some(ScimType::InvalidFilter), "{filter}");
    }
}

#[test]
fn limits_hold() {
    let deep = |levels: usize| format!("{}title pr{}", "(".repeat(levels), ")".repeat(levels));
    assert!(Filter::parse(&deep(32)).is_ok());
    assert!(Filter::parse(&deep(33)).unwrap_err().message.contains("32 levels"));
    assert!(Filter::parse(&"not (".repeat(3000)).is_err());
    assert!(Filter::parse(&"a".repeat(16 * 1024 + 1)).unwrap_err().message.contains("16384"));
    let wide = vec!["title pr"; 1300].join(" or ");
    assert!(Filter::parse(&wide).is_ok());
}

#[test]
fn quirks_are_noted() {
    let quirks = |text: &str| {
        let mut quirks = Quirks::new();
        let filter = Filter::parse_within(text, Limits::default(), &mut quirks).unwrap();
        filter.resolve_noting(&definition(), &mut quirks).unwrap();
        (filter.to_string(), quirks)
    };
    let (text, found) = quirks("userName eq \"\"x y\"\"");
    assert_eq!(text, "userName eq \"x y\"");
    assert!(found.contains(&Quirk::DoubledQuotes));
    assert_eq!(quirks("title eq \"a \"\"b\"\" c\"").0, "title eq \"a \\\"b\\\" c\"");
    assert_eq!(quirks("title eq \"\"").0, "title eq \"\"");
    assert_eq!(quirks("(title eq \"\")").0, "title eq \"\"");
    let (text, found) = quirks("title eq 'O'Malley' or title eq Boss");
    assert_eq!(text, "title eq \"O'Malley\" or title eq \"Boss\"");
    assert!(found.contains(&Quirk::SingleQuotes) && found.contains(&Quirk::UnquotedString("Boss".into())));
    assert!(quirks("active eq FALSE").1.contains(&Quirk::LiteralCase("FALSE".into())));
    assert!(quirks("active eq \"False\"").1.contains(&Quirk::LiteralType("active".into())));
    let (text, found) = quirks("emails[type eq \"work\"].value eq \"x\"");
    assert_eq!(text, "emails[type eq \"work\" and value eq \"x\"]");
    assert!(found.contains(&Quirk::ComparedValuePath));
    assert!(quirks("title eq \"x\" and active eq true").1.is_empty());
}

#[test]
fn escapes_are_those_of_json() {
    let literal = |text: &str| match Filter::parse(&format!("title eq {text}")).unwrap() {
        Filter::Compare(_, _, Literal::String(text)) => text,
        other => panic!("{other}"),
    };
    assert_eq!(literal(r#""a\"b\\c\/\u00e9\ud83d\ude00""#), "a\"b\\c/\u{e9}\u{1f600}");
    assert_eq!(literal("\"a\tb\""), "a\tb");
    assert!(Filter::parse("title eq \"\\ud83d\"").is_err());
}

#[test]
fn comparisons_for_an_index() {
    let comparisons = |text: &str| {
        let compiled = Filter::parse(text).unwrap().resolve(&definition()).unwrap();
        let list = |comparisons: Vec<Comparison<'_>>| {
            let sign = |op: Op| if op == Op::Eq { "=" } else { "^" };
            let shown = comparisons.iter().map(|c| format!("{}{}{}", c.path, sign(c.op), c.value));
            shown.collect::<Vec<_>>().join(" ")
        };
        compiled.alternatives().into_iter().map(list).collect::<Vec<_>>()
    };
    assert_eq!(comparisons("USERNAME eq \"x\""), ["userName=\"x\""]);
    assert_eq!(comparisons("emails eq \"x\""), ["emails.value=\"x\""]);
    assert_eq!(comparisons("emails[value eq \"x\"]"), ["emails.value=\"x\""]);
    assert_eq!(
        comparisons("emails[type eq \"work\" and value eq \"x\"] and title pr"),
        ["emails.type=\"work\" emails.value=\"x\""]
    );
    assert_eq!(comparisons("id eq \"1\" and active eq \"True\""), ["id=\"1\" active=true"]);
    assert_eq!(comparisons("id eq \"1\" or (id eq \"2\" and title pr)"), ["id=\"1\"", "id=\"2\""]);
    assert_eq!(comparisons("id eq \"1\" or title pr"), ["id=\"1\"", ""]);
    assert_eq!(comparisons("(id eq \"1\" or id eq \"2\") and title pr"), [""]);
    assert_eq!(comparisons("not (id eq \"1\")"), [""]);
    assert_eq!(comparisons("id ne \"1\""), [""]);
    assert_eq!(comparisons("userName sw \"a\" and title co \"b\""), ["userName^\"a\""]);
}

#[test]
fn computed_attributes_are_asked_for() {
    let group = Definition::group(&[]);
    let compiled = Filter::parse("members eq \"u1\"").unwrap().resolve(&group).unwrap();
    assert!(compiled.mentions("members") && !compiled.mentions("displayName"));
    let parts = |text: &str| {
        let compiled = Filter::parse(text).unwrap().resolve(&group).unwrap();
        (compiled.mentions("meta"), compiled.mentions_part("meta", "version"))
    };
    assert_eq!(parts("not (meta.created pr) or displayName pr"), (true, false));
    assert_eq!(parts("displayName pr and meta.version pr"), (true, true));
    assert_eq!(parts("meta[version pr]"), (true, true));
    let body = json!({"displayName": "g"});
    assert!(!compiled.matches(body.as_object().unwrap()));
    let computed = |name: &str| (name == "members").then(|| json!([{"value": "u1"}]));
    assert!(compiled.matches_with(body.as_object().unwrap(), &computed));
}

#[test]
fn members_that_are_sought_are_told() {
    let group = Definition::group(&[]);
    let sought = |text: &str| {
        let compiled = Filter::parse(text).unwrap().resolve(&group).unwrap();
        compiled.sought("members").map(|values| values.join(" "))
    };
    assert_eq!(sought("id eq \"g\" and members eq \"a\"").as_deref(), Some("a"));
    assert_eq!(sought("members.value eq \"a\" or not (members[value eq \"b\"])").as_deref(), Some("a b"));
    assert_eq!(sought("displayName pr and meta[version eq \"a\"]").as_deref(), Some(""));
    for text in [
        "members pr",
        "members ne \"a\"",
        "members.type eq \"User\"",
        "members[value eq \"a\" and type eq \"User\"]",
        "members eq \"a\" and not (members pr)",
        "members eq null",
    ] {
        assert_eq!(sought(text), None, "{text}");
    }
}

fn path() -> impl Strategy<Value = AttrPath> {
    let name = "[a-zA-Z][a-zA-Z0-9_-]{0,6}";
    let uri = proptest::option::of("urn:[a-z]{1,5}:[a-z]{1,4}:[0-9]\\.[0-9]:[A-Z][a-z]{1,4}");
    (uri, name, proptest::option::of(name)).prop_map(|(uri, name, sub)| AttrPath { uri, name, sub })
}

fn literal() -> impl Strategy<Value = Literal> {
    prop_oneof![
        Just(Literal::Null),
        any::<bool>().prop_map(Literal::Bool),
        any::<i64>().prop_map(|n| Literal::Number(n.into())),
        (-1.0e9..1.0e9f64).prop_filter_map("finite", |n| Number::from_f64(n).map(Literal::Number)),
        any::<String>().prop_map(Literal::String),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    proptest::sample::select(vec![Op::Eq, Op::Ne, Op::Co, Op::Sw, Op::Ew, Op::Gt, Op::Ge, Op::Lt, Op::Le])
}

fn filter() -> impl Strategy<Value = Filter> {
    let leaf = prop_oneof![
        (path(), op(), literal()).prop_map(|(path, op, literal)| Filter::Compare(path, op, literal)),
        path().prop_map(Filter::Present),
        ("[a-z]{1,5}", "[a-z]{1,5}", op(), literal()).prop_map(|(name, sub, op, literal)| {
            Filter::Element(AttrPath::of(&name), Box::new(Filter::Compare(AttrPath::of(&sub), op, literal)))
        }),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 2..4).prop_filter_map("and", Filter::all),
            proptest::collection::vec(inner.clone(), 2..4).prop_filter_map("or", Filter::any),
            inner.prop_map(|part| Filter::Not(Box::new(part))),
        ]
    })
}

proptest! {
    #[test]
    fn printed_and_parsed_again_is_the_same(filter in filter()) {
        let text = filter.to_string();
        prop_assert_eq!(Filter::parse(&text).map_err(|e| TestCaseError::fail(format!("{text}: {e}")))?, filter);
    }

    #[test]
    fn any_text_is_parsed_or_refused(text in any::<String>()) {
        if let Ok(filter) = Filter::parse(&text) {
            let printed = filter.to_string();
            prop_assert_eq!(Filter::parse(&printed).expect("a printed filter parses"), filter);
        }
    }

    #[test]
    fn near_filters_are_parsed_or_refused(text in "[ a-c\\[\\]().\"\\\\]{0,12}( (eq|pr|and|or|not|true|\"x\")){0,6}[)\\]\"]{0,3}") {
        if let Ok(filter) = Filter::parse(&text) {
            let printed = filter.to_string();
            prop_assert_eq!(Filter::parse(&printed).expect("a printed filter parses"), filter);
        }
    }

    #[test]
    fn not_is_the_opposite(filter in filter()) {
        let definition = definition();
        if let Ok(compiled) = filter.resolve(&definition) {
            let negated = Filter::Not(Box::new(filter)).resolve(&definition).expect("the part resolves");
            prop_assert_ne!(compiled.matches(&resource()), negated.matches(&resource()));
        }
    }

    #[test]
    fn equalities_are_necessary(title in "[a-b]{0,2}", wanted in "[a-bA-B]{0,2}") {
        let body = json!({"title": title, "active": true});
        let filter = Filter::all(vec![
            Filter::eq(AttrPath::of("title"), &wanted),
            Filter::Present(AttrPath::of("active")),
        ]).expect("two parts");
        let compiled = filter.resolve(&definition()).expect("known attributes");
        let served = compiled.alternatives().concat().iter().all(|equality| {
            matches!(equality.value, Literal::String(text) if crate::fold::folds_to(&title, &crate::fold::fold_key(text)))
        });
        prop_assert_eq!(served, compiled.matches(body.as_object().expect("an object")));
    }
}
