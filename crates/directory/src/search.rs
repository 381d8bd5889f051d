//! Search by words, as Graph's `$search` has it: names and descriptions are taken apart into words, of which one looks for
//! beginnings, in any order; other properties have to begin with the text.
//! (learn.microsoft.com/graph/search-query-parameter, "Using $search on directory object collections".)

use std::collections::BTreeSet;

use model::{DirectoryObject, ObjectType};
use scim::fold::fold_key;
use serde_json::{Map, Value};
use store::{Cursor, KeyName};

use crate::objects::{ObjectPage, Selection};
use crate::{Directory, Result};

/// What users and groups are searched by.
pub const SEARCHED: &[&str] = &["displayName", "description", "userPrincipalName", "mail", "mailNickname"];
/// Those that are taken apart into words.
const IN_WORDS: &[&str] = &["displayName", "description"];
/// Most words by which an object is found, and most characters of one. Texts beyond that are compared whole, once the object
/// is found by another word.
const MOST_WORDS: usize = 100;
const MOST_CHARS: usize = 128;

/// A text that is searched for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phrase {
    /// The whole text, folded.
    whole: String,
    chunks: Vec<Chunk>,
}

/// What stands between two spaces.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Chunk {
    /// Its letters and digits, folded.
    joined: String,
    /// The words in it, folded: they end where letters and digits, or a small and a capital letter, meet, and at symbols.
    parts: Vec<String>,
}

impl Chunk {
    /// What there is of it to look for; none where it is of symbols alone.
    fn new(text: &str) -> Option<Self> {
        let mut parts: Vec<String> = Vec::new();
        let mut before = None;
        for char in text.chars() {
            if char.is_alphanumeric() {
                match (before, parts.last_mut()) {
                    (Some(before), Some(part)) if !parted(before, char) => part.push(char),
                    _ => parts.push(char.into()),
                }
            }
            before = char.is_alphanumeric().then_some(char);
        }
        let parts: Vec<String> = parts.iter().map(|part| fold_key(part)).collect();
        (!parts.is_empty()).then(|| Self { joined: parts.concat(), parts })
    }

    /// Whether one of the words begins with it, or with each of its parts one.
    fn begins_one_of(&self, words: &[String]) -> bool {
        let begun = |text: &String| words.iter().any(|word| word.starts_with(text.as_str()));
        begun(&self.joined) || self.parts.iter().all(begun)
    }
}

/// Whether a word ends between two characters.
fn parted(before: char, after: char) -> bool {
    before.is_numeric() != after.is_numeric() || (before.is_lowercase() && after.is_uppercase())
}

fn chunks(text: &str) -> impl Iterator<Item = Chunk> {
    text.split_whitespace().filter_map(Chunk::new)
}

/// The words of a text, folded, and what is written without spaces as one word.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for Chunk { joined, parts } in chunks(text) {
        let several = parts.len() > 1;
        words.push(joined);
        words.extend(parts.into_iter().filter(|_| several));
    }
    words
}

/// A text as it is sorted by: from the first letter or digit on, and no longer than words are kept.
fn kept(text: &str) -> String {
    text.trim_start_matches(|char: char| !char.is_alphanumeric()).chars().take(MOST_CHARS).collect()
}

impl Phrase {
    /// Takes a text apart.
    pub fn new(text: &str) -> Self {
        let text = text.trim();
        Self { whole: fold_key(text), chunks: chunks(text).collect() }
    }

    /// Whether there is nothing to search for.
    pub fn is_empty(&self) -> bool {
        self.whole.is_empty()
    }

    /// Whether the value of a property is searched for by it.
    pub fn finds(&self, property: &str, value: &str) -> bool {
        if !is_in_words(property) {
            return fold_key(value).starts_with(&self.whole);
        }
        let words = words(value);
        !self.chunks.is_empty() && self.chunks.iter().all(|chunk| chunk.begins_one_of(&words))
    }

    /// Texts, one of which begins a value of [`KeyName::Search`] of every user and group that it finds by a property, or by
    /// any of [`SEARCHED`]; none where that cannot be told.
    pub fn beginnings(&self, property: Option<&str>) -> Option<Vec<String>> {
        let mut beginnings = Vec::new();
        if property.is_none_or(is_in_words) {
            let longest = self.chunks.iter().max_by_key(|chunk| chunk.joined.len())?;
            beginnings.push(kept(&longest.joined));
            beginnings.extend(longest.parts.iter().max_by_key(|part| part.len()).map(|part| kept(part)));
        }
        if property.is_none_or(|name| !is_in_words(name)) {
            beginnings.push(kept(&self.whole));
        }
        beginnings.iter().all(|text| !text.is_empty()).then_some(beginnings)
    }
}

fn is_in_words(property: &str) -> bool {
    IN_WORDS.iter().any(|name| name.eq_ignore_ascii_case(property))
}

