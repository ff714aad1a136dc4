//! Writes `spec.desiredCount` once where nobody did, because HPA cannot read a scale whose path is absent (design.md §2.4,
//! engineering.md §8.4). It is the only thing that we ever write into a spec.

use aws_sdk_ecs::types::Service;
use ecs_crds::EcsService;
use kube::api::{Patch, PatchParams};
use kube::{Resource, ResourceExt};
use serde_json::json;

use crate::context::Ctx;
use crate::error::{Error, Result};
use crate::kinds::service::desired::Count;
use crate::observer::ServiceView;

/// The field manager of this one field, so that anybody's apply takes it over.
const FIELD_MANAGER: &str = "ecs-operator/desired-count";

/// The annotation that says that it was done, and so is not done again.
pub const SEEDED: &str = "ecs-operator.dev/desired-count-seeded";

/// Whether the count has to be written into the spec.
pub fn is_due(service: &EcsService, count: Count) -> bool {
    matches!(count, Count::AtCreation(_)) && !service.annotations().contains_key(SEEDED)
}

/// Writes the count that ECS has.
///
/// # Errors
/// When the API server refuses. That somebody else wrote a count meanwhile is no error: theirs stands.
pub async fn seed(service: &EcsService, view: &ServiceView, ctx: &Ctx) -> Result<()> {
    let count = view.service.as_ref().map_or(1, Service::desired_count);
    let body = json!({
        "apiVersion": EcsService::api_version(&()),
        "kind": EcsService::kind(&()),
        "metadata": { "name": service.name_any(), "uid": service.uid(), "annotations": { SEEDED: "true" } },
        "spec": { "desiredCount": count },
    });
    let apply = PatchParams::apply(FIELD_MANAGER);
    match ctx
        .api(service)
        .patch(&service.name_any(), &apply, &Patch::Apply(&body))
        .await
    {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.is_conflict() || status.is_not_found() => Ok(()),
        Err(error) => Err(Error::kubernetes("writing the desired count", error)),
    }
}
