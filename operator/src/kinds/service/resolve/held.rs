//! Why an object that a service refers to cannot be used yet. Pure.

use ecs_crds::conditions::{self, Type};
use ecs_crds::policy::Management;
use ecs_crds::status::CommonStatus;
use ecs_crds::{EcsCluster, EcsClusterStatus};
use kube::ResourceExt;

use crate::kinds::service::desired::Held;

/// An object of another account or region cannot be used; `home` is the account's own region.
pub fn elsewhere(object: &str, theirs: &Management, ours: &Management, home: Option<&str>) -> Option<Held> {
    (!theirs.is_where(ours, home)).then(|| {
        let place = |management: &Management| {
            let region = management
                .region
                .as_deref()
                .map(|region| format!(", region {region}"))
                .unwrap_or_default();
            format!("account {}{region}", management.account())
        };
        let message = format!(
            "{object} is in {}, and this service in {}; both have to be in one place",
            place(theirs),
            place(ours)
        );
        Held {
            message,
            stalled: true,
        }
    })
}

/// ECS runs services only on providers that the cluster has.
pub fn unassociated(provider: &str, cluster: &EcsCluster) -> Option<Held> {
    let has = |status: &EcsClusterStatus| status.capacity_providers.iter().any(|name| name == provider);
    let object = cluster.name_any();
    (!cluster.status.as_ref().is_some_and(has)).then(|| Held {
        message: format!("EcsCluster {object} does not have the capacity provider {provider} in ECS yet"),
        stalled: false,
    })
}

/// What an object that is not ready says itself, if it needs a person.
pub fn not_ready(object: &str, what: &str, status: Option<&CommonStatus>, generation: Option<i64>) -> Held {
    let conditions = status
        .map(|status| status.conditions.as_slice())
        .unwrap_or_default();
    let stalled = conditions::is_true_of(conditions, Type::Stalled, generation.unwrap_or_default());
    let words = conditions::find(conditions, Type::Ready)
        .filter(|_| stalled)
        .map(|ready| format!(": {}", ready.message));
    Held {
        message: format!("{object} {what}{}", words.unwrap_or_default()),
        stalled,
    }
}

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
