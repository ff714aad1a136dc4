//! Reading service deployments and revisions: a service's memory of its rollouts.
//!
//! Read only where there is something to learn. A service whose first deployment is in place most likely has no history, a
//! finished deployment and a revision never change, and the first revision of a service that we made is what we asked for; so
//! a steady service costs nothing here. But a rollback to the first deployment leaves that one in place too: a read that a
//! decision waits for therefore always looks, and what was once known is never forgotten.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ecs::operation::describe_service_deployments::DescribeServiceDeploymentsInput;
use aws_sdk_ecs::operation::describe_service_revisions::DescribeServiceRevisionsInput;
use aws_sdk_ecs::operation::list_service_deployments::ListServiceDeploymentsInput;
use aws_sdk_ecs::types::{
    Deployment, DeploymentControllerType, DeploymentRolloutState, Service, ServiceDeployment,
    ServiceDeploymentStatus, ServiceRevision,
};
use futures::StreamExt;
use futures::stream;

use crate::aws::account::Target;
use crate::aws::call::built;
use crate::aws::error::{AwsError, Class};
use crate::observer::services::created;
use crate::observer::subject::{Before, Depth, Found, ServiceKey, ServiceView};

/// How many deployments are kept, newest first.
const KEPT: i32 = 20;
/// The most ARNs that one describe call takes (ecs-semantics.md §1.5).
const BATCH: usize = 20;
/// Calls that are under way at once.
const ABREAST: usize = 4;

/// Adds deployments and revisions to the views that have services. A failure makes the whole view a failure: half a memory
/// could start a rollout that was rolled back before.
pub(super) async fn complete(
    target: &Target,
    found: &mut Found<ServiceKey>,
    before: &Before<ServiceKey>,
    depth: Depth,
) {
    list(target, found, before, depth).await;
    describe_deployments(target, found, before).await;
    describe_revisions(target, found, before).await;
}

/// The memory of the same service before, not that of a predecessor with its name.
fn memory<'a>(
    view: &ServiceView,
    key: &ServiceKey,
    before: &'a Before<ServiceKey>,
) -> Option<&'a ServiceView> {
    let known = before.get(key)?;
    (created(view).is_some() && created(view) == created(known)).then_some(known.as_ref())
}

/// Finds out which deployments there are; as yet with ARN and status only.
async fn list(target: &Target, found: &mut Found<ServiceKey>, before: &Before<ServiceKey>, depth: Depth) {
    let mut asked = Vec::new();
    for (key, view) in found.iter_mut() {
        let Ok(view) = view else { continue };
        let Some(service) = &view.service else { continue };
        let known = memory(view, key, before);
        let remembered = known.is_some_and(|known| !known.deployments.is_empty());
        if !keeps_history(service) || !(depth == Depth::Itself || remembered || shows_history(service)) {
            continue;
        }
        match known {
            Some(known) if !is_news(service, known) => view.deployments.clone_from(&known.deployments),
            _ => asked.push(key.clone()),
        }
    }
    let answers: Vec<_> = stream::iter(asked)
        .map(|key| async move {
            let answer = list_one(target, &key).await;
            (key, answer)
        })
        .buffered(ABREAST)
        .collect()
        .await;
    for (key, answer) in answers {
        settle(found, key, answer, |view, deployments| {
            view.deployments = deployments;
        });
    }
}

async fn list_one(target: &Target, key: &ServiceKey) -> Result<Vec<ServiceDeployment>, AwsError> {
    let input = ListServiceDeploymentsInput::builder()
        .cluster(&key.cluster)
        .service(&key.service)
        .max_results(KEPT)
        .build();
    let answer = match target.call(built("ListServiceDeployments", input)?).await {
        Ok(answer) => answer,
        Err(error) if is_unknown(&error) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(error),
    };
    let mut briefs = answer.service_deployments.unwrap_or_default();
    // ECS promises no order.
    briefs.sort_by(|one, other| {
        let key = |brief: &aws_sdk_ecs::types::ServiceDeploymentBrief| {
            (
                brief.created_at.map(|at| (at.secs(), at.subsec_nanos())),
                brief.service_deployment_arn.clone(),
            )
        };
        key(other).cmp(&key(one))
    });
    let deployments = briefs.into_iter().map(|brief| {
        ServiceDeployment::builder()
            .set_service_deployment_arn(brief.service_deployment_arn)
            .set_status(brief.status)
            .build()
    });
    Ok(deployments.collect())
}

