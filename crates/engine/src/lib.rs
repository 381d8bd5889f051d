//! Decides what one object needs in the target: scope, matching, mapping, difference, guards; pure functions.
//!
//! A cycle asks, for one source object, in this order: is it entitled ([`Scope::judge`]), what does the mapping say
//! it should look like ([`CompiledMapping`]), and what follows from that and from the link ([`decide`]). The answer
//! is a [`Decision`]; carrying it out, and writing down that it was, is the business of the `worker`.

mod decide;
mod error;
mod escrow;
mod filter;
mod guard;
mod hash;
mod known;
mod mapping;
mod quarantine;
mod scope;
mod view;

pub use decide::{Case, Decision, Reference, decide};
pub use error::ConfigurationError;
pub use escrow::{GIVE_UP_AFTER, fail};
pub use filter::Filters;
pub use guard::{Verdict, judge_removals, removal_limit};
pub use hash::configuration_hash;
pub use known::{known_attributes, validate};
pub use mapping::{
    Answers, Changes, CompiledMapping, Desired, MappingFailure, MatchingValue, Outside, Question, Subject,
    Tables, redact,
};
pub use quarantine::{
    After, Before, CycleEnd, Failures, QUARANTINE_LIMIT, after_cycle, is_large_share, outlasted,
    too_many_failures,
};
pub use scope::{Entitlement, Leaving, Scope};
pub use view::SourceView;
