#![no_main]
//! A resource, a line feed, a PATCH: it is refused and changes nothing, or it leaves a resource that a PUT would take as
//! it is.

use libfuzzer_sys::fuzz_target;
use scim::{Definition, Mode, PatchRequest, patch};

fuzz_target!(|text: &str| {
    let Some((resource, request)) = text.split_once('\n') else { return };
    let Ok(request) = PatchRequest::from_slice(request.as_bytes()) else { return };
    let Ok(resource) = serde_json::from_str::<scim::Map>(resource) else { return };
    for definition in [Definition::user(&[]), Definition::group(&[])] {
        for strict in [false, true] {
            let Ok(accepted) = definition.accept(resource.clone(), Mode::Create, strict) else { continue };
            let before = accepted.resource;
            let mut after = before.clone();
            match patch::apply(&mut after, &request, &definition, strict) {
                Err(_) => assert_eq!(after, before, "a refused PATCH changes nothing"),
                Ok(applied) => {
                    assert_eq!(applied.changed, after != before);
                    let again = definition.accept(after.clone(), Mode::Replace { current: &after }, strict);
                    assert_eq!(again.expect("what a PATCH leaves is a resource").resource, after);
                }
            }
        }
    }
});
