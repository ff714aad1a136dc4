//! `ListClusters`.

use aws_sdk_ecs::operation::list_clusters::{ListClustersInput, ListClustersOutput};

use crate::fault::Fault;
use crate::ops::Operation;
use crate::ops::page::page;
use crate::world::Realm;

impl Operation for ListClustersInput {
    type Output = ListClustersOutput;

    /// INACTIVE clusters are not listed (ecs-semantics.md §1.1).
    fn apply(self, realm: &mut Realm) -> Result<Self::Output, Fault> {
        let arns = realm
            .clusters
            .values()
            .filter(|record| record.is_present())
            .filter_map(|record| record.cluster.cluster_arn.clone())
            .collect();
        let (arns, next) = page(arns, self.next_token(), self.max_results(), 100)?;
        Ok(ListClustersOutput::builder()
            .set_cluster_arns(Some(arns))
            .set_next_token(next)
            .build())
    }
}
