//! Who in the target was found to have which values that accounts are looked for by: resources, or identifiers alone, in a
//! file that nobody else sees, and in memory 16 bytes for each value.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};
use std::fs::File;
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, BufWriter, Read, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use scim_client::Resource;
use serde_json::{Map, Value};

/// Values that are kept in a tree until there are so many; then they join the sorted list.
const RECENT: usize = 1 << 16;

/// The most bytes in the file.
const MOST_BYTES: u64 = 8 << 30;

/// What is read of the file at once: most records are smaller.
const READ: usize = 4_096;

/// The hash of a path and a value, and where in the file the record of the resource stands that has it.
type Place = (u64, u64);

/// The target's resources of a type, by hashes of values: candidates, to be looked at.
pub(crate) struct Index {
    hasher: RandomState,
    sorted: Vec<Place>,
    recent: BTreeSet<Place>,
    /// Resources that have changed since they were read.
    outdated: HashSet<Box<str>>,
    file: BufWriter<File>,
    length: u64,
}

/// A resource that may have a value.
pub(crate) struct Candidate {
    pub id: String,
    /// The resource as it was read, where it was, and nothing is known to have happened to it since.
    pub read: Option<Resource>,
}

/// A resource as the file has it.
#[derive(serde::Serialize, serde::Deserialize)]
struct Record<'a, A> {
    id: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    etag: Option<Cow<'a, str>>,
    #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
    attributes: Option<A>,
}

impl Index {
    /// An empty index, with its file in a directory.
    ///
    /// # Errors
    /// When no file can be made there.
    pub fn new(directory: &Path) -> io::Result<Self> {
        Ok(Self {
            hasher: RandomState::new(),
            sorted: Vec::new(),
            recent: BTreeSet::new(),
            outdated: HashSet::new(),
            file: BufWriter::with_capacity(1 << 16, tempfile::tempfile_in(directory)?),
            length: 0,
        })
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.sorted.len() + self.recent.len()
    }

    /// Takes in a resource that was read, with its values by their paths.
    ///
    /// # Errors
    /// When the file cannot be written, or would become too large.
    pub fn insert_whole<'a>(
        &mut self,
        resource: &Resource,
        values: impl IntoIterator<Item = (&'a str, String)>,
    ) -> io::Result<()> {
        let record = Record {
            id: resource.id.as_str().into(),
            etag: resource.etag.as_deref().map(Into::into),
            attributes: Some(&resource.attributes),
        };
        self.add(&record, values)
    }

    /// Takes note of values that a resource has, by their paths.
    ///
    /// # Errors
    /// When the file cannot be written, or would become too large.
    pub fn insert<'a>(
        &mut self,
        id: &str,
        values: impl IntoIterator<Item = (&'a str, String)>,
    ) -> io::Result<()> {
        self.add(&Record::<&Map<String, Value>> { id: id.into(), etag: None, attributes: None }, values)
    }

    /// What was read of a resource no longer counts.
    pub fn doubt(&mut self, id: &str) {
        self.outdated.insert(id.into());
    }

