//! Runs the cycles of synchronization jobs: schedule, leases, checkpoints; drives the engine over store, source and
//! target.
//!
//! [`Worker::start`] starts the schedule; the [`WorkerHandle`] runs a cycle at once, pauses one, provisions one
//! object on demand and tests a connection. What a cycle does is in this order: users, groups with their members,
//! requests whose answer was lost, references, removals and renames (judged by the guards), objects that met another's account, and
//! lost answers and references once more.

mod assignments;
mod batch;
mod behind;
mod conclusion;
mod confirm;
mod contested;
mod context;
mod cycle;
mod decision;
mod drift;
mod elsewhere;
mod error;
mod everyone;
mod export;
mod guarded;
mod handle;
mod index;
mod intents;
mod lease;
mod leaving;
mod links;
mod matching;
mod members;
mod membership;
mod notices;
mod plan;
mod prefetch;
mod reevaluate;
mod references;
mod schedule;
mod settle;
mod staged;
mod tally;
mod targets;
mod together;
mod unique;
mod waiting;
mod work;

pub use error::Error;
pub use handle::{Options, PAGE, Progress, ResetScope, Worker, WorkerHandle};
pub use notices::Announcer;
pub use plan::{Plan, PlannedEntries};
pub use targets::{DirectoryTargets, Targets};
