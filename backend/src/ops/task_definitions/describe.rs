//! `DescribeTaskDefinition`.

use aws_sdk_ecs::operation::describe_task_definition::{
    DescribeTaskDefinitionInput, DescribeTaskDefinitionOutput,
};
use aws_sdk_ecs::types::TaskDefinitionField;

use crate::fault::Fault;
use crate::ops::Operation;
use crate::world::Realm;

impl Operation for DescribeTaskDefinitionInput {
    type Output = DescribeTaskDefinitionOutput;

    /// INACTIVE revisions are described too, as long as they are named with their number (ecs-semantics.md §2.13).
    fn apply(self, realm: &mut Realm) -> Result<Self::Output, Fault> {
        let reference = self.task_definition().unwrap_or_default();
        let record = realm
            .find_definition(reference)?
            .ok_or_else(|| Fault::client("Unable to describe task definition."))?;
        let with_tags = self.include().contains(&TaskDefinitionField::Tags);
        Ok(DescribeTaskDefinitionOutput::builder()
            .task_definition(record.definition.clone())
            .set_tags(Some(if with_tags { record.tags.clone() } else { vec![] }))
            .build())
    }
}
