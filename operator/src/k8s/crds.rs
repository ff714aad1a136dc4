//! Waits, before anything is kept, until the CRDs are installed and have all that this release needs. Needs no right to read CRDs.

use std::time::Duration;

use ecs_crds::fit;
use kube::api::ListParams;
use kube::{Client, Error};
use serde_json::Value;

use crate::k8s::object::Kept;

/// How often is looked for CRDs that are not there yet.
const POLL: Duration = Duration::from_secs(2);
/// How many things that are missing a log line names.
const NAMED: usize = 5;

/// Returns when every kind can be listed in these namespaces, and its published schema fits. Says in the log, whenever that
/// changes, what it waits for.
pub async fn awaited(client: &Client, namespaces: &[String]) {
    let mut said = String::new();
    while let Some(missing) = missing(client, namespaces).await {
        if missing != said {
            tracing::warn!("waiting for the CRDs: {missing}");
            said = missing;
        }
        tokio::time::sleep(POLL).await;
    }
}

/// What is missing; none when all is there.
async fn missing(client: &Client, namespaces: &[String]) -> Option<String> {
    let unlisted = unlisted::<ecs_crds::AwsAccount>(client, namespaces)
        .await
        .or(unlisted::<ecs_crds::EcsCluster>(client, namespaces).await)
        .or(unlisted::<ecs_crds::EcsTaskDefinition>(client, namespaces).await)
        .or(unlisted::<ecs_crds::EcsService>(client, namespaces).await)
        .or(unlisted::<ecs_crds::CapacityProvider>(client, namespaces).await);
    match unlisted {
        Some((kind, Error::Api(status))) if status.code == 404 => Some(format!(
            "{kind} is not installed; install the chart ecs-operator-crds or apply what `ecs-operator crds` prints"
        )),
        Some((kind, error)) => Some(format!("{kind} cannot be listed: {error}")),
        None => misfit(client).await,
    }
}

async fn unlisted<K: Kept>(client: &Client, namespaces: &[String]) -> Option<(&'static str, Error)> {
    for (_, api) in K::watched(client, namespaces) {
        if let Err(error) = api.list_metadata(&ListParams::default().limit(1)).await {
            return Some((K::KIND.as_str(), error));
        }
    }
    None
}

/// What the installed schemas lack. Where nothing is published, or reading it is denied, nobody can say, and that holds nothing up.
async fn misfit(client: &Client) -> Option<String> {
    match published(client).await {
        Ok(published) => {
            let lacking = fit::misfits(&published);
            (!lacking.is_empty()).then(|| older(&lacking))
        }
        Err(Error::Api(status)) if [403, 404].contains(&status.code) => {
            tracing::info!(
                "the API server publishes no schemas under {}, so whether the CRDs are old cannot be checked",
                fit::published_at()
            );
            None
        }
        Err(error) => Some(format!("their schemas cannot be read: {error}")),
    }
}

async fn published(client: &Client) -> Result<Value, Error> {
    let request = http::Request::get(fit::published_at())
        .body(Vec::new())
        .map_err(|error| Error::BuildRequest(kube::core::request::Error::BuildRequest(error)))?;
    client.request(request).await
}

fn older(lacking: &[String]) -> String {
    let more = match lacking.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let named = lacking.iter().take(NAMED).cloned().collect::<Vec<_>>();
    format!(
        "those installed are older than {} needs ({}{more}); upgrade the chart ecs-operator-crds or apply what `ecs-operator crds` prints",
        env!("CARGO_PKG_VERSION"),
        named.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::k8s::fake::{self, Answer};

    fn list() -> Answer {
        Answer::ok(
            json!({"apiVersion": "v1", "kind": "PartialObjectMetadataList", "metadata": {}, "items": []}),
        )
    }

    /// What is said to be missing where requests whose path has this part get another answer than an empty list.
    async fn told(part: &'static str, answer: Answer) -> Option<String> {
        let serve = move |request: &fake::Request| {
            if request.path.contains(part) {
                answer.clone()
            } else {
                list()
            }
        };
        missing(&fake::client(serve).0, &[]).await
    }

    #[tokio::test]
    async fn a_kind_that_is_not_there_is_named_with_what_to_do() {
        let told = told("/ecsservices", Answer::refusal(404, "NotFound"))
            .await
            .unwrap();
        assert!(
            told.starts_with("EcsService is not installed; install the chart ecs-operator-crds"),
            "{told}"
        );
    }

    #[tokio::test]
    async fn schemas_of_an_older_release_are_refused_by_name() {
        let empty = Answer::ok(json!({"components": {"schemas": {}}}));
        let told = told("/openapi", empty).await.unwrap();
        assert!(
            told.contains("older than") && told.contains("AwsAccount: the kind is missing"),
            "{told}"
        );
    }

    #[tokio::test]
    async fn where_nothing_is_published_nothing_is_held_up() {
        assert_eq!(told("/openapi", Answer::refusal(403, "Forbidden")).await, None);
    }
}
