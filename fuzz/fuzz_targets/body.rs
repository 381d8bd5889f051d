#![no_main]
//! Bodies of POST, PUT, bulk and search: what is accepted is canonical, so that accepting it again changes nothing.

use libfuzzer_sys::fuzz_target;
use scim::message::{BulkRequest, SearchRequest, bulk_references, resolve_references};
use scim::{Definition, Filter, Mode, Projection};
use serde_json::Value;

fuzz_target!(|body: &[u8]| {
    let Ok(value) = scim::json::parse(body) else { return };
    if let Ok(search) = SearchRequest::parse(value.clone()) {
        let _ = search.filter.as_deref().map(Filter::parse);
        let _ = Projection::of(&search.attributes, &search.excluded_attributes, &Definition::user(&[]));
    }
    if let Ok(bulk) = BulkRequest::parse(value.clone()) {
        for mut operation in bulk.operations {
            let data = operation.data.get_or_insert_default();
            let named = bulk_references(data, "").into_iter().map(str::to_owned).collect::<Vec<_>>();
            let mut unknown = resolve_references(&mut data.clone(), &|_| None);
            unknown.sort();
            unknown.dedup();
            assert!(unknown.iter().all(|name| named.contains(name)), "{unknown:?} {named:?}");
        }
    }
    let Value::Object(resource) = value else { return };
    for definition in [Definition::user(&[]), Definition::group(&[])] {
        for strict in [false, true] {
            let Ok(accepted) = definition.accept(resource.clone(), Mode::Create, strict) else { continue };
            let once = accepted.resource;
            let again = definition.accept(once.clone(), Mode::Replace { current: &once }, strict);
            assert_eq!(again.expect("what was accepted is accepted again").resource, once);
        }
    }
});