    /// The resources that may have a value, each once.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn candidates(&mut self, path: &str, value: &str) -> io::Result<Vec<Candidate>> {
        let hash = self.hash(path, value);
        let from = self.sorted.partition_point(|(other, _)| *other < hash);
        let sorted = self.sorted[from..].iter().take_while(|(other, _)| *other == hash);
        let recent = self.recent.range((hash, 0)..=(hash, u64::MAX));
        let places: Vec<u64> = sorted.chain(recent).map(|(_, place)| *place).collect();
        let mut found: Vec<Candidate> = Vec::with_capacity(places.len());
        for place in places {
            let candidate = self.read(place)?;
            match found.iter_mut().find(|other| other.id == candidate.id) {
                // Given another value since it was read.
                Some(known) => known.read = None,
                None => found.push(candidate),
            }
        }
        Ok(found)
    }

    fn add<'a, A: serde::Serialize>(
        &mut self,
        record: &Record<'_, A>,
        values: impl IntoIterator<Item = (&'a str, String)>,
    ) -> io::Result<()> {
        let mut values = values.into_iter().peekable();
        if values.peek().is_none() {
            return Ok(());
        }
        let place = self.length;
        if place > MOST_BYTES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let bytes = serde_json::to_vec(record)?;
        let size = u32::try_from(bytes.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
        self.file.write_all(&size.to_le_bytes())?;
        self.file.write_all(&bytes)?;
        self.length += 4 + u64::from(size);
        for (path, value) in values {
            self.recent.insert((self.hash(path, &value), place));
        }
        if self.recent.len() >= RECENT {
            self.sorted.extend(std::mem::take(&mut self.recent));
            self.sorted.sort_unstable();
        }
        Ok(())
    }

    fn hash(&self, path: &str, value: &str) -> u64 {
        self.hasher.hash_one((path, scim::fold::fold_key(value)))
    }

    fn read(&mut self, place: u64) -> io::Result<Candidate> {
        self.file.flush()?;
        let file = self.file.get_mut();
        file.seek(SeekFrom::Start(place))?;
        let mut bytes = Vec::with_capacity(READ);
        let mut size = [0; 4];
        Read::take(&mut *file, READ as u64).read_to_end(&mut bytes)?;
        size.copy_from_slice(bytes.get(..4).ok_or(io::ErrorKind::UnexpectedEof)?);
        let end = 4 + u32::from_le_bytes(size) as usize;
        if let Some(missing) = end.checked_sub(bytes.len()) {
            Read::take(&mut *file, missing as u64).read_to_end(&mut bytes)?;
        }
        file.seek(SeekFrom::End(0))?;
        let record = bytes.get(4..end).ok_or(io::ErrorKind::UnexpectedEof)?;
        let record: Record<'_, Map<String, Value>> = serde_json::from_slice(record)?;
        let id = record.id.into_owned();
        let etag = record.etag.map(Cow::into_owned);
        let attributes = record.attributes.filter(|_| !self.outdated.contains(id.as_str()));
        let read = attributes.map(|attributes| Resource { id: id.clone(), etag, attributes });
        Ok(Candidate { id, read })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn index() -> Index {
        Index::new(&std::env::temp_dir()).expect("a file")
    }

    fn ids(index: &mut Index, name: &str) -> Vec<String> {
        let mut ids: Vec<String> =
            index.candidates("userName", name).expect("readable").into_iter().map(|it| it.id).collect();
        ids.sort();
        ids
    }

    #[test]
    fn a_resource_is_as_it_was_read_until_something_happens_to_it() {
        let mut index = index();
        let long = "x".repeat(3 * READ);
        let attributes = Map::from_iter([("title".to_owned(), Value::from(long))]);
        for id in ["1", "2", "3"] {
            let resource =
                Resource { id: id.to_owned(), etag: Some("W/1".to_owned()), attributes: attributes.clone() };
            index.insert_whole(&resource, [("userName", format!("user {id}"))]).expect("written");
        }
        index.insert("2", [("userName", "user 2".to_owned())]).expect("written");
        index.doubt("3");
        let mut read = |name: &str| {
            let mut found = index.candidates("userName", name).expect("readable");
            assert_eq!(found.len(), 1);
            found.pop().and_then(|it| it.read)
        };
        let first = read("user 1").expect("read whole");
        assert_eq!((first.id.as_str(), first.etag.as_deref()), ("1", Some("W/1")));
        assert_eq!(first.attributes, attributes);
        assert!(read("user 2").is_none() && read("user 3").is_none());
    }

    #[test]
    fn who_has_a_value_is_found_once_whatever_its_case() {
        let mut index = index();
        for id in ["1", "2"] {
            index.insert(id, [("userName", "ana".to_owned())]).expect("written");
        }
        index.insert("1", [("userName", "Ana".to_owned())]).expect("written");
        assert_eq!(ids(&mut index, "ANA"), ["1", "2"]);
        assert!(index.candidates("displayName", "ana").expect("readable").is_empty());
        index.insert("3", std::iter::empty()).expect("written");
        index.insert("4", [("userName", "ben".to_owned())]).expect("written after a read");
        assert_eq!(ids(&mut index, "ben"), ["4"]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(8))]

        #[test]
        fn it_finds_what_a_list_finds(names in prop::collection::vec(0..40_000_u32, 70_000..80_000)) {
            let mut index = index();
            for (number, name) in names.iter().enumerate() {
                index.insert(&number.to_string(), [("userName", name.to_string())]).expect("written");
            }
            prop_assert!(index.len() >= names.len());
            for name in (0..40_000).step_by(1_733) {
                let mut expected: Vec<String> = names
                    .iter()
                    .enumerate()
                    .filter(|(_, other)| **other == name)
                    .map(|(number, _)| number.to_string())
                    .collect();
                expected.sort();
                prop_assert_eq!(ids(&mut index, &name.to_string()), expected);
            }
        }
    }
}
