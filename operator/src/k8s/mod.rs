//! The rim around Kubernetes: everything about controllers that is the same for every kind. It knows nothing of AWS.

pub mod backoff;
pub mod events;
pub mod finalize;
pub mod index;
pub mod object;
pub mod status;
pub mod wakes;
