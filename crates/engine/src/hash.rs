//! A hash of what decides about an object, that is the same in every build of the program.

use model::{Job, ObjectType};

use crate::target::types_beyond_standard;

/// FNV-1a, 64 bits: stable over builds and machines, which the standard library's hashers do not promise.
fn fnv(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}

/// A hash of everything in a job's configuration that can change what an object of this type should look like: its
/// object mapping, scope, deprovisioning; and, given by the caller, whether the application defines roles.
///
/// A link remembers the hash it was last brought in line with, so that a change of configuration finds the links it
/// touches.
pub fn configuration_hash(job: &Job, object_type: ObjectType, application_has_roles: bool) -> u64 {
    let mappings: Vec<_> =
        job.object_mappings.iter().filter(|mapping| mapping.source_object == object_type).collect();
    let relevant = (
        mappings,
        job.scope,
        job.nested_groups,
        job.exclude_default_access && application_has_roles,
        job.deprovisioning,
        job.service_principal_id,
    );
    let mut bytes = serde_json::to_vec(&relevant).expect("configuration is plain data");
    for mapping in &relevant.0 {
        let types = types_beyond_standard(job, mapping);
        if !types.is_empty() {
            bytes.extend(serde_json::to_vec(&types).expect("names and types are plain data"));
        }
    }
    // Zero means "never applied" in stored links.
    fnv(&bytes).max(1)
}
