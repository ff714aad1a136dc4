//! Reading the tasks of services: listed per service, or per cluster where that is cheaper, and described a hundred a call.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_sdk_ecs::operation::describe_tasks::DescribeTasksInput;
use aws_sdk_ecs::operation::list_tasks::ListTasksInput;
use aws_sdk_ecs::types::{DesiredStatus, Task, TaskField};

use crate::aws::account::Target;
use crate::aws::call::built;
use crate::aws::error::{AwsError, Class};
use crate::observer::Shared;
use crate::observer::subject::{Before, Found, ServiceKey};

/// The most tasks that one `DescribeTasks` takes, and one page of `ListTasks` brings (ecs-semantics.md §1.6).
const BATCH: usize = 100;
/// From so many services of one cluster on, the cluster's tasks are listed as a whole.
const WHOLE_CLUSTER: usize = 5;
/// No list is followed further; a token that never ends must not hold a sweep for ever.
const MOST_PAGES: usize = 200;

/// Where whole clusters are listed, the tasks that were described and are not of a service that was read with them: tasks of
/// services that nobody watches, and tasks of none. By cluster and ARN, with the service; a task never goes to another.
#[derive(Debug, Default)]
pub struct Foreign(Mutex<BTreeMap<String, BTreeMap<String, Option<String>>>>);

impl Foreign {
    /// Of these services' cluster, the tasks that are of none of them.
    fn apart_from(&self, cluster: &str, services: &BTreeSet<&str>) -> BTreeSet<String> {
        let known = self.lock();
        let apart = known.get(cluster).into_iter().flatten();
        apart
            .filter(|(_, service)| {
                !service
                    .as_deref()
                    .is_some_and(|service| services.contains(service))
            })
            .map(|(arn, _)| arn.clone())
            .collect()
    }

