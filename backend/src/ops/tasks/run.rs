//! `RunTask`: up to ten tasks, of which some may find no place (ecs-semantics.md §4.7).

use std::collections::BTreeMap;

use aws_sdk_ecs::operation::run_task::{RunTaskInput, RunTaskOutput};
use aws_sdk_ecs::types::error::ConflictException;
use aws_sdk_ecs::types::{Failure, Task};
use ecs_model::shape;
use jiff::SignedDuration;

use super::{rules, shown};
use crate::engine::launch::{self, Order, Place};
use crate::engine::records::Waiting;
use crate::engine::starting::launch_type_of;
use crate::engine::{RunToken, instances, scaling, share};
use crate::fault::Fault;
use crate::ops::Operation;
use crate::ops::services::rules::{capacity, network, placement, volumes};
use crate::placement::{Refusal, Strategy, zones};
use crate::world::Realm;

/// The longest that a client token is remembered.
const TOKEN_LIFE: SignedDuration = SignedDuration::from_hours(24);

impl Operation for RunTaskInput {
    type Output = RunTaskOutput;

    fn apply(self, realm: &mut Realm) -> Result<Self::Output, Fault> {
        let cluster = realm.require_cluster(self.cluster())?;
        let count = count(self.count)?;
        let request = comparable(&self)?;
        if let Some(token) = token(&self)?
            && let Some(tasks) = replayed(realm, &cluster, token, &request)?
        {
            return Ok(RunTaskOutput::builder()
                .set_tasks(Some(tasks))
                .set_failures(Some(vec![]))
                .build());
        }
        let (mut order, capacity) = order_of(realm, &cluster, &self)?;
        if !capacity.is_fargate() && capacity.strategy.is_empty() && !has_instances(realm, &cluster) {
            return Err(Fault::invalid(
                "No Container Instances were found in your cluster.",
            ));
        }
        let (mut ids, mut failures, mut shares) = (Vec::new(), Vec::new(), BTreeMap::new());
        for _ in 0..count {
            if let Some(provider) = share::next(&capacity.strategy, &shares).map(str::to_owned) {
                *shares.entry(provider.clone()).or_default() += 1;
                order.launch_type = launch_type_of(&provider);
                order.provider = Some(provider);
            }
            match run_one(realm, &order, &self, &ids) {
                Ok(id) => ids.push(id),
                Err(refusals) => {
                    failures = refusals.iter().map(failure).collect();
                    break;
                }
            }
        }
        // A call that made nothing is made anew when it is repeated: what was in its way may be gone.
        if let Some(token) = self.client_token().filter(|_| !ids.is_empty()) {
            let until = realm.now.checked_add(TOKEN_LIFE).unwrap_or(realm.now);
            let kept = RunToken {
                request,
                tasks: ids.clone(),
                until,
            };
            realm.engine.run_tokens.insert((cluster, token.to_owned()), kept);
        }
        let tasks = ids
            .iter()
            .filter_map(|id| realm.tasks.get(id))
            .map(|record| shown(record, true))
            .collect();
        Ok(RunTaskOutput::builder()
            .set_tasks(Some(tasks))
            .set_failures(Some(failures))
            .build())
    }
}

fn count(given: Option<i32>) -> Result<i32, Fault> {
    match given.unwrap_or(1) {
        count if count < 1 => Err(Fault::invalid("Task count must be greater than 0")),
        count if count > 10 => Err(Fault::invalid("Task count must be at most 10")),
        count => Ok(count),
    }
}

fn token(input: &RunTaskInput) -> Result<Option<&str>, Fault> {
    match input.client_token() {
        Some(token) if token.len() > 64 => Err(Fault::invalid(
            "Invalid client token: idempotency token longer than 64.",
        )),
        Some(token) if !token.bytes().all(|byte| (33..=126).contains(&byte)) => Err(Fault::invalid(
            "Invalid client token: only printable ASCII characters without spaces are allowed.",
        )),
        token => Ok(token),
    }
}

/// The call without its token, to tell a repetition from another call.
fn comparable(input: &RunTaskInput) -> Result<serde_json::Value, Fault> {
    let mut input = input.clone();
    (input.client_token, input.cluster) = (None, None);
    shape::to_value(&input).map_err(|error| Fault::invalid(error.to_string()))
}

