//! `UpdateService`: absent members stay as they are, empty lists remove (ecs-semantics.md §3.4).

use aws_sdk_ecs::operation::update_service::{UpdateServiceInput, UpdateServiceOutput};
use aws_sdk_ecs::types::{LaunchType, NetworkConfiguration, Service, ServiceRevision};

use super::rules::{balancing, capacity, connect, deployment, kind, network, placement, rebalancing};
use super::{check_extras, not_active, not_found, require, shown};
use crate::engine::deployments;
use crate::engine::event_log::{self, Gravity};
use crate::engine::revision::Extras;
use crate::engine::starting::{launch_type, launch_type_of};
use crate::engine::{platform, scheduler, told};
use crate::fault::Fault;
use crate::ops::Operation;
use crate::world::{Realm, ServiceKey};

impl Operation for UpdateServiceInput {
    type Output = UpdateServiceOutput;

    fn apply(self, realm: &mut Realm) -> Result<Self::Output, Fault> {
        let key = require(realm, self.cluster(), self.service())?;
        let record = realm.services.get(&key).ok_or_else(not_found)?;
        if !record.is_active() {
            return Err(not_active());
        }
        if self.desired_count.is_some_and(|count| count < 0) {
            return Err(Fault::invalid("Task count can not be lesser than 0"));
        }
        kind::controller(self.deployment_controller())?;
        let revision = record
            .primary()
            .and_then(|primary| record.revision(&primary.revision))
            .cloned();
        let mut service = record.service.clone();
        change_capacity(realm, &key, &self, &mut service)?;
        change_rest(realm, &self, &mut service)?;
        let extras = extras(realm, &key, &self, revision.as_ref());
        check_extras(realm, &service, &extras)?;
        let deploys = deploys(&self, revision.as_ref(), &service, &extras);
        commit(realm, &key, service, deploys.then_some(extras));
        let updated = realm.services.get(&key).map(|record| shown(realm, record, true));
        Ok(UpdateServiceOutput::builder().set_service(updated).build())
    }
}

fn commit(realm: &mut Realm, key: &ServiceKey, service: Service, deployment: Option<Extras>) {
    let Some(record) = realm.services.get_mut(key) else {
        return;
    };
    let scaled = record.service.desired_count != service.desired_count;
    record.service = service;
    if scaled {
        record.steady = false;
        record.settled_since = None;
        told::forget(realm, key, told::STEADY);
        event_log::service_action(realm, key, Gravity::Info, "SERVICE_DESIRED_COUNT_UPDATED", None);
    }
    match deployment {
        Some(extras) => deployments::open(realm, key, extras),
        None => scheduler::wake(realm, key),
    }
}

/// Launch type and capacity provider strategy: a strategy changes only with a forced deployment, an empty one goes back to
/// the launch type.
fn change_capacity(
    realm: &Realm,
    key: &ServiceKey,
    input: &UpdateServiceInput,
    service: &mut Service,
) -> Result<(), Fault> {
    let Some(given) = input.capacity_provider_strategy.as_deref() else {
        return Ok(());
    };
    let changed = if given.is_empty() {
        service.capacity_provider_strategy.take().is_some_and(|old| {
            service.launch_type = old.first().map(|item| launch_type_of(&item.capacity_provider));
            true
        })
    } else {
        let wanted = capacity::resolve(realm, &key.cluster, None, given)?.strategy;
        let changed = service.capacity_provider_strategy() != wanted.as_slice();
        service.launch_type = None;
        service.capacity_provider_strategy = Some(wanted);
        changed
    };
    if changed && input.force_new_deployment != Some(true) {
        return Err(Fault::invalid(
            "When switching from launch type to capacity provider strategy on an existing service, or making a change to a \
             capacity provider strategy on a service that is already using one, you must force a new deployment.",
        ));
    }
    Ok(())
}

