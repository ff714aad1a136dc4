//! Reading task definitions. ECS has no batch for them, and a revision hardly changes; so they are read seldom.

use aws_sdk_ecs::operation::describe_task_definition::DescribeTaskDefinitionInput;
use aws_sdk_ecs::types::{TaskDefinitionField, TaskDefinitionStatus};
use futures::StreamExt;
use futures::stream;

use crate::aws::call::built;
use crate::aws::error::{AwsError, Class};
use crate::observer::Shared;
use crate::observer::keeper::Keeper;
use crate::observer::subject::{Before, DefinitionKey, DefinitionView, Depth, Found, Subject};

/// Calls that are under way at once.
const ABREAST: usize = 4;

impl Subject for DefinitionKey {
    type View = DefinitionView;
    const NAME: &'static str = "task_definition";
    const STEADIER: u32 = 5;
    const BATCH: usize = 1;

    fn same(one: &DefinitionView, other: &DefinitionView) -> bool {
        one.definition == other.definition && one.tags == other.tags
    }

    fn is_moving(view: &DefinitionView) -> bool {
        let status = view
            .definition
            .as_ref()
            .and_then(|definition| definition.status());
        status == Some(&TaskDefinitionStatus::DeleteInProgress)
    }

    fn exists(view: &DefinitionView) -> bool {
        view.definition.is_some()
    }

    fn keeper(shared: &Shared) -> &Keeper<Self> {
        &shared.definitions
    }

    async fn read(shared: &Shared, keys: Vec<Self>, _: Before<Self>, _: Depth) -> Found<Self> {
        let reads = stream::iter(keys).map(|key| async move {
            let view = describe(shared, &key).await;
            (key, view)
        });
        reads.buffered(ABREAST).collect().await
    }
}

async fn describe(shared: &Shared, key: &DefinitionKey) -> Result<DefinitionView, AwsError> {
    let observed_at = shared.now();
    let input = DescribeTaskDefinitionInput::builder()
        .task_definition(&key.definition)
        .include(TaskDefinitionField::Tags)
        .build();
    match shared.target.call(built("DescribeTaskDefinition", input)?).await {
        Ok(answer) => Ok(DefinitionView {
            definition: answer.task_definition,
            tags: answer.tags.unwrap_or_default(),
            observed_at,
        }),
        Err(error) if error.class == Class::NotFound => Ok(DefinitionView {
            definition: None,
            tags: Vec::new(),
            observed_at,
        }),
        Err(error) => Err(error),
    }
}