/// The values of [`KeyName::Search`] of a user or group: none is the beginning of another.
pub(crate) fn search_values(attributes: &Map<String, Value>) -> BTreeSet<String> {
    let text = |name: &&str| attributes.get(*name).and_then(Value::as_str);
    let (in_words, whole): (Vec<&str>, Vec<&str>) = SEARCHED.iter().partition(|name| is_in_words(name));
    let whole = whole.iter().filter_map(text).map(fold_key);
    let all = whole.chain(in_words.iter().filter_map(text).flat_map(words));
    let all: BTreeSet<String> =
        all.map(|text| kept(&text)).filter(|text| !text.is_empty()).take(MOST_WORDS).collect();
    let begins_the_next =
        |text: &String| all.range(text.clone()..).nth(1).is_some_and(|next| next.starts_with(text.as_str()));
    all.iter().filter(|text| !begins_the_next(text)).cloned().collect()
}

/// Those of the texts that no other of them begins.
fn shortest(mut texts: Vec<String>) -> Vec<String> {
    texts.sort();
    texts.dedup_by(|next, before| next.starts_with(before.as_str()));
    texts
}

/// Where a search goes on: which of the beginnings, and where among what begins so.
fn position(after: Option<Cursor>) -> Result<(usize, Option<Cursor>)> {
    let Some(Cursor(bytes)) = after else { return Ok((0, None)) };
    let (place, rest) = bytes.split_first_chunk::<2>().ok_or(store::Error::InvalidCursor)?;
    let rest = bytes.slice_ref(rest);
    Ok((u16::from_be_bytes(*place).into(), (!rest.is_empty()).then_some(Cursor(rest))))
}

fn cursor(place: usize, after: Option<Cursor>) -> Cursor {
    let place = u16::try_from(place).unwrap_or(u16::MAX).to_be_bytes();
    Cursor([&place[..], &after.map(|Cursor(bytes)| bytes).unwrap_or_default()].concat().into())
}

impl Directory {
    /// One page of the users or groups with a word that begins with one of these texts, and that `keep` holds on to. Each
    /// comes once, in the order of the words; pages are full except for the last one.
    pub async fn search_objects(
        &self,
        object_type: ObjectType,
        beginnings: Vec<String>,
        after: Option<Cursor>,
        limit: usize,
        keep: impl Fn(&DirectoryObject) -> bool,
    ) -> Result<ObjectPage> {
        let beginnings = shortest(beginnings);
        let (mut place, mut after) = position(after)?;
        let mut objects = Vec::new();
        while let Some(beginning) = beginnings.get(place) {
            let selection = Selection::Prefix(KeyName::Search, beginning.clone());
            let page = self
                .fill(object_type, &selection, after.take(), limit.max(1) - objects.len(), |object, value| {
                    is_first(object, &beginnings[..=place], value) && keep(object)
                })
                .await?;
            objects.extend(page.objects);
            after = page.next;
            if after.is_none() {
                place += 1;
            }
            if objects.len() >= limit.max(1) {
                break;
            }
        }
        let next = (place < beginnings.len()).then(|| cursor(place, after));
        Ok(ObjectPage { objects, next })
    }
}

