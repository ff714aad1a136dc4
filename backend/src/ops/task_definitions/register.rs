//! `RegisterTaskDefinition`.

use aws_sdk_ecs::operation::register_task_definition::{
    RegisterTaskDefinitionInput, RegisterTaskDefinitionOutput,
};
use aws_sdk_ecs::types::error::LimitExceededException;
use aws_sdk_ecs::types::{TaskDefinition, TaskDefinitionStatus};

use super::{attributes, compatibility, defaults, rules};
use crate::fault::Fault;
use crate::ops::{Operation, tags};
use crate::world::clock::stamp;
use crate::world::{DefinitionRecord, Realm};

/// The greatest number of a revision (ecs-semantics.md §2.13).
const REVISIONS: i32 = 1_000_000;

impl Operation for RegisterTaskDefinitionInput {
    type Output = RegisterTaskDefinitionOutput;

    /// Every call makes a new revision, even with the same content (ecs-semantics.md §1.3).
    fn apply(self, realm: &mut Realm) -> Result<Self::Output, Fault> {
        rules::check(&self)?;
        tags::rules::check(self.tags()).map_err(|fault| Fault::client(fault.message))?;
        let family = self.family().unwrap_or_default().to_owned();
        let revision = next_revision(realm, &family)?;
        let definition = stored(&self, realm, &family, revision)?;
        let tags = self.tags.unwrap_or_default();
        let record = DefinitionRecord {
            definition: definition.clone(),
            tags: tags.clone(),
        };
        let kept = realm.families.entry(family).or_default();
        kept.last_revision = revision;
        kept.revisions.insert(revision, record);
        Ok(RegisterTaskDefinitionOutput::builder()
            .task_definition(definition)
            .set_tags(Some(tags))
            .build())
    }
}

fn next_revision(realm: &Realm, family: &str) -> Result<i32, Fault> {
    let last = realm
        .families
        .get(family)
        .map_or(0, |family| family.last_revision);
    if last >= REVISIONS {
        let text = format!("The family {family} has reached the limit of {REVISIONS} revisions.");
        return Err(Fault::of(
            &LimitExceededException::builder().message(text).build(),
        ));
    }
    Ok(last + 1)
}

fn stored(
    input: &RegisterTaskDefinitionInput,
    realm: &Realm,
    family: &str,
    revision: i32,
) -> Result<TaskDefinition, Fault> {
    let mode = input.network_mode.as_ref();
    let containers = input.container_definitions().iter().cloned();
    let (cpu, memory) = rules::task_size(input)?;
    Ok(TaskDefinition::builder()
        .task_definition_arn(realm.arn(&format!("task-definition/{family}:{revision}")))
        .set_container_definitions(Some(
            containers.map(|given| defaults::container(mode, given)).collect(),
        ))
        .family(family)
        .set_task_role_arn(input.task_role_arn.clone())
        .set_execution_role_arn(input.execution_role_arn.clone())
        .set_network_mode(input.network_mode.clone())
        .revision(revision)
        .set_volumes(Some(input.volumes().to_vec()))
        .status(TaskDefinitionStatus::Active)
        .set_requires_attributes(Some(attributes::required(input)))
        .set_placement_constraints(Some(input.placement_constraints().to_vec()))
        .set_compatibilities(Some(compatibility::compute(input)))
        .set_runtime_platform(input.runtime_platform.clone())
        .set_requires_compatibilities(input.requires_compatibilities.clone())
        .set_cpu(cpu.map(|units| units.to_string()))
        .set_memory(memory.map(|mebibytes| mebibytes.to_string()))
        .set_pid_mode(input.pid_mode.clone())
        .set_ipc_mode(input.ipc_mode.clone())
        .set_proxy_configuration(input.proxy_configuration.clone())
        .registered_at(stamp(realm.now))
        .registered_by(&realm.caller)
        .set_ephemeral_storage(input.ephemeral_storage.clone())
        .set_enable_fault_injection(input.enable_fault_injection)
        .build())
}
