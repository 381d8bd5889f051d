//! Decides what one object needs in the target: scope, matching, mapping, difference, guards; pure functions.
//!
//! A cycle asks, for one source object, in this order: is it entitled ([`Scope::judge`]), what does the mapping say
//! it should look like ([`CompiledMapping`]), and what follows from that and from the link ([`decide`]). The answer
//! is a [`Decision`]; carrying it out, and writing down that it was, is the business of the `worker`.

mod affected;
mod decide;
mod due;
mod error;
mod escrow;
mod failures;
mod filter;
mod fingerprint;
mod guard;
mod known;
mod mapping;
mod quarantine;
mod scope;
mod target;
mod target_check;
mod view;

pub use affected::{Affected, KeyBounds, Reevaluation, applied, configuration_key, hash_for, key_ranges};
pub use decide::{Case, Decision, Reference, decide};
pub use due::{drift_goes_first, next_drift};
pub use error::ConfigurationError;
pub use escrow::{GIVE_UP_AFTER, fail};
pub use failures::{Failures, fewest_failures, is_large_share, too_many_failures};
pub use filter::Filters;
pub use fingerprint::fingerprint;
pub use guard::{Planned, Refusal, enough, hold, judge, let_through, pass, renames};
pub use known::{compile, is_known_attribute, known_attributes, validate};
pub use mapping::{
    Answers, Changes, CompiledMapping, Desired, Drifted, MappingFailure, MatchingValue, Outside, Question,
    Subject, Tables, redact,
};
pub use quarantine::{After, Before, CycleEnd, QUARANTINE_LIMIT, after_cycle, outlasted};
pub use scope::{Entitlement, Leaving, Scope};
pub use target::{Listed, MOST_ATTRIBUTES, TargetList, attribute_key, check_target_schema, described};
pub use view::SourceView;