    /// Notes tasks that were described in vain, and forgets those that are not listed any more.
    fn note(&self, cluster: &str, tasks: Vec<(String, Option<String>)>, listed: &BTreeSet<String>) {
        let mut known = self.lock();
        let here = known.entry(cluster.to_owned()).or_default();
        here.extend(tasks);
        here.retain(|arn, _| listed.contains(arn));
        if here.is_empty() {
            known.remove(cluster);
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, BTreeMap<String, Option<String>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Puts its tasks into each view that has a service.
pub(super) async fn complete(shared: &Shared, found: &mut Found<ServiceKey>, before: &Before<ServiceKey>) {
    let mut by_cluster: BTreeMap<String, Vec<ServiceKey>> = BTreeMap::new();
    for (key, view) in found.iter() {
        if view.as_ref().is_ok_and(|view| view.service.is_some()) {
            by_cluster
                .entry(key.cluster.clone())
                .or_default()
                .push(key.clone());
        }
    }
    for (cluster, keys) in by_cluster {
        let known = Known {
            finished: finished_tasks(&keys, before),
            of_others: tasks_of_others(shared, &cluster, &keys),
        };
        let read = read(shared, &cluster, &keys, known).await;
        for key in keys {
            let Some(entry) = found.get_mut(&key) else {
                continue;
            };
            match (&read, entry) {
                (Ok(tasks), Ok(view)) => {
                    view.tasks = tasks.get(&key.service).cloned().unwrap_or_default();
                    view.tasks_known = true;
                }
                (Err(error), entry) => *entry = Err(error.clone()),
                (Ok(_), Err(_)) => {}
            }
        }
    }
}

/// Tasks that have stopped do not change any more, so they need not be described again.
fn finished_tasks(keys: &[ServiceKey], before: &Before<ServiceKey>) -> BTreeMap<String, Task> {
    let known = keys
        .iter()
        .filter_map(|key| before.get(key))
        .flat_map(|view| &view.tasks);
    known
        .filter(|task| task.last_status() == Some("STOPPED"))
        .filter_map(|task| Some((task.task_arn.clone()?, task.clone())))
        .collect()
}

/// Where a whole cluster is listed: the tasks of services that are not read now. Those that are watched have their own turn.
fn tasks_of_others(shared: &Shared, cluster: &str, keys: &[ServiceKey]) -> BTreeSet<String> {
    if keys.len() < WHOLE_CLUSTER {
        return BTreeSet::new();
    }
    let read_now: BTreeSet<&str> = keys.iter().map(|key| key.service.as_str()).collect();
    let others = shared
        .services
        .seen(|key| key.cluster == cluster && !read_now.contains(key.service.as_str()));
    let mut apart = shared.foreign_tasks.apart_from(cluster, &read_now);
    apart.extend(
        others
            .iter()
            .flat_map(|view| &view.tasks)
            .filter_map(|task| task.task_arn.clone()),
    );
    apart
}

/// What need not be described.
struct Known {
    finished: BTreeMap<String, Task>,
    of_others: BTreeSet<String>,
}

async fn read(
    shared: &Shared,
    cluster: &str,
    keys: &[ServiceKey],
    known: Known,
) -> Result<BTreeMap<String, Vec<Task>>, AwsError> {
    let Known {
        finished: mut known,
        of_others,
    } = known;
    let target = &*shared.target;
    let whole = keys.len() >= WHOLE_CLUSTER;
    let mut arns = BTreeSet::new();
    if whole {
        list(target, cluster, None, &mut arns).await?;
    } else {
        for key in keys {
            list(target, cluster, Some(&key.service), &mut arns).await?;
        }
    }
    known.retain(|arn, _| arns.contains(arn));
    let wanted: Vec<String> = arns
        .iter()
        .filter(|arn| !known.contains_key(*arn) && !of_others.contains(*arn))
        .cloned()
        .collect();
    for batch in wanted.chunks(BATCH) {
        let described = describe(target, cluster, batch.to_vec()).await?;
        known.extend(
            described
                .into_iter()
                .filter_map(|task| Some((task.task_arn.clone()?, task))),
        );
    }
    let mut by_service: BTreeMap<String, Vec<Task>> =
        keys.iter().map(|key| (key.service.clone(), Vec::new())).collect();
    let mut foreign = Vec::new();
    for (arn, task) in known {
        let service = service_of(&task);
        match service.and_then(|service| by_service.get_mut(service)) {
            Some(tasks) => tasks.push(task),
            None => foreign.push((arn, service.map(str::to_owned))),
        }
    }
    if whole {
        shared.foreign_tasks.note(cluster, foreign, &arns);
    }
    Ok(by_service)
}

/// The name of the service that a task is of.
fn service_of(task: &Task) -> Option<&str> {
    task.group().and_then(|group| group.strip_prefix("service:"))
}

/// Lists the tasks that run or are to, and those that stop or have.
async fn list(
    target: &Target,
    cluster: &str,
    service: Option<&str>,
    arns: &mut BTreeSet<String>,
) -> Result<(), AwsError> {
    for desired in [DesiredStatus::Running, DesiredStatus::Stopped] {
        let mut token = None;
        for _ in 0..MOST_PAGES {
            let input = ListTasksInput::builder()
                .cluster(cluster)
                .set_service_name(service.map(str::to_owned))
                .desired_status(desired.clone())
                .set_next_token(token)
                .build();
            let page = match target.call(built("ListTasks", input)?).await {
                Ok(page) => page,
                // Gone since it was described; the next sweep sees that.
                Err(error) if error.class == Class::NotFound || error.is("ClusterNotFoundException") => break,
                Err(error) => return Err(error),
            };
            arns.extend(page.task_arns.unwrap_or_default());
            token = page.next_token;
            // An empty page may have a successor: only the token tells.
            if token.is_none() {
                break;
            }
        }
    }
    Ok(())
}

async fn describe(target: &Target, cluster: &str, batch: Vec<String>) -> Result<Vec<Task>, AwsError> {
    let input = DescribeTasksInput::builder()
        .cluster(cluster)
        .set_tasks(Some(batch))
        .include(TaskField::Tags)
        .build();
    let answer = target.call(built("DescribeTasks", input)?).await?;
    Ok(answer.tasks.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_task_is_known_while_it_is_listed_and_its_service_is_not_read() {
        let foreign = Foreign::default();
        let arns = |names: &[&str]| {
            names
                .iter()
                .map(|name| (*name).to_owned())
                .collect::<BTreeSet<_>>()
        };
        let tasks = vec![
            ("t-web".to_owned(), Some("web".to_owned())),
            ("t-run".to_owned(), None),
        ];
        foreign.note("main", tasks, &arns(&["t-web", "t-run", "t-ours"]));
        let apart_from = |cluster, services: &[&str]| {
            foreign.apart_from(cluster, &services.iter().copied().collect::<BTreeSet<_>>())
        };
        assert_eq!(apart_from("main", &["ours"]), arns(&["t-run", "t-web"]));
        assert_eq!(apart_from("main", &["ours", "web"]), arns(&["t-run"]));
        assert_eq!(apart_from("other", &["ours"]), arns(&[]));
        foreign.note("main", vec![], &arns(&["t-web", "t-ours"]));
        assert_eq!(apart_from("main", &["ours"]), arns(&["t-web"]));
    }
}
