#![no_main]
//! A filter that is read is printed in a form that reads as the same filter; any filter can be resolved and evaluated.

use libfuzzer_sys::fuzz_target;
use scim::{Definition, Filter};
use serde_json::json;

fuzz_target!(|text: &str| {
    let Ok(filter) = Filter::parse(text) else { return };
    let printed = filter.to_string();
    // What is printed may be longer than what was read, and then beyond the limit.
    if printed.len() <= scim::filter::Limits::default().length {
        assert_eq!(Filter::parse(&printed).expect("what is printed can be read"), filter, "{printed}");
    }
    if let Ok(compiled) = filter.resolve(&Definition::user(&[])) {
        let user =
            json!({"userName": "a", "active": true, "emails": [{"value": "a@x", "primary": true}], "x": 1});
        compiled.matches(user.as_object().expect("an object"));
        compiled.alternatives();
    }
});
