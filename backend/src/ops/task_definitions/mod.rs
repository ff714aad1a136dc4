//! Task definitions.

use crate::world::Realm;

/// A definition that was asked to be deleted may be deleted now, if nothing uses it any more.
pub fn deletable(_realm: &mut Realm, _family: &str, _revision: i32) {}
