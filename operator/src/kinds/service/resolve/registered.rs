//! Whether a definition's newest spec is registered. Pure.

use ecs_crds::conditions::{self, Type};
use ecs_crds::status::CommonStatus;

/// Whether a definition's ARN is that of its newest spec. It is Synced then, and Ready once the services that follow it know.
pub fn is_registered(status: &CommonStatus, generation: i64) -> bool {
    let is = |type_| conditions::is_true_of(&status.conditions, type_, generation);
    is(Type::Synced) || (status.observed_generation == generation && !is_behind(status, generation))
}

/// Whether a definition says that its newest spec is not registered although it was looked at.
fn is_behind(status: &CommonStatus, generation: i64) -> bool {
    !conditions::is_true_of(&status.conditions, Type::Ready, generation)
        && conditions::find(&status.conditions, Type::Synced).is_some_and(|synced| synced.status != "True")
}
