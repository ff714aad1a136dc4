//! HTTP in front of a [`crate::Server`].
