//! So much is missing at once that an outage or a wrong endpoint is likelier than deletions: then nothing is made again
//! before it is back, or before a person says so (design.md §9, situation 11).

use kube::ResourceExt;

use crate::observer::Observer;

/// The annotation by which a person says that what is missing is to be made again, however much is missing.
pub const RECREATE: &str = "ecs-operator.dev/recreate";

/// Whether what an object stands for must not be made again now, if it was there once.
pub fn is_suspected(object: &impl ResourceExt, observer: &Observer) -> bool {
    observer.looks_emptied() && !object.annotations().contains_key(RECREATE)
}

/// The suspicion, and what ends it, in one sentence.
pub fn suspicion() -> String {
    format!(
        "so many services of this account are missing that an outage or a wrong endpoint is likelier than deletions; nothing is \
         made again before they are back, or before the object is annotated with {RECREATE}"
    )
}
