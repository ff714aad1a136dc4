//! What we know of each operation before it is sent: whether it changes anything, and from which of ECS's request
//! buckets it is paid (ecs-semantics.md §7.1).

/// A bucket of ECS's own rate limiter; one per account and region. Those that pay for what the operator sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// Creating, changing and deleting clusters.
    ClusterModify,
    /// Describing clusters.
    ClusterRead,
    /// Registering and deregistering task definitions.
    DefinitionModify,
    /// Describing and listing task definitions.
    DefinitionRead,
    /// Deleting task definitions.
    DefinitionDelete,
    /// Creating, changing and deleting capacity providers.
    ProviderModify,
    /// Describing capacity providers.
    ProviderRead,
    /// Setting and removing tags.
    TagModify,
    /// Describing and listing tasks and instances.
    ResourceRead,
    /// Creating, changing and deleting services.
    ServiceModify,
    /// Describing services.
    ServiceRead,
    /// Describing and listing service deployments.
    DeploymentRead,
    /// Stopping one, which is seldom. ECS pays it from the bucket of the reads; of its own it does not wait for them.
    DeploymentModify,
    /// Service revisions.
    RevisionRead,
    /// Everything that is not ECS: STS.
    Neighbour,
}

/// A bucket's size and its refill, as ECS documents them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// Requests that may come at once.
    pub burst: f64,
    /// Requests a second, sustained.
    pub per_second: f64,
}

impl Family {
    /// The bucket that pays for `operation`.
    pub fn of(operation: &str) -> Self {
        match operation {
            "CreateCluster"
            | "DeleteCluster"
            | "UpdateCluster"
            | "UpdateClusterSettings"
            | "PutClusterCapacityProviders" => Self::ClusterModify,
            "DescribeClusters" => Self::ClusterRead,
            "RegisterTaskDefinition" | "DeregisterTaskDefinition" => Self::DefinitionModify,
            "DescribeTaskDefinition" | "ListTaskDefinitions" => Self::DefinitionRead,
            "DeleteTaskDefinitions" => Self::DefinitionDelete,
            "CreateCapacityProvider" | "UpdateCapacityProvider" | "DeleteCapacityProvider" => {
                Self::ProviderModify
            }
            "DescribeCapacityProviders" => Self::ProviderRead,
            "TagResource" | "UntagResource" => Self::TagModify,
            "DescribeTasks" | "ListTasks" | "DescribeContainerInstances" | "ListContainerInstances" => {
                Self::ResourceRead
            }
            "DescribeServices" => Self::ServiceRead,
            "ListServiceDeployments" | "DescribeServiceDeployments" => Self::DeploymentRead,
            "StopServiceDeployment" => Self::DeploymentModify,
            "DescribeServiceRevisions" => Self::RevisionRead,
            "GetCallerIdentity" | "AssumeRole" => Self::Neighbour,
            // CreateService, UpdateService, DeleteService; and a tight one for whatever was forgotten above.
            _ => Self::ServiceModify,
        }
    }

    /// Its size and refill, from ecs-semantics.md §7.1.
    pub const fn documented(self) -> Rate {
        let (burst, per_second) = match self {
            Self::ClusterModify | Self::DefinitionModify => (20.0, 1.0),
            Self::DefinitionDelete => (5.0, 1.0),
            Self::ProviderModify => (10.0, 1.0),
            Self::TagModify => (20.0, 10.0),
            Self::ResourceRead | Self::ServiceRead => (100.0, 20.0),
            Self::ServiceModify => (50.0, 5.0),
            Self::DeploymentModify
            | Self::ClusterRead
            | Self::DefinitionRead
            | Self::ProviderRead
            | Self::DeploymentRead
            | Self::RevisionRead
            | Self::Neighbour => (50.0, 20.0),
        };
        Rate { burst, per_second }
    }
}

/// Whether `operation` changes something, so that only the leader may send it.
pub fn mutates(operation: &str) -> bool {
    !(operation.starts_with("Describe")
        || operation.starts_with("List")
        || operation.starts_with("Get")
        || operation == "AssumeRole")
}

/// Whether the SDK may repeat `operation` at once: reads only. Nobody would hear of an attempt that got no answer if the next one
/// got one, and it may be carried out later still.
pub fn repeatable(operation: &str) -> bool {
    !mutates(operation)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::call::SENT;

    #[test]
    fn only_reads_repeat() {
        let cases = [
            ("DescribeServices", false, true),
            ("ListTasks", false, true),
            ("GetCallerIdentity", false, true),
            ("AssumeRole", false, true),
            ("CreateService", true, false),
            ("UpdateService", true, false),
            ("RegisterTaskDefinition", true, false),
            ("TagResource", true, false),
            ("DeleteCluster", true, false),
        ];
        for (operation, mutation, again) in cases {
            assert_eq!(
                (mutates(operation), repeatable(operation)),
                (mutation, again),
                "{operation}"
            );
        }
    }

    #[test]
    fn every_operation_that_is_sent_has_a_bucket_of_its_own_kind() {
        for operation in SENT {
            let family = Family::of(operation);
            let modifies = matches!(
                family,
                Family::ClusterModify
                    | Family::DefinitionModify
                    | Family::DefinitionDelete
                    | Family::ProviderModify
                    | Family::TagModify
                    | Family::DeploymentModify
                    | Family::ServiceModify
            );
            assert_eq!(
                modifies,
                mutates(operation),
                "{operation} is paid from {family:?}"
            );
            assert!(
                family != Family::ServiceModify || operation.ends_with("Service"),
                "{operation} was forgotten"
            );
        }
    }
}
