//! Values of keys as indexes hold them.

use std::borrow::Cow;
use std::ops::Bound;

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;

/// Bytes of a value that are held as they are. An entry of PostgreSQL's B-tree has a third of a page at most.
const WHOLE: usize = 1024;

/// What stands for a value: itself, or, for a long one, its beginning and a hash of the whole. Long values are told apart,
/// and ordered by their beginning.
pub(crate) fn indexed(value: &[u8]) -> Cow<'_, [u8]> {
    match value.get(..WHOLE) {
        Some(beginning) if value.len() > WHOLE => {
            Cow::Owned([beginning, digest(&SHA256, value).as_ref()].concat())
        }
        _ => Cow::Borrowed(value),
    }
}

/// The lowest value in a range, and the lowest above it. A range that ends at a long value ends before or after all
/// values that begin as it does.
pub(crate) fn ends(from: &Bound<Bytes>, to: &Bound<Bytes>) -> (Option<Vec<u8>>, Option<Vec<u8>>) {
    if let (Bound::Included(one), Bound::Included(same)) = (from, to)
        && one == same
    {
        let value = indexed(one);
        return (Some(value.to_vec()), Some(next_after(&value)));
    }
    let lowest = match from {
        Bound::Included(from) | Bound::Excluded(from) if from.len() > WHOLE => Some(from[..WHOLE].to_vec()),
        Bound::Included(from) => Some(from.to_vec()),
        Bound::Excluded(from) => Some(next_after(from)),
        Bound::Unbounded => None,
    };
    let highest = match to {
        Bound::Included(to) | Bound::Excluded(to) if to.len() > WHOLE => {
            Some([&to[..WHOLE], &[u8::MAX; 33]].concat())
        }
        Bound::Included(to) => Some(next_after(to)),
        Bound::Excluded(to) => Some(to.to_vec()),
        Bound::Unbounded => None,
    };
    (lowest, highest)
}

/// The least value above this one.
fn next_after(value: &[u8]) -> Vec<u8> {
    [value, &[0]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(range: (Bound<Bytes>, Bound<Bytes>), value: &[u8]) -> bool {
        let (lowest, highest) = ends(&range.0, &range.1);
        let value = indexed(value);
        lowest.is_none_or(|lowest| *value >= *lowest) && highest.is_none_or(|highest| *value < *highest)
    }

    #[test]
    fn long_values_are_told_apart_and_found_by_their_beginning() {
        let [a, b] = [b'a', b'b'].map(|last| [&[b'x'; WHOLE + 500][..], &[last]].concat());
        assert_eq!(indexed(&a[..WHOLE]), &a[..WHOLE]);
        assert_ne!(indexed(&a), indexed(&b));
        assert!(indexed(&a).len() < 1100);
        let exactly = |value: &[u8]| {
            let value = Bytes::copy_from_slice(value);
            (Bound::Included(value.clone()), Bound::Included(value))
        };
        assert!(holds(exactly(&a), &a) && !holds(exactly(&a), &b));
        let beginning = |prefix: &[u8]| {
            let store::KeyRange { from, to, .. } =
                store::KeyRange::beginning_with(store::KeyName::Search, prefix);
            (from, to)
        };
        for prefix in [&b"x"[..], &a[..WHOLE], &a[..WHOLE + 9]] {
            assert!(holds(beginning(prefix), &a) && holds(beginning(prefix), &b));
        }
        assert!(!holds(beginning(b"y"), &a));
    }
}