/// Whether a search comes to an object for the first time: by the first of the beginnings, the last being where the search is,
/// and by the first word that begins so.
fn is_first(object: &DirectoryObject, beginnings: &[String], value: &[u8]) -> bool {
    let values = search_values(&object.attributes);
    let begun =
        |text: &String| values.range(text.clone()..).next().filter(|it| it.starts_with(text.as_str()));
    match beginnings.split_last() {
        None => false,
        Some((here, earlier)) => {
            !earlier.iter().any(|text| begun(text).is_some())
                && begun(here).is_some_and(|first| first.as_bytes() == value)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::tests::{admin, directory, map};

    #[test]
    fn names_are_found_by_the_beginnings_of_their_words() {
        for (name, found, not_found) in [
            (
                "hello world",
                vec!["hello", "WORLD", "wor hel", "hello world"],
                vec!["ello", "hello there", "helloworld"],
            ),
            ("HelloWorld", vec!["hello", "world", "helloWo", "Hello World"], vec!["loworld"]),
            ("hello.world", vec!["hello", "world", "helloworld", "hello-wor"], vec!["ello.world"]),
            ("hello123world", vec!["123", "world", "hello123w"], vec!["23"]),
            ("One Video", vec!["OneVideo", "one", "vid"], vec!["onevideo"]),
            (
                "李四(David Li)",
                vec!["李四(David Li)", "李四", "David", "Li", "David)", "(李四", "Li 李"],
                vec!["四", "avid"],
            ),
            ("Seán O'Brien", vec!["seán", "SEÁN", "o'brien", "obri", "brien"], vec!["sean"]),
            ("User 00123", vec!["user", "00123", "user 001", "User00123"], vec!["123"]),
            ("&", vec![], vec!["&"]),
        ] {
            for text in found {
                assert!(Phrase::new(text).finds("displayName", name), "{text} in {name}");
            }
            for text in not_found {
                assert!(!Phrase::new(text).finds("description", name), "{text} not in {name}");
            }
        }
        let mail = |text: &str| Phrase::new(text).finds("mail", "Ann.Lee@contoso.com");
        assert!(mail("ann.LEE@c") && !mail("lee") && !mail("annlee"));
    }

    #[test]
    fn an_object_is_kept_by_few_values() {
        let values = |attributes| search_values(&map(attributes)).into_iter().collect::<Vec<_>>();
        let ann =
            json!({"displayName": "Ann Lee", "userPrincipalName": "Ann.Lee@x.com", "mail": "ann.lee@x.com"});
        assert_eq!(values(ann), ["ann.lee@x.com", "lee"]);
        let long = json!({"displayName": "x".repeat(9000), "description": "(a) b"});
        assert_eq!(values(long), ["a".to_owned(), "b".to_owned(), "x".repeat(MOST_CHARS)]);
        let words: Vec<String> = (100..300).map(|number| format!("w{number}x")).collect();
        assert!(values(json!({"description": words.join(" ")})).len() <= MOST_WORDS);
        assert_eq!(values(json!({"displayName": "((", "mail": 7})), Vec::<String>::new());
    }

    /// Texts of few characters, so that some begin others.
    fn text() -> impl Strategy<Value = String> {
        "[abAB1. (é李ß]{0,8}"
    }

    proptest! {
        #[test]
        fn whatever_is_found_has_a_value_that_begins_so(
            values in proptest::collection::vec(text(), SEARCHED.len()),
            searched in text(),
            property in proptest::option::of(0..SEARCHED.len()),
        ) {
            let attributes: Map<String, Value> =
                SEARCHED.iter().zip(&values).map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
            let phrase = Phrase::new(&searched);
            let property = property.map(|place| SEARCHED[place]);
            let finds = SEARCHED.iter().zip(&values).any(|(name, value)| {
                property.is_none_or(|wanted| wanted == *name) && !phrase.is_empty() && phrase.finds(name, value)
            });
            if let Some(beginnings) = phrase.beginnings(property) && finds {
                let kept = search_values(&attributes);
                let begun = kept.iter().any(|value| beginnings.iter().any(|text| value.starts_with(text.as_str())));
                prop_assert!(begun, "{beginnings:?} in {kept:?}");
            }
        }

        #[test]
        fn each_object_comes_once_whatever_the_pages(
            names in proptest::collection::vec(text(), 1..12),
            searched in proptest::collection::vec(text(), 1..4),
            limit in 1_usize..5,
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
            runtime.block_on(async {
                let directory = directory().await;
                let mut expected = BTreeSet::new();
                let beginnings: Vec<String> =
                    searched.iter().filter_map(|text| Phrase::new(text).beginnings(None)).flatten().collect();
                for (number, name) in names.iter().enumerate() {
                    let attributes = map(json!({"displayName": format!("{name}."), "description": format!("n{number}")}));
                    let made = directory.create_object(&admin(), ObjectType::Group, None, &attributes).await.expect("valid");
                    let values = search_values(&made.attributes);
                    if values.iter().any(|value| beginnings.iter().any(|text| value.starts_with(text.as_str()))) {
                        expected.insert(made.id);
                    }
                }
                let (mut seen, mut after) = (Vec::new(), None);
                loop {
                    let page = directory
                        .search_objects(ObjectType::Group, beginnings.clone(), after, limit, |_| true)
                        .await
                        .expect("a page");
                    assert!(page.next.is_none() || page.objects.len() == limit, "pages are full but the last");
                    seen.extend(page.objects.iter().map(|object| object.id));
                    after = page.next;
                    if after.is_none() {
                        break;
                    }
                }
                let once: BTreeSet<_> = seen.iter().copied().collect();
                assert_eq!((once.len(), &once), (seen.len(), &expected));
            });
        }

        #[test]
        fn a_list_is_full_whatever_is_kept(kept in proptest::collection::vec(any::<bool>(), 1..40), limit in 1_usize..9) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
            runtime.block_on(async {
                let directory = directory().await;
                for (number, kept) in kept.iter().enumerate() {
                    let attributes = map(json!({"displayName": format!("{number}"), "description": if *kept { "kept" } else { "not" }}));
                    directory.create_object(&admin(), ObjectType::Group, None, &attributes).await.expect("valid");
                }
                let (mut seen, mut after) = (0, None);
                loop {
                    let keep = |object: &DirectoryObject| object.text("description") == Some("kept");
                    let page =
                        directory.list_objects(ObjectType::Group, &Selection::Live, after, limit, keep).await.expect("a page");
                    assert!(page.objects.len() <= limit && (page.next.is_none() || page.objects.len() == limit));
                    seen += page.objects.len();
                    after = page.next;
                    if after.is_none() {
                        break;
                    }
                }
                assert_eq!(seen, kept.iter().filter(|kept| **kept).count());
            });
        }
    }
}
