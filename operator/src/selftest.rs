//! `ecs-operator selftest`: the whole way once, from an object to ECS and back, as `helm test` runs it.

use std::time::Duration;

use ecs_crds::EcsTaskDefinition;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::api::{DeleteParams, PostParams};
use kube::{Api, Client};
use serde_json::json;
use tokio::time::Instant;

/// Between two looks at the object.
const LOOK: Duration = Duration::from_secs(1);

/// What is tested, and for how long.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the object is made.
    pub namespace: String,
    /// Its name, and the family's.
    pub name: String,
    /// The `AwsAccount` that it uses.
    pub account: String,
    /// The longest that registering it may take, and deleting it again.
    pub timeout: Duration,
}

/// Why the test failed.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// Kubernetes refused.
    #[error("{doing} EcsTaskDefinition {name}: {source}")]
    Kubernetes {
        /// What was tried.
        doing: &'static str,
        /// The object.
        name: String,
        /// Kubernetes' words.
        source: Box<kube::Error>,
    },
    /// It took too long.
    #[error("EcsTaskDefinition {name} was not {what} within {} s: {said}", timeout.as_secs())]
    TooLong {
        /// The object.
        name: String,
        /// What it did not become.
        what: &'static str,
        /// The time that was given.
        timeout: Duration,
        /// What its conditions said.
        said: String,
    },
    /// It was not made as it should be.
    #[error("the test's own manifest is wrong: {0}")]
    Manifest(#[from] serde_json::Error),
}

/// Makes a task definition, sees it registered, deletes it and sees it go. Gives the ARN that it had. An object that a run
/// before left, because it was interrupted, goes first.
///
/// # Errors
/// See [`Failed`].
pub async fn run(client: Client, settings: &Settings) -> Result<String, Failed> {
    let objects: Api<EcsTaskDefinition> = Api::namespaced(client, &settings.namespace);
    let kubernetes = |doing| {
        let name = settings.name.clone();
        move |source| Failed::Kubernetes {
            doing,
            name,
            source: Box::new(source),
        }
    };
    let definition = definition(settings)?;
    let create = async || objects.create(&PostParams::default(), &definition).await;
    match create().await {
        Err(kube::Error::Api(refusal)) if refusal.is_already_exists() => {
            delete(&objects, settings)
                .await
                .map_err(kubernetes("cannot delete"))?;
            until_gone(&objects, settings).await?;
            create().await
        }
        created => created,
    }
    .map_err(kubernetes("cannot create"))?;
    let registered = until_registered(&objects, settings).await;
    delete(&objects, settings)
        .await
        .map_err(kubernetes("cannot delete"))?;
    let arn = registered?;
    until_gone(&objects, settings).await?;
    Ok(arn)
}

/// Deletes the object; one that is gone already is no error.
async fn delete(objects: &Api<EcsTaskDefinition>, settings: &Settings) -> kube::Result<()> {
    match objects.delete(&settings.name, &DeleteParams::default()).await {
        Err(kube::Error::Api(refusal)) if refusal.is_not_found() => Ok(()),
        deleted => deleted.map(drop),
    }
}

fn definition(settings: &Settings) -> Result<EcsTaskDefinition, serde_json::Error> {
    serde_json::from_value(json!({
        "apiVersion": format!("{}/{}", ecs_crds::GROUP, ecs_crds::VERSION),
        "kind": "EcsTaskDefinition",
        "metadata": {"name": settings.name, "namespace": settings.namespace},
        "spec": {
            "cpu": "256", "memory": "512", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"],
            "containerDefinitions": [{"name": "main", "image": "public.ecr.aws/docker/library/busybox:stable", "essential": true}],
            "management": {"accountRef": {"name": settings.account}},
        },
    }))
}

async fn until_registered(objects: &Api<EcsTaskDefinition>, settings: &Settings) -> Result<String, Failed> {
    until(objects, settings, "registered", |object| {
        let status = object.and_then(|object| object.status).unwrap_or_default();
        let ready = status
            .common
            .conditions
            .iter()
            .find(|condition| condition.type_ == "Ready");
        match (ready, status.common.arn) {
            (Some(ready), Some(arn)) if ready.status == "True" => Ok(arn),
            (Some(ready), _) => Err(words(ready)),
            (None, _) => Err("the operator has not looked at it".to_owned()),
        }
    })
    .await
}

