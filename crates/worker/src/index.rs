//! Who in the target was found to have which values that accounts are looked for by: identifiers in a file that nobody
//! else sees, and in memory 16 bytes for each value.

use std::collections::BTreeSet;
use std::fs::File;
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

/// Values that are kept in a tree until there are so many; then they join the sorted list.
const RECENT: usize = 1 << 16;

/// The most bytes in the file.
const MOST_BYTES: u64 = 8 << 30;

/// The hash of a path and a value, and where in the file the identifier of the resource stands that has it.
type Place = (u64, u64);

/// The target's resources of a type, by hashes of values: candidates, to be looked at.
pub(crate) struct Index {
    hasher: RandomState,
    sorted: Vec<Place>,
    recent: BTreeSet<Place>,
    file: BufWriter<File>,
    length: u64,
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
            file: BufWriter::with_capacity(1 << 16, tempfile::tempfile_in(directory)?),
            length: 0,
        })
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.sorted.len() + self.recent.len()
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
        let mut values = values.into_iter().peekable();
        if values.peek().is_none() {
            return Ok(());
        }
        let place = self.length;
        let size = u32::try_from(id.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
        if place > MOST_BYTES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.file.write_all(&size.to_le_bytes())?;
        self.file.write_all(id.as_bytes())?;
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

    /// The identifiers of resources that may have a value, each once.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn candidates(&mut self, path: &str, value: &str) -> io::Result<Vec<String>> {
        let hash = self.hash(path, value);
        let from = self.sorted.partition_point(|(other, _)| *other < hash);
        let sorted = self.sorted[from..].iter().take_while(|(other, _)| *other == hash);
        let recent = self.recent.range((hash, 0)..=(hash, u64::MAX));
        let places: Vec<u64> = sorted.chain(recent).map(|(_, place)| *place).collect();
        let mut ids = BTreeSet::new();
        for place in places {
            ids.insert(self.read(place)?);
        }
        Ok(ids.into_iter().collect())
    }

    fn hash(&self, path: &str, value: &str) -> u64 {
        self.hasher.hash_one((path, scim::fold::fold_key(value)))
    }

    fn read(&mut self, place: u64) -> io::Result<String> {
        self.file.flush()?;
        let file = self.file.get_mut();
        file.seek(SeekFrom::Start(place))?;
        let mut size = [0; 4];
        file.read_exact(&mut size)?;
        let mut id = vec![0; u32::from_le_bytes(size) as usize];
        file.read_exact(&mut id)?;
        file.seek(SeekFrom::End(0))?;
        String::from_utf8(id).map_err(io::Error::other)
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
        index.candidates("userName", name).expect("readable")
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