/// The tasks that a call with this token has made before. A token is forgotten when none of its tasks is visible any more,
/// an hour after the last one's end (ecs-semantics.md §0.3).
fn replayed(
    realm: &mut Realm,
    cluster: &str,
    token: &str,
    request: &serde_json::Value,
) -> Result<Option<Vec<Task>>, Fault> {
    let (now, tasks) = (realm.now, &realm.tasks);
    let lives = |kept: &RunToken| kept.until > now && kept.tasks.iter().any(|id| tasks.contains_key(id));
    realm.engine.run_tokens.retain(|_, kept| lives(kept));
    let Some(kept) = realm
        .engine
        .run_tokens
        .get(&(cluster.to_owned(), token.to_owned()))
    else {
        return Ok(None);
    };
    let arns = kept
        .tasks
        .iter()
        .map(|id| realm.arn(&format!("task/{cluster}/{id}")))
        .collect();
    if kept.request != *request {
        let conflict = ConflictException::builder()
            .message("The request with this client token has other parameters than an earlier one.")
            .set_resource_ids(Some(arns));
        return Err(Fault::of(&conflict.build()));
    }
    let tasks = kept.tasks.iter().filter_map(|id| realm.tasks.get(id));
    Ok(Some(tasks.map(|record| shown(record, true)).collect()))
}

/// Whether the cluster has an instance that could take a task at all: one that is ACTIVE (ecs-semantics.md §5.1). Without one
/// there would be neither tasks nor failures to answer with.
fn has_instances(realm: &Realm, cluster: &str) -> bool {
    realm
        .container_instances
        .values()
        .any(|record| record.cluster == cluster && record.instance.status() == Some("ACTIVE"))
}

fn order_of(
    realm: &Realm,
    cluster: &str,
    input: &RunTaskInput,
) -> Result<(Order, capacity::Capacity), Fault> {
    let record = realm.require_definition(input.task_definition().unwrap_or_default())?;
    let definition = &record.definition;
    let capacity = capacity::resolve(
        realm,
        cluster,
        input.launch_type(),
        input.capacity_provider_strategy(),
    )?;
    capacity::compatible(definition, &capacity.launch_type)?;
    let platform_version = capacity::platform(definition, input.platform_version(), &capacity.launch_type)?;
    let network = network::check(definition, input.network_configuration())?;
    volumes::check(definition, input.volume_configurations(), capacity.is_fargate())?;
    placement::check(
        input.placement_constraints(),
        input.placement_strategy(),
        capacity.is_fargate(),
    )?;
    rules::started_by(input.started_by())?;
    let order = Order {
        cluster: cluster.to_owned(),
        group: rules::group(input.group(), definition)?,
        started_by: input.started_by.clone(),
        launch_type: capacity.launch_type.clone(),
        provider: None,
        network: network.and_then(|network| network.awsvpc_configuration),
        volumes: input.volume_configurations().to_vec(),
        overrides: rules::overrides(input.overrides(), definition, capacity.is_fargate())?,
        tags: rules::tags(
            input.tags(),
            input.propagate_tags(),
            &record.tags,
            input.enable_ecs_managed_tags,
            cluster,
        )?,
        execute_command: input.enable_execute_command.unwrap_or(false),
        platform_version,
        service: None,
        targets: Vec::new(),
        discovered: false,
        definition: definition.clone(),
    };
    Ok((order, capacity))
}

fn run_one(
    realm: &mut Realm,
    order: &Order,
    input: &RunTaskInput,
    before: &[String],
) -> Result<String, Vec<Refusal>> {
    if order.launch_type == aws_sdk_ecs::types::LaunchType::Fargate {
        let subnet = subnet(realm, order, before);
        return Ok(launch::launch(realm, order, Place::Fargate { subnet }));
    }
    let strategies = Strategy::of_request(input.placement_strategy());
    match instances::find(realm, order, input.placement_constraints(), &strategies) {
        Ok(instance) => Ok(launch::launch(realm, order, Place::Instance(instance))),
        Err(_) if scaling::will_grow(realm, order.provider.as_deref()) => {
            let (constraints, strategies) = (
                input.placement_constraints().to_vec(),
                input.placement_strategy().to_vec(),
            );
            let task = launch::launch(
                realm,
                order,
                Place::Await(Waiting {
                    constraints,
                    strategies,
                    ..Waiting::default()
                }),
            );
            scaling::wake(realm, order.provider.as_deref());
            Ok(task)
        }
        Err(refusals) => Err(refusals),
    }
}

/// The tasks of one call are spread over the zones of its subnets.
fn subnet(realm: &Realm, order: &Order, before: &[String]) -> Option<String> {
    let mut tasks: BTreeMap<&str, usize> = BTreeMap::new();
    for record in before.iter().filter_map(|id| realm.tasks.get(id)) {
        if let Some(subnet) = crate::engine::network::subnet_of(record) {
            *tasks.entry(subnet).or_default() += 1;
        }
    }
    let subnets = order
        .network
        .as_ref()
        .map(|network| network.subnets.as_slice())
        .unwrap_or_default();
    zones::spread(&realm.id.region, subnets, &tasks).map(str::to_owned)
}

/// A refusal as `failures[]` has it.
pub(super) fn failure(refusal: &Refusal) -> Failure {
    Failure::builder()
        .arn(&refusal.arn)
        .reason(refusal.reason.to_string())
        .set_detail(refusal.reason.detail().map(str::to_owned))
        .build()
}
