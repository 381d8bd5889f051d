//! The keys of an object as one value, for backends that keep them with the object: what the object has in the table of
//! keys.

use crate::{Error, Key, KeyName, Result};

/// Each name and value once, in the order given; unique where any of the same was.
pub fn distinct(keys: &[Key]) -> Vec<Key> {
    let mut distinct: Vec<Key> = Vec::with_capacity(keys.len());
    for key in keys {
        match distinct.iter_mut().find(|other| other.name == key.name && other.value == key.value) {
            Some(same) => same.unique |= key.unique,
            None => distinct.push(key.clone()),
        }
    }
    distinct
}

/// For each key: name, 1 if unique else 0, length of the value (4 bytes, big-endian), value.
pub fn encode(keys: &[Key]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(keys.iter().map(|key| key.value.len() + 6).sum());
    for key in keys {
        bytes.push(key.name.number());
        bytes.push(u8::from(key.unique));
        let length = u32::try_from(key.value.len()).unwrap_or(u32::MAX);
        bytes.extend(length.to_be_bytes());
        bytes.extend_from_slice(&key.value);
    }
    bytes
}

/// The keys back.
///
/// # Errors
/// [`Error::Backend`] for bytes that [`encode`] does not write.
pub fn decode(mut bytes: &[u8]) -> Result<Vec<Key>> {
    let damaged = || Error::Backend("the store is damaged: the keys of an object cannot be read".into());
    let mut keys = Vec::new();
    while let Some((head, rest)) = bytes.split_first_chunk::<6>() {
        let [name, unique, length @ ..] = *head;
        let name = KeyName::from_number(name).ok_or_else(damaged)?;
        let length = usize::try_from(u32::from_be_bytes(length)).map_err(|_| damaged())?;
        let (value, rest) = rest.split_at_checked(length).ok_or_else(damaged)?;
        keys.push(Key { name, value: value.to_vec().into(), unique: unique != 0 });
        bytes = rest;
    }
    if bytes.is_empty() { Ok(keys) } else { Err(damaged()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let keys = vec![
            Key::unique(KeyName::UserName, "ada"),
            Key::lookup(KeyName::Email, ""),
            Key::lookup(KeyName::Search, "x"),
        ];
        assert_eq!(decode(&encode(&keys)).unwrap(), keys);
        assert!(decode(&encode(&keys)[..5]).is_err());
        assert!(decode(&[1, 0, 0, 0, 0, 9, 1]).is_err());
    }

    #[test]
    fn the_same_key_counts_once() {
        let keys = [
            Key::lookup(KeyName::Email, "a"),
            Key::lookup(KeyName::Email, "b"),
            Key::unique(KeyName::Email, "a"),
        ];
        assert_eq!(distinct(&keys), [Key::unique(KeyName::Email, "a"), Key::lookup(KeyName::Email, "b")]);
    }
}
