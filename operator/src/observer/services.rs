//! Reading services: ten a call, and a batch that ECS refuses is halved until the poisoned name stands alone.

use std::collections::BTreeMap;

use aws_sdk_ecs::operation::describe_services::DescribeServicesInput;
use aws_sdk_ecs::types::{Service, ServiceField};
use ecs_model::arn::name_of;
use futures::StreamExt;
use futures::stream;

use crate::aws::account::Target;
use crate::aws::call::built;
use crate::aws::error::{AwsError, Class};
use crate::observer::keeper::Keeper;
use crate::observer::parts::Parts;
use crate::observer::subject::{Before, Depth, Found, ServiceKey, ServiceView, Subject};
use crate::observer::{Shared, deployments, tasks};

/// The most services that one `DescribeServices` takes (ecs-semantics.md §1.4).
const BATCH: usize = 10;
/// Batches that are under way at once.
const ABREAST: usize = 4;

impl Subject for ServiceKey {
    type View = ServiceView;
    const NAME: &'static str = "service";
    const BATCH: usize = BATCH;

    fn same(one: &ServiceView, other: &ServiceView) -> bool {
        // Compared field by field rather than as a whole, since only the time of looking may differ.
        one.service == other.service
            && one.cluster_missing == other.cluster_missing
            && one.deployments == other.deployments
            && one.revisions == other.revisions
            && one.tasks == other.tasks
            && one.tasks_known == other.tasks_known
    }

    fn is_moving(view: &ServiceView) -> bool {
        view.moves()
    }

    fn is_urgent(view: &ServiceView) -> bool {
        // A missing cluster may stay missing; when it appears, the view expires (see the cluster's `touched`).
        view.is_rolling()
            || view
                .service
                .as_ref()
                .is_some_and(|service| service.status() != Some("ACTIVE"))
    }

    fn exists(view: &ServiceView) -> bool {
        view.service
            .as_ref()
            .is_some_and(|service| service.status() != Some("INACTIVE"))
    }

    fn is_partial(view: &ServiceView) -> bool {
        !view.tasks_known
    }

    fn keeper(shared: &Shared) -> &Keeper<Self> {
        &shared.services
    }

    async fn read(shared: &Shared, keys: Vec<Self>, before: Before<Self>, depth: Depth) -> Found<Self> {
        let mut found = describe_all(shared, keys).await;
        take_over(&mut found, &before);
        deployments::complete(&shared.target, &mut found, &before, depth).await;
        if depth == Depth::Full {
            tasks::complete(shared, &mut found, &before).await;
        }
        found
    }
}

/// What this read does not bring comes from the last one, as long as it is the same service and not a successor.
fn take_over(found: &mut Found<ServiceKey>, before: &Before<ServiceKey>) {
    for (key, view) in found.iter_mut() {
        let (Ok(view), Some(before)) = (view, before.get(key)) else {
            continue;
        };
        if created(view).is_some() && created(view) == created(before) {
            view.tasks.clone_from(&before.tasks);
            view.tasks_known = before.tasks_known;
        }
    }
}

/// A service that was deleted and made again has the same ARN but another time of creation.
pub(super) fn created(view: &ServiceView) -> Option<&aws_sdk_ecs::primitives::DateTime> {
    view.service.as_ref()?.created_at()
}

async fn describe_all(shared: &Shared, keys: Vec<ServiceKey>) -> Found<ServiceKey> {
    let mut by_cluster: BTreeMap<String, Vec<ServiceKey>> = BTreeMap::new();
    for key in keys {
        by_cluster.entry(key.cluster.clone()).or_default().push(key);
    }
    let batches = by_cluster
        .into_values()
        .flat_map(|keys| keys.chunks(BATCH).map(<[ServiceKey]>::to_vec).collect::<Vec<_>>());
    let found: Vec<Found<ServiceKey>> = stream::iter(batches)
        .map(|batch| describe(shared, batch))
        .buffered(ABREAST)
        .collect()
        .await;
    found.into_iter().flatten().collect()
}

/// Describes one batch of one cluster, in ever smaller parts while ECS refuses the whole.
async fn describe(shared: &Shared, batch: Vec<ServiceKey>) -> Found<ServiceKey> {
    let mut found = Found::<ServiceKey>::new();
    let mut parts = Parts::of(batch);
    while let Some(part) = parts.next_part() {
        match describe_once(&shared.target, &part).await {
            Ok(services) => {
                parts.answered();
                found.extend(sorted_out(shared, part, services));
            }
            Err(error) if error.is("ClusterNotFoundException") => {
                found.extend(
                    part.into_iter()
                        .map(|key| (key, Ok(ServiceView::absent(shared.now(), true)))),
                );
            }
            Err(error) => {
                let refused = parts.refused(part, &error);
                found.extend(refused.into_iter().map(|key| (key, Err(error.clone()))));
            }
        }
    }
    found
}

async fn describe_once(target: &Target, part: &[ServiceKey]) -> Result<Described, AwsError> {
    let cluster = part.first().map(|key| key.cluster.clone());
    let names = part.iter().map(|key| key.service.clone()).collect();
    let input = DescribeServicesInput::builder()
        .set_cluster(cluster)
        .set_services(Some(names))
        .include(ServiceField::Tags)
        .build();
    let answer = target.call(built("DescribeServices", input)?).await?;
    let missing = answer.failures.unwrap_or_default();
    Ok(Described {
        services: answer.services.unwrap_or_default(),
        missing: missing.into_iter().filter_map(|failure| failure.arn).collect(),
    })
}

struct Described {
    services: Vec<Service>,
    missing: Vec<String>,
}

/// Gives each key its own; one that ECS neither described nor called missing is an error, not an absence.
fn sorted_out(shared: &Shared, part: Vec<ServiceKey>, mut described: Described) -> Found<ServiceKey> {
    let observed_at = shared.now();
    let view_of = |key: &ServiceKey| {
        let position = described
            .services
            .iter()
            .position(|service| is_named(service, &key.service));
        if let Some(position) = position {
            let mut service = described.services.swap_remove(position);
            fit(&mut service);
            return Ok(ServiceView {
                service: Some(service),
                tasks_known: false,
                ..ServiceView::absent(observed_at, false)
            });
        }
        if described
            .missing
            .iter()
            .any(|arn| name_of(arn) == name_of(&key.service))
        {
            return Ok(ServiceView::absent(observed_at, false));
        }
        Err(AwsError::local(
            "DescribeServices",
            Class::Transient,
            "NoAnswer",
            format!("ECS said nothing about service {}", key.service),
        ))
    };
    let mut view_of = view_of;
    part.into_iter()
        .map(|key| {
            let view = view_of(&key);
            (key, view)
        })
        .collect()
}

/// Gives back what its lists hold in reserve: one is kept for each service, and a reserve of three deployments is 2 kB.
fn fit(service: &mut Service) {
    service.deployments.as_mut().map(Vec::shrink_to_fit);
    service.events.as_mut().map(Vec::shrink_to_fit);
    service.tags.as_mut().map(Vec::shrink_to_fit);
}

fn is_named(service: &Service, name: &str) -> bool {
    service.service_name() == Some(name) || service.service_arn() == Some(name)
}
