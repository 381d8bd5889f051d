//! How many source objects are read.

use std::sync::atomic::{AtomicU64, Ordering};

use model::ObjectType;
use store::Kind;
use testkit::{Gate, Gated};

/// A store whose reads of users and groups are counted.
pub type Counting = Gated<Reads>;

#[derive(Debug, Default)]
pub struct Reads {
    users: AtomicU64,
    groups: AtomicU64,
}

impl Reads {
    /// How many users and groups have been read since this was asked last.
    pub fn take(&self, object_type: ObjectType) -> u64 {
        match object_type {
            ObjectType::User => self.users.swap(0, Ordering::Relaxed),
            ObjectType::Group => self.groups.swap(0, Ordering::Relaxed),
        }
    }
}

impl Gate for Reads {
    fn read(&self, kind: Kind, objects: usize) {
        let counter = match kind {
            Kind::User => &self.users,
            Kind::Group => &self.groups,
            _ => return,
        };
        counter.fetch_add(objects as u64, Ordering::Relaxed);
    }
}
