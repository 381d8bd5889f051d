//! Schema, paths, filters, PATCH, messages and errors of SCIM 2.0 (RFC 7643, RFC 7644), without I/O.
//!
//! A resource is a `serde_json::Map<String, Value>` and stays as the client sent it; what this crate adds is
//! the knowledge of types ([`schema`]), the two small languages ([`filter`], [`path`]), what a body must satisfy
//! before it is stored ([`resource`]), how a PATCH changes it ([`patch`]) and what goes over the wire ([`message`]).
//! Where clients are known to deviate from the RFCs the deviation is accepted and reported as a [`Quirk`].

mod words;

pub mod error;
pub mod filter;
pub mod fold;
pub mod index;
pub mod json;
pub mod message;
pub mod patch;
pub mod path;
pub mod quirk;
pub mod resource;
pub mod schema;
pub mod sort;
pub mod urn;

pub use error::{Error, ScimType};
pub use filter::Filter;
pub use patch::{Applied, Member, MemberEdit, PatchRequest};
pub use path::{AttrPath, Path};
pub use quirk::{Quirk, Quirks};
pub use resource::{Accepted, Body, Mode, Projection};
pub use schema::{Attribute, Definition, Located, ResourceType, Schema, Target};

/// A JSON object with its keys in the order in which they were sent.
pub type Map = serde_json::Map<String, serde_json::Value>;
