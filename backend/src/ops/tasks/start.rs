//! `StartTask`: the caller chooses the instances; placement constraints are not looked at (ecs-semantics.md §4.7).

use aws_sdk_ecs::operation::start_task::{StartTaskInput, StartTaskOutput};
use aws_sdk_ecs::types::{Failure, LaunchType};

use super::{rules, run, shown};
use crate::engine::instances;
use crate::engine::launch::{self, Order, Place};
use crate::fault::Fault;
use crate::ops::Operation;
use crate::ops::container_instances;
use crate::ops::services::rules::{capacity, network, volumes};
use crate::world::Realm;

impl Operation for StartTaskInput {
    type Output = StartTaskOutput;

    fn apply(self, realm: &mut Realm) -> Result<Self::Output, Fault> {
        let cluster = realm.require_cluster(self.cluster())?;
        if self.container_instances().is_empty() {
            return Err(Fault::invalid("Container instances cannot be empty."));
        }
        if self.container_instances().len() > 10 {
            return Err(Fault::invalid(
                "Container instances cannot have more than 10 elements.",
            ));
        }
        realm.check_ids(
            self.container_instances(),
            "container-instance",
            &cluster,
            "instanceId",
        )?;
        let order = order_of(realm, &cluster, &self)?;
        let mut answer = StartTaskOutput::builder()
            .set_tasks(Some(vec![]))
            .set_failures(Some(vec![]));
        let references = self.container_instances().iter();
        let found: Vec<Result<String, Failure>> = references
            .map(|reference| find(realm, reference, &cluster))
            .collect::<Result<_, _>>()?;
        for found in found {
            match found.and_then(|id| place(realm, &order, id)) {
                Ok(instance) => {
                    let id = launch::launch(realm, &order, Place::Instance(instance));
                    answer = match realm.tasks.get(&id) {
                        Some(record) => answer.tasks(shown(record, true)),
                        None => answer,
                    };
                }
                Err(failure) => answer = answer.failures(failure),
            }
        }
        Ok(answer.build())
    }
}

/// The instance that a reference means, if it is there.
fn find(realm: &Realm, reference: &str, cluster: &str) -> Result<Result<String, Failure>, Fault> {
    if let Some(id) = container_instances::find(realm, reference, cluster)? {
        return Ok(Ok(id));
    }
    let inactive = container_instances::find_inactive(realm, reference, cluster)?.is_some();
    let id = reference.rsplit('/').next().unwrap_or(reference);
    let failure = Failure::builder()
        .arn(realm.arn(&format!("container-instance/{cluster}/{id}")))
        .reason(if inactive { "INACTIVE" } else { "MISSING" });
    Ok(Err(failure.build()))
}

/// The instance, if it takes the task.
fn place(realm: &Realm, order: &Order, id: String) -> Result<String, Failure> {
    match instances::refusal(realm, order, &id) {
        None => Ok(id),
        Some(refusal) => Err(run::failure(&refusal)),
    }
}

fn order_of(realm: &Realm, cluster: &str, input: &StartTaskInput) -> Result<Order, Fault> {
    let record = realm.require_definition(input.task_definition().unwrap_or_default())?;
    let definition = &record.definition;
    capacity::compatible(definition, &LaunchType::Ec2)?;
    rules::started_by(input.started_by())?;
    let network = network::check(definition, input.network_configuration())?;
    volumes::check(definition, input.volume_configurations(), false)?;
    Ok(Order {
        cluster: cluster.to_owned(),
        group: rules::group(input.group(), definition)?,
        started_by: input.started_by.clone(),
        launch_type: LaunchType::Ec2,
        provider: None,
        network: network.and_then(|network| network.awsvpc_configuration),
        volumes: input.volume_configurations().to_vec(),
        overrides: rules::overrides(input.overrides(), definition, false)?,
        tags: rules::tags(
            input.tags(),
            input.propagate_tags(),
            &record.tags,
            input.enable_ecs_managed_tags,
            cluster,
        )?,
        execute_command: input.enable_execute_command.unwrap_or(false),
        platform_version: None,
        service: None,
        targets: Vec::new(),
        discovered: false,
        definition: definition.clone(),
    })
}
