//! ECS's request rates: a token bucket for each family of operations, account and region (ecs-semantics.md §7.1).
//!
//! The numbers are those of AWS's page "Request throttling for the Amazon ECS API". The operator has a table of its own
//! (`operator/src/aws/operation.rs`), since neither crate may import the other. For each operation that both name, the two have the
//! same numbers. They differ in what that page does not name: the operator pays for it from its bucket for changing services, to be
//! rather too slow; here it is paid from the agents' bucket, the largest, so as not to refuse what ECS may take. Beside the agents'
//! `DiscoverPollEndpoint`, task sets and the stopping of a deployment are with their families although the page leaves them out.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::fault::Fault;
use crate::world::RealmId;

/// A family of operations that share a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Family {
    /// What it is called here.
    pub name: &'static str,
    /// How many calls a full bucket holds.
    pub burst: u32,
    /// How many calls come back each second.
    pub per_second: u32,
    /// The operations; of the last family, all that no other names too.
    pub operations: &'static [&'static str],
}

macro_rules! families {
    ($($name:literal: $burst:literal, $rate:literal; $($operation:literal),*;)*) => {
        &[$(Family { name: $name, burst: $burst, per_second: $rate, operations: &[$($operation),*] }),*]
    };
}

/// The table of §7.1. An operation that it does not name shares the last bucket, that of the agents.
pub const FAMILIES: &[Family] = families! {
    "cluster modify": 20, 1; "CreateCluster", "DeleteCluster", "UpdateCluster", "UpdateClusterSettings", "PutClusterCapacityProviders";
    "cluster read": 50, 20; "DescribeClusters", "ListClusters";
    "task definition modify": 20, 1; "RegisterTaskDefinition", "DeregisterTaskDefinition";
    "task definition read": 50, 20; "DescribeTaskDefinition", "ListTaskDefinitions", "ListTaskDefinitionFamilies";
    "task definition delete": 5, 1; "DeleteTaskDefinitions";
    "capacity provider modify": 10, 1; "CreateCapacityProvider", "UpdateCapacityProvider", "DeleteCapacityProvider";
    "capacity provider read": 50, 20; "DescribeCapacityProviders";
    "tag modify": 20, 10; "TagResource", "UntagResource";
    "tag read": 50, 20; "ListTagsForResource";
    "settings modify": 10, 1; "PutAccountSetting", "PutAccountSettingDefault", "DeleteAccountSetting";
    "settings read": 50, 20; "ListAccountSettings";
    "cluster resource modify": 100, 40; "RunTask", "StartTask", "StopTask", "ExecuteCommand", "DeregisterContainerInstance", "UpdateContainerAgent", "UpdateContainerInstancesState", "PutAttributes", "DeleteAttributes";
    "cluster resource read": 100, 20; "DescribeTasks", "ListTasks", "DescribeContainerInstances", "ListContainerInstances", "ListAttributes";
    "service modify": 50, 5; "CreateService", "UpdateService", "DeleteService", "CreateTaskSet", "UpdateTaskSet", "DeleteTaskSet", "UpdateServicePrimaryTaskSet";
    "service read": 100, 20; "DescribeServices", "ListServices", "DescribeTaskSets";
    "service deployment": 50, 20; "ListServiceDeployments", "DescribeServiceDeployments", "StopServiceDeployment", "ContinueServiceDeployment";
    "service revision": 50, 20; "DescribeServiceRevisions";
    "task protection": 200, 80; "GetTaskProtection", "UpdateTaskProtection";
    "namespace": 10, 1; "ListServicesByNamespace";
    "agent modify": 200, 120; "RegisterContainerInstance", "DiscoverPollEndpoint", "SubmitTaskStateChange", "SubmitContainerStateChange", "SubmitAttachmentStateChanges";
};

