//! Reading clusters, a hundred a call, and the container instances of those that have any.

use aws_sdk_ecs::operation::describe_clusters::DescribeClustersInput;
use aws_sdk_ecs::operation::describe_container_instances::DescribeContainerInstancesInput;
use aws_sdk_ecs::operation::list_container_instances::ListContainerInstancesInput;
use aws_sdk_ecs::types::{Cluster, ClusterField, ContainerInstance, ContainerInstanceField};

use crate::aws::account::Target;
use crate::aws::call::built;
use crate::aws::error::AwsError;
use crate::observer::Shared;
use crate::observer::keeper::Keeper;
use crate::observer::parts::Parts;
use crate::observer::subject::{Before, ClusterKey, ClusterView, Depth, Found, Subject};

/// The most clusters, and instances, that one describe call takes (ecs-semantics.md §1.1, §1.2).
const BATCH: usize = 100;
/// No list is followed further.
const MOST_PAGES: usize = 100;

impl Subject for ClusterKey {
    type View = ClusterView;
    const NAME: &'static str = "cluster";
    const BATCH: usize = BATCH;

    fn same(one: &ClusterView, other: &ClusterView) -> bool {
        one.cluster == other.cluster
            && one.instances == other.instances
            && one.instances_known == other.instances_known
    }

    fn is_moving(view: &ClusterView) -> bool {
        view.moves()
    }

    fn exists(view: &ClusterView) -> bool {
        view.cluster
            .as_ref()
            .is_some_and(|cluster| cluster.status() != Some("INACTIVE"))
    }

    fn is_partial(view: &ClusterView) -> bool {
        !view.instances_known
    }

    fn keeper(shared: &Shared) -> &Keeper<Self> {
        &shared.clusters
    }

    fn touched(shared: &Shared, cluster: &Self) {
        shared
            .services
            .expire(|key, view| view.cluster_missing && key.cluster == cluster.cluster);
    }

    async fn read(shared: &Shared, keys: Vec<Self>, before: Before<Self>, depth: Depth) -> Found<Self> {
        let mut found = Found::<Self>::new();
        for batch in keys.chunks(BATCH) {
            found.extend(describe(shared, batch.to_vec()).await);
        }
        for (key, view) in &mut found {
            let Ok(known) = view else { continue };
            let has_instances = known
                .cluster
                .as_ref()
                .is_some_and(|cluster| cluster.registered_container_instances_count() > 0);
            if !has_instances {
                known.instances_known = true;
            } else if depth == Depth::Full {
                match instances(&shared.target, &key.cluster).await {
                    Ok(instances) => {
                        known.instances = instances;
                        known.instances_known = true;
                    }
                    Err(error) => *view = Err(error),
                }
            } else if let Some(before) = before.get(key) {
                known.instances.clone_from(&before.instances);
                known.instances_known = before.instances_known;
            }
        }
        found
    }
}

/// Describes one batch, in ever smaller parts while ECS refuses the whole.
async fn describe(shared: &Shared, batch: Vec<ClusterKey>) -> Found<ClusterKey> {
    let mut found = Found::<ClusterKey>::new();
    let mut parts = Parts::of(batch);
    while let Some(part) = parts.next_part() {
        let observed_at = shared.now();
        match describe_once(&shared.target, &part).await {
            Ok(clusters) => {
                parts.answered();
                // ECS calls a cluster that it does not know a failure MISSING: all that is not described is not there.
                let view = |key: &ClusterKey| {
                    let cluster = clusters
                        .iter()
                        .find(|cluster| is_named(cluster, &key.cluster))
                        .cloned();
                    ClusterView {
                        cluster,
                        instances: Vec::new(),
                        observed_at,
                        instances_known: false,
                    }
                };
                found.extend(part.into_iter().map(|key| {
                    let view = view(&key);
                    (key, Ok(view))
                }));
            }
            Err(error) => {
                let refused = parts.refused(part, &error);
                found.extend(refused.into_iter().map(|key| (key, Err(error.clone()))));
            }
        }
    }
    found
}

async fn describe_once(target: &Target, part: &[ClusterKey]) -> Result<Vec<Cluster>, AwsError> {
    let fields = [
        ClusterField::Attachments,
        ClusterField::Configurations,
        ClusterField::Settings,
        ClusterField::Statistics,
        ClusterField::Tags,
    ];
    let input = DescribeClustersInput::builder()
        .set_clusters(Some(part.iter().map(|key| key.cluster.clone()).collect()))
        .set_include(Some(fields.into()))
        .build();
    let answer = target.call(built("DescribeClusters", input)?).await?;
    Ok(answer.clusters.unwrap_or_default())
}

fn is_named(cluster: &Cluster, name: &str) -> bool {
    cluster.cluster_name() == Some(name) || cluster.cluster_arn() == Some(name)
}

async fn instances(target: &Target, cluster: &str) -> Result<Vec<ContainerInstance>, AwsError> {
    let mut arns = Vec::new();
    let mut token = None;
    for _ in 0..MOST_PAGES {
        let input = ListContainerInstancesInput::builder()
            .cluster(cluster)
            .set_next_token(token)
            .build();
        let page = target.call(built("ListContainerInstances", input)?).await?;
        arns.extend(page.container_instance_arns.unwrap_or_default());
        token = page.next_token;
        if token.is_none() {
            break;
        }
    }
    let mut instances = Vec::new();
    for batch in arns.chunks(BATCH) {
        let input = DescribeContainerInstancesInput::builder()
            .cluster(cluster)
            .set_container_instances(Some(batch.to_vec()))
            .include(ContainerInstanceField::Tags)
            .build();
        let answer = target.call(built("DescribeContainerInstances", input)?).await?;
        instances.extend(answer.container_instances.unwrap_or_default());
    }
    instances.sort_by(|one, other| one.container_instance_arn.cmp(&other.container_instance_arn));
    Ok(instances)
}
