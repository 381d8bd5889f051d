//! Secrets of requests, which nobody is shown and nothing keeps.

use percent_encoding::percent_decode_str;
use serde_json::Value;

/// What a secret is replaced by.
const MASK: &str = "********";
/// The most characters of a target.
const TARGET: usize = 2000;
/// What the name of a secret has in it, and our own tokens begin with. In lower case.
const WORDS: [&str; 7] = ["password", "passwd", "secret", "token", "credential", "apikey", "api_key"];
const TOKEN: &str = "provost_scim_";
/// What stands before what a filter compares with.
const OPERATORS: [&str; 9] = ["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"];
/// Parameters whose values are names of attributes.
const NAMES: [&str; 3] = ["attributes", "excludedattributes", "sortby"];

/// Whether a name is that of a secret, or a text speaks of one.
fn speaks_of_secrets(text: &[u8]) -> bool {
    text.iter().enumerate().any(|(at, byte)| {
        let first = byte.to_ascii_lowercase();
        matches!(first, b'p' | b's' | b't' | b'c' | b'a')
            && WORDS.iter().chain([&TOKEN]).map(|word| word.as_bytes()).any(|word| {
                word[0] == first
                    && text.get(at..at + word.len()).is_some_and(|found| found.eq_ignore_ascii_case(word))
            })
    })
}

fn is_secret(name: &str) -> bool {
    speaks_of_secrets(name.as_bytes())
}

/// Path and query with secrets masked, and those secrets: the values of parameters that are called like one, filters that
/// compare one, our own tokens wherever they stand.
pub(crate) fn target(path: &str, query: Option<&str>) -> (Box<str>, Vec<String>) {
    let mut secrets = Vec::new();
    let plain = query.is_none_or(|query| !speaks_in_code(query)) && !path.contains(TOKEN);
    let mut shown = String::with_capacity(path.len() + query.map_or(0, |query| query.len() + 1));
    if plain {
        shown.push_str(path);
        if let Some(query) = query {
            shown.push('?');
            shown.push_str(query);
        }
    } else {
        let segment = |segment: &str| if segment.contains(TOKEN) { MASK } else { segment }.to_owned();
        shown.push_str(&path.split('/').map(segment).collect::<Vec<_>>().join("/"));
        for (number, pair) in query.into_iter().flat_map(|query| query.split('&')).enumerate() {
            shown.push(if number == 0 { '?' } else { '&' });
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (decoded_name, decoded) = (decoded(name), decoded(value));
            let names = NAMES.iter().any(|known| decoded_name.eq_ignore_ascii_case(known));
            if is_secret(&decoded_name) || (is_secret(&decoded) && (!names || decoded.contains(TOKEN))) {
                literals(&decoded, &mut secrets);
                // A name that cannot be read as one may be a secret without its name.
                shown.push_str(if pair.contains('=') && !decoded_name.contains(TOKEN) { name } else { "" });
                shown.push('=');
                shown.push_str(MASK);
            } else {
                shown.push_str(pair);
            }
        }
    }
    if shown.len() > TARGET
        && let Some((end, _)) = shown.char_indices().nth(TARGET)
    {
        shown.truncate(end);
    }
    (shown.into_boxed_str(), secrets)
}

/// Whether a query speaks of secrets, percent-encoded or not.
fn speaks_in_code(query: &str) -> bool {
    // Nearly all fit in here, and reads are to cost no allocation for it.
    let mut buffer = [0; 512];
    let mut length = 0;
    for byte in percent_decode_str(query) {
        let Some(place) = buffer.get_mut(length) else { return is_secret(&decoded(query)) };
        *place = byte;
        length += 1;
    }
    speaks_of_secrets(&buffer[..length])
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// What a filter compares with, in quotes or not, and its last word.
fn literals(text: &str, secrets: &mut Vec<String>) {
    secrets.extend(text.split(['"', '\'']).skip(1).step_by(2).map(str::to_owned));
    let mut compared = false;
    let mut words = text.split([' ', '+', '(', ')', '[', ']', '"', '\'']).filter(|word| !word.is_empty());
    for word in words.clone().take(1000) {
        if std::mem::replace(&mut compared, OPERATORS.iter().any(|known| word.eq_ignore_ascii_case(known))) {
            secrets.push(word.to_owned());
        }
    }
    secrets.extend(words.next_back().map(str::to_owned));
}

/// A text without the secrets that are long enough to be told from words.
pub(super) fn words(text: &str, secrets: &[String]) -> String {
    secrets
        .iter()
        .filter(|secret| secret.len() >= 3)
        .fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), MASK))
}

/// A body as it is kept, with secrets masked; those are added to the list. `None` where it may hold some and is not JSON,
/// of which nobody can say where they are.
pub(super) fn body(bytes: &[u8], secrets: &mut Vec<String>) -> Option<Box<[u8]>> {
    // A backslash may hide a name.
    if !speaks_of_secrets(bytes) && !bytes.contains(&b'\\') {
        return Some(bytes.into());
    }
    let mut value = serde_json::from_slice(bytes).ok()?;
    mask(&mut value, secrets);
    serde_json::to_vec(&value).ok().map(Vec::into_boxed_slice)
}

