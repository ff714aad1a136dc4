//! Waits, before anything is kept, until the CRDs are installed and have all that this release needs. Needs no right to read CRDs.

use std::time::Duration;

use ecs_crds::fit;
use kube::api::ListParams;
use kube::{Client, Error};
use serde_json::Value;

use crate::k8s::object::Kept;

/// How often is looked for CRDs that are not there yet.
const POLL: Duration = Duration::from_secs(2);
/// The longest that one request may take. The client itself waits for ever, so that an API server that takes a request and
/// does not answer would hold the start up without a word.
const PATIENCE: Duration = Duration::from_secs(10);
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
    let listed = async {
        listed::<ecs_crds::AwsAccount>(client, namespaces).await?;
        listed::<ecs_crds::EcsCluster>(client, namespaces).await?;
        listed::<ecs_crds::EcsTaskDefinition>(client, namespaces).await?;
        listed::<ecs_crds::EcsService>(client, namespaces).await?;
        listed::<ecs_crds::CapacityProvider>(client, namespaces).await
    };
    match listed.await {
        Err((kind, Unread::Refused(Error::Api(status)))) if status.code == 404 => Some(format!(
            "{kind} is not installed; install the chart ecs-operator-crds or apply what `ecs-operator crds` prints"
        )),
        Err((kind, why)) => Some(format!("{kind} cannot be listed: {why}")),
        Ok(()) => misfit(client).await,
    }
}

/// Lists one object of a kind; the kind and why not.
async fn listed<K: Kept>(client: &Client, namespaces: &[String]) -> Result<(), (&'static str, Unread)> {
    let one = ListParams::default().limit(1);
    for (_, api) in K::watched(client, namespaces) {
        let read = in_time(api.list_metadata(&one)).await;
        read.map_err(|why| (K::KIND.as_str(), why))?;
    }
    Ok(())
}

/// Why something was not read.
#[derive(Debug, thiserror::Error)]
pub enum Unread {
    /// The API server refused, or was not reached.
    #[error(transparent)]
    Refused(Error),
    /// It took the request and did not answer.
    #[error("the API server did not answer within {} s", PATIENCE.as_secs())]
    NoAnswer,
}

/// The answer to a request of the start, if there is one in time.
///
/// # Errors
/// See [`Unread`].
pub async fn in_time<T>(request: impl Future<Output = Result<T, Error>>) -> Result<T, Unread> {
    match tokio::time::timeout(PATIENCE, request).await {
        Ok(answer) => answer.map_err(Unread::Refused),
        Err(_) => Err(Unread::NoAnswer),
    }
}

/// What the installed schemas lack. Where nothing is published, or reading it is denied, nobody can say, and that holds nothing up.
async fn misfit(client: &Client) -> Option<String> {
    match in_time(published(client)).await {
        Ok(published) => {
            let lacking = fit::misfits(&published);
            (!lacking.is_empty()).then(|| older(&lacking))
        }
        Err(Unread::Refused(Error::Api(status))) if [403, 404].contains(&status.code) => {
            tracing::info!(
                "the API server publishes no schemas under {}, so whether the CRDs are old cannot be checked",
                fit::published_at()
            );
            None
        }
        Err(why) => Some(format!("their schemas cannot be read: {why}")),
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
        let (client, log) = fake::client(serve);
        let told = missing(&client, &[]).await;
        let last = log.lock().unwrap().last().unwrap().path.clone();
        assert!(last.contains(part), "asked on for {last}");
        told
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

    #[tokio::test(start_paused = true)]
    async fn an_api_server_that_does_not_answer_is_said_so() {
        let cases = [
            (
                "/awsaccounts",
                "AwsAccount cannot be listed: the API server did not answer within 10 s",
            ),
            (
                "/openapi",
                "their schemas cannot be read: the API server did not answer within 10 s",
            ),
        ];
        for (part, words) in cases {
            assert_eq!(told(part, Answer::lost()).await.as_deref(), Some(words));
        }
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
