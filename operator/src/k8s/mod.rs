//! The rim around Kubernetes: everything about controllers that is the same for every kind. It knows nothing of AWS.

pub mod backoff;
pub mod census;
pub mod controller;
pub mod crds;
pub mod events;
pub mod face;
#[cfg(test)]
pub(crate) mod fake;
pub mod finalize;
pub mod guard;
pub mod index;
pub mod joined;
pub mod namespaces;
pub mod object;
pub mod status;
pub mod stores;
pub mod tracker;
pub mod trigger;
pub mod wakes;