async fn until_gone(objects: &Api<EcsTaskDefinition>, settings: &Settings) -> Result<(), Failed> {
    until(objects, settings, "gone", |object| match object {
        None => Ok(()),
        Some(object) => {
            let conditions = object.status.unwrap_or_default().common.conditions;
            Err(conditions.iter().map(words).collect::<Vec<_>>().join("; "))
        }
    })
    .await
}

/// Looks at the object until `seen` is content, or its time is over; `seen` says why it is not.
async fn until<T>(
    objects: &Api<EcsTaskDefinition>,
    settings: &Settings,
    what: &'static str,
    seen: impl Fn(Option<EcsTaskDefinition>) -> Result<T, String>,
) -> Result<T, Failed> {
    let until = Instant::now() + settings.timeout;
    let mut said = String::new();
    while Instant::now() < until {
        let read = objects.get_opt(&settings.name).await;
        match read.map_err(|error| error.to_string()).and_then(&seen) {
            Ok(found) => return Ok(found),
            Err(why) => said = why,
        }
        tokio::time::sleep(LOOK).await;
    }
    Err(Failed::TooLong {
        name: settings.name.clone(),
        what,
        timeout: settings.timeout,
        said,
    })
}

fn words(condition: &Condition) -> String {
    format!(
        "{}={} {}: {}",
        condition.type_, condition.status, condition.reason, condition.message
    )
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::k8s::fake::{self, Answer};

    fn settings() -> Settings {
        Settings {
            namespace: "ops".into(),
            name: "selftest".into(),
            account: "default".into(),
            timeout: Duration::from_secs(5),
        }
    }

    fn object(ready: &str) -> Answer {
        let mut object = serde_json::to_value(definition(&settings()).unwrap()).unwrap();
        object["status"] = json!({"observedGeneration": 1, "arn": "arn:selftest:1", "conditions": [
            {"type": "Ready", "status": ready, "reason": "NotAuthorized", "message": "not yours", "lastTransitionTime": "2026-01-01T00:00:00Z"}]});
        Answer::ok(object)
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_registered_and_goes_again_passes() {
        let looks = AtomicUsize::new(0);
        let (client, log) = fake::client(move |request| match request.method.as_str() {
            "GET" => match looks.fetch_add(1, Ordering::Relaxed) {
                0 => object("False"),
                1 | 2 => object("True"),
                _ => Answer::refusal(404, "NotFound"),
            },
            _ => object("Unknown"),
        });
        assert_eq!(run(client, &settings()).await.unwrap(), "arn:selftest:1");
        let methods = fake::methods(&log);
        assert_eq!(methods, ["POST", "GET", "GET", "DELETE", "GET", "GET"]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_an_interrupted_run_left_goes_first() {
        let (posts, looks) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let (client, log) = fake::client(move |request| match request.method.as_str() {
            "POST" if posts.fetch_add(1, Ordering::Relaxed) == 0 => Answer::refusal(409, "AlreadyExists"),
            "GET" => match looks.fetch_add(1, Ordering::Relaxed) {
                0 | 2 => object("True"),
                _ => Answer::refusal(404, "NotFound"),
            },
            _ => object("Unknown"),
        });
        assert_eq!(run(client, &settings()).await.unwrap(), "arn:selftest:1");
        let methods = fake::methods(&log);
        assert_eq!(
            methods,
            ["POST", "DELETE", "GET", "GET", "POST", "GET", "DELETE", "GET"]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_says_what_the_conditions_say_and_leaves_nothing() {
        let (client, log) = fake::client(|_| object("False"));
        let told = run(client, &settings()).await.unwrap_err().to_string();
        assert_eq!(
            told,
            "EcsTaskDefinition selftest was not registered within 5 s: Ready=False NotAuthorized: not yours"
        );
        assert_eq!(log.lock().unwrap().last().unwrap().method, "DELETE");
    }
}
