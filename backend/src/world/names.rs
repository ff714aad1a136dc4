//! Names and ARNs: who a realm belongs to, how its resources' ARNs read, and what a caller's "name or ARN" means.
//!
//! ECS takes a short name or a full ARN wherever it takes a reference; an ARN of another account or region, or one that is
//! malformed, is an invalid parameter (ecs-semantics.md §0.2).

use ecs_model::arn::partition_of;
use serde::{Deserialize, Serialize};

use super::store::{ClusterRecord, DefinitionRecord, Realm, ServiceKey};
use crate::fault::Fault;

/// The account that a server without other information works for (design.md §5).
pub const DEFAULT_ACCOUNT: &str = "123456789012";

/// The cluster that is meant when a call names none (ecs-semantics.md §0.2).
pub const DEFAULT_CLUSTER: &str = "default";

/// An account and a region.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RealmId {
    /// The 12 digits of the account.
    pub account: String,
    /// For example `eu-west-1`.
    pub region: String,
}

impl RealmId {
    /// The partition that the region belongs to, for example `aws` or `aws-cn`.
    pub fn partition(&self) -> &'static str {
        partition_of(&self.region)
    }

    /// The ARN of an ECS resource, from its tail: `cluster/web`.
    pub fn arn(&self, tail: &str) -> String {
        format!(
            "arn:{}:ecs:{}:{}:{tail}",
            self.partition(),
            self.region,
            self.account
        )
    }

    /// What follows `<kind>/` in an ARN of this realm; a reference that is no ARN is returned as it is.
    ///
    /// # Errors
    /// `InvalidParameterException` if the ARN is malformed, of another realm, or of another kind of resource.
    pub fn tail<'a>(&self, reference: &'a str, kind: &str) -> Result<&'a str, Fault> {
        if !reference.starts_with("arn:") {
            return Ok(reference);
        }
        let mut parts = reference.splitn(6, ':').skip(2);
        let (service, region, account) = (parts.next(), parts.next(), parts.next());
        let resource = parts.next().and_then(|resource| resource.split_once('/'));
        if let Some(account) = account.filter(|account| *account != self.account) {
            let own = &self.account;
            return Err(Fault::invalid(format!(
                "Identifier is for {account}. Your accountId is {own}"
            )));
        }
        if let Some(region) = region.filter(|region| *region != self.region) {
            let own = &self.region;
            return Err(Fault::invalid(format!(
                "Identifier is for {region}. Your region is {own}"
            )));
        }
        match resource {
            Some((found, tail)) if service == Some("ecs") && found == kind && !tail.is_empty() => Ok(tail),
            _ => Err(Fault::invalid(format!(
                "Invalid identifier: {reference} is not the ARN of a {kind}, such as {}",
                self.arn(&format!("{kind}/…"))
            ))),
        }
    }
}

impl Realm {
    /// The ARN of a resource of this realm, from its tail: `cluster/web`.
    pub fn arn(&self, tail: &str) -> String {
        self.id.arn(tail)
    }

    /// The name of the cluster that a call means, whether it exists or not; none named means `default`.
    ///
    /// # Errors
    /// As [`RealmId::tail`].
    pub fn cluster_name(&self, reference: Option<&str>) -> Result<String, Fault> {
        let reference = reference
            .filter(|reference| !reference.is_empty())
            .unwrap_or(DEFAULT_CLUSTER);
        Ok(self.id.tail(reference, "cluster")?.to_owned())
    }

    /// The ACTIVE cluster of this name.
    ///
    /// # Errors
    /// `ClusterNotFoundException` if there is none; it says so of one that was deleted and is still visible.
    pub fn active_cluster(&self, name: &str) -> Result<&ClusterRecord, Fault> {
        match self.clusters.get(name) {
            Some(record) if record.is_active() => Ok(record),
            Some(record) if !record.is_present() => Err(Fault::cluster_inactive()),
            _ => Err(Fault::cluster_not_found()),
        }
    }

    /// As [`Realm::active_cluster`], to change it.
    ///
    /// # Errors
    /// As [`Realm::active_cluster`].
    pub fn active_cluster_mut(&mut self, name: &str) -> Result<&mut ClusterRecord, Fault> {
        self.active_cluster(name)?;
        self.clusters.get_mut(name).ok_or_else(Fault::cluster_not_found)
    }

    /// The name of the ACTIVE cluster that a call means; none named means `default`.
    ///
    /// # Errors
    /// As [`Realm::cluster_name`] and [`Realm::active_cluster`], and `InvalidParameterException` for what cannot be a name
    /// (ecs-semantics.md §0.3).
    pub fn require_cluster(&self, reference: Option<&str>) -> Result<String, Fault> {
        let name = self.cluster_name(reference)?;
        let legal = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
        if name.chars().count() > 255 || !name.chars().all(legal) {
            return Err(Fault::invalid(format!(
                r"Cluster must match ^[a-zA-Z0-9\-_]{{1,255}}$, but was {name}"
            )));
        }
        self.active_cluster(&name)?;
        Ok(name)
    }