/// A kept body as it is shown.
pub(super) fn shown(body: &[u8]) -> Option<Value> {
    serde_json::from_slice(body).ok().or_else(|| Some(Value::from(str::from_utf8(body).ok()?)))
}

/// Masks the value of every key that is called like a secret, that of a PATCH operation whose path is, filters and paths
/// that compare one, and our own tokens.
fn mask(value: &mut Value, secrets: &mut Vec<String>) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(|value| mask(value, secrets)),
        Value::Object(parts) => {
            let by_path = parts
                .iter()
                .any(|(key, path)| key.eq_ignore_ascii_case("path") && path.as_str().is_some_and(is_secret));
            for (key, value) in parts.iter_mut() {
                let compares = ["filter", "path"].iter().any(|known| key.eq_ignore_ascii_case(known));
                match value {
                    Value::String(text) if compares && is_secret(text) => {
                        if key.eq_ignore_ascii_case("filter") || text.contains(['"', '\'', '[']) {
                            literals(text, secrets);
                            MASK.clone_into(text);
                        }
                    }
                    _ if is_secret(key) || (by_path && key.eq_ignore_ascii_case("value")) => {
                        strings(value, secrets);
                        *value = Value::from(MASK);
                    }
                    _ => mask(value, secrets),
                }
            }
        }
        Value::String(text) if text.contains(TOKEN) => MASK.clone_into(text),
        _ => {}
    }
}

fn strings(value: &Value, secrets: &mut Vec<String>) {
    match value {
        Value::String(text) => secrets.push(text.clone()),
        Value::Array(values) => values.iter().for_each(|value| strings(value, secrets)),
        Value::Object(parts) => parts.values().for_each(|value| strings(value, secrets)),
        Value::Number(number) => secrets.push(number.to_string()),
        Value::Null | Value::Bool(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn passwords_are_masked_wherever_they_are() {
        let mut body = json!({"Password": "aaaa", "Operations": [
            {"op": "replace", "path": "password", "value": "bbbb"}, {"value": {"password": "cccc", "title": "t"}},
            {"op": "remove", "path": "x[clientSecret eq \"dddd\"]"}], "filter": "password eq \"eeee\"",
            "note": "provost_scim_ffff", "apiKey": {"value": 77777}});
        let mut secrets = Vec::new();
        mask(&mut body, &mut secrets);
        assert_eq!(
            body,
            json!({"Password": MASK, "Operations": [
                {"op": "replace", "path": "password", "value": MASK},
                {"value": {"password": MASK, "title": "t"}}, {"op": "remove", "path": MASK}],
                "filter": MASK, "note": MASK, "apiKey": MASK})
        );
        assert_eq!(words("aaaa, bbbb, cccc, dddd, eeee, 77777", &secrets).replace(MASK, ""), ", , , , , ");
    }

    #[test]
    fn a_hidden_name_is_found_and_a_harmless_body_is_kept_as_it_was() {
        let kept = |text: &str| {
            body(text.as_bytes(), &mut Vec::new()).map(|it| String::from_utf8(it.into()).unwrap())
        };
        let hidden = kept(r#"{"\u0070assword": "hunter2"}"#).unwrap();
        assert!(!hidden.contains("hunter2"), "{hidden}");
        let harmless = r#"{ "userName" : "ada" }"#;
        assert_eq!(kept(harmless).as_deref(), Some(harmless));
        assert_eq!(kept("{\"password\": \"hunter2\""), None);
        assert_eq!(kept("{\"x\": \"hunter2\\\""), None);
        assert_eq!(shown(&body(b"userName=ada", &mut Vec::new()).unwrap()), Some(json!("userName=ada")));
    }

    #[test]
    fn secrets_in_a_url_are_masked_however_they_are_written() {
        for (query, shown) in [
            ("filter=userName%20eq%20%22ada%22&count=1", "filter=userName%20eq%20%22ada%22&count=1"),
            ("filter=password%20eq%20%22hunter2%22&count=1", "filter=********&count=1"),
            ("filter=p%61ssword+eq+%27hunter2%27", "filter=********"),
            ("filter=Password+eq+hunter2", "filter=********"),
            ("filter=Password+eq+hunter2+and+title+pr", "filter=********"),
            ("access_token=hunter2", "access_token=********"),
            ("access%5Ftoken=hunter2&x", "access%5Ftoken=********&x"),
            ("attributes=password,userName", "attributes=password,userName"),
            ("attributes=provost_scim_hunter2", "attributes=********"),
            ("x=provost_scim_hunter2", "x=********"),
            ("provost_scim_hunter2", "=********"),
            ("startIndex=1", "startIndex=1"),
        ] {
            let (target, secrets) = target("/Users", Some(query));
            assert_eq!(*target, format!("/Users?{shown}"));
            assert!(
                query == shown
                    || words("not hunter2", &secrets) == format!("not {MASK}")
                    || query.contains(TOKEN)
            );
        }
        assert_eq!(*target("/Users/provost_scim_x", None).0, *"/Users/********");
        assert_eq!(target("/x", Some(&"a".repeat(9000))).0.len(), TARGET);
    }
}