/// Whether ECS writes down this service's deployments (ecs-semantics.md §3.8).
fn keeps_history(service: &Service) -> bool {
    let by_ecs = service
        .deployment_controller()
        .is_none_or(|controller| controller.r#type() == &DeploymentControllerType::Ecs);
    by_ecs && service.status() == Some("ACTIVE")
}

/// Whether the service itself shows that there was more than a first deployment that went well.
fn shows_history(service: &Service) -> bool {
    let [only] = service.deployments() else {
        return true;
    };
    only.rollout_state() == Some(&DeploymentRolloutState::Failed) || !is_first(service, only)
}

/// The first deployment of a service is as old as the service itself.
fn is_first(service: &Service, deployment: &Deployment) -> bool {
    let (Some(service), Some(deployment)) = (service.created_at(), deployment.created_at()) else {
        return false;
    };
    deployment.secs().saturating_sub(service.secs()) <= 1
}

/// Whether the list may have changed since: another deployment, another state, or one that has not ended.
fn is_news(service: &Service, known: &ServiceView) -> bool {
    let summary = |service: &Service| -> Vec<_> {
        let one = |deployment: &Deployment| {
            (
                deployment.id.clone(),
                deployment.status.clone(),
                deployment.rollout_state.clone(),
            )
        };
        service.deployments().iter().map(one).collect()
    };
    let Some(before) = &known.service else { return true };
    known.deployments.is_empty()
        || known.deployments.iter().any(|deployment| !has_ended(deployment))
        || before.current_service_deployment != service.current_service_deployment
        || summary(before) != summary(service)
}

fn has_ended(deployment: &ServiceDeployment) -> bool {
    matches!(
        deployment.status(),
        Some(
            ServiceDeploymentStatus::Successful
                | ServiceDeploymentStatus::Stopped
                | ServiceDeploymentStatus::RollbackSuccessful
                | ServiceDeploymentStatus::RollbackFailed
        )
    )
}

/// Whether the deployment was read in full: lists and failed reads leave it with ARN and status.
fn is_described(deployment: &ServiceDeployment) -> bool {
    deployment.target_service_revision.is_some()
}

/// Reads the listed deployments in full, but for those that had ended when they were read so.
async fn describe_deployments(target: &Target, found: &mut Found<ServiceKey>, before: &Before<ServiceKey>) {
    let mut known: BTreeMap<String, ServiceDeployment> = BTreeMap::new();
    let mut wanted: BTreeSet<String> = BTreeSet::new();
    for (key, view) in found.iter() {
        let Ok(view) = view else { continue };
        let ended = memory(view, key, before)
            .map(|view| view.deployments.as_slice())
            .unwrap_or_default();
        let ended = ended
            .iter()
            .filter(|deployment| has_ended(deployment) && is_described(deployment));
        for deployment in ended {
            known.extend(
                deployment
                    .service_deployment_arn
                    .clone()
                    .map(|arn| (arn, deployment.clone())),
            );
        }
        let arns = view
            .deployments
            .iter()
            .filter_map(|deployment| deployment.service_deployment_arn.clone());
        wanted.extend(arns.filter(|arn| !known.contains_key(arn)));
    }
    let read = in_batches(wanted, |arns| async move {
        let input = DescribeServiceDeploymentsInput::builder()
            .set_service_deployment_arns(Some(arns))
            .build();
        let answer = target.call(built("DescribeServiceDeployments", input)?).await?;
        let deployments = answer.service_deployments.unwrap_or_default();
        Ok(deployments
            .into_iter()
            .filter_map(|deployment| Some((deployment.service_deployment_arn.clone()?, deployment)))
            .collect())
    })
    .await;
    known.extend(read.all);
    fail(found, &read.failed, |view| {
        let arns = view.deployments.iter();
        arns.filter_map(|deployment| deployment.service_deployment_arn.clone())
            .collect()
    });
    for view in found.values_mut().flatten() {
        for deployment in &mut view.deployments {
            let full = deployment
                .service_deployment_arn
                .as_ref()
                .and_then(|arn| known.get(arn));
            if let Some(full) = full {
                *deployment = full.clone();
            }
        }
    }
}

/// Reads the revisions that run or were aimed at, each once in its life.
async fn describe_revisions(target: &Target, found: &mut Found<ServiceKey>, before: &Before<ServiceKey>) {
    let mut known: BTreeMap<String, ServiceRevision> = BTreeMap::new();
    let mut wanted: BTreeSet<String> = BTreeSet::new();
    for (key, view) in found.iter() {
        let Ok(view) = view else { continue };
        let memory = memory(view, key, before);
        let read = memory.map(|view| view.revisions.as_slice()).unwrap_or_default();
        let made = memory.and_then(|memory| asked_for(view, memory));
        for revision in read.iter().chain(&made) {
            known.extend(
                revision
                    .service_revision_arn
                    .clone()
                    .map(|arn| (arn, revision.clone())),
            );
        }
        wanted.extend(
            revisions_of(view)
                .into_iter()
                .filter(|arn| !known.contains_key(arn)),
        );
    }
    let read = in_batches(wanted, |arns| async move {
        let input = DescribeServiceRevisionsInput::builder()
            .set_service_revision_arns(Some(arns))
            .build();
        let answer = target.call(built("DescribeServiceRevisions", input)?).await?;
        let revisions = answer.service_revisions.unwrap_or_default();
        Ok(revisions
            .into_iter()
            .filter_map(|revision| Some((revision.service_revision_arn.clone()?, revision)))
            .collect())
    })
    .await;
    known.extend(read.all);
    fail(found, &read.failed, revisions_of);
    for view in found.values_mut().flatten() {
        view.revisions = revisions_of(view)
            .iter()
            .filter_map(|arn| known.get(arn).cloned())
            .collect();
    }
}

/// The first revision of a service that we made, now that its ARN shows. As long as the service has no deployment but the
/// one that it was made with, this is what it runs.
fn asked_for(view: &ServiceView, made: &ServiceView) -> Option<ServiceRevision> {
    let (now, then) = (view.service.as_ref()?, made.service.as_ref()?);
    let ([deployment], [first], [running], [asked]) = (
        now.deployments(),
        then.deployments(),
        now.current_service_revisions(),
        made.revisions.as_slice(),
    ) else {
        return None;
    };
    let still_the_first = first.id().is_some() && first.id() == deployment.id();
    if !still_the_first || asked.service_revision_arn().is_some() {
        return None;
    }
    let mut asked = asked.clone();
    asked.service_revision_arn.clone_from(&running.arn);
    Some(asked)
}

fn revisions_of(view: &ServiceView) -> BTreeSet<String> {
    let running = view.service.iter().flat_map(Service::current_service_revisions);
    let running = running.filter_map(|revision| revision.arn.clone());
    let aimed = view
        .deployments
        .iter()
        .filter_map(|deployment| deployment.target_service_revision.as_ref()?.arn.clone());
    running.chain(aimed).collect()
}

/// What was read, by ARN, and why something was not.
struct Read<T> {
    all: BTreeMap<String, T>,
    failed: BTreeMap<String, AwsError>,
}

/// Reads `arns` in batches; what ECS does not know (any more) is left out. ECS refuses the whole of a batch for one service
/// that it does not know, so such a batch is read again, each service by itself.
async fn in_batches<T, F>(arns: BTreeSet<String>, read: impl Fn(Vec<String>) -> F) -> Read<T>
where
    F: Future<Output = Result<BTreeMap<String, T>, AwsError>>,
{
    let arns: Vec<String> = arns.into_iter().collect();
    let mut batches: Vec<Vec<String>> = arns.chunks(BATCH).map(<[String]>::to_vec).collect();
    let (mut all, mut failed) = (BTreeMap::new(), BTreeMap::new());
    while !batches.is_empty() {
        let answers: Vec<_> = stream::iter(std::mem::take(&mut batches))
            .map(|batch| async { (read(batch.clone()).await, batch) })
            .buffered(ABREAST)
            .collect()
            .await;
        for (answer, batch) in answers {
            match answer {
                Ok(part) => all.extend(part),
                Err(error) if is_unknown(&error) => batches.extend(one_service_each(batch)),
                Err(error) => failed.extend(batch.into_iter().map(|arn| (arn, error.clone()))),
            }
        }
    }
    Read { all, failed }
}

/// Whether ECS knows something of a batch not (any more).
fn is_unknown(error: &AwsError) -> bool {
    error.class == Class::NotFound || error.is("UnsupportedFeatureException")
}

/// The batch in parts of one service each; none if it is such a part already.
fn one_service_each(batch: Vec<String>) -> Vec<Vec<String>> {
    let mut by_service: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for arn in batch {
        let service = arn.rsplit_once('/').map_or("", |(service, _)| service).to_owned();
        by_service.entry(service).or_default().push(arn);
    }
    if by_service.len() > 1 {
        by_service.into_values().collect()
    } else {
        Vec::new()
    }
}

fn settle<T>(
    found: &mut Found<ServiceKey>,
    key: ServiceKey,
    answer: Result<T, AwsError>,
    put: impl FnOnce(&mut ServiceView, T),
) {
    match (found.get_mut(&key), answer) {
        (Some(Ok(view)), Ok(answer)) => put(view, answer),
        (_, Err(error)) => {
            found.insert(key, Err(error));
        }
        _ => {}
    }
}

/// Makes failures of the views that need what could not be read. Others had nothing in that batch.
fn fail(
    found: &mut Found<ServiceKey>,
    failed: &BTreeMap<String, AwsError>,
    needs: impl Fn(&ServiceView) -> BTreeSet<String>,
) {
    for view in found.values_mut() {
        let Ok(known) = view else { continue };
        if let Some(error) = needs(known).iter().find_map(|arn| failed.get(arn)) {
            *view = Err(error.clone());
        }
    }
}