    /// What follows `<kind>/` in a reference to something within a cluster: a task, a container instance or a service, by id
    /// or name, long ARN (`<kind>/<cluster>/<id>`) or old short ARN (`<kind>/<id>`). The ARN does not say which cluster a call
    /// means: that is the one that it names, or `default` (ecs-semantics.md §0.2).
    ///
    /// # Errors
    /// `InvalidParameterException` if the ARN is malformed, or names another cluster.
    pub fn id_in_cluster<'a>(&self, reference: &'a str, kind: &str, cluster: &str) -> Result<&'a str, Fault> {
        let tail = self.id.tail(reference, kind)?;
        match tail.split_once('/') {
            Some((other, _)) if reference.starts_with("arn:") && other != cluster => Err(Fault::invalid(
                format!("Invalid identifier: Identifier is for cluster {other}. Your cluster is {cluster}"),
            )),
            Some((_, id)) if reference.starts_with("arn:") => Ok(id),
            _ => Ok(tail),
        }
    }

    /// References to tasks or container instances have ids of a length that ECS gives: 32 hexadecimal digits, or the 36
    /// characters of a UUID of old (ecs-semantics.md §0.2). `what` is what ECS calls such an id.
    ///
    /// # Errors
    /// As [`Realm::id_in_cluster`], and `InvalidParameterException` for an id of another length.
    pub fn check_ids(
        &self,
        references: &[String],
        kind: &str,
        cluster: &str,
        what: &str,
    ) -> Result<(), Fault> {
        for reference in references {
            let id = self.id_in_cluster(reference, kind, cluster)?;
            if !matches!(id.len(), 32 | 36) {
                return Err(Fault::invalid(format!("{what} length should be one of [32,36]")));
            }
        }
        Ok(())
    }

    /// The key of the service that a reference within a cluster means, whether it exists or not.
    ///
    /// # Errors
    /// As [`Realm::id_in_cluster`].
    pub fn service_key(&self, reference: &str, cluster: &str) -> Result<ServiceKey, Fault> {
        let service = self.id_in_cluster(reference, "service", cluster)?.to_owned();
        Ok(ServiceKey {
            cluster: cluster.to_owned(),
            service,
        })
    }

    /// The revision that `family`, `family:revision` or an ARN means, ACTIVE or not. A bare family means its newest ACTIVE
    /// revision at the time of the call (ecs-semantics.md §2.13).
    ///
    /// # Errors
    /// `InvalidParameterException` for a malformed or foreign ARN. What does not exist is `Ok(None)`, since each operation has
    /// words of its own for it.
    pub fn find_definition(&self, reference: &str) -> Result<Option<&DefinitionRecord>, Fault> {
        let tail = self.id.tail(reference, "task-definition")?;
        Ok(match tail.split_once(':') {
            Some((family, revision)) => revision
                .parse::<i32>()
                .ok()
                .and_then(|revision| self.families.get(family)?.revisions.get(&revision)),
            None => self.newest_active(tail),
        })
    }

    /// The newest ACTIVE revision of a family.
    pub fn newest_active(&self, family: &str) -> Option<&DefinitionRecord> {
        let mut newest_first = self.families.get(family)?.revisions.values().rev();
        newest_first.find(|record| record.is_active())
    }

    /// The ACTIVE revision that a reference means, as `RunTask`, `CreateService` and `UpdateService` need it.
    ///
    /// # Errors
    /// `ClientException` `TaskDefinition not found.` or `TaskDefinition is inactive` (ecs-semantics.md §2.13).
    pub fn require_definition(&self, reference: &str) -> Result<&DefinitionRecord, Fault> {
        let found = self
            .find_definition(reference)?
            .ok_or_else(|| Fault::client("TaskDefinition not found."))?;
        if found.is_active() {
            Ok(found)
        } else {
            Err(Fault::client("TaskDefinition is inactive"))
        }
    }
}

impl DefinitionRecord {
    /// Whether the revision may be used for new tasks and services.
    pub fn is_active(&self) -> bool {
        self.definition.status == Some(aws_sdk_ecs::types::TaskDefinitionStatus::Active)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_are_of_the_region_s_partition() {
        for (region, arn) in [
            ("eu-west-1", "arn:aws:ecs:eu-west-1:123456789012:cluster/web"),
            ("cn-north-1", "arn:aws-cn:ecs:cn-north-1:123456789012:cluster/web"),
            (
                "us-iso-east-1",
                "arn:aws-iso:ecs:us-iso-east-1:123456789012:cluster/web",
            ),
            (
                "eusc-de-east-1",
                "arn:aws-eusc:ecs:eusc-de-east-1:123456789012:cluster/web",
            ),
        ] {
            let id = RealmId {
                account: "123456789012".into(),
                region: region.into(),
            };
            assert_eq!(id.arn("cluster/web"), arn);
        }
    }

    #[test]
    fn a_reference_is_a_name_or_an_arn_of_this_realm() {
        let id = RealmId {
            account: "123456789012".into(),
            region: "eu-west-1".into(),
        };
        let cases = [
            ("web", Ok("web")),
            ("arn:aws:ecs:eu-west-1:123456789012:cluster/web", Ok("web")),
            (
                "arn:aws:ecs:eu-west-2:123456789012:cluster/web",
                Err("Identifier is for eu-west-2. Your region is eu-west-1"),
            ),
            (
                "arn:aws:ecs:eu-west-1:999999999999:cluster/web",
                Err("Identifier is for 999999999999. Your accountId is 123456789012"),
            ),
            (
                "arn:aws:ecs:eu-west-1:123456789012:service/web",
                Err(
                    "Invalid identifier: arn:aws:ecs:eu-west-1:123456789012:service/web is not the ARN of a cluster, such as arn:aws:ecs:eu-west-1:123456789012:cluster/…",
                ),
            ),
            (
                "arn:",
                Err(
                    "Invalid identifier: arn: is not the ARN of a cluster, such as arn:aws:ecs:eu-west-1:123456789012:cluster/…",
                ),
            ),
        ];
        for (reference, expected) in cases {
            let found = id.tail(reference, "cluster").map_err(|fault| fault.message);
            assert_eq!(found, expected.map_err(str::to_owned), "{reference}");
        }
    }
}