/// The buckets of all realms.
#[derive(Debug, Clone, Default)]
pub struct Buckets {
    levels: BTreeMap<(RealmId, &'static str), Level>,
}

#[derive(Debug, Clone, Copy)]
struct Level {
    calls: f64,
    at: Timestamp,
}

impl Buckets {
    /// Takes a call from the bucket of its family.
    ///
    /// # Errors
    /// `ThrottlingException` if the bucket is empty.
    pub fn take(&mut self, realm: &RealmId, operation: &str, now: Timestamp) -> Result<(), Fault> {
        let Some(family) = family(operation) else {
            return Ok(());
        };
        let full = Level {
            calls: family.burst.into(),
            at: now,
        };
        let level = self.levels.entry((realm.clone(), family.name)).or_insert(full);
        let passed = now.duration_since(level.at).as_secs_f64().max(0.0);
        level.calls = f64::from(family.burst).min(level.calls + passed * f64::from(family.per_second));
        level.at = level.at.max(now);
        if level.calls < 1.0 {
            return Err(Fault::common("ThrottlingException", "Rate exceeded"));
        }
        level.calls -= 1.0;
        Ok(())
    }
}

/// The family of an operation.
pub fn family(operation: &str) -> Option<&'static Family> {
    FAMILIES
        .iter()
        .find(|family| family.operations.contains(&operation))
        .or_else(|| FAMILIES.last())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_burst_is_taken_then_the_rate_counts() {
        let realm = RealmId {
            account: "1".into(),
            region: "a".into(),
        };
        let other = RealmId {
            account: "1".into(),
            region: "b".into(),
        };
        let at = |millis| Timestamp::from_millisecond(millis).unwrap();
        let mut buckets = Buckets::default();
        let taken = (0..100)
            .filter(|_| buckets.take(&realm, "CreateCluster", at(0)).is_ok())
            .count();
        assert_eq!(taken, 20);
        let refused = buckets.take(&realm, "CreateCluster", at(999)).unwrap_err();
        assert_eq!(
            (refused.code.as_str(), refused.message.as_str(), refused.status),
            ("ThrottlingException", "Rate exceeded", 400)
        );
        assert_eq!(buckets.take(&realm, "CreateCluster", at(2000)), Ok(()));
        assert_eq!(buckets.take(&realm, "DescribeClusters", at(2000)), Ok(()));
        assert_eq!(buckets.take(&other, "CreateCluster", at(2000)), Ok(()));
    }

    /// What AWS's page says, by the names of operations; these are all of the operator's too, in the same numbers.
    #[test]
    fn the_operations_of_the_operator_have_the_rates_of_aws_s_page() {
        for (operations, burst, per_second) in [
            (
                "CreateCluster DeleteCluster UpdateCluster UpdateClusterSettings PutClusterCapacityProviders",
                20,
                1,
            ),
            (
                "DescribeClusters DescribeTaskDefinition ListTaskDefinitions DescribeCapacityProviders",
                50,
                20,
            ),
            ("RegisterTaskDefinition DeregisterTaskDefinition", 20, 1),
            ("DeleteTaskDefinitions", 5, 1),
            (
                "CreateCapacityProvider UpdateCapacityProvider DeleteCapacityProvider",
                10,
                1,
            ),
            ("TagResource UntagResource", 20, 10),
            (
                "DescribeTasks ListTasks DescribeContainerInstances ListContainerInstances",
                100,
                20,
            ),
            ("CreateService UpdateService DeleteService", 50, 5),
            ("DescribeServices", 100, 20),
            (
                "ListServiceDeployments DescribeServiceDeployments DescribeServiceRevisions",
                50,
                20,
            ),
        ] {
            for operation in operations.split(' ') {
                let family = family(operation).unwrap();
                assert_eq!(
                    (family.burst, family.per_second),
                    (burst, per_second),
                    "{operation}"
                );
            }
        }
    }

    #[test]
    fn the_table_names_operations_of_the_api_once() {
        let mut seen = BTreeSet::new();
        for operation in FAMILIES.iter().flat_map(|family| family.operations) {
            assert!(
                ecs_model::facts::model().operation(operation).is_some(),
                "{operation}"
            );
            assert!(seen.insert(operation), "{operation} twice");
        }
        assert_eq!(family("RegisterContainerInstance").unwrap().name, "agent modify");
    }
}