fn change_rest(realm: &Realm, input: &UpdateServiceInput, service: &mut Service) -> Result<(), Fault> {
    let launch_type = launch_type(service);
    let fargate = launch_type == LaunchType::Fargate;
    let reference = input
        .task_definition()
        .or(service.task_definition())
        .unwrap_or_default()
        .to_owned();
    // A definition that the service has already may be INACTIVE by now.
    let definition = match input.task_definition() {
        Some(reference) => realm.require_definition(reference)?,
        None => realm
            .find_definition(&reference)?
            .ok_or_else(|| Fault::client("TaskDefinition not found."))?,
    };
    let definition = &definition.definition;
    capacity::compatible(definition, &launch_type)?;
    service
        .task_definition
        .clone_from(&definition.task_definition_arn);
    let version = input
        .platform_version()
        .or(service.platform_version().filter(|_| fargate));
    service.platform_version = capacity::platform(definition, version, &launch_type)?;
    service.platform_family = fargate.then(|| platform::family_of(definition));
    let given: Option<&NetworkConfiguration> =
        input.network_configuration().or(service.network_configuration());
    service.network_configuration = network::check(definition, given)?;
    take(&mut service.load_balancers, input.load_balancers.as_ref());
    take(&mut service.service_registries, input.service_registries.as_ref());
    balancing::balancers(definition, service.load_balancers(), fargate)?;
    balancing::registries(definition, service.service_registries())?;
    balancing::grace_period(input.health_check_grace_period_seconds)?;
    take(
        &mut service.placement_constraints,
        input.placement_constraints.as_ref(),
    );
    take(&mut service.placement_strategy, input.placement_strategy.as_ref());
    placement::check(
        service.placement_constraints(),
        service.placement_strategy(),
        fargate,
    )?;
    let configuration = deployment::merged(
        service.deployment_configuration(),
        input.deployment_configuration(),
    );
    deployment::check(&configuration)?;
    let wanted = input
        .availability_zone_rebalancing()
        .or(service.availability_zone_rebalancing());
    let subject = rebalancing::Subject {
        maximum_percent: configuration.maximum_percent,
        balancers: service.load_balancers(),
        constraints: service.placement_constraints(),
        strategies: service.placement_strategy(),
    };
    service.availability_zone_rebalancing = Some(rebalancing::resolve(wanted, subject)?);
    service.deployment_configuration = Some(configuration);
    service.desired_count = input.desired_count.unwrap_or(service.desired_count);
    take(
        &mut service.health_check_grace_period_seconds,
        input.health_check_grace_period_seconds.as_ref(),
    );
    take(&mut service.propagate_tags, input.propagate_tags.as_ref());
    service.enable_execute_command = input
        .enable_execute_command
        .unwrap_or(service.enable_execute_command);
    service.enable_ecs_managed_tags = input
        .enable_ecs_managed_tags
        .unwrap_or(service.enable_ecs_managed_tags);
    Ok(())
}

/// Takes a member that is given.
fn take<T: Clone>(member: &mut Option<T>, given: Option<&T>) {
    if given.is_some() {
        *member = given.cloned();
    }
}

/// What only the revision keeps: given anew, or as before. An empty list removes.
fn extras(
    realm: &Realm,
    key: &ServiceKey,
    input: &UpdateServiceInput,
    revision: Option<&ServiceRevision>,
) -> Extras {
    let mut extras = revision.map(Extras::of).unwrap_or_default();
    let connect = input.service_connect_configuration.clone();
    let connect = connect.map(|given| connect::with_namespace(realm, &key.cluster, given));
    take(&mut extras.service_connect, connect.as_ref());
    take(&mut extras.volumes, input.volume_configurations.as_ref());
    take(&mut extras.lattice, input.vpc_lattice_configurations.as_ref());
    take(&mut extras.gateways, input.gateway_connectors.as_ref());
    take(&mut extras.monitoring, input.monitoring.as_ref());
    extras
}

/// Whether the change starts a deployment: what a revision consists of differs, or it is forced (ecs-semantics.md §3.4).
fn deploys(
    input: &UpdateServiceInput,
    revision: Option<&ServiceRevision>,
    service: &Service,
    extras: &Extras,
) -> bool {
    let Some(revision) = revision else { return true };
    let platform_changed = input.platform_version.is_some()
        && revision.platform_version
            != service
                .platform_version
                .as_deref()
                .map(|given| platform::version(service.platform_family(), Some(given)));
    input.force_new_deployment == Some(true)
        || platform_changed
        || revision.task_definition != service.task_definition
        || revision.network_configuration != service.network_configuration
        || revision.load_balancers() != service.load_balancers()
        || revision.service_registries() != service.service_registries()
        || Extras::of(revision) != *extras
}
