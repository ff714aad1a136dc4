//! `ListContainerInstances`.

use aws_sdk_ecs::operation::list_container_instances::{
    ListContainerInstancesInput, ListContainerInstancesOutput,
};
use aws_sdk_ecs::types::ContainerInstanceStatus;

use crate::engine::hooks::groups_on;
use crate::fault::Fault;
use crate::ops::Operation;
use crate::ops::page::page;
use crate::placement::Host;
use crate::placement::expression::Expression;
use crate::world::Realm;

impl Operation for ListContainerInstancesInput {
    type Output = ListContainerInstancesOutput;

    /// `filter` is a query in the cluster query language (ecs-semantics.md §5.2).
    fn apply(self, realm: &mut Realm) -> Result<Self::Output, Fault> {
        let cluster = realm.require_cluster(self.cluster())?;
        let filter = self.filter().filter(|filter| !filter.is_empty());
        let query = filter.map(Expression::parse).transpose().map_err(|error| {
            Fault::invalid(format!(
                "The filter is no expression of the cluster query language: {error}"
            ))
        })?;
        let status = self.status().map(ContainerInstanceStatus::as_str);
        let of_cluster = realm
            .container_instances
            .iter()
            .filter(|(_, record)| record.cluster == cluster);
        let listed = of_cluster.filter(|(id, record)| {
            let host = || Host {
                instance: &record.instance,
                groups: groups_on(realm, id),
            };
            status.is_none_or(|status| record.instance.status() == Some(status))
                && query.as_ref().is_none_or(|query| host().satisfies(query))
        });
        let arns = listed
            .filter_map(|(_, record)| record.instance.container_instance_arn.clone())
            .collect();
        let (arns, next) = page(arns, self.next_token(), self.max_results(), 100)?;
        Ok(ListContainerInstancesOutput::builder()
            .set_container_instance_arns(Some(arns))
            .set_next_token(next)
            .build())
    }
}
