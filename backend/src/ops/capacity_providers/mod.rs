//! The capacity providers of an account.

use crate::world::Realm;

/// A provider's creation, update or deletion is done.
pub fn settled(_realm: &mut Realm, _provider: &str) {}
