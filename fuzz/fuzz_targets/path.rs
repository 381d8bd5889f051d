#![no_main]
//! A path that is read is printed in a form that reads as the same path.

use libfuzzer_sys::fuzz_target;
use scim::{Definition, Path};

fuzz_target!(|text: &str| {
    let Ok(path) = Path::parse(text) else { return };
    let printed = path.to_string();
    if printed.len() <= scim::filter::Limits::default().length {
        assert_eq!(Path::parse(&printed).expect("what is printed can be read"), path, "{printed}");
    }
    let _ = Definition::user(&[]).resolve(&path.attr);
});
