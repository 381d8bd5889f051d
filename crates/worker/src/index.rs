//! What the target was found to hold, by the values that accounts are looked for by: resources in a file that nobody
//! else sees, and in memory 16 bytes for each value.

use std::collections::{BTreeSet, HashSet};
use std::fs::File;
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use scim_client::Resource;
use serde_json::{Map, Value};

/// Values that are kept in a tree until there are so many; then they join the sorted list.
const RECENT: usize = 1 << 16;

/// The most bytes in the file.
const MOST_BYTES: u64 = 8 << 30;

/// The hash of a path and a value, and where in the file the resource stands that has it.
type Place = (u64, u64);

/// The target's resources of a type, by hashes of values: candidates, to be verified.
pub(crate) struct Index {
    hasher: RandomState,
    sorted: Vec<Place>,
    recent: BTreeSet<Place>,
    /// Resources that were changed or found to be gone since they were read.
    outdated: HashSet<Box<str>>,
    file: BufWriter<File>,
    length: u64,
}

/// A resource that may carry a value.
pub(crate) struct Candidate {
    pub id: String,
    /// The resource, where it was read whole and nothing is known to have happened to it since.
    pub resource: Option<Resource>,
}

/// A resource as the file has it.
#[derive(serde::Serialize, serde::Deserialize)]
struct Record<'a, A> {
    id: std::borrow::Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    etag: Option<std::borrow::Cow<'a, str>>,
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    attributes: Option<A>,
}

fn none<A>() -> Option<A> {
    None
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

    /// Takes in a resource that was read, with the values that it is found by.
    pub fn insert(
        &mut self,
        resource: &Resource,
        values: impl IntoIterator<Item = (impl AsRef<str>, String)>,
    ) -> io::Result<()> {
        let record = Record {
            id: resource.id.as_str().into(),
            etag: resource.etag.as_deref().map(Into::into),
            attributes: Some(&resource.attributes),
        };
        self.add(&record, values)
    }

    /// Takes note of values that an account was just given.
    pub fn learn(
        &mut self,
        id: &str,
        values: impl IntoIterator<Item = (impl AsRef<str>, String)>,
    ) -> io::Result<()> {
        let record: Record<'_, &Map<String, Value>> = Record { id: id.into(), etag: None, attributes: None };
        self.add(&record, values)
    }

    /// What was read of a resource no longer counts.
    pub fn doubt(&mut self, id: &str) {
        self.outdated.insert(id.into());
    }

    /// The resources that may carry a value.
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
                // Read, and given another value since.
                Some(known) => known.resource = None,
                None => found.push(candidate),
            }
        }
        Ok(found)
    }

    fn hash(&self, path: &str, value: &str) -> u64 {
        self.hasher.hash_one((path, scim::fold::fold_key(value)))
    }

    fn add<A: serde::Serialize>(
        &mut self,
        record: &Record<'_, A>,
        values: impl IntoIterator<Item = (impl AsRef<str>, String)>,
    ) -> io::Result<()> {
        let mut values = values.into_iter().peekable();
        if values.peek().is_none() {
            return Ok(());
        }
        let place = self.length;
        let bytes = serde_json::to_vec(record)?;
        let size = u32::try_from(bytes.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
        if place > MOST_BYTES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.file.write_all(&size.to_le_bytes())?;
        self.file.write_all(&bytes)?;
        self.length += 4 + u64::from(size);
        for (path, value) in values {
            self.recent.insert((self.hash(path.as_ref(), &value), place));
        }
        if self.recent.len() >= RECENT {
            self.sorted.extend(std::mem::take(&mut self.recent));
            self.sorted.sort_unstable();
        }
        Ok(())
    }

    fn read(&mut self, place: u64) -> io::Result<Candidate> {
        self.file.flush()?;
        let file = self.file.get_mut();
        file.seek(SeekFrom::Start(place))?;
        let mut size = [0; 4];
        file.read_exact(&mut size)?;
        let mut bytes = vec![0; u32::from_le_bytes(size) as usize];
        file.read_exact(&mut bytes)?;
        file.seek(SeekFrom::End(0))?;
        let record: Record<'_, Map<String, Value>> = serde_json::from_slice(&bytes)?;
        let id = record.id.into_owned();
        let current = !self.outdated.contains(id.as_str());
        let etag = record.etag.map(std::borrow::Cow::into_owned);
        let resource = record.attributes.filter(|_| current);
        let resource = resource.map(|attributes| Resource { id: id.clone(), etag, attributes });
        Ok(Candidate { id, resource })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn index() -> Index {
        Index::new(&std::env::temp_dir()).expect("a file")
    }

    fn resource(id: &str, name: &str) -> Resource {
        let attributes = json!({"id": id, "userName": name});
        let attributes = attributes.as_object().expect("an object").clone();
        Resource { id: id.to_owned(), etag: Some(format!("W/\"{id}\"")), attributes }
    }

    fn ids(index: &mut Index, name: &str) -> Vec<String> {
        let mut ids: Vec<String> =
            index.candidates("userName", name).expect("readable").into_iter().map(|it| it.id).collect();
        ids.sort();
        ids
    }

    #[test]
    fn what_was_read_comes_back_whole_until_it_is_outdated() {
        let mut index = index();
        let ana = resource("1", "ana");
        index.insert(&ana, [("userName", "ana".to_owned())]).expect("written");
        let found = index.candidates("userName", "ANA").expect("readable");
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].resource.as_ref(), Some(&ana), "case does not count, the version is there");
        assert!(index.candidates("displayName", "ana").expect("readable").is_empty());
        index.doubt("1");
        let found = index.candidates("userName", "ana").expect("readable");
        assert!(found[0].resource.is_none());
    }

    #[test]
    fn an_account_that_was_given_a_value_is_not_taken_as_it_was_read() {
        let mut index = index();
        index.insert(&resource("1", "ana"), [("userName", "ana".to_owned())]).expect("written");
        index.learn("1", [("userName", "ana".to_owned())]).expect("written");
        let found = index.candidates("userName", "ana").expect("readable");
        assert_eq!(found.len(), 1);
        assert!(found[0].resource.is_none());
        index.learn("2", [("userName", "ben".to_owned())]).expect("written");
        assert_eq!(ids(&mut index, "ben"), ["2"]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(8))]

        #[test]
        fn it_finds_what_a_list_finds(names in prop::collection::vec(0..40_000_u32, 70_000..80_000)) {
            let mut index = index();
            for (number, name) in names.iter().enumerate() {
                index.learn(&number.to_string(), [("userName", name.to_string())]).expect("written");
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
